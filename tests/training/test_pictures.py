"""Pictures of each validation, on disk and in TensorBoard."""

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import TINY
from vsr.errors import UserError
from vsr.training import Pictures
from vsr.training.pictures import keep_picture
from vsr.training.run import train


def test_each_validation_leaves_its_picture_and_tensorboard_shows_it(compose, tmp_path):
    train(compose(*TINY, "trainer.val_every=2", "logger=tensorboard", "optimizer.ema_decay=null"))
    media = tmp_path / "run" / "media"
    history = sorted((media / "history").iterdir())
    assert [path.name for path in history] == ["scene_0000_step_0000002.png", "scene_0000_step_0000004.png"]
    assert history[1].read_bytes() == (media / "scene_0000.png").read_bytes() != history[0].read_bytes()

    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"), size_guidance={"images": 0})
    events.Reload()
    pictures, clips = events.Images("val/picture"), events.Images("val/clip")
    assert [event.step for event in pictures] == [event.step for event in clips] == [2, 4]
    assert (pictures[0].width, pictures[0].height) == Image.open(history[0]).size
    assert clips[0].encoded_image_string.startswith(b"GIF89a")


def test_only_so_many_pictures_are_kept_and_other_clips_left_alone(tmp_path):
    folder = tmp_path / "history"
    for step in (8, 9, 10):
        Image.fromarray(np.full((4, 4, 3), step, np.uint8)).save(tmp_path / "clip.png")
        keep_picture(tmp_path / "clip.png", folder, step, most=2)
    keep_picture(tmp_path / "clip.png", folder / "..", 1, most=1)
    assert sorted(path.name for path in folder.iterdir()) == ["clip_step_0000009.png", "clip_step_0000010.png"]
    assert np.asarray(Image.open(folder / "clip_step_0000009.png"))[0, 0, 0] == 9


def test_keeping_none_is_refused():
    with pytest.raises(UserError, match="must be at least 1"):
        Pictures(keep=0)
