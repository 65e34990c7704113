"""The map that realises a score."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks.kernel import Evidence, Status, judge
from theory.transports import arbitrary_score as theorem


def status(evidence: Evidence) -> Status:
    return judge(evidence, route="exact").status


def test_the_map_of_the_ratio_gives_the_score_and_the_map_of_another_does_not() -> None:
    log_s = sp.Function("lambda_s", real=True)(theorem.X, theorem.W)
    assert status(theorem.density_of_the_image(theorem.LOG_P, log_s, lambda p, s: p - s)) is Status.HOLDS
    wrong = theorem.density_of_the_image(theorem.LOG_P, log_s, lambda p, s: 2 * p - s)
    assert [one.name for one in wrong if status(one) is Status.REFUTED] == [
        "mass along a fibre, under the density s",
        "mass of boxes under the density s",
    ]


@pytest.mark.parametrize("end", theorem.SOUND_ENDS, ids=lambda end: end.name)
def test_sound_ends_are_finite(end: theorem.FibreEnd) -> None:
    assert status(end.finiteness()) is Status.HOLDS


DIVERGENT = (theorem.SQUARED_SCORE_FROM_INFINITY, theorem.RIDGE_FROM_INFINITY, theorem.VANISHING_SCORE)


@pytest.mark.parametrize("end", DIVERGENT, ids=lambda end: end.name)
def test_divergent_ends_have_a_true_antiderivative_and_no_limit_zero(end: theorem.FibreEnd) -> None:
    antiderivative, limit = end.finiteness()
    assert (status(antiderivative), status(limit)) == (Status.HOLDS, Status.REFUTED)
