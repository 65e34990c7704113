"""Any continuous positive score is the density of a bijective representation of the
same data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from torch import Tensor

from numerics.distributions.declared import declared_distribution, declared_log_score
from numerics.distributions.interface import Distribution
from numerics.streams import Stream
from numerics.transports import LogFunction, log_ratio
from numerics.transports.arbitrary_score_measurements import MeasuredScore, PushedScore, finiteness
from proofs_checks.catalogue.anomaly.figures import arbitrary_score as figure
from proofs_checks.inputs import arbitrary_scores
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested, undecided
from proofs_checks.strategies.anomaly import pushed_score_cases, score_cases
from theory.transports import arbitrary_score as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Integrand = Callable[[Any, Any], Any]
LOG_S = sp.Function("lambda_s", real=True)(theorem.X, theorem.W)  # log s on a fibre, undefined

cases = {
    "numeric": Cases(score_cases, always=[
        Case(D=1, p="mixture", s="wide", seed=1, size=2048), Case(D=2, p="ridge", s="flat", seed=1, size=256),
        Case(D=2, p="band", s="bumps", seed=1, size=256), Case(D=64, p="mixture", s="wide", seed=1, size=512),
        Case(D=64, p="mixture", s="inverse", seed=2, size=128),
    ]),
    "statistical": Cases(pushed_score_cases, always=[
        Case(D=1, p="mixture", s="wide", seed=1, size=20_000), Case(D=2, p="mixture", s="square", seed=1, size=20_000),
    ]),
}  # fmt: skip
cases_for = arbitrary_scores.cases_of_scores(cases["numeric"])


def exact(*, integrand: Integrand = log_ratio, ends: Sequence[theorem.FibreEnd] = theorem.SOUND_ENDS) -> list[Evidence]:
    """The fundamental theorem of calculus on a fibre, the flux through a box's boundary
    in every D, and finiteness at the base point."""
    return [
        theorem.density_of_the_image(theorem.LOG_P, LOG_S, integrand),
        theorem.finite_at_the_base_point(ends),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    s: LogFunction | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
    points: Tensor | None = None,
    positive: bool = True,
) -> list[Evidence]:
    """log p - log|det J_f| against log s, with J_f taken from the map as evaluated; its
    inverse; its finiteness."""
    pair = arbitrary_scores.scored_density(case, stream, p=p, s=s, base=base, points=points)
    tail = measured(finiteness(pair, integrand), resolves=0.5, name="f is finite at the base point")
    if not positive or pair.base in (-math.inf, math.inf):
        return [
            tail,
            undecided("The density is measured where p and s are positive, from a base point inside the fibres."),
        ]
    of = MeasuredScore(pair, integrand)
    return [
        tail,
        measured(of.density(), resolves=0.05, name="density of the image, from the Jacobian of the map as evaluated"),
        measured(of.round_trip(), resolves=1e-6, name="the inverse, through the map as evaluated (relative)"),
    ]


def statistical(
    case: Case,
    stream: Stream,
    *,
    distribution: Distribution | None = None,
    s: LogFunction | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
) -> Evidence:
    """Samples of p pushed through the map and counted, against masses of cells under s,
    integrated through the inverse."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    of = distribution or declared_distribution(case.get("p", "mixture"), case.D, seeded.fork("p"))
    log_score = s or declared_log_score(case.get("s", "wide"), of, seeded.fork("s"))
    start = getattr(of, "base", 0.0) if base is None else base
    pushed = PushedScore(of, log_score, base=start, integrand=integrand, size=case.size, stream=stream)
    name = "pushed samples against the score's mass"
    return tested(pushed.statistic, Test.dkw(case.size), resolves=0.05, slack=pushed.slack, name=name)


def squared_numerator(log_p: Any, log_s: Any) -> Any:
    """log(p^2/s): the integrand of a map that does not realise s."""
    return 2 * log_p - log_s


_TAIL = "f is finite at the base point"
_LINE, _MANY = Case(D=1, p="mixture", s="wide", seed=3, size=20_000), Case(D=64, p="mixture", s="wide", seed=3, size=64)
controls = {
    "squared-integrand": [
        Control(exact, fails="mass along a fibre", integrand=squared_numerator),
        Control(exact, fails="mass of boxes", integrand=squared_numerator),
        Control(numeric, fails="density of the image", cases=[Case(D=2, p="mixture", s="wide", seed=3, size=256), _MANY], integrand=squared_numerator),
        Control(statistical, fails="pushed samples", cases=[_LINE], integrand=squared_numerator),
    ],
    "base-at-minus-infinity": [
        Control(exact, fails="finite at the base point", ends=[theorem.SQUARED_SCORE_FROM_INFINITY]),
        Control(numeric, fails=_TAIL, cases=[Case(D=1, p="logistic", s="square", seed=4, size=16)], base=-math.inf),
    ],
    "bounded-below-suffices": [
        Control(exact, fails="finite at the base point", ends=[theorem.RIDGE_FROM_INFINITY]),
        Control(numeric, fails=_TAIL, cases=[Case(D=2, p="ridge", s="flat", seed=5, size=16)], base=-math.inf),
    ],
    "score-vanishes": [
        Control(exact, fails="finite at the base point", ends=[theorem.VANISHING_SCORE]),
        Control(numeric, fails=_TAIL, cases=[Case(D=2, p="mixture", s="vanishing", seed=6, size=16)], positive=False),
    ],
}  # fmt: skip
