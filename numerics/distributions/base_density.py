r"""A base distribution known by its log density alone: is it Gaussian, is it a product,
what is its mass, and how do draws of it become uniform.

The base of a flow is a black box too. A log density that is a quadratic polynomial is a
Gaussian's up to a factor, whatever the object is called; one that is a sum over the
coordinates is a product's, and its marginals follow from values along the axes. Both
are recognised by evaluating, with the residual of the recognition kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement

LogDensity = Callable[[Tensor], Tensor]
NODES = 1025  # along an axis
REACH = 1e5  # spreads from the centre
FIBRE = 513  # nodes along a fibre, on both sides of a point
UNITS = 16

__all__ = ["Gaussian", "Mixture", "Product", "along_fibres", "gaussian", "mixture", "product"]


@dataclass(frozen=True)
class Gaussian:
    """log q(z) = ``log_mass`` + log N(z; ``mean``, A^-1), with A = L L^T.

    Args:
        mean: ``(D,)``. factor: L, lower triangular, ``(D, D)``.
        residual: How far log q is from the quadratic at the points tried. log_mass: log
            of its integral, ``unit_mass`` as a measurement.
    """

    mean: Tensor
    factor: Tensor
    log_mass: float
    residual: Measurement

    def normals(self, z: Tensor) -> Tensor:
        """L^T (z - mean), independent standard normals if z are draws; ``(N, D)``."""
        return (z - self.mean) @ self.factor

    def uniforms(self, z: Tensor) -> Tensor:
        """Phi of :meth:`normals`, ``(N, D)``."""
        return torch.special.ndtr(self.normals(z))

    def outside(self, low: Tensor, high: Tensor) -> Tensor:
        """Probability that a coordinate lies below ``low`` or above ``high``,
        ``(D,)``."""
        inverse = torch.linalg.solve_triangular(self.factor, torch.eye(len(self.mean)).to(self.mean), upper=False)
        deviation = inverse.square().sum(0).sqrt()
        return torch.special.ndtr((low - self.mean) / deviation) + torch.special.ndtr((self.mean - high) / deviation)

    def unit_mass(self) -> Measurement:
        """|log of the integral|, and the rounding of log det A and of log q."""
        dim = self.mean.numel()
        units = UNITS * (dim + 8) * torch.finfo(self.mean.dtype).eps
        log_det = float(2 * self.factor.diagonal().log().abs().sum())
        condition = float(torch.linalg.cond(self.factor)) ** 2
        worst = float(torch.as_tensor(self.residual.residual).max())
        bound = Bound(
            {
                "rounding": units * (1 + log_det + dim * math.log(2 * math.pi)),
                "rounding of the Hessian": units * condition,
                "distance from a quadratic": 4 * worst,
                "constants in float32": dim * 2.0**-23,
            },
            "The integral of exp(a quadratic) is known. The Hessian is autograd's; a relative change d of it moves log det by D d cond. Constants such as "
            "log 2 pi that a library keeps in float32 move log q by a unit of its rounding a coordinate.",
            estimated=("rounding of the Hessian",),
        )  # fmt: skip
        return Measurement(abs(self.log_mass), bound, self.residual.points)


def gaussian(log_density: LogDensity, points: Tensor) -> Gaussian | None:
    """The Gaussian that a log density is, up to a factor; None where it is no quadratic
    polynomial at the points.

    Args:
        log_density: ``(N, D)`` to nats ``(N,)``, twice differentiable by autograd.
            points: Some draws of it, ``(n, D)``.
    Returns:
        Mean ``(D,)``, factor of the precision ``(D, D)``, and log of the integral,
        nats.

    >>> points = torch.tensor([[0.0], [1.0], [-2.0], [0.5]]).double()
    >>> base = gaussian(lambda z: -2 * (z[:, 0] - 1) ** 2, points)
    >>> base.mean, base.factor  # variance 1/4
    (tensor([1.], dtype=torch.float64), tensor([[2.]], dtype=torch.float64))
    """
    centre = points.median(0).values
    dim = centre.numel()
    try:
        value, gradient, hessian = _expansion(log_density, centre)
    except (RuntimeError, ValueError):
        return None
    precision = -(hessian + hessian.mT) / 2
    factor, failed = torch.linalg.cholesky_ex(precision)
    if bool(failed) or not bool(torch.isfinite(factor).all()):
        return None
    tried = torch.cat([points, centre + 3 * (points - centre)])
    with torch.no_grad():
        found = log_density(tried)
    offset = tried - centre
    quadratic = value + offset @ gradient - (offset @ factor).square().sum(1) / 2
    units = UNITS * (dim + 8) * torch.finfo(points.dtype).eps
    size = 1 + found.abs() + quadratic.abs() + (offset.abs() @ gradient.abs()) + (offset @ factor).square().sum(1)
    bound = Bound(
        {"rounding": units * size * (1 + dim)},
        "Sums of D^2 products.",
        assumes=("log q is computed to within 16 (D + 8) units of rounding",),
    )
    residual = (found - quadratic).abs()
    if not bool(
        (residual <= 10 * units * size * (1 + dim) + 1e-7 * size).all()
    ):  # constants kept in float32 are no reason
        return None
    mean = centre + torch.cholesky_solve(gradient[:, None], factor)[:, 0]
    peak = float(value + gradient @ (mean - centre) / 2)
    log_mass = peak + dim * math.log(2 * math.pi) / 2 - float(factor.diagonal().log().sum())
    return Gaussian(mean, factor, log_mass, Measurement(residual, bound, len(tried)))


def _expansion(log_density: LogDensity, centre: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Value, gradient ``(D,)`` and Hessian ``(D, D)`` at a point; each of D copies of
    the point gives one row."""
    dim = centre.numel()
    copies = centre.expand(dim, dim).clone().requires_grad_()
    with torch.enable_grad():
        values = log_density(copies)
        (gradient,) = torch.autograd.grad(values.sum(), copies, create_graph=True)
        (hessian,) = torch.autograd.grad(gradient.diagonal().sum(), copies)
    return values[0].detach(), gradient[0].detach(), hessian.detach()


