"""Records from elsewhere: could a check of this claim have made them? What could not is
refused, with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from numbers import Rational
from typing import Any, TypeVar

from proofs_checks.claim import provenance
from proofs_checks.claim.claim import Claim
from proofs_checks.errors import CatalogueError, InputError, PrealityError
from proofs_checks.kernel import Case
from proofs_checks.run import case_draws, checks
from proofs_checks.run.checks import Record, Settings, Task, Trial
from proofs_checks.wording import error_line

DRAWS = 200  # how many cases say how large a route's cases become
LARGEST_SEED = 2**63
T = TypeVar("T")


def require_fitting(record: Record, claim: Claim) -> None:
    """Refuse a case that is larger than the route's own become; the limits of a fresh
    check are those of a replayed one.

    Raises:
        InputError: naming the field, the limit, and what came.
    """
    task = checks.task_of(record)
    settings = Settings(checks.PROFILES[record["profile"]], record["seed"])
    _require_fields(record["case"], claim, task, settings)


def require_possible(record: Record, claim: Claim) -> None:
    """Refuse a record that no check of ``claim`` could have made.

    The same code and the same version of Hypothesis draw the same cases, so that
    the case has to be the one of its number; otherwise its fields have to be
    those of the route's cases, and no larger.

    Raises:
        InputError: the message says what is impossible about it.
    """
    task = checks.task_of(record)
    _require_task(record, claim)
    _require_verdict(record)
    settings = Settings(checks.PROFILES[record["profile"]], record["seed"])
    if not record["code"]:  # lost: the task never began
        if record["case"] is not None or record["k"] != 1 or record["verdict"]["status"] != "ERRORED":
            raise InputError(
                "A record without a code hash is that of a task that never began: check 1, no case, ERRORED."
            )
        return
    made = _trials(claim, task, settings)
    first = record["first"]["case"] if record["first"] else record["case"]
    case = None if first is None else Case.from_plain(first)
    same_code = record["code"] == claim.code_hash
    same_draws = task.control or record["versions"].get("hypothesis") == provenance.versions().get("hypothesis")
    if same_code and same_draws and not any(trial.k == record["k"] and trial.case == case for trial in made):
        raise InputError(
            f"{task.label} has no check {record['k']} at the case {_text(first)}; it makes {len(made)} checks."
        )
    for given in (first, record["case"]):
        _require_fields(given, claim, task, settings)


def _require_task(record: Record, claim: Claim) -> None:
    if record["route"] not in claim.routes:
        raise InputError(f"{claim.id} has no {record['route']} route; it has {', '.join(claim.routes)}.")
    control = record["control"]
    if control and record["route"] not in getattr(claim.page.controls.get(control), "routes", ()):
        raise InputError(f"{claim.id} has no {record['route']} route with control {control!r}.")
    if record["profile"] not in checks.PROFILES:
        raise InputError(f"There is no profile {record['profile']!r}; the profiles are {', '.join(checks.PROFILES)}.")


def _require_verdict(record: Record) -> None:
    """Numbers that the kernel would not have put together."""
    verdict = record["verdict"]
    if verdict["route"] != record["route"]:
        raise InputError(f"The verdict is of the route {verdict['route']!r}, the record of {record['route']!r}.")
    if verdict["scope"]["cases"] > 1:
        raise InputError(f"One check has one case; the record counts {verdict['scope']['cases']}.")
    residual, bound, margin = (
        None if verdict[name] is None else float(verdict[name]) for name in ("residual", "bound", "margin")
    )
    measured = record["route"] in ("numeric", "statistical") and verdict["status"] == "HOLDS"
    if measured and (
        residual is None or bound is None or margin is None or not 0 <= residual <= bound or not margin <= 1
    ):
        raise InputError(f"A measurement holds where its residual is within its bound; got {residual} and {bound}.")


def _trials(claim: Claim, task: Task, settings: Settings) -> tuple[Trial, ...]:
    return _made(_trials_of, claim, task, settings)


def _known(claim: Claim, task: Task, settings: Settings) -> tuple[Case, ...]:
    return _made(_cases_of, claim, task, settings)


def _made(make: Callable[[Claim, Task, Settings], T], claim: Claim, task: Task, settings: Settings) -> T:
    """What a claim's own code makes; whatever it raises is told to its author."""
    try:
        return make(claim, task, settings)
    except (PrealityError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise CatalogueError(f"The cases of {task.label} cannot be made: {error_line(error)}") from error


@lru_cache(maxsize=32)
def _trials_of(claim: Claim, task: Task, settings: Settings) -> tuple[Trial, ...]:
    return tuple(checks.trials(claim, task, settings))


def _require_fields(given: Mapping[str, Any] | None, claim: Claim, task: Task, settings: Settings) -> None:
    """The fields of the route's cases, none of them larger than these become."""
    if given is None:
        return
    case, known = Case.from_plain(given), _known(claim, task, settings)
    if not any(set(case) == set(other) for other in known):
        fields = ", ".join(next((list(other) for other in known), [])) or "none"
        raise InputError(
            f"Cases of {task.label} have the fields {fields}; the record's has {', '.join(case) or 'none'}."
        )
    covers = claim.routes[task.route].covers
    for name, value in case.items():
        most = max((abs(n) for other in known for n in _numbers(other.get(name))), default=0)
        most = LARGEST_SEED if name == "seed" else max(most, *map(abs, covers.get(name, (0, 0))))
        length = max((_length(other.get(name)) for other in known), default=0)
        worst = max((abs(n) for n in _numbers(value)), default=0)
        if worst > most or _length(value) > max(length, 100 if isinstance(value, str) else 0):
            raise InputError(
                f"Cases of {task.label} reach {name} = {most} in the {settings.profile.name} profile, and none is as large as {_text({name: given[name]})}."
            )


@lru_cache(maxsize=32)
def _cases_of(claim: Claim, task: Task, settings: Settings) -> tuple[Case, ...]:
    """Cases that say how large they become: those that are always run, and many drawn
    ones."""
    if task.control:
        return tuple(trial.case for trial in _trials(claim, task, settings) if trial.case is not None)
    source = getattr(claim.code, "cases", {}).get(task.route)
    if source is None:
        return ()
    seed = checks.trial_seed(claim.id, task.route, None, settings.seed)
    return tuple(dict.fromkeys([*source.always, *case_draws.draw(source.strategy(settings.profile), DRAWS, seed)]))


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, Rational) and not isinstance(value, bool):
        yield from (value.numerator, value.denominator)
    elif isinstance(value, float) and math.isfinite(value):
        yield value


def _length(value: Any) -> int:
    """How many pieces a value has, tuples within tuples counted."""
    if isinstance(value, tuple):
        return len(value) + sum(map(_length, value))
    return len(value) if isinstance(value, str) else 0


def _text(case: Any) -> str:
    text = checks.canonical(case) if case is not None else "none"
    return text if len(text) <= 200 else f"{text[:197]}..."
