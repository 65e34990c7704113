"""Rotations whose entries are all equal, or as equal as the constructions have them."""

from __future__ import annotations

import math

import pytest
import scipy.linalg
import scipy.stats
import torch

from numerics.latents import rotations
from numerics.latents.entangling import check_rotation

UNIT = 2.0**-53


def test_hadamard_matrices_are_found_where_they_are_constructed_and_nowhere_else():
    for d in range(1, 130):
        H = rotations.hadamard(d)
        if H is None:
            assert d % 4 or d in (52, 92, 100, 116)
            continue
        assert d <= 2 or d % 4 == 0
        assert torch.equal(H.abs(), torch.ones(d, d).double())
        assert torch.equal(H.T @ H, d * torch.eye(d).double())
    assert torch.equal(rotations.hadamard(2), torch.tensor(scipy.linalg.hadamard(2)).double())


@pytest.mark.parametrize("d", [2, 3, 5, 6, 7, 9, 10, 24, 52, 184])
def test_flat_rotations_meet_the_hypotheses_in_every_dimension(d):
    A = check_rotation(rotations.flat_rotation(d))
    assert A.abs().max() <= math.sqrt(2 / d) * (1 + 16 * UNIT)


def test_hartleys_matrix_has_a_zero_entry_only_for_multiples_of_8():
    turns = {d: {(8 * j * k) % (8 * d) for j in range(d) for k in range(d)} & {3 * d, 7 * d} for d in range(2, 60)}
    assert {d for d, found in turns.items() if found} == {d for d in turns if d % 8 == 0}


def test_there_is_no_flat_rotation_of_the_line():
    with pytest.raises(ValueError, match="d >= 2"):
        rotations.flat_rotation(1)
