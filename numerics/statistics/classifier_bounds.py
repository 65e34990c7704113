r"""Bounds on JSD and total variation of two samples by a classifier: trained on one
half, read on the other, valid whatever it learned.

For every c with values in [d, 1 - d]: :math:`\mathrm{JSD}(p, q) \ge \log 2 + \tfrac12
E_p\log c + \tfrac12 E_q\log(1 - c)`, and for every set A
:math:`\mathrm{TV}(p, q) \ge p(A) - q(A)`. The means on the held-out half are off by
Hoeffding's radius at most, except with the probability given.

Source: Nguyen, Wainwright, Jordan 2010; Goodfellow et al. 2014, theorem 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = ["ClassifierBounds", "classifier_bounds", "hoeffding_radius"]

CLIP = 0.02
FEATURES = 256
RIDGE = 1e-3


@dataclass(frozen=True)
class ClassifierBounds:
    """Estimates on the held-out halves and what they show, nats: ``jsd_low <= JSD``,
    ``tv_low <= TV``, at the level asked for; the estimate's standard error."""

    jsd: float
    jsd_low: float
    tv: float
    tv_low: float
    held_out: tuple[int, int]
    error: float


def hoeffding_radius(n: int, width: float, level: float) -> float:
    """One-sided: a mean of n values in an interval of that width exceeds its
    expectation by more with probability at most ``level``.

    >>> round(hoeffding_radius(100, 1.0, 0.05), 4)
    0.1224
    """
    return width * math.sqrt(math.log(1 / level) / (2 * n))


def classifier_bounds(first: Tensor, second: Tensor, stream: Stream, *, level: float = 1e-6) -> ClassifierBounds:
    """A logistic regression on random Fourier features and squares of the standardised
    points, by Newton's method.

    Args:
        first: Points ``(n, D)``. second: ``(m, D)``; at least four each.
        level: Probability that a bound fails.
    Raises:
        ValueError: fewer than four points.

    >>> x = Stream(0).normal(8000, 1)
    >>> found = classifier_bounds(x, x + 10, Stream(1))
    >>> found.jsd_low > 0.5, found.tv_low > 0.9
    (True, True)
    """
    if min(len(first), len(second)) < 4:
        raise ValueError(f"Expected at least four points of each sample, got {len(first)} and {len(second)}.")
    halves = []
    for sample in (first, second):
        order = stream.permutation(len(sample)).to(sample.device)
        half = len(sample) // 2
        halves.append((sample[order[:half]].double(), sample[order[half:]].double()))
    train = torch.cat([halves[0][0], halves[1][0]])
    labels = torch.cat([torch.ones(len(halves[0][0])), torch.zeros(len(halves[1][0]))]).to(train)
    weight = torch.where(labels > 0, 0.5 / labels.sum(), 0.5 / (1 - labels).sum())
    features = _Features(train, stream)
    beta = _newton(features(train), labels, weight)
    values = [torch.sigmoid(features(held) @ beta).clamp(CLIP, 1 - CLIP) for _, held in halves]
    jsd = math.log(2) + float(values[0].log().mean()) / 2 + float((1 - values[1]).log().mean()) / 2
    tv = float((values[0] > 0.5).double().mean() - (values[1] > 0.5).double().mean())
    width = math.log((1 - CLIP) / CLIP) / 2
    n, m = len(values[0]), len(values[1])
    off = hoeffding_radius(n, width, level / 2) + hoeffding_radius(m, width, level / 2)
    off_tv = hoeffding_radius(n, 1.0, level / 2) + hoeffding_radius(m, 1.0, level / 2)
    error = math.sqrt(float(values[0].log().var()) / n + float((1 - values[1]).log().var()) / m) / 2
    return ClassifierBounds(jsd, max(0.0, jsd - off), tv, max(0.0, tv - off_tv), (n, m), error)


class _Features:
    """1, x, x^2 and cosines of random directions, of points standardised by the
    training half."""

    def __init__(self, train: Tensor, stream: Stream) -> None:
        self.mean, scale = train.mean(0), train.std(0)
        self.scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        dim = train.shape[1]
        lengths = 2.0 ** (torch.arange(FEATURES) % 4 - 2).to(train)
        self.frequencies = stream.normal(dim, FEATURES).to(train) / (lengths * math.sqrt(dim))
        self.phases = 2 * math.pi * stream.uniform(FEATURES).to(train)

    def __call__(self, x: Tensor) -> Tensor:
        z = (x - self.mean) / self.scale
        waves = torch.cos(z @ self.frequencies + self.phases) * math.sqrt(2.0 / FEATURES)
        return torch.cat([torch.ones_like(z[:, :1]), z, z.square(), waves], 1)


def _newton(features: Tensor, labels: Tensor, weight: Tensor, steps: int = 12) -> Tensor:
    """Ridge logistic regression; every step is halved until it helps."""
    ridge = RIDGE * torch.ones(features.shape[1], dtype=features.dtype, device=features.device)
    beta = torch.zeros_like(ridge)

    def loss(at: Tensor) -> float:
        logits = features @ at
        return float(
            (weight * (torch.nn.functional.softplus(logits) - labels * logits)).sum() + (ridge * at.square()).sum() / 2
        )

    value = loss(beta)
    for _ in range(steps):
        p = torch.sigmoid(features @ beta)
        slope = features.mT @ (weight * (p - labels)) + ridge * beta
        curvature = (features * (weight * p * (1 - p))[:, None]).mT @ features + torch.diag(ridge)
        step = torch.linalg.solve(curvature, slope)
        size = 1.0
        while size > 1e-3 and loss(beta - size * step) > value:
            size /= 2
        beta = beta - size * step
        after = loss(beta)
        if value - after < 1e-8:
            break
        value = after
    return beta
