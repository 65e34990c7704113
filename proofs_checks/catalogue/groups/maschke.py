"""Maschke's theorem: averaging a projector over a finite group splits off an invariant complement where |G| is invertible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sympy import Matrix, Symbol, eye, symbols, zeros
from torch import Tensor

from numerics.random import Stream
from numerics.representations import (
    average,
    character_gram,
    closure,
    exact_conjugate,
    frobenius,
    gamma,
    integer_change_of_basis,
    permutation_matrices,
    split,
)
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    finite,
    identity,
    inapplicable,
    measured,
    structural,
    undecided,
)
from proofs_checks.strategies.groups import MAX_SHEARS, conjugated_cases, regular_generators
from theory.exact_matrices import ExactArray, PrimeField, hstack
from theory.groups.families import alternating, cyclic, quaternion, small_groups
from theory.noncommutative import BLOCK_IDENTITIES, holds_freely, holds_in_matrices
from theory.representations import Representation, decompose, intertwiners_dimension, regular_representation
from theory.representations.modules import (
    CharacteristicDividesOrder,
    NoComplement,
    complement_by_equations,
    invariant_complement,
    spin,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

COARSE = 1e-3  # of the spectrum's width; four samples then miss a splitting by chance with probability far below 1e-9
_SIXFOLD = regular_generators(alternating(4))
_ALWAYS = [
    Case(d=2, shears=0, generators=((0,),), seed=0),
    Case(d=16, shears=8, generators=regular_generators(quaternion()), seed=0),
    Case(d=24, shears=MAX_SHEARS, generators=_SIXFOLD, seed=0),
]
cases = {"numeric": Cases(conjugated_cases, always=_ALWAYS)}

# -- every group, every dimension --------------------------------------------------------------------------------------


def exact(
    *, modules: Any = None, window: tuple[list[Matrix], Matrix] | None = None, dividing: bool = False
) -> list[Evidence]:
    """The averaging argument in general, then finite families in which complements are decided a second way.

    With an object substituted only the obligations that speak of it are gathered.
    """
    found = []
    if window is None:
        found.append(_planes(PlaneModules(dividing) if modules is None else [_plane(m) for m in modules], dividing))
    if modules is None and not dividing:
        found.append(_line_evidence(*(sheared_reflections() if window is None else window)))
    if modules is None and window is None and not dividing:
        found += _in_general()
    return found


def _planes(planes: PlaneModules | list[PlaneModule], dividing: bool) -> Evidence:
    """Complements in all of them; a module that misses a hypothesis is named, unless the statement is the one without it."""
    for m in planes if isinstance(planes, list) else ():
        if not m.keeps(m.w):
            return inapplicable(f"W is not invariant: {m.A} moves the line of {m.w} modulo {m.p}")
        if not dividing and m.order % m.p == 0:
            return inapplicable(
                f"the characteristic of the field k does not divide |G|: {m.p} divides {m.order}, the order of {m.A} (dividing=True drops this hypothesis)"
            )
    of = "lines in modules F_p^2 of cyclic groups"
    return finite(planes, _averaged, second=_another_line, of=of, name="planes")


def _in_general() -> list[Evidence]:
    blocks, parts = "identities between blocks of every size", "submodules of regular modules F_p[G], |G| <= 8, p <= 5"
    return [
        _mean_of_projectors(),
        finite(BLOCK_IDENTITIES, holds_freely, second=holds_in_matrices, of=blocks, name="conjugates and re-indexing"),
        finite(RegularModules(), _complemented, second=_solvable, of=parts, name="complements"),
        finite(
            small_groups(8),
            _split,
            second=_commutant,
            of="regular representations of groups of order <= 8",
            name="change of basis",
        ),
    ]


def _mean_of_projectors() -> Evidence:
    """In a basis that begins with one of W a projector onto W is [[1, X], [0, 0]]; the mean of n such is one, by induction on n."""
    n = Symbol("n", integer=True, positive=True)
    mean, next_one = _projector("y"), _projector("x")
    new_mean = (n * mean + next_one) / (n + 1)
    step = [
        identity(new_mean * new_mean, new_mean, name="idempotent"),
        identity(new_mean * mean, mean, name="fixes W"),
        identity(mean * new_mean, new_mean, name="image in W"),
    ]
    small = []
    for k in (2, 3, 5):
        whole = zeros(4, 4)
        for j in range(k):
            whole += _projector(f"x{j}_") / k
        small.append(identity(whole * whole, whole, name=f"{k} projectors"))
    base = identity(
        _projector("x") * _projector("y"), _projector("y"), name="one projector onto W fixes another's image"
    )
    return structural(n, base=base, step=step, small=small, name="mean of n projectors onto W")


def _projector(name: str) -> Matrix:
    x = Matrix(2, 2, symbols(f"{name}:4"))
    return Matrix.vstack(Matrix.hstack(eye(2), x), zeros(2, 4))


# -- finite families ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlaneModule:
    """C_n acting on F_p^2 by the powers of A, which has order n, with an invariant line spanned by w."""

    p: int
    A: tuple[tuple[int, int], tuple[int, int]]
    w: tuple[int, int]

    @property
    def order(self) -> int:
        """The order of A, which is that of the group."""
        return _order(self.A, self.p)

    def power(self, v: tuple[int, int]) -> tuple[int, int]:
        """A v."""
        (a, b), (c, d) = self.A
        return (a * v[0] + b * v[1]) % self.p, (c * v[0] + d * v[1]) % self.p

    def keeps(self, v: tuple[int, int]) -> bool:
        """Whether the line of v is invariant."""
        x, y = self.power(v)
        return (x * v[1] - y * v[0]) % self.p == 0


def _plane(module: Any) -> PlaneModule:
    """A module, also from the tuple (p, A, w).

    Raises:
        ValueError: p is no prime, A is no invertible 2 x 2 matrix modulo p, or w is no vector other than 0.
    """
    if isinstance(module, PlaneModule):
        return module
    p, A, w = module
    p, A, w = int(p), tuple(tuple(int(x) % p for x in row) for row in A), tuple(int(x) % p for x in w)
    if p < 2 or any(p % q == 0 for q in range(2, p)) or [len(row) for row in A] != [2, 2] or len(w) != 2 or not any(w):
        raise ValueError(
            f"Expected (p, A, w) with a prime p, a 2 x 2 matrix A and a vector w other than 0, got {module!r}."
        )
    if (A[0][0] * A[1][1] - A[0][1] * A[1][0]) % p == 0:
        raise ValueError(f"Expected a matrix that is invertible modulo {p}, got {A}.")
    return PlaneModule(p, ((A[0][0], A[0][1]), (A[1][0], A[1][1])), (w[0], w[1]))


@dataclass(frozen=True)
class PlaneModules:
    """All of them with p in {2, 3, 5} and p not dividing the order of A (or, dividing it), with every invariant line."""

    dividing: bool = False

    def __iter__(self) -> Iterator[PlaneModule]:
        for p in (2, 3, 5):
            for a, b, c, d in product(range(p), repeat=4):
                if (a * d - b * c) % p and (_order(((a, b), (c, d)), p) % p == 0) is self.dividing:
                    for w in _lines(p):
                        module = PlaneModule(p, ((a, b), (c, d)), w)
                        if module.keeps(w):
                            yield module


def _lines(p: int) -> list[tuple[int, int]]:
    return [(1, k) for k in range(p)] + [(0, 1)]


def _order(A: tuple[tuple[int, int], tuple[int, int]], p: int) -> int:
    power, k = A, 1
    while power != ((1, 0), (0, 1)):
        power = tuple(tuple(sum(power[i][m] * A[m][j] for m in range(2)) % p for j in range(2)) for i in range(2))  # type: ignore[assignment]
        k += 1
    return k


def _averaged(module: PlaneModule) -> bool:
    """Average a projector onto the line over the group; its kernel is an invariant line other than W."""
    n = module.order
    field = PrimeField(module.p)
    A = ExactArray.of([list(row) for row in module.A], field)
    powers = [ExactArray.eye(2, field)]
    for _ in range(n - 1):
        powers.append(powers[-1] @ A)
    representation = Representation.from_matrices(cyclic(n), _stack(powers))
    line = ExactArray.of([[module.w[0]], [module.w[1]]], field)
    try:
        complement = invariant_complement(representation, line)
    except CharacteristicDividesOrder:
        return False
    return (
        complement.shape == (2, 1)
        and hstack([line, complement]).rank() == 2
        and hstack([complement, A @ complement]).rank() == 1
    )


def _stack(matrices: list[ExactArray]) -> ExactArray:
    return ExactArray(matrices[0].field, np.stack([m.numerators for m in matrices]))


def _another_line(module: PlaneModule) -> bool:
    """Try all lines: one other than W is invariant."""
    return any(v != module.w and module.keeps(v) for v in _lines(module.p))


@dataclass(frozen=True, eq=False)
class Submodule:
    """A representation and a basis of an invariant subspace of it."""

    representation: Representation
    basis: ExactArray

    def __str__(self) -> str:
        return f"dimension {self.basis.shape[1]} in {self.representation}"


class RegularModules:
    """F_p[G] for |G| <= 8, p <= 5 not dividing |G|, with the line of constants and the submodule spun from e - g for each generator."""

    def __iter__(self) -> Iterator[Submodule]:
        for group in small_groups(8):
            for p in (2, 3, 5):
                if group.order % p:
                    field = PrimeField(p)
                    regular = regular_representation(group, field)
                    yield Submodule(regular, ExactArray.of([[1]] * group.order, field))
                    for g in group.generators:
                        vector = [[int(x == 0) - int(x == g)] for x in range(group.order)]
                        yield Submodule(regular, spin(regular, ExactArray.of(vector, field)))


def _complements(submodule: Submodule, complement: ExactArray) -> bool:
    both = hstack([submodule.basis, complement])
    stays = all(
        hstack([complement, submodule.representation.matrices[g] @ complement]).rank() == complement.shape[1]
        for g in submodule.representation.group.generators
    )
    return stays and both.shape[0] == both.shape[1] == both.rank()


def _complemented(submodule: Submodule) -> bool:
    return _complements(submodule, invariant_complement(submodule.representation, submodule.basis))


def _solvable(submodule: Submodule) -> bool:
    found = complement_by_equations(submodule.representation, submodule.basis)
    return not isinstance(found, NoComplement) and _complements(submodule, found)


def _split(group: Any) -> bool:
    """An explicit T with T^-1 R(g) T block diagonal, each irrep as often as its degree; checked by multiplying out."""
    found = decompose(regular_representation(group))
    return found.verify() and found.multiplicities == tuple(r.degree for r in found.irreps)


def _commutant(group: Any) -> bool:
    """The right multiplications are |G| independent intertwiners, and linear equations leave no more: so sum m_i^2 = |G|."""
    regular = regular_representation(group)
    return intertwiners_dimension(regular, regular) == group.order


# -- averaging over something that is not a finite group ---------------------------------------------------------------


def sheared_reflections() -> tuple[list[Matrix], Matrix]:
    """C_2 by [[1, b], [0, -1]], every complex b: average over both elements, respected by the reflection."""
    b = Symbol("b")
    reflection = Matrix([[1, b], [0, -1]])
    return [eye(2), reflection], reflection


def translations() -> tuple[list[Matrix], Matrix]:
    """(R, +) by shears: average over the window {-1, 0, 1}, to be respected by every t."""
    t = Symbol("t", real=True, nonzero=True)
    return [Matrix([[1, k], [0, 1]]) for k in (-1, 0, 1)], Matrix([[1, t], [0, 1]])


def _line_evidence(elements: list[Matrix], moves: Matrix) -> Evidence:
    """The kernel v of the averaged projector onto span(e1) spans an invariant line: (R v)_1 v_2 = (R v)_2 v_1."""
    onto = Matrix([[1, 0], [0, 0]])
    mean = zeros(2, 2)
    for R in elements:
        mean += R * onto * R.inv() / len(elements)
    v = Matrix([-mean[0, 1], 1])  # mean = [[1, m], [0, 0]]
    image = moves * v
    return identity(image[0] * v[1], image[1] * v[0], name="complement to a line")


# -- measured ----------------------------------------------------------------------------------------------------------

Module = Callable[[Case], tuple[Tensor, Tensor, Tensor, Tensor]]


def doubled(case: Case) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two copies P + P of a permutation representation, W = {(v, 2 v)}: integer R(g), R(g)^-1, basis B of W, and A with A B = 1."""
    elements = closure(torch.tensor(case.generators))
    copies = torch.kron(torch.eye(2, dtype=torch.int64), permutation_matrices(elements))
    m = elements.shape[1]
    unit = torch.eye(m, dtype=torch.int64)
    tilt = torch.triu(torch.ones(m, m, dtype=torch.int64))  # some projector onto W, not an equivariant one
    return copies, copies.mT.contiguous(), torch.cat([unit, 2 * unit]), torch.cat([unit - 2 * tilt, tilt], 1)


