"""Densities under bijections: divide by the volume factor, almost everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.distributions.declared import declared_distribution
from numerics.streams import Stream
from numerics.transports import bijections, image_masses
from proofs_checks.catalogue.anomaly.figures import change_of_variables as figure
from proofs_checks.inputs import maps
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, inapplicable, measured, tested
from proofs_checks.strategies.anomaly import bijection_cases, pushed_bijection_cases
from theory.distributions import pushforward
from theory.transports import triangular

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Rule = Callable[
    [Any, Any], Any
]  # from (log p, log|det|) to the log density of the image, for symbols and tensors alike

cases = {
    "numeric": Cases(bijection_cases, always=[
        Case(D=1, f="deep", seed=1, size=64), Case(D=2, f="deep", seed=1, size=64), Case(D=64, f="deep", seed=1, size=16),
    ]),
    "statistical": Cases(pushed_bijection_cases, always=[
        Case(D=1, p="logistic", f="cubic", seed=1, size=100_000), Case(D=2, p="mixture", f="deep", seed=1, size=100_000),
    ]),
}  # fmt: skip
cases_for = maps.cases_of_maps(cases["numeric"])


def divide(log_p: Any, log_det: Any) -> Any:
    """log of p / |det|: the rule that the claim states."""
    return log_p - log_det


def exact(
    *,
    rule: Rule = divide,
    chart: Callable[[int], pushforward.Fibre] = pushforward.undefined_chart,
    ladder: pushforward.Ladder = pushforward.GENTLE_LADDER,
) -> list[Evidence]:
    """The mass of images of boxes: on a line, for triangular and affine maps in every
    D, for polynomial automorphisms, on a Cantor ladder."""
    return [
        pushforward.masses_of_intervals(rule, chart),
        pushforward.masses_through_the_inverse(rule),
        triangular.masses_of_boxes(rule, triangular.triangular_jet, "triangular maps"),
        triangular.triangular_determinants(),
        triangular.masses_of_boxes(rule, triangular.exchanged_affine, "affine maps by pivots and an exchange of rows"),
        triangular.mass_under_any_matrix(rule),
        triangular.eliminations(),
        triangular.exchanges(5),
        triangular.compositions(rule),
        [triangular.polynomial_automorphisms(rule, dim) for dim in (2, 3, 4)],
        ladder.mass_on_pieces(rule),
    ]


def numeric(case: Case, stream: Stream, *, rule: Rule = divide, f: Any = None) -> list[Evidence]:
    """Masses of cells and densities of Gaussian images under the rule; and the
    log-determinant of a map against autograd's."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    chosen = maps.given_map(f, "forward") or bijections.bijection(case.get("f", "deep"), case.D, seeded.fork("f"))
    tracked = image_masses.tracked_log_determinant(chosen, 2 * stream.normal(case.size, case.D))
    found = [measured(tracked, resolves=1e-3, name="log-determinant as the map states it, against its Jacobian")]
    if f is not None:
        return found
    known = image_masses.density_of_gaussian_images(case.D, case.size, seeded.fork("affine"), rule)
    found.append(
        measured(
            known,
            resolves=1e-6,
            name="density of affine images of a Gaussian, against the Gaussian's of that covariance",
        )
    )
    if case.D <= 2:
        cells = image_masses.mass_of_cells(case.D, seeded.fork("cells"), rule)
        found.append(measured(cells, resolves=1e-9, name="masses of cells of the image under the claimed density"))
    return found


def statistical(case: Case, stream: Stream, *, rule: Rule = divide, f: Any = None) -> Evidence:
    """Samples of p pushed through f and counted, against masses of cells under the
    claimed density, by quadrature over images."""
    if case.D > 2:
        return inapplicable("masses of cells are integrated in D = 1 or 2")
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    distribution = declared_distribution(case.get("p", "mixture"), case.D, seeded.fork("p"))
    chosen = maps.given_map(f, "forward", "inverse") or bijections.bijection(
        case.get("f", "deep"), case.D, seeded.fork("f")
    )
    distance, slack = image_masses.pushed_into_cells(distribution, chosen, rule, case.size, stream)
    name = "pushed samples against the claimed density's mass"
    return tested(distance, Test.dkw(case.size), resolves=0.06, slack=slack, name=name)


def multiply(log_p: Any, log_det: Any) -> Any:
    """log of p |det|: the exponent +1 in place of -1."""
    return log_p + log_det


def nearly_divide(log_p: Any, log_det: Any) -> Any:
    """The exponent -0.999."""
    return log_p - 0.999 * log_det


def capped_density(log_p: Any, log_det: Any) -> Any:
    """p / |det| where that is at most 1, and 1 elsewhere: a density bounded by 1."""
    return (log_p - log_det).clamp(max=0)


class OneLayerOff(bijections.Composition):
    """A composition that forgets a hundredth of its second layer's log-determinant."""

    def log_det(self, x: Any) -> Any:
        """What the layers state, but for that."""
        first, second = self.layers[:2]
        return super().log_det(x) - second.log_slopes(first.forward(x)) / 100


def three_layers(dim: int) -> OneLayerOff:
    """A triangular layer, a spline and a triangular layer."""
    stream = Stream(3)
    kinds = (bijections.triangular_layer, bijections.spline_layer, bijections.triangular_layer)
    return OneLayerOff(tuple(kind(dim, stream) for kind in kinds))


CELLS = [Case(D=dim, f="deep", seed=2, size=16) for dim in (1, 2)]
PUSHED = [
    Case(D=1, p="mixture", f="triangular", seed=2, size=100_000),
    Case(D=2, p="mixture", f="deep", seed=2, size=100_000),
]
controls = {
    "exponent-plus-one": [
        Control(exact, fails="triangular maps", rule=multiply),
        Control(numeric, fails="density of affine images", cases=[Case(D=64, f="deep", seed=2, size=16)], rule=multiply),
        Control(statistical, fails="pushed samples", cases=PUSHED, rule=multiply),
    ],
    "exponent-nearly-minus-one": Control(numeric, fails="masses of cells", cases=CELLS, rule=nearly_divide),
    "at-every-point": [
        Control(exact, fails="mass of intervals", chart=pushforward.cubic_at_zero),
        Control(statistical, fails="pushed samples", cases=[Case(D=1, p="logistic", f="cubic", seed=3, size=100_000)], rule=capped_density),
    ],
    "differentiable-almost-everywhere-suffices": [
        Control(exact, fails="the claimed density has all but", ladder=pushforward.STEEP_LADDER),
        Control(statistical, fails="pushed samples", cases=[Case(D=1, p="uniform", f="splines", seed=4, size=100_000)], f=bijections.CantorInverse()),
    ],
    "a-layer-forgotten": Control(numeric, fails="log-determinant", cases=[Case(D=8, seed=4, size=16)], f=three_layers(8)),
}  # fmt: skip
