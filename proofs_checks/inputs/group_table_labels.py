"""Rows and arrays as a labelled multiplication table: labels, and products as
indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.inputs.files import require_dense
from proofs_checks.wording import short

MAX_ELEMENTS = 4096
INSTEAD = "Take a subgroup or a quotient; theory.groups.FiniteGroup.from_permutations lists up to 200000 elements without a table."
_FIRST_LINES = "no labels: the first row and column were taken for products with the identity"
CORNERS = {"", "*", "·", ".", "∘", "×", "x", "+", "o", "∗", "⋅", "op", "\\cdot", "\\circ"}
GIVEN = "rows of labels, an array of whole numbers"


@dataclass(frozen=True)
class LabelledTable:
    """Labels and products as indices; -1 where a product is no label: ``strange``
    holds the first of these, row, column and what stood there.
    """

    labels: tuple[str, ...]
    products: np.ndarray
    strange: tuple[int, int, str] | None
    note: str = ""


def labelled_table(given: Any, name: str) -> LabelledTable:
    """A table from rows, an array, a tensor or a data frame.

    Raises:
        InputError: it cannot be read as one: empty, ragged, not square, empty cells,
            doubtful labels, more than 4096 elements.
    """
    if hasattr(given, "detach"):
        require_dense(given, name)
        given = given.detach().cpu().numpy()
    if hasattr(given, "columns") and hasattr(given, "index") and hasattr(given, "to_numpy"):  # a data frame
        body = given.to_numpy().tolist()
        given = [["", *given.columns], *([label, *row] for label, row in zip(given.index, body, strict=True))]
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu" and given.ndim == 2:
        return _counted(given, name)
    return _labelled(_rows_given(given), name)


def _rows_given(rows: Any) -> list[list[str]]:
    if isinstance(rows, np.ndarray):
        rows = rows.tolist()
    if (
        not isinstance(rows, Sequence)
        or isinstance(rows, (str, bytes))
        or not all(isinstance(r, Sequence) and not isinstance(r, (str, bytes)) for r in rows)
    ):
        raise InputError(
            f"Expected a path, rows of labels, an array of whole numbers, the data of a JSON file, permutations or a FiniteGroup, got {short(rows)}."
        )
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (int, np.integer, str)):
                raise InputError(
                    f"Expected labels that are texts or integers, got {short(cell)} ({type(cell).__name__}) in row {i + 1}, column {j + 1}. "
                    "Elements are named or counted: write 1, not 1.0 or true (in NumPy table.astype(int))."
                )
    return [[str(cell).strip() for cell in row] for row in rows]


def _require_square(rows: int, columns: int, name: str) -> None:
    if not rows or not columns:
        raise InputError(f"{name} is empty. A group has at least one element.")
    if rows > MAX_ELEMENTS + 1:
        raise InputError(f"{name} has {rows} rows; exact audits stop at {MAX_ELEMENTS} elements. {INSTEAD}")
    if rows != columns:
        hint = " A head row needs a head column as well, and a corner." if abs(rows - columns) == 1 else ""
        raise InputError(f"Expected a square table, got {rows} rows of {columns} cells in {name}.{hint}")


def _counted(table: np.ndarray, name: str) -> LabelledTable:
    """A table of whole numbers, without labels: 0..n-1 or 1..n, or other n numbers
    that stand in the first row and the first column alike.
    """
    n = len(table)
    _require_square(n, table.shape[1], name)
    if n > MAX_ELEMENTS:
        _require_square(n + 1, n + 1, name)
    start = 1 if int(table.min()) >= 1 and int(table.max()) >= n else 0
    inside = (table >= start) & (table < start + n)
    listed = len(np.unique(table)) == n == len(np.unique(table[0])) and (table[0] == table[:, 0]).all()
    if listed and not (inside.all() and _has_identity(table.tolist(), list(range(start, start + n)))):
        order = np.argsort(table[0])
        labels = tuple(str(x) for x in table[0].tolist())
        return LabelledTable(labels, order[np.searchsorted(table[0][order], table)], None, _FIRST_LINES)
    products = np.where(inside, table, start).astype(np.int64) - start
    products[~inside] = -1
    strange = None
    if not inside.all():
        i, j = (int(k) for k in np.unravel_index(int((~inside).argmax()), table.shape))
        strange = i, j, str(table[i, j])
    labels = tuple(str(k + start) for k in range(n))
    return LabelledTable(labels, products, strange, f"no labels: elements are {start}..{n - 1 + start}")


def _has_identity(rows: list[list[Any]], labels: list[Any]) -> bool:
    """Whether one of the labels, which stand for the rows in their order, leaves all of
    them where they are: without that, labels in the order of the first row do."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return any(row == labels and column == labels for row, column in zip(rows, columns, strict=True))


