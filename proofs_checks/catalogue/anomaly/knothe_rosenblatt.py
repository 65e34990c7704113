"""The Knothe-Rosenblatt map: uniform on the cube, triangular, a bijection of determinant p, and the only increasing one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics.random import Stream, tiles
from numerics.statistics import UniformGrid
from numerics.tails import Tail
from numerics.transports.conditionals import MixtureConditionals
from numerics.transports.hypotheses import HypothesisError
from numerics.transports.rosenblatt import KnotheRosenblatt, uniforms_of
from numerics.transports.triangular import triangularity_defect
from numerics.uniformity import SquareGrid
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, identity, inapplicable, measured, structural, tested
from proofs_checks.strategies.rosenblatt import (
    Drawn,
    Law,
    LogFunction,
    atomic_law,
    declared_law,
    rosenblatt_cases,
    split_law,
    unconditional_law,
    uniformity_cases,
)  # fmt: skip
from theory import rosenblatt as symbols

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Another = Callable[[Drawn, Tensor], Tensor]
Coordinate = Callable[[], sp.Expr]
Explicit = Callable[[int], tuple[sp.Matrix, tuple[sp.Symbol, ...], sp.Expr]]

EPS = torch.finfo(torch.float64).eps
NUDGE = 2.0**-20  # how far from the medians the inverse is looked at, in the cube
CELLS, TILE = 64, 1 << 15  # of the square an axis, in the test of pairs; samples pushed at once

cases = {
    "numeric": Cases(rosenblatt_cases, always=[
        Case(D=1, law="mixture", by="quadrature", seed=1, size=256), Case(D=2, law="mixture", by="quadrature", seed=1, size=64),
        Case(D=3, law="gaussian", by="quadrature", seed=1, size=8),
        Case(D=64, law="mixture", by="closed form", seed=1, size=16),
    ]),
    "statistical": Cases(uniformity_cases, always=[
        Case(D=2, law="mixture", by="quadrature", seed=1, size=8_000), Case(D=16, law="mixture", by="closed form", seed=1, size=12_000),
        Case(D=1, law="split", by="closed form", seed=1, size=25_000),
    ]),
}  # fmt: skip


# -- by symbols ---------------------------------------------------------------------------------------------------------


def exact(
    *,
    coordinate: Coordinate = symbols.conditional_cdf,
    explicit: Explicit = symbols.explicit_map,
    orientation: int = 1,
    jump: sp.Expr = sp.S.Zero,
    gap: sp.Expr = sp.S.Zero,
) -> list[Evidence]:
    """Determinant, mass and uniqueness by induction on D for an undefined density; continuity of F and of its inverse.

    A control changes one object, and runs what speaks of it.
    """
    if jump != 0 or gap != 0:
        return _continuity(jump, gap)
    if explicit is not symbols.explicit_map:
        return [_explicit_determinant(explicit, size) for size in (1, 2)]
    if orientation != 1:
        return [_uniqueness(coordinate, explicit, orientation)]
    by_induction = [*_ends_of_the_coordinate(coordinate), _determinant_and_mass(coordinate, explicit)]
    if coordinate is not symbols.conditional_cdf:
        return by_induction
    return [*_continuity(jump, gap), *by_induction, _uniqueness(coordinate, explicit, orientation)]


def _ends_of_the_coordinate(coordinate: Coordinate) -> list[Evidence]:
    lower, upper = symbols.AddedCoordinate(coordinate()).at_ends()
    return [identity(lower, 0, name="the coordinate starts at 0"), identity(upper, 1, name="the coordinate ends at 1")]


def _explicit_determinant(explicit: Explicit, size: int) -> Evidence:
    image, variables, density = explicit(size)
    determinant = image.jacobian(sp.Matrix(variables)).det(method="berkowitz")
    return identity(determinant, density, name=f"determinant of an explicit map, D = {size}")


def _determinant_and_mass(coordinate: Coordinate, explicit: Explicit) -> Evidence:
    added = symbols.AddedCoordinate(coordinate())
    step = [
        identity(*added.bordered(), name="determinant of a bordered triangle"),
        identity(*added.determinant(), name="determinant p, if that of the earlier coordinates is their density"),
        identity(*added.balance(added.cdf), name="mass of boxes under the uniform law"),
    ]
    small = [_explicit_determinant(explicit, size) for size in (1, 2, 3)]
    return structural(symbols.DIMENSION, base=step[1], step=step, small=small, name="determinant and uniformity")


def _uniqueness(coordinate: Coordinate, explicit: Explicit, orientation: int) -> Evidence:
    """Whatever keeps the masses has the map's slope, and both start at 0."""
    added = symbols.AddedCoordinate(coordinate())
    one = _explicit_determinant(explicit, 1)
    return structural(
        symbols.DIMENSION, base=one, small=[one], name="uniqueness, increasing and triangular",
        step=[
            identity(*added.bordered(), name="determinant of a bordered triangle"),
            identity(*added.forced(orientation), name="a triangular map that keeps the masses has this slope"),
        ],
    )  # fmt: skip


