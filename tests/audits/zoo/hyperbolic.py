"""Right and wrong densities on hyperbolic space, in the forms in which papers and libraries write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Independent, MultivariateNormal, Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

from numerics.hyperbolic import charts, normal_coordinates
from numerics.hyperbolic.synthetic import synthetic_density
from numerics.hyperbolic.wrapped_measurements import draw_wrapped
from numerics.hyperbolic.wrapped_normal import gaussian_log_density
from numerics.streams import Stream


@dataclass(frozen=True)
class Animal:
    """A density with what the audit is given, and the findings one of which has to refute it (none for a right one)."""

    name: str
    make: Callable[[], dict[str, Any]]
    refutes: tuple[str, ...] = field(default=())


def stream() -> Stream:
    """Seeded by torch's global generator, which the audit seeds."""
    return Stream(int(torch.randint(1 << 40, (1,))))


# --- the project's own, in five charts ---------------------------------------------------------------------------------------


def own(n: int, R: float, chart: str, sigma: float = 0.4) -> dict[str, Any]:
    wrapped = draw_wrapped(n, R, Stream(3), sigma=sigma, offset=0.5, chart=chart)
    return {
        "log_prob": wrapped.log_prob,
        "sampler": lambda k: wrapped.sample(k, stream()),
        "model": chart,
        "curvature": -1 / R**2,
    }


def changed(
    n: int, R: float, correction: Callable[[int, Tensor, float], Tensor], chart: str = "ball"
) -> dict[str, Any]:
    """A wrapped normal whose correction is another."""
    wrapped = draw_wrapped(n, R, Stream(3), sigma=0.4, offset=0.5, chart=chart)

    def log_prob(points: Tensor) -> Tensor:
        v = wrapped.tangent(points)
        return gaussian_log_density(v, wrapped.scale_tril) - correction(n, v.norm(dim=-1), R)

    return {**own(n, R, chart), "log_prob": log_prob}


def stretch(n: int, rho: Tensor, R: float) -> Tensor:
    return (n - 1) * normal_coordinates.log_sinhc(rho / R)


def per_coordinate(chart: str, R: float = 1.0) -> dict[str, Any]:
    """The density of the chart's coordinates."""
    given = own(2, R, chart)
    return {**given, "log_prob": lambda p: given["log_prob"](p) + charts.log_volume_element(p, chart, R)}


def synthetic(which: str, n: int, R: float) -> dict[str, Any]:
    made = synthetic_density(which, n, R, "ball")
    return {"log_prob": made.log_prob, "sampler": lambda k: made.sample(k, stream()), "curvature": -1 / R**2}


# --- as papers write it --------------------------------------------------------------------------------------------------------


class Lorentz:
    """On the hyperboloid of curvature -1 by the Lorentz product, as Nagano et al. (2019) have it."""

    def __init__(self, factors: float = 1.0, moved: bool = True) -> None:
        self.mean = torch.tensor([math.sqrt(1 + 0.8**2 + 0.3**2), 0.8, -0.3]).double()
        self.scale = torch.tensor([0.5, 0.2]).double()
        self.factors, self.moved = factors, moved

    @staticmethod
    def dot(x: Tensor, y: Tensor) -> Tensor:
        return (x[..., 1:] * y[..., 1:]).sum(-1, keepdim=True) - x[..., :1] * y[..., :1]

    @property
    def apex(self) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0]).double()

    def sample(self, shape: tuple[int, ...]) -> Tensor:
        v = self.scale * torch.randn(*shape, 2).double()
        lifted = torch.cat([torch.zeros_like(v[..., :1]), v], -1)
        base = self.mean if self.moved else self.apex
        u = lifted + self.dot(base, lifted) / (1 - self.dot(self.apex, base)) * (self.apex + base)
        rho = v.norm(dim=-1, keepdim=True)
        return torch.cosh(rho) * base + torch.sinh(rho) / rho * u

    def log_prob(self, z: Tensor) -> Tensor:
        alpha = -self.dot(self.mean, z)
        u = torch.acosh(alpha) / torch.sqrt(alpha**2 - 1) * (z - alpha * self.mean)
        v = u + self.dot(self.apex, u) / (1 - self.dot(self.apex, self.mean)) * (self.apex + self.mean)
        rho = v.norm(dim=-1)[..., :].clone()
        normal = Normal(torch.zeros(2).double(), self.scale).log_prob(v[..., 1:]).sum(-1)
        return (
            normal - self.factors * torch.log(torch.sinh(v[..., 1:].norm(dim=-1)) / v[..., 1:].norm(dim=-1)) + 0 * rho
        )


