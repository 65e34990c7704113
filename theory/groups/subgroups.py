"""Subgroups of a finite group, given by the ascending tuple of their elements: lattice,
cosets, quotients, the derived series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.table_group import Subgroup, TableGroup, closure, normal_closure

MAX_SUBGROUPS = 5_000
AnyGroup = TypeVar("AnyGroup", bound=TableGroup)


class NotNormal(ValueError):
    """A subgroup that conjugation moves, where a normal one is needed."""


def derived_series(group: TableGroup) -> tuple[Subgroup, ...]:
    """The group, its derived subgroup, that one's, ... until it is constant; the group
    is solvable if it ends in (0,)."""
    series = [tuple(range(group.order))]
    while True:
        members = series[-1]
        inner = restrict(group, members)
        smaller = tuple(members[k] for k in inner.derived_subgroup)
        if smaller == members:
            return tuple(series)
        series.append(smaller)


def all_subgroups(group: TableGroup) -> tuple[Subgroup, ...]:
    """Every subgroup, by order then lexicographically: cyclic ones, joined until
    nothing new appears.

    Raises:
        GroupTooLarge: more than 5000 subgroups.
    """
    cyclics = {closure(group, [x]) for x in range(group.order)}
    found, new = set(cyclics), set(cyclics)
    while new:
        joined = set()
        for h in new:
            inside = set(h)
            for c in cyclics:
                if not inside.issuperset(c):
                    joined.add(closure(group, inside | set(c)))
            if len(found) + len(joined) > MAX_SUBGROUPS:
                raise GroupTooLarge(
                    f"More than {MAX_SUBGROUPS} subgroups, where listing them stops; ask for .subgroup(generators) or .normal_subgroups instead."
                )
        new = joined - found
        found |= new
    return tuple(sorted(found, key=lambda h: (len(h), h)))


def conjugate_subgroup(group: TableGroup, subgroup: Sequence[int], by: int) -> Subgroup:
    """g H g^-1."""
    return tuple(sorted(int(y) for y in group.conjugate(np.array(subgroup), by)))


def subgroup_classes(group: TableGroup, subgroups: Sequence[Subgroup]) -> tuple[tuple[Subgroup, ...], ...]:
    """Conjugacy classes of the subgroups given, all conjugates among them, by order,
    then size of the class, then first member."""
    left = set(subgroups)
    classes = []
    for h in subgroups:
        if h in left:
            members, queue = {h}, [h]
            for k in queue:  # grows while it is walked
                for g in group.generators:
                    image = conjugate_subgroup(group, k, g)
                    if image not in members:
                        members.add(image)
                        queue.append(image)
            left -= members
            classes.append(tuple(sorted(members)))
    return tuple(sorted(classes, key=lambda c: (len(c[0]), len(c), c[0])))


def normal_subgroups(group: TableGroup) -> tuple[Subgroup, ...]:
    """Every normal subgroup, by order then lexicographically: closures of classes,
    joined until nothing new appears.

    Raises:
        GroupTooLarge: more than 5000 of them.
    """
    single = {normal_closure(group, [c.representative]) for c in group.classes}
    found, new = set(single), set(single)
    while new:
        joined = {closure(group, set(a) | set(b)) for a in new for b in single if not set(b) <= set(a)}
        new = joined - found
        found |= new
        if len(found) > MAX_SUBGROUPS:
            raise GroupTooLarge(f"More than {MAX_SUBGROUPS} normal subgroups, where listing them stops.")
    return tuple(sorted(found, key=lambda h: (len(h), h)))


def left_cosets(group: TableGroup, subgroup: Sequence[int]) -> tuple[list[int], np.ndarray]:
    """First members t_i of the cosets t_i H, the identity first, and for each element
    the number of its coset."""
    members = np.array(sorted(subgroup))
    where = np.full(group.order, -1, dtype=np.int64)
    transversal: list[int] = []
    for x in range(group.order):
        if where[x] < 0:
            where[group.multiply(x, members)] = len(transversal)
            transversal.append(x)
    return transversal, where


def coset_action(group: TableGroup, subgroup: Sequence[int]) -> np.ndarray:
    """How the group moves the cosets: ``images[g, i]`` is the coset g t_i H."""
    transversal, where = left_cosets(group, subgroup)
    return where[group.multiply(np.arange(group.order)[:, None], np.array(transversal)[None, :])]


def double_cosets(group: TableGroup, left: Sequence[int], right: Sequence[int]) -> list[Subgroup]:
    """The double cosets K x H as ascending tuples, by first member."""
    first, last = np.array(sorted(left)), np.array(sorted(right))
    seen = np.zeros(group.order, dtype=bool)
    out = []
    for x in range(group.order):
        if not seen[x]:
            members = np.unique(group.multiply(group.multiply(first, x)[:, None], last[None, :]))
            seen[members] = True
            out.append(tuple(int(y) for y in members))
    return out


def require_subgroup(group: TableGroup, elements: Sequence[int]) -> np.ndarray:
    """The elements, ascending, checked to be a subgroup.

    Raises:
        ValueError: a repeated or foreign element, no identity, or a product outside;
            the message names the two factors.
    """
    members = np.array(sorted({int(x) for x in elements}), dtype=np.int64)
    if len(members) != len(elements) or not len(members) or members[0] != 0 or members[-1] >= group.order:
        raise ValueError(
            f"Expected different element indices 0..{group.order - 1} with the identity 0 among them, got {list(elements)[:12]}."
        )
    inside = np.zeros(group.order, dtype=bool)
    inside[members] = True
    products = group.multiply(members[:, None], members[None, :])
    bad = np.argwhere(~inside[products])
    if bad.size:
        a, b = (int(members[k]) for k in bad[0])
        raise ValueError(
            f"Expected a subgroup, but {group.names[a]} * {group.names[b]} = {group.names[int(group.multiply(a, b))]} lies outside. Use .subgroup(generators) to close it."
        )
    return members


def restrict(group: AnyGroup, subgroup: Sequence[int]) -> AnyGroup:
    """A subgroup as a group of its own; element k is the k-th of the sorted members."""
    members = np.array(sorted(subgroup))
    place = np.full(group.order, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    table = place[group.multiply(members[:, None], members[None, :])]
    if (table < 0).any():
        require_subgroup(group, members.tolist())
    names = [group.names[k] for k in members] if group.has_names or group.elements is None else None
    return type(group)(table, names=names, elements=None if group.elements is None else group.elements[members])


def quotient(group: AnyGroup, normal: Sequence[int]) -> tuple[AnyGroup, np.ndarray]:
    """G/N, and for each element of G the element of G/N that it falls to. Elements are
    named after first members, as ``"[x]"``.

    Raises:
        NotNormal: conjugation moves N; the message names the element.
        ValueError: no subgroup at all.
    """
    members = require_subgroup(group, normal)
    inside = set(members.tolist())
    for g in group.generators:
        moved = next((int(x) for x in members if int(group.conjugate(int(x), g)) not in inside), None)
        if moved is not None:
            raise NotNormal(
                f"The subgroup is not normal: conjugation by {group.names[g]} takes {group.names[moved]} out of it. Take normal_closure, or the cosets as a permutation action."
            )
    transversal, where = left_cosets(group, members.tolist())
    t = np.array(transversal)
    table = where[group.multiply(t[:, None], t[None, :])]
    gens = [k for k in dict.fromkeys(int(where[g]) for g in group.generators) if k]
    label = f"{group.label or 'G'}/{len(members)}"
    return type(group)(table, names=[f"[{group.names[x]}]" for x in transversal], generators=gens, label=label), where
