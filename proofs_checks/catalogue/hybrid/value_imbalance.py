"""At probability one half a label is worth -log 2 nats and a binary image of D pixels -D log 2."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from sympy import Expr, Matrix, Symbol, log
from torch import Tensor

from numerics.likelihoods import (
    all_images,
    bernoulli_log_likelihood,
    continuous_bernoulli_log_likelihood,
    entropy_bits,
    pairwise_sum,
    pattern_counts,
    threshold_images,
)
from numerics.random import Stream, tiles
from numerics.shared_networks import evaluate, shared_network
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    Test,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    tested,
)
from proofs_checks.strategies.likelihoods import image_cases, value_cases
from theory.likelihoods import (
    HALF,
    bernoulli,
    bits,
    continuous_bernoulli,
    deficit,
    deficit_antiderivative,
    deficit_integrand,
    entropy_sign,
    entropy_sign_by_merging,
    image_mass,
    mass_table,
    rational_laws,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from proofs_checks.evidence import Evidence

Likelihood = Callable[[Tensor, Tensor], Tensor]
Images = Callable[[Tensor, int, Stream], Tensor]

D = Symbol("D", integer=True, positive=True)
TABULATED = 12  # pixels up to which all images are listed
TILE = 2**20  # pixels held at a time

NETWORKS = [Case(D=1), Case(D=TABULATED), Case(D=2**20)]
DRAWN = [Case(D=1, size=100_000), Case(D=16, size=100_000)]

cases = {"numeric": Cases(value_cases, always=NETWORKS), "statistical": Cases(image_cases, always=DRAWN)}


def cases_for(
    *,
    model: nn.Module | None = None,
    likelihood: Likelihood | None = None,
    images: Images | None = None,
    **others: object,
) -> list[Case]:
    """The cases that a reader's own object is run at: for a model, the one of its size, so that no other enters the scope."""
    if others or (images is not None and (model is not None or likelihood is not None)):
        raise InputError("Expected a model, a likelihood, both, or images. Controls alone substitute the rest.")
    if model is None:
        return NETWORKS if images is None else DRAWN
    try:
        return [Case(D=evaluate(model)[0].numel())]
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def at_most(sign: int) -> bool:
    """log(cells) - H >= 0: the entropy is at most D bits."""
    return sign >= 0


def at_least(sign: int) -> bool:
    """log(cells) - H <= 0: what the lecture's wording would ask for."""
    return sign <= 0


def exact(*, pixel: Callable[[Any, Any], Expr] = bernoulli, needs: Callable[[int], bool] = at_most) -> list[Evidence]:
    return [_label(pixel), _image(pixel), *_one_bit(), _entropy(needs)]


def _label(pixel: Callable[[Any, Any], Expr]) -> Evidence:
    values = Matrix([log(pixel(y, HALF)) for y in (0, 1)])
    return identity(values, Matrix([-log(2)] * 2), name="log Bern(y | 1/2) = -log 2 for both labels")


def _image(pixel: Callable[[Any, Any], Expr]) -> Evidence:
    """Induction on pixels: an image of D pixels has mass 2^-D, whatever it shows, and an independent pixel multiplies it."""
    longer = Matrix([log(2 ** (-D) * pixel(x, HALF)) for x in (0, 1)])
    tables = {size: mass_table(size, HALF, pixel) for size in range(1, 9)}
    images = [(size, number) for size in tables for number in range(2**size)]
    return structural(
        D,
        base=_label(pixel),
        step=identity(longer, Matrix([-(D + 1) * log(2)] * 2), name="one more pixel, black or white"),
        small=finite(
            images,
            lambda image: image_mass(bits(image[1], image[0]), HALF, pixel) * 2 ** image[0] == 1,
            second=lambda image: 2 ** image[0] * tables[image[0]][image[1]] == 1,
            of="binary images of D = 1..8 pixels",
        ),
        name="every binary image of D fair pixels has log mass -D log 2",
    )


def _one_bit() -> list[Evidence]:
    """log 2 - h(q) is the integral of something nonnegative: an antiderivative, its derivative, and its two ends."""
    t, u = Symbol("t", real=True), Symbol("u", real=True)
    inside = [t > -1, t < 1]
    ends = deficit_antiderivative(t, 1) - deficit_antiderivative(t, 0)
    slope = deficit_antiderivative(t, u).diff(u)
    return [
        identity(
            slope,
            deficit_integrand(t, u),
            assuming=[*inside, u > 0, u < 1],
            name="the antiderivative of a nonnegative integrand",
        ),
        identity(deficit((1 + t) / 2), ends, assuming=inside, name="log 2 - h((1+t)/2) is its integral over [0, 1]"),
    ]


