"""What several commands share: choosing claims, summing up their records, writing a run
into files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofs_checks.errors import CatalogueError, InputError
from proofs_checks.inputs.files import is_file, quoted_name
from proofs_checks.report.terminal import say, warn
from proofs_checks.wording import clean, short

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.findings import AuditReport
    from proofs_checks.run.checks import Record
    from proofs_checks.run.executors import Executor
    from proofs_checks.run.interactive import Catalogue
    from proofs_checks.run.ledger import Ledger
    from proofs_checks.run.results import ClaimResult


def results_of(claims: Sequence[Claim], records: list[Record], control: str = "") -> list[ClaimResult]:
    """Results of claims from records; of one control alone where a run was of that."""
    from proofs_checks.run import results

    if control:
        return [
            results.summarise_control(claim, control, [record for record in records if record["claim"] == claim.id])
            for claim in claims
        ]
    return results.summarise_all(claims, records)


def select(catalogue: Catalogue, names: Sequence[str]) -> list[Claim]:
    """The claims named by id, topic or file.

    Raises:
        CatalogueError: unknown, with near matches; or a file that is missing, is not
            Python, raises, or defines none.
    """
    for name in names:
        if not is_path(name) and is_file(name):
            raise CatalogueError(f"{name!r} is a file, but not a Python file; a claim file is, and ends in .py.")
        if name.endswith(".py") or "/" in name:
            warn(f"Running the code of {clean(name)}.")
    return catalogue.select(names)


def is_path(name: str) -> bool:
    """Whether a person means a file and not an id or a topic."""
    return name.endswith(".py") or "/" in name or os.sep in name


def checked_outputs(paths: dict[str, Path | None], *others: Path | str | None) -> dict[str, Path]:
    """The files to be written, found writable before anything runs.

    Args:
        others: Files that the command reads or keeps, which no output may take the
            place of.
    Raises:
        InputError: a folder that does not exist or cannot be written, a path that is a
            folder, or one file named twice, by another path or a link too.
    """
    chosen = {name: path for name, path in paths.items() if path is not None}
    try:
        for name, path in chosen.items():
            _require_writable(name, path)
        taken = [Path(os.path.realpath(other)) for other in others if other is not None]
        for path in map(Path, map(os.path.realpath, chosen.values())):
            if (path.is_file() or not path.exists()) and any(_same(path, other) for other in taken):
                raise InputError(
                    f"{quoted_name(path)} is named twice, and one would take the other's place; name a file for each. Nothing was run."
                )
            taken.append(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"An output cannot be written: {getattr(error, 'strerror', None) or error}. Nothing was run."
        ) from None
    return chosen


def _same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _require_writable(name: str, path: Path) -> None:
    folder = path.absolute().parent
    if path.is_dir():
        raise InputError(f"--{name} names the folder {quoted_name(path)}; expected a file.")
    if not folder.is_dir():
        raise InputError(
            f"--{name} {quoted_name(path)}: there is no folder {quoted_name(folder)}; make it first. Nothing was run."
        )
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(f"--{name} {quoted_name(path)} cannot be written. Nothing was run.")


def read_audits(paths: Sequence[Path], outputs: dict[str, Path]) -> tuple[AuditReport, ...]:
    """Findings to be shown in a report.

    Raises:
        InputError: no report is asked for that could show them, or a file does not hold
            an audit's findings.
    """
    from proofs_checks.audits.report_files import read_audit

    if paths and not outputs:
        raise InputError("--audit puts findings into a report; name one with --html, --md or --json.")
    return tuple(read_audit(path) for path in paths)


def write_outputs(
    outputs: dict[str, Path],
    results: Sequence[ClaimResult],
    catalogue: Catalogue,
    book: Ledger,
    run_id: str,
    *,
    audits: tuple[AuditReport, ...] = (),
) -> None:
    """Render a run of the ledger into each of the files asked for."""
    if not outputs:
        return
    from proofs_checks.report.formats import RENDERERS, write_report

    run = replace(run_of(book, run_id, results), audits=audits)
    for name, path in outputs.items():
        write_report(path, RENDERERS[name](results, catalogue, run))
        say(f"Wrote {path}")


def run_of(book: Ledger, run_id: str, results: Sequence[ClaimResult]) -> Any:
    """A run as the report's foot prints it, from the ledger and the records
    themselves."""
    from proofs_checks.report.view import Run
    from proofs_checks.run.checks import digest

    stored = book.run(run_id)
    records = list(_records(results))
    versions: dict[str, str] = {}
    for record in records:
        versions |= record["versions"]
    names = dict.fromkeys(record["device_name"] for record in records)
    return Run(
        id=stored.id, started=stored.started, profile=str(stored.settings["profile"]), seed=stored.settings["seed"], device=str(stored.settings["device"]),
        device_name=", ".join(names), versions=versions, digest=stored.digest or digest(records), complete=stored.finished is not None, command=stored.command,
    )  # fmt: skip


def _records(results: Sequence[ClaimResult]) -> Iterator[Record]:
    for result in results:
        yield from result.records


def executor_of(name: str, address: str, pairs: Sequence[str], jobs: int | None) -> Executor:
    """The executor that was asked for.

    Raises:
        InputError: there is none, or an option is not NAME=VALUE.
    """
    from proofs_checks.run.executors import executor

    options = dict(pair.partition("=")[::2] for pair in pairs)
    if odd := [pair for pair in pairs if not re.fullmatch(r"[a-z_]+=.+", pair)]:
        raise InputError(f"--slurm takes NAME=VALUE, such as partition=gpu; got {short(odd[0])}.")
    return executor(name, jobs=jobs, address=address, options=options)
