"""Other people's one-dimensional distributions as marginals: torch.distributions,
frozen scipy.stats, or an object of your own.

Families whose tails have a closed form are translated; any other torch distribution is
used through ``cdf`` and ``icdf``, which saturate, and is refused where they do; SciPy's
through ``logcdf``, ``logsf``, ``ppf`` and ``isf``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch import distributions as td

from numerics.distributions import marginals as own
from numerics.distributions.product import Marginal, Product, stack
from numerics.log_tails import LOG_2, Tail, side_of
from numerics.streams import Stream

__all__ = ["ScipyMarginal", "TorchMarginal", "as_marginal", "as_product", "check_increasing"]

_PROBES = 1024  # cells of (0, 1) on which an unknown distribution's inverse is looked at


class TorchMarginal(Marginal):
    """A torch distribution through ``cdf``, ``icdf`` and ``log_prob``; at most one
    batch axis, its length is D.

    Raises:
        ValueError: ``cdf`` or ``icdf`` is not implemented, the event is not one number,
            or the support is discrete.

    >>> tail = TorchMarginal(td.Gumbel(0.0, 1.0)).tail(torch.zeros(1).double())
    >>> round(float(tail.log_p), 6)  # F(0) = e^-1
    -1.0
    """

    def __init__(self, distribution: td.Distribution) -> None:
        self.name = type(distribution).__name__
        if distribution.event_shape or len(distribution.batch_shape) > 1:
            raise ValueError(
                f"Expected a distribution of single numbers with at most one batch axis, got {self.name} with batch shape "
                f"{tuple(distribution.batch_shape)} and event shape {tuple(distribution.event_shape)}. Give one marginal a column."
            )
        if getattr(distribution.support, "is_discrete", False):
            raise ValueError(f"Hypothesis 'continuous marginals' failed: {self.name} is discrete.")
        self.dim = distribution.batch_shape.numel() if distribution.batch_shape else 1
        self.distribution = distribution.expand((self.dim,))
        half = torch.full((self.dim,), 0.5, dtype=torch.float64)
        try:
            self.distribution.icdf(half)
            self.distribution.cdf(self.distribution.icdf(half))
        except NotImplementedError as missing:
            raise ValueError(
                f"Hypothesis 'every marginal has an inverse distribution function' failed: torch's {self.name} does not implement "
                f"cdf and icdf. The frozen scipy.stats distribution of the same name does."
            ) from missing
        support = self.distribution.support
        self.low, self.high = (
            torch.as_tensor(getattr(support, end, default), dtype=torch.float64).expand(self.dim).clone()
            for end, default in (("lower_bound", -math.inf), ("upper_bound", math.inf))
        )

    def tail(self, z: Tensor) -> Tail:
        """The logarithm of the smaller of cdf and 1 - cdf, shape of ``z``; refused
        where it has saturated."""
        cdf = self.distribution.cdf(z)
        lower = cdf <= 0.5
        share = torch.where(lower, cdf, 1.0 - cdf)
        if bool((share.detach() <= 0).any()):
            at = z.detach()[share.detach() <= 0][0].item()
            raise ValueError(
                f"The distribution function of torch's {self.name} saturates at z = {at:g}: it rounds to 0 or 1, and the tail is lost. "
                "Use a frozen scipy.stats distribution, or a Marginal with its tails in log space."
            )
        return Tail(torch.log(share), side_of(lower, z))

    def quantile(self, tail: Tail) -> Tensor:
        """icdf of the tail; refused where 1 - p rounds to 1."""
        share = torch.exp(tail.log_p)
        cdf = torch.where(tail.side > 0, share, 1.0 - share)
        if bool((cdf.detach() >= 1.0).any()):
            raise ValueError(
                f"torch's {self.name}.icdf cannot reach this far into the upper tail: 1 - p rounds to 1. Use scipy.stats."
            )
        return self.distribution.icdf(cdf)

    def log_density(self, z: Tensor) -> Tensor:
        """torch's own log density in nats, shape of ``z``."""
        return self.distribution.log_prob(z)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """torch's own sampler, seeded from the stream."""
        with torch.random.fork_rng(devices=[]):  # torch's samplers know only the global generator, which is put back
            torch.manual_seed(int(stream.integers(0, 2**31, 1)))
            return self.distribution.sample((n,)).to(stream.device, stream.dtype)


class ScipyMarginal(Marginal):
    """A frozen continuous SciPy distribution, one column, through ``logcdf``,
    ``logsf``, ``ppf`` and ``isf``; evaluated on the CPU.

    Slopes are taken by differences, since autograd does not pass through SciPy. Tails
    below e^-708 are out of reach.
    """

    differentiable = False
    dim = 1

    def __init__(self, frozen: Any) -> None:
        self.frozen = frozen
        self.name = f"scipy.stats.{frozen.dist.name}"
        if not hasattr(frozen.dist, "pdf"):
            raise ValueError(f"Hypothesis 'continuous marginals' failed: {self.name} is discrete.")
        if np.ndim(frozen.ppf(0.5)) != 0:
            raise ValueError(
                f"Expected {self.name} with scalar parameters, one frozen distribution a column, got arrays."
            )
        low, high = frozen.support()
        self.low, self.high = (
            torch.tensor([float(low)], dtype=torch.float64),
            torch.tensor([float(high)], dtype=torch.float64),
        )

    def tail(self, z: Tensor) -> Tail:
        """The smaller of logcdf and logsf, shape of ``z``."""
        points = z.detach().cpu().numpy()
        log_p, log_q = (torch.as_tensor(function(points)).to(z) for function in (self.frozen.logcdf, self.frozen.logsf))
        lower = log_p <= log_q
        return Tail(torch.where(lower, log_p, log_q), side_of(lower, z))

    def quantile(self, tail: Tail) -> Tensor:
        """ppf of the lower tail, isf of the upper."""
        share, lower = torch.exp(tail.log_p).detach().cpu().numpy(), (tail.side > 0).cpu().numpy()
        if bool((share <= 0).any()):
            raise ValueError(f"{self.name}.ppf cannot reach tails below e^-745; the points lie further out.")
        return torch.as_tensor(np.where(lower, self.frozen.ppf(share), self.frozen.isf(share))).to(tail.log_p)

    def log_density(self, z: Tensor) -> Tensor:
        """SciPy's own log density in nats, shape of ``z``."""
        return torch.as_tensor(self.frozen.logpdf(z.detach().cpu().numpy())).to(z)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """SciPy's own sampler, seeded from the stream."""
        rng = np.random.default_rng(int(stream.integers(0, 2**31, 1)))
        return torch.as_tensor(self.frozen.rvs(size=(n, 1), random_state=rng)).to(stream.device, stream.dtype)


