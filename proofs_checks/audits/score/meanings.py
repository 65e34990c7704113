"""What the findings about a score mean, what to do next, and the plain data of the
report."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from proofs_checks.audits.score.findings import ALONE, DEFECT, DENOISING, MASS, SLOPES, STEIN
from proofs_checks.findings import Finding
from proofs_checks.inputs.score_networks import Level
from proofs_checks.kernel import Status

SHOWN = 500
ARROWS = 11


def facts_of(levels: list[Level], clean: Tensor, seen: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """For the picture: points, arrows of the first level in the plane, the implied
    density, gaps by level."""
    facts: dict[str, Any] = {"D": clean.shape[1], "points": len(clean), "levels": seen, "notes": notes}
    if clean.shape[1] <= 2:
        first = levels[0]
        facts["shown"] = [[round(float(v), 5) for v in row] for row in (first.alpha * clean[:SHOWN])]
        low, high = first.alpha * clean.amin(0), first.alpha * clean.amax(0)
        axes = [torch.linspace(float(a), float(b), ARROWS, dtype=clean.dtype) for a, b in zip(low, high, strict=True)]
        grid = torch.cartesian_prod(*axes).reshape(-1, clean.shape[1]).to(clean.device)
        with torch.no_grad():
            facts["arrows"] = {"at": _rounded(grid), "value": _rounded(first.field(grid))}
    return facts


def _rounded(values: Tensor) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in values]


def _refuted(findings: list[Finding]) -> set[str]:
    return {f.name.partition(" (")[0] for f in findings if f.status is Status.REFUTED}


def meaning(findings: list[Finding]) -> str:
    """What follows for the user."""
    refuted = _refuted(findings)
    if ALONE in refuted:
        return "The network is no function of the point, or zero; nothing else was asked."
    words = []
    if DEFECT in refuted:
        words.append(
            "it is not the gradient of any log density, so that likelihoods from it depend on how they are integrated"
        )
    if refuted & {STEIN, DENOISING}:
        words.append("it is not the score of its data at some level")
    if MASS in refuted:
        words.append("the density that it implies is not that of the data")
    if words:
        return f"As a score: {'; '.join(words)}."
    if open_ := [f.name for f in findings if f.status is Status.UNDECIDED]:
        return f"Nothing speaks against the score, but {', '.join(open_)} was not decided."
    return "The field behaves as the score of its data in every way that was asked. Weights of modes that lie far apart it may still have wrong where D > 2 (`preality show evaluation.score-matching`)."


def next_step(findings: list[Finding]) -> str:
    """What to do now."""
    refuted = _refuted(findings)
    if ALONE in refuted:
        return "Put the network in eval() mode, and take out what depends on the batch."
    if DENOISING in refuted and DEFECT not in refuted:
        return "Look at psi = s: a score that is too small or too large along itself has another scale, of sigma, of t or of the prediction; check noise= and prediction=."
    if DEFECT in refuted and not refuted & {DENOISING, STEIN, MASS}:
        return "Where a likelihood is needed, parametrise the score as the gradient of a network; for sampling alone a small defect does no harm."
    if MASS in refuted:
        return "Train with larger noise levels first, so that modes are connected: at small noise the objective does not see their weights."
    if any(f.name.startswith(SLOPES) and f.status is not Status.HOLDS for f in findings) and not refuted:
        return "Let the network be differentiated in the points (no detach, no_grad or NumPy inside): its derivatives are sharper than differences, and are known above D = 64 too."
    if refuted:
        return "Train longer or with more data at the levels named, then audit again."
    return "Report the defect and the identities with the noise levels at which they were measured."
