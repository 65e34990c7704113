"""The command ``preality``. The modules beside this one hold the commands; this one
names them, calls them and explains their errors.

Whatever a person can put right comes out as one message on stderr and exit code 2; a
traceback is shown only with ``--debug``. The exit codes are those of
:mod:`proofs_checks.exits`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from proofs_checks import exits
from proofs_checks.errors import PrealityError
from proofs_checks.inputs.files import quoted_name
from proofs_checks.wording import error_line

if TYPE_CHECKING:
    from cyclopts import App

LONGEST = 2000  # letters of a message
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_HELP = """Proofs, measurements and audits of claims about deep generative models.

A claim holds when every route that it declares holds and every control, a nearby falsehood, was refuted.
"""
_EPILOGUE = """Exit codes: 0 every selected claim holds; 1 something refuted; 2 usage; 3 something undecided; 4 something
errored; 5 nothing ran; 130 interrupted. Where several apply, 1 comes before 4 and 4 before 3. `--debug`, anywhere on the
line, shows tracebacks."""


def app() -> App:
    """The command line, assembled; commands import what they need when they run."""
    import cyclopts

    from proofs_checks import __version__
    from proofs_checks.cli import (
        audit_command,
        browse_commands,
        doctor_command,
        lecture_command,
        new_command,
        run_commands,
    )
    from proofs_checks.cli.verify_command import verify

    made = cyclopts.App(
        name="preality", help=_HELP, help_epilogue=_EPILOGUE, version=__version__, help_format="markdown", suppress_keyboard_interrupt=False,
        result_action="return_value",
    )  # fmt: skip
    made.command(browse_commands.list_claims, name="list")
    made.command(browse_commands.show)
    made.command(browse_commands.errata)
    made.command(lecture_command.lecture)
    made.command(verify)
    made.command(run_commands.replay)
    made.command(run_commands.report)
    made.command(run_commands.history)
    made.command(run_commands.import_records, name="import")
    made.command(run_commands.merge)
    made.command(run_commands.schema)
    made.command(audit_command.audit)
    made.command(doctor_command.doctor)
    made.command(new_command.new)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    _open_standard_streams()
    tokens = list(sys.argv[1:] if argv is None else argv)
    options = tokens[: tokens.index("--")] if "--" in tokens else tokens
    debug = "--debug" in options
    if debug:
        tokens.remove("--debug")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Greek letters still gets an answer
    try:
        return _call(tokens)
    except Exception as error:  # noqa: BLE001  the last place before a person would meet a traceback
        if debug:
            traceback.print_exc()
        return _explained(error, debug)
    except KeyboardInterrupt:
        return _aside("Interrupted.", exits.INTERRUPTED)
    except BaseException as error:  # noqa: BLE001  a stranger's SystemExit is no answer of this program's
        if isinstance(error.__context__, BrokenPipeError):  # the printer of the help leaves when its pipe is closed
            return _explained(error.__context__, debug)
        return _aside(f"Code that was run left the program by {error_line(error)}; nothing was decided.", exits.ERRORED)


def _open_standard_streams() -> None:
    """Streams that the caller closed lead nowhere; else the next file opened, the
    ledger say, would take their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115


def _call(tokens: list[str]) -> int:
    result = app()(tokens, exit_on_error=False, print_error=False)
    sys.stdout.flush()
    return result if isinstance(result, int) else exits.HOLDS


def _explained(error: Exception, debug: bool) -> int:
    if isinstance(error, BrokenPipeError):  # `preality list | head`: the pipe was closed, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    if isinstance(error, OSError) and error.errno in _FULL:  # of the output: the message would name a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _aside(
            f"The output cannot be written: {error.strerror}. What was checked is in the ledger.", exits.USAGE
        )
    if isinstance(error, OSError) and error.errno in _SHORT:
        what = f"{error.strerror}: {quoted_name(error.filename)}" if error.filename else str(error.strerror)
        return _aside(
            f"The system is short of what this needs ({what}). Take one process (--jobs 1), or raise its limits.",
            exits.USAGE,
        )
    if isinstance(error, MemoryError):
        return _aside(
            "The memory is full. Select fewer claims at a time, or take one process (--jobs 1).", exits.ERRORED
        )
    if isinstance(error, PrealityError):
        return _aside(str(error), exits.USAGE)
    if type(error).__module__.startswith("cyclopts"):
        return _aside(
            f"{_usage_text(error)}\n`preality --help` and `preality COMMAND --help` list what there is.", exits.USAGE
        )
    hint = "" if debug else " `--debug` shows where; please report it."
    return _aside(f"preality itself failed: {error_line(error)}{hint}", exits.ERRORED)


def _usage_text(error: Any) -> str:
    return str(error).strip() or type(error).__name__


def _aside(message: str, code: int) -> int:
    from proofs_checks.report.terminal import warn

    if len(message) > LONGEST:  # a stranger's name of 5,000 letters, say
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    with suppress(OSError):  # nobody can be told
        warn(message)
    return code
