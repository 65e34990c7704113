"""The file format of the representation audit.

A JSON object::

    {"title": "...",                                     optional
     "group": one of
        {"generators": ["r", "s"], "relations": ["r^4", "s^2", "s*r*s = r^-1"]}
        {"permutations": {"r": [1, 2, 3, 0], "s": [0, 3, 2, 1]}}      0-based images, (a*b)(x) = a(b(x))
        {"table": [["e", "a"], ["a", "e"]]}                             row a, column b holds a*b; first row and column list the elements
      and, for the first two, optionally {"elements": {"rs": "r*s", ...}}: names for words in the generators,
     "representations": {"R2": {"r": -1, "s": 1},                 on generators, or on any elements that generate
                         "R4": {"e": [[1, 0], [0, 1]], ...}},         names, or words such as "r^2*s"
     "complete": true,                                     optional: the list claims to be all irreps (the trivial one is granted)
     "accuracy": 1e-12,                                    optional: how far decimals may be from the true entries
     "characteristic": 5}                                  optional: entries are integers modulo this prime

An entry is an integer, an exact number as text ("1/2", "i", "zeta(8)^3", "(1 - zeta(3))/3"), a decimal, or {"re": x, "im": y} with decimals. A
representation with any decimal is judged numerically; its entries are then taken to be as accurate as the longest decimal in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofs_checks.audits.reading import Decimal, short
from proofs_checks.audits.representation_decimals import (
    Decimals,
    as_array,
    digits_of,
    is_singular,
    last_place,
    on_all_elements,
)
from proofs_checks.errors import InputError
from theory.cyclotomic import Cyclotomic, ExactNumberError
from theory.exact_matrices import ExactArray, PrimeField, stack
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import GroupTooLarge, NotAGroup
from theory.groups.presentations import WordError, from_presentation, read_relation, read_word
from theory.number_grammar import parse
from theory.representations import Representation

MAX_GROUP = 1024
MAX_WORK = 2 * 10**9  # multiplications in the products of all pairs
MAX_DEGREE = 64
INSTEAD = "Give the matrices on generators without the group: then they are decomposed numerically, degree up to 2048, group up to 20000 elements."
Accuracy = tuple[float | None, float | None]  # what the reader says, and what the dtype says
_FIELDS = {"title", "group", "representations", "complete", "accuracy", "characteristic"}


@dataclass(frozen=True)
class NamedGroup:
    """A group with the reader's names: ``shown`` in the reader's order, each standing for an element."""

    group: FiniteGroup
    names: Mapping[str, int]
    generators: tuple[str, ...]
    shown: tuple[str, ...]

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
        """The reader's name for an element."""
        return next((name for name in self.shown if self.names[name] == element), self.group.names[element])


@dataclass(frozen=True)
class GivenRepresentation:
    """Matrices on all elements, exact or in decimals; ``said``: whether the reader said how accurate these are."""

    name: str
    exact: ExactArray | None
    numeric: Decimals | None = None
    said: bool = False


@dataclass(frozen=True)
class AuditFile:
    """A file that was read."""

    title: str
    group: NamedGroup
    representations: tuple[GivenRepresentation, ...]
    complete: bool


