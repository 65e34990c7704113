"""A grammar that reads what a number prints, and refuses what is not exact."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.cyclotomic import Cyclotomic, ExactNumberError, degree, zeta
from theory.arithmetic.grammar import parse


def numbers(orders=(1, 2, 3, 4, 5, 6, 8, 9, 12, 15)):
    def build(order, coefficients, denominator):
        padded = (coefficients + [0] * degree(order))[: degree(order)]
        return Cyclotomic.build(order, tuple(padded), denominator)

    return st.builds(build, st.sampled_from(orders), st.lists(st.integers(-6, 6), max_size=8), st.integers(1, 6))


@given(numbers())
def test_text_and_grammar_are_inverse(a):
    assert parse(str(a)) == a


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/2", Fraction(1, 2)), ("-i", zeta(4) ** 3), ("zeta(8)^3", zeta(8) ** 3), ("(1 - zeta(3))/3", (1 - zeta(3)) / 3), ("2*i*i", -2),
        ("--1", 1), ("i^-1", -zeta(4)), ("i^99999999999", zeta(4) ** 3), (" ( 1 + i ) ^ 2 ", 2 * zeta(4)), ("1 - 2 - 3", -4), ("8/2/2", 2),
    ],
)  # fmt: skip
def test_the_grammar_reads(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0.5", "write a fraction"), ("2i", "a product needs its sign"), ("sqrt(zeta(8))", "not found among the sums"), ("", "stops too early"), ("1/0", "division by zero"),
        ("zeta(0)", "order 1"), ("zeta(999999)", "order 1"), ("((", "stops too early"), ("1)", "unexpected"), ("a", "unexpected 'a'"),
        ("__import__('os')", "unexpected '_'"), ("9" * 500, "digits"), ("2^100", "exponent"), ("(" * 99, "nested"), ("-" * 99 + "1", "signs"),
        ("zeta(2503)*zeta(2477)", "together need"), ("1e5", "product"), ("i^i", "expected an integer"), ("1" * 5000, "characters"),
        ("(3/5 + 4/5*i)^1000", "exponent"), ("0^-1", "division by zero"), ("1\x00", "unexpected"),
    ],
)  # fmt: skip
def test_the_grammar_refuses_and_says_why(text, complaint):
    with pytest.raises(ExactNumberError, match=complaint):
        parse(text)
