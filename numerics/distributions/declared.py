"""Distributions and scores by name, with parameters from a stream: what cases of claims
and audits speak of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from numerics.distributions.interface import Distribution, Sampler
from numerics.distributions.joint import CurvedBand, HeavyRidge, StudentProduct
from numerics.distributions.marginals import FAMILIES, Logistic, SplitUniform, Uniform
from numerics.distributions.mixtures import (
    IsotropicMixture,
    equicorrelated_gaussian,
    isotropic_gaussian,
    random_correlated_mixture,
    random_mixture,
)
from numerics.distributions.product import Marginal, Product
from numerics.distributions.singular import Cantor, Cross
from numerics.streams import Stream

__all__ = ["declared_distribution", "declared_line", "declared_log_score", "declared_product", "declared_sampler"]

KINDS = (
    "mixture", "gaussian", "correlated-mixture", "correlated-pair", "correlated-gaussian", "equicorrelated", "logistic", "student", "uniform", "split",
    "centred", "off-centre", "ridge", "band",
)  # fmt: skip


def declared_distribution(kind: str, dim: int, stream: Stream) -> Distribution:
    """A distribution on R^D of the named kind.

    Args:
        kind: ``mixture`` (4 isotropic Gaussians), ``gaussian`` (one),
            ``correlated-mixture`` (3 of any covariances), ``correlated-pair``,
            ``correlated-gaussian``, ``equicorrelated`` (one Gaussian whose pairs of
            coordinates all have correlation 0.8), ``logistic``, ``student`` (6 degrees
            of freedom), ``uniform`` (on [0, 2]), ``split`` (each coordinate uniform on
            two intervals), ``centred`` and ``off-centre`` (the standard Gaussian about
            0 and about 3/2), ``ridge`` or ``band`` (both D = 2).
        dim: D. stream: Source of the parameters, for the kinds that have some; its
            dtype and device are theirs.
    Raises:
        ValueError: an unknown kind, or a ridge or band in another dimension.

    >>> distribution = declared_distribution("student", 3, Stream(1))
    >>> distribution.log_prob(distribution.sample(5, Stream(2))).shape
    torch.Size([5])
    """
    zeros = torch.zeros(dim, dtype=stream.dtype, device=stream.device)
    if kind in ("mixture", "gaussian"):
        return random_mixture(dim, 4 if kind == "mixture" else 1, stream)
    if kind in ("correlated-gaussian", "correlated-pair", "correlated-mixture"):
        components = {"correlated-gaussian": 1, "correlated-pair": 2, "correlated-mixture": 3}[kind]
        return random_correlated_mixture(dim, components, stream)
    if kind == "equicorrelated":
        return equicorrelated_gaussian(dim, 0.8, zeros)
    if kind == "logistic":
        return Logistic(stream.normal(dim) / 2, 0.8 + 0.4 * stream.uniform(dim))
    if kind == "student":
        return StudentProduct(6, dim)
    if kind == "uniform":
        return Uniform(zeros, zeros + 2)
    if kind == "split":
        return SplitUniform(zeros, zeros + 1)
    if kind in ("centred", "off-centre"):
        one = zeros.new_ones(1)
        return IsotropicMixture(one, (zeros + 1.5 * (kind == "off-centre"))[None], one)
    if kind == "ridge" and dim == 2:
        return HeavyRidge()
    if kind == "band" and dim == 2:
        return CurvedBand()
    raise ValueError(f"Expected one of {', '.join(KINDS)} (ridge and band with D = 2), got {kind!r} with D = {dim}.")


def declared_sampler(kind: str, dim: int, stream: Stream) -> Sampler:
    """A distribution on R^D without atoms: ``cross`` or ``cantor``, which have no
    density, or a kind of :func:`declared_distribution`.

    >>> declared_sampler("cross", 3, Stream(1)).sample(2, Stream(2)).count_nonzero(1)
    tensor([1, 1])
    """
    if kind == "cross":
        return Cross(dim)
    return Cantor(dim) if kind == "cantor" else declared_distribution(kind, dim, stream)


def _log_normal_scales(size: int, stream: Stream) -> Tensor:
    return torch.exp(0.5 * stream.normal(size))


def declared_product(
    families: Sequence[str], dim: int, stream: Stream, *, scales: Callable[[int, Stream], Tensor] = _log_normal_scales
) -> Product:
    """D independent columns: one block a family, nearly equal in width, with normal
    places of deviation 2 and the given scales.

    Args:
        families: Names in :data:`numerics.distributions.marginals.FAMILIES`. dim: D.
            scales: From (n, stream) to n positive scales, ``(n,)``.
    Raises:
        KeyError: an unknown family. ValueError: more families than columns.

    >>> [block.name for block in declared_product(["normal", "uniform"], 3, Stream(1)).blocks]
    ['Normal', 'Uniform']
    """
    count = len(families)
    if not 1 <= count <= dim:
        raise ValueError(f"Expected between one family and one a column, got {count} families for D = {dim}.")
    blocks = []
    for k, name in enumerate(families):
        width = dim // count + (k < dim % count)
        place, scale = 2.0 * stream.normal(width), scales(width, stream)
        ends = issubclass(FAMILIES[name], Uniform)
        blocks.append(FAMILIES[name](place, place + scale) if ends else FAMILIES[name](place, scale))
    return Product(blocks)


def declared_line(kind: str) -> Marginal:
    """The standard distribution on the line of a family; on (-1, 2) where it has two
    ends.

    >>> declared_line("uniform").mean()
    tensor([0.5000], dtype=torch.float64)
    """
    family = FAMILIES[kind]
    return family(-1.0, 2.0) if issubclass(family, Uniform) else family()


def declared_log_score(kind: str, p: Distribution, stream: Stream) -> Callable[[Tensor], Tensor]:
    r"""Logarithm of a score of the named kind, from points ``(N, D)`` to ``(N,)``, to
    be realised as the density of an image of ``p``.

    Args:
        kind: ``flat`` (s = 1), ``wide`` (a Gaussian of scale 3), ``inverse`` (1/p),
            ``square`` (p squared), ``logistic`` (a product of scale 2), ``bumps``
            (another mixture, flattened), or ``vanishing`` (:math:`|x_1|`, which is zero
            at x_1 = 0).
    Raises:
        ValueError: an unknown kind.

    >>> p = declared_distribution("logistic", 2, Stream(1))
    >>> x = p.sample(4, Stream(2))
    >>> bool((declared_log_score("inverse", p, Stream(3))(x) == -p.log_prob(x)).all())
    True
    """
    if kind == "flat":
        return lambda x: torch.zeros_like(x[:, 0])
    if kind == "wide":
        return isotropic_gaussian(p.dim, 3.0, stream.uniform(1)).log_prob
    if kind == "inverse":
        return lambda x: -p.log_prob(x)
    if kind == "square":
        return lambda x: 2 * p.log_prob(x)
    if kind == "logistic":
        zeros = torch.zeros(p.dim, dtype=stream.dtype, device=stream.device)
        return Logistic(zeros, zeros + 2).log_prob
    if kind == "bumps":
        bumps = random_mixture(p.dim, 3, stream)
        return lambda x: bumps.log_prob(x) / 2
    if kind == "vanishing":
        return lambda x: x[:, 0].abs().log()
    raise ValueError(f"Expected a score among flat, wide, inverse, square, logistic, bumps, vanishing, got {kind!r}.")
