"""Judging: f(g x) against g f(x), at the inputs where a map was called or recorded,
or for all inputs where it is affine; relations of actions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from proofs_checks import kernel
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.actions import COARSE, Broken, Move, doubtful, worst_product, worst_relation
from proofs_checks.inputs.calls import by_sample
from proofs_checks.inputs.equivariance_files import Affine, Recorded
from proofs_checks.inputs.layers import finite
from proofs_checks.kernel import Bound, Status, measured
from proofs_checks.wording import short
from theory.groups.words import Word

Relation = tuple[str, Word]
PRODUCTS = "equivariance at moved inputs"
TINY = 2.0**-1022 / COARSE  # below, a share of the largest entry is no normal number of float64


@dataclass(frozen=True)
class Actions:
    """How elements move inputs and outputs, and what they are claimed to obey:
    relations in their names, or a product.
    """

    on_inputs: dict[str, Move]
    on_outputs: dict[str, Move]
    relations: Sequence[Relation] = ()
    elements: Sequence[Hashable] = ()
    product: Callable[[Any, Any], Hashable] | None = None


@dataclass(frozen=True)
class Outcome:
    """What one element's comparison came to, beside the finding: whether f(g x) =
    f(x) too, and how far these are apart.
    """

    finding: Finding
    invariant: Status
    facts: dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """All that was found: about the actions and the map, about each element, and
    ``where``, in words; ``called``: whether the map was asked at all.
    """

    findings: list[Finding]
    outcomes: list[Outcome]
    where: str
    called: bool = True


def homomorphisms(actions: Actions, inputs: Tensor, outputs: Tensor) -> list[Finding]:
    """Whether the actions obey what they are claimed to obey, on inputs and on
    outputs.
    """
    found = []
    for side, moves, batch in (("input", actions.on_inputs, inputs), ("output", actions.on_outputs, outputs)):
        name = f"{side} action"
        if actions.product is not None and actions.elements:
            found.append(_law(name, worst_product(moves, actions.elements, actions.product), "products"))
        elif actions.relations:
            found.append(_law(name, worst_relation(moves, actions.relations, batch, side), "relations"))
        elif doubt := doubtful(moves):
            found.append(Finding(name, Status.UNDECIDED, doubt))
        else:
            text = "no relations were given, so that only the elements named are spoken of"
            found.append(Finding(name, Status.INAPPLICABLE, text))
    return found


def _law(name: str, worst: Broken, what: str) -> Finding:
    witness = _plain({"condition": worst.condition, "defect": worst.defect, "bound": worst.bound})
    if worst.holds:
        return Finding(
            name,
            Status.HOLDS,
            f"{worst.count} of {worst.count} {what} hold (worst: {worst.condition}, off by {worst.defect:.2g})",
            witness,
        )
    text = f"{worst.condition} is off by {worst.defect:.3g}, where rounding explains {worst.bound:.2g}"
    if not worst.distinguishable:
        text += f" and what is compared has size {worst.scale:.2g}: these matrices are too large for this precision; give the action in an orthonormal basis"
    else:
        text += f"; {worst.failing} of {worst.count} {what} fail"
    unclear = not worst.distinguishable or (worst.estimated and worst.defect <= kernel.DOUBT * worst.bound)
    return Finding(name, Status.UNDECIDED if unclear else Status.REFUTED, text, witness)


@dataclass(frozen=True)
class Compared:
    """f(g x) and g f(x) at every input, flattened and wide, and what rounding
    explains of their difference.
    """

    g: str
    moved: Tensor
    carried: Tensor
    outputs: Tensor
    bound: Tensor
    how: str
    estimated: tuple[str, ...] = ()

    @property
    def scale(self) -> float:
        """The largest output, here and after the move."""
        return max(float(self.outputs.abs().max()), float(self.moved.abs().nan_to_num(nan=0.0).max()))

    def judge(self, residual: Tensor) -> Status:
        """The kernel's status of one residual an input."""
        rounding = Bound({"rounding": self.bound.to(residual.device)}, self.how, estimated=self.estimated)
        evidence = measured(residual, rounding, points=len(residual), resolves=COARSE * self.scale)
        return kernel.judge(evidence, route="numeric").status


