"""Score networks of two moons and of scikit-learn's digits, trained by denoising: a network that is free, and one that is a gradient.

    python examples/score_networks.py                  trains four networks (about a minute on two cores) and prints four audits
    preality audit score examples/score_networks.py    the first of them, through the command line

A free network with one output a coordinate is never exactly the gradient of a log density; how far it is from one is measured here. A network that is
the gradient of another one has no defect, at about three times the cost. Both have to satisfy the denoising identity at the noise that they were trained with.
"""

from __future__ import annotations

from functools import cache

import torch
from sklearn.datasets import load_digits, make_moons
from torch import Tensor, nn

from proofs_checks.audits.score import audit_score
from proofs_checks.findings import AuditReport

HIDDEN, STEPS, BATCH = 64, 600, 128
NOISE = {"moons": 0.3, "digits": 0.5}

sigma = NOISE["moons"]
subject = "a free network of two moons"


class Free(nn.Module):
    """A score with one output a coordinate."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Vectors ``(N, D)``."""
        return self.net(x)


class Gradient(nn.Module):
    """A score that is the gradient of a network with one output, less the point itself, which keeps the density normalisable."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Vectors ``(N, D)``, with their own graph where the caller differentiates."""
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            point = x if x.requires_grad else x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.net(point).sum(), point, create_graph=wanted)
        return slope - x


@cache
def rows_of(name: str) -> Tensor:
    """Standardised moons ``(4000, 2)``, or digits ``(1797, 64)`` with shades about 0."""
    if name == "moons":
        found = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0])
        return (found - found.mean(0)) / found.std(0)
    return torch.tensor(load_digits().data / 8.0 - 1.0)


@cache
def trained(name: str, kind: str, seed: int = 0, steps: int = STEPS) -> nn.Module:
    """A network trained on every second point by denoising, in float64; a function of the seed on one machine."""
    rows = rows_of(name)[::2].float()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = {"free": Free, "gradient": Gradient}[kind](rows.shape[1])
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    level = NOISE[name]
    with torch.enable_grad():
        for _ in range(steps):
            x = rows[torch.randint(len(rows), (BATCH,), generator=generator)]
            z = torch.randn(x.shape, generator=generator)
            loss = (level * model(x + level * z) + z).square().sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            plan.step()
    return model.double().eval()


def score(x: Tensor) -> Tensor:
    """The free network of the moons."""
    return trained("moons", "free")(x)


data = rows_of("moons")[1::2]  # points that no network was trained on


def audits() -> list[AuditReport]:
    """Both kinds on both data."""
    return [
        audit_score(trained(name, kind), rows_of(name)[1::2], sigma=NOISE[name], subject=f"a {kind} network of {name}")
        for name in NOISE
        for kind in ("free", "gradient")
    ]


def main() -> None:
    """Train and print."""
    for report in audits():
        print(report.text(), end="\n\n")


if __name__ == "__main__":
    main()
