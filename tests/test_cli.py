"""The composed config: what a weight may be, and when a term sets in."""

import pytest

from vsr.cli import pixel_phase


def test_perceptual_terms_wait_for_two_thirds_of_a_run_from_scratch(compose):
    cfg = compose("loss=perceptual_adv", "trainer.max_steps=900")
    assert cfg.loss.perceptual.weight.start == cfg.loss.adversarial.weight.start == 600


def test_from_trained_weights_they_set_in_at_once(compose):
    assert compose("loss=perceptual_adv", "init_from=runs/pixel").loss.adversarial.weight.start == 0
    assert pixel_phase(900, "runs/pixel") == 0


def test_a_number_replaces_a_schedule(compose):
    assert compose("loss=perceptual_adv", "loss.adversarial.weight=0.01").loss.adversarial.weight == 0.01


@pytest.mark.parametrize("loss", ["pixel", "perceptual", "perceptual_adv", "full"])
@pytest.mark.parametrize("trainer", ["auto", "cpu", "gpu", "ddp", "ddp_cpu"])
def test_every_shipped_stack_composes_with_every_trainer(compose, loss, trainer):
    cfg = compose(f"loss={loss}", f"trainer={trainer}")
    assert cfg.loss.pixel.weight == 1.0 and cfg.trainer.max_steps > 0
