"""The audit of a density model as an outlier detector: which areas under the ROC curve bijections of the data can give it. All of them.

Le Lan & Dinh (2021) made into an instrument: around one trained model, without touching it, bijections are built after which the density of the same law
is constant, reversed, or any continuous positive score that the reader names. Each is evaluated, inverted and differentiated as a map, and the density is
recovered from the images alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection import HALF, auroc
from numerics.random import Stream
from numerics.transports.hypotheses import HypothesisError
from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.density_checks import (
    atoms,
    change_of_variables,
    read_sampler,
    samples_follow,
    unit_mass,
)
from proofs_checks.audits.density_maps import (
    CELL,
    RESOLVES,
    Bijection,
    Frame,
    Once,
    Representation,
    build,
    followed,
)
from proofs_checks.audits.equivariance_actions import CALL_ERRORS
from proofs_checks.audits.models import Model, read_density
from proofs_checks.audits.reading import short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

UNIFORM, REVERSED = "uniformized", "reversed"
OPEN_SHARE = Fraction(1, 100)  # of the pairs: where the errors leave more of them open, an area says little
BINS = 24
TRIED = 16  # coordinates, when the audit chooses one
LogFunction = Callable[[Tensor], Tensor]


@dataclass
class DensityReport(AuditReport):
    """An :class:`AuditReport` with the bijections as objects.

    Args:
        bijections: By name: ``uniformized``, ``reversed``, and the reader's scores. Each has ``forward``, ``inverse``, ``log_det``,
            ``log_density`` and ``sample``.
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
    points: int = 256,
    evaluations: int = 63,
    seed: int = 0,
    tile: int = 1 << 16,
    subject: str = "",
) -> DensityReport:
    """Audit a density model as an outlier detector.

    Args:
        log_prob: The model: a function from a batch ``(N, *event)`` to log p ``(N,)`` in nats, a torch module, a torch distribution, or a flow that
            returns a distribution when called.
        inliers: Points from the law that the model is of, shape ``(N, *event)``.
        outliers: Points from anywhere else, same event shape.
        score: A score to realise as a density: a function from a batch to **log s**, ``(N,)``, continuous and finite; or a dict of them by name. The order of
            an unbounded score is that of its exponential, so it may be given as it is.
        sampler: From n to n draws of the model, when the object cannot draw them itself.
        base: The base point of the fibres: a number, a continuous function from the other coordinates ``(N, D - 1)`` to ``(N,)``, or ``"median"``: of the
            inliers' coordinate.
        coordinate: Which of the D flattened coordinates the bijections change; when left out, one along which no point lies deep in the tail of p.
        points: At most this many inliers and outliers are audited, drawn at random.
        evaluations: Of p along a fibre, in cells of nine; doubled up to three times where some points are not resolved.
        tile: Numbers held at once, which bounds memory.
        subject: What to call the model.
    Raises:
        InputError: the model, the points or the score cannot be read; the message names the hypothesis that failed and the next step.
    """
    model = read_density(log_prob, inliers)
    data = _audited(model, model.points, model.read(outliers, "outliers"), points, seed)
    given = _log_densities(model, data)
    draws = read_sampler(model, sampler)
    named = _scores(model, score, data)
    checks = [
        *model.findings,
        atoms(model.points),
        unit_mass(model),
        change_of_variables(model, data[0]),
        *([samples_follow(model, draws, seed)] if draws is not None else [_no_sampler()]),
    ]
    _refuse_detached(model)
    area = auroc(*given)
    shared = Once(model.log_prob)
    wanted: dict[str, tuple[LogFunction, Callable[[Tensor, Tensor], Fraction]]] = {
        UNIFORM: (lambda x: torch.zeros_like(x[:, 0]), lambda u, v: HALF),
        REVERSED: (lambda x: -shared(x), lambda u, v: 1 - area.value),
        **{name: (log_s, lambda u, v: auroc(u, v).value) for name, log_s in named.items()},
    }
    options = {"cells": _cells(evaluations)}
    frame = _frame(coordinate, model, data)
    options["map"] = {
        "frame": frame,
        "base": _base(base, frame),
        "tile": _tile(tile),
        "sampler": draws,
    }
    outcomes = {name: _outcome(name, (shared, *pair), data, options) for name, pair in wanted.items()}
    findings = [_as_given(area, given), *(finding for _, finding in outcomes.values()), *checks, *_unchecked(model)]
    found = {name: made for name, (made, _) in outcomes.items() if made is not None}
    return _report(subject or model.kind, model, findings, found, given)


