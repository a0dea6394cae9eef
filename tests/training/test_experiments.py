"""Every shipped experiment composes, and trains as its recipe says: pixels first, then all its terms."""

import lightning as L
import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

from tests.conftest import REPOSITORY
from tests.training.test_every_combination import clips, narrowed
from vsr.generators import BasicVSR
from vsr.motion import SPyNet
from vsr.training.build import build_module

NAMES = sorted(path.stem for path in (REPOSITORY / "configs" / "experiment").glob("*.yaml"))

# From the recipes that the files name: steps of phase 1 and of the whole, and the learning rates of generator and
# discriminator at some steps, counted from 0; None where the discriminator stands still or is none.
RECIPES = {
    "basicvsr_reds": (None, 300_000, {0: (2e-4, None), 150_000: (1.0005e-4, None), 300_000: (1e-7, None)}),
    "tecogan_vid4": (
        400_000,
        900_000,
        {149_999: (1e-4, None), 150_000: (5e-5, None), 300_000: (2.5e-5, None), 400_000: (5e-5, 5e-5)},
    ),
    "real_basicvsr": (300_000, 450_000, {299_999: (1e-4, None), 300_000: (5e-5, 1e-4), 449_999: (5e-5, 1e-4)}),
    "esrgan_video": (
        300_000,
        700_000,
        {0: (2e-4, None), 300_000: (1e-4, 1e-4), 350_000: (5e-5, 5e-5), 600_000: (6.25e-6, 6.25e-6)},
    ),
}


class Watch(Callback):
    """After each step: the loss terms that ran, and the discriminators' weights."""

    def __init__(self):
        self.terms, self.critics = [], []

    def on_train_batch_end(self, trainer, pl_module, *_):
        logged = {name.partition("train/loss_")[2]: float(value) for name, value in trainer.logged_metrics.items()}
        self.terms.append({name for name in pl_module.losses.terms if name in logged})
        self.critics.append(flat(pl_module.discriminators))


def flat(network):
    return torch.cat([torch.zeros(1), *(parameter.detach().flatten() for parameter in network.parameters())])


def fitted(cfg):
    """The module of a composed config, every network as narrow as it may be, after two steps; and who watched."""
    config = OmegaConf.to_container(cfg, resolve=True)
    for group in ("generator", "discriminator", "loss"):
        config[group] = narrowed(config[group])
    module, _ = build_module(config)
    watch = Watch()
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=watch,
        logger=False,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(clips(4, 3), batch_size=None))
    return module, watch


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_each_phase(compose, name):
    cfg = compose(f"experiment={name}")
    if "pixel_steps" not in cfg:
        _, watch = fitted(cfg)
        assert watch.terms == [{"pixel"}, {"pixel"}]
        return
    cfg.pixel_steps = 1
    module, watch = fitted(cfg)
    assert watch.terms == [{"pixel"}, set(module.losses.terms)]
    assert set(module.losses.terms) >= {"pixel", "perceptual", "adversarial"}
    assert not torch.equal(*watch.critics)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "basicvsr_reds"])
def test_the_discriminator_stands_still_in_the_pixel_phase(compose, name):
    cfg = compose(f"experiment={name}")
    cfg.pixel_steps = 2
    _, watch = fitted(cfg)
    assert torch.equal(*watch.critics)


@pytest.mark.parametrize("name", RECIPES)
def test_learning_rates_are_those_of_the_recipe(compose, name):
    pixel_steps, steps, rates = RECIPES[name]
    cfg = compose(f"experiment={name}")
    assert (cfg.get("pixel_steps"), cfg.trainer.max_steps) == (pixel_steps, steps)
    optimisation = instantiate(OmegaConf.to_container(cfg.optimizer, resolve=True))
    generator = BasicVSR(SPyNet("random"), channels=4, blocks=1, head_channels=4)
    optimisers = (optimisation.generator_optimiser(generator), optimisation.discriminator_optimiser(generator))
    schedules = optimisation.schedules(optimisers)
    for step, (of_generator, of_discriminator) in rates.items():
        rate, critics_rate = (schedule.base_lrs[0] * schedule.lr_lambdas[0](step) for schedule in schedules)
        assert rate == pytest.approx(of_generator, rel=1e-6)
        if pixel_steps is not None:
            assert optimisation.trains_discriminators(step) == (of_discriminator is not None)
        if of_discriminator is not None:
            assert critics_rate == pytest.approx(of_discriminator, rel=1e-6)


def test_every_recipe_with_a_source_is_checked_against_it():
    assert set(NAMES) - {"tecogan_small"} == set(RECIPES)
