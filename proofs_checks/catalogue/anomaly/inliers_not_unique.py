"""How many sets hold a mass of 1 - alpha: a continuum, when no point has mass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, level_sets, marginals, quadrature
from numerics.foreign_marginals import as_product
from numerics.random import Stream, tiles
from numerics.tails import Tail
from proofs_checks.catalogue.anomaly.change_of_variables import triangular_determinants
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, finite, identity, measured, structural, tested
from proofs_checks.strategies.sets import family_cases, quantile_cases
from theory import finite_laws, transports
from theory.densities import Fibre, mass_balance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Difference = Callable[[Any, Any], Any]
Atoms = Callable[[], Iterable[tuple[Sequence[int], int]]]
Criterion = Callable[[Sequence[int], int, int], bool]

TILE = 1 << 15
MEMBERS = 9
PIECES = 24
RULE = quadrature.kronrod(15)
LAWS: dict[str, Callable[[], marginals.Marginal]] = {
    "normal": marginals.Normal, "logistic": marginals.Logistic, "laplace": marginals.Laplace, "gumbel": marginals.Gumbel,
    "triangular": lambda: marginals.Triangular(-1.0, 2.0), "uniform": lambda: marginals.Uniform(-1.0, 2.0), "exponential": marginals.Exponential,
}  # fmt: skip

SPLITS_DUST: tuple[Criterion, Criterion] = (finite_laws.splits_dust, finite_laws.splits_dust_by_choice)
KINKS = {"laplace": (0.0,), "triangular": (0.5,)}  # where a density has a corner; pieces are cut there

u, w, t = (sp.Symbol(name, real=True) for name in "uwt")
X, X_LATER, Y, Y_LATER = (sp.Symbol(name, real=True) for name in ("x", "x'", "y", "y'"))
ALPHA, GAP, MASS, MORE = (sp.Symbol(name, positive=True) for name in ("alpha", "s", "m", "r"))
F, H, DENSITY = sp.Function("F", real=True), sp.Function("H", real=True), sp.Function("p", positive=True)
CYLINDER = sp.Function("M", positive=True)  # mass of the set in the first D coordinates

cases = {
    "numeric": Cases(quantile_cases, always=[Case(law="normal", alpha=Fraction(1, 16), size=33), Case(law="laplace", alpha=Fraction(15, 16), size=33)]),
    "statistical": Cases(family_cases, always=[
        Case(D=1, law="cantor", alpha=Fraction(1, 16), seed=1, size=25_000), Case(D=4, law="cross", alpha=Fraction(1, 4), seed=1, size=25_000),
        Case(D=64, law="mixture", alpha=Fraction(15, 16), seed=1, size=25_000),
    ]),
}  # fmt: skip


def twice_the_lesser(gap: Any, mass: Any) -> Any:
    """Mass of the symmetric difference of two members ``gap`` apart, of ``mass`` each: 2 min(gap, mass)."""
    return 2 * (torch.minimum(gap, torch.full_like(gap, mass)) if isinstance(gap, Tensor) else sp.Min(gap, mass))


def equal_cells() -> Iterable[tuple[Sequence[int], int]]:
    """n = 2..12 cells of equal mass, and every mass strictly between none and all of them."""
    return (((1,) * n, k) for n in range(2, 13) for k in range(1, n))


# -- exactly ------------------------------------------------------------------------------------------------------------


def exact(
    *,
    difference: Difference = twice_the_lesser,
    atoms: Atoms = equal_cells,
    criterion: tuple[Criterion, Criterion] = SPLITS_DUST,
) -> list[Evidence]:
    """Intervals between quantiles, for an undefined quantile function, in every D; Cantor's law; which laws with atoms still have a continuum.

    What does not speak of an object is not proved once more for another one.
    """
    several = finite(
        atoms(),
        lambda instance: finite_laws.count_by_subsets(*instance) >= 2,
        second=lambda instance: finite_laws.count_by_sums(*instance) >= 2,
        of="pairs of n <= 12 cells of equal mass and a mass in between",
        name="more than one set of the mass",
    )
    infinitely_many = finite(
        finite_laws.atoms_and_dust(3, 3),
        lambda i: finite_laws.growing(*i, finite_laws.count_by_subsets) == criterion[0](*i),
        second=lambda i: finite_laws.growing(*i, finite_laws.count_by_sums) == criterion[1](*i),
        of="laws with at most three atoms and an atomless part, each with a mass",
        name="infinitely many sets exactly if some set of atoms leaves a proper part of the rest to be taken",
    )
    if atoms is not equal_cells:
        return [several]
    if criterion != SPLITS_DUST:
        return [infinitely_many]
    if difference is not twice_the_lesser:
        return _apart(difference)
    return [*_members(), *_apart(difference), _every_dimension(), _cantor(), several, infinitely_many, _overlaps()]


def _overlaps() -> Evidence:
    return finite(
        ((n, k) for n in range(2, 9) for k in range(1, n)),
        lambda i: finite_laws.least_overlap_by_pairs(*i) == max(0, 2 * i[1] - i[0]),
        second=lambda i: finite_laws.least_overlap_by_counting(*i) == max(0, 2 * i[1] - i[0]),
        of="pairs of n <= 8 cells and a number k of them",
        name="two members have to overlap exactly if alpha < 1/2",
    )


def _members() -> list[Evidence]:
    """P([x, y]) = F(y) - F(x), which is 1 - alpha when F(x) = t and F(y) = t + 1 - alpha, whatever t is."""
    v = sp.Dummy("v", real=True)
    mass, rise = sp.Integral(sp.diff(F(v), v), (v, X, Y)), F(Y) - F(X)
    level = sp.Function("F_x", real=True)(t)
    return [
        identity(sp.Matrix([sp.diff(mass, X), sp.diff(mass, Y)]), sp.Matrix([sp.diff(rise, X), sp.diff(rise, Y)]), name="mass of an interval"),
        identity(mass.subs(Y, X).doit(), rise.subs(Y, X), name="mass of a point"),
        identity(rise.subs({F(Y): level + 1 - ALPHA, F(X): level}), 1 - ALPHA, name="mass between quantiles, for every t"),
    ]  # fmt: skip


def _apart(difference: Difference) -> list[Evidence]:
    """Two slivers tell overlapping intervals apart, for an undefined density; for equal masses that is twice one sliver."""
    v = sp.Dummy("v", real=True)

    def mass(low: sp.Expr, high: sp.Expr) -> sp.Expr:
        return sp.Integral(DENSITY(v), (v, low, high))

    slivers = mass(X, X_LATER) + mass(Y, Y_LATER)
    claimed = 2 * mass(X, X_LATER) + mass(X_LATER, Y_LATER) - mass(X, Y)
    ends = (X, X_LATER, Y, Y_LATER)
    same = {X_LATER: X, Y_LATER: Y}
    return [
        identity(sp.Matrix([sp.diff(slivers, end) for end in ends]), sp.Matrix([sp.diff(claimed, end) for end in ends]), name="slivers as the ends move"),
        identity(slivers.subs(same).doit(), claimed.subs(same).doit(), name="no slivers between equal intervals"),
        identity(difference(GAP, GAP + MORE), 2 * GAP, name="overlapping members of equal mass differ by twice one sliver"),
        identity(difference(MASS + MORE, MASS), 2 * MASS, name="disjoint members differ by all they hold"),
    ]  # fmt: skip


def _every_dimension() -> Evidence:
    """A further coordinate, of undefined conditional quantile function H(w, .), adds no mass and takes none from a cylinder."""
    dim = transports.DIMENSION
    fibre = Fibre(H(w, u), u, u)
    left, right = mass_balance(sp.S.Zero, fibre, 1 / fibre.slope, others=CYLINDER(dim))
    grown = sp.Integral(left, (u, 0, 1)).doit()
    step = [
        identity(left, CYLINDER(dim) * right, assuming=[fibre.slope > 0], name="a fibre's mass, quantile by quantile"),
        identity(grown, CYLINDER(dim), name="the whole fibre has mass 1"),
    ]
    return structural(
        dim,
        base=_members()[0],
        step=step,
        small=triangular_determinants(3),
        name="cylinders over one coordinate",
    )


def _cantor() -> Evidence:
    """No density is needed: intervals between dyadic quantiles of Cantor's law, where t and alpha are multiples of 2**-depth."""

    def ends(instance: tuple[int, int, int]) -> tuple[Fraction, Fraction]:
        depth, kept, first = instance
        rights = [Fraction(0), *(right for _, right in finite_laws.cylinders(depth))]
        return rights[first], rights[first + kept]

    def mass(instance: tuple[int, int, int], distribution: Callable[[Fraction, int], Fraction]) -> bool:
        low, high = ends(instance)
        return distribution(high, instance[0]) - distribution(low, instance[0]) == Fraction(
            instance[1], 2 ** instance[0]
        )

    instances = (
        (depth, kept, first)
        for depth in range(1, 5)
        for kept in range(1, 2**depth)
        for first in range(2**depth - kept + 1)
    )
    return finite(
        instances,
        lambda instance: mass(instance, finite_laws.cantor_by_digits),
        second=lambda instance: mass(instance, finite_laws.cantor_by_cylinders),
        of="intervals between dyadic quantiles of Cantor's law, to 1/16",
        name="members for a law without a density",
    )


