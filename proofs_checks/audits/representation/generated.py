"""The representation audit without a group: what do these matrices generate, and
into which irreps does it split? Numeric, with a certificate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from numerics.representations.decomposition import decompose
from numerics.representations.irreps import Decomposition
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.inputs.decimals import is_singular
from proofs_checks.inputs.representations import Generated
from proofs_checks.kernel import Status

LIMIT = 20_000


def audit_generated(given: Generated, subject: str, *, seed: int = 0) -> AuditReport:
    """Decompose, and say what was certified.

    Raises:
        InputError: a matrix is singular.
    """
    d = given.matrices.shape[-1]
    if (stopped := _stopped(given, subject)) is not None:
        return stopped
    largest = max(1.0, float(np.abs(given.matrices).max()))
    try:
        found = decompose(
            torch.from_numpy(given.matrices), Stream(seed), limit=LIMIT, accuracy=given.accuracy / largest
        )
    except ValueError as error:
        return _unclear(given, subject, str(error))
    if not found.has_form:
        return _unclear(given, subject, found.why)
    doubt = _beyond_the_digits(given, found)
    findings = [_group_finding(given, found, doubt), _splitting_finding(found, doubt)]
    parts = " + ".join(f"{i.multiplicity} x (degree {i.dimension}, {i.kind} type)" for i in found.irreps)
    group = f"a group of order {found.order}" if found.order else "a group that was not found"
    if found.decided and doubt:
        meaning = f"The matrices are near to matrices that represent {group} in degree {d}, {parts}; nearer than their digits say they are not known to be."
        following = "If the entries are no more accurate than that, say so with accuracy=; otherwise correct them, or give exact entries and the group."
    elif found.decided:
        meaning = f"The matrices represent {group} in degree {d}; over C they are {parts}."
        following = (
            "numerics.representations.decomposition.decompose gives the change of basis T and the irreps; name the group (group=) to judge it exactly."
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
        "gap": _plain(found.gap), "davis_kahan": _plain(found.sine_bound), "condition": _plain(found.condition),
        "irreps": [{"degree": i.dimension, "multiplicity": i.multiplicity, "type": i.kind} for i in found.irreps],
    }  # fmt: skip
    return AuditReport("representation", subject, findings, meaning, following, facts)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _beyond_the_digits(given: Generated, found: Decomposition) -> str:
    """Why what was certified is more than the digits explain, or an empty text.

    If matrices with entries within a of those given split in the basis T, T^-1 R(g) T
    misses blocks by at most |T^-1| d a |T|, and its evaluation by 2 gamma |T| |T^-1|
    |R| more. A larger residual may still be the decomposition's own rounding, so it
    leaves the question open.
    """
    matrices = given.matrices
    d = matrices.shape[-1]
    size = float(np.linalg.norm(matrices, axis=(1, 2)).max())
    rounding = (2 * (d + 2) + 8) * np.finfo(float).eps / 2
    explained = found.condition * d * (d * given.accuracy + 2 * rounding * size)
    if not found.decided or found.certificate.residual <= explained:
        return ""
    return f"they miss it by {found.certificate.residual:.1e}, where entries within {given.accuracy:.1e} of the true ones explain {explained:.1e}"


def _stopped(given: Generated, subject: str) -> AuditReport | None:
    """A matrix whose determinant is surely not of modulus 1, so that it is no
    element of finite order; or that cannot be told from a singular one.
    """
    d = given.matrices.shape[-1]
    for name, matrix in zip(given.names, given.matrices, strict=True):
        values = np.linalg.svd(matrix, compute_uv=False)
        error = d * max(given.accuracy, 8 * np.finfo(float).eps * float(values[0]))
        if values[-1] <= error:
            between = f"singular values from {values[0]:.2g} to {values[-1]:.2g}, known to within {error:.1g}"
            if is_singular(matrix):
                raise InputError(
                    f"R({name}) is singular ({between}); a representation consists of invertible matrices. Correct it."
                )
            return _unclear(
                given, subject, f"R({name}) cannot be told from a singular matrix at this precision ({between})"
            )
        size = float(np.log(values).sum())
        slack = float((2 * error / values).sum())  # |log(1 + t)| <= 2 |t| for |t| <= 1/2
        if abs(size) > slack and (error / values).max() < 0.5:
            return _infinite(given, subject, {"element": name, "log_abs_det": size, "bound": slack})
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


def _unclear(given: Generated, subject: str, why: str) -> AuditReport:
    findings = [
        Finding("finite group", Status.UNDECIDED, why),
        Finding("splits into irreps", Status.INAPPLICABLE, "not asked without an invariant form"),
    ]
    meaning = "Either the matrices generate an unbounded group, which need not be completely reducible, or their basis is too badly conditioned for this precision."
    step = (
        "Give exact entries and the group; that is decided exactly. Or give the matrices in a better conditioned basis."
    )
    return AuditReport("representation", subject, findings, meaning, step, {"generators": list(given.names)})


def _group_finding(given: Generated, found: Decomposition, doubt: str) -> Finding:
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
    text = f"{matrices} {found.order} element{'s' * (found.order > 1)}; irreps of it multiply like them to {found.certificate.multiplication:.1e} (entries taken as within {given.accuracy:.1e} of the true ones)"
    if doubt:
        return Finding(
            "finite group",
            Status.UNDECIDED,
            f"near to matrices that generate {found.order} elements: {doubt}",
            {"order": found.order},
        )
    return Finding("finite group", Status.HOLDS, text, {"order": found.order})


def _splitting_finding(found: Decomposition, doubt: str) -> Finding:
    pieces = sum(i.multiplicity for i in found.irreps)
    witness = {
        "residual": _plain(found.certificate.residual),
        "davis_kahan": _plain(found.sine_bound),
        "condition": _plain(found.condition),
    }
    if not found.decided:
        return Finding("splits into irreps", Status.UNDECIDED, found.why, witness)
    return Finding(
        "splits into irreps",
        Status.UNDECIDED if doubt else Status.HOLDS,
        f"{pieces} piece{'s' * (pieces > 1)} of {len(found.irreps)} kind{'s' * (len(found.irreps) > 1)}: {found.why.removesuffix('.')}{f'; {doubt}' if doubt else ''}",
        witness,
    )
