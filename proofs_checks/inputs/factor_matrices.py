"""Matrices of each factor of a product of groups, as a user hands them in.

A factor is written as ``{"order": n, "matrix": A}`` (one step of a cyclic factor), as
``{"group": .., "matrices": {"a": A, ..}}`` in the grammar of the representation audit,
or as an array of shape ``(n, d, d)``, 1, A, .., A^(n-1). A file holds
``{"factors": {"x": .., "y": ..}}`` and perhaps ``title``, ``accuracy``,
``characteristic``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.inputs.decimals import EPS, as_array, digits_of, last_place, storage_rounding
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.inputs.representation_files import RepresentationDocument, read_audit_file
from proofs_checks.inputs.representations import given_group
from proofs_checks.wording import short
from theory.representations.matrices import Representation

FIELDS = {"title", "factors", "accuracy", "characteristic"}
MAX_ORDER = 4096


@dataclass(frozen=True)
class GivenFactor:
    """A factor on all its elements: exact matrices, or decimals ``(n, d, d)`` with a
    bound on the Frobenius error of each and what entries were taken to be off by."""

    name: str
    group: NamedGroup
    exact: Representation | None
    decimals: np.ndarray | None = None
    errors: np.ndarray | None = None
    accuracy: float = 0.0

    @property
    def degree(self) -> int:
        """The size of the matrices."""
        if self.exact is not None:
            return self.exact.degree
        assert self.decimals is not None
        return self.decimals.shape[1]


def read_factor_matrices(source: Any, accuracy: Any = None) -> tuple[str, tuple[GivenFactor, ...]]:
    """A title and the factors.

    Raises:
        InputError: naming the place; also where factors differ in degree or field.
    """
    title, characteristic = "", None
    if isinstance(source, Mapping) and "factors" in source:
        if unknown := sorted(set(map(str, source)) - FIELDS):
            raise InputError(
                f"Expected the fields {', '.join(sorted(FIELDS))} beside factors, got {', '.join(unknown)[:120]}."
            )
        title, characteristic = source.get("title", ""), source.get("characteristic")
        accuracy = source.get("accuracy", accuracy)
        source = source["factors"]
        if not isinstance(title, str):
            raise InputError(f"Expected the title as text, got {short(title)}.")
    if not isinstance(source, Mapping) or not source:
        raise InputError(f"Expected a mapping from factors to their matrices, got {short(source)}.")
    if len(source) < 2:
        raise InputError("Disentanglement is a question between factors: matrices of at least two are needed, got one.")
    read = tuple(_factor(str(name), given, accuracy, characteristic) for name, given in source.items())
    degrees = {factor.degree for factor in read}
    if len(degrees) > 1:
        told = ", ".join(f"{factor.name} of size {factor.degree}" for factor in read)
        raise InputError(f"Expected matrices of one size for all factors, which act on one space, got {told}.")
    fields = {0 if factor.exact is None else factor.exact.field.characteristic for factor in read}
    if len(fields) > 1:
        raise InputError(
            "Some factors are given modulo a prime and others are not; all act on one space over one field."
        )
    return title, read


def _factor(name: str, given: Any, accuracy: Any, characteristic: Any) -> GivenFactor:
    if not name.strip():
        raise InputError("Expected a name for every factor, got an empty one.")
    group, matrices = _parts(name, given)
    if group.group.order < 2:
        raise InputError(f"Factor {short(name)} is the trivial group, which moves nothing. Leave it out.")
    document = decode({"representations": {name: matrices}, "accuracy": accuracy}, RepresentationDocument)
    own = document.representations[name]
    if characteristic is None and any(matrix.is_numeric for matrix in own.values()):
        return _in_decimals(name, own, group, document.accuracy)
    whole: dict[str, Any] = {"representations": {name: matrices}}
    if characteristic is not None:
        whole["characteristic"] = characteristic
    exact = read_audit_file(whole, group).representations[0].exact
    if exact is None:
        raise InputError(f"Expected whole numbers or exact entries for factor {short(name)}.")
    return GivenFactor(name, group, Representation(group.group, exact, name=name))


def _parts(name: str, given: Any) -> tuple[NamedGroup, dict[str, Any]]:
    """The group, and matrices by element."""
    if isinstance(given, Mapping) and set(given) == {"order", "matrix"}:
        return _cyclic(name, given["order"]), {"r": given["matrix"]}
    if isinstance(given, Mapping) and set(given) == {"group", "matrices"}:
        if not isinstance(given["matrices"], Mapping):
            raise InputError(f"Expected matrices of factor {short(name)} by element, got {short(given['matrices'])}.")
        return given_group(given["group"]), {str(key): value for key, value in given["matrices"].items()}
    if (
        not isinstance(given, Mapping)
        and getattr(given, "ndim", 0) == 3
        and given.shape[1] == given.shape[2]
        and given.shape[0] > 1
    ):
        group = _cyclic(name, int(given.shape[0]))
        return group, dict(zip(group.group.names, given.tolist(), strict=True))
    raise InputError(
        f'Expected {{"order": n, "matrix": A}}, {{"group": .., "matrices": ..}} or an array (n, d, d) for factor {short(name)}, got {short(given)}.'
    )


def _cyclic(name: str, order: Any) -> NamedGroup:
    from theory.groups.families import cyclic

    if isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= MAX_ORDER:
        raise InputError(
            f"Expected the order of factor {short(name)} as a whole number from 2 to {MAX_ORDER}, got {short(order)}."
        )
    return given_group(cyclic(order))


def _in_decimals(name: str, own: Mapping[str, Any], group: NamedGroup, said: float | None) -> GivenFactor:
    """The matrices of all elements along words, in the basis given, with a bound for
    each: a product errs by |W| e + e' |R| + e e' and rounding."""
    given = {group.index(key): as_array(matrix.rows) for key, matrix in own.items()}
    degrees = {len(matrix) for matrix in given.values()}
    if len(degrees) > 1:
        raise InputError(
            f"The matrices of factor {short(name)} differ in size: {', '.join(map(str, sorted(degrees)))}."
        )
    if len(group.group.subgroup(given)) < group.group.order:
        raise InputError(
            f"Factor {short(name)} is given on elements that do not generate its group of order {group.group.order}."
        )
    d = degrees.pop()
    if group.group.order * d * d > 2**26:
        raise InputError(f"Factor {short(name)} is too large: {group.group.order} matrices of size {d}.")
    written = digits_of(x for matrix in own.values() for row in matrix.rows for x in row)
    narrow = max((matrix.resolution or 0.0 for matrix in own.values()), default=0.0) or storage_rounding(given.values())
    largest = max(float(np.abs(m).max()) for m in given.values())
    accuracy = max(written, narrow or last_place(largest)) if said is None else said
    letters = [x for x in given if x] or list(given)
    whole, errors = np.zeros((group.group.order, d, d), dtype=np.complex128), np.zeros(group.group.order)
    whole[0] = np.eye(d)
    unit = (2 * d + 8) * EPS
    with np.errstate(over="ignore", invalid="ignore"):
        for x, parent, k in group.group.walk(letters):
            letter = given[letters[k]]
            norm, size = np.linalg.norm(letter), np.linalg.norm(whole[parent])
            whole[x] = whole[parent] @ letter
            errors[x] = errors[parent] * (norm + d * accuracy) + size * d * accuracy + unit * size * norm
    for x, matrix in given.items():
        whole[x], errors[x] = matrix, d * accuracy
    if not np.isfinite(whole).all():
        raise InputError(
            f"Products of the matrices of factor {short(name)} overflow: they are of no finite group. Check their order."
        )
    return GivenFactor(name, group, None, whole, errors, accuracy)
