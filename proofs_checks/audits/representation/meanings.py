"""What the findings of a list of representations mean, what to do next, and the
plain data of the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proofs_checks.audits.representation.completeness import missing_facts, missing_rows
from proofs_checks.audits.representation.single import Judged
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.inputs.decimals import to_complex
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.kernel import Status
from theory.representations.character_tables import CharacterTable

DRAWN = 40  # rows of the character table that the picture shows


def report(
    name: str, findings: list[Finding], judged: Sequence[Judged], named: NamedGroup, table: CharacterTable
) -> AuditReport:
    """The findings with their meaning."""
    asked = all(outcome.multiplicities is not None for outcome in judged)
    lacking = missing_facts(missing_rows(judged, table), judged, named, table)
    facts = {
        "group": _group_facts(named, table),
        "representations": [_representation_facts(outcome) for outcome in judged],
        "missing": lacking,
        "character_table": _characters(named, table),
    }
    meaning = _meaning(findings, judged, named, lacking if asked else [])
    return AuditReport("representation", name, findings, meaning, _next_step(findings, lacking if asked else []), facts)


def _group_facts(named: NamedGroup, table: CharacterTable) -> dict[str, Any]:
    return {
        "order": named.group.order,
        "elements": list(named.shown),
        "classes": len(table.degrees),
        "degrees": list(table.degrees),
    }


def _representation_facts(outcome: Judged) -> dict[str, Any]:
    counts = None if outcome.multiplicities is None else list(outcome.multiplicities)
    return {"name": outcome.name, "degree": outcome.degree, "multiplicities": counts}


def _characters(named: NamedGroup, table: CharacterTable) -> dict[str, Any]:
    """The character table for the picture: values as [re, im], a representative of
    each class, class sizes.
    """
    classes = named.group.classes[:DRAWN]
    values = [
        [to_complex(table.values[row][column]) for column in range(len(classes))]
        for row in range(min(DRAWN, len(table.degrees)))
    ]
    return {
        "classes": [named.label(c.representative) for c in classes],
        "sizes": [len(c.members) for c in classes],
        "values": [[[x.real, x.imag] for x in row] for row in values],
    }


def _meaning(
    findings: Sequence[Finding], judged: Sequence[Judged], named: NamedGroup, lacking: Sequence[dict[str, Any]]
) -> str:
    held = {f.name for f in findings if f.status is Status.HOLDS}
    good = [o.name for o in judged if f"{o.name} irreducible" in held]
    known = f"{len(good)} of {len(judged)} {'is' if len(judged) == 1 else 'are'} known to be irreducible, as representations of this group of order {named.group.order}"
    meaning = f"{known} ({', '.join(good[:8])})." if good else f"{known}."
    if lacking:
        meaning += f" Missing besides the trivial one: {'; '.join(map(_missing_text, lacking[:6]))}{'; ...' if len(lacking) > 6 else ''}."
    return meaning


def _missing_text(fact: dict[str, Any], limit: int = 16) -> str:
    more = ", ..." if len(fact["elements"]) > limit else ""
    values, over = (", ".join(fact[key][:limit]) + more for key in ("character", "elements"))
    made = f" = {fact['product']}" if fact["product"] else ""
    return f"degree {fact['degree']}{made}: ({values}) on ({over})"


def _next_step(findings: Sequence[Finding], lacking: Sequence[dict[str, Any]]) -> str:
    bad = [f.name for f in findings if f.status is Status.REFUTED]
    if any(name.endswith("homomorphism") for name in bad):
        return (
            "Correct what is named first; the matrices must follow the order of products in the group as given (r*s is r times s). "
            "Decimals that are less accurate than their digits need accuracy beside them."
        )
    if any(f.witness and "characteristic" in f.witness for f in findings):
        return "Ask for a complement: theory.representations.modules.complement_by_equations finds one or shows that there is none; or use a field whose characteristic does not divide the order."
    if any(f.witness and "commutant_dimension" in f.witness for f in findings):
        return "Find invariant subspaces with theory.representations.modules.spin, or give the matrices over a larger field."
    if any(f.status is Status.UNDECIDED for f in findings):
        return "Write the entries with more decimals, or exactly (1/2, i, zeta(8)^3), or say with accuracy how far they may be off."
    if any(name.endswith("irreducible") for name in bad):
        return "Split the reducible ones: theory.representations.decompose gives the change of basis."
    if any(name.endswith("new") for name in bad):
        return "Drop the duplicates, which are equivalent to others."
    return (
        "Add the missing characters; theory.representations.irreps gives matrices for them."
        if lacking
        else "Nothing is left to do."
    )