def outcome(
    g: str, moved: Tensor, carried: Tensor, outputs: Tensor, *, bound: Tensor, how: str, estimated: Sequence[str] = ()
) -> Outcome:
    """Judge one element: residuals by sample, in the largest entry, against the
    bound of that sample.
    """
    wide = torch.complex128 if outputs.is_complex() else torch.float64
    comparable = moved.shape == outputs.shape
    one = Compared(g, moved.to(wide), carried.to(wide), outputs.to(wide), bound, how, tuple(estimated))
    apart = by_sample((one.moved - one.carried).abs())
    residual = apart.amax(1)
    worst = int((residual - bound.to(residual.device)).nan_to_num(nan=math.inf).argmax())
    facts: dict[str, Any] = {
        "defect": float(residual[worst]), "bound": float(bound[worst]), "input": worst, "largest_output": one.scale, "rounding": how,
    }  # fmt: skip
    name = f"equivariance under {g}"
    if not bool(finite(residual)):
        at = int((~residual.isfinite()).nonzero()[0])
        unclear = Finding(name, Status.UNDECIDED, f"f({g} x) is not finite at input {at}", {"element": g, "input": at})
        return Outcome(unclear, Status.UNDECIDED, _plain(facts))
    change = by_sample((one.moved - one.outputs).abs()).amax(1) if comparable else None
    if change is not None:
        facts["moved_outputs_change_by"] = float(change.max())
    if one.scale < TINY:
        size = "zero" if one.scale == 0 else "below the normal numbers of float64"
        nothing = f"every output is {size}, here and after the move, so that nothing is told"
        return Outcome(Finding(name, Status.UNDECIDED, nothing, {"element": g}), Status.UNDECIDED, _plain(facts))
    still = Status.REFUTED if change is None else one.judge(change)
    status = one.judge(residual)
    drowned = _drowned(one.moved, one.carried, apart, float(bound.max())) if status is Status.HOLDS else 0
    text = _sizes(one, residual, worst, status, f"{drowned} of the {apart.shape[1]}" if drowned else "")
    entry = int(apart[worst].argmax())
    witness = {
        "element": g, "input": worst, "output_entry": entry, "f(gx)": _number(by_sample(moved)[worst, entry]),
        "g f(x)": _number(by_sample(carried)[worst, entry]), **facts,
    }  # fmt: skip
    return Outcome(Finding(name, Status.UNDECIDED if drowned else status, text, _plain(witness)), still, _plain(facts))


def _sizes(one: Compared, residual: Tensor, worst: int, status: Status, drowned: str) -> str:
    """The largest difference beside the outputs and what is explained, and what
    follows.
    """
    kind = "rounding" if one.estimated else "bound"
    size = f"|f(gx) - g f(x)| reaches {float(residual[worst]):.3g} at input {worst}, outputs {one.scale:.3g}, {kind} {float(one.bound[worst]):.2g}"
    if drowned:
        return f"{size}; {drowned} entries of an output disagree, and are too close to rounding to tell"
    if status is Status.UNDECIDED:
        return f"{size}: too close to rounding to tell"
    return f"{size} ({len(residual)} inputs; {one.how})" if status is Status.HOLDS else f"{size} ({one.how})"


def _drowned(moved: Tensor, carried: Tensor, apart: Tensor, bound: float) -> int:
    """How many entries of an output disagree at their own size, but are everywhere
    smaller than the rounding of the largest entry, which bounds all.
    """
    sizes = torch.maximum(by_sample(moved).abs(), by_sample(carried).abs()).amax(0)
    return int(((sizes <= bound) & (apart.amax(0) > COARSE * sizes)).sum())


def _number(value: Tensor) -> Any:
    item = value.item()
    return str(item) if isinstance(item, complex) else item


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in data.items()
    }


def affine(g: str, subject: Affine, on_input: Move, on_output: Move) -> Outcome:
    """W P = Q W and b = Q b, entry by entry: for every input at once, each entry
    against its own bound, so that none hides behind a large one.
    """
    W, b = subject.weight, subject.bias
    for side, move, size in (("input", on_input, W.shape[1]), ("output", on_output, W.shape[0])):
        if move.size not in (None, size):
            raise InputError(
                f"The {side} action of {short(g)} moves {move.size} coordinates, but 'weight' has {W.shape[0]} rows and {W.shape[1]} columns."
            )
    if any(m.matrix is not None and m.matrix.is_complex() for m in (on_input, on_output)):
        W, b = W.to(torch.complex128), b.to(torch.complex128)
    both, carried = _carried(W, b, on_input, on_output)
    residual, bound = (both - carried).abs(), _affine_bound(subject, on_input, on_output)
    i, j = divmod(int((residual - bound).argmax()), residual.shape[1])
    where, largest = (
        "the bias" if j == W.shape[1] else f"column {j + 1}",
        float(torch.cat([W, b[:, None]], 1).abs().max()),
    )
    change = (both[:, :-1] - W).abs()
    facts = {
        "defect": float(residual[i, j]),
        "bound": float(bound[i, j]),
        "row": i + 1,
        "place": where,
        "largest_entry": largest,
        "moved_outputs_change_by": float(change.max()),
    }
    name, still = f"equivariance under {g}", Status.HOLDS if bool((change <= bound[:, :-1]).all()) else Status.REFUTED
    if largest < TINY:
        text = (
            f"the map is {'zero' if largest == 0 else 'below the normal numbers of float64'}, so that nothing is told"
        )
        nothing = Finding(name, Status.UNDECIDED, text, {"element": g})
        return Outcome(nothing, still, facts)
    evidence = measured(
        residual,
        Bound({"products and digits": bound}, "entries off by the accuracy given, and rounding of products"),
        points=residual.numel(),
        resolves=COARSE * largest,
    )
    status = kernel.judge(evidence, route="numeric").status
    more = {Status.HOLDS: " (for every input)", Status.UNDECIDED: ": too few digits to tell"}.get(status, "")
    text = f"f(gx) and g f(x) differ by {facts['defect']:.3g} in row {i + 1}, {where}; digits and rounding explain {facts['bound']:.2g}{more}"
    return Outcome(Finding(name, status, text, _plain({"element": g, **facts})), still, _plain(facts))


