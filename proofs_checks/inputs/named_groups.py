"""A finite group with the user's names for its elements, from generators with
relations, permutations or a table.

In JSON one of::

    {"generators": ["r", "s"], "relations": ["r^4", "s^2", "s*r*s = r^-1"]}
    {"permutations": {"r": [1, 2, 3, 0], "s": "(2,4)"}}           images, or cycles as text or lists; (a*b)(x) = a(b(x))
    {"table": [["e", "a"], ["a", "e"]]}                             row a, column b holds a*b; first row and column list the elements

and, for the first two, optionally ``"elements": {"rs": "r*s", ...}``: names for words
in the generators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import Struct

from proofs_checks.errors import InputError
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.group_documents import as_document
from proofs_checks.inputs.group_table_labels import CORNERS, LabelledTable, labelled_table, with_labels
from proofs_checks.inputs.permutations import read_permutations
from proofs_checks.wording import short
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import GroupTooLarge, NotAGroup
from theory.groups.finite_groups import from_presentation
from theory.groups.words import WordError, read_all_relations, read_word

MAX_GROUP = 1024
MAX_GENERATORS = 4096
MAX_IMAGES = 2**25  # of all elements together, where permutations list them: 256 MB
INSTEAD = "Give the matrices on generators without the group: then they are decomposed numerically, degree up to 2048, group up to 20000 elements."


class GroupDocument(Struct, forbid_unknown_fields=True):
    """The group as it is written down."""

    generators: list[str] | None = None
    relations: list[str] | None = None
    permutations: Any = None
    table: list[list[str | int]] | None = None
    labels: list[Any] | None = None
    elements: dict[str, str] | None = None

    @property
    def kind(self) -> str:
        """The one of the three ways in which it is given; empty where it is none, or
        several.
        """
        found = [name for name in ("relations", "permutations", "table") if getattr(self, name) is not None]
        alone = self.table is None or (self.elements is None and self.generators is None)
        only = self.permutations is None or self.generators is None
        return found[0] if len(found) == 1 and alone and only else ""


@dataclass(frozen=True)
class NamedGroup:
    """A group with the user's names: ``shown`` in the user's order, each standing
    for an element; ``note`` says how an ambiguous notation was read.
    """

    group: FiniteGroup
    names: Mapping[str, int]
    generators: tuple[str, ...]
    shown: tuple[str, ...]
    note: str = ""

    def index(self, text: str) -> int:
        """The element with this name, or that this word in the generators gives."""
        if text in self.names:
            return self.names[text]
        if not self.generators:
            raise InputError(f"No element is called {short(text)}; there are {', '.join(list(self.names)[:12])}.")
        try:
            word = read_word(text, self.generators)
        except WordError as error:
            raise InputError(f"{short(text)} is neither an element's name nor a word. {error}") from None
        return self.evaluate(word)

    def evaluate(self, word: Sequence[int]) -> int:
        """The element that a word in the generators gives."""
        out = 0
        for letter in word:
            g = self.names[self.generators[abs(letter) - 1]]
            out = int(self.group.multiply(out, g if letter > 0 else self.group.inverses[g]))
        return out

    def label(self, element: int) -> str:
        """The user's name for an element."""
        return next((name for name in self.shown if self.names[name] == element), self.group.names[element])


def read_group(data: Any, limit: int = MAX_GROUP, instead: str = INSTEAD) -> NamedGroup:
    """The group of a document; beyond ``limit`` elements the user is told what to do
    ``instead``.

    Raises:
        InputError: naming the place, what was expected there, and what came.
    """
    document = decode(as_document(data) or data, GroupDocument, "group")
    try:
        if document.kind == "permutations":
            named = _from_permutations(document, limit)
        elif document.kind == "relations":
            named = _from_relations(document)
        elif document.kind == "table":
            named = _from_table(document.table or [], document.labels)
        else:
            raise InputError(
                "Expected generators and relations, or permutations, or a table in group, "
                f"got {', '.join(sorted(map(str, data))) or 'an object without fields'}."
            )
    except GroupTooLarge as error:
        raise InputError(f"The group is too large for exact work. {error} {instead}") from None
    if named.group.order > limit:
        raise InputError(
            f"The group has {named.group.order} elements; this audit multiplies all pairs and stops at {limit}. {instead}"
        )
    return named


def _letters(names: Sequence[str] | None, place: str) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names) or not all(x.isidentifier() and x.isascii() for x in names):
        raise InputError(f'Expected different names such as "r", "s" in {place}, got {short(names and list(names))}.')
    if len(names) > MAX_GENERATORS:
        raise InputError(f"{place} names {len(names)} generators; at most {MAX_GENERATORS} are read.")
    return tuple(names)


