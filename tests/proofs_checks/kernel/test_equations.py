"""Equations, signs and enumerations: what is decided, what is equal by construction, and what is too little to decide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch

from proofs_checks import kernel
from proofs_checks.kernel import Control, Enumeration, Equation, Family, Sign, Status, Verdict, equations

x, y = sp.symbols("x y", real=True)
z = sp.Symbol("z")
positive = sp.Symbol("x", positive=True)
m = sp.Symbol("m", integer=True, nonnegative=True)
TINY = sp.exp(-sp.exp(sp.exp(6)))


def equal(left: Any, right: Any, **settings: Any) -> Verdict:
    return kernel.judge(Equation("e", left, right, **settings), route="exact")


class TestEquations:
    def test_what_no_ball_can_tell_apart_needs_a_normal_form(self):
        verdict = equal(x + TINY, x)
        assert verdict.status is Status.UNDECIDED
        assert "no normal form reached zero" in verdict.why

    @pytest.mark.parametrize(
        "pair",
        [
            (sp.Max(x, -1000), x),
            (sp.floor(positive / 1000), 0),
            (sp.log(sp.exp(z / 100)), z / 100),
            (sp.sqrt((1 + z / 100) ** 2), 1 + z / 100),
            (sp.asin(sp.sin(x / 100)), x / 100),
            (sp.Piecewise((x, x > -1000), (0, True)), x),
        ],
        ids=str,
    )
    def test_what_is_true_wherever_it_is_sampled_does_not_hold(self, pair):
        assert equal(*pair).status is Status.UNDECIDED

    def test_constructions_alone_carry_no_route_and_beside_what_is_decided_they_are_counted(self):
        same, decided = Equation("same", x, x), Equation("square", (x + 1) ** 2, x**2 + 2 * x + 1)
        assert "equal by construction" in kernel.judge([same, same], route="exact").why
        verdict = kernel.judge([same, decided], route="exact")
        assert verdict.holds
        assert (verdict.decided, verdict.constructed) == (1, 1)

    def test_a_measurement_beside_a_construction_carries_its_route(self):
        bound = kernel.Bound({"rounding": 1e-12}, "given")
        evidence = [Equation("same", x, x), kernel.measured(0.0, bound, points=1, resolves=1)]
        assert kernel.judge(evidence, route="numeric").holds

    def test_a_ball_that_is_too_wide_decides_nothing(self):
        hidden = sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1
        assert "is sharp to 189 bits only" in equal(x + sp.sign(hidden) / 2**190, x).why

    def test_limits_are_taken_here(self):
        n = sp.Symbol("n", positive=True)
        assert equal(sp.Limit((1 + x / n) ** n, n, sp.oo) * sp.exp(y), sp.exp(x + y)).holds

    @pytest.mark.parametrize(
        ("symbol", "words"),
        [
            (sp.Symbol("s"), "every complex s"), (sp.Symbol("s", real=True), "every real s"), (sp.Symbol("s", negative=True), "every negative s"),
            (sp.Symbol("s", nonnegative=True), "every nonnegative s"), (sp.Symbol("s", rational=True), "every rational s"),
            (sp.Symbol("s", integer=True), "every integer s"), (sp.Symbol("s", even=True), "every even integer s"),
            (sp.Symbol("s", integer=True, positive=True), "every positive integer s"), (sp.Symbol("s", nonzero=True), "every nonzero s"),
            (sp.Symbol("s", zero=False), "every nonzero s"),
            (sp.Function("p", positive=True)(1), "every positive function p"), (sp.Function("p", real=True)(1), "every real function p"),
            (sp.Function("p")(1), "every function p"),
        ],
        ids=str,
    )  # fmt: skip
    def test_a_scope_says_all_that_is_assumed(self, symbol, words):
        assert equal((symbol + 1) ** 2, symbol**2 + 2 * symbol + 1).scope.text == words

    def test_what_is_divided_by_is_given(self):
        verdict = equal((x**2 - 1) / (x - 1) + 1 / (1 + y**2), x + 1 + 1 / (1 + y**2))
        assert verdict.holds
        assert verdict.scope.given == ("-1 + x != 0",)


class TestSigns:
    def sign(self, expression: Any, relation: str = ">= 0", *squares: Any) -> Verdict:
        return kernel.judge(Sign("s", expression, relation, squares), route="exact")

    def test_coefficients_of_one_sign_in_nonnegative_symbols(self):
        s, t = sp.symbols("s t", nonnegative=True)
        assert self.sign(s**2 + 3 * s * t).holds
        assert self.sign(s**2 + 3 * s * t + 1, "> 0").holds
        assert self.sign(s**2, "> 0").status is Status.UNDECIDED
        assert self.sign(positive**2, "> 0").holds
        assert self.sign(-(positive**2) - 1, "!= 0").holds
        assert self.sign(s**2 - s / 100).status is Status.UNDECIDED
        assert self.sign(s - t).status is Status.REFUTED

    def test_sums_of_squares_of_real_numbers(self):
        assert self.sign(x**2 + 2 * x + 1, ">= 0", (1, x + 1)).holds
        assert "surely positive" in self.sign(x**2 + 2 * x + 1, "> 0", (1, x + 1)).why
        assert self.sign(x**2 + 2 * x + 2, "> 0", (1, x + 1), (1, 1)).holds
        assert "not known to be real" in self.sign(x + 1000, ">= 0", (1, sp.sqrt(x + 1000))).why
        assert "sum of squares" in self.sign(x**2 + 1, ">= 0", (1, x)).why
        assert self.sign(x**2 - y**2, ">= 0", (1, x), (-1, y)).status is Status.REFUTED

    def test_numbers_by_their_balls(self):
        assert self.sign(sp.sqrt(2) - sp.Rational(1414213562, 10**9), "> 0").holds
        assert self.sign(sp.S.Zero).holds
        assert self.sign(sp.sqrt(2) - 2, "!= 0").holds
        assert self.sign(TINY, "> 0").status is Status.UNDECIDED

    def test_symbols_of_any_sign_and_other_relations(self):
        assert self.sign(x + 50).status is Status.UNDECIDED
        with pytest.raises(TypeError, match="Expected the relation"):
            self.sign(x, "<= 0")


@dataclass(frozen=True)
class Point:
    """A member that says what it is."""

    at: int


class Nameless:
    """A member that does not."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at


