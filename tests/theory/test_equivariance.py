"""Equivariant maps exactly: dimensions three ways, convolutions, turns of the grid; each with a neighbour that fails."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.kernel import Status, identity, judge, structural
from theory import equivariance
from theory.equivariance import (
    Action,
    Tap,
    Turn,
    circulant,
    commutes_with_shift,
    cyclic_actions,
    depends_on_difference,
    ignores_shift,
    on_tuples,
    orbit_count,
    partitions_upto,
    patterns,
    pools,
    solution_count,
    stirling,
    stride_equations,
    stride_law,
    symmetric_actions,
    symmetric_generators,
    tap_commutes,
    tap_is_right_multiplication,
    tuple_induction,
    turns,
    zero_padded,
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


@pytest.mark.parametrize("name", ["circulant", "pooling"])
def test_inductions_hold(name):
    variable, *parts = getattr(equivariance, f"{name}_induction")()
    base, step, small = ([identity(left, right) for left, right, _ in part] for part in parts)
    verdict = judge(structural(variable, base=base, step=step, small=small), route="exact")
    assert verdict.status is Status.HOLDS
    assert f"every {variable} >= 1" in verdict.scope.text


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_steps_for_tuples_hold(k):
    _, base, step = tuple_induction(k)
    for left, right, label in [*base, *step]:
        assert judge(identity(left, right), route="exact").status is Status.HOLDS, label


def test_a_stride_respects_shifts_by_itself_and_not_by_one():
    for left, right, _ in [*stride_equations(1), *stride_law()]:
        assert judge(identity(left, right), route="exact").status is Status.HOLDS
    for stride in (2, 3):
        ((left, right, _),) = stride_equations(stride)
        assert judge(identity(left, right), route="exact").status is Status.REFUTED


taps_strategy = st.sampled_from([1, 3, 5]).flatmap(lambda k: st.lists(st.integers(-3, 3), min_size=k, max_size=k))


@given(st.integers(5, 9), taps_strategy)
def test_circular_convolutions_are_circulant_by_both_tests(n, weights):
    matrix = circulant(n, weights)
    assert commutes_with_shift(matrix)
    assert depends_on_difference(matrix)


@given(st.integers(5, 9), taps_strategy)
def test_zero_padding_commutes_only_when_nothing_reaches_over_the_edge(n, weights):
    inner = [c for t, c in enumerate(weights) if t != len(weights) // 2]
    matrix = zero_padded(n, weights)
    assert commutes_with_shift(matrix) == depends_on_difference(matrix) == (not any(inner))


@given(st.integers(2, 6), st.integers(1, 3), st.data())
def test_readouts_ignore_shifts_exactly_when_they_pool(n, rows, data):
    matrix = np.array(
        data.draw(st.lists(st.lists(st.integers(0, 1), min_size=n, max_size=n), min_size=rows, max_size=rows))
    )
    assert ignores_shift(matrix) == pools(matrix)
    assert ignores_shift(np.ones_like(matrix) * matrix[:, :1])


def test_only_quarter_turns_keep_the_grid():
    for m in range(1, 13):
        for turn in turns(m):
            assert turn.keeps_grid() == turn.is_quarter_turn() == (4 * turn.k % m == 0)
    assert not Turn(1, 8).keeps_grid()


@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 4), st.integers(0, 4))
def test_taps_of_group_convolutions_commute_with_turns_and_shifts(N, s, a, b):
    tap = Tap(N, s, a % N, b % N)
    assert tap_commutes(tap)
    assert tap_is_right_multiplication(tap)


def test_a_tap_that_does_not_turn_with_the_planes_is_noticed(monkeypatch):
    monkeypatch.setattr(equivariance, "_apply", lambda y, tap: np.roll(y, (-tap.a, -tap.b), axis=(-2, -1)))
    assert not all(tap_commutes(Tap(3, 0, a, b)) for a, b in product(range(3), repeat=2))
