"""The audit of a normalising flow: is this density model what it says it is?"""

from __future__ import annotations

from proofs_checks.audits.flow.audit import FlowReport, audit_flow
from proofs_checks.audits.flow.figure import figure

__all__ = ["FlowReport", "audit_flow", "figure"]
