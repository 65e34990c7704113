"""Where the representation audit takes its matrices from: JSON, CSV, NPZ, and Python
objects. Data is read, never run and never unpickled.

CSV: one matrix a line, ``name, a11, a12, .., add``; the name is an element, or
``R(element)`` where there are several representations. A first line
``# {"group": {...}, "complete": true}`` may hold what a JSON file says beside the
matrices.

NPZ: one array for each generator under its name; or ``generators``, shape
``(k, d, d)``; or ``matrices``, shape ``(n, d, d)``, in the order of ``table``, an n x n
array of products 0..n-1 whose row and column 0 belong to the identity.
``permutations``, shape ``(k, m)``, 0-based, may go with ``generators``.

Without a group the matrices are taken for generators, and the group is what they
generate.
"""

from __future__ import annotations

import copy
import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.decimals import storage_rounding
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.entries import Matrix, array_of
from proofs_checks.inputs.files import Decimal, file_label, parse_json, read_arrays, read_json, read_text
from proofs_checks.inputs.group_documents import as_document
from proofs_checks.inputs.group_table_labels import labelled_table
from proofs_checks.inputs.group_table_text import rows_of_text
from proofs_checks.inputs.named_groups import NamedGroup, named_table, read_group
from proofs_checks.inputs.representation_files import (
    AuditFile,
    GivenRepresentation,
    read_accuracy,
    read_audit_file,
)
from proofs_checks.wording import short
from theory.groups import FiniteGroup
from theory.representations import Representation

MAX_NUMERIC_DEGREE = 2048
_OF = re.compile(r"\s*(?P<name>[^()]+?)\s*\(\s*(?P<element>.+?)\s*\)\s*")


@dataclass(frozen=True)
class Generated:
    """Matrices on generators of a group that nobody has named: shape ``(k, d, d)``,
    and how far entries may be from the true ones.
    """

    names: tuple[str, ...]
    matrices: np.ndarray
    accuracy: float


def read_source(
    source: Any, group: Any, *, name: str = "R", complete: bool = False, accuracy: float | None = None
) -> AuditFile | Generated:
    """Whatever a user may hand over, as an :class:`AuditFile`, or as :class:`Generated`
    where no group is given.

    Raises:
        InputError: naming the place, what was expected there, and what came.
    """
    read_accuracy(accuracy)
    if isinstance(source, Representation):
        given = GivenRepresentation(source.name or name, source.matrices)
        return AuditFile("", given_group(source.group), (given,), complete)
    data = _from_path(Path(source)) if isinstance(source, (str, Path)) else source
    if (
        isinstance(source, (str, Path))
        and Path(source).suffix.lower() not in (".npz", ".csv", ".tsv", ".txt")
        and not _is_document(data)
    ):
        return read_audit_file(data)
    if _is_document(data):
        return _from_document(dict(data), group, accuracy)
    if group is None:
        return _generated(data, accuracy)
    named = given_group(group)
    whole = {"representations": {name: _on_elements(data, named)}, "complete": complete, "accuracy": accuracy}
    return read_audit_file(whole, named)


def _is_document(data: Any) -> bool:
    """A mapping with the document's fields; "group" may also be the name of an
    element, whose matrix stands there.
    """
    if not isinstance(data, Mapping) or not ("representations" in data or "group" in data):
        return False
    return not (hasattr(data.get("group"), "shape") or isinstance(data.get("group"), list))


def _from_document(data: dict[str, Any], group: Any, accuracy: float | None) -> AuditFile | Generated:
    if group is not None and "group" in data:
        raise InputError("The group is given twice: in the data and as group=.")
    if accuracy is not None:
        data.setdefault("accuracy", accuracy)
    listed = data.get("representations")
    if group is None and "group" not in data and isinstance(listed, dict) and len(listed) == 1:
        return _generated(next(iter(listed.values())), read_accuracy(data.get("accuracy")))
    return read_audit_file(data, None if group is None else given_group(group))


