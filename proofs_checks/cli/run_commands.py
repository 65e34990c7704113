"""Commands about checks that were made before: ``replay``, ``report``, ``history``,
``import``, ``merge``, ``schema``."""

from __future__ import annotations

import json as json_module
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from proofs_checks import exits
from proofs_checks.cli.common import checked_outputs, read_audits, results_of, select, write_outputs
from proofs_checks.errors import CatalogueError, InputError
from proofs_checks.inputs.files import exists, file_label, is_file, quoted_name, read_text
from proofs_checks.report.terminal import print_results, say, warn

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.run.checks import Record
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger, StoredRun


def replay(
    record: str,
    /,
    *files: str,
    all: Annotated[bool, Parameter(negative=())] = False,
    device: str = "",
    ledger: Path | None = None,
    jobs: int | None = None,
    max_bytes: int | None = None,
) -> int:
    """Make a recorded check again, and compare. Exits with 0 when the verdict is the
    same, with 1 when it is not.

    Parameters
    ----------
    record
        An address RUN:NUMBER in the ledger, a record as JSON, or a file that holds one;
        with `--all` a run's id.
    files
        Python files that define the claim, where it is not in the catalogue; each is
        code, and is run.
    all
        Make every exact and certified check of the run RECORD again.
    device
        Where to run; the record's own device, or the CPU where that is not here, when
        left out.
    ledger
        Where to look an address up.
    jobs
        With `--all`: worker processes; one a core when left out.
    max_bytes
        Read files of up to so many bytes, in place of 64 MiB.
    """
    from proofs_checks.inputs.files import limited_to
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.replay import replay as again

    if all:
        return _replay_all(record, files, ledger, jobs)
    catalogue = Catalogue()
    with limited_to(max_bytes):
        found, known_files = _record_of(record, ledger)
    _add_files(catalogue, [*files, *(known_files if found["claim"] not in catalogue else [])])
    outcome = again(found, catalogue, device)
    say(outcome.text)
    return exits.HOLDS if outcome.same else exits.REFUTED


def _replay_all(name: str, files: Sequence[str], ledger: Path | None, jobs: int | None) -> int:
    """Every exact check of a run, made again in workers."""
    from proofs_checks.run.checks import task_of
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger
    from proofs_checks.run.replay import replay_all

    catalogue = Catalogue(apart=True)
    with Ledger(ledger, reading=True) as book:
        stored = book.run(name)
        found = book.records(stored.id)
    _add_files(catalogue, [*files, *(path for path in stored.selection if path.endswith(".py"))])
    same = total = 0
    for then, now in replay_all(found, catalogue, str(stored.settings.get("control") or ""), jobs):
        total += 1
        status = then["verdict"]["status"]
        fresh = "not made any more" if now is None else now["verdict"]["status"]
        same += fresh == status
        if fresh != status or then.get("origin"):
            origin = f" ({then['origin']})" if then.get("origin") else ""
            say(f"{task_of(then).label}, check {then['k']}: recorded{origin} {status}, now {fresh}")
    say(f"{same} of {total} exact checks of run {stored.id} came out the same.")
    return exits.NOTHING if not total else exits.HOLDS if same == total else exits.REFUTED


def _record_of(text: str, ledger: Path | None) -> tuple[Record, list[str]]:
    """The record that a person means, and the claim files of its run."""
    from proofs_checks.run import records
    from proofs_checks.run.ledger import Ledger

    if text.lstrip().startswith("{"):
        return records.parse(text), []
    if exists(text):
        lines = [line for line in read_text(text).splitlines() if line.strip()]
        if len(lines) > 1 and not _is_object(lines[0]):  # one record, laid out over several lines
            lines = ["\n".join(lines)]
        if len(lines) != 1:
            raise InputError(
                f"{text!r} holds {len(lines)} records; `preality replay` takes one. `preality import` takes many."
            )
        return records.parse(lines[0]), []
    run, _, number = text.rpartition(":")
    if not run or not (number.isascii() and number.isdigit()):
        raise InputError(
            f"Expected an address RUN:NUMBER, a record as JSON, or a file that holds one; got {text!r}, and there is no such file."
        )
    with Ledger(ledger, reading=True) as book:
        found = book.record(text)
        return found, [name for name in book.run(run).selection if name.endswith(".py")]


