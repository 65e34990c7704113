"""Upper level sets of a density take least room, in the coordinates of that density."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, level_sets
from numerics.random import Stream, tiles
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    Test,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    tested,
)
from proofs_checks.strategies.sets import grid_cases, level_set_cases
from theory import finite_laws

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Chart = Callable[[Any], Any]
LogFunction = Callable[[Tensor], Tensor]
Levels = Callable[[finite_laws.Histogram], Iterable[int]]

TILE = 1 << 16
SURPLUS = 1 / 32  # mass by which a competitor exceeds the level set, so that its pilot's error does not decide

COUNT = sp.Symbol("n", integer=True, positive=True)  # cells, of any volume and density
LEVEL, EXCESS, WIDTH, PLACE, ELSEWHERE = (sp.Symbol(name, positive=True) for name in ("lambda", "e", "v", "x", "x_0"))
TAKEN = sp.Symbol("1_B", real=True)
WASTE = sp.Function("T", real=True)  # by induction, either side of the balance for n cells

cases = {
    "numeric": Cases(grid_cases, always=[
        Case(D=1, p="mixture", share=Fraction(1, 20), seed=1, size=1 << 12), Case(D=2, p="logistic", share=Fraction(1, 2), seed=1, size=1 << 14),
        Case(D=6, p="mixture", share=Fraction(19, 20), seed=1, size=1 << 14),
    ]),
    "statistical": Cases(level_set_cases, always=[
        Case(D=1, p="mixture", share=Fraction(1, 2), seed=1, size=25_000), Case(D=4, p="mixture", share=Fraction(9, 10), seed=1, size=25_000),
    ]),
}  # fmt: skip


def coordinates_of_the_density(at: Any) -> Any:
    """Volume is measured where the density is: the chart is the identity."""
    return at


def every_level(law: finite_laws.Histogram) -> Iterable[int]:
    """0 and every density that occurs, but for the largest: each gives another level set."""
    return sorted({0, *law.densities})[:-1]


# -- exactly ------------------------------------------------------------------------------------------------------------


def exact(*, chart: Chart = coordinates_of_the_density, levels: Levels = every_level) -> list[Evidence]:
    """Every union of cells against every level set; the sign of (p - lambda)(1_A - 1_B); how much room another set wastes, for any number of cells."""
    return [
        _pointwise(),
        _room(chart),
        _enumerated(chart, levels, finite_laws.small_histograms(4, (1, 2), (0, 1, 2), 1), "level sets of every density with n <= 4 cells, widths 1..2 and values 0..2, each against 2^n sets"),
        _enumerated(chart, levels, finite_laws.random_histograms(5, 16), "level sets of random densities with n = 5..16 cells, each against 2^n sets"),
    ]  # fmt: skip


def _pointwise() -> Evidence:
    """(p - lambda)(1_A - 1_B) >= 0 at a point, A = {p > lambda}: only the sign of p - lambda and membership in B matter."""

    def as_product(instance: tuple[int, int]) -> bool:
        sign, other = instance
        return sign * ((sign > 0) - other) >= 0

    def as_parts(instance: tuple[int, int]) -> bool:
        sign, other = instance
        above, below = max(sign, 0), max(-sign, 0)
        return sign * (sign > 0) - sign * other == above * (1 - other) + below * other

    return finite(
        product((-1, 0, 1), (0, 1)),
        as_product,
        second=as_parts,
        of="signs of p - lambda, with membership in B",
        name="no point favours B",
    )


def _room(chart: Chart) -> Evidence:
    r"""lambda (|B| - |A|) = P(B) - P(A) + the integral of |p - lambda| over where A and B differ, a cell at a time."""
    here = sp.diff(_increasing(chart)(PLACE), PLACE)
    stretch = here / here.subs(PLACE, ELSEWHERE)  # lambda is mass per volume in the chart, fixed once: at another place

    def one_cell(inside: bool, excess: sp.Expr, width: sp.Expr, taken: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """What a cell adds to lambda (|B| - |A|) - (P(B) - P(A)), and to the integral; its density is lambda plus or minus the excess."""
        density = LEVEL + excess if inside else LEVEL - excess
        more = taken - 1 if inside else taken
        return LEVEL * stretch * width * more - density * width * more, excess * width * (
            (1 - taken) if inside else taken
        )

    def step(inside: bool) -> Evidence:
        added, wasted = one_cell(inside, EXCESS, WIDTH, TAKEN)
        name = "one more cell " + ("inside A" if inside else "outside A")
        return identity(WASTE(COUNT) + added, WASTE(COUNT) + wasted, name=name)

    small = []
    for size in (2, 3):
        for pattern in product((True, False), repeat=size):
            parts = [
                one_cell(
                    inside,
                    *(sp.Symbol(f"{letter}{k}", positive=True) for letter in "ev"),
                    sp.Symbol(f"b{k}", real=True),
                )
                for k, inside in enumerate(pattern)
            ]
            small.append(
                identity(
                    sp.Add(*(part[0] for part in parts)), sp.Add(*(part[1] for part in parts)), name=f"{size} cells"
                )
            )
    base = [identity(*one_cell(inside, EXCESS, WIDTH, TAKEN), name="a single cell") for inside in (True, False)]
    return structural(
        COUNT, base=base, step=[step(True), step(False)], small=small, name="room that another set wastes"
    )


def _increasing(chart: Chart) -> Chart:
    """A reader's chart, tried on integers."""
    try:
        images = [chart(at) for at in range(1, 9)]
        increases = all(a < b for a, b in pairwise(images))
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"The exact route applies the chart to integers and symbols, and it failed: {error}. Ask for another route, or write it with + * ** alone."
        ) from error
    if not increases:
        raise InputError(f"Expected a chart that increases, got the values {', '.join(map(str, images))} at 1..8.")
    return chart


