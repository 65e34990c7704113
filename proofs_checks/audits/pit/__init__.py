"""The audit of calibration: is the model's Rosenblatt image of the samples uniform."""

from __future__ import annotations

from proofs_checks.audits.pit.audit import audit_pit

__all__ = ["audit_pit"]
