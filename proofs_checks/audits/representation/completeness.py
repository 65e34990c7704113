"""The list as a whole: are two of its representations equivalent, and which irreps
are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proofs_checks.audits.representation.single import Judged
from proofs_checks.findings import Finding
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.kernel import Status
from theory.arithmetic.cyclotomic import Cyclotomic
from theory.representations.character_tables import CharacterTable


def _row(outcome: Judged) -> int | None:
    """The row of the table that an irreducible one is, else None."""
    counts = outcome.multiplicities
    return counts.index(1) if counts is not None and sum(m * m for m in counts) == 1 else None


def equivalences(judged: Sequence[Judged]) -> list[Finding]:
    """A finding for each that has the character of an earlier one."""
    found, seen = [], {}
    for outcome in judged:
        if outcome.multiplicities is None:
            continue
        if outcome.multiplicities in seen:
            twin = seen[outcome.multiplicities]
            found.append(
                Finding(
                    f"{outcome.name} new",
                    Status.REFUTED,
                    f"equivalent to {twin}: the same character",
                    {"equivalent_to": twin},
                )
            )
        else:
            seen[outcome.multiplicities] = outcome.name
    return found


def missing_rows(judged: Sequence[Judged], table: CharacterTable) -> list[int]:
    """Rows of the character table that no irreducible one of the list is, the
    trivial one granted.
    """
    present = {0} | {
        row for outcome in judged if (row := _row(outcome)) is not None
    }  # the trivial one is always granted
    return [k for k in range(len(table.degrees)) if k not in present]


def completeness(judged: Sequence[Judged], table: CharacterTable, named: NamedGroup, claimed: bool) -> list[Finding]:
    """Whether the squares of the degrees sum to the order; two columns that are not
    orthogonal where they do not.
    """
    missing = missing_rows(judged, table)
    if any(outcome.multiplicities is None for outcome in judged):
        return [
            Finding(
                "complete",
                Status.INAPPLICABLE,
                "not asked while some entries are not known to be representations over C",
            )
        ]
    order = named.group.order
    total = order - sum(table.degrees[k] ** 2 for k in missing)
    listed = any(_row(outcome) == 0 for outcome in judged)
    grant = "" if listed else "with the trivial one "
    if not missing:
        return [
            Finding(
                "complete",
                Status.HOLDS,
                f"{grant}the squares of the degrees of the different irreps sum to {total} of {order}",
            )
        ]
    present = [k for k in range(len(table.degrees)) if k not in missing]
    witness: dict[str, Any] = {"sum_of_squares": total, "order": order}
    text = f"{grant}the squares of the degrees sum to {total} of {order}: {len(missing)} irrep{'s are' if len(missing) > 1 else ' is'} missing"
    columns = _bad_columns(table, present)
    if columns is not None:
        a, b, value = columns
        g, h = (named.label(table.group.classes[k].representative) for k in (a, b))
        witness["columns"] = {"g": g, "h": h, "inner_product": value}
        text += f", and the columns of {g} and {h} have inner product {value} instead of 0"
    return [
        Finding(
            "complete",
            Status.REFUTED if claimed else Status.INAPPLICABLE,
            text + ("" if claimed else " (the file does not claim to be complete)"),
            witness,
        )
    ]


def _bad_columns(table: CharacterTable, present: list[int]) -> tuple[int, int, str] | None:
    k = len(table.degrees)
    for a in range(k):
        for b in range(a + 1, k):
            total = Cyclotomic.rational(0)
            for row in present:
                total = total + table.values[row][a] * table.values[row][b].conjugate()
            if total:
                return a, b, str(total)
    return None


def _as_product(row: int, judged: Sequence[Judged], table: CharacterTable) -> str:
    """``R2 (x) R3`` when a missing row is a product of two listed ones, else an
    empty text.
    """
    known = [(outcome.name, at) for outcome in judged if (at := _row(outcome)) is not None and at]
    for k, (name, a) in enumerate(known):
        for other, b in known[k:]:
            if all(x * y == z for x, y, z in zip(table.values[a], table.values[b], table.values[row], strict=True)):
                return f"{name} (x) {other}"
    return ""


def missing_facts(
    missing: list[int], judged: Sequence[Judged], named: NamedGroup, table: CharacterTable
) -> list[dict[str, Any]]:
    """The missing irreps: degree, indicator, character on the elements shown, and a
    product of listed ones that it is.
    """
    columns = [int(named.group.class_of[named.index(label)]) for label in named.shown]
    return [
        {
            "degree": table.degrees[row],
            "indicator": table.indicators[row],
            "elements": list(named.shown),
            "character": [str(table.values[row][k]) for k in columns],
            "product": _as_product(row, judged, table) or None,
        }
        for row in missing
    ]
