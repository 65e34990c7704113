"""After uniformization a density score has one level: its sets are empty or everything, its area is one half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities
from numerics.random import Stream
from numerics.transports import ArbitraryScore, LogFunction, log_ratio
from numerics.transports.conditionals import MixtureConditionals
from numerics.transports.rosenblatt import KnotheRosenblatt
from proofs_checks.catalogue.anomaly.arbitrary_score import LOG_P, realised, w, x
from proofs_checks.catalogue.anomaly.score_reversal import (
    RESOLVED,
    SPREAD,
    Detection,
    anywhere,
    cases_for,
    inside,
    outside,
    supported,
    through_the_image,
)
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    finite,
    identity,
    measured,
    structural,
    undecided,
)
from proofs_checks.strategies.detection import detection_cases
from theory import detection as exact_detection

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

Integrand = Callable[[Any, Any], Any]
Hypothesis = Callable[[Tensor], None]
HALF = exact_detection.HALF
EPS = torch.finfo(torch.float64).eps
CUBE, FEW = 8, 12  # dimensions and points of the second uniformization

cases = {
    "numeric": Cases(detection_cases, always=[
        Case(D=1, p="mixture", outliers="shifted", seed=1, size=256), Case(D=2, p="band", outliers="shifted", seed=1, size=64),
        Case(D=64, p="mixture", outliers="wider", seed=1, size=48), Case(D=1000, p="mixture", outliers="sideways", seed=1, size=12),
    ]),
}  # fmt: skip


# -- by symbols ---------------------------------------------------------------------------------------------------------


def exact(
    *,
    integrand: Integrand = log_ratio,
    ties: Fraction | int = HALF,
    laws: Callable[[], Iterator[exact_detection.Cells]] = inside,
) -> list[Evidence]:
    """The image has density 1, in every D; so every pair ties, every set of a threshold is nothing or all, and every area is one half.

    What does not speak of the laws on cells is not proved once more for other ones.
    """
    if laws is not inside:
        return _counted(ties, laws)
    return [
        *_two_points(integrand, sp.Rational(ties)),
        *realised(LOG_P(x, w), sp.S.Zero, integrand),
        _areas(sp.Rational(ties)),
        *_counted(ties, laws),
    ]


def _two_points(integrand: Integrand, ties: sp.Expr) -> list[Evidence]:
    """Densities of the image at the images of any two points, wherever these lie."""
    other, beside, level = sp.symbols("x_* w_* lambda", real=True)
    here, there = (sp.exp(log_p - integrand(log_p, sp.S.Zero)) for log_p in (LOG_P(x, w), LOG_P(other, beside)))
    return [
        identity(here, there, name="the density of the image at two points"),
        identity(
            exact_detection.kernel(here, level, sp.S.Zero),
            exact_detection.kernel(there, level, sp.S.Zero),
            name="membership of two points in {p_f > lambda}",
        ),
        identity(exact_detection.kernel(here, there, ties), sp.S.Half, name="kernel of two points"),
    ]


def _areas(ties: sp.Expr) -> Evidence:
    """One half of the mass of all pairs, by adding one pair of atoms at a time."""
    weight, second, low, gap = sp.symbols("m_1 m_2 v d", positive=True)
    tied = exact_detection.kernel(low, low, ties)

    def half(area: sp.Expr, whole: sp.Expr) -> sp.Expr:
        return whole / 2

    return structural(
        exact_detection.PAIRS, name="areas, pair by pair of atoms",
        base=identity(weight * tied, weight / 2, name="one pair"),
        step=[
            identity(*exact_detection.one_more_pair(weight, (exact_detection.kernel(*pair), tied), half), name=f"one more pair, with {order} before")
            for order, pair in exact_detection.orders(low, gap).items()
        ],
        small=identity(weight * tied + second * tied, (weight + second) / 2, name="two pairs"),
    )  # fmt: skip


def _counted(ties: Fraction | int, laws: Callable[[], Iterator[exact_detection.Cells]]) -> list[Evidence]:
    """Laws whose density is their mass over lengths that a map has changed: areas, and the sets of all thresholds."""

    def flat(law: exact_detection.Cells) -> exact_detection.Cells:
        return law.moved(lambda p: 1)

    def area(by: Callable[..., Fraction]) -> Callable[[exact_detection.Cells], bool]:
        return lambda law: flat(law).area(ties, by=by) == HALF

    return [
        finite(
            laws(), area(exact_detection.area_by_pairs), second=area(exact_detection.area_by_curve),
            of="laws on three cells, with outliers", name="areas of laws on cells, stretched by p",
        ),
        finite(
            laws(), lambda law: all(len(set(marks)) == 1 for marks in flat(law).threshold_sets()),
            second=lambda law: len({p for p in flat(law).densities if p > 0}) == 1,
            of="laws on three cells", name="threshold sets are empty or everything",
        ),
    ]  # fmt: skip


# -- by measurement -----------------------------------------------------------------------------------------------------


def flat_score(points: Tensor) -> Tensor:
    """log s of the score s = 1."""
    return torch.zeros_like(points[:, 0])


def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    inliers: Tensor | None = None,
    outliers: Tensor | None = None,
    base: float | LogFunction | None = None,
    integrand: Integrand = log_ratio,
    ties: Fraction | int = HALF,
    hypothesis: Hypothesis = supported,
) -> list[Evidence]:
    """Densities of images, recovered from the images, against a constant; and the area when pairs within their bounds tie."""

    def against_a_constant(found: Detection, transport: ArbitraryScore) -> list[Evidence]:
        rows = found.resolved
        if not rows.numel():
            return [undecided(f"No recovered density is known to within {RESOLVED} nats; {found.trouble}.")]
        off = (found.log_density[rows] - transport.log_unit).abs()
        name = "density of the image, recovered through the inverse, against 1"
        density = measured(off, found.bound(), points=rows.numel(), resolves=2 * RESOLVED, name=name)
        return [density, found.round_trip(), *_on_the_cube(found), _levels(found), _area(found, ties)]

    return through_the_image(
        case, stream, (p, inliers, outliers), against_a_constant, log_score=lambda log_prob: flat_score, power=1,
        base=base, integrand=integrand, hypothesis=hypothesis,
    )  # fmt: skip


def _on_the_cube(found: Detection) -> list[Evidence]:
    """The other uniformization, onto the cube: the density of its image, recovered in the same way, at some of the points."""
    if not isinstance(found.law, densities.GaussianMixture) or found.dim > CUBE:
        return []
    rows = found.resolved[:: -(-found.resolved.numel() // FEW)]
    source = MixtureConditionals.of(found.law)
    transport = KnotheRosenblatt.from_conditionals(source)
    back = transport.inverse_of_tails(transport.tails(found.points[rows])).x
    bound = Bound(
        {"rounding": (1 + found.dim) * 32 * EPS * source.amplified(back)},
        "Tails are sums of positive terms, and so are their derivatives: both are known to the rounding of their exponents, D times over, and log p is.",
        assumes=(
            "log p and the normal tails are computed to within 32 (D + 8) (1 + max |z|^2) units of rounding, z = (x - m)/sigma",
        ),
    )
    return [
        measured(
            (found.log_prob(back) - transport.log_det(back)).abs(), bound, points=rows.numel(), resolves=RESOLVED,
            name="density of the image under the Knothe-Rosenblatt map, recovered through its inverse, against 1",
        )
    ]  # fmt: skip


def _levels(found: Detection) -> Evidence:
    """The levels at which {p_f > lambda} parts the points: from the lowest recovered density to the highest."""
    rows = found.resolved
    scores = found.log_density[rows]
    low, high = scores.argmin(), scores.argmax()
    bound = found.bound()
    terms = {name: term[low] + term[high] for name, term in bound.terms.items()}
    return measured(
        scores[high] - scores[low],
        Bound(terms, bound.derivation, estimated=bound.estimated, assumes=bound.assumes),
        points=rows.numel(),
        resolves=2 * RESOLVED,
        name="the levels (in nats) at which {p_f > lambda} is neither empty nor everything",
    )


def _area(found: Detection, ties: Fraction | int) -> Evidence:
    """Pairs of resolved scores that the errors do not tell apart count as ties; a pair with an unresolved score may count anything."""
    interval = found.area(found.log_density, found.error)
    vague = (found.error > RESOLVED) & (found.log_p > -torch.inf)
    shares = [float(vague[rows].double().mean()) for rows in (found.inlier_rows, found.outlier_rows)]
    area = (interval.wins + Fraction(ties) * (interval.ties + interval.open)) / interval.pairs
    bound = Bound(
        {"pairs with an unresolved score": sum(shares), "less than a step": 1 / (4 * interval.pairs)},
        f"An area is a whole multiple of half a pair. Scores known to less than {RESOLVED} nats are left out: pairs with one may count 0 or 1.",
    )
    return measured(
        abs(float(area - HALF)),
        bound,
        points=found.points.shape[0],
        resolves=0.1,
        name=f"area of the recovered scores ({interval.wins + interval.losses} of {interval.pairs} pairs told apart; {found.trouble})",
    )


def half_flattened(log_p: Any, log_s: Any) -> Any:
    """log(sqrt p / s): the map that would flatten the law of density proportional to the root of p."""
    return log_p / 2 - log_s


controls = {
    "another-law-flattened": [Control(exact, integrand=half_flattened), Control(numeric, cases=[SPREAD], integrand=half_flattened)],
    "outliers-anywhere": [
        Control(exact, laws=outside),
        Control(numeric, cases=[Case(D=2, p="band", outliers="outside", seed=4, size=48)], hypothesis=anywhere),
    ],
    "ties-count-as-wins": [Control(exact, ties=1), Control(numeric, cases=[SPREAD], ties=1)],
}  # fmt: skip


def figure() -> Figure:
    """Levels of the density before and after: a landscape, and a plain."""
    from matplotlib.figure import Figure

    law = densities.random_mixture(1, 3, Stream(11), spread=4.0)
    transport = ArbitraryScore(law.log_prob, flat_score, dim=1)
    grid = torch.linspace(-9, 6, 121, dtype=torch.float64)[:, None]
    image = transport.forward(grid)
    drawing = Figure(figsize=(6.4, 2.4), layout="constrained")
    left, right = drawing.subplots(1, 2)
    left.plot(grid[:, 0], law.log_prob(grid).exp(), color="C0", lw=1.2)
    left.axhline(0.05, color="0.6", lw=0.8, ls="--")
    left.set(title="p: each threshold has a set of its own", xlabel="x", ylabel="density of X")
    right.plot(image[:, 0], transport.log_density(image).exp(), color="C3", lw=1.2)
    for level in (0.6, 1.4):
        right.axhline(level, color="0.6", lw=0.8, ls="--")
    right.set(title="after f: everything, or nothing", xlabel="f(x)", ylabel="density of f(X)", ylim=(0, 2))
    return drawing
