"""Figures of the claims about anomaly detection; drawn when a report or a user asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from numerics.detection.carried_ratios import Pair, declared_pair
from numerics.detection.image_scores import ImageScores, declared_detector
from numerics.detection.inlier_sets import quantile
from numerics.detection.mapped_distributions import MappedDistribution
from numerics.detection.roc import auroc_within
from numerics.detection.sets import Cells, Fold, Region, boundary, cells_of, upper_set
from numerics.detection.typical_sets import MeasuredProduct, gamma_mass
from numerics.detection.typicality import column_means, entropy_and_variance
from numerics.distributions.marginals import Gumbel, JohnsonSU, Logistic, Normal, Uniform
from numerics.distributions.mixtures import random_mixture
from numerics.distributions.product import Product
from numerics.streams import Stream
from numerics.transports import ArbitraryScore, bijections

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def arbitrary_score() -> Figure:
    """One distribution of the line under three bijections, each of which gives it a
    density of our choosing."""
    from matplotlib.figure import Figure

    distribution = random_mixture(1, 3, Stream(11), spread=4.0)
    grid = torch.linspace(-6, 6, 81, dtype=torch.float64)[:, None]
    wanted = {
        "s = p": distribution.log_prob,
        "s = 1/p": lambda x: -distribution.log_prob(x),
        "s = two bumps": lambda x: (torch.exp(-((x[:, 0] - 3) ** 2)) + torch.exp(-((x[:, 0] + 3) ** 2)) + 0.05).log(),
    }
    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    for axis, (name, log_score) in zip(drawing.subplots(1, 3), wanted.items(), strict=True):
        transport = ArbitraryScore(distribution.log_prob, log_score, dim=1)
        density = distribution.log_prob(grid) - transport.log_det(grid)
        axis.plot(grid[:, 0], distribution.log_prob(grid), color="0.6", lw=1, label="log p(x)")
        axis.plot(grid[:, 0], log_score(grid), color="C0", lw=4, alpha=0.4, label="log s(x), asked for")
        axis.plot(grid[:, 0], density, color="C3", lw=1, label="log density of f(X) at f(x)")
        axis.set(title=name, xlabel="x", ylim=(-8, 8) if name == "s = 1/p" else (-8, 3))
    axis.legend(fontsize=6, loc="lower left")
    return drawing


def score_reversal() -> Figure:
    """Recovered densities of the image against those of the data, and both ROC
    curves."""
    from matplotlib.figure import Figure

    stream, size = Stream(5), 40
    found = ImageScores(
        declared_detector("mixture", "wider", 8, size, Stream(3), stream), lambda log_p: -log_p, power=2
    )
    after = found.log_density - found.transport.log_unit
    fresh = found.outlier_rows[:size]
    drawing = Figure(figsize=(6.4, 2.6), layout="constrained")
    left, right = drawing.subplots(1, 2)
    for rows, color, label in ((found.inlier_rows, "C0", "inliers"), (fresh, "C3", "outliers")):
        left.plot(found.log_p[rows], after[rows], ".", ms=4, color=color, label=label, rasterized=True)
    left.set(title="recovered from the images alone", xlabel="log p(x)", ylabel="log density of f(X) at f(x)")
    for scores, color, label in ((found.log_p, "C0", "by p"), (after, "C1", "by the density of f(X)")):
        u, v = scores[found.inlier_rows], scores[fresh]
        levels = torch.cat([u, v]).sort(descending=True).values
        curve = [torch.cat([levels.new_zeros(1), (side[None] >= levels[:, None]).double().mean(1)]) for side in (v, u)]
        area = float(auroc_within(u, v, 0 * u, 0 * v).middle)
        right.plot(*curve, color=color, lw=1.2, label=f"{label}: {area:.3f}")
    right.set(title="one detector, two representations", xlabel="outliers kept", ylabel="inliers kept")
    for axis in (left, right):
        axis.legend(fontsize=7)
    return drawing


def uniform_carries_nothing() -> Figure:
    """Levels of the density before and after: a landscape, and a plain."""
    from matplotlib.figure import Figure

    distribution = random_mixture(1, 3, Stream(11), spread=4.0)
    transport = ArbitraryScore(distribution.log_prob, lambda x: 0 * x[:, 0], dim=1)
    grid = torch.linspace(-9, 6, 121, dtype=torch.float64)[:, None]
    image = transport.forward(grid)
    drawing = Figure(figsize=(6.4, 2.4), layout="constrained")
    left, right = drawing.subplots(1, 2)
    left.plot(grid[:, 0], distribution.log_prob(grid).exp(), color="C0", lw=1.2)
    left.axhline(0.05, color="0.6", lw=0.8, ls="--")
    left.set(title="p: each threshold has a set of its own", xlabel="x", ylabel="density of X")
    right.plot(image[:, 0], transport.log_density(image).exp(), color="C3", lw=1.2)
    for level in (0.6, 1.4):
        right.axhline(level, color="0.6", lw=0.8, ls="--")
    right.set(title="after f: everything, or nothing", xlabel="f(x)", ylabel="density of f(X)", ylim=(0, 2))
    return drawing


def knothe_rosenblatt() -> Figure:
    """A bent distribution, its image under marginal distribution functions, and under
    conditional ones."""
    from matplotlib.figure import Figure

    z = Stream(7).normal(200_000, 2)
    x = torch.stack([z[:, 0], z[:, 0].square() / 2 + 0.35 * z[:, 1]], 1)
    conditional = torch.special.ndtr(z)
    marginal = conditional.clone()
    marginal[:, 1] = x[:, 1].argsort().argsort().to(x.dtype) / x.shape[0]
    drawing = Figure(figsize=(7.2, 2.5), layout="constrained")
    unit, wide = (0.0, 1.0, 0.0, 1.0), (-2.5, 2.5, -1.0, 4.0)
    panels = (
        (x, wide, "x"), (marginal, unit, "marginal distribution functions"), (conditional, unit, "conditional ones: f(x)"),
    )  # fmt: skip
    for axes, (cloud, (left, right, bottom, top), title) in zip(drawing.subplots(1, 3), panels, strict=True):
        share = (cloud - cloud.new_tensor([left, bottom])) / cloud.new_tensor([right - left, top - bottom])
        cell = (20 * share[((share >= 0) & (share < 1)).all(1)]).long()
        counts = torch.bincount(20 * cell[:, 1] + cell[:, 0], minlength=400).view(20, 20)
        image = {"origin": "lower", "extent": (left, right, bottom, top), "interpolation": "nearest", "cmap": "Blues"}
        axes.imshow(counts.tolist(), vmin=0, vmax=float(counts.max()) if title == "x" else 1500, aspect="auto", **image)
        axes.set_title(title, fontsize=9)
        axes.set(xticks=[left, right], yticks=[bottom, top])
    return drawing


def inliers_not_unique() -> Figure:
    """Five sets of one mass under one density."""
    from matplotlib.figure import Figure

    distribution, alpha, kept = Gumbel(), 0.3, 0.7
    starts = torch.linspace(0.002, alpha - 0.002, 5, dtype=torch.float64)
    low, high = (quantile(distribution, level) for level in (starts, starts + kept))
    grid = torch.linspace(-2.5, 6.5, 101, dtype=torch.float64)
    drawing = Figure(figsize=(5.0, 2.8), layout="constrained")
    axis = drawing.subplots()
    axis.plot(grid, distribution.log_prob(grid[:, None]).exp(), color="C0", lw=1.2)
    for k, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        axis.plot([a, b], [-0.04 * (k + 1)] * 2, color="C3", lw=3, solid_capstyle="butt")
    axis.annotate("each holds 70 % of the mass", (6.5, -0.13), ha="right", fontsize=8)
    axis.set(yticks=[0, 0.2, 0.4], xlabel="x", ylabel="p(x)", title="which of them are the inliers?")
    return drawing


def density_minimum_volume() -> Figure:
    """A level set before and after x^3, and the set that then has least volume."""
    from matplotlib.figure import Figure

    low, high = 0.8, 2.2  # {p > p(high)} for the normal distribution about 3/2
    edges = torch.linspace(-1.5, 4.5, 1201, dtype=torch.float64)

    def log_prob(x: torch.Tensor) -> torch.Tensor:
        return -(x[:, 0] - 1.5).square() / 2

    cells = Cells.of(log_prob, [edges], lambda t: t**3)
    inside = (cells.centres[:, 0] > low) & (cells.centres[:, 0] < high)
    best = upper_set(cells.masses / cells.volumes, cells.masses, cells.masses[inside].sum())
    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after = drawing.subplots(1, 2)
    x = torch.linspace(-1.5, 4.5, 121, dtype=torch.float64)
    density = torch.exp(log_prob(x[:, None])) / (2 * torch.pi) ** 0.5
    before.plot(x, density, color="C0", lw=1.2)
    after.plot(x**3, density / (3 * x.square()), color="C0", lw=1.2)
    for axis, power, title in ((before, 1, "x"), (after, 3, "$y = x^3$")):
        for mask, height, colour in ((inside, -0.03, "C3"), (best, -0.07, "C2")):
            for ends in _runs(mask, edges):
                axis.plot([end**power for end in ends], [height, height], color=colour, lw=3, solid_capstyle="butt")
        axis.set(title=title, ylim=(-0.1, 0.45))
    before.annotate("{p > λ}", (2.3, -0.045), color="C3", fontsize=8)
    before.annotate("least volume in y", (2.3, -0.085), color="C2", fontsize=8)
    after.set(xlim=(-2, 14))
    return drawing


def _runs(mask: torch.Tensor, edges: torch.Tensor) -> list[tuple[float, float]]:
    """Ends of the intervals that a mask of cells consists of."""
    step = torch.diff(torch.nn.functional.pad(mask.to(torch.int8), (1, 1)))
    return list(zip(edges[step == 1].tolist(), edges[step == -1].tolist(), strict=True))


def change_of_variables() -> Figure:
    """Where the formula holds, where it has no value, and where it misses half of the
    mass."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    smooth, cubic, cantor = drawing.subplots(1, 3)
    stream, size = Stream(7), 20_000
    distribution = Logistic()
    spline = bijections.bijection("splines", 1, Stream(19))
    for axis, chosen, title, limits in (
        (smooth, spline, "a monotone spline", (-5, 5)),
        (cubic, bijections.Cube(), "$x^3$: no value at 0", (-2, 2)),
    ):
        images = chosen.forward(distribution.sample(size, stream.fork(title)))[:, 0]
        grid = torch.linspace(*limits, 120, dtype=torch.float64)[:, None]
        back = chosen.inverse(grid)
        weights = torch.full_like(images, 32 / (size * (limits[1] - limits[0])))
        axis.hist(
            images.numpy(),
            32,
            limits,
            weights=weights.numpy(),
            histtype="stepfilled",
            color="0.8",
            label="pushed samples",
        )
        formula = (distribution.log_prob(back) - chosen.log_det(back)).exp()
        axis.plot(grid[:, 0], formula, color="C3", lw=1, label=r"$p(x)\,/\,|\det f'(x)|$")
        axis.set(title=title, xlabel="f(x)", ylim=(0, 1.2 if chosen is not spline else None))
    images = bijections.CantorInverse().forward(Uniform(0.0, 2.0).sample(size, stream.fork("cantor")))[:, 0]
    steps = torch.linspace(0, 1, 82, dtype=torch.float64)
    below = torch.searchsorted(images.sort().values, steps).double() / images.numel()
    cantor.plot(steps, below, color="0.6", label="mass of [0, y], samples")
    cantor.plot(steps, steps / 2, color="C3", lw=1, label="the formula's: half is missing")
    cantor.set(title="inverse of x + Cantor(x)", xlabel="y")
    for axis in (smooth, cantor):
        axis.legend(fontsize=6)
    return drawing


