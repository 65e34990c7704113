"""The audit of a latent-variable model by its entangled twin."""

from __future__ import annotations

from proofs_checks.audits.entangle.audit import EntangleReport, audit_entangle

__all__ = ["EntangleReport", "audit_entangle"]
