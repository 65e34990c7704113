"""The report as JUnit XML, for continuous integration: a suite per claim, a test case
per route and per control on a route.

REFUTED is a failure; so is UNDECIDED, with ``type="UNDECIDED"``, because a run with an
undecided claim does not exit with 0 unless it is allowed to. ERRORED is an error with
its traceback, INAPPLICABLE is skipped. A control passes when its falsehood was refuted.
A claim that holds only while others do says so in a property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from proofs_checks.claim.claim import Claim
from proofs_checks.kernel import Status, Verdict
from proofs_checks.report.view import Run, order_by_urgency
from proofs_checks.run.results import ClaimResult, Record
from proofs_checks.wording import visible

_TAGS = {
    Status.REFUTED: "failure",
    Status.UNDECIDED: "failure",
    Status.ERRORED: "error",
    Status.INAPPLICABLE: "skipped",
}


def render_junit(
    results: Sequence[ClaimResult], catalogue: Mapping[str, Claim], run: Run, *, figures: bool = True
) -> str:
    """The XML document; well formed whatever the claims' texts hold. ``catalogue`` and
    ``figures`` are not used."""
    root = Element("testsuites", name="preality")
    suites = [_suite(root, result, run) for result in order_by_urgency(results)]
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, result: ClaimResult, run: Run) -> Element:
    suite = SubElement(
        root, "testsuite", name=visible(result.id), timestamp=visible(run.started), time=f"{result.seconds:.3f}"
    )
    properties = SubElement(suite, "properties")
    facts = {
        "title": result.title, "status": result.status, "given": ", ".join(result.given), "run": run.id, "profile": run.profile,
        "seed": run.seed, "device": run.device, "digest": run.digest,
    }  # fmt: skip
    for name, value in facts.items():
        if value not in ("", None):
            SubElement(properties, "property", name=name, value=visible(value))
    for name, verdict in result.routes.items():
        _case(
            suite,
            result,
            name,
            verdict,
            [record for record in result.records if record["route"] == name and not record["control"]],
        )
    for (name, route), verdict in result.controls.items():
        mine = [record for record in result.records if record["route"] == route and record["control"] == name]
        _case(suite, result, f"{route} refutes {name}", verdict, mine)
    if not result.routes and not result.controls:
        _case(suite, result, "claim", Verdict(result.status, "", result.why), result.records)
    for key, tag in (
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
        ("skipped", "testcase/skipped"),
    ):
        suite.set(key, str(len(suite.findall(tag))))
    return suite


def _case(suite: Element, result: ClaimResult, name: str, verdict: Verdict, records: Sequence[Record]) -> None:
    seconds = sum(float(record["seconds"]) for record in records)
    case = SubElement(suite, "testcase", classname=visible(result.id), name=visible(name), time=f"{seconds:.3f}")
    tag = _TAGS.get(verdict.status)
    if tag is None:
        SubElement(case, "system-out").text = visible("; ".join([verdict.scope.text, *verdict.notes]))
        return
    outcome = SubElement(case, tag, message=visible(verdict.why or verdict.status))
    if tag != "skipped":
        outcome.set("type", str(verdict.status))
    traces = [str(record["traceback"]) for record in records if record.get("traceback")]
    outcome.text = visible(
        traces[0] if traces else f"witness: {verdict.witness}" if verdict.witness is not None else ""
    )
