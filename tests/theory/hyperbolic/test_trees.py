"""Every labelled tree, and two algorithms for MAP, ties counted against the embedding."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.hyperbolic import trees


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_there_are_as_many_labelled_trees_as_cayley_says(size: int) -> None:
    forest = {frozenset(edges) for edges in trees.labelled_trees(size)}
    assert len(forest) == size ** (size - 2)
    assert all(len(edges) == size - 1 for edges in forest)


def test_one_vertex_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two vertices, got 1"):
        next(trees.labelled_trees(1))


@st.composite
def tables_with_ties(draw: st.DrawFn) -> tuple[tuple[tuple[int, int], ...], list[list[Fraction]]]:
    size = draw(st.integers(2, 6))
    edges = tuple((draw(st.integers(0, v - 1)), v) for v in range(1, size))
    table = [[Fraction(0)] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            table[i][j] = table[j][i] = Fraction(draw(st.integers(1, 4)))
    return edges, table


@given(tables_with_ties())
def test_two_algorithms_find_one_map(drawn: tuple[tuple[tuple[int, int], ...], list[list[Fraction]]]) -> None:
    counted = trees.map_by_counting(*drawn)
    assert counted == trees.map_by_sorting(*drawn)
    assert 0 < counted <= 1


@given(tables_with_ties())
def test_two_ways_to_find_steps_in_a_tree_give_one_profile(
    drawn: tuple[tuple[tuple[int, int], ...], list[list[Fraction]]],
) -> None:
    assert trees.stretch_profile(*drawn) == trees.stretch_profile_by_paths(*drawn)


def test_map_counts_a_tied_stranger_against_the_embedding() -> None:
    path = ((0, 1), (1, 2))
    tied = [[Fraction(v) for v in row] for row in ([0, 1, 1], [1, 0, 1], [1, 1, 0])]
    assert trees.map_by_counting(path, tied) == Fraction(1, 3) * (Fraction(1, 2) + 1 + Fraction(1, 2))
    apart = [[Fraction(v) for v in row] for row in ([0, 1, 2], [1, 0, 1], [2, 1, 0])]
    assert trees.map_by_sorting(path, apart) == 1
    assert trees.stretch_profile(path, apart) == {1: [1, 1], 2: [2]}
