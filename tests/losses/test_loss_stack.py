import pytest
import torch
from battery import critics

from vsr.errors import UserError
from vsr.features import vgg16
from vsr.losses import (
    AdversarialLoss,
    FeatureMatchingLoss,
    KLLoss,
    LossStack,
    LossTerm,
    LpipsLoss,
    PerceptualLoss,
    PixelLoss,
    Schedule,
    StyleLoss,
)
from vsr.training.build import build_discriminators


class Constant(LossTerm):
    def __init__(self, value):
        self.value = value
        self.calls = 0

    def __call__(self, comparison):
        self.calls += 1
        return comparison.sr.mean() * 0 + self.value


def stack_of(**terms):
    """A stack of ``name=(term, weight or Schedule)``."""
    schedules = {
        name: weight if isinstance(weight, Schedule) else Schedule(weight) for name, (_, weight) in terms.items()
    }
    return LossStack({name: term for name, (term, _) in terms.items()}, schedules)


def run(stack, step=0, side=32):
    torch.manual_seed(0)
    sr, hr = torch.rand(2, 1, 2, 3, side, side)
    return stack(stack.compare(sr.requires_grad_(), hr, hr, step), step)


def test_the_total_is_the_weighted_sum_and_terms_are_reported_without_their_weight():
    loss = run(stack_of(a=(Constant(2.0), 0.5), b=(Constant(3.0), 10.0)))
    assert loss.total.item() == pytest.approx(31)
    assert {name: value.item() for name, value in loss.unweighted.items()} == {"a": 2, "b": 3}
    assert loss.weights == {"a": 0.5, "b": 10.0}


def test_a_term_is_not_called_while_its_weight_is_zero():
    late = Constant(float("nan"))
    stack = stack_of(pixel=(Constant(1.0), 1.0), late=(late, Schedule(0.1, start=3)))
    for step in range(3):
        assert run(stack, step).total == 1
    assert late.calls == 0
    assert run(stack, 3).total.isnan()
    assert late.calls == 1


def test_where_every_term_is_still_off_a_step_has_a_loss_of_zero_and_a_gradient():
    loss = run(stack_of(late=(Constant(1.0), Schedule(1.0, start=5))))
    loss.total.backward()
    assert loss.total == 0 and loss.unweighted == {}


def test_without_terms_there_is_nothing_to_train_with():
    with pytest.raises(UserError, match="every loss weight is 0"):
        LossStack({}, {})


def test_three_terms_on_one_network_cost_one_pass_over_sr_and_one_over_hr():
    network = vgg16("random")
    stack = stack_of(
        perceptual=(PerceptualLoss(network, {"relu1_1": 1.0, "conv5_3": 1.0}), 1.0),
        style=(StyleLoss(vgg16("random"), {"relu2_1": 1.0, "relu3_1": 1.0}), 1.0),
        lpips=(LpipsLoss("vgg", "random"), 1.0),
    )
    passes = {"first": [], "last": []}
    hooks = [
        network.network[position].register_forward_hook(
            lambda _, __, out, name=name: passes[name].append(out.requires_grad)
        )
        for name, position in (("first", 0), ("last", len(network.network) - 1))
    ]
    try:
        loss = run(stack)
    finally:
        for hook in hooks:
            hook.remove()
    assert passes == {"first": [True, False], "last": [True, False]}  # SR with gradient, HR without
    assert all(value > 0 for value in loss.unweighted.values())


def test_a_network_runs_no_deeper_than_the_terms_that_are_on_ask_for():
    network = vgg16("random")
    stack = stack_of(
        shallow=(PerceptualLoss(network, {"relu1_2": 1.0}), 1.0),
        deep=(PerceptualLoss(network, {"relu4_1": 1.0}), Schedule(1.0, start=1)),
    )
    ran = []
    hook = network.network[5].register_forward_hook(lambda *_: ran.append(True))
    try:
        run(stack, step=0)
        assert ran == []
        run(stack, step=1)
        assert ran == [True, True]
    finally:
        hook.remove()


def test_discriminators_run_once_on_sr_and_once_on_hr_whoever_asks():
    judges = critics()
    seen = []
    judges["spatial"].register_forward_hook(lambda _, __, out: seen.append(out[0].logits.requires_grad))
    for judge in judges.values():
        judge.requires_grad_(False)
    stack = stack_of(adversarial=(AdversarialLoss("ragan"), 1.0), feature_matching=(FeatureMatchingLoss(), 1.0))
    sr, hr = torch.rand(2, 1, 2, 3, 32, 32)
    stack(stack.compare(sr.requires_grad_(), hr, hr, 0, judges), 0)
    assert sorted(seen) == [False, True]


def test_every_term_is_asked_whether_it_can_work_with_the_generator():
    class Deterministic:
        has_latent = False

    stack_of(pixel=(PixelLoss(), 1.0)).check_generator(Deterministic())
    with pytest.raises(UserError, match=r"loss\.kl needs a generator with a latent"):
        stack_of(pixel=(PixelLoss(), 1.0), kl=(KLLoss(), 1.0)).check_generator(Deterministic())


def test_feature_matching_alone_would_compare_untrained_features_and_is_refused():
    stack = stack_of(pixel=(PixelLoss(), 1.0), feature_matching=(FeatureMatchingLoss(), 1.0))
    with pytest.raises(UserError, match=r"loss\.feature_matching reads the discriminators.*loss\.adversarial\.weight"):
        build_discriminators({"spatial": {}}, stack)
