"""Derivatives by differences of values, beside which those by autograd are held: code
that detaches, or leaves torch, has values without a derivative."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.score_matching import EXACT_DIMENSION, Field
from numerics.streams import Stream

__all__ = [
    "DifferenceJacobians",
    "DirectionalSlopes",
    "difference_divergence",
    "difference_jacobians",
    "directional_slopes",
    "step_lengths",
]

STEP = 1e-2  # of the spread of a coordinate: squares of it are neglected, and single precision leaves 1e-5 of a slope
NOTICED = 1e-3  # of a slope: what single precision leaves, a hundred times over
WIDER = 2.0  # the second step, from whose result the error of the first is read


@dataclass(frozen=True)
class DirectionalSlopes:
    """Slopes ``(N,)`` of w . s(x) along v at N points, w and v of random signs: by
    autograd, by differences, and what those may err by (an estimate)."""

    by_autograd: Tensor
    by_differences: Tensor
    error: Tensor

    @property
    def disagree(self) -> bool:
        """Whether they differ at most of the points by more than is explained; at some,
        a kink of the field lies between."""
        gap = (self.by_autograd - self.by_differences).abs()
        size = torch.maximum(self.by_autograd.abs(), self.by_differences.abs()).mean()
        return bool((gap > 10 * self.error + NOTICED * size).double().mean() > 0.5)


def directional_slopes(field: Field, x: Tensor, stream: Stream) -> DirectionalSlopes:
    """Slopes of a field at points ``(N, D)`` in one random direction each.

    >>> x = Stream(0).normal(16, 2)
    >>> directional_slopes(lambda x: -x, x, Stream(1)).disagree, directional_slopes(lambda x: -x.detach(), x, Stream(1)).disagree
    (False, True)
    """
    along = stream.signs(*x.shape).to(x) * _spread(x)
    weights = stream.signs(*x.shape).to(x)
    with torch.enable_grad():
        point = x.detach().clone().requires_grad_()
        value = (field(point) * weights).sum()
        slope = None
        if value.requires_grad:
            (slope,) = torch.autograd.grad(value, point, allow_unused=True)
    by_autograd = torch.zeros(len(x)).to(x) if slope is None else (slope * along).sum(1)
    near, far = ((_difference(field, x, along, step) * weights).sum(1) for step in (STEP, WIDER * STEP))
    return DirectionalSlopes(by_autograd, near, (near - far).abs())


@dataclass(frozen=True)
class DifferenceJacobians:
    """Jacobians ``(N, D, D)``, and the relative error in root mean square that the
    wider step shows (an estimate)."""

    values: Tensor
    error: float


def difference_jacobians(field: Field, x: Tensor) -> DifferenceJacobians:
    """Jacobians of a field at points ``(N, D)`` by central differences, 4 D calls.

    >>> x = Stream(0).normal(8, 2)
    >>> found = difference_jacobians(lambda x: x[:, [1, 0]] ** 2, x)
    >>> bool((found.values[:, 0, 1] - 2 * x[:, 1]).abs().max() < 1e-12)
    True
    """
    spread = _spread(x)

    def all_columns(step: float) -> Tensor:
        unit = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        columns = [_difference(field, x, unit[k] * spread, step) / spread[k] for k in range(x.shape[1])]
        return torch.stack(columns, 2)

    near, far = all_columns(STEP), all_columns(WIDER * STEP)
    size = float(near.square().mean().sqrt())
    return DifferenceJacobians(near, float((near - far).square().mean().sqrt()) / size if size > 0 else 0.0)


def difference_divergence(field: Field, x: Tensor, stream: Stream) -> Tensor:
    """div s at points ``(N, D)``, ``(N,)``: from whole Jacobians up to 64 dimensions,
    and beyond unbiased, along one direction of random signs a point (Hutchinson).

    >>> x = Stream(0).normal(8, 100)
    >>> bool((difference_divergence(lambda x: -x, x, Stream(1)) + 100).abs().max() < 1e-9)
    True
    """
    if x.shape[1] <= EXACT_DIMENSION:
        return difference_jacobians(field, x).values.diagonal(dim1=1, dim2=2).sum(1)
    signs, spread = stream.signs(*x.shape).to(x), _spread(x)
    return (_difference(field, x, signs * spread, STEP) * signs / spread).sum(1)


def step_lengths(x: Tensor) -> Tensor:
    """How far ``(D,)`` each coordinate of points ``(N, D)`` is moved to either side."""
    return STEP * _spread(x)


def _spread(x: Tensor) -> Tensor:
    """The standard deviation of each coordinate; the mean one where it does not vary."""
    spread = x.std(0)
    usual = spread.mean() if bool((spread > 0).any()) else torch.ones_like(spread).mean()
    return torch.where(spread > 0, spread, usual)


def _difference(field: Field, x: Tensor, along: Tensor, step: float) -> Tensor:
    with torch.no_grad():
        ahead, behind = field(x + step * along), field(x - step * along)
    return (ahead - behind) / (2 * step)