# -- by integration -----------------------------------------------------------------------------------------------------


def numeric(
    case: Case,
    stream: Stream,
    *,
    difference: Difference = twice_the_lesser,
    marginal: Any = None,
    kinks: Sequence[float] | None = None,
) -> list[Evidence]:
    """The density integrated between quantiles, and over what tells two members apart; the density is not made from the quantiles."""
    chosen = _one_dimensional(marginal) if marginal is not None else LAWS[case.get("law", "normal")]()
    corners = tuple(kinks) if kinks is not None else KINKS.get(case.get("law", ""), ())
    alpha = float(case.alpha)
    starts = alpha * (torch.arange(case.size, device=stream.device, dtype=stream.dtype) + 0.5) / case.size
    members, doubt = _mass_between(chosen, corners, starts, starts + (1 - alpha))
    gaps = starts[1:] - starts[0]
    slivers = [
        (starts[0].expand_as(gaps), torch.minimum(starts[1:], starts[0] + (1 - alpha))),
        (torch.maximum(starts[0] + (1 - alpha), starts[1:]), starts[1:] + (1 - alpha)),
    ]
    (first, first_doubt), (second, second_doubt) = (_mass_between(chosen, corners, *ends) for ends in slivers)
    apart, apart_doubt = first + second, tuple(a + b for a, b in zip(first_doubt, second_doubt, strict=True))
    return [
        measured(residual, _integration(*doubts), points=residual.numel(), resolves=1e-3, name=name)
        for residual, doubts, name in (
            ((members - (1 - alpha)).abs(), doubt, "mass of each member"),
            ((apart - difference(gaps, 1 - alpha)).abs(), apart_doubt, "what tells two members apart"),
        )
    ]