# -- reading ----------------------------------------------------------------------------------------------------------------


def _audited(model: Model, inliers: Tensor, outliers: Tensor, points: int, seed: int) -> tuple[Tensor, Tensor]:
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise InputError(f"Expected in points how many inliers and outliers to audit, at least 2, got {short(points)}.")
    stream = Stream(seed, model.points.device)

    def some(x: Tensor, label: str) -> Tensor:
        return x if x.shape[0] <= points else x[stream.fork(label).permutation(x.shape[0])[:points]]

    return some(inliers, "inliers"), some(outliers, "outliers")


def _log_densities(model: Model, data: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    found = []
    for name, x in zip(("inliers", "outliers"), data, strict=True):
        with torch.no_grad():
            try:
                value = torch.cat([model.log_prob(part) for part in x.split(1 << 12)])
            except InputError:
                raise
            except CALL_ERRORS as error:  # the reader's own code: told, not swallowed
                line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
                raise InputError(f"log_prob raised {type(error).__name__} on the {name}: {line}") from error
        bad = torch.isnan(value) | (value == torch.inf)
        if bool(bad.any()):
            raise InputError(
                f"log p is NaN or +inf at {int(bad.sum())} of {value.numel()} {name}, first in row {int(bad.nonzero()[0])}: there is no density there."
            )
        found.append(value)
    if bool((found[0] == -torch.inf).all()):
        raise InputError(
            "log p is -inf at every inlier: the inliers lie outside the support of the model. Is a preprocessing step missing?"
        )
    return found[0], found[1]


def _scores(model: Model, score: Any, data: tuple[Tensor, Tensor]) -> dict[str, LogFunction]:
    if score is None:
        return {}
    if not isinstance(score, Mapping):
        score = {"score": score}
    found = {}
    for name, function in score.items():
        if not isinstance(name, str) or name in (UNIFORM, REVERSED):
            raise InputError(
                f"Expected names of scores as text other than {UNIFORM!r} and {REVERSED!r}, got {short(name)}."
            )
        read = read_density(function, data[0].reshape(data[0].shape[0], *model.event_shape), what=f"the score {name!r}")
        values = torch.cat([read.log_prob(x.to(read.dtype)).detach() for x in data])
        bad = ~torch.isfinite(values)
        if bool(bad.any()):
            at = int(bad.nonzero()[0])
            raise InputError(
                f"The score {name!r} is {values[at].item()} at {int(bad.sum())} of {values.numel()} points. It is read as log s, and the theorem needs "
                "0 < s < inf: a score that vanishes has log s = -inf there. Add a positive constant to s, or give another score."
            )
        if read.dtype != model.dtype:
            raise InputError(
                f"The score {name!r} works in {read.dtype} and the model in {model.dtype}; give both one precision, best float64."
            )
        found[name] = read.log_prob
    return found


def _refuse_detached(model: Model) -> None:
    if not model.differentiable:
        with torch.no_grad():
            values = model.log_prob(model.points)
        if bool((values != values[0]).any()):
            raise InputError(
                "log p carries no gradient with respect to the point (detached, under no_grad, or computed outside torch), so the Jacobian of a map built from it "
                "cannot be taken. Compute it in torch with autograd on."
            )


def _frame(coordinate: Any, model: Model, data: tuple[Tensor, Tensor]) -> Frame:
    """The coordinate to change, with the median and the spread of the inliers in it."""
    inliers, dim = data[0], model.dim
    centre = inliers.median(0).values
    spread = (inliers - centre).abs().mean(0)
    if coordinate is None:
        farthest = ((torch.cat(data) - centre).abs() / spread).amax(0).nan_to_num(nan=math.inf)
        nearest = [int(k) for k in farthest.argsort()[:TRIED]]
        coordinate = min(nearest, key=lambda k: _deepest(model, torch.cat(data), k, float(centre[k])))
    if isinstance(coordinate, bool) or not isinstance(coordinate, int) or not 0 <= coordinate < dim:
        raise InputError(f"Expected in coordinate one of 0..{dim - 1}, or None, got {short(coordinate)}.")
    scale = float(spread[coordinate])
    return Frame(dim, coordinate, float(centre[coordinate]), scale if scale > 0 else 1.0)


def _deepest(model: Model, x: Tensor, k: int, centre: float) -> float:
    """How far log p falls, from its largest value between the median and a point to the point itself, at the worst point."""
    steps = torch.linspace(0, 1, 9, dtype=x.dtype, device=x.device)
    between = x[:, None].repeat(1, steps.numel(), 1)
    between[:, :, k] = centre + steps * (x[:, k : k + 1] - centre)
    with torch.no_grad():
        log_p = model.log_prob(between.view(-1, model.dim)).view(x.shape[0], -1)
    return float((log_p.amax(1) - log_p[:, -1]).nan_to_num(nan=0.0).amax())


def _base(base: Any, frame: Frame) -> float | LogFunction:
    if isinstance(base, str) and base == "median":
        return frame.centre
    if callable(base):
        return base
    if isinstance(base, (int, float)) and not isinstance(base, bool) and abs(base) < math.inf:
        return float(base)
    raise InputError(
        f'Expected in base a finite number inside the fibres, a function from the other coordinates to one, or "median", got {short(base)}. '
        "A base point at infinity makes the map infinite for some densities."
    )


def _tile(tile: Any) -> int:
    if isinstance(tile, bool) or not isinstance(tile, int) or tile < 1:
        raise InputError(f"Expected in tile how many numbers may be held at once, at least 1, got {short(tile)}.")
    return tile


def _cells(evaluations: Any) -> int:
    least = len(CELL)
    if isinstance(evaluations, bool) or not isinstance(evaluations, int) or not least <= evaluations <= 4095:
        raise InputError(
            f"Expected in evaluations how often p may be evaluated along a fibre, {least} to 4095 times, got {short(evaluations)}."
        )
    return evaluations // least


# -- findings ---------------------------------------------------------------------------------------------------------------


def _title(name: str) -> str:
    return name if name in (UNIFORM, REVERSED) else f"score {name}"


def _outcome(
    name: str,
    functions: tuple[LogFunction, LogFunction, Callable[[Tensor, Tensor], Fraction]],
    data: tuple[Tensor, Tensor],
    options: dict[str, Any],
) -> tuple[Representation | None, Finding]:
    title, probe = _title(name), torch.cat(data)
    *pair, aim = functions
    try:
        made = followed(
            lambda cells: build(name, tuple(pair), probe, cells=cells, **options["map"]),
            data,
            aim,
            options["cells"],
            lambda made: _judged(title, name, made).status is Status.HOLDS,
        )
    except HypothesisError as failed:
        return None, Finding(title, Status.UNDECIDED, str(failed))
    except ValueError as refused:
        if isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None
    return made, _judged(title, name, made)


def _judged(title: str, name: str, made: Representation) -> Finding:
    within, size = made.within, made.inliers.numel() + made.outliers.numel()
    as_computed = made.area.value
    low, high = (float(end) for end in within.between())
    witness = {
        "auroc": _fraction(made.aim),
        "recovered": {
            "auroc": _fraction(as_computed),
            "low": low,
            "high": high,
            "open_pairs": within.open,
            "pairs": within.pairs,
        },
        "trouble": made.trouble,
        "worst_error_nats": _finite(torch.cat([made.inlier_errors, made.outlier_errors]).max()),
        "log_factor": made.bijection.log_factor,
    }
    if made.trouble:
        causes = ", ".join(f"{cause}: {count}" for cause, count in made.trouble.items())
        lost = int((torch.cat([made.inlier_errors, made.outlier_errors]) > RESOLVES).sum())
        text = f"{lost} of {size} points cannot be sent there and back in floating point ({causes}); the others leave an AUROC in [{low:.4f}, {high:.4f}]"
        return Finding(title, Status.UNDECIDED, text, witness)
    if made.verdict.status is not Status.HOLDS:
        why = f"the density recovered from the images is not shown to be the score: {made.verdict.why}"
        if made.verdict.status is Status.REFUTED:
            why += " Its error was estimated for p and s that are smooth along the fibre: either they jump or oscillate between the nodes, or log p has lost its digits"
        return Finding(title, Status.UNDECIDED, why, witness)
    if made.aim not in within:
        text = f"AUROC {float(as_computed):.6f} from the recovered density, where {float(made.aim):.6f} was promised and the errors allow [{low:.6f}, {high:.6f}]"
        return Finding(title, Status.REFUTED, text, witness)
    worst = float(torch.cat([made.inlier_errors, made.outlier_errors]).max())
    found = "; as halving the cells tells" if made.kinked else ""
    if name == UNIFORM:
        text = f"AUROC 1/2: the density recovered from {size} images is one constant to within its error (at most {worst:.1g} nats{found}), so all pairs are ties"
        return Finding(title, Status.HOLDS, text, witness)
    promise = f"1 - {float(1 - made.aim):.4f}" if name == REVERSED else "that of the score"
    if as_computed == made.aim:
        text = f"AUROC {float(made.aim):.4f}, exactly {promise}, from the density recovered from {size} images (error at most {worst:.1g} nats{found}; {within.open} of {within.pairs} pairs closer than that)"
        return Finding(title, Status.HOLDS, text, witness)
    text = f"AUROC {float(made.aim):.4f}, {promise}, up to the {within.open} of {within.pairs} pairs that the errors leave open (recovered: {float(as_computed):.6f})"
    status = Status.HOLDS if within.width <= OPEN_SHARE else Status.UNDECIDED
    return Finding(title, status, text, witness)


def _as_given(area: Any, given: tuple[Tensor, Tensor]) -> Finding:
    typical = _typicality(given)
    text = f"AUROC of log p {float(area):.4f}, of the typicality test {float(typical):.4f} ({given[0].numel()} inliers, {given[1].numel()} outliers, ties one half)"
    if zero := int(sum((part == -torch.inf).sum() for part in given)):
        text += f"; p is zero at {zero} points, where the theorem says nothing"
    return Finding("as given", Status.HOLDS, text, {"auroc": _fraction(area.value), "pairs": area.pairs})


def _typicality(given: tuple[Tensor, Tensor]) -> Any:
    """AUROC of -|H + log p|, H the mean of -log p over the inliers."""
    finite = given[0][torch.isfinite(given[0])]
    entropy = -finite.mean()
    return auroc(*(-(entropy + part).abs() for part in given))


def _no_sampler() -> Finding:
    return Finding(
        "samples follow log p", Status.INAPPLICABLE, "unchecked: no sampler was given, and the object has none"
    )


def _unchecked(model: Model) -> list[Finding]:
    """Hypotheses of the theorem that no number of evaluations can establish for a black box."""
    return [
        Finding(
            "continuity",
            Status.INAPPLICABLE,
            "unchecked: p and s are seen at the nodes of the quadrature alone; a gap, a jump, a pole or an atom of the model between them goes unseen",
        ),
        Finding(
            "bijectivity elsewhere",
            Status.INAPPLICABLE,
            "unchecked beyond the audited points: there it follows from p, s > 0 on fibres that are intervals",
        ),
    ]


# -- the report ---------------------------------------------------------------------------------------------------------------


def _report(
    subject: str,
    model: Model,
    findings: list[Finding],
    found: dict[str, Representation],
    given: tuple[Tensor, Tensor],
) -> DensityReport:
    area = auroc(*given).value
    typical = _typicality(given).value
    rows = [
        {"name": "as given", "auroc": _fraction(area), "typicality": _fraction(typical), "histogram": histogram(*given)}
    ]
    for name, made in found.items():
        both = made.typicality
        rows.append({
            "name": name, "auroc": _fraction(made.aim), "recovered": _fraction(made.area.value), "open_pairs": made.within.open,
            "typicality": _fraction(both.middle), "typicality_open_pairs": both.open, "trouble": made.trouble,
            "evaluations_a_point": len(made.bijection.transport.rule), "histogram": histogram(made.inliers, made.outliers),
        })  # fmt: skip
    held = [name for name, made in found.items() if _status(findings, name) is Status.HOLDS]
    unchecked = [finding.name for finding in findings if finding.text.startswith("unchecked")]
    facts = {
        "D": model.dim,
        "event_shape": list(model.event_shape),
        "inliers": given[0].numel(),
        "outliers": given[1].numel(),
        "kind": model.kind,
        "notes": list(model.notes),
        "representations": rows,
        "unchecked": unchecked,
    }
    meaning = (
        f"The same model and the same points, sent through a bijection that has an inverse, give an AUROC of {_listed(found, held, area)}. "
        "What the density ranks is a choice of coordinates; information it is not."
        if held
        else "No bijection could be followed to the end on these points; the findings say why."
    )
    step = _next_step(findings)
    bijections = {name: made.bijection for name, made in found.items()}
    return DensityReport("density", subject, findings, meaning, step, facts, bijections=bijections, model=model)


def _status(findings: list[Finding], name: str) -> Status:
    return next(f.status for f in findings if f.name == _title(name))


def _listed(found: dict[str, Representation], held: list[str], area: Fraction) -> str:
    values = [f"{float(area):.4g} as given", *(f"{float(found[name].aim):.4g} {name}" for name in held)]
    return ", ".join(values[:-1]) + (" and " if len(values) > 1 else "") + values[-1]


def _next_step(findings: list[Finding]) -> str:
    worst = {f.status for f in findings}
    if Status.REFUTED in worst:
        name = next(f.name for f in findings if f.status is Status.REFUTED)
        return f"Look at {name!r} first: what was refuted there stands before any use of log p."
    if Status.UNDECIDED in worst:
        return "Try another coordinate= or base= (nearer to the points), more evaluations= along the fibres, or float64 weights."
    return (
        "Report with every AUROC of a density the coordinates it was computed in; for a ranking that survives bijections use a ratio of two densities "
        "(`preality show anomaly.invariance-principle`)."
    )


def histogram(inliers: Tensor, outliers: Tensor) -> dict[str, Any]:
    """Counts of log densities over common bins, for a figure; constant ones get one bin a nat wide."""
    both = torch.cat([inliers, outliers])
    both = both[torch.isfinite(both)].cpu()
    low, high = (float(both.min()), float(both.max())) if both.numel() else (0.0, 0.0)
    if high - low < 1e-3:
        low, high = (low + high) / 2 - 0.5, (low + high) / 2 + 0.5
    counts = [
        torch.histc(part[torch.isfinite(part)].cpu(), BINS, low, high).int().tolist() for part in (inliers, outliers)
    ]
    return {"low": low, "high": high, "inliers": counts[0], "outliers": counts[1]}


def _fraction(value: Fraction) -> dict[str, Any]:
    return {"value": float(value), "exact": f"{value.numerator}/{value.denominator}"}


def _finite(value: Tensor) -> float | None:
    return float(value) if bool(torch.isfinite(value)) else None


def figure(facts: dict[str, Any]) -> Any:
    """Log densities of inliers and outliers in each representation, with the area: one row each, from a report's ``facts``."""
    from matplotlib.figure import Figure

    rows = facts["representations"]
    drawn = Figure(figsize=(6.4, 0.55 + 0.62 * len(rows)))
    for k, row in enumerate(rows):
        axes = drawn.add_subplot(len(rows), 1, k + 1)
        bars = row["histogram"]
        width = (bars["high"] - bars["low"]) / len(bars["inliers"])
        edges = [bars["low"] + width * j for j in range(len(bars["inliers"]) + 1)]
        axes.stairs(bars["inliers"], edges, color="#1f77b4", fill=True, alpha=0.55, label="inliers")
        axes.stairs([-c for c in bars["outliers"]], edges, color="#d62728", fill=True, alpha=0.55, label="outliers")
        axes.axhline(0, color="0.3", linewidth=0.5)
        axes.set_yticks([])
        axes.tick_params(labelsize=6, pad=1)
        axes.set_ylabel(f"{row['name']}\n{row['auroc']['value']:.3g}", rotation=0, ha="right", va="center", fontsize=7)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        if k == 0:
            axes.legend(fontsize=6, frameon=False, ncols=2, loc="upper left")
            axes.set_title("log density of the same points under bijections of the data, and its AUROC", fontsize=8)
    drawn.tight_layout(h_pad=0.2)
    return drawn
