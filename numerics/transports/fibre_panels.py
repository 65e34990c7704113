r"""Panels along the fibres of a map, split where the quadrature errs, for all points at
once.

A fibre is walked from its base point towards its point, by the distance :math:`\tau \ge
0` from the base point. Panels are intervals of it; the last one, which holds the point,
is split until the slope of the partial integral is known, the others until the integral
is. Both estimates look at how fast the coefficients of a panel fall: a kink of p/s
costs some ten panels for every three digits, and nothing elsewhere.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from numerics.quadrature import kronrod
from numerics.transports.domain import LogFunction, evaluate

__all__ = ["FINE", "RULE", "Lines", "PanelTable", "coefficient_error", "cumulative_coefficients"]

RULE = kronrod(7)
FINE = 3e-9  # relative error to which panels are split on which p/s is smooth
SMOOTH_FALL = math.log(30.0)  # the estimate of a halved panel falls by more than this factor only where p/s is smooth
ROUNDS = 64  # of splitting
OCTAVES = 64  # panels towards the end of a fibre, each twice as wide as the one before
BEYOND = math.log(
    1e-9
)  # what may be left beyond the last of them, relative: it moves the end, and no distance between images
NOISY = math.log(
    0.02
)  # rounding above this is told from errors of the rule by splitting, which lessens what cancels in a slope
LOST = 0.0  # log of the rounding of p/s, relative, at which log p has lost its digits
MOST = 1024  # whole panels a fibre
NOISE = 64.0  # by how much a slope found from 15 values enlarges their rounding


@functools.lru_cache(maxsize=16)
def _matrices(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights, and the matrices from values at the nodes to their Legendre
    coefficients, to derivatives there, and from coefficients to antiderivatives.

    The coefficients are those in polynomials that are orthonormal under the rule, so
    that a coefficient is an error of integration's size.
    """
    nodes, weights = np.array(RULE.nodes), np.array(RULE.weights)
    legendre = np.polynomial.legendre.legvander(2 * nodes - 1, len(nodes) - 1)
    orthonormal, _ = np.linalg.qr(legendre * np.sqrt(weights)[:, None])
    tail = (orthonormal * np.sqrt(weights)[:, None]).T
    inverse = np.linalg.inv(legendre)
    slopes = np.polynomial.legendre.legder(np.eye(len(nodes)), scl=2.0)
    derivative = np.polynomial.legendre.legvander(2 * nodes - 1, len(nodes) - 2) @ slopes @ inverse
    integral = np.polynomial.legendre.legint(inverse, lbnd=-1, scl=0.5)
    rows = (weights, tail, derivative, integral)
    return tuple(torch.tensor(row, dtype=dtype, device=device) for row in rows)  # type: ignore[return-value]


def coefficient_error(values: Tensor) -> Tensor:
    r"""What the rule errs by on [0, 1], from values at its nodes ``(*, 15)``; an
    estimate, shape ``(*,)``.

    .. math:: E = \sqrt{a_{11}^2 + \dots + a_{14}^2}\; \min\bigl(1, (\varrho/0.15)^4\bigr)

    with coefficients a_k in polynomials orthonormal under the rule, and the larger
    ratio rho of consecutive pairs of the last six. Where p/s is smooth the coefficients
    fall geometrically and the rule, of degree 23, errs by far less. For a single kink
    anywhere but in the 0.9 % of the panel beyond its outermost nodes the rule errs by
    less than E; for a single jump by less than 2 E.

    >>> bool(coefficient_error(torch.ones(15).double()) < 1e-12)
    True
    """
    coefficients = values @ _matrices(values.dtype, values.device)[1].mT
    pairs = [torch.hypot(coefficients[..., k], coefficients[..., k + 1]) for k in (9, 11, 13)]
    tiny = torch.finfo(values.dtype).tiny
    ratio = torch.maximum(pairs[1] / pairs[0].clamp_min(tiny), pairs[2] / pairs[1].clamp_min(tiny))
    return torch.hypot(pairs[1], pairs[2]) * (ratio / 0.15).clamp(max=1).pow(4)


