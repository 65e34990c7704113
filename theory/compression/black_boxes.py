r"""How low a rate can be certified from evaluations alone: M cells of equal prior mass,
one of which may hide a perfect reconstruction.

A decoder is known through N answers at points chosen in any way. Where every answer
says "nothing here", at least M - N cells have not been seen, and with a reconstruction
in one of those F is at most log M: a larger lower bound is wrong there. Nats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from theory.compression.variational_bounds import K
from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

Tree = tuple[
    int, int, tuple[int, ...], tuple[int, ...]
]  # cells, questions, the questions in heap order, the answers of the leaves
Claim = Callable[[int, int], bool]  # of the number of cells where the bound is wrong, and of M - N

SHAPES = ((2, 1), (3, 1), (4, 1), (3, 2), (4, 2))  # cells and questions of the enumerated strategies


def at_least(wrong: int, unseen: int) -> bool:
    """The bound is wrong in M - N cells at least."""
    return wrong >= unseen


def fewer(wrong: int, unseen: int) -> bool:
    """The bound is wrong in fewer than M - N cells: what adaptive questions would have
    to bring about."""
    return wrong < unseen


def one_more(wrong: int, unseen: int) -> bool:
    """The bound is wrong in M - N + 1 cells at least."""
    return wrong > unseen


# -- counting -----------------------------------------------------------------------------------------------------------------


def cells_left() -> Induction:
    """n questions: M - n cells are left, and one more for every question that repeats
    an earlier one; s(i) = 0 or 1 says that it does."""
    s = sp.Function("s", nonnegative=True)
    M = sp.Symbol("M", positive=True)
    left, repeats = sp.Function("U", real=True), sp.Function("R", real=True)
    objects = (
        Recursion(left(N), (M - (1 - s(1)),), left(N) - (1 - s(N + 1)), lambda k: M - sum(1 - s(i) for i in range(1, k + 1))),
        sum_recursion(repeats(N), s),
    )  # fmt: skip
    return Induction("cells left after n questions", N, (Equation("cells left", left(N), M - N + repeats(N)),), objects)


def averaged_over_cells() -> list[Equation | Induction]:
    """k strategies drawn with masses w: if strategy i is wrong in b(i) (M - N + e(i))
    of M cells, the mean error is (1 - N/M) P(bound above log M), and more."""
    w, b, e = (sp.Function(name, nonnegative=True) for name in ("w", "b", "e"))
    M, n = sp.symbols("M N", positive=True)
    error, large, extra = (sp.Function(name, real=True) for name in ("E", "P", "X"))
    objects = (
        sum_recursion(error(K), lambda i: w(i) * b(i) * (M - n + e(i)) / M, K),
        sum_recursion(large(K), lambda i: w(i) * b(i), K),
        sum_recursion(extra(K), lambda i: w(i) * b(i) * e(i) / M, K),
    )
    claim = Equation("mean error over hidden cells", error(K), (1 - n / M) * large(K) + extra(K))
    alpha, m = sp.symbols("alpha m", positive=True)
    most = alpha / (1 - n / (n + m))  # M = N + m
    return [
        Induction("strategies that are drawn", K, (claim,), objects),
        Equation("what a level leaves, M = N + m", most, alpha * (n + m) / m),
        Equation("twice the level at M = 2 N", most.subs(m, n), 2 * alpha),
    ]


def value_with_a_hidden_cell() -> list[Equation | Sign]:
    """A perfect reconstruction on 1/M of the prior and a weight a >= 0 elsewhere: log M
    - F = log(1 + (M - 1) a), M - 1 = m, at least 0."""
    m, a = sp.Symbol("m", positive=True), sp.Symbol("a", nonnegative=True)
    F = -sp.log((1 + m * a) / (1 + m))
    return [
        Equation("log M above F", sp.log(1 + m) - F, sp.log(1 + m * a)),
        Sign("what the logarithm exceeds one by", m * a, ">= 0"),
    ]


# -- all strategies of small sizes -----------------------------------------------------------------------------------------------


def _strategies() -> Iterator[Tree]:
    for cells, questions in SHAPES:
        inner, leaves = 2**questions - 1, 2**questions
        for asked in product(range(cells), repeat=inner):
            for said in product((0, 1), repeat=leaves):
                yield cells, questions, asked, said


def _answer(tree: Tree, hidden: int | None) -> int:
    """What the strategy says when the reconstruction is hidden in that cell: 1, that F
    exceeds log M."""
    _, questions, asked, said = tree
    node = 0
    for _ in range(questions):
        node = 2 * node + (2 if asked[node] == hidden else 1)
    return said[node - len(asked)]


def adaptive_strategies(claim: Claim = at_least) -> Enumeration:
    """Every adaptive strategy of one or two questions in up to four cells: if it says
    "above log M" of an empty decoder, it is wrong in M - N cells at least.

    Decided by running it on every decoder, and by the sets of cells that its branches
    leave.
    """

    def by_running(tree: Tree) -> bool:
        wrong = sum(_answer(tree, cell) for cell in range(tree[0]))
        return not _answer(tree, None) or claim(wrong, tree[0] - tree[1])

    def by_branches(tree: Tree) -> bool:
        cells, questions, asked, said = tree
        sets: list[set[int]] = [set(range(cells))]
        for node in range(len(asked)):
            sets += [sets[node] - {asked[node]}, sets[node] & {asked[node]}]
        leaves = sets[len(asked) :]
        wrong = sum(len(leaf) for leaf, answer in zip(leaves, said, strict=True) if answer)
        return said[0] == 0 or claim(wrong, cells - questions)

    family = Family(
        f"adaptive strategies for cells and questions {', '.join(map(str, SHAPES))}", _strategies,
        sum(cells ** (2**questions - 1) * 2 ** (2**questions) for cells, questions in SHAPES),
    )  # fmt: skip
    return Enumeration("adaptive strategies are wrong in M - N cells", family, by_running, by_branches)
