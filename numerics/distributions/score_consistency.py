r"""What a score has to satisfy on samples of its own distribution, and the density that
it implies on a line or in the plane.

With s the score of the distribution of x: :math:`E(|s|^2 + \mathrm{div}\,s) = 0` where
nothing flows out. With :math:`x = \alpha x_0 + \sigma z`:
:math:`E[(s(x) + z/\sigma)\,\psi(x)] = 0` for every test function, here 1, x - E x and
s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.score_matching import Field, divergence
from numerics.streams import Stream

__all__ = ["Gap", "ImpliedDensity", "denoising_gaps", "implied_density", "stein_gap"]

EXACT_DIMENSION = 64


@dataclass(frozen=True)
class Gap:
    """A mean that should be 0, its standard error, and the size to which it is
    compared."""

    name: str
    mean: float
    error: float
    size: float

    @property
    def errors(self) -> float:
        """How many standard errors it is from 0."""
        return abs(self.mean) / self.error if self.error > 0 else (0.0 if self.mean == 0 else math.inf)


def stein_gap(field: Field, x: Tensor, stream: Stream, *, spread: Tensor | None = None) -> Gap:
    """The mean of ``|s|^2 + div s`` over points ``(N, D)``, over that of ``|s|^2``;
    beyond 64 dimensions the divergence by one sign vector a point. ``spread``: the
    divergence ``(N,)``, where it was formed otherwise.

    >>> x = Stream(0).normal(20_000, 1)
    >>> gap = stein_gap(lambda x: -x, x, Stream(1))
    >>> gap.errors < 5, stein_gap(lambda x: -2 * x, x, Stream(1)).errors > 20
    (True, True)
    """
    if spread is not None:
        with torch.no_grad():
            value = field(x)
    elif x.shape[1] <= EXACT_DIMENSION:
        value, spread = divergence(field, x)
    else:
        v = stream.signs(*x.shape).to(x)
        with torch.enable_grad():
            point = x.detach().requires_grad_()
            value = field(point)
            (pulled,) = torch.autograd.grad((value * v).sum(), point)
        value, spread = value.detach(), (pulled * v).sum(1).detach()
    square = value.square().sum(1)
    return _gap("|s|² + div s", square + spread, float(square.mean()))


def denoising_gaps(field: Field, clean: Tensor, alpha: float, sigma: float, stream: Stream) -> tuple[Tensor, list[Gap]]:
    """The noised points, and the three means against test functions 1, x and s, each
    over ``E|s|`` times the size of the test function.

    Args:
        clean: Data ``(N, D)``. alpha, sigma: x = alpha x_0 + sigma z.
    Raises:
        ValueError: sigma that is not positive.
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"Expected a positive noise level, got sigma = {sigma}.")
    z = stream.normal(*clean.shape).to(clean)
    x = alpha * clean + sigma * z
    with torch.no_grad():
        value = field(x)
    off = value + z / sigma
    size = float(value.square().sum(1).mean())
    centred = x - x.mean(0)
    worst = _largest_mean(off, size)
    along = (off * centred).sum(1)
    reach = math.sqrt(size * float(centred.square().sum(1).mean()))
    return x, [worst, _gap("x", along, reach), _gap("s", (off * value).sum(1), size)]


def _largest_mean(off: Tensor, size: float) -> Gap:
    """The coordinate whose mean is most standard errors away, its error widened for the
    choice among D."""
    errors = off.std(0) / math.sqrt(len(off))
    at = int((off.mean(0).abs() / errors.clamp_min(1e-300)).argmax())
    wider = math.sqrt(
        1 + 2 * math.log(off.shape[1]) / 24
    )  # 4.9 standard errors of one become those of the largest of D
    return Gap("1", float(off[:, at].mean()), float(errors[at]) * wider, math.sqrt(size / off.shape[1]))


def _gap(name: str, terms: Tensor, size: float) -> Gap:
    return Gap(name, float(terms.mean()), float(terms.std()) / math.sqrt(len(terms)), max(size, 1e-300))


@dataclass(frozen=True)
class ImpliedDensity:
    """Masses on a grid ``(k,)`` or ``(k, k)`` with its axes; the largest difference of
    log p between the two ways round; mass at the grid's edge."""

    axes: tuple[Tensor, ...]
    mass: Tensor
    path_gap: float
    edge: float

    def marginal(self, axis: int) -> Tensor:
        """Distribution function of a coordinate at its nodes' right ends."""
        mass = self.mass if self.mass.ndim == 1 else self.mass.sum(1 - axis)
        return torch.cumsum(mass, 0)


def implied_density(field: Field, low: Tensor, high: Tensor, *, nodes: int = 0) -> ImpliedDensity:
    r"""log p as the line integral of the score over a box, D = 1 or 2, by the
    trapezoidal rule, normalised on the box.

    In the plane along the first axis and then the second; the other order gives the
    same exactly where the field is a gradient.

    >>> box = torch.tensor([-6.0]).double()
    >>> found = implied_density(lambda x: -x, box, -box)
    >>> bool((found.marginal(0) - torch.special.ndtr(found.axes[0] + 0.03)).abs().max() < 0.002)
    True
    """
    dim = len(low)
    if dim not in (1, 2):
        raise ValueError(f"Expected D = 1 or 2, got {dim}.")
    count = nodes or (201 if dim == 1 else 121)
    axes = tuple(
        torch.linspace(float(a), float(b), count, dtype=low.dtype, device=low.device)
        for a, b in zip(low, high, strict=True)
    )
    grid = torch.cartesian_prod(*axes).reshape(-1, dim)
    with torch.no_grad():
        value = torch.cat([field(part) for part in grid.split(8192)]).reshape(*[count] * dim, dim)
    steps = [float(axis[1] - axis[0]) for axis in axes]
    along = [_cumulated(value[..., i], steps[i], i) for i in range(dim)]
    if dim == 1:
        log_p, gap = along[0], 0.0
    else:
        middle = count // 2
        first = (along[0][:, middle] - along[0][middle, middle])[:, None] + along[1] - along[1][:, middle : middle + 1]
        second = (along[1][middle] - along[1][middle, middle])[None] + along[0] - along[0][middle : middle + 1]
        log_p = first
        heavy = torch.softmax(first.flatten(), 0).reshape(first.shape)
        gap = float((heavy * (first - second).abs()).sum())
    mass = torch.softmax(log_p.flatten(), 0).reshape(log_p.shape)
    rim = mass.clone()
    rim[(slice(2, -2),) * dim] = 0
    return ImpliedDensity(axes, mass, gap, float(rim.sum()))


def _cumulated(value: Tensor, step: float, axis: int) -> Tensor:
    """Trapezoidal integrals along an axis from its first node."""
    moved = value.movedim(axis, 0)
    parts = (moved[1:] + moved[:-1]) / 2 * step
    return torch.cat([torch.zeros_like(moved[:1]), torch.cumsum(parts, 0)]).movedim(0, axis)
