"""A claim, or one control of it, run in this process and not in workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proofs_checks.claim.claim import Claim
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case
from proofs_checks.run import checks
from proofs_checks.run.checks import Record
from proofs_checks.run.results import ClaimResult, summarise, summarise_all, summarise_control


def run_here(
    claim: Claim,
    routes: tuple[str, ...],
    options: Mapping[str, Any],
    case: Any,
    objects: Mapping[str, Any],
    *,
    controls: bool,
) -> ClaimResult:
    """Run a claim in this process: what ``claim.prove()`` and ``claim.check()`` do."""
    settings = _settings(options)
    if case is not None:
        routes = _routes_that_know(claim, routes, case, settings)
    tasks = checks.tasks_of(claim, routes=routes, controls=controls)
    records: list[Record] = []
    for task in tasks:
        if objects or case is not None:
            records += _on_own_objects(claim, task, settings, case, objects)
        else:
            records += checks.run_task(claim, task, settings)
    partial = routes != tuple(claim.routes) or objects or case is not None
    return summarise(
        claim, records, declared=routes if partial else None
    )  # nothing that it rests on was run: "HOLDS given"


def _on_own_objects(claim: Claim, task: Any, settings: Any, case: Any, objects: Mapping[str, Any]) -> list[Record]:
    if case is not None:
        cases = [_completed(claim, task.route, case, objects, settings)]
    elif objects and hasattr(claim.code, "cases_for"):
        cases = list(claim.code.cases_for(**objects))
    else:
        cases = [trial.case for trial in checks.trials(claim, task, settings)]
    trials = [
        checks.Trial(k, one, checks.trial_seed(claim.id, task.route, one, settings.seed), objects)
        for k, one in enumerate(cases, start=1)
    ]
    return [checks.run_trial(claim, task, trial, settings) for trial in trials]


def _routes_that_know(claim: Claim, routes: tuple[str, ...], case: Mapping[str, Any], settings: Any) -> tuple[str, ...]:
    """The routes whose cases have every field of a user's case."""
    models = {route: _model_case(claim, route, settings) for route in routes}
    knowing = tuple(route for route, model in models.items() if set(case) <= set(model))
    if not knowing:
        forms = "; ".join(f"{route}: {', '.join(model) or 'none'}" for route, model in models.items())
        raise InputError(
            f"No route of {claim.id} has cases with the fields {', '.join(case)} together. Fields of its cases: {forms}."
        )
    return knowing


def _model_case(claim: Claim, route: str, settings: Any) -> Case:
    return checks.trials(claim, checks.Task(claim.id, route), settings)[0].case or Case()


def _completed(claim: Claim, route: str, case: Mapping[str, Any], objects: Mapping[str, Any], settings: Any) -> Case:
    """A user's case with what it leaves out taken from the route's first: everything,
    or beside the user's own objects only what no scope prints."""
    model = _model_case(claim, route, settings)
    missing = {
        name: value for name, value in model.items() if name not in case and (not objects or name in ("size", "seed"))
    }
    return Case(**{**missing, **case})


def run_control(claim: Claim, name: str, seed: int, device: str) -> ClaimResult:
    """Run one control alone; its result HOLDS when every case of the falsehood was
    refuted."""
    settings = _settings({"seed": seed, "device": device})
    tasks = [task for task in checks.tasks_of(claim) if task.control == name]
    records = [record for task in tasks for record in checks.run_task(claim, task, settings)]
    return summarise_control(claim, name, records)


def _settings(options: Mapping[str, Any]) -> Any:
    profile = options.get("profile", "quick")
    if profile not in checks.PROFILES:
        raise InputError(f"There is no profile {profile!r}; the profiles are {', '.join(checks.PROFILES)}.")
    return checks.Settings(
        checks.PROFILES[profile], options.get("seed", 0), checks.resolve_device(options.get("device", "auto"))
    )


class Results(list[ClaimResult]):
    """Results of several claims; in a REPL a line each."""

    def __repr__(self) -> str:
        return "\n".join(f"{result.id:<40} {result.word}" for result in self)


def verify_here(chosen: Sequence[Claim], options: Mapping[str, Any]) -> Results:
    """Run every route and control of the claims in this process."""
    settings = _settings(options)
    records = [
        record
        for claim in chosen
        for task in checks.tasks_of(claim)
        for record in checks.run_task(claim, task, settings)
    ]
    return Results(summarise_all(chosen, records))
