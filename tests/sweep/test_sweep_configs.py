"""The sweeps that are shipped: how many jobs, over what, and what each starts with."""

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from tests.conftest import REPOSITORY
from vsr.metrics import METRICS
from vsr.sweep.plan import Plan


@pytest.fixture
def planned():
    """``planned(*overrides)``: the plan and the configuration, with Hydra's node, of a sweep."""

    def make(*overrides):
        with initialize_config_dir(str(REPOSITORY / "configs"), version_base="1.3"):
            loader = GlobalHydra.instance().config_loader()
            config = loader.load_configuration("train", list(overrides), run_mode=RunMode.MULTIRUN)
            return Plan.of(config), config

    return make


@pytest.mark.parametrize("sweep", ["frontier", "frontier_temporal"])
def test_a_grid_holds_the_end_without_each_of_its_terms(planned, sweep):
    plan, config = planned(f"sweep={sweep}", "init_from=run")
    assert plan.jobs >= 6 and plan.one_by_one and len(plan.swept) == 2
    for key in plan.swept:
        (parsed,) = OverridesParser.create().parse_overrides([f"{key}={config.hydra.sweeper.params[key]}"])
        values = [float(value) for value in parsed.sweep_iterator()]
        assert values[0] == 0 and values == sorted(values) and key.split(".")[1] in config.loss
    assert set(plan.axes.values()) <= set(config.metrics) <= METRICS.keys()
    assert config.trainer.val_every == config.trainer.max_steps


def test_any_weight_is_swept_from_the_command_line_beside_or_in_place_of_the_grid(planned):
    plan, _ = planned("sweep=frontier", "loss=full", "loss.style.weight=0,0.01,0.1")
    beside, _ = planned("sweep=frontier")
    assert plan.jobs == 3 * beside.jobs and plan.swept == [*beside.swept, "loss.style.weight"]
    fixed = ("loss.perceptual.weight=0.1", "loss.adversarial.weight=0.05")
    plan, _ = planned("sweep=frontier", "loss=full", "loss.style.weight=0,0.01,0.1", *fixed)
    assert plan.jobs == 3 and plan.swept == ["loss.style.weight"]


def test_what_is_typed_and_what_an_experiment_says_of_its_terms_wins_over_the_sweep(planned):
    plan, config = planned("sweep=frontier", "trainer.max_steps=7", "output_dir=mine", "loss=full")
    assert config.trainer.max_steps == config.trainer.val_every == 7
    assert plan.folder.endswith("/mine") and "style" in config.loss
    _, config = planned("sweep=frontier", "experiment=tecogan_small")
    assert config.loss.adversarial.objective == "vanilla" and "ping_pong" in config.loss


@pytest.mark.parametrize(
    ("axes", "directions"),
    [([], ["maximize", "minimize"]), (["frontier.x=lpips", "frontier.z=ssim"], ["minimize", "minimize", "maximize"])],
)
def test_optuna_searches_along_the_frontiers_axes(planned, axes, directions):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="hydra-optuna-sweeper is not installed")
    plan, config = planned("sweep=optuna", *axes)
    assert list(config.hydra.sweeper.direction) == directions
    assert plan.objectives == list(plan.axes.values()) and len(plan.objectives) == len(directions)
    assert plan.jobs == config.hydra.sweeper.n_trials
    assert plan.swept == ["loss.perceptual.weight", "loss.adversarial.weight"]


def test_a_key_that_is_set_by_force_is_swept_like_any_other(planned):
    plan, _ = planned("++seed=0,1", "+data.note=a,b,c")
    assert plan.swept == ["seed", "data.note"] and plan.jobs == 6


def test_how_many_jobs_a_grid_of_optunas_has_only_it_knows(planned):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="hydra-optuna-sweeper is not installed")
    assert planned("hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "seed=choice(0,1)")[0].jobs is None


@pytest.mark.parametrize(
    ("overrides", "axes"),
    [
        (["metrics=[psnr,ssim]"], {}),
        (["metrics=[psnr,ssim]", "frontier.y=ssim"], {"x": "psnr_y", "y": "ssim"}),
        (["metrics=[psnr,ssim]", "sweep=frontier"], {"x": "psnr_y", "y": "lpips"}),
        (["metrics=[psnr_y,lpips]"], {"x": "psnr_y", "y": "lpips"}),
    ],
)
def test_a_frontier_that_nobody_asked_for_is_drawn_where_its_axes_are_scored(planned, overrides, axes):
    assert planned("seed=0,1", *overrides)[0].axes == axes


def test_without_a_searching_sweeper_the_objective_is_psnr(planned):
    assert planned("seed=0,1")[0].objectives == "psnr_y"
