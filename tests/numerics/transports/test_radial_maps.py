"""Maps along rays: densities, inverses, equivariance under random invariant ratios, and its failure under others."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.streams import Stream
from numerics.transports.bijections import jacobians
from numerics.transports.radial_maps import RadialMap, moment_error, shell_nodes
from numerics.transports.radial_measurements import MeasuredRadialMap, shift_irreps, unequal_weights


def invariant_ratio(coefficients):
    """log p/s from symmetric functions of the squares of the coordinates."""
    a, b, c = coefficients

    def log_ratio(x):
        square = x * x
        return torch.sin(a * square.sum(1)) + b * square.prod(1).clamp(max=4) - c * square.amax(1)

    return log_ratio


@settings(max_examples=25)
@given(st.tuples(*[st.floats(0, 0.3)] * 3), st.integers(1, 5), st.integers(0, 2**20))
def test_the_determinant_is_the_ratio_and_that_of_the_full_jacobian(coefficients, dim, seed):
    f, x = RadialMap(invariant_ratio(coefficients), dim), 0.5 * Stream(seed).normal(4, dim)
    full = torch.linalg.slogdet(jacobians(f, x))[1]
    torch.testing.assert_close(f.log_det(x), full, rtol=1e-9, atol=1e-9)


@settings(max_examples=25)
@given(st.tuples(*[st.floats(0, 0.3)] * 3), st.integers(2, 6), st.integers(0, 2**20))
def test_random_invariant_ratios_give_equivariant_maps_with_an_inverse(coefficients, dim, seed):
    stream = Stream(seed)
    f, x = RadialMap(invariant_ratio(coefficients), dim), 0.5 * stream.normal(4, dim)
    order, signs = stream.permutation(dim), stream.signs(dim)
    torch.testing.assert_close(f((x * signs)[:, order]), (f(x) * signs)[:, order], rtol=1e-12, atol=1e-12)
    back, miss = f.inverse(f(x))
    assert float(miss.max()) < 1e-13
    torch.testing.assert_close(back, x, rtol=1e-8, atol=1e-12)


def test_other_ratios_do_not():
    found = MeasuredRadialMap(4, 8, Stream(1), unequal_weights).equivariance()
    assert float(found.residual[::2].min()) > 1e-4  # one shift and three; two keep alternating weights


@pytest.mark.parametrize("dim", [1, 2, 7, 100, 3000])
def test_shell_sums_are_exact_for_polynomials(dim):
    t, w = shell_nodes(float(dim))
    assert moment_error(t, w, dim, tuple(range(0, 14, 3))) < 1e-12 * max(1, dim / 100)
    assert moment_error(t, w, dim - 0.5, (2,)) > 0.1 / (dim + 2) ** 2  # the shells of another dimension


def test_nothing_overflows_in_large_dimensions():
    f = RadialMap(lambda x: 500 * torch.log1p(x.square().sum(1)), 1000)
    x = 3 * Stream(2).normal(2, 1000)
    assert bool(torch.isfinite(f(x)).all() and torch.isfinite(f.log_det(x)).all())


@pytest.mark.parametrize("dim", [2, 16, 64])
def test_a_gaussian_is_reversed(dim):
    def log_ratio(x):  # p/s of s = 1/p, up to constants: the square of p
        return -x.square().sum(1)

    f, x = RadialMap(log_ratio, dim), Stream(3).normal(5, dim)
    torch.testing.assert_close(f.log_det(x), log_ratio(x), rtol=1e-10, atol=1e-9)


def test_images_that_crowd_below_rounding_are_told_by_no_number():
    f, x = RadialMap(lambda x: -x.square().sum(1), 784), Stream(3).normal(5, 784)
    assert bool(f.log_det(x).isnan().all())


def test_the_rows_of_the_shift_irreps_are_orthonormal():
    for n in (1, 2, 5, 8):
        torch.testing.assert_close(shift_irreps(n) @ shift_irreps(n).T, torch.eye(n).double(), rtol=1e-13, atol=1e-13)


def test_images_beyond_the_end_of_a_ray_are_refused():
    f = RadialMap(lambda x: torch.where(x.square().sum(1) < 1, 0.0, -torch.inf).to(x), 2)
    with pytest.raises(ValueError, match="star"):
        f.inverse(torch.tensor([[5.0, 0.0]]).double())
    with pytest.raises(ValueError, match=r"shape \(N, 2\)"):
        f(torch.ones(1, 3).double())
    assert math.isclose(float(f(torch.tensor([[0.5, 0.0]]).double())[0, 0]), 0.5, rel_tol=1e-12)


def test_images_do_not_depend_on_the_tiles():
    x = Stream(3).normal(7, 2)
    whole, few = (RadialMap(lambda z: torch.log1p(z.square().sum(1)), 2, tile=tile) for tile in (2**22, 24 * 2 * 2))
    assert torch.allclose(whole(x), few(x), rtol=1e-13, atol=0)


def test_the_density_recovered_from_images_is_the_score():
    found = MeasuredRadialMap(3, 9, Stream(2)).recovered_density()
    bound = sum(found.bound.terms.values())
    assert bool((found.residual <= bound).all())
    assert float(bound.max()) < 1e-9
