"""The claim about classifiers far away, on networks that a user hands in; and what is no such network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from proofs_checks.run.interactive import Catalogue

CLAIM = Catalogue(plugins=False)["hybrid.overconfident-discriminator"]


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
