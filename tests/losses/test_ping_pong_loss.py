import pytest
import torch
from battery import value_of

from vsr.errors import UserError
from vsr.generators import FlowNet, Generator, Recurrent, Stochastic
from vsr.losses import PingPongLoss


class Bidirectional(Generator):
    def __init__(self):
        super().__init__(scale=2, channels=4)

    def forward(self, lr, modulation=None):
        raise NotImplementedError


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


def test_only_a_causal_generator_can_be_asked_and_those_are_named():
    causal = Recurrent(FlowNet(2), scale=2, channels=4, blocks=1)
    PingPongLoss().check_generator(causal)
    PingPongLoss().check_generator(Stochastic(causal))
    for bidirectional in (Bidirectional(), Stochastic(Bidirectional())):
        with pytest.raises(
            UserError, match=r"^loss\.ping_pong needs a causal generator .*choose one of Recurrent, or"
        ):
            PingPongLoss().check_generator(bidirectional)


def test_it_trains_a_recurrence_through_both_ways():
    torch.manual_seed(0)
    generator = Recurrent(FlowNet(2), scale=2, channels=4, blocks=1)
    lr = torch.rand(1, 4, 3, 16, 16)
    sr = generator(torch.cat((lr, lr.flip(1)[:, 1:]), dim=1))
    loss = loss_of(sr[:, :4], sr[:, 4:])
    loss.backward()
    assert loss > 0
    assert all(parameter.grad is not None for parameter in generator.parameters())
