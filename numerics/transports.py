"""Triangular transports: the bijection that realises any density score, and log-determinants by structure.

A map whose Jacobian is triangular needs only its diagonal. Here the diagonal is taken from *the map as evaluated*, by
differentiating the computed numbers (quadrature included), never from the identity that the map was built to satisfy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.quadrature import Rule, kronrod

LogFunction = Callable[[Tensor], Tensor]


class HypothesisError(ValueError):
    """A hypothesis of a theorem fails for the objects given. The message names the hypothesis and what to do."""


def log_ratio(log_p: Tensor, log_s: Tensor) -> Tensor:
    """log(p/s), the logarithm of the integrand that makes s the density of the image."""
    return log_p - log_s


def triangular_log_det(
    transport: Callable[[Tensor], Tensor], x: Tensor, *, active: Sequence[int] | None = None
) -> Tensor:
    r"""log |det df/dx| of a map with a triangular Jacobian, from the map as evaluated.

    .. math:: \log|\det J| = \sum_{k \in \mathrm{active}} \log|\partial f_k/\partial x_k|

    Args:
        transport: Maps ``(N, D)`` to ``(N, D)``, row by row, differentiable by autograd; each output depends on one row.
        x: Points ``(N, D)``.
        active: Coordinates that the map changes; all when omitted. The others have to be returned bit for bit, which
            makes their rows of the Jacobian those of the identity; it is checked at these points.
    Returns:
        Shape ``(N,)``. One backward pass for each active coordinate, instead of D passes and a factorisation.
    Raises:
        ValueError: a passive coordinate was changed; ``transport`` gave another shape or was cut off from autograd.
    Accuracy:
        That of the map's own differentiation. Triangularity itself is the caller's to know; see
        :func:`triangularity_defect` for a probe.
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        y = transport(leaf)
    if y.shape != x.shape:
        raise ValueError(f"Expected a map from (N, D) to the same shape {tuple(x.shape)}, got {tuple(y.shape)}.")
    chosen = range(x.shape[1]) if active is None else active
    passive = [k for k in range(x.shape[1]) if k not in set(chosen)]
    if passive and not torch.equal(y.detach()[:, passive], x[:, passive]):
        raise ValueError(
            f"Expected coordinates {passive[:8]} to be returned unchanged, but the map changes them. Name them in active=."
        )
    total = torch.zeros(x.shape[0], dtype=x.dtype, device=x.device)
    for place, k in enumerate(chosen):
        grad = _gradient(y[:, k], leaf, retain=place + 1 < len(chosen))
        total = total + grad[:, k].abs().log()
    return total


def _gradient(value: Tensor, leaf: Tensor, *, retain: bool = False) -> Tensor:
    if not value.requires_grad:
        raise ValueError(
            "The map is cut off from autograd (detached, or under no_grad), so its Jacobian cannot be taken."
        )
    return torch.autograd.grad(value.sum(), leaf, retain_graph=retain)[0]


