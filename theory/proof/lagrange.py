r"""Lagrange's identity, by induction on the number of terms: Cauchy and Schwarz as a
sum of squares."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

from sympy import Expr, Function, Symbol

from theory.proof.statements import Equation, Induction, Recursion

__all__ = ["lagrange"]


def lagrange(name: str, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Induction:
    r""":math:`\sum_{i<k\le n}(r_i w_k - r_k w_i)^2 = \sum r_i^2 \sum w_i^2 - (\sum r_i
    w_i)^2` for every n.

    The left side is not negative, so :math:`\langle r, w\rangle^2 \le |r|^2 |w|^2`,
    with equality only where the two are proportional.

    Args:
        name: What the induction is called.
        first, second: r and w, from an index to an expression; undefined functions for
            arbitrary vectors.
    """
    n = Symbol("n", integer=True, positive=True)
    Q, R, W, P = (Function(letter, real=True) for letter in "QRWP")
    new_r, new_w = first(n + 1), second(n + 1)

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    def squares(k: int) -> Any:
        pairs = combinations(range(1, k + 1), 2)
        return sum(((first(i) * second(j) - first(j) * second(i)) ** 2 for i, j in pairs), start=0 * second(1))

    added = new_w**2 * R(n) - 2 * new_r * new_w * P(n) + new_r**2 * W(n)  # the squares with one index n + 1
    objects = (
        Recursion(Q(n), (0 * second(1),), Q(n) + added, squares),
        summed(R(n), lambda i: first(i) ** 2),
        summed(W(n), lambda i: second(i) ** 2),
        summed(P(n), lambda i: first(i) * second(i)),
    )
    claim = Equation("sum of squares of r_i w_k - r_k w_i = |r|^2 |w|^2 - <r, w>^2", Q(n), R(n) * W(n) - P(n) ** 2)
    return Induction(name, n, (claim,), objects)
