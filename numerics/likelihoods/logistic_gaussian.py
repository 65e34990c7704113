r"""A logistic classifier on Gaussian points: ``p(y = 1 | x) = sigmoid(theta . x)`` and
``p(x)`` Gaussian about phi, with parameters apart or shared.

Objectives are built in torch and differentiated by autograd; the gradients that they
are compared with are closed forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from numerics.bounds import Bound, Measurement
from numerics.streams import Stream

SUMS = (
    "A gradient is a sum over n points of products, in any order: (n + D + 32) eps times the sum of their sizes (Higham, section 4.2), the logit's own "
    "error (D + 2) eps |theta| |x| passing through a sigmoid of slope at most 1/4."
)

Objective = Callable[["Points", Tensor, Tensor, float], Tensor]


@dataclass(frozen=True)
class Points:
    """Points ``x`` of shape ``(n, D)`` and binary labels ``y`` of shape ``(n,)`` in the
    dtype of ``x``."""

    x: Tensor
    y: Tensor


def draw_points(n: int, D: int, stream: Stream) -> Points:
    """Points about (1, .., 1)/2 with correlated coordinates, labels by the sign of the
    first plus noise: no model here is true of them."""
    common = stream.fork("common").normal(n, 1)
    x = 0.5 + stream.fork("own").normal(n, D) + common
    y = (x[:, 0] + 0.7 * stream.fork("noise").normal(n) > 0).to(x.dtype)
    return Points(x, y)


def log_conditional(data: Points, theta: Tensor) -> Tensor:
    """``sum_i log p(y_i | x_i; theta)`` in nats.

    >>> round(float(log_conditional(Points(torch.ones(1, 1), torch.ones(1)), torch.zeros(1))), 6)
    -0.693147
    """
    return logsigmoid((2 * data.y - 1) * (data.x @ theta)).sum()


def log_marginal(data: Points, phi: Tensor) -> Tensor:
    """``sum_i log p(x_i; phi)`` in nats, unit covariance.

    >>> round(float(log_marginal(Points(torch.zeros(1, 1), torch.ones(1)), torch.zeros(1))), 6)
    -0.918939
    """
    return -((data.x - phi) ** 2).sum() / 2 - data.x.numel() * math.log(2 * math.pi) / 2


def separate(data: Points, theta: Tensor, phi: Tensor, weight: float = 1.0) -> Tensor:
    """Joint log likelihood with parameters apart, the image's part ``weight``-ed. theta
    and phi are ``(D,)``, the result ``()``."""
    return log_conditional(data, theta) + weight * log_marginal(data, phi)


def tied_model(data: Points, theta: Tensor, phi: Tensor, weight: float = 1.0) -> Tensor:
    """The same with the Gaussian about ``theta + phi``: a parameter that both parts
    read. theta and phi are ``(D,)``, the result ``()``."""
    return log_conditional(data, theta) + weight * log_marginal(data, theta + phi)


def classifier_gradient(data: Points, theta: Tensor) -> tuple[Tensor, Tensor]:
    """``X^T (y - sigmoid(X theta))`` and a bound on its rounding, shapes ``(D,)``."""
    n, D = data.x.shape
    residual = data.y - torch.sigmoid(data.x @ theta)
    sizes = (data.x.abs() * (1 + data.x.norm(dim=1, keepdim=True) * theta.norm())).sum(0)
    return data.x.mT @ residual, (2 * n + 2 * D + 64) * torch.finfo(data.x.dtype).eps * sizes


def density_gradient(data: Points, phi: Tensor) -> tuple[Tensor, Tensor]:
    """``sum_i (x_i - phi) = n (mean - phi)`` and a bound on its rounding, shapes
    ``(D,)``."""
    n, _ = data.x.shape
    sizes = (data.x.abs() + phi.abs()).sum(0)
    return n * (data.x.mean(0) - phi), (4 * n + 32) * torch.finfo(data.x.dtype).eps * sizes


def gradients(
    objective: Callable[..., Tensor], data: Points, theta: Tensor, phi: Tensor, weight: float
) -> tuple[Tensor, Tensor]:
    """Gradients of an objective in theta and in phi by autograd; zeros where it does
    not depend on one. theta and phi are ``(D,)``."""
    leaves = (theta.detach().clone().requires_grad_(), phi.detach().clone().requires_grad_())
    found = torch.autograd.grad(objective(data, *leaves, weight), leaves, allow_unused=True, materialize_grads=True)
    return found[0], found[1]


def decoupling(
    data: Points, theta: Tensor, phi: Tensor, objective: Objective = separate
) -> tuple[Measurement, Measurement]:
    """The joint's gradients by autograd against the classifier's in theta, and against
    the density's in phi. theta and phi are ``(D,)``."""
    in_theta, in_phi = gradients(objective, data, theta, phi, 1.0)
    own, rounding = classifier_gradient(data, theta)
    first = Measurement((in_theta - own).abs(), Bound({"rounding": rounding}, SUMS), own.numel())
    own, rounding = density_gradient(data, phi)
    return first, Measurement((in_phi - own).abs(), Bound({"rounding": rounding}, SUMS), own.numel())


