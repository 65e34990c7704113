"""Under s = 1/p the density of the representation ranks everything the other way: an area a becomes exactly 1 - a."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities
from numerics.detection import auroc_within
from numerics.random import Stream
from numerics.transports import ArbitraryScore, HypothesisError, LogFunction, PrecisionError, log_ratio, recovery
from numerics.transports.hypotheses import Trouble, evaluated
from proofs_checks.catalogue.anomaly.arbitrary_score import LOG_P, realised, w, x
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    undecided,
)
from proofs_checks.strategies.detection import detection_cases
from theory import detection as exact_detection

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Integrand = Callable[[Any, Any], Any]
Expected = Callable[..., Any]
Hypothesis = Callable[[Tensor], None]

EPS = torch.finfo(torch.float64).eps
HALF = exact_detection.HALF
RESOLVED = 0.05  # nats: scores known less well than this leave their pairs open

cases = {
    "numeric": Cases(detection_cases, always=[
        Case(D=1, p="mixture", outliers="shifted", seed=1, size=256), Case(D=2, p="band", outliers="shifted", seed=1, size=64),
        Case(D=64, p="mixture", outliers="wider", seed=1, size=48), Case(D=1000, p="mixture", outliers="sideways", seed=1, size=12),
    ]),
}  # fmt: skip


def complement(area: Any, whole: Any = 1) -> Any:
    """What is left of the whole: the area after reversal."""
    return whole - area


def reciprocal(log_p: Any) -> Any:
    """log s of the score s = 1/p."""
    return -log_p


# -- by symbols ---------------------------------------------------------------------------------------------------------


def inside() -> Iterator[exact_detection.Cells]:
    """Laws on three cells, each of positive mass: wherever the outliers fall, they lie in {p > 0}."""
    return exact_detection.cell_laws(3)


def outside() -> Iterator[exact_detection.Cells]:
    """Laws on three cells of which some have no mass, with outliers there."""
    laws = exact_detection.cell_laws(3, masses=(0, 1, 2), lengths=(1, 2))
    return (law for law in laws if not law.outliers_inside)


def exact(
    *,
    integrand: Integrand = log_ratio,
    expected: Expected = complement,
    ties: Fraction | int = HALF,
    laws: Callable[[], Iterator[exact_detection.Cells]] = inside,
) -> list[Evidence]:
    """The image has density 1/p, in every D; 1/p reverses every pair; so an expectation over pairs becomes its complement.

    What does not speak of the laws on cells is not proved once more for other ones.
    """
    if laws is not inside:
        return [_on_cells(expected, ties, laws)]
    return [
        *_pairs(expected, sp.Rational(ties)),
        *realised(LOG_P(x, w), reciprocal(LOG_P(x, w)), integrand),
        _areas(expected, sp.Rational(ties)),
        _ranked(expected, ties),
        _on_cells(expected, ties, laws),
        _attained(),
    ]


def _kernels(ties: sp.Expr) -> dict[str, tuple[sp.Expr, sp.Expr]]:
    """For each way in which densities u, v > 0 can stand to each other: their kernel, and that of their images."""
    low, gap = sp.symbols("v d", positive=True)
    return {
        order: (exact_detection.kernel(u, v, ties), exact_detection.kernel(_turned(u), _turned(v), ties))
        for order, (u, v) in exact_detection.orders(low, gap).items()
    }


def _turned(density: sp.Expr) -> sp.Expr:
    """The density of the image where the data have this one."""
    return sp.exp(reciprocal(sp.log(density)))


def _pairs(expected: Expected, ties: sp.Expr) -> list[Evidence]:
    density = sp.Symbol("u", positive=True)
    return [identity(_turned(density) * density, 1, name="the score is 1/p")] + [
        identity(after, expected(before), name=f"kernel of the reciprocals of a pair with {order}")
        for order, (before, after) in _kernels(ties).items()
    ]


def _areas(expected: Expected, ties: sp.Expr) -> Evidence:
    """Areas of laws with any finite number of atoms, of any weights: by adding one pair of atoms at a time."""
    weight, second = sp.symbols("m_1 m_2", positive=True)
    kernels = _kernels(ties)
    small = [
        identity(
            weight * first[1] + second * other[1],
            expected(weight * first[0] + second * other[0], weight + second),
            name="two pairs",
        )
        for first in kernels.values()
        for other in kernels.values()
    ]
    return structural(
        exact_detection.PAIRS, name="areas, pair by pair of atoms",
        base=[identity(weight * after, expected(weight * before, weight), name=f"one pair with {order}") for order, (before, after) in kernels.items()],
        step=[identity(*exact_detection.one_more_pair(weight, pair, expected), name=f"one more pair with {order}") for order, pair in kernels.items()],
        small=small,
    )  # fmt: skip


def _ranked(expected: Expected, ties: Fraction | int) -> Evidence:
    """Every ranking with ties of up to five points, turned around."""

    def turned(by: Callable[..., Fraction]) -> Callable[[exact_detection.Sample], bool]:
        def holds(sample: exact_detection.Sample) -> bool:
            scores = [Fraction(1, rank) for rank in sample.ranks]
            return sample.area(scores, ties, by=by) == expected(sample.area(sample.ranks, ties, by=by))

        return holds

    return finite(
        exact_detection.ranked_samples(5), turned(exact_detection.area_by_pairs), second=turned(exact_detection.area_by_curve),
        of="rankings with ties of 2 to 5 points, inliers and outliers", name="areas of ranked points",
    )  # fmt: skip


def _on_cells(
    expected: Expected, ties: Fraction | int, laws: Callable[[], Iterator[exact_detection.Cells]]
) -> Evidence:
    """Laws whose density is their mass over lengths that a map has changed."""

    def moved(by: Callable[..., Fraction]) -> Callable[[exact_detection.Cells], bool]:
        return lambda law: law.moved(lambda p: 1 / p).area(ties, by=by) == expected(law.area(ties, by=by))

    return finite(
        laws(), moved(exact_detection.area_by_pairs), second=moved(exact_detection.area_by_curve),
        of="laws on three cells, with outliers", name="areas of laws on cells, stretched by p/s",
    )  # fmt: skip


def _attained() -> Evidence:
    """Any area is some score's: a positive continuous function takes any values at finitely many points, and any such is a density."""
    wanted = [(n, m, k) for n in range(1, 5) for m in range(1, 5) for k in range(2 * n * m + 1)]

    def reached(by: Callable[..., Fraction]) -> Callable[[tuple[int, int, int]], bool]:
        def holds(item: tuple[int, int, int]) -> bool:
            n, m, k = item
            ranks = exact_detection.staircase(n, m, k)
            return exact_detection.Sample(ranks, n).area(ranks, by=by) == Fraction(k, 2 * n * m)

        return holds

    return finite(
        wanted, reached(exact_detection.area_by_pairs), second=reached(exact_detection.area_by_curve),
        of="areas k/2nm of n inliers and m outliers, n, m <= 4", name="every area is attained by some ranking",
    )  # fmt: skip


