import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from vsr.degradations import Jpeg
from vsr.degradations.jpeg import jpeg, quantisation_tables
from vsr.errors import UserError


def picture(height, width):
    """Smooth colours, an edge and some texture, 8 bits."""
    rng = np.random.default_rng(0)
    smooth = cv2.resize(
        rng.integers(0, 256, (5, 6, 3), dtype=np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    smooth[:, width // 3 : width // 2] = (250, 20, 30)
    texture = rng.integers(-20, 21, smooth.shape)
    return np.clip(smooth + texture, 0, 255).astype(np.uint8)


def pillows(frame, quality):
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file), dtype=np.float64)


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 60, 95, 100])
def test_tables_are_libjpegs(quality):
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "JPEG", quality=quality)
    theirs = Image.open(file).quantization
    for number, ours in enumerate(quantisation_tables(torch.tensor([float(quality)]))):
        assert np.array_equal(ours[0].flatten(), theirs[number])


@pytest.mark.parametrize("size", [(64, 96), (51, 37)])
@pytest.mark.parametrize("colour", [False, True])
def test_is_libjpegs(size, colour):
    """But for coefficients half-way between two steps, which rounding elsewhere tips over: one moves a block."""
    frame, qualities = picture(*size), [10, 30, 60, 95]
    frame = frame if colour else np.repeat(frame[..., 1:2], 3, axis=2)
    clip = torch.from_numpy(frame).permute(2, 0, 1).expand(4, 3, *size) / 255
    result = (jpeg(clip, torch.tensor(qualities, dtype=torch.float32)) * 255).permute(0, 2, 3, 1).double().numpy()
    for ours, quality in zip(result, qualities, strict=True):
        theirs = pillows(frame, quality)
        loss = np.abs(theirs - frame).mean()
        assert np.abs(ours - theirs).mean() < (0.15 * loss if colour else 0.4), quality
        assert np.abs(ours - frame).mean() == pytest.approx(loss, rel=0.02)


def test_levels_are_those_of_8_bits():
    clip = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    levels = jpeg(clip, torch.tensor([50.0])) * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert 0 <= levels.min() <= levels.max() <= 255


def test_quality_drifts_within_its_range():
    torch.manual_seed(0)
    still = torch.rand(1, 3, 16, 16).expand(5, 3, 16, 16)
    fixed, drifting = Jpeg([30, 95])(still), Jpeg([30, 95, 20])(still)
    assert torch.equal(fixed, fixed[:1].expand_as(fixed))
    assert not torch.equal(drifting, drifting[:1].expand_as(drifting))
    with pytest.raises(UserError, match=r"jpeg.quality=\[30, 195\]"):
        Jpeg([30, 195])
