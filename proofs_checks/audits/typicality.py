"""The audit of a typicality test: how well |H + log p| tells outliers, and how much of that is the representation's doing.

The test of Nalisnick et al. (2019) for points and for batches, with false alarms bounded at finite n by ranks; then the same model after a bijection that makes
every point exactly typical, after one that turns T into -T, and after the reader's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from numerics import typicality as measures
from numerics.detection import Auroc, auroc
from numerics.random import Stream
from numerics.statistics import ks_two_sample
from proofs_checks import kernel
from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.bijections import Through, check_bijection, read_bijection
from proofs_checks.audits.density_checks import LEVEL, read_sampler, unit_mass
from proofs_checks.audits.density_maps import CELL, Bijection
from proofs_checks.audits.equivariance_actions import called
from proofs_checks.audits.models import Model, read_density
from proofs_checks.audits.reading import short
from proofs_checks.audits.typicality_maps import REVERSED_TITLE, UNIFORM_TITLE, Data, fraction, sent_through
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Status, Test, measured, tested

GIVEN, ENTROPY, FOLLOW, MINE = "as given", "entropy", "inliers follow the model", "|T| under your bijection"
DRAWN = 4096  # draws of the model, for its entropy and for the comparison with the inliers


@dataclass
class TypicalityReport(AuditReport):
    """An :class:`AuditReport` with the bijections as objects: ``uniformized`` and ``reversed``, each with ``forward``, ``inverse``, ``log_det``, ``log_density``."""

    bijections: dict[str, Bijection] = field(default_factory=dict)
    model: Model | None = None


@dataclass(frozen=True)
class _Scored:
    """log p in nats of the points whose entropy is taken (``pilot``), of the inliers that are scored and of the outliers."""

    pilot: Tensor
    inliers: Tensor
    outliers: Tensor | None
    entropy: float
    batch: int

    def typicalities(self) -> tuple[Tensor, Tensor | None]:
        """T of inliers and of outliers, point by point or batch by batch."""
        return tuple(  # type: ignore[return-value]
            None if part is None else measures.typicality(part, self.entropy, batch=self.batch)
            for part in (self.inliers, self.outliers)
        )

    def area(self) -> Auroc | None:
        """AUROC of "the smaller |T|, the more of an inlier"."""
        inside, outside = self.typicalities()
        return None if outside is None else auroc(-inside.abs(), -outside.abs())


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
    evaluations: int = 63,
    seed: int = 0,
    tile: int = 1 << 16,
    subject: str = "",
) -> TypicalityReport:
    """Audit the typicality test of a density model.

    Args:
        log_prob: The model: a function from a batch ``(N, *event)`` to log p ``(N,)`` in nats, a torch module, a torch distribution, or a flow.
        inliers: Points that should be typical, ``(N, *event)``. Unless ``entropy`` says otherwise, a random half of them gives H and the other half is scored.
        outliers: Points that should not, or None for the statistic and its bijections alone.
        entropy: H in nats; or ``"samples"``, the mean of -log p over draws of the model; or None, the mean over half of the inliers, which is H only if they
            are draws of the model (their cross-entropy otherwise).
        sampler: From n to n draws of the model, when the object cannot draw them itself.
        batch: N: how many points are tested together; consecutive points form a batch.
        through: A bijection of the data: forward(x), or an object with ``forward`` and perhaps ``log_det`` and ``inverse``; torch's Transforms too.
        log_det: From points to log |det| of it, ``(N,)``; by autograd where neither this nor ``through`` gives it.
        false_alarms: At most this share of fresh inliers is rejected by the rank test whose detections are reported.
        coordinate: Which of the D flattened coordinates the two bijections change; when left out, the one in which no point lies far out.
        points: At most this many inliers and outliers are sent through them, drawn at random.
        evaluations: Of p along a fibre, in cells of nine; doubled up to three times where the errors cannot carry a verdict.
        seed: Of the random halves and subsets. tile: Numbers held at once, which bounds memory.
        subject: What to call the model.
    Raises:
        InputError: the model, the points or the bijection cannot be read; the message names the hypothesis that failed and the next step.
    """
    entropy = float(entropy) if isinstance(entropy, Tensor) and entropy.numel() == 1 else entropy
    model = read_density(log_prob, inliers)
    away = None if outliers is None else model.read(outliers, "outliers")
    whole = {"batch": batch, "points": points, "tile": tile, "seed": seed}
    _check_numbers(whole, false_alarms, coordinate, evaluations, model)
    draw = read_sampler(model, sampler)
    drawn = None if draw is None else draw(DRAWN, seed)
    fresh = None if drawn is None else _values(model, drawn, "draws of the model")
    halves = _halves(model.points, entropy, batch, seed)
    scored = _scored(model, halves, away, entropy=entropy, fresh=fresh, batch=batch)
    chosen = None if through is None else read_bijection(through, log_det, model)
    if through is None and log_det is not None:
        raise InputError("log_det was given without through; it is the log-determinant of that bijection.")
    findings = [_as_given(scored, false_alarms), _entropy(scored, entropy), _follow(halves[1], model, fresh)]
    if chosen is not None:
        reference = halves[0] if entropy is None else drawn if entropy == "samples" else halves[1]
        findings += [_mine(model, chosen, (reference, halves[1]), away, scored), *check_bijection(chosen, halves[1])]
    data = Data(halves[1], scored.inliers, away, scored.outliers, batch)
    found, made = sent_through(
        model, data, points=points, coordinate=coordinate, cells=round(evaluations / len(CELL)), seed=seed, tile=tile
    )
    findings += [*found, *model.findings, *_unchecked(model, entropy)]
    return _report(subject or model.kind, model, findings, scored, made)


# -- reading ----------------------------------------------------------------------------------------------------------------


def _check_numbers(whole: dict[str, Any], false_alarms: Any, coordinate: Any, evaluations: Any, model: Model) -> None:
    for name, value in whole.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < (0 if name == "seed" else 1):
            raise InputError(
                f"Expected in {name} a {'non-negative' if name == 'seed' else 'positive'} integer, got {short(value)}."
            )
    if isinstance(false_alarms, bool) or not isinstance(false_alarms, (int, float)) or not 0 < false_alarms < 1:
        raise InputError(f"Expected in false_alarms a share between 0 and 1, got {short(false_alarms)}.")
    if coordinate is not None and (
        isinstance(coordinate, bool) or not isinstance(coordinate, int) or not 0 <= coordinate < model.dim
    ):
        raise InputError(f"Expected in coordinate one of 0..{model.dim - 1}, or None, got {short(coordinate)}.")
    if isinstance(evaluations, bool) or not isinstance(evaluations, int) or not len(CELL) <= evaluations <= 4096:
        raise InputError(
            f"Expected in evaluations how often p is evaluated along a fibre, {len(CELL)} to 4096, got {short(evaluations)}."
        )


def _halves(x: Tensor, entropy: Any, batch: int, seed: int) -> tuple[Tensor, Tensor]:
    """A random half of the inliers for H and the rest to be scored; all of them to be scored where H comes from elsewhere."""
    shuffled = x[Stream(seed, x.device).fork("halves").permutation(x.shape[0])]
    half = x.shape[0] // 2 if entropy is None else 0
    if x.shape[0] - half < batch or (entropy is None and half < 1):
        need = batch if entropy is not None else max(2, 2 * batch - 1)
        raise InputError(
            f"{x.shape[0]} inliers are too few: {need} are needed for batches of {batch}"
            + (
                ", half of them for H. Give more, or entropy=, or entropy='samples' with a model that can be sampled."
                if entropy is None
                else "."
            )
        )
    return shuffled[:half], shuffled[half:]


def _values(model: Model, x: Tensor, what: str) -> Tensor:
    """log p, no gradient, NaN and +inf refused."""
    if not x.shape[0]:
        return x.new_empty(0)
    values = torch.cat([called(model.log_prob, part, f"log_prob on the {what}") for part in x.split(1 << 12)])
    bad = torch.isnan(values) | (values == torch.inf)
    if bool(bad.any()):
        raise InputError(
            f"log p is NaN or +inf at {int(bad.sum())} of {values.numel()} {what}, first in row {int(bad.nonzero()[0])}: there is no density there."
        )
    return values


def _scored(
    model: Model, halves: tuple[Tensor, Tensor], away: Tensor | None, *, entropy: Any, fresh: Tensor | None, batch: int
) -> _Scored:
    pilot, inside = (_values(model, x, "inliers") for x in halves)
    outside = None if away is None else _values(model, away, "outliers")
    for values, what in ((pilot, "inliers"), (inside, "inliers")):
        if zero := int((values == -torch.inf).sum()):
            raise InputError(
                f"p is zero (log p = -inf) at {zero} of {values.numel()} {what}: H = -E log p is then infinite, and no point is typical. Inliers have to lie in the support of the "
                "model; is a preprocessing step missing?"
            )
    if outside is not None and outside.numel() < batch:
        raise InputError(f"{outside.numel()} outliers do not fill a batch of {batch}.")
    if entropy is None:
        value = -float(pilot.mean())
    elif isinstance(entropy, str):
        if entropy != "samples":
            raise InputError(f"Expected in entropy a number of nats, 'samples' or None, got {short(entropy)}.")
        if fresh is None:
            raise InputError(
                "entropy='samples' needs draws of the model, and it cannot be sampled. Give sampler=, from n to n draws."
            )
        pilot, value = fresh, -float(fresh.mean())
    else:
        if isinstance(entropy, bool) or not isinstance(entropy, (int, float)) or not math.isfinite(entropy):
            raise InputError(f"Expected in entropy a finite number of nats, 'samples' or None, got {short(entropy)}.")
        value = float(entropy)
    if not math.isfinite(value):
        raise InputError(
            "The mean of -log p over draws of the model is infinite: hypothesis 'log p is integrable' failed."
        )
    return _Scored(pilot, inside, outside, value, batch)


# -- the test as given ----------------------------------------------------------------------------------------------------------


def _as_given(scored: _Scored, false_alarms: float) -> Finding:
    inside, outside = scored.typicalities()
    witness: dict[str, Any] = {"inliers": inside.numel(), "batch": scored.batch, "T_inliers": _summary(inside)}
    group = "points" if scored.batch == 1 else f"batches of {scored.batch}"
    if outside is None:
        spread = float(inside.abs().mean())
        return Finding(
            GIVEN,
            Status.INAPPLICABLE,
            f"no outliers were given; mean |T| of {inside.numel()} inlier {group} is {spread:.3g} nats",
            witness,
        )
    area, density = scored.area(), _density_area(scored)
    radius = math.sqrt(math.log(2 / LEVEL) / (2 * min(inside.numel(), outside.numel())))
    p_values = measures.rank_p_values(inside.abs(), outside.abs())
    caught = float((p_values <= false_alarms).double().mean())
    witness |= {
        "outliers": outside.numel(), "T_outliers": _summary(outside), "auroc": fraction(area.value), "auroc_of_log_p": fraction(density.value),
        "radius": radius, "level": LEVEL, "false_alarms": false_alarms, "detected": caught,
    }  # fmt: skip
    text = f"AUROC of |T| {float(area):.4f}, of log p {float(density):.4f} ({inside.numel()} and {outside.numel()} {group}; the laws' own areas lie within {min(radius, 1):.2g}, at level {LEVEL:g}); "
    if 1 / (inside.numel() + 1) > false_alarms:
        return Finding(
            GIVEN,
            Status.INAPPLICABLE,
            text + f"{inside.numel()} are too few to reject anything at {false_alarms:g} false alarms by rank",
            witness,
        )
    return Finding(
        GIVEN,
        Status.INAPPLICABLE,
        text + f"at most {false_alarms:g} false alarms on fresh inliers, {caught:.1%} of the outliers are rejected",
        witness,
    )


def _density_area(scored: _Scored) -> Auroc:
    return auroc(*(measures.batch_means(part, scored.batch) for part in (scored.inliers, scored.outliers)))


def _summary(values: Tensor) -> dict[str, float | None]:
    finite = values[torch.isfinite(values)]
    quartiles = (
        torch.quantile(finite[:1_000_000], torch.tensor([0.25, 0.5, 0.75]).to(finite)).tolist()
        if finite.numel()
        else [None] * 3
    )
    return {
        "lower_quartile": quartiles[0],
        "median": quartiles[1],
        "upper_quartile": quartiles[2],
        "infinite": float(values.numel() - finite.numel()),
    }


def _entropy(scored: _Scored, entropy: Any) -> Finding:
    """Where H comes from; its error is an estimate, because log p is unbounded and nothing at finite n bounds its mean without more."""
    if entropy is not None and not isinstance(entropy, str):
        return Finding(
            ENTROPY, Status.INAPPLICABLE, f"H = {scored.entropy:.6g} nats, as you gave it", {"entropy": scored.entropy}
        )
    n = scored.pilot.numel()
    error = float(scored.pilot.std(unbiased=True)) / math.sqrt(n) if n > 1 else math.inf
    source = (
        f"{n} draws of the model"
        if entropy == "samples"
        else f"{n} inliers (their cross-entropy, which is H only if they are draws of the model)"
    )
    negative = "; negative, as differential entropies may be" if scored.entropy < 0 else ""
    return Finding(
        ENTROPY, Status.INAPPLICABLE,
        f"H = {scored.entropy:.6g} nats from {source}, standard error {error:.2g}: an estimate, since log p is unbounded{negative}",
        {"entropy": scored.entropy, "standard_error": _number(error), "draws": n},
    )  # fmt: skip


def _follow(inside: Tensor, model: Model, fresh: Tensor | None) -> Finding:
    """log p of inliers against log p of draws of the model: one law, if inliers are draws of it."""
    if fresh is None:
        return Finding(
            FOLLOW,
            Status.INAPPLICABLE,
            "unchecked: no sampler was given, and the object has none; H may be a cross-entropy",
        )
    values = _values(model, inside, "inliers")
    statistic = ks_two_sample(values, fresh)
    verdict = kernel.judge(
        tested(statistic, Test.dkw_two_sample(values.numel(), fresh.numel()), resolves=1.0),
        route="statistical",
        alpha=LEVEL,
    )
    text = {
        Status.HOLDS: f"log p of {values.numel()} inliers and of {fresh.numel()} draws of the model cannot be told apart (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g})",
        Status.REFUTED: f"log p of inliers and of draws of the model differ (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g}): the inliers are not the model's draws, "
        "and its typical set is not theirs",
    }.get(
        verdict.status,
        f"too few inliers to tell (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g})",
    )
    return Finding(FOLLOW, verdict.status, text, {"statistic": statistic, "radius": verdict.bound})


# -- through the reader's bijection ------------------------------------------------------------------------------------------------


def _mine(
    model: Model, chosen: Through, around: tuple[Tensor, Tensor], away: Tensor | None, scored: _Scored
) -> Finding:
    """T_f = H_f + log p - log|det|, H_f from the same points as H: does |T| survive, and what becomes of the area?

    ``around`` are the points over which log|det| is averaged, and the inliers that are scored.
    """
    inside = chosen.log_det(around[1])
    outside = None if away is None else chosen.log_det(away)
    mean = float(chosen.log_det(around[0]).mean())
    image = _Scored(
        scored.pilot,
        scored.inliers - inside,
        None if outside is None else scored.outliers - outside,
        scored.entropy + mean,
        scored.batch,
    )
    pairs = [(scored.inliers, inside), *([] if outside is None else [(scored.outliers, outside)])]
    grouped = [tuple(measures.batch_means(part, scored.batch) for part in pair) for pair in pairs]
    everything, volume = (torch.cat([pair[k] for pair in grouped]) for k in (0, 1))
    finite = torch.isfinite(everything)
    change, typical = (volume - mean)[finite], (everything + scored.entropy)[finite]
    residual = torch.minimum(change.abs(), (change - 2 * typical).abs())
    units = 16 * (model.dim + 8) * max(model.precision, torch.finfo(change.dtype).eps)
    bound = Bound(
        {"rounding": units * (1 + volume[finite].abs() + typical.abs() + abs(mean))},
        "|T| survives where log|det| less its mean is 0 or 2T; each of the three is known to 16 (D + 8) units of rounding.",
        assumes=("log p and log|det| are computed to within 16 (D + 8) units of rounding",),
    )
    verdict = kernel.judge(measured(residual, bound, points=residual.numel(), resolves=1e-2), route="numeric")
    worst = int(residual.argmax())
    group = "points" if scored.batch == 1 else "batches"
    witness = { "T": float(typical[worst]), "T_after": float((typical - change)[worst]), "spread_of_log_det": float(change.std(unbiased=False)),
        "mean_log_det": mean, "largest_log_det": float(volume.max()), "least_log_det": float(volume.min()),
    }  # fmt: skip
    before, after = scored.area(), image.area()
    areas = ""
    if before is not None and after is not None:
        witness |= {"auroc": fraction(before.value), "auroc_after": fraction(after.value)}
        areas = f"; AUROC of |T| {float(before):.4f} before, {float(after):.4f} after"
    text = {
        Status.HOLDS: f"|T| is the same at {residual.numel()} {group}"
        + (
            ": log|det| is constant"
            if float(change.abs().max()) <= float(residual.max() + 1e-9 * (1 + abs(mean)))
            else ""
        ),
        Status.REFUTED: f"|T| changes: at one of the {group} T = {witness['T']:.3g} becomes {witness['T_after']:.3g} nats, for log|det| varies (deviation {witness['spread_of_log_det']:.3g})",
    }.get(verdict.status, verdict.why)
    return Finding(MINE, verdict.status, text + areas, witness)


# -- the report -------------------------------------------------------------------------------------------------------------------


def _unchecked(model: Model, entropy: Any) -> list[Finding]:
    """What the statements rest on and no number of evaluations can establish."""
    if entropy is None or isinstance(entropy, str):
        mass = Finding("unit mass", Status.INAPPLICABLE, "not needed: a constant in log p is in H as well, and cancels")
    else:
        mass = unit_mass(model)
        if mass.status is Status.REFUTED:
            mass = replace(
                mass, text=f"{mass.text.partition('. Orders')[0]}; H came from elsewhere, so that T is off by as much"
            )
    return [
        mass,
        Finding("integrability", Status.INAPPLICABLE, "unchecked: that log p and log|det| have finite means cannot be seen in finitely many points"),
        Finding("continuity", Status.INAPPLICABLE, "unchecked: log p is seen at the nodes of the quadrature alone; a gap, a jump or an atom between them goes unseen"),
    ]  # fmt: skip


def _report(
    subject: str, model: Model, findings: list[Finding], scored: _Scored, made: dict[str, Bijection]
) -> TypicalityReport:
    by_name = {finding.name: finding for finding in findings}
    held = [name for name in (UNIFORM_TITLE, REVERSED_TITLE) if by_name[name].status is Status.HOLDS]
    facts = {
        "D": model.dim, "event_shape": list(model.event_shape), "kind": model.kind, "notes": list(model.notes), "batch": scored.batch,
        "entropy_nats": scored.entropy, "variance_of_log_p": float(scored.pilot.var(unbiased=False)) if scored.pilot.numel() else None,
        "as_given": by_name[GIVEN].witness, "unchecked": [f.name for f in findings if f.text.startswith("unchecked")],
    }  # fmt: skip
    words = []
    if UNIFORM_TITLE in held:
        words.append("in one representation every point is exactly typical")
    if REVERSED_TITLE in held:
        words.append("in another T has the opposite sign and the same size")
    if MINE in by_name and by_name[MINE].status is Status.REFUTED:
        words.append("in yours |T| ranks the points differently, or by other amounts")
    if not words:
        meaning = "No bijection could be followed to the end on these points; the findings say why."
    else:
        meaning = f"The same model and the same points: {'; '.join(words)}. Typicality, like density, belongs to the coordinates as much as to the data."
    return TypicalityReport(
        "typicality", subject, findings, meaning, _next_step(findings), facts, bijections=made, model=model
    )


def _next_step(findings: list[Finding]) -> str:
    refuted = [f.name for f in findings if f.status is Status.REFUTED]
    if FOLLOW in refuted:
        return "H here is not the model's entropy: pass entropy='samples', or compare batches of inliers with batches of inliers only."
    if refuted and refuted != [MINE]:
        return f"Look at {next(name for name in refuted if name != MINE)!r} first: what was refuted there stands before any use of T."
    if any(f.status is Status.UNDECIDED for f in findings):
        return "Try another coordinate=, more evaluations= along the fibres, more points, or float64 weights."
    return "State the coordinates with every result of a typicality test; a ratio of two densities survives bijections (`preality show anomaly.invariance-principle`)."


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
