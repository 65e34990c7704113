"""A normalising flow as the audits see it: one view of any library's object, on flat
points, towards the base and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from proofs_checks.inputs.flow_parts import Context

Map = Callable[[Tensor, Context], "Image"]


class Image(NamedTuple):
    """Images ``(N, D)``, and log|det| in nats ``(N,)`` where the map says it."""

    points: Tensor
    log_det: Tensor | None


@dataclass(frozen=True)
class Layer:
    """One layer on flat points: ``to_base`` and ``to_data`` give an :class:`Image`
    each; None where the layer has no such direction."""

    name: str
    to_base: Map | None
    to_data: Map | None


@dataclass(frozen=True)
class Base:
    """The base distribution on flat points: ``log_prob`` to ``(N,)``, ``sample(n,
    context)`` to ``(n, D)`` where it can be drawn from."""

    name: str
    log_prob: Callable[[Tensor, Context], Tensor]
    sample: Callable[[int, Context], Tensor] | None
    assumed: bool = False
    components: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class FlowView:
    """A flow as the audit sees it.

    Args:
        kind: The object in words. dim: D. event_shape: The shape of one event.
        layers: From the data to the base; empty where the object shows none. base: None
            where it shows none.
        log_prob: The object's own log p, nats, ``(N,)``; None where it has none.
            sample: Draws ``(n, D)`` of the object in its own precision.
        own_log_prob: log p of the object in its own precision, from float64 points.
        points: Points to audit at, ``(N, D)``, float64. given: Whether they are the
            user's data.
        contexts: Rows of context, one a point (repeated in turn), or None.
        dtype: What the copy computes in. precision: The unit roundoff of the coarsest
            number that comes back.
        solver: Tolerance of an adaptive solver inside, 0 where none is seen. notes:
            What was assumed, in sentences.
        missing: What the object does not have, and why. modes: "eval" or "train": in
            which mode the user's modules were.
        again: Makes a fresh copy's log p, for checks on the first call and on train()
            mode; the argument is the mode.
    """

    kind: str
    dim: int
    event_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    base: Base | None
    log_prob: Callable[[Tensor, Context], Tensor] | None
    own_log_prob: Callable[[Tensor, Context], Tensor] | None
    sample: Callable[[int, Context], Tensor] | None
    points: Tensor
    given: bool
    contexts: Tensor | None
    dtype: torch.dtype
    precision: float
    solver: float
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    modes: str
    again: Callable[[bool], Callable[[Tensor, Context], Tensor] | None] = field(repr=False)
    own_dtypes: tuple[str, ...] = ()

    @property
    def encodes(self) -> bool:
        """Whether every layer maps towards the base."""
        return bool(self.layers) and all(layer.to_base is not None for layer in self.layers)

    @property
    def decodes(self) -> bool:
        """Whether every layer maps towards the data."""
        return bool(self.layers) and all(layer.to_data is not None for layer in self.layers)

    def context(self, n: int) -> Context:
        """A row of context for each of ``n`` points."""
        return None if self.contexts is None else self.contexts[torch.arange(n) % len(self.contexts)]

    def one_context(self, n: int) -> Context:
        """The first row of context, ``n`` times."""
        return None if self.contexts is None else self.contexts[:1].expand(n, *self.contexts.shape[1:])

    def to_base(self, x: Tensor, c: Context) -> Image:
        """Data to base through every layer; log|det| is the sum of theirs, None where
        one of them does not say it."""
        return _through([layer.to_base for layer in self.layers], x, c)

    def to_data(self, z: Tensor, c: Context) -> Image:
        """Base to data through every layer."""
        return _through([layer.to_data for layer in reversed(self.layers)], z, c)

    def density(self, x: Tensor, c: Context) -> Tensor:
        """log p: the object's own, or base plus log-determinant where it has none."""
        if self.log_prob is not None:
            return self.log_prob(x, c)
        image = self.to_base(x, c)
        assert self.base is not None
        assert image.log_det is not None
        return self.base.log_prob(image.points, c) + image.log_det

    @property
    def evaluates(self) -> bool:
        """Whether log p can be evaluated at given points."""
        return self.log_prob is not None or (self.encodes and self.base is not None and not self.lacks_log_det)

    @property
    def lacks_log_det(self) -> bool:
        """Whether a layer maps to the base without its log-determinant."""
        x = self.points[:2]
        return self.encodes and self.to_base(x, self.context(len(x))).log_det is None


def _through(maps: Sequence[Map | None], x: Tensor, c: Context) -> Image:
    total: Tensor | None = torch.zeros_like(x[:, 0])
    for one in maps:
        assert one is not None
        x, log_det = one(x, c)
        total = None if total is None or log_det is None else total + log_det
    return Image(x, total)
