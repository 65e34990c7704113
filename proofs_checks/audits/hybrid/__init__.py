"""The audit of a hybrid model: what its shared parameters feel of an image and of its
label."""

from __future__ import annotations

from proofs_checks.audits.hybrid.audit import audit_hybrid

__all__ = ["audit_hybrid"]