def _enumerated(chart: Chart, levels: Levels, laws: Iterable[finite_laws.Histogram], of: str) -> Evidence:
    instances = ((law, level) for law in laws for level in levels(law))
    return finite(
        instances,
        lambda instance: finite_laws.least_by_subsets(*instance, chart),
        second=lambda instance: finite_laws.least_by_knapsack(*instance, chart),
        of=of,
        name="the level set, and no other set of at least its mass, has least volume",
    )


# -- on a grid ----------------------------------------------------------------------------------------------------------


@torch.no_grad()
def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    chart: Chart = coordinates_of_the_density,
    box: tuple[float, float] = (-8.0, 8.0),
) -> list[Evidence]:
    """A law that is constant on the cells of a grid: its level set against sets of at least the same mass that know nothing of it."""
    edges = _edges(case, stream, box)
    log_prob = p if p is not None else _law(case, stream).log_prob
    try:
        cells = level_sets.Cells.of(log_prob, edges, chart)
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        raise InputError(
            f"The grid could not be filled (p maps points (N, {case.D}) to log densities (N,)): {error}"
        ) from error
    share = torch.tensor(float(case.share), dtype=stream.dtype, device=stream.device)
    threshold = cells.log_p[level_sets.upper_set(cells.log_p, cells.masses, share)].min()
    level_set = cells.log_p >= threshold
    if bool(level_set.all()):
        return [
            inapplicable("the level set is the whole grid: p is flat there, or the share too large for so few cells")
        ]
    mass, density = cells.masses[level_set].sum(), cells.masses / cells.volumes
    centre = (cells.masses[:, None] * cells.centres).sum(0)
    scale = (cells.masses[:, None] * (cells.centres - centre).square()).sum(0).sqrt().clamp_min(1e-3)
    scores = level_sets.competitors(log_prob, case.D, stream.fork("competitors"), centre=centre, scale=scale)
    residuals, terms, defects = [], [], []
    level = density[level_set].min()
    for score in (density, *(score(cells.centres) for score in scores.values())):
        other = level_sets.upper_set(score, cells.masses, mass)
        residuals.append(cells.shortfall(level_set, other))
        terms.append(cells.rounding(level_set, other, level))
        defects.append(cells.balance(level_set, other, level))
    bound = Bound(
        {name: torch.stack([term[name] for term in terms]) for name in terms[0]},
        "Sums of N nonnegative terms are good to N units of rounding; a set that so misses 2 N units of mass may save that over the level of volume.",
    )
    sums = Bound(
        {"sums": 4 * cells.masses.numel() * torch.finfo(stream.dtype).eps},
        "Three sums of N terms, each good to N units of rounding of the sum of their absolute values, and as many for what is compared.",
    )
    points = cells.masses.numel()
    return [
        measured(torch.stack(residuals), bound, points=points, resolves=1e-3, name="volume of the level set beyond that of sets with at least its mass"),
        measured(torch.stack(defects), sums, points=points, resolves=1e-3, name="room that another set wastes is the integral of |p - lambda| where the sets differ"),
    ]  # fmt: skip


def _edges(case: Case, stream: Stream, box: tuple[float, float]) -> list[Tensor]:
    """Even edges along each axis, about ``size`` cells in all."""
    low, high = (float(end) for end in box)
    if not (low < high and abs(low) < torch.inf and abs(high) < torch.inf):
        raise InputError(f"Expected box = (low, high), finite and increasing, around what matters of p, got {box}.")
    count = max(2, round(case.size ** (1 / case.D)))
    return [torch.linspace(low, high, count + 1, dtype=stream.dtype, device=stream.device)] * case.D


