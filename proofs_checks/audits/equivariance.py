"""The audit of a map under group actions on its inputs and outputs: how far f(g x) is from g f(x), and what rounding explains of that.

The map is a torch module or a function of a batch, an affine map or a record of outputs from a file
(:mod:`proofs_checks.audits.equivariance_file`). Nothing about the map is changed: not its mode, its weights, its device or its precision.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proofs_checks import kernel
from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.equivariance_actions import (
    CALL_ERRORS,
    Broken,
    Move,
    as_batch,
    called,
    read_move,
    read_representation,
    worst_product,
    worst_relation,
)
from proofs_checks.audits.equivariance_file import (
    Affine,
    EquivarianceFile,
    Recorded,
    read_equivariance_data,
    read_equivariance_file,
)
from proofs_checks.audits.reading import require_dense, short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Status, measured
from theory.presentations import Word, WordError, read_relation

COARSE = 0.05  # of the largest output: where rounding reaches that far, nothing is told
Relation = tuple[str, Word]


@dataclass(frozen=True)
class Actions:
    """How elements move inputs and outputs, and what they are claimed to obey: relations in their names, or a product."""

    on_inputs: dict[str, Move]
    on_outputs: dict[str, Move]
    relations: Sequence[Relation] = ()
    elements: Sequence[Hashable] = ()
    product: Callable[[Any, Any], Hashable] | None = None


@dataclass(frozen=True)
class Outcome:
    """What one element's comparison came to, beside the finding: whether f(g x) = f(x) too."""

    finding: Finding
    invariant: bool
    facts: dict[str, Any]


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
    batch = _read_inputs(source, inputs)
    given = Actions(on_inputs, on_outputs, _relations(relations, list(on_inputs)), elements, product)
    name = subject or (
        type(source).__name__ if isinstance(source, nn.Module) else getattr(source, "__name__", "a function")
    )
    if stopped := _train_mode(source):
        return _stopped(name, stopped, on_inputs)
    call = _Call(source, isinstance(inputs, np.ndarray) and not isinstance(source, nn.Module))
    with torch.random.fork_rng(devices=[]):  # a random map shall not move the reader's generator
        return _audit_calls(name, call, batch, given)


def _audit_calls(name: str, call: _Call, batch: Tensor, actions: Actions) -> AuditReport:
    outputs = call(batch)
    findings = _homomorphisms(actions, batch, outputs)
    again = call(batch)
    findings.append(_determinism(outputs, again))
    if findings[-1].status is not Status.HOLDS:
        return _report(name, findings, [])
    if not bool(_finite(outputs)):
        at = int((~_by_sample(outputs.isfinite()).all(1)).nonzero()[0])
        findings.append(
            Finding(
                "finite outputs",
                Status.UNDECIDED,
                f"{int((~outputs.isfinite()).sum())} outputs are not finite, first at input {at}",
                {"input": at},
            )
        )
        return _report(name, findings, [])
    outcomes = [_compare(g, call, (batch, outputs), actions) for g in actions.on_inputs]
    return _report(name, findings, outcomes)


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


def _read_inputs(source: Any, inputs: Any) -> Tensor:
    require_dense(inputs, "inputs=")
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "iufcb":
        inputs = torch.from_numpy(np.ascontiguousarray(inputs))
    if not isinstance(inputs, Tensor) or inputs.ndim == 0 or inputs.numel() == 0:
        raise InputError(
            f"Expected in inputs= a batch of at least one sample, the first axis counting samples, got {short(inputs)}."
        )
    weights = list(source.parameters()) if isinstance(source, nn.Module) else []
    if inputs.is_meta or any(p.is_meta for p in weights):
        raise InputError(
            "The module or the inputs are on the meta device, where tensors hold no numbers. Load the weights, and give inputs on a real device."
        )
    if (inputs.is_floating_point() or inputs.is_complex()) and not bool(_finite(inputs)):
        at = [int(i) for i in (~inputs.isfinite()).nonzero()[0]]
        raise InputError(f"The inputs hold {inputs[tuple(at)].item()} at index {at}; every entry has to be finite.")
    if weights and weights[0].device != inputs.device:
        raise InputError(
            f"The module's weights are on {weights[0].device}, the inputs on {inputs.device}. Move one: inputs.to({str(weights[0].device)!r})."
        )
    floating = {p.dtype for p in weights if p.is_floating_point()}
    if inputs.is_floating_point() and floating and inputs.dtype not in floating:
        raise InputError(
            f"The module's weights are {', '.join(sorted(map(str, floating)))}, the inputs {inputs.dtype}. Convert the inputs, or a copy of the module."
        )
    whole = not inputs.is_floating_point() and not inputs.is_complex()
    if whole and floating and not any(isinstance(part, (nn.Embedding, nn.EmbeddingBag)) for part in source.modules()):
        raise InputError(
            f"The inputs are {inputs.dtype}, the module's weights {', '.join(sorted(map(str, floating)))}. Convert the inputs: inputs.to({floating.pop()})."
        )
    return inputs.detach()


