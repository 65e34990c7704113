"""The audit of symmetry-based disentanglement: which factor of a product of symmetries
moves which subspace of a representation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from numerics.streams import Stream
from proofs_checks.audits.disentangled.codes import GridFindings
from proofs_checks.audits.disentangled.matrices import decimal_findings, exact_findings
from proofs_checks.audits.disentangled.meanings import meaning, next_step
from proofs_checks.audits.disentangled.pairs import PairFindings
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings, Progress
from proofs_checks.inputs.factor_codes import from_archive, read_accuracy, read_codes, read_pairs
from proofs_checks.inputs.factor_matrices import read_factor_matrices
from proofs_checks.inputs.files import file_label, read_json
from proofs_checks.inputs.options import read_seed
from proofs_checks.inputs.transformed_objects import encoded_grid, read_objects, read_transforms, require_action
from proofs_checks.wording import short

ONE_OF = "matrices, codes, encoder (with transforms and objects) or pairs"


@dataclass(repr=False)
class DisentangledReport(AuditReport):
    """The report, with the fitted actions by factor (``.actions``, shape ``(d, d)``) and
    a basis in whose columns the subspaces of the factors stand side by side
    (``.basis``), where there are some."""

    actions: dict[str, Tensor] = field(default_factory=dict)
    basis: Any = None


def audit_disentangled(
    source: Any = None, *, matrices: Any = None, codes: Any = None, repeat: Any = None, encoder: Any = None, transforms: Any = None, objects: Any = None,
    pairs: Any = None, factors: Any = None, accuracy: float | None = None, tolerance: float | None = None, batch: int = 256, seed: int = 0,
    subject: str = "", progress: Progress | None = None,
) -> DisentangledReport:  # fmt: skip
    """Say which factor of a product of symmetries moves which subspace of a
    representation.

    Exactly one of four kinds of input is given, by name or as a file.

    Args:
        source: A JSON file of matrices, an NPZ archive of ``codes`` (and ``repeat``) or
            of ``z``, ``z_after`` and ``factor``, or an array of codes.
        matrices: A mapping from factors to matrices: ``{"order": n, "matrix": A}``,
            ``{"group": .., "matrices": {..}}`` in the grammar of the representation
            audit, or an array ``(n, d, d)``, 1, A, .., A^(n-1). Exact entries are
            decided; decimals within their digits.
        codes: Codes of a full grid of factor values, shape ``(orbits, n_1, .., n_k,
            d)``, float32 or float64.
        repeat: A second encoding of the same grid by a random encoder.
        encoder: From a batch of objects to codes, in eval() mode; with ``transforms``,
            a mapping from factors to (function of a batch, order), and ``objects``, one
            a row. That transforms have their order and commute is checked first.
        pairs: Codes before and after a step: (z, z', factor), or a mapping from factors
            to (z, z'), shapes ``(N, d)``.
        factors: Of codes: for each axis "cyclic" (unless given), "plain" or a group
            whose elements its values are, as a list or by name. Of pairs: orders by
            name.
        accuracy: How far codes are from the true ones, relative to their norm (16 units
            of roundoff of their format when left out); of matrices, how far entries
            are.
        tolerance: A distance, relative to the norm, that counts as disentangled.
        batch: Objects encoded at a time. seed: Of the shuffled grids.
        subject: What to call it. progress: Called as every stage begins.
    Returns:
        A report with fitted actions and a basis. HOLDS where the representation is
        disentangled within rounding, or within ``tolerance``; every other outcome
        comes with numbers.
    Raises:
        InputError: what cannot be read: transforms without their order, or that do not
            commute (with the first object), NaN, factors of one value, another number
            of axes than factors, half precision or whole numbers as codes, an encoder
            in train() mode or a random one.
    """
    given = _given(source, {"matrices": matrices, "codes": codes, "encoder": encoder, "pairs": pairs, "repeat": repeat})
    limit, stream = read_accuracy(tolerance, "tolerance"), Stream(read_seed(seed))
    title = subject or (file_label(source) if isinstance(source, (str, Path)) else "")
    findings = Findings(progress, stages=5)
    if "matrices" in given:
        return _of_matrices(given["matrices"], accuracy, title, findings)
    if "pairs" in given:
        return _of_pairs(PairFindings(read_pairs(given["pairs"], factors, accuracy), limit), title, findings)
    if "encoder" in given:
        with findings.stage("the transforms, and the grid encoded"):
            given["codes"], factors = _encode(given["encoder"], transforms, objects, factors, batch)
    elif transforms is not None or objects is not None:
        raise InputError("transforms and objects go with an encoder; codes of a grid are complete without them.")
    found = GridFindings(read_codes(given["codes"], factors, accuracy, given.get("repeat")), limit, stream)
    return _of_codes(found, title, findings)


def _given(source: Any, by_name: dict[str, Any]) -> dict[str, Any]:
    """The one kind of input that was given, and ``repeat`` where it goes with it."""
    given = {name: value for name, value in by_name.items() if value is not None}
    if source is not None:
        if isinstance(source, (str, Path)):
            read = (
                from_archive(Path(source)) if Path(source).suffix.lower() == ".npz" else {"matrices": read_json(source)}
            )
        elif isinstance(source, Mapping):
            read = {"matrices": source}
        elif callable(source) and not hasattr(source, "__array__"):
            read = {"encoder": source}
        else:
            read = {"codes": source}
        if clash := sorted(set(given) & set(read)):
            raise InputError(f"{', '.join(clash)} came twice, in the first argument and by name.")
        given |= read
    kinds = [name for name in given if name != "repeat"]
    if len(kinds) != 1:
        raise InputError(f"Expected exactly one of {ONE_OF}, got {', '.join(kinds) or 'none of them'}.")
    if "repeat" in given and kinds != ["codes"]:
        raise InputError(f"repeat is a second encoding beside codes, got {', '.join(kinds)}.")
    return given


def _encode(encoder: Any, transforms: Any, objects: Any, factors: Any, batch: Any) -> tuple[Tensor, dict[str, Any]]:
    if not callable(encoder):
        raise InputError(f"Expected an encoder that can be called on a batch of objects, got {short(encoder)}.")
    if factors is not None:
        raise InputError("The factors of an encoder are its transforms, each of them cyclic; leave factors= out.")
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise InputError(f"Expected batch as a whole number of at least 1, got {short(batch)}.")
    steps, base = read_transforms(transforms), read_objects(objects)
    require_action(steps, base)
    return encoded_grid(encoder, steps, base, batch), dict.fromkeys(steps, "cyclic")


def _of_codes(found: GridFindings, title: str, findings: Findings) -> DisentangledReport:
    for label, stage in (
        ("the grid", found.grid), ("interaction", found.additive), ("frequencies and steps", found.frequencies),
        ("distance", found.distance), ("subspaces", found.subspaces),
    ):  # fmt: skip
        with findings.stage(label):
            findings += stage()
    facts = {"input": "codes", "shape": list(found.found.shape), **found.facts}
    return DisentangledReport(
        "disentangled", title or "codes", findings, meaning("codes", findings, facts), next_step("codes", findings, facts), facts,
        actions=found.actions, basis=found.basis,
    )  # fmt: skip


def _of_pairs(found: PairFindings, title: str, findings: Findings) -> DisentangledReport:
    for label, stage in (
        ("least squares", found.fits),
        ("orders", found.orders),
        ("pairs of factors", found.together),
        ("subspaces", found.subspaces),
    ):
        with findings.stage(label):
            findings += stage()
    facts = {"input": "pairs", **found.facts}
    return DisentangledReport(
        "disentangled", title or "pairs of codes", findings, meaning("pairs", findings, facts), next_step("pairs", findings, facts), facts, actions=found.actions,
    )  # fmt: skip


def _of_matrices(source: Any, accuracy: Any, title: str, findings: Findings) -> DisentangledReport:
    facts: dict[str, Any] = {"input": "matrices"}
    with findings.stage("the matrices"):
        own_title, read = read_factor_matrices(source, accuracy)
        facts |= {"degree": read[0].degree, "orders": {factor.name: factor.group.group.order for factor in read}}
    with findings.stage("the equation between dimensions"):
        decide = exact_findings if all(factor.exact is not None for factor in read) else decimal_findings
        found, basis = decide(read, facts)
        findings += found
    return DisentangledReport(
        "disentangled", title or own_title or "matrices", findings, meaning("matrices", findings, facts), next_step("matrices", findings, facts), facts, basis=basis,
    )  # fmt: skip
