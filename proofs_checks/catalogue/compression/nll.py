"""At the posterior, rate and distortion d = -log p(x|z) add up to the negative
log-likelihood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.compression import evidence_bounds as bounds
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import nll as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import decoder_cases
from theory.compression import variational_bounds as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [Case(D=1, Z=2, seed=1), Case(D=64, Z=64, seed=2)]
cases = {"numeric": Cases(decoder_cases, always=ALWAYS)}


def exact(*, distortion: exactly.Cost = exactly.half_squares) -> list[Any]:
    """Rate and distortion of k codes; the distortion of a Gaussian decoder."""
    return [exactly.rate_and_distortion(), exactly.gaussian_decoder(distortion)]


def numeric(
    case: Case, stream: Stream, *, distortion: Callable[[Tensor, Tensor], Tensor] = bounds.half_squares
) -> Evidence:
    """A random decoder and eight data near its codes."""
    decoded, data, prior = bounds.random_decoder(case.D, case.Z, 8, stream.fork(case.seed))
    found = bounds.rate_and_distortion(data, decoded, prior, distortion)
    return measured(found, resolves=1e-3, name="rate + distortion = -log p(x)")


controls = {
    "bare-squares": [
        Control(exact, fails="a Gaussian decoder", distortion=exactly.bare_squares),
        Control(numeric, fails="rate + distortion", cases=ALWAYS, distortion=bounds.bare_squares),
    ],
}
