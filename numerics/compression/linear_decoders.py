r"""Linear decoders with a standard normal prior, measured: -log Z in closed form
against the Gaussian that it is, and against draws.

:math:`d = |x - b - W z|^2 / 2`, so that :math:`Z = (2\pi/\beta)^{D/2} N(x; b, W W^T +
I/\beta)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.compression.annealed_chains import (
    Plan,
    Target,
    anneal,
    anneal_down,
    log_mean,
    settled_plan,
    standard_normal,
)
from numerics.compression.curve_bounds import annealed_upper, bracket
from numerics.streams import Stream

Value = Callable[[Tensor, Tensor, float], Tensor]

LONG = 1.2  # a leapfrog at which a good share of proposals is rejected, so that leaving the rejection out shows
CHAINS = 4  # a datum
LEVEL = 1e-60  # of a certified bound, whose share of it is taken off again: a sign that is wrong shows


def negative_log_z(residuals: Tensor, W: Tensor, beta: float) -> Tensor:
    """-log Z in nats by the codes' own matrix: ``residuals`` x - b of shape ``(N, D)``,
    ``W`` ``(D, k)``, to ``(N,)``.

    Costs k^3 and not D^3.

    >>> W = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    >>> round(float(negative_log_z(torch.zeros(1, 2, dtype=torch.float64), W, 3.0)), 4)
    0.6931
    """
    precision = torch.eye(W.shape[1], dtype=W.dtype, device=W.device) + beta * W.T @ W
    factor = torch.linalg.cholesky(precision)
    projected = torch.linalg.solve_triangular(factor, (residuals @ W).T, upper=False)
    quadratic = beta * residuals.square().sum(1) - beta**2 * projected.square().sum(0)
    return factor.diagonal().log().sum() + quadratic / 2


def _with(residuals: Tensor, W: Tensor, beta: float, inner: Tensor) -> Tensor:
    precision = torch.eye(W.shape[1], dtype=W.dtype, device=W.device) + beta * inner
    mean = torch.linalg.solve(precision, (residuals @ W).T)
    quadratic = beta * residuals.square().sum(1) - beta**2 * ((residuals @ W).T * mean).sum(0)
    return torch.linalg.slogdet(precision).logabsdet / 2 + quadratic / 2


def pixels_in_place_of_codes(residuals: Tensor, W: Tensor, beta: float) -> Tensor:
    """The same with W W^T where W^T W belongs; W is square. Residuals are ``(N, D)``."""
    return _with(residuals, W, beta, W @ W.T)


def beta_without_its_half(residuals: Tensor, W: Tensor, beta: float) -> Tensor:
    """The same with 2 beta for beta: a distortion without its half. Residuals are ``(N,
    D)``, W is ``(D, k)``."""
    return negative_log_z(residuals, W, 2 * beta)


def without_the_determinant(residuals: Tensor, W: Tensor, beta: float) -> Tensor:
    """The same without log det. Residuals are ``(N, D)``, W is ``(D, k)``."""
    precision = torch.eye(W.shape[1], dtype=W.dtype, device=W.device) + beta * W.T @ W
    return negative_log_z(residuals, W, beta) - torch.linalg.slogdet(precision).logabsdet / 2


def random_decoder(pixels: int, codes: int, data: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """Residuals ``(N, D)`` drawn from the model itself, and W ``(D, k)``."""
    W = stream.normal(pixels, codes) / math.sqrt(pixels)
    return stream.normal(data, codes) @ W.T + 0.5 * stream.normal(data, pixels), W


def against_the_gaussian(residuals: Tensor, W: Tensor, beta: float, value: Value = negative_log_z) -> Measurement:
    """The closed form against the log density of N(0, W W^T + I/beta) as torch
    evaluates it, on the pixels."""
    D, k = W.shape
    covariance = W @ W.T + torch.eye(D, dtype=W.dtype, device=W.device) / beta
    gaussian = torch.distributions.MultivariateNormal(torch.zeros_like(residuals[0]), covariance)
    expected = -gaussian.log_prob(residuals) - D / 2 * math.log(2 * math.pi / beta)
    condition = 1 + beta * float(torch.linalg.matrix_norm(W, 2)) ** 2
    sizes = beta * residuals.square().sum(1) + D * math.log(condition) + 1 + D * abs(math.log(2 * math.pi / beta))
    bound = Bound(
        {"rounding": 16 * (D + k) ** 1.5 * condition * sizes * torch.finfo(W.dtype).eps},
        "Cholesky factors of matrices of condition at most 1 + beta |W|^2 solve to within 3 n^1.5 unit roundoffs times that condition (Higham 2002, "
        "theorem 10.4), on codes and on pixels; the squared lengths are at most beta |r|^2, the log-determinants D log of the condition.",
    )
    return Measurement((value(residuals, W, beta) - expected).abs(), bound, residuals.shape[0])


def mean_weight(
    residuals: Tensor, W: Tensor, beta: float, size: int, stream: Stream, *, value: Value = negative_log_z
) -> tuple[float, float]:
    """The mean over draws of the prior of exp(-beta d), in [0, 1], for the first
    residual, and what the closed form says. Residuals are ``(N, D)``, W is ``(D, k)``."""
    z = stream.normal(size, W.shape[1])
    squares = (residuals[0] - z @ W.T).square().sum(1) / 2
    return float((-beta * squares).exp().mean()), float((-value(residuals[:1], W, beta)).exp())


def annealed_mean_weight(
    residuals: Tensor,
    W: Tensor,
    beta: float,
    size: int,
    stream: Stream,
    *,
    value: Value = negative_log_z,
    accepting: bool = True,
    late: bool = False,
) -> tuple[float, float]:
    """The mean weight of chains of long leapfrogs over two temperatures, in [0, 1], for
    the first residual, and what the closed form says. Residuals are ``(N, D)``, W is
    ``(D, k)``.

    ``accepting`` and ``late``: as in :func:`numerics.compression.annealed_chains.anneal`.
    """
    target = _target(residuals[:1], W)
    steps = Plan((beta / 2, beta), (LONG, LONG))
    run = anneal(target, steps, torch.zeros(size, dtype=torch.long), stream, accepting=accepting, late=late)
    return float(run.log_weights[-1].exp().mean()), float((-value(residuals[:1], W, beta)).exp())


def from_both_sides(
    pixels: int, codes: int, beta: float, data: int, stream: Stream, *, value: Value = negative_log_z
) -> tuple[float, float]:
    """Means of log e-values over ``data`` data: of mean w/Z for chains from the prior
    up, and of Z mean 1/w for chains down from exact posterior draws, Z as the closed
    form has it.

    The data are drawn from the model with noise of variance 1/beta, so that the code
    that made a datum is a draw of its posterior.
    """
    W = stream.normal(pixels, codes) / math.sqrt(pixels)
    z = stream.normal(data, codes)
    residuals, others = (part @ W.T + stream.normal(data, pixels) / math.sqrt(beta) for part in (z, stream.normal(data, codes)))  # fmt: skip
    rows = torch.arange(data).repeat_interleave(CHAINS)
    plan = settled_plan(_target(others, W), torch.arange(data), [beta], stream, temperatures=32)
    up = anneal(_target(residuals, W), plan, rows, stream).log_weights[-1]
    down = anneal_down(_target(residuals, W), plan, rows, z.repeat_interleave(CHAINS, 0), stream)
    claimed = value(residuals, W, beta)
    certified = annealed_upper(log_mean(up, CHAINS)[None], LEVEL)
    above = float(certified[0]) - math.log(1 / LEVEL) / data
    return float(claimed.mean()) - above, float((log_mean(-down, CHAINS) - claimed).mean())


def _target(residuals: Tensor, W: Tensor) -> Target:
    """Half the squared error of a linear decoder, by data, and N(0, I)."""
    return Target(lambda z, rows: (residuals[rows] - z @ W.T).square().sum(1) / 2, standard_normal(W.shape[1]))


def band_of_the_curve(residuals: Tensor, W: Tensor, slopes: int = 24) -> tuple[Measurement, Measurement]:
    """The curve of a linear decoder between its bounds from F at ``slopes`` slopes, and
    the width of that band; at those slopes and halfway between them. Residuals are
    ``(N, D)``, W is ``(D, k)``."""
    betas = torch.logspace(-2, 3, 2 * slopes + 1, dtype=W.dtype, device=W.device).requires_grad_()
    with torch.enable_grad():
        energies = torch.stack([negative_log_z(residuals, W, beta).mean() for beta in betas])
        (distortions,) = torch.autograd.grad(energies.sum(), betas)
    betas, energies = betas.detach(), energies.detach()
    return bracket(betas[::2], energies[::2], energies - betas * distortions, distortions)
