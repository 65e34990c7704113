"""The audit of a density model as an outlier detector: which areas under the ROC curve
bijections of the data can give it. All of them.

Le Lan & Dinh (2021) made into an instrument: around one trained model, without touching
it, bijections are built after which the density of the same distribution is constant,
reversed, or any continuous positive score that the user names. Each is evaluated,
inverted and differentiated as a map, and the density is recovered from the images
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection.roc import HALF, auroc
from numerics.transports.domain import HypothesisError
from proofs_checks.audits.budget import Budget, Progress, one_thread
from proofs_checks.audits.density.cached_density import MOST, Remembered
from proofs_checks.audits.density.data import (
    affordable,
    base_of,
    draw_rows,
    frame_of,
    log_densities,
    no_gradient,
    per_batch,
    scores_of,
    thin,
)
from proofs_checks.audits.density.findings import given_scores, outcome, title_of, unchecked_hypotheses
from proofs_checks.audits.density.maps import REVERSED, UNIFORM, Bijection, LogFunction, Once, Representation, build
from proofs_checks.audits.density.meanings import facts_of, meaning, next_step
from proofs_checks.audits.density.supports import as_given_points, chart_in, itself, on_support, with_own_precision
from proofs_checks.audits.density.symmetric import SymmetricFindings
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding, Interrupted
from proofs_checks.inputs.densities import Model, read_density
from proofs_checks.inputs.density_checks import (
    ATOMS,
    CHANGE,
    SAMPLES,
    atoms,
    change_of_variables,
)
from proofs_checks.inputs.density_flows import flow_of, own_samples
from proofs_checks.inputs.density_mass import MASS, unit_mass
from proofs_checks.inputs.orthogonal_groups import read_orthogonal_group
from proofs_checks.kernel import Status
from proofs_checks.wording import short

NO_GRADIENT = "log p carries no gradient with respect to the point (NumPy, detached, or under no_grad), so that the Jacobian of a map built from it cannot be taken"
MOST_SECONDS = 10.0  # for the mass
DEAR = 2e-5  # seconds: an evaluation of log p that takes less is not worth keeping
PILOTED = 1e-4  # seconds: an evaluation that takes more is worth a pilot
FOR_SAMPLES = 0.2  # of the time
Wanted = dict[str, tuple[LogFunction, Callable[[Tensor, Tensor], Fraction]]]


@dataclass
class DensityReport(AuditReport):
    """An :class:`AuditReport` with the bijections as objects.

    Args:
        bijections: By name: ``uniformized``, ``reversed``, and the user's scores. Each
            has ``forward``, ``inverse``, ``log_det``, ``log_density`` and ``sample``.
        model: The model as it was read.
    """

    bijections: dict[str, Bijection] = field(default_factory=dict)
    model: Model | None = None


def audit_density(
    log_prob: Any,
    inliers: Any,
    outliers: Any,
    *,
    score: Any = None,
    sampler: Any = None,
    base: float | LogFunction | str = "median",
    coordinate: int | None = None,
    support: Any = None,
    group: Any = None,
    points: int = 256,
    seconds: float = 30.0,
    seed: int = 0,
    tile: int = 1 << 16,
    subject: str = "",
    progress: Progress | None = None,
) -> DensityReport:
    """Audit a density model as an outlier detector.

    Args:
        log_prob: The model: a function from a batch ``(N, *event)`` to log p ``(N,)``
            in nats, a torch module, a torch distribution, or a flow that returns a
            distribution when called.
        inliers: Points from the distribution that the model is of, shape ``(N,
            *event)``.
        outliers: Points from anywhere else, same event shape.
        score: A score to realise as a density: a function from a batch to **log s**,
            ``(N,)``, continuous and finite; or a dict of them by name. The order of an
            unbounded score is that of its exponential, so it may be given as it is.
        sampler: From n to n draws of the model, when the object cannot draw them
            itself.
        base: The base point of the fibres: a number, a continuous function from the
            other coordinates ``(N, D - 1)`` to ``(N,)``, or ``"median"``: of the
            inliers' coordinate.
        coordinate: Which of the D flattened coordinates the bijections change; when
            left out, one along which no point lies deep in the tail of p.
        support: Where p lives if that is not R^D: ``(low, high)``, numbers or D of them
            each, infinite ones included; ``"circle"`` for angles; ``"simplex"`` for
            shares. The bijections then act in the coordinates of a chart. What torch
            and SciPy distributions declare is read.
        group: Orthogonal matrices ``(k, D, D)`` or permutations of the flattened
            coordinates ``(k, D)``, generators or elements, or an NPZ file of one of
            these: the model averaged over the group is reversed, flattened and given
            every invariant score by *equivariant* bijections, and the AUROC of the
            score within orbits is told before and after, which stays.
        points: At most this many inliers and outliers are audited, drawn at random.
        seconds: After so many no panel is narrowed any more: what is open then is
            reported as open. Ctrl-C ends the work likewise.
        tile: Numbers held at once, which bounds memory.
        subject: What to call the model. progress: Called with the share of the time
            spent and what is being done.
    Raises:
        InputError: the model, the points or the score cannot be read; the message names
            the hypothesis that failed and the next step.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"Expected in seed a whole number from 0 to 2^63 - 1, got {short(seed)}.")
    asked = _Asked(score, sampler, base, coordinate, support, group, points, seconds, seed, tile, subject)
    stages = _Stages(Budget(seconds, progress))
    try:
        with one_thread():
            return _audit(log_prob, inliers, outliers, asked, stages)
    except KeyboardInterrupt:
        raise Interrupted(stages.made) from None


