"""Invariant orthogonal complements: of unitary representations, and of all others after averaging the inner product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import sympy
import torch
from torch import Tensor

from numerics.complements import averaged_form, complement, leak, leak_error, random_orthogonal, unit_form
from numerics.random import Stream
from numerics.representations import (
    closure,
    exact_conjugate,
    frobenius,
    gamma,
    integer_change_of_basis,
    permutation_matrices,
)
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, identity, measured
from proofs_checks.strategies.groups import MAX_SHEARS, regular_generators
from proofs_checks.strategies.symmetry import invariant_subspace_cases
from theory import orthogonality, rewriting
from theory.exact_matrices import ExactArray
from theory.groups.families import alternating, quaternion
from theory.orthogonality import (
    AVERAGED,
    MOVES_KERNEL,
    UNITARY,
    WITHOUT_UNITARITY,
    Subspace,
    complement_is_invariant,
    complement_of_the_first_axis,
    form_is_invariant,
    form_is_positive,
    projector_commutes,
    reflection_in_general,
    regular_subspaces,
)
from theory.rewriting import WordTheorem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

_SWAP = ((1, 0),)
_ALWAYS = [
    Case(d=2, shears=3, kind="line", generators=_SWAP, seed=0),
    Case(d=2, shears=0, kind="doubled", generators=((0,),), seed=0),
    Case(d=16, shears=8, kind="doubled", generators=regular_generators(quaternion()), seed=0),
    Case(d=24, shears=MAX_SHEARS, kind="doubled", generators=regular_generators(alternating(4)), seed=0),
]
cases = {"numeric": Cases(invariant_subspace_cases, always=_ALWAYS)}


@dataclass(frozen=True)
class Form:
    """An inner product, for a subspace of a module over Q and for C2 by [[1, b], [0, -1]]; None leaves one of them out."""

    of_module: Callable[[Subspace], ExactArray] | None = None
    of_reflection: Callable[[sympy.Matrix], sympy.Matrix] | None = None


AVERAGE = Form(orthogonality.averaged_form, lambda R: (sympy.eye(2) + R.H * R) / 2)
GIVEN = Form(orthogonality.unit_form)
GIVEN_TO_REFLECTIONS = Form(of_reflection=lambda R: sympy.eye(2))
HALF = Form(orthogonality.averaged_over_half)


def exact(*, form: Form = AVERAGE, theorems: Sequence[WordTheorem] | None = None) -> list[Evidence]:
    """Derivations for every dimension, one family in closed form, and regular modules; with an object substituted only what speaks of it."""
    found = []
    if theorems is not None or form is AVERAGE:
        chosen = (UNITARY, *AVERAGED, MOVES_KERNEL) if theorems is None else theorems
        found.append(
            finite(
                chosen,
                rewriting.replays,
                second=rewriting.joins,
                of="derivations between words, for matrices of every size",
                name="derivations",
            )
        )
    if theorems is not None:
        return found
    if form is AVERAGE:
        found.append(
            _modules_evidence(
                False, orthogonality.unit_form, "subspaces of regular modules by permutations, |G| <= 6", "unitary"
            )
        )
        found.append(
            finite(
                _subspaces(True),
                lambda s: form_is_invariant(s, orthogonality.averaged_form(s)),
                second=lambda s: _preserved_by_generators(s, orthogonality.averaged_form(s)),
                of="averaged forms of sheared regular modules, |G| <= 6",
                name="averaged form is invariant and positive",
            )
        )
    if form.of_module is not None:
        found.append(
            _modules_evidence(True, form.of_module, "subspaces of sheared regular modules, |G| <= 6", "averaged")
        )
    if form.of_reflection is not None:
        found.append(_reflection_evidence(form.of_reflection))
    return found


@cache
def _subspaces(sheared: bool) -> list[Subspace]:
    return list(regular_subspaces(6, sheared=sheared))


def _modules_evidence(sheared: bool, form: Callable[[Subspace], ExactArray], of: str, name: str) -> Evidence:
    return finite(
        _subspaces(sheared),
        lambda s: complement_is_invariant(s, form(s)),
        second=lambda s: projector_commutes(s, form(s)),
        of=of,
        name=name,
    )


def _preserved_by_generators(subspace: Subspace, form: ExactArray) -> bool:
    """H R(g) = R(g^-1)* H for the generators, and H positive definite by its pivots."""
    r, group = subspace.representation, subspace.representation.group
    inverses = group.inverses
    return form_is_positive(form) and all(
        form @ r.matrices[g] == r.matrices[int(inverses[g])].H @ form for g in group.generators
    )


def _reflection_evidence(form: Callable[[sympy.Matrix], sympy.Matrix]) -> Evidence:
    """The complement of span(e1) is one line; its image under R is on it: (R v)_1 v_2 = (R v)_2 v_1."""
    reflection, _ = reflection_in_general()
    v = complement_of_the_first_axis(form(reflection))
    image = reflection * v
    return identity(sympy.expand(image[0] * v[1]), sympy.expand(image[1] * v[0]), name="C2 by [[1, b], [0, -1]]")


# -- measured ----------------------------------------------------------------------------------------------------------

MeasuredForm = Callable[[Tensor], tuple[Tensor, float]]
_NOTE = "the complement is orthogonal to H W; its tilt is the measured |Q* H W| with rounding over the least singular value of H W; P R (1 - P) = 0 for the true one"


def numeric(case: Case, stream: Stream, *, measured_form: MeasuredForm = averaged_form) -> list[Evidence]:
    """The complement of W under R turned orthogonally, with the given inner product, and in an integer basis, with ``measured_form``."""
    matrices, W = _module(case)
    turn = random_orthogonal(case.d, stream)
    turned, turned_error = _turned(matrices.to(turn), turn)
    basis, inverse = integer_change_of_basis(case.d, case.shears, stream)
    R = exact_conjugate(matrices.to(stream.device), basis, inverse).to(stream.dtype)
    moved = basis.to(stream.dtype) @ W.to(R)
    form, error = measured_form(R)
    flat = complement(turn @ W.to(turn), *_unit_with(turned, turned_error, W))
    tilted = complement(moved, form, error)
    resolves = 1e-2 * max(1.0, frobenius(R))
    return [
        measured(
            leak(turned, flat),
            Bound(leak_error(turned, flat, turned_error), _NOTE),
            points=len(R),
            resolves=1e-2,
            name="unitary",
        ),
        measured(
            leak(R, tilted), Bound(leak_error(R, tilted), _NOTE), points=len(R), resolves=resolves, name="averaged"
        ),
    ]


def _module(case: Case) -> tuple[Tensor, Tensor]:
    """Integer orthogonal matrices and an invariant W: the constants, or {(v, 2 v)} in two copies of a permutation representation."""
    images = closure(torch.tensor(case.generators))
    matrices = permutation_matrices(images)
    m = images.shape[1]
    if case.kind == "line":
        return matrices, torch.ones(m, 1, dtype=torch.int64)
    unit = torch.eye(m, dtype=torch.int64)
    return torch.kron(torch.eye(2, dtype=torch.int64), matrices), torch.cat([unit, 2 * unit])


def _turned(matrices: Tensor, turn: Tensor) -> tuple[Tensor, float]:
    """Q R Q^T, and its distance from a conjugate of R by the orthogonal matrix nearest to the computed Q."""
    d = len(turn)
    slant = frobenius(turn.mT @ turn - torch.eye(d, dtype=turn.dtype, device=turn.device)) + gamma(d + 1, turn) * d
    return turn @ matrices @ turn.mT, (2 * slant * (1 + slant) + gamma(2 * d + 1, turn) * d) * d**0.5


def _unit_with(turned: Tensor, error: float, W: Tensor) -> tuple[Tensor, float]:
    """The unit form; that Q W is known only up to rounding is charged to it."""
    return unit_form(turned)[0], error


def averaged_over_half(matrices: Tensor) -> tuple[Tensor, float]:
    """The mean over the first half of the elements."""
    return averaged_form(matrices[: (len(matrices) + 1) // 2])


_POWERED = [
    Case(d=2, shears=3, kind="line", generators=_SWAP, seed=1),
    Case(d=6, shears=6, kind="doubled", generators=((1, 2, 0), (1, 0, 2)), seed=1),
]
controls = {
    "not-unitary": [
        Control(exact, form=GIVEN),
        Control(exact, form=GIVEN_TO_REFLECTIONS),
        Control(numeric, cases=_POWERED, measured_form=unit_form),
    ],
    "half-the-group": [Control(exact, form=HALF), Control(numeric, cases=_POWERED, measured_form=averaged_over_half)],
    "inverse-unused": [Control(exact, theorems=(WITHOUT_UNITARITY,))],
}


def figure() -> Figure:
    """The image of the line at a right angle, and the line that the averaged inner product finds."""
    import numpy as np
    from matplotlib.figure import Figure

    R = np.array([[1.0, 1.0], [0.0, -1.0]])
    averaged = (np.eye(2) + R.T @ R) / 2
    drawing = Figure(figsize=(6.0, 3.0), layout="constrained")
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for axes, form, title in zip(
        drawing.subplots(1, 2), (np.eye(2), averaged), ("the given inner product", "the averaged one"), strict=True
    ):
        ball = np.linalg.inv(np.linalg.cholesky(form).T) @ circle  # v* H v = 1
        v = np.array([-form[0, 1], form[0, 0]])
        v = v / np.sqrt(v @ form @ v)
        image = R @ v
        axes.plot(*ball, color="#cccccc", linewidth=1)
        axes.axhline(0, color="#1b6ca8", linewidth=2)
        axes.plot([-v[0], v[0]], [-v[1], v[1]], color="#2e8b57", linewidth=2, label="complement")
        axes.plot(
            [-image[0], image[0]],
            [-image[1], image[1]],
            color="#c0182b",
            linewidth=2,
            linestyle="--",
            label="its image",
        )
        axes.text(1.15, 0.07, "W", color="#1b6ca8")
        axes.set(title=title, aspect="equal", xlim=(-1.5, 1.5), ylim=(-1.6, 1.2))
        axes.title.set_fontsize(9)
        axes.axis("off")
        axes.legend(fontsize=7, frameon=False, loc="lower right")
    return drawing
