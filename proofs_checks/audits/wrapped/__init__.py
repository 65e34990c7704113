"""The audit of a density on hyperbolic space: its mass, its draws, and the factors of a
wrapped normal."""

from __future__ import annotations

from proofs_checks.audits.wrapped.audit import audit_wrapped

__all__ = ["audit_wrapped"]
