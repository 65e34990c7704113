"""At probability one half a label is worth -log 2 nats and a binary image of D pixels
-D log 2."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from numerics.likelihoods import log_likelihoods
from numerics.likelihoods.bernoulli import (
    bernoulli_log_likelihood,
    continuous_bernoulli_log_likelihood,
    threshold_images,
)
from numerics.likelihoods.log_likelihoods import Images, Likelihood, overshoot, undershoot
from numerics.likelihoods.networks import evaluate, shared_network
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import value_imbalance as figure
from proofs_checks.inputs.networks import cases_of_models, logits_at_one_half
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.hybrid import image_cases, value_cases
from theory.likelihoods import bernoulli as exactly

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

TABULATED = 12  # pixels up to which all images are listed
NETWORKS = [Case(D=1), Case(D=TABULATED), Case(D=2**20)]
DRAWN = [Case(D=1, size=1_000_000), Case(D=16, size=250_000)]
cases = {"numeric": Cases(value_cases, always=NETWORKS), "statistical": Cases(image_cases, always=DRAWN)}
cases_for = cases_of_models(NETWORKS, DRAWN, optional=("likelihood",))


def at_most(sign: int) -> bool:
    """log(cells) - H >= 0: the entropy is at most D bits."""
    return sign >= 0


def at_least(sign: int) -> bool:
    """log(cells) - H <= 0: what the lecture's wording would ask for."""
    return sign <= 0


def exact(*, pixel: exactly.Pixel = exactly.bernoulli, needs: Callable[[int], bool] = at_most) -> list[Any]:
    """Values for every D by induction over pixels, all small images; the missing bits
    by induction over cells."""
    small = [exactly.values_of_the_label(pixel), exactly.every_image(8, pixel)]
    if pixel is not exactly.bernoulli:  # a pixel whose constant is known at one half alone
        return small
    return [
        *small,
        exactly.mass_by_the_count_of_white_pixels(),
        exactly.value_at_one_half(),
        exactly.missing_bits(),
        exactly.nonnegative_remainder(),
        exactly.bits_of_small_images(needs),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    likelihood: Likelihood = bernoulli_log_likelihood,
    excess: Callable[[Tensor, int], Tensor] = overshoot,
    model: nn.Module | None = None,
) -> list[Evidence]:
    """Log likelihoods of a network with zero logits; masses and entropies over all
    images where they can be listed."""
    network = shared_network("agreeing", case.D, stream)[0] if model is None else model
    pixels, label = logits_at_one_half(network, case)
    drawn = log_likelihoods.values_of_images(pixels, likelihood, stream.fork("images"))
    found = [
        measured(log_likelihoods.value_of_the_label(label, likelihood), resolves=1e-3, name="log p(y)"),
        measured(drawn, resolves=1e-3, name="log p(x)"),
    ]
    if case.D <= TABULATED:
        exceeding, needed = log_likelihoods.entropies(pixels, excess, stream.fork("law"))
        found += [
            measured(log_likelihoods.total_mass(pixels, likelihood), resolves=1e-3, name="total mass of all images"),
            measured(exceeding, resolves=1e-3, name="H(x) <= D bits"),
            measured(needed, resolves=1e-3, name="one bit for copies, D for fair independent pixels"),
        ]
    return found


def statistical(case: Case, stream: Stream, *, images: Images = threshold_images) -> list[Evidence]:
    """Images drawn by thresholding logistic noise at a network's zero logits: their
    numbers, and the white pixels of all together."""
    pixels = evaluate(shared_network("agreeing", case.D, stream.fork("network"))[0])[0].detach()
    distance, white, granularity = log_likelihoods.drawn_images(pixels, case.size, images, stream)
    fair = Test.clopper_pearson(case.size * case.D, 0.5)
    return [
        tested(distance, Test.dkw(case.size), resolves=0.05, slack=granularity, name="every image has mass 2^-D"),
        tested(white, fair, resolves=0.01, slack=granularity, name="white pixels, all images together"),
    ]


def brighter(logits: Tensor, n: int, stream: Stream) -> Tensor:
    """Images at probability 0.6 in place of one half."""
    return threshold_images(logits + math.log(0.6 / 0.4), n, stream)


def paired_pixels(logits: Tensor, n: int, stream: Stream) -> Tensor:
    """Images whose pixels come in equal pairs: every pixel is fair, and no image with
    an unequal pair occurs."""
    return threshold_images(logits[::2], n, stream).repeat_interleave(2, -1)[..., : len(logits)]


CONTINUOUS = {"likelihood": continuous_bernoulli_log_likelihood}
controls = {
    "continuous-bernoulli": [
        Control(exact, fails="every image has mass", pixel=exactly.continuous_bernoulli),
        *(
            Control(numeric, fails=f"log p({of})", cases=[Case(D=1), Case(D=TABULATED), Case(D=2**16)], **CONTINUOUS)
            for of in "xy"
        ),
        Control(numeric, fails="total mass", cases=[Case(D=1), Case(D=TABULATED)], **CONTINUOUS),
    ],
    "at-least-D-bits": [
        Control(exact, fails="entropy of small images", needs=at_least),
        Control(numeric, fails="H(x) <= D bits", cases=[Case(D=2), Case(D=TABULATED)], excess=undershoot),
    ],
    "nearly-one-half": [Control(statistical, fails="white pixels", cases=DRAWN, images=brighter)],
    "fair-pixels-suffice": [Control(statistical, fails="every image", cases=[Case(D=2, size=100_000), DRAWN[1]], images=paired_pixels)],
}  # fmt: skip
