"""The audit of a density on hyperbolic space: is its mass one, do its draws follow it,
and, if it is a wrapped normal, are there n - 1 factors?

Everything is asked in normal coordinates, where hyperbolic space is R^n and its volume
element is known (`hyperbolic.model-identity`, `hyperbolic.wrapped-normal`): the code
that the claims check is the code that is run.
"""

from __future__ import annotations

from typing import Any

from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.wrapped.findings import as_wrapped_normal, explanations, follow, location, mass
from proofs_checks.audits.wrapped.meanings import facts_of, meaning, next_step
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings
from proofs_checks.inputs.hyperbolic_densities import read_hyperbolic_density
from proofs_checks.kernel import Status
from proofs_checks.wording import short

STAGES = 5


def audit_wrapped(
    log_prob: Any,
    points: Any = None,
    *,
    model: str = "ball",
    curvature: float = -1.0,
    sampler: Any = None,
    seconds: float = 30.0,
    seed: int = 0,
    subject: str = "",
    progress: Progress | None = None,
) -> AuditReport:
    """Audit a density on hyperbolic space: a wrapped normal, a mixture, a flow, any log
    p with respect to hyperbolic volume.

    Args:
        log_prob: From points ``(N, n)`` in the chart to nats ``(N,)``: a function, a
            module, a distribution, a flow.
        points: Some points of the distribution in the chart; draws are taken where they
            are left out.
        model: The chart: ball (Poincaré), hyperboloid (points ``(N, n + 1)``, time
            first), klein, half-space, or normal (coordinates of the tangent space at
            the origin). Coordinates have the unit of R: the ball has the radius R, the
            hyperboloid x_0^2 = R^2 + |xi|^2.
        curvature: K = -1/R^2, negative.
        sampler: From a number to draws in the chart, when the object has no
            ``sample((n,))``.
        seconds: About how long the audit may take. seed: Of draws.
        subject: What to call it. progress: Called with the share of the time spent and
            what is being done.
    Raises:
        InputError: the model, the points or the curvature cannot be read; the message
            names what was expected and the next step.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"Expected seed= a whole number of at least 0, got {short(seed)}.")
    budget = Budget(seconds, progress)
    findings = Findings(lambda share, what: budget.tell(what), stages=STAGES)
    reasons: list[str] = []
    with one_thread():
        with findings.stage("the density and its points"):
            density = read_hyperbolic_density(log_prob, points, sampler, model=model, curvature=curvature, seed=seed)
            findings += [*density.given.findings, location(density)]
        with findings.stage("total mass"):
            weighed = mass(density, budget, seed)
            findings.append(weighed)
        with findings.stage("factors of a wrapped normal"):
            findings += as_wrapped_normal(density, weighed, seed)
        with findings.stage("draws"):
            findings.append(follow(density, weighed, seed))
        with findings.stage("what would explain it"):
            if weighed.status in (Status.REFUTED, Status.UNDECIDED) and budget.open:
                reasons = explanations(density)
    facts = {**facts_of(density, findings, reasons), "interrupted": budget.interrupted}
    return AuditReport("wrapped", subject or _name(log_prob, density.given.kind), findings, meaning(findings, reasons), next_step(findings, reasons), facts)  # fmt: skip


def _name(log_prob: Any, kind: str) -> str:
    """The class of an object with log_prob; what it was read as otherwise."""
    return type(log_prob).__name__ if hasattr(log_prob, "log_prob") else kind
