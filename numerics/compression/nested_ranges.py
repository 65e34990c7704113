"""Growing decoders, measured: least distortions as slopes of F, and the least F of
growing classes of priors."""

from __future__ import annotations

import torch

from numerics.bounds import Bound, Measurement
from numerics.compression.gibbs_encoders import Source
from numerics.compression.rate_distortion import best_prior, free_energy

STEEP = 1e6  # a slope at which F/beta is read as the least distortion


def _sizes(source: Source) -> list[int]:
    m = source.prior.numel()
    return sorted({max(1, m * part // 4) for part in range(1, 5)})


def least_distortions(source: Source, beta: float = STEEP) -> tuple[Measurement, Measurement]:
    """F/beta of growing ranges under uniform priors, against the mean distance to the
    nearest reproduction; and by how much it rises with the range."""
    found, nearest = [], []
    rounding = 0.0
    for kept in _sizes(source):
        d = source.distortions[:, :kept]
        value, bound = free_energy(d, source.weights, torch.full_like(d[0], 1 / kept), beta)
        found.append(float(value) / beta)
        nearest.append(float((source.weights * d.min(1).values).sum()))
        rounding = max(rounding, float(bound.terms["rounding"]) / beta)
    slopes = source.weights.new_tensor(found)
    bound = Bound(
        {"slope": float(torch.log(source.weights.new_tensor(source.prior.numel()))) / beta, "rounding": 2 * rounding},
        "Z lies between p(z*) exp(-beta d(z*)) and exp(-beta d(z*)), so that F/beta exceeds the least distortion by at most -log p(z*)/beta, log m "
        "over beta for a uniform prior; the rounding of F, over beta.",
    )
    return (
        Measurement((slopes - slopes.new_tensor(nearest)).abs(), bound, len(found)),
        Measurement(slopes.diff().clamp(min=0), bound, len(found)),
    )


def growing_classes(source: Source, beta: float, factor: float = 1.0) -> Measurement:
    """By how much F at ``factor`` times beta rises, where priors on more and more
    reproductions are trained at beta."""
    values, slack = [], 0.0
    for kept in _sizes(source):
        d = source.distortions[:, :kept]
        best = best_prior(d, source.weights, beta)
        value, rounding = free_energy(d, source.weights, best.prior, factor * beta)
        values.append(float(value))
        slack = max(slack, best.gap + float(rounding.terms["rounding"]))
    bound = Bound(
        {"intervals": 2 * slack}, "Each least F is known to within the interval of its certificate, and rounding."
    )
    return Measurement(source.weights.new_tensor(values).diff().clamp(min=0), bound, len(values))
