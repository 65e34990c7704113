"""Any continuous positive score is the density of a bijective representation of the same data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, quadrature, statistics
from numerics.random import Stream, tiles
from numerics.transports import ArbitraryScore, HypothesisError, PrecisionError, Slope, dyadic_tails, log_ratio
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    Test,
    identity,
    inapplicable,
    measured,
    structural,
    tested,
    undecided,
)
from proofs_checks.strategies.densities import pushed_score_cases, score_cases
from theory import transports as exact_transports
from theory.densities import Fibre, mass_balance, saturated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

LogFunction = Callable[[Tensor], Tensor]
Integrand = Callable[[Any, Any], Any]
Hypothesis = Callable[["_Instance", Any], None]
Tails = tuple[tuple[str, sp.Expr, sp.Expr, sp.Expr, sp.Expr], ...]

EPS = torch.finfo(torch.float64).eps
HALVINGS, DOUBLINGS = 10, 5  # dyadic intervals towards a finite base point, and towards an infinite one
INVERTED = 64  # points whose images are sent back
TILE = 1 << 16  # samples pushed at once
PUSHING = quadrature.kronrod(15)  # of the statistical route: 31 evaluations a point

x, t, w, R = (
    sp.Symbol("x", real=True),
    sp.Symbol("t", real=True),
    sp.Symbol("w", real=True),
    sp.Symbol("R", positive=True),
)
LOG_P = sp.Function("lambda_p", real=True)  # log p, undefined
LOGISTIC, LOG_LOGISTIC = 1 / (1 + sp.exp(-t)), -t - 2 * sp.log(1 + sp.exp(-t))  # distribution function and log density
RECIPROCAL = sp.exp(t) + 2 * t - sp.exp(-t)  # antiderivative of the logistic density's reciprocal

cases = {
    "numeric": Cases(score_cases, always=[
        Case(D=1, p="mixture", s="wide", seed=1, size=2048), Case(D=2, p="ridge", s="flat", seed=1, size=256),
        Case(D=2, p="band", s="bumps", seed=1, size=256), Case(D=64, p="mixture", s="wide", seed=1, size=512),
        Case(D=64, p="mixture", s="inverse", seed=2, size=128),
    ]),
    "statistical": Cases(pushed_score_cases, always=[
        Case(D=1, p="mixture", s="wide", seed=1, size=20_000), Case(D=2, p="mixture", s="square", seed=1, size=20_000),
    ]),
}  # fmt: skip

# Fibres on which f has to stay finite: log(p/s), an antiderivative of p/s, and an interval that runs to the base point as R grows.
SOUND_TAILS: Tails = (
    ("logistic p, s = 1, base -oo", LOG_LOGISTIC, LOGISTIC, -2 * R, -R),
    ("logistic p, s = p^2, base 0", -LOG_LOGISTIC, RECIPROCAL, 1 / (2 * R), 1 / R),
    ("p = exp(-|y|^(1/2) t^2 - y^2) on the line y = 0, s = 1, base 0", sp.S.Zero, t, 1 / (2 * R), 1 / R),
)


def exact(*, integrand: Integrand = log_ratio, tails: Tails = SOUND_TAILS) -> list[Evidence]:
    """The fundamental theorem of calculus on a fibre, triangularity in every D, and finiteness at the base point.

    What does not speak of tails is not proved once more for other ones.
    """
    finite_there = [piece for tail in tails for piece in _finite_at_base(*tail)]
    if tails is not SOUND_TAILS:
        return finite_there
    log_p, log_s = LOG_P(x, w), sp.Function("lambda_s", real=True)(x, w)
    return [*realised(log_p, log_s, integrand), *finite_there]


def realised(log_p: sp.Expr, log_s: sp.Expr, integrand: Integrand = log_ratio) -> list[Evidence]:
    """That the map of ``integrand(log p, log s)`` gives the image the density s, in every D; both are expressions in ``x`` and ``w``.

    Claims about a particular score, its reciprocal or a constant, replay this with that score.
    """
    base = sp.Function("c", real=True)(w)
    first = exact_transports.score_coordinate(integrand(log_p, log_s), x, base)
    slope = sp.diff(first, x)
    image = sp.Function("f_1", real=True)
    rates = mass_balance(log_p, Fibre(image(x, w), x, x), sp.exp(log_s))
    along = {sp.Derivative(image(x, w), x): slope}
    fibre = [
        identity(rates[0].subs(along), rates[1], name="mass along a fibre, under the density s"),
        identity(sp.log(slope), integrand(log_p, log_s), name="the first coordinate increases"),
        identity(first.subs(x, base).doit(), 0, name="f_1 vanishes at the base point"),
    ]
    return [*fibre, _every_dimension(rates, along, slope, fibre[0])]


def _every_dimension(
    rates: tuple[sp.Expr, sp.Expr], along: dict[sp.Expr, sp.Expr], slope: sp.Expr, base: Evidence
) -> Evidence:
    """det of (f_1, x_2, .., x_D) is the slope, by adding one passive coordinate at a time."""
    dim, minors = exact_transports.DIMENSION, exact_transports.MINORS
    added = identity(
        exact_transports.bordered_determinant(sp.S.One),
        minors(dim + 1),
        name="a passive coordinate leaves the determinant",
    )
    fubini = identity(
        minors(dim + 1) / slope * rates[0].subs(along),
        minors(dim + 1) / slope * rates[1],
        name="mass of a box, fibre by fibre",
    )
    small = [
        identity(exact_transports.score_jacobian(slope, d).det(method="berkowitz"), slope, name=f"det for D = {d}")
        for d in range(1, 6)
    ]
    return structural(dim, base=base, step=[added, fubini], small=small, name="mass of boxes")


def _finite_at_base(
    name: str, log_integrand: sp.Expr, antiderivative: sp.Expr, low: sp.Expr, high: sp.Expr
) -> list[Evidence]:
    """The integral over an interval that runs to the base point tends to 0; otherwise f is infinite."""
    tail = antiderivative.subs(t, high) - antiderivative.subs(t, low)
    return [
        identity(sp.diff(antiderivative, t), sp.exp(log_integrand), name=f"antiderivative: {name}"),
        identity(sp.limit(saturated(tail), R, sp.oo), 0, name=f"finite at the base point: {name}"),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    s: LogFunction | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
    points: Tensor | None = None,
    hypothesis: Hypothesis | None = None,
) -> list[Evidence]:
    """log p - log|det J_f| against log s, with J_f taken from the map as evaluated; its inverse; its finiteness."""
    named = _Instance.of(case, stream, p, s, points)
    base = _base(named.drawn, base)
    found: list[Evidence] = []
    try:
        if isinstance(base, float) and math.isinf(base):
            return [
                _finiteness(named, base, integrand),
                undecided("The quadrature needs a base point inside the fibre; give a finite one."),
            ]
        transport = ArbitraryScore(
            named.log_prob, named.log_score, dim=named.points.shape[1], base=base, integrand=integrand
        )
        (positive if hypothesis is None else hypothesis)(named, base)
        found.append(_finiteness(named, base, integrand))
        slope = transport.slope(named.points)
        return [*found, _jacobian(named, transport, slope), _round_trip(named, transport, slope)]
    except PrecisionError as failed:
        return [*found, undecided(str(failed))]
    except HypothesisError as failed:
        return [*found, inapplicable(str(failed))]
    except ValueError as refused:
        if p is None and s is None:
            raise
        raise InputError(str(refused)) from None


def _base(law: object, base: float | LogFunction | None) -> float | LogFunction:
    """The base point that was asked for, or else the law's own, or else 0."""
    return getattr(law, "base", 0.0) if base is None else base


