"""Presentations give the groups that they are known to, or stop; words are read and refused."""

from __future__ import annotations

import pytest

from theory.arithmetic.matrices import ExactArray, PrimeField
from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.cayley_tables import first_failure
from theory.groups.families import describe, dihedral
from theory.groups.finite_groups import from_presentation
from theory.groups.words import WordError, read_relation, read_word
from theory.representations import Representation


@pytest.mark.parametrize(
    ("letters", "relations", "name"),
    [
        ("rs", ["r^4", "s^2", "s*r*s = r^-1"], "D4"),
        ("rs", ["r^4", "s^2", "s*r*s = r"], "C2 x C4"),
        ("ab", ["a^4", "a^2 = b^2", "b*a*b^-1 = a^-1"], "Q8"),
        ("ab", ["a^2", "b^3", "a*b*a*b*a*b*a*b*a*b"], "A5"),
        ("a", ["a^15", "a^10"], "C5"),
        ("ab", ["a*b", "b*a*b*a*a"], "trivial group"),
    ],
)
def test_presentations_give_the_group_that_they_are_known_to(letters, relations, name):
    group, images = from_presentation(list(letters), [read_relation(r, letters) for r in relations])
    assert describe(group) == name
    assert first_failure(group.table) is None
    assert group.order == len(group.subgroup(images.values()))


def test_presentations_of_infinite_groups_stop_and_say_so():
    with pytest.raises(GroupTooLarge, match="infinite"):
        from_presentation(["a", "b"], [read_relation("a*b = b*a", "ab")], limit=500)


def test_words_are_read_and_refused():
    assert read_word("r^2*s", "rs") == (1, 1, 2)
    assert read_word("e", "rs") == ()
    assert read_word("r^-2 s", "rs") == (-1, -1, 2)
    for bad in ("", "q", "r^", "(r", "r)", "()", "(r*)", "r*", "*r", "r^99999", "(r*s)^1001", "r^2^3"):
        with pytest.raises(WordError):
            read_word(bad, "rs")


def test_a_presentation_and_matrices_over_a_finite_field_give_the_groups_that_they_are_known_to():
    d4 = FiniteGroup.from_presentation(("r", "s"), ("r^4", "s^2", "s*r*s = r^-1"), label="D4")
    assert d4.isomorphism(dihedral(4)) is not None
    assert d4.index("r^2*s") == d4.word("r", "r", "s")
    field = PrimeField(3)
    gl, matrices = FiniteGroup.from_matrices(
        [
            ExactArray.of([[1, 1], [0, 1]], field),
            ExactArray.of([[0, 1], [1, 0]], field),
            ExactArray.of([[2, 0], [0, 1]], field),
        ]
    )
    assert gl.order == 48
    assert Representation(gl, matrices).is_homomorphism
    assert len(gl.quotient(gl.centre)[0].subgroups) == 30  # PGL(2, 3) = S4


def test_words_have_powers_of_parentheses():
    assert read_word("(r*s)^2", "rs") == (1, 2, 1, 2)
    assert read_word("((r)^2 (s*r)^-1)^2", "rs") == (1, 1, -1, -2, 1, 1, -1, -2)
    psl = FiniteGroup.from_presentation(("a", "b"), ("a^2", "b^3", "(a*b)^7", "(a*b*a*b^-1)^4"))
    assert psl.order == 168
