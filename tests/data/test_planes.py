import itertools

import numpy as np
import pytest

from vsr.data.augmentation import Augmentation
from vsr.data.clip import Window
from vsr.data.planes import planes


@pytest.mark.parametrize("flags", list(itertools.product([False, True], repeat=4)))
def test_planes_are_those_of_the_turned_frames(flags):
    mirror_x, mirror_y, transpose, reverse = flags
    frames = Window(1, 2, 5, 9).of(np.random.default_rng(0).integers(0, 256, (4, 8, 12, 3), dtype=np.uint8))
    before = frames.copy()
    expected = frames[::-1] if reverse else frames
    expected = np.flip(expected, [axis for axis, on in ((2, mirror_x), (1, mirror_y)) if on])
    expected = np.moveaxis(expected, -1, 1)
    turned = planes(frames, Augmentation(mirror_x, mirror_y, transpose, reverse))
    assert np.array_equal(turned, expected.swapaxes(2, 3) if transpose else expected)
    assert turned.flags["C_CONTIGUOUS"] and turned.flags["OWNDATA"] and np.array_equal(frames, before)
