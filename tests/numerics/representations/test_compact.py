"""Haar measure in floating point: exponentials within their bounds, product rules, random elements; and mutants that are noticed."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations import compact
from numerics.streams import Stream


@given(st.integers(1, 9))
def test_spin_matrices_have_the_brackets_and_the_casimir_of_their_spin(d):
    x, y, z = compact.spin_matrices(d)
    tolerance = 8 * d**2 * torch.finfo(torch.float64).eps * d
    assert (x @ y - y @ x - 1j * z).abs().max() <= tolerance
    assert (y @ z - z @ y - 1j * x).abs().max() <= tolerance
    casimir = x @ x + y @ y + z @ z
    assert (casimir - (d * d - 1) / 4 * torch.eye(d)).abs().max() <= tolerance


@given(st.integers(1, 11), st.floats(0, math.pi))
def test_exponentials_stay_within_their_bound_of_scipys(d, angle):
    beta = torch.tensor([angle], dtype=torch.float64)
    found = compact.rotations_about_y(d, beta, 0.0)
    foreign = scipy.linalg.expm(-1j * angle * compact.spin_matrices(d)[1].numpy())
    # SciPy's own error is of the size of gamma_d |A|; twice the bound leaves room for it.
    assert np.linalg.norm(found.matrices[0].numpy() - foreign, 2) <= 2 * found.error


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=15)
def test_random_elements_give_a_representation(seed, d):
    g, h = (compact.haar_quaternions(1, Stream(seed).fork(k)) for k in "gh")
    product = _hamilton(g[0], h[0])[None]
    a, b, c = (compact.rotations_of_quaternions(d, q) for q in (g, h, product))
    difference = torch.linalg.matrix_norm(a.matrices[0] @ b.matrices[0] - c.matrices[0], 2)
    assert difference <= a.error + b.error + c.error + 1e-15 * d * 30


def _hamilton(p, q):
    w, v, s, u = p[0], p[1:], q[0], q[1:]
    return torch.cat([(w * s - v @ u)[None], w * u + s * v + torch.linalg.cross(v, u)])


@given(st.integers(1, 12))
def test_nodes_are_enclosed_and_weights_sum_to_two(n):
    rule = compact.gauss_legendre(n)
    assert max(rule.node_errors) < 1e-14
    assert abs(sum(map(Fraction, rule.weights)) - 2) <= Fraction(sum(rule.weight_errors)) * 2
    for k in range(n):
        exact = Fraction(2, 2 * k + 1)
        slope = sum(2 * k * e + w for e, w in zip(rule.node_errors, rule.weight_errors, strict=True)) * 2
        assert abs(
            sum(Fraction(w) * Fraction(x) ** (2 * k) for x, w in zip(rule.nodes, rule.weights, strict=True)) - exact
        ) <= Fraction(slope)


def test_nodes_that_are_no_roots_are_refused(monkeypatch):
    monkeypatch.setattr(np.polynomial.legendre, "leggauss", lambda n: (np.array([-0.5, 0.5]), np.array([1.0, 1.0])))
    compact.gauss_legendre.cache_clear()
    with pytest.raises(ArithmeticError, match="no root"):
        compact.gauss_legendre(2)
    compact.gauss_legendre.cache_clear()


@given(st.sampled_from(compact.GROUPS), st.integers(0, 6))
@settings(max_examples=20)
def test_product_means_are_schurs_within_the_bound(group, l):
    found = compact.product_means(group, l, *compact.product_rule(group, l), Stream(0))
    wanted = compact.schur(group, l, found.means.real)
    assert (found.means - wanted).abs().max() <= sum(found.terms.values())
    assert sum(found.terms.values()) < 1e-9


@pytest.mark.parametrize("group", compact.GROUPS)
def test_float32_has_its_own_wider_bound(group):
    stream = Stream(0, dtype=torch.float32)
    found = compact.product_means(group, 3, *compact.product_rule(group, 3), stream)
    assert found.means.dtype == torch.complex64
    wanted = compact.schur(group, 3, found.means.real)
    assert (found.means - wanted).abs().max() <= sum(found.terms.values()) < 0.01


@given(st.sampled_from(["SU(2)", "SO(3)"]), st.integers(1, 5))
@settings(max_examples=10)
def test_more_nodes_than_needed_change_nothing(group, l):
    angles, nodes = compact.product_rule(group, l)
    a = compact.product_means(group, l, angles, nodes, Stream(0))
    b = compact.product_means(group, l, angles + 2, nodes + 1, Stream(0))
    assert (a.means - b.means).abs().max() <= sum(a.terms.values()) + sum(b.terms.values())


@pytest.mark.parametrize(
    ("group", "angles", "nodes"), [("SO(3)", 7, 3), ("SO(3)", 5, 4), ("SU(2)", 5, 2), ("U(1)", 6, 1)]
)
def test_a_rule_too_small_misses_by_far(group, angles, nodes):
    found = compact.product_means(group, 3, angles, nodes, Stream(0))
    assert (found.means - compact.schur(group, 3, found.means.real)).abs().max() > 0.05


@pytest.mark.parametrize(("group", "l"), [("U(1)", 3), ("SU(2)", 2), ("SO(3)", 1)])
def test_sample_means_repeat_and_approach_schurs_in_tiles_of_any_size(group, l):
    means = [compact.random_means(group, l, 1000, Stream(5), tile=tile) for tile in (1000, 1000, 333)]
    assert torch.equal(means[0].means, means[1].means)
    for found in means:  # 1000 values in [-1, 1]: 0.3 is five of Hoeffding's radii at level 1e-4
        assert (found.means - compact.schur(group, l, found.means.real)).abs().max() < 0.3


def test_an_unknown_group_or_degree_is_refused():
    with pytest.raises(ValueError, match="SO\\(3\\)"):
        compact.dimensions("SO(4)", 1)
    with pytest.raises(ValueError, match="degree"):
        compact.dimensions("U(1)", -1)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_device_gives_the_same_means():
    for group in compact.GROUPS:
        here = compact.product_means(group, 4, *compact.product_rule(group, 4), Stream(0))
        there = compact.product_means(group, 4, *compact.product_rule(group, 4), Stream(0, device="cuda"))
        assert there.means.device.type == "cuda"
        assert (here.means - there.means.cpu()).abs().max() <= sum(here.terms.values()) + sum(there.terms.values())


def test_every_real_mean_counts_as_a_test_of_its_own():
    found = compact.sampled_orthogonality("SU(2)", 2, 100, Stream(1))
    k = sum(d * d for d in compact.dimensions("SU(2)", 2))
    assert found.tests == k * (k + 1)  # real and imaginary parts on and above the diagonal


def test_half_of_the_circle_has_imaginary_means_alone():
    found = compact.random_means("U(1)", 1, 20_000, Stream(2), sampler=compact.half_the_circle)
    deviation = found.means - compact.schur("U(1)", 1, found.means.real)
    assert deviation.real.abs().max() < 0.05
    assert deviation.imag.abs().max() > 0.5


def test_an_imaginary_mean_is_a_residual(monkeypatch):
    exact = compact.product_means

    def rotated(*args):
        found = exact(*args)
        return compact.Gram(found.means + 0.25j * (1 - torch.eye(len(found.means))), found.terms, found.points)

    monkeypatch.setattr(compact, "product_means", rotated)
    assert float(compact.orthogonality("SO(3)", 1, Stream(3)).residual.max()) > 0.2
