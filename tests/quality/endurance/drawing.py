"""Every task's cases, drawn in several circumstances; run by path: ``python drawing.py [alone] [--before CODE] [CLAIM ...]``.

With ``alone`` each claim's cases are drawn in a child that is forked before any claim's code was imported; without it
one process draws those of all claims, one after the other. Both print one JSON object, from task to cases and seeds.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

OTHERS = ("torch", "sympy", "flint", "hypothesis", "networkx", "scipy.stats", "proofs_checks.run.checks")


def cases(names: list[str], seed: int = 3) -> dict[str, Any]:
    """From the label of each task of the claims to its checks: number, case, seed."""
    from proofs_checks.claim.collection import Collection
    from proofs_checks.run import checks

    settings, catalogue, found = checks.Settings(checks.PROFILES["quick"], seed=seed), Collection(plugins=False), {}
    for name in names or list(catalogue):
        claim = catalogue[name]
        for task in checks.tasks_of(claim):
            found[task.label] = [
                [trial.k, None if trial.case is None else trial.case.plain(), trial.seed]
                for trial in checks.trials(claim, task, settings)
            ]
    return found


def alone(names: list[str]) -> dict[str, Any]:
    """The same, each claim in a process of its own; what all claims use of others is imported once, before."""
    from proofs_checks.claim.collection import Collection

    for name in OTHERS:
        importlib.import_module(name)
    found: dict[str, Any] = {}
    for name in names or list(Collection(plugins=False)):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                json.dump(cases([name]), pipe)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            found |= json.loads(pipe.read())
        os.wait()
    return found


def main(arguments: list[str]) -> None:
    """Run one command line."""
    if "--before" in arguments:
        at = arguments.index("--before")
        exec(arguments[at + 1], {})  # the circumstance: what else this process imported
        del arguments[at : at + 2]
    drawn = alone(arguments[1:]) if arguments[:1] == ["alone"] else cases(arguments)
    print(json.dumps(drawn, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
