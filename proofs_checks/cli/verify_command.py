"""``preality verify``: select, run, commit, print, write."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from proofs_checks import exits
from proofs_checks.cli.common import (
    checked_outputs,
    executor_of,
    is_path,
    read_audits,
    results_of,
    select,
    write_outputs,
)
from proofs_checks.errors import InputError
from proofs_checks.report.table import summary_lines
from proofs_checks.report.terminal import print_results, progress, say, warn, width
from proofs_checks.wording import count, duration, short

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.kernel import Status
    from proofs_checks.run.executors import Executor
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger
    from proofs_checks.run.results import ClaimResult
    from proofs_checks.run.workers import Plan, Shard


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
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative=())] = False,
    mutants: Annotated[bool, Parameter(negative=())] = False,
    executor: str = "local",
    address: str = "",
    slurm: Annotated[Sequence[str], Parameter(negative=())] = (),
    shard: str = "",
    audit: Sequence[Path] = (),
    json: Path | None = None,
    html: Path | None = None,
    md: Path | None = None,
    junit: Path | None = None,
) -> int:
    """Prove, measure and try to refute claims; print a table; keep every check in the
    ledger.

    Parameters
    ----------
    selection
        Ids, topics, or Python files that define claims (a file is code, and is run);
        everything when left out.
    profile
        quick, full or deep: how many cases and samples.
    device
        auto, cpu or cuda, for numeric and statistical routes.
    seed
        Equal seeds give equal cases and verdicts.
    jobs
        Worker processes; one a core when left out.
    resume
        Carry on the latest run of the same selection, profile, seed and device: checks
        whose code, data and versions have not changed are kept.
    ledger
        Where checks are kept; the user's data directory when left out.
    control
        Run this control alone, on the claims that have it.
    allow_undecided
        Exit with 0 where nothing is worse than undecided.
    verbose
        Print what each route covered.
    mutants
        Plant the faults declared in the selected files `*.toml` (this project's own
        where none is named) into copies of the code, judge the claims that are to
        notice them, and write the table with `--md`.
    executor
        Where the checks are made: local, dask or slurm (docs/campaigns.md).
    address
        Of a Dask scheduler, tcp://HOST:PORT; without it a cluster of `--jobs` processes
        is started for the run.
    slurm
        NAME=VALUE for Slurm's jobs, as submitit names it (partition, timeout_min,
        gpus_per_node, ...); may be repeated.
    shard
        Make part I of N of the checks, as I/N; `preality merge LEDGER...` puts the
        parts together.
    audit
        Findings on a model, as `preality audit KIND FILE --json` wrote them, to be
        shown in the report; may be repeated.
    json
        Write the results as JSON.
    html
        Write one self-contained report.
    md
        Write the results as Markdown.
    junit
        Write the results as JUnit XML.
    """
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger

    own = [name for name in selection if is_path(name)]
    outputs = checked_outputs({"html": html, "json": json, "md": md, "junit": junit}, ledger, *audit, *own)
    if mutants:
        from proofs_checks.cli.mutants_command import verify_mutants

        return verify_mutants(selection, jobs=jobs, resume=resume, ledger=ledger, outputs=outputs)
    audits = read_audits(audit, outputs)
    catalogue = Catalogue(apart=True)
    request = _Request(
        catalogue,
        selection,
        profile=profile,
        device=device,
        seed=seed,
        jobs=jobs,
        control=control or "",
        resume=resume,
        executor=executor_of(executor, address, slurm, jobs),
        shard=shard_of(shard),
    )
    for origin, problem in catalogue.problems.items():
        warn(f"The claims of {origin} could not be read: {problem}")
    if not request.claims:
        warn("Nothing ran: no claim is selected.")
        return exits.NOTHING
    with Ledger(ledger) as book:
        session = Session(request, book)
        interrupted = session.carry_out()
        session.tell(interrupted, verbose=verbose)
        if not interrupted:
            write_outputs(outputs, session.results, catalogue, book, session.run, audits=audits)
        return exits.INTERRUPTED if interrupted else exits.exit_code(session.statuses, allow_undecided=allow_undecided)


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
        executor: Executor,
        shard: Shard | None,
    ) -> None:
        from proofs_checks.run.checks import PROFILES, resolve_device

        if profile not in PROFILES:
            raise InputError(f"There is no profile {profile!r}; the profiles are {', '.join(PROFILES)}.")
        if jobs is not None and jobs < 1:
            raise InputError(
                f"--jobs takes a number of processes, at least 1, got {jobs}. Leave it out for one a core."
            )
        if not 0 <= seed < 2**63:
            raise InputError(f"--seed takes an integer from 0 to 2**63 - 1, got {seed}.")
        self.profile, self.seed, self.jobs, self.control, self.resume = profile, seed, jobs, control, resume
        self.names = [str(Path(name).absolute()) if is_path(name) else name for name in selection]
        self.executor, self.shard = executor, shard
        self.claims = with_control(select(catalogue, self.names), control)
        here = executor.name == "local"  # elsewhere each worker looks for its own device
        self.device = resolve_device(device) if here else "cpu" if device == "auto" else device

    @property
    def settings(self) -> dict[str, Any]:
        shard = {"shard": str(self.shard)} if self.shard else {}
        return {"profile": self.profile, "seed": self.seed, "device": self.device, "control": self.control, **shard}

    @property
    def heading(self) -> str:
        """What was run where: the first line of the table."""
        from proofs_checks import __version__

        processes = self.jobs or os.cpu_count() or 1
        place = f"{processes} process{'es' * (processes != 1)}" if self.executor.name == "local" else self.executor.name
        part = f", shard {self.shard}" if self.shard else ""
        return f"preality {__version__}  {self.profile} profile, seed {self.seed}, {self.device} ({place}){part}"

    def plan(self, earlier: dict[str, Any]) -> Plan:
        from proofs_checks.run.workers import Plan

        return Plan(self.claims, self.profile, self.seed, self.device, earlier, self.control, shard=self.shard)


@dataclass
class Session:
    """One run: its records as they come in, committed one by one."""

    request: _Request
    book: Ledger
    run: str = ""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: int = 0  # tasks that were lost with their worker and given to another

    def carry_out(self) -> bool:
        """Run everything; returns whether it was interrupted."""
        from proofs_checks.run import checks

        earlier = self._begin()
        plan = self.request.plan(earlier)
        try:
            if self.request.profile == "deep":
                say_prediction(plan, self.request.jobs)
            with stopped_by_termination(), progress(len(plan.tasks())) as tick, ExitStack() as stack:
                events = self.request.executor.run(plan)
                stack.callback(events.close)  # stops the workers, whatever happens here
                for event in events:
                    if event.record is not None:
                        self._keep(event.record)
                    self.again += event.kind == "again"
                    tick(event.label, event.kind in ("done", "lost"))
        except KeyboardInterrupt:
            return True
        self.book.finish(self.run, checks.digest(list(self.records.values())), self.records)
        return False

    def _begin(self) -> dict[str, Any]:
        """Open a run, or carry one on; returns the records that may be kept, by key."""
        from proofs_checks.run.checks import key_of

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
        from proofs_checks.run.checks import key_of

        if not str(record.get("address", "")).startswith(f"{self.run}:"):  # else it is in this run already
            record = {**record, "address": self.book.add(self.run, record)}
        self.records[key_of(record)] = record

    @property
    def results(self) -> list[ClaimResult]:
        """What the records so far come to."""
        return results_of(self.request.claims, list(self.records.values()), self.request.control)

    @property
    def statuses(self) -> Iterator[Status]:
        """What the run came to: a status a claim; of a shard, a status a record, a control
        that was refuted being as it should."""
        from proofs_checks.kernel import Status

        if self.request.shard is None:
            yield from (result.status for result in self.results)
            return
        for record in self.records.values():
            status = Status(record["verdict"]["status"])
            yield status if not record["control"] else Status.HOLDS if status is Status.REFUTED else Status.UNDECIDED

    def tell(self, interrupted: bool, *, verbose: bool = False) -> None:
        """Print the table, what did not hold, and how to go on."""
        begun = {
            (record["claim"], record["route"])
            for record in self.records.values()
            if not record["control"] or self.request.control
        }
        control = f" / {self.request.control}" if self.request.control else ""
        partial = interrupted or self.request.shard is not None
        results = self.results
        say(self.request.heading)
        say()
        print_results(
            results,
            reasons=self.request.shard is None,
            ran=lambda claim, route: not partial or (claim.removesuffix(control), route) in begun,
            claims={claim.id: claim for claim in self.request.claims} if verbose else None,
        )
        say()
        if interrupted:
            say(
                f"Interrupted. {len(self.records)} checks are kept in run {self.run}; the same command with --resume carries on."
            )
            return
        if self.again:
            say(
                f"{count(self.again, 'task')} lost with {'its' if self.again == 1 else 'their'} worker, and made by another."
            )
        if self.request.shard is not None:
            say(
                f"Shard {self.request.shard}: {count(len(self.records), 'check')}. `preality merge LEDGER...` makes one run of all shards."
            )
        else:
            for line in summary_lines(results, max(40, width())):
                say(line)
        say(f"Run {self.run} in {self.book.path}")


def say_prediction(plan: Plan, jobs: int | None) -> None:
    """Run the pilot on this machine and print how long a deep run will take here."""
    from proofs_checks.run.prediction import pilot_plans, predict
    from proofs_checks.run.workers import cores, run

    records = []
    for pilot in pilot_plans(plan):
        with progress(len(pilot.tasks())) as tick, ExitStack() as stack:
            events = run(pilot, jobs=jobs)
            stack.callback(events.close)
            for event in events:
                records += [event.record] if event.record is not None else []
                tick(event.label, event.kind in ("done", "lost"))
    found = predict(plan, records)
    processes = jobs or cores()
    parts = ", ".join(f"{route} {duration(seconds)}" for route, seconds in found.by_route.items())
    say(
        f"Predicted: about {duration(found.wall_seconds(processes))} on {processes} process{'es' * (processes != 1)} of this machine ({parts} of work), "
        f"by a pilot of {duration(found.pilot)}. Ctrl-C keeps what was done; --resume carries on."
    )


def shard_of(text: str) -> Shard | None:
    """``2/3`` as a shard; none where nothing is said.

    Raises:
        InputError: anything else.
    """
    from proofs_checks.run.workers import Shard

    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"--shard takes I/N with 1 <= I <= N, such as 2/3; got {short(text)}.")
    return Shard(int(match[1]), int(match[2]))


@contextmanager
def stopped_by_termination() -> Iterator[None]:
    """SIGTERM, which a scheduler sends, ends a run as Ctrl-C does: with what was done
    kept, and a word on how to go on."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, known)


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
