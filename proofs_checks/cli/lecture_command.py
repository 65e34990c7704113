"""``preality lecture``: the lecture, section by section, with what became of each of
its claims."""

from __future__ import annotations

import json as json_module
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proofs_checks import exits
from proofs_checks.claim import lecture as lecture_page
from proofs_checks.errors import LedgerError
from proofs_checks.report.terminal import say, warn, width
from proofs_checks.wording import clip, count
from proofs_checks.wording.formulas import unicode_formula, unicode_prose

LONGEST_SCOPE = 240  # letters; `preality verify -v` prints the whole

if TYPE_CHECKING:
    from proofs_checks.claim.lecture import Section
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.results import ClaimResult


def lecture(section: str = "", /, *, json: bool = False, ledger: Path | None = None) -> int:
    """Read the lecture section by section: what it asserts, what is true, the verdicts
    of the last run, and the audit that applies it to a model of yours.

    Parameters
    ----------
    section
        A section's name or number; the list of sections when left out.
    json
        One JSON array, with every field of every section asked for.
    ledger
        Where the verdicts of the last run are looked up; the ledger in the user's data
        directory when left out.
    """
    from proofs_checks.run.interactive import Catalogue

    chosen = (lecture_page.section(section),) if section else lecture_page.sections()
    if json:
        print(json_module.dumps([msgspec.to_builtins(one) for one in chosen], indent=2))
    elif not section:
        _list(chosen)
    else:
        catalogue = Catalogue()
        for line in section_lines(chosen[0], catalogue, _last_results(chosen[0], catalogue, ledger)):
            say(line)
    return exits.HOLDS


def _list(sections: tuple[Section, ...]) -> None:
    for number, one in enumerate(sections, start=1):
        judged = ", ".join(
            [count(len(one.claims), "claim")] * bool(one.claims) + [f"audit {name}" for name in one.audits]
        )
        say(f"{number:>2}  {one.slug:<20} {one.title}" + (f" ({judged})" if judged else ""))
    say("\nRead one: preality lecture SECTION, by its name or number")


def section_lines(
    section: Section, catalogue: Catalogue, results: Mapping[str, ClaimResult], columns: int = 0
) -> Iterator[str]:
    """A section as text, every verdict with its scope."""
    columns = min(columns or width(), 100)

    def paragraph(text: str, mark: str = "  ") -> Iterator[str]:
        yield from textwrap.wrap(unicode_prose(text), columns, initial_indent=mark, subsequent_indent=" " * len(mark))

    yield from textwrap.wrap(section.title, columns)
    for heading, texts in (("The lecture asserts", section.asserts), ("What is true", (section.true,))):
        yield ""
        yield heading
        for text in texts:
            yield from paragraph(text)
    for formula in section.formulas:
        yield ""
        yield from paragraph(unicode_formula(formula.formula), "    ")
        yield from paragraph(f"{formula.says} ({formula.claim})", "      ")
    for claim_id in section.claims:
        yield ""
        yield from _claim_lines(claim_id, catalogue, results.get(claim_id), paragraph)
    for heading, texts in (
        ("Definitions", section.definitions),
        ("Opinion, which nothing here proves", section.opinions),
        ("Open", section.open),
    ):
        if texts:
            yield ""
            yield heading
        for text in texts:
            yield from paragraph(text)
    if section.audits:
        yield ""
        yield "On a model of yours"
        for name in section.audits:
            yield f"  preality.audit.{name}(...)      preality audit {name} FILE"


def _claim_lines(
    claim_id: str, catalogue: Catalogue, result: ClaimResult | None, paragraph: Callable[..., Iterator[str]]
) -> Iterator[str]:
    claim = catalogue[claim_id]
    yield f"{claim_id}: {'not run yet' if result is None else result.word}"
    yield from paragraph(claim.title)
    for name, verdict in result.routes.items() if result is not None else ():
        covered = clip(replace(verdict.scope, given=(), estimated=()).text, LONGEST_SCOPE)
        yield from paragraph(f"{name}: {verdict.status}, {covered}", "    ")
    for erratum in claim.errata:
        yield from paragraph(f"Printed: {erratum.printed}", "    ")
        yield from paragraph(f"True is: {erratum.corrected}", "      ")
        yield f"      preality verify {claim_id} --control {erratum.witness}"
    for text in claim.not_proved:
        yield from paragraph(f"Not proved: {text}", "    ")
    if result is None:
        yield f"    preality verify {claim_id}"


def _last_results(section: Section, catalogue: Catalogue, ledger: Path | None) -> dict[str, ClaimResult]:
    """The newest verdict of each claim of a section, as the ledger has it."""
    from proofs_checks.cli.common import results_of
    from proofs_checks.run.ledger import Ledger, default_path

    if ledger is None and not default_path().exists():
        return {}
    found: dict[str, ClaimResult] = {}
    try:
        with Ledger(ledger, reading=True) as book:
            for claim_id in section.claims:
                run = book.latest(claim_id)
                if run is None:
                    continue
                records = book.records(run.id)
                known = [claim for claim in catalogue.values() if any(one["claim"] == claim.id for one in records)]
                found[claim_id] = next(one for one in results_of(known, records) if one.id == claim_id)
    except LedgerError as error:
        if ledger is not None:
            raise
        warn(f"The verdicts of the last run are not known. {error}")
    return found
