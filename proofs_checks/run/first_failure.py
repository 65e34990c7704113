"""Claims judged one task at a time, until one does not come out as it should: what a
planted fault is judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from proofs_checks import kernel
from proofs_checks.claim.claim import Claim
from proofs_checks.kernel import Status, Verdict
from proofs_checks.run import checks
from proofs_checks.run.checks import Settings, Task

Failure = dict[str, Any]


def failures(ids: Sequence[str], files: Sequence[str], profile: str, skip: Collection[str] | None) -> dict[str, Any]:
    """The first task that fails, or all that do.

    Args:
        ids: Claims in the order in which they are judged.
        files: Files that define claims of a user's own.
        skip: Labels of tasks that fail without a fault; with ``None`` every task is
            run, and all that fail are listed.
    Returns:
        ``failures``, and how many ``tasks`` were run; ``ended`` says that this is the
        answer of a process that came to its end.
    """
    import torch

    from proofs_checks.run.interactive import Catalogue

    torch.set_num_threads(1)
    catalogue = Catalogue()
    for path in files:
        catalogue.add_file(path)
    settings, found, count = Settings(checks.PROFILES[profile]), [], 0
    for claim in catalogue.select(ids):
        for task in checks.tasks_of(claim):
            if skip is not None and task.label in skip:
                continue
            count += 1
            if failure := _failure(claim, task, settings):
                found.append(failure)
                if skip is not None:
                    return {"ended": "judged", "failures": found, "tasks": count}
    return {"ended": "judged", "failures": found, "tasks": count}


def _failure(claim: Claim, task: Task, settings: Settings) -> Failure | None:
    """How a route came out that does not hold, or a control that is not refuted; None
    where all is well."""
    try:
        verdict = _verdict(claim, task, settings)
    except (Exception, SystemExit) as error:  # noqa: BLE001  a page or its cases that cannot be made fail like a check that raises
        verdict = kernel.error_verdict(task.route, f"{type(error).__name__}: {error}")
    if verdict.holds:
        return None
    return {
        "task": task.label, "claim": claim.id, "route": task.route, "control": task.control, "status": str(verdict.status),
        "obligation": verdict.obligation, "why": verdict.why[:300],
    }  # fmt: skip


def _verdict(claim: Claim, task: Task, settings: Settings) -> Verdict:
    verdicts = []
    for trial in checks.trials(claim, task, settings):

        def attempt(seed: int, trial: checks.Trial = trial) -> Verdict:
            return checks.attempt(claim, task, replace(trial, seed=seed), settings)[0]

        verdict = attempt(trial.seed)
        verdicts.append(verdict if task.control else kernel.confirm(verdict, trial.seed, attempt))
        if not task.control and verdicts[-1].status not in (Status.HOLDS, Status.INAPPLICABLE):
            break
    if task.control:
        return kernel.control_verdict(verdicts, route=task.route)
    return kernel.combine(verdicts, route=task.route, covers=claim.routes[task.route].covers)
