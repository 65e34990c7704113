"""Balls contain the value; identities are contained, near-identities excluded; what cannot be enclosed is refused.

Foreign oracle: mpmath at 1200 bits, walked by a table of its own (:func:`oracle`). Laws are functions that return whether they
hold, so that the mutants at the end can be shown to break them.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import pytest
import sympy as sp
from flint import acb, arb, ctx
from hypothesis import assume, example, given
from hypothesis import strategies as st

from theory.proof import ball_truncation as tails
from theory.proof import balls
from theory.proof.ball_evaluator import Evaluator, Scope
from theory.proof.balls import (
    CannotEnclose,
    Instantiation,
    contains_zero,
    enclose,
    excludes_zero,
    exclusion_margin,
    radius_bits,
)
from theory.proof.prepare import prepare
from theory.proof.sampling import instantiate

x, y, z = sp.symbols("x y z")
t, s, u = sp.symbols("t s u", real=True)
half = sp.Rational(1, 2)

# -- the oracle -----------------------------------------------------------------------------------------------------------

ORACLE_BITS = 1200
_ONE = {
    "exp": mpmath.exp, "log": mpmath.log, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "asin": mpmath.asin, "acos": mpmath.acos, "atan": mpmath.atan,
    "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh, "erf": mpmath.erf, "erfc": mpmath.erfc,
    "erfi": mpmath.erfi, "gamma": mpmath.gamma, "loggamma": mpmath.loggamma, "factorial": mpmath.factorial,
    "conjugate": mpmath.conj, "re": mpmath.re, "im": mpmath.im, "Abs": abs, "sign": mpmath.sign, "arg": mpmath.arg,
    "erfinv": mpmath.erfinv, "LambertW": mpmath.lambertw, "digamma": mpmath.digamma, "Ei": mpmath.ei, "cot": mpmath.cot,
    "sec": mpmath.sec, "csc": mpmath.csc, "coth": mpmath.coth, "sech": mpmath.sech, "csch": mpmath.csch, "zeta": mpmath.zeta,
    "floor": mpmath.floor, "ceiling": mpmath.ceil,
}  # fmt: skip
_MORE = {
    "binomial": mpmath.binomial, "Max": max, "Min": min, "atan2": mpmath.atan2, "beta": mpmath.beta, "polygamma": mpmath.polygamma,
    "RisingFactorial": mpmath.rf, "FallingFactorial": mpmath.ff,
}  # fmt: skip


def oracle(node: sp.Expr, values: dict[sp.Symbol, object]) -> object:
    """The value of `node` by mpmath, at the precision that is set."""
    if isinstance(node, sp.Symbol):
        return values[node]
    if node.is_Rational:
        return mpmath.mpf(int(node.p)) / int(node.q)
    constants = {
        sp.pi: mpmath.pi,
        sp.E: mpmath.e,
        sp.I: mpmath.mpc(0, 1),
        sp.EulerGamma: mpmath.euler,
        sp.Catalan: mpmath.catalan,
    }
    if node in constants:
        return +constants[node]
    args = [oracle(arg, values) for arg in node.args]
    if node.is_Add:
        return mpmath.fsum(args)
    if node.is_Mul:
        return mpmath.fprod(args)
    if node.is_Pow:
        return mpmath.power(*args)
    name = type(node).__name__
    return _ONE[name](args[0]) if len(args) == 1 and name in _ONE else _MORE[name](*args)


def number(value: sp.Expr) -> object:
    """An exact Gaussian rational as an mpmath number."""
    re, im = value.as_real_imag()
    real = mpmath.mpf(int(re.p)) / int(re.q)
    return mpmath.mpc(real, mpmath.mpf(int(im.p)) / int(im.q)) if im else real


def exact_ball(value: object) -> acb:
    with ctx.workprec(2 * ORACLE_BITS), mpmath.workprec(2 * ORACLE_BITS):
        value = mpmath.mpc(value)
        return acb(arb(value.real), arb(value.imag))


def encloses(expr: sp.Expr, values: dict[sp.Symbol, sp.Expr], bits: int) -> bool:
    """LAW: the ball contains what mpmath finds, widened by mpmath's own rounding at far more bits."""
    with mpmath.workprec(ORACLE_BITS):
        truth = oracle(expr, {symbol: number(sp.S(value)) for symbol, value in values.items()})
    assert mpmath.isfinite(truth)
    ball = enclose(expr, Instantiation(values), bits=bits)
    with ctx.workprec(2 * ORACLE_BITS):
        blur = arb(0, (1 + abs(exact_ball(truth))).upper() * arb(2) ** (200 - ORACLE_BITS))
        return ball.overlaps(exact_ball(truth) + acb(blur, blur))


