"""What the findings about a fit mean, what to do next, and the plain data of the
report."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from numerics.statistics.mmd import GaussianKernel, Kernel
from proofs_checks.audits.fit.findings import CLASSIFIER, DATA, FAR, KERNEL, LIKELIHOOD, MASS, MMD, MODES, MOMENTS
from proofs_checks.findings import Finding
from proofs_checks.inputs.fits import FitModel
from proofs_checks.kernel import Status

SHOWN = 400  # points of each sample in the picture
CAUSES = {
    LIKELIHOOD: "it gives some data no density at all",
    MOMENTS: "its means or variances are not the data's",
    MODES: "it misses or inflates parts of the data",
    FAR: "it puts mass where there are no data",
    CLASSIFIER: "a classifier tells its draws from data",
    MMD: "a kernel tells its draws from data",
}


def facts_of(models: list[FitModel], points: Tensor, seen: list[dict[str, Any]], kernel: Kernel) -> dict[str, Any]:
    """What the picture needs: a projection of data and draws on two axes, masses of
    cells, the witness function."""
    centred = points - points.mean(0)
    axes = (
        torch.linalg.svd(centred[:4000], full_matrices=False).Vh[:2]
        if points.shape[1] > 2
        else torch.eye(points.shape[1], dtype=points.dtype, device=points.device)
    )
    shown = {"data": _projected(points, points.mean(0), axes)}
    shown |= {one.name: _projected(one.samples, points.mean(0), axes) for one in models if one.samples is not None}
    kept = [{name: value for name, value in values.items() if not isinstance(value, Tensor)} for values in seen]
    return {
        "D": points.shape[1], "points": len(points), "length": kernel.length if isinstance(kernel, GaussianKernel) else None,
        "projected": points.shape[1] > 2, "centre": points.mean(0)[:2].tolist(), "shown": shown, "models": [one.name for one in models], "measures": kept,
        "notes": [note for one in models for note in one.notes],
    }  # fmt: skip


def _projected(points: Tensor, centre: Tensor, axes: Tensor) -> list[list[float]]:
    moved = (points[:SHOWN] - centre) @ axes.mT
    return [[round(float(value), 4) for value in row] for row in moved]


def meaning(findings: list[Finding]) -> str:
    """What follows for the user."""
    refuted = {f.name.partition(" (")[0] for f in findings if f.status is Status.REFUTED}
    causes = [text for name, text in CAUSES.items() if name in refuted]
    unweighed = (
        " Its log density is not normalised, so that its likelihoods cannot be compared." if MASS in refuted else ""
    )
    if unweighed and not causes:
        return unweighed.strip()
    if causes:
        return f"The model is not the distribution of the data: {'; '.join(causes)}. A high likelihood excludes none of this (`preality show evaluation.likelihood-vs-samples`).{unweighed}"
    if any(f.status is Status.UNDECIDED for f in findings):
        return "What was measured does not tell model and data apart; some measures were not begun."
    return "None of these measures tells the model from the data at this size of samples. That is no proof that it is right."


def next_step(findings: list[Finding]) -> str:
    """What to do now."""
    refuted = {f.name.partition(" (")[0] for f in findings if f.status is Status.REFUTED}
    if DATA in refuted:
        return "Remove repeated rows or constant coordinates first: densities and kernels see them before they see the model."
    if KERNEL in refuted:
        return "Use a positive definite kernel; without one MMD² may be negative for different distributions."
    if MASS in refuted:
        return "Subtract the log of the total mass from log_prob (or the forgotten log-determinant or constant), and compare likelihoods then."
    if MODES in refuted:
        return "Look at the cells that the model misses (`report.facts['measures']`): KL(data||model) would charge for them without bound, JSD and MMD need not."
    if FAR in refuted or MOMENTS in refuted:
        return "Compare the model's variances with the data's: a Gaussian fitted by KL covers the space between modes (`preality show evaluation.kl-moment-match`)."
    if refuted & {CLASSIFIER, MMD}:
        return "Look at the picture: the witness function is positive where the model lacks mass and negative where it has too much."
    return (
        "Report the measures with their intervals and with the kernel's length; more points make all of them sharper."
    )
