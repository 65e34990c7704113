"""Equivalence of representations: a unitary change of basis between unitary ones, and the dimension of the space of intertwiners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from numerics.equivalence import (
    Intertwiner,
    average_between,
    determinant_signs,
    intertwiner_equations,
    nullity,
    pairing,
    polar,
    polar_intertwining_error,
)
from numerics.random import Stream
from numerics.representations import (
    closure,
    exact_conjugate,
    frobenius,
    gamma,
    integer_change_of_basis,
    permutation_matrices,
    unitarise,
)
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, identity, measured, structural, undecided
from proofs_checks.strategies.groups import MAX_SHEARS, regular_generators
from proofs_checks.strategies.symmetry import MAX_DEGREE, conjugate_pair_cases
from theory import rewriting
from theory.equivalence import (
    AVERAGE,
    POLAR,
    WITHOUT_UNITARITY,
    Pair,
    averaging_rank,
    bilinear_product,
    characters,
    determinants,
    dimension,
    equivalent_by_averaging,
    equivalent_by_dimensions,
    hermitian_product,
    pairs,
    root_commutes,
    trace_of_the_average,
)
from theory.groups.families import dihedral, quaternion, small_groups
from theory.representations import Representation
from theory.rewriting import WordTheorem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

_FOUR_POINTS = ((1, 0, 2, 3), (1, 2, 3, 0))
_ALWAYS = [
    Case(d=1, shears=0, generators=((0,),), seed=0),
    Case(d=4, shears=8, generators=_FOUR_POINTS, seed=0),
    Case(d=MAX_DEGREE, shears=MAX_SHEARS, generators=regular_generators(quaternion()), seed=0),
]
cases = {"numeric": Cases(conjugate_pair_cases, always=_ALWAYS)}

Invariant = Callable[[Representation], Any]
Product = Callable[[Pair], Any]


def exact(
    *, theorems: Sequence[WordTheorem] | None = None, invariant: Invariant | None = None, product: Product | None = None
) -> list[Evidence]:
    """Derivations for every dimension, then decisions on small groups; with an object substituted only what speaks of it."""
    whole = theorems is None and invariant is None and product is None
    found: list[Evidence] = []
    if whole or theorems is not None:
        chosen = (*POLAR, *AVERAGE) if theorems is None else theorems
        found.append(
            finite(
                chosen,
                rewriting.replays,
                second=rewriting.joins,
                of="derivations between words, for matrices of every size",
                name="derivations",
            )
        )
    if whole:
        found += _in_general()
    instances = [] if theorems is not None else _instances()
    of = "pairs of irreps and of sums of two, groups of order <= 4, D3, Q8"
    if whole or invariant is not None:
        same = characters if invariant is None else invariant
        found.append(
            finite(
                instances,
                lambda pair: equivalent_by_averaging(pair) == (same(pair.first) == same(pair.second)),
                second=lambda pair: equivalent_by_dimensions(pair) == (same(pair.first) == same(pair.second)),
                of=of,
                name="equivalent exactly if equal there",
            )
        )
    if whole or product is not None:
        value = hermitian_product if product is None else product
        found.append(
            finite(
                instances,
                lambda pair: dimension(pair.first, pair.second) == value(pair),
                second=lambda pair: averaging_rank(pair) == value(pair),
                of=of,
                name="dimension of the intertwiners",
            )
        )
    return found


@cache
def _instances() -> list[Pair]:
    return [pair for group in (*small_groups(4), dihedral(3), quaternion()) for pair in pairs(group)]


def _in_general() -> list[Evidence]:
    d, base, step, small = trace_of_the_average()
    return [
        identity(*root_commutes(), name="entries of the root's commutator"),
        structural(
            d,
            base=identity(*base, name="one diagonal entry"),
            step=identity(*step, name="one more"),
            small=[identity(*sides) for sides in small],
            name="trace of the average",
        ),
    ]


# -- measured ----------------------------------------------------------------------------------------------------------

_GAP = 1e3  # a singular value that is not zero has to be this many errors away from it
Partner = Callable[[Tensor], Tensor]
Unitary = Callable[[Tensor], tuple[Tensor, dict[str, float]]]
ToIntertwiner = Callable[[Tensor, Tensor, Tensor, float], Intertwiner]


def itself(matrices: Tensor) -> Tensor:
    """The same representation: its conjugates are equivalent to it."""
    return matrices


def times_sign(matrices: Tensor) -> Tensor:
    """Permutation matrices times their sign; in even degree the determinants are the same."""
    return matrices * determinant_signs(matrices)[:, None, None]


def numeric(
    case: Case,
    stream: Stream,
    *,
    partner: Partner = itself,
    unitary: Unitary = unitarise,
    seed_to_intertwiner: ToIntertwiner = average_between,
) -> list[Evidence]:
    """R by permutation matrices, R' a random integer conjugate of its partner; both exact in floating point."""
    permutations = closure(torch.tensor(case.generators))
    matrices = permutation_matrices(permutations)
    basis, inverse = integer_change_of_basis(case.d, case.shears, stream)
    R = matrices.to(stream.device, stream.dtype)
    moved = exact_conjugate(partner(matrices).to(stream.device), basis, inverse).to(stream.dtype)
    twisted = exact_conjugate(times_sign(matrices).to(stream.device), basis, inverse).to(stream.dtype)
    chosen = [int((permutations == torch.tensor(g)).all(1).nonzero()[0]) for g in case.generators]
    return [
        _trace_evidence(R, moved),
        *_polar_evidence(R, *unitary(moved), stream, seed_to_intertwiner),
        _dimension_evidence(R, moved, chosen, "a conjugate"),
        _dimension_evidence(R, twisted, chosen, "a conjugate times the sign"),
    ]