def read_audit_file(data: Any, group: NamedGroup | None = None, resolution: float | None = None) -> AuditFile:
    """Check the shape of the data and build the group (unless it is given) and the matrices; ``resolution`` is that of a narrow dtype.

    Raises:
        InputError: naming the field, what was expected there, and what came.
    """
    _object(data, "the file")
    if unknown := set(data) - _FIELDS:
        raise InputError(
            f"Unknown field {short(sorted(map(str, unknown))[0])}; the fields are {', '.join(sorted(_FIELDS))}."
        )
    for name in ("group", "representations"):
        if name not in data and not (name == "group" and group is not None):
            raise InputError(
                f"The field {name!r} is missing. A file holds a group and representations; see examples/lecture_d4.json."
            )
    complete = data.get("complete", False)
    if not isinstance(complete, bool):
        raise InputError(f"Expected true or false in 'complete', got {short(complete)}.")
    title = data.get("title", "")
    if not isinstance(title, str):
        raise InputError(f"Expected a text in 'title', got {short(title)}.")
    said = read_accuracy(data.get("accuracy"))
    group = read_group(data["group"]) if group is None else group
    field = _read_characteristic(data.get("characteristic"))
    listed = data["representations"]
    _object(listed, "'representations'")
    if not listed:
        raise InputError("'representations' is empty: there is nothing to audit.")
    return AuditFile(
        title,
        group,
        tuple(_read_representation(name, given, group, (said, resolution), field) for name, given in listed.items()),
        complete,
    )


def read_accuracy(value: Any) -> float | None:
    """How far entries may be off, or None where nobody says."""
    if value is not None and not (_is_number(value) and 0 <= value < 1):
        raise InputError(f"Expected a number from 0 to 1 in 'accuracy', got {short(value)}.")
    return value


def _read_characteristic(value: Any) -> PrimeField | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value < 2**30:
        raise InputError(f"Expected a prime below 2^30 in 'characteristic', got {short(value)}.")
    try:
        return PrimeField(value)
    except ValueError as error:
        raise InputError(f"Expected a prime in 'characteristic': {error}") from None


def _object(value: Any, where: str) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"Expected a JSON object in {where}, got {short(value)}.")