def _entropy(needs: Callable[[int], bool]) -> Evidence:
    """Induction on pixels: what an image of D pixels lacks of D bits only grows, prefix by prefix, by w (log 2 - h(q)) >= 0."""
    w, q = Symbol("w", positive=True), Symbol("q", positive=True)
    inside = [q < 1]

    def surplus(mass: Expr, pixels: Expr) -> Expr:
        return mass * pixels * log(2) + mass * log(mass)

    laws = chain(rational_laws(2, 12), rational_laws(4, 7), rational_laws(8, 4))
    return structural(
        D,
        base=identity(surplus(q, 1) + surplus(1 - q, 1), deficit(q), assuming=inside, name="one pixel"),
        step=identity(
            surplus(w * q, D + 1) + surplus(w * (1 - q), D + 1),
            surplus(w, D) + w * deficit(q),
            assuming=inside,
            name="a prefix of mass w, and its next pixel white with probability q",
        ),
        small=finite(
            laws,
            lambda counts: needs(entropy_sign(counts)),
            second=lambda counts: needs(entropy_sign_by_merging(counts)),
            of="laws of D = 1, 2, 3 pixels with masses in twelfths, sevenths, quarters",
        ),
        name="a binary image of D pixels has at most D bits of entropy",
    )


def overshoot(entropy: Tensor, pixels: int) -> Tensor:
    """By how many bits an entropy exceeds D."""
    return (entropy - pixels).clamp(min=0)


def undershoot(entropy: Tensor, pixels: int) -> Tensor:
    """By how many bits an entropy stays below D: a violation if an image needed at least D bits."""
    return (pixels - entropy).clamp(min=0)


def numeric(
    case: Case,
    stream: Stream,
    *,
    likelihood: Likelihood = bernoulli_log_likelihood,
    excess: Callable[[Tensor, int], Tensor] = overshoot,
    model: nn.Module | None = None,
) -> list[Evidence] | Evidence:
    network = shared_network("agreeing", case.D, stream)[0] if model is None else model
    try:
        pixels, label = evaluate(network)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    pixels, label = pixels.detach(), label.detach()
    if pixels.numel() != case.D:  # else the scope would name sizes that nobody measured
        return inapplicable(
            f"a case of the model's own size: this one has {pixels.numel()} pixels, the case {case.D}. "
            f"Name it: .check(model=model, case={{'D': {pixels.numel()}}})."
        )
    largest = float(torch.cat([pixels, label[None]]).abs().max())
    if largest:
        return inapplicable(
            f"probability one half for every pixel and the label: expected logits 0, got one of size {largest:.3g}. "
            "numerics.shared_networks.Centred(model) moves a model there."
        )
    found = [_label_value(label, likelihood), _image_values(pixels, likelihood, stream)]
    if pixels.numel() <= TABULATED:
        found += [_total_mass(pixels, likelihood), *_entropies(pixels, excess, stream)]
    return found


def _roundoff(values: Tensor, pixels: int, likelihood: Likelihood) -> float:
    """Relative error of a log likelihood at logits zero: four ulps a pixel, a summation, and D log 2 itself."""
    summation = math.ceil(math.log2(pixels)) if likelihood is bernoulli_log_likelihood else pixels
    return (6 + summation) * torch.finfo(values.dtype).eps


SUMMATION = (
    "At logit 0 a pixel's log mass is one exponential, one log1p and additions of zero, within 4 ulps of -log 2; a sum by "
    "halving adds ceil(log2 D) unit roundoffs of the sum of sizes, and a sum in any other order, as in a likelihood of "
    "your own, at most D (Higham, section 4.2); D log 2 is rounded once more."
)


def _label_value(label: Tensor, likelihood: Likelihood) -> Evidence:
    both = torch.tensor([[0.0], [1.0]], dtype=label.dtype, device=label.device)
    residual = (likelihood(label.expand(2, 1), both) + math.log(2)).abs()
    return measured(
        residual,
        Bound({"rounding": _roundoff(label, 1, likelihood)}, SUMMATION),
        points=2,
        resolves=1e-3,
        name="log p(y)",
    )


