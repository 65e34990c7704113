r"""Orthonormal bases for positive definite Hermitian forms F over Q or an imaginary
Q(zeta_n), found in reduced lattices, one vector at a time.

Write O for the integers of the field. A lattice on which F is integral is made about as
large as it can be (:meth:`FormLattice.grown`): then its determinant has hardly a prime
left, its reduced basis (LLL) is short, and vectors v of small F(v, v) are at hand. One
with F(v, v) = x x* gives the unit vector v / x: a square root over Q, a norm equation
over Q(zeta_n) (:mod:`theory.arithmetic.norms`). Then the same in the lattice orthogonal
to v. By Witt's cancellation what is left is again equivalent to a unit form, so there
always is a next vector; the search for it is bounded. Over Q the last two come from one
norm equation over Q(i).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from math import gcd, isqrt
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from theory.arithmetic.cyclotomic import Cyclotomic, zeta
from theory.arithmetic.ideals import primes_over, reduction, traces
from theory.arithmetic.matrices import ExactArray, hstack
from theory.arithmetic.norms import is_norm, norm, norm_root
from theory.arithmetic.primes import TooLongToFactor, prime_divisors

if TYPE_CHECKING:
    from flint import fmpz_mat

__all__ = ["FormLattice", "orthonormal_basis", "short_scale"]

_ROUNDS = 40
_SUPPORT = 8  # basis vectors in one combination, at most
_COUNT = 30  # combinations a round, or tries at a larger lattice
_COUNT_OVER_Q = 8000  # squares are rare, and cheap to tell
_SHORT = 1000  # denominators up to it are left as they are
_GROWN = 80  # rank over Z above which growing takes several seconds
_ISOTROPIC = 600  # tries at a larger lattice, at most


@dataclass(frozen=True, eq=False)
class FormLattice:
    """A lattice in K^n, or in a subspace of it, reduced for the trace form of ``form``.

    Args:
        form: F, shape (n, n), with integral entries.
        gram: Tr F on the power basis of O^n, in integers.
        rows: A reduced basis, shortest vectors first: coordinates of n entries on the
            power basis of O, one entry after another, times ``denominator``.
        denominator: Positive.
    """

    form: ExactArray
    gram: fmpz_mat
    rows: np.ndarray
    denominator: int = 1

    @classmethod
    def of(cls, form: ExactArray) -> FormLattice:
        """O^n."""
        from flint import fmpz_mat

        gram = fmpz_mat(_trace_gram(form).tolist())
        eye = np.eye(gram.nrows(), dtype=object)
        return cls(form, gram, eye).span(eye)

    @property
    def degree(self) -> int:
        """phi(n), the degree of the field over Q."""
        return self.form.field.degree

    @property
    def rank(self) -> int:
        """The dimension over K of what the lattice spans."""
        return len(self.rows) // self.degree

    def vectors(self, rows: np.ndarray) -> ExactArray:
        """Rows of coordinates as column vectors over K, shape (rows, n, 1)."""
        shaped = rows.reshape(len(rows), len(self.form), 1, self.degree)
        return ExactArray.build(self.form.field, shaped, self.denominator)

    def squares(self, rows: np.ndarray) -> list[Cyclotomic]:
        """F(v, v) of each."""
        vectors = self.vectors(rows)
        found = vectors.H @ self.form[None] @ vectors
        return [
            Cyclotomic.build(found.root_order, tuple(int(c) for c in x), found.denominator)
            for x in found.numerators[:, 0, 0]
        ]

    def combinations(self) -> Iterator[np.ndarray]:
        """Coefficients of vectors on the basis, rows of small integers: the basis, then
        combinations at random from a fixed seed, growing."""
        size = len(self.rows)
        yield np.eye(size, dtype=np.int64)
        random = np.random.default_rng(size)
        shape = (_COUNT_OVER_Q if self.degree == 1 else _COUNT, size)
        for turn in range(_ROUNDS if size > 1 else 0):
            bound = 1 + turn // (4 if self.degree == 1 else 16)
            coefficients = random.integers(-bound, bound + 1, shape)
            coefficients[random.integers(0, max(_SUPPORT, size), shape) >= _SUPPORT] = 0
            yield coefficients[coefficients.any(axis=1)]

    def span(self, coefficients: np.ndarray, divisor: int = 1) -> FormLattice:
        """What the combinations of the basis in rows of ``coefficients`` span, divided
        by ``divisor``; F is to be integral on it."""
        rows = coefficients @ self.rows
        if not len(rows):
            return replace(self, rows=rows)
        common = gcd(divisor * self.denominator, *rows.flat)
        rows, denominator = rows // common, divisor * self.denominator // common
        basis = type(self.gram)(_integers(rows))
        gram = _array(basis * self.gram * basis.transpose()) // denominator**2
        basis = reduction(type(self.gram)(gram.tolist())) * basis
        return replace(self, rows=_array(basis), denominator=denominator)

    def coordinates(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the lattice, times ``denominator``, as integral combinations of the
        basis."""
        basis, given = (type(self.gram)(_integers(x)) for x in (self.rows, rows))
        inner = basis * self.gram * given.transpose()
        return _array((basis * self.gram * basis.transpose()).solve(inner)).T

    def without(self, vector: ExactArray) -> FormLattice:
        """The sublattice orthogonal to a vector of shape (n, 1): the kernel of w ->
        F(v, w), from a Hermite normal form."""
        inner = ((vector.H @ self.form)[None] @ self.vectors(self.rows)).numerators.reshape(len(self.rows), self.degree)
        beside = np.concatenate([inner, np.eye(len(inner), dtype=object)], axis=1)
        normal = _array(type(self.gram)(_integers(beside)).hnf())
        return self.span(normal[~(normal[:, : self.degree] != 0).any(axis=1), self.degree :])

    def enlarge(self, primes: list[int]) -> FormLattice:
        """A larger lattice on which F is integral as well, at each of the primes (below
        2^63) as large as random search makes it."""
        lattice = self
        for q in primes:
            while q < 2**63 and (larger := _larger(lattice, q)) is not None:
                lattice = larger
        return lattice


