r"""Integration by parts on trial: polynomial fields on boxes with their flux, bounded
fields under sampled distributions, and what scores miss.

The identity is :math:`E\tfrac12|s - \nabla\log p|^2 = E[\tfrac12|s|^2 +
\mathrm{div}\,s] + \tfrac12E|\nabla\log p|^2 - \mathrm{flux}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.derivatives import DifferenceJacobians, difference_jacobians, step_lengths
from numerics.distributions.mixtures import IsotropicMixture
from numerics.distributions.score_matching import divergence, explicit, gradient_of, jacobians
from numerics.quadrature import box_rule, gauss
from numerics.streams import Stream

__all__ = [
    "BoundedField",
    "Polynomials",
    "drawn_identity",
    "exponential",
    "identity_on_a_box",
    "log_sobolev",
    "logistic",
    "one_sided_jacobians",
    "shifted_normal",
    "slopes_by_differences",
    "weighted_modes",
]

POINTS = 64
Flux = Callable[[Tensor, Tensor], Tensor]  # integrals over the upper and the lower face to what is subtracted


# -- polynomials on boxes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Polynomials:
    """A positive polynomial density (not normalised) and a polynomial field on [0,
    1]^D, of that degree in each coordinate."""

    exponents: Tensor
    density: Tensor
    field: Tensor

    @classmethod
    def random(cls, dim: int, degree: int, stream: Stream) -> Polynomials:
        """Positive coefficients for the density, normal ones for the field."""
        powers = list(product(range(degree + 1), repeat=dim))
        exponents = torch.tensor(powers, dtype=stream.dtype, device=stream.device)
        return cls(exponents, 0.2 + stream.exponential(len(powers)), stream.normal(dim, len(powers)))

    def p(self, x: Tensor) -> Tensor:
        """Density at points ``(N, D)``."""
        return self._monomials(x) @ self.density

    def s(self, x: Tensor) -> Tensor:
        """Field at points ``(N, D)``."""
        return self._monomials(x) @ self.field.mT

    def _monomials(self, x: Tensor) -> Tensor:
        return x[:, None].pow(self.exponents[None]).prod(2)


def identity_on_a_box(of: Polynomials, flux: Flux) -> Measurement:
    """What the identity leaves over on [0.1, 1]^D: volumes and faces by Gauss-Legendre
    rules that are exact for polynomials of these degrees.

    The two rational integrands on both sides are the same numbers at the same nodes.
    """
    dim, degree = of.exponents.shape[1], int(of.exponents.max())
    edges = (torch.tensor([0.1, 1.0], dtype=of.density.dtype, device=of.density.device),) * dim
    rule = gauss(degree + 2)
    x, weights = (part[0] for part in box_rule(edges, rule))
    score = gradient_of(lambda at: of.p(at).log(), x)
    value, spread = divergence(of.s, x)
    mass = weights * of.p(x)
    left = (mass * explicit(value, score)).sum()
    parts = mass * (value.square().sum(1) / 2 + spread + score.square().sum(1) / 2)
    through = torch.zeros_like(left)
    sizes = (mass * ((value.abs() + score.abs()).square().sum(1) + spread.abs())).sum()
    for i in range(dim):
        faces = [_face(of, i, end, edges, rule) for end in (1.0, 0.1)]
        through = through + flux(faces[0], faces[1])
        sizes = sizes + faces[0].abs() + faces[1].abs()
    count = 40 * (len(x) + len(of.exponents) * degree + 10)
    why = "Rules exact for the degrees at hand; sums of so many products of polynomials by autograd, forty units each of their absolute values."
    bound = Bound({"rounding": count * torch.finfo(x.dtype).eps / 2 * sizes}, why)
    return Measurement((left - parts.sum() + through).abs()[None], bound, len(x))


def _face(of: Polynomials, axis: int, end: float, edges: tuple[Tensor, ...], rule: object) -> Tensor:
    """The integral of p s_axis over the face where that coordinate is ``end``."""
    dim = len(edges)
    if dim == 1:
        x, weights = edges[0].new_full((1, 1), end), edges[0].new_ones(1)
    else:
        rest, weights = (part[0] for part in box_rule(edges[1:], rule))  # type: ignore[arg-type]
        x = torch.cat([rest[:, :axis], rest.new_full((len(rest), 1), end), rest[:, axis:]], 1)
    return (weights * of.p(x) * of.s(x)[:, axis]).sum()


Derivative = Callable[[Any, Tensor], DifferenceJacobians]


def one_sided_jacobians(field: Any, x: Tensor) -> DifferenceJacobians:
    """By values at the point and ahead of it, which errs by h/2 times the second
    derivative: points are ``(N, D)``."""
    h = step_lengths(x)
    columns = [(field(x + torch.diag(h)[k]) - field(x)) / h[k] for k in range(x.shape[1])]
    return DifferenceJacobians(torch.stack(columns, 2), 0.0)


def slopes_by_differences(of: Polynomials, stream: Stream, form: Derivative = difference_jacobians) -> Measurement:
    """Jacobians of the field by differences of its values, beside those by autograd, at
    points of [0.2, 1]^D."""
    dim = of.exponents.shape[1]
    x = 0.2 + 0.8 * stream.uniform(POINTS, dim)
    h, size, unit = step_lengths(x), of.field.abs().mT, torch.finfo(x.dtype).eps
    third = []
    for k in range(dim):
        e = of.exponents[:, k]
        powers = of.exponents.clone()
        powers[:, k] = (e - 3).clamp_min(0)
        ahead = x.clone()
        ahead[:, k] += h[k]
        third.append((ahead[:, None].pow(powers[None]).prod(2) * e * (e - 1) * (e - 2)) @ size)
    values = (x + h)[:, None].pow(of.exponents[None]).prod(2) @ size
    count = int(of.exponents.sum(1).max()) + len(of.exponents) + 8
    return Measurement(
        (form(of.s, x).values - jacobians(of.s, x)).abs(),
        Bound(
            {
                "truncation": h**2 / 6 * torch.stack(third, 2),
                "rounding": 8 * count * unit * values[:, :, None] * (1 / h + 1 / x.min()),
            },
            "A central difference errs by h^2/6 times the third derivative between its ends, here that of the polynomial with positive coefficients at the further one; values err by their number of products.",
        ),
        POINTS,
    )


# -- bounded fields under distributions that are sampled ------------------------------------------------------------------------


@dataclass(frozen=True)
class BoundedField:
    r""":math:`s(x) = B \tanh(Wx + b)`: components at most :math:`\sum_j|B_{ij}|`,
    divergence at most :math:`\sum_j|\sum_i W_{ji}B_{ij}|`."""

    outer: Tensor
    inner: Tensor
    shift: Tensor

    @classmethod
    def random(cls, dim: int, stream: Stream) -> BoundedField:
        """Close to diagonal, shifted by 1, so that it does not vanish at 0."""
        eye = torch.eye(dim, dtype=stream.dtype, device=stream.device)
        noise = [0.2 * stream.normal(dim, dim) / dim for _ in range(2)]
        return cls(eye + noise[0], 0.5 * eye + noise[1], stream.normal(dim) * 0.1 + 1)

    def __call__(self, x: Tensor) -> Tensor:
        """Values at points ``(N, D)``."""
        return torch.tanh(x @ self.inner.mT + self.shift) @ self.outer.mT

    def reach(self) -> float:
        """The largest size of ``s . score + div s`` where components of the score are
        at most 1 in size."""
        return float(self.outer.abs().sum() + (self.inner * self.outer.mT).sum(1).abs().sum())


def logistic(size: int, dim: int, stream: Stream) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Draws of independent logistic variables, and their log density, whose slopes are
    below 1."""
    u = stream.uniform(size, dim).clamp_min(2.0**-60)
    return torch.log(u) - torch.log1p(-u), lambda x: -(x + 2 * torch.nn.functional.softplus(-x)).sum(1)


