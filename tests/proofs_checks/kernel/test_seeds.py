"""Seeds belong to one check; a statistical refutation is believed when fresh ones repeat it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import kernel
from proofs_checks.kernel import Bound, Case, Measurement, Status, Test, Verdict, measured, tested

REFUTED, HELD = Verdict(Status.REFUTED, "statistical", "why"), Verdict(Status.HOLDS, "statistical")


@given(st.integers(0, 2**62), st.sampled_from(["statistical", "numeric", "statistical/control"]), st.integers(1, 9))
def test_a_seed_is_a_function_of_run_claim_route_and_case(seed: int, route: str, size: int):
    case = Case(D=size, n=3)
    assert kernel.trial_seed("a.b", route, case, seed) == kernel.trial_seed("a.b", route, Case(n=3, D=size), seed)
    others = [
        ("a.c", route, case, seed),
        ("a.b", route + "x", case, seed),
        ("a.b", route, Case(D=size), seed),
        ("a.b", route, None, seed),
        ("a.b", route, case, seed + 1),
    ]
    seeds = [kernel.trial_seed("a.b", route, case, seed), *(kernel.trial_seed(*other) for other in others)]
    seeds += kernel.confirmation_seeds(seeds[0])
    assert len(set(seeds)) == 8


def test_a_refutation_that_fresh_seeds_repeat_is_believed():
    assert kernel.confirm(REFUTED, 7, lambda seed: REFUTED) is REFUTED


def test_a_refutation_that_its_own_seed_alone_repeats_is_not():
    verdict = kernel.confirm(REFUTED, 7, lambda seed: REFUTED if seed == 7 else HELD)
    assert verdict.status is Status.UNDECIDED
    assert verdict.why == "Refuted once, not confirmed on fresh seeds. why"


@pytest.mark.parametrize("verdict", [HELD, Verdict(Status.REFUTED, "exact"), Verdict(Status.UNDECIDED, "statistical")])
def test_nothing_else_is_repeated(verdict: Verdict):
    assert kernel.confirm(verdict, 7, lambda seed: pytest.fail("asked again")) is verdict


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tested(-0.1, Test.dkw(10), resolves=1), "nonnegative distance"),
        (lambda: tested(2.5, Test.clopper_pearson(10, 0.5), resolves=1), "a count of 0 to 10"),
        (lambda: tested(11, Test.clopper_pearson(10, 0.5), resolves=1), "a count of 0 to 10"),
        (lambda: tested(0.0, Test.dkw(10), resolves=float("inf")), "finite positive number"),
        (lambda: tested(0.0, Test.dkw(10), resolves=1, slack=Bound({"a": -1.0}, "given")), "slack are nonnegative"),
        (lambda: tested(0.0, Test("foo", 10), resolves=1), "There is no test 'foo'"),  # type: ignore[arg-type]
        (lambda: measured(Measurement(1j, Bound({"a": 1.0}, "given"), 1), resolves=1), "Expected real numbers"),
        (
            lambda: measured(Measurement(0.0, Bound({"a": [1.0, 2.0]}, "given"), 1), resolves=1),
            "which belongs to which",
        ),
    ],
)
def test_numbers_that_say_nothing_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        kernel.judge(make(), route="statistical", alpha=1e-6)


def test_an_estimated_slack_refutes_only_beyond_doubt():
    test, slack = Test.hoeffding(10**6, 1.0), Bound({"rounding": 0.01}, "two rules", estimated=["rounding"])
    assert (
        kernel.judge(tested(0.05, test, slack=slack, resolves=0.1), route="statistical", alpha=1e-6).status
        is Status.UNDECIDED
    )
    assert (
        kernel.judge(tested(0.2, test, slack=slack, resolves=0.1), route="statistical", alpha=1e-6).status
        is Status.REFUTED
    )


def test_checks_are_numbered_from_one():
    with pytest.raises(ValueError, match="from 1"):
        kernel.level(0)
