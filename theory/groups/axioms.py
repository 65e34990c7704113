"""Which axioms make a group: systems of axioms decided on tables two ways, and derived
from one another for sets of any size.

A table holds the products x y of elements 0..n-1, or ``OUTSIDE`` where a product is no
element. Weaker systems are shown sufficient by equational derivations
(:mod:`theory.proof.terms`), and insufficient by tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from theory.proof.terms import Equation, Step, Theorem, mirror

OUTSIDE = -1
Table = tuple[tuple[int, ...], ...]
Side = Literal["left", "right", "two-sided"]


@dataclass(frozen=True)
class System:
    """A list of axioms on a set with a product.

    Args:
        name: For printing.
        identity: On which side some element e is asked to be neutral; "member": e is in
            the set, and no equation is stated; None: no e at all.
        inverses: y with x y = e ("right"), y x = e ("left") or both, for the same e;
            None: not asked.
        closed, associative: Whether these are asked. Without closure associativity is
            asked where both bracketings are elements.
        divisible: a x = b and y a = b have solutions.
        inhabited: Some element exists (any identity asks that too).
    """

    name: str
    identity: Literal["left", "right", "two-sided", "member"] | None = "two-sided"
    inverses: Side | None = "two-sided"
    closed: bool = True
    associative: bool = True
    divisible: bool = False
    inhabited: bool = True

    def __str__(self) -> str:
        return self.name


STANDARD = System("closure, associativity, identity, inverses")
SUFFICIENT = (
    System("two-sided identity, right inverses", "two-sided", "right"),
    System("two-sided identity, left inverses", "two-sided", "left"),
    System("right identity, right inverses", "right", "right"),
    System("left identity, left inverses", "left", "left"),
    System("division on both sides", None, None, divisible=True),
)
LEFT_RIGHT = System("left identity, right inverses", "left", "right")
RIGHT_LEFT = System("right identity, left inverses", "right", "left")
MEMBER_ONLY = System("e is an element, x y = y x = e can be solved", "member")
NOT_CLOSED = replace(STANDARD, name="no closure", closed=False)
NOT_ASSOCIATIVE = replace(STANDARD, name="no associativity", associative=False)
NO_INVERSES = replace(STANDARD, name="no inverses", inverses=None)
EMPTY_ALLOWED = replace(SUFFICIENT[-1], name="division, the empty set admitted", inhabited=False)


def right_zero(n: int) -> Table:
    """x y = y on n elements: every element is a left identity, and every element has
    right inverses."""
    return (tuple(range(n)),) * n


def left_zero(n: int) -> Table:
    """x y = x."""
    return tuple((x,) * n for x in range(n))


def null_semigroup(n: int) -> Table:
    """x y = 0."""
    return ((0,) * n,) * n


def window_of_integers(k: int) -> Table:
    """-k, ..., k under addition, sums beyond marked as no element; 0 stands at position
    k."""
    return tuple(tuple(a + b + k if abs(a + b) <= k else OUTSIDE for b in range(-k, k + 1)) for a in range(-k, k + 1))


TWO_INVERSES: Table = ((0, 1, 2), (1, 0, 0), (2, 0, 0))  # a unit, commuting inverses, and two of them
TRUTH: Table = ((0, 1), (1, 1))  # "or": a monoid
INSUFFICIENT: tuple[tuple[System, Table], ...] = (
    (LEFT_RIGHT, right_zero(2)),
    (RIGHT_LEFT, left_zero(2)),
    (MEMBER_ONLY, null_semigroup(2)),
    (NOT_CLOSED, window_of_integers(1)),
    (NOT_ASSOCIATIVE, TWO_INVERSES),
    (NO_INVERSES, TRUTH),
    (EMPTY_ALLOWED, ()),
)


def as_table(rows: Sequence[Sequence[int]]) -> Table:
    """Rows of a table as tuples.

    Raises:
        ValueError: rows of unequal length, or an entry that is neither 0..n-1 nor
            ``OUTSIDE``.
    """
    table = tuple(tuple(int(x) for x in row) for row in rows)
    n = len(table)
    if any(len(row) != n for row in table):
        raise ValueError(f"Expected a square table, got {n} rows of lengths {sorted({len(row) for row in table})}.")
    stray = [x for row in table for x in row if not OUTSIDE <= x < n]
    if stray:
        raise ValueError(f"Expected entries 0..{n - 1} ({OUTSIDE} where a product is no element), got {stray[0]}.")
    return table


def tables(order: int) -> Iterator[Table]:
    """Every table of that order, n^(n^2) of them."""
    for entries in product(range(order), repeat=order * order):
        yield tuple(entries[k * order : (k + 1) * order] for k in range(order))


# -- first algorithm: the definitions, quantifier by quantifier --------------------------------------------------------


def satisfies(table: Table, system: System) -> bool:
    """Whether the axioms of ``system`` hold, as they read."""
    elements = range(len(table))
    if system.inhabited and not table:
        return False
    if system.closed and any(OUTSIDE in row for row in table):
        return False
    if system.associative and not associates(table):
        return False
    if system.divisible and not all(
        any(table[a][x] == b for x in elements) and any(table[y][a] == b for y in elements)
        for a in elements
        for b in elements
    ):
        return False
    return system.identity is None or any(
        _neutral(table, e, system.identity) and _invertible(table, e, system.inverses) for e in elements
    )


def associates(table: Table) -> bool:
    """(x y) z = x (y z) for all triples of elements for which both sides are
    elements."""
    elements = range(len(table))
    for x in elements:
        for y in elements:
            xy = table[x][y]
            for z in elements:
                yz = table[y][z]
                if OUTSIDE not in (xy, yz):
                    left, right = table[xy][z], table[x][yz]
                    if left != right and OUTSIDE not in (left, right):
                        return False
    return True


def _neutral(table: Table, e: int, side: str) -> bool:
    left = all(table[e][x] == x for x in range(len(table)))
    right = all(table[x][e] == x for x in range(len(table)))
    return {"left": left, "right": right, "two-sided": left and right, "member": True}[side]


def _invertible(table: Table, e: int, side: Side | None) -> bool:
    elements = range(len(table))
    if side is None:
        return True
    wanted = {"left": (True, False), "right": (False, True), "two-sided": (True, True)}[side]
    return all(
        any((not wanted[0] or table[y][x] == e) and (not wanted[1] or table[x][y] == e) for y in elements)
        for x in elements
    )


def is_group(table: Table) -> bool:
    """The standard axioms, with one identity and one inverse an element."""
    if not satisfies(table, STANDARD):
        return False
    elements = range(len(table))
    units = [e for e in elements if _neutral(table, e, "two-sided")]
    return len(units) == 1 and all(sum(table[x][y] == units[0] == table[y][x] for y in elements) == 1 for x in elements)


# -- second algorithm: left translations as 0/1 matrices, many tables at once ------------------------------------------


def translations(batch: Sequence[Table]) -> np.ndarray:
    """L[t, x, z, y] = 1 where x y = z in table t, 0 elsewhere; int64, shape ``(tables,
    n, n, n)``. Tables of one order."""
    array = np.array(batch, dtype=np.int64).reshape(len(batch), len(batch[0]), len(batch[0]))
    return (array[:, :, None, :] == np.arange(array.shape[1])[None, None, :, None]).astype(np.int64)


def satisfy(L: np.ndarray, system: System) -> np.ndarray:
    """The axioms read off translations: L_x L_y against sum_k (x y = k) L_k, rows of
    unit matrices, sums of columns. Boolean, one a table."""
    count, n = L.shape[:2]
    good = np.full(count, n > 0 or not system.inhabited)
    if system.closed:
        good &= (L.sum(2) == 1).all((1, 2))
    if system.associative:
        composed = np.einsum("txab,tybc->txyac", L, L, optimize=True)  # L_x L_y
        products = np.einsum("txky,tkac->txyac", L, L, optimize=True)  # L_(xy)
        known = composed.sum(3, keepdims=True) * products.sum(3, keepdims=True)
        good &= ((composed - products) * known == 0).all((1, 2, 3, 4))
    if system.divisible:
        good &= (L.sum(3) > 0).all((1, 2)) & (L.sum(1) > 0).all((1, 2))
    if system.identity is None:
        return good
    eye = np.eye(n, dtype=np.int64)
    left, right = (eye == L).all((2, 3)), (np.moveaxis(L, 3, 1) == eye.T).all((2, 3))  # by e
    neutral = {"left": left, "right": right, "two-sided": left & right, "member": np.ones_like(left)}[system.identity]
    to_e = np.moveaxis(L, 2, 1)  # t, e, x, y: x y = e
    solved = {
        "right": to_e,
        "left": np.swapaxes(to_e, 2, 3),
        "two-sided": to_e * np.swapaxes(to_e, 2, 3),
        None: np.ones_like(to_e),
    }[system.inverses]
    return good & (neutral & (solved.sum(3) > 0).all(2)).any(1)


def are_groups(L: np.ndarray) -> np.ndarray:
    """Cayley's theorem read backwards: n different permutation matrices that compose as
    the table says. Boolean, one a table."""
    count, n = L.shape[:2]
    permutations = (L.sum(2) == 1).all((1, 2)) & (L.sum(3) == 1).all((1, 2))
    overlaps = np.einsum("txab,tyab->txy", L, L, optimize=True)
    distinct = ((overlaps == n).sum((1, 2)) == n) & np.full(count, n > 0)
    composed = np.einsum("txab,tybc->txyac", L, L, optimize=True)
    products = np.einsum("txky,tkac->txyac", L, L, optimize=True)
    return permutations & distinct & (composed == products).all((1, 2, 3, 4))


# -- derivations for sets of any size ----------------------------------------------------------------------------------

ASSOCIATIVE = Equation("x * (y * z)", "(x * y) * z", ("x", "y", "z"))
LEFT_IDENTITY = Equation("e * x", "x", ("x",))
RIGHT_IDENTITY = Equation("x * e", "x", ("x",))
LEFT_INVERSES = Equation("i(x) * x", "e", ("x",))
RIGHT_INVERSES = Equation("x * i(x)", "e", ("x",))
_RENAMED = {
    "left identity": "right identity",
    "right identity": "left identity",
    "left inverses": "right inverses",
    "right inverses": "left inverses",
    "under": "over",
    "over": "under",
}


def _step(by: str, result: str, at: tuple[int, ...] = (), backwards: bool = False, **where: str) -> Step:
    return Step(by, result, at, where, backwards)


_TWO_SIDED = Theorem(
    "two-sided identity, right inverses: they are left inverses",
    Equation("i(x) * x", "e"),
    {
        "associativity": ASSOCIATIVE,
        "left identity": LEFT_IDENTITY,
        "right identity": RIGHT_IDENTITY,
        "right inverses": RIGHT_INVERSES,
    },
    (
        _step("right identity", "(i(x) * x) * e", (), True, x="i(x) * x"),
        _step("right inverses", "(i(x) * x) * (i(x) * i(i(x)))", (1,), True, x="i(x)"),
        _step("associativity", "i(x) * (x * (i(x) * i(i(x))))", (), True, x="i(x)", y="x", z="i(x) * i(i(x))"),
        _step("associativity", "i(x) * ((x * i(x)) * i(i(x)))", (1,), x="x", y="i(x)", z="i(i(x))"),
        _step("right inverses", "i(x) * (e * i(i(x)))", (1, 0), x="x"),
        _step("left identity", "i(x) * i(i(x))", (1,), x="i(i(x))"),
        _step("right inverses", "e", (), x="i(x)"),
    ),
)
_ONE_SIDED = Theorem(
    "right identity, right inverses: they are left inverses",
    Equation("i(x) * x", "e"),
    {"associativity": ASSOCIATIVE, "right identity": RIGHT_IDENTITY, "right inverses": RIGHT_INVERSES},
    (
        *_TWO_SIDED.steps[:5],
        _step("associativity", "(i(x) * e) * i(i(x))", (), x="i(x)", y="e", z="i(i(x))"),
        _step("right identity", "i(x) * i(i(x))", (0,), x="i(x)"),
        _step("right inverses", "e", (), x="i(x)"),
    ),
)
_OTHER_UNIT = Theorem(
    "right identity, two-sided inverses: it is a left identity",
    Equation("e * x", "x"),
    {
        "associativity": ASSOCIATIVE,
        "right identity": RIGHT_IDENTITY,
        "right inverses": RIGHT_INVERSES,
        "left inverses": LEFT_INVERSES,
    },
    (
        _step("right inverses", "(x * i(x)) * x", (0,), True, x="x"),
        _step("associativity", "x * (i(x) * x)", (), True, x="x", y="i(x)", z="x"),
        _step("left inverses", "x * e", (1,), x="x"),
        _step("right identity", "x", (), x="x"),
    ),
)
_ONE_INVERSE = Theorem(
    "a right inverse is the inverse",
    Equation("b", "i(a)"),
    {
        "associativity": ASSOCIATIVE,
        "left identity": LEFT_IDENTITY,
        "right identity": RIGHT_IDENTITY,
        "left inverses": LEFT_INVERSES,
        "given": Equation("a * b", "e"),
    },
    (
        _step("left identity", "e * b", (), True, x="b"),
        _step("left inverses", "(i(a) * a) * b", (0,), True, x="a"),
        _step("associativity", "i(a) * (a * b)", (), True, x="i(a)", y="a", z="b"),
        _step("given", "i(a) * e", (1,)),
        _step("right identity", "i(a)", (), x="i(a)"),
    ),
)
_ONE_UNIT = Theorem(
    "a left and a right identity are one",
    Equation("e", "f"),
    {"left identity": LEFT_IDENTITY, "f": Equation("x * f", "x", ("x",))},
    (_step("f", "e * f", (), True, x="e"), _step("left identity", "f", (), x="f")),
)
_DIVISION = {
    "associativity": ASSOCIATIVE,
    "under": Equation("x * under(x, y)", "y", ("x", "y")),
    "over": Equation("over(y, x) * x", "y", ("x", "y")),
}
_DIVISION_UNIT = Theorem(
    "division: a solution of a x = a is a right identity",
    Equation("b * under(a, a)", "b"),
    _DIVISION,
    (
        _step("over", "(over(b, a) * a) * under(a, a)", (0,), True, x="a", y="b"),
        _step("associativity", "over(b, a) * (a * under(a, a))", (), True, x="over(b, a)", y="a", z="under(a, a)"),
        _step("under", "over(b, a) * a", (1,), x="a", y="a"),
        _step("over", "b", (), x="a", y="b"),
    ),
)

THEOREMS = (
    _TWO_SIDED,
    mirror(_TWO_SIDED, "two-sided identity, left inverses: they are right inverses", _RENAMED),
    _ONE_SIDED,
    mirror(_ONE_SIDED, "left identity, left inverses: they are right inverses", _RENAMED),
    _OTHER_UNIT,
    mirror(_OTHER_UNIT, "left identity, two-sided inverses: it is a right identity", _RENAMED),
    _DIVISION_UNIT,
    mirror(_DIVISION_UNIT, "division: a solution of y a = a is a left identity", _RENAMED),
    _ONE_UNIT,
    _ONE_INVERSE,
    mirror(_ONE_INVERSE, "a left inverse is the inverse", _RENAMED),
)

# Three wrong proofs: of what fails for x y = y, with one step changed, and from a hypothesis that is not there.
FROM_LEFT_RIGHT = Theorem(
    "left identity, right inverses: they are left inverses",
    _TWO_SIDED.states,
    {"associativity": ASSOCIATIVE, "left identity": LEFT_IDENTITY, "right inverses": RIGHT_INVERSES},
    _TWO_SIDED.steps,
)
CORRUPTED = replace(
    _TWO_SIDED, steps=(*_TWO_SIDED.steps[:4], replace(_TWO_SIDED.steps[4], where={"x": "i(x)"}), *_TWO_SIDED.steps[5:])
)
WITHOUT_ASSOCIATIVITY = replace(
    _ONE_INVERSE, hypotheses={k: v for k, v in _ONE_INVERSE.hypotheses.items() if k != "associativity"}
)
