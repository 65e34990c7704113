"""Complex equivariant maps: convolutions under shifts and phases, averages in unitary bases, and what their bounds notice."""

from __future__ import annotations

import pytest
import torch

from numerics.representations import complex_layers, equivariant_layers, permutation_averages
from numerics.streams import Stream


def ratio(measurement) -> float:
    return float((torch.as_tensor(measurement.residual) / sum(measurement.bound.terms.values())).max())


@pytest.mark.parametrize(("n", "channels", "kernel"), [(1, 1, 1), (5, 2, 3), (12, 3, 5)])
def test_complex_convolutions_commute_with_shifts_and_phases(n, channels, kernel):
    layer = complex_layers.convolution(n, channels, kernel, Stream(n))
    for name, found in equivariant_layers.equivariance(layer).items():
        assert ratio(found) <= 1, name
        assert max(float(term.max()) for term in found.bound.terms.values()) < 1e-12


def test_a_convolution_is_the_sum_over_its_taps():
    layer = complex_layers.convolution(7, 2, 3, Stream(3))
    x, w = layer.inputs, layer.module.weight
    expected = torch.stack(
        [sum(w[:, :, t] @ x[:, :, (p + t - 1) % 7, None] for t in range(3))[..., 0] for p in range(7)], -1
    )
    torch.testing.assert_close(layer.module(x), expected)


def test_zeros_beyond_the_ends_do_not_commute_with_shifts():
    layer = complex_layers.convolution(7, 2, 3, Stream(3), circular=False)
    assert ratio(equivariant_layers.equivariance(layer)["shift by 1"]) > 1e9


@pytest.mark.parametrize("orders", [(1, 0), (1, 1), (1, 2), (2, 2)])
def test_complex_means_are_constant_on_patterns_in_any_unitary_basis(orders):
    found = complex_layers.means_in_a_basis(3, orders, Stream(4))["constant on patterns"]
    assert ratio(found) <= 1
    assert sum(found.bound.terms.values()) < 1e-9


def test_means_over_shifts_alone_are_not():
    found = complex_layers.means_in_a_basis(4, (1, 1), Stream(4), group=permutation_averages.all_shifts)
    assert ratio(found["constant on patterns"]) > 1e6


def test_a_basis_that_is_not_unitary_is_told(monkeypatch):
    exact = complex_layers.random_unitary
    monkeypatch.setattr(complex_layers, "random_unitary", lambda d, stream: exact(d, stream) * (1 + 1e-6))
    found = complex_layers.means_in_a_basis(3, (1, 1), Stream(4))["constant on patterns"]
    assert found.bound.terms["basis"] > 1e-6
