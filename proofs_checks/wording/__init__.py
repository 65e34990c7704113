"""Words, numbers and formulas as people read them, on a terminal and in a document."""

from __future__ import annotations

from proofs_checks.wording.text import (
    clean,
    clean_lines,
    clip,
    count,
    data_text,
    duration,
    encodable,
    error_line,
    finite,
    number,
    number_text,
    short,
    visible,
    words,
)

__all__ = [
    "clean",
    "clean_lines",
    "clip",
    "count",
    "data_text",
    "duration",
    "encodable",
    "error_line",
    "finite",
    "number",
    "number_text",
    "short",
    "visible",
    "words",
]
