"""What the findings of a hybrid model mean, what to do next, and the plain data of the
report."""

from __future__ import annotations

from typing import Any

from numerics.likelihoods.per_sample import Pulls
from proofs_checks.audits.hybrid.findings import AGREE, ALONE, BALANCE, BUDGET, SHARED, TWICE, root_mean_square
from proofs_checks.audits.hybrid.training import Trained
from proofs_checks.findings import Finding
from proofs_checks.inputs.hybrid_models import Hybrid
from proofs_checks.kernel import Status


def facts_of(
    given: Hybrid,
    pulls: Pulls | None,
    outcomes: list[Trained],
    *,
    star: tuple[float, float, float] | None = None,
    weight: float = 1.0,
) -> dict[str, Any]:
    """Root mean square gradients by group, the weights, and the losses after
    training."""
    groups = []
    for group in [] if pulls is None else pulls.groups:
        index = pulls.group(group)
        label, image = root_mean_square(pulls.first[index]), root_mean_square(pulls.second[index])
        product = (label * image) or 1.0
        cosine = float(pulls.inner[index].sum(0).mean()) / product
        groups.append({"group": group or "(module)", "label": label, "image": image, "alignment": cosine})
    return {
        "D": given.dims, "classes": given.classes, "rows": len(given.x), "lambda": weight, "lambda*": None if star is None else list(star),
        "groups": groups, "training": [vars(it) for it in outcomes], "eval_mode": list(given.notes),
    }  # fmt: skip


def meaning(findings: list[Finding]) -> str:
    """What follows for the user."""
    by_name = {finding.name: finding for finding in findings}
    for name, words in (
        (TWICE, "The log likelihoods are random, so that no gradient belongs to them."),
        (ALONE, "The rows of a batch influence each other, so that no gradient belongs to a row."),
        (AGREE, "The gradients could not be taken reliably."),
    ):
        if name in by_name and by_name[name].status is Status.REFUTED:
            return words
    if by_name[SHARED].status is Status.INAPPLICABLE:
        return "This is two models in one module: no parameter is shared, and lambda is a learning rate."
    told = by_name[BUDGET].witness or {}
    return (
        f"The shared parameters feel the image {told.get('ratio', 0):.3g} times as much as the label. Values are no measure of that: the log likelihoods stand as "
        f"{told.get('value_ratio', 0):.3g} to 1, and the theorem allows any ratio up to D at probability one half (hybrid.gradient-imbalance)."
    )


def next_step(findings: list[Finding], facts: dict[str, Any]) -> str:
    """What to do now."""
    by_name = {finding.name: finding for finding in findings}
    refuted = [finding.name for finding in findings if finding.status is Status.REFUTED]
    if refuted and refuted != [BALANCE]:
        return f"Look at {refuted[0]!r} first: freeze what is drawn, and put layers that mix rows into eval() mode or replace them."
    if by_name[SHARED].status is Status.INAPPLICABLE:
        return "Share a trunk, or train the two models apart; if they were meant to share one, look for a detach()."
    if refuted:
        return f"Train with weight {facts['lambda*'][0]:.3g} in place of {facts['lambda']:.3g}, and compare both held-out losses over three seeds."
    if facts["eval_mode"]:
        return f"Audited in eval() mode, which differs in {'; '.join(facts['eval_mode'])}: gradients in train() mode mix rows or are random."
    return "Keep lambda near lambda*, and compare both held-out losses over three seeds; features that both heads share lose nothing if they are invertible (hybrid.invertible-features)."
