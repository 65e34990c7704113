"""Triangular determinants, elimination, polynomial automorphisms and fluxes, against SymPy's own matrices."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.transports import triangular as transports


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
def test_the_bordered_expansion_is_the_determinant_of_the_bordered_matrix(dim: int) -> None:
    corner = sp.Symbol("d", real=True)
    expanded = transports.bordered_determinant(corner).subs(transports.DIMENSION, dim).doit()
    assert sp.simplify(expanded - corner * transports.MINORS(dim + 1)) == 0
    block = sp.Matrix(dim, dim, lambda i, j: sp.Symbol(f"a{i}{j}"))
    column = sp.Matrix(dim, 1, lambda i, j: sp.Symbol(f"b{i}"))
    whole = sp.Matrix(sp.BlockMatrix([[block, column], [sp.zeros(1, dim), sp.Matrix([[corner]])]]))
    assert sp.expand(whole.det(method="berkowitz") - corner * block.det(method="berkowitz")) == 0


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_elimination_rebuilds_the_matrix_and_its_determinant(dim: int) -> None:
    product, matrix = transports.Elimination(sp.Symbol("a", nonzero=True)).blocks()
    assert (product - matrix).applyfunc(sp.simplify) == sp.zeros(2, 2)
    left, right = transports.Elimination.small(dim)
    assert sp.simplify((left - right).doit()) == 0


small = st.integers(-3, 3)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(2, 4),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 3), small), min_size=1, max_size=3
    ),  # four have degrees of 256
    st.sampled_from([1, 2, -3]),
)
def test_compositions_of_shears_are_bijections_with_constant_determinant(
    dim: int, moves: list[tuple[int, int, int]], scale: int
) -> None:
    shears = [
        (
            i % dim,
            lambda *xs, i=i, step=step, c=c: (
                c * xs[(i + 1 + step % (dim - 1)) % dim] ** 2
                if (i + 1 + step % (dim - 1)) % dim != i % dim
                else sp.S.Zero
            ),
        )
        for i, step, c in moves
    ]
    whole = transports.automorphism(dim, shears, [sp.Integer(scale), *[sp.S.One] * (dim - 1)])
    assert whole.round_trip().applyfunc(sp.expand) == sp.Matrix(whole.variables)
    assert whole.trip_round().applyfunc(sp.expand) == sp.Matrix(whole.variables)
    assert sp.expand(whole.jacobian.det(method="berkowitz")) == scale == whole.volume


@pytest.mark.parametrize("dim", [2, 3])
def test_the_flux_of_a_field_with_given_rate_is_rate_times_determinant_for_any_map(dim: int) -> None:
    xs = transports.coordinates(dim)
    image = sp.Matrix([sp.Function(f"g{k}")(*xs) for k in range(dim)])
    rate = sp.Symbol("q")
    defect = transports.flux_divergence(image, xs, rate) - rate * image.jacobian(sp.Matrix(list(xs))).det(
        method="berkowitz"
    )
    assert sp.simplify(sp.expand(defect)) == 0


def test_the_flux_counts_the_mass_of_an_image_exactly() -> None:
    """The area of the image of a square under a Henon map, by the boundary of the image."""
    whole = transports.automorphism(2, [(0, lambda u, v: v**2), (1, lambda u, v: 2 * u**2)], [sp.Integer(3), sp.S.One])
    u, v = whole.variables
    density = transports.flux_divergence(whole.forward, whole.variables, sp.S.One)
    assert sp.integrate(sp.expand(density), (u, 0, 1), (v, 0, 1)) == 3


@pytest.mark.parametrize("maps", [transports.triangular_jet, transports.exchanged_affine])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_squared_rate_of_mass_is_the_squared_density_for_the_rule_and_for_no_other(
    maps: transports.MapOfSize, dim: int
) -> None:
    image, xs = maps(dim)
    log_p, slopes = sp.Symbol("l", real=True), [transports.SLOPE(k) for k in range(1, dim + 1)]
    determinant = image.jacobian(sp.Matrix(list(xs))).subs(dict.fromkeys(xs, 0)).det(method="berkowitz")
    assert sp.expand(determinant**2 - sp.Mul(*slopes) ** 2) == 0
    sound = transports.squared_mass_rate(lambda p, d: p - d, image, xs, log_p).doit()
    assert sp.simplify(sound - sp.exp(2 * log_p)) == 0
    wrong = transports.squared_mass_rate(lambda p, d: p + d, image, xs, log_p).doit()
    assert sp.simplify(wrong - sp.exp(2 * log_p) * sp.Mul(*slopes) ** 4) == 0


def test_permutations_are_told_from_other_tables() -> None:
    assert all(
        transports.has_unit_determinant(order) and transports.has_permuted_unit_vectors(order)
        for order in transports.exchanges(4).of
    )
    assert not transports.has_unit_determinant((0, 0, 1))
    with pytest.raises(ValueError, match="not in tuple"):
        transports.has_permuted_unit_vectors((0, 0, 1))


def test_shears_that_use_their_own_coordinate_are_refused() -> None:
    with pytest.raises(ValueError, match="may not use"):
        transports.automorphism(2, [(0, lambda u, v: u * v)], [sp.S.One] * 2)
    with pytest.raises(ValueError, match="scales"):
        transports.automorphism(2, [], [sp.S.One])
