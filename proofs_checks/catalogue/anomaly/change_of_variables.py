"""Densities under bijections: divide by the volume factor, almost everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, quadrature, statistics
from numerics.random import Stream, tiles
from numerics.transports import bijections
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, identity, inapplicable, measured, structural, tested
from proofs_checks.strategies.densities import bijection_cases, pushed_bijection_cases
from theory import transports
from theory.densities import Fibre, Ladder, mass_balance, settled_mass

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Rule = Callable[[Any, Any], Any]
Chart = Callable[[int], Fibre]

EPS = torch.finfo(torch.float64).eps
TILE = 1 << 17
LEAST_LOG_DET = -690.0  # a determinant below e^-690 cannot be told from 0 in float64

x, w, n = sp.Symbol("x", real=True), sp.Symbol("w", real=True), sp.Symbol("n", integer=True, positive=True)
f, LOG_P = sp.Function("f", real=True), sp.Function("lambda", real=True)
SIGMA, PIVOT = sp.Symbol("sigma", positive=True), sp.Symbol("a", positive=True)
DELTA = sp.Function("Delta", positive=True)  # |det| of the smaller block, as a function of its size

cases = {
    "numeric": Cases(bijection_cases, always=[Case(D=1, f="deep", seed=1, size=64), Case(D=64, f="deep", seed=1, size=16)]),
    "statistical": Cases(pushed_bijection_cases, always=[
        Case(D=1, p="logistic", f="cubic", seed=1, size=100_000), Case(D=2, p="mixture", f="deep", seed=1, size=100_000),
    ]),
}  # fmt: skip


def divide(log_p: Any, log_det: Any) -> Any:
    """log of p / |det|: the rule that the claim states, for symbols and tensors alike."""
    return log_p - log_det


def undefined_chart(orientation: int) -> Fibre:
    """Any differentiable monotone map, f increasing or -f, at any x."""
    return Fibre(orientation * f(x), x, x, orientation)


GENTLE_LADDER = Ladder(SIGMA, sp.S.One)


def exact(*, rule: Rule = divide, chart: Chart = undefined_chart, ladder: Ladder = GENTLE_LADDER) -> list[Evidence]:
    """A line by the fundamental theorem; triangular and affine maps in every D by induction; polynomial automorphisms; a Cantor ladder.

    What does not speak of the chart of the line, or of the ladder, is not proved once more for another one.
    """
    lines = [_line(rule, chart, orientation) for orientation in (1, -1)]
    if chart is not undefined_chart:
        return lines
    pieces = identity(
        ladder.claimed_mass(rule, n),
        settled_mass(n),
        name="the claimed density has all but (2/3)^n of the mass on n generations of pieces",
    )
    if ladder is not GENTLE_LADDER:
        return [pieces]
    automorphisms = [obligation for dim in (2, 3, 4) for obligation in _automorphism(rule, dim)]
    return [*lines, _triangular(rule), _affine(rule), *automorphisms, pieces]


def _line(rule: Rule, chart: Chart, orientation: int) -> Evidence:
    """Mass of f([c, x]) under the claimed density against mass of [c, x]."""
    fibre = chart(orientation)
    log_p = LOG_P(fibre.at)
    bounded = sp.Symbol("Q", real=True)  # where f' = 0 the rule has no value, and a bounded density may have any
    claimed = bounded if fibre.slope == 0 else sp.exp(rule(log_p.subs(fibre.at, fibre.point), sp.log(fibre.slope)))
    assuming = [fibre.slope > 0] if fibre.slope.free_symbols else []
    return identity(
        *mass_balance(log_p, fibre, claimed),
        assuming=assuming,
        name=f"mass of intervals, {'increasing' if orientation == 1 else 'decreasing'} f",
    )


def _fibre_step(rule: Rule, image: sp.Expr, name: str) -> Evidence:
    """Mass of boxes when a coordinate is added to a map of size D whose law has density p / Delta(D) by hypothesis."""
    dim = transports.DIMENSION
    fibre = Fibre(image, x, x)
    claimed = sp.exp(rule(LOG_P(w, x), sp.log(DELTA(dim) * fibre.slope)))
    left, right = mass_balance(LOG_P(w, x), fibre, claimed, others=DELTA(dim))
    return identity(left, right, assuming=[fibre.slope > 0] if fibre.slope.free_symbols - {PIVOT} else [], name=name)


def _triangular(rule: Rule) -> Evidence:
    dim, corner = transports.DIMENSION, sp.Symbol("d", real=True)
    step = [
        identity(
            transports.bordered_determinant(corner),
            corner * transports.MINORS(dim + 1),
            name="determinant of a bordered triangle",
        ),
        _fibre_step(rule, sp.Function("h", real=True)(w, x), "mass of boxes, a triangular coordinate more"),
    ]
    base, small = _line(rule, undefined_chart, 1), triangular_determinants(4)
    return structural(dim, base=base, step=step, small=small, name="triangular maps")


def triangular_determinants(largest: int) -> list[Evidence]:
    """The determinant of an undefined triangular map is the product of the slopes along its diagonal, D = 1 .. ``largest``."""
    found = []
    for size in range(1, largest + 1):
        variables = transports.coordinates(size)
        matrix = transports.triangular_map(size, variables).jacobian(sp.Matrix(variables))
        determinant, product = matrix.det(method="berkowitz"), transports.diagonal_product(matrix)
        found.append(identity(determinant, product, name=f"triangular determinant, D = {size}"))
    return found


def _affine(rule: Rule) -> Evidence:
    elimination, offset = transports.Elimination(PIVOT), sp.Function("b", real=True)(w)
    step = [
        identity(*elimination.blocks(), name="a matrix is shear x (pivot + Schur complement) x shear"),
        identity(
            transports.bordered_determinant(PIVOT),
            PIVOT * transports.MINORS(transports.DIMENSION + 1),
            name="determinant of pivot + Schur complement",
        ),
        _fibre_step(rule, x + offset, "mass of boxes under a shear"),
        _fibre_step(rule, PIVOT * x + offset, "mass of boxes under pivot and Schur complement"),
    ]
    small = [
        identity(*elimination.small(size), name=f"det = pivot x det of the Schur complement, D = {size + 1}")
        for size in (1, 2, 3)
    ]
    base = [
        _line(
            rule,
            lambda orientation: Fibre(orientation * (PIVOT * x) + sp.Symbol("b", real=True), x, x, orientation),
            sign,
        )
        for sign in (1, -1)
    ]
    return structural(transports.DIMENSION, base=base, step=step, small=small, name="affine maps")


def _automorphism(rule: Rule, dim: int) -> list[Evidence]:
    """A family of polynomial bijections with free coefficients: inverse, constant determinant, and mass by the flux through images of boxes."""
    a, b, c = sp.symbols("a b c", real=True)
    shears = {
        2: [(0, lambda u, v: a * v**2 + b * v), (1, lambda u, v: c * u**2)],
        3: [(0, lambda u, v, s: a * v * s), (1, lambda u, v, s: b * u**2), (2, lambda u, v, s: c * u * v)],
        4: [(0, lambda u, v, s, r: a * v * r), (2, lambda u, v, s, r: b * u**2), (3, lambda u, v, s, r: c * u * s)],
    }
    scale = sp.Symbol("sigma", positive=True)
    whole = transports.automorphism(dim, shears[dim], [scale, *[sp.S.One] * (dim - 1)])
    rate = sp.exp(rule(LOG_P(*whole.variables), sp.log(whole.volume)))
    point = sp.Matrix(whole.variables)
    return [
        identity(whole.round_trip(), point, name=f"polynomial inverse, D = {dim}"),
        identity(whole.trip_round(), point, name=f"polynomial inverse on the other side, D = {dim}"),
        identity(whole.jacobian.det(method="berkowitz"), whole.volume, name=f"constant determinant, D = {dim}"),
        identity(
            transports.flux_divergence(whole.forward, whole.variables, rate),
            sp.exp(LOG_P(*whole.variables)),
            name=f"mass of boxes by flux, D = {dim}",
        ),
    ]


def numeric(case: Case, stream: Stream, *, rule: Rule = divide, f: Any = None) -> list[Evidence]:
    """log det tracked layer by layer, against autograd's slogdet of the whole map, as densities of f(X) at f(x)."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    chosen = f if f is not None else bijections.bijection(case.get("f", "deep"), case.D, seeded.fork("f"))
    points = 2 * stream.normal(case.size, case.D)
    jacobian, tracked = _jacobian(chosen, points), _tracked(chosen, points)
    sign, log_det = torch.linalg.slogdet(jacobian)
    if bool((sign == 0).any()) or bool((log_det < LEAST_LOG_DET).any()):
        return [inapplicable("det df/dx vanishes (to float64) at a sampled point, where the claim says nothing")]
    log_p = densities.gaussian(case.D, 2.0, points).log_prob(points)
    residual = (log_p - tracked - rule(log_p, log_det)).abs()
    amplified = chosen.condition(points) if isinstance(chosen, bijections.Composition) else torch.linalg.cond(jacobian)
    bound = Bound(
        {
            "Jacobian and LU": 16 * case.D * (case.D + 8) * EPS * amplified,
            "sums": 8 * (case.D + 8) * EPS * (1 + log_p.abs() + tracked.abs()),
        },
        "Each layer's Jacobian is formed to D + 8 units of rounding relative to its norm; log det moves by at most D times that, amplified by the condition of "
        "what multiplies it (sum over layers); LU with partial pivoting adds as much (Higham, ch. 9, growth factor 16 taken).",
        assumes=("the growth factor of Gaussian elimination is at most 16",)
        if f is None
        else ("the map is one layer to rounding", "the growth factor of Gaussian elimination is at most 16"),
    )
    return [
        measured(
            residual,
            bound,
            points=case.size,
            resolves=1e-3,
            name="density of the image, layer by layer and through the whole Jacobian",
        )
    ]


