"""Modules and tables of groups as a user writes them down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numerics.errors import HypothesisError
from theory.groups.axioms import System, Table, as_table, satisfies
from theory.proof.statements import Family
from theory.representations.maschke import PlaneModule, given_planes


def planes(modules: Iterable[Any], *, dividing: bool) -> Family:
    """Modules (p, A, w): C_n acts on F_p^2 by the powers of A, w spans an invariant
    line.

    Args:
        modules: Tuples, or PlaneModule values. dividing: Whether p may divide n.
    Raises:
        ValueError: no such module. HypothesisError: the line is not invariant, or p
            divides n and may not.
    """
    found = [_plane(module) for module in modules]
    for m in found:
        if not m.keeps(m.w):
            raise HypothesisError(f"W is not invariant: {m.A} moves the line of {m.w} modulo {m.p}")
        if not dividing and m.order % m.p == 0:
            raise HypothesisError(
                f"the characteristic of the field k does not divide |G|: {m.p} divides {m.order}, the order of {m.A} (dividing=True drops this hypothesis)"
            )
    return given_planes(found)


def _plane(module: Any) -> PlaneModule:
    if isinstance(module, PlaneModule):
        return module
    p, A, w = module
    p, A, w = int(p), tuple(tuple(int(x) % p for x in row) for row in A), tuple(int(x) % p for x in w)
    if p < 2 or any(p % q == 0 for q in range(2, p)) or [len(row) for row in A] != [2, 2] or len(w) != 2 or not any(w):
        raise ValueError(
            f"Expected (p, A, w) with a prime p, a 2 x 2 matrix A and a vector w other than 0, got {module!r}."
        )
    if (A[0][0] * A[1][1] - A[0][1] * A[1][0]) % p == 0:
        raise ValueError(f"Expected a matrix that is invertible modulo {p}, got {A}.")
    return PlaneModule(p, ((A[0][0], A[0][1]), (A[1][0], A[1][1])), (w[0], w[1]))


def tables(rows: Iterable[Sequence[Sequence[int]]], systems: Sequence[System]) -> list[Table]:
    """Tables of products.

    Raises:
        ValueError: what is no table. HypothesisError: none of them meets one of the
            systems, so none claims to be a group.
    """
    found = [as_table(table) for table in rows]
    if found and not any(satisfies(table, system) for table in found for system in systems):
        raise HypothesisError("no table given meets one of the systems: none claims to be a group")
    return found
