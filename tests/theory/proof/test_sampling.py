"""Drawn instances have what a statement assumes."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.proof.balls import Instantiation, enclose, proves
from theory.proof.instances import NoInstance
from theory.proof.sampling import instantiate

x, y, z = sp.symbols("x y z")
t, s, u = sp.symbols("t s u", real=True)
half = sp.Rational(1, 2)
f, g = sp.Function("f"), sp.Function("g")
F, p = sp.Function("F", real=True), sp.Function("p", positive=True)
ASSUMED = [
    sp.Symbol("v", **{name: True})
    for name in ("real", "positive", "nonnegative", "negative", "nonpositive", "nonzero", "integer", "even", "odd", "rational",
                 "imaginary", "complex", "prime", "zero")
] + [sp.Symbol("v", integer=True, positive=True), sp.Symbol("v", real=True, integer=False), sp.Symbol("v", even=True, nonzero=True)]  # fmt: skip


@pytest.mark.parametrize("symbol", ASSUMED, ids=lambda v: "-".join(v._assumptions_orig))
def test_a_drawn_number_has_the_assumptions_of_its_symbol(symbol: sp.Symbol) -> None:
    for instance in instantiate(symbol + 1, count=5, seed="assumptions"):
        value = instance.symbols[symbol]
        assert all(getattr(value, f"is_{name}") is wanted for name, wanted in symbol._assumptions_orig.items())


def test_a_plain_symbol_is_complex_unless_the_statement_makes_it_real() -> None:
    def drawn(expr: sp.Expr, *assuming: sp.Basic) -> sp.Expr:
        return instantiate(expr, assuming)[0].symbols[x]

    assert not drawn(x + 1).is_real
    assert not drawn(f(x)).is_real
    assert drawn(x + 1, x < 3).is_real
    assert drawn(sp.Integral(f(t), (t, 0, x))).is_real
    assert drawn(F(x).diff(x)).is_real
    assert drawn(sp.Piecewise((1, x > 0), (0, True))).is_real


RELATIONS = [
    [F(t).diff(t) > 0], [F(t).diff(t) < 0, t**2 < 1], [F(t) > 0, F(t) < 1, F(t).diff(t) > 0], [p(t) > 3, t > 2], [sp.Ne(s, t), s > t],
    [s**2 + t**2 + u**2 < 1], [F(t, s).diff(t) > 0, F(t, s).diff(s) < 0], [g(t) > 0], [sp.And(t > 5, s < -5)], [sp.Lt(0, F(s)), s <= t],
    [F(t) < sp.Rational(-1, 2)], [F(t) >= 2, F(t) <= 3],
]  # fmt: skip


@pytest.mark.parametrize("assuming", RELATIONS, ids=str)
def test_every_relation_is_proved_at_every_instance(assuming: list[sp.Basic]) -> None:
    expr = sp.Add(*(relation.lhs for relation in assuming if not isinstance(relation, sp.And))) + t + s
    for instance in instantiate(expr, assuming, count=4):
        assert proves(sp.And(*assuming), instance)


@given(
    st.integers(0, 10**6),
    st.sampled_from(["above", "below", "between", "rising", "falling", "distribution", "positive"]),
)
def test_a_relation_on_a_function_holds_on_the_whole_line(seed: int, kind: str) -> None:
    """The bound variable of an integral never appears in the instance, so a bound on p(t) has to hold for every t."""
    G = sp.Function("G", positive=True) if kind == "positive" else sp.Function("G")
    asked, claims = {
        "above": ([G(t) > 2], [G(s) - 2]),
        "below": ([G(t) < -1], [-1 - G(s)]),
        "between": ([G(t) > 0, G(t) < 1], [G(s), 1 - G(s)]),
        "rising": ([G(t).diff(t) > 0], [G(s).diff(s)]),
        "falling": ([G(t).diff(t) < 0], [-G(s).diff(s)]),
        "distribution": ([G(t) > 0, G(t) < 1, G(t).diff(t) > 0], [G(s), 1 - G(s), G(s).diff(s)]),
        "positive": ([], [G(s)]),
    }[kind]
    instance = instantiate(G(t) + s, asked, seed=seed)[0]
    for point in (-7, -1, sp.Rational(1, 3), 4, 9):
        for claim in claims:
            assert enclose(claim, Instantiation({**instance.symbols, s: point}, instance.functions), bits=128).real > 0


def test_the_draws_depend_on_the_seed_and_the_statement_alone() -> None:
    expr = f(x, y) + g(t) * sp.Integral(p(s), (s, 0, t))
    few, many = instantiate(expr, seed=5, count=2), instantiate(expr, seed=5, count=4)
    assert [i.plain() for i in few] == [i.plain() for i in many[:2]]
    assert len({str(i.plain()) for i in many}) == 4
    assert instantiate(expr, seed=6)[0].plain() != few[0].plain()
    assert set(few[0].plain()) == {"x", "y", "t", "f(a1, a2)", "g(a)", "p(a)"}


def test_a_name_used_twice_is_printed_twice() -> None:
    both = instantiate(sp.Symbol("w", real=True) + sp.Symbol("w", positive=True))[0].plain()
    assert list(both) == ["w", "w#2"]


def test_contradictory_relations_have_no_instance_and_the_error_names_one() -> None:
    with pytest.raises(NoInstance, match=r"the relation t\*\*2 < 1/2 was proved by balls 0 times"):
        instantiate(t, [t > 1, t**2 < half], tries=60)
    with pytest.raises(NoInstance, match="constant False"):
        instantiate(t, [sp.Symbol("a", positive=True) < 0])
    with pytest.raises(NoInstance, match="substitute"):
        instantiate(t, [sp.Eq(t, s)])
    with pytest.raises(NoInstance, match="No exact number"):
        instantiate(sp.Symbol("w", irrational=True))
    with pytest.raises(NoInstance, match="above 2 and below 1"):
        instantiate(F(t), [F(t) > 2, F(t) < 1])
    with pytest.raises(NoInstance, match="no family"):
        instantiate(sp.Function("N", integer=True)(t))
    with pytest.raises(TypeError, match="Expected relations"):
        instantiate(t, [t + 1])
