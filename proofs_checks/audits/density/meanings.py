"""What a density audit says at the end: facts, meaning and the next step."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection.roc import auroc
from numerics.transports.domain import HypothesisError
from proofs_checks.audits.budget import Budget
from proofs_checks.audits.density.findings import fraction, title_of, typicality
from proofs_checks.audits.density.maps import Bijection, Representation
from proofs_checks.findings import Finding
from proofs_checks.inputs.densities import Model
from proofs_checks.kernel import Status

LEVELS = 33  # at which a curve is kept for the picture

__all__ = ["facts_of", "meaning", "next_step"]


def facts_of(  # noqa: PLR0917
    model: Model,
    findings: list[Finding],
    found: dict[str, Representation],
    given: tuple[Tensor, Tensor],
    evaluations: int,
    budget: Budget,
) -> dict[str, Any]:
    """Plain data: the areas of every representation, ROC curves, the bijections along
    one fibre, what the audit cost."""
    rows = [
        {
            "name": "as given",
            "auroc": fraction(auroc(*given).value),
            "typicality": fraction(typicality(given).value),
            "roc": _curve(*given),
        }
    ]
    for name, made in found.items():
        both = made.typicality
        rows.append({
            "name": name, "auroc": fraction(made.aim), "recovered": fraction(made.area.value), "open_pairs": made.within.open,
            "typicality": fraction(both.middle), "typicality_open_pairs": both.open, "trouble": made.trouble,
            "panels_to": made.tolerance, "roc": _curve(*_ordered(made)),
        })  # fmt: skip
    return {
        "D": model.dim, "event_shape": list(model.event_shape), "inliers": given[0].numel(), "outliers": given[1].numel(), "kind": model.kind,
        "notes": list(model.notes), "representations": rows, "fibre": _fibre(model, found),
        "mass": next((finding.witness["along"] for finding in findings if finding.witness and finding.witness.get("along")), {}),
        "unchecked": [finding.name for finding in findings if finding.text.startswith("unchecked")], "evaluations": evaluations,
        "seconds": round(budget.seconds_used, 2), "interrupted": budget.interrupted,
    }  # fmt: skip


def _ordered(made: Representation) -> tuple[Tensor, Tensor]:
    """Recovered scores, those that their errors do not tell apart made equal:
    neighbours in order that overlap."""
    scores, errors = torch.cat([made.inliers, made.outliers]), made.errors.clamp(max=torch.finfo(made.errors.dtype).max)
    order = scores.argsort()
    apart = (scores - errors)[order][1:] > (scores + errors)[order].cummax(0).values[:-1]
    ranks = torch.zeros_like(scores)
    ranks[order[1:]] = apart.cumsum(0).to(scores)
    return ranks[: made.inliers.numel()], ranks[made.inliers.numel() :]


def _curve(inliers: Tensor, outliers: Tensor) -> list[list[float]]:
    """Shares of outliers and of inliers above a level that falls, corner by corner, at
    most ``LEVELS`` of them."""
    levels = torch.cat([inliers, outliers]).unique(sorted=True).flip(0)
    kept = torch.linspace(0, levels.numel() - 1, min(LEVELS, levels.numel())).round().long().unique()
    return [
        [0.0, *(round(float((part >= level).double().mean()), 4) for level in levels[kept.to(levels.device)])]
        for part in (outliers, inliers)
    ]


def _fibre(model: Model, found: dict[str, Representation]) -> dict[str, Any]:
    """log p along the changed coordinate through the median of the points, and where
    each bijection sends it."""
    if not found:
        return {}
    frame = next(iter(found.values())).bijection.frame
    x = model.points.median(0).values.expand(LEVELS, -1).clone()
    ends = torch.quantile(model.points[:, frame.changed], x.new_tensor([0.01, 0.99]))
    grown = (ends[1] - ends[0]) / 2
    x[:, frame.changed] = torch.linspace(float(ends[0] - grown), float(ends[1] + grown), LEVELS).to(x)
    with torch.no_grad():
        log_p = model.log_prob(x)
    along = {name: _along(made.bijection, x) for name, made in found.items()}
    return {
        "coordinate": frame.changed, "x": _short(x[:, frame.changed]), "log_p": _short(log_p),
        "images": {name: image for name, image in along.items() if image},
    }  # fmt: skip


def _along(bijection: Bijection, x: Tensor) -> list[float | None]:
    """Images along the fibre, their range scaled to [0, 1]; nothing where they leave
    the floating-point numbers."""
    try:
        y = bijection.image(x)[:, bijection.frame.changed]
    except (HypothesisError, ValueError):
        return []
    low, high = y.min(), y.max()
    return _short((y - low) / (high - low)) if bool(torch.isfinite(high - low)) and bool(high > low) else []


def _short(values: Tensor) -> list[float | None]:
    return [float(f"{float(v):.4g}") if bool(torch.isfinite(v)) else None for v in values]


def meaning(findings: list[Finding], found: dict[str, Representation], area: Fraction) -> str:
    """What follows for the user."""
    held = [name for name in found if _status(findings, name) is Status.HOLDS]
    if not held:
        return "No bijection could be followed to the end on these points; the findings say why."
    return (
        f"The same model and the same points, sent through a bijection that has an inverse, give an AUROC of {_listed(found, held, area)}. "
        "(An AUROC is the probability that an inlier has the larger log p; tools that score outliers report one minus it.) What the density ranks is a choice of coordinates; information it is not."
    )


def _status(findings: list[Finding], name: str) -> Status:
    return next(f.status for f in findings if f.name == title_of(name))


def _listed(found: dict[str, Representation], held: list[str], area: Fraction) -> str:
    values = [f"{float(area):.4g} as given", *(f"{float(found[name].aim):.4g} {name}" for name in held)]
    return ", ".join(values[:-1]) + (" and " if len(values) > 1 else "") + values[-1]


def next_step(findings: list[Finding]) -> str:
    """What to do now."""
    worst = {f.status for f in findings}
    if Status.REFUTED in worst:
        name = next(f.name for f in findings if f.status is Status.REFUTED)
        return f"Look at {name!r} first: what was refuted there stands before any use of log p."
    if Status.UNDECIDED in worst:
        return "Give it more time (seconds=), another coordinate= or base= (nearer to the points), or float64 weights."
    return (
        "Report with every AUROC of a density the coordinates it was computed in; for a ranking that survives bijections use a ratio of two densities "
        "(`preality show anomaly.invariance-principle`)."
    )
