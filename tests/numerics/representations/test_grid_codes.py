"""Interaction, frequencies and distances of codes on a grid against dummies, dense transforms and exhaustive choices."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations import code_measurements
from numerics.representations.complements import random_orthogonal
from numerics.representations.grid_codes import (
    Piece,
    best_pieces,
    effects,
    frequency_matrices,
    interaction,
    nearest_disentangled,
    pair_shares,
    pieces,
)
from numerics.streams import Stream

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple)
SEEDS = st.integers(0, 2**20)


def codes_of(sizes, orbits, d, seed):
    return Stream(seed).normal(orbits, *sizes, d)


@settings(max_examples=40)
@given(SIZES, st.integers(1, 3), st.integers(1, 4), SEEDS)
def test_the_interaction_share_is_that_of_least_squares_on_dummies(sizes, orbits, d, seed):
    codes = codes_of(sizes, orbits, d, seed)
    grid = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), -1).reshape(-1, len(sizes))
    dummies = np.concatenate([np.eye(n)[grid[:, i]] for i, n in enumerate(sizes)], 1)
    left = 0.0
    for z in codes.numpy().reshape(orbits, -1, d):
        fit = dummies @ np.linalg.lstsq(dummies, z, rcond=None)[0]
        left += float(((z - fit) ** 2).sum())
    found = effects(codes)
    assert math.isclose(found.interaction, left, rel_tol=1e-9, abs_tol=1e-18 * found.energy + 1e-24)
    whole = found.interaction + sum(found.main_energies) + found.mean_energy
    assert math.isclose(whole, found.energy, rel_tol=1e-11)
    assert math.isclose(
        float(interaction(codes).square().sum()), found.interaction, rel_tol=1e-9, abs_tol=1e-18 * found.energy
    )


@settings(max_examples=30)
@given(st.lists(st.integers(2, 6), min_size=2, max_size=3).map(tuple), st.integers(1, 2), st.integers(1, 5), SEEDS)
def test_the_distance_is_unchanged_by_rotations_base_points_and_automorphisms(sizes, orbits, d, seed):
    codes, stream = codes_of(sizes, orbits, d, seed), Stream(seed + 1)
    before = nearest_disentangled(codes).distance
    turned = codes @ random_orthogonal(d, stream)
    moved = turned.roll(int(stream.integers(0, 9, 1)), dims=1).flip(
        2
    )  # another base point, and -1 on the second factor
    assert math.isclose(nearest_disentangled(moved).distance, before, rel_tol=1e-9)


@given(st.lists(st.integers(2, 6), min_size=2, max_size=2).map(tuple), st.integers(1, 4), SEEDS)
def test_the_distance_falls_with_the_dimension_to_the_interaction(sizes, d, seed):
    codes = codes_of(sizes, 1, d, seed)
    distances = [nearest_disentangled(codes, dimensions=m).distance for m in range(16)]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(distances))
    assert math.isclose(distances[-1], math.sqrt(effects(codes).interaction), rel_tol=1e-9)


def test_frequencies_are_those_of_the_fast_transform():
    codes = codes_of((6, 5), 2, 3, 1)
    found = effects(codes)
    dense = torch.fft.fft2(codes, dim=(1, 2)) / math.sqrt(30)
    torch.testing.assert_close(frequency_matrices(found.main[0], 30)[1:], dense[:, 1:4, 0].transpose(0, 1))
    torch.testing.assert_close(frequency_matrices(found.main[1], 30)[1:], dense[:, 0, 1:3].transpose(0, 1))


@given(st.lists(st.tuples(st.floats(0, 9), st.sampled_from([1, 2])), max_size=7), st.integers(0, 8))
def test_the_best_pieces_are_those_of_an_exhaustive_choice(listed, room):
    made = [Piece(0, k, energy, cost) for k, (energy, cost) in enumerate(listed)]
    kept = best_pieces(made, room)
    assert sum(p.cost for p in kept) <= room
    lost = sum(p.energy for p in made) - sum(p.energy for p in kept)
    assert math.isclose(lost, code_measurements.least_loss(made, room), abs_tol=1e-9)


def test_pairs_of_factors_share_out_the_interaction_of_three():
    codes = codes_of((3, 4, 2), 1, 2, 4)
    shares = pair_shares(codes)
    a, b, c = (torch.arange(n).double() for n in (3, 4, 2))
    product = (a[:, None, None] * b[None, :, None] + 0 * c).reshape(1, 3, 4, 2, 1)
    assert sum(shares.values()) < effects(codes).share
    assert math.isclose(pair_shares(product)[0, 1], effects(product).share, rel_tol=1e-9)
    assert abs(pair_shares(product)[1, 2]) < 1e-12


def test_constant_codes_have_no_share():
    assert math.isnan(effects(torch.ones(1, 3, 3, 2).double()).share)


@pytest.mark.parametrize("codes", [torch.ones(3, 2), torch.ones(1, 2, 2, 3, dtype=torch.int64)])
def test_other_shapes_and_types_are_refused(codes):
    with pytest.raises(ValueError, match="Expected floating codes"):
        effects(codes)


@pytest.mark.parametrize("label", ["S3", "Q8", "A4", "C5"])
def test_irreps_of_a_group_share_out_its_main_effect(label):
    from proofs_checks.inputs.irreps import numbers_of_irreps
    from theory.groups.families import alternating, cyclic, quaternion, symmetric

    group = {"S3": symmetric(3), "Q8": quaternion(), "A4": alternating(4), "C5": cyclic(5)}[label]
    codes = codes_of((group.order, 3), 2, 4, 6)
    found, irreps = effects(codes), numbers_of_irreps(group)
    listed = pieces(found, [1], means=False, groups={0: irreps})
    assert math.isclose(sum(p.energy for p in listed if p.factor == 0), found.main_energies[0], rel_tol=1e-10)
    assert 1 + sum(i.matrices.shape[1] ** 2 * (2 if i.kind == "complex" else 1) for i in irreps) == group.order
    by_group = nearest_disentangled(codes, [1], groups={0: irreps}, dimensions=3)
    if label == "C5":  # the same as by frequencies
        assert math.isclose(by_group.distance, nearest_disentangled(codes, dimensions=3).distance, rel_tol=1e-10)


@pytest.mark.parametrize("label", ["S3", "Q8"])
def test_codes_of_one_copy_of_an_irrep_are_at_distance_zero_in_its_dimension(label):
    from proofs_checks.inputs.irreps import numbers_of_irreps
    from theory.groups.families import quaternion, symmetric

    group = {"S3": symmetric(3), "Q8": quaternion()}[label]
    irrep = max(numbers_of_irreps(group), key=lambda i: i.matrices.shape[1])
    stream = Stream(2)
    u = torch.complex(stream.normal(irrep.matrices.shape[1]), stream.normal(irrep.matrices.shape[1]))
    moved = irrep.matrices @ u  # left translation moves it linearly
    real = torch.view_as_real(moved).flatten(1) @ stream.normal(2 * len(u), 5)
    codes = (real[:, None] + circle_of(4) @ stream.normal(2, 5))[None]
    every = {0: numbers_of_irreps(group)}
    room = int(torch.linalg.matrix_rank(codes.reshape(-1, 5)))
    assert nearest_disentangled(codes, [1], groups=every, dimensions=2 * len(u) + 2).relative < 1e-12
    assert nearest_disentangled(codes, [1], groups=every, dimensions=2).relative > 0.05
    assert room <= 5


def circle_of(n):
    angle = torch.arange(n).double() * (2 * math.pi / n)
    return torch.stack([angle.cos(), angle.sin()], -1)


@given(st.lists(st.tuples(st.floats(0, 9), st.sampled_from([1, 2, 3, 4])), max_size=7), st.integers(0, 9))
def test_the_best_pieces_of_any_cost_are_those_of_an_exhaustive_choice(listed, room):
    made = [Piece(0, k, energy, cost) for k, (energy, cost) in enumerate(listed)]
    kept = best_pieces(made, room)
    assert sum(p.cost for p in kept) <= room
    lost = sum(p.energy for p in made) - sum(p.energy for p in kept)
    assert math.isclose(lost, code_measurements.least_loss(made, room), abs_tol=1e-9)


def test_effects_do_not_depend_on_the_tiles():
    codes = codes_of((5, 3), 2, 2, 4)
    whole, rows = effects(codes), effects(codes, tile=12)
    assert math.isclose(whole.interaction, rows.interaction, rel_tol=1e-13)
    assert math.isclose(whole.energy, rows.energy, rel_tol=1e-13)


def test_two_orbits_in_spaces_apart_take_dimensions_of_their_own():
    found = code_measurements.MeasuredCodes((4, 3), code_measurements.separate_waves([(1,), (1,)]), 3, Stream(5))
    for room in range(7):
        off = found.distance_of_two_orbits(room, code_measurements.least_loss)
        assert off.residual <= sum(off.bound.terms.values()) < 1e-9
