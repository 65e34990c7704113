"""A bijection of the user's data as an object: it maps, inverts, and knows the density of
an image from the map as evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.charts import Chart
from numerics.transports.adaptive_score import AdaptiveScore, Followed
from proofs_checks.errors import InputError

LogFunction = Callable[[Tensor], Tensor]

__all__ = ["Bijection", "Frame", "LogFunction"]


@dataclass(frozen=True)
class Frame:
    """The coordinates in which a map works: coordinate ``changed`` goes first, as
    ``(x_k - centre) / spread``; the others follow as they are."""

    dim: int
    changed: int
    centre: float
    spread: float

    def enter(self, x: Tensor) -> Tensor:
        """Points ``(N, D)`` in the map's coordinates."""
        first = (x[:, self.changed] - self.centre) / self.spread
        return torch.cat([first[:, None], x[:, : self.changed], x[:, self.changed + 1 :]], 1)

    def leave(self, u: Tensor) -> Tensor:
        """Points ``(N, D)`` in the user's coordinates."""
        return self.place(u, self.centre + self.spread * u[:, 0])

    def place(self, u: Tensor, first: Tensor) -> Tensor:
        """The other coordinates of ``u`` around ``first``."""
        k = self.changed
        return torch.cat([u[:, 1 : k + 1], first[:, None], u[:, k + 1 :]], 1)


class Bijection:
    r"""A bijection of R^D that changes one coordinate, with the density of the model's
    distribution after it.

    .. math:: y_k = e^{-u} \int_{c}^{x_k} \frac{p}{s}\,dt, \qquad y_j = x_j \; (j \ne k), \qquad p_{f(X)}(f(x)) = e^{u} s(x)

    Attributes:
        name: What it does to the score.
        log_score: log s, ``(N, D)`` to ``(N,)``.
        log_factor: u, one number for all points: it keeps images of the order of one.
        chart: Where p lives on a box, a circle or a simplex: points are given and
            returned there, and the bijection acts in the chart's coordinates.
    """

    def __init__(  # noqa: PLR0917
        self,
        name: str,
        transport: AdaptiveScore,
        log_score: LogFunction,
        frame: Frame,
        sampler: Callable[[int, int], Tensor] | None,
        chart: Chart | None = None,
    ) -> None:
        self.name, self.transport, self.log_score, self.frame, self.sampler = name, transport, log_score, frame, sampler
        self.chart = chart
        self.log_factor = transport.log_unit + math.log(frame.spread)

    def follow(self, x: Tensor) -> Followed:
        """Points ``(N, D)``, in the chart's coordinates where there is a chart, with
        the panels of their fibres: images as logarithms, and the way back."""
        return self.transport.follow(self.frame.enter(x))

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)`` as plain numbers, which saturate far out;
        :meth:`follow` keeps them apart."""
        return self.image(self._in_chart(x))

    def image(self, u: Tensor) -> Tensor:
        """Images of points that are given in the chart's coordinates already."""
        y = self.transport.forward(self.frame.enter(u))
        return self.frame.place(y, y[:, 0])

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)`` of the image; HypothesisError outside of
        it."""
        u = self.frame.leave(self.transport.inverse(self._in_frame(y)))
        return u if self.chart is None else self.chart.leave(u)

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| of the map as evaluated, ``(N,)``."""
        u = self._in_chart(x)
        found = self.transport.log_det(self.frame.enter(u)) - math.log(self.frame.spread)
        return found if self.chart is None else found - self.chart.log_det(u)

    def log_density(self, y: Tensor) -> Tensor:
        """log density, nats, of the model's distribution after the bijection, at images
        ``y``: through the inverse and the Jacobian."""
        return self.transport.log_density(self._in_frame(y)) + math.log(self.frame.spread)

    def _in_chart(self, x: Tensor) -> Tensor:
        return x if self.chart is None else self.chart.enter(x)

    def _in_frame(self, y: Tensor) -> Tensor:
        k = self.frame.changed
        return torch.cat([y[:, k : k + 1], y[:, :k], y[:, k + 1 :]], 1)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """``n`` draws of the model, sent through the bijection.

        Raises:
            InputError: the model has no sampler.
        """
        if self.sampler is None:
            raise InputError("The model has no sampler; give one as sampler=, a function from n to n draws.")
        return self.forward(self.sampler(n, seed))
