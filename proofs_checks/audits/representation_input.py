"""Where the representation audit takes its matrices from: JSON, CSV, NPZ, and Python objects. Data is read, never run and never unpickled.

CSV: one matrix a line, ``name, a11, a12, .., add``; the name is an element, or ``R(element)`` where there are several representations. A first line
``# {"group": {...}, "complete": true}`` may hold what a JSON file says beside the matrices.

NPZ: one array for each generator under its name; or ``generators``, shape ``(k, d, d)``; or ``matrices``, shape ``(n, d, d)``, in the order of ``table``,
an n x n array of products 0..n-1 whose row and column 0 belong to the identity. ``permutations``, shape ``(k, m)``, 0-based, may go with ``generators``.

Without a group the matrices are taken for generators, and the group is what they generate.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.audits.reading import CALL_ERRORS, Decimal, read_arrays, read_json, read_text, require_dense, short
from proofs_checks.audits.representation_decimals import last_place
from proofs_checks.audits.representation_file import (
    AuditFile,
    GivenRepresentation,
    NamedGroup,
    read_accuracy,
    read_audit_file,
    read_group,
    read_numeric_matrix,
)
from proofs_checks.errors import InputError
from theory.groups import FiniteGroup
from theory.representations import Representation

MAX_NUMERIC_DEGREE = 2048
_OF = re.compile(r"\s*(?P<name>[^()]+?)\s*\(\s*(?P<element>.+?)\s*\)\s*")


@dataclass(frozen=True)
class Generated:
    """Matrices on generators of a group that nobody has named: shape ``(k, d, d)``, and how far entries may be from the true ones."""

    names: tuple[str, ...]
    matrices: np.ndarray
    accuracy: float


def read_source(
    source: Any, group: Any, *, name: str = "R", complete: bool = False, accuracy: float | None = None
) -> AuditFile | Generated:
    """Whatever a reader may hand over, as an :class:`AuditFile`, or as :class:`Generated` where no group is given.

    Raises:
        InputError: naming the place, what was expected there, and what came.
    """
    read_accuracy(accuracy)
    resolution: float | None = None
    if isinstance(source, (str, Path)):
        data, resolution = _from_path(Path(source))
        if Path(source).suffix.lower() not in (".npz", ".csv", ".tsv", ".txt") and not (
            isinstance(data, dict) and "representations" in data
        ):
            return read_audit_file(data)
    elif isinstance(source, Representation):
        given = GivenRepresentation(source.name or name, source.matrices)
        return AuditFile("", given_group(source.group), (given,), complete)
    else:
        data = source
    if (
        isinstance(data, Mapping)
        and ("representations" in data or "group" in data)
        and not _is_matrix(data.get("group"))
    ):
        if group is not None and "group" in data:
            raise InputError("The group is given twice: in the data and as group=.")
        data = dict(data)
        if accuracy is not None:
            data.setdefault("accuracy", accuracy)
        if (
            group is None
            and "group" not in data
            and isinstance(data.get("representations"), dict)
            and len(data["representations"]) == 1
        ):
            (matrices,) = data["representations"].values()
            return _generated(matrices, read_accuracy(data.get("accuracy")))
        return read_audit_file(data, None if group is None else given_group(group), resolution)
    if group is None:
        return _generated(data, accuracy)
    named = given_group(group)
    matrices, own = _on_elements(data, named)
    whole: dict[str, Any] = {"representations": {name: matrices}, "complete": complete, "accuracy": accuracy}
    return read_audit_file(whole, named, own or resolution)


def given_group(group: Any) -> NamedGroup:
    """A group from a FiniteGroup, a path to a table (CSV, NPZ) or to a group in JSON, a table of products, or data as in a file."""
    if isinstance(group, NamedGroup):
        return group
    if isinstance(group, FiniteGroup):
        names = {str(x): k for k, x in enumerate(group.names)}
        return NamedGroup(group, names, (), tuple(names))
    if isinstance(group, (str, Path)) and Path(group).suffix.lower() == ".json":
        data = read_json(group)
        return given_group(data.get("group", data) if isinstance(data, dict) else data)
    if isinstance(group, (str, Path)) and Path(group).suffix.lower() == ".npz":
        arrays = read_arrays(Path(group))
        if "table" not in arrays:
            raise InputError(f"Expected an array 'table' in {Path(group).name}, got {', '.join(sorted(arrays))}.")
        return given_group(arrays["table"])
    if isinstance(group, (str, Path)):
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(read_text(group))) if any(row)]
        return read_group({"table": [row[1:] for row in rows[1:]] if rows[0][0] in ("", "*") else rows})
    if isinstance(group, Mapping):
        return read_group(dict(group))
    table = _plain(group, "the group's table")[0]
    return read_group({"table": table})


# -- files ---------------------------------------------------------------------------------------------------------------


def _from_path(path: Path) -> tuple[Any, float | None]:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _npz_data(read_arrays(path), path.name)
    if suffix in (".csv", ".tsv", ".txt"):
        return _from_csv(path), None
    return read_json(path), None


def _npz_data(arrays: dict[str, np.ndarray], name: str) -> tuple[dict[str, Any], float | None]:
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
    accuracy = max(filter(None, (_resolution(a) for a in arrays.values())), default=None)
    if group is None:
        return content if isinstance(content, dict) else {f"g{k}": m for k, m in enumerate(content)}, accuracy
    matrices, _ = _on_elements(content, read_group(group))
    return {"group": group, "representations": {"R": matrices}}, accuracy


def _from_csv(path: Path) -> dict[str, Any]:
    text = read_text(path)
    beside: dict[str, Any] = {}
    lines = text.splitlines()
    if lines[0].startswith("#"):
        try:
            beside = json.loads(lines[0][1:])
        except (json.JSONDecodeError, RecursionError):
            raise InputError(
                f'The first line of {path.name} begins with #, so it should hold JSON such as # {{"group": ...}}; it is none.'
            ) from None
        if not isinstance(beside, dict):
            raise InputError(f"Expected a JSON object after # in {path.name}, got {short(beside)}.")
        lines = lines[1:]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key="\n".join(lines).count)
    found: dict[str, dict[str, Any]] = {}
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{path.name} is not readable as CSV: {error}.") from None
    for number, row in enumerate(rows, start=1 + (len(text.splitlines()) - len(lines))):
        if not any(cell.strip() for cell in row):
            continue
        label, cells = row[0].strip(), [cell.strip() for cell in row[1:]]
        while cells and not cells[-1]:
            cells.pop()
        d = math.isqrt(len(cells))
        if not label or not cells or d * d != len(cells):
            raise InputError(
                f"Line {number} of {path.name}: expected a name and d*d entries (1, 4, 9, ...), got {short(label)} and {len(cells)} entries."
            )
        match = _OF.fullmatch(label)
        name, element = (match["name"], match["element"]) if match and match["element"] else ("R", label)
        where = found.setdefault(name, {})
        if element in where:
            raise InputError(f"Line {number} of {path.name} gives {short(label)} a second time.")
        where[element] = [[_cell(cells[i * d + j]) for j in range(d)] for i in range(d)]
    if not found:
        raise InputError(f"{path.name} holds no matrix.")
    return {**beside, "representations": found}


def _cell(text: str) -> Any:
    """An integer, a decimal that remembers its digits, or a text for the grammar of exact numbers."""
    if re.fullmatch(r"[+-]?\d{1,300}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text) and len(text) < 300:
        return Decimal(text)
    return text


# -- objects -------------------------------------------------------------------------------------------------------------


def _is_matrix(value: Any) -> bool:
    """An array, tensor or list, where a group would be a mapping: the name "group" may be an element's."""
    return hasattr(value, "shape") or isinstance(value, list)


