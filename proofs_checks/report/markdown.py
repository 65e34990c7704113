"""The report as Markdown, for a pull request or a log: a table, then each claim. No
HTML in it, and none gets in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from proofs_checks.claim.claim import Claim
from proofs_checks.report import view
from proofs_checks.report.view import ClaimView, ControlView, RouteView, Run
from proofs_checks.run.results import ClaimResult
from proofs_checks.wording import clip, visible
from proofs_checks.wording.formulas import unicode_prose

_SPECIAL = re.compile(r"[\\`*_\[\]|~$@]|:(?=//)|[<>&]|^[#+=-]")  # to any parser of Markdown, GitHub's included
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def render_markdown(
    results: Sequence[ClaimResult], catalogue: Mapping[str, Claim], run: Run, *, figures: bool = True
) -> str:
    """The document. ``figures`` is there for the sake of one signature; Markdown has
    none."""
    claims = [
        view.claim_view(result, catalogue.get(result.id), position)
        for position, result in enumerate(view.order_by_urgency(results), start=1)
    ]
    lines = [f"# {escape(view.sentence(results))}", "", *_header(claims, run)]
    if claims:
        lines += ["", *_overview(claims)]
    for claim in claims:
        lines += ["", *_claim(claim)]
    for position, report in enumerate(run.audits, start=1):
        lines += ["", *_audit(view.audit_view(report, position))]
    return "\n".join([*lines, "", *_provenance(claims, run), ""])


def escape(text: object) -> str:
    """Text in which Markdown sees no markup, on one line."""
    line = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), " ".join(visible(text).split()))
    return re.sub(r"^(\d{1,9})([.)])", r"\1\\\2", line)  # or it would number a list


def _prose(text: str, limit: int) -> str:
    """Prose with its formulas as Unicode."""
    return escape(unicode_prose(clip(text, limit)))


def code(text: object, *, in_table: bool = False) -> str:
    """A code span that no backtick inside can close."""
    line = " ".join(visible(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{space}{line.replace('|', chr(92) + '|') if in_table else line}{space}{fence}"


def block(text: object, language: str) -> list[str]:
    """A fenced block that nothing inside can close."""
    content = visible(text)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    return [f"{fence}{language}", content, fence]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric: int = 0) -> list[str]:
    rule = ["---"] * (len(header) - numeric) + ["---:"] * numeric
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def _header(claims: Sequence[ClaimView], run: Run) -> Iterator[str]:
    yield escape(
        f"{run.profile} profile, seed {run.seed}, on {run.device}"
        + (f" ({run.device_name})" if run.device_name else "")
        + f", {run.started}"
    )
    for claim in claims:
        if claim.conflict:
            yield from (
                "",
                f"**CONFLICT in {escape(claim.id)}**: one route refutes what another holds, so one of the routes is wrong.",
            )
    if not run.complete:
        yield from (
            "",
            "**Incomplete**: the run was cut short; what was not run counts as undecided. `preality verify --resume` carries on.",
        )


def _overview(claims: Sequence[ClaimView]) -> list[str]:
    rows = [
        [
            escape(claim.id),
            f"**{claim.word}**" if claim.status != "HOLDS" else claim.word,
            ", ".join(f"{escape(route.name)} {route.word}" for route in claim.routes),
            f"{claim.refuted_controls} of {len(claim.controls)}",
            claim.least_margin or ("exact" if claim.controls else ""),
            claim.seconds,
        ]
        for claim in claims
    ]
    return _table(("Claim", "Verdict", "Routes", "Controls refuted", "Least margin", "Time"), rows, numeric=3)


def _claim(claim: ClaimView) -> Iterator[str]:
    page = claim.page
    yield from (f"## {escape(claim.title)}", "", f"{code(claim.id)}: **{claim.word}**", "")
    if claim.given:
        yield from (f"Holds given {escape(', '.join(claim.given))}.", "")
    if claim.why:
        yield from (escape(claim.why), "")
    if page:
        yield from (*block(clip(page.statement, 2000), "math"), "", _prose(page.plain, 1200), "")
        for label, items in (
            ("assuming", page.assumptions),
            ("not proved", page.not_proved),
            ("rests on", page.requires),
        ):
            yield from (f"- {label}: {_prose(item, 400)}" for item in items)
        yield ""
    if claim.routes:
        yield from _table(
            ("Route", "Verdict", "Covered", "Worst residual", "Bound", "Ratio"),
            (_route(route) for route in claim.routes),
            numeric=3,
        )
        yield ""
        for route in claim.routes:
            yield from _remarks(route)
    if claim.controls:
        yield from (
            "",
            *_table(
                ("Control", "Route", "Outcome", "Margin"), (_control(control) for control in claim.controls), numeric=1
            ),
        )
    yield from _closing(claim)


def _route(route: RouteView) -> list[str]:
    return [escape(route.name), route.word, escape(route.scope), route.residual, route.bound, route.ratio]


def _remarks(route: RouteView) -> Iterator[str]:
    facts = {
        "shows": route.shows, "why": route.why, "witness": route.witness, "given": "; ".join(route.given),
        "error estimated, not bounded": "; ".join(route.estimated), "note": "; ".join(route.notes), "case": route.case,
    }  # fmt: skip
    yield from (f"- {escape(route.name)}, {label}: {escape(text)}" for label, text in facts.items() if text)
    if route.replay:
        yield f"- {escape(route.name)}, replay: {code(route.replay)}"


def _control(control: ControlView) -> list[str]:
    statement = (
        f"{code(control.name, in_table=True)} {_prose(control.statement, 400)}"
        if control.first
        else code(control.name, in_table=True)
    )
    outcome = control.word if control.refuted else f"**{control.word}**: {escape(control.why)}"
    return [statement, escape(control.route), outcome, control.margin]


def _closing(claim: ClaimView) -> Iterator[str]:
    page = claim.page
    if page is None:
        return
    yield ""
    for erratum in page.errata:
        witness = code(view.control_command(claim.id, erratum.witness))
        yield f"- erratum: printed as: {_prose(erratum.printed, 500)} True is: {_prose(erratum.corrected, 500)} See it fail: {witness}"
    yield from (f"- left out: {_prose(item, 300)}, because {_prose(reason, 300)}" for item, reason in page.omissions)
    yield from (f"- source: {escape(source)}" for source in claim.sources)


def _audit(audit: view.AuditView) -> Iterator[str]:
    yield from (f"## {escape(clip(audit.title, 200))}", "", f"**{audit.word}**", "")
    rows = [
        [escape(finding.name), word, _prose(f"{finding.text} {witness}".strip(), 900)]
        for finding, word, witness in audit.findings
    ]
    yield from _table(("What", "Verdict", "Found"), rows)
    said = {"meaning": audit.report.meaning, "next": audit.report.next_step, "made by": audit.made}
    yield from ("", *(f"- {label}: {_prose(text, 1500)}" for label, text in said.items() if text))


def _provenance(claims: Sequence[ClaimView], run: Run) -> Iterator[str]:
    yield from ("## Provenance", "")
    facts = {
        "run": run.id,
        "command": run.command,
        "started": run.started,
        "seed": run.seed,
        "device": f"{run.device} {run.device_name}".strip(),
    }
    yield from (f"- {label}: {code(value)}" for label, value in facts.items())
    yield f"- versions: {escape(', '.join(f'{name} {version}' for name, version in run.versions.items()))}"
    yield f"- digest: {code(run.digest)}"
    for claim in claims:
        yield from (f"- code of {escape(claim.id)}: {code(digest)}" for digest in claim.code)
