"""Limits for all values of their parameters."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false, reportGeneralTypeIssues=false
# SymPy declares the arguments of a node as Basic, whatever they are.

from __future__ import annotations

from typing import Any

import sympy

SPECIAL = (0, 1, -1)  # values of a parameter at which a limit is taken once more


def limit_of(node: Any) -> Any:
    """The limit that SymPy finds, or ``node`` as it stands where a special value of a
    parameter has another one, or where not all special values are known.

    SymPy takes the limit of a x/(1 + a x) for x to infinity to be 1, which is false at
    a = 0.
    """
    value = _taken(node)
    if value is None:
        return node
    for symbol in sorted(node.free_symbols, key=str):
        roots = _roots(node, symbol)
        if roots is None:
            return node
        for special in [*SPECIAL, *roots]:
            if _possible(symbol, special) and _differs(node, value, symbol, special):
                return node
    return value


def _differs(node: Any, value: Any, symbol: Any, special: Any) -> bool:
    """Whether the limit is another one where ``symbol`` has the special value; a value
    that has a pole there says nothing there."""
    general = value.subs(symbol, special)
    if general.has(sympy.nan, sympy.zoo):
        return False
    found = _taken(node.subs(symbol, special))
    return found is None or (found != general and sympy.simplify(found - general) != 0)


def _roots(node: Any, symbol: Any) -> list[Any] | None:
    """The values of ``symbol`` at which a coefficient in the variable of a limit, or a
    part without that variable, is 0; None if they cannot all be found."""
    inner, variable = node.args[:2]
    parts = {
        part for part in sympy.preorder_traversal(inner) if isinstance(part, sympy.Expr) and not part.has(variable)
    }
    for side in sympy.fraction(sympy.together(inner)):
        if side.is_polynomial(variable):
            parts |= set(sympy.Poly(side, variable).coeffs())
    found: set[Any] = set()
    for part in parts:
        if part.has(symbol) and part != symbol and part.is_zero is not False:
            zeros = _zeros(part, symbol)
            if zeros is None:
                return None
            found |= zeros
    return sorted(found, key=str)


def _zeros(part: Any, symbol: Any) -> set[Any] | None:
    """Where an expression in ``symbol`` is 0, by radicals; None if that is not found."""
    if isinstance(part, sympy.log):
        return _zeros(part.args[0] - 1, symbol)
    if not part.is_polynomial(symbol):
        return None
    factors = [factor for factor, _ in sympy.factor_list(part, symbol)[1]]
    if any(sympy.degree(factor, symbol) > 2 for factor in factors):
        return None
    return {root for factor in factors for root in sympy.roots(factor, symbol)}


def _taken(node: Any) -> Any:
    try:
        return node.doit(deep=False)
    except (NotImplementedError, TypeError, ValueError):  # what SymPy's limits do not cover
        return None


def _possible(symbol: Any, value: Any) -> bool:
    """Whether the assumptions about ``symbol`` allow ``value``."""
    number = sympy.S(value)
    return all(
        getattr(number, f"is_{name}", None) in (wanted, None) for name, wanted in symbol._assumptions_orig.items()
    )


def with_limits(expression: Any) -> Any:
    """``expression`` with its limits taken by SymPy, where special parameters agree:
    balls know none."""
    if not expression.has(sympy.Limit):
        return expression
    return expression.replace(lambda node: isinstance(node, sympy.Limit), limit_of)
