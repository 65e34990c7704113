"""The chain rule on tables: two algorithms that agree, and tables on which conditioning on the label differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from theory.likelihoods.chain_rule import every_table, product_of_fractions, two_draws

tables = st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(any).map(lambda counts: (2, 3, tuple(counts)))


@given(tables)
def test_the_image_may_be_conditioned_on_by_both_algorithms(table):
    assert product_of_fractions(table)
    assert two_draws(table)


@given(tables)
def test_both_algorithms_agree_where_the_label_is_conditioned_on(table):
    assert product_of_fractions(table, "y") == two_draws(table, "y")


def test_even_tables_hide_what_is_conditioned_on_and_others_show_it():
    assert product_of_fractions((2, 2, (1, 1, 1, 1)), "y")
    assert not product_of_fractions((2, 2, (1, 2, 0, 1)), "y")
    assert not two_draws((2, 2, (1, 2, 0, 1)), "y")


def test_the_family_has_the_size_that_its_formula_says():
    family = every_table().of
    assert len(list(family)) == len(family) == 912
