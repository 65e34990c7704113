"""Bijections of a reader's data under which their model has another density, and what that density says about their outliers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.detection import Auroc, AurocInterval, auroc, auroc_within
from numerics.quadrature import kronrod
from numerics.transports import ArbitraryScore, HypothesisError, recovery
from numerics.transports.celled_score import CelledScore
from proofs_checks import kernel
from proofs_checks.errors import InputError
from proofs_checks.evidence import Measured
from proofs_checks.kernel import Bound, Status, Verdict, measured

LogFunction = Callable[[Tensor], Tensor]
COARSE = "not resolved by the nodes"
CELL = kronrod(4)
GROWTH = 2.0  # the last cell is about five times as wide as the first
DOUBLINGS = 3  # of the cells, where the errors cannot carry a verdict
RESOLVES = 0.05  # nats: a recovered density that may be off by more says little about an order


@dataclass(frozen=True)
class Frame:
    """The coordinates in which a map works: coordinate ``changed`` goes first, as ``(x_k - centre) / spread``; the others follow as they are."""

    dim: int
    changed: int
    centre: float
    spread: float

    def enter(self, x: Tensor) -> Tensor:
        """Points ``(N, D)`` in the map's coordinates."""
        first = (x[:, self.changed] - self.centre) / self.spread
        return torch.cat([first[:, None], x[:, : self.changed], x[:, self.changed + 1 :]], 1)

    def leave(self, u: Tensor) -> Tensor:
        """Points ``(N, D)`` in the reader's coordinates."""
        return self.place(u, self.centre + self.spread * u[:, 0])

    def place(self, u: Tensor, first: Tensor) -> Tensor:
        """The other coordinates of ``u`` around ``first``."""
        k = self.changed
        return torch.cat([u[:, 1 : k + 1], first[:, None], u[:, k + 1 :]], 1)


class Bijection:
    r"""A bijection of R^D that changes one coordinate, with the density of the model's law after it.

    .. math:: y_k = e^{-u} \int_{c}^{x_k} \frac{p}{s}\,dt, \qquad y_j = x_j \; (j \ne k), \qquad p_{f(X)}(f(x)) = e^{u} s(x)

    Attributes:
        name: What it does to the score.
        log_score: log s, ``(N, D)`` to ``(N,)``.
        log_factor: u, one number for all points: it keeps p/s within the floating-point numbers.
    """

    def __init__(
        self,
        name: str,
        transport: ArbitraryScore,
        log_score: LogFunction,
        frame: Frame,
        sampler: Callable[[int, int], Tensor] | None,
    ) -> None:
        self.name, self.transport, self.log_score, self.frame, self.sampler = name, transport, log_score, frame, sampler
        self.log_factor = transport.log_unit + math.log(frame.spread)

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``."""
        y = self.transport.forward(self.frame.enter(x))
        return self.frame.place(y, y[:, 0])

    def inverse(self, y: Tensor) -> Tensor:
        """Preimages of points ``(N, D)`` of the image; HypothesisError outside of it."""
        return self.frame.leave(self.transport.inverse(self._turned(y)))

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| of the map as evaluated, ``(N,)``."""
        return self.transport.log_det(self.frame.enter(x)) - math.log(self.frame.spread)

    def log_density(self, y: Tensor) -> Tensor:
        """log density, nats, of the model's law after the bijection, at images ``y``: through the inverse and the Jacobian."""
        return self.transport.log_density(self._turned(y)) + math.log(self.frame.spread)

    def _turned(self, y: Tensor) -> Tensor:
        k = self.frame.changed
        return torch.cat([y[:, k : k + 1], y[:, :k], y[:, k + 1 :]], 1)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """``n`` draws of the model, sent through the bijection.

        Raises:
            InputError: the model has no sampler.
        """
        if self.sampler is None:
            raise InputError("The model has no sampler; give one as sampler=, a function from n to n draws.")
        return self.forward(self.sampler(n, seed))


