"""What every format of the report says, before it is laid out: the order of claims,
totals, verdicts in words, replay commands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from proofs_checks.claim import lecture
from proofs_checks.claim.claim import Claim
from proofs_checks.claim.page import Page
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.kernel import SEVERITY, Status, Verdict
from proofs_checks.report.table import departures
from proofs_checks.run.results import MARK, ClaimResult, Record
from proofs_checks.wording import clip, count, data_text, number

CONDITIONAL = "GIVEN"  # the class of a claim that holds while others that it rests on do not
ORDER = (*SEVERITY[: SEVERITY.index(Status.HOLDS)], CONDITIONAL, Status.HOLDS)
WORDS = {
    Status.HOLDS: "holds",
    Status.REFUTED: "refuted",
    Status.UNDECIDED: "undecided",
    Status.INAPPLICABLE: "not applicable",
    Status.ERRORED: "errored",
    CONDITIONAL: "holds conditionally",
}
CONFLICT = "CONFLICT"
OUTSIDE = 10_000  # the place of a claim that stands in no section of the lecture
LONGEST_COMMAND = 160  # a longer replay command is folded away


@dataclass(frozen=True)
class Run:
    """The run that a report describes.

    ``started`` is ISO 8601 text, ``digest`` the SHA-256 over claims, cases and
    verdicts, ``complete`` whether every check that was asked for was made, ``command``
    what was typed. ``audits`` are the findings on users' own models that are shown
    beside the claims.
    """

    id: str
    started: str
    profile: str
    seed: int
    device: str
    device_name: str
    versions: dict[str, str]
    digest: str
    complete: bool
    command: str
    audits: tuple[AuditReport, ...] = ()


@dataclass(frozen=True)
class RouteView:
    """One route's row."""

    name: str
    status: str
    word: str
    shows: str
    scope: str
    given: tuple[str, ...]
    estimated: tuple[str, ...]
    residual: str
    bound: str
    ratio: str
    why: str
    witness: str
    notes: tuple[str, ...]
    derivations: tuple[str, ...]
    case: str
    first_case: str
    replay: str
    traceback: str
    made_on: str  # which machine, shown where a run has records of several

    @property
    def replay_is_long(self) -> bool:
        """Whether the command carries a whole record and not just its address."""
        return len(self.replay) > LONGEST_COMMAND

    @property
    def fold_label(self) -> str:
        """What stands behind the row's fold, in words."""
        parts = (
            ("derivation of the bound", self.derivations),
            ("traceback", self.traceback),
            ("replay", self.replay_is_long),
        )
        return ", ".join(name for name, there in parts if there).capitalize()


@dataclass(frozen=True)
class ControlView:
    """One control on one route; ``refuted`` is what is hoped for."""

    name: str
    route: str
    statement: str
    refuted: bool
    word: str
    margin: str
    why: str
    first: bool  # the first of this name, where the falsehood is stated
    span: int  # how many rows share the name
    traceback: str


@dataclass(frozen=True)
class AuditView:
    """One audit's section."""

    anchor: str
    report: AuditReport
    status: str
    word: str
    findings: tuple[tuple[Finding, str, str], ...]  # the finding, its status in words, its witness in a line
    made: str

    @property
    def title(self) -> str:
        """What was audited, and how."""
        return f"{self.report.kind} audit of {self.report.subject}"


@dataclass(frozen=True)
class ClaimView:
    """One claim's section."""

    anchor: str
    id: str
    title: str
    topic: str
    status: str
    word: str
    why: str
    conflict: bool
    given: tuple[str, ...]
    page: Page | None
    routes: tuple[RouteView, ...]
    controls: tuple[ControlView, ...]
    sources: tuple[str, ...]
    code: tuple[str, ...]
    seconds: str
    least_margin: str
    place: int  # in the lecture, counted from 0; behind all others where it has none
    section: str

    @property
    def refuted_controls(self) -> int:
        """How many of the controls did their work."""
        return sum(control.refuted for control in self.controls)

    @property
    def by_route(self) -> dict[str, RouteView]:
        """The routes by name."""
        return {route.name: route for route in self.routes}


def status_of(result: ClaimResult) -> str:
    """The result's status, with holding on a condition told apart."""
    return CONDITIONAL if result.status is Status.HOLDS and result.given else str(result.status)


