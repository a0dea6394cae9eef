import pytest
import torch

from vsr.data.sets.synthetic import SyntheticScenes
from vsr.discriminators import Context, Judgement, MultiScale
from vsr.discriminators.compensation import compensated_triplets
from vsr.motion import Motion, exact
from vsr.motion.shared import SharedMotion


class Echo(torch.nn.Module):
    """Judges by handing back what it was given."""

    smallest = 1

    def __init__(self, in_channels):
        super().__init__()
        self.in_channels = in_channels

    def forward(self, x):
        return Judgement(x, [])


def scene(frames=4, size=40, seed=3):
    """A clip of moving, occluding layers and its exact motion."""
    clip = SyntheticScenes(1, frames, size, seed=seed, speed=2.0)[0]
    video = torch.from_numpy(clip.read(range(frames))).permute(0, 3, 1, 2)[None].float() / 255
    return video, Motion(*(torch.from_numpy(field)[None] for field in clip.motion(range(frames))))


def pan(step):
    """A texture that moves by (1, step) px a frame, two frames, and what is known of it."""
    picture = torch.rand(3, 20, 24)
    video = torch.stack((picture[:, 4:16, 4:16], picture[:, 4 - step : 16 - step, 3:15]))[None]
    flow = torch.tensor([1.0, step])[:, None, None].expand(1, 1, 2, 12, 12)
    hidden = torch.zeros(1, 1, 1, 12, 12, dtype=torch.bool)
    out_next, out_previous = hidden.clone(), hidden.clone()
    out_next[..., -1], out_next[..., -step:, :] = True, True
    out_previous[..., 0], out_previous[..., :step, :] = True, True
    return video, Motion(flow, -flow, out_next, out_previous)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_a_panning_clip_stands_still_up_to_the_border():
    video, motion = pan(step=2)
    triplets = compensated_triplets(video, motion)
    assert triplets.shape == (1, 2, 3, 3, 12, 12)
    for neighbour in (0, 2):
        torch.testing.assert_close(triplets[:, :, neighbour], video, rtol=0, atol=1e-5)


def test_moving_scenes_hold_still_where_their_surface_is_seen_twice():
    video, motion = scene()
    triplets = compensated_triplets(video, motion)
    change = (triplets[:, :, ::2] - video[:, :, None]).abs()
    unaligned = (video[:, 1:] - video[:, :-1]).abs()
    assert change.median() < 0.15 * unaligned.median()


def test_what_a_neighbour_does_not_show_is_the_frame_s_own():
    video, motion = scene()
    triplets = compensated_triplets(video, motion)
    previous, following = triplets[:, :, 0], triplets[:, :, 2]
    assert motion.occluded_in_previous.any() and motion.occluded_in_next.any()
    hidden = motion.occluded_in_previous.expand(-1, -1, 3, -1, -1)
    assert torch.equal(previous[:, 1:][hidden], video[:, 1:][hidden])
    hidden = motion.occluded_in_next.expand(-1, -1, 3, -1, -1)
    assert torch.equal(following[:, :-1][hidden], video[:, :-1][hidden])
    assert torch.equal(previous[:, 0], video[:, 0]) and torch.equal(following[:, -1], video[:, -1])


def test_frames_become_channels_or_clips_of_three():
    video, motion = scene()
    context = Context(video[..., ::4, ::4], SharedMotion(video, motion))
    triplets = compensated_triplets(video, motion)
    (frames,) = MultiScale(Echo, scales=1, compensate=exact())(video, context)
    (clips,) = MultiScale(Echo, scales=1, compensate=exact(), reads="clip")(video, context)
    for t in range(video.shape[1]):
        assert torch.equal(frames.logits[t], triplets[0, t].flatten(0, 1))
        assert torch.equal(clips.logits[t], triplets[0, t].transpose(0, 1))


@pytest.mark.parametrize(("reads", "condition", "channels"), [("frames", "lr", 18), ("clip", "lr", 6)])
def test_discriminators_are_built_for_the_channels_they_are_shown(reads, condition, channels):
    video, motion = scene()
    critic = MultiScale(Echo, 2, reads, condition, compensate=exact())
    judgements = critic(video, Context(video[..., ::4, ::4], SharedMotion(video, motion)))
    for discriminator, judgement in zip(critic.discriminators, judgements, strict=True):
        assert discriminator.in_channels == judgement.logits.shape[1] == channels


def test_fakes_are_moved_by_the_motion_of_the_original():
    hr, motion = scene()
    sr = torch.rand_like(hr)
    critic = MultiScale(Echo, 1, compensate=exact())
    (judged,) = critic(sr, Context(hr, SharedMotion(hr, motion)))
    assert torch.equal(judged.logits, compensated_triplets(sr, motion).flatten(0, 1).flatten(1, 2))


def test_one_frame_is_its_own_neighbour_and_asks_for_no_motion():
    video = torch.rand(2, 1, 3, 8, 8)
    (judged,) = MultiScale(Echo, scales=1, compensate=exact())(video)
    assert torch.equal(judged.logits, torch.cat((video, video, video), dim=2)[:, 0])


def test_gradients_and_their_gradients_pass_through_the_warping():
    _, motion = scene(frames=2, size=6)
    video = torch.rand(1, 2, 2, 6, 6, dtype=torch.float64)
    once = compensated_triplets(video.float().requires_grad_(), motion).square().sum()
    assert "Warp" in str(_nodes(once.grad_fn)) and "GridSampler" not in str(_nodes(once.grad_fn))
    x, y = video.float().requires_grad_(), video.float()
    direction = torch.randn_like(y)
    (gradient,) = torch.autograd.grad(compensated_triplets(x, motion).pow(3).sum(), x, create_graph=True)
    slope = (compensated_triplets(y + 1e-2 * direction, motion).pow(3).double().sum()) - (
        compensated_triplets(y - 1e-2 * direction, motion).pow(3).double().sum()
    )
    torch.testing.assert_close((gradient * direction).sum().double(), slope / 2e-2, rtol=1e-3, atol=0)
    # The second derivative along the direction: f(x + hd) - 2 f(x) + f(x - hd) over h^2.
    (twice,) = torch.autograd.grad((gradient * direction).sum(), x)
    values = [compensated_triplets(y + h * direction, motion).double().pow(3).sum() for h in (0.1, 0.0, -0.1)]
    curvature = (values[0] - 2 * values[1] + values[2]) / 0.01
    torch.testing.assert_close((twice * direction).sum().double(), curvature, rtol=1e-3, atol=0)


def _nodes(node):
    if node is None:
        return []
    return [type(node).__name__] + [name for parent, _ in node.next_functions for name in _nodes(parent)]


def test_a_batch_estimates_its_motion_once_for_all_who_ask():
    video, motion = scene()
    asked = []

    def estimator(clips, known):
        asked.append(clips.requires_grad)
        return motion

    context = Context(video, SharedMotion(video.requires_grad_()))
    for reads in ("frames", "clip"):
        MultiScale(Echo, 2, reads, compensate=estimator)(video, context)
    assert asked == [False]