def exponential(size: int, dim: int, stream: Stream) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Draws of Exp(1) variables, whose density does not vanish at its end."""
    return stream.exponential(size, dim), lambda x: -x.sum(1)


Draws = Callable[[int, int, Stream], tuple[Tensor, Callable[[Tensor], Tensor]]]


def drawn_identity(dim: int, size: int, draws: Draws, stream: Stream) -> tuple[float, float, Bound, Measurement]:
    """The mean of explicit less implicit less the own term over draws, over the field's
    reach; the width of its terms; rounding; and how far a term exceeds that reach,
    relatively (never: Hoeffding's inequality rests on it)."""
    field = BoundedField.random(dim, stream.fork("field"))
    x, log_density = draws(size, dim, stream.fork("draws"))
    score = gradient_of(log_density, x)
    value, spread = divergence(field, x)
    terms = explicit(value, score) - value.square().sum(1) / 2 - spread - score.square().sum(1) / 2
    unit = torch.finfo(x.dtype).eps
    bound = Bound(
        {"rounding": (size + 40.0 * dim) * unit},
        "Means of terms that are bounded by the reach, by which they are divided.",
    )
    beyond = (terms.abs() / field.reach() - 1).clamp_min(0)
    return abs(float(terms.mean())) / field.reach(), 2.0, bound, Measurement(beyond, bound, size)


# -- what scores do not see -------------------------------------------------------------------------------------------------


def weighted_modes(weight: float, separation: float, like: Tensor) -> IsotropicMixture:
    """``w N(-a, 1) + (1-w) N(a, 1)``."""
    weights = torch.tensor([weight, 1 - weight], dtype=like.dtype, device=like.device)
    means = torch.tensor([[-separation], [separation]], dtype=like.dtype, device=like.device)
    return IsotropicMixture(weights, means, torch.ones_like(weights))


def shifted_normal(shift: float, like: Tensor) -> IsotropicMixture:
    """N(shift, 1) on the line: half of its Fisher divergence to N(0, 1) *is* KL.

    >>> shifted_normal(2.0, torch.zeros(1).double()).means
    tensor([[2.]], dtype=torch.float64)
    """
    one = torch.ones(1, dtype=like.dtype, device=like.device)
    return IsotropicMixture(one, shift * one[:, None], one)


def log_sobolev(
    p: IsotropicMixture, q: IsotropicMixture, *, share: float = 0.5, reach: float = 12.0
) -> tuple[Measurement, float, float]:
    """By how much KL(p||q) exceeds a share of E_p|grad log p - grad log q|^2, on the
    line; with both numbers.

    It never does for a standard normal q and half of it. The trapezoidal rule's error
    is estimated by half of its nodes.
    """
    ends = float(torch.maximum(p.means.abs().max(), q.means.abs().max())) + reach
    x = torch.linspace(-ends, ends, 1 + 2 * math.ceil(ends / 0.05), dtype=p.means.dtype, device=p.means.device)[:, None]
    density = p.log_prob(x).exp()
    entropy = density * (p.log_prob(x) - q.log_prob(x))
    fisher = density * (gradient_of(p.log_prob, x) - gradient_of(q.log_prob, x)).square()[:, 0]
    step = float(x[1, 0] - x[0, 0])
    values = [(float(f.sum()) * step, float(f[::2].sum()) * 2 * step) for f in (entropy, fisher)]
    (kl, kl_coarse), (fi, fi_coarse) = values
    doubt = (
        abs(kl - kl_coarse)
        + abs(fi - fi_coarse) / 2
        + 1e3 * torch.finfo(x.dtype).eps * (1 + float(entropy.abs().sum()) * step + fi)
    )
    why = "Trapezoidal rule for analytic integrands, its error estimated by half of the nodes; a thousand units of roundoff of the sums."
    return (
        Measurement(max(0.0, kl - share * fi), Bound({"quadrature": doubt}, why, estimated=("quadrature",)), len(x)),
        kl,
        fi,
    )
