"""One check at a time: from a claim, a route and a seed to cases, and from a case to a
record.

A record is a plain dictionary, so that measuring needs neither a schema library nor a
ledger. Everything in it that bears on the verdict is a pure function of (claim, route,
case, seed, device, versions, code).
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from proofs_checks import kernel
from proofs_checks.claim import provenance
from proofs_checks.claim.claim import Claim
from proofs_checks.errors import DeviceError, InputError
from proofs_checks.kernel import Case, Cases, Control, Profile, Status, Verdict, canonical, trial_seed
from proofs_checks.run import case_draws
from proofs_checks.wording import encodable, error_line

RECORD_VERSION = 1
IMPORTED, CHANGED = "imported", "changed after it was kept"  # where a record comes from, if not from a run here
MERGED = "merged from several ledgers"
PROFILES = {
    "quick": Profile("quick", cases=6, samples=100_000, statistical_cases=4),
    "full": Profile("full", cases=200, samples=10_000_000, statistical_cases=8),
    "deep": Profile("deep", cases=400, samples=1_000_000_000, statistical_cases=2),
    "pilot": Profile("pilot", cases=1, samples=500_000, statistical_cases=1),  # by which a deep run's time is predicted
}
SHRINK_SECONDS = 20.0
LONGEST_TRACE = 20_000  # letters of a traceback that are kept

Record = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """What one worker takes at a time: a route of a claim, or one control of it on one
    route."""

    claim: str
    route: str
    control: str = ""

    @property
    def label(self) -> str:
        """How progress names the task."""
        return f"{self.claim} {self.route}" + (f" / {self.control}" if self.control else "")


@dataclass(frozen=True)
class Trial:
    """One check to be made: number ``k`` of its task, at a case, with its own seed and
    the objects substituted."""

    k: int
    case: Case | None
    seed: int
    objects: Mapping[str, Any]
    fails: str | None = None  # of a control: the obligation that has to be refuted


@dataclass(frozen=True)
class Settings:
    """What a run holds fixed for all its checks."""

    profile: Profile = PROFILES["quick"]
    seed: int = 0
    device: str = "cpu"


def tasks_of(claim: Claim, *, routes: tuple[str, ...] | None = None, controls: bool = True) -> list[Task]:
    """The tasks of one claim: each declared route, then each control on each of its
    routes."""
    chosen = [route for route in claim.routes if routes is None or route in routes]
    found = [Task(claim.id, route) for route in chosen]
    if controls:
        found += [
            Task(claim.id, route, name)
            for name, page in claim.page.controls.items()
            for route in page.routes
            if route in chosen
        ]
    return found


def task_of(record: Record) -> Task:
    """The task that a record belongs to."""
    return Task(record["claim"], record["route"], record["control"])


def resolve_device(name: str) -> str:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:1`` made definite.

    Raises:
        DeviceError: cuda was asked for and torch sees none.
    """
    if name == "cpu" or (name == "auto" and _no_accelerator()):
        return "cpu"
    if name != "auto" and not re.fullmatch(r"cuda(:\d{1,3})?", name):
        raise DeviceError(f"Expected device auto, cpu or cuda, got {name!r}.")
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not torch.cuda.is_available():
        raise DeviceError(
            "Device cuda was asked for, but torch sees no CUDA device here. Use --device cpu, or install a CUDA build of torch."
        )
    if (index := int(name.partition(":")[2] or 0)) >= (count := torch.cuda.device_count()):
        raise DeviceError(f"Device cuda:{index} was asked for, but torch sees {count} here, numbered from 0.")
    return name


def _no_accelerator() -> bool:
    """Whether Linux lists no device file that a build of torch could drive; asking
    torch itself costs its import."""
    nodes = ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvgpu", "/dev/dxg", "/dev/kfd")
    return sys.platform == "linux" and not any(os.path.exists(node) for node in nodes)


def trials(claim: Claim, task: Task, settings: Settings) -> list[Trial]:
    """The checks of a task, in order; the same for the same seed whatever else runs."""
    if task.control:
        return _control_trials(claim, task, settings)
    cases = _cases(claim, task.route, settings)
    return [
        Trial(k, case, trial_seed(claim.id, task.route, case, settings.seed), {})
        for k, case in enumerate(cases, start=1)
    ]


def _control_trials(claim: Claim, task: Task, settings: Settings) -> list[Trial]:
    variants = [control for control in claim.code_controls[task.control] if control.route == task.route]
    pairs = [(control, case) for control in variants for case in (control.cases or (None,))]
    return [
        Trial(
            k,
            case,
            trial_seed(claim.id, f"{task.route}/{task.control}", case, settings.seed),
            control.objects,
            control.fails,
        )
        for k, (control, case) in enumerate(pairs, start=1)
    ]


