"""Groups from groups, their graphs and maps; SymPy as the oracle of permutation groups; what is refused, and in which words."""

from __future__ import annotations

from fractions import Fraction

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.combinatorics import Permutation, PermutationGroup

from proofs_checks.strategies.groups import finite_groups, permutation_generators
from theory.cyclotomic import zeta
from theory.exact_matrices import ExactArray, PrimeField
from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.cayley_graphs import draw
from theory.groups.cayley_tables import first_failure, latin_failure, light_test
from theory.groups.families import (
    alternating,
    commuting_square,
    cyclic,
    dicyclic,
    dihedral,
    direct_product,
    heisenberg,
    projective_special_linear,
    quaternion,
    regular_images,
    semidirect_product,
    symmetric,
    wreath_product,
)
from theory.groups.isomorphisms import _follow
from theory.groups.products import NotAnAction
from theory.groups.subgroups import NotNormal, coset_action, derived_series, double_cosets, left_cosets, normal_closure
from theory.representations import (
    NotARepresentation,
    Representation,
    character_table,
    decompose,
    induce,
    irreps,
    regular_representation,
)
from theory.representations.modules import (
    DISCONTINUOUS,
    AdditiveShear,
    NotInvariant,
    orthogonal_complement,
    require_invariant,
    slanted_reflection,
    unitarising_form,
)

# -- SymPy


@given(permutation_generators(5))
@settings(max_examples=30)
def test_permutation_groups_agree_with_sympy(generators):
    ours = FiniteGroup.from_permutations(generators)
    theirs = PermutationGroup([Permutation(list(g)) for g in generators])
    assert ours.order == theirs.order()
    assert ours.is_abelian == theirs.is_abelian
    assert ours.is_solvable == theirs.is_solvable
    assert len(ours.centre) == theirs.center().order()
    assert len(ours.derived_subgroup) == theirs.derived_subgroup().order()
    assert sorted(len(c) for c in ours.classes) == sorted(len(c) for c in theirs.conjugacy_classes())
    elements = {tuple(p.array_form) for p in theirs.elements}
    assert {tuple(row) for row in ours.elements.tolist()} == elements
    a, b = ours.order // 2, ours.order - 1
    product = Permutation(ours.elements[b].tolist()) * Permutation(
        ours.elements[a].tolist()
    )  # SymPy applies the left factor first
    assert product.array_form == ours.elements[int(ours.multiply(a, b))].tolist()
    assert Permutation(ours.elements[a].tolist()).order() == int(ours.orders[a])


def test_sympys_other_convention_for_products_is_told_apart():
    s3 = symmetric(3)
    a, b = s3.generators
    assert int(s3.multiply(a, b)) != int(s3.multiply(b, a))
    wrong = Permutation(s3.elements[a].tolist()) * Permutation(s3.elements[b].tolist())
    assert wrong.array_form != s3.elements[int(s3.multiply(a, b))].tolist()


# -- products


@pytest.mark.parametrize(("p", "linear", "large"), [(2, 4, 1), (3, 9, 2), (5, 25, 4), (7, 49, 6)])
def test_heisenberg_groups_have_p_squared_linear_characters_and_p_minus_one_of_degree_p(p, linear, large):
    group = heisenberg(p)
    assert first_failure(group.table) is None
    assert character_table(group).degrees == (1,) * linear + (p,) * large
    assert group.centre == group.derived_subgroup
    assert len(group.centre) == p


def test_semidirect_products_with_the_known_results():
    inverting = semidirect_product(cyclic(5), cyclic(2), {1: [-k % 5 for k in range(5)]})
    assert inverting.isomorphism(dihedral(5)) is not None
    trivially = semidirect_product(cyclic(4), cyclic(2), {1: range(4)})
    assert trivially.isomorphism(direct_product(cyclic(4), cyclic(2))) is not None
    assert semidirect_product(cyclic(3), cyclic(4), {1: [0, 2, 1]}).isomorphism(dicyclic(3)) is not None
    frobenius = semidirect_product(cyclic(7), cyclic(3), {1: [2 * k % 7 for k in range(7)]})
    assert first_failure(frobenius.table) is None
    assert character_table(frobenius).degrees == (1, 1, 1, 3, 3)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({1: [3 * k % 7 for k in range(7)]}, "do not compose"),
        ({1: [1, 0, 2, 3, 4, 5, 6]}, "no automorphism"),
        ({1: [0, 1, 2]}, "permutation of the 7 elements"),
        ({0: range(7)}, "generate only 1 of 3"),
    ],
)
def test_maps_that_are_no_action_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        semidirect_product(cyclic(7), cyclic(3), images)
    assert issubclass(NotAnAction, ValueError)


