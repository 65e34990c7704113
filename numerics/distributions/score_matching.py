r"""Score matching objectives of a field s(x), its divergence and Jacobian by autograd,
and how far it is from a gradient field.

A *field* maps points ``(N, D)`` to vectors ``(N, D)``, each row by itself. Objectives
are per point, shape ``(N,)``; a loss is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = [
    "ConservativeDefect", "Field", "conservative_defect", "denoising", "divergence", "explicit", "gradient_of", "implicit", "jacobians", "sliced_objective",
]  # fmt: skip

Field = Callable[[Tensor], Tensor]
EXACT_DIMENSION = 64  # largest dimension whose Jacobians are formed


def gradient_of(log_density: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The score of a log density ``(N, D) -> (N,)`` at points, by autograd, shape ``(N,
    D)``.

    >>> gradient_of(lambda x: -x.square().sum(1) / 2, torch.tensor([[2.0]]).double())
    tensor([[-2.]], dtype=torch.float64)
    """
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(log_density(point).sum(), point)
    return slope


def divergence(field: Field, x: Tensor) -> tuple[Tensor, Tensor]:
    """The field at points and its divergence, by D backward passes: shapes ``(N, D)``
    and ``(N,)``.

    >>> divergence(lambda x: x**2, torch.tensor([[1.0, 2.0]]).double())[1]
    tensor([6.], dtype=torch.float64)
    """
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = field(point)
        _check(value, x)
        total = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for i in range(x.shape[1]):
            if value.requires_grad:
                (slope,) = torch.autograd.grad(value[:, i].sum(), point, retain_graph=True, allow_unused=True)
                if slope is not None:
                    total = total + slope[:, i]
    return value.detach(), total.detach()


def explicit(field: Tensor, score: Tensor) -> Tensor:
    """``|s - grad log p|^2 / 2`` at points, from values ``(N, D)``; its mean under p is
    half the Fisher divergence."""
    return (field - score).square().sum(1) / 2


def implicit(field: Field, x: Tensor) -> Tensor:
    """``|s|^2/2 + div s`` at points, shape ``(N,)``: needs no score of p (Hyvarinen
    2005), provided that nothing flows out.

    >>> implicit(lambda x: -x, torch.ones(1, 2).double())
    tensor([-1.], dtype=torch.float64)
    """
    value, spread = divergence(field, x)
    return value.square().sum(1) / 2 + spread


def sliced_objective(field: Field, x: Tensor, stream: Stream) -> Tensor:
    """``v^T J v + |s|^2/2`` with a random sign vector v at each point: unbiased for
    :func:`implicit`, one backward pass (Song et al. 2019).

    >>> sliced_objective(lambda x: -x, torch.ones(1, 2).double(), Stream(0))
    tensor([-1.], dtype=torch.float64)
    """
    v = stream.signs(*x.shape).to(x)
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = field(point)
        _check(value, x)
        (pulled,) = torch.autograd.grad((value * v).sum(), point)
    return (value.square().sum(1) / 2 + (pulled * v).sum(1)).detach()


