r"""Two normalising flows on hyperbolic n-space: affine couplings in the tangent space
at the origin, and wrapped couplings.

Points enter in normal coordinates, where the space is R^n; log p is with respect to
hyperbolic volume, so that the volume element is divided out at the end. A coupling
keeps one part of the coordinates and moves the other, x of m numbers, by what a network
reads off the first. In the tangent space :math:`x \mapsto s \odot x + t`; wrapped,
:math:`x \mapsto \exp_t(s \odot x)` in hyperbolic m-space, whose determinant is
:math:`\prod s` times :math:`(\sinh|w|/|w|)^{m-1}` at :math:`w = s \odot x` over the
same at the image.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from numerics.hyperbolic import normal_coordinates
from numerics.hyperbolic.charts import CHARTS, from_normal, log_volume_element, to_normal
from numerics.hyperbolic.models import norm
from numerics.streams import Stream

__all__ = ["Coupling", "HyperbolicFlow", "fit"]

Kind = Literal["tangent", "wrapped"]


class Coupling(nn.Module):
    """One coupling, from data to base, in curvature radii.

    Args:
        n: Dimension. first: Whether the first half moves the second, or the second the
            first; an empty part moves the other by constants.
        kind: ``tangent`` or ``wrapped``. hidden: Width of the network.
    """

    def __init__(self, n: int, first: bool, kind: Kind, hidden: int) -> None:
        super().__init__()
        half = n // 2
        kept, moved = (slice(0, half), slice(half, n)) if first else (slice(half, n), slice(0, half))
        if not first and half == 0:
            kept, moved = slice(0, 0), slice(0, n)
        self.kept, self.moved, self.kind = kept, moved, kind
        self.size = moved.stop - moved.start
        inputs = max(1, kept.stop - kept.start)
        self.network = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 2 * self.size)).double()  # fmt: skip
        nn.init.zeros_(self.network[-1].weight)  # type: ignore[arg-type]
        nn.init.constant_(self.network[-1].bias, 1e-3)  # type: ignore[arg-type]  # exp_t has no slope in t at 0 itself

    def _read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        known = x[..., self.kept]
        known = known if known.shape[-1] else torch.zeros_like(x[..., :1])
        log_s, t = self.network(known).chunk(2, -1)
        return 2 * torch.tanh(log_s / 2), t

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images, shape ``(*, n)``, and log |det| with respect to Lebesgue measure of
        normal coordinates, shape ``(*,)``."""
        log_s, t = self._read(x)
        w = torch.exp(log_s) * x[..., self.moved]
        if self.kind == "tangent":
            return self._joined(x, w + t), log_s.sum(-1)
        y = normal_coordinates.exp_map(t, w)
        stretch = normal_coordinates.log_sinhc(norm(w)) - normal_coordinates.log_sinhc(norm(y))
        return self._joined(x, y), log_s.sum(-1) + (self.size - 1) * stretch

    def inverse(self, y: Tensor) -> Tensor:
        """The points whose images are ``y``. Points are ``(N, n)``."""
        log_s, t = self._read(y)
        moved = y[..., self.moved]
        w = moved - t if self.kind == "tangent" else normal_coordinates.log_map(t, moved)
        return self._joined(y, torch.exp(-log_s) * w)

    def _joined(self, x: Tensor, moved: Tensor) -> Tensor:
        parts = (x[..., self.kept], moved) if self.kept.start <= self.moved.start else (moved, x[..., self.kept])
        return torch.cat(parts, -1)


class HyperbolicFlow(nn.Module):
    """A flow of couplings on hyperbolic space, from data to a normal of the tangent
    space at the origin.

    Args:
        n: Dimension. kind: Of its couplings, ``tangent`` or ``wrapped``. radius: R.
            chart: Of the points.
        layers: How many couplings. hidden: Width of their networks.
    Raises:
        ValueError: an unknown kind or chart.

    >>> flow = HyperbolicFlow(2, "wrapped")
    >>> round(float(flow.log_prob(torch.zeros(1, 2).double()).detach().exp()), 2)  # couplings begin next to the identity: 1/(2 pi)
    0.16
    """

    def __init__(self, n: int, kind: Kind, *, radius: float = 1.0, chart: str = "ball", layers: int = 4, hidden: int = 32) -> None:  # fmt: skip
        super().__init__()
        if kind not in ("tangent", "wrapped") or chart not in CHARTS:
            raise ValueError(f"Expected kind tangent or wrapped and a chart among {', '.join(CHARTS)}, got {kind!r} and {chart!r}.")  # fmt: skip
        self.n, self.radius, self.chart = n, radius, chart
        self.couplings = nn.ModuleList(Coupling(n, k % 2 == 0, kind, hidden) for k in range(layers))

    def to_base(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """From normal coordinates in curvature radii to the base, and log |det|."""
        total = torch.zeros_like(x[..., 0])
        for coupling in self.couplings:
            x, log_det = coupling(x)
            total = total + log_det
        return x, total

    def log_prob(self, points: Tensor) -> Tensor:
        """log p in nats with respect to hyperbolic volume, for points in the chart."""
        x = to_normal(points, self.chart, self.radius)
        z, log_det = self.to_base(x / self.radius)
        log_q = -z.square().sum(-1) / 2 - self.n * (math.log(2 * math.pi) / 2 + math.log(self.radius)) + log_det
        return log_q - log_volume_element(x, "normal", self.radius)

    def sample(self, size: int, stream: Stream) -> Tensor:
        """``size`` draws in the chart, without gradient."""
        with torch.no_grad():
            x = stream.normal(size, self.n)
            for coupling in reversed(self.couplings):
                x = coupling.inverse(x)  # type: ignore[operator]
            return from_normal(self.radius * x, self.chart, self.radius)


def fit(flow: HyperbolicFlow, points: Tensor, *, steps: int = 300, batch: int = 512, rate: float = 5e-3, stream: Stream) -> list[float]:  # fmt: skip
    """Fit a flow to points by maximum likelihood, in place.

    Args:
        flow: In the points' chart, on their device. points: Shape ``(N, n)``. steps: Of
            Adam. batch: Points a step. rate: Of learning.
        stream: Which points come when.
    Returns:
        The mean negative log likelihood, nats, step by step.
    """
    optimiser = torch.optim.Adam(flow.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        chosen = points[stream.integers(0, len(points), min(batch, len(points)))]
        loss = -flow.log_prob(chosen).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 10.0)
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses
