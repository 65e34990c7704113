"""The audit of a hybrid model: per-sample gradients of log p(y|x) and log p(x) in each
group of parameters, the weight that balances them, and what training with other weights
does to both held-out losses.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from numerics.likelihoods.per_sample import per_sample_pulls
from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.hybrid.findings import (
    agreement,
    balance,
    budget_of_gradients,
    heads_found,
    repeatability,
    rows_alone,
    sharing,
)
from proofs_checks.audits.hybrid.meanings import facts_of, meaning, next_step
from proofs_checks.audits.hybrid.training import Trained, train_with_weights, training_losses
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings
from proofs_checks.inputs.copies import random_states_kept
from proofs_checks.inputs.hybrid_models import Heads, Hybrid, read_hybrid
from proofs_checks.inputs.options import read_flag, read_seed
from proofs_checks.kernel import Status
from proofs_checks.wording import short

ROWS = 256  # rows whose gradients are compared
STAGES = 4


def audit_hybrid(
    model: nn.Module,
    x: Any,
    y: Any,
    *,
    heads: Heads | None = None,
    weight: float = 1.0,
    train: bool = True,
    seconds: float = 20.0,
    seed: int = 0,
    subject: str = "",
    progress: Progress | None = None,
) -> AuditReport:
    """Audit a module that gives both p(y | x) and p(x).

    Args:
        model: A torch module with two heads: forward(x) returns (logits, log p(x)) or a
            dict with ``logits`` and ``log_prob``, or it has methods ``logits(x)`` and
            ``log_prob(x)``. Logits have shape (N, K), or (N,) for two classes; log p(x)
            is in nats, shape (N,).
        x: Points, shape (N, ...), floating; at least 8. y: Labels 0..K-1, shape (N,).
        heads: From (model, x) to (logits, log p(x)), for a module of another form.
        weight: Your lambda: the model is trained on log p(y|x) + lambda log p(x). Not
            negative.
        train: Whether copies are trained with other weights, to compare held-out
            losses.
        seconds: Training stops after so many. seed: Of splits and resamples.
        subject: What to call the model. progress: Called with the share of the time
            spent and what is being done.
    Raises:
        InputError: the module or the batch cannot be read; the message names what came
            and the line to write.
    """
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < float("inf"):
        raise InputError(
            f"Expected in weight a lambda >= 0, got {short(weight)}: a negative one would lower the likelihood of the data."
        )
    budget = Budget(seconds, progress)
    findings = Findings(lambda share, what: budget.tell(what), stages=STAGES)
    facts: dict[str, Any] = {}
    read_flag(train, "train")
    with one_thread(), random_states_kept(read_seed(seed)):
        with findings.stage("the model and its heads"):
            given = read_hybrid(model, x, y, heads, seed)
            findings += [heads_found(given), repeatability(given)]
            if findings[-1].status is Status.HOLDS:  # of what is drawn anew, rows cannot be compared
                findings.append(rows_alone(given))
        if any(finding.status is Status.REFUTED for finding in findings):
            facts = facts_of(given, None, [])
        else:
            facts = _gradients(given, findings, budget, weight=weight, train=train, seed=seed)
    return AuditReport(
        "hybrid", subject or type(model).__name__, findings, meaning(findings), next_step(findings, facts), facts
    )


def _gradients(
    given: Hybrid, findings: Findings, budget: Budget, *, weight: float, train: bool, seed: int
) -> dict[str, Any]:
    """Gradients of some rows, the weight that balances them, and training."""
    rows = slice(0, min(ROWS, len(given.x)))
    with findings.stage("per-sample gradients"):
        pulls = per_sample_pulls(given.model, given.objectives, given.x[rows], given.y[rows])
        findings += [agreement(given, pulls), sharing(pulls), budget_of_gradients(given, pulls)]
    with findings.stage("the weight that balances"):
        finding, star = balance(pulls, weight, seed)
        findings.append(finding)
    outcomes: list[Trained] = []
    with findings.stage("training with other weights"):
        if train and budget.open:
            outcomes = train_with_weights(given, star, weight, budget, seed)
        findings.append(training_losses(outcomes, asked=train))
    return facts_of(given, pulls, outcomes, star=star, weight=weight)
