"""Distributions without a density have the moments, the gaps and the atoms that they should."""

from __future__ import annotations

import math

import torch

from numerics.distributions.singular import Cantor, Cross, Spiked
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_cantors_law_has_its_mean_and_variance_and_misses_the_middle_third():
    drawn = Cantor(2).sample(40_000, Stream(3))
    # each of the digits' steps (total + digit)/3 rounds by half a unit twice, and passes a third of it on
    assert not bool(((drawn > (1 + 4 * EPS) / 3) & (drawn < (1 - 4 * EPS) * 2 / 3)).any())
    # six standard deviations: 1/8 is the variance, and (x - 1/2)^2 <= 1/4 has a variance of at most 1/64
    assert bool(((drawn.mean(0) - 0.5).abs() < 6 * math.sqrt(1 / 8 / 40_000)).all())
    assert bool((((drawn - 0.5).square().mean(0) - 1 / 8).abs() < 6 * math.sqrt(1 / 64 / 40_000)).all())


def test_a_cross_has_no_atom_although_its_coordinates_do():
    drawn = Cross(4).sample(10_000, Stream(4))
    assert drawn.unique(dim=0).shape[0] == 10_000
    assert bool(((drawn == 0).double().mean(0) > 0.7).all())
    assert (drawn @ tensor(0.3, -0.5, 0.7, 0.4)).unique().numel() == 10_000


def test_a_spike_has_the_mass_it_says():
    drawn = Spiked(2, 0.25).sample(20_000, Stream(5))
    assert abs(float((drawn == 0).all(1).double().mean()) - 0.25) < 6 * math.sqrt(0.1875 / 20_000)
