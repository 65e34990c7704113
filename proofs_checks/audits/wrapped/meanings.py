"""What the findings about a density on hyperbolic space mean, what to do next, and the
plain data of the report."""

from __future__ import annotations

from typing import Any

import torch

from numerics.hyperbolic import charts
from proofs_checks.audits.wrapped.findings import DRAWS, FACTORS, MASS
from proofs_checks.findings import Finding
from proofs_checks.inputs.hyperbolic_densities import HyperbolicDensity
from proofs_checks.kernel import Status

SHOWN = 100


def facts_of(density: HyperbolicDensity, findings: list[Finding], reasons: list[str]) -> dict[str, Any]:
    """The chart, the mass, and points in the Poincaré ball with log p for the
    picture."""
    by_name = {finding.name: finding for finding in findings}
    weighed = by_name[MASS].witness or {}
    x = density.tangent.points[:SHOWN]
    with torch.no_grad():
        log_p = density.log_prob(x)
    shown = charts.from_normal(x, "ball", density.radius)[:, :2] / density.radius
    return {
        "n": density.dimension, "chart": density.chart, "curvature": -1 / density.radius**2, "kind": density.given.kind, "notes": list(density.given.notes),
        "mass": weighed.get("mass"), "enclosure": weighed.get("enclosure"), "factors": (by_name[FACTORS].witness or {}).get("factors") if FACTORS in by_name else None,
        "explanations": reasons, "points_in_the_ball": shown.tolist(), "log_p": [float(v) for v in log_p],
        "radii": sorted(float(v) for v in x.norm(dim=-1) / density.radius),
        "unchecked": [f.name for f in findings if f.text.startswith("unchecked")],
    }  # fmt: skip


def meaning(findings: list[Finding], reasons: list[str]) -> str:
    """What follows for the user."""
    refuted = {finding.name for finding in findings if finding.status is Status.REFUTED}
    if not refuted:
        if all(finding.status is Status.HOLDS for finding in findings if finding.name in (MASS, DRAWS)):
            return "p is a density on hyperbolic space, and the draws are its draws; likelihoods in other charts and curvatures can be compared with it."
        return "Nothing speaks against this density; the findings say what was not asked."
    why = f" It would be 1 if one thing were put right: {'; or '.join(reasons)}." if reasons else ""
    if MASS in refuted or FACTORS in refuted:
        return f"log p is not the logarithm of a density with respect to hyperbolic volume, so that likelihoods and evidence bounds made of it are off.{why}"
    return f"log p and draws belong to different distributions.{why}"


def next_step(findings: list[Finding], reasons: list[str]) -> str:
    """What to do now."""
    refuted = [finding.name for finding in findings if finding.status is Status.REFUTED]
    if reasons:
        return "Put that right and audit again (`preality show hyperbolic.wrapped-normal` has the formula)."
    if MASS in refuted or FACTORS in refuted:
        return "Compare log p with `preality show hyperbolic.wrapped-normal`: n - 1 factors of sinh(rho/R)/(rho/R), R inside and nowhere else."
    if DRAWS in refuted:
        return "Check the sampler: is the tangent vector transported to the mean before the exponential map, in the same frame as in log_prob?"
    if any(finding.status is Status.UNDECIDED for finding in findings):
        return "Use float64, more time (seconds=), or normal coordinates (model='normal')."
    return "State chart and curvature with every likelihood; `preality show hyperbolic.curvature-scaling` says what the curvature can change."
