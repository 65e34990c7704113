"""Whether log p is a function of the point: a number, the same number twice, and each
row on its own."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.transports import flow_checks as measure
from proofs_checks.audits.flow.outcome import (
    FINITE,
    RESOLVES,
    ROWS,
    SAME,
    STANDS,
    Check,
    density,
    finite_residual,
    first_of,
    no_density,
    slope_of,
    units,
    worst,
)
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.inputs.flow_parts import Context
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import measured, undecided


def repeatable(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """log p is a number at the data, and the same number in two calls with other random
    numbers."""
    if not view.evaluates:
        return [Check(SAME, unchecked=no_density(view))]
    x, c = sites.near, sites.context
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(density(view, x, c))
    lost = torch.isnan(found[0]) | (found[0] == torch.inf)
    number = Measurement(lost.double(), Bound({"none": 0.0}, "NaN and +inf are the logarithm of no density."), len(x))
    checks = [
        Check(
            FINITE,
            [measured(number, resolves=0.5)],
            said={"lost": int(lost.sum()), "points": len(x), "first": first_of(x, lost)},
        )
    ]
    kept = ~lost
    slope = slope_of(view, x, c)
    gap = measure.same_values(found[0][kept], found[1][kept], slope[kept], units=units(view))
    if not bool(torch.isfinite(found[0]).any()):
        return [
            Check(
                SAME,
                [
                    undecided(
                        f"log p is no finite number at any of {len(x)} points: they lie outside the support, or the model is broken"
                    )
                ],
                said=worst(gap),
            ),
            *checks,
        ]
    return [Check(SAME, [measured(gap, resolves=RESOLVES)], said=worst(gap)), *checks]


def rows(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """log p of a row alone, in another order, and among rows far away; where they
    differ, the layer is looked for."""
    if not view.evaluates:
        return [Check(ROWS, unchecked="log p cannot be evaluated at given points", said={"needless": True})]
    count = int(min(16, max(4, 0.02 * sites.clock.remaining / sites.ahead.call)))
    x, c = sites.near[:count], None if sites.context is None else sites.context[:count]
    values, slope = density(view, x, c), slope_of(view, x, c)
    kept = torch.isfinite(values)
    if not bool(kept.any()):
        return [Check(ROWS, unchecked="log p is no finite number at any point", said={"needless": True})]
    others = {
        what: function(view, x, c)
        for what, function in (("alone", _alone), ("in another order", _reversed), ("among rows far away", _company))
    }
    if any(isinstance(value, str) for value in others.values()):
        what, why = next((what, value) for what, value in others.items() if isinstance(value, str))
        text = f"log p of rows {what} raised {why}: a batch size is built in, or the rows are not on their own"
        return [
            Check(
                ROWS,
                [measured(Measurement(1.0, Bound({"none": 0.0}, "Every row has its density alone."), 1), resolves=0.5)],
                said={"raised": text},
            )
        ]
    gaps = {
        what: finite_residual(
            measure.same_values(values[kept], other[kept], slope[kept], units=units(view), solver=view.solver)
        )
        for what, other in others.items()
    }
    most = max(gaps, key=lambda what: float(torch.as_tensor(gaps[what].residual).max()))
    said = {**worst(gaps[most]), "where": most}
    relative = float((torch.as_tensor(gaps[most].residual) / (1 + values[kept].abs())).max())
    said["relative"] = relative
    if said.get("ratio", 0) > 10:
        said["layer"] = _coupled_layer(view, x, c)
        if relative < STANDS and not view.solver:
            why = f"rows move each other by up to {relative:.1g} of 1 + |log p|: more than rounding and less than batch statistics of rows far away would; steps of a solver chosen for the whole batch do that"
            return [Check(ROWS, [undecided(why)], said=said)]
    return [Check(ROWS, [measured(gap, resolves=RESOLVES, name=what) for what, gap in gaps.items()], said=said)]


def _caught(call: Callable[[], Tensor]) -> Tensor | str:
    try:
        return call()
    except ERRORS as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"


def _alone(view: FlowView, x: Tensor, c: Context) -> Tensor | str:
    return _caught(
        lambda: torch.cat([density(view, x[k : k + 1], None if c is None else c[k : k + 1]) for k in range(len(x))])
    )


def _reversed(view: FlowView, x: Tensor, c: Context) -> Tensor | str:
    return _caught(lambda: density(view, x.flip(0), None if c is None else c.flip(0)).flip(0))


def _company(view: FlowView, x: Tensor, c: Context) -> Tensor | str:
    both = torch.cat([x, x.median(0).values + 3 * (x - x.median(0).values)])
    return _caught(lambda: density(view, both, None if c is None else torch.cat([c, c]))[: len(x)])


def _coupled_layer(view: FlowView, x: Tensor, c: Context) -> str | None:
    """The first layer whose image or log-determinant of a row changes with the other
    rows."""
    if not view.encodes:
        return None
    for layer in view.layers:
        with torch.no_grad():
            whole = layer.to_base(x, c)
            single = [layer.to_base(x[k : k + 1], None if c is None else c[k : k + 1]) for k in range(min(4, len(x)))]
        images = torch.cat([one.points for one in single])
        gap = (images - whole.points[: len(images)]).abs().amax() / (1 + images.abs().amax())
        if whole.log_det is not None:
            dets = torch.cat([one.log_det for one in single])
            gap = torch.maximum(gap, ((dets - whole.log_det[: len(dets)]).abs() / (1 + dets.abs())).amax())
        if float(gap) > math.sqrt(view.precision) + 10 * view.solver:
            return layer.name
        x = whole.points
    return None
