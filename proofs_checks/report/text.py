"""Text and numbers as a report prints them: nothing hidden, nothing endless, numbers that can be compared by eye."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

# What a reader would not see, or what would reorder what he sees: control characters, direction marks and overrides, zero-width
# characters, line and paragraph separators, tags, lone surrogates and noncharacters. Tab and newline stay.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def visible(value: object) -> str:
    """``value`` as text that a browser, an XML parser and a terminal all show as it is.

    Control characters, direction overrides and other invisible characters become their code points, and what is no
    character at all becomes U+FFFD.

    >>> visible("a\\x00b\\u202ec")
    'a⟨U+0000⟩b⟨U+202E⟩c'
    """
    return _HIDDEN.sub(_picture, str(value).replace("\r\n", "\n"))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code in (0xFFFE, 0xFFFF):
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"


def encodable(value: str) -> str:
    """``value`` with lone surrogates, which no encoding of Unicode has, replaced."""
    return _SURROGATE.sub("\ufffd", value)


def clip(value: object, limit: int) -> str:
    """``value`` as visible text of at most about ``limit`` characters; says how much was left out."""
    text = visible(value)
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit:,} more characters in the record)"


def number(value: float | None) -> str:
    """A measured number to two digits, as people write it.

    >>> number(3.14159e-13), number(0.25), number(1234.5), number(None)
    ('3.1 × 10⁻¹³', '0.25', '1,234', '')
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if 100 <= abs(value) < 99_999.5:
        return f"{value:,.0f}"
    if 1e-3 <= abs(value) < 100:
        return f"{value:.2g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def data_text(value: Any, limit: int = 400) -> str:
    """A case or a witness in a line: ``D = 2, weight = 1/3``.

    >>> data_text({"D": 2, "weight": {"fraction": "1/3"}, "degrees": [1, 2]})
    'D = 2, weight = 1/3, degrees = (1, 2)'
    """
    if isinstance(value, Mapping) and set(value) != {"fraction"}:
        return clip(", ".join(f"{name} = {_plain(item)}" for name, item in value.items()), limit)
    return clip(_plain(value), limit)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["fraction"]) if set(value) == {"fraction"} else json.dumps(value, default=str)
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_plain(item) for item in value)})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def count(n: int, noun: str) -> str:
    """``1 claim``, ``8 claims``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def words(text: str) -> frozenset[str]:
    """The words of an allow-list, written out in a line."""
    return frozenset(text.split())
