"""Finite groups from generators and relations, by enumeration of cosets of the trivial subgroup (Todd and Coxeter).

A word is a sequence of nonzero integers: k for the k-th generator (from 1), -k for its inverse. Words are read left to right as
products.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge

MAX_COSETS = 20_000
MAX_WORD = 2_000
MAX_RELATIONS = 10_000
MAX_LETTERS = 500_000  # of all relations together
MAX_STEPS = 10_000_000  # letters traced: some ten seconds
MAX_CELLS = 10_000_000  # entries of the table of cosets
Word = tuple[int, ...]
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9']*|1")
_EXPONENT = re.compile(r"\s*\^\s*(-?\s*\d{1,6}|\(\s*-?\s*\d{1,6}\s*\))")


class WordError(ValueError):
    """A text that is no product of powers of the generators."""


def read_word(text: str, generators: Sequence[str]) -> Word:
    """``"r^2*s"`` or ``"(a*b)^3"`` as a word; ``"e"`` and ``"1"`` are the identity unless a generator has that name. Factors stand in order, * between them.

    Raises:
        WordError: an unknown letter, a missing exponent or parenthesis, a word longer than 2000 letters.
    """
    if not text.strip():
        raise WordError("Expected a word such as r^2*s, got an empty text. Write e for the identity.")
    numbers = {name: k for k, name in enumerate(generators, start=1)}
    open_parts: list[list[int]] = [[]]  # one for each parenthesis that is open, and the whole
    at, wanted = 0, True  # wanted: a factor has to come
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "(":
            open_parts.append([])
            at, wanted = at + 1, True
        elif text[at] == "*" and not wanted:
            at, wanted = at + 1, True
        elif text[at] == ")" and not wanted and len(open_parts) > 1:
            at = _append(open_parts, open_parts.pop(), text, at + 1)
        elif (match := _NAME.match(text, at)) is not None:
            at, wanted = _append(open_parts, _letter(match.group(), numbers, text), text, match.end()), False
        else:
            break
    if at < len(text) or wanted or len(open_parts) > 1:
        raise WordError(
            f"Expected a product such as r^2*s or (r*s)^2 of {', '.join(generators)}, got {text.strip()[:60]!r} (character {min(at, len(text)) + 1})."
        )
    return tuple(open_parts[0])


def _letter(name: str, numbers: Mapping[str, int], text: str) -> list[int]:
    if name not in numbers and name not in ("e", "1"):
        raise WordError(
            f"Unknown letter {name!r} in {text.strip()[:60]!r}; the generators are {', '.join(numbers)}. Put * between letters."
        )
    return [numbers[name]] if name in numbers else []


def _append(open_parts: list[list[int]], factor: list[int], text: str, at: int) -> int:
    """Put a factor, to the power that follows it, at the end of the innermost part; where the text goes on."""
    match = _EXPONENT.match(text, at)
    exponent = int(re.sub(r"[()\s]", "", match.group(1))) if match else 1
    if len(open_parts[-1]) + abs(exponent) * len(factor) > MAX_WORD:
        raise WordError(f"The word {text.strip()[:40]!r} has more than {MAX_WORD} letters.")
    open_parts[-1] += (factor if exponent > 0 else [-k for k in reversed(factor)]) * abs(exponent)
    return match.end() if match else at


def read_relation(text: str, generators: Sequence[str]) -> Word:
    """``"s*r*s = r^-1"`` or ``"r^4"`` (= e) as a word that is trivial."""
    sides = text.split("=")
    if len(sides) > 2:
        raise WordError(f"Expected one '=' at most in the relation {text[:60]!r}.")
    left = read_word(sides[0], generators)
    return left + tuple(-k for k in reversed(read_word(sides[1], generators))) if len(sides) == 2 else left


def read_relations(texts: Iterable[str], generators: Sequence[str]) -> dict[str, Word]:
    """Every different relation, as :func:`read_relation` reads it, by its text.

    Raises:
        WordError: one that cannot be read; more than :data:`MAX_RELATIONS`, or more letters than :data:`MAX_LETTERS` in all.
    """
    found: dict[str, Word] = {}
    letters = 0
    for text in dict.fromkeys(texts):
        found[text] = read_relation(text, generators)
        letters += len(found[text])
        if len(found) > MAX_RELATIONS or letters > MAX_LETTERS:
            raise WordError(
                f"There are more than {MAX_RELATIONS} relations, or more than {MAX_LETTERS} letters in them. Give a table or permutations instead."
            )
    return found


class _Cosets:
    """The coset table: ``rows[c][x]`` is where letter x takes coset c, or -1; dead cosets point to what they were merged into."""

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
    """Right multiplication by the generators on the group's elements, shape ``(n, generators)``; element 0 is the identity.

    Raises:
        GroupTooLarge: more than ``limit`` cosets were defined on the way, or the work is too much.
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
    """A name for every element: its first shortest word in the generators, powers gathered, ``"e"`` for the identity (``"1"`` if a generator is called e)."""
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


def word_text(word: Sequence[int], generators: Sequence[str]) -> str:
    """A product of generators (numbered from 0) as :func:`read_word` reads it: ``"r^2*s"``."""
    runs: list[list[int]] = []
    for k in word:
        if runs and runs[-1][0] == k:
            runs[-1][1] += 1
        else:
            runs.append([k, 1])
    return "*".join(generators[k] if count == 1 else f"{generators[k]}^{count}" for k, count in runs)
