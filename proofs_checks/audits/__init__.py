"""Audits: theorems as instruments on a user's own objects.

An audit returns an :class:`proofs_checks.findings.AuditReport`: findings in the order
in which they were made, what they mean, and what to do next. Input that cannot be read
at all raises :class:`proofs_checks.errors.InputError`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KINDS", "Kind"]


class Kind(NamedTuple):
    """Where an audit lives, and what it reads: a file of ``data``, a Python file whose
    names are its arguments (``code``), or ``either``."""

    module: str
    function: str
    reads: str


KINDS = {
    name: Kind(f"proofs_checks.audits.{name}", f"audit_{name}", reads)
    for reads, names in {
        "data": ("representation", "group", "equivariance", "embedding"),
        "code": (
            "flow",
            "density",
            "pit",
            "typicality",
            "entangle",
            "hybrid",
            "wrapped",
            "fit",
            "score",
            "rate_distortion",
        ),
        "either": ("disentangled",),
    }.items()
    for name in names
}
