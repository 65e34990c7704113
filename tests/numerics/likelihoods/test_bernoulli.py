"""Values and gradients of Bernoulli likelihoods: laws over families of networks, foreign oracles, and named refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bernoulli, entropy

from numerics.likelihoods import bernoulli as lk
from numerics.likelihoods.networks import FAMILIES, Centred, FromLogits, SharedNetwork, patch_network, shared_network
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**31)
counts = st.integers(1, 40)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), seeds)
def test_the_log_likelihood_is_scipys(logits, seed):
    a = torch.tensor(logits, dtype=torch.float64)
    x = (Stream(seed).signs(len(logits)) + 1) / 2
    oracle = bernoulli.logpmf(x.numpy(), torch.sigmoid(a).numpy()).sum()
    slack = 8 * EPS * float((1 + a.abs() + a.abs().exp()).sum())  # scipy is handed a probability rounded near 1
    assert abs(float(lk.bernoulli_log_likelihood(a, x)) - oracle) <= slack


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_a_sum_by_halving_errs_by_log_n_roundoffs(values):
    total, size = math.fsum(values), math.fsum(map(abs, values))
    found = float(lk.pairwise_sum(torch.tensor(values, dtype=torch.float64)))
    assert abs(found - total) <= (math.ceil(math.log2(len(values))) + 1) * EPS * size


def test_a_sum_that_drops_the_odd_one_out_breaks_that_law():
    values = torch.ones(3, dtype=torch.float64)
    assert float(values[:1] + values[1:2]) != float(lk.pairwise_sum(values)) == 3.0


def test_the_continuous_bernoulli_at_logit_zero_has_log_density_zero():
    logits = torch.zeros(7, dtype=torch.float64)
    images = torch.tensor([[0.0] * 7, [0.3] * 7, [1.0] * 7], dtype=torch.float64)
    assert lk.continuous_bernoulli_log_likelihood(logits, images).abs().max() < 2**-40


@given(counts, seeds)
@settings(max_examples=30)
def test_measured_ratios_are_those_of_the_families(D, seed):
    expected = {"agreeing": D, "orthogonal": math.sqrt(D), "unshared": 0.0}
    for family, ratio in expected.items():
        found = lk.imbalance(*shared_network(family, D, Stream(seed)))
        assert abs(found.gradient_ratio - ratio) <= 64 * EPS * D
        assert abs(found.value_ratio - D) <= 16 * EPS * D


def test_a_density_that_ignores_the_parameters_pulls_on_nothing():
    model = FromLogits(
        lambda gamma: (torch.zeros(9, dtype=gamma.dtype), gamma.sum()), torch.zeros(4, dtype=torch.float64)
    )
    found = lk.imbalance(model, torch.ones(9, dtype=torch.float64))
    assert (found.gradient_ratio, round(found.value_ratio, 9)) == (0.0, 9.0)
    assert not lk.shares_parameters(model)


class Small(torch.nn.Module):
    """A network with a curved trunk, for the comparisons between ways of differentiating."""

    def __init__(self, D: int, seed: int) -> None:
        super().__init__()
        stream = Stream(seed)
        self.weight = torch.nn.Parameter(stream.normal(5, 3))
        self.unused = torch.nn.Parameter(stream.normal(2))
        self.z, self.heads = stream.normal(3), stream.normal(D + 1, 5)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.heads @ torch.tanh(self.weight @ self.z)
        return logits[:-1], logits[-1]


@given(counts, seeds)
@settings(max_examples=30)
def test_gradients_of_the_likelihood_are_the_jacobian_applied_to_residuals(D, seed):
    model, images = Small(D, seed), (Stream(seed + 1).signs(4, D) + 1) / 2
    J = lk.logit_jacobian(model)[:-1]
    residuals = images - torch.sigmoid(model()[0].detach())
    slack = (D + 64) * EPS * (1 + model.heads.abs().sum()) * (1 + model.z.abs().max())
    assert (lk.image_gradients(model, images) - residuals @ J).abs().max() <= slack
    w = Stream(seed + 2).normal(J.shape[1])
    assert (lk.logits_along(model, w) - J @ w).abs().max() <= slack * (1 + w.abs().sum())


@given(counts, seeds)
@settings(max_examples=20)
def test_gradients_through_copies_are_those_of_one_image_at_a_time(D, seed):
    network, _ = shared_network("generic", D, Stream(seed))
    images = (Stream(seed + 1).signs(3, D) + 1) / 2
    assert isinstance(network, SharedNetwork)
    one_by_one = lk.image_gradients(Centred(network), images)
    assert (lk.image_gradients(network, images) - one_by_one).abs().max() <= (D + 16) * EPS * D * (
        1 + network.latent.abs().max()
    )


@given(counts, seeds)
@settings(max_examples=20)
def test_centring_moves_a_model_to_one_half_and_keeps_its_jacobian(D, seed):
    model = Small(D, seed)
    centred = Centred(model)
    pixels, label = centred()
    assert not pixels.any()
    assert not label.any()
    assert torch.equal(lk.logit_jacobian(centred), lk.logit_jacobian(model))


@given(st.integers(1, 200))
@settings(max_examples=25)
def test_uncorrelated_signs_have_the_moments_of_independent_ones(D):
    signs = lk.uncorrelated_signs(D, torch.zeros(1, dtype=torch.float64))
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert not signs.sum(0).any()
    assert torch.equal(signs.mT @ signs, len(signs) * torch.eye(D, dtype=torch.float64))
    fewer = signs[1:]
    assert D == 0 or fewer.sum(0).any(), "without one row the means are no longer zero"


def test_thresholded_images_have_the_logistic_probability():
    logits = torch.tensor([-2.0, 0.0, 1.0], dtype=torch.float64)
    mean = lk.threshold_images(logits, 200_000, Stream(5)).mean(0)
    radius = math.sqrt(math.log(2 * 3 / 1e-9) / (2 * 200_000))  # Hoeffding, three means
    assert (mean - torch.sigmoid(logits)).abs().max() <= radius


def test_images_of_one_colour_are_fair_and_all_alike():
    images = lk.one_colour_images(torch.zeros(6, dtype=torch.float64), 1000, Stream(1))
    assert set(images.sum(1).tolist()) == {0.0, 6.0}


def test_ratios_in_tiles_are_ratios_at_once():
    network = patch_network(8, 4, Stream(2))
    images = lambda logits, n, stream: lk.all_images(8, logits)[:n]  # noqa: E731
    whole = torch.cat(list(lk.gradient_ratios(network, images, 256, Stream(3))))
    squares = {float(value) for value in (whole**2).round().unique()}
    assert squares == {float(a * a + b * b) for a in (0, 2, 4) for b in (0, 2, 4)}
    tiled = list(lk.gradient_ratios(network, images, 256, Stream(3), tile=8 * 100))
    assert [len(piece) for piece in tiled] == [100, 100, 56]


@given(st.floats(-2, 2), st.floats(0.1, 10), st.sets(st.integers(1, 2**20), min_size=2, max_size=8))
def test_a_power_law_is_fitted_by_its_own_exponent(exponent, scale, sizes):
    sizes = sorted(sizes)
    values = [scale * size**exponent for size in sizes]
    slope, gain = lk.fit_exponent(sizes, values)
    assert abs(slope - exponent) <= gain * (len(sizes) + 32) * EPS * 64
    nudged, _ = lk.fit_exponent(sizes, [value * (1.01 if i == 0 else 1) for i, value in enumerate(values)])
    assert 0 < abs(nudged - slope) <= gain * math.log(1.01) * (1 + 2**-20) + 2**-40


@pytest.mark.parametrize("D", [1, 2, 3, 5, 64, 1000])
def test_a_ladder_goes_from_one_to_D(D):
    sizes = lk.ladder(D)
    assert sizes[0] == 1
    assert sizes[-1] == D
    assert len(set(sizes)) == len(sizes)


@given(st.integers(1, 8), seeds)
def test_images_are_counted_by_their_number(D, seed):
    every = lk.all_images(D, torch.zeros(1, dtype=torch.float64))
    order = Stream(seed).permutation(2**D)
    assert lk.pattern_counts(every[order]).tolist() == [1] * 2**D
    assert lk.pattern_counts(every[-1:]).nonzero().tolist() == [[2**D - 1]]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=64).filter(any))
def test_entropy_is_scipys(weights):
    masses = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    assert abs(float(lk.entropy_bits(masses)) - entropy(np.array(weights), base=2)) <= 64 * EPS * 8


LOGITS, IMAGE = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)


@pytest.mark.parametrize(
    ("logits", "image", "error", "message"),
    [
        (LOGITS.long(), IMAGE, TypeError, "floating dtype"),
        (LOGITS * math.nan, IMAGE, ValueError, "NaN or infinite"),
        (LOGITS, IMAGE.long(), TypeError, r"\.to\(torch.float64\)"),
        (LOGITS, IMAGE.float(), TypeError, "dtype"),
        (LOGITS, IMAGE / 2, ValueError, "Grey values"),
        (LOGITS, IMAGE[:2], ValueError, "D = 3"),
        (LOGITS[:0], IMAGE[:0], ValueError, ">= 1"),
        ([0.0], IMAGE, TypeError, "torch.Tensor"),
    ],
)
def test_what_is_no_binary_image_is_refused_by_name(logits, image, error, message):
    with pytest.raises(error, match=message):
        lk.bernoulli_log_likelihood(logits, image)


def test_an_empty_sum_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        lk.pairwise_sum(torch.zeros(2, 0))


def test_a_label_without_parameters_or_without_gradient_is_refused():
    zero = torch.zeros(2, dtype=torch.float64)
    detached = FromLogits(lambda gamma: (gamma, gamma.detach().sum()), zero)
    with pytest.raises(ValueError, match="depends on a parameter"):
        lk.label_parameters(detached)
    dead = FromLogits(lambda gamma: (gamma, (0 * gamma).sum()), zero)
    with pytest.raises(ValueError, match="ratio is undefined"):
        lk.imbalance(dead, torch.ones(2, dtype=torch.float64))


def test_a_jacobian_too_large_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(lk, "JACOBIAN_ENTRIES", 100)
    with pytest.raises(ValueError, match="Freeze parameters"):
        lk.logit_jacobian(shared_network("generic", 30, Stream(0))[0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: lk.uncorrelated_signs(0, LOGITS),
        lambda: lk.pattern_counts(torch.zeros(1, 25)),
        lambda: lk.fit_exponent([4], [1.0]),
    ],
)
def test_sizes_out_of_range_are_refused(call):
    with pytest.raises(ValueError, match="Expected"):
        call()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("family", FAMILIES)
def test_ratios_on_cuda_are_those_of_the_cpu(family):
    found = [lk.imbalance(*shared_network(family, 64, Stream(0, device))).gradient_ratio for device in ("cpu", "cuda")]
    assert abs(found[0] - found[1]) <= 512 * EPS * 64