def typical_set() -> Figure:
    """T of draws and of the mode as D grows; and the mass of the typical set against
    epsilon."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    spread_out, mass = drawing.subplots(1, 2)
    stream = Stream(3)
    for k, dim in enumerate((1, 16, 256)):
        distribution = Product([Normal(torch.zeros(dim), torch.ones(dim))])
        values = (
            MeasuredProduct(distribution).entropy + distribution.log_prob(distribution.sample(20_000, stream))
        ) / math.sqrt(dim)
        spread_out.hist(
            values.numpy(), bins=40, range=(-4, 9), density=True, histtype="step", color=f"C{k}", label=f"D = {dim}"
        )
        spread_out.plot([math.sqrt(dim) / 2], [0.03], marker="v", color=f"C{k}", ms=6, clip_on=False)
    spread_out.set(
        xlabel=r"$T/\sqrt{D}$ of draws; $\blacktriangledown$ the mode", yticks=[], title="the mode has T = D/2"
    )
    spread_out.legend(fontsize=6)
    epsilon = torch.linspace(0.02, 1.5, 60, dtype=torch.float64)
    for k, length in enumerate((1, 8, 64)):
        total = length / 2
        shares = [gamma_mass(total, total - length * e, total + length * e) for e in epsilon.tolist()]
        mass.plot(epsilon, shares, color=f"C{k}", lw=1, label=f"N = {length}")
        mass.plot(epsilon, (1 - 0.5 / (length * epsilon**2)).clamp_min(0), color=f"C{k}", lw=0.8, ls=":")
    mass.set(xlabel=r"$\varepsilon$ (nats)", ylabel="P(A)", title="normal distribution, D = 1; dotted: Chebyshev")
    mass.legend(fontsize=6)
    return drawing


def invariance_principle() -> Figure:
    """A box and its image, with samples; and how often each label occurs against what
    the carried classifier says."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after, labels = drawing.subplots(1, 3)
    stream, seeded = Stream(6), Stream(6)
    distribution, deep = declared_pair("mixtures", 2, seeded)[0], bijections.bijection("deep", 2, seeded.fork("f"))
    sample = distribution.sample(70, stream.fork("sample"))
    region = Region(deep, distribution.sample(2000, stream.fork("pilot")))
    member = ["C0" if chosen else "0.7" for chosen in region.contains(sample).tolist()]
    for axis, chart, title in ((before, bijections.Composition(()), "x, and a box A"), (after, deep, "f(x), and f(A)")):
        outline = boundary(chart, region.low, region.high, 24)
        axis.scatter(*chart.forward(sample).T.tolist(), s=4, c=member, lw=0, rasterized=True)
        axis.plot(*torch.cat([outline, outline[:1]]).T.tolist(), color="C3", lw=1)
        axis.set(title=title, xticks=[], yticks=[])
    labels.plot([0, 1], [0, 1], color="0.8", lw=1)
    pair = declared_pair("apart", 1, seeded)
    for f, name, colour in ((bijections.bijection("splines", 1, seeded), "a bijection", "C0"), (Fold(), "$x^2$", "C3")):
        labels.plot(*_calibration(Pair(*pair, f, 1), stream, 20_000), "o", ms=3, color=colour, label=name)
    labels.set(
        title="labels in cells of the image", xlabel="carried classifier", ylabel="frequency", xlim=(0, 1), ylim=(0, 1)
    )
    labels.legend(fontsize=6)
    return drawing


