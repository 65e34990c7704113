"""Typicality under maps: entropy balances, survivors and integrability, each against a second way of finding it."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Status
from theory.detection import typicality
from theory.distributions.pushforward import Fibre

X = sp.Symbol("x", real=True)


def status(statement: object) -> Status:
    return kernel.judge(statement, route="exact").status


@pytest.mark.parametrize("sign", [1, -1])
def test_entropy_balance_holds_for_a_cubic_map_and_rejects_another_volume_factor(sign: int) -> None:
    log_p = -(X**2)
    fibre = Fibre(sign * (X**3 + X), X, X, sign)
    left, right = typicality.entropy_balance(log_p, fibre, sp.log(3 * X**2 + 1))
    assert abs(float((left - right).subs(X, sp.Rational(1, 2)))) < 1e-12  # a few roundings of numbers below 4
    left, right = typicality.entropy_balance(log_p, fibre, sp.log(3 * X**2 + 2))
    assert abs(float((left - right).subs(X, sp.Rational(1, 2)))) > 0.1


def test_the_size_of_the_statistic_survives_at_0_and_2T_and_nowhere_else() -> None:
    assert status(typicality.survival(lambda t: (0 * t, 2 * t))) is Status.HOLDS
    assert status(typicality.survival(lambda t: (0 * t, 3 * t))) is Status.REFUTED


def test_the_rule_needs_the_mean_of_the_log_volume() -> None:
    assert status(typicality.the_rule(lambda t, j, m: t - (j - m))) is Status.HOLDS
    assert status(typicality.the_rule(lambda t, j, m: t - j)) is Status.REFUTED


def test_a_truncated_mean_grows_for_a_cauchy_distribution_under_sinh() -> None:
    assert status(typicality.integrability(typicality.CAUCHY_TAILS)) is Status.REFUTED
    assert status(typicality.integrability(typicality.SOUND_TAILS)) is Status.HOLDS
