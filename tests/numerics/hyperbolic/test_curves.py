"""Lengths of curves: chords are as long as their ends are apart, other curves are longer, and the rule errs within its bound."""

from __future__ import annotations

import itertools
import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from numerics.hyperbolic import curves, isometries
from numerics.hyperbolic import models as hyperbolic
from numerics.streams import Stream

seeds = st.integers(0, 2**40)
dimensions = st.integers(1, 9)
EPS = torch.finfo(torch.float64).eps


@given(seeds, dimensions, st.floats(0.05, 3.5))
def test_the_length_of_a_chord_in_the_half_space_is_the_distance(seed: int, n: int, length: float) -> None:
    stream = Stream(seed)
    matrix = isometries.random_isometry(n, 1.5, stream)
    ends = torch.zeros(2, 1, n + 1, dtype=torch.float64)
    ends[:, 0, 0] = torch.tensor([1.0, math.cosh(length)], dtype=torch.float64)
    ends[1, 0, 1] = math.sinh(length)
    start, end = hyperbolic.lift(isometries.apply_lorentz(matrix, ends)[..., 1:])

    def curve(t: Tensor) -> Tensor:
        return hyperbolic.hyperboloid_to_half_space(curves.geodesic(start, end, t))

    d = torch.tensor([length], dtype=torch.float64)
    found, rule = curves.curve_length(curve, d)
    far = torch.maximum(start[:, 0], end[:, 0])
    rounding = 16 * (1 + d) * (n + 12) * EPS * far * math.exp(1.5)
    assert float((found - d).abs()) <= float(rounding + rule)


def test_the_rule_s_error_bound_is_a_bound_and_shrinks() -> None:
    d = torch.tensor([1.0, 4.0, 8.0], dtype=torch.float64)
    start = hyperbolic.lift(torch.zeros(3, 2, dtype=torch.float64))
    end = hyperbolic.lift(torch.stack([d.sinh(), 0 * d], -1))

    def curve(t: Tensor) -> Tensor:
        return hyperbolic.hyperboloid_to_half_space(curves.geodesic(start, end, t))

    errors, rules = [], []
    for nodes in (4, 8, 16, 32):
        found, rule = curves.curve_length(curve, d, nodes)
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
    length, _ = curves.curve_length(along_a_horizontal, d)
    # the speed is 2 throughout: 48 nodes' weights in a sum, and four operations a node
    rounding = (48 + 4) * EPS / 2 * 2
    assert abs(float(length) - 2) <= rounding
    assert float(length) > float(d)
