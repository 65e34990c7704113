"""The audit of a multiplication table: a group, or the first axiom that fails, with
its elements.
"""

from __future__ import annotations

from proofs_checks.audits.group.findings import axioms_of
from proofs_checks.audits.group.meanings import report
from proofs_checks.findings import AuditReport
from proofs_checks.inputs.group_tables import GroupSource, read_table


def audit_group(source: GroupSource, *, subject: str = "") -> AuditReport:
    """Decide whether a multiplication table is that of a group.

    Args:
        source: A CSV, JSON or NPZ file (:mod:`proofs_checks.inputs.group_table_files`), the
            data of such a JSON file, a :class:`theory.groups.FiniteGroup`, or rows:
            lists, a NumPy array or a tensor of whole numbers. The product a * b
            stands in the row of a and the column of b. Labels may stand in a head row
            and a head column (in any order); without them the table holds 0..n-1 or
            1..n, or labels whose first row and first column agree.
        subject: What to call it; the file's name otherwise.
    Raises:
        InputError: the table cannot be read as one: empty, ragged, not square, empty
            cells, doubtful labels, more than 4096 elements.
    """
    name, table = read_table(source, subject)
    return report(name, table, axioms_of(table))
