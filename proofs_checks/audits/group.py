"""The audit of a multiplication table: a group, or the first axiom that fails, with its elements.

Closure, associativity (Light's test, a decision and no sample), identity, inverses; in that order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.group_file import INSTEAD, MAX_ELEMENTS, from_json, read
from proofs_checks.audits.reading import require_dense, short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import GroupTooLarge, latin_failure, light_test, magma_generators, two_sided_identity
from theory.groups.families import describe

MAX_ASSOCIATIVITY_WORK = 5 * 10**8  # products that Light's test may look up
_FIRST_LINES = "no labels: the first row and column were taken for products with the identity"
_CORNERS = {"", "*", "·", ".", "∘", "×", "x", "+", "o", "∗", "⋅", "op"}


@dataclass(frozen=True)
class LabelledTable:
    """Labels and products as indices; -1 where a product is no label: ``strange`` holds the first of these, row, column and what stood there."""

    labels: tuple[str, ...]
    products: np.ndarray
    strange: tuple[int, int, str] | None
    note: str = ""


def audit_group(
    source: str | Path | np.ndarray | Mapping[str, Any] | FiniteGroup | Sequence[Sequence[Any]], *, subject: str = ""
) -> AuditReport:
    """Decide whether a multiplication table is that of a group.

    Args:
        source: A CSV, JSON or NPZ file (:mod:`proofs_checks.audits.group_file`), the data of such a JSON file, a :class:`theory.groups.FiniteGroup`, or rows:
            lists, a NumPy array or a tensor of whole numbers. The product a * b stands in the row of a and the column of b.
            Labels may stand in a head row and a head column (in any order); without them the table holds 0..n-1 or 1..n, or labels whose
            first row and first column agree.
        subject: What to call it; the file's name otherwise.
    Raises:
        InputError: the table cannot be read as one: empty, ragged, not square, empty cells, doubtful labels, more than 4096 elements.
    """
    if isinstance(source, (str, Path)):
        name, given = subject or Path(source).name, read(Path(source))
    else:
        name = subject or "a table"
        given = from_json(source, name) if isinstance(source, Mapping) else source
    if hasattr(given, "detach"):
        require_dense(given, name)
        given = given.detach().cpu().numpy()
    if isinstance(given, FiniteGroup):
        return _judge(_of_group(given), name)
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu" and given.ndim == 2:
        return _judge(_counted(given, name), name)
    return _judge(_labelled(_rows_given(given), name), name)


def _of_group(group: FiniteGroup) -> LabelledTable:
    try:
        table = group.table
    except GroupTooLarge as error:
        raise InputError(f"{error} {INSTEAD}") from None
    return LabelledTable(group.names, table, None, "the table was made from the generators, and judged like any other")


def _rows_given(rows: Any) -> list[list[str]]:
    if isinstance(rows, np.ndarray):
        rows = rows.tolist()
    if (
        not isinstance(rows, Sequence)
        or isinstance(rows, (str, bytes))
        or not all(isinstance(r, Sequence) and not isinstance(r, (str, bytes)) for r in rows)
    ):
        raise InputError(
            f"Expected a path, rows of labels, an array of whole numbers, the data of a JSON file or a FiniteGroup, got {short(rows)}."
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
    """A table of whole numbers, without labels: 0..n-1 or 1..n, or other n numbers that stand in the first row and the first column alike."""
    n = len(table)
    _require_square(*table.shape, name)
    if n > MAX_ELEMENTS:
        _require_square(n + 1, n + 1, name)
    start = 1 if int(table.min()) >= 1 and int(table.max()) >= n else 0
    inside = (table >= start) & (table < start + n)
    if not inside.all() and len(np.unique(table)) == n == len(np.unique(table[0])) and (table[0] == table[:, 0]).all():
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

    Any other word there is a head's corner only if it cannot be a product, and then nobody can be sure: a monoid's table may show its identity once.
    """
    corner, inner = rows[0][0], {cell for row in rows[1:] for cell in row[1:]}
    if len(rows) == 1 or (corner in inner and corner != ""):
        return False
    if corner.lower() in _CORNERS:
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
    if whole and not (first_lines and symbols == set(head) and {str(int(x)) for x in symbols} != set(counted)):
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


