"""Each kind of test is itself tested: under the null it alarms as rarely as it says, and with half its radius it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args, get_type_hints

import numpy as np
import pytest
from scipy.stats import beta

from proofs_checks.kernel import Status, Test, judge, tested

SEEDS = 1000
N = 400


def uniform_ks(draws: np.ndarray) -> float:
    ordered, steps = np.sort(draws), np.arange(len(draws) + 1) / len(draws)
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))


def two_sample_ks(first: np.ndarray, second: np.ndarray) -> float:
    both = np.concatenate([first, second])
    return float(
        np.abs(
            np.searchsorted(np.sort(first), both, "right") / len(first)
            - np.searchsorted(np.sort(second), both, "right") / len(second)
        ).max()
    )


def dkw(rng: np.random.Generator) -> tuple[float, Test]:
    return uniform_ks(rng.random(N)), Test.dkw(N)


def dkw_union(rng: np.random.Generator) -> tuple[float, Test]:
    return max(uniform_ks(rng.random(N)) for _ in range(5)), Test.dkw(N, tests=5)


def dkw_two_sample(rng: np.random.Generator) -> tuple[float, Test]:
    return two_sample_ks(rng.random(N), rng.random(N // 2)), Test.dkw_two_sample(N, N // 2)


def hoeffding(rng: np.random.Generator) -> tuple[float, Test]:
    return abs(float(rng.choice([-1.0, 1.0], N).mean())), Test.hoeffding(N, 2.0)


def clopper_pearson(rng: np.random.Generator) -> tuple[float, Test]:
    return float(rng.binomial(N, 0.3)), Test.clopper_pearson(N, 0.3)


def e_values(rng: np.random.Generator) -> tuple[float, Test]:
    """One datum whose e-value is 32, 5 or 0: with half the radius at 0.05 it alarms at 5, at 0.001 at 32."""
    value = rng.choice([32.0, 5.0, 0.0], p=[0.012, 0.12, 0.868])  # mean 0.984
    with np.errstate(divide="ignore"):
        return float(np.log(value)), Test.e_values(1)


NULLS: list[Callable[[np.random.Generator], tuple[float, Test]]] = [
    dkw,
    dkw_union,
    dkw_two_sample,
    hoeffding,
    clopper_pearson,
    e_values,
]


def alarms(null: Callable[[np.random.Generator], tuple[float, Test]], alpha: float, shrink: float = 1.0) -> int:
    """How many of ``SEEDS`` null data sets are refuted at ``alpha``, with the radius multiplied by ``shrink``."""
    found = 0
    for seed in range(SEEDS):
        statistic, test = null(np.random.default_rng(seed))
        verdict = judge(tested(statistic, test, resolves=10.0), route="statistical", alpha=alpha)
        assert verdict.residual is not None
        assert verdict.bound is not None
        assert (verdict.status is Status.REFUTED) == (verdict.residual > verdict.bound)
        found += verdict.residual > shrink * verdict.bound
    return found


def most_allowed(alpha: float, confidence: float = 1e-6) -> int:
    """The largest count whose Clopper-Pearson lower limit does not exceed ``alpha``."""
    count = int(alpha * SEEDS)
    while beta.ppf(confidence, count + 1, SEEDS - count) <= alpha:
        count += 1
    return count


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("null", NULLS, ids=lambda null: null.__name__)
def test_a_true_statement_is_alarmed_no_more_often_than_the_level_says(
    null: Callable[..., tuple[float, Test]], alpha: float
) -> None:
    assert alarms(null, alpha) <= most_allowed(alpha)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("null", NULLS, ids=lambda null: null.__name__)
def test_half_the_radius_breaks_that(null: Callable[..., tuple[float, Test]], alpha: float) -> None:
    assert alarms(null, alpha, shrink=0.5) > most_allowed(alpha)


def test_every_kind_of_test_is_calibrated() -> None:
    kinds = set(get_args(get_type_hints(Test)["kind"]))
    assert {null(np.random.default_rng(0))[1].kind for null in NULLS} == kinds
