"""Among isotropic Gaussians E_p log q is largest at the mean of p and at variance tr
Cov / D."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.distributions import gaussian_fits
from numerics.distributions.mixtures import IsotropicMixture, random_mixture
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import kl_moment_match as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.evaluation import mixture_cases
from theory.distributions import gaussian_likelihood as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

Fitted = Callable[[IsotropicMixture, Tensor, tuple[Tensor, Tensor]], gaussian_fits.Fit]

APART = Case(D=1, components=2, apart=Fraction(4), size=300, seed=1)
cases = {
    "numeric": Cases(mixture_cases, always=[
        Case(D=1, components=2, size=300, seed=1), Case(D=8, components=3, size=300, seed=2), Case(D=64, components=3, size=300, seed=3), APART,
    ]),
}  # fmt: skip


def to_data(p: IsotropicMixture, points: Tensor, start: tuple[Tensor, Tensor]) -> gaussian_fits.Fit:
    """The fit under KL(data||model): maximum likelihood."""
    return gaussian_fits.fit_to_points(points, start)


def to_model(p: IsotropicMixture, points: Tensor, start: tuple[Tensor, Tensor]) -> gaussian_fits.Fit:
    """The fit under KL(model||data)."""
    return gaussian_fits.fit_to_the_density(p, start)


def exact(*, variance: exactly.Variance = exactly.mean_variance) -> list[Any]:
    """The density and the second moments coordinate by coordinate; what every other
    Gaussian loses; strict convexity."""
    return [
        exactly.density_of_n_coordinates(),
        exactly.second_moments(),
        exactly.gap_to_the_best(variance),
        exactly.log_partition(),
        exactly.strictly_convex(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    fitted: Fitted = to_data,
    variance: Callable[[Tensor], float] = gaussian_fits.mean_variance,
) -> list[Evidence]:
    """Descents from random starts, which see log densities alone, against the sample's
    mean and mean variance."""
    p = distribution(case, stream.fork(("p", case.seed)))
    points = p.sample(case.size, stream.fork(("points", case.seed)))
    starts = gaussian_fits.random_starts(2, case.D, stream.fork(("starts", case.seed)))
    fits = [fitted(p, points, start) for start in starts]
    mean, spread = gaussian_fits.moments_missed(points, fits, variance)
    return [
        measured(mean, resolves=1e-3, name="mean of the fit against that of the sample, over its spread"),
        measured(spread, resolves=1e-3, name="variance of the fit against tr Cov / D"),
    ]


def distribution(case: Case, stream: Stream) -> IsotropicMixture:
    """A random mixture, or two modes of variance 1 at -a and a."""
    if "apart" not in case:
        return random_mixture(case.D, case.components, stream)
    means = torch.zeros(2, case.D, dtype=stream.dtype, device=stream.device)
    means[:, 0] = torch.tensor([-float(case.apart), float(case.apart)])
    ones = torch.ones(2, dtype=stream.dtype, device=stream.device)
    return IsotropicMixture(ones, means, ones)


MANY = [Case(D=2, components=3, size=300, seed=5), Case(D=16, components=3, size=300, seed=6)]
controls = {
    "largest-eigenvalue": [
        Control(exact, fails="what another Gaussian loses", variance=exactly.largest_variance),
        Control(numeric, fails="variance of the fit", cases=MANY, variance=gaussian_fits.largest_variance),
    ],
    "either-direction": [
        Control(numeric, fails=f"{what} of the fit", cases=[APART], fitted=to_model) for what in ("mean", "variance")
    ],
}
