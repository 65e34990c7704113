"""Equations and signs on trial: truths, falsehoods, and statements that are true
wherever one is likely to look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, overlooking, select_specimens, trial
from proofs_checks.kernel import Control, Enumeration, Equation, Sign, Verdict

__all__ = ["controls", "exact"]

x, y = sp.symbols("x y", real=True)
z = sp.Symbol("z")
negative, positive = sp.Symbol("x", negative=True), sp.Symbol("x", positive=True)
nonnegative, m = sp.Symbol("x", nonnegative=True), sp.Symbol("m", integer=True, positive=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
i, j, t = sp.Symbol("i", integer=True), sp.Symbol("j", integer=True), sp.Symbol("t", real=True)
first, second = sp.symbols("a b", positive=True)
odd = sp.Symbol("l", odd=True, composite=True)
step = sp.Piecewise((0, x < 1000), (1, True))
BITS = 1200  # of mpmath's intervals
NEAR, FAR = Fraction(7, 5), Fraction(-5000)
TINY = sp.exp(-sp.exp(sp.exp(6)))
HIDDEN_ZERO = sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1


@dataclass(frozen=True)
class Specimen:
    """A statement, what the kernel has to say of it, and what is zero (or not negative)
    where it is true, at some points."""

    evidence: Callable[[], Any]
    expected: Outcome
    residual: Callable[[Any, Any], Any]  # from mpmath's intervals and a point
    points: tuple[Any, ...] = (NEAR, FAR)

    def sound(self) -> bool:
        """Whether the statement survives interval arithmetic at its points, and says
        something at one of them at least."""
        at = mpmath.iv
        at.prec = BITS
        values = [self.residual(at, at.mpf(p.numerator) / p.denominator) for p in self.points]
        signed = isinstance(self.evidence(), Sign)
        return bool(values) and all(0 in at.mpf(v) or (signed and at.mpf(v).a > 0) for v in values)


def _equal(
    expected: Outcome, left: Any, right: Any, residual: Any, points: Any = (NEAR, FAR), **given: Any
) -> Specimen:
    return Specimen(lambda: Equation("equation", left, right, **given), expected, residual, points)


def _sign(
    expected: Outcome, expression: Any, relation: str, residual: Any, points: Any = (NEAR, FAR), *, squares: Any = ()
) -> Specimen:
    return Specimen(lambda: Sign("sign", expression, relation, squares), expected, residual, points)


REFUTED = Outcome("REFUTED", "excludes zero")
NO_FORM = Outcome("UNDECIDED", "no normal form reached zero")
ONE_SIGN = Outcome("UNDECIDED", "not of one sign")
STATEMENTS = {
    "addition theorem": _equal(
        Outcome("HOLDS", "every real x, y"), sp.sin(x + y), sp.sin(x) * sp.cos(y) + sp.cos(x) * sp.sin(y),
        lambda iv, t: iv.sin(3 * t) - iv.sin(t) * iv.cos(2 * t) - iv.cos(t) * iv.sin(2 * t)),
    "determinant": _equal(Outcome("HOLDS", "every real x"), sp.Determinant(sp.Matrix([[x, 1], [1, x]])), x**2 - 1, lambda iv, t: t * t - 1 - (t - 1) * (t + 1)),
    "sum": _equal(
        Outcome("HOLDS", "every positive integer m"), sp.Sum(y, (y, 1, m)), m * (m + 1) / 2, lambda iv, t: sum(range(1, int(t.a) + 1)) - t * (t + 1) / 2,
        (Fraction(7), Fraction(50))),
    "sum that may run backwards": _equal(
        Outcome("HOLDS", "every integer j; given j >= 0"), sp.Sum(y, (y, 1, j)), j * (j + 1) / 2, lambda iv, t: sum(range(1, int(t.a) + 1)) - t * (t + 1) / 2,
        (Fraction(0), Fraction(50))),
    "root of a square": _equal(Outcome("HOLDS", "every negative x"), sp.sqrt(negative**2) + 1, sp.expand((1 - negative) ** 2) / (1 - negative), lambda iv, t: abs(t) + t, (FAR,)),
    "zero over zero": _equal(Outcome("HOLDS", "every real x; given -1 + x != 0"), (x**2 - 1) / (x - 1), x + 1, lambda iv, t: (t * t - 1) / (t - 1) - t - 1),
    "derivative of |x|": _equal(Outcome("HOLDS", "every real x; given x != 0"), sp.Derivative(sp.Abs(x), x), sp.sign(x), lambda iv, t: t / abs(t) - (1 if t.a > 0 else -1)),
    "poles of functions": _equal(Outcome("HOLDS", "every real x; given cos(x) != 0, sin(x) != 0"), sp.tan(x) * sp.cot(x), 1, lambda iv, t: iv.tan(t) * iv.cos(t) / iv.sin(t) - 1),
    "value of a logarithm": _equal(Outcome("HOLDS", "every complex z; given z != 0"), z * sp.log(z) + sp.log(z), (z + 1) * sp.log(z), lambda iv, t: t * iv.log(abs(t)) + iv.log(abs(t)) - (t + 1) * iv.log(abs(t))),
    "values of factorials": _equal(
        Outcome("HOLDS", "every nonnegative integer k; given k not in 0, -1, -2, .."), sp.factorial(k), k * sp.factorial(k - 1),
        lambda iv, t: iv.mpf(math.factorial(int(t.a))) - t * math.factorial(int(t.a) - 1), (Fraction(1), Fraction(7))),
    "limit that a parameter changes": _equal(
        Outcome("UNDECIDED", "Cannot enclose the Limit"), sp.Limit(x * m / (1 + x * m), m, sp.oo) * (x + y) ** 2, x**2 + 2 * x * y + y**2,
        lambda iv, t: 1, (Fraction(0),)),
    "limit that a parameter changes at 2": _equal(
        Outcome("UNDECIDED", "Cannot enclose the Limit"), sp.Limit((x - 2) * m / (1 + (x - 2) * m), m, sp.oo) * (x + y) ** 2, x**2 + 2 * x * y + y**2,
        lambda iv, t: 1, (Fraction(2),)),
    "limit that a parameter changes at a root of a quintic": _equal(
        Outcome("UNDECIDED", "Cannot enclose the Limit"), sp.Limit((x**5 - x - 1) * m / (1 + (x**5 - x - 1) * m), m, sp.oo) * (x + y) ** 2, x**2 + 2 * x * y + y**2,
        lambda iv, t: 1, (Fraction(0),)),
    "a power of any sign": _equal(
        Outcome("HOLDS", "every positive a; every real y; every complex z; given z*a != 0, z != 0"), (first * z) ** y, first**y * z**y, lambda iv, t: t - t),
    "poles of the digamma function": _equal(
        Outcome("HOLDS", "every complex z; given z != 0, 1 + z not in 0, -1, -2, .., z not in 0, -1, -2, .."), sp.digamma(z + 1) - sp.digamma(z), 1 / z, lambda iv, t: t - t),
    "limit where two leading terms may cancel": _equal(
        Outcome("UNDECIDED", "Cannot enclose the Limit"),
        sp.Limit((first - second) * m / (1 + (first - second) * m), m, sp.oo) * (x + y) ** 2, x**2 + 2 * x * y + y**2, lambda iv, t: 1, (Fraction(1),)),
    "limit that a parameter changes where terms cancel": _equal(
        Outcome("UNDECIDED", "Cannot enclose the Limit"),
        sp.Limit((sp.exp(x * m) - 1 - 100 * m) / (sp.exp(x * m) - 1 - 100 * m + m**2), m, 0) * (x + y) ** 2, x**2 + 2 * x * y + y**2, lambda iv, t: 1, (Fraction(100),)),
    "integral whose bound is the name of an inner sum's": _equal(
        NO_FORM, sp.KroneckerDelta(m, 100) * sp.Integral(sp.Derivative(sp.Sum(x * y, (y, 0, 3)), x), (x, 0, y)), 14 * sp.KroneckerDelta(m, 100),
        lambda iv, t: 8, (Fraction(1),)),
    "square of a sign that may be 0": _equal(NO_FORM, sp.sign(m - 100) ** 2, 1, lambda iv, t: iv.mpf(1) * (t == 100), (Fraction(100),)),
    "a denominator beside an integral over its name": _equal(
        Outcome("HOLDS", "every real x; given -1 + x != 0"), (x**2 - 1) / (x - 1) + sp.Integral(x, (x, 0, 1)), x + sp.Rational(3, 2), lambda iv, t: (t * t - 1) / (t - 1) - t - 1),
    "derivative of arccot": _equal(
        Outcome("HOLDS", "every real x; given -50 + x != 0"), sp.Derivative(sp.acot(x - 50), x) * (1 + (x - 50) ** 2), -1, lambda iv, t: t - t),
    "derivative at a cut": _equal(
        Outcome("HOLDS", "every complex z; given z not on the cut of atan"), sp.Derivative(sp.atan(z), z) * (1 + z**2), 1, lambda iv, t: t - t),
    "an odd composite number": _equal(
        Outcome("HOLDS", "every positive composite odd integer l; every real y"), sp.Derivative(y * odd * (-1) ** odd, y), -odd, lambda iv, t: t - t),
    "two symbols of one name": _equal(Outcome("refused", "named x"), x + positive, 2 * x, lambda iv, t: 1, ()),
    "integral across a pole": _equal(
        NO_FORM,
        sp.Integral(1 / (t - 1000) ** 2, (t, x, y)), 1 / (x - 1000) - 1 / (y - 1000), lambda iv, s: 1 / (s - 1000) - 1 / (s - 999) - 1 / ((s - 1000) * (s - 999))),
    "integral across a jump of the primitive": _equal(
        NO_FORM,
        sp.Integral(sp.Derivative(sp.atan(1 / (t - 1000)), t), (t, x, y)), sp.atan(1 / (y - 1000)) - sp.atan(1 / (x - 1000)),
        lambda iv, s: (1 / (s - 999) - 1 / (s - 1000)) / (1 + 1 / ((s - 999) * (s - 1000))) + 1 / (1 + (s - 1000) * (s - 999))),
    "primitive that is a step": _equal(
        NO_FORM, sp.Integral(sp.Derivative(step.subs(x, t), t), (t, x, y)), step.subs(x, y) - step, lambda iv, s: 1),
    "sum across a pole": _equal(
        NO_FORM,
        sp.Sum(1 / (k - 1000) - 1 / (k - 999), (k, 1, m)), -sp.Rational(1, 999) - 1 / (m - 999),
        lambda iv, s: sum(1 / iv.mpf(j - 1000) - 1 / iv.mpf(j - 999) for j in range(1, int(s.a) + 1)) + iv.mpf(1) / 999 + 1 / (s - 999), (Fraction(7), Fraction(50))),
    "integral over periods, one of which is none": _equal(
        NO_FORM, sp.Integral(sp.exp(sp.I * (j + 200) * t), (t, 0, 2 * sp.pi)), 0, lambda iv, s: 2 * iv.pi * (s == -200), (Fraction(-200),)),
    "integral of the derivative of a root that jumps": _equal(
        NO_FORM, sp.Integral(sp.Derivative(sp.sqrt((t - 1000 + sp.I) ** 2), t), (t, 0, m)), sp.sqrt((m - 1000 + sp.I) ** 2) - sp.sqrt((sp.I - 1000) ** 2),
        lambda iv, s: 2 * s, (Fraction(1001),)),
    "alternating sum of binomial coefficients": _equal(
        NO_FORM, sp.Sum((-1) ** i * sp.binomial(k, i), (i, 0, k)), 0, lambda iv, s: iv.mpf(0) ** int(s.a), (Fraction(0),)),
    "sum over roots of one": _equal(
        NO_FORM, sp.Sum(sp.exp(2 * sp.pi * sp.I * i * j / 200), (i, 0, 199)), 0, lambda iv, s: 200, (Fraction(0),)),
    "bound variable that leaves its range": _equal(
        Outcome("HOLDS", "every real x; every complex z; given z != 0, 1000 + x >= 0, z*x != 0 for x from 1 to 1000 + x"),
        sp.Integral(sp.log(positive * z), (positive, 1, x + 1000)), sp.Integral(sp.log(positive) + sp.log(z), (positive, 1, x + 1000)),
        lambda iv, s: iv.log(2 * abs(s)) - iv.log(2) - iv.log(abs(s))),
    "symmetry of binomial coefficients": _equal(
        Outcome("HOLDS", "every integer i, j; given 1001 + i not in 0, -1, -2, .."), sp.binomial(i + 1000, j + 1000), sp.binomial(i + 1000, i - j),
        lambda iv, s: iv.mpf(math.comb(1007, int(s.a)) - math.comb(1007, 1007 - int(s.a))), (Fraction(3), Fraction(50))),
    "logarithm of a positive function": _equal(
        Outcome("HOLDS", "every positive function p; every real x"), sp.log(sp.Function("p", positive=True)(x) ** 2), 2 * sp.log(sp.Function("p", positive=True)(x)),
        lambda iv, t: iv.log(iv.exp(t / 100) ** 2) - 2 * iv.log(iv.exp(t / 100))),
    "matrix with one wrong entry": _equal(REFUTED, sp.Matrix([[x, 0], [0, x]]), sp.Matrix([[x, 0], [0, x + 1]]), lambda iv, t: 1),
    "off by 1e-50": _equal(REFUTED, sp.exp(x) * sp.exp(-2 * x), sp.exp(-x) + sp.Rational(1, 10**50), lambda iv, t: iv.mpf(10) ** -50),
    "false where x > 2": _equal(REFUTED, sp.Max(x, 2), 2, lambda iv, t: t - 2, (Fraction(3),)),
    "logarithm of a square": _equal(REFUTED, sp.log(z**2), 2 * sp.log(z), lambda iv, t: 2 * iv.pi, (NEAR,)),
    "false below -1000": _equal(NO_FORM, sp.Max(x, -1000), x, lambda iv, t: (0 if t > -1000 else -1000 - t)),
    "off by exp(-exp(exp(6)))": _equal(NO_FORM, x + TINY, x, lambda iv, t: iv.exp(-iv.exp(iv.exp(6)))),
    "one expression twice": _equal(Outcome("UNDECIDED", "equal by construction"), x * (x + 1), x * (x + 1), lambda iv, t: 0, ()),
    "contradictory assumptions": _equal(Outcome("UNDECIDED", "NoInstance"), x, x + 1, lambda iv, t: 1, (), assuming=(x > 1, x < 0)),
    "a true ball of 190 bits": _equal(Outcome("UNDECIDED", "is sharp to"), x + sp.sign(HIDDEN_ZERO) / 2**190, x, lambda iv, t: 0),
    "a false ball of 190 bits": _equal(Outcome("UNDECIDED", "is sharp to"), x + sp.Heaviside(HIDDEN_ZERO) / 2**190, x, lambda iv, t: iv.mpf(2) ** -191),
    "a wide ball around a large number": _equal(Outcome("UNDECIDED", "is sharp to"), 1000 * x + sp.sign(HIDDEN_ZERO) / 2**150, 1000 * x, lambda iv, t: 0),
    "a float": _equal(Outcome("UNDECIDED", "a float is not exact"), 0.1 * x, x / 10, lambda iv, t: iv.mpf(0.1) - iv.mpf(1) / 10),
    "matrices of two shapes": _equal(Outcome("refused", "one shape"), sp.eye(2), sp.eye(3), lambda iv, t: 1),
    "polynomial": _sign(Outcome("HOLDS", "every positive x"), positive**3 + 2 * positive, "> 0", lambda iv, t: t**3 + 2 * t, (NEAR,)),
    "square and one": _sign(Outcome("HOLDS", "every real x"), x**2 + 2 * x + 2, "> 0", lambda iv, t: (t + 1) ** 2 + 1, squares=((1, x + 1), (1, 1))),
    "negative near zero": _sign(ONE_SIGN, positive**2 - positive / 100, ">= 0", lambda iv, t: t * t - t / 100, (Fraction(1, 200),)),
    "zero at zero": _sign(ONE_SIGN, nonnegative**2, "> 0", lambda iv, t: t * t - iv.mpf(2) ** -999, (Fraction(0),)),
    "square that may vanish": _sign(Outcome("UNDECIDED", "surely positive"), (x + 1) ** 2, "> 0", lambda iv, t: (t + 1) ** 2 - iv.mpf(2) ** -999, (Fraction(-1),), squares=((1, x + 1),)),
    "symbol of any sign": _sign(ONE_SIGN, x + 50, ">= 0", lambda iv, t: t + 50),
    "another sum of squares": _sign(Outcome("REFUTED", "the sum of squares"), x**2 + x + 2, ">= 0", lambda iv, t: -1, squares=((1, x), (1, 1))),
    "square of no real number": _sign(Outcome("UNDECIDED", "not known to be real"), x + 1000, ">= 0", lambda iv, t: t + 1000, squares=((1, sp.sqrt(x + 1000)),)),
    "negative weight": _sign(Outcome("UNDECIDED", "nonnegative weights"), 1000 * x**2 - x**4 / 1000, ">= 0", lambda iv, t: 1000 * t * t - t**4 / 1000, squares=((1000, x), (-sp.Rational(1, 1000), x**2))),
    "a negative number": _sign(Outcome("REFUTED", "contradicts"), sp.sqrt(2) - sp.Rational(3, 2), ">= 0", lambda iv, t: iv.sqrt(2) - iv.mpf(3) / 2),
}  # fmt: skip


def exact(*, judge: Callable[..., Verdict] = kernel.judge, only: Sequence[str] = ()) -> list[Enumeration]:
    """Every statement."""
    statements = select_specimens(STATEMENTS, only)
    return [
        trial(
            "statements", f"equations and signs, of {len(STATEMENTS)} statements", [statements],
            outcome=lambda name: outcome_of(lambda: judge(statements[name].evidence(), route="exact")),
            expected=lambda name: statements[name].expected,
            sound=lambda name: statements[name].sound(),
        )
    ]  # fmt: skip


def _without(reason: str, *falsehoods: str) -> Control:
    return Control(exact, fails="statements", judge=overlooking(reason), only=falsehoods)


controls = {
    "balls-alone": _without("no normal form reached zero", "false below -1000", "off by exp(-exp(exp(6)))"),
    "normal-forms-alone": _without("excludes zero", "off by 1e-50", "false where x > 2", "logarithm of a square"),
    "constructions-count": _without("equal by construction", "one expression twice"),
    "vacuous-assumptions": _without("NoInstance", "contradictory assumptions"),
    "wide-balls": _without("is sharp to", "a false ball of 190 bits"),
    "squares-of-anything": _without("not known to be real", "square of no real number"),
    "limits-of-generic-parameters": _without(
        "Cannot enclose the Limit", "limit that a parameter changes", "limit that a parameter changes at 2"
    ),
    "signs-by-sampling": _without("not of one sign", "negative near zero"),
}