def _from_relations(document: GroupDocument) -> NamedGroup:
    letters = _letters(document.generators, "group.generators")
    try:
        relations = [word for _, word in read_all_relations(document.relations or (), letters)]
    except WordError as error:
        raise InputError(f"In group.relations: {error}") from None
    group, images = from_presentation(letters, relations)
    return _with_names(group, letters, images, document.elements)


def _from_permutations(document: GroupDocument, limit: int) -> NamedGroup:
    given, note = read_permutations(document.permutations, "group.permutations")
    letters = _letters(list(given), "group.permutations")
    limit = min(limit, max(1, MAX_IMAGES // max(map(len, given.values()))))
    try:
        group = FiniteGroup.from_permutations([given[x] for x in letters], limit=limit)
    except GroupTooLarge:
        raise GroupTooLarge(f"The permutations generate more than {limit} elements, where this audit stops.") from None
    assert group.elements is not None  # they are the permutations that were multiplied
    where = {tuple(row): k for k, row in enumerate(group.elements.tolist())}
    images = {x: where[tuple(given[x])] for x in letters}
    return replace(_with_names(group, letters, images, document.elements), note=note)


def _with_names(
    group: FiniteGroup, letters: tuple[str, ...], images: Mapping[str, int], elements: Mapping[str, str] | None
) -> NamedGroup:
    if elements is None:
        return _named_by_words(group, letters, images)
    if len(elements) > group.order:
        raise InputError(f"group.elements has {len(elements)} names for {group.order} elements; one names each.")
    plain = NamedGroup(group, dict(images), letters, ())
    names = dict(images)
    for name, word in elements.items():
        value = plain.index(word)
        if names.get(name, value) != value:
            raise InputError(
                f"In group.elements: {short(name)} already stands for a generator, and {short(word)} is another element."
            )
        names[name] = value
    shown = tuple(elements)
    if len({names[name] for name in shown}) != len(shown):
        a, b = next((a, b) for k, a in enumerate(shown) for b in shown[:k] if names[a] == names[b])
        raise InputError(
            f"In group.elements: {short(b)} and {short(a)} stand for one element under the relations given. Check the relations."
        )
    return NamedGroup(group, names, letters, shown)


def _named_by_words(group: FiniteGroup, letters: tuple[str, ...], images: Mapping[str, int]) -> NamedGroup:
    """Every element under the first word that reaches it, the identity as e."""
    names = {"1" if "e" in images else "e": 0, **images}
    known = {x: name for name, x in reversed(names.items())}
    shown = dict(names)
    for x, parent, k in group.walk([images[a] for a in letters]) if group.order > 1 else []:
        if x not in known:
            known[x] = _lengthened(known[parent], letters[k]) if parent else letters[k]
            shown[known[x]] = x
    return NamedGroup(group, shown, letters, tuple(shown))


def _lengthened(word: str, letter: str) -> str:
    """The word with one letter more, a run written as a power: r*s^2 after r*s."""
    head, star, last = word.rpartition("*")
    base, _, power = last.partition("^")
    return f"{head}{star}{letter}^{int(power or 1) + 1}" if base == letter else f"{word}*{letter}"


def _from_table(rows: list[list[str | int]], labels: list[Any] | None) -> NamedGroup:
    """A table whose first row and column list the elements, or with a head row and
    column, or with labels apart; the identity anywhere."""
    first = [str(x) for x in rows[0]] if rows else []
    lists = len(set(first)) == len(first) and first == [str(row[0]) for row in rows if row] and first[0] not in CORNERS
    if labels is None and lists and all(len(row) == len(rows) for row in rows):
        labels = list(rows[0])
    return named_table(labelled_table(with_labels(rows, labels), "group.table"))


def named_table(table: LabelledTable) -> NamedGroup:
    """The group of a labelled table.

    Raises:
        InputError: it is no group's; the axiom that fails, and where.
    """
    labels = table.labels
    if table.strange is not None:
        i, j, x = table.strange
        raise InputError(f"Closure fails in group.table: {labels[i]} * {labels[j]} = {x} is no element of the table.")
    try:
        group = FiniteGroup.from_cayley_table(table.products, labels)
    except NotAGroup as error:
        named = ", ".join(labels[k] for k in error.witness)
        raise InputError(
            f"The table is no group: {error.axiom} fails{f' at {named}' if named else ''}. `preality audit group` says more."
        ) from None
    return NamedGroup(group, {label: group.index(label) for label in labels}, (), labels, table.note)
