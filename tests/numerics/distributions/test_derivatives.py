"""Derivatives by differences of values, beside those of autograd."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from numerics.distributions.derivatives import difference_divergence, difference_jacobians, directional_slopes
from numerics.distributions.score_matching import jacobians
from numerics.streams import Stream


def field(x: Tensor) -> Tensor:
    """Smooth, and no gradient."""
    return torch.sin(x) @ torch.tensor([[1.0, 2.0], [-1.0, 0.5]], dtype=x.dtype) - x


def test_differences_agree_with_autograd_within_the_error_that_they_state() -> None:
    x = Stream(0).normal(64, 2)
    found = difference_jacobians(field, x)
    exact = jacobians(field, x)
    off = float((found.values - exact).square().mean().sqrt() / exact.square().mean().sqrt())
    assert off < found.error < 1e-3  # by a step twice as wide the error is four times as large: three times itself


def test_the_divergence_is_that_of_jacobians_and_unbiased_beyond() -> None:
    x = Stream(0).normal(32, 2)
    trace = jacobians(field, x).diagonal(dim1=1, dim2=2).sum(1)
    assert float((difference_divergence(field, x, Stream(1)) - trace).abs().max()) < 1e-3
    matrix = Stream(2).normal(70, 70)
    wide = Stream(3).normal(3000, 70)
    found = difference_divergence(lambda x: x @ matrix.mT, wide, Stream(4))
    assert abs(float(found.mean()) - float(matrix.trace())) < 4.9 * float(found.std()) / 3000**0.5


@pytest.mark.parametrize(
    ("cut", "disagree"),
    [
        (field, False),
        (lambda x: field(x).detach(), True),
        (lambda x: torch.from_numpy(field(x).detach().numpy()), True),
        (lambda x: field(x) - 0.1 * x + 0.1 * x.detach(), True),
        (lambda x: field(x.float()).to(x.dtype), False),
        (lambda x: torch.relu(x - 0.3) * 2 - x, False),
    ],
)
def test_what_autograd_misses_is_seen(cut, disagree: bool) -> None:
    assert directional_slopes(cut, Stream(5).normal(32, 2), Stream(6)).disagree is disagree


def test_networks_with_kinks_agree() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 3))
    x = Stream(0).normal(32, 3)
    assert not directional_slopes(lambda x: network(x.float()).to(x.dtype), x, Stream(1)).disagree
