"""Inductions about objects with arguments on trial: what is put in is not captured, and
assumed of nothing that does not have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial, prod
from typing import Any

import mpmath
import sympy as sp

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, overlooking, select_specimens, trial
from proofs_checks.kernel import Control, Enumeration, Equation, Induction, Recursion, Verdict

__all__ = ["controls", "exact"]

n, even, k = sp.Symbol("n", integer=True, positive=True), sp.Symbol("n", even=True), sp.Symbol("k", integer=True)
x, t = sp.symbols("x t", real=True)
positive = sp.Symbol("x", positive=True)
F, G, H, a, p = (sp.Function(name) for name in "FGHap")
above_zero = sp.Function("G", positive=True)


@dataclass(frozen=True)
class Specimen:
    """An induction, what the kernel has to say of it, and whether its claim follows, by
    evaluation."""

    claim: Any
    objects: tuple[Recursion, ...]
    expected: Outcome
    follows: Callable[[], bool] = lambda: False
    variable: Any = n
    start: int = 1
    assuming: tuple[Any, ...] = ()

    def statement(self) -> Induction:
        """The claim as the kernel gets it."""
        of = self.objects[0].of if not isinstance(self.claim, tuple) else self.claim[0]
        claim = Equation("claim", of, self.claim[1] if isinstance(self.claim, tuple) else self.claim)
        return Induction("objects", self.variable, (claim,), self.objects, self.start, self.assuming)


def zero(more: Any, variable: Any = n, start: int = 1) -> Recursion:
    """F = 0 at the start, and what ``more`` adds at each step; by definition 0."""
    return Recursion(F(variable), (0,), F(variable) + more, lambda m: sp.S.Zero)


def chebyshev() -> bool:
    at = mpmath.iv
    at.prec = 200
    theta, values = at.mpf(3) / 7, [at.mpf(1), at.cos(at.mpf(3) / 7)]
    for m in range(2, 30):
        values.append(2 * values[1] * values[m - 1] - values[m - 2])
        if 0 not in values[m] - at.cos(m * theta):
            return False
    return True


def power_over_factorial() -> bool:
    """By coefficients: the integral of x^m/m! has the coefficient 1/m! / (m + 1)."""
    coefficients = [Fraction(1)]
    for m in range(1, 30):
        coefficients.append(coefficients[-1] / (m + 1))
    return all(value * factorial(m) == 1 for m, value in enumerate(coefficients, start=1))


def divides_in_turn(power: int) -> bool:
    """Whether dividing by each a_j in turn divides by the power of their product that
    is claimed."""
    sequence, value = [Fraction(j, 3) for j in (2, 5, 7, 11)], Fraction(5)
    for entry in sequence:
        value /= entry
    return value == Fraction(5) / prod(sequence) ** power


def _quotient(power: int) -> tuple[Recursion, ...]:
    of = Recursion(
        F(n),
        (p(1) / a(1),),
        F(n) / a(n + 1),
        lambda m: p(1) / sp.Determinant(sp.diag(*(a(j) for j in range(1, m + 1)))),
    )
    return of, Recursion(
        G(n), (a(1) ** power,), G(n) * a(n + 1) ** power, lambda m: sp.prod([a(j) ** power for j in range(1, m + 1)])
    )


def hidden_remainder(remainder: Any, expected: Outcome) -> Specimen:
    """F = 0, claimed to be ``remainder``, which its recursion bears out and its
    definition does not."""
    return Specimen(remainder, (zero(remainder.subs(n, n + 1) - remainder),), expected)


counted = (
    Recursion(G(n), (1,), G(n) + 1, sp.Integer),
    Recursion(H(n), (0,), H(n) + (G(n) - 1) * (G(n) - 2) * (G(n) - 3), lambda m: sp.S.Zero),
)
STEPS, LATE, j = Outcome("UNDECIDED", "may be constant at all sizes"), sp.Rational(81, 2), sp.Symbol("j", integer=True)
COUNT = sp.Symbol("c", integer=True, positive=True)
U = 2 * n - 81  # negative up to n = 40
falling = Recursion(above_zero(n), (sp.Rational(41, 2),), above_zero(n) - 1, lambda m: sp.Rational(43, 2) - m)
SPECIMENS = {
    "cos(n x), by a recursion of order two": Specimen(
        sp.cos(n * x), (Recursion(F(n, x), (sp.cos(x), sp.cos(2 * x)), 2 * sp.cos(x) * F(n, x) - F(n - 1, x), lambda m: sp.re(sp.exp(sp.I * m * x))),),
        Outcome("HOLDS", "objects: every n >= 1; every real x; given F(1, x) = cos(x), F(2, x) = cos(2*x), F(n + 1, x) = -F(-1 + n, x) + 2*F(n, x)*cos(x)"), chebyshev),
    "sum of a sequence": Specimen(
        sp.Sum(a(k), (k, 1, n)), (Recursion(F(n), (a(1),), F(n) + a(n + 1), lambda m: sp.Add(*(a(j) for j in range(1, m + 1)))),),
        Outcome("HOLDS", "objects: every n >= 1; every function a; given F(1) = a(1), F(n + 1) = F(n) + a(1 + n)"),
        lambda: all(sum(range(1, m + 1)) + (m + 1) ** 2 - m - 1 == sum(range(1, m + 1)) + m * m + m for m in range(1, 30))),
    "x^n/n!, by integrals": Specimen(
        x**n / sp.factorial(n), (Recursion(F(n, x), (x,), sp.Integral(F(n, t), (t, 0, x)), lambda m: x**m / sp.factorial(m)),),
        Outcome("HOLDS", "objects: every n >= 1; every real x; given F(1, x) = x, F(n + 1, x) = Integral(F(n, t), (t, 0, x))"), power_over_factorial),
    "quotient by a product": Specimen(p(1) / G(n), _quotient(1), Outcome("HOLDS", (
        "objects: every n >= 1; every function a, p; given F(1) = p(1)/a(1), F(n + 1) = F(n)/a(1 + n), G(1) = a(1), "
        "G(n + 1) = G(n)*a(1 + n), G(n) != 0, a(1 + n) != 0")), lambda: divides_in_turn(1)),
    "quotient by its seventh power": Specimen(p(1) / G(n) ** 7, _quotient(1), Outcome("REFUTED", "claim at n = 1"), lambda: divides_in_turn(7)),
    "a bound variable that is free in the claim": Specimen(
        t, (Recursion(F(n, x), (t,), sp.Integral(F(n, t), (t, 0, x)) / x + t - x / 2, lambda m: t),), Outcome("REFUTED", "by recursion and by definition")),
    "a claim at one argument": Specimen((F(n, 0), 0), (Recursion(F(n, x), (x,), F(n, x + 1), lambda m: x + m - 1),), Outcome("refused", "Expected the claim in the form")),
    "an argument outside of its range": Specimen(positive, (Recursion(F(n, positive), (positive,), -F(n, -positive), lambda m: positive),), Outcome("refused", "not known to be positive")),
    "an argument that may be outside of its range": Specimen(positive, (Recursion(F(n, positive), (positive,), F(n, positive - 1) + 1, lambda m: positive),), Outcome("refused", "not known to be positive")),
    "an object that is not as declared": Specimen(
        0, (zero(sp.log(above_zero(n) ** 2) - 2 * sp.log(above_zero(n))), falling), Outcome("refused", "is declared positive")),
    "an even variable": Specimen(0, (zero(sp.sin(sp.pi * even / 2), even),), Outcome("refused", "is assumed even"), variable=even, start=2),
    "an assumption that fails at one n": Specimen(0, (zero(sp.KroneckerDelta(n, 50)),), Outcome("refused", "where the hypothesis is needed"), assuming=(sp.Ne(n, 50),)),
    "an assumption that no normal form knows": Specimen(
        n * x, (Recursion(F(n, x), (x,), F(n, x) + x + (sp.Abs(x) - x) * (n - 1) * (n - 2) * (n - 3), lambda m: m * x),),
        Outcome("UNDECIDED", "by recursion and by definition at n = 5: Every ball contains zero, but no normal form reached zero"), assuming=(x > 0,)),
    "a hypothesis that is needed where nothing is claimed": Specimen(
        n * x, (Recursion(F(n, x), (x,), (n + 1) * x + (F(n, x) - n * x) * (sp.Abs(x) - x), lambda m: m * x),),
        Outcome("UNDECIDED", "Whether the step of claim needs its hypothesis was not decided"), assuming=(x > 0,)),
    "a wave that is 0 up to n = 10": hidden_remainder(sp.sin(sp.pi * 1024 / 2**n), Outcome("UNDECIDED", "at all sizes")),
    "a power that is 1 up to n = 9": hidden_remainder((-1) ** (sp.S(1024) / 2**n) - 1, Outcome("UNDECIDED", "at all sizes")),
    "a binomial coefficient that is 0 up to n = 29": hidden_remainder(sp.binomial(n, n - 30), Outcome("UNDECIDED", "at all sizes")),
    "complex exponentials that are 1 up to n = 40": hidden_remainder(sp.exp(2 * sp.pi * sp.I * 2**40 / 2**n) - 1, STEPS),
    "a wave with a whole factor": hidden_remainder(sp.sin(sp.pi * k * 2**40 / 2**n), STEPS),
    "a step inside of a sum": hidden_remainder(sp.Sum(sp.KroneckerDelta(k, 40), (k, 1, n)), STEPS),
    "a step inside of two sums": hidden_remainder(sp.Sum(sp.KroneckerDelta(j, 40), (j, 1, k), (k, 1, n)), STEPS),
    "a step inside of an integral": hidden_remainder(sp.Integral(sp.Heaviside(t - 40), (t, 0, n)), STEPS),
    "a step inside of a sequence": hidden_remainder(a(sp.floor(n / 10)) - a(0), STEPS),
    "a logarithm that is not real from n = 41 on": hidden_remainder(sp.log((n - LATE) ** 2) - 2 * sp.log(LATE - n), STEPS),
    "a cube root that is not real from n = 41 on": hidden_remainder(((LATE - n) ** 3) ** sp.Rational(1, 3) - (LATE - n), STEPS),
    "an angle that is 0 up to n = 40": hidden_remainder(sp.arg(LATE - n), STEPS),
    "a step in a value at a point": hidden_remainder(sp.Subs(sp.floor(x / 10), x, n), STEPS),
    "a wave in a value at a point": hidden_remainder(sp.Subs(sp.sinc(sp.pi * (x - 40)), x, n), STEPS),
    "zero to the power of a square": hidden_remainder(sp.Integer(0) ** ((n - 40) ** 2), STEPS),
    "a binomial coefficient that is 0 up to n = 19": hidden_remainder(sp.binomial(n, j**2 + 20), STEPS),
    "a sum up to a step": hidden_remainder(sp.Sum(1, (k, 1, sp.floor(n / 40))), STEPS),
    "a sum up to a step of an outer index": hidden_remainder(sp.Sum(1, (k, 1, sp.floor(j / 40)), (j, n, n)), STEPS),
    "a coefficient of a Fourier series": hidden_remainder(sp.Integral(sp.exp(sp.I * (n - 40) * t), (t, 0, 2 * sp.pi)), STEPS),
    "a difference of order 39": hidden_remainder(sp.Sum((-1) ** COUNT * sp.binomial(39, COUNT) * COUNT**n, (COUNT, 1, 39)), STEPS),
    "a modulus as roots": hidden_remainder(U * sp.sqrt(1 + 1 / U**2) + sp.sqrt(1 + U**2), STEPS),
    "a modulus as an exponential of a logarithm": hidden_remainder(sp.Integer(3) ** (sp.log(U**2) / sp.log(9)) + U, STEPS),
    "a modulus as a cosine of a logarithm": hidden_remainder(2 * sp.cosh(sp.log(U**2) / 2) + U + 1 / U, STEPS),
    "a derivative of order 40": hidden_remainder(sp.Derivative(x**n, (x, 40)), STEPS),
    "a derivative of order 30 at a point": hidden_remainder(sp.Subs(sp.Derivative(positive**n, (positive, 30)), positive, 1), STEPS),
    "an average of another object": Specimen(
        n, (Recursion(F(n), (1,), F(n) + 1 + sp.Integral(G(n, t) * sp.cos(40 * t), (t, 0, 2 * sp.pi)), sp.Integer),
            Recursion(G(n, x), (sp.cos(x), sp.cos(2 * x)), 2 * sp.cos(x) * G(n, x) - G(n - 1, x), lambda m: sp.re(sp.exp(sp.I * m * x)))), STEPS),
    "an integral with three zeros": hidden_remainder(
        sp.Integral(3 * t**2 - 12 * t + 11, (t, 1, n)), Outcome("REFUTED", "by definition at n = 4")),  # (n - 1) (n - 2) (n - 3)
    "a double sum with three zeros": hidden_remainder(sp.Sum((j - 1) * (j - 2) * (j - 3), (j, 1, k), (k, 1, n)), Outcome("REFUTED", "by definition at n = 4")),
    "a sequence where a polynomial has forty roots": hidden_remainder(a(sp.ff(n - 1, 40)) - a(0), Outcome("UNDECIDED", "zeros in n")),
    "a polynomial with forty roots": hidden_remainder(sp.ff(n - 1, 40), Outcome("UNDECIDED", "zeros in n")),
    "exponentials with three roots": hidden_remainder(sp.expand((2**n - 2) * (2**n - 4) * (2**n - 8)), Outcome("REFUTED", "by definition at n = 4")),
    "a remainder told by another object": Specimen(
        H(n), (Recursion(F(n), (0,), F(n) + (G(n) - 1) * (G(n) - 2) * (G(n) - 3), lambda m: sp.S.Zero), *counted), Outcome("REFUTED", "by definition at n = 5")),
    "an object that nothing is claimed of": Specimen(
        n, (Recursion(F(n), (1,), F(n) + G(n), sp.Integer), Recursion(G(n), (1,), G(n), lambda m: sp.S.One)), Outcome("UNDECIDED", "claim what it needs of that too")),
    "a value that is not known yet": Specimen(0, (Recursion(F(n), (0,), F(2 * n), lambda m: sp.S.Zero),), Outcome("refused", "knows objects at n")),
    "a step without a value": Specimen(0, (zero(sp.log((n - 11) ** 2) - 2 * sp.log(sp.Abs(n - 11))),), Outcome("UNDECIDED", "no finite value at n = 11")),
    "a definition in terms of n": Specimen(n, (Recursion(F(n), (1,), F(n) + 1, lambda m: n + m - 1),), Outcome("refused", "mentions n or an object")),
}  # fmt: skip


def exact(*, judge: Callable[..., Verdict] = kernel.judge, only: Sequence[str] = ()) -> list[Enumeration]:
    """Every specimen."""
    specimens = select_specimens(SPECIMENS, only)
    return [
        trial(
            "objects", f"inductions about objects with arguments, of {len(SPECIMENS)}", [specimens],
            outcome=lambda name: outcome_of(lambda: judge(specimens[name].statement(), route="exact")),
            expected=lambda name: specimens[name].expected,
            sound=lambda name: specimens[name].follows(),
        )
    ]  # fmt: skip


def _without(reason: str, *falsehoods: str) -> Control:
    return Control(exact, fails="objects", judge=overlooking(reason), only=falsehoods)


controls = {
    "definition-overlooked": _without("by recursion and by definition", "a bound variable that is free in the claim"),
    "small-values-overlooked": _without("claim at n = 1", "quotient by its seventh power"),
    "poles-overlooked": _without("no finite value", "a step without a value"),
}