def _larger(lattice: FormLattice, q: int) -> FormLattice | None:
    """The lattice and O w / q, for a w outside q L with F(w, L) in q O and F(w, w) in
    q^2 O; None if no such w is met.

    For each prime P over q those w are looked at for which P w lies in q L: modulo q L
    a space over O / P. If P differs from its conjugate, or ramifies over the real
    subfield, F(w, w) / q^2 is then integral of itself. Elsewhere its classes modulo
    integers are q^(deg P / 2) in number (q over Q): on a line all vanish or only that
    of 0 does, and in a larger space about one w in that number has class 0.
    """
    from flint import nmod_mat

    every = lattice.vectors(lattice.rows)[:, :, 0]
    inner = every.conj() @ lattice.form @ every.T
    products = inner.numerators.transpose(1, 2, 0).reshape(-1, len(every)) % q
    products = products[products.any(axis=1)]
    random = np.random.default_rng(q)
    for prime in primes_over(q, lattice.form.root_order):
        killed = lattice.coordinates(_times(lattice.rows, prime.generator)) % q
        kernel, rank = nmod_mat(_integers(np.concatenate([products, killed.T])), q).nullspace()
        space = _array(kernel).T[:rank]
        tries = 0 if not rank else 1 if rank == prime.degree else min(_ISOTROPIC, 4 * (q**prime.degree + 1))
        for start in range(0, tries, _COUNT):
            chosen = random.integers(0, q, (min(_COUNT, tries - start), rank)).astype(object)
            chosen[~chosen.any(axis=1)] = 1
            chosen = chosen @ space % q @ lattice.rows
            for row, square in zip(chosen, lattice.squares(chosen), strict=True):
                if square.denominator == 1 and not any(c % (q * q) for c in square.numerators):
                    return _with(lattice, row, q)
    return None


