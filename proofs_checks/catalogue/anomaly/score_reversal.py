"""Under s = 1/p the density of the representation ranks everything the other way: an
area a becomes exactly 1 - a."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from torch import Tensor

from numerics.detection.image_scores import RESOLVED, ImageScores, declared_detector
from numerics.streams import Stream
from numerics.transports import LogFunction, log_ratio
from proofs_checks.catalogue.anomaly.figures import score_reversal as figure
from proofs_checks.inputs import detectors
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, measured
from proofs_checks.strategies.anomaly import detection_cases
from theory.detection import roc
from theory.transports.arbitrary_score import LOG_P, density_of_the_image

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

Claimed = Callable[..., Any]

cases = {
    "numeric": Cases(detection_cases, always=[
        Case(D=1, p="mixture", outliers="shifted", seed=1, size=256), Case(D=2, p="band", outliers="shifted", seed=1, size=64),
        Case(D=64, p="mixture", outliers="wider", seed=1, size=48), Case(D=1000, p="mixture", outliers="sideways", seed=1, size=12),
    ]),
}  # fmt: skip
cases_for = detectors.cases_of_points("inliers", cases["numeric"])


def reciprocal(log_p: Any) -> Any:
    """log s of the score s = 1/p."""
    return -log_p


def complement(area: Any, whole: Any = 1) -> Any:
    """What is left of the whole: the area after reversal."""
    return whole - area


def exact(
    *,
    integrand: Callable[[Any, Any], Any] = log_ratio,
    expected: Claimed = complement,
    ties: Fraction | int = roc.HALF,
    families: Callable[[], Family] = roc.outliers_inside,
) -> list[Evidence]:
    """1/p reverses every pair, so an expectation over pairs becomes its complement; and
    the image has density 1/p, in every D."""
    reversed_ = roc.Rescored(reciprocal, expected, ties)
    return [
        reversed_.at_a_point(lambda p: 1 / p),
        reversed_.of_a_pair(),
        density_of_the_image(LOG_P, reciprocal(LOG_P), integrand),
        reversed_.of_sums_over_pairs(),
        reversed_.of_rankings(5, lambda rank: 1 / rank),
        reversed_.of_cells(families(), lambda p: 1 / p),
        roc.every_area_is_attained(4),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    p: LogFunction | None = None,
    inliers: Tensor | None = None,
    outliers: Tensor | None = None,
    base: float | LogFunction | None = None,
    integrand: Callable[[Any, Any], Any] = log_ratio,
    expected: Claimed = complement,
    ties: Fraction | int = roc.HALF,
    supported: bool = True,
) -> list[Evidence]:
    """Densities of images, recovered from the images, against 1/p; and the area of the
    recovered scores against 1 - a."""
    given = detectors.detector(p, inliers, outliers)
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    of = given or declared_detector(case.p, case.get("outliers", "shifted"), case.D, case.size, seeded, stream)
    scores = ImageScores(of, reciprocal, power=2, base=base, integrand=integrand, supported=supported)
    areas = scores.areas(expected, ties)
    name = f"area of the recovered scores (a = {float(scores.area_before):.4f} before; {scores.trouble})"
    reversal = measured(areas, resolves=0.05, name=name)
    if not scores.resolved.numel():  # the points lie wherever they like
        return [reversal]
    name = "density of the image, recovered through the inverse, against 1/p"
    back = "the preimage found against the point that was sent (relative)"
    density = measured(scores.off(reciprocal), resolves=2 * RESOLVED, name=name)
    return [density, measured(scores.round_trip(), resolves=RESOLVED, name=back), reversal]


def unchanged_area(area: Any, whole: Any = 1) -> Any:
    """The area as it was."""
    return area


def squared_numerator(log_p: Any, log_s: Any) -> Any:
    """log(p^2/s), whose image has density s/p: it ranks all points as 1/p does, and is
    another density."""
    return 2 * log_p - log_s


SPREAD = Case(D=3, p="mixture", outliers="sideways", seed=3, size=64)  # along x_1 as p itself: every score is resolved
OUTSIDE = Case(D=2, p="band", outliers="outside", seed=4, size=48)
controls = {
    "auroc-unchanged": [Control(exact, fails="kernel of the scores", expected=unchanged_area), Control(numeric, fails="area", cases=[SPREAD], expected=unchanged_area)],
    "same-ranks-suffice": [Control(exact, fails="mass of boxes", integrand=squared_numerator), Control(numeric, fails="density of the image", cases=[SPREAD], integrand=squared_numerator)],
    "outliers-anywhere": [Control(exact, fails="areas of distributions", families=roc.outliers_outside), Control(numeric, fails="area", cases=[OUTSIDE], supported=False)],
    "ties-count-nothing": [Control(exact, fails="areas, pair by pair", ties=0), Control(exact, fails="areas of ranked points", ties=0), Control(numeric, fails="area", cases=[SPREAD], ties=0)],
    "ties-count-as-wins": [Control(exact, fails="areas, pair by pair", ties=1), Control(numeric, fails="area", cases=[SPREAD], ties=1)],
}  # fmt: skip