def _relations(texts: Sequence[str], names: Sequence[str]) -> list[Relation]:
    try:
        return [(text, read_relation(text, names)) for text in ([texts] if isinstance(texts, str) else texts)]
    except WordError as error:
        raise InputError(f"In relations: {error}") from None


def _finite(tensor: Tensor) -> Tensor:
    return tensor.isfinite().all()


def _by_sample(tensor: Tensor) -> Tensor:
    return tensor.reshape(len(tensor), -1)


@dataclass(frozen=True)
class _Call:
    """The map, called without gradients, on a copy of the batch."""

    function: Callable[[Any], Any]
    numpy: bool = False

    def __call__(self, batch: Tensor) -> Tensor:
        argument: Any = batch.cpu().numpy().copy() if self.numpy else batch.clone()
        return as_batch(called(self.function, argument, "the map"), len(batch), "the map")


_RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU)


def _train_mode(source: Any) -> str:
    """Why a module in train() mode cannot be measured, or an empty text."""
    if not isinstance(source, nn.Module):
        return ""
    found = []
    for name, part in source.named_modules():
        random = part.training and (
            isinstance(part, _RANDOM) or (isinstance(getattr(part, "dropout", None), float) and part.dropout > 0)
        )
        if random or (
            part.training and isinstance(part, nn.modules.batchnorm._NormBase) and part.running_mean is not None
        ):
            found.append(f"{name or 'itself'} ({type(part).__name__})")
    return (
        f"the module is in train() mode, where these parts are random or follow the batch: {', '.join(found[:4])}"
        if found
        else ""
    )


# -- findings ----------------------------------------------------------------------------------------------------------


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


def _homomorphisms(actions: Actions, inputs: Tensor, outputs: Tensor) -> list[Finding]:
    found = []
    for side, moves, batch in (("input", actions.on_inputs, inputs), ("output", actions.on_outputs, outputs)):
        name = f"{side} action"
        if actions.product is not None and actions.elements:
            found.append(_law(name, worst_product(moves, actions.elements, actions.product), "products"))
        elif actions.relations:
            found.append(_law(name, worst_relation(moves, actions.relations, batch, side), "relations"))
        else:
            found.append(
                Finding(
                    name, Status.INAPPLICABLE, "no relations were given, so that only the elements named are spoken of"
                )
            )
    return found


def _law(name: str, worst: Broken, what: str) -> Finding:
    witness = {"condition": worst.condition, "defect": worst.defect, "bound": worst.bound}
    if worst.holds:
        return Finding(
            name,
            Status.HOLDS,
            f"{worst.count} of {worst.count} {what} hold (worst: {worst.condition}, off by {worst.defect:.2g})",
            witness,
        )
    doubtful = worst.estimated and worst.defect <= kernel.DOUBT * worst.bound
    text = f"{worst.condition} is off by {worst.defect:.3g}, where rounding explains {worst.bound:.2g}; {worst.failing} of {worst.count} {what} fail"
    return Finding(name, Status.UNDECIDED if doubtful else Status.REFUTED, text, witness)


