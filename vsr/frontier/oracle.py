"""The distortion–perception function of Gaussian signals in closed form: the least MSE at each distance from p_X.

Freirich, Michaeli & Meir, "A Theory of the Distortion-Perception Tradeoff in Wasserstein Space", NeurIPS 2021, for
distortion E‖X − X̂‖² and perception W₂(p_X, p_X̂). All signals are centred: a mean is known to every estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from vsr.frontier.covariance import (
    Matrix,
    bures_distance,
    nearest_covariance,
    pseudo_inverse,
    refuse_no_covariance,
    root,
)


@dataclass(frozen=True)
class LinearEstimator:
    """X̂ = matrix · Y + W, with W ~ N(0, noise) independent of X and Y.

    Args:
        matrix: (n, m).
        noise: covariance (n, n).
    """

    matrix: Matrix
    noise: Matrix


class GaussianProblem:
    """The estimation of X ~ N(0, Σx) in n dimensions from Y ~ N(0, Σy) in m, jointly Gaussian.

    Any of the covariances may be singular.

    Args:
        signal: Σx, (n, n).
        cross: E[X Yᵀ], (n, m).
        observation: Σy, (m, m).

    Raises:
        ValueError: together they are no covariance.
    """

    def __init__(self, signal: ArrayLike, cross: ArrayLike, observation: ArrayLike) -> None:
        self.signal, self.cross, self.observation = (
            np.asarray(each, np.float64) for each in (signal, cross, observation)
        )
        _check_shapes(self.signal, self.cross, self.observation)
        refuse_no_covariance(np.block([[self.signal, self.cross], [self.cross.T, self.observation]]))

    @classmethod
    def observed(cls, signal: ArrayLike, operator: ArrayLike, noise: ArrayLike) -> GaussianProblem:
        """Y = operator · X + N with N ~ N(0, noise), independent of X."""
        signal, operator = np.asarray(signal, np.float64), np.asarray(operator, np.float64)
        cross = signal @ operator.T
        return cls(signal, cross, operator @ cross + np.asarray(noise, np.float64))

    @cached_property
    def regression(self) -> Matrix:
        """K = E[X Yᵀ] Σy⁺, (n, m): X* = E[X|Y] = K Y, what least MSE leads to."""
        return self.cross @ pseudo_inverse(self.observation)

    @cached_property
    def regressed(self) -> Matrix:
        """Σ* = K E[Y Xᵀ], (n, n): the covariance of X*."""
        product = self.regression @ self.cross.T
        return (product + product.T) / 2

    @cached_property
    def mmse(self) -> float:
        """D* = E‖X − X*‖² = tr(Σx − Σ*)."""
        return max(0.0, float(np.trace(self.signal - self.regressed)))

    @cached_property
    def mmse_perception(self) -> float:
        """P* = W₂(p_X, p_X*), how far what least MSE leads to is from the law of the signal."""
        return bures_distance(self.signal, self.regressed)

    def distortion(self, perception: ArrayLike) -> Matrix:
        """D(P) = D* + [(P* − P)₊]², the least E‖X − X̂‖² of all estimators with W₂(p_X, p_X̂) ≤ P (theorem 1).

        It is the least too where P is the distance of the Gaussians that have the moments of X and X̂, whatever the law
        of X̂: that distance is at most W₂ (Gelbrich, 1990), equal for Gaussians, and obeys the triangle inequality.

        At P = 0 it is at most 2 D* (Blau & Michaeli, CVPR 2018, section 4), as P*² ≤ E‖X − X*‖² = D*.

        Args:
            perception: P ≥ 0, of any shape; raises ValueError if negative.
        """
        missing = np.maximum(self.mmse_perception - _not_negative(perception), 0)
        return np.asarray(self.mmse + missing**2)

    def perception_under(self, weight: ArrayLike) -> Matrix:
        """P*/(1 + λ), where D(P) + λ P² is least: what a training with the loss MSE + λ W₂² ends at.

        Args:
            weight: λ ≥ 0, of any shape; raises ValueError if negative.
        """
        return np.asarray(self.mmse_perception / (1 + _not_negative(weight)))

    def estimator(self, perception: float) -> LinearEstimator:
        """X̂_P = (1 − t) X̂₀ + t X* with t = min(P/P*, 1), which attains D(P) (section 3).

        X̂₀ = C Σ*⁺ X* + W, with C = Σx^½ (Σx^½ Σ* Σx^½)^½ Σx^(−½) and W ~ N(0, Σx − C Σ*⁺ Cᵀ), is X* transported
        onto p_X: the least MSE at P = 0.

        Args:
            perception: P ≥ 0; raises ValueError if negative.
        """
        t = min(float(_not_negative(perception)) / self.mmse_perception, 1.0) if self.mmse_perception else 1.0
        half = root(self.signal)
        coupling = half @ root(half @ self.regressed @ half) @ pseudo_inverse(half)
        transport = coupling @ pseudo_inverse(self.regressed)
        matrix = ((1 - t) * transport + t * np.eye(len(half))) @ self.regression
        return LinearEstimator(matrix, (1 - t) ** 2 * nearest_covariance(self.signal - transport @ coupling.T))

    def scores(self, estimator: LinearEstimator) -> tuple[float, float]:
        """E‖X − X̂‖² and W₂(p_X, p_X̂) of any linear ``estimator``."""
        law = estimator.matrix @ self.observation @ estimator.matrix.T + estimator.noise
        distortion = np.trace(self.signal) + np.trace(law) - 2 * np.trace(estimator.matrix @ self.cross.T)
        return float(distortion), bures_distance(self.signal, law)


def scalar_distortion(perception: ArrayLike, correlation: float) -> Matrix:
    """D(P) of two scalars of variance 1: 1 + (1 − P)² − 2ρ(1 − P) where P ≤ P* = 1 − ρ, and D* = 1 − ρ² beyond.

    Args:
        perception: P ≥ 0, of any shape.
        correlation: ρ = |E[XY]|, in [0, 1].

    Raises:
        ValueError: P or ρ outside its range.
    """
    if not 0 <= correlation <= 1:
        raise ValueError(f"correlation={correlation} is not in [0, 1]")
    spread = 1 - np.minimum(_not_negative(perception), 1 - correlation)
    return np.asarray(1 + spread**2 - 2 * correlation * spread)


def _check_shapes(signal: Matrix, cross: Matrix, observation: Matrix) -> None:
    if cross.ndim != 2 or (signal.shape, observation.shape) != tuple((size, size) for size in cross.shape):
        shapes = f"{signal.shape}, {cross.shape} and {observation.shape}"
        raise ValueError(f"shapes {shapes} are not (n, n), (n, m) and (m, m)")


def _not_negative(value: ArrayLike) -> Matrix:
    array = np.asarray(value, np.float64)
    if not (array >= 0).all():
        raise ValueError(f"{array} is negative or not a number")
    return array