# -- by measurement -----------------------------------------------------------------------------------------------------


def supported(log_p: Tensor) -> None:
    """The hypothesis that every point lies in {p > 0}.

    Raises:
        HypothesisError: how many do not.
    """
    if bool((log_p == -torch.inf).any()):
        raise HypothesisError(
            f"{int((log_p == -torch.inf).sum())} of {log_p.numel()} points lie outside {{p > 0}}; the claim is about outliers inside the support."
        )


def anywhere(log_p: Tensor) -> None:
    """No hypothesis at all."""


class Detection:
    """Inliers, outliers (some of them copies of inliers, so that there are ties), their scores by p, and by the law of their images.

    A score of the image is recovered from the image alone: through the inverse, and the Jacobian of the map as evaluated. Points outside {p > 0}
    have density zero before, and after whatever bijection: a null set of the law goes to a null set.
    """

    def __init__(self, log_prob: LogFunction, inliers: Tensor, outliers: Tensor, law: object, copies: int) -> None:
        self.log_prob, self.law, self.dim = log_prob, law, inliers.shape[1]
        self.points = torch.cat([inliers, outliers])
        n, m = inliers.shape[0], outliers.shape[0]
        labels = torch.arange(n + m, device=inliers.device)
        self.inlier_rows, self.outlier_rows = labels[:n], torch.cat([labels[n:], labels[:copies]])
        with torch.no_grad():
            self.log_p = evaluated("p", log_prob, self.points)
        wild = self.log_p.isnan() | (self.log_p == torch.inf)
        if bool(wild.any()):
            raise HypothesisError(
                f"log p is NaN or infinite at {int(wild.sum())} of {n + m} points, first in row {int(wild.nonzero()[0])}; p has to be continuous and "
                "finite there."
            )
        self.rounding = 16 * (self.dim + 8) * EPS * (1 + self.log_p.abs())
        self.log_density = torch.full_like(self.log_p, -torch.inf)
        self.error = torch.zeros_like(self.log_p)
        self.trouble = Trouble(0, {})

    @classmethod
    def of(
        cls, case: Case, stream: Stream, p: LogFunction | None, inliers: Tensor | None, outliers: Tensor | None
    ) -> Detection:
        """What a case names, or a reader hands in."""
        if p is not None or inliers is not None or outliers is not None:
            return cls._handed(p, inliers, outliers)
        seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
        law = densities.law(case.p, case.D, seeded.fork("p"))
        drawn = law.sample(case.size, stream.fork("inliers"))
        return cls(law.log_prob, drawn, _outliers(case, law, seeded, stream.fork("outliers")), law, case.size // 2)

    @classmethod
    def _handed(cls, p: LogFunction | None, inliers: Tensor | None, outliers: Tensor | None) -> Detection:
        if p is None or inliers is None or outliers is None:
            raise InputError(
                "Expected p, inliers and outliers together: a log density from points (N, D) to (N,), and two tensors of points (N, D)."
            )
        shapes = [tuple(getattr(side, "shape", ())) for side in (inliers, outliers)]
        if any(len(shape) != 2 or 0 in shape for shape in shapes) or shapes[0][1] != shapes[1][1]:
            raise InputError(
                f"Expected inliers (N, D) and outliers (M, D) of one dimension, at least one of each, got {shapes[0]} and {shapes[1]}."
            )
        sides = [torch.as_tensor(side) for side in (inliers, outliers)]
        if any(side.dtype != torch.float64 for side in sides) or sides[0].device != sides[1].device:
            raise InputError(
                f"Expected inliers and outliers in double precision on one device, got {sides[0].dtype} on {sides[0].device} and {sides[1].dtype} on "
                f"{sides[1].device}: the bounds are those of float64. Convert both with .double(), and the model with them."
            )
        try:
            return cls(p, *sides, p, 0)
        except HypothesisError:
            raise
        except ValueError as error:
            raise InputError(str(error)) from None

    @property
    def base(self) -> float | LogFunction:
        """The law's own base point, or 0."""
        return getattr(self.law, "base", 0.0)

    def push(self, transport: ArbitraryScore, power: int) -> ArbitraryScore:
        """Send the points of {p > 0} through the map, and recover the density of their images; returns the map, its unit centred."""
        inside = (self.log_p > -torch.inf).nonzero()[:, 0]
        if not inside.numel():
            return transport
        self.error[inside] = torch.inf
        with suppress(HypothesisError):  # where there is nothing to centre, the inspection says why
            transport = transport.centred(self.points[inside])
        self.trouble = transport.inspect(self.points[inside]).trouble
        rows = inside[self.trouble.sound]
        self.pushed = rows
        if rows.numel():
            known = isinstance(self.law, densities.GaussianMixture) and transport.integrand is log_ratio
            exponents = recovery.mixture_exponents(self.law, power) if known else None
            self.recovered = recovery.recover(transport, self.points[rows], exponents=exponents)
            self.log_density[rows], self.error[rows] = self.recovered.log_density, self.recovered.error
        return transport

    @property
    def resolved(self) -> Tensor:
        """Rows of {p > 0} whose recovered score is known to within ``RESOLVED`` nats."""
        return ((self.error <= RESOLVED) & (self.log_p > -torch.inf)).nonzero()[:, 0]

    def bound(self) -> Bound:
        """What may separate the recovered log densities of the resolved rows from exact ones, and log p from what it should be."""
        rows, found = self.resolved, self.recovered
        chosen = found.error <= RESOLVED
        terms = {name: getattr(found, name)[chosen] for name in ("quadrature", "rounding", "inversion")}
        return Bound(
            {**terms, "log p": 2 * self.rounding[rows]},
            recovery.DERIVATION,
            estimated=() if found.bounded else ("quadrature",),
            assumes=(recovery.ACCURACY, recovery.STEADY, *(() if found.bounded else (recovery.SMOOTH,))),
        )

    def round_trip(self) -> Evidence:
        """How far the preimages that were found lie from the points, where it is known to within ``RESOLVED`` of 1 + |x|."""
        found = self.recovered
        size = 1 + self.points[self.pushed].abs().amax(1)
        near = found.reach <= RESOLVED * size
        return measured(
            (found.moved / size)[near],
            Bound(
                {"reach": (found.reach / size)[near]}, recovery.DERIVATION, assumes=(recovery.ACCURACY, recovery.STEADY)
            ),
            points=int(near.sum()),
            resolves=RESOLVED,
            name="the preimage found against the point that was sent (relative)",
        )

    def area(self, scores: Tensor, errors: Tensor) -> Any:
        """The interval of the area under the ROC curve, copies of a point counted as ties."""
        a, b = self.inlier_rows, self.outlier_rows
        vague = torch.where(errors <= RESOLVED, errors, torch.inf)
        return auroc_within(scores[a], scores[b], vague[a], vague[b], labels=(a, b))


def _outliers(case: Case, law: Any, seeded: Stream, stream: Stream) -> Tensor:
    """Points that p did not draw: its own draws displaced or spread, draws of another law, or points beyond its support."""
    drawn = law.sample(case.size, stream)
    kind = case.get("outliers", "shifted")
    if kind == "outside":
        return drawn + 3 * torch.eye(1, law.dim, dtype=drawn.dtype, device=drawn.device)
    if case.p == "band":  # the middle half of the band, further out along it
        base = law.base(drawn[:, 1:])
        along = 1.5 * drawn[:, 1]
        return torch.stack([(drawn[:, 0] - base) / 2 + along.square(), along], 1)
    if kind == "foreign":
        return densities.law("mixture", law.dim, seeded.fork("foreign")).sample(case.size, stream)
    if kind == "sideways":
        return torch.cat([drawn[:, :1], (1 + 1.6 / law.dim**0.5) * drawn[:, 1:]], 1)
    return 1.2 * drawn + 0.3 if kind == "shifted" else 1.4 * drawn


def through_the_image(
    case: Case,
    stream: Stream,
    handed: tuple[LogFunction | None, Tensor | None, Tensor | None],
    measure: Callable[[Detection, ArbitraryScore], list[Evidence]],
    *,
    log_score: Callable[[LogFunction], LogFunction],
    power: int,
    base: float | LogFunction | None,
    integrand: Integrand,
    hypothesis: Hypothesis,
) -> list[Evidence]:
    """What is measured on a case's points, or a reader's, once they went through the map of a score; or why there is nothing to measure.

    Args:
        handed: p, inliers and outliers of a reader, or None. measure: From the points and the map to evidence.
        log_score: From log p to log s, functions of points. power: k where s is p^(1 - k), for the exponents of a mixture.
    """
    try:
        found = Detection.of(case, stream, *handed)
        hypothesis(found.log_p)
        own = found.base if base is None else base
        score = log_score(found.log_prob)
        transport = ArbitraryScore(found.log_prob, score, dim=found.dim, base=own, integrand=integrand)
        transport = found.push(transport, power=power)
    except PrecisionError as failed:
        return [undecided(str(failed))]
    except HypothesisError as failed:
        return [inapplicable(str(failed))]
    except ValueError as refused:
        if handed[0] is None:
            raise
        raise InputError(str(refused)) from None
    if not found.resolved.numel() and hypothesis is supported:
        return [undecided(f"No recovered density is known to within {RESOLVED} nats; {found.trouble}.")]
    return measure(found, transport)


def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    inliers: Tensor | None = None,
    outliers: Tensor | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
    expected: Expected = complement,
    ties: Fraction | int = HALF,
    hypothesis: Hypothesis = supported,
) -> list[Evidence]:
    """Densities of images, recovered from the images, against 1/p; and the area of the recovered scores against 1 - a."""

    def against_the_reciprocal(found: Detection, transport: ArbitraryScore) -> list[Evidence]:
        rows = found.resolved
        if not rows.numel():  # the points lie wherever they like
            return [_reversed(found, expected, ties)]
        off = (found.log_density[rows] - reciprocal(found.log_p[rows]) - transport.log_unit).abs()
        name = "density of the image, recovered through the inverse, against 1/p"
        density = measured(off, found.bound(), points=rows.numel(), resolves=2 * RESOLVED, name=name)
        return [density, found.round_trip(), _reversed(found, expected, ties)]

    return through_the_image(
        case, stream, (p, inliers, outliers), against_the_reciprocal, log_score=lambda log_prob: lambda at: reciprocal(log_prob(at)), power=2,
        base=base, integrand=integrand, hypothesis=hypothesis,
    )  # fmt: skip


