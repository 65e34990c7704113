r"""Score matching in exact arithmetic: integration by parts with its boundary term, on
boxes, and what a score does not see.

Letters: ``p`` a positive density, ``lambda = log p``, ``s`` a vector field. The flux is
    :math:`\sum_i \int [p\,s_i]` over the faces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Equation, Induction

Flux = Callable[[Any, Any], sp.Expr]  # from p s_i at the upper and at the lower face to what is subtracted

HALF = sp.Rational(1, 2)


def through_both_faces(upper: Any, lower: Any) -> sp.Expr:
    """What flows out at the upper face and in at the lower one."""
    return upper - lower


def no_boundary_term(upper: Any, lower: Any) -> sp.Expr:
    """No boundary term."""
    return 0 * upper


def product_rule() -> Equation:
    """One coordinate, p and s undefined, the others in w: ``(p s)' = p (s lambda' +
    s')``."""
    x, w = sp.Symbol("x", real=True), sp.Symbol("w", real=True)
    log_p, s = sp.Function("lambda", real=True)(x, w), sp.Function("s", real=True)(x, w)
    product = sp.exp(log_p) * s
    expanded = sp.exp(log_p) * (s * sp.Derivative(log_p, x) + sp.Derivative(s, x))
    return Equation("divergence of p s, one coordinate", sp.Derivative(product, x), expanded)


def explicit_and_implicit() -> Induction:
    r"""At a point of n coordinates: :math:`\tfrac12 p|s-\nabla\lambda|^2 =
    p(\tfrac12|s|^2 + \mathrm{div}\,s) + \tfrac12 p|\nabla\lambda|^2 - \mathrm{div}(p
    s)`."""
    p = sp.Symbol("p", positive=True)
    s, slope, own = (sp.Function(name, real=True) for name in ("s", "l", "t"))  # s_i, d_i lambda, d_i s_i
    F, G, L, B = (sp.Function(name, real=True) for name in "FGLB")
    objects = (
        sum_recursion(F(N), lambda i: p * (s(i) - slope(i)) ** 2 / 2),
        sum_recursion(G(N), lambda i: p * (s(i) ** 2 / 2 + own(i))),
        sum_recursion(L(N), lambda i: p * slope(i) ** 2 / 2),
        sum_recursion(B(N), lambda i: p * (s(i) * slope(i) + own(i))),
    )
    claim = Equation("explicit = implicit + score of p - div(p s)", F(N), G(N) + L(N) - B(N))
    return Induction("score matching at a point", N, (claim,), objects)


def on_a_box(dimension: int, flux: Flux = through_both_faces) -> Equation:
    """The identity of integrals on a box of 1, 2 or 3 dimensions, differentiated in its
    upper corner; p and s undefined.

    Both sides vanish where the box has no volume, so that the derivative decides. The
    flux is an integral over faces.
    """
    x, b, a = (sp.symbols(f"{letter}1:{dimension + 1}", real=True) for letter in "xba")
    log_p = sp.Function("lambda", real=True)
    fields = [sp.Function(f"s_{i}", real=True) for i in range(1, dimension + 1)]
    p = sp.exp(log_p(*x))

    def box(integrand: Any, axes: Any = range(dimension)) -> sp.Expr:
        return sp.Integral(integrand, *((x[i], a[i], b[i]) for i in axes)) if axes else integrand

    explicit, implicit, own = sp.S.Zero, sp.S.Zero, sp.S.Zero
    boundary = sp.S.Zero
    for i, field in enumerate(fields):
        s = field(*x)
        slope = log_p(*x).diff(x[i])
        explicit += p * (s - slope) ** 2 / 2
        implicit += p * (s**2 / 2 + s.diff(x[i]))
        own += p * slope**2 / 2
        face = flux((p * s).subs(x[i], b[i]), (p * s).subs(x[i], a[i]))
        boundary += box(face, [j for j in range(dimension) if j != i])
    left = sp.Derivative(box(explicit), *b)
    right = sp.Derivative(box(implicit) + box(own) - boundary, *b)
    return Equation(f"score matching on boxes, D = {dimension}", left, right)


def exponential(flux: Flux = through_both_faces) -> Equation:
    """Exp(1) and a constant field c: the flux through 0 is c, and it is not zero."""
    x, c = sp.Symbol("x", real=True), sp.Symbol("c", positive=True)
    p = sp.exp(-x)
    left, right = (sp.Integral(part, (x, 0, sp.oo)) for part in (p * (c + 1) ** 2 / 2, p * c**2 / 2 + p / 2))
    boundary = flux(sp.Limit(p * c, x, sp.oo), (p * c).subs(x, 0))
    return Equation("score matching for Exp(1) and a constant field", left, right - boundary)


def blindness() -> list[Equation]:
    """Where one component of a mixture is alone its weight drops out of the score, and
    not out of the relative entropy."""
    x = sp.Symbol("x", real=True)
    component = sp.exp(sp.Function("lambda", real=True)(x))
    alpha, beta = sp.Symbol("alpha", positive=True), sp.Symbol("beta", positive=True)  # odds of the first component
    w, v = alpha / (1 + alpha), beta / (1 + beta)
    scores = [sp.Derivative(sp.log(weight * component), x) for weight in (w, v)]
    entropy = w * sp.log(w / v) + sp.log((1 + beta) / (1 + alpha)) / (1 + alpha)
    at_one = entropy.subs(beta, 1)
    return [
        Equation("scores of one component under two weights", scores[0], scores[1]),
        Equation(
            "their relative entropy for weights 1/2",
            at_one,
            sp.log(2) + (alpha * sp.log(alpha)) / (1 + alpha) - sp.log(1 + alpha),
        ),
    ]
