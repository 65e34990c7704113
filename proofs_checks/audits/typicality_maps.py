"""A model's points sent through two bijections made for the purpose: after one T vanishes, after the other it is -T."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics import typicality as measures
from numerics.detection import HALF, Auroc, AurocInterval, auroc, auroc_within
from numerics.random import Stream
from numerics.transports.hypotheses import HypothesisError
from proofs_checks import kernel
from proofs_checks.audits import Finding
from proofs_checks.audits.density_maps import COARSE, RESOLVES, Bijection, Frame, Once, build
from proofs_checks.audits.models import Model
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Status, Verdict, measured

UNIFORM, REVERSED = "uniformized", "reversed"
UNIFORM_TITLE, REVERSED_TITLE = "T after uniformization", "T after reversal"
TITLES = {UNIFORM: UNIFORM_TITLE, REVERSED: REVERSED_TITLE}
DOUBLINGS = 2  # of the cells along a fibre, for the points that are not resolved
OPEN_SHARE = Fraction(1, 100)  # of the pairs: where the errors leave more of them open, an area says little
SMOOTH = "log p is smooth enough along the fibre that three rules do not agree on a wrong slope"
ACCURATE = (
    "log p and its derivative along the fibre are computed to within 16 (D + 8) units of rounding of 1 + 2|log p|"
)


@dataclass(frozen=True)
class Data:
    """Inliers ``(N, D)`` and outliers with their log p in nats; ``batch`` consecutive points are scored together."""

    inliers: Tensor
    log_inliers: Tensor
    outliers: Tensor | None
    log_outliers: Tensor | None
    batch: int


@dataclass(frozen=True)
class _Sent:
    """log density of the images of some points, from the Jacobian of the map as evaluated, with its error (inf where there is trouble), and causes counted."""

    bijection: Bijection
    density: Tensor
    error: Tensor
    trouble: dict[str, int]
    verdict: Verdict


@dataclass(frozen=True)
class _Order:
    """What the two maps have in common: the model's log p, the points with their log p (``inside`` inliers first), cells and options."""

    log_prob: Once
    points: Tensor
    log_p: Tensor
    inside: int
    batch: int
    cells: int
    options: dict[str, Any]

    def built(self, name: str, cells: int) -> Bijection:
        """The bijection with so many cells along a fibre; its unit is chosen by some inliers and some outliers."""
        log_s = _zero if name == UNIFORM else lambda x: -self.log_prob(x)
        probe = torch.cat([self.points[:64], self.points[64:][-64:]])
        return build(name, (self.log_prob, log_s), probe, cells=cells, **self.options)

    def entered(self, rows: Tensor) -> Tensor:
        """Points in the map's coordinates."""
        return self.options["frame"].enter(self.points[rows])


def _zero(x: Tensor) -> Tensor:
    return torch.zeros_like(x[:, 0])


def sent_through(
    model: Model, data: Data, *, points: int, coordinate: int | None, cells: int, seed: int, tile: int
) -> tuple[list[Finding], dict[str, Bijection]]:
    """A finding for each of the two bijections, and the bijections."""

    def undecided(why: str) -> tuple[list[Finding], dict[str, Bijection]]:
        return [Finding(title, Status.UNDECIDED, why) for title in TITLES.values()], {}

    if not model.differentiable and not bool((data.log_inliers == data.log_inliers[0]).all()):
        return undecided(
            "log p carries no gradient with respect to the point, so that no Jacobian can be taken; compute it in torch with autograd on"
        )
    stream = Stream(seed, data.inliers.device)
    first = _some(data.inliers, data.log_inliers, points, data.batch, stream.fork("inliers"))
    second = (data.inliers[:0], data.log_inliers[:0])
    if data.outliers is not None and data.log_outliers is not None:
        second = _some(data.outliers, data.log_outliers, points, data.batch, stream.fork("outliers"))
        if second[0].shape[0] == 0:
            return undecided(
                "p is zero at the outliers (or at all but less than a batch of them), where no theorem about densities speaks"
            )
    x, log_p = (torch.cat(pair) for pair in zip(first, second, strict=True))
    frame = _frame(coordinate, model.points, x)
    options = {"frame": frame, "base": frame.centre, "tile": tile, "sampler": model.sampler}
    order = _Order(Once(model.log_prob), x, log_p, first[0].shape[0], data.batch, cells, options)
    findings, made = [], {}
    for name in TITLES:
        finding, bijection = _outcome(name, order)
        findings.append(finding)
        if bijection is not None:
            made[name] = bijection
    return findings, made


