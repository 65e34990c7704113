"""Whether the density has mass one: by change of variables from what was found before,
and in low dimension on a lattice too."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.distributions.mass import LARGEST_DIM, weigh
from proofs_checks import kernel
from proofs_checks.audits.flow.base import LARGE, of_lattice
from proofs_checks.audits.flow.outcome import (
    BACK,
    BASE,
    IDENTITY,
    LAYERS,
    MASS,
    ONE_TO_ONE,
    ONTO,
    SIGN,
    WHOLE,
    Check,
    density,
    find_check,
    no_density,
)
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.audits.flow.surjectivity import returns
from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import undecided

EVALUATIONS = {
    1: {4096: 9e3, 32768: 7e4},
    2: {128: 2.5e4, 256: 9e4, 512: 3.6e5},
    3: {40: 1.3e5, 80: 6.4e5},
}  # by nodes along an axis
LATTICE_SHARE = 0.06  # of the time


def lattice_and_mass(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    r"""The integral of p: from :math:`\int p = P_{base}(T(\mathbb R^D))` for a
    one-to-one T whose log-determinant is right, and in D <= 3 on a lattice too."""
    said: dict[str, Any] = {}
    evidence: list[Any] = []
    lattice = _lattice(view, sites, said)
    if view.layers:
        missing = _pieces(view, done, evidence, said)
        if missing and lattice is None:
            evidence.append(undecided(f"not shown: {'; '.join(missing)}"))
        said["missing"] = missing
    elif (base := find_check(done, BASE)) is not None and base.evidence and view.base is not None and not view.layers:
        evidence += base.evidence
        said["by"] = "its own form"
    if lattice is not None and (not evidence or said.get("missing") or _tells(lattice)):
        evidence += lattice
    if not evidence:
        why = (
            no_density(view)
            if not view.evaluates
            else f"D = {view.dim}: without its transform a density above D = {LARGEST_DIM} is not weighed"
        )
        return [Check(MASS, unchecked=why)]
    return [Check(MASS, evidence, "statistical", said)]


def _tells(lattice: list[Any]) -> bool:
    """Whether a lattice refutes, or is fine enough to say something beside the other
    evidence."""
    return kernel.judge(lattice, route="numeric").status in (kernel.Status.HOLDS, kernel.Status.REFUTED)


def _pieces(view: FlowView, done: list[Check], evidence: list[Any], said: dict[str, Any]) -> list[str]:
    """The evidence of the theorem's hypotheses, and the names of those for which there
    is none."""
    injective = BACK if returns(done) else ONE_TO_ONE
    wanted = {
        "log p is base plus log-determinant": IDENTITY if view.log_prob is not None else None,
        "the log-determinant is that of the transform": WHOLE,
        "its determinant has one sign": SIGN,
        "it is one-to-one": injective,
        "the base has mass one": BASE,
        "every draw of the base has a preimage": ONTO,
    }
    missing = []
    for what, name in wanted.items():
        if name is None:
            continue
        check = find_check(done, name)
        if check is not None and check.evidence:
            evidence += check.evidence
        elif check is None or not check.said.get("needless"):
            if name == WHOLE and (layers := find_check(done, LAYERS)) is not None and layers.evidence:
                evidence += layers.evidence
            elif name == WHOLE and view.encodes and view.lacks_log_det and "whole" in (check.said if check else {}):
                continue  # the identity was checked against autograd's determinant itself
            else:
                missing.append(what)
    return missing


def _lattice(view: FlowView, sites: Sites, said: dict[str, Any]) -> list[Any] | None:
    """Evidence from values of log p on a lattice, D <= 3, as fine as the time
    allows."""
    if view.dim > LARGEST_DIM or not view.evaluates:
        return None
    allowed = LATTICE_SHARE * sites.clock.seconds if view.layers else 0.3 * sites.clock.remaining
    points = view.points

    def log_p(x: Tensor) -> Tensor:
        return density(view, x, view.one_context(len(x)))

    row = _row_of_many(log_p, points)
    sizes = [nodes for nodes, count in EVALUATIONS[view.dim].items() if row * count < allowed]
    if not sizes:
        return None
    try:
        found = weigh(log_p, points, most=max(sizes))
    except (*ERRORS, InputError) as error:
        said["lattice"] = f"log p raised {type(error).__name__} away from the data"
        return None
    said["nodes"] = found.nodes
    if not found.undefined and (found.outside > 0.1 or found.log_mass > LARGE):
        inner = weigh(log_p, points, support=(points.amin(0), points.amax(0)), most=max(sizes))
        if not inner.undefined and inner.log_mass > 0 and inner.quadrature < 0.1:
            said["box"] = True
            return of_lattice(inner, view, said)
    return of_lattice(found, view, said)


def _row_of_many(log_p: Callable[[Tensor], Tensor], points: Tensor) -> float:
    """Seconds that a row takes in a large batch."""
    rows = points[:1].expand(2048, -1)
    start = time.perf_counter()
    try:
        log_p(rows)
    except (*ERRORS, InputError):
        return math.inf
    return (time.perf_counter() - start) / len(rows)
