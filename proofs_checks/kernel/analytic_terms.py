"""Which terms in the variable of an induction may be constant, or 0, at more sizes than
are compared: all that are not of a kind known to have few zeros.

Known are polynomials and their quotients, powers of positive bases, exponentials of
real numbers, waves whose frequency is a free real number, logarithms and roots of what
is positive between the sizes too, gamma functions to the right of their poles, and sums
and integrals of these up to a size. Steps, branches of complex functions and functions
of number theory are not; nor are sums and integrals over a fixed range of what is no
polynomial in the variable, such as differences of a high order of k^n, or coefficients
of a Fourier series, which are 0 at all sizes but one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proofs_checks.kernel.equations import denominators

MOST_DERIVATIVES = 8  # of one term


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
    yield from _averages(expression, n, heads)
    yield from _doubtful(expression.xreplace({node: _value(node) for node in any_values}), n)


def _averages(expression: Any, n: Any, heads: set[Any]) -> Iterator[Any]:
    """Sums and integrals of objects over a fixed range: the integral of cos(n t) cos(40 t)
    over a period is 0 at all sizes but 40. Up to a free end one is 0 where the object
    is."""
    from sympy.concrete.expr_with_limits import ExprWithLimits
    from sympy.core.function import AppliedUndef

    for node in expression.atoms(ExprWithLimits):
        inside = {
            name
            for each in node.atoms(AppliedUndef)
            if each.func in heads and each.has(n)
            for name in each.free_symbols & set(node.variables)
        }
        free = expression.free_symbols - {n}
        for name, *ends in node.limits:
            if name in inside and not any(_is_free(end, free, heads) for end in ends):
                yield node


def _is_free(end: Any, free: set[Any], heads: set[Any]) -> bool:
    """Whether a bound may have any value at each size."""
    from sympy.core.function import AppliedUndef

    return (end.is_Symbol and end in free) or (isinstance(end, AppliedUndef) and end.func not in heads)


def _value(node: Any) -> Any:
    import sympy

    return sympy.Symbol(str(node), **node.func._kwargs)


def _doubtful(expression: Any, n: Any, bound: frozenset[Any] = frozenset()) -> Iterator[Any]:
    """As :func:`doubtful`, within sums and integrals over the ``bound`` variables."""
    import sympy
    from sympy.concrete.expr_with_limits import ExprWithLimits

    if not expression.has(n) or expression == n:
        return
    if isinstance(expression, ExprWithLimits):
        yield from _of_a_sum(expression, n, bound)
    elif isinstance(expression, sympy.Subs):
        yield from _of_values(expression, n, bound)
    elif not _known(expression, n, bound):
        yield expression
    else:
        for part in expression if isinstance(expression, sympy.MatrixBase) else expression.args:
            yield from _doubtful(part, n, bound)


def _of_a_sum(node: Any, n: Any, bound: frozenset[Any]) -> Iterator[Any]:
    """A sum, product or integral as its function at the last place: a step of the
    function is one of the sum. What stands in the function beside the bound variables
    has to be a polynomial in ``n``."""
    within = bound | set(node.variables)
    if not _is_polynomial(node.function, n):
        yield node
    last = {name: _last_place(name, node) for name in reaching(node, n)}
    for part in [node.function, *(end for limit in node.limits for end in limit[1:])]:
        for place in (n, *last.values()):
            yield from _doubtful(part.xreplace(last), place, within)


def _last_place(name: Any, node: Any) -> Any:
    """A variable of its own for the last place of a bound one, of the same kind and at
    least as large as the first."""
    import sympy

    (first,) = (limit[1] for limit in node.limits if limit[0] == name and len(limit) == 3)
    known = {key: True for key in ("positive", "nonnegative") if getattr(sympy.S(first), f"is_{key}")}
    return sympy.Dummy(name.name, **{"real": True, **name._assumptions_orig, **known})


def _is_polynomial(function: Any, n: Any) -> bool:
    """Whether ``n`` stands in it as in a polynomial, undefined functions apart."""
    import sympy
    from sympy.core.function import AppliedUndef

    plain = function.xreplace({node: sympy.Dummy() for node in function.atoms(AppliedUndef)})
    return not plain.has(n) or bool(plain.is_polynomial(n))


def _of_values(node: Any, n: Any, bound: frozenset[Any]) -> Iterator[Any]:
    """An expression at a point, as the expression in variables of the point's kind."""
    import sympy

    places = {
        name: sympy.Dummy(name.name, **point.assumptions0)
        for name, point in zip(node.variables, node.point, strict=True)
    }
    for name, point in zip(node.variables, node.point, strict=True):
        yield from _doubtful(point, n, bound)
        if point.has(n):
            yield from _doubtful(node.expr.xreplace(places), places[name], bound)
    yield from _doubtful(node.expr.xreplace(places), n, bound)


