"""preality verifies what people claim about deep generative models: an exact proof, an
independent measurement, an audit of your own model.

>>> import preality
>>> preality.claims["hybrid.value-imbalance"].topic
'hybrid'

``claims``: the catalogue, by id. ``audit``: a theorem applied to your object,
``audit.density(flow, inliers, outliers)``. ``verify``: run claims and print a table.
``assert_claim``: a claim as one line of a test suite. ``executor``: where the blocks of
a large audit are carried out, ``with executor("dask", jobs=4).blocks() as over``. Nothing heavy is imported before
something runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proofs_checks import __version__

if TYPE_CHECKING:
    from proofs_checks import assert_claim, audit, claims, executor, verify

__all__ = ["__version__", "assert_claim", "audit", "claims", "executor", "verify"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import proofs_checks

        return getattr(proofs_checks, name)
    raise AttributeError(f"preality has no {name!r}; it has {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return list(__all__)
