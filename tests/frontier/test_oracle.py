import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import norm, qmc

from vsr.frontier.covariance import bures_distance
from vsr.frontier.oracle import GaussianProblem, LinearEstimator, scalar_distortion
from vsr.metrics.frechet import Gaussian, frechet_distance


def covariance(size, seed, rank=None):
    factor = np.random.default_rng(seed).normal(size=(size, rank or size))
    return factor @ factor.T / size


def problem(n, m, seed=0, noise=0.2):
    operator = np.random.default_rng(100 + seed).normal(size=(m, n))
    return GaussianProblem.observed(covariance(n, seed), operator, noise * np.eye(m))


def textbook_distance(first, second):
    """Squared, as it is printed: tr √(√Σ Σ' √Σ) is the sum of the roots of the eigenvalues of ΣΣ'."""
    eigenvalues = np.linalg.eigvals(first @ second).real.clip(0)
    return np.trace(first + second) - 2 * np.sqrt(eigenvalues).sum()


def samples(operator, signal, noise, estimator, seed):
    """X and X̂ of 2¹⁷ draws: a scrambled Sobol sequence, whose means of squares are some hundred times as exact as
    those of as many independent draws."""
    n, m = operator.T.shape
    uniform = qmc.Sobol(n + m + n, seed=seed).random_base2(17)
    x, v, w = np.split(norm.ppf(uniform), [n, n + m], axis=1)
    x = x @ np.linalg.cholesky(signal).T
    y = x @ operator.T + v * np.sqrt(noise)
    eigenvalues, vectors = np.linalg.eigh(estimator.noise)
    return x, y @ estimator.matrix.T + w * np.sqrt(eigenvalues.clip(0)) @ vectors.T


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0, 1.7])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (8, 5)])
def test_monte_carlo_finds_the_formulas_distortion_and_perception(n, m, share):
    signal, operator = covariance(n, 3), np.random.default_rng(4).normal(size=(m, n))
    oracle = GaussianProblem.observed(signal, operator, 0.2 * np.eye(m))
    perception = share * oracle.mmse_perception
    x, estimate = samples(operator, signal, 0.2, oracle.estimator(perception), seed=0)

    distortion = np.square(x - estimate).sum(1).mean()
    found = np.sqrt(max(textbook_distance(signal, estimate.T @ estimate / len(estimate)), 0))
    assert distortion == pytest.approx(float(oracle.distortion(perception)), rel=1e-3)
    assert found == pytest.approx(min(perception, oracle.mmse_perception), abs=1e-3)


def test_of_scalars_the_distance_is_that_of_sorted_samples():
    """In one dimension W₂ couples the quantiles: nothing here knows that the samples are Gaussian."""
    signal, operator = np.array([[1.7]]), np.array([[1.0]])
    oracle = GaussianProblem.observed(signal, operator, [[0.9]])
    perception = 0.6 * oracle.mmse_perception
    x, estimate = samples(operator, signal, 0.9, oracle.estimator(perception), seed=1)
    distance = np.sqrt(np.square(np.sort(x, axis=0) - np.sort(estimate, axis=0)).mean())
    assert distance == pytest.approx(perception, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_no_linear_estimator_that_an_optimiser_finds_is_better(share):
    """Least MSE over X̂ = A Y + L W under W₂ ≤ P, by sequential quadratic programming from random starts."""
    oracle = problem(2, 1, seed=5)
    perception = share * oracle.mmse_perception

    def estimator(parameters):
        matrix, factor = parameters[:2].reshape(2, 1), parameters[2:].reshape(2, 2)
        return matrix, factor @ factor.T

    def law(parameters):
        matrix, noise = estimator(parameters)
        return matrix @ oracle.observation @ matrix.T + noise

    def distortion(parameters):
        return np.trace(oracle.signal + law(parameters) - 2 * estimator(parameters)[0] @ oracle.cross.T)

    def slack(parameters):
        return perception**2 + 1e-5 - textbook_distance(oracle.signal, law(parameters))

    starts = np.random.default_rng(6).normal(size=(6, 6))
    constraint = {"type": "ineq", "fun": slack}
    found = [minimize(distortion, start, constraints=constraint, method="SLSQP") for start in starts]
    best = min(result.fun for result in found if result.success)
    # The 1e-5 of slack, without which P = 0 has no inside, is worth up to 2 (P* - P) · √1e-5 of distortion.
    allowed = float(oracle.distortion(np.sqrt(perception**2 + 1e-5)))
    assert best == pytest.approx(allowed, rel=5e-5)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (3, 5), (8, 4)])
def test_the_optimal_estimators_score_what_the_function_says(n, m):
    oracle = problem(n, m)
    for perception in np.linspace(0, oracle.mmse_perception, 5):
        distortion, reached = oracle.scores(oracle.estimator(perception))
        assert distortion == pytest.approx(float(oracle.distortion(perception)), rel=1e-9)
        assert reached == pytest.approx(perception, abs=1e-6)


def test_scalars_obey_their_own_closed_form():
    rho, perceptions = 0.6, np.linspace(0, 1, 11)
    oracle = GaussianProblem([[1.0]], [[rho]], [[1.0]])
    np.testing.assert_allclose(scalar_distortion(perceptions, rho), oracle.distortion(perceptions), atol=1e-12)
    assert float(scalar_distortion(0, rho)) == pytest.approx(2 - 2 * rho)
    assert oracle.mmse_perception == pytest.approx(1 - rho)


