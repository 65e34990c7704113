"""A representation given element by element, split by the code that decomposes
generators; every piece with bounds on its error.

The steps are those of :func:`numerics.representations.decomposition.decompose`: the
group is searched for in the matrices, an invariant form makes them unitary, a random
Hermitian element of the commutant is diagonalised. What is added are bounds that use
nothing but residuals measured afterwards and rounding (Higham 2002, chapters 3 and 8):
how far the eigenspaces are from invariant, how far traces of the blocks are from
characters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.errors import PrecisionError
from numerics.representations.averaging import character_gram, frobenius_schur
from numerics.representations.commutant import CLUSTER, Eigenspaces, Element, commutant_element, eigenspaces
from numerics.representations.decomposition import check, decompose, require_finite, searched_group
from numerics.representations.invariant_forms import unitarise_batch
from numerics.representations.regular_action import RegularAction
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

COARSE = 1e-3  # of the spectrum's width; four samples then miss a splitting by chance with probability far below 1e-9


@dataclass(frozen=True)
class Splitting:
    """A representation split by a random Hermitian element of its commutant.

    Attributes:
        unitary: The unitary matrices U(g), shape ``(n, d, d)``.
        element: The Hermitian matrix whose eigenspaces they are, shape ``(d, d)``.
        basis: Orthonormal columns V, sorted by eigenvalue.
        sizes: Dimensions of the pieces, in the order of the columns.
        blocks: V* U(g) V, shape ``(n, d, d)``.
        gap: Least distance between eigenvalues of different pieces.
        resolution: Eigenvalues closer than this part of the whole spectrum's width were
            taken for one.
        terms: Named terms whose sum bounds every ``off_block`` if the input is a
            representation; infinite where no finite group or no invariant form was
            found.
        character_error: Bound on the error of every piece's character, at every
            element.
        distance: How far U may be from a unitary representation (Frobenius, at every
            element).
    """

    unitary: Tensor
    element: Tensor
    basis: Tensor
    sizes: tuple[int, ...]
    blocks: Tensor
    gap: float
    resolution: float
    terms: dict[str, float]
    character_error: float
    distance: float

    @property
    def off_block(self) -> Tensor:
        """For each g the Frobenius norm of V* U(g) V outside the diagonal blocks, shape
        ``(n,)``."""
        label = torch.repeat_interleave(torch.arange(len(self.sizes)), torch.tensor(self.sizes)).to(self.blocks.device)
        return torch.linalg.matrix_norm(torch.where(label[:, None] == label[None, :], 0, self.blocks))

    @property
    def characters(self) -> Tensor:
        """Traces of the diagonal blocks, shape ``(pieces, n)``.

        >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]).double()
        >>> split(swap, Stream(1)).characters.sum(0).real.round(decimals=9)  # of the whole
        tensor([2., 0.], dtype=torch.float64)
        """
        ends = torch.tensor(self.sizes).cumsum(0).tolist()
        diagonal = torch.diagonal(self.blocks, dim1=-2, dim2=-1)
        return torch.stack([diagonal[:, end - size : end].sum(-1) for size, end in zip(self.sizes, ends, strict=True)])

    def require_resolved(self) -> Splitting:
        """The splitting itself, refused where eigenvalues cannot be told apart.

        Raises:
            PrecisionError: eigenvalues within 1e-3 of the spectrum's width were taken
                for one, too many to be told apart.
        """
        if self.resolution > COARSE:
            raise PrecisionError(
                f"Eigenvalues of the commutant element closer than {self.resolution:.1e} of its width cannot be told apart: use fewer shears or more precision."
            )
        return self

    def invariance(self) -> Measurement:
        """What U(g) carries from one piece to another, for every g; shape ``(n,)``."""
        derivation = (
            "entries of V* U V between eigenspaces of a commuting matrix known up to E are at most 2 |V|^2 |U| |E| / gap; "
            "E from rounding and measured residuals"
        )
        return Measurement(self.off_block, Bound(self.terms, derivation), len(self.unitary))

    def products(self, table: Tensor) -> Measurement:
        """|U(g) U(h) - U(gh)|, for every g the largest over h; shape ``(n,)``.

        Args:
            table: Products of the elements, int64, shape ``(n, n)``.
        """
        U, size, error = self.unitary, self.unitary.abs(), self.distance
        residual, sums = [], []
        for g in range(len(U)):
            residual.append(torch.linalg.matrix_norm(U[g] @ U - U[table[g]]).max())
            sums.append(torch.linalg.matrix_norm(size[g] @ size + size[table[g]]).max())
        rounding = gamma(U.shape[-1] + 1, U) * torch.stack(sums)
        derivation = (
            "U is within e of a unitary representation: 3 e + e^2, and gamma_d times products of absolute values"
        )
        terms = {"unitary matrices": 3 * error + error**2, "products": rounding}
        return Measurement(torch.stack(residual), Bound(terms, derivation), len(U) ** 2)

    def product_error(self, count: int = 1) -> float:
        """Bound on the error of a sum of ``count`` products of two characters known up
        to e: count (2 max|chi| e + e^2)."""
        error = self.character_error
        return count * (2 * max(self.sizes) * error + error**2)

    def irreducibility(self) -> Measurement:
        """How far the mean of |chi|^2 is from 1, for every piece; shape
        ``(pieces,)``."""
        derivation = (
            "an irreducible character has norm 1; a product of two computed ones is known up to 2 max|chi| e + e^2"
        )
        residual = (character_gram(self.characters).diagonal() - 1).abs()
        return Measurement(residual, Bound({"characters": self.product_error()}, derivation), len(self.unitary))

    def real_irreducibility(self, table: Tensor) -> Measurement:
        """How far ((1/n) sum |chi|^2 + chi(g^2)) / 2, the dimension of the symmetric
        commutant, is from 1; shape ``(pieces,)``.

        Args:
            table: Products of the elements, int64, shape ``(n, n)``.
        """
        derivation = (
            "of an irreducible real representation only scalars are symmetric and commute; a sum of products of characters known up to e "
            "is known up to 2 max|chi| e + e^2, an indicator up to e"
        )
        square = character_gram(self.characters).diagonal().real
        residual = ((square + frobenius_schur(self.characters, table).real) / 2 - 1).abs()
        terms = {"characters": (self.product_error() + self.character_error) / 2}
        return Measurement(residual, Bound(terms, derivation), len(self.unitary))


def split(
    matrices: Tensor, stream: Stream, attempts: int = 4, *, ground: str = "C", element: Element = commutant_element
) -> Splitting:
    r"""Split into pieces, almost surely irreducible over the ground field, by the
    eigenspaces of a random Hermitian element of the commutant.

    If C is within E of a matrix that commutes with U and its eigenvalues fall into
    clusters at least ``gap`` apart, then from U C = C U entry (a, b) of V* U V in
    different clusters is at most :math:`2 |V|^2 |U|_2 |E| / |\lambda_a - \lambda_b|`
    (the argument of Davis and Kahan 1970). The trace of a diagonal block differs from
    the character of the true piece by the product of that and the sine of the angle
    between true and computed eigenspaces, hence by a second-order term. Eigenvalues
    closer than 8 |E| are one cluster; as those of different irreps may lie that close
    by chance, another element is tried while a piece is seen to be reducible (the mean
    of |chi|^2 is above 1.5), and the finest splitting is returned.

    Args:
        matrices: Every element, shape ``(n, d, d)``, real or complex; an exact
            representation up to rounding of what is done here.
        stream: Source of random vectors and matrices.
        attempts: How many elements of the commutant are tried at most.
        ground: "C", or "R" for real matrices: then all ``attempts`` are made, and the
            pieces are irreducible over R.
        element: What is diagonalised, and how far it may be from commuting.
    Raises:
        ValueError: not square, not finite, or complex matrices over R.

    >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> split(swap, Stream(1)).sizes
    (1, 1)
    """
    if ground not in ("C", "R"):
        raise ValueError(f"Expected ground 'C' or 'R', got {ground!r}.")
    check(matrices, "complex" if ground == "C" else "real")
    require_finite(matrices)
    action = searched_group(matrices, stream.fork("orbit"))
    if action is None:
        return _left_whole(matrices)
    form = unitarise_batch(matrices[:, None], action, stream.fork("form"))
    unitary = form.matrices[:, 0]
    if not bool(form.exists):
        return _left_whole(matrices)
    error, off = unitarity_errors(matrices, unitary, None if form.change is None else form.change[0])
    if ground == "C":
        unitary = unitary.to(torch.complex64 if unitary.dtype in (torch.float32, torch.complex64) else torch.complex128)
    best: Splitting | None = None
    for attempt in range(attempts):
        found = _split_once(unitary, action, stream.fork(f"pieces {attempt}"), (error, off), element)
        best = found if best is None or len(found.sizes) > len(best.sizes) else best
        if ground == "C" and float(best.characters.abs().square().mean(1).max()) < 1.5:
            break
    assert best is not None
    return best


def _left_whole(matrices: Tensor) -> Splitting:
    """No finite group or no invariant form was found: one piece, about which nothing is
    known."""
    d = matrices.shape[-1]
    eye = torch.eye(d, dtype=matrices.dtype, device=matrices.device)
    terms = {"no group or no invariant form": math.inf}
    return Splitting(matrices, eye, eye, (d,), matrices, math.inf, 0.0, terms, math.inf, math.inf)


def unitarity_errors(matrices: Tensor, unitary: Tensor, change: Tensor | None) -> tuple[float, float]:
    """e and f: U is within e of the exact conjugate L^-1 R L (Frobenius), whose
    invariant form is within f of the unit matrix.

    Whatever made L, |U - L^-1 R L| <= |X (L U - R L)| / (1 - |X L - 1|) with X near
    L^-1; rounding of each product is bounded entry by entry, gamma times products of
    absolute values (Higham 2002, 3.5).

    Args:
        matrices: R, shape ``(n, d, d)``. unitary: U, the same shape. change: L, shape
            ``(d, d)``; None for the unit matrix.

    >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> error, form = unitarity_errors(swap, swap, None)
    >>> error, form < 1e-14
    (0.0, True)
    """
    d = unitary.shape[-1]
    eye, short = torch.eye(d, dtype=unitary.dtype, device=unitary.device), gamma(d + 1, unitary)
    error, size = 0.0, unitary.abs()
    if change is not None:
        inverse = torch.linalg.inv(change)
        low, inv = change.abs(), inverse.abs()
        leak = frobenius(inverse @ change - eye) + short * frobenius(inv @ low)
        residual = change @ unitary - matrices @ change
        rounding = short * (low @ size + matrices.abs() @ low)
        products = frobenius(inverse @ residual) + frobenius(inv @ (rounding + short * residual.abs()))
        error = products / (1 - leak) if leak < 0.5 else math.inf
    defect = frobenius(unitary.mH @ unitary - eye) + short * frobenius(size.mT @ size)
    return error, defect + 2 * error * (1 + defect) + error**2


def _split_once(
    unitary: Tensor, action: RegularAction | None, stream: Stream, errors: tuple[float, float], element: Element
) -> Splitting:
    error, off = errors
    spectral = ((1 + off) / (1 - off)) ** 0.5 if off < 0.5 else math.inf  # of L^-1 R L, and of what is unitary
    distance = error + 2 * off * spectral / (1 - off) if off < 0.5 else math.inf  # |h U h^-1 - U| for h^2 within f of 1
    C, apart = element(unitary, action, stream, distance)
    spaces = eigenspaces(C, apart)
    V = spaces.basis
    columns, stretch = V.abs(), 1 + spaces.orthogonality_defect
    terms = {
        "commutant element over the spectral gap": 2 * stretch * spaces.uncertain / spaces.gap,
        "unitary matrices": stretch * distance,
        "rounding of V* U V": gamma(2 * len(V) + 2, V) * frobenius(columns.mT @ unitary.abs() @ columns),
    }
    return Splitting(
        unitary, C, V, spaces.sizes, V.mH @ unitary @ V, spaces.gap, _resolution(C, spaces), terms,
        _trace_error(spaces, terms), distance,
    )  # fmt: skip


def _trace_error(spaces: Eigenspaces, terms: dict[str, float]) -> float:
    """How far the trace of a block may be from the character of the true piece: second
    order in the angle between the two spaces."""
    sine = 4 * (1 + spaces.orthogonality_defect) * spaces.uncertain / spaces.gap
    second_order = sum(terms.values()) * (sine if sine < 0.5 else 1.0)
    direct = (
        terms["unitary matrices"]
        + terms["rounding of V* U V"]
        + spaces.orthogonality_defect * (1 + spaces.orthogonality_defect)
    )
    return max(spaces.sizes) * (second_order + direct)


def _resolution(C: Tensor, spaces: Eigenspaces) -> float:
    values = torch.linalg.eigvalsh(C)
    width = float(values[-1] - values[0])
    return CLUSTER * spaces.uncertain / width if len(values) > 1 and width > 0 else 0.0


def commutant_dimension(
    matrices: Tensor, generators: list[int], stream: Stream, *, ground: str = "C", element: Element = commutant_element
) -> Measurement:
    """The dimension of the commutant as
    :func:`numerics.representations.decomposition.decompose` has it, against characters.

    That is the sum of m^2, over R times 1, 2 or 4, for m copies of an irrep of real,
    complex or quaternionic type; and the mean of |chi|^2.

    Args:
        matrices: Every element, shape ``(n, d, d)``, exact. generators: Positions of
            generators among them.

    >>> swap = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> float(commutant_dimension(swap, [1], Stream(1)).residual)
    0.0
    """
    found = decompose(
        torch.stack([matrices[g] for g in generators]),
        stream,
        field="complex" if ground == "C" else "real",
        element=element,
    )
    weights = {"real": 1, "complex": 2, "quaternionic": 4} if ground == "R" else {}
    counted = sum(weights.get(irrep.kind, 1) * irrep.multiplicity**2 for irrep in found.irreps)
    traces = matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
    d, size = matrices.shape[-1], float(matrices.diagonal(dim1=-2, dim2=-1).abs().sum(-1).max())
    rounding = 2 * size * gamma(d + len(matrices), matrices) * float(traces.abs().max()) * 2
    rounding = rounding if found.decided else math.inf  # without its certificate a decomposition says nothing
    derivation = "sums of d exact numbers, and means of n products of two of them; infinite where the decomposition is not certified"
    residual = abs(float(traces.abs().square().mean()) - counted)
    return Measurement(residual, Bound({"rounding": rounding}, derivation), len(matrices))
