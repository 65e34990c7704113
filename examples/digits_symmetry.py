"""Handwritten digits under shifts in two directions: which encoders give each direction a subspace of its own, and what a symmetry cannot do for anomalies.

The 8 x 8 digits of scikit-learn are shifted on a torus, so that the two shifts have order 8 and commute exactly: 64 images an orbit. Six encoders are audited:
the pixels, a random projection, an autoencoder trained on shifted digits, a linear encoder trained on pairs before and after a shift (its code as it
comes, and rotated), the sums of rows and of columns, which need no training, and the mean, which encodes nothing.

Then a flow of upright digits is shown the same digits turned by a quarter. Equivariant bijections give the averaged model any invariant score; the score within
orbits, which compares an image with its own turned versions, they leave alone.

Run ``python examples/digits_symmetry.py`` (a minute), or ``preality audit disentangled examples/digits_symmetry.py``, which reads ``encoder``, ``transforms``,
``objects`` and ``tolerance`` below.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import sys
import time
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

SIDE, HELD, STEPS = 8, 24, 1200


def digits() -> Tensor:
    """All digits, shape (1797, 8, 8), float64 in [0, 1], in a fixed random order."""
    images = torch.tensor(load_digits().images, dtype=torch.float64) / 16
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]


def down(images: Tensor) -> Tensor:
    """One row down, the last row becoming the first."""
    return images.roll(1, 1)


def right(images: Tensor) -> Tensor:
    """One column to the right."""
    return images.roll(1, 2)


transforms = {"down": (down, SIDE), "right": (right, SIDE)}
objects = digits()[-HELD:]
tolerance = 0.01  # of the norm of the codes


def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image shifted by its own random amounts."""
    rows, columns = (torch.randint(SIDE, (len(images), 1, 1), generator=generator) for _ in range(2))
    index = torch.arange(SIDE)
    i, j = (index[None, :, None] - rows) % SIDE, (index[None, None, :] - columns) % SIDE
    return images[torch.arange(len(images))[:, None, None], i, j]


def batches(steps: int, seed: int, size: int = 256):
    """Random shifted digits, none of those that are audited."""
    generator = torch.Generator().manual_seed(seed)
    known = digits()[:-HELD]
    for _ in range(steps):
        yield shifted(known[torch.randint(len(known), (size,), generator=generator)], generator)


def autoencoder(seed: int = 0, steps: int = STEPS) -> nn.Module:
    """The encoder of an autoencoder with ten numbers in between, trained on shifted digits."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encode = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 10)).double()
        decode = nn.Sequential(nn.Linear(10, 128), nn.SiLU(), nn.Linear(128, 64)).double()
    optimiser = torch.optim.Adam([*encode.parameters(), *decode.parameters()], 2e-3)
    for images in batches(steps, seed):
        loss = (decode(encode(images)) - images.flatten(1)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return encode.eval()


def turn(plane: int) -> Tensor:
    """A rotation by an eighth of one of two planes."""
    out, angle = torch.eye(4, dtype=torch.float64), 2 * math.pi / SIDE
    c, s = math.cos(angle), math.sin(angle)
    out[2 * plane : 2 * plane + 2, 2 * plane : 2 * plane + 2] = torch.tensor([[c, -s], [s, c]])
    return out


def trained_on_pairs(seed: int = 0, steps: int = STEPS) -> nn.Module:
    """A linear encoder for which a shift down turns one plane and a shift to the right another, in the least squares of pairs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encode = nn.Sequential(nn.Flatten(), nn.Linear(64, 4, bias=False)).double()
    optimiser = torch.optim.Adam(encode.parameters(), 3e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-2, total_steps=steps)
    for images in batches(steps, seed + 1):
        code = encode(images)
        loss = sum((encode(move(images)) - code @ turn(k).T).square().mean() for k, move in enumerate((down, right)))
        scale = code.reshape(-1, 2, 2).square().mean((0, 2))  # neither plane may collapse
        loss = loss / scale.mean() + (scale.log() ** 2).sum() * 1e-2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return encode.eval()


class Sums(nn.Module):
    """Sums of rows and of columns."""

    def forward(self, images: Tensor) -> Tensor:
        """Codes of shape (N, 16)."""
        return torch.cat([images.sum(2), images.sum(1)], 1)


def encoders() -> dict[str, nn.Module]:
    """What is audited, by name."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        projection = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False)).double().eval()
        rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    pairs = trained_on_pairs()
    rotated = nn.Sequential(*pairs, nn.Linear(4, 4, bias=False).double()).eval()
    with torch.no_grad():
        rotated[-1].weight.copy_(rotation)
    return {
        "pixels": nn.Flatten().eval(),
        "random projection": projection,
        "autoencoder": autoencoder(),
        "trained on pairs": pairs,
        "trained on pairs, rotated": rotated,
        "row and column sums": Sums().eval(),
        "mean": nn.Sequential(nn.AvgPool2d(SIDE), nn.Flatten()).eval(),
    }


@functools.cache
def _pairs() -> nn.Module:
    return trained_on_pairs()


def encoder(images: Tensor) -> Tensor:
    """The encoder trained on pairs, trained when it is first asked for."""
    return _pairs()(images)


def quarter_turn() -> Tensor:
    """Turning an 8 x 8 image by a quarter, as a permutation of its 64 pixels."""
    return torch.rot90(torch.arange(64).reshape(SIDE, SIDE)).flatten()[None]


def flow_of_digits():
    """The module examples/digits_flow.py, beside this file."""
    spec = importlib.util.spec_from_file_location("digits_flow", Path(__file__).with_name("digits_flow.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_flow"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    from preality import audit

    started = time.perf_counter()
    print(f"{'encoder':<28}{'interaction':>12}{'distance':>10}{'rank':>6}  status")
    for name, made in encoders().items():
        report = audit.disentangled(encoder=made, transforms=transforms, objects=objects, tolerance=tolerance)
        facts = report.facts
        share, near = facts.get("interaction_share", 0.0), facts.get("distance", 0.0)
        print(f"{name:<28}{share:>12.4f}{near:>10.4f}{facts['ranks']['codes']:>6}  {report.status}")
    print(f"\nTrained and audited in {time.perf_counter() - started:.0f} s.\n")
    started = time.perf_counter()
    example = flow_of_digits()
    upright = example.inliers[:64]
    turned = example.inliers[64:][:, quarter_turn()[0]]
    report = audit.density(example.log_prob(), upright, turned, group=quarter_turn(), points=24, seconds=60.0)
    print(
        "\n".join(
            f"{f.status:<13} {f.name:<30} {f.text}"
            for f in report.findings
            if "equivariantly" in f.name or "orbit" in f.name or "averaged" in f.name
        )
    )
    print(f"\nIn {time.perf_counter() - started:.0f} s.")
