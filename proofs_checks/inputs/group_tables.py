"""A multiplication table as a user hands it over, or that of a group that is given
otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.inputs.files import file_label
from proofs_checks.inputs.group_documents import as_document, is_presentation
from proofs_checks.inputs.group_table_files import from_json, read
from proofs_checks.inputs.group_table_labels import INSTEAD, LabelledTable, labelled_table
from proofs_checks.inputs.group_table_text import rows_of_text
from proofs_checks.inputs.named_groups import NamedGroup
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import GroupTooLarge

__all__ = ["GroupSource", "LabelledTable", "read_table"]
GroupSource = str | Path | np.ndarray | Mapping[str, Any] | FiniteGroup | Sequence[Any]


def read_table(source: GroupSource, subject: str = "") -> tuple[str, LabelledTable]:
    """What the table is called, and the table.

    Raises:
        InputError: it cannot be read as one: empty, ragged, not square, empty cells,
            doubtful labels, more than 4096 elements.
    """
    name, given = subject or "a table", source
    if isinstance(source, (str, Path)) and not (is_presentation(source) or "\n" in str(source)):
        name, given = subject or file_label(source), read(Path(source))
    elif isinstance(source, str) and not is_presentation(source):
        given = rows_of_text(source, name)
    if (document := as_document(given)) is not None:
        given = from_json(document, name)
    if isinstance(given, (FiniteGroup, NamedGroup)):
        return name, _of_group(given)
    return name, labelled_table(given, name)


def _of_group(given: FiniteGroup | NamedGroup) -> LabelledTable:
    group, note = (given, "") if isinstance(given, FiniteGroup) else (given.group, given.note)
    try:
        table = group.table
    except GroupTooLarge as error:
        raise InputError(f"{error} {INSTEAD}") from None
    made = "the table was made from the generators, and judged like any other"
    return LabelledTable(group.names, table, None, f"{made}; {note}" if note else made)
