"""``preality verify --mutants``: planted faults, judged by the catalogue, and the table
of what notices which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from proofs_checks import exits
from proofs_checks.cli.common import is_path
from proofs_checks.errors import InputError
from proofs_checks.report.terminal import progress, say, warn

if TYPE_CHECKING:
    from proofs_checks.run.mutants import Fault, Result


def verify_mutants(
    selection: Sequence[str], *, jobs: int | None, resume: bool, ledger: Path | None, outputs: Mapping[str, Path]
) -> int:
    """Judge the faults of the files ``*.toml`` in ``selection`` (this project's own
    when there is none) that claims selected are to notice."""
    from proofs_checks.run import mutants

    if other := [name for name in outputs if name != "md"]:
        raise InputError(f"--mutants writes its table with --md; --{other[0]} is for the results of claims.")
    toml = [Path(name) for name in selection if name.endswith(".toml")]
    files = [Path(name).resolve() for name in selection if is_path(name) and not name.endswith(".toml")]
    names = [name for name in selection if not is_path(name) and not name.endswith(".toml")]
    for file in files:
        if not file.is_file():
            raise InputError(f"There is no claim file {str(file)!r}.")
    faults = [fault for fault in mutants.read_faults(toml or mutants.own_faults()) if _wanted(fault, names)]
    if not faults:
        warn("Nothing ran: no fault is to be noticed by the claims selected.")
        return exits.NOTHING
    known = results_file(ledger)
    results: dict[str, Result] = {}
    with progress(len(faults)) as tick:
        for result in mutants.judge_faults(faults, files=files, jobs=jobs or 2, known=known, resume=resume, tell=warn):
            results[result.fault] = result
            tick(f"{result.fault}: {result.outcome}", True)
    return _tell(faults, results, outputs.get("md"))


def results_file(ledger: Path | None) -> Path:
    """Where results are kept: beside the ledger."""
    from proofs_checks.run.ledger import default_path

    return (ledger or default_path()).with_name("faults.jsonl")


def _wanted(fault: Fault, names: Sequence[str]) -> bool:
    """Whether one of the claims that are to notice is named, by id or by topic."""
    return not names or any(
        claim in names or claim.rpartition(":")[2].partition(".")[0] in names for claim in fault.claims
    )


def _tell(faults: Sequence[Fault], results: dict[str, Result], md: Path | None) -> int:
    from proofs_checks.report.faults import rate_text, rates, render_faults
    from proofs_checks.report.formats import write_report

    missed = [fault for fault in faults if results[fault.id].outcome in ("survived", "lost")]
    for fault in missed:
        say(
            f"{results[fault.id].outcome.upper()} {fault.id} in {fault.file}: {fault.why}. Judged by {', '.join(fault.claims)}. {results[fault.id].why}"
        )
    for fault in faults:
        if fault.equivalent and results[fault.id].outcome == "caught":
            say(f"{fault.id} is called equivalent, and {results[fault.id].claim} notices it: strike the argument.")
    for floor, counts in rates(faults, results).items():
        others = ", ".join(
            f"{counts[outcome]} {outcome}" for outcome in ("equivalent", "survived", "lost") if counts[outcome]
        )
        say(
            f"{floor}: {counts['caught']} of {counts.total()} faults caught{f' ({others})' if others else ''}, {rate_text(counts)}"
        )
    if md is not None:
        write_report(md, render_faults(faults, results))
        say(f"Wrote {md}")
    return exits.REFUTED if missed else exits.HOLDS
