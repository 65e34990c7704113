"""Where an expression has no value though nothing is divided by: poles of functions,
kinks under derivatives, limits at special parameters."""

from __future__ import annotations

from typing import Any

SPECIAL = (0, 1, -1)  # values of a parameter at which a limit is taken once more


def excluded_points(expression: Any, within: Any = None) -> list[str]:
    """What has to hold for functions of ``expression`` to have a value, where their
    arguments may miss it, as relations in print; with ``within``, of those alone that
    mention it."""
    import sympy

    expression = sympy.S(expression)
    nodes = [node for node in _outside(expression) if within is None or node.has(within)]
    return sorted({relation for node in nodes for relation in _conditions(node)})


def bound_conditions(limit: Any) -> list[str]:
    """What has to hold of the bounds (x, a, b) of an integral or a sum for x to be as it
    is declared, where it is not known, as relations in print."""
    from theory.proof.prepare import print_form

    name, *bounds = limit
    signs = {"positive": ">=", "nonnegative": ">=", "negative": "<=", "nonpositive": "<="}
    found = []
    for assumption in (each for each in signs if name._assumptions_orig.get(each)):
        known = "is_nonnegative" if signs[assumption] == ">=" else "is_nonpositive"
        extended = known.replace("is_", "is_extended_")
        found += [
            f"{print_form(b)} {signs[assumption]} 0" for b in bounds if not (getattr(b, known) or getattr(b, extended))
        ]
    return found


def backwards(limit: Any) -> list[str]:
    """That the bounds (k, a, b) of a sum or a product have b >= a - 1, where it is not
    known: what lies below is 0 to some and minus the terms left out to others, SymPy
    among them."""
    from theory.proof.prepare import print_form

    _, *bounds = limit
    if len(bounds) != 2 or any(bound.is_infinite for bound in bounds):
        return []
    low, high = bounds
    terms = high - low + 1
    return (
        []
        if terms.is_nonnegative or terms.is_extended_nonnegative
        else [f"{print_form(high)} >= {print_form(low - 1)}"]
    )


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

    from theory.proof.prepare import print_form

    (arg, *others) = node.args
    if isinstance(node, sympy.binomial):  # as a quotient of gamma functions, whose poles need not cancel
        free = arg.is_nonnegative or arg.is_integer is False or others[0].is_Integer
        return [] if free else [f"{print_form(arg + 1)} not in 0, -1, -2, .."]
    if isinstance(node, (sympy.rf, sympy.ff)):
        return [] if others[0].is_nonnegative else [f"{print_form(others[0])} >= 0"]
    if isinstance(node, sympy.Derivative):
        kinks = node.expr.atoms(sympy.Abs, sympy.sign)
        return [f"{print_form(kink.args[0])} != 0" for kink in kinks if kink.args[0].is_nonzero is not True]
    zeros = {
        sympy.tan: sympy.cos, sympy.sec: sympy.cos, sympy.cot: sympy.sin, sympy.csc: sympy.sin, sympy.coth: sympy.sinh, sympy.csch: sympy.sinh,
    }  # fmt: skip
    if type(node) in zeros:
        return [f"{print_form(base)} != 0"] if (base := zeros[type(node)](arg)).is_nonzero is not True else []
    if isinstance(node, sympy.log):
        return [f"{print_form(arg)} != 0"] if arg.is_zero is not False else []
    if isinstance(node, (sympy.gamma, sympy.loggamma, sympy.digamma, sympy.factorial)):
        at = arg + 1 if isinstance(node, sympy.factorial) else arg
        return [] if at.is_positive or at.is_integer is False else [f"{print_form(at)} not in 0, -1, -2, .."]
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
    for symbol in sorted(node.free_symbols, key=str):
        for special in [*SPECIAL, *_roots(node, symbol)]:
            if _possible(symbol, special) and _differs(node, value, symbol, special):
                return node
    return value


def _differs(node: Any, value: Any, symbol: Any, special: Any) -> bool:
    """Whether the limit is another one where ``symbol`` has the special value; a value
    that has a pole there says nothing there."""
    import sympy

    general = value.subs(symbol, special)
    if general.has(sympy.nan, sympy.zoo):
        return False
    found = _taken(node.subs(symbol, special))
    return found is None or (found != general and sympy.simplify(found - general) != 0)


def _roots(node: Any, symbol: Any) -> list[Any]:
    """The values of ``symbol`` at which a coefficient in the variable of a limit, or a
    part without that variable, is 0."""
    import sympy

    inner, variable = node.args[:2]
    parts = {
        part for part in sympy.preorder_traversal(inner) if isinstance(part, sympy.Expr) and not part.has(variable)
    }
    for side in sympy.fraction(sympy.together(inner)):
        if side.is_polynomial(variable):
            parts |= set(sympy.Poly(side, variable).coeffs())
    whole = [part for part in parts if part.has(symbol) and part != symbol and part.is_polynomial(symbol)]
    found: set[Any] = set()
    for part in whole:
        polynomial = sympy.Poly(part, symbol)
        found |= set(sympy.roots(polynomial)) if polynomial.degree() <= 2 else set(polynomial.ground_roots())
    return sorted(found, key=str)


def _taken(node: Any) -> Any:
    try:
        return node.doit(deep=False)
    except NotImplementedError:
        return None


def _possible(symbol: Any, value: Any) -> bool:
    """Whether the assumptions about ``symbol`` allow ``value``."""
    import sympy

    number = sympy.S(value)
    return all(
        getattr(number, f"is_{name}", None) in (wanted, None) for name, wanted in symbol._assumptions_orig.items()
    )