def triangularity_defect(transport: Callable[[Tensor], Tensor], x: Tensor, covectors: Tensor) -> Tensor:
    """Largest entry of ``w J`` beyond the last nonzero entry of ``w``: anything but 0 shows that a map is not lower triangular.

    Args:
        covectors: Shape ``(m, D)``, each with trailing zeros: a combination of the first coordinates of f depends on those of x alone.
    Returns:
        Shape ``(N,)``.
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        y = transport(leaf)
    worst = torch.zeros(x.shape[0], dtype=x.dtype, device=x.device)
    for w in covectors:
        beyond = torch.cumsum(w.abs().flip(0), 0).flip(0) == 0
        grad = _gradient(y @ w, leaf, retain=True)
        worst = torch.maximum(worst, (grad.abs() * beyond).amax(1))
    return worst


@dataclass(frozen=True)
class Slope:
    """The derivative of the computed first coordinate, and how far it can be trusted; each of shape ``(N,)``.

    ``value`` is what autograd finds through every node of the quadrature. ``estimate`` is its distance from the derivative
    of the embedded rule (an estimate of truncation). ``scale`` sums the absolute values of the terms, in the same units, so that
    ``eps * scale`` is one unit of rounding; ``value_scale`` does so for the coordinate itself. ``log_size`` is the largest
    ``1 + |log p| + |log s|`` met on the fibre.
    """

    value: Tensor
    estimate: Tensor
    scale: Tensor
    value_scale: Tensor
    log_size: Tensor


@dataclass(frozen=True)
class Inverse:
    """Preimages ``(N, D)``, and ``|f_1(x) - y_1|`` of the map as evaluated, shape ``(N,)``."""

    x: Tensor
    residual: Tensor


class ArbitraryScore:
    r"""The bijection under which a law with density p has the density s(x) at the image of x.

    .. math:: f(x) = \Bigl(\int_{c(x_2..x_D)}^{x_1} \frac{p(t, x_2..x_D)}{s(t, x_2..x_D)}\,dt,\; x_2, \dots, x_D\Bigr)

    Args:
        log_prob: log p, nats, any torch callable from ``(N, D)`` to ``(N,)``. It need not be normalised; a constant factor
            scales the first coordinate.
        log_score: log s in the same shapes, finite wherever p is positive.
        dim: D >= 1.
        base: The base point c inside the fibre: a number, or a continuous callable from ``(N, D - 1)`` to ``(N,)``.
        integrand: From (log p, log s) to the logarithm of the integrand; substituted by controls.
        rule: Quadrature along the fibre; :func:`numerics.quadrature.kronrod` (31) costs 63 evaluations of each function a point.
        tile: Numbers held at once in a batch of evaluation points, which bounds memory whatever N.
    Raises:
        ValueError: shapes that do not fit, or functions that return NaN. :class:`HypothesisError`: p or s is zero or infinite
            on a fibre.
    Accuracy:
        :meth:`forward_with_estimate` returns the distance from the embedded rule, an estimate.
    Source: Le Lan & Dinh 2021, prop. 1; the base point inside the fibre is ours.
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
    ) -> None:
        if dim < 1:
            raise ValueError(f"Expected a dimension of at least 1, got {dim}.")
        self.log_prob, self.log_score, self.dim, self.base = log_prob, log_score, dim, base
        self.integrand, self.rule, self.tile = integrand, rule or kronrod(31), tile

    def forward(self, x: Tensor) -> Tensor:
        """Images of points ``(N, D)``, same shape, in tiles."""
        return self.forward_with_estimate(x)[0]

    def forward_with_estimate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(N, D)``, and the estimated quadrature error of their first coordinate, ``(N,)``."""

        def images() -> Iterator[tuple[Tensor, ...]]:
            for part in self._tiles(x):
                fine, coarse, logs, _ = self._fibre(part[:, 0], part[:, 1:])
                self._check(logs, part)
                yield torch.cat([fine[:, None], part[:, 1:]], 1), (fine - coarse).abs()

        found = _collected(images(), x.shape[0])
        return found[0], found[1]

    def evaluate(self, x: Tensor) -> Tensor:
        """The same map as a pure function: one batch, no checks, so that ``torch.func`` can transform it."""
        fine, *_ = self._fibre(x[:, 0], x[:, 1:])
        return torch.cat([fine[:, None], x[:, 1:]], 1)

    def log_det(self, x: Tensor) -> Tensor:
        """log |det df/dx| at points ``(N, D)`` of the map as evaluated: its quadrature is differentiated, node by node.

        The other coordinates are returned as they came, so that the first diagonal entry is the determinant. It is what
        :func:`triangular_log_det` finds, without the derivatives by the other coordinates, which do not enter.
        """
        return _collected(((self._log_slope(part),) for part in self._tiles(x)), x.shape[0])[0]

    def slope(self, x: Tensor) -> Slope:
        """The derivative behind :meth:`log_det` with what it takes to bound its error.

        Raises:
            ValueError: a function is constant to autograd but not in value (detached, or computed outside torch).
        """
        return Slope(*_collected((tuple(vars(self._slope(part)).values()) for part in self._tiles(x)), x.shape[0]))

    def inverse(self, y: Tensor, *, steps: int = 100) -> Tensor:
        """Preimages of ``y``, shape ``(N, D)``; see :meth:`solve`."""
        return self.solve(y, steps=steps).x

    def solve(self, y: Tensor, *, steps: int = 100) -> Inverse:
        """Preimages by Newton's method inside a bracket that bisection keeps, on the map as evaluated.

        Raises:
            HypothesisError: a first coordinate lies outside the range that the map reaches within the floating-point line.
        """
        self._check_shape(y)
        return Inverse(
            *_collected((tuple(vars(self._solve(part, steps)).values()) for part in self._tiles(y)), y.shape[0])
        )

    def log_density(self, y: Tensor) -> Tensor:
        """log density of f(X) at images ``y``, through the inverse and the Jacobian of the map as evaluated."""
        x = self.inverse(y)
        return self.log_prob(x) - self.log_det(x)

    # The quadrature along a fibre.

    def _start(self, rest: Tensor) -> Tensor:
        if callable(self.base):
            return self.base(rest)
        return torch.full_like(rest[:, 0], self.base) if self.dim > 1 else rest.new_full(rest.shape[:1], self.base)

    def _log_integrand(self, t: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log integrand, log p and log s at abscissae ``t`` of shape ``(m, n)`` on the fibres of ``rest``."""
        points = t[..., None] if self.dim == 1 else torch.cat([t[..., None], rest.expand(*t.shape, self.dim - 1)], -1)
        points = points.reshape(-1, self.dim)
        log_p, log_s = self.log_prob(points), self.log_score(points)
        for name, value in (("log_prob", log_p), ("log_score", log_s)):
            if value.shape != points.shape[:1]:
                raise ValueError(
                    f"Expected {name} to return shape ({points.shape[0]},) for points of shape {tuple(points.shape)}, got "
                    f"{tuple(value.shape)}. Sum over the coordinates and return one number a row; wrap an unbatched function in torch.vmap."
                )
        return self.integrand(log_p, log_s).view(t.shape), log_p.view(t.shape), log_s.view(t.shape)

    def _fibre(self, first: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor], Tensor]:
        nodes, weights, coarse = self.rule.tensors(first)
        start = self._start(rest)
        width = first - start
        t = start + nodes[:, None] * width
        logs = self._log_integrand(t, rest)
        sums = torch.stack([weights, coarse]) @ logs[0].exp()
        return sums[0] * width, sums[1] * width, logs, t

    def _log_slope(self, x: Tensor) -> Tensor:
        first = x[:, 0].detach().requires_grad_()
        with torch.enable_grad():
            fine, _, logs, t = self._fibre(first, x[:, 1:].detach())
        self._check_graph(logs, t, x[:, 1:])
        return _gradient(fine, first).abs().log()

    def _slope(self, x: Tensor) -> Slope:
        first = x[:, 0].detach().requires_grad_()
        rest = x[:, 1:].detach()
        with torch.enable_grad():
            fine, _, logs, t = self._fibre(first, rest)
            value, by_node = torch.autograd.grad(fine.sum(), [first, t], retain_graph=False, allow_unused=True)
        self._check(tuple(log.detach() for log in logs), x)
        self._check_graph(logs, t, rest)
        nodes, weights, coarse = self.rule.tensors(first)
        by_node = torch.zeros_like(t) if by_node is None else by_node
        r, width = logs[0].detach().exp(), (first - self._start(rest)).detach()
        other = coarse @ r + (nodes * coarse / weights) @ by_node
        moved = nodes @ by_node.abs()
        scale = weights @ r + 2 * moved
        value_scale = (weights @ r) * width.abs() + (t.detach().abs() * by_node.abs()).sum(0)
        size = 1 + (logs[1].detach().abs() + logs[2].detach().abs()).amax(0)
        return Slope(value, (value - other).abs(), scale, value_scale, size)

    # Inversion.

    def _solve(self, y: Tensor, steps: int) -> Inverse:
        target, rest = y[:, 0], y[:, 1:]
        low, high = self._bracket(target, rest)
        x = (low + high) / 2
        residual = torch.full_like(x, torch.inf)
        best = x.clone()
        active = torch.arange(x.numel(), device=x.device)
        for _ in range(steps):
            if active.numel() == 0:
                break
            at, side, sub = x[active], rest[active], target[active]
            miss = self._value(at, side) - sub
            halved = miss.abs() <= residual[active] / 2
            better = miss.abs() < residual[active]
            residual[active] = torch.where(better, miss.abs(), residual[active])
            best[active] = torch.where(better, at, best[active])
            low[active] = torch.where(miss <= 0, at, low[active])
            high[active] = torch.where(miss >= 0, at, high[active])
            step = miss / self._log_integrand(at[None], side)[0][0].exp()
            a, b = low[active], high[active]
            newton = at - step
            x[active] = torch.where((newton > a) & (newton < b) & halved, newton, a + (b - a) / 2)
            ulp = torch.finfo(x.dtype).eps * torch.maximum(a.abs(), b.abs()) + torch.finfo(x.dtype).tiny
            going = (miss != 0) & (b - a > 2 * ulp) & ((x[active] - at).abs() > ulp / 2)
            active = active[going]
        return Inverse(torch.cat([best[:, None], rest], 1), residual)

    def _bracket(self, target: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        """Abscissae on both sides of each target, by doubling steps away from the base point, where f_1 is 0."""
        start = self._start(rest)
        sign = torch.where(target >= 0, 1.0, -1.0).to(target.dtype)
        near, step = start.clone(), torch.ones_like(start)
        active = torch.arange(start.numel(), device=start.device)
        while active.numel():
            far = start[active] + sign[active] * step[active]
            reached = sign[active] * (self._value(far, rest[active]) - target[active]) >= 0
            going = active[~reached]
            near[going] = far[~reached]
            step[going] *= 2
            if bool((step[going] > 2.0**20).any()):
                raise HypothesisError(
                    f"{int((step > 2.0**20).sum())} of {target.numel()} points lie outside the image of the map: its first coordinate is bounded "
                    "there (p/s is integrable along the fibre). Ask for points of the image only."
                )
            active = going
        far = start + sign * step
        return torch.minimum(near, far), torch.maximum(near, far)

    def _value(self, first: Tensor, rest: Tensor) -> Tensor:
        return self._fibre(first, rest)[0]

    # Tiles and checks.

    def _tiles(self, x: Tensor) -> Iterator[Tensor]:
        self._check_shape(x)
        return iter(x.split(max(1, self.tile // (len(self.rule) * self.dim))))

    def _check_shape(self, x: Tensor) -> None:
        if x.ndim != 2 or x.shape[1] != self.dim or x.shape[0] == 0 or not x.is_floating_point():
            raise ValueError(
                f"Expected floating-point points of shape (N, {self.dim}) with N >= 1, got {x.dtype} of shape {tuple(x.shape)}."
            )

    def _check(self, logs: tuple[Tensor, Tensor, Tensor], x: Tensor) -> None:
        """p and s have to be positive and finite wherever they were evaluated."""
        low, high = torch.aminmax(logs[0])
        if bool(torch.isfinite(low) & torch.isfinite(high)):
            return
        for name, letter, values in (("log_prob", "p", logs[1]), ("log_score", "s", logs[2])):
            if bool(torch.isnan(values).any()):
                raise HypothesisError(
                    f"{name} returned NaN on {_fibres(values.isnan())} of {x.shape[0]} fibres; the theorem needs {letter} continuous and positive there."
                )
            for bad, word in ((values == -torch.inf, "zero"), (values == torch.inf, "infinite")):
                if bool(bad.any()):
                    raise HypothesisError(
                        f"{letter} is {word} ({name} = {'-' if word == 'zero' else '+'}inf) on {_fibres(bad)} of {x.shape[0]} fibres; the theorem needs "
                        f"0 < {letter} < inf between the base point and x. Move the base point, or restrict {letter} to where it is positive."
                    )
        raise HypothesisError("The integrand p/s is not finite although p and s are.")

    def _check_graph(self, logs: tuple[Tensor, Tensor, Tensor], t: Tensor, rest: Tensor) -> None:
        """A function without a gradient has to be constant along the fibre; otherwise autograd was switched off inside it."""
        for name, values in (("log_prob", logs[1]), ("log_score", logs[2])):
            if not values.requires_grad and bool((values != values[:1]).any()):
                raise ValueError(
                    f"{name} varies along the fibre but carries no gradient (detached, under no_grad, or computed outside torch). Compute it in torch with autograd on."
                )


def _collected(parts: Iterator[tuple[Tensor, ...]], size: int) -> tuple[Tensor, ...]:
    """The tiles' results, end to end, in tensors that are there from the start: small tensors kept between large temporaries
    would split the heap and cost ten times the memory."""
    whole: tuple[Tensor, ...] = ()
    done = 0
    for part in parts:
        if not whole:
            whole = tuple(piece.new_empty(size, *piece.shape[1:]) for piece in part)
        for target, piece in zip(whole, part, strict=True):
            target[done : done + piece.shape[0]] = piece
        done += part[0].shape[0]
    return whole


def _fibres(bad: Tensor) -> int:
    return int(bad.any(0).sum())


def dyadic_tails(
    log_integrand: Callable[[Tensor, Tensor], Tensor], rest: Tensor, base: Tensor, *, levels: int, reach: float = 0.125
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Integrals over intervals that halve towards a finite base point, or double towards an infinite one.

    The integral from the base point is finite where these fall geometrically, and infinite where they do not fall to zero.

    Args:
        log_integrand: From abscissae ``(m, n)`` and ``rest`` to the logarithm of the integrand, ``(m, n)``.
        rest: The fibres, shape ``(n, D - 1)``.
        base: c, shape ``(n,)``. Finite: the intervals are ``c + reach [2^-k-1, 2^-k]``. Infinite, all of one sign: ``sign(c) [2^k, 2^k+1]``.
        levels: k of the last interval; the first has k = 0.
    Returns:
        The first integral, the last, and the estimated error of the last, each of shape ``(n,)``.
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
