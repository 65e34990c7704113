"""The audit of a typicality test: how well |H + log p| tells outliers, and how much of
that is the representation's doing.

The test of Nalisnick et al. (2019) for points and for batches, with false alarms
bounded at finite n by ranks; then the same model after a bijection that makes every
point exactly typical, after one that turns T into -T, and after the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from proofs_checks.audits.budget import Budget, Progress
from proofs_checks.audits.density.maps import Bijection
from proofs_checks.audits.typicality.findings import entropy_source, follow, given_scores, mine, unchecked_hypotheses
from proofs_checks.audits.typicality.maps import Data, sent_through
from proofs_checks.audits.typicality.meanings import facts_of, meaning, next_step
from proofs_checks.audits.typicality.scored import Scored, check_numbers, halves, read_scored, values_of
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings
from proofs_checks.inputs.bijections import Through, check_bijection, read_bijection
from proofs_checks.inputs.densities import Model, read_density
from proofs_checks.inputs.density_checks import read_sampler

DRAWN = 4096  # draws of the model, for its entropy and for the comparison with the inliers
STAGES = 4


@dataclass(repr=False)
class TypicalityReport(AuditReport):
    """An :class:`AuditReport` with the bijections as objects: ``uniformized`` and
    ``reversed``, each with ``forward``, ``inverse``, ``log_det``, ``log_density``.
    """

    bijections: dict[str, Bijection] = field(default_factory=dict)
    model: Model | None = None


def audit_typicality(
    log_prob: Any,
    inliers: Any,
    outliers: Any = None,
    *,
    entropy: float | str | None = None,
    sampler: Any = None,
    batch: int = 1,
    through: Any = None,
    log_det: Any = None,
    false_alarms: float = 0.05,
    coordinate: int | None = None,
    points: int = 256,
    seconds: float = 30.0,
    seed: int = 0,
    tile: int = 1 << 16,
    subject: str = "",
    progress: Progress | None = None,
) -> TypicalityReport:
    """Audit the typicality test of a density model.

    Args:
        log_prob: The model: a function from a batch ``(N, *event)`` to log p ``(N,)``
            in nats, a torch module, a torch distribution, or a flow.
        inliers: Points that should be typical, ``(N, *event)``. Unless ``entropy`` says
            otherwise, a random half of them gives H and the other half is scored.
        outliers: Points that should not, or None for the statistic and its bijections
            alone.
        entropy: H in nats; or ``"samples"``, the mean of -log p over draws of the
            model; or None, the mean over half of the inliers, which is H only if they
            are draws of the model (their cross-entropy otherwise).
        sampler: From n to n draws of the model, when the object cannot draw them
            itself.
        batch: N: how many points are tested together; consecutive points form a batch.
        through: A bijection of the data: forward(x), or an object with ``forward`` and
            perhaps ``log_det`` and ``inverse``; torch's Transforms too.
        log_det: From points to log |det| of it, ``(N,)``; by autograd where neither
            this nor ``through`` gives it.
        false_alarms: At most this share of fresh inliers is rejected by the rank test
            whose detections are reported.
        coordinate: Which of the D flattened coordinates the two bijections change; when
            left out, the one in which no point lies far out.
        points: At most this many inliers and outliers are sent through them, drawn at
            random.
        seconds: After so many no panel of the two bijections is narrowed any more: what
            is open then is reported as open.
        seed: Of the random halves and subsets. tile: Numbers held at once, which bounds
            memory.
        subject: What to call the model. progress: Called with the share of the time
            spent and what is being done.
    Raises:
        InputError: the model, the points or the bijection cannot be read; the message
            names the hypothesis that failed and the next step.
    """
    entropy = float(entropy) if isinstance(entropy, Tensor) and entropy.numel() == 1 else entropy
    budget = Budget(seconds, progress)
    findings = Findings(lambda share, what: budget.tell(what), stages=STAGES)
    with findings.stage("the model and its points"):
        model = read_density(log_prob, inliers)
        away = None if outliers is None else model.read(outliers, "outliers")
        check_numbers({"batch": batch, "points": points, "tile": tile, "seed": seed}, false_alarms, coordinate, model)
        chosen = _chosen(through, log_det, model)
        read = _read(model, away, sampler, entropy=entropy, batch=batch, seed=seed)
    with findings.stage("the test as given"):
        findings += [
            given_scores(read.scored, false_alarms),
            entropy_source(read.scored, entropy),
            follow(read.inside, model, read.fresh),
        ]
    if chosen is not None:
        with findings.stage("your bijection"):
            findings += [
                mine(model, chosen, (read.reference, read.inside), away, read.scored),
                *check_bijection(chosen, read.inside),
            ]
    with findings.stage("bijections made for the purpose"):
        data = Data(read.inside, read.scored.inliers, away, read.scored.outliers, batch)
        found, made = sent_through(
            model, data, points=points, coordinate=coordinate, budget=budget, seed=seed, tile=tile
        )
        findings += [*found, *model.findings, *unchecked_hypotheses(model, entropy)]
    facts = {**facts_of(model, findings, read.scored), "interrupted": budget.interrupted}
    return TypicalityReport(
        "typicality",
        subject or model.kind,
        findings,
        meaning(findings),
        next_step(findings),
        facts,
        bijections=made,
        model=model,
    )


@dataclass(frozen=True)
class _Read:
    """The points that are scored, log p of all of them, draws of the model where it
    can be sampled, and the points over which means are taken.
    """

    inside: Tensor
    scored: Scored
    fresh: Tensor | None
    reference: Tensor


def _read(model: Model, away: Tensor | None, sampler: Any, *, entropy: Any, batch: int, seed: int) -> _Read:
    draw = read_sampler(model, sampler)
    drawn = None if draw is None else draw(DRAWN, seed)
    fresh = None if drawn is None else values_of(model, drawn, "draws of the model")
    pilot, inside = halves(model.points, entropy, batch, seed)
    scored = read_scored(model, (pilot, inside), away, entropy=entropy, fresh=fresh, batch=batch)
    reference = pilot if entropy is None else drawn if entropy == "samples" and drawn is not None else inside
    return _Read(inside, scored, fresh, reference)


def _chosen(through: Any, log_det: Any, model: Model) -> Through | None:
    if through is None and log_det is not None:
        raise InputError("log_det was given without through; it is the log-determinant of that bijection.")
    return None if through is None else read_bijection(through, log_det, model)
