"""Decomposition of a numeric representation into irreducible ones, from generators,
with a certificate that replays by multiplication.

The route: find the group in the orbit of a random vector (or be told it); an invariant
form H = mean R R* = L L* makes U = L^-1 R L unitary; a random Hermitian element of the
commutant is diagonalised, and its eigenspaces are almost surely irreducible,
multiplicities included; copies of one irrep are turned onto each other by random
intertwiners. What is returned is T with R(g) T = T (+)_k (1 (x) rho_k(g)).

What is believed is none of that, but the certificate: the residual of this equation on
the generators, measured against T^-1; the defect of rho_k along every edge of the
Cayley graph; and the integers (1/n) sum |chi_k|^2, <chi_j, chi_k> and (1/n) sum
chi_k(g^2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from numerics.representations.certificates import (
    angle_of_pieces,
    certify,
    character_norms,
    characters,
    second_sample_spread,
)
from numerics.representations.commutant import CLUSTER, Eigenspaces, Element, Mean, commutant_element, eigenspaces
from numerics.representations.invariant_forms import singular, unitarise_batch, why_no_form
from numerics.representations.irreps import Certificate, Decomposition, Irrep
from numerics.representations.regular_action import NoGroupFound, RegularAction, discover
from numerics.rounding import frobenius
from numerics.streams import Stream

MAX_DIMENSION = 2048
SAMPLES = 4  # random intertwiners of which the strongest is used
NEARLY_AS_GOOD = 16  # copies this many times worse than the best do not enter the mean of them; the certificate judges what comes out


def decompose(
    generators: Tensor,
    stream: Stream,
    *,
    action: RegularAction | None = None,
    field: str = "complex",
    limit: int = 20_000,
    accuracy: float = 0.0,
    attempts: int = 4,
    element: Element = commutant_element,
) -> Decomposition:
    r"""Split a representation, given on generators, into irreducible ones.

    Args:
        generators: Shape ``(k, d, d)``, float or complex, d <= 2048; on any device.
        stream: Source of random vectors and matrices.
        action: The group, with generators in the same order, if known; otherwise it is
            searched for, up to ``limit`` elements, and where it is not found random
            products take the place of means over it.
        field: "complex", or "real" for real matrices: pieces irreducible over R.
        accuracy: How far, relative to their size, the matrices may be from an exact
            representation; used to tell elements apart.
        attempts: How often a piece that is seen to be reducible is split again.
        element: What is diagonalised, and how far it may be from the commutant.
    Returns:
        A :class:`Decomposition`; ``.decided`` is False, with the reason and what to do
        next, where this precision does not carry it. Where no invariant form was found
        (the group generated is not bounded, or the basis too badly conditioned)
        ``.irreps`` is one piece of unknown kind, the matrices as they came.
    Raises:
        ValueError: shape, dtype, entries that are not finite, or a singular matrix.
    Accuracy:
        The certificate's residual, typically 1e-13 d for unitary float64 input, times
        the square of the condition of the change of basis.

    >>> swap = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> found = decompose(swap, Stream(1))
    >>> [(irrep.dimension, irrep.multiplicity) for irrep in found.irreps], found.decided
    ([(1, 1), (1, 1)], True)
    """
    check(generators, field)
    require_finite(generators)
    complex_field = field == "complex"
    if action is None:
        action = searched_group(generators, stream.fork("orbit"), limit, accuracy)
    elif action.images.shape[0] != len(generators):
        raise ValueError(
            f"Expected as many matrices as the group has generators, got {len(generators)} and {action.images.shape[0]}."
        )
    form = unitarise_batch(generators[:, None], action, stream.fork("form"))
    if not bool(form.exists):
        return _left_whole(generators, action, field, accuracy)
    unitary, change, input_error = (
        form.matrices[:, 0],
        None if form.change is None else form.change[0],
        float(form.error),
    )
    spaces = split_again(unitary, action, stream.fork("pieces"), input_error, attempts, element=element)
    aligned, irreps = _align_copies(unitary, spaces, action, stream.fork("copies"))
    if complex_field and not generators.is_complex() and not _absolutely(irreps, action):
        aligned, irreps, inner = _split_over_the_complex(
            aligned, irreps, action, stream.fork("complex"), attempts, element=element
        )
        spaces = replace(
            spaces,
            gap=min(spaces.gap, *(i.gap for i in inner)),
            uncertain=max(spaces.uncertain, *(i.uncertain for i in inner)),
        )
    aligned, irreps = _sort_irreps(aligned, irreps)
    basis = aligned if change is None else change.to(aligned) @ aligned
    inverse = aligned.mH if change is None else torch.linalg.inv(basis)
    certificate, irreps = certify(generators, basis, inverse, irreps, action=action, over=field)
    if not certificate.decided and "reducible" in certificate.why:
        certificate = replace(certificate, why=f"{certificate.why} {_crowding(spaces)}")
    order = None if action is None else action.order
    stretch = frobenius(basis) * frobenius(inverse)
    known = max(accuracy, torch.finfo(generators.dtype).eps / 2) * frobenius(generators)
    sine_bound = angle_of_pieces(
        certificate, action, known * (2.0 if change is None else stretch)
    )  # |T|_2 |T^-1|_2 < 2 if T is nearly unitary
    return Decomposition(
        field, irreps, basis, certificate, order, spaces.gap, spaces.uncertain, stretch / len(basis), sine_bound
    )


def _left_whole(generators: Tensor, action: RegularAction | None, field: str, accuracy: float) -> Decomposition:
    """Nothing was split, for want of an invariant form: one piece of unknown kind, the
    matrices themselves, T = 1."""
    if complaint := singular(generators, accuracy):
        raise ValueError(complaint)
    d = generators.shape[-1]
    irreps = (Irrep(d, 1, generators),)
    why = why_no_form(generators, accuracy, known=action is not None)
    certificate = Certificate(math.inf, math.nan, math.nan, False, why)
    eye = torch.eye(d, dtype=generators.dtype, device=generators.device)
    order = None if action is None else action.order
    return Decomposition(field, irreps, eye, certificate, order, math.inf, math.inf, math.inf)


def _crowding(spaces: Eigenspaces) -> str:
    told = (
        f"the closest that were told apart are {spaces.gap:.1e} apart"
        if math.isfinite(spaces.gap)
        else "none were told apart"
    )
    return f"Eigenvalues of the commutant element are known to |E| = {spaces.uncertain:.1e}, and count as one within {CLUSTER} |E|; {told}."


def searched_group(
    generators: Tensor, stream: Stream, limit: int = 20_000, accuracy: float = 0.0
) -> RegularAction | None:
    """The group that matrices generate, shape ``(k, d, d)``; None where it was not
    found.

    >>> searched_group(torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double(), Stream(1)).order
    2
    """
    try:
        return discover(generators, stream, limit=limit, accuracy=accuracy)
    except NoGroupFound:
        return None


def check(generators: Tensor, field: str) -> None:
    """Refuse shapes, types and fields that cannot be a representation on generators,
    naming what came.

    Args:
        generators: Accepted with shape ``(k, d, d)``, k and d at least 1. field:
            "complex" or "real".
    Raises:
        ValueError: anything else.

    >>> check(torch.ones(2, 2), "complex")
    Traceback (most recent call last):
        ...
    ValueError: Expected matrices on generators, shape (k, d, d) with k, d >= 1, got (2, 2).
    """
    if generators.ndim != 3 or generators.shape[1] != generators.shape[2] or 0 in generators.shape:
        raise ValueError(
            f"Expected matrices on generators, shape (k, d, d) with k, d >= 1, got {tuple(generators.shape)}."
        )
    if generators.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise ValueError(
            f"Expected float32, float64, complex64 or complex128, got {generators.dtype}. Convert first; half precision carries no decomposition."
        )
    if generators.shape[-1] > MAX_DIMENSION:
        raise ValueError(
            f"Dimension {generators.shape[-1]} is beyond {MAX_DIMENSION}: matrices are held whole. Split it by a known symmetry first."
        )
    if field not in ("complex", "real") or (field == "real" and generators.is_complex()):
        raise ValueError(
            f"Expected field 'complex', or 'real' with real matrices, got {field!r} with {generators.dtype}."
        )


def require_finite(generators: Tensor) -> None:
    """Refuse NaN and infinity, naming the matrix; ``generators`` of shape ``(k, d,
    d)``.

    >>> require_finite(torch.tensor([[[1.0]], [[torch.nan]]]))
    Traceback (most recent call last):
        ...
    ValueError: Expected finite entries, got NaN or infinity in matrix 1.
    """
    flat = torch.view_as_real(generators) if generators.is_complex() else generators
    finite = torch.isfinite(flat).flatten(1).all(1)
    if not bool(finite.all()):
        raise ValueError(f"Expected finite entries, got NaN or infinity in matrix {int((~finite).nonzero()[0])}.")


# -- pieces --------------------------------------------------------------------------------------------------------------


def split_again(
    unitary: Tensor,
    action: RegularAction | None,
    stream: Stream,
    input_error: float,
    attempts: int,
    *,
    element: Element = commutant_element,
) -> Eigenspaces:
    """Eigenspaces of a random commutant element, split again where a piece is seen to
    be reducible.

    Args:
        unitary: On the generators, shape ``(k, d, d)``, within ``input_error`` of a
            unitary representation.
        action: The group, or None: then random products stand in. attempts: How often a
            piece is split again.

    >>> swap = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> split_again(swap, None, Stream(1), 0.0, 1).sizes
    (1, 1)
    """
    found = eigenspaces(*element(unitary, action, stream, input_error))
    if len(found.sizes) == 1 or attempts <= 1:
        return found
    basis, gap, uncertain = found.basis.clone(), found.gap, found.uncertain
    parts = {start: (size,) for start, size in zip(_starts(found.sizes), found.sizes, strict=True)}
    whole = {b: (at, cut(unitary, basis, at)) for b, at in columns_by_size(found.sizes, basis.device).items()}
    for b, (at, blocks) in whole.items():
        for p in reducible(blocks, action, stream.fork(b)) if b > 1 else []:
            inner = split_again(
                blocks[:, p], action, stream.fork(f"{b}.{p}"), input_error, attempts - 1, element=element
            )
            if len(inner.sizes) > 1:
                basis[:, at[p]] = basis[:, at[p]] @ inner.basis
                gap, uncertain = min(gap, inner.gap), max(uncertain, inner.uncertain)
                parts[int(at[p, 0])] = inner.sizes
    sizes = tuple(size for start in sorted(parts) for size in parts[start])
    unchanged = {b: blocks for b, (_, blocks) in whole.items()} if sizes == found.sizes else {}
    return replace(found, basis=basis, sizes=sizes, gap=gap, uncertain=uncertain, blocks=unchanged)


def _starts(sizes: tuple[int, ...]) -> list[int]:
    return [sum(sizes[:k]) for k in range(len(sizes))]


def reducible(blocks: Tensor, action: RegularAction | None, stream: Stream) -> list[int]:
    """Positions of blocks, shape ``(k, p, b, b)``, whose symmetric commutant is more
    than scalars; a guide, not a certificate.

    >>> reducible(torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]]).double(), None, Stream(1))
    [0]
    """
    if action is None:
        spread = second_sample_spread(blocks, stream)
        return (spread > torch.finfo(blocks.dtype).eps ** 0.4).nonzero().ravel().tolist()
    square, indicator = character_norms(characters(blocks, action), action)
    dimension = square if blocks.is_complex() else (square + indicator) / 2
    return (dimension > 1.5).nonzero().ravel().tolist()


def columns_by_size(sizes: tuple[int, ...], device: torch.device) -> dict[int, Tensor]:
    """Columns of the pieces of each size: size -> int64 ``(pieces, size)``.

    >>> columns_by_size((1, 2, 1), torch.device("cpu"))
    {1: tensor([[0],
            [3]]), 2: tensor([[1, 2]])}
    """
    starts: dict[int, list[int]] = {}
    at = 0
    for size in sizes:
        starts.setdefault(size, []).append(at)
        at += size
    return {
        b: torch.tensor(first, device=device)[:, None] + torch.arange(b, device=device) for b, first in starts.items()
    }


def cut(unitary: Tensor, basis: Tensor, at: Tensor) -> Tensor:
    """V_p* U(g) V_p for the pieces with columns ``at``, shape ``(k, p, b, b)``.

    Args:
        unitary: Shape ``(k, d, d)``. basis: Shape ``(d, d)``. at: Columns of ``basis``,
            int64, shape ``(p, b)``.

    >>> cut(torch.tensor([[[2.0, 0.0], [0.0, 3.0]]]), torch.eye(2), torch.tensor([[0], [1]])).flatten()
    tensor([2., 3.])
    """
    some = basis[:, at.ravel()]
    moved = some.mH @ unitary @ some
    p, b = at.shape
    here = torch.arange(p, device=at.device)
    return moved.reshape(-1, p, b, p, b)[:, here, :, here].movedim(0, 1)


# -- copies --------------------------------------------------------------------------------------------------------------


def _align_copies(
    unitary: Tensor, spaces: Eigenspaces, action: RegularAction | None, stream: Stream
) -> tuple[Tensor, list[Irrep]]:
    """Columns turned so that copies of one irrep have one matrix, kinds next to each
    other."""
    columns, irreps = [], []
    for b, at in columns_by_size(spaces.sizes, unitary.device).items():
        blocks = spaces.blocks.get(b)
        blocks = cut(unitary, spaces.basis, at) if blocks is None else blocks
        for mine, turn, matrices in copies(blocks, action, stream.fork(b)):
            columns.append((spaces.basis[:, at[mine]].movedim(1, 0) @ turn).movedim(0, 1).flatten(1))
            irreps.append(Irrep(b, len(mine), matrices))
    return torch.cat(columns, 1), irreps


def copies(
    blocks: Tensor, action: RegularAction | None, stream: Stream, doubt: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Sort irreducible blocks, shape ``(k, p, b, b)``, into kinds: positions, unitary Q
    with B_j Q_j = Q_j rho, and rho, for each kind.

    ``doubt``, ascending, shape ``(p,)``, says how far each block is from one of a
    representation: rho is the mean of those that are about as near as the first.

    >>> blocks = torch.tensor([1.0, 1.0, -1.0]).reshape(1, 3, 1, 1).double()
    >>> [positions.tolist() for positions, _, _ in copies(blocks, None, Stream(1))]
    [[0, 1], [2]]
    """
    alike = _overlaps(blocks, action)
    waiting = torch.arange(blocks.shape[1], device=blocks.device)
    while len(waiting):
        some = waiting if alike is None else waiting[alike[waiting[0], waiting]]
        turn, same = _intertwiners(blocks[:, some], action, stream.fork(int(waiting[0])))
        mine, turn = some[same], turn[same]
        near = slice(None) if doubt is None else doubt[mine] <= NEARLY_AS_GOOD * doubt[mine[0]]
        yield mine, turn, _unitary_mean(turn[near].mH @ blocks[:, mine[near]] @ turn[near])
        waiting = waiting[~torch.isin(waiting, mine)]


