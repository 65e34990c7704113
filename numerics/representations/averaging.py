"""Numeric representations of finite groups, element by element: closures, exact
conjugates, averages, unitary matrices, characters.

:mod:`.splitting` splits them; :func:`numerics.representations.decomposition.decompose`
takes generators, in dimensions up to 2,000. Every result carries the terms of a bound
on its own error; the constants are those of rounding analysis (gamma_k = k u / (1 - k
u), Higham 2002, chapters 3 and 8) and measured residuals of the factorisations, so that
nothing depends on how a library computes a Cholesky factor or eigenvectors.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.errors import PrecisionError
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

UNITS = torch.tensor([1, 1j, -1, -1j], dtype=torch.complex128)  # i^k


def closure(generators: Tensor, limit: int = 5000) -> Tensor:
    """All products of permutations given by 0-based images.

    Args:
        generators: int64, shape ``(k, m)``.
        limit: Largest number of elements.
    Returns:
        int64, shape ``(n, m)``, the identity first.
    Raises:
        ValueError: a row is no permutation, or there are more than ``limit`` elements.

    >>> closure(torch.tensor([[1, 2, 0]]))
    tensor([[0, 1, 2],
            [1, 2, 0],
            [2, 0, 1]])
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
    """The products of permutations: ``elements[table[a, b]] =
    elements[a][elements[b]]``, int64, shape ``(n, n)``.

    Args:
        elements: All elements of a group as images, int64, shape ``(n, m)``.

    >>> cayley_table(closure(torch.tensor([[1, 2, 0]])))
    tensor([[0, 1, 2],
            [1, 2, 0],
            [2, 0, 1]])
    """
    index = {tuple(row): k for k, row in enumerate(elements.tolist())}
    products = elements[:, elements]  # (a, b, x) -> a(b(x))
    flat = [index[tuple(row)] for row in products.reshape(-1, elements.shape[1]).tolist()]
    return torch.tensor(flat, device=elements.device).reshape(len(elements), len(elements))


def permutation_matrices(images: Tensor) -> Tensor:
    """Matrices with R(g) e_x = e_{g(x)}, int64, shape ``(n, m, m)``, from ``images`` of
    shape ``(n, m)``.

    >>> permutation_matrices(torch.tensor([[1, 2, 0]]))
    tensor([[[0, 0, 1],
             [1, 0, 0],
             [0, 1, 0]]])
    """
    return torch.nn.functional.one_hot(images, images.shape[1]).mT.contiguous()


def integer_change_of_basis(size: int, shears: int, stream: Stream, *, gaussian: bool = False) -> tuple[Tensor, Tensor]:
    """A random integer matrix with integer inverse, the product of ``shears``
    elementary row operations, and that inverse.

    Conjugating by it keeps integer matrices integer: the conjugates are exact in
    floating point and yet badly conditioned. With ``gaussian`` the operations add i^k
    times a row, k = 0..3: Gaussian integers, as complex128.

    Returns:
        S and its inverse, shape ``(size, size)`` each, int64 or complex128.

    >>> basis, inverse = integer_change_of_basis(3, 10, Stream(1))
    >>> (basis @ inverse).equal(torch.eye(3, dtype=torch.int64))
    True
    """
    dtype = torch.complex128 if gaussian else torch.int64
    basis = torch.eye(size, dtype=dtype)
    inverse = torch.eye(size, dtype=dtype)
    if size > 1:
        rows = stream.integers(0, size, shears).cpu()
        others = (rows + 1 + stream.integers(0, size - 1, shears).cpu()) % size
        drawn = stream.integers(0, 4 if gaussian else 2, shears).cpu()
        signs = UNITS[drawn] if gaussian else 2 * drawn - 1
        for i, j, c in zip(rows.tolist(), others.tolist(), signs.tolist(), strict=True):
            basis[i] += c * basis[j]
            inverse[:, j] -= c * inverse[:, i]
    return basis.to(stream.device), inverse.to(stream.device)