_TRANSLATED = {
    td.Normal: (own.Normal, ("loc", "scale")),
    td.Laplace: (own.Laplace, ("loc", "scale")),
    td.Cauchy: (own.Cauchy, ("loc", "scale")),
    td.Gumbel: (own.Gumbel, ("loc", "scale")),
    td.Uniform: (own.Uniform, ("low", "high")),
}


def as_marginal(distribution: object) -> Marginal:
    """A marginal from a :class:`~numerics.distributions.product.Marginal`, a torch
    distribution, or a frozen SciPy distribution.

    Raises:
        TypeError: anything else.
        ValueError: a distribution that is discrete, multivariate, has a gap in its
            support or no inverse distribution function.

    >>> as_marginal(td.Laplace(0.0, 2.0)).name
    'Laplace'
    >>> as_marginal(td.Poisson(1.0))
    Traceback (most recent call last):
    ValueError: Hypothesis 'continuous marginals' failed: Poisson is discrete.
    """
    if isinstance(distribution, Marginal):
        return check_increasing(distribution)
    if isinstance(distribution, td.Distribution):
        if type(distribution) in _TRANSLATED and len(distribution.batch_shape) <= 1:
            family, names = _TRANSLATED[type(distribution)]
            return family(*(getattr(distribution, name).to(torch.float64) for name in names))
        if type(distribution) is td.Exponential and len(distribution.batch_shape) <= 1:
            return own.Exponential(0.0, 1.0 / distribution.rate.to(torch.float64))
        return check_increasing(TorchMarginal(distribution))
    if hasattr(distribution, "dist") and hasattr(distribution, "ppf"):
        return check_increasing(ScipyMarginal(distribution))
    raise TypeError(
        f"Expected a torch distribution, a frozen scipy.stats distribution or a numerics.distributions.product.Marginal, got {type(distribution).__name__}. "
        "A distribution of your own subclasses Marginal: tail, quantile, log_density, sample."
    )


def as_product(distributions: object) -> Product:
    """The product of the distributions in a sequence, or of the batch of a single one.

    Raises:
        TypeError, ValueError: see :func:`as_marginal`; no distribution at all (d = 0).

    >>> as_product([td.Normal(0.0, 1.0), td.Normal(1.0, 2.0), td.Gumbel(0.0, 1.0)]).dim
    3
    """
    if isinstance(distributions, Product):
        return Product(as_marginal(block) for block in distributions.blocks)
    if isinstance(distributions, Sequence) or (
        isinstance(distributions, Iterable) and not isinstance(distributions, td.Distribution)
    ):
        return stack([as_marginal(distribution) for distribution in distributions])
    return Product([as_marginal(distributions)])


def check_increasing(distribution: Marginal) -> Marginal:
    """``distribution`` itself, refused if its distribution function is seen to be flat
    inside the support.

    The inverse is taken at the edges of 1,024 cells of equal mass, and F at three
    points inside each image: where it does not increase, the density vanishes on an
    interval and F has no inverse there. A gap of no such length goes unseen.

    Raises:
        ValueError: the hypothesis that failed, with the place.

    >>> check_increasing(as_marginal(td.Laplace(0.0, 1.0))).name
    'Laplace'
    """
    p = torch.arange(1, _PROBES, dtype=torch.float64)[:, None] / _PROBES
    lower = p <= 0.5
    tail = Tail(torch.log(torch.where(lower, p, 1.0 - p)), side_of(lower, p))
    edges = distribution.quantile(Tail(*(part.expand(-1, distribution.dim) for part in tail))).detach()
    if not bool(torch.isfinite(edges).all()):
        raise ValueError(
            f"Hypothesis 'every marginal has an inverse distribution function' failed: {distribution.name}'s inverse is not finite."
        )
    cells = torch.stack([edges[:-1] + share * (edges[1:] - edges[:-1]) for share in (0.0, 0.25, 0.5, 0.75, 1.0)])
    place = distribution.tail(cells)
    larger = place.complement()
    log_p = torch.where(place.side > 0, place.log_p, larger)
    log_q = torch.where(place.side > 0, larger, place.log_p)
    rising = torch.where(log_p[1:] <= -LOG_2, log_p[1:] > log_p[:-1], log_q[1:] < log_q[:-1])
    if not bool(rising.all()):
        k, cell, column = (int(index) for index in (~rising).nonzero()[0])
        ends = cells[k, cell, column].item(), cells[k + 1, cell, column].item()
        raise ValueError(
            f"Hypothesis 'a positive density on an open interval' failed: the distribution function of {distribution.name} (column {column}) does not "
            f"increase between {ends[0]:.6g} and {ends[1]:.6g}, so that its inverse is undefined there (a gap in the support, or an atom)."
        )
    return distribution
