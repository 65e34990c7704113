"""Other people's distributions whose conditionals have a closed form: Gaussians,
mixtures of them, products."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributions as td

from numerics.distributions.mixtures import GaussianMixture
from numerics.transports.conditionals import Conditionals, MixtureConditionals, ProductConditionals

__all__ = ["closed_form"]


def closed_form(distribution: Any) -> Conditionals | None:
    """The conditional distributions of an object that is recognised, or None.

    Recognised: :class:`numerics.transports.conditionals.Conditionals` itself,
    :class:`numerics.distributions.mixtures.GaussianMixture`, torch's
    MultivariateNormal, LowRankMultivariateNormal, MixtureSameFamily of those or of
    Independent normals, Independent distributions with a distribution function, and
    sequences of one-dimensional distributions.

    Raises:
        TypeError, ValueError: a sequence whose distributions are not one-dimensional,
            continuous, or without an inverse distribution function.

    >>> from numerics.distributions.marginals import Laplace, Normal
    >>> closed_form([Normal(), Laplace()]).dim, closed_form(object())
    (2, None)
    """
    if isinstance(distribution, Conditionals):
        return distribution
    if isinstance(distribution, GaussianMixture):
        return MixtureConditionals.of(distribution)
    if isinstance(distribution, (list, tuple)):
        return ProductConditionals(distribution)
    if not isinstance(distribution, td.Distribution):
        return None
    if isinstance(distribution, td.MixtureSameFamily):
        parts = _gaussian(distribution.component_distribution)
        if parts is None or distribution.batch_shape:
            return None
        return MixtureConditionals(distribution.mixture_distribution.probs.detach().double(), *parts)
    parts = _gaussian(distribution)
    if parts is not None and not distribution.batch_shape:
        mean, covariance = parts
        return MixtureConditionals(mean.new_ones(1), mean[None], covariance[None])
    if isinstance(distribution, td.Independent) and not distribution.batch_shape and len(distribution.event_shape) == 1:
        try:
            return ProductConditionals(distribution.base_dist)
        except (TypeError, ValueError, NotImplementedError):
            return None
    return None


def _gaussian(distribution: td.Distribution) -> tuple[Tensor, Tensor] | None:
    """Means and covariances in float64, with the batch axes in front."""
    if isinstance(distribution, (td.MultivariateNormal, td.LowRankMultivariateNormal)):
        return distribution.loc.detach().double(), distribution.covariance_matrix.detach().double()
    if (
        isinstance(distribution, td.Independent)
        and isinstance(distribution.base_dist, td.Normal)
        and len(distribution.event_shape) == 1
    ):
        normal = distribution.base_dist
        return normal.loc.detach().double(), torch.diag_embed(normal.scale.detach().double().square())
    return None
