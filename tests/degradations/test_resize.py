import math
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vsr.degradations.resize import imresize


def keys_cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def imresize_1d(line, scale):
    """MATLAB's definition, one output sample at a time, in its own 1-based coordinates."""
    n, shrink = len(line), min(scale, 1.0)
    result = []
    for x in range(1, math.ceil(n * scale - 1e-9) + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - 2 / shrink)
        taps = range(left, left + math.ceil(4 / shrink) + 2)
        weights = np.array([keys_cubic((u - tap) * shrink) for tap in taps])
        mirrored = [line[m - 1] if (m := (tap - 1) % (2 * n) + 1) <= n else line[2 * n - m] for tap in taps]
        result.append(np.dot(weights, mirrored) / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 4), Fraction(2), Fraction(3), 0.75])
@pytest.mark.parametrize("size", [(13, 9), (6, 17), (24, 5)])
def test_equals_a_direct_sum(scale, size):
    picture = np.random.default_rng(0).random(size)
    rows = np.apply_along_axis(imresize_1d, 0, picture, float(scale))
    expected = np.apply_along_axis(imresize_1d, 1, rows, float(scale))
    result = imresize(torch.from_numpy(picture), scale)
    assert result.dtype == torch.float32
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_interior_equals_pytorch_antialiased_bicubic():
    # An independent library: PyTorch's antialiased kernel is the same cubic; only the border differs.
    x = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(x, scale_factor=0.25, mode="bicubic", antialias=True)
    torch.testing.assert_close(imresize(x, 0.25)[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3], atol=1e-5, rtol=0)


def test_scale_one_changes_nothing():
    x = torch.rand(2, 7, 5)
    torch.testing.assert_close(imresize(x, 1), x)


def test_half_precision_and_autocast_are_computed_in_single():
    x = torch.rand(1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(imresize(x, 0.25), imresize(x, Fraction(1, 4)))
    assert imresize(x.half(), 0.25).dtype == torch.float32


def test_gradients_flow_after_a_first_call_in_inference_mode():
    with torch.inference_mode():
        imresize(torch.rand(1, 11, 11), 2)
    x = torch.rand(1, 11, 11, requires_grad=True)
    imresize(x, 2).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad.sum(), torch.tensor(4 * 121.0), rtol=1e-4, atol=0)
