r"""Gaussian mixtures, by the eigenvectors of their covariances; isotropic ones by one
matrix product.

.. math:: p(x) = \sum_k w_k (2\pi)^{-D/2} |\Sigma_k|^{-1/2} e^{-|z_k|^2/2}, \qquad z_k = \Lambda_k^{-1/2} Q_k^T (x - m_k), \quad \Sigma_k = Q_k \Lambda_k Q_k^T

No conditional distribution and no triangular factor enters the density: those of the
same mixture, by Cholesky factors, are
:class:`numerics.transports.conditionals.MixtureConditionals`.
"""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from numerics.streams import Stream

LOG_2PI = math.log(2 * math.pi)

__all__ = [
    "GaussianMixture", "IsotropicMixture", "equicorrelated_gaussian", "isotropic_gaussian", "random_correlated_mixture", "random_covariances",
    "random_mixture",
]  # fmt: skip


class GaussianMixture:
    """A mixture of Gaussians with any covariances.

    Args:
        weights: Positive, shape ``(K,)``; they are divided by their sum.
        means: ``(K, D)``. covariances: ``(K, D, D)``, symmetric positive definite.
    Raises:
        ValueError: shapes that do not agree, weights that are not positive, a
            covariance that is not positive definite.

    >>> one = torch.ones(1, dtype=torch.float64)
    >>> tied = torch.tensor([[[1.0, 0.8], [0.8, 1.0]]], dtype=torch.float64)
    >>> GaussianMixture(one, torch.zeros(1, 2).double(), tied).log_prob(torch.zeros(1, 2).double())
    tensor([-1.3271], dtype=torch.float64)
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        if means.ndim != 2 or weights.shape != means.shape[:1] or covariances.shape != (*means.shape, means.shape[1]):
            raise ValueError(
                f"Expected weights (K,), means (K, D), covariances (K, D, D), got {tuple(weights.shape)}, {tuple(means.shape)}, {tuple(covariances.shape)}."
            )
        if not bool((weights > 0).all() & torch.isfinite(weights).all() & torch.isfinite(means).all()):
            raise ValueError("Expected positive finite weights and finite means.")
        asymmetry = (covariances - covariances.mT).abs().amax()
        factors, failed = torch.linalg.cholesky_ex(covariances)
        if bool((failed != 0).any()) or not bool(asymmetry <= 1e-6 * covariances.abs().amax()):
            raise ValueError(
                f"Expected symmetric positive definite covariances; component {int((failed != 0).int().argmax())} is not."
            )
        self.weights, self.means, self.covariances, self.factors = weights / weights.sum(), means, covariances, factors

    @property
    def dim(self) -> int:
        """D."""
        return self.means.shape[1]

    @cached_property
    def _whitened(self) -> tuple[Tensor, Tensor]:
        """Lambda^-1/2 Q^T of each component, ``(K, D, D)``, and the logarithms of w
        over the root of the determinant, ``(K, 1)``."""
        sizes, vectors = torch.linalg.eigh(self.covariances)
        if not bool((sizes > 0).all()):
            raise ValueError("Expected positive definite covariances; an eigenvalue rounds to zero or below.")
        constant = self.weights.log() - sizes.log().sum(1) / 2 - self.dim * LOG_2PI / 2
        return (vectors * sizes.rsqrt()[:, None]).mT.contiguous(), constant[:, None]

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log density in nats of points ``(N, D)``, shape ``(N,)``.

        Points are kept along the last axis, where sums over the few coordinates and
        components are cheap.

        Accuracy:
            Eigenvectors are those of a covariance that is off by a few D units of
            roundoff of its norm, which moves :math:`|z_k|^2` and the logarithm of the
            determinant by at most the condition number times that: see
            :meth:`amplified`.
        """
        whitening, constant = self._whitened
        z = whitening @ (x.mT - self.means[:, :, None])
        return torch.logsumexp(constant - z.square().sum(1) / 2, 0)

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``: a component by its weight, then a linear image
        of normals by its Cholesky factor."""
        which = self._components(n, stream)
        noise = stream.normal(n, self.dim)
        return self.means[which] + torch.einsum("nij,nj->ni", self.factors[which], noise)

    def _components(self, n: int, stream: Stream) -> Tensor:
        steps = torch.cumsum(self.weights, 0)[:-1].contiguous()
        return torch.searchsorted(steps, stream.uniform(n), right=True)

    def mean(self) -> Tensor:
        """The expectation, shape ``(D,)``.

        >>> one = torch.ones(2).double()
        >>> GaussianMixture(one, torch.tensor([[0.0], [3.0]]).double(), one[:, None, None]).mean()
        tensor([1.5000], dtype=torch.float64)
        """
        return self.weights @ self.means

    def rounding_units(self, x: Tensor) -> Tensor:
        r"""Units of rounding in log weights and exponents at points ``(N, D)``, shape
        ``(N,)``: :math:`(D + 8)\,\kappa(\Sigma)\,(1 + \max_k |z_k|^2)`.

        Forward substitution and the eigenvectors of a covariance err by a few D units
        relative to the norm, amplified by at most the condition number of the
        covariance (Higham, ch. 8 and 14).
        """
        z = torch.linalg.solve_triangular(self.factors, (x - self.means[:, None]).mT, upper=False)
        return (self.dim + 8) * torch.linalg.cond(self.covariances).amax() * (1 + z.square().sum(1).amax(0))


class IsotropicMixture(GaussianMixture):
    r"""A mixture of isotropic Gaussians, evaluated by one matrix product.

    .. math:: p(x) = \sum_k w_k (2\pi\sigma_k^2)^{-D/2} e^{-|x-m_k|^2/(2\sigma_k^2)}

    Args:
        weights: Positive, shape ``(K,)``; they are divided by their sum.
        means: Shape ``(K, D)``.
        scales: Standard deviations, positive, shape ``(K,)``.
    Raises:
        ValueError: shapes that do not agree, or weights or scales that are not
            positive.
    Accuracy:
        The square is expanded so that all components cost one matrix product: the
        absolute error of the logarithm is about ``(D + 6) eps max_k (|x|^2 + |m_k|^2) /
        sigma_k^2``.

    >>> one = torch.ones(1, dtype=torch.float64)
    >>> IsotropicMixture(one, torch.zeros(1, 2).double(), one).log_prob(torch.zeros(3, 2).double())
    tensor([-1.8379, -1.8379, -1.8379], dtype=torch.float64)
    """

    def __init__(self, weights: Tensor, means: Tensor, scales: Tensor) -> None:
        k = weights.shape[0]
        if means.ndim != 2 or means.shape[0] != k or scales.shape != (k,):
            raise ValueError(
                f"Expected weights (K,), means (K, D), scales (K,), got {tuple(weights.shape)}, {tuple(means.shape)}, {tuple(scales.shape)}."
            )
        if not bool((weights > 0).all() & (scales > 0).all()):
            raise ValueError("Expected positive weights and scales.")
        self.weights, self.means, self.scales = weights / weights.sum(), means, scales
        precision = scales.square().reciprocal()
        self._lifted = torch.cat([means * precision[:, None], (-precision / 2)[:, None]], 1)
        size = means.square().sum(1) * precision / 2
        self._constant = self.weights.log() - self.dim * (scales.log() + LOG_2PI / 2) - size

    @cached_property
    def covariances(self) -> Tensor:
        """The squares of the scales on the diagonals, ``(K, D, D)``."""
        return self.scales.square()[:, None, None] * self._unit

    @cached_property
    def factors(self) -> Tensor:
        """The scales on the diagonals, ``(K, D, D)``."""
        return self.scales[:, None, None] * self._unit

    @property
    def _unit(self) -> Tensor:
        return torch.eye(self.dim, dtype=self.means.dtype, device=self.means.device)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density in nats of points ``(N, D)``, ``(N,)``: one product of the
        points, lifted by their squares, with the components."""
        lifted = torch.cat([x, x.square().sum(1, keepdim=True)], 1)
        return _log_sum_exp(torch.addmm(self._constant[:, None], self._lifted, lifted.mT))

    def sample(self, n: int, stream: Stream) -> Tensor:
        """``n`` draws, shape ``(n, D)``: a component by its weight, then a Gaussian
        around its mean."""
        which = self._components(n, stream)
        return self.means[which] + self.scales[which, None] * stream.normal(n, self.dim)

    def along_first(self, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each component's log density as ``-a t^2 + b t + c`` in the first coordinate,
        from the others ``(N, D - 1)``.

        Returns:
            ``a, b``: ``(K,)``, ``c``: ``(K, N)``.

        >>> a, b, _ = isotropic_gaussian(1, 1.0, torch.zeros(1)).along_first(torch.zeros(1, 0))
        >>> a, b  # -t^2/2
        (tensor([0.5000]), tensor([0.]))
        """
        linear, square = self._lifted[:, :-1], self._lifted[:, -1]
        c = self._constant[:, None] + linear[:, 1:] @ rest.mT + square[:, None] * rest.square().sum(1)
        return -square, linear[:, 0], c


def _log_sum_exp(exponents: Tensor) -> Tensor:
    """Along the first axis, overwriting ``exponents``; the shift is a constant to
    differentiation, which leaves the derivative exact.

    In place, because one large temporary is what memory allows: several at a time pass
    the threshold beyond which the C library hands freed pages back to the system, and
    then every evaluation pays for getting them again (half of its time).
    """
    shift = exponents.detach().amax(0)
    return exponents.sub_(shift).exp_().sum(0).log().add_(shift)


def isotropic_gaussian(dim: int, scale: float, like: Tensor) -> IsotropicMixture:
    """The centred isotropic Gaussian as a mixture of one, on the device and in the
    dtype of ``like``.

    Args:
        dim: D. scale: Standard deviation, positive. like: A tensor of any shape.

    >>> isotropic_gaussian(3, 2.0, torch.zeros(1).double()).covariances[0].diagonal()
    tensor([4., 4., 4.], dtype=torch.float64)
    """
    one = torch.ones(1, dtype=like.dtype, device=like.device)
    return IsotropicMixture(one, torch.zeros(1, dim, dtype=like.dtype, device=like.device), scale * one)


def equicorrelated_gaussian(dim: int, correlation: float, like: Tensor) -> GaussianMixture:
    """The standard Gaussian all of whose pairs of coordinates have one correlation, on
    the device and in the dtype of ``like``.

    Args:
        dim: D. correlation: Above -1/(D - 1) and below 1. like: A tensor of any shape.

    >>> equicorrelated_gaussian(2, 0.8, torch.zeros(1).double()).covariances[0]
    tensor([[1.0000, 0.8000],
            [0.8000, 1.0000]], dtype=torch.float64)
    """
    covariance = torch.full((dim, dim), correlation, dtype=like.dtype, device=like.device)
    covariance.diagonal().fill_(1.0)
    return GaussianMixture(covariance.new_ones(1), covariance.new_zeros(1, dim), covariance[None])


def random_mixture(dim: int, components: int, stream: Stream, *, spread: float = 2.0) -> IsotropicMixture:
    """Weights uniform on the simplex and bounded below by 1/(3K), means normal of that
    spread, scales between 0.7 and 1.5.

    >>> random_mixture(2, 3, Stream(1)).means.shape
    torch.Size([3, 2])
    """
    raw = stream.exponential(components)
    weights = (raw / raw.sum() + 0.5 / components) / 1.5
    means = spread * stream.normal(components, dim) / math.sqrt(dim)
    return IsotropicMixture(weights, means, 0.7 + 0.8 * stream.uniform(components))


def random_correlated_mixture(dim: int, components: int, stream: Stream) -> GaussianMixture:
    """Weights no further apart than exponential draws plus 0.3, normal means,
    covariances by :func:`random_covariances`.

    Means have the spread 2, or 1/2 for a single component.

    >>> random_correlated_mixture(2, 3, Stream(1)).covariances.shape
    torch.Size([3, 2, 2])
    """
    raw = stream.exponential(components) + 0.3
    means = (2.0 if components > 1 else 0.5) * stream.normal(components, dim) / math.sqrt(dim)
    return GaussianMixture(raw, means, random_covariances(dim, components, stream))


def random_covariances(dim: int, components: int, stream: Stream, *, stretch: float = 0.5) -> Tensor:
    """Covariances Q diag(s^2) Q^T with s between e^-stretch and e^stretch and
    Haar-distributed Q, shape ``(K, D, D)``.

    >>> random_covariances(2, 3, Stream(1)).shape
    torch.Size([3, 2, 2])
    """
    q = torch.linalg.qr(stream.normal(components, dim, dim)).Q
    scales = torch.exp(stretch * (2 * stream.uniform(components, 1, dim) - 1))
    matrix = (q * scales.square()) @ q.mT
    return (matrix + matrix.mT) / 2
