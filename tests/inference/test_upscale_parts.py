"""A long, large video in parts: windows, tiles and shots that together are the whole."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vsr.data.files.scene_cuts import NEARBY
from vsr.errors import UserError
from vsr.generators import BasicVSR, BasicVSRPlusPlus, FlowNet, Recurrent, Stochastic
from vsr.generators.generator import Generator
from vsr.inference.upscaling import budget
from vsr.inference.upscaling import plan as planning
from vsr.inference.upscaling.footprint import Footprint
from vsr.inference.upscaling.plan import Plan, make_plan
from vsr.inference.upscaling.shots import shots
from vsr.inference.upscaling.super_resolver import SuperResolver
from vsr.inference.upscaling.tiles import Tiles
from vsr.inference.upscaling.windows import windows

CPU = torch.device("cpu")
WHOLE = Plan(window=100, overlap=2, tile=None, margin=0)


def bidirectional(channels=4):
    torch.manual_seed(0)
    return BasicVSR(FlowNet(width=4), channels=channels, blocks=1, head_channels=4).eval()


def plus_plus():
    torch.manual_seed(0)
    return BasicVSRPlusPlus(
        FlowNet(width=4), channels=4, blocks=1, outer_blocks=1, head_channels=4, deform_groups=2
    ).eval()


def causal():
    torch.manual_seed(0)
    return Recurrent(FlowNet(width=4), channels=4, blocks=1).eval()


GENERATORS = pytest.mark.parametrize("make", [bidirectional, plus_plus, causal])


def clip(frames=10, size=(32, 40), seed=0, speed=1):
    """Smooth waves that move, (h, w, 3) uint8 each."""
    y, x = np.mgrid[: size[0], : size[1]]
    colours = np.random.default_rng(seed).uniform(60, 120, 3)
    return [
        np.stack([127 + c * np.sin((x + speed * t) / 5 + seed) * np.cos(y / 7 + c) for c in colours], -1).astype(
            np.uint8
        )
        for t in range(frames)
    ]


def resolved(generator, pictures, plan=WHOLE):
    return np.stack(list(SuperResolver(generator, CPU, pictures[0].shape[:2], plan).shot(pictures)))


@torch.no_grad()
def whole(generator, pictures):
    """As the generator makes it of all frames at once."""
    sr = generator(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)[None].float() / 255)[0]
    return (sr.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize(("length", "before", "after"), [(7, 3, 3), (6, 0, 2), (6, 2, 0), (4, 0, 0), (1, 0, 0)])
def test_windows_give_every_frame_once_with_its_neighbours(length, before, after):
    for frames in range(25):
        given = []
        for held, counts in windows(range(frames), length, before, after):
            assert len(held) <= length
            given += held[counts]
            for frame in held[counts]:
                assert {max(frame - before, 0), min(frame + after, frames - 1)} <= set(held)
        assert given == list(range(frames))


def test_windows_do_not_read_far_ahead():
    frames = iter(range(1000))
    next(windows(frames, 20, 4, 4))
    assert next(frames) == 21


@GENERATORS
def test_a_shot_is_what_the_generator_makes_of_the_whole_clip(make):
    generator, pictures = make(), clip()
    assert np.abs(resolved(generator, pictures).astype(int) - whole(generator, pictures)).max() <= 1


@pytest.mark.parametrize("make", [bidirectional, plus_plus])
def test_windows_with_overlap_come_close_to_the_whole_clip_and_closer_with_more(make):
    generator, pictures = make(), clip(frames=24)
    expected = whole(generator, pictures).astype(float)

    def error(window, overlap):
        return np.abs(resolved(generator, pictures, Plan(window, overlap, None, 0)) - expected).mean()

    assert 0 <= error(14, 4) < error(6, 0)


def test_a_window_knows_all_that_was_before_it():
    generator, pictures = bidirectional(), clip(frames=13)
    with torch.no_grad():  # backward features that say nothing: forward ones alone must be those of the whole clip
        generator.fusion.weight[:, : generator.channels] = 0
    in_windows = resolved(generator, pictures, Plan(5, 1, None, 0)).astype(int)
    assert np.abs(in_windows - whole(generator, pictures)).max() <= 1


@GENERATORS
@pytest.mark.parametrize("size", [(16, 21), (7, 33), (1, 1)])
def test_odd_and_tiny_pictures_keep_their_size(make, size):
    assert resolved(make(), clip(2, size)).shape == (2, 4 * size[0], 4 * size[1], 3)


@GENERATORS
def test_after_a_cut_each_shot_is_its_own(make):
    first, second = clip(12, seed=1), clip(12, seed=5)
    generator = make()
    resolver = SuperResolver(generator, CPU, (32, 40), Plan(9, 3, None, 0))
    spliced = np.stack([sr for shot in shots([*first, *second]) for sr in resolver.shot(shot)])
    alone = [resolved(generator, each, Plan(9, 3, None, 0)) for each in (first, second)]
    assert np.array_equal(spliced, np.concatenate(alone))


def test_shots_hold_no_more_than_they_look_ahead():
    pictures = iter(clip(1) * 100)
    shot = next(shots(pictures))
    for _ in range(50):
        next(shot)
    assert len(list(pictures)) >= 100 - 50 - NEARBY - 1


class Local(nn.Module):
    """Sees three pixels in every direction."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 3 * 16, 7, padding=3), nn.PixelShuffle(4))

    def forward(self, x):
        return self.layers(x)


