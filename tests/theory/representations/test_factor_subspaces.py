"""Disentanglement of representations: by characters, by ranks, by constituents; and codes on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.grammar import parse
from theory.arithmetic.matrices import ExactArray, PrimeField, stack
from theory.groups.factored_groups import FactoredGroup
from theory.groups.families import cyclic, quaternion, symmetric
from theory.representations import irreps
from theory.representations.exact_codes import ExactCodes
from theory.representations.factor_subspaces import (
    constituents,
    entangled_constituents,
    entangled_dimension,
    factor_subspaces,
    mean_over,
    moved_by_two,
)
from theory.representations.matrices import NotARepresentation, Representation
from theory.representations.modules import CharacteristicDividesOrder

PRODUCTS = [
    FactoredGroup.of(symmetric(3), cyclic(2)),
    FactoredGroup.of(cyclic(3), cyclic(4)),
    FactoredGroup.of(cyclic(2), cyclic(2), cyclic(3)),
    FactoredGroup.of(quaternion(), cyclic(2)),
]


@st.composite
def sums_of_irreps(draw):
    """A product with a sum of up to three of its irreps in a skew basis."""
    product = draw(st.sampled_from(PRODUCTS))
    parts = irreps(product.group)
    rows = draw(st.lists(st.integers(0, len(parts) - 1), min_size=1, max_size=3))
    whole = parts[rows[0]].sum(*(parts[r] for r in rows[1:])) if len(rows) > 1 else parts[rows[0]]
    size = whole.degree
    shears = draw(st.lists(st.integers(-2, 2), min_size=size, max_size=size))
    basis = [[1 if i == j else shears[i] if j == i + 1 else 0 for j in range(size)] for i in range(size)]
    return product, rows, whole.change_basis(ExactArray.of(basis))


@settings(max_examples=25)
@given(sums_of_irreps())
def test_characters_ranks_and_constituents_agree_in_every_basis(case):
    product, rows, V = case
    found = factor_subspaces(V, product)
    entangled = entangled_dimension(V, product)
    assert (
        found.entangled_dimension
        == entangled
        == sum(c.degree * c.multiplicity for c in entangled_constituents(V, product))
    )
    assert sum(found.dimensions) + found.entangled_dimension == V.degree
    assert found.basis.rank() == V.degree
    assert (moved_by_two(V, product) is None) == (entangled == 0)
    assert sum(c.multiplicity for c in constituents(V, product)) == len(rows)


def test_the_decomposition_decides_and_not_the_group():
    klein = FactoredGroup.of(cyclic(2), cyclic(2))
    signs = ExactArray.of([[[1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, 1]], [[-1, 0], [0, -1]]])
    V = Representation(klein.group, signs)
    assert entangled_dimension(V, klein) == 0
    assert entangled_dimension(V, klein.regroup([(0, 2), (0, 3)])) == 1


def test_a_joint_clock_is_entangled_and_the_constant_is_not():
    product = FactoredGroup.of(cyclic(3), cyclic(3))
    w = parse("zeta(3)")
    joint = Representation(product.group, ExactArray.of([[[w ** ((g + h) % 3)]] for g in range(3) for h in range(3)]))
    assert entangled_dimension(joint, product) == 1
    assert "factors 1 and 2" in str(entangled_constituents(joint, product)[0])
    constant = Representation(product.group, ExactArray.of([[[1]]] * 9))
    assert factor_subspaces(constant, product).dimensions == (1, 0, 0)


def test_means_are_refused_where_the_characteristic_divides_the_order():
    product = FactoredGroup.of(cyclic(2), cyclic(2))
    field = PrimeField(2)
    unit = ExactArray.eye(3, field)
    a, b = (
        ExactArray.of([[1, 1, 0], [0, 1, 0], [0, 0, 1]], field),
        ExactArray.of([[1, 0, 1], [0, 1, 0], [0, 0, 1]], field),
    )
    shears = Representation(product.group, stack([unit, b, a, a @ b]))
    assert moved_by_two(shears, product) is None  # and yet no sum of subspaces
    with pytest.raises(CharacteristicDividesOrder, match="2 divides the order"):
        mean_over(shears, range(4))


def test_traces_that_are_no_character_are_refused():
    product = FactoredGroup.of(cyclic(2), cyclic(2))
    with pytest.raises(NotARepresentation, match="whole"):
        entangled_dimension(Representation(product.group, ExactArray.of([[[1]], [[1]], [[1]], [[-1]]])), product)


@given(st.lists(st.integers(-2, 2), min_size=12, max_size=12))
def test_frequencies_and_ranks_decide_as_relations_do(entries):
    codes = ExactCodes.of((2, 3, 1, 2, tuple(entries)))
    moved = all(codes.moved_relations(axis) for axis in (0, 1))
    assert moved == (codes.ranks == codes.rank) == all(codes.is_moved_linearly(axis) for axis in (0, 1))
    assert codes.is_additive == codes.has_no_mixed_difference == codes.has_no_mixed_step


def test_two_circles_in_one_plane_are_additive_and_not_disentangled():
    a, b = np.meshgrid(np.arange(4), np.arange(4), indexing="ij")
    turn = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    codes = ExactCodes((turn[a] + turn[b])[None])
    assert codes.is_additive
    assert (codes.ranks, codes.rank) == (4, 2)
