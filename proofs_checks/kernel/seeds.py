"""Seeds of checks, and the confirmation of statistical refutations: pure functions of
what is run, so that a run can be tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from proofs_checks.kernel.evidence import Case
from proofs_checks.kernel.verdicts import Route, Status, Verdict

CONFIRMATIONS = 2  # fresh seeds on which a statistical refutation has to come out again


def canonical(data: object) -> str:
    """JSON with sorted keys and no spaces: one text for one value."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def trial_seed(claim_id: str, route: str, case: Case | None, seed: int) -> int:
    """The seed of one check: a function of the run, the claim, the route and the case,
    and of nothing else."""
    from numerics.streams import derive_seed

    return derive_seed(seed, claim_id, route, "" if case is None else canonical(case.plain()))


def confirmation_seeds(seed: int) -> tuple[int, ...]:
    """The fresh seeds on which a check with this seed is repeated."""
    from numerics.streams import derive_seed

    return tuple(derive_seed(seed, "confirm", repetition) for repetition in range(CONFIRMATIONS))


def confirm(verdict: Verdict, seed: int, again: Callable[[int], Verdict]) -> Verdict:
    """A verdict, believed: a statistical refutation only where fresh seeds refute it
    too, at the level kept for that.

    Args:
        verdict: What the check with ``seed`` came to.
        again: From a seed to the verdict of the same check with that seed.
    """
    if verdict.route != Route.STATISTICAL or verdict.status is not Status.REFUTED:
        return verdict
    for fresh in confirmation_seeds(seed):
        if again(fresh).status is not Status.REFUTED:
            return unconfirmed_verdict(verdict)
    return verdict


def unconfirmed_verdict(verdict: Verdict) -> Verdict:
    """A statistical refutation that fresh seeds did not repeat is not believed."""
    return replace(verdict, status=Status.UNDECIDED, why=f"Refuted once, not confirmed on fresh seeds. {verdict.why}")
