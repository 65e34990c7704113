"""Prior and decoder enter a rate-distortion curve through the distribution of the
reproduction alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.compression import gibbs_encoders as gibbs
from numerics.compression import twin_curves as twins
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import curve_is_pushforward as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [Case(source="plane", n=2, m=2, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(*, merged: Callable[[Any, Any], Any] = exactly.by_mass) -> list[Any]:
    """Codes that decode alike, and the rotation of a Gaussian prior."""
    return [exactly.merged_codes(merged), exactly.entangled_twin()]


def numeric(
    case: Case,
    stream: Stream,
    *,
    renamed: Callable[[gibbs.Source, Stream], gibbs.Source] = gibbs.rename_codes,
    claimed: float = 0.0,
) -> list[Evidence]:
    """A random source, and the same with ignored units, renamed codes, and a rotated
    code."""
    drawn = stream.fork(case.seed)
    source = gibbs.SOURCES[case.source](case.n, case.m, drawn)
    ignored = gibbs.change_of_the_curve(source, gibbs.ignored_unit(source, drawn.fork("unit")))
    moved = gibbs.change_of_the_curve(source, renamed(source, drawn.fork("names")))
    twin = twins.change_under_rotation(case.n, case.beta, drawn.fork("twin"), claimed)
    return [
        measured(ignored, resolves=1e-3, name="ignored code units"),
        measured(moved, resolves=1e-3, name="renamed codes"),
        measured(twin, resolves=1e-3, name="entangled twin"),
    ]


controls = {
    "merged-without-mass": [Control(exact, fails="k codes that decode alike", merged=exactly.without_mass)],
    "codes-renamed-alone": [Control(numeric, fails="renamed codes", cases=ALWAYS, renamed=gibbs.other_prior)],
    "twin-has-another-curve": [Control(numeric, fails="entangled twin", cases=ALWAYS, claimed=1e-3)],
}
