"""With decoder and prior fixed the best encoder reweights the prior by each datum's own
distortion; the curve's slope is minus its price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.compression import gibbs_encoders as gibbs
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import lagrangian_separates as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [Case(source="plane", n=2, m=2, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(
    *, distortion: exactly.EncoderDistortion = exactly.by_its_own, slope: Callable[[Any], Any] | None = None
) -> list[Any]:
    """The best encoder, slopes of the free energy, the sign of the variance, and the
    curve."""
    return [
        exactly.lagrangian(distortion),
        exactly.slopes_of_log_z(),
        exactly.variance(),
        exactly.legendre(slope),
    ]


def numeric(
    case: Case, stream: Stream, *, encoding: gibbs.Encoding = gibbs.gibbs_encoder, factor: float = 1.0
) -> list[Evidence]:
    """A random source and decoder: value, rivals, slope and curvature."""
    source = gibbs.SOURCES[case.source](case.n, case.m, stream.fork(case.seed))
    slope, curvature = gibbs.slope_and_curvature(source, case.beta, factor)
    return [
        measured(gibbs.value_of_an_encoder(source, case.beta, encoding), resolves=1e-3, name="value of the encoder"),
        measured(gibbs.excess_of_others(source, case.beta, stream), resolves=1e-3, name="no encoder does better"),
        measured(slope, resolves=1e-3, name="slope of the curve"),
        measured(curvature, resolves=1e-3, name="curvature of the curve"),
    ]


def half(beta: Any) -> Any:
    """Half the slope."""
    return -beta / 2


controls = {
    "shared-encoder": [
        Control(exact, fails="the Lagrangian of one datum", distortion=exactly.by_the_mean),
        Control(numeric, fails="value of the encoder", cases=ALWAYS, encoding=gibbs.shared_encoder),
    ],
    "constraint-inside": [Control(numeric, fails="value of the encoder", cases=ALWAYS, encoding=gibbs.prior_encoder)],
    "half-the-slope": [
        Control(exact, fails="slope of the curve", slope=half),
        Control(numeric, fails="slope of the curve", cases=ALWAYS, factor=0.5),
    ],
}
