"""Covariance matrices, singular or not: roots, pseudo-inverses, and the distance of the Gaussians that have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]

_RELATIVE_ZERO = 1e-13
"""Eigenvalues below this share of the largest are rounding errors of zero."""
_TOLERANCE = 1e-9
"""What a given matrix may lack of a covariance, as a share of its largest entry or eigenvalue."""


def bures_distance(covariance: ArrayLike, other: ArrayLike) -> float:
    """W₂ of two centred Gaussians: [tr Σ + tr Σ' − 2 tr(Σ^½ Σ' Σ^½)^½]^½ (Olkin & Pukelsheim, 1982).

    Computed as min over orthogonal U of ‖Σ^½ − Σ'^½ U‖_F, which does not cancel where they are close.

    Args:
        covariance: Σ, (n, n).
        other: Σ', (n, n).

    Raises:
        ValueError: one is no covariance.
    """
    first, second = np.asarray(covariance, np.float64), np.asarray(other, np.float64)
    refuse_no_covariance(first)
    refuse_no_covariance(second)
    first, second = root(first), root(second)
    left, _, right = np.linalg.svd(second @ first)
    return float(np.linalg.norm(first - second @ left @ right))


def root(matrix: Matrix) -> Matrix:
    """Σ^½, the symmetric one."""
    return _of_spectrum(np.sqrt, matrix)


def pseudo_inverse(matrix: Matrix) -> Matrix:
    """Σ⁺."""
    return _of_spectrum(np.reciprocal, matrix)


def nearest_covariance(matrix: Matrix) -> Matrix:
    """Σ without the negative eigenvalues that rounding has left."""
    return _of_spectrum(np.positive, matrix)


def refuse_no_covariance(matrix: Matrix) -> None:
    """Raise ValueError unless ``matrix`` is finite, symmetric and, but for rounding, has no negative eigenvalue."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"no covariance: shape {matrix.shape} is not square")
    if not np.isfinite(matrix).all() or np.abs(matrix - matrix.T).max() > _TOLERANCE * np.abs(matrix).max():
        raise ValueError("no covariance: the matrix is not finite and symmetric")
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] < -_TOLERANCE * max(eigenvalues[-1], 0):
        raise ValueError(f"no covariance: the matrix has the negative eigenvalue {eigenvalues[0]:.3g}")


def _of_spectrum(function: Callable[[Matrix], Matrix], matrix: Matrix) -> Matrix:
    """``function`` of the eigenvalues of a covariance, those that are zero but for rounding left at 0."""
    eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive = eigenvalues > _RELATIVE_ZERO * np.abs(eigenvalues).max()
    vectors = vectors[:, positive]
    return np.asarray(vectors * function(eigenvalues[positive]) @ vectors.T)