def cumulative_coefficients(values: Tensor) -> Tensor:
    """Legendre coefficients ``(*, 16)`` on [0, 1] of the integral from 0 of the
    polynomial through ``values`` ``(*, 15)``.

    >>> cumulative_coefficients(torch.ones(15).double())[:2]  # t = 1/2 + (2 t - 1)/2
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    return values @ _matrices(values.dtype, values.device)[3].mT


class Lines:
    """The fibres of N points, each seen from its base point towards its point, with
    what the functions said there.

    Args:
        log_prob, log_score: ``(M, D)`` to ``(M,)``. integrand: From (log p, log s) to
            the logarithm of what is integrated.
        rest: The other coordinates, ``(N, D - 1)``. start: Base points ``(N,)``. side:
            +1 or -1, ``(N,)``.
        tile: Points evaluated at once. precision: The unit roundoff of log p.

    Attributes:
        evaluations: Points at which both functions were evaluated. seen: For each cause
            of trouble the rows at which a node between base and point showed it.
    """

    def __init__(  # noqa: PLR0917
        self, log_prob: LogFunction, log_score: LogFunction, integrand: Callable[[Tensor, Tensor], Tensor], rest: Tensor, start: Tensor, side: Tensor,
        *, tile: int, precision: float,
    ) -> None:  # fmt: skip
        self.functions, self.integrand = (log_prob, log_score), integrand
        self.rest, self.start, self.side, self.tile, self.precision = rest, start, side, tile, precision
        self.evaluations = 0
        self.seen: dict[str, Tensor] = {}
        self.size = torch.ones_like(start)

    def logs(self, distance: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log integrand, log p and log s at ``distance`` ``(M, k)`` on the fibres
        ``rows`` ``(M,)``; differentiable by ``distance``."""
        per = max(1, self.tile // distance.shape[1]) if distance.numel() else 1
        parts = [self._some(d, r) for d, r in zip(distance.split(per), rows.split(per), strict=True)]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))  # type: ignore[return-value]

    def _some(self, distance: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first = self.start[rows, None] + self.side[rows, None] * distance
        rest = self.rest[rows, None].expand(-1, distance.shape[1], -1)
        points = torch.cat([first[..., None], rest], -1).reshape(-1, rest.shape[-1] + 1)
        self.evaluations += points.shape[0]
        names = ("log_prob", "log_score")
        log_p, log_s = (
            evaluate(name, f, points).view(distance.shape) for name, f in zip(names, self.functions, strict=True)
        )
        return self.integrand(log_p, log_s), log_p, log_s

    def logs_with_notes(self, distance: Tensor, rows: Tensor) -> Tensor:
        """log integrand as :meth:`logs`, ``(M, k)``, without gradients, -inf where it
        is undefined; trouble and sizes are noted for the rows ``(M,)``."""
        with torch.no_grad():
            log_r, log_p, log_s = self.logs(distance, rows)
        found = {
            "log_prob is NaN": log_p.isnan(), "p is zero": log_p == -torch.inf, "p is infinite": log_p == torch.inf,
            "log_score is NaN": log_s.isnan(), "s is zero": log_s == -torch.inf, "s is infinite": log_s == torch.inf,
        }  # fmt: skip
        explained = torch.zeros_like(log_p, dtype=torch.bool)
        for cause, mask in found.items():
            if bool(mask.any()):
                self._note(cause, rows[mask.any(1)])
                explained |= mask
        undefined = ~torch.isfinite(log_r) & ~explained
        if bool(undefined.any()):
            self._note("integrand is undefined", rows[undefined.any(1)])
        return torch.where(log_r.isnan(), -torch.inf, log_r)

    def beyond(self, distance: Tensor, rows: Tensor) -> Tensor:
        """log integrand as :meth:`logs`, ``(M, k)``, beyond the points, where p may
        end: -inf where it is undefined, and nothing is noted."""
        with torch.no_grad():
            return torch.where((found := self.logs(distance, rows)[0]).isnan(), -torch.inf, found)

    def _note(self, cause: str, rows: Tensor) -> None:
        mask = self.seen.setdefault(cause, torch.zeros_like(self.start, dtype=torch.bool))
        mask[rows] = True


@dataclass
class _Pieces:
    """Whole panels: which fibre, from where to where, log integral, log error, and the
    log error of the panel that each was half of."""

    row: Tensor
    low: Tensor
    high: Tensor
    log_integral: Tensor = field(default_factory=lambda: torch.zeros(0))
    log_error: Tensor = field(default_factory=lambda: torch.zeros(0))
    before: Tensor = field(default_factory=lambda: torch.zeros(0))

    def select(self, mask: Tensor) -> _Pieces:
        return _Pieces(**{name: value[mask] for name, value in vars(self).items()})

    def join(self, other: _Pieces) -> _Pieces:
        return _Pieces(**{name: torch.cat([value, vars(other)[name]]) for name, value in vars(self).items()})


def _log_integrals(log_r: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """log of the integrals and of their estimated errors from log values ``(M, 15)`` on
    panels of that width."""
    top = log_r.amax(1)
    safe = torch.where(torch.isfinite(top), top, 0.0)
    values = (log_r - safe[:, None]).exp()
    weights = _matrices(log_r.dtype, log_r.device)[0]
    scale = safe + width.log()
    return (values @ weights).log() + scale, coefficient_error(values).log() + scale


class PanelTable:
    """The panels of N fibres between an anchor and the points: the base point, or the
    end of the fibre beyond the point.

    Args:
        lines: The fibres. rows: Which of them, ``(n,)``. reach: Distances of the points
            from their base points, ``(n,)``.
        to_end: Whether the anchor is the end of the fibre.
        tolerance: Relative error to which panels with kinks are split; those without to
            ``fine``.
        fine: Relative error to which panels without kinks are split.
        slopes: Whether the panels that hold the points are split for the slope there,
            and not for their integral alone.

    Attributes:
        pieces: The whole panels. low, high: The panel that holds the point. log_before:
            log of the integral of the whole panels, ``(n,)``.
        finite: Whether the integral to the end converged, ``(n,)``.
    """

    def __init__(
        self,
        lines: Lines,
        rows: Tensor,
        reach: Tensor,
        *,
        to_end: bool,
        tolerance: float,
        fine: float = FINE,
        slopes: bool = True,
    ) -> None:
        self.lines, self.rows, self.reach, self.to_end, self.slopes, self.fine = (
            lines,
            rows,
            reach,
            to_end,
            slopes,
            fine,
        )
        n, like = rows.numel(), reach
        octave = torch.where(reach < 1.5, 0, (reach / 1.5 + 1).log2().floor()).long().clamp_min(0)
        octave = torch.where(reach >= self._edge(octave + 1), octave + 1, octave)  # log2 rounds
        octave = torch.where(reach < self._edge(octave), octave - 1, octave)
        self.low, self.high = self._edge(octave), self._edge(octave + 1)
        self.own_octave, self.octave = octave, octave + 1
        self.finite = torch.ones(n, dtype=torch.bool, device=like.device)
        self.fall = like.new_full((n,), torch.inf)
        self.partial, self.slope = like.new_full((2, n), -torch.inf), like.new_full((2, n), -torch.inf)
        none = rows.new_zeros(0)
        self.pieces = _Pieces(none, like.new_zeros(0), like.new_zeros(0), *(like.new_zeros(0) for _ in range(3)))
        if not to_end:
            owner = torch.repeat_interleave(torch.arange(n, device=rows.device), octave)
            step = torch.arange(owner.numel(), device=rows.device) - torch.repeat_interleave(
                octave.cumsum(0) - octave, octave
            )
            self._add(owner, self._edge(step), self._edge(step + 1), like.new_full((owner.numel(),), torch.inf))
        self._point = torch.arange(n, device=rows.device)  # rows whose own panel has changed
        self.tolerance = tolerance
        self.refine(tolerance)

    def _edge(self, octave: Tensor) -> Tensor:
        """0, 1.5, 4.5, 10.5, ..: panels double."""
        return 1.5 * (2.0 ** octave.to(self.reach) - 1)

    @property
    def far(self) -> Tensor:
        """The end of the point's panel that lies towards the anchor, ``(n,)``."""
        return self.high if self.to_end else self.low

    @property
    def log_before(self) -> Tensor:
        """log of the integral of the whole panels, ``(n,)``."""
        return _log_sum_by_row(self.pieces.log_integral, self.pieces.row, self.rows.numel())

    @property
    def log_total(self) -> Tensor:
        """log of the integral between the anchor and the point, ``(n,)``."""
        return torch.logaddexp(self.log_before, self.partial[0])

    @property
    def log_total_error(self) -> Tensor:
        """log of its estimated error, ``(n,)``."""
        whole = _log_sum_by_row(self.pieces.log_error, self.pieces.row, self.rows.numel())
        return torch.logaddexp(whole, self.partial[1])

    def refine(self, tolerance: float, coarse: Tensor | None = None) -> None:
        """Split until the integrals and the slopes at the points are known to
        ``tolerance``; only the rows of ``coarse`` ``(n,)``, if given."""
        self.tolerance = tolerance
        chosen = torch.ones_like(self.finite) if coarse is None else coarse
        if coarse is not None:
            self._narrow(chosen)
        for _ in range(ROUNDS):
            if self._point.numel():
                self._evaluate_points()
            grown = self._extend(chosen) if self.to_end else False
            split = self._split(chosen)
            if not (grown or split):
                return

    def _narrow(self, chosen: Tensor) -> None:
        """Halve the panels that hold the points until their far ends have moved, so
        that the partial integrals are others."""
        far, error = self.far.clone(), self.slope[1] - self.slope[0]
        for _ in range(ROUNDS):
            rows = chosen & self._splittable() & (self.far == far)
            if not bool(rows.any()):
                return
            before = self._point
            self._split_point(rows, error)
            self._point = torch.cat([before, self._point])

    # One round.

    def _values(self, distance: Tensor, owners: Tensor) -> Tensor:
        return (self.lines.beyond if self.to_end else self.lines.logs_with_notes)(distance, self.rows[owners])

    def _add(self, owner: Tensor, low: Tensor, high: Tensor, before: Tensor) -> None:
        if not owner.numel():
            return
        nodes = RULE.tensors(low)[0]
        width = high - low
        integral, error = _log_integrals(self._values(low[:, None] + nodes * width[:, None], owner), width)
        self.pieces = self.pieces.join(_Pieces(owner, low, high, integral, error, before))

    def _evaluate_points(self) -> None:
        """The partial integral from ``far`` to the point, and its slope by
        differentiating the polynomial through the values."""
        rows, self._point = self._point, self._point[:0]
        far, reach = self.far[rows], self.reach[rows]
        nodes, weights = RULE.tensors(far)[0], _matrices(far.dtype, far.device)[0]
        log_r = self._values(far[:, None] + nodes * (reach - far)[:, None], rows)
        top = torch.where(torch.isfinite(log_r.amax(1)), log_r.amax(1), 0.0)
        values = (log_r - top[:, None]).exp()
        self.partial[:, rows] = torch.stack(_log_integrals(log_r, (reach - far).abs()))
        moving = values + nodes * (values @ _matrices(far.dtype, far.device)[2].mT)
        self.slope[0, rows] = (moving @ weights).clamp_min(0).log() + top
        self.slope[1, rows] = coefficient_error(moving).log() + math.log(2) + top
        self.lines.size[self.rows[rows]] = 1 + log_r.amax(1).abs().nan_to_num(posinf=1.0)  # where the values count

    def _noise(self, rows: Tensor) -> Tensor:
        """log of the relative rounding of p/s on each row: splitting below it is in
        vain."""
        return (self.lines.precision * 16 * self.lines.size[self.rows[rows]]).log()

    def _wanted(self, error: Tensor, before: Tensor, rows: Tensor, amplified: float) -> Tensor:
        """Whether a relative log error is above the tolerance, or above ``fine`` and
        still falling fast."""
        noise = self._noise(rows)
        floor = noise + math.log(amplified)
        if amplified > 1:  # a slope, whose noise narrower panels lessen as long as there are digits left
            floor = torch.where(noise < LOST, floor.clamp(max=NOISY), torch.inf)
        kinked = torch.maximum(floor, floor.new_tensor(math.log(self.tolerance)))
        smooth = torch.maximum(floor, floor.new_tensor(math.log(min(self.fine, self.tolerance))))
        return (error > kinked) | ((error > smooth) & (before - error > SMOOTH_FALL))

    def _split(self, chosen: Tensor) -> bool:
        everyone = torch.arange(self.rows.numel(), device=self.rows.device)
        relative = self.slope[1] - self.slope[0] if self.slopes else self.partial[1] - self.log_total
        relative = torch.where(self.slope[0] == -torch.inf, torch.inf, relative) if self.slopes else relative
        point = chosen & self._splittable() & self._wanted(relative, self.fall, everyone, NOISE if self.slopes else 1.0)
        pieces, total = self.pieces, self.log_total
        whole = torch.zeros_like(pieces.row, dtype=torch.bool)
        if pieces.row.numel():
            error, before = pieces.log_error - total[pieces.row], pieces.before - total[pieces.row]
            wide = pieces.high - pieces.low > 8 * torch.finfo(self.reach.dtype).eps * (1 + pieces.high)
            few = torch.bincount(pieces.row, minlength=self.rows.numel()) < MOST
            whole = (chosen & few)[pieces.row] & wide & self._wanted(error, before, pieces.row, 1.0)
        if bool(whole.any()):
            old, self.pieces = pieces.select(whole), pieces.select(~whole)
            middle = (old.low + old.high) / 2
            twice = [
                torch.cat(pair)
                for pair in ((old.row, old.row), (old.low, middle), (middle, old.high), (old.log_error,) * 2)
            ]
            self._add(*twice)
        if bool(point.any()):
            self._split_point(point, relative)
        return bool(whole.any()) or bool(point.any())

    def _splittable(self) -> Tensor:
        return self.high - self.low > 8 * torch.finfo(self.reach.dtype).eps * (1 + self.high)

    def _split_point(self, mask: Tensor, error: Tensor) -> None:
        """Halve the panels that hold the points; the half without the point becomes a
        whole panel where it lies towards the anchor."""
        rows = mask.nonzero()[:, 0]
        if not rows.numel():
            return
        low, high, middle = self.low[rows], self.high[rows], (self.low[rows] + self.high[rows]) / 2
        upper = self.reach[rows] >= middle
        whole = ~upper if self.to_end else upper
        ends = (middle, high) if self.to_end else (low, middle)
        self._add(rows[whole], ends[0][whole], ends[1][whole], self.partial[1, rows[whole]])
        self.low[rows], self.high[rows] = torch.where(upper, middle, low), torch.where(upper, high, middle)
        moved = rows[whole]  # elsewhere the partial integral is what it was
        self.fall[moved] = error[moved]
        self._point = moved

    def _extend(self, chosen: Tensor) -> bool:
        """Another octave towards the end, where what may be left beyond the last one is
        not negligible."""
        n, pieces = self.rows.numel(), self.pieces
        inside = pieces.low >= self._edge(self.octave - 1)[pieces.row]
        older = (pieces.low >= self._edge(self.octave - 2)[pieces.row]) & ~inside
        newest = _log_sum_by_row(pieces.log_integral[inside], pieces.row[inside], n)
        previous = _log_sum_by_row(pieces.log_integral[older], pieces.row[older], n)
        previous = torch.where(self.octave == self.own_octave + 2, torch.logaddexp(previous, self.partial[0]), previous)
        ratio = (newest - previous).exp().nan_to_num(nan=0.0)
        left = newest + torch.where(ratio < 0.95, ratio / (1 - ratio), torch.inf).log()
        done = (self.octave > self.own_octave + 1) & ((left <= self.log_total + BEYOND) | (left == -torch.inf))
        grow = chosen & self.finite & ~done
        self.finite &= ~(grow & (self.octave >= OCTAVES))
        rows = (grow & self.finite).nonzero()[:, 0]
        if not rows.numel():
            return False
        low = self._edge(self.octave[rows])
        self.octave[rows] += 1
        self._add(rows, low, self._edge(self.octave[rows]), low.new_full(low.shape, torch.inf))
        return True

    # What the table is kept for.

    def panel_of(self, log_target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The panel in which the integral from the anchor reaches ``log_target``
        ``(n,)``: log of the integral before it, its far end and its near end."""
        n = self.rows.numel()
        row = torch.cat([self.pieces.row, torch.arange(n, device=self.rows.device)])
        ends = [torch.cat([getattr(self.pieces, name), getattr(self, name)]) for name in ("low", "high")]
        logs = torch.cat([self.pieces.log_integral, torch.full_like(self.reach, torch.inf)])
        order = ends[0].argsort(descending=self.to_end, stable=True)
        order = order[row[order].argsort(stable=True)]
        row, logs, low, high = row[order], logs[order], ends[0][order], ends[1][order]
        counts = torch.bincount(row, minlength=n)
        place = torch.arange(row.numel(), device=row.device) - (counts.cumsum(0) - counts)[row]
        cumulative = logs.new_full((n, int(counts.max()) + 1), -torch.inf)
        cumulative[row, place + 1] = logs
        cumulative = torch.logcumsumexp(cumulative, 1)
        which = ((cumulative <= log_target[:, None]).sum(1) - 1).clamp_min(0)
        which = torch.minimum(which, counts - 1)
        at = counts.cumsum(0) - counts + which
        before = cumulative[torch.arange(n, device=row.device), which]
        return (before, high[at], low[at]) if self.to_end else (before, low[at], high[at])


def _log_sum_by_row(logs: Tensor, rows: Tensor, n: int) -> Tensor:
    """logsumexp of ``logs`` over equal ``rows``, ``(n,)``; -inf for a row without
    any."""
    top = logs.new_full((n,), -torch.inf).scatter_reduce(0, rows, logs, "amax")
    safe = torch.where(torch.isfinite(top), top, 0.0)
    sums = logs.new_zeros(n).index_add_(0, rows, (logs - safe[rows]).exp())
    return sums.log() + safe
