"""Divergences, fits, scores and paths to noise: laws, foreign oracles, and faults that a test names."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.distributions import best_gaussians, divergence_values, gaussian_fits, noising, score_consistency
from numerics.distributions import score_matching as sm
from numerics.distributions.mixtures import isotropic_gaussian, random_mixture
from numerics.errors import PrecisionError
from numerics.streams import Stream

LIKE = torch.zeros(1, dtype=torch.float64)


@given(st.integers(2, 50), st.integers(0, 99))
def test_divergences_against_scipy(cells, seed) -> None:
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import entropy

    p, q = (divergence_values.random_masses(3, cells, Stream(seed).fork(k)) for k in "pq")
    for k in range(3):
        assert float(divergence_values.relative_entropy_nats(p, q)[k]) == pytest.approx(
            entropy(p[k], q[k]), rel=1e-9, abs=1e-12
        )
        assert float(divergence_values.jensen_shannon_nats(p, q)[k]) == pytest.approx(
            jensenshannon(p[k], q[k]) ** 2, rel=1e-9, abs=1e-12
        )


@given(st.integers(2, 20), st.integers(2, 20), st.integers(0, 99))
def test_a_channel_lowers_divergences_and_a_permutation_keeps_them(cells, outputs, seed) -> None:
    stream = Stream(seed)
    p, q = (divergence_values.random_masses(4, cells, stream.fork(k)) for k in "pq")
    channel = divergence_values.random_masses(cells, outputs, stream.fork("channel"))
    order = stream.permutation(cells)
    for divergence in (divergence_values.relative_entropy_nats, divergence_values.jensen_shannon_nats):
        before = divergence(p, q)
        assert bool((divergence(p @ channel, q @ channel) <= before + 1e-12).all())
        assert torch.allclose(divergence(p[:, order], q[:, order]), before, atol=1e-13)
        assert bool((divergence(p, p).abs() < 1e-14).all())


def test_what_a_divergence_refuses() -> None:
    with pytest.raises(ValueError, match="one shape"):
        divergence_values.relative_entropy_nats(torch.ones(2), torch.ones(3))
    with pytest.raises(ValueError, match="not negative"):
        divergence_values.jensen_shannon_nats(torch.tensor([-1.0, 2.0]), torch.ones(2))
    with pytest.raises(ValueError, match="weight in"):
        divergence_values.noise_cost(torch.zeros(2), torch.zeros(2), 1.0, lambda w: 0.0)


def test_kl_and_its_reverse_prefer_other_fits() -> None:
    p = random_mixture(1, 2, Stream(0))
    p = type(p)(torch.ones(2).double(), torch.tensor([[-4.0], [4.0]]).double(), torch.ones(2).double())
    points = p.sample(4000, Stream(1))
    start = (torch.full((1,), 1.0).double(), torch.zeros(()).double())
    covering, dropping = gaussian_fits.fit_to_points(points, start), gaussian_fits.fit_to_the_density(p, start)
    assert covering.variance == pytest.approx(17, rel=0.05)
    assert (float(dropping.mean), dropping.variance) == pytest.approx((4, 1), abs=0.05)


def test_points_that_do_not_vary_have_no_fit() -> None:
    with pytest.raises(PrecisionError, match="all are equal"):
        gaussian_fits.moments_missed(torch.ones(5, 2).double(), [])


@pytest.mark.parametrize(
    "measure",
    [best_gaussians.jensen_shannon(3.0), best_gaussians.discrepancy(3.0, 2.0), best_gaussians.discrepancy(3.0, 2.0, 4)],
)
def test_no_model_of_a_cell_is_nearer_than_its_reach_allows(measure) -> None:
    stream = Stream(0)
    m, level = 4 * stream.uniform(300), 2 * stream.uniform(300) - 0.7
    mean, width = torch.tensor(0.2).double(), torch.tensor(0.15).double()
    value, error = measure.value(m, level)
    moved, other = measure.value(
        m + mean * (2 * stream.uniform(300) - 1), level + width * (2 * stream.uniform(300) - 1)
    )
    assert bool(((value - moved).abs() <= measure.reach(level, mean, width) + error + other + 1e-12).all())


def test_the_distance_to_a_single_mode_is_that_of_two_gaussians() -> None:
    from scipy.integrate import quad

    m, s = 1.0, 1.5

    def integrand(x: float) -> float:
        p = math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        q = math.exp(-(((x - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
        return p / 2 * math.log(2 * p / (p + q)) + q / 2 * math.log(2 * q / (p + q))

    value, error = best_gaussians.jensen_shannon(0.0).value(
        torch.tensor([m]).double(), torch.tensor([math.log(s)]).double()
    )
    assert float(value[0]) ** 2 == pytest.approx(quad(integrand, -12, 14)[0], abs=1e-7)
    assert float(error[0]) < 1e-5


def test_a_minimum_that_cannot_be_told_is_left_open() -> None:
    box = best_gaussians.Box(6.0, math.log(0.4), math.log(7.0))
    with pytest.raises(PrecisionError, match="too close to tell"):
        best_gaussians.global_minimum(
            best_gaussians.jensen_shannon(4.28), box, lambda m, s: m <= 2.1, like=LIKE, rounds=4
        )


# -- scores ------------------------------------------------------------------------------------------------------------------


def rotation(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([x[:, 1], -x[:, 0], *x[:, 2:].T], 1)


def test_jacobian_and_divergence_against_torch_func() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 5)).double()
    x = Stream(0).normal(7, 5)
    expected = torch.func.vmap(torch.func.jacrev(net))(x)
    assert torch.allclose(sm.jacobians(net, x), expected)
    assert torch.allclose(sm.divergence(net, x)[1], expected.diagonal(dim1=1, dim2=2).sum(1))


def test_sliced_is_implicit_in_the_mean() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double()
    x = Stream(0).normal(1, 3).expand(20_000, 3)
    terms = sm.sliced_objective(net, x, Stream(1))
    assert abs(float(terms.mean() - sm.implicit(net, x[:1])[0])) < 6 * float(terms.std()) / math.sqrt(len(x))


def test_gradients_have_no_defect_and_rotations_nothing_else() -> None:
    x = Stream(0).normal(20, 3)
    gradient = sm.conservative_defect(lambda x: sm.torch.tanh(x) * x, x, Stream(1))
    assert gradient.value == 0
    whole = sm.conservative_defect(lambda x: rotation(x[:, :2]), x[:, :2], Stream(1))
    assert (whole.value, whole.exact_jacobians) == (1.0, True)


def test_probes_find_the_defect_of_whole_jacobians(monkeypatch) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 6)).double()
    x = Stream(0).normal(400, 6)
    whole = sm.conservative_defect(net, x, Stream(1))
    monkeypatch.setattr(sm, "EXACT_DIMENSION", 1)
    probed = sm.conservative_defect(net, x, Stream(1), probes=16)
    assert not probed.exact_jacobians
    assert probed.value == pytest.approx(whole.value, rel=0.05)


def test_fields_without_a_derivative_or_of_another_shape_are_refused() -> None:
    x = Stream(0).normal(4, 2)
    with pytest.raises(ValueError, match="no derivative"):
        sm.conservative_defect(torch.ones_like, x, Stream(1))
    with pytest.raises(ValueError, match="one vector a point"):
        sm.implicit(lambda x: x.sum(1), x)
    with pytest.raises(ValueError, match="noise level"):
        sm.denoising(lambda x: x, x, 0.0, Stream(0))


def test_identities_hold_for_the_score_and_not_beside_it() -> None:
    p = random_mixture(2, 3, Stream(0))
    clean = p.sample(4000, Stream(1))
    path = noising.MixturePath(p)
    t = 0.3
    alpha, sigma = math.exp(-t), math.sqrt(1 - math.exp(-2 * t))
    score = lambda x: sm.gradient_of(path.at(t).log_prob, x)  # noqa: E731
    _, gaps = score_consistency.denoising_gaps(score, clean, alpha, sigma, Stream(2))
    assert all(gap.errors < 5 for gap in gaps)
    _, scaled = score_consistency.denoising_gaps(lambda x: 1.3 * score(x), clean, alpha, sigma, Stream(2))
    assert scaled[2].errors > 5


def test_the_implied_density_in_the_plane_is_that_of_the_mixture() -> None:
    p = random_mixture(2, 2, Stream(3))
    low, high = torch.full((2,), -8.0).double(), torch.full((2,), 8.0).double()
    found = score_consistency.implied_density(lambda x: sm.gradient_of(p.log_prob, x), low, high)
    grid = torch.cartesian_prod(*found.axes)
    expected = torch.softmax(p.log_prob(grid), 0).reshape(found.mass.shape)
    assert float((found.mass - expected).abs().sum()) < 0.02
    # the trapezoidal rule differs between the two ways by its own error, a turned field by what it is
    turned = score_consistency.implied_density(lambda x: sm.gradient_of(p.log_prob, x) + 0.3 * rotation(x), low, high)
    assert turned.path_gap > 10 * found.path_gap


# -- noise --------------------------------------------------------------------------------------------------------------------


def test_the_path_against_draws_of_the_process() -> None:
    path = noising.random_path(2, Stream(5))
    x = path.start.sample(200_000, Stream(6))[:, 0]
    t = 0.4
    moved = math.exp(-t) * x + math.sqrt(1 - math.exp(-2 * t)) * Stream(7).normal(len(x))
    later = path.at(t)
    assert float(moved.mean()) == pytest.approx(float(later.mean()[0]), abs=0.02)
    grid = np.linspace(-3, 3, 7)
    cdf = noising.MixturePath(later).distribution_function(torch.from_numpy(grid))
    empirical = torch.tensor([float((moved <= g).double().mean()) for g in grid])
    assert float((cdf - empirical).abs().max()) < 0.006


def test_relative_entropy_of_a_gaussian_in_closed_form() -> None:
    p = isotropic_gaussian(1, 1.5, LIKE)
    value, doubt = noising.relative_entropy_to_noise(p)
    assert value == pytest.approx((2.25 - 1 - math.log(2.25)) / 2, abs=1e-10 + doubt)


@pytest.mark.parametrize("measure", [best_gaussians.jensen_shannon(0.0), best_gaussians.discrepancy(0.0, 100.0)])
def test_models_of_a_cell_lie_within_its_reach_and_not_within_four_fifths_of_it(measure) -> None:
    whole, less = (best_gaussians.beyond_reach(measure, share, like=LIKE) for share in (1.0, 0.8))
    assert float(whole.residual.max()) == 0
    assert float(less.residual.max()) > 1e-3


def test_the_best_isotropic_gaussian_of_the_plane_drops_a_mode_where_that_of_the_line_covers_both() -> None:
    nodes = torch.linspace(-12, 12, 241, dtype=torch.float64)
    x, y = torch.meshgrid(nodes, nodes, indexing="ij")
    cell = float(nodes[1] - nodes[0]) ** 2

    def normal(mean: float, variance: float) -> torch.Tensor:
        return torch.exp(-((x - mean) ** 2 + y**2) / (2 * variance)) / (2 * math.pi * variance)

    data = (normal(-3, 1) + normal(3, 1)) / 2

    def jsd(model: torch.Tensor) -> float:
        entropy = [float(torch.special.entr(of).sum()) * cell for of in ((data + model) / 2, data, model)]
        return entropy[0] - (entropy[1] + entropy[2]) / 2

    covering = min(jsd(normal(0, v)) for v in (2.0, 3.0, 4.0, 5.0, 5.5, 6.5))
    assert jsd(normal(3, 1)) < covering - 0.02
    box = best_gaussians.Box(5.0, math.log(0.4), math.log(6.0))
    _, line = best_gaussians.global_minimum(best_gaussians.jensen_shannon(3.0), box, lambda m, s: m <= 1.5, like=LIKE)
    assert line.mean < 1.5


def test_close_distributions_make_a_triangle_that_only_the_root_allows() -> None:
    p, q, r = divergence_values.close_together(LIKE)
    assert float(divergence_values.triangle_excess(p, q, r, 0.5).residual) == 0
    assert float(divergence_values.triangle_excess(p, q, r, 0.6).residual) > 1e-3
