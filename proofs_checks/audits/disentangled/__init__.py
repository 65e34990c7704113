"""The audit of symmetry-based disentanglement: matrices, codes, an encoder with its
transforms, or pairs."""

from __future__ import annotations

from proofs_checks.audits.disentangled.audit import DisentangledReport, audit_disentangled

__all__ = ["DisentangledReport", "audit_disentangled"]
