"""ReLU classifiers along rays, measured: slopes, logits and confidence far away, each
with its rounding bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import HypothesisError
from numerics.likelihoods.class_gaussians import ClassGaussians
from numerics.rounding import gamma
from numerics.streams import Stream

FAR = 1e6  # the largest radius; a ray whose last kink lies beyond half of it is left out
RUNNING = (
    "Running error of a network: |W| e + gamma_(n+2) (|W| |h| + |b|) from layer to layer (Higham, section 3.5; a ReLU has slope at most 1), for slope and "
    "intercept of the affine piece, which is exact in exact arithmetic beyond the last kink."
)

Layers = list[tuple[Tensor, Tensor]]
Head = Callable[["Rays", Tensor], Tensor]


@dataclass(frozen=True)
class Piece:
    """The affine piece of a network along each of R rays: ``logits = t slope +
    intercept`` for ``t >= kink``; all shapes ``(R, K)`` or ``(R,)``."""

    slope: Tensor
    intercept: Tensor
    kink: Tensor
    slope_error: Tensor
    intercept_error: Tensor


def random_relu(D: int, K: int, depth: int, stream: Stream, *, width: int = 32) -> Layers:
    """A ReLU classifier from ``D`` numbers to ``K`` logits with ``depth`` hidden
    layers, Gaussian weights of variance 2/n and Gaussian biases."""
    sizes = [D, *[width] * depth, K]
    return [
        (stream.fork(("w", i)).normal(m, n) * math.sqrt(2 / n), stream.fork(("b", i)).normal(m))
        for i, (n, m) in enumerate(pairwise(sizes))
    ]


def logits(layers: Layers, x: Tensor) -> Tensor:
    """Logits, shape ``(N, K)``, of points ``(N, D)``; ReLU between the layers."""
    for weight, bias in layers[:-1]:
        x = torch.relu(x @ weight.mT + bias)
    weight, bias = layers[-1]
    return x @ weight.mT + bias


def without_biases(layers: Layers) -> Layers:
    """The same weights, all biases zero."""
    return [(weight, torch.zeros_like(bias)) for weight, bias in layers]


def running_error(layers: Layers, x: Tensor) -> Tensor:
    """A bound on the rounding error of :func:`logits`, shape ``(N, K)``: see
    :data:`RUNNING`."""
    error = torch.zeros_like(x)
    for i, (weight, bias) in enumerate(layers):
        g = gamma(weight.shape[1] + 2, weight)
        error = (error @ weight.abs().mT + g * (x.abs() @ weight.abs().mT + bias.abs())) * (1 + 4 * g)
        x = x @ weight.mT + bias
        x = torch.relu(x) if i < len(layers) - 1 else x
    return error


def last_piece(layers: Layers, u: Tensor) -> Piece:
    """The affine piece that reaches infinity along each direction ``u``, shape ``(R,
    D)``, and where it begins.

    A unit's sign is settled beyond ``|b| / |a|``; where rounding leaves the sign of its
    slope open, the kink is infinite.
    """
    a, b = u, torch.zeros_like(u)
    ea, eb = torch.zeros_like(u), torch.zeros_like(u)
    kink = torch.zeros(len(u), dtype=u.dtype, device=u.device)
    for i, (weight, bias) in enumerate(layers):
        size, g = weight.abs().mT, gamma(weight.shape[1] + 2, weight)
        ea = (ea @ size + g * (a.abs() @ size)) * (1 + 4 * g)
        eb = (eb @ size + g * (b.abs() @ size + bias.abs())) * (1 + 4 * g)
        a, b = a @ weight.mT, b @ weight.mT + bias
        if i == len(layers) - 1:
            break
        settled, silent = a.abs() > ea, (a == 0) & (ea == 0)
        where = torch.where(settled, (b.abs() + eb) / (a.abs() - ea), torch.where(silent, 0.0, math.inf))
        kink = torch.maximum(kink, where.amax(1))
        passes = (a > 0) | (silent & (b > 0))
        a, b, ea, eb = (torch.where(passes, part, torch.zeros_like(part)) for part in (a, b, ea, eb))
    return Piece(a, b, kink, ea, eb)


class Rays:
    """A ReLU classifier along random rays, of which those are kept that grow: the
    largest slope is unique, the last kink near enough.

    Args:
        layers: Weights and biases from D numbers to K logits, ReLU between them. rays:
            How many are drawn.
    Raises:
        HypothesisError: no ray is left.
    """

    def __init__(self, layers: Layers, rays: int, stream: Stream) -> None:
        self.layers = layers
        directions = stream.fork("directions").normal(rays, layers[0][0].shape[1])
        directions = directions / directions.norm(dim=1, keepdim=True)
        piece = last_piece(self.layers, directions)
        top = piece.slope.topk(2, 1)
        gap = top.values[:, 0] - top.values[:, 1]
        kept = (gap > 1e-3) & (piece.kink < FAR / 2)
        self.directions = directions[kept]
        if not len(self.directions):
            raise HypothesisError("a ray along which one logit grows fastest, got none: all units are silent there")
        self.piece, self.silent = last_piece(self.layers, self.directions), rays - len(self.directions)

    def radii(self) -> Tensor:
        """Radii for each ray, shape ``(R, 4)``: from twice the last kink (at least 10)
        to a million."""
        start = torch.clamp(2 * self.piece.kink, min=10.0)[:, None]
        return start * (FAR / start) ** torch.linspace(0, 1, 4, dtype=start.dtype, device=start.device)

    def points(self) -> Tensor:
        """Points on the rays, shape ``(R, 4, D)``."""
        return self.directions[:, None] * self.radii()[..., None]

    def slope(self) -> Measurement:
        """``|d/dt f(t u) - f_0(u)|`` at the largest radius, the derivative by autograd,
        ``f_0`` the network without biases."""
        points = self.points()[:, -1]
        _, derivative = torch.func.jvp(lambda x: logits(self.layers, x), (points,), (self.directions,))
        bare = without_biases(self.layers)
        bound = Bound({"rounding": 2 * running_error(bare, self.directions) + 2 * self.piece.slope_error}, RUNNING)
        return Measurement((derivative - logits(bare, self.directions)).abs(), bound, derivative.numel())

    def affine(self) -> Measurement:
        """``|f(t u) - (t slope + intercept)|`` at all radii."""
        points, t = self.points(), self.radii()[..., None]
        flat = points.flatten(0, 1)
        claimed = t * self.piece.slope[:, None] + self.piece.intercept[:, None]
        residual = (logits(self.layers, flat).unflatten(0, points.shape[:2]) - claimed).abs()
        error = running_error(self.layers, flat).unflatten(0, points.shape[:2]) + self._piece_error(t, claimed)
        return Measurement(residual, Bound({"rounding": error}, RUNNING), residual.numel())

    def _piece_error(self, t: Tensor, claimed: Tensor) -> Tensor:
        eps = torch.finfo(t.dtype).eps
        sizes = t * self.piece.slope.abs()[:, None] + self.piece.intercept.abs()[:, None]
        # The point t u is itself rounded: its coordinates move by eps/2, and the slope's error bounds what that does.
        return (
            t * 4 * self.piece.slope_error[:, None]
            + self.piece.intercept_error[:, None]
            + 4 * eps * sizes
            + eps * claimed.abs()
        )

    def confidence(self, limit: float, head: Head) -> Measurement:
        """``|limit - max p|`` at a million: below the sum of exp(-(gap t + c)) over the
        other labels, and rounding."""
        points = self.points()[:, -1]
        residual = (limit - torch.softmax(head(self, points), -1).amax(-1)).abs()
        t = self.radii()[:, -1:]
        claimed = t * self.piece.slope + self.piece.intercept
        best = claimed.argmax(1, keepdim=True)
        slack = 2 * (running_error(self.layers, points) + self._piece_error(t[..., None], claimed[:, None])[:, 0]).amax(
            1, keepdim=True
        )
        others = torch.exp(claimed - claimed.gather(1, best) + slack).scatter(1, best, 0.0)
        bound = Bound(
            {"other labels": others.sum(1), "rounding": 8 * claimed.shape[1] * torch.finfo(points.dtype).eps},
            f"1 - p <= sum over the other labels of exp(-(g t + c)). {RUNNING} A softmax errs by K + 7 ulps.",
        )
        return Measurement(residual, bound, len(points))


def linear_head(rays: Rays, x: Tensor) -> Tensor:
    """The network's own logits. x is ``(N, D)``, the result ``(N, K)``."""
    return logits(rays.layers, x)


