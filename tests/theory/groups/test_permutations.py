"""Permutations close to what brute force gives, and those of many points multiply as they should."""

from __future__ import annotations

import pytest
from hypothesis import given

from proofs_checks.strategies.groups import permutation_generators
from theory.groups import FiniteGroup
from theory.groups.families import cyclic, direct_product


@given(permutation_generators(5))
def test_permutation_closure_is_what_brute_force_gives(generators):
    m = len(generators[0])
    seen, new = {tuple(range(m))}, [tuple(range(m))]
    while new:
        new = [p for p in {tuple(a[g[x]] for x in range(m)) for a in new for g in generators} if p not in seen]
        seen |= set(new)
    group = FiniteGroup.from_permutations(generators)
    assert {tuple(row) for row in group.elements.tolist()} == seen
    assert tuple(group.elements[0]) == tuple(range(m))
    a, b = group.order - 1, group.order // 2
    assert (group.elements[group.table[a, b]] == group.elements[a][group.elements[b]]).all()


@pytest.mark.parametrize("degree", [200, 256, 257, 300, 65_536, 65_537, 70_000])
def test_permutations_of_many_points_multiply_as_they_should(degree):
    """Points are held in one, two or four bytes; transpositions whose points agree modulo 256 or 65536 once were one element."""
    first, second = list(range(degree)), list(range(degree))
    first[0], first[degree - 1] = degree - 1, 0
    second[1], second[degree - 2] = degree - 2, 1
    group = FiniteGroup.from_permutations([first, second])
    assert group.inverses.tolist() == [0, 1, 2, 3]
    assert group.isomorphism(direct_product(cyclic(2), cyclic(2))) is not None
    assert sorted(group.names) == sorted(
        ["()", f"(0 {degree - 1})", f"(1 {degree - 2})", f"(0 {degree - 1})(1 {degree - 2})"]
    )
