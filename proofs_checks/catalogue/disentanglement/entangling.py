"""Entangling maps: bijections that preserve a product distribution and mix every
coordinate with every other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy
import torch
from torch import Tensor

from numerics.distributions.declared import declared_product
from numerics.distributions.marginals import SplitUniform
from numerics.distributions.product import Product
from numerics.latents.entangling import Direct, EntanglingMap, Link
from numerics.latents.entangling_measurements import MeasuredMap
from numerics.latents.pushed_samples import DIRECTIONS, PushedSamples
from numerics.latents.rotations import declared_rotation, householder, spike
from numerics.streams import Stream
from proofs_checks.catalogue.disentanglement.figures import entangling as figure
from proofs_checks.inputs.rotations import cases_of_maps, exact_rotation, points_of, users_map
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, identity, measured, tested
from proofs_checks.strategies.disentanglement import entangling_cases, pushed_entangling_cases
from theory.arithmetic.isometries import cayley
from theory.arithmetic.isometries import householder as exact_householder
from theory.latents import entangling as symbols

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Prior = Callable[[Case, Stream], Product]
Mixing = Callable[[Case, Stream], Tensor]

cases = {
    "numeric": Cases(entangling_cases, always=[
        Case(D=2, families=("logistic", "exponential"), rotation="reflection", t=Fraction(2), seed=1, size=512, nonzero="everywhere"),
        Case(D=3, families=("split",), rotation="reflection", t=Fraction(3), seed=1, size=512, nonzero="almost everywhere"),
        Case(D=512, families=("laplace", "uniform", "gumbel", "cauchy"), rotation="random", t=Fraction(1), seed=1, size=64, nonzero="everywhere"),
    ]),
    "statistical": Cases(pushed_entangling_cases, always=[
        Case(D=2, families=("uniform", "cauchy"), rotation="reflection", t=Fraction(2), seed=1, size=100_000),
        Case(D=4, families=("exponential", "triangular", "laplace"), rotation="random", t=Fraction(1), seed=1, size=100_000),
    ]),
}  # fmt: skip
cases_for = cases_of_maps("rows")


def prior_of(case: Case, stream: Stream) -> Product:
    """The product distribution that the case names."""
    return declared_product(case.families, case.D, stream)


def rotation_of(case: Case, stream: Stream) -> Tensor:
    """The orthogonal matrix that the case names."""
    return declared_rotation(case.D, case.rotation, stream, t=float(case.t))


def exact(*, rotation: symbols.Rotation = symbols.spike_rotation, start: int = 2, rows: Any = None) -> list[Any]:
    """Jacobian and density for undefined marginals; which reflections have no zero, and
    that of (t, 1, .., 1) for d >= ``start``."""
    if rows is not None:
        return _of_exact_rows(exact_rotation(rows))
    about_rotations = [
        symbols.no_zero_in_small_spikes(rotation, start),
        [symbols.spike_matrix_is(rotation, size) for size in (start, start + 1)],
        symbols.distinct_parameters(rotation, start),
    ]
    if rotation is not symbols.spike_rotation or start != 2:
        return about_rotations  # what does not speak of the rotation is not proved once more for another one
    return [
        symbols.slope_of_the_inner_step(),
        symbols.whole_jacobian(2),
        symbols.whole_jacobian(3, rows=1),
        symbols.partial_derivative(),
        symbols.reflection_keeps_norms(),
        symbols.reflection_is_orthogonal(3),
        symbols.determinant_of_a_reflection(),
        symbols.density_balance(),
        symbols.density_is_preserved(2, cayley([[0, Fraction(1, 2)], [Fraction(-1, 2), 0]])),
        symbols.density_is_preserved(3, symbols.spike_rotation(3, 3)),
        symbols.entries_of_reflections(),
        symbols.spike_has_no_zero(),
        about_rotations,
    ]


def _of_exact_rows(matrix: sympy.Matrix) -> list[Any]:
    """A user's exact matrix: orthogonal, no zero entry, and the density in its
    dimension where that is small."""
    d = matrix.rows
    return [
        identity(matrix.T * matrix, sympy.eye(d), name="orthogonal"),
        symbols.no_zero_entry({"yours": matrix}, f"entries of the matrix, d = {d}", d * d),
        [symbols.density_is_preserved(d, matrix)] if d <= 3 else [],
    ]


def _reflection(d: int) -> Tensor:
    return householder(spike(d, float(d)))


def _map(case: Case, stream: Stream, marginals: Any, A: Tensor | None, prior: Prior, rotation: Mixing) -> EntanglingMap:  # noqa: PLR0917
    if marginals is not None or A is not None:
        return users_map(marginals, A, stream.fork("law"), fallback=_reflection)
    return EntanglingMap(prior(case, stream.fork("law")), rotation(case, stream.fork("rotation")))


def numeric(
    case: Case, stream: Stream, *, marginals: Any = None, A: Tensor | None = None, prior: Prior = prior_of, rotation: Mixing = rotation_of
) -> list[Evidence]:  # fmt: skip
    """The map as evaluated: density before and after, least entry of the Jacobian,
    inverse, and no jump."""
    f = _map(case, stream, marginals, A, prior, rotation)
    seen = MeasuredMap(f, points_of(f, stream.fork("points"), case.size))
    found = [
        measured(seen.density(), resolves=1e-6, name="density before and after"),
        measured(seen.vanishing_entries(), resolves=2.0**-10, name="every entry of the Jacobian is nonzero"),
    ]
    if not seen.differenced:
        found.append(measured(seen.inverse(), resolves=1e-3, name="inverse"))
    if case.get("nonzero") != "almost everywhere":
        found.append(measured(seen.jump(), resolves=1e-3, name="no jump"))
    return found


def statistical(
    case: Case, stream: Stream, *, marginals: Any = None, A: Tensor | None = None, rotation: Mixing = rotation_of, link: Link | None = None
) -> list[Evidence]:  # fmt: skip
    """Pushed samples: each pair on the cells of a square, each coordinate against F and
    fresh samples, projections against fresh samples."""
    f = _map(case, stream, marginals, A, prior_of, rotation)
    d, size = f.dim, case.size
    seen = PushedSamples(f if link is None else EntanglingMap(f.prior, f.A, link=link), size, stream)
    pairs = Test.hoeffding(size, 1.0, tests=d * (d - 1) // 2)
    fresh, projected = (Test.dkw_two_sample(size, size, tests=count) for count in (d, DIRECTIONS))
    return [
        tested(seen.pairs, pairs, resolves=0.1, slack=seen.under_independence, name="pairs, on 16 cells of the square"),
        tested(seen.marginals, Test.dkw(size, tests=d), resolves=0.05, slack=seen.rounding, name="marginals against F"),
        tested(seen.columns, fresh, resolves=0.1, name="marginals against fresh samples"),
        tested(seen.projections, projected, resolves=0.1, name="projections against fresh samples"),
    ]


def _flat_reflection(case: Case, stream: Stream) -> Tensor:
    return householder(torch.ones(case.D, dtype=torch.float64)).to(stream.device)


def _identity_matrix(case: Case, stream: Stream) -> Tensor:
    return torch.eye(case.D, dtype=torch.float64, device=stream.device)


def _unit_rows(case: Case, stream: Stream) -> Tensor:
    return torch.tensor([[0.96, 0.28], [0.6, 0.8]], dtype=torch.float64, device=stream.device)


def _with_a_gap(case: Case, stream: Stream) -> Product:
    return Product([SplitUniform(torch.zeros(case.D))])


_PLANE = Case(D=2, families=("uniform",), rotation="reflection", t=Fraction(2), seed=2, size=100_000)
_CUBE = Case(D=2, families=("uniform",), rotation="reflection", t=Fraction(2), seed=2, size=200_000)
_FEW = Case(D=2, families=("logistic", "laplace"), rotation="reflection", t=Fraction(2), seed=2, size=256)
_GAP = Case(D=2, families=("logistic",), rotation="reflection", t=Fraction(2), seed=3, size=512)
ZERO = "every entry of the Jacobian"
controls = {
    "rotated-cube": [
        Control(statistical, fails=name, cases=[_CUBE], link=Direct())
        for name in ("marginals against F", "marginals against fresh", "projections against fresh")
    ],
    "unit-rows": [
        Control(numeric, fails="density before and after", cases=[_FEW], rotation=_unit_rows),
        Control(numeric, fails="inverse", cases=[_FEW], rotation=_unit_rows),
        Control(statistical, fails="pairs", cases=[_PLANE], rotation=_unit_rows),
    ],
    "gap-in-the-support": Control(numeric, fails="no jump", cases=[_GAP], prior=_with_a_gap),
    "equal-entries-in-the-plane": [
        Control(exact, fails="no zero entry", rotation=lambda d, t: exact_householder([1] * d)),
        Control(numeric, fails=ZERO, cases=[_FEW], rotation=_flat_reflection),
    ],
    "one-dimension": Control(exact, fails="distinct t > 0 give distinct maps, in the least", start=1),
    "identity": [
        Control(exact, fails="no zero entry", rotation=lambda d, t: sympy.eye(d)),
        Control(numeric, fails=ZERO, cases=[_FEW], rotation=_identity_matrix),
    ],
}  # fmt: skip
