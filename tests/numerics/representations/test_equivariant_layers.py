"""Layers under their actions: residuals within what rounding explains, and layers that break an action far outside it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations import equivariant_layers as layers
from numerics.representations import permutation_averages, tensor_actions
from numerics.streams import Stream
from proofs_checks.run.checks import PROFILES
from proofs_checks.strategies.groups import layer_cases

NAMES = ("conv1d", "conv2d", "mean pooling", "deep set", "C4 convolution")


def ratios(layer):
    return {name: float((d.residual / d.rounding.clamp_min(1e-300)).max()) for name, d in layers.defects(layer).items()}


@given(layer_cases(PROFILES["quick"]).filter(lambda case: case.layer in NAMES))
@settings(max_examples=40)
def test_every_named_layer_is_equivariant_within_rounding(case):
    layer = layers.build(case.layer, case.n, case.channels, case.kernel, Stream(case.seed))
    assert max(ratios(layer).values()) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_within_its_own_rounding(name):
    layer = layers.build(name, 9, 2, 3, Stream(1, dtype=torch.float32))
    assert layer.inputs.dtype == torch.float32
    assert max(ratios(layer).values()) <= 1


@pytest.mark.parametrize("name", ["conv1d", "conv2d"])
@pytest.mark.parametrize("change", [{"stride": 2}, {"padding": "zeros"}, {"padding": "reflect"}])
def test_strides_and_padding_are_far_outside_rounding(name, change):
    assert max(ratios(layers.build(name, 8, 2, 3, Stream(2), **change)).values()) > 1e10


def test_a_layer_measured_under_the_wrong_action_is_noticed():
    for name in ("conv1d", "deep set", "C4 convolution"):
        layer = layers.build(name, 6, 2, 3, Stream(3))
        wrong = {action: (move, tensor_actions.trivial_action) for action, (move, _) in layer.actions.items()}
        assert max(ratios(layers.Layer(layer.module, layer.inputs, wrong, layer.terms)).values()) > 1e10


def test_planes_that_turn_but_do_not_cycle_are_noticed():
    layer = layers.build("C4 convolution", 5, 1, 3, Stream(4))
    wrong = {"quarter turn": (tensor_actions.quarter_turned, tensor_actions.quarter_turned)}
    assert max(ratios(layers.Layer(layer.module, layer.inputs, wrong, layer.terms)).values()) > 1e10


def test_a_deep_set_layer_without_its_mean_is_pointwise():
    module = layers.normal_weights(layers.DeepSet(2, 3), Stream(5))
    x = Stream(6).normal(2, 2, 7)
    with torch.no_grad():
        module.B.zero_()
        whole = module(x)
        alone = torch.cat([module(x[..., i : i + 1]) for i in range(7)], -1)
    assert (whole - alone).abs().max() < 1e-14


@given(st.integers(1, 9), st.integers(-20, 20))
def test_permutations_and_shifts_agree_where_both_apply(n, steps):
    x = torch.arange(2.0 * n).reshape(1, 2, n)
    images = (torch.arange(n) + steps) % n
    assert torch.equal(tensor_actions.permutation_action(images)(x), tensor_actions.shift_action(steps, -1)(x))


@given(st.integers(1, 6))
def test_four_quarter_turns_are_nothing(n):
    x = Stream(n).normal(1, 1, 4, n, n)
    y = x
    for _ in range(4):
        y = tensor_actions.planes_turned(y)
    assert torch.equal(x, y)


@given(st.integers(1, 4), st.sampled_from([(1, 0), (1, 1), (1, 2), (2, 2)]), st.integers(0, 2**20))
@settings(max_examples=20)
def test_averages_over_all_permutations_are_constant_on_patterns(n, orders, seed):
    matrix = Stream(seed).normal(n ** orders[1], n ** orders[0])
    mean = permutation_averages.group_average(matrix, permutation_averages.all_permutations(n), orders)
    spread, count = permutation_averages.spread_by_pattern(mean, permutation_averages.equality_patterns(n, sum(orders)))
    assert spread.max() < 1e-13
    bell = {1: [1, 1, 1, 1], 2: [1, 2, 2, 2], 3: [1, 4, 5, 5], 4: [1, 8, 14, 15]}
    assert count == bell[sum(orders)][n - 1]


def test_averages_over_shifts_alone_are_not():
    mean = permutation_averages.group_average(Stream(1).normal(5, 5), permutation_averages.all_shifts(5), (1, 1))
    spread, _ = permutation_averages.spread_by_pattern(mean, permutation_averages.equality_patterns(5, 2))
    assert spread.max() > 0.1


@pytest.mark.parametrize("kernel", [2, 9])
def test_kernels_that_do_not_fit_are_refused(kernel):
    with pytest.raises(ValueError, match="odd kernel"):
        layers.build("conv1d", 8, 1, kernel, Stream(0))


def test_an_unknown_layer_is_refused():
    with pytest.raises(ValueError, match="conv1d, conv2d"):
        layers.build("attention", 8, 1, 3, Stream(0))


def test_backend_flags_are_as_before():
    before = torch.backends.mkldnn.enabled, torch.backends.cudnn.enabled
    with layers.direct_sums():
        assert not torch.backends.mkldnn.enabled
    assert (torch.backends.mkldnn.enabled, torch.backends.cudnn.enabled) == before


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_device_is_within_rounding_too(name, dtype):
    layer = layers.build(name, 12, 2, 5, Stream(1, device="cuda", dtype=dtype))
    assert layer.inputs.device.type == "cuda"
    assert max(ratios(layer).values()) <= 1