def _times(rows: np.ndarray, x: Cyclotomic) -> np.ndarray:
    """The coordinates of x v, for an integer x."""
    size = len(x.numerators)
    matrix = np.array([(x * zeta(x.order, k)).numerators for k in range(size)], dtype=object)
    return (rows.reshape(len(rows), -1, size) @ matrix).reshape(rows.shape)


def _with(lattice: FormLattice, row: np.ndarray, q: int) -> FormLattice:
    """The lattice and O row / q: modulo q the coordinates of O row in echelon form,
    with pivots at the longest vectors of the basis, and q times the others."""
    from flint import nmod_mat

    multiples = np.concatenate([_times(row[None], zeta(lattice.form.root_order, k)) for k in range(lattice.degree)])
    echelon, rank = nmod_mat(_integers(lattice.coordinates(multiples)[:, ::-1] % q), q).rref()
    new = _array(echelon)[:rank, ::-1]
    old = np.delete(q * np.eye(len(lattice.rows), dtype=object), [np.flatnonzero(r)[-1] for r in new], axis=0)
    return lattice.span(np.concatenate([old, np.where(2 * new > q, new - q, new)]), q)


def _integers(rows: Iterable[Iterable[Any]]) -> list[list[int]]:
    return [[int(x) for x in row] for row in rows]


def _array(matrix: Any) -> np.ndarray:
    return np.array(_integers(matrix.tolist()), dtype=object).reshape(matrix.nrows(), matrix.ncols())


def _trace_gram(form: ExactArray) -> np.ndarray:
    """Tr(zeta^-a F_ij zeta^b), in integers up to a common factor."""
    n, d = form.root_order, form.field.degree
    t = np.array(traces(n), dtype=object)
    numerators = form.numerators.astype(object)
    twisted = [numerators @ t[(np.arange(d) + s) % n] for s in range(n)]  # Tr(F_ij zeta^s)
    blocks = np.array([[twisted[(b - a) % n] for b in range(d)] for a in range(d)], dtype=object)  # a, b, i, j
    return blocks.transpose(2, 0, 3, 1).reshape(form.shape[0] * d, form.shape[0] * d)


def short_scale(lattice: FormLattice, determinant: Cyclotomic) -> Cyclotomic | None:
    """c with F equivalent to c times the unit form over Q(zeta_n), in odd dimension: 1
    or the square of a short vector, such that c det F is a norm."""
    squares = (square for chosen in lattice.combinations() for square in lattice.squares(chosen @ lattice.rows))
    candidates = chain([Cyclotomic.rational(1, lattice.form.root_order)], squares)
    return next((c for c in candidates if (_unless_too_long(is_norm, c * determinant) or (False, ""))[0]), None)


def orthonormal_basis(form: ExactArray) -> ExactArray | None:
    """T with T* F T = 1, checked by multiplying; or None where the search came to its
    end. F is integral and equivalent to the unit form over its field.

    The search starts from a lattice larger than O^n; where the denominator comes out
    long it starts again from O^n, and the shorter one is kept. In large rank it starts
    from O^n, and from the larger lattice only where that leads to no basis.
    """
    lattice = FormLattice.of(form)
    small = len(lattice.rows) <= _GROWN

    def start(*, grow: bool) -> ExactArray | None:
        grown = lattice.enlarge(_known_divisors(int(lattice.gram.det()))) if grow else lattice
        return _frame(grown, grow=grow)

    found = start(grow=small)
    if found is None or (small and found.denominator > _SHORT):
        other = start(grow=not small)
        found = min((T for T in (found, other) if T is not None), key=lambda T: T.denominator, default=None)
    if found is not None and found.H @ form @ found != ExactArray.eye(len(form), form.field):
        raise ArithmeticError("The vectors found are not orthonormal: the lattice arithmetic is wrong.")
    return found


