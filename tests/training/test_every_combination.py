"""Every shipped generator trains with every shipped discriminator under every shipped loss stack."""

from itertools import product

import lightning as L
import pytest
import torch
from hydra.errors import InstantiationException
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

from tests.conftest import REPOSITORY
from vsr.errors import UserError
from vsr.losses import Schedule
from vsr.training.build import build_module

STEPS = 2


def names(group):
    return sorted(path.stem for path in (REPOSITORY / "configs" / group).glob("*.yaml"))


# Without an adversarial term no discriminator is built, so one of them stands for all.
ADVERSARIAL = ("full", "perceptual_adv", "stochastic")
PAIRS = [(d, loss) for loss in names("loss") for d in names("discriminator")[: None if loss in ADVERSARIAL else 1]]
COMBINATIONS = list(product(names("generator"), PAIRS))
NARROW = {"channels": 4, "head_channels": 4, "blocks": 1, "deform_groups": 4, "weights": "random"}


def narrowed(node):
    """``node`` with every network as narrow as it may be and no weights to be fetched."""
    if not isinstance(node, dict):
        return node
    return {k: NARROW[k] if k in NARROW and not isinstance(v, dict) else narrowed(v) for k, v in node.items()}


def at_once(node):
    """A loss term's node whose weight is on from the first step; a term that is off stays off."""
    weight = Schedule.parse("", node["weight"]).value
    return {**node, "weight": weight}


def clips(scale, T):
    """Batches of two clips, of an odd LR width and height."""
    h, w = {2: (27, 29), 3: (19, 17), 4: (17, 19)}[scale]
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(STEPS, 2, T, 3, 6, 6, generator=random)
    smooth = torch.nn.functional.interpolate(coarse.flatten(0, 2), (scale * h, scale * w), mode="bicubic")
    return [
        {"hr": batch, "key": torch.zeros(len(batch), 2, dtype=torch.int64)}
        for batch in (smooth.clamp(0, 1) * 255).byte().unflatten(0, coarse.shape[:3])
    ]


def train(cfg, batches):
    config = OmegaConf.to_container(cfg, resolve=True)
    for group in ("generator", "discriminator", "loss"):
        config[group] = narrowed(config[group])
    config["loss"] = {name: at_once(node) for name, node in config["loss"].items()}
    module, _ = build_module(config)
    flow = {id(parameter) for parameter in module.generator.flow_parameters()}  # frozen at first
    unused = () if module.losses.needs_latent else ("posterior.",)
    named = module.generator.named_parameters()
    own = [parameter for name, parameter in named if id(parameter) not in flow and not name.startswith(unused)]
    before = [parameter.detach().clone() for parameter in own]
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(batches, batch_size=None))
    moved = [bool((a != b).any()) for a, b in zip(before, own, strict=True)]
    return module, sum(moved) / len(moved)


@pytest.mark.parametrize(
    ("generator", "discriminator", "loss", "scale", "T"),
    [(g, d, loss, (2, 4)[i % 2], (1, 2, 5)[i % 3]) for i, (g, (d, loss)) in enumerate(COMBINATIONS)],
)
def test_two_steps(compose, generator, discriminator, loss, scale, T):
    cfg = compose(f"generator={generator}", f"discriminator={discriminator}", f"loss={loss}", f"scale={scale}")
    if loss == "stochastic" and generator != "stochastic":
        with pytest.raises(UserError, match=r"loss\.kl needs a generator with a latent"):
            train(cfg, clips(scale, T))
        return
    module, moved = train(cfg, clips(scale, T))
    assert module.generator_steps == STEPS
    assert moved > (0.7 if T > 1 else 0.3)  # a single frame has no neighbour to find the motion of


@pytest.mark.parametrize(("generator", "scale", "T"), product(names("generator"), (2, 3, 4), (1, 2, 5)))
def test_two_steps_at_every_scale_and_length(compose, generator, scale, T):
    module, moved = train(compose(f"generator={generator}", "loss=pixel", f"scale={scale}"), clips(scale, T))
    assert module.generator.scale == scale
    assert moved > (0.9 if T > 1 else 0.3)


@pytest.mark.parametrize("generator", names("generator"))
def test_a_scale_that_is_not_built_and_a_crop_too_small_are_refused_in_one_line(compose, generator):
    for key, message in (
        ("scale=5", "scale=5 is not built. Valid: 2, 3, 4"),
        ("data.crop=32", "data.crop=32 is too small for generator .* 64"),
    ):
        with pytest.raises((UserError, InstantiationException), match=message) as refused:
            train(compose(f"generator={generator}", "loss=pixel", key), [])
        assert isinstance(refused.value, UserError) or isinstance(refused.value.__cause__, UserError)
