"""The document of the representation audit: a group, and matrices on elements that
generate it.

A JSON object::

    {"title": "...",                                     optional
     "group": {...},                                     as :mod:`proofs_checks.inputs.named_groups` describes
     "representations": {"R2": {"r": -1, "s": 1},                 on generators, or on any elements that generate
                         "R4": {"e": [[1, 0], [0, 1]], ...}},         names, or words such as "r^2*s"
     "complete": true,                                     optional: the list claims to be all irreps (the trivial one is granted)
     "accuracy": 1e-12,                                    optional: how far decimals may be from the true entries
     "characteristic": 5}                                  optional: entries are integers modulo this prime

An entry is an integer, an exact number as text ("1/2", "i", "zeta(8)^3", "(1 -
zeta(3))/3"), a decimal, or {"re": x, "im": y} with decimals. A representation with any
decimal is judged numerically; its entries are then taken to be as accurate as the
longest decimal in it, or as a float32 where all of them are numbers of that format.
An entry may also be "sqrt(3)/2", "E(3)", "exp(2*pi*i/3)", or [x, y] for x + y i.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lcm
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from proofs_checks.errors import InputError
from proofs_checks.inputs.decimals import (
    Decimals,
    as_array,
    digits_of,
    is_singular,
    last_place,
    on_all_elements,
    storage_rounding,
)
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.entries import Matrix
from proofs_checks.inputs.named_groups import INSTEAD, NamedGroup, read_group
from proofs_checks.wording import short
from theory.arithmetic.cyclotomic import MAX_ORDER, Cyclotomic, degree
from theory.arithmetic.grammar import shared_budget
from theory.arithmetic.matrices import ExactArray, PrimeField, stack
from theory.representations import Representation

MAX_WORK = 2 * 10**9  # multiplications in the products of all pairs
MAX_FIELD_WORK = 2 * 10**10  # the same with entries of a cyclotomic field, where numpy does many at once
MAX_DEGREE = 64
MAX_CHARACTERS = 2**23  # integers in the exact character table
Share = Annotated[float, Meta(ge=0, lt=1)]


class RepresentationDocument(Struct, forbid_unknown_fields=True):
    """The document as it is written; the group may come from elsewhere."""

    representations: Annotated[dict[str, Annotated[dict[str, Matrix], Meta(min_length=1)]], Meta(min_length=1)]
    group: Any = None
    title: str = ""
    complete: bool = False
    accuracy: Share | None = None
    characteristic: Annotated[int, Meta(ge=2, lt=2**30)] | None = None


@dataclass(frozen=True)
class GivenRepresentation:
    """Matrices on all elements, exact or in decimals; ``said``: whether the user
    said how accurate these are.
    """

    name: str
    exact: ExactArray | None
    numeric: Decimals | None = None
    said: bool = False


@dataclass(frozen=True)
class AuditFile:
    """A document that was read."""

    title: str
    group: NamedGroup
    representations: tuple[GivenRepresentation, ...]
    complete: bool


def read_audit_file(data: Any, group: NamedGroup | None = None) -> AuditFile:
    """Build the group, unless it is given, and the matrices.

    Raises:
        InputError: naming the place, what was expected there, and what came.
    """
    with shared_budget():
        document = decode(data, RepresentationDocument)
    if group is None:
        if document.group is None:
            raise InputError(
                "The field 'group' is missing: a file holds a group and representations; see examples/lecture_d4.json."
            )
        group = read_group(document.group)
    _require_table(group)
    field = _prime_field(document.characteristic)
    read = tuple(
        _extended(name, given, group, document.accuracy, field) for name, given in document.representations.items()
    )
    return AuditFile(document.title, group, read, document.complete)


def _require_table(group: NamedGroup) -> None:
    """Refuse a group whose exact character table takes too long: k^2 values in
    Q(zeta_e), of degree phi(e) over Q."""
    k, e = len(group.group.classes), group.group.exponent
    if k * k * degree(e) > MAX_CHARACTERS:
        raise InputError(
            f"The character table of the group has {k} x {k} values in Q(zeta({e})), too many to write down. {INSTEAD}"
        )


def read_accuracy(value: Any) -> float | None:
    """How far entries may be off, or None where nobody says."""
    return decode({"accuracy": value}, _Said).accuracy


class _Said(Struct):
    accuracy: Share | None = None


def _prime_field(characteristic: int | None) -> PrimeField | None:
    try:
        return None if characteristic is None else PrimeField(characteristic)
    except ValueError as error:
        raise InputError(f"Expected a prime in characteristic: {error}") from None


# -- the matrices ------------------------------------------------------------------------------------------------------


def _extended(
    name: str, given: Mapping[str, Matrix], group: NamedGroup, said: float | None, field: PrimeField | None
) -> GivenRepresentation:
    """A representation on all elements, from its matrices on some."""
    place = f"representations.{name}"
    source: dict[int, str] = {}
    for key in given:
        element = group.index(key)
        if element in source:
            raise InputError(
                f"In {place}: {short(source[element])} and {short(key)} are one element of the group; give its matrix once."
            )
        source[element] = key
    matrices = {element: given[key] for element, key in source.items()}
    degrees = {matrix.degree: source[element] for element, matrix in matrices.items()}
    if len(degrees) > 1:
        (a, x), (b, y) = list(degrees.items())[:2]
        raise InputError(
            f"In {place} the matrices differ in size: {a} x {a} on {x}, {b} x {b} on {y}. One representation has one degree."
        )
    (degree,) = degrees
    if degree > MAX_DEGREE or group.group.order**2 * degree**3 > MAX_WORK:
        raise InputError(
            f"{place} is too large to multiply out: {group.group.order} elements, degree {degree} (at most {MAX_DEGREE}, and n^2 d^3 up to 2e9). {INSTEAD}"
        )
    _require_affordable(place, matrices.values(), group.group.order)
    _require_generating(place, source, group)
    if field is None and any(one.is_numeric for one in given.values()):
        return _numeric(name, matrices, source, group, said)
    over = {
        x: ExactArray.of(m.rows) if field is None else _residues(m.rows, field, f"{place}.{source[x]}")
        for x, m in matrices.items()
    }
    for element, matrix in over.items():
        if matrix.determinant_is_zero():
            raise InputError(_singular(f"{place}.{source[element]}"))
    letters = {x: m for x, m in over.items() if x} or over  # the identity alone serves the trivial group
    extended = Representation.from_generators(group.group, letters)
    return GivenRepresentation(name, stack([over.get(x, extended.matrices[x]) for x in range(group.group.order)]))


def _require_affordable(place: str, matrices: Iterable[Matrix], order: int) -> None:
    """Refuse entries whose common field is too large: a product takes about d^3 phi +
    d^2 phi^2 multiplications there."""
    given = list(matrices)
    n = lcm(*(x.order for one in given for row in one.rows for x in row if isinstance(x, Cyclotomic)))
    if n > MAX_ORDER:
        raise InputError(f"The entries of {place} together need zeta({short(n)}), beyond zeta({MAX_ORDER}).")
    d, phi = given[0].degree, degree(n)
    if order**2 * (d**3 * phi + d**2 * phi**2) > MAX_FIELD_WORK:
        raise InputError(
            f"{place} is too large to multiply out: {order} elements, degree {d}, entries in Q(zeta({n})) of degree {phi}. {INSTEAD}"
        )


def _residues(rows: list[list[Any]], field: PrimeField, place: str) -> ExactArray:
    if not all(isinstance(x, int) for row in rows for x in row):
        raise InputError(f"Expected whole numbers in {place}, to be read modulo {field.characteristic}.")
    return ExactArray.of([[x % field.characteristic for x in row] for row in rows], field)


def _numeric(
    name: str, matrices: Mapping[int, Matrix], source: Mapping[int, str], group: NamedGroup, said: float | None
) -> GivenRepresentation:
    arrays = {element: as_array(matrix.rows) for element, matrix in matrices.items()}
    for element, array in arrays.items():
        if is_singular(array):
            raise InputError(_singular(f"representations.{name}.{source[element]}"))
    written = digits_of(x for matrix in matrices.values() for row in matrix.rows for x in row)
    narrow = max((matrix.resolution or 0.0 for matrix in matrices.values()), default=0.0) or storage_rounding(
        arrays.values()
    )
    assumed = max(written, narrow or last_place(max(float(np.abs(m).max()) for m in arrays.values())))
    return GivenRepresentation(
        name, None, on_all_elements(arrays, group.group, assumed if said is None else said), said is not None
    )


def _require_generating(place: str, source: Mapping[int, str], group: NamedGroup) -> None:
    reached = len(group.group.subgroup(source))
    if reached < group.group.order:
        given = ", ".join(list(source.values())[:8])
        raise InputError(
            f"{place} is given on {given}, which generate only {reached} of {group.group.order} elements. Give matrices for elements that generate."
        )


def _singular(place: str) -> str:
    return f"{place} is singular; a representation consists of invertible matrices. Check its rows: one depends on the others."
