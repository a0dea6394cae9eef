"""What the training command answers to mistakes; that it does so as a command, test_processes.py shows."""

import pytest

from tests.conftest import TINY
from train import main

WITHOUT_NETWORKS = [
    f"loss.{term}.weight=0"
    for term in ("perceptual", "style", "adversarial", "warping", "temporal_feature", "video_perceptual")
]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trainer.max_stps=5"], "is not a key of the configuration. Did you mean 'trainer.max_steps'?"),
        (["loss=perceptual", "loss.perceptual.weight={value: 1, strt: 2}"], "weight.strt is not a key"),
        (["loss=perceptul"], "loss=perceptul is not known. Did you mean 'perceptual'?"),
        (["los=pixel"], "los is not a key of the configuration. Did you mean 'loss'?"),
        (["loss.pixel.distance=l3"], "loss.pixel.distance='l3' is not known. Did you mean 'l1'?"),
        (["trainer.max_steps=many"], "trainer.max_steps='many': expected a number"),
        (["trainer.max_steps=1e1"], "trainer.max_steps=10.0: expected a whole number"),
        (["trainer.precision=half"], "Precision 'half' is invalid"),
        (["optimizer.generator.lr=-1"], "optimizer.generator: Invalid learning rate: -1"),
        (["seed=-1"], "seed=-1: expected a number from 0"),
        (["loss.pixel.weight=-1"], "loss.pixel.weight: value must be a number of at least 0"),
        (["data=video_folder"], "Set data.root=FOLDER"),
        (["data=video_folder", "data.root=nowhere"], "nowhere"),
        (["init_from=nowhere.ckpt"], "nowhere.ckpt: no such file, run or asset"),
        (["+generator.width=3"], "unexpected keyword argument 'width'"),
        (["output_dir=/proc/nowhere"], "/proc/nowhere"),
        (
            ["loss=full", "loss.kl.weight=1", *WITHOUT_NETWORKS],
            "loss.kl needs a generator with a latent, and BasicVSR is not one",
        ),
        (["resume=nowhere.ckpt"], "nowhere.ckpt: no such checkpoint"),
    ],
)
def test_what_a_user_can_mend_is_said_in_one_line(outcome, tmp_path, arguments, message):
    tiny = [] if arguments[0].startswith("data=") else TINY
    line = outcome(*tiny, *arguments, task=main, defaults=())
    assert line.startswith("error: ") and message in line
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
