"""Scores between perfect and chance agree with what counting gives, and the table they are counted on is neither."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.latents import known_scores, mutual_information_gap
from numerics.streams import Stream


@pytest.mark.parametrize(
    "measure",
    [
        known_scores.mig_of_a_partial_alignment,
        known_scores.dci_of_a_partial_alignment,
        known_scores.mig_of_a_rotation,
        known_scores.cells_of_a_normal_pair,
        lambda: known_scores.mig_of_a_rotation(1.2),
    ],
)
def test_the_score_is_what_counting_gives(measure):
    found = measure()
    assert float(torch.as_tensor(found.residual).max()) <= sum(found.bound.terms.values())


def test_the_partial_alignment_is_neither_perfect_nor_nothing():
    codes, factors = known_scores._table()
    assert 0.2 < mutual_information_gap.mig(codes, factors, bins=3).score < 0.9


def test_a_factor_that_no_code_shows_costs_its_share_of_the_votes():
    votes, share = known_scores.votes_with_a_factor_left_out(Stream(3), factors=3)
    assert share == 2 / 3
    assert abs(votes.score - share) <= 6 * math.sqrt(share * (1 - share) / votes.total)
