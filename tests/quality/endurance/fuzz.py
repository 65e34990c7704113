"""Structured files without end: ``python fuzz.py EXAMPLES [SEED]`` prints how many of each kind were read and refused, and what failed."""

from __future__ import annotations

import collections
import json
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import hypothesis

sys.path.insert(0, str(Path(__file__).parent))
import structured

from proofs_checks.errors import PrealityError


def fuzz(examples: int, seed: int) -> dict[str, Any]:
    """Counts by kind, the slowest refusal, the peak of memory, and every internal failure with the file that made it."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    failures: dict[str, dict[str, Any]] = {}
    slowest = 0.0
    folder = Path(tempfile.mkdtemp())

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, database=None, deadline=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(structured.given())
    def one(given: structured.Given) -> None:
        nonlocal slowest
        started, outcome = time.process_time(), "read"
        try:
            structured.read(given, folder / f"given{given.suffix}")
        except PrealityError:
            outcome = "refused"
        except BaseException as error:  # noqa: BLE001  what this looks for
            outcome = "failed"
            where = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{given.kind}: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            failures.setdefault(key, {"error": str(error)[:200], "file": repr(given.content[:400])})
        counts[given.kind][outcome] += 1
        if (seconds := time.process_time() - started) > slowest:
            slowest = seconds
            if seconds > 5:
                print(f"{seconds:.1f} s: {given.kind} {given.content[:300]!r}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "examples": examples, "seed": seed, "kinds": {kind: dict(found) for kind, found in counts.items()},
        "slowest_seconds": round(slowest, 2), "peak_mb": round(peak), "failures": failures,
    }  # fmt: skip


if __name__ == "__main__":
    outcome = fuzz(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(json.dumps(outcome, indent=1))
    sys.exit(bool(outcome["failures"]))