@dataclass(frozen=True)
class _Asked:
    """The options of an audit, as they were given."""

    score: Any
    sampler: Any
    base: Any
    coordinate: int | None
    support: Any
    group: Any
    points: int
    seconds: float
    seed: int
    tile: int
    subject: str


def _audit(log_prob: Any, inliers: Any, outliers: Any, asked: _Asked, stages: _Stages) -> DensityReport:
    """Read, look at the density, follow points along bijections, look at its mass and
    draws, and report."""
    budget, score = stages.budget, asked.score
    budget.tell("reading the model")
    original = read_density(log_prob, inliers)
    budget.begin()
    flow = flow_of(original, log_prob, asked.sampler)
    model, view = on_support(original, flow, log_prob, outliers, asked.support)
    scores = 2 + (len(score) if isinstance(score, Mapping) else int(score is not None))
    most, (cost, batch), notes = affordable(model, budget, scores, asked.points)
    data = draw_rows(model, model.points, model.read(outliers, "outliers"), most, asked.seed)
    frame, model = frame_of(asked.coordinate, model, data), with_own_precision(model, data)
    options = {
        "frame": frame, "base": base_of(asked.base, frame), "tile": per_batch(asked.tile, model.dim, batch), "sampler": view.sampler, "precision": model.precision, "chart": chart_in(model),
    }  # fmt: skip
    once = Remembered(model.log_prob, most=MOST if cost > DEAR else 0)
    began = budget.seconds_used
    if cost > PILOTED and not no_gradient(model):
        data, fewer = thin(data, lambda x: _follow(x, once, options), budget, scores, asked.seed)
        notes += fewer
    given = log_densities(original, as_given_points(model, data))
    shared, area = Once(once), auroc(*given)
    wanted = _wanted(itself(model, shared), area.value, scores_of(model, score, data))
    quick = stages.run({
        ATOMS: lambda: atoms(model.points),
        CHANGE: lambda: change_of_variables(model, data[0], view.flow),
    })  # fmt: skip
    found: dict[str, Representation] = {}
    maps = _bijections(model, wanted, shared, data, options, stages, found)
    evaluations, along = once.evaluations, budget.seconds_used - began
    slow = stages.run({
        MASS: lambda: unit_mass(model, seconds=max(1.0, min(MOST_SECONDS, asked.seconds / 3))),
        SAMPLES: lambda: own_samples(replace(model, log_prob=once), view, asked.seed, seconds=_for_samples(asked.seconds, budget), cost=cost),
    })  # fmt: skip
    symmetric = None if asked.group is None else _symmetric(model, asked.group, data, score, cost, budget)
    under_group = [] if symmetric is None else stages.run_all("equivariant bijections", symmetric.run)
    paired = [quick[0], slow[0], quick[1], slow[1]]
    findings = [given_scores(area, given), *maps, *under_group, *model.findings, *paired, *unchecked_hypotheses()]
    facts = facts_of(model, findings, found, given, evaluations, budget)
    facts["notes"] += notes
    facts |= {"chart": chart_in(model) is not None, "seconds of the bijections": round(along, 3)}
    bijections: dict[str, Any] = {name: made.bijection for name, made in found.items()}
    if symmetric is not None:
        facts["group"] = symmetric.facts
        bijections |= symmetric.bijections
    said = meaning(findings, found, area.value), next_step(findings), facts
    return DensityReport("density", asked.subject or model.kind, findings, *said, bijections=bijections, model=model)


