r"""The chain rule :math:`\log p(x, y) = \log p(y \mid x) + \log p(x)`: for undefined
masses and densities, for sequences, and for every small table.

Letters: ``m`` the joint mass, ``N`` the number of labels, ``y`` one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from sympy import Expr, Function, Sum, Symbol, log

from theory.likelihoods.bernoulli import Counts, rational_distributions
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

__all__ = ["AXES", "TABLES", "conditional_masses", "every_table", "factor", "factor_of_densities", "sequences"]

AXES = ("x", "y")  # what a conditional distribution is conditioned on
TABLES = ((2, 2, 8), (2, 3, 5), (3, 3, 4))  # images, labels, and the denominator of the masses that are enumerated

Table = tuple[int, int, Counts]


def factor(given: str = "x") -> Equation:
    """One of N labels, any positive masses: ``log m = log(m / marginal) + log p(x)``;
    the marginal sums over what is not ``given``."""
    N, k = Symbol("N", integer=True, positive=True), Symbol("k", integer=True, positive=True)
    x, y, m = (
        Symbol("x", integer=True, positive=True),
        Symbol("y", integer=True, positive=True),
        Function("m", positive=True),
    )
    marginal = Sum(m(x, k), (k, 1, N))
    conditioned = marginal if given == "x" else Sum(m(k, y), (k, 1, N))
    return _chain("one of N labels", m(x, y), conditioned, marginal)


def factor_of_densities(given: str = "x") -> Equation:
    """The same for a joint density and whatever positive marginals p(x), q(y) it has:
    no sum enters, since the conditional is a quotient."""
    x, y, m = Symbol("x", real=True), Symbol("y", real=True), Function("m", positive=True)
    marginal = Function("p", positive=True)(x)
    conditioned = marginal if given == "x" else Function("q", positive=True)(y)
    return _chain("densities with positive marginals", m(x, y), conditioned, marginal)


def _chain(name: str, joint: Expr, conditioned: Expr, marginal: Expr) -> Equation:
    return Equation(f"chain rule: {name}", log(joint), log(joint / conditioned) + log(marginal))


def conditional_masses() -> Induction:
    """Masses m(1), .., m(n) divided by a total T add up to their sum over T: to one,
    when T is the marginal."""
    n, T = Symbol("n", integer=True, positive=True), Symbol("T", positive=True)
    m, C, S = (Function(name, real=True) for name in ("m", "C", "S"))

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    claim = Equation("sum of m(k) / T = (sum of m(k)) / T", C(n), S(n) / T)
    return Induction(
        "conditional masses add up to one", n, (claim,), (summed(C(n), lambda k: m(k) / T), summed(S(n), m))
    )


def sequences() -> Induction:
    """``log p(x_1) + sum_i log p(x_i | x_1, .., x_(i-1)) = log p(x_1, .., x_n)``, where
    P(n) is the mass of the first n, for every n."""
    n, P, L = Symbol("n", integer=True, positive=True), Function("P", positive=True), Function("L", real=True)

    def explicit(k: int) -> Expr:
        return log(P(1)) + sum(log(P(i) / P(i - 1)) for i in range(2, k + 1))

    objects = (Recursion(L(n), (log(P(1)),), L(n) + log(P(n + 1) / P(n)), explicit),)
    return Induction("chain rule for n variables", n, (Equation("sum of log conditionals", L(n), log(P(n))),), objects)


# -- every small table ----------------------------------------------------------------------------------------------------


def product_of_fractions(table: Table, given: str = "x") -> bool:
    """Whether conditional times p(x) is the joint mass in every cell, in fractions;
    where p(x) = 0 the joint mass has to vanish."""
    rows, columns, counts = table
    n = sum(counts)
    in_row = [sum(counts[i * columns : (i + 1) * columns]) for i in range(rows)]
    in_column = [sum(counts[j::columns]) for j in range(columns)]
    for i, j in product(range(rows), range(columns)):
        cell, below = counts[i * columns + j], in_row[i] if given == "x" else in_column[j]
        if not below:
            if cell:
                return False
            continue
        if Fraction(cell, below) * Fraction(in_row[i], n) != Fraction(cell, n):
            return False
    return True


def two_draws(table: Table, given: str = "x") -> bool:
    """The same by counting pairs: an outcome for x, then a second outcome among those
    that agree with the cell in what is ``given``.

    The n outcomes are equally likely and are written out one by one; p(y|x) p(x) is the
    share of pairs whose first outcome has x and whose second lies in the cell.
    """
    rows, columns, counts = table
    outcomes = [divmod(cell, columns) for cell, count in enumerate(counts) for _ in range(count)]
    axis = AXES.index(given)
    for cell in product(range(rows), range(columns)):
        alike = [outcome for outcome in outcomes if outcome[axis] == cell[axis]]
        first = sum(outcome[0] == cell[0] for outcome in outcomes)
        pairs = first * sum(outcome == cell for outcome in alike)
        if alike and pairs != len(alike) * sum(outcome == cell for outcome in outcomes):
            return False
    return True


def every_table(given: str = "x", tables: tuple[tuple[int, int, int], ...] = TABLES) -> Enumeration:
    """Joint distributions of an image and a label with rational masses, zeros included:
    the chain rule in each cell."""

    def members() -> Iterator[Table]:
        return ((r, c, counts) for r, c, n in tables for counts in rational_distributions(r * c, n))

    text = ", ".join(f"{r} x {c} in 1/{n}" for r, c, n in tables)
    family = Family(f"joint distributions ({text})", members, sum(comb(n + r * c - 1, n) for r, c, n in tables))
    return Enumeration(
        "every table: conditional times marginal is joint", family,
        lambda table: product_of_fractions(table, given), lambda table: two_draws(table, given),
    )  # fmt: skip
