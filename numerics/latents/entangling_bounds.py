r"""How far rounding alone can carry what is measured on an entangling map: an error
analysis to first order, point by point.

Notation: eps is the unit roundoff and k = ``ULPS`` the units granted to each library
function. For a coordinate with tail probability p = e^y on the smaller side, :math:`h =
\varphi(u)/p` is the hazard of the normal distribution, so that an error dy in y moves u
by dy/h. The *conditioning length* of z is the length from which the tail is formed (its
relative rounding is what counts), the *rounding scale* of x the largest number that is
added to obtain x (its absolute rounding counts), and the *score* is :math:`|d\log
p/dz|`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.distributions.product import Marginal
from numerics.latents.entangling import STEP, ULPS, EntanglingMap, Linearized, gram_defect, rounding_of_rotation
from numerics.log_tails import LOG_SQRT_2PI, normal_tail

__all__ = [
    "DENSITY",
    "ENTRY",
    "JUMP",
    "ROUND_TRIP",
    "Errors",
    "MatrixErrors",
    "errors",
    "jumps",
    "matrix_errors",
    "scores",
]

DENSITY = (
    "First-order rounding analysis. Each log-slope is a product of derivatives of library functions, each within 16 units of roundoff, "
    "whose arguments carry the relative rounding of z - loc and of log F; the squares u^2 and v^2 in the normal densities are rounded "
    "relatively. The rotation costs gamma_d |A||u| in v, hence |v| times that in |v|^2/2; what A lacks in orthogonality enters as measured, "
    "up to what the rounding of a QR factorisation explains. Recursive summation of 4 d + 1 terms costs gamma_(4d+1) times the sum of their moduli (Higham 2002, chapters 3, 4). "
    "Slopes taken by differences carry the distance between orders 8 and 6, and, where F and its inverse are foreign, their measured disagreement."
)
ENTRY = (
    "The residual counts entries of the Jacobian that vanish: 1 where A has an entry that is zero within its own error, else 0. The bound is the "
    "largest relative error of the d^2 entries b_i A_ij a_j to first order: of both slopes, with the rounding of u and v where they are taken, and of "
    "A_ij as an entry of the nearest orthogonal matrix, A (A^T A)^(-1/2) = A - A (A^T A - I)/2 + ...; below one, no entry is zero."
)
ROUND_TRIP = (
    "First-order rounding analysis of F^-1 Phi A^T Phi^-1 F after F^-1 Phi A Phi^-1 F in units of the Gaussian coordinate: 16 units of roundoff "
    "a library function, divided by the hazard where it acts on a log-probability, and the absolute rounding of x divided by its slope; "
    "rotations by gamma_d; doubled for the terms of second order."
)
JUMP = (
    "Mean value theorem over a segment that 40 bisections have shortened to 2^-40 of itself: a C1 map moves by at most the segment times its "
    "slopes, which at both ends are evaluated and in between at most double, since densities are continuous and positive; plus rounding as above."
)


@dataclass(frozen=True)
class Errors:
    """Bounds at n points: ``density``, ``entry`` (relative, for all entries that are
    not zero) of shape ``(n,)``; ``inner`` and ``outer``, absolute errors of u and of x
    in units of v, and ``round_trip``, of shape ``(n, d)``."""

    density: dict[str, Tensor]
    entry: Tensor
    inner: Tensor
    outer: Tensor
    round_trip: Tensor


def scores(block: Marginal, z: Tensor) -> Tensor:
    """|d log p / dz| column by column: autograd through torch marginals, central
    differences for others.

    Args:
        block: k columns. z: Points of the open support, shape ``(n, k)``.
    Returns:
        Nats a unit of z, shape ``(n, k)``.

    >>> from numerics.distributions.marginals import Normal
    >>> scores(Normal(), torch.tensor([[-2.0], [3.0]]).double())
    tensor([[2.],
            [3.]], dtype=torch.float64)
    """
    if not block.differentiable:
        h = 1e-4 * torch.minimum(torch.ones_like(z), torch.minimum(z - block.low.to(z), block.high.to(z) - z))
        return ((block.log_density(z + h) - block.log_density(z - h)) / (2.0 * h)).abs()
    with torch.enable_grad():
        inputs = z.detach().requires_grad_(True)
        value = block.log_density(inputs)
        if not value.requires_grad:  # a constant density
            return torch.zeros_like(z)
        (slope,) = torch.autograd.grad(value, inputs, torch.ones_like(value))
    return slope.abs()


@dataclass(frozen=True)
class _Step:
    """One scalar step's ingredients, each of shape ``(n, d)``: at (z, u) for the inner
    step, at (x, v) for the outer one."""

    gauss: Tensor  # the Gaussian coordinate, u or v
    slope: Tensor  # d gauss / d point
    log_tail: Tensor
    hazard: Tensor
    score: Tensor
    length: Tensor  # whose relative rounding enters the tail
    magnitude: Tensor  # of what is added when the inverse lands on the point
    log_prob: Tensor


def _step(mapping: EntanglingMap, point: Tensor, gauss: Tensor, log_slope: Tensor) -> _Step:
    product = mapping.prior
    log_tail = normal_tail(gauss).log_p
    return _Step(
        gauss, log_slope.exp(), log_tail, torch.exp(-0.5 * gauss * gauss - LOG_SQRT_2PI - log_tail),
        product.columnwise(scores, point), product.columnwise(lambda b, p: b.conditioning_length(p), point), product.columnwise(lambda b, p: b.rounding_scale(p), point),
        product.log_density(point),
    )  # fmt: skip


def _error_of_gauss(step: _Step, k: float) -> Tensor:
    """Lemma 1. Going inwards, the Gaussian coordinate errs by its own rounding, that of
    the log-tail over the hazard, and that of the point's conditioning length."""
    return k * (step.gauss.abs() + (1.0 + step.log_tail.abs()) / step.hazard + step.slope * step.length)


