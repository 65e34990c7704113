"""``preality new``: a claim of the user's own, written so that it runs."""

from __future__ import annotations

from pathlib import Path

from proofs_checks import exits
from proofs_checks.report.terminal import say


def new(claim_id: str, /, *, folder: Path = Path()) -> int:
    """Write a claim of your own: a page, a route, a control and a test, which run as
    they stand.

    Parameters
    ----------
    claim_id
        topic.slug, in lower case, with dashes inside words.
    folder
        Where to write; here when left out.
    """
    from proofs_checks.claim.scaffold import write_claim

    claim, test = write_claim(claim_id, folder)
    say(f"Wrote {claim} and {test}\nRun the claim: preality verify {claim}\nRun its test:  python -m pytest {test}")
    return exits.HOLDS
