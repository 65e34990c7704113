"""Figures of the claims about bounds by chains and by evaluations; drawn when a report
or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from numerics.compression import annealing, gibbs_encoders
from numerics.compression import toy_models as toys
from numerics.streams import Stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ais_bounds() -> Figure:
    """A curve of one datum and four codes, and points of chains of 1 to 4 temperatures,
    weighted and not."""
    from matplotlib.figure import Figure

    d, prior = annealing.random_energies(4, Stream(1))
    slopes = torch.linspace(0.01, 12, 200, dtype=torch.float64)
    encoder = (prior.log() - slopes[:, None] * d).softmax(1)
    F = -torch.logsumexp(prior.log() - slopes[:, None] * d, 1)
    distortion = (encoder * d).sum(1)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.plot(distortion, F - slopes * distortion, "k", label="curve")
    beta = 3.0
    for T in range(1, 5):
        p, w, last = annealing.all_paths(d, prior, [beta * t / T for t in range(T + 1)])
        rate = -(p * w.log()).sum()
        for D, mark in (((p * d[last]).sum(), "o"),):
            axis.plot(float(D), float(rate - beta * D), mark, color=f"C{T}", label=f"{T} temperatures, one chain")
    axis.set(xlabel="distortion", ylabel="rate, nats", title="Annealing bounds the rate from above")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def black_box_limit() -> Figure:
    """alpha/(1 - N/M) against M, for three numbers of evaluations."""
    from matplotlib.figure import Figure

    alpha = 0.05
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    for k, N in enumerate((100, 10_000, 1_000_000)):
        M = N * torch.logspace(0.03, 3, 200, dtype=torch.float64)
        axis.plot(M.log(), (alpha / (1 - N / M)).clamp(max=1), color=f"C{k}", label=f"N = {N:,}")
    axis.axhline(2 * alpha, color="k", linestyle=":", label="2 alpha")
    axis.set(xlabel="bound log M, nats", ylabel="probability at most", title="What N evaluations can certify")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def code_size() -> Figure:
    """Curves of one and of two linear units on data of variances 1 and 1/100: they
    cross near D = 0.005."""
    from matplotlib.figure import Figure

    beta = torch.logspace(-1, 5, 400, dtype=torch.float64)

    def pixel(gain: float, variance: float) -> tuple[torch.Tensor, torch.Tensor]:
        factor = 1 + beta * gain**2
        F = factor.log() / 2 + beta * variance / (2 * factor)
        D = gain**2 / (2 * factor) + variance / (2 * factor**2)
        return F - beta * D, D

    first, small, without = pixel(1, 1), pixel(3, 0.01), pixel(0, 0.01)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.loglog(first[1] + without[1], first[0] + without[0], label="one unit, gain 1")
    axis.loglog(first[1] + small[1], first[0] + small[0], label="two units, gains 1 and 3")
    axis.set(xlabel="distortion", ylabel="rate, nats", title="A larger code is not better at every rate")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def toy_models() -> Figure:
    """Curves of a decoder under two priors, and of another decoder under the first."""
    from matplotlib.figure import Figure

    one = gibbs_encoders.random_source(6, 12, Stream(3))
    models = {
        "first prior": one,
        "second prior": toys.other_prior(one, Stream(4)),
        "first prior, other decoder": toys.other_decoder(one, Stream(5)),
    }
    beta = torch.logspace(-1, 2, 120, dtype=torch.float64)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    for name, model in models.items():
        log_weights = model.prior.log() - beta[:, None, None] * model.distortions
        F = -(model.weights * torch.logsumexp(log_weights, 2)).sum(1)
        D = (model.weights * (log_weights.softmax(2) * model.distortions).sum(2)).sum(1)
        axis.plot(D, F - beta * D, label=name)
    axis.set(xlabel="distortion", ylabel="rate, nats", title="One decoder, two priors")
    axis.legend(frameon=False, fontsize=8)
    return drawing
