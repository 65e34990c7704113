"""Commands that read the catalogue and run nothing: ``list``, ``show``, ``errata``."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from proofs_checks import exits
from proofs_checks.terminal import say, warn
from proofs_checks.text import clean

if TYPE_CHECKING:
    from proofs_checks.catalogue import Catalogue
    from proofs_checks.claim import Claim


def list_claims(*words: str, json: bool = False) -> int:
    """List the claims of the catalogue, or those in whose page every one of WORDS occurs.

    Parameters
    ----------
    json
        One JSON array, with every field of every page.
    """
    claims = _catalogue()
    chosen = claims.search(" ".join(words))
    if json:
        print(json_module.dumps([_plain(claim) for claim in chosen], indent=2))
    else:
        print(_table(chosen))
    _tell_problems(claims)
    return exits.HOLDS if chosen else exits.NOTHING


def show(claim_id: str, /, *, json: bool = False) -> int:
    """Show one claim: its statement, assumptions, routes, controls, errata and sources.

    Parameters
    ----------
    claim_id
        An id as `preality list` prints it, or a claim file.
    json
        Every field of the page as JSON.
    """
    from proofs_checks.cli.verifying import select

    for claim in select(_catalogue(), [claim_id]):
        if json:
            print(json_module.dumps(_plain(claim), indent=2))
        else:
            say(claim.explain())
            say(f"\nRun it: preality verify {claim_id}")
    return exits.HOLDS


def errata(claim_id: str = "", /) -> int:
    """List the wordings that are wrong, incomplete or loose, what is true instead, and the command that shows it."""
    claims = _catalogue()
    chosen = [claims[claim_id]] if claim_id else list(claims.values())
    found = 0
    for claim in chosen:
        for erratum in claim.errata:
            found += 1
            say(f"{claim.id}\n  printed: {erratum.printed}\n  true is: {erratum.corrected}")
            say(f"  see it:  preality verify {claim.id} --control {erratum.witness}\n")
    say(f"{found} errat{'um' if found == 1 else 'a'} in {len(chosen)} claim{'s' * (len(chosen) != 1)}.")
    return exits.HOLDS


def _catalogue() -> Catalogue:
    from proofs_checks.catalogue import Catalogue

    return Catalogue()


def _table(claims: list[Claim]) -> str:
    rows = [(clean(claim.id), ", ".join(claim.routes), clean(claim.title)) for claim in claims]
    if not rows:
        return "no claims"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows)


def _plain(claim: Claim) -> dict[str, Any]:
    page = asdict(claim.page)
    return {name: value for name, value in page.items() if name not in ("module", "origin")}


def _tell_problems(claims: Catalogue) -> None:
    for origin, problem in claims.problems.items():
        warn(f"The claims of {origin} could not be read: {problem}")