def radial_head(rays: Rays, x: Tensor) -> Tensor:
    """Logits ``5 exp(-|x - m_k|^2 / 2)`` about centres near the origin: radial basis
    functions, which vanish far away. x is ``(N, D)``, the result ``(N, K)``."""
    centres = rays.layers[-1][0][:, : x.shape[1]]
    width = centres.shape[1]
    return 5 * torch.exp(-(x[:, None, :width] - centres).square().sum(-1) / 2)


def density_far_away(model: ClassGaussians, x: Tensor, times: float = 1.0) -> Measurement:
    """By how much ``log p(x)`` exceeds ``-times (|x| - R)^2 / (2 s^2) - sum log(s_i
    sqrt(2 pi))``, R the largest mean's length and s the largest deviation; never at
    times = 1. x is ``(N, D)``."""
    reach, widest = model.means.norm(dim=1).max(), model.scale.max()
    ceiling = (
        -times * (x.norm(dim=1) - reach).clamp(min=0) ** 2 / (2 * widest**2)
        - (model.scale.log() + math.log(2 * math.pi) / 2).sum()
    )
    rounding = 2 * model.rounding(x)
    bound = Bound(
        {"rounding": rounding},
        "Each Gaussian is below its value at the nearest point of a ball of radius R; rounding of log densities.",
    )
    return Measurement((model.marginal(x) - ceiling).clamp(min=0), bound, len(x))
