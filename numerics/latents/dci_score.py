"""Disentanglement, completeness and informativeness (DCI) of a representation against
known factors (Eastwood & Williams 2018), with linear regression.

By default of least squares: their Lasso with its penalty left to the caller.
:func:`dci_of_importance` takes the importances of any other regressor (trees, say).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.latents.code_bins import require_matching, standardise


@dataclass(frozen=True)
class Dci:
    """``disentanglement`` and ``completeness`` in [0, 1]; ``error`` the root mean
    square error over the factors' standard deviation, on rows that were not fitted,
    averaged over factors (informativeness is its absence); ``importance`` (c, k)."""

    disentanglement: float
    completeness: float
    error: float
    importance: Tensor


def dci(codes: Tensor, factors: Tensor, *, penalty: float = 0.0) -> Dci:
    r"""Disentanglement, completeness and informativeness with linear regression.

    Codes and factors are standardised; the weights minimise :math:`\tfrac1{2m}|V -
    CW|^2 + \lambda |W|_1` over the first half of the rows, the importance of code i for
    factor j is :math:`|W_{ij}|`, and the error is taken on the second half. With
    :math:`\lambda` = ``penalty`` = 0 this is least squares, and for normal factors v =
    Az with orthogonal A the importance is |A^T|.

    Args:
        codes: Shape ``(n, c)``. factors: Shape ``(n, k)``.
    Raises:
        ValueError: fewer than two codes or factors, a constant factor, fewer than 2 c +
            4 rows, a negative penalty. A constant code has no importance.
    Source: Eastwood & Williams 2018, section 2; their first regressor is the Lasso.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> round(dci(factors, factors).disentanglement, 6)
    1.0
    """
    codes, factors = require_matching(codes, factors)
    n, c = codes.shape
    if n < 2 * c + 4:
        raise ValueError(f"Expected at least {2 * c + 4} rows for {c} codes, half of them to fit, got {n}.")
    X, Y = standardise(codes), standardise(factors)
    if not bool(Y.any(0).all()):
        raise ValueError(f"Factor {int((~Y.any(0)).nonzero()[0])} is constant: there is nothing to predict.")
    half = n // 2
    weights = lasso_weights(X[:half], Y[:half], penalty)
    disentanglement, completeness = dci_of_importance(weights.abs())
    rest = Y[half:] - X[half:] @ weights
    return Dci(disentanglement, completeness, float((rest**2).mean(0).sqrt().mean()), weights.abs())


def dci_of_importance(importance: Tensor) -> tuple[float, float]:
    r"""Disentanglement and completeness of an importance matrix R, shape ``(c, k)``,
    entries >= 0.

    .. math:: D = \sum_i \rho_i \Bigl(1 + \tfrac{1}{\log k}\sum_j P_{ij}\log P_{ij}\Bigr),\quad P_{ij} = \frac{R_{ij}}{\sum_l R_{il}},
              \quad \rho_i = \frac{\sum_j R_{ij}}{\sum R}

    and completeness likewise over columns, with log c and weights by columns. Codes of
    no importance have no weight; if nothing is important, both are 0.

    Raises:
        ValueError: fewer than two codes or factors (the logarithm's base would be 1),
            negative or infinite entries.
    Source: Eastwood & Williams 2018, section 2; the weights of completeness as in
        Locatello et al. 2019.

    >>> dci_of_importance(torch.eye(2)), dci_of_importance(torch.ones(2, 2))
    ((1.0, 1.0), (0.0, 0.0))
    """
    if importance.ndim != 2 or min(importance.shape) < 2:
        raise ValueError(
            f"Expected at least two codes and two factors, got importances of shape {tuple(importance.shape)}."
        )
    R = importance.to(torch.float64)
    if not bool((torch.isfinite(R) & (R >= 0)).all()):
        raise ValueError("Expected finite importances of at least 0. Take absolute values of weights first.")
    if not bool((R > 0).any()):
        return 0.0, 0.0
    return _concentration(R), _concentration(R.T)


def _concentration(R: Tensor) -> float:
    """The mean over rows, weighted by their sums, of one minus the rows' entropy in
    units of the largest possible."""
    rows = R.sum(1)
    share = R / torch.where(rows > 0, rows, torch.ones_like(rows))[:, None]
    kept = 1.0 + torch.xlogy(share, share).sum(1) / math.log(R.shape[1])
    return float((rows / rows.sum() * kept).sum().clamp(0.0, 1.0))


def lasso_weights(X: Tensor, Y: Tensor, penalty: float = 0.0) -> Tensor:
    r"""The W that minimises :math:`\tfrac1{2n}|Y - XW|^2 + \lambda|W|_1`, shape ``(c,
    k)``.

    For :math:`\lambda = 0` by a factorisation (the shortest W where several do).
    Otherwise by coordinate descent until the optimality conditions :math:`|X_i^T(Y -
    XW)/n| \le \lambda`, with equality and sign where :math:`W_i \ne 0`, hold to 64 c
    units of roundoff of their terms.

    Args:
        X: Shape ``(n, c)``. Y: Shape ``(n, k)``.
    Raises:
        ValueError: a penalty below 0 or not finite, or no convergence in 100,000 sweeps
            (nearly dependent columns).

    >>> lasso_weights(torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]]), penalty=1.0)  # 3 - 1
    tensor([[2.]])
    """
    if not (math.isfinite(penalty) and penalty >= 0):
        raise ValueError(f"Expected a finite penalty of at least 0, got {penalty}.")
    if penalty == 0:
        return torch.linalg.pinv(X) @ Y
    n, c = X.shape
    gram, cross = X.T @ X / n, X.T @ Y / n
    W = torch.zeros_like(cross)
    size = 64.0 * c * torch.finfo(X.dtype).eps * (1.0 + float(cross.abs().max()) + penalty)
    for _ in range(100_000):
        for i in gram.diagonal().nonzero()[:, 0].tolist():
            pull = cross[i] - gram[i] @ W + gram[i, i] * W[i]
            W[i] = torch.sign(pull) * (pull.abs() - penalty).clamp_min(0.0) / gram[i, i]
        slope = cross - gram @ W
        violated = torch.where(W != 0, (slope - penalty * torch.sign(W)).abs(), (slope.abs() - penalty).clamp_min(0.0))
        if float(violated.max()) <= size * (1.0 + float(W.abs().sum(0).max())):
            return W
    raise ValueError(
        "The Lasso did not converge in 100,000 sweeps: codes are nearly dependent. Use a larger penalty, or none."
    )