def _determinism(first: Tensor, second: Tensor) -> Finding:
    name = "same output twice"
    same = first.shape == second.shape and torch.equal(first.nan_to_num(), second.nan_to_num())
    if same:
        return Finding(name, Status.HOLDS, "two calls on the same batch give the same output, bit for bit")
    if first.shape != second.shape:
        return Finding(
            name,
            Status.UNDECIDED,
            f"two calls on the same batch give shapes {tuple(first.shape)} and {tuple(second.shape)}",
        )
    apart = _by_sample((first.to(torch.complex128) - second.to(torch.complex128)).abs()).amax(1)
    at = int(apart.argmax())
    return Finding(
        name,
        Status.UNDECIDED,
        f"two calls on the same batch differ by up to {float(apart[at]):.3g} (input {at}): the map is random, or keeps a state",
        {"input": at},
    )


def _compare(g: str, call: _Call, pair: tuple[Tensor, Tensor], actions: Actions) -> Outcome:
    (batch, outputs), on_input, on_output = pair, actions.on_inputs[g], actions.on_outputs[g]
    moved_inputs = on_input(batch, "input")
    moved = call(moved_inputs)
    carried = on_output(outputs, "output")
    if moved.shape != carried.shape:
        raise InputError(
            f"f(x) moved by {short(g)} has shape {tuple(carried.shape)}, but f({g} x) has {tuple(moved.shape)}. Do the actions belong to these shapes?"
        )
    if not outputs.is_floating_point() and not outputs.is_complex():
        return _outcome(
            g, moved, carried, outputs, bound=torch.zeros(len(batch)), how="whole numbers are compared exactly"
        )
    error, how = _rounding(call, batch, outputs)
    error_moved, _ = _rounding(call, moved_inputs, moved)
    here = torch.finfo(outputs.dtype).eps / 2 * _by_sample(outputs).abs().amax(1).double()
    moving = here * (0.0 if on_output.exact else (2 * _by_sample(outputs).shape[1] + 8) * on_output.gain)
    return _outcome(
        g,
        moved,
        carried,
        outputs,
        bound=error_moved + on_output.gain * error + moving + here,
        how=how,
        estimated=("rounding",),
    )


def _rounding(call: _Call, batch: Tensor, outputs: Tensor) -> tuple[Tensor, str]:
    """An estimate, sample by sample, of how far rounding inside the map has moved its outputs.

    The map is evaluated in float64 (a module by a copy of it); where it is in float64 already, in float32, and the difference scaled by the
    ratio of the units of roundoff. What does not follow its inputs there is called at inputs perturbed in the last place, four times.
    """
    unit = torch.finfo(outputs.dtype).eps / 2
    floor = unit * _by_sample(outputs).abs().amax(1).double()
    if not batch.is_floating_point():
        return floor * math.sqrt(
            max(1, _by_sample(batch).shape[1])
        ), "rounding estimated as sqrt(d) units of roundoff of the output"
    wide = outputs.dtype in (torch.float64, torch.complex128)
    other = _elsewhere(call, batch, torch.float32 if wide else torch.float64)
    if (
        other is not None
        and other.shape == outputs.shape
        and other.dtype != outputs.dtype
        and other.is_complex() == outputs.is_complex()
        and bool(_finite(other))
    ):
        ratio = unit / (torch.finfo(torch.float32).eps / 2) if wide else 1.0
        whole = torch.complex128 if outputs.is_complex() else torch.float64
        apart = _by_sample((outputs.to(whole) - other.to(whole)).abs()).amax(1)
        return (
            ratio * apart + floor,
            f"rounding estimated by evaluating in {'float32, scaled down' if wide else 'float64'}",
        )
    worst = torch.zeros(len(batch), dtype=torch.float64, device=outputs.device)
    signs = torch.Generator().manual_seed(0)
    for _ in range(4):
        sign = (2 * torch.randint(0, 2, batch.shape, generator=signs) - 1).to(batch.device, batch.dtype)
        moved = call(batch * (1 + torch.finfo(batch.dtype).eps * sign))
        worst = torch.maximum(worst, _by_sample((moved - outputs).abs()).amax(1).double().nan_to_num(nan=math.inf))
    return worst + floor * math.sqrt(
        _by_sample(batch).shape[1]
    ), "rounding estimated from inputs perturbed in the last place"


