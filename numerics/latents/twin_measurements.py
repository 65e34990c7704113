"""A model and its twin, held against each other as evaluated: integrands, distributions
of x, fitted weights, each with its bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.latents import code_bins, dci_score, factor_vae_score
from numerics.latents.entangling import Gaussian
from numerics.latents.entangling_bounds import DENSITY
from numerics.latents.entangling_measurements import FUNCTIONS, MeasuredMap
from numerics.latents.population_scores import Levels
from numerics.latents.twin_comparison import FITTED, Comparison, fitted_weights, information_defect, information_width
from numerics.latents.twins import EntangledTwin, RandomDecoder
from numerics.statistics.two_samples import mean_under_equal_distributions
from numerics.streams import Stream, tiles

__all__ = ["BATCH", "DIRECTIONS", "VOTES", "MeasuredTwin", "compared_draws", "scored_codes"]

Observe = Callable[[Tensor, Tensor], Tensor]

FEATURES, DIRECTIONS = 24, 12
VOTES, BATCH = 2000, 8
NODES = 320  # a side, in the plane
EDGE = 8.5  # standard deviations


class MeasuredTwin(MeasuredMap):
    """A twin at points of the prior's open support, shape ``(n, d)``; refuses points as
    :class:`MeasuredMap` does."""

    def __init__(self, twin: EntangledTwin, points: Tensor) -> None:
        super().__init__(twin.mapping, points)
        self.twin = twin

    def integrand(self, stream: Stream) -> Measurement:
        r"""``|log p(f(z)) + log |det J| + log K(x | f^-1(f(z))) - log p(z) - log K(x |
        z)|`` for x drawn from the first model."""
        decoder = self.twin.decoder
        with torch.enable_grad():
            inputs = self.z.detach().requires_grad_(True)
            mean = decoder(inputs)
            x = decoder.sample(mean.detach(), stream)
            own = decoder.log_prob(x, mean)
            (slope,) = torch.autograd.grad(own.sum(), inputs)
        other = decoder.log_prob(x, self.twin(self.at.x))
        residual = (self.f.density_defect(self.at) + other - own.detach()).abs()
        back = self.errors.round_trip / self.at.log_inner.exp()
        bound = Bound(
            {
                **self.errors.density,
                "inverse seen by the decoder": 2.0 * (slope.abs() * back).sum(-1),
                "decoder": 2.0 * decoder.rounding(x, mean.detach()),
            },
            DENSITY
            + " The round trip of z moves log K by its slope, doubled for what is of second order; both decodings are rounded.",
            ("differences",) if self.differenced else (),
            self.assumes,
        )
        return Measurement(residual, bound, len(self.z))

    def distributions_of_x(self, stream: Stream, places: int = 8) -> Measurement:
        """``|P(x) - P'(x)| / P(x)`` of both models in the plane, by the trapezoidal
        rule, each through its own decoder."""
        decoder = self.twin.decoder
        x = decoder.sample(decoder(self.z[:places]), stream)
        own, other = self._masses(x, NODES)
        own_coarse, other_coarse = self._masses(x, NODES // 2)
        bound = Bound(
            {
                "quadrature": ((own - own_coarse).abs() + (other - other_coarse).abs()) / own,
                "beyond the edge": 8.0 * 0.5 * math.erfc(EDGE / math.sqrt(2.0)) / own,
                "rounding": 2.0**-36 / own,
            },
            "Trapezoidal rule for a decaying analytic integrand, estimated by half the nodes a side; a kernel of at most 1 leaves at most the normal "
            "distribution's mass beyond the edge, twice for each side and model; sums of 103,041 terms that come to at most 1, each within 2^10 units of "
            "roundoff, a sum within as many units as it has terms.",
            ("quadrature",),
            ("the integrands are resolved by the coarser grid",),
        )
        return Measurement((own - other).abs() / own, bound, len(x))

    def _masses(self, x: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
        """P(x) of the model and of its twin, up to the decoder's constant."""
        line = torch.linspace(-EDGE, EDGE, nodes + 1, dtype=x.dtype, device=x.device)
        u = torch.cartesian_prod(line, line)
        weight = torch.exp(-0.5 * u.square().sum(-1)) * (2.0 * EDGE / nodes) ** 2 / (2.0 * math.pi)
        latent = self.f.prior.columnwise(Gaussian().outer, u)  # draws of the prior, whatever steps the map takes
        means = (self.twin.decoder(latent), self.twin(latent))
        kernel = self.twin.decoder.log_prob
        own, other = (torch.stack([torch.exp(kernel(point, mean)) @ weight for point in x]) for mean in means)
        return own, other

    def importances(self) -> tuple[Measurement, Measurement]:
        """Weights of the factors' normal coordinates on the codes' against the entries
        of A; and DCI of these weights against 0.

        The second is claimed where all |A_ij| are equal.
        """
        A, d, points = self.f.A, self.f.dim, len(self.z)
        weights, fit, rounding = fitted_weights(self.f, self.at, self.errors)
        whole = Bound({"fit": fit, "map": rounding}, FITTED, assumes=(FUNCTIONS,))
        share = 2.0 * (fit + rounding) / max(d**0.5 - d * (fit + rounding), 0.1)
        flat = Bound(
            {"weights": (d * share) ** 2 / math.log(d), "rounding": 4.0 * (d + 16) * torch.finfo(A.dtype).eps},
            FITTED + " Shares then differ from 1/d by at most 2e/(sqrt d - d e), and an entropy from log d by at most the chi-square distance; "
            "sums of d terms, logarithms within 16 units of roundoff.", assumes=(FUNCTIONS,),
        )  # fmt: skip
        both = torch.tensor(dci_score.dci_of_importance(weights.abs()))
        return Measurement((weights - A).abs(), whole, points), Measurement(both, flat, points)


