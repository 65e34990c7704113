r"""Norms from an imaginary cyclotomic field K = Q(zeta_n) to its real subfield K0:
which numbers are :math:`y \bar y`, and such a y.

**Whether.** A number x of K0, not zero, is :math:`y \bar y` for some y in K if and only
if it is so at every place of K0 (Hasse's norm theorem, K/K0 being cyclic).

- At the real places: x is positive in every embedding.
- At a prime that splits in K every number is a norm; at one that is inert, exactly
    those of even valuation (Serre 1979, V.2).
- At most one prime ramifies in K/K0: for n a power of a prime p (or twice one) that
  over p, else none. The norm residue symbols of x at all places multiply to one
  (reciprocity), so where all the others are one, that at the ramified prime is one as
  well.

The primes of K0 over q are inert exactly when -1 is a power of q modulo n', the part of
n prime to q, and n' > 2; see :mod:`theory.arithmetic.ideals`.

**Which.** Let x be a totally positive integer and I an ideal with :math:`I \bar I =
(x)`. For a in I, not zero, :math:`\mathrm{Tr}(a \bar a / x)` is at least phi(n), by the
inequality of the means, since the norm of a is at least that of I; it is phi(n) exactly
where :math:`a \bar a = x`. So the roots y in I are shortest vectors of I for the form
:math:`\mathrm{Tr}(a \bar b / x)`, and lattice reduction (LLL) brings one to light;
every candidate is multiplied out.

If the class number of K is one and x is a norm, every such I holds a root. Let :math:`y
\bar y = x`. The ideal A = (y) / I has A A* = 1, so its valuation is zero at the primes
that conjugation keeps, inert or ramified, and opposite at two that it exchanges: A = J
/ J* for an ideal J = (u), and y u*/u generates I. For larger class numbers several I
are tried, and roots that are no integers are not looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product
from math import gcd

from theory.arithmetic.cyclotomic import Cyclotomic, degree, zeta
from theory.arithmetic.ideals import PrimeIdeal, inert, lattice, primes_over, reduction, trace_form, valuation
from theory.arithmetic.primes import prime_divisors

__all__ = ["is_norm", "is_totally_positive", "norm", "norm_root"]

_IDEALS = 64  # ideals I tried; the first one does where the class number is one


def is_norm(x: Cyclotomic) -> tuple[bool, str]:
    """Whether x is y y* for some y of its field Q(zeta_n), and the place that decides.

    Args:
        x: Real (fixed by complex conjugation), not zero; Q(zeta_n) is imaginary.

    Raises:
        ValueError: x is zero or not real.
        TooLongToFactor: its norm to Q has no known factorisation (see
            :func:`theory.arithmetic.primes.factor`).
    """
    whole, _ = _whole(x)
    if not is_totally_positive(x):
        return False, "it is negative in some real embedding"
    candidates = [q for q in prime_divisors(norm(whole)) if inert(q, whole.order)]
    for q in candidates:
        odd = [v for v in (valuation(whole, prime) for prime in primes_over(q, whole.order)) if v % 2]
        if odd:
            return False, f"its valuation at an inert prime over {q} is {odd[0]}, which is odd"
    if not candidates:
        return True, "no inert prime divides it"
    return True, f"its valuations at the inert primes over {', '.join(map(str, candidates))} are even"


def norm_root(x: Cyclotomic) -> Cyclotomic | None:
    """y with y y* = x, checked by multiplying; or None: there is none, or, where the
    class number of Q(zeta_n) is above one, none was found.

    Args:
        x: As in :func:`is_norm`.

    Raises:
        ValueError: as :func:`is_norm`.
    """
    whole, denominator = _whole(x)
    if not is_totally_positive(x):
        return None
    inverse = whole.inverse()
    for ideal in islice(_halves(whole), _IDEALS):
        for y in _shortest(whole.order, ideal, inverse):
            if y * y.conjugate() == whole:
                return y * Fraction(1, denominator)
    return None


def _whole(x: Cyclotomic) -> tuple[Cyclotomic, int]:
    """(m^2 x, m) with an integer m^2 x of the same field, written with n odd or
    divisible by four."""
    if not x or not x.is_real or degree(x.order) < 2:
        raise ValueError(
            f"Expected nonzero real numbers of an imaginary cyclotomic field, got {x} of Q(zeta_{x.order})."
        )
    x = _odd(x)
    return Cyclotomic(x.order, x.numerators) * x.denominator, x.denominator


def _odd(x: Cyclotomic) -> Cyclotomic:
    """The same number with n odd or divisible by four."""
    if x.order % 4 != 2:
        return x
    half = x.order // 2
    total = Cyclotomic.build(half, (0,) * degree(half), 1)
    for k, c in enumerate(x.numerators):  # zeta_2m = -zeta_m^((m+1)/2)
        total = total + (-1) ** k * zeta(half, k * (half + 1) // 2 % half) * c
    return total / x.denominator


def _halves(x: Cyclotomic) -> Iterator[list[tuple[PrimeIdeal, int]]]:
    """Ideals I with I I* = (x), as primes with exponents; none if a valuation at a
    prime that conjugation keeps is odd."""
    choices: list[list[list[tuple[PrimeIdeal, int]]]] = []
    for q in prime_divisors(norm(x)):
        primes = primes_over(q, x.order)
        for place, prime in enumerate(primes):
            power = valuation(x, prime) if place <= prime.conjugate else 0
            if place == prime.conjugate:
                if power % 2:
                    return
                choices.append([[(prime, power // 2)]])
            elif power:
                other = primes[prime.conjugate]
                choices.append([[(prime, power - k), (other, k)] for k in range(power + 1)])
    for chosen in product(*choices):
        yield [pair for block in chosen for pair in block]


def _shortest(n: int, ideal: list[tuple[PrimeIdeal, int]], inverse: Cyclotomic) -> Iterator[Cyclotomic]:
    """A reduced basis of the ideal for Tr(a b* / x), the shortest first."""
    from flint import fmpz_mat

    basis = lattice(n, ideal)
    form = fmpz_mat(trace_form(inverse))
    basis = reduction(basis * form * basis.transpose()) * basis
    for k in range(basis.nrows()):
        yield Cyclotomic(n, tuple(int(basis[k, j]) for j in range(basis.ncols())))


def norm(x: Cyclotomic) -> int:
    """The product of all conjugates of an integer of Q(zeta_n) over Q."""
    product_of_all = Cyclotomic.rational(1)
    for k in range(1, x.order + 1):
        if gcd(k, x.order) == 1:
            product_of_all = product_of_all * x.galois(k)
    return int(product_of_all.as_fraction())


def is_totally_positive(x: Cyclotomic) -> bool:
    """Whether a real number of Q(zeta_n) is positive in every embedding: the elementary
    symmetric functions of its conjugates, all real, are positive."""
    size = degree(x.order)
    sums, power = [], Cyclotomic.rational(1)
    for _ in range(size):
        power = power * x
        sums.append(
            sum(
                (power.galois(k) for k in range(1, x.order + 1) if gcd(k, x.order) == 1), Cyclotomic.rational(0)
            ).as_fraction()
        )
    symmetric = [Fraction(1)]
    for k in range(1, size + 1):  # Newton's identities
        total = sum((symmetric[k - j] * sums[j - 1] * (1 if j % 2 else -1) for j in range(1, k + 1)), Fraction(0))
        symmetric.append(total / k)
        if symmetric[-1] <= 0:
            return False
    return True