class Once:
    """A function that remembers its last value, for maps that ask for p and for a score made of p at the same points."""

    def __init__(self, function: LogFunction) -> None:
        self.function = function
        self.key: tuple[Any, ...] = (None,)
        self.value: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """``function(x)``, computed once for the same tensor in the same grad mode."""
        key = (x, x._version, torch.is_grad_enabled())
        if self.value is None or key[0] is not self.key[0] or key[1:] != self.key[1:]:
            self.key, self.value = key, self.function(x)
        return self.value


@dataclass(frozen=True)
class Representation:
    """What the model says of the points after one bijection.

    ``inliers`` and ``outliers`` are recovered log densities, ``inlier_errors`` and ``outlier_errors`` what may separate them from the exact
    ones (inf where the map was in trouble); ``labels`` tell equal points, whose scores tie; ``aim`` is the area that the theorem promises; ``trouble`` counts the points by cause.
    ``deviation`` is how far each recovered density lies from the score, inf where none was recovered; ``rounded`` is what rounding and the inverse have to do
    with that; ``returned`` is the evidence of the way there and back, where there is some; ``kinked`` says that the errors are those of :func:`by_halving`.
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
    rounded: Tensor
    returned: Measured | None = None
    kinked: bool = False

    @property
    def area(self) -> Auroc:
        """Of the recovered densities as numbers."""
        return auroc(self.inliers, self.outliers)

    @property
    def within(self) -> AurocInterval:
        """The areas that the errors allow."""
        return auroc_within(self.inliers, self.outliers, self.inlier_errors, self.outlier_errors, labels=self.labels)

    @property
    def typicality(self) -> AurocInterval:
        """The areas of the typicality test, entropy estimated by the mean over the inliers."""
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
    cells: int,
    tile: int,
    sampler: Callable[[int, int], Tensor] | None,
) -> Bijection:
    """The bijection that makes s the density, its unit chosen so that p/s is in the middle of the exponents at ``points``.

    Args:
        functions: log p and log s.
        base: The base point in the reader's coordinates: a number, or a function of the other coordinates.
        cells: On each side of the base point, over the range of ``points``, narrow ones first; each takes nine evaluations.
    """
    leave = Once(frame.leave)  # both functions are handed one tensor for one batch
    log_prob, log_score = (lambda u, f=function: f(leave(u)) for function in functions)

    def start(rest: Tensor) -> Tensor:
        where = base(rest) if callable(base) else rest.new_full(rest.shape[:1], base)
        return (where - frame.centre) / frame.spread

    dim, inside = frame.dim, frame.enter(points)
    reach = float((inside[:, 0] - start(inside[:, 1:])).abs().max()) or 1.0
    edges = [reach * math.sinh(GROWTH * k / cells) / math.sinh(GROWTH) for k in range(1, cells)]
    transport = CelledScore(
        log_prob, log_score, edges=edges, cell_rule=CELL, dim=dim, base=start, tile=max(tile, cells * len(CELL) * dim)
    )
    return Bijection(name, transport.centred(inside), functions[1], frame, sampler)


def represent(
    bijection: Bijection, inliers: Tensor, outliers: Tensor, aim: Callable[[Tensor, Tensor], Fraction]
) -> Representation:
    """Send all points through the bijection, recover the densities of their images from the images, and judge them against the score.

    Points at which the numbers leave their range, or the computed map is not injective, are counted and left out; their errors are infinite.
    """
    transport = bijection.transport
    points = torch.cat([inliers, outliers])
    x = bijection.frame.enter(points)
    with torch.no_grad():
        target = bijection.log_score(points)
    trouble = transport.inspect(x).trouble
    counts = dict(trouble.counts)
    density, error = x.new_zeros(x.shape[0]), x.new_full(x.shape[:1], torch.inf)
    deviation, rounded = error.clone(), torch.zeros_like(density)
    returned = None
    verdict = kernel.judge(kernel.undecided("no density could be recovered to a useful precision"), route="numeric")
    found, kept = _recovered(transport, x, trouble.sound.nonzero()[:, 0])
    if lost := int(trouble.sound.sum()) - kept.numel():
        counts["not injective"] = counts.get("not injective", 0) + lost
    if found is not None:
        shift, blur = _rounded_points(bijection, x[kept])
        whole = found.error + blur
        density[kept] = found.log_density + math.log(bijection.frame.spread)
        error[kept] = whole.nan_to_num(nan=torch.inf)
        deviation[kept] = (found.log_density - target[kept] - transport.log_unit).abs().nan_to_num(nan=torch.inf)
        rounded[kept] = found.rounding + found.inversion + blur
        resolved = whole <= RESOLVES  # NaN is not
        if lost := int((~resolved).sum()):
            counts[COARSE] = lost
        if bool(resolved.any()):
            recovered, returned = _evidence(
                found, (shift[resolved], blur[resolved]), resolved, target[kept] + transport.log_unit
            )
            verdict = kernel.judge([recovered, returned], route="numeric")
    n = inliers.shape[0]
    labels = torch.unique(points, dim=0, return_inverse=True)[1]
    return Representation(
        bijection=bijection,
        inliers=density[:n],
        outliers=density[n:],
        inlier_errors=error[:n],
        outlier_errors=error[n:],
        labels=(labels[:n], labels[n:]),
        aim=aim(target[:n], target[n:]),
        trouble=counts,
        verdict=verdict,
        deviation=deviation,
        rounded=rounded,
        returned=returned,
    )


def followed(
    built: Callable[[int], Bijection],
    data: tuple[Tensor, Tensor],
    aim: Callable[[Tensor, Tensor], Fraction],
    cells: int,
    enough: Callable[[Representation], bool],
) -> Representation:
    """Points sent through a bijection and back, with twice the cells as long as the errors cannot carry a finding.

    Args:
        built: The bijection with so many cells.
        data: Inliers and outliers, ``(N, D)`` and ``(M, D)``. aim: See :func:`represent`.
        enough: Whether the finding holds. More cells do not help where there is other trouble than theirs.
    """
    tried: list[Representation] = []
    for doubling in range(DOUBLINGS + 1):
        tried.append(by_halving(represent(built(cells * 2**doubling), *data, aim), tried))
        made = tried[-1]
        if COARSE not in made.trouble and made.verdict.status is Status.HOLDS and (made.trouble or enough(made)):
            break
    return tried[-1]


def by_halving(made: Representation, coarser: Sequence[Representation]) -> Representation:
    """Judged by what halving the cells did, where the rules' own estimates do not carry a verdict.

    An estimate vanishes by chance at one point or another, and it says little where p or s has kinks along the fibres, as the knots of a spline flow are. A
    composite rule errs at kinks like the square of a cell's width, times something that depends on where the knots fall in their cells, and elsewhere by less.
    So twice what each coarser map left, divided by 4 for every halving since, estimates what this one leaves. A fault of the Jacobian or of the inverse does
    not fall with the cells: it stays refuted where it is larger than that, and is within the error that is stated where it is not.

    Args:
        coarser: The maps with wider cells, each with twice the width of the next.
    """
    left = max(
        (2 * float(m.deviation.max()) / 4**k for k, m in enumerate(reversed(coarser), start=1)), default=math.inf
    )
    sound = made.verdict.status is Status.HOLDS and not made.trouble
    if sound or set(made.trouble) - {COARSE} or not left <= RESOLVES:
        return made
    why = "what maps with wider cells left of the score, divided by 4 for each halving, twice; rounding and the inverse as they are"
    bound = Bound(
        {"quadrature": left, "rounding and inversion": made.rounded},
        why,
        estimated=("quadrature",),
        assumes=("p and s have kinks at worst along the fibres",),
    )
    density = measured(
        made.deviation, bound, points=made.deviation.numel(), resolves=RESOLVES, name="density after halving"
    )
    verdict = kernel.judge([density] if made.returned is None else [density, made.returned], route="numeric")
    if verdict.status is not Status.HOLDS:
        return made
    inside, outside = (left + made.rounded).split([made.inliers.numel(), made.outliers.numel()])
    return replace(made, inlier_errors=inside, outlier_errors=outside, trouble={}, verdict=verdict, kinked=True)


def _recovered(transport: ArbitraryScore, x: Tensor, rows: Tensor) -> tuple[recovery.Recovered | None, Tensor]:
    """What :func:`recovery.recover` finds, without the rows at which the computed map turns back or the images have no preimage."""
    if rows.numel() == 0:
        return None, rows
    try:
        return recovery.recover(transport, x[rows]), rows
    except HypothesisError:
        if rows.numel() == 1:
            return None, rows[:0]
    fine = _turning(transport, x[rows])
    if not bool(fine.all()):
        return _recovered(transport, x, rows[fine])
    halves = [_recovered(transport, x, part) for part in rows.chunk(2)]
    parts = [part for part, _ in halves if part is not None]
    if not parts:
        return None, rows[:0]
    fields = {name: torch.cat([vars(part)[name] for part in parts]) for name in vars(parts[0]) if name != "bounded"}
    return recovery.Recovered(**fields, bounded=False), torch.cat([kept for _, kept in halves])


def _turning(transport: ArbitraryScore, x: Tensor) -> Tensor:
    """False where an image has no preimage or the computed map does not increase there; all True where even that cannot be computed."""
    try:
        back = transport.solve(transport.forward(x), strict=False)
        fine = torch.isfinite(back.residual)
        if bool(fine.any()):
            fine[fine.clone()] = transport.slope(back.x[fine]).value > 0
    except HypothesisError:
        return torch.ones_like(x[:, 0], dtype=torch.bool)
    return fine


def _rounded_points(bijection: Bijection, x: Tensor) -> tuple[Tensor, Tensor]:
    """How far rounding in the reader's coordinates moves the changed one, in its spreads, and what that does to log p and log s.

    Sixteen units of rounding, for the terms of the quadrature move in different directions.
    """
    frame = bijection.frame
    first = x[:, 0].detach().requires_grad_()
    with torch.enable_grad():
        log_r, log_p, _ = bijection.transport.log_integrand(first[None], x[:, 1:])
        slopes = [
            torch.autograd.grad(value.sum(), first, retain_graph=True)[0].abs() if value.requires_grad else 0 * x[:, 0]
            for value in (log_p, log_r)
        ]
    shift = 16 * torch.finfo(x.dtype).eps * (abs(frame.centre) / frame.spread + 2 * x[:, 0].abs())
    return shift, shift * (2 * slopes[0] + slopes[1])


def _evidence(
    found: recovery.Recovered, rounded: tuple[Tensor, Tensor], resolved: Tensor, target: Tensor
) -> tuple[Measured, Measured]:
    """The recovered density against the score, and the way there and back, under the bounds of :mod:`numerics.transports.recovery`."""
    terms = {name: getattr(found, name)[resolved] for name in ("quadrature", "rounding", "inversion")}
    density = measured(
        (found.log_density - target).abs()[resolved],
        Bound(
            {**terms, "rounding of the points": rounded[1]},
            recovery.DERIVATION,
            estimated=() if found.bounded else ("quadrature",),
            assumes=(recovery.ACCURACY, recovery.STEADY, *(() if found.bounded else (recovery.SMOOTH,))),
        ),
        points=int(resolved.sum()),
        resolves=RESOLVES,
        name="density of the image, recovered from the image",
    )
    there_and_back = measured(
        found.moved[resolved],
        Bound(
            {"inversion": found.reach[resolved], "rounding of the points": rounded[0]},
            recovery.DERIVATION,
            assumes=(recovery.STEADY,),
        ),
        points=int(resolved.sum()),
        resolves=RESOLVES,
        name="there and back, in units of the coordinate's spread",
    )
    return density, there_and_back