def compared_draws(twin: EntangledTwin, size: int, observe: Observe, stream: Stream) -> tuple[Comparison, Bound]:
    """``size`` observations of the model and of its twin, drawn apart; and what the
    joint distance is on average under one distribution.

    Args:
        observe: From latents and observations ``(n, d), (n, m)`` to what is compared.
    """
    pilot, _ = next(_draws(twin, stream.fork("pilot"), 1000, observe))
    seen = Comparison(pilot, stream, directions=DIRECTIONS, features=FEATURES)
    for pair in _draws(twin, stream.fork("draws"), size, observe):
        for which, sample in enumerate(pair):
            seen.add(sample, which)
    slack = Bound(
        {"mean under one distribution": mean_under_equal_distributions(size, size), "rounding": seen.joint.rounding()},
        "The distance of two empirical mean embeddings of norm 1 has a mean of at most sqrt(1/n + 1/m) when the distributions agree (Gretton et al. 2012).",
    )
    return seen, slack


def _draws(twin: EntangledTwin, stream: Stream, size: int, observe: Observe) -> Iterator[tuple[Tensor, Tensor]]:
    """Tiles of observations of the model and of its twin, from separate streams."""
    first, second = stream.fork("model"), stream.fork("twin")
    for count in tiles(size, max(1, (1 << 19) // max(twin.mapping.dim, 16))):
        own = twin.prior.sample(count, first).to(twin.mapping.A)
        latent, seen = twin.sample(count, second)
        yield observe(own, _noisy(twin, twin.decoder(own), first)), observe(latent, _noisy(twin, seen, second))


def _noisy(twin: EntangledTwin, mean: Any, stream: Stream) -> Tensor:
    """x given its mean, for a decoder that has noise of its own; a user's decoder has
    none."""
    return twin.decoder.sample(mean, stream) if isinstance(twin.decoder, RandomDecoder) else mean.detach().flatten(1)


def scored_codes(
    twin: EntangledTwin, size: int, claimed: Levels, stream: Stream
) -> tuple[float, int, float, Bound, factor_vae_score.FactorVae | None]:
    """Informations of codes and factors against the level that A gives them, and
    FactorVAE's votes where all |A_ij| are equal.

    Returns:
        The largest distance of an information, in units of log bins; how many draws it
        rests on; the width for Hoeffding's inequality; its bias; the votes.
    """
    f, bins, draws = twin.mapping, code_bins.BINS, min(4 * size, 100_000)
    correlation = torch.full_like(f.A, f.dim**-0.5) if claimed.equal else f.A.abs()
    off = information_defect(f, f.prior.sample(draws, stream.fork("scored")).to(f.A), correlation, bins)
    width, bias = information_width(draws, bins)
    slack = Bound(
        {"bias": bias, "cells": 2.0**-20},
        "Paninski 2003 for the bias; masses of cells by quadrature.",
        estimated=("cells",),
    )
    if not claimed.equal:
        return off, draws, width, slack, None
    drawn = stream.fork("factors")
    votes = factor_vae_score.factor_vae_by_simulation(
        lambda z: f.prior.columnwise(f.link.inner, f(z)), lambda m: f.prior.sample(m, drawn).to(f.A), stream.fork("votes"),
        batch=BATCH, votes=2 * VOTES,
    )  # fmt: skip
    return off, draws, width, slack, votes
