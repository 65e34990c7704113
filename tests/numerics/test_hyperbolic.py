"""Distances, charts and Lorentz matrices in floating point, against 60-digit arithmetic on the same stored coordinates."""

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

from numerics import hyperbolic
from numerics.random import Stream

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


# --- isometries ------------------------------------------------------------------------------------------------------------


@given(seeds, dimensions, st.floats(0, 3), models)
def test_a_random_isometry_keeps_distances_within_the_bound(seed: int, n: int, rapidity: float, model: str) -> None:
    stream = Stream(seed)
    points, matrix = sheet_points(seed, n, 3.0), hyperbolic.random_isometry(n, rapidity, stream)
    stored = hyperbolic.require_isometry(matrix)
    moved = hyperbolic.lift(hyperbolic.apply_lorentz(matrix, points)[:, 1:])
    chart, distance, _ = hyperbolic.MODELS[model]
    image = chart(moved)
    errors = hyperbolic.action_error(matrix, points, stored) + hyperbolic.endpoint_error(moved, model)
    assert worst_ratio(points, distance(image.unsqueeze(1), image), errors) <= 1


@given(seeds, st.integers(1, 40), st.floats(0, 3))
def test_a_random_isometry_moves_the_apex_by_the_rapidity(seed: int, n: int, rapidity: float) -> None:
    matrix = hyperbolic.random_isometry(n, rapidity, Stream(seed))
    apex = torch.eye(n + 1, dtype=torch.float64)[0]
    moved = hyperbolic.lift(matrix[1:, 0])
    error = hyperbolic.endpoint_error(moved, "hyperboloid") + hyperbolic.action_error(matrix, apex, 0.0)
    assert abs(float(hyperbolic.lorentz_distance(apex, moved)) - rapidity) <= float(error)


def test_both_orientations_come_and_a_seed_gives_one_matrix() -> None:
    signs = {float(torch.linalg.det(hyperbolic.random_isometry(3, 0.5, Stream(seed)))) > 0 for seed in range(16)}
    assert signs == {True, False}
    assert torch.equal(hyperbolic.random_isometry(3, 0.5, Stream(7)), hyperbolic.random_isometry(3, 0.5, Stream(7)))


def test_the_boost_along_zero_is_the_identity_and_opposite_boosts_cancel() -> None:
    w = torch.tensor([0.3, -1.1, 0.4], dtype=torch.float64)
    assert torch.equal(hyperbolic.lorentz_boost(0 * w), torch.eye(4, dtype=torch.float64))
    product = hyperbolic.lorentz_boost(w) @ hyperbolic.lorentz_boost(-w)
    assert float((product - torch.eye(4, dtype=torch.float64)).abs().max()) <= 64 * EPS * float(w.norm().cosh()) ** 2