def lorentz(**options: Any) -> dict[str, Any]:
    made = Lorentz(**options)
    return {"log_prob": made, "model": "hyperboloid"}


class Gyrovectors:
    """The Poincaré ball of curvature -c by Möbius addition, in geoopt's terms."""

    def __init__(self, c: float) -> None:
        self.c = c

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        xx, yy, xy = (part.sum(-1, keepdim=True) for part in (x * x, y * y, x * y))
        return ((1 + 2 * self.c * xy + self.c * yy) * x + (1 - self.c * xx) * y) / (
            1 + 2 * self.c * xy + self.c**2 * xx * yy
        )

    def conformal(self, x: Tensor) -> Tensor:
        return 2 / (1 - self.c * (x * x).sum(-1, keepdim=True))

    def expmap(self, x: Tensor, v: Tensor) -> Tensor:
        size = v.norm(dim=-1, keepdim=True).clamp_min(1e-300)
        root = math.sqrt(self.c)
        return self.add(x, torch.tanh(root * self.conformal(x) * size / 2) * v / (root * size))

    def logmap(self, x: Tensor, y: Tensor) -> Tensor:
        gap = self.add(-x, y)
        size, root = gap.norm(dim=-1, keepdim=True).clamp_min(1e-300), math.sqrt(self.c)
        return 2 / (root * self.conformal(x)) * torch.atanh(root * size) * gap / size


def gyrovector(c: float, extra: float = 0.0) -> dict[str, Any]:
    """In the Poincaré ball of curvature -c, as Mathieu et al. (2019) have it; its mean off the centre."""
    ball, n = Gyrovectors(c), 3
    mean = torch.tensor([0.3, -0.2, 0.1]).double() / math.sqrt(c)
    scale = torch.tensor([0.3, 0.5, 0.4]).double() / math.sqrt(c)

    def sampler(k: int) -> Tensor:
        v = scale * torch.randn(k, n).double()
        return ball.expmap(mean, v / ball.conformal(mean))  # unit vectors at the mean, transported from the centre

    def log_prob(z: Tensor) -> Tensor:
        v = ball.conformal(mean) * ball.logmap(mean, z)
        t = v.norm(dim=-1) * math.sqrt(c)
        correction = (n - 1) * (torch.log(torch.sinh(t) / t) + extra * math.log(c))
        return Normal(torch.zeros(n).double(), scale).log_prob(v).sum(-1) - correction

    return {"log_prob": log_prob, "sampler": sampler, "curvature": -c}


def mixture(weight: float = 0.3, drawn: float = 0.3) -> dict[str, Any]:
    """Two wrapped normals in the half-space."""
    parts = [draw_wrapped(2, 1.0, Stream(k), sigma=0.4, offset=0.8, chart="half-space") for k in (1, 2)]

    def sampler(k: int) -> Tensor:
        first, second = (part.sample(k, stream()) for part in parts)
        return torch.where(torch.rand(k, 1) < drawn, first, second)

    weights = torch.tensor([weight, 1 - weight]).double().log()
    return {
        "log_prob": lambda u: torch.logsumexp(torch.stack([p.log_prob(u) for p in parts], -1) + weights, -1),
        "sampler": sampler,
        "model": "half-space",
    }


