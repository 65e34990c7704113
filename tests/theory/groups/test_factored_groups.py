"""Decompositions of a group into a direct product, and orbits with their stabilisers."""

from __future__ import annotations

import pytest

from theory.groups.factored_groups import FactoredGroup, NotADirectProduct, is_product_of_its_parts
from theory.groups.factored_groups import orbits_tell_points_apart as told_apart
from theory.groups.families import cyclic, symmetric


def test_the_other_factors_generate_the_complement():
    product = FactoredGroup.of(cyclic(2), cyclic(3), symmetric(3))
    assert [len(others) for others in product.others] == [18, 12, 6]
    assert all(len(set(own) & set(others)) == 1 for own, others in zip(product.factors, product.others, strict=True))


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([(0, 1), (0, 1)], "generate 2 elements"),
        ([(0, 2)], "orders 2 in a group of order 4"),
        ([(0, 1, 2), (0, 3)], "subgroup"),
    ],
)
def test_factors_that_form_no_direct_product_are_refused(factors, message):
    with pytest.raises(ValueError, match=message):
        FactoredGroup.of(cyclic(2), cyclic(2)).regroup(factors)


def test_factors_that_do_not_commute_are_named():
    group = symmetric(3)
    rotations = next(h for h in group.subgroups if len(h) == 3)
    swap = next(h for h in group.subgroups if len(h) == 2)
    with pytest.raises(NotADirectProduct, match="do not commute"):
        FactoredGroup(group, (rotations, swap))


@pytest.mark.parametrize("sizes", [(2, 2), (4, 2), (3, 3), (2, 2, 2), (2, 9)])
def test_an_orbit_has_a_disentangled_representation_exactly_for_products_of_subgroups(sizes):
    product = FactoredGroup.of(*map(cyclic, sizes))
    verdicts = {told_apart(product, h) for h in product.group.subgroups}
    assert all(told_apart(product, h) == is_product_of_its_parts(product, h) for h in product.group.subgroups)
    assert verdicts == ({True} if sizes == (2, 9) else {True, False})  # coprime orders leave no diagonal