# -- judging -----------------------------------------------------------------------------------------------------------


def _judge(table: LabelledTable, name: str) -> AuditReport:
    n, labels, products = len(table.labels), table.labels, table.products
    findings = [_closure(table)]
    if table.strange is not None:
        later = [
            Finding(axiom, Status.INAPPLICABLE, "not asked, since some products are not elements")
            for axiom in ("associativity", "identity", "inverses")
        ]
        return _not_a_group(name, [*findings, *later], "closure", table, None)
    latin = latin_failure(products)
    findings.append(_associativity(products, labels, latin is not None))
    e = two_sided_identity(products)
    findings.append(_identity(products, labels, e))
    findings.append(_inverses(products, labels, e))
    failed = next((f for f in findings if f.status is not Status.HOLDS), None)
    if failed is None:
        return _a_group(name, findings, table)
    assert n > 1
    if latin is not None:
        findings.append(_latin(latin, labels, products))
    return _not_a_group(name, findings, failed.name, table, latin)


def _closure(table: LabelledTable) -> Finding:
    n, note = len(table.labels), f" ({table.note})" if table.note else ""
    if table.strange is None:
        return Finding("closure", Status.HOLDS, f"all {n * n} products are among the {n} elements{note}")
    i, j, cell = table.strange
    a, b, outside = table.labels[i], table.labels[j], int((table.products < 0).sum())
    more = f"; there are {outside} such products" if outside > 1 else ""
    alike = next((label for label in table.labels if _letters(label) == _letters(cell)), None)
    hint = f"; it looks like {alike!a}, and is {cell!a}" if alike is not None else ""
    text = f"{a} * {b} = {cell}, which is none of the {n} elements{note}{hint}{more}"
    return Finding("closure", Status.REFUTED, text, {"a": a, "b": b, "product": cell})


def _letters(label: str) -> str:
    """What a reader sees: one Unicode form, one case."""
    return unicodedata.normalize("NFKC", label).casefold()


def _associativity(products: np.ndarray, labels: Sequence[str], not_latin: bool) -> Finding:
    n = len(labels)
    generators = magma_generators(products)
    if len(generators) * n * n > MAX_ASSOCIATIVITY_WORK:
        why = (
            "and the table is no Latin square, so it is no group in any case"
            if not_latin
            else "use a table of fewer elements"
        )
        return Finding(
            "associativity",
            Status.UNDECIDED,
            f"Light's test would need {len(generators)} generators times {n}^2 products; {why}",
        )
    triple = light_test(products)
    if triple is None:
        return Finding(
            "associativity",
            Status.HOLDS,
            f"Light's test with {len(generators)} generator{'s' * (len(generators) != 1)}: all {n}^3 triples associate",
        )
    x, g, y = triple
    left, right = labels[products[products[x, g], y]], labels[products[x, products[g, y]]]
    a, b, c = labels[x], labels[g], labels[y]
    return Finding(
        "associativity",
        Status.REFUTED,
        f"({a} * {b}) * {c} = {left}, but {a} * ({b} * {c}) = {right}",
        {"a": a, "b": b, "c": c, "left": left, "right": right},
    )


def _identity(products: np.ndarray, labels: Sequence[str], e: int | None) -> Finding:
    if e is not None:
        return Finding(
            "identity", Status.HOLDS, f"{labels[e]} * x = x * {labels[e]} = x for every x", {"identity": labels[e]}
        )
    everything = np.arange(len(labels))
    one_sided = {
        "left": [labels[k] for k in np.flatnonzero((products == everything).all(axis=1))],
        "right": [labels[k] for k in np.flatnonzero((everything == products.T).all(axis=1))],
    }
    found = [
        f"{side} identities: {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}"
        for side, names in one_sided.items()
        if names
    ]
    return Finding(
        "identity",
        Status.REFUTED,
        "no element e satisfies e * x = x * e = x for every x" + (f" ({'; '.join(found)})" if found else ""),
        one_sided,
    )


