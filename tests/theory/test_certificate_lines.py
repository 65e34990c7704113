"""Every line of a certificate is needed: for each a decomposition that breaks this line alone; and what else a mutant of the library once survived."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.strategies.groups import finite_groups
from theory.cyclotomic import Cyclotomic
from theory.exact_matrices import CyclotomicField, ExactArray, stack
from theory.groups import FiniteGroup
from theory.groups.families import (
    alternating,
    cyclic,
    dihedral,
    direct_product,
    heisenberg,
    quaternion,
    semidirect_product,
    symmetric,
)
from theory.groups.presentations import read_word
from theory.representations import (
    Certificate,
    NotARepresentation,
    Representation,
    character_table,
    decompose,
    irreps,
    permutation_representation,
    regular_representation,
    trivial_representation,
)
from theory.representations.modules import unitarising_form


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


# -- what mutants survived


def test_matrices_that_multiply_along_the_first_generator_only_are_no_homomorphism():
    """R(r^k s^j) = A^k B^j with the right A and B of order 4: every product with r on the left is right, those with s are not."""
    group = dihedral(4)
    A, B = ExactArray.of([[0, -1], [1, 0]]), ExactArray.of([[0, 1], [-1, 0]])
    power = [eye(2), A, A @ A, A @ A @ A]
    wrong = Representation(group, stack([*power, *(x @ B for x in power)]))
    everything = np.arange(8)
    r, s = group.index("r"), group.index("s")
    assert (wrong.matrices[r][None] @ wrong.matrices) == wrong.matrices[group.multiply(r, everything)]
    assert not wrong.is_homomorphism
    assert wrong.defect().pair[0] >= s


def test_the_dual_in_its_own_basis_is_the_transpose_of_the_inverse():
    sheared = irreps(symmetric(3))[2].conjugated(ExactArray.of([[1, 2], [0, 1]]))
    assert sheared.dual().is_homomorphism
    pairing = sheared.dual().matrices.T @ sheared.matrices  # <R*(g) f, R(g) v> = <f, v>
    assert pairing == eye(2)[None][[0] * 6]


def test_the_averaged_form_is_kept_by_complex_matrices():
    for group in (quaternion(), cyclic(3), heisenberg(3)):
        part = irreps(group)[-1]
        basis = ExactArray.of([[int(i == j) + 2 * int(i < j) for j in range(part.degree)] for i in range(part.degree)])
        moved = part.conjugated(basis)
        form = unitarising_form(moved)
        assert form == form.H
        assert (moved.matrices.H @ form[None] @ moved.matrices) == form[None][[0] * group.order]
        assert moved.matrices.T @ form[None] @ moved.matrices != form[None][[0] * group.order]


@given(finite_groups(16))
def test_automorphisms_are_the_bijections_of_generators_images_that_respect_all_products(group):
    """Against every choice of images of the generators, extended along words and multiplied out."""
    gens = list(group.generators)
    orders = group.orders.tolist()
    count = 0
    walk = group.walk(gens)
    pools = [[y for y in range(group.order) if orders[y] == orders[g]] for g in gens]
    if int(np.prod([len(p) for p in pools])) > 3000:
        return
    for choice in np.array(np.meshgrid(*pools, indexing="ij")).reshape(len(pools), -1).T if pools else [()]:
        images = [0] * group.order
        for x, parent, k in walk:
            images[x] = int(group.table[images[parent], choice[k]])
        moved = np.array(images)
        count += len(set(images)) == group.order and (moved[group.table] == group.table[np.ix_(moved, moved)]).all()
    assert len(group.automorphisms) == count


@pytest.mark.parametrize(
    "group",
    [cyclic(3), cyclic(8), cyclic(5), alternating(4), alternating(5), heisenberg(3), semidirect_product(cyclic(7), cyclic(3), {1: [2 * k % 7 for k in range(7)]})],
    ids=repr,
)  # fmt: skip
def test_a_printed_table_can_be_read_back_by_its_legend(group):
    """Cells -A, /A, -/A stand for minus, conjugate, both."""
    table = character_table(group)
    lines = [line.split() for line in table.text().splitlines()]
    rows = [line[2:] for line in lines if line[0].startswith("chi")]
    assert len(rows) == len(table.degrees)
    for cells, values in zip(rows, table.values, strict=True):
        for cell, value in zip(cells, values, strict=True):
            letter = cell.lstrip("-/")
            if letter not in table.legend:
                assert cell == str(value)
                continue
            number = table.legend[letter]
            number = number.conjugate() if "/" in cell else number
            assert (-number if "-" in cell else number).reduced == value.reduced


def test_two_processes_with_other_hash_seeds_and_conjugated_generators_print_the_same_table():
    program = (
        "import random, sys\n"
        "from theory.groups import FiniteGroup\n"
        "from theory.representations import character_table, irreps\n"
        "points = list(range(6)); random.Random(sys.argv[1]).shuffle(points)\n"
        "def moved(g):\n"
        "    out = [0] * 6\n"
        "    for x in range(6): out[points[x]] = points[g[x]]\n"
        "    return out\n"
        "group = FiniteGroup.from_permutations([moved([1, 2, 3, 0, 4, 5]), moved([1, 0, 2, 3, 5, 4]), moved([0, 1, 2, 3, 5, 4])])\n"
        "print('\\n'.join(line for line in character_table(group).text().splitlines() if 'e.g.' not in line))\n"
        "print([part.matrices.tolist() for part in irreps(group)])\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program, seed], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert "chi10" in printed.pop()


# -- refusals


@pytest.mark.parametrize("degree", [200, 256, 257, 300, 65_536, 65_537, 70_000])
def test_permutations_of_many_points_multiply_as_they_should(degree):
    """Points are held in one, two or four bytes; transpositions whose points agree modulo 256 or 65536 once were one element."""
    first, second = list(range(degree)), list(range(degree))
    first[0], first[degree - 1] = degree - 1, 0
    second[1], second[degree - 2] = degree - 2, 1
    group = FiniteGroup.from_permutations([first, second])
    assert group.inverses.tolist() == [0, 1, 2, 3]
    assert group.isomorphism(direct_product(cyclic(2), cyclic(2))) is not None
    assert sorted(group.names) == sorted(
        ["()", f"(0 {degree - 1})", f"(1 {degree - 2})", f"(0 {degree - 1})(1 {degree - 2})"]
    )


def test_words_have_powers_of_parentheses():
    assert read_word("(r*s)^2", "rs") == (1, 2, 1, 2)
    assert read_word("((r)^2 (s*r)^-1)^2", "rs") == (1, 1, -1, -2, 1, 1, -1, -2)
    psl = FiniteGroup.from_presentation(("a", "b"), ("a^2", "b^3", "(a*b)^7", "(a*b*a*b^-1)^4"))
    assert psl.order == 168


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: dihedral(2.5), ValueError, "integer n >= 1, got 2.5"),
        (lambda: cyclic(True), ValueError, "integer n >= 1, got True"),
        (lambda: cyclic(100_000), ValueError, "100000 elements; tables stop at 4096"),
        (lambda: symmetric(100_000), ValueError, "more than 10.100000 elements"),
        (lambda: FiniteGroup.from_presentation("aa", ["a^2"]), ValueError, "'a' twice"),
        (lambda: FiniteGroup.from_cayley_table([[0, 1], [1, 0]], names=["a"]), ValueError, "name for each of the 2"),
        (lambda: FiniteGroup.from_cayley_table([[0, 1], [1, 0]], names=["a", "a"]), ValueError, "'a' more than once"),
        (lambda: regular_representation(dihedral(4)).sum(regular_representation(quaternion())), NotARepresentation, "one group"),
        (lambda: regular_representation(dihedral(4)).tensor(regular_representation(cyclic(8))), NotARepresentation, "one group"),
        (lambda: trivial_representation(cyclic(2)).inner(trivial_representation(cyclic(3))), NotARepresentation, "one group"),
        (lambda: permutation_representation(cyclic(2), np.full((2, 3), -1)), NotARepresentation, "points 0..2, got -1..-1"),
        (lambda: permutation_representation(cyclic(2), np.zeros((2, 3))), NotARepresentation, "integers of shape"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


@given(st.sampled_from([dihedral(3), quaternion(), alternating(4)]))
def test_generators_are_taken_by_name_and_as_nested_lists(group):
    part = irreps(group)[-1]
    by_name = {group.names[g]: part.matrices[g].tolist() for g in group.generators}
    assert Representation.from_generators(group, by_name).matrices == part.matrices
