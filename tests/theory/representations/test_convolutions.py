"""Convolutions exactly: strides, circulant matrices, filters that turn, rotations of the grid; each with a neighbour that fails."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.kernel import Status, judge
from theory.representations import convolutions
from theory.representations.convolutions import (
    Tap,
    Turn,
    circulant,
    commutes_with_shift,
    depends_on_difference,
    tap_commutes,
    tap_is_right_multiplication,
    turns,
    zero_padded,
)

STATEMENTS = [
    convolutions.stride_equation(), *convolutions.lifting_equations(), convolutions.convolutions(), convolutions.readouts(),
    convolutions.grid_kept(), convolutions.group_convolutions(),
]  # fmt: skip


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_every_statement_holds(statement):
    verdict = judge(statement, route="exact")
    assert verdict.status is Status.HOLDS, verdict.why


@pytest.mark.parametrize("stride", [2, 3])
def test_a_stride_does_not_commute_with_shifts_by_one(stride):
    assert judge(convolutions.stride_equation(stride), route="exact").status is Status.REFUTED


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
    monkeypatch.setattr(convolutions, "_apply", lambda y, tap: np.roll(y, (-tap.a, -tap.b), axis=(-2, -1)))
    assert not all(tap_commutes(Tap(3, 0, a, b)) for a, b in product(range(3), repeat=2))
