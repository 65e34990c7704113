"""The audit of a normalising flow: log p, log-determinants, inverses, mass and draws,
each against the map as evaluated.

Five steps, each a function of the one before: the object is read
(:mod:`proofs_checks.inputs.flows`), sites are chosen, checks gather evidence, the
kernel judges it, and words are made of the findings.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from proofs_checks import kernel
from proofs_checks.audits.budget import Budget, one_thread
from proofs_checks.audits.flow.base import base_mass
from proofs_checks.audits.flow.draws import own_draws
from proofs_checks.audits.flow.findings import findings_of
from proofs_checks.audits.flow.inverses import round_trips, sign
from proofs_checks.audits.flow.mass import lattice_and_mass
from proofs_checks.audits.flow.meanings import facts_of, meaning, next_step
from proofs_checks.audits.flow.outcome import MASS, Check, Checker
from proofs_checks.audits.flow.point_function import repeatable, rows
from proofs_checks.audits.flow.probe_points import Sites, sites_of
from proofs_checks.audits.flow.settings import own_precision, train_mode
from proofs_checks.audits.flow.surjectivity import onto
from proofs_checks.audits.flow.volumes import identity, log_determinants
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings, Progress
from proofs_checks.inputs.copies import random_states_kept
from proofs_checks.inputs.flows import FlowView, read_flow
from proofs_checks.wording import short

SAMPLES = 4096
CHECKS: dict[str, Checker] = {  # in this order: the quick ones first
    "the same value twice": repeatable, "rows on their own": rows, "log-determinants": log_determinants, "log p against the base": identity,
    "the sign of the determinant": sign, "inverses": round_trips, "the base": base_mass, "draws": own_draws, "onto the base": onto,
    "the mass": lattice_and_mass, "precision": own_precision, "train() mode": train_mode,
}  # fmt: skip


@dataclass(repr=False)
class FlowReport(AuditReport):
    """An :class:`AuditReport` with the flow as it was read: layers, base, log p and
    draws on flat points, in float64."""

    view: FlowView | None = field(default=None, repr=False)


def audit_flow(
    flow: Any,
    data: Any = None,
    *,
    context: Any = None,
    base: Any = None,
    samples: int = SAMPLES,
    seconds: float = 30.0,
    seed: int = 0,
    subject: str = "",
    progress: Progress | None = None,
) -> FlowReport:
    """Audit a normalising flow, or any density model that shows its transform.

    The object is copied to float64 and eval() mode, and only the copy is called: its
    parameters, buffers, mode and the random states are as before.

    Args:
        flow: A flow of zuko, nflows, normflows, FrEIA or pyro, a torch distribution or
            transform, a module or object with ``log_prob`` or with ``forward`` and
            ``inverse``, a list of layers from the data to the base, a function of a
            batch, or a dict of ``forward``, ``inverse``, ``log_det``, ``log_prob``,
            ``sample``, ``layers``, ``base``.
        data: Points that it is meant to be evaluated at, ``(N, *event)``; its own draws
            where None.
        context: For a conditional flow: one row ``(C,)``, or a row for each point ``(N,
            C)``.
        base: The base distribution of a transform that has none; a standard normal
            where None.
        samples: How many draws are compared with log p. seconds: How long the audit may
            take, roughly; what is left open is told. seed: Of the points and draws.
        subject: What to call the model. progress: Called as every stage begins.
    Raises:
        InputError: the object cannot be read; the message names what came, what was
            expected and the line to write.
    """
    _check_numbers(samples, seed)
    clock = Budget(seconds)
    findings = Findings(progress, stages=len(CHECKS) + 1)
    with random_states_kept(seed), one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's deprecations are not what is audited
        with findings.stage("reading the flow"):
            view = read_flow(flow, data, context=context, base=base, seed=seed)
            sites = sites_of(view, clock, samples=samples, seed=seed)
        checks = _carried_out(view, sites, findings)
    return FlowReport(
        kind="flow", subject=subject or view.kind, findings=findings, meaning=meaning(findings, view), next_step=next_step(findings, view),
        facts=facts_of(checks, view, sites), view=view,
    )  # fmt: skip


def _carried_out(view: FlowView, sites: Sites, findings: Findings) -> list[Check]:
    """Every check in turn; each sees what those before it found. Where log p is no
    function of the point, the others have nothing to be about."""
    done: list[Check] = []
    for label, check in CHECKS.items():
        if check is log_determinants and (
            broken := [own.name for own in findings if own.status is kernel.Status.REFUTED]
        ):
            why = f"the other findings presuppose that log p is a function of the point ({', '.join(broken)})"
            made = [Check(MASS, unchecked=why)]
            findings += findings_of(made, findings)
            return [*done, *made]
        started = sites.clock.seconds_used
        with findings.stage(label):
            made = check(view, sites, done)
            done += made
            findings += findings_of(made, findings)
        sites.taken[label] = round(sites.clock.seconds_used - started, 2)
    return done


def _check_numbers(samples: Any, seed: Any) -> None:
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 16:
        raise InputError(
            f"Expected in samples how many draws are compared with log p, at least 16, got {short(samples)}."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"Expected in seed a whole number from 0 to 2^63 - 1, got {short(seed)}.")
