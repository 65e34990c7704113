"""Irreps from multiplicities without common factor: the same as without, and broken where a premise is."""

from __future__ import annotations

from functools import cache
from math import gcd

import numpy as np
import pytest

from theory.arithmetic.matrices import ExactArray, PrimeField
from theory.groups import FiniteGroup
from theory.groups.families import alternating, projective_special_linear, symmetric
from theory.representations import Representation, coprime_modules, irreducibles
from theory.representations.character_tables import character_table


@cache
def special_linear(p: int) -> FiniteGroup:
    """SL(2, p)."""
    field = PrimeField(p)
    return FiniteGroup.from_matrices([ExactArray.of([[1, 1], [0, 1]], field), ExactArray.of([[1, 0], [1, 1]], field)])[
        0
    ]


def check(group: FiniteGroup, row: int, part: Representation) -> None:
    """A homomorphism with this row of the table as its character, keeping a Hermitian form."""
    assert part.is_homomorphism
    assert part.character == character_table(group).array[row][group.class_of]
    assert part.form is not None
    assert part.form == part.form.H
    chosen = part.matrices[list(group.generators)]
    assert chosen.H @ part.form[None] @ chosen == part.form[None][[0] * len(chosen)]


class OnceIsNeverMet(irreducibles._Search):
    """A search to which characters that occur once do not count, so that coprime multiplicities have to do."""

    def try_subgroup(self, members: np.ndarray) -> bool:
        super().try_subgroup(members)
        self.best.clear()
        self.others.clear()
        return False

    @property
    def perfect(self) -> bool:
        return False


def forced(group: FiniteGroup) -> dict[int, Representation]:
    """Irreps from coprime multiplicities above 1, by row, where there are such."""
    table = character_table(group)
    rows = [row for row, d in enumerate(table.degrees) if d > 2]
    search = OnceIsNeverMet(table, rows, [table.array[row].smallest().field.order for row in rows])
    search.run()
    found = {}
    for k, row in enumerate(rows):
        choices = search.coprime(k)
        if gcd(*(m for m, _ in choices)) == 1:
            found[row] = irreducibles._by_coprime_pairs(table, row, choices)
    return found


FORCED = [
    (symmetric(4), 2),
    (alternating(5), 3),
    (special_linear(5), 4),
    (symmetric(5), 5),
    (projective_special_linear(7), 5),
]


@pytest.mark.parametrize(("group", "count"), FORCED, ids=repr)
def test_coprime_multiplicities_give_the_same_irreps(monkeypatch, group, count):
    monkeypatch.setattr(irreducibles, "_BUDGET", 60)
    found = forced(group)
    assert len(found) == count
    for row, part in found.items():
        check(group, row, part)
        assert part.form.entry(0, 0).as_fraction() > 0  # by which a certificate tells the sign of the form


def any_coefficients(kernel: ExactArray, copies: int) -> ExactArray:
    """Instead of a solution: an element of full rank."""
    count = kernel.shape[0] // copies
    return ExactArray(kernel.field, kernel.numerators[:count, 0] * 0 + np.arange(1, count + 1)[:, None])


def test_an_element_of_higher_rank_does_not_pass_for_one_of_rank_one(monkeypatch):
    monkeypatch.setattr(irreducibles, "_BUDGET", 60)
    monkeypatch.setattr(coprime_modules, "_shortest", any_coefficients)
    with pytest.raises(ArithmeticError, match="do not span"):
        forced(symmetric(5))


def test_multiplicities_with_a_common_factor_are_refused(monkeypatch):
    group = symmetric(3)
    table = character_table(group)
    chi = table.array[2][group.class_of]
    pair = coprime_modules.LinearPair(group, chi, np.array([0]), np.array([0]), 1, 2)
    with pytest.raises(ArithmeticError, match="share the factor 2"):
        coprime_modules.rank_one([pair, pair])