def exact_conjugate(matrices: Tensor, basis: Tensor, inverse: Tensor) -> Tensor:
    """S R S^-1 in float64 for integer matrices, in complex128 for Gaussian integers,
    exactly.

    Args:
        matrices: Shape ``(n, d, d)``. basis, inverse: S and its inverse, shape ``(d,
            d)``.
    Raises:
        OverflowError: an entry may leave the range in which float64 holds every
            integer.

    >>> swap = torch.tensor([[[0, 1], [1, 0]]])
    >>> exact_conjugate(swap, torch.tensor([[1, 1], [0, 1]]), torch.tensor([[1, -1], [0, 1]]))
    tensor([[[ 1.,  0.],
             [ 1., -1.]]], dtype=torch.float64)
    """
    complex_ = any(part.is_complex() for part in (matrices, basis, inverse))
    largest = float(basis.abs().sum(1).max()) * float(matrices.abs().max()) * float(inverse.abs().sum(0).max())
    largest *= 4 * matrices.shape[-1] if complex_ else matrices.shape[-1]  # 4: real and imaginary parts, added up
    if largest >= 2.0**53:
        raise OverflowError(f"Entries of the conjugate may reach {largest:.1e}, beyond 2**53. Use fewer shears.")
    dtype = torch.complex128 if complex_ else torch.float64  # every partial sum is an integer below 2**53
    return basis.to(dtype) @ matrices.to(dtype) @ inverse.to(dtype)


