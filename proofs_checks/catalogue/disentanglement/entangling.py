"""Entangling maps: bijections that preserve a product law and mix every coordinate with every other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import sympy
import torch
from torch import Tensor

from numerics import marginals as laws
from numerics.foreign_marginals import as_product
from numerics.marginals import Product
from numerics.random import Stream, tiles
from numerics.statistics import TwoSampleGrid, UniformGrid
from numerics.transports import entangling as maps
from numerics.transports import entangling_errors
from numerics.uniformity import SquareGrid
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, finite, identity, measured, structural, tested
from proofs_checks.strategies.matrices import entangling_cases, pushed_entangling_cases
from theory import entangling as symbols
from theory.isometries import cayley, householder, preserves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Rotation = Callable[[int, Any], sympy.Matrix]
Law = Callable[[Case, Stream], Product]
Mixing = Callable[[Case, Stream], Tensor]

DIRECTIONS = 4  # random projections in the joint test
CELLS, SQUARE = 1 << 12, 4  # of a line, in the tests of one coordinate; an axis, in the test of pairs
EPS = torch.finfo(torch.float64).eps
FAMILIES = {
    "logistic": laws.Logistic, "laplace": laws.Laplace, "cauchy": laws.Cauchy, "gumbel": laws.Gumbel, "exponential": laws.Exponential,
    "uniform": laws.Uniform, "triangular": laws.Triangular, "normal": laws.Normal, "split": laws.SplitUniform,
}  # fmt: skip

cases = {
    "numeric": Cases(entangling_cases, always=[
        Case(D=2, laws=("logistic", "exponential"), rotation="reflection", t=Fraction(2), seed=1, size=512, nonzero="everywhere"),
        Case(D=3, laws=("split",), rotation="reflection", t=Fraction(3), seed=1, size=512, nonzero="almost everywhere"),
        Case(D=512, laws=("laplace", "uniform", "gumbel", "cauchy"), rotation="random", t=Fraction(1), seed=1, size=64, nonzero="everywhere"),
    ]),
    "statistical": Cases(pushed_entangling_cases, always=[
        Case(D=2, laws=("uniform", "cauchy"), rotation="reflection", t=Fraction(2), seed=1, size=100_000),
        Case(D=4, laws=("exponential", "triangular", "laplace"), rotation="random", t=Fraction(1), seed=1, size=100_000),
    ]),
}  # fmt: skip


# -- by symbols ---------------------------------------------------------------------------------------------------------


def exact(*, rotation: Rotation = symbols.spike_rotation, start: int = 2, rows: Any = None) -> list[Evidence]:
    """The Jacobian and the law by induction on d for undefined marginals; rotations without zeros for every d >= ``start``.

    What does not speak of the rotation is not proved once more for another one.
    """
    if rows is not None:
        return _of_your_rows(rows)
    about_rotations = [_no_zero_entry(rotation, start), *_infinite_family(rotation, start)]
    return (
        [*_about_marginals(), *about_rotations]
        if rotation is symbols.spike_rotation and start == 2
        else about_rotations
    )


def _about_marginals() -> list[Evidence]:
    d = symbols.DIMENSION
    return [
        _claimed(symbols.slope_of_the_inner_step()),
        structural(
            d, start=2, name="every partial derivative is a product of nonzero factors",
            base=_claimed(symbols.whole_jacobian(2)),
            step=[_claimed(claim) for claim in symbols.one_more_coordinate()],
            small=_claimed(symbols.whole_jacobian(3, rows=1)),
        ),
        structural(
            d, start=2, name="reflections are orthogonal, of determinant -1, and keep the norm",
            base=[_claimed(claim) for claim in symbols.reflection_is_orthogonal(2)],
            step=[_claimed(claim) for claim in symbols.reflection_step()],
            small=[_claimed(claim) for claim in symbols.reflection_is_orthogonal(3)],
        ),
        structural(
            d, start=2, name="the law is preserved",
            base=_claimed(symbols.law_is_preserved(2, cayley([[0, Fraction(1, 2)], [Fraction(-1, 2), 0]]))),
            step=[_claimed(claim) for claim in symbols.law_step()],
            small=_claimed(symbols.law_is_preserved(3, symbols.spike_rotation(3, 3))),
        ),
    ]  # fmt: skip


def _claimed(claim: symbols.Claimed) -> Evidence:
    return identity(claim.left, claim.right, assuming=claim.assuming, name=claim.name)


def _entries_nonzero(matrices: dict[str, sympy.Matrix], of: str) -> Evidence:
    """Every entry, by itself and by its complementary minor."""
    places = [
        (label, i, j) for label, matrix in matrices.items() for i in range(matrix.rows) for j in range(matrix.rows)
    ]
    return finite(
        places, lambda place: matrices[place[0]][place[1], place[2]] != 0,
        second=lambda place: symbols.minor_nonzero(matrices[place[0]], place[1], place[2]), of=of, name="no zero entry",
    )  # fmt: skip


def _no_zero_entry(rotation: Rotation, start: int) -> Evidence:
    """The reflection of (t, 1, ..., 1), t = d + r with r >= 0: its numerators are positive at d = 2 and grow with d."""
    d, t = symbols.DIMENSION, sympy.Symbol("t", positive=True)
    r, e = sympy.Symbol("r", nonnegative=True), sympy.Symbol("e", nonnegative=True)  # t = d + r, and d = 2 + e
    first = symbols.spike_numerators(2, r)
    now, then = symbols.spike_numerators(d, r), symbols.spike_numerators(d + 1, r)
    gained = {"corner": 2 * (d + r), "edge": sympy.S(2), "diagonal": 2 * (d + r) + 2, "inner": sympy.S.Zero}
    closed = symbols.spike_entries(d, t)
    named = {"corner": -closed.corner, "edge": -closed.edge, "diagonal": closed.diagonal, "inner": -closed.inner}
    sizes = range(start, start + 4)
    explicit = {
        f"d = {size}, t = {param}": rotation(size, param)
        for size in sizes
        for param in (size, size + sympy.Rational(1, 2))
    }
    return structural(
        d, start=start, name="no zero entry",
        base=[
            _entries_nonzero({key: matrix for key, matrix in explicit.items() if key.startswith(f"d = {start},")}, "entries in the least dimension"),
            _positive_coefficients(list(first.values()), (r,), "coefficients of the numerators at d = 2"),
        ],
        step=[
            *(identity(then[name] - now[name], gained[name], name=f"growth of {name}") for name in now),
            *(identity(named[name].subs(t, d + r) * ((d + r) ** 2 + d - 1), now[name], name=f"numerator of {name}") for name in now),
            _positive_coefficients([gain.subs(d, 2 + e) for gain in gained.values() if gain != 0], (r, e), "coefficients of the growth"),
        ],
        small=[
            _entries_nonzero(explicit, "entries of explicit matrices"),
            *(identity(rotation(size, t), symbols.spike_entries(size, t).matrix(size), name=f"closed form, d = {size}") for size in (start, start + 1)),
        ],
    )  # fmt: skip


def _positive_coefficients(polynomials: list[sympy.Expr], variables: tuple[sympy.Symbol, ...], of: str) -> Evidence:
    """Polynomials in nonnegative variables that are positive: every coefficient is, that of the constant included."""
    constant = (0,) * len(variables)
    terms = [
        (expr, powers)
        for expr in polynomials
        for powers in dict.fromkeys([constant, *sympy.Poly(expr, *variables).monoms()])
    ]

    def expanded(term: tuple[sympy.Expr, tuple[int, ...]]) -> bool:
        monomial = sympy.prod(x**k for x, k in zip(variables, term[1], strict=True))
        return bool(sympy.Poly(term[0], *variables).coeff_monomial(monomial) > 0)

    def differentiated(term: tuple[sympy.Expr, tuple[int, ...]]) -> bool:
        return bool(symbols.taylor_coefficient(term[0], variables, term[1]) > 0)

    return finite(terms, expanded, second=differentiated, of=of, name="positive")


def _infinite_family(rotation: Rotation, start: int) -> list[Evidence]:
    """The last diagonal entry tells the parameters apart: its difference is a nonzero multiple of t^2 - s^2."""
    d = symbols.DIMENSION
    t, s = sympy.symbols("t s", positive=True)

    def claimed(size: sympy.Expr) -> sympy.Expr:
        return 2 * (t - s) * (t + s) / ((t**2 + size - 1) * (s**2 + size - 1))

    least = rotation(start, t)[-1, -1] - rotation(start, s)[-1, -1]
    every = symbols.spike_entries(d, t).diagonal - symbols.spike_entries(d, s).diagonal
    return [
        identity(
            least, claimed(sympy.Integer(start)), name="distinct t > 0 give distinct maps, in the least dimension"
        ),
        identity(every, claimed(d), name="distinct t > 0 give distinct maps, in every dimension"),
    ]


def _of_your_rows(rows: Any) -> list[Evidence]:
    """The hypotheses on a reader's exact matrix, and the law in its dimension where that is small."""
    try:
        matrix = symbols.exact_matrix(rows, what="rows")
        orthogonal = preserves(matrix)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    if not orthogonal:
        raise InputError(
            "Hypothesis 'A is orthogonal' failed: A^T A differs from I. householder(v) of theory.isometries is orthogonal for every v."
        )
    if 0 in matrix:
        place = next((i, j) for i in range(matrix.rows) for j in range(matrix.rows) if matrix[i, j] == 0)
        raise InputError(
            f"Hypothesis 'A has no zero entry' failed at row {place[0]}, column {place[1]}: f would not mix these coordinates."
        )
    if matrix.rows < 2:
        raise InputError("Hypothesis 'd >= 2' failed: there is nothing to entangle in one dimension.")
    small = [_claimed(symbols.law_is_preserved(matrix.rows, matrix))] if matrix.rows <= 3 else []
    return [
        identity(matrix.T * matrix, sympy.eye(matrix.rows), name="orthogonal"),
        _entries_nonzero({"yours": matrix}, "entries"),
        *small,
    ]


