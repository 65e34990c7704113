"""A map that is called: f(g x) against g f(x) at the inputs given, and at inputs
that the elements have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from proofs_checks.audits.equivariance.findings import PRODUCTS, Actions, Comparison, Outcome, homomorphisms, outcome
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.actions import Move
from proofs_checks.inputs.calls import by_sample
from proofs_checks.inputs.gathers import is_gather
from proofs_checks.inputs.layers import Call, determinism, finite, rounding
from proofs_checks.kernel import Status
from proofs_checks.wording import short

ALONE = 3  # samples that are moved alone too
STEPS = 12  # how far a map is followed along products of the elements named
Point = tuple[Tensor, Tensor, tuple[Tensor, str]]  # x, f(x), and how far rounding has moved f(x)


@dataclass(frozen=True)
class Called:
    """A map that can be called, a batch of its inputs, and why it is not called
    after all (empty where it is).
    """

    call: Call
    batch: Tensor
    stopped: str = ""


def no_comparison(why: str, actions: Actions) -> Comparison:
    """Nothing was measured."""
    later = [Finding(f"equivariance under {g}", Status.INAPPLICABLE, "not measured") for g in actions.on_inputs]
    return Comparison([Finding("same output twice", Status.UNDECIDED, why), *later], [], "", called=False)


def of_calls(call: Call, batch: Tensor, actions: Actions) -> Comparison:
    """Actions, determinism, then every element, then a walk along products of them."""
    outputs = call(batch)
    _require_one_each(call, actions)
    require_by_sample(actions, batch, outputs)
    findings = homomorphisms(actions, batch, outputs)
    findings.append(determinism(outputs, call(batch)))
    if findings[-1].status is not Status.HOLDS:
        return Comparison(findings, [], "")
    if not bool(finite(outputs)):
        at = int((~by_sample(outputs.isfinite()).all(1)).nonzero()[0])
        text = f"{int((~outputs.isfinite()).sum())} outputs are not finite, first at input {at}"
        findings.append(Finding("finite outputs", Status.UNDECIDED, text, {"input": at}))
        return Comparison(findings, [], "")
    error = _error(call, batch, outputs)
    outcomes = [_compare(g, call, (batch, outputs, error), actions)[0] for g in actions.on_inputs]
    where = "at the inputs given"
    if all(o.finding.status is Status.HOLDS for o in outcomes) and actions.product is None:
        findings.append(_moved(call, (batch, outputs, error), actions))
        where += f" and along a walk of {STEPS} steps from them"
    return Comparison(findings, outcomes, f"{where}; a map that is called is known nowhere else")


def _require_one_each(call: Call, actions: Actions) -> None:
    """A permutation or a matrix moves one tensor; of several it is not said which."""
    for side, layout, moves in (
        ("input", call.inputs, actions.on_inputs),
        ("output", call.outputs.layout, actions.on_outputs),
    ):
        if layout is None:
            continue
        for g, move in moves.items():
            if move.size is not None:
                raise InputError(
                    f"The map has {len(layout.shapes)} {side} tensors, of shapes {layout.words} a sample, and {short(g)} moves {side}s by one permutation or "
                    "matrix. Give a tuple of one action for each tensor, or a function of all of them."
                )


def require_by_sample(actions: Actions, batch: Tensor, outputs: Tensor) -> None:
    """Refuse an action that moves samples among each other: any map of single samples
    commutes with it.

    Raises:
        InputError: a function of a batch has another value at a sample than alone.
    """
    for side, moves, rows in (("input", actions.on_inputs, batch), ("output", actions.on_outputs, outputs)):
        for g, move in moves.items():
            if move.function is None:
                continue
            few = rows if len(rows) > 1 else torch.cat([rows, _another(rows)])
            together = move(few, side)
            for k in range(min(ALONE, len(few))):
                alone = move(few[k : k + 1], side)
                if together.shape[1:] != alone.shape[1:] or len(together) != len(few):
                    mixes = True
                else:
                    gap = (together[k] - alone[0]).abs()
                    unit = torch.finfo(gap.dtype).eps if gap.is_floating_point() else 0.0
                    mixes = bool((gap > 64 * max(2, *few.shape) * unit * few.abs().max()).any())
                if mixes:
                    raise InputError(
                        f"The action of {short(g)} on {side}s moves a sample otherwise alone than in a batch: does it act on the first axis, which counts samples? "
                        "Axes of a sample are counted from the end: z.roll(1, -1), z.flip(-1)."
                    )


def _another(rows: Tensor) -> Tensor:
    """A second sample, unlike the only one."""
    return ~rows if rows.dtype == torch.bool else rows + 1


def _error(call: Call, batch: Tensor, outputs: Tensor) -> tuple[Tensor, str]:
    if outputs.is_floating_point() or outputs.is_complex():
        return rounding(call, batch, outputs)
    return torch.zeros(len(batch), dtype=torch.float64), "whole numbers are compared exactly"


def _compare(g: str, call: Call, point: Point, actions: Actions) -> tuple[Outcome, Point]:
    """f(g x) against g f(x) at one batch x; and the batch g x, with what is known of
    it.
    """
    (batch, outputs, (error, how)), on_input, on_output = point, actions.on_inputs[g], actions.on_outputs[g]
    moved_inputs = on_input(batch, "input")
    moved = call(moved_inputs)
    carried = on_output(outputs, "output")
    if moved.shape != carried.shape:
        raise InputError(
            f"f(x) moved by {short(g)} has shape {tuple(carried.shape)}, but f({g} x) has {tuple(moved.shape)}. Do the actions belong to these shapes?"
        )
    error_moved = _error(call, moved_inputs, moved)
    there = moved_inputs, moved, error_moved
    if not outputs.is_floating_point() and not outputs.is_complex():
        return _told(outcome(g, moved, carried, outputs, bound=error, how=how), g, point, moved_inputs, actions), there
    here = torch.finfo(outputs.dtype).eps / 2 * by_sample(outputs).abs().amax(1).double()
    moving = _of_moving(on_output, outputs, carried)
    bound = error_moved[0] + on_output.gain * error + moving + here
    found = outcome(g, moved, carried, outputs, bound=bound, how=how, estimated=("rounding",))
    return _told(found, g, point, moved_inputs, actions), there


def _told(found: Outcome, g: str, point: Point, moved_inputs: Tensor, actions: Actions) -> Outcome:
    """Of inputs that an element leaves where they are nothing is told; beside others it
    may be the identity."""
    still = found.finding.status is Status.HOLDS and torch.equal(moved_inputs, point[0])
    if not still or (len(actions.on_inputs) > 1 and _moves_nothing(actions.on_inputs[g], point[0])):
        return found
    text = f"{g} moves none of these inputs, so that nothing is told; give others, which it moves"
    finding = replace(found.finding, status=Status.UNDECIDED, text=text)
    return replace(found, finding=finding, invariant=Status.UNDECIDED)


def _moves_nothing(move: Move, batch: Tensor) -> bool:
    """Whether it leaves noise where it is too: the identity, among other elements."""
    if move.is_identity:
        return True
    if not batch.is_floating_point():
        return False
    noise = torch.randn(batch.shape, dtype=batch.dtype, generator=torch.Generator().manual_seed(0)).to(batch.device)
    moved = move(noise, "input")
    return bool(((moved - noise).abs() <= 64 * torch.finfo(batch.dtype).eps * noise.abs().max()).all())


def _of_moving(move: Move, outputs: Tensor, carried: Tensor) -> Tensor:
    """What moving the outputs rounds, sample by sample: nothing where entries are
    gathered; gamma of a product by a matrix, with what its entries are off by; of
    another function the estimate that a map gets, or gamma of a sum along its longest
    axis.
    """
    largest = by_sample(outputs).abs().amax(1).double()
    if move.exact or is_gather(move, outputs, carried, "output"):
        return torch.zeros_like(largest)
    unit = torch.finfo(outputs.dtype).eps / 2
    if move.matrix is not None:
        return ((2 * len(move.matrix) + 8) * unit * move.gain + len(move.matrix) * move.accuracy) * largest
    estimate, _ = rounding(Call(lambda batch: move(batch, "output")), outputs, carried)
    return estimate + (2 * max(outputs.shape[1:], default=1) + 8) * unit * largest


def _moved(call: Call, point: Point, actions: Actions) -> Finding:
    """The same comparison at x, g x, h g x, ...: a map may follow every generator at x
    and fail at g x, so that it fails for g g.

    The letters of the walk are drawn once and for all; a single element is applied
    again and again.
    """
    names, letters, word, doubt = list(actions.on_inputs), Random(0), [], None
    for step in range(STEPS):
        g, here = names[letters.randrange(len(names))], _shortened(word) or "e"
        found, point = _compare(g, call, point, actions)
        status, witness = found.finding.status, {"moved by": here, **(found.finding.witness or {})}
        text = f"at inputs moved by {here} (step {step} of {STEPS}), {g}: {found.finding.text}"
        if status is Status.REFUTED:
            return Finding(PRODUCTS, status, text, witness)
        if doubt is None and status is not Status.HOLDS:
            doubt = Finding(PRODUCTS, status, text, witness)
        if not bool(finite(point[1])):
            break
        word.append(g)
    text = f"f(g y) = g f(y) at y = w x for w = {_shortened(word)} and its last letters, each time up to rounding"
    return doubt or Finding(PRODUCTS, Status.HOLDS, text)


def _shortened(word: Sequence[str]) -> str:
    """The product with the last step first, runs as powers."""
    runs: list[list[Any]] = []
    for g in reversed(word):
        if runs and runs[-1][0] == g:
            runs[-1][1] += 1
        else:
            runs.append([g, 1])
    return "*".join(g if k == 1 else f"{g}^{k}" for g, k in runs)
