"""Constructions over float64, real and complex: each multiplies as its group does, with the character that it should have; mutants are refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.averaging import cayley_table, closure, permutation_matrices
from numerics.representations.regular_action import RegularAction, discover
from numerics.representations.representation import FloatRepresentation, NotARepresentation, induce, subgroup_action
from numerics.streams import Stream

GENERATORS = {
    "D4": [[1, 2, 3, 0], [0, 3, 2, 1]],
    "S4": [[1, 0, 2, 3], [1, 2, 3, 0]],
    "A4": [[1, 2, 0, 3], [1, 0, 3, 2]],
    "C6": [[1, 2, 3, 4, 5, 0]],
    "Q8": [[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]],
}
names = st.sampled_from(sorted(GENERATORS))
kinds = st.sampled_from([torch.float64, torch.complex128])
seeds = st.integers(0, 2**32)
ROUNDING = 1e-11  # products of at most 24 matrices of degree at most 96 and norm 1: 24 * 96^2 u < 3e-11 in the worst case, u = 1.1e-16


def natural(name, dtype=torch.float64):
    images = torch.tensor(GENERATORS[name])
    action = discover(permutation_matrices(images).to(torch.float64), Stream(0))
    return FloatRepresentation.permutation(action, images, dtype)


def unitary_conjugate(rho, seed):
    noise = Stream(seed).normal(rho.degree, rho.degree).to(rho.generators.dtype)
    if rho.generators.is_complex():
        noise = noise + 1j * Stream(seed + 1).normal(rho.degree, rho.degree)
    return rho.change_basis(torch.linalg.qr(noise).Q)


@given(names, kinds, seeds)
@settings(max_examples=20)
def test_every_construction_multiplies_and_has_the_character_that_it_should(name, kind, seed):
    rho = unitary_conjugate(natural(name, kind), seed)
    regular = FloatRepresentation.regular(rho.action, kind)
    chi, n = rho.character, rho.action.order
    expected = {
        "tensor": (rho.tensor(rho), chi * chi),
        "sum": (rho.sum(rho, regular), 2 * chi + regular.character),
        "dual": (rho.change_basis(torch.eye(rho.degree, dtype=kind) * 3).dual(), chi.conj()),
        "regular": (regular, torch.tensor([n] + [0] * (n - 1), dtype=kind)),
        "trivial": (FloatRepresentation.trivial(rho.action, kind), torch.ones(n, dtype=kind)),
    }
    for made, character in expected.values():
        assert made.field == ("complex" if kind.is_complex else "real")
        assert made.defect() < ROUNDING
        assert float((made.character - character).abs().max()) < ROUNDING


@given(names, kinds, seeds, st.data())
@settings(max_examples=25)
def test_frobenius_reciprocity_and_restriction(name, kind, seed, data):
    rho = unitary_conjugate(natural(name, kind), seed)
    chosen = data.draw(st.lists(st.integers(0, rho.action.order - 1), min_size=1, max_size=2))
    action, members = subgroup_action(rho.action, chosen)
    inner = rho.restrict(chosen)
    assert inner.defect() < ROUNDING
    assert float((inner.character - rho.character[torch.as_tensor(members)]).abs().max()) < ROUNDING
    phase = linear_character(action, kind)
    induced = induce(rho.action, phase, members)
    assert induced.degree * len(members) == rho.action.order
    assert induced.defect() < ROUNDING
    assert abs(induced.inner(rho) - phase.inner(inner)) < ROUNDING
    assert abs(induce(rho.action, inner, members).inner(rho) - inner.inner(inner)) < 100 * ROUNDING


@given(names, seeds)
@settings(max_examples=15)
def test_the_dual_pairs_with_the_representation_in_any_basis(name, seed):
    """<R*(g) f, R(g) v> = <f, v>; inverses on the generators alone may extend to a representation too, of an automorphism."""
    rho = natural(name)
    sheared = rho.change_basis(
        Stream(seed).normal(rho.degree, rho.degree) + 4 * torch.eye(rho.degree, dtype=torch.float64)
    )
    eye = torch.eye(rho.degree, dtype=torch.float64)
    assert float((sheared.dual().generators.mT @ sheared.generators - eye).abs().max()) < 1e-9


@given(names, st.data())
@settings(max_examples=15)
def test_inducing_the_trivial_representation_moves_cosets_as_sets(name, data):
    action = natural(name).action
    chosen = data.draw(st.lists(st.integers(0, action.order - 1), min_size=1, max_size=2))
    inner, members = subgroup_action(action, chosen)
    cosets = []
    for x in range(action.order):
        coset = {int(action.right(int(h))[x]) for h in members}
        cosets += [coset] if coset not in cosets else []
    made = induce(action, FloatRepresentation.trivial(inner), members).generators
    for g, image in zip(made, action.images, strict=True):
        for j, coset in enumerate(cosets):
            assert g[:, j].tolist() == [float({int(image[x]) for x in coset} == other) for other in cosets]


def linear_character(action, kind):
    """A nontrivial homomorphism of the subgroup into the numbers of modulus 1 where one generator gives it, else the trivial one."""
    if len(action.images) == 1 and action.order > 1:
        order = action.order if kind.is_complex else (2 if action.order % 2 == 0 else 1)
        root = complex(np.exp(2j * np.pi / order))
        value = torch.tensor([[[root if kind.is_complex else root.real]]], dtype=kind)
        return FloatRepresentation(action, value)
    return FloatRepresentation.trivial(action, kind)


def test_inducing_along_the_wrong_cosets_or_the_conjugate_breaks_reciprocity():
    rho = natural("A4", torch.complex128)
    three = next(x for x in range(12) if rho.action.square(x) not in (0, x))
    action, members = subgroup_action(rho.action, [three])
    omega = linear_character(action, torch.complex128)
    twisted = [
        induce(rho.action, phase, members)
        for phase in (omega, omega.dual(), FloatRepresentation.trivial(action, torch.complex128))
    ]
    line = next(
        i
        for i in rho.tensor(rho)
        .sum(FloatRepresentation.regular(rho.action, torch.complex128))
        .decompose(Stream(0))
        .irreps
        if i.dimension == 1 and i.kind == "complex"
    )
    chi = FloatRepresentation(rho.action, line.matrices)
    right = [
        phase.inner(chi.restrict([three]))
        for phase in (omega, omega.dual(), FloatRepresentation.trivial(action, torch.complex128))
    ]
    assert all(abs(made.inner(chi) - value) < ROUNDING for made, value in zip(twisted, right, strict=True))
    assert abs(twisted[0].inner(chi) - right[1]) > 0.5
    with pytest.raises(NotARepresentation, match="elements of the subgroup"):
        induce(rho.action, omega, members[::-1])


@given(names, seeds)
@settings(max_examples=10)
def test_matrices_of_all_elements_are_taken_if_they_multiply_as_the_table_does(name, seed):
    elements = closure(torch.tensor(GENERATORS[name]))
    table = cayley_table(elements)
    basis = Stream(seed).normal(elements.shape[1], elements.shape[1]) + 4 * torch.eye(
        elements.shape[1], dtype=torch.float64
    )
    matrices = basis @ permutation_matrices(elements).to(torch.float64) @ torch.linalg.inv(basis)
    rho = FloatRepresentation.from_elements(matrices, table)
    assert rho.defect() < 1e-9
    assert float((rho.matrices - matrices[torch.as_tensor(rho.action.labels)]).abs().max()) < 1e-9
    swapped = matrices.clone()
    last = len(matrices) - 1
    swapped[[0, last]] = matrices[[last, 0]]
    with pytest.raises(NotARepresentation, match="not the product"):
        FloatRepresentation.from_elements(swapped, table)


def test_a_construction_splits_as_its_character_says():
    rho = natural("S4")
    found = rho.tensor(rho).decompose(Stream(1))
    assert found.decided
    assert sorted((i.dimension, i.multiplicity) for i in found.irreps) == [(1, 2), (2, 1), (3, 1), (3, 3)]
    assert sum(i.multiplicity**2 for i in found.irreps) == round(rho.tensor(rho).inner(rho.tensor(rho)).real)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: FloatRepresentation(natural("D4").action, torch.eye(2, dtype=torch.float64)[None]), "2 square matrices"),
        (lambda: FloatRepresentation(natural("C6").action, torch.eye(2, dtype=torch.int64)[None]), "float64"),
        (lambda: FloatRepresentation.permutation(natural("C6").action, torch.tensor([[0, 0]])), "permutations of the points"),
        (lambda: natural("D4").tensor(natural("Q8")), "one group"),
        (lambda: natural("D4").sum(natural("S4")), "one group"),
        (lambda: natural("D4").restrict([8]), "elements 0..7"),
        (lambda: natural("D4").restrict([]), "elements 0..7"),
        (lambda: FloatRepresentation.from_elements(torch.eye(2, dtype=torch.float64)[None], np.array([[0, 1], [1, 0]])), "Expected 2 matrices"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def test_products_with_a_generator_too_many_are_a_defect():
    """A matrix of order 4 where the group has order 2."""
    action = RegularAction.from_images(np.array([[1, 0]]))
    turn = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]], dtype=torch.float64)
    assert FloatRepresentation(action, turn).defect() > 2
