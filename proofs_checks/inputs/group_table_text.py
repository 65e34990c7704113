"""Multiplication tables in text: CSV, columns set apart by spaces, Markdown, and what
Sage prints."""

from __future__ import annotations

import csv
import io
import re

from proofs_checks.errors import InputError

_RULE = re.compile(r"[\s|:+\-=]*[-=]{2,}[\s|:+\-=]*")  # |---|---| and +------


def rows_of_text(text: str, name: str) -> list[list[str]]:
    """The cells of a table, row by row.

    Raises:
        InputError: a text that is no CSV.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise InputError(f"{name} holds NUL bytes; it is no CSV text.")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{name} is empty. A group has at least one element.")
    ruled = [line for line in lines if _RULE.fullmatch(line)]
    if "|" in lines[0] and lines[0].count("|") > 1:
        return [_cells(line) for line in lines if line not in ruled]
    if ruled or any("|" in line for line in lines):  # Sage: a head, a rule, a| a b c
        return [line.replace("|", " ").split() for line in lines if line not in ruled]
    delimiter = max(",;\t", key=lines[0].count)
    if not lines[0].count(delimiter) and len(lines[0].split()) > 1:
        return [line.split() for line in lines]
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        rows = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise InputError(f"{name} is not readable as CSV: {error}.") from None
    rows = [row for row in rows if any(row)]
    ends_empty = len({len(row) for row in rows}) == 1 and not any(row[-1] for row in rows)
    return [row[:-1] for row in rows] if ends_empty else rows  # a delimiter at the end of every line


def _cells(line: str) -> list[str]:
    """The cells of a Markdown row; bold and code marks are no part of a label."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [re.sub(r"^(\*\*|`|\$)(.+)\1$", r"\2", cell.strip()).replace(r"\*", "*") for cell in inner.split("|")]
