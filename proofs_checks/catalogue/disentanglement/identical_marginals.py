"""Entangled twins: two latent-variable models with one law of the data, and what disentanglement scores say of the second."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import sympy
import torch
from torch import Tensor

from numerics import disentanglement_scores as scores
from numerics import marginals as laws
from numerics import score_levels
from numerics.foreign_marginals import as_product
from numerics.random import Stream, tiles
from numerics.transports import entangling as maps
from numerics.transports import entangling_errors
from numerics.transports.twins import EntangledTwin, RandomDecoder
from numerics.twin_samples import FITTED, Comparison, fitted_weights, information_defect, information_width
from numerics.two_samples import mean_under_equal_laws
from proofs_checks.catalogue.disentanglement.entangling import declared_law
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, finite, identity, measured, structural, tested
from proofs_checks.strategies.latents import SMOOTH, sampled_twin_cases, twin_cases
from theory import identical_marginals as symbols
from theory.entangling import DIMENSION, Claimed, law_step, spike_rotation
from theory.isometries import cayley

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Rotation = Callable[[Case, Stream], Tensor]
Observe = Callable[[Tensor, Tensor], Tensor]
Level = Callable[[Tensor], score_levels.Levels]

FEATURES, DIRECTIONS = 24, 12
VOTES, BATCH = 2000, 8
NODES = 256  # a side, in the plane
EDGE = 8.5  # standard deviations
WEIGHTS_UP_TO = 64  # dimensions in which weights are fitted

cases = {
    "numeric": Cases(twin_cases, always=[
        Case(D=2, laws=("logistic", "gumbel"), rotation="equal", outputs=2, seed=1, size=160),
        Case(D=64, laws=("laplace", "uniform"), rotation="equal", outputs=3, seed=1, size=256),
        Case(D=512, laws=("laplace", "gumbel"), rotation="random", outputs=3, seed=1, size=16),
    ]),
    "statistical": Cases(sampled_twin_cases, always=[
        Case(D=2, laws=("uniform", "laplace"), rotation="equal", outputs=2, seed=1, size=25_000),
        Case(D=4, laws=("exponential", "logistic"), rotation="equal", outputs=3, seed=1, size=25_000),
        Case(D=3, laws=("gumbel",), rotation="near", outputs=2, seed=1, size=25_000),
    ]),
}  # fmt: skip


# -- by symbols ---------------------------------------------------------------------------------------------------------


def exact(
    *, keep: Callable[..., bool] = symbols.is_preserved, seen: str = "x", entries: Callable[[int], sympy.Matrix] = symbols.sign_matrix,
    cumulant: Any = 0,
) -> list[Evidence]:  # fmt: skip
    """Finite alphabets by enumeration, continuous latents by induction on d, scores of equal entries; a control replaces one object and its part alone is run."""
    parts = [
        (keep is not symbols.is_preserved or seen != "x", lambda: [_finite_models(keep, seen)]),
        (
            entries is not symbols.sign_matrix,
            lambda: [_entries_of_one_size(entries), *_fourth_cumulants(entries, cumulant)],
        ),
        (cumulant != 0, lambda: _fourth_cumulants(entries, cumulant)),
    ]
    chosen = [make for changed, make in parts if changed]
    if chosen:
        return [evidence for make in chosen for evidence in make()]
    return [
        _finite_models(keep, seen),
        *_every_dimension(),
        *_scores_of_equal_entries(entries),
        *_fourth_cumulants(entries, cumulant),
    ]


def _finite_models(keep: Callable[..., bool], seen: str) -> Evidence:
    models = symbols.finite_models(keep)
    if seen == "x":
        return finite(
            models,
            symbols.law_of_twin,
            second=symbols.same_sets,
            of="finite models with 2 to 4 latents",
            name="law of x",
        )
    return finite(
        models, lambda model: symbols.law_of_pair(model)[0], second=lambda model: symbols.law_of_pair(model)[1],
        of="finite models with 2 to 4 latents", name="law of (z, x)",
    )  # fmt: skip


def _claimed(claim: Claimed) -> Evidence:
    return identity(claim.left, claim.right, assuming=claim.assuming, name=claim.name)


def _every_dimension() -> list[Evidence]:
    plane = cayley([[0, Fraction(1, 2)], [Fraction(-1, 2), 0]])
    return [
        structural(
            DIMENSION, start=2, name="the twin's integrand is the model's, carried by f",
            base=_claimed(symbols.integrand_is_carried(2, plane)),
            step=[_claimed(claim) for claim in law_step()],
            small=_claimed(symbols.integrand_is_carried(3, spike_rotation(3, 3))),
        ),
        structural(
            DIMENSION, start=2, name="the inverse undoes f in normal coordinates",
            base=_claimed(symbols.inverse_undoes(2)),
            step=[_claimed(claim) for claim in symbols.inverse_step()],
            small=_claimed(symbols.inverse_undoes(3)),
        ),
    ]  # fmt: skip


def _entries_of_one_size(entries: Callable[[int], sympy.Matrix]) -> Evidence:
    """|A_ij|^2 = 1/d, so that the correlations of codes and factors, and with them all informations and importances, are of one size."""
    places = [(d, i, j) for d in (2, 4, 8, 12) for i in range(d) for j in range(d)]
    matrices = {d: entries(d) for d in (2, 4, 8, 12)}

    def of_one_size(place: tuple[int, int, int]) -> bool:
        d, i, j = place
        return matrices[d][i, j] ** 2 * d == matrices[d].row(i).dot(matrices[d].row(i))

    def by_neighbours(place: tuple[int, int, int]) -> bool:
        d, i, j = place
        return all(matrices[d][i, k] ** 2 == matrices[d][i, j] ** 2 for k in range(d))

    return finite(
        places,
        of_one_size,
        second=by_neighbours,
        of="entries of rotations with d = 2, 4, 8, 12",
        name="entries of one size",
    )


def _scores_of_equal_entries(entries: Callable[[int], sympy.Matrix]) -> list[Evidence]:
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    one = sympy.Matrix([[1]])
    columns = [pair for d in (2, 3) for pair in product(product((-1, 1), repeat=d), repeat=2)]
    votes = [(called, shares) for d in (2, 3, 4) for called in product(range(d), repeat=d) for shares in _shares(d)]
    return [
        _entries_of_one_size(entries),
        _claimed(symbols.normal_pair_reflected()),
        _claimed(symbols.concentration_of_equal_shares()),
        finite(
            columns, lambda pair: symbols.signs_carry(*pair), second=lambda pair: symbols.signs_carry(*pair[::-1]),
            of="pairs of columns of 2 or 3 signs", name="flips carry any column of signs to any other",
        ),
        finite(
            votes, lambda vote: symbols.vote_accuracy(*vote)[0] == Fraction(1, len(vote[0])),
            second=lambda vote: symbols.vote_accuracy(*vote)[1] * len(vote[0]) == 1,
            of="majority votes over 2 to 4 codes", name="votes that do not depend on the factor are right by chance",
        ),
        finite(
            symbols.SIGN_TRIPLES, lambda s: (s[0] + s[1]) * (s[0] + s[2]) in (0, 4),
            second=lambda s: 1 + s[0] * s[2] + s[1] * s[0] + s[1] * s[2] in (0, 4),
            of="columns of three rows of signs", name="equal entries need 4 | d beyond d = 2",
        ),
        structural(
            k, start=0, name="equal entries exist for every power of 2",
            base=identity(one.T * one, sympy.eye(1)), step=[_claimed(claim) for claim in symbols.doubling()],
            small=[identity(entries(d).T * entries(d), d * sympy.eye(d)) for d in (2, 4)],
        ),
        identity(entries(12).T * entries(12), 12 * sympy.eye(12), name="and for d = 12"),
    ]  # fmt: skip


def _shares(d: int) -> list[tuple[Fraction, ...]]:
    """Equal shares, rising ones, and all for one code."""
    rising = [Fraction(2 * (i + 1), d * (d + 1)) for i in range(d)]
    return [(Fraction(1, d),) * d, tuple(rising), (Fraction(1), *(Fraction(0),) * (d - 1))]


def _fourth_cumulants(entries: Callable[[int], sympy.Matrix], cumulant: Any) -> list[Evidence]:
    """A rotation keeps the fourth cumulants of what it rotates: true of normal coordinates, where they vanish."""
    rows = entries(4) / 2
    kept = sympy.Matrix([sympy.sympify(cumulant)] * 4)
    return [
        identity(
            symbols.cumulant_after_rotation(rows, sympy.sympify(cumulant)), kept, name="fourth cumulants after rotation"
        )
    ]


# -- by floating point --------------------------------------------------------------------------------------------------


def declared_rotation(case: Case, stream: Stream) -> Tensor:
    """All |A_ij| equal, near a signed permutation, or the orthogonal factor of a matrix of normals (drawn again while an entry is hard to tell from 0)."""
    if case.rotation == "near":
        return score_levels.near_permutation(case.D, 0.02).to(stream.device)
    if case.rotation == "equal":
        A = score_levels.equal_entries(case.D)
        if A is None:
            raise InputError(f"No orthogonal matrix with all |A_ij| equal is known here for d = {case.D}.")
        return A.to(stream.device)
    while True:
        A = torch.linalg.qr(stream.normal(case.D, case.D)).Q
        if bool(A.abs().min() > 0.1 * case.D**-2.5):
            return A


def _twin(
    case: Case,
    stream: Stream,
    *,
    decoder: Any,
    marginals: Any,
    A: Tensor | None,
    rotation: Rotation,
    link: maps.Link | None,
) -> EntangledTwin:
    """The case's twin, or one of the reader's decoder, prior or matrix, each checked against the hypotheses and refused by name."""
    try:
        law = declared_law(case, stream.fork("law")) if marginals is None else as_product(marginals)
        if marginals is None and A is None:
            matrix = rotation(case, stream.fork("rotation"))
        else:
            matrix = (score_levels.flat_rotation(law.dimension) if A is None else maps.check_rotation(A)).to(
                stream.device
            )
        mapping = maps.EntanglingMap(law, matrix, link=link)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    if law.dimension < 2:
        raise InputError(f"Hypothesis 'd >= 2' failed: got d = {law.dimension}, where there is nothing to entangle.")
    return EntangledTwin(
        decoder or RandomDecoder(law.dimension, case.get("outputs", 2), stream.fork("decoder")), mapping
    )


def cases_for(*, decoder: Any = None, marginals: Any = None, A: Tensor | None = None, **others: object) -> list[Case]:
    """One case for a reader's decoder, prior or matrix, of their dimension."""
    if others or (marginals is None and A is None):
        raise InputError(f"Expected marginals or A (and a decoder, if you like), got {', '.join(others) or 'neither'}.")
    try:
        dimension = as_product(marginals).dimension if marginals is not None else len(A)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    kind = {} if marginals is not None else {"laws": ("logistic", "exponential")[: min(2, dimension)]}
    return [Case(D=dimension, seed=1, size=20_000 if dimension <= 16 else 512, **kind)]


