"""Where an expression has no value though nothing is divided by: poles of functions,
kinks under derivatives, bounds of sums."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any


def excluded_points(expression: Any, within: Any = None) -> list[str]:
    """What has to hold for functions of ``expression`` to have a value, where their
    arguments may miss it, as relations in print; with ``within``, of those alone that
    mention it."""
    import sympy

    from theory.proof.prepare import print_form

    expression = sympy.S(expression)
    found = set()
    for node, places in occurrences(expression):
        if not isinstance(node, (sympy.Function, sympy.Derivative)) or not node.free_symbols:
            continue
        if within is None or node.has(within) or any(point.has(within) for point in places.values()):
            found |= set(_conditions(node, lambda part, at=places: print_form(part.xreplace(at))))
    return sorted(found)


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


def occurrences(expression: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """Every node that mentions no variable bound around it, with what is put in for its
    free variables by values at points."""
    return list(_occurrences(expression, frozenset(), {}))


def _occurrences(part: Any, bound: frozenset[Any], places: dict[Any, Any]) -> Iterator[tuple[Any, dict[Any, Any]]]:
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    node: Any = part
    if not node.free_symbols & bound:
        yield node, places
    if isinstance(part, ExprWithLimits):
        names = {limit[0] for limit in node.limits}
        yield from _occurrences(node.function, bound | names, {k: v for k, v in places.items() if k not in names})
        for limit in node.limits:
            for end in limit[1:]:
                yield from _occurrences(end, bound, places)
    elif isinstance(part, sympy.Subs):
        inner = dict(zip(node.variables, (point.xreplace(places) for point in node.point), strict=True))
        held = {name for name, point in inner.items() if point.free_symbols & bound}
        yield from _occurrences(node.expr, (bound - inner.keys()) | held, {**places, **inner})
        for point in node.point:
            yield from _occurrences(point, bound, places)
    else:
        for inner in node.args:
            yield from _occurrences(inner, bound, places)


def _conditions(node: Any, said: Callable[[Any], str]) -> list[str]:
    import sympy

    (arg, *others) = node.args
    if isinstance(node, sympy.binomial):  # as a quotient of gamma functions, whose poles need not cancel
        free = arg.is_nonnegative or arg.is_integer is False or others[0].is_Integer
        return [] if free else [f"{said(arg + 1)} not in 0, -1, -2, .."]
    if isinstance(node, (sympy.rf, sympy.ff)):
        return [] if others[0].is_nonnegative else [f"{said(others[0])} >= 0"]
    if isinstance(node, sympy.Derivative):
        inner = [part for part in sympy.preorder_traversal(node.expr) if part.has(*node.variables)]
        return [condition for part in inner for condition in _kinks(part, said)]
    zeros = {
        sympy.tan: sympy.cos, sympy.sec: sympy.cos, sympy.cot: sympy.sin, sympy.csc: sympy.sin, sympy.coth: sympy.sinh, sympy.csch: sympy.sinh,
    }  # fmt: skip
    if type(node) in zeros:
        return [f"{said(base)} != 0"] if (base := zeros[type(node)](arg)).is_nonzero is not True else []
    if isinstance(node, sympy.log):
        return [f"{said(arg)} != 0"] if arg.is_zero is not False else []
    if isinstance(node, sympy.zeta):
        return [] if (arg - 1).is_zero is False else [f"{said(arg - 1)} != 0"]
    if isinstance(node, (sympy.gamma, sympy.loggamma, sympy.polygamma, sympy.factorial, sympy.harmonic)):
        at = (
            arg + 1
            if isinstance(node, (sympy.factorial, sympy.harmonic))
            else others[0]
            if isinstance(node, sympy.polygamma)
            else arg
        )
        return [] if at.is_positive or at.is_integer is False else [f"{said(at)} not in 0, -1, -2, .."]
    return []


_REAL_INVERSES = {  # where the derivative of an inverse function of a real number is none, beside its ends
    "asin": lambda u: [u**2 - 1], "acos": lambda u: [u**2 - 1], "atanh": lambda u: [u**2 - 1], "acoth": lambda u: [u**2 - 1],
    "acosh": lambda u: [u**2 - 1], "asec": lambda u: [u, u**2 - 1], "acsc": lambda u: [u, u**2 - 1], "asech": lambda u: [u, u - 1],
    "acsch": lambda u: [u], "erfinv": lambda u: [u**2 - 1], "acot": lambda u: [u], "atan": lambda u: [], "asinh": lambda u: [],
}  # fmt: skip
_SMOOTH = [
    "exp",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "sech",
    "tan",
    "cot",
    "sec",
    "csc",
    "coth",
    "csch",
    "sinc",
    "erf",
    "erfc",
    "erfi",
    "re",
    "im",
    "conjugate",
    "gamma",
    "digamma",
    "factorial",
    "binomial",
    "RisingFactorial",
    "FallingFactorial",
    "beta",
]


def _kinks(node: Any, said: Callable[[Any], str]) -> list[str]:
    """Where the outermost function of ``node`` has no derivative, or jumps, as relations
    that exclude it."""
    import sympy
    from sympy.core.function import AppliedUndef

    args: Any = node.args
    zeros: list[Any] = []
    name = type(node).__name__
    match node:
        case sympy.Abs() | sympy.sign() | sympy.Heaviside():
            zeros = [args[0]]
        case sympy.Max() | sympy.Min():
            zeros = [one - other for one, other in itertools.combinations(args, 2)]
        case sympy.Piecewise():
            relations = [each for _, condition in args for each in condition.atoms(sympy.core.relational.Relational)]
            zeros = sorted({relation.lhs - relation.rhs for relation in relations}, key=said)
        case sympy.floor() | sympy.ceiling():
            return [] if args[0].is_integer is False else [f"{said(args[0])} not an integer"]
        case sympy.Pow() | sympy.log() | sympy.arg() | sympy.loggamma():
            return _of_a_cut(node, said)
        case _ if name in _REAL_INVERSES:
            if args[0].is_extended_real is not True:
                return [f"{said(args[0])} not on the cut of {name}"]
            zeros = _REAL_INVERSES[name](args[0])
        case sympy.Function() if name not in _SMOOTH and not isinstance(node, AppliedUndef):
            return [f"{said(node)} has a derivative"]
    return [f"{said(zero)} != 0" for zero in zeros if zero.is_zero is not False]


def _of_a_cut(node: Any, said: Callable[[Any], str]) -> list[str]:
    """Powers and logarithms: 0 for what is real, the negative half line for what is
    not."""
    import sympy

    base, exponent = node.as_base_exp() if isinstance(node, sympy.Pow) else (node.args[0], None)
    if exponent is not None and exponent.is_integer and exponent.is_nonnegative:
        return []
    if base.is_extended_real or (exponent is not None and exponent.is_integer):
        return [] if base.is_zero is False else [f"{said(base)} != 0"]
    return [f"{said(base)} not in (-oo, 0]"]
