"""Normal coordinates: the laws of a metric space and of geodesics, at radii where other coordinates have ended."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.hyperbolic import normal_coordinates as normal
from numerics.streams import Stream

RADII = st.sampled_from([0.25, 1.0, 3.0])


def points(n: int, far: float, seed: int, size: int = 16) -> torch.Tensor:
    stream = Stream(seed)
    direction = stream.normal(size, n)
    return far * stream.uniform(size, 1) * direction / direction.norm(dim=-1, keepdim=True)


@given(n=st.integers(1, 8), far=st.sampled_from([1e-6, 1.0, 40.0, 1000.0]), R=RADII, seed=st.integers(0, 1000))
def test_distance_is_a_metric_and_knows_the_origin(n: int, far: float, R: float, seed: int) -> None:
    x, y, z = (points(n, far * R, seed + k) for k in range(3))
    xy, yz, xz = normal.distance(x, y, R), normal.distance(y, z, R), normal.distance(x, z, R)
    slack = sum(normal.distance_error(*pair, R) for pair in ((x, y), (y, z), (x, z)))
    assert bool((xz <= xy + yz + slack).all())
    assert bool(((xy - normal.distance(y, x, R)).abs() <= 2 * normal.distance_error(x, y, R)).all())
    assert torch.allclose(normal.distance(torch.zeros_like(x), x, R), x.norm(dim=-1), rtol=1e-14, atol=0)
    assert bool((normal.distance(x, x, R) == 0).all())


@given(n=st.integers(1, 8), R=RADII, seed=st.integers(0, 1000))
def test_exponential_map_and_logarithm_undo_each_other(n: int, R: float, seed: int) -> None:
    x, y = points(n, 4 * R, seed), points(n, 4 * R, seed + 1)
    v = normal.log_map(x, y, R)
    assert torch.allclose(v.norm(dim=-1), normal.distance(x, y, R), rtol=1e-12)
    assert float(normal.distance(normal.exp_map(x, v, R), y, R).max()) < 1e-10 * R * math.cosh(8)


@given(R=RADII, seed=st.integers(0, 1000), scale=st.floats(0.1, 10))
def test_lengths_scale_with_the_radius_of_curvature(R: float, seed: int, scale: float) -> None:
    x, y, v = points(3, R, seed), points(3, R, seed + 1), points(3, R, seed + 2)
    for function in (normal.log_map, normal.exp_map):
        assert torch.allclose(
            function(scale * x, scale * y, scale * R), scale * function(x, y, R), rtol=1e-9, atol=1e-12 * R * scale
        )
    moved = normal.transport(x, y, v, R)
    assert torch.allclose(moved.norm(dim=-1), v.norm(dim=-1), rtol=1e-12)
    assert torch.allclose(normal.transport(scale * x, scale * y, v, scale * R), moved, rtol=1e-9, atol=1e-12 * R)


def test_the_logarithm_transported_points_back() -> None:
    x, y = points(4, 3.0, 1), points(4, 3.0, 2)
    there = normal.transport(x, y, normal.log_map(x, y))
    assert torch.allclose(there, -normal.log_map(y, x), atol=1e-12)


def test_gradients_are_finite_where_points_coincide_or_lie_on_a_ray() -> None:
    for x, y in (([0.5, 0.2], [0.5, 0.2]), ([0.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [2.0, 0.0]), ([1.0], [-2.0])):
        start, end = (torch.tensor(part).double().requires_grad_() for part in (x, y))
        (normal.distance(start, end) + normal.log_map(start, end).sum()).backward()
        assert bool(start.grad.isfinite().all())
        assert bool(end.grad.isfinite().all())


def test_far_points_keep_their_digits_where_the_ball_has_none() -> None:
    x, y = torch.tensor([1000.0, 0.0]).double(), torch.tensor([0.0, 1000.0]).double()
    assert float(normal.distance(x, y)) == pytest.approx(2000 - math.log(2), rel=1e-15)
    assert float(normal.log_sinhc(torch.tensor(1000.0).double())) == pytest.approx(1000 - math.log(2000), rel=1e-15)


def test_what_is_refused() -> None:
    x = torch.zeros(2).double()
    with pytest.raises(ValueError, match="negative curvature"):
        normal.radius_of_curvature(0.0)
    with pytest.raises(ValueError, match="positive radius"):
        normal.distance(x, x, 0.0)
    with pytest.raises(ValueError, match="finite"):
        normal.distance(x, x * torch.nan)
    with pytest.raises(TypeError, match="floating"):
        normal.distance(torch.zeros(2, dtype=torch.int64), x)
