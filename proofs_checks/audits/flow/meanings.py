"""What the findings mean, what to do next, and the plain data behind the figure."""

from __future__ import annotations

from typing import Any

import torch

from proofs_checks.audits.flow.outcome import (
    AHEAD,
    BACK,
    BASE,
    FINITE,
    IDENTITY,
    LAYERS,
    MASS,
    ONE_TO_ONE,
    ONTO,
    PRECISION,
    ROWS,
    SAME,
    SAMPLES,
    SIGN,
    VOLUMES,
    WHOLE,
    Check,
    find_check,
)
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.findings import Finding
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.kernel import Status
from proofs_checks.wording import finite

BINS = 20

_STEPS = {
    FINITE: "Look at the point named: a log of a negative number, 0/0, or data outside the support. log p is -inf where the density vanishes.",
    SAME: "Make log p deterministic: an exact trace instead of an estimate (exact=True), fixed noise, no dropout in eval().",
    ROWS: "In the layer named, take no statistics and no sums over the batch axis: log_det = log_scale.sum(-1), of shape (N,).",
    LAYERS: "Correct the log-determinant of the layer named: it must be log|det| of d(output)/d(input), in the direction in which the layer is evaluated.",
    WHOLE: "Check that every layer's log-determinant is added once, in the direction from the data to the base.",
    IDENTITY: "In log_prob, return base.log_prob(z) + log_det with z, log_det of the map from the data to the base, and nothing else.",
    SIGN: "Constrain the layer named so that it is increasing (for a planar layer, w.u > -1); no correction of log p repairs a map that folds.",
    ONE_TO_ONE: "Constrain the transform so that it is one-to-one; no correction of log p repairs a map that sends two points to one.",
    BACK: "Correct the inverse of the layer named; log p does not depend on it, the draws do.",
    AHEAD: "Correct the inverse; draws of the model pass through it.",
    VOLUMES: "Correct the log-determinant that the inverse returns: minus that of forward at the same point.",
    BASE: "Correct the base distribution's log_prob: its normalising constant, or its parameters.",
    ONTO: "Make the last layer reach all of the base (no tanh, sigmoid or clamp towards the base), or take a base with that support.",
    SAMPLES: "Compare sample() with log_prob(): the same layers in reverse order, the same base, eval() mode.",
    MASS: "Mend what is named first; p then integrates to one by change of variables.",
    PRECISION: "Evaluate in float64 where log p matters, or find the layer that loses digits.",
}


def meaning(findings: list[Finding], view: FlowView) -> str:
    """What follows for the user."""
    refuted = [finding.name for finding in findings if finding.status is Status.REFUTED]
    undecided = [finding.name for finding in findings if finding.status is Status.UNDECIDED]
    unchecked = [finding.name for finding in findings if finding.status is Status.INAPPLICABLE]
    if not refuted and not undecided:
        holds = {finding.name for finding in findings if finding.status is Status.HOLDS}
        if MASS in holds:
            text = "The model is the density that it says it is, where it was tried: log p is normalised" + (
                " and its draws follow it." if SAMPLES in holds else "."
            )
        else:
            text = "Nothing that was checked contradicts the model; whether log p is normalised was not."
        if view.base is not None and view.base.assumed:
            text += " It has no base of its own: a standard normal was taken for it."
        return text + (f" Not checked: {', '.join(unchecked)}." if unchecked else "")
    if refuted:
        broken = {SAME, ROWS, FINITE, LAYERS, WHOLE, IDENTITY, SIGN, ONE_TO_ONE, BASE, ONTO, MASS} & set(refuted)
        if broken:
            return f"log p of this model is no normalised log density of its points ({', '.join(refuted)}): likelihoods, bits per dimension and anything ranked by them are of something else."
        if set(refuted) <= {PRECISION}:
            return "In float64 the model is what it says it is; in its own precision log p has lost its digits."
        return f"log p stands, but the inverse or the draws do not belong to it ({', '.join(refuted)})."
    return f"Nothing is refuted, and the evidence does not carry a verdict on: {', '.join(undecided)}. The findings say why."


def next_step(findings: list[Finding], view: FlowView) -> str:
    """What to do now: the first thing that is wrong, for what comes later may follow
    from it."""
    named = {status: {finding.name for finding in findings if finding.status is status} for status in Status}
    for name, step in _STEPS.items():
        if name in named[Status.REFUTED]:
            return step
    if ROWS in named[Status.UNDECIDED]:
        return "If a solver with adaptive steps is inside, tighten its atol and rtol; otherwise look for statistics over the batch axis."
    if named[Status.UNDECIDED]:
        open_ = ", ".join(finding.name for finding in findings if finding.status is Status.UNDECIDED)
        return (
            f"Give seconds= more, or the parts that are missing (data, base, inverse), and audit again; open: {open_}."
        )
    if view.modes == "train":
        return (
            "The modules were handed over in train() mode and audited in eval() mode: call .eval() before using log p."
        )
    if any(finding.name == LAYERS and finding.status is Status.INAPPLICABLE for finding in findings):
        return 'Show the transform too, so that its log-determinant and inverse are checked: {"forward": x -> (z, log|det|), "inverse": z -> x, "base": distribution, "log_prob": log p}.'
    return (
        "Audit it as a detector with your outliers (preality audit density), or on held-out data (preality audit pit)."
    )


def facts_of(checks: list[Check], view: FlowView, sites: Sites) -> dict[str, Any]:
    """Plain data: the object, its layers, the precision, the time, and what the figure
    draws."""
    layers = find_check(checks, LAYERS)
    found = layers.said.get("layers", []) if layers is not None else []
    bars = [
        {"name": one["name"], "residual": one.get("residual"), "bound": one.get("bound"), "ratio": one.get("ratio")}
        for one in found
    ]
    return finite({
        "kind": view.kind, "dimension": view.dim, "event_shape": list(view.event_shape), "layers": [layer.name for layer in view.layers],
        "base": view.base.name if view.base is not None else None, "points": "given" if view.given else "its own draws",
        "mode_as_given": view.modes, "dtypes_as_given": list(view.own_dtypes), "evaluated_in": str(view.dtype).removeprefix("torch."),
        "device": str(view.points.device), "contexts": 0 if view.contexts is None else len(view.contexts), "solver_tolerance": view.solver,
        "log_determinants": bars, "latents": _histogram(find_check(checks, SAMPLES)), "notes": list(view.notes), "missing": list(view.missing),
        "seconds": round(sites.clock.seconds_used, 2), "seconds_by_check": sites.taken,
    })  # fmt: skip


def _histogram(samples: Check | None) -> dict[str, Any] | None:
    """Counts of the latents' uniforms in twenty cells, for up to eight coordinates."""
    uniforms = samples.said.get("uniforms") if samples is not None else None
    if uniforms is None or not len(uniforms):
        return None
    counts = [torch.histc(column.cpu(), BINS, 0.0, 1.0).int().tolist() for column in uniforms.T]
    return {"draws": len(uniforms), "counts": counts, "names": samples.said["names"][: len(counts)]}