def test_perfect_perception_costs_at_most_twice_the_mse():
    ratios = [float(each.distortion(0)) / each.mmse for each in (problem(4, 2, seed, 0.5) for seed in range(20))]
    assert max(ratios) <= 2
    assert min(ratios) > 1
    blind = GaussianProblem(covariance(3, 0), np.zeros((3, 1)), [[1.0]])  # all that is left is to draw from p_X
    assert float(blind.distortion(0)) == pytest.approx(2 * blind.mmse)


def test_samples_of_the_posterior_pay_the_whole_bound():
    """X̂ ~ p(X|Y) has the law of X, at exactly twice the MSE: perfect perception can be had for less."""
    oracle = problem(4, 2)
    posterior = LinearEstimator(oracle.regression, oracle.signal - oracle.regressed)
    distortion, perception = oracle.scores(posterior)
    assert perception == pytest.approx(0, abs=1e-6)
    assert distortion == pytest.approx(2 * oracle.mmse)
    assert distortion > 1.1 * float(oracle.distortion(0))


def test_mixing_the_two_ends_outputs_gives_every_estimator_between():
    oracle = problem(4, 2)
    ends = oracle.estimator(0), oracle.estimator(oracle.mmse_perception)
    mixed = LinearEstimator(0.7 * ends[0].matrix + 0.3 * ends[1].matrix, 0.7**2 * ends[0].noise)
    distortion, perception = oracle.scores(mixed)
    assert perception == pytest.approx(0.3 * oracle.mmse_perception)
    assert distortion == pytest.approx(float(oracle.distortion(perception)))


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0, 30.0])
def test_the_penalised_optimum_is_where_the_derivative_says(weight):
    oracle = problem(4, 2)
    grid = np.linspace(0, oracle.mmse_perception, 20_001)
    least = grid[np.argmin(oracle.distortion(grid) + weight * grid**2)]
    assert float(oracle.perception_under(weight)) == pytest.approx(least, abs=1e-4)


@pytest.mark.parametrize(("rank", "noise"), [(4, 0.0), (2, 0.0), (2, 0.3)])
def test_singular_covariances_are_no_special_case(rank, noise):
    """Signals on a subspace, noiseless and redundant observations: the limit of ever smaller noise."""
    signal = covariance(4, 8, rank)
    operator = np.vstack([np.eye(4)[:2], np.eye(4)[:1]])
    exact = GaussianProblem.observed(signal, operator, noise * np.eye(3))
    near = GaussianProblem.observed(signal + 1e-9 * np.eye(4), operator, (noise + 1e-9) * np.eye(3))
    for perception in (0.0, exact.mmse_perception / 2):
        distortion, reached = exact.scores(exact.estimator(perception))
        assert distortion == pytest.approx(float(near.distortion(perception)), abs=1e-3)
        assert reached == pytest.approx(perception, abs=1e-5)


def test_what_is_known_exactly_has_nothing_to_trade():
    oracle = GaussianProblem.observed(covariance(3, 0), np.eye(3), np.zeros((3, 3)))
    assert oracle.scores(oracle.estimator(0)) == pytest.approx((0, 0), abs=1e-6)


def test_the_distance_agrees_with_the_frechet_distance_of_the_metrics():
    first, second = covariance(6, 1), covariance(6, 2, rank=3)
    zero = torch.zeros(6, dtype=torch.float64)
    other = frechet_distance(Gaussian(zero, torch.tensor(first)), Gaussian(zero, torch.tensor(second)))
    assert bures_distance(first, second) ** 2 == pytest.approx(float(other), rel=1e-6)
    assert bures_distance(first, second) ** 2 == pytest.approx(textbook_distance(first, second), rel=1e-6)
    assert bures_distance(np.diag([4.0, 9]), np.diag([1.0, 1])) == pytest.approx(np.sqrt(5))


def test_matrices_that_are_no_covariances_are_refused():
    with pytest.raises(ValueError, match=r"not \(n, n\), \(n, m\) and \(m, m\)"):
        GaussianProblem(np.eye(2), np.zeros((3, 1)), np.eye(1))
    with pytest.raises(ValueError, match="negative eigenvalue"):
        GaussianProblem([[1.0]], [[2.0]], [[1.0]])  # correlated by 2
    with pytest.raises(ValueError, match="finite and symmetric"):
        bures_distance([[1.0, 0.5], [0.0, 1.0]], np.eye(2))
    with pytest.raises(ValueError, match="finite and symmetric"):
        bures_distance(np.full((2, 2), np.nan), np.eye(2))
    with pytest.raises(ValueError, match="not square"):
        bures_distance(np.ones((2, 3)), np.eye(2))


def test_quantities_out_of_range_are_refused():
    for call in (problem(2, 1).distortion, problem(2, 1).estimator, problem(2, 1).perception_under):
        with pytest.raises(ValueError, match="negative"):
            call(-0.1)
    with pytest.raises(ValueError, match="correlation"):
        scalar_distortion(0, 1.2)
