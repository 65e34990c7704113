"""Figures of the claims about compression; drawn when a report or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from numerics.compression import encoders, evidence_bounds, gibbs_encoders, linear_decoders, source_codes
from numerics.compression.rate_distortion import best_prior, gains
from numerics.streams import Stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def variational_rate_bound() -> Figure:
    """Rate, information and prior gap of encoders between noise and a deterministic
    code, under two priors."""
    from matplotlib.figure import Figure

    size, shares = 8, torch.linspace(0, 0.999, 60, dtype=torch.float64)
    data = torch.full((size,), 1 / size, dtype=torch.float64)
    poor = torch.arange(size, 0, -1, dtype=torch.float64).softmax(0)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    for name, prior, colour in (("uniform prior", data, "C0"), ("poor prior", poor, "C1")):
        found = [encoders.Encoder(data, s * torch.eye(size).double() + (1 - s) / size, prior) for s in shares]
        axis.plot(shares, [float(one.rate()) for one in found], color=colour, label=f"rate, {name}")
    information = [float(one.information()) for one in found]
    axis.plot(shares, information, "k:", label="information $I(x;z)$")
    axis.set(xlabel="share of the deterministic code", ylabel="nats", title="Rate = information + KL(q(z)||p(z))")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def elbo() -> Figure:
    """Left: the bound between prior and posterior. Right: expected bounds rise with K,
    single sequences do not."""
    from matplotlib.figure import Figure

    stream = Stream(3)
    joint = (2 * stream.normal(6) - 4).exp()
    evidence, posterior = joint.sum(), joint / joint.sum()
    shares = torch.linspace(0, 1, 60, dtype=torch.float64)
    mixed = shares[:, None] * posterior + (1 - shares[:, None]) / 6
    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    left.plot(shares, (mixed * (joint / mixed).log()).sum(1), color="C0", label="ELBO")
    left.axhline(float(evidence.log()), color="k", linestyle=":", label="$\\log p(x)$")
    left.set(xlabel="share of the posterior in the encoder", ylabel="nats", title="The gap is a relative entropy")
    left.legend(frameon=False, fontsize=8)
    masses, values = evidence_bounds.random_weights(5, Stream(5))
    K = torch.linspace(1, 32, 125, dtype=torch.float64)
    right.plot(
        K, evidence_bounds.importance_weighted(masses, values, K), color="C0", lw=2, label="expected, every real $K$"
    )
    for k in range(4):
        drawn = values[torch.multinomial(masses, 32, True, generator=Stream(k).generator)]
        running = (drawn.cumsum(0) / torch.arange(1, 33)).log()
        right.plot(range(1, 33), running, color="0.6", lw=0.8, label="single sequences" if k == 0 else None)
    right.axhline(0, color="k", linestyle=":")
    right.set(xlabel="weights $K$", ylabel="$L_K - \\log p(x)$ (nats)", title="Importance-weighted bounds")
    right.legend(frameon=False, fontsize=8)
    return drawing


def nll() -> Figure:
    """Rate against distortion of tempered posteriors, and the line of slope -1 at beta
    = 1."""
    from matplotlib.figure import Figure

    decoded, data, prior = evidence_bounds.random_decoder(4, 32, 64, Stream(2))
    d = evidence_bounds.half_squares(data[:, None, :], decoded)
    found = []
    for beta in torch.logspace(-1.5, 1.5, 40).tolist():
        q = (prior.log() - beta * d).softmax(1)
        rate = torch.special.xlogy(q, q / prior).sum(1).mean()
        found.append((beta, float((q * d).sum(1).mean()), float(rate)))
    at_one = -torch.logsumexp(prior.log() - d, 1).mean()
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    distortions = torch.tensor([point[1] for point in found])
    axis.plot(distortions, [point[2] for point in found], color="C0", label="tempered posteriors")
    axis.plot(distortions, at_one - distortions, "k:", label="rate + distortion = $-\\log p(x)$")
    axis.set(
        xlabel="distortion $E\\,d$ (nats)", ylabel="rate (nats)", ylim=(0, None), title="One decoder, every $\\beta$"
    )
    axis.legend(frameon=False, fontsize=8)
    return drawing


def _curve(source: gibbs_encoders.Source, betas: torch.Tensor) -> tuple[list[float], list[float]]:
    """Distortions and rates of the best encoders, slope by slope."""
    found = []
    for beta in betas.tolist():
        encoder = gibbs_encoders.gibbs_encoder(source, beta)
        distortion = float((source.weights * (encoder * source.distortions).sum(1)).sum())
        found.append((distortion, float(source.value(beta)[0]) - beta * distortion))
    return [point[0] for point in found], [point[1] for point in found]


def lagrangian_separates() -> Figure:
    """The curve of a random source, and some of the lines that touch it."""
    from matplotlib.figure import Figure

    source = gibbs_encoders.random_source(12, 16, Stream(4))
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    distortions, rates = _curve(source, torch.logspace(-2, 1.6, 60))
    axis.plot(distortions, rates, color="C0", lw=2, label="$R_p(D)$")
    for beta in (0.5, 1.0, 2.0, 4.0):
        value = float(source.value(beta)[0])
        axis.plot(distortions, [value - beta * d for d in distortions], color="0.6", lw=0.8)
        axis.annotate(f"slope $-{beta:g}$", (0, value), fontsize=7, color="0.4")
    axis.set(
        xlabel="distortion $D$",
        ylabel="rate (nats)",
        ylim=(0, 1.1 * max(rates)),
        title="Lines $F(\\beta) - \\beta D$ touch the curve",
    )
    return drawing


def prior_bound() -> Figure:
    """The loss of a prior between its two bounds, slope by slope."""
    from matplotlib.figure import Figure

    source = gibbs_encoders.random_source(12, 10, Stream(6))
    betas = torch.logspace(-1.5, 1, 30).tolist()
    lost, least, most = [], [], []
    for beta in betas:
        best = best_prior(source.distortions, source.weights, beta)
        lost.append(float(source.value(beta)[0]) - best.upper)
        mixture = source.weights @ gibbs_encoders.gibbs_encoder(source, beta)
        least.append(float((mixture * (mixture / source.prior).log()).sum()))
        most.append(float(gains(source.distortions, source.weights, source.prior, beta).max().log()))
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.fill_between(betas, least, most, alpha=0.2, label="between KL$(q_\\beta(z)||p)$ and $\\log\\sup g$")
    axis.semilogx(betas, lost, color="C0", label="$F_p - F_f$")
    axis.set(xlabel="slope $\\beta$", ylabel="nats", title="What the prior costs")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def curve_is_pushforward() -> Figure:
    """One curve of three models, and another of the same decoder under another
    prior."""
    from matplotlib.figure import Figure

    source, stream = gibbs_encoders.random_source(12, 10, Stream(8)), Stream(9)
    betas = torch.logspace(-2, 1.5, 50)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    for model, style, label in (
        (source, "C0-", "a model"),
        (gibbs_encoders.rename_codes(source, stream), "C1--", "codes renamed with their prior"),
        (gibbs_encoders.ignored_unit(source, stream), "k:", "a code unit that is ignored"),
        (gibbs_encoders.other_prior(source, stream), "C3-", "codes renamed, the prior not"),
    ):
        axis.plot(*_curve(model, betas), style, label=label, lw=1.5)
    axis.set(
        xlabel="distortion $D$", ylabel="rate (nats)", ylim=(0, None), title="The distribution of $f(z)$ is what counts"
    )
    axis.legend(frameon=False, fontsize=8)
    return drawing


def decoder_restricts_rate() -> Figure:
    """Curves of the best priors on all reproductions, on those that matter, and without
    the likeliest."""
    from matplotlib.figure import Figure

    source = gibbs_encoders.random_source(12, 10, Stream(8))
    betas = torch.logspace(-1.5, 1.2, 30).tolist()
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    ranges = (
        (torch.ones(10, dtype=torch.bool), "C0-", "all ten reproductions"),
        (gibbs_encoders.support_of_the_best(source, 1.0), "k:", "those that are optimal at $\\beta = 1$"),
        (gibbs_encoders.all_but_the_likeliest(source, 1.0), "C3-", "all but the likeliest"),
    )
    for kept, style, label in ranges:
        found = [best_prior(source.distortions[:, kept], source.weights, beta) for beta in betas]
        axis.plot([one.distortion for one in found], [one.rate for one in found], style, label=label)
    axis.set(
        xlabel="distortion $D$", ylabel="rate (nats)", ylim=(0, None), title="The decoder's range restricts the rate"
    )
    axis.legend(frameon=False, fontsize=8)
    return drawing


def rate_distortion() -> Figure:
    """Three closed forms."""
    from matplotlib.figure import Figure

    D = torch.linspace(0.004, 1, 250, dtype=torch.float64)
    coin = torch.linspace(0.002, 0.3, 150, dtype=torch.float64)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.plot(D, -D.log() / 2, label="Gaussian, variance 1, squared error")
    axis.plot(D, -D.log(), label="Laplace, scale 1, absolute error")

    def entropy(p: torch.Tensor) -> torch.Tensor:
        return -torch.special.xlogy(p, p) - torch.special.xlogy(1 - p, 1 - p)

    axis.plot(coin, entropy(torch.tensor(0.3, dtype=torch.float64)) - entropy(coin), label="coin of 0.3, errors")
    axis.set(xlabel="distortion $D$", ylabel="rate (nats)", ylim=(0, 3), title="$R(D) = h(x) - h(w)$")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def linear_vae() -> Figure:
    """Curves of linear decoders with 1, 2 and 4 codes, by automatic differentiation of
    the closed form."""
    from matplotlib.figure import Figure

    stream = Stream(12)
    scales = torch.tensor([2.0, 1.0, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05], dtype=torch.float64)
    data = stream.normal(400, 8) * scales
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    for codes in (1, 2, 4):
        W, found = torch.diag(scales)[:, :codes], []
        for beta in torch.logspace(-1.5, 2.2, 50).tolist():
            step = 1e-4 * beta
            ends = [float(linear_decoders.negative_log_z(data, W, beta + side).mean()) for side in (-step, 0.0, step)]
            distortion = (ends[2] - ends[0]) / (2 * step)
            found.append((distortion, ends[1] - beta * distortion))
        axis.semilogx([point[0] for point in found], [point[1] for point in found], label=f"{codes} codes")
    axis.set(xlabel="distortion $D$", ylabel="rate (nats)", ylim=(0, 12), title="Linear decoders in closed form")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def source_coding() -> Figure:
    """Huffman's rate of blocks of (9/10, 1/10), which is not monotone, between the
    entropy and 1/n above it."""
    from matplotlib.figure import Figure

    masses, sizes = torch.tensor([0.9, 0.1], dtype=torch.float64), range(1, 13)
    entropy = -float((masses * masses.log2()).sum())
    rates = []
    for n in sizes:
        blocks = source_codes.block_masses(masses, n)
        lengths = source_codes.huffman_lengths(blocks)
        rates.append(sum(mass * k for mass, k in zip(blocks, lengths, strict=True)) / n)
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.fill_between(sizes, [entropy] * 12, [entropy + 1 / n for n in sizes], alpha=0.15, label="$H$ to $H + 1/n$")
    axis.plot(sizes, rates, "o-", markersize=4, linewidth=1, label="Huffman, blocks of $n$")
    axis.axhline(entropy, color="k", linestyle=":")
    axis.set(xlabel="block length $n$", ylabel="bits a symbol", ylim=(0.4, 1.1), title="Seven is worse than six")
    axis.legend(frameon=False, fontsize=8)
    return drawing