def _error_of_point(step: _Step, k: float) -> Tensor:
    """Lemma 2. Going outwards, the point errs, in units of the Gaussian coordinate, by
    the log-tail over the hazard and by the rounding of its scale."""
    return k * ((1.0 + step.log_tail.abs()) / step.hazard + step.slope * step.magnitude)


def _error_of_inner_slope(step: _Step, k: float) -> Tensor:
    """Lemma 3. The inner log-slope, relatively: its factors p and 1/phi(u) at a point
    known to the rounding of its conditioning length."""
    moved = (step.score + step.slope * step.hazard) * step.length
    return k * (4.0 + step.gauss**2 + step.log_tail.abs() + step.log_prob.abs() + 2.0 * moved)


def _error_of_outer_slope(step: _Step, k: float) -> Tensor:
    """Lemma 4. The outer log-slope, relatively: its factors phi(v) and 1/p at an image
    that errs by the log-tail's rounding and its scale's."""
    per_log_tail = (2.0 * step.score / step.slope + step.gauss.abs()) / step.hazard
    return k * (
        4.0 + step.gauss**2 + step.log_tail.abs() * (1.0 + per_log_tail) + per_log_tail + step.log_prob.abs() + step.score * step.magnitude
    )  # fmt: skip


def errors(mapping: EntanglingMap, at: Linearized, matrix: MatrixErrors | None = None) -> Errors:
    """The bounds of this module at the points of ``at``; see :data:`DENSITY`,
    :data:`ENTRY` and :data:`ROUND_TRIP`.

    ``matrix`` is what :func:`matrix_errors` says of A, where it is known already.

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.distributions.product import Product
    >>> from numerics.latents.rotations import householder, spike
    >>> f = EntanglingMap(Product([Laplace(torch.zeros(2))]), householder(spike(2, 2.0)))
    >>> bool((errors(f, f.linearize(torch.ones(1, 2).double())).round_trip < 1e-12).all())
    True
    """
    A, d = mapping.A.to(at.z), mapping.dim
    matrix = matrix_errors(A) if matrix is None else matrix
    unit = 0.5 * torch.finfo(at.z.dtype).eps
    k, gamma = ULPS * unit, d * unit / (1.0 - d * unit)
    inner, outer = _step(mapping, at.z, at.u, at.log_inner), _step(mapping, at.x, at.v, -at.log_outer)
    doubts = (at.doubt_inner, at.doubt_outer + _disagreement(mapping, at, outer))
    slopes = (_error_of_inner_slope(inner, k), _error_of_outer_slope(outer, k))
    rotated = gamma * (at.u.abs() @ A.abs().T)  # Lemma 5: inner products of length d (Higham 2002, section 3.1)
    of_u, of_v = _error_of_gauss(inner, k), _error_of_gauss(outer, k)
    of_x, of_z = _error_of_point(outer, k), _error_of_point(inner, k)
    back = (of_x + of_v + rotated) @ A.abs() + gamma * (at.v.abs() @ A.abs())
    back = back + matrix.orthogonality * at.u.norm(dim=-1, keepdim=True)
    moduli = (at.log_inner.abs() + at.log_outer.abs() + inner.log_prob.abs() + outer.log_prob.abs()).sum(-1)
    density = {
        "inner steps": slopes[0].sum(-1),
        "outer steps": slopes[1].sum(-1),
        "rotation": (at.v.abs() * rotated).sum(-1)
        + 0.5 * matrix.orthogonality * (at.u**2).sum(-1)
        + matrix.determinant,
        "summation": (4 * d + 1) * unit * moduli,
        "differences": (doubts[0] + doubts[1]).sum(-1),
    }
    in_v = rotated + of_u @ A.abs().T
    entry = (
        (slopes[0] + at.u.abs() * of_u + doubts[0]).amax(-1)
        + (slopes[1] + (at.v.abs() + outer.score / outer.slope) * in_v + doubts[1]).amax(-1)
        + (matrix.entries / A.abs())[A.abs() > matrix.entries].amax()
    )
    return Errors(density, entry, of_u, of_x, 2.0 * (of_u + back + of_z))


