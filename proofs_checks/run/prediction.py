"""How long a deep run will take, from a pilot: the quick run of the same claims, and larger samples where the deep profile draws most.

A check of a statistical route is taken to cost a constant and an amount for each point;
of the other routes, what the pilot's checks cost on average. The pilot's largest
samples are a thousandth of the deep profile's, so the answer is rough: caches,
memory and a slower clock under load are not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from proofs_checks.claim.claim import Claim
from proofs_checks.kernel import Case
from proofs_checks.run.checks import Record, Settings, Task, task_of, tasks_of, trials
from proofs_checks.run.workers import Event, Plan

__all__ = ["Prediction", "pilot_plans", "predict"]

Carry = Callable[[Plan], Iterable[Event]]


@dataclass(frozen=True)
class Prediction:
    """Seconds of work by kind of route, and of the longest single task; ``pilot``: what
    the pilot's checks cost."""

    by_route: dict[str, float]
    longest: float
    pilot: float

    def wall_seconds(self, processes: int) -> float:
        """Seconds from start to end: the work shared out, but no task is divided.

        >>> Prediction({"exact": 10.0, "statistical": 90.0}, 80.0, 1.0).wall_seconds(4)
        80.0
        """
        return max(sum(self.by_route.values()) / processes, self.longest)


def pilot_plans(plan: Plan) -> list[Plan]:
    """The quick run of everything, and the statistical routes on larger samples; of the
    catalogue's own claims alone where a plan has others."""
    own = [claim for claim in plan.claims if not claim.page.home]
    quick = replace(plan, claims=own, profile="quick", earlier={}, shard=None)
    return [quick, replace(quick, profile="pilot", routes=("statistical",))]


def predict(plan: Plan, records: Sequence[Record]) -> Prediction:
    """What a plan will cost by the records of its pilot plans."""
    seen: dict[Task, list[Record]] = defaultdict(list)
    for record in records:
        seen[task_of(record)].append(record)
    cost: dict[Task, float] = {}
    for claim in plan.claims:
        for task in tasks_of(claim, routes=plan.routes):
            if seen[task]:
                cost[task] = _cost(claim, task, plan.settings, seen[task])
    by_route: dict[str, float] = defaultdict(float)
    for task, seconds in cost.items():
        by_route["controls" if task.control else task.route] += seconds
    pilot = sum(record["seconds"] for record in records)
    return Prediction(dict(by_route), max(cost.values(), default=0.0), pilot)


def _cost(claim: Claim, task: Task, settings: Settings, seen: Sequence[Record]) -> float:
    """Seconds of a task."""
    if task.control:
        return sum(record["seconds"] for record in seen if record["profile"] == "quick")
    if task.route == "statistical":
        sizes = [_size(trial.case) for trial in trials(claim, task, settings)]
        constant, each = _line([(_size_of(record), record["seconds"]) for record in seen])
        return sum(constant + each * size for size in sizes)
    source = getattr(claim.code, "cases", {}).get(task.route)
    count = 1 if source is None else len(source.always) + settings.profile.cases
    return count * fmean(record["seconds"] for record in seen)


def _size(case: Case | None) -> float:
    return float(case.plain().get("size", 0)) if case is not None else 0.0


def _size_of(record: Record) -> float:
    return float((record["case"] or {}).get("size", 0))


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Seconds as a constant and an amount a point, neither negative, by least squares.

    >>> _line([(0, 1.0), (10, 3.0)])
    (1.0, 0.2)
    >>> _line([(10, 2.0), (10, 4.0)])  # one size: all of it is laid to the points
    (0.0, 0.3)
    """
    x, y = fmean(p[0] for p in points), fmean(p[1] for p in points)
    spread = sum((p[0] - x) ** 2 for p in points)
    if not spread:
        return (0.0, y / x) if x else (y, 0.0)
    each = max(0.0, sum((p[0] - x) * (p[1] - y) for p in points) / spread)
    constant = y - each * x
    return (
        (constant, each) if constant >= 0 else (0.0, sum(p[0] * p[1] for p in points) / sum(p[0] ** 2 for p in points))
    )