# -- products --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Product:
    """A log density that is a sum over the coordinates, with the distribution functions
    of its marginals on a grid.

    Args:
        nodes: ``(D, M)``, increasing. shares: Distribution functions there, ``(D, M)``.
        log_mass: log of the integral. error: Its estimated error, and with it that of
            the shares.
        residual: How far log q is from a sum over the coordinates. where: Whether D >
            1, so that there was something to add up.
    """

    nodes: Tensor
    shares: Tensor
    log_mass: float
    error: float
    residual: Measurement

    def uniforms(self, z: Tensor) -> Tensor:
        """Marginal distribution functions, ``(N, D)``."""
        columns = []
        for nodes, shares, own in zip(self.nodes, self.shares, z.T, strict=True):
            k = torch.searchsorted(nodes, own.contiguous()).clamp(1, len(nodes) - 1)
            t = ((own - nodes[k - 1]) / (nodes[k] - nodes[k - 1])).clamp(0, 1)
            columns.append(shares[k - 1] + t * (shares[k] - shares[k - 1]))
        return torch.stack(columns, 1).clamp(0, 1)

    def outside(self, low: Tensor, high: Tensor) -> Tensor:
        """Probability that a coordinate lies below ``low`` or above ``high``,
        ``(D,)``."""
        ends = self.uniforms(torch.stack([low, high]).clamp(-1e300, 1e300))
        return ends[0] + (1 - ends[1])

    def normals(self, z: Tensor) -> Tensor:
        """Normal scores of :meth:`uniforms`, ``(N, D)``; a value at an end of the grid
        stays finite."""
        edge = torch.finfo(z.dtype).eps
        return torch.special.ndtri(self.uniforms(z).clamp(edge, 1 - edge))

    def unit_mass(self) -> Measurement:
        """|log of the integral|, with the estimated error of the quadrature."""
        dim = self.nodes.shape[0]
        bound = Bound(
            {
                "quadrature": self.error,
                "rounding": UNITS * (dim + 8) * dim * torch.finfo(self.nodes.dtype).eps * (1 + abs(self.log_mass)),
                "distance from a product": 4 * float(torch.as_tensor(self.residual.residual).max()),
                "constants in float32": dim * 2.0**-23,
            },
            "The trapezoidal rule along each axis in w, z = c + s sinh w, against the same rule on every other node.",
            estimated=("quadrature",), assumes=("the marginals have no feature between the nodes",),
        )  # fmt: skip
        return Measurement(abs(self.log_mass), bound, self.residual.points)


