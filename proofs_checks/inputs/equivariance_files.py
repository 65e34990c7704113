"""The file formats of the equivariance audit: JSON and NPZ; both are data, and nothing
in them is run.

A JSON object::

    {"title": "...",                                             optional
     "map": {"weight": [[...], ...], "bias": [...]},               an affine map y = W x + b (bias optional), or
     "recorded": {"inputs": [...], "outputs": [...],               any map by what it gave: x, f(x),
                  "moved_outputs": {"r": [...]}},                       and f(r x) for each action
     "actions": {"r": {"input": [1, 2, 3, 0], "output": "trivial"}},   0-based images, a square matrix, or "trivial"; and an
                                                                   "axis" of a sample, from 0, where several have that length
     "relations": ["r^4"],                                       optional
     "accuracy": 1e-6}                                             optional: how far entries of the map, or outputs, may be off;
                                                                   decimals are otherwise taken as within half of the last digit written, or,
                                                                   where all digits of a float32 or a float64 were written, as off by its rounding

An NPZ file holds the same as arrays: ``weight``, ``bias`` or ``inputs``, ``outputs``,
``moved_outputs_r``; ``input_r`` and ``output_r`` for each action r (the text "trivial"
is an array of text), ``relations`` (texts) and ``accuracy``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from msgspec import Meta, Struct
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.actions import Move, read_move
from proofs_checks.inputs.documents import HERE, decode
from proofs_checks.inputs.entries import array_of
from proofs_checks.inputs.files import Decimal, file_label, read_arrays, read_json
from proofs_checks.inputs.narrow_formats import narrow_format
from proofs_checks.wording import short


class Array:
    """Numbers in a regular array, as float64 or complex128 (recorded narrower floats
    keep their dtype).

    ``written`` is half a unit in the last place of the longest decimal among
    them; None where there is none.
    """

    def __init__(self, tensor: Tensor, written: float | None) -> None:
        self.tensor, self.written = tensor, written

    @classmethod
    def from_document(cls, value: Any) -> Array:
        """From nested lists, an array or a tensor."""
        if _holds_truth_values(value):
            raise InputError(f"Expected numbers in {HERE}, got true or false among them; write 1 or 0.")
        array = array_of(value, HERE)
        if array.size == 0:
            raise InputError(f"Expected numbers in {HERE}; it is empty.")
        if not np.isfinite(array).all():
            at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise InputError(f"{HERE} holds {array[at]} at index {at}; every entry has to be finite.")
        array = array.astype(np.float64) if array.dtype.kind in "iu" else array
        tensor = torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))
        return cls(tensor, _written(value))


def _written(value: Any) -> float | None:
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


class ActionDocument(Struct, forbid_unknown_fields=True):
    """How one element moves inputs and outputs."""

    input: Any
    output: Any
    axis: int | None = None


class MapDocument(Struct, forbid_unknown_fields=True):
    """y = W x + b."""

    weight: Array
    bias: Array | None = None


class RecordedDocument(Struct, forbid_unknown_fields=True):
    """x, f(x), and f(r x) for each action r."""

    inputs: Array
    outputs: Array
    moved_outputs: dict[str, Array]


class EquivarianceDocument(Struct, forbid_unknown_fields=True):
    """The document as it is written."""

    actions: Annotated[dict[str, ActionDocument], Meta(min_length=1)]
    map: MapDocument | None = None
    recorded: RecordedDocument | None = None
    relations: list[str] = []
    title: str = ""
    accuracy: Annotated[float, Meta(ge=0, lt=1e300)] | None = None


@dataclass(frozen=True)
class Affine:
    """y = W x + b, float64 or complex128; how far each entry may be from the one
    meant: ``accuracy``, and ``relative`` times its size.
    """

    weight: Tensor
    bias: Tensor
    accuracy: float
    relative: float = 0.0


@dataclass(frozen=True)
class Recorded:
    """Inputs, outputs, and the outputs at moved inputs; ``accuracy`` is how far an
    output may be off, None where nobody said.
    """

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
    return read_equivariance_data(
        _arranged(read_arrays(path), file_label(path)) if path.suffix.lower() == ".npz" else read_json(path)
    )


def read_equivariance_data(data: Any) -> EquivarianceFile:
    """The same from parsed JSON, or from a dict of that shape with arrays."""
    document = decode(data, EquivarianceDocument)
    if (document.map is None) == (document.recorded is None):
        raise InputError(
            "Expected either 'map' (a weight and a bias) or 'recorded' (inputs, outputs, moved_outputs); see examples/equivariance_circulant.json."
        )
    on_inputs = {name: read_move(name, given.input, "input", given.axis) for name, given in document.actions.items()}
    on_outputs = {name: read_move(name, given.output, "output", given.axis) for name, given in document.actions.items()}
    if document.map is not None:
        subject: Affine | Recorded = _affine(document.map, document.accuracy)
    else:
        assert document.recorded is not None
        subject = _recorded(document.recorded, list(document.actions), document.accuracy)
    return EquivarianceFile(document.title, subject, on_inputs, on_outputs, tuple(document.relations))


def _affine(given: MapDocument, accuracy: float | None) -> Affine:
    weight = given.weight.tensor
    if weight.ndim != 2:
        raise InputError(f"Expected a matrix (outputs, inputs) in map.weight, got shape {tuple(weight.shape)}.")
    narrow = weight.dtype in (torch.float32, torch.float16, torch.complex64)
    relative = float(torch.finfo(weight.dtype).eps / 2) if narrow else 0.0
    bias = torch.zeros(len(weight)) if given.bias is None else given.bias.tensor
    if bias.shape != (len(weight),):
        raise InputError(
            f"Expected {len(weight)} entries in map.bias, one for each row of map.weight, got shape {tuple(bias.shape)}."
        )
    wide = torch.complex128 if weight.is_complex() or bias.is_complex() else torch.float64
    if accuracy is not None:
        return Affine(weight.to(wide), bias.to(wide), accuracy)
    own = max(given.weight.written or 0.0, (given.bias and given.bias.written) or 0.0)
    return Affine(weight.to(wide), bias.to(wide), own, relative)


def _recorded(given: RecordedDocument, names: list[str], accuracy: float | None) -> Recorded:
    inputs, outputs, moved = given.inputs.tensor, given.outputs.tensor, given.moved_outputs
    if inputs.ndim == 0 or outputs.ndim == 0 or len(inputs) != len(outputs):
        raise InputError(
            f"Expected as many outputs as inputs in recorded, got shapes {tuple(outputs.shape)} and {tuple(inputs.shape)}."
        )
    if set(moved) != set(names):
        raise InputError(
            f"Expected outputs at moved inputs for {', '.join(names)} in recorded.moved_outputs, got them for {', '.join(moved) or 'nothing'}."
        )
    for name in names:
        if moved[name].tensor.shape != outputs.shape:
            raise InputError(
                f"recorded.moved_outputs.{name} has shape {tuple(moved[name].tensor.shape)}, recorded.outputs {tuple(outputs.shape)}."
            )
    tensors = [outputs, *(moved[name].tensor for name in names)]
    if accuracy is None:
        written = [array.written for array in (given.outputs, *moved.values()) if array.written is not None]
        accuracy = max(written, default=None)
        outputs, *rest = _in_their_format(tensors)
        largest = max(float(t.abs().max()) for t in tensors)
        if outputs.is_floating_point() and (accuracy or 0.0) < torch.finfo(outputs.dtype).eps * largest:
            accuracy = None  # all digits of a float: they say how it was stored, and not how far it is off
    else:
        outputs, *rest = tensors
    return Recorded(inputs, outputs, dict(zip(names, rest, strict=True)), accuracy)


def _in_their_format(tensors: list[Tensor]) -> list[Tensor]:
    """Numbers in float64 that are all those of a narrower format, in that format."""
    if not all(t.dtype == torch.float64 for t in tensors):
        return tensors
    kind = narrow_format(np.concatenate([t.numpy().ravel() for t in tensors]))
    return tensors if kind is None else [t.to(torch.float16 if kind is np.float16 else torch.float32) for t in tensors]


def _arranged(arrays: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    """The arrays of an NPZ file in the shape of the JSON document."""
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
            data["accuracy"] = array.item() if array.size == 1 else array.tolist()
        else:
            raise InputError(
                f"{name} holds an array {short(key)} that the audit does not know. The names are weight, bias, or inputs, outputs, moved_outputs_r; "
                "input_r and output_r for each action r; relations (texts); accuracy."
            )
    return data