def denoising(field: Field, x: Tensor, sigma: float, stream: Stream) -> Tensor:
    r""":math:`\tfrac12|s(x + \sigma z) + z/\sigma|^2` at points: its minimiser is the
    score of the smoothed distribution (Vincent 2011).

    >>> denoising(lambda x: -x, torch.zeros(1, 2).double(), 1.0, Stream(0))
    tensor([0.], dtype=torch.float64)
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"Expected a positive noise level, got {sigma}.")
    z = stream.normal(*x.shape).to(x)
    value = field(x + sigma * z)
    _check(value, x)
    return (value + z / sigma).square().sum(1) / 2


def jacobians(field: Field, x: Tensor) -> Tensor:
    """Jacobians of the field at points, ``(N, D, D)``, row i the gradient of s_i.

    >>> jacobians(lambda x: x[:, [1, 0]] * 2, torch.zeros(1, 2).double())[0]
    tensor([[0., 2.],
            [2., 0.]], dtype=torch.float64)
    """
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = field(point)
        _check(value, x)
        rows = []
        for i in range(x.shape[1]):
            slope = None
            if value.requires_grad:
                (slope,) = torch.autograd.grad(value[:, i].sum(), point, retain_graph=True, allow_unused=True)
            rows.append(torch.zeros_like(x) if slope is None else slope)
    return torch.stack(rows, 1).detach()


@dataclass(frozen=True)
class ConservativeDefect:
    """The defect of :func:`conservative_defect` with its interval over points, whether
    whole Jacobians were formed, and its rounding."""

    value: float
    low: float
    high: float
    exact_jacobians: bool
    points: int
    rounding: float


def conservative_defect(
    field: Field, x: Tensor, stream: Stream, *, probes: int = 8, given: Tensor | None = None
) -> ConservativeDefect:
    r"""How far a field is from being a gradient: :math:`\sqrt{E|J - J^T|_F^2 /
    E|2J|_F^2}`, in [0, 1].

    0 for gradients of functions, 1 for antisymmetric Jacobians (rotations). Up to 64
    dimensions from whole Jacobians; beyond, by sign vectors v: :math:`E|(J - J^T)v|^2 =
    |J - J^T|_F^2` (Hutchinson), one backward and one forward product each.

    Args:
        x: Points ``(N, D)``, N >= 2. probes: Sign vectors a point, beyond 64
            dimensions. given: Jacobians ``(N, D, D)`` that were formed otherwise.
    Returns:
        The defect with an interval of about 95 % over points (normal approximation of
        the ratio: an estimate, said so in ``low``, ``high``).
    Raises:
        ValueError: fewer than two points, or a field that does not depend on x (no
            Jacobian: the defect has no value).

    >>> conservative_defect(lambda x: x[:, [1, 0]] * torch.tensor([1.0, -1.0]).double(), torch.zeros(2, 2).double(), Stream(0)).value
    1.0
    """
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"Expected at least two points (N, D), got {tuple(x.shape)}.")
    exact = given is not None or x.shape[1] <= EXACT_DIMENSION
    if exact:
        J = (jacobians(field, x) if given is None else given).to(torch.float64)
        skew, size = (J - J.mT).square().sum((1, 2)), 4 * J.square().sum((1, 2))
    else:
        skew, size = _probed(field, x, stream, probes)
    mean = float(size.mean())
    if not mean > 0:
        raise ValueError("The field has no derivative in x at these points: is it constant, or was it detached?")
    ratio = float(skew.mean()) / mean
    spread = float((skew - ratio * size).std()) / math.sqrt(len(x)) / mean
    low, high = (math.sqrt(min(1.0, max(0.0, ratio + sign * 1.96 * spread))) for sign in (-1, 1))
    unit = torch.finfo(x.dtype).eps
    return ConservativeDefect(math.sqrt(ratio), low, high, exact, len(x), math.sqrt(x.shape[1]) * 64 * unit)


def _probed(field: Field, x: Tensor, stream: Stream, probes: int) -> tuple[Tensor, Tensor]:
    """Means over probes of ``|(J - J^T)v|^2`` and ``4|J^T v|^2`` at every point. J v by
    differentiating J^T w in w."""
    skew = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    size = torch.zeros_like(skew)
    for _ in range(probes):
        v = stream.signs(*x.shape).to(x)
        with torch.enable_grad():
            point = x.detach().requires_grad_()
            value = field(point)
            _check(value, x)
            w = torch.zeros_like(value, requires_grad=True)
            (pulled,) = torch.autograd.grad(value, point, w, create_graph=True)
            (pushed,) = torch.autograd.grad(pulled, w, v, retain_graph=True)
            (transposed,) = torch.autograd.grad(value, point, v)
        skew += (pushed - transposed).double().square().sum(1).detach() / probes
        size += 4 * transposed.double().square().sum(1).detach() / probes
    return skew, size


def _check(value: Tensor, x: Tensor) -> None:
    if value.shape != x.shape:
        raise ValueError(
            f"Expected a field with values of shape {tuple(x.shape)}, one vector a point, got {tuple(value.shape)}."
        )
