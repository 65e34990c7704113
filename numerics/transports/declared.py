"""Distributions called by a name, with the Knothe-Rosenblatt map of each, and
distributions that spoil a hypothesis of it.

Every maker takes the same arguments: the distribution's name, the dimension D, where
its conditionals come from ("closed form" or "quadrature"), and a stream for its
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from numerics.distributions.declared import declared_distribution
from numerics.distributions.interface import Distribution, Sampler
from numerics.distributions.mixtures import GaussianMixture
from numerics.distributions.product import Product
from numerics.streams import Stream
from numerics.transports.conditionals import (
    CallableConditionals,
    Conditionals,
    Fibre,
    MixtureConditionals,
    MixtureFibre,
    ProductConditionals,
)
from numerics.transports.domain import LogFunction
from numerics.transports.rosenblatt import KnotheRosenblatt

__all__ = [
    "Transported", "TransportedDistribution", "atomic_transport", "declared_transport", "split_transport", "unconditional_transport", "widened_transport",
]  # fmt: skip

KINDS = {
    "gaussian": "correlated-gaussian", "correlated": "correlated-pair", "mixture": "correlated-mixture", "tied": "equicorrelated",
    "logistic": "logistic", "split": "split",
}  # fmt: skip


class TransportedDistribution(Distribution, Protocol):
    """A distribution that is drawn without its conditionals, and the map that goes
    through them (or through values of its density)."""

    def map(self) -> KnotheRosenblatt:
        """The map."""
        ...


@dataclass(frozen=True)
class Transported:
    """A sampler and a log density with a map.

    Attributes:
        source: The sampler, with a ``log_prob`` where it has a density.
        through: The conditionals that the map goes through; None for quadrature over
            values of the density.
        density: The log density, where it is not the sampler's own.
    """

    source: Any
    through: Conditionals | None
    density: LogFunction | None = None

    @property
    def dim(self) -> int:
        """D."""
        return self.source.dim

    @property
    def gaussian(self) -> tuple[Tensor, Tensor] | None:
        """Mean ``(D,)`` and covariance ``(D, D)`` where the distribution is one
        Gaussian."""
        one = isinstance(self.source, GaussianMixture) and len(self.source.weights) == 1
        return (self.source.means[0], self.source.covariances[0]) if one else None

    def log_prob(self, x: Tensor) -> Tensor:
        """Joint log density in nats of points ``(N, D)``, shape ``(N,)``, by no
        conditional."""
        return (self.density or self.source.log_prob)(x)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Draws ``(n, D)``, by no conditional."""
        return self.source.sample(n, stream)

    def map(self) -> KnotheRosenblatt:
        """Through the conditionals where there are some, or else by quadrature over
        values of the density alone."""
        if self.through is not None:
            return KnotheRosenblatt.from_conditionals(self.through)
        like, tolerance = self.source.mean(), 1e-9 if self.dim < 3 else 1e-6
        return KnotheRosenblatt.from_log_prob(self.log_prob, self.dim, like=like, tolerance=tolerance)


def declared_transport(name: str, D: int, by: str, stream: Stream) -> Transported:
    """The distribution of that name on R^D, its parameters from the stream, with its
    map.

    Args:
        name: "split" (each coordinate uniform on two intervals), "logistic", "tied"
            (one Gaussian whose coordinates all have correlation 0.8 with each other),
            "gaussian", "correlated" (two components) or "mixture" (three).
        D: Dimension.
        by: "closed form" or "quadrature": what the map of a Gaussian mixture goes
            through. The others have one way each.
        stream: Source of the parameters.
    Raises:
        KeyError: another name.

    >>> found = declared_transport("mixture", 2, "closed form", Stream(1))
    >>> bool(((found.map().forward(found.sample(4, Stream(2))) - 0.5).abs() < 0.5).all())
    True
    """
    source = declared_distribution(KINDS[name], D, stream)
    if isinstance(source, GaussianMixture) and (by == "closed form" or name == "tied"):
        return Transported(source, MixtureConditionals.of(source))
    return Transported(source, ProductConditionals(Product([source])) if name == "split" else None)


# -- what spoils a hypothesis -------------------------------------------------------------------------------------------


class Unconditional(Conditionals):
    """Every coordinate through its unconditional distribution."""

    def __init__(self, joint: GaussianMixture) -> None:
        self.joint, self.dim, self.numbers = joint, joint.dim, MixtureConditionals.of(joint).numbers

    def fibre(self, before: Tensor) -> Fibre:
        """The unconditional distribution of the coordinate, at every point: from rows
        ``(N, d)``."""
        d, n = before.shape[1], before.shape[0]
        own = self.joint
        weights, means = own.weights.log()[:, None].expand(-1, n), own.means[:, d, None].expand(-1, n)
        return MixtureFibre(weights, means, own.covariances[:, d, d, None].sqrt())


def unconditional_transport(name: str, D: int, by: str, stream: Stream) -> Transported:
    """The declared distribution, and a map whose coordinates do not depend on the
    earlier ones."""
    source = declared_transport(name, D, by, stream).source
    return Transported(source, Unconditional(source))


class HalfNormal:
    """max(Z, 0) for a standard normal Z: an atom of one half at 0; one coordinate."""

    dim = 1

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Draws, shape ``(n, 1)``."""
        return stream.normal(n, 1).clamp_min(0.0)


def atomic_transport(name: str, D: int, by: str, stream: Stream) -> Transported:
    """A distribution on the line with an atom, whatever is asked for, through its
    distribution function, which jumps.

    >>> (atomic_transport("", 1, "", Stream(1)).sample(100, Stream(2)) == 0).any()
    tensor(True)
    """

    def log_cdf(t: Tensor, before: Tensor) -> Tensor:
        return torch.where(t >= 0, torch.special.log_ndtr(t), -torch.inf)

    return Transported(HalfNormal(), CallableConditionals(1, log_cdf=log_cdf, log_density=lambda t, before: -t * t / 2))


def split_transport(name: str, D: int, by: str, stream: Stream) -> Transported:
    """Uniform on two intervals, whatever the name: the support has a gap."""
    return declared_transport("split", D, by, stream)


@dataclass(frozen=True)
class Widened:
    """Samples of another distribution, a quarter wider about the origin than its
    density says."""

    source: Sampler

    @property
    def dim(self) -> int:
        """D."""
        return self.source.dim

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Draws, shape ``(n, D)``."""
        return 1.25 * self.source.sample(n, stream)


def widened_transport(name: str, D: int, by: str, stream: Stream) -> Transported:
    """The declared distribution and its map, with samples that are a quarter wider."""
    sound = declared_transport(name, D, by, stream)
    return Transported(Widened(sound.source), sound.through, sound.log_prob)
