"""Nested rules integrate what they promise, and the analytic remainder is a bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.integrate._quad_vec import _quadrature_gk21

from numerics import quadrature

EPS = torch.finfo(torch.float64).eps


def moment_defects(weights: tuple[float, ...], nodes: tuple[float, ...], degree: int) -> list[float]:
    """|rule - integral| over Legendre polynomials, whose values stay within [-1, 1]."""
    return [
        abs(np.dot(weights, np.polynomial.legendre.Legendre.basis(k)(2 * np.array(nodes) - 1)) - (k == 0))
        for k in range(degree + 1)
    ]


@given(st.integers(2, 40))
def test_kronrod_rules_have_positive_weights_and_their_degrees(n: int) -> None:
    rule = quadrature.kronrod(n)
    assert len(rule) == 2 * n + 1
    assert min(rule.weights) > 0
    assert max(moment_defects(rule.weights, rule.nodes, rule.degree)) < 64 * EPS
    assert max(moment_defects(rule.coarse, rule.nodes, rule.coarse_degree)) < 64 * EPS
    assert max(moment_defects(rule.coarse, rule.nodes, rule.coarse_degree + 1)) > 1e-4


def test_the_21_point_rule_is_scipys() -> None:
    def curve(t: float) -> float:
        return math.exp(math.sin(3 * t))

    expected, *_ = _quadrature_gk21(-1.0, 2.0, curve, np.linalg.norm)
    value, distance = quadrature.kronrod(10).integrate(
        lambda t: torch.exp(torch.sin(3 * t)), torch.tensor(-1.0).double(), torch.tensor(2.0).double()
    )
    assert abs(float(value) - expected) < 16 * EPS * expected
    assert float(distance) >= abs(float(value) - integrate.quad(curve, -1, 2, epsabs=1e-14)[0]) - 16 * EPS


def test_a_mutant_weight_breaks_the_degree() -> None:
    rule = quadrature.kronrod(7)
    mutant = (rule.weights[0] * 1.001, *rule.weights[1:])
    assert max(moment_defects(mutant, rule.nodes, rule.degree)) > 1e-6


@given(st.floats(0.01, 4), st.floats(-3, 3), st.floats(-4, 4), st.floats(-6, 6), st.integers(4, 20))
def test_the_analytic_remainder_bounds_the_error_of_a_moving_end(
    a: float, b: float, start: float, width: float, n: int
) -> None:
    """On exp(-a t^2 + b t), with the error found in extended precision by many panels of a high rule."""
    rule = quadrature.kronrod(n)
    a_, b_, start_, width_ = (torch.tensor([v]).double() for v in (a, b, start, width))

    def phi(u: torch.Tensor) -> torch.Tensor:
        t = start_ + u * width_
        return torch.exp(-a * t * t + b * t) * (1 + u * width_ * (-2 * a * t + b))

    nodes, weights, _ = rule.tensors(start_)
    error = (weights @ phi(nodes) - torch.exp(-a * (start_ + width_) ** 2 + b * (start_ + width_))).abs()
    bound = quadrature.analytic_remainder(
        rule.degree,
        torch.ones(1).double(),
        lambda r: quadrature.moving_end_log_size(
            (a_[:, None], b_[:, None], torch.zeros(1, 1).double()), start_, width_, r
        ),
    )
    rounding = 64 * EPS * (weights @ phi(nodes).abs())
    assert float(error) <= float(bound + rounding)


def test_the_remainder_tells_a_good_rule_from_a_poor_one() -> None:
    one, zero = torch.ones(1, 1).double(), torch.zeros(1, 1).double()

    def size(r: float) -> torch.Tensor:
        return quadrature.moving_end_log_size(
            (one / 2, zero, zero), torch.zeros(1).double(), torch.full((1,), 5.0).double(), r
        )

    good, poor = (
        float(quadrature.analytic_remainder(quadrature.kronrod(n).degree, torch.ones(1).double(), size))
        for n in (31, 5)
    )
    assert good < 1e-15
    assert poor > 1e-3


@given(st.integers(1, 3), st.booleans())
def test_box_rules_integrate_monomials_over_every_cell(dims: int, smooth: bool) -> None:
    grids = tuple(torch.tensor([-1.0, 0.5, 2.0][: 2 + k % 2]).double() for k in range(dims))
    points, weights = quadrature.box_rule(grids, quadrature.gauss(16), smooth=smooth)
    got = (weights * (points**2).prod(-1)).sum(1)
    expected = torch.ones(()).double()
    for grid in grids:
        expected = (expected[..., None] * (grid[1:] ** 3 - grid[:-1] ** 3) / 3).reshape(-1)
    assert bool(((got - expected).abs() <= 64 * EPS * (1 + expected)).all())


def test_smoothing_tames_an_algebraic_singularity() -> None:
    grid = (torch.tensor([0.0, 1.0]).double(),)
    errors = []
    for smooth in (False, True):
        points, weights = quadrature.box_rule(grid, quadrature.gauss(14), smooth=smooth)
        errors.append(abs(float((weights * points[..., 0] ** (-2 / 3)).sum()) - 3))
    assert errors[1] < 1e-3
    assert errors[0] > 1e-2


def test_bad_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        quadrature.kronrod(1)
    with pytest.raises(ValueError, match="at least one"):
        quadrature.gauss(0)
