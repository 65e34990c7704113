"""What carries a numeric decomposition: residuals measured after the fact, and integers
read off characters.

Nothing here asks how the decomposition was found. Three facts are measured: T^-1 R(g) T
is within rho of B(g) = (+)_k (1 (x) rho_k(g)) on the generators; rho_k multiplies like
the group along every edge of the Cayley graph, up to eta; sums over characters are
integers to within a bound below 1/4. If so, an exact representation of the group has
these irreps: unitary matrices that multiply correctly up to delta < 1/100 are within 2
delta of an exact representation, and representations that differ by less than 1 at
every element, one of them unitary, are equivalent, for the mean of R(g) B(g)* is then
invertible and intertwines them.

*Almost representations* (theorems of this kind: Kazhdan 1982, for amenable groups; here
a proof for finite ones, with its constant). Let W(x) be unitary with
|W(x) W(y) - W(xy)| <= delta < 1/2 for all x, y. J v = (W(y)* v)_y / sqrt n embeds V isometrically into L2(G, V), where G acts by translation, lambda(x), and
|lambda(x) J - J W(x)| <= delta. So P = J J* and lambda(x) P lambda(x)*, of equal rank, are within delta; so is the mean A of the latter, which commutes with
lambda. Its eigenvalues lie in [0, delta] and [1 - delta, 1]; let Q project onto the
upper ones, of which there are dim V. X = (1 - Q) P satisfies X - A X = (1 - Q)(P - A)
P, so |X| <= s = delta / (1 - delta). Let U be the unitary part of Q J : V -> Q L2. Then
pi(x) = U* lambda(x) U is a representation, U* J = sqrt(J* Q J) lies between sqrt(1 -
s^2) and 1, and pi - W = U* (lambda J - J W) + pi K - K W with K = 1 - U* J gives

    |pi(x) - W(x)| <= delta + 2 (1 - sqrt(1 - s^2)), which is below 1.02 delta for delta <= 1/100,

and no representation is nearer than delta / 3 everywhere, for |W(x) W(y) - W(xy)| <= 3
sup |pi - W|.

*Angles* (the argument of Davis and Kahan 1970, with the projector onto a piece as the
element of the commutant, whose gap is one). Let R0 be a representation with |T^-1 R0(g)
T - B(g)| <= r on the generators, and P the orthogonal projector onto the columns of one
piece, in coordinates in which T = 1. P commutes with B, so |R0(g) P - P R0(g)| <= 2 r.
With |R0(x)| <= kappa at every x, the mean M of R0(x) P R0(x)^-1 differs from P by at
most eta = 2 r kappa^3 times the mean length of a word, and commutes with R0. If eta <
1/4, the spectral projector Q of M inside the circle of radius 1/2 about 1 has the rank
of P, and
|Q - P| <= 2 eta / (1 - 2 eta), by the difference of the resolvents on that circle. So the sine of the angle between the piece and the image of Q, which R0 keeps,
is at most that.

*From edges to all pairs.* Let V(x) be products of generators' matrices M_j along words,
all within nu of their unitary parts W(x), U_j (|V - W| <= |V* V - 1|), and
|M_j V(x) - V(g_j x)| <= w. Then U_j W(x) is within e = w + 4 nu of W(g_j x), and by induction |W(y) W(x) - W(yx)| <= 2 k e for a word y of k letters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from numerics.representations.commutant import Mean, hermitian_noise
from numerics.representations.irreps import Certificate, Irrep, assemble
from numerics.representations.regular_action import RegularAction
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

ALMOST = 0.01  # largest defect at which almost representations are taken for representations
INTEGER = 0.25  # a number that is an integer in theory has to be known this well
MAX_ENTRIES = 10**8  # of all matrices of all irreps of one degree, at all elements
NEAR = 1e-3  # without a group: how near to the given ones matrices that split exactly have to be
MAX_LINEAR = 24  # largest degree at which commutants are found by linear equations, without a group


def equation_residual(generators: Tensor, basis: Tensor, inverse: Tensor, blocks: Tensor) -> float:
    """A bound on max over g of |T^-1 R(g) T - B(g)|_F, by multiplication alone: |X F| /
    (1 - |X T - 1|) with F = R T - T B and X near T^-1.

    Where X = T*, |X|_2^2 <= 1 + |X T - 1| takes the place of the product X F. Rounding
    of each product is bounded by gamma_d times the Frobenius norms of its factors
    (Higham 2002, 3.6).

    Args:
        generators: R, shape ``(k, d, d)``. basis, inverse: T and X, shape ``(d, d)``.
            blocks: B, shape ``(k, d, d)``.

    >>> swap, eye = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double(), torch.eye(2).double()
    >>> equation_residual(swap, eye, eye, swap) < 1e-14
    True
    """
    d = basis.shape[-1]
    T, X = basis, inverse
    R = generators.to(T.dtype)
    g = gamma(d + 2, T)
    worst, size_T, size_X = 0.0, frobenius(T), frobenius(X)
    leak = frobenius(X @ T - torch.eye(d, dtype=T.dtype, device=T.device)) + g * size_X * size_T
    adjoint = torch.equal(X, T.mH)
    for j in range(len(R)):
        F = R[j] @ T - T @ blocks[j]
        lost = g * size_T * (frobenius(R[j]) + frobenius(blocks[j]))
        here = (
            math.sqrt(1 + leak) * (frobenius(F) + lost)
            if adjoint
            else frobenius(X @ F) + size_X * (lost + g * frobenius(F))
        )
        worst = max(worst, here)
    return worst / (1 - leak) if leak < 0.5 else math.inf


def characters(blocks: Tensor, action: RegularAction) -> Tensor:
    """Traces at one element of each class, shape ``(p, classes)``, from blocks on the
    generators, ``(k, p, b, b)``.

    >>> import numpy as np
    >>> flip = RegularAction.from_images(np.array([[1, 0]]))
    >>> characters(-torch.ones(1, 1, 1, 1), flip)  # the sign of Z/2
    tensor([[ 1., -1.]])
    """
    mean = Mean(blocks, action, Stream(0))
    return torch.stack([mean.element(int(x)).diagonal(dim1=-2, dim2=-1).sum(-1) for x in action.representatives], 1)


def character_norms(values: Tensor, action: RegularAction) -> tuple[Tensor, Tensor]:
    """(1/n) sum |chi|^2 and Re (1/n) sum chi(g^2) for rows of class values.

    Args:
        values: Characters at one element of each class, shape ``(p, classes)``.

    >>> import numpy as np
    >>> character_norms(torch.tensor([[1.0, -1.0]]), RegularAction.from_images(np.array([[1, 0]])))
    (tensor([1.]), tensor([1.]))
    """
    weight = torch.as_tensor(action.class_sizes / action.order, device=values.device, dtype=values.real.dtype)
    squares = torch.as_tensor(action.square_classes, device=values.device)
    return values.abs().square() @ weight, values[:, squares].real @ weight


def second_sample_spread(blocks: Tensor, stream: Stream) -> Tensor:
    """Spread of the eigenvalues of a random commutant element of each block, shape
    ``(p,)``: rounding alone if the block is irreducible.

    Args:
        blocks: On the generators, shape ``(k, p, b, b)``.

    >>> second_sample_spread(torch.ones(1, 1, 1, 1).double(), Stream(1))
    tensor([0.], dtype=torch.float64)
    """
    C = Mean(blocks, None, stream)(hermitian_noise(stream, blocks, blocks.shape[1]))
    values = torch.linalg.eigvalsh((C + C.mH) / 2)
    return values[:, -1] - values[:, 0]


def certify(
    generators: Tensor, basis: Tensor, inverse: Tensor, irreps: list[Irrep], *, action: RegularAction | None, over: str
) -> tuple[Certificate, tuple[Irrep, ...]]:
    """Measure the facts; fill in characters and kinds.

    Args:
        generators: R, shape ``(k, d, d)``. basis, inverse: T and its inverse, shape
            ``(d, d)``. irreps: In the order of T's columns.
        action: The group, or None where it is not known. over: "complex" or "real".

    >>> import numpy as np
    >>> swap, unit = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double(), torch.ones(1, 1, 1).double()
    >>> basis = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double() / 2**0.5
    >>> irreps = [Irrep(1, 1, sign * unit, "unknown", None) for sign in (1, -1)]
    >>> flip = RegularAction.from_images(np.array([[1, 0]]))
    >>> certify(swap, basis, basis, irreps, action=flip, over="complex")[0].decided
    True
    """
    blocks = assemble([i.matrices.to(basis) for i in irreps], [i.multiplicity for i in irreps])
    residual = equation_residual(generators, basis, inverse, blocks)
    if action is None:
        return _by_equations(residual, frobenius(basis) * frobenius(inverse), irreps, over)
    facts = irreps_facts(irreps, action, over)
    return conclude(residual, facts, action), facts.irreps


@dataclass(frozen=True)
class Facts:
    """What is known of a list of irreps of a group: their defect, how near to integers
    their character sums are, what is wrong, and the measured defect along edges."""

    irreps: tuple[Irrep, ...]
    delta: float
    integrality: float
    complaint: str
    edge: float = math.nan


def irreps_facts(irreps: list[Irrep], action: RegularAction, over: str) -> Facts:
    """Multiply irreps along every edge, and read integers off their characters; fills
    in kinds and characters."""
    delta, measured, tables = 0.0, 0.0, {}
    for b in sorted({i.dimension for i in irreps}):
        stacked = torch.stack([i.matrices for i in irreps if i.dimension == b], 1)
        entries = action.order * stacked.shape[1] * b * b
        if entries > MAX_ENTRIES:
            why = f"checking the irreps of degree {b} at all {action.order} elements takes {entries:.1e} entries, more than {MAX_ENTRIES:.0e}."
            return Facts(tuple(irreps), math.nan, math.nan, why)
        edge, values, seen = _along_edges(stacked, action)
        delta, tables[b] = max(delta, max(1.0, float(action.depth.max())) * edge), values
        measured = max(measured, seen)
    filled, integrality, complaint = _integers(irreps, tables, action, delta, over)
    return Facts(filled, delta, integrality, complaint, measured)


def conclude(residual: float, facts: Facts, action: RegularAction) -> Certificate:
    """Put the residual of one representation together with what is known of its
    irreps."""
    depth = float(action.depth.max())
    drift = depth * residual
    terms = {
        "residual on the generators": residual,
        "longest word": depth,
        "defect of the irreps": facts.delta,
        "distance from integers": facts.integrality,
        "distance at every element": (drift * math.exp(drift) if drift < 1 else math.inf) + 2 * facts.delta,
    }
    why, decided = _verdict(terms, facts, action)
    return Certificate(residual, facts.delta, facts.integrality, decided, why, terms)


def angle_of_pieces(found: Certificate, action: RegularAction | None, input_error: float) -> float:
    """Bound on the sine of the angle between each piece and a subspace that the true
    representation keeps (see the top of the module).

    Args:
        found: Of matrices R with T and its blocks.
        action: The group; without one nothing bounds the words, and the answer is NaN.
        input_error: Bound on |T^-1 (R(g) - R0(g)) T|, R0 the true representation.

    Returns:
        At most 1; in the inner product in which the columns of T are orthonormal.

    >>> import numpy as np
    >>> exact = Certificate(0.0, 0.0, 0.0, True, "", {})
    >>> angle_of_pieces(exact, RegularAction.from_images(np.array([[1, 0]])), 0.0)
    0.0
    """
    if action is None or math.isnan(found.multiplication):
        return math.nan
    r = found.residual + input_error
    apart = float(action.depth.max()) * (r + 1.02 * found.multiplication)
    if not (r < 0.25 and apart < 1 and found.multiplication < ALMOST):
        return 1.0
    kappa = 1 + apart * math.exp(apart)
    eta = 2 * r * kappa**3 * action.mean_depth
    return min(1.0, 2 * eta / (1 - 2 * eta)) if eta < 0.25 else 1.0


def _verdict(terms: dict[str, float], facts: Facts, action: RegularAction) -> tuple[str, bool]:
    residual, delta, apart, depth = (
        terms[name]
        for name in ("residual on the generators", "defect of the irreps", "distance at every element", "longest word")
    )
    if not residual < 0.5:
        return (
            f"R(g) T = T B(g) misses by {residual:.1e} on a generator: these matrices do not split so at this precision.",
            False,
        )
    complaint = facts.complaint
    if math.isnan(delta) or (complaint and facts.edge < ALMOST):
        return complaint, False
    if not delta < ALMOST:
        return (
            f"the irreps found multiply like the group only up to {delta:.1e} (needed: {ALMOST}): the matrices are no representation of it at this precision.",
            False,
        )
    if complaint:
        return complaint, False
    if not apart < 0.5:
        return (
            f"a residual of {residual:.1e} may grow to {apart:.1e} along words of {depth:.0f} letters, too much to tell representations apart: use float64, or shorter words.",
            False,
        )
    edges = action.images.size
    return (
        f"R(g) T = T B(g) within {residual:.1e}; {edges} edges of a group of order {action.order} within {delta:.1e}; character sums are integers.",
        True,
    )


def _along_edges(matrices: Tensor, action: RegularAction) -> tuple[float, Tensor, float]:
    """2 e, the defect for each letter of a word (see the top of the module), with
    rounding; the characters at the class representatives; the defect as measured."""
    k, p, b, _ = matrices.shape
    whole = torch.empty(action.order, p, b, b, dtype=matrices.dtype, device=matrices.device)
    whole[0] = torch.eye(b, dtype=matrices.dtype, device=matrices.device)
    index = {
        name: torch.as_tensor(getattr(action, name), device=matrices.device) for name in ("images", "letter", "parent")
    }
    for level in action._levels:
        here = torch.as_tensor(level, device=matrices.device)
        whole[here] = matrices[index["letter"][here]] @ whole[index["parent"][here]]
    worst = 0.0
    for j in range(k):
        worst = max(worst, frobenius(matrices[j] @ whole - whole[index["images"][j]]))
    eye = torch.eye(b, dtype=matrices.dtype, device=matrices.device)
    not_unitary = max(frobenius(matrices.mH @ matrices - eye), frobenius(whole.mH @ whole - eye))
    traces = whole[torch.as_tensor(action.representatives, device=matrices.device)].diagonal(dim1=-2, dim2=-1).sum(-1)
    rounding = gamma(b + 2, matrices) * b  # of each product, as its factors have norm sqrt b
    return 2 * (worst + 4 * not_unitary) + 12 * rounding, traces.mT, worst


def _integers(
    irreps: list[Irrep], tables: dict[int, Tensor], action: RegularAction, delta: float, over: str
) -> tuple[tuple[Irrep, ...], float, str]:
    """Norms, products and indicators of the characters, each an integer known to within
    2 b e + e^2, e = 2 b delta + rounding of a trace."""
    weight = torch.as_tensor(action.class_sizes / action.order, device=next(iter(tables.values())).device)
    filled: dict[int, Irrep] = {}
    worst, complaint = 0.0, ""
    for b, values in tables.items():
        mine = [k for k, i in enumerate(irreps) if i.dimension == b]
        e = b * (2 * delta + 4 * torch.finfo(values.dtype).eps)
        slack = 2 * b * e + e * e
        weighted = values.to(torch.complex128) * weight
        gram = weighted @ values.to(torch.complex128).mH
        square, indicator = character_norms(values, action)
        off = gram.abs().clone()
        off.fill_diagonal_(0)
        rounded = square.round()
        distances = ((square - rounded).abs().max() + slack, (indicator - indicator.round()).abs().max() + e)
        worst = max(worst, *(float(x) for x in distances), float(off.max()) + slack)
        if float(off.max()) >= 0.5:
            complaint = f"two pieces of degree {b} taken for different irreps have inner product {float(off.max()):.3g}: copies were not recognised at this precision."
        for row, k in enumerate(mine):
            kind = _kind(int(rounded[row]), int(indicator[row].round()), over)
            if kind == "reducible":
                complaint = (
                    f"a piece of degree {b} has a character of norm {float(square[row]):.3g}: it is reducible, but the eigenvalues that would split it lie closer "
                    "than their errors at this precision. Use float64, or a better conditioned basis."
                )
            filled[k] = replace(irreps[k], kind=kind, character=values[row])
    if worst >= INTEGER:
        complaint = (
            complaint
            or f"sums over characters are integers only to within {worst:.2g}: this precision does not carry the decomposition."
        )
    return tuple(filled[k] for k in range(len(irreps))), worst, complaint


def _kind(square: int, indicator: int, over: str) -> str:
    """Over C norm 1 and the indicator; over R (norm, indicator) is (1, 1), (2, 0) or
    (4, -2)."""
    if over == "complex":
        return {1: "real", 0: "complex", -1: "quaternionic"}.get(indicator, "reducible") if square == 1 else "reducible"
    return {(1, 1): "real", (2, 0): "complex", (4, -2): "quaternionic"}.get((square, indicator), "reducible")


# -- without a group -----------------------------------------------------------------------------------------------------


def _by_equations(
    residual: float, condition: float, irreps: list[Irrep], over: str
) -> tuple[Certificate, tuple[Irrep, ...]]:
    """Irreducible and different by linear equations: the singular values of X -> A_g X
    - X B_g, one or none of them zero.

    The certificate is about matrices near those given, which split exactly so: they are
    T B(g) T^-1, at a distance of at most ``residual`` times the condition of T.
    (Without that factor a shear would pass for the unit matrix in a basis that is
    stretched enough.)
    """
    away = residual * condition
    terms = {"residual on the generators": residual, "distance to matrices that split": away}
    if not away < NEAR:
        why = f"the group was not found, and the nearest matrices that split so may be {away:.1e} away (needed: {NEAR}): perhaps the group is not bounded, or T (condition {condition:.1e}) too badly conditioned. Pass the group (action=) if you know it, how far the matrices may be from exact ones (accuracy=), or a better conditioned basis."
        return Certificate(residual, math.nan, math.nan, False, why, terms), tuple(irreps)
    filled, margin = list(irreps), math.inf
    for k, a in enumerate(irreps):
        if a.dimension > MAX_LINEAR:
            why = f"The group was not found, and a piece of degree {a.dimension} is too large (over {MAX_LINEAR}) to solve for its commutant. Pass the group, or a larger limit=."
            return Certificate(residual, math.nan, math.nan, False, why, terms), tuple(irreps)
        dimension, clear = _solutions(a.matrices, a.matrices)
        margin = min(margin, clear)
        filled[k] = replace(
            a,
            kind={1: "real", 2: "complex", 4: "quaternionic"}.get(dimension, "reducible")
            if over == "real"
            else "unknown",
        )
        if dimension != 1 and (over == "complex" or dimension not in (2, 4)):
            return Certificate(
                residual,
                math.nan,
                math.nan,
                False,
                f"a piece of degree {a.dimension} has a commutant of dimension {dimension}: it is reducible.",
                terms,
            ), tuple(filled)
        for b in irreps[:k]:
            if a.dimension == b.dimension:
                dimension, clear = _solutions(a.matrices, b.matrices)
                margin = min(margin, clear)
                if dimension:
                    why = f"two pieces of degree {a.dimension} taken for different irreps are intertwined at this precision."
                    return Certificate(residual, math.nan, math.nan, False, why, terms), tuple(filled)
    terms["least nonzero singular value"] = margin
    needed = 2 * residual  # a change of the generators by r moves singular values of X -> A X - X B by at most 2 r
    decided = margin > 8 * needed
    why = (
        f"matrices within {away:.1e} of those given split exactly so (whether those given do is not decided: the group was not found); R(g) T = T B(g) within {residual:.1e} on the "
        f"generators; commutants by linear equations, least nonzero singular value {margin:.1e}"
    )
    return Certificate(
        residual, math.nan, math.nan, decided, why if decided else why + "; too close to zero to be sure.", terms
    ), tuple(filled)


def _solutions(A: Tensor, B: Tensor) -> tuple[int, float]:
    """Dimension of {X : A_g X = X B_g}, and the least singular value that is not zero
    at this precision."""
    a, b = A.shape[-1], B.shape[-1]
    eye_a, eye_b = (torch.eye(n, dtype=A.dtype, device=A.device) for n in (a, b))
    rows = torch.cat(
        [torch.kron(A[j].contiguous(), eye_b) - torch.kron(eye_a, B[j].mT.contiguous()) for j in range(len(A))]
    )
    values = torch.linalg.svdvals(rows).cpu().numpy()
    zero = 8 * rows.shape[0] * np.finfo(values.dtype).eps * max(float(values[0]), 1.0)
    alive = values[values > zero]
    return int(len(values) - len(alive)), float(alive[-1]) if len(alive) else math.inf
