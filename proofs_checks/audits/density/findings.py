"""What the recovered densities of the images say: the findings of a density audit about
its bijections, in words."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection.roc import auroc
from numerics.transports.domain import HypothesisError
from proofs_checks.audits.budget import Budget
from proofs_checks.audits.density.maps import REVERSED, TOLERANCES, UNIFORM, Representation, build, refine
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status

OPEN_SHARE = Fraction(1, 100)  # of the pairs: where the errors leave more of them open, an area says little
GRADIENT = "Either the gradient of log p by autograd is not its derivative (a part is detached, or has a gradient of its own), or log p jumps everywhere."
LogFunction = Callable[[Tensor], Tensor]

__all__ = ["fraction", "given_scores", "outcome", "title_of", "typicality", "unchecked_hypotheses"]


def title_of(name: str) -> str:
    """What the finding about a bijection is called."""
    return name if name in (UNIFORM, REVERSED) else f"score {name}"


def outcome(
    name: str,
    functions: tuple[LogFunction, LogFunction, Callable[[Tensor, Tensor], Fraction]],
    data: tuple[Tensor, Tensor],
    options: dict[str, Any],
    budget: Budget,
) -> tuple[Representation | None, Finding]:
    """The points under the bijection of a name, and the finding about it.

    Args:
        functions: log p, log s, and from log s of inliers and of outliers to the area
            that is promised.
        data: Inliers ``(N, D)`` and outliers ``(M, D)``. options: Of :func:`build`.
    """
    title, probe = title_of(name), torch.cat(data)
    *pair, aim = functions
    try:
        bijection = build(name, tuple(pair), probe, **options)
        made = refine(
            bijection, data, aim, lambda made: _judged(title, name, made, budget).status is Status.HOLDS, budget
        )
    except HypothesisError as failed:
        return None, Finding(title, Status.UNDECIDED, str(failed))
    except ValueError as refused:
        if isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None
    return made, _judged(title, name, made, budget)


def _judged(title: str, name: str, made: Representation, budget: Budget) -> Finding:
    """What the recovered densities say: first whether they are the score, then whether
    their area is the one promised."""
    within, size = made.within, made.inliers.numel() + made.outliers.numel()
    low, high = (float(end) for end in within.between())
    witness = _witness(made, (low, high))
    if made.verdict.status is Status.REFUTED and made.settled:
        text = (
            f"the density recovered from the images is not the score, however narrow the panels: {made.verdict.why} "
            + GRADIENT
        )
        return Finding(title, Status.REFUTED, text, witness)
    if made.verdict.status is not Status.HOLDS:
        why = f"the density recovered from the images is not shown to be the score: {made.verdict.why}"
        return Finding(title, Status.UNDECIDED, f"{why}{_more_time(made, budget)}", witness)
    if made.aim not in within:
        text = f"AUROC {float(made.area.value):.6f} from the recovered density, where {float(made.aim):.6f} was promised and the errors allow [{low:.6f}, {high:.6f}]"
        return Finding(title, Status.REFUTED, text, witness)
    lost = int((~made.resolved).sum())
    if made.trouble and (name == UNIFORM or within.width > OPEN_SHARE):
        causes = ", ".join(f"{cause}: {count}" for cause, count in made.trouble.items())
        text = f"{lost} of {size} points cannot be sent there and back in floating point ({causes}); the others leave an AUROC in [{low:.4f}, {high:.4f}]"
        return Finding(title, Status.UNDECIDED, f"{text}{_more_time(made, budget)}", witness)
    return _held(title, name, made, budget, witness)


def _held(title: str, name: str, made: Representation, budget: Budget, witness: dict[str, Any]) -> Finding:
    within, known = made.within, made.errors[made.resolved]
    size, worst = known.numel(), float(known.max())
    if name == UNIFORM:
        text = f"AUROC 1/2: the density recovered from {size} images is one constant to within its error (at most {worst:.1g} nats), so all pairs are ties"
        return Finding(title, Status.HOLDS, text, witness)
    promise = f"1 - {float(1 - made.aim):.4f}" if name == REVERSED else "that of the score"
    left = f"; {made.errors.numel() - size} points could not be sent" if made.trouble else ""
    if made.area.value == made.aim:
        text = f"AUROC {float(made.aim):.4f}, exactly {promise}, from the density recovered from {size} images (error at most {worst:.1g} nats; {within.open} of {within.pairs} pairs closer than that{left})"
        return Finding(title, Status.HOLDS, text, witness)
    text = f"AUROC {float(made.aim):.4f}, {promise}, up to the {within.open} of {within.pairs} pairs that the errors leave open (recovered: {float(made.area.value):.6f}{left})"
    if within.width <= OPEN_SHARE:
        return Finding(title, Status.HOLDS, text, witness)
    return Finding(title, Status.UNDECIDED, f"{text}{_more_time(made, budget)}", witness)


def _more_time(made: Representation, budget: Budget) -> str:
    """What more time would buy, where it ran out."""
    if budget.open or made.tolerance <= TOLERANCES[-1]:
        return ""
    why = "interrupted" if budget.interrupted else f"out of time after {budget.seconds_used:.0f} s"
    return f"; {why}, with panels to {made.tolerance:.0e}: each factor of ten costs some six panels at every kink (seconds={2 * max(budget.seconds, 1):g})"


def _witness(made: Representation, ends: tuple[float, float]) -> dict[str, Any]:
    return {
        "auroc": fraction(made.aim),
        "recovered": {
            "auroc": fraction(made.area.value),
            "low": ends[0],
            "high": ends[1],
            "open_pairs": made.within.open,
            "pairs": made.within.pairs,
        },
        "trouble": made.trouble,
        "worst_error_nats": _finite(made.errors.max()),
        "panels_to": made.tolerance,
        "log_factor": made.bijection.log_factor,
    }


ORIENTATION = "AUROC is the probability that an inlier has the larger score"


def given_scores(area: Any, given: tuple[Tensor, Tensor]) -> Finding:
    """The areas of log p itself and of the typicality test."""
    typical = typicality(given)
    text = f"AUROC of log p {float(area):.4f}, of the typicality test {float(typical):.4f} ({given[0].numel()} inliers, {given[1].numel()} outliers, ties one half); {ORIENTATION}"
    if zero := int(sum((part == -torch.inf).sum() for part in given)):
        text += f"; p is zero at {zero} points, where the theorem says nothing"
    return Finding(
        "as given", Status.HOLDS, text, {"auroc": fraction(area.value), "pairs": area.pairs, "orientation": ORIENTATION}
    )


def typicality(given: tuple[Tensor, Tensor]) -> Any:
    """AUROC of -|H + log p|, H the mean of -log p over the inliers."""
    finite = given[0][torch.isfinite(given[0])]
    entropy = -finite.mean()
    return auroc(*(-(entropy + part).abs() for part in given))


def unchecked_hypotheses() -> list[Finding]:
    """Hypotheses of the theorem that no number of evaluations can establish for a black
    box."""
    return [
        Finding(
            "continuity",
            Status.INAPPLICABLE,
            "unchecked: p and s are seen at the nodes of the quadrature alone; a gap, a jump, a pole or an atom of the model between them goes unseen",
        ),
        Finding(
            "bijectivity elsewhere",
            Status.INAPPLICABLE,
            "unchecked beyond the audited points: there it follows from p, s > 0 on fibres that are intervals",
        ),
    ]


def fraction(value: Fraction) -> dict[str, Any]:
    """An exact area as JSON data."""
    return {"value": float(value), "exact": f"{value.numerator}/{value.denominator}"}


def _finite(value: Tensor) -> float | None:
    return float(value) if bool(torch.isfinite(value)) else None
