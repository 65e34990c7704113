"""A run told to people and to programs: HTML, Markdown, JUnit XML and JSON, from the
same results.

All four take ``(results, catalogue, run)`` and return text; :func:`write_report` puts
it into a file, whole or not at all.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from proofs_checks.errors import PrealityError
from proofs_checks.report.html import render_audit_html, render_html
from proofs_checks.report.json_report import render_json
from proofs_checks.report.junit import render_junit
from proofs_checks.report.markdown import render_markdown
from proofs_checks.report.view import Run
from proofs_checks.wording import encodable, visible

__all__ = [
    "RENDERERS",
    "Run",
    "render_audit_html",
    "render_html",
    "render_json",
    "render_junit",
    "render_markdown",
    "write_report",
]

RENDERERS = {"html": render_html, "json": render_json, "md": render_markdown, "junit": render_junit}


def write_report(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that the file is the old one or the new one, and
    never half of either.

    What exists and is no regular file (``/dev/stdout``, a pipe) is written to as it is;
    a link is followed.

    Raises:
        PrealityError: the folder is missing or cannot be written to, or the disk is
            full; the message says which.
    """
    name, data = visible(path), encodable(text).encode("utf-8")
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise PrealityError(
                f"Expected a file to write the report to, but {name} is a folder. Give a name inside it."
            )
        if not target.parent.is_dir():
            raise PrealityError(
                f"The report cannot be written to {name}: there is no folder {visible(target.parent)}. Create it, or choose another."
            )
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except (OSError, ValueError) as error:  # ValueError: no path at all, say with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        need = f"Choose a folder that you may write to, with room for {len(data):,} bytes."
        raise PrealityError(f"The report cannot be written to {name}: {reason}. {need}") from None


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)  # gone already when it was moved into place
