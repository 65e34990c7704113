"""What the axioms mean for the user, and what to do next."""

from __future__ import annotations

from typing import Any

from proofs_checks.audits.group.findings import Axioms
from proofs_checks.findings import AuditReport
from proofs_checks.inputs.group_tables import LabelledTable
from proofs_checks.kernel import Status
from theory.groups import FiniteGroup
from theory.groups.families import describe

DRAWN = 64  # rows and columns of the table that the picture shows
_STEPS = {
    "closure": "Correct the cell named, or add the missing element with its row and column.",
    "associativity": "Check the products in the triple named; one of the four is wrong, or the operation is no group's.",
    "identity": "A one-sided identity is not enough; check the rows and columns that should repeat the labels.",
    "inverses": "A monoid, at best. Leave out the elements without inverse to get its group of units.",
}


def report(name: str, table: LabelledTable, axioms: Axioms) -> AuditReport:
    """The findings with their meaning."""
    facts: dict[str, Any] = {
        "labels": list(table.labels),
        "table": table.products[:DRAWN, :DRAWN].tolist(),
        "failing_entries": [list(c) for c in axioms.cells if max(c) < DRAWN],
    }
    if not axioms.failed:
        group = FiniteGroup.from_cayley_table(table.products, table.labels)
        facts = {**_group_facts(group), "note": table.note, **facts}
        step = "Its representations can be audited with `preality audit representation`; the file may hold this table."
        return AuditReport("group", name, axioms.findings, _group_meaning(group), step, facts)
    facts = {"elements": len(table.labels), "first_failure": axioms.failed, "note": table.note, **facts}
    return AuditReport("group", name, axioms.findings, _failure_meaning(axioms), _next_step(axioms), facts)


def _failure_meaning(axioms: Axioms) -> str:
    if next(f for f in axioms.findings if f.name == axioms.failed).status is Status.UNDECIDED:
        return "Not a group, for its table is no Latin square; which axiom fails first was not decided."
    return f"Not a group: {axioms.failed} is the first axiom that fails (in the order closure, associativity, identity, inverses)."


def _next_step(axioms: Axioms) -> str:
    if not axioms.is_latin and axioms.failed == "associativity":
        return "In a group every element stands once in each row and column; begin with the repetition named above."
    return _STEPS[axioms.failed]


def _group_facts(group: FiniteGroup) -> dict[str, Any]:
    kind = describe(group)
    return {
        "elements": group.order,
        "identity": group.names[0],
        "abelian": group.is_abelian,
        "exponent": group.exponent,
        "orders": {group.names[x]: int(o) for x, o in enumerate(group.orders)},
        "classes": [[group.names[x] for x in c.members] for c in group.classes],
        "centre": [group.names[x] for x in group.centre],
        "derived_subgroup": [group.names[x] for x in group.derived_subgroup],
        "isomorphic_to": kind if group.is_abelian or not kind.startswith("a ") else None,
    }


def _group_meaning(group: FiniteGroup) -> str:
    kind, classes = describe(group), len(group.classes)
    what = kind if kind.startswith(("a ", "trivial")) else f"isomorphic to {kind}"
    return (
        f"A group of order {group.order}, {what}: {'abelian' if group.is_abelian else 'not abelian'}, {classes} conjugacy "
        f"class{'es' * (classes != 1)}, centre of order {len(group.centre)}, exponent {group.exponent}."
    )