def test_wreath_products_have_the_order_and_the_structure_that_they_should():
    assert wreath_product(cyclic(2), symmetric(2)).isomorphism(dihedral(4)) is not None
    assert wreath_product(symmetric(3), symmetric(2)).order == 72
    two = FiniteGroup.from_permutations([[1, 0, 2]])  # two orbits of blocks: one of two, one fixed
    assert wreath_product(cyclic(3), two).order == 27 * 2
    cube = wreath_product(cyclic(2), symmetric(3))
    assert cube.isomorphism(direct_product(symmetric(4), cyclic(2))) is not None  # symmetries of the cube
    with pytest.raises(ValueError, match="permutations on top"):
        wreath_product(cyclic(2), cyclic(2))
    with pytest.raises(GroupTooLarge, match="stops at 200000"):
        wreath_product(symmetric(5), symmetric(3))


def test_psl_2_p_is_simple_for_p_5_and_7_and_psl_2_5_is_a5():
    for p in (5, 7):
        assert len(projective_special_linear(p).normal_subgroups) == 2
    assert projective_special_linear(5).isomorphism(alternating(5)) is not None
    with pytest.raises(ValueError, match="prime"):
        projective_special_linear(9)


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


# -- subgroups, quotients, automorphisms


@given(finite_groups(16), st.data())
def test_cosets_quotients_and_their_projection(group, data):
    x, y = (data.draw(st.integers(0, group.order - 1)) for _ in range(2))
    subgroup = group.subgroup([x, y])
    transversal, _ = left_cosets(group, subgroup)
    assert len(transversal) * len(subgroup) == group.order
    action = coset_action(group, subgroup)
    assert (action[group.table[x, y]] == action[x][action[y]]).all()
    assert sum(map(len, double_cosets(group, subgroup, subgroup))) == group.order
    normal = normal_closure(group, [x])
    assert group.is_normal(normal)
    quotient, projection = group.quotient(normal)
    assert (quotient.table[projection[:, None], projection[None, :]] == projection[group.table]).all()
    assert set(np.flatnonzero(projection == 0)) == set(normal)


@given(finite_groups(16))
def test_normal_subgroups_are_the_subgroups_that_are_normal(group):
    assert group.normal_subgroups == tuple(h for h in group.subgroups if group.is_normal(h))
    assert sum(len(c) for c in group.subgroup_classes) == len(group.subgroups)
    assert group.normal_subgroups == tuple(
        sorted((c[0] for c in group.subgroup_classes if len(c) == 1), key=lambda h: (len(h), h))
    )


def test_a_quotient_by_a_subgroup_that_is_not_normal_or_by_no_subgroup_is_refused():
    s3 = symmetric(3)
    with pytest.raises(NotNormal, match=r"takes .* out of it"):
        s3.quotient(s3.subgroup([1]))
    with pytest.raises(ValueError, match="lies outside"):
        s3.quotient([0, *(k for k in range(6) if s3.orders[k] == 2)])
    with pytest.raises(ValueError, match="identity 0"):
        s3.quotient([1, 2])