def _base_points(base: float | LogFunction, rest: Tensor) -> Tensor:
    return base(rest) if callable(base) else rest.new_full(rest.shape[:1], base)


class _Instance:
    """The functions and points that a case, or its user, names."""

    def __init__(
        self,
        functions: tuple[LogFunction, LogFunction],
        points: Tensor,
        drawn: object,
        law: densities.Density | None,
        score: str,
    ) -> None:
        self.log_prob, self.log_score = functions
        self.points, self.drawn, self.law, self.score = points, drawn, law, score

    @classmethod
    def of(
        cls, case: Case, stream: Stream, p: LogFunction | None, s: LogFunction | None, points: Tensor | None
    ) -> _Instance:
        seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
        dim = case.D if points is None else points.shape[-1]
        law = densities.law(case.get("p", "mixture"), dim, seeded.fork("p"))
        kind = case.get("s", "wide")
        log_score = s or densities.log_score(kind, law, seeded.fork("s"))
        if points is None:
            points = (
                law.sample(case.size, stream.fork("points"))
                if p is None
                else stream.fork("points").normal(case.size, dim)
            )
        for name, function in (("p", p), ("s", s)):
            if function is not None:
                _probe(name, function, points[:2])
        derived = p is None and s is None and kind in ("flat", "wide") and isinstance(law, densities.GaussianMixture)
        return cls((p or law.log_prob, log_score), points, law if p is None else None, law if derived else None, kind)


