"""A flow of handwritten digits, and what its density says about outliers: anything one likes.

A normalising flow is trained on the digits 0 to 4 of scikit-learn's 8 x 8 digits and shown the digits 5 to 9. Then the audit builds, around the same
trained weights, bijections of the pixels after which the same model of the same data has AUROC 1/2, one minus what it had, 1, 0 and 3/4. Nothing was
retrained and no information was lost: a bijection has an inverse.

The pixels are whole numbers 0..16, which no density describes. They are dequantised: with u uniform on (0, 1), a pixel k becomes (k + u)/17, then its
logit, then (logit + 1)/2, which puts nearly all of it into [-5, 5]. Every density here is that of the dequantised numbers.

The flow is a neural spline flow. Its knots are kinks of log p along every fibre: the audit splits its panels there, and states what that leaves.
``train(spline=False)`` fits an affine autoregressive flow with smooth activations, on which few panels reach 1e-8 nats.

Run ``python examples/digits_flow.py``, or ``preality audit density examples/digits_flow.py``, which reads the names ``log_prob``, ``inliers``,
``outliers`` and ``score`` below. The flow is trained when it is first asked for (ten seconds; the audit takes about as long).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import zuko
from sklearn.datasets import load_digits
from torch import Tensor

TRAINED_ON = 600  # of the 901 digits 0..4; the rest are the inliers of the audit
HELD = 128  # inliers, and as many outliers
AUDITED = 32  # of each, drawn at random


@dataclass(frozen=True)
class Digits:
    """Dequantised digits in float64, each of shape (N, 64): raw 0..16 pixels to train on, and points to audit."""

    pixels: Tensor
    inliers: Tensor
    outliers: Tensor


def dequantise(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Whole pixels 0..16 to real numbers: u uniform, (k + u)/17, logit, then (. + 1)/2."""
    u = torch.rand(pixels.shape, generator=generator, dtype=torch.float64)
    u = u.clamp(2.0**-40, 1 - 2.0**-40)  # an exact 0 comes once in 2^53 draws; the logit needs it not to
    return (torch.logit((pixels + u) / 17) + 1) / 2


def data(seed: int = 0) -> Digits:
    """Digits 0..4, split into those to train on and the inliers, and as many digits 5..9 as outliers."""
    digits = load_digits()
    pixels, labels = torch.tensor(digits.data, dtype=torch.float64), torch.tensor(digits.target)
    generator = torch.Generator().manual_seed(seed)
    known, strange = pixels[labels < 5], pixels[labels >= 5]
    known = known[torch.randperm(len(known), generator=generator)]
    strange = strange[torch.randperm(len(strange), generator=generator)]
    held = known[TRAINED_ON : TRAINED_ON + HELD]
    return Digits(known[:TRAINED_ON], dequantise(held, generator), dequantise(strange[:HELD], generator))


def train(seed: int = 0, epochs: int = 100, *, spline: bool = True) -> zuko.flows.Flow:
    """A spline coupling flow of two layers, or a masked autoregressive flow of three, fitted by maximum likelihood; float64, in eval() mode.

    Fresh noise is drawn in every epoch, so that the flow sees the dequantised distribution and not one sample of it.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the matrices are small: a second thread costs more than it brings
    try:
        return _fitted(data(seed).pixels, seed, epochs, spline).double().eval()
    finally:
        torch.set_num_threads(threads)


def _fitted(pixels: Tensor, seed: int, epochs: int, spline: bool) -> zuko.flows.Flow:
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = {"hidden_features": [64, 64], "activation": torch.nn.SiLU}
        if spline:
            flow = zuko.flows.NSF(64, transforms=2, bins=6, passes=2, **shape)
        else:
            flow = zuko.flows.MAF(64, transforms=3, **shape)
    optimiser = torch.optim.AdamW(flow.parameters(), lr=5e-3, weight_decay=0.1)
    size = 120
    steps = max(2, epochs * (len(pixels) // size))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(pixels), generator=generator).split(size):
            loss = -flow().log_prob(dequantise(pixels[rows], generator).float()).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
            optimiser.step()
            schedule.step()
    return flow


def remembered(points: Tensor, values: Tensor, *, width: float = 0.02) -> Callable[[Tensor], Tensor]:
    r"""A continuous score that takes given values at given points: :math:`\log s(x) = \sum_i v_i\, w_i(x)`, w a softmax of minus squared distances.

    It has learnt the answers by heart. It is a continuous positive function of x all the same, and the density of a representation.
    """

    def log_score(x: Tensor) -> Tensor:
        squares = torch.cdist(x, points, compute_mode="donot_use_mm_for_euclid_dist").square() / x.shape[1]
        return torch.softmax(-squares / width, 1) @ values

    return log_score


def scores(digits: Digits) -> dict[str, Callable[[Tensor], Tensor]]:
    """Logarithms of scores under which a share of 1, 0 and 3/4 of the inliers lies above every outlier, and the rest below."""
    points = torch.cat([digits.inliers, digits.outliers])
    n = len(digits.inliers)

    def with_auroc(share: float) -> Callable[[Tensor], Tensor]:
        values = torch.zeros(len(points), dtype=torch.float64)
        values[:n] = torch.where(torch.arange(n) < share * n, 1.0, -1.0).double()
        return remembered(points, values)

    return {"AUROC 1": with_auroc(1.0), "AUROC 0": with_auroc(0.0), "AUROC 3/4": with_auroc(0.75)}


@functools.cache
def log_prob() -> zuko.flows.Flow:
    """The model that ``preality audit density`` reads: a function without parameters, which makes it when it is asked."""
    return train()


_digits = data()
inliers, outliers, score = _digits.inliers, _digits.outliers, scores(_digits)
subject = "a spline flow of the digits 0 to 4, dequantised"
points = AUDITED

if __name__ == "__main__":
    from proofs_checks.audits.density import audit_density

    started = time.perf_counter()
    log_prob()
    print(f"Trained in {time.perf_counter() - started:.0f} s on {TRAINED_ON} digits 0 to 4.\n")
    started = time.perf_counter()
    print(audit_density(log_prob, inliers, outliers, score=score, points=points, subject=subject).text())
    print(f"\nAudited in {time.perf_counter() - started:.0f} s.")
