"""A zoo of fits and scores: right ones, that no finding may refute, and wrong ones with the finding that has to refute them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

CENTRES = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])
SHARES = torch.tensor([0.7, 0.3])


def draws(n: int, seed: int, *, shares: Tensor = SHARES, centres: Tensor = CENTRES, scale: float = 1.0) -> Tensor:
    """Points of a mixture of two isotropic Gaussians in the plane."""
    generator = torch.Generator().manual_seed(seed)
    which = torch.multinomial(shares, n, replacement=True, generator=generator)
    return centres[which] + scale * torch.randn(n, 2, generator=generator)


DATA = draws(3000, 0)


def mixture(shares: Tensor = SHARES, scale: float = 1.0) -> MixtureSameFamily:
    """The same mixture as a distribution of torch."""
    return MixtureSameFamily(Categorical(shares), Independent(Normal(CENTRES, scale * torch.ones(2, 2)), 1))


class Sampler(nn.Module):
    """A generator without a density: normal noise through a layer, then one of two shifts."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(CENTRES.clone())

    def sample(self, n: int) -> Tensor:
        """Draws ``(n, 2)``."""
        return self.shift[torch.multinomial(SHARES, n, replacement=True)] + torch.randn(n, 2)


@dataclass(frozen=True)
class Fit:
    """A model, the data, and the findings that have to be REFUTED."""

    name: str
    model: Any
    data: Any = field(default_factory=lambda: DATA)
    refutes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


RIGHT_FITS = [
    Fit("samples of the same mixture", draws(3000, 1)),
    Fit("samples sorted by component, data too", draws(3000, 13).sort(0).values[:, :1], DATA.sort(0).values[:, :1]),
    Fit("NumPy samples", draws(2500, 2).double().numpy()),
    Fit("a torch mixture with log_prob and sample", mixture()),
    Fit("a module that samples", Sampler()),
    Fit("a sampler as a function", lambda n: draws(n, 3)),
    Fit("a log density alone", mixture().log_prob),
    Fit("a dict of samples and a log density", {"samples": draws(2000, 4), "log_prob": mixture().log_prob}),
    Fit(
        "one dimension",
        torch.randn(2000, generator=torch.Generator().manual_seed(5)),
        torch.randn(2000, generator=torch.Generator().manual_seed(6)),
    ),
    Fit(
        "a Gaussian in 8 dimensions, with draws",
        Independent(Normal(torch.zeros(8), 1.0), 1),
        torch.randn(2000, 8, generator=torch.Generator().manual_seed(25)),
    ),
    Fit("a kernel beyond [0, 1]", draws(3000, 26), options={"kernel": lambda a, b: (1 + a @ b.T) ** 2}),
]
WRONG_FITS = [
    Fit(
        "a Gaussian fitted by moments",
        MultivariateNormal(DATA.mean(0), torch.cov(DATA.T)),
        refutes=("MMD", "JSD by a classifier"),
    ),
    Fit("a mode dropped", draws(3000, 7, shares=torch.tensor([1.0, 0.0])), refutes=("mode coverage", "moments")),
    Fit(
        "99 % noise",
        lambda n: torch.where(torch.rand(n, 1) < 0.01, draws(n, 8), 20 * torch.randn(n, 2)),
        refutes=("mass away from the data",),
    ),
    Fit("modes with other weights", draws(3000, 9, shares=torch.tensor([0.3, 0.7])), refutes=("moments", "MMD")),
    Fit("too narrow", draws(3000, 10, scale=0.5), refutes=("MMD",)),
    Fit(
        "no density where data are",
        lambda x: torch.where(x[:, 0] > 0, mixture().log_prob(x), -math.inf),
        refutes=("held-out likelihood",),
    ),
    Fit("data with copies", draws(3000, 11), torch.cat([DATA, DATA[:50]]), refutes=("data",)),
    Fit(
        "a kernel that is none",
        draws(3000, 12),
        refutes=("kernel",),
        options={"kernel": lambda a, b: 1 - torch.cdist(a, b) / 4},
    ),
    Fit(
        "a kernel that is not symmetric",
        draws(3000, 27),
        refutes=("kernel",),
        options={"kernel": lambda a, b: torch.exp(-torch.cdist(a, b)) * (1 + a[:, :1].tanh() / 9) / 2},
    ),
    Fit("log p too large by 1/4 nat", lambda x: mixture().log_prob(x) + 0.25, refutes=("total mass",)),
    Fit(
        "log p too large by 1/4 nat, D = 8, with draws",
        {
            "log_prob": lambda x: Independent(Normal(torch.zeros(8).to(x), 1.0), 1).log_prob(x) + 0.25,
            "sampler": lambda n: torch.randn(n, 8),
        },
        torch.randn(2000, 8, generator=torch.Generator().manual_seed(25)),
        ("total mass",),
    ),
    Fit(
        "a forgotten log-determinant, D = 8, without draws",
        lambda x: Independent(Normal(torch.zeros(8).to(x), 1.0), 1).log_prob(x) + 8 * math.log(2),
        torch.randn(2000, 8, generator=torch.Generator().manual_seed(25)),
        ("total mass",),
    ),
]


# -- scores ----------------------------------------------------------------------------------------------------------------


