"""Where an expression has no value though nothing is divided by: poles of functions,
kinks under derivatives, bounds of sums."""

from __future__ import annotations

import itertools
from typing import Any


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
        inner = [part for part in sympy.preorder_traversal(node.expr) if part.has(*node.variables)]
        return [condition for part in inner for condition in _kinks(part)]
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


def _kinks(node: Any) -> list[str]:
    """Where the outermost function of ``node`` has no derivative, or jumps, as relations
    that exclude it."""
    import sympy

    from theory.proof.prepare import print_form

    inverse = (sympy.asin, sympy.acos, sympy.asec, sympy.acsc, sympy.acosh, sympy.atanh)
    zeros: list[Any] = []
    args: Any = node.args
    match node:
        case sympy.Abs() | sympy.sign() | sympy.Heaviside():
            zeros = [args[0]]
        case sympy.Max() | sympy.Min():
            zeros = [one - other for one, other in itertools.combinations(args, 2)]
        case sympy.Piecewise():
            relations = [each for _, condition in args for each in condition.atoms(sympy.core.relational.Relational)]
            zeros = sorted({relation.lhs - relation.rhs for relation in relations}, key=print_form)
        case sympy.floor() | sympy.ceiling():
            return [] if args[0].is_integer is False else [f"{print_form(args[0])} not an integer"]
        case sympy.atan2():
            return [f"{print_form(node)} not on the cut of atan2"]
        case _ if isinstance(node, inverse):
            zeros = [args[0] ** 2 - 1]
        case sympy.Pow() | sympy.log() | sympy.arg():
            base, exponent = node.as_base_exp() if isinstance(node, sympy.Pow) else (args[0], None)
            if exponent is not None and exponent.is_integer and exponent.is_nonnegative:
                return []
            if base.is_extended_real or (exponent is not None and exponent.is_integer):
                zeros = [base]
            else:
                return (
                    [] if base.is_zero is False and base.is_real is False else [f"{print_form(base)} not in (-oo, 0]"]
                )
    return [f"{print_form(zero)} != 0" for zero in zeros if zero.is_zero is not False]
