"""Random bijections come back, and their tracked volume factor is that of the whole Jacobian."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.streams import Stream
from numerics.transports import bijections

EPS = torch.finfo(torch.float64).eps
KINDS = st.sampled_from(["splines", "triangular", "rotations", "deep"])


@given(KINDS, st.integers(1, 16), st.integers(0, 2**40))
def test_every_kind_is_inverted_and_tracks_its_determinant(kind: str, dim: int, seed: int) -> None:
    f = bijections.bijection(kind, dim, Stream(seed))
    x = 2 * Stream(seed).fork("x").normal(5, dim)
    jacobian = bijections.jacobians(f.forward, x)
    amplified = f.condition(x)
    bound = 64 * dim * (dim + 8) * EPS * amplified
    assert bool(((torch.linalg.slogdet(jacobian).logabsdet - f.log_det(x)).abs() <= bound).all())
    lengths = 1 + x.abs().amax(1) + f.forward(x).abs().amax(1)
    assert bool(((f.inverse(f.forward(x)) - x).abs().amax(1) <= 64 * (dim + 8) * EPS * amplified * lengths).all())


@given(st.integers(2, 12), st.integers(0, 2**40))
def test_triangular_layers_are_lower_triangular_and_rotations_orthogonal(dim: int, seed: int) -> None:
    x = Stream(seed).fork("x").normal(3, dim)
    jacobian = bijections.jacobians(bijections.triangular_layer(dim, Stream(seed)).forward, x)
    assert bool((torch.triu(jacobian, 1) == 0).all())
    q = bijections.rotation(dim, Stream(seed)).matrix
    assert bool(((q @ q.mT - torch.eye(dim)).abs() <= 16 * dim * EPS).all())


def test_a_tracked_determinant_that_forgets_a_layer_is_seen() -> None:
    f = bijections.bijection("deep", 3, Stream(1))
    x = Stream(2).normal(5, 3)
    forgetful = f.log_det(x) - f.layers[0].log_slopes(x)
    truth = torch.linalg.slogdet(bijections.jacobians(f.forward, x)).logabsdet
    assert bool(((forgetful - truth).abs() > 1e-3).all())


def test_the_cantor_inverse_is_lipschitz_and_loses_half_of_the_slope() -> None:
    f = bijections.CantorInverse()
    x = torch.linspace(0, 2, 4001, dtype=torch.float64)[:, None]
    y = f.forward(x)
    rises = y[1:, 0] - y[:-1, 0]
    assert bool((rises >= 0).all())
    assert bool((rises <= (x[1:, 0] - x[:-1, 0]) + 8 * EPS).all())
    assert float(y[0]) == 0
    assert abs(float(y[-1]) - 1) < 8 * EPS
    inside = Stream(3).uniform(500, 1)
    assert bool(((f.forward(f.inverse(inside)) - inside).abs() <= 8 * EPS).all())
    slopes = bijections.jacobians(f.forward, 2 * Stream(4).uniform(4000, 1))
    assert set(slopes.flatten().tolist()) == {0.0, 1.0}
    assert 0.4 < float(slopes.mean()) < 0.6


def test_unknown_kinds_and_maps_without_gradient_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected one of"):
        bijections.bijection("cubic", 2, Stream(1))
    with pytest.raises(ValueError, match="cut off from autograd"):
        bijections.jacobians(lambda x: x.detach(), torch.zeros(2, 2))
    with pytest.raises(ValueError, match="same shape"):
        bijections.jacobians(lambda x: x[:, :1], torch.zeros(2, 2))
