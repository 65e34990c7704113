"""The audit of a fit: how far a model is from its data under KL, JSD, MMD and by mass,
and which measure prefers which of two models."""

from __future__ import annotations

from proofs_checks.audits.fit.audit import audit_fit

__all__ = ["audit_fit"]
