"""Encoders on finite alphabets: the rate against a prior, the information that a code
carries, and what a prior adds.

Rates and informations are in nats; masses are rows of tensors that add up to one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

Divergence = Callable[[Tensor, Tensor], Tensor]

ROUNDING = (
    "Each term is a mass times a logarithm of a quotient, within 4 unit roundoffs of itself and, where its quotient is near one, of its mass; a "
    "mixture over the data adds one for each datum, a sum of n terms n of the sum of sizes (Higham 2002, section 4.2); rows add up to one within "
    "as many unit roundoffs as they have entries."
)


def relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """KL(p||q) in nats over the last axis: ``p``, ``q`` of shape ``(*, n)``, positive,
    to ``(*)``.

    Accuracy: (n + 4) unit roundoffs of the sum of sizes of its terms. It is not clamped
        at zero.

    >>> p = torch.tensor([0.5, 0.5], dtype=torch.float64)
    >>> round(float(relative_entropy(p, torch.tensor([0.25, 0.75], dtype=torch.float64))), 4)
    0.1438
    """
    return (p * (p / q).log()).sum(-1)


def reversed_entropy(p: Tensor, q: Tensor) -> Tensor:
    """KL(q||p): the two arguments exchanged. p and q have one shape."""
    return relative_entropy(q, p)


def entropy(p: Tensor) -> Tensor:
    """Entropy in nats of a whole tensor of masses, shape ``()``.

    >>> round(float(entropy(torch.full((4,), 0.25, dtype=torch.float64))), 4)
    1.3863
    """
    return -torch.special.xlogy(p, p).sum()


@dataclass(frozen=True)
class Encoder:
    """Masses of X data, an encoder, and a prior on Z codes.

    Args:
        data: ``(X,)``. codes: q(z|x), ``(X, Z)``. prior: ``(Z,)``.
    """

    data: Tensor
    codes: Tensor
    prior: Tensor

    @property
    def joint(self) -> Tensor:
        """w(x) q(z|x), ``(X, Z)``."""
        return self.data[:, None] * self.codes

    @property
    def mixture(self) -> Tensor:
        """The distribution of the codes over all data, ``(Z,)``."""
        return self.joint.sum(0)

    def rate(self, divergence: Divergence = relative_entropy) -> Tensor:
        """E KL(q(z|x)||p(z)) in nats, shape ``()``."""
        return (self.data * divergence(self.codes, self.prior.expand_as(self.codes))).sum()

    def information(self) -> Tensor:
        """I(x;z) in nats, by the entropies of data, codes and pairs: shape ``()``."""
        return entropy(self.data) + entropy(self.mixture) - entropy(self.joint)


def random_encoder(data: int, codes: int, sharpness: float, stream: Stream) -> Encoder:
    """An encoder of ``data`` symbols into ``codes`` codes; the larger the sharpness,
    the less is left to chance.

    >>> random_encoder(3, 2, 1.0, Stream(0)).codes.shape
    torch.Size([3, 2])
    """
    return Encoder(
        stream.exponential(data).softmax(0),
        (sharpness * stream.normal(data, codes)).softmax(1),
        stream.normal(codes).softmax(0),
    )


def parts_of_the_rate(encoder: Encoder, divergence: Divergence = relative_entropy) -> tuple[Measurement, Measurement]:
    """The rate against information and prior gap, and by how much the rate falls below
    the information."""
    rate, information = encoder.rate(divergence), encoder.information()
    gap = relative_entropy(encoder.mixture, encoder.prior)
    bound = Bound({"rounding": _rounding(encoder)}, ROUNDING)
    difference = (rate - information - gap).abs()
    return Measurement(difference, bound, encoder.codes.numel()), Measurement(
        (information - rate).clamp(min=0), bound, encoder.codes.numel()
    )


def _rounding(encoder: Encoder) -> float:
    X, Z = encoder.codes.shape
    sizes = (encoder.joint * (encoder.codes / encoder.prior).log().abs()).sum() + (
        encoder.mixture * (encoder.mixture / encoder.prior).log().abs()
    ).sum()
    sizes = sizes + entropy(encoder.data) + entropy(encoder.mixture) + entropy(encoder.joint)
    return float((X * Z + X + Z + 8) * (sizes + 4) * torch.finfo(encoder.codes.dtype).eps)
