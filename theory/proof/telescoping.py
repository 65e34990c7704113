"""Sums of differences: what is known of a sequence when its neighbours are known to
differ by little, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.statements import Equation, Induction, Recursion


def differences(name: str, entry: Callable[[Any], Any], weight: Callable[[Any], Any] | None = None) -> Induction:
    r"""For every n: the sum of n entries, each times its weight, from the first entry
    and the differences of neighbours.

    With :math:`D(k) = \sum_{d<k} (a_{d+1} - a_d)` the claims are :math:`D(n) = a_n -
    a_0` and
    :math:`\sum_{k<n} w_k a_k = a_0 \sum_{k<n} w_k + \sum_{k<n} w_k D(k)`. Where all
    differences vanish every entry is the first one, and the sum is that entry times the
    sum of the weights.

    Args:
        name: Name of the induction.
        entry: From an index to a_index, an expression (entries of a matrix along a
            diagonal, weights of a readout).
        weight: From an index to w_index; 1 for every index unless given.
    """
    n = sp.Symbol("n", integer=True, positive=True)
    w = weight or (lambda k: sp.S.One)
    D, total, whole, rest = (sp.Function(letter)(n) for letter in ("D", "T", "W", "V"))

    def passed(k: int) -> Any:
        return sp.Add(*(sp.Add(entry(d + 1), -entry(d), evaluate=False) for d in range(k)), evaluate=False)

    objects = (
        Recursion(D, (entry(1) - entry(0),), D + entry(n + 1) - entry(n), passed),
        Recursion(total, (w(0) * entry(0),), total + w(n) * entry(n), lambda k: sum(w(d) * entry(d) for d in range(k))),
        Recursion(whole, (sp.sympify(w(0)),), whole + w(n), lambda k: sp.sympify(sum(w(d) for d in range(k)))),
        Recursion(rest, (sp.S.Zero,), rest + w(n) * D, lambda k: sp.sympify(sum(w(d) * passed(d) for d in range(1, k)))),
    )  # fmt: skip
    claim = (
        Equation("differences add up", D, entry(n) - entry(0)),
        Equation("the weighted sum", total, entry(0) * whole + rest),
    )
    return Induction(name, n, claim, objects)
