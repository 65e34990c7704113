r"""An isotropic Gaussian fitted to a distribution by descent: to a sample under
KL(data||model), to a density under KL(model||data).

The first needs points alone; its optimum has the sample's mean and the mean of its
variances. The second needs the density, and prefers one mode where modes are far apart.
What a measure on the line prefers, proved over a box of parameters, is
:mod:`.best_gaussians`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.mixtures import GaussianMixture
from numerics.errors import PrecisionError
from numerics.streams import Stream

__all__ = ["Fit", "descend", "fit_to_points", "fit_to_the_density", "mean_variance", "moments_missed"]

STEPS = 60
NODES = 48  # Gauss-Hermite nodes a coordinate of the reverse divergence; D = 1


@dataclass(frozen=True)
class Fit:
    """Where a descent came to rest: mean ``(D,)``, variance, the objective, and its
    slopes in the mean ``(D,)`` and in log v."""

    mean: Tensor
    variance: float
    value: float
    slopes: tuple[Tensor, float]


def descend(objective: Callable[[Tensor, Tensor], Tensor], mean: Tensor, log_variance: Tensor) -> Fit:
    """Minimise ``objective(mean (D,), log_variance ())`` from a start by L-BFGS; slopes
    by autograd where it stopped."""
    m, level = mean.detach().clone().requires_grad_(), log_variance.detach().clone().requires_grad_()
    solver = torch.optim.LBFGS(
        [m, level], max_iter=STEPS, tolerance_grad=1e-9, tolerance_change=0.0, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        solver.zero_grad()
        value = objective(m, level)
        value.backward()
        return value

    solver.step(closure)
    value = objective(m, level)
    slope_m, slope_v = torch.autograd.grad(value, (m, level))
    return Fit(m.detach(), float(level.detach().exp()), float(value.detach()), (slope_m, float(slope_v)))


def fit_to_points(points: Tensor, start: tuple[Tensor, Tensor]) -> Fit:
    """Maximum likelihood by descent: points ``(N, D)`` enter through the model's log
    density alone, no moment is computed.

    >>> points = torch.tensor([[0.0], [2.0]]).double()
    >>> fit = fit_to_points(points, (torch.zeros(1).double(), torch.zeros(()).double()))
    >>> round(float(fit.mean), 6), round(fit.variance, 6)
    (1.0, 1.0)
    """

    def objective(mean: Tensor, log_variance: Tensor) -> Tensor:
        normal = torch.distributions.Normal(mean, (log_variance / 2).exp(), validate_args=False)
        return -normal.log_prob(points).sum(1).mean()

    return descend(objective, *start)


def fit_to_the_density(p: GaussianMixture, start: tuple[Tensor, Tensor]) -> Fit:
    """KL(model||p) by descent, D = 1, its expectation by Gauss-Hermite quadrature.
    ``start`` holds a mean ``(1,)`` and a log variance ``()``."""
    import numpy as np

    if p.dim != 1:
        raise ValueError(f"Expected a density on the line, got D = {p.dim}.")
    z, w = (torch.from_numpy(part).to(p.means) for part in np.polynomial.hermite_e.hermegauss(NODES))
    w = w / w.sum()

    def objective(mean: Tensor, log_variance: Tensor) -> Tensor:
        x = mean + (log_variance / 2).exp() * z[:, None]
        return -log_variance / 2 - (w * p.log_prob(x)).sum()

    return descend(objective, *start)


def mean_variance(points: Tensor) -> float:
    """The mean of the columns' variances: tr Cov / D of the sample itself. Points are
    ``(N, D)``."""
    return float(points.var(0, unbiased=False).mean())


def largest_variance(points: Tensor) -> float:
    """The largest eigenvalue of the sample's covariance. Points are ``(N, D)``."""
    centred = points - points.mean(0)
    return float(torch.linalg.eigvalsh(centred.mT @ centred / len(points))[-1])


def moments_missed(
    points: Tensor, fits: list[Fit], variance: Callable[[Tensor], float] = mean_variance
) -> tuple[Measurement, Measurement]:
    r"""How far fits are from the sample's mean (over its spread) and from
    ``variance(points)`` (relative), under what their slopes allow. Points are ``(N,
    D)``.

    A model at rest has slope 0. With :math:`f = \tfrac D2\ell + \tfrac12 e^{-\ell}(T +
    |m-\mu|^2)` a slope g in the mean means
    :math:`|m - \mu| = v|g|`, a slope g in log v :math:`|v - T/D| \le 2v|g|/D +
    |m-\mu|^2/D`: residual slopes bound what is left.
    Raises:
        PrecisionError: the points do not vary.
    """
    N, D = points.shape
    spread = math.sqrt(mean_variance(points))
    if not spread > 0:
        raise PrecisionError("Expected points that vary; all are equal, and no Gaussian has the variance 0.")
    mean, target = points.mean(0), variance(points)
    unit = N * torch.finfo(points.dtype).eps
    reach = float(points.abs().max())
    off_mean, off_variance, slack_mean, slack_variance = [], [], [], []
    for fit in fits:
        left = fit.variance * float(fit.slopes[0].norm())
        away = (left + unit * reach * math.sqrt(D)) / spread
        off_mean.append(float((fit.mean - mean).norm()) / spread)
        slack_mean.append(away)
        off_variance.append(abs(fit.variance / target - 1))
        relative = fit.variance / spread**2
        slack_variance.append(
            2 * relative * abs(fit.slopes[1]) / D + away**2 / D + 4 * unit * (1 + relative * (reach / spread) ** 2)
        )
    why = "Slopes of the objective at the fit, by autograd, through the exact distance that such slopes allow; sums of N terms, N units of roundoff."
    return (
        Measurement(torch.tensor(off_mean), Bound({"slopes and rounding": torch.tensor(slack_mean)}, why), len(fits)),
        Measurement(
            torch.tensor(off_variance), Bound({"slopes and rounding": torch.tensor(slack_variance)}, why), len(fits)
        ),
    )


def random_starts(count: int, dim: int, stream: Stream) -> list[tuple[Tensor, Tensor]]:
    """Means with spread 3, log variances between -2 and 2."""
    return [(3 * stream.normal(dim), 4 * stream.uniform(1)[0] - 2) for _ in range(count)]
