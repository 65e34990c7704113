"""Bounds of a curve from bounds of F, and certified bounds from draws and from chains."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.compression.black_boxes import needle_bounds, solves, tails
from numerics.compression.curve_bounds import (
    annealed_upper,
    distortion_tiles,
    drawn_lower,
    largest_mean,
    rate_above,
    rate_below,
)
from numerics.compression.linear_decoders import band_of_the_curve, negative_log_z
from numerics.streams import Stream


@pytest.mark.parametrize("n", [1, 7, 50])
@pytest.mark.parametrize("level", [0.2, 1e-6])
def test_the_largest_mean_keeps_its_level_and_solves_its_equation(n: int, level: float) -> None:
    for measurement in (tails(n, level), solves(n, level)):
        bound = sum(torch.as_tensor(term) for term in measurement.bound.terms.values())
        assert bool((measurement.residual <= bound).all())


def test_slopes_that_double_take_squares() -> None:
    d = Stream(1).uniform(500, 3)
    doubled = drawn_lower(iter(d.split(100)), [0.5, 1.0, 2.0], 500, 0.1)
    apart = [drawn_lower(iter([d]), [b], 500, 0.1 / 3)[1] for b in (0.5, 1.0, 2.0)]
    assert torch.allclose(doubled[1], torch.cat(apart, 1), rtol=1e-13)
    assert torch.equal(doubled[2], d.amin(0))


def test_certified_bounds_by_draws_lie_below_the_closed_form() -> None:
    stream = Stream(2)
    W = stream.normal(4, 2) / 2
    x = stream.normal(20, 2) @ W.T + 0.3 * stream.normal(20, 4)
    parts = distortion_tiles(
        lambda n: stream.normal(n, 2), lambda z: torch.cdist(z @ W.T, x).square() / 2, 1 << 14, 1000
    )
    slopes = [0.5, 1.0, 2.0, 4.0]
    lower, estimate, _ = drawn_lower(parts, slopes, 1 << 14, 1e-3)
    exact = torch.stack([negative_log_z(x, W, b) for b in slopes], 1)
    assert bool((lower <= exact).all())
    assert bool((lower <= estimate).all())
    assert float((exact - lower)[:, 0].max()) < 0.1
    assert float(lower.max()) < math.log(1 << 14)


def test_the_upper_bound_of_chains_is_broken_as_rarely_as_it_says() -> None:
    """Two-point weights of mean Z = 1 that attain Markov's inequality: of 4,000 runs of two data at level 0.04, at most 0.04 and about that many."""
    level, n, runs = 0.04, 2, 4000
    top = level ** (-1 / n) * (1 + 1e-9)
    hit = Stream(3).uniform(runs, n) < 1 / top
    wrong = 0
    for row in hit:
        log_weights = torch.where(row, torch.tensor(top, dtype=torch.float64).log(), -math.inf)[None]
        wrong += bool(annealed_upper(log_weights, level)[0] < 0)
    spread = 5 * math.sqrt(level * (1 - level) / runs)
    assert abs(wrong / runs - level) < spread


def test_the_curve_lies_between_bounds_from_slopes() -> None:
    stream = Stream(4)
    W = stream.normal(6, 3) / 2
    x = stream.normal(10, 6)
    for measurement in band_of_the_curve(x, W):
        bound = sum(torch.as_tensor(term) for term in measurement.bound.terms.values())
        assert bool((torch.as_tensor(measurement.residual) <= bound).all())


def test_bounds_that_are_out_of_order_are_put_in_order() -> None:
    b = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    tidy, noisy = torch.tensor([0.5, 0.8, 1.2], dtype=torch.float64), torch.tensor([0.9, 0.8, 1.2], dtype=torch.float64)
    D = torch.tensor([0.35, 0.5, 1.0], dtype=torch.float64)
    assert bool((rate_above(b, noisy, D) >= rate_above(b, tidy, D)).all())
    assert bool((rate_above(b, noisy, D) <= rate_above(b, torch.tensor([0.8, 0.8, 1.2]).double(), D)).all())
    assert rate_above(b, tidy, torch.tensor([0.1]).double()).isinf().all()
    assert bool((rate_below(b, tidy, D) <= rate_above(b, tidy, D)).all())


def test_needles_are_missed_as_often_as_the_binomial_distribution_says() -> None:
    wrong, expected = needle_bounds(8, 40, 20_000, 0.2, Stream(5))
    assert expected < 0.2
    assert abs(wrong / 20_000 - expected) < 5 * math.sqrt(expected * (1 - expected) / 20_000) + 1e-12


def test_levels_and_numbers_out_of_range_are_refused() -> None:
    for n, level in ((0, 0.1), (5, 0.0), (5, 1.0)):
        with pytest.raises(ValueError, match="Expected n"):
            largest_mean(torch.zeros(1), n, level)
    with pytest.raises(ValueError, match="at least one tile"):
        drawn_lower(iter([]), [1.0], 10, 0.1)
