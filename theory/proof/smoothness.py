"""Whether an expression is smooth in a real variable between two ends, so that it is the
integral of its derivative there."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportIndexIssue=false, reportGeneralTypeIssues=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.erf, sp.erfc, sp.erfi)
_ON_THE_LINE = (sp.tanh, sp.sech, sp.atan, sp.asinh, sp.acot)
_RIGHT_OF_ZERO = (sp.log, sp.gamma, sp.loggamma, sp.digamma)
_BY_PARTS = (sp.Add, sp.Mul, sp.conjugate, sp.re, sp.im, sp.Tuple)


def between(limit: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Dummy:
    """A real variable in place of the one that runs from one end to the other, with the
    sign that both ends have."""
    name, low, high = limit
    signs = {}
    for sign in ("nonnegative", "nonpositive"):
        if all(getattr(end, f"is_extended_{sign}") for end in (low, high)):
            signs["positive" if sign == "nonnegative" else "negative"] = True
    return sp.Dummy(name.name, **{"real": True, **name._assumptions_orig, **signs})


def is_smooth(expr: sp.Basic, t: sp.Symbol) -> bool:
    """Whether it is known that ``expr`` has a continuous derivative at all values of the
    real ``t`` that its assumptions allow.

    Undefined functions stand for smooth functions on the whole line. False says only
    that no rule applied.
    """
    if not expr.has(t) or expr == t:
        return True
    if isinstance(expr, sp.Integral):
        return is_smooth(expr.function, t) and all(is_smooth(end, t) for limit in expr.limits for end in limit[1:])
    if isinstance(expr, (sp.Sum, sp.Product)):
        return is_smooth(expr.function, t) and not any(end.has(t) for limit in expr.limits for end in limit[1:])
    if isinstance(expr, (sp.Derivative, sp.Subs)):
        return bool(expr.atoms(AppliedUndef)) and _inner_functions_alone(expr, t)
    return _node(expr, t) and all(is_smooth(part, t) for part in expr.args)


def _inner_functions_alone(expr: sp.Basic, t: sp.Symbol) -> bool:
    """Derivatives of undefined functions at smooth places."""
    inner = expr.expr
    if not isinstance(inner, (AppliedUndef, sp.Derivative)):
        return False
    points = expr.point if isinstance(expr, sp.Subs) else ()
    return all(is_smooth(point, t) for point in points) and is_smooth(inner, t)


def _node(node: sp.Basic, t: sp.Symbol) -> bool:
    """Whether the outermost function is smooth where its arguments can be."""
    if isinstance(node, (*_BY_PARTS, *_ENTIRE, AppliedUndef)):
        return True
    if isinstance(node, _ON_THE_LINE):
        return node.args[0].is_extended_real is True
    if isinstance(node, _RIGHT_OF_ZERO):
        return node.args[0].is_positive is True
    if isinstance(node, sp.Pow):
        base, exponent = node.as_base_exp()
        if exponent.is_Integer:
            return bool(exponent >= 0) or base.is_zero is False
        whole = exponent.is_integer is True and not exponent.has(t)
        return base.is_positive is True or (whole and (exponent.is_nonnegative or base.is_zero is False))
    return False