def score_at(x: Tensor, alpha: Tensor | float = 1.0, shares: Tensor = SHARES) -> Tensor:
    """The score of the mixture, or of alpha x + sigma z with alpha^2 + sigma^2 = 1, whose components keep variance 1."""
    centres = CENTRES.to(x) * (alpha[:, None, None] if isinstance(alpha, Tensor) else alpha)
    away = centres - x[:, None]
    weights = torch.softmax(shares.to(x).log() - away.square().sum(-1) / 2, 1)
    return (weights[..., None] * away).sum(1)


def turn(x: Tensor) -> Tensor:
    """A rotation field."""
    return torch.stack([x[:, 1], -x[:, 0]], 1)


def schedule(t: float) -> tuple[float, float]:
    """alpha^2 + sigma^2 = 1, sigma^2 = t."""
    return math.sqrt(1 - t), math.sqrt(t)


def eps(x: Tensor, t: Tensor) -> Tensor:
    """eps-prediction: -sigma times the score."""
    return -t.sqrt()[:, None] * score_at(x, (1 - t).sqrt())


@dataclass
class Output:
    """What networks of diffusers return."""

    sample: Tensor


def v(x: Tensor, t: Tensor) -> Output:
    """v-prediction in diffusers' form: s = -(x + (alpha/sigma) v)."""
    return Output(-(score_at(x, (1 - t).sqrt()) + x) * (t / (1 - t)).sqrt()[:, None])


class Network(nn.Module):
    """The score as a module with a weight, in train() mode as it is made; with dropout if asked."""

    def __init__(self, factor: float = 1.0, dropout: float = 0.0, batch: bool = False) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.dropout = nn.Dropout(dropout)
        self.batch = batch

    def forward(self, x: Tensor) -> Tensor:
        """Vectors ``(N, 2)``."""
        away = x - x.mean(0) if self.batch else x
        return self.factor * self.dropout(score_at(away))


def in_place(x: Tensor) -> Tensor:
    """The score of a normal distribution, written over the points."""
    return x.mul_(-1)


@dataclass(frozen=True)
class Score:
    """A network with its conventions, and the findings that have to be REFUTED."""

    name: str
    network: Callable[..., Any]
    given: dict[str, Any] = field(default_factory=dict)
    refutes: tuple[str, ...] = ()
    data: Any = field(default_factory=lambda: DATA)


TIMED = {"noise": schedule, "times": (0.1, 0.5, 0.9)}
RIGHT_SCORES = [
    Score("the score as a function", score_at),
    Score("a module in train() mode", Network()),
    Score("score of (x, t)", lambda x, t: score_at(x, (1 - t).sqrt()), TIMED),
    Score("eps-prediction", eps, {**TIMED, "prediction": "eps"}),
    Score("v-prediction in diffusers' form", v, {**TIMED, "prediction": "v"}),
    Score(
        "normal data in 80 dimensions",
        lambda x: -x,
        data=torch.randn(1500, 80, generator=torch.Generator().manual_seed(1)),
    ),
    Score(
        "images of 2 x 2 x 2 numbers",
        lambda x: -x,
        data=torch.randn(1500, 2, 2, 2, generator=torch.Generator().manual_seed(2)),
    ),
    Score("a line", lambda x: -x, data=torch.randn(1500, generator=torch.Generator().manual_seed(3))),
    Score("a score that is detached", lambda x: score_at(x).detach()),
    Score("a score under no_grad", torch.no_grad()(score_at)),
    Score("a score of which half is detached", lambda x: (score_at(x) + score_at(x).detach()) / 2),
    Score("a score by way of NumPy", lambda x: torch.from_numpy(score_at(x).detach().numpy())),
    Score(
        "a network that works in place",
        in_place,
        data=torch.randn(1500, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4)),
    ),
]
WRONG_SCORES = [
    Score("twice the score", Network(2.0), refutes=("Stein's identity",)),
    Score("twice the score, detached", lambda x: 2 * score_at(x).detach(), refutes=("Stein's identity",)),
    Score("a rotation added, detached", lambda x: (score_at(x) + 0.3 * turn(x)).detach(), refutes=("gradient field",)),
    Score("a rotation added", lambda x: score_at(x) + 0.3 * turn(x), refutes=("gradient field",)),
    Score(
        "other weights of the modes",
        lambda x: score_at(x, shares=torch.tensor([0.3, 0.7])),
        refutes=("implied density",),
    ),
    Score("eps taken for the score", eps, TIMED, ("denoising identity",)),
    Score("the sign of eps", lambda x, t: -eps(x, t), {**TIMED, "prediction": "eps"}, ("denoising identity",)),
    Score(
        "another noise level",
        eps,
        {"noise": lambda t: schedule(t / 2), "times": (0.5,), "prediction": "eps"},
        ("denoising identity",),
    ),
    Score("a network that returns zeros", torch.zeros_like, refutes=("rows on their own",)),
    Score("statistics of the batch", Network(batch=True), refutes=("rows on their own",)),
    Score(
        "an untrained network",
        nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2)),
        refutes=("Stein's identity",),
    ),
    Score(
        "Exp(1), flux through 0",
        lambda x: -torch.ones_like(x) + 0 * x,
        refutes=("Stein's identity",),
        data=torch.from_numpy(np.random.default_rng(0).exponential(size=2000)),
    ),
]
