"""One decoder under two priors: one least distortion, and rates that come to differ by
the log ratio of the priors at the nearest code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.compression import gibbs_encoders as gibbs
from numerics.compression import toy_models as toys
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures_bounds import toy_models as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders
from theory.compression import toy_models as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [Case(source="plane", n=2, m=2, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(*, ratio: exactly.Ratio = exactly.second_over_first) -> list[Any]:
    """What the other codes add, both limits, and how fast; the slope of the curve, by
    which rates at one distortion compare."""
    return [
        exactly.exchange_at_the_nearest(),
        exactly.limits(ratio),
        exactly.bounded_excess(),
        gibbs_encoders.legendre(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    second: toys.Other = toys.other_prior,
    ratio: Callable[[Tensor, Tensor], Tensor] = toys.second_over_first,
) -> list[Evidence]:
    """Random data, a random decoder and two random priors."""
    drawn = stream.fork(case.seed)
    one = gibbs.random_source(case.n, case.m, drawn)
    two = second(one, drawn.fork("second"))
    return [
        measured(toys.least_distortions_apart(one, two), resolves=1e-3, name="one least distortion"),
        measured(toys.gap_at_a_steep_slope(one, two, ratio), resolves=1e-3, name="rates apart at small distortions"),
        measured(toys.rates_at_equal_distortion(one, two, case.beta), resolves=1e-3, name="rates at one distortion"),
    ]


controls = {
    "one-prior-one-curve": [Control(numeric, fails="one least distortion", cases=ALWAYS, second=toys.other_decoder)],
    "ratio-turned-over": [
        Control(exact, fails="limit of Z_2/Z_1", ratio=exactly.first_over_second),
        Control(numeric, fails="rates apart", cases=ALWAYS, ratio=toys.first_over_second),
    ],
}