def _continuity(jump: sp.Expr, gap: sp.Expr) -> list[Evidence]:
    """A law whose distribution function may jump, and one whose support may have a gap."""
    start = sp.Symbol("c", positive=True)
    level = start + jump / 2
    low, high, u, first, second = symbols.gap_quantile(gap)
    half = sp.Rational(1, 2)
    return [
        identity(symbols.pushed_mass(level, start, jump), level, name="P(F(X) <= u) = u within a jump of F"),
        identity(first.subs(symbols.ADDED, low), u, name="F after its inverse, below the gap"),
        identity(second.subs(symbols.ADDED, high), u, name="F after its inverse, above the gap"),
        identity(
            sp.limit(high, u, half, "+"),
            sp.limit(low, u, half, "-"),
            name="the inverse is continuous at the gap's level",
        ),
    ]


# -- another construction ----------------------------------------------------------------------------------------------


def cholesky_map(law: Drawn, x: Tensor) -> Tensor:
    """Phi of the whitened coordinates L^-1 (x - m): increasing and triangular, and built without any conditional law."""
    mean, covariance = law.gaussian
    return torch.special.ndtr(
        torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), (x - mean).mT, upper=False).mT
    )


# -- by floating point --------------------------------------------------------------------------------------------------


def numeric(
    case: Case, stream: Stream, *, law: Callable[[Case, Stream], Law] = declared_law, another: Another = cholesky_map,
    log_prob: LogFunction | None = None, points: Tensor | None = None,
) -> list[Evidence]:  # fmt: skip
    """Determinant, triangularity, inverse, continuity and uniqueness of the map as evaluated."""
    if log_prob is not None:
        return _of_your_density(log_prob, points)
    chosen = law(case, Stream(case.get("seed", 0), stream.device, stream.dtype).fork("law"))
    transport = chosen.map()
    x = chosen.sample(case.size, stream.fork("points"))
    errors = _Errors.of(transport, x, units(chosen, x))
    found = _of_a_map(transport, chosen.log_prob, x, errors)
    gaussian = getattr(chosen, "gaussian", None)
    return [*found, _agreement(transport, chosen, x, another, errors)] if gaussian is not None else found


def units(law: Any, x: Tensor) -> Tensor:
    """Units of rounding in log p and in a log tail at each point."""
    source = getattr(law, "source", law)
    if isinstance(source, MixtureConditionals):
        return 32 * source.amplified(x)
    return 32 * (x.shape[1] + 8) * (1 + source.log_prob(x).abs())


ACCURACY = "log p and the special functions are computed to within the units of rounding named"
SMOOTH = "halving the grid's panels at least halves its error"


@dataclass(frozen=True)
class _Errors:
    """Log slopes ``(N, D)`` and log tails at points, with their rounding ``(N,)`` and the estimated truncation of either."""

    log_slopes: Tensor
    tail: Tail
    rounding: Tensor
    tails: Tensor
    slopes: Tensor

    @classmethod
    def of(cls, transport: KnotheRosenblatt, x: Tensor, unit: Tensor) -> _Errors:
        """The finer grid's distance estimates truncation, coordinate by coordinate, with that of the mass."""
        slopes, tail = transport.log_slopes(x), transport.tails(x)
        if transport.finer is transport:
            none = torch.zeros_like(unit)
            return cls(slopes, tail, EPS * unit, torch.zeros_like(slopes), none)
        apart = 2 * (slopes - transport.finer.log_slopes(x)).abs().sum(1) + transport.log_mass_estimate()
        return cls(slopes, tail, EPS * unit, transport.error_estimate(x), apart)

    def bound(self, terms: dict[str, Tensor], derivation: str, estimate: Tensor) -> Bound:
        """With the quadrature's term, an estimate, where there is one."""
        given = {**terms, "quadrature": estimate} if bool((self.tails > 0).any()) else terms
        estimated = ("quadrature",) if "quadrature" in given else ()
        return Bound(given, derivation, estimated=estimated, assumes=(ACCURACY, *((SMOOTH,) if estimated else ())))


