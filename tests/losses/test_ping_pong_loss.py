import pytest
import torch
from battery import value_of

from vsr import generators
from vsr.errors import UserError
from vsr.generators import Generator
from vsr.losses import PingPongLoss


class Bidirectional(Generator):
    def __init__(self):
        super().__init__(scale=2, channels=4, head_channels=4)


class Causal(Bidirectional):
    causal = True


def loss_of(there, back):
    return value_of(PingPongLoss(), there, torch.zeros_like(there), mirrored=back)


def test_it_compares_each_frame_with_itself_on_the_way_back():
    torch.manual_seed(0)
    there = torch.rand(2, 4, 3, 8, 8)
    back = there.flip(1)[:, 1:].clone()
    assert loss_of(there, back) == 0
    back[:, 0] += 0.3  # frame 2
    back[:, 2] -= 0.6  # frame 0
    assert loss_of(there, back).item() == pytest.approx(0.9 / 3, rel=1e-5)


def test_both_ways_get_a_gradient_and_the_turning_frame_none():
    there = torch.rand(1, 3, 3, 4, 4, requires_grad=True)
    back = torch.rand(1, 2, 3, 4, 4, requires_grad=True)
    loss_of(there, back).backward()
    torch.testing.assert_close(there.grad[:, :2].flip(1), -back.grad)
    assert back.grad.abs().sum() > 0 and there.grad[:, 2].abs().sum() == 0


def test_a_single_frame_has_no_way_back():
    there = torch.rand(1, 1, 3, 4, 4, requires_grad=True)
    loss = loss_of(there, torch.empty(1, 0, 3, 4, 4))
    loss.backward()
    assert loss == 0 and there.grad.abs().sum() == 0


def test_only_a_causal_generator_can_be_asked_and_those_are_named(monkeypatch):
    PingPongLoss().check_generator(Causal())
    monkeypatch.setattr(generators, "Causal", Causal, raising=False)
    with pytest.raises(UserError, match=r"^loss\.ping_pong needs a causal generator .*Bidirectional .*Causal"):
        PingPongLoss().check_generator(Bidirectional())
