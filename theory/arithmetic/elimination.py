"""Reduced row echelon forms: over F_p by elimination, over Q(zeta_n) through many F_p,
and then proved by one multiplication.

For a prime p = 1 mod n the field Q(zeta_n) has phi(n) images in F_p. The echelon forms
of a matrix in all of them, for several p, give the coordinates of the true one modulo
the product of the primes; rational numbers are read off from residues (Wang 1981).
Nothing rests on
luck: E is accepted when A = A[:, pivots] E, which puts the rows of A into the span of
those of E, and the number of pivots is the rank of an image of A, which never exceeds
the rank of A.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import gcd, isqrt

import numpy as np

from theory.arithmetic.primes import split_prime

_FIRST_PRIME = 2**29
_ROOM = 2**62
_MAX_PRIMES = 4000

Pivots = tuple[int, ...]


def echelon_mod(matrix: np.ndarray, p: int) -> tuple[np.ndarray, Pivots]:
    """The reduced row echelon form of one integer matrix over F_p, p < 2**30, and its
    pivot columns.

    Remainders are taken of a column when it is looked at, and of everything only when
    the numbers might outgrow int64.
    """
    rows = (matrix % p).astype(np.int64)
    patience = _ROOM // (p * p)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        at = len(pivots)
        if at == rows.shape[0]:
            break
        factors = rows[:, column] % p
        below = factors[at:].nonzero()[0]
        if not below.size:
            continue
        found = at + int(below[0])
        if found != at:
            rows[[at, found]] = rows[[found, at]]
            factors[[at, found]] = factors[[found, at]]
        rows[at, column:] = rows[at, column:] % p * pow(int(factors[at]), -1, p) % p
        factors[at] = 0
        touched = factors.nonzero()[0]
        rows[touched, column:] -= factors[touched, None] * rows[at, column:]
        pivots.append(column)
        if len(pivots) % patience == 0:
            rows %= p
    return rows % p, tuple(pivots)


@lru_cache(maxsize=512)
def _embeddings(order: int, p: int, root: int) -> tuple[np.ndarray, np.ndarray]:
    """V[j, k] = (image of zeta^j in the k-th embedding), shape ``(phi, phi)``, and its
    inverse modulo p."""
    units = [k for k in range(1, order + 1) if gcd(k, order) == 1]
    size = len(units)
    V = np.array([[pow(root, j * k, p) for k in units] for j in range(size)], dtype=np.int64)
    wide = np.concatenate([V, np.eye(size, dtype=np.int64)], axis=1)
    return V, echelon_mod(wide, p)[0][:, size:]


def _times(left: np.ndarray, right: np.ndarray, p: int) -> np.ndarray:
    """left @ right modulo p without overflow, the sum being short."""
    total = np.zeros((*left.shape[:-1], right.shape[1]), dtype=np.int64)
    for k in range(right.shape[0]):
        total = (total + left[..., k : k + 1] * right[k]) % p
    return total


def _image(numerators: np.ndarray, order: int, p: int, root: int) -> tuple[np.ndarray, Pivots] | None:
    """Coordinates modulo p of the echelon form, and the pivots; None when the
    embeddings disagree (an unlucky prime)."""
    residues = (numerators % p).astype(np.int64)
    if residues.shape[-1] == 1:
        reduced, pivots = echelon_mod(residues[..., 0], p)
        return reduced[: len(pivots), :, None], pivots
    V, inverse = _embeddings(order, p, root)
    images = _times(residues, V, p)
    found = [echelon_mod(images[..., k], p) for k in range(V.shape[1])]
    pivots = found[0][1]
    if any(other != pivots for _, other in found[1:]):
        return None
    stacked = np.stack([reduced[: len(pivots)] for reduced, _ in found], axis=-1)
    return _times(stacked, inverse, p), pivots


def _fraction(residue: int, modulus: int, bound: int) -> tuple[int, int] | None:
    """a, b with a = residue b mod modulus and |a|, b <= bound."""
    r0, r1, t0, t1 = modulus, residue % modulus, 0, 1
    while r1 > bound:
        q = r0 // r1
        r0, r1, t0, t1 = r1, r0 - q * r1, t1, t0 - q * t1
    if t1 == 0 or abs(t1) > bound:
        return None
    return (r1, t1) if t1 > 0 else (-r1, -t1)


def rationals(residues: np.ndarray, modulus: int) -> tuple[np.ndarray, int] | None:
    """Numerators and one common denominator of the smallest rational numbers with these
    residues; None when the modulus is too small."""
    flat = residues.ravel().tolist()
    bound = isqrt(modulus // 2)
    denominator, out = 1, []
    for x in flat:
        y = x * denominator % modulus
        y = y - modulus if 2 * y > modulus else y
        if abs(y) > bound:
            both = _fraction(y, modulus, bound)
            if both is None or denominator * both[1] > bound:
                return None
            y, factor = both
            denominator *= factor
            out = [value * factor for value in out]
        out.append(y)
    if any(abs(value) > bound for value in out):
        return None
    return np.array(out, dtype=object).reshape(residues.shape), denominator


def echelon_cyclotomic(
    numerators: np.ndarray, order: int, accept: Callable[[np.ndarray, int, Pivots], bool]
) -> tuple[np.ndarray, int, Pivots]:
    """Numerators ``(rank, columns, phi)``, denominator and pivots of the reduced row
    echelon form over Q(zeta_order).

    Args:
        numerators: Shape ``(rows, columns, phi)``; a common denominator does not
            matter.
        order: n.
        accept: Decides A = A[:, pivots] E by multiplying out.
    """
    best: Pivots | None = None
    above, tries = _FIRST_PRIME, 1
    value: np.ndarray | None = None
    modulus = 1
    for count in range(1, _MAX_PRIMES):
        p, root = split_prime(order, above)
        above = p
        image = _image(numerators, order, p, root)
        if image is None:
            continue
        reduced, pivots = image
        if best is None or (-len(pivots), pivots) < (
            -len(best),
            best,
        ):  # a prime can lose rank or move pivots to the right, never the reverse
            best, value, modulus, tries = pivots, reduced.astype(object), p, count
        elif pivots != best:
            continue
        else:
            step = (reduced.astype(object) - value) % p * pow(modulus, -1, p) % p
            value, modulus = value + modulus * step, modulus * p
        if count < tries:
            continue
        tries = count + max(1, count // 3)
        found = rationals(value, modulus)
        if found is not None and accept(found[0], found[1], best):
            return found[0], found[1], best
    raise ArithmeticError(f"No echelon form was confirmed with {_MAX_PRIMES} primes; the entries are too large.")
