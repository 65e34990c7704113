"""Equations between words: explicit derivations, and completion of Knuth and Bendix,
which decides many of them on its own.

Words are texts of one-character letters; the empty text is the unit, and associativity
is built in. With an adjoint for every letter a hypothesis u = v brings its adjoint u* =
v* along, where a word's adjoint is that of its letters in reverse order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from theory.proof.statements import Enumeration, Family

MAX_RULES = 400
_JOINING_RULES = 40  # enough for two sides to meet; completion need not end for that
Rule = tuple[str, str]


class NotCompleted(ArithmeticError):
    """Completion stopped at its limit; the rules found so far prove equalities but
    decide nothing."""


@dataclass(frozen=True)
class WordTheorem:
    """``left = right`` from ``hypotheses``, with ``chain``: words from left to right,
    each a hypothesis away from the one before.

    Args:
        name: For printing.
        left, right: The words claimed equal.
        hypotheses: Pairs of words; with ``adjoints`` their adjoints are hypotheses too.
        chain: The words in between.
        adjoints: For each letter the letter of its adjoint; empty where there is none.
        meaning: What each letter stands for.
    """

    name: str
    left: str
    right: str
    hypotheses: tuple[Rule, ...]
    chain: tuple[str, ...] = ()
    adjoints: Mapping[str, str] = field(default_factory=dict)
    meaning: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.left or '1'} = {self.right or '1'}"

    @property
    def all_hypotheses(self) -> tuple[Rule, ...]:
        """The hypotheses, and their adjoints where letters have one."""
        if not self.adjoints:
            return self.hypotheses
        return (*self.hypotheses, *((adjoint(u, self.adjoints), adjoint(v, self.adjoints)) for u, v in self.hypotheses))


def derivations(theorems: Sequence[WordTheorem], size: int, name: str = "derivations") -> Enumeration:
    """Every theorem's chain replayed, and its two sides joined by completion, which
    makes no use of the chain.

    Args:
        theorems: What is derived. size: How many there should be.
    """
    family = Family("derivations between words, for matrices of every size", lambda: iter(theorems), size)
    return Enumeration(name, family, replays, joins)


def adjoint(word: str, adjoints: Mapping[str, str]) -> str:
    """The adjoint of a word."""
    return "".join(adjoints[letter] for letter in reversed(word))


def replays(theorem: WordTheorem) -> bool:
    """Each word of the chain becomes the next by exchanging one factor, one side of a
    hypothesis, for the other side."""
    chain = [theorem.left, *theorem.chain, theorem.right]
    rules = [pair for u, v in theorem.all_hypotheses for pair in ((u, v), (v, u))]
    return all(any(_one_step(here, there, u, v) for u, v in rules) for here, there in itertools.pairwise(chain))


def _one_step(here: str, there: str, u: str, v: str) -> bool:
    return any(
        here.startswith(u, k) and here[:k] + v + here[k + len(u) :] == there for k in range(len(here) - len(u) + 1)
    )


def joins(theorem: WordTheorem, limit: int = _JOINING_RULES) -> bool:
    """Completion of the hypotheses reduces both sides to one word; no use is made of
    the chain.

    Every rule made on the way is a consequence of the hypotheses, so True is a proof
    even where completion was cut short; False is one only where it ended.
    """
    try:
        rules = complete(theorem.all_hypotheses, limit)
    except NotCompleted as stopped:
        rules = stopped.args[1]
    return reduce_word(theorem.left, rules) == reduce_word(theorem.right, rules)


def reduce_word(word: str, rules: Mapping[str, str]) -> str:
    """The word with rules applied, leftmost first, until none applies."""
    changed = True
    while changed:
        changed = False
        for left, right in rules.items():
            if left in word:
                word, changed = word.replace(left, right, 1), True
    return word


def complete(equations: Iterable[Rule], limit: int = MAX_RULES) -> dict[str, str]:
    """A confluent set of rules, longer words to shorter ones (alphabetically smaller
    ones at equal length).

    Two words are then equal in every monoid in which the equations hold exactly if they
    reduce to one word.

    Raises:
        NotCompleted: more than ``limit`` rules; its second argument holds the rules
            found.
    """
    rules: dict[str, str] = {}
    pending = sorted(equations, key=lambda pair: len(pair[0]) + len(pair[1]), reverse=True)
    made = 0
    while pending:
        u, v = (reduce_word(word, rules) for word in pending.pop())
        if u == v:
            continue
        if (len(u), u) < (len(v), v):
            u, v = v, u
        made += 1
        if made > limit:
            raise NotCompleted(
                f"Completion made more than {limit} rules. The chain still proves its theorem; or raise limit=.", rules
            )
        for left in [left for left in rules if u in left]:  # what the new rule makes superfluous is taken back
            pending.append((left, rules.pop(left)))
        rules[u] = v
        fresh = [
            pair
            for left, right in list(rules.items())
            for pair in (*_overlaps(u, v, left, right), *_overlaps(left, right, u, v))
        ]
        pending = sorted([*pending, *fresh], key=lambda pair: len(pair[0]) + len(pair[1]), reverse=True)
    return rules


def _overlaps(u: str, v: str, left: str, right: str) -> list[Rule]:
    """The two ways to rewrite x y z, where u = x y and left = y z with y not empty."""
    found = []
    for k in range(1, min(len(u), len(left)) + 1):
        if u.endswith(left[:k]):
            found.append((v + left[k:], u[: len(u) - k] + right))
    return found


def irreducible_words(alphabet: Sequence[str], rules: Mapping[str, str], limit: int = 10_000) -> list[str]:
    """All words that no rule shortens, by length and then alphabetically: the elements
    of the monoid, one word each.

    Raises:
        NotCompleted: more than ``limit`` of them, perhaps infinitely many.
    """
    found, layer = [""], [""]
    while layer:
        layer = [
            word + letter
            for word in layer
            for letter in sorted(alphabet)
            if not any((word + letter).endswith(left) for left in rules)
        ]
        found += layer
        if len(found) > limit:
            raise NotCompleted(f"More than {limit} irreducible words; the monoid may be infinite.", dict(rules))
    return found


def complete_presentation(relators: Iterable[str]) -> dict[str, str]:
    """Completed rules of a group whose generators are small letters, their inverses the
    same letters in capitals.

    Raises:
        NotCompleted: the limit was reached.
    """
    relators = list(relators)
    letters = sorted({letter.lower() for word in relators for letter in word})
    inverses = [(x + x.upper(), "") for x in letters] + [(x.upper() + x, "") for x in letters]
    return complete([*inverses, *((word, "") for word in relators)])
