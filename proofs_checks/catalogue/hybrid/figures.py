"""Figures of the claims about likelihoods of images and labels; drawn when a report or
a user asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from numerics.likelihoods.bernoulli import (
    bernoulli_log_likelihood,
    entropy_bits,
    fit_exponent,
    gradient_ratios,
    imbalance,
    ladder,
    threshold_images,
)
from numerics.likelihoods.class_gaussians import ClassGaussians, random_classes
from numerics.likelihoods.finite_families import random_family
from numerics.likelihoods.logistic_gaussian import (
    classifier_gradient,
    density_gradient,
    draw_points,
    gradients,
    mixture_with_joint,
    mixture_with_marginal,
    separate,
    tied_model,
)
from numerics.likelihoods.networks import evaluate, patch_network, shared_network
from numerics.likelihoods.rays import Rays, linear_head, radial_head, random_relu
from numerics.likelihoods.residual_flows import (
    even_block,
    jacobians,
    lipschitz_ceiling,
    log_det_series,
    random_block,
    roulette,
    tail_bound,
)
from numerics.streams import Stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def value_imbalance() -> Figure:
    """Left: log likelihoods measured through zero-logit networks. Right: entropies by
    enumeration, under the ceiling of D bits."""
    from matplotlib.figure import Figure

    stream = Stream(0)
    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    sizes = [4**k for k in range(8)]
    networks = [evaluate(shared_network("agreeing", size, stream.fork(size))[0]) for size in sizes]
    images = [-float(bernoulli_log_likelihood(pixels.detach(), torch.zeros_like(pixels))) for pixels, _ in networks]
    labels = [
        -float(bernoulli_log_likelihood(label.detach()[None], torch.ones(1, dtype=label.dtype)))
        for _, label in networks
    ]
    left.loglog(sizes, images, "o", markersize=4, label="image, measured")
    left.loglog(sizes, [size * math.log(2) for size in sizes], "-", linewidth=1, color="C0", label="$D\\,\\log 2$")
    left.loglog(sizes, labels, "s", markersize=4, color="C1", label="label, measured")
    left.set(xlabel="pixels $D$", ylabel="$-\\log p$ (nats)", title="Values: slope 1")
    left.minorticks_off()
    left.legend(frameon=False, fontsize=8)
    pixels = list(range(1, 11))
    for name, mass in (("fair, independent", 1.0), ("copies of one pixel", 0.0)):
        distributions = [torch.full((2**count,), mass, dtype=torch.float64) for count in pixels]
        for distribution in distributions:
            distribution[0] = distribution[-1] = 1
        right.plot(
            pixels,
            [float(entropy_bits(distribution / distribution.sum())) for distribution in distributions],
            "o-",
            markersize=3,
            linewidth=1,
            label=name,
        )
    right.fill_between(pixels, pixels, [11] * len(pixels), alpha=0.15, color="C3", label="no binary image")
    right.set(xlabel="pixels $D$", ylabel="$H(x)$ (bits)", ylim=(0, 10.5), title="Entropy: at most $D$ bits")
    right.legend(frameon=False, fontsize=8, loc="upper left")
    return drawing


def gradient_imbalance() -> Figure:
    """Ratios of values and of gradients, measured by autograd, with the exponents
    fitted to them."""
    from matplotlib.figure import Figure

    stream = Stream(0)
    drawing = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = drawing.subplots()
    sizes = ladder(4**6)
    found: dict[str, list[float]] = {"values": [], "gradients, rows agree": [], "gradients, orthogonal rows": []}
    for size in sizes:
        agreeing, orthogonal = (
            imbalance(*shared_network(family, size, stream.fork((family, size))))
            for family in ("agreeing", "orthogonal")
        )
        found["values"].append(agreeing.value_ratio)
        found["gradients, rows agree"].append(agreeing.gradient_ratio)
        found["gradients, orthogonal rows"].append(orthogonal.gradient_ratio)
    for (name, ratios), marker in zip(found.items(), "s+o", strict=True):
        slope, _ = fit_exponent(sizes, ratios)
        axes.loglog(
            sizes,
            ratios,
            marker,
            markersize=9 if marker == "+" else 5,
            fillstyle="none",
            label=f"{name}: exponent {slope:.3f}",
        )
    for size in sizes[3:]:  # small images may have gradient 0, which no logarithmic axis shows
        network = patch_network(size, 4, stream.fork(("patches", size)))
        ratios_drawn = torch.cat(list(gradient_ratios(network, threshold_images, 8, stream.fork(("drawn", size)))))
        axes.loglog(
            [size] * 8,
            ratios_drawn,
            ".",
            color="C3",
            markersize=2,
            label="gradients, images drawn" if size == sizes[3] else None,
        )
    axes.loglog(sizes, sizes, "-", color="C0", linewidth=0.7)
    axes.loglog(sizes, [math.sqrt(size) for size in sizes], "-", color="C2", linewidth=0.7)
    axes.minorticks_off()
    axes.set(
        xlabel="pixels $D$",
        ylabel="image over label",
        title="Values by $D$, gradients by √D to $D$",
    )
    axes.legend(frameon=False, fontsize=8)
    return drawing


def chain_rule() -> Figure:
    """Joint, conditional and marginal log densities of two Gaussian classes along a
    line."""
    from matplotlib.figure import Figure

    model = ClassGaussians(
        torch.tensor([0.3, 0.7]).double().log(), torch.tensor([[-1.5], [1.5]]).double(), torch.ones(1).double()
    )
    x = torch.linspace(-6, 6, 121, dtype=torch.float64)[:, None]
    drawing = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = drawing.subplots()
    axes.plot(x[:, 0], model.conditional(x)[:, 1], label="$\\log p(y=1\\mid x)$", color="C1")
    axes.plot(x[:, 0], model.marginal(x), label="$\\log p(x)$", color="C0")
    axes.plot(x[:, 0], model.joint(x)[:, 1], label="$\\log p(x, y=1)$", color="C2", linewidth=2)
    axes.plot(
        x[::8, 0],
        (model.conditional(x)[:, 1] + model.marginal(x))[::8],
        "k.",
        markersize=4,
        label="sum of the first two",
    )
    axes.set(xlabel="$x$", ylabel="nats", title="One likelihood, two factors")
    axes.legend(frameon=False, fontsize=8)
    return drawing


def overconfident_discriminator() -> Figure:
    """Confidence along one ray with a ReLU head and with a radial head, and a
    generative classifier's density there."""
    from matplotlib.figure import Figure

    stream = Stream(0)
    along = Rays(random_relu(2, 3, 2, stream.fork("network")), 16, stream.fork("rays"))
    model = random_classes(2, 3, stream.fork("classes"))
    radii = torch.logspace(-1, 6, 141, dtype=torch.float64)
    points = along.directions[0] * radii[:, None]
    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    for name, head in (("ReLU network", linear_head), ("radial head", radial_head)):
        left.semilogx(radii, torch.softmax(head(along, points), -1).amax(-1), label=name)
    left.axhline(1 / 3, color="0.6", linewidth=0.7)
    left.set(xlabel="radius", ylabel="largest probability", ylim=(0.3, 1.02), title="Confidence of p(y | x)")
    left.legend(frameon=False, fontsize=8)
    right.loglog(radii, 10 - model.marginal(points), color="C2")
    right.set(xlabel="radius", ylabel="10 - log p(x), nats", title="Generative part: no data there")
    for axes in (left, right):
        axes.minorticks_off()
    return drawing


