"""The preview shows what training and evaluation see."""

import io

import av
import cv2
import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rich.console import Console

from vsr.data.augmentation import Augmentation
from vsr.data.clip import Window
from vsr.data.clip_sampler import ClipDraw
from vsr.errors import UserError
from vsr.inference.contact_sheet import SeenClip, contact_sheet, video_frames
from vsr.inference.evaluator import Evaluator
from vsr.inference.preview import _about, _table, preview
from vsr.metrics import ClipScorer
from vsr.training.scene import Scene

SMALL = ["data=synthetic", "data.train.clips=3", "data.train.size=80", "data.val.size=64", "data.crop=64", "seed=7"]
NOISY = ["degradation=camera", "degradation.compression=null"]
CODED = ["degradation=camera"]


@pytest.mark.parametrize("degradation", [NOISY, CODED], ids=["on the device", "in the workers"])
def test_items_are_those_that_training_sees(compose, degradation):
    cfg = compose(*SMALL, *degradation, "clips=4", name="preview")
    seen = preview(cfg)

    config = OmegaConf.to_container(compose(*SMALL, *degradation, "data.batch_size=2"), resolve=True)
    data, degrade = instantiate(config["data"]), instantiate(config["degradation"])
    data.degradation = degrade if degrade.runs_in_workers else None
    data.batches = 2
    scenes = [Scene.of_batch(batch, degrade) for batch in data.train_dataloader()]
    assert len(seen) == 4
    for number, clip in enumerate(seen):
        scene = scenes[number // 2]
        assert torch.equal(clip.hr, scene.hr[number % 2])
        assert torch.equal(clip.lr, scene.lr[number % 2])
    assert not torch.equal(scenes[0].lr[0], degrade(scenes[0].hr[:1])[0])  # there was something to draw alike


def test_clips_for_evaluation_only_are_those_that_are_scored(compose):
    seen = preview(compose(*SMALL, *NOISY, "data.train=null", "clips=5", name="preview"))
    assert [clip.name for clip in seen] == ["scene_0000", "scene_0001"]

    inputs = []

    def generator(lr):
        inputs.append(lr[0])
        return lr.repeat_interleave(4, -1).repeat_interleave(4, -2)

    config = OmegaConf.to_container(compose(*SMALL, *NOISY), resolve=True)
    evaluator = Evaluator(instantiate(config["degradation"]), ClipScorer(["mse"]), scale=4, seed=7)
    for clip in instantiate(config["data"]).val_dataloader():
        evaluator({"SR": generator}, clip)
    for clip, lr in zip(seen, inputs, strict=True):
        assert torch.equal(clip.lr, lr)


def test_files_can_be_opened_and_hold_every_frame(compose, tmp_path):
    preview(compose(*SMALL, "data.frames=3", "clips=2", name="preview"))
    with av.open(str(tmp_path / "run" / "preview.mp4")) as video:
        assert len(list(video.decode(video=0))) == 6
    with av.open(str(tmp_path / "run" / "preview.png")) as picture:
        assert picture.streams.video[0].width == 6 * 256


def clip(frames, side, scale=2):
    generator = torch.Generator().manual_seed(side)
    hr = torch.randint(256, (frames, 3, side, side), generator=generator) / 255
    return SeenClip(f"clip{side}", "all", hr[..., ::scale, ::scale], hr)


def test_every_pixel_of_lr_and_hr_is_a_square_of_the_sheet():
    one = clip(frames=5, side=128)
    sheet = np.asarray(contact_sheet([one]))[-256:]
    for column, frame in enumerate((0, 2, 4)):
        lr, hr = (sheet[:, 256 * panel : 256 * (panel + 1)] for panel in (2 * column, 2 * column + 1))
        expected = (one.lr[frame] * 255).round().byte().permute(1, 2, 0).numpy()
        assert np.array_equal(lr, np.kron(expected, np.ones((4, 4, 1), np.uint8)))
        expected = (one.hr[frame] * 255).round().byte().permute(1, 2, 0).numpy()
        assert np.array_equal(hr, np.kron(expected, np.ones((2, 2, 1), np.uint8)))


def test_large_pictures_are_cut_in_the_sheet_and_whole_in_the_video():
    large, small = clip(frames=2, side=640), clip(frames=1, side=256)
    sheet = contact_sheet([large, small])
    assert sheet.width == 4 * 512
    frames = video_frames([large, small])
    assert len(frames) == 3
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert frames[0].shape[1] == 2 * 640
    whole = (large.hr[1] * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(frames[1][-640:, 640:], whole)


def test_an_item_is_described_by_its_draw():
    window = Window(8, 4, 64, 64)
    every_other = ClipDraw(0, (3, 5, 7), (window,), Augmentation(mirror_x=True, reverse=True))
    assert _about(every_other) == "frames 3-7 in steps of 2, at (4, 8), mirrored, backwards"
    still = ClipDraw(0, (9, 9), (window, Window(8, 5, 64, 64)), Augmentation())
    assert _about(still) == "frame 9 under a moving window, at (4, 8)"
    assert _about(ClipDraw(0, (6,), (window,), Augmentation())) == "frame 6, at (4, 8)"


def test_no_item_at_all_is_refused(compose):
    with pytest.raises(UserError, match="clips=0 is too low"):
        preview(compose(*SMALL, "clips=0", name="preview"))


def test_a_misspelt_key_is_answered_with_the_nearest(outcome):
    line = outcome("degradation.varient=duf", "degradation=blur_subsample", name="preview", task=preview)
    assert "Did you mean 'degradation.variant'" in line


def test_it_says_what_trains_and_validates_and_who_made_the_lr(compose, caplog, capsys):
    caplog.set_level("INFO")
    preview(compose(*SMALL, "data.frames=40", "data.max_val_clips=1", "clips=1", name="preview"))
    assert "trains on 3 clips, 3 shots, validates on scene_0000" in caplog.text
    assert "3 shots are shorter than data.frames=40: seen as wandering stills" in caplog.text
    assert "LR by bicubic" in capsys.readouterr().out


def test_lr_that_is_given_is_called_so(compose, capsys, tmp_path):
    for folder, side in (("GT", 64), ("BIx4", 16)):
        (tmp_path / folder / "city").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / "city" / "0.png"), np.zeros((side, side, 3), np.uint8))
    preview(compose("data=vid4", f"data.root={tmp_path}", name="preview"))
    said = capsys.readouterr().out
    assert "vid4, given LR" in said and "bicubic" not in said


def test_long_names_of_clips_are_shown_whole():
    name = "a/very/long/path/of/a/clip/" * 4 + "shot_000123"
    console = Console(width=80, file=io.StringIO())
    console.print(_table([SeenClip(name, "frames 0-14, at (0, 0), mirrored", *[torch.zeros(1, 3, 8, 8)] * 2)], "x"))
    column = [line.split("│")[1].strip() for line in console.file.getvalue().splitlines() if line.startswith("│")]
    assert "".join(column) == name
