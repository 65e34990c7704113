"""Isomorphisms and automorphisms of finite groups, by images of generators, with
pruning by what they already generate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.table_group import TableGroup

MAX_AUTOMORPHISMS = 50_000


def fingerprint(group: TableGroup) -> tuple[object, ...]:
    """Invariants under isomorphism: order, kinds of classes with their sizes, orders of
    the centre and of the derived subgroup."""
    kinds = class_kinds(group)
    sizes = sorted((kinds[k], len(c)) for k, c in enumerate(group.classes))
    return group.order, tuple(sizes), len(group.centre), len(group.derived_subgroup)


def class_kinds(group: TableGroup) -> list[tuple[int, ...]]:
    """For each class what isomorphisms keep: order, size, and size and order of the
    classes of its powers, and how many roots it has."""
    representatives = [c.representative for c in group.classes]
    orders, sizes = [c.order for c in group.classes], [len(c) for c in group.classes]
    primes = sorted({p for o in orders for p in range(2, o + 1) if o % p == 0 and all(p % q for q in range(2, p))})
    maps = {p: [int(group.class_of[group.power(x, p)]) for x in representatives] for p in primes}
    kinds = []
    for k in range(len(representatives)):
        powers = [value for p in primes for value in (orders[maps[p][k]], sizes[maps[p][k]])]
        roots = [sum(s for s, target in zip(sizes, maps[p], strict=True) if target == k) // sizes[k] for p in primes]
        kinds.append((orders[k], sizes[k], *powers, *roots))
    return kinds


def short_generators(group: TableGroup) -> list[int]:
    """Few generators, greedily: each from the rarest kind of element that enlarges the
    subgroup most, to keep searches small."""
    kinds = class_kinds(group)
    rarity = {
        kind: sum(len(c) for c, other in zip(group.classes, kinds, strict=True) if other == kind) for kind in set(kinds)
    }
    chosen: list[int] = []
    inside: tuple[int, ...] = (0,)
    while len(inside) < group.order:
        best = None
        for k, c in enumerate(group.classes):
            outside = next((x for x in c.members if x not in inside), None)
            if outside is None:
                continue
            larger = group.subgroup([*chosen, outside])
            score = (-len(larger), rarity[kinds[k]])
            if best is None or score < best[0]:
                best = score, outside, larger
        assert best is not None
        chosen.append(best[1])
        inside = best[2]
    return chosen


def isomorphisms(group: TableGroup, other: TableGroup) -> Iterator[tuple[int, ...]]:
    """Every isomorphism onto ``other`` as the tuple of images.

    A choice of images for the first few generators is extended along words; it is kept
    only if it is an injective homomorphism on the subgroup that they generate.
    """
    if fingerprint(group) != fingerprint(other):
        return
    gens = short_generators(group)
    here, there = class_kinds(group), class_kinds(other)
    pools = [
        [y for k, c in enumerate(other.classes) if there[k] == here[int(group.class_of[g])] for y in c.members]
        for g in gens
    ]
    words = [_words(group, gens[: depth + 1]) for depth in range(len(gens))]

    def extend(chosen: list[int]) -> Iterator[tuple[int, ...]]:
        depth = len(chosen)
        images = _follow(group, other, gens[:depth], chosen, words[depth - 1]) if depth else np.zeros(1, dtype=np.int64)
        if images is None:
            return
        if depth == len(gens):
            yield tuple(int(x) for x in images)
            return
        for image in pools[depth]:
            yield from extend([*chosen, image])

    yield from extend([])


def _words(group: TableGroup, gens: list[int]) -> list[tuple[int, int, int]]:
    """(element, parent, k) with element = parent * gens[k], parents first, for the
    subgroup generated."""
    seen, queue, out = {0}, [0], []
    right = [group.multiply(np.arange(group.order), g).tolist() for g in gens]
    for x in queue:  # grows while it is walked
        for k in range(len(gens)):
            y = right[k][x]
            if y not in seen:
                seen.add(y)
                queue.append(y)
                out.append((y, x, k))
    return out


def _follow(
    group: TableGroup, other: TableGroup, gens: list[int], chosen: list[int], words: list[tuple[int, int, int]]
) -> np.ndarray | None:
    images = np.full(group.order, -1, dtype=np.int64)
    images[0] = 0
    right = [other.multiply(np.arange(other.order), h).tolist() for h in chosen]
    known = [0] * group.order
    for x, parent, k in words:
        known[x] = right[k][known[parent]]
        images[x] = known[x]
    members = np.flatnonzero(images >= 0)
    if len(np.unique(images[members])) != len(members):
        return None
    for g, h in zip(gens, chosen, strict=True):
        if (images[group.multiply(members, g)] != other.multiply(images[members], h)).any():
            return None
    return images


def automorphisms(group: TableGroup) -> np.ndarray:
    """All automorphisms, shape ``(count, order)``: row a holds the images; the identity
    is among them.

    Raises:
        GroupTooLarge: more than 50,000.
    """
    found = []
    for images in isomorphisms(group, group):
        found.append(images)
        if len(found) > MAX_AUTOMORPHISMS:
            raise GroupTooLarge(
                f"More than {MAX_AUTOMORPHISMS} automorphisms; listing them stops there. theory.groups.isomorphisms.isomorphisms yields them one by one."
            )
    return np.array(sorted(found), dtype=np.int64)