def _symmetric(  # noqa: PLR0917
    model: Model, group: Any, data: tuple[Tensor, Tensor], score: Any, cost: float, budget: Budget
) -> SymmetricFindings:
    """The findings under a group, which is read before anything is evaluated."""
    if chart_in(model) is not None:
        raise InputError("A group acts on R^D, and the support is another space. Leave out group= or support=.")
    read = read_orthogonal_group(group, model.dim)
    return SymmetricFindings(model.log_prob, read, data, scores_of(model, score, data), cost=cost, budget=budget)


def _follow(x: Tensor, log_prob: LogFunction, options: dict[str, Any]) -> None:
    """Points under the bijection that makes the density constant, for the time that it
    takes; what goes wrong is told where the bijection is built for its finding."""
    with suppress(HypothesisError, ValueError):
        build(UNIFORM, (log_prob, lambda x: torch.zeros_like(x[:, 0])), x, **options).follow(x)


def _for_samples(seconds: float, budget: Budget) -> float:
    """Seconds for the model's own draws: a share of all, up to twice that where a third
    of what is left allows it."""
    return max(FOR_SAMPLES * seconds, min(budget.remaining / 3, 2 * FOR_SAMPLES * seconds))


def _wanted(log_p: LogFunction, area: Fraction, scores: dict[str, LogFunction]) -> Wanted:
    """For each bijection log s, and from its values at inliers and at outliers to the
    area that is promised."""
    return {
        UNIFORM: (lambda x: torch.zeros_like(x[:, 0]), lambda u, v: HALF),
        REVERSED: (lambda x: -log_p(x), lambda u, v: 1 - area),
        **{name: (log_s, lambda u, v: auroc(u, v).value) for name, log_s in scores.items()},
    }


def _bijections(  # noqa: PLR0917
    model: Model, wanted: Wanted, log_p: Once, data: tuple[Tensor, Tensor], options: dict[str, Any], stages: _Stages, found: dict[str, Representation]
) -> list[Finding]:  # fmt: skip
    """A finding for every bijection that is wanted; the representations are put into
    ``found``."""
    if no_gradient(model):
        return [Finding(title_of(name), Status.UNDECIDED, NO_GRADIENT) for name in wanted]

    def finding(name: str) -> Finding:
        made, said = outcome(name, (log_p, *wanted[name]), data, options, stages.budget)
        if made is not None:
            found[name] = made
        return said

    return stages.run({title_of(name): (lambda name=name: finding(name)) for name in wanted})


@dataclass
class _Stages:
    """What is done one after the other; a Ctrl-C ends the one that runs, and the others
    are not begun."""

    budget: Budget
    made: list[Finding] = field(default_factory=list)  # what an interruption keeps

    def run(self, stages: Mapping[str, Callable[[], Finding]]) -> list[Finding]:
        """The findings by name, UNDECIDED for those that were not reached."""
        found: list[Finding] = []
        for name, stage in stages.items():
            if self.budget.interrupted:
                found.append(Finding(name, Status.UNDECIDED, "not reached: the audit was interrupted"))
                continue
            try:
                self.budget.tell(name)
                found.append(stage())
            except KeyboardInterrupt:
                self.budget.interrupted = True
                found.append(Finding(name, Status.UNDECIDED, "interrupted before anything was found"))
            self.made.append(found[-1])
        return found

    def run_all(self, name: str, stage: Callable[[], list[Finding]]) -> list[Finding]:
        """Several findings of one stage, one UNDECIDED where it was not reached."""
        found: list[Finding] = []

        def listed() -> Finding:
            first, *rest = stage()
            found.extend(rest)
            return first

        return [*self.run({name: listed}), *found]
