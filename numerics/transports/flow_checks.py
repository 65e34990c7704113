r"""What a normalising flow says of itself, measured: its log-determinants, its inverse,
its density, its rows.

A flow is a map T from the data to a base with density q, and says :math:`\log p(x) =
\log q(T(x)) + \log|\det \partial T/\partial x|`. Each function compares one thing that
it says with the map as evaluated, and returns a :class:`~numerics.bounds.Measurement`.
The Jacobian is autograd's; nothing here reads the formula by which a layer computes its
log-determinant.

A flow is a black box: how far rounding goes inside it is *estimated* from the size of
what goes in and comes out and from the condition of its Jacobian, and the bounds say
so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement

Transform = Callable[
    [Tensor, Tensor | None], Tensor
]  # points (N, D) and rows of context (N, C) or None to images (N, D)

UNITS = 16  # units of rounding a coordinate and a layer
ROWS = 1 << 14  # that are pushed through a map at once
INSIDE = "each layer computes its images and log-determinants to within 16 (D + 8) units of rounding of their size"
CONDITION = (
    "A relative change d of J in norm moves log|det J| by at most D d cond(J) / (1 - d cond(J)); autograd and elimination with partial pivoting each leave d of "
    "a few D units of rounding (Higham 2002, ch. 9). Sums of logarithms round once a term."
)

__all__ = [
    "CONDITION",
    "INSIDE",
    "ROWS",
    "Linearised",
    "Transform",
    "density_identity",
    "derivative_by_differences",
    "half_the_digits",
    "linearise",
    "log_determinant",
    "opposite_log_determinants",
    "round_trip",
    "same_values",
    "sign_of_determinant",
    "units_of",
]  # fmt: skip


def units_of(dim: int, depth: int = 1, precision: float = torch.finfo(torch.float64).eps) -> float:
    """16 (D + 8) units of rounding for each of ``depth`` layers: what a composed map is
    taken to lose, relative to its size.

    >>> units_of(2, 3) / torch.finfo(torch.float64).eps
    480.0
    """
    return UNITS * (dim + 8) * max(1, depth) * precision


@dataclass(frozen=True)
class Linearised:
    """A map at N points: ``images`` ``(N, D)``, ``jacobian`` ``(N, D, D)``, its
    log|det| by elimination and sign ``(N,)``, and its singular values.

    ``condition`` is the quotient of the largest singular value ``norm`` and the
    smallest one ``least``, each ``(N,)``; infinite where J is singular.
    """

    images: Tensor
    jacobian: Tensor
    log_det: Tensor
    sign: Tensor
    norm: Tensor
    least: Tensor

    @property
    def condition(self) -> Tensor:
        """Of the Jacobian, in the spectral norm."""
        return torch.where(self.least > 0, self.norm / self.least, torch.inf)

    @property
    def finite(self) -> Tensor:
        """Where images and Jacobian are numbers and the Jacobian is not singular,
        ``(N,)``."""
        return torch.isfinite(self.images).all(1) & torch.isfinite(self.log_det) & torch.isfinite(self.condition)

    def at(self, kept: Tensor) -> Linearised:
        """The points that a bool mask ``(N,)`` or numbers ``(n,)`` keep."""
        parts = (self.images, self.jacobian, self.log_det, self.sign, self.norm, self.least)
        return Linearised(*(part[kept] for part in parts))


def linearise(transform: Transform, x: Tensor, context: Tensor | None = None, *, rows: int = ROWS) -> Linearised:
    r"""Images, Jacobians and their determinants, vectorised: every point is repeated D
    times and each copy differentiates one output.

    Args:
        transform: From points ``(N, D)`` and rows of context to images ``(N, D)``; an
            image may depend on its own row only.
        x: ``(N, D)``. context: ``(N, C)`` or None. rows: How many copies are pushed
            through at once, which bounds memory.
    Raises:
        ValueError: the map changes the shape of its points, or is cut off from
            autograd.
    Accuracy:
        That of autograd; log|det| by LU with partial pivoting, singular values by
        LAPACK.

    >>> linearise(lambda x, _: torch.e * x, torch.zeros(1, 2).double()).log_det
    tensor([2.], dtype=torch.float64)
    """
    dim, tile = x.shape[1], max(1, rows // x.shape[1])
    images, found = [], []
    for k in range(0, len(x), tile):
        part, given = x[k : k + tile], None if context is None else context[k : k + tile]
        copies = part.detach().repeat_interleave(dim, 0).requires_grad_()
        with torch.enable_grad():
            y = transform(copies, None if given is None else given.repeat_interleave(dim, 0))
        if y.shape != copies.shape:
            raise ValueError(
                f"Expected a map from (N, D) to the same shape {tuple(part.shape)}, got {(len(y) // dim, *y.shape[1:])}."
            )
        if not y.requires_grad:
            raise ValueError(
                "The map is cut off from autograd (detached, or under no_grad), so its Jacobian cannot be taken."
            )
        outputs = y.view(len(part), dim, dim).diagonal(dim1=1, dim2=2)  # copy k of a point answers for output k
        (gradient,) = torch.autograd.grad(outputs.sum(), copies, allow_unused=True)
        images.append(y.detach().view(len(part), dim, dim)[:, 0])
        found.append(torch.zeros_like(part).repeat_interleave(dim, 0) if gradient is None else gradient.detach())
    jacobian = torch.cat(found).view(len(x), dim, dim)
    return _decompose_jacobians(torch.cat(images), jacobian)


def _decompose_jacobians(images: Tensor, jacobian: Tensor) -> Linearised:
    sound = torch.isfinite(jacobian).all(2).all(1)
    safe = torch.where(sound[:, None, None], jacobian, torch.eye(jacobian.shape[-1]).to(jacobian))
    sign, log_det = torch.linalg.slogdet(safe)
    values = torch.linalg.svdvals(safe)
    lost = torch.full_like(log_det, torch.nan)
    log_det, sign, norm, least = (
        torch.where(sound, part, lost) for part in (log_det, sign, values[:, 0], values[:, -1])
    )
    return Linearised(images, jacobian, log_det, sign, norm, least)


def derivative_by_differences(
    transform: Transform, x: Tensor, context: Tensor | None, directions: Tensor, found: Tensor, *, solver: float = 0.0
) -> Measurement:
    r"""Autograd's Jacobian along directions against central differences of the map
    itself.

    .. math:: |J v - (T(x + h v) - T(x - h v)) / 2h|

    A layer that detaches part of its graph has a Jacobian by autograd that is not its
    derivative; then no log-determinant may be judged by it.

    Args:
        x: ``(N, D)``. context: ``(N, C)`` or None. directions: Unit vectors ``(N, D)``.
            found: Autograd's J v, ``(N, D)``.
        solver: Tolerance of an adaptive solver inside the map, whose errors divided by
            the step are added.
    Accuracy:
        The step is the cube root of the unit roundoff, or of the solver's tolerance.
        What doubling the step changes bounds what is left of its square, an estimate;
        rounding adds a few units of the size of the images over the step.

    >>> x, along = torch.ones(1, 1).double(), torch.ones(1, 1).double()
    >>> bool((derivative_by_differences(lambda x, _: x**2, x, None, along, 2 * x).residual < 1e-9).all())
    True
    """
    eps = torch.finfo(x.dtype).eps
    size = 1 + x.abs().amax(1, keepdim=True)
    h = max(eps, SOLVER * solver) ** (1 / 3) * size
    with torch.no_grad():
        quotients = [
            (transform(x + k * h * directions, context) - transform(x - k * h * directions, context)) / (2 * k * h)
            for k in (1, 2)
        ]
        large = 1 + transform(x, context).abs()
    residual = (quotients[0] - found).abs()
    more = {"tolerance of the solver": SOLVER * solver * large / h} if solver else {}
    bound = Bound(
        {
            "difference quotients": 2 * (quotients[1] - quotients[0]).abs(),
            "rounding": units_of(x.shape[1]) * (large / h + found.abs()),
            **more,
        },
        "A central difference errs by h^2 T'''/6, four times as much at twice the step, so that the two steps differ by three times the error of the first.",
        estimated=("difference quotients", "rounding", *more),
        assumes=("the map is three times differentiable along the direction at the points",),
    )
    return Measurement(residual, bound, len(x))


def log_determinant(
    claimed: Tensor, found: Linearised, *, units: float, condition: Tensor | None = None, solver: float = 0.0
) -> Measurement:
    """A log-determinant that a map states, against log|det| of autograd's Jacobian by
    elimination.

    Args:
        claimed: Nats, ``(N,)``. found: Of the same map at the same points. units:
            Relative rounding, see :func:`units_of`.
        condition: Of the Jacobian, ``(N,)``; for a composed map the sum of its layers'.
            solver: Tolerance of an adaptive solver inside the map.

    >>> at = linearise(lambda x, _: torch.e * x, torch.zeros(1, 1).double())
    >>> log_determinant(torch.zeros(1).double(), at, units=units_of(1)).residual  # claimed 0, found 1
    tensor([1.], dtype=torch.float64)
    """
    condition = found.condition if condition is None else condition
    terms = {
        "rounding of the logarithms": units * (1 + claimed.abs() + found.log_det.abs()),
        "rounding of the Jacobian": units * condition,
    }
    bound = Bound(
        {**terms, **_solver(solver, 1 + claimed.abs() + condition)}, CONDITION, estimated=[*terms, *_solver(solver, claimed)],
        assumes=(INSIDE,),
    )  # fmt: skip
    return Measurement((claimed - found.log_det).abs(), bound, len(claimed))


def opposite_log_determinants(
    ahead: Tensor,
    back: Tensor,
    found: Linearised,
    *,
    units: float,
    condition: Tensor | None = None,
    solver: float = 0.0,
) -> Measurement:
    """log|det| of a map at x and of its inverse at T(x), which add up to zero;
    ``found`` is the map at x.

    Args:
        ahead, back: As the two state them, nats, ``(N,)``. units: Relative rounding,
            see :func:`units_of`.
        condition: Of the Jacobian, ``(N,)``; that of ``found`` when omitted. solver:
            Tolerance of an adaptive solver inside the map.

    >>> at = linearise(lambda x, _: torch.e * x, torch.zeros(1, 1).double())
    >>> one = torch.ones(1).double()
    >>> opposite_log_determinants(one, -one, at, units=units_of(1)).residual
    tensor([0.], dtype=torch.float64)
    """
    condition = found.condition if condition is None else condition
    terms = {
        "rounding of the logarithms": units * (1 + ahead.abs() + back.abs()),
        "rounding of the point": units * condition * (1 + found.images.abs().amax(1)),
    }
    bound = Bound(
        {**terms, **_solver(solver, 1 + ahead.abs() + condition)}, CONDITION, estimated=[*terms, *_solver(solver, ahead)],
        assumes=(INSIDE, "the log-determinant changes by its own size over a distance of one"),
    )  # fmt: skip
    return Measurement((ahead + back).abs(), bound, len(ahead))


def sign_of_determinant(found: Linearised, *, units: float) -> Measurement:
    r"""Whether det J has one sign: 1 at the points whose sign is not that of most, 0 at
    the others, ``(N,)``.

    A continuous bijection of :math:`\mathbb R^D` that is differentiable with det J != 0
    has one sign throughout. Rounding can turn the sign of a determinant only where it
    reaches the smallest singular value (Weyl), which is the bound.

    >>> at = linearise(lambda x, _: x**3, torch.tensor([[-1.0], [1.0]]).double())
    >>> sign_of_determinant(at, units=units_of(1)).residual
    tensor([0., 0.], dtype=torch.float64)
    """
    most = torch.sign(found.sign.sum()) if bool(found.sign.sum() != 0) else found.sign.new_ones(())
    bound = Bound(
        {"rounding of the Jacobian over its smallest singular value": units * found.condition},
        "|J - J'| < sigma_min(J) leaves det J' with the sign of det J (Weyl 1912).",
        estimated=("rounding of the Jacobian over its smallest singular value",), assumes=(INSIDE,),
    )  # fmt: skip
    return Measurement((found.sign != most).to(found.log_det), bound, len(found.sign))


def round_trip(
    start: Tensor, back: Tensor, middle: Tensor, stretch: Tensor, *, units: float, iteration: float = 0.0
) -> Measurement:
    r"""How far a map and its inverse miss the point they started from, :math:`\max_k
    |S(T(x))_k - x_k|`.

    Args:
        start: ``(N, D)``. back: S(T(start)). middle: T(start).
        stretch: Norm of the derivative of S at the middle, ``(N,)``: how much it
            enlarges the rounding of T(x).
        iteration: Relative accuracy to which one of the two solves an equation by
            iteration, 0 for closed forms.

    >>> x, stretch = torch.ones(1, 1).double(), torch.ones(1).double()
    >>> round_trip(x, x + 0.25, x, stretch, units=units_of(1)).residual
    tensor([0.2500], dtype=torch.float64)
    """
    size = 1 + start.abs().amax(1)
    terms = {
        "rounding": units * size,
        "rounding of the image, carried back": units * stretch * (1 + middle.abs().amax(1)),
    }
    more = {"accuracy of the iteration": iteration * (size + stretch * (1 + middle.abs().amax(1)))} if iteration else {}
    bound = Bound(
        {**terms, **more}, "T errs by a few units of rounding of its image, which S carries back through its derivative, and S adds as much of its own.",
        estimated=[*terms, *more], assumes=(INSIDE,),
    )  # fmt: skip
    return Measurement((back - start).abs().amax(1), bound, len(start))


def density_identity(
    log_p: Tensor, base: Tensor, log_det: Tensor, slope: Tensor, *, units: float, solver: float = 0.0
) -> Measurement:
    r""":math:`|\log p(x) - \log q(T(x)) - \log|\det J||`, nats, ``(N,)``.

    Args:
        log_p: The flow's own, nats, ``(N,)``. base: log q at the images, ``(N,)``.
            log_det: The sum of the layers', ``(N,)``.
        slope: |grad log q| |T(x)| + |grad log p| |x|, ``(N,)``: by how much a relative
            rounding of the points moves either side.

    >>> one = torch.ones(1).double()
    >>> density_identity(one, 3 * one, -2 * one, 0 * one, units=units_of(1)).residual
    tensor([0.], dtype=torch.float64)
    """
    terms = {
        "rounding of the logarithms": units * (1 + log_p.abs() + base.abs() + log_det.abs()),
        "rounding of the points": units * slope,
    }
    bound = Bound(
        {**terms, **_solver(solver, 1 + log_p.abs() + slope)},
        "Three sums of D terms each; the image that log p is taken at differs from T(x) by rounding, which the slope of log q carries over.",
        estimated=[*terms, *_solver(solver, log_p)], assumes=(INSIDE,),
    )  # fmt: skip
    return Measurement((log_p - base - log_det).abs(), bound, len(log_p))


def same_values(values: Tensor, others: Tensor, slope: Tensor, *, units: float, solver: float = 0.0) -> Measurement:
    """Two evaluations of one function at the same points, such as a row alone and the
    row in a batch; |difference|, ``(N,)``.

    Args:
        values, others: Shape ``(N,)``. Equal infinities differ by nothing.
        slope: |gradient| |x|, ``(N,)``: by how much a relative rounding of the point
            moves the value.

    >>> one = torch.ones(1).double()
    >>> same_values(one, one + 0.5, 0 * one, units=units_of(1)).residual
    tensor([0.5000], dtype=torch.float64)
    """
    gap = torch.where(values == others, torch.zeros_like(values), (values - others).abs())
    finite = torch.where(torch.isfinite(values), values, torch.zeros_like(values))
    terms = {"rounding": units * (1 + finite.abs() + slope)}
    bound = Bound(
        {**terms, **_solver(solver, 1 + finite.abs() + slope)}, "Sums in another order round otherwise; nothing else may differ.",
        estimated=[*terms, *_solver(solver, values)], assumes=(INSIDE,),
    )  # fmt: skip
    return Measurement(gap, bound, len(values))


def half_the_digits(values: Tensor, others: Tensor, precision: float) -> Measurement:
    """|difference| over 1 + |value| of log p in two precisions; ``precision`` is the
    unit roundoff of the coarser one, ``(N,)``.

    Where half of its digits are gone, log p is no longer the same number rounded
    otherwise: a convention, and no bound on rounding.

    Args:
        values, others: Nats, ``(N,)``.

    >>> half_the_digits(torch.tensor([1.0]), torch.tensor([2.0]), 2.0**-24).residual
    tensor([0.5000])
    """
    bound = Bound(
        {"half of the digits": precision**0.5}, "A float32 log p that keeps fewer than half of its digits ranks points by rounding.",
        estimated=("half of the digits",),
    )  # fmt: skip
    return Measurement((values - others).abs() / (1 + values.abs()), bound, len(values))


SOLVER = 30  # times its tolerance: what a solver that controls its local error may be off by at the end


def _solver(tolerance: float, size: Tensor) -> dict[str, Tensor]:
    """An adaptive solver holds the error of a step to its tolerance; what accumulates
    is taken as thirty times that, an estimate."""
    return {"tolerance of the solver": SOLVER * tolerance * size} if tolerance else {}
