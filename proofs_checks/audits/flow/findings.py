"""Findings of a flow audit: the kernel's verdict on each check's evidence, and what it
says in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from proofs_checks import kernel
from proofs_checks.audits.flow.draws import NUMBERS
from proofs_checks.audits.flow.outcome import (
    AHEAD,
    BACK,
    BASE,
    FINITE,
    IDENTITY,
    LAYERS,
    MASS,
    ONE_TO_ONE,
    ONTO,
    PRECISION,
    ROWS,
    SAME,
    SAMPLES,
    SIGN,
    TRAIN,
    VOLUMES,
    WHOLE,
    Check,
)
from proofs_checks.findings import Finding
from proofs_checks.kernel import Status, Verdict
from proofs_checks.wording import count, finite

Said = dict[str, Any]


def findings_of(checks: list[Check], before: list[Finding]) -> list[Finding]:
    """One finding a check, in the order in which the checks were made; ``before`` are
    those made earlier."""
    findings: list[Finding] = []
    for check in checks:
        if check.name == MASS:
            check.said["refuted"] = [found.name for found in before if found.status is Status.REFUTED]
        if (found := _finding(check)) is not None:
            findings.append(found)
    return findings


def _finding(check: Check) -> Finding | None:
    if not check.evidence:
        if check.said.get("needless"):
            return None
        return Finding(check.name, Status.INAPPLICABLE, f"unchecked: {check.unchecked}")
    verdict = kernel.judge(check.evidence, route=check.route)
    text = _TEXTS[check.name](check.said, verdict)
    return Finding(check.name, verdict.status, text, _witness(check, verdict))


def _witness(check: Check, verdict: Verdict) -> Said:
    kept = {
        name: value
        for name, value in check.said.items()
        if isinstance(value, (bool, int, float, str, list, dict)) and name not in ("names", "distances")
    }
    return finite({**kept, "obligation": verdict.obligation, "margin": verdict.margin})


# -- sentences ---------------------------------------------------------------------------------------------------------------


def _same(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        return f"two calls on the same points differ by up to {said['residual']:.3g} nats: log p is random (an estimate of a trace or a bound, noise, dropout) and no function of the point"
    return _or_why(verdict, f"the same log p in two calls{_to(said)}")


def _number(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        return f"log p is NaN or +inf at {said['lost']} of {said['points']} points, first at {_point(said['first'])}"
    return f"log p is a number or -inf at all {said['points']} points"


def _rows(said: Said, verdict: Verdict) -> str:
    if "raised" in said:
        return said["raised"]
    if verdict.status is Status.REFUTED:
        where = f"; the first layer that couples them is {said['layer']}" if said.get("layer") else ""
        return f"log p of a row {said['where']} differs from its value in the batch by {_far(said['residual'])} nats: rows move each other (batch statistics, a sum over the batch){where}"
    return _or_why(verdict, f"the same log p alone, in another order and among rows far away{_to(said)}")


def _layers(said: Said, verdict: Verdict) -> str:
    layers = said["layers"]
    counted = [one for one in layers if one.get("points")]
    if verdict.status is Status.REFUTED:
        faulty = [one for one in counted if one["ratio"] > 1]
        named = "; ".join(
            f"layer {one['name']}: {one['pattern']} (up to {one['residual']:.3g} nats)" for one in faulty[:4]
        )
        return f"{len(faulty)} of {count(len(counted), 'layer')} say{'s' * (len(faulty) == 1)} another log|det| than autograd's Jacobian has: {named}"
    silent = [one["name"] for one in layers if not one.get("points")]
    text = f"agree with autograd's Jacobian in {count(len(counted), 'layer')}, to {max(one['residual'] for one in counted):.1g} nats"
    text += _points(counted) + (f"; silent or singular: {', '.join(silent[:4])}" if silent else "")
    return _or_why(verdict, text)


def _points(counted: list[Said]) -> str:
    return f" at {min(one['points'] for one in counted)} points each" if counted else ""


def _whole(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        return f"the sum over the layers is not log|det| of the whole map by autograd, by up to {said['residual']:.3g} nats: {said['pattern']}"
    left = (
        f"; {said['left_out']} points left out, where the Jacobian is nearly singular" if said.get("left_out") else ""
    )
    return _or_why(
        verdict,
        f"the sum over the layers is log|det| of the whole map by autograd, to {said['residual']:.1g} nats at {said['points']} points{left}",
    )


def _identity(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        return f"log p is not log q of the image plus log|det|, by up to {said['residual']:.3g} nats: {said['pattern']}"
    by = f" ({said['by']})" if "by" in said else ""
    return _or_why(
        verdict,
        f"log p is log q of the image plus log|det|, to {said['residual']:.1g} nats at {said['points']} points near and far{by}",
    )


def _sign(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        where = f" (layer {said['layer']})" if said.get("layer") else ""
        text = f"det is positive at {said['positive']} and negative at {said['negative']} of {said['points']} points{where}: the map folds"
        if "fold" in said:
            fold = said["fold"]
            text += f"; x = {_point(fold['first'])} and x' = {_point(fold['second'])}, {fold['apart']:.3g} apart, have images {fold['images_apart']:.1g} apart"
        return text
    which = "positive" if said["positive"] else "negative"
    return _or_why(verdict, f"{which} at all {said['points']} points near and far")


def _back(said: Said, verdict: Verdict) -> str:
    layers = [one for one in said["layers"] if one["points"]]
    if verdict.status is Status.REFUTED:
        faulty = [one for one in layers if one["ratio"] > 1]
        named = "; ".join(f"layer {one['name']} by {_far(one['residual'])}" for one in faulty[:4])
        return f"the inverse does not return to the points: {named}"
    iterated = [one["name"] for one in layers if one.get("iterates")]
    extra = (
        f"; by iteration in {', '.join(iterated[:3])}" + (" and others" if len(iterated) > 3 else "")
        if iterated
        else ""
    )
    return _or_why(
        verdict,
        f"returns to the points in {count(len(layers), 'layer')}, to {max((one['residual'] for one in layers), default=0):.1g}{extra}",
    )


def _far(residual: float) -> str:
    return "NaN or infinity" if residual > 1e299 else f"up to {residual:.3g}"


def _volumes(said: Said, verdict: Verdict) -> str:
    layers = [one for one in said["layers"] if one["points"]]
    if verdict.status is Status.REFUTED:
        faulty = [one for one in layers if one["ratio"] > 1]
        named = "; ".join(f"layer {one['name']} by up to {one['residual']:.3g} nats" for one in faulty[:4])
        return f"the log-determinants of a layer and of its inverse do not add up to zero: {named}; log p of draws that is computed on the way is wrong"
    return _or_why(
        verdict,
        f"the inverse's log-determinant is minus that of forward in {count(len(layers), 'layer')}, to {max((one['residual'] for one in layers), default=0):.1g} nats",
    )


def _ahead(said: Said, verdict: Verdict) -> str:
    lost = f"; {said['lost']} inverses are NaN or infinite" if said.get("lost") else ""
    if verdict.status is Status.REFUTED:
        return f"forward of the inverse misses draws of the base by {_far(said['residual'])}{lost}"
    return _or_why(verdict, f"returns to {said['points']} draws of the base, to {said['residual']:.1g}{lost}")


def _base(said: Said, verdict: Verdict) -> str:
    forms = {
        "gaussian": "a Gaussian's (a quadratic log density)",
        "product": "a product's",
        "mixture": "a mixture of Gaussians'",
        "lattice": "no known form's; on a lattice",
    }
    form = f"log q is {forms[said['kind']]} ({said['name']})"
    if verdict.status is Status.REFUTED:
        return f"{form}, and its integral is not 1: off by {said.get('residual', abs(said.get('mass', math.nan) - 1)):.6g} in its logarithm"
    return _or_why(verdict, f"{form}, and its integral is 1")


def _onto(said: Said, verdict: Verdict) -> str:
    reached = f"{said['reached']} of {said['draws']} draws of the base have a preimage (by {said['by']})"
    if verdict.status is Status.REFUTED:
        parts = [reached]
        if said.get("nan"):
            parts.append(f"the inverse is NaN or infinite at {said['nan']}")
        if "box" in said:
            parts.append(
                f"images of points up to 1e128 spreads out stay in [{_point(said['box'][0])}, {_point(said['box'][1])}]"
            )
        if said.get("outside"):
            parts.append(f"{said['outside']:.3g} of the base lies beyond in coordinate {said['coordinate']}")
        return "; ".join(parts) + ": the transform does not reach all of the base"
    return _or_why(verdict, reached + (", and images of far points go beyond the base" if "outside" in said else ""))


def _one_to_one(said: Said, verdict: Verdict) -> str:
    if verdict.status is Status.REFUTED:
        return f"x = {_point(said['first'])} and x' = {_point(said['second'])} have one image: the map is many-to-one"
    return _or_why(
        verdict,
        f"{said['solved']} of {said['started']} searches for a second preimage settled, each at the point itself",
    )


def _samples(said: Said, verdict: Verdict) -> str:
    lost = f"{said['nan']} of {said['draws']} draws are NaN or infinite" if said.get("nan") else ""
    lost = lost or (
        f"the images of {said['lost']} of {said['draws']} draws are NaN or infinite" if said.get("lost") else ""
    )
    if verdict.status is Status.REFUTED:
        if verdict.obligation == NUMBERS:
            return f"{lost}: the inverse is not defined on all of the base"
        return f"the draws do not follow log p: {said['worst']} of their latents is off the base by {said['statistic']:.3f} (Kolmogorov), allowed {verdict.bound:.3f}"
    text = f"latents of {said['draws']} draws lie under the base as log p says, in {said.get('columns', 0)} projections (largest Kolmogorov distance {said.get('statistic', 0):.3f}, allowed {verdict.bound or 0:.3f})"
    return _or_why(verdict, text + (f"; {lost}" if lost else ""))


def _mass(said: Said, verdict: Verdict) -> str:
    where = "in the box of the points alone" if said.get("box") else "on a lattice"
    lattice = f"{where} the integral is {said['mass']:.6g}" if "mass" in said else ""
    if verdict.status is Status.REFUTED:
        if verdict.obligation == "the integral on a lattice":
            return f"{lattice}, not 1 (estimated error {said['mass_error']:.1g}): log p is too large by {math.log(said['mass']):.4g} nats on average"
        causes = [name for name in said["refuted"] if name in (LAYERS, WHOLE, IDENTITY, SIGN, ONE_TO_ONE, BASE, ONTO)]
        return f"the integral of p is not that of the base: {', '.join(causes) or verdict.obligation}" + (
            f"; {lattice}" if lattice else ""
        )
    if said.get("by") == "its own form":
        text = "the log density has a known form whose integral is 1"
    elif "missing" in said and said["missing"] and not lattice:
        text = "by change of variables from what was found"
    elif "missing" in said and not said["missing"]:
        text = "the map is one-to-one and onto the base where it was tried, and its log-determinant is right, so that the integral of p is that of the base"
    else:
        text = "found on a lattice"
    return _or_why(verdict, text + (f"; {lattice}" if lattice else ""))


def _precision(said: Said, verdict: Verdict) -> str:
    lost = f"; log p is no number at {said['lost']} points in float32" if said.get("lost") else ""
    if verdict.status is Status.REFUTED:
        return f"in float32 log p has lost more than half of its digits: off by up to {said['nats']:.3g} nats from its float64 copy{lost}"
    return _or_why(verdict, f"in float32 log p is that of the float64 copy, to {said['nats']:.1g} nats{lost}")


def _train(said: Said, verdict: Verdict) -> str:
    return _or_why(verdict, f"train() mode gives the same log p{_to(said)}")


def _to(said: Said) -> str:
    return f", to {said['residual']:.1g} nats" if said.get("residual") else ""


def _or_why(verdict: Verdict, text: str) -> str:
    return text if verdict.status is Status.HOLDS else f"{verdict.why} ({text})" if verdict.why else text


def _point(values: list[float] | None) -> str:
    return (
        "(" + ", ".join(f"{value:.4g}" for value in (values or [])[:4]) + (", ...)" if len(values or []) > 4 else ")")
    )


_TEXTS: dict[str, Callable[[Said, Verdict], str]] = {
    SAME: _same, FINITE: _number, ROWS: _rows, LAYERS: _layers, WHOLE: _whole, IDENTITY: _identity, SIGN: _sign, BACK: _back, VOLUMES: _volumes,
    AHEAD: _ahead, BASE: _base, ONTO: _onto, ONE_TO_ONE: _one_to_one, SAMPLES: _samples, MASS: _mass, PRECISION: _precision, TRAIN: _train,
}  # fmt: skip
