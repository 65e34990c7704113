"""What a terminal shows: cleaned text, the table of a run, a progress bar. Nothing here
understands markup.

Titles, reasons and file names come from third parties: every string passes
:func:`clean`, and rich is handed ``Text`` objects, never markup, so that neither
``[red]`` nor an escape sequence does anything but appear.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from proofs_checks.report.table import WORDS, reason_lines, scope_lines, table_lines
from proofs_checks.wording import clean, clean_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from proofs_checks.claim.claim import Claim
    from proofs_checks.run.results import ClaimResult

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
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if re.fullmatch("[1-9][0-9]{0,4}", columns) else 80


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(
        file=stream, width=max(40, width(stream)), markup=False, emoji=False, highlight=False, soft_wrap=False
    )


def print_results(
    results: Sequence[ClaimResult],
    *,
    ran: Callable[[str, str], bool] | None = None,
    claims: Mapping[str, Claim] | None = None,
    reasons: bool = True,
) -> None:
    """The table of a run, then what does not hold.

    Args:
        ran: Whether a claim's route was begun at all; what was not is printed so, and
            not as undecided.
        claims: With the claims, what each route covered is printed too, in the words of
            their pages.
        reasons: Print why claims do not hold; of a part of a run that is not known.
    """
    columns, console = max(40, width()), _console(sys.stdout)
    for line in table_lines(results, columns, ran=ran):
        console.print(_coloured(line), no_wrap=True, overflow="ignore", crop=False)
    if claims is not None:
        for line in scope_lines(results, claims, columns):
            say(line)
    for line in reason_lines(results, columns) if reasons else ():
        say(line)


def _coloured(line: str) -> Text:
    from rich.text import Text

    text = Text(line, style="" if line.startswith(" ") else "bold")
    for status, style in _STYLES.items():
        text.highlight_words([WORDS.get(status, status)], style)
    return text


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, bool], None]]:
    """A bar on stderr while a run goes on, where stderr is a terminal;
    ``tick(label, done)`` moves it.
    """
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


@contextmanager
def share_progress() -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr for work that knows what share of it is done, where stderr is
    a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda share, what: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=24), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=_console(sys.stderr), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def tell(share: float, what: str) -> None:
            bar.update(task, completed=share, description=clean(what))

        yield tell
