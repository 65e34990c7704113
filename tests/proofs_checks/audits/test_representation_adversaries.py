"""The representation audit against matrices made to deceive it: nearly representations, hidden subspaces, stretched bases, singular ones."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs_checks.audits.representation import audit_representation
from proofs_checks.errors import InputError
from proofs_checks.inputs.decimals import is_singular, on_all_elements
from proofs_checks.kernel import Status
from theory.arithmetic.matrices import ExactArray
from theory.groups.families import cyclic, symmetric
from theory.representations import Representation

EPS = 2.0**-52
S4 = {"permutations": {"a": [1, 0, 2, 3], "b": [1, 2, 3, 0]}}
C2 = {"permutations": {"a": [1, 0]}}
C5 = {"permutations": {"r": [1, 2, 3, 4, 0]}}


def as_matrix(images):
    """e_x -> e_{g(x)}."""
    return np.eye(len(images))[:, list(images)]


def turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def stretched(condition, seed=0, d=4):
    random = np.random.default_rng(seed)
    left, right = (np.linalg.qr(random.normal(size=(d, d)))[0] for _ in range(2))
    return left @ np.diag(np.logspace(0, -math.log10(condition), d)) @ right


def named(report):
    return {f.name: f for f in report.findings}


def in_basis(T, **matrices):
    inverse = np.linalg.inv(T)
    return {name: T @ m @ inverse for name, m in matrices.items()}


# -- nearly a representation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("excess", [1e-8, 1e-10, 1e-12, 1e-13])
def test_a_rotation_off_by_more_than_its_digits_is_no_element_of_order_five(excess):
    close = turn(2 * math.pi / 5 + excess)
    told = audit_representation({"r": close}, C5)
    assert told.status is Status.REFUTED
    witness = told.findings[0].witness
    missed = 2 * math.sqrt(2) * math.sin(5 * excess / 2)  # the norm of turn(5 excess) - 1
    # Frobenius norms: five angles above 1, five matrices of four entries, four products of matrices of norm sqrt 2
    rounding = (5 + 3 + 8) * EPS
    assert abs(witness["residual"] - missed) <= rounding < missed / 100
    assert audit_representation([close]).status is Status.UNDECIDED
    assert audit_representation([close], accuracy=2 * excess).status is Status.HOLDS


def test_a_rotation_as_good_as_its_digits_is_one():
    assert audit_representation([turn(2 * math.pi / 5)]).status is Status.HOLDS
    assert named(audit_representation({"r": turn(2 * math.pi / 5)}, C5))["R homomorphism"].status is Status.HOLDS


@pytest.mark.parametrize("shear", [1.0, 1e-6, 1e-9, 1e-12, 1e-13])
def test_a_shear_is_never_said_to_split(shear):
    report = audit_representation([np.array([[1.0, shear], [0.0, 1.0]])])
    assert report.status is Status.UNDECIDED
    assert named(report)["splits into irreps"].status is not Status.HOLDS


def test_products_within_the_digits_are_not_enough_when_a_multiplicity_is_no_integer():
    """exp(2 pi i 0.99 k / 100): each product is nearly right, and the hundredth is seven degrees off."""
    matrices = {f"a^{k}" if k else "e": [[complex(np.exp(2j * np.pi * 0.99 * k / 100))]] for k in range(100)}
    group = {"permutations": {"a": [*range(1, 100), 0]}}
    report = audit_representation(matrices, group, accuracy=0.03)
    assert report.status is Status.REFUTED
    assert "from an integer" in report.findings[0].text


def test_what_nobody_said_about_accuracy_refutes_only_beyond_ten_times_itself():
    """Four units in the last place are a guess at what a computation leaves; T (-1) T^-1 leaves more in a stretched basis T."""
    for ulps, status in ((8, Status.HOLDS), (60, Status.UNDECIDED), (600, Status.REFUTED)):
        entry = -1 - ulps * np.finfo(float).eps
        assert named(audit_representation({"a": [[entry]]}, C2))["R homomorphism"].status is status
    said = audit_representation({"a": [[-1 - 60 * np.finfo(float).eps]]}, C2, accuracy=4 * np.finfo(float).eps)
    assert named(said)["R homomorphism"].status is Status.REFUTED


# -- singular ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("matrix", [[[0, 0], [0, 0]], [[1, 0], [0, 0]]])
@pytest.mark.parametrize("modulus", [None, 5])
def test_idempotents_multiply_like_a_group_and_are_no_representation(matrix, modulus):
    from theory.arithmetic.matrices import PrimeField

    given = ExactArray.of([matrix, matrix], *([PrimeField(modulus)] if modulus else []))
    report = audit_representation(Representation(cyclic(2), given))
    assert report.status is Status.REFUTED
    assert "not the unit matrix" in report.findings[0].text


def test_nearly_idempotent_matrices_are_told_from_the_unit():
    almost = [[1.0, 0.0], [0.0, 1e-4]]
    report = audit_representation({"e": almost, "a": almost}, C2, accuracy=1e-3)
    assert report.status is Status.REFUTED
    assert report.findings[0].witness["g"] == "e"


@pytest.mark.parametrize("entry", [1e9, 1e12])
def test_a_reflection_at_a_hidden_subspace_is_exact_work(entry):
    """[[1, t], [0, -1]]: its eigenvectors meet at the angle 2/t. Decimals cannot tell it from a singular matrix, integers can."""
    decimals = np.array([[1.0, entry], [0.0, -1.0]])
    assert audit_representation([decimals]).status is Status.UNDECIDED
    assert audit_representation({"a": decimals}, C2).status is Status.UNDECIDED
    exact = audit_representation({"a": [[1, int(entry)], [0, -1]]}, C2)
    assert named(exact)["R homomorphism"].status is Status.HOLDS
    assert named(exact)["R irreducible"].witness["multiplicities"] == [1, 1]


def test_singular_is_said_of_what_is_singular_as_it_stands():
    assert is_singular(np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert is_singular(np.array([[1.0, 1j], [1j, -1.0]]))
    assert not is_singular(np.array([[1.0, 1e9], [0.0, -1.0]]))
    assert not is_singular(np.array([[0.1 + 0.2, 1.0], [0.3, 1.0]]))  # by one unit in the last place


@pytest.mark.parametrize(
    "make", [lambda: [[0.0] * 3 for _ in range(3)], lambda: np.zeros((3, 3)), lambda: torch.zeros(3, 3).double()]
)
def test_a_function_that_hands_out_one_object_is_heard_at_every_element(make):
    shared = make()

    def natural(images):
        for i in range(3):
            for j in range(3):
                shared[i][j] = float(images[j] == i)
        return shared

    report = audit_representation(natural, symmetric(3))
    assert named(report)["R irreducible"].witness["multiplicities"] == [1, 0, 1]


def test_a_function_that_raises_is_quoted_with_the_element():
    with pytest.raises(InputError, match=r"raised ZeroDivisionError when asked with \(0, 1, 2\): division by zero"):
        audit_representation(lambda g: 1 / g[0], symmetric(3))


# -- bases ---------------------------------------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**16),
    st.sampled_from([1.0, 10.0, 1e3, 1e4]),
    st.lists(st.sampled_from(["natural", "sign", "trivial"]), max_size=2).map(lambda more: ["natural", *more]),
)
@settings(max_examples=25, deadline=None)
def test_multiplicities_in_any_basis_give_the_dimension_of_the_commutant(seed, condition, kinds):
    """Sum of m^2 against the rank of the equations X R(g) = R(g) X, solved in the basis where R is made of permutations."""
    made = {
        "natural": lambda p: p,
        "sign": lambda p: np.array([[np.linalg.det(p)]]).round(),
        "trivial": lambda p: np.eye(1),
    }
    parts = [[made[k](as_matrix(g)) for k in kinds] for g in ([1, 0, 2, 3], [1, 2, 3, 0])]
    d = sum(len(block) for block in parts[0])
    plain = []
    for blocks in parts:
        whole, at = np.zeros((d, d)), 0
        for block in blocks:
            whole[at : at + len(block), at : at + len(block)] = block
            at += len(block)
        plain.append(whole)
    equations = np.concatenate([np.kron(m, np.eye(d)) - np.kron(np.eye(d), m.T) for m in plain])
    commutant = d * d - np.linalg.matrix_rank(equations)
    report = audit_representation(in_basis(stretched(condition, seed, d), a=plain[0], b=plain[1]), S4)
    assert named(report)["R homomorphism"].status is Status.HOLDS
    multiplicities = report.facts["representations"][0]["multiplicities"]
    assert sum(m * m for m in multiplicities) == commutant


@pytest.mark.parametrize("condition", [1e6, 1e7, 1e9, 1e12])
def test_a_basis_that_is_stretched_too_far_is_undecided(condition):
    given_ = in_basis(stretched(condition), a=as_matrix([1, 0, 2, 3]), b=as_matrix([1, 2, 3, 0]))
    for report in (audit_representation(given_, S4), audit_representation(given_)):
        assert report.status is Status.UNDECIDED
        json.dumps(report.plain(), allow_nan=False)


def test_entries_that_overflow_along_words_decide_nothing():
    dihedral = {"permutations": {"a": [1, 2, 3, 4, 5, 6, 7, 0], "b": [0, 7, 6, 5, 4, 3, 2, 1]}}
    huge = {"a": np.diag([1e200, 1e-200]), "b": np.array([[0, 1e200], [1e200, 0.0]])}
    report = audit_representation(huge, dihedral)
    assert report.status is Status.UNDECIDED
    json.dumps(report.plain(), allow_nan=False)


@given(st.integers(0, 2**16), st.sampled_from([1.0, 30.0, 1e3]))
@settings(max_examples=20, deadline=None)
def test_errors_of_products_cover_what_perturbed_generators_do(seed, condition):
    """Words in R = T + E, |E| <= a entrywise: their traces, which know no basis, and their products stay within the errors stated."""
    random, group = np.random.default_rng(seed), symmetric(3)
    T = stretched(condition, seed, 3)
    inverse = np.linalg.inv(T)
    letters = list(group.generators)
    true = {g: T @ as_matrix(group.elements[g]) @ inverse for g in range(group.order)}
    a = 1e-9 * max(float(np.abs(m).max()) for m in true.values())
    noisy = {g: true[g] + a * random.uniform(-1, 1, (3, 3)) for g in letters}
    found = on_all_elements(noisy, group, a)
    apart = [abs(np.trace(m) - np.trace(true[g])) for g, m in enumerate(found.matrices)]
    rounding = (
        64 * np.finfo(float).eps * condition
    )  # of the traces of ``true``: three products of norms up to the condition
    assert (np.array(apart) <= math.sqrt(3) * found.errors + rounding).all()
    residual = [
        np.linalg.norm(found.matrices[g] @ found.matrices[h] - found.matrices[group.multiply(g, h)])
        <= found.errors[g] * size(found, h) + size(found, g) * found.errors[h] + found.errors[group.multiply(g, h)]
        for g in range(6)
        for h in range(6)
    ]
    assert all(residual)


def size(found, g):
    return np.linalg.norm(found.matrices[g]) + found.errors[g]


# -- words of the report -------------------------------------------------------------------------------------------------------


def test_the_worst_pair_and_its_size_are_named():
    report = audit_representation(
        {"a": [[0, 1], [1, 0]], "b": [[0, -1], [1, 1]]}, {"permutations": {"a": [1, 0, 2], "b": [1, 2, 0]}}
    )
    finding = report.findings[0]
    assert finding.status is Status.REFUTED
    worst = finding.witness["worst"]
    A, B = np.array([[0, 1], [1, 0]]), np.array([[0, -1], [1, 1]])
    words = {"e": np.eye(2), "a": A, "b": B, "a*b": A @ B, "b*a": B @ A, "b^2": B @ B}
    off = np.linalg.norm(words[worst["g"]] @ words[worst["h"]] - words[worst["gh"]])
    assert worst["off_by"] == off  # the root of one integer, rounded once
    assert f"off by {worst['off_by']:.3g}" in finding.text


def test_over_a_finite_field_the_meaning_counts_what_was_shown():
    report = audit_representation({"group": C2, "representations": {"R": {"a": 2}}, "characteristic": 3})
    assert report.status is Status.HOLDS
    assert report.meaning.startswith("1 of 1 is known to be irreducible")
    assert report.next_step == "Nothing is left to do."


def test_elements_without_a_name_are_called_by_words_with_powers():
    report = audit_representation({"r": turn(2 * math.pi / 5)}, C5)
    assert report.facts["group"]["elements"] == ["e", "r", "r^2", "r^3", "r^4"]


def test_a_generator_may_be_called_as_the_identity_usually_is():
    named_e = {"permutations": {"e": [1, 0, 2], "a": [1, 2, 0]}}
    report = audit_representation({"group": named_e, "representations": {"R": {"e": -1, "a": 1}}})
    assert report.status is Status.HOLDS
    assert report.facts["group"]["elements"][:3] == ["1", "e", "a"]
    swapped = {"permutations": {"i": [0, 1], "a": [1, 0]}}
    assert audit_representation({"group": swapped, "representations": {"R": {"a": -1}}}).status is Status.HOLDS
