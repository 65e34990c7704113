"""Where the group audit takes its table from: CSV, JSON and NPZ. All are data; nothing
is run and nothing unpickled.

JSON: rows, ``[["e", "a"], ["a", "e"]]``; or ``{"table": rows, "labels": [...], "title":
...}``, labels in the order of rows and columns, products by label or by position (from
0, or from 1 where n stands and 0 does not); or a group given otherwise, as in the
representation audit, whose table is then made and judged: ``{"permutations": {"r":
"(1,2,3)"}}``, cycles or images, or ``{"generators": ["r", "s"], "relations": ["r^4",
"s^2", "s*r*s = r^-1"]}``. Text: CSV, a Markdown table, or what Sage prints for a Cayley
table. NPZ: an array ``table`` of whole numbers, with or without ``labels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from proofs_checks.errors import InputError
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.files import file_label, read_arrays, read_json, read_text
from proofs_checks.inputs.group_documents import as_document
from proofs_checks.inputs.group_table_labels import INSTEAD, MAX_ELEMENTS, with_labels
from proofs_checks.inputs.group_table_text import rows_of_text
from proofs_checks.inputs.named_groups import NamedGroup, read_group
from proofs_checks.wording import short

Rows = list[list[Any]]
_FORMS = (
    "rows, an object with 'table' (and 'labels'), one with 'permutations', or one with 'generators' and 'relations'"
)


def read(path: Path) -> Rows | np.ndarray | NamedGroup:
    """The rows of a table, with head row and column where labels stand apart; or a
    group that generators define.

    Raises:
        InputError: the file cannot be read as one of these.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _from_npz(path)
    return (
        from_json(read_json(path), file_label(path))
        if suffix == ".json"
        else rows_of_text(read_text(path), file_label(path))
    )


class TableDocument(Struct, forbid_unknown_fields=True):
    """A table with its elements' labels in the order of rows and columns."""

    table: list[list[Any]]
    labels: list[Any] | None = None
    title: str = ""


def from_json(data: Any, name: str) -> Rows | NamedGroup:
    """The same from parsed JSON."""
    data = as_document(data) or data
    if isinstance(data, list):
        return data
    if not isinstance(data, Mapping) or not data.keys() & {"table", "permutations", "relations"}:
        came = short(data) if not isinstance(data, Mapping) else f"fields {', '.join(sorted(map(str, data))) or 'none'}"
        raise InputError(f"Expected {_FORMS} in {name}, got {came}.")
    if "table" not in data:
        return read_group({key: value for key, value in data.items() if key != "title"}, MAX_ELEMENTS, INSTEAD)
    document = decode(data, TableDocument)
    return with_labels(document.table, document.labels)


def _from_npz(path: Path) -> Rows | np.ndarray:
    arrays = read_arrays(path)
    if "table" not in arrays or arrays.keys() - {"table", "labels"}:
        raise InputError(
            f"Expected an array 'table', and perhaps 'labels', in {file_label(path)}, got {', '.join(sorted(arrays)) or 'none'}."
        )
    table = arrays["table"]
    if table.dtype.kind not in "iuU" or table.ndim != 2:
        raise InputError(
            f"Expected a square array of whole numbers or texts in 'table' of {file_label(path)}, got shape {table.shape}, {table.dtype}. "
            "A table counts or names elements: if the numbers are whole, save table.astype(int)."
        )
    labels = arrays.get("labels")
    if labels is None and table.dtype.kind in "iu":
        return table
    return with_labels(table.tolist(), None if labels is None else labels.tolist())