def damaged(matrix: Tensor) -> Tensor:
    wrong = matrix.clone()
    wrong[1, 2] += 1e-9
    return wrong


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (-torch.eye(3, dtype=torch.float64), ValueError, "A_00 > 0, got A_00 = -1"),
        (damaged(torch.eye(4, dtype=torch.float64)), ValueError, r"A\^T J A = J .* 1e-09 at entry \(1, 2\)"),
        (1.5 * torch.eye(3, dtype=torch.float64), ValueError, "where rounding explains"),
        (torch.full((3, 3), torch.nan, dtype=torch.float64), ValueError, r"finite matrix A, got A\[0\]\[0\] = nan"),
        (torch.eye(3, dtype=torch.int64), TypeError, "floating-point tensor, got a tensor of torch.int64"),
        (torch.eye(3, dtype=torch.float16), TypeError, "float32 or float64, got torch.float16"),
        (
            torch.ones(2, 3, dtype=torch.float64),
            ValueError,
            r"shape \(n \+ 1, n \+ 1\) with n >= 1, got shape \(2, 3\)",
        ),
        (torch.ones(1, 1, dtype=torch.float64), ValueError, r"n >= 1, got shape \(1, 1\)"),
    ],
)
def test_what_is_no_isometry_of_the_sheet_is_refused_by_name(
    matrix: Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hyperbolic.require_isometry(matrix)


@given(seeds, dimensions, st.floats(0, 4))
def test_the_stored_matrix_is_as_near_an_isometry_as_stated(seed: int, n: int, rapidity: float) -> None:
    matrix = hyperbolic.random_isometry(n, rapidity, Stream(seed))
    stored = hyperbolic.require_isometry(matrix)
    with mpmath.workdps(40):
        exact = mpmath.matrix(matrix.tolist())
        form = mpmath.diag([-1, *([1] * n)])
        true_defect = exact.T * form * exact - form
        # Newton's step towards the nearest isometry: A (I - J E / 2), second order in E
        assert mpmath.mnorm(exact * form * true_defect / 2, "f") <= stored


# --- curves ----------------------------------------------------------------------------------------------------------------


@given(seeds, dimensions, st.floats(0.05, 3.5))
def test_the_length_of_a_chord_in_the_half_space_is_the_distance(seed: int, n: int, length: float) -> None:
    stream = Stream(seed)
    matrix = hyperbolic.random_isometry(n, 1.5, stream)
    ends = torch.zeros(2, 1, n + 1, dtype=torch.float64)
    ends[:, 0, 0] = torch.tensor([1.0, math.cosh(length)], dtype=torch.float64)
    ends[1, 0, 1] = math.sinh(length)
    start, end = hyperbolic.lift(hyperbolic.apply_lorentz(matrix, ends)[..., 1:])

    def curve(t: Tensor) -> Tensor:
        return hyperbolic.hyperboloid_to_half_space(hyperbolic.geodesic(start, end, t))

    d = torch.tensor([length], dtype=torch.float64)
    found, rule = hyperbolic.curve_length(curve, d)
    far = torch.maximum(start[:, 0], end[:, 0])
    rounding = 16 * (1 + d) * (n + 12) * EPS * far * math.exp(1.5)
    assert float((found - d).abs()) <= float(rounding + rule)


def test_the_rule_s_error_bound_is_a_bound_and_shrinks() -> None:
    d = torch.tensor([1.0, 4.0, 8.0], dtype=torch.float64)
    start = hyperbolic.lift(torch.zeros(3, 2, dtype=torch.float64))
    end = hyperbolic.lift(torch.stack([d.sinh(), 0 * d], -1))

    def curve(t: Tensor) -> Tensor:
        return hyperbolic.hyperboloid_to_half_space(hyperbolic.geodesic(start, end, t))

    errors, rules = [], []
    for nodes in (4, 8, 16, 32):
        found, rule = hyperbolic.curve_length(curve, d, nodes)
        errors.append((found - d).abs())
        rules.append(rule)
        assert bool((errors[-1] <= rule + 64 * EPS * d.cosh()).all())
    assert all(bool((later < earlier).all()) for earlier, later in itertools.pairwise(rules))
    assert float(errors[1][1]) > float(rules[3][1])  # the bound of four times the nodes would not be one


def test_a_curve_that_is_no_geodesic_is_longer() -> None:
    def along_a_horizontal(t: Tensor) -> Tensor:
        return torch.cat([2 * t, torch.ones_like(t)], -1)

    u, v = torch.tensor([[0.0, 1.0]], dtype=torch.float64), torch.tensor([[2.0, 1.0]], dtype=torch.float64)
    d = hyperbolic.half_space_distance(u, v)
    length, _ = hyperbolic.curve_length(along_a_horizontal, d)
    # the speed is 2 throughout: 48 nodes' weights in a sum, and four operations a node
    rounding = (48 + 4) * EPS / 2 * 2
    assert abs(float(length) - 2) <= rounding
    assert float(length) > float(d)


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
    with pytest.raises(ValueError, match="dimension of at least 1, got 0"):
        hyperbolic.random_isometry(0, 1.0, Stream(0))
    with pytest.raises(ValueError, match="rapidity vector of shape"):
        hyperbolic.lorentz_boost(torch.ones(2, 2))


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
