"""preality: what people claim about deep generative models, proved, measured and audited.

>>> from proofs_checks import claims
>>> print(claims)                                    # doctest: +SKIP
>>> claims["anomaly.arbitrary-score"].check()        # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

from proofs_checks.catalogue import claims

__version__ = "0.1.0"
__all__ = ["assert_claim", "claims"]


def assert_claim(claim_id: str, **objects: Any) -> None:
    """Run a claim's routes, on the reader's own objects where given, and raise ``AssertionError`` unless it holds.

    For use in a test suite: ``assert_claim("anomaly.arbitrary-score", p=model.log_prob, s=score)``.
    """
    claims[claim_id].check(**objects).assert_holds()