def _carried(W: Tensor, b: Tensor, on_input: Move, on_output: Move) -> tuple[Tensor, Tensor]:
    """(W P | b) and Q (W | b)."""
    if on_input.images is not None:
        moved = on_input.inverse()(W, "input")
    else:
        moved = W if on_input.matrix is None else W @ on_input.matrix.to(W.dtype)
    whole = torch.cat([W, b[:, None]], 1)
    return torch.cat([moved, b[:, None]], 1), on_output(whole.T.contiguous(), "output").T


def _affine_bound(subject: Affine, on_input: Move, on_output: Move) -> Tensor:
    """How far the entries of (W P | b) - Q (W | b) may be from zero, for a map that is
    equivariant.

    Entries off by a move W P by a times the column sums of |P|, and Q W by a times the
    row sums of |Q|; those off by r |W| by r times |W| |P| and |Q| |W|; products of d
    terms round by gamma_d of the same, and decimals by a unit of roundoff when they are
    read and subtracted.
    """
    plain_in, plain_out = (m if m.matrix is None else replace(m, matrix=m.matrix.abs()) for m in (on_input, on_output))
    sizes = _carried(subject.weight.abs(), subject.bias.abs(), plain_in, plain_out)
    ones = torch.ones_like(sizes[0])
    entries = _carried(ones[:, :-1], ones[:, -1], plain_in, plain_out)
    u, digits = 2.0**-53, subject.accuracy
    bound, relative = digits * (entries[0] + entries[1]), subject.relative + (2 * u if digits else 0.0)
    if relative:  # sizes may overflow, and nothing times infinity is no bound
        bound = bound + relative * (sizes[0] + sizes[1])
    for move, size, d in ((on_input, sizes[0], len(ones[0])), (on_output, sizes[1], len(ones))):
        if not move.exact:
            bound = bound + (2 * d + 8) * u * size
    whole = torch.cat([subject.weight.abs(), subject.bias.abs()[:, None]], 1)
    bound[:, :-1] += on_input.accuracy * whole[:, :-1].sum(1, keepdim=True)
    return bound + on_output.accuracy * whole.sum(0)


def recorded_comparison(g: str, subject: Recorded, on_input: Move, on_output: Move) -> Outcome:
    """f(g x) as it was recorded against g f(x); the rounding of the map is not
    known, and estimated where no accuracy is given.
    """
    outputs, moved = subject.outputs, subject.moved_outputs[g]
    on_input(subject.inputs, "input")  # the sizes have to fit, though the moved inputs were the user's to make
    carried = on_output(outputs, "output")
    samples = len(outputs)
    if subject.accuracy is not None:
        error = torch.full((samples,), subject.accuracy * (1 + on_output.gain), dtype=torch.float64)
        unit = (
            0.0
            if on_output.exact
            else (2 * by_sample(outputs).shape[1] + 8) * torch.finfo(outputs.dtype).eps / 2 * on_output.gain
        )
        return outcome(
            g,
            moved,
            carried,
            outputs,
            bound=error + unit * float(outputs.abs().max()),
            how="outputs within the accuracy given",
        )
    width = by_sample(subject.inputs).shape[1]
    error = (
        (width + 8) * torch.finfo(outputs.dtype).eps * (1 + on_output.gain) * by_sample(outputs).abs().amax(1).double()
    )
    how = "rounding estimated as that of one linear layer; give 'accuracy' to say otherwise"
    return outcome(g, moved, carried, outputs, bound=error, how=how, estimated=("rounding",))
