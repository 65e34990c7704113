"""One recorded check, made again here: is the verdict the same, and what was different
about the circumstances?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from proofs_checks.claim.claim import Claim
from proofs_checks.errors import DeviceError, InputError
from proofs_checks.kernel import SEVERITY, Case
from proofs_checks.run import checks, imported_records
from proofs_checks.run.checks import Record
from proofs_checks.run.interactive import PROVING, Catalogue
from proofs_checks.run.workers import Plan, run
from proofs_checks.wording import clip


@dataclass(frozen=True)
class Replay:
    """A record, what came of making its check again, and the differences between the
    two circumstances."""

    recorded: Record
    fresh: Record
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the two verdicts agree; residuals may differ with the device, the
        versions and the threads."""
        return self.recorded["verdict"]["status"] == self.fresh["verdict"]["status"]

    @property
    def text(self) -> str:
        """The check, both verdicts, and what was different, in lines."""
        then, now = self.recorded["verdict"], self.fresh["verdict"]
        record = self.recorded
        lines = [
            f"{checks.task_of(record).label}, check {record['k']}, seed {record['seed']}, case {checks.canonical(record['case']) if record['case'] else 'none'}"
        ]
        origin = f" ({record['origin']})" if record.get("origin") else ""
        lines += [f"  recorded{origin}: {_verdict_text(then)}", f"  now:      {_verdict_text(now)}"]
        lines.append("The verdict is the same." if self.same else "The verdict is NOT the same.")
        lines += [f"  different: {difference}" for difference in self.differences]
        return "\n".join(lines)


def _verdict_text(verdict: Record) -> str:
    numbers = [
        f"{name} {verdict[name]:.6g}" if isinstance(verdict[name], float) else f"{name} {verdict[name]}"
        for name in ("residual", "bound", "margin")
        if verdict[name] is not None
    ]
    return ". ".join(part for part in (", ".join([verdict["status"], *numbers]), clip(verdict["why"], 2000)) if part)


def replay(record: Record, catalogue: Catalogue, device: str = "") -> Replay:
    """Make the check of ``record`` again.

    Args:
        record: As :func:`proofs_checks.run.records.parse` returns it.
        device: Where to run; the record's own device when empty, or the CPU where that
            is not here.
    Raises:
        CatalogueError: the claim is not in the catalogue.
        InputError: the claim no longer has that route, control or controlled case, or
            the profile is unknown.
        DeviceError: ``device`` was named and is not here.
    """
    claim = catalogue[record["claim"]]
    task = _task(claim, record)
    if record["profile"] not in checks.PROFILES:
        raise InputError(
            f"The record is of the profile {record['profile']!r}; this release has {', '.join(checks.PROFILES)}."
        )
    settings = checks.Settings(
        checks.PROFILES[record["profile"]],
        record["seed"],
        checks.resolve_device(device) if device else _device_of(record),
    )
    if not record["code"]:  # the task never began: its code failed, or the worker died
        fresh = _worst(list(checks.run_task(claim, task, settings)))
    else:
        imported_records.require_fitting(record, claim)
        trial = _trial(claim, task, record, settings)
        fresh = checks.run_trial(claim, task, trial, settings, confirm=record["first"] is None, shrink=False)
    return Replay(record, fresh, differences(record, fresh))


def replay_all(
    records: Sequence[Record], catalogue: Catalogue, control: str = "", jobs: int | None = None
) -> Iterator[tuple[Record, Record | None]]:
    """Every exact record of a run beside the one that is made now; None where no check
    of today is its like.

    Args:
        records: Of one run. control: The one control that the run was of.
    Raises:
        CatalogueError: a claim is not in the catalogue.
    """
    exact = [record for record in records if record["route"] in PROVING]
    runs = dict.fromkeys((record["profile"], record["seed"]) for record in exact)
    for profile, seed in runs:
        mine = [record for record in exact if (record["profile"], record["seed"]) == (profile, seed)]
        if profile not in checks.PROFILES:
            raise InputError(f"The run is of the profile {profile!r}; this release has {', '.join(checks.PROFILES)}.")
        claims = [catalogue[name] for name in dict.fromkeys(record["claim"] for record in mine)]
        events = run(Plan(claims, profile, seed, "cpu", {}, control, PROVING), jobs=jobs)
        with closing(events):
            fresh = {checks.key_of(event.record): event.record for event in events if event.record is not None}
        yield from ((record, fresh.get(checks.key_of(record))) for record in mine)


def _task(claim: Claim, record: Record) -> checks.Task:
    if record["route"] not in claim.routes:
        raise InputError(f"{claim.id} has no route {record['route']!r} any more; it has {', '.join(claim.routes)}.")
    if record["control"] and record["route"] not in getattr(claim.page.controls.get(record["control"]), "routes", ()):
        raise InputError(f"{claim.id} has no control {record['control']!r} on the route {record['route']!r} any more.")
    return checks.task_of(record)


def _trial(claim: Claim, task: checks.Task, record: Record, settings: checks.Settings) -> checks.Trial:
    case = None if record["case"] is None else Case.from_plain(record["case"])
    if not task.control:
        return checks.Trial(record["k"], case, checks.trial_seed(claim.id, task.route, case, settings.seed), {})
    for trial in checks.trials(claim, task, settings):
        if trial.k == record["k"] and trial.case == case:
            return trial
    raise InputError(
        f"The control {task.control!r} of {claim.id} no longer has case number {record['k']} as recorded: {case}. Run it whole: preality verify {claim.id} --control {task.control}"
    )


def _device_of(record: Record) -> str:
    try:
        return checks.resolve_device(record["device"])
    except DeviceError:
        return "cpu"


def _worst(records: list[Record]) -> Record:
    return min(records, key=lambda record: SEVERITY.index(record["verdict"]["status"]))


def differences(then: Record, now: Record) -> list[str]:
    """What differs between the circumstances of two records, a line each."""
    found = []
    if then["code"] and then["code"] != now["code"]:
        found.append(
            f"code {then['code'][:12]} then, {now['code'][:12]} now: the claim, or something that it runs, has changed"
        )
    for name in sorted({*then["versions"], *now["versions"]}):
        before, after = then["versions"].get(name, "absent"), now["versions"].get(name, "absent")
        if before != after:
            found.append(f"{name} {before} then, {after} now")
    for name in ("device", "device_name", "dtype", "threads"):
        if then[name] != now[name]:
            found.append(f"{name.replace('_', ' ')} {then[name]} then, {now[name]} now")
    return found
