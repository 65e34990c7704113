"""What the findings of the audit mean, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proofs_checks.findings import Finding
from proofs_checks.kernel import Status
from proofs_checks.wording import number_text

SEPARATE = {
    True: Status.HOLDS,
    False: Status.REFUTED,
    None: Status.UNDECIDED,
}  # of subspaces, by what JointSpan.independent says


def meaning(kind: str, findings: Sequence[Finding], facts: dict[str, Any]) -> str:
    """A sentence on the whole."""
    statuses = {finding.status for finding in findings}
    if statuses <= {Status.HOLDS, Status.INAPPLICABLE}:
        return (
            "Each factor moves a subspace of its own, by a linear action that leaves the others alone: the representation is disentangled in the sense of symmetry, "
            "for this decomposition of the group (another one has another answer)."
        )
    if any("encode" in finding.name and finding.status is Status.REFUTED for finding in findings):
        return "A factor is not encoded, or not all of it: what moves nothing is trivially disentangled and tells nothing of the factor."
    if kind == "codes" and "distance" in facts:
        return (
            f"The code is not disentangled as it stands. The nearest codes that are, in as many dimensions, are {number_text(facts['distance'])} of its norm away: "
            "interaction is lost, and of the frequencies those are kept that fit (two dimensions for each but that of half the order)."
        )
    if Status.REFUTED in statuses:
        return "The factors do not act on subspaces of their own: some vectors are moved by two, or the objects are no action of a product."
    return "What is undecided needs more digits, more pairs, or accuracy= of your own."


def next_step(kind: str, findings: Sequence[Finding], facts: dict[str, Any]) -> str:
    """One thing to do."""
    refuted = [finding.name for finding in findings if finding.status is Status.REFUTED]
    if not refuted:
        return (
            "Look at .figure(), and use .basis: in it the actions fall into blocks."
            if kind != "pairs"
            else "Use .actions: they move codes as the transforms move objects."
        )
    if any("commute" in name or "homomorphism" in name or "order" in name for name in refuted):
        return "Check the action first: a product of groups acts by commuting matrices that multiply as the factors do."
    if kind == "codes" and facts.get("interaction_share", 0.0) > 0.01:
        return "Train on pairs or transitions with a linear action for each factor; static observations identify none (disentanglement.interaction-needed)."
    if any(name == "frequencies fill the rank" for name in refuted):
        return "Give the code more dimensions, or penalise frequencies that share a plane: sums of functions of one factor each are not enough."
    return "Compare with the claim: preality show disentanglement.symmetry-based."
