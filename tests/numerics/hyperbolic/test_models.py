"""Distances and charts in floating point, before and after isometries, against 60-digit arithmetic on the same stored coordinates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from numerics.hyperbolic import isometries
from numerics.hyperbolic import models as hyperbolic
from numerics.streams import Stream

seeds = st.integers(0, 2**40)
models = st.sampled_from(sorted(hyperbolic.MODELS))
dimensions = st.integers(1, 9)
EPS = torch.finfo(torch.float64).eps


def sheet_points(seed: int, n: int, radius: float, count: int = 6) -> Tensor:
    """Points at up to the given radius; the first two are close to each other, the third is the apex."""
    stream = Stream(seed)
    direction = torch.nn.functional.normalize(stream.normal(count, n), dim=-1)
    spatial = (radius * stream.uniform(count, 1)).sinh() * direction
    spatial[1] = spatial[0] * (1 + 1e-9)
    spatial[2] = 0
    return hyperbolic.lift(spatial)


def exact_distance(x: Tensor, y: Tensor) -> mpmath.mpf:
    """arcosh of minus the Lorentz product of the lifted spatial parts, as stored."""
    first, second = ([mpmath.mpf(float(e)) for e in point[1:]] for point in (x, y))
    product = mpmath.sqrt(1 + mpmath.fdot(first, first)) * mpmath.sqrt(1 + mpmath.fdot(second, second)) - mpmath.fdot(
        first, second
    )
    return mpmath.acosh(mpmath.mpf(max(product, 1)))


def worst_ratio(points: Tensor, distances: Tensor, errors: Tensor) -> float:
    """The largest deviation of a table of distances from the exact one, in units of its bound."""
    with mpmath.workdps(60):
        return max(
            float(abs(mpmath.mpf(float(distances[i, j])) - exact_distance(points[i], points[j])))
            / float(errors[i] + errors[j])
            for i, j in itertools.combinations(range(len(points)), 2)
        )


@given(seeds, dimensions, models, st.floats(0.01, 8.5))
def test_chart_and_distance_stay_within_the_endpoint_error(seed: int, n: int, model: str, radius: float) -> None:
    points = sheet_points(seed, n, radius)
    chart, distance, _ = hyperbolic.MODELS[model]
    image = chart(points)
    assert worst_ratio(points, distance(image.unsqueeze(1), image), hyperbolic.endpoint_error(points, model)) <= 1


@given(seeds, dimensions, st.floats(9, 15))
def test_far_points_keep_the_digits_that_cosh_r_leaves(seed: int, n: int, radius: float) -> None:
    points = sheet_points(seed, n, radius)
    for model in ("ball", "half-space", "hyperboloid"):
        chart, distance, _ = hyperbolic.MODELS[model]
        image = chart(points)
        assert worst_ratio(points, distance(image.unsqueeze(1), image), hyperbolic.endpoint_error(points, model)) <= 1


def naive(x: Tensor, y: Tensor) -> Tensor:
    """arcosh(-<x, y>), as a textbook has it."""
    return (x[..., 0] * y[..., 0] - (x[..., 1:] * y[..., 1:]).sum(-1)).clamp_min(1).acosh()


def test_the_textbook_arcosh_breaks_that_law() -> None:
    points = sheet_points(0, 3, 8.0)
    errors = hyperbolic.endpoint_error(points, "hyperboloid")
    assert worst_ratio(points, naive(points.unsqueeze(1), points), errors) > 1
    assert worst_ratio(points, hyperbolic.lorentz_distance(points.unsqueeze(1), points), errors) <= 1


@given(seeds, st.sampled_from(["poincare_distance", "klein_distance"]), st.floats(1e-14, 1e-3))
def test_close_points_near_the_centre_are_resolved_relatively(seed: int, name: str, gap: float) -> None:
    x = 0.1 * Stream(seed).uniform(3)
    y = x + gap * torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    first, second = ([mpmath.mpf(float(e)) for e in point] for point in (x, y))
    with mpmath.workdps(60):
        xx, yy, xy = mpmath.fdot(first, first), mpmath.fdot(second, second), mpmath.fdot(first, second)
        ball = mpmath.acosh(1 + 2 * (xx - 2 * xy + yy) / ((1 - xx) * (1 - yy)))
        klein = mpmath.acosh((1 - xy) / mpmath.sqrt((1 - xx) * (1 - yy)))
        exact = float(ball if name == "poincare_distance" else klein)
    assert abs(float(getattr(hyperbolic, name)(x, y)) - exact) <= 16 * EPS * exact


@given(seeds, dimensions, models)
def test_distances_are_symmetric_zero_on_the_diagonal_and_obey_the_triangle(seed: int, n: int, model: str) -> None:
    points = sheet_points(seed, n, 5.0)
    chart, distance, _ = hyperbolic.MODELS[model]
    table = distance(chart(points).unsqueeze(1), chart(points))
    error = hyperbolic.endpoint_error(points, model)
    assert bool((table.diagonal() == 0).all())
    assert bool(((table - table.T).abs() <= error.unsqueeze(1) + error).all())
    through = table.unsqueeze(2) + table.unsqueeze(0)
    slack = 2 * (error.reshape(-1, 1, 1) + error.reshape(1, -1, 1) + error)
    assert bool((table.unsqueeze(1) <= through + slack).all())


BACK = {
    "ball": (hyperbolic.hyperboloid_to_ball, hyperbolic.ball_to_hyperboloid),
    "half-space": (hyperbolic.hyperboloid_to_half_space, hyperbolic.half_space_to_hyperboloid),
    "klein": (hyperbolic.hyperboloid_to_klein, hyperbolic.klein_to_hyperboloid),
}


@given(seeds, dimensions, st.sampled_from(sorted(BACK)), st.floats(0.01, 8.0))
def test_going_to_a_model_and_back_moves_no_point_beyond_its_error(
    seed: int, n: int, model: str, radius: float
) -> None:
    points = sheet_points(seed, n, radius)
    there, back = BACK[model]
    assert bool(
        (hyperbolic.lorentz_distance(points, back(there(points))) <= 2 * hyperbolic.endpoint_error(points, model)).all()
    )


def test_the_apex_sits_at_the_centre_of_the_balls_and_at_height_one() -> None:
    apex = hyperbolic.lift(torch.zeros(4, dtype=torch.float64))
    assert hyperbolic.hyperboloid_to_ball(apex).tolist() == hyperbolic.hyperboloid_to_klein(apex).tolist() == [0.0] * 4
    assert hyperbolic.hyperboloid_to_half_space(apex).tolist() == [0.0, 0.0, 0.0, 1.0]


@given(seeds, dimensions, st.floats(0, 3), models)
def test_a_random_isometry_keeps_distances_within_the_bound(seed: int, n: int, rapidity: float, model: str) -> None:
    stream = Stream(seed)
    points, matrix = sheet_points(seed, n, 3.0), isometries.random_isometry(n, rapidity, stream)
    stored = isometries.require_isometry(matrix)
    moved = hyperbolic.lift(isometries.apply_lorentz(matrix, points)[:, 1:])
    chart, distance, _ = hyperbolic.MODELS[model]
    image = chart(moved)
    errors = isometries.action_error(matrix, points, stored) + hyperbolic.endpoint_error(moved, model)
    assert worst_ratio(points, distance(image.unsqueeze(1), image), errors) <= 1


# --- refusals and precision --------------------------------------------------------------------------------------------------


OUTSIDE: list[tuple[Callable[[Tensor, Tensor], Tensor], list[float], str]] = [
    (
        hyperbolic.poincare_distance,
        [1.0, 0.0],
        r"inside the Poincaré ball, \|x\| < 1; 1 of 1 are not, the first at index \(0,\): \(1, 0\)",
    ),
    (hyperbolic.poincare_distance, [math.nan, 0.0], "inside the Poincaré ball"),
    (hyperbolic.klein_distance, [0.8, 0.7], "inside the Klein ball"),
    (hyperbolic.half_space_distance, [0.8, 0.0], "last coordinate > 0"),
    (hyperbolic.half_space_distance, [math.inf, 1.0], "half-space"),
    (hyperbolic.lorentz_distance, [-1.0, 0.0], r"x_0 = \+sqrt"),
    (hyperbolic.lorentz_distance, [1.1, 0.0], r"x_0 = \+sqrt"),
]


@pytest.mark.parametrize(("distance", "point", "message"), OUTSIDE)
def test_points_outside_a_model_are_refused_and_never_moved(
    distance: Callable[[Tensor, Tensor], Tensor], point: list[float], message: str
) -> None:
    bad = torch.tensor([point], dtype=torch.float64)
    good = torch.tensor(
        [[1.25, 0.75]] if distance is hyperbolic.lorentz_distance else [[0.1, 0.2]], dtype=torch.float64
    )
    with pytest.raises(ValueError, match=message):
        distance(bad, good)
    with pytest.raises(ValueError, match=message):
        distance(good, bad)


def test_integer_coordinates_and_unknown_models_are_refused() -> None:
    with pytest.raises(TypeError, match=r"floating-point tensor, got a tensor of torch\.int64"):
        hyperbolic.poincare_distance(torch.tensor([0, 0]), torch.tensor([0, 0]))
    with pytest.raises(TypeError, match="got list"):
        hyperbolic.lift([0.0, 1.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Expected a model among hyperboloid, ball, half-space, klein, got 'moon'"):
        hyperbolic.endpoint_error(torch.ones(1, 2), "moon")


@given(seeds, models)
def test_single_precision_is_kept_and_its_error_is_that_of_single_precision(seed: int, model: str) -> None:
    points = sheet_points(seed, 3, 2.0).float()
    points = hyperbolic.lift(points[:, 1:])
    chart, distance, _ = hyperbolic.MODELS[model]
    table = distance(chart(points).unsqueeze(1), chart(points))
    assert table.dtype == torch.float32
    assert worst_ratio(points, table, hyperbolic.endpoint_error(points, model)) <= 1


def test_distances_broadcast_and_are_differentiable() -> None:
    x = torch.tensor([[0.1, 0.2], [0.3, -0.4]], dtype=torch.float64, requires_grad=True)
    assert hyperbolic.poincare_distance(x.unsqueeze(1), x).shape == (2, 2)
    hyperbolic.poincare_distance(x[0], x[1]).backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
