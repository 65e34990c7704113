"""Measure on a machine that has torch, numpy, scipy and hypothesis alone: ``python -m
proofs_checks.measure``.

Runs the numeric and statistical routes of claims with their controls, in this process,
and prints one record a line as JSON, each as soon as it is made. ``preality import
FILE`` checks the lines and keeps them. Exit codes are those of
:mod:`proofs_checks.exits`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from proofs_checks import exits
from proofs_checks.claim.claim import Claim
from proofs_checks.errors import PrealityError
from proofs_checks.report.terminal import warn
from proofs_checks.run.interactive import Catalogue
from proofs_checks.wording import clean

MEASURING = ("numeric", "statistical")


def measure(claims: Sequence[Claim], profile: str, seed: int, device: str) -> Iterator[dict[str, Any]]:
    """The records of every numeric and statistical check, with controls, one at a time.

    Raises:
        InputError: an unknown profile.
        DeviceError: a device that is not here.
    """
    from proofs_checks.run import checks

    settings = checks.Settings(checks.PROFILES[profile], seed, checks.resolve_device(device))
    for claim in claims:
        for task in checks.tasks_of(claim, routes=MEASURING):
            yield from checks.run_task(claim, task, settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    options = _parser().parse_args(argv)
    lines = sys.stdout
    try:
        sys.stdout = sys.stderr  # what a claim prints must not mix with the records
        claims = _selected(options.selection)
        records = _printed(measure(claims, options.profile, options.seed, options.device), lines)
    except PrealityError as error:
        warn(str(error))
        return exits.USAGE
    except KeyboardInterrupt:
        print("Interrupted; the lines printed so far are whole.", file=sys.stderr)
        return exits.INTERRUPTED
    finally:
        sys.stdout = lines
    return exits.exit_code(_statuses(claims, records))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m proofs_checks.measure",
        description="Run numeric and statistical routes; print records as JSON lines.",
    )
    parser.add_argument(
        "selection",
        nargs="*",
        metavar="ID",
        help="ids, topics, or Python files that define claims (a file is code, and is run); everything when left out",
    )
    parser.add_argument("--profile", default="quick", choices=("quick", "full", "deep"))
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--seed", default=0, type=_seed)
    return parser


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"expected an integer from 0 to 2**63 - 1, got {text!r}")
    return int(text)


def _selected(names: Sequence[str]) -> list[Claim]:
    """The claims named, those alone that have something to measure."""
    catalogue = Catalogue()
    paths = [str(Path(name).absolute()) if name.endswith(".py") or "/" in name else name for name in names]
    chosen = catalogue.select(paths)
    return [claim for claim in chosen if any(route in MEASURING for route in claim.routes)]


def _printed(records: Iterator[dict[str, Any]], lines: TextIO) -> list[dict[str, Any]]:
    """Print each record at once, with a word on stderr for whoever watches; returns
    them all."""
    from proofs_checks.run.checks import task_of

    kept = []
    for record in records:
        lines.write(json.dumps(record, allow_nan=False) + "\n")
        lines.flush()
        print(
            clean(f"{task_of(record).label} {record['k']}: {record['verdict']['status']}, {record['seconds']:.2f} s"),
            file=sys.stderr,
        )
        kept.append(record)
    return kept


def _statuses(claims: Sequence[Claim], records: Sequence[dict[str, Any]]) -> list[str]:
    """What each claim came to on the routes that were measured, with its controls; its
    proofs are made elsewhere."""
    from proofs_checks import kernel

    def verdicts(claim: Claim, route: str, control: str) -> list[kernel.Verdict]:
        wanted = (claim.id, route, control)
        return [
            kernel.Verdict.from_plain(record["verdict"])
            for record in records
            if (record["claim"], record["route"], record["control"]) == wanted
        ]

    found = []
    for claim in claims:
        measured = [route for route in claim.routes if route in MEASURING]
        routes = {
            route: kernel.combine(verdicts(claim, route, ""), route=route, covers=claim.routes[route].covers)
            for route in measured
        }
        pairs = [
            (name, route) for name, page in claim.page.controls.items() for route in page.routes if route in measured
        ]
        controls = [(name, kernel.control_verdict(verdicts(claim, route, name), route=route)) for name, route in pairs]
        found.append(str(kernel.aggregate(routes, controls, declared=measured)[0]))
    return found


if __name__ == "__main__":
    sys.exit(main())