def _reversed(found: Detection, expected: Expected, ties: Fraction | int) -> Evidence:
    """The area of the recovered scores against what is expected of the area of log p."""
    before = found.area(found.log_p, torch.where(found.log_p.isinf(), 0, found.rounding))
    after = found.area(found.log_density, found.error)
    centres = [sum(interval.between(ties)) / 2 for interval in (before, after)]
    bound = Bound(
        {
            "pairs of log p left open": float(before.width) / 2,
            "pairs of recovered scores left open": float(after.width) / 2,
            "less than a step": 1 / (4 * after.pairs),
        },
        "Each area lies within half the share of its open pairs of the middle; both are whole multiples of half a pair. A pair is open where two scores are "
        "nearer than their errors, so that rounding may have tied or untied them; copies of one point tie.",
        assumes=(recovery.ACCURACY,),
    )
    residual = abs(float(centres[1] - expected(centres[0])))
    name = f"area of the recovered scores (a = {float(centres[0]):.4f} before; {found.trouble})"
    return measured(residual, bound, points=found.points.shape[0], resolves=0.05, name=name)


def cases_for(*, inliers: Tensor | None = None, **others: object) -> list[Case]:
    """The case of a reader's points: their dimension and number; the declared cases where only a rule is substituted."""
    if inliers is None:
        return list(cases["numeric"].always)
    shape = tuple(getattr(inliers, "shape", ())) or (0,)
    return [Case(D=shape[-1], size=shape[0])]


