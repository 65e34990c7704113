"""Numeric representations of finite groups: averaging, unitarising, splitting by a random element of the commutant.

Input is one matrix per element, in floating point; :func:`decompose` takes generators, in dimensions up to 2,000. Every result carries the terms of a bound on its own error; the constants are those of
rounding analysis (gamma_k = k u / (1 - k u), Higham 2002, chapters 3 and 8) and measured residuals of the factorisations, so that nothing
depends on how a library computes a Cholesky factor or eigenvectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from numerics.random import Stream

if TYPE_CHECKING:
    from numerics.decomposition import Decomposition


def closure(generators: Tensor, limit: int = 5000) -> Tensor:
    """All products of permutations given by 0-based images.

    Args:
        generators: int64, shape ``(k, m)``.
        limit: Largest number of elements.
    Returns:
        int64, shape ``(n, m)``, the identity first.
    Raises:
        ValueError: a row is no permutation, or there are more than ``limit`` elements.
    """
    m = generators.shape[1]
    points = torch.arange(m, device=generators.device)
    if not bool((generators.sort(dim=1).values == points).all()):
        raise ValueError(f"Expected rows that are permutations of 0..{m - 1} given by their images.")
    found = points[None]
    new = found
    while len(new):
        products = new[:, generators].reshape(-1, m)  # x -> new(generator(x))
        known = {tuple(row) for row in found.tolist()}
        fresh = [row for row in dict.fromkeys(map(tuple, products.tolist())) if row not in known]
        if len(known) + len(fresh) > limit:
            raise ValueError(f"The permutations generate more than {limit} elements; pass a larger limit=.")
        new = torch.tensor(fresh, dtype=torch.int64, device=generators.device).reshape(-1, m)
        found = torch.cat([found, new])
    return found


def cayley_table(elements: Tensor) -> Tensor:
    """The products of permutations: ``elements[table[a, b]] = elements[a][elements[b]]``, int64, shape ``(n, n)``."""
    index = {tuple(row): k for k, row in enumerate(elements.tolist())}
    products = elements[:, elements]  # (a, b, x) -> a(b(x))
    flat = [index[tuple(row)] for row in products.reshape(-1, elements.shape[1]).tolist()]
    return torch.tensor(flat, device=elements.device).reshape(len(elements), len(elements))


def permutation_matrices(images: Tensor) -> Tensor:
    """Matrices with R(g) e_x = e_{g(x)}, int64, shape ``(n, m, m)``, from ``images`` of shape ``(n, m)``."""
    return torch.nn.functional.one_hot(images, images.shape[1]).mT.contiguous()


def integer_change_of_basis(size: int, shears: int, stream: Stream) -> tuple[Tensor, Tensor]:
    """A random integer matrix with integer inverse, the product of ``shears`` elementary row operations, and that inverse.

    Conjugating by it keeps integer matrices integer: the conjugates are exact in floating point and yet badly conditioned.
    """
    basis = torch.eye(size, dtype=torch.int64)
    inverse = torch.eye(size, dtype=torch.int64)
    if size > 1:
        rows = stream.integers(0, size, shears).cpu()
        others = (rows + 1 + stream.integers(0, size - 1, shears).cpu()) % size
        signs = 2 * stream.integers(0, 2, shears).cpu() - 1
        for i, j, c in zip(rows.tolist(), others.tolist(), signs.tolist(), strict=True):
            basis[i] += c * basis[j]
            inverse[:, j] -= c * inverse[:, i]
    return basis.to(stream.device), inverse.to(stream.device)


def exact_conjugate(matrices: Tensor, basis: Tensor, inverse: Tensor) -> Tensor:
    """S R S^-1 in float64 for integer matrices, exactly.

    Raises:
        OverflowError: an entry may leave the range in which float64 holds every integer.
    """
    largest = float(basis.abs().sum(1).max()) * float(matrices.abs().max()) * float(inverse.abs().sum(0).max())
    if largest * matrices.shape[-1] >= 2.0**53:
        raise OverflowError(
            f"Entries of the conjugate may reach {largest * matrices.shape[-1]:.1e}, beyond 2**53. Use fewer shears."
        )
    left, right = basis.to(torch.float64), inverse.to(torch.float64)  # every partial sum is an integer below 2**53
    return left @ matrices.to(torch.float64) @ right


def gamma(k: int, matrix: Tensor) -> float:
    """gamma_k = k u/(1 - k u) for inner products of length k in this dtype; complex products count double (Higham 2002, 3.6)."""
    u = torch.finfo(matrix.dtype).eps / 2
    terms = (2 * k + 8 if matrix.is_complex() else k) * u
    return terms / (1 - terms) if terms < 1 else math.inf


def frobenius(matrices: Tensor) -> float:
    """The largest Frobenius norm in a batch, rounded up."""
    norm = float(torch.linalg.matrix_norm(matrices).max())
    return norm * (1 + matrices.shape[-1] ** 2 * torch.finfo(torch.float64).eps)


def homomorphism_defect(matrices: Tensor, table: Tensor) -> tuple[float, tuple[int, int]]:
    """max over pairs of |R(g) R(h) - R(gh)|_F, and the pair (by index) that attains it; one row of the table at a time."""
    worst, pair = -1.0, (0, 0)
    for g in range(len(matrices)):
        size = torch.linalg.matrix_norm(matrices[g] @ matrices - matrices[table[g]])
        h = int(torch.nan_to_num(size, nan=torch.inf).argmax())
        value = float(size[h])
        if math.isnan(value):
            return value, (g, h)
        if value > worst:
            worst, pair = value, (g, h)
    return worst, pair


def average(matrices: Tensor, inverses: Tensor, matrix: Tensor) -> tuple[Tensor, float]:
    """(1/n) sum_g R(g) A R(g)^-1, and a bound on its rounding error in the Frobenius norm.

    Args:
        matrices: Shape ``(n, d, d)``; inverses: the same shape, R(g)^-1 (or R(g^-1)) exactly.
        matrix: Shape ``(d, d)``.
    """
    n, d = matrices.shape[:2]
    mean = (matrices @ matrix @ inverses).mean(0)
    return mean, gamma(2 * d + n + 1, mean) * frobenius(matrices) * frobenius(matrix) * frobenius(inverses)


@dataclass(frozen=True)
class Splitting:
    """A representation split by a random Hermitian element of its commutant.

    Attributes:
        unitary: The unitarised matrices U(g), shape ``(n, d, d)``.
        element: The Hermitian matrix whose eigenspaces they are, shape ``(d, d)``.
        basis: Orthonormal columns V, sorted by eigenvalue.
        sizes: Dimensions of the pieces, in the order of the columns.
        blocks: V* U(g) V, shape ``(n, d, d)``.
        off_block: For each g the Frobenius norm outside the diagonal blocks.
        gap: Least distance between eigenvalues of different pieces.
        resolution: Eigenvalues closer than this part of the whole spectrum's width were taken for one.
        terms: Named terms whose sum bounds every ``off_block`` if the input is a representation.
        character_error: Bound on the error of every piece's character, at every element.
    """

    unitary: Tensor
    element: Tensor
    basis: Tensor
    sizes: tuple[int, ...]
    blocks: Tensor
    off_block: Tensor
    gap: float
    resolution: float
    terms: dict[str, float]
    character_error: float

    @property
    def characters(self) -> Tensor:
        """Traces of the diagonal blocks, shape ``(pieces, n)``."""
        ends = torch.tensor(self.sizes).cumsum(0).tolist()
        diagonal = torch.diagonal(self.blocks, dim1=-2, dim2=-1)
        return torch.stack([diagonal[:, end - size : end].sum(-1) for size, end in zip(self.sizes, ends, strict=True)])


def unitarise(matrices: Tensor) -> tuple[Tensor, dict[str, float]]:
    """U(g) = L* R(g) L^-* with L L* = H = (1/n) sum_g R(g)* R(g), and bounds on its error.

    Returns:
        The matrices U(g), and ``{"error": e, "form": f, "norm": u, "spectral": s}``, which hold if R is an exact representation: U is within e
        of an exact conjugate U' of R (Frobenius), whose invariant form is within f of the unit matrix, so that |U'|_F <= u and
        |U'|_2 <= s = sqrt((1 + f)/(1 - f)).
    Raises:
        ValueError: the averaged form is not positive definite at this precision.
    """
    n, d = matrices.shape[:2]
    rho = frobenius(matrices)
    form = (matrices.mH @ matrices).mean(0)
    lower, failed = torch.linalg.cholesky_ex((form + form.mH) / 2)
    if int(failed):
        raise ValueError(
            "The averaged form is not positive definite in this precision: the change of basis is too ill-conditioned. Use float64 or rescale."
        )
    size = frobenius(lower)
    inverse = torch.linalg.solve_triangular(lower, torch.eye(d, dtype=lower.dtype, device=lower.device), upper=False)
    leak = frobenius(lower @ inverse - torch.eye(d, dtype=lower.dtype, device=lower.device)) + gamma(
        d + 1, lower
    ) * size * frobenius(inverse)
    inverse_norm = frobenius(inverse) / (1 - leak) if leak < 0.5 else torch.inf
    right = matrices.mH @ lower
    unitary = torch.linalg.solve_triangular(lower, right, upper=False)  # the adjoints, L^-1 R* L
    left_over = frobenius(lower @ unitary - right) + gamma(d + 1, lower) * (size * frobenius(unitary) + 2 * rho * size)
    error = inverse_norm * left_over
    factor = frobenius(form - lower @ lower.mH) + gamma(d + 1, lower) * size**2 + gamma(d + n + 1, matrices) * rho**2
    slack = inverse_norm**2 * factor
    spectral = ((1 + slack) / (1 - slack)) ** 0.5 if slack < 0.5 else torch.inf
    return unitary.mH.contiguous(), {
        "error": error,
        "form": slack,
        "norm": frobenius(unitary) + error,
        "spectral": spectral,
    }


Element = Callable[[Tensor, dict[str, float], Stream], tuple[Tensor, float]]


def split(
    matrices: Tensor, stream: Stream, attempts: int = 4, *, ground: str = "C", element: Element | None = None
) -> Splitting:
    r"""Split into pieces, almost surely irreducible over the ground field, by the eigenspaces of a random Hermitian element of the commutant.

    With X Hermitian and Gaussian, C = (1/n) sum_g U(g) X U(g)* commutes with U. If C is known up to E and its eigenvalues fall into clusters
    at least ``gap`` apart, then from U C = C U, entry (a, b) of V* U V in different clusters is at most
    :math:`2 |V|^2 |U|_2 |E| / |\lambda_a - \lambda_b|` (the argument of Davis and Kahan 1970). The trace of a diagonal block differs from the character of the true
    piece by the product of that and the tilt of the eigenspaces, hence by a second-order term. Eigenvalues closer than 8 |E| are one cluster.

    Eigenvalues of different irreps may lie that close by chance, so while a piece is seen to be reducible (the mean of |chi|^2 is above 1.5) another
    X is tried, and the finest splitting is returned.

    Args:
        matrices: Shape ``(n, d, d)``, real or complex; an exact representation up to rounding of what is done here.
        stream: Source of X.
        attempts: How many X are tried at most.
        ground: "C", or "R" for real matrices and a symmetric X: then all ``attempts`` are made, and the pieces are irreducible over R.
        element: What is diagonalised, and how far it may be from commuting; :func:`commutant_element` unless told otherwise.
    Raises:
        ValueError: not square, not finite, complex matrices over R, or the averaged form is not positive definite.
    """
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(f"Expected matrices of shape (n, d, d), got {tuple(matrices.shape)}.")
    if not bool(torch.isfinite(torch.view_as_real(matrices) if matrices.is_complex() else matrices).all()):
        raise ValueError("Expected finite entries, got NaN or infinity in the matrices.")
    if ground not in ("C", "R") or (ground == "R" and matrices.is_complex()):
        raise ValueError(f"Expected ground 'C', or 'R' with real matrices, got {ground!r} with {matrices.dtype}.")
    element = element or commutant_element
    unitary, known = unitarise(matrices)
    if ground == "C":
        unitary = unitary.to(
            torch.complex64 if matrices.dtype in (torch.float32, torch.complex64) else torch.complex128
        )
    best = _split_once(unitary, known, stream, element)
    for _ in range(attempts - 1):
        if ground == "C" and float(best.characters.abs().square().mean(1).max()) < 1.5:
            break
        best = max(best, _split_once(unitary, known, stream, element), key=lambda pieces: len(pieces.sizes))
    return best


def commutant_element(unitary: Tensor, known: dict[str, float], stream: Stream) -> tuple[Tensor, float]:
    """(1/n) sum_g U(g) X U(g)*, X Hermitian (symmetric if U is real) of norm 1, and how far it may be from commuting with the exact U'."""
    n, d = unitary.shape[:2]
    noise = _hermitian(unitary, stream)
    x, u, s = frobenius(noise), known["norm"], known["spectral"]
    sample = (unitary @ noise @ unitary.mH).mean(0)
    skew = 2 * known["form"] / (1 - known["form"]) if known["form"] < 0.5 else torch.inf  # of U'^-1 against U'*
    drift = x * (s * (2 * known["error"] + s * skew) + u**2 * gamma(2 * d + n + 2, unitary))
    return (sample + sample.mH) / 2, drift