def _is_number(value: Any) -> bool:
    """Finite, and small enough to be a float: an integer of more than 300 digits is a mistake, not an entry."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**300


# -- the group ---------------------------------------------------------------------------------------------------------


def read_group(data: Any, limit: int = MAX_GROUP, instead: str = INSTEAD) -> NamedGroup:
    """The group of a file: generators with relations, permutations, or a table; beyond ``limit`` elements the reader is told what to do ``instead``."""
    _object(data, "'group'")
    kinds = {
        "relations": {"generators", "relations", "elements"},
        "permutations": {"permutations", "elements"},
        "table": {"table"},
    }
    kind = next((k for k in kinds if k in data), None)
    if kind is None or set(data) - kinds[kind]:
        raise InputError(
            f"Expected 'group' to hold generators and relations, or permutations, or a table, got fields {', '.join(sorted(data)) or 'none'}."
        )
    try:
        if kind == "permutations":
            named = _from_permutations(data, limit)
        else:
            named = (_from_relations if kind == "relations" else _from_table)(data)
    except GroupTooLarge as error:
        raise InputError(f"The group is too large for exact work. {error} {instead}") from None
    if named.group.order > limit:
        raise InputError(
            f"The group has {named.group.order} elements; this audit multiplies all pairs and stops at {limit}. {instead}"
        )
    return named


def _letters(value: Any, where: str) -> tuple[str, ...]:
    good = (
        isinstance(value, (list, tuple))
        and value
        and all(isinstance(x, str) and x.isidentifier() and x.isascii() for x in value)
    )
    if not good or len(set(value)) != len(value):
        raise InputError(f'Expected a list of different names such as ["r", "s"] in {where}, got {short(value)}.')
    return tuple(value)


def _from_relations(data: dict[str, Any]) -> NamedGroup:
    if "generators" not in data:
        raise InputError("'relations' need the list 'generators' beside them.")
    letters = _letters(data["generators"], "'generators'")
    texts = data["relations"]
    if not isinstance(texts, (list, tuple)) or not all(isinstance(t, str) for t in texts):
        raise InputError(f'Expected a list of relations such as "r^4" or "s*r*s = r^-1", got {short(texts)}.')
    try:
        group, images = from_presentation(letters, [read_relation(t, letters) for t in texts])
    except WordError as error:
        raise InputError(f"In 'relations': {error}") from None
    return _with_names(group, letters, images, data.get("elements"))


def _from_permutations(data: dict[str, Any], limit: int) -> NamedGroup:
    given = data["permutations"]
    _object(given, "'permutations'")
    letters = _letters(list(given), "'permutations'")
    for name, images in given.items():
        if (
            not isinstance(images, (list, tuple))
            or not images
            or not all(isinstance(x, int) and not isinstance(x, bool) for x in images)
        ):
            raise InputError(
                f"Expected a list of 0-based images for the permutation {short(name)}, got {short(images)}."
            )
    try:
        group = FiniteGroup.from_permutations([list(given[x]) for x in letters], limit=limit)
    except GroupTooLarge:
        raise GroupTooLarge(f"The permutations generate more than {limit} elements, where this audit stops.") from None
    except ValueError as error:
        ones = all(sorted(images) == list(range(1, len(images) + 1)) for images in given.values())
        hint = " Images count from 0: subtract 1." if ones else ""
        raise InputError(f"In 'permutations': {error}{hint}") from None
    where = {tuple(row): k for k, row in enumerate(group.elements.tolist())}
    return _with_names(group, letters, {x: where[tuple(given[x])] for x in letters}, data.get("elements"))


def _with_names(group: FiniteGroup, letters: tuple[str, ...], images: Mapping[str, int], elements: Any) -> NamedGroup:
    if elements is None:
        unit = "1" if "e" in images else "e"
        names = {unit: 0, **images}
        known = {x: name for name, x in reversed(names.items())}
        shown = dict(names)
        for x, parent, k in group.walk([images[a] for a in letters]) if group.order > 1 else []:
            if x not in known:
                known[x] = _followed(known[parent], letters[k]) if parent else letters[k]
                shown[known[x]] = x
        return NamedGroup(group, shown, letters, tuple(shown))
    _object(elements, "'elements'")
    plain = NamedGroup(group, dict(images), letters, ())
    names = dict(images)
    for name, word in elements.items():
        if not isinstance(word, str):
            raise InputError(f'Expected a word such as "r^2*s" for the element {short(name)}, got {short(word)}.')
        value = plain.index(word)
        if names.get(name, value) != value:
            raise InputError(
                f"The name {short(name)} already stands for a generator, and {short(word)} is another element."
            )
        names[name] = value
    shown = tuple(elements)
    if len({names[name] for name in shown}) != len(shown):
        a, b = next((a, b) for k, a in enumerate(shown) for b in shown[:k] if names[a] == names[b])
        raise InputError(
            f"The names {short(b)} and {short(a)} stand for one element under the relations given. Check the relations."
        )
    return NamedGroup(group, names, letters, shown)


def _followed(word: str, letter: str) -> str:
    """The word with one letter more, a run written as a power: r*s^2 after r*s."""
    head, star, last = word.rpartition("*")
    base, _, power = last.partition("^")
    return f"{head}{star}{letter}^{int(power or 1) + 1}" if base == letter else f"{word}*{letter}"


def _from_table(data: dict[str, Any]) -> NamedGroup:
    rows = data["table"]
    if (
        not isinstance(rows, (list, tuple))
        or not rows
        or not all(isinstance(r, (list, tuple)) and len(r) == len(rows) for r in rows)
    ):
        raise InputError("Expected a square table: a list of rows, each as long as the list.")
    cells = [[str(x) if isinstance(x, (str, int)) and not isinstance(x, bool) else None for x in row] for row in rows]
    labels = cells[0]
    if (
        None in (x for row in cells for x in row)
        or len(set(labels)) != len(labels)
        or [row[0] for row in cells] != labels
    ):
        raise InputError(
            "Expected the first row and the first column of 'table' to list the elements, each once, the identity first."
        )
    place = {label: k for k, label in enumerate(labels)}
    for i, row in enumerate(cells):
        for j, x in enumerate(row):
            if x not in place:
                raise InputError(f"Closure fails: {labels[i]} * {labels[j]} = {x} is no element of the table.")
    try:
        group = FiniteGroup.from_cayley_table([[place[x] for x in row] for row in cells], labels)
    except NotAGroup as error:
        named = ", ".join(labels[k] for k in error.witness)
        raise InputError(
            f"The table is no group: {error.axiom} fails{f' at {named}' if named else ''}. `preality audit group` says more."
        ) from None
    return NamedGroup(group, {label: group.index(label) for label in labels}, (), tuple(labels))


# -- the matrices ------------------------------------------------------------------------------------------------------


def _read_representation(
    name: str, given: Any, group: NamedGroup, accuracy: Accuracy, field: PrimeField | None = None
) -> GivenRepresentation:
    _object(given, f"the representation {short(name)}")
    if not given:
        raise InputError(f"The representation {short(name)} gives no matrices.")
    entries: dict[int, list[list[Any]]] = {}
    source: dict[int, str] = {}
    for key, value in given.items():
        element = group.index(key)
        if element in entries:
            raise InputError(
                f"In {short(name)}: {short(source[element])} and {short(key)} are one element of the group; give its matrix once."
            )
        entries[element], source[element] = _read_matrix(value, f"{name}({key})"), key
    sizes = {len(m): element for element, m in entries.items()}
    if len(sizes) > 1:
        (a, x), (b, y) = list(sizes.items())[:2]
        raise InputError(
            f"In {short(name)} the matrices differ in size: {a} x {a} on {source[x]}, {b} x {b} on {source[y]}. One representation has one degree."
        )
    degree = next(iter(sizes))
    if degree > MAX_DEGREE or group.group.order**2 * degree**3 > MAX_WORK:
        raise InputError(
            f"{short(name)} is too large to multiply out: {group.group.order} elements, degree {degree} (at most {MAX_DEGREE}, and n^2 d^3 up to 2e9). {INSTEAD}"
        )
    if field is not None:
        return _exact(name, {k: _residues(m, field, f"{name}({source[k]})") for k, m in entries.items()}, source, group)
    if any(isinstance(x, (float, complex)) for m in entries.values() for row in m for x in row):
        return _numeric(name, entries, source, group, accuracy)
    return _exact(name, entries, source, group)


def _read_matrix(value: Any, where: str) -> list[list[Any]]:
    if not isinstance(value, (list, tuple)):
        value = [[value]]
    if not value or not all(isinstance(row, (list, tuple)) for row in value):
        raise InputError(f"Expected a number or a list of rows in {where}, got {short(value)}.")
    if any(len(row) != len(value) for row in value):
        raise InputError(
            f"Expected a square matrix in {where}, got {len(value)} rows of lengths {sorted({len(row) for row in value})}."
        )
    return [[_read_entry(x, where) for x in row] for row in value]


def _read_entry(value: Any, where: str) -> int | float | complex | Cyclotomic:
    """An exact number as int or Cyclotomic; a decimal as Decimal, or as complex when it came in two parts."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Cyclotomic):
        return value
    if isinstance(value, Fraction):
        return Cyclotomic.rational(value)
    if isinstance(value, str):
        if (pair := _complex_text(value)) is not None:
            return pair
        try:
            return parse(value)
        except ExactNumberError as error:
            raise InputError(f"In {where}: {error}") from None
    if isinstance(value, dict) and set(value) == {"re", "im"} and all(_is_number(x) for x in value.values()):
        return _Pair(value["re"], value["im"])
    if isinstance(value, complex) and math.isfinite(value.real) and math.isfinite(value.imag):
        return value
    if not _is_number(value):
        raise InputError(
            f'Expected a finite number, a text such as "1/2" or "zeta(8)^3", or {{"re": x, "im": y}} in {where}, got {short(value)}.'
        )
    return value


