"""A random Hermitian element of the commutant splits a representation into irreps; Davis and Kahan bound what an error does to the pieces."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from sympy import Function, Integer, Matrix, Product, Symbol, cos, eye, factorial, sin, symbols, zeros
from torch import Tensor

from numerics.random import Stream
from numerics.representations import (
    cayley_table,
    character_gram,
    closure,
    commutant_element,
    exact_conjugate,
    frobenius_schur,
    gamma,
    integer_change_of_basis,
    outside_commutant,
    permutation_matrices,
    split,
)
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, identity, measured, structural, undecided
from proofs_checks.strategies.groups import MAX_SHEARS, conjugated_cases, regular_generators
from theory.groups.families import alternating, cyclic, quaternion, small_groups
from theory.noncommutative import holds_freely, holds_in_matrices
from theory.perturbation import (
    SCHUR_TYPES,
    SYLVESTER,
    SplitRepresentation,
    commutant_of_real_irrep,
    coordinates,
    exchanging,
    hermitian_part,
    multiplicity_structures,
    separated,
    separates,
    staircase,
    symmetric_part,
    tilted,
    tilted_pairs,
    traces_separate,
)
from theory.representations import intertwiners_dimension, regular_representation

if TYPE_CHECKING:
    from hypothesis import strategies as st
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

COARSE = 1e-3  # of the spectrum's width; four samples then miss a splitting by chance with probability far below 1e-9
_Q8, _C4 = regular_generators(quaternion()), regular_generators(cyclic(4))
_ALWAYS = [
    Case(d=2, shears=0, generators=((0,),), ground="C", seed=0),
    Case(d=2, shears=0, generators=((0,),), ground="R", seed=0),
    Case(d=16, shears=6, generators=_Q8, ground="R", seed=0),
    Case(d=24, shears=MAX_SHEARS, generators=regular_generators(alternating(4)), ground="C", seed=0),
]


def _drawn(profile: Any) -> st.SearchStrategy[Case]:
    from hypothesis import strategies as st

    return st.builds(
        lambda case, ground: Case(**{**case, "ground": ground}), conjugated_cases(profile), st.sampled_from(["C", "R"])
    )


cases = {"numeric": Cases(_drawn, always=_ALWAYS)}

# -- exact ---------------------------------------------------------------------------------------------------------------


def exact(
    *,
    element: Callable[..., SplitRepresentation] | None = None,
    sample: Callable[[Matrix], Matrix] | None = None,
    constant: Fraction | float | None = None,
) -> list[Evidence]:
    """Separating elements, the real case, and the bound on angles. With an object substituted only what speaks of it is gathered."""
    everything = element is None and sample is None and constant is None
    found: list[Evidence] = _in_general() if everything else []
    if element is not None or everything:
        found.append(_exhibited(element or separated))
    if sample is not None or everything:
        found += _over_the_reals(sample or symmetric_part)
    if constant is not None or everything:
        found.append(_angles(2 if constant is None else constant))
    return found


def _in_general() -> list[Evidence]:
    structures = "lists of multiplicities that sum to at most 6"
    return [
        finite(
            list(multiplicity_structures(6)),
            lambda m: separates(staircase(m)),
            second=lambda m: traces_separate(staircase(m)),
            of=structures,
            name="an element that separates",
        ),
        _discriminant_for_every_count(),
        finite(
            SYLVESTER,
            holds_freely,
            second=holds_in_matrices,
            of="identities between blocks of every size",
            name="Sylvester equation of the angle",
        ),
        _norm_of_the_solution(),
        *_sharp_family(),
    ]


def _discriminant_for_every_count() -> Evidence:
    """The discriminant of (x - 1)...(x - M) is prod_{j < M} (j!)^2, never zero: one more root, M + 1, multiplies it by prod_i (M + 1 - i)^2."""
    M = Symbol("M", integer=True, positive=True)
    i = Symbol("i", integer=True)
    step = identity(Product(M + 1 - i, (i, 1, M)) ** 2, factorial(M) ** 2, name="one more eigenvalue")
    x = Symbol("x")
    small = []
    for count in (2, 3, 4, 5):
        polynomial = Integer(1)
        for k in range(1, count + 1):
            polynomial *= x - k
        claimed = Integer(1)
        for k in range(1, count):
            claimed *= factorial(k) ** 2
        small.append(identity(polynomial.expand().as_poly(x).discriminant(), claimed, name=f"{count} eigenvalues"))
    return structural(
        M,
        base=identity((x - 1).as_poly(x).discriminant() - 1, name="one"),
        step=step,
        small=small,
        name="discriminant at 1, 2, .., M",
    )


def _exhibited(element: Callable[..., SplitRepresentation]) -> Evidence:
    """Every eigenprojector of the element commutes with R and carries an irreducible character; and, anew, by linear equations."""
    found = [element(regular_representation(group)) for group in small_groups(6)]
    return finite(
        found,
        _pieces_by_characters,
        second=_pieces_by_equations,
        of="regular representations of groups of order <= 6",
        name="each eigenspace one irreducible copy",
    )


def _pieces_by_characters(found: SplitRepresentation) -> bool:
    R = found.representation
    order = R.group.order
    for P in found.projectors():
        if any(P @ R.matrices[g] != R.matrices[g] @ P for g in R.group.generators):
            return False
        traces = [(P @ R.matrices[g]).trace() for g in range(order)]
        if (
            sum(
                ((t.entry() * t.entry().conjugate()) for t in traces[1:]),
                traces[0].entry() * traces[0].entry().conjugate(),
            )
            != order
        ):
            return False
    return True


def _pieces_by_equations(found: SplitRepresentation) -> bool:
    """The eigenspaces are invariant, span everything, and each has a commutant of dimension one."""
    from theory.exact_matrices import ExactArray, hstack
    from theory.representations import Representation

    R, eye_ = found.representation, ExactArray.eye(found.representation.degree, found.element.field)
    bases = [(found.element - eye_ * k).nullspace() for k in range(1, found.eigenvalues + 1)]
    whole = hstack(bases)
    if whole.shape[0] != whole.shape[1] or whole.rank() < whole.shape[0]:
        return False
    moved = whole.inverse() @ R.matrices @ whole
    start = 0
    for basis in bases:
        stop = start + basis.shape[1]
        outside = [k for k in range(R.degree) if not start <= k < stop]
        block = moved[:, start:stop, start:stop]
        if outside and not moved[:, outside, start:stop].is_zero:
            return False
        piece = Representation(R.group, block)
        if intertwiners_dimension(piece, piece) != 1:
            return False
        start = stop
    return True


def _over_the_reals(sample: Callable[[Matrix], Matrix]) -> list[Evidence]:
    """On one real irrep the sample is a scalar, whatever its type: so a real piece is never cut in two."""
    a = Symbol("a", real=True)
    return [
        identity(
            sample(commutant_of_real_irrep(kind)),
            a * eye(commutant_of_real_irrep(kind).rows),
            name=f"scalar on an irrep of {kind} type",
        )
        for kind in SCHUR_TYPES
    ]


def _norm_of_the_solution() -> Evidence:
    """|(B - l) X|^2 >= delta^2 |X|^2 when every eigenvalue of B is at least delta from l: each coordinate x, at distance delta + u, adds
    x^2 u (u + 2 delta) >= 0 to the difference. Any number of coordinates, by induction on it."""
    n = Symbol("n", integer=True, positive=True)
    x, u, delta = symbols("x u delta", real=True)
    right, slack = (
        Function("T", real=True),
        Function("W", real=True),
    )  # over n coordinates |X|^2 = T and |(B - l) X|^2 = delta^2 T + W
    longer = delta**2 * right(n) + slack(n) + (delta + u) ** 2 * x**2
    step = identity(
        longer - delta**2 * (right(n) + x**2), slack(n) + x**2 * u * (u + 2 * delta), name="one more coordinate"
    )
    base = identity((delta + u) ** 2 * x**2 - delta**2 * x**2, x**2 * u * (u + 2 * delta), name="one coordinate")
    small = []
    for size in (2, 3):
        pairs = list(zip(symbols(f"x:{size}", real=True), symbols(f"u:{size}", real=True), strict=True))
        whole = sum((delta + v) ** 2 * y**2 for y, v in pairs) - delta**2 * sum(y**2 for y, _ in pairs)
        small.append(identity(whole, sum(y**2 * v * (v + 2 * delta) for y, v in pairs), name=f"{size} coordinates"))
    return structural(n, base=base, step=step, small=small, name="|X| <= |(B - l) X| / delta")


def _sharp_family() -> list[Evidence]:
    """The smallest E that turns e1 by t: |E|/gap = sin t cos t < sin t for every t, so the constant 1 never suffices with the unperturbed gap."""
    g, t = Symbol("g", positive=True), Symbol("t", positive=True)
    A, E = tilted(g, t)
    v = Matrix([cos(t), sin(t)])
    low = g / 2 * (1 - cos(2 * t))
    return [
        identity((A + E) * v, low * v, name="the eigenvector is turned by t"),
        identity(E * E, (g / 2 * sin(2 * t)) ** 2 * eye(2), name="|E| = (gap/2) sin 2t"),
        identity(E.trace(), 0, name="E has eigenvalues + and - |E|"),
        identity(
            sin(t) - (g / 2 * sin(2 * t)) / g, sin(t) * (1 - cos(t)), name="sin t exceeds |E|/gap by sin t (1 - cos t)"
        ),
        identity(zeros(2, 2) + E.subs(t, 0), zeros(2, 2), name="no turn without E"),
    ]


def _rational(constant: Fraction | float) -> Fraction:
    """The constant as it is written: 1.9 is 19/10.

    Raises:
        ValueError: no positive number.
    """
    try:
        value = Fraction(str(constant))
    except ValueError:
        raise ValueError(f"Expected a positive number as the constant, got {constant!r}.") from None
    if value <= 0:
        raise ValueError(f"Expected a positive number as the constant, got {constant!r}.")
    return value


def _angles(constant: Fraction | float) -> Evidence:
    c = _rational(constant)
    return finite(
        list(tilted_pairs(exchanging(c))),
        lambda pair: pair.bounded(c),
        second=lambda pair: pair.bounded_by_roots(c),
        of="rational 2 x 2 pairs with angles up to 90 degrees",
        name=f"sin(theta) <= {c} |E| / gap",
    )


# -- measured ------------------------------------------------------------------------------------------------------------

Sample = Callable[[Tensor, dict[str, float], Stream], tuple[Tensor, float]]
Judge = Callable[[Tensor, Tensor, str], Tensor]


def irreducible_over(characters: Tensor, table: Tensor, ground: str) -> Tensor:
    """What is 1 on an irreducible piece: (1/n) sum |chi|^2 over C; over R the dimension of the symmetric commutant, ((1/n) sum |chi|^2 + chi(g^2)) / 2."""
    square = character_gram(characters).diagonal().real
    return square if ground == "C" else (square + frobenius_schur(characters, table).real) / 2


def irreducible_over_complex(characters: Tensor, table: Tensor, ground: str) -> Tensor:
    """The real pieces held to irreducibility over C."""
    return character_gram(characters).diagonal().real


def numeric(
    case: Case,
    stream: Stream,
    *,
    sample: Sample = commutant_element,
    judge: Judge = irreducible_over,
    constant: Fraction | float = 2,
) -> list[Evidence]:
    """Two copies of a permutation representation in an integer basis: unitarised, sampled, split, judged by characters; then perturbed."""
    elements = closure(torch.tensor(case.generators, device=stream.device))
    table = cayley_table(elements)
    copies = torch.kron(torch.eye(2, dtype=torch.int64), permutation_matrices(elements).cpu()).to(stream.device)
    R = exact_conjugate(copies, *integer_change_of_basis(copies.shape[-1], case.shears, stream))
    pieces = split(R, stream, ground=case.ground, element=sample)
    if pieces.resolution > COARSE:
        return [
            undecided(
                f"Eigenvalues closer than {pieces.resolution:.1e} of the spectrum's width cannot be told apart: use fewer shears or more precision."
            )
        ]
    n = len(elements)
    derivation = "entries of V* U V between eigenspaces of a commuting matrix known up to E are at most 2 |V|^2 |U| |E| / gap; E from rounding and factorisation residuals"
    largest = max(pieces.sizes)
    norm_error = 2 * largest * pieces.character_error + pieces.character_error**2 + pieces.character_error
    note = "a sum of products of characters known up to e is known up to 2 max|chi| e + e^2, an indicator up to e; both are integers"
    found = [
        measured(
            pieces.off_block, Bound(pieces.terms, derivation), points=n, resolves=5e-2, name="eigenspaces are invariant"
        ),
        measured(
            (judge(pieces.characters, table, case.ground) - 1).abs(),
            Bound({"characters": norm_error}, note),
            points=n,
            resolves=0.2,
            name="each is one irreducible copy",
        ),
    ]
    return found + (
        _perturbed(pieces.element, pieces.sizes, pieces.basis, stream, constant) if len(pieces.sizes) > 1 else []
    )


def _perturbed(
    C: Tensor, sizes: tuple[int, ...], basis: Tensor, stream: Stream, constant: Fraction | float
) -> list[Evidence]:
    """Turn eigenspaces of C by errors of 1 to 90 percent of half the gap, random ones and the worst in one plane, and by one just beyond it that makes two
    eigenvalues change places; measure the angles."""
    exact_constant = _rational(constant)
    beyond = float(exchanging(exact_constant))
    ends = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    values = torch.stack([torch.diagonal(basis.mH @ C @ basis).real[a:b].mean() for a, b in pairwise(ends)])
    k = int(values.diff().argmin())
    gap = float(values.diff()[k])
    base = (basis * torch.repeat_interleave(values, torch.tensor(sizes, device=values.device))) @ basis.mH
    P = basis[:, ends[k] : ends[k + 1]]
    errors, sines, mixed, residual = [], [], [], torch.linalg.matrix_norm(base @ P - values[k] * P)
    first, second = basis[:, ends[k]], basis[:, ends[k + 1]]
    for part in (0.01, 0.3, 0.9, beyond):
        for direction in (
            (_exchange(first, second),)
            if part == beyond
            else (_random_error(C, stream), _worst_in_plane(first, second, part))
        ):
            E = direction * (part * gap / 2 / torch.linalg.matrix_norm(direction, ord=2))
            new_values, vectors = torch.linalg.eigh(base + E)
            residual = torch.maximum(residual, torch.linalg.matrix_norm((base + E) @ vectors - vectors * new_values))
            distances = (new_values - values[k]).abs()
            other = vectors[:, distances > gap / 2]
            mixed.append(distances[distances > gap / 2].min())
            sines.append(torch.linalg.matrix_norm(other.mH @ P, ord=2))
            errors.append(torch.linalg.matrix_norm(E, ord=2))
    angle, error = torch.stack(sines), torch.stack(errors)
    d = C.shape[-1]
    size = float(torch.linalg.matrix_norm(base)) + gap
    moved = 2 * float(residual) + 4 * gamma(d + 2, C) * size * d**0.5
    terms = {"eigenvectors": 4 * moved / gap, "products": 4 * gamma(d + 2, C) * d}
    mixed_up = moved / (
        (beyond - 1) * gap
    )  # sine by which rounding mixes the two that change places, which end (beyond - 1) gap apart
    excess = 1 - mixed_up**2 - float(exact_constant) * beyond / 2
    if exact_constant < 2 and not (excess > 2 * sum(terms.values()) and mixed_up < 0.5):
        return [
            undecided(
                f"a constant of {constant} is nearer to 2 than this precision and this gap ({gap:.1e}) resolve: the exact route decides it"
            )
        ]
    bound = Bound(
        terms,
        "eigenvectors with residual r are those of a matrix within r (Frobenius), so that both sides of the angle are off by as much as the theorem gives for r; residuals are "
        "measured, products of nearly orthonormal columns are off by gamma_d sqrt(d) times their norms",
    )
    return [
        measured(
            (angle - float(exact_constant) * error / gap).clamp_min(0),
            bound,
            points=len(sines),
            resolves=1e-3,
            name=f"angle beyond {exact_constant} |E| / gap",
        ),
        measured(
            (angle - error / torch.stack(mixed)).clamp_min(0),
            bound,
            points=len(sines),
            resolves=1e-3,
            name="angle beyond |E| / delta",
        ),
    ]


def _random_error(C: Tensor, stream: Stream) -> Tensor:
    d = C.shape[-1]
    noise = stream.normal(d, d).to(C.dtype)
    return noise + noise.mH


def _exchange(first: Tensor, second: Tensor) -> Tensor:
    """The direction that moves the lower of two eigenvalues up and the upper down."""
    return torch.outer(first, first.conj()) - torch.outer(second, second.conj())


def _worst_in_plane(first: Tensor, second: Tensor, part: float) -> Tensor:
    """The direction of least |E| for its angle in the plane of two eigenvectors: [[-s, -c], [-c, s]] for sin 2t = part, on the way to 45 degrees."""
    t = math.asin(part) / 2
    s, c = math.sin(2 * t), math.cos(2 * t)
    plane = torch.stack([first, second], 1)
    return plane @ torch.tensor([[s, -c], [-c, -s]], dtype=plane.dtype, device=plane.device) @ plane.mH


_POWERED = Case(d=16, shears=4, generators=_Q8, ground="R", seed=1)

controls = {
    "smaller-constant": [
        Control(exact, constant=Fraction(199, 101)),
        Control(
            numeric,
            cases=[_POWERED, Case(d=8, shears=4, generators=_C4, ground="C", seed=2)],
            constant=Fraction(199, 101),
        ),
    ],
    "half-the-constant": [
        Control(exact, constant=1),
        Control(numeric, cases=[_POWERED, Case(d=8, shears=4, generators=_C4, ground="C", seed=2)], constant=1.0),
    ],
    "outside-the-commutant": [
        Control(exact, element=coordinates),
        Control(
            numeric, cases=[Case(d=8, shears=4, generators=_C4, ground="C", seed=1), _POWERED], sample=outside_commutant
        ),
    ],
    "real-pieces-stay-irreducible": [
        Control(exact, sample=hermitian_part),
        Control(
            numeric,
            cases=[_POWERED, Case(d=8, shears=4, generators=_C4, ground="R", seed=1)],
            judge=irreducible_over_complex,
        ),
    ],
}


def figure() -> Figure:
    """The angle against |E|/gap: random symmetric errors of diag(0, 1), with the lines of constants 1 and 2 and the worst case."""
    import numpy as np
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    drawing = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = drawing.add_subplot()
    E = rng.normal(size=(120, 2, 2))
    E = (E + E.transpose(0, 2, 1)) / 2
    E *= (rng.uniform(0, 0.75, size=120) / np.linalg.norm(E, ord=2, axis=(1, 2)))[:, None, None]
    vectors = np.linalg.eigh(np.diag([0.0, 1.0]) + E)[1]
    axes.scatter(
        np.linalg.norm(E, ord=2, axis=(1, 2)), np.abs(vectors[:, 1, 0]), s=5, color="#888888", label="random E"
    )
    x = np.linspace(0, 0.5, 40)
    axes.plot(x, np.sin(np.arcsin(2 * x) / 2), color="#c8641a", label="largest angle for its |E|")
    axes.plot([0, 0.75], [0, 0.75], color="#c0182b", linestyle="--", linewidth=1, label="|E| / gap (false)")
    axes.plot([0, 0.5, 0.75], [0, 1, 1], color="#1b6ca8", linewidth=1.5, label="2 |E| / gap")
    axes.set(
        xlabel="|E| / gap",
        ylabel="sin θ",
        title="How far an error turns an eigenvector",
        xlim=(0, 0.75),
        ylim=(0, 1.05),
    )
    axes.legend(fontsize=8, loc="lower right")
    return drawing