def _image_values(pixels: Tensor, likelihood: Likelihood, stream: Stream) -> Evidence:
    count = pixels.numel()
    extremes = torch.tensor([[0.0], [1.0]], dtype=pixels.dtype, device=pixels.device).expand(2, count)
    drawn = (stream.fork("images").signs(min(16, max(1, TILE // count)), count) + 1) / 2
    images = torch.cat([extremes, drawn.to(pixels)])
    residual = torch.cat([(likelihood(pixels, image[None]) + count * math.log(2)).abs() for image in images])
    bound = Bound({"rounding": _roundoff(pixels, count, likelihood) * count * math.log(2)}, SUMMATION)
    return measured(residual, bound, points=len(images), resolves=1e-3, name="log p(x)")


def _total_mass(pixels: Tensor, likelihood: Likelihood) -> Evidence:
    """All 2^D images together have mass one; being equally likely, each has 2^-D, and no log 2 was typed."""
    count = pixels.numel()
    total = pairwise_sum(likelihood(pixels, all_images(count, pixels)).exp())
    bound = Bound(
        {
            "rounding": _roundoff(pixels, count, likelihood) * count * math.log(2),
            "summation": (count + 2) * torch.finfo(pixels.dtype).eps,
        },
        f"{SUMMATION} The exponential turns that absolute error into a relative one; its own ulp and a sum by halving of 2^D masses add D + 2.",
    )
    return measured((total - 1).abs(), bound, points=2**count, resolves=1e-3, name="total mass of all images")


def _entropies(pixels: Tensor, excess: Callable[[Tensor, int], Tensor], stream: Stream) -> list[Evidence]:
    """Entropies of three sources by enumeration: a random law, copies of one pixel, and independent fair pixels."""
    count = pixels.numel()
    laws = torch.zeros(3, 2**count, dtype=pixels.dtype, device=pixels.device)
    laws[0] = stream.fork("law").exponential(2**count).to(pixels)
    laws[1, 0] = laws[1, -1] = 1
    laws[2] = 1
    found = entropy_bits(laws / pairwise_sum(laws)[:, None])
    bound = Bound(
        {"rounding": (2 * count + 8) * (count + 2) * torch.finfo(pixels.dtype).eps},
        "p log p within 3 ulps and a sum by halving over 2^D cells (D unit roundoffs) of terms that add up to at most D + 2 "
        "bits; normalising the law moves each mass by D + 2 more, which weighs no more than that sum.",
    )
    needed = found[1:] - torch.tensor([1.0, count]).to(found)
    return [
        measured(excess(found, count), bound, points=3 * 2**count, resolves=1e-3, name="H(x) <= D bits"),
        measured(
            needed.abs(),
            bound,
            points=2 * 2**count,
            resolves=1e-3,
            name="one bit for copies, D for fair independent pixels",
        ),
    ]


def statistical(case: Case, stream: Stream, *, images: Images = threshold_images) -> Evidence:
    """Images drawn by thresholding logistic noise at a network's zero logits; their numbers against an even staircase."""
    pixels = evaluate(shared_network("agreeing", case.D, stream.fork("network"))[0])[0].detach()
    counts = torch.zeros(2**case.D, dtype=torch.int64, device=pixels.device)
    for index, n in enumerate(tiles(case.size, max(1, TILE // case.D))):
        counts += pattern_counts(images(pixels, n, stream.fork(index)))
    steps = torch.arange(1, 2**case.D + 1, device=pixels.device, dtype=pixels.dtype) / 2**case.D
    statistic = (counts.cumsum(0) / case.size - steps).abs().max()
    slack = Bound(
        {"granularity": case.D * 2.0**-52},
        "Uniform draws are multiples of 2^-53, which moves a pixel's probability by at most 2^-52, and a distribution function by D times that.",
    )
    return tested(statistic, Test.dkw(case.size), resolves=0.05, slack=slack, name="every image has mass 2^-D")


def brighter(logits: Tensor, n: int, stream: Stream) -> Tensor:
    """Images at probability 0.6 in place of one half."""
    return threshold_images(logits + math.log(0.6 / 0.4), n, stream)


controls = {
    "continuous-bernoulli": [
        Control(exact, pixel=continuous_bernoulli),
        Control(
            numeric, cases=[Case(D=1), Case(D=TABULATED), Case(D=2**16)], likelihood=continuous_bernoulli_log_likelihood
        ),
    ],
    "at-least-D-bits": [
        Control(exact, needs=at_least),
        Control(numeric, cases=[Case(D=2), Case(D=TABULATED)], excess=undershoot),
    ],
    "nearly-one-half": [
        Control(statistical, cases=[Case(D=1, size=100_000), Case(D=16, size=100_000)], images=brighter)
    ],
}


def figure() -> Figure:
    """Left: log likelihoods measured through zero-logit networks. Right: entropies by enumeration, under the ceiling of D bits."""
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
        laws = [torch.full((2**count,), mass, dtype=torch.float64) for count in pixels]
        for law in laws:
            law[0] = law[-1] = 1
        right.plot(
            pixels, [float(entropy_bits(law / law.sum())) for law in laws], "o-", markersize=3, linewidth=1, label=name
        )
    right.fill_between(pixels, pixels, [11] * len(pixels), alpha=0.15, color="C3", label="no binary image")
    right.set(xlabel="pixels $D$", ylabel="$H(x)$ (bits)", ylim=(0, 10.5), title="Entropy: at most $D$ bits")
    right.legend(frameon=False, fontsize=8, loc="upper left")
    return drawing
