"""The entangling map as evaluated: it preserves the prior, and no partial derivative
of it vanishes.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.latents.entangling import EntanglingMap
from numerics.latents.entangling_bounds import DENSITY, ENTRY, errors, matrix_errors
from numerics.latents.twins import EntangledTwin
from numerics.streams import Stream
from proofs_checks.findings import Finding
from proofs_checks.kernel import Bound, Status, Verdict, judge, measured
from proofs_checks.wording import number_text

POINTS = 2048  # at which the map is differentiated


def map_findings(twin: EntangledTwin, stream: Stream) -> tuple[list[Finding], dict[str, Any]]:
    """The prior is preserved, and no partial derivative of f vanishes: measured on
    the map as evaluated.
    """
    f = twin.mapping
    z = f.check(f.prior.sample(POINTS, stream.fork("points")).to(f.A))
    at = [f.linearize(part) for part in f.tiles(z)]
    matrix = matrix_errors(f.A)
    error = [errors(f, part, matrix) for part in at]
    foreign = [block.name for block in f.prior.blocks if not block.differentiable]
    smooth = ("F and its inverse are smooth where they are differenced",) if foreign else ()
    assumes = ("torch's special functions are within 16 units of roundoff", *smooth)
    defect = torch.cat([f.density_defect(part) for part in at]).abs()
    least = [f.least_entry(part) for part in at]
    terms = {name: torch.cat([e.density[name] for e in error]) for name in error[0].density}
    bound = Bound(terms, DENSITY, estimated=("differences",) if foreign else (), assumes=assumes)
    density = judge(measured(defect, bound, points=len(z), resolves=1e-3), route="numeric")
    doubt = torch.cat([e.entry for e in error])
    zero = torch.full_like(doubt, float((f.A.abs() <= matrix.entries).any()))
    bound = Bound({"relative error of an entry": doubt}, ENTRY, assumes=assumes)
    entries = judge(measured(zero, bound, points=len(z), resolves=2.0**-10), route="numeric")
    size, logs = f.A.abs(), torch.cat([part.log_abs for part in least])
    findings = [
        *_objects(f, float(matrix.orthogonality)),
        Finding(
            "f preserves the prior", density.status,
            f"|log p(f(z)) + log |det J(z)| - log p(z)| at {len(z)} points; at the worst of them {number_text(density.residual or 0.0)}, where rounding "
            f"{'and differences explain' if foreign else 'explains'} {number_text(density.bound or 0.0)}{also(density)}", witness_of(density),
        ),
        _least_entry(f, z, least, doubt, entries),
    ]  # fmt: skip
    facts = {
        "least entry of A": float(size.min()), "largest entry of A": float(size.max()), "log of the least entry of the Jacobian": float(logs.min()),
        "largest density defect": float(defect.max()), "marginals by differences": foreign,
    }  # fmt: skip
    return findings, facts


def _objects(f: EntanglingMap, orthogonality: float) -> list[Finding]:
    """The prior and the rotation as they were read."""
    size = f.A.abs()
    even = bool((size - f.dim**-0.5).abs().max() <= 16 * f.dim * torch.finfo(f.A.dtype).eps)
    prior = f"d = {f.dim} independent coordinates: {_named(f.prior)}; no gap wider than 1/1024 of the mass was seen (narrower ones were not looked for)"
    entries = f"|A_ij| from {number_text(float(size.min()))} to {number_text(float(size.max()))}"
    rotation = f"orthogonal to {number_text(orthogonality)}; {entries}{', all equal' if even else ''}"
    return [Finding("a product prior", Status.HOLDS, prior), Finding("the rotation", Status.HOLDS, rotation)]


def _least_entry(f: EntanglingMap, z: Tensor, least: list[Any], doubt: Tensor, verdict: Verdict) -> Finding:
    """The smallest partial derivative of all, and how well it is known."""
    logs = torch.cat([part.log_abs for part in least])
    k = int(logs.argmin())
    row, column = (int(torch.cat([getattr(part, name) for part in least])[k]) for name in ("row", "column"))
    text = (
        f"least |df_i/dz_j| over {len(z)} points and all {f.dim**2} entries: {number_text(math.exp(float(logs[k])))} "
        f"(i = {row + 1}, j = {column + 1}), known to a relative error of {number_text(float(doubt.max()))}{also(verdict)}"
    )
    witness = {"log of the least entry": float(logs[k]), "row": row, "column": column, "z": z[k].tolist()[:16]}
    return Finding("every latent moves every output", verdict.status, text, witness)


def _named(prior: Any) -> str:
    counts: dict[str, int] = {}
    for block in prior.blocks:
        counts[block.name] = counts.get(block.name, 0) + block.dim
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def also(verdict: Verdict) -> str:
    """The kernel's reason, where it gives one."""
    return f"; {verdict.why}" if verdict.why else ""


def witness_of(verdict: Verdict) -> dict[str, Any] | None:
    """The kernel's witness as plain data."""
    return dict(verdict.witness) if isinstance(verdict.witness, dict) else None
