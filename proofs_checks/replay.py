"""One recorded check, made again here: is the verdict the same, and what was different about the circumstances?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proofs_checks import checks
from proofs_checks.catalogue import Catalogue
from proofs_checks.claim import Claim
from proofs_checks.errors import DeviceError, InputError
from proofs_checks.evidence import Case

Record = dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """A record, what came of making its check again, and the differences between the two circumstances."""

    recorded: Record
    fresh: Record
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the two verdicts agree; residuals may differ with the device, the versions and the threads."""
        return self.recorded["verdict"]["status"] == self.fresh["verdict"]["status"]

    @property
    def text(self) -> str:
        """The check, both verdicts, and what was different, in lines."""
        then, now = self.recorded["verdict"], self.fresh["verdict"]
        record = self.recorded
        name = f"{record['claim']} {record['route']}" + (f" / {record['control']}" if record["control"] else "")
        lines = [
            f"{name}, check {record['k']}, seed {record['seed']}, case {checks.canonical(record['case']) if record['case'] else 'none'}"
        ]
        lines += [f"  recorded: {_verdict_text(then)}", f"  now:      {_verdict_text(now)}"]
        lines.append("The verdict is the same." if self.same else "The verdict is NOT the same.")
        lines += [f"  different: {difference}" for difference in self.differences]
        return "\n".join(lines)


def _verdict_text(verdict: Record) -> str:
    numbers = [
        f"{name} {verdict[name]:.6g}" if isinstance(verdict[name], float) else f"{name} {verdict[name]}"
        for name in ("residual", "bound", "margin")
        if verdict[name] is not None
    ]
    return ". ".join(part for part in (", ".join([verdict["status"], *numbers]), verdict["why"]) if part)


def replay(record: Record, catalogue: Catalogue, device: str = "") -> Replay:
    """Make the check of ``record`` again.

    Args:
        record: As :func:`proofs_checks.records.parse` returns it.
        device: Where to run; the record's own device when empty, or the CPU where that is not here.
    Raises:
        CatalogueError: the claim is not in the catalogue.
        InputError: the claim no longer has that route, control or controlled case, or the profile is unknown.
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
        trial = _trial(claim, task, record, settings)
        fresh = checks.run_trial(claim, task, trial, settings, confirm=record["first"] is None, shrink=False)
    return Replay(record, fresh, differences(record, fresh))


def _task(claim: Claim, record: Record) -> checks.Task:
    if record["route"] not in claim.routes:
        raise InputError(f"{claim.id} has no route {record['route']!r} any more; it has {', '.join(claim.routes)}.")
    if record["control"] and record["route"] not in getattr(claim.page.controls.get(record["control"]), "routes", ()):
        raise InputError(f"{claim.id} has no control {record['control']!r} on the route {record['route']!r} any more.")
    return checks.Task(claim.id, record["route"], record["control"])


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
    order = ("ERRORED", "REFUTED", "UNDECIDED", "INAPPLICABLE", "HOLDS")
    return min(records, key=lambda record: order.index(record["verdict"]["status"]))


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