def _labelled(rows: list[list[str]], name: str) -> LabelledTable:
    width = len(rows[0]) if rows and any(rows) else 0
    for k, row in enumerate(rows):
        if len(row) != width:
            raise InputError(
                f"{name} is ragged: row {k + 1} has {len(row)} cells, row 1 has {width}. Every row needs a product for every element."
            )
    _require_square(len(rows), width, name)
    return _with_head(rows, name) if _has_head(rows) else _without_head(rows, name)


def _has_head(rows: list[list[str]]) -> bool:
    """A corner that is empty or a sign of multiplication, and no product in the table.

    Any other word there is a head's corner only if it cannot be a product, and then
    nobody can be sure: a monoid's table may show its identity once.
    """
    corner, inner = rows[0][0], {cell for row in rows[1:] for cell in row[1:]}
    if len(rows) == 1 or (corner in inner and corner != ""):
        return False
    if corner.lower() in CORNERS:
        return True
    if set(rows[0][1:]) == {row[0] for row in rows[1:]} and not _is_whole(corner) and inner <= set(rows[0][1:]):
        raise InputError(
            f"Is {short(corner)} in the corner an element or a title? If the first row is a head, leave the corner empty or write * there."
        )
    return False


def _is_whole(text: str) -> bool:
    return len(text) < 20 and text.isascii() and text.removeprefix("-").isdigit()


def _with_head(rows: list[list[str]], name: str) -> LabelledTable:
    columns, lines = rows[0][1:], [row[0] for row in rows[1:]]
    for labels, where in ((columns, "head row"), (lines, "head column")):
        for k, label in enumerate(labels):
            if label == "":
                raise InputError(f"An empty label in the {where} of {name} (position {k + 1}).")
            if label in labels[:k]:
                raise InputError(
                    f"The label {short(label)} stands twice in the {where} of {name} (positions {labels.index(label) + 1} and {k + 1})."
                )
    if set(columns) != set(lines):
        extra = sorted(set(columns) ^ set(lines))[0]
        raise InputError(
            f"The head row and the head column of {name} list different elements: {short(extra)} is in one only."
        )
    place = {label: k for k, label in enumerate(lines)}
    order = [columns.index(label) for label in lines]
    body = [[row[1 + k] for k in order] for row in rows[1:]]
    note = "" if columns == lines else "columns reordered to follow the rows"
    return _indexed(lines, body, place, name, note)


def _without_head(rows: list[list[str]], name: str) -> LabelledTable:
    n, head = len(rows), rows[0]
    symbols = {cell for row in rows for cell in row if cell}
    whole = all(map(_is_whole, symbols))
    start = 1 if whole and symbols and min(map(int, symbols)) >= 1 and max(map(int, symbols)) >= n else 0
    counted = [str(k + start) for k in range(n)]
    first_lines = head == [row[0] for row in rows] and len(set(head)) == n
    by_count = {str(int(x)) for x in symbols} == set(counted) if whole else False
    if by_count and first_lines:
        by_count = _has_identity([[str(int(x)) for x in row] for row in rows if all(row)], counted)
    if whole and (by_count or not (first_lines and symbols == set(head))):
        labels, note = counted, f"no labels: elements are {start}..{n - 1 + start}"
    elif first_lines:
        labels, note = head, _FIRST_LINES
    else:
        raise InputError(
            f"{name} has no head row and column, and its first row and first column are not one list of {n} labels, so that nobody can tell which row "
            "belongs to which element. Add a head row and a head column, with an empty corner."
        )
    return _indexed(labels, rows, {label: k for k, label in enumerate(labels)}, name, note)


def _indexed(
    labels: Sequence[str], body: list[list[str]], place: dict[str, int], name: str, note: str
) -> LabelledTable:
    n = len(labels)
    products = np.full((n, n), -1, dtype=np.int64)
    strange = None
    for i, row in enumerate(body):
        for j, cell in enumerate(row):
            if cell == "":
                raise InputError(
                    f"The product {short(labels[i])} * {short(labels[j])} is missing in {name} (an empty cell)."
                )
            if cell in place:
                products[i, j] = place[cell]
            elif _is_whole(cell) and str(int(cell)) in place:
                products[i, j] = place[str(int(cell))]  # 01 for 1
            elif strange is None:
                strange = i, j, cell
    return LabelledTable(tuple(labels), products, strange, note)


def with_labels(table: list[list[Any]], labels: list[Any] | None) -> list[list[Any]]:
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
