"""With the decoder fixed, the best rate is that of reproductions in its range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.compression import gibbs_encoders as gibbs
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import decoder_restricts_rate as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders as exactly
from theory.proof import relative_entropy

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

BIT = Case(source="bit", n=2, m=4, beta=1.0, seed=1)  # the first two reproductions carry the optimum
ALWAYS = [BIT, Case(source="plane", n=2, m=4, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
POWERED = [
    Case(source="circle", n=12, m=12, beta=1.0, seed=1), Case(source="circle", n=8, m=16, beta=4.0, seed=2),
]  # fmt: skip
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(*, other: Callable[[Any], Any] = exactly.between) -> list[Any]:
    """Merging codes that decode alike loses no distortion and gains rate; two of many
    reproductions suffice for a fair bit."""
    return [
        relative_entropy.log_sum(),
        relative_entropy.remainder(),
        exactly.two_reproductions_suffice(other),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    allowance: Callable[[float], float] = gibbs.certificate,
    chosen: Callable[[gibbs.Source, float], Tensor] = gibbs.support_of_the_best,
) -> list[Evidence]:
    """A random source with half of its reproductions, and with those that the best
    prior uses."""
    source = gibbs.SOURCES[case.source](case.n, case.m, stream.fork(case.seed))
    below, beyond = gibbs.restricted_range(source, case.beta, max(1, case.m // 2), allowance)
    return [
        measured(below, resolves=1e-3, name="F_f >= F"),
        measured(beyond, resolves=1e-3, name="F_f - F <= log sup g outside"),
        measured(
            gibbs.loss_of_a_range(source, case.beta, chosen), resolves=1e-3, name="no loss where the optimum fits"
        ),
    ]


controls = {
    "any-range": [Control(numeric, fails="F_f - F <= log sup g", cases=POWERED, allowance=gibbs.nothing)],
    "gains-below-one-count": [
        Control(numeric, fails="F_f - F <= log sup g", cases=[BIT], allowance=gibbs.log_of_any_gain)
    ],
    "range-that-misses": [
        Control(numeric, fails="no loss where the optimum fits", cases=POWERED, chosen=gibbs.all_but_the_likeliest)
    ],
    "constant-decoder": [
        Control(numeric, fails="no loss where the optimum fits", cases=POWERED, chosen=gibbs.one_reproduction)
    ],
    "further-reproduction": [Control(exact, fails="1 - g on the others", other=exactly.on_a_datum)],
}
