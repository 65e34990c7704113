"""Started by path, once a workspace: imports what a claim needs of others, then forks a
child for every fault that is judged.

The child alone imports theory, numerics and proofs_checks, from the workspace, so that
it sees the fault that is planted there just now. Lines of JSON come in on standard
input, ``{"claims", "files", "profile", "skip", "seconds"}``, and one goes out for each.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import traceback
from typing import Any

FOREIGN = (
    "numpy",
    "mpmath",
    "networkx",
    "scipy.stats",
    "scipy.special",
    "scipy.linalg",
    "torch",
    "sympy",
    "flint",
    "hypothesis",
)


def main(workspace: str) -> None:
    """Serve until standard input closes."""
    sys.path[:0] = [workspace, os.path.join(workspace, "own")]
    sys.dont_write_bytecode = True
    for name in FOREIGN:
        importlib.import_module(name)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_answer(request)), flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """What a fresh child finds, or that it did not end in time, or that it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _judge(request, writing)
    os.close(writing)
    text = _read(reading, request["seconds"])
    os.close(reading)
    if text is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if text is None:
        return {"ended": "time", "why": f"did not end within {request['seconds']:g} s"}
    return (
        json.loads(text)
        if text
        else {"ended": "death", "why": f"the process died ({os.waitstatus_to_exitcode(status)})"}
    )


def _read(descriptor: int, seconds: float) -> str | None:
    """Everything that is written before the other end closes; None where it stays open
    for too long."""
    import time

    deadline, parts = time.monotonic() + seconds, []
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(descriptor, 65536)
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def _judge(request: dict[str, Any], descriptor: int) -> None:
    """The child's life: judge, write, and end without the parent's clean-up."""
    os.dup2(2, 1)  # what a claim prints must not mix with the answers
    try:
        from proofs_checks.run.first_failure import failures

        answer = failures(request["claims"], request["files"], request["profile"], request["skip"])
    except BaseException as error:  # noqa: BLE001  whatever a fault makes of an import is the answer
        lines = traceback.format_exception_only(error)
        answer = {"ended": "import", "why": "".join(lines).strip()[-400:]}
    with os.fdopen(descriptor, "w") as pipe:
        pipe.write(json.dumps(answer))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
