import numpy as np
import pytest
import torch

from vsr.motion import resize_flow, warp


def constant_flow(n: int, h: int, w: int, dx: float, dy: float) -> torch.Tensor:
    return torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).expand(n, 2, h, w)


def bilinear_by_hand(x: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """One image (C, H, W) sampled at p + flow[p], zero outside, pixel by pixel."""
    _, H, W = x.shape
    out = np.zeros_like(x)
    for row in range(H):
        for column in range(W):
            px, py = column + flow[0, row, column], row + flow[1, row, column]
            left, top = int(np.floor(px)), int(np.floor(py))
            for y in (top, top + 1):
                for x_ in (left, left + 1):
                    if 0 <= y < H and 0 <= x_ < W:
                        out[:, row, column] += x[:, y, x_] * (1 - abs(px - x_)) * (1 - abs(py - y))
    return out


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 0), (0, -2), (-5, 4)])
def test_integer_shift_moves_pixels_and_pads_with_zeros(dx, dy):
    x = torch.rand(2, 3, 17, 23, generator=torch.Generator().manual_seed(0))
    expected = torch.zeros_like(x)
    for row in range(17):
        for column in range(23):
            if 0 <= row + dy < 17 and 0 <= column + dx < 23:
                expected[:, :, row, column] = x[:, :, row + dy, column + dx]
    assert torch.allclose(warp(x, constant_flow(2, 17, 23, dx, dy)), expected, atol=1e-5)


def test_subpixel_flow_equals_bilinear_by_hand():
    rng = np.random.default_rng(0)
    x, flow = rng.random((3, 9, 14)), rng.uniform(-4, 4, (2, 9, 14))
    warped = warp(torch.from_numpy(x)[None], torch.from_numpy(flow)[None])
    assert warped.dtype == torch.float64
    np.testing.assert_allclose(warped[0].numpy(), bilinear_by_hand(x, flow), atol=1e-12)


def test_border_padding_repeats_the_edge():
    x = torch.arange(5.0).expand(1, 1, 4, 5)
    warped = warp(x, constant_flow(1, 4, 5, 3, 0), padding_mode="border")
    assert torch.allclose(warped[0, 0], torch.tensor([3.0, 4, 4, 4, 4]).expand(4, 5), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_samples_wide_pictures_exactly(dtype):
    # Values that the half types hold exactly, so that only a rounded coordinate could change them.
    x = (torch.arange(600) % 2).to(dtype).expand(1, 1, 2, 600)
    with torch.autocast("cpu", torch.bfloat16):
        warped = warp(x, constant_flow(1, 2, 600, 1, 0).to(dtype))
    assert warped.dtype == dtype
    assert torch.allclose(warped[..., :-1].float(), x[..., 1:].float(), atol=1e-3)


def test_gradients_reach_picture_and_flow():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, 2, 5, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    # Away from whole pixels, where bilinear sampling has a kink.
    flow = (torch.rand(1, 2, 5, 6, generator=generator, dtype=torch.float64) * 0.4 + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(warp, (x, flow))


def test_inference_mode_first_and_training_after():
    size = (11, 13)  # a size that no other test uses: its grid must be made here, under inference mode
    with torch.inference_mode():
        warp(torch.rand(1, 1, *size), torch.zeros(1, 2, *size))
    flow = torch.zeros(1, 2, *size, requires_grad=True)
    warp(torch.rand(1, 1, *size), flow).sum().backward()
    assert flow.grad is not None


def test_flow_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="needs a flow"):
        warp(torch.rand(2, 3, 8, 8), torch.zeros(2, 2, 8, 9))


def test_resized_flow_is_in_pixels_of_the_new_grid():
    flow = resize_flow(constant_flow(1, 32, 48, 8, -6), (16, 12))
    assert flow.shape == (1, 2, 16, 12)
    assert torch.allclose(flow, constant_flow(1, 16, 12, 8 / 4, -6 / 2))
