"""Tables under the Knothe-Rosenblatt map, each decision against a second one."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from theory.transports import cell_tables
from theory.transports.cell_tables import Table

TABLES = st.sampled_from([(3,), (2, 2), (2, 3)]).flatmap(
    lambda shape: (
        st.lists(st.integers(0, 3), min_size=(n := shape[0] * (shape[1] if len(shape) > 1 else 1)), max_size=n)
        .filter(any)
        .map(lambda masses: Table(shape, tuple(masses)))
    )
)


@given(TABLES)
def test_without_atoms_every_image_is_uniform(table: Table) -> None:
    assert cell_tables._uniform_by_integration(table)
    assert cell_tables._uniform_by_boxes(table)


@given(TABLES, st.integers(0, 1))
def test_an_atom_spoils_uniformity_exactly_if_it_has_mass(table: Table, atom: int) -> None:
    spoilt = Table(table.shape, table.masses, (atom,))
    charged = any(m for k, m in enumerate(table.masses) if k % table.shape[-1] == atom)
    assert cell_tables._uniform_by_boxes(spoilt) is not charged
    if len(table.shape) == 1:  # in the plane the levels tried may all miss the row of the atom
        assert cell_tables._uniform_by_integration(spoilt) is not charged


@given(TABLES)
def test_a_gap_is_a_cell_without_mass_between_cells_with_mass(table: Table) -> None:
    assert cell_tables._continuous_by_quantiles(table) is cell_tables._continuous_by_neighbours(table)


def test_two_squares_have_a_gap_in_their_projection() -> None:
    (table,) = cell_tables.two_squares()
    assert not cell_tables._continuous_by_quantiles(table)
    assert cell_tables.probability_below(table, [Fraction(1, 2), Fraction(1, 3)]) == Fraction(1, 6)  # and yet uniform
