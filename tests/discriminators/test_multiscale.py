from functools import partial
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from vsr.discriminators import Judgement, MultiScale, PatchDiscriminator2d
from vsr.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs" / "discriminator"


class Echo(nn.Module):
    """Judges by handing back what it was given."""

    def forward(self, x):
        return Judgement(x, [])


def test_frames_are_read_one_by_one_and_clips_with_time_as_third_axis():
    video = torch.rand(2, 3, 3, 8, 8)
    (frames,) = MultiScale(Echo, scales=1, reads="frames")(video)
    (clips,) = MultiScale(Echo, scales=1, reads="clip")(video)
    assert torch.equal(frames.logits[4], video[1, 1])
    assert torch.equal(clips.logits[1, :, 1], video[1, 1])


@pytest.mark.parametrize("reads", ["frames", "clip"])
def test_each_scale_sees_half_of_the_one_before(reads):
    sizes = [j.logits.shape[-2:] for j in MultiScale(Echo, scales=3, reads=reads)(torch.rand(1, 2, 3, 32, 48))]
    assert sizes == [(32, 48), (16, 24), (8, 12)]


def test_the_border_of_the_pyramid_is_not_darkened():
    judgements = MultiScale(Echo, scales=3)(torch.full((1, 1, 3, 16, 16), 0.7))
    for judgement in judgements:
        torch.testing.assert_close(judgement.logits, torch.full_like(judgement.logits, 0.7))


def test_a_pyramid_pixel_is_the_mean_of_nine():
    video = torch.rand(1, 1, 3, 16, 16)
    half = MultiScale(Echo, scales=2)(video)[1].logits
    torch.testing.assert_close(half[0, :, 3, 5], video[0, 0, :, 5:8, 9:12].mean((1, 2)))


def test_each_scale_has_weights_of_its_own():
    judge = MultiScale(partial(PatchDiscriminator2d, channels=4, layers=1), scales=2)
    judge(torch.rand(1, 1, 3, 32, 32))[1].logits.sum().backward()
    has_gradient = [any(p.grad is not None for p in d.parameters()) for d in judge.discriminators]
    assert has_gradient == [False, True]


def test_unknown_way_of_reading_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'clip'"):
        MultiScale(Echo, reads="clips")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_judge_a_clip(path):
    discriminators = instantiate(OmegaConf.load(path))
    assert set(discriminators) == {"spatial", "temporal"}
    video = torch.rand(1, 2, 3, 64, 64)
    for discriminator in discriminators.values():
        with torch.no_grad():
            judgements = discriminator(video)
        assert len(judgements) == 2
        assert all(j.logits.isfinite().all() and j.logits.std() > 0 for j in judgements)
