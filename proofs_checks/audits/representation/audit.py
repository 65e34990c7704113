"""The audit of a list of representations of a finite group: homomorphisms, irreducible,
inequivalent, complete.

The file names a group (a table, permutations, or generators with relations) and gives
matrices on all elements or on enough of them to generate. Exact entries are decided;
decimals are judged within the digits that were written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proofs_checks.audits.representation.completeness import completeness, equivalences
from proofs_checks.audits.representation.meanings import report
from proofs_checks.audits.representation.numeric import judge_numeric
from proofs_checks.audits.representation.single import Judged, judge_exact, judge_modular
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.inputs.files import file_label
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.inputs.representation_files import GivenRepresentation
from proofs_checks.inputs.representations import Generated, Representable, read_source
from theory.representations.character_tables import CharacterTable, character_table


def audit_representation(
    source: Representable,
    group: Any = None,
    *,
    subject: str = "",
    name: str = "R",
    complete: bool = False,
    accuracy: float | None = None,
) -> AuditReport:
    """Judge representations: those in a file, or matrices and callables from Python.

    Args:
        source: A path to JSON, CSV or NPZ
            (:mod:`proofs_checks.inputs.representation_files` and
            ``representation_input`` describe them); data as in the JSON file; a mapping
            from elements to matrices; matrices on all elements or on the generators, in
            order (arrays, tensors, nested lists); a callable element -> matrix (asked
            with the permutation as a tuple of images, or with the element's name); or a
            :class:`theory.representations.Representation`.
        group: A :class:`theory.groups.FiniteGroup`, a multiplication table, a path to
            one, or data as in a JSON file. Without a group the matrices are taken for
            generators, and decomposed numerically.
        subject: What to call it; the file's ``title`` or name otherwise.
        name: What to call the one representation that matrices from Python make.
        complete: Whether that one is claimed to be, with the trivial one, a complete
            list.
        accuracy: How far decimals may be from the true entries; otherwise the digits
            written, or the dtype, say it.
    Raises:
        InputError: the group or the matrices cannot be read; the message names the
            place.
    """
    content = read_source(source, group, name=name, complete=complete, accuracy=accuracy)
    if isinstance(content, Generated):
        from proofs_checks.audits.representation.generated import audit_generated

        return audit_generated(content, subject or _called(source))
    table = character_table(content.group.group)
    judged = [_judge(given, content.group, table) for given in content.representations]
    outcomes = [outcome for _, outcome in judged]
    findings = [
        *(finding for own, _ in judged for finding in own),
        *equivalences(outcomes),
        *completeness(outcomes, table, content.group, content.complete),
    ]
    return report(subject or content.title or _called(source), findings, outcomes, content.group, table)


def _called(source: Any) -> str:
    """What the object is called where nobody says."""
    if isinstance(source, (str, Path)):
        return file_label(source)
    return "a list of representations" if isinstance(source, dict) else "matrices"


def _judge(given: GivenRepresentation, named: NamedGroup, table: CharacterTable) -> tuple[list[Finding], Judged]:
    if given.exact is None:
        return judge_numeric(given, named, table)
    return judge_modular(given, named) if given.exact.field.characteristic else judge_exact(given, named, table)
