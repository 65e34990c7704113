"""Finite groups from generators and relations, by enumeration of cosets of the trivial
subgroup (Todd and Coxeter).

Words are those of :mod:`theory.groups.words`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.words import Word, word_text

MAX_COSETS = 20_000
MAX_STEPS = 10_000_000  # letters traced: some ten seconds
MAX_CELLS = 10_000_000  # entries of the table of cosets


class _Cosets:
    """The coset table: ``rows[c][x]`` is where letter x takes coset c, or -1; dead
    cosets point to what they were merged into."""

    def __init__(self, letters: int, limit: int) -> None:
        self.letters, self.limit = letters, min(limit, max(1, MAX_CELLS // max(1, letters)))
        self.steps = 0
        self.rows: list[list[int]] = [[-1] * letters]
        self.parent = [0]
        self.pending: list[tuple[int, int]] = []

    def find(self, c: int) -> int:
        while self.parent[c] != c:
            self.parent[c] = self.parent[self.parent[c]]
            c = self.parent[c]
        return c

    def define(self, c: int, x: int) -> int:
        if len(self.rows) >= self.limit:
            raise GroupTooLarge(
                f"More than {self.limit} cosets were needed; the relations may define a large or an infinite group. Give a table or permutations instead."
            )
        new = len(self.rows)
        self.rows.append([-1] * self.letters)
        self.parent.append(new)
        self.rows[c][x], self.rows[new][x ^ 1] = new, c
        return new

    def merge(self, a: int, b: int) -> None:
        self.pending.append((a, b))
        while self.pending:
            a, b = (self.find(c) for c in self.pending.pop())
            if a == b:
                continue
            a, b = min(a, b), max(a, b)
            self.parent[b] = a
            for x in range(self.letters):
                c = self.rows[b][x]
                if c >= 0:
                    self.link(a, x, c)

    def link(self, a: int, x: int, c: int) -> None:
        """Record a x = c, noting coincidences."""
        a, c = self.find(a), self.find(c)
        for start, letter, end in ((a, x, c), (c, x ^ 1, a)):
            known = self.rows[start][letter]
            if known < 0:
                self.rows[start][letter] = end
            elif self.find(known) != end:
                self.pending.append((known, end))

    def step(self, c: int, x: int) -> int:
        known = self.rows[c][x]
        return -1 if known < 0 else self.find(known)

    def trace(self, c: int, word: Sequence[int]) -> None:
        """Make the word close at c, defining cosets where needed."""
        self.steps += len(word)
        if self.steps > MAX_STEPS:
            raise GroupTooLarge(
                f"More than {MAX_STEPS} letters of relations were traced; the relations may define a large or an infinite group. Give a table or permutations instead."
            )
        here = self.find(c)
        start = here
        for x in word[:-1]:
            following = self.step(here, x)
            here = following if following >= 0 else self.define(here, x)
        if word:
            self.link(here, word[-1], start)
            self.merge(start, start)


def coset_table(generators: int, relators: Sequence[Word], limit: int = MAX_COSETS) -> np.ndarray:
    """Right multiplication by the generators on the group's elements, shape ``(n,
    generators)``; element 0 is the identity.

    Raises:
        GroupTooLarge: more than ``limit`` cosets were defined on the way, or the work
            is too much.
    """
    table = _Cosets(2 * generators, limit)
    letters = [[2 * (abs(k) - 1) + (k < 0) for k in word] for word in dict.fromkeys(map(tuple, relators))]
    c = 0
    while c < len(table.rows):
        if table.find(c) == c:
            for word in letters:
                table.trace(c, word)
                if table.find(c) != c:
                    break
            else:
                for x in range(2 * generators):
                    if table.rows[c][x] < 0:
                        table.define(c, x)
        c += 1
    alive = [c for c in range(len(table.rows)) if table.find(c) == c]
    place = {c: k for k, c in enumerate(alive)}
    rows = [[place[table.find(table.rows[c][x])] for x in range(2 * generators)] for c in alive]
    edges = np.array(rows, dtype=np.int64).reshape(len(alive), 2 * generators)
    for word in letters:  # every relator has to close at every element
        here = np.arange(len(alive))
        for x in word:
            here = edges[here, x]
        if (here != np.arange(len(alive))).any():
            raise ArithmeticError("The coset table does not satisfy its relators; this is a fault of the enumeration.")
    return edges[:, ::2]


def shortest_words(edges: np.ndarray, generators: Sequence[str]) -> list[str]:
    """A name for every element: its first shortest word in the generators, powers
    gathered, ``"e"`` for the identity (``"1"`` if a generator is called e)."""
    words: list[Word | None] = [None] * len(edges)
    words[0] = ()
    queue = [0]
    for x in queue:  # grows while it is walked
        for k in range(edges.shape[1]):
            y = int(edges[x, k])
            if words[y] is None:
                words[y] = (*words[x], k)  # type: ignore[misc]
                queue.append(y)
    return [word_text(word, generators) or ("1" if "e" in generators else "e") for word in words]  # type: ignore[arg-type]
