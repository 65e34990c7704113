"""The audit of a layer said to be equivariant."""

from __future__ import annotations

from proofs_checks.audits.equivariance.audit import audit_equivariance

__all__ = ["audit_equivariance"]
