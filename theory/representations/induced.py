"""Induced representations by explicit block matrices, and Mackey's sum over double
cosets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup
from theory.groups.subgroups import conjugate_subgroup, double_cosets, left_cosets, require_subgroup
from theory.representations.matrices import NotARepresentation, Representation, restrict

MAX_CELLS = 50_000_000


def induce(group: FiniteGroup, subgroup: Sequence[int], representation: Representation) -> Representation:
    """Ind_H^G of a representation of H: R(x) (t_j (x) v) = t_i (x) sigma(h) v where x
    t_j = t_i h.

    Args:
        group: G.
        subgroup: The elements of H in G, ascending; element k of
            ``representation.group`` is the k-th (as ``group.restrict`` numbers them).
        representation: Of H.

    Raises:
        NotARepresentation: the representation's group is not H in this numbering, or
            the result has more than 50 million entries.
        ValueError: no subgroup.
    """
    members = require_subgroup(group, sorted(subgroup))
    inner = representation.group
    if inner.order != len(members):
        raise NotARepresentation(
            f"Expected a representation of the subgroup of order {len(members)}, got one of a group of order {inner.order}."
        )
    place = np.full(group.order, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    if (place[group.multiply(members[:, None], members[None, :])] != inner.table).any():
        raise NotARepresentation(
            "The representation's group multiplies otherwise than the subgroup; take group.restrict(subgroup) as its group."
        )
    transversal, where = left_cosets(group, members.tolist())
    t, width = np.array(transversal), representation.degree
    size = len(t) * width
    cells = group.order * size * size * representation.field.degree
    if cells > MAX_CELLS:
        raise NotARepresentation(
            f"The induced matrices have {cells} entries, more than {MAX_CELLS}. Work with the induced character, or with generators only."
        )
    moved = group.multiply(np.arange(group.order)[:, None], t[None, :])  # x t_j
    i = where[moved]
    h = place[group.multiply(group.inverses[t[i]], moved)]
    kind = representation.matrices.numerators.dtype
    numerators = np.zeros((group.order, len(t), len(t), width, width, representation.field.degree), dtype=kind)
    numerators[np.arange(group.order)[:, None], i, np.arange(len(t))[None, :]] = representation.matrices.numerators[h]
    numerators = np.swapaxes(numerators, 2, 3).reshape(group.order, size, size, representation.field.degree)
    form = None
    if representation.form is not None:
        form = ExactArray.eye(len(t), representation.form.field).kron(representation.form)
    return Representation(
        group,
        ExactArray(representation.field, numerators, representation.matrices.denominator),
        form,
        f"Ind {representation.name}".strip(),
    )


@dataclass(frozen=True, eq=False)
class MackeySummand:
    """One double coset K x H: K meet x H x^-1 (elements of G), the representation k ->
    sigma(x^-1 k x) of it, and what it induces on K."""

    element: int
    intersection: tuple[int, ...]
    moved: Representation
    induced: Representation


def mackey_summands(
    group: FiniteGroup, into: Sequence[int], subgroup: Sequence[int], representation: Representation
) -> list[MackeySummand]:
    """Res_K Ind_H^G sigma as a sum over the double cosets K x H (Mackey): its summands,
    as representations of ``group.restrict(into)``."""
    K = tuple(sorted(into))
    inner_k = group.restrict(K)
    place_h = {x: k for k, x in enumerate(sorted(subgroup))}
    place_k = {x: k for k, x in enumerate(K)}
    out = []
    for coset in double_cosets(group, K, subgroup):
        x = coset[0]
        meeting = tuple(sorted(set(K) & set(conjugate_subgroup(group, sorted(subgroup), x))))
        back = [place_h[int(y)] for y in group.conjugate(np.array(meeting), int(group.inverses[x]))]
        inside_k = [place_k[y] for y in meeting]
        moved = Representation(
            inner_k.restrict(inside_k), representation.matrices[back], representation.form, representation.name
        )
        out.append(MackeySummand(x, meeting, moved, induce(inner_k, inside_k, moved)))
    return out


def restricted_induction(
    group: FiniteGroup, into: Sequence[int], subgroup: Sequence[int], representation: Representation
) -> Representation:
    """Res_K Ind_H^G sigma from its matrices: the other side of Mackey's formula."""
    return restrict(induce(group, subgroup, representation), into)