def numeric(
    case: Case, stream: Stream, *, marginals: Any = None, A: Tensor | None = None, rotation: Rotation = declared_rotation,
    link: maps.Link | None = None, level: Level = score_levels.levels,
) -> list[Evidence]:  # fmt: skip
    """The integrand carried point by point; in the plane both laws of x by quadrature; importances by least squares on the map as evaluated."""
    twin = _twin(case, stream, decoder=None, marginals=marginals, A=A, rotation=rotation, link=link)
    f = twin.mapping
    size = min(case.size, 1024)
    try:
        z = f.check(f.law.sample(stream.fork("points"), size).to(f.A.dtype))
    except ValueError as error:
        raise InputError(str(error)) from error
    at = f.linearize(z)
    error = entangling_errors.errors(f, at)
    found = [_carried(twin, z, at, error, stream)]
    if f.dimension == 2 and set(case.get("laws", ("other",))) <= set(SMOOTH):
        found.append(_both_laws(twin, z[:8], stream))
    if all(block.differentiable for block in f.law.blocks) and f.dimension <= WEIGHTS_UP_TO and size >= 2 * f.dimension:
        found += _importances(twin, at, error, level(f.A))
    return found


def _foreign(twin: EntangledTwin) -> tuple[str, ...]:
    smooth = all(block.differentiable for block in twin.mapping.law.blocks)
    return () if smooth else ("F and its inverse are smooth where they are differenced",)


