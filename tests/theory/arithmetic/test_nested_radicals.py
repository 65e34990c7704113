"""Radicals in radicals: every cosine as SymPy writes it, roots with their argument, and what has no root among sums of roots of unity."""

from __future__ import annotations

import cmath

import pytest
import sympy as sp

from theory.arithmetic.cyclotomic import Cyclotomic, ExactNumberError
from theory.arithmetic.grammar import parse
from theory.arithmetic.nested_radicals import nested_square_root

ORDERS = (5, 8, 10, 12, 15, 16, 17, 20, 24, 32)


def value(number: Cyclotomic) -> complex:
    turns = (cmath.exp(2j * cmath.pi * k / number.order) for k in range(len(number.numerators)))
    return sum(c * turn for c, turn in zip(number.numerators, turns, strict=True)) / number.denominator


@pytest.mark.parametrize("n", ORDERS)
def test_cosines_and_sines_are_read_as_sympy_writes_them(n: int) -> None:
    for k in range(1, n):
        for name in ("cos", "sin"):
            assert parse(str(getattr(sp, name)(sp.pi * k / n))) == parse(f"{name}({k}*pi/{n})")


@pytest.mark.parametrize(
    "text",
    [
        "3 + 2*sqrt(2)", "3 - 2*sqrt(2)", "5 + 2*sqrt(6)", "2*sqrt(2) - 3", "-3 - 2*sqrt(2)", "-2 - sqrt(2)", "sqrt(2) - 2", "10 - 2*sqrt(5)", "9*(2 + sqrt(2))/2", "1/2 + sqrt(2 + sqrt(2))/4",
    ],
)  # fmt: skip
def test_the_root_is_the_one_with_argument_0_or_a_quarter_turn(text: str) -> None:
    radicand = parse(text)
    root = nested_square_root(radicand)
    assert root is not None
    assert root * root == radicand
    expected = cmath.sqrt(value(radicand).real)
    assert abs(value(root) - expected) < 1e-9 * abs(expected)  # the other root is 2 away


@pytest.mark.parametrize(
    "text", ["sqrt(2)", "1 + sqrt(2)", "3 + sqrt(2)", "1 + i", "2 + sqrt(3) + sqrt(5)", "cos(2*pi/7)"]
)
def test_a_root_that_is_no_sum_of_roots_of_unity_is_refused_with_what_to_write(text: str) -> None:
    assert nested_square_root(parse(text)) is None
    with pytest.raises(ExactNumberError, match=r"write cos\(pi/8\)"):
        parse(f"sqrt({text})")
