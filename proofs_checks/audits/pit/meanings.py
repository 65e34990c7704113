"""What the findings about PIT values mean, what to do next, and the plain data of
the report.
"""

from __future__ import annotations

from typing import Any

import torch

from numerics.statistics.copulas import kolmogorov_radius
from numerics.statistics.kolmogorov import ks_to_uniform_columns
from proofs_checks.audits.pit.findings import BINS, MOST_COLUMNS
from proofs_checks.findings import Finding
from proofs_checks.inputs.samples import Uniforms
from proofs_checks.kernel import Status

GRID, DRAWN = 40, 8  # points of an empirical distribution function, and coordinates, in the picture
_STEPS = {
    "no ties": "Dequantise (add uniform noise of the width of a step), refit, and audit again.",
    "inside the support": "Widen the model's support, or find out how these samples came about; the witness names one.",
    "unit mass": "Subtract the log mass from log_prob, or give a wider support= if the model has mass elsewhere.",
    "coordinates uniform": "Look at the coordinate in the witness: its values' histogram is in facts['histogram'].",
    "pairs uniform": "Model the dependence of the two coordinates in the witness; each on its own may well be right.",
    "farthest sample": "Look at the sample in the witness: an outlier, or tails that are too light.",
}


def _named(findings: list[Finding], status: Status) -> list[str]:
    return [finding.name for finding in findings if finding.status is status]


def meaning(findings: list[Finding], found: Uniforms) -> str:
    """What follows for the user."""
    refuted = _named(findings, Status.REFUTED)
    n = found.u.shape[0]
    if not refuted and not _named(findings, Status.UNDECIDED):
        seen = kolmogorov_radius(n, 1e-3)
        return (
            f"The samples look like draws of the model: nothing contradicts it, with {n} samples and deviations of about {seen:.2g} of probability in view. "
            "Dependence among three or more coordinates, and smaller deviations, are not tested."
        )
    if any(f.witness and "multiples of one over" in f.witness for f in findings):
        return "These look like ranks: whether they are uniform is a question about whole numbers, and the tests of densities are off by as much as the width of a step."
    if "no ties" in refuted:
        return "The samples are discrete (or rounded), and a density cannot describe them; distribution functions of values with ties are not uniform whatever the model."
    if refuted == ["unit mass"]:
        return "The mass that was found is not 1, while the shape fits the samples (the map divides by the mass): the density is off by a constant, or some of its mass lies outside the region that was searched. Likelihoods that it reports are not comparable with those of a density."
    if refuted:
        return f"The model is not the distribution of these samples ({', '.join(refuted)}), at the level stated: its probabilities for them are wrong, whatever its likelihood."
    return "Part of the evidence cannot carry a verdict; the findings say which and why."


def next_step(findings: list[Finding]) -> str:
    """What to do now: the first thing that is wrong."""
    refuted = _named(findings, Status.REFUTED)
    for name, step in _STEPS.items():
        if name in refuted:
            return step
    whole = next(
        (f.witness["multiples of one over"] for f in findings if f.witness and "multiples of one over" in f.witness),
        None,
    )
    if whole is not None:
        return f"Break the ties of ranks at random: audit.pit(pit=(rank + rng.random(rank.shape)) / (draws + 1)), or audit.pit(pit=rank, draws=draws) with whole ranks (draws is {whole}, or one less, here)."
    if _named(findings, Status.UNDECIDED):
        return "Give more samples, conditional distributions in closed form, or support= for a finer grid; then audit again."
    return "Audit again on samples of another part of the data, or with more of them to see smaller deviations."


def facts_of(found: Uniforms, level: float) -> dict[str, Any]:
    """Plain data: the tests and their levels, distances, histograms, and what the
    picture draws.
    """
    n, dim = found.u.shape
    histogram = [[int(c) for c in torch.histc(column.float(), BINS, 0.0, 1.0)] for column in found.u.T[:MOST_COLUMNS]]
    facts: dict[str, Any] = {
        "samples": n,
        "coordinates": dim,
        "order": "as given; another order is another map",
        "method": found.method,
        "level": level,
        "shares of the level": {"farthest sample": 0.25, "coordinates uniform": 0.5, "pairs uniform": 0.25},
        "tests": {
            "coordinates uniform": "Dvoretzky-Kiefer-Wolfowitz with Massart's constant, Bonferroni",
            "pairs uniform": "Naaman 2021 on a grid of the square, Bonferroni"
            if dim <= MOST_COLUMNS
            else "Hoeffding for means of products, Bonferroni",
        },
        "kolmogorov distances": [float(v) for v in ks_to_uniform_columns(found.u)[:MOST_COLUMNS]],
        "histogram": histogram,
        "distribution functions": _distribution_functions(found),
        "radius": kolmogorov_radius(n, level / 2 / dim),
        "estimated error of a value": found.error,
        "notes": found.notes,
    }
    if found.transport is not None and found.transport.log_mass is not None:
        facts["log mass"] = float(found.transport.log_mass)
    return facts


def _distribution_functions(found: Uniforms) -> list[list[float]]:
    """Empirical distribution functions of the first coordinates on an even grid of
    [0, 1].
    """
    grid = torch.linspace(0, 1, GRID + 1, dtype=found.u.dtype, device=found.u.device)
    ordered = torch.sort(found.u[:, :DRAWN].T.contiguous(), dim=1).values
    counts = torch.searchsorted(ordered, grid.expand(len(ordered), -1).contiguous(), right=True)
    return (counts / found.u.shape[0]).tolist()
