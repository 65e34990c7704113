"""The axioms of a group: which weaker systems suffice, which do not, decided on all
small tables and derived in general."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from proofs_checks.catalogue.groups.figures import axioms as figure
from proofs_checks.inputs import group_modules as read
from proofs_checks.kernel import Control, Evidence
from theory.groups import axiom_statements as theorem
from theory.groups.axiom_statements import SYSTEMS
from theory.groups.axioms import (
    CORRUPTED,
    EMPTY_ALLOWED,
    FROM_LEFT_RIGHT,
    LEFT_RIGHT,
    MEMBER_ONLY,
    NOT_ASSOCIATIVE,
    NOT_CLOSED,
    TWO_INVERSES,
    WITHOUT_ASSOCIATIVITY,
    System,
    Table,
    null_semigroup,
    right_zero,
    window_of_integers,
)
from theory.proof.terms import Theorem

__all__ = ["controls", "exact", "figure"]


def exact(
    *,
    tables: Iterable[Table] | None = None,
    sufficient: Sequence[System] | None = None,
    theorems: Sequence[Theorem] | None = None,
) -> list[Evidence]:
    """Tables, derivations and counterexamples; with an object substituted only the
    obligations that speak of it are gathered."""
    found: list[Any] = []
    if theorems is None:
        systems = SYSTEMS if sufficient is None else sufficient
        family = theorem.every_table() if tables is None else theorem.given_tables(read.tables(tables, systems))
        found.append(theorem.sufficient_systems(family, systems))
    if tables is None and sufficient is None:
        found.append(theorem.derivations(theorems))
    if tables is None and sufficient is None and theorems is None:
        found.append(theorem.which_systems_suffice())
    return found


def _tables(system: System, *given: Table) -> Control:
    return Control(exact, fails="sufficient systems", tables=given, sufficient=(system,))


def _proof(theorem: Theorem) -> Control:
    return Control(exact, fails="derivations", theorems=(theorem,))


controls = {
    "opposite-sides": [_tables(LEFT_RIGHT, *(right_zero(n) for n in range(2, 9))), _proof(FROM_LEFT_RIGHT)],
    "membership-only": [_tables(MEMBER_ONLY, *(null_semigroup(n) for n in range(2, 9)))],
    "no-closure": [_tables(NOT_CLOSED, *(window_of_integers(k) for k in (1, 2, 3)))],
    "no-associativity": [_tables(NOT_ASSOCIATIVE, TWO_INVERSES), _proof(WITHOUT_ASSOCIATIVITY)],
    "empty-set": [_tables(EMPTY_ALLOWED, ())],
    "corrupted-step": [_proof(CORRUPTED)],
}
