"""What the findings of a typicality test mean, what to do next, and the plain data
of the report.
"""

from __future__ import annotations

from typing import Any

from proofs_checks.audits.typicality.findings import FOLLOW, GIVEN, MINE
from proofs_checks.audits.typicality.maps import REVERSED_TITLE, UNIFORM_TITLE
from proofs_checks.audits.typicality.scored import Scored
from proofs_checks.findings import Finding
from proofs_checks.inputs.densities import Model
from proofs_checks.kernel import Status


def facts_of(model: Model, findings: list[Finding], scored: Scored) -> dict[str, Any]:
    """The model, the entropy, and T before and after each bijection, as quantiles."""
    by_name = {finding.name: finding for finding in findings}
    given = dict(by_name[GIVEN].witness or {})
    after = {
        name: (by_name[name].witness or {}).get("T_of_images")
        for name in (UNIFORM_TITLE, REVERSED_TITLE, MINE)
        if name in by_name
    }
    return {
        "D": model.dim, "event_shape": list(model.event_shape), "kind": model.kind, "notes": list(model.notes), "batch": scored.batch,
        "entropy_nats": scored.entropy, "variance_of_log_p": float(scored.pilot.var(unbiased=False)) if scored.pilot.numel() else None,
        "as_given": given, "T": {GIVEN: given.get("T"), **{name: part for name, part in after.items() if part}},
        "unchecked": [f.name for f in findings if f.text.startswith("unchecked")],
    }  # fmt: skip


def meaning(findings: list[Finding]) -> str:
    """What follows for the user."""
    by_name = {finding.name: finding for finding in findings}
    words = []
    if by_name[UNIFORM_TITLE].status is Status.HOLDS:
        words.append("in one representation every point is exactly typical")
    if by_name[REVERSED_TITLE].status is Status.HOLDS:
        words.append("in another T has the opposite sign and the same size")
    if MINE in by_name and by_name[MINE].status is Status.REFUTED:
        words.append("in yours |T| ranks the points differently, or by other amounts")
    if not words:
        return "No bijection could be followed to the end on these points; the findings say why."
    return f"The same model and the same points: {'; '.join(words)}. Typicality, like density, belongs to the coordinates as much as to the data."


def next_step(findings: list[Finding]) -> str:
    """What to do now."""
    refuted = [f.name for f in findings if f.status is Status.REFUTED]
    if FOLLOW in refuted:
        return "H here is not the model's entropy: pass entropy='samples', or compare batches of inliers with batches of inliers only."
    if refuted and refuted != [MINE]:
        return f"Look at {next(name for name in refuted if name != MINE)!r} first: what was refuted there stands before any use of T."
    if any(f.status is Status.UNDECIDED for f in findings):
        return "Try another coordinate=, more time (seconds=), more points, or float64 weights."
    return "State the coordinates with every result of a typicality test; a ratio of two densities survives bijections (`preality show anomaly.invariance-principle`)."