def _elsewhere(call: _Call, batch: Tensor, dtype: torch.dtype) -> Tensor | None:
    """The map evaluated in another precision; None where a module cannot be copied, or the map insists on its own."""
    try:
        if isinstance(call.function, nn.Module):
            with torch.no_grad():
                found = copy.deepcopy(call.function).to(dtype)(batch.to(dtype))
            return found.detach() if isinstance(found, Tensor) else None
        return call(batch.to(dtype))
    except (*CALL_ERRORS, InputError):
        return None


def _outcome(
    g: str, moved: Tensor, carried: Tensor, outputs: Tensor, *, bound: Tensor, how: str, estimated: Sequence[str] = ()
) -> Outcome:
    """Judge one element: residuals by sample, in the largest entry, against the bound of that sample."""
    wide = torch.complex128 if outputs.is_complex() else torch.float64
    residual = _by_sample((moved.to(wide) - carried.to(wide)).abs()).amax(1)
    scale = float(outputs.to(wide).abs().max())
    name, bound = f"equivariance under {g}", bound.to(residual.device)
    worst = int((residual - bound).nan_to_num(nan=math.inf).argmax())
    facts = {
        "defect": float(residual[worst]),
        "bound": float(bound[worst]),
        "input": worst,
        "largest_output": scale,
        "rounding": how,
    }
    if not bool(_finite(residual)):
        at = int((~residual.isfinite()).nonzero()[0])
        return Outcome(
            Finding(name, Status.UNDECIDED, f"f({g} x) is not finite at input {at}", {"element": g, "input": at}),
            False,
            _plain(facts),
        )
    still = moved.shape == outputs.shape and bool(
        (_by_sample((moved.to(wide) - outputs.to(wide)).abs()).amax(1) <= kernel.DOUBT * bound).all()
    )
    if scale == 0:
        return Outcome(
            Finding(name, Status.UNDECIDED, "every output is zero, so that nothing is told", {"element": g}),
            still,
            _plain(facts),
        )
    evidence = measured(
        residual, Bound({"rounding": bound}, how, estimated=estimated), points=len(residual), resolves=COARSE * scale
    )
    status = kernel.judge(evidence, route="numeric").status
    entry = int(_by_sample((moved.to(wide) - carried.to(wide)).abs())[worst].argmax())
    witness = {
        "element": g,
        "input": worst,
        "output_entry": entry,
        "f(gx)": _number(_by_sample(moved)[worst, entry]),
        "g f(x)": _number(_by_sample(carried)[worst, entry]),
        **facts,
    }
    size = f"|f(gx) - g f(x)| reaches {float(residual[worst]):.3g} at input {worst}, outputs {scale:.3g}, {'rounding' if estimated else 'bound'} {float(bound[worst]):.2g}"
    text = {
        Status.UNDECIDED: f"{size}: too close to rounding to tell",
        Status.HOLDS: f"{size} ({len(residual)} inputs; {how})",
    }.get(status, f"{size} ({how})")
    return Outcome(Finding(name, status, text, _plain(witness)), still, _plain(facts))


def _number(value: Tensor) -> Any:
    item = value.item()
    return str(item) if isinstance(item, complex) else item


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in data.items()
    }


# -- files -------------------------------------------------------------------------------------------------------------


def _audit_file(content: EquivarianceFile, name: str) -> AuditReport:
    actions = Actions(content.on_inputs, content.on_outputs, _relations(content.relations, list(content.on_inputs)))
    subject = content.subject
    if isinstance(subject, Affine):
        rows, columns = subject.weight.shape
        inputs, outputs = subject.weight.new_zeros(1, columns), subject.weight.new_zeros(1, rows)
        findings = _homomorphisms(actions, inputs, outputs)
        outcomes = [_affine(g, subject, content.on_inputs[g], content.on_outputs[g]) for g in content.on_inputs]
    else:
        findings = _homomorphisms(actions, subject.inputs, subject.outputs)
        outcomes = [_recorded(g, subject, content.on_inputs[g], content.on_outputs[g]) for g in content.on_inputs]
    return _report(name, findings, outcomes)