def _law(case: Case, stream: Stream) -> densities.Density:
    kind, seeded = case.get("p", "mixture"), Stream(case.get("seed", 0), stream.device, stream.dtype)
    if kind in ("centred", "off-centre"):
        one = seeded.uniform(1).fill_(1.0)
        centre = torch.full((1, case.D), 1.5 * (kind == "off-centre"), dtype=one.dtype, device=one.device)
        return densities.GaussianMixture(one, centre, one)
    return densities.law(kind, case.D, seeded.fork("p"))


# -- by sampling --------------------------------------------------------------------------------------------------------


@torch.no_grad()
def statistical(
    case: Case, stream: Stream, *, law: Any = None, chart: Chart = coordinates_of_the_density
) -> list[Evidence]:
    """Inside a box: masses by the law's own samples, volumes by points even in the chart, which know neither the law nor its density."""
    chosen = law if law is not None else _law(case, stream)
    try:
        return _Box(case, stream, chosen, chart).compared(stream)
    except ValueError as error:
        raise InputError(str(error)) from error


class _Box:
    """The law restricted to a box about its middle; its level set and competitors with 1/32 more mass, by a pilot sample."""

    def __init__(self, case: Case, stream: Stream, law: Any, chart: Chart) -> None:
        self.law, self.chart, self.dim, self.size = law, chart, case.D, case.size
        pilot = self._sample(self.size, stream.fork("pilot"))
        centre, scale = level_sets.middle_and_scale(pilot)
        self.low, self.high = centre - 3 * scale, centre + 3 * scale
        pilot = pilot[self._meets(pilot)]
        others = level_sets.competitors(
            self._log_prob, self.dim, stream.fork("competitors"), centre=centre, scale=scale
        )
        self.scores = [self._in_chart, *others.values()]
        share = float(case.share)
        self.level = _upper_quantile(self._log_prob(pilot), share)
        self.thresholds = [_upper_quantile(score(pilot), min(1.0, share + SURPLUS)) for score in self.scores]

    def _sample(self, size: int, stream: Stream) -> Tensor:
        return level_sets.sample_of(self.law, size, stream, self.dim)

    def _log_prob(self, x: Tensor) -> Tensor:
        return level_sets.log_density_of(self.law, x)

    def _in_chart(self, x: Tensor) -> Tensor:
        """log density in the coordinates where volume is measured."""
        return self._log_prob(x) - level_sets.log_volume_factor(self.chart, x)

    def _meets(self, x: Tensor) -> Tensor:
        return ((x >= self.low) & (x <= self.high)).all(1)

    def _beyond(self, x: Tensor, weight: Tensor) -> Tensor:
        """Weight of the level set beyond that of each competitor, summed over the points; shape ``(competitors,)``."""
        inside = (self._log_prob(x) > self.level).to(torch.float64)
        chosen = [
            (score(x) > threshold).to(torch.float64)
            for score, threshold in zip(self.scores, self.thresholds, strict=True)
        ]
        return (weight * (inside - torch.stack(chosen))).sum(1)

    def compared(self, stream: Stream) -> list[Evidence]:
        """Masses and volumes, each a mean of variables between -1 and 1."""
        mass = volume = torch.zeros(len(self.scores), dtype=torch.float64, device=stream.device)
        fresh, uniform, spread = stream.fork("fresh"), stream.fork("uniform"), 4 * self.size
        for size in tiles(self.size, TILE):
            x = self._sample(size, fresh)
            mass = mass + self._beyond(x, self._meets(x).to(torch.float64))
        for size in tiles(spread, TILE):
            x = level_sets.spread_in_image(self.chart, self.low, self.high, uniform.uniform(size, self.dim))
            volume = volume + self._beyond(x, torch.ones_like(x[:, 0], dtype=torch.float64))
        return [
            tested((mass / self.size).clamp_min(0).max(), Test.hoeffding(self.size, 2.0, tests=len(self.scores)), resolves=0.1, name="competitors have at least the mass of the level set"),
            tested((volume / spread).clamp_min(0).max(), Test.hoeffding(spread, 2.0, tests=len(self.scores)), resolves=0.1, name="volume of the level set beyond theirs, as a share of the box"),
        ]  # fmt: skip


def _upper_quantile(values: Tensor, share: float) -> Tensor:
    """The value above which lies that share of a sample."""
    rank = min(values.numel(), max(1, round((1 - share) * values.numel())))
    return torch.kthvalue(values, rank).values if share < 1 else torch.full_like(values[0], -torch.inf)