def positive(named: _Instance, base: float | LogFunction) -> None:
    """The hypothesis 0 < p, s < inf at the points and at the base points of their fibres (the quadrature looks in between).

    Raises:
        HypothesisError: with the function and the place.
    """
    ends = torch.cat([_base_points(base, named.points[:, 1:])[:, None], named.points[:, 1:]], 1)
    for letter, function in (("p", named.log_prob), ("s", named.log_score)):
        for where, points in (("points", named.points), ("base points", ends)):
            bad = ~torch.isfinite(function(points))
            if bool(bad.any()):
                raise HypothesisError(
                    f"log {letter} is NaN or infinite at {int(bad.sum())} of {bad.numel()} {where}, first at {points[bad][0].tolist()[:4]}; the theorem needs "
                    f"{letter} continuous and positive there."
                )


def anything(named: _Instance, base: float | LogFunction) -> None:
    """No hypothesis at all."""


DIMENSIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # at which a reader's functions are tried


def cases_for(
    *,
    p: LogFunction | None = None,
    s: LogFunction | None = None,
    points: Tensor | None = None,
    law: densities.Density | None = None,
    **others: object,
) -> list[Case]:
    """The cases for a reader's objects: the least, a middle and the largest dimension that they accept, and no label that is not theirs."""
    if law is not None or points is not None:
        fitting = [law.dim if law is not None else torch.as_tensor(points).shape[-1]]
    else:
        fitting = [
            dim for dim in DIMENSIONS if all(_fits(function, dim) for function in (p, s) if function is not None)
        ]
    if not fitting:
        trial = torch.zeros(2, 2, dtype=torch.float64)
        for name, function in (("p", p), ("s", s)):
            if function is not None:
                _probe(name, function, trial)
        raise InputError(
            f"p and s accept no common dimension among {', '.join(map(str, DIMENSIONS))}; say which with case=Case(D=.., size=..), or give points."
        )
    chosen = dict.fromkeys((fitting[0], fitting[len(fitting) // 2], fitting[-1]))
    labels = {name: label for name, label, given in (("p", "mixture", p or law), ("s", "wide", s)) if given is None}
    return [Case(D=dim, **labels, seed=1, size=512 if law is None else 20_000) for dim in chosen]


def _fits(function: LogFunction, dim: int) -> bool:
    """Whether a reader's function maps (2, dim) to (2,)."""
    try:
        _probe("it", function, torch.linspace(-1, 1, 2 * dim, dtype=torch.float64).view(2, dim))
    except InputError:
        return False
    return True


def _probe(name: str, function: LogFunction, points: Tensor) -> None:
    """A user's function is called once on two points, where a misfit can still be explained."""
    try:
        value = function(points)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        raise InputError(
            f"{name} could not be evaluated on points of shape {tuple(points.shape)}: {error}. It has to map (N, D) to (N,); if it is made for one D, "
            "say which with case=Case(D=.., size=..), or give points of shape (N, D)."
        ) from None
    if not isinstance(value, Tensor) or value.shape != points.shape[:1]:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise InputError(
            f"Expected {name} to return one log density a point, shape ({points.shape[0]},), got {got}. Sum over coordinates, or batch it with torch.vmap."
        )
    if value.dtype != points.dtype:
        raise InputError(
            f"{name} returned {value.dtype} for points of {points.dtype}, so its rounding is not the one that the bound allows for. "
            "Evaluate it in double precision: model.double(), or cast inside the function."
        )


def _units(slope: Slope, dim: int, nodes: int) -> Tensor:
    """Units of rounding in one term of the quadrature."""
    return nodes + 8 + 16 * (dim + 8) * slope.log_size


ACCURACY = "log p, log s and their derivatives along x_1 are computed to within 16 (D + 8) units of rounding of 1 + |log p| + |log s|"


def _jacobian(named: _Instance, transport: ArbitraryScore, slope: Slope) -> Evidence:
    """The density of the image, through the map's own Jacobian, against the score."""
    dim = named.points.shape[1]
    density = named.log_prob(named.points) - transport.log_det(named.points)
    residual = (density - named.log_score(named.points)).abs()
    rounding = EPS * (
        _units(slope, dim, len(transport.rule)) * slope.scale / slope.value.abs() + 16 * (dim + 8) * slope.log_size
    )
    truncation = (slope.estimate if named.law is None else _remainder(named, transport)) / slope.value.abs()
    relative = truncation + rounding
    room = torch.where(relative < 0.5, 1 / (1 - relative.clamp(max=0.5)), torch.inf)  # |log(1 + r)| <= |r| / (1 - |r|)
    smooth = (
        ()
        if named.law is not None
        else ("log p - log s is smooth along x_1, so that the 31-node rule errs more than the 63-node rule",)
    )
    words = (
        "the embedded rule's derivative"
        if named.law is None
        else "an analytic remainder on ellipses (Trefethen, thms. 8.2 and 19.3)"
    )
    bound = Bound(
        {"quadrature": truncation * room, "rounding": rounding * room},
        f"The map's derivative is its quadrature rule applied to d/du[u p/s]; truncation by {words}, rounding by the sum of the absolute values of its terms.",
        estimated=("quadrature",) if named.law is None else (),
        assumes=(ACCURACY, *smooth),
    )
    return measured(
        residual,
        bound,
        points=residual.numel(),
        resolves=0.05,
        name="density of the image, from the Jacobian of the map as evaluated",
    )


def _remainder(named: _Instance, transport: ArbitraryScore) -> Tensor:
    """Bound on the slope's truncation for a Gaussian mixture over a flat or Gaussian score: all terms are exp of quadratics."""
    rest = named.points[:, 1:]
    a, b, c = named.law.along_first(rest)
    if named.score == "wide":
        a_s, b_s, c_s = densities.gaussian(named.law.dim, 3.0, named.points).along_first(rest)
        a, b, c = a - a_s, b - b_s, c - c_s
    start = _base_points(transport.base, rest)
    width = named.points[:, 0] - start

    def log_size(r: float) -> Tensor:
        return quadrature.moving_end_log_size((a[:, None], b[:, None], c), start, width, r)

    return quadrature.analytic_remainder(transport.rule.degree, torch.ones_like(width), log_size)


def _round_trip(named: _Instance, transport: ArbitraryScore, slope: Slope) -> Evidence:
    """|f(f^-1(y)) - y| at images y, for the map as evaluated."""
    points = named.points[:INVERTED]
    y = transport.forward(points)
    x = transport.inverse(y)
    residual = (transport.forward(x)[:, 0] - y[:, 0]).abs()
    units = _units(slope, points.shape[1], len(transport.rule))[:INVERTED]
    bound = Bound(
        {
            "abscissa": 4 * EPS * slope.value[:INVERTED].abs() * (points[:, 0].abs() + x[:, 0].abs()),
            "rounding": 2 * EPS * units * slope.value_scale[:INVERTED],
        },
        "Bisection keeps a bracket until it is two units of rounding wide; the map's value moves by its slope times that, and by the rounding of its sum.",
        assumes=(ACCURACY,),
    )
    scale = slope.value_scale[:INVERTED] + torch.finfo(residual.dtype).tiny
    relative = Bound(
        {name: term / scale for name, term in bound.terms.items()}, bound.derivation, assumes=bound.assumes
    )
    return measured(
        residual / scale,
        relative,
        points=points.shape[0],
        resolves=1e-6,
        name="the inverse, through the map as evaluated (relative)",
    )


def _finiteness(named: _Instance, base: float | LogFunction, integrand: Integrand) -> Evidence:
    """Integrals over dyadic intervals towards the base point fall geometrically, on the fibres met and on the middle one."""
    rest = torch.cat([torch.zeros_like(named.points[:1, 1:]), named.points[:15, 1:]])

    def log_integrand(at: Tensor, side: Tensor) -> Tensor:
        points = torch.cat([at[..., None], side.expand(*at.shape, side.shape[1])], -1).reshape(-1, side.shape[1] + 1)
        return integrand(named.log_prob(points), named.log_score(points)).view(at.shape)

    start = _base_points(base, rest)
    levels = HALVINGS if bool(torch.isfinite(start).all()) else DOUBLINGS
    first, last, error = dyadic_tails(log_integrand, rest, start, levels=levels)
    bound = Bound(
        {"decay": torch.full_like(first, 2.0 ** (-levels / 2)), "quadrature": error / first},
        "If p/s is at most C |t - c|^(-1/2) near a finite base point, or C |t|^(-3/2) near an infinite one, each dyadic integral is at most 1/sqrt 2 of the one before.",
        estimated=("quadrature",),
        assumes=("p/s varies by less than a factor of 32 within 1/8 of a finite base point",),
    )
    return measured(
        last / first, bound, points=rest.shape[0], resolves=0.5, name="f is finite: no mass piles up at the base point"
    )


def statistical(
    case: Case,
    stream: Stream,
    *,
    law: densities.Density | None = None,
    s: LogFunction | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
) -> Evidence:
    """Samples of p pushed through the map and counted, against masses of cells under s, integrated through the inverse."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    chosen = law or densities.law(case.get("p", "mixture"), case.D, seeded.fork("p"))
    log_score = s or densities.log_score(case.get("s", "wide"), chosen, seeded.fork("s"))
    if chosen.dim > 2:
        return inapplicable("masses of cells are integrated in D = 1 or 2; the Jacobian's route covers more")
    transport = ArbitraryScore(
        chosen.log_prob, log_score, dim=chosen.dim, base=_base(chosen, base), integrand=integrand, rule=PUSHING
    )
    try:
        edges = _edges(transport.forward(chosen.sample(2000, stream.fork("pilot"))))
        counts = torch.zeros(1, dtype=torch.int64, device=stream.device)
        pushed = stream.fork("samples")
        for size in tiles(case.size, TILE):
            counts = counts + statistics.count_cells(transport.forward(chosen.sample(size, pushed)), edges)
        fine, coarse = (_masses(transport, log_score, edges, n) for n in (7, 5))
    except PrecisionError as failed:
        return undecided(str(failed))
    except HypothesisError as failed:
        return inapplicable(str(failed))
    slack = Bound(
        {"quadrature": (fine - coarse).abs().sum()},
        "Masses of cells by Gauss-Legendre with 7 and with 5 nodes an axis; the sum of the differences bounds that of their running sums.",
        estimated=("quadrature",),
        assumes=("s composed with the inverse is smooth on each cell",),
    )
    return tested(
        statistics.ks_over_cells(counts, fine),
        Test.dkw(case.size),
        resolves=0.05,
        slack=slack,
        name="pushed samples against the score's mass",
    )


def _edges(images: Tensor) -> tuple[Tensor, ...]:
    """Cell edges at quantiles of pilot images: 6 cells along the first axis, 3 along the second."""
    edges = []
    for column, cells in zip(images.T, (6, 3), strict=False):
        levels = torch.linspace(0.05, 0.95, cells + 1, dtype=images.dtype, device=images.device)
        edges.append(torch.quantile(column, levels))
    return tuple(edges)


def _masses(transport: ArbitraryScore, log_score: LogFunction, edges: tuple[Tensor, ...], nodes: int) -> Tensor:
    """Integral of s(f^-1(y)) over each cell."""
    y, weights = quadrature.box_rule(edges, quadrature.gauss(nodes))
    density = log_score(transport.inverse(y.reshape(-1, y.shape[-1]))).exp()
    return (weights * density.view(weights.shape)).sum(1)


def squared_numerator(log_p: Any, log_s: Any) -> Any:
    """log(p^2/s): the integrand of a map that does not realise s."""
    return 2 * log_p - log_s


CAP = (
    sp.log(3 * (1 - t**2) / (4 * t)),
    3 * (sp.log(t) - t**2 / 2) / 4,
)  # p = 3/4 (1 - t^2) on (-1, 1) over s = |t|, t > 0

controls = {
    "squared-integrand": [
        Control(exact, integrand=squared_numerator),
        Control(numeric, cases=[Case(D=2, p="mixture", s="wide", seed=3, size=256), Case(D=64, p="mixture", s="wide", seed=3, size=64)], integrand=squared_numerator),
        Control(statistical, cases=[Case(D=1, p="mixture", s="wide", seed=3, size=20_000)], integrand=squared_numerator),
    ],
    "base-at-minus-infinity": [
        Control(exact, tails=(("logistic p, s = p^2, base -oo", -LOG_LOGISTIC, RECIPROCAL, -2 * R, -R),)),
        Control(numeric, cases=[Case(D=1, p="logistic", s="square", seed=4, size=16)], base=-math.inf),
    ],
    "bounded-below-suffices": [
        Control(exact, tails=(("p = exp(-|y|^(1/2) t^2 - y^2) on the line y = 0, s = 1, base -oo", sp.S.Zero, t, -2 * R, -R),)),
        Control(numeric, cases=[Case(D=2, p="ridge", s="flat", seed=5, size=16)], base=-math.inf),
    ],
    "score-vanishes": [
        Control(exact, tails=(("p = 3/4 (1 - x_1^2), s = |x_1|, base 0", *CAP, 1 / (2 * R), 1 / R),)),
        Control(numeric, cases=[Case(D=2, p="mixture", s="vanishing", seed=6, size=16)], hypothesis=anything),
    ],
}  # fmt: skip


def figure() -> Figure:
    """One law of the line under three bijections, each of which gives it a density of our choosing."""
    from matplotlib.figure import Figure

    law = densities.random_mixture(1, 3, Stream(11), spread=4.0)
    grid = torch.linspace(-6, 6, 81, dtype=torch.float64)[:, None]
    wanted = {
        "s = p": law.log_prob, "s = 1/p": lambda x: -law.log_prob(x), "s = two bumps": lambda x: (torch.exp(-(x[:, 0] - 3) ** 2) + torch.exp(-(x[:, 0] + 3) ** 2) + 0.05).log(),
    }  # fmt: skip
    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    for axis, (name, log_score) in zip(drawing.subplots(1, 3), wanted.items(), strict=True):
        transport = ArbitraryScore(law.log_prob, log_score, dim=1)
        density = law.log_prob(grid) - transport.log_det(grid)
        axis.plot(grid[:, 0], law.log_prob(grid), color="0.6", lw=1, label="log p(x)")
        axis.plot(grid[:, 0], log_score(grid), color="C0", lw=4, alpha=0.4, label="log s(x), asked for")
        axis.plot(grid[:, 0], density, color="C3", lw=1, label="log density of f(X) at f(x)")
        axis.set(title=name, xlabel="x", ylim=(-8, 8) if name == "s = 1/p" else (-8, 3))
    axis.legend(fontsize=6, loc="lower left")
    return drawing
