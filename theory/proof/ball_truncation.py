r"""How fast an integrand decays: what bounds the part of an integral that lies beyond a
point T.

If :math:`g'/g` is a rational function r of t, put t = 1/w: :math:`r = w^{-m} S(w)` with
S regular at 0. Where
:math:`\mathrm{Re}\,S \le -k` for all :math:`0 \le w \le 1/T`,

- m >= 0: :math:`|g(t)| \le |g(T)|\,e^{-k T^m (t-T)}`, so the tail is at most
    :math:`|g(T)| / (k T^m)`;
- m = -1 and k > 1: :math:`|g(t)| \le |g(T)|\,(T/t)^k`, so the tail is at most
    :math:`|g(T)|\,T / (k-1)`.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.polys.polyerrors import PolynomialError

from theory.proof.ball_evaluator import Ball, Evaluator, Scope
from theory.proof.prepare import CannotEnclose

Ends = tuple[sp.Expr, sp.Expr]
_EXPONENTS = (*range(1, 13), 24, 48, 96, 192, 384, 768)  # T = 2^exponent


@dataclass(frozen=True)
class Decay:
    """One term of an integrand, as a function of `at` > 0; `rate` is S as a function of
    `inverse`, `order` is m."""

    term: sp.Expr
    at: sp.Symbol
    rate: sp.Expr
    inverse: sp.Symbol
    order: int


@lru_cache(maxsize=256)
def decays(integrand: sp.Expr, variable: sp.Symbol, direction: int) -> tuple[Decay, ...] | None:
    """The decay of each term of `integrand` for `variable` -> `direction` * oo, or None
    where no such form is found."""
    at, inverse = sp.Dummy("t", positive=True), sp.Dummy("w", real=True)
    found = []
    for term in sp.Add.make_args(sp.expand(integrand.xreplace({variable: direction * at}))):
        if not term.has(at):
            return None
        decay = _decay(term, at, inverse)
        if decay is None:
            return None
        found.append(decay)
    return tuple(found)


def _decay(term: sp.Expr, at: sp.Symbol, inverse: sp.Symbol) -> Decay | None:
    ratio = sp.Integer(0)
    for factor in sp.Mul.make_args(
        term
    ):  # g'/g adds over factors, and needs no simplification for powers and exponentials
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            ratio += sp.diff(factor.args[0], at)
        elif exponent.is_extended_real and not exponent.has(at):  # |b^e| = |b|^e on either side of a cut
            ratio += exponent * sp.diff(base, at) / base
        elif base.is_positive:
            ratio += sp.diff(exponent * sp.log(base), at)
        else:
            return None
    numerator, denominator = sp.fraction(sp.together(ratio.subs(at, 1 / inverse)))
    if not (numerator.is_rational_function(inverse) and denominator.is_rational_function(inverse)):
        return None
    try:
        above, below = sp.Poly(sp.expand(numerator), inverse), sp.Poly(sp.expand(denominator), inverse)
    except PolynomialError:
        return None
    if above.is_zero:
        return None
    low = min(power for (power,) in above.monoms()), min(power for (power,) in below.monoms())
    order = low[1] - low[0]
    rate = sp.expand(above.as_expr() / inverse ** low[0]) / sp.expand(below.as_expr() / inverse ** low[1])
    return Decay(term, at, rate, inverse, order) if order >= -1 else None


def truncate(
    ev: Evaluator, node: sp.Integral, limits: tuple[sp.Tuple, ...], scope: Scope, goal: int
) -> tuple[list[tuple[int, Ends]], Ball]:
    """Finite pieces, with signs, that stand for an integral with infinite limits, and a
    bound for what they leave out.

    Each piece starts at its end nearer to 0, where precision is needed. Raises
    CannotEnclose where no tail bound is found.
    """
    symbol, lower, upper = limits[-1]
    if len(limits) > 1 or sp.S.ComplexInfinity in (lower, upper):
        raise CannotEnclose(node, "an infinite limit around another integral")
    if lower.is_infinite and upper.is_infinite:
        left, right = ((symbol, lower, sp.S.Zero),), ((symbol, sp.S.Zero, upper),)
        (first, tail), (second, other) = (truncate(ev, node, half, scope, goal) for half in (left, right))
        return first + second, tail + other
    sign, end, direction = (1, lower, upper) if upper.is_infinite else (-1, upper, lower)
    way = 1 if direction == sp.oo else -1
    forms = decays(node.function, symbol, way)
    if forms is None:
        raise CannotEnclose(
            node, "an infinite limit, and no rational g'/g for the terms g of the integrand to bound its tail by"
        )
    far, tail = _far(ev, forms, way * ev.real(end, scope), scope, goal)
    if far is None:
        raise CannotEnclose(node, "no bound for the tail of the integral: does it converge?")
    return [(sign, (end, way * far))], tail


def _far(ev: Evaluator, forms: tuple[Decay, ...], start: Ball, scope: Scope, goal: int) -> tuple[sp.Expr | None, Ball]:
    """A power of 2 beyond `start`, and a bound for the tail beyond it: small enough for
    `goal` bits, or the least that is found."""
    best, least, small = None, None, ev(sp.Rational(1, 2**goal), ev.root).real
    for point in (sp.Integer(2) ** exponent for exponent in _EXPONENTS):
        if not ev(point, ev.root).real > start:
            continue
        bounds: list[Any] = [_beyond(ev, form, point, scope) for form in forms]
        if None in bounds:
            continue
        bound = sum(bounds[1:], bounds[0])
        if least is None or bound < least:
            best, least = point, bound
        if bound < small:
            break
    return best, least


def _beyond(ev: Evaluator, form: Decay, point: sp.Integer, scope: Scope) -> Ball | None:
    """A bound for the integral of |g| beyond T = `point`; None where there is none."""
    far = ev(point, ev.root)
    size = abs(ev(form.term, ev.index_scope(scope, form.at, far, int(point))))
    rate = ev(form.rate, ev.running(scope, form.inverse, (1 / far).union(ev(sp.S.Zero, ev.root)), False))
    decay = -rate.real
    if not (rate.is_finite() and size.is_finite() and decay > (0 if form.order >= 0 else 1)):
        return None
    return size / (decay * far.real**form.order) if form.order >= 0 else size * far.real / (decay - 1)
