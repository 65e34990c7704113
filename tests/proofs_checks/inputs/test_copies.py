"""Copies of a user's object in float64: whole, of functions with their closures and globals, and without a trace on the object."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from proofs_checks.errors import InputError
from proofs_checks.inputs.copies import (
    Float64Factories,
    deep_copy,
    modules_of,
    operations,
    random_states_kept,
    solver_tolerance,
    state_of,
)

LINEAR = nn.Linear(2, 2)


def by_global(x: Tensor) -> Tensor:
    return LINEAR(x)


def by_closure(module: nn.Module):
    def inner(x: Tensor) -> Tensor:
        return module(x)

    def outer(x: Tensor) -> Tensor:
        return inner(x)

    return outer


X = torch.tensor([[0.1, -0.7], [2.0, 3.0]])


@pytest.mark.parametrize(
    "source", [LINEAR, by_global, by_closure(LINEAR), LINEAR.forward], ids=["module", "global", "closure", "method"]
)
def test_a_copy_computes_in_float64_and_shares_no_weight(source) -> None:
    made = deep_copy(source)
    assert made(X.double()).dtype == torch.float64
    assert torch.allclose(made(X.double()).float(), source(X), atol=1e-6)
    before = LINEAR.weight.detach().clone()
    with torch.no_grad():
        for module in modules_of(made):
            for weight in module.parameters():
                weight.add_(1)
    assert torch.equal(LINEAR.weight, before)
    assert LINEAR.weight.dtype == torch.float32


def test_tensors_that_are_no_leaves_and_tied_weights_are_copied_once() -> None:
    scale = (2 * nn.Parameter(torch.ones(2))).exp()
    distribution = Independent(Normal(torch.zeros(2), scale), 1)
    assert deep_copy(distribution).base_dist.scale.dtype == torch.float64
    tied = nn.ModuleList([LINEAR, LINEAR])
    made = deep_copy(tied)
    assert made[0] is made[1]
    assert isinstance(made[0].weight, nn.Parameter)
    assert deep_copy(LINEAR, wide=False).weight.dtype == torch.float32


def test_what_cannot_be_copied_is_refused_by_its_name() -> None:
    class Held:
        def __init__(self) -> None:
            self.lock = threading.Lock()

    with pytest.raises(InputError, match=r"flow \(Held\) cannot be copied"):
        deep_copy(Held(), what="flow (Held)")


def test_random_states_are_put_back_whatever_draws() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    with random_states_kept(5):
        first = torch.rand(3), np.random.rand(3), random.random()
    with random_states_kept(5):
        second = torch.rand(3), np.random.rand(3), random.random()
    assert torch.equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[2] == second[2]
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])
    assert states[2] == random.getstate()


def test_factories_are_float64_inside_and_values_keep_their_digits() -> None:
    with Float64Factories():
        made = [torch.zeros(2), torch.randn(2), torch.tensor([0.1]), torch.full((1,), 0.1), torch.linspace(0, 0.3, 2)]
        assert {value.dtype for value in made} == {torch.float64}
        assert float(made[2]) == 0.1
        assert float(made[3]) == 0.1
        assert torch.arange(3).dtype == torch.int64
        assert torch.zeros(2, dtype=torch.float32).dtype == torch.float32
        assert torch.as_tensor(np.ones(2, np.float32)).dtype == torch.float32
    assert torch.zeros(2).dtype == torch.float32


def test_operations_are_counted_and_a_solvers_tolerance_is_seen() -> None:
    def many() -> None:
        for _ in range(20):
            torch.add(X, 1)

    assert operations(many) >= 20 * operations(lambda: torch.add(X, 1))

    class Solved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.atol, self.rtol, self.eps = 1e-6, 1e-5, 0.01

    assert solver_tolerance(nn.Sequential(Solved())) == 1e-5
    assert solver_tolerance(LINEAR) == 0


def test_the_state_of_a_function_is_that_of_the_modules_it_mentions() -> None:
    assert {name.partition(".")[2] for name in state_of(by_closure(LINEAR))} == {"weight", "bias"}