_NUMBER = r"(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?"
_PAIR = re.compile(
    rf"\(?\s*(?:(?P<re>[+-]?{_NUMBER})\s*(?P<im>[+-]\s*{_NUMBER})|(?P<alone>[+-]?{_NUMBER}))\s*[ij]\s*\)?"
)


def _complex_text(text: str) -> Cyclotomic | _Pair | None:
    """``0.5+0.5j`` as decimals, ``1+2j`` exactly; None for every other text."""
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    parts = (found["re"] or "0", (found["im"] or found["alone"]).replace(" ", ""))
    if all(re.fullmatch(r"[+-]?\d+", part) for part in parts):
        return parse(f"({int(parts[0])}) + ({int(parts[1])})*i")
    return _Pair(*(int(part) if re.fullmatch(r"[+-]?\d+", part) else Decimal(part) for part in parts))


class _Pair(complex):
    """A complex number that remembers the decimals of its parts."""

    digits: int | None

    def __new__(cls, re: float, im: float) -> _Pair:
        value = super().__new__(cls, float(re), float(im))
        known = [x.digits for x in (re, im) if isinstance(x, Decimal)]
        value.digits = max(known) if known else None
        return value


def _residues(matrix: list[list[Any]], field: PrimeField, where: str) -> ExactArray:
    if not all(isinstance(x, int) for row in matrix for x in row):
        raise InputError(f"Expected whole numbers in {where}, to be read modulo {field.characteristic}.")
    return ExactArray.of([[x % field.characteristic for x in row] for row in matrix], field)


