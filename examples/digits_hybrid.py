"""One invertible network that classifies handwritten digits and gives their density: what the weight on log p(x) does to both.

The features z = f(x) of a coupling flow are read by a linear classifier, and give log p(x) = log N(z) + log|det df/dx| (hybrid models with deep and
invertible features, Nalisnick et al. 2019). Training maximises log p(y|x) + lambda log p(x). With D = 64 pixels the naive lambda = 1 lets the image pull
many times as hard as the label; mixing the conditional with the joint by l is lambda = l, mixing it with the marginal is lambda = l/(1-l).

Run ``python examples/digits_hybrid.py`` for the two held-out losses over lambda, three seeds each (a minute or two), or ``preality audit hybrid
examples/digits_hybrid.py``, which reads ``model``, ``x`` and ``y`` below and audits the network as it is made, before training.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

D, K, TRAINED_ON, BATCH = 64, 10, 1200, 200
WEIGHTS = {
    "classifier alone": 0.0,
    "lambda = 1/D": 1 / D,
    "convex with the marginal, l = 0.1": 0.1 / 0.9,
    "convex with the joint, l = 0.5": 0.5,
    "naive": 1.0,
}


class Coupling(nn.Module):
    """Half of the coordinates are scaled and shifted by what the other half says."""

    def __init__(self, even: bool, width: int = 64) -> None:
        super().__init__()
        self.even = even
        self.net = nn.Sequential(nn.Linear(D // 2, width), nn.ReLU(), nn.Linear(width, D))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x and log|det|."""
        kept, moved = (x[:, ::2], x[:, 1::2]) if self.even else (x[:, 1::2], x[:, ::2])
        scale, shift = self.net(kept).chunk(2, 1)
        scale = 1.5 * torch.tanh(scale / 1.5)
        moved = moved * scale.exp() + shift
        pair = (kept, moved) if self.even else (moved, kept)
        return torch.stack(pair, 2).flatten(1), scale.sum(1)


class HybridFlow(nn.Module):
    """Features by four couplings, a linear classifier on them, and their density."""

    def __init__(self) -> None:
        super().__init__()
        self.couplings = nn.ModuleList([Coupling(bool(k % 2)) for k in range(4)])
        self.label = nn.Linear(D, K)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, shape (N, 10), and log p(x) in nats, shape (N,)."""
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for coupling in self.couplings:
            x, part = coupling(x)
            log_det = log_det + part
        return self.label(x), -(x**2).sum(1) / 2 - D * math.log(2 * math.pi) / 2 + log_det


@dataclass(frozen=True)
class Digits:
    """Dequantised digits (N, 64) and labels, to train on and held out."""

    x: Tensor
    y: Tensor
    held_x: Tensor
    held_y: Tensor


def data(seed: int = 0) -> Digits:
    """All ten digits, pixels 0..16 dequantised: (k + u)/17, logit, divided by two, plus one half."""
    digits = load_digits()
    generator = torch.Generator().manual_seed(seed)
    pixels, labels = torch.tensor(digits.data), torch.tensor(digits.target)
    u = torch.rand(pixels.shape, generator=generator, dtype=torch.float64).clamp(2.0**-40, 1 - 2.0**-40)
    x = ((torch.logit((pixels + u) / 17) + 1) / 2).float()
    order = torch.randperm(len(x), generator=generator)
    train, held = order[:TRAINED_ON], order[TRAINED_ON:]
    return Digits(x[train], labels[train], x[held], labels[held])


def untrained(seed: int = 0) -> HybridFlow:
    """The network as it is made, seeded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return HybridFlow()


def losses(network: HybridFlow, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Mean -log p(y|x) and -log p(x) in nats."""
    logits, log_px = network(x)
    return nn.functional.cross_entropy(logits, y), -log_px.mean()


def train(weight: float, seed: int = 0, epochs: int = 30) -> HybridFlow:
    """Adam on log p(y|x) + weight log p(x)."""
    digits, network = data(seed), untrained(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(TRAINED_ON, generator=generator).split(BATCH):
            label, image = losses(network, digits.x[rows], digits.y[rows])
            optimiser.zero_grad()
            ((label + weight * image) / (1 + weight)).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
    return network.eval()


@dataclass(frozen=True)
class Outcome:
    """Held-out losses in nats and accuracy for one weight, over seeds: mean and half of the range."""

    name: str
    weight: float
    label: tuple[float, float]
    image: tuple[float, float]
    accuracy: tuple[float, float]


def _spread(values: list[float]) -> tuple[float, float]:
    return sum(values) / len(values), (max(values) - min(values)) / 2


def sweep(seeds: tuple[int, ...] = (0, 1, 2), epochs: int = 30) -> list[Outcome]:
    """Each weight with each seed."""
    outcomes = []
    for name, weight in WEIGHTS.items():
        found = []
        for seed in seeds:
            digits, network = data(seed), train(weight, seed, epochs)
            with torch.no_grad():
                label, image = losses(network, digits.held_x, digits.held_y)
                right = (network(digits.held_x)[0].argmax(1) == digits.held_y).float().mean()
            found.append((float(label), float(image), float(right)))
        outcomes.append(Outcome(name, weight, *(_spread([row[k] for row in found]) for k in range(3))))
    return outcomes


_digits = data()
model, x, y = untrained(), _digits.x[:512], _digits.y[:512]
subject = "a hybrid flow of digits, untrained"

if __name__ == "__main__":
    from proofs_checks.audits.hybrid import audit_hybrid

    print(audit_hybrid(model, x, y, subject=subject).text(), "\n")
    started = time.perf_counter()
    for it in sweep():
        print(
            f"{it.name:<34} lambda {it.weight:.3f}   -log p(y|x) {it.label[0]:.3f} +- {it.label[1]:.3f}   "
            f"-log p(x) {it.image[0]:7.2f} +- {it.image[1]:.2f}   accuracy {it.accuracy[0]:.3f} +- {it.accuracy[1]:.3f}"
        )
    print(
        f"\nTrained {3 * len(WEIGHTS)} networks in {time.perf_counter() - started:.0f} s; spreads are half of the range over three seeds."
    )
