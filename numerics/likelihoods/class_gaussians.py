r"""A Gaussian for each label: joint, conditional and marginal log densities, each by a
formula of its own.

The joint density is that of a Gaussian at its mean; the conditional is the linear
classifier that the means imply, in which no density is evaluated; the marginal is that
of a mixture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

ROUNDING = (
    "A log density sums D squares of (x - mu)/s and D logarithms, in any order, each within 8 ulps: (D + 16) eps of the sum of their sizes (Higham, section "
    "4.2). The classifier sums products x mu / s^2 of sizes below (|x| + |mu|)^2 / s^2. A logarithm of K exponentials moves by no more than its "
    "arguments do, and adds K + 4 ulps of 1 and of the result."
)


@dataclass(frozen=True)
class ClassGaussians:
    """``p(y) = exp(log_prior_y)``, ``p(x | y)`` Gaussian with mean ``means_y`` and one
    diagonal covariance for all labels.

    Args:
        log_prior: Shape ``(K,)``, nats; the masses sum to one.
        means: Shape ``(K, D)``.
        scale: Standard deviations, shape ``(D,)``, positive.

    >>> model = ClassGaussians(torch.full((2,), 0.5).double().log(), torch.tensor([[-1.0], [1.0]]).double(), torch.ones(1).double())
    >>> model.conditional(torch.zeros(1, 1).double()).exp()
    tensor([[0.5000, 0.5000]], dtype=torch.float64)
    """

    log_prior: Tensor
    means: Tensor
    scale: Tensor

    def joint(self, x: Tensor) -> Tensor:
        """``log p(x, y)`` for every label, shape ``(N, K)``, of points ``(N, D)``."""
        return self.log_prior + self.likelihood(x)

    def likelihood(self, x: Tensor) -> Tensor:
        """``log p(x | y)`` for every label, shape ``(N, K)``."""
        return Independent(Normal(self.means, self.scale), 1).log_prob(x[:, None])

    def conditional(self, x: Tensor) -> Tensor:
        """``log p(y | x)``, shape ``(N, K)``: a linear classifier with weights ``mu /
        s^2``."""
        weights = self.means / self.scale**2
        offsets = self.log_prior - (self.means * weights).sum(-1) / 2
        return torch.log_softmax(x @ weights.mT + offsets, -1)

    def marginal(self, x: Tensor) -> Tensor:
        """``log p(x)``, shape ``(N,)``, of the mixture."""
        parts = Independent(Normal(self.means, self.scale), 1)
        return MixtureSameFamily(Categorical(logits=self.log_prior), parts).log_prob(x)

    def sample(self, n: int, stream: Stream) -> tuple[Tensor, Tensor]:
        """``n`` points and labels, shapes ``(n, D)`` and ``(n,)``: a label first, then
        noise about its mean."""
        edges = self.log_prior.exp().cumsum(0)
        labels = torch.searchsorted(edges, stream.fork("labels").uniform(n)).clamp(max=len(edges) - 1)
        return self.means[labels] + self.scale * stream.fork("noise").normal(n, self.scale.numel()), labels

    def rounding(self, x: Tensor) -> Tensor:
        """What rounding may do to a sum of the three log densities, shape ``(N,)``: see
        :data:`ROUNDING`."""
        D, K = self.scale.numel(), len(self.log_prior)
        squares = ((x[:, None].abs() + self.means.abs()) / self.scale).square().sum(-1).amax(-1)
        constants = (self.scale.log().abs() + math.log(2 * math.pi) / 2).sum() + self.log_prior.abs().max()
        return (3 * D + K + 64) * torch.finfo(x.dtype).eps * (squares + constants + 1)


def random_classes(D: int, K: int, stream: Stream) -> ClassGaussians:
    """``K`` labels with unequal priors, random means of size about 2 and standard
    deviations between 1/2 and 2.

    Raises:
        ValueError: ``D < 1`` or ``K < 2``.
    """
    if D < 1 or K < 2:
        raise ValueError(f"Expected D >= 1 and at least two labels, got D = {D} and K = {K}.")
    log_prior = torch.log_softmax(stream.fork("prior").normal(K), 0)
    means = 2 * stream.fork("means").normal(K, D) / math.sqrt(D)
    return ClassGaussians(log_prior, means, 2 ** (2 * stream.fork("scale").uniform(D) - 1))


def posterior(model: ClassGaussians, x: Tensor) -> Tensor:
    """``log p(y | x)``: the first factor of the chain rule. x is ``(N, D)``, the result
    ``(N, K)``."""
    return model.conditional(x)


def likelihood(model: ClassGaussians, x: Tensor) -> Tensor:
    """``log p(x | y)``: what the chain rule's first factor is not. x is ``(N, D)``, the
    result ``(N, K)``."""
    return model.likelihood(x)


def chain_rule(model: ClassGaussians, x: Tensor, first: object = posterior) -> Measurement:
    """``|log p(x, y) - (first + log p(x))|`` for every point and label."""
    residual = (model.joint(x) - (first(model, x) + model.marginal(x)[:, None])).abs()  # type: ignore[operator]
    return Measurement(residual, Bound({"rounding": model.rounding(x)[:, None]}, ROUNDING), residual.numel())
