import random

import numpy as np
import pytest
import torch

from vsr.degradations import Bicubic, Camera, Noise, degrade
from vsr.seeds import seed_all


class Marker(torch.nn.Module):
    """LR that is a number a clip, drawn from every generator there is."""

    def forward(self, hr):
        number = torch.rand(len(hr), 1, 1, 1, 1) + random.random() + float(np.random.rand())
        return number.expand(len(hr), hr.shape[1], 3, 1, 1)


def clips(count=4):
    return torch.rand(count, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


KEYS = [(3, 10), (3, 11), (4, 10), (3, 2**40)]


@pytest.mark.parametrize(
    "degradation", [Marker(), Camera(4, {"noise": Noise([5, 50, 5], [0.5, 3])})], ids=["anything", "camera"]
)
def test_lr_of_a_clip_depends_on_its_key_alone(degradation):
    hr = clips()
    together = degrade(degradation, hr, KEYS)
    torch.rand(7)  # whatever else was drawn
    order = [2, 0, 3, 1]
    assert torch.equal(degrade(degradation, hr[order], [KEYS[i] for i in order]), together[order])
    for i in range(4):
        assert torch.equal(degrade(degradation, hr[i : i + 1], KEYS[i : i + 1]), together[i : i + 1])


def test_every_key_draws_its_own():
    drawn = degrade(Marker(), clips(), KEYS)[:, 0, 0, 0, 0]
    assert drawn.unique().numel() == 4


def draws():
    return torch.rand(3).tolist(), random.random(), np.random.rand()


def test_the_global_generators_are_left_as_they_were():
    seed_all(5)
    expected = draws()
    seed_all(5)
    degrade(Marker(), clips(), KEYS)
    assert draws() == expected


def test_the_global_generators_are_restored_where_a_degradation_fails():
    def fail(hr):
        draws()
        raise RuntimeError("no")

    seed_all(5)
    expected = draws()
    seed_all(5)
    with pytest.raises(RuntimeError, match="no"):
        degrade(fail, clips(), KEYS)
    assert draws() == expected


def test_what_does_not_draw_gets_the_whole_batch_at_once():
    sizes = []

    class Watched(Bicubic):
        def forward(self, hr):
            sizes.append(len(hr))
            return super().forward(hr)

    hr = clips()
    assert torch.equal(degrade(Watched(4), hr, KEYS), Bicubic(4)(hr))
    assert sizes == [4]


def test_a_clip_without_key_is_refused():
    for degradation in (Bicubic(4), Marker()):
        with pytest.raises(ValueError, match="3 keys for 4 clips"):
            degrade(degradation, clips(), KEYS[:3])
