"""Triangular transports: the bijection that realises any density score, and
log-determinants by structure.

A map whose Jacobian is triangular needs only its diagonal. Here the diagonal is taken
from *the map as evaluated*, by differentiating the computed numbers (quadrature
included), never from the identity that the map was built to satisfy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.quadrature import Rule, kronrod
from numerics.roots import bracket, solve_increasing
from numerics.transports.domain import (
    CAUSES,
    PRECISION,
    HypothesisError,
    LogFunction,
    PrecisionError,
    Trouble,
    causes_of,
    complaint,
    evaluate,
    within_range,
)
from numerics.transports.triangular import gradient

__all__ = ["ArbitraryScore", "Inspection", "Inverse", "Slope", "dyadic_tails", "log_ratio"]


DOUBLINGS = 21  # of a unit step away from the base point, where a preimage is looked for


def log_ratio(log_p: Tensor, log_s: Tensor) -> Tensor:
    """log(p/s), the logarithm of the integrand that makes s the density of the image.

    Args:
        log_p, log_s: Nats, any shape.

    >>> log_ratio(torch.tensor([0.0]), torch.tensor([-1.0]))
    tensor([1.])
    """
    return log_p - log_s


@dataclass(frozen=True)
class Slope:
    """The derivative of the computed first coordinate, and how far it can be trusted;
    each of shape ``(N,)``.

    ``value`` is what autograd finds through every node of the quadrature. ``estimate``
    is its distance from the derivative of the embedded rule (an estimate of
    truncation). ``scale`` sums the absolute values of the terms, in the same units, so
    that ``eps * scale`` is one unit of rounding; ``value_scale`` does so for the
    coordinate itself. ``log_size`` is the largest ``1 + |log p| + |log s|`` met on the
    fibre.
    """

    value: Tensor
    estimate: Tensor
    scale: Tensor
    value_scale: Tensor
    log_size: Tensor


@dataclass(frozen=True)
class Inverse:
    """Preimages ``(N, D)``, and ``|f_1(x) - y_1|`` of the map as evaluated, shape
    ``(N,)``."""

    x: Tensor
    residual: Tensor


@dataclass(frozen=True)
class Inspection:
    """Images ``(N, D)`` and their estimated error ``(N,)`` as they came out, and the
    rows at which they can not be trusted."""

    y: Tensor
    estimate: Tensor
    trouble: Trouble


class ArbitraryScore:
    r"""The bijection under which a distribution with density p has the density s(x) at
    the image of x.

    .. math:: f(x) = \Bigl(\int_{c(x_2..x_D)}^{x_1} \frac{p(t, x_2..x_D)}{s(t, x_2..x_D)}\,dt,\; x_2, \dots, x_D\Bigr)

    Args:
        log_prob: log p, nats, any torch callable from ``(N, D)`` to ``(N,)``. It need
            not be normalised; a constant factor scales the first coordinate.
        log_score: log s in the same shapes, finite wherever p is positive. With s = 1
            the image has constant density.
        dim: D >= 1.
        base: The base point c inside the fibre: a number, or a continuous callable from
            ``(N, D - 1)`` to ``(N,)``.
        integrand: From (log p, log s) to the logarithm of the integrand; substituted by
            controls.
        rule: Quadrature along the fibre; :func:`numerics.quadrature.kronrod` (31) costs
            63 evaluations of each function a point.
        tile: Numbers held at once in a batch of evaluation points, which bounds memory
            whatever N.
        log_unit: The first coordinate is given in units of ``e^log_unit``: y_1 is
            divided by it, and the density of the image is ``s e^log_unit``. One number
            for the whole map: a factor that changed from fibre to fibre would change
            the score. In many dimensions log p - log s may be -1000 everywhere, which
            no double can hold; :meth:`centre_unit` chooses the unit.
    Raises:
        ValueError: shapes, precisions or devices that do not fit.
            :class:`HypothesisError`: p or s is NaN, zero or infinite on a fibre;
            :class:`PrecisionError`, one of its kind: p/s leaves the floating-point
            range there. :meth:`inspect` counts such rows and raises for none of them.
    Accuracy:
        :meth:`forward_with_estimate` returns the distance from the embedded rule, an
        estimate.
    Limits:
        The inverse looks for a bracket outside too: a distribution of bounded support
        has to return -inf there, and not to raise. p and s are seen at the nodes alone:
        a gap, a pole or an atom between nodes goes unseen, and so does a distribution
        without a density whose ``log_prob`` answers between its atoms. A score that
        vanishes *at* the base point is :func:`dyadic_tails`' to find.
    Source: Le Lan & Dinh 2021, prop. 1; the base point inside the fibre is ours.

    >>> from numerics.distributions.marginals import Normal
    >>> p, x = Normal(), torch.tensor([[-1.0], [0.0], [2.0]]).double()
    >>> flat = ArbitraryScore(p.log_prob, lambda x: 0 * x[:, 0], dim=1)
    >>> bool((p.log_prob(x) - flat.log_det(x)).abs().max() < 1e-12)  # the image's density is 1
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
        rule: Rule | None = None,
        tile: int = 1 << 18,
        log_unit: float = 0.0,
    ) -> None:
        if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
            raise ValueError(f"Expected a dimension, an integer of at least 1, got {dim!r}.")
        if not callable(base) and not math.isfinite(base):
            raise HypothesisError(
                f"The base point has to lie inside every fibre, got {base}. From an infinite one the integral may diverge."
            )
        if not math.isfinite(log_unit):
            raise ValueError(f"Expected a finite log_unit, got {log_unit}.")
        self.log_prob, self.log_score, self.dim, self.base = log_prob, log_score, dim, base
        self.integrand, self.rule, self.tile, self.log_unit = integrand, rule or kronrod(31), tile, float(log_unit)

    def centre_unit(self, x: Tensor) -> ArbitraryScore:
        """The same map in another unit: the range of log p - log s over the fibres of
        ``x`` is put in the middle of the exponents.

        Where the numbers can not hold them all, the middle of the middle fibre is
        taken, so that the bulk of the points is served;
        :meth:`inspect` names the rest.

        Args:
            x: Points, shape ``(N, D)``.
        Raises:
            HypothesisError: p/s is finite and positive throughout on no fibre of ``x``.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> tiny = ArbitraryScore(lambda x: p.log_prob(x) - 1000, p.log_prob, dim=1)  # e^-1000 underflows
        >>> round(tiny.centre_unit(x).log_unit)
        -1000
        """
        with torch.no_grad():
            ends = [torch.aminmax(self._fibre(part[:, 0], part[:, 1:])[2][0], dim=0) for part in self._tiles(x)]
        low, high = (torch.cat([end[k] for end in ends]) for k in (0, 1))
        finite = torch.isfinite(low) & torch.isfinite(high)
        if not bool(finite.any()):
            raise HypothesisError(
                "p/s is zero, infinite or NaN somewhere between the base point and x on every fibre of these points; inspect(x) says which."
            )
        low, high = low[finite], high[finite]
        kind = torch.finfo(x.dtype)
        fits = float(high.max() - low.min()) < math.log(kind.max) - math.log(kind.tiny)
        middle = (high.max() + low.min()) / 2 if fits else ((low + high) / 2).median()
        options = {"base": self.base, "integrand": self.integrand, "rule": self.rule, "tile": self.tile}
        return ArbitraryScore(
            self.log_prob, self.log_score, dim=self.dim, log_unit=self.log_unit + float(middle), **options
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``, same shape, in tiles.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.forward(x)
        tensor([[0.5000]], dtype=torch.float64)
        """
        return self.forward_with_estimate(x)[0]

    def forward_with_estimate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(N, D)``, and the estimated quadrature error of their first
        coordinate, ``(N,)``.

        Differentiable where ``x`` asks for a gradient; :meth:`log_det` is the way to
        the Jacobian.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool(same.forward_with_estimate(x)[1] < 1e-14)
        True
        """

        def images() -> Iterator[tuple[Tensor, ...]]:
            for part in self._tiles(x):
                fine, coarse, logs, _ = self._fibre(part[:, 0], part[:, 1:])
                self._check(logs, fine)
                yield torch.cat([fine[:, None], part[:, 1:]], 1), (fine - coarse).abs()

        self._check_shape(x)
        with torch.set_grad_enabled(torch.is_grad_enabled() and x.requires_grad):
            found = _concatenate_tiles(images(), x.shape[0])
        return found[0], found[1]

    def inspect(self, x: Tensor, *, resolution: float = 2.0**-20) -> Inspection:
        """Images and the trouble with them, by cause, at 64 evaluations of each
        function a point. No value raises, only a misfit does.

        Besides what :meth:`forward` refuses, points are counted at which the computed
        map is not injective: moving x_1 by ``resolution`` (relative to 1 + |x_1|) moves
        y_1 by less than two units of rounding, so that neighbours share an image.

        Args:
            x: Points, shape ``(N, D)``.
            resolution: Coarse on purpose: in floating point *every* map with a slope
                below 1 merges some neighbours.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.inspect(x).trouble.counts
        {}
        """
        self._check_shape(x)
        causes: dict[str, list[Tensor]] = {}

        def images() -> Iterator[tuple[Tensor, ...]]:
            done = 0
            for part in self._tiles(x):
                fine, coarse, logs, _ = self._fibre(part[:, 0], part[:, 1:])
                found = {} if within_range(logs[0], fine) else causes_of(logs, fine)
                here = self.log_integrand(part[None, :, 0], part[:, 1:])[0][0].exp()
                moved = here * resolution * (1 + part[:, 0].abs())
                failed = [mask for cause, mask in found.items() if cause not in PRECISION]
                flat = torch.isfinite(fine) & (moved <= 2 * torch.finfo(x.dtype).eps * fine.abs())
                found["not injective"] = flat & ~torch.stack(failed).any(0) if failed else flat
                for cause, mask in found.items():
                    causes.setdefault(cause, []).append(mask.nonzero()[:, 0] + done)
                done += part.shape[0]
                yield torch.cat([fine[:, None], part[:, 1:]], 1), (fine - coarse).abs()

        with torch.no_grad():
            y, estimate = _concatenate_tiles(images(), x.shape[0])
        rows = {cause: torch.cat(causes[cause]) for cause in CAUSES if cause in causes}
        trouble = Trouble(x.shape[0], {cause: found for cause, found in rows.items() if found.numel()}, x.device)
        return Inspection(y, estimate, trouble)

    def evaluate(self, x: Tensor) -> Tensor:
        """The same map as a pure function, ``(N, D)`` to ``(N, D)``: one batch, no
        checks, so that ``torch.func`` can transform it.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.evaluate(x)
        tensor([[0.5000]], dtype=torch.float64)
        """
        fine, *_ = self._fibre(x[:, 0], x[:, 1:])
        return torch.cat([fine[:, None], x[:, 1:]], 1)

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| at points ``(N, D)`` of the map as evaluated: its quadrature
        is differentiated, node by node.

        The other coordinates are returned as they came, so that the first diagonal
        entry is the determinant. It is what
        :func:`triangular_log_det` finds, without the derivatives by the other
        coordinates, which do not enter.

        Raises:
            PrecisionError: the computed map stands still or turns back at a point, so
                that it is not injective there.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool(same.log_det(x).abs() < 1e-9)
        True
        """
        return _concatenate_tiles(((self._log_slope(part),) for part in self._tiles(x)), x.shape[0])[0]

    def slope(self, x: Tensor) -> Slope:
        """The derivative behind :meth:`log_det` with what it takes to bound its error.

        Args:
            x: Points, shape ``(N, D)``.
        Raises:
            ValueError: a function is constant to autograd but not in value (detached,
                or computed outside torch).

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> round(float(same.slope(x).value), 12)
        1.0
        """
        return Slope(
            *_concatenate_tiles((tuple(vars(self._slope(part)).values()) for part in self._tiles(x)), x.shape[0])
        )

    def inverse(self, y: Tensor, *, steps: int = 100) -> Tensor:
        """Preimages of ``y``, shape ``(N, D)``; see :meth:`solve`.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> same.inverse(x)
        tensor([[0.5000]], dtype=torch.float64)
        """
        return self.solve(y, steps=steps).x

    def solve(self, y: Tensor, *, steps: int = 100, strict: bool = True) -> Inverse:
        """Preimages by Newton's method inside a bracket that bisection keeps, on the
        map as evaluated.

        Args:
            y: Images, shape ``(N, D)``.
            strict: With False, rows outside the range of the map come back as NaN with
                an infinite residual.
        Raises:
            HypothesisError: a first coordinate lies outside the range that the map
                reaches within the floating-point line.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool(same.solve(x).residual < 1e-15)
        True
        """
        with torch.no_grad():
            found = Inverse(
                *_concatenate_tiles(
                    (tuple(vars(self._solve(part, steps)).values()) for part in self._tiles(y)), y.shape[0]
                )
            )
        lost = int(torch.isinf(found.residual).sum())
        if strict and lost:
            raise HypothesisError(
                f"{lost} of {y.shape[0]} points lie outside the image of the map: its first coordinate is bounded there (p/s is integrable along "
                "the fibre). Ask for points of the image only."
            )
        return found

    def log_density(self, y: Tensor) -> Tensor:
        """log density of f(X) at images ``y``, through the inverse and the Jacobian of
        the map as evaluated.

        It approaches log s + ``log_unit`` at the preimage. See
        :func:`numerics.transports.image_density.recover` for its error.

        Args:
            y: Shape ``(N, D)``.
        Returns:
            Nats, shape ``(N,)``.

        >>> from numerics.distributions.marginals import Normal
        >>> p, x = Normal(), torch.tensor([[0.5]]).double()
        >>> same = ArbitraryScore(p.log_prob, p.log_prob, dim=1)  # p/s = 1: the identity
        >>> bool((same.log_density(x) - p.log_prob(x)).abs() < 1e-9)  # log s
        True
        """
        x = self.inverse(y)
        with torch.no_grad():
            return evaluate("log_prob", self.log_prob, x) - self.log_det(x)

    # The quadrature along a fibre.

    def start(self, rest: Tensor) -> Tensor:
        """The base points of the fibres over ``rest``, shape ``(N, D - 1)``; returns
        ``(N,)``."""
        if not callable(self.base):
            return rest.new_full(rest.shape[:1], self.base)
        start = self.base(rest)
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

    def log_integrand(self, t: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log integrand, log p and log s at abscissae ``t`` of shape ``(m, n)`` on the
        fibres of ``rest``."""
        points = t[..., None] if self.dim == 1 else torch.cat([t[..., None], rest.expand(*t.shape, self.dim - 1)], -1)
        points = points.reshape(-1, self.dim)
        log_p = evaluate("log_prob", self.log_prob, points)
        log_s = evaluate("log_score", self.log_score, points)
        log_r = self.integrand(log_p, log_s)
        log_r = log_r - self.log_unit if self.log_unit else log_r
        return log_r.view(t.shape), log_p.view(t.shape), log_s.view(t.shape)

    def _fibre(self, first: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor], Tensor]:
        nodes, weights, coarse = self.rule.tensors(first)
        start = self.start(rest)
        width = first - start
        t = start + nodes[:, None] * width
        logs = self.log_integrand(t, rest)
        sums = torch.stack([weights, coarse]) @ logs[0].exp()
        return sums[0] * width, sums[1] * width, logs, t

    def _log_slope(self, x: Tensor) -> Tensor:
        first = x[:, 0].detach().requires_grad_()
        with torch.enable_grad():
            fine, _, logs, _ = self._fibre(first, x[:, 1:].detach())
        self._check_graph(logs)
        value = gradient(fine, first)
        if not bool((value > 0).all()):
            self._check(tuple(log.detach() for log in logs), fine.detach())
            raise PrecisionError(
                f"The computed map stands still or turns back at {int((~(value > 0)).sum())} of {x.shape[0]} points, so that it is not injective: "
                "{self.rule} nodes do not resolve p/s on these fibres. Take a rule with more nodes (rule=kronrod(63)), a nearer base point, or "
                "leave out the rows that inspect(x) names.".replace("{self.rule}", str(len(self.rule)))
            )
        return value.log()

    def _slope(self, x: Tensor) -> Slope:
        first = x[:, 0].detach().requires_grad_()
        rest = x[:, 1:].detach()
        with torch.enable_grad():
            fine, _, logs, t = self._fibre(first, rest)
            value, by_node = torch.autograd.grad(fine.sum(), [first, t], retain_graph=False, allow_unused=True)
        self._check(tuple(log.detach() for log in logs), fine.detach())
        self._check_graph(logs)
        nodes, weights, coarse = self.rule.tensors(first)
        by_node = torch.zeros_like(t) if by_node is None else by_node
        r, width = logs[0].detach().exp(), (first - self.start(rest)).detach()
        other = coarse @ r + (nodes * coarse / weights) @ by_node
        moved = nodes @ by_node.abs()
        scale = weights @ r + 2 * moved
        value_scale = (weights @ r) * width.abs() + (t.detach().abs() * by_node.abs()).sum(0)
        size = 1 + (logs[1].detach().abs() + logs[2].detach().abs()).amax(0)
        return Slope(value, (value - other).abs(), scale, value_scale, size)

    # Inversion.

    def _solve(self, y: Tensor, steps: int) -> Inverse:
        target, rest = y[:, 0], y[:, 1:]
        start = self.start(rest)

        def value(at: Tensor, rows: Tensor) -> Tensor:
            return self._value(at, rest[rows])

        def with_slope(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            return value(at, rows), self.log_integrand(at[None], rest[rows])[0][0].exp()

        low, high, found = bracket(value, target, start, torch.ones_like(start), doublings=DOUBLINGS)
        found = found.nonzero()[:, 0]
        root = solve_increasing(
            lambda at, rows: with_slope(at, found[rows]), target[found], low[found], high[found], floor=0.0, steps=steps
        )
        x, residual = torch.full_like(target, torch.nan), torch.full_like(target, torch.inf)
        x[found], residual[found] = root.x, root.residual
        return Inverse(torch.cat([x[:, None], rest], 1), residual)

    def _value(self, first: Tensor, rest: Tensor) -> Tensor:
        return self._fibre(first, rest)[0]

    # Tiles and checks.

    def _tiles(self, x: Tensor) -> Iterator[Tensor]:
        self._check_shape(x)
        return iter(x.split(max(1, self.tile // (len(self.rule) * self.dim))))

    def _check_shape(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != self.dim or x.shape[0] == 0:
            got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"Expected points as a tensor of shape (N, {self.dim}) with N >= 1, got {got}.")
        if x.dtype not in (torch.float32, torch.float64):
            raise ValueError(
                f"Expected points in floating-point numbers of double or single precision, got {x.dtype}: a quadrature of 63 nodes says nothing in "
                "fewer digits, and integers have no neighbours. Convert with x.double(); discrete data need dequantisation first."
            )
        bad = ~torch.isfinite(x).all(1)
        if bool(bad.any()):
            raise ValueError(
                f"{int(bad.sum())} of {x.shape[0]} points have a coordinate that is NaN or infinite, first in row {int(bad.nonzero()[0])}."
            )

    def _check(self, logs: tuple[Tensor, Tensor, Tensor], fine: Tensor) -> None:
        """p and s have to be positive and finite wherever they were evaluated, and p/s
        within the range of the numbers."""
        if within_range(logs[0], fine):
            return
        found = causes_of(logs, fine)
        if found:
            cause, mask = next(iter(found.items()))
            raise complaint(cause, int(mask.sum()), mask.numel(), fine.dtype)

    def _check_graph(self, logs: tuple[Tensor, Tensor, Tensor]) -> None:
        """A function without a gradient has to be constant along the fibre; otherwise
        autograd was switched off inside it."""
        for name, values in (("log_prob", logs[1]), ("log_score", logs[2])):
            if not values.requires_grad and bool((values != values[:1]).any()):
                raise ValueError(
                    f"{name} varies along the fibre but carries no gradient (detached, under no_grad, computed outside torch, or a distribution on a lattice that "
                    "rounds its argument). Compute it in torch with autograd on."
                )


def _concatenate_tiles(parts: Iterator[tuple[Tensor, ...]], size: int) -> tuple[Tensor, ...]:
    """The tiles' results, end to end, in tensors that are there from the start: small
    tensors kept between large temporaries would split the heap and cost ten times the
    memory."""
    whole: tuple[Tensor, ...] = ()
    done = 0
    for part in parts:
        if not whole:
            whole = tuple(piece.new_empty(size, *piece.shape[1:]) for piece in part)
        for target, piece in zip(whole, part, strict=True):
            target[done : done + piece.shape[0]] = piece
        done += part[0].shape[0]
    return whole


def dyadic_tails(
    log_integrand: Callable[[Tensor, Tensor], Tensor], rest: Tensor, base: Tensor, *, levels: int, reach: float = 0.125
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Integrals over intervals that halve towards a finite base point, or double
    towards an infinite one.

    The integral from the base point is finite where these fall geometrically, and
    infinite where they do not fall to zero.

    Args:
        log_integrand: From abscissae ``(m, n)`` and ``rest`` to the logarithm of the
            integrand, ``(m, n)``.
        rest: The fibres, shape ``(n, D - 1)``.
        base: c, shape ``(n,)``. Finite: the intervals are ``c + reach [2^-k-1, 2^-k]``.
            Infinite, all of one sign: ``sign(c) [2^k, 2^k+1]``.
        levels: k of the last interval; the first has k = 0.
    Returns:
        The first integral, the last, and the estimated error of the last, each of shape
        ``(n,)``.

    >>> rest, base = torch.zeros(1, 0).double(), torch.zeros(1).double()
    >>> first, last, _ = dyadic_tails(lambda t, rest: 0 * t, rest, base, levels=2, reach=0.5)
    >>> first, last  # lengths: 1/4, a quarter of that
    (tensor([0.2500], dtype=torch.float64), tensor([0.0625], dtype=torch.float64))
    """
    finite = bool(torch.isfinite(base).all())
    start = base if finite else torch.zeros_like(base)
    scale = torch.full_like(base, reach) if finite else torch.sign(base)
    found = []
    for k in (0, levels):
        near, far = (2.0 ** (-k - 1), 2.0**-k) if finite else (2.0**k, 2.0 ** (k + 1))
        ends = start + near * scale, start + far * scale
        low, high = torch.minimum(*ends), torch.maximum(*ends)
        found.append(kronrod(15).integrate(lambda t: log_integrand(t, rest).exp(), low, high))
    return found[0][0], found[1][0], found[1][1]
