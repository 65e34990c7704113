"""What a terminal shows: cleaned text, the table of a run, a progress bar. Nothing here understands markup.

Titles, reasons and file names come from strangers: every string passes :func:`clean`, and rich is handed ``Text``
objects, never markup, so that neither ``[red]`` nor an escape sequence does anything but appear.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from proofs_checks.text import clean, clean_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from proofs_checks.kernel import Verdict
    from proofs_checks.results import ClaimResult

WIDE = 120  # columns from which the scope has a column of its own
_STYLES = {
    "HOLDS": "green",
    "REFUTED": "bold red",
    "UNDECIDED": "yellow",
    "INAPPLICABLE": "yellow",
    "ERRORED": "bold magenta",
    "not run": "dim",
}


def say(text: str = "", *, to: TextIO | None = None) -> None:
    """Print lines, each cleaned; to stdout unless told otherwise."""
    print(clean_lines(text), file=to or sys.stdout)


def warn(text: str) -> None:
    """Print lines to stderr, each cleaned."""
    sys.stdout.flush()
    say(text, to=sys.stderr)


def width(stream: TextIO | None = None) -> int:
    """Columns of the terminal; what COLUMNS says, or 80, where there is none."""
    if (stream or sys.stdout).isatty():
        return shutil.get_terminal_size((80, 24)).columns
    return int(columns) if (columns := os.environ.get("COLUMNS", "")).isdigit() and int(columns) else 80


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(
        file=stream, width=max(40, width(stream)), markup=False, emoji=False, highlight=False, soft_wrap=False
    )


def print_results(results: Sequence[ClaimResult], *, ran: Callable[[str, str], bool] | None = None) -> None:
    """The table of a run: claim, verdict per route, scope, controls refuted and margin, seconds.

    Args:
        ran: Whether a claim's route was begun at all; what was not is printed so, and not as undecided.
    """
    rows = [row for result in results for row in _rows(result, ran or (lambda claim, route: True))]
    console = _console(sys.stdout)
    if console.width >= WIDE:
        console.print(_wide(rows))
    else:
        for line in _narrow(rows, console.width):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
    for line in _reasons(results):
        say(line)


def _rows(result: ClaimResult, ran: Callable[[str, str], bool]) -> Iterator[tuple[str, str, str, str, str]]:
    """(name, verdict, scope, controls, seconds) of the claim, then of each route; a route's name is indented."""
    from proofs_checks.results import margin_text

    given = f"given {', '.join(result.given)}" if result.given else ""
    yield clean(result.id), str(result.status), clean(given), "", f"{result.seconds:.2f}"
    for route in dict.fromkeys([*result.routes, *(route for _, route in result.controls)]):
        verdict = result.routes.get(route)
        mine = [control for (_, on), control in result.controls.items() if on == route]
        refuted = [control for control in mine if control.holds]
        least = min(refuted, key=lambda control: math.inf if control.margin is None else control.margin, default=None)
        controls = (
            f"{len(refuted)} of {len(mine)}" + (f", {margin_text(least)}" if least is not None else "") if mine else ""
        )
        begun = ran(result.id, route)
        status = (_refuted(mine) if verdict is None else str(verdict.status)) if begun else "not run"
        yield (
            "  " + route,
            status,
            clean(verdict.scope.text) if verdict is not None and begun else "",
            controls if begun else "",
            "",
        )


def _refuted(controls: Sequence[Verdict]) -> str:
    """What the controls of a route came to where the route itself was not asked for."""
    return next((str(control.status) for control in controls if not control.holds), "refuted")


def _wide(rows: Sequence[tuple[str, str, str, str, str]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("claim / route", no_wrap=False, overflow="fold", min_width=20)
    table.add_column("verdict", no_wrap=True)
    table.add_column("scope", ratio=1, overflow="fold")
    table.add_column("controls refuted", overflow="fold", max_width=36)
    table.add_column("seconds", justify="right", no_wrap=True)
    for name, verdict, scope, controls, seconds in rows:
        route = name.startswith("  ")
        table.add_row(
            _text(name, "" if route else "bold"),
            _text(verdict, _STYLES.get(verdict, "")),
            _text(scope),
            _text(controls),
            _text(seconds),
        )
    return table


def _narrow(rows: Sequence[tuple[str, str, str, str, str]], columns: int) -> Iterator[Text]:
    from rich.text import Text

    for name, verdict, scope, controls, seconds in rows:
        route = name.startswith("  ")
        if not route:
            yield Text("")
        beside = f"{seconds} s" if seconds else f"controls refuted: {controls}" if controls else ""
        line = Text(
            f"{name:<14} " if route else f"{name:<{max(16, columns - len(beside) - 14)}} ",
            style="" if route else "bold",
        )
        line.append(verdict, _STYLES.get(verdict, ""))
        fits = not route or 15 + 12 + len(beside) < columns
        if beside and fits:
            line.append(" " * (12 - len(verdict)) + beside)
        yield line
        for detail in [scope, "" if fits else beside]:
            for piece in textwrap.wrap(detail, columns - 1, initial_indent=" " * 4, subsequent_indent=" " * 6):
                yield Text(piece)


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style)


def _reasons(results: Sequence[ClaimResult]) -> Iterator[str]:
    """Whatever does not hold, with its reason, its witness and how to see it again."""
    columns = max(40, width())
    for result in results:
        if str(result.status) == "HOLDS":
            continue
        found = [(route, verdict) for route, verdict in result.routes.items() if not verdict.holds]
        found += [
            (f"control {name} ({route})", verdict)
            for (name, route), verdict in result.controls.items()
            if not verdict.holds
        ]
        yield ""
        yield f"{clean(result.id)}: {result.word}"
        for name, verdict in found:
            yield from textwrap.wrap(
                clean(f"{name}: {verdict.status}. {verdict.why}"),
                columns - 1,
                initial_indent="  ",
                subsequent_indent="    ",
            )
            if verdict.witness is not None:
                yield from textwrap.wrap(
                    clean(f"witness: {verdict.witness}")[:600],
                    columns - 1,
                    initial_indent="    ",
                    subsequent_indent="      ",
                )
        for record in result.records:
            if record.get("address") and record["verdict"]["status"] != "HOLDS" and not record["control"]:
                yield f"    preality replay {clean(record['address'])}"
                break


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, bool], None]]:
    """A bar on stderr while a run goes on, where stderr is a terminal; ``tick(label, done)`` moves it."""
    if not sys.stderr.isatty():
        yield lambda label, done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=total)

        def tick(label: str, done: bool) -> None:
            bar.update(task, advance=int(done), description=clean(label))

        yield tick
