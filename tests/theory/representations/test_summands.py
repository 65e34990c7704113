"""Every line of a certificate is needed: for each a decomposition that breaks this line alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import CyclotomicField, ExactArray
from theory.groups.families import cyclic, dihedral, quaternion
from theory.representations import Certificate, Representation, decompose, irreps, trivial_representation


def failing(certificate: Certificate) -> set[str]:
    """The lines that do not vanish."""
    return {name for name, residual in certificate.residuals().items() if not residual.is_zero}


def eye(size: int) -> ExactArray:
    return ExactArray.eye(size, CyclotomicField(1))


def sign_and_plane() -> Certificate:
    """Of a sum of two irreps of D4, of degrees 1 and 2."""
    parts = irreps(dihedral(4))
    return decompose(parts[1].sum(parts[4])).certificate


def declared(rho: Representation, form: ExactArray | None = None) -> Certificate:
    """The claim that a representation is one irreducible block as it stands."""
    block = replace(rho, form=eye(rho.degree) if form is None else form)
    return Certificate(rho, eye(rho.degree), eye(rho.degree), (block,), (1,), block.form)


def test_the_sound_certificates_replay():
    assert sign_and_plane().replay()
    assert declared(irreps(dihedral(4))[4]).replay()


def test_an_inverse_that_is_none_breaks_its_line():
    sound = sign_and_plane()
    assert failing(replace(sound, inverse=sound.inverse * 2)) == {"T T^-1 - 1", "H - T^-1* F T^-1"}


def test_blocks_of_another_representation_break_the_intertwining_alone():
    """Another irrep of degree 1 in place of the first: a homomorphism, irreducible, unlike the plane, with the same form."""
    sound = sign_and_plane()
    other = irreps(dihedral(4))[2]
    assert failing(replace(sound, irreps=(other, sound.irreps[1]))) == {"R(g) T - T B(g), every g"}


def test_a_reducible_block_breaks_its_norm_alone():
    parts = irreps(dihedral(4))
    assert failing(declared(parts[0].sum(parts[1]))) == {"<block 1, block 1> - 1"}


def test_one_irrep_listed_twice_breaks_the_product_of_the_two_alone():
    plane = irreps(dihedral(4))[4]
    found = decompose(plane.sum(plane)).certificate
    twice = replace(found, irreps=(found.irreps[0], found.irreps[0]), multiplicities=(1, 1))
    assert failing(twice) == {"<block 2, block 1> - 0"}


def test_matrices_that_do_not_multiply_break_the_homomorphism():
    """i in place of -1 is unitary, of character norm 1, and no representation of C2."""
    wrong = Representation(cyclic(2), ExactArray.of([[[1]], [[Cyclotomic.build(4, (0, 1), 1)]]]))
    assert failing(declared(wrong)) == {"homomorphism, block 1"}


def test_a_singular_homomorphism_breaks_the_unit_alone():
    """diag(1, 0) for every element multiplies correctly, and its trace has norm 1."""
    singular = Representation(cyclic(2), ExactArray.of([[[1, 0], [0, 0]]] * 2))
    degenerate = ExactArray.of([[1, 0], [0, 0]])
    assert failing(declared(singular, degenerate)) == {"B(e) - 1, block 1"}
    assert not declared(singular, degenerate).replay()


def test_a_form_that_moves_or_is_none_of_the_blocks_breaks_its_lines():
    plane = irreps(dihedral(4))[4]
    stretched = ExactArray.of([[1, 0], [0, 2]])
    assert failing(declared(plane, stretched)) == {"R(g)* H R(g) - H, generators"}
    assert failing(replace(declared(plane), form=eye(2) * 2)) == {"H - T^-1* F T^-1"}
    skew = ExactArray.of([[0, 1], [-1, 0]])  # kept by the turns
    turns = irreps(quaternion())[4]
    assert "H - H*" in failing(declared(turns, skew))


@pytest.mark.parametrize("factor", [0, -1])
def test_a_form_that_is_not_positive_keeps_every_line_and_does_not_replay(factor):
    plane = irreps(dihedral(4))[4]
    found = declared(plane, eye(2) * factor)
    assert failing(found) == set()
    assert not found.positive
    assert not found.replay()


def test_a_change_of_basis_without_full_rank_intertwines_and_does_not_verify():
    trivial = trivial_representation(cyclic(2))
    found = decompose(trivial.sum(trivial))
    flat = replace(found, basis=ExactArray.of([[1, 1], [1, 1]]))
    assert (found.representation.matrices @ flat.basis[None] - flat.basis[None] @ flat.blocks).is_zero
    assert found.verify()
    assert not flat.verify()
