"""Gradients of an image and of a label in shared parameters at probability one half,
measured, each with its rounding bound."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from numerics.bounds import Bound, Measurement
from numerics.likelihoods.bernoulli import (
    fit_exponent,
    gradient_ratios,
    image_gradients,
    imbalance,
    ladder,
    logit_jacobian,
    logits_along,
    pairwise_sum,
    uncorrelated_signs,
)
from numerics.likelihoods.networks import evaluate, patch_network, shared_network
from numerics.streams import Stream

Images = Callable[[Tensor, int, Stream], Tensor]
SquaredRatio = Callable[[int], float]

FEW = 32  # parameters up to which the covariance is compared entry by entry, and not in random directions
FITTING = 2**23  # pixels drawn for one point of the exponent's fit, at most
STRUCTURED = (
    "At zero trunk every logit is 0, every residual +-1/2 and every derivative of tanh 1, all exactly; a sum of residuals with small whole "
    "coefficients is exact in any order. What is left: at most 12 roundings in each derivative, relative to a vector whose norm the reflection keeps, "
    "and two norms summed by halving, log2 m + 2 each over m <= 2 (D + 8) parameters and one latent."
)
PAIRED_SUMS = (
    "A derivative is a sum over D pixels in any order, so it errs by (D + 16) eps sum_i |r_i| |J_i| entry by entry (Higham, section 4.2); that sum is at "
    "most sqrt(D) times the RMS gradient when rows have equal norm; norms and the mean over images add log2 terms, below D + 32 in all."
)


def structured_rounding(size: int, dtype: torch.dtype) -> float:
    """Relative error of a ratio in the networks of :func:`shared_network`: see
    :data:`STRUCTURED`."""
    return (2 * math.log2(2 * (size + 8)) + 32) * torch.finfo(dtype).eps


def paired_rounding(size: int, dtype: torch.dtype) -> float:
    """Relative error of a root mean square over uncorrelated signs: see
    :data:`PAIRED_SUMS`."""
    return (2 * size + 48) * math.sqrt(size) * torch.finfo(dtype).eps


class Ladder:
    """Ratios of gradients in networks of one family, at D, D // 4, D // 16, .. pixels.

    Args:
        family: As in :func:`shared_network`; for ``generic`` the ratio is the root mean
            square over images.
        size: D. stream: Where the networks are drawn from.
    """

    def __init__(self, family: str, size: int, stream: Stream) -> None:
        self.sizes, self.generic = ladder(size), family == "generic"
        networks = {D: shared_network(family, D, stream.fork(D)) for D in self.sizes}
        self.network, self.image = networks[size]
        if self.generic:
            self.ratios = [_rms_ratio(network) for network, _ in networks.values()]
            self.relative = [paired_rounding(D, stream.dtype) for D in self.sizes]
        else:
            self.ratios = [imbalance(network, image).gradient_ratio for network, image in networks.values()]
            self.relative = [structured_rounding(D, stream.dtype) for D in self.sizes]

    def ratio(self, squared: SquaredRatio) -> Measurement:
        """``| |grad log p(x)| / |grad log p(y)| - sqrt(squared(D)) |``."""
        claimed = math.sqrt(squared(self.sizes[-1]))
        why = PAIRED_SUMS if self.generic else STRUCTURED
        bound = Bound({"rounding": self.relative[-1] * max(self.ratios[-1], claimed)}, why)
        return Measurement(abs(self.ratios[-1] - claimed), bound, 1)

    def exponent(self, squared: SquaredRatio) -> Measurement:
        """The fitted power of D against the one that ``squared`` grows by."""
        slope, gain = fit_exponent(self.sizes, self.ratios)
        bound = Bound(
            {
                "ratios": 2 * gain * max(self.relative),
                "arithmetic": 2
                * gain
                * (len(self.sizes) + 16)
                * math.log(self.sizes[-1])
                * torch.finfo(torch.float64).eps,
            },
            "The fitted slope is linear in the logarithms: it moves by at most sum |coefficients| times the largest error of a logarithm, which is the ratios' "
            "relative error r (at most 2r for r < 1/2) and the rounding of logarithms no larger than log D, summed over the sizes; twice, for two fits.",
        )
        return Measurement(abs(slope - _claimed_exponent(squared, self.sizes[-1])), bound, len(self.sizes))

    def ceiling(self) -> tuple[Measurement, Measurement]:
        """``|g|^2 = <r, J g>`` and ``|g|^2 <= sqrt(D)/2 |J g|``, with J g from a
        derivative of the logits alone."""
        size = self.sizes[-1]
        gradient = image_gradients(self.network, self.image[None])[0]
        along, square = logits_along(self.network, gradient), float(pairwise_sum(gradient.square()))
        lifted = float(pairwise_sum(along * (self.image - 0.5)))
        highest = math.sqrt(size) / 2 * math.sqrt(float(pairwise_sum(along.square())))
        relative = Bound(
            {"rounding": (4 * size + 64) * torch.finfo(gradient.dtype).eps},
            "J g sums at most 2 (D + 8) products in any order, twice for the reflection, of sizes that add up to at most |g|^2 by Cauchy and Schwarz.",
        )
        return Measurement(abs(lifted / square - 1), relative, 1), Measurement(
            max(0.0, square / highest - 1), relative, 1
        )


def _rms_ratio(network: nn.Module) -> float:
    """Root mean square over images with independent signs' first and second moments,
    gradients by autograd."""
    pixels, _ = evaluate(network)
    gradients = image_gradients(network, (uncorrelated_signs(pixels.numel(), pixels.detach()) + 1) / 2)
    label = imbalance(network, torch.zeros_like(pixels)).label_gradient
    return float(pairwise_sum(gradients.square()).mean().sqrt()) / label


def _claimed_exponent(squared: SquaredRatio, size: int) -> float:
    """The power of D that ``squared``, a squared ratio, grows by; not by way of a fit,
    which is on trial here."""
    return math.log(squared(size)) / (2 * math.log(size))


class Moments:
    """Gradients of a network over uncorrelated fair signs, against the Jacobian J of
    its logits, in which no likelihood entered.

    Args:
        network: A model with zero logits, D pixels, D^2 numbers at hand.
        estimated: Whether rounding inside the network is estimated and not bounded, as
            in a model of the user's.
    """

    def __init__(self, network: nn.Module, *, estimated: bool = False) -> None:
        self.J = logit_jacobian(network)[:-1]
        pixels = evaluate(network)[0].detach()
        self.size, eps = self.J.shape[0], max(torch.finfo(self.J.dtype).eps, torch.finfo(pixels.dtype).eps)
        self.signs = uncorrelated_signs(self.size, pixels)
        self.gradients = image_gradients(network, (self.signs + 1) / 2)
        self.reach = self.J.abs().sum(0) / 2  # no gradient's entry is larger
        self.step = (self.size + len(self.signs) + 24) * eps * self.reach
        self.total = float(self.reach.norm())
        self.squares = pairwise_sum(self.gradients.square())
        self._estimated = estimated

    def _measured(self, residual: Tensor, rounding: Tensor | float) -> Measurement:
        bound = Bound(
            {"rounding": rounding},
            PAIRED_SUMS,
            ("rounding",) if self._estimated else (),
            ("terms inside the network cancel no more than they do between pixels",) if self._estimated else (),
        )
        return Measurement(residual, bound, len(self.signs))

    def score(self) -> Measurement:
        """``|grad log p(x) - J^T (x - 1/2)|``, the worst image, entry by entry."""
        return self._measured((self.gradients - (self.signs.to(self.J) / 2) @ self.J).abs().amax(0), self.step)

    def mean(self) -> Measurement:
        """``|E grad log p(x)|``, entry by entry."""
        return self._measured(self.gradients.mean(0).abs(), self.step)

    def mean_square(self) -> Measurement:
        """``|E |grad log p(x)|^2 - |J|_F^2 / 4|``."""
        residual = (self.squares.mean() - pairwise_sum(self.J.square().reshape(-1)) / 4).abs()
        return self._measured(residual, 4 * self.total * float(self.step.norm()))

    def ceiling(self) -> Measurement:
        """By how much the largest gradient exceeds ``sqrt(D)/2 |J|_op``; the operator
        norm is taken from below."""
        v = torch.linalg.svd(self.J, full_matrices=False).Vh[0]
        operator = (self.J @ v).norm() / v.norm()  # at most |J|_op whatever the error of v
        exceeding = (self.squares.max().sqrt() - math.sqrt(self.size) / 2 * operator).clamp(min=0)
        return self._measured(exceeding, 4 * math.sqrt(self.size) * float(self.step.norm()))

    def covariance(self, stream: Stream) -> Measurement:
        """``|Cov - J^T J / 4|``, entry by entry or between random directions."""
        count = self.J.shape[1]
        probes = torch.eye(count) if count <= FEW else stream.normal(count, FEW) / math.sqrt(count)
        probes = probes.to(self.J)
        seen, claimed = self.gradients @ probes, self.J @ probes
        residual = (seen.mT @ seen / len(self.signs) - claimed.mT @ claimed / 4).abs()
        edge = 4 * (self.step @ probes.abs())[:, None] * (self.reach @ probes.abs())
        return self._measured(residual, torch.maximum(edge, edge.mT))


def drawn_mean_square(D: int, K: int, size: int, images: Images, stream: Stream) -> tuple[float, int, Bound]:
    """The mean squared ratio over drawn images of a network that paints patches of K
    pixels.

    Args:
        D, K: Pixels of an image and of a patch. size: Pixels drawn in all. images: The
            sampler.
    Returns:
        The mean, the number of independent patches that it averages, and what rounding
        adds to it relatively.
    """
    count = max(1, size // D)
    network = patch_network(D, K, stream.fork("network"))
    ratios = gradient_ratios(network, images, count, stream.fork("images"))
    total = sum(float(part.square().sum()) for part in ratios)
    rounding = Bound(
        {"rounding": structured_rounding(D, stream.dtype) * 2 + size * 2.0**-52 / D},
        STRUCTURED + " The mean over images is summed in tiles.",
    )
    return total / count, count * (D // K), rounding


def drawn_exponent(
    D: int, K: int, size: int, squared: SquaredRatio, *, images: Images, stream: Stream
) -> tuple[float, float, int, int]:
    """The slope of log RMS ratio over 1, 4, 16, .. up to D pixels.

    On the event that every mean square T = ratio^2 / D is within r <= 1/2 of 1, |log T|
    <= 2 r log 2 (concavity), so the slope is within gain * r * log 2 of the one
    claimed.

    Returns:
        How far the slope is from that of ``squared``; gain * log 2; the fewest patches
        of any size; how many sizes.
    """
    sizes = ladder(D)
    means = [
        drawn_mean_square(n, math.gcd(n, K), min(size, FITTING), images, stream.fork(("ladder", n)))[:2] for n in sizes
    ]
    slope, gain = fit_exponent(sizes, [math.sqrt(square) for square, _ in means])
    return (
        abs(slope - _claimed_exponent(squared, D)),
        gain * math.log(2),
        min(patches for _, patches in means),
        len(sizes),
    )
