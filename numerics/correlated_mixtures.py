r"""The density of a Gaussian mixture with any covariances, by their eigenvectors: no conditional law and no triangular factor enters.

.. math:: p(x) = \sum_k w_k (2\pi)^{-D/2} |\Sigma_k|^{-1/2} e^{-|z_k|^2/2}, \qquad z_k = \Lambda_k^{-1/2} Q_k^T (x - m_k), \quad \Sigma_k = Q_k \Lambda_k Q_k^T

The conditional laws of the same mixture, by Cholesky factors, are :class:`numerics.transports.conditionals.MixtureConditionals`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from numerics.densities import LOG_2PI

__all__ = ["CorrelatedMixture"]


class CorrelatedMixture:
    """A mixture of Gaussians with full covariances.

    Args:
        weights: Positive, shape ``(K,)``; they are divided by their sum.
        means: ``(K, D)``. covariances: ``(K, D, D)``, symmetric positive definite.
    Raises:
        ValueError: shapes that do not agree, weights that are not positive, a covariance that is not positive definite.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        if means.ndim != 2 or weights.shape != means.shape[:1] or covariances.shape != (*means.shape, means.shape[1]):
            raise ValueError(
                f"Expected weights (K,), means (K, D), covariances (K, D, D), got {tuple(weights.shape)}, {tuple(means.shape)}, {tuple(covariances.shape)}."
            )
        sizes, vectors = torch.linalg.eigh(covariances)
        if not bool((weights > 0).all() and (sizes > 0).all()):
            raise ValueError("Expected positive weights and positive definite covariances.")
        self.dim = means.shape[1]
        self._whitening = (vectors * sizes.rsqrt()[:, None]).mT.contiguous()
        self._means = means[:, :, None]
        constant = (weights / weights.sum()).log() - sizes.log().sum(1) / 2 - self.dim * LOG_2PI / 2
        self._constant = constant[:, None]

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log density in nats of points ``(N, D)``, shape ``(N,)``.

        Points are kept along the last axis, where sums over the few coordinates and components are cheap.

        Accuracy:
            Eigenvectors are those of a covariance that is off by a few D units of roundoff of its norm, which moves :math:`|z_k|^2` and the
            logarithm of the determinant by at most the condition number times that.
        """
        z = self._whitening @ (x.mT - self._means)
        return torch.logsumexp(self._constant - z.square().sum(1) / 2, 0)
