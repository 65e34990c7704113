r"""Families of distributions on the line, as blocks of independent columns:
:class:`numerics.distributions.product.Marginal`.

Each is its own definition four times over: tail, inverse, density and sampler, none of
which calls another.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from numerics.distributions.product import LocationScale, Marginal, Product, columns, stack
from numerics.log_tails import LOG_2, LOG_SQRT_2PI, Tail, normal_quantile, normal_tail, side_of
from numerics.streams import Stream

LOG_PI = math.log(math.pi)

__all__ = [
    "FAMILIES", "Cauchy", "Exponential", "Gumbel", "JohnsonSU", "Laplace", "LocationScale", "LogNormal", "Logistic", "Marginal", "Normal", "Product",
    "SplitUniform", "Triangular", "Uniform", "stack",
]  # fmt: skip


class Logistic(LocationScale):
    """F(w) = 1/(1 + e^-w). Sampled as the log-ratio of two exponentials.

    >>> Logistic().log_density(torch.zeros(1).double()).exp()
    tensor([0.2500], dtype=torch.float64)
    """

    _mean = 0.0

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.nn.functional.logsigmoid(w * side), side)

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        size = w.abs()
        return -size - 2.0 * torch.log1p(torch.exp(-size))

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (tail.log_p - tail.complement()) * tail.side

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return torch.log(stream.exponential(n, dim) / stream.exponential(n, dim))


class Laplace(LocationScale):
    """Density e^-|w| / 2. Sampled as the difference of two exponentials.

    >>> Laplace().log_density(torch.zeros(1).double()).exp()
    tensor([0.5000], dtype=torch.float64)
    """

    _mean = 0.0

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(w * side - LOG_2, side)

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        return -w.abs() - LOG_2

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (tail.log_p + LOG_2) * tail.side

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return stream.exponential(n, dim) - stream.exponential(n, dim)


class Exponential(LocationScale):
    """Density e^-w on w > 0; ``loc`` is the lower end and ``scale`` the mean above it.

    >>> Exponential(0.0, 2.0).mean()
    tensor([2.], dtype=torch.float64)
    """

    _support = (0.0, math.inf)
    _mean = 1.0

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        lower = w < LOG_2
        return Tail(torch.where(lower, torch.log(-torch.expm1(-w)), -w), side_of(lower, w))

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        return torch.where(w > 0, -w, -math.inf)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        lower = tail.side > 0
        small = tail.log_p.clamp_max(-0.5)  # keeps the branch that is not taken finite
        return torch.where(lower, -torch.log1p(-torch.exp(small)), -tail.log_p)

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return stream.exponential(n, dim)


class Normal(LocationScale):
    """The normal distribution; sampled by torch's own generator of normals.

    >>> Normal(1.0, 3.0).log_cdf(torch.ones(1).double()).exp()
    tensor([0.5000], dtype=torch.float64)
    """

    _mean = 0.0
    _tail = staticmethod(normal_tail)
    _quantile = staticmethod(normal_quantile)

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        return -0.5 * w * w - LOG_SQRT_2PI

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return stream.normal(n, dim)


class Cauchy(LocationScale):
    """Density 1/(pi (1 + w^2)). Sampled as the ratio of two normals.

    >>> round(float(Cauchy().quantile(Tail.of(torch.tensor([0.25]).double()))), 12)
    -1.0
    """

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.log(torch.atan2(torch.ones_like(w), -w * side)) - LOG_PI, side)

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        return -LOG_PI - 2.0 * torch.log(torch.hypot(w, torch.ones_like(w)))

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return tail.side / -torch.tan(math.pi * torch.exp(tail.log_p))

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return stream.normal(n, dim) / stream.normal(n, dim)


class Gumbel(LocationScale):
    """F(w) = exp(-e^-w), skewed to the right. Sampled as minus the logarithm of an
    exponential.

    >>> Gumbel().log_cdf(torch.zeros(1).double())  # -e^0
    tensor([-1.], dtype=torch.float64)
    """

    _mean = 0.5772156649015329  # Euler's constant

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        log_cdf = -torch.exp(-w)
        lower = log_cdf < -LOG_2
        upper = torch.log(-torch.expm1(log_cdf.clamp_min(-1.0)))
        return Tail(torch.where(lower, log_cdf, upper), side_of(lower, w))

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        return -w - torch.exp(-w)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        lower = tail.side > 0
        small = tail.log_p.clamp_max(-0.5)
        return -torch.log(-torch.where(lower, tail.log_p, torch.log1p(-torch.exp(small))))

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return -torch.log(stream.exponential(n, dim))


class Uniform(Marginal):
    """Constant density on ``(low, high)``.

    Args:
        low, high: Ends, numbers or tensors of shape ``(D,)``, ``low < high``, finite.

    >>> Uniform(-1.0, 3.0).mean()
    tensor([1.], dtype=torch.float64)
    """

    parameters = ("low", "high")

    def __init__(self, low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> None:
        self.low, self.high = columns(low, high)
        if not bool((torch.isfinite(self.low) & torch.isfinite(self.high) & (self.low < self.high)).all()):
            raise ValueError(
                f"Expected finite ends with low < high, got {self.low.tolist()[:8]} and {self.high.tolist()[:8]}."
            )
        self.dim = self.low.numel()
        self.name = type(self).__name__

    def _near(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Distance to the nearer end over the length, on which side that is, and the
        length."""
        low, high = self.low.to(z), self.high.to(z)
        below, above = z - low, high - z
        lower = below <= above
        return torch.where(lower, below, above) / (high - low), side_of(lower, z), high - low

    def tail(self, z: Tensor) -> Tail:
        """The logarithm of the distance to the nearer end over the length, shape of
        ``z``."""
        share, side, _ = self._near(z)
        return Tail(torch.log(share), side)

    def log_density(self, z: Tensor) -> Tensor:
        """Minus the logarithm of the length inside, minus infinity outside; nats, shape
        of ``z``."""
        share, _, whole = self._near(z)
        return torch.where(share > 0, -torch.log(whole), torch.full_like(z, -math.inf))

    def quantile(self, tail: Tail) -> Tensor:
        """From the nearer end, so that the upper end keeps its digits."""
        return self._from_end(torch.exp(tail.log_p), tail.side)

    def _from_end(self, share: Tensor, side: Tensor) -> Tensor:
        low, high = self.low.to(share), self.high.to(share)
        return torch.where(side > 0, low, high) + (high - low) * share * side

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Uniform draws, stretched."""
        draw = stream.uniform(n, self.dim)
        return self.low.to(draw) + (self.high - self.low).to(draw) * draw

    def mean(self) -> Tensor:
        """The middle, shape ``(D,)``."""
        return (self.low + self.high) / 2

    def conditioning_length(self, z: Tensor) -> Tensor:
        """The distance to the nearer end, shape of ``z``."""
        share, _, whole = self._near(z)
        return share.abs() * whole


class Triangular(Uniform):
    """A symmetric tent on ``(low, high)``, zero at the ends only. Sampled as the mean
    of two uniforms.

    >>> Triangular(-1.0, 1.0).log_density(torch.zeros(1).double()).exp()
    tensor([1.], dtype=torch.float64)
    """

    def tail(self, z: Tensor) -> Tail:
        """Twice the square of the distance to the nearer end over the length, as a
        logarithm; shape of ``z``."""
        share, side, _ = self._near(z)
        return Tail(LOG_2 + 2.0 * torch.log(share), side)

    def log_density(self, z: Tensor) -> Tensor:
        """Log of four times that distance over the squared length inside, minus
        infinity outside; nats, shape of ``z``."""
        share, _, whole = self._near(z)
        return torch.where(
            share > 0, 2.0 * LOG_2 + torch.log(share.clamp_min(0.0)) - torch.log(whole), torch.full_like(z, -math.inf)
        )

    def quantile(self, tail: Tail) -> Tensor:
        """The square root, from the nearer end."""
        return self._from_end(torch.exp(0.5 * (tail.log_p - LOG_2)), tail.side)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Means of two uniform draws, stretched."""
        draw = 0.5 * (stream.uniform(n, self.dim) + stream.uniform(n, self.dim))
        return self.low.to(draw) + (self.high - self.low).to(draw) * draw


