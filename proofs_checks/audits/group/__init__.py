"""The audit of a multiplication table: is it that of a group."""

from __future__ import annotations

from proofs_checks.audits.group.audit import audit_group

__all__ = ["audit_group"]
