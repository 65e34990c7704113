"""The audit of a map under group actions on its inputs and outputs: how far f(g x) is
from g f(x), and what rounding explains of that.

The map is a torch module or a function of a batch, an affine map or a record of outputs
from a file (:mod:`proofs_checks.inputs.equivariance_files`). Nothing about the map is
changed: not its mode, its weights, its device or its precision.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proofs_checks.audits.equivariance.calls import Called, no_comparison, of_calls
from proofs_checks.audits.equivariance.findings import (
    Actions,
    Comparison,
    Relation,
    affine,
    homomorphisms,
    recorded_comparison,
)
from proofs_checks.audits.equivariance.meanings import report
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport
from proofs_checks.inputs.actions import Move, read_move, read_representation
from proofs_checks.inputs.equivariance_files import Affine, Recorded, read_equivariance_data, read_equivariance_file
from proofs_checks.inputs.files import file_label
from proofs_checks.inputs.layers import Call, read_several, train_mode
from proofs_checks.inputs.packed_tensors import Seen, on_rows
from proofs_checks.wording import short
from theory.groups.words import WordError, read_all_relations


def audit_equivariance(
    source: Any,
    *,
    inputs: Tensor | np.ndarray | Sequence[Tensor | np.ndarray] | None = None,
    actions: Mapping[str, tuple[Any, Any]] | None = None,
    representation: tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None] | None = None,
    elements: Sequence[Hashable] = (),
    product: Callable[[Any, Any], Hashable] | None = None,
    relations: Sequence[str] = (),
    axis: int | tuple[int | None, int | None] | None = None,
    subject: str = "",
) -> AuditReport:
    """Judge whether a map is equivariant, invariant or neither.

    Args:
        source: A path to JSON or NPZ, the same data as a dict, a torch module, or a
            function from a batch to a batch.
        inputs: With a module or a function: a batch of inputs, the first axis counting
            samples; or a tuple of batches for a map f(x, a). A function is handed NumPy
            arrays when they are NumPy arrays.
        actions: Name -> (on inputs, on outputs), for each generator. An action is None
            or ``"trivial"``, a list of 0-based images of positions, a square matrix
            (either acts on the one axis of a sample that has its size, or on all of it
            flattened), or a function of a batch of tensors. Of several tensors: a
            function of all of them, or a tuple of one action for each. Functions that
            move entries (``torch.rot90``, ``flip``, indexing) are found to round
            nothing.
        representation: Instead of actions: two functions from an element to its matrix,
            on inputs and on outputs (None: trivial); of several tensors a tuple of one
            function for each.
        elements: The elements at which ``representation`` is evaluated, at most 64.
        product: Their product, (g, h) -> gh; the matrices are then checked to follow
            it.
        relations: Such as ``"r^4"`` or ``"s*r*s = r^-1"`` among the names in
            ``actions``, which the actions are then checked to obey.
        axis: The axis of a sample, from 0, that lists of images and matrices move; or a
            pair for inputs and outputs. It is asked for where several axes fit.
        subject: What to call the map.
    Raises:
        InputError: something cannot be read, fits nothing, or raises when called; the
            message says what was expected.
    """
    if isinstance(source, (str, Path, dict)):
        if inputs is not None or actions is not None or representation is not None or relations:
            raise InputError(
                "A file holds its own inputs, actions and relations; pass them with a module or a function only."
            )
        asked = _from_file(source)
    else:
        if not callable(source) or isinstance(source, type):
            raise InputError(
                f"Expected a path, a dict, a torch module or a function, got {short(source)}. An instance is audited, not its class."
            )
        asked = _from_python(source, inputs, Asking(actions, representation, elements, product, relations, axis))
    return report(subject or asked.name, _compared(asked))


@dataclass(frozen=True)
class Asking:
    """What a user says about the group, as it was given."""

    actions: Any
    representation: Any
    elements: Sequence[Hashable]
    product: Callable[[Any, Any], Hashable] | None
    relations: Sequence[str]
    axis: Any


@dataclass(frozen=True)
class Asked:
    """What was read: a map as far as it is known, and the actions that it is asked
    about.
    """

    name: str
    map: Called | Affine | Recorded
    actions: Actions


def _compared(asked: Asked) -> Comparison:
    """f(g x) against g f(x) for every element, as far as the map is known."""
    if not isinstance(asked.map, Called):
        return _of_record(asked.map, asked.actions)
    if asked.map.stopped:
        return no_comparison(asked.map.stopped, asked.actions)
    with torch.random.fork_rng(devices=[]):  # a random map shall not move the user's generator
        return of_calls(asked.map.call, asked.map.batch, asked.actions)


def _of_record(subject: Affine | Recorded, actions: Actions) -> Comparison:
    names = list(actions.on_inputs)
    if isinstance(subject, Affine):
        rows, columns = subject.weight.shape
        inputs, outputs = subject.weight.new_zeros(1, columns), subject.weight.new_zeros(1, rows)
        outcomes = [affine(g, subject, actions.on_inputs[g], actions.on_outputs[g]) for g in names]
        where = "for every input, and so under every product of these"
    else:
        inputs, outputs = subject.inputs, subject.outputs
        outcomes = [recorded_comparison(g, subject, actions.on_inputs[g], actions.on_outputs[g]) for g in names]
        where = "at the inputs recorded; the map is known nowhere else"
    return Comparison(homomorphisms(actions, inputs, outputs), outcomes, where)


# -- reading -----------------------------------------------------------------------------------------------------------


def _from_file(source: str | Path | dict[str, Any]) -> Asked:
    content = read_equivariance_data(source) if isinstance(source, dict) else read_equivariance_file(source)
    relations = _relations(content.relations, list(content.on_inputs))
    name = content.title or ("a map" if isinstance(source, dict) else file_label(source))
    return Asked(name, content.subject, Actions(content.on_inputs, content.on_outputs, relations))


def _from_python(source: Any, inputs: Any, given: Asking) -> Asked:
    sides = (_Side("input", Seen(), _axis(given.axis, 0)), _Side("output", Seen(), _axis(given.axis, 1)))
    on_inputs, on_outputs = _read_actions(given, *sides)
    batch, layout = read_several(source, inputs)
    sides[0].seen.layout = layout
    name = type(source).__name__ if isinstance(source, nn.Module) else getattr(source, "__name__", "a function")
    first = inputs[0] if layout is not None else inputs
    call = Call(source, isinstance(first, np.ndarray) and not isinstance(source, nn.Module), layout, sides[1].seen)
    relations = _relations(given.relations, list(on_inputs))
    actions = Actions(on_inputs, on_outputs, relations, given.elements, given.product)
    return Asked(name, Called(call, batch, train_mode(source)), actions)


@dataclass(frozen=True)
class _Side:
    """Inputs or outputs: the word for them, how several tensors lie there once that is
    known, and the axis that is moved."""

    word: str
    seen: Seen
    axis: int | None

    def move(self, name: str, given: Any) -> Move:
        """What a user gave for one element, on one tensor or on several."""
        several = isinstance(given, tuple) and bool(given) and not all(isinstance(x, (int, np.integer)) for x in given)
        if several and not all(isinstance(x, (tuple, list)) and len(x) == len(given) for x in given):
            moves = [read_move(name, one, self.word, self.axis) for one in given]
            return Move(name, function=on_rows(given, moves, self.seen, self.word))
        one = read_move(name, given, self.word, self.axis)
        if one.function is None:
            return one
        rows, plain = on_rows(one.function, None, self.seen, self.word), one.function
        return Move(name, function=lambda batch: plain(batch) if self.seen.layout is None else rows(batch))

    def by_elements(self, elements: Sequence[Hashable], function: Any) -> dict[str, Move]:
        """What a function from elements to matrices gives, or a tuple of one for each
        tensor."""
        if not isinstance(function, tuple):
            return read_representation(elements, function, self.word, self.axis)
        if not function:
            raise InputError(f"Expected a function from elements to matrices for each {self.word}, got an empty tuple.")
        each = [read_representation(elements, one, self.word, self.axis) for one in function]
        together = {name: [moves[name] for moves in each] for name in each[0]}
        return {
            name: Move(name, function=on_rows(function, moves, self.seen, self.word))
            for name, moves in together.items()
        }


def _axis(given: Any, side: int) -> int | None:
    values = given if isinstance(given, tuple) else (given, given)
    if len(values) != 2 or not all(x is None or (isinstance(x, int) and not isinstance(x, bool)) for x in values):
        raise InputError(
            f"Expected axis as the number of an axis of a sample, from 0, or a pair (on inputs, on outputs), got {short(given)}."
        )
    return values[side]


def _read_actions(given: Asking, inputs: _Side, outputs: _Side) -> tuple[dict[str, Move], dict[str, Move]]:
    actions, representation = given.actions, given.representation
    if (actions is None) == (representation is None):
        raise InputError(
            "Expected either actions={name: (on inputs, on outputs)} or representation=(rho_in, rho_out) with elements=[...]."
        )
    if representation is not None:
        if not isinstance(representation, (tuple, list)) or len(representation) != 2:
            raise InputError(
                f"Expected two functions (on inputs, on outputs) in representation, got {short(representation)}."
            )
        first, second = (
            side.by_elements(given.elements, function)
            for function, side in zip(representation, (inputs, outputs), strict=True)
        )
        return first, second
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
        for side, moves, one in zip((inputs, outputs), found, pair, strict=True):
            moves[name] = side.move(name, one)
    return found


def _relations(texts: Sequence[str], names: Sequence[str]) -> list[Relation]:
    try:
        return read_all_relations([texts] if isinstance(texts, str) else texts, names)
    except WordError as error:
        raise InputError(f"In relations: {error}") from None
