"""How far an empirical entropy may lie from its mean, and its mean from the truth: the constants of the comparison, by enumeration."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.latents import mutual_information_gap
from numerics.latents.twin_comparison import information_width

UNIT = 2.0**-53
LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30)


@given(LABELS, st.tuples(st.integers(0, 3), st.integers(0, 4)), st.randoms(use_true_random=False))
def test_replacing_a_point_moves_a_joint_entropy_by_at_most_the_width(rows, another, random):
    replaced = list(rows)
    replaced[random.randrange(len(rows))] = another
    before, after = (
        mutual_information_gap.joint_entropy(table[:, :1], table[:, 1:])
        for table in map(torch.tensor, (rows, replaced))
    )
    n, bins = len(rows), 20
    width, _ = information_width(n, bins)
    assert float((before - after).abs()) <= width * math.log(bins) / n + 32 * UNIT  # 20 terms below 1


@pytest.mark.parametrize(("n", "bins"), [(1, 2), (2, 2), (3, 2), (5, 2), (2, 3)])
def test_an_empirical_entropy_is_low_on_average_by_no_more_than_the_bias(n, bins):
    """All samples of n pairs that fall evenly into bins x bins cells."""
    cells = list(itertools.product(range(bins), repeat=2))
    samples = [torch.tensor(sample) for sample in itertools.product(cells, repeat=n)]
    mean = math.fsum(
        float(mutual_information_gap.joint_entropy(table[:, :1], table[:, 1:])) for table in samples
    ) / len(samples)
    _, bias = information_width(n, bins)
    missing = 2 * math.log(bins) - mean
    assert 0.4 * bias * math.log(bins) < missing <= bias * math.log(bins) + 8 * UNIT
