"""A better prior on the codes that training data use, by the interior point: an exact
finite sum on data that were not fitted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.compression.rate_distortion import best_prior, free_energy, gains
from numerics.errors import PrecisionError
from numerics.streams import Stream
from proofs_checks.audits.rate_distortion.measurements import distances
from proofs_checks.inputs.latent_models import LatentModel

__all__ = ["FittedPrior", "fit_prior", "least_energy"]

MOST = 256  # codes of a fitted prior
KEPT = 0.05  # of the mass that stays with the old prior


@dataclass(frozen=True)
class FittedPrior:
    """A prior on finitely many codes ``(M, k)`` with masses ``(M,)``, fitted at a
    slope; hand ``(fitted.codes, fitted.masses)`` to the audit to see its curve.

    >>> one = FittedPrior(torch.zeros(2, 3), torch.tensor([0.5, 0.5]), 1.0)
    >>> one.sample(4).shape, round(float(one.log_mass(torch.tensor([0]))), 4)
    (torch.Size([4, 3]), -0.6931)
    """

    codes: Tensor
    masses: Tensor
    slope: float

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draws ``(n, k)``."""
        at = torch.searchsorted(self.masses.cumsum(0), Stream(seed, dtype=self.masses.dtype).uniform(n))
        return self.codes[at.clamp(max=len(self.masses) - 1)]

    def log_mass(self, index: Tensor) -> Tensor:
        """log of the masses of the codes with these indices, nats."""
        return self.masses[index].log()


def fit_prior(model: LatentModel, codes: Tensor, fitted_on: Tensor, slope: float) -> FittedPrior | None:
    """The best masses of ``codes`` for the data ``fitted_on`` ``(n, m)`` at a slope;
    None where the precision does not carry the interval."""
    d = distances(model, codes, fitted_on).T
    weights = d.new_full((len(d),), 1 / len(d))
    try:
        found = best_prior(d, weights, slope)
    except PrecisionError:
        return None
    kept = found.prior > 2.0**-40
    masses = found.prior[kept] / found.prior[kept].sum()
    return FittedPrior(codes[kept], masses, slope)


def energy_of(model: LatentModel, prior: FittedPrior, x: Tensor, *, kept: float = KEPT) -> float:
    """F at the prior's slope of (1 - kept) of the fitted prior with ``kept`` of any
    other, from above: the other's weights are left out."""
    d = distances(model, prior.codes, x).T
    weights = d.new_full((len(d),), 1 / len(d))
    value, _ = free_energy(d, weights, prior.masses * (1 - kept), prior.slope)
    return float(value)


def least_energy(d: Tensor, masses: Tensor, slope: float) -> dict[str, float] | None:
    """For a finite prior: F_p, an interval of the least F over priors, KL of the mean
    posterior from the prior, and log sup g; ``d`` ``(n, M)``."""
    weights = d.new_full((len(d),), 1 / len(d))
    try:
        best = best_prior(d, weights, slope)
    except PrecisionError:
        return None
    value, bound = free_energy(d, weights, masses, slope)
    gain = gains(d, weights, masses, slope)
    used = masses * gain
    divergence = float(torch.special.xlogy(used, gain).sum())
    return {
        "slope": slope, "F": float(value), "least": best.lower, "most": best.upper, "rounding": best.rounding + float(bound.terms["rounding"]),
        "divergence": divergence, "log_sup_gain": float(gain.max().log()), "distortion": best.distortion,
    }  # fmt: skip