def read_numeric_matrix(value: Any, where: str) -> tuple[np.ndarray, float]:
    """A matrix of any entries that the format knows, as floats (complex only if need be), and how far they may be from the true ones."""
    rows = _read_matrix(value, where)
    wide = as_array(rows)
    narrow = wide.real if not wide.imag.any() else wide
    error = max(digits_of(x for row in rows for x in row), last_place(float(np.abs(wide).max())))
    return np.ascontiguousarray(narrow), error


def _exact(name: str, entries: Mapping[int, Any], source: dict[int, str], group: NamedGroup) -> GivenRepresentation:
    matrices = {element: m if isinstance(m, ExactArray) else ExactArray.of(m) for element, m in entries.items()}
    for element, matrix in matrices.items():
        if matrix.determinant_is_zero():
            raise InputError(_singular(f"{name}({source[element]})"))
    _require_generating(name, source, group)
    extended = Representation.from_generators(group.group, _generating(matrices))
    return GivenRepresentation(name, stack([matrices.get(x, extended.matrices[x]) for x in range(group.group.order)]))


def _require_generating(name: str, source: Mapping[int, str], group: NamedGroup) -> None:
    reached = len(group.group.subgroup(source))
    if reached < group.group.order:
        given = ", ".join(list(source.values())[:8])
        raise InputError(
            f"{name} is given on {given}, which generate only {reached} of {group.group.order} elements. Give matrices for elements that generate."
        )


def _generating(matrices: dict[int, Any]) -> dict[int, Any]:
    """All given elements but the identity; the identity alone serves the trivial group."""
    return {x: m for x, m in matrices.items() if x} or matrices


def _numeric(
    name: str, entries: dict[int, list[list[Any]]], source: dict[int, str], group: NamedGroup, accuracy: Accuracy
) -> GivenRepresentation:
    _require_generating(name, source, group)
    arrays = {element: as_array(rows) for element, rows in entries.items()}
    said, resolution = accuracy
    written = digits_of(x for rows in entries.values() for row in rows for x in row)
    assumed = max(written, resolution or last_place(max(float(np.abs(m).max()) for m in arrays.values())))
    for element, matrix in arrays.items():
        if is_singular(matrix):
            raise InputError(_singular(f"{name}({source[element]})"))
    return GivenRepresentation(
        name, None, on_all_elements(arrays, group.group, assumed if said is None else said), said is not None
    )


def _singular(where: str) -> str:
    return f"{where} is singular; a representation consists of invertible matrices. Check its rows: one depends on the others."