def outside_commutant(unitary: Tensor, known: dict[str, float], stream: Stream) -> tuple[Tensor, float]:
    """A falsehood to try checks on: X itself, not averaged, said to be as near to the commutant as :func:`commutant_element`."""
    return _hermitian(unitary, stream), commutant_element(unitary, known, stream)[1]


def _hermitian(unitary: Tensor, stream: Stream) -> Tensor:
    d = unitary.shape[1]
    real = stream.normal(d, d)
    noise = (torch.complex(real, stream.normal(d, d)) if unitary.is_complex() else real).to(unitary)
    return (noise + noise.mH) / torch.linalg.matrix_norm(noise + noise.mH, ord=2)


def _split_once(unitary: Tensor, known: dict[str, float], stream: Stream, element: Element) -> Splitting:
    d = unitary.shape[1]
    sample, drift = element(unitary, known, stream)
    values, basis = torch.linalg.eigh(sample)
    solver = frobenius(sample @ basis - basis * values) + gamma(d + 2, unitary) * frobenius(sample) * frobenius(basis)
    eye = torch.eye(d, dtype=unitary.dtype, device=unitary.device)
    slant = frobenius(basis.mH @ basis - eye) + gamma(d + 1, unitary) * frobenius(basis) ** 2
    stretch, s = 1 + slant, known["spectral"]
    uncertain = drift * stretch + solver
    steps = values.diff()
    cuts = (steps > 8 * uncertain).nonzero().ravel()
    ends = [0, *(cuts + 1).tolist(), d]
    sizes = tuple(b - a for a, b in pairwise(ends))
    gap = float(steps[cuts].min()) if len(cuts) else torch.inf
    width = float(values[-1] - values[0])
    blocks = basis.mH @ unitary @ basis
    label = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)).to(unitary.device)
    outside = torch.where(label[:, None] == label[None, :], 0, blocks)
    terms = {
        "commutant element over the spectral gap": 2 * stretch * s * uncertain / gap,
        "unitarised matrices": stretch * known["error"],
        "rounding of V* U V": gamma(2 * d + 2, unitary) * frobenius(basis) ** 2 * known["norm"],
    }
    tilt = 4 * stretch * uncertain / gap  # of the true eigenspaces against the computed ones
    second_order = sum(terms.values()) * (tilt if tilt < 0.5 else 1.0)
    worst_trace = max(sizes) * (
        second_order + terms["unitarised matrices"] + terms["rounding of V* U V"] + slant * stretch * s
    )
    resolution = 8 * uncertain / width if d > 1 and width > 0 else 0.0
    return Splitting(
        unitary, sample, basis, sizes, blocks, torch.linalg.matrix_norm(outside), gap, resolution, terms, worst_trace
    )


def character_gram(characters: Tensor) -> Tensor:
    """(1/n) sum_g chi_i(g) conj(chi_j(g)), shape ``(k, k)``, from characters on all n elements, shape ``(k, n)``."""
    return characters @ characters.mH / characters.shape[1]


def distinct(gram: Tensor) -> list[int]:
    """Positions of the first of each kind, where |gram| is near 1 for equal kinds and near 0 for different ones."""
    kept: list[int] = []
    for k in range(len(gram)):
        if all(float(gram[k, j].abs()) < 0.5 for j in kept):
            kept.append(k)
    return kept


def frobenius_schur(characters: Tensor, table: Tensor) -> Tensor:
    """(1/n) sum_g chi(g^2) for every row of ``characters``, shape ``(k,)``."""
    return characters[:, table.diagonal()].mean(1)


def decompose(generators: Tensor, stream: Stream, **options: Any) -> Decomposition:
    """Split a representation given on generators into irreducible ones, with a certificate: :func:`numerics.decomposition.decompose`."""
    from numerics.decomposition import decompose as run

    return run(generators, stream, **options)
