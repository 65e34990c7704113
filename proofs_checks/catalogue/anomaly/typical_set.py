"""Typical sets: nearly all of the mass, about e^(NH) of volume, and how far the mode is
from being typical."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp
import torch

from numerics.detection import typical_set_measurements as measure
from numerics.detection.typical_sets import MeasuredProduct
from numerics.distributions.product import Product
from numerics.streams import Stream
from proofs_checks.catalogue.anomaly.figures import typical_set as figure
from proofs_checks.inputs import sets
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.anomaly import drawn_sequence_cases, typical_set_cases
from theory.detection import typical_sets as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

cases = {
    "numeric": Cases(typical_set_cases, always=[
        Case(D=1, N=1, p="normal", k=2, seed=1, size=64), Case(D=64, N=1 << 20, p="normal", k=3, seed=2, size=64),
        Case(D=64, N=1, p="laplace", k=2, seed=3, size=64), Case(D=3, N=16, p="uniform", k=2, seed=4, size=64),
    ]),
    "statistical": Cases(drawn_sequence_cases, always=[
        Case(D=1, N=1, p="normal", k=2, seed=1, size=100_000), Case(D=64, N=1, p="normal", k=2, seed=1, size=20_000),
        Case(D=1, N=64, p="laplace", k=2, seed=1, size=20_000), Case(D=2, N=4, p="logistic", k=3, seed=1, size=20_000),
        Case(D=1, N=3, p="exponential", k=2, seed=1, size=20_000),
    ]),
}  # fmt: skip
cases_for = sets.sequence_cases(cases["numeric"])
_CHEBYSHEV = "mass of the typical set against Chebyshev's bound"
_BALL, _SHELL = (f"volume of a set a quarter as wide, {how}" for how in ("measured in a ball", "a shell"))


def within(typicality: Any, epsilon: Any) -> Any:
    """|T| <= epsilon: membership in the typical set."""
    return abs(typicality) <= epsilon


def two_sided(entropy: Any, epsilon: Any, length: Any) -> tuple[Any, Any]:
    """N (H - epsilon) and N (H + epsilon)."""
    return length * (entropy - epsilon), length * (entropy + epsilon)


def divided_variance(variance: Any, length: Any) -> Any:
    """Var(log p) / N."""
    return variance / length


def shape_times_dim(dim: Any, shape: Any) -> Any:
    """D a: D/2 for a Gaussian."""
    return dim * shape


def itself(entropy: Any) -> Any:
    """The differential entropy, whatever its sign."""
    return entropy


def exact(*, exponents=two_sided, spread=divided_variance, excess=shape_times_dim, entropy=itself) -> list[Evidence]:
    """Chebyshev and the volume bounds from terms of one sign; closed forms in every D,
    a coordinate at a time."""
    return [
        theorem.variance_of_the_mean(spread), theorem.chebyshev(spread), theorem.volumes(exponents),
        theorem.exponential_power(excess), theorem.uniform_mode(), theorem.normal(), theorem.narrow_normal(entropy),
    ]  # fmt: skip


def _measured_product(case: Case, seeded: Stream, distribution: Any) -> tuple[MeasuredProduct, float | None]:
    if distribution is None:
        chosen = measure.columns_of_one_family(case.p, case.D, seeded.fork("law"))
    else:
        chosen = sets.columns(distribution)
    return MeasuredProduct(chosen), measure.shape_of_product(chosen)


def numeric(
    case: Case, stream: Stream, *, exponents=two_sided, spread=divided_variance, excess=shape_times_dim, member=within, distribution: Product | None = None
) -> list[Evidence]:  # fmt: skip
    """Closed forms against quadrature, exact masses, the volume of a shell."""
    seeded = Stream(case.seed, stream.device, stream.dtype)
    found, shape = _measured_product(case, seeded, distribution)
    three = measure.chebyshev_of_three_values(spread, torch.zeros(1, dtype=stream.dtype, device=stream.device))
    evidence = [
        measured(measure.mass_of_the_density(found), resolves=1e-4, name="the density has mass 1"),
        measured(three, resolves=1e-5, name="Chebyshev's bound is reached by three values"),
    ]
    if shape is not None:
        names = ("Var(log p) a column", "T at the mode")
        closed = zip(measure.closed_forms(found, shape, excess), names, strict=True)
        evidence += [measured(form, resolves=1e-4, name=name) for form, name in closed]
    if case.get("p") == "normal" and distribution is None:
        points = stream.fork("points").normal(case.size, case.D)
        z = torch.cat([points, 0 * points[:1]])
        correlated = measure.normal_of_any_covariance(z, seeded.fork("covariance"), excess)
        evidence.append(measured(correlated, resolves=1e-2, name="normal distributions of any covariance"))
    if shape:
        typical, claimed = (measure.typical_set(found, case.N, case.k, rule) for rule in (within, member))
        resolves = max(0.05, case.N * typical.epsilon / 25_600)  # a hundredth of the narrow set's range, nats
        integrated, ball = measure.mass_of_a_set(typical, shape), measure.ball_volume(typical.dim, round(1 / shape))
        shell, bound = measure.shell(found, claimed, shape, exponents), measure.chebyshev(found, typical, shape, spread)
        evidence += [
            measured(integrated, resolves=1e-5, name="mass of the typical set, the gamma density integrated"),
            measured(bound, resolves=1e-3, name="mass of the typical set, exactly"),
            measured(ball, resolves=1e-9, name="volume of a ball, slice by slice"),
            measured(shell, resolves=resolves, name="log volume of the typical set, a shell"),
        ]
    return evidence


def statistical(
    case: Case, stream: Stream, *, exponents=two_sided, spread=divided_variance, entropy=itself, member=within, draw: measure.Draw = measure.draws,
    distribution: Product | None = None,
) -> list[Evidence]:  # fmt: skip
    """Sequences counted in A against Chebyshev and the exact mass; their typicalities;
    the volume by points of a ball."""
    found, shape = _measured_product(case, Stream(case.seed, stream.device, stream.dtype), distribution)
    typical = measure.typical_set(found, case.N, case.k, member, float(entropy(found.entropy)))
    drawn = measure.CountedSequences(found, typical, shape, size=case.size, stream=stream.fork("sequences"), draw=draw)
    (below, blur), share = drawn.below_chebyshev(spread), Test.hoeffding(case.size, 1.0)
    evidence = [tested(below, share, resolves=0.1, slack=blur, name=_CHEBYSHEV)]
    if shape:
        narrow = replace(typical, epsilon=typical.epsilon / 4)  # a wide shell fills its ball, and says nothing
        off = abs(drawn.share - drawn.exact)
        ball, band = measure.BallShare(narrow, shape, exponents, case.size, stream.fork("ball")), Test.dkw(case.size)
        evidence += [
            tested(off, share, resolves=0.05, slack=drawn.share_blur(), name="mass of the typical set, exactly"),
            tested(drawn.distance, band, resolves=0.05, slack=drawn.blur, name="typicalities, for every epsilon"),
            tested(ball.outside, share, resolves=0.05, slack=ball.slack, name=_BALL),
            tested(ball.shell, share, resolves=0.05, slack=ball.slack, name=_SHELL),
        ]
    return evidence


def without_length(entropy: Any, epsilon: Any, length: Any) -> tuple[Any, Any]:
    """H - epsilon and H + epsilon, as if a sequence were one point."""
    return entropy - epsilon, entropy + epsilon


def squared_length(variance: Any, length: Any) -> Any:
    """Var(log p) / N^2."""
    return variance / length**2


def half_the_variance(variance: Any, length: Any) -> Any:
    """Var(log p) / 2N."""
    return variance / (2 * length)


def part_of_the_excess(dim: Any, shape: Any) -> Any:
    """theta D a, theta < 1, which makes the mode typical at smaller epsilon."""
    return dim * shape * (sp.Rational(9, 10) if isinstance(shape, sp.Basic) else 0.9)


def at_least(typicality: Any, epsilon: Any) -> Any:
    """T >= -epsilon alone: log p at least a threshold."""
    return typicality >= -epsilon


_POINT = Case(D=1, N=1, p="normal", k=Fraction(1, 10), seed=5, size=50_000)
_SEQUENCE = Case(D=2, N=16, p="normal", k=2, seed=6, size=20_000)
_LONG = Case(D=1, N=64, p="normal", k=Fraction(1, 4), seed=7, size=20_000)
_LAPLACE, _LAPLACES = (Case(D=64, N=n, p="laplace", k=2, seed=6, size=16) for n in (1, 1024))
_UNIFORM = Case(D=1, N=16, p="uniform", k=2, seed=2, size=20_000)
controls = {
    "mode-is-typical": [
        Control(exact, fails="exponential-power", excess=part_of_the_excess),
        Control(numeric, fails="T at the mode", cases=[_SEQUENCE, _LAPLACE], excess=part_of_the_excess),
        Control(numeric, fails="normal distributions of any", cases=[_SEQUENCE], excess=part_of_the_excess),
        *(Control(statistical, fails=name, cases=[_SEQUENCE], draw=measure.mode_repeated) for name in (_CHEBYSHEV, "mass of the typical", "typicalities")),
    ],
    "sequences-are-points": [
        Control(exact, fails="volume", exponents=without_length),
        Control(numeric, fails="log volume", cases=[_SEQUENCE, _LAPLACES], exponents=without_length),
        Control(statistical, fails=_BALL, cases=[_SEQUENCE], exponents=without_length),
    ],
    "superlevel-set": [
        Control(numeric, fails="log volume", cases=[_POINT], member=at_least),
        Control(statistical, fails=_BALL, cases=[_POINT], member=at_least),
    ],
    "entropy-nonnegative": [
        Control(exact, fails="T at the mode of a narrow", entropy=abs),
        Control(statistical, fails=_CHEBYSHEV, cases=[_UNIFORM], entropy=abs),
    ],
    "faster-than-one-over-n": [
        Control(exact, fails="variance of the mean", spread=squared_length),
        Control(numeric, fails="mass of the typical set, exactly", cases=[_LONG], spread=squared_length),
        Control(statistical, fails=_CHEBYSHEV, cases=[_LONG], spread=squared_length),
    ],
    "half-the-variance": [
        Control(exact, fails="what Chebyshev's bound misses", spread=half_the_variance),
        Control(numeric, fails="Chebyshev's bound is reached", cases=[_POINT], spread=half_the_variance),
    ],
}  # fmt: skip
