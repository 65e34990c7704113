"""Per-sample gradients: products and chunks against one backward pass a row, on layers of every kind that is treated apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from numerics.likelihoods.per_sample import (
    balancing_weight,
    exponent_with_interval,
    per_sample_loop,
    per_sample_pulls,
)
from numerics.streams import Stream

N = 5


def objectives(model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    out = model(x).flatten(1)
    return torch.log_softmax(out, -1).gather(1, y[:, None])[:, 0], -(out**2).sum(1) / 2


class Tied(nn.Module):
    """A weight that its layer uses, and that is used once more outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.layer(x)) @ self.layer.weight


class Twice(nn.Module):
    """A layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(torch.tanh(self.layer(x)))


class Scaled(nn.Module):
    """A parameter that belongs to no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.layer = nn.Parameter(torch.ones(4)), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x * self.scale)


class Recurrent(nn.Module):
    """A GRU, of which vmap has no batching rule."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.layer = nn.GRU(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.cell(x)[0][:, -1])


class Attention(nn.Module):
    """Weights that are used by functions, and not by their layers."""

    def __init__(self) -> None:
        super().__init__()
        self.attend, self.layer = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.attend(x, x, x)[0].mean(1))


MODELS = {
    "recurrent": (Recurrent, (3, 4), 2),
    "attention": (Attention, (3, 4), 2),
    "chain": (lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)), (4,), 4),
    "positions": (lambda: nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Flatten(), nn.Linear(6, 3)), (3, 4), 4),
    "many positions": (lambda: nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(18, 3)), (9, 2), 4),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3)), (2, 4, 4), 4),
    "convolution of the same size": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.Flatten(), nn.Linear(18, 3)), (1, 3, 3), 4),
    "normalised": (lambda: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3)), (4,), 4),
    "tied": (Tied, (4,), 1),
    "twice": (Twice, (4,), 0),
    "scaled": (Scaled, (4,), 2),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_norms_and_inner_products_are_those_of_one_backward_pass_a_row(name):
    build, shape, products = MODELS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = build().double()
    x, y = Stream(2).normal(N, *shape), Stream(3).integers(0, 3, N)
    found, slow = per_sample_pulls(model, objectives, x, y, entries=64), per_sample_loop(model, objectives, x, y)
    scale = slow[:2].amax() * 2.0**-40  # hundreds of roundings, each 2^-52
    for fast, loop in zip((found.first, found.second, found.inner), slow, strict=True):
        assert (fast - loop).abs().max() <= scale
    assert len(found.by_products) == products


def test_a_detached_head_shares_nothing_and_a_weight_balances_nothing():
    model = nn.Linear(4, 3, dtype=torch.float64)
    x, y = Stream(2).normal(N, 4), Stream(3).integers(0, 3, N)
    found = per_sample_pulls(model, lambda m, x, y: (objectives(m, x, y)[0], -(x**2).sum(1)), x, y)
    assert found.shared_indices == []
    with pytest.raises(ValueError, match="no weight balances"):
        balancing_weight(found.first.sum(0), found.second.sum(0), Stream(1))


def test_objectives_of_another_shape_and_modules_without_parameters_are_refused():
    x, y = Stream(2).normal(N, 4), Stream(3).integers(0, 3, N)
    with pytest.raises(ValueError, match="one number a row"):
        per_sample_pulls(nn.Linear(4, 3).double(), lambda m, x, y: (m(x), m(x)), x, y)
    with pytest.raises(ValueError, match="trainable parameters"):
        per_sample_pulls(nn.Tanh(), objectives, x, y)


def test_an_exponents_interval_holds_every_slope_that_the_ratios_allow():
    slope, low, high = exponent_with_interval([1, 4, 16], [1.0, 1.8, 3.5], [1.1, 2.2, 4.5])
    assert low < 0.5 < high
    assert low < slope < high
    with pytest.raises(ValueError, match="two sizes"):
        exponent_with_interval([4, 4], [1.0, 1.0], [1.0, 1.0])
