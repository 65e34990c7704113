"""Isomorphisms are bijective homomorphisms, and automorphisms as many as there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from proofs_checks.strategies.groups import finite_groups
from theory.groups.families import commuting_square, cyclic, dihedral, direct_product, heisenberg, quaternion, symmetric
from theory.groups.isomorphisms import _follow


def test_isomorphism_is_a_bijective_homomorphism():
    d3, s3 = dihedral(3), symmetric(3)
    images = np.array(d3.isomorphism(s3))
    assert sorted(images) == list(range(6))
    assert (s3.table[np.ix_(images, images)] == images[d3.table]).all()
    assert dihedral(4).isomorphism(quaternion()) is None


@pytest.mark.parametrize(
    ("group", "count"), [(cyclic(12), 4), (dihedral(4), 8), (quaternion(), 24), (symmetric(4), 24), (direct_product(cyclic(2), cyclic(2), cyclic(2)), 168), (heisenberg(3), 432)], ids=repr
)  # fmt: skip
def test_automorphisms_are_as_many_as_is_known_and_respect_products(group, count):
    found = group.automorphisms
    assert len(found) == count
    assert all(
        (images[group.table] == group.table[np.ix_(images, images)]).all() for images in found[:: max(1, count // 12)]
    )
    assert len({tuple(row) for row in found.tolist()}) == count
    assert group.automorphism_group().order == count
    inner = {tuple(group.conjugate(np.arange(group.order), g).tolist()) for g in range(group.order)}
    assert len(inner) * len(group.centre) == group.order
    assert inner <= {tuple(row) for row in found.tolist()}


def test_a_bijection_along_words_that_does_not_respect_products_is_no_isomorphism():
    """a -> r, b -> s from Q8 to D4 is one to one along words, in which b b does not occur; r -> r, s -> s from s r s = r^-1 to s r s = r is not even that."""
    square, commuting, units = dihedral(4), commuting_square(), quaternion()
    gens = list(square.generators)
    words = [(x, parent, k) for x, parent, k in units.walk(gens)]
    along = [0] * 8
    for x, parent, k in words:
        along[x] = int(square.multiply(along[parent], gens[k]))
    assert sorted(along) == list(range(8))
    assert _follow(units, square, gens, gens, words) is None
    assert units.isomorphism(square) is None
    words = [(x, parent, k) for x, parent, k in square.walk(gens)]
    assert _follow(square, commuting, gens, gens, words) is None
    assert _follow(square, square, gens, gens, words).tolist() == list(range(8))
    assert square.isomorphism(commuting) is None


@given(finite_groups(16))
def test_automorphisms_are_the_bijections_of_generators_images_that_respect_all_products(group):
    """Against every choice of images of the generators, extended along words and multiplied out."""
    gens = list(group.generators)
    orders = group.orders.tolist()
    count = 0
    walk = group.walk(gens)
    pools = [[y for y in range(group.order) if orders[y] == orders[g]] for g in gens]
    if int(np.prod([len(p) for p in pools])) > 3000:
        return
    for choice in np.array(np.meshgrid(*pools, indexing="ij")).reshape(len(pools), -1).T if pools else [()]:
        images = [0] * group.order
        for x, parent, k in walk:
            images[x] = int(group.table[images[parent], choice[k]])
        moved = np.array(images)
        count += len(set(images)) == group.order and (moved[group.table] == group.table[np.ix_(moved, moved)]).all()
    assert len(group.automorphisms) == count
