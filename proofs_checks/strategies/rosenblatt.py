"""Cases for the Knothe-Rosenblatt map (a dimension, a law's name, where its conditional laws come from, a seed and a number of points),
the laws that they name, and laws that spoil a hypothesis.

A strategy draws the name and the seed; :func:`declared_law` makes the law of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics import densities
from numerics.correlated_mixtures import CorrelatedMixture
from numerics.marginals import Product, SplitUniform
from numerics.random import Stream
from numerics.transports.conditionals import (
    CallableConditionals,
    Conditionals,
    Fibre,
    MixtureConditionals,
    MixtureFibre,
    ProductConditionals,
    random_covariances,
)  # fmt: skip
from numerics.transports.rosenblatt import KnotheRosenblatt
from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import SEEDS, dimensions, sample_size

LogFunction = Callable[[Tensor], Tensor]

QUADRATURE = ("mixture", "correlated", "logistic")


def rosenblatt_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, law, by, seed, size)``: mixtures with any covariances in closed form up to D = 64 (24 in the quick profile), and laws known by values
    alone up to D = 3 (2 in the quick profile)."""
    quick = profile.name == "quick"
    largest = 2 if quick else 3
    closed = st.builds(
        lambda D, seed: Case(D=D, law="mixture", by="closed form", seed=seed, size=16 if D > 8 else 64),
        dimensions(1, 24 if quick else 64), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="quadrature", seed=seed, size=64 if D < 3 else 8),
        st.integers(1, largest), st.sampled_from(QUADRATURE), SEEDS,
    )  # fmt: skip
    return closed | closed | values if quick else closed | values


def uniformity_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, law, by, seed, size)`` for samples: closed forms up to D = 16, quadrature up to D = 2."""
    quick = profile.name == "quick"
    closed = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="closed form", seed=seed, size=12_000 if quick else sample_size(profile)),
        dimensions(1, 16), st.sampled_from(("mixture", "split")), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="quadrature", seed=seed, size=8_000 if quick else 20_000),
        st.integers(1, 2), st.sampled_from(("mixture", "logistic")), SEEDS,
    )  # fmt: skip
    return closed | values


# -- laws ---------------------------------------------------------------------------------------------------------------


class Law(Protocol):
    """A law that can be drawn without its conditionals, and the map that goes through them (or through values of its density)."""

    dim: int

    def log_prob(self, x: Tensor) -> Tensor:
        """Joint log density of points ``(N, D)``."""

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``."""

    def map(self) -> KnotheRosenblatt:
        """The map."""


@dataclass(frozen=True)
class Drawn:
    """A sampler and a log density (the sampler's own, or ``density``) with a map; ``gaussian`` holds mean and covariance where the law is one Gaussian."""

    source: Any
    through: Conditionals | None
    gaussian: tuple[Tensor, Tensor] | None = None
    density: LogFunction | None = None

    @property
    def dim(self) -> int:
        """D."""
        return self.source.dim

    def log_prob(self, x: Tensor) -> Tensor:
        """Joint log density, by no conditional."""
        return (self.density or self.source.log_prob)(x)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Draws, by no conditional."""
        return self.source.sample(n, stream)

    def map(self) -> KnotheRosenblatt:
        """Through the conditionals where there are some, or else by quadrature over values of the density alone."""
        if self.through is not None:
            return KnotheRosenblatt.from_conditionals(self.through)
        tolerance = 1e-9 if self.dim < 3 else 1e-6
        return KnotheRosenblatt.from_log_prob(self.log_prob, self.dim, like=self.source.means, tolerance=tolerance)


def declared_law(case: Case, stream: Stream) -> Drawn:
    """The law that a case names, its parameters from the stream."""
    if case.law == "split":
        product = ProductConditionals(Product([SplitUniform(torch.zeros(case.D), torch.ones(case.D))]))
        return Drawn(product, product)
    if case.law == "logistic":
        return Drawn(densities.law("logistic", case.D, stream), None)
    if case.law == "tied":  # one Gaussian whose coordinates all have correlation 0.8 with each other
        covariance = torch.full((case.D, case.D), 0.8, dtype=stream.dtype, device=stream.device)
        covariance.diagonal().fill_(1.0)
        closed = MixtureConditionals(covariance.new_ones(1), covariance.new_zeros(1, case.D), covariance[None])
        return Drawn(closed, closed)
    components = {"gaussian": 1, "correlated": 2, "mixture": 3}[case.law]
    raw = stream.exponential(components) + 0.3
    means = (2.0 if components > 1 else 0.5) * stream.normal(components, case.D) / math.sqrt(case.D)
    covariances = random_covariances(case.D, components, stream)
    closed = MixtureConditionals(raw / raw.sum(), means, covariances)
    only = (means[0], covariances[0]) if components == 1 else None
    joint = CorrelatedMixture(raw, means, covariances)
    return Drawn(closed, closed if case.by == "closed form" else None, only, joint.log_prob)


# -- laws that spoil a hypothesis ---------------------------------------------------------------------------------------


class Unconditional(Conditionals):
    """Every coordinate through its unconditional law."""

    def __init__(self, closed: MixtureConditionals) -> None:
        self.closed, self.dim, self.numbers = closed, closed.dim, closed.numbers

    def fibre(self, before: Tensor) -> Fibre:
        """The unconditional law of the coordinate, at every point."""
        d, n = before.shape[1], before.shape[0]
        own = self.closed
        weights, means = own.log_weights[:, None].expand(-1, n), own.means[:, d, None].expand(-1, n)
        return MixtureFibre(weights, means, own.covariances[:, d, d, None].sqrt())


def unconditional_law(case: Case, stream: Stream) -> Drawn:
    """The declared law, and a map whose coordinates forget the earlier ones."""
    closed = declared_law(case, stream).source
    return Drawn(closed, Unconditional(closed))


class HalfNormal:
    """max(Z, 0) for a standard normal Z: an atom of one half at 0; independent coordinates."""

    dim = 1

    def sample(self, n: int, stream: Stream) -> Tensor:
        """Draws, shape ``(n, 1)``."""
        return stream.normal(n, 1).clamp_min(0.0)


def atomic_law(case: Case, stream: Stream) -> Drawn:
    """A law with an atom, through its distribution function, which jumps."""

    def log_cdf(t: Tensor, before: Tensor) -> Tensor:
        return torch.where(t >= 0, torch.special.log_ndtr(t), -torch.inf)

    return Drawn(HalfNormal(), CallableConditionals(1, log_cdf=log_cdf, log_density=lambda t, before: -t * t / 2))


def split_law(case: Case, stream: Stream) -> Drawn:
    """Uniform on two intervals, whatever law the case names: its support has a gap."""
    return declared_law(Case(**{**case, "law": "split"}), stream)
