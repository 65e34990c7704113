"""A density on a box, a circle or a simplex, read as a density on R^D: what support it
has, and the model in the coordinates of a chart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, VonMises, constraints

from numerics.distributions.charts import Box, Chart, Simplex
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.densities import Flow, Model
from proofs_checks.wording import short

CIRCLE, SIMPLEX = "circle", "simplex"
EDGE = 10.0  # the mass within e^EDGE roundings of an end bounds what lies beyond the last floating-point number there
WORDS = {Box: "the logarithm of the distance to each finite end", Simplex: "log-odds of the breaks of the stick"}

__all__ = ["CIRCLE", "SIMPLEX", "Charted", "chart_model", "chart_of", "compose_with_chart", "on_its_support"]


@dataclass(frozen=True, kw_only=True)
class Charted(Model):
    """A model in the coordinates of a chart: log p there has log |det dx/du| added, and
    ``points`` are points of R^D. What it draws lies on the support, as what
    :meth:`read` reads does.

    Args:
        original: The model on its own support. chart: From R^D to the support.
    """

    original: Model
    chart: Chart

    def read(self, points: Any, what: str) -> Tensor:
        """More points, given on the support, in the chart's coordinates.

        Raises:
            InputError: what :meth:`Model.read` refuses, and points off the support.
        """
        return self.enter(self.original.read(points, what), what)

    def enter(self, x: Tensor, what: str) -> Tensor:
        """Points of the support in the chart's coordinates."""
        held = self.chart.inside(x)
        if not bool(held.all()):
            at = int((~held).nonzero()[0])
            raise InputError(
                f"{int((~held).sum())} of {x.shape[0]} {what} lie outside the support or on its boundary, first in row {at}: {short(x[at].tolist())}. "
                f"There is no density there. Leave them out, {what}[inside], or give the support= that holds them."
            )
        return self.chart.enter(x)

    def near_an_end(self, u: Tensor) -> Tensor:
        """log p at points of R^D within a few roundings of an end, -inf elsewhere."""
        step = torch.sign(u) * EDGE
        return self.log_prob(u).masked_fill(self.chart.resolved(u + step), -math.inf)

    def in_chart(self, function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        """A function of points of the support as one of points of R^D."""
        return lambda u: function(self.chart.leave(u))

    def rounded_at(self, u: Tensor) -> Charted:
        """The same with the precision of log p that it has at points ``(N, D)``: close
        to an end that is not 0, the rounding of the point moves log p."""
        if not self.differentiable:
            return self
        x = self.chart.leave(u).requires_grad_()
        with torch.enable_grad():
            value = self.original.log_prob(x)
            (slope,) = torch.autograd.grad(value.sum(), x)
        moved = torch.finfo(x.dtype).eps * (x.detach() * slope).abs().sum(1) / (1 + value.detach().abs())
        worst = float(moved[torch.isfinite(moved)].max()) if bool(torch.isfinite(moved).any()) else 0.0
        return replace(self, precision=max(self.precision, worst / (self.dim + 8)))


def chart_model(model: Model, chart: Chart) -> Charted:
    """The model in the coordinates of a chart of its support.

    Raises:
        InputError: the chart is of another dimension, or points lie off the support.
    """
    if chart.coordinates != model.dim:
        raise InputError(f"The support has {chart.coordinates} coordinates, the inliers have {model.dim}.")

    def log_prob(u: Tensor) -> Tensor:
        held = chart.resolved(u)
        if bool(held.all()):
            return model.log_prob(chart.leave(u)) + chart.log_det(u)
        found = u.new_full(u.shape[:1], -math.inf)
        if bool(held.any()):
            kept = u[held]
            value = model.log_prob(chart.leave(kept)) + chart.log_det(kept)
            found = found.index_put((held.nonzero()[:, 0],), value)
        return found

    fields = {name: getattr(model, name) for name in Model.__dataclass_fields__}
    note = f"the density is audited in the coordinates of a chart of its support ({WORDS[type(chart)]}); areas are those of log p itself"
    fields |= {"log_prob": log_prob, "dim": chart.dim, "event_shape": (chart.dim,), "notes": (*model.notes, note)}
    found = Charted(**fields, original=model, chart=chart)
    u = found.enter(model.points, "inliers")
    return replace(found, points=u, flow=compose_with_chart(model.flow, chart))


def compose_with_chart(flow: Flow | None, chart: Chart) -> Flow | None:
    """A change of variables from the support as one from R^D; None where there is
    none, or where the chart has fewer coordinates."""
    if flow is None or chart.dim != chart.coordinates:
        return None
    return Flow(lambda u: flow.to_base(chart.leave(u)), flow.base_log_prob)


# -- which support ---------------------------------------------------------------------------------------------------------


def chart_of(source: Any, support: Any, model: Model) -> Chart | None:
    """The chart of a support that the user names, or that the object declares; None
    where it is R^D.

    Args:
        source: The object as the user gave it. support: ``(low, high)`` with numbers or
            D of them each, infinite ones included; ``"circle"``; ``"simplex"``; or
            None.
    Raises:
        InputError: another ``support``.
    """
    if isinstance(support, str):
        if support == CIRCLE:
            return _circle(model.points)
        if support == SIMPLEX:
            return _simplex(model)
    elif support is not None:
        return box_of(support, model.points)
    if support is None:
        return _declared(source, model)
    raise InputError(
        f'Expected support=(low, high), a box (ends may be infinite), support="circle" for angles, or support="simplex" for shares, got {short(support)}.'
    )


def box_of(support: Any, points: Tensor) -> Box:
    """The box of a pair of ends, numbers or ``(D,)`` each.

    Raises:
        InputError: no such pair.
    """
    dim = points.shape[1]
    try:
        low, high = (
            torch.as_tensor(end, dtype=points.dtype, device=points.device).expand(dim).clone() for end in support
        )
        return Box(low, high)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(
            f"Expected support=(low, high) with {dim} numbers each (or one for all), low < high, as support=(0.0, 1.0) or support=(0.0, float('inf')), "
            f"got {short(support)}."
        ) from None


def on_its_support(source: Any, model: Model, declared: bool = True) -> Model:
    """The model in a chart of the support that its object declares, where it declares
    one other than R^D and ``declared`` says that it counts; as it is otherwise."""
    chart = _declared(source, model) if declared else None
    return model if chart is None else chart_model(model, chart)


def _circle(points: Tensor) -> Box:
    """One period for every coordinate: from 0 where the angles are positive and pass
    pi, from -pi otherwise."""
    least, most = points.amin(0), points.amax(0)
    low = torch.where((least >= 0) & (most > math.pi), torch.zeros_like(least), torch.full_like(least, -math.pi))
    high = low + 2 * math.pi
    if bool(((least <= low) | (most >= high)).any()):
        raise InputError(
            f"The angles run from {float(least.min()):.6g} to {float(most.max()):.6g}: bring them inside one period, -pi to pi without its ends "
            "(torch.remainder(x + math.pi, 2 * math.pi) - math.pi)."
        )
    return Box(low, high)


def _simplex(model: Model) -> Simplex:
    if model.dim < 2 or not bool(Simplex(model.dim).inside(model.points).all()):
        raise InputError(
            'support="simplex" is for positive shares that add up to 1, shape (N, K) with K >= 2. Divide the rows by their sums: x / x.sum(1, keepdim=True).'
        )
    return Simplex(model.dim)


def _declared(source: Any, model: Model) -> Chart | None:
    """The chart of the support that a distribution of torch or a frozen one of scipy
    declares, where all points lie in it."""
    owner = getattr(source, "__self__", source)
    chart = _of_torch(owner, model) if isinstance(owner, Distribution) else _of_scipy(owner, model)
    return chart if chart is not None and bool(chart.inside(model.points).all()) else None


def _of_torch(owner: Distribution, model: Model) -> Chart | None:
    one = owner
    while isinstance(one, Independent):
        one = one.base_dist
    if isinstance(one, VonMises):
        return _circle(model.points)
    try:
        constraint: Any = owner.support
    except (NotImplementedError, AttributeError):
        return None
    while hasattr(constraint, "base_constraint"):
        constraint = constraint.base_constraint
    if constraint is constraints.simplex:
        return Simplex(model.dim) if model.dim > 1 else None
    low, high = getattr(constraint, "lower_bound", -math.inf), getattr(constraint, "upper_bound", math.inf)
    return _box_or_none(low, high, model)


def _of_scipy(owner: Any, model: Model) -> Chart | None:
    if not callable(getattr(owner, "logpdf", None)) or not callable(getattr(owner, "support", None)):
        return None
    try:
        low, high = owner.support()
    except CALL_ERRORS:
        return None
    return _box_or_none(low, high, model)


def _box_or_none(low: Any, high: Any, model: Model) -> Box | None:
    """The box; None where it is all of R^D, or is none."""
    try:
        ends = [
            torch.as_tensor(end, dtype=model.dtype, device=model.points.device).reshape(-1).expand(model.dim).clone()
            for end in (low, high)
        ]
        return Box(*ends) if any(bool(torch.isfinite(end).any()) for end in ends) else None
    except (TypeError, ValueError, RuntimeError):
        return None
