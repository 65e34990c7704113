"""The audit of a typicality test: what maps of the data do to typical sets."""

from __future__ import annotations

from proofs_checks.audits.typicality.audit import TypicalityReport, audit_typicality

__all__ = ["TypicalityReport", "audit_typicality"]