def unchanged(area: Any, whole: Any = 1) -> Any:
    """The area as it was."""
    return area


def squared_numerator(log_p: Any, log_s: Any) -> Any:
    """log(p^2/s), whose image has density s/p: it ranks all points as 1/p does, and is another density."""
    return 2 * log_p - log_s


SPREAD = Case(D=3, p="mixture", outliers="sideways", seed=3, size=64)  # along x_1 as p itself: every score is resolved
controls = {
    "auroc-unchanged": [Control(exact, expected=unchanged), Control(numeric, cases=[SPREAD], expected=unchanged)],
    "same-ranks-suffice": [Control(exact, integrand=squared_numerator), Control(numeric, cases=[SPREAD], integrand=squared_numerator)],
    "outliers-anywhere": [
        Control(exact, laws=outside),
        Control(numeric, cases=[Case(D=2, p="band", outliers="outside", seed=4, size=48)], hypothesis=anywhere),
    ],
    "ties-count-nothing": [Control(exact, ties=0), Control(numeric, cases=[SPREAD], ties=0)],
    "ties-count-as-wins": [Control(exact, ties=1), Control(numeric, cases=[SPREAD], ties=1)],
}  # fmt: skip


def figure() -> Figure:
    """Recovered densities of the image against those of the data, and both ROC curves."""
    from matplotlib.figure import Figure

    case = Case(D=8, p="mixture", outliers="wider", seed=3, size=40)
    found = Detection.of(case, Stream(5), None, None, None)
    transport = found.push(ArbitraryScore(found.log_prob, lambda at: -found.log_prob(at), dim=found.dim), power=2)
    after = found.log_density - transport.log_unit
    fresh = found.outlier_rows[: case.size]
    drawing = Figure(figsize=(6.4, 2.6), layout="constrained")
    left, right = drawing.subplots(1, 2)
    for rows, color, label in ((found.inlier_rows, "C0", "inliers"), (fresh, "C3", "outliers")):
        left.plot(found.log_p[rows], after[rows], ".", ms=4, color=color, label=label, rasterized=True)
    left.set(title="recovered from the images alone", xlabel="log p(x)", ylabel="log density of f(X) at f(x)")
    for scores, color, label in ((found.log_p, "C0", "by p"), (after, "C1", "by the density of f(X)")):
        u, v = scores[found.inlier_rows], scores[fresh]
        levels = torch.cat([u, v]).sort(descending=True).values
        curve = [torch.cat([levels.new_zeros(1), (side[None] >= levels[:, None]).double().mean(1)]) for side in (v, u)]
        area = float(auroc_within(u, v, 0 * u, 0 * v).middle)
        right.plot(*curve, color=color, lw=1.2, label=f"{label}: {area:.3f}")
    right.set(title="one detector, two representations", xlabel="outliers kept", ylabel="inliers kept")
    for axis in (left, right):
        axis.legend(fontsize=7)
    return drawing
