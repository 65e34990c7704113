"""Densities on hyperbolic space that a user hands in: points in one of five charts, log
p with respect to hyperbolic volume, draws."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from numerics.hyperbolic import charts, normal_coordinates
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.densities import Model, read_density, read_points
from proofs_checks.inputs.density_calls import inside_of
from proofs_checks.wording import short

DRAWN = 4096  # draws that say where the distribution lies, where the user gives no points
Sampler = Callable[[int, int], Tensor]  # from (n, seed) to draws in normal coordinates

__all__ = ["HyperbolicDensity", "Sampler", "reach_of", "read_hyperbolic_density"]


@dataclass(frozen=True)
class HyperbolicDensity:
    """A density on hyperbolic n-space as the audit sees it.

    Args:
        given: log p with respect to hyperbolic volume, at points in normal coordinates.
            tangent: The same with respect to Lebesgue measure there: log p plus the
            volume element, so that all that is known of densities on R^n applies.
        chart, radius: As the user said. sampler: Draws in normal coordinates, or None.
    """

    given: Model
    tangent: Model
    chart: str
    radius: float
    sampler: Sampler | None

    @property
    def dimension(self) -> int:
        """n."""
        return self.tangent.dim

    def log_prob(self, x: Tensor) -> Tensor:
        """log p with respect to hyperbolic volume at points in normal coordinates."""
        return self.given.log_prob(x)


def read_hyperbolic_density(log_prob: Any, points: Any, sampler: Any, *, model: Any, curvature: Any, seed: int) -> HyperbolicDensity:  # fmt: skip
    """Read a density on hyperbolic space.

    Args:
        log_prob: As :func:`proofs_checks.inputs.densities.read_density` takes it.
            points: Some points of it in the chart, or None: draws are taken.
        sampler: From a number to draws in the chart, or None: the object's own
            ``sample((n,))``.
        model: The chart. curvature: Negative. seed: Of draws.
    Raises:
        InputError: a curvature that is not negative, an unknown chart, points outside
            of it (which, and how many), or a model that cannot be called.
    """
    chart, radius = _chart(model), _radius(curvature)
    draw = _draws(log_prob, sampler)
    if points is None and draw is None:
        raise InputError("Expected points of the distribution, shape (N, n), or sampler=, a function from a number to draws: nothing says where it lies.")  # fmt: skip
    example = read_points(draw(DRAWN, seed) if points is None and draw is not None else points, "points")
    if example.ndim != 2:
        raise InputError(f"Expected points of shape (N, n), or (N, n + 1) on the hyperboloid, got {tuple(example.shape)}.")  # fmt: skip
    normal = _to_normal(example.double(), chart, radius, "points")
    given = read_density(_in_normal_coordinates(log_prob, chart, radius), normal)

    def tangent_log_prob(x: Tensor) -> Tensor:
        return given.log_prob(x) + charts.log_volume_element(x, "normal", radius)

    tangent = replace(given, log_prob=_within_reach(tangent_log_prob, chart, radius))
    return HyperbolicDensity(given, tangent, chart, radius, _in_normal(draw, chart, radius))


class _InNormalCoordinates(nn.Module):
    """A module's log p at points in normal coordinates; the module stays a part, so
    that it is copied and checked as modules are."""

    def __init__(self, module: nn.Module, chart: str, radius: float) -> None:
        super().__init__()
        self.module, self.chart, self.radius = module, chart, radius
        self.train(module.training)

    def log_prob(self, x: Tensor) -> Any:
        """log p with respect to hyperbolic volume."""
        points = charts.from_normal(x, self.chart, self.radius)
        return self.module.log_prob(points) if hasattr(self.module, "log_prob") else self.module(points)  # type: ignore[operator]


def _in_normal_coordinates(log_prob: Any, chart: str, radius: float) -> Any:
    """The user's density as a density of normal coordinates, though still with respect
    to hyperbolic volume."""
    if isinstance(log_prob, nn.Module):
        return _InNormalCoordinates(log_prob, chart, radius)
    function = getattr(log_prob, "log_prob", log_prob)
    inside = inside_of(log_prob) if isinstance(log_prob, Distribution) else None
    if not callable(function):
        raise InputError(f"Expected in log_prob a function of points, a module or an object with log_prob, got {short(log_prob)}.")  # fmt: skip
    return lambda x: _on_support(function, inside, charts.from_normal(x, chart, radius))


def _on_support(function: Callable[[Tensor], Any], inside: Callable[[Tensor], Tensor] | None, points: Tensor) -> Any:
    """log p of the points, minus infinity off a distribution's support, where it is not
    asked."""
    kept = None if inside is None else inside(points)
    if kept is None or bool(kept.all()):
        return _asked(function, points)
    found = points.new_full(points.shape[:1], -math.inf)
    return found.index_put((kept.nonzero()[:, 0],), _asked(function, points[kept]).to(points)) if bool(kept.any()) else found  # fmt: skip


def _asked(function: Callable[[Tensor], Any], points: Tensor) -> Any:
    """The user's log p; a refusal of points that lie in the space is told as what it
    is."""
    try:
        return function(points)
    except ValueError as error:
        line = str(error).strip().splitlines()[0][:200] if str(error).strip() else "no message"
        raise InputError(f"log_prob refuses points of hyperbolic space: {line} A density is defined on all of the space; return -inf where it is 0.") from error  # fmt: skip


def _chart(model: Any) -> str:
    if model not in charts.CHARTS:
        raise InputError(f"Expected model= one of {', '.join(charts.CHARTS)}, got {short(model)}.")
    return model


def _radius(curvature: Any) -> float:
    if isinstance(curvature, Tensor) and curvature.numel() == 1:
        curvature = float(curvature)
    if isinstance(curvature, bool) or not isinstance(curvature, (int, float)):
        raise InputError(f"Expected curvature= a negative number, got {short(curvature)}.")
    try:
        return normal_coordinates.radius_of_curvature(float(curvature))
    except ValueError as error:
        hint = " Libraries that say c > 0 mean the curvature -c." if curvature > 0 else ""
        raise InputError(f"{error}{hint}") from None


def _to_normal(points: Tensor, chart: str, radius: float, what: str) -> Tensor:
    try:
        return charts.to_normal(_restored(points, radius) if chart == "hyperboloid" else points, chart, radius)
    except (ValueError, IndexError) as error:
        size = (
            f" Coordinates of the {chart} are divided by R = {radius:.6g} first: is the curvature right?"
            if radius != 1
            else ""
        )
        raise InputError(f"The {what} are no points of the chart {chart!r}: {error}{size}") from None


def _restored(points: Tensor, radius: float) -> Tensor:
    """Points of the hyperboloid with the time coordinate that belongs to their spatial
    part, if theirs agrees to three digits: float32 rounds it."""
    spatial = points[..., 1:]
    time = (radius**2 + spatial.square().sum(-1)).sqrt()
    near = bool(((points[..., 0] - time).abs() < 1e-3 * time).all())
    return torch.cat([time.unsqueeze(-1), spatial], -1) if near else points


def _draws(log_prob: Any, sampler: Any) -> Callable[[int, int], Any] | None:
    """The user's sampler with a seed, else the object's own ``sample((n,))``."""
    if sampler is not None and not callable(sampler):
        raise InputError(f"Expected sampler= a function from a number to draws, such as lambda n: p.sample((n,)), got {short(sampler)}.")  # fmt: skip
    own = getattr(log_prob, "sample", None)
    if sampler is None and callable(own) and _takes_a_shape(own):
        sampler = lambda n: own((n,))  # noqa: E731
    if sampler is None:
        return None

    def draw(n: int, seed: int) -> Any:
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return sampler(n)
        except CALL_ERRORS as error:
            line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
            raise InputError(f"Drawing {n} samples raised {type(error).__name__}: {line}. Give sampler=, a function from a number to draws.") from error  # fmt: skip

    return draw


def _takes_a_shape(sample: Callable[..., Any]) -> bool:
    """Whether ``sample`` can be called with one argument alone."""
    try:
        inspect.signature(sample).bind((1,))
    except (TypeError, ValueError):
        return False
    return True


def _in_normal(draw: Callable[[int, int], Any] | None, chart: str, radius: float) -> Sampler | None:
    if draw is None:
        return None

    def normal(n: int, seed: int) -> Tensor:
        found = read_points(draw(n, seed), "samples")
        if len(found) != n:
            raise InputError(f"Expected {n} draws from the sampler, got {len(found)}; the first axis counts draws.")
        return _to_normal(found.double(), chart, radius, "samples")

    return normal


def reach_of(chart: str, radius: float) -> float:
    """How far from the origin the chart's coordinates are numbers inside the chart."""
    return {"normal": math.inf, "hyperboloid": 300.0, "half-space": 300.0, "ball": 36.0, "klein": 18.0}[chart] * radius


def _within_reach(log_prob: Callable[[Tensor], Tensor], chart: str, radius: float) -> Callable[[Tensor], Tensor]:
    """``log_prob`` where the chart's coordinates are numbers inside the chart, minus
    infinity beyond: what lies there is said to be left out."""
    reach = reach_of(chart, radius)

    def cut(x: Tensor) -> Tensor:
        near = x.norm(dim=-1) < reach
        if bool(near.all()):
            return log_prob(x)
        found = x.new_full(x.shape[:1], -math.inf)
        if bool(near.any()):
            found = found.index_put((near.nonzero()[:, 0],), log_prob(x[near]).to(x))
        return found

    return cut