def cases_for(*, f: Any = None, **others: object) -> list[Case]:
    """The cases for a reader's bijection: the dimensions of the declared ones that it accepts; for another rule, the declared ones."""
    if f is None:
        return list(cases["numeric"].always)
    fitting = [dim for dim in (1, 2, 3, 4, 8, 16, 32, 64) if _fits(f, dim)]
    if not fitting:
        raise InputError(
            "f.forward accepted points (2, D) for no D among 1, 2, 3, 4, 8, 16, 32, 64. Expected a map from (N, D) to (N, D); for another D say case=Case(D=.., size=..)."
        )
    chosen = dict.fromkeys((fitting[0], fitting[len(fitting) // 2], fitting[-1]))
    return [Case(D=dim, seed=1, size=64 if dim > 2 else 20_000) for dim in chosen]


def _fits(f: Any, dim: int) -> bool:
    points = torch.linspace(-1, 1, 2 * dim, dtype=torch.float64).view(2, dim)
    try:
        return f.forward(points).shape == points.shape
    except (RuntimeError, IndexError, TypeError, ValueError):
        return False


def _jacobian(chosen: Any, points: Tensor) -> Tensor:
    if not callable(getattr(chosen, "forward", None)):
        raise InputError(
            f"Expected f with a method forward(x), from points (N, D) to points (N, D), got {type(chosen).__name__}."
        )
    try:
        return bijections.jacobians(chosen.forward, points)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"f could not be differentiated at points of shape {tuple(points.shape)}: {error}") from None


def _tracked(chosen: Any, points: Tensor) -> Tensor:
    if not callable(getattr(chosen, "log_det", None)):
        raise InputError(
            "The numeric route compares f.log_det(x), shape (N,), with autograd; f has none. Ask for route='statistical', which needs forward and inverse."
        )
    tracked = chosen.log_det(points)
    if not isinstance(tracked, Tensor) or tracked.shape != points.shape[:1]:
        raise InputError(
            f"Expected f.log_det(x) of shape ({points.shape[0]},), got {tuple(getattr(tracked, 'shape', ()))}."
        )
    if not bool(torch.isfinite(tracked).all()):
        raise InputError(
            "f.log_det(x) is NaN or infinite at sampled points; the claim needs det df/dx nonzero almost everywhere."
        )
    return tracked.detach()


def statistical(case: Case, stream: Stream, *, rule: Rule = divide, f: Any = None) -> Evidence:
    """Samples of p pushed through f and counted, against masses of cells under the claimed density, by quadrature over images."""
    if case.D > 2:
        return inapplicable("masses of cells are integrated in D = 1 or 2")
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    law = UNIFORM if case.get("p") == "uniform" else densities.law(case.get("p", "mixture"), case.D, seeded.fork("p"))
    chosen = f if f is not None else bijections.bijection(case.get("f", "deep"), case.D, seeded.fork("f"))
    if not callable(getattr(chosen, "inverse", None)) or not callable(getattr(chosen, "forward", None)):
        raise InputError(
            f"Expected f with methods forward(x) and inverse(y) on points (N, D), got {type(chosen).__name__}."
        )
    edges = _edges(chosen, law.sample(2000, stream.fork("pilot")))
    counts = torch.zeros(1, dtype=torch.int64, device=stream.device)
    pushed = stream.fork("samples")
    for size in tiles(case.size, TILE):
        counts = counts + statistics.count_cells(chosen.forward(law.sample(size, pushed)), edges)
    fine, coarse = (_masses(law, chosen, rule, edges, nodes) for nodes in (14, 10))
    slack = Bound(
        {"quadrature": (fine - coarse).abs().sum()},
        "Masses of cells by smoothed Gauss-Legendre with 14 and with 10 nodes an axis; the sum of the differences bounds that of their running sums.",
        estimated=("quadrature",),
        assumes=("the claimed density is smooth inside each cell, up to kinks",),
    )
    return tested(
        statistics.ks_over_cells(counts, fine),
        Test.dkw(case.size),
        resolves=0.06,
        slack=slack,
        name="pushed samples against the claimed density's mass",
    )


class _Uniform:
    """The uniform law on [0, 2]."""

    dim = 1

    def log_prob(self, points: Tensor) -> Tensor:
        return torch.where((points[:, 0] >= 0) & (points[:, 0] <= 2), 0.5, 0.0).to(points).log()

    def sample(self, size: int, stream: Stream) -> Tensor:
        return 2 * stream.uniform(size, 1)


UNIFORM = _Uniform()


def _edges(chosen: Any, pilot: Tensor) -> tuple[Tensor, ...]:
    """Cell edges: where the images' density is known to be singular, or else quantiles of pilot images."""
    images = chosen.forward(pilot)
    if images.shape != pilot.shape:
        raise InputError(f"Expected f.forward to keep the shape {tuple(pilot.shape)}, got {tuple(images.shape)}.")
    breaks = getattr(chosen, "breaks", None)
    if breaks is not None:
        return (torch.tensor(breaks, dtype=pilot.dtype, device=pilot.device),)
    edges = []
    for column, cells in zip(images.T, (8, 4), strict=False):
        edges.append(
            torch.quantile(column, torch.linspace(0.03, 0.97, cells + 1, dtype=pilot.dtype, device=pilot.device))
        )
    return tuple(edges)


def _masses(law: densities.Density, chosen: Any, rule: Rule, edges: tuple[Tensor, ...], nodes: int) -> Tensor:
    """Integral over each cell of the claimed density, at the images y = f(f^-1(y))."""
    y, weights = quadrature.box_rule(edges, quadrature.gauss(nodes), smooth=True)
    back = chosen.inverse(y.reshape(-1, y.shape[-1]))
    log_det = torch.linalg.slogdet(_jacobian(chosen, back)).logabsdet
    return (weights * rule(law.log_prob(back), log_det).exp().view(weights.shape)).sum(1)


def multiply(log_p: Any, log_det: Any) -> Any:
    """log of p |det|: the exponent +1 in place of -1."""
    return log_p + log_det


def capped(log_p: Tensor, log_det: Tensor) -> Tensor:
    """p / |det| where that is at most 1, and 1 elsewhere: a density bounded by 1."""
    return (log_p - log_det).clamp(max=0)


def cubic_at_zero(orientation: int) -> Fibre:
    """x -> x^3 or -x^3 at its critical point."""
    return Fibre(orientation * x**3, x, sp.S.Zero, orientation)


controls = {
    "exponent-plus-one": [
        Control(exact, rule=multiply),
        Control(numeric, cases=[Case(D=1, f="deep", seed=2, size=16), Case(D=64, f="deep", seed=2, size=16)], rule=multiply),
        Control(statistical, cases=[Case(D=1, p="mixture", f="triangular", seed=2, size=100_000), Case(D=2, p="mixture", f="deep", seed=2, size=100_000)], rule=multiply),
    ],
    "at-every-point": [
        Control(exact, chart=cubic_at_zero),
        Control(statistical, cases=[Case(D=1, p="logistic", f="cubic", seed=3, size=100_000)], rule=capped),
    ],
    "differentiable-almost-everywhere-suffices": [
        Control(exact, ladder=Ladder(sp.S.One, sp.Rational(1, 2))),
        Control(statistical, cases=[Case(D=1, p="uniform", f="splines", seed=4, size=100_000)], f=bijections.CantorInverse()),
    ],
}  # fmt: skip


def figure() -> Figure:
    """Where the formula holds, where it has no value, and where it misses half of the mass."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    smooth, cubic, cantor = drawing.subplots(1, 3)
    stream = Stream(7)
    law, spline = (
        densities.LogisticProduct(torch.zeros(1).double(), torch.ones(1).double()),
        bijections.bijection("splines", 1, Stream(19)),
    )
    for axis, chosen, title, limits in (
        (smooth, spline, "a monotone spline", (-5, 5)),
        (cubic, bijections.Cube(), "$x^3$: no value at 0", (-2, 2)),
    ):
        images = chosen.forward(law.sample(20_000, stream.fork(title)))[:, 0]
        grid = torch.linspace(*limits, 120, dtype=torch.float64)[:, None]
        back = chosen.inverse(grid)
        axis.hist(
            histtype="stepfilled",
            x=images.numpy(),
            bins=32,
            range=limits,
            weights=torch.full_like(images, 32 / (20_000 * (limits[1] - limits[0]))).numpy(),
            color="0.8",
            label="pushed samples",
        )
        axis.plot(
            grid[:, 0],
            (law.log_prob(back) - chosen.log_det(back)).exp(),
            color="C3",
            lw=1,
            label=r"$p(x)\,/\,|\det f'(x)|$",
        )
        axis.set(title=title, xlabel="f(x)", ylim=(0, 1.2 if chosen is not spline else None))
    images = bijections.CantorInverse().forward(UNIFORM.sample(20_000, stream.fork("cantor")))[:, 0]
    steps = torch.linspace(0, 1, 82, dtype=torch.float64)
    cantor.plot(
        steps,
        torch.searchsorted(images.sort().values, steps).double() / images.numel(),
        color="0.6",
        label="mass of [0, y], samples",
    )
    cantor.plot(steps, steps / 2, color="C3", lw=1, label="the formula's: half is missing")
    cantor.set(title="inverse of x + Cantor(x)", xlabel="y")
    for axis in (smooth, cantor):
        axis.legend(fontsize=6)
    return drawing
