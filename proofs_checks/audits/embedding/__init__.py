"""The audit of a graph's embedding: distortion and MAP over all pairs, and for Sarkar's
construction a certificate."""

from __future__ import annotations

from proofs_checks.audits.embedding.audit import audit_embedding

__all__ = ["audit_embedding"]
