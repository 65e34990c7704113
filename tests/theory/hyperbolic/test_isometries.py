"""Isometries of hyperbolic space in every dimension: blocks, motions, the forward sheet, each with its teeth."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Matrix, Rational, symbols

from proofs_checks import kernel
from theory.arithmetic.isometries import cayley, lorentz_form
from theory.hyperbolic import isometries, models

T, S = symbols("t s", positive=True)
G, X_N, Y_N = symbols("g x_n y_n", real=True)
SHEET = models.lorentz_cosh(T, S, G)
entries = st.fractions(min_value=-3, max_value=3, max_denominator=7)


def vanishes(expression: Expr) -> bool:
    return sympy.expand(sympy.together(expression).as_numer_denom()[0]) == 0


def rational(value: Fraction) -> Rational:
    return Rational(value.numerator, value.denominator)


@st.composite
def skew_matrices(draw: st.DrawFn) -> Matrix:
    size = draw(st.integers(2, 4))
    values = iter(draw(st.lists(entries, min_size=size * (size - 1) // 2, max_size=size * (size - 1) // 2)))
    skew = sympy.zeros(size)
    for i in range(size):
        for j in range(i):
            skew[i, j] = rational(next(values))
            skew[j, i] = -skew[i, j]
    return skew


def test_blocks_of_a_lorentz_matrix_keep_the_product_and_the_hyperboloid() -> None:
    image = isometries.block_image(isometries.Blocks(*symbols("a p q", real=True)), T, S, G)
    assert vanishes(models.lorentz_cosh(*image[:3]) - SHEET)
    assert vanishes(image[0] ** 2 - 1 - image[3])


@given(skew_matrices(), st.lists(entries, min_size=6, max_size=6))
def test_the_blocks_describe_real_matrices(skew: Matrix, coordinates: list[Fraction]) -> None:
    form, n = lorentz_form(skew.rows - 1), skew.rows - 1
    if (sympy.eye(skew.rows) - form * skew).det() == 0:
        return
    matrix = cayley(skew, form)
    lifted = [models.lift([value / 9 for value in coordinates[k : k + n]]) for k in (0, 6 - n)]
    x, y = (Matrix([rational(value) for value in point]) for point in lifted)
    b = matrix[0, 1:]
    blocks = isometries.Blocks(matrix[0, 0], (b * x[1:, 0])[0], (b * y[1:, 0])[0])
    expected = isometries.block_image(blocks, x[0], y[0], x[1:, 0].dot(y[1:, 0]))
    first, second = matrix * x, matrix * y
    assert expected == (first[0], second[0], first[1:, 0].dot(second[1:, 0]), first[1:, 0].dot(first[1:, 0]))


def motion_is_isometric(motion: Callable[[Expr, Expr, Expr], isometries.Motion]) -> bool:
    aa, ax, ay, xx, yy, xy = symbols("aa ax ay xx yy xy", real=True)
    left, right = isometries.ball_motion(motion, aa, ax, ay, models.Gram(xx, yy, xy))
    return sympy.expand(left - right) == 0


def test_the_moebius_translation_keeps_distances_and_two_neighbours_do_not() -> None:
    assert motion_is_isometric(isometries.moebius_translation)
    assert not motion_is_isometric(isometries.euclidean_translation)
    assert not motion_is_isometric(lambda aa, ax, xx: isometries.Motion(1 + ax + xx, 1 - aa, 1 + ax + aa * xx))


@given(st.lists(entries, min_size=4, max_size=4))
def test_the_moebius_translation_in_scalars_is_the_one_with_coordinates(values: list[Fraction]) -> None:
    a, x = (complex(float(u) / 5, float(v) / 5) for u, v in (values[:2], values[2:]))
    motion = isometries.moebius_translation(
        *(sympy.Float(v) for v in (abs(a) ** 2, (a * x.conjugate()).real, abs(x) ** 2))
    )
    found = (complex(motion.alpha) * a + complex(motion.beta) * x) / complex(motion.delta)
    assert abs(found - (a + x) / (1 + a.conjugate() * x)) <= 1e-13  # doubles of size 1, denominators above 1/4


@given(skew_matrices())
def test_the_sheet_is_that_of_the_corner_and_the_corner_has_its_closed_form(skew: Matrix) -> None:
    form = lorentz_form(skew.rows - 1)
    determinant = (sympy.eye(skew.rows) - form * skew).det()
    if determinant == 0:
        return
    matrix = cayley(skew, form)
    assert matrix[0, 0] == isometries.cayley_corner(skew)
    assert (matrix[0, 0] > 0) == (determinant > 0) == isometries.forward(matrix)
    images = [models.move(models.fractions(matrix), point) for point in models.rational_sheet_points(skew.rows - 1)]
    assert {image[0] > 0 for image in images} == {isometries.forward(matrix)}


def test_a_cayley_transform_can_leave_the_sheet() -> None:
    matrix = cayley([[0, -2], [2, 0]], lorentz_form(1))
    assert matrix[0, 0] == Rational(-5, 3)
    assert not isometries.forward(matrix)
    assert isometries.forward(-matrix)
    assert not isometries.forward(-sympy.eye(3))
    assert not isometries.forward(2 * sympy.eye(3))


def test_the_cayley_family_is_forward_and_not_trivial() -> None:
    family = isometries.cayley_family([Rational(-1, 2), Rational(1, 3), Rational(2)], (2,))
    listed = list(family)
    assert all(map(isometries.forward, listed))
    assert len({tuple(matrix) for matrix in listed}) == len(listed) == family.size == 27


def test_entries_without_a_cayley_transform_leave_the_family_short() -> None:
    family = isometries.cayley_family([Rational(-1, 2), Rational(1)], (1,))
    assert len(list(family)) < family.size


def test_lagrange_s_identity_holds_for_every_n() -> None:
    assert all(kernel.judge(statement, route="exact").holds for statement in isometries.sheet_of_the_corner())


def test_the_word_identity_holds_for_larger_matrices_too() -> None:
    left, right = isometries.word_identity()
    assert (left - right).expand() == sympy.zeros(2)
    t, j, k = (Matrix(3, 3, lambda i, l, seed=seed: (seed * i + l * l + 2 * seed) % 5 - 2) for seed in (1, 2, 3))
    one = sympy.eye(3)
    assert (one + t) * j * (one + k) - (one - t) * j * (one - k) == 2 * (t * j + j * k)
