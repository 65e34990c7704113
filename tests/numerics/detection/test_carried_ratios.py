"""Ratios at images by two Jacobians, and counts of pushed samples, for bijections and for a map that folds."""

from __future__ import annotations

import pytest
import torch

from numerics.detection.carried_ratios import Pair, declared_pair, displacement
from numerics.detection.sets import Fold
from numerics.errors import HypothesisError
from numerics.streams import Stream
from numerics.transports import bijections


def pair(dim, f=None, kind="mixtures", **options):
    return Pair(
        *declared_pair(kind, dim, Stream(dim)), f or bijections.bijection("deep", dim, Stream(7)), dim, **options
    )


def margin(measurement):
    return float((measurement.residual / sum(measurement.bound.terms.values())).max())


@pytest.mark.parametrize("dim", [1, 2, 9])
def test_the_ratio_is_carried_by_bijections_and_not_by_squaring(dim):
    points = 2 * Stream(1).normal(32, dim)
    assert margin(pair(dim).ratio_at_images(points)) < 1
    assert margin(pair(dim, Fold(), "apart").ratio_at_images(points)) > 100


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_counts_agree_for_bijections_and_not_for_squaring(dim):
    sound, folded = pair(dim).count(20_000, Stream(2)), pair(dim, Fold(), "apart").count(20_000, Stream(2))
    assert (sound.mass is None) == (dim > 2)
    assert sound.labels < 0.01 < folded.labels
    if dim <= 2:
        assert sound.mass < 0.01 < folded.mass


def test_a_density_that_its_samples_do_not_follow_is_told_where_it_is_not_trusted():
    p, q = declared_pair("apart", 1, Stream(1))
    swapped = Pair(
        p,
        type(
            "Other", (), {"log_prob": lambda self, x: q.log_prob(x) + 1, "sample": lambda self, n, s: q.sample(n, s)}
        )(),
        pair(1).f,
        1,
        trusted=False,
    )
    with pytest.raises(HypothesisError, match="normalised"):
        swapped.count(20_000, Stream(3))


def test_a_rotation_moves_points_by_their_own_rounding_only():
    points = Stream(1).normal(8, 3)
    moved, condition = displacement((bijections.rotation(3, Stream(2)),), points)
    assert torch.allclose(condition, torch.ones(8, dtype=torch.float64))
    assert torch.allclose(moved, 2 * (1 + points.norm(dim=1)))
