"""Subgroups by known counts; cosets, quotients, normal subgroups and derived series by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.strategies.groups import finite_groups
from theory.groups.families import alternating, small_groups, symmetric
from theory.groups.subgroups import NotNormal, coset_action, derived_series, double_cosets, left_cosets
from theory.groups.table_group import normal_closure


def test_counts_of_subgroups_are_the_known_ones():
    known = {"D4": 10, "Q8": 6, "A4": 10, "C12": 6, "C2xC2xC2": 16, "D6": 16, "Dic3": 8}
    assert {g.label: len(g.subgroups) for g in small_groups() if g.label in known} == known
    assert len(symmetric(4).subgroups) == 30


@given(finite_groups(16), st.data())
def test_cosets_quotients_and_their_projection(group, data):
    x, y = (data.draw(st.integers(0, group.order - 1)) for _ in range(2))
    subgroup = group.subgroup([x, y])
    transversal, _ = left_cosets(group, subgroup)
    assert len(transversal) * len(subgroup) == group.order
    action = coset_action(group, subgroup)
    assert (action[group.table[x, y]] == action[x][action[y]]).all()
    assert sum(map(len, double_cosets(group, subgroup, subgroup))) == group.order
    normal = normal_closure(group, [x])
    assert group.is_normal(normal)
    quotient, projection = group.quotient(normal)
    assert (quotient.table[projection[:, None], projection[None, :]] == projection[group.table]).all()
    assert set(np.flatnonzero(projection == 0)) == set(normal)


@given(finite_groups(16))
def test_normal_subgroups_are_the_subgroups_that_are_normal(group):
    assert group.normal_subgroups == tuple(h for h in group.subgroups if group.is_normal(h))
    assert sum(len(c) for c in group.subgroup_classes) == len(group.subgroups)
    assert group.normal_subgroups == tuple(
        sorted((c[0] for c in group.subgroup_classes if len(c) == 1), key=lambda h: (len(h), h))
    )


def test_a_quotient_by_a_subgroup_that_is_not_normal_or_by_no_subgroup_is_refused():
    s3 = symmetric(3)
    with pytest.raises(NotNormal, match=r"takes .* out of it"):
        s3.quotient(s3.subgroup([1]))
    with pytest.raises(ValueError, match="lies outside"):
        s3.quotient([0, *(k for k in range(6) if s3.orders[k] == 2)])
    with pytest.raises(ValueError, match="identity 0"):
        s3.quotient([1, 2])


def test_derived_series_end_where_solvability_says():
    assert [len(h) for h in derived_series(symmetric(4))] == [24, 12, 4, 1]
    assert [len(h) for h in derived_series(alternating(5))] == [60]
    assert symmetric(4).is_solvable
    assert not alternating(5).is_solvable
