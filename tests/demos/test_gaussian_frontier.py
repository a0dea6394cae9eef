import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from vsr.demos import gaussian_frontier, gaussian_network
from vsr.demos.gaussian_frontier import disagreements, main
from vsr.demos.gaussian_network import Scores, score
from vsr.demos.gaussian_signal import GaussianRows, bicubic
from vsr.frontier.covariance import bures_distance


@pytest.fixture(scope="module")
def rows():
    return GaussianRows()


def linear(rows, perception):
    """The best estimator of the oracle, as a network would be called."""
    best = rows.problem.estimator(perception)
    matrix = torch.from_numpy(best.matrix).float()
    eigenvalues, vectors = np.linalg.eigh(best.noise)
    factor = torch.from_numpy(vectors * np.sqrt(eigenvalues.clip(0))).float()
    return lambda lr, noise: lr @ matrix.T + noise @ factor.T


def test_rows_have_the_covariances_of_the_problem(rows):
    hr, lr = rows.draw(200_000, torch.Generator().manual_seed(0))
    both = torch.cat([hr, lr], 1).double()
    problem = rows.problem
    expected = np.block([[problem.signal, problem.cross], [problem.cross.T, problem.observation]])
    np.testing.assert_allclose((both.T @ both / len(both)).numpy(), expected, atol=0.015)


def test_the_loss_is_the_distance_of_the_oracle_and_can_be_followed_downhill(rows):
    factor = torch.randn(8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    mean = torch.full((8,), 0.5, dtype=torch.float64)
    distance = rows.squared_distance(mean, factor @ factor.T)
    expected = bures_distance(rows.problem.signal, (factor @ factor.T).detach().numpy()) ** 2 + 8 * 0.25
    assert distance.item() == pytest.approx(expected)
    (gradient,) = torch.autograd.grad(distance, factor)
    downhill = (factor - 1e-3 * gradient).detach()
    assert rows.squared_distance(mean, downhill @ downhill.T) < distance


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_oracles_own_estimators_score_on_the_curve(rows, share):
    perception = share * rows.problem.mmse_perception
    scores = score(rows, linear(rows, perception))
    assert scores.w2 == pytest.approx(perception, abs=0.01)
    assert scores.mse == pytest.approx(float(rows.problem.distortion(perception)), rel=0.01)
    low, high = scores.intervals["excess"]
    assert low <= scores.excess <= high
    assert low < 0.01 and high > 0
    weight = 1 / share - 1 if share else np.inf
    assert not disagreements(rows.problem, {weight: scores})


def test_what_is_not_optimal_scores_above_the_curve_beyond_its_interval(rows):
    scores = score(rows, lambda lr, noise: bicubic(lr))
    assert scores.intervals["excess"][0] > 0.03
    assert scores.mse > rows.problem.mmse


def test_disagreement_with_theory_is_said(rows):
    least = float(rows.problem.distortion(0.4))

    def found(mse, high=1.0):
        intervals = {"excess": (-1.0, high)}
        return disagreements(rows.problem, {1.0: Scores(mse, 0.4, [], intervals, mse - least)})

    assert found(1.02 * least) == []
    assert "λ=1: MSE is 4.0% above D(P)" in found(1.04 * least)[0]
    assert "below D(P)" in found(0.99 * least, high=-0.001)[0]
    assert any("twice" in line for line in found(2.1 * rows.problem.mmse))


def test_a_training_that_its_weight_does_not_move_disagrees(rows):
    best = score(rows, linear(rows, rows.problem.mmse_perception))
    assert disagreements(rows.problem, {0.0: best}) == []
    (line,) = disagreements(rows.problem, {3.0: best})
    assert line.startswith("λ=3: P is 0.8") and line.endswith("not P*/(1 + λ) = 0.205")


def test_a_short_run_leaves_what_a_sweep_leaves_and_says_that_it_was_too_short(tmp_path, monkeypatch, capsys):
    for module in (gaussian_network, gaussian_frontier):
        monkeypatch.setattr(module, "BATCHES", 4)
    monkeypatch.setattr(gaussian_network, "BATCH", 256)
    with pytest.raises(SystemExit, match="above D"):
        main(["--output", str(tmp_path), "--steps", "5"])
    record = json.loads((tmp_path / "w2=0.3" / "results.json").read_text())
    assert record["loss_weights"] == {"pixel": 1.0, "w2": 0.3}
    assert set(record["metrics"]) == {"mse", "w2"}
    assert len(record["clips"]) == 4
    trainings = [json.loads(file.read_text())["training_seconds"] for file in tmp_path.glob("w2=*/results.json")]
    found = json.loads((tmp_path / "frontier.json").read_text())
    assert len(trainings) == 7 and found["training_seconds"] == pytest.approx(sum(trainings))
    with (tmp_path / "frontier.csv").open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))
    assert len(points) == 17
    assert sum(point["curve"] == "outputs interpolation" for point in points) == 10
    assert Image.open(tmp_path / "gaussian_frontier.png").size == Image.open(tmp_path / "frontier.png").size
    assert "at most 2 (Blau" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_trained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="choose another place with --output"):
        main(["--output", str(tmp_path / "file" / "folder")])


@pytest.mark.slow
def test_trained_networks_and_their_mixtures_land_on_the_curve(rows, tmp_path):
    main(["--output", str(tmp_path)])  # ends with 1 if a point lies below the curve beyond its interval
    problem = rows.problem
    found = json.loads((tmp_path / "frontier.json").read_text())["points"]
    assert len(found) == 17
    for point in found:
        assert point["values"]["mse"] == pytest.approx(float(problem.distortion(point["values"]["w2"])), rel=0.03)
        assert point["values"]["mse"] <= 2 * problem.mmse
    trained = sorted((point for point in found if not point["curve"]), key=lambda point: point["weights"]["w2"])
    for point in trained:
        expected = problem.mmse_perception / (1 + point["weights"]["w2"])
        assert point["values"]["w2"] == pytest.approx(expected, abs=0.02)
