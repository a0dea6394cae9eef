"""How a video is divided by what memory there is, and that the parts take no more."""

import numpy as np
import pytest
import torch

from tests.inference.test_upscale_parts import bidirectional, causal, clip, resolved
from vsr.errors import UserError
from vsr.inference.upscaling import budget
from vsr.inference.upscaling.budget import Budget
from vsr.inference.upscaling.container_memory import left_to_container
from vsr.inference.upscaling.footprint import Footprint, _LiveTensors
from vsr.inference.upscaling.plan import Plan, make_plan
from vsr.inference.upscaling.super_resolver import SuperResolver

CPU = torch.device("cpu")
GIB = 2**30


@pytest.mark.parametrize(("size", "gib"), [((720, 1280), 4), ((1080, 1920), 8), ((2160, 3840), 24)])
def test_large_pictures_fit_where_a_person_has_as_much(monkeypatch, size, gib):
    monkeypatch.setattr(budget, "memory_to_use", lambda device: gib * GIB)
    plan = make_plan(bidirectional(), CPU, size)
    assert plan.window >= 24 and plan.overlap == 8 and plan.tile >= 104


def test_windows_are_shortened_before_a_video_is_refused(monkeypatch):
    monkeypatch.setattr(budget, "memory_to_use", lambda device: 2 * GIB)
    plan = make_plan(bidirectional(), CPU, (720, 1280))
    assert plan.window < 24 and plan.overlap < 8
    for keys in ({"overlap": 8, "window": 24}, {"overlap": 20}):
        with pytest.raises(
            UserError, match=r"frames of 1280x720 in tiles of 104 take [2-9]\d\d\d MiB .* 2048 can be used"
        ):
            make_plan(bidirectional(), CPU, (720, 1280), **keys)


def test_tiles_are_the_largest_that_fit_and_waste_nothing_of_their_step():
    found = set()
    for mebibytes in range(200, 4000, 50):
        reckoned = Budget(Footprint(8000, 3000), bidirectional(), (360, 640), mebibytes * 2**20, None)
        tile = reckoned.greatest_tile(3, 104)
        assert (tile is not None) == reckoned.fits(3, 104)
        if tile is not None:
            assert tile % 32 == 104 % 32 and (tile >= 640 or not reckoned.fits(3, tile + 32))
            found.add(tile)
    assert min(found) == 104 and len(found) > 5


@pytest.mark.parametrize("make", [bidirectional, causal])
def test_tiles_take_no_more_than_was_reckoned(make):
    generator, size, tile = make(), (144, 208), 112
    frames = 1 if generator.causal else 6
    with torch.inference_mode():
        reckoned = Budget(Footprint.of(generator, CPU, size[0] * size[1]), generator, size, 0, None)
    pictures = clip(frames + 3, size)
    with _LiveTensors() as live:
        for _ in SuperResolver(generator, CPU, size, Plan(frames, frames // 3, tile, 16)).shot(pictures):
            pass
    (need,) = reckoned.needs(frames, tile)
    assert 0.3 * need.taken < live.most <= need.taken


def test_what_is_joined_is_taken_from_the_computer_and_not_from_a_gpu():
    def fits(device, host):
        return Budget(Footprint(2000, 300), bidirectional(), (1080, 1920), device * GIB, host).fits(60, 256)

    assert fits(12, 20 * GIB)
    assert not fits(12, 8 * GIB) and not fits(80, 8 * GIB)
    assert not fits(1, 80 * GIB) and not fits(12, None) and fits(28, None)


def pan(generator, size, speed):
    """``generator``, which takes all to move to the left by ``speed`` pixels a frame."""

    def flow(lr):
        to_next = lr.new_zeros(1, lr.shape[1] - 1, 2, *size)
        to_next[:, :, 0] = -speed
        return generator.given_flow or (to_next, -to_next)

    generator.estimate_flow = flow
    return generator


def test_a_margin_that_may_widen_does_so_under_fast_motion(caplog):
    size, pictures = (24, 300), clip(9, (24, 300), speed=6)
    generator = pan(bidirectional(), size, 6.0)
    whole = resolved(generator, pictures, Plan(9, 2, None, 0)).astype(int)

    def off(plan):
        return np.abs(resolved(generator, pictures, plan) - whole).max()

    assert off(Plan(9, 2, 176, 8)) > 1 and "hides seams" in caplog.text
    caplog.clear()
    assert off(Plan(9, 2, 176, 8, widens=True)) <= 1 and not caplog.messages
    resolved(generator, pictures, Plan(9, 2, 112, 8, widens=True))
    assert "too fast for margin=36; margin=64 hides seams and takes tile=168" in caplog.text


@pytest.mark.parametrize(
    ("version", "line"), [(2, "0::/user/mine"), (1, "4:memory:/user/mine"), (1, "4:cpu,memory:/seen/from/without")]
)
def test_a_container_leaves_what_is_below_its_limit_and_what_gives_way(tmp_path, version, line):
    folder, limit, used, prefix = {
        2: ("", "memory.max", "memory.current", ""),
        1: ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    }[version]

    def group(path, most, now, cached):
        place = tmp_path / folder / path
        place.mkdir(parents=True, exist_ok=True)
        (place / limit).write_text(f"{most}\n")
        (place / used).write_text(f"{now}\n")
        (place / "memory.stat").write_text(
            f"anon 1\n{prefix}inactive_file {cached}\n{prefix}active_file {cached // 2}\n"
        )

    (tmp_path / "own").write_text(f"12:pids:/elsewhere\n{line}\n")
    assert left_to_container(tmp_path / "own", tmp_path) == float("inf")
    group("", 10_000, 9_000, 4_000)
    assert left_to_container(tmp_path / "own", tmp_path) == 7_000
    group("user", 5_000, 4_500, 100)
    group("user/mine", "max" if version == 2 else 2**63, 4_500, 100)
    assert left_to_container(tmp_path / "own", tmp_path) == (7_000 if "without" in line else 650)