class SplitUniform(LocationScale):
    """Uniform on (-2, -1) and (1, 2), so with a gap of width 2 where F stays at 1/2 and
    has no inverse.

    It meets the hypothesis of absolute continuity and misses the positive density on an
    interval.

    >>> SplitUniform().log_density(torch.tensor([[0.0], [1.5]]).double()).exp().T
    tensor([[0.0000, 0.5000]], dtype=torch.float64)
    """

    _support = (-2.0, 2.0)
    _mean = 0.0
    connected = False

    @staticmethod
    def _tail(w: Tensor) -> Tail:
        side = side_of(w < 0, w)
        return Tail(torch.log(0.5 * (2.0 + (w * side).clamp_max(-1.0))), side)

    @staticmethod
    def _log_density(w: Tensor) -> Tensor:
        size = w.abs()
        return torch.where((size > 1.0) & (size < 2.0), torch.full_like(w, -LOG_2), -math.inf)

    @staticmethod
    def _quantile(tail: Tail) -> Tensor:
        return (2.0 * torch.exp(tail.log_p) - 2.0) * tail.side

    @staticmethod
    def _sample(n: int, dim: int, stream: Stream) -> Tensor:
        return stream.signs(n, dim) * (1.0 + stream.uniform(n, dim))


class TransformedNormal(Marginal):
    """The image of normal columns under an increasing function, with its density in the
    image's coordinate.

    Args:
        loc, scale: m and s of the normal distribution behind it, numbers or tensors of
            shape ``(D,)``.
    Raises:
        ValueError: parameters that are not finite, or a scale that is not positive.
    """

    parameters = ("loc", "scale")

    def __init__(self, loc: float | Tensor = 0.0, scale: float | Tensor = 1.0) -> None:
        self.normal = Normal(loc, scale)
        self.loc, self.scale, self.dim = self.normal.loc, self.normal.scale, self.normal.dim
        self.low, self.high = self._image(self.normal.low), self._image(self.normal.high)
        self.name = type(self).__name__

    @staticmethod
    @abstractmethod
    def _image(x: Tensor, /) -> Tensor: ...

    @staticmethod
    @abstractmethod
    def _preimage(y: Tensor, /) -> Tensor: ...

    def tail(self, z: Tensor) -> Tail:
        """The normal tail of the preimage, shape of ``z``."""
        return self.normal.tail(self._preimage(z))

    def quantile(self, tail: Tail) -> Tensor:
        """The image of the normal quantile."""
        return self._image(self.normal.quantile(tail))

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Images of normal draws, shape ``(n, D)``."""
        return self._image(self.normal.sample(n, stream))

    def median(self) -> Tensor:
        """The image of m, shape ``(D,)``."""
        return self._image(self.loc)


class LogNormal(TransformedNormal):
    r"""Density :math:`\frac{1}{y s\sqrt{2\pi}}\,e^{-(\log y - m)^2/(2s^2)}` on y > 0.
    Sampled as e^Z.

    >>> LogNormal().mean()
    tensor([1.6487], dtype=torch.float64)
    """

    _image = staticmethod(torch.exp)

    @staticmethod
    def _preimage(y: Tensor) -> Tensor:
        return y.clamp_min(torch.finfo(y.dtype).tiny).log()

    def log_density(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column; shape of ``z``."""
        log_y, scale = self._preimage(z), self.scale.to(z)
        inside = -log_y - scale.log() - LOG_SQRT_2PI - ((log_y - self.loc.to(z)) / scale).square() / 2
        return torch.where(z > 0, inside, -math.inf)

    def mean(self) -> Tensor:
        """e^(m + s^2/2), shape ``(D,)``."""
        return torch.exp(self.loc + self.scale.square() / 2)


