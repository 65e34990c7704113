"""Entangled twins: two latent-variable models with one distribution of the data, and
what disentanglement scores say of the second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
import torch
from torch import Tensor

from numerics.distributions import marginals as families
from numerics.distributions.declared import declared_product
from numerics.latents import known_scores, rotations
from numerics.latents.entangling import Direct, EntanglingMap, Link
from numerics.latents.population_scores import Levels, levels
from numerics.latents.twin_measurements import DIRECTIONS, MeasuredTwin, Observe, compared_draws, scored_codes
from numerics.latents.twins import EntangledTwin, RandomDecoder
from numerics.streams import Stream
from proofs_checks.catalogue.disentanglement.figures import identical_marginals as figure
from proofs_checks.inputs.rotations import cases_of_maps, points_of, users_map
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.disentanglement import SMOOTH, sampled_twin_cases, twin_cases
from theory.latents import twins as symbols
from theory.latents.entangling import spike_rotation

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

Mixing = Callable[[Case, Stream], Tensor]
Map = Callable[..., Any]

POINTS, WEIGHTS_UP_TO = 1024, 64  # points, and dimensions in which weights are fitted, in the numeric route

cases = {
    "numeric": Cases(twin_cases, always=[
        Case(D=2, families=("logistic", "gumbel"), rotation="equal", outputs=2, seed=1, size=160),
        Case(D=64, families=("laplace", "uniform"), rotation="equal", outputs=3, seed=1, size=256),
        Case(D=512, families=("laplace", "gumbel"), rotation="random", outputs=3, seed=1, size=16),
    ]),
    "statistical": Cases(sampled_twin_cases, always=[
        Case(D=2, families=("uniform", "laplace"), rotation="equal", outputs=2, seed=1, size=25_000),
        Case(D=4, families=("exponential", "logistic"), rotation="equal", outputs=3, seed=1, size=25_000),
        Case(D=3, families=("gumbel",), rotation="near", outputs=2, seed=1, size=25_000),
    ]),
}  # fmt: skip
cases_for = cases_of_maps("decoder", families=("logistic", "exponential"))


def rotation_of(case: Case, stream: Stream) -> Tensor:
    """The orthogonal matrix that the case names."""
    return rotations.declared_rotation(case.D, case.rotation, stream)


def exact(
    *, models: Map = symbols.preserving_models, seen: Map = symbols.same_distribution, entries: Map = symbols.sign_matrix, cumulant: Any = 0
) -> list[Any]:  # fmt: skip
    """Finite alphabets by enumeration, the twin's integrand from definitions, scores of
    equal entries; a control runs its part alone."""
    if models is not symbols.preserving_models or seen is not symbols.same_distribution:
        return [seen(models())]
    about_entries = [
        symbols.entries_of_one_size(entries),
        symbols.flips_carry_columns(entries),
        symbols.fourth_cumulants(entries, cumulant),
    ]
    if entries is not symbols.sign_matrix or cumulant != 0:
        return about_entries
    return [
        seen(models()),
        symbols.twin_integrand(2, symbols.rotation_of_the_plane()),
        symbols.twin_integrand(3, spike_rotation(3, 3)),
        symbols.inverse_undoes(3),
        symbols.inverse_is_recovered(),
        about_entries,
        symbols.normal_pair_reflected(),
        symbols.equal_importances(),
        symbols.votes_by_chance(),
        symbols.four_divides_d(),
        symbols.doubling(entries),
        symbols.orthogonal_sign_matrices(entries),
    ]


def _twin(
    case: Case, stream: Stream, *, decoder: Any, marginals: Any, A: Tensor | None, rotation: Mixing, link: Link | None
) -> EntangledTwin:
    """The case's twin, or one of the user's decoder, prior or matrix."""
    if marginals is None and A is None:
        prior = declared_product(case.families, case.D, stream.fork("law"))
        mapping = EntanglingMap(prior, rotation(case, stream.fork("rotation")), link=link)
    else:
        given = users_map(marginals, A, stream.fork("law"), fallback=rotations.flat_rotation)
        mapping = EntanglingMap(given.prior, given.A, link=link)
    return EntangledTwin(decoder or RandomDecoder(mapping.dim, case.get("outputs", 2), stream.fork("decoder")), mapping)


def numeric(
    case: Case, stream: Stream, *, marginals: Any = None, A: Tensor | None = None, rotation: Mixing = rotation_of,
    link: Link | None = None, level: Map = levels,
) -> list[Evidence]:  # fmt: skip
    """The integrand carried point by point; in the plane both distributions of x;
    importances by least squares; scores known by counting."""
    twin = _twin(case, stream, decoder=None, marginals=marginals, A=A, rotation=rotation, link=link)
    size, d = min(case.size, POINTS), twin.mapping.dim
    seen = MeasuredTwin(twin, points_of(twin.mapping, stream.fork("points"), size))
    found = [measured(seen.integrand(stream.fork("noise")), resolves=1e-5, name="integrand carried to the twin")]
    if d == 2 and set(case.get("families", ("other",))) <= set(SMOOTH):
        both = seen.distributions_of_x(stream.fork("places"))
        found.append(measured(both, resolves=1e-2, name="P(x) of both models"))
    if not seen.differenced and d <= WEIGHTS_UP_TO and size >= 2 * d:
        weights, flat = seen.importances()
        found.append(measured(weights, resolves=1e-6, name="importances are the entries of A"))
        if level(twin.mapping.A).equal:
            found.append(measured(flat, resolves=1e-6, name="DCI is 0"))
    return [
        *found,
        measured(known_scores.mig_of_a_partial_alignment(), resolves=1e-6, name="MIG by counting"),
        measured(known_scores.mig_of_a_rotation(), resolves=1e-6, name="MIG with two bins by Sheppard's arcsine"),
        measured(known_scores.cells_of_a_normal_pair(), resolves=1e-6, name="cells of a normal pair by conditioning"),
        measured(known_scores.dci_of_a_partial_alignment(), resolves=1e-6, name="DCI by its definition"),
        measured(known_scores.dci_of_a_rotation(), resolves=1e-6, name="DCI of a rotation from A alone"),
    ]


def only_x(z: Tensor, x: Tensor) -> Tensor:
    """What is observed of a draw (z, x): x alone."""
    return x


def statistical(
    case: Case, stream: Stream, *, decoder: Any = None, marginals: Any = None, A: Tensor | None = None, rotation: Mixing = rotation_of,
    link: Link | None = None, observe: Observe = only_x, level: Map = levels,
) -> list[Evidence]:  # fmt: skip
    """Samples of both models, coordinate by coordinate and jointly; and the scores of
    f(z) against z at their levels."""
    twin = _twin(case, stream, decoder=decoder, marginals=marginals, A=A, rotation=rotation, link=link)
    seen, slack = compared_draws(twin, case.size, observe, stream)
    columns, directions = (Test.dkw_two_sample(*[case.size] * 2, tests=k) for k in (seen.columns, DIRECTIONS))
    joint = Test.hoeffding(2 * case.size, seen.joint.width)
    found = [
        tested(seen.by_column, columns, resolves=0.1, name="each coordinate of x"),
        tested(seen.by_direction, directions, resolves=0.1, name="projections of x"),
        tested(seen.joint.distance, joint, resolves=0.2, slack=slack, name="x jointly"),
    ]
    if observe is not only_x or link is not None:
        return found
    from_a = level(twin.mapping.A)
    off, draws, width, bias, votes = scored_codes(twin, case.size, from_a, stream)
    d = twin.mapping.dim
    information = Test.hoeffding(draws, width, tests=d * d)
    found.append(tested(off, information, resolves=0.2, slack=bias, name="information in 20 bins, over log 20"))
    if votes is not None:
        chance = Test.clopper_pearson(votes.total, from_a.factor_vae)
        found.append(tested(votes.right, chance, resolves=0.2, name="FactorVAE is chance"))
    known, share = known_scores.votes_with_a_factor_left_out(stream.fork("left out"))
    left_out = Test.clopper_pearson(known.total, share)
    return [*found, tested(known.right, left_out, resolves=0.2, name="FactorVAE with a factor left out")]


def _pair(z: Tensor, x: Tensor) -> Tensor:
    return torch.cat([z, x], dim=-1)


def _as_if_equal(A: Tensor) -> Levels:
    return Levels(0.0, 0.0, 0.0, 1.0 / len(A), True)


_PLANE = Case(D=2, seed=2, size=100_000)  # with torch.clone for the linear decoder x = z
_FLAT, _SKEWED = [families.Uniform()] * 2, [families.Exponential()] * 2  # fixed: what is false shows at every seed
_BACKWARDS = -rotations.flat_rotation(2)  # one coordinate then has its long tail on the other side
_SMOOTH = Case(D=2, families=("gumbel",), rotation="equal", outputs=2, seed=2, size=128)
_NEAR = Case(D=2, families=("logistic",), rotation="near", outputs=2, seed=3, size=128)
_MANY_NEAR = Case(D=2, families=("logistic",), rotation="near", outputs=2, seed=3, size=25_000)
_SPIKED = {"entries": lambda d: spike_rotation(d, sympy.Integer(d))}
_ROTATED = {"link": Direct(), "marginals": _SKEWED, "A": _BACKWARDS}
controls = {
    "latent-observed": [
        Control(exact, fails="distribution of (z, x)", seen=symbols.same_joint_distribution),
        Control(statistical, fails="projections of x", cases=[_PLANE], observe=_pair, decoder=torch.clone, marginals=_FLAT),
    ],
    "any-bijection": [
        Control(exact, fails="distribution of x", models=symbols.all_models),
        Control(numeric, fails="integrand carried", cases=[_SMOOTH], link=Direct()),
        Control(numeric, fails="P(x) of both", cases=[_SMOOTH], link=Direct()),
        Control(statistical, fails="each coordinate of x", cases=[_PLANE], decoder=torch.atan, **_ROTATED),
        Control(statistical, fails="x jointly", cases=[_PLANE], decoder=torch.atan, **_ROTATED),
    ],
    "every-rotation": [
        Control(exact, fails="entries of one size", **_SPIKED),
        Control(exact, fails="flips carry", **_SPIKED),
        Control(numeric, fails="DCI is 0", cases=[_NEAR], level=_as_if_equal),
        Control(statistical, fails="information", cases=[_MANY_NEAR], level=_as_if_equal),
        Control(statistical, fails="FactorVAE is chance", cases=[_MANY_NEAR], level=_as_if_equal),
    ],
    "linear-decoders": [
        Control(exact, fails="fourth cumulants", cumulant=6),  # of the exponential distribution
        Control(statistical, fails="each coordinate of x", cases=[_PLANE], decoder=torch.clone, **_ROTATED),
    ],
}  # fmt: skip