def _cases(claim: Claim, route: str, settings: Settings) -> list[Case | None]:
    source: Cases | None = getattr(claim.code, "cases", {}).get(route)
    if source is None:
        return [None]
    count = settings.profile.statistical_cases if route == "statistical" else settings.profile.cases
    drawn = case_draws.draw(source.strategy(settings.profile), count, trial_seed(claim.id, route, None, settings.seed))
    return list(dict.fromkeys([*source.always, *drawn]))


def run_task(
    claim: Claim, task: Task, settings: Settings, done: Mapping[str, Record] | None = None
) -> Iterator[Record]:
    """Every check of a task, as records, one at a time. ``done`` holds earlier records
    by :func:`key`; while they still say what a fresh run would, they are kept."""
    earlier = done or {}
    # The hash is asked for here, so that source which cannot be read is recorded as an error too.
    prepared, error = _guarded(lambda: (trials(claim, task, settings), claim.code_hash))
    if prepared is None:
        yield lost_record(task, settings, error_line(error or RuntimeError()), _trace(error))
        return
    for trial in prepared[0]:
        known = earlier.get(key(claim.id, task, trial.k, trial.case))
        yield known if known and still_valid(known, claim, settings) else run_trial(claim, task, trial, settings)


def run_trial(
    claim: Claim, task: Task, trial: Trial, settings: Settings, *, confirm: bool = True, shrink: bool = True
) -> Record:
    """One check, judged, and confirmed and shrunk if it is an unexpected refutation and
    unless told otherwise."""
    started = time.perf_counter()
    verdict, trace = attempt(claim, task, trial, settings)
    first = None
    if verdict.status is Status.REFUTED and not task.control and not trial.objects and confirm:
        verdict = _confirmed(claim, task, trial, settings, verdict)
        if verdict.status is Status.REFUTED and trial.case is not None and shrink:
            smaller = _shrunk(claim, task, trial, settings)
            if smaller is not None:
                first = {"case": trial.case.plain(), "verdict": verdict.plain()}
                trial, verdict = smaller
    return _record(
        task, trial, settings, verdict, trace, time.perf_counter() - started, code=claim.code_hash, first=first
    )


def attempt(claim: Claim, task: Task, trial: Trial, settings: Settings) -> tuple[Verdict, str | None]:
    """Call the check and judge what it returns; with the traceback, if it raised."""
    alpha = kernel.level(trial.k, claim.weight) / 2  # the other half is kept for the confirmation

    def judged() -> Verdict:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=DeprecationWarning)
            check = getattr(claim.code, task.route)
            evidence = gather(check, **_arguments(check, trial, settings))
        growth = _share(PROFILES["deep"]) / _share(settings.profile)
        return kernel.judge(evidence, route=task.route, alpha=alpha, case=trial.case, fails=trial.fails, growth=growth)

    verdict, error = _guarded(judged)
    if verdict is not None:
        return verdict, None
    if isinstance(error, InputError):
        return Verdict(Status.INAPPLICABLE, task.route, str(error)), None
    return kernel.error_verdict(task.route, encodable(error_line(error or RuntimeError()))), _trace(error)


def _share(profile: Profile) -> float:
    """Samples of a case that a statistical route draws."""
    return profile.samples / profile.statistical_cases


def _guarded(call: Callable[[], T]) -> tuple[T, None] | tuple[None, BaseException]:
    """The one broad ``except`` around a claim's checks: whatever they raise is
    recorded, and other claims go on."""
    try:
        return call(), None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            raise  # a person's; where interrupts are ignored it is the check's own
        return None, error


def _trace(error: BaseException | None) -> str:
    text = "".join(traceback.format_exception(error))
    if len(text) > LONGEST_TRACE:  # an error may hold a whole array in its text
        text = f"{text[: LONGEST_TRACE // 2]}\n...\n{text[-LONGEST_TRACE // 2 :]}"
    return encodable(text)


def gather(check: Callable[..., Any], **arguments: Any) -> Any:
    """What the check returns; a hypothesis that fails, or numbers that cannot carry it,
    is evidence too."""
    from numerics.errors import HypothesisError, PrecisionError

    try:
        return check(**arguments)
    except PrecisionError as failed:
        return kernel.undecided(str(failed))
    except HypothesisError as failed:
        return kernel.inapplicable(str(failed))
    except ValueError as refused:
        if set(arguments) <= {"case", "stream"} or isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None  # about an object of the user's


