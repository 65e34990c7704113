"""What a bijection cannot change: masses of sets, decisions of classifiers, and the ratio of two densities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, level_sets
from numerics.random import Stream, tiles
from numerics.transports import bijections
from proofs_checks.catalogue.anomaly.change_of_variables import triangular_determinants
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
from proofs_checks.strategies.densities import bijection_cases
from proofs_checks.strategies.sets import pushed_pair_cases
from theory import finite_laws, transports
from theory.densities import Fibre, mass_balance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Law = Callable[[sp.Expr], sp.Expr]
Received = Callable[[Law, sp.Expr], sp.Expr]
Criterion = Callable[[tuple[int, ...], int], bool]
Merging = tuple[Criterion, Criterion]

TILE = 1 << 16
CELLS = 8

x, w = sp.Symbol("x", real=True), sp.Symbol("w", real=True)
f, HEIGHT = sp.Function("f", real=True), sp.Function("h", real=True)
P, Q = sp.Function("p", positive=True), sp.Function("q", positive=True)
IMAGE_OF_Q = sp.Symbol("q_f", positive=True)  # the unknown density of the second law's image at f(x)
PIVOT, PRIOR, VOLUME = sp.Symbol("a", positive=True), sp.Symbol("pi", positive=True), sp.Symbol("J", positive=True)
DELTA = sp.Function("Delta", positive=True)  # volume factor of the smaller block, as a function of its size
FURTHER = sp.Symbol("k", integer=True, nonnegative=True)  # how many further points a fibre has

cases = {
    "numeric": Cases(bijection_cases, always=[Case(D=1, f="deep", seed=1, size=64), Case(D=64, f="deep", seed=1, size=16)]),
    "statistical": Cases(pushed_pair_cases, always=[
        Case(D=1, f="deep", seed=1, size=25_000), Case(D=2, f="deep", seed=1, size=25_000), Case(D=8, f="deep", seed=1, size=25_000),
    ]),
}  # fmt: skip


# -- exactly ------------------------------------------------------------------------------------------------------------


def alone(law: Law, at: sp.Expr) -> sp.Expr:
    """What the image at f(x) receives from a law when no other point has that image."""
    return law(at)


def folded(law: Law, at: sp.Expr) -> sp.Expr:
    """The same for x -> x^2, where -x has the same image."""
    return law(at) + law(-at)


SHARP: Merging = (finite_laws.merges_charged_points, finite_laws.merging_pairs_charged)


def exact(
    *,
    maps: Callable[[int], Iterable[tuple[int, ...]]] = finite_laws.bijections,
    received: Received = alone,
    merging: Merging = SHARP,
) -> list[Evidence]:
    """Every bijection of at most seven points; fibres of any size in any space; ratios and posteriors for undefined laws and maps, every D.

    What does not speak of an object is not proved once more for another one.
    """
    if merging is not SHARP:
        return [_merging(*merging)]
    enumerated = finite(
        maps(7),
        lambda image: finite_laws.masses_by_subsets(image) and finite_laws.classifier_by_lookup(image),
        second=lambda image: finite_laws.gram_is_identity(image) and finite_laws.classifier_by_sorting(image),
        of="bijections of n <= 7 points, each with every set, every law and every classifier",
        name="masses of sets and decisions of classifiers",
    )
    if maps is not finite_laws.bijections:
        return [enumerated]
    return [
        _one_fibre(received),
        _merging(*merging),
        enumerated,
        _any_fibre(),
        *(_ratio(received, Fibre(sign * f(x), x, x, sign), f"ratio on the line, {word} f") for sign, word in ((1, "increasing"), (-1, "decreasing"))),
        _posterior(received),
        _triangular(received),
        _affine(received),
    ]  # fmt: skip


def _one_fibre(received: Received) -> Evidence:
    """Whether x in A can be read off f(x) in f(A), for every way in which A may meet the fibre of x (listed first)."""
    size = int(received(lambda at: sp.S.One, x))

    def by_union(members: tuple[int, ...]) -> bool:
        return max(members) == members[0]

    def by_inclusion_and_exclusion(members: tuple[int, ...]) -> bool:
        total = 0
        for count in range(1, size + 1):
            for chosen in combinations(members, count):
                total += (-1) ** (count + 1) * min(chosen)
        return total == members[0]

    return finite(
        product((0, 1), repeat=size), by_union, second=by_inclusion_and_exclusion, of="ways in which a set meets the fibre of a point, in any space",
        name="f(x) lies in f(A) exactly if x lies in A",
    )  # fmt: skip


def _any_fibre() -> Evidence:
    """1 at f(A) less 1 at A is (1 - 1_A)(1 - Q), Q = 1 where A misses the further points of the fibre: integrated, what any map adds to a mass."""
    own, missed = sp.Symbol("1_A", real=True), sp.Function("Q", real=True)
    new = sp.Symbol("1_A_next", real=True)

    def reached(others_missed: sp.Expr) -> sp.Expr:
        return 1 - (1 - own) * others_missed

    def added(others_missed: sp.Expr) -> sp.Expr:
        return (1 - own) * (1 - others_missed)

    one_more = missed(FURTHER) * (1 - new)
    step = [
        identity(reached(one_more), own + added(one_more), name="one more point in the fibre"),
        identity(
            added(one_more) - added(missed(FURTHER)),
            (1 - own) * missed(FURTHER) * new,
            name="what it adds is not negative",
        ),
    ]
    small = []
    for size in (1, 2, 3):
        members = sp.symbols(f"b1:{size + 1}", real=True)
        absent = sp.Mul(*(1 - member for member in members))
        small.append(identity(1 - sp.Mul(1 - own, absent), own + added(absent), name=f"{size} further points"))
    base = identity(reached(sp.S.One), own, name="no further point: a bijection adds nothing")
    return structural(
        FURTHER, base=base, step=step, small=small, start=0, name="what a map with larger fibres adds to a mass"
    )


def _merging(merges: Criterion, again_merges: Criterion) -> Evidence:
    """The sharp hypothesis on four points: masses are kept exactly if no point of positive mass shares its image with any other point."""

    def stated(instance: tuple[tuple[int, ...], int]) -> bool:
        return finite_laws.masses_by_subsets(*instance) is not merges(*instance)

    def again(instance: tuple[tuple[int, ...], int]) -> bool:
        return finite_laws.masses_by_law(*instance) is not again_merges(*instance)

    instances = ((image, charged) for image in finite_laws.self_maps(4) for charged in range(1, 1 << len(image)))
    return finite(
        instances, stated, second=again, of="pairs of a map of n <= 4 points into themselves and a set of charged points",
        name="injective on charged fibres: sufficient and necessary",
    )  # fmt: skip


def _ratio(received: Received, fibre: Fibre, name: str, *, others: sp.Expr = sp.S.One) -> Evidence:
    """If masses of images balance for q with *some* density q_f at f(x), they balance for p with (p/q) q_f: no Jacobian is evaluated."""
    assuming = [fibre.slope > 0] if fibre.slope.free_symbols - {PIVOT} else []
    first, second = (partial(law, w) for law in (P, Q))
    rates_p = mass_balance(sp.log(received(first, x)), fibre, first(x) / second(x) * IMAGE_OF_Q, others=others)
    rates_q = mass_balance(sp.log(received(second, x)), fibre, IMAGE_OF_Q, others=others)
    return identity(rates_p[0] * rates_q[1], rates_q[0] * rates_p[1], assuming=assuming, name=name)


def _posterior(received: Received) -> Evidence:
    """The Bayes classifier of the images at f(x) against that of the originals at x, for any prior and any volume factor."""
    first, second = (partial(law, w) for law in (P, Q))

    def posterior(p: sp.Expr, q: sp.Expr) -> sp.Expr:
        return PRIOR * p / (PRIOR * p + q)

    return identity(
        posterior(received(first, x) / VOLUME, received(second, x) / VOLUME),
        posterior(first(x), second(x)),
        name="posterior odds",
    )


def _triangular(received: Received) -> Evidence:
    dim, corner = transports.DIMENSION, sp.Symbol("d", real=True)
    step = [
        identity(
            transports.bordered_determinant(corner),
            corner * transports.MINORS(dim + 1),
            name="determinant of a bordered triangle",
        ),
        _ratio(received, Fibre(HEIGHT(w, x), x, x), "ratio, a triangular coordinate more", others=DELTA(dim)),
    ]
    return structural(
        dim,
        base=_ratio(received, Fibre(f(x), x, x), "ratio on the line"),
        step=step,
        small=triangular_determinants(3),
        name="triangular maps",
    )


def _affine(received: Received) -> Evidence:
    dim, elimination, offset = transports.DIMENSION, transports.Elimination(PIVOT), sp.Function("b", real=True)(w)
    step = [
        identity(*elimination.blocks(), name="a matrix is shear x (pivot + Schur complement) x shear"),
        identity(
            transports.bordered_determinant(PIVOT),
            PIVOT * transports.MINORS(dim + 1),
            name="determinant of pivot + Schur complement",
        ),
        _ratio(received, Fibre(x + offset, x, x), "ratio under a shear", others=DELTA(dim)),
        _ratio(received, Fibre(PIVOT * x + offset, x, x), "ratio under pivot and Schur complement", others=DELTA(dim)),
    ]
    small = [
        identity(*elimination.small(size), name=f"det = pivot x det of the Schur complement, D = {size + 1}")
        for size in (1, 2, 3)
    ]
    base = [_ratio(received, Fibre(sign * PIVOT * x, x, x, sign), "ratio under a scaling") for sign in (1, -1)]
    return structural(dim, base=base, step=step, small=small, name="affine maps")


# -- in floating point --------------------------------------------------------------------------------------------------


class _Setting:
    """The two laws and the map of a case, a reader's where given."""

    def __init__(self, case: Case, stream: Stream, f: Any, p: Any, q: Any) -> None:
        seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
        self.dim = case.D
        self.p, self.q = (
            law if law is not None else self._drawn(name, case, seeded) for name, law in (("p", p), ("q", q))
        )
        self.f = f if f is not None else bijections.bijection(case.get("f", "deep"), case.D, seeded.fork("f"))
        for name, law in (("p", self.p), ("q", self.q)):
            if not callable(getattr(law, "log_prob", None)):
                raise InputError(
                    f"Expected {name} with log_prob(x), from points (N, D) to nats (N,), got {type(law).__name__}."
                )
            if getattr(law, "dim", case.D) != case.D:
                raise InputError(
                    f"Expected {name} of dimension {case.D}, got dim = {law.dim}. Give p and q of one dimension, and a case with that D."
                )
        for method in ("forward", "inverse"):
            if not callable(getattr(self.f, method, None)):
                raise InputError(
                    f"Expected f with methods forward(x) and inverse(y) on points (N, D), got {type(self.f).__name__}: a bijection is needed both ways."
                )

    @staticmethod
    def _drawn(name: str, case: Case, seeded: Stream) -> densities.Density:
        """A random mixture; or, where the case says "apart", a normal law about (1, 0, ..) for p and (-1/2, 0, ..) for q."""
        if case.get("laws", "mixtures") != "apart":
            return densities.random_mixture(case.D, 4, seeded.fork(name))
        one = seeded.uniform(1).fill_(1.0)
        centre = torch.zeros(1, case.D, dtype=one.dtype, device=one.device)
        centre[0, 0] = 1.0 if name == "p" else -0.5
        return densities.GaussianMixture(one, centre, one)

    def log_ratio(self, points: Tensor) -> Tensor:
        """log p - log q, shape ``(N,)``."""
        try:
            return level_sets.log_density_of(self.p, points) - level_sets.log_density_of(self.q, points)
        except ValueError as error:
            raise InputError(str(error)) from error

    def sample(self, law: Any, size: int, stream: Stream) -> Tensor:
        """``size`` draws of one of the laws, ``(size, D)``."""
        try:
            return level_sets.sample_of(law, size, stream, self.dim)
        except ValueError as error:
            raise InputError(str(error)) from error

    def forward(self, points: Tensor) -> Tensor:
        """f(x), of the same shape."""
        return self._mapped("forward", points)

    def inverse(self, points: Tensor) -> Tensor:
        """f^-1(y), of the same shape."""
        return self._mapped("inverse", points)

    def _mapped(self, way: str, points: Tensor) -> Tensor:
        image = getattr(self.f, way)(points)
        if image.shape != points.shape:
            raise InputError(f"Expected f.{way} to keep the shape {tuple(points.shape)}, got {tuple(image.shape)}.")
        if not bool(torch.isfinite(image).all()):
            raise InputError(
                f"f.{way} returned NaN or infinity on points that the laws charge. A bijection has to be defined there."
            )
        return image


