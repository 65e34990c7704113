"""The audit of a density model: which areas under the ROC curve bijections of the data
can give it."""

from __future__ import annotations

from proofs_checks.audits.density.audit import DensityReport, audit_density

__all__ = ["DensityReport", "audit_density"]