def _arguments(check: Callable[..., Any], trial: Trial, settings: Settings) -> dict[str, Any]:
    from numerics.streams import Stream

    accepted = inspect.signature(check).parameters
    offered = {"case": trial.case, "stream": Stream(trial.seed, settings.device) if "stream" in accepted else None}
    return {**{name: value for name, value in offered.items() if name in accepted}, **trial.objects}


def _confirmed(claim: Claim, task: Task, trial: Trial, settings: Settings, verdict: Verdict) -> Verdict:
    """A statistical refutation is believed when fresh seeds refute it too, at the level
    kept for that."""

    def again(seed: int) -> Verdict:
        return attempt(claim, task, replace(trial, seed=seed), settings)[0]

    return kernel.confirm(verdict, trial.seed, again)


def _shrunk(claim: Claim, task: Task, trial: Trial, settings: Settings) -> tuple[Trial, Verdict] | None:
    """A simpler case that is refuted too, found by Hypothesis within
    ``SHRINK_SECONDS``."""
    source: Cases = claim.code.cases[task.route]
    deadline = time.monotonic() + SHRINK_SECONDS
    best: dict[Case, tuple[Trial, Verdict]] = {}

    def refuted(case: Case) -> bool:
        if time.monotonic() > deadline:
            return False
        smaller = Trial(trial.k, case, trial_seed(claim.id, task.route, case, settings.seed), trial.objects)
        verdict, _ = attempt(claim, task, smaller, settings)
        best[case] = (smaller, verdict)
        return verdict.status is Status.REFUTED

    case = case_draws.shrink(source.strategy(settings.profile), refuted, trial.seed)
    return None if case is None else best.get(case)


def lost_record(task: Task, settings: Settings, why: str, trace: str | None = None) -> Record:
    """The record of a task without a check: nothing of the claim's code is touched, for
    that may be what is broken."""
    verdict = kernel.error_verdict(task.route, encodable(why))
    return _record(task, Trial(1, None, 0, {}), settings, verdict, trace, 0.0, code="")


def _record(  # noqa: PLR0917
    task: Task, trial: Trial, settings: Settings, verdict: Verdict, trace: str | None, seconds: float,
    *, code: str, first: Record | None = None,
) -> Record:  # fmt: skip
    import torch

    return {
        "version": RECORD_VERSION,
        "claim": task.claim,
        "route": task.route,
        "control": task.control,
        "k": trial.k,
        "case": None if trial.case is None else trial.case.plain(),
        "seed": settings.seed,
        "profile": settings.profile.name,
        "device": settings.device,
        "device_name": torch.cuda.get_device_name(settings.device)
        if settings.device.startswith("cuda")
        else provenance.processor(),
        "dtype": "float64",
        "threads": torch.get_num_threads(),
        "versions": provenance.versions(),
        "code": code,
        "verdict": verdict.plain(),
        "seconds": round(seconds, 6),
        "traceback": trace,
        "first": first,
    }


def key(claim_id: str, task: Task, k: int, case: Case | None) -> str:
    """What tells one check of a run from every other."""
    return canonical([claim_id, task.route, task.control, k, None if case is None else case.plain()])


def key_of(record: Record) -> str:
    """:func:`key` of a record; after shrinking, that of the case that was first
    refuted."""
    case = record["first"]["case"] if record.get("first") else record["case"]
    return canonical([record["claim"], record["route"], record["control"], record["k"], case])


def still_valid(record: Record, claim: Claim, settings: Settings) -> bool:
    """Whether a stored record says what a fresh run would: same code, data,
    dependencies, seed, profile and device."""
    return (
        not record.get("origin")
        and record["code"] == claim.code_hash
        and record["versions"] == provenance.versions()
        and (record["seed"], record["profile"], record["device"])
        == (settings.seed, settings.profile.name, settings.device)
        and record["verdict"]["status"] != Status.ERRORED
    )


def digest(records: list[Record]) -> str:
    """SHA-256 over claims, cases and verdicts, in canonical order; equal for equal
    seeds in any order or sharding."""
    rows = sorted(canonical([key_of(record), record["verdict"]["status"]]) for record in records)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


__all__ = [
    "PROFILES", "Control", "Record", "Settings", "Task", "Trial", "attempt", "canonical", "digest", "key", "key_of", "lost_record",
    "resolve_device", "run_task", "run_trial", "still_valid", "task_of", "tasks_of", "trial_seed", "trials",
]  # fmt: skip
