"""At how many sizes an induction's recursion, definition and claim are compared: more
than the terms in the variable have zeros.

A recursion that departs from the definition by (n - 1)(n - 2)(n - 3) agrees with it at
three sizes. An exponential polynomial, the sum of p_i(n) b_i^n with positive bases, has
at most sum (deg p_i + 1) - 1 real zeros (Polya & Szego, part V, problem 75); a function
that is constant between integers may agree at any number of sizes and is not decided.
"""

from __future__ import annotations

from typing import Any

from proofs_checks.kernel.analytic_terms import doubtful, reaching
from proofs_checks.kernel.rewriting import as_sympy
from theory.proof.statements import Induction

SMALL = 3  # sizes at which recursion, definition and claim are compared, at least
MOST = 24  # zeros in the variable that are met by sizes


def sizes(item: Induction) -> range:
    """The sizes, from the start on: more than the claim may have zeros, and so many
    that the recursion is used more often than it has zeros."""
    order = max(len(recursion.first) for recursion in item.objects)
    used, claimed = (min(count, MOST) for count in _zeros_of(item))
    return range(item.start, item.start + max(item.small, SMALL, order + 1 + used, claimed + 1))


def beyond_sizes(item: Induction) -> str:
    """Why no number of sizes tells the recursion from the definition; empty where one
    does."""
    heads = {recursion.of.func for recursion in item.objects}
    steps = {str(node) for part in [*_thens(item), *_rights(item)] for node in doubtful(part, item.variable, heads)}
    if steps:
        return f"{min(steps)} may be constant at all sizes of {item.variable} at which recursion and definition are compared."
    if (zeros := max(_zeros_of(item))) > MOST:
        return (
            f"The recursion or the claim may have {zeros} zeros in {item.variable}, and with them agree with the definition at all "
            f"sizes that are compared; up to {MOST} are met."
        )
    return ""


def _thens(item: Induction) -> list[Any]:
    return [as_sympy(recursion.then) for recursion in item.objects]


def _rights(item: Induction) -> list[Any]:
    return [as_sympy(equation.right) for equation in item.claim]


def _zeros_of(item: Induction) -> tuple[int, int]:
    """How many zeros in the variable a recursion and a claim may have, by their
    form."""
    heads = {recursion.of.func for recursion in item.objects}
    used, claimed = (
        max(_zeros(expression, item.variable, heads) for expression in expressions)
        for expressions in (_thens(item), _rights(item))
    )
    return used, claimed


def _zeros(expression: Any, n: Any, heads: set[Any]) -> int:
    """How many zeros in ``n`` the factors of ``expression`` may have together, by its
    form; an object counts as n."""
    import sympy
    from sympy.core.function import AppliedUndef

    if not expression.has(n):
        return 0
    if expression == n:
        return 1
    if isinstance(expression, AppliedUndef):  # f(n) - f(3) is 0 at one size, whatever f is
        within = max(_zeros(part, n, heads) for part in expression.args)
        return int(expression.func in heads) + max(0, within - 1)
    parts = [_zeros(part, n, heads) for part in expression.args if not isinstance(part, sympy.Tuple)]
    match expression:
        case sympy.Add():
            powers = [_grows(part, n) for part in expression.args]
            rest = [count for count, growing in zip(parts, powers, strict=True) if not growing]
            return max([0, *rest]) + sum(count for count, growing in zip(parts, powers, strict=True) if growing)
        case sympy.Mul():  # an object as a factor by itself, as in F(n + 1) = r(n) F(n), is no zero of r
            return sum(parts) - any(isinstance(part, AppliedUndef) and part.func in heads for part in expression.args)
        case sympy.Derivative():  # the k-th derivative of x^n is 0 for n = 0..k - 1
            return _zeros(expression.expr, n, heads) + len(expression.variables)
        case sympy.Subs():
            return sum(parts) + _zeros(expression.expr, n, heads)
        case sympy.Pow() if expression.exp.is_Integer:
            return parts[0] * abs(int(expression.exp))
        case sympy.binomial() | sympy.ff() | sympy.rf() if expression.args[1].is_Integer:
            return parts[0] * abs(int(expression.args[1]))  # pyright: ignore[reportArgumentType]
        case sympy.Sum() | sympy.Integral():
            names = reaching(expression, n)
            bounds = [bound for limit in expression.limits for bound in limit[1:]]  # pyright: ignore[reportIndexIssue]
            ends = [_zeros(as_sympy(bound), n, heads) for bound in bounds]
            inside = _zeros(expression.function.xreplace(dict.fromkeys(names, n)), n, heads)
            return (len(names) + inside) * max(1, *ends)
        case sympy.Product() if (
            count := expression.limits[-1][2] - expression.limits[-1][1] + 1
        ).is_Integer and count > 0:
            return parts[0] * int(count)
    return sum(parts)


def _grows(expression: Any, n: Any) -> bool:
    """Whether ``n`` stands in an exponent, in a gamma function or the like: such terms
    add their zeros."""
    import sympy
    from sympy.core.function import AppliedUndef

    powers = any(power.exp.has(n) for power in expression.atoms(sympy.Pow))
    return powers or any(node.has(n) for node in expression.atoms(sympy.Function) if not isinstance(node, AppliedUndef))
