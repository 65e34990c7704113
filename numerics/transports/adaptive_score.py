r"""The bijection that realises any score, by panels that are split where the quadrature
errs, its images carried as logarithms.

An image lies on a line between two ends, at which the integral of p/s along the fibre
ends. Far out its distance from the base point's image no longer moves, and its distance
from the nearer end still does: an image is the logarithm of the one or of the other, as
a quantile is that of the nearer tail. In a valley of p/s between two masses neither
moves; there an image is the logarithm of its distance from the image of an edge of the
fibre's grid, a sum of two numbers that is not carried out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.roots import bracket, solve_increasing
from numerics.transports.arbitrary_score import log_ratio
from numerics.transports.domain import (
    CAUSES,
    HypothesisError,
    LogFunction,
    Trouble,
    complaint,
    evaluate,
)
from numerics.transports.fibre_panels import RULE, Lines, PanelTable, coefficient_error, cumulative_coefficients

__all__ = ["ACCURACY", "DERIVATION", "KINKED", "AdaptiveScore", "Followed", "Images", "Recovered"]

SATURATED = 1e-6  # p/s at the point over its integral up to there, in the coordinate's spread: below, the image is told by its distance from the end
ASSUMED = 1e-3  # nats: where the units of rounding that are assumed come to more, the noise that the coefficients show is taken instead,
SEEN = 4.0  # so many times
COARSEST = 0.1  # that ratio, however coarse log p is
GUESSES = 48  # halvings of the unit interval, on the panel's polynomial
ACCURACY = "log p, log s and their derivatives along the fibre are computed to within 16 (D + 8) units of rounding of 1 + |log p| + |log s|"
KINKED = "on the panel that holds a point p/s is smooth but for one kink, between the outermost nodes"
DERIVATION = (
    "y = f(x) is the logarithm of an integral over panels, looked up in their cumulative table and sent back to x' by Newton's method inside one panel; the density "
    "found there is log p(x') less the logarithm of the slope of the panel's rule, differentiated node by node. quadrature: how fast the coefficients of what the "
    "slope sums up fall; rounding: the sum of the absolute values of its terms, or what those coefficients show of it where that sum says less than 1e-3 nats; inversion: the table is one and the same on the way there and back, so that x' lies "
    "within the rounding of the partial integral over the slope."
)


@dataclass(frozen=True)
class Images:
    """Where points of N fibres go, ``(N,)`` each: ``side`` of the base point, and
    ``log_distance`` from an anchor's image.

    ``anchor`` is 0 for the base point, 1 for the end of the fibre beyond the point, 2
    for an edge of the fibre's grid, at distance ``edge`` from the base point.
    """

    side: Tensor
    anchor: Tensor
    log_distance: Tensor
    edge: Tensor


@dataclass(frozen=True)
class _Group:
    """Rows whose images have one kind of anchor, with their table and their places in
    it."""

    rows: Tensor
    table: PanelTable
    own: Tensor
    by_edge: bool


@dataclass(frozen=True)
class Recovered:
    """log density of f(X) at f(x), nats, and what may separate it from the exact one;
    each of shape ``(N,)``.

    ``quadrature``, ``rounding`` and ``inversion`` add up to ``error``; ``moved`` is the
    distance between x_1 and the preimage that was found, ``reach`` what it may be;
    ``log_p`` is log p at the preimage. Rows in ``trouble`` have an infinite error.
    """

    log_density: Tensor
    quadrature: Tensor
    rounding: Tensor
    inversion: Tensor
    moved: Tensor
    reach: Tensor
    log_p: Tensor

    @property
    def error(self) -> Tensor:
        """The sum of the three terms."""
        return self.quadrature + self.rounding + self.inversion


class AdaptiveScore:
    r"""The bijection under which a distribution with density p has the density s(x) at
    the image of x.

    .. math:: f(x) = \Bigl(\int_{c(x_2..x_D)}^{x_1} \frac{p(t, x_2..x_D)}{s(t, x_2..x_D)}\,dt,\; x_2, \dots, x_D\Bigr)

    Args:
        log_prob: log p, nats, ``(N, D)`` to ``(N,)``; it need not be normalised.
            log_score: log s in the same shapes, finite where p is positive.
        dim: D >= 1. base: The base point inside the fibre, a number or a continuous
            callable from ``(N, D - 1)`` to ``(N,)``.
        integrand: From (log p, log s) to the logarithm of the integrand; substituted by
            controls.
        tolerance: Relative error up to which panels with kinks are split; panels on
            which p/s is smooth are split to 3e-9.
        tile: Points evaluated at once. precision: The unit roundoff of log p. log_unit:
            :meth:`forward` gives y_1 in units of ``e^log_unit``.
    Raises:
        HypothesisError: a base point that is not finite, or what the functions raise.
    Accuracy:
        :meth:`Followed.recover_density` states it, point by point.
    Limits:
        x_1 should be of order one: the first panel is 1.5 wide. p and s are seen at the
        nodes alone.
    Source: Le Lan & Dinh 2021, prop. 1; panels and images in logarithms are ours.

    >>> from numerics.distributions.marginals import Normal
    >>> p, x = Normal(), torch.tensor([[-1.0], [0.5], [2.0]]).double()
    >>> flat = AdaptiveScore(p.log_prob, lambda x: 0 * x[:, 0], dim=1)
    >>> bool((p.log_prob(x) - flat.log_det(x)).abs().max() < 1e-7)  # the image's density is 1
    True
    """

    def __init__(
        self,
        log_prob: LogFunction,
        log_score: LogFunction,
        *,
        dim: int,
        base: float | LogFunction = 0.0,
        integrand: Callable[[Tensor, Tensor], Tensor] = log_ratio,
        tolerance: float = 1e-4,
        tile: int = 1 << 14,
        precision: float = 2.0**-52,
        log_unit: float = 0.0,
    ) -> None:
        self.log_prob, self.log_score, self.dim, self.base, self.integrand = log_prob, log_score, dim, base, integrand
        self.tolerance, self.tile, self.precision, self.log_unit = tolerance, tile, precision, log_unit

    def start(self, rest: Tensor) -> Tensor:
        """The base points of the fibres over ``rest``, ``(N, D - 1)`` to ``(N,)``."""
        start = self.base(rest) if callable(self.base) else rest.new_full(rest.shape[:1], self.base)
        if not isinstance(start, Tensor) or start.shape != rest.shape[:1]:
            got = tuple(start.shape) if isinstance(start, Tensor) else type(start).__name__
            raise ValueError(
                f"Expected base to give one number a fibre, shape ({rest.shape[0]},) for coordinates x_2..x_D of shape {tuple(rest.shape)}, got {got}."
            )
        if not bool(torch.isfinite(start).all()):
            raise HypothesisError(
                "The base point is infinite or NaN on some fibres; it has to lie inside each of them."
            )
        return start

    def follow(self, x: Tensor) -> Followed:
        """The points ``(N, D)`` with the panels of their fibres, kept for the way
        back."""
        return Followed(self, x)

    # The map on plain numbers.

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``, same shape, as plain numbers: distances from the
        base point's image, which saturate far out.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = AdaptiveScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.forward(x)
        tensor([[0.5000]], dtype=torch.float64)
        """
        followed = self.follow(x)
        followed.refuse_trouble()
        y = followed.lines.side * (followed.to_base.log_total - self.log_unit).exp()
        return torch.cat([y[:, None], x[:, 1:]], 1)

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| at points ``(N, D)`` of the map as evaluated, in units of
        ``e^log_unit``.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = AdaptiveScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool(same.log_det(x).abs() < 1e-9)
        True
        """
        followed = self.follow(x)
        followed.refuse_trouble()
        return followed.slope(followed.reach).log_slope - self.log_unit

    def inverse(self, y: Tensor, *, steps: int = 60) -> Tensor:
        """Preimages of ``y``, ``(N, D)``, of :meth:`forward`, by Newton's method inside
        a bracket; each step builds the panels anew.

        Raises:
            HypothesisError: a first coordinate lies outside the range of the map.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = AdaptiveScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.inverse(x)
        tensor([[0.5000]], dtype=torch.float64)
        """
        target, rest = y[:, 0], y[:, 1:]
        start = self.start(rest)

        def both(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            x = torch.cat([at[:, None], rest[rows]], 1)
            followed = self.follow(x)
            value = followed.lines.side * (followed.to_base.log_total - self.log_unit).exp()
            return value, (followed.to_base.slope[0] - self.log_unit).exp()

        low, high, found = bracket(
            lambda at, rows: both(at, rows)[0], target, start, torch.ones_like(start), doublings=40
        )
        if not bool(found.all()):
            raise HypothesisError(
                f"{int((~found).sum())} of {y.shape[0]} points lie outside the image of the map: its first coordinate is bounded there (p/s is integrable along "
                "the fibre). Ask for points of the image only."
            )
        root = solve_increasing(both, target, low, high, floor=4.0, steps=steps)
        return torch.cat([root.x[:, None], rest], 1)

    def log_density(self, y: Tensor) -> Tensor:
        """log density of f(X) at images ``y`` ``(N, D)``, nats, ``(N,)``, through
        :meth:`inverse` and the Jacobian of the map as evaluated.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = AdaptiveScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool((same.log_density(x) - p.log_prob(x)).abs() < 1e-9)  # log s
        True
        """
        x = self.inverse(y)
        with torch.no_grad():
            return evaluate("log_prob", self.log_prob, x) - self.log_det(x)


@dataclass(frozen=True)
class _Slope:
    """log of the slope at points, its relative truncation and rounding, and what
    rounding does to the partial integral, relative; ``(N,)`` each."""

    log_slope: Tensor
    truncation: Tensor
    rounding: Tensor
    blur: Tensor
    log_units: Tensor


class Followed:
    """N points, the panels of their fibres, their images, and the way back.

    Attributes:
        lines: The fibres, and how often the functions were evaluated on them. to_base:
            Panels between base point and point, for all. to_end: Panels between the
            point and the end of its fibre, for the rows ``ended``, whose image does not
            move with them otherwise.
    """

    def __init__(self, transport: AdaptiveScore, x: Tensor) -> None:
        _check(x, transport.dim)
        self.transport, self.x = transport, x
        rest = x[:, 1:]
        start = transport.start(rest)
        side = torch.where(x[:, 0] >= start, 1.0, -1.0).to(x)
        self.lines = Lines(
            transport.log_prob, transport.log_score, transport.integrand, rest, start, side,
            tile=transport.tile, precision=transport.precision,
        )  # fmt: skip
        self.reach = (x[:, 0] - start).abs()
        everyone = torch.arange(x.shape[0], device=x.device)
        self.to_base = PanelTable(self.lines, everyone, self.reach, to_end=False, tolerance=transport.tolerance)
        self._towards_the_ends()

    def _towards_the_ends(self) -> None:
        flat = _saturation_mask(self.to_base)
        rows = (flat & torch.isfinite(self.to_base.slope[0])).nonzero()[:, 0]
        self.to_end = None
        self.ended, self.edged = torch.zeros_like(flat), torch.zeros_like(flat)
        self.place = torch.full_like(flat, -1, dtype=torch.int64)
        if not rows.numel():
            return
        self.to_end = table = PanelTable(
            self.lines, rows, self.reach[rows], to_end=True, tolerance=self.to_base.tolerance
        )
        nearer = table.finite & (table.log_total < self.to_base.log_total[rows]) & ~_saturation_mask(table)
        self.ended[rows[nearer]], self.edged[rows[~nearer]] = True, True
        self.place[rows] = torch.arange(rows.numel(), device=rows.device)

    def refine(self, tolerance: float, coarse: Tensor) -> None:
        """Split the panels of the rows ``coarse`` ``(N,)`` further."""
        self.to_base.refine(tolerance, coarse & ~self.ended)
        if self.to_end is not None:
            self.to_end.refine(tolerance, (coarse & self.ended)[self.to_end.rows])

    @property
    def trouble(self) -> Trouble:
        """The rows at which p or s is not positive and finite between base point and
        point."""
        causes = {cause: self.lines.seen[cause].nonzero()[:, 0] for cause in CAUSES if cause in self.lines.seen}
        return Trouble(self.x.shape[0], causes, self.x.device)

    def refuse_trouble(self) -> None:
        """Raise what the first cause of trouble says."""
        for cause, rows in self.trouble.causes.items():
            raise complaint(cause, rows.numel(), self.x.shape[0], self.x.dtype)

    @property
    def images(self) -> Images:
        """The images of the points."""
        log_distance = torch.where(self.edged, self.to_base.partial[0], self.to_base.log_total)
        if self.to_end is not None:
            rows = self.to_end.rows
            log_distance[rows] = torch.where(self.ended[rows], self.to_end.log_total, log_distance[rows])
        anchor = self.ended.long() + 2 * self.edged.long()
        return Images(self.lines.side, anchor, log_distance, torch.where(self.edged, self.to_base.low, 0.0))

    def preimages(self, images: Images) -> tuple[Tensor, Tensor]:
        """Distances of the preimages from the base points, ``(N,)``, and by how much
        the log distances of their images miss."""
        found, miss = images.edge.clone(), torch.zeros_like(self.reach)
        for group in self._groups():
            away = images.log_distance[group.rows] > -torch.inf  # the others are at the base point, or at the edge
            if bool(away.any()):
                rows = group.rows[away]
                found[rows], miss[rows] = self._look_up(group, away, images.log_distance[rows])
        return found, miss

    def _groups(self) -> list[_Group]:
        everyone = torch.arange(self.reach.numel(), device=self.reach.device)
        by_base, edged = everyone[~(self.ended | self.edged)], everyone[self.edged]
        groups = [_Group(by_base, self.to_base, by_base, False), _Group(edged, self.to_base, edged, True)]
        if self.to_end is not None:
            rows = everyone[self.ended]
            groups.append(_Group(rows, self.to_end, self.place[rows], False))
        return [group for group in groups if group.rows.numel()]

    @staticmethod
    def _panels(group: _Group, which: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log of the integral before the panel that holds each target, its far end, and
        its near end."""
        own, table = group.own[which], group.table
        if group.by_edge:
            return torch.full_like(target, -torch.inf), table.low[own], table.high[own]
        whole = target.new_full((table.rows.numel(),), -torch.inf)
        whole[own] = target
        before, far, near = table.panel_of(whole)
        return before[own], far[own], near[own]

    def _look_up(self, group: _Group, which: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        rows = group.rows[which]
        before, far, near = self._panels(group, which, target)
        sign = -1.0 if group.table.to_end else 1.0  # the integral grows away from the anchor
        guess = far + (near - far) * self._guess(before, far, near, rows, target)

        def value(at: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
            log_partial, log_slope = self._partial(far[which], at, rows[which])
            total = torch.logaddexp(before[which], log_partial)
            return sign * total, (log_slope - total).exp()

        low, high = torch.minimum(far, near), torch.maximum(far, near)
        floor = 4.0 * self.transport.precision / 2.0**-52 * self.lines.size[rows] / (1 + target.abs())
        root = solve_increasing(value, sign * target, low, high, start=guess, floor=floor, steps=60)
        return root.x, root.residual

    def _guess(self, before: Tensor, far: Tensor, near: Tensor, rows: Tensor, target: Tensor) -> Tensor:
        """Where in the panel, from its far end, the integral of the polynomial through
        its values reaches the target, ``(n,)`` in [0, 1]."""
        nodes = RULE.tensors(far)[0]
        log_r = self.lines.beyond(far[:, None] + nodes * (near - far)[:, None], rows)
        scale = (near - far).abs().log()
        top = torch.where(torch.isfinite(log_r.amax(1)), log_r.amax(1), 0.0)
        wanted = (target - scale - top).exp() - (before - scale - top).exp()
        coefficients = cumulative_coefficients((log_r - top[:, None]).exp())
        low, high = torch.zeros_like(far), torch.ones_like(far)
        for _ in range(GUESSES):
            middle = (low + high) / 2
            less = _legendre(coefficients, 2 * middle - 1) < wanted
            low, high = torch.where(less, middle, low), torch.where(less, high, middle)
        return (low + high) / 2

    def _partial(self, far: Tensor, at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """log of the rule's integral from ``far`` to ``at``, and log of p/s at
        ``at``."""
        nodes, weights, _ = RULE.tensors(far)
        distance = torch.cat([far[:, None] + nodes * (at - far)[:, None], at[:, None]], 1)
        log_r = self.lines.beyond(distance, rows)
        top = torch.where(torch.isfinite(log_r.amax(1)), log_r.amax(1), 0.0)
        sums = (log_r[:, :-1] - top[:, None]).exp() @ weights
        return sums.log() + top + (at - far).abs().log(), log_r[:, -1]

    def slope(self, at: Tensor) -> _Slope:
        """The derivative, by autograd through every node, of the rule on the panel that
        holds the point, at distances ``at`` ``(N,)`` from the base points.

        Raises:
            ValueError: a function varies along the fibre and carries no gradient.
                PrecisionError: the computed map stands still or turns back.
        """
        parts, far = _Slope(*(torch.zeros_like(at) for _ in range(5))), torch.zeros_like(at)
        for group in self._groups():
            far[group.rows] = group.table.far[group.own]
        per = max(1, self.transport.tile // len(RULE))
        everyone = torch.arange(at.numel(), device=at.device)
        for rows in everyone.split(per):
            for name, value in vars(self._slope(far[rows], at[rows], rows)).items():
                getattr(parts, name)[rows] = value
        return parts

    def _slope(self, far: Tensor, at: Tensor, rows: Tensor) -> _Slope:
        nodes, weights, _ = RULE.tensors(far)
        end = at.detach().clone().requires_grad_()
        with torch.enable_grad():
            distance = far[:, None] + nodes * (end - far)[:, None]
            log_r, log_p, log_s = self.lines.logs(distance, rows)
            top = log_r.detach().amax(1).nan_to_num(neginf=0.0)
            r = (log_r - top[:, None]).exp()
            integral = (r @ weights) * (end - far)
            value, by_node = torch.autograd.grad(integral.sum(), [end, distance], allow_unused=True)
        _refuse_detached(log_p, log_s)
        r, by_node = r.detach(), torch.zeros_like(r) if by_node is None else by_node
        moving = r + nodes * by_node / weights  # what the slope is the rule's sum of
        truncation = 2 * coefficient_error(moving) / value.abs()
        size = 1 + (log_p.detach().abs() + log_s.detach().abs())
        units = 16 * (self.transport.dim + 8) * size
        scale = ((len(RULE) + 8 + units) * (weights * r + 2 * nodes * by_node.abs())).sum(1)
        rounding = self.transport.precision * (scale / value.abs() + units.amax(1))
        seen = (SEEN * truncation + SEEN * self.transport.precision * size.amax(1)).clamp_min(ASSUMED)
        rounding = torch.where(rounding > ASSUMED, torch.minimum(rounding, seen), rounding)
        blur = self.transport.precision * ((len(RULE) + 8 + units) * weights * r).sum(1) / (r @ weights)
        return _Slope(value.clamp_min(0).log() + top, truncation, rounding, blur, units.amax(1))

    def recover_density(self) -> Recovered:
        """The density of the images, from the images alone: sent back, and divided by
        the slope of the map as evaluated; rows in trouble have an infinite error."""
        images = self.images
        back, miss = self.preimages(images)
        start, side = self.lines.start, self.lines.side
        x = torch.cat([(start + side * back)[:, None], self.x[:, 1:]], 1)
        slope = self.slope(back)
        with torch.no_grad():
            log_p = evaluate("log_prob", self.transport.log_prob, x)
        self.lines.evaluations += x.shape[0]
        relative = slope.truncation + slope.rounding
        room = torch.where(
            relative < 0.5, 1 / (1 - relative.clamp(max=0.5)), torch.inf
        )  # |log(1 + r)| <= |r| / (1 - |r|)
        eps = self.transport.precision
        doubt = miss + 2 * (self._share(images) * slope.blur + eps * (2 + images.log_distance.abs()))
        moved = doubt * (images.log_distance - slope.log_slope).exp()
        reach = 2 * torch.where(images.log_distance > -torch.inf, moved, 0.0) + 4 * eps * (start.abs() + back)
        bad = torch.zeros_like(self.ended)
        bad[self.trouble.rows] = True
        bad |= ~torch.isfinite(slope.log_slope) | images.log_distance.isnan() | (images.log_distance == torch.inf)
        bad |= (images.log_distance == -torch.inf) & (self.reach != images.edge)
        density = log_p - slope.log_slope
        terms = (slope.truncation * room, slope.rounding * room, 2 * self._steepness(back) * reach)
        quadrature, rounding, inversion = (
            torch.where(bad, torch.inf, term.nan_to_num(nan=torch.inf)) for term in terms
        )
        return Recovered(density, quadrature, rounding, inversion, (back - self.reach).abs(), reach, log_p)

    def _share(self, images: Images) -> Tensor:
        """What share of an image's distance from its anchor the point's own panel
        has."""
        share = torch.ones_like(self.reach)
        for group in self._groups():
            share[group.rows] = (group.table.partial[0][group.own] - images.log_distance[group.rows]).exp().clamp(max=1)
        return share.nan_to_num(nan=1.0)

    def _steepness(self, back: Tensor) -> Tensor:
        """|d log s / dx_1| (s as the map has it: log p less the integrand) at the
        points and at their preimages, the larger, ``(N,)``."""
        found, everyone = [], torch.arange(back.numel(), device=back.device)
        for at in (self.reach, back):
            leaf = at.detach().clone()[:, None].requires_grad_()
            with torch.enable_grad():
                log_r, log_p, _ = self.lines.logs(leaf, everyone)
                log_s = log_p - log_r
            found.append(torch.autograd.grad(log_s.sum(), leaf)[0][:, 0].abs() if log_s.requires_grad else 0 * at)
        return torch.maximum(*found).nan_to_num(nan=torch.inf)


def _saturation_mask(table: PanelTable) -> Tensor:
    """Where an image moves too little with its point for its distance from the table's
    anchor to tell it from a neighbour's: sooner where log p is coarse."""
    least = max(SATURATED, min(COARSEST, SATURATED * 1e11 * table.lines.precision))
    return table.slope[0] - table.log_total < math.log(least)


def _legendre(coefficients: Tensor, at: Tensor) -> Tensor:
    """sum of c_k P_k(t) by Clenshaw's recurrence, ``(n, K)`` and ``(n,)`` to
    ``(n,)``."""
    later, last = torch.zeros_like(at), torch.zeros_like(at)
    for k in range(coefficients.shape[1] - 1, 0, -1):
        later, last = coefficients[:, k] + (2 * k + 1) / (k + 1) * at * later - (k + 1) / (k + 2) * last, later
    return coefficients[:, 0] + at * later - last / 2


def _refuse_detached(log_p: Tensor, log_s: Tensor) -> None:
    for name, values in (("log_prob", log_p), ("log_score", log_s)):
        if not values.requires_grad and bool((values != values[:, :1]).any()):
            raise ValueError(
                f"{name} varies along the fibre but carries no gradient (detached, under no_grad, computed outside torch, or a distribution on a lattice that "
                "rounds its argument). Compute it in torch with autograd on."
            )


def _check(x: Tensor, dim: int) -> None:
    if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != dim or x.shape[0] == 0:
        got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"Expected points as a tensor of shape (N, {dim}) with N >= 1, got {got}.")
    if x.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"Expected points of double or single precision, got {x.dtype}. Convert with x.double().")
    bad = ~torch.isfinite(x).all(1)
    if bool(bad.any()):
        raise ValueError(
            f"{int(bad.sum())} of {x.shape[0]} points have a coordinate that is NaN or infinite, first in row {int(bad.nonzero()[0])}."
        )