def _trace_evidence(R: Tensor, moved: Tensor) -> Evidence:
    trace = [torch.diagonal(r, dim1=-2, dim2=-1).sum(-1) for r in (R, moved)]
    size = torch.diagonal(moved, dim1=-2, dim2=-1).abs().sum(-1) + torch.diagonal(R, dim1=-2, dim2=-1).sum(-1)
    bound = Bound(
        {"sums": gamma(R.shape[1] + 1, R) * size},
        "entries are whole numbers, held exactly; a sum of d numbers is within gamma_d of the sum of their sizes",
    )
    return measured((trace[0] - trace[1]).abs(), bound, points=len(R), resolves=1e-2, name="traces")


def _polar_evidence(
    R: Tensor, moved: Tensor, known: dict[str, float], stream: Stream, to_intertwiner: ToIntertwiner
) -> list[Evidence]:
    n, d = R.shape[:2]
    found = to_intertwiner(R, moved, stream.normal(d, d), known["error"])
    parts = polar(found.matrix)
    skew = 2 * known["form"] / (1 - known["form"]) if known["form"] < 0.5 else torch.inf
    rounding = gamma(2 * d + 1, R) * d
    note = "the exact average intertwines the exact R'; the computed one is within e of it, and R' within its error of the exact one"
    size = frobenius(found.matrix)
    average = Bound(
        {
            "average": (1 + known["spectral"]) * found.error,
            "unitarised": known["error"] * size,
            "products": 2 * rounding * size,
        },
        note,
    )
    error = polar_intertwining_error(found, parts, known["error"], known["spectral"] * skew + 2 * known["error"], d)
    note = "entries of [P, R] are those of [P^2, R] over sums of singular values; the residual of T, the slant of U and the error of R' are carried through U R - R' U"
    factor = Bound({"polar factor": error, "products": 2 * rounding}, note)
    norm = torch.linalg.matrix_norm
    U = parts.factor
    return [
        measured(
            norm(found.matrix @ R - moved @ found.matrix),
            average,
            points=n,
            resolves=1e-2 * max(1.0, size),
            name="the average intertwines",
        ),
        measured(norm(U @ R - moved @ U), factor, points=n, resolves=5e-2, name="its unitary part intertwines"),
    ]


def _dimension_evidence(R: Tensor, moved: Tensor, chosen: list[int], name: str) -> Evidence:
    found = nullity(intertwiner_equations(R[chosen], moved[chosen]))
    if found.ratio < _GAP:
        return undecided(
            f"The least singular value beyond zero is {found.ratio:.1e} times the error: too near to tell. Use fewer shears or more precision."
        )
    product = pairing(R, moved)
    largest = R.shape[1] ** 2
    bound = Bound(
        {
            "inner product": gamma(len(R) + R.shape[1] + 2, R) * largest * (1 + frobenius(moved)),
            "rounding to a whole number": 1 / found.ratio,
        },
        "the entries are exact; a singular value moves by the factorisation's residual at most (Weyl), so those within it count the kernel; the inner product is a mean of n products of sums of d numbers",
    )
    return measured(abs(found.count - product), bound, points=len(R), resolves=1e-2, name=f"intertwiners with {name}")


def as_it_is(matrices: Tensor) -> tuple[Tensor, dict[str, float]]:
    """No unitarising: the representation, known exactly, taken for a unitary one."""
    return matrices, {"error": 0.0, "form": 0.0, "norm": frobenius(matrices), "spectral": frobenius(matrices)}


def unaveraged(R: Tensor, moved: Tensor, seed: Tensor, moved_error: float) -> Intertwiner:
    """X itself, with the error that its average would have."""
    return Intertwiner(seed, average_between(R, moved, seed, moved_error).error)


_POWERED = [
    Case(d=4, shears=6, generators=_FOUR_POINTS, seed=1),
    Case(d=8, shears=12, generators=regular_generators(quaternion()), seed=1),
]
controls = {
    "determinants": [Control(exact, invariant=determinants), Control(numeric, cases=_POWERED[:1], partner=times_sign)],
    "not-unitary": [Control(exact, theorems=(WITHOUT_UNITARITY,)), Control(numeric, cases=_POWERED, unitary=as_it_is)],
    "without-conjugate": [Control(exact, product=bilinear_product)],
    "without-averaging": [Control(numeric, cases=_POWERED, seed_to_intertwiner=unaveraged)],
}


def figure() -> Figure:
    """Singular values of the intertwiner equations, for a conjugate and for the conjugate times the sign."""
    from matplotlib.figure import Figure

    stream = Stream(3)
    permutations = closure(torch.tensor(_FOUR_POINTS))
    matrices = permutation_matrices(permutations)
    basis, inverse = integer_change_of_basis(4, 6, stream)
    chosen = [int((permutations == torch.tensor(g)).all(1).nonzero()[0]) for g in _FOUR_POINTS]
    drawing = Figure(figsize=(4.6, 2.8), layout="constrained")
    axes = drawing.add_subplot()
    for part, colour, label in ((itself, "#1b6ca8", "conjugate"), (times_sign, "#c8641a", "conjugate times the sign")):
        moved = exact_conjugate(part(matrices), basis, inverse)
        equations = intertwiner_equations(matrices[chosen].to(moved.dtype), moved[chosen])
        values = torch.linalg.svdvals(equations).clamp(min=1e-17)
        axes.semilogy(
            range(1, len(values) + 1),
            values.tolist(),
            "o",
            color=colour,
            markersize=4,
            label=f"{label}: {nullity(equations).count}",
        )
    axes.set(xlabel="number", ylabel="singular value", title="Intertwiners are the singular values at rounding level")
    axes.title.set_fontsize(9)
    axes.legend(fontsize=8, frameon=False, loc="center left")
    return drawing