def _frame(lattice: FormLattice, *, grow: bool) -> ExactArray | None:
    """Orthonormal vectors, one after another."""
    columns: list[ExactArray] = []
    while lattice.rank:
        found = _last_two(lattice) if (lattice.degree, lattice.rank) == (1, 2) else _next(lattice)
        if found is None:
            return None
        vectors, square = found
        columns += vectors
        for vector in vectors:
            lattice = lattice.without(vector)
        if grow and lattice.rank:
            lattice = lattice.enlarge(_known_divisors(norm(square)))
    return hstack(columns)


def _next(lattice: FormLattice) -> tuple[list[ExactArray], Cyclotomic] | None:
    """One vector of square 1, and F(v, v) of the lattice vector v that it is a multiple
    of: at its primes the rest may grow."""
    search = _with_rational_root if lattice.degree == 1 else _with_norm_root
    for chosen in lattice.combinations():
        found = search(lattice, chosen)
        if found is not None:
            row, x = found
            return [lattice.vectors(row[None])[0] * x.inverse()], lattice.squares(row[None])[0]
    return None


def _with_norm_root(lattice: FormLattice, chosen: np.ndarray) -> tuple[np.ndarray, Cyclotomic] | None:
    """The vector v with F(v, v) = x x* of smallest norm, and x: the smaller it is, the
    smaller are the denominators of v / x."""
    rows = chosen @ lattice.rows
    squares = lattice.squares(rows)
    norms = [norm(square) for square in squares]
    for k in sorted(range(len(rows)), key=norms.__getitem__):
        x = _unless_too_long(norm_root, squares[k])
        if x is not None:
            return rows[k], x
    return None


def _with_rational_root(lattice: FormLattice, chosen: np.ndarray) -> tuple[np.ndarray, Cyclotomic] | None:
    """The vector v with the smallest F(v, v) = x^2, and x."""
    form = lattice.form.numerators[..., 0].astype(object)
    gram = lattice.rows @ form @ lattice.rows.T // lattice.denominator**2
    if int(abs(gram).max()) * int(abs(chosen).sum(axis=1).max()) ** 2 < 2**62:
        gram = gram.astype(np.int64)
    squares = ((chosen @ gram) * chosen).sum(axis=1)
    for k in np.argsort(squares, kind="stable").tolist():
        root = isqrt(int(squares[k]))
        if root * root == squares[k]:
            return chosen[k] @ lattice.rows, Cyclotomic.rational(root)
    return None


def _last_two(lattice: FormLattice) -> tuple[list[ExactArray], Cyclotomic] | None:
    """Over Q: a form <a, a t^2> is <1, 1> where a = x^2 + y^2, and x + iy is a norm
    root of a over Q(i)."""
    v = lattice.vectors(lattice.rows[:1])[0]
    w = lattice.vectors(lattice.without(v).rows)[0]
    a, b = ((u.H @ lattice.form @ u).fraction(0, 0) for u in (v, w))
    root = _unless_too_long(norm_root, Cyclotomic.rational(a, 4))
    if root is None:
        return None
    x, y = (Fraction(k, root.denominator) for k in root.numerators)
    square = b / a
    w = w * Fraction(isqrt(square.denominator), isqrt(square.numerator))  # now F(w, w) = a
    return [(v * x + w * y) * (1 / a), (v * y - w * x) * (1 / a)], Cyclotomic.rational(1)


def _known_divisors(x: int) -> list[int]:
    """The primes that divide x, or none where it is too long to factor: a smaller
    lattice then does."""
    return _unless_too_long(prime_divisors, x) or []


_Answer = TypeVar("_Answer")
_Number = TypeVar("_Number", Cyclotomic, int)


def _unless_too_long(question: Callable[[_Number], _Answer], x: _Number) -> _Answer | None:
    """The answer, or None where a number is too long to factor: another vector then
    does."""
    try:
        return question(x)
    except TooLongToFactor:
        return None
