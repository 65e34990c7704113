"""The error budget of a run: how much of it a check may spend, and the radius that a
test has at that level."""

from __future__ import annotations

import math

from proofs_checks.kernel.evidence import Test

FALSE_ALARMS = 1e-9  # of a whole run, whatever is selected
BUILT_IN_WEIGHT = 2.0**-8  # a claim's share: at most 128 built-in statistical routes, tested; they hold half the budget
THIRD_PARTY_WEIGHT = 2.0**-17  # and at most 65,536 others hold the rest


def level(k: int, weight: float = BUILT_IN_WEIGHT) -> float:
    """The false-alarm probability granted to check number ``k`` (from 1) of a claim's
    statistical route.

    Summed over every k and every route this is at most ``FALSE_ALARMS``, so that
    neither the selection of claims nor sharding nor resumption changes any check's
    level.

    Raises:
        ValueError: ``k`` is below 1.
    """
    if k < 1:
        raise ValueError(f"Checks are numbered from 1, got {k}.")
    return FALSE_ALARMS * weight * 6 / (math.pi * k) ** 2


def radius(test: Test, alpha: float, statistic: float = 0.0) -> float:
    """The deviation that a true statement exceeds with probability at most
    ``alpha``."""
    alpha = alpha / test.tests
    if test.kind == "dkw":
        return math.sqrt(math.log(2 / alpha) / (2 * test.n))
    if test.kind == "dkw_two_sample":
        return math.sqrt(math.log(4 / alpha) / (2 * test.n)) + math.sqrt(math.log(4 / alpha) / (2 * test.m))
    if test.kind == "hoeffding":
        return test.width * math.sqrt(math.log(2 / alpha) / (2 * test.n))
    if test.kind == "e_values":
        return math.log(1 / alpha) / test.n  # one side alone
    return _clopper_pearson_radius(test, alpha, statistic)


def _clopper_pearson_radius(test: Test, alpha: float, count: float) -> float:
    from scipy.special import betainccinv, betaincinv

    observed = count / test.n
    if test.p <= observed:
        return observed - float(betaincinv(count, test.n - count + 1, alpha / 2) if count > 0 else 0.0)
    return float(betainccinv(count + 1, test.n - count, alpha / 2) if count < test.n else 1.0) - observed
