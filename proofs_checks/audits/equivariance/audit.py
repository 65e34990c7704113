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

from proofs_checks.audits.equivariance.calls import Called, of_calls, stopped
from proofs_checks.audits.equivariance.findings import Actions, Comparison, Relation, affine, homomorphisms, recorded
from proofs_checks.audits.equivariance.wording import report
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport
from proofs_checks.inputs.actions import Move, read_move, read_representation
from proofs_checks.inputs.equivariance_files import Affine, Recorded, read_equivariance_data, read_equivariance_file
from proofs_checks.inputs.layers import Call, read_inputs, train_mode
from proofs_checks.wording import short
from theory.groups.words import WordError, read_relations


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
        source: A path to JSON or NPZ, the same data as a dict, a torch module, or a
            function from a batch to a batch.
        inputs: With a module or a function: a batch of inputs, the first axis counting
            samples. A function is handed NumPy arrays when they are NumPy arrays.
        actions: Name -> (on inputs, on outputs), for each generator. An action is None
            or ``"trivial"``, a list of 0-based images of positions, a square matrix
            (either acts on a sample's last axis or on all of it flattened), or a
            function of a batch of tensors.
        representation: Instead of actions: two functions from an element to its matrix,
            on inputs and on outputs (None: trivial).
        elements: The elements at which ``representation`` is evaluated, at most 64.
        product: Their product, (g, h) -> gh; the matrices are then checked to follow
            it.
        relations: Such as ``"r^4"`` or ``"s*r*s = r^-1"`` among the names in
            ``actions``, which the actions are then checked to obey.
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
        on_inputs, on_outputs = _read_actions(actions, representation, elements)
        given = Actions(on_inputs, on_outputs, _relations(relations, list(on_inputs)), elements, product)
        asked = _from_python(source, inputs, given)
    return report(subject or asked.name, _compared(asked))


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
        return stopped(asked.map.stopped, asked.actions)
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
        outcomes = [recorded(g, subject, actions.on_inputs[g], actions.on_outputs[g]) for g in names]
        where = "at the inputs recorded; the map is known nowhere else"
    return Comparison(homomorphisms(actions, inputs, outputs), outcomes, where)


# -- reading -----------------------------------------------------------------------------------------------------------


def _from_file(source: str | Path | dict[str, Any]) -> Asked:
    content = read_equivariance_data(source) if isinstance(source, dict) else read_equivariance_file(source)
    relations = _relations(content.relations, list(content.on_inputs))
    name = content.title or ("a map" if isinstance(source, dict) else Path(source).name)
    return Asked(name, content.subject, Actions(content.on_inputs, content.on_outputs, relations))


def _from_python(source: Any, inputs: Tensor | np.ndarray | None, actions: Actions) -> Asked:
    batch = read_inputs(source, inputs)
    name = type(source).__name__ if isinstance(source, nn.Module) else getattr(source, "__name__", "a function")
    call = Call(source, isinstance(inputs, np.ndarray) and not isinstance(source, nn.Module))
    return Asked(name, Called(call, batch, train_mode(source)), actions)


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
        given = [texts] if isinstance(texts, str) else texts
        return [(text, word) for text in given for word in read_relations(text, names)]
    except WordError as error:
        raise InputError(f"In relations: {error}") from None
