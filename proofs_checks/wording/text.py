"""Words and numbers as people read them: nothing hidden, nothing endless, numbers that
can be compared by eye.

One set of hidden characters and one rewriting of them serve the terminal, the reports
and the audits: a terminal is shown escapes (it may have no other letters), a document
is shown code points.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

# What is not seen, or would reorder what is: control characters, direction marks and overrides, zero-width
# characters, line and paragraph separators, tags, lone surrogates and noncharacters. Tab and newline stay.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def clean(value: object) -> str:
    """``value`` on one line, with whatever could move a cursor, hide or reorder letters
    written as an escape.

    >>> print(clean("red\\x1b[31m, and\\na break"))
    red\\x1b[31m, and a break
    """
    line = str(value).replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    return _rewritten(line, lambda letter: ascii(letter)[1:-1])


def clean_lines(text: str) -> str:
    """:func:`clean` for text of several lines."""
    return "\n".join(clean(line) for line in text.split("\n"))


def visible(value: object) -> str:
    """``value`` as text that a browser and an XML parser show as it is, in its own
    lines.

    Control characters, direction overrides and other invisible characters become their
    code points, and what is no character at all becomes U+FFFD.

    >>> visible("a\\x00b\\u202ec")
    'a⟨U+0000⟩b⟨U+202E⟩c'
    """
    return _rewritten(str(value).replace("\r\n", "\n"), _picture)


def _rewritten(text: str, hidden: Callable[[str], str]) -> str:
    return _HIDDEN.sub(lambda match: hidden(match[0]), text)


def _picture(letter: str) -> str:
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code in (0xFFFE, 0xFFFF):
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"


def encodable(value: str) -> str:
    """``value`` with lone surrogates, which no encoding of Unicode has, replaced."""
    return _SURROGATE.sub("\ufffd", value)


def clip(value: object, limit: int) -> str:
    """``value`` as visible text of at most about ``limit`` characters; says how much
    was left out."""
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


def number_text(value: float) -> str:
    """A number in the letters of every terminal, as scopes and margins print it: whole
    up to 1e8, else three digits.

    >>> number_text(64.0), number_text(27.83), number_text(4.06e59), number_text(2.5e-7)
    ('64', '27.8', '4.06e59', '2.5e-7')
    """
    if abs(value) < 1e8 and value == int(value):
        return str(int(value))
    return f"{value:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


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


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> duration(2.345), duration(150), duration(9000), duration(400_000)
    ('2.3 s', '2.5 min', '2.5 h', '4.6 days')
    """
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def words(text: str) -> frozenset[str]:
    """The words of an allow-list, written out in a line."""
    return frozenset(text.split())


def finite(value: Any) -> Any:
    """Plain data as JSON has it: NaN and infinities, which JSON has not, as strings."""
    if isinstance(value, Mapping):
        return {encodable(str(key)): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return encodable(str(value))


def short(value: object, limit: int = 40) -> str:
    """A value for an error message, cut to size."""
    try:
        text = repr(_trimmed(value, limit))
    except Exception:  # noqa: BLE001  an integer of 5,000 digits, or a stranger's object
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _trimmed(value: object, limit: int, depth: int = 0) -> object:
    """As much of a value as ``limit`` letters can show; to write down the whole of a
    large one would take long."""
    if type(value) in (str, bytes):
        return value[: 2 * limit]  # pyright: ignore[reportIndexIssue]
    if type(value) is list and depth < 8:
        return [_trimmed(item, limit, depth + 1) for item in value[:limit]]
    if type(value) is dict and depth < 8:
        first = list(islice(value.items(), limit))
        return {_trimmed(key, limit): _trimmed(item, limit, depth + 1) for key, item in first}
    return value


def error_line(error: BaseException, limit: int = 2000) -> str:
    """An error in a line, cut to size, also where a stranger's class cannot print
    itself.

    >>> error_line(ValueError("two\\nlines"))
    'ValueError: two lines'
    """
    name = type(error).__name__
    try:
        text = " ".join(str(error)[: 2 * limit].split())
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  __str__ is a stranger's too, and may leave the process
        return name
    return f"{name}: {text if len(text) <= limit else text[:limit] + '...'}"
