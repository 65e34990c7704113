"""The representation audit without a group: what do these matrices generate, and into which irreps does it split? Numeric, with a certificate."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from numerics.decomposition import Decomposition, decompose
from numerics.random import Stream
from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.representation_input import Generated
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

LIMIT = 20_000


def audit_generated(given: Generated, subject: str, *, seed: int = 0) -> AuditReport:
    """Decompose, and say what was certified.

    Raises:
        InputError: a matrix is singular.
    """
    d = given.matrices.shape[-1]
    growing = _growth(given)
    if growing is not None:
        return _infinite(given, subject, growing)
    accuracy = given.accuracy if given.accuracy > 1e-13 else 0.0
    try:
        found = decompose(torch.from_numpy(given.matrices), Stream(seed), limit=LIMIT, accuracy=accuracy)
    except ValueError as error:
        return _no_form(given, subject, str(error))
    findings = [_group_finding(given, found, accuracy), _splitting_finding(found)]
    parts = " + ".join(f"{i.multiplicity} x (degree {i.dimension}, {i.kind} type)" for i in found.irreps)
    group = f"a group of order {found.order}" if found.order else "a group that was not found"
    if found.decided:
        meaning = f"The matrices represent {group} in degree {d}; over C they are {parts}."
        following = (
            "numerics.decomposition.decompose gives the change of basis T and the irreps; name the group (group=) to judge it exactly."
            if found.order
            else (
                f"Pass the group, or matrices whose group has at most {LIMIT} elements, to learn types and characters."
            )
        )
    else:
        meaning = "At this precision nothing is certified about how these matrices split."
        following = "Give float64 or exact entries, a better conditioned basis, or the group."
    facts: dict[str, Any] = {
        "degree": d, "generators": list(given.names), "order": found.order, "decided": found.decided, "residual": _plain(found.certificate.residual),
        "gap": _plain(found.gap), "davis_kahan": _plain(found.tilt), "condition": _plain(found.condition),
        "irreps": [{"degree": i.dimension, "multiplicity": i.multiplicity, "type": i.kind} for i in found.irreps],
    }  # fmt: skip
    return AuditReport("representation", subject, findings, meaning, following, facts)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _growth(given: Generated) -> dict[str, Any] | None:
    """A matrix whose determinant is surely not of modulus 1: no element of finite order. Singular ones are refused."""
    d = given.matrices.shape[-1]
    for name, matrix in zip(given.names, given.matrices, strict=True):
        values = np.linalg.svd(matrix, compute_uv=False)
        error = d * max(given.accuracy, 8 * np.finfo(float).eps * float(values[0]))
        if values[-1] <= error:
            raise InputError(
                f"R({name}) is singular to working precision (singular values from {values[0]:.2g} to {values[-1]:.2g}); a representation consists of invertible matrices."
            )
        size = float(np.log(values).sum())
        slack = float((2 * error / values).sum())  # |log(1 + t)| <= 2 |t| for |t| <= 1/2
        if abs(size) > slack and (error / values).max() < 0.5:
            return {"element": name, "log_abs_det": size, "bound": slack}
    return None


def _infinite(given: Generated, subject: str, witness: dict[str, Any]) -> AuditReport:
    text = f"log |det R({witness['element']})| = {witness['log_abs_det']:.3g}, {abs(witness['log_abs_det']) / max(witness['bound'], 1e-300):.3g} times what the precision explains: its powers grow or shrink without end"
    findings = [
        Finding("finite group", Status.REFUTED, text, witness),
        Finding("splits into irreps", Status.INAPPLICABLE, "not asked of matrices that represent no finite group"),
    ]
    meaning = "These matrices belong to no representation of a finite (or compact) group; complete reducibility is not to be expected."
    return AuditReport(
        "representation",
        subject,
        findings,
        meaning,
        f"Correct or rescale {witness['element']}: every element of a finite group has a determinant of modulus 1.",
        {},
    )


def _no_form(given: Generated, subject: str, why: str) -> AuditReport:
    findings = [
        Finding("finite group", Status.UNDECIDED, f"no invariant form was found: {why}"),
        Finding("splits into irreps", Status.INAPPLICABLE, "not asked without an invariant form"),
    ]
    meaning = "Either the matrices generate an unbounded group, which need not be completely reducible, or their basis is too badly conditioned for this precision."
    return AuditReport(
        "representation",
        subject,
        findings,
        meaning,
        "Give exact entries and the group; that is decided exactly.",
        {"generators": list(given.names)},
    )


def _group_finding(given: Generated, found: Decomposition, accuracy: float) -> Finding:
    if found.order is None:
        text = f"more than {LIMIT} elements, or elements closer than the precision tells apart; the splitting below is that of the matrices as given"
        return Finding("finite group", Status.UNDECIDED, text)
    if not found.decided:
        return Finding(
            "finite group",
            Status.UNDECIDED,
            f"{found.order} elements by the orbit of a random vector, not certified (see below)",
            {"order": found.order},
        )
    matrices = "the matrix generates" if len(given.names) == 1 else f"the {len(given.names)} matrices generate"
    text = f"{matrices} {found.order} element{'s' * (found.order > 1)}; irreps of it multiply like them to {found.certificate.multiplication:.1e}"
    return Finding("finite group", Status.HOLDS, text, {"order": found.order})


def _splitting_finding(found: Decomposition) -> Finding:
    pieces = sum(i.multiplicity for i in found.irreps)
    witness = {
        "residual": _plain(found.certificate.residual),
        "davis_kahan": _plain(found.tilt),
        "condition": _plain(found.condition),
    }
    if not found.decided:
        return Finding("splits into irreps", Status.UNDECIDED, found.why, witness)
    return Finding(
        "splits into irreps",
        Status.HOLDS,
        f"{pieces} piece{'s' * (pieces > 1)} of {len(found.irreps)} kind{'s' * (len(found.irreps) > 1)}: {found.why}",
        witness,
    )