def exact_cast(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """The same entries, any shape, in the precision ``dtype``, real or complex as they
    are.

    Raises:
        PrecisionError: that precision rounds an entry.

    >>> exact_cast(torch.tensor([2**24]), torch.float32)
    tensor([16777216.])
    """
    half = matrices.is_complex() and dtype == torch.float32
    rounded = matrices.to(torch.complex64 if half else torch.complex128 if matrices.is_complex() else dtype)
    if not bool((rounded.to(matrices.dtype) == matrices).all()):
        raise PrecisionError(f"Entries up to {float(matrices.abs().max()):.0e} are not held exactly. Use float64.")
    return rounded


def homomorphism_defect(matrices: Tensor, table: Tensor) -> tuple[float, tuple[int, int]]:
    """max over pairs of |R(g) R(h) - R(gh)|_F, and the pair (by index) that attains it;
    one row of the table at a time.

    Args:
        matrices: Every element, shape ``(n, d, d)``. table: Products of the elements,
            int64, shape ``(n, n)``.

    >>> elements = closure(torch.tensor([[1, 2, 0]]))
    >>> homomorphism_defect(permutation_matrices(elements).double(), cayley_table(elements))
    (0.0, (0, 0))
    """
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
    """(1/n) sum_g R(g) A R(g)^-1, and a bound on its rounding error in the Frobenius
    norm.

    Args:
        matrices: Shape ``(n, d, d)``; inverses: the same shape, R(g)^-1 (or R(g^-1))
            exactly.
        matrix: Shape ``(d, d)``.
    Accuracy:
        Entry by entry gamma_(2d+n+1) times the mean of |R| |A| |R^-1| (Higham 2002,
        3.5), in the Frobenius norm.

    >>> swap = permutation_matrices(torch.tensor([[0, 1], [1, 0]])).double()
    >>> average(swap, swap, torch.tensor([[1.0, 0.0], [0.0, 3.0]]).double())[0]
    tensor([[2., 0.],
            [0., 2.]], dtype=torch.float64)
    """
    n, d = matrices.shape[:2]
    mean = (matrices @ matrix @ inverses).mean(0)
    sizes = (matrices.abs() @ matrix.abs() @ inverses.abs()).mean(0)
    return mean, gamma(2 * d + n + 1, mean) * frobenius(sizes)


def unitarise(matrices: Tensor) -> tuple[Tensor, dict[str, float]]:
    """U(g) = L* R(g) L^-* with L L* = H = (1/n) sum_g R(g)* R(g), and bounds on its
    error.

    Args:
        matrices: R(g) for every element, shape ``(n, d, d)``, real or complex.
    Returns:
        The matrices U(g), and ``{"error": e, "form": f, "norm": u, "spectral": s}``,
        which hold if R is an exact representation: U is within e of an exact conjugate
        U' of R (Frobenius), whose invariant form is within f of the unit matrix, so
        that |U'|_F <= u and
        |U'|_2 <= s = sqrt((1 + f)/(1 - f)).
    Raises:
        PrecisionError: the averaged form is not positive definite at this precision.
    Accuracy:
        Rounding is bounded entry by entry, gamma times products of absolute values
        (Higham 2002, 3.5 and 8.1), and carried through the computed inverse factor, so
        that entries of very different size do not add to one another.

    >>> skew = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, -1.0]]]).double()
    >>> unitary, bounds = unitarise(skew)
    >>> bool((unitary.mH @ unitary - torch.eye(2)).abs().max() < 1e-14), bounds["error"] < 1e-13
    (True, True)
    """
    n, d = matrices.shape[:2]
    form = (matrices.mH @ matrices).mean(0)
    lower, failed = torch.linalg.cholesky_ex((form + form.mH) / 2)
    if int(failed):
        raise PrecisionError(
            "The averaged form is not positive definite in this precision: the change of basis is too ill-conditioned. Use float64 or rescale."
        )
    eye = torch.eye(d, dtype=lower.dtype, device=lower.device)
    inverse = torch.linalg.solve_triangular(lower, eye, upper=False)
    low, inv, size = lower.abs(), inverse.abs(), matrices.abs()
    short = gamma(d + 1, lower)
    leak = frobenius(inverse @ lower - eye) + short * frobenius(inv @ low)  # L^-1 = (1 + E)^-1 X with |E| <= leak
    grow = 1 / (1 - leak) if leak < 0.5 else math.inf
    right = matrices.mH @ lower
    unitary = torch.linalg.solve_triangular(lower, right, upper=False)  # the adjoints, L^-1 R* L
    left_over = (lower @ unitary - right).abs() + short * (low @ unitary.abs() + size.mT @ low)
    error = grow * frobenius(inv @ left_over)
    factor = (
        (form - lower @ lower.mH).abs() + short * (low @ low.mT) + gamma(d + n + 1, matrices) * (size.mT @ size).mean(0)
    )
    slack = grow**2 * frobenius(inv @ factor @ inv.mT)
    spectral = ((1 + slack) / (1 - slack)) ** 0.5 if slack < 0.5 else math.inf
    return unitary.mH.contiguous(), {
        "error": error,
        "form": slack,
        "norm": frobenius(unitary) + error,
        "spectral": spectral,
    }


def character_gram(characters: Tensor) -> Tensor:
    """(1/n) sum_g chi_i(g) conj(chi_j(g)), shape ``(k, k)``, from characters on all n
    elements, shape ``(k, n)``.

    >>> character_gram(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))  # the two characters of Z/2
    tensor([[1., 0.],
            [0., 1.]])
    """
    return characters @ characters.mH / characters.shape[1]


def first_of_each_kind(gram: Tensor) -> list[int]:
    """Positions of the first of each kind, where |gram| is near 1 for equal kinds and
    near 0 for different ones.

    Args:
        gram: Inner products of irreducible characters, shape ``(k, k)``, as
            :func:`character_gram` gives them.

    >>> first_of_each_kind(character_gram(torch.tensor([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])))
    [0, 1]
    """
    kept: list[int] = []
    for k in range(len(gram)):
        if all(float(gram[k, j].abs()) < 0.5 for j in kept):
            kept.append(k)
    return kept


def frobenius_schur(characters: Tensor, table: Tensor) -> Tensor:
    """(1/n) sum_g chi(g^2) for every row of ``characters``, shape ``(k,)``.

    Args:
        characters: Shape ``(k, n)``. table: Products of the elements, int64, shape
            ``(n, n)``.

    >>> frobenius_schur(torch.tensor([[1.0, -1.0]]), torch.tensor([[0, 1], [1, 0]]))
    tensor([1.])
    """
    return characters[:, table.diagonal()].mean(1)
