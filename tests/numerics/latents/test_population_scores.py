"""Scores of a whole population, from its rotation: against integrals by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.latents import population_scores, rotations
from numerics.latents.entangling import check_rotation

UNIT = 2.0**-53


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.7, 0.95])
def test_cells_of_a_normal_pair_are_those_of_scipy(rho):
    cells, estimate = population_scores.normal_cells(rho, 4)
    h = scipy.stats.norm.ppf([0.25, 0.5, 0.75])
    distribution = scipy.stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    corner = np.array([[distribution.cdf([a, b]) for b in h] for a in h])
    found = cells.cumsum(0).cumsum(1)[:3, :3].numpy()
    assert np.abs(found - corner).max() <= 1e-8 + 16 * float(
        estimate
    )  # SciPy states an absolute error of 1e-8 for its integral
    assert abs(cells.sum().item() - 1) <= 16 * UNIT


@given(st.floats(-0.999, 0.999))
@settings(max_examples=30)
def test_two_bins_have_sheppards_information(rho):
    exact = population_scores.median_information(torch.tensor(rho, dtype=torch.float64)).item()
    # arcsin and the quadrature of a constant: 64 units of a probability, through p log p of slope at most log(1/p) + 1
    assert abs(population_scores.quantised_information(rho, 2) - exact) <= 64 * UNIT * 4 * (
        1 - math.log(0.5 - math.asin(abs(rho)) / math.pi)
    )


@given(st.floats(0.0, 0.99), st.floats(0.0, 0.99))
@settings(max_examples=20)
def test_information_grows_with_the_correlation(one, other):
    low, high = sorted((abs(one), abs(other)))
    assert (
        population_scores.quantised_information(low) <= population_scores.quantised_information(high) + 400 * 64 * UNIT
    )


@pytest.mark.parametrize("d", [2, 4, 8, 12, 20, 28, 36])
def test_equal_entries_are_orthogonal_and_put_every_score_at_its_floor(d):
    A = check_rotation(rotations.equal_entries(d))
    found = population_scores.levels(A)
    assert found.equal
    assert found.mig == 0.0
    assert found.factor_vae == 1 / d
    assert max(found.disentanglement, found.completeness) <= 4 * (d + 16) * UNIT


def test_near_a_permutation_scores_stay_high():
    found = population_scores.levels(rotations.near_permutation(4, 0.01))
    assert found.mig > 0.8
    assert min(found.disentanglement, found.completeness) > 0.85
    assert found.factor_vae == 1.0
    with pytest.raises(ValueError, match="1/4"):
        rotations.near_permutation(4, 0.5)


def test_full_correlation_carries_the_logarithm_of_the_bins():
    # twenty terms p log p, their sum and 2 log 20, a few units of rounding each
    rounding = (20 + 2) * 4 * UNIT * math.log(20)
    assert abs(population_scores.quantised_information(1.0, 20) - math.log(20)) <= rounding


def test_correlations_above_one_and_rotations_of_the_line_are_refused():
    with pytest.raises(ValueError, match="correlation"):
        population_scores.normal_cells(1.5, 4)
    with pytest.raises(ValueError, match="d >= 2"):
        population_scores.levels(torch.ones(1, 1))
