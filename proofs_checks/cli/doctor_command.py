"""What stands between an installation and its verdicts: ``preality doctor``."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from proofs_checks import exits
from proofs_checks.errors import LedgerError
from proofs_checks.report.terminal import say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DISTRIBUTION = "preality"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``level`` is ``ok``, ``note`` (something optional is not
    there) or ``problem``."""

    level: str
    subject: str
    text: str


def doctor(*, ledger: Path | None = None) -> int:
    """Look the installation over: Python, torch, device, packages, ledger, browser,
    other people's claims.

    Exits with 0 when nothing stands in the way of a verdict, with 1 otherwise.

    Parameters
    ----------
    ledger
        The ledger to look at; the one in the user's data directory when left out.
    """
    findings = examine(ledger)
    wide = max(len(finding.subject) for finding in findings)
    for finding in findings:
        say(f"{finding.level:<8} {finding.subject:<{wide}}  {finding.text}")
    bad = sum(finding.level == "problem" for finding in findings)
    say(f"\n{bad} problem{'s' * (bad != 1)}." if bad else "\nNothing stands in the way.")
    return exits.REFUTED if bad else exits.HOLDS


def examine(ledger: Path | None = None) -> list[Finding]:
    """Look at everything; nothing is changed, and only what is there already is
    imported."""
    shadows = list(_shadows())
    whole = all(
        finding.level == "ok" for finding in shadows
    )  # else whatever reads a ledger would import the wrong package
    found = [_python(), *_packages(), *shadows, *_torch(), *([_ledger(ledger)] if whole else []), _browser()]
    return [*found, *_catalogue()]


def _python() -> Finding:
    text = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}, {sys.executable}"
    return Finding(
        "ok" if sys.version_info >= (3, 11) else "problem",
        "python",
        text + ("" if sys.version_info >= (3, 11) else "; 3.11 or newer is needed"),
    )


def _packages() -> Iterator[Finding]:
    """Versions against what the distribution requires."""
    try:
        wanted = [line for line in requires(DISTRIBUTION) or [] if "extra ==" not in line]
    except PackageNotFoundError:
        yield Finding(
            "note",
            DISTRIBUTION,
            "runs from a folder and is not installed; `pip install .` installs it with what it needs",
        )
        return
    yield Finding("ok", DISTRIBUTION, version(DISTRIBUTION))
    for line in wanted:
        name, least = _requirement(line)
        try:
            present = version(name)
        except PackageNotFoundError:
            yield Finding(
                "problem", name, f"is not installed; {least or 'any version'} is needed: pip install '{line}'"
            )
            continue
        fits = not least or _numbers(present) >= _numbers(least)
        yield Finding(
            "ok" if fits else "problem",
            name,
            present if fits else f"{present} is older than {least}: pip install '{line}'",
        )


def _requirement(line: str) -> tuple[str, str]:
    """The name and least version in ``name>=1.2; marker``.

    >>> _requirement("torch>=2.11")
    ('torch', '2.11')
    """
    bare = line.partition(";")[0].strip()
    name = re.match(r"[A-Za-z0-9._-]+", bare)
    least = re.search(r">=\s*([0-9][0-9.]*)", bare)
    return name[0] if name else bare, least[1] if least else ""


def _numbers(text: str) -> tuple[int, ...]:
    """A version as numbers, local parts (``+cpu``) and trailing zeros left out.

    >>> _numbers("2.13.0+cpu") > _numbers("2.9")
    True
    """
    parts = [int(digits) for digits in re.findall(r"\d+", text.partition("+")[0])]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _shadows() -> Iterator[Finding]:
    """``theory`` and ``numerics`` are ordinary words: a foreign package of that name,
    first on the path, would be run in our place."""
    home = Path(__file__).resolve().parents[2]
    for name in ("theory", "numerics"):
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None:
            yield Finding("problem", name, f"cannot be imported, or is a folder without code; expected {home / name}")
        elif origin.parent.parent != home:
            yield Finding(
                "problem",
                name,
                f"is shadowed by {origin}; expected {home / name}. Run from another folder, or rename the other package.",
            )
        else:
            yield Finding("ok", name, str(origin.parent))


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("problem", "torch", f"does not import: {error}")
        return
    yield Finding("ok", "threads", f"torch uses {torch.get_num_threads()} of {os.cpu_count()} cores")
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
        yield Finding("ok", "device", f"cuda ({names}), CUDA {torch.version.cuda}")
    else:
        built = (
            "this build of torch has no CUDA"
            if torch.version.cuda is None
            else "torch was built with CUDA but sees no device"
        )
        yield Finding("ok", "device", f"cpu ({built}); every route runs on it")


def _ledger(path: Path | None) -> Finding:
    """Look at the ledger without making one: only whether it can be read, and its
    folder written."""
    from proofs_checks.run.ledger import Ledger, default_path

    target = (path or default_path()).expanduser().absolute()
    if target.exists():
        try:
            with Ledger(target, reading=True) as book:
                runs = len(book.runs())
        except LedgerError as error:
            return Finding("problem", "ledger", str(error))
        if not os.access(target, os.W_OK):
            return Finding("problem", "ledger", f"{target} cannot be written; name another with --ledger PATH")
        return Finding("ok", "ledger", f"{target}, {runs} runs")
    folder = next(parent for parent in target.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            "problem", "ledger", f"{target} cannot be made: {folder} cannot be written; name another with --ledger PATH"
        )
    return Finding("ok", "ledger", f"{target}, made by the first run")


def _browser() -> Finding:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return Finding("ok", "browser", f"{found} (the report's tests drive it)")
    return Finding("note", "browser", "no chromium; only the report's own tests need it: apt-get install chromium")


def _catalogue() -> Iterator[Finding]:
    from proofs_checks.errors import CatalogueError
    from proofs_checks.run.interactive import Catalogue

    claims = Catalogue()
    try:
        count = len(claims)
        claims.graph()
    except CatalogueError as error:
        yield Finding("problem", "catalogue", str(error))
        return
    yield Finding("ok", "catalogue", f"{count} claims in {len(claims.topics)} topics")
    for claim in claims.values():
        if missing := [other for other in claim.requires if other not in claims]:
            yield Finding(
                "note",
                claim.id,
                f"rests on {', '.join(missing)}, which the catalogue does not have: it holds on condition",
            )
    for origin, problem in claims.problems.items():
        yield Finding("problem", origin, f"its claims could not be read: {problem}")
