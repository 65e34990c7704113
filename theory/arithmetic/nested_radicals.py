"""Square roots of real cyclotomic numbers that are cyclotomic themselves: radicals in
radicals, as computer algebra writes cosines of small angles."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.radicals import cosine, square_root

LARGEST = 240  # order of a radicand: its conjugates are formed one by one

__all__ = ["nested_square_root"]


def nested_square_root(value: Cyclotomic) -> Cyclotomic | None:
    r"""The root with argument 0, or pi/2 below zero, of a real number of one of two
    kinds; None where it is of neither, or of an order beyond 240.

    The half-angle formula :math:`q (2 + 2 \cos 2t) = q (2 \cos t)^2` at rational
    multiples t of pi, q rational; and :math:`\sqrt{x + w} = \sqrt{(x + r)/2} \pm
    \sqrt{(x - r)/2}` where :math:`w^2` and :math:`r = \sqrt{x^2 - w^2}` are rational.

    >>> from theory.arithmetic.grammar import parse
    >>> nested_square_root(parse("sqrt(2)/4 + 1/2")) == parse("cos(pi/8)")
    True
    >>> nested_square_root(parse("3 + 2*sqrt(2)")) == parse("1 + sqrt(2)")
    True

    Source: Borodin, Fagin, Hopcroft and Tompa 1985, for the second kind.
    """
    value = value.in_least_field
    if value.is_rational:
        return square_root(value.as_fraction())
    if not value.is_real or value.order > LARGEST:
        return None
    mean = _mean(value)
    found = _of_two_rationals(value, mean)
    return _of_a_half_angle(value, mean) if found is None else found


def _mean(value: Cyclotomic) -> Fraction:
    """Of the conjugates."""
    units = [k for k in range(value.order) if gcd(k, value.order) == 1]
    total = sum((value.galois(k) for k in units), Cyclotomic.rational(0))
    return total.as_fraction() / len(units)


def _of_two_rationals(value: Cyclotomic, mean: Fraction) -> Cyclotomic | None:
    """Where x is the mean of the conjugates, and the square of the rest is rational."""
    square = (value - mean) ** 2
    if not square.is_rational:
        return None
    r = _rational_root(mean * mean - square.as_fraction())
    if r is None:
        return None
    smaller, larger = (square_root(half) for half in sorted(((mean + r) / 2, (mean - r) / 2), key=abs))
    return next((root.in_least_field for root in (larger + smaller, larger - smaller) if root * root == value), None)


def _rational_root(value: Fraction) -> Fraction | None:
    if value < 0:
        return None
    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return root if root * root == value else None


def _of_a_half_angle(value: Cyclotomic, mean: Fraction) -> Cyclotomic | None:
    """Where the number is q (2 + 2 cos 2t): of orders n whose cosines generate its
    field, q follows from the means, and the angle is looked up among the conjugates."""
    for n in (value.order, 2 * value.order):
        angles = [Fraction(k, n) for k in range(n // 2 + 1) if gcd(k, n) == 1]
        one_more = 1 + _mean(cosine(angles[0]))
        q = mean / (2 * one_more) if one_more else Fraction(0)
        if not q:
            continue
        wanted = value / (2 * q) - 1
        for angle in angles:
            if cosine(angle) == wanted:  # cos t >= 0, for t = pi angle is at most pi/2
                return (square_root(q) * cosine(angle / 2) * 2).in_least_field
    return None
