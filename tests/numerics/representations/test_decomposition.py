"""Numeric decomposition: known groups split as they must, whatever the basis; what the precision does not carry is left undecided."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.averaging import permutation_matrices
from numerics.representations.certificates import equation_residual
from numerics.representations.decomposition import decompose
from numerics.representations.irreps import assemble
from numerics.representations.regular_action import discover
from numerics.streams import Stream

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
QUATERNION = torch.tensor([[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]])
S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
TURN3 = torch.tensor([[1, 2, 0]])
GROUPS = {"D4": SQUARE, "S4": S4, "Q8": QUATERNION, "C3": TURN3}
OVER_C = {
    "D4": [(1, 1)] * 4 + [(2, 2)],
    "S4": [(1, 1)] * 2 + [(2, 2)] + [(3, 3)] * 2,
    "Q8": [(1, 1)] * 4 + [(2, 2)],
    "C3": [(1, 1)] * 3,
}
OVER_R = {"D4": OVER_C["D4"], "S4": OVER_C["S4"], "Q8": [(1, 1)] * 4 + [(4, 1)], "C3": [(1, 1), (2, 1)]}
seeds = st.integers(0, 2**32)


def regular_of(name):
    action = discover(permutation_matrices(GROUPS[name]).to(torch.float64), Stream(0))
    return action, permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)


def pieces(found):
    return sorted((i.dimension, i.multiplicity) for i in found.irreps)


@given(st.sampled_from(sorted(GROUPS)), st.sampled_from(["complex", "real"]), st.booleans(), seeds)
@settings(max_examples=40)
def test_regular_representations_split_by_their_degrees_in_any_basis(name, field, orthogonal, seed):
    _, R = regular_of(name)
    S = Stream(seed).normal(*R.shape[1:])
    S = torch.linalg.qr(S).Q if orthogonal else S + 3 * torch.eye(len(S), dtype=S.dtype)
    moved = S @ R @ torch.linalg.inv(S)
    found = decompose(moved, Stream(seed + 1), field=field, accuracy=1e-12 * float(torch.linalg.cond(S)))
    assert found.decided, found.why
    assert pieces(found) == sorted((OVER_C if field == "complex" else OVER_R)[name])
    inverse = torch.linalg.inv(found.basis)
    assert equation_residual(moved, found.basis, inverse, found.blocks()) <= 10 * found.certificate.residual
    spread = torch.linalg.matrix_norm(inverse @ moved.to(found.basis) @ found.basis - found.blocks())
    assert float(spread.max()) <= 2 * found.certificate.residual


def test_types_are_told_from_commutants_and_indicators():
    kinds = {
        name: {
            field: sorted(i.kind for i in decompose(regular_of(name)[1], Stream(1), field=field).irreps)
            for field in ("complex", "real")
        }
        for name in GROUPS
    }
    assert kinds["Q8"] == {"complex": ["quaternionic"] + ["real"] * 4, "real": ["quaternionic"] + ["real"] * 4}
    assert kinds["C3"] == {"complex": ["complex", "complex", "real"], "real": ["complex", "real"]}
    assert set(kinds["S4"]["complex"]) == {"real"}


@given(st.lists(st.integers(0, 6), min_size=5, max_size=5).filter(lambda m: sum(m) > 0), seeds)
@settings(max_examples=20)
def test_multiplicities_come_back(multiplicities, seed):
    action, R = regular_of("D4")
    irreps = [i.matrices for i in decompose(R, Stream(0), action=action).irreps]
    used = [(r, m) for r, m in zip(irreps, multiplicities, strict=True) if m]
    whole = assemble([r for r, _ in used], [m for _, m in used])
    Q = torch.linalg.qr(Stream(seed).normal(*whole.shape[1:])).Q
    found = decompose(Q @ whole @ Q.mT, Stream(seed), action=action)
    assert found.decided, found.why
    assert pieces(found) == sorted((r.shape[-1], m) for r, m in used)


def test_complex_input_and_single_precision():
    _, R = regular_of("Q8")
    assert pieces(decompose(R.to(torch.complex128), Stream(0))) == OVER_C["Q8"]
    single = decompose(R.to(torch.float32), Stream(0))
    assert single.decided
    assert single.basis.dtype == torch.complex64


def test_a_gap_below_the_precision_is_left_undecided():
    """Forty copies of one irrep in float32: eigenvalues crowd below their errors."""
    action, R = regular_of("S4")
    irreps = [i.matrices for i in decompose(R, Stream(0), action=action).irreps]
    whole = assemble(irreps, [40] * len(irreps))
    Q = torch.linalg.qr(Stream(1).normal(*whole.shape[1:])).Q
    found = decompose((Q @ whole @ Q.mT).to(torch.float32), Stream(2), action=action)
    assert not found.decided
    assert "reducible, but the eigenvalues that would split it lie closer than their errors" in found.why
    assert f"known to |E| = {found.uncertain:.1e}" in found.why
    assert decompose(Q @ whole @ Q.mT, Stream(2), action=action).decided


def turned_by(seed, size, count, by):
    """Orthogonal matrices within about ``by`` of the unit."""
    A = Stream(seed).normal(count, size, size)
    A = A - A.mT
    return torch.linalg.matrix_exp(by * A / torch.linalg.matrix_norm(A, ord=2)[:, None, None])


def angle_to_true_pieces(found, action, exact):
    """The largest sine of the angle between a piece and the nearest isotypic space of the exact representation, by its central projectors."""
    whole = [torch.eye(exact.shape[-1], dtype=torch.complex128)] * action.order
    for x in range(1, action.order):
        whole[x] = exact[int(action.letter[x])].to(torch.complex128) @ whole[int(action.parent[x])]
    rows = torch.stack(
        [
            i.character
            for i in decompose(
                torch.as_tensor(permutation_matrices(torch.as_tensor(action.images))).to(torch.float64),
                Stream(0),
                action=action,
            ).irreps
        ]
    )
    rows = rows[:, torch.as_tensor(action.class_of)].to(torch.complex128)
    projectors = [
        row[0].real / action.order * torch.einsum("g,gij->ij", row.conj(), torch.stack(whole)) for row in rows
    ]
    worst, at = 0.0, 0
    for irrep in found.irreps:
        for _ in range(irrep.multiplicity):
            V = torch.linalg.qr(found.basis[:, at : at + irrep.dimension].to(torch.complex128)).Q
            at += irrep.dimension
            worst = max(worst, min(float(torch.linalg.matrix_norm(V - P @ V, ord=2)) for P in projectors))
    return worst


@given(
    st.sampled_from(sorted(GROUPS)), st.integers(1, 3), st.floats(-9, -2), st.sampled_from(["complex", "real"]), seeds
)
@settings(max_examples=30)
def test_pieces_of_disturbed_matrices_stay_within_the_angle_stated(name, copies, exponent, field, seed):
    """The exact matrices are permutations, so that their isotypic spaces are known from class sums; the disturbance may be up to 1e-2."""
    action, R = regular_of(name)
    exact = assemble([R], [copies])
    found = decompose(
        exact @ turned_by(seed, exact.shape[-1], len(exact), 10.0**exponent), Stream(seed), action=action, field=field
    )
    if field == "complex" or name in ("D4", "S4"):  # elsewhere real pieces are sums of two isotypic spaces over C
        assert angle_to_true_pieces(found, action, exact) <= found.sine_bound or not found.decided
    assert found.sine_bound <= 1


def test_the_angle_is_that_of_complex_pieces_too_and_not_much_larger_than_needed():
    """Real matrices whose pieces over C appear at the second stage only; a bound of nothing, or of less than the measured angle, is refuted."""
    action, R = regular_of("C3")
    disturbed = R @ turned_by(1, 3, 1, 1e-4)
    found = decompose(disturbed, Stream(0), action=action)
    angle = angle_to_true_pieces(found, action, R)
    assert found.decided
    assert 1e-6 < angle <= found.sine_bound < 50 * angle
    assert decompose(R, Stream(0), action=action).sine_bound < 1e-12
    c, s = -0.5, 0.75**0.5
    plane = decompose(torch.tensor([[[c, -s], [s, c]]], dtype=torch.float64), Stream(0))
    assert pieces(plane) == [(1, 1), (1, 1)]
    assert math.isfinite(plane.gap)
    assert 0 < plane.sine_bound < 1e-12


def test_characters_too_uncertain_to_be_integers_are_left_undecided():
    """Irreps of degree 3 that multiply well enough to pass for almost representations, and leave <chi, chi> open by more than a quarter."""
    action, _ = regular_of("S4")
    exact = permutation_matrices(S4).to(torch.float64)
    found = [decompose(exact @ turned_by(3, 4, 2, 2e-5 * 1.2**k), Stream(0), action=action) for k in range(16)]
    assert found[0].decided
    open_sums = [f for f in found if f.certificate.integrality >= 0.25 and f.certificate.multiplication < 0.01]
    assert open_sums
    assert not any(f.decided for f in open_sums)
    assert all("integers only to within" in f.why for f in open_sums)


def test_without_a_group_no_angle_is_claimed():
    _, R = regular_of("Q8")
    assert math.isnan(decompose(R, Stream(1), limit=5).sine_bound)


def test_without_a_group_random_products_do_and_equations_certify():
    _, R = regular_of("Q8")
    for field, expected in (("complex", OVER_C["Q8"]), ("real", OVER_R["Q8"])):
        found = decompose(R, Stream(1), field=field, limit=5)
        assert found.order is None
        assert found.decided, found.why
        assert pieces(found) == expected


def test_irreducible_matrices_of_an_infinite_group_stay_whole():
    U = torch.linalg.qr(torch.complex(Stream(1).normal(2, 6, 6), Stream(2).normal(2, 6, 6))).Q
    found = decompose(U, Stream(1), limit=300)
    assert found.decided
    assert pieces(found) == [(6, 1)]


def test_a_shear_is_never_certified():
    """It lies as near to diagonal matrices as one likes, in a basis that is stretched enough: the condition has to enter."""
    found = decompose(torch.tensor([[[1.0, 1.0], [0.0, 1.0]]], dtype=torch.float64), Stream(0), limit=200)
    assert not found.decided
    assert "condition" in found.why


def test_matrices_that_do_not_fit_the_group_given_are_not_certified():
    action, _ = regular_of("D4")
    _, other = regular_of("Q8")
    found = decompose(other, Stream(0), action=action)
    assert not found.decided


@pytest.mark.parametrize(
    ("matrices", "complaint"),
    [
        (torch.zeros(2, 2, 3), "shape"), (torch.zeros(0, 2, 2), "shape"), (torch.full((1, 2, 2), torch.nan), "finite"), (torch.zeros(1, 2, 2, dtype=torch.float16), "half"),
        (torch.zeros(1, 2, 2, dtype=torch.int64), "float64"), (torch.zeros(1, 2, 2, dtype=torch.float64), "singular"), (torch.zeros(1, 2049, 2049), "2048"),
    ],
)  # fmt: skip
def test_bad_matrices_are_named(matrices, complaint):
    with pytest.raises(ValueError, match=complaint):
        decompose(matrices, Stream(0))


def test_real_pieces_of_complex_matrices_are_refused():
    with pytest.raises(ValueError, match="real"):
        decompose(torch.eye(2, dtype=torch.complex128)[None], Stream(0), field="real")


def conjugated_by_condition(exponent):
    action, R = regular_of("S4")
    U, V = (torch.linalg.qr(Stream(k).normal(24, 24)).Q for k in (1, 2))
    S = U @ torch.diag(torch.logspace(0, exponent, 24, dtype=torch.float64)) @ V
    return action, S @ R @ torch.linalg.inv(S)


@pytest.mark.parametrize("exponent", range(2, 13))
def test_a_badly_conditioned_basis_is_undecided_with_a_next_step_and_raises_nothing(exponent):
    action, R = conjugated_by_condition(exponent)
    for known in (None, action):
        found = decompose(R, Stream(3), action=known, limit=100)
        assert found.decided or "Pass " in found.why
        assert ("action=" in found.why) == (known is None and not found.decided)
        if found.decided:
            assert pieces(found) == OVER_C["S4"]
    assert found.decided == (exponent < 7)
    if exponent > 6:
        assert not found.has_form
        assert found.order == 24
        assert pieces(found) == [(24, 1)]
        assert float(torch.linalg.matrix_norm(R @ found.basis - found.basis @ found.blocks()).max()) == 0
        assert "UNDECIDED" in found.text()


def test_matrices_that_generate_no_bounded_group_are_undecided_not_an_error():
    found = decompose(2 * torch.eye(2, dtype=torch.float64)[None], Stream(0), limit=50)
    assert not found.decided
    assert "determinant of matrix 0 has modulus 4" in found.why
    grows = decompose(torch.diag(torch.tensor([2.0, 0.5], dtype=torch.float64))[None], Stream(0), limit=50)
    assert not grows.decided
    assert "not bounded" in grows.why


def test_the_certificate_without_a_group_speaks_of_nearby_matrices():
    """A shear by 1e-9 splits as little as one by 1; within 1e-8 of it the unit matrix does."""
    found = decompose(torch.tensor([[[1.0, 1e-9], [0.0, 1.0]]], dtype=torch.float64), Stream(0), limit=200)
    assert found.order is None
    assert "certified: matrices within" in found.text()
    assert "whether those given do is not decided" in found.text()
    assert found.certificate.terms["distance to matrices that split"] < 1e-7


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_device_of_the_input_is_kept():
    _, R = regular_of("S4")
    found = decompose(R.cuda(), Stream(0, device="cuda"))
    assert found.decided
    assert found.basis.is_cuda
    assert pieces(found) == sorted(OVER_C["S4"])