def riemannian(sigma: float = 0.6, normalised: bool = True) -> dict[str, Any]:
    """The Riemannian normal on the hyperbolic plane, exp(-d^2/2 sigma^2), whose normalisation is not a Gaussian's."""
    area = 2 * math.pi * sigma * math.sqrt(math.pi / 2) * math.exp(sigma**2 / 2) * math.erf(sigma / math.sqrt(2))
    centre = torch.tensor([0.4, 0.5]).double()

    def log_prob(x: Tensor) -> Tensor:
        d = normal_coordinates.distance(centre, x)
        return -(d**2) / (2 * sigma**2) - math.log(area if normalised else 2 * math.pi * sigma**2)

    points = centre + sigma * torch.randn(4000, 2, generator=torch.Generator().manual_seed(0)).double()
    return {"log_prob": log_prob, "points": points, "model": "normal"}


class TangentFlow(nn.Module):
    """A flow on the tangent space at the origin of the plane, carried to the Poincaré ball."""

    def __init__(self, divided: bool = True) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor([0.4, -0.2]))
        self.log_scale = nn.Parameter(torch.tensor([-0.5, -1.0]))
        self.divided = divided

    def log_prob(self, z: Tensor) -> Tensor:
        x = charts.to_normal(z, "ball")
        bend = 0.5 * torch.tanh(x[..., :1])
        y = torch.cat([x[..., :1], x[..., 1:] - bend], -1)
        base = (y - self.shift) * (-self.log_scale).exp()
        log_q = -base.square().sum(-1) / 2 - math.log(2 * math.pi) - self.log_scale.sum()
        return log_q - (charts.log_volume_element(x, "normal") if self.divided else 0)

    def sample(self, shape: tuple[int, ...]) -> Tensor:
        y = self.shift + self.log_scale.exp() * torch.randn(*shape, 2).to(self.shift)
        x = torch.cat([y[..., :1], y[..., 1:] + 0.5 * torch.tanh(y[..., :1])], -1)
        return charts.from_normal(x.detach(), "ball")


def tangent_flow(divided: bool = True) -> dict[str, Any]:
    return {"log_prob": TangentFlow(divided).eval()}


def own_sampler(sample: Callable[[int], Tensor], n: int = 2) -> dict[str, Any]:
    """The project's wrapped normal with another sampler."""
    return {**own(n, 1.0, "ball"), "sampler": sample}


def euclidean_draws(k: int) -> Tensor:
    """Tangent vectors of the right size around the mean's normal coordinates, added and not transported."""
    wrapped = draw_wrapped(2, 1.0, Stream(3), sigma=0.4, offset=0.5, chart="ball")
    x = wrapped.centre * 3 + torch.randn(k, 2).double() @ wrapped.scale_tril.mT
    return charts.from_normal(x, "ball")


def wide_draws(k: int) -> Tensor:
    wrapped = draw_wrapped(2, 1.0, Stream(3), sigma=0.4, offset=0.5, chart="ball")
    return wrapped.wrap(1.4 * torch.randn(k, 2).double() @ wrapped.scale_tril.mT)


def tanh_normal() -> dict[str, Any]:
    """A torch distribution of ball coordinates (tanh of a Gaussian), taken for a density on hyperbolic space."""
    base = Independent(Normal(torch.zeros(2).double(), 0.2 * torch.ones(2).double()), 1)
    return {"log_prob": TransformedDistribution(base, [TanhTransform()])}


def tangent_gaussian(n: int = 2) -> dict[str, Any]:
    """A torch Gaussian of the tangent vectors at the origin."""
    return {"log_prob": MultivariateNormal(torch.zeros(n).double(), 0.5 * torch.eye(n).double()), "model": "normal"}


