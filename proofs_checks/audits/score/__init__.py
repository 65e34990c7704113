"""The audit of a score network: is it a gradient field, does it belong to its data at
each noise level, and what density does it imply."""

from __future__ import annotations

from proofs_checks.audits.score.audit import audit_score

__all__ = ["audit_score"]