def _calibration(pair: Pair, stream: Stream, size: int) -> tuple[list[float], list[float]]:
    """Mean of the carried classifier and frequency of the first label, in cells of the
    image."""
    images = pair.f.forward(
        torch.cat([distribution.sample(size, stream.fork(k)) for k, distribution in enumerate((pair.p, pair.q))])
    )
    label = torch.cat([torch.ones(size), torch.zeros(size)]).to(images)
    cuts = torch.quantile(images[:, 0], torch.linspace(0, 1, 13, dtype=images.dtype)[1:-1])
    cell, said = cells_of(images[:, 0], cuts), torch.sigmoid(pair.log_ratio(pair.f.inverse(images)))
    number, total, first = (torch.bincount(cell, weights=weights) for weights in (torch.ones_like(label), said, label))
    return (total / number).tolist(), (first / number).tolist()


def typicality_not_invariant() -> Figure:
    """T of the same draws and of the same outlier in four representations of a normal
    distribution."""
    from matplotlib.figure import Figure

    distribution = MappedDistribution(Normal(), torch.sinh, JohnsonSU())
    points = torch.cat([torch.tensor([[2.6]], dtype=torch.float64), distribution.source.sample(20_000, Stream(5))])
    entropy = float(entropy_and_variance(distribution.source)[1].value)
    (mean,) = column_means(distribution.source, (distribution.log_slope,))
    typical = entropy + distribution.source.log_prob(points)
    shown = {
        "x": typical, "sinh x": typical - (distribution.log_slope(points)[:, 0] - float(mean.value)), "score reversal": -typical, "F(x)": 0 * typical,
    }  # fmt: skip
    drawing = Figure(figsize=(7.2, 2.2), layout="constrained")
    for axis, (name, values) in zip(drawing.subplots(1, 4, sharex=True), shown.items(), strict=True):
        axis.hist(values[1:].numpy(), bins=30, range=(-3.5, 3.5), histtype="stepfilled", color="0.75")
        axis.axvline(float(values[0]), color="C3", ls="--", lw=1)
        axis.set(title=name, yticks=[], xlabel="T (nats)")
    return drawing
