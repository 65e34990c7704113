"""The claim about classifiers far away, on networks that a user hands in; and what is no such network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from proofs_checks.run.interactive import Catalogue

CLAIMS = Catalogue(plugins=False)
CLAIM, FEATURES = CLAIMS["hybrid.overconfident-discriminator"], CLAIMS["hybrid.invertible-features"]


def chain(*sizes: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [part for n, m in zip(sizes[:-1], sizes[1:], strict=True) for part in (nn.Linear(n, m), nn.ReLU())]  # noqa: RUF007
    return nn.Sequential(*layers[:-1])


def test_a_users_network_is_certain_far_away() -> None:
    result = CLAIM.check(network=chain(3, 16, 16, 4), route="numeric")
    assert result.status is Status.HOLDS, result


def test_a_linear_classifier_is_one_layer() -> None:
    assert CLAIM.check(network=nn.Sequential(nn.Linear(5, 3, bias=False)), route="numeric").status is Status.HOLDS


def test_a_network_that_falls_silent_everywhere_meets_no_hypothesis() -> None:
    network = chain(3, 8, 2)
    with torch.no_grad():
        network[2].weight.zero_()
    assert CLAIM.check(network=network, route="numeric").status is Status.INAPPLICABLE


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Linear(2, 2), "nn.Sequential"),
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)), "Tanh as number 1"),
        (nn.Sequential(nn.Linear(2, 1)), "two logits"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "ends with a linear layer"),
    ],
)
def test_what_is_no_piecewise_linear_chain_is_refused(network: nn.Module, words: str) -> None:
    with pytest.raises(InputError, match=words):
        CLAIM.check(network=network, route="numeric")


def branch(scale: float, last: nn.Module | None = None) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3), *([last] if last else []))
    with torch.no_grad():
        for layer in (network[0], network[2]):
            layer.weight.mul_(scale / torch.linalg.matrix_norm(layer.weight, 2))
    return network


def test_a_users_block_that_contracts_is_certified_and_inverted() -> None:
    network = branch(0.9)
    assert FEATURES.check(network=network, route="numeric").status is Status.HOLDS
    assert network[0].weight.dtype == torch.float32


def test_a_block_that_is_not_certified_meets_no_hypothesis() -> None:
    result = FEATURES.check(network=branch(1.1), route="numeric")
    assert result.status is Status.INAPPLICABLE
    assert "below 1" in str(result)


@pytest.mark.parametrize("network", [nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Tanh())])
def test_what_is_no_branch_is_refused(network: nn.Module) -> None:
    with pytest.raises(InputError, match="branch g"):
        FEATURES.check(network=network, route="numeric")


def test_an_activation_without_a_known_constant_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="layer 3 is a Softmax"):
        FEATURES.check(network=branch(0.9, nn.Softmax(1)), route="numeric")