class TestEnumerations:
    def judged(
        self, members: Any, size: int, holds: Any = lambda n: (n, True)[1], second: Any = lambda n: n is not None
    ) -> Verdict:
        return kernel.judge(
            Enumeration("squares", Family("small numbers", lambda: iter(members), size), holds, second), route="exact"
        )

    def test_a_family_is_counted_and_printed(self):
        verdict = self.judged(range(1000), 1000, lambda n: n * n >= n, lambda n: n * (n - 1) >= 0)
        assert verdict.scope.text == "1,000 of 1,000 small numbers"
        assert verdict.decided == 1

    def test_one_failure_refutes_it_and_is_the_witness(self):
        verdict = self.judged(range(16), 16, lambda n: n != 7, lambda n: n - 7 != 0)
        assert (verdict.status, verdict.witness) == (Status.REFUTED, "7")

    def test_two_algorithms_that_disagree_leave_it_undecided_at_the_member(self):
        verdict = self.judged(range(16), 16, second=lambda n: n != 7)
        assert (verdict.status, verdict.witness) == (Status.UNDECIDED, "7")

    @pytest.mark.parametrize(
        ("members", "size", "why"),
        [
            (range(15), 16, "Enumerated 15 small numbers, where the formula counts 16"),
            (range(17), 16, "more small numbers than the 16"),
            ([*range(15), 3], 16, "of which only 15 are distinct"),
            ([], 0, "Enumerated 0"),
            ([torch.tensor([1, 2]), torch.tensor([1, 2])], 2, "only 1 are distinct"),
            ([np.ones(3), np.ones(3)], 2, "only 1 are distinct"),
            ([[1, {2}], [1, {2}]], 2, "only 1 are distinct"),
            ([{"a": 1}, {"a": 1}], 2, "only 1 are distinct"),
            ([Point(1), Point(1)], 2, "only 1 are distinct"),
            ([x + 1, 1 + x], 2, "only 1 are distinct"),
        ],
    )
    def test_a_family_that_is_miscounted_is_undecided(self, members, size, why):
        verdict = self.judged(members, size)
        assert verdict.status is Status.UNDECIDED
        assert why in verdict.why

    def test_an_enumeration_without_an_end_ends(self):
        def forever() -> Any:
            number = 0
            while True:
                yield number
                number += 1

        assert "more small numbers" in self.judged(forever(), 100).why

    def test_members_say_what_they_are(self):
        with pytest.raises(TypeError, match="says nothing of its value"):
            self.judged([Nameless(1)], 1)
        assert self.judged([Point(1), Point(2)], 2).holds

    @pytest.mark.parametrize("answer", ["yes", 1, None, lambda: False, [True], x > 0])
    def test_answers_are_true_or_false(self, answer):
        with pytest.raises(TypeError, match="Expected true or false"):
            self.judged([1], 1, lambda n: (n, answer)[1])

    @pytest.mark.parametrize("answer", [True, np.bool_(True), sp.true])
    def test_answers_of_libraries_are_answers(self, answer):
        assert self.judged([1], 1, lambda n: (n, answer)[1]).holds

    def test_one_function_is_one_algorithm(self):
        same = lambda n: True  # noqa: E731
        with pytest.raises(TypeError, match="The second algorithm is the first one"):
            self.judged([1], 1, same, same)


