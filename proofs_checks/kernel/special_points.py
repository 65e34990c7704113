"""Where an expression has no value though nothing is divided by: poles of functions,
kinks under derivatives, limits at special parameters."""

from __future__ import annotations

from typing import Any

SPECIAL = (0, 1, -1)  # values of a parameter at which a limit is taken once more


def excluded_points(expression: Any) -> list[str]:
    """What has to hold for functions of ``expression`` to have a value, where their
    arguments may miss it, as relations in print."""
    import sympy

    expression = sympy.S(expression)
    found = {relation for node in _outside(expression) for relation in _conditions(node)}
    return sorted(found)


def _outside(expression: Any) -> list[Any]:
    """The functions and derivatives that mention no bound variable."""
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    bound = {limit[0] for node in expression.atoms(ExprWithLimits) for limit in node.limits}
    bound |= {name for node in expression.atoms(sympy.Subs) for name in node.variables}
    nodes = expression.atoms(sympy.Function, sympy.Derivative)
    return [node for node in nodes if node.free_symbols and not node.free_symbols & bound]


def _conditions(node: Any) -> list[str]:
    import sympy

    from theory.proof.prepare import written

    (arg, *_) = node.args
    if isinstance(node, sympy.Derivative):
        kinks = node.expr.atoms(sympy.Abs, sympy.sign)
        return [f"{written(kink.args[0])} != 0" for kink in kinks if kink.args[0].is_nonzero is not True]
    zeros = {
        sympy.tan: sympy.cos, sympy.sec: sympy.cos, sympy.cot: sympy.sin, sympy.csc: sympy.sin, sympy.coth: sympy.sinh, sympy.csch: sympy.sinh,
    }  # fmt: skip
    if type(node) in zeros:
        return [f"{written(base)} != 0"] if (base := zeros[type(node)](arg)).is_nonzero is not True else []
    if isinstance(node, sympy.log):
        return [f"{written(arg)} != 0"] if arg.is_zero is not False else []
    if isinstance(node, (sympy.gamma, sympy.loggamma, sympy.digamma, sympy.factorial)):
        at = arg + 1 if isinstance(node, sympy.factorial) else arg
        return [] if at.is_positive or at.is_integer is False else [f"{written(at)} not in 0, -1, -2, .."]
    return []


def limit_of(node: Any) -> Any:
    """The limit that SymPy finds, or ``node`` as it stands where a special value of a
    parameter has another one.

    SymPy takes the limit of a x/(1 + a x) for x to infinity to be 1, which is false at
    a = 0.
    """
    value = _taken(node)
    if value is None:
        return node
    for symbol in node.free_symbols:
        for special in SPECIAL:
            if _possible(symbol, special) and _taken(node.subs(symbol, special)) != value.subs(symbol, special):
                return node
    return value


def _taken(node: Any) -> Any:
    try:
        return node.doit(deep=False)
    except NotImplementedError:
        return None


def _possible(symbol: Any, value: int) -> bool:
    """Whether the assumptions about ``symbol`` allow ``value``."""
    import sympy

    number = sympy.Integer(value)
    return all(
        getattr(number, f"is_{name}", None) in (wanted, None) for name, wanted in symbol._assumptions_orig.items()
    )
