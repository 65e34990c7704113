"""Rewriting of words: completion against coset enumeration, normal forms against permutations, chains against damage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.groups.presentations import coset_table
from theory.proof.words import (
    NotCompleted,
    WordTheorem,
    adjoint,
    complete,
    complete_presentation,
    irreducible_words,
    joins,
    reduce_word,
    replays,
)
from theory.representations import complements as orthogonality
from theory.representations import intertwiners as equivalence

PRESENTATIONS = {
    "C5": ("aaaaa",),
    "D4": ("aaaa", "bb", "abab"),
    "Q8": ("aaaa", "aaBB", "baBa"),
    "S3": ("aa", "bb", "ababab"),
    "A4": ("aa", "bbb", "ababab"),
    "S4": ("aa", "bbb", "abababab"),
    "C4xC2": ("aaaa", "bb", "abAB"),
    "trivial": ("ab", "abb"),
}
THEOREMS = (
    *equivalence.POLAR,
    *equivalence.AVERAGE,
    orthogonality.UNITARY,
    *orthogonality.AVERAGED,
    orthogonality.MOVES_KERNEL,
)


def order_by_cosets(relators):
    letters = sorted({letter.lower() for word in relators for letter in word})
    number = {letter: k + 1 for k, letter in enumerate(letters)} | {
        letter.upper(): -k - 1 for k, letter in enumerate(letters)
    }
    return len(coset_table(len(letters), [tuple(number[letter] for letter in word) for word in relators])), letters


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_completion_finds_as_many_elements_as_coset_enumeration(name):
    relators = PRESENTATIONS[name]
    order, letters = order_by_cosets(relators)
    rules = complete_presentation(relators)
    assert len(irreducible_words([*letters, *(x.upper() for x in letters)], rules)) == order


@given(st.text("abAB", max_size=14))
def test_normal_forms_in_s4_are_equal_exactly_where_permutations_are(word):
    rules = complete_presentation(PRESENTATIONS["S4"])
    images = {"a": (1, 0, 2, 3), "b": (0, 2, 3, 1)}  # a b is a 4-cycle
    for letter in "ab":
        images[letter.upper()] = tuple(images[letter].index(x) for x in range(4))

    def evaluated(text):
        out = tuple(range(4))
        for letter in text:
            out = tuple(out[images[letter][x]] for x in range(4))
        return out

    form = reduce_word(word, rules)
    assert evaluated(form) == evaluated(word)
    assert (form == "") == (evaluated(word) == (0, 1, 2, 3))


def test_infinite_groups_end_at_the_limit():
    with pytest.raises(NotCompleted, match="may be infinite"):
        irreducible_words("rRsS", complete_presentation(["rrrr", "ss"]), limit=200)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_every_chain_replays_and_is_found_again_and_breaks_without_a_word(theorem):
    assert replays(theorem)
    assert joins(theorem)
    for k in range(len(theorem.chain)):
        assert not replays(
            replace(
                theorem, chain=(*theorem.chain[:k], theorem.chain[k] + theorem.chain[k][-1], *theorem.chain[k + 1 :])
            )
        )


@pytest.mark.parametrize(
    "wrong", [equivalence.WITHOUT_UNITARITY, orthogonality.WITHOUT_UNITARITY], ids=["polar", "complement"]
)
def test_without_unitarity_neither_the_chain_nor_completion_proves_it(wrong):
    assert not replays(wrong)
    assert not joins(wrong)


@pytest.mark.parametrize("dropped", range(4))
def test_the_polar_argument_uses_two_of_the_four_unitarity_equations(dropped):
    theorem = equivalence.POLAR[0]
    unitarity = [pair for pair in theorem.hypotheses if pair != ("SR", "QS")]
    kept = replace(theorem, hypotheses=(("SR", "QS"), *(pair for k, pair in enumerate(unitarity) if k != dropped)))
    assert replays(kept) == (unitarity[dropped] not in (("RK", ""), ("JQ", "")))


def test_adjoints_reverse_words_and_adjoint_hypotheses_count():
    assert adjoint("SR", {"S": "T", "R": "K", "T": "S", "K": "R"}) == "KT"
    theorem = WordTheorem(
        "adjoint of a hypothesis",
        "KT",
        "TJ",
        (("SR", "QS"),),
        (),
        {"S": "T", "T": "S", "R": "K", "K": "R", "Q": "J", "J": "Q"},
    )
    assert replays(theorem)
    assert joins(theorem)
    assert not replays(replace(theorem, adjoints={}))
    assert not joins(replace(theorem, adjoints={}))


def test_rules_lead_to_shorter_or_alphabetically_smaller_words():
    for relators in PRESENTATIONS.values():
        for left, right in complete_presentation(relators).items():
            assert (len(right), right) < (len(left), left)
    with pytest.raises(NotCompleted):
        complete([("ab", "ba"), ("bab", "c")], limit=1)
