import numpy as np
import pytest
import torch

from vsr.data import EvaluationClips
from vsr.data.broken import BrokenFileError
from vsr.data.paired import Paired
from vsr.data.sets.synthetic import SyntheticScenes
from vsr.errors import UserError


class NumberedClip:
    """Frame t is filled with t; columns and rows are marked in the other channels."""

    def __init__(self, name, length=6, size=(10, 15)):
        self.name, self.length, self.size, self.cuts = name, length, size, ()

    def read(self, indices, window=None):
        frames = np.zeros((len(indices), *self.size, 3), np.uint8)
        frames[..., 0] = np.array(list(indices))[:, None, None]
        frames[..., 1], frames[..., 2] = np.mgrid[: self.size[0], : self.size[1]]
        return frames if window is None else window.of(frames)


def test_whole_clips_in_order_cut_to_a_multiple_of_scale():
    data = EvaluationClips([NumberedClip("a"), NumberedClip("b", 3)], scale=4, min_size=1)
    assert len(data) == 2
    item = data[0]
    assert item["name"] == "a"
    assert "lr" not in item
    assert item["hr"].shape == (6, 3, 8, 12)
    assert item["hr"].dtype == torch.uint8
    assert item["hr"][:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert item["hr"][0, 1:, 0, 0].tolist() == [0, 0]  # cut at the right and bottom
    assert data[1]["hr"].shape[0] == 3


def test_limits():
    data = EvaluationClips([NumberedClip("a"), NumberedClip("b")], 1, max_frames=3, max_clips=1, min_size=1)
    assert len(data) == 1
    assert data[0]["hr"][:, 0, 0, 0].tolist() == [0, 1, 2]
    assert EvaluationClips([NumberedClip("a")], 1, max_frames=99, min_size=1)[0]["hr"].shape[0] == 6


def test_lr_of_a_clip_that_brings_it_covers_the_same_frames():
    hr, lr = NumberedClip("a"), NumberedClip("a", size=(2, 3))
    data = EvaluationClips(Paired([hr], [lr], 4), 4, max_frames=2, min_size=1)
    assert data.brings_lr
    assert data[0]["lr"].shape == (2, 3, 2, 3)
    assert data[0]["lr"][:, 0, 0, 0].tolist() == [0, 1]


def test_unusable_clips_are_refused():
    with pytest.raises(UserError, match=r"no clips to evaluate"):
        EvaluationClips([], 4)
    with pytest.raises(UserError, match=r"'a' is 63x90, .* scale=4: each side must be at least 64 px"):
        EvaluationClips([NumberedClip("a", size=(90, 63))], 4)
    assert len(EvaluationClips([NumberedClip("a", size=(90, 64))], 4)) == 1


@pytest.mark.parametrize("limit", ["max_frames", "max_clips"])
@pytest.mark.parametrize("most", [0, -1])
def test_a_limit_that_leaves_nothing_is_refused(limit, most):
    with pytest.raises(UserError, match=f"data.max_val_.*={most} must be at least 1, or null for all"):
        EvaluationClips(SyntheticScenes(clips=2, frames=3, size=64, seed=0), scale=4, **{limit: most})


def test_which_frames_count_and_whether_the_clip_is_mirrored_is_told():
    item = EvaluationClips([NumberedClip("a", 7)], 1, min_size=1, scored=[3], mirror=True)[0]
    assert item["scored"] == [3] and item["mirrored"] is True
    assert not {"scored", "mirrored"} & EvaluationClips([NumberedClip("a")], 1, min_size=1)[0].keys()
    with pytest.raises(UserError, match=r"Of clip 'a' 3 frames are read, and frame 3 is to be scored"):
        EvaluationClips([NumberedClip("a")], 1, max_frames=3, min_size=1, scored=[3])


def test_a_clip_that_is_gone_says_so_in_place_of_frames():
    clip = NumberedClip("a")
    data = EvaluationClips([clip], 1, min_size=1)

    def gone(*_):
        raise BrokenFileError("a.mp4 is gone", "a.mp4")

    clip.read = gone
    assert data[0] == {"name": "a", "broken": [("a.mp4", "a.mp4 is gone")]}
