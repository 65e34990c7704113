"""What the findings of an embedding mean, and what to do next."""

from __future__ import annotations

from typing import Any

from proofs_checks.audits.embedding.findings import CERTIFICATE, WORST
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status


def meaning(findings: list[Finding], facts: dict[str, Any]) -> str:
    """What follows for the user."""
    states = {finding.name: finding.status for finding in findings}
    if facts["collapsed_pairs"]:
        return "Some vertices cannot be told apart in this embedding: no scaling makes its distortion finite."
    if states[WORST] is not Status.HOLDS:
        return "The distortion could not be enclosed with these digits."
    text = f"Up to one scale, every distance of the graph survives within a factor of {facts['d_wc']:.6g}."
    if facts["certified_bound"] is not None:
        text += f" No pair of this tree exceeds {facts['certified_bound']:.6g}, whatever the rounding: that is a proof."
    return text


def next_step(findings: list[Finding], facts: dict[str, Any]) -> str:
    """What to do now."""
    states = {finding.name: finding.status for finding in findings}
    if "precision" in states:
        seen = next(finding for finding in findings if finding.name == "precision").witness or {}
        if seen.get("dtype") == "float32" and (seen.get("bits") or 54) <= 53:
            return "Hand the coordinates over in float64 (.double()), as they were trained or rounded from it."
        if facts["model"] == "half-space":
            return "Use more digits or a smaller radius; sarkar= measures a tree's construction at any radius without coordinates."
        return "Use more digits, a smaller radius, or the half-space; sarkar= measures a tree's construction at any radius without coordinates."
    if facts["collapsed_pairs"]:
        return "Move the coincident points apart, or train with a repulsion between them."
    if states.get(CERTIFICATE) is Status.UNDECIDED:
        return f"Take a longer edge: sarkar= above {facts['threshold_tau']:.4g} for unit weights of degree {facts['degree']}."
    if states.get(WORST) is Status.HOLDS and facts["model"] != "sarkar":
        return "Compare with a tree's own construction at the same distortion: audit.embedding(graph, sarkar=..., bfs_tree=True)."
    if facts.get("least_tau") is not None:
        return f"State the curvature with every average. tau = {facts['least_tau']:.4g} gives every tree of degree {facts['degree']} this distortion; order children so that heavy paths go straight on for a smaller one."
    return "State the curvature and the scale with every average distortion: it is not invariant."
