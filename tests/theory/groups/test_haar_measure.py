"""Statements about invariant measure, spins and Legendre polynomials: each holds, decided, and with a sign changed it is refuted."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_checks.kernel import Status, judge
from theory.groups import gauss_legendre, haar_measure, spins
from theory.proof.statements import Equation, Induction

STATEMENTS = [
    *haar_measure.measure_equations(), *haar_measure.class_equations(), *haar_measure.circle_equations(), *haar_measure.moments(),
    haar_measure.geometric_induction(), spins.ladder_induction(), *spins.ladder_equations(), spins.trace_induction(),
    spins.character_induction(), *spins.weyl_equations(), spins.counting_induction(), spins.spin_pairs(),
    gauss_legendre.legendre_induction(), *gauss_legendre.lagrange_equations(),
]  # fmt: skip


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_every_statement_holds_and_none_by_construction(statement):
    verdict = judge(statement, route="exact")
    assert verdict.status is Status.HOLDS, verdict.why
    assert verdict.decided
    if isinstance(statement, Induction):
        assert f"every {statement.variable} >= {statement.start}" in verdict.scope.text


SIGNED = [s for s in STATEMENTS if isinstance(s, Equation) and not isinstance(s.right, sp.MatrixBase) and s.right != 0]


@pytest.mark.parametrize("statement", SIGNED, ids=lambda s: s.name)
def test_an_equation_off_by_a_sign_is_refuted(statement):
    assert judge(replace(statement, right=-statement.right), route="exact").status is Status.REFUTED


def test_an_induction_of_another_claim_is_refuted():
    sound = spins.counting_induction()
    claim = tuple(replace(e, right=e.right + 1) for e in sound.claim)
    assert judge(replace(sound, claim=claim), route="exact").status is Status.REFUTED


def test_small_spins_intertwine_only_themselves():
    assert spins.intertwiners(2, 2) == spins.intertwiners(3, 3) == 1
    assert spins.intertwiners(2, 3) == 0