def _of_a_map(transport: KnotheRosenblatt, log_prob: LogFunction, x: Tensor, errors: _Errors) -> list[Evidence]:
    return [
        _determinant(transport, log_prob, x, errors),
        _triangularity(transport, x),
        *_round_trip(transport, x, errors),
        _no_jump(transport, x, errors),
    ]


def _determinant(transport: KnotheRosenblatt, log_prob: LogFunction, x: Tensor, errors: _Errors) -> Evidence:
    mass = transport.log_mass if transport.log_mass is not None else x.new_zeros(())
    residual = (errors.log_slopes.sum(1) - (log_prob(x).detach() - mass)).abs()
    rounding = errors.rounding * (1 + transport.dim)
    return measured(
        residual,
        errors.bound(
            {"rounding": rounding},
            "Each tail is a sum of positive terms, and its derivative by its own coordinate is one too: both are known to the units of their exponents' rounding, "
            "D times over; truncation is that of the panels.",
            errors.slopes,
        ),
        points=x.shape[0],
        resolves=1e-3,
        name="log|det| of the map as evaluated is log p",
    )


def _triangularity(transport: KnotheRosenblatt, x: Tensor) -> Evidence:
    few = x[:4]
    dim = transport.dim
    if dim == 1:
        residual = torch.zeros_like(few[:, 0])
    else:
        ladder = torch.linspace(0.5, 1.5, dim, dtype=x.dtype, device=x.device)
        covectors = torch.stack(
            [ladder * (torch.arange(dim, device=x.device) < size) for size in {1, (dim + 1) // 2, dim - 1}]
        )
        residual = triangularity_defect(transport.evaluate, few, covectors)
    exactly = Bound(
        {"none": torch.zeros_like(residual)},
        "A later coordinate does not enter the computation, so that the derivative is exactly 0.",
    )
    return measured(
        residual, exactly, points=few.shape[0], resolves=1e-300, name="no output moves with a later coordinate"
    )


def _round_trip(transport: KnotheRosenblatt, x: Tensor, errors: _Errors) -> list[Evidence]:
    """In the cube, and in space for small D, where tails' errors are sent back through the Jacobian's inverse."""
    few = slice(0, 64 if transport.dim < 3 else 16)
    points, rounding = x[few], errors.rounding[few, None]
    tail = Tail(errors.tail.log_p[few], errors.tail.side[few])
    back = transport.inverse_of_tails(tail)
    steepness = (errors.log_slopes[few] - tail.log_p).exp()
    landing = 4 * EPS * steepness * points.abs() + 4 * torch.finfo(x.dtype).tiny
    found = [
        measured(
            back.residual,
            Bound(
                {"abscissa": landing, "rounding": 2 * rounding + 0 * landing},
                "The bracket closes to two units of rounding of the abscissa, which moves a log tail by its slope times that; the log tail itself is rounded.",
                assumes=(ACCURACY, "the slope at the preimage is at most twice that at the point"),
            ),
            points=points.shape[0], resolves=1e-3, name="the tails of the preimages",
        )
    ]  # fmt: skip
    if transport.dim <= 8 and transport.connected:
        allowed = transport.preimage_bound(points[:16], back.residual[:16], errors.rounding[:16])
        found.append(
            measured(
                (back.x - points)[:16].abs(),
                Bound(
                    {"tails": allowed},
                    "A miss of the log tails moves the preimage by the inverse of their Jacobian, to first order; twice that is allowed.",
                    assumes=(ACCURACY, "the Jacobian of the log tails changes by less than half of itself over the bound"),
                ),
                points=min(16, points.shape[0]), resolves=1e-6, name="the preimages themselves",
            )
        )  # fmt: skip
    return found


def _no_jump(transport: KnotheRosenblatt, x: Tensor, errors: _Errors) -> Evidence:
    """The inverse on both sides of the conditional medians: with a positive density nearby it moves by little."""
    few, residuals, bounds = x[:16], [], []
    for d in sorted({0, transport.dim - 1, transport.dim // 2}):
        with torch.no_grad():
            fibre = transport.conditionals.fibre(few[:, :d])
            ones = torch.ones_like(few[:, d])
            log_half = math.log(0.5 - NUDGE) * ones
            low, high = fibre.quantile(Tail(log_half, ones))[0], fibre.quantile(Tail(log_half, -ones))[0]
            density = torch.minimum(fibre.log_density(low), fibre.log_density(high)).exp()
        residuals.append((high - low).abs())
        bounds.append((4 * NUDGE + 8 * errors.rounding[: len(few)]) / density + 8 * EPS * (low.abs() + high.abs()))
    return measured(
        torch.stack(residuals),
        Bound(
            {"slope of the inverse": torch.stack(bounds)},
            "Between levels 1/2 - 2^-20 and 1/2 + 2^-20 the inverse moves by 2^-19 over the density; twice that is allowed, with the tails' rounding.",
            assumes=("between the two preimages the density is at least half of its lesser value there", ACCURACY),
        ),
        points=few.shape[0],
        resolves=0.1,
        name="the inverse has no jump at the medians",
    )


def _agreement(transport: KnotheRosenblatt, law: Drawn, x: Tensor, another: Another, errors: _Errors) -> Evidence:
    """The map against another construction."""
    u = uniforms_of(errors.tail)
    return measured(
        (u - another(law, x)).abs(),
        errors.bound(
            {"rounding": 4 * errors.rounding[:, None] + torch.zeros_like(u)},
            "Both maps are known to the rounding of their exponents; numbers in the cube err by no more than their log tails.",
            errors.tails,
        ),
        points=x.shape[0],
        resolves=1e-4,
        name="the increasing triangular map through the Cholesky factor is the same",
    )


def _of_your_density(log_prob: LogFunction, points: Tensor | None) -> list[Evidence]:
    """A reader's log density, through its map by quadrature."""
    if not isinstance(points, Tensor) or points.ndim != 2 or points.shape[0] == 0 or points.shape[1] > 3:
        raise InputError(
            "Give points=, a float64 tensor of shape (N, D) with D = 1, 2 or 3, at which your density is positive."
        )
    try:
        transport = KnotheRosenblatt.from_log_prob(log_prob, points.shape[1], near=points)
        tails = transport.tails(points)
    except HypothesisError as failed:
        return [inapplicable(str(failed))]
    except ValueError as refused:
        raise InputError(str(refused)) from None
    if not bool(torch.isfinite(tails.log_p).all()):
        return [
            inapplicable(
                "p is positive at the points given: at some of them a conditional tail is 0, outside the support"
            )
        ]
    unit = 32 * (points.shape[1] + 8) * (1 + log_prob(points).detach().abs())
    return _of_a_map(transport, log_prob, points, _Errors.of(transport, points, unit))


def cases_for(*, log_prob: LogFunction | None = None, points: Tensor | None = None, **others: object) -> list[Case]:
    """One case for a reader's density, of the dimension of the points; the declared cases for another law."""
    if log_prob is None:
        return list(cases["numeric"].always)
    if not isinstance(points, Tensor) or points.ndim != 2:
        raise InputError("Give points=, a float64 tensor of shape (N, D), beside log_prob.")
    return [Case(D=points.shape[1], by="quadrature", size=points.shape[0])]


# -- by sampling --------------------------------------------------------------------------------------------------------


def statistical(case: Case, stream: Stream, *, law: Callable[[Case, Stream], Law] = declared_law) -> list[Evidence]:
    """Samples pushed through the map: each coordinate against the uniform law, each pair against the product law."""
    chosen = law(case, Stream(case.get("seed", 0), stream.device, stream.dtype).fork("law"))
    transport = chosen.map()
    columns, squares = UniformGrid(1 << 14, chosen.dim, stream.device), SquareGrid(CELLS, chosen.dim, stream.device)
    drawn = stream.fork("samples")
    worst = 0.0
    for size in tiles(case.size, TILE):
        x = chosen.sample(size, drawn)
        u = transport.forward(x)
        columns.add(u)
        squares.add(u)
        worst = max(worst, float((transport.error_estimate(x[:64])).max()))
    slack = Bound(
        {"map": 64 * EPS + 4 * chosen.dim * worst},
        "The image is known to its rounding, and to the estimated error of the panels at a part of the points; densities in the cube are 1, so that an empirical "
        "distribution function moves by as much.",
        estimated=("map",),
        assumes=(SMOOTH,),
    )
    pairs = chosen.dim * (chosen.dim - 1) // 2
    found = [
        tested(
            columns.lower,
            Test.dkw(case.size, tests=chosen.dim),
            resolves=0.05,
            slack=slack,
            name="each coordinate is uniform",
        )
    ]
    if pairs:
        naaman = Test.dkw(
            case.size, tests=pairs * (case.size + 1)
        )  # P(sup > e) <= 2 (n + 1) exp(-2 n e^2), Naaman 2021, for D = 2
        found.append(
            tested(squares.statistic, naaman, resolves=0.06, slack=slack, name="each pair is uniform on the square")
        )
    return found


# -- what is false ------------------------------------------------------------------------------------------------------


def _symmetric_root(law: Drawn, x: Tensor) -> Tensor:
    mean, covariance = law.gaussian
    values, vectors = torch.linalg.eigh(covariance)
    return torch.special.ndtr((x - mean) @ (vectors * values.rsqrt()) @ vectors.mT)


def _reversed_order(law: Drawn, x: Tensor) -> Tensor:
    mean, covariance = law.gaussian
    flipped = Drawn(law.source, None, (mean.flip(0), covariance.flip(0, 1)))
    return cholesky_map(flipped, x.flip(1)).flip(1)


_GAUSSIAN = Case(D=2, law="gaussian", by="closed form", seed=1, size=64)

controls = {
    "unconditional": [
        Control(exact, coordinate=symbols.unconditional_cdf),
        Control(exact, explicit=lambda dim: symbols.explicit_map(dim, conditional=False)),
        Control(numeric, cases=[Case(D=2, law="mixture", by="closed form", seed=2, size=64)], law=unconditional_law),
        Control(statistical, cases=[Case(D=2, law="tied", by="closed form", seed=1, size=100_000)], law=unconditional_law),
    ],
    "atoms": [
        Control(exact, jump=sp.Symbol("alpha", positive=True)),
        Control(statistical, cases=[Case(D=1, law="atom", by="closed form", seed=2, size=25_000)], law=atomic_law),
    ],
    "gap-in-the-support": [
        Control(exact, gap=sp.Symbol("gamma", positive=True)),
        Control(numeric, cases=[Case(D=2, law="split", by="closed form", seed=2, size=64)], law=split_law),
    ],
    "not-increasing": Control(exact, orientation=-1),
    "not-triangular": Control(numeric, cases=[_GAUSSIAN], another=_symmetric_root),
    "any-order": Control(numeric, cases=[_GAUSSIAN], another=_reversed_order),
}  # fmt: skip


class _Bent:
    """x_1 standard normal, x_2 normal around x_1^2/2, with its conditional and its unconditional map."""

    def sample(self, n: int, stream: Stream) -> Tensor:
        z = stream.normal(n, 2)
        return torch.stack([z[:, 0], z[:, 0].square() / 2 + 0.35 * z[:, 1]], 1)


def figure() -> Figure:
    """A bent law, its image under marginal distribution functions, and under conditional ones."""
    from matplotlib.figure import Figure

    x = _Bent().sample(200_000, Stream(7))
    conditional = torch.special.ndtr(torch.stack([x[:, 0], (x[:, 1] - x[:, 0].square() / 2) / 0.35], 1))
    marginal = conditional.clone()
    marginal[:, 1] = x[:, 1].argsort().argsort().to(x.dtype) / x.shape[0]
    drawing = Figure(figsize=(7.2, 2.5), layout="constrained")
    unit, wide = (0.0, 1.0, 0.0, 1.0), (-2.5, 2.5, -1.0, 4.0)
    panels = (
        (x, wide, "x"),
        (marginal, unit, "marginal distribution functions"),
        (conditional, unit, "conditional ones: f(x)"),
    )
    for axes, (cloud, (left, right, bottom, top), title) in zip(drawing.subplots(1, 3), panels, strict=True):
        share = (cloud - cloud.new_tensor([left, bottom])) / cloud.new_tensor([right - left, top - bottom])
        cell = (20 * share[((share >= 0) & (share < 1)).all(1)]).long()
        counts = torch.bincount(20 * cell[:, 1] + cell[:, 0], minlength=400).view(20, 20)
        image = {"origin": "lower", "extent": (left, right, bottom, top), "interpolation": "nearest", "cmap": "Blues"}
        axes.imshow(counts.tolist(), vmin=0, vmax=float(counts.max()) if title == "x" else 1500, aspect="auto", **image)
        axes.set_title(title, fontsize=9)
        axes.set(xticks=[left, right], yticks=[bottom, top])
    return drawing
