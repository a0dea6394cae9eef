import csv
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from vsr.demos.ambiguous_edges import ambiguous_columns, edge_width, scenes
from vsr.demos.edge_picture import draw
from vsr.demos.edge_training import fit, fit_adversarial, noise
from vsr.demos.regression_to_mean import Measured, disagreements, main, measure


@pytest.fixture(scope="module")
def test_scenes():
    return scenes(400, torch.Generator().manual_seed(1))


def test_both_places_give_the_same_lr(test_scenes):
    for mode in test_scenes.modes:
        torch.testing.assert_close(F.avg_pool2d(mode, 8), test_scenes.lr)
    assert (test_scenes.modes[0] - test_scenes.modes[1]).abs().amax() > 0.5
    assert ambiguous_columns().nonzero().flatten().tolist() == [8, 9, 10, 13, 14, 15]


def test_the_mean_picture_is_what_scenes_of_one_lr_average_to():
    many = scenes(20_000, torch.Generator().manual_seed(2))
    ground = many.lr[:, :, :1, :1]
    average = ((many.hr - ground) / many.contrast).mean((0, 1, 2))
    expected = ((many.mean - ground) / many.contrast).mean((0, 1, 2))
    torch.testing.assert_close(average, expected, atol=0.015, rtol=0)
    assert expected[7:17].tolist() == pytest.approx([0, 0.6, 0.6, 0.6, 1, 1, 0.4, 0.4, 0.4, 0], abs=1e-5)


def test_edge_width_is_that_of_a_step_a_ramp_and_the_mean(test_scenes):
    ramp = torch.cat([torch.zeros(5), torch.linspace(0, 1, 11), torch.linspace(1, 0, 11), torch.zeros(5)])
    assert float(edge_width(ramp.expand(1, 1, 4, -1))) == pytest.approx(8)
    torch.testing.assert_close(edge_width(test_scenes.hr), torch.full((400,), 0.8))
    # From a sixth of the way to the first of three pixels of 60 % to three quarters of the way from the last to 100 %.
    torch.testing.assert_close(edge_width(test_scenes.mean), torch.full((400,), 3 + 0.75 - 1 / 6))


def test_modes_and_mean_are_as_far_apart_as_their_shares_say(test_scenes):
    hr, mean = measure(test_scenes, test_scenes.hr), measure(test_scenes, test_scenes.mean)
    assert (hr.to_nearest_mode, hr.nearer_to_a_mode) == (0, 1)
    assert 0.4 < hr.to_mean < 0.6
    assert hr.at_first_place == pytest.approx(0.6, abs=0.05)
    assert mean.to_nearest_mode == pytest.approx(0.4, abs=1e-5)
    assert (mean.to_mean, mean.off_mean, mean.nearer_to_a_mode) == (0, 0, 0)
    assert measure(test_scenes, 1.1 * test_scenes.mean).off_mean == pytest.approx(0.1, rel=1e-4)


def test_disagreement_with_theory_is_said():
    mean, mode = Measured(3.6, 0.4, 0.01, 0.0, 1.0, 0.01), Measured(0.8, 0.01, 0.4, 1.0, 1.0, 0.5)
    good = {"MSE": mean, "L1": mode, "adversarial": mode}
    assert disagreements(good) == []
    assert "6.0% off the mean" in disagreements(good | {"MSE": replace(mean, off_mean=0.06)})[0]
    assert "only 50%" in disagreements(good | {"adversarial": replace(mode, nearer_to_a_mode=0.5)})[0]


def test_a_short_training_tells_mean_from_median(test_scenes):
    z = noise(400, torch.Generator().manual_seed(3))
    generators = [fit(loss, steps=300, seed=0) for loss in (F.mse_loss, F.l1_loss)]
    with torch.no_grad():
        mse, l1 = (measure(test_scenes, generator(test_scenes.lr, z)) for generator in generators)
    assert mse.off_mean < 0.05
    assert l1.nearer_to_a_mode > 0.9
    assert l1.at_first_place > 0.9
    assert l1.width < mse.width / 2


def test_an_adversarial_training_repeats_itself_and_no_other():
    z, lr = noise(1, torch.Generator().manual_seed(3)), torch.zeros(1, 1, 3, 3)
    first, again, other = (fit_adversarial(3, seed).requires_grad_(False)(lr, z) for seed in (0, 0, 1))
    torch.testing.assert_close(first, again)
    assert (first - other).abs().max() > 1e-3


def test_the_picture_shows_a_sample_of_each_place_only_where_there_are_such(test_scenes):
    first, second = test_scenes.modes[:, :1]
    one = draw(test_scenes, first, first, first.expand(3, -1, -1, -1))
    both = draw(test_scenes, first, first, torch.cat([first, second, second]))
    assert [sum("adversarial" in axes.get_title() for axes in figure.axes) for figure in (one, both)] == [1, 2]


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_trained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="choose another place with --output"):
        main(["--output", str(tmp_path / "file" / "folder")])


@pytest.mark.slow
def test_mse_learns_the_mean_and_the_adversarial_loss_the_modes(tmp_path):
    main(["--output", str(tmp_path)])
    with (tmp_path / "regression_to_mean.csv").open(encoding="utf-8") as file:
        found = {row.pop("picture"): {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)}
    assert found["MSE"]["off_mean"] < 0.05
    assert found["MSE"]["width"] > 3
    assert found["L1"]["at_first_place"] > 0.95
    adversarial = found["adversarial"]
    assert adversarial["to_nearest_mode"] < adversarial["to_mean"] / 3
    assert adversarial["nearer_to_a_mode"] > 0.9
    assert 0.4 < adversarial["at_first_place"] < 0.8  # it draws both, about as often as they occur
    assert adversarial["width"] < 1.6
    assert (tmp_path / "regression_to_mean.png").stat().st_size > 0
