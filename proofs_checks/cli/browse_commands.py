"""Commands that read the catalogue and run nothing: ``list``, ``show``, ``errata``."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from proofs_checks import exits
from proofs_checks.errors import LedgerError
from proofs_checks.report.terminal import say, warn
from proofs_checks.wording import clean, count, finite
from proofs_checks.wording.formulas import unicode_prose

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.run.interactive import Catalogue


def list_claims(*words: str, json: bool = False) -> int:
    """List the claims of the catalogue, or those in whose page every one of WORDS
    occurs.

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


def show(
    claim_id: str,
    /,
    *,
    all: Annotated[bool, Parameter(negative=())] = False,
    json: bool = False,
    ledger: Path | None = None,
) -> int:
    """Show one claim: its statement, its assumptions, and the verdict of the last run.

    Parameters
    ----------
    claim_id
        An id as `preality list` prints it, or a claim file.
    all
        Also the routes, controls, errata, objects that it takes, and sources.
    json
        Every field of the page as JSON.
    ledger
        Where the last run is looked up; the ledger in the user's data directory when
        left out.
    """
    from proofs_checks.cli.common import select

    catalogue = _catalogue()
    for claim in select(catalogue, [claim_id]):
        if json:
            print(json_module.dumps(_plain(claim), indent=2))
            continue
        say(claim.explain() if all else claim.summary())
        say()
        for line in _last_verdict(claim, catalogue, ledger):
            say(line)
        say(
            f"Run it: preality verify {claim_id}"
            + ("" if all else f"; controls, errata, objects: preality show {claim_id} --all")
        )
    return exits.HOLDS


def _last_verdict(claim: Claim, catalogue: Catalogue, ledger: Path | None) -> Iterator[str]:
    """The verdict of the newest run that has this claim, route by route."""
    from proofs_checks.cli.common import results_of
    from proofs_checks.run.ledger import Ledger, default_path

    if ledger is None and not default_path().exists():
        yield "Last run: none yet."
        return
    try:
        with Ledger(ledger, reading=True) as book:
            run = book.latest(claim.id)
            records = book.records(run.id) if run else []
    except LedgerError as error:
        if ledger is not None:
            raise
        yield f"Last run: not known. {error}"
        return
    if run is None:
        yield "Last run: none yet."
        return
    known = [
        one for one in {**catalogue, claim.id: claim}.values() if any(record["claim"] == one.id for record in records)
    ]
    result = next(one for one in results_of(known, records) if one.id == claim.id)
    unfinished = "" if run.finished else ", unfinished"
    yield f"Last run, {run.started} ({run.settings.get('profile', '')} profile{unfinished}): {result.word}"
    yield from (
        f"  {name}: {verdict.status}" + (f", {verdict.why}" if verdict.why else "")
        for name, verdict in result.routes.items()
    )
    yield f"  {result.refuted_controls} of {count(len(result.controls), 'control')} refuted"


def errata(claim_id: str = "", /) -> int:
    """List the wordings that are wrong, incomplete or loose, what is true instead, and
    the command that shows it."""
    claims = _catalogue()
    chosen = [claims[claim_id]] if claim_id else list(claims.values())
    found = 0
    for claim in chosen:
        for erratum in claim.errata:
            found += 1
            say(
                f"{claim.id}\n  printed: {unicode_prose(erratum.printed)}\n  true is: {unicode_prose(erratum.corrected)}"
            )
            say(f"  see it:  preality verify {claim.id} --control {erratum.witness}\n")
    say(f"{found} errat{'um' if found == 1 else 'a'} in {len(chosen)} claim{'s' * (len(chosen) != 1)}.")
    return exits.HOLDS


def _catalogue() -> Catalogue:
    from proofs_checks.run.interactive import Catalogue

    return Catalogue()


def _table(claims: list[Claim]) -> str:
    rows = [(clean(claim.id), ", ".join(claim.routes), clean(claim.title)) for claim in claims]
    if not rows:
        return "no claims"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows)


def _plain(claim: Claim) -> dict[str, Any]:
    page = asdict(claim.page)
    return finite({name: value for name, value in page.items() if name not in ("module", "origin")})


def _tell_problems(claims: Catalogue) -> None:
    for origin, problem in claims.problems.items():
        warn(f"The claims of {origin} could not be read: {problem}")
