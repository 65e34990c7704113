"""What a prior costs lies between the relative entropy of its codes and the logarithm
of the largest gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.compression import gibbs_encoders as gibbs
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import prior_bound as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import source_cases
from theory.compression import gibbs_encoders as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

Start = Callable[[gibbs.Source, float], gibbs.Source]
APART = Case(source="circle", n=4, m=4, beta=8.0, seed=1)  # data far apart: the loss is the relative entropy
ALWAYS = [APART, Case(source="plane", n=2, m=2, beta=1.0, seed=1), Case(source="plane", n=24, m=24, beta=4.0, seed=2)]
MISSED = [Case(source="circle", n=12, m=12, beta=1.0, seed=1), Case(source="circle", n=8, m=16, beta=4.0, seed=2)]
SLOPES = [Case(source="plane", n=24, m=24, beta=4.0, seed=2), Case(source="plane", n=12, m=16, beta=4.0, seed=1)]
cases = {"numeric": Cases(source_cases, always=ALWAYS)}


def exact(*, gain: Callable[[Any], Any] | None = None) -> list[Any]:
    """Both inequalities step by step, a fixed point that is not optimal, and the
    Gaussian family."""
    return [
        exactly.exchange_of_priors(),
        exactly.concave_logarithm(),
        exactly.averaged_gains(),
        exactly.missed_symbol(gain),
        exactly.gaussian_priors(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    fixed_point: Start = gibbs.with_a_fixed_point,
    largest: Callable[[Tensor, Tensor], Tensor] = gibbs.everywhere,
    times: float = 1.0,
) -> list[Evidence]:
    """Random priors of full support and priors that miss reproductions, against the
    least F of any prior."""
    source = gibbs.SOURCES[case.source](case.n, case.m, stream.fork(case.seed))
    lower, upper = gibbs.prior_certificate(source, case.beta, largest, times=times)
    missed = gibbs.with_a_missed_symbol(source, case.beta)
    lower_missed, upper_missed = gibbs.prior_certificate(missed, case.beta, largest)
    settled = gibbs.loss_of_a_fixed_point(source, case.beta, fixed_point)
    return [
        measured(lower, resolves=1e-3, name="KL(q_beta(z)||p) <= F_p - F_f"),
        measured(upper, resolves=1e-3, name="F_p - F_f <= log sup g"),
        measured(lower_missed, resolves=1e-3, name="KL <= F_p - F_f, symbols missed"),
        measured(upper_missed, resolves=1e-3, name="F_p - F_f <= log sup g, symbols missed"),
        measured(settled, resolves=5e-2, name="no loss at a fixed point"),
    ]


controls = {
    "one-prior-for-every-slope": Control(
        numeric, fails="no loss at a fixed point", cases=SLOPES, fixed_point=gibbs.best_of_another_slope
    ),
    "fixed-point-suffices": [
        Control(exact, fails="g on the missed symbol", gain=exactly.no_gain),
        Control(numeric, fails="no loss at a fixed point", cases=MISSED, fixed_point=gibbs.with_a_missed_symbol),
    ],
    "twice-the-entropy": [Control(numeric, fails="KL(q_beta(z)||p) <= F_p - F_f", cases=[APART], times=2.0)],
    "gain-where-the-prior-is": [
        Control(numeric, fails="F_p - F_f <= log sup g, symbols missed", cases=MISSED, largest=gibbs.where_the_prior_is)
    ],
}