def _disagreement(mapping: EntanglingMap, at: Linearized, outer: _Step) -> Tensor:
    """For foreign marginals, what an inverse that does not quite invert F does to the
    outer log-slope; an estimate."""
    if all(block.differentiable for block in mapping.prior.blocks):
        return torch.zeros_like(at.v)

    def seen(block: Marginal, x: Tensor, v: Tensor) -> Tensor:
        return torch.zeros_like(v) if block.differentiable else (mapping.link.inner(block, x) - v).abs()

    return (outer.score / outer.slope + at.v.abs()) * mapping.prior.columnwise(seen, at.x, at.v) * (1.0 + 1.0 / STEP)


@dataclass(frozen=True)
class MatrixErrors:
    """What rounding leaves open about a matrix.

    Attributes:
        orthogonality: How far rounding may have carried it from an orthogonal one, |A^T
            A - I|_F as measured, but no more than a factorisation's rounding
            (:func:`numerics.latents.entangling.rounding_of_rotation`): a matrix that is
            not orthogonal is not excused.
        determinant: How far the evaluated log |det A| may lie from the true one.
        entries: Distance, entry by entry, to the nearest orthogonal matrix, shape ``(d,
            d)``; for a matrix that is not orthogonal, the rounding of its entries.
    """

    orthogonality: float
    determinant: float
    entries: Tensor


