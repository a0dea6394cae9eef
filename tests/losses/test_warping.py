"""Warping and temporal feature loss: exact on whole-pixel motion, blind to what is hidden."""

import pytest
import torch

from vsr.data import SyntheticScenes
from vsr.features import vgg16
from vsr.losses import Comparison, LossStack, Schedule, TemporalFeatureLoss, WarpingLoss
from vsr.losses.temporal_feature import temporal_feature_distance
from vsr.losses.warping import warping_distance
from vsr.motion import Motion, dis, exact


def translation(clips, dx, dy):
    """The motion of a camera that pans: frame t+1 shows at p what frame t showed at p + (dx, dy)."""
    B, T, _, H, W = clips.shape
    to_previous = torch.zeros(B, T - 1, 2, H, W)
    to_previous[:, :, 0], to_previous[:, :, 1] = dx, dy
    x, y = torch.arange(W) + dx, torch.arange(H)[:, None] + dy
    hidden = ((x < 0) | (x > W - 1) | (y < 0) | (y > H - 1)).expand(B, T - 1, 1, H, W)
    return Motion(-to_previous, to_previous, hidden.flip(-1, -2), hidden)


def panning(dx, dy, frames=3, size=24):
    """A clip cut out of one large random picture, moved by whole pixels a frame."""
    picture = torch.rand(3, 3 * size, 3 * size, generator=torch.Generator().manual_seed(0))
    cuts = [picture[:, size + t * dy : 2 * size + t * dy, size + t * dx : 2 * size + t * dx] for t in range(frames)]
    clip = torch.stack(cuts)[None]
    return clip, translation(clip, dx, dy)


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 0), (0, -2), (-4, 5)])
def test_whole_pixel_motion_costs_nothing(dx, dy):
    assert warping_distance(*panning(dx, dy)) <= 1e-6


def test_the_wrong_direction_costs_a_lot():
    clip, motion = panning(3, 2)
    wrong = motion._replace(flow_to_previous=motion.flow_to_next)
    assert warping_distance(clip, wrong) > 0.2


def test_the_value_by_hand():
    clip, motion = panning(1, 0, frames=2)
    clip[:, 1] += 0.1
    assert warping_distance(clip, motion).item() == pytest.approx(0.1, abs=1e-6)


def test_what_is_hidden_does_not_count():
    clip, motion = panning(2, 0, frames=2)
    spoilt = clip.clone()
    spoilt[:, 1, :, :, -2:] = 9.0  # frame 0 does not show these columns
    assert warping_distance(spoilt, motion) <= 1e-6


def test_nothing_visible_is_no_division_by_zero():
    clip, motion = panning(0, 0)
    blind = motion._replace(occluded_in_previous=torch.ones_like(motion.occluded_in_previous))
    assert warping_distance(clip, blind) == 0


@pytest.mark.parametrize("distance", [warping_distance, temporal_feature_distance])
def test_a_batch_costs_the_mean_of_what_its_clips_cost_however_much_each_shows(distance):
    pans = [panning(1, 0, frames=3), panning(9, -10, frames=3)]
    for (clip, _), brighter in zip(pans, (0.1, 0.4), strict=True):
        clip[:, 1] += brighter
    together = torch.cat([clip for clip, _ in pans]), Motion(*map(torch.cat, zip(*(m for _, m in pans), strict=True)))
    apart = [distance(*pan) for pan in pans]
    torch.testing.assert_close(distance(*together), torch.stack(apart).mean())
    assert apart[1] > 3 * apart[0]


@pytest.mark.parametrize("distance", [warping_distance, temporal_feature_distance])
def test_a_clip_with_nothing_visible_adds_nothing_to_its_batch(distance):
    clip, motion = panning(1, 0)
    clip[:, 1] += 0.1
    blind = motion._replace(occluded_in_previous=torch.ones_like(motion.occluded_in_previous))
    batch = torch.cat((clip, clip)), Motion(*map(torch.cat, zip(motion, blind, strict=True)))
    torch.testing.assert_close(distance(*batch), distance(clip, motion) / 2)


def test_exact_motion_of_synthetic_scenes_leaves_little():
    scene = SyntheticScenes(clips=1, frames=4, size=96, seed=5)[0]
    clip = torch.from_numpy(scene.read(range(4))).permute(0, 3, 1, 2).float()[None] / 255
    motion = Motion(*(torch.from_numpy(field)[None] for field in scene.motion(range(4))))
    right = warping_distance(clip, motion)
    still = warping_distance(clip, motion._replace(flow_to_previous=torch.zeros_like(motion.flow_to_previous)))
    assert right < 0.35 * still


def test_features_of_stride_4_move_by_a_quarter():
    """A map whose cells are the mean of 4 × 4 pixels, moved by 4 pixels: exactly one cell."""
    clip, motion = panning(4, -8, frames=2, size=32)
    cells = torch.nn.functional.avg_pool2d(clip.flatten(0, 1), 4).unflatten(0, (1, 2))
    assert temporal_feature_distance(cells, motion) <= 1e-6
    unscaled = motion._replace(flow_to_previous=motion.flow_to_previous * 4)
    assert temporal_feature_distance(cells, unscaled) > 1e-4


@pytest.fixture
def stack():
    network = vgg16(weights="random")
    terms = {
        "warping": WarpingLoss(dis()),
        "temporal_feature": TemporalFeatureLoss(network, {"relu1_2": 1.0, "relu2_2": 0.5}, dis()),
    }
    return LossStack(terms, {name: Schedule(1.0) for name in terms})


def test_the_flow_is_estimated_once_a_step_and_only_on_hr(stack, monkeypatch):
    seen = []
    flow = dis().flow
    monkeypatch.setattr(dis(), "flow", lambda first, second: (seen.append(len(first)), flow(first, second))[1])
    sr, hr = torch.rand(2, 3, 3, 32, 32), torch.rand(2, 3, 3, 32, 32)
    stack(stack.compare(sr, hr, sr, 0), 0)
    assert seen == [2 * 2 * 2]  # B·(T−1) pairs, both ways in one batch


def test_gradients_reach_sr_alone(stack):
    sr = torch.rand(1, 3, 3, 32, 32, requires_grad=True)
    hr = torch.rand(1, 3, 3, 32, 32, requires_grad=True)
    stack(stack.compare(sr, hr, sr, 0), 0).total.backward()
    assert sr.grad.abs().sum() > 0 and hr.grad is None


def test_one_frame_gives_zero_with_a_gradient(stack):
    sr = torch.rand(1, 1, 3, 32, 32, requires_grad=True)
    total = stack(stack.compare(sr, torch.rand(1, 1, 3, 32, 32), sr, 0), 0).total
    total.backward()
    assert total == 0 and sr.grad.abs().sum() == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_changes_the_value_by_less_than_a_hundredth(stack, dtype):
    generator = torch.Generator().manual_seed(1)
    sr, hr = torch.rand(1, 2, 3, 24, 24, generator=generator), torch.rand(1, 2, 3, 24, 24, generator=generator)
    full = stack(stack.compare(sr, hr, sr, 0), 0).unweighted
    with torch.autocast("cpu", dtype=dtype):
        half = stack(stack.compare(sr, hr, sr, 0), 0).unweighted
    for name, value in full.items():
        assert half[name].item() == pytest.approx(value.item(), rel=0.01), name


def test_the_flow_of_the_data_is_used_where_asked_for():
    clip, motion = panning(2, 1)
    comparison = Comparison(clip, clip, clip, motion=motion)
    assert WarpingLoss(exact())(comparison) <= 1e-6
