"""Planted faults and what notices them: a table by file, and rates by floor, as
Markdown and in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from proofs_checks.report.markdown import code, escape
from proofs_checks.run.mutants import Fault, Result

FLOORS = ("theory", "numerics", "kernel", "inputs", "pages", "elsewhere", "own")
_PREFACE = """Each fault below replaces one text in one file. In a copy of the code with that fault the claims that are listed for it are judged, by the
catalogue alone: a fault is caught where a route of a claim does not hold, or a control is not refuted. `preality verify --mutants` makes this
table anew (`make mutants`), and judges the faults of your own claims: `preality verify --mutants my_faults.toml my_claims.py`."""


def rates(faults: Sequence[Fault], results: Mapping[str, Result]) -> dict[str, Counter[str]]:
    """How many faults of each floor were caught, survived, are equivalent or were
    lost."""
    found: dict[str, Counter[str]] = {}
    for fault in faults:
        if fault.id in results:
            found.setdefault(fault.floor, Counter())[results[fault.id].outcome] += 1
    return {floor: found[floor] for floor in FLOORS if floor in found}


def rate_text(counts: Counter[str]) -> str:
    """The share of faults that are caught, among those that change a behaviour."""
    real = counts.total() - counts["equivalent"]
    return f"{counts['caught'] / real:.0%}" if real else "-"


def render_faults(faults: Sequence[Fault], results: Mapping[str, Result]) -> str:
    """The document."""
    lines = ["# Planted faults", "", _PREFACE, "", *_summary(rates(faults, results))]
    for file in sorted({fault.file for fault in faults}, key=lambda file: (_floor_of(faults, file), file)):
        lines += ["", f"## {escape(file)}", "", *_of_file([fault for fault in faults if fault.file == file], results)]
    equivalent = [fault for fault in faults if results[fault.id].outcome == "equivalent"]
    if equivalent:
        lines += ["", "## Equivalent", "", "Nothing changes with these, and why:", ""]
        lines += [f"- {code(fault.id)} ({escape(fault.why)}): {escape(fault.equivalent)}." for fault in equivalent]
    return "\n".join([*lines, ""])


def _floor_of(faults: Sequence[Fault], file: str) -> int:
    return FLOORS.index(next(fault.floor for fault in faults if fault.file == file))


def _summary(found: Mapping[str, Counter[str]]) -> Iterator[str]:
    yield "| where | faults | caught | equivalent | survived | lost | rate |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    whole: Counter[str] = sum(found.values(), Counter())
    for name, counts in [*found.items(), ("all", whole)]:
        numbers = [counts.total(), *(counts[outcome] for outcome in ("caught", "equivalent", "survived", "lost"))]
        yield f"| {name} | {' | '.join(map(str, numbers))} | {rate_text(counts)} |"


def _of_file(faults: Sequence[Fault], results: Mapping[str, Result]) -> Iterator[str]:
    yield "| fault | what is wrong | noticed by |"
    yield "| --- | --- | --- |"
    for fault in faults:
        yield f"| {code(fault.id, in_table=True)} | {escape(fault.why)} | {catching_check(results[fault.id])} |"


def catching_check(result: Result) -> str:
    """Which check caught a fault, for a cell of a table."""
    if result.outcome != "caught":
        return {"survived": "**SURVIVED**", "equivalent": "equivalent, see below"}.get(
            result.outcome, f"**LOST**: {escape(result.why)}"
        )
    check = f"{result.route}{f', control {result.control}' if result.control else ''}".strip(", ")
    obligation = f": {escape(result.obligation)}" if result.obligation else ""
    return f"{escape(result.claim)} ({check or 'import'}){obligation}, {result.status}"