def order_by_urgency(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """What needs a user's eye first: refuted, errored, undecided, then what holds;
    within these as given."""
    return sorted(results, key=lambda result: (ORDER.index(status_of(result)), CONFLICT not in result.why))


def totals(results: Sequence[ClaimResult]) -> dict[str, int]:
    """How many claims came to each status, worst first; absent ones left out."""
    found = [status_of(result) for result in results]
    return {str(status): found.count(str(status)) for status in ORDER if str(status) in found}


def sentence(results: Sequence[ClaimResult]) -> str:
    """The whole run in a sentence.

    >>> sentence([])
    'No claim was run.'
    """
    tally = totals(results)
    if not tally:
        return "No claim was run."
    if set(tally) == {str(Status.HOLDS)}:
        return "The one claim that was run holds." if len(results) == 1 else f"All {len(results)} claims hold."
    singular = {
        **WORDS,
        Status.REFUTED: "is refuted",
        Status.UNDECIDED: "is undecided",
        Status.INAPPLICABLE: "does not apply",
    }
    plural = {
        Status.HOLDS: "hold", CONDITIONAL: "hold conditionally", Status.REFUTED: "are refuted", Status.UNDECIDED: "are undecided",
        Status.INAPPLICABLE: "do not apply", Status.ERRORED: "errored",
    }  # fmt: skip
    parts = [f"{n} {singular[status] if n == 1 else plural[status]}" for status, n in tally.items()]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of {count(len(results), 'claim')}, {listed}."


def conflicts(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """Claims of which one route is refuted while another holds: one of the routes is
    wrong."""
    return [result for result in results if CONFLICT in result.why]


def worst(records: Sequence[Record]) -> Record | None:
    """The check that a user would replay first: of the worst status, and there the one
    nearest to its bound or farthest beyond it."""

    def badness(record: Record) -> tuple[int, float]:
        verdict = record["verdict"]
        return (-[str(status) for status in ORDER].index(verdict["status"]), float(verdict["margin"] or 0.0))

    return max(records, key=badness, default=None)


def replay_command(record: Record) -> str:
    """What to type to run this very check again: by its address in a ledger, or
    self-contained."""
    address = record.get("address")
    if address is None:
        kept = {name: value for name, value in record.items() if name not in ("traceback", "first")}
        address = json.dumps({**kept, "traceback": None, "first": None}, sort_keys=True, separators=(",", ":"))
    return f"preality replay {shlex.quote(str(address))}"


def claim_view(result: ClaimResult, claim: Claim | None, position: int) -> ClaimView:
    """Everything that a section says about one claim. ``claim`` is ``None`` where the
    catalogue no longer has it."""
    page = claim.page if claim is not None else None
    status = status_of(result)
    slug = re.sub(r"[^a-z0-9]+", "-", result.id.lower()).strip("-")[:60]
    return ClaimView(
        anchor=f"c{position}-{slug}",
        id=result.id,
        title=result.title,
        topic=result.id.rpartition(":")[2].partition(".")[0],
        status=status,
        word=WORDS[status],
        why="" if status == CONDITIONAL else clip(result.why, 600),
        conflict=CONFLICT in result.why,
        given=result.given,
        page=page,
        routes=tuple(_route(name, verdict, result, page) for name, verdict in result.routes.items()),
        controls=tuple(_controls(result, page)),
        sources=tuple(claim.cite().splitlines()) if claim is not None and claim.source else (),
        code=tuple(dict.fromkeys(str(record["code"]) for record in result.records if record.get("code"))),
        seconds=f"{result.seconds:.1f} s",
        least_margin=number(result.margin),
        place=lecture.places().get(result.id, OUTSIDE),
        section=next((one.slug for one in lecture.sections() if result.id in one.claims), ""),
    )


def audit_view(report: AuditReport, position: int) -> AuditView:
    """Everything that a section says about one audit."""
    found = [
        (finding, WORDS[finding.status], data_text(finding.witness) if finding.witness and _is_needed(finding) else "")
        for finding in report.findings
    ]
    provenance = {**report.provenance, "versions": ", ".join(f"{k} {v}" for k, v in _versions(report).items())}
    made = "; ".join(f"{name}: {value}" for name, value in provenance.items() if value)
    return AuditView(
        f"audit{position}", report, str(report.status), WORDS[report.status], tuple(found), clip(made, 600)
    )


def _is_needed(finding: Finding) -> bool:
    """Whether a user needs the witness: what holds is said in the text, and its numbers
    are in the audit's own file."""
    return finding.status not in (Status.HOLDS, Status.INAPPLICABLE)


def _versions(report: AuditReport) -> dict[str, Any]:
    found = report.provenance.get("versions")
    return found if isinstance(found, dict) else {}


def _covered(verdict: Verdict) -> str:
    """The scope, and what departure a statistical route refutes."""
    text = replace(verdict.scope, given=(), estimated=()).text
    return text if verdict.detects is None else f"{text}; {departures(verdict)}"


def _route(name: str, verdict: Verdict, result: ClaimResult, page: Page | None) -> RouteView:
    mine = [record for record in result.records if record["route"] == name and not record["control"]]
    record = worst(mine)
    declared = page.routes.get(name) if page else None
    return RouteView(
        name=name,
        status=str(verdict.status),
        word=WORDS[verdict.status],
        shows=clip(declared.shows, 400) if declared else "",
        scope=clip(_covered(verdict), 600),
        given=_clipped(verdict.scope.given),
        estimated=_clipped(verdict.scope.estimated),
        residual=number(verdict.residual),
        bound=number(verdict.bound),
        ratio=number(verdict.margin) if verdict.bound is not None else "",
        why=clip(verdict.why, 600),
        witness=data_text(verdict.witness) if verdict.witness is not None else "",
        notes=_clipped(_alike(verdict.notes)),
        derivations=_clipped(verdict.derivations, 500),
        case=data_text(record["case"], 200) if record and record["case"] else "",
        first_case=data_text(record["first"]["case"], 200) if record and record.get("first") else "",
        replay=replay_command(record) if record else "",
        traceback=_traceback(record),
        made_on=", ".join(dict.fromkeys(clip(record["device_name"], 120) for record in mine)),
    )


def _alike(notes: Sequence[str]) -> list[str]:
    """Notes that differ in their numbers alone, told once."""
    groups: dict[str, list[str]] = {}
    for note in notes:
        groups.setdefault(re.sub(r"\d[\d.e+-]*", "#", note), []).append(note)
    return [group[0] + (f" (and {len(group) - 1} more like it)" if len(group) > 1 else "") for group in groups.values()]


def _clipped(texts: Sequence[str], limit: int = 240, most: int = 8) -> tuple[str, ...]:
    shown = tuple(clip(text, limit) for text in texts[:most])
    return (*shown, f"and {len(texts) - most} more") if len(texts) > most else shown


def _traceback(record: Mapping[str, Any] | None) -> str:
    trace = str(record.get("traceback") or "") if record else ""
    return clip(trace[-3_000:], 3_000)


def _controls(result: ClaimResult, page: Page | None) -> list[ControlView]:
    names = [name for name, _ in result.controls]
    found: list[ControlView] = []
    grouped = sorted(result.controls.items(), key=lambda item: names.index(item[0][0]))  # rows of one name together
    for (name, route), verdict in grouped:
        declared = page.controls.get(name) if page else None
        record = worst([record for record in result.records if record["route"] == route and record["control"] == name])
        found.append(
            ControlView(
                name=name,
                route=route,
                statement=clip(declared.statement, 400) if declared else "",
                refuted=verdict.holds,
                word=f"refuted{_origin(verdict)}"
                if verdict.holds
                else "not refuted"
                if verdict.status is Status.UNDECIDED
                else WORDS[verdict.status],
                margin=_control_margin(verdict),
                why="" if verdict.holds else clip(verdict.why, 400),
                first=all(control.name != name for control in found),
                span=names.count(name),
                traceback=_traceback(record) if verdict.status is Status.ERRORED else "",
            )
        )
    return found


def _origin(verdict: Verdict) -> str:
    """Where the record behind a control comes from, if not from a run here."""
    return "".join(f" ({note})" for note in verdict.notes if note.startswith(MARK))


def control_command(claim_id: str, name: str) -> str:
    """What to type to see a control refuted."""
    return f"preality verify {shlex.quote(claim_id)} --control {shlex.quote(name)}"


def _control_margin(verdict: Verdict) -> str:
    """By how much a falsehood was refuted."""
    if verdict.margin is None:
        return "exactly" if verdict.holds else ""
    unit = "radii" if verdict.route in ("exact", "certified") else "bounds"
    return f"{number(verdict.margin)} {unit}"