def separate_parameters() -> Figure:
    """Gradient ascent in one parameter of the classifier: alone, beside a density of
    its own, and beside a density that shares it."""
    from matplotlib.figure import Figure

    data = draw_points(256, 1, Stream(0))
    drawing = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = drawing.subplots()
    for name, objective, weight, style in (
        ("classifier alone", separate, 0.0, {"linewidth": 3, "alpha": 0.4}),
        ("with a density of its own parameters", separate, 1.0, {"linewidth": 1, "color": "k"}),
        ("with a shared parameter", tied_model, 1.0, {"linewidth": 1, "color": "C3"}),
    ):
        theta, phi, path = torch.zeros(1).double(), torch.zeros(1).double(), []
        for _ in range(60):
            step = gradients(objective, data, theta, phi, weight)
            theta, phi = theta + 0.3 * step[0] / 256, phi + 0.3 * step[1] / 256
            path.append(float(theta))
        axes.plot(path, label=name, **style)
    axes.set(xlabel="step", ylabel="classifier's parameter", title="Gradients decouple")
    axes.legend(frameon=False, fontsize=8)
    return drawing


def convex_combination() -> Figure:
    """The weight of the image in each mixture, read off gradients by autograd."""
    from matplotlib.figure import Figure

    data, zero = draw_points(256, 1, Stream(0)), torch.zeros(1).double()
    shares = [k / 40 for k in range(1, 40)]
    drawing = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = drawing.subplots()
    own, image = (float(of(data, zero)[0]) for of in (classifier_gradient, density_gradient))
    for name, mixture, rescaled in (
        ("with the joint: $l$", mixture_with_joint, False),
        ("with the marginal: $l/(1-l)$", mixture_with_marginal, True),
    ):
        slopes = [
            float(gradients(mixture, data, zero, zero, share)[0]) / (1 - share if rescaled else 1) for share in shares
        ]
        axes.semilogy(shares, [(slope - own) / image for slope in slopes], label=name)
    axes.axhline(1, color="0.6", linewidth=0.7)
    axes.minorticks_off()
    axes.set(xlabel="$l$", ylabel="weight of log p(x)", title="Two mixtures, two weights")
    axes.legend(frameon=False, fontsize=8)
    return drawing