@pytest.mark.parametrize(
    ("group", "count"), [(cyclic(12), 4), (dihedral(4), 8), (quaternion(), 24), (symmetric(4), 24), (direct_product(cyclic(2), cyclic(2), cyclic(2)), 168), (heisenberg(3), 432)], ids=repr
)  # fmt: skip
def test_automorphisms_are_as_many_as_is_known_and_respect_products(group, count):
    found = group.automorphisms
    assert len(found) == count
    assert all(
        (images[group.table] == group.table[np.ix_(images, images)]).all() for images in found[:: max(1, count // 12)]
    )
    assert len({tuple(row) for row in found.tolist()}) == count
    assert group.automorphism_group().order == count
    inner = {tuple(group.conjugate(np.arange(group.order), g).tolist()) for g in range(group.order)}
    assert len(inner) * len(group.centre) == group.order
    assert inner <= {tuple(row) for row in found.tolist()}


def test_a_bijection_along_words_that_does_not_respect_products_is_no_isomorphism():
    """a -> r, b -> s from Q8 to D4 is one to one along words, in which b b does not occur; r -> r, s -> s from s r s = r^-1 to s r s = r is not even that."""
    square, commuting, units = dihedral(4), commuting_square(), quaternion()
    gens = list(square.generators)
    words = [(x, parent, k) for x, parent, k in units.walk(gens)]
    along = [0] * 8
    for x, parent, k in words:
        along[x] = int(square.multiply(along[parent], gens[k]))
    assert sorted(along) == list(range(8))
    assert _follow(units, square, gens, gens, words) is None
    assert units.isomorphism(square) is None
    words = [(x, parent, k) for x, parent, k in square.walk(gens)]
    assert _follow(square, commuting, gens, gens, words) is None
    assert _follow(square, square, gens, gens, words).tolist() == list(range(8))
    assert square.isomorphism(commuting) is None


def test_derived_series_end_where_solvability_says():
    assert [len(h) for h in derived_series(symmetric(4))] == [24, 12, 4, 1]
    assert [len(h) for h in derived_series(alternating(5))] == [60]
    assert symmetric(4).is_solvable
    assert not alternating(5).is_solvable


# -- Cayley graphs


@given(finite_groups(16))
def test_cayley_graphs_are_connected_regular_and_moved_to_themselves_by_left_products(group):
    graph = group.cayley_graph()
    degree = len(group.generators)
    assert graph.number_of_nodes() == group.order
    assert all(graph.out_degree(x) == graph.in_degree(x) == degree for x in graph)
    assert networkx.is_strongly_connected(graph)
    edges = {(x, y, d["generator"]) for x, y, d in graph.edges(data=True)}
    a = group.order - 1
    assert {(int(group.multiply(a, x)), int(group.multiply(a, y)), g) for x, y, g in edges} == edges
    moved_right = {(int(group.multiply(x, a)), int(group.multiply(y, a)), g) for x, y, g in edges}
    assert (moved_right == edges) == all(
        int(group.multiply(a, g)) == int(group.multiply(g, a)) for g in group.generators
    )


def test_a_cayley_graph_of_elements_that_do_not_generate_falls_into_cosets():
    group = dihedral(4)
    graph = group.cayley_graph([group.index("r")])
    assert networkx.number_weakly_connected_components(graph) == 2
    assert "layer" not in graph.nodes[group.index("s")]
    with pytest.raises(ValueError, match="identity"):
        group.cayley_graph([0])


@pytest.mark.parametrize("group", [dihedral(4), quaternion(), symmetric(4), cyclic(5), cyclic(1)], ids=repr)
def test_cayley_graphs_are_drawn_with_every_vertex_named(group):
    figure = draw(group.cayley_graph())
    texts = {t.get_text() for t in figure.axes[0].texts}
    assert set(group.names) <= texts


def test_a_graph_too_large_to_draw_is_refused():
    with pytest.raises(ValueError, match="at most 400"):
        draw(symmetric(6).cayley_graph())


# -- character tables


def test_power_maps_names_and_legend_of_a_table_are_readable():
    table = character_table(alternating(5))
    assert table.class_names == ("1a", "2a", "3a", "5a", "5b")
    assert table.power_maps[2] == (0, 0, 2, 4, 3)
    assert table.power_maps[5] == (0, 1, 2, 0, 0)
    assert [str(f) for f in table.fields] == ["Q", "Q(zeta_5)", "Q(zeta_5)", "Q", "Q"]
    assert len(table.legend) == 2
    text = table.text()
    for letter, value in table.legend.items():
        assert f"{letter} = {value}" in text
    assert character_table(quaternion()).types == ("real",) * 4 + ("quaternionic",)
    conjugate = character_table(cyclic(3)).text()
    assert "/A" in conjugate
    assert "o complex" in conjugate


@given(finite_groups(24))
def test_two_runs_print_the_same_table(group):
    again = FiniteGroup(group.table, names=group.names, generators=group.generators)
    assert character_table(group).text() == character_table(again).text()
    assert [part.matrices.tolist() for part in irreps(group)] == [
        part.matrices.tolist() for part in irreps(again)
    ] or group.order > 12


# -- failures as objects


def test_an_invariant_line_whose_orthogonal_complement_moves():
    module, line = slanted_reflection()
    assert module.is_homomorphism
    assert not module.is_unitary
    require_invariant(module, line)
    with pytest.raises(NotInvariant, match="moves it"):
        require_invariant(module, orthogonal_complement(line, ExactArray.eye(2, line.field)))
    require_invariant(module, orthogonal_complement(line, unitarising_form(module)))


@given(st.fractions(), st.fractions())
def test_the_additive_shear_moves_every_complement_of_its_line_unless_t_is_zero(t, m):
    shear = AdditiveShear(t)
    assert hstack_rank(shear.invariant_line, shear.matrix @ shear.invariant_line) == 1
    assert shear.moves(m) == (t != 0)


def hstack_rank(*columns):
    from theory.exact_matrices import hstack

    return hstack(list(columns)).rank()


def test_the_discontinuous_example_is_called_a_statement():
    assert "axiom of choice" in DISCONTINUOUS
    assert "not a check" in DISCONTINUOUS


# -- refusals


def test_a_representation_that_is_no_homomorphism_is_refused_with_the_worst_pair_and_its_size():
    group = cyclic(4)
    matrices = [[[1]], [[zeta(4)]], [[-1]], [[Fraction(5)]]]
    rho = Representation.from_matrices(group, matrices)
    with pytest.raises(NotARepresentation, match=r"worst is .*\(r3, r3\).*squared size .* is 676"):
        decompose(rho)
    assert rho.defect().worst == (3, 3)  # 5 * 5 - (-1) = 26
    assert rho.defect().size == 676
    assert rho.defect().pair == (1, 2)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda: Representation.from_generators(cyclic(4), {2: ExactArray.of([[1]])}), NotARepresentation, "generate only 2 of 4"),
        (lambda: Representation.from_generators(cyclic(2), {1: ExactArray.of([[1, 0]])}), NotARepresentation, "square"),
        (lambda: Representation.from_generators(cyclic(2), {1: ExactArray.of([[1, 1], [1, 1]])}), NotARepresentation, "matrix of r is singular: rank 1 of 2"),
        (lambda: Representation.from_generators(dihedral(3), {1: ExactArray.of([[1]]), 3: ExactArray.of([[1, 0], [0, 1]])}), NotARepresentation, "one size"),
        (lambda: Representation.from_matrices(cyclic(2), [[[1]], [[float("nan")]]]), ValueError, "exact entry"),
        (lambda: FiniteGroup.from_matrices([ExactArray.of([[1, 2], [2, 4]])]), ZeroDivisionError, "rank 1 of 2"),
        (lambda: FiniteGroup.from_matrices([ExactArray.of([[1]]), ExactArray.of([[1, 0], [0, 1]])]), ValueError, "one size"),
        (lambda: decompose(regular_representation(cyclic(3), PrimeField(3))), ValueError, "split_completely"),
        (lambda: symmetric(8).table, GroupTooLarge, r"at most 4096\). Use .elements and .multiply"),
        (lambda: FiniteGroup.from_permutations([[*range(1, 9), 0], [1, 0, *range(2, 9)]]), GroupTooLarge, "200000 elements.*PermutationGroup"),
        (lambda: direct_product(*[cyclic(2)] * 13), GroupTooLarge, "tables stop at 4096"),
        (lambda: heisenberg(17), GroupTooLarge, "4913 elements"),
        (lambda: induce(symmetric(3), [0, 1, 2], regular_representation(cyclic(3))), ValueError, "lies outside"),
        (lambda: induce(symmetric(3), symmetric(3).subgroup([1]), regular_representation(cyclic(3))), NotARepresentation, "order 2"),
        (lambda: symmetric(3).restricted([0, 1, 2]), ValueError, "lies outside"),
        (lambda: regular_representation(cyclic(3)).schur_type, ValueError, "character norm 3"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_what_to_do(attempt, error, message):
    with pytest.raises(error, match=message):
        attempt()


def test_a_latin_table_that_is_not_associative_is_refused_with_its_first_failing_triple():
    table = np.array(
        [[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [2, 4, 0, 1, 3], [3, 2, 4, 0, 1], [4, 3, 1, 2, 0]]
    )  # a loop of order 5
    assert latin_failure(table) is None
    x, g, y = light_test(table)
    with pytest.raises(ValueError, match=rf"\({x} \* {g}\) \* {y} = "):
        FiniteGroup.from_cayley_table(table)


def test_one_large_number_scales_a_matrix():
    """A single entry beyond 64 bits was once taken for an array."""
    matrix = ExactArray.of([[1, zeta(3)]]) * Fraction(10**40, 7)
    assert matrix.entry(0, 1) == zeta(3) * Fraction(10**40, 7)
    assert (matrix * (zeta(3) * 10**30)).entry(0, 0) == zeta(3) * Fraction(10**70, 7)


@pytest.mark.parametrize(
    "table",
    [
        [[0, 1.5], [1, 0]],
        [[0.0, 1.0], [1.0, 0.0]],
        [["e", "a"], ["a", "e"]],
        [[0, 1], [1]],
        [[True]],
        [[float("nan")]],
        [[None]],
    ],
)
def test_a_table_that_is_not_of_integers_is_refused_and_never_rounded(table):
    with pytest.raises(ValueError, match="Expected a table of integers"):
        FiniteGroup.from_cayley_table(table)


def test_permutations_come_as_arrays_too_and_never_as_floats():
    assert FiniteGroup.from_permutations(regular_images(cyclic(3))).order == 3
    assert wreath_product(cyclic(2), FiniteGroup.from_permutations(regular_images(cyclic(3)))).order == 24
    with pytest.raises(ValueError, match="generator 0 as a list of integers"):
        FiniteGroup.from_permutations([[0.0, 1.0]])
    with pytest.raises(ValueError, match="a list of permutations, each a list of images"):
        FiniteGroup.from_permutations([1, 2, 0])
    with pytest.raises(ValueError, match="at least one permutation"):
        FiniteGroup.from_permutations(np.empty((0, 3), dtype=int))