def _inverses(products: np.ndarray, labels: Sequence[str], e: int | None) -> Finding:
    if e is None:
        return Finding("inverses", Status.INAPPLICABLE, "not asked, since there is no identity")
    lonely = np.flatnonzero(~((products == e) & (e == products.T)).any(axis=1))
    if not lonely.size:
        return Finding("inverses", Status.HOLDS, f"every x has a y with x * y = y * x = {labels[e]}")
    x = labels[lonely[0]]
    more = f" ({len(lonely)} such elements)" if len(lonely) > 1 else ""
    return Finding("inverses", Status.REFUTED, f"no y satisfies {x} * y = y * {x} = {labels[e]}{more}", {"x": x})


def _latin(failure: tuple[str, int, int, int, int], labels: Sequence[str], products: np.ndarray) -> Finding:
    line, k, symbol, first, second = failure
    other = "columns" if line == "row" else "rows"
    places = f"{other} {first + 1}, {second + 1}"
    square = (np.sort(products if line == "column" else products.T, axis=1) == np.arange(len(labels))).all()
    hint = f" All {other} are in order. Is the table transposed?" if square else ""
    witness = {"line": line, "of": labels[k], "symbol": labels[symbol], "at": [labels[first], labels[second]]}
    return Finding(
        "Latin square",
        Status.REFUTED,
        f"{short(labels[symbol])} stands twice in {line} {short(labels[k])} ({places}).{hint}",
        witness,
    )


def _not_a_group(name: str, findings: list[Finding], axiom: str, table: LabelledTable, latin: Any) -> AuditReport:
    meaning = (
        f"Not a group: {axiom} is the first axiom that fails (in the order closure, associativity, identity, inverses)."
    )
    if next(f for f in findings if f.name == axiom).status is Status.UNDECIDED:
        meaning = "Not a group, for its table is no Latin square; which axiom fails first was not decided."
    steps = {
        "closure": "Correct the cell named, or add the missing element with its row and column.",
        "associativity": "Check the products in the triple named; one of the four is wrong, or the operation is no group's.",
        "identity": "A one-sided identity is not enough; check the rows and columns that should repeat the labels.",
        "inverses": "A monoid, at best. Leave out the elements without inverse to get its group of units.",
    }
    step = steps[axiom]
    if latin is not None and axiom == "associativity":
        step = "In a group every element stands once in each row and column; begin with the repetition named above."
    return AuditReport(
        "group",
        name,
        findings,
        meaning,
        step,
        {"elements": len(table.labels), "labels": list(table.labels), "first_failure": axiom, "note": table.note},
    )


def _a_group(name: str, findings: list[Finding], table: LabelledTable) -> AuditReport:
    group = FiniteGroup.from_cayley_table(table.products, table.labels)
    kind = describe(group)
    classes = [[group.names[x] for x in c.members] for c in group.classes]
    facts = {
        "elements": group.order,
        "identity": group.names[0],
        "abelian": group.is_abelian,
        "exponent": group.exponent,
        "orders": {group.names[x]: int(o) for x, o in enumerate(group.orders)},
        "classes": classes,
        "centre": [group.names[x] for x in group.centre],
        "derived_subgroup": [group.names[x] for x in group.derived_subgroup],
        "isomorphic_to": kind if group.is_abelian or not kind.startswith("a ") else None,
        "note": table.note,
    }
    what = kind if kind.startswith(("a ", "trivial")) else f"isomorphic to {kind}"
    meaning = (
        f"A group of order {group.order}, {what}: {'abelian' if group.is_abelian else 'not abelian'}, {len(classes)} conjugacy "
        f"class{'es' * (len(classes) != 1)}, centre of order {len(group.centre)}, exponent {group.exponent}."
    )
    step = "Its representations can be audited with `preality audit representation`; the file may hold this table."
    return AuditReport("group", name, findings, meaning, step, facts)