def _overlaps(blocks: Tensor, action: RegularAction | None) -> Tensor | None:
    """Which blocks have overlapping characters, shape ``(p, p)``: only these can be
    copies of each other."""
    if action is None:
        return None
    values = characters(blocks, action)
    weight = torch.as_tensor(action.class_sizes / action.order, device=values.device, dtype=values.dtype)
    alike = ((values * weight) @ values.mH).abs() > 0.5
    return alike.fill_diagonal_(True)  # pieces of no representation may have small characters


def _unitary_mean(copies: Tensor) -> Tensor:
    """The unitary matrices next to the mean of nearly equal ones, shape ``(k, b, b)``
    from ``(k, m, b, b)``."""
    left, _, right = torch.linalg.svd(copies.mean(1))
    return left @ right


def _intertwiners(blocks: Tensor, action: RegularAction | None, stream: Stream) -> tuple[Tensor, Tensor]:
    """Unitary Q_j with B_j Q_j = Q_j B_0 for every block that is a copy of block 0, and
    which ones are.

    The mean of a random matrix intertwines; by Schur's lemma it is a multiple of a
    unitary one, and nonzero almost surely between copies. The strongest of a few is
    kept. Between different irreps it is rounding alone.
    """
    p, b = blocks.shape[1:3]
    if p == 1:
        return torch.eye(b, dtype=blocks.dtype, device=blocks.device)[None], torch.ones(
            1, dtype=torch.bool, device=blocks.device
        )
    real = stream.normal(SAMPLES, p, b, b)
    noise = (torch.complex(real, stream.normal(SAMPLES, p, b, b)) if blocks.is_complex() else real).to(blocks)
    found = Mean(blocks, action, stream).between(noise, slice(0, 1))
    strength = torch.linalg.matrix_norm(found)
    best = strength.argmax(0)
    chosen = found[best, torch.arange(p, device=blocks.device)]
    left, values, right = torch.linalg.svd(chosen)
    turn = left @ right
    miss = torch.linalg.matrix_norm(blocks @ turn - turn @ blocks[:, :1]).amax(0)
    same = (
        (miss < 0.1) & (values[:, -1] > 0.1 * values[:, 0]) & (strength.amax(0) > torch.finfo(blocks.dtype).eps ** 0.6)
    )
    same[0] = True
    turn[0] = torch.eye(b, dtype=blocks.dtype, device=blocks.device)
    return turn, same


