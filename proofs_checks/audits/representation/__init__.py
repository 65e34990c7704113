"""The audit of matrices said to represent a finite group, and of a list of
representations said to be complete.
"""

from __future__ import annotations

from proofs_checks.audits.representation.audit import audit_representation

__all__ = ["audit_representation"]
