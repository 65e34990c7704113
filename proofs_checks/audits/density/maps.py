"""Bijections of a user's data under which their model has another density, and what
that density says about their outliers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.detection.roc import Auroc, AurocInterval, auroc, auroc_within
from numerics.distributions.charts import Chart
from numerics.transports import adaptive_score as recovery
from numerics.transports.adaptive_score import AdaptiveScore, Followed
from proofs_checks import kernel
from proofs_checks.audits.budget import Budget
from proofs_checks.audits.density.bijection import Bijection, Frame, LogFunction
from proofs_checks.kernel import Status, Verdict, measured

__all__ = [
    "ASTRAY",
    "RESOLVES",
    "REVERSED",
    "TOLERANCES",
    "UNIFORM",
    "Bijection",
    "Frame",
    "LogFunction",
    "Once",
    "Representation",
    "build",
    "refine",
    "represent",
]  # fmt: skip

UNIFORM, REVERSED = "uniformized", "reversed"
COARSE = "not resolved"
ASTRAY = 0.1  # of the points: a fault of the map shows at many, a kink that no node saw at one
RESOLVES = 0.05  # nats: a recovered density that may be off by more says little about an order
TOLERANCES = (
    1e-3,
    1e-4,
    1e-5,
    1e-6,
    1e-7,
    1e-9,
)  # of panels with kinks, one after the other where the errors cannot carry a finding
STEADY = "between a point and its recovered preimage p/s changes by less than a factor of two and the slopes of log p and log s less than double"


class Once:
    """A function that keeps its last value, for maps that ask for p and for a score
    made of p at the same points; it counts the points."""

    def __init__(self, function: LogFunction) -> None:
        self.function, self.evaluations = function, 0
        self.key: tuple[Any, ...] = (None,)
        self.value: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """``function(x)``, computed once for the same tensor in the same grad mode."""
        key = (x, x._version, torch.is_grad_enabled())
        if self.value is None or key[0] is not self.key[0] or key[1:] != self.key[1:]:
            self.key, self.value = key, self.function(x)
            self.evaluations += x.shape[0]
        return self.value


@dataclass(frozen=True)
class Representation:
    """What the model says of the points after one bijection.

    ``inliers`` and ``outliers`` are recovered log densities, ``inlier_errors`` and
    ``outlier_errors`` what may separate them from the exact ones (inf where the map was
    in trouble); ``labels`` tell equal points, whose scores tie; ``aim`` is the area
    that the theorem promises; ``trouble`` counts the points by cause; ``deviation`` is
    how far each recovered density lies from the score, ``astray`` the share of points
    that are off by more than their error. ``settled`` says that a refutation did not
    yield to narrower panels.
    """

    bijection: Bijection
    inliers: Tensor
    outliers: Tensor
    inlier_errors: Tensor
    outlier_errors: Tensor
    labels: tuple[Tensor, Tensor]
    aim: Fraction
    trouble: dict[str, int]
    verdict: Verdict
    deviation: Tensor
    resolved: Tensor
    astray: float = 0.0
    tolerance: float = TOLERANCES[0]
    settled: bool = False

    @property
    def area(self) -> Auroc:
        """Of the recovered densities as numbers."""
        return auroc(self.inliers, self.outliers)

    @property
    def errors(self) -> Tensor:
        """Of inliers and outliers, end to end."""
        return torch.cat([self.inlier_errors, self.outlier_errors])

    @property
    def within(self) -> AurocInterval:
        """The areas that the errors allow."""
        return auroc_within(self.inliers, self.outliers, self.inlier_errors, self.outlier_errors, labels=self.labels)

    @property
    def typicality(self) -> AurocInterval:
        """The areas of the typicality test, entropy estimated by the mean over the
        inliers."""
        sound = torch.isfinite(self.inlier_errors)
        if not bool(sound.any()):
            n, m = self.inliers.numel(), self.outliers.numel()
            return AurocInterval(wins=0, losses=0, ties=0, open=n * m)
        entropy, blur = -self.inliers[sound].mean(), self.inlier_errors[sound].mean()
        scores = [-(entropy + values).abs() for values in (self.inliers, self.outliers)]
        return auroc_within(*scores, self.inlier_errors + blur, self.outlier_errors + blur, labels=self.labels)


def build(
    name: str,
    functions: tuple[LogFunction, LogFunction],
    points: Tensor,
    *,
    frame: Frame,
    base: float | LogFunction,
    tile: int,
    sampler: Callable[[int, int], Tensor] | None,
    precision: float = 2.0**-52,
    tolerance: float = TOLERANCES[0],
    chart: Chart | None = None,
) -> Bijection:
    """The bijection that makes s the density, its unit chosen so that p/s is 1 at a
    middle point of ``points``.

    Args:
        functions: log p and log s.
        base: The base point in the user's coordinates: a number, or a function of the
            other coordinates.
        tile: Points evaluated at once. precision: The unit roundoff of log p.
            tolerance: Of panels with kinks. chart: In whose coordinates ``points`` and
            both functions are.
    """
    leave = Once(frame.leave)  # both functions are handed one tensor for one batch
    log_prob, log_score = (lambda u, f=function: f(leave(u)) for function in functions)

    def start(rest: Tensor) -> Tensor:
        where = base(rest) if callable(base) else rest.new_full(rest.shape[:1], base)
        return (where - frame.centre) / frame.spread

    with torch.no_grad():
        log_r = functions[0](points) - functions[1](points)
    finite = log_r[torch.isfinite(log_r)]
    unit = float(finite.median()) if finite.numel() else 0.0
    transport = AdaptiveScore(
        log_prob,
        log_score,
        dim=frame.dim,
        base=start,
        tolerance=tolerance,
        tile=tile,
        precision=precision,
        log_unit=unit,
    )
    return Bijection(name, transport, functions[1], frame, sampler, chart)


def represent(
    bijection: Bijection,
    inliers: Tensor,
    outliers: Tensor,
    aim: Callable[[Tensor, Tensor], Fraction],
    followed: Followed | None = None,
) -> Representation:
    """Send all points through the bijection, recover the densities of their images from
    the images, and judge them against the score.

    Points at which p or s is not positive and finite on the way are counted and left
    out; their errors are infinite.
    """
    transport, points = bijection.transport, torch.cat([inliers, outliers])
    followed = bijection.follow(points) if followed is None else followed
    with torch.no_grad():
        target = bijection.log_score(points)
    found = followed.recover_density()
    shift, blur = _rounded_points(bijection, followed)
    error = (found.error + blur).nan_to_num(nan=torch.inf)
    unit = _known_to(found, transport)
    counts, resolved = dict(followed.trouble.counts), error <= RESOLVES * unit
    lost = ~resolved
    lost[followed.trouble.rows] = False
    if bool(lost.any()):
        counts[COARSE] = int(lost.sum())
    deviation = (found.log_density - target).abs().nan_to_num(nan=torch.inf)
    verdict = kernel.judge(kernel.undecided(_without_digits(found, transport)), route="numeric")
    if bool(resolved.any()):
        verdict = kernel.judge(_evidence(found, deviation, (shift, blur), resolved, unit), route="numeric")
    density = (found.log_density + transport.log_unit + math.log(bijection.frame.spread)).nan_to_num(nan=0.0)
    n = inliers.shape[0]
    labels = torch.unique(points, dim=0, return_inverse=True)[1]
    return Representation(
        bijection, density[:n], density[n:], error[:n], error[n:], (labels[:n], labels[n:]), aim(target[:n], target[n:]), counts, verdict, deviation, resolved,
        _share_astray(found, deviation, error, shift, resolved), followed.to_base.tolerance,
    )  # fmt: skip


def _share_astray(
    found: recovery.Recovered, deviation: Tensor, error: Tensor, shift: Tensor, resolved: Tensor
) -> float:
    """The share of the resolved points at which density or preimage is off by more than
    its error."""
    off = ((deviation > error) | (found.moved > found.reach + shift))[resolved]
    return float(off.double().mean()) if off.numel() else 0.0


def refine(
    bijection: Bijection,
    data: tuple[Tensor, Tensor],
    aim: Callable[[Tensor, Tensor], Fraction],
    enough: Callable[[Representation], bool],
    budget: Budget,
) -> Representation:
    """Points sent through a bijection and back, with narrower panels as long as the
    errors cannot carry a finding and there is time.

    A refutation counts as ``settled`` where panels narrower by far leave the deviation
    as it was: the rules' errors are not to blame.

    Args:
        data: Inliers and outliers, ``(N, D)`` and ``(M, D)``. aim: See
            :func:`represent`. enough: Whether the finding is decided.
    """
    followed = bijection.follow(torch.cat(data))
    made = represent(bijection, *data, aim, followed)
    seen = [made]
    for tolerance in TOLERANCES[1:]:
        if (enough(made) and made.verdict.status is Status.HOLDS) or not budget.open:
            break
        try:
            budget.tell(f"{bijection.name}: panels to {tolerance:.0e}")
            coarse = (made.errors > tolerance) | (made.deviation > made.errors)
            followed.refine(tolerance, coarse & torch.isfinite(made.deviation))
            made = represent(bijection, *data, aim, followed)
        except KeyboardInterrupt:
            budget.interrupted = True
            break
        seen.append(made)
        if _settled(seen):
            return replace(made, settled=True)
    return made


def _settled(seen: list[Representation]) -> bool:
    """Refuted three times, panels narrowing, at a tenth of the points at least, and at
    no fewer than half as many as before."""
    last = seen[-3:]
    refuted = len(last) == 3 and all(made.verdict.status is Status.REFUTED for made in last)
    return refuted and last[-1].astray >= max(ASTRAY, last[0].astray / 2)


def _known_to(found: recovery.Recovered, transport: AdaptiveScore) -> Tensor:
    """The unit, 1 or more, in which errors are looked at: ``RESOLVES`` nats, or eight
    times the rounding of log p itself where that is more."""
    rounding = 16 * (transport.dim + 8) * transport.precision * (1 + found.log_p.abs())
    return (8 * rounding / RESOLVES).clamp(min=1).nan_to_num(nan=1.0, posinf=1.0)


def _without_digits(found: recovery.Recovered, transport: AdaptiveScore) -> str:
    """Why no density could be recovered: the size of log p, where its rounding is to
    blame."""
    size = float(found.log_p.abs().nan_to_num(nan=0.0, posinf=0.0).median())
    rounding = transport.precision * size
    said = "no density could be recovered to a useful precision"
    if rounding < RESOLVES / 16:
        return said
    return f"{said}: |log p| is {size:.2g} at half of the points, so that one unit of its rounding is {rounding:.2g} nats (a scale or a covariance is close to singular)"


def _rounded_points(bijection: Bijection, followed: Followed) -> tuple[Tensor, Tensor]:
    """How far rounding in the user's coordinates moves the changed one, in its spreads,
    and what that does to log p and log s.

    Sixteen units of rounding, for the terms of the quadrature move in different
    directions.
    """
    frame, lines = bijection.frame, followed.lines
    reach = followed.reach.detach().clone()[:, None].requires_grad_()
    with torch.enable_grad():
        log_r, log_p, _ = lines.logs(reach, torch.arange(reach.shape[0], device=reach.device))
        slopes = [
            torch.autograd.grad(value.sum(), reach, retain_graph=True)[0][:, 0].abs()
            if value.requires_grad
            else 0 * followed.reach
            for value in (log_p, log_r)
        ]
    shift = 16 * torch.finfo(followed.x.dtype).eps * (abs(frame.centre) / frame.spread + 2 * followed.x[:, 0].abs())
    return shift, shift * (2 * slopes[0] + slopes[1])


def _evidence(
    found: recovery.Recovered, deviation: Tensor, rounded: tuple[Tensor, Tensor], resolved: Tensor, unit: Tensor
) -> list[kernel.Evidence]:
    """The recovered density against the score, and the way there and back, under the
    bounds of :mod:`numerics.transports.adaptive_score`."""
    terms = {name: getattr(found, name) for name in ("quadrature", "rounding", "inversion")}
    terms["rounding of the points"] = rounded[1]
    density = Bound(
        {name: (term / unit)[resolved] for name, term in terms.items()},
        recovery.DERIVATION,
        estimated=("quadrature", *(("rounding",) if float(found.rounding[resolved].max()) >= recovery.ASSUMED else ())),
        assumes=(recovery.ACCURACY, STEADY, recovery.KINKED),
    )
    back = Bound(
        {"inversion": found.reach[resolved], "rounding of the points": rounded[0][resolved]},
        recovery.DERIVATION,
        assumes=(STEADY,),
    )
    size = int(resolved.sum())
    name = "density of the image, recovered from the image"
    returned = "there and back, in units of the coordinate's spread"
    return [
        measured(Measurement((deviation / unit)[resolved], density, size), resolves=RESOLVES, name=name),
        measured(Measurement(found.moved[resolved], back, size), resolves=RESOLVES, name=returned),
    ]
