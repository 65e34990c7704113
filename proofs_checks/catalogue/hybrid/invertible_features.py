"""Invertible features keep what an image says about its label; residual blocks are
invertible and their log-determinants are series."""

from __future__ import annotations

from typing import Any

from sympy import Rational

from numerics.likelihoods import residual_flows as flows
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import invertible_features as figure
from proofs_checks.inputs.networks import case_of_block, residual_block
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.hybrid import residual_cases, roulette_cases
from theory.likelihoods import features, residual_blocks

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

POINTS = 8
ENDS = [Case(D=1, terms=4, lipschitz=0.5), Case(D=32, terms=32, lipschitz=0.9)]
DRAWN = [Case(D=1, size=250_000), Case(D=8, size=250_000)]
LIPSCHITZ, GOING_ON = 0.5, 0.6
cases = {"numeric": Cases(residual_cases, always=ENDS), "statistical": Cases(roulette_cases, always=DRAWN)}


def cases_for(*, network: Any) -> list[Case]:
    """The size of the user's block, and its certified constant."""
    return [case_of_block(network)]


def exact(
    *, criterion: Any = None, bound: Any = None, sign: int | None = None, slope: Any = None, unbiased: Any = None
) -> list[Any]:
    """What a merger loses, every small map; the series, its tail and its matrices;
    roulette's two moments and when it is unbiased."""
    replaced = {
        features.every_map: criterion,
        residual_blocks.tail: bound,
        residual_blocks.every_small_matrix: sign,
        residual_blocks.monotone: slope,
        residual_blocks.every_stopping_rule: unbiased,
    }
    if any(given is not None for given in replaced.values()):
        return [statement(given) for statement, given in replaced.items() if given is not None]
    return [
        features.loss_of_a_merger(),
        residual_blocks.series_of_the_logarithm(),
        residual_blocks.eigenvalues(),
        residual_blocks.expectation(),
        residual_blocks.second_moment(),
        residual_blocks.two_norms(),
        residual_blocks.divergence_beyond(),
        *(statement() for statement in replaced),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    series: Any = flows.log_det_series,
    block: Any = None,
    merge: bool = False,
    network: Any = None,
) -> list[Evidence]:
    """Residual blocks, or the user's: series against LU, inverses by fixed points,
    norms from both sides; information of a random table."""
    given = (
        flows.random_block(case.D, case.lipschitz, stream.fork("block"))
        if network is None
        else residual_block(network, case)
    )
    points, size = stream.fork("points").normal(POINTS, case.D), 10 * case.D
    inverse = flows.round_trip(given if block is None else block, points, flows.lipschitz_ceiling(given))
    of_block = [
        measured(
            flows.log_determinant(given, points / 5, case.terms, series),
            resolves=size,
            name="power series of a random block",
        ),
        measured(inverse, resolves=1e-4, name="inverse by fixed points"),
        measured(
            flows.norm_bracket(given, stream.fork("norms")),
            resolves=1e-9,
            name="certified norms lie above power iteration",
        ),
    ]
    if network is not None:
        return of_block
    even = flows.even_block(case.D, case.lipschitz, stream.fork("even"))
    table = stream.fork("table").exponential(12, 4)
    images = stream.fork("features").permutation(12) // (2 if merge else 1)
    determinant = flows.log_determinant(even, points / 5, case.terms, series)
    return [
        measured(determinant, resolves=size, name="log-determinant of a symmetric Jacobian = power series"),
        *of_block,
        measured(
            flows.information_of_features(table / table.sum(), images), resolves=1e-9, name="I(f(x); y) = I(x; y)"
        ),
    ]


def statistical(case: Case, stream: Stream, *, estimator: Any = flows.roulette) -> list[Evidence]:
    """The mean of roulette's estimates at one point against LU of the Jacobian that
    autograd gives."""
    network = flows.even_block(case.D, LIPSCHITZ, stream.fork("block"))
    point = 0.2 * stream.fork("point").normal(case.D)
    off, width, rounding = flows.mean_of_roulette(
        network, point, case.size, GOING_ON, estimator=estimator, stream=stream.fork("estimates")
    )
    width_by_terms = flows.range_by_terms(case.D, LIPSCHITZ, GOING_ON)
    return [
        measured(width_by_terms, resolves=1e-6, name="range of an estimate = sum of its largest terms"),
        tested(
            off / case.D,
            Test.hoeffding(case.size, width / case.D),
            resolves=0.05,
            slack=rounding,
            name="mean of the estimates",
        ),
    ]


FAR = [Case(D=1, terms=32, lipschitz=0.9), Case(D=32, terms=32, lipschitz=0.9)]
controls = {
    "features-always-keep": [
        Control(exact, fails="every map", criterion=features.keeps_everything),
        Control(numeric, fails="I(f(x); y)", cases=ENDS, merge=True),
    ],
    "only-bijections-keep": [Control(exact, fails="every map", criterion=features.keeps_if_injective)],
    "series-without-signs": [
        Control(exact, fails="every small matrix", sign=1),
        *(
            Control(numeric, fails=name, cases=FAR, series=flows.same_sign_series)
            for name in ("log-determinant", "power series")
        ),
    ],
    "tail-without-its-ratio": [Control(exact, fails="tail of the series", bound=lambda L, n: L ** (n + 1) / (n + 1))],
    "any-residual-block": [
        Control(exact, fails="a residual block rises everywhere", slope=Rational(3, 2)),
        Control(numeric, fails="inverse by fixed points", cases=[ENDS[0]], block=flows.folding_block),
    ],
    "every-term-has-to-be-reached": [Control(exact, fails="every stopping rule", unbiased=residual_blocks.missing_terms_vanish)],
    "fixed-truncation": [Control(statistical, fails="mean of the estimates", cases=DRAWN, estimator=flows.fixed_truncation)],
    "unweighted-roulette": [Control(statistical, fails="mean of the estimates", cases=DRAWN, estimator=flows.unweighted_roulette)],
}  # fmt: skip
