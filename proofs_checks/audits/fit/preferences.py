"""Which of two models each measure prefers: paired differences with intervals, and
where measures disagree."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.statistics.mmd import Kernel, unbiased_mmd2
from proofs_checks.audits.fit.findings import NORMAL
from proofs_checks.findings import Finding
from proofs_checks.inputs.fits import FitModel
from proofs_checks.kernel import Status

NAME = "which model each measure prefers"
MOST = 4000  # points of each sample in the difference of MMD


def preferences(models: list[FitModel], seen: list[dict[str, Any]], points: Tensor, kernel: Kernel) -> list[Finding]:
    """One finding a comparison, and one that says whether measures agree; intervals are
    estimates."""
    found: dict[str, tuple[float, float]] = {}
    wrong = [one.name for one, values in zip(models, seen, strict=True) if values.get("normalised") is False]
    if all("log_prob" in values for values in seen) and not wrong:
        gap = seen[0]["log_prob"] - seen[1]["log_prob"]
        finite = torch.isfinite(gap)
        if bool(finite.all()):
            found["KL"] = (-float(gap.mean()), float(gap.std()) / math.sqrt(len(gap)))
        elif not bool(torch.isfinite(seen[0]["log_prob"]).all()) and bool(torch.isfinite(seen[1]["log_prob"]).all()):
            found["KL"] = (math.inf, 0.0)
        elif bool(torch.isfinite(seen[0]["log_prob"]).all()):
            found["KL"] = (-math.inf, 0.0)
    if all(one.samples is not None for one in models):
        found["MMD"] = _discrepancies(models, points, kernel)
        if all("jsd" in values for values in seen):
            found["JSD (by a classifier)"] = (
                seen[0]["jsd"] - seen[1]["jsd"],
                math.hypot(*(values["jsd_error"] for values in seen)),
            )
    if not found and not wrong:
        return [
            Finding(
                NAME, Status.INAPPLICABLE, "no measure is known of both models: give both log_prob, or both samples"
            )
        ]
    choices = {name: _choice(*pair) for name, pair in found.items()}
    texts = [
        f"{name} {_said(choices[name])} (a less b: {value:+.3g}, {NORMAL:g} standard errors {NORMAL * error:.2g})"
        for name, (value, error) in found.items()
    ]
    if wrong:
        texts.insert(0, f"KL says nothing: the log density of {' and of '.join(wrong)} does not integrate to 1")
    elif "KL" in found and not all(values.get("normalised") for values in seen):
        texts[0] += ", if both log densities integrate to 1, which was not decided"
    decided = {choice for choice in choices.values() if choice}
    verdict = (
        "the measures disagree: which model is better depends on which is asked"
        if len(decided) == 2
        else "no two measures are seen to disagree"
    )
    witness = {
        name: {
            "a_less_b": value if math.isfinite(value) else str(value),
            "standard_error": error,
            "prefers": choices[name],
        }
        for name, (value, error) in found.items()
    }
    return [Finding(NAME, Status.INAPPLICABLE, f"{'; '.join(texts)}; {verdict}", witness)]


def _choice(value: float, error: float) -> str:
    return "" if abs(value) <= NORMAL * error else ("b" if value > 0 else "a")


def _said(choice: str) -> str:
    return f"prefers {choice}" if choice else "cannot tell"


def _discrepancies(models: list[FitModel], points: Tensor, kernel: Kernel) -> tuple[float, float]:
    """MMD^2 of a less that of b to the same points, with the standard error of its
    linear part (Bounliphone et al. 2016)."""
    x = points[:MOST]
    a, b = (one.samples[:MOST] for one in models if one.samples is not None)

    def mean_to(rows: Tensor, sample: Tensor) -> Tensor:
        return torch.cat([kernel(part, sample).double().mean(1) for part in rows.split(1024)])

    gap = unbiased_mmd2(x, a, kernel).squared - unbiased_mmd2(x, b, kernel).squared
    parts = (mean_to(x, b) - mean_to(x, a), mean_to(a, a) - mean_to(a, x), mean_to(b, b) - mean_to(b, x))
    return gap, 2 * math.sqrt(sum(float(part.var()) / len(part) for part in parts))
