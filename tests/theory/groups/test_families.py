"""Named groups have the structure that they are known to have, and groups get the name of their type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.groups.cayley_tables import first_failure
from theory.groups.families import (
    abelian_invariants,
    alternating,
    cyclic,
    describe,
    dicyclic,
    dihedral,
    direct_product,
    heisenberg,
    projective_special_linear,
    quaternion,
    small_groups,
    symmetric,
)
from theory.representations import character_table


def test_all_28_groups_up_to_order_15_are_groups_and_pairwise_not_isomorphic():
    groups = small_groups(15)
    assert [sum(g.order == n for g in groups) for n in range(1, 16)] == [1, 1, 1, 2, 1, 2, 1, 5, 2, 2, 1, 5, 1, 2, 1]
    assert all(first_failure(g.table) is None for g in groups)
    assert all(groups[i].isomorphism(groups[j]) is None for i in range(28) for j in range(i))
    for g in groups:
        assert g.isomorphism(g) is not None


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (dihedral(4), "D4"), (quaternion(), "Q8"), (symmetric(4), "S4"), (alternating(5), "A5"), (cyclic(12), "C3 x C4"), (cyclic(1), "trivial group"),
        (direct_product(cyclic(2), cyclic(4)), "C2 x C4"), (dicyclic(3), "Dic3"), (direct_product(symmetric(3), cyclic(3)), "a nonabelian group of order 18"),
    ],
)  # fmt: skip
def test_describe_names_the_type(group, name):
    assert describe(group) == name


@given(st.lists(st.sampled_from([2, 3, 4, 5, 8, 9]), min_size=1, max_size=3))
def test_abelian_invariants_are_recovered(powers):
    assert abelian_invariants(direct_product(*map(cyclic, powers))) == tuple(sorted(powers))


@pytest.mark.parametrize(("p", "linear", "large"), [(2, 4, 1), (3, 9, 2), (5, 25, 4), (7, 49, 6)])
def test_heisenberg_groups_have_p_squared_linear_characters_and_p_minus_one_of_degree_p(p, linear, large):
    group = heisenberg(p)
    assert first_failure(group.table) is None
    assert character_table(group).degrees == (1,) * linear + (p,) * large
    assert group.centre == group.derived_subgroup
    assert len(group.centre) == p


def test_psl_2_p_is_simple_for_p_5_and_7_and_psl_2_5_is_a5():
    for p in (5, 7):
        assert len(projective_special_linear(p).normal_subgroups) == 2
    assert projective_special_linear(5).isomorphism(alternating(5)) is not None
    with pytest.raises(ValueError, match="prime"):
        projective_special_linear(9)
