"""The Knothe-Rosenblatt map of distributions that are uniform on the cells of a table,
exactly: which images are uniform, which inverses continuous.

Distribution functions of such distributions may have flat parts (cells without mass)
and jumps (cells of length 0, which are atoms), and nothing is assumed of their
densities. All masses are integers, all levels fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise, product
from math import prod

from theory.proof.statements import Enumeration, Family

__all__ = [
    "Table",
    "atoms_fall_behind",
    "atoms_on_the_line",
    "continuous_inverse",
    "gapless_projections",
    "small_tables",
    "two_squares",
    "uniform_image",
]


@dataclass(frozen=True)
class Table:
    """Masses of the cells of a grid, row by row.

    Args:
        shape: Cells along each axis. masses: Nonnegative integers, not all zero, one a
            cell.
        atoms: Cells of the last axis, by number, that have length 0.
    """

    shape: tuple[int, ...]
    masses: tuple[int, ...]
    atoms: tuple[int, ...] = ()

    def slices(self) -> list[tuple[int, Table | None]]:
        """For each cell of the first axis its mass, and the table of the other axes
        inside it (None on the line)."""
        step = len(self.masses) // self.shape[0]
        parts = [self.masses[k * step : (k + 1) * step] for k in range(self.shape[0])]
        rest = self.shape[1:]
        return [(sum(part), Table(rest, part, self.atoms) if rest else None) for part in parts]


LEVELS = tuple(Fraction(k, 7) for k in (3, 5, 1, 2, 6))  # of boxes

# -- uniformity -----------------------------------------------------------------------------------------------------------


def probability_below(table: Table, levels: Sequence[Fraction]) -> Fraction:
    """P(f_1 <= u_1, .., f_D <= u_D), integrated cell by cell: where the distribution
    function stays below a level, at what share of the cell."""
    slices = table.slices()
    whole, reached, found = sum(mass for mass, _ in slices), 0, Fraction(0)
    for k, (mass, rest) in enumerate(slices):
        low, high = Fraction(reached, whole), Fraction(reached + mass, whole)
        reached += mass
        if mass == 0:
            continue
        if rest is None and k in table.atoms:
            share = Fraction(high <= levels[0])  # a whole atom goes to the upper end of its jump
        else:
            share = min(max((levels[0] - low) / (high - low), Fraction(0)), Fraction(1))
        found += Fraction(mass, whole) * share * (probability_below(rest, levels[1:]) if rest else 1)
    return found


def _uniform_by_integration(table: Table) -> bool:
    levels = LEVELS[: {1: 5, 2: 3}.get(len(table.shape), 2)]
    return all(probability_below(table, corner) == prod(corner) for corner in product(levels, repeat=len(table.shape)))


def _uniform_by_boxes(table: Table) -> bool:
    """Every cell goes to a box of the cube, affinely: the image is uniform exactly if
    each box has the volume of its mass."""
    total = sum(table.masses)
    cells = list(product(*(range(size) for size in table.shape)))
    mass = dict(zip(cells, table.masses, strict=True))

    def length(cell: tuple[int, ...], axis: int) -> Fraction:
        """Of the levels that the cell takes along one axis: none, if the cell is an
        atom there."""
        if axis == len(cell) - 1 and cell[axis] in table.atoms:
            return Fraction(0)
        same = sum(mass[c] for c in cells if c[: axis + 1] == cell[: axis + 1])
        return Fraction(same, sum(mass[c] for c in cells if c[:axis] == cell[:axis]))

    return all(
        prod(length(cell, axis) for axis in range(len(cell))) == Fraction(mass[cell], total)
        for cell in cells
        if mass[cell]
    )


def uniform_image(tables: Callable[[], Family]) -> Enumeration:
    """f(X) is uniform on the cube, with continuous conditional distribution functions
    and nothing else assumed."""
    return Enumeration("the image is uniform", tables(), _uniform_by_integration, _uniform_by_boxes)


def small_tables() -> Family:
    """Every table of 1 to 4 cells on a line with masses 0, 1, 2, of 2 x 2 cells
    likewise, and of 2 x 2 x 2 cells with masses 0, 1."""

    def members() -> Iterator[Table]:
        kinds = [*(((n,), 3) for n in range(1, 5)), ((2, 2), 3), ((2, 2, 2), 2)]
        for shape, values in kinds:
            for masses in product(range(values), repeat=prod(shape)):
                if any(masses):
                    yield Table(shape, masses)

    size = sum(3**n - 1 for n in range(1, 5)) + 3**4 - 1 + 2**8 - 1
    return Family(
        "tables of at most 4 cells a line, 2 x 2 and 2 x 2 x 2 cells, cells without mass among them", members, size
    )


def atoms_on_the_line() -> Family:
    """Tables of 2 and 3 cells on a line with masses 1, 2, one cell of which is an
    atom."""

    def members() -> Iterator[Table]:
        for n in (2, 3):
            for masses in product((1, 2), repeat=n):
                for atom in range(n):
                    yield Table((n,), masses, (atom,))

    return Family("tables of 2 and 3 cells, one of them an atom", members, 2 * 2**2 + 3 * 2**3)


def atoms_fall_behind() -> Enumeration:
    """With an atom P(F(X) <= u) is u, except inside the jump, where it is the jump's
    lower end: never above u."""

    def ends(table: Table) -> list[tuple[Fraction, Fraction]]:
        values = [0, *accumulate(table.masses)]
        return [(Fraction(a, values[-1]), Fraction(b, values[-1])) for a, b in pairwise(values)]

    def from_below(item: tuple[Table, Fraction]) -> bool:
        table, level = item
        jumps = [ends(table)[k] for k in table.atoms]
        return probability_below(table, [level]) == next((low for low, high in jumps if low < level < high), level)

    def from_above(item: tuple[Table, Fraction]) -> bool:
        """1 - P(F(X) > u): the part of every cell above the level, and atoms that jump
        beyond it."""
        table, level = item
        above = Fraction(0)
        for k, (low, high) in enumerate(ends(table)):
            above += (high > level) * (high - low) if k in table.atoms else max(high - max(low, level), Fraction(0))
        return above >= 1 - level and (above == 1 - level) == all(
            not low < level < high for low, high in (ends(table)[k] for k in table.atoms)
        )

    tables = atoms_on_the_line()
    family = Family(f"levels of {tables.description}", lambda: product(tables, LEVELS), tables.size * len(LEVELS))
    return Enumeration("an atom falls behind the uniform distribution inside its jump", family, from_below, from_above)


# -- inverses -------------------------------------------------------------------------------------------------------------


def _conditionals(table: Table) -> Iterator[tuple[int, ...]]:
    """Masses along an axis, given each cell of the earlier axes that has mass."""
    slices = table.slices()
    yield tuple(mass for mass, _ in slices)
    for mass, rest in slices:
        if mass and rest is not None:
            yield from _conditionals(rest)


def _quantiles_agree(masses: tuple[int, ...]) -> bool:
    """inf {x: F(x) >= v} is sup {x: F(x) <= v} at every level v strictly between 0 and
    1 that F takes at an edge."""
    values = [0, *accumulate(masses)]
    inner = {v for v in values if 0 < v < values[-1]}
    return all(
        min(x for x, v in enumerate(values) if v >= level) == max(x for x, v in enumerate(values) if v <= level)
        for level in inner
    )


def _continuous_by_quantiles(table: Table) -> bool:
    return all(_quantiles_agree(masses) for masses in _conditionals(table))


def _continuous_by_neighbours(table: Table) -> bool:
    """Cells with mass that follow each other in level follow each other in space."""
    cells = [c for c, m in zip(product(*(range(size) for size in table.shape)), table.masses, strict=True) if m]
    for axis in range(len(table.shape)):
        for before in {c[:axis] for c in cells}:
            places = sorted({c[axis] for c in cells if c[:axis] == before})
            if places != list(range(places[0], places[-1] + 1)):
                return False
    return True


def continuous_inverse(tables: Callable[[], Family]) -> Enumeration:
    """Every level of every coordinate has one preimage, so that the map is a bijection
    onto the open cube with a continuous inverse."""
    return Enumeration(
        "no level of a coordinate has two preimages", tables(), _continuous_by_quantiles, _continuous_by_neighbours
    )


def _intervals(n: int) -> list[tuple[int, ...]]:
    """Rows of n cells whose mass lies on an interval: n (n + 1)/2 of them."""
    return [tuple(int(a <= k < b) for k in range(n)) for a in range(n) for b in range(a + 1, n + 1)]


def gapless_projections(n: int = 3) -> Family:
    """n x n tables of masses 0, 1 whose projections have intervals as fibres: the rows
    with mass follow each other, and in each the cells do."""

    def members() -> Iterator[Table]:
        for a in range(n):
            for b in range(a + 1, n + 1):
                for rows in product(_intervals(n), repeat=b - a):
                    empty = (0,) * n
                    yield Table((n, n), tuple(m for row in (*[empty] * a, *rows, *[empty] * (n - b)) for m in row))

    size = sum((n - k + 1) * (n * (n + 1) // 2) ** k for k in range(1, n + 1))
    return Family(f"{n} x {n} tables whose projections have intervals as fibres", members, size)


def two_squares() -> Family:
    """(0,1)^2 and (2,3)^2, each with mass one half: along either coordinate every fibre
    is an interval, and x_1 misses (1, 2)."""
    table = Table((3, 3), (1, 0, 0, 0, 0, 0, 0, 0, 1))
    return Family("the squares (0,1)^2 and (2,3)^2 of equal mass", lambda: [table], 1)
