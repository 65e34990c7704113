"""After uniformization a density score has one level: its sets are empty or everything,
its area is one half."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from torch import Tensor

from numerics.detection.image_scores import RESOLVED, ImageScores, declared_detector
from numerics.streams import Stream
from numerics.transports import LogFunction, log_ratio
from proofs_checks.catalogue.anomaly.figures import uniform_carries_nothing as figure
from proofs_checks.inputs import detectors
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, measured, undecided
from proofs_checks.strategies.anomaly import detection_cases
from theory.detection import roc
from theory.transports.arbitrary_score import LOG_P, density_of_the_image, image_densities

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

cases = {
    "numeric": Cases(detection_cases, always=[
        Case(D=1, p="mixture", outliers="shifted", seed=1, size=256), Case(D=2, p="band", outliers="shifted", seed=1, size=64),
        Case(D=64, p="mixture", outliers="wider", seed=1, size=48), Case(D=1000, p="mixture", outliers="sideways", seed=1, size=12),
    ]),
}  # fmt: skip
cases_for = detectors.cases_of_points("inliers", cases["numeric"])


def flat(log_p: Any) -> Any:
    """log s of the score s = 1."""
    return 0 * log_p


def half(area: Any, whole: Any = 1) -> Any:
    """One half of the mass of all pairs, whatever the area was."""
    return whole / Fraction(2) if isinstance(whole, (int, Fraction)) else whole / 2


def exact(
    *,
    integrand: Callable[[Any, Any], Any] = log_ratio,
    ties: Fraction | int = roc.HALF,
    families: Callable[[], Family] = roc.outliers_inside,
    level: int = 0,
) -> list[Evidence]:
    """The image has density 1, in every D; so every pair ties, every set of a threshold
    is nothing or all, and every area is one half."""
    flattened = roc.Rescored(flat, half, ties)
    return [
        density_of_the_image(LOG_P, flat(LOG_P), integrand),
        roc.one_level(*image_densities(flat, integrand), ties),
        flattened.of_sums_over_pairs(),
        flattened.of_cells(families(), lambda p: 1),
        roc.one_threshold_set(roc.outliers_inside(), lambda p: 1, level),
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
    ties: Fraction | int = roc.HALF,
    supported: bool = True,
) -> list[Evidence]:
    """Densities of images, recovered from the images, against a constant; and the area
    when pairs within their bounds tie."""
    given = detectors.detector(p, inliers, outliers)
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    of = given or declared_detector(case.p, case.get("outliers", "shifted"), case.D, case.size, seeded, stream)
    scores = ImageScores(of, flat, power=1, base=base, integrand=integrand, supported=supported)
    if not scores.resolved.numel():
        return [undecided(f"No recovered density is known to within {RESOLVED} nats; {scores.trouble}.")]
    cube, area = scores.on_the_cube(), scores.area_of_ties(ties)
    onto = "density of the image under the Knothe-Rosenblatt map, recovered through its inverse, against 1"
    parting = "the levels (in nats) at which {p_f > lambda} is neither empty nor everything"
    apart = f"{scores.interval.wins + scores.interval.losses} of {scores.interval.pairs} pairs told apart"
    back = "the preimage found against the point that was sent (relative)"
    return [
        measured(scores.off(flat), resolves=2 * RESOLVED, name="density of the image, recovered through the inverse, against 1"),
        measured(scores.round_trip(), resolves=RESOLVED, name=back),
        *([measured(cube, resolves=RESOLVED, name=onto)] if cube else []),
        measured(scores.levels(), resolves=2 * RESOLVED, name=parting),
        measured(area, resolves=0.1, name=f"area of the recovered scores ({apart}; {scores.trouble})"),
    ]  # fmt: skip


def half_flattened(log_p: Any, log_s: Any) -> Any:
    """log(sqrt p / s): the map that would flatten the distribution of density
    proportional to the root of p."""
    return log_p / 2 - log_s


SPREAD = Case(D=3, p="mixture", outliers="sideways", seed=3, size=64)  # along x_1 as p itself: every score is resolved
OUTSIDE = Case(D=2, p="band", outliers="outside", seed=4, size=48)
controls = {
    "another-distribution-flattened": [Control(exact, fails="the density of the image", integrand=half_flattened), Control(numeric, fails="density of the image, recovered", cases=[SPREAD], integrand=half_flattened), Control(numeric, fails="the levels", cases=[SPREAD], integrand=half_flattened)],
    "negative-level": Control(exact, fails="threshold sets", level=-1),
    "outliers-anywhere": [Control(exact, fails="areas of distributions", families=roc.outliers_outside), Control(numeric, fails="area", cases=[OUTSIDE], supported=False)],
    "ties-count-as-wins": [Control(exact, fails="kernel of two points", ties=1), Control(numeric, fails="area", cases=[SPREAD], ties=1)],
}  # fmt: skip
