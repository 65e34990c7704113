"""Whether a model's log density integrates to 1: by a lattice in few dimensions, by
draws of a proposal, and of the model itself, in more."""

from __future__ import annotations

from torch import Tensor

from numerics.distributions.mass import LARGEST_DIM
from numerics.statistics.total_mass import LogMass, weigh_by_gaussian
from numerics.streams import Stream
from proofs_checks.audits.fit.findings import MASS, NORMAL, Made
from proofs_checks.findings import Finding
from proofs_checks.inputs.densities import Model
from proofs_checks.inputs.density_mass import unit_mass
from proofs_checks.inputs.fits import FitModel
from proofs_checks.kernel import Status

DRAWN = 4000
_NORMALISED = {Status.HOLDS: True, Status.REFUTED: False}
UNKNOWN = "unchecked: no proposal overlaps with p well enough to weigh it; if log p is not normalised, likelihoods say nothing"


def total_mass(model: FitModel, points: Tensor, stream: Stream, *, seconds: float) -> Made:
    """The integral of p against 1. KL between data and an unnormalised density, and a
    comparison of two, are off by log of it."""
    if model.density is None:
        return Finding(MASS, Status.INAPPLICABLE, "unchecked: the model has no log density"), {}
    if points.shape[1] <= LARGEST_DIM:
        found = unit_mass(model.density, seconds=seconds)
        return Finding(MASS, found.status, found.text, found.witness), {"normalised": _NORMALISED.get(found.status)}
    weighed, how = _weigh(model.density, model.samples, points, stream)
    if not weighed.known:
        return Finding(MASS, Status.INAPPLICABLE, UNKNOWN), {}
    reach = NORMAL * weighed.error + 16 * (points.shape[1] + 8) * model.density.precision * (1 + abs(weighed.value))
    text = f"log of the integral of p is {weighed.value:.3g} nats, within {reach:.2g} (an estimate, by {how})"
    witness = {"log_mass": weighed.value, "reach": reach, "effective": weighed.effective}
    if abs(weighed.value) <= reach:
        return Finding(MASS, Status.HOLDS, text, witness), {"normalised": True}
    text += ": log p is not normalised" + ("" if model.samples is None else ", or the draws are not its own")
    text += f"; every likelihood is too {'large' if weighed.value > 0 else 'small'} by that"
    return Finding(MASS, Status.REFUTED, text, witness), {"normalised": False}


def _weigh(density: Model, samples: Tensor | None, points: Tensor, stream: Stream) -> tuple[LogMass, str]:
    """By the bridge where there are draws of the model, half of which shape the
    proposal; by importance weights else."""

    def log_p(x: Tensor) -> Tensor:
        return density.log_prob(x.to(density.dtype))

    if samples is None:
        found = weigh_by_gaussian(log_p, points, None, stream, draws=DRAWN)
        return found, f"importance weights of {DRAWN:,} draws around the data"
    around, own = samples[: len(samples) // 2], samples[len(samples) // 2 :]
    found = weigh_by_gaussian(log_p, around, own, stream, draws=DRAWN)
    return found, f"a bridge from {DRAWN:,} draws of a Gaussian to {len(own):,} of the model"