def _on_elements(data: Any, named: NamedGroup) -> tuple[dict[str, Any], float | None]:
    """Matrices by the name of the element, as plain numbers, and the resolution of their dtype."""
    if isinstance(data, Mapping):
        parts = {str(key): _plain(value, f"R({key})") for key, value in data.items()}
    elif callable(data) and not hasattr(data, "__array__"):
        parts = {label: _asked(data, _argument(named, label), f"R({label})") for label in _labels(named)}
    else:
        rows = list(data) if isinstance(data, Sequence) and not isinstance(data, (str, bytes)) else _stack(data)
        parts = {label: _plain(value, f"R({label})") for label, value in zip(_order(rows, named), rows, strict=True)}
    return {key: value for key, (value, _) in parts.items()}, max(
        filter(None, (a for _, a in parts.values())), default=None
    )


def _labels(named: NamedGroup) -> list[str]:
    back = {index: label for label, index in reversed(list(named.names.items()))}
    if len(back) < named.group.order:
        missing = next(k for k in range(named.group.order) if k not in back)
        raise InputError(
            f"Not every element has a name ({named.group.names[missing]} has none). Name all of them, or give matrices on generators by name."
        )
    return [back[k] for k in range(named.group.order)]


def _argument(named: NamedGroup, label: str) -> Any:
    """What a callable is asked with: the permutation as a tuple of images where there is one, else the element's name."""
    elements = getattr(named.group, "elements", None)
    return label if elements is None else tuple(int(x) for x in elements[named.names[label]])