# -- families ---------------------------------------------------------------------------------------------------------------

rationals = st.fractions(-3, 3, max_denominator=40).map(lambda q: sp.Rational(q.numerator, q.denominator))
gaussians = st.tuples(rationals, rationals).map(lambda pair: pair[0] + sp.I * pair[1])
_SMOOTH = [sp.sin, sp.cos, sp.exp, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.tan]
_BRANCHED = [sp.log, sp.sqrt, sp.asin, sp.acos, sp.atanh, sp.acosh, sp.Abs, sp.sign, sp.conjugate, sp.re, sp.im]


def trees(leaves: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    """Random expressions: sums, products, quotients, powers and elementary functions."""

    def grow(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
        exponents = st.sampled_from([2, 3, -1, -2, half, -half, sp.Rational(1, 3), sp.Rational(-5, 3)])
        return st.one_of(
            st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
            st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
            st.tuples(inner, exponents).map(lambda p: sp.Pow(*p)),
            st.tuples(inner, inner).map(lambda p: sp.Pow(*p)),
            st.tuples(st.sampled_from(_SMOOTH + _BRANCHED), inner).map(lambda p: p[0](p[1])),
        )

    return st.recursive(leaves, grow, max_leaves=7)


def tame(expr: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> bool:
    """Whether mpmath, too, has a value of moderate size at every node: no poles, no overflow, no node on a branch cut by chance."""
    if expr.has(sp.zoo, sp.nan, sp.oo, -sp.oo, sp.Float):
        return False
    with mpmath.workprec(300):
        plain = {symbol: number(value) for symbol, value in values.items()}
        for node in sp.preorder_traversal(expr):
            try:
                value = mpmath.mpc(oracle(node, plain))
            except (ZeroDivisionError, ValueError, OverflowError):
                return False
            if not mpmath.isfinite(value) or abs(value) > 1e6 or 0 < abs(value) < 1e-6:
                return False
            # An irrational node whose imaginary part cancels to rounding noise lies on a cut for mpmath by accident alone.
            if any(0 < abs(part) < 1e-30 for part in (value.real, value.imag)):
                return False
    return True


# -- laws -------------------------------------------------------------------------------------------------------------------


@given(trees(st.one_of(st.sampled_from([x, y]), rationals)), gaussians, gaussians, st.sampled_from([64, 100, 256]))
def test_a_ball_contains_the_value_at_complex_points(expr: sp.Expr, a: sp.Expr, b: sp.Expr, bits: int) -> None:
    values = {x: a, y: b}
    assume(tame(expr, values))
    try:
        assert encloses(expr, values, bits)
    except CannotEnclose:
        assume(False)


@given(trees(st.one_of(st.sampled_from([t, s]), rationals)), rationals, rationals, st.sampled_from([64, 100, 256]))
def test_a_ball_contains_the_value_at_real_points(expr: sp.Expr, a: sp.Expr, b: sp.Expr, bits: int) -> None:
    values = {t: a, s: b}
    assume(tame(expr, values))
    try:
        assert encloses(expr, values, bits)
    except CannotEnclose:
        assume(False)


_GALLERY: list[tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]] = [
    (f(x), {x: v})
    for f in (sp.log, sp.sqrt, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh, sp.loggamma, sp.gamma, sp.erf, sp.erfc,
              sp.erfi, sp.factorial, sp.digamma, sp.Abs, sp.sign, sp.arg, sp.re, sp.im, sp.conjugate, sp.cot, sp.sec, sp.csc,
              sp.coth, sp.sech, sp.csch, sp.LambertW, lambda w: w ** sp.Rational(1, 3), lambda w: w ** sp.Rational(-7, 2),
              lambda w: w ** (half + sp.I), lambda w: sp.pi**w)
    for v in (sp.Rational(-5, 2), sp.Rational(5, 2), -half, sp.Rational(1, 7), half * sp.I, -3 * sp.I, 2 - sp.I / 3, -2 + sp.I / 9)
] + [
    (sp.erfinv(t), {t: sp.Rational(-9, 10)}), (sp.erfinv(t), {t: sp.Rational(3, 10**9)}), (sp.zeta(x), {x: half + 3 * sp.I}),
    (sp.floor(t), {t: sp.Rational(-7, 3)}), (sp.ceiling(t), {t: sp.Rational(-7, 3)}), (sp.Max(t, s), {t: half, s: -half}),
    (sp.Min(t, s, t * s), {t: half, s: -half}), (sp.atan2(t, s), {t: half, s: -half}), (sp.beta(x, y), {x: half, y: 2 + sp.I}),
    (sp.binomial(x, y), {x: half, y: sp.Rational(1, 3)}), (sp.binomial(x, 4), {x: half + sp.I}), (sp.rf(x, 5), {x: -half}),
    (sp.ff(x, 5), {x: -half}), (sp.polygamma(3, x), {x: half}), (sp.Ei(t), {t: -half}), (sp.Ei(x), {x: -half + sp.I / 8}),
    (sp.EulerGamma + sp.Catalan * sp.E - sp.pi * sp.I, {}), (x**y, {x: -half, y: 3}), (x**y, {x: sp.Rational(-2, 3), y: sp.Rational(-1, 3)}),
]  # fmt: skip


@pytest.mark.parametrize("bits", [64, 256])
def test_every_function_agrees_with_the_oracle_also_on_its_branch_cuts(bits: int) -> None:
    for expr, values in _GALLERY:
        assert encloses(expr, values, bits), f"{expr} at {values}"


def _one_scope(symbol: sp.Symbol, ball: acb, holomorphic: bool) -> tuple[Evaluator, Scope]:
    evaluator = balls._evaluator(Instantiation())
    evaluator._binders.add(symbol)
    return evaluator, evaluator.running(evaluator.root, symbol, ball, holomorphic)


def value_over(expr: sp.Expr, symbol: sp.Symbol, ball: acb, holomorphic: bool = False) -> acb:
    """The ball of `expr` while `symbol` runs over a whole ball."""
    evaluator, scope = _one_scope(symbol, ball, holomorphic)
    return evaluator(expr, scope)


def inclusive(expr: sp.Expr, centre: complex, radius: sp.Rational, corners: list[tuple[int, int]]) -> bool:
    """LAW: the ball over a wide ball contains the values at points of it (real ones, where the ball is real)."""
    with ctx.workprec(200):
        widths = [arb(0, arb(int(radius.p)) / int(radius.q)) if part else arb(0) for part in (1, centre.imag)]
        wide = acb(arb(centre.real) + widths[0], arb(centre.imag) + widths[1])
        image = value_over(expr, x if expr.has(x) else t, wide)
        if not image.is_finite():
            return True
        for i, j in corners:
            with mpmath.workprec(200):
                shift = mpmath.mpf(int(radius.p)) / int(radius.q) * mpmath.mpf("0.999") / 8
                point = mpmath.mpc(centre) + mpmath.mpc(i * shift, j * shift if centre.imag else 0)
                try:
                    truth = oracle(expr, {x: point, t: point.real})
                except (ZeroDivisionError, ValueError):
                    return False  # a pole inside a ball whose image is finite
                blur = arb(0, 1e-40)
                if not image.overlaps(exact_ball(truth) + acb(blur, blur)):
                    return False
    return True


_spots = st.tuples(st.integers(-8, 8), st.integers(-8, 8))
_centres = st.builds(complex, st.integers(-24, 24).map(lambda k: k / 8), st.integers(-8, 8).map(lambda k: k / 8))
_GALLERY_OF_ONE = sorted({expr for expr, _ in _GALLERY if expr.free_symbols == {x}}, key=str)


@given(
    st.one_of(st.sampled_from(_GALLERY_OF_ONE), trees(st.just(x))),
    _centres,
    st.fractions(0, 2, max_denominator=16),
    st.lists(_spots, min_size=1, max_size=6),
)
@example(sp.sqrt(x), -1 + 0.125j, sp.Rational(1, 2), [(0, 8), (0, -8), (3, -5)])
@example(sp.asin(x), 2 + 0.125j, sp.Rational(1, 2), [(0, 8), (0, -8), (3, -5)])
def test_a_ball_over_a_wide_ball_contains_all_values(expr, centre, radius, corners) -> None:
    assume(expr.has(x) and not expr.has(sp.nan, sp.zoo, sp.oo))
    try:
        assert inclusive(expr, centre, sp.Rational(radius), corners)
    except CannotEnclose:
        assume(False)


def mean_value_property(expr: sp.Expr, centre: complex, radius: float) -> bool:
    """LAW: wherever a holomorphic ball is finite, its means over a circle of half the radius are those of a power series.

    On |z - c| = r = R/2, z = c + r w: the mean of g is g(c), and the mean of g w is 0, as conj(z) has it not. N points instead of
    the whole circle err by at most 2 M 2^(1-N), for |g| <= M on the disc. No point lies on the real axis, where cuts are.
    """
    with ctx.workprec(96):
        whole = value_over(expr, t, acb(arb(centre.real, radius), arb(centre.imag, radius)), holomorphic=True)
        if not whole.is_finite():
            return True
        count = 40
        turns = [((2 * arb(j) + arb(2) / 3) / count) for j in range(count)]
        units = [acb(turn).exp_pi_i() for turn in turns]
        values = [value_over(expr, t, unit * (radius / 2) + acb(centre), holomorphic=True) for unit in units]
        middle = value_over(expr, t, acb(centre), holomorphic=True)
        drift = sum(values, acb(0)) / count - middle
        turned = sum((value * unit for value, unit in zip(values, units, strict=True)), acb(0)) / count
        error = abs(whole).upper() * arb(2) ** (3 - count)
        return all(bool(abs(each).lower() <= error) for each in (drift, turned))


_CURVES = [
    sp.Abs(t), sp.Abs(sp.sin(t) + sp.I * t), sp.sqrt(t), sp.log(t), t ** sp.Rational(1, 3), sp.asin(t), sp.acos(t), sp.atan(t),
    sp.asinh(t), sp.acosh(t), sp.atanh(t), sp.loggamma(t), sp.LambertW(t), sp.Max(t, t**2), sp.Min(t, 1 - t), sp.sign(t),
    sp.Piecewise((t**2, t < half), (sp.exp(t), True)), sp.re(sp.gamma(t + sp.I), evaluate=False), sp.im(sp.gamma(t + sp.I), evaluate=False), sp.Abs(sp.exp(sp.I * t) + 2),
    sp.conjugate(sp.erf(t + sp.I), evaluate=False), sp.arg(t + sp.I), sp.atan2(t, 1), sp.floor(t), sp.ceiling(t), sp.Ei(t), sp.Heaviside(t),
    sp.gamma(t), sp.tan(t), 1 / t, sp.erf(t), sp.sign(t + sp.I), sp.pi**t, (-2) ** t, sp.erfinv(t), sp.sqrt(sp.sin(t)),
    sp.Integral(sp.sqrt(u), (u, 1, t)), sp.Integral(sp.Abs(u), (u, -1, t)), sp.Integral(sp.sqrt(u + t), (u, 0, 1)),
    sp.Integral(sp.Abs(u - t), (u, 0, 1)),
]  # fmt: skip


@given(st.sampled_from(_CURVES), _centres, st.sampled_from([1 / 64, 1 / 8, 0.5, 0.75, 1.0, 1.5]))
@example(sp.sqrt(t), -1 + 0j, 0.5)
@example(sp.Integral(sp.sqrt(u), (u, 1, t)), -1 + 0j, 0.5)
def test_where_holomorphy_is_asked_a_finite_ball_is_holomorphic(curve: sp.Expr, centre: complex, radius: float) -> None:
    with ctx.workprec(96):
        assert mean_value_property(prepare(curve), centre, radius)


f, g, h = sp.Function("f"), sp.Function("g"), sp.Function("h")
F, p, q = sp.Function("F", real=True), sp.Function("p", positive=True), sp.Function("q", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
k = sp.Symbol("k", integer=True)
a, b = sp.symbols("a b", positive=True)

# -- what is refused ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "a pole": (1 / (sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1), "not finite"),
    "a pole inside an integral": (sp.Integral(1 / t**2, (t, -1, 1)), "Integral"),
    "a float": (x + sp.Float(0.5), "Rational"),
    "an indefinite integral": (sp.Integral(F(t), t), "lower and upper limit"),
    "a divergent integral": (sp.Integral(1 / t, (t, 1, sp.oo)), "converge"),
    "a growing integrand": (sp.Integral(sp.exp(t), (t, 0, sp.oo)), "converge"),
    "a tail without a bound": (sp.Integral(F(t), (t, 0, sp.oo)), "tail"),
    "a function of two arguments": (sp.zeta(x, y), "one argument"),
    "a real variable with a complex value": (sp.Subs(sp.Derivative(sp.Abs(t), t), t, sp.exp(sp.I * x)), "not certainly real"),
    "an infinite sum": (sp.Sum(1 / k**2, (k, 1, sp.oo)), "exact integer"),
    "a fractional limit": (sp.Sum(k, (k, 1, sp.pi)), "exact integer"),
    "an unknown function": (sp.besselj(1, x), "besselj"),
    "a derivative of a modulus at its kink": (sp.Subs(sp.Derivative(sp.Abs(t), t), t, 0), "not finite"),
    "a derivative at the seam of a Piecewise": (
        sp.Subs(sp.Derivative(sp.Piecewise((t**2, t < 0), (t, True)), t), t, 0), "not finite"),
    "a derivative of a conjugate": (sp.Derivative(sp.conjugate(x), x), "no closed form"),
    "a step at the step": (sp.Heaviside(t - t, evaluate=False), "not finite"),
    "a comparison of complex numbers": (sp.Piecewise((1, sp.Gt(sp.exp(sp.I * t), 0, evaluate=False)), (0, True)), "not certainly real"),
    "a Piecewise at an undecided seam": (sp.Piecewise((0, sp.sin(t) ** 2 + sp.cos(t) ** 2 > 1), (sp.S.One, True)), None),
    "a complex limit of integration": (sp.Integral(t, (t, 0, sp.I)), "not certainly real"),
    "a symbolic order": (sp.Derivative(F(t), (t, n)), "order"),
    "variables exchanged by a Subs": (sp.Subs(sp.Derivative(f(x, y), x), (x, y), (y, x)), "in turn or at once"),
    "a matrix symbol": (sp.MatrixSymbol("M", 2, 2)[0, 0], "MatrixSymbol M"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_enclosed_is_refused_by_name(name: str) -> None:
    expr, words = REFUSED[name]
    if "Symbol M" in (words or ""):
        with pytest.raises(CannotEnclose, match=words):
            instantiate(expr)
        return
    instance = instantiate(expr)[0]
    if words is None:  # both branches may apply: the hull says so, and is no verdict
        ball = enclose(expr, instance, cap=512)
        assert contains_zero(ball)
        assert radius_bits(ball) < 200
        return
    with pytest.raises(CannotEnclose, match=words):
        enclose(expr, instance, cap=512)


def test_a_symbol_or_function_without_a_value_is_refused_by_name() -> None:
    with pytest.raises(CannotEnclose, match="Symbol x: a free symbol without a value"):
        enclose(x + 1, Instantiation())
    with pytest.raises(CannotEnclose, match="no law for the function f"):
        enclose(f(x), Instantiation({x: 1}))
    with pytest.raises(CannotEnclose, match="takes 2 arguments"):
        enclose(f(x), Instantiation({x: 1}, {f: sp.Lambda((t, s), t + s)}))
    with pytest.raises(TypeError, match="entries"):
        enclose(sp.eye(2), Instantiation())
    with pytest.raises(TypeError, match="exact rational"):
        Instantiation({x: 0.5})
    with pytest.raises(ValueError, match="assumptions of t"):
        Instantiation({t: sp.I})
    with pytest.raises(CannotEnclose, match="not certainly real"):
        enclose(f(x), Instantiation({x: sp.I}, {f: sp.Lambda(t, sp.Abs(t))}))


def test_explicit_functions_are_accepted_and_keep_their_own_variables() -> None:
    law = {f: sp.Lambda(x, sp.Piecewise((x**2, x < 1), (sp.exp(x), True)) + y)}  # x is free in the statement as well
    ball = enclose(f(x + 3) - f(x).diff(x) - sp.exp(5) + 4 - y, Instantiation({x: 2, y: sp.I}, law))
    assert excludes_zero(ball)
    exact = enclose(f(x + 3) - sp.exp(5) - y, Instantiation({x: 2, y: sp.I}, law))
    assert contains_zero(exact)
    assert radius_bits(exact) >= 200


# -- helpers ----------------------------------------------------------------------------------------------------------------------


def test_the_helpers_say_nothing_of_a_ball_that_is_not_finite() -> None:
    for ball in (acb(arb.nan()), acb(1) / 0, arb.nan()):
        assert not contains_zero(ball)
        assert not excludes_zero(ball)
        assert exclusion_margin(ball) == 0
        assert radius_bits(ball) < 0


@given(st.integers(-300, 300), st.integers(-300, 300))
def test_radius_bits_never_overstate(middle: int, radius: int) -> None:
    ball = acb(arb(arb(2) ** middle, arb(2) ** -radius))
    found = radius_bits(ball)
    assert radius + max(0, middle) - 2 <= found <= radius + max(0, middle)


def test_a_margin_counts_radii_or_the_smallest_radius_that_counts() -> None:
    up = 2.0**-28  # radii carry 30 bits and are rounded up, once when made and once when used
    assert (9 - up) / (1 + up) <= exclusion_margin(arb(10, 1)) <= 9
    assert exclusion_margin(arb(1, 1)) == 0
    assert exclusion_margin(acb(0, 1)) == 2.0**200


# -- mutants: each law has to reject them -------------------------------------------------------------------------------------------

_PROBES = [
    *[(expr, values) for expr, values in _GALLERY if expr.has(sp.log, sp.Pow, sp.binomial)][:12],
    (sp.sin(x) + x / 3, {x: sp.Rational(1, 7)}), (sp.exp(x) * sp.pi, {x: sp.Rational(1, 7)}), (sp.sqrt(x) + sp.pi, {x: sp.Rational(-1, 7)}),
    (x**y, {x: sp.Rational(-2, 3), y: sp.Rational(-1, 3)}), (sp.conjugate(sp.exp(x)), {x: sp.I / 3}),
]  # fmt: skip


def contained_everywhere() -> bool:
    return all(encloses(expr, values, bits) for expr, values in _PROBES for bits in (64, 256))


def holomorphic_everywhere() -> bool:
    spots = [
        (-1 + 0j, 0.5),
        (0.5 + 0j, 1.0),
        (1 + 0j, 0.75),
        (-1.25 + 0j, 1.5),
        (1j, 0.5),
        (0.5 + 0.5j, 0.75),
        (2j, 0.5),
    ]
    spots += [(c, 1 / 64) for c in (-2 + 0j, 2 + 0j, -1.25 + 0j, -0.5 + 0j)]
    with ctx.workprec(96):
        return all(mean_value_property(prepare(curve), c, r) for curve in _CURVES for c, r in spots)


def _drop_radius(handler: Callable) -> Callable:
    return lambda ev, node, scope: handler(ev, node, scope).mid()


def test_the_laws_hold_before_anything_is_planted() -> None:
    assert contained_everywhere()
    assert holomorphic_everywhere()


_WRONG = {
    "a sine off by 2^-150": (sp.sin, lambda ev, node, scope: ev(node.args[0], scope).sin() + acb(arb(2) ** -150)),
    "a sum without its radius": (sp.Add, _drop_radius(balls._add)),
    "a product without its radius": (sp.Mul, _drop_radius(balls._mul)),
    "a rational rounded to its midpoint": (sp.Rational, _drop_radius(balls._rational)),
    "the other branch of the logarithm": (sp.log, lambda ev, node, scope: ev(node.args[0], scope).conjugate().log()),
    "the other branch of a power": (sp.Pow, lambda ev, node, scope: balls._pow(ev, node, scope).conjugate()),
    "a conjugate forgotten": (sp.conjugate, lambda ev, node, scope: ev(node.args[0], scope)),
}  # fmt: skip


@pytest.mark.parametrize("fault", _WRONG)
def test_a_planted_fault_breaks_containment(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, handler = _WRONG[fault]
    kinds = [kind, sp.Integer] if kind is sp.Rational else [kind]
    for each in kinds:
        monkeypatch.setitem(balls._HANDLERS, each, handler)
    assert not contained_everywhere()


_UNCHECKED = {
    "logarithm": (sp.log, lambda ev, node, scope: ev(node.args[0], scope).log()),
    "power": (sp.Pow, lambda ev, node, scope: ev(node.base, scope).pow(ev(node.exp, scope))),
    "arc sine": (sp.asin, balls._simple("asin")),
    "arc tangent": (sp.atan, balls._simple("atan")),
    "area hyperbolic cosine": (sp.acosh, balls._simple("acosh")),
    "log gamma": (sp.loggamma, balls._simple("lgamma")),
    "modulus": (sp.Abs, lambda ev, node, scope: acb(abs(ev(node.args[0], scope)))),
    "real part": (sp.re, lambda ev, node, scope: acb(ev(node.args[0], scope).real)),
    "conjugate": (sp.conjugate, lambda ev, node, scope: ev(node.args[0], scope).conjugate()),
    "maximum": (sp.Max, lambda ev, node, scope: acb(ev(node.args[0], scope).real.max(ev(node.args[1], scope).real))),
    "floor": (sp.floor, lambda ev, node, scope: acb(ev(node.args[0], scope).real.floor())),
    "argument": (sp.arg, lambda ev, node, scope: acb(ev(node.args[0], scope).arg())),
}


@pytest.mark.parametrize("fault", _UNCHECKED)
def test_a_function_that_ignores_the_holomorphy_flag_is_found_out(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, handler = _UNCHECKED[fault]
    monkeypatch.setitem(balls._HANDLERS, kind, handler)
    assert not holomorphic_everywhere()


def test_a_tail_that_is_left_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "_EXPONENTS", (3,))
    expr = sp.Integral(1 / (1 + t**2), (t, -sp.oo, sp.oo)) - sp.pi
    assert contains_zero(enclose(expr, Instantiation(), cap=256))  # cut off at 8: wide, and right
    beyond = tails._beyond
    monkeypatch.setattr(tails, "_beyond", lambda *args: beyond(*args) / 4)
    assert excludes_zero(enclose(expr, Instantiation(), cap=256))


def test_a_flag_that_does_not_reach_the_inner_integral_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    running = Evaluator.running

    def forgetful(ev: Evaluator, scope: Scope, symbol: sp.Symbol, value: acb, holomorphic: bool) -> Scope:
        return running(ev, scope, symbol, value, holomorphic and scope.parent is None)

    monkeypatch.setattr(Evaluator, "running", forgetful)
    assert not holomorphic_everywhere()