def _carried(
    twin: EntangledTwin, z: Tensor, at: maps.Linearized, error: entangling_errors.Errors, stream: Stream
) -> Evidence:
    r"""log p(f(z)) + log |det J| + log K(x | f^-1(f(z))) against log p(z) + log K(x | z), for x of the first model."""
    decoder = twin.decoder
    with torch.enable_grad():
        inputs = z.detach().requires_grad_(True)
        mean = decoder(inputs)
        x = decoder.sample(mean.detach(), stream.fork("noise"))
        own = decoder.log_prob(x, mean)
        (slope,) = torch.autograd.grad(own.sum(), inputs)
    other = decoder.log_prob(x, twin(at.x))
    residual = (twin.mapping.density_defect(at) + other - own.detach()).abs()
    bound = Bound(
        {
            **error.density,
            "inverse seen by the decoder": 2.0 * (slope.abs() * error.round_trip / at.log_inner.exp()).sum(-1),
            "decoder": 2.0 * decoder.rounding(x, mean.detach()),
        },
        entangling_errors.DENSITY
        + " The round trip of z moves log K by its slope, doubled for what is of second order; both decodings are rounded.",
        estimated=("differences",) if _foreign(twin) else (),
        assumes=("torch's special functions are within 16 units of roundoff", *_foreign(twin)),
    )
    return measured(residual, bound, points=len(z), resolves=1e-5, name="integrand carried to the twin")


