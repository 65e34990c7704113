"""The audit of a map under group actions on its inputs and outputs: how far f(g x) is from g f(x), and what rounding explains of that.

The map is a torch module or a function of a batch, an affine map or a record of outputs from a file
(:mod:`proofs_checks.audits.equivariance_file`). Nothing about the map is changed: not its mode, its weights, its device or its precision.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.equivariance_actions import Move, by_sample, read_move, read_representation
from proofs_checks.audits.equivariance_calls import Call, determinism, finite, read_inputs, rounding, train_mode
from proofs_checks.audits.equivariance_file import (
    Affine,
    EquivarianceFile,
    read_equivariance_data,
    read_equivariance_file,
)
from proofs_checks.audits.equivariance_findings import (
    Actions,
    Outcome,
    Relation,
    affine,
    homomorphisms,
    outcome,
    recorded,
)
from proofs_checks.audits.equivariance_report import PRODUCTS, report
from proofs_checks.audits.reading import short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from theory.groups.presentations import WordError, read_relation

STEPS = 12  # how far a map is followed along products of the elements named


def audit_equivariance(
    source: Any,
    *,
    inputs: Tensor | np.ndarray | None = None,
    actions: Mapping[str, tuple[Any, Any]] | None = None,
    representation: tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None] | None = None,
    elements: Sequence[Hashable] = (),
    product: Callable[[Any, Any], Hashable] | None = None,
    relations: Sequence[str] = (),
    subject: str = "",
) -> AuditReport:
    """Judge whether a map is equivariant, invariant or neither.

    Args:
        source: A path to JSON or NPZ, the same data as a dict, a torch module, or a function from a batch to a batch.
        inputs: With a module or a function: a batch of inputs, the first axis counting samples. A function is handed NumPy arrays
            when they are NumPy arrays.
        actions: Name -> (on inputs, on outputs), for each generator. An action is None or ``"trivial"``, a list of 0-based images of positions,
            a square matrix (either acts on a sample's last axis or on all of it flattened), or a function of a batch of tensors.
        representation: Instead of actions: two functions from an element to its matrix, on inputs and on outputs (None: trivial).
        elements: The elements at which ``representation`` is evaluated, at most 64.
        product: Their product, (g, h) -> gh; the matrices are then checked to follow it.
        relations: Such as ``"r^4"`` or ``"s*r*s = r^-1"`` among the names in ``actions``, which the actions are then checked to obey.
        subject: What to call the map.
    Raises:
        InputError: something cannot be read, fits nothing, or raises when called; the message says what was expected.
    """
    if isinstance(source, (str, Path, dict)):
        if inputs is not None or actions is not None or representation is not None or relations:
            raise InputError(
                "A file holds its own inputs, actions and relations; pass them with a module or a function only."
            )
        content = read_equivariance_data(source) if isinstance(source, dict) else read_equivariance_file(source)
        return _audit_file(
            content, subject or content.title or (Path(source).name if not isinstance(source, dict) else "a map")
        )
    if not callable(source) or isinstance(source, type):
        raise InputError(
            f"Expected a path, a dict, a torch module or a function, got {short(source)}. An instance is audited, not its class."
        )
    on_inputs, on_outputs = _read_actions(actions, representation, elements)
    batch = read_inputs(source, inputs)
    given = Actions(on_inputs, on_outputs, _relations(relations, list(on_inputs)), elements, product)
    name = subject or (
        type(source).__name__ if isinstance(source, nn.Module) else getattr(source, "__name__", "a function")
    )
    if stopped := train_mode(source):
        return _stopped(name, stopped, on_inputs)
    call = Call(source, isinstance(inputs, np.ndarray) and not isinstance(source, nn.Module))
    with torch.random.fork_rng(devices=[]):  # a random map shall not move the reader's generator
        return _audit_calls(name, call, batch, given)


def _audit_calls(name: str, call: Call, batch: Tensor, actions: Actions) -> AuditReport:
    outputs = call(batch)
    findings = homomorphisms(actions, batch, outputs)
    findings.append(determinism(outputs, call(batch)))
    if findings[-1].status is not Status.HOLDS:
        return report(name, findings, [], "")
    if not bool(finite(outputs)):
        at = int((~by_sample(outputs.isfinite()).all(1)).nonzero()[0])
        text = f"{int((~outputs.isfinite()).sum())} outputs are not finite, first at input {at}"
        findings.append(Finding("finite outputs", Status.UNDECIDED, text, {"input": at}))
        return report(name, findings, [], "")
    error = _error(call, batch, outputs)
    outcomes = [_compare(g, call, (batch, outputs, error), actions)[0] for g in actions.on_inputs]
    where = "at the inputs given"
    if all(o.finding.status is Status.HOLDS for o in outcomes) and actions.product is None:
        findings.append(_moved(call, (batch, outputs, error), actions))
        where += f" and along a walk of {STEPS} steps from them"
    return report(name, findings, outcomes, f"{where}; a map that is called is known nowhere else")


# -- reading -----------------------------------------------------------------------------------------------------------


def _read_actions(
    actions: Any, representation: Any, elements: Sequence[Hashable]
) -> tuple[dict[str, Move], dict[str, Move]]:
    if (actions is None) == (representation is None):
        raise InputError(
            "Expected either actions={name: (on inputs, on outputs)} or representation=(rho_in, rho_out) with elements=[...]."
        )
    if representation is not None:
        if not isinstance(representation, (tuple, list)) or len(representation) != 2:
            raise InputError(
                f"Expected two functions (on inputs, on outputs) in representation, got {short(representation)}."
            )
        return read_representation(elements, representation[0], "input"), read_representation(
            elements, representation[1], "output"
        )
    if not isinstance(actions, Mapping) or not actions:
        raise InputError(
            f"Expected a non-empty mapping from names to pairs (on inputs, on outputs) in actions, got {short(actions)}."
        )
    found: tuple[dict[str, Move], dict[str, Move]] = {}, {}
    for name, pair in actions.items():
        if not isinstance(name, str) or not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError(
                f'Expected a pair (on inputs, on outputs) for the action {short(name)}, got {short(pair)}. Write "trivial" where nothing moves.'
            )
        for side, moves, given in zip(("input", "output"), found, pair, strict=True):
            moves[name] = read_move(name, given, side)
    return found


def _relations(texts: Sequence[str], names: Sequence[str]) -> list[Relation]:
    try:
        return [(text, read_relation(text, names)) for text in ([texts] if isinstance(texts, str) else texts)]
    except WordError as error:
        raise InputError(f"In relations: {error}") from None


# -- a map that is called ---------------------------------------------------------------------------------------------


def _stopped(name: str, why: str, moves: Mapping[str, Move]) -> AuditReport:
    later = [Finding(f"equivariance under {g}", Status.INAPPLICABLE, "not measured") for g in moves]
    findings = [Finding("same output twice", Status.UNDECIDED, why), *later]
    return AuditReport(
        "equivariance",
        name,
        findings,
        "Nothing was measured, and the module was not called.",
        "Call .eval() on it, and audit again.",
        {"kind": "undecided"},
    )


Point = tuple[Tensor, Tensor, tuple[Tensor, str]]  # x, f(x), and how far rounding has moved f(x)


def _error(call: Call, batch: Tensor, outputs: Tensor) -> tuple[Tensor, str]:
    if outputs.is_floating_point() or outputs.is_complex():
        return rounding(call, batch, outputs)
    return torch.zeros(len(batch), dtype=torch.float64), "whole numbers are compared exactly"


def _compare(g: str, call: Call, point: Point, actions: Actions) -> tuple[Outcome, Point]:
    """f(g x) against g f(x) at one batch x; and the batch g x, with what is known of it."""
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
        return outcome(g, moved, carried, outputs, bound=error, how=how), there
    here = torch.finfo(outputs.dtype).eps / 2 * by_sample(outputs).abs().amax(1).double()
    moving = here * (0.0 if on_output.exact else (2 * by_sample(outputs).shape[1] + 8) * on_output.gain)
    bound = error_moved[0] + on_output.gain * error + moving + here
    return outcome(g, moved, carried, outputs, bound=bound, how=how, estimated=("rounding",)), there


def _moved(call: Call, point: Point, actions: Actions) -> Finding:
    """The same comparison at x, g x, h g x, ...: a map may follow every generator at x and fail at g x, so that it fails for g g.

    The letters of the walk are drawn once and for all; a single element is applied again and again.
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


# -- files -------------------------------------------------------------------------------------------------------------


def _audit_file(content: EquivarianceFile, name: str) -> AuditReport:
    actions = Actions(content.on_inputs, content.on_outputs, _relations(content.relations, list(content.on_inputs)))
    subject = content.subject
    if isinstance(subject, Affine):
        rows, columns = subject.weight.shape
        inputs, outputs = subject.weight.new_zeros(1, columns), subject.weight.new_zeros(1, rows)
        findings = homomorphisms(actions, inputs, outputs)
        outcomes = [affine(g, subject, content.on_inputs[g], content.on_outputs[g]) for g in content.on_inputs]
        where = "for every input, and so under every product of these"
    else:
        findings = homomorphisms(actions, subject.inputs, subject.outputs)
        outcomes = [recorded(g, subject, content.on_inputs[g], content.on_outputs[g]) for g in content.on_inputs]
        where = "at the inputs recorded; the map is known nowhere else"
    return report(name, findings, outcomes, where)
