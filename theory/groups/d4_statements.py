"""What is described of the symmetries of a square, as statements: each decided from
corner permutations and from integer matrices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import permutations, product

from theory.groups.d4 import (
    LETTERS,
    Description,
    Edge,
    Table,
    automorphisms_by_search,
    closed_under_products,
    conjugate,
    conjugates_by_generators,
    generated_subsets,
    matrices,
    nonempty_subsets,
    table_by_completion,
    table_by_corners,
    table_by_cosets,
    table_by_matrices,
)
from theory.proof.statements import Enumeration, Family

ORDER = 8
PAIRS = Family("pairs of elements", lambda: product(range(ORDER), repeat=2), ORDER**2)


def statements(described: Description) -> list[Enumeration]:
    """The description, against two constructions each."""
    return [
        table(described.table),
        presentation(tuple(described.relators)),
        subgroups(described.subgroups),
        number_of_subgroups(described.subgroups),
        classes(described.classes),
        centre(described.centre),
        edges(described.edges),
        automorphisms(described.edges),
    ]


def table(claimed: Table) -> Enumeration:
    """Products of two elements, by corners and by matrices."""
    corners, by_matrices = table_by_corners(), table_by_matrices()
    return Enumeration(
        "table", PAIRS, lambda p: claimed[p[0]][p[1]] == corners[p[0]][p[1]], lambda p: claimed[p[0]][p[1]] == by_matrices[p[0]][p[1]]
    )  # fmt: skip


def presentation(relators: tuple[str, ...]) -> Enumeration:
    """The group that the relators present has the words r^k s^j for elements, once
    each, and their products are those of the square."""
    of = Family("products of two words r^k s^j in the group presented", PAIRS.members, PAIRS.size)
    cosets, corners = cache(table_by_cosets), table_by_corners()
    completed, by_matrices = cache(table_by_completion), table_by_matrices()

    def same(found: Table | None, known: Table, pair: tuple[int, int]) -> bool:
        return found is not None and found[pair[0]][pair[1]] == known[pair[0]][pair[1]]

    return Enumeration(
        "presentation", of, lambda p: same(cosets(relators), corners, p), lambda p: same(completed(relators), by_matrices, p)
    )  # fmt: skip


def subgroups(claimed: frozenset[frozenset[int]]) -> Enumeration:
    """Which subsets are subgroups: closed under products of corners; listed by what one
    to three elements generate in matrices."""
    of = Family("subsets that are not empty", nonempty_subsets, 2**ORDER - 1)
    corners, listed = table_by_corners(), generated_subsets(table_by_matrices())
    return Enumeration(
        "subgroups", of, lambda h: (h in claimed) == closed_under_products(corners, h), lambda h: (h in claimed) == (h in listed)
    )  # fmt: skip


def number_of_subgroups(claimed: frozenset[frozenset[int]]) -> Enumeration:
    """A dihedral group of order 2 n has tau(n) + sigma(n) subgroups, numbers and sums
    of divisors: 3 + 7 for n = 4."""
    divisors = [k for k in range(1, 5) if 4 % k == 0]
    of = Family("subgroups claimed", lambda: iter(claimed), len(divisors) + sum(divisors))
    corners, listed = table_by_corners(), generated_subsets(table_by_matrices())
    return Enumeration("count of subgroups", of, lambda h: closed_under_products(corners, h), lambda h: h in listed)


def classes(claimed: frozenset[frozenset[int]]) -> Enumeration:
    """Which pairs are conjugate: by some element, in the table of corners; by steps of
    r and s, in that of matrices."""
    corners, steps = table_by_corners(), conjugates_by_generators(table_by_matrices(), LETTERS.values())

    def together(pair: tuple[int, int]) -> bool:
        return any(set(pair) <= members for members in claimed)

    return Enumeration(
        "classes", PAIRS, lambda p: together(p) == conjugate(corners, *p), lambda p: together(p) == (p[1] in steps[p[0]])
    )  # fmt: skip


def centre(claimed: frozenset[int]) -> Enumeration:
    """Which elements commute with all, in the table; and with r and s, as matrices."""
    of = Family("elements", lambda: iter(range(ORDER)), ORDER)
    corners, everything = table_by_corners(), matrices()

    def commutes(x: int) -> bool:
        return all(everything[x] @ everything[g] == everything[g] @ everything[x] for g in LETTERS.values())

    return Enumeration(
        "centre", of, lambda x: (x in claimed) == all(corners[x][y] == corners[y][x] for y in range(ORDER)), lambda x: (x in claimed) == commutes(x)
    )  # fmt: skip


def edges(claimed: frozenset[Edge]) -> Enumeration:
    """Which pairs an arrow of r or a line of s joins: x and x g."""
    corners, by_matrices = table_by_corners(), table_by_matrices()

    def triples() -> Iterable[Edge]:
        return ((x, y, letter) for x, y in product(range(ORDER), repeat=2) for letter in LETTERS)

    of = Family("pairs of elements, for r and for s", triples, ORDER**2 * len(LETTERS))

    def holds(known: Table, edge: Edge) -> bool:
        x, y, letter = edge
        return (edge in claimed) == (known[x][LETTERS[letter]] == y)

    return Enumeration("edges", of, lambda edge: holds(corners, edge), lambda edge: holds(by_matrices, edge))


def automorphisms(claimed: frozenset[Edge]) -> Enumeration:
    """Which permutations of the elements keep every edge and its letter: the left
    multiplications, rows of the table."""
    of = Family("permutations of the elements", lambda: permutations(range(ORDER)), 40_320)  # 8!
    rows, others = set(table_by_corners()), set(table_by_matrices())
    found = cache(automorphisms_by_search)
    ordered = sorted(claimed)

    def keeps(image: tuple[int, ...]) -> bool:
        return all((image[x], image[y], letter) in claimed for x, y, letter in ordered)

    return Enumeration(
        "automorphisms", of, lambda p: keeps(p) == (p in rows), lambda p: (p in found(claimed)) == (p in others)
    )  # fmt: skip
