r"""Weighted likelihoods on a finite family of models of a finite alphabet: global
maximisers by enumeration, one shared parameter.

``p_theta(x)`` is proportional to ``exp(theta u(x))`` and ``p_theta(y = 1 | x) =
sigmoid(theta v(x))``, theta on a grid: whatever the truth, the maximiser of ``A +
lambda B`` over the grid is global, and known up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

LAMBDAS = (1e-3, 0.03, 0.3, 1.0, 3.0, 30.0, 1e3)
ROUNDING = (
    "A and B are sums over 2 M cells of products of masses that add up to one with log masses of sizes at most c: (2 M + 24) eps c each (Higham, section 4.2), "
    "c the largest size of a log mass on the grid."
)


@dataclass(frozen=True)
class Family:
    """A family of tables and a true one.

    Args:
        log_conditional: ``log p(y|x)``, shape ``(T, M, 2)``; one table for each of T
            parameters.
        log_marginal: ``log p(x)``, shape ``(T, M)``.
        truth: Joint masses, shape ``(M, 2)``.
    """

    log_conditional: Tensor
    log_marginal: Tensor
    truth: Tensor

    def parts(self) -> tuple[Tensor, Tensor]:
        """``A = E log p(y|x)`` and ``B = E log p(x)`` under the truth, shapes
        ``(T,)``."""
        A = (self.truth * self.log_conditional).sum((-1, -2))
        return A, (self.truth.sum(-1) * self.log_marginal).sum(-1)

    def rounding(self) -> float:
        """What rounding may do to A and to B: see :data:`ROUNDING`."""
        size = max(float(self.log_conditional.abs().max()), float(self.log_marginal.abs().max()), 1.0)
        return (2 * self.truth.numel() + 24) * torch.finfo(self.truth.dtype).eps * size


def random_family(M: int, stream: Stream, *, specified: bool, models: int = 201) -> Family:
    """``M`` images; the truth is the model in the middle of the upper half where
    ``specified``; else its images come from that of the lower half."""
    theta = torch.linspace(-2, 2, models, dtype=stream.dtype, device=stream.device)
    u, v = stream.fork("u").normal(M), stream.fork("v").normal(M)
    log_marginal = torch.log_softmax(theta[:, None] * u, -1)
    logit = theta[:, None] * v
    log_conditional = torch.stack([logsigmoid(-logit), logsigmoid(logit)], -1)
    at = (3 * models) // 4
    truth = log_marginal[at if specified else models // 4].exp()[:, None] * log_conditional[at].exp()
    return Family(log_conditional, log_marginal, truth)


def shortfall_of_the_truth(family: Family, lambdas: Sequence[float] = LAMBDAS) -> Measurement:
    """By how much the best model's ``A + lambda B`` exceeds that of the model in the
    middle of the upper half, for each lambda."""
    (A, B), at = family.parts(), (3 * len(family.log_marginal)) // 4
    weights = torch.tensor(lambdas, dtype=A.dtype, device=A.device)[:, None]
    values = A + weights * B
    residual = (values.amax(1) - values[:, at]) / (1 + weights[:, 0])
    return Measurement(residual, Bound({"rounding": 4 * family.rounding()}, ROUNDING), len(lambdas))


def change_along_lambda(family: Family, direction: int = 1, lambdas: Sequence[float] = LAMBDAS) -> Measurement:
    """By how much B falls (``direction`` = 1; rises for -1) from one lambda's maximiser
    to the next one's.

    Maximisers known up to e and e' in ``A + lambda B`` give ``(mu - lambda)(B' - B) >=
    -(e + e')``.
    """
    A, B = family.parts()
    reached = torch.stack([B[(A + weight * B).argmax()] for weight in lambdas])
    steps = torch.tensor(lambdas, dtype=A.dtype, device=A.device).diff()
    sizes = torch.tensor([2 * family.rounding() * (2 + a + b) for a, b in pairwise(lambdas)]).to(A)
    bound = Bound(
        {"rounding": 2 * sizes / steps + 2 * family.rounding()},
        f"The exchange inequality for maximisers up to rounding. {ROUNDING}",
    )
    return Measurement((-direction * reached.diff()).clamp(min=0), bound, len(steps))


def power_mass(weight: float, scale: float, claimed: float) -> Measurement:
    """``|integral p^lambda - claimed|`` for a Gaussian of deviation ``scale``, by the
    trapezoidal rule on 24 deviations of p^lambda.

    The rule converges geometrically for an analytic density: with step h the error is
    below ``2 exp(-2 pi^2 s^2 / h^2)`` of the integral.
    """
    deviation = scale / weight**0.5
    x = torch.linspace(-12 * deviation, 12 * deviation, 241, dtype=torch.float64)
    powered = torch.distributions.Normal(x.new_zeros(()), x.new_tensor(scale)).log_prob(x).mul(weight).exp()
    mass = float(torch.trapezoid(powered, x))
    bound = Bound(
        {"tails": 2 * claimed * 4e-33, "rounding": 600 * torch.finfo(x.dtype).eps * (1 + weight * 80) * claimed},
        "Tails beyond 12 deviations hold below 4e-33 of the integral; with step h = s/10 Poisson's summation formula leaves 2 exp(-2 pi^2 100) < 1e-800; "
        "240 additions, and exponents of size up to 72 + lambda log(s sqrt(2 pi)), each within 4 ulps.",
    )
    return Measurement(abs(mass - claimed), bound, len(x))