def cases_for(*, p: LogFunction | None = None, law: Any = None, **others: object) -> list[Case]:
    """The cases for a reader's density: the dimension that the law names, or those of 1, 2, 3 and 6 that p accepts."""
    if law is not None:
        return [Case(D=law.dim, share=Fraction(1, 2), size=50_000)]
    fitting = [dim for dim in (1, 2, 3, 4, 5, 6) if p is None or _fits(p, dim)]
    if not fitting:
        raise InputError(
            "p accepted points (2, D) for no D = 1..6, and returned (2,). Expected a log density from (N, D) to (N,); for larger D give law=, with a sampler."
        )
    label = {} if p is not None else {"p": "mixture"}
    return [
        Case(D=dim, **label, share=share, seed=1, size=1 << 14)
        for dim in (fitting[0], fitting[-1])
        for share in (Fraction(1, 4), Fraction(3, 4))
    ]


def _fits(p: LogFunction, dim: int) -> bool:
    try:
        return p(torch.linspace(-1, 1, 2 * dim, dtype=torch.float64).view(2, dim)).shape == (2,)
    except (RuntimeError, IndexError, TypeError, ValueError, AttributeError):
        return False


# -- what is false ------------------------------------------------------------------------------------------------------


def cube(at: Any) -> Any:
    """x^3: a bijection that keeps every set's mass and no volume."""
    return at**3


class _Mistaken:
    """A normal law about (2, 2, ..) that reports the density of the one about the origin."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def sample(self, n: int, stream: Stream) -> Tensor:
        return 2 + stream.normal(n, self.dim)

    def log_prob(self, x: Tensor) -> Tensor:
        return -x.square().sum(1) / 2


def _negative_level(law: finite_laws.Histogram) -> Sequence[int]:
    return [-1]


controls = {
    "after-a-bijection": [
        Control(exact, chart=cube),
        Control(numeric, cases=[Case(D=1, p="off-centre", share=Fraction(1, 2), seed=2, size=1 << 12), Case(D=3, p="off-centre", share=Fraction(1, 2), seed=2, size=1 << 14)], chart=cube),
        Control(statistical, cases=[Case(D=3, p="off-centre", share=Fraction(9, 10), seed=2, size=25_000)], chart=cube),
    ],
    "after-a-bijection-with-symmetry": [
        Control(numeric, cases=[Case(D=2, p="centred", share=Fraction(1, 2), seed=2, size=1 << 14)], chart=cube),
    ],
    "any-density": [
        Control(statistical, cases=[Case(D=dim, share=Fraction(1, 2), seed=2, size=size)], law=_Mistaken(dim))
        for dim, size in ((2, 50_000), (4, 25_000))
    ],
    "negative-level": Control(exact, levels=_negative_level),
}  # fmt: skip


def figure() -> Figure:
    """A level set before and after x^3, and the set that then takes least room."""
    from matplotlib.figure import Figure

    low, high = 0.8, 2.2  # {p > p(high)} for the normal law about 3/2
    edges = torch.linspace(-1.5, 4.5, 1201, dtype=torch.float64)

    def log_prob(x: Tensor) -> Tensor:
        return -(x[:, 0] - 1.5).square() / 2

    cells = level_sets.Cells.of(log_prob, [edges], cube)
    inside = (cells.centres[:, 0] > low) & (cells.centres[:, 0] < high)
    best = level_sets.upper_set(cells.masses / cells.volumes, cells.masses, cells.masses[inside].sum())
    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after = drawing.subplots(1, 2)
    x = torch.linspace(-1.5, 4.5, 121, dtype=torch.float64)
    density = torch.exp(log_prob(x[:, None])) / (2 * torch.pi) ** 0.5
    before.plot(x, density, color="C0", lw=1.2)
    after.plot(cube(x), density / (3 * x.square()), color="C0", lw=1.2)
    for axis, chart, title in ((before, coordinates_of_the_density, "x"), (after, cube, "$y = x^3$")):
        for mask, height, colour in ((inside, -0.03, "C3"), (best, -0.07, "C2")):
            for ends in _runs(mask, edges):
                axis.plot([chart(end) for end in ends], [height, height], color=colour, lw=3, solid_capstyle="butt")
        axis.set(title=title, ylim=(-0.1, 0.45))
    before.annotate("{p > λ}", (2.3, -0.045), color="C3", fontsize=8)
    before.annotate("least room in y", (2.3, -0.085), color="C2", fontsize=8)
    after.set(xlim=(-2, 14))
    return drawing


def _runs(mask: Tensor, edges: Tensor) -> list[tuple[float, float]]:
    """Ends of the intervals that a mask of cells consists of."""
    step = torch.diff(torch.nn.functional.pad(mask.to(torch.int8), (1, 1)))
    return list(zip(edges[step == 1].tolist(), edges[step == -1].tolist(), strict=True))
