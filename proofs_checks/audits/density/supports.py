"""A density audit on a support other than R^D: the model in a chart, and log p and scores
as functions of its coordinates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from proofs_checks.audits.density.maps import LogFunction
from proofs_checks.inputs.charted_densities import Chart, Charted, chart_model, chart_of, compose_with_chart
from proofs_checks.inputs.densities import Model
from proofs_checks.inputs.density_flows import View

__all__ = ["as_given_points", "chart_in", "itself", "on_support", "with_own_precision"]


def on_support(original: Model, view: View, source: Any, outliers: Any, support: Any) -> tuple[Model, View]:
    """The model and its view in the chart of a support that is named or declared; as
    they are where there is none, or where outliers lie off a support that nobody named.

    Raises:
        InputError: the support cannot be read, or points lie off one that was named.
    """
    chart = chart_of(source, support, original)
    if chart is None:
        return original, view
    if support is None and not bool(chart.inside(original.read(outliers, "outliers")).all()):
        return original, view
    model = chart_model(original, chart)
    return model, replace(view, flow=compose_with_chart(view.flow, chart))


def chart_in(model: Model) -> Chart | None:
    """The chart of a model that has one."""
    return model.chart if isinstance(model, Charted) else None


def as_given_points(model: Model, data: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Inliers and outliers on their own support."""
    return tuple(model.chart.leave(u) for u in data) if isinstance(model, Charted) else data  # type: ignore[return-value]


def with_own_precision(model: Model, data: tuple[Tensor, Tensor]) -> Model:
    """The model with the precision that its log p has at the points."""
    if not isinstance(model, Charted):
        return model
    for u in data:
        model = model.rounded_at(u)
    return model


def itself(model: Model, log_prob: LogFunction) -> LogFunction:
    """log p on its own support, as a function of the chart's coordinates.

    Args:
        log_prob: log p in the chart.
    """
    return (lambda u: log_prob(u) - model.chart.log_det(u)) if isinstance(model, Charted) else log_prob
