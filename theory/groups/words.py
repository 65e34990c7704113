"""Words in the generators of a group as books and computer algebra write them, and
relations between them.

A word is a sequence of nonzero integers: k for the k-th generator (from 1), -k for its
inverse. Words are read left to right as products.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

MAX_WORD = 2_000
MAX_RELATIONS = 10_000
MAX_LETTERS = 500_000  # of all relations together
MAX_DEPTH = 40
IDENTITIES = ("e", "1", "id", "identity")
Word = tuple[int, ...]
_NAME = re.compile(r"[^\W\d][\w']*|1")
_INTEGER = re.compile(r"-?\s*\d{1,6}(?!\d)|\(\s*-?\s*\d{1,6}\s*\)|\{\s*-?\s*\d{1,6}\s*\}")
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−·⋅∗×", "0123456789--****", "⁺")


class WordError(ValueError):
    """A text that is no product of powers of the generators."""


def inverse_word(word: Sequence[int]) -> Word:
    """The inverse letters in the opposite order.

    >>> inverse_word((1, -2))
    (2, -1)
    """
    return tuple(-k for k in reversed(word))


def read_word(text: str, generators: Sequence[str]) -> Word:
    """A product of powers, commutators and conjugates of the generators as a word.

    ``r^2*s``, ``(r s)^2``, ``r**4``, ``r^{-1}``, a raised digit, ``a/b`` = a b^-1,
    ``r^s`` = s^-1 r s, ``[a, b]`` = a^-1 b^-1 a b (and ``Comm(a, b)``), as GAP has
    them. A run of letters that is no generator is read letter by letter where the
    generators' names allow it in one way only: ``srs``. ``e``, ``1``, ``id`` and
    ``identity`` stand for the identity unless a generator has that name.

    >>> read_word("srs^-1", ["r", "s"])
    (2, 1, -2)
    >>> read_word("[r, s]", ["r", "s"])
    (-1, -2, 1, 2)

    Raises:
        WordError: an unknown letter, a missing exponent or parenthesis, a word longer
            than 2000 letters.
    """
    if not text.strip():
        raise WordError("Expected a word such as r^2*s, got an empty text. Write e for the identity.")
    reader = _Reader(text, generators)
    word = reader.product()
    if reader.at < len(reader.text):
        reader.fail()
    return tuple(word)


class _Reader:
    """Recursive descent over the grammar in :func:`read_word`."""

    def __init__(self, text: str, generators: Sequence[str]) -> None:
        self.shown, self.names = text.strip(), {name: k for k, name in enumerate(generators, start=1)}
        raised = _RAISED.sub(lambda found: f"^({found.group().translate(_PLAIN)})", text)
        self.text, self.at, self.depth = raised.translate(_PLAIN).replace("**", "^").strip(), 0, 0

    def fail(self) -> NoReturn:
        raise WordError(
            f"Expected a product such as r^2*s or (r*s)^2 of {', '.join(self.names)}, got {self.shown[:60]!r} (character {self.at + 1})."
        )

    def peek(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            self.fail()
        self.at += 1

    def product(self) -> list[int]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WordError(f"The word {self.shown[:40]!r} has more than {MAX_DEPTH} nested brackets.")
        word = self.factor()
        while (following := self.peek()) and following not in ")],":
            sign = following in "*/"
            self.at += sign
            factor = self.factor()
            word = self.check_length(word + (list(inverse_word(factor)) if following == "/" else factor))
        self.depth -= 1
        return word

    def factor(self) -> list[int]:
        """Atoms of one run of letters, the exponent belonging to the last."""
        *before, last = self.atoms()
        if self.peek() == "^":
            self.at += 1
            last = self.power(last)
            if self.peek() == "^":
                self.fail()  # r^2^3: which comes first
        return self.check_length([letter for atom in before for letter in atom] + last)

    def power(self, base: list[int]) -> list[int]:
        """A power by an integer, or the conjugate by a word."""
        self.peek()
        found = _INTEGER.match(self.text, self.at)
        if found is None:
            *more, by = self.atoms()
            return self.check_length([*inverse_word(by), *base, *by]) if not more else self.fail()
        self.at = found.end()
        exponent = int(re.sub(r"[(){}\s]", "", found.group()))
        if abs(exponent) * len(base) > MAX_WORD:
            self.check_length([0] * (MAX_WORD + 1))
        return (base if exponent > 0 else list(inverse_word(base))) * abs(exponent)

    def atoms(self) -> list[list[int]]:
        """A bracket, a name, or a run of one-letter names."""
        opening = self.peek()
        if opening == "(":
            self.at += 1
            word = self.product()
            self.take(")")
            return [word]
        if opening == "[":
            self.at += 1
            return [self.commutator("]")]
        found = _NAME.match(self.text, self.at)
        if found is None:
            self.fail()
        name = found.group()
        self.at = found.end()
        if name == "Comm" and name not in self.names and self.peek() == "(":
            self.at += 1
            return [self.commutator(")")]
        return self.letters(name)

    def commutator(self, closing: str) -> list[int]:
        """Left-normed, as GAP has it: [a, b, c] = [[a, b], c]."""
        word = self.product()
        self.take(",")
        while True:
            other = self.product()
            word = self.check_length([*inverse_word(word), *inverse_word(other), *word, *other])
            if self.peek() != ",":
                self.take(closing)
                return word
            self.at += 1

    def letters(self, name: str) -> list[list[int]]:
        if name in self.names:
            return [[self.names[name]]]
        if name in IDENTITIES:
            return [[]]
        ways = _split(name, self.names)
        if len(ways) == 1:
            return [[self.names[part]] for part in ways[0]]
        hint = " Put * between letters."
        if len(ways) > 1:
            hint = f" It could be {' or '.join('*'.join(way) for way in ways[:2])}: put * between letters."
        elif name.endswith("'") and name.rstrip("'") in self.names:
            hint = f" Write {name.rstrip(chr(39))}^-1 for an inverse."
        elif name.swapcase() in self.names:
            hint = f" Write {name.swapcase()}^-1 if that is meant."
        elif (split := re.fullmatch(r"([^\W\d]+)(\d+)", name)) and split[1] in self.names:
            hint = f" Write {split[1]}^{split[2]} for a power."
        raise WordError(
            f"Unknown letter {name!r} in {self.shown[:60]!r}; the generators are {', '.join(self.names)}.{hint}"
        )

    def check_length(self, word: list[int]) -> list[int]:
        if len(word) > MAX_WORD:
            raise WordError(f"The word {self.shown[:40]!r} has more than {MAX_WORD} letters.")
        return word


def _split(text: str, names: Mapping[str, int]) -> list[list[str]]:
    """At most two ways to write the text as a run of names."""
    ways: list[list[list[str]]] = [[[]]] + [[] for _ in text]
    for end in range(1, len(text) + 1):
        for name in names:
            if text.endswith(name, 0, end) and end >= len(name):
                ways[end] += [[*way, name] for way in ways[end - len(name)]]
        ways[end] = ways[end][:2]
    return ways[-1]


def read_relations(text: str, generators: Sequence[str]) -> list[Word]:
    """A chain of equations as words that are trivial; a word alone is a relator.

    >>> read_relations("r^4 = s^2 = 1", ["r", "s"])
    [(1, 1, 1, 1), (2, 2)]

    Raises:
        WordError: a side that cannot be read.
    """
    *sides, last = (read_word(side, generators) for side in re.split("={1,2}", text))
    return [side + inverse_word(last) for side in sides] or [last]


def read_all_relations(texts: Iterable[str], generators: Sequence[str]) -> list[tuple[str, Word]]:
    """Every different text with each of its words, as :func:`read_relations` reads
    them.

    >>> read_all_relations(["r^2", "r^2", "s = 1"], ["r", "s"])
    [('r^2', (1, 1)), ('s = 1', (2,))]

    Raises:
        WordError: a text that cannot be read; more relations than
            :data:`MAX_RELATIONS`, or more letters than :data:`MAX_LETTERS`.
    """
    found: list[tuple[str, Word]] = []
    letters = 0
    for text in dict.fromkeys(texts):
        words = read_relations(text, generators)
        found += [(text, word) for word in words]
        letters += sum(map(len, words))
        if len(found) > MAX_RELATIONS or letters > MAX_LETTERS:
            raise WordError(
                f"There are more than {MAX_RELATIONS} relations, or more than {MAX_LETTERS} letters in them. Give a table or permutations instead."
            )
    return found


def read_relation(text: str, generators: Sequence[str]) -> Word:
    """``"s*r*s = r^-1"`` or ``"r^4"`` (= e) as one word that is trivial.

    Raises:
        WordError: a side that cannot be read, or a chain of several equations, which
            :func:`read_relations` reads.
    """
    words = read_relations(text, generators)
    if len(words) > 1:
        raise WordError(f"Expected one '=' at most in the relation {text[:60]!r}.")
    return words[0]


def word_text(word: Sequence[int], generators: Sequence[str]) -> str:
    """A product of generators (numbered from 0) as :func:`read_word` reads it.

    >>> word_text((0, 0, 1), ["r", "s"])
    'r^2*s'
    """
    runs: list[list[int]] = []
    for k in word:
        if runs and runs[-1][0] == k:
            runs[-1][1] += 1
        else:
            runs.append([k, 1])
    return "*".join(generators[k] if count == 1 else f"{generators[k]}^{count}" for k, count in runs)
