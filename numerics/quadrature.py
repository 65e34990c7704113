"""Quadrature on an interval: nested Gauss-Kronrod rules, their estimate, and a
remainder for analytic integrands.

Two kinds of error live here and are kept apart: :func:`analytic_remainder` is a bound,
derived from how large the integrand is on an ellipse in the complex plane;
:meth:`Rule.estimate` compares two rules and is an estimate.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Rule:
    """A quadrature rule on [0, 1] with a coarser one embedded in its nodes.

    Args:
        nodes: Increasing, strictly inside (0, 1).
        weights: Positive; exact for polynomials up to ``degree``.
        coarse: Weights of the embedded rule, 0 where it has no node; exact up to
            ``coarse_degree``.

    >>> gauss(2).degree, len(gauss(2))
    (3, 2)
    """

    nodes: tuple[float, ...]
    weights: tuple[float, ...]
    coarse: tuple[float, ...]
    degree: int
    coarse_degree: int

    def __len__(self) -> int:
        return len(self.nodes)

    def tensors(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Nodes, weights and coarse weights on the device and in the dtype of ``like``,
        each of shape ``(len(self),)``.

        >>> gauss(1).tensors(torch.zeros(1))[0]
        tensor([0.5000])
        """
        return _rule_on_device(self, like.dtype, like.device)

    def integrate(self, integrand: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        r"""Integrals of ``integrand`` from ``low`` to ``high``, and the distance
        between the two rules.

        Args:
            integrand: Maps abscissae of shape ``(m, *batch)`` to values of the same
                shape.
            low, high: Shape ``batch``; ``high`` may lie below ``low``.
        Returns:
            The fine rule's values and ``|fine - coarse|``, an *estimate* (of the coarse
            rule's error, so on a smooth integrand usually far above that of the value
            returned), each of shape ``batch``.
        Accuracy:
            Rounding adds at most ``2 (len(self) + 3) eps`` times the integral of the
            absolute value.

        >>> zero, one = torch.zeros(1).double(), torch.ones(1).double()
        >>> gauss(2).integrate(lambda t: t**3, zero, one)[0]
        tensor([0.2500], dtype=torch.float64)
        """
        nodes, weights, coarse = self.tensors(low)
        width = high - low
        values = integrand(low + width * nodes.view(-1, *([1] * low.ndim)))
        fine = torch.tensordot(weights, values, 1) * width
        return fine, (fine - torch.tensordot(coarse, values, 1) * width).abs()


@functools.lru_cache(maxsize=64)
def _rule_on_device(rule: Rule, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    rows = torch.tensor([rule.nodes, rule.weights, rule.coarse], dtype=dtype, device=device)
    return rows[0], rows[1], rows[2]


@functools.cache
def gauss(n: int) -> Rule:
    """Gauss-Legendre with ``n`` nodes (degree 2n - 1); no rule is embedded, and
    ``coarse`` repeats the weights.

    >>> [round(weight, 12) for weight in gauss(2).weights]
    [0.5, 0.5]
    """
    if n < 1:
        raise ValueError(f"Expected at least one node, got {n}.")
    nodes, weights = np.polynomial.legendre.leggauss(n)
    half = tuple(float(w) for w in weights / 2)
    return Rule(tuple(float(x) for x in (nodes + 1) / 2), half, half, 2 * n - 1, 2 * n - 1)


@functools.cache
def kronrod(n: int) -> Rule:
    """Gauss-Kronrod with ``2n + 1`` nodes (degree at least 3n + 1) around
    Gauss-Legendre with ``n``.

    The recurrence of the (2n+1)-point Jacobi-Kronrod matrix is Laurie's (1997), nodes
    and weights are its eigenvalues and first eigenvector components (Golub & Welsch).
    Nodes and weights are good to a few units of 1e-15.

    >>> value, doubt = kronrod(7).integrate(torch.exp, torch.zeros(1).double(), torch.ones(1).double())
    >>> bool((value - (np.e - 1)).abs() < 1e-14)
    True
    """
    if n < 2:
        raise ValueError(f"Expected an inner rule of at least two nodes, got {n}.")
    diagonal, off = _jacobi_kronrod(n)
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(np.sqrt(off[1:]), 1) + np.diag(np.sqrt(off[1:]), -1))
    nodes, weights = (nodes + 1) / 2, vectors[0] ** 2
    nodes, weights = (nodes + 1 - nodes[::-1]) / 2, (weights + weights[::-1]) / 2
    coarse = np.zeros_like(weights)
    coarse[1::2] = gauss(n).weights
    nodes[1::2] = gauss(n).nodes
    return Rule(*(tuple(float(v) for v in row) for row in (nodes, weights, coarse)), 3 * n + 1, 2 * n - 1)


def _jacobi_kronrod(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the Jacobi-Kronrod matrix of the Legendre weight on [-1, 1], of
    size 2n + 1 (Laurie's algorithm)."""
    a, b = np.zeros(2 * n + 1), np.zeros(2 * n + 1)
    k = np.arange(1, (3 * n + 1) // 2 + 1)
    b[0] = 2.0
    b[k] = k**2 / (4.0 * k**2 - 1)
    s, t = np.zeros(n // 2 + 2), np.zeros(n // 2 + 2)
    t[1] = b[n + 1]
    for m in range(n - 1):
        total = 0.0
        for k in range((m + 1) // 2, -1, -1):
            j = m - k
            total += (a[k + n + 1] - a[j]) * t[k + 1] + b[k + n + 1] * s[k] - b[j] * s[k + 1]
            s[k + 1] = total
        s, t = t, s
    s[1:] = s[:-1].copy()
    for m in range(n - 1, 2 * n - 2):
        total, i = 0.0, 0
        for k in range(m + 1 - n, (m - 1) // 2 + 1):
            j = m - k
            i = n - 1 - j
            total += -(a[k + n + 1] - a[j]) * t[i + 1] - b[k + n + 1] * s[i + 1] + b[j] * s[i + 2]
            s[i + 1] = total
        k = (m + 1) // 2
        if m % 2 == 0:
            a[k + n + 1] = a[k] + (s[i + 1] - b[k + n + 1] * s[i + 2]) / t[i + 2]
        else:
            b[k + n + 1] = s[i + 1] / s[i + 2]
        s, t = t, s
    a[2 * n] = a[n - 1] - b[2 * n] * s[1] / t[1]
    return a, b


def analytic_remainder(degree: int, length: Tensor, log_size: Callable[[float], Tensor]) -> Tensor:
    r"""Bound on a positive rule's error for an integrand that is analytic in an
    ellipse.

    A rule with positive weights, exact up to degree ``m``, errs on an interval of
    length ``L`` by at most ``2 L`` times the distance of the integrand from the
    polynomials of degree ``m``, which is at most ``2 M r^-m / (r - 1)`` where
    ``|integrand| <= M`` on the ellipse with foci at the ends and semi-axes (in units of
    half the interval) that sum to ``r`` (Trefethen, Approximation Theory and
    Approximation Practice, thms. 8.2 and 19.3).

    Args:
        degree: ``Rule.degree``. length: ``|high - low|``, shape ``batch``.
        log_size: Given ``r``, an upper bound of ``log M``, shape ``batch``.
    Returns:
        The least bound over ``r`` in a fixed list, shape ``batch``.

    >>> log_size = lambda r: torch.tensor([0.5 + (r + 1 / r) / 4]).double()  # e^t on [0, 1]
    >>> bool(analytic_remainder(15, torch.ones(1).double(), log_size) < 1e-12)
    True
    """
    best = torch.full_like(length, torch.inf)
    for r in (1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0, 25.0, 60.0):
        log_bound = log_size(r) - degree * np.log(r) + np.log(4 / (r - 1))
        best = torch.minimum(best, length * torch.exp(log_bound))
    return best


def box_rule(edges: tuple[Tensor, ...], rule: Rule, *, smooth: bool = False) -> tuple[Tensor, Tensor]:
    r"""Product nodes and weights for every cell of a grid of boxes.

    Args:
        edges: For each coordinate the increasing cell edges, shape ``(k_i + 1,)``.
        rule: The rule along each axis; its fine weights are used.
        smooth: Substitute :math:`y = a + (b-a)\,u^5(126-420u+540u^2-315u^3+70u^4)`
            along each axis, which removes algebraic singularities at the cells' ends.
    Returns:
        Points ``(cells, m, D)`` and weights ``(cells, m)``, cells in row-major order,
        ``m = len(rule) ** D``.

    >>> points, weights = box_rule((torch.tensor([0.0, 1.0]).double(),) * 2, gauss(3))
    >>> points.shape, round(float(weights.sum()), 12)
    (torch.Size([1, 9, 2]), 1.0)
    """
    points, weights = [], []
    for grid in edges:
        u, w, _ = rule.tensors(grid)
        if smooth:
            w = w * 630 * (u * (1 - u)) ** 4
            u = u**5 * (126 - 420 * u + 540 * u**2 - 315 * u**3 + 70 * u**4)
        width = (grid[1:] - grid[:-1])[:, None]
        points.append(grid[:-1, None] + width * u)
        weights.append(width * w)
    sizes = [axis.numel() for axis in points]
    cells, m = [axis.shape[0] for axis in points], len(rule)
    dims = len(edges)
    columns = torch.cartesian_prod(*(axis.reshape(-1) for axis in points)).reshape(*sizes, dims)
    product = torch.ones((), dtype=points[0].dtype, device=points[0].device)
    for axis in weights:
        product = product[..., None] * axis.reshape(-1)
    split = [size for pair in ((k, m) for k in cells) for size in pair]
    order = [*range(0, 2 * dims, 2), *range(1, 2 * dims, 2)]
    nodes = columns.reshape(*split, dims).permute(*order, 2 * dims)
    mass = product.reshape(*split).permute(*order)
    return nodes.reshape(-1, m**dims, dims), mass.reshape(-1, m**dims)


def moving_end_log_size(exponents: tuple[Tensor, Tensor, Tensor], start: Tensor, width: Tensor, r: float) -> Tensor:
    r"""log of the size, on the ellipse of parameter ``r``, of what a rule sees when its
    upper end is differentiated.

    A rule on [start, start + width] has nodes that move with the upper end. Its
    derivative is the same rule on [0, 1] applied to
    :math:`\varphi(u) = \frac{d}{du}\,[u\,g(\text{start} + u\,\text{width})]`, whose
    integral is g at the upper end, exactly. Here
    :math:`g(t) = \sum_k e^{-a_k t^2 + b_k t + c_k}` and the bound is :math:`\sum_k (1 +
    |u w|\,|{-2a_k t}+b_k|)\,|e^{\cdots}|`, term by term.

    Args:
        exponents: (a, b, c); a, b of shape ``(K, 1)`` or ``(K, n)``, c of shape ``(K,
            n)``. start, width: ``(n,)``.
    Returns:
        Upper bound of ``log max |phi|``, shape ``(n,)``; for :func:`analytic_remainder`
        with ``length = 1``.

    >>> flat = torch.zeros(1, 1).double(), torch.zeros(1, 1).double(), torch.zeros(1, 1).double()
    >>> bool(moving_end_log_size(flat, torch.zeros(1).double(), torch.ones(1).double(), 2.0) >= 0)
    True
    """
    a, b, c = exponents
    long_axis, short_axis = (r + 1 / r) / 2, (r - 1 / r) / 2
    middle, half = start + width / 2, width.abs() / 2
    low, high, off = middle - half * long_axis, middle + half * long_axis, half * short_axis
    peak = torch.where(a > 0, b / (2 * a.clamp_min(torch.finfo(c.dtype).tiny)), low)
    at = torch.minimum(torch.maximum(peak, low), high)

    def exponent(t: Tensor) -> Tensor:
        return -a * t * t + b * t

    largest = torch.maximum(torch.maximum(exponent(low), exponent(high)), exponent(at)) + a.clamp_min(0) * off**2 + c
    steep = 2 * a.abs() * (middle.abs() + half * (long_axis + short_axis)) + b.abs()
    return torch.logsumexp(largest + torch.log1p((1 + long_axis + short_axis) / 2 * width.abs() * steep), 0)
