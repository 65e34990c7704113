"""The kernel: every status is reached by the evidence that earns it, and by no other."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import kernel
from proofs_checks.kernel import (
    Bound,
    Case,
    Control,
    Status,
    Test,
    Verdict,
    aggregate,
    combine,
    control_verdict,
    enclosed,
    identity,
    inapplicable,
    judge,
    level,
    measured,
    radius,
    tested,
    undecided,
)

x, y = sp.symbols("x y", real=True)
EXACT = {"route": "exact"}
ROUNDING = Bound({"rounding": 1e-12}, "a dozen roundings")
finite_floats = st.floats(1e-30, 1e30)


class TestExact:
    def test_a_true_identity_holds_for_every_symbol_it_mentions(self) -> None:
        verdict = judge(identity(sp.sin(x + y), sp.sin(x) * sp.cos(y) + sp.cos(x) * sp.sin(y)), **EXACT)
        assert verdict.status is Status.HOLDS
        assert verdict.scope.text == "every real x, y"

    def test_a_falsehood_of_one_part_in_1e50_is_refuted_with_a_witness(self) -> None:
        verdict = judge(identity(sp.exp(x) * sp.exp(-x), 1 + sp.Rational(1, 10**50)), **EXACT)
        assert verdict.status is Status.REFUTED
        assert verdict.margin is not None
        assert verdict.margin > 1e9

    def test_an_identity_that_balls_cannot_refute_and_no_normal_form_reaches_is_undecided(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("theory.proof.balls.is_zero_normal_form", lambda expr: None)
        verdict = judge(identity(sp.exp(x + y), sp.exp(x) * sp.exp(y)), **EXACT)
        assert verdict.status is Status.UNDECIDED

    def test_a_normal_form_that_is_wrong_does_not_carry_an_identity_against_the_balls(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("theory.proof.balls.is_zero_normal_form", lambda expr: True)
        assert judge(identity(sp.sin(x), x), **EXACT).status is Status.REFUTED

    def test_relations_enter_the_scope(self) -> None:
        F = sp.Function("F", real=True)
        verdict = judge(identity(sp.Abs(F(x).diff(x)), F(x).diff(x), assuming=[F(x).diff(x) > 0]), **EXACT)
        assert "given Derivative(F(x), x) > 0" in verdict.scope.text

    def test_contradictory_assumptions_are_undecided_not_vacuously_true(self) -> None:
        assert judge(identity(x, x, assuming=[x > 1, x < 0]), **EXACT).status is Status.UNDECIDED

    def test_a_nonlinear_equation_keeps_its_undefined_function_distinct_from_its_argument(self) -> None:
        F = sp.Function("F", real=True)
        assert judge(identity(F(x + y), F(x) + F(y)), **EXACT).status is Status.REFUTED

    def test_a_scope_puts_inductions_first_and_what_is_alike_together(self) -> None:
        texts = (
            "one instance",
            "every real x",
            "every function f",
            "every D >= 1",
            *(f"every real x{i}" for i in range(9)),
        )
        assert (
            kernel.Scope(quantifiers=texts).text
            == "every D >= 1; every function f; every real x, x0, x1, x2, x3, x4 and 4 more"
        )
        assert kernel.Scope(quantifiers=("one instance",)).text == "one instance"

    def test_matrices_are_compared_entry_by_entry(self) -> None:
        rotation = sp.Matrix([[sp.cos(x), -sp.sin(x)], [sp.sin(x), sp.cos(x)]])
        assert judge(identity(rotation.T * rotation, sp.eye(2)), **EXACT).holds
        assert judge(identity(rotation * rotation, sp.eye(2)), **EXACT).status is Status.REFUTED
        with pytest.raises(TypeError, match="one shape"):
            judge(identity(rotation, sp.eye(3)), **EXACT)


class TestEnclosure:
    def test_signs_are_decided_by_the_ball_alone(self) -> None:
        from flint import arb

        for ball, relation, status in [
            (arb(2), "> 0", Status.HOLDS), (arb(2), "< 0", Status.REFUTED), (arb(0, 1), "> 0", Status.UNDECIDED),
            (arb(0), "== 0", Status.HOLDS), (arb(1), "== 0", Status.REFUTED), (arb(0, 0.1), "== 0", Status.UNDECIDED),
            (arb(2).sqrt() - 1, "> 0", Status.HOLDS), (arb("nan"), "> 0", Status.UNDECIDED),
        ]:  # fmt: skip
            assert judge(enclosed(ball, relation=relation), route="certified").status is status, (ball, relation)


class TestMeasurement:
    def judge(self, residual: object, bound: Bound = ROUNDING, resolves: float = 1e-3) -> Verdict:
        return judge(measured(residual, bound, points=2, resolves=resolves), route="numeric", case=Case(D=3))

    @given(residual=finite_floats, bound=finite_floats)
    def test_it_holds_exactly_when_residual_is_at_most_bound_is_at_most_what_resolves(
        self, residual: float, bound: float
    ) -> None:
        status = self.judge(residual, Bound({"rounding": bound}, "given")).status
        expected = Status.REFUTED if residual / bound > 1 else Status.UNDECIDED if bound > 1e-3 else Status.HOLDS
        assert status is expected

    def test_points_are_judged_one_by_one_not_worst_against_worst(self) -> None:
        bound = Bound({"rounding": torch.tensor([1e-6, 1e-14])}, "pointwise")
        assert self.judge(torch.tensor([1e-14, 1e-10]), bound).status is Status.REFUTED

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_what_is_not_finite_is_undecided(self, bad: float) -> None:
        assert self.judge(torch.tensor([0.0, bad])).status is Status.UNDECIDED
        assert self.judge(0.0, Bound({"rounding": bad}, "given")).status is Status.UNDECIDED

    def test_an_estimate_is_printed_as_one_and_refutes_only_beyond_doubt(self) -> None:
        estimate = Bound({"quadrature": 1e-9}, "two rules", estimated=["quadrature"], assumes=["p is C^8"])
        assert "error estimated, not bounded: quadrature" in self.judge(1e-10, estimate).scope.text
        assert "given p is C^8" in self.judge(1e-10, estimate).scope.text
        assert self.judge(5e-9, estimate).status is Status.UNDECIDED
        assert self.judge(5e-8, estimate).status is Status.REFUTED

    def test_a_loose_bound_is_reported(self) -> None:
        assert "loose" in self.judge(1e-20).notes[0]

    def test_no_point_is_no_evidence(self) -> None:
        assert self.judge(torch.zeros(0)).status is Status.UNDECIDED

    def test_negative_residuals_and_bare_numbers_are_refused(self) -> None:
        with pytest.raises(TypeError, match="nonnegative"):
            self.judge(-1.0)
        with pytest.raises(TypeError, match="Expected a Bound"):
            measured(0.0, 1e-9, points=1, resolves=1)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="derivation"):
            Bound({"rounding": 1.0}, " ")


class TestRefusals:
    @pytest.mark.parametrize("answer", [True, 0.0, None, "HOLDS", sp.S.true])
    def test_a_bare_answer_is_no_evidence(self, answer: object) -> None:
        with pytest.raises(TypeError, match="Return evidence"):
            judge(answer, route="exact")  # type: ignore[arg-type]

    def test_a_weaker_route_never_prints_a_stronger_word(self) -> None:
        with pytest.raises(TypeError, match="stronger word"):
            judge(measured(0.0, ROUNDING, points=1, resolves=1), route="exact")

    def test_a_verdict_is_not_a_truth_value(self) -> None:
        with pytest.raises(TypeError, match="not a truth value"):
            bool(judge(identity(x, x), **EXACT))

    def test_no_evidence_is_undecided(self) -> None:
        assert judge([], route="exact").status is Status.UNDECIDED

    def test_the_worst_of_several_obligations_decides(self) -> None:
        parts = [identity(x, x), undecided("why"), inapplicable("positivity")]
        assert judge(parts, **EXACT).status is Status.UNDECIDED
        assert judge([*parts, identity(x, 2 * x)], **EXACT).status is Status.REFUTED


class TestBudget:
    def test_all_checks_of_all_routes_together_stay_within_the_run_s_budget(self) -> None:
        one_route = sum(level(k) for k in range(1, 200_000))
        assert one_route * 128 <= kernel.FALSE_ALARMS / 2
        assert one_route * 128 > 0.49 * kernel.FALSE_ALARMS
        assert 2**16 * kernel.THIRD_PARTY_WEIGHT <= 0.5

    def test_several_tests_in_one_check_share_its_level(self) -> None:
        one = tested(0.02, Test.dkw(100_000), resolves=0.1)
        alone = judge(one, route="statistical", alpha=1e-6)
        shared = judge([one, one, one], route="statistical", alpha=1e-6)
        assert shared.bound == radius(Test.dkw(100_000), 1e-6 / 3)
        assert alone.bound is not None
        assert shared.bound > alone.bound
        assert radius(Test.dkw(100, tests=3), 1e-6) == radius(Test.dkw(100), 1e-6 / 3)

    def test_too_few_samples_are_undecided(self) -> None:
        assert judge(tested(0.0, Test.dkw(100), resolves=0.05), route="statistical").status is Status.UNDECIDED


class TestAggregation:
    good = Verdict(Status.HOLDS, "numeric", scope=kernel.Scope(ranges={"D": (1, 8)}, cases=1))
    bad = Verdict(Status.REFUTED, "numeric", "broken", margin=20.0)

    def test_no_case_exercised_is_undecided(self) -> None:
        assert combine([], route="numeric").status is Status.UNDECIDED
        assert combine([Verdict(Status.INAPPLICABLE, "numeric", "x")], route="numeric").status is Status.INAPPLICABLE

    def test_a_scope_narrower_than_the_declared_cover_is_undecided(self) -> None:
        assert combine([self.good], route="numeric", covers={"D": (1, 8)}).holds
        verdict = combine([self.good], route="numeric", covers={"D": (1, 64)})
        assert verdict.status is Status.UNDECIDED
        assert "D = 1..64" in verdict.why
        assert combine([self.good], route="numeric", covers={"n": (1, 2)}).status is Status.UNDECIDED

    def test_scopes_of_cases_join(self) -> None:
        other = Verdict(Status.HOLDS, "numeric", scope=kernel.Scope(ranges={"D": (2, 64)}, cases=1, points=1000))
        assert combine([self.good, other], route="numeric").scope.text == "D = 1..64; 2 cases; 1000 points"

    def test_a_control_works_only_when_every_case_is_refuted_with_room(self) -> None:
        assert control_verdict([self.bad, self.bad], route="numeric").holds
        assert control_verdict([self.bad, self.good], route="numeric").status is Status.UNDECIDED
        assert control_verdict([], route="numeric").status is Status.UNDECIDED
        barely = Verdict(Status.REFUTED, "numeric", margin=3.0)
        assert "barely" in control_verdict([barely], route="numeric").why

    def test_a_claim_holds_when_every_route_holds_and_every_control_is_refuted(self) -> None:
        ok = {"numeric": self.good}
        assert aggregate(ok, [("c", self.good)], declared=["numeric"])[0] is Status.HOLDS
        assert aggregate(ok, [], declared=["numeric", "exact"])[0] is Status.UNDECIDED
        assert aggregate(ok, [("c", undecided_verdict())], declared=["numeric"])[0] is Status.UNDECIDED
        assert aggregate({}, [], declared=[])[0] is Status.UNDECIDED

    def test_one_refuted_route_refutes_and_raises_the_alarm_where_another_holds(self) -> None:
        status, why, _ = aggregate({"numeric": self.bad, "exact": self.good}, [], declared=["numeric", "exact"])
        assert status is Status.REFUTED
        assert "CONFLICT" in why

    def test_a_claim_is_conditional_while_what_it_rests_on_does_not_hold(self) -> None:
        status, _, given_ids = aggregate(
            {"numeric": self.good}, [], declared=["numeric"], requires={"a.b": Status.UNDECIDED, "a.c": Status.HOLDS}
        )
        assert (status, given_ids) == (Status.HOLDS, ("a.b",))


def undecided_verdict() -> Verdict:
    return judge(undecided("no"), route="numeric")


class TestPlainData:
    @given(
        st.dictionaries(
            st.text("abcDn_", min_size=1, max_size=5),
            st.integers()
            | st.booleans()
            | st.text(max_size=5)
            | st.fractions()
            | st.tuples(st.integers(), st.fractions()),
        )
    )
    def test_a_case_survives_the_journey_through_json(self, fields: dict[str, object]) -> None:
        case = Case(**fields)
        assert Case.from_plain(json.loads(json.dumps(case.plain()))) == case

    def test_a_case_is_immutable_hashable_and_refuses_tensors(self) -> None:
        case = Case(D=2, weights=[Fraction(1, 2), 1])
        assert case.weights == (Fraction(1, 2), 1)
        assert hash(case) == hash(Case(weights=(Fraction(1, 2), 1), D=2))
        with pytest.raises(AttributeError, match="immutable"):
            case.D = 3
        with pytest.raises(TypeError, match="plain data"):
            Case(points=torch.zeros(2))

    @given(st.floats(), st.text())
    def test_a_verdict_survives_the_journey_through_json(self, number: float, text: str) -> None:
        verdict = Verdict(
            Status.REFUTED,
            "numeric",
            text,
            kernel.Scope(ranges={"D": (1.0, 2.0)}, points=3),
            {"a": text},
            number,
            1.0,
            number,
        )
        again = Verdict.from_plain(json.loads(json.dumps(verdict.plain(), allow_nan=False)))
        assert str(again) == str(verdict)

    def test_a_control_substitutes_something(self) -> None:
        with pytest.raises(TypeError, match="substitutes"):
            Control(lambda: None)


class TestDepartures:
    def test_a_test_states_what_it_refutes_at_this_profile_and_at_the_deep_one(self) -> None:
        item = tested(0.0, Test.hoeffding(10_000, 1.0), resolves=0.5, slack=Bound({"slack": 0.01}, "a slack"))
        verdict = judge(item, route="statistical", growth=10_000.0)
        allowance = radius(Test.hoeffding(10_000, 1.0), level(1))
        assert verdict.detects == pytest.approx(0.01 + 2 * allowance)
        assert verdict.detects_deep == pytest.approx(0.01 + 2 * allowance / 100)

    def test_a_route_states_the_departure_of_its_least_sensitive_case(self) -> None:
        cases = [judge(tested(0.0, Test.dkw(n), resolves=1.0), route="statistical") for n in (1000, 100_000)]
        assert combine(cases, route="statistical").detects == cases[0].detects

    def test_a_profile_larger_than_the_deep_one_shrinks_no_sample(self) -> None:
        item = tested(3, Test.clopper_pearson(10, 0.3), resolves=1.0)
        verdict = judge(item, route="statistical", growth=0.1)
        assert verdict.detects_deep == pytest.approx(2 * radius(Test.clopper_pearson(10, 0.3), level(1), 3))