def _frame(coordinate: int | None, inliers: Tensor, sent: Tensor) -> Frame:
    """The coordinate to change, with the median and the spread of the inliers in it; of all coordinates that in which no point lies far out."""
    centre = inliers.median(0).values
    spread = (inliers - centre).abs().mean(0)
    if coordinate is None:
        coordinate = int(((sent - centre).abs() / spread).amax(0).nan_to_num(nan=math.inf).argmin())
    scale = float(spread[coordinate])
    return Frame(inliers.shape[1], coordinate, float(centre[coordinate]), scale if scale > 0 else 1.0)


def _some(x: Tensor, values: Tensor, points: int, batch: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """Random whole batches, of points of positive density, with their log p."""
    kept = torch.isfinite(values).nonzero()[:, 0]
    chosen = kept[stream.permutation(kept.numel())[: max(points, batch)]]
    chosen = chosen[: chosen.numel() // batch * batch]
    return x[chosen], values[chosen]


# -- sending -----------------------------------------------------------------------------------------------------------------


def _outcome(name: str, order: _Order) -> tuple[Finding, Bijection | None]:
    try:
        made = _sent(name, order)
    except HypothesisError as failed:
        return Finding(TITLES[name], Status.UNDECIDED, str(failed)), None
    except ValueError as refused:
        if isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None
    return _judged(name, made, order), made.bijection


def _sent(name: str, order: _Order) -> _Sent:
    """The points that are not resolved are sent once more with twice the cells: the same map, computed better."""
    bijection = order.built(name, order.cells)
    trouble = bijection.transport.inspect(order.options["frame"].enter(order.points)).trouble
    density, truncation = torch.zeros_like(order.log_p), torch.full_like(order.log_p, torch.inf)
    rounding = torch.zeros_like(order.log_p)
    rows = trouble.sound.nonzero()[:, 0]
    for doubling in range(DOUBLINGS + 1):
        if rows.numel():
            found = _density(name, order, rows, order.cells * 2**doubling)
            density[rows], truncation[rows], rounding[rows] = found
            rows = rows[~(truncation[rows] + rounding[rows] <= RESOLVES)]
    density, error = density + bijection.log_factor, truncation + rounding
    counts = dict(trouble.counts)
    flat = int((~torch.isfinite(error[rows])).sum())
    for cause, count in (("not injective", flat), (COARSE, rows.numel() - flat)):
        if count:
            counts[cause] = counts.get(cause, 0) + count
    resolved = error <= RESOLVES
    target = (0.0 if name == UNIFORM else -order.log_p) + bijection.log_factor
    bound = Bound(
        {"quadrature": truncation[resolved], "rounding": rounding[resolved]},
        "The map's derivative is its quadrature differentiated node by node; truncation by an embedded rule and by a rule of three quarters of the cells, never below the mean over the points; rounding by the absolute "
        "values of the terms.",
        estimated=("quadrature",), assumes=(SMOOTH, ACCURATE),
    )  # fmt: skip
    off = (density - target).abs()[resolved]
    evidence = measured(off, bound, points=off.numel(), resolves=RESOLVES, name="density of the images")
    verdict = kernel.judge(evidence, route="numeric")
    return _Sent(bijection, density, torch.where(resolved, error, torch.inf), counts, verdict)


def _density(name: str, order: _Order, rows: Tensor, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """log density of the images of some rows, less the map's log factor, with its estimated truncation and its rounding.

    It is log p less log of the slope of the coordinate as computed; units of the map, which differ between rules, are taken out.
    """
    logs, slopes, nodes = [], [], 0
    for count in (cells, cells - max(1, cells // 4) if cells > 1 else 2):
        transport = order.built(name, count).transport
        nodes = nodes or len(transport.rule)
        slopes.append(transport.slope(order.entered(rows)))
        logs.append(torch.where(slopes[-1].value > 0, slopes[-1].value, torch.nan).log() + transport.log_unit)
    truncation, rounding = measures.log_slope_error(slopes[0], order.points.shape[1], nodes)
    apart = torch.maximum(truncation, (logs[0] - logs[1]).abs()).nan_to_num(nan=torch.inf)
    usual = apart[apart <= RESOLVES]  # rules may agree by chance at a point: no estimate is taken below the mean of all
    apart = apart.clamp_min(float(usual.mean()) if usual.numel() else 0.0)
    return (order.log_p[rows] - logs[0]).nan_to_num(nan=0.0), apart, rounding


# -- judging -----------------------------------------------------------------------------------------------------------------


def _judged(name: str, made: _Sent, order: _Order) -> Finding:
    """The densities of the images were judged point by point; here what they make of T, about the mean of the inliers that were sent."""
    title, size = TITLES[name], order.log_p.numel()
    if made.verdict.status is Status.REFUTED:
        why = (
            f"the map could not be computed well enough: {made.verdict.why} log p seems to jump or to bend sharply between the nodes; more evaluations= along the fibres, or "
            "another coordinate=, may help"
        )
        return Finding(title, Status.UNDECIDED, why, {"trouble": made.trouble})
    if made.trouble or made.verdict.status is not Status.HOLDS:
        causes = ", ".join(f"{cause}: {count}" for cause, count in made.trouble.items()) or made.verdict.why
        rest = "; the others do as the theorem says" if made.verdict.status is Status.HOLDS else ""
        lost = int(torch.isinf(made.error).sum())
        text = f"{lost} of {size} points cannot be followed in floating point ({causes}){rest}"
        return Finding(title, Status.UNDECIDED, text, {"trouble": made.trouble})
    worst = float(made.error.max())
    after, before = (_typicalities(values, order) for values in (made.density, order.log_p))
    witness: dict[str, Any] = {"points": size, "worst_error_nats": worst, "log_factor": made.bijection.log_factor}
    if name == UNIFORM:
        witness["largest_abs_T"] = largest = float(torch.cat(after).abs().max())
        text = f"T = 0 at {size} images, to within the error of the map (|T| at most {largest:.1g} nats, error {worst:.1g})"
        if after[1].numel():
            witness["auroc"] = fraction(HALF)
            text += ": every pair ties, and AUROC is exactly 1/2"
        return Finding(title, Status.HOLDS, text, witness)
    witness["largest_sum_of_T"] = largest = float((torch.cat(after) + torch.cat(before)).abs().max())
    text = f"T becomes -T at {size} images (the sum is at most {largest:.1g} nats, error {worst:.1g})"
    if not after[1].numel():
        return Finding(title, Status.HOLDS, text, witness)
    return _area_kept(text, witness, auroc(-before[0].abs(), -before[1].abs()), _within(made, before, after, order))


def _area_kept(text: str, witness: dict[str, Any], old: Auroc, within: AurocInterval) -> Finding:
    witness |= {
        "auroc": fraction(old.value), "recovered": [float(end) for end in within.between()], "open_pairs": within.open, "pairs": within.pairs,
    }  # fmt: skip
    if old.value not in within:
        why = f"{text}, yet AUROC of |T| {float(old):.6f} lies outside what the densities of the images allow"
        return Finding(REVERSED_TITLE, Status.REFUTED, why, witness)
    kept = f"{text}: |T| keeps its AUROC, {float(old):.4f} with H from these points ({within.open} of {within.pairs} pairs are closer than the errors)"
    status = Status.HOLDS if within.width <= OPEN_SHARE else Status.UNDECIDED
    return Finding(REVERSED_TITLE, status, kept, witness)


def _typicalities(values: Tensor, order: _Order) -> tuple[Tensor, Tensor]:
    """T of inliers and outliers about the mean over the inliers, point by point or batch by batch."""
    first, second = values[: order.inside], values[order.inside :]
    entropy = -first.mean()
    scored = measures.typicality(second, entropy, batch=order.batch) if second.numel() else second
    return measures.typicality(first, entropy, batch=order.batch), scored


def _within(made: _Sent, before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor], order: _Order) -> AurocInterval:
    """Areas that the errors of the densities, and of their mean, allow; where T was equal before, -T is equal after."""
    first, second = made.error[: order.inside], made.error[order.inside :]
    errors = [measures.batch_means(part, order.batch) + first.mean() for part in (first, second)]
    labels = torch.unique(torch.cat(before), return_inverse=True)[1].split([part.numel() for part in before])
    return auroc_within(-after[0].abs(), -after[1].abs(), errors[0], errors[1], labels=(labels[0], labels[1]))


def fraction(value: Fraction) -> dict[str, Any]:
    """An exact area as JSON data."""
    return {"value": float(value), "fraction": str(value)}
