"""``preality audit``: a theorem applied to an object of the user's own."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from proofs_checks import exits
from proofs_checks.audits import KINDS, Kind
from proofs_checks.audits.example_calls import with_line
from proofs_checks.cli.common import checked_outputs, executor_of
from proofs_checks.errors import InputError, PrealityError
from proofs_checks.inputs.files import exists, file_label, limited_to, quoted_name
from proofs_checks.report.terminal import say, share_progress, warn
from proofs_checks.wording import count, error_line

if TYPE_CHECKING:
    from proofs_checks.findings import AuditReport, Interrupted
    from proofs_checks.run.executors import Executor


def audit(
    kind: str, file: Path, /, *, json: Path | None = None, html: Path | None = None, max_bytes: int | None = None,
    coordinates: Path | None = None, model: str | None = None, curvature: float | None = None, sarkar: float | None = None, scale: float | None = None,
    root: str | None = None, bfs_tree: bool = False, group: Path | None = None, executor: str = "local", jobs: int | None = None, address: str = "",
    slurm: Annotated[Sequence[str], Parameter(negative=())] = (),
) -> int:  # fmt: skip
    """Apply a theorem to an object of your own.

    Exits with 0 when every finding holds, 1 when one is refuted, 3 when one is
    undecided, 2 when the object cannot be read, 130 when it was interrupted; the
    findings made before are printed.

    Parameters
    ----------
    kind
        Of data: representation, group (JSON, CSV or NPZ files), equivariance (a JSON or
        NPZ file), embedding (a file of edges). Of a model: flow, density, pit,
        typicality, entangle, hybrid, wrapped, fit, score, rate_distortion (a Python file
        that defines what the audit is given, under the audit's names). Of either:
        disentangled (JSON or NPZ, or a Python file).
    file
        Your object. A file of data is never run; a Python file is code, and is.
    json
        Write the findings as JSON, which `preality verify --audit` puts into a report.
    html
        Write the findings and their picture as one self-contained page.
    max_bytes
        Read a file of data of up to so many bytes, in place of 64 MiB.
    coordinates
        Of an embedding: a vertex and its coordinates a line, or an NPZ archive of one
        array.
    model
        Of those coordinates: ball, hyperboloid, half-space, klein or euclidean.
    curvature
        Of the space, below 0; -1 when left out.
    sarkar
        In place of coordinates, the edge length of Sarkar's construction of a tree.
    scale
        The length that stands for one edge in the average distortion.
    root
        The vertex from which a tree hangs.
    bfs_tree
        Take the breadth-first tree of a graph that is none.
    group
        Of a density: an NPZ file of orthogonal matrices (k, D, D) or permutations (k,
        D); the audit adds equivariant bijections and the score within orbits.
    executor
        Where the large part of embedding (of Sarkar's construction), fit and
        rate_distortion is carried out: local, dask or slurm (docs/campaigns.md).
    jobs
        How many processes that takes.
    address
        Of a Dask scheduler, tcp://HOST:PORT; without it a cluster of `--jobs` processes
        is started for the audit.
    slurm
        NAME=VALUE for Slurm's jobs, as submitit names it.
    """
    from proofs_checks.findings import Interrupted

    outputs = checked_outputs({"json": json, "html": html}, file)
    module, name, reads = _kind_of(kind)
    options = {
        key: value
        for key, value in {
            "coordinates": coordinates, "model": model, "curvature": curvature, "sarkar": sarkar, "scale": scale, "root": root, "bfs_tree": bfs_tree or None, "group": group,
        }.items() if value is not None
    }  # fmt: skip
    if not exists(file):
        raise InputError(f"There is no file {quoted_name(file)} to audit.")
    if reads == "either":
        reads = "code" if file.suffix == ".py" else "data"
    elif (reads == "code") != (file.suffix == ".py"):
        wanted = "a Python file (.py), which is run" if reads == "code" else "data, which is never run"
        raise InputError(f"The {kind} audit reads {wanted}; got {file_label(file)}.")
    try:
        function = getattr(importlib.import_module(module), name)
        with limited_to(max_bytes), _over(function, kind, executor_of(executor, address, slurm, jobs)) as elsewhere:
            report = _carried_out(function, file, reads, {**options, **elsewhere})
    except Interrupted as stop:
        return _interrupted(kind, file, stop)
    except InputError as refused:
        raise with_line(refused, kind) from refused.__cause__
    say(report.text())
    _write(report, outputs)
    return exits.INTERRUPTED if report.facts.get("interrupted") else exits.exit_code([str(report.status)])


@contextmanager
def _over(function: Any, kind: str, executor: Executor) -> Iterator[dict[str, Any]]:
    """The argument that has the audit's blocks carried out elsewhere; none for here.

    Raises:
        InputError: the audit has no part that could be.
    """
    if executor.name == "local":
        yield {}
    elif "over" not in inspect.signature(function).parameters:
        raise InputError(f"The {kind} audit has no part for --executor {executor.name}; leave it out.")
    else:
        with executor.blocks() as over:
            yield {"over": over}


def _carried_out(function: Any, file: Path, reads: str, options: dict[str, Any]) -> AuditReport:
    """The audit of a file, its progress shown where stderr is a terminal."""
    taken = (
        inspect.signature(function).parameters
        if reads == "data"
        else {"group": None, "over": None}
        if "inliers" in inspect.signature(function).parameters
        else {"over": None}
    )
    if unknown := [f"--{name.replace('_', '-')}" for name in options if name not in taken]:
        raise InputError(f"This audit takes no {', '.join(unknown)}; what it is given stands in its file.")
    if reads == "data":
        return function(file, **options)
    objects = {**_told(file, function), **options}
    try:
        if "progress" not in inspect.signature(function).parameters or "progress" in objects:
            return function(**objects)
        with share_progress() as progress:
            return function(**objects, progress=progress)
    except (PrealityError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if (line := line_in(file, error)) is None:
            raise
        raise InputError(
            f"{file_label(file)}, line {line}, raised {error_line(error)}; the audit went through it."
        ) from error


def _interrupted(kind: str, file: Path, stop: Interrupted) -> int:
    """Print what was found before Ctrl-C."""
    from proofs_checks.findings import AuditReport

    if stop.findings:
        meaning = "Interrupted: what is not listed was not asked."
        say(AuditReport(kind, file_label(file), list(stop.findings), meaning, "Run the audit again to its end.").text())
    warn(f"Interrupted after {count(len(stop.findings), 'finding')}; nothing was written.")
    return exits.INTERRUPTED


def _write(report: AuditReport, outputs: dict[str, Path]) -> None:
    """The findings into each of the files asked for."""
    if not outputs:
        return
    from proofs_checks.audits.report_files import to_json
    from proofs_checks.report.formats import render_audit_html, write_report

    for name, path in outputs.items():
        write_report(path, to_json(report) if name == "json" else render_audit_html(report))
        say(f"Wrote {path}")


def line_in(file: Path, error: BaseException) -> int | None:
    """The last line of ``file`` that an error came through; None where it came from
    elsewhere."""
    lines = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if os.path.abspath(frame.f_code.co_filename) == os.path.abspath(file)
    ]
    return lines[-1] if lines else None


def _told(file: Path, function: Any) -> dict[str, Any]:
    from proofs_checks.inputs.code_files import arguments

    warn(f"{quoted_name(file)} is code, and is run.")
    return arguments(file, function)


def _kind_of(name: str) -> Kind:
    if name not in KINDS:
        close = difflib.get_close_matches(name, KINDS, n=2, cutoff=0.4)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise InputError(f"There is no audit {name!r}; the kinds are {', '.join(KINDS)}.{hint}")
    return KINDS[name]
