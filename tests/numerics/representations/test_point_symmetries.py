"""Symmetries from coordinates: as many as the figure has, at every size, and the stated error covers what is measured."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.representations.point_symmetries import distances, placed_points, symmetries
from numerics.streams import Stream

EPS = 2.0**-52
SHAPES = {
    "square": ([[1, 1], [-1, 1], [-1, -1], [1, -1]], 8),
    "rectangle": ([[2, 1], [-2, 1], [-2, -1], [2, -1]], 4),
    "rhombus": ([[3, 0], [0, 1], [-3, 0], [0, -1]], 4),
    "kite": ([[3, 0], [0, 1], [-1, 0], [0, -1]], 2),
    "scalene triangle": ([[0, 0], [4, 0], [1, 2]], 1),
    "isosceles triangle": ([[0, 3], [1, 0], [-1, 0]], 2),
    "parallelogram": ([[0, 0], [3, 0], [4, 1], [1, 1]], 2),
}


@given(st.sampled_from(sorted(SHAPES)), st.floats(1e-2, 1e2), st.floats(-100, 100), st.integers(0, 2**30))
def test_the_number_of_symmetries_is_the_figures(name, scale, shift, seed):
    corners, count = SHAPES[name]
    points, error = placed_points(torch.tensor(corners), scale, shift, Stream(seed))
    found = symmetries(points, error)
    kept = found.defects <= found.error
    assert int(kept.sum()) == count
    assert bool((found.defects[~kept] > 1e3 * found.error).all())
    names = found.matrices[kept]
    products = (names[:, None] @ names[None]).reshape(-1, 2, 2)
    assert float(distances(products, names).min(1).values.max()) <= 4 * found.error


def test_without_the_error_of_placing_far_squares_lose_their_symmetries():
    points, error = placed_points(torch.tensor(SHAPES["square"][0]), 1e-3, 1e3, Stream(1))
    honest, careless = symmetries(points, error), symmetries(points - points.mean(0), 0.0)
    assert int((honest.defects <= honest.error).sum()) == 8
    assert int((careless.defects <= careless.error).sum()) < 8


def test_affine_maps_that_permute_the_corners_are_no_symmetries_unless_orthogonal():
    points, error = placed_points(torch.tensor(SHAPES["parallelogram"][0]), 1.0, 0.0, Stream(0))
    found = symmetries(points, error)
    centred = (points - points.mean(0)).mT
    missed = torch.linalg.matrix_norm(found.matrices @ centred - centred[:, found.images].movedim(1, 0))
    size = torch.linalg.matrix_norm(found.matrices) + 1  # a true map's matrix errs by the stated error times its size
    reached = missed <= found.error * size * torch.linalg.matrix_norm(centred)
    assert int(reached.sum()) == 8  # every parallelogram is an affine square
    assert float(missed[~reached].min()) > 0.1  # in units of the sides
    assert int((found.defects <= found.error).sum()) == 2


def test_points_on_a_line_and_crowds_are_refused():
    with pytest.raises(ValueError, match="one line"):
        symmetries(torch.tensor([[0.0, 0], [1, 1], [2, 2]], dtype=torch.float64), 0.0)
    with pytest.raises(ValueError, match="at most 6"):
        symmetries(torch.zeros(7, 2, dtype=torch.float64), 0.0)
    points, error = placed_points(torch.tensor(SHAPES["square"][0]), 1.0, 0.0, Stream(1))
    diagonal = float((points[0] - points[2]).norm())
    turned = 4 * EPS * diagonal  # two units for the cosine and the sine, which scale, and two for the norm
    assert abs(diagonal - math.sqrt(8)) <= math.sqrt(8) * error + turned  # both ends, two coordinates each
