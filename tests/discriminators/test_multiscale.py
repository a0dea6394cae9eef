from functools import partial

import pytest
import torch
from torch import nn

from vsr.discriminators import Context, Judgement, MultiScale, PatchDiscriminator2d, PatchDiscriminator3d
from vsr.errors import UserError
from vsr.motion.shared import SharedMotion


class Echo(nn.Module):
    """Judges by handing back what it was given."""

    smallest = 1

    def __init__(self, in_channels):
        super().__init__()

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


@pytest.mark.parametrize("scales", [1, 3])
def test_lr_is_shown_beside_the_video_at_its_size_on_every_scale(scales):
    # Bilinear interpolation of a linear ramp is that ramp, but near the border, where the ramp ends.
    ramp = torch.linspace(0, 1, 64).expand(1, 2, 3, 48, 64)
    lr = ramp.unflatten(-1, (16, 4)).mean(-1)[..., ::4, :]
    context = Context(lr, SharedMotion(ramp))
    alone = MultiScale(Echo, scales)(ramp)
    judgements = MultiScale(Echo, scales, condition="lr")(torch.zeros_like(ramp), context)
    for scale, (judgement, plain) in enumerate(zip(judgements, alone, strict=True)):
        inner = slice(12 >> scale, -12 >> scale)
        video, condition = judgement.logits.chunk(2, dim=1)
        assert torch.equal(video, torch.zeros_like(video))
        torch.testing.assert_close(condition[..., inner], plain.logits[..., inner], rtol=0, atol=1e-5)


def test_a_condition_changes_the_verdict():
    torch.manual_seed(0)
    critic = MultiScale(partial(PatchDiscriminator2d, channels=4, layers=1), 1, condition="lr").eval()
    video, motion = torch.rand(1, 1, 3, 16, 16), SharedMotion(torch.rand(1, 1, 3, 16, 16))
    dark, light = (critic(video, Context(torch.full((1, 1, 3, 4, 4), grey), motion))[0].logits for grey in (0.1, 0.9))
    assert (dark - light).abs().max() > 1e-2


@pytest.mark.parametrize("needs", [{"condition": "lr"}, {"compensate": lambda clips, known: known}])
def test_a_missing_context_is_noticed(needs):
    with pytest.raises(ValueError, match="needs the context"):
        MultiScale(Echo, **needs)(torch.rand(1, 2, 3, 8, 8))


@pytest.mark.parametrize(
    ("discriminator", "reads"), [(PatchDiscriminator2d, "frames"), (PatchDiscriminator3d, "clip")]
)
def test_judging_a_pair_is_judging_each(discriminator, reads):
    torch.manual_seed(0)
    critic = MultiScale(partial(discriminator, channels=4, layers=1), 2, reads, "lr").eval()
    real, fake = torch.rand(2, 2, 3, 3, 16, 20)
    context = Context(torch.rand(2, 3, 3, 4, 5), SharedMotion(real))
    both = critic.judge_pair(real, fake, context)
    for judgements, video in zip(both, (real, fake), strict=True):
        for together, alone in zip(judgements, critic(video, context), strict=True):
            torch.testing.assert_close(together.logits, alone.logits)
            for features in zip(together.features, alone.features, strict=True):
                torch.testing.assert_close(*features)


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_frame_is_judged_on_every_scale_and_one_pixel_less_is_refused(scales):
    critic = MultiScale(partial(PatchDiscriminator2d, channels=2, layers=2), scales)
    side = critic.smallest
    assert all(j.logits.isfinite().all() for j in critic(torch.rand(1, 1, 3, side, side)))
    message = rf"Scale {scales} of {scales} .* at least {side}x{side} px, got {side - 1}x{side}: .*data\.crop"
    with pytest.raises(UserError, match=message):
        critic(torch.rand(1, 1, 3, side - 1, side))


def test_unknown_condition_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'lr'"):
        MultiScale(Echo, condition="lrs")
