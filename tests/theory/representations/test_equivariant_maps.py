"""Equivariant maps exactly: dimensions three ways, patterns, readouts; each with a neighbour that fails."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.kernel import Status, judge
from theory.proof.statements import Induction
from theory.representations import equivariant_maps as equivariance
from theory.representations.equivariant_maps import (
    Action,
    cyclic_actions,
    ignores_shift,
    on_tuples,
    orbit_count,
    partitions_upto,
    patterns,
    pools,
    solution_count,
    stirling,
    symmetric_actions,
    symmetric_generators,
    turned_torus,
)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_what_commutes_with_a_shift_has_dimension_n(n):
    (action,) = [a for a in cyclic_actions(n) if a.name == f"C_{n}"]
    assert orbit_count(action) == solution_count(action) == n


def test_permutation_equivariant_maps_have_truncated_bell_numbers_of_dimensions():
    found = {a.name: (orbit_count(a), solution_count(a), a.expected) for a in symmetric_actions(4, 4)}
    assert all(len(set(triple)) == 1 for triple in found.values())
    assert [found[f"S_{n}, order 1 to 1"][0] for n in (1, 2, 3, 4)] == [1, 2, 2, 2]
    assert [found[f"S_{n}, order 2 to 2"][0] for n in (1, 2, 3, 4)] == [1, 8, 14, 15]
    assert [found[f"S_{n}, order 1 to 0"][0] for n in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_burnsides_mean_of_fixed_points_gives_the_same_dimensions():
    for n in range(1, 6):
        for k in range(1, 5):
            fixed = [sum(g[i] == i for i in range(n)) ** k for g in permutations(range(n))]
            assert sum(fixed) == partitions_upto(k, n) * len(fixed)


@given(
    st.lists(st.permutations(range(4)), min_size=1, max_size=2),
    st.lists(st.permutations(range(3)), min_size=2, max_size=2),
)
def test_orbits_and_elimination_agree_for_any_permutations(inputs, outputs):
    """Whatever the generators: the two sides need not even be actions of one group."""
    action = Action("any", tuple(map(tuple, inputs)), tuple(map(tuple, outputs[: len(inputs)])), 0)
    assert orbit_count(action) == solution_count(action)


@given(st.integers(1, 4), st.integers(0, 3), st.data())
def test_actions_on_tuples_are_homomorphisms(n, k, data):
    g, h = (tuple(data.draw(st.permutations(range(n)))) for _ in range(2))
    gh = tuple(g[h[i]] for i in range(n))
    a, b, c = (on_tuples(x, k) for x in (g, h, gh))
    assert tuple(a[b[i]] for i in range(n**k)) == c


def test_two_generators_generate_all_permutations():
    for n in range(1, 6):
        found = {tuple(range(n))}
        while True:
            more = {tuple(g[x[i]] for i in range(n)) for x in found for g in symmetric_generators(n)} | found
            if more == found:
                break
            found = more
        assert len(found) == len(list(permutations(range(n))))


def test_patterns_are_counted_by_stirling_numbers():
    for k in range(7):
        words = patterns(k)
        assert len(set(words)) == len(words)
        for b in range(k + 1):
            assert sum(len(set(word)) == b for word in words) == stirling(k, b)
    assert [len(patterns(k)) for k in range(6)] == [1, 1, 2, 5, 15, 52]


STATEMENTS = [
    equivariance.circulant_induction(), equivariance.pooling_induction(), *equivariance.tuple_statements(),
    equivariance.pattern_counts(), equivariance.dimensions(),
]  # fmt: skip


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_every_statement_holds(statement):
    verdict = judge(statement, route="exact")
    assert verdict.status is Status.HOLDS, verdict.why
    assert verdict.decided
    if isinstance(statement, Induction):
        assert f"every {statement.variable} >= 1" in verdict.scope.text


def test_turning_actions_are_permutations_of_the_torus_and_its_planes():
    for planes in (False, True):
        for images in turned_torus(3, planes=planes):
            assert sorted(images) == list(range(len(images)))


@given(st.integers(2, 6), st.integers(1, 3), st.data())
def test_readouts_ignore_shifts_exactly_when_they_pool(n, rows, data):
    matrix = np.array(
        data.draw(st.lists(st.lists(st.integers(0, 1), min_size=n, max_size=n), min_size=rows, max_size=rows))
    )
    assert ignores_shift(matrix) == pools(matrix)
    assert ignores_shift(np.ones_like(matrix) * matrix[:, :1])