def likelihood_weighting() -> Figure:
    """A and B at the global maximiser over lambda, for a family that misses the truth
    and for one that contains it."""
    from matplotlib.figure import Figure

    weights = [10 ** (k / 8) for k in range(-24, 25)]
    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    for axes, specified in zip(drawing.subplots(1, 2), (False, True), strict=True):
        A, B = random_family(12, Stream(2).fork(specified), specified=specified).parts()
        best = [int((A + weight * B).argmax()) for weight in weights]
        for part, name in ((A, "A: label given image"), (B, "B: image")):
            axes.semilogx(weights, part[best] - part.max(), label=name)
        axes.minorticks_off()
        axes.set(
            xlabel="$\\lambda$",
            ylabel="below its own maximum, nats",
            title="truth in the family" if specified else "truth elsewhere",
        )
        axes.set_ylim(min(-0.01, axes.get_ylim()[0]), max(0.001, axes.get_ylim()[1]))
        axes.legend(frameon=False, fontsize=8)
    return drawing


def invertible_features() -> Figure:
    """What a truncated series leaves, under its bound; and roulette's estimates for two
    probabilities of going on."""
    from matplotlib.figure import Figure

    stream, drawing = Stream(0), Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    block, terms = random_block(8, 0.8, stream.fork("block")), list(range(1, 41))
    point = stream.fork("point").normal(1, 8)
    J = jacobians(block, point)
    exact = torch.linalg.slogdet(torch.eye(8, dtype=J.dtype) + J).logabsdet
    left.semilogy(terms, [float((log_det_series(J, n) - exact).abs()) + 1e-17 for n in terms], ".", label="measured")
    left.semilogy(terms, [tail_bound(8, lipschitz_ceiling(block), n) for n in terms], label="$D L^{n+1}/((n+1)(1-L))$")
    left.set(xlabel="terms n", ylabel="left of log det", title="Truncation")
    even = even_block(4, 0.8, stream.fork("even"))
    J = jacobians(even, torch.zeros(1, 4).double())[0]
    exact = float(torch.linalg.slogdet(torch.eye(4, dtype=J.dtype) + J).logabsdet)
    for going_on in (0.9, 0.4):
        estimates = roulette(J, 4096, going_on, stream.fork(going_on))
        means = estimates.cumsum(0) / torch.arange(1, 4097)
        shown = sorted({round(2 ** (k / 16)) for k in range(193)})
        right.semilogx(
            shown, [float(means[n - 1]) for n in shown], linewidth=0.9, label=f"q = {going_on}, $L^2$ = 0.64"
        )
    right.axhline(exact, color="k", linewidth=0.7)
    right.set(xlabel="estimates", ylabel="their mean", title="Roulette")
    for axes in (left, right):
        axes.minorticks_off()
        axes.legend(frameon=False, fontsize=8)
    return drawing