# -- by floating point --------------------------------------------------------------------------------------------------


def declared_law(case: Case, stream: Stream) -> Product:
    """Blocks of the families in ``case.laws``, nearly equal in width, at random places and scales."""
    count = len(case.laws)
    widths = [case.D // count + (k < case.D % count) for k in range(count)]
    blocks = []
    for name, width in zip(case.laws, widths, strict=True):
        place, scale = 2.0 * stream.normal(width), torch.exp(0.5 * stream.normal(width))
        blocks.append(
            FAMILIES[name](place, place + scale)
            if issubclass(FAMILIES[name], laws.Uniform)
            else FAMILIES[name](place, scale)
        )
    return Product(blocks)


def declared_rotation(case: Case, stream: Stream) -> Tensor:
    """The reflection of (t, 1, ..., 1), or the orthogonal factor of a matrix of normals, drawn again while an entry is hard to tell from 0.

    The least of d^2 entries is of the order d^-2.5; nine draws in ten pass.
    """
    if case.rotation == "reflection":
        return maps.householder(maps.spike(case.D, float(case.t))).to(stream.device)
    while True:
        A = torch.linalg.qr(stream.normal(case.D, case.D)).Q
        if bool(A.abs().min() > 0.1 * case.D**-2.5):
            return A


def _mapping(
    case: Case,
    stream: Stream,
    *,
    marginals: Any,
    A: Tensor | None,
    law: Law,
    rotation: Mixing,
    link: maps.Link | None = None,
) -> maps.EntanglingMap:
    """The case's map, or the reader's: whatever the reader gives is checked against the hypotheses, and refused by name."""
    if marginals is None and A is None:
        return maps.EntanglingMap(law(case, stream.fork("law")), rotation(case, stream.fork("rotation")), link=link)
    try:
        product = None if marginals is None else as_product(marginals)
        d = product.dimension if product is not None else maps.check_rotation(A).shape[0]
        if d < 2:
            raise ValueError(f"Hypothesis 'd >= 2' failed: got d = {d}, where there is nothing to entangle.")
        matrix = maps.householder(maps.spike(d, float(d))) if A is None else maps.check_rotation(A)
        names = ("logistic", "exponential", "uniform")[: min(d, 3)]
        product = product or declared_law(Case(D=d, laws=names), stream.fork("law"))
        return maps.EntanglingMap(product, matrix.to(stream.device))
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def numeric(
    case: Case,
    stream: Stream,
    *,
    marginals: Any = None,
    A: Tensor | None = None,
    law: Law = declared_law,
    rotation: Mixing = declared_rotation,
) -> list[Evidence]:
    """The map as evaluated: density before and after, least entry of the Jacobian, inverse, and no jump."""
    f = _mapping(case, stream, marginals=marginals, A=A, law=law, rotation=rotation)
    z = _points(f, stream.fork("points"), case.size)
    at = f.linearize(z)
    matrix = entangling_errors.matrix_errors(f.A)
    error = entangling_errors.errors(f, at, matrix)
    foreign = not all(block.differentiable for block in f.law.blocks)
    smooth = ("F and its inverse are smooth where they are differenced",) if foreign else ()
    functions = "torch's special functions are within 16 units of roundoff"
    density = Bound(
        error.density,
        entangling_errors.DENSITY,
        estimated=("differences",) if foreign else (),
        assumes=(functions, *smooth),
    )
    zero = (f.A.abs() <= matrix.entries).any()
    vanishing = (torch.isneginf(f.least_entry(at).log_abs) | zero).to(z)
    entries = Bound({"relative error of an entry": error.entry}, entangling_errors.ENTRY, assumes=(functions, *smooth))
    found: list[Evidence] = [
        measured(f.density_defect(at).abs(), density, points=case.size, resolves=1e-6, name="density"),
        measured(
            vanishing, entries, points=case.size, resolves=2.0**-10, name="every entry of the Jacobian is nonzero"
        ),
    ]
    if not foreign:
        back = (f.inverse(at.x) - z).abs() * at.log_inner.exp()
        bound = Bound({"rounding": error.round_trip}, entangling_errors.ROUND_TRIP, assumes=(functions,))
        found.append(measured(back, bound, points=case.size, resolves=1e-3, name="inverse"))
    if case.get("nonzero") != "almost everywhere":
        half = min(case.size // 2, max(8, (1 << 13) // f.dimension))
        residual, terms = entangling_errors.jumps(f, z[:half], z[half : 2 * half])
        bound = Bound(
            terms, entangling_errors.JUMP, assumes=("slopes at most double over 2^-40 of a segment", functions)
        )
        found.append(measured(residual, bound, points=half, resolves=1e-3, name="no jump"))
    return found


def cases_for(*, marginals: Any = None, A: Tensor | None = None, rows: Any = None, **others: object) -> list[Case]:
    """One case for a reader's marginals or matrix, of their dimension, so that no other enters the scope."""
    if others or (marginals is None and A is None and rows is None):
        raise InputError(
            f"Expected A, marginals or rows, got {', '.join(others) or 'none'}. Controls alone substitute the rest."
        )
    try:
        dimension = as_product(marginals).dimension if marginals is not None else len(A) if A is not None else len(rows)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return [Case(D=dimension, seed=1, size=20_000 if dimension <= 16 else 512)]


def _points(f: maps.EntanglingMap, stream: Stream, size: int) -> Tensor:
    """Points of the law; a reader's sampler that leaves the open support is told so."""
    try:
        return f.check(f.law.sample(stream, size).to(f.A.dtype))
    except ValueError as error:
        raise InputError(str(error)) from error


# -- by sampling --------------------------------------------------------------------------------------------------------


def statistical(
    case: Case, stream: Stream, *, marginals: Any = None, A: Tensor | None = None, law: Law = declared_law,
    rotation: Mixing = declared_rotation, link: maps.Link | None = None,
) -> list[Evidence]:  # fmt: skip
    """Pushed samples: each pair on the cells of a square, each coordinate against F and against fresh samples, random directions against fresh samples."""
    f = _mapping(case, stream, marginals=marginals, A=A, law=law, rotation=rotation, link=link)
    d, size, tile = f.dimension, case.size, max(1, (1 << 19) // f.dimension)
    squash = _squash(f.law.sample(stream.fork("pilot"), 1001))
    directions = stream.fork("directions").normal(d, DIRECTIONS)
    uniform, columns = UniformGrid(CELLS, d, stream.device), TwoSampleGrid(CELLS, d, stream.device)
    along, squares = TwoSampleGrid(CELLS, DIRECTIONS, stream.device), SquareGrid(SQUARE, d, stream.device)
    for x, fresh in _pushed(f, stream, size, tile):
        p = _distribution(f.law, x)
        uniform.add(p)
        squares.add(p)
        for sample, one, many in ((x, columns.first, along.first), (fresh, columns.second, along.second)):
            level = squash(sample)
            one.add(0.5 + torch.atan(level) / torch.pi)
            many.add(0.5 + torch.atan(torch.clamp(level, -1e6, 1e6) @ directions) / torch.pi)
    rounding = Bound({"rounding of F": 64 * EPS}, "F is within 64 units of roundoff of a probability")
    on_cells = Bound(
        {"mean under independence": squares.mean_variation(), "rounding of F": 64 * SQUARE**2 * EPS},
        "The mean of a total variation is at most the sum of the cells' standard deviations, halved; F is within 64 units of roundoff, at each edge.",
    )
    pairs = Test.hoeffding(size, 1.0, tests=d * (d - 1) // 2)
    fresh_columns, fresh_directions = (Test.dkw_two_sample(size, size, tests=count) for count in (d, DIRECTIONS))
    return [
        tested(squares.variation, pairs, resolves=0.1, slack=on_cells, name="pairs, on 16 cells of the square"),
        tested(uniform.lower, Test.dkw(size, tests=d), resolves=0.05, slack=rounding, name="marginals against F"),
        tested(float(columns.brackets()[0].max()), fresh_columns, resolves=0.1, name="marginals against fresh samples"),
        tested(float(along.brackets()[0].max()), fresh_directions, resolves=0.1, name="projections against fresh samples"),
    ]  # fmt: skip


def _pushed(f: maps.EntanglingMap, stream: Stream, size: int, tile: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Tiles of f(z) and of fresh points, from samplers that never call F."""
    drawn, fresh = stream.fork("drawn"), stream.fork("fresh")
    for count in tiles(size, tile):
        yield f(f.law.sample(drawn, count).to(f.A.dtype)), f.law.sample(fresh, count)


def _squash(pilot: Tensor) -> Callable[[Tensor], Tensor]:
    """Columns centred and scaled by a pilot sample's quartiles: an increasing map that is fixed before any point is judged."""
    low, middle, high = torch.quantile(
        pilot, torch.tensor([0.25, 0.5, 0.75], dtype=pilot.dtype, device=pilot.device), dim=0
    )
    return lambda x: (x - middle) / (high - low)


def _distribution(law: Product, x: Tensor) -> Tensor:
    """F_i(x_i), 0 below and 1 above the support."""
    low, high = law.low.to(x), law.high.to(x)
    inside = (x > low) & (x < high)
    safe = torch.where(inside, x, law.median().to(x))
    p = torch.exp(law.columnwise(lambda block, part: block.log_cdf(part), safe)).clamp_(0.0, 1.0)
    return torch.where(inside, p, (x >= high).to(x))


# -- what is false ------------------------------------------------------------------------------------------------------


def _flat_reflection(case: Case, stream: Stream) -> Tensor:
    return maps.householder(torch.ones(case.D, dtype=torch.float64)).to(stream.device)


def _identity_matrix(case: Case, stream: Stream) -> Tensor:
    return torch.eye(case.D, dtype=torch.float64, device=stream.device)


def _unit_rows(case: Case, stream: Stream) -> Tensor:
    return torch.tensor([[0.96, 0.28], [0.6, 0.8]], dtype=torch.float64, device=stream.device)


def _split_law(case: Case, stream: Stream) -> Product:
    return Product([laws.SplitUniform(torch.zeros(case.D))])


_PLANE = Case(D=2, laws=("uniform",), rotation="reflection", t=Fraction(2), seed=2, size=100_000)
_CUBE = Case(D=2, laws=("uniform",), rotation="reflection", t=Fraction(2), seed=2, size=200_000)
_FEW = Case(D=2, laws=("logistic", "laplace"), rotation="reflection", t=Fraction(2), seed=2, size=256)
_GAP = Case(D=2, laws=("logistic",), rotation="reflection", t=Fraction(2), seed=3, size=512)

controls = {
    "rotated-cube": Control(statistical, cases=[_CUBE], link=maps.Direct()),
    "unit-rows": [
        Control(numeric, cases=[_FEW], rotation=_unit_rows),
        Control(statistical, cases=[_PLANE], rotation=_unit_rows),
    ],
    "gap-in-the-support": Control(numeric, cases=[_GAP], law=_split_law),
    "equal-entries-in-the-plane": [
        Control(exact, rotation=lambda d, t: householder([1] * d)),
        Control(numeric, cases=[_FEW], rotation=_flat_reflection),
    ],
    "one-dimension": Control(exact, start=1),
    "identity": [
        Control(exact, rotation=lambda d, t: sympy.eye(d)),
        Control(numeric, cases=[_FEW], rotation=_identity_matrix),
    ],
}


@cache
def _drawn_grid(lines: int = 7, points: int = 21) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Grid lines of the unit square and their images, and samples before and after, for the figure."""
    f = maps.EntanglingMap(
        Product([laws.Triangular(0.0, 1.0), laws.Uniform(0.0, 1.0)]), maps.householder(maps.spike(2, 3.0))
    )
    fixed, moving = (
        torch.linspace(0.1, 0.9, lines, dtype=torch.float64),
        torch.linspace(0.02, 0.98, points, dtype=torch.float64),
    )
    upright = torch.stack([fixed[:, None].expand(lines, points), moving.expand(lines, points)], -1)
    grid = torch.cat([upright, upright.flip(-1)])
    sample = f.law.sample(Stream(5), 100_000)
    return grid, f(grid.reshape(-1, 2)).reshape(grid.shape), sample, f(sample)


def figure() -> Figure:
    """A grid, its entangled image, and the two coordinates' histograms before and after."""
    from matplotlib.figure import Figure

    grid, image, sample, pushed = _drawn_grid()
    canvas = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after, counts = canvas.subplots(1, 3)
    for axes, lines, title in ((before, grid[:, ::20], "latent z"), (after, image, "twin f(z)")):
        half = len(lines) // 2
        for k, line in enumerate(lines.tolist()):
            axes.plot(*zip(*line, strict=True), color="C0" if k < half else "C1", linewidth=0.8)
        axes.set(title=title, xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[0, 1], yticks=[0, 1])
    for values, label, style in ((sample, "z", "-"), (pushed, "f(z)", ":")):
        for column, colour in ((0, "C0"), (1, "C1")):
            heights = torch.histc(values[:, column], 16, 0.0, 1.0) / len(values) * 16
            counts.stairs(
                heights.tolist(),
                torch.linspace(0, 1, 17).tolist(),
                linestyle=style,
                color=colour,
                linewidth=1.4,
                label=f"{label}, coordinate {column + 1}",
            )
    counts.set(title="histograms", xticks=[0, 1], yticks=[0, 1, 2], ylim=(0, 2.6))
    counts.legend(fontsize=6, frameon=False, ncols=2, loc="upper center")
    return canvas
