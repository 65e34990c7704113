"""``preality verify``: select, run, commit, print, write."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofs_checks import exits
from proofs_checks.errors import CatalogueError, InputError
from proofs_checks.terminal import print_results, progress, say, warn

if TYPE_CHECKING:
    from proofs_checks.audits import AuditReport
    from proofs_checks.catalogue import Catalogue
    from proofs_checks.claim import Claim
    from proofs_checks.ledger import Ledger
    from proofs_checks.results import ClaimResult
    from proofs_checks.runner import Plan

FORMATS = ("html", "json", "md", "junit")


def verify(
    *selection: str,
    profile: str = "quick",
    device: str = "auto",
    seed: int = 0,
    jobs: int | None = None,
    resume: bool = False,
    ledger: Path | None = None,
    control: str | None = None,
    allow_undecided: bool = False,
    audit: Sequence[Path] = (),
    json: Path | None = None,
    html: Path | None = None,
    md: Path | None = None,
    junit: Path | None = None,
) -> int:
    """Prove, measure and try to refute claims; print a table; keep every check in the ledger.

    Parameters
    ----------
    selection
        Ids, topics, or Python files that define claims (a file is code, and is run); everything when left out.
    profile
        quick, full or deep: how many cases and samples.
    device
        auto, cpu or cuda, for numeric and statistical routes.
    seed
        Equal seeds give equal cases and verdicts.
    jobs
        Worker processes; one a core when left out.
    resume
        Carry on the latest run of the same selection, profile, seed and device: checks whose code, data and versions
        have not changed are kept.
    ledger
        Where checks are kept; the user's data directory when left out.
    control
        Run this control alone, on the claims that have it.
    allow_undecided
        Exit with 0 where nothing is worse than undecided.
    audit
        Findings on a model, as `preality audit KIND FILE --json` wrote them, to be shown in the report; may be repeated.
    json
        Write the results as JSON.
    html
        Write one self-contained report.
    md
        Write the results as Markdown.
    junit
        Write the results as JUnit XML.
    """
    from proofs_checks.catalogue import Catalogue
    from proofs_checks.ledger import Ledger

    outputs = checked_outputs({"html": html, "json": json, "md": md, "junit": junit})
    audits = read_audits(audit, outputs)
    catalogue = Catalogue()
    request = _Request(
        catalogue,
        selection,
        profile=profile,
        device=device,
        seed=seed,
        jobs=jobs,
        control=control or "",
        resume=resume,
    )
    for origin, problem in catalogue.problems.items():
        warn(f"The claims of {origin} could not be read: {problem}")
    if not request.claims:
        warn("Nothing ran: no claim is selected.")
        return exits.NOTHING
    with Ledger(ledger) as book:
        session = Session(request, book)
        interrupted = session.carry_out()
        session.tell(interrupted)
        if not interrupted:
            write_outputs(outputs, session.results, catalogue, book, session.run, audits=audits)
        return (
            exits.INTERRUPTED
            if interrupted
            else exits.exit_code((result.status for result in session.results), allow_undecided=allow_undecided)
        )


class _Request:
    """What was asked for, checked before anything runs."""

    def __init__(
        self,
        catalogue: Catalogue,
        selection: Sequence[str],
        *,
        profile: str,
        device: str,
        seed: int,
        jobs: int | None,
        control: str,
        resume: bool,
    ) -> None:
        from proofs_checks.checks import PROFILES, resolve_device

        if profile not in PROFILES:
            raise InputError(f"There is no profile {profile!r}; the profiles are {', '.join(PROFILES)}.")
        if jobs is not None and jobs < 1:
            raise InputError(
                f"--jobs takes a number of processes, at least 1, got {jobs}. Leave it out for one a core."
            )
        if not 0 <= seed < 2**63:
            raise InputError(f"--seed takes an integer from 0 to 2**63 - 1, got {seed}.")
        self.profile, self.seed, self.jobs, self.control, self.resume = profile, seed, jobs, control, resume
        self.names = [str(Path(name).absolute()) if _is_path(name) else name for name in selection]
        self.files = [name for name in self.names if _is_path(name)]
        self.claims = with_control(select(catalogue, self.names), control)
        self.device = resolve_device(device)

    @property
    def settings(self) -> dict[str, Any]:
        return {"profile": self.profile, "seed": self.seed, "device": self.device, "control": self.control}

    def plan(self, earlier: dict[str, Any]) -> Plan:
        from proofs_checks.runner import Plan

        return Plan(self.claims, self.profile, self.seed, self.device, self.files, earlier, self.control)


@dataclass
class Session:
    """One run: its records as they come in, committed one by one."""

    request: _Request
    book: Ledger
    run: str = ""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def carry_out(self) -> bool:
        """Run everything; returns whether it was interrupted."""
        from proofs_checks import checks
        from proofs_checks.runner import run

        earlier = self._begin()
        plan = self.request.plan(earlier)
        try:
            with progress(len(plan.tasks())) as tick, ExitStack() as stack:
                events = run(plan, jobs=self.request.jobs)
                stack.callback(events.close)  # stops the workers, whatever happens here
                for event in events:
                    if event.record is not None:
                        self._keep(event.record)
                    tick(event.label, event.kind != "record")
        except KeyboardInterrupt:
            return True
        self.book.finish(self.run, checks.digest(list(self.records.values())), self.records)
        return False

    def _begin(self) -> dict[str, Any]:
        """Open a run, or carry one on; returns the records that may be kept, by key."""
        from proofs_checks.checks import key_of

        known = self.book.resumable(self.request.settings, self.request.names) if self.request.resume else None
        if self.request.resume and known is None:
            warn("There is no run of this selection, profile, seed and device to carry on; a new one begins.")
        if known is None or known.finished:
            self.run = self.book.start(
                shlex.join(["preality", *sys.argv[1:]]), self.request.settings, self.request.names
            )
            earlier = self.book.records(known.id) if known else []
        else:
            self.run = known.id
            earlier = self.book.reopen(known.id)
        if earlier:
            warn(f"Carrying on run {known.id if known else ''}, which has {len(earlier)} checks.")
        return {key_of(record): record for record in earlier}

    def _keep(self, record: dict[str, Any]) -> None:
        from proofs_checks.checks import key_of

        if not str(record.get("address", "")).startswith(f"{self.run}:"):  # else it is in this run already
            record = {**record, "address": self.book.add(self.run, record)}
        self.records[key_of(record)] = record

    @property
    def results(self) -> list[ClaimResult]:
        """What the records so far come to."""
        return results_of(self.request.claims, list(self.records.values()), self.request.control)

    def tell(self, interrupted: bool) -> None:
        """Print the table, what did not hold, and how to go on."""
        begun = {(record["claim"], record["route"]) for record in self.records.values()}
        control = f" / {self.request.control}" if self.request.control else ""
        results = self.results
        print_results(
            results, ran=lambda claim, route: not interrupted or (claim.removesuffix(control), route) in begun
        )
        say()
        if interrupted:
            say(
                f"Interrupted. {len(self.records)} checks are kept in run {self.run}; the same command with --resume carries on."
            )
            return
        counts = {
            status: sum(result.status == status for result in results)
            for status in dict.fromkeys(result.status for result in results)
        }
        say(
            f"{len(results)} claim{'s' * (len(results) != 1)}: "
            + ", ".join(f"{count} {status}" for status, count in counts.items())
            + f". Run {self.run} in {self.book.path}"
        )


def results_of(claims: Sequence[Claim], records: list[dict[str, Any]], control: str = "") -> list[ClaimResult]:
    """Results of claims from records; of one control alone where a run was of that."""
    from proofs_checks import results

    if control:
        return [
            results.summarise_control(claim, control, [record for record in records if record["claim"] == claim.id])
            for claim in claims
        ]
    return results.summarise_all(claims, records)


def select(catalogue: Catalogue, names: Sequence[str]) -> list[Claim]:
    """The claims named by id, topic or file.

    Raises:
        CatalogueError: unknown, with near matches; or a file that is missing, is not Python, raises, or defines none.
    """
    for name in names:
        if not _is_path(name) and Path(name).is_file():
            raise CatalogueError(f"{name!r} is a file, but not a Python file; a claim file is, and ends in .py.")
        if name.endswith(".py") or "/" in name:
            warn(f"Running the code of {name}.")
    return catalogue.select(names)


def _is_path(name: str) -> bool:
    return name.endswith(".py") or "/" in name or os.sep in name


def with_control(claims: list[Claim], control: str) -> list[Claim]:
    """Those claims that have this control; all where none is named.

    Raises:
        InputError: none of them has it; the message offers near matches.
    """
    if not control:
        return claims
    chosen = [claim for claim in claims if control in claim.page.controls]
    if claims and not chosen:
        known = sorted({name for claim in claims for name in claim.page.controls})
        close = difflib.get_close_matches(control, known, n=3, cutoff=0.4) or known[:6]
        raise InputError(f"No selected claim has a control {control!r}. Controls: {', '.join(close) or 'none'}.")
    return chosen


def checked_outputs(paths: dict[str, Path | None]) -> dict[str, Path]:
    """The files to be written, found writable before anything runs.

    Raises:
        InputError: a folder that does not exist or cannot be written, a path that is a folder, or one path named twice.
    """
    chosen = {name: path for name, path in paths.items() if path is not None}
    for name, path in chosen.items():
        folder = path.absolute().parent
        if path.is_dir():
            raise InputError(f"--{name} names the folder {str(path)!r}; expected a file.")
        if not folder.is_dir():
            raise InputError(
                f"--{name} {str(path)!r}: there is no folder {str(folder)!r}; make it first. Nothing was run."
            )
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise InputError(f"--{name} {str(path)!r} cannot be written. Nothing was run.")
    twice = [
        path for path in chosen.values() if sum(path.absolute() == other.absolute() for other in chosen.values()) > 1
    ]
    if twice:
        raise InputError(f"{str(twice[0])!r} is named for two formats; name a file for each.")
    return chosen


def read_audits(paths: Sequence[Path], outputs: dict[str, Path]) -> tuple[AuditReport, ...]:
    """Findings to be shown in a report.

    Raises:
        InputError: no report is asked for that could show them, or a file does not hold an audit's findings.
    """
    from proofs_checks.audits.stored import read_audit

    if paths and not outputs:
        raise InputError("--audit puts findings into a report; name one with --html, --md or --json.")
    return tuple(read_audit(path) for path in paths)


def write_outputs(
    outputs: dict[str, Path],
    results: Sequence[ClaimResult],
    catalogue: Catalogue,
    book: Ledger,
    run_id: str,
    *,
    audits: tuple[AuditReport, ...] = (),
) -> None:
    """Render a run of the ledger into each of the files asked for."""
    if not outputs:
        return
    from proofs_checks import report

    run = replace(run_of(book, run_id, results), audits=audits)
    for name, path in outputs.items():
        report.write_report(path, _render(name, results, catalogue, run))
        say(f"Wrote {path}")


def _render(name: str, results: Sequence[ClaimResult], catalogue: Catalogue, run: Any) -> str:
    from proofs_checks import report

    renderers = {
        "html": report.render_html,
        "json": report.render_json,
        "md": report.render_markdown,
        "junit": report.render_junit,
    }
    return renderers[name](results, catalogue, run)


def run_of(book: Ledger, run_id: str, results: Sequence[ClaimResult]) -> Any:
    """A run as the report's foot prints it, from the ledger and the records themselves."""
    from proofs_checks.checks import digest
    from proofs_checks.report import Run

    stored = book.run(run_id)
    records = list(_records(results))
    versions: dict[str, str] = {}
    for record in records:
        versions |= record["versions"]
    names = dict.fromkeys(record["device_name"] for record in records)
    return Run(
        id=stored.id, started=stored.started, profile=str(stored.settings["profile"]), seed=stored.settings["seed"], device=str(stored.settings["device"]),
        device_name=", ".join(names), versions=versions, digest=stored.digest or digest(records), complete=stored.finished is not None, command=stored.command,
    )  # fmt: skip


def _records(results: Sequence[ClaimResult]) -> Iterator[dict[str, Any]]:
    for result in results:
        yield from result.records
