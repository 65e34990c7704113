"""Groups made from groups: direct, semidirect and wreath products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.finite_groups import MAX_ORDER, FiniteGroup
from theory.groups.table_group import MAX_TABLE


class NotAnAction(ValueError):
    """Maps that are no automorphisms, or do not compose as the acting group does; the
    message names the elements."""


def direct_product(*factors: FiniteGroup) -> FiniteGroup:
    """The direct product, names joined with a comma; element (a, b) of two factors is
    number a m + b, m the order of the second.

    Raises:
        GroupTooLarge: more than 4096 elements.
    """
    if prod(f.order for f in factors) > MAX_TABLE:
        raise GroupTooLarge(
            f"The product has {prod(f.order for f in factors)} elements; tables stop at {MAX_TABLE}. Give permutations on disjoint points instead."
        )
    out = factors[0]
    for right in factors[1:]:
        n, m = out.order, right.order
        table = (out.table[:, None, :, None] * m + right.table[None, :, None, :]).reshape(n * m, n * m)
        names = [f"({a.strip('()')},{b})" for a in out.names for b in right.names]
        gens = [g * m for g in out.generators] + list(right.generators)
        out = FiniteGroup(table, names=names, generators=gens, label=f"{out.label}x{right.label}")
    return out


def _action(normal: FiniteGroup, acting: FiniteGroup, images: Mapping[int, Sequence[int]]) -> np.ndarray:
    """Row h: the automorphism of ``normal`` by which h acts, from those of generators;
    checked."""
    for h, row in images.items():
        array = np.asarray(row)
        if array.shape != (normal.order,) or sorted(array.tolist()) != list(range(normal.order)):
            raise NotAnAction(
                f"Expected a permutation of the {normal.order} elements for {acting.names[h]}, got {list(row)[:12]}."
            )
        for a in normal.generators:
            bad = np.flatnonzero(array[normal.multiply(np.arange(normal.order), a)] != normal.multiply(array, array[a]))
            if bad.size:
                raise NotAnAction(
                    f"{acting.names[h]} acts by no automorphism: the image of {normal.names[int(bad[0])]} * {normal.names[a]} is not the product of the images."
                )
    rows = np.tile(np.arange(normal.order), (acting.order, 1))
    gens = list(images)
    for x, parent, k in acting.walk(gens):
        rows[x] = rows[parent][np.asarray(images[gens[k]])]
    for h in gens:
        for x in range(acting.order):
            if (rows[x][rows[h]] != rows[int(acting.multiply(x, h))]).any():
                raise NotAnAction(
                    f"The automorphisms do not compose as the group does: {acting.names[x]} after {acting.names[h]} differs from their product."
                )
    return rows


def semidirect_product(
    normal: FiniteGroup, acting: FiniteGroup, images: Mapping[int, Sequence[int]], label: str = ""
) -> FiniteGroup:
    """N : H, pairs (n, h) with (n, h)(n', h') = (n h(n'), h h'); element (n, h) is
    number n |H| + h.

    Args:
        normal: N.
        acting: H.
        images: For generating elements h of H the automorphism of N by which h acts, as
            the tuple of images.
        label: A name; made from those of the factors unless given.

    Raises:
        NotAnAction: a map is no automorphism, or they do not satisfy the relations of
            H.
        ValueError: the elements given do not generate H.
        GroupTooLarge: more than 4096 elements.
    """
    n, m = normal.order, acting.order
    if n * m > MAX_TABLE:
        raise GroupTooLarge(
            f"The product has {n * m} elements; tables stop at {MAX_TABLE}. Give generators as permutations or matrices instead."
        )
    rows = _action(normal, acting, images)
    moved = normal.table[np.arange(n)[:, None, None], rows[None, :, :]]  # n, h, n' -> n h(n')
    table = (moved[:, :, :, None] * m + acting.table[None, :, None, :]).reshape(n * m, n * m)
    names = [f"({a.strip('()')},{b})" for a in normal.names for b in acting.names]
    gens = [g * m for g in normal.generators] + list(acting.generators)
    return FiniteGroup(
        table,
        names=names,
        generators=gens,
        label=label or (f"{normal.label}:{acting.label}" if normal.label and acting.label else ""),
    )


def wreath_product(base: FiniteGroup, top: FiniteGroup, label: str = "") -> FiniteGroup:
    """The wreath product A wr P of a group with a permutation group: A^m : P, m the
    number of points that P moves about.

    It comes as permutations of m blocks, each a copy of the points of A (its own
    elements, where A is not given by permutations): point b of block j is j w + b.

    Raises:
        ValueError: ``top`` has no permutations.
        GroupTooLarge: more than 200,000 elements.
    """
    if top.elements is None:
        raise ValueError(
            "Expected a group of permutations on top (FiniteGroup.from_permutations, symmetric, alternating), got a table; FiniteGroup.from_permutations(regular_images(top)) lets it act on itself."
        )
    blocks = top.elements.shape[1]
    if base.order**blocks * top.order > MAX_ORDER:
        raise GroupTooLarge(
            f"The wreath product has {base.order**blocks * top.order} elements; listing them stops at {MAX_ORDER}."
        )
    inner = base.elements.astype(np.int64) if base.elements is not None else base.table
    width = inner.shape[1]
    identity = np.arange(blocks * width)
    gens = [identity]
    for g in base.generators:
        images = identity.copy()
        images[:width] = inner[g]
        gens.append(images)
    for orbit in _orbits(top.elements)[1:]:  # one copy of A for each orbit of blocks
        for g in base.generators:
            images = identity.copy()
            images[orbit * width : (orbit + 1) * width] = orbit * width + inner[g]
            gens.append(images)
    for g in top.generators:
        target = top.elements[g].astype(np.int64)
        gens.append((target[:, None] * width + np.arange(width)[None, :]).ravel())
    return FiniteGroup.from_permutations(
        [g.tolist() for g in gens], label=label or (f"{base.label}wr{top.label}" if base.label and top.label else "")
    )


def _orbits(permutations: np.ndarray) -> list[int]:
    """The least point of each orbit of a group given by all its permutations."""
    return sorted({int(column.min()) for column in permutations.T})
