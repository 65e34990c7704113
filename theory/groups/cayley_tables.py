"""Multiplication tables as integer arrays, and the group axioms decided exactly on
them."""

from __future__ import annotations

import numpy as np


class NotAGroup(ValueError):
    """A table that breaks an axiom: ``axiom`` names it, ``witness`` holds the elements
    (indices) that show it."""

    def __init__(self, axiom: str, witness: tuple[int, ...], text: str) -> None:
        super().__init__(text)
        self.axiom, self.witness = axiom, witness


class GroupTooLarge(ValueError):
    """The request needs more elements than exact work allows; the message names the
    limit and what to use instead."""


def magma_generators(table: np.ndarray) -> list[int]:
    """Elements, chosen greedily, whose products (in any bracketing) give the whole
    table."""
    n = len(table)
    inside = np.zeros(n, dtype=bool)
    chosen: list[int] = []
    while not inside.all():
        chosen.append(int(np.argmin(inside)))
        inside[chosen[-1]] = True
        new = np.array([chosen[-1]])
        while new.size:
            members = np.flatnonzero(inside)
            products = np.unique(
                np.concatenate([table[np.ix_(new, members)].ravel(), table[np.ix_(members, new)].ravel()])
            )
            new = products[~inside[products]]
            inside[new] = True
    return chosen


def light_test(table: np.ndarray) -> tuple[int, int, int] | None:
    """Decide associativity: None, or a triple (x, g, y) with (x g) y != x (g y).

    F. W. Light's observation: the elements g with (x g) y = x (g y) for all x, y are
    closed under products, so it is enough to try a set of generators. Exact, O(n^2) a
    generator. The triple is the first in order of generator, x, y.
    """
    for g in magma_generators(table):
        differ = table[table[:, g], :] != np.take(table, table[g, :], axis=1)  # several times faster than table[:, ...]
        if differ.any():
            x, y = np.unravel_index(int(differ.argmax()), differ.shape)
            return int(x), int(g), int(y)
    return None


def latin_failure(table: np.ndarray) -> tuple[str, int, int, int, int] | None:
    """None for a Latin square, or ("row" | "column", which, symbol, first place, second
    place) of the first repetition."""
    for name, lines in (("row", table), ("column", table.T)):
        ordered = np.sort(lines, axis=1)
        bad = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if bad.size:
            line = lines[bad[0]]
            first: dict[int, int] = {}
            for place, symbol in enumerate(line.tolist()):
                if symbol in first:
                    return name, int(bad[0]), symbol, first[symbol], place
                first[symbol] = place
    return None


def two_sided_identity(table: np.ndarray) -> int | None:
    """The element e with e x = x e = x for all x, if there is one (there is at most
    one)."""
    everything = np.arange(len(table))
    neutral = (table == everything).all(axis=1) & (everything == table.T).all(axis=1)
    return int(neutral.argmax()) if neutral.any() else None


def first_failure(table: np.ndarray) -> NotAGroup | None:
    """The first group axiom that a table breaks, in the order closure, associativity,
    identity, inverses; None for a group.

    Args:
        table: Square integer array with n >= 1 rows.
    """
    n = len(table)
    outside = (table < 0) | (table >= n)
    if outside.any():
        a, b = (int(k) for k in np.unravel_index(int(outside.argmax()), table.shape))
        return NotAGroup(
            "closure", (a, b), f"Closure fails: {a} * {b} = {int(table[a, b])} is none of the {n} elements."
        )
    triple = light_test(table)
    if triple is not None:
        x, g, y = triple
        left, right = int(table[table[x, g], y]), int(table[x, table[g, y]])
        return NotAGroup(
            "associativity",
            triple,
            f"Associativity fails: ({x} * {g}) * {y} = {left}, but {x} * ({g} * {y}) = {right}.",
        )
    e = two_sided_identity(table)
    if e is None:
        return NotAGroup("identity", (), "No element e satisfies e * x = x * e = x for every x.")
    lonely = np.flatnonzero(~((table == e) & (e == table.T)).any(axis=1))
    if lonely.size:
        return NotAGroup(
            "inverses",
            (int(lonely[0]),),
            f"No inverse: no y satisfies {int(lonely[0])} * y = y * {int(lonely[0])} = {e}.",
        )
    return None