def _affine(g: str, subject: Affine, on_input: Move, on_output: Move) -> Outcome:
    """W P = Q W and b = Q b, entry by entry: for every input at once.

    Accuracy: entries off by at most a move W P by a times the column sums of |P|, and Q W by a times the row sums of |Q|; products of d
    terms round by gamma_d |W| |P| and gamma_d |Q| |W|; decimals by a unit of roundoff when they are read and subtracted.
    """
    W, b = subject.weight, subject.bias
    for side, move, size in (("input", on_input, W.shape[1]), ("output", on_output, W.shape[0])):
        if move.size not in (None, size):
            raise InputError(
                f"The {side} action of {short(g)} moves {move.size} coordinates, but 'weight' has {W.shape[0]} rows and {W.shape[1]} columns."
            )
    if any(m.matrix is not None and m.matrix.is_complex() for m in (on_input, on_output)):
        W, b = W.to(torch.complex128), b.to(torch.complex128)
    moved = (
        on_input.inverse()(W, "input")
        if on_input.images is not None
        else (W if on_input.matrix is None else W @ on_input.matrix.to(W.dtype))
    )
    both = torch.cat([moved, b[:, None]], 1)
    carried = on_output(torch.cat([W, b[:, None]], 1).T.contiguous(), "output").T
    residual = (both - carried).abs()
    u, size = 2.0**-53, float(torch.cat([W.abs(), b.abs()[:, None]], 1).max())
    columns = 1.0 if on_input.matrix is None else float(on_input.matrix.abs().sum(0).max())
    rounds = [
        (2 * d + 8) * u * size * gain
        for d, gain, move in ((W.shape[1], columns, on_input), (W.shape[0], on_output.gain, on_output))
        if not move.exact
    ]
    digits = subject.accuracy * (columns + on_output.gain)
    bound = (
        digits + (8 * u * size if digits else 0.0) + sum(rounds)
    )  # decimals are themselves rounded when they are read
    i, j = divmod(int(residual.argmax()), residual.shape[1])
    where = "the bias" if j == W.shape[1] else f"column {j + 1}"
    facts = {"defect": float(residual[i, j]), "bound": bound, "row": i + 1, "place": where, "largest_entry": size}
    name = f"equivariance under {g}"
    still = bool((moved - W).abs().max() <= bound)
    if size == 0:
        return Outcome(
            Finding(name, Status.UNDECIDED, "the map is zero, so that nothing is told", {"element": g}), still, facts
        )
    evidence = measured(
        residual,
        Bound({"products and digits": bound}, "entries off by the accuracy given, and rounding of products"),
        points=residual.numel(),
        resolves=COARSE * size,
    )
    status = kernel.judge(evidence, route="numeric").status
    text = (
        f"f(gx) and g f(x) differ by {facts['defect']:.3g} in row {i + 1}, {where}; digits and rounding explain {bound:.2g}"
        + (
            " (for every input)"
            if status is Status.HOLDS
            else ": too few digits to tell"
            if status is Status.UNDECIDED
            else ""
        )
    )
    return Outcome(Finding(name, status, text, _plain({"element": g, **facts})), still, _plain(facts))


def _recorded(g: str, subject: Recorded, on_input: Move, on_output: Move) -> Outcome:
    outputs, moved = subject.outputs, subject.moved_outputs[g]
    on_input(subject.inputs, "input")  # the sizes have to fit, though the moved inputs were the reader's to make
    carried = on_output(outputs, "output")
    samples = len(outputs)
    if subject.accuracy is not None:
        error = torch.full((samples,), subject.accuracy * (1 + on_output.gain), dtype=torch.float64)
        unit = (
            0.0
            if on_output.exact
            else (2 * _by_sample(outputs).shape[1] + 8) * torch.finfo(outputs.dtype).eps / 2 * on_output.gain
        )
        return _outcome(
            g,
            moved,
            carried,
            outputs,
            bound=error + unit * float(outputs.abs().max()),
            how="outputs within the accuracy given",
        )
    width = _by_sample(subject.inputs).shape[1]
    error = (
        (width + 8) * torch.finfo(outputs.dtype).eps * (1 + on_output.gain) * _by_sample(outputs).abs().amax(1).double()
    )
    how = "rounding estimated as that of one linear layer; give 'accuracy' to say otherwise"
    return _outcome(g, moved, carried, outputs, bound=error, how=how, estimated=("rounding",))


