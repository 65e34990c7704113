r"""Where a map of :math:`\mathbb R^D` folds, what it reaches, and which points it sends
to a given place.

A flow has mass one only if its transform is one-to-one and reaches all of the base.
Both are looked into from the map as evaluated:
:func:`find_fold` finds two points with one image, :func:`preimages` solves T(x) = z,
:func:`reach` sends points far out and looks how far their images come.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.transports.flow_checks import INSIDE, SOLVER, Linearised, Transform, linearise

STEPS = 40  # of Newton's method
HALVINGS = 60  # of a segment
FAR = (1e1, 1e2, 1e4, 1e8, 1e16, 1e32, 1e64, 1e128)  # spreads from the centre

__all__ = ["Fold", "Preimages", "Reach", "find_fold", "one_to_one", "preimages", "reach"]


@dataclass(frozen=True)
class Fold:
    """Two points ``(D,)`` that a map sends to one image, and the map at both (``at``,
    two points)."""

    first: Tensor
    second: Tensor
    at: Linearised


@dataclass(frozen=True)
class Preimages:
    """Solutions of T(x) = z: ``points`` ``(N, D)``, how far T(x) is from z relative to
    1 + |z| (``miss``, ``(N,)``), and whether the search settled."""

    points: Tensor
    miss: Tensor

    @property
    def settled(self) -> Tensor:
        """Where T(x) is z to half the digits."""
        return self.miss <= torch.finfo(self.miss.dtype).eps ** 0.5


@dataclass(frozen=True)
class Reach:
    """The box that the images of far points fill: ``low`` and ``high``, ``(D,)``;
    ``points`` of them were finite."""

    low: Tensor
    high: Tensor
    points: int


def preimages(
    transform: Transform, target: Tensor, start: Tensor, context: Tensor | None = None, *, steps: int = STEPS
) -> Preimages:
    """Solve T(x) = z for each row by Newton's method, shortened until the distance
    falls, with Levenberg's damping where J is nearly singular.

    Args:
        target: ``(N, D)``. start: Where to begin, ``(N, D)``. context: ``(N, C)`` or
            None.
    Accuracy:
        ``miss`` is measured at what is returned; nothing is claimed about other
        solutions.

    >>> preimages(lambda x, _: x**3, torch.tensor([[8.0]]).double(), torch.ones(1, 1).double()).points
    tensor([[2.]], dtype=torch.float64)
    """
    x = start.clone()
    with torch.no_grad():
        distance = _distance(transform(x, context), target)
    done = torch.finfo(x.dtype).eps * 64
    for _ in range(steps):
        active = (distance > done).nonzero()[:, 0]
        if not len(active):
            break
        own = None if context is None else context[active]
        found = linearise(transform, x[active], own)
        step = _newton(found, target[active] - found.images)
        better, improved = x[active].clone(), distance[active].clone()
        for k in range(12):
            with torch.no_grad():
                tried = x[active] + 0.5**k * step
                length = _distance(transform(tried, own), target[active])
            take = (length < improved) & (improved == distance[active])
            better, improved = torch.where(take[:, None], tried, better), torch.where(take, length, improved)
            if bool((improved < distance[active]).all()):
                break
        if not bool((improved < distance[active]).any()):
            break
        x[active], distance[active] = better, improved
    return Preimages(x, distance)


def _distance(images: Tensor, target: Tensor) -> Tensor:
    return ((images - target).abs().amax(1) / (1 + target.abs().amax(1))).nan_to_num(nan=torch.inf, posinf=torch.inf)


def _newton(found: Linearised, wanted: Tensor) -> Tensor:
    """Solutions of J step = wanted, damped where the Jacobian is nearly singular; zero
    where it is no number."""
    eye = torch.eye(wanted.shape[1]).to(wanted)
    jacobian = found.jacobian.nan_to_num(0.0, 0.0, 0.0)
    normal = jacobian.mT @ jacobian
    damping = 1e-14 * normal.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] + torch.finfo(wanted.dtype).tiny
    sound = found.condition < 1e7
    plain, _ = torch.linalg.solve_ex(
        torch.where(sound[:, None, None], jacobian, eye), wanted.nan_to_num(0.0, 0.0, 0.0)[..., None]
    )
    careful, _ = torch.linalg.solve_ex(
        normal + damping * eye, jacobian.mT @ wanted.nan_to_num(0.0, 0.0, 0.0)[..., None]
    )
    return torch.where(sound[:, None], plain[..., 0], careful[..., 0]).nan_to_num(0.0, 0.0, 0.0)


# -- folds -----------------------------------------------------------------------------------------------------------------


def find_fold(transform: Transform, plus: Tensor, minus: Tensor, context: Tensor | None = None) -> Fold | None:
    """Two points with one image, from two points at which det J has opposite signs.

    The segment between them is halved until det J vanishes on it. There T folds along
    the null vector v of J: it sends points a little to either side to nearly the same
    place. One of them is kept and T(x) = T(x_kept) is solved from the other side, at
    growing distances.

    Args:
        plus, minus: ``(D,)``. context: One row ``(1, C)``, or None.
    Returns:
        None where no second point was found apart from the first.

    >>> fold = find_fold(lambda x, _: x**2, torch.tensor([1.0]).double(), torch.tensor([-1.5]).double())
    >>> bool((fold.first + fold.second).abs() < 1e-6), bool((fold.first - fold.second).abs() > 1e-3)
    (True, True)
    """
    ends = [plus[None], minus[None]]
    start_sign = linearise(transform, ends[0], context).sign
    for _ in range(HALVINGS):
        middle = (ends[0] + ends[1]) / 2
        same = bool(linearise(transform, middle, context).sign == start_sign)
        ends[0 if same else 1] = middle
    at = linearise(transform, ends[0], context)
    null = torch.linalg.svd(at.jacobian[0]).Vh[-1]
    scale = (plus - minus).abs().max()
    sizes = scale * 2.0 ** -torch.arange(0, 24, dtype=plus.dtype, device=plus.device)
    kept, other = ends[0] + sizes[:, None] * null, ends[0] - sizes[:, None] * null
    rows = None if context is None else context.expand(len(sizes), *context.shape[1:])
    with torch.no_grad():
        target = transform(kept, rows)
    good = torch.isfinite(target).all(1)
    if not bool(good.any()):
        return None
    kept, other, rows = kept[good], other[good], None if rows is None else rows[good]
    solved = preimages(transform, target[good], other, rows)
    apart = (solved.points - kept).norm(dim=1)
    found = solved.settled & (apart > 0.5 * sizes[good])
    if not bool(found.any()):
        return None
    best = int(torch.where(found, apart, -torch.inf).argmax())
    pair = torch.stack([kept[best], solved.points[best]])
    return Fold(
        pair[0], pair[1], linearise(transform, pair, None if rows is None else rows[:1].expand(2, *rows.shape[1:]))
    )


def one_to_one(
    first: Tensor, second: Tensor, at: Linearised, images: Tensor, *, units: float, solver: float = 0.0
) -> Measurement:
    """How far apart points are that have one image, relative to 1 + their size,
    ``(N,)``; if T is one-to-one, by rounding alone.

    Args:
        first, second: ``(N, D)``. at: The map at ``second``. images: T(first), ``(N,
            D)``. solver: Tolerance of an adaptive solver inside T.

    >>> from numerics.transports.flow_checks import linearise, units_of
    >>> one = torch.ones(1, 1).double()
    >>> at = linearise(lambda x, _: x**2, one)
    >>> one_to_one(-one, at=at, second=one, images=one, units=units_of(1)).residual  # over 1 + |x|
    tensor([1.], dtype=torch.float64)
    """
    miss = (at.images - images).abs().amax(1)
    least = torch.where(at.least > 0, at.least, torch.finfo(miss.dtype).tiny)
    size = 1 + first.abs().amax(1)
    terms = {
        "distance of the images, over the smallest singular value": 2 * miss * first.shape[1] ** 0.5 / least / size,
        "rounding": units * (1 + (1 + images.abs().amax(1)) / least / size),
    }
    if solver:
        terms["tolerance of the solver"] = SOLVER * solver * (1 + (1 + images.abs().amax(1)) / least / size)
    bound = Bound(
        terms, "Near a point where J is not singular T enlarges distances by at least about its smallest singular value, so that images this close have preimages that close.",
        estimated=list(terms), assumes=(INSIDE, "J changes by less than half its smallest singular value between the points, if they are one"),
    )  # fmt: skip
    return Measurement((first - second).norm(dim=1) / size, bound, len(first))


# -- reach -------------------------------------------------------------------------------------------------------------------


def reach(
    transform: Transform,
    centre: Tensor,
    spread: Tensor,
    context: Tensor | None = None,
    *,
    directions: int = 64,
    seed: int = 0,
) -> Reach | None:
    """The box that the images of points up to 1e128 spreads from the centre fill, along
    the axes and in random directions.

    A transform onto :math:`\\mathbb R^D` comes as far as one likes; the hyperbolic
    tangent stays below 1 however far one goes.

    Args:
        centre, spread: ``(D,)``. context: One row ``(1, C)``, or None.
    Returns:
        None where no image is a number, as for a flow whose data lie in a box.

    >>> reach(lambda x, _: x.tanh(), torch.zeros(1).double(), torch.ones(1).double()).high
    tensor([1.], dtype=torch.float64)
    """
    dim = centre.numel()
    generator = torch.Generator().manual_seed(seed)
    random = torch.nn.functional.normalize(
        torch.randn(directions, dim, generator=generator, dtype=torch.float64), dim=1
    ).to(centre)
    axes = torch.eye(dim).to(centre)[: max(1, 4096 // dim)]
    corners = torch.sign(random)
    every = torch.cat([axes, -axes, random, corners])
    far = torch.cat([centre + spread * radius * every for radius in (0.0, 1.0, *FAR)])
    images = []
    for part in far.split(1 << 12):
        with torch.no_grad():
            images.append(transform(part, None if context is None else context.expand(len(part), *context.shape[1:])))
    found = torch.cat(images)
    kept = ~torch.isnan(found).any(1)
    if not bool(kept.any()):
        return None
    return Reach(found[kept].amin(0), found[kept].amax(0), int(kept.sum()))
