"""preality: what people claim about deep generative models, proved, measured and
audited.

>>> from proofs_checks import claims
>>> print(claims)                                    # doctest: +SKIP
>>> claims["anomaly.arbitrary-score"].check()        # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proofs_checks.audits.namespace import audit
    from proofs_checks.run.executors import executor
    from proofs_checks.run.interactive import claims, verify

__version__ = "0.1.0"
__all__ = ["assert_claim", "audit", "claims", "executor", "verify"]


def assert_claim(claim_id: str, **objects: Any) -> None:
    """Run a claim's routes, on your own objects where given, and raise
    ``AssertionError`` unless it holds.

    For use in a test suite: ``assert_claim("anomaly.arbitrary-score", p=model.log_prob,
    s=score)``.
    """
    from proofs_checks.run.interactive import claims

    claims[claim_id].check(**objects).assert_holds()


def __getattr__(name: str) -> Any:
    """``claims`` and ``verify`` read the catalogue, ``audit`` the list of audits;
    neither is needed to import the package."""
    if name in ("claims", "verify"):
        from proofs_checks.run import interactive

        return getattr(interactive, name)
    if name == "executor":
        from proofs_checks.run.executors import executor

        return executor
    if name == "audit":
        from proofs_checks.audits.namespace import audit

        return audit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
