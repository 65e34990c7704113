"""A model's points sent through two bijections made for the purpose: after one T
vanishes, after the other it is -T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection import typicality as measures
from numerics.detection.roc import HALF, Auroc, AurocInterval, auroc, auroc_within
from numerics.streams import Stream
from numerics.transports.domain import HypothesisError
from proofs_checks import kernel
from proofs_checks.audits.budget import Budget
from proofs_checks.audits.density.cached_density import Remembered
from proofs_checks.audits.density.maps import RESOLVES, Bijection, Frame, Once, Representation, build, refine
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.densities import Model
from proofs_checks.kernel import Bound, Status, Verdict, measured

UNIFORM, REVERSED = "uniformized", "reversed"
UNIFORM_TITLE, REVERSED_TITLE = "T after uniformization", "T after reversal"
TITLES = {UNIFORM: UNIFORM_TITLE, REVERSED: REVERSED_TITLE}
OPEN_SHARE = Fraction(1, 100)  # of the pairs: where the errors leave more of them open, an area says little


@dataclass(frozen=True)
class Data:
    """Inliers ``(N, D)`` and outliers with their log p in nats; ``batch``
    consecutive points are scored together.
    """

    inliers: Tensor
    log_inliers: Tensor
    outliers: Tensor | None
    log_outliers: Tensor | None
    batch: int


@dataclass(frozen=True)
class _Order:
    """What the two maps have in common: the model's log p, the points with their log
    p (``inside`` inliers first), time and options.
    """

    log_prob: Once
    points: Tensor
    log_p: Tensor
    inside: int
    batch: int
    budget: Budget
    options: dict[str, Any]

    def follow(self, name: str) -> Representation:
        """The points sent through the bijection of that name, and back."""
        log_s = _zero if name == UNIFORM else lambda x: -self.log_prob(x)
        bijection = build(name, (self.log_prob, log_s), self.points, **self.options)
        data = self.points[: self.inside], self.points[self.inside :]
        return refine(
            bijection,
            data,
            lambda u, v: HALF,  # the area here is that of |T|
            lambda made: _judged(name, made, self).status is Status.HOLDS,
            self.budget,
        )


def _zero(x: Tensor) -> Tensor:
    return torch.zeros_like(x[:, 0])


def sent_through(
    model: Model, data: Data, *, points: int, coordinate: int | None, budget: Budget, seed: int, tile: int
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
    per_batch = max(15, tile // model.dim)
    options = {
        "frame": frame,
        "base": frame.centre,
        "tile": per_batch,
        "sampler": model.sampler,
        "precision": model.precision,
    }
    order = _Order(Once(Remembered(model.log_prob)), x, log_p, first[0].shape[0], data.batch, budget, options)
    findings, made = [], {}
    for name in TITLES:
        finding, bijection = _outcome(name, order)
        findings.append(finding)
        if bijection is not None:
            made[name] = bijection
    return findings, made


def _frame(coordinate: int | None, inliers: Tensor, sent: Tensor) -> Frame:
    """The coordinate to change, with the median and the spread of the inliers in it;
    of all coordinates that in which no point lies far out.
    """
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
        made = order.follow(name)
    except HypothesisError as failed:
        return Finding(TITLES[name], Status.UNDECIDED, str(failed)), None
    except ValueError as refused:
        if isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None
    return _judged(name, made, order), made.bijection


# -- judging -----------------------------------------------------------------------------------------------------------------


def _judged(name: str, made: Representation, order: _Order) -> Finding:
    """The densities of the images were judged point by point; here what they make of
    T, about the mean of the inliers that were sent.
    """
    title, size = TITLES[name], order.log_p.numel()
    error = torch.cat([made.inlier_errors, made.outlier_errors])
    if made.verdict.status is Status.REFUTED or (not made.trouble and made.verdict.status is not Status.HOLDS):
        why = (
            f"the map could not be computed well enough: {made.verdict.why} Either log p jumps or bends sharply between the nodes, or it has lost its digits; more seconds=, "
            "another coordinate=, or log p in float64 may help"
        )
        return Finding(title, Status.UNDECIDED, why, {"trouble": made.trouble})
    if made.trouble:
        causes = ", ".join(f"{cause}: {count}" for cause, count in made.trouble.items())
        rest = "; the others do as the theorem says" if made.verdict.status is Status.HOLDS else ""
        lost = int((~(error <= RESOLVES)).sum())
        text = f"{lost} of {size} points cannot be followed in floating point ({causes}){rest}"
        return Finding(title, Status.UNDECIDED, text, {"trouble": made.trouble})
    worst = float(error.max())
    density = torch.cat([made.inliers, made.outliers])
    after, before = (_typicalities(values, order) for values in (density, order.log_p))
    witness: dict[str, Any] = {
        "T_of_images": {"inliers": quantiles(after[0]), "outliers": quantiles(after[1])},
        "points": size,
        "worst_error_nats": worst,
        "log_factor": made.bijection.log_factor,
    }
    left = [abs(then + (0 if name == UNIFORM else now)) for then, now in zip(after, before, strict=True)]
    judged = _left(left, error, order, abs(made.bijection.log_factor))
    if not judged.holds:
        why = f"T is not what the theorem says at {size} images: {judged.why}"
        return Finding(title, judged.status, why, witness)
    largest = float(torch.cat(left).max())
    if name == UNIFORM:
        witness["largest_abs_T"] = largest
        text = f"T = 0 at {size} images, to within the error of the map (|T| at most {largest:.1g} nats, error {worst:.1g})"
        if after[1].numel():
            witness["auroc"] = fraction(HALF)
            text += ": every pair ties, and AUROC is exactly 1/2"
        return Finding(title, Status.HOLDS, text, witness)
    witness["largest_sum_of_T"] = largest
    text = f"T becomes -T at {size} images (the sum is at most {largest:.1g} nats, error {worst:.1g})"
    if not after[1].numel():
        return Finding(title, Status.HOLDS, text, witness)
    return _area_kept(text, witness, auroc(-before[0].abs(), -before[1].abs()), _within(error, before, after, order))


def _left(left: list[Tensor], error: Tensor, order: _Order, log_factor: float) -> Verdict:
    """|T| after uniformization, or |T + T_f| after reversal, which both vanish in
    theory, against the errors of the densities and of their mean.
    """
    size = 1 + log_factor + order.log_p.abs().amax()
    bound = Bound(
        {
            "densities": torch.cat(_blurred(error, order)),
            "rounding": 8 * torch.finfo(error.dtype).eps * order.log_p.numel() * size,
        },
        "T is a density's logarithm, or the mean of a batch of them, less its mean over the inliers; each errs by at most its own error, and means sum N terms.",
        estimated=("densities",),
    )
    return kernel.judge(
        measured(torch.cat(left), bound, points=order.log_p.numel(), resolves=2 * RESOLVES), route="numeric"
    )


def _blurred(error: Tensor, order: _Order) -> tuple[Tensor, Tensor]:
    """Errors of T of inliers and of outliers, point by point or batch by batch:
    their densities' and that of the mean.
    """
    first, second = error[: order.inside], error[order.inside :]
    inside = measures.batch_means(first, order.batch) + first.mean()
    return inside, measures.batch_means(second, order.batch) + first.mean() if second.numel() else second


def _area_kept(text: str, witness: dict[str, Any], old: Auroc, within: AurocInterval) -> Finding:
    witness |= {
        "auroc": fraction(old.value), "recovered": [float(end) for end in within.between()], "open_pairs": within.open, "pairs": within.pairs,
    }  # fmt: skip
    if old.value not in within:
        why = f"{text}, yet AUROC of |T| {float(old):.6f} lies outside what the densities of the images allow"
        return Finding(REVERSED_TITLE, Status.REFUTED, why, witness)
    kept = f"{text}: |T| keeps its AUROC, {float(old):.4f} (inliers having the smaller |T|) with H from these points ({within.open} of {within.pairs} pairs are closer than the errors)"
    status = Status.HOLDS if within.width <= OPEN_SHARE else Status.UNDECIDED
    return Finding(REVERSED_TITLE, status, kept, witness)


def _typicalities(values: Tensor, order: _Order) -> tuple[Tensor, Tensor]:
    """T of inliers and outliers about the mean over the inliers, point by point or
    batch by batch.
    """
    first, second = values[: order.inside], values[order.inside :]
    entropy = -first.mean()
    scored = measures.typicality(second, entropy, batch=order.batch) if second.numel() else second
    return measures.typicality(first, entropy, batch=order.batch), scored


def _within(error: Tensor, before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor], order: _Order) -> AurocInterval:
    """Areas that the errors of the densities, and of their mean, allow; where T was
    equal before, -T is equal after.
    """
    errors = _blurred(error, order)
    labels = torch.unique(torch.cat(before), return_inverse=True)[1].split([part.numel() for part in before])
    return auroc_within(-after[0].abs(), -after[1].abs(), errors[0], errors[1], labels=(labels[0], labels[1]))


def fraction(value: Fraction) -> dict[str, Any]:
    """An exact area as JSON data."""
    return {"value": float(value), "fraction": str(value)}


def quantiles(values: Tensor, count: int = 48) -> list[float]:
    """The finite values in order, thinned to ``count``, for a picture."""
    ordered = torch.sort(values[torch.isfinite(values)]).values
    if not ordered.numel():
        return []
    places = torch.linspace(0, ordered.numel() - 1, min(count, ordered.numel())).round().long()
    return [float(f"{x:.6g}") for x in ordered[places.to(ordered.device)].tolist()]