def window_of_reals(case: Case) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """t -> [[1, t], [0, 1]] for whole t from -4 to 4, W = span(e1)."""
    t = torch.arange(-4, 5)
    matrices = torch.eye(2, dtype=torch.int64).repeat(9, 1, 1)
    inverses = matrices.clone()
    matrices[:, 0, 1], inverses[:, 0, 1] = t, -t
    return matrices, inverses, torch.tensor([[1], [0]]), torch.tensor([[1, 0]])


def first_half(case: Case) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As :func:`doubled`, but the mean runs over the first half of the elements only."""
    matrices, inverses, basis, dual = doubled(case)
    return matrices[: len(matrices) // 2], inverses[: len(matrices) // 2], basis, dual


def numeric(case: Case, stream: Stream, *, module: Module = doubled) -> list[Evidence]:
    """Average a projector, and split into irreps, from matrices that are exact in floating point."""
    on_cpu = module(case)
    onto = (on_cpu[2] @ on_cpu[3]).to(stream.device)  # integer products exist on the CPU only
    matrices, inverses, basis = (part.to(stream.device) for part in on_cpu[:3])
    S, S_inverse = integer_change_of_basis(matrices.shape[-1], case.shears, stream)
    R, R_inverse = exact_conjugate(matrices, S, S_inverse), exact_conjugate(inverses, S, S_inverse)
    projector = exact_conjugate(onto, S, S_inverse)
    W = S.to(R.dtype) @ basis.to(R.dtype)
    return [*_projector_evidence(R, R_inverse, projector, W), *_splitting_evidence(R, stream)]


def _projector_evidence(R: Tensor, R_inverse: Tensor, projector: Tensor, W: Tensor) -> list[Evidence]:
    n, d = R.shape[:2]
    mean, error = average(R, R_inverse, projector)
    rho, size, width = frobenius(R), frobenius(mean), frobenius(W)
    rounding = 2 * gamma(d, R)
    derivation = "the exact mean commutes, is idempotent and fixes W; the computed one is within e of it (gamma_(2d+n+1) |R| |pi| |R^-1|); products add gamma_d"
    commutes = Bound({"mean": 2 * rho * error, "products": rounding * rho * size}, derivation)
    idempotent = Bound({"mean": (2 * size + 1 + error) * error, "products": rounding * size**2}, derivation)
    fixes = Bound({"mean": error * width, "products": rounding * (size + 1) * width}, derivation)
    kernel = Bound(
        {
            "mean": (size + 1 + error) * rho * error + size * rho * error,
            "products": 3 * rounding * size * rho * (size + d**0.5),
        },
        derivation,
    )
    rest = torch.eye(d, dtype=R.dtype, device=R.device) - mean
    norm = torch.linalg.matrix_norm
    resolves = 1e-2
    return [
        measured(
            norm(R @ mean - mean @ R),
            commutes,
            points=n,
            resolves=resolves * max(1.0, size),
            name="mean commutes with R",
        ),
        measured(
            norm(mean @ mean - mean),
            idempotent,
            points=n,
            resolves=resolves * max(1.0, size),
            name="mean is a projector",
        ),
        measured(norm(mean @ W - W), fixes, points=n, resolves=resolves * width, name="mean fixes W"),
        measured(
            norm(mean @ R @ rest), kernel, points=n, resolves=resolves * max(1.0, size), name="its kernel is invariant"
        ),
    ]


def _splitting_evidence(R: Tensor, stream: Stream) -> list[Evidence]:
    n = len(R)
    pieces = split(R, stream)
    if pieces.resolution > COARSE:
        return [
            undecided(
                f"Eigenvalues of the commutant element closer than {pieces.resolution:.1e} of its width cannot be told apart: use fewer shears or more precision."
            )
        ]
    derivation = "entries of V* U V between eigenspaces of a commuting matrix known up to E are at most 2 |V|^2 |U| |E| / gap; E from rounding and factorisation residuals"
    gram = character_gram(pieces.characters)
    largest = max(pieces.sizes)
    product_error = 2 * largest * pieces.character_error + pieces.character_error**2
    return [
        measured(
            pieces.off_block, Bound(pieces.terms, derivation), points=n, resolves=5e-2, name="sum of invariant pieces"
        ),
        measured(
            (gram.diagonal() - 1).abs(),
            Bound(
                {"characters": product_error},
                "an irreducible character has norm 1; a product of two computed ones is known up to 2 max|chi| e + e^2",
            ),
            points=n,
            resolves=0.2,
            name="pieces irreducible",
        ),
    ]


controls = {
    "shear-over-F_p": [Control(exact, dividing=True)],
    "additive-reals": [
        Control(exact, window=translations()),
        Control(numeric, cases=[Case(shears=0, seed=0), Case(shears=6, seed=1)], module=window_of_reals),
    ],
    "half-the-group": [
        Control(numeric, cases=[Case(d=6, shears=4, generators=((1, 2, 0), (1, 0, 2)), seed=0)], module=first_half),
    ],
}


def figure() -> Figure:
    """Two fans of lines and their images: a finite group leaves a second line in place, (R, +) leaves none."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(6.0, 3.0), layout="constrained")
    panels = drawing.subplots(1, 2)
    angles = np.linspace(0, np.pi, 9)[1:-1]
    special = np.arctan2(1, -0.35)
    fans = [
        ("C2 by [[1, 0.7], [0, -1]]", np.array([[1, 0.7], [0, -1]]), [*angles, special]),
        ("(R, +): t = 0.7 of [[1, t], [0, 1]]", np.array([[1, 0.7], [0, 1]]), angles),
    ]
    for axes, (title, matrix, fan) in zip(panels, fans, strict=True):
        axes.axhline(0, color="#1b6ca8", linewidth=2.5)
        for angle in fan:
            v = np.array([np.cos(angle), np.sin(angle)])
            image = matrix @ v
            image = image / np.linalg.norm(image) * np.sign(image[1])
            fixed = abs(image[0] * v[1] - image[1] * v[0]) < 1e-9
            axes.plot(
                [-v[0], v[0]], [-v[1], v[1]], color="#c0182b" if fixed else "#bbbbbb", linewidth=2.5 if fixed else 0.8
            )
            if not fixed:
                axes.annotate(
                    "", xy=image, xytext=v, arrowprops={"arrowstyle": "->", "color": "#777777", "linewidth": 0.7}
                )
        axes.set(title=title, aspect="equal", xlim=(-1.15, 1.15), ylim=(-1.1, 1.15))
        axes.title.set_fontsize(9)
        axes.axis("off")
    panels[0].text(0.75, 0.06, "W", color="#1b6ca8")
    panels[1].text(0.75, 0.06, "W", color="#1b6ca8")
    return drawing