def _integration(quadrature_error: Tensor, rounding: Tensor) -> Bound:
    return Bound(
        {"quadrature": quadrature_error, "rounding": rounding},
        "Kronrod's rule with 31 nodes against Gauss's with 15, on 24 pieces between quantiles, cut at corners of the density. A quantile that is off by 32 units of rounding of what it is "
        "formed from moves the mass by the density there times that; log densities are good to 32 units of 1 + |log p|, sums to one unit a term.",
        estimated=("quadrature",),
        assumes=(
            "the density is smooth on each piece",
            "quantiles and log densities are good to 32 units of rounding",
        ),
    )


def _one_dimensional(marginal: Any) -> Any:
    """A reader's law of the line."""
    try:
        found = as_product([marginal])
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return found.blocks[0]


def _mass_between(
    law: marginals.Marginal, kinks: Sequence[float], low: Tensor, high: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Integral of the density between the quantiles of two levels, its estimated error and its rounding, each of the shape of ``low``."""
    steps = torch.linspace(0, 1, PIECES + 1, dtype=low.dtype, device=low.device)[:, None]
    ends = _quantile(law, low + (high - low) * steps)
    corners = [torch.full_like(ends[:1], kink).clamp(ends[:1], ends[-1:]) for kink in kinks]
    ends = torch.cat([ends, *corners]).sort(0).values
    worst = torch.zeros_like(low)

    def density(x: Tensor) -> Tensor:
        nonlocal worst
        log_p = law.log_prob(x[..., None])[..., 0]
        worst = torch.maximum(worst, log_p.abs().flatten(0, -2).amax(0))
        return torch.exp(log_p)

    mass, doubt = RULE.integrate(density, ends[:-1], ends[1:])
    outer = ends[[0, -1]]
    moved = (torch.exp(law.log_prob(outer[..., None])) * law.anchor(outer[..., None]))[..., 0].sum(0)
    rounding = torch.finfo(low.dtype).eps * (32 * moved + (PIECES + len(RULE) + 64 * (1 + worst)) * mass.sum(0))
    return mass.sum(0), (doubt.sum(0), rounding)


def _quantile(law: Any, level: Tensor) -> Tensor:
    below = level < 0.5
    tail = Tail(torch.where(below, level.log(), torch.log1p(-level)), torch.where(below, 1.0, -1.0).to(level))
    return law.quantile(Tail(*(part[..., None] for part in tail)))[..., 0]


# -- by sampling --------------------------------------------------------------------------------------------------------


@torch.no_grad()
def statistical(
    case: Case,
    stream: Stream,
    *,
    law: Any = None,
    direction: Tensor | None = None,
    difference: Difference = twice_the_lesser,
) -> list[Evidence]:
    """Members cut by quantiles of one sample along a random direction, weighed and compared with another sample: no distribution function."""
    chosen = law if law is not None else _law(case, stream)
    along = _direction(case, stream) if direction is None else direction.to(stream.device, stream.dtype)
    if not bool(along.norm() > 0):
        raise InputError("Expected a direction other than zero, along which the law can be cut.")
    draw = partial(_sample, chosen, dim=along.numel())
    pilot = draw(case.size, stream.fork("pilot"))
    try:
        family = level_sets.Family.of(pilot, along, case.alpha, MEMBERS)
    except ValueError as error:
        raise InputError(str(error)) from error
    inside = torch.zeros(MEMBERS, MEMBERS, dtype=torch.float64, device=stream.device)
    fresh = stream.fork("fresh")
    for size in tiles(case.size, TILE):
        member = family.contains(draw(size, fresh)).to(torch.float64)
        inside += member.T @ member
    inside, kept = inside / case.size, 1 - float(case.alpha)
    masses = inside.diagonal()
    apart = masses[:, None] + masses - 2 * inside
    claimed = difference((family.starts[:, None] - family.starts).abs(), kept)
    steps = Bound({"steps of the pilot": 2 / case.size}, "t and 1 - alpha are rounded to multiples of 1/n each")
    test = Test.dkw_two_sample(case.size, case.size)
    return [
        tested((masses - kept).abs().max() / 2, test, resolves=0.06, slack=steps, name="mass of each member (two values of a distribution function)"),
        tested((apart - claimed).abs().max() / 4, test, resolves=0.06, slack=steps, name="what tells two members apart (four values)"),
    ]  # fmt: skip


def _sample(law: Any, size: int, stream: Stream, *, dim: int) -> Tensor:
    try:
        return level_sets.sample_of(law, size, stream, dim)
    except ValueError as error:
        raise InputError(str(error)) from error


def _law(case: Case, stream: Stream) -> Any:
    if case.law == "cross":
        return level_sets.Cross(case.D)
    if case.law == "cantor":
        return level_sets.Cantor(case.D)
    return densities.law(case.law, case.D, Stream(case.get("seed", 0), stream.device, stream.dtype).fork("law"))


def _direction(case: Case, stream: Stream) -> Tensor:
    """A uniform direction: for an atomless law all but a null set of directions give an atomless projection."""
    drawn = Stream(case.get("seed", 0), stream.device, stream.dtype).fork("direction").normal(case.D)
    return drawn / drawn.norm()


def cases_for(
    *, law: Any = None, marginal: Any = None, direction: Tensor | None = None, **others: object
) -> list[Case]:
    """One case for a reader's law, of its dimension and with a quarter of outliers."""
    if marginal is not None:
        return [Case(alpha=Fraction(1, 4), size=33)]
    if direction is not None:
        dim = len(direction)
    elif law is not None and hasattr(law, "dim"):
        dim = law.dim
    else:
        dim = 1
    if dim < 1:
        raise InputError(f"Expected a law on R^D with D >= 1, got D = {dim}.")
    label = {} if law is not None else {"law": "mixture"}
    return [Case(D=dim, **label, alpha=Fraction(1, 4), seed=1, size=50_000)]


# -- what is false ------------------------------------------------------------------------------------------------------


def _none(gap: Any, mass: Any) -> Any:
    return 0 * gap


def _two_atoms() -> Iterable[tuple[Sequence[int], int]]:
    """Masses 2/3 and 1/3, and alpha = 1/3."""
    return [((2, 1), 2)]


def _everything() -> Iterable[tuple[Sequence[int], int]]:
    """alpha = 0 on equal cells."""
    return [((1,) * n, n) for n in range(2, 13)]


def _no_atoms(atoms: Sequence[int], dust: int, mass: int) -> bool:
    return not atoms


def _some_dust(atoms: Sequence[int], dust: int, mass: int) -> bool:
    return dust > 0


_FIRST_OF_FOUR = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)

