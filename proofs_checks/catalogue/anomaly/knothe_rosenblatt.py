"""The Knothe-Rosenblatt map: uniform on the cube, triangular, slopes that multiply to
p, and the only increasing one."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
import torch
from torch import Tensor

from numerics.distributions.mixtures import GaussianMixture
from numerics.streams import Stream
from numerics.transports.declared import (
    Transported,
    TransportedDistribution,
    atomic_transport,
    declared_transport,
    split_transport,
    unconditional_transport,
    widened_transport,
)  # fmt: skip
from numerics.transports.domain import LogFunction
from numerics.transports.rosenblatt_measurements import MeasuredMap, PushedSamples, cholesky_map, density_units
from proofs_checks.catalogue.anomaly.figures import knothe_rosenblatt as figure
from proofs_checks.inputs import transports
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, Test, measured, tested
from proofs_checks.strategies.anomaly import rosenblatt_cases, uniformity_cases
from theory.transports import cell_tables
from theory.transports import rosenblatt as theorem

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Another = Callable[[Transported, Tensor], Tensor]
Maker = Callable[[str, int, str, Stream], TransportedDistribution]

cases = {
    "numeric": Cases(rosenblatt_cases, always=[
        Case(D=1, distribution="mixture", by="quadrature", seed=1, size=256), Case(D=2, distribution="mixture", by="quadrature", seed=1, size=64),
        Case(D=3, distribution="gaussian", by="quadrature", seed=1, size=8), Case(D=64, distribution="mixture", by="closed form", seed=1, size=16),
    ]),
    "statistical": Cases(uniformity_cases, always=[
        Case(D=2, distribution="mixture", by="quadrature", seed=1, size=8_000), Case(D=16, distribution="mixture", by="closed form", seed=1, size=12_000),
        Case(D=1, distribution="split", by="closed form", seed=1, size=25_000),
    ]),
}  # fmt: skip
cases_for = transports.cases_of_density(cases["numeric"])


def exact(
    *,
    coordinate: theorem.Coordinate = theorem.conditional_cdf,
    conditional: bool = True,
    orientation: int = 1,
    tables: Callable[[], Family] = cell_tables.small_tables,
    supports: Callable[[], Family] = cell_tables.gapless_projections,
    precision: Callable[[sp.Expr], sp.Expr] = theorem.single_mode,
    modulation: Callable[[], theorem.Modulation] = theorem.smooth_modulation,
) -> list[Evidence]:
    """Uniformity under continuity alone, the product of the slopes in every D,
    uniqueness; and what each hypothesis is for."""
    return [
        cell_tables.uniform_image(tables),
        cell_tables.atoms_fall_behind(),
        theorem.uniform_boxes(),
        theorem.ends_of_the_coordinate(),
        theorem.product_of_slopes(coordinate),
        [theorem.determinant_of_an_explicit_map(size, conditional=conditional) for size in (1, 2, 3)],
        theorem.uniqueness(orientation),
        cell_tables.continuous_inverse(supports),
        theorem.finite_marginals(precision),
        theorem.differentiable_in_earlier_coordinates(modulation),
    ]


def numeric(
    case: Case, stream: Stream, *, distribution: Maker = declared_transport, another: Another = cholesky_map,
    log_prob: LogFunction | None = None, points: Tensor | None = None,
) -> list[Evidence]:  # fmt: skip
    """Slopes, triangularity, inverse and uniqueness of the map as evaluated."""
    if log_prob is not None:
        return _of_a_map(transports.density_at_points(log_prob, points))
    chosen = distribution(
        case.distribution, case.D, case.by, Stream(case.get("seed", 0), stream.device, stream.dtype).fork("law")
    )
    x = chosen.sample(case.size, stream.fork("points"))
    map_ = MeasuredMap.of(chosen.map(), chosen.log_prob, x, density_units(chosen, x))
    found = _of_a_map(map_)
    if getattr(chosen, "gaussian", None) is not None:
        name = "the increasing triangular map through the Cholesky factor is the same"
        found.append(measured(map_.against(lambda x: another(chosen, x)), resolves=1e-4, name=name))
    return found


def _of_a_map(map_: MeasuredMap) -> list[Evidence]:
    preimages = map_.preimages()
    return [
        measured(
            map_.slopes_against_density(), resolves=1e-3, name="the product of the slopes as evaluated is p (nats)"
        ),
        measured(map_.triangularity(), resolves=1e-300, name="no output moves with a later coordinate"),
        measured(map_.tails_of_preimages(), resolves=1e-3, name="the tails of the preimages"),
        *([measured(preimages, resolves=1e-6, name="the preimages themselves")] if preimages else []),
        measured(map_.jump_at_the_medians(), resolves=0.1, name="the inverse has no jump at the medians"),
    ]


def statistical(case: Case, stream: Stream, *, distribution: Maker = declared_transport) -> list[Evidence]:
    """Samples pushed through the map: each coordinate against the uniform distribution,
    each pair against the product."""
    chosen = distribution(
        case.distribution, case.D, case.by, Stream(case.get("seed", 0), stream.device, stream.dtype).fork("law")
    )
    pushed = PushedSamples(chosen, case.size, stream.fork("samples"))
    columns = Test.dkw(case.size, tests=pushed.dim)
    found = [tested(pushed.columns, columns, resolves=0.05, slack=pushed.slack, name="each coordinate is uniform")]
    if pushed.tests:  # P(sup > e) <= 2 (n + 1) exp(-2 n e^2), Naaman 2021, for D = 2
        pairs = Test.dkw(case.size, tests=pushed.tests * (case.size + 1))
        found.append(
            tested(pushed.pairs, pairs, resolves=0.06, slack=pushed.slack, name="each pair is uniform on the square")
        )
    return found


def symmetric_root_map(distribution: Transported, x: Tensor) -> Tensor:
    """Phi of the coordinates whitened by the symmetric root of the covariance."""
    mean, covariance = distribution.gaussian
    values, vectors = torch.linalg.eigh(covariance)
    return torch.special.ndtr((x - mean) @ (vectors * values.rsqrt()) @ vectors.mT)


def reversed_order_map(distribution: Transported, x: Tensor) -> Tensor:
    """The map of the coordinates in reversed order."""
    mean, covariance = distribution.gaussian
    flipped = Transported(GaussianMixture(mean.new_ones(1), mean.flip(0)[None], covariance.flip(0, 1)[None]), None)
    return cholesky_map(flipped, x.flip(1)).flip(1)


_GAUSSIAN = Case(D=2, distribution="gaussian", by="closed form", seed=1, size=64)
_MIXTURE = Case(D=2, distribution="mixture", by="closed form", seed=2, size=64)
_SPLIT = Case(D=2, distribution="split", by="closed form", seed=2, size=64)
_TIED = Case(D=2, distribution="tied", by="closed form", seed=1, size=100_000)
_ATOM = Case(D=1, distribution="atom", by="closed form", seed=2, size=25_000)
_SAME = "the increasing triangular map through the Cholesky factor"
controls = {
    "unconditional": [
        Control(exact, fails="product of the slopes", coordinate=theorem.unconditional_cdf),
        Control(exact, fails="determinant of an explicit map, D = 2", conditional=False),
        Control(numeric, fails="the product of the slopes", cases=[_MIXTURE], distribution=unconditional_transport),
        Control(statistical, fails="each pair is uniform", cases=[_TIED], distribution=unconditional_transport),
    ],
    "atoms": [
        Control(exact, fails="the image is uniform", tables=cell_tables.atoms_on_the_line),
        Control(statistical, fails="each coordinate is uniform", cases=[_ATOM], distribution=atomic_transport),
    ],
    "another-sampler": Control(statistical, fails="each coordinate is uniform", cases=[_TIED], distribution=widened_transport),
    "gap-in-a-projection": [
        Control(exact, fails="no level of a coordinate has two preimages", supports=cell_tables.two_squares),
        Control(numeric, fails="the inverse has no jump", cases=[_SPLIT], distribution=split_transport),
    ],
    "infinite-marginal": Control(exact, fails="the squared slope on the fibre y = 0", precision=sp.sqrt),
    "full-jacobian": Control(exact, fails="difference quotients", modulation=theorem.weierstrass_modulation),
    "not-increasing": Control(exact, fails="the coordinate that the masses force", orientation=-1),
    "not-triangular": Control(numeric, fails=_SAME, cases=[_GAUSSIAN], another=symmetric_root_map),
    "any-order": Control(numeric, fails=_SAME, cases=[_GAUSSIAN], another=reversed_order_map),
}  # fmt: skip
