"""Log likelihoods and entropies of binary images at probability one half, measured,
each with its rounding bound."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.likelihoods.bernoulli import (
    all_images,
    bernoulli_log_likelihood,
    entropy_bits,
    pairwise_sum,
    pattern_counts,
)
from numerics.streams import Stream, tiles

Likelihood = Callable[[Tensor, Tensor], Tensor]
Images = Callable[[Tensor, int, Stream], Tensor]

TILE = 2**20  # pixels held at a time
RANDOM = 16  # random images beside the black and the white one
SUMMATION = (
    "At logit 0 a pixel's log mass is one exponential, one log1p and additions of zero, within 4 ulps of -log 2; a sum by "
    "halving adds ceil(log2 D) unit roundoffs of the sum of sizes, and a sum in any other order, as in a likelihood of "
    "the user's, at most D (Higham, section 4.2); D log 2 is rounded once more."
)


def relative_rounding(values: Tensor, pixels: int, likelihood: Likelihood) -> float:
    """Relative error of a log likelihood at logits zero: four ulps a pixel, a
    summation, and D log 2 itself.

    Args:
        values: A tensor of any shape, in whose dtype the likelihood is computed.
            pixels: D.
    """
    summation = math.ceil(math.log2(pixels)) if likelihood is bernoulli_log_likelihood else pixels
    return (6 + summation) * torch.finfo(values.dtype).eps


def value_of_the_label(label: Tensor, likelihood: Likelihood) -> Measurement:
    """``|log p(y) + log 2|`` for both labels; ``label`` is the logit, shape ``()``."""
    both = torch.tensor([[0.0], [1.0]], dtype=label.dtype, device=label.device)
    residual = (likelihood(label.expand(2, 1), both) + math.log(2)).abs()
    return Measurement(residual, Bound({"rounding": relative_rounding(label, 1, likelihood)}, SUMMATION), 2)


def values_of_images(pixels: Tensor, likelihood: Likelihood, stream: Stream) -> Measurement:
    """``|log p(x) + D log 2|`` for the black image, the white one and random ones;
    ``pixels`` are logits, shape ``(D,)``."""
    count = pixels.numel()
    extremes = torch.tensor([[0.0], [1.0]], dtype=pixels.dtype, device=pixels.device).expand(2, count)
    drawn = (stream.signs(min(RANDOM, max(1, TILE // count)), count) + 1) / 2
    images = torch.cat([extremes, drawn.to(pixels)])
    residual = torch.cat([(likelihood(pixels, image[None]) + count * math.log(2)).abs() for image in images])
    bound = Bound({"rounding": relative_rounding(pixels, count, likelihood) * count * math.log(2)}, SUMMATION)
    return Measurement(residual, bound, len(images))


def total_mass(pixels: Tensor, likelihood: Likelihood) -> Measurement:
    """All 2^D images together have mass one; being equally likely, each has 2^-D, and
    no log 2 was typed.

    Args:
        pixels: Logits, shape ``(D,)``; time and memory grow with 2^D.
    """
    count = pixels.numel()
    total = pairwise_sum(likelihood(pixels, all_images(count, pixels)).exp())
    bound = Bound(
        {
            "rounding": relative_rounding(pixels, count, likelihood) * count * math.log(2),
            "summation": (count + 2) * torch.finfo(pixels.dtype).eps,
        },
        f"{SUMMATION} The exponential turns that absolute error into a relative one; its own ulp and a sum by halving of 2^D masses add D + 2.",
    )
    return Measurement((total - 1).abs(), bound, 2**count)


def overshoot(entropy: Tensor, pixels: int) -> Tensor:
    """By how many bits an entropy exceeds D.

    Args:
        entropy: Bits, any shape. pixels: D.

    >>> overshoot(torch.tensor([2.5, 1.0]), 2)
    tensor([0.5000, 0.0000])
    """
    return (entropy - pixels).clamp(min=0)


def undershoot(entropy: Tensor, pixels: int) -> Tensor:
    """By how many bits an entropy stays below D: a violation if an image needed at
    least D bits.

    Args:
        entropy: Bits, any shape. pixels: D.

    >>> undershoot(torch.tensor([2.5, 1.0]), 2)
    tensor([0., 1.])
    """
    return (pixels - entropy).clamp(min=0)


def entropies(
    pixels: Tensor, excess: Callable[[Tensor, int], Tensor], stream: Stream
) -> tuple[Measurement, Measurement]:
    """Entropies of a random distribution, of copies of one pixel, and of independent
    fair pixels, by enumeration of all images.

    Args:
        pixels: A tensor of shape ``(D,)``, whose length, dtype and device are used.
        excess: From entropies in bits, shape ``(3,)``, and D to violations in bits.
    Returns:
        By how much they violate ``excess``; and how far the last two are from one bit
        and from D bits.
    """
    count = pixels.numel()
    masses = torch.zeros(3, 2**count, dtype=pixels.dtype, device=pixels.device)
    masses[0] = stream.exponential(2**count).to(pixels)
    masses[1, 0] = masses[1, -1] = 1
    masses[2] = 1
    found = entropy_bits(masses / pairwise_sum(masses)[:, None])
    bound = Bound(
        {"rounding": (2 * count + 8) * (count + 2) * torch.finfo(pixels.dtype).eps},
        "p log p within 3 ulps and a sum by halving over 2^D cells (D unit roundoffs) of terms that add up to at most D + 2 "
        "bits; normalising the distribution moves each mass by D + 2 more, which weighs no more than that sum.",
    )
    needed = (found[1:] - torch.tensor([1.0, count]).to(found)).abs()
    return Measurement(excess(found, count), bound, 3 * 2**count), Measurement(needed, bound, 2 * 2**count)


def drawn_images(pixels: Tensor, size: int, images: Images, stream: Stream) -> tuple[float, int, Bound]:
    """``size`` images drawn at the logits ``pixels``.

    Args:
        pixels: Logits, shape ``(D,)``. images: The sampler, from logits, a number n and
            a stream to ``(n, D)``.
    Returns:
        The distance of the images' numbers from an even staircase, how many pixels are
        white, and what the granularity of uniform draws adds to the distance.
    """
    count = pixels.numel()
    counts = torch.zeros(2**count, dtype=torch.int64, device=pixels.device)
    white = 0
    for index, n in enumerate(tiles(size, max(1, TILE // count))):
        drawn = images(pixels, n, stream.fork(index))
        counts += pattern_counts(drawn)
        white += int(drawn.sum())
    steps = torch.arange(1, 2**count + 1, device=pixels.device, dtype=pixels.dtype) / 2**count
    granularity = Bound(
        {"granularity": count * 2.0**-52},
        "Uniform draws are multiples of 2^-53, which moves a pixel's probability by at most 2^-52, and a distribution function by D times that.",
    )
    return float((counts.cumsum(0) / size - steps).abs().max()), white, granularity
