"""Other people's code called in a process of its own: whatever it raises, prints,
changes or keeps running stays there."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from proofs_checks.errors import PrealityError
from proofs_checks.wording import error_line

LONGEST = 2**28  # bytes of an answer
SECONDS = 300.0  # importing torch on a busy machine takes ten


class Apart(PrealityError):
    """The call did not end well; the message says how: a sentence of its own where
    ``whole``, else without its subject."""

    def __init__(self, message: str, *, whole: bool = False) -> None:
        super().__init__(message)
        self.whole = whole


def call_apart(function: Callable[..., Any], *arguments: Any, seconds: float = SECONDS) -> Any:
    """What ``function(*arguments)`` returns, as JSON has it, from a fresh process.

    Args:
        function: Importable by its name; it returns lists, dicts, texts and numbers.
        arguments: Plain data.
        seconds: The process is ended after so long.
    Raises:
        Apart: it raised, left the process, or did not end in time.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, function, arguments), daemon=True)
    try:
        with deaf():
            process.start()
        theirs.close()
        if not ours.poll(seconds):
            raise Apart(f"did not end within {seconds:g} s")
        answer = json.loads(ours.recv_bytes(LONGEST))
    except (EOFError, OSError, ValueError, RecursionError):
        process.join(timeout=5)
        code = process.exitcode
        how = (
            "sent no answer from the process that read it"
            if code is None
            else f"ended the process that read it (exit code {code})"
        )
        raise Apart(how) from None
    finally:
        ours.close()
        end(process)
    if not isinstance(answer, dict) or not answer.keys() & {"problem", "value"}:
        raise Apart("changed the process that read it so that it answers nonsense")
    if "problem" in answer:
        raise Apart(str(answer["problem"]), whole=bool(answer.get("whole")))
    return answer["value"]


def end(process: Any) -> None:
    """End a process that may not want to; returns when it is gone."""
    if process.pid is None:
        return
    if process.is_alive():
        process.kill()
    process.join(timeout=10)


@contextmanager
def deaf() -> Iterator[None]:
    """Processes started here ignore interrupts, which a terminal sends to the whole
    group: a child that is still importing would print a traceback. A signal that is
    ignored stays so across exec."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, known)


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The process: call, answer, and end without the clean-up that was registered
    meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.dup2(2, 1)  # what the code prints must not mix with what the parent prints
    try:
        answer = {"value": function(*arguments)}
        message = json.dumps(answer)
    except PrealityError as error:
        message = json.dumps({"problem": str(error), "whole": True})
    except BaseException as error:  # noqa: BLE001  SystemExit and whatever else a stranger's file raises
        message = json.dumps({"problem": f"raised {error_line(error)}"})
    with suppress(OSError, ValueError):
        connection.send_bytes(message.encode())
    with suppress(Exception):
        sys.stderr.flush()
    os._exit(0)
