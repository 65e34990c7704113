"""Square roots of rationals and values of exp, cos and sin at rational multiples of pi,
as cyclotomic numbers."""

from __future__ import annotations

from fractions import Fraction

from theory.arithmetic.cyclotomic import MAX_ORDER, Cyclotomic, ExactNumberError, prime_factors

MAX_RADICAND = 10**8  # beyond, a number is not factored while somebody waits


def square_root(value: Fraction | int) -> Cyclotomic:
    r"""The root of a rational with argument 0, or pi/2 below zero.

    For an odd prime p the Gauss sum :math:`\sum_a (a/p) \zeta_p^a` is :math:`\sqrt p`
    where p = 1 mod 4 and :math:`i \sqrt p` where p = 3 mod 4;
    :math:`\sqrt 2 = \zeta_8 + \zeta_8^7`.

    >>> square_root(Fraction(3, 4)) ** 2 == Fraction(3, 4)
    True

    Raises:
        ExactNumberError: a radicand beyond 10^8, or a root outside Q(zeta_n) for n up
            to 2520.

    Source: Gauss 1811, in Ireland and Rosen 1990, chapter 6.
    """
    value = Fraction(value)
    if max(abs(value.numerator), value.denominator) > MAX_RADICAND:
        raise ExactNumberError(f"Expected a radicand up to 10^8, got {str(value)[:40]}.")
    n = abs(value.numerator) * value.denominator  # sqrt(a/b) = sqrt(a b) / b
    root, outside = Cyclotomic.rational(1), 1
    for p in prime_factors(n) if n > 1 else ():
        power = 0
        while n % p == 0:
            n, power = n // p, power + 1
        outside *= p ** (power // 2)
        if power % 2:
            if root.order * _order(p) > MAX_ORDER * 4:
                raise ExactNumberError(f"sqrt({value}) needs roots of unity beyond zeta({MAX_ORDER}).")
            root = (root * _prime_root(p)).in_least_field
    if value < 0:
        root = root * Cyclotomic.root(4)
    return (root * Fraction(outside, value.denominator)).in_least_field if value else Cyclotomic.rational(0)


def _order(p: int) -> int:
    return 8 if p == 2 else p if p % 4 == 1 else 4 * p


def _prime_root(p: int) -> Cyclotomic:
    if _order(p) > MAX_ORDER:
        raise ExactNumberError(f"sqrt({p}) needs zeta({_order(p)}), beyond zeta({MAX_ORDER}).")
    if p == 2:
        return Cyclotomic.root(8) + Cyclotomic.root(8, 7)
    squares = {a * a % p for a in range(1, p)}
    signs = [0, *(1 if a in squares else -1 for a in range(1, p))]
    total = Cyclotomic.build(p, tuple(sign - signs[-1] for sign in signs[:-1]))  # zeta^(p-1) = -(1 + ... + zeta^(p-2))
    return total if p % 4 == 1 else total * Cyclotomic.root(4, 3)


def turn(share: Fraction) -> Cyclotomic:
    """exp(2 pi i share).

    >>> turn(Fraction(1, 2)) == -1
    True

    Raises:
        ExactNumberError: a denominator beyond 2520.
    """
    if share.denominator > MAX_ORDER:
        raise ExactNumberError(f"exp(2*pi*i*{str(share)[:40]}) needs an order beyond {MAX_ORDER}.")
    return Cyclotomic.root(share.denominator, share.numerator % share.denominator)


def cosine(share: Fraction) -> Cyclotomic:
    """cos(2 pi share).

    >>> cosine(Fraction(1, 6)) == Fraction(1, 2)
    True
    """
    return ((turn(share) + turn(-share)) * Fraction(1, 2)).in_least_field


def sine(share: Fraction) -> Cyclotomic:
    """sin(2 pi share).

    >>> sine(Fraction(1, 12)) == Fraction(1, 2)
    True
    """
    return cosine(share - Fraction(1, 4))
