"""What holds for every term that compares SR with HR."""

import pytest
import torch
from battery import FULL_REFERENCE, critics, value_of


@pytest.fixture(params=FULL_REFERENCE)
def case(request):
    """One after the other, every term."""
    torch.manual_seed(0)
    return FULL_REFERENCE[request.param]


def pair(case, clips=1, frames=2):
    hr = torch.rand(clips, frames, 3, case.side, case.side)
    return (hr + 0.3 * torch.randn_like(hr)).clamp(0, 1), hr


def evaluate(case, sr, hr):
    return value_of(case.term(), sr, hr, discriminators=critics())


def test_it_is_zero_where_sr_equals_hr_and_positive_elsewhere(case):
    sr, hr = pair(case)
    assert 0 <= evaluate(case, hr.clone(), hr) <= 1.01e-6  # √ε, for Charbonnier
    assert evaluate(case, sr, hr) > 1e-3


def test_it_is_a_float32_scalar_whose_gradient_reaches_sr_alone(case):
    sr, hr = pair(case)
    term = case.term()
    loss = value_of(term, sr.requires_grad_(), hr.requires_grad_(), discriminators=critics())
    loss.backward()
    assert loss.shape == () and loss.dtype == torch.float32
    assert sr.grad.isfinite().all() and sr.grad.abs().sum() > 0
    assert hr.grad is None
    assert all(parameter.grad is None for network in term.feature_layers() for parameter in network.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_it_is_the_same_to_a_percent(case, dtype):
    sr, hr = pair(case)
    with torch.autocast("cpu", dtype=dtype):
        under_autocast = evaluate(case, sr, hr)
    assert under_autocast.dtype == torch.float32
    torch.testing.assert_close(under_autocast, evaluate(case, sr, hr), rtol=0.01, atol=0)


@pytest.mark.parametrize(("sr_level", "hr_level"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_black_and_white_give_a_finite_value_and_gradient(case, sr_level, hr_level):
    shape = (1, 1, 3, case.side, case.side)
    sr = torch.full(shape, sr_level, requires_grad=True)
    loss = evaluate(case, sr, torch.full(shape, hr_level))
    loss.backward()
    assert loss.isfinite() and sr.grad.isfinite().all()


def test_a_batch_costs_the_mean_of_what_its_clips_cost(case):
    sr, hr = pair(case, clips=2)
    sr[1] = hr[1]  # one clip costs much, the other nothing
    clips = [evaluate(case, sr[b : b + 1], hr[b : b + 1]) for b in range(2)]
    torch.testing.assert_close(evaluate(case, sr, hr), torch.stack(clips).mean())


@pytest.mark.parametrize("case", [name for name, case in FULL_REFERENCE.items() if case.per_frame], indirect=True)
def test_frames_count_alike_however_they_are_split_into_clips(case):
    sr, hr = pair(case, clips=2, frames=2)
    split = evaluate(case, sr, hr)
    torch.testing.assert_close(evaluate(case, sr.view(4, 1, *sr.shape[2:]), hr.view(4, 1, *hr.shape[2:])), split)
    frames = [evaluate(case, sr[b : b + 1, t : t + 1], hr[b : b + 1, t : t + 1]) for b in range(2) for t in range(2)]
    torch.testing.assert_close(torch.stack(frames).mean(), split)
