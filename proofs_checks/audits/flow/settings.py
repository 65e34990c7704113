"""What changes with the setting and not with the point: precision, train() mode, the
context."""

from __future__ import annotations

import torch

from numerics.transports import flow_checks as measure
from proofs_checks.audits.flow.outcome import PRECISION, RESOLVES, TRAIN, Check, density, slope_of, worst
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import measured


def own_precision(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """log p in the object's own precision against that of its float64 copy, at the
    data."""
    if view.own_log_prob is None or not view.evaluates:
        return [Check(PRECISION, unchecked="log p cannot be evaluated at given points")]
    if "float32" not in view.own_dtypes and view.own_dtypes:
        return [Check(PRECISION, unchecked="the object is in float64 already", said={"needless": True})]
    x, c = sites.near, sites.context
    try:
        with torch.no_grad():
            own = view.own_log_prob(x, c)
    except (*ERRORS, InputError) as error:
        return [Check(PRECISION, unchecked=f"in its own precision log p raised {type(error).__name__}")]
    values = density(view, x, c)
    kept = torch.isfinite(values) & torch.isfinite(own)
    if not bool(kept.any()):
        return [
            Check(PRECISION, unchecked="log p is no number in its own precision", said={"lost": int((~kept).sum())})
        ]
    found = measure.half_the_digits(values[kept], own[kept], torch.finfo(torch.float32).eps)
    said = {**worst(found), "nats": float((values - own)[kept].abs().max()), "lost": int((~kept).sum())}
    return [Check(PRECISION, [measured(found, resolves=RESOLVES)], said=said)]


def train_mode(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """Whether train() mode gives the log p of eval() mode, which is what is audited."""
    if not view.evaluates or view.log_prob is None:
        return [Check(TRAIN, unchecked="log p cannot be evaluated at given points")]
    x, c = sites.near, sites.context
    try:
        training = view.again(True)
        assert training is not None
        with torch.no_grad():
            torch.manual_seed(0)
            found = training(x, c)
    except (*ERRORS, InputError) as error:
        return [
            Check(
                TRAIN,
                unchecked=f"in train() mode log p raises {type(error).__name__}; the audit is of eval() mode",
                said={"differs": True},
            )
        ]
    values = density(view, x, c)
    kept = torch.isfinite(values) & torch.isfinite(found)
    if not bool(kept.any()):
        return [Check(TRAIN, unchecked="log p is no number in train() mode")]
    gap = measure.same_values(
        values[kept],
        found[kept],
        slope_of(view, x, c)[kept],
        units=measure.units_of(view.dim, len(view.layers), view.precision),
        solver=view.solver,
    )
    said = worst(gap)
    if said["ratio"] > 1:
        why = f"log p differs in train() mode, by up to {said['residual']:.3g} nats (batch statistics, dropout); the audit is of eval() mode"
        return [Check(TRAIN, unchecked=why, said={**said, "differs": True})]
    return [Check(TRAIN, [measured(gap, resolves=RESOLVES)], said=said)]