def _absolutely(irreps: list[Irrep], action: RegularAction | None) -> bool:
    """Whether real irreps are seen to stay irreducible over C: then nothing needs
    complex numbers."""
    if action is None:
        return False
    return all(float(character_norms(characters(i.matrices[:, None], action), action)[0]) < 1.5 for i in irreps)


def _split_over_the_complex(
    basis: Tensor, irreps: list[Irrep], action: RegularAction | None, stream: Stream, attempts: int, *, element: Element
) -> tuple[Tensor, list[Irrep], list[Eigenspaces]]:
    """Real irreps split over C: those of complex type into two, of quaternionic type
    into two copies of one; and the eigenspaces that split them."""
    wide = torch.complex64 if basis.dtype == torch.float32 else torch.complex128
    columns, found, start = [], [], 0
    spaces: list[Eigenspaces] = []
    for number, irrep in enumerate(irreps):
        b, m = irrep.dimension, irrep.multiplicity
        mine = basis[:, start : start + m * b].reshape(-1, m, b).to(wide)
        start += m * b
        matrices = irrep.matrices.to(wide)
        if b == 1:
            inner = Eigenspaces(torch.ones(1, 1, dtype=wide, device=basis.device), (1,), math.inf, 0.0, 0.0)
        else:
            off = frobenius(matrices.mH @ matrices - torch.eye(b, device=basis.device))
            inner = split_again(matrices, action, stream.fork(number), off, attempts, element=element)
        spaces.append(inner)
        turned, parts = _align_copies(matrices, inner, action, stream.fork(f"copies {number}"))
        at = 0
        for part in parts:
            width = part.dimension * part.multiplicity
            columns.append((mine @ turned[:, at : at + width]).flatten(1))
            found.append(replace(part, multiplicity=m * part.multiplicity))
            at += width
    return torch.cat(columns, 1), found, spaces


def _sort_irreps(basis: Tensor, irreps: list[Irrep]) -> tuple[Tensor, list[Irrep]]:
    """By dimension, then multiplicity, then traces on the generators."""
    starts = torch.tensor([0] + [i.dimension * i.multiplicity for i in irreps]).cumsum(0).tolist()
    traces = [i.matrices.diagonal(dim1=-2, dim2=-1).sum(-1).cpu() for i in irreps]

    def key(j: int) -> tuple[float, ...]:
        values = torch.view_as_real(traces[j].to(torch.complex128)).ravel().tolist()
        return irreps[j].dimension, -irreps[j].multiplicity, *(-round(v, 4) + 0.0 for v in values)

    order = sorted(range(len(irreps)), key=key)
    return torch.cat([basis[:, starts[j] : starts[j + 1]] for j in order], 1), [irreps[j] for j in order]
