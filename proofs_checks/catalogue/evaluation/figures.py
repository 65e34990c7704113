"""Figures of the claims about measures of fit; drawn when a report or a user asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from numerics.distributions import best_gaussians, noising, score_measurements
from numerics.distributions.divergence_values import jensen_shannon_nats, relative_entropy_nats
from numerics.distributions.mixtures import IsotropicMixture, isotropic_gaussian, random_mixture
from numerics.streams import Stream
from numerics.transports import reversed_noise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIKE = torch.zeros(1, dtype=torch.float64)
APART = 10.0  # half the distance of the modes in the picture of the fits


def _figure(width: float, height: float, columns: int, **shared: Any) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="constrained")
    return drawing, drawing.subplots(1, columns, **shared)


def _best(measure: best_gaussians.Measure, a: float, rounds: int = 6) -> best_gaussians.Best:
    box = best_gaussians.Box(a + 2, math.log(0.4), math.log(a + 4))
    nowhere = lambda m, s: torch.zeros_like(m, dtype=torch.bool)  # noqa: E731
    return best_gaussians.nearest_outside(measure, box, nowhere, like=LIKE, rounds=rounds)


def kl_moment_match() -> Figure:
    """One density with two modes, and the isotropic Gaussian that each measure likes
    best."""
    drawing, panels = _figure(7.4, 2.3, 4, sharex=True, sharey=True)
    near = torch.linspace(-3.5, 3.5, 23, dtype=torch.float64)
    x = torch.cat([torch.linspace(-24, 24, 33, dtype=torch.float64), near - APART, near + APART]).sort().values
    data = best_gaussians.two_modes(APART, x)
    fine = torch.linspace(-6 * APART, 6 * APART, 12_001, dtype=torch.float64)
    empty = best_gaussians.two_modes(APART, fine) < 0.001
    fits = {"KL(data‖model)": (0.0, math.sqrt(1 + APART**2))}
    measures = {
        "JSD": best_gaussians.jensen_shannon(APART),
        "MMD, narrow kernel": best_gaussians.discrepancy(APART, 1.0),
        "MMD, wide kernel": best_gaussians.discrepancy(APART, 400.0),
    }
    for name, measure in measures.items():
        best = _best(measure, APART)
        fits[name] = (best.mean, best.scale)
    for axes, (name, (mean, scale)) in zip(panels, fits.items(), strict=True):
        model, everywhere = (
            torch.exp(-(((at - mean) / scale) ** 2) / 2) / (scale * math.sqrt(2 * math.pi)) for at in (x, fine)
        )
        void = float(everywhere[empty].sum() * (fine[1] - fine[0]))
        axes.fill_between(x, data, color="0.82", linewidth=0, label="data")
        axes.plot(x, model, color="C3", linewidth=1.4, label="model")
        axes.set(
            title=f"{name}\n$m = {abs(mean):.1f}$, $s = {scale:.1f}$", ylim=(0, 0.5), yticks=[], xticks=[-20, 0, 20]
        )
        axes.title.set_fontsize(8)
        axes.tick_params(labelsize=7)
        axes.text(
            0.5,
            0.97,
            f"{100 * void:.0f} % of its mass\nwhere $p < 0.001$",
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=7,
        )
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    panels[0].legend(frameon=False, fontsize=7, loc="center left")
    return drawing


def kl_covers() -> Figure:
    """Divergences of a model that keeps the share q(A) of a mode that holds half of the
    data."""
    drawing, axes = _figure(4.6, 3.0, 1)
    left = torch.logspace(-12, math.log10(0.5), 60, dtype=torch.float64)
    q = torch.stack([left, 1 - left], 1)
    p = torch.full_like(q, 0.5)
    axes.semilogx(left, relative_entropy_nats(p, q), color="C3", label="KL(data‖model)")
    axes.semilogx(left, relative_entropy_nats(q, p), color="C0", linestyle="--", label="KL(model‖data)")
    axes.semilogx(left, jensen_shannon_nats(p, q), color="C2", label="JSD")
    axes.axhline(math.log(2), color="0.6", linewidth=0.8)
    axes.text(1e-12, math.log(2) + 0.2, "log 2", fontsize=8, color="0.4")
    axes.set(
        xlabel="mass that the model keeps on the mode, $q(A)$",
        ylabel="nats",
        title="A mode of mass 1/2 that the model misses",
    )
    axes.legend(frameon=False, fontsize=8)
    return drawing


def likelihood_vs_samples() -> Figure:
    """Loss of mixtures with noise, measured on draws, on the curve log(1/w)."""
    drawing, axes = _figure(4.6, 3.0, 1)
    noise = [0.5, 0.8, 0.9, 0.99, 0.999, 0.9999]
    axes.plot(
        [-math.log10(1 - n) for n in noise], [math.log(1 / (1 - n)) for n in noise], color="0.6", label=r"$\log(1/w)$"
    )
    for dim, marker in ((1, "o"), (64, "s"), (1000, "+")):
        p = random_mixture(dim, 3, Stream(dim))
        x = p.sample(200, Stream(dim).fork("draws"))
        far = isotropic_gaussian(dim, 1.0, x).log_prob(x - 100.0)
        losses = []
        for share in noise:
            log_q = torch.logaddexp(p.log_prob(x) + math.log(1 - share), far + math.log(share))
            losses.append(float((p.log_prob(x) - log_q).mean()))
        axes.plot(
            [-math.log10(1 - n) for n in noise], losses, marker, markersize=5, fillstyle="none", label=f"D = {dim}"
        )
    axes.set(xlabel="share of samples that are noise", ylabel="loss (nats)", title="What noise costs in likelihood")
    axes.set_xticks([1, 2, 3, 4], ["90 %", "99 %", "99.9 %", "99.99 %"])
    axes.legend(frameon=False, fontsize=8)
    return drawing


def measures_disagree() -> Figure:
    """The data, the three models, and the order that each measure gives."""
    from theory.distributions import rankings

    drawing, (left, right) = _figure(7.2, 2.8, 2)
    cells = torch.arange(len(rankings.DATA), dtype=torch.float64)
    left.bar(cells, [m / 20 for m in rankings.DATA], width=0.8, color="0.82", label="data")
    for k, (name, masses) in enumerate(rankings.MODELS.items()):
        left.bar(cells - 0.25 + 0.25 * k, [m / 20 for m in masses], width=0.2, color=f"C{k}", label=name)
    left.set(xticks=list(range(len(cells))), xlabel="cell", ylabel="mass")
    left.legend(frameon=False, fontsize=8, ncols=2)
    for row, (measure, order) in enumerate(rankings.ORDERS.items()):
        values = {
            name: float(rankings.MEASURES[measure](rankings.DATA, model).mid())
            for name, model in rankings.MODELS.items()
        }
        top = max(values.values())
        for k, name in enumerate(rankings.MODELS):
            right.plot(values[name] / top, -row, "o", color=f"C{k}", markersize=8)
        right.text(1.04, -row, " < ".join(order), va="center", fontsize=8)
    right.set(
        yticks=[0, -1, -2],
        yticklabels=list(rankings.ORDERS),
        xlim=(0, 1.45),
        ylim=(-2.6, 0.6),
        xlabel="value over the largest of the three",
        xticks=[0, 0.5, 1],
    )
    return drawing


def jsd_bounded_metric() -> Figure:
    """Least root of JSD at each mean, and the jump of the best Gaussian."""
    drawing, (left, right) = _figure(7.2, 2.8, 2)
    levels = torch.linspace(math.log(0.5), math.log(8), 32, dtype=torch.float64)
    for a, colour in ((2.5, "C0"), (4.3, "C1"), (5.5, "C3")):
        means = torch.linspace(0, a + 1.5, 32, dtype=torch.float64)
        grid = torch.cartesian_prod(means, levels)
        value, _ = best_gaussians.jensen_shannon(a).value(grid[:, 0].contiguous(), grid[:, 1].contiguous())
        left.plot(means, value.view(32, 32).amin(1), color=colour, label=f"modes at ±{a:g}")
    left.set(xlabel="mean of the model", ylabel=r"least $\sqrt{\mathrm{JSD}}$ over scales")
    left.legend(frameon=False, fontsize=8)
    separations = [1 + 0.5 * k for k in range(11)]
    best = [_best(best_gaussians.jensen_shannon(a), a, rounds=4) for a in separations]
    right.plot(separations, [at.mean for at in best], "o", markersize=3, color="C0", label="mean")
    right.plot(separations, [at.scale for at in best], "s", markersize=3, color="C1", label="scale")
    right.set(xlabel="half the distance of the modes, $a$", title="Best Gaussian under JSD")
    right.legend(frameon=False, fontsize=8)
    return drawing


def mmd_bandwidth() -> Figure:
    """Where the best Gaussian covers and where it takes one mode."""
    drawing, panels = _figure(7.2, 2.9, 2, sharey=True)
    separations = [1.0 + 1.5 * k for k in range(9)]
    bandwidths = [4.0**k for k in range(5)]
    for axes, dim in zip(panels, (1, 4), strict=True):
        places = [(a, h) for h in bandwidths for a in separations]
        covers = [_best(best_gaussians.discrepancy(a, h, dim), a, rounds=3).mean < a / 2 for a, h in places]
        for wanted, marker, colour in ((True, "o", "C0"), (False, "x", "C3")):
            shown = [(a, math.sqrt(h)) for (a, h), covering in zip(places, covers, strict=True) if covering == wanted]
            axes.plot(*zip(*shown, strict=True), marker, color=colour, markersize=4)
        roots = [math.sqrt(h) for h in bandwidths]
        axes.plot(
            [math.sqrt(h + 2) for h in bandwidths], roots, color="0.5", linewidth=1, label="border for variance 1"
        )
        axes.set(yscale="log", xlabel="half the distance of the modes, $a$", title=f"D = {dim}")
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    panels[0].set_ylabel("kernel length\n(○ covers, × one mode)")
    return drawing


def score_matching() -> Figure:
    """KL and half the Fisher divergence of two modes whose weights alone differ."""
    drawing, axes = _figure(4.6, 3.0, 1)
    separations = [0.25 * k for k in range(1, 25)]
    pairs = [[score_measurements.weighted_modes(w, a, LIKE) for w in (0.9, 0.5)] for a in separations]
    values = [score_measurements.log_sobolev(p, q)[1:] for p, q in pairs]
    axes.semilogy(separations, [kl for kl, _ in values], color="C0", label="KL")
    axes.semilogy(separations, [fisher / 2 for _, fisher in values], color="C3", label="half the Fisher divergence")
    axes.set(
        xlabel="half the distance of the modes, $a$",
        ylabel="nats",
        ylim=(1e-10, 3),
        title="Weights 0.9 and 0.1 against 1/2 and 1/2",
    )
    axes.legend(frameon=False, fontsize=8)
    return drawing


def noise_from_data() -> Figure:
    """Decay of KL along a path, and noise sent back with the score and with half of
    it."""
    drawing, (left, right) = _figure(7.2, 2.9, 2)
    weights = torch.tensor([0.3, 0.7], dtype=torch.float64)
    means = torch.tensor([[-2.5], [2.0]], dtype=torch.float64)
    path = noising.MixturePath(IsotropicMixture(weights, means, 0.7 * torch.ones_like(weights)))
    times = [0.1 * k for k in range(31)]
    values = [noising.relative_entropy_to_noise(path.at(t))[0] for t in times]
    left.semilogy(times, values, color="C0", label=r"KL$(p_t\,\|\,N)$")
    left.semilogy(
        times, [values[0] * math.exp(-2 * t) for t in times], "--", color="0.5", label=r"$e^{-2t}$ KL$(p_0\,\|\,N)$"
    )
    left.set(xlabel="time", ylabel="nats")
    left.legend(frameon=False, fontsize=8)
    x = torch.linspace(-6, 6, 121, dtype=torch.float64)
    right.fill_between(x, path.start.log_prob(x[:, None]).exp(), color="0.82", linewidth=0, label="data")
    start, noise = Stream(0).normal(4000), Stream(1).normal(100, 4000)
    for multiple, colour, name in ((2.0, "C0", "true score"), (1.0, "C3", "half of it")):
        back = reversed_noise.reverse(path, start, noise, 5.0, multiple=multiple)
        right.hist(back.numpy(), bins=60, range=(-6, 6), density=True, histtype="step", color=colour, label=name)
    right.set(xlabel="noise sent back", yticks=[])
    right.legend(frameon=False, fontsize=8)
    return drawing