def reaching(node: Any, n: Any) -> list[Any]:
    """The bound variables of a sum, product or integral that run up to ``n``, or up to
    one that does."""
    import sympy

    found = [n]
    for name, *bounds in reversed(node.limits):  # outermost first
        if any(sympy.S(bound).has(*found) for bound in bounds):
            found.append(name)
    return found[1:]


def _known(node: Any, n: Any, bound: frozenset[Any]) -> bool:
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
        sympy.conjugate,
    )
    match node:
        case _ if isinstance(node, containers):
            return True
        case sympy.Derivative():  # each takes a power away, and adds a zero
            counts: Any = node.variable_count
            return all(count.is_Integer for _, count in counts) and len(node.variables) <= MOST_DERIVATIVES
        case sympy.Pow():
            return _known_power(node, n, bound)
        case sympy.log():
            return _between_sizes(node.args[0], n, positive=True)
        case _ if isinstance(node, rises):
            real = node.args[0].is_extended_real is True and _between_sizes(node.args[0], n)
            return real or _free_frequency(node.args[0], n, bound)
        case _ if isinstance(node, waves):
            return _free_frequency(node.args[0], n, bound)
        case _ if isinstance(node, factorials):
            return bool(node.args[0].is_nonnegative) and _between_sizes(node.args[0], n)
        case sympy.binomial() | sympy.ff() | sympy.rf():
            top, below = node.args
            return bool(below.is_Integer or (top.is_Symbol and top != n and top not in bound))
    return False


def _known_power(power: Any, n: Any, bound: frozenset[Any]) -> bool:
    """Whole powers; roots and powers of positive bases, and of a free base. (-1)^(1024/2^n)
    is 1 for n up to 9, and 0^((n - 40)^2) is 0 for n up to 39."""
    base, exponent = power.as_base_exp()
    if exponent.is_Integer:
        return True
    if exponent.is_integer and exponent.is_polynomial(n):
        whole = base.is_nonzero and base.is_extended_real
        return bool(whole) or (not base.has(n) and _free_frequency(base, n, bound))
    if _between_sizes(base, n, positive=True):
        return exponent.is_extended_real is True or _free_frequency(exponent, n, bound)
    return not base.has(n) and _free_frequency(base, n, bound)


def _between_sizes(argument: Any, n: Any, *, positive: bool = False) -> bool:
    """Whether an expression has no pole, and is positive if that is asked, at all real
    numbers in place of ``n``: sqrt((2 n - 81)^2) is the step of |2 n - 81| in other
    words."""
    import sympy

    if not argument.has(n):
        return not positive or bool(argument.is_positive)
    real = sympy.Dummy(
        n.name, real=True, **{key: True for key in ("positive", "nonnegative") if getattr(n, f"is_{key}")}
    )
    between = argument.xreplace({n: real})
    finite = not any(base.has(real) for base in denominators(between))
    return finite and (not positive or bool(between.is_positive))


def _free_frequency(argument: Any, n: Any, bound: frozenset[Any]) -> bool:
    """Whether a free number that need not be whole moves the argument, so that a wave is
    0 at none of the sizes for almost every value of it. What a sum or an integral runs
    over is not free."""
    others = [symbol for symbol in argument.free_symbols - {n} - bound if symbol.is_integer is not True]
    return any(argument.is_polynomial(symbol) for symbol in others)
