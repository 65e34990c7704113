"""Every image's gradient in whole numbers: two enumerations, their laws, and mutants that the laws reject."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proofs_checks import kernel
from theory.likelihoods import gradients as sg

entries = st.integers(-4, 4)
jacobians = st.integers(1, 3).flatmap(lambda m: st.lists(st.tuples(*[entries] * m), min_size=1, max_size=6).map(tuple))
LENGTH_FIVE = [(a, b) for a, b in product(range(-5, 6), repeat=2) if a * a + b * b == 25]
equal_rows = st.lists(st.sampled_from(LENGTH_FIVE), min_size=1, max_size=6).map(tuple)


def signs_of(image: int, D: int) -> list[int]:
    return [2 * (image >> i & 1) - 1 for i in range(D)]


@given(jacobians)
def test_both_enumerations_give_each_image_its_signed_sum_of_rows(rows):
    by_signs, by_transform = sg.gradients_by_signs(rows), sg.gradients_by_walsh_transform(rows)
    assert (by_signs == by_transform).all()
    for image in range(2 ** len(rows)):
        signed = [
            sum(s * entry for s, entry in zip(signs_of(image, len(rows)), column, strict=True))
            for column in zip(*rows, strict=True)
        ]
        assert by_signs[image].tolist() == signed


@given(jacobians)
def test_mean_zero_and_covariance_hold_for_every_jacobian(rows):
    assert sg.moments_hold(rows, sg.gradients_by_signs(rows))
    assert sg.moments_hold_by_polarisation(rows, sg.gradients_by_signs(rows))


@given(jacobians.filter(lambda rows: any(any(row) for row in rows)))
def test_a_table_that_lost_an_image_or_doubled_a_row_fails_the_moments(rows):
    table = sg.gradients_by_signs(rows)
    doubled = (tuple(2 * entry for entry in rows[0]), *rows[1:])
    if any(rows[0]):
        assert not sg.moments_hold(doubled, table)
        assert not sg.moments_hold_by_polarisation(doubled, table)
    lost = next(i for i, vector in enumerate(table) if vector.any())
    assert not sg.moments_hold(rows, np.delete(table, lost, axis=0))


@given(equal_rows)
def test_rows_of_one_length_give_at_most_D_and_D_only_where_they_agree_with_the_residuals(rows):
    D, table = len(rows), sg.gradients_by_signs(rows)
    for image, vector in enumerate(table.tolist()):
        agree = len({tuple(s * entry for entry in row) for s, row in zip(signs_of(image, D), rows, strict=True)}) == 1
        squared = Fraction(sum(value**2 for value in vector), 25)
        assert squared <= D**2
        assert (squared == D**2) == agree


@given(equal_rows)
def test_every_image_has_ratio_sqrt_D_exactly_when_the_rows_are_orthogonal(rows):
    squares = (sg.gradients_by_signs(rows) ** 2).sum(1)
    J = np.array(rows)
    orthogonal = not (J @ J.T - 25 * np.eye(len(rows), dtype=int)).any()
    assert bool((squares == 25 * len(rows)).all()) == orthogonal
    assert squares.mean() == 25 * len(rows), "the root mean square is sqrt(D) whatever the rows"


def test_the_mean_ratio_is_less_than_the_root_mean_square():
    for D in range(2, 10):
        ratios = [abs(sum(signs_of(image, D))) for image in range(2**D)]
        assert Fraction(sum(ratios), 2**D) ** 2 < D == Fraction(sum(r * r for r in ratios), 2**D)


def test_orthogonal_rows_of_different_lengths_miss_sqrt_D():
    """Equal norms are needed: orthogonality alone makes the ratio constant, |J|_F / |j|, not sqrt(D)."""
    rows, label = ((1, 0), (0, 7)), (1, 0)
    squares = (sg.gradients_by_signs(rows) ** 2).sum(1)
    assert set(squares.tolist()) == {50}
    assert not sg.ratio_holds(
        "orthogonal", label, sg.gradients_by_signs(rows), size=2, ratio=sg.SQUARED_RATIOS["orthogonal"]
    )


@pytest.mark.parametrize("family", ["agreeing", "generic", "orthogonal"])
@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_families_have_rows_of_the_labels_length_and_obey_their_law(family, size):
    rows, label = sg.equal_norm_rows(family, size)
    assert {sum(v * v for v in row) for row in rows} == {sum(v * v for v in label)}
    assert sg.ratio_holds(family, label, sg.gradients_by_signs(rows), size=size, ratio=sg.SQUARED_RATIOS[family])
    images = list(range(2**size))
    assert sg.ratio_holds_by_rows(family, label, rows, images=images, ratio=sg.SQUARED_RATIOS[family])


@given(st.lists(st.tuples(entries, entries), min_size=1, max_size=6).map(tuple))
@example(((0, 0), (0, 1)))  # orthogonal, not of one length: no image reaches the ceiling
@example(((1, 0), (2, 0)))  # parallel, not of one length
def test_the_whole_number_test_of_the_operator_norm_agrees_with_the_singular_values(rows):
    table = sg.gradients_by_signs(rows)
    assert sg.spectral_bound_holds(rows, table)
    assert sg.spectral_bound_holds_by_images(rows, table)
    operator = np.linalg.norm(np.array(rows, dtype=float), 2)
    assert (table**2).sum(1).max() <= len(rows) * operator**2 * (1 + 2**-40)


def test_an_image_beyond_the_ceiling_is_noticed():
    rows = ((3, 4), (-3, -4))
    table = sg.gradients_by_signs(rows)
    assert not sg.spectral_bound_holds(rows, 2 * table)
    assert not sg.frobenius_bound_holds(rows, table)


def test_a_jacobian_whose_operator_norm_is_no_whole_number_question_is_refused():
    rows = ((1, 2, 3), (0, 1, 1))
    with pytest.raises(ValueError, match="two columns"):
        sg.spectral_bound_holds(rows, sg.gradients_by_signs(rows))


@pytest.mark.parametrize(("family", "size"), [("agreeing", 0), ("parallel", 3)])
def test_unknown_families_and_empty_images_are_refused(family, size):
    with pytest.raises(ValueError, match="Expected"):
        sg.equal_norm_rows(family, size)


def test_kept_tables_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        sg.gradients_by_signs(((1, 2),))[0, 0] = 5


STATEMENTS = [
    sg.score(),
    sg.moments(),
    sg.ceiling(),
    sg.agreement(),
    sg.agreeing_rows(sg.SQUARED_RATIOS["agreeing"]),
    sg.mean_square(sg.SQUARED_RATIOS["generic"]),
    sg.orthogonal_rows(sg.SQUARED_RATIOS["orthogonal"]),
]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name[:30])
def test_each_statement_holds_for_every_D(statement):
    assert kernel.judge(statement, route="exact").holds


@pytest.mark.parametrize("of", [sg.agreeing_rows, sg.mean_square, sg.orthogonal_rows])
def test_another_ratio_is_refuted(of):
    assert kernel.judge(of(lambda D: D**3), route="exact").status is kernel.Status.REFUTED
