"""Semidirect and wreath products with known results, and maps that are no action."""

from __future__ import annotations

import pytest

from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.cayley_tables import first_failure
from theory.groups.families import (
    cyclic,
    dicyclic,
    dihedral,
    direct_product,
    semidirect_product,
    symmetric,
    wreath_product,
)
from theory.groups.products import NotAnAction
from theory.representations import character_table


def test_semidirect_products_with_the_known_results():
    inverting = semidirect_product(cyclic(5), cyclic(2), {1: [-k % 5 for k in range(5)]})
    assert inverting.isomorphism(dihedral(5)) is not None
    trivially = semidirect_product(cyclic(4), cyclic(2), {1: range(4)})
    assert trivially.isomorphism(direct_product(cyclic(4), cyclic(2))) is not None
    assert semidirect_product(cyclic(3), cyclic(4), {1: [0, 2, 1]}).isomorphism(dicyclic(3)) is not None
    frobenius = semidirect_product(cyclic(7), cyclic(3), {1: [2 * k % 7 for k in range(7)]})
    assert first_failure(frobenius.table) is None
    assert character_table(frobenius).degrees == (1, 1, 1, 3, 3)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({1: [3 * k % 7 for k in range(7)]}, "do not compose"),
        ({1: [1, 0, 2, 3, 4, 5, 6]}, "no automorphism"),
        ({1: [0, 1, 2]}, "permutation of the 7 elements"),
        ({0: range(7)}, "generate only 1 of 3"),
    ],
)
def test_maps_that_are_no_action_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        semidirect_product(cyclic(7), cyclic(3), images)
    assert issubclass(NotAnAction, ValueError)


def test_wreath_products_have_the_order_and_the_structure_that_they_should():
    assert wreath_product(cyclic(2), symmetric(2)).isomorphism(dihedral(4)) is not None
    assert wreath_product(symmetric(3), symmetric(2)).order == 72
    two = FiniteGroup.from_permutations([[1, 0, 2]])  # two orbits of blocks: one of two, one fixed
    assert wreath_product(cyclic(3), two).order == 27 * 2
    cube = wreath_product(cyclic(2), symmetric(3))
    assert cube.isomorphism(direct_product(symmetric(4), cyclic(2))) is not None  # symmetries of the cube
    with pytest.raises(ValueError, match="permutations on top"):
        wreath_product(cyclic(2), cyclic(2))
    with pytest.raises(GroupTooLarge, match="stops at 200000"):
        wreath_product(symmetric(5), symmetric(3))