# -- the report --------------------------------------------------------------------------------------------------------


def _report(name: str, findings: list[Finding], outcomes: list[Outcome]) -> AuditReport:
    findings = [*findings, *(outcome.finding for outcome in outcomes)]
    statuses = {outcome.finding.status for outcome in outcomes}
    invariant = bool(outcomes) and all(outcome.invariant for outcome in outcomes)
    if invariant and statuses == {Status.HOLDS}:
        kind = "invariant"
    else:
        kind = (
            "equivariant"
            if statuses == {Status.HOLDS}
            else "not equivariant"
            if Status.REFUTED in statuses
            else "undecided"
        )
    if outcomes and kind in ("equivariant", "not equivariant"):
        text = (
            "f(gx) = f(x) for every element named"
            if invariant
            else "f(gx) is not f(x)" + (": the outputs move with the inputs" if kind == "equivariant" else "")
        )
        findings.append(
            Finding(
                "invariance",
                Status.HOLDS if invariant else Status.INAPPLICABLE,
                text + ("" if invariant else " (not claimed by these actions)"),
            )
        )
    facts = {
        "kind": kind,
        "elements": {outcome.finding.name.removeprefix("equivariance under "): outcome.facts for outcome in outcomes},
    }
    return AuditReport(
        "equivariance",
        name,
        findings,
        _meaning(kind, findings, outcomes),
        _next_step(kind, findings, outcomes, invariant),
        facts,
    )


def _meaning(kind: str, findings: list[Finding], outcomes: list[Outcome]) -> str:
    broken = [f.name for f in findings if f.name.endswith(" action") and f.status is Status.REFUTED]
    group = " The actions do not obey the group's relations, so that no group is spoken of." if broken else ""
    elements = ", ".join(outcome.finding.name.removeprefix("equivariance under ") for outcome in outcomes[:8])
    if kind == "invariant":
        return f"Invariant: the outputs stay when the inputs are moved by {elements}, up to rounding, at the inputs given.{group}"
    if kind == "equivariant":
        return f"Equivariant, not invariant: the outputs move with the inputs under {elements}, up to rounding, and so under every product of these.{group}"
    if kind == "not equivariant":
        bad = [
            outcome.finding.name.removeprefix("equivariance under ")
            for outcome in outcomes
            if outcome.finding.status is Status.REFUTED
        ]
        return f"Not equivariant under {', '.join(bad[:8])}: what is found there is more than rounding.{group}"
    return f"Nothing can be said about equivariance on these grounds.{group}"


def _next_step(kind: str, findings: list[Finding], outcomes: list[Outcome], invariant: bool) -> str:
    named = {f.name: f for f in findings}
    repeated = named.get("same output twice")
    if repeated is not None and repeated.status is Status.UNDECIDED:
        return "Fix the noise (a seeded generator made anew in each call, .eval(), no running state), and audit again."
    if "finite outputs" in named:
        return "Find where the map overflows or divides by zero at the input named."
    if any(f.name.endswith(" action") and f.status is Status.REFUTED for f in findings):
        return "Correct the action first: begin with the relation or the pair of elements named."
    if any(o.finding.status is Status.UNDECIDED for o in outcomes):
        return "Audit in a wider precision (module and inputs in float64), with inputs on which the map is finite and not zero."
    if kind == "not equivariant" and invariant:
        return "The map is invariant: give the trivial action on outputs if that is what is meant."
    if kind == "not equivariant":
        return "Look at the witness: edges (zero padding), strides, positional weights, and a wrong action on outputs are the usual causes."
    return "Nothing is left to do; other inputs may be tried, since a module is known only where it was called."
