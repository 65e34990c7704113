"""The audit of a decoder's rate-distortion curve: what it costs in nats to name a code,
between certified bounds, and how much of that is the prior's."""

from __future__ import annotations

from proofs_checks.audits.rate_distortion.audit import RateDistortionReport, audit_rate_distortion
from proofs_checks.audits.rate_distortion.fitted_prior import FittedPrior

__all__ = ["FittedPrior", "RateDistortionReport", "audit_rate_distortion"]