@pytest.mark.parametrize("size", [(50, 301), (130, 97), (32, 32)])
@torch.no_grad()
def test_tiles_of_what_sees_no_farther_than_the_margin_are_the_whole(size):
    x, network = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)), Local()
    tiles = Tiles(size, 64, margin=3)
    assert (len(tiles) > 1) == (max(size) > 64)
    joined = tiles.join(network(tiles.cut(x, number)) for number in range(len(tiles)))
    assert torch.allclose(joined, network(x), atol=1e-6)


class Echo(Generator):
    """Causal; of its last SR it sees three pixels in every direction, so that what is wrong travels on."""

    causal = True

    def __init__(self):
        super().__init__(4, 4)
        self.network = Local()

    def forward(self, lr, modulation=None):
        raise NotImplementedError

    def step(self, lr, state=None, modulation=None):
        before = torch.zeros_like(lr) if state is None else F.avg_pool2d(state, 4)
        sr = self.network(lr + before)
        return sr, sr


def test_what_is_wrong_beside_a_seam_comes_no_farther_in_with_time():
    pictures, generator = clip(20, (24, 120)), Echo().eval()
    tiled = resolved(generator, pictures, Plan(1, 0, 64, 4)).astype(int)
    assert np.abs(tiled - resolved(generator, pictures)).max() <= 1


@pytest.mark.parametrize(("speed", "advice"), [(1.0, ""), (6.0, "margin=32; margin=64 hides seams")])
def test_motion_that_outruns_the_margin_is_said_once(speed, advice, caplog):
    generator, pictures = bidirectional(), clip(9, (24, 130))
    flow = torch.zeros(1, 1, 2, 24, 130)
    flow[:, :, 0] = -speed
    generator.flow_of = lambda lr: (flow.expand(1, lr.shape[1] - 1, 2, -1, -1),) * 2
    resolved(generator, pictures, Plan(5, 1, 112, 32))
    assert len(caplog.messages) == bool(advice) and advice in caplog.text


@torch.no_grad()
def test_a_seam_is_blended():
    tiles = Tiles((32, 100), 64, margin=4)
    numbered = (torch.full_like(tiles.cut(torch.zeros(32, 100), number), number % 2) for number in range(len(tiles)))
    row = tiles.join(numbered)[0]
    assert {0.0, 1.0} < set(row.tolist()) and row.diff().abs().max() < 0.2


@GENERATORS
def test_tiled_frames_are_the_untiled_ones_beyond_the_margin(make):
    generator, pictures = make(), clip(7, (45, 97))
    plan = Plan(5, 2, None, 0)
    tiled = resolved(generator, pictures, Plan(5, 2, 56, 8))
    assert np.abs(tiled.astype(int) - resolved(generator, pictures, plan)).max() <= 1


def test_all_windows_and_tiles_of_a_stochastic_generator_share_one_draw():
    pictures = clip(3, (40, 96))
    for beneath in (bidirectional(), causal()):
        generator = Stochastic(beneath, latent_channels=2, width=4).eval()
        nn.init.normal_(generator.modulation.last.weight, std=0.3)  # it starts too small to be seen
        mean = resolved(generator, pictures).astype(int)
        generator.temperature = 1.0
        drawn = resolved(generator, pictures).astype(int)
        tiled = resolved(generator, pictures, Plan(100, 2, 56, 8)).astype(int)
        assert np.array_equal(drawn, resolved(generator, pictures))
        assert np.abs(drawn - mean).mean() > 10 * np.abs(drawn - tiled).mean()


def test_the_footprint_grows_with_the_generator_and_the_clip():
    with torch.inference_mode():
        narrow, wide = (Footprint.of(bidirectional(channels), CPU, 320 * 180) for channels in (4, 32))
        alone = Footprint.of(causal(), CPU, 320 * 180)
    # Two directions keep their features of every frame, and every frame of SR is kept, in float32.
    assert narrow.frame >= 4 * (2 * 4 + 3 * 16)
    assert wide.frame - narrow.frame > 0.9 * 4 * 2 * (32 - 4)
    assert alone.frame == 0 and alone.once > 4 * 3 * 16


@pytest.fixture
def memory(monkeypatch):
    """``memory(mebibytes)``: so much can be used from now on."""
    return lambda mebibytes: monkeypatch.setattr(budget, "memory_to_use", lambda device: mebibytes * 2**20)


def test_windows_are_as_long_as_memory_allows_and_tiles_come_only_after_that(memory):
    def plan(mebibytes, **keys):
        memory(mebibytes)
        return make_plan(bidirectional(), CPU, (180, 320), **keys)

    assert plan(100_000) == Plan(planning.LONGEST, 8, None, 32, widens=True)
    short, tiled = plan(1000), plan(500)
    assert 24 <= short.window < planning.LONGEST and short.tile is None
    assert 104 <= tiled.tile < 320 and tiled.window >= 24
    assert plan(500, window=20, overlap=2).window == 20
    assert plan(100_000, tile=128).tile == 128
    assert plan(100_000, margin=32) == Plan(planning.LONGEST, 8, None, 32)
    with pytest.raises(UserError, match=r"3 frames of 320x180 in tiles of 104 take .* of which 9 can be used"):
        plan(9)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"window": 16, "overlap": 8}, "window=16 must be more than twice overlap=8"),
        ({"tile": 64}, "tile=64 must be at least 104 with margin=32"),
        ({"overlap": -1}, "overlap=-1 must be at least 0"),
        ({"margin": 3}, "margin=3 must be at least 4"),
    ],
)
def test_plans_of_which_nothing_would_be_used_are_refused(keys, message):
    with pytest.raises(UserError, match=message):
        make_plan(causal(), CPU, (64, 64), **keys)
