"""A zoo of decoders with priors and data: right ones, that no finding may refute, and wrong ones with the finding that has to refute them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, Uniform

SEEDED = torch.Generator().manual_seed(0)
W = torch.randn(6, 2, generator=SEEDED, dtype=torch.float64) / 2
CODES = torch.randn(80, 2, generator=SEEDED, dtype=torch.float64)
DATA = CODES @ W.T + 0.3 * torch.randn(80, 6, generator=SEEDED, dtype=torch.float64)
TRAIN = torch.randn(200, 2, generator=SEEDED, dtype=torch.float64) @ W.T + 0.3 * torch.randn(200, 6, generator=SEEDED, dtype=torch.float64)  # fmt: skip
PRECISION = torch.eye(2, dtype=torch.float64) + W.T @ W / 0.09
SMALL = {"samples": 1 << 12, "calls": 40}


def linear(z: Tensor) -> Tensor:
    """A linear decoder of two codes into six pixels."""
    return z @ W.T.to(z)


def posterior(x: Tensor) -> MultivariateNormal:
    """The exact posterior of the linear decoder at noise 0.3."""
    return MultivariateNormal(x @ W / 0.09 @ torch.linalg.inv(PRECISION), precision_matrix=PRECISION)


def narrow(x: Tensor) -> Normal:
    """An encoder a hundredth of the right width, and off centre."""
    return Normal(posterior(x).mean + 0.7, 0.002)


class Net(nn.Module):
    """A small decoder, in train() mode as it comes."""

    def __init__(self, last: nn.Module | None = None) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.layers = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 6))
        self.last = last or nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        return self.last(self.layers(3 * z))


def with_net(noise: float = 0.1) -> Tensor:
    """Data of that decoder."""
    with torch.no_grad():
        return Net().eval()(CODES.float()).double() + noise * torch.randn(
            80, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64
        )


def bits() -> Tensor:
    """Binary data of a decoder's own."""
    return torch.bernoulli(linear(CODES).sigmoid(), generator=torch.Generator().manual_seed(4))


@dataclass(frozen=True)
class Model:
    """A decoder with its prior, and the findings that have to be REFUTED."""

    name: str
    decoder: Any
    prior: Any = 2
    data: Any = field(default_factory=lambda: DATA)
    refutes: tuple[str, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)


RIGHT = [
    Model("a linear decoder and its exact posterior", linear, given={"distortion": "half squared", "encoder": posterior, "betas": [1.0, 4.0, 1 / 0.09]}),
    Model("a generator without an encoder", Net(), data=with_net()),
    Model("a decoder that returns a Gaussian of one scale", lambda z: Independent(Normal(linear(z), 0.3), 1)),
    Model("a decoder that returns Bernoulli probabilities", lambda z: Bernoulli(logits=linear(z)), data=bits()),
    Model("a uniform box as the prior", linear, Uniform(-2 * torch.ones(2), 2 * torch.ones(2)), given={"distortion": "mean squared"}),
    Model("a decoder in NumPy, without gradients", lambda z: np.asarray(z.detach()) @ W.T.numpy()),
    Model("absolute errors", linear, given={"distortion": "absolute"}),
    Model("a distortion of one's own with a lower bound", linear, given={"distortion": lambda x, y: (x - y).square().sum(1) - 5.0, "lower": -5.0}),
    Model("a code book with even masses on even data", lambda z: z, torch.eye(4).double(), torch.eye(4).double().repeat(2, 1)),
    Model("half of a code book of four unused, the rest as the data want it", lambda z: z, (torch.eye(4).double(), torch.tensor([0.5, 0.5, 0.0, 0.0])), torch.eye(4).double()[:2].repeat(2, 1)),
]  # fmt: skip

WRONG = [
    Model("a constant decoder", lambda z: 0 * z[:, :1] + torch.ones(6), refutes=("the decoder uses its code",)),
    Model("a constant code book", lambda z: torch.ones(len(z), 6).double(), torch.eye(4).double(), refutes=("the decoder uses its code",)),
    Model("a third code unit that is ignored", lambda z: linear(z[:, :2]), 3, refutes=("every code unit is used",)),
    Model("an encoder that is narrow and off centre", linear, refutes=("the encoder is on the curve",), given={"distortion": "half squared", "encoder": narrow}),
    Model(
        "an encoder beyond the prior's box", linear, Uniform(-torch.ones(2), torch.ones(2)), refutes=("the encoder is on the curve",), given={"encoder": lambda x: Normal(posterior(x).mean, 1.0)},
    ),
    Model("a prior fifty times too wide", linear, Normal(torch.zeros(2), 50.0), refutes=("no other prior saves a quarter nat",), given={"train": TRAIN, "betas": [0.1, 0.3, 1.0], "samples": 1 << 16}),
    Model("masses of a code book that the data do not want", lambda z: z, (torch.eye(4).double(), torch.tensor([0.1, 0.1, 0.1, 0.7])), torch.eye(4).double().repeat(2, 1), refutes=("no other prior saves a quarter nat",), given={"betas": [1.0, 4.0, 9.0]}),
    Model("one datum forty times", linear, data=DATA[:2].repeat(40, 1), refutes=("what the numbers speak of", "no other prior saves a quarter nat")),
]  # fmt: skip