def numeric(case: Case, stream: Stream, *, f: Any = None, p: Any = None, q: Any = None) -> list[Evidence]:
    """The log ratio of the image, read through the inverse as evaluated, against that of the original."""
    setting = _Setting(case, stream, f, p, q)
    eps = torch.finfo(stream.dtype).eps
    size = min(case.size, max(16, (1 << 18) // case.D**2))  # Jacobians are held whole
    points = (2 * stream.normal(size, case.D)).requires_grad_()
    with torch.enable_grad():
        log_ratio = setting.log_ratio(points)
        (gradient,) = torch.autograd.grad(log_ratio.sum(), points)
    points, log_ratio = points.detach(), log_ratio.detach()
    image = setting.forward(points)
    residual = (setting.log_ratio(setting.inverse(image)).detach() - log_ratio).abs()
    terms = 1 + setting.p.log_prob(points).abs() + setting.q.log_prob(points).abs()
    bound = Bound(
        {
            "round trip": 4 * (case.D + 8) * eps * _displacement(setting.f, points) * gradient.norm(dim=1),
            "log densities": 4 * (case.D + 8) * eps * terms.detach(),
        },
        "Each layer's image is off by D + 8 units of rounding of its size, carried back by the inverse of the layers up to it; each inverse layer, solved by "
        "substitution, by as many times its condition (Higham, ch. 8); all doubled for what is nonlinear, and again for the log densities' own argument. The "
        "gradient of log p - log q turns a displacement into a difference of ratios.",
        assumes=() if f is None else ("f and its inverse are evaluated in one stable step each",),
    )
    return [measured(residual, bound, points=size, resolves=1e-3, name="log ratio at the image, through the inverse")]


def _displacement(f: Any, points: Tensor) -> Tensor:
    r"""How far a round trip moves the points, in units of rounding: :math:`\sum_l \|(J_l \cdots J_1)^{-1}\|\,|h_l| + \|(J_{l-1} \cdots J_1)^{-1}\|\,\kappa(J_l)\,|h_{l-1}|`."""
    layers = f.layers if isinstance(f, bijections.Composition) else (f,)
    back = torch.eye(points.shape[1], dtype=points.dtype, device=points.device).expand(points.shape[0], -1, -1)
    total = torch.zeros_like(points[:, 0])
    for layer in layers:
        try:
            step, image = bijections.jacobians(layer.forward, points), layer.forward(points).detach()
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"f could not be differentiated, which the bound on a round trip needs: {error}"
            ) from error
        condition = torch.linalg.cond(step)
        total = total + torch.linalg.matrix_norm(back, 2) * condition * (1 + points.norm(dim=1))
        back = back @ torch.linalg.pinv(step)
        total = total + torch.linalg.matrix_norm(back, 2) * (1 + image.norm(dim=1))
        points = image
    return total


@torch.no_grad()
def statistical(case: Case, stream: Stream, *, f: Any = None, p: Any = None, q: Any = None) -> list[Evidence]:
    """Pushed samples counted in the image of a set, classified there, and labelled there; fresh ones counted and classified where they are."""
    setting = _Setting(case, stream, f, p, q)
    for name, law in (("p", setting.p), ("q", setting.q)):
        if not callable(getattr(law, "sample", None)):
            return [inapplicable(f"the statistical route draws from both laws, and {name} has no sample(n, stream)")]
    region = level_sets.Region(setting.f, setting.sample(setting.p, 2000, stream.fork("pilot")))
    levels = torch.linspace(0, 1, CELLS + 1, dtype=stream.dtype, device=stream.device)[1:-1]
    pilot = setting.sample(setting.p, 2000, stream.fork("cells"))
    cuts, places = (torch.quantile(points[:, 0], levels) for points in (setting.forward(pilot), pilot))
    counted = torch.zeros(2, 3, dtype=torch.float64, device=stream.device)  # of p and q: set, decisions, doubtful ones
    labelled, unmoved = torch.zeros(2, CELLS, dtype=torch.float64, device=stream.device)
    for row, (law, label) in enumerate(((setting.p, 1.0), (setting.q, 0.0))):
        fresh, pushed = stream.fork(f"fresh {row}"), stream.fork(f"pushed {row}")
        for size in tiles(case.size, TILE):
            original, image = setting.sample(law, size, fresh), setting.forward(setting.sample(law, size, pushed))
            member, doubtful = region.in_image(image)
            log_ratio, at_home = setting.log_ratio(setting.inverse(image)), setting.log_ratio(original)
            counted[row, 0] += member.sum() - region.contains(original).sum()
            counted[row, 1] += (log_ratio > 0).sum() - (at_home > 0).sum()
            counted[row, 2] += doubtful.sum()
            labelled += _surplus(label, log_ratio, level_sets.cells_of(image[:, 0], cuts))
            unmoved += _surplus(label, at_home, level_sets.cells_of(original[:, 0], places))
    gap = float(unmoved.abs().max()) / (2 * case.size)
    if (p is not None or q is not None) and gap > 2 / case.size**0.5:
        why = f"p and q are the normalised densities of what they sample: before any map, labels miss p/(p+q) by {gap:.2g}"
        return [inapplicable(f"{why} in some cell")]
    pairs = Test.hoeffding(2 * case.size, 1.0, tests=2)
    polygon = Bound(
        {"polygon": counted[:, 2].max() / (2 * case.size)},
        "Samples on which the polygons with 32 and with 64 vertices a side disagree, of the curve that bounds the image.",
        estimated=("polygon",),
    )
    return [
        tested(counted[:, 0].abs().max() / (2 * case.size), pairs, resolves=0.05, slack=polygon if case.D == 2 else None, name="mass of f(A) under the image against mass of A"),
        tested(counted[:, 1].abs().max() / (2 * case.size), pairs, resolves=0.05, name="decisions of the transported classifier"),
        tested(labelled.abs().max() / (2 * case.size), Test.hoeffding(2 * case.size, 1.0, tests=CELLS), resolves=0.05, name="labels in cells of the image against the transported ratio"),
    ]  # fmt: skip


def _surplus(label: float, log_ratio: Tensor, cells: Tensor) -> Tensor:
    """Sum of label - p/(p+q) over the points in each cell, shape ``(CELLS,)``."""
    return torch.bincount(cells, weights=label - torch.sigmoid(log_ratio), minlength=CELLS)


def cases_for(*, f: Any = None, p: Any = None, q: Any = None, **others: object) -> list[Case]:
    """The cases for a reader's bijection and laws: the dimension that p or q names, or else those that f accepts."""
    named = {law.dim for law in (p, q) if hasattr(law, "dim")}
    if len(named) > 1:
        raise InputError(f"Expected p and q of one dimension, got {' and '.join(map(str, sorted(named)))}.")
    fitting = sorted(named) or [dim for dim in (1, 2, 3, 4, 8, 16, 32, 64) if f is None or _fits(f, dim)]
    if not fitting:
        raise InputError(
            "f.forward accepted points (2, D) for no D among 1, 2, 3, 4, 8, 16, 32, 64. For another D say case=Case(D=.., size=..)."
        )
    chosen = dict.fromkeys((fitting[0], fitting[len(fitting) // 2], fitting[-1]))
    kind = {} if f is not None else {"f": "deep"}
    return [Case(D=dim, **kind, seed=1, size=20_000) for dim in chosen]


def _fits(f: Any, dim: int) -> bool:
    points = torch.linspace(0.5, 1, 2 * dim, dtype=torch.float64).view(2, dim)
    try:
        return f.forward(points).shape == points.shape
    except (RuntimeError, IndexError, TypeError, ValueError):
        return False


def _two_charged_points_meet(image: tuple[int, ...], charged: int) -> bool:
    return any(image[i] == image[j] and charged >> i & charged >> j & 1 for i, j in combinations(range(len(image)), 2))


def _image_of_charged_points_shrinks(image: tuple[int, ...], charged: int) -> bool:
    points = [k for k in range(len(image)) if charged >> k & 1]
    return len({image[k] for k in points}) < len(points)


controls = {
    "square": [
        Control(exact, maps=finite_laws.squares),
        Control(exact, received=folded),
        Control(numeric, cases=[Case(D=1, laws="apart", seed=2, size=64), Case(D=64, laws="apart", seed=2, size=64)], f=level_sets.Fold()),
        Control(statistical, cases=[Case(D=1, laws="apart", seed=2, size=25_000), Case(D=2, laws="apart", seed=2, size=25_000), Case(D=8, laws="apart", seed=2, size=25_000)], f=level_sets.Fold()),
    ],
    "injective-almost-everywhere": Control(exact, merging=(_two_charged_points_meet, _image_of_charged_points_shrinks)),
}  # fmt: skip


def figure() -> Figure:
    """A box and its image, with samples; and how often each label occurs against what the carried classifier says."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after, labels = drawing.subplots(1, 3)
    case, stream = Case(D=2, f="deep", seed=6), Stream(6)
    setting = _Setting(case, stream, None, None, None)
    sample = setting.p.sample(70, stream.fork("sample"))
    region = level_sets.Region(setting.f, setting.sample(setting.p, 2000, stream.fork("pilot")))
    same = bijections.Composition(())
    for axis, points, chart, title in (
        (before, sample, same, "x, and a box A"),
        (after, setting.forward(sample), setting.f, "f(x), and f(A)"),
    ):
        outline = level_sets.boundary(chart, region.low, region.high, 24)
        member = region.contains(sample)
        axis.scatter(
            *points.T.tolist(), s=4, c=["C0" if chosen else "0.7" for chosen in member.tolist()], lw=0, rasterized=True
        )
        axis.plot(*torch.cat([outline, outline[:1]]).T.tolist(), color="C3", lw=1)
        axis.set(title=title, xticks=[], yticks=[])
    labels.plot([0, 1], [0, 1], color="0.8", lw=1)
    for f, name, colour in ((None, "a bijection", "C0"), (level_sets.Fold(), "$x^2$", "C3")):
        setting = _Setting(Case(D=1, f="splines", laws="apart", seed=6), stream, f, None, None)
        labels.plot(*_calibration(setting, stream, 20_000), "o", ms=3, color=colour, label=name)
    labels.set(
        title="labels in cells of the image", xlabel="carried classifier", ylabel="frequency", xlim=(0, 1), ylim=(0, 1)
    )
    labels.legend(fontsize=6)
    return drawing


def _calibration(setting: _Setting, stream: Stream, size: int) -> tuple[list[float], list[float]]:
    """Mean of the carried classifier and frequency of the first label, in cells of the image."""
    images = setting.forward(
        torch.cat([setting.sample(law, size, stream.fork(k)) for k, law in enumerate((setting.p, setting.q))])
    )
    label = torch.cat([torch.ones(size), torch.zeros(size)]).to(images)
    cell = level_sets.cells_of(
        images[:, 0], torch.quantile(images[:, 0], torch.linspace(0, 1, 13, dtype=images.dtype)[1:-1])
    )
    said = torch.sigmoid(setting.log_ratio(setting.inverse(images)))
    number, total, first = (torch.bincount(cell, weights=weights) for weights in (torch.ones_like(label), said, label))
    return (total / number).tolist(), (first / number).tolist()
