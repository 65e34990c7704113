"""Networks with shared parameters: rows of one length, logits at zero, and models that are refused by name."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.likelihoods.bernoulli import logit_jacobian
from numerics.likelihoods.networks import Centred, FromLogits, evaluate, patch_network, shared_network
from numerics.streams import Stream

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**31)


@given(st.sampled_from(["agreeing", "generic", "orthogonal"]), st.integers(1, 30), seeds)
@settings(max_examples=40)
def test_every_pixel_pulls_as_hard_as_the_label_and_all_logits_are_zero(family, D, seed):
    network, image = shared_network(family, D, Stream(seed))
    pixels, label = evaluate(network)
    assert not pixels.any()
    assert not label.any()
    assert image.shape == (D,)
    norms = logit_jacobian(network).norm(dim=1)
    assert (norms / norms[-1] - 1).abs().max() <= (2 * D + 32) * EPS


@given(st.integers(1, 30), seeds)
@settings(max_examples=20)
def test_a_reflections_rows_are_orthogonal_and_mix_all_features(D, seed):
    network, _ = shared_network("orthogonal", D, Stream(seed))
    J = logit_jacobian(network)[:-1]
    gram = J @ J.mT / J[0].square().sum()
    assert (gram - torch.eye(D, dtype=J.dtype)).abs().max() <= (2 * D + 32) * EPS
    # in the plane a reflection may exchange the two axes
    assert D < 3 or (J.reshape(D, -1) != 0).sum() > 3 * D, "not a diagonal in disguise"


@pytest.mark.parametrize(("D", "K"), [(1, 1), (12, 4), (12, 12)])
def test_patches_repeat_their_row_K_times(D, K):
    J = logit_jacobian(patch_network(D, K, Stream(1)))[:-1]
    assert torch.equal(J[::K].repeat_interleave(K, 0), J)
    assert torch.linalg.matrix_rank(J) == D // K


def test_unshared_pixels_have_rows_of_zeros_on_the_labels_parameters():
    assert not logit_jacobian(shared_network("unshared", 5, Stream(0))[0])[:-1].any()


ZERO = torch.zeros(4, dtype=torch.float64)


@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        (lambda g: g, TypeError, "the pair"),
        (lambda g: (g[:0], g.sum()), ValueError, "D >= 1"),
        (lambda g: (g.reshape(2, 2), g.sum()), ValueError, "Flatten one image"),
        (lambda g: (g, g), ValueError, "one label logit"),
        (lambda g: (g * math.nan, g.sum()), ValueError, "NaN or infinite"),
        (lambda g: (g, g.sum() + math.inf), ValueError, "label's logit"),
        (lambda g: (g.long(), g.sum()), TypeError, "floating dtype"),
        (lambda g: (g.tolist(), g.sum()), TypeError, "torch.Tensor"),
    ],
)
def test_what_is_no_model_is_refused_by_name(logits, error, message):
    with pytest.raises(error, match=message):
        evaluate(FromLogits(logits, ZERO))


def test_a_function_is_told_how_to_become_a_model():
    with pytest.raises(TypeError, match=r"networks\.FromLogits"):
        evaluate(lambda: (ZERO, ZERO.sum()))


def test_integer_parameters_are_refused():
    with pytest.raises(TypeError, match="floating dtype"):
        FromLogits(lambda g: (g, g.sum()), torch.zeros(3, dtype=torch.int64))


@pytest.mark.parametrize(
    "build",
    [
        lambda: shared_network("parallel", 3, Stream(0)),
        lambda: shared_network("generic", 0, Stream(0)),
        lambda: patch_network(10, 4, Stream(0)),
    ],
)
def test_networks_that_do_not_exist_are_refused(build):
    with pytest.raises(ValueError, match="Expected"):
        build()


def test_a_saturated_model_is_centred_at_its_own_values():
    model = FromLogits(lambda g: (100 + g, g.sum() - 7), ZERO)
    pixels, label = Centred(model)()
    assert not pixels.any()
    assert not label.any()
