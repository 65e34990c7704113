"""Where the group audit takes its table from: CSV, JSON and NPZ. All are data; nothing
is run and nothing unpickled.

JSON: rows, ``[["e", "a"], ["a", "e"]]``; or
``{"table": rows, "labels": [...], "title": ...}``, labels in the order of rows and
columns, products by label or by position (from 0, or from 1 where n stands and 0 does
not); or a group given otherwise, as in the representation audit, whose table is then
made and judged: ``{"permutations": {"r": [1, 2, 0]}}``, 0-based images, or
``{"generators": ["r", "s"], "relations": ["r^4", "s^2", "s*r*s = r^-1"]}``. NPZ: an
array ``table`` of whole numbers, with or without ``labels``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from proofs_checks.errors import InputError
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.files import named, read_arrays, read_json, read_text
from proofs_checks.wording import short
from theory.groups import FiniteGroup

MAX_ELEMENTS = 4096
INSTEAD = "Take a subgroup or a quotient; theory.groups.FiniteGroup.from_permutations lists up to 200000 elements without a table."
Rows = list[list[Any]]
_FORMS = (
    "rows, an object with 'table' (and 'labels'), one with 'permutations', or one with 'generators' and 'relations'"
)


def read(path: Path) -> Rows | np.ndarray | FiniteGroup:
    """The rows of a table, with head row and column where labels stand apart; or a
    group that generators define.

    Raises:
        InputError: the file cannot be read as one of these.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _from_npz(path)
    return from_json(read_json(path), named(path)) if suffix == ".json" else _from_csv(path)


def _from_csv(path: Path) -> Rows:
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise InputError(f"{named(path)} holds NUL bytes; it is no CSV text.")
    first = next(line for line in text.splitlines() if line.strip())
    delimiter = max(",;\t", key=first.count)
    if not first.count(delimiter) and len(first.split()) > 1:
        return [line.split() for line in text.splitlines() if line.strip()]
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        rows = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise InputError(f"{named(path)} is not readable as CSV: {error}.") from None
    rows = [row for row in rows if any(row)]
    ends_empty = len({len(row) for row in rows}) == 1 and not any(row[-1] for row in rows)
    return [row[:-1] for row in rows] if ends_empty else rows  # a delimiter at the end of every line


class TableDocument(Struct, forbid_unknown_fields=True):
    """A table with its elements' labels in the order of rows and columns."""

    table: list[list[Any]]
    labels: list[Any] | None = None
    title: str = ""


def from_json(data: Any, name: str) -> Rows | FiniteGroup:
    """The same from parsed JSON."""
    if isinstance(data, list):
        return data
    if not isinstance(data, Mapping) or not data.keys() & {"table", "permutations", "relations"}:
        came = short(data) if not isinstance(data, Mapping) else f"fields {', '.join(sorted(map(str, data))) or 'none'}"
        raise InputError(f"Expected {_FORMS} in {name}, got {came}.")
    if "table" not in data:
        from proofs_checks.inputs.named_groups import read_group

        return read_group({key: value for key, value in data.items() if key != "title"}, MAX_ELEMENTS, INSTEAD).group
    document = decode(data, TableDocument)
    return _labelled(document.table, document.labels)


def _from_npz(path: Path) -> Rows | np.ndarray:
    arrays = read_arrays(path)
    if "table" not in arrays or arrays.keys() - {"table", "labels"}:
        raise InputError(
            f"Expected an array 'table', and perhaps 'labels', in {named(path)}, got {', '.join(sorted(arrays)) or 'none'}."
        )
    table = arrays["table"]
    if table.dtype.kind not in "iuU" or table.ndim != 2:
        raise InputError(
            f"Expected a square array of whole numbers or texts in 'table' of {named(path)}, got shape {table.shape}, {table.dtype}. "
            "A table counts or names elements: if the numbers are whole, save table.astype(int)."
        )
    labels = arrays.get("labels")
    if labels is None and table.dtype.kind in "iu":
        return table
    return _labelled(table.tolist(), None if labels is None else labels.tolist())


def _labelled(table: Rows, labels: list[Any] | None) -> Rows:
    """Rows; with labels as head row and column. Its products are labels, or all of
    them positions 0..n-1.
    """
    if labels is None:
        return table
    if not isinstance(labels, list) or len(labels) != len(table):
        raise InputError(
            f"Expected {len(table)} labels for {len(table)} rows in labels, got {len(labels) if isinstance(labels, list) else short(labels)}."
        )
    cells = [cell for row in table for cell in row]
    whole = all(isinstance(c, int) and not isinstance(c, bool) for c in cells)
    if whole and not {str(c) for c in cells} <= {
        str(x) for x in labels
    }:  # positions; others stay, as products that are no elements
        first = (
            1 if min(cells) >= 1 and max(cells) == len(labels) else 0
        )  # 0..n-1 cannot be meant where n stands and 0 does not
        table = [[labels[c - first] if 0 <= c - first < len(labels) else c for c in row] for row in table]
    return [["", *labels], *([label, *row] for label, row in zip(labels, table, strict=True))]
