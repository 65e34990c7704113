"""Matrices in decimals, given on some elements of a group: brought to all of its
elements, with a bound on how far each may be off.

If every entry is within a of a true one, a given matrix misses by |E|_F <= d a. A
product along a word of L letters misses by a sum over its letters of |prefix| |E|
|suffix|, which in a basis far from an orthonormal one grows like a power of the
condition. So the words are multiplied out in the basis of the invariant form H = mean
W* W = S* S as well: there the matrices of a representation are unitary, those computed
have norms at most 1 + eta, and if S turns |E|_F into at most e,

    |W(x) - T(x)|_F <= L e exp(L (eta + e)),

for no product of letters, computed or true, has a norm above exp(L (eta + e)). The
better of the two is kept. Any invertible S will do: a poor one makes eta large, and the
bound with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from proofs_checks.inputs.narrow_formats import narrow_unit
from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup

EPS = float(np.finfo(float).eps)
EXACT_RANK = 64  # largest degree at which the rank of a floating-point matrix is decided exactly


@dataclass(frozen=True)
class Decimals:
    """Matrices on all elements, complex128 ``(n, d, d)``.

    Attributes:
        matrices: In the basis given, or in that of their invariant form.
        errors: How far each may be from the true one, Frobenius norm, shape ``(n,)``.
        accuracy: How far entries were taken to be from the true ones.
        condition: Of the change of basis; 1 in the basis given.
    """

    matrices: np.ndarray
    errors: np.ndarray
    accuracy: float
    condition: float = 1.0


def to_complex(number: Cyclotomic) -> complex:
    """A floating-point value, to a few units in the last place of its largest
    coordinate."""
    total = 0j
    for k, c in enumerate(number.numerators):
        if c:
            angle = 2 * math.pi * k / number.order
            total += (c / number.denominator) * complex(math.cos(angle), math.sin(angle))
    return total


def as_array(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """Entries that the format knows, as complex128."""
    return np.array([[to_complex(x) if isinstance(x, Cyclotomic) else complex(x) for x in row] for row in rows])


def digits_of(entries: Iterable[Any]) -> float:
    """Half a unit in the last place of the longest decimal written; 0 where none was,
    as in numbers that came from Python."""
    written = [x.digits for x in entries if getattr(x, "digits", None) is not None]
    return 0.5 * 10.0 ** -max(written) if written else 0.0


def last_place(largest: float) -> float:
    """Four units of roundoff of the largest entry: what entries computed in float64 are
    taken to be off by when nobody says otherwise."""
    return 4 * EPS * max(1.0, largest)


def storage_rounding(arrays: Iterable[np.ndarray]) -> float:
    """Four units in the last place of the largest entry where all entries are numbers
    of a narrower format than float64, such as float32; 0 elsewhere."""
    flat = np.concatenate([np.asarray(array).ravel() for array in arrays])
    return 4 * narrow_unit(flat) * max(1.0, float(np.abs(flat).max(initial=0.0)))


def is_singular(matrix: np.ndarray) -> bool:
    """Whether a floating-point matrix is singular as it stands, every entry the dyadic
    rational that it is; False beyond degree 64."""
    values = np.linalg.svd(matrix, compute_uv=False)
    if len(matrix) > EXACT_RANK or values[-1] > 4 * len(matrix) * EPS * values[0]:
        return False
    if np.iscomplexobj(matrix):  # A + i B is singular where [[A, -B], [B, A]] is
        real, imaginary = np.real(matrix), np.imag(matrix)
        matrix = np.block([[real, -imaginary], [imaginary, real]])
    return ExactArray.of([[Fraction(float(x)) for x in row] for row in matrix]).determinant_is_zero()


def on_all_elements(given: Mapping[int, np.ndarray], group: FiniteGroup, accuracy: float) -> Decimals:
    """The matrices of all elements as products of those given, which generate; those
    given stay as they are."""
    error = accuracy * len(next(iter(given.values())))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no bound, and decides nothing
        plain = _along_words(given, group, error)
        if len(given) == group.order or group.order == 1:
            return Decimals(*plain, accuracy)
        turned = _in_the_invariant_basis(given, group, error, plain[0])
        if turned is None or _reach(*plain) <= _reach(*turned[:2]):
            return Decimals(*plain, accuracy)
    return Decimals(*turned[:2], accuracy, turned[2])


def _reach(matrices: np.ndarray, errors: np.ndarray) -> float:
    """How wide the bound on a product is, more or less."""
    return float((np.linalg.norm(matrices, axis=(1, 2)).max() + 1) * errors.max())


def _rounding(d: int) -> float:
    """gamma of a complex inner product of length d (Higham 2002, 3.6), with room for
    the norms that are themselves rounded."""
    return (2 * d + 8) * EPS


def _letters(given: Mapping[int, np.ndarray]) -> list[int]:
    """All given elements but the identity; the identity alone serves the trivial
    group."""
    return [x for x in given if x] or list(given)


def _along_words(given: Mapping[int, np.ndarray], group: FiniteGroup, error: float) -> tuple[np.ndarray, np.ndarray]:
    """|W(x g) - T(x g)| <= e(x) (|R(g)| + e) + |W(x)| e + rounding, letter by
    letter."""
    d = len(next(iter(given.values())))
    whole, errors = np.zeros((group.order, d, d), dtype=np.complex128), np.zeros(group.order)
    whole[0] = np.eye(d)
    letters = _letters(given)
    norms = {g: float(np.linalg.norm(given[g], 2)) for g in letters}
    for x, parent, k in group.walk(letters):
        g = letters[k]
        whole[x] = whole[parent] @ given[g]
        size = float(np.linalg.norm(whole[parent]))
        rounding = _rounding(d) * size * float(np.linalg.norm(given[g]))
        errors[x] = errors[parent] * (norms[g] + error) + size * error + rounding
    for element, matrix in given.items():
        whole[element], errors[element] = matrix, error
    return whole, errors


def _in_the_invariant_basis(
    given: Mapping[int, np.ndarray], group: FiniteGroup, error: float, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """The same in the basis of H = mean W* W, as at the top; None where H is not
    positive definite in this precision."""
    d = whole.shape[-1]
    try:
        form = np.einsum("nki,nkj->ij", whole.conj(), whole, optimize=True) / len(whole)
        S = np.linalg.cholesky(form).conj().T
        X = np.linalg.inv(S)
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(S).all() and np.isfinite(X).all()):
        return None
    size = float(np.linalg.norm(S) * np.linalg.norm(X))
    leak = float(np.linalg.norm(S @ X - np.eye(d))) + _rounding(d) * size  # S R X is conjugate to R only up to this
    if leak > 0.5:
        return None
    turned, e = {}, 0.0
    for g, matrix in given.items():
        turned[g] = S @ matrix @ X
        here = float(np.linalg.norm(turned[g]))
        rounding = 2 * _rounding(d) * size * float(np.linalg.norm(matrix))
        e = max(e, size * error + rounding + 2 * leak * (here + rounding))
    eta = max(0.0, max(float(np.linalg.norm(m, 2)) for m in turned.values()) * (1 + _rounding(d)) - 1)
    e += _rounding(d) * max(float(np.linalg.norm(m)) for m in turned.values()) * math.sqrt(d)  # of one more product
    matrices, _ = _along_words(turned, group, 0.0)
    depth = np.zeros(group.order)
    for x, parent, _ in group.walk(_letters(given)):
        depth[x] = depth[parent] + 1
    depth[list(given)] = 1
    return matrices, depth * e * np.exp(depth * (eta + e)), size