def coupling(data: Points, theta: Tensor, phi: Tensor, objective: Objective = separate) -> Measurement:
    """How far one gradient step of the joint in phi moves the gradient in theta: 0 when
    the parameters are apart. theta and phi are ``(D,)``."""
    before, step = gradients(objective, data, theta, phi, 1.0)
    after, _ = gradients(objective, data, theta, phi + step / len(data.x), 1.0)
    rounding = 2 * classifier_gradient(data, theta)[1]
    return Measurement((after - before).abs(), Bound({"rounding": rounding}, SUMS), before.numel())


def copied_information(p: Tensor, claimed: Callable[[Tensor], Tensor]) -> Measurement:
    """I(x; y) of ``y = x`` with ``P(x = 1) = p``, from the table that a marginal p and
    the conditional table I_2 make, in nats.

    Args:
        p: Shape ``(m,)``, strictly between 0 and 1. claimed: Its value as a function of
            p.
    """
    marginal = torch.stack([1 - p, p], -1)
    table = marginal[..., None] * torch.eye(2, dtype=p.dtype, device=p.device)
    information = (
        torch.special.entr(table.sum(-1)).sum(-1)
        + torch.special.entr(table.sum(-2)).sum(-1)
        - torch.special.entr(table).sum((-1, -2))
    )
    bound = Bound(
        {"rounding": 32 * torch.finfo(p.dtype).eps}, "Ten terms x log x below 1/e, each within 3 ulps, and their sum."
    )
    return Measurement((information - claimed(p)).abs(), bound, p.numel())


def binary_entropy(p: Tensor) -> Tensor:
    """``-p log p - (1-p) log(1-p)`` in nats. Any shape.

    >>> round(float(binary_entropy(torch.tensor(0.5))), 6)
    0.693147
    """
    return -(p * p.log() + (1 - p) * torch.log1p(-p))


def no_information(p: Tensor) -> Tensor:
    """0, whatever p: what "no information flows between x and y" says. Any shape."""
    return torch.zeros_like(p)


def mixture_with_joint(data: Points, theta: Tensor, phi: Tensor, share: float) -> Tensor:
    """``(1-l) log p(y|x) + l log p(x, y)`` with a parameter that both parts read."""
    return (1 - share) * log_conditional(data, theta) + share * tied_model(data, theta, phi)


def mixture_with_marginal(data: Points, theta: Tensor, phi: Tensor, share: float) -> Tensor:
    """``(1-l) log p(y|x) + l log p(x)`` with a parameter that both parts read."""
    return (1 - share) * log_conditional(data, theta) + share * log_marginal(data, theta + phi)


def mixture_gradient(
    mixture: Callable[..., Tensor],
    data: Points,
    parameters: tuple[Tensor, Tensor],
    share: float,
    *,
    scale: float,
    weight: float,
) -> Measurement:
    """``|grad mixture - scale (grad log p(y|x) + weight grad log p(x))|`` in the shared
    parameter: autograd against closed forms.

    Args:
        mixture: An objective of (data, theta, phi, share). parameters: theta and phi,
            shapes ``(D,)``.
        scale, weight: What the mixture is claimed to be.
    """
    theta, phi = parameters
    found, _ = gradients(mixture, data, theta, phi, share)
    (own, first), (image, second) = classifier_gradient(data, theta), density_gradient(data, theta + phi)
    claimed = scale * (own + weight * image)
    bound = Bound({"rounding": 4 * scale * (first + weight * second) + 4 * (first + second)}, SUMS)
    return Measurement((found - claimed).abs(), bound, found.numel())


def optimum(objective: Callable[[float], float], low: float, high: float) -> float:
    """Where a strictly decreasing function of one number, a derivative, changes sign,
    by bisection to the last bit.

    Raises:
        ValueError: no change of sign between ``low`` and ``high``.

    >>> round(optimum(lambda t: 1 - t, 0.0, 4.0), 12)
    1.0
    """
    if not objective(low) >= 0 >= objective(high):
        raise ValueError(f"Expected a function that changes sign from + to - between {low} and {high}.")
    while (middle := (low + high) / 2) not in {low, high}:
        low, high = (middle, high) if objective(middle) > 0 else (low, middle)
    return low


def mixture_optimum(data: Points, share: float, weight: float) -> Measurement:
    """The maximiser of the mixture with the marginal against that of ``log p(y|x) +
    weight log p(x)``; one shared number.

    Both derivatives fall at least at the rate n times the image's share, so that a
    derivative's rounding r moves the zero by r over that rate.
    """
    n, zero = len(data.x), torch.zeros(1, dtype=data.x.dtype, device=data.x.device)

    def mixed(t: float) -> float:
        return float(gradients(mixture_with_marginal, data, zero + t, zero, share)[0])

    def weighted(t: float) -> float:
        return float(classifier_gradient(data, zero + t)[0] + weight * density_gradient(data, zero + t)[0])

    reach = float(data.x.abs().max()) * (1 + 2 / min(share, weight))
    here, there = optimum(mixed, -reach, reach), optimum(weighted, -reach, reach)
    rounding = sum(float(of(data, zero + reach)[1]) for of in (classifier_gradient, density_gradient))
    bound = Bound(
        {"rounding": 4 * (1 + weight) * rounding / (n * min(share, weight))},
        f"Both objectives are strictly concave with curvature at least n times the weight of the Gaussian part. {SUMS}",
    )
    return Measurement(abs(here - there), bound, 1)
