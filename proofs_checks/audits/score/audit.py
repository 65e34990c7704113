"""The audit of a score network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from numerics.streams import Stream
from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.score import findings as found
from proofs_checks.audits.score.meanings import facts_of, meaning, next_step
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings
from proofs_checks.inputs.copies import random_states_kept
from proofs_checks.inputs.options import read_seed
from proofs_checks.inputs.score_networks import read_levels
from proofs_checks.wording import short


def audit_score(
    score: Any,
    data: Any,
    *,
    noise: Callable[[float], tuple[float, float]] | None = None,
    times: Sequence[float] | None = None,
    prediction: str = "score",
    sigma: float | None = None,
    points: int = 4096,
    seconds: float = 20.0,
    seed: int = 0,
    subject: str = "",
    progress: Progress | None = None,
) -> AuditReport:
    """Audit a score network s(x), or s(x, t) at some times.

    Args:
        score: A function or module from points ``(N, ...)`` to vectors of the same
            shape; with ``noise``, of (x, t) with t of shape ``(N,)``. An output with an
            attribute ``sample`` (diffusers) is unpacked.
        data: Points ``(N, ...)`` of the distribution whose score it is.
        noise: t -> (alpha, sigma) with x_t = alpha x_0 + sigma z, for a network of (x,
            t). times: The t that are audited.
        prediction: "score", "eps" (s = -eps/sigma) or "v" (with alpha^2 + sigma^2 = 1).
        sigma: For a network of x alone: the noise that was added to the data it was
            trained on; none when left out.
        points: At most so many data are used.
        seconds: After so many no further measure is begun. seed: Of noise and subsets.
        subject: What to call the network. progress: Called with the share of the time
            spent and what begins.
    Raises:
        InputError: the network or the data cannot be read, or a convention is missing;
            the message says which line to write.
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < found.FEWEST:
        raise InputError(f"Expected points as a whole number of at least {found.FEWEST}, got {short(points)}.")
    budget, stream = Budget(seconds, progress), Stream(read_seed(seed))
    findings = Findings(lambda share, what: budget.tell(what), stages=3)
    seen: list[dict[str, Any]] = []
    with one_thread(), random_states_kept(seed):
        with findings.stage("the network and its data"):
            levels, flat, notes = read_levels(score, data, noise=noise, times=times, prediction=prediction, sigma=sigma)
            if len(flat) < found.FEWEST:
                raise InputError(f"Expected at least {found.FEWEST} points of data, got {len(flat)}.")
            clean = flat[stream.permutation(len(flat))[:points].to(flat.device)]
        for level in levels:
            with findings.stage(level.name):
                made, values = found.of_level(level, clean, budget, stream.fork(level.name), several=len(levels) > 1)
                findings += made
                seen.append({"name": level.name, **values})
    with findings.stage("what it means"):
        facts = facts_of(levels, clean, seen, [*notes, *_half(clean)])
        facts["interrupted"] = budget.interrupted
        return AuditReport("score", subject or _name(score), findings, meaning(findings), next_step(findings), facts)


def _half(clean: torch.Tensor) -> list[str]:
    return [] if len(clean) >= 256 else [f"only {len(clean)} points: intervals are wide"]


def _name(score: Any) -> str:
    return getattr(score, "__name__", type(score).__name__)