RIGHT = [
    Animal("wrapped normal in the Poincaré ball, n = 2", lambda: own(2, 1.0, "ball")),
    Animal("wrapped normal on the hyperboloid, R = 2, n = 2", lambda: own(2, 2.0, "hyperboloid")),
    Animal("wrapped normal in the half-space, R = 1/2, n = 3", lambda: own(3, 0.5, "half-space")),
    Animal("wrapped normal in the Klein ball, n = 1", lambda: own(1, 1.0, "klein")),
    Animal("wrapped normal in normal coordinates, wide, R = 3, n = 2", lambda: own(2, 3.0, "normal", 1.2)),
    Animal("wrapped normal in the Poincaré ball, R = 2, n = 6", lambda: own(6, 2.0, "ball")),
    Animal("Nagano's form on the hyperboloid", lorentz),
    Animal("Mathieu's form by Möbius addition, c = 1", lambda: gyrovector(1.0)),
    Animal("Mathieu's form by Möbius addition, c = 1/4", lambda: gyrovector(0.25)),
    Animal("mixture of two in the half-space", mixture),
    Animal("Riemannian normal on the plane, points alone", riemannian),
    Animal("a flow in the tangent space, a module", tangent_flow),
    Animal("two spirals, R = 2", lambda: synthetic("spirals", 2, 2.0)),
    Animal("synthetic wrapped Gaussian, R = 1/2, n = 4", lambda: synthetic("wrapped", 4, 0.5)),
]
WEIGHED = ("total mass", "factors of sinh(rho/R)/(rho/R)", "constant")
WRONG = [
    Animal("a further (n-1) log R, R = 2, n = 2", lambda: changed(2, 2.0, lambda n, r, R: stretch(n, r, R) + (n - 1) * math.log(R)), ("constant",)),
    Animal("a further (n-1) log R, R = 1/2, n = 6", lambda: changed(6, 0.5, lambda n, r, R: stretch(n, r, R) + (n - 1) * math.log(R)), ("constant",)),
    Animal("R left out of the denominator, R = 2, n = 3", lambda: changed(3, 2.0, lambda n, r, R: stretch(n, r, R) - (n - 1) * math.log(R)), ("constant",)),
    Animal("exponent n, n = 2", lambda: changed(2, 1.0, lambda n, r, R: stretch(n + 1, r, R)), WEIGHED[1:2]),
    Animal("exponent n, n = 6", lambda: changed(6, 1.0, lambda n, r, R: stretch(n + 1, r, R)), WEIGHED[1:2]),
    Animal("exponent n on a line, n = 1", lambda: changed(1, 1.0, lambda n, r, R: stretch(n + 1, r, R)), WEIGHED[1:2]),
    Animal("no correction, n = 2", lambda: changed(2, 1.0, lambda n, r, R: stretch(1, r, R)), WEIGHED[1:2]),
    Animal("the wrong sign, n = 3", lambda: changed(3, 1.0, lambda n, r, R: -stretch(n, r, R)), WEIGHED[1:2]),
    Animal("curvature -1 inside, R = 2, n = 2", lambda: changed(2, 2.0, lambda n, r, R: stretch(n, r, 1.0)), ("factors of sinh(rho/R)/(rho/R)",)),
    Animal("curvature -1 inside, R = 1/2, n = 4", lambda: changed(4, 0.5, lambda n, r, R: stretch(n, r, 1.0)), ("factors of sinh(rho/R)/(rho/R)",)),
    Animal("a density of ball coordinates", lambda: per_coordinate("ball"), ("total mass",)),
    Animal("a density of Klein coordinates, R = 2", lambda: per_coordinate("klein", 2.0), ("total mass",)),
    Animal("a density of half-space coordinates", lambda: per_coordinate("half-space"), ("total mass",)),
    Animal("a torch distribution of ball coordinates", tanh_normal, ("total mass", "samples follow log p")),
    Animal("a torch Gaussian of the tangent space", tangent_gaussian, WEIGHED[:2]),
    Animal("Nagano's form without the correction", lambda: lorentz(factors=0.0), WEIGHED[1:2]),
    Animal("Nagano's form, draws not moved to the mean", lambda: lorentz(moved=False), ("samples follow log p",)),
    Animal("Mathieu's form with a further log c, c = 1/4", lambda: gyrovector(0.25, 0.5), ("constant", "total mass")),
    Animal("draws around a mean that was added, not transported", lambda: own_sampler(euclidean_draws), ("samples follow log p",)),
    Animal("draws 1.4 times too wide", lambda: own_sampler(wide_draws), ("samples follow log p",)),
    Animal("mixture drawn with other weights", lambda: mixture(0.3, 0.7), ("samples follow log p",)),
    Animal("Riemannian normal with the Gaussian's constant", lambda: riemannian(normalised=False), ("total mass",)),
    Animal("a flow in the tangent space, not divided", lambda: tangent_flow(False), ("total mass", *WEIGHED[1:2])),
]  # fmt: skip
