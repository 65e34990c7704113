"""Inductions: true ones earn "every n", and what only looks like one is refuted, undecided or refused for its reason."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from proofs_checks import kernel
from proofs_checks.kernel import Equation, Recursion, Status, Verdict

n = sp.Symbol("n", integer=True, positive=True)
x, t = sp.symbols("x t", real=True)
k = sp.Symbol("k", integer=True)
F, G, S, a, p = (sp.Function(name) for name in "FGSap")


def judged(claim: Any, *objects: Recursion, of: Any = None, variable: Any = n, **settings: Any) -> Verdict:
    equations = claim if isinstance(claim, list) else [Equation("claim", objects[0].of if of is None else of, claim)]
    return kernel.judge(kernel.induction("sum", variable, equations, list(objects), **settings), route="exact")


def numbers(**changed: Any) -> Recursion:
    """1 + .. + n."""
    fields = {"of": S(n), "first": (1,), "then": S(n) + n + 1, "explicit": lambda m: sp.Sum(k, (k, 1, m)), **changed}
    return Recursion(**fields)


def test_a_true_sum_earns_every_n_under_its_name_with_its_definition_given():
    verdict = judged(n * (n + 1) / 2, numbers())
    assert verdict.holds
    assert verdict.scope.text == "sum: every n >= 1; given S(1) = 1, S(n + 1) = 1 + n + S(n)"
    assert verdict.decided > 0


def test_the_first_n_numbers_do_not_sum_to_n_squared():
    assert judged(n**2, numbers()).status is Status.REFUTED


def test_a_claim_that_its_recursion_bears_out_is_refuted_by_the_definition():
    verdict = judged(n**2, numbers(then=S(n) + 2 * n + 1))
    assert verdict.status is Status.REFUTED
    assert "S(n) by recursion and by definition at n = 2" in verdict.why


VANISHING = (n - 1) * (n - 2) * (n - 3)


def test_a_claim_that_holds_at_three_values_alone_is_refuted_at_the_fourth():
    verdict = judged(n * (n + 1) / 2 + VANISHING, numbers())
    assert verdict.status is Status.REFUTED
    assert "claim at n = 4" in verdict.why


def test_a_claim_that_holds_wherever_one_looks_is_refuted_by_its_step(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("proofs_checks.kernel.inductions.sizes", lambda item: range(1, 4))
    verdict = judged(n * (n + 1) / 2 + VANISHING, numbers())
    assert verdict.status is Status.REFUTED
    assert "step of claim" in verdict.why


def test_a_recursion_that_departs_from_the_definition_after_three_sizes_is_refuted():
    verdict = judged(n * (n + 1) / 2 + VANISHING / 3, numbers(then=S(n) + n + 1 + (n - 1) * (n - 2)))
    assert verdict.status is Status.REFUTED
    assert "by recursion and by definition at n = 4" in verdict.why


@pytest.mark.parametrize(
    "hidden",
    [
        sp.floor(n / 10),
        sp.sin(sp.pi * 1024 / 2**n),
        (-1) ** (sp.S(1024) / 2**n) - 1,
        sp.binomial(n, n - 30),
        sp.Piecewise((0, n < 10), (1, True)),
        sp.ff(n - 1, 40),
    ],
)
def test_what_is_zero_at_all_sizes_that_are_looked_at_is_not_decided(hidden: Any):
    more = hidden.subs(n, n + 1) - hidden
    verdict = judged(n * (n + 1) / 2 + hidden, numbers(then=S(n) + n + 1 + more))
    assert verdict.status is Status.UNDECIDED
    assert "at all sizes" in verdict.why


def test_exponential_polynomials_and_objects_count_their_zeros():
    g = sp.expand((2**n - 2) * (2**n - 4) * (2**n - 8))
    verdict = judged(n * (n + 1) / 2 + g, numbers(then=S(n) + n + 1 + sp.expand(g.subs(n, n + 1) - g)))
    assert verdict.status is Status.REFUTED
    other = Recursion(G(n), (1,), G(n) + 1, sp.Integer)
    then = S(n) + n + 1 + (G(n) - 1) * (G(n) - 2) * (G(n) - 3)
    claim = [Equation("S", S(n), n * (n + 1) / 2), Equation("G", G(n), n)]
    assert judged(claim, numbers(then=then), other).status is Status.REFUTED


def test_more_small_values_are_compared_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("proofs_checks.kernel.induction_sizes.MOST", 0)
    verdict = judged(n * (n + 1) / 2, numbers(explicit=lambda m: sp.S(m * (m + 1) // 2 + (m == 6))), small=6)
    assert "zeros in n" in verdict.why
    monkeypatch.undo()
    verdict = judged(n * (n + 1) / 2, numbers(explicit=lambda m: sp.S(m * (m + 1) // 2 + (m == 6))), small=6)
    assert "by definition at n = 6" in verdict.why


@pytest.mark.parametrize(
    "then", [(n + 1) * (n + 2) / 2, (n + 1) * (n + 2) / 2 + (S(n) + 1) ** 2 - S(n) ** 2 - 2 * S(n) - 1]
)
def test_a_step_that_holds_whatever_the_hypothesis_is_is_no_induction(then):
    verdict = judged(n * (n + 1) / 2, numbers(then=then))
    assert verdict.status is Status.UNDECIDED
    assert "whatever the hypothesis says" in verdict.why


def test_each_of_several_claims_has_to_need_a_hypothesis():
    claims = [Equation("sum", S(n), n * (n + 1) / 2), Equation("own", G(n), n)]
    verdict = judged(claims, numbers(), Recursion(G(n), (1,), n + 1, sp.Integer))
    assert "The step of own holds whatever" in verdict.why


@pytest.mark.parametrize(
    ("claim", "changed", "settings", "message"),
    [
        (S(n), {}, {}, "mentions an object that the claim is about"),
        (n, {}, {"of": (n - 5) ** 3 * S(n)}, r"Expected the claim in the form F\(n\) = \.\."),
        (1, {}, {"of": sp.Integer(1)}, "Expected the claim in the form"),  # a base 1 = 1 beside a foreign step cannot be said
        (n, {}, {"start": 0}, "Expected an integer symbol that may be 0"),
        (n, {"first": ()}, {}, "one or two first values"),
        (n, {"first": (n,)}, {}, "A first value of"),
        (n, {"then": S(n - 1) + S(n)}, {}, "knows objects at n"),
        (n, {"then": S(2 * n)}, {}, "knows objects at n"),
        (n, {"explicit": lambda m: n}, {}, "mentions n or an object"),
        (n, {"of": S(n, n)}, {}, "Expected different symbols"),
        (n, {"of": S(n + 1)}, {}, "Expected an object"),
        (n, {}, {"assuming": [sp.Ne(n, 7)]}, "where the hypothesis is needed"),
        (n, {}, {"assuming": [S(n) > 0]}, "speaks of an object"),
        (S(n + 1), {}, {}, "mentions an object"),
    ],
)  # fmt: skip
def test_what_has_not_the_form_of_an_induction_is_refused(claim, changed, settings, message):
    with pytest.raises(TypeError, match=message):
        judged(claim, numbers(**changed), **settings)


@pytest.mark.parametrize("odd", [{"even": True}, {"prime": True}, {"integer": True, "negative": True}, {"real": True}])
def test_the_variable_has_to_range_over_every_integer(odd):
    m = sp.Symbol("n", **odd)
    with pytest.raises(TypeError, match="integer"):
        judged(0, Recursion(F(m), (0,), F(m), lambda _: 0), variable=m, start=2)


def test_no_claim_and_no_object_are_refused():
    for claims, objects in (([], [numbers()]), ([Equation("", S(n), n)], [])):
        with pytest.raises(TypeError, match="states no claim, or defines no object"):
            judged(claims, *objects)


class TestOrderTwo:
    T = sp.Function("T")

    def chebyshev(self, then: Any, first: Any = None) -> Verdict:
        def determinant(m: int) -> sp.Expr:
            return sp.Determinant(
                sp.Matrix(m, m, lambda i, j: (1 if i == 0 else 2) * sp.cos(x) if i == j else int(abs(i - j) == 1))
            )

        return judged(sp.cos(n * x), Recursion(self.T(n, x), first or (sp.cos(x), sp.cos(2 * x)), then, determinant))

    def test_chebyshev_polynomials_are_determinants_and_cosines(self):
        verdict = self.chebyshev(2 * sp.cos(x) * self.T(n, x) - self.T(n - 1, x))
        assert verdict.scope.text.startswith(
            "sum: every n >= 1; every real x; given T(1, x) = cos(x), T(2, x) = cos(2*x)"
        )

    def test_a_sign_in_the_recursion_is_noticed(self):
        assert self.chebyshev(2 * sp.cos(x) * self.T(n, x) + self.T(n - 1, x)).status is Status.REFUTED

    def test_two_earlier_values_need_two_first_values(self):
        with pytest.raises(TypeError, match="knows objects at n"):
            self.chebyshev(2 * sp.cos(x) * self.T(n, x) - self.T(n - 1, x), (sp.cos(x),))


class TestPoles:
    def zero(self, more: Any) -> Verdict:
        return judged(0, Recursion(F(n), (0,), F(n) + more, lambda m: 0))

    def test_a_denominator_that_vanishes_at_some_n_ends_the_recursion(self):
        assert "vanishes at n = 7" in self.zero((n**2 - 14 * n + 49) / (n - 7) - n + 7).why

    def test_a_denominator_of_which_nothing_is_known_decides_nothing(self):
        assert "Nothing shows" in self.zero((4**n - 1024) / (2**n - 32) - 2**n - 32).why

    def test_a_value_that_is_infinite_at_some_n_is_found_by_evaluation(self):
        assert "no finite value at n = 11" in self.zero(sp.log((n - 11) ** 2) - 2 * sp.log(sp.Abs(n - 11))).why

    def test_denominators_that_cannot_vanish_are_no_obstacle(self):
        one = Recursion(
            F(n), (sp.Rational(1, 2),), F(n) + 1 / ((n + 1) * (n + 2)), lambda m: sp.Sum(1 / (k * (k + 1)), (k, 1, m))
        )
        assert judged(n / (n + 1), one).holds

    def test_denominators_in_what_is_not_the_variable_are_given(self):
        one = Recursion(F(n, x), (1 + x,), F(n, x) + x ** (n + 1), lambda m: sum(x**j for j in range(m + 1)))
        assert judged((x ** (n + 1) - 1) / (x - 1), one).scope.given[-1] == "-1 + x != 0"


class TestArguments:
    def test_a_hypothesis_is_put_in_under_integrals_and_derivatives(self):
        assert judged(
            x**n / sp.factorial(n),
            Recursion(F(n, x), (x,), sp.Integral(F(n, t), (t, 0, x)), lambda m: x**m / sp.factorial(m)),
        ).holds
        hermite = [
            Recursion(F(n, x), (2 * x,), 2 * x * F(n, x) - sp.Derivative(F(n, x), x), lambda m: sp.hermite(m, x)),
            Recursion(
                G(n, x),
                (-2 * x * sp.exp(-(x**2)),),
                sp.Derivative(G(n, x), x),
                lambda m: sp.Derivative(sp.exp(-(x**2)), (x, m)),
            ),
        ]
        assert judged((-1) ** n * sp.exp(x**2) * G(n, x), *hermite).holds

    def test_a_bound_variable_does_not_capture_a_free_one(self):
        captured = Recursion(F(n, x), (t,), sp.Integral(F(n, t), (t, 0, x)) / x + t - x / 2, lambda m: t)
        assert judged(t, captured).status is Status.REFUTED

    def test_a_bound_variable_inside_of_what_is_put_in_is_kept_apart(self):
        own = Recursion(F(n, x), (x,), sp.Integral(F(n, t), (t, 0, x)) + x - x**2 / 2, lambda m: x)
        assert judged(sp.Integral(2 * x * t, (t, 0, 1)), own).holds

    def test_an_average_of_an_object_decides_nothing(self):
        own = Recursion(F(n, x), (x,), 2 * sp.Integral(F(n, t), (t, 0, 1)) * x, lambda m: x)
        assert "may be constant at all sizes" in judged(x, own).why

    @pytest.mark.parametrize("argument", [-1, 0, sp.Symbol("z", real=True)])
    def test_a_value_that_may_be_outside_of_the_range_is_refused(self, argument):
        y = sp.Symbol("y", positive=True)
        with pytest.raises(TypeError, match="not known to be positive"):
            judged(y, Recursion(F(n, y), (y,), F(n, y + argument) if argument == -1 else F(n, argument), lambda m: y))

    def test_an_assumption_of_an_argument_has_to_hold_where_the_hypothesis_is_used(self):
        shifted = Recursion(F(n, x), (x,), F(n, x - 1) + 1, lambda m: x)
        with pytest.raises(TypeError, match="nothing shows it there"):
            judged(x, shifted, assuming=[x > 3])
        assert (
            judged(x, Recursion(F(n, x), (x,), F(n, x - 1) + 1, lambda m: sp.expand((x + 1) ** 2 - x**2 - 1 - x))).holds
            is False
        )

    def test_an_object_is_not_positive_because_it_is_declared_so(self):
        positive = sp.Function("G", positive=True)
        falling = Recursion(positive(n), (sp.Rational(41, 2),), positive(n) - 1, lambda m: sp.Rational(43, 2) - m)
        with pytest.raises(TypeError, match="declared positive"):
            judged(
                0,
                Recursion(F(n), (0,), F(n) + sp.log(positive(n) ** 2) - 2 * sp.log(positive(n)), lambda m: 0),
                falling,
            )
        growing = Recursion(positive(n), (2,), positive(n) + 1, lambda m: m + 1)
        assert judged(
            0, Recursion(F(n), (0,), F(n) + sp.log(positive(n) ** 2) - 2 * sp.log(positive(n)), lambda m: 0), growing
        ).holds


class TestSequencesAndObjects:
    def test_a_sum_of_any_sequence_meets_the_sum_up_to_n(self):
        verdict = judged(
            sp.Sum(a(k), (k, 1, n)),
            Recursion(S(n), (a(1),), S(n) + a(n + 1), lambda m: sp.Add(*(a(j) for j in range(1, m + 1)))),
        )
        assert verdict.holds
        assert "every function a" in verdict.scope.text

    def quotient(self, power: int) -> Verdict:
        of = Recursion(
            F(n),
            (p(1) / a(1),),
            F(n) / a(n + 1),
            lambda m: p(1) / sp.Determinant(sp.diag(*(a(j) for j in range(1, m + 1)))),
        )
        product = Recursion(G(n), (a(1),), G(n) * a(n + 1), lambda m: sp.prod([a(j) for j in range(1, m + 1)]))
        return judged(p(1) / G(n) ** power, of, product)

    def test_a_quotient_by_another_power_is_refuted(self):
        assert self.quotient(1).holds
        assert self.quotient(7).status is Status.REFUTED

    def test_objects_are_given_and_not_quantified(self):
        assert "every function G" not in self.quotient(1).scope.text
        assert "G(n) != 0" in self.quotient(1).scope.given

    def test_a_step_that_needs_more_than_is_claimed_is_no_refutation(self):
        verdict = judged(
            n, Recursion(F(n), (1,), F(n) + G(n), sp.Integer), Recursion(G(n), (1,), G(n), lambda m: sp.S.One)
        )
        assert verdict.status is Status.UNDECIDED
        assert "claim what it needs of that too" in verdict.why

    def test_two_claims_may_lean_on_each_other(self):
        claims = [Equation("squares", F(n), n**2), Equation("odd", G(n), 2 * n + 1)]
        objects = (
            Recursion(F(n), (1,), F(n) + G(n), lambda m: sp.Sum(2 * k - 1, (k, 1, m))),
            Recursion(G(n), (3,), G(n) + 2, lambda m: 2 * m + 1),
        )
        assert judged(claims, *objects).holds

    def test_an_assumption_that_passes_to_smaller_n_may_mention_the_variable(self):
        m = sp.Symbol("m", integer=True)
        verdict = judged(n * m, Recursion(F(n), (m,), F(n) + m, lambda j: sp.Sum(m, (k, 1, j))), assuming=[m > n])
        assert verdict.holds
        assert "given m > n" in verdict.scope.text
