"""The checkerboard's sampler, exactly: which cell its column and its coin lead to, on
boards of every even half width, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from theory.proof.statements import Enumeration, Family

__all__ = ["Remainder", "floored_remainder", "sampler_meets_even_cells", "truncated_remainder"]

Remainder = Callable[[int], int]


def floored_remainder(k: int) -> int:
    """k mod 2 of floored division, in {0, 1}."""
    return k % 2


def truncated_remainder(k: int) -> int:
    """k rem 2 of truncated division, as in C: -1 for negative odd numbers."""
    return k - 2 * int(k / 2)


def sampler_meets_even_cells(
    half_widths: Sequence[int] = (2, 4, 6, 8), remainder: Remainder = floored_remainder
) -> Enumeration:
    """Column i and coin b lead to row 2b - m + (i mod 2): every cell with i + j even is
    met once, every other never, and none outside.

    Decided by listing all outcomes, and by solving for b; colours by parity, and by
    walking over the board from its corner.

    Args:
        half_widths: m, even: the board has 2m x 2m cells; beside it a frame of two
            cells is looked at.
        remainder: i mod 2.
    """
    boards = {m: [(i, 2 * b - m + remainder(i)) for i in range(-m, m) for b in range(m)] for m in half_widths}

    def listed(member: tuple[int, int, int]) -> bool:
        m, i, j = member
        inside = -m <= i < m and -m <= j < m
        return boards[m].count((i, j)) == int(inside and (i + j) % 2 == 0)

    def solved(member: tuple[int, int, int]) -> bool:
        m, i, j = member
        twice = j + m - remainder(i)
        met = -m <= i < m and twice in range(0, 2 * m, 2)
        black = True
        for _ in range(i + m + j + m + 8):  # a walk along edges changes the colour at every step
            black = not black
        return met == (black and -m <= i < m and -m <= j < m)

    size = sum((2 * m + 4) ** 2 for m in half_widths)
    text = f"cells of boards of half width {', '.join(map(str, half_widths))} and of a frame of two around them"
    members = Family(text, lambda: ((m, i, j) for m in half_widths for i in range(-m - 2, m + 2) for j in range(-m - 2, m + 2)), size)  # fmt: skip
    return Enumeration("the sampler meets the even cells once each", members, listed, solved)