def product(log_density: LogDensity, points: Tensor) -> Product | None:
    """The product that a log density is; None where mixing the coordinates of two
    points does not exchange their parts of log q.

    Args:
        log_density: ``(N, D)`` to nats ``(N,)``, -inf off the support. points: Some
            draws of it, ``(n, D)``, n >= 2.

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.streams import Stream
    >>> base = product(Laplace(torch.zeros(2)).log_prob, Laplace(torch.zeros(2)).sample(64, Stream(1)))
    >>> base.uniforms(torch.zeros(1, 2).double()).round(decimals=4)
    tensor([[0.5000, 0.5000]], dtype=torch.float64)
    """
    residual = _additivity(log_density, points)
    if residual is None:
        return None
    centre = _inner(log_density, points)
    spread = (points - centre).abs().mean(0).clamp_min(torch.finfo(points.dtype).tiny)
    low, high = (_support_end(log_density, centre, spread, side) for side in (-1.0, 1.0))
    steps = torch.linspace(0, 1, NODES, dtype=points.dtype, device=points.device)
    w = low[:, None] + (high - low)[:, None] * steps
    nodes = centre[:, None] + spread[:, None] * w.sinh()
    with torch.no_grad():
        peak = log_density(centre[None])[0]
    log_rate = torch.stack([_along(log_density, centre, k, nodes[k]) for k in range(len(centre))]) - peak
    log_rate = log_rate + w.cosh().log() + spread.log()[:, None]
    rate = (log_rate - log_rate.amax(1, keepdim=True)).exp()
    step = (w[:, 1] - w[:, 0])[:, None]
    fine, coarse = _trapezoids(rate, step), _trapezoids(rate[:, ::2], 2 * step)
    total = fine[:, -1]
    log_mass = float(peak + (total.log() + log_rate.amax(1)).sum())
    beyond = torch.where(
        high - low > math.asinh(REACH), rate[:, 0] + rate[:, -1], torch.zeros_like(total)
    )  # of a tail like 1/z^2
    error = float((((fine[:, -1] - coarse[:, -1]).abs() + beyond) / total).sum())
    return Product(nodes, fine / total[:, None], log_mass, error, residual)


def _additivity(log_density: LogDensity, points: Tensor) -> Measurement | None:
    n, dim = points.shape
    half = n // 2
    a, b = points[:half], points[half : 2 * half]
    generator = torch.Generator().manual_seed(1)
    swap = (torch.rand(half, dim, generator=generator) < 0.5).to(points.device)
    with torch.no_grad():
        values = [log_density(part) for part in (a, b, torch.where(swap, a, b), torch.where(swap, b, a))]
    size = 1 + sum(value.abs() for value in values)
    units = UNITS * (dim + 8) * torch.finfo(points.dtype).eps
    residual = (values[0] + values[1] - values[2] - values[3]).abs()
    if half == 0 or not bool((residual <= 10 * units * size + 1e-7 * size).all()):
        return None
    return Measurement(residual, Bound({"rounding": units * size}, "Four sums of D terms."), half)


def _inner(log_density: LogDensity, points: Tensor) -> Tensor:
    """The median of the points, or the point of largest density where the median lies
    off the support."""
    median = points.median(0).values
    with torch.no_grad():
        if bool(torch.isfinite(log_density(median[None])).all()):
            return median
        return points[int(log_density(points).argmax())]


def _along(log_density: LogDensity, centre: Tensor, k: int, values: Tensor) -> Tensor:
    line = centre.expand(len(values), -1).clone()
    line[:, k] = values
    with torch.no_grad():
        return log_density(line).nan_to_num(nan=-math.inf, neginf=-math.inf)


def _support_end(log_density: LogDensity, centre: Tensor, spread: Tensor, side: float) -> Tensor:
    """w of the end of the support along each axis, or of the farthest point looked
    at."""
    far = math.asinh(REACH)
    steps = torch.linspace(0, 1, 257, dtype=centre.dtype, device=centre.device) * far
    found = []
    for k in range(len(centre)):
        value = _along(log_density, centre, k, centre[k] + side * spread[k] * steps.sinh())
        inside = torch.isfinite(value)
        if bool(inside.all()):
            found.append(side * far)
            continue
        first = int((~inside).nonzero()[0])
        low, high = float(steps[first - 1]), float(steps[first])
        for _ in range(60):
            middle = (low + high) / 2
            at = centre[k] + side * spread[k] * torch.sinh(steps.new_tensor([middle]))
            low, high = (middle, high) if bool(torch.isfinite(_along(log_density, centre, k, at))) else (low, middle)
        found.append(side * low)
    return centre.new_tensor(found)


def _trapezoids(rate: Tensor, step: Tensor) -> Tensor:
    """Cumulative integrals along the rows, 0 at the first node."""
    parts = (rate[:, 1:] + rate[:, :-1]) / 2 * step
    return torch.cat([torch.zeros_like(parts[:, :1]), parts.cumsum(1)], 1)


