"""Distances between samples and distributions, against SciPy and against their own definitions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from numerics.statistics import kolmogorov
from numerics.streams import Stream

seeds = st.integers(0, 2**40)
sizes = st.integers(1, 400)


@given(seeds, sizes)
def test_ks_to_uniform_agrees_with_scipy(seed: int, n: int) -> None:
    sample = Stream(seed).uniform(n) ** 1.3
    assert (
        abs(kolmogorov.ks_to_uniform(sample) - stats.kstest(sample.numpy(), "uniform").statistic)
        <= 4 * torch.finfo(torch.float64).eps
    )


@given(seeds, sizes, sizes)
def test_two_sample_distance_agrees_with_scipy_even_with_ties(seed: int, n: int, m: int) -> None:
    stream = Stream(seed)
    first, second = stream.integers(0, 9, n).double(), stream.integers(2, 11, m).double()
    assert (
        abs(
            kolmogorov.ks_two_sample(first, second)
            - stats.ks_2samp(first.numpy(), second.numpy(), method="exact").statistic
        )
        <= 1e-15
    )


@given(seeds, st.integers(1, 300), st.integers(0, 8), st.integers(1, 5))
def test_the_grid_brackets_the_exact_distance_in_any_tiling(seed: int, n: int, log_cells: int, tiles: int) -> None:
    sample = Stream(seed).uniform(n, 2) ** torch.tensor([0.7, 1.6])
    grid = kolmogorov.UniformGrid(1 << log_cells, columns=2)
    for tile in torch.tensor_split(sample, min(tiles, n)):
        grid.add(tile)
    lower, upper = grid.brackets()
    exact = kolmogorov.ks_to_uniform_columns(sample)
    rounding = 4 * torch.finfo(torch.float64).eps
    assert grid.size == n
    assert bool((lower <= exact + rounding).all())
    assert bool((exact <= upper + rounding).all())
    assert bool((upper - lower <= 2.0**-log_cells + rounding).all())


@given(seeds, st.integers(1, 300), st.integers(1, 300), st.integers(0, 8))
def test_the_two_sample_grid_brackets_the_exact_distance(seed: int, n: int, m: int, log_cells: int) -> None:
    stream = Stream(seed)
    first, second = stream.uniform(n), stream.uniform(m).square()
    grid = kolmogorov.TwoSampleGrid(1 << log_cells)
    grid.first.add(first)
    grid.second.add(second)
    lower, upper = grid.brackets()
    exact = kolmogorov.ks_two_sample(first, second)
    assert float(lower) <= exact + 1e-15
    assert exact <= float(upper) + 1e-15


def test_the_bracket_fails_for_a_grid_that_reads_the_wrong_edge() -> None:
    """A mutant that compares each cell's count with its left edge reports a lower bound above the truth."""
    sample = (torch.arange(64, dtype=torch.float64) + 0.5) / 64
    grid = kolmogorov.UniformGrid(8).add(sample)
    empirical = torch.cumsum(grid.counts[0], 0) / 64
    mutant = float((empirical - torch.arange(8) / 8).abs().max())
    assert mutant > kolmogorov.ks_to_uniform(sample) >= grid.lower


@given(seeds, st.integers(1, 200))
def test_cells_count_every_point_once_and_match_a_direct_count(seed: int, n: int) -> None:
    sample = Stream(seed).normal(n, 2)
    edges = (torch.tensor([-1.0, 0.0, 2.0]).double(), torch.tensor([-0.5, 0.25, 0.5, 1.0]).double())
    counts = kolmogorov.count_cells(sample, edges)
    assert int(counts.sum()) == n
    assert counts.shape == (7,)
    direct = ((sample[:, 0] >= 0) & (sample[:, 0] < 2) & (sample[:, 1] >= 0.25) & (sample[:, 1] < 0.5)).sum()
    assert counts[4] == direct


def test_distance_over_cells_is_that_of_the_cell_numbers() -> None:
    counts, masses = torch.tensor([3, 1, 4, 2]), torch.tensor([0.25, 0.25, 0.25, 0.25]).double()
    assert abs(kolmogorov.ks_over_cells(counts, masses) - 0.1) < 1e-15
    assert kolmogorov.ks_over_cells(counts, masses[:3]) == kolmogorov.ks_over_cells(counts, masses)


@pytest.mark.parametrize(
    "bad", [torch.tensor([0.5, float("nan")]), torch.tensor([-1e-9, 0.5]).double(), torch.tensor([0.5, 1.5])]
)
def test_values_outside_the_unit_interval_are_refused(bad: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        kolmogorov.ks_to_uniform(bad)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        kolmogorov.UniformGrid(4).add(bad)


def test_empty_samples_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="non-empty"):
        kolmogorov.ks_to_uniform(torch.zeros(0))
    with pytest.raises(ValueError, match="non-empty"):
        kolmogorov.ks_two_sample(torch.zeros(0), torch.zeros(3))
    with pytest.raises(ValueError, match="shape"):
        kolmogorov.ks_to_uniform(torch.zeros(3, 1))
    with pytest.raises(ValueError, match="power of two"):
        kolmogorov.UniformGrid(12)
    with pytest.raises(ValueError, match="one mass for each"):
        kolmogorov.ks_over_cells(torch.tensor([1, 2, 3]), torch.tensor([1.0]))
