"""Actions of group elements on batches of tensors: permutations, matrices, functions;
and whether they respect a group's relations."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import as_batch, call
from proofs_checks.inputs.files import require_dense
from proofs_checks.inputs.narrow_formats import narrow_unit
from proofs_checks.wording import short

MAX_PROBES = 512  # unit vectors on which a relation is tried
MAX_ELEMENTS = 64
MAX_WORK = 2 * 10**11  # multiplications when relations are tried: some ten seconds
LETTER, PERMUTED = 10**5, 20  # what a call costs, and an entry that is moved, in multiplications
COARSE = 0.05  # of the largest entry compared: where rounding reaches that far, nothing is told


@dataclass(frozen=True)
class Move:
    """How one element moves a sample.

    Args:
        name: The element.
        images: Position i goes to ``images[i]``; None unless a permutation.
        matrix: float64 or complex128, shape ``(d, d)``; None unless a matrix.
        function: From a batch to a batch; None unless a function. All three None: the
            trivial action.
        axis: The axis of a sample on which a permutation or a matrix acts, from 0;
            None: the one that fits, or the flattened sample.
        accuracy: How far entries of a matrix of a narrow format may be from the true
            ones; 0 where it came in float64.
    """

    name: str
    images: tuple[int, ...] | None = None
    matrix: Tensor | None = None
    function: Callable[[Any], Any] | None = None
    axis: int | None = None
    accuracy: float = 0.0

    @property
    def size(self) -> int | None:
        """How many coordinates are moved; None where any number will do."""
        if self.images is not None:
            return len(self.images)
        return None if self.matrix is None else len(self.matrix)

    @property
    def exact(self) -> bool:
        """Whether moving rounds nothing."""
        return self.matrix is None and self.function is None

    @property
    def is_identity(self) -> bool:
        """Whether it is known to move nothing: not of a function."""
        if self.images is not None:
            return self.images == tuple(range(len(self.images)))
        if self.matrix is not None:
            return torch.equal(self.matrix, torch.eye(len(self.matrix)).to(self.matrix))
        return self.function is None

    @property
    def gain(self) -> float:
        """How much larger an error can become: the largest row sum of absolute values;
        1 for permutations, and taken as 1 for functions."""
        return 1.0 if self.matrix is None else float(self.matrix.abs().sum(1).max())

    def inverse(self) -> Move:
        """The inverse move.

        Raises:
            InputError: a singular matrix, or a function, whose inverse nobody knows.
        """
        if self.images is not None:
            return replace(self, name=f"{self.name}^-1", images=tuple(int(x) for x in np.argsort(self.images)))
        if self.matrix is not None:
            inverse, failed = torch.linalg.inv_ex(self.matrix)
            if int(failed) or not bool(inverse.isfinite().all()):
                raise InputError(
                    f"The matrix of {short(self.name)} is singular; elements of a group act by invertible matrices."
                )
            return replace(self, name=f"{self.name}^-1", matrix=inverse)
        if self.function is not None:
            raise InputError(
                f"{short(self.name)} acts by a function, which cannot be inverted here. Write the relation with positive powers, such as r^3 for r^-1."
            )
        return self

    def __call__(self, batch: Tensor, what: str = "input") -> Tensor:
        """The moved batch, shape as given for permutations and matrices.

        Raises:
            InputError: sizes do not fit, or a function returned something else than a
                batch.
        """
        if self.function is not None:
            return as_batch(
                call(self.function, batch.clone(), f"the action of {self.name} on the {what}"),  # it may work in place
                len(batch),
                f"the action of {self.name} on the {what}",
            )
        if self.size is None:
            return batch
        axis = self._place(tuple(batch.shape[1:]), what)
        flat = batch.reshape(len(batch), -1) if axis is None else batch.movedim(axis + 1, -1)
        if self.images is not None:
            moved = flat[..., torch.tensor(np.argsort(self.images), device=batch.device)]
        else:
            moved = self._multiplied(flat, what)
        return moved.reshape(batch.shape) if axis is None else moved.movedim(-1, axis + 1)

    def _place(self, sample: tuple[int, ...], what: str) -> int | None:
        """The axis of a sample that is moved; None for all of it flattened. An action
        that fits several places is asked about."""
        name = f"The {what} action of {short(self.name)}"
        if self.axis is not None:
            axis = self.axis + len(sample) if self.axis < 0 else self.axis
            if not 0 <= axis < len(sample) or sample[axis] != self.size:
                raise InputError(
                    f"{name} moves {self.size} coordinates of axis {self.axis}, but one {what} has shape {sample} (axes of a sample count from 0)."
                )
            return axis
        fitting = [k for k, length in enumerate(sample) if length == self.size]
        if len(fitting) == 1:
            return fitting[0]
        if len(fitting) > 1:
            raise InputError(
                f"{name} moves {self.size} coordinates, and {' and '.join(f'axis {k}' for k in fitting)} of one {what}, shape {sample}, have that length. "
                f"Which is meant? Say axis={fitting[0]} for both sides, axis=(on inputs, on outputs), or give the action as a function of the batch."
            )
        if sample and self.size == math.prod(sample):
            return None
        wanted = " or ".join(dict.fromkeys(str(x) for x in (*sample, math.prod(sample))))
        raise InputError(
            f"{name} moves {self.size} coordinates, but one {what} has shape {sample}: expected {wanted} (one axis, or all of it flattened)."
        )

    def _multiplied(self, flat: Tensor, what: str) -> Tensor:
        assert self.matrix is not None
        if not (flat.is_floating_point() or flat.is_complex()):
            raise InputError(
                f"The {what}s are {flat.dtype} and {short(self.name)} acts by a matrix. Use floating-point tensors, or give a permutation."
            )
        if self.matrix.is_complex() and not flat.is_complex():
            raise InputError(
                f"{short(self.name)} acts on the {what} by a complex matrix, but the {what}s are {flat.dtype}. Use complex tensors."
            )
        return flat @ self.matrix.T.to(flat.device, flat.dtype)


def read_move(name: str, given: Any, what: str, axis: int | None = None) -> Move:
    """A move from what a user gives: None or ``"trivial"``, a list of images, a square
    matrix, or a function of a batch; and the axis of a sample that images and matrices
    move, where it is said.

    Raises:
        InputError: anything else; entries that are not finite; images that are no
            permutation.
    """
    if given is None or (isinstance(given, str) and given == "trivial"):
        return Move(name)
    if callable(given) and not isinstance(given, (Tensor, np.ndarray)):
        return Move(name, function=given)
    where = f"the {what} action of {short(name)}"
    require_dense(given, where)
    try:
        array = given.detach().cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)
    except (ValueError, TypeError):
        array = np.asarray(None)
    if array.dtype.kind not in "iuf" + "c" or array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f'Expected "trivial", a list of 0-based images, a square matrix or a function in {where}, got {short(given)}.'
        )
    if array.ndim == 1:
        if array.dtype.kind not in "iu" or sorted(array.tolist()) != list(range(len(array))):
            raise InputError(
                f"Expected in {where} each of 0..{len(array) - 1} once, the images of the positions, got {short(array.tolist())}."
                + (
                    " Positions count from 0: subtract 1."
                    if sorted(array.tolist()) == list(range(1, len(array) + 1))
                    else ""
                )
            )
        return Move(name, images=tuple(array.tolist()), axis=axis)
    if array.shape[0] != array.shape[1]:
        raise InputError(f"Expected a square matrix in {where}, got shape {array.shape}.")
    if not np.isfinite(array).all():
        i, j = np.argwhere(~np.isfinite(array))[0]
        raise InputError(
            f"The matrix of {where} holds {array[i, j]} in row {i + 1}, column {j + 1}; every entry has to be finite."
        )
    matrix = torch.tensor(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    return Move(name, matrix=matrix, axis=axis, accuracy=_accuracy(array))


def _accuracy(array: np.ndarray) -> float:
    """Four units in the last place of the largest entry of a narrow format, which is
    recognised by its values too; 0 for float64."""
    narrow = array.dtype.kind in "fc" and np.finfo(array.dtype).eps > np.finfo(np.float64).eps
    unit = float(np.finfo(array.dtype).eps) if narrow else narrow_unit(array)
    return 4 * unit * max(1.0, float(np.abs(array).max()))


def read_representation(
    elements: Sequence[Hashable], function: Callable[[Any], Any] | None, what: str, axis: int | None = None
) -> dict[str, Move]:
    """Moves of every element by a function from elements to matrices (or permutations);
    None is the trivial action.

    Raises:
        InputError: no elements, too many, repeated ones, or the function fails.
    """
    if not elements or len({str(g) for g in elements}) != len(elements) or len(elements) > MAX_ELEMENTS:
        raise InputError(
            f"Expected 1 to {MAX_ELEMENTS} different elements (printed, they are their names), got {len(elements)}: {short(list(elements))}. "
            "For a larger group give generators in actions=."
        )
    if function is None:
        return {str(g): Move(str(g)) for g in elements}
    found = {}
    for g in elements:
        move = read_move(str(g), call(function, g, f"the {what} action at {short(g)}"), what, axis)
        if move.function is not None:
            raise InputError(f"Expected a matrix or a list of images for {short(g)} on the {what}, got a function.")
        found[str(g)] = move
    return found


@dataclass(frozen=True)
class Broken:
    """The worst of the conditions on an action: its name, how far off, what rounding
    explains of that, and the size of what was compared."""

    condition: str
    defect: float
    bound: float
    estimated: bool
    count: int
    failing: int
    scale: float = 1.0

    @property
    def distinguishable(self) -> bool:
        """Whether rounding is small enough, against what is compared, to tell
        anything."""
        return self.bound <= COARSE * self.scale

    @property
    def holds(self) -> bool:
        """Whether rounding explains it, and would not explain anything whatever."""
        return self.defect <= self.bound and self.distinguishable


def worst_relation(
    moves: Mapping[str, Move], relations: Sequence[tuple[str, tuple[int, ...]]], batch: Tensor, what: str
) -> Broken:
    """Apply each relation's word, the last letter first, and see how far samples are
    from where they were.

    Linear actions are tried on unit vectors (at most 512 of them), functions on
    ``batch``.

    Accuracy: permutations exact; a product of k matrices within k gamma_d times the
    product of their row sums; functions: estimated as k d u times the largest entry.
    """
    names = list(moves)
    found = []
    _require_affordable(moves, relations, batch)
    for text, word in relations:
        letters = [moves[names[abs(k) - 1]] if k > 0 else moves[names[abs(k) - 1]].inverse() for k in word]
        probe = _probe([m for m in letters if m.size is not None], batch, any(m.function is not None for m in letters))
        if probe is not batch:  # unit vectors have one axis
            letters = [replace(m, axis=None) for m in letters]
        here = probe
        for move in reversed(letters):
            here = move(here, what)
        found.append(_broken(text, here, probe, letters))
    bad = sum(not f.holds for f in found)
    worst = max(found, key=lambda f: (f.distinguishable and not f.holds, not f.holds, f.defect))
    return replace(worst, count=len(found), failing=bad)


def _require_affordable(
    moves: Mapping[str, Move], relations: Sequence[tuple[str, tuple[int, ...]]], batch: Tensor
) -> None:
    """Refuse relations whose letters, each a product with all probes, would take
    minutes."""
    size = max((m.size or 0 for m in moves.values()), default=0)
    entries = max(min(size, MAX_PROBES) * size, batch.numel())
    matrices = any(m.matrix is not None for m in moves.values())
    letters = sum(len(word) for _, word in relations)
    if letters * (LETTER + entries * (size if matrices else PERMUTED)) > MAX_WORK:
        raise InputError(
            f"The relations have {letters} letters, too many to apply to {size} coordinates. Give the few relations that define the group."
        )


def _probe(linear: Sequence[Move], batch: Tensor, functions: bool) -> Tensor:
    if functions or not linear:
        return batch
    size = linear[0].size
    assert size is not None
    complex_ = any(m.matrix is not None and m.matrix.is_complex() for m in linear)
    return torch.eye(size, dtype=torch.complex128 if complex_ else torch.float64)[:MAX_PROBES]


def _broken(text: str, here: Tensor, there: Tensor, letters: Sequence[Move]) -> Broken:
    if here.shape != there.shape:
        return Broken(
            f"{text} (shape {tuple(there.shape[1:])} became {tuple(here.shape[1:])})", math.inf, 0.0, False, 1, 1
        )
    defect = _size(here - there) if here.is_floating_point() or here.is_complex() else float((here != there).any())
    if all(m.exact for m in letters) or not (here.is_floating_point() or here.is_complex()):
        return Broken(text, defect, 0.0, False, 1, 1)
    u = torch.finfo(here.dtype).eps / 2
    rounding = (
        max(2, len(letters))
        * (2 * math.prod(there.shape[1:]) + 8)
        * u
        * math.prod(m.gain for m in letters)
        * max(1.0, _size(there))
    )
    rounding += _inherited(letters, there)
    return Broken(text, defect, rounding, any(m.function is not None for m in letters), 1, 1, _size(there))


def _inherited(letters: Sequence[Move], there: Tensor) -> float:
    """What entries of a narrow format may be off by in a product: each factor in turn
    by d times its accuracy, the others by their row sums."""
    gains = [m.gain for m in letters]
    shares = [m.accuracy * (m.size or 0) * math.prod(gains[:k] + gains[k + 1 :]) for k, m in enumerate(letters)]
    return sum(shares) * max(1.0, _size(there))


def _size(value: Tensor) -> float:
    if not value.numel():
        return 0.0
    largest = float(value.abs().max())
    return math.inf if math.isnan(largest) else largest


def worst_product(
    moves: Mapping[str, Move], elements: Sequence[Hashable], product: Callable[[Any, Any], Hashable]
) -> Broken:
    """|R(g) R(h) - R(gh)| over all pairs of elements, largest entry, and the worst
    pair.

    Raises:
        InputError: a product that is no element.
    """
    if unknown := [g for g in elements if str(g) not in moves]:
        raise InputError(
            f"{short(unknown[0])} in elements= has no action; product= and elements= go with representation=."
        )
    dense = {str(g): _dense(moves[str(g)]) for g in elements}
    if all(value is None for value in dense.values()):
        return Broken("trivial action", 0.0, 0.0, False, len(elements) ** 2, 0)
    if any(value is not None and value.is_complex() for value in dense.values()):
        dense = {g: None if value is None else value.to(torch.complex128) for g, value in dense.items()}
    worst = Broken("", -1.0, 0.0, False, 0, 0)
    failing = 0
    for g in elements:
        for h in elements:
            gh = call(lambda pair: product(*pair), (g, h), f"product({short(g)}, {short(h)})")
            if str(gh) not in dense:
                raise InputError(f"{short(g)} times {short(h)} is {short(gh)}, which is none of the elements given.")
            a, b, c = dense[str(g)], dense[str(h)], dense[str(gh)]
            if a is None or b is None or c is None:
                raise InputError(
                    f"Some of {short(g)}, {short(h)} and {short(gh)} act trivially and others by matrices. Give unit matrices where nothing moves."
                )
            if not a.shape == b.shape == c.shape:
                raise InputError(
                    f"The matrices of {short(g)}, {short(h)} and {short(gh)} differ in size: {len(a)}, {len(b)}, {len(c)}."
                )
            defect = _size(a @ b - c)
            bound = (2 * len(a) + 8) * 2.0**-53 * float((a.abs() @ b.abs() + c.abs()).max())
            bound += _of_product(moves[str(g)], moves[str(h)], moves[str(gh)], a, b)
            here = Broken(f"R({g}) R({h}) against R({gh})", defect, bound, False, 0, 0, _size(c))
            failing += not here.holds
            worst = max(worst, here, key=lambda b: (b.distinguishable and not b.holds, not b.holds, b.defect))
    return replace(worst, count=len(elements) ** 2, failing=failing)


def _of_product(first: Move, second: Move, third: Move, a: Tensor, b: Tensor) -> float:
    """|(A + E)(B + F) - (C + G)| <= |E| |B| + |A| |F| + |E| |F| + |G| entry by entry,
    for entries within their accuracies."""
    e, f = first.accuracy, second.accuracy
    rows, columns = float(a.abs().sum(1).max()), float(b.abs().sum(0).max())
    return e * columns + f * rows + len(a) * e * f + third.accuracy


def doubtful(moves: Mapping[str, Move]) -> str:
    """A matrix that cannot be told from a singular one, in words; an empty text if
    there is none.

    Entries rounded to u of the largest move singular values by at most d u |R|_2
    (Weyl), and the values computed are off by as much again.
    """
    for g, move in moves.items():
        if move.matrix is None:
            continue
        values = torch.linalg.svdvals(move.matrix)
        if float(values[-1]) <= 2 * len(values) * torch.finfo(values.dtype).eps * float(values[0]):
            return (
                f"the matrix of {g} cannot be told from a singular one (singular values {float(values[0]):.2g} to {float(values[-1]):.2g}); "
                "elements of a group act by invertible matrices"
            )
    return ""


def _dense(move: Move) -> Tensor | None:
    if move.matrix is not None:
        return move.matrix
    if move.images is None:
        return None
    matrix = torch.zeros(len(move.images), len(move.images), dtype=torch.float64)
    matrix[list(move.images), range(len(move.images))] = 1.0
    return matrix
