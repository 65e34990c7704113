"""Text of unknown origin made fit for a terminal."""

from __future__ import annotations


def clean(text: object) -> str:
    """``text`` on one line, with whatever could move a cursor, hide or reorder letters written as an escape.

    >>> print(clean("red\\x1b[31m, and\\na break"))
    red\\x1b[31m, and a break
    """
    line = str(text).replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def clean_lines(text: str) -> str:
    """:func:`clean` for text of several lines."""
    return "\n".join(clean(line) for line in text.split("\n"))