def _asked(function: Callable[[Any], Any], element: Any, where: str) -> tuple[Any, float | None]:
    """What a reader's function says of one element, a copy of it: the function may hand out one object again and again."""
    try:
        value = function(element)
    except CALL_ERRORS as error:  # a reader's own code: told, not swallowed
        text = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"{where}: the function raised {type(error).__name__} when asked with {short(element)}: {text}"
        ) from error
    return _plain(copy.deepcopy(value) if isinstance(value, list) else value, where)


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


def _array(value: Any, where: str) -> np.ndarray:
    """A NumPy array of numbers from an array, a tensor on any device, or nested lists of equal lengths."""
    if hasattr(value, "detach"):
        require_dense(value, where)
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.resolve_conj().numpy()
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise InputError(f"Expected an array of numbers in {where}, got {short(value)}: {error}.") from None
    if array.dtype.kind not in "iufc":
        raise InputError(f"Expected an array of numbers in {where}, got dtype {array.dtype}.")
    return array


def _stack(data: Any) -> list[np.ndarray]:
    array = _array(data, "the matrices")
    if array.ndim != 3 or 0 in array.shape[1:]:
        raise InputError(f"Expected matrices stacked in shape (k, d, d), got shape {array.shape}.")
    return list(array)


def _plain(value: Any, where: str) -> tuple[Any, float | None]:
    """A matrix as nested lists of Python numbers or texts, and how far entries of its dtype may be from the true ones."""
    if hasattr(value, "shape") or hasattr(value, "detach"):
        resolution = 2.0**-8 if str(getattr(value, "dtype", "")) == "torch.bfloat16" else None
        array = _array(value, where)
        if array.dtype.itemsize > (32 if array.dtype.kind == "c" else 16) or array.dtype.name in (
            "longdouble",
            "float128",
            "clongdouble",
            "complex256",
        ):
            array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
        if array.ndim not in (0, 2) and array.size != 1:
            raise InputError(f"Expected a number or a matrix in {where}, got shape {array.shape}.")
        return (array.tolist() if array.ndim == 2 else array.item()), _resolution(
            array
        ) if resolution is None else resolution
    return value, None


def _resolution(array: np.ndarray) -> float | None:
    """Four units in the last place of the largest entry, for floats that are not float64; None leaves it to the audit."""
    if array.dtype.kind not in "fc" or not array.size or np.finfo(array.dtype).eps < 1e-15:
        return None
    largest = float(np.abs(array).max())
    return min(0.5, 4 * float(np.finfo(array.dtype).eps) * max(1.0, largest)) if math.isfinite(largest) else None


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
    parts, errors = {}, []
    for key, value in data.items():
        if hasattr(value, "shape") or hasattr(value, "detach"):
            array = _array(value, f"R({key})")
            array = array.reshape(1, 1) if array.size == 1 else array
            if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
                raise InputError(f"Expected a square matrix of at least one row in R({key}), got shape {array.shape}.")
            if not np.isfinite(array).all():
                raise InputError(f"Expected finite numbers in R({key}), got {array[~np.isfinite(array)][0]}.")
            wide = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
            parts[str(key)] = wide
            errors.append(_resolution(array) or last_place(float(np.abs(wide).max())))
        else:
            parts[str(key)], error = read_numeric_matrix(value, f"R({key})")
            errors.append(error)
    sizes = {len(m): key for key, m in parts.items()}
    if len(sizes) > 1:
        (a, x), (b, y) = list(sizes.items())[:2]
        raise InputError(
            f"The matrices differ in size: {a} x {a} for {x}, {b} x {b} for {y}. One representation has one degree."
        )
    if max(sizes) > MAX_NUMERIC_DEGREE:
        raise InputError(
            f"Degree {max(sizes)} is beyond {MAX_NUMERIC_DEGREE}, the largest that is decomposed. Split it by a known symmetry first."
        )
    return Generated(tuple(parts), np.stack(list(parts.values())), max([accuracy or 0.0, *errors]))


Representable = Callable[[Any], Any] | Mapping[str, Any] | Sequence[Any] | np.ndarray | str | Path | Representation
