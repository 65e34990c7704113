"""Judging what was measured: residuals under derived bounds, statistics under the
radius of a test, balls."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_checks.kernel.budget import radius
from proofs_checks.kernel.equations import BALL_BITS, ball_text
from proofs_checks.kernel.evidence import Enclosed, Measured, Test, Tested
from proofs_checks.kernel.verdicts import Route, Scope, Status, Verdict

LOOSE = 1e-6  # a bound this much larger than its residual explains too much, and is reported
_COARSE = ("bool", "float16", "bfloat16")
DOUBT = 10.0  # an estimated bound refutes only beyond this many times itself


def judge_enclosed(item: Enclosed) -> Verdict:
    """Whether a ball proves a relation to zero, disproves it, or is too wide for
    either."""
    import flint

    from theory.proof import balls

    if not isinstance(item.ball, (flint.arb, flint.acb)):
        raise TypeError(
            f"Expected a ball, python-flint's arb or acb, got {type(item.ball).__name__}; a number encloses nothing."
        )
    if item.relation not in ("== 0", "> 0", "< 0"):
        raise TypeError(f"Expected the relation '== 0', '> 0' or '< 0', got {item.relation!r}.")
    scope = Scope(quantifiers=("one instance",))
    proves, disproves = _decide(item.ball, item.relation)
    if proves:
        return Verdict(Status.HOLDS, Route.CERTIFIED, "", scope)
    if disproves:
        why, witness = (
            f"The enclosure contradicts '{item.relation}'.",
            {"ball": ball_text(item.ball), "claimed": item.relation},
        )
        margin = balls.exclusion_margin(item.ball)
        return Verdict(Status.REFUTED, Route.CERTIFIED, why, scope, witness, margin=margin)
    why = f"The enclosure {ball_text(item.ball)} is too wide to decide '{item.relation}'."
    return Verdict(Status.UNDECIDED, Route.CERTIFIED, why, scope)


def _decide(ball: Any, relation: str) -> tuple[bool, bool]:
    from theory.proof import balls

    if relation == "== 0":
        return balls.contains_zero(ball) and balls.radius_bits(ball) >= BALL_BITS, balls.excludes_zero(ball)
    real = getattr(ball, "real", ball)
    flat = not hasattr(ball, "imag") or ball.imag == 0
    above, below = bool(flat and real > 0), bool(flat and real < 0)
    return (above, below) if relation == "> 0" else (below, above)


def judge_measured(item: Measured) -> Verdict:
    """Residual against bound, point by point; the bound against what it has to
    resolve."""
    _refuse_senseless(item.resolves)
    residual = _array(item.residual)
    terms = {name: _array(term) for name, term in item.bound.terms.items()}
    scope = Scope(points=item.points, given=tuple(item.bound.assumes), estimated=tuple(item.bound.estimated))
    undecided = Verdict(Status.UNDECIDED, Route.NUMERIC, "No point was measured.", scope)
    if residual.size == 0 or item.points < 1:
        return undecided
    for name, term in terms.items():
        if np.broadcast_shapes(term.shape, residual.shape) != residual.shape:
            raise TypeError(
                f"The bound's term {name!r} has shape {term.shape}, the residual {residual.shape}: which belongs to which?"
            )
    bound = sum((np.broadcast_to(term, residual.shape) for term in terms.values()), start=np.zeros_like(residual))
    defined = np.isfinite(residual) & np.isfinite(bound)
    if not defined.all():
        return replace(undecided, why=f"{int((~defined).sum())} of {residual.size} residuals or bounds are not finite.")
    if (residual < 0).any() or any((term < 0).any() for term in terms.values()):
        raise TypeError("Residuals and terms of a bound are nonnegative; take absolute values first.")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(residual == 0, 0.0, residual / bound)
    worst = int(ratio.argmax())
    at_worst = {name: float(np.broadcast_to(term, residual.shape).flat[worst]) for name, term in terms.items()}
    return _compared(
        item, scope, float(residual.flat[worst]), float(bound.flat[worst]), float(ratio.flat[worst]), float(bound.max()),
        {"point": worst, **at_worst},
    )  # fmt: skip


def _compared(  # noqa: PLR0917
    item: Measured, scope: Scope, residual: float, bound: float, margin: float, widest: float, witness: dict[str, Any]
) -> Verdict:
    notes = (f"loose bound: {margin:.0e} of it is used",) if 0 < margin < LOOSE else ()
    verdict = Verdict(
        Status.HOLDS, Route.NUMERIC, "", scope, None, residual, bound, margin, notes, (item.bound.derivation,)
    )
    if margin > (DOUBT if item.bound.estimated else 1.0):
        why = f"The residual {residual:.3g} is {margin:.3g} times its bound {bound:.3g}."
        return replace(verdict, status=Status.REFUTED, why=why, witness=witness)
    if margin > 1:
        why = f"The residual is {margin:.2g} times a bound that is an estimate."
        return replace(verdict, status=Status.UNDECIDED, why=why)
    if widest > item.resolves:
        why = (
            f"The bound reaches {widest:.3g}, and nothing above {item.resolves:.3g} tells the claim from its neighbours. "
            "Use more precision or a milder case."
        )
        return replace(verdict, status=Status.UNDECIDED, why=why)
    return verdict


def judge_tested(item: Tested, alpha: float, growth: float = 1.0) -> Verdict:
    """A statistic against the radius of its test at the level assigned; ``growth``: how
    many times the samples the deep profile draws."""
    _refuse_senseless(item.resolves)
    counted, one_sided = item.test.kind == "clopper_pearson", item.test.kind == "e_values"
    if (item.statistic < 0 and not one_sided) or (
        counted and not (item.statistic <= item.test.n and item.statistic == int(item.statistic))
    ):
        what = f"a count of 0 to {item.test.n}" if counted else "a nonnegative distance"
        raise TypeError(f"Expected {what} as the statistic of {item.test.kind}, got {item.statistic}.")
    allowance = radius(item.test, alpha, item.statistic)
    terms = {name: _array(term) for name, term in item.slack.terms.items()} if item.slack else {}
    if any((term < 0).any() for term in terms.values()):
        raise TypeError("Terms of a slack are nonnegative; take absolute values first.")
    slack = float(sum(term.max() for term in terms.values()))
    deviation = abs(item.statistic / item.test.n - item.test.p) if counted else item.statistic
    if one_sided and deviation < 0:
        deviation = 0.0  # small e-values speak against nothing
    given, estimated = (tuple(item.slack.assumes), tuple(item.slack.estimated)) if item.slack else ((), ())
    scope = Scope(points=item.test.n, given=given, estimated=estimated)
    bound = allowance + slack
    if not (math.isfinite(deviation) and math.isfinite(bound)):
        return Verdict(Status.UNDECIDED, Route.STATISTICAL, "The statistic or its radius is not finite.", scope)
    derivation = f"{item.test.kind} at level {alpha:.1e}, n = {item.test.n}"
    derivation += f"; {item.slack.derivation}" if item.slack else ""
    margin = deviation / bound if bound else math.inf * (deviation > 0) if deviation else 0.0
    verdict = Verdict(
        Status.HOLDS, Route.STATISTICAL, "", scope, None, deviation, bound, margin, derivations=(derivation,)
    )
    if not one_sided:  # how far e-values fall below 1 is bounded by nothing
        grown = radius(_grown(item.test, growth), alpha, item.statistic * max(growth, 1.0))
        verdict = replace(verdict, detects=bound + allowance, detects_deep=slack + 2 * grown)
    if estimated and bound < deviation <= allowance + DOUBT * slack:
        why = f"The statistic {deviation:.3g} exceeds its radius {bound:.3g}, part of which is an estimate."
        return replace(verdict, status=Status.UNDECIDED, why=why)
    if margin > 1:
        why = f"The statistic {deviation:.3g} is {margin:.3g} times its radius {bound:.3g} at level {alpha:.1e}."
        return replace(verdict, status=Status.REFUTED, why=why, witness={"statistic": deviation, "radius": bound})
    if bound > item.resolves:
        why = f"The radius {bound:.3g} exceeds {item.resolves:.3g}: too few samples to tell. Use a larger profile."
        return replace(verdict, status=Status.UNDECIDED, why=why)
    return verdict


def _grown(test: Test, growth: float) -> Test:
    """The test with ``growth`` times the samples, where that is more."""
    growth = max(growth, 1.0)
    return replace(test, n=int(test.n * growth), m=int(test.m * growth))


def _refuse_senseless(resolves: float) -> None:
    """A measurement that resolves anything says nothing; one that resolves a negative
    amount never speaks."""
    if not (math.isfinite(resolves) and resolves > 0):
        raise TypeError(f"Expected a finite positive number that the check resolves, got {resolves}.")


def _array(value: Any) -> np.ndarray:
    _refuse_coarse(getattr(value, "dtype", np.float64))
    if hasattr(value, "detach"):  # a tensor, wherever it lives
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    _refuse_coarse(array.dtype)
    if array.dtype.kind not in "fiu":
        raise TypeError(
            f"Expected real numbers in a residual or a bound, got {array.dtype}; take absolute values first."
        )
    return array.astype(np.float64)


def _refuse_coarse(dtype: Any) -> None:
    kind = str(dtype).removeprefix("torch.")
    if kind in _COARSE:
        raise TypeError(
            f"Expected a residual in float32 or float64, got {kind}: it cannot tell a small residual from none."
        )