def given_group(group: Any) -> NamedGroup:
    """A group from a FiniteGroup, a path to a table or to a group in JSON, a table of
    products, SymPy's groups, a presentation as text, or data as in a file.
    """
    if isinstance(group, NamedGroup):
        return group
    if isinstance(group, FiniteGroup):
        names = {str(x): k for k, x in enumerate(group.names)}
        return NamedGroup(group, names, (), tuple(names))
    if (document := as_document(group)) is not None:
        return read_group(document)
    if isinstance(group, (str, Path)) and Path(group).suffix.lower() == ".json":
        data = read_json(group)
        return given_group(data.get("group", data) if isinstance(data, dict) else data)
    name = file_label(group) if isinstance(group, (str, Path)) else "the group's table"
    if isinstance(group, (str, Path)) and Path(group).suffix.lower() == ".npz":
        arrays = read_arrays(Path(group))
        if "table" not in arrays:
            raise InputError(f"Expected an array 'table' in {name}, got {', '.join(sorted(arrays))}.")
        group = arrays["table"]
    elif isinstance(group, (str, Path)):
        group = rows_of_text(read_text(group), name)
    return named_table(labelled_table(group, name))


# -- files ---------------------------------------------------------------------------------------------------------------


def _from_path(path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _npz_data(read_arrays(path), file_label(path))
    return _from_csv(path) if suffix in (".csv", ".tsv", ".txt") else read_json(path)


def _npz_data(arrays: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    group: dict[str, Any] | None = None
    if "table" in arrays:
        table = arrays.pop("table")
        if table.ndim != 2 or table.shape[0] != table.shape[1] or table.dtype.kind not in "iu":
            raise InputError(
                f"Expected an n x n array of whole numbers in 'table' of {name}, got shape {table.shape}, {table.dtype}."
            )
        group = {"table": [[int(x) for x in row] for row in table]}
    if "permutations" in arrays:
        images = arrays.pop("permutations")
        if group is not None or images.ndim != 2 or images.dtype.kind not in "iu":
            raise InputError(
                f"Expected either 'table' or 'permutations', shape (k, m) of whole numbers, in {name}, got shape {images.shape}, {images.dtype}."
            )
        group = {"permutations": {f"g{k}": [int(x) for x in row] for k, row in enumerate(images)}}
    stacked = [key for key in ("generators", "matrices") if key in arrays and arrays[key].ndim == 3]
    if len(arrays) != 1 and stacked:
        raise InputError(
            f"Beside {stacked[0]!r} the archive {name} holds {', '.join(k for k in arrays if k not in stacked)[:80] or 'both kinds'}; only 'table' or 'permutations' may go with it."
        )
    if not arrays:
        raise InputError(f"{name} gives a group and no matrices; add 'generators' or 'matrices'.")
    content: Any = arrays[stacked[0]] if stacked else arrays
    if group is None:
        return content if isinstance(content, dict) else {f"g{k}": m for k, m in enumerate(content)}
    return {"group": group, "representations": {"R": _on_elements(content, read_group(group))}}


def _from_csv(path: Path) -> dict[str, Any]:
    text = read_text(path)
    beside: dict[str, Any] = {}
    lines = text.splitlines()
    if lines[0].startswith("#"):
        try:
            beside = parse_json(lines[0][1:], f"The first line of {file_label(path)}")
        except InputError as error:
            raise InputError(
                f'{error} The first line begins with #, so it should hold JSON such as # {{"group": ...}}.'
            ) from None
        if not isinstance(beside, dict):
            raise InputError(f"Expected a JSON object after # in {file_label(path)}, got {short(beside)}.")
        lines = lines[1:]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key="\n".join(lines).count)
    found: dict[str, dict[str, Any]] = {}
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{file_label(path)} is not readable as CSV: {error}.") from None
    for number, row in enumerate(rows, start=1 + (len(text.splitlines()) - len(lines))):
        if not any(cell.strip() for cell in row):
            continue
        label, cells = row[0].strip(), [cell.strip() for cell in row[1:]]
        while cells and not cells[-1]:
            cells.pop()
        d = math.isqrt(len(cells))
        if not label or not cells or d * d != len(cells):
            raise InputError(
                f"Line {number} of {file_label(path)}: expected a name and d*d entries (1, 4, 9, ...), got {short(label)} and {len(cells)} entries."
            )
        match = _OF.fullmatch(label)
        name, element = (match["name"], match["element"]) if match and match["element"] else ("R", label)
        where = found.setdefault(name, {})
        if element in where:
            raise InputError(f"Line {number} of {file_label(path)} gives {short(label)} a second time.")
        where[element] = [[_cell(cells[i * d + j]) for j in range(d)] for i in range(d)]
    if not found:
        raise InputError(f"{file_label(path)} holds no matrix.")
    return {**beside, "representations": found}


def _cell(text: str) -> Any:
    """An integer, a decimal that remembers its digits, or a text for the grammar of
    exact numbers.
    """
    if re.fullmatch(r"[+-]?\d{1,300}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text) and len(text) < 300:
        return Decimal(text)
    return text


# -- objects -------------------------------------------------------------------------------------------------------------


def _on_elements(data: Any, named: NamedGroup) -> dict[str, Any]:
    """Matrices, as they were given, by the name of the element."""
    if isinstance(data, Mapping):
        return {str(key): value for key, value in data.items()}
    if callable(data) and not hasattr(data, "__array__"):
        return {label: _asked(data, _argument(named, label), f"R({label})") for label in _labels(named)}
    rows = list(data) if isinstance(data, Sequence) and not isinstance(data, (str, bytes)) else _stack(data)
    return dict(zip(_order(rows, named), rows, strict=True))


def _labels(named: NamedGroup) -> list[str]:
    back = {index: label for label, index in reversed(list(named.names.items()))}
    if len(back) < named.group.order:
        missing = next(k for k in range(named.group.order) if k not in back)
        raise InputError(
            f"Not every element has a name ({named.group.names[missing]} has none). Name all of them, or give matrices on generators by name."
        )
    return [back[k] for k in range(named.group.order)]


def _argument(named: NamedGroup, label: str) -> Any:
    """What a callable is asked with: the permutation as a tuple of images where
    there is one, else the element's name.
    """
    elements = getattr(named.group, "elements", None)
    return label if elements is None else tuple(int(x) for x in elements[named.names[label]])


def _asked(function: Callable[[Any], Any], element: Any, where: str) -> Any:
    """The matrix of one element by the user's function, a copy: the function may
    return one object again and again.
    """
    try:
        value = function(element)
    except CALL_ERRORS as error:  # the user's own code: reported, not hidden
        text = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"{where}: the function raised {type(error).__name__} when asked with {short(element)}: {text}"
        ) from error
    return value.detach().clone() if hasattr(value, "detach") else copy.deepcopy(value)


def _order(rows: Sequence[Any], named: NamedGroup) -> list[str]:
    n, k = named.group.order, len(named.generators)
    if len(rows) == n and not (named.generators and k == n and n > 1):
        return _labels(named)
    if k and len(rows) == k:
        return list(named.generators)
    expected = f"{n} matrices, in the order of the elements" + (
        f", or {k}, in the order of the generators {', '.join(named.generators)}" if k else ""
    )
    raise InputError(
        f"Expected {expected}, got {len(rows)}. Give a mapping from names to matrices if only some elements have one."
    )


def _stack(data: Any) -> list[np.ndarray]:
    array = array_of(data, "the matrices")
    if array.ndim != 3 or 0 in array.shape[1:]:
        raise InputError(f"Expected matrices stacked in shape (k, d, d), got shape {array.shape}.")
    return list(array)


def _generated(data: Any, accuracy: float | None) -> Generated:
    """Numeric matrices on generators; exact entries become floats."""
    if callable(data) and not hasattr(data, "__array__") and not hasattr(data, "shape"):
        raise InputError("A callable needs group=: without one nobody knows which elements to ask it for.")
    if data is None or isinstance(data, (bool, int, float, complex, bytes, str)):
        raise InputError(
            f"Expected matrices, a mapping from names to matrices, a callable with group=, or a path, got {short(data)}."
        )
    if not isinstance(data, Mapping):
        rows = list(data) if isinstance(data, (list, tuple)) else _stack(data)
        data = {f"g{k}": row for k, row in enumerate(rows)}
    if not data:
        raise InputError("There is no matrix to audit.")
    given = {str(key): decode(value, Matrix, f"R({key})") for key, value in data.items()}
    degrees = {matrix.degree: key for key, matrix in given.items()}
    if len(degrees) > 1:
        (a, x), (b, y) = list(degrees.items())[:2]
        raise InputError(
            f"The matrices differ in size: {a} x {a} for {x}, {b} x {b} for {y}. One representation has one degree."
        )
    if max(degrees) > MAX_NUMERIC_DEGREE:
        raise InputError(
            f"Degree {max(degrees)} is beyond {MAX_NUMERIC_DEGREE}, the largest that is decomposed. Split it by a known symmetry first."
        )
    matrices, errors = zip(*(matrix.as_floats() for matrix in given.values()), strict=True)
    return Generated(tuple(given), np.stack(matrices), max([accuracy or 0.0, storage_rounding(matrices), *errors]))


Representable = Callable[[Any], Any] | Mapping[str, Any] | Sequence[Any] | np.ndarray | str | Path | Representation