def _is_object(text: str) -> bool:
    try:
        return isinstance(json_module.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _add_files(catalogue: Catalogue, files: Sequence[str]) -> None:
    present = [name for name in files if is_file(name)]
    if missing := sorted(set(files) - set(present)):
        warn(f"A claim file is no longer there: {', '.join(map(quoted_name, missing))}")
    if present:
        select(catalogue, [str(Path(name).absolute()) for name in present])


def report(
    run: str = "",
    /,
    *,
    ledger: Path | None = None,
    audit: Sequence[Path] = (),
    html: Path | None = None,
    json: Path | None = None,
    md: Path | None = None,
    junit: Path | None = None,
) -> int:
    """Print a run of the ledger again, and write it in other formats. Exits as
    `preality verify` did.

    Parameters
    ----------
    run
        A run's id or its beginning; the latest when left out. `preality history` lists
        them.
    ledger
        Where to look.
    audit
        Findings on a model, as `preality audit KIND FILE --json` wrote them, to be
        shown in the report; may be repeated.
    html
        Write one self-contained report.
    json
        Write the results as JSON.
    md
        Write the results as Markdown.
    junit
        Write the results as JUnit XML.
    """
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger

    outputs = checked_outputs({"html": html, "json": json, "md": md, "junit": junit}, ledger, *audit)
    audits = read_audits(audit, outputs)
    catalogue = Catalogue(apart=True)
    with Ledger(ledger, reading=True) as book:
        stored = book.run(run)
        found = book.records(stored.id)
        results = results_of(_claims_of(catalogue, stored, found), found, stored.settings.get("control", ""))
        print_results(results)
        if stored.finished is None:
            say("\nThis run was interrupted, or is still going on.")
        say(f"\nRun {stored.id}: {stored.command}")
        write_outputs(outputs, results, catalogue, book, stored.id, audits=audits)
    return exits.exit_code(result.status for result in results)


def _claims_of(catalogue: Catalogue, stored: StoredRun, found: list[Record]) -> list[Claim]:
    """The claims that a run touched, in the catalogue's order; those that are gone are
    named and left out."""
    _add_files(catalogue, [name for name in stored.selection if name.endswith(".py")])
    touched = {record["claim"] for record in found}
    if gone := sorted(touched - set(catalogue)):
        warn(f"No longer in the catalogue, and left out: {', '.join(gone)}")
    return [claim for claim in catalogue.values() if claim.id in touched]


def history(claim_id: str = "", /, *, ledger: Path | None = None) -> int:
    """List the runs of the ledger, or what one claim came to in each of them.

    Parameters
    ----------
    claim_id
        An id; all runs when left out.
    ledger
        Where to look.
    """
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger

    with Ledger(ledger, reading=True) as book:
        if not claim_id:
            return _list_runs(book)
        touched = book.history(claim_id)
        catalogue = Catalogue(apart=True)
        if claim_id not in catalogue and touched:
            _add_files(
                catalogue, sorted({name for run, _ in touched for name in run.selection if name.endswith(".py")})
            )
        claim = catalogue[claim_id]
    for run, found in touched:
        result = results_of([claim], found, run.settings.get("control", ""))[0]
        codes = ", ".join(sorted({record["code"][:12] or "no code" for record in found}))
        say(
            f"{run.id}  {result.word:<12}  {_settings_text(run)}, {len(found)} checks, {result.seconds:.2f} s, code {codes}"
            + ("" if run.finished else ", interrupted")
        )
    say("" if touched else f"No run in {book.path} touched {claim_id}.")
    return exits.HOLDS if touched else exits.NOTHING


def _list_runs(book: Ledger) -> int:
    runs = book.runs()
    for run in runs:
        state = "finished" if run.finished else "interrupted"
        say(f"{run.id}  {state:<11}  {_settings_text(run)}  {run.command}")
    if not runs:
        say(f"No run in {book.path} yet; `preality verify` makes one.")
    return exits.HOLDS if runs else exits.NOTHING


def _settings_text(run: StoredRun) -> str:
    control = run.settings.get("control")
    return f"{run.settings.get('profile')}, seed {run.settings.get('seed')}, {run.settings.get('device')}" + (
        f", control {control}" if control else ""
    )


def import_records(file: Path, /, *claim_files: str, ledger: Path | None = None, max_bytes: int | None = None) -> int:
    """Keep records that were measured elsewhere (`python -m proofs_checks.measure`), as
    a run of their own.

    Every line is checked before any is kept.

    Parameters
    ----------
    file
        JSON lines, a record each.
    claim_files
        Python files that define the claims, where these are not in the catalogue; each
        is code, and is run.
    ledger
        Where to keep them.
    max_bytes
        Read a file of up to so many bytes, in place of 64 MiB.
    """
    from proofs_checks.inputs.files import limited_to
    from proofs_checks.run.checks import digest, key_of
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger

    catalogue = Catalogue()
    _add_files(catalogue, claim_files)
    with limited_to(max_bytes):
        found = _checked_lines(file, catalogue)
    if not found:
        warn(f"{str(file)!r} holds no record.")
        return exits.NOTHING
    settings: dict[str, Any] = {name: _common(found, name) for name in ("profile", "seed", "device")}
    selection = [str(Path(name).absolute()) for name in claim_files] + sorted({record["claim"] for record in found})
    with Ledger(ledger) as book:
        run = book.start(
            shlex.join(["preality", *sys.argv[1:]]), {**settings, "control": "", "imported": str(file)}, selection
        )
        for record in found:
            book.add(run, record)
        book.finish(run, digest(found), [key_of(record) for record in found])
        say(
            f"Kept {len(found)} checks of {len({record['claim'] for record in found})} claims as run {run} in {book.path}"
        )
        say(f"See them: preality report {run}")
    return exits.HOLDS


def merge(*ledgers: Path, ledger: Path | None = None) -> int:
    """Make one run of the latest runs of several ledgers: shards of a run, or proofs
    from one machine and measurements from another. Exits as `preality report` does.

    Every record is checked before any is kept, and has to be made by the code that is
    installed here.

    Parameters
    ----------
    ledgers
        The ledgers, as `preality verify --ledger` wrote them.
    ledger
        Where the merged run is kept; the ledger in the user's data directory when left
        out.
    """
    from proofs_checks.run import merging
    from proofs_checks.run.checks import digest, key_of
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger

    found = merging.parts(ledgers)
    catalogue = Catalogue()
    _add_files(catalogue, sorted({name for part in found for name in part.run.selection if name.endswith(".py")}))
    whole = merging.merge(found, catalogue)
    with Ledger(ledger) as book:
        run = book.start(shlex.join(["preality", *sys.argv[1:]]), whole.settings, whole.selection)
        for record in whole.records:
            book.add(run, record)
        book.finish(run, digest(whole.records), [key_of(record) for record in whole.records])
    warn(f"Merged {len(whole.records)} checks of {len(found)} runs.")
    return report(run, ledger=ledger)


def _checked_lines(file: Path, catalogue: Catalogue) -> list[Record]:
    from proofs_checks.run import records
    from proofs_checks.run.checks import key_of
    from proofs_checks.run.imported_records import require_possible

    found: dict[str, Record] = {}
    for number, line in enumerate(read_text(file, blank=True).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = records.parse(line)
            require_possible(record, catalogue[record["claim"]])
        except (InputError, CatalogueError) as error:
            raise InputError(f"{file_label(file)}, line {number}: {error} Nothing was kept.") from None
        if key_of(record) in found:
            raise InputError(f"{file_label(file)}, line {number}: the same check stands twice. Nothing was kept.")
        found[key_of(record)] = record
    return list(found.values())


def _common(found: list[Record], name: str) -> Any:
    values = list(dict.fromkeys(record[name] for record in found))
    return values[0] if len(values) == 1 else ", ".join(str(value) for value in values)


def schema() -> int:
    """Print the JSON Schema of a record, as published in docs/record.schema.json."""
    from proofs_checks.run import records

    print(json_module.dumps(records.json_schema(), indent=2))
    return exits.HOLDS
