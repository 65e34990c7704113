"""Other people's laws whose conditionals have a closed form: Gaussians, mixtures of them, products."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributions as td

from numerics.densities import GaussianMixture
from numerics.transports.conditionals import Conditionals, MixtureConditionals, ProductConditionals

__all__ = ["closed_form"]


def closed_form(law: Any) -> Conditionals | None:
    """The conditional laws of an object that is recognised, or None.

    Recognised: :class:`numerics.transports.conditionals.Conditionals` itself, :class:`numerics.densities.GaussianMixture`, torch's MultivariateNormal,
    LowRankMultivariateNormal, MixtureSameFamily of those or of Independent normals, Independent laws with a distribution function, and
    sequences of one-dimensional laws.

    Raises:
        TypeError, ValueError: a sequence whose laws are not one-dimensional, continuous, or without an inverse distribution function.
    """
    if isinstance(law, Conditionals):
        return law
    if isinstance(law, GaussianMixture):
        return MixtureConditionals.of(law)
    if isinstance(law, (list, tuple)):
        return ProductConditionals(law)
    if not isinstance(law, td.Distribution):
        return None
    if isinstance(law, td.MixtureSameFamily):
        parts = _gaussian(law.component_distribution)
        if parts is None or law.batch_shape:
            return None
        return MixtureConditionals(law.mixture_distribution.probs.detach().double(), *parts)
    parts = _gaussian(law)
    if parts is not None and not law.batch_shape:
        mean, covariance = parts
        return MixtureConditionals(mean.new_ones(1), mean[None], covariance[None])
    if isinstance(law, td.Independent) and not law.batch_shape and len(law.event_shape) == 1:
        try:
            return ProductConditionals(law.base_dist)
        except (TypeError, ValueError, NotImplementedError):
            return None
    return None


def _gaussian(law: td.Distribution) -> tuple[Tensor, Tensor] | None:
    """Means and covariances in float64, with the batch axes in front."""
    if isinstance(law, (td.MultivariateNormal, td.LowRankMultivariateNormal)):
        return law.loc.detach().double(), law.covariance_matrix.detach().double()
    if isinstance(law, td.Independent) and isinstance(law.base_dist, td.Normal) and len(law.event_shape) == 1:
        normal = law.base_dist
        return normal.loc.detach().double(), torch.diag_embed(normal.scale.detach().double().square())
    return None
