"""Axioms of groups: two ways to decide them agree, derivations are replayed, and a damaged derivation is refused by both checkers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.groups import axioms
from theory.groups.axioms import (
    OUTSIDE,
    THEOREMS,
    System,
    are_groups,
    is_group,
    satisfies,
    satisfy,
    tables,
    translations,
)
from theory.groups.cayley_tables import first_failure
from theory.proof import terms as equations
from theory.proof.terms import Equation, Step, TermError, Theorem, mirror, parse, replays, splices, to_text

SYSTEMS = (axioms.STANDARD, *axioms.SUFFICIENT, *(system for system, _ in axioms.INSUFFICIENT))


def partial_tables(max_order=4):
    def of_order(n):
        entry = st.integers(0, n - 1) | st.sampled_from([*range(n), OUTSIDE])
        return st.lists(st.lists(entry, min_size=n, max_size=n).map(tuple), min_size=n, max_size=n).map(tuple)

    return st.integers(1, max_order).flatmap(of_order)


@given(partial_tables(), st.sampled_from(SYSTEMS))
def test_quantifiers_and_translations_decide_alike(table, system):
    assert satisfies(table, system) == bool(satisfy(translations([table]), system)[0])
    assert is_group(table) == bool(are_groups(translations([table]))[0])


@pytest.mark.parametrize(("order", "semigroups", "groups"), [(1, 1, 1), (2, 8, 2), (3, 113, 3)])
def test_counts_of_semigroups_and_groups_are_the_known_ones(order, semigroups, groups):
    everything = list(tables(order))
    assert len(everything) == order ** (order * order)
    assert sum(axioms.associates(table) for table in everything) == semigroups
    assert sum(is_group(table) for table in everything) == groups
    assert int(are_groups(translations(everything)).sum()) == groups


@given(partial_tables())
def test_a_group_is_what_the_first_failing_axiom_says(table):
    import numpy as np

    assert is_group(table) == (first_failure(np.array(table)) is None)


@pytest.mark.parametrize("pair", axioms.INSUFFICIENT, ids=lambda pair: pair[0].name)
def test_each_insufficient_system_has_a_table_that_is_no_group(pair):
    system, table = pair
    assert satisfies(table, system)
    assert not is_group(table)


def test_the_window_of_integers_lacks_closure_and_nothing_else():
    window = axioms.window_of_integers(1)
    assert satisfies(window, axioms.NOT_CLOSED)
    assert not satisfies(window, axioms.STANDARD)
    assert window[2][2] == OUTSIDE


@pytest.mark.parametrize("n", [1, 2, 5])
def test_x_times_y_equals_y_has_left_identities_and_right_inverses_on_every_order(n):
    assert satisfies(axioms.right_zero(n), axioms.LEFT_RIGHT)
    assert satisfies(axioms.left_zero(n), axioms.RIGHT_LEFT)
    assert is_group(axioms.right_zero(n)) == (n == 1)


def test_tables_that_are_no_tables_are_refused():
    with pytest.raises(ValueError, match="square table"):
        axioms.as_table([[0, 1], [0]])
    with pytest.raises(ValueError, match=r"entries 0\.\.1"):
        axioms.as_table([[0, 1], [2, 0]])
    assert axioms.as_table([[0, 1], [1, 0]]) == ((0, 1), (1, 0))


# -- derivations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_every_derivation_replays_and_its_damaged_copies_do_not(theorem):
    assert replays(theorem)
    assert splices(theorem)
    for k, step in enumerate(theorem.steps):
        without = replace(theorem, steps=(*theorem.steps[:k], *theorem.steps[k + 1 :]))
        assert not replays(without)
        assert not splices(without)
        turned = replace(
            theorem, steps=(*theorem.steps[:k], replace(step, backwards=not step.backwards), *theorem.steps[k + 1 :])
        )
        assert not replays(turned)
        assert not splices(turned)
        missing = replace(
            theorem, hypotheses={name: value for name, value in theorem.hypotheses.items() if name != step.by}
        )
        assert not replays(missing)
        assert not splices(missing)
        for name in step.where:
            wrong = replace(step, where={**step.where, name: f"i({step.where[name]})"})
            damaged = replace(theorem, steps=(*theorem.steps[:k], wrong, *theorem.steps[k + 1 :]))
            assert not replays(damaged)
            assert not splices(damaged)


def test_a_step_at_the_wrong_place_is_refused_by_the_checker_that_reads_places():
    theorem = THEOREMS[0]
    moved = replace(theorem, steps=(replace(theorem.steps[0], at=(0,)), *theorem.steps[1:]))
    assert not replays(moved)
    assert splices(moved)  # the step is sound, only its address is wrong: this checker finds its own


@pytest.mark.parametrize(
    "wrong",
    [axioms.FROM_LEFT_RIGHT, axioms.CORRUPTED, axioms.WITHOUT_ASSOCIATIVITY],
    ids=["opposite sides", "corrupted", "no associativity"],
)
def test_wrong_proofs_are_refused(wrong):
    assert not replays(wrong)
    assert not splices(wrong)


@given(partial_tables(3).filter(lambda table: satisfies(table, axioms.SUFFICIENT[2])))
def test_what_is_derived_holds_in_every_model(table):
    assert is_group(table)


def test_a_step_that_instantiates_a_constant_is_refused():
    false = Theorem(
        "e is any element",
        Equation("a", "b"),
        {"id": Equation("e * x", "x", ("x",)), "given": Equation("e", "a")},
        (Step("given", "b", (), {"a": "b"}, True),),
    )
    assert not replays(false)
    assert not splices(false)


@given(st.sampled_from(THEOREMS))
def test_mirroring_twice_gives_the_theorem_back(theorem):
    back = mirror(mirror(theorem, "m", {}), theorem.name, {})
    assert replays(back)
    assert splices(back)
    assert [parse(step.result) for step in back.steps] == [parse(step.result) for step in theorem.steps]
    assert [step.at for step in back.steps] == [step.at for step in theorem.steps]


def terms():
    return st.recursive(
        st.sampled_from(["e", "x", "y"]),
        lambda t: st.tuples(st.just("*"), t, t) | st.tuples(st.just("i"), t) | st.tuples(st.just("under"), t, t),
        max_leaves=8,
    )


@given(terms())
def test_written_terms_read_back(term):
    assert parse(to_text(term)) == term


@pytest.mark.parametrize("text", ["", "x *", "* x", "(x", "x)", "i(x", "i(,x)", "x y", "x + y", "3x"])
def test_texts_that_are_no_terms_are_refused(text):
    with pytest.raises(TermError):
        parse(text)


def test_a_system_without_identity_asks_for_none():
    semigroup = System("semigroup", None, None)
    assert satisfies(((0, 0), (0, 0)), semigroup)
    assert equations.parse("x * y * z") == ("*", ("*", "x", "y"), "z")
