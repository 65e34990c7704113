"""Typicality under bijections: it moves with the volume factor, and vanishes or turns
where one wants it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from numerics.detection import typicality_measurements as measurements
from numerics.streams import Stream
from proofs_checks.catalogue.anomaly.figures import typicality_not_invariant as figure
from proofs_checks.inputs import volume_factors
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, inapplicable, measured, tested
from proofs_checks.strategies.anomaly import mapped_cases, mapped_sample_cases
from theory.detection import typicality as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

cases = {
    "numeric": Cases(mapped_cases, always=[
        Case(D=1, f="sinh", seed=1, size=1024), Case(D=64, f="gumbel", seed=1, size=256), Case(D=2, f="normal-cdf", seed=1, size=256),
        Case(D=1, f="exp", seed=1, size=256),
        Case(D=64, f="score:inverse", seed=2, size=64), Case(D=3, f="score:flat", seed=2, size=64), Case(D=1, f="score:half", seed=3, size=256),
    ]),
    "statistical": Cases(mapped_sample_cases, always=[
        Case(D=1, f="deep", seed=1, size=50_000), Case(D=2, f="triangular", seed=1, size=50_000),
    ]),
}  # fmt: skip
cases_for = volume_factors.cases_of_bijection(cases["numeric"])


def less_centred_volume(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T - (log|J| - E log|J|): the rule that the claim states."""
    return typicality - (log_volume - mean)


def fixed_or_reversed(typicality: Any) -> tuple[Any, ...]:
    """0 and 2T: where T stays, and where it changes its sign."""
    return 0 * typicality, 2 * typicality


def exact(
    *,
    rule: theorem.Rule = less_centred_volume,
    chart: Callable[[sp.Expr], sp.Expr] = theorem.affine,
    survivors: theorem.Survivors = fixed_or_reversed,
    tails: theorem.Tails = theorem.SOUND_TAILS,
) -> list[Evidence]:
    """The entropy of the image; the rule; both equivalences by factoring; the maps of
    special interest; integrability."""
    return [
        theorem.entropy_of_the_image(),
        theorem.the_rule(rule),
        theorem.survival(survivors),
        theorem.survival_of_a_chart(rule, chart),
        theorem.special_maps(rule),
        theorem.integrability(tails),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    rule: theorem.Rule = less_centred_volume,
    survivors: theorem.Survivors = fixed_or_reversed,
    turned: measurements.Turned = measurements.reversed_score,
) -> list[Evidence]:
    """T_f by the image's own density and entropy against the rule; or through the
    Jacobian of the map that realises a score."""
    kind, _, score = case.f.partition(":")
    seeded = Stream(case.seed, stream.device, stream.dtype)
    if score == "half":
        half = measurements.HalfReversed(case.size, seeded, stream, turned=turned)
        name = "log|J| - E log|J| is among the survivors where |T| survives"
        return [
            measured(half.against(rule), resolves=0.05, name="T, reversed on one side"),
            measured(half.sizes(), resolves=0.05, name="|T| survives although log|J| is neither constant nor 2T"),
            measured(half.survivors(survivors), resolves=0.05, name=name),
        ]
    if score:
        found = measurements.through_the_jacobian(score, case.D, case.size, seeded=seeded, stream=stream, rule=rule)
        return [measured(found, resolves=0.05, name="T through the Jacobian of the map as evaluated")]
    found = measurements.in_two_coordinates(kind, case.D, case.size, seeded=seeded, stream=stream, rule=rule)
    return [measured(found, resolves=1e-4, name="T in the image's own coordinate")]


def statistical(case: Case, stream: Stream, *, rule: theorem.Rule = less_centred_volume, f: Any = None) -> Evidence:
    """T_f through the inverse and an entropy integrated over the image, against the
    tracked log|J| and its mean over draws."""
    if case.D > 2:
        return inapplicable("the entropy of the image is integrated in D = 1 or 2")
    seeded = Stream(case.seed, stream.device, stream.dtype)
    chosen, (low, high) = volume_factors.bounded_bijection(f, case, seeded)
    found = measurements.ImageTypicality(case.D, chosen, case.size, seeded=seeded, stream=stream, rule=rule)
    test = Test.hoeffding(case.size, high - low)
    return tested(
        found.statistic, test, resolves=0.2, slack=found.slack, name="T_f against the rule, the mean of log|J| drawn"
    )


def unchanged_statistic(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T itself."""
    return typicality


def with_old_entropy(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T - log|J|: the entropy is taken for a number of the data."""
    return typicality - log_volume


def still(typicality: Any) -> tuple[Any, ...]:
    """0 alone, twice, since two factors are asked for."""
    return 0 * typicality, 0 * typicality


_DRAWN = [Case(D=1, f="deep", seed=9, size=100_000), Case(D=2, f="triangular", seed=7, size=100_000)]
_SINH = [Case(D=1, f="sinh", seed=4, size=64), Case(D=64, f="sinh", seed=4, size=64)]
_REVERSAL = Case(D=64, f="score:inverse", seed=4, size=64)
_OWN, _RULE = "T in the image's own coordinate", "T_f"
controls = {
    "invariant-under-sinh": [
        Control(exact, fails="T survives the chart", chart=sp.sinh),
        Control(numeric, fails=_OWN, cases=_SINH, rule=unchanged_statistic),
        Control(numeric, fails="T, reversed", cases=[Case(D=1, f="score:half", seed=4, size=64)], rule=unchanged_statistic),
        Control(statistical, fails=_RULE, cases=_DRAWN, rule=unchanged_statistic),
    ],
    "entropy-unchanged": [
        Control(exact, fails="T_f = T - ", rule=with_old_entropy),
        Control(numeric, fails=_OWN, cases=_SINH[:1], rule=with_old_entropy),
        Control(numeric, fails="T through the Jacobian", cases=[_REVERSAL], rule=with_old_entropy),
        Control(statistical, fails=_RULE, cases=_DRAWN, rule=with_old_entropy),
    ],
    "only-constant-volume": [
        Control(exact, fails="|T_f| = |T|", survivors=still),
        Control(numeric, fails="log|J| - E log|J| is among", cases=[Case(D=1, f="score:half", seed=4, size=64)], survivors=still),
    ],
    "any-half-survives": Control(
        numeric, fails="|T| survives", cases=[Case(D=1, f="score:half", seed=4, size=64)], turned=measurements.flat_score
    ),
    "every-bijection-has-an-entropy": Control(exact, fails="log|J| is integrable", tails=theorem.CAUCHY_TAILS),
}  # fmt: skip