controls = {
    "unique": [
        Control(exact, difference=_none),
        Control(numeric, cases=[Case(law="normal", alpha=Fraction(1, 4), size=9), Case(law="gumbel", alpha=Fraction(2, 3), size=9)], difference=_none),
        Control(statistical, cases=[Case(D=dim, law="mixture", alpha=Fraction(1, 2), seed=2, size=100_000) for dim in (1, 8)], difference=_none),
    ],
    "atoms-are-harmless": [
        Control(exact, atoms=_two_atoms),
        *(Control(statistical, cases=[Case(D=dim, alpha=Fraction(2, 5), seed=3, size=100_000)], law=level_sets.Spiked(dim)) for dim in (1, 8)),
    ],
    "everything-counts": Control(exact, atoms=_everything),
    "atomless-is-necessary": Control(exact, criterion=(_no_atoms, lambda atoms, dust, mass: len(atoms) == 0)),
    "an-atomless-part-suffices": Control(exact, criterion=(_some_dust, lambda atoms, dust, mass: dust != 0)),
    "any-coordinate-will-do": Control(statistical, cases=[Case(D=4, law="cross", alpha=Fraction(1, 4), seed=4, size=50_000)], direction=_FIRST_OF_FOUR),
}  # fmt: skip


def figure() -> Figure:
    """Five sets of one mass under one density."""
    from matplotlib.figure import Figure

    law, alpha, kept = marginals.Gumbel(), 0.3, 0.7
    starts = torch.linspace(0.002, alpha - 0.002, 5, dtype=torch.float64)
    low, high = (_quantile(law, level) for level in (starts, starts + kept))
    grid = torch.linspace(-2.5, 6.5, 101, dtype=torch.float64)
    drawing = Figure(figsize=(5.0, 2.8), layout="constrained")
    axis = drawing.subplots()
    axis.plot(grid, law.log_prob(grid[:, None])[:, 0].exp(), color="C0", lw=1.2)
    for k, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        axis.plot([a, b], [-0.04 * (k + 1)] * 2, color="C3", lw=3, solid_capstyle="butt")
    axis.annotate("each holds 70 % of the law", (6.5, -0.13), ha="right", fontsize=8)
    axis.set(yticks=[0, 0.2, 0.4], xlabel="x", ylabel="p(x)", title="which of them are the inliers?")
    return drawing