def matrix_errors(A: Tensor) -> MatrixErrors:
    """The errors of A, from its Gram matrix A^T A = I + E.

    log |det A| = tr log(I + E) / 2 lies within |E|_F^2 / (2 - 2 |E|_F) of tr E / 2; for
    larger E the backward error gamma_d |L||U| of elimination times |A^-1| is taken
    (Higham 2002, theorem 9.3).

    Args:
        A: Shape ``(d, d)``, float32 or float64.

    >>> matrix_errors(torch.eye(3).double()).orthogonality < 1e-14
    True
    """
    E, rounding = gram_defect(A)
    size = float(torch.linalg.matrix_norm(E) + torch.linalg.matrix_norm(rounding))
    allowed, unit = rounding_of_rotation(A), 0.5 * torch.finfo(A.dtype).eps
    entries = (0.5 + size) * ((A @ E).abs() + A.abs() @ rounding) if size <= allowed else 4.0 * unit * A.abs()
    if size * size < len(A) * unit:
        evaluated = torch.linalg.slogdet(A).logabsdet
        determinant = float((evaluated - 0.5 * E.trace()).abs() + 0.5 * rounding.trace()) + size * size / (
            2.0 - 2.0 * size
        )
    else:
        _, lower, upper = torch.linalg.lu(A)
        backward = len(A) * unit * float(torch.linalg.matrix_norm(lower.abs() @ upper.abs()))
        determinant = 2.0 * backward * float(torch.linalg.matrix_norm(torch.linalg.inv(A)))
    return MatrixErrors(min(size, allowed), determinant, entries)


def jumps(mapping: EntanglingMap, start: Tensor, end: Tensor, bisections: int = 40) -> tuple[Tensor, dict[str, Tensor]]:
    r"""How far f moves over ever shorter pieces of segments, and how far a C1 map with
    its slopes could.

    Point n follows output coordinate n mod d along its own segment and keeps, at each
    bisection, the half over which that coordinate changes more. A jump stays; a
    continuous change shrinks with the segment.

    Args:
        start, end: The segments' ends, shape ``(n, d)``.
    Returns:
        |f_i(b) - f_i(a)| on the last piece [a, b], shape ``(n,)``, and the named terms
        of its bound (:data:`JUMP`).

    >>> from numerics.distributions.marginals import Laplace
    >>> from numerics.distributions.product import Product
    >>> from numerics.latents.rotations import householder, spike
    >>> f = EntanglingMap(Product([Laplace(torch.zeros(2))]), householder(spike(2, 2.0)))
    >>> size, _ = jumps(f, -torch.ones(2, 2).double(), torch.ones(2, 2).double())
    >>> bool((size < 1e-11).all())
    True
    """
    n, d = start.shape
    rows = torch.arange(n, device=start.device)
    watched = rows % d
    low, high = (
        torch.zeros(n, 1, dtype=start.dtype, device=start.device),
        torch.ones(n, 1, dtype=start.dtype, device=start.device),
    )

    def value(share: Tensor) -> Tensor:
        return mapping(start + share * (end - start))[rows, watched]

    at_low, at_high = value(low), value(high)
    for _ in range(bisections):
        middle = 0.5 * (low + high)
        at_middle = value(middle)
        left = ((at_middle - at_low).abs() >= (at_high - at_middle).abs())[:, None]
        low, high = torch.where(left, low, middle), torch.where(left, middle, high)
        at_low, at_high = torch.where(left[:, 0], at_low, at_middle), torch.where(left[:, 0], at_middle, at_high)
    a, b = (start + share * (end - start) for share in (low, high))
    matrix = matrix_errors(mapping.A)
    ends = [(lin, errors(mapping, lin, matrix)) for lin in (mapping.linearize(a), mapping.linearize(b))]
    inner = torch.stack([lin.log_inner for lin, _ in ends]).amax(0).exp()
    outer = torch.stack([lin.log_outer for lin, _ in ends]).amax(0).exp()[rows, watched]
    A = mapping.A.to(start).abs()[watched]
    turning = d * torch.finfo(start.dtype).eps  # twice gamma_d: the rotation's rounding
    rounding = [
        lin.log_outer.exp()[rows, watched]
        * (err.outer[rows, watched] + (A * (err.inner + turning * lin.u.abs())).sum(-1))
        for lin, err in ends
    ]
    return (at_high - at_low).abs(), {
        "slopes times segment": 4.0 * outer * (A * inner * (b - a).abs()).sum(-1),
        "rounding": 2.0 * (rounding[0] + rounding[1]),
    }
