"""Each network runs once a step, however many loss terms read it."""

from collections import Counter

import pytest

from tests.conftest import TINY_ADVERSARIAL
from vsr.discriminators import MultiScale
from vsr.features import FrozenFeatures
from vsr.motion import dis
from vsr.training import VideoSuperResolution
from vsr.training.run import train

FULL = [
    *TINY_ADVERSARIAL,
    "loss=full",
    "loss.video_perceptual.weight=0",
    *(f"loss.{term}.weight=1" for term in ("perceptual", "style", "lpips", "temporal_feature", "warping")),
    "trainer.max_steps=1",
    "trainer.val_every=1",
]


@pytest.fixture
def calls(monkeypatch):
    """What ran during training steps: (network or critic, whether with gradient to its input)."""
    seen = Counter()
    training = []

    def count(kind, method, label, unit):
        judged = getattr(kind, method)

        def counted(self, x, *arguments):
            if training:
                seen[label(self), training[-1], x.requires_grad] += len(x) if unit == "clips" else 1
            return judged(self, x, *arguments)

        monkeypatch.setattr(kind, method, counted)

    def during(name):
        method = getattr(VideoSuperResolution, name)

        def recorded(self, *arguments):
            training.append(name)
            try:
                return method(self, *arguments)
            finally:
                training.pop()

        monkeypatch.setattr(VideoSuperResolution, name, recorded)

    count(FrozenFeatures, "forward", lambda network: network.name, "passes")
    count(MultiScale, "_judge", lambda critic: critic.reads, "clips")
    during("_generator_step")
    during("_discriminator_step")
    flow = dis().flow

    def counted_flow(reference, supporting):
        seen["flow pairs"] += len(reference)
        return flow(reference, supporting)

    monkeypatch.setattr(dis(), "flow", counted_flow)
    return seen


def test_four_terms_read_one_pass_of_vgg_over_sr_and_one_over_hr(compose, calls):
    train(compose(*FULL))
    vgg = {key: number for key, number in calls.items() if key[0] == "vgg16"}
    assert vgg == {("vgg16", "_generator_step", True): 1, ("vgg16", "_generator_step", False): 1}
    # 1 clip of 3 frames: 2 pairs, both ways, for the warping and the temporal feature loss together.
    assert calls["flow pairs"] == 4


def test_each_discriminator_judges_real_and_fake_once_in_its_own_step(compose, calls):
    train(compose(*FULL))
    for critic in ("frames", "clip"):
        mine = {key[1:]: number for key, number in calls.items() if key[0] == critic}
        assert mine == {
            ("_generator_step", True): 1,  # SR, for the adversarial term
            ("_discriminator_step", False): 2,  # HR and SR, detached, in one batch
        }


def test_feature_matching_and_relativistic_terms_judge_hr_once_more_and_only_once(compose, calls):
    train(compose(*FULL, "loss.feature_matching.weight=1", "loss.adversarial.objective=ragan"))
    for critic in ("frames", "clip"):
        assert calls[critic, "_generator_step", True] == 1
        assert calls[critic, "_generator_step", False] == 1