# -- mixtures, and any other density -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mixture:
    """A sum of Gaussians up to factors: ``parts`` with their log masses; ``residual``:
    log q against the logarithm of their sum."""

    parts: tuple[Gaussian, ...]
    residual: Measurement

    def unit_mass(self) -> Measurement:
        """|log of the sum of the parts' integrals|."""
        bounds = [part.unit_mass().bound for part in self.parts]
        worst = max(sum(float(torch.as_tensor(term).max()) for term in bound.terms.values()) for bound in bounds)
        log_mass = float(torch.logsumexp(torch.tensor([part.log_mass for part in self.parts], dtype=torch.float64), 0))
        terms = {"a part": worst, "distance from the sum": 4 * float(torch.as_tensor(self.residual.residual).max())}
        bound = Bound(
            terms, "The integral of a sum is the sum of the integrals; " + bounds[0].derivation, estimated=("a part",)
        )
        return Measurement(abs(log_mass), bound, self.residual.points)


def mixture(log_density: LogDensity, components: Callable[[Tensor], Tensor], points: Tensor) -> Mixture | None:
    """The mixture of Gaussians that a log density is; None where a component is none or
    log q is not the logarithm of their sum.

    Args:
        components: ``(N, D)`` to log w_k + log q_k, ``(N, K)``. points: Some draws,
            ``(n, D)``.

    >>> from numerics.distributions.mixtures import IsotropicMixture
    >>> from numerics.streams import Stream
    >>> pair = IsotropicMixture(torch.ones(2).double(), torch.tensor([[-2.0], [2.0]]).double(), torch.ones(2).double())
    >>> parts = lambda z: torch.cat([-((z + 2) ** 2), -((z - 2) ** 2)], 1) / 2 - math.log(8 * math.pi) / 2
    >>> len(mixture(pair.log_prob, parts, pair.sample(64, Stream(1))).parts)
    2
    """
    with torch.no_grad():
        terms, found = components(points), log_density(points)
    parts = [gaussian(lambda z, k=k: components(z)[:, k], points) for k in range(terms.shape[1])]
    residual = (found - torch.logsumexp(terms, 1)).abs()
    units = UNITS * (points.shape[1] + 8 + terms.shape[1]) * torch.finfo(points.dtype).eps
    size = 1 + found.abs() + terms.abs().amax(1)
    if any(part is None for part in parts) or not bool((residual <= 10 * units * size + 1e-7 * size).all()):
        return None
    bound = Bound({"rounding": units * size}, "A sum of K terms, each a sum of D.")
    return Mixture(tuple(part for part in parts if part is not None), Measurement(residual, bound, len(points)))


def along_fibres(
    log_density: LogDensity, points: Tensor, coordinate: Tensor, *, tile: int = 1 << 16
) -> tuple[Tensor, float]:
    r"""Where each point lies on its own fibre, :math:`\int_{-\infty}^{z_k} q \,/
    \int_{\mathbb R} q` along coordinate k: uniform for draws of q.

    Args:
        points: ``(N, D)``. coordinate: k for each of them, ``(N,)``.
    Returns:
        Uniforms ``(N,)``, and the 99th percentile of what halving the nodes changes.

    >>> from numerics.distributions.marginals import Normal
    >>> pair = Normal(torch.zeros(2))
    >>> where, points = torch.zeros(64, dtype=torch.int64), torch.zeros(64, 2).double()
    >>> along_fibres(pair.log_prob, points, where)[0].round(decimals=4).unique()
    tensor([0.5000], dtype=torch.float64)
    """
    scale = 1e-2 * (points - points.median(0).values).abs().mean(0).clamp_min(torch.finfo(points.dtype).tiny)
    w = torch.linspace(-math.asinh(1e5), math.asinh(1e5), FIBRE, dtype=points.dtype, device=points.device)
    found = []
    for part, which in zip(points.split(max(1, tile // FIBRE)), coordinate.split(max(1, tile // FIBRE)), strict=True):
        fibre = part[:, None].expand(-1, FIBRE, -1).clone()
        fibre.scatter_add_(2, which[:, None, None].expand(-1, FIBRE, 1), (scale[which][:, None] * w.sinh())[..., None])
        with torch.no_grad():
            log_q = (
                log_density(fibre.reshape(-1, points.shape[1]))
                .view(len(part), -1)
                .nan_to_num(nan=-math.inf, neginf=-math.inf)
            )
        rate = (log_q - log_q.amax(1, keepdim=True)).exp() * w.cosh()
        places = []
        for every in (1, 2):
            cumulative = _trapezoids(rate[:, ::every], rate.new_tensor(1.0))
            places.append(cumulative[:, FIBRE // 2 // every] / cumulative[:, -1])
        found.append(torch.stack([places[0], (places[0] - places[1]).abs()]))
    both = torch.cat(found, 1)
    return both[0].clamp(0, 1), float(both[1].quantile(0.99))
