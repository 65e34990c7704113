"""Symbolic proof that an expression is identically zero, by SymPy's normal forms, cheap
ones first."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportReturnType=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from sympy.polys.matrices import DomainMatrix
from sympy.polys.polyerrors import BasePolynomialError

from theory.proof.closed_forms import evaluate, with_sums
from theory.proof.limits import limit_of
from theory.proof.prepare import CannotEnclose, entries, names_apart, perform_derivatives
from theory.proof.smoothness import between, is_smooth

_Strategy = tuple[int, Callable[[sp.Expr], sp.Expr]]


def _numerator(expr: sp.Expr) -> sp.Expr:
    return sp.expand(sp.fraction(sp.together(expr))[0])


def _exponentials(expr: sp.Expr) -> sp.Expr:
    """Trigonometric and hyperbolic functions as exponentials, over one denominator."""
    return sp.expand(sp.powsimp(_numerator(expr.rewrite(sp.exp))))


def _squares_of_sines(expr: sp.Expr) -> sp.Expr:
    """The numerator with sums of angles expanded and sin^2 = 1 - cos^2, sinh^2 = cosh^2
    - 1 put in."""
    form = sp.expand(_numerator(sp.expand_trig(expr)))
    if not form.has(sp.sin, sp.sinh):
        return form

    def applies(node: sp.Expr) -> bool:
        return (
            isinstance(node, sp.Pow)
            and isinstance(node.base, (sp.sin, sp.sinh))
            and node.exp.is_Integer
            and node.exp > 1
        )

    def square(node: sp.Pow) -> sp.Expr:
        angle, (halves, odd) = node.base.args[0], divmod(int(node.exp), 2)
        rest = 1 - sp.cos(angle) ** 2 if isinstance(node.base, sp.sin) else sp.cosh(angle) ** 2 - 1
        return rest**halves * node.base**odd

    return sp.expand(form.replace(applies, square))


def _logarithms(expr: sp.Expr) -> sp.Expr:
    return sp.expand(sp.expand_log(sp.expand_power_base(sp.expand_power_exp(expr))))


def _after_logarithms(expr: sp.Expr, strategy: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """``strategy`` on the form with logarithms and powers expanded, where that is
    another one: on the same one it is tried anyway."""
    form = _logarithms(expr)
    return form if form == expr else strategy(form)


def _gammas(expr: sp.Expr) -> sp.Expr:
    return sp.gammasimp(sp.combsimp(expr.rewrite(sp.gamma)))


def _fundamental(expr: sp.Expr) -> sp.Expr:
    return sp.expand(perform_derivatives(_between_ends(expr)))


def _between_ends(expr: sp.Expr) -> sp.Expr:
    """The fundamental theorem of calculus: the integral of the derivative of what is
    smooth is the difference of its ends, that of a constant its length."""

    def ends(integral: sp.Integral) -> sp.Expr:
        limit, *outer = integral.limits
        terms = [_one_term(term, limit) for term in sp.Add.make_args(sp.expand(integral.function))]
        rest = sp.Add(*(term for term, primitive in terms if primitive is None))
        value = sp.Add(*(primitive for _, primitive in terms if primitive is not None))
        value += sp.Integral(rest, limit) if rest else 0
        if not outer:
            return value
        return ends(sp.Integral(value, *outer)) if not value.has(sp.Integral) else sp.Integral(value, *outer)

    return expr.replace(lambda e: isinstance(e, sp.Integral) and len(e.limits[0]) == 3, ends)


def _one_term(term: sp.Expr, limit: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> tuple[sp.Expr, sp.Expr | None]:
    """A term and its integral, if it is a constant or such a derivative, times a
    factor."""
    variable, lower, upper = limit
    factor, slope = term.as_independent(variable, as_Add=False)
    if slope == 1:
        return term, factor * (upper - lower)
    if not isinstance(slope, sp.Derivative) or variable not in slope.variables:
        return term, None
    names = list(slope.variables)
    names.remove(variable)
    primitive: Any = sp.Derivative(slope.expr, *names) if names else slope.expr
    inside = between(limit)
    if not is_smooth(primitive.xreplace({variable: inside}), inside):
        return term, None
    return term, factor * (primitive.subs(variable, upper) - primitive.subs(variable, lower))


def _simplified(expr: sp.Expr) -> sp.Expr:
    return sp.simplify(expr, doit=False)


def _evaluated(expr: sp.Expr) -> sp.Expr:
    """Integrals and sums in closed form."""
    return sp.simplify(evaluate(expr, lambda part: _scalar(part) is True, limit_of), doit=False)


_WRITTEN_OUT, _DONE = 400, 60
# (largest number of operations on which the strategy is tried, strategy); each starts from the expression with derivatives done
_STRATEGIES: tuple[_Strategy, ...] = (
    (100_000, sp.expand),
    (4_000, _numerator),
    (1_000, _fundamental),
    (4_000, _logarithms),
    (4_000, lambda e: _after_logarithms(e, _numerator)),
    (2_000, sp.cancel),
    (1_500, lambda e: sp.expand(sp.powsimp(sp.expand(e), force=False))),
    (1_500, lambda e: sp.radsimp(sp.cancel(sp.together(e)))),
    (_DONE, _evaluated),
    (1_500, _squares_of_sines),
    (1_500, _exponentials),
    (1_500, lambda e: sp.trigsimp(_numerator(e))),
    (800, _gammas),
    (800, lambda e: _after_logarithms(e, _simplified)),
    (800, _simplified),
    (_WRITTEN_OUT, lambda e: sp.expand_func(_simplified(e.rewrite(sp.Piecewise)))),
    (_WRITTEN_OUT, lambda e: _simplified(sp.expand_complex(e))),
)
_REFUSALS = (
    BasePolynomialError,
    NotImplementedError,
    ZeroDivisionError,
    AttributeError,
    RecursionError,
    TypeError,
    ValueError,
)


def is_zero_normal_form(expr: sp.Basic) -> bool | None:
    """Whether SymPy reduces `expr` (entrywise, for an explicit matrix) to the literal
    0.

    Derivatives are performed; then normal forms are tried in order of cost, each on
    expressions up to a size of its own, so that the time stays bounded in practice
    (SymPy has no clock). Symbolic integration and summation are tried on small
    expressions without undefined functions alone.

    Returns:
        True if every entry reduces to 0; False if one reduces to another number; None
        if no strategy decided. Floats: None.
    """
    verdicts = [_scalar(entry) for entry in entries(expr)]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _scalar(expr: sp.Expr) -> bool | None:
    if expr.has(sp.Float):
        return None
    try:
        apart = names_apart(_with_determinants(expr))
        done = _with_slopes(with_sums(perform_derivatives(_between_ends(apart))), _kinks(apart))
    except CannotEnclose:
        return None
    for form in (expr, done):
        if (verdict := _literal(form)) is not None:
            return verdict
    size = done.count_ops()
    bound = done.has(ExprWithLimits)
    opaque = bool(done.atoms(AppliedUndef))
    for largest, strategy in _STRATEGIES:
        if size > largest or (largest == _WRITTEN_OUT and bound) or (largest == _DONE and (opaque or not bound)):
            continue
        try:
            form = strategy(done)
        except _REFUSALS:  # SymPy's algorithms refuse what they do not cover: that decides nothing
            continue
        if (verdict := _literal(form)) is not None:
            return verdict
    return None


def _kinks(expr: sp.Expr) -> set[sp.Expr]:
    """The u of each |u| under a derivative, where the statement says nothing of u = 0."""
    return {node.args[0] for slope in expr.atoms(sp.Derivative) for node in slope.expr.atoms(sp.Abs, sp.sign)}


def _with_slopes(expr: sp.Expr, kinks: set[sp.Expr]) -> sp.Expr:
    """``expr`` with sign(u) as the slope u/|u| of |u| at these u; at others sign(0) is
    0."""
    return expr.replace(
        lambda node: isinstance(node, sp.sign) and node.args[0] in kinks,
        lambda node: node.args[0] / sp.Abs(node.args[0]),
    )


def _with_determinants(expr: sp.Expr) -> sp.Expr:
    """Determinants of polynomials by the division-free algorithm of Samuelson and
    Berkowitz in their ring; others as they are."""

    def value(node: sp.Determinant) -> sp.Expr:
        matrix = DomainMatrix.from_Matrix(node.arg.as_explicit())
        if not (matrix.domain.is_ZZ or matrix.domain.is_QQ or matrix.domain.is_PolynomialRing):
            return node
        return (-1) ** matrix.shape[0] * matrix.domain.to_sympy(matrix.charpoly()[-1])

    return expr.replace(lambda node: isinstance(node, sp.Determinant), value) if expr.has(sp.Determinant) else expr


def _literal(form: sp.Expr) -> bool | None:
    if form.is_Rational:
        return bool(form == 0)
    return None