def _both_laws(twin: EntangledTwin, z: Tensor, stream: Stream) -> Evidence:
    """P(x) of both models by the trapezoidal rule in normal coordinates, each through its own decoder."""
    f, decoder = twin.mapping, twin.decoder
    x = decoder.sample(decoder(z), stream.fork("places"))
    values = []
    for nodes in (NODES, NODES // 2):
        line = torch.linspace(-EDGE, EDGE, nodes + 1, dtype=z.dtype, device=z.device)
        u = torch.cartesian_prod(line, line)
        weight = torch.exp(-0.5 * u.square().sum(-1)) * (2.0 * EDGE / nodes) ** 2 / (2.0 * math.pi)
        latent = f.law.columnwise(f.link.outer, u)
        values.append(
            [
                torch.stack([torch.exp(decoder.log_prob(point, mean)) @ weight for point in x])
                for mean in (decoder(latent), twin(latent))
            ]
        )
    (own, other), (own_coarse, other_coarse) = values
    bound = Bound(
        {
            "quadrature": ((own - own_coarse).abs() + (other - other_coarse).abs()) / own,
            "beyond the edge": 8.0 * 0.5 * math.erfc(EDGE / math.sqrt(2.0)) / own,
            "rounding": 2.0**-36 / own,
        },
        "Trapezoidal rule for a decaying analytic integrand, estimated by half the nodes a side; a kernel of at most 1 leaves at most the normal law's "
        "mass beyond the edge, twice for each side and model; sums of 66,049 terms that come to at most 1, each within 2^10 units of roundoff, a sum within as many units as it has terms.",
        estimated=("quadrature",), assumes=("the integrands are resolved by the coarser grid",),
    )  # fmt: skip
    return measured((own - other).abs() / own, bound, points=len(x), resolves=1e-2, name="P(x) of both models")


def _importances(
    twin: EntangledTwin, at: maps.Linearized, error: entangling_errors.Errors, claimed: score_levels.Levels
) -> list[Evidence]:
    """Weights of the factors' normal coordinates on the codes', against A; and the score that they give where all are equal."""
    A, d, points = twin.mapping.A, twin.mapping.dimension, len(at.z)
    weights, fit, law = fitted_weights(twin.mapping, at, error)
    functions = ("torch's special functions are within 16 units of roundoff",)
    whole = Bound({"fit": fit, "map": law}, FITTED, assumes=functions)
    name = "importances are the entries of A"
    found = [measured((weights - A).abs(), whole, points=points, resolves=1e-6, name=name)]
    if claimed.equal:
        share = 2.0 * (fit + law) / max(d**0.5 - d * (fit + law), 0.1)
        flat = Bound(
            {"weights": (d * share) ** 2 / math.log(d), "rounding": 4.0 * (d + 16) * torch.finfo(A.dtype).eps},
            FITTED + " Shares then differ from 1/d by at most 2e/(sqrt d - d e), and an entropy from log d by at most the chi-square distance; "
            "sums of d terms, logarithms within 16 units of roundoff.", assumes=functions,
        )  # fmt: skip
        both = torch.tensor(scores.dci_of_importance(weights.abs()))
        found.append(measured(both, flat, points=points, resolves=1e-6, name="DCI is 0"))
    return found


# -- by sampling --------------------------------------------------------------------------------------------------------


def only_x(z: Tensor, x: Tensor) -> Tensor:
    """What is observed of a draw (z, x): x alone."""
    return x


def statistical(
    case: Case, stream: Stream, *, decoder: Any = None, marginals: Any = None, A: Tensor | None = None, rotation: Rotation = declared_rotation,
    link: maps.Link | None = None, observe: Observe = only_x, level: Level = score_levels.levels,
) -> list[Evidence]:  # fmt: skip
    """Samples of both models, coordinate by coordinate and jointly; and the scores of f(z) against z at their levels."""
    twin = _twin(case, stream, decoder=decoder, marginals=marginals, A=A, rotation=rotation, link=link)
    found = _one_law(twin, case, stream, observe)
    return (
        found
        if observe is not only_x or link is not None
        else [*found, *_levels(twin, case, stream, level(twin.mapping.A))]
    )


def _draws(twin: EntangledTwin, stream: Stream, size: int, observe: Observe) -> Iterator[tuple[Tensor, Tensor]]:
    """Tiles of observations of the model and of its twin, from separate streams."""
    first, second = stream.fork("model"), stream.fork("twin")
    for count in tiles(size, max(1, (1 << 19) // max(twin.mapping.dimension, 16))):
        own = twin.prior.sample(first, count).to(twin.mapping.A)
        latent, seen = twin.sample(second, count)
        yield observe(own, _noisy(twin, twin.decoder(own), first)), observe(latent, _noisy(twin, seen, second))


def _noisy(twin: EntangledTwin, mean: Tensor, stream: Stream) -> Tensor:
    """x given its mean, for a decoder that has noise of its own; a reader's decoder has none."""
    return twin.decoder.sample(mean, stream) if isinstance(twin.decoder, RandomDecoder) else mean.detach().flatten(1)


def _one_law(twin: EntangledTwin, case: Case, stream: Stream, observe: Observe) -> list[Evidence]:
    pilot, _ = next(_draws(twin, stream.fork("pilot"), 1000, observe))
    seen, size = Comparison(pilot, stream, directions=DIRECTIONS, features=FEATURES), case.size
    for pair in _draws(twin, stream.fork("draws"), size, observe):
        for which, sample in enumerate(pair):
            seen.add(sample, which)
    slack = Bound(
        {"mean of the distance under one law": mean_under_equal_laws(size, size), "rounding": seen.joint.rounding()},
        "The distance of two empirical mean embeddings of norm 1 has a mean of at most sqrt(1/n + 1/m) when the laws agree (Gretton et al. 2012).",
    )
    columns, directions = (Test.dkw_two_sample(size, size, tests=count) for count in (seen.columns, DIRECTIONS))
    joint = Test.hoeffding(2 * size, seen.joint.width)
    return [
        tested(seen.by_column, columns, resolves=0.1, name="each coordinate of x"),
        tested(seen.by_direction, directions, resolves=0.1, name="projections of x"),
        tested(seen.joint.distance, joint, resolves=0.2, slack=slack, name="x jointly"),
    ]


def _levels(twin: EntangledTwin, case: Case, stream: Stream, claimed: score_levels.Levels) -> list[Evidence]:
    """MIG's informations and FactorVAE's votes at the levels that A (or an equal entry, where that is claimed) gives them."""
    f, d, n, bins = twin.mapping, twin.mapping.dimension, min(4 * case.size, 100_000), scores.BINS
    correlation = torch.full_like(f.A, d**-0.5) if claimed.equal else f.A.abs()
    off = information_defect(f, f.law.sample(stream.fork("scored"), n).to(f.A), correlation, bins)
    width, bias = information_width(n, bins)
    slack = Bound(
        {"bias": bias, "cells": 2.0**-20},
        "Paninski 2003 for the bias; masses of cells by quadrature.",
        estimated=("cells",),
    )
    information = Test.hoeffding(n, width, tests=d * d)
    found = [tested(off, information, resolves=0.2, slack=slack, name="information in 20 bins, over log 20")]
    if claimed.equal:
        drawn = stream.fork("factors")
        votes = scores.factor_vae_by_simulation(
            lambda z: f.law.columnwise(f.link.inner, f(z)), lambda m: f.law.sample(drawn, m).to(f.A), stream.fork("votes"),
            batch=BATCH, votes=2 * VOTES,
        )  # fmt: skip
        chance = Test.clopper_pearson(votes.total, 1.0 / d)
        found.append(tested(votes.right, chance, resolves=0.2, name="FactorVAE is chance"))
    return found


# -- what is false ------------------------------------------------------------------------------------------------------


def _pair(z: Tensor, x: Tensor) -> Tensor:
    return torch.cat([z, x], dim=-1)


def _as_if_equal(A: Tensor) -> score_levels.Levels:
    return score_levels.Levels(0.0, 0.0, 0.0, 1.0 / len(A), True)


class _Linear:
    """x = z, the simplest linear decoder."""

    def __call__(self, z: Tensor) -> Tensor:
        return z


_PLANE = Case(D=2, seed=2, size=100_000)
_FLAT, _SKEWED = [laws.Uniform()] * 2, [laws.Exponential()] * 2  # fixed, so that what is false shows at every seed
_BACKWARDS = -score_levels.flat_rotation(2)  # one coordinate then has its long tail on the other side
_SMOOTH = Case(D=2, laws=("gumbel",), rotation="equal", outputs=2, seed=2, size=128)
_NEAR = Case(D=2, laws=("logistic",), rotation="near", outputs=2, seed=3, size=128)
_MANY_NEAR = Case(D=2, laws=("logistic",), rotation="near", outputs=2, seed=3, size=25_000)

controls = {
    "latent-observed": [
        Control(exact, seen="z, x"),
        Control(statistical, cases=[_PLANE], observe=_pair, decoder=_Linear(), marginals=_FLAT),
    ],
    "any-bijection": [
        Control(exact, keep=lambda weights, bijection: True),
        Control(numeric, cases=[_SMOOTH], link=maps.Direct()),
        Control(statistical, cases=[_PLANE], link=maps.Direct(), decoder=torch.atan, marginals=_SKEWED, A=_BACKWARDS),
    ],
    "every-rotation": [
        Control(exact, entries=lambda d: spike_rotation(d, d)),
        Control(numeric, cases=[_NEAR], level=_as_if_equal),
        Control(statistical, cases=[_MANY_NEAR], level=_as_if_equal),
    ],
    "linear-decoders": [
        Control(exact, cumulant=6),  # of the exponential law
        Control(statistical, cases=[_PLANE], decoder=_Linear(), link=maps.Direct(), marginals=_SKEWED, A=_BACKWARDS),
    ],
}


@cache
def _drawn() -> tuple[list[float], dict[str, list[float]], dict[str, list[float]]]:
    """Scores along rotations of the plane between the identity and equal entries: levels, and what 4,000 draws give."""
    angles = [k * math.pi / 4 / 16 for k in range(1, 17)]
    lines: dict[str, list[float]] = {"MIG": [], "DCI": [], "FactorVAE": []}
    dots: dict[str, list[float]] = {name: [] for name in lines}
    stream = Stream(11)
    for angle in angles:
        A = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
        at = score_levels.levels(A)
        lines["MIG"].append(at.mig)
        lines["DCI"].append(at.disentanglement)
        u = stream.normal(4000, 2)
        dots["MIG"].append(scores.mig(u @ A.T, u).score)
        dots["DCI"].append(scores.dci(u @ A.T, u).disentanglement)
        turned = scores.factor_vae_by_simulation(
            lambda v, A=A: v @ A.T, lambda m: stream.normal(m, 2), stream, votes=800
        )
        dots["FactorVAE"].append(turned.score)
    return angles, lines, dots


def figure() -> Figure:
    """Scores of one and the same law of the data under twins between the given latent and an evenly mixed one."""
    from matplotlib.figure import Figure

    angles, lines, dots = _drawn()
    canvas = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = canvas.subplots()
    degrees = [math.degrees(angle) for angle in angles]
    for k, (name, values) in enumerate(dots.items()):
        axes.plot(degrees, values, "o", markersize=3, color=f"C{k}", label=f"{name}, samples")
        if lines[name]:
            axes.plot(degrees, lines[name], color=f"C{k}", linewidth=1, label=f"{name}, level")
    axes.axhline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(
        title="Same P(x) at every angle",
        xlabel="rotation in normal coordinates (degrees)",
        ylabel="score of f(z) against z",
        ylim=(-0.03, 1.05),
    )
    axes.legend(fontsize=6, frameon=False)
    return canvas
