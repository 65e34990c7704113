"""Hybrid models, p(y|x) and p(x) in one module, right ones and wrong ones, in the forms in which people write them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

D, K = 6, 3


class Trunk(nn.Module):
    """A trunk with a classifier and a density about a mean that the trunk's bias moves."""

    def __init__(self, normalise: nn.Module | None = None) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(D, D), normalise or nn.Identity(), nn.Tanh())
        self.label = nn.Linear(D, K)

    def density(self, x: Tensor) -> Tensor:
        """A Gaussian about the trunk's first bias."""
        return -((x - self.trunk[0].bias) ** 2).sum(1) / 2 - D * math.log(2 * math.pi) / 2

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return self.label(self.trunk(x)), self.density(x)


class Classes(nn.Module):
    """A Gaussian for each label."""

    def __init__(self) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.randn(K, D))

    def joint(self, x: Tensor) -> Tensor:
        """log p(x, y) for labels of equal mass."""
        return -((x[:, None] - self.means) ** 2).sum(-1) / 2 - D * math.log(2 * math.pi) / 2 - math.log(K)

    def logits(self, x: Tensor) -> Tensor:
        """log p(x, y), whose softmax is p(y|x)."""
        return self.joint(x)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x)."""
        return self.joint(x).logsumexp(1)


class Dictionary(Trunk):
    """Both heads in a dict."""

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return {"logits": self.label(self.trunk(x)), "log_prob": self.density(x)}


class Binary(Trunk):
    """One logit."""

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return self.label(self.trunk(x))[:, 0], self.density(x)


class Detached(Trunk):
    """A density that is cut off from the trunk."""

    def density(self, x: Tensor) -> Tensor:
        """A Gaussian about a constant."""
        return -((x - self.trunk[0].bias.detach()) ** 2).sum(1) / 2


class InPlace(Trunk):
    """A trunk that rescales the points where they lie."""

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return super().forward(x.mul_(0.5))


class BatchStatistics(Trunk):
    """A trunk normalised by the batch at hand, in eval() mode too."""

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return self.label(self.trunk(x - x.mean(0))), self.density(x)


class Summed(Trunk):
    """log p(x) averaged over the batch and handed to each row."""

    def density(self, x: Tensor) -> Tensor:
        """The same number for all."""
        return super().density(x).mean().expand(len(x))


class Noisy(Trunk):
    """Noise on the features, in eval() mode too."""

    def forward(self, x: Tensor) -> Any:
        """Both heads."""
        return self.label(self.trunk(x + 0.1 * torch.randn_like(x))), self.density(x)


class Loud(Trunk):
    """log p(x) in units a thousand times too large."""

    def density(self, x: Tensor) -> Tensor:
        """A thousand Gaussians."""
        return 1e4 * super().density(x)


@dataclass(frozen=True)
class Animal:
    """A model, what is given with it, and the findings of which one is REFUTED (for a right one: none)."""

    name: str
    make: Callable[[], nn.Module]
    refutes: tuple[str, ...] = ()
    given: dict[str, Any] | None = None


def pair(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Heads of a module list."""
    return model[0](x), model[1](x)[:, 0]  # type: ignore[index]


RIGHT = (
    Animal("a trunk with two heads", Trunk),
    Animal("batch norm with running statistics", lambda: Trunk(nn.BatchNorm1d(D))),
    Animal("dropout, in train() mode", lambda: Trunk(nn.Dropout(0.5)).train()),
    Animal("layer norm", lambda: Trunk(nn.LayerNorm(D))),
    Animal("a Gaussian for each label, by methods", Classes),
    Animal("both heads in a dict", Dictionary),
    Animal("one logit for two labels", Binary, (), {"weight": 0.1}),
    Animal(
        "two modules in a list, heads=", lambda: nn.ModuleList([nn.Linear(D, K), nn.Linear(D, 1)]), (), {"heads": pair}
    ),
    Animal("a density that is detached: nothing shared", Detached),
    Animal("a module that works in place", InPlace),
)
WRONG = (
    Animal("features less the batch's mean", BatchStatistics, ("rows on their own",)),
    Animal("log p(x) averaged over the batch", Summed, ("rows on their own",)),
    Animal(
        "batch norm without running statistics",
        lambda: Trunk(nn.BatchNorm1d(D, track_running_stats=False)),
        ("rows on their own",),
    ),
    Animal("noise on the features", Noisy, ("same value twice",)),
    Animal("log p(x) ten thousand times too large", Loud, ("balance at your lambda",)),
)