class JohnsonSU(TransformedNormal):
    r"""Density :math:`\frac{1}{s\sqrt{2\pi(1+y^2)}}\,e^{-(\operatorname{arsinh} y -
    m)^2/(2s^2)}` (Johnson 1949). Sampled as sinh Z.

    >>> JohnsonSU().median()
    tensor([0.], dtype=torch.float64)
    """

    _image = staticmethod(torch.sinh)
    _preimage = staticmethod(torch.asinh)

    def log_density(self, z: Tensor) -> Tensor:
        """Log density in nats, column by column; shape of ``z``."""
        scale = self.scale.to(z)
        square = ((torch.asinh(z) - self.loc.to(z)) / scale).square() / 2
        return -square - scale.log() - LOG_SQRT_2PI - torch.log(torch.hypot(z, torch.ones_like(z)))

    def mean(self) -> Tensor:
        """e^(s^2/2) sinh m, shape ``(D,)``."""
        return torch.exp(self.scale.square() / 2) * torch.sinh(self.loc)


FAMILIES: dict[str, type[LocationScale] | type[Uniform] | type[TransformedNormal]] = {
    "logistic": Logistic, "laplace": Laplace, "cauchy": Cauchy, "gumbel": Gumbel, "exponential": Exponential, "uniform": Uniform,
    "triangular": Triangular, "normal": Normal, "split": SplitUniform, "log-normal": LogNormal, "johnson-su": JohnsonSU,
}  # fmt: skip
