"""What the findings of a rate-distortion audit mean, and what to do next."""

from __future__ import annotations

from proofs_checks.audits.rate_distortion.findings import BAND, CODES, ENCODER, PRIOR, SOURCE, TIGHT, USES
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status


def meaning(findings: list[Finding]) -> str:
    """What follows for the user."""
    status = {f.name: f.status for f in findings}
    if status.get(USES) is Status.REFUTED:
        return "The decoder ignores its code: whatever the rate, every datum has the same distortion."
    if status.get(BAND) is Status.REFUTED:
        return "The bounds contradict each other: the object is not what was assumed of it, and no number here should be used."
    said = []
    if status.get(PRIOR) is Status.REFUTED:
        said.append("part of the rate is the prior's and not the decoder's")
    if status.get(ENCODER) is Status.REFUTED:
        said.append("the encoder spends more than its decoder asks for")
    if status.get(CODES) is Status.REFUTED:
        said.append("some code units are ignored")
    if status.get(TIGHT) is Status.UNDECIDED:
        said.append("annealing is loose, and the true curve may lie well below its points")
    if not said:
        return "The curve lies within the band, as far as these draws and chains can tell."
    return f"The curve lies within the band; {'; '.join(said)}."


def next_step(findings: list[Finding]) -> str:
    """What to do now."""
    by_name = {f.name: f for f in findings}
    status = {name: f.status for name, f in by_name.items()}
    if status.get(USES) is Status.REFUTED:
        return "Check that the decoder's weights are loaded and that its input is the code."
    if status.get(BAND) is Status.REFUTED:
        return "Check that the distortion is at least its lower bound and that the decoder draws nothing at random."
    if status.get(SOURCE) is Status.REFUTED:
        return "Remove repeated data: a source of few distinct data has a small rate of its own."
    if status.get(PRIOR) is Status.REFUTED:
        return f"{_saving(by_name[PRIOR])}: fit a prior on the codes of training data (`report.prior` is one, to sample and to evaluate)."
    if status.get(TIGHT) is Status.UNDECIDED:
        return "Raise calls= (temperatures of a chain) until annealing from both sides agrees on simulated data."
    if status.get(ENCODER) is Status.REFUTED:
        return (
            "Train the encoder longer with the decoder frozen, or use one posterior a datum: the gap is amortisation's."
        )
    return "Compare curves of two decoders on one pair of axes with `report.beside(other)`; compare rates at equal distortion only."


def _saving(finding: Finding) -> str:
    witness = finding.witness or {}
    if "gains" in witness:
        best = max(witness["gains"], key=lambda one: one["least"])
        return f"{best['least']:.1f} of {best['chains']:.1f} nats at beta = {best['slope']:.3g} are the prior's"
    worst = max(witness["slopes"], key=lambda one: one["F"] - one["most"])
    return f"{worst['F'] - worst['most']:.1f} of {worst['F']:.1f} nats at beta = {worst['slope']:.3g} are the prior's"