class TestControls:
    def parts(self, base: int, step: int) -> list[Equation]:
        return [
            Equation(name, (x + 1) ** 2 + more, x**2 + 2 * x + 1) for name, more in (("base", base), ("step", step))
        ]

    def test_only_what_is_named_is_judged(self):
        assert kernel.judge(self.parts(1, 0), route="exact", fails="base").status is Status.REFUTED
        assert kernel.judge(self.parts(1, 0), route="exact", fails="step").holds
        assert kernel.judge(self.parts(0, 1), route="exact", fails="st").status is Status.REFUTED

    def test_an_obligation_that_is_missing_refutes_nothing(self):
        verdict = kernel.judge(self.parts(1, 1), route="exact", fails="end")
        assert verdict.status is Status.UNDECIDED
        assert "no obligation named 'end'" in verdict.why

    def test_what_ended_the_check_early_is_said(self):
        assert kernel.judge([kernel.undecided("too coarse")], route="exact", fails="base").why == "too coarse"

    def test_an_empty_name_is_refused(self):
        with pytest.raises(TypeError, match="empty name"):
            Control(self.parts, fails=" ", base=1)


def test_the_denominators_of_an_expression_are_what_may_vanish():
    n = sp.Symbol("n", positive=True)
    assert equations.denominators(1 / n + 1 / (1 + x**2) + 1 / (x - y) + 1 / (y - x) ** 2) == [x - y]
    assert equations.denominators(1 / (1 - (x - 1) / (n + 1))) == [n - x + 2]
    assert equations.denominators(sp.Sum(1 / (x - y), (y, 1, 3))) == []


class TestSpecialPoints:
    def test_poles_and_kinks_are_printed_among_what_is_given(self) -> None:
        for left, right, given in (
            (sp.Derivative(sp.Abs(x), x), sp.sign(x), ("x != 0",)),
            (sp.tan(x) * sp.cot(x), sp.S.One, ("cos(x) != 0", "sin(x) != 0")),
            (sp.factorial(m), m * sp.factorial(m - 1), ("m not in 0, -1, -2, ..",)),
        ):
            verdict = kernel.judge(kernel.Equation("e", left, right), route="exact")
            assert verdict.holds
            assert verdict.scope.given == given

    def test_a_limit_that_another_parameter_value_changes_is_left_alone(self) -> None:
        u = sp.Symbol("u", positive=True)
        for expression in (x * u / (1 + x * u), sp.exp(x * u) / (1 + sp.exp(x * u)), u**x / (1 + u**x)):
            limit = sp.Limit(expression, u, sp.oo)
            verdict = kernel.judge(kernel.Equation("e", limit * (x + 1) ** 2, x**2 + 2 * x + 1), route="exact")
            assert verdict.status is kernel.Status.UNDECIDED
            assert "Cannot enclose the Limit" in verdict.why

    def test_a_limit_that_no_parameter_value_changes_is_taken(self) -> None:
        u = sp.Symbol("u", positive=True)
        limit = sp.Limit((1 + x / u) ** u, u, sp.oo)
        assert (
            kernel.judge(kernel.Equation("e", limit**2, sp.exp(2 * x)), route="exact").status
            is not kernel.Status.REFUTED
        )
