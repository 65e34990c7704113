"""The file formats of the equivariance audit: JSON and NPZ; both are data, and nothing in them is run.

A JSON object::

    {"title": "...",                                             optional
     "map": {"weight": [[...], ...], "bias": [...]},               an affine map y = W x + b (bias optional), or
     "recorded": {"inputs": [...], "outputs": [...],               any map by what it gave: x, f(x),
                  "moved_outputs": {"r": [...]}},                       and f(r x) for each action
     "actions": {"r": {"input": [1, 2, 3, 0], "output": "trivial"}},   0-based images, a square matrix, or "trivial"
     "relations": ["r^4"],                                       optional
     "accuracy": 1e-6}                                             optional: how far entries of the map, or outputs, may be off;
                                                                   decimals are otherwise taken as within half of the last digit written

An NPZ file holds the same as arrays: ``weight``, ``bias`` or ``inputs``, ``outputs``, ``moved_outputs_r``; ``input_r`` and ``output_r`` for each action
r (the text "trivial" is an array of text), ``relations`` (texts) and ``accuracy``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_checks.audits.equivariance_actions import Move, read_move
from proofs_checks.audits.reading import Decimal, read_arrays, read_json, require_dense, short
from proofs_checks.errors import InputError

_FIELDS = {"title", "map", "recorded", "actions", "relations", "accuracy"}


@dataclass(frozen=True)
class Affine:
    """y = W x + b, float64 or complex128; how far each entry may be from the one meant: ``accuracy``, and ``relative`` times its size."""

    weight: Tensor
    bias: Tensor
    accuracy: float
    relative: float = 0.0


@dataclass(frozen=True)
class Recorded:
    """Inputs, outputs, and the outputs at moved inputs; ``accuracy`` is how far an output may be off, None where nobody said."""

    inputs: Tensor
    outputs: Tensor
    moved_outputs: dict[str, Tensor]
    accuracy: float | None


@dataclass(frozen=True)
class EquivarianceFile:
    """A file that was read."""

    title: str
    subject: Affine | Recorded
    on_inputs: dict[str, Move]
    on_outputs: dict[str, Move]
    relations: tuple[str, ...]


def read_equivariance_file(path: str | Path) -> EquivarianceFile:
    """A ``.npz`` file as NPZ, any other as JSON.

    Raises:
        InputError: naming what was expected and what came.
    """
    path = Path(path)
    return read_equivariance_data(_read_npz(path) if path.suffix.lower() == ".npz" else read_json(path))


def read_equivariance_data(data: Any) -> EquivarianceFile:
    """The same from parsed JSON, or from a dict of that shape with arrays."""
    _object(data, "the file")
    if unknown := set(data) - _FIELDS:
        raise InputError(
            f"Unknown field {short(sorted(map(str, unknown))[0])}; the fields are {', '.join(sorted(_FIELDS))}."
        )
    if ("map" in data) == ("recorded" in data):
        raise InputError(
            "Expected either 'map' (a weight and a bias) or 'recorded' (inputs, outputs, moved_outputs); see examples/equivariance_circulant.json."
        )
    actions = data.get("actions")
    _object(actions, "'actions'")
    if not actions:
        raise InputError("'actions' is empty: give how at least one element moves inputs and outputs.")
    on_inputs, on_outputs = {}, {}
    for name, given in actions.items():
        _object(given, f"the action {short(name)}")
        if set(given) != {"input", "output"}:
            raise InputError(
                f'Expected the fields "input" and "output" in the action {short(name)}, got {", ".join(sorted(given)) or "none"}. Write "trivial" where nothing moves.'
            )
        on_inputs[name], on_outputs[name] = (read_move(name, given[side], side) for side in ("input", "output"))
    relations = data.get("relations", [])
    if not isinstance(relations, (list, tuple)) or not all(isinstance(text, str) for text in relations):
        raise InputError(f"Expected a list of relations such as \"r^4\" in 'relations', got {short(relations)}.")
    title = data.get("title", "")
    if not isinstance(title, str):
        raise InputError(f"Expected a text in 'title', got {short(title)}.")
    accuracy = _accuracy(data.get("accuracy"))
    subject = (
        _read_map(data["map"], accuracy) if "map" in data else _read_recorded(data["recorded"], list(actions), accuracy)
    )
    return EquivarianceFile(title, subject, on_inputs, on_outputs, tuple(relations))


def _object(value: Any, where: str) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"Expected an object with named fields in {where}, got {short(value)}.")


def _accuracy(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e300:
        raise InputError(f"Expected a number of at least 0 in 'accuracy', got {short(value)}.")
    return float(value)


def _written(value: Any) -> float | None:
    """Half a unit in the last place of the longest decimal in nested lists; None where there is none."""
    digits, waiting = None, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (list, tuple)):
            waiting += item
        elif isinstance(item, Decimal):
            digits = item.digits if digits is None else max(digits, item.digits)
    return None if digits is None else 0.5 * 10.0**-digits


def _holds_truth_values(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_truth_values, value))
    return isinstance(value, bool)


def _array(value: Any, where: str) -> Tensor:
    """Numbers in a regular array, as float64 or complex128 (recorded narrower floats keep their dtype)."""
    require_dense(value, where)
    if _holds_truth_values(value):
        raise InputError(f"Expected numbers in {where}, got true or false among them; write 1 or 0.")
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"Expected rows of equal length in {where}; they differ.") from None
    if array.dtype.kind not in "iufc" or array.size == 0:
        raise InputError(
            f"Expected numbers in {where} (that float64 can hold; complex ones from NPZ or Python), got {short(value)}."
            if array.size
            else f"{where} is empty."
        )
    if not np.isfinite(array).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{where} holds {array[at]} at index {at}; every entry has to be finite.")
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    elif array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))


def _read_map(given: Any, accuracy: float | None) -> Affine:
    _object(given, "'map'")
    if "weight" not in given or set(given) - {"weight", "bias"}:
        raise InputError(
            f"Expected 'weight' and possibly 'bias' in 'map', got {', '.join(sorted(given)) or 'nothing'}."
        )
    weight = _array(given["weight"], "'weight'")
    if weight.ndim != 2:
        raise InputError(f"Expected a matrix (outputs, inputs) in 'weight', got shape {tuple(weight.shape)}.")
    narrow = weight.dtype in (torch.float32, torch.float16, torch.complex64)
    relative = float(torch.finfo(weight.dtype).eps / 2) if narrow else 0.0
    own = max(_written(given["weight"]) or 0.0, _written(given.get("bias")) or 0.0)
    bias = _array(given["bias"], "'bias'") if "bias" in given else torch.zeros(len(weight))
    wide = torch.complex128 if weight.is_complex() or bias.is_complex() else torch.float64
    if bias.shape != (len(weight),):
        raise InputError(
            f"Expected {len(weight)} entries in 'bias', one for each row of 'weight', got shape {tuple(bias.shape)}."
        )
    if accuracy is not None:
        return Affine(weight.to(wide), bias.to(wide), accuracy)
    return Affine(weight.to(wide), bias.to(wide), own, relative)


def _read_recorded(given: Any, names: list[str], accuracy: float | None) -> Recorded:
    _object(given, "'recorded'")
    if set(given) != {"inputs", "outputs", "moved_outputs"}:
        raise InputError(
            f"Expected 'inputs', 'outputs' and 'moved_outputs' in 'recorded', got {', '.join(sorted(given)) or 'nothing'}."
        )
    inputs, outputs = _array(given["inputs"], "'inputs'"), _array(given["outputs"], "'outputs'")
    if inputs.ndim == 0 or outputs.ndim == 0 or len(inputs) != len(outputs):
        raise InputError(
            f"Expected as many outputs as inputs, got shapes {tuple(outputs.shape)} and {tuple(inputs.shape)}."
        )
    moved = given["moved_outputs"]
    _object(moved, "'moved_outputs'")
    if set(moved) != set(names):
        raise InputError(
            f"Expected outputs at moved inputs for {', '.join(names)}, got them for {', '.join(moved) or 'nothing'}."
        )
    arrays = {name: _array(moved[name], f"'moved_outputs' of {short(name)}") for name in names}
    for name, array in arrays.items():
        if array.shape != outputs.shape:
            raise InputError(
                f"The outputs moved by {short(name)} have shape {tuple(array.shape)}, the others {tuple(outputs.shape)}."
            )
    if accuracy is None:
        written = [w for w in (_written(given["outputs"]), *(_written(moved[name]) for name in names)) if w is not None]
        accuracy = max(written, default=None)
    return Recorded(inputs, outputs, arrays, accuracy)


def _read_npz(path: Path) -> dict[str, Any]:
    """The arrays of an NPZ file in the shape of the JSON document."""
    return _arranged(read_arrays(path), path.name)


def _arranged(arrays: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    data: dict[str, Any] = {"actions": {}}
    for key, array in arrays.items():
        if key in ("weight", "bias"):
            data.setdefault("map", {})[key] = array
        elif key in ("inputs", "outputs"):
            data.setdefault("recorded", {})[key] = array
        elif key.startswith("moved_outputs_"):
            data.setdefault("recorded", {}).setdefault("moved_outputs", {})[key.removeprefix("moved_outputs_")] = array
        elif key.startswith(("input_", "output_")):
            side, _, element = key.partition("_")
            data["actions"].setdefault(element, {})[side] = (
                str(array) if array.dtype.kind == "U" and array.ndim == 0 else array
            )
        elif key == "relations" and array.dtype.kind == "U":
            data["relations"] = [str(text) for text in array.reshape(-1)]
        elif key == "accuracy":
            data["accuracy"] = array
        else:
            raise InputError(
                f"{name} holds an array {short(key)} that the audit does not know. The names are weight, bias, or inputs, outputs, moved_outputs_r; "
                "input_r and output_r for each action r; relations (texts); accuracy."
            )
    return data
