"""Equivalence of representations, exactly: averages intertwine, two decisions agree, determinants do not decide."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.matrices import ExactArray
from theory.groups.families import alternating, cyclic, dihedral, quaternion, small_groups
from theory.representations import irreps, regular_representation
from theory.representations.intertwiners import (
    Pair,
    averaged_intertwiner,
    averaging_rank,
    bilinear_product,
    characters,
    determinants,
    dimension,
    equivalent_by_averaging,
    equivalent_by_dimensions,
    hermitian_product,
    in_skew_basis,
    invertible_intertwiner,
    pairs,
    root_commutes,
    sums_of_two,
)


@given(st.sampled_from([g for g in small_groups(8) if g.order > 1]), st.data())
def test_the_average_of_any_matrix_intertwines(group, data):
    parts = irreps(group)
    pair = Pair(data.draw(st.sampled_from(parts)), data.draw(st.sampled_from(parts)))
    rows, columns = pair.second.degree, pair.first.degree
    entries = data.draw(
        st.lists(st.lists(st.integers(-5, 5), min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    found = averaged_intertwiner(pair, ExactArray.of(entries))
    assert (found[None] @ pair.first.matrices - pair.second.matrices @ found[None]).is_zero
    assert dimension(pair.first, pair.second) == averaging_rank(pair) == int(pair.first is pair.second)


@pytest.mark.parametrize("group", [cyclic(2), cyclic(3), dihedral(3), dihedral(4), alternating(4)], ids=repr)
def test_the_two_decisions_of_equivalence_agree_with_characters(group):
    for pair in pairs(group)[:60]:
        same = characters(pair.first) == characters(pair.second)
        assert equivalent_by_averaging(pair) == equivalent_by_dimensions(pair) == same
        assert dimension(pair.first, pair.second) == averaging_rank(pair) == hermitian_product(pair)


def test_equal_determinants_do_not_make_equivalent_representations():
    trivial, one, two = irreps(cyclic(3))
    pair = Pair(trivial.sum(trivial), one.sum(two))
    assert determinants(pair.first) == determinants(pair.second)
    assert characters(pair.first) != characters(pair.second)
    assert not equivalent_by_averaging(pair)
    assert not equivalent_by_dimensions(pair)


def test_an_invertible_intertwiner_conjugates_one_into_the_other():
    whole = sums_of_two(quaternion())[0]
    pair = Pair(whole, in_skew_basis(whole))
    found = invertible_intertwiner(pair)
    assert (whole.change_basis(found).matrices - pair.second.matrices).is_zero
    assert invertible_intertwiner(Pair(whole, irreps(quaternion())[0])) is None


def test_without_the_conjugate_the_product_misses_complex_characters():
    _, one, two = irreps(cyclic(3))
    assert (hermitian_product(Pair(one, one)), bilinear_product(Pair(one, one))) == (1, 0)
    assert (hermitian_product(Pair(one, two)), bilinear_product(Pair(one, two))) == (0, 1)


def test_regular_representations_have_as_many_intertwiners_as_elements():
    for group in small_groups(6):
        regular = regular_representation(group)
        assert averaging_rank(Pair(regular, regular)) == group.order


def test_the_commutator_of_the_root_is_that_of_the_square_over_a_sum():
    claim = root_commutes()
    assert sympy.expand(claim.left - claim.right) == 0
    s, t = sympy.symbols("s t", positive=True)
    P, R = sympy.diag(s, t), sympy.Matrix(2, 2, sympy.symbols("r:4"))
    root, square = P * R - R * P, P * P * R - R * P * P
    assert sympy.expand((s + t) * root[0, 1] - square[0, 1]) == 0
