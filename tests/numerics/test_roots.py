"""Bracketed Newton: what it finds, from where, and when it stops."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from numerics.roots import bracket, solve_increasing
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.sampled_from([1e-6, 1.0, 1e6]))
def test_roots_of_cubics_are_found_to_rounding_from_far_away(seed: int, size: float) -> None:
    root = size * Stream(seed).normal(16)

    def value(x: Tensor, rows: Tensor) -> Tensor:
        return (x / size) ** 3 + x / size

    target = value(root, torch.arange(16))
    low, high, found = bracket(
        value, target, torch.zeros(16, dtype=torch.float64), torch.full((16,), 1e-3, dtype=torch.float64)
    )
    assert bool((found & (low <= root) & (root <= high)).all())
    solved = solve_increasing(
        lambda x, rows: (value(x, rows), (3 * (x / size) ** 2 + 1) / size), target, low, high, floor=0
    )
    assert bool(((solved.x - root).abs() <= 8 * EPS * (root.abs() + size)).all())
    assert bool((solved.residual <= 16 * EPS * (1 + target.abs())).all())


def test_a_wrong_slope_costs_steps_and_no_accuracy() -> None:
    target = torch.tensor([0.3, -2.0], dtype=torch.float64)
    ends = torch.full_like(target, -9.0), torch.full_like(target, 9.0)
    found = solve_increasing(lambda x, rows: (torch.sinh(x), torch.full_like(x, 1e-9)), target, *ends)
    assert bool(((found.x - torch.asinh(target)).abs() <= 32 * EPS * (1 + target.abs())).all())


def test_minus_infinity_below_the_support_and_jumps_are_bisected() -> None:
    target = torch.tensor([-3.0, -0.5], dtype=torch.float64)

    def log_value(x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        return x.log().nan_to_num(nan=-torch.inf), 1 / x

    low, high, found = bracket(
        lambda x, rows: log_value(x, rows)[0], target, torch.full_like(target, -2.0), torch.ones_like(target)
    )
    assert bool(found.all())
    solved = solve_increasing(log_value, target, low, high)
    assert bool(((solved.x - target.exp()).abs() < 1e-14).all())
    step = solve_increasing(
        lambda x, rows: (torch.where(x < 0.25, -1.0, 1.0).to(x), torch.zeros_like(x)), 0 * target, low, high
    )
    assert bool(((step.x - 0.25).abs() < 1e-14).all())
    assert bool((step.residual == 1).all())


def test_a_target_that_is_never_reached_is_reported() -> None:
    target = torch.tensor([0.5, 2.0], dtype=torch.float64)
    *_, found = bracket(lambda x, rows: torch.tanh(x), target, torch.zeros_like(target), torch.ones_like(target))
    assert found.tolist() == [True, False]
