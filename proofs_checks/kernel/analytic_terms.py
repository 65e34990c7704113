"""Which terms in the variable of an induction may be constant, or 0, at more sizes than
are compared: all that are not of a kind known to have few zeros.

Known are polynomials and their quotients, powers of nonnegative bases, exponentials of
real numbers, waves whose frequency is a free real number, logarithms and roots of what
is positive, gamma functions to the right of their poles, and sums, products and
integrals of these. Steps, branches of complex functions and functions of number theory
are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def doubtful(expression: Any, n: Any, objects: Iterable[Any] = ()) -> Iterator[Any]:
    """The nodes of ``expression`` of a kind that is not known to have few zeros in
    ``n``; an undefined function of n that is none of the objects may have any
    values."""
    from sympy.core.function import AppliedUndef

    heads = set(objects)
    any_values = [node for node in expression.atoms(AppliedUndef) if node.func not in heads]
    for node in any_values:
        for part in node.args:
            yield from _doubtful(part, n)
    yield from _doubtful(expression.xreplace({node: _value(node) for node in any_values}), n)


def _value(node: Any) -> Any:
    import sympy

    return sympy.Symbol(str(node), **node.func._kwargs)


def _doubtful(expression: Any, n: Any) -> Iterator[Any]:
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    if not expression.has(n):
        return
    if isinstance(expression, ExprWithLimits):
        yield from _of_a_sum(expression, n)
    elif expression == n or not _known(expression, n):
        if expression != n:
            yield expression
    elif isinstance(expression, sympy.MatrixBase):
        for entry in expression:
            yield from _doubtful(entry, n)
    else:
        for part in expression.args:
            yield from _doubtful(part, n)


def _of_a_sum(node: Any, n: Any) -> Iterator[Any]:
    """A sum, product or integral up to ``n`` as its function at n: a step of the
    function is one of the sum."""
    yield from _doubtful(node.function.xreplace(dict.fromkeys(reaching(node, n), n)), n)
    for limit in node.limits:
        for bound in limit[1:]:
            yield from _doubtful(bound, n)


def reaching(node: Any, n: Any) -> list[Any]:
    """The bound variables of a sum, product or integral that run up to ``n``, or up to
    one that does."""
    import sympy

    found = [n]
    for name, *bounds in reversed(node.limits):  # outermost first
        if any(sympy.S(bound).has(*found) for bound in bounds):
            found.append(name)
    return found[1:]


def _known(node: Any, n: Any) -> bool:
    """Whether a function of parts with few zeros has few itself, its parts apart."""
    import sympy
    from sympy.core.function import AppliedUndef

    waves = (sympy.sin, sympy.cos, sympy.tan, sympy.cot, sympy.sec, sympy.csc, sympy.sinc)
    rises = (sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.atan, sympy.erf, sympy.erfc)
    factorials = (sympy.factorial, sympy.gamma, sympy.loggamma, sympy.digamma, sympy.harmonic)
    containers = (
        sympy.Add,
        sympy.Mul,
        AppliedUndef,
        sympy.MatrixBase,
        sympy.Determinant,
        sympy.Tuple,
        sympy.Subs,
        sympy.conjugate,
    )
    match node:
        case _ if isinstance(node, containers):
            return True
        case sympy.Derivative():
            return True
        case sympy.Pow():
            return _known_power(node, n)
        case sympy.log():
            return bool(node.args[0].is_nonnegative)
        case _ if isinstance(node, rises):
            return node.args[0].is_extended_real is True or _free_frequency(node.args[0], n)
        case _ if isinstance(node, waves):
            return _free_frequency(node.args[0], n)
        case _ if isinstance(node, factorials):
            return bool(node.args[0].is_nonnegative)
        case sympy.binomial() | sympy.ff() | sympy.rf():
            top, below = node.args
            return below.is_Integer or not (below.has(n) and (top.has(n) or top.is_number))
    return False


def _known_power(power: Any, n: Any) -> bool:
    """Whole powers; roots and powers of nonnegative bases, and of a free base. (-1)^(1024/2^n)
    is 1 for n up to 9."""
    base, exponent = power.as_base_exp()
    if exponent.is_Integer or (exponent.is_integer and exponent.is_polynomial(n)):
        return True
    if base.is_nonnegative:
        return exponent.is_extended_real is True or _free_frequency(exponent, n)
    return not base.has(n) and _free_frequency(base, n)


def _free_frequency(argument: Any, n: Any) -> bool:
    """Whether a free number that need not be whole moves the argument, so that a wave is
    0 at none of the sizes for almost every value of it."""
    others = [symbol for symbol in argument.free_symbols - {n} if symbol.is_integer is not True]
    return any(argument.is_polynomial(symbol) for symbol in others)
