"""Exact hyperbolic space: identities in every dimension, the sheet, and two algorithms for MAP, each with its teeth."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Matrix, Rational, symbols

from theory import hyperbolic
from theory.isometries import cayley, lorentz_form

T, S = symbols("t s", positive=True)
G, X_N, Y_N = symbols("g x_n y_n", real=True)
SHEET = hyperbolic.lorentz_cosh(T, S, G)
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


@pytest.mark.parametrize(
    "cosh",
    [
        hyperbolic.ball_cosh(hyperbolic.ball_gram(T, S, G)),
        hyperbolic.klein_cosh(hyperbolic.klein_gram(T, S, G)),
        hyperbolic.half_space_cosh(*hyperbolic.half_space(T, S, G, X_N, Y_N)),
    ],
    ids=["ball", "klein", "half-space"],
)
def test_every_model_has_the_hyperboloid_s_distance(cosh: Expr) -> None:
    assert vanishes(cosh - SHEET)


def test_the_ball_s_formula_on_klein_coordinates_has_another_distance() -> None:
    assert not vanishes(hyperbolic.ball_cosh(hyperbolic.klein_gram(T, S, G)) - SHEET)


@given(st.lists(entries, min_size=3, max_size=3), st.lists(entries, min_size=3, max_size=3))
def test_the_scalars_are_those_of_points_with_coordinates(first: list[Fraction], second: list[Fraction]) -> None:
    shrink = [[e / 6 for e in point] for point in (first, second)]
    lifted = [hyperbolic.lift(point) for point in shrink]
    assert all(p[0] ** 2 == 1 + sum(e * e for e in p[1:]) for p in lifted)
    spatial = sum((a * b for a, b in zip(lifted[0][1:], lifted[1][1:], strict=True)), Fraction(0))
    gram = hyperbolic.ball_gram(*(rational(value) for value in (lifted[0][0], lifted[1][0], spatial)))
    dots = [
        sum((a * b for a, b in zip(p, q, strict=True)), Fraction(0))
        for p, q in ((shrink[0],) * 2, (shrink[1],) * 2, shrink)
    ]
    assert list(gram) == [rational(value) for value in dots]
    assert hyperbolic.sheet_table(lifted) == hyperbolic.half_space_table(lifted)


def test_a_point_on_the_sphere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"inside the unit ball, got \|x\|\^2 = 1"):
        hyperbolic.lift([Fraction(3, 5), Fraction(4, 5)])


def test_blocks_of_a_lorentz_matrix_keep_the_product_and_the_hyperboloid() -> None:
    image = hyperbolic.block_image(hyperbolic.Blocks(*symbols("a p q", real=True)), T, S, G)
    assert vanishes(hyperbolic.lorentz_cosh(*image[:3]) - SHEET)
    assert vanishes(image[0] ** 2 - 1 - image[3])


@given(skew_matrices(), st.lists(entries, min_size=6, max_size=6))
def test_the_blocks_describe_real_matrices(skew: Matrix, coordinates: list[Fraction]) -> None:
    form, n = lorentz_form(skew.rows - 1), skew.rows - 1
    if (sympy.eye(skew.rows) - form * skew).det() == 0:
        return
    matrix = cayley(skew, form)
    lifted = [hyperbolic.lift([value / 9 for value in coordinates[k : k + n]]) for k in (0, 6 - n)]
    x, y = (Matrix([rational(value) for value in point]) for point in lifted)
    b = matrix[0, 1:]
    blocks = hyperbolic.Blocks(matrix[0, 0], (b * x[1:, 0])[0], (b * y[1:, 0])[0])
    expected = hyperbolic.block_image(blocks, x[0], y[0], x[1:, 0].dot(y[1:, 0]))
    first, second = matrix * x, matrix * y
    assert expected == (first[0], second[0], first[1:, 0].dot(second[1:, 0]), first[1:, 0].dot(first[1:, 0]))


def motion_is_isometric(motion: Callable[[Expr, Expr, Expr], hyperbolic.Motion]) -> bool:
    aa, ax, ay, xx, yy, xy = symbols("aa ax ay xx yy xy", real=True)
    left, right = hyperbolic.ball_motion(motion, aa, ax, ay, hyperbolic.Gram(xx, yy, xy))
    return sympy.expand(left - right) == 0


def test_the_moebius_translation_keeps_distances_and_two_neighbours_do_not() -> None:
    assert motion_is_isometric(hyperbolic.moebius_translation)
    assert not motion_is_isometric(hyperbolic.euclidean_translation)
    assert not motion_is_isometric(lambda aa, ax, xx: hyperbolic.Motion(1 + ax + xx, 1 - aa, 1 + ax + aa * xx))


@given(st.lists(entries, min_size=4, max_size=4))
def test_the_moebius_translation_in_scalars_is_the_one_with_coordinates(values: list[Fraction]) -> None:
    a, x = (complex(float(u) / 5, float(v) / 5) for u, v in (values[:2], values[2:]))
    motion = hyperbolic.moebius_translation(
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
    assert matrix[0, 0] == hyperbolic.cayley_corner(skew)
    assert (matrix[0, 0] > 0) == (determinant > 0) == hyperbolic.forward(matrix)
    images = [
        hyperbolic.move(hyperbolic.fractions(matrix), point)
        for point in hyperbolic.rational_sheet_points(skew.rows - 1)
    ]
    assert {image[0] > 0 for image in images} == {hyperbolic.forward(matrix)}


def test_a_cayley_transform_can_leave_the_sheet() -> None:
    matrix = cayley([[0, -2], [2, 0]], lorentz_form(1))
    assert matrix[0, 0] == Rational(-5, 3)
    assert not hyperbolic.forward(matrix)
    assert hyperbolic.forward(-matrix)
    assert not hyperbolic.forward(-sympy.eye(3))
    assert not hyperbolic.forward(2 * sympy.eye(3))


def test_the_forward_family_is_forward_and_not_trivial() -> None:
    family = list(hyperbolic.forward_cayley_family(2, [Rational(-1, 2), Rational(1, 3), Rational(2)]))
    assert all(map(hyperbolic.forward, family))
    assert len({tuple(matrix) for matrix in family}) == len(family) == 27


def test_lagrange_s_identity_steps_and_starts() -> None:
    left, right = hyperbolic.lagrange_step(sympy.Symbol("n", integer=True, positive=True))
    assert sympy.expand(left - right) == 0
    for n in range(1, 5):
        assert sympy.expand(sympy.Add(hyperbolic.lagrange_small(n)[0], -hyperbolic.lagrange_small(n)[1])) == 0


def test_the_word_identity_holds_for_larger_matrices_too() -> None:
    left, right = hyperbolic.word_identity()
    assert (left - right).expand() == sympy.zeros(2)
    t, j, k = (Matrix(3, 3, lambda i, l, seed=seed: (seed * i + l * l + 2 * seed) % 5 - 2) for seed in (1, 2, 3))
    one = sympy.eye(3)
    assert (one + t) * j * (one + k) - (one - t) * j * (one - k) == 2 * (t * j + j * k)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_there_are_as_many_labelled_trees_as_cayley_says(size: int) -> None:
    forest = {frozenset(edges) for edges in hyperbolic.labelled_trees(size)}
    assert len(forest) == size ** (size - 2)
    assert all(len(edges) == size - 1 for edges in forest)


def test_one_vertex_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two vertices, got 1"):
        next(hyperbolic.labelled_trees(1))


@st.composite
def tables_with_ties(draw: st.DrawFn) -> tuple[tuple[tuple[int, int], ...], list[list[Fraction]]]:
    size = draw(st.integers(2, 6))
    edges = tuple((draw(st.integers(0, v - 1)), v) for v in range(1, size))
    table = [[Fraction(0)] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            table[i][j] = table[j][i] = Fraction(draw(st.integers(1, 4)))
    return edges, table


@given(tables_with_ties())
def test_two_algorithms_find_one_map(drawn: tuple[tuple[tuple[int, int], ...], list[list[Fraction]]]) -> None:
    counted = hyperbolic.map_by_counting(*drawn)
    assert counted == hyperbolic.map_by_sorting(*drawn)
    assert 0 < counted <= 1


def test_map_counts_a_tied_stranger_against_the_embedding() -> None:
    path = ((0, 1), (1, 2))
    tied = [[Fraction(v) for v in row] for row in ([0, 1, 1], [1, 0, 1], [1, 1, 0])]
    assert hyperbolic.map_by_counting(path, tied) == Fraction(1, 3) * (Fraction(1, 2) + 1 + Fraction(1, 2))
    apart = [[Fraction(v) for v in row] for row in ([0, 1, 2], [1, 0, 1], [2, 1, 0])]
    assert hyperbolic.map_by_sorting(path, apart) == 1
    assert hyperbolic.stretch_profile(path, apart) == {1: [1, 1], 2: [2]}
