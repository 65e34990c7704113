"""What the findings of the equivariance audit mean together, and what to do next."""

from __future__ import annotations

from proofs_checks.audits.equivariance.findings import PRODUCTS, Comparison, Outcome
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.kernel import Status


def report(name: str, compared: Comparison) -> AuditReport:
    """The report: what was found about actions and elements, and whether the map is
    invariant as well.
    """
    outcomes = compared.outcomes
    if not compared.called:
        meaning = "Nothing was measured, and the module was not called."
        return AuditReport(
            "equivariance",
            name,
            compared.findings,
            meaning,
            "Call .eval() on it, and audit again.",
            {"kind": "undecided", "elements": {}},
        )
    statuses = {outcome.finding.status for outcome in outcomes}
    further = {f.status for f in compared.findings if f.name == PRODUCTS and f.status is not Status.INAPPLICABLE}
    findings = [f for f in compared.findings if f.name != PRODUCTS] + [
        *(outcome.finding for outcome in outcomes),
        *(f for f in compared.findings if f.name == PRODUCTS),
    ]
    invariant = bool(outcomes) and all(outcome.invariant is Status.HOLDS for outcome in outcomes)
    kind = _kind(statuses | further if outcomes else set(), invariant)
    if outcomes and kind in ("equivariant", "not equivariant"):
        findings.append(_invariance(outcomes, invariant))
    facts = {
        "kind": kind,
        "elements": {
            _element(outcome): {"status": str(outcome.finding.status), **outcome.facts} for outcome in outcomes
        },
    }
    meaning, step = _meaning(kind, findings, outcomes, compared.where), _next_step(kind, findings, outcomes, invariant)
    return AuditReport("equivariance", name, findings, meaning, step, facts)


def _kind(statuses: set[Status], invariant: bool) -> str:
    if Status.REFUTED in statuses:
        return "not equivariant"
    if statuses != {Status.HOLDS}:
        return "undecided"
    return "invariant" if invariant else "equivariant"


def _element(outcome: Outcome) -> str:
    return outcome.finding.name.removeprefix("equivariance under ")


def _invariance(outcomes: list[Outcome], invariant: bool) -> Finding:
    if invariant:
        return Finding("invariance", Status.HOLDS, "f(gx) = f(x) for every element named")
    if any(outcome.invariant is Status.REFUTED for outcome in outcomes):
        told = next(o for o in outcomes if o.invariant is Status.REFUTED)
        text = f"f({_element(told)} x) is not f(x): the outputs move with the inputs"
    else:
        text = "rounding does not tell f(gx) from f(x)"
    return Finding("invariance", Status.INAPPLICABLE, f"{text} (not claimed by these actions)")


def _meaning(kind: str, findings: list[Finding], outcomes: list[Outcome], where: str) -> str:
    broken = [f.name for f in findings if f.name.endswith(" action") and f.status is Status.REFUTED]
    group = " The actions do not obey the group's relations, so that no group is spoken of." if broken else ""
    if not broken and any(f.name.endswith(" action") and f.status is Status.UNDECIDED for f in findings):
        group = " Whether these are actions of a group was not decided."
    elements = ", ".join(_element(outcome) for outcome in outcomes[:8]) + (", ..." if len(outcomes) > 8 else "")
    if kind == "invariant":
        return f"Invariant: the outputs stay when the inputs are moved by {elements}, up to rounding, {where}.{group}"
    if kind == "equivariant":
        return f"Equivariant, not invariant: the outputs move with the inputs under {elements}, up to rounding, {where}.{group}"
    if kind == "not equivariant":
        bad = [_element(outcome) for outcome in outcomes if outcome.finding.status is Status.REFUTED]
        if not bad:
            return f"Not equivariant: f follows each of {elements} at the inputs given, and fails at inputs that these have moved.{group}"
        return f"Not equivariant under {', '.join(bad[:8])}: what is found there is more than rounding.{group}"
    return f"Nothing can be said about equivariance on these grounds.{group}"


def _next_step(kind: str, findings: list[Finding], outcomes: list[Outcome], invariant: bool) -> str:
    named = {f.name: f for f in findings}
    repeated = named.get("same output twice")
    if repeated is not None and repeated.status is Status.UNDECIDED:
        return "Fix the noise (a seeded generator made anew in each call, .eval(), no running state), and audit again."
    if "finite outputs" in named:
        return "Find where the map overflows or divides by zero at the input named."
    if any(f.name.endswith(" action") and f.status is Status.UNDECIDED for f in findings):
        return "Give the action by permutations, or by matrices in an orthonormal basis: begin with the one named."
    if any(f.name.endswith(" action") and f.status is Status.REFUTED for f in findings):
        return "Correct the action first: begin with the relation or the pair of elements named."
    if any(f.status is Status.UNDECIDED and "give others" in f.text for f in findings):
        return "Give inputs that the elements move: not constant, not zero, not symmetric."
    if kind == "undecided":
        return "Audit in a wider precision (module and inputs in float64), with inputs on which the map is finite and not zero."
    if kind == "not equivariant" and invariant:
        return "The map is invariant: give the trivial action on outputs if that is what is meant."
    if kind == "not equivariant":
        return "Look at the witness: edges (zero padding), strides, positional weights, and a wrong action on outputs are the usual causes."
    return "Nothing is left to do; other inputs may be tried, since a module is known only where it was called."
