"""Pairs of columns on the cells of a square: what the constants of the test rest on, by enumeration and by replacing points."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.statistics.copulas import SquareGrid

EPS = torch.finfo(torch.float64).eps
units = st.floats(0, 1, exclude_max=True)
tables = st.lists(st.tuples(units, units, units), min_size=1, max_size=40)


def counted(rows: list[tuple[float, ...]], cells: int = 4) -> SquareGrid:
    return SquareGrid(cells, len(rows[0])).add(torch.tensor(rows, dtype=torch.float64))


def centres(cells: int) -> list[tuple[float, float]]:
    return [((i + 0.5) / cells, (j + 0.5) / cells) for i, j in product(range(cells), repeat=2)]


def test_every_cell_once_is_uniform_and_one_cell_is_as_far_as_can_be() -> None:
    assert counted(centres(4)).variation == 0.0
    assert counted([(0.1, 0.9)] * 5).variation == 1 - 1 / 16


@given(tables, st.tuples(units, units, units), st.randoms(use_true_random=False))
def test_replacing_a_point_moves_the_variation_by_at_most_one_nth(rows, another, random) -> None:
    replaced = list(rows)
    replaced[random.randrange(len(rows))] = another
    moved = abs(counted(rows).variation - counted(replaced).variation)
    assert moved <= 1 / len(rows) + 16 * EPS  # sums of 16 numbers


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_its_mean_over_all_samples_is_below_the_bound_and_above_half_of_it(n: int) -> None:
    found = [counted(list(sample), 2) for sample in product(centres(2), repeat=n)]
    mean = math.fsum(grid.variation for grid in found) / len(found)
    assert 0.5 * found[0].mean_variation() < mean <= found[0].mean_variation()


def test_nothing_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="add a tile"):
        _ = SquareGrid(4, 2).variation
