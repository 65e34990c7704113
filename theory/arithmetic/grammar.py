"""The written grammar of exact numbers: integers, rationals, i, zeta(n)^k, square
roots, exp, cos and sin of multiples of pi, sums and products; nothing is ever evaluated
as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from math import lcm

from theory.arithmetic.cyclotomic import MANY, MAX_ORDER, Cyclotomic, ExactNumberError, degree
from theory.arithmetic.nested_radicals import nested_square_root
from theory.arithmetic.radicals import cosine, sine, turn

MAX_BITS = 996  # of a numerator or denominator: 10^300, which float64 can still hold
MAX_WORK = 2_000_000  # multiplications of coefficients, some two seconds
MAX_TEXT = 4096
MAX_POWER = 64
MAX_DIGITS = 400
MAX_DEPTH = 40
MAX_DIVISOR_DEGREE = 96

_SIGNS = str.maketrans("·⋅×−πζ√", "***-\ue000\ue001\ue002")
_WORDS = {"\ue000": "pi", "\ue001": "zeta", "\ue002": "sqrt"}
ROOTS = {"zeta": "zeta", "E": "zeta", "sqrt": "sqrt", "ER": "sqrt"}  # E(n) and ER(n) are GAP's
ANGLES = {"exp": turn, "cos": cosine, "sin": sine}
_TOKEN = re.compile(r"\s*(?:(?P<int>\d+)|(?P<name>[A-Za-z]+)|(?P<op>[-+*/^()]))")


class Budget:
    """What reading numbers may cost together: multiplications of coefficients, and
    tables of large fields, once each."""

    def __init__(self, most: int) -> None:
        self.most, self.work, self.orders = most, 0, set[int]()

    def spend(self, work: int) -> bool:
        """Whether there was so much left."""
        self.work += work
        return self.work <= self.most

    def spend_on_field(self, n: int) -> bool:
        """The same for the powers of zeta(n)."""
        if n <= MANY or n in self.orders:
            return True
        self.orders.add(n)
        return self.spend(n * degree(n))


_SHARED: ContextVar[Budget | None] = ContextVar("shared", default=None)


@contextmanager
def shared_budget(most: int = 10 * MAX_WORK) -> Iterator[None]:
    """Within, all numbers that are read draw on one budget: those of a document."""
    token = _SHARED.set(Budget(most))
    try:
        yield
    finally:
        _SHARED.reset(token)


class _Parser:
    """Recursive descent over the grammar in :func:`parse`; nothing is ever evaluated as
    code."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.position, self.depth = _plain(text), [], 0, 0
        text, self.pi = self.text, None  # what pi stands for within an angle: its multiple is read off
        self.own, self.shared = Budget(MAX_WORK), _SHARED.get()
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                self.fail(at, self.hint(text[at:].lstrip()))
            self.tokens.append((match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
            at = match.end()

    @staticmethod
    def hint(rest: str) -> str:
        if rest.startswith("."):
            return "a decimal point is not exact: write a fraction such as 1/2, or give the entry as a JSON number for a numeric audit"
        return f"unexpected {rest[:1]!r}"

    def fail(self, at: int, why: str) -> None:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        raise ExactNumberError(
            f"Expected an exact number (integers, rationals, i, zeta(n)^k, sqrt(n), exp(2*pi*i/n), sums and products), got {shown!r}: {why} at character {at + 1}."
        )

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def where(self) -> int:
        return self.tokens[self.position][2] if self.position < len(self.tokens) else len(self.text)

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            self.fail(self.where(), f"expected {wanted!r}")
        self.position += 1

    def integer(self) -> int:
        sign = 1
        if self.peek() == "-":
            self.position, sign = self.position + 1, -1
        if self.position >= len(self.tokens) or self.tokens[self.position][0] != "int":
            self.fail(self.where(), "expected an integer")
        digits = self.tokens[self.position][1]
        if len(digits) > MAX_DIGITS:
            self.fail(self.where(), f"an integer of {len(digits)} digits (at most {MAX_DIGITS})")
        self.position += 1
        value = int(digits)
        self.spend(value.bit_length(), 1)
        return sign * value

    def sum(self) -> Cyclotomic:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.where(), f"more than {MAX_DEPTH} nested brackets")
        total = self.term()
        while self.peek() in ("+", "-"):
            sign = self.peek()
            self.position += 1
            right = self.term()
            self.guard(total, right)
            self.spend(_bits(total) + _bits(right) + 1, 2 * degree(lcm(total.order, right.order)))
            total = total + right if sign == "+" else total - right
        self.depth -= 1
        return total

    def guard(self, a: Cyclotomic, b: Cyclotomic) -> None:
        if lcm(a.order, b.order) > MAX_ORDER:
            self.fail(
                self.where(), f"the roots of unity together need zeta({lcm(a.order, b.order)}), beyond {MAX_ORDER}"
            )

    def term(self) -> Cyclotomic:
        product = self.factor()
        while self.peek() in ("*", "/"):
            operator, at = self.peek(), self.where()
            self.position += 1
            right = self.factor()
            self.guard(product, right)
            if operator == "/" and not right:
                self.fail(at, "division by zero")
            if operator == "/" and degree(right.order) > MAX_DIVISOR_DEGREE:
                self.fail(at, f"division by a number of degree {degree(right.order)} (at most {MAX_DIVISOR_DEGREE})")
            product = self.times(product, self.inverse(right) if operator == "/" else right)
        if (
            self.position < len(self.tokens) and self.tokens[self.position][0] in ("int", "name")
        ) or self.peek() == "(":
            self.fail(self.where(), "a product needs its sign: write 2*i, not 2i")
        return product

    def factor(self) -> Cyclotomic:
        if self.peek() in ("-", "+"):
            sign = self.peek()
            self.position += 1
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.fail(self.where(), f"more than {MAX_DEPTH} signs in a row")
            value = self.factor()
            self.depth -= 1
            return -value if sign == "-" else value
        base = self.atom()
        if self.peek() != "^":
            return base
        at = self.where()
        self.position += 1
        if self.peek() == "(":
            share = self.exponent(at)
            base, exponent = (
                (base, share.numerator) if share.denominator == 1 else (self.half_power(at, base), share.numerator)
            )
        else:
            exponent = self.integer()
        if (
            base.denominator == 1 and base * base.conjugate() == 1
        ):  # Kronecker: then it is a root of unity, and has a period
            return base ** (exponent % (2 * base.order))
        if abs(exponent) > MAX_POWER:
            self.fail(at, f"an exponent of {exponent} (at most {MAX_POWER} unless the base is a root of unity)")
        if exponent < 0 and not base:
            self.fail(at, "division by zero")
        return self.power(self.inverse(base) if exponent < 0 else base, abs(exponent))

    def exponent(self, at: int) -> Fraction:
        """A whole number or a half in brackets."""
        value = self.bracket()
        if not value.is_rational or value.as_fraction().denominator > 2:
            self.fail(at, "an exponent that is neither whole nor a half")
        return value.as_fraction()

    def half_power(self, at: int, base: Cyclotomic) -> Cyclotomic:
        """The square root that a power with a half in its exponent is a power of."""
        return self.radical_of(at, base)

    def times(self, a: Cyclotomic, b: Cyclotomic) -> Cyclotomic:
        """The product, if it is within the budget."""
        size = degree(lcm(a.order, b.order))
        terms = (sum(map(bool, a.numerators)), sum(map(bool, b.numerators)))
        work = min(terms[0] * terms[1], size * size) + min(sum(terms), size) * size // 8
        self.spend(_bits(a) + _bits(b) + min(terms).bit_length(), work)
        return a * b

    def inverse(self, number: Cyclotomic) -> Cyclotomic:
        """The inverse: a product of all conjugates but for numbers whose absolute
        square is rational."""
        size = degree(number.order)
        if sum(map(bool, number.numerators)) > 1 and not (number * number.conjugate()).is_rational:
            self.spend(size * (_bits(number) + size.bit_length()) // 8, size**3 // 8)
        return number.inverse()

    def power(self, base: Cyclotomic, exponent: int) -> Cyclotomic:
        """The power by repeated squaring, each step within the budget."""
        out = Cyclotomic.rational(1)
        while exponent:
            if exponent & 1:
                out = self.times(out, base)
            exponent >>= 1
            base = self.times(base, base) if exponent else base
        return out

    def spend(self, bits: int, work: int) -> None:
        """Refuse what would be longer, or take longer, than an entry of a matrix
        may."""
        if bits > MAX_BITS:
            self.fail(self.where(), f"a number of some {bits} bits (at most {MAX_BITS}, which is 10^300)")
        if not self.own.spend(work):
            self.fail(self.where(), f"more than {MAX_WORK} multiplications to expand it")
        if self.shared is not None and not self.shared.spend(work):
            self.fail(self.where(), f"more than {self.shared.most} multiplications for the numbers so far")

    def atom(self) -> Cyclotomic:
        at, word = self.where(), self.peek()
        if word == "(":
            self.position += 1
            value = self.sum()
            self.take(")")
            return value
        if word in ("i", "I"):
            self.position += 1
            return Cyclotomic.root(4)
        if word in ROOTS:
            self.position += 1
            return self.root(at) if ROOTS[word] == "zeta" else self.radical(at)
        if word in ANGLES:
            self.position += 1
            return self.at_angle(at, word)
        if word in ("e", "E") or (word == "pi" and self.pi is None):
            self.fail(at, f"{word} alone is no number of the grammar; write exp(2*pi*i/3), cos(2*pi/5)")
        if word == "pi":
            self.position += 1
            return Cyclotomic.rational(self.pi or 0)
        if word.isdigit():
            return Cyclotomic.rational(self.integer())
        self.fail(at, f"unexpected {word!r}" if word else "the number stops too early")
        raise AssertionError("unreachable")

    def root(self, at: int) -> Cyclotomic:
        """zeta(n), the word being read; Sage writes zeta3."""
        bare = self.position < len(self.tokens) and self.tokens[self.position][0] == "int"
        if not bare:
            self.take("(")
        n = self.integer()
        if not bare:
            self.take(")")
        self.field(at, n)
        return Cyclotomic.root(n)

    def field(self, at: int, n: int) -> None:
        """Room for Q(zeta(n))."""
        if not 1 <= n <= MAX_ORDER:
            self.fail(at, f"zeta({n}) needs an order 1..{MAX_ORDER}")
        if self.shared is not None and not self.shared.spend_on_field(n):
            self.fail(at, f"zeta({n}) after {len(self.shared.orders)} other fields as large; too many to hold")

    def radical(self, at: int) -> Cyclotomic:
        """The square root of a rational, or of a number whose root is cyclotomic, the
        word being read."""
        bare = self.position < len(self.tokens) and self.tokens[self.position][0] == "int"
        return self.radical_of(at, Cyclotomic.rational(self.integer()) if bare else self.bracket())

    def radical_of(self, at: int, value: Cyclotomic) -> Cyclotomic:
        if not value.is_rational:
            self.spend(_bits(value), degree(value.order) ** 2)  # its conjugates
        try:
            root = nested_square_root(value)
        except ExactNumberError as error:
            self.fail(at, str(error).removesuffix("."))
        if root is None:
            self.fail(
                at,
                "a square root that is not found among the sums of roots of unity: write cos(pi/8) for sqrt(2 + sqrt(2))/2",
            )
        self.field(at, root.order)
        self.spend(_bits(root), degree(root.order))
        return root

    def bracket(self) -> Cyclotomic:
        self.take("(")
        value = self.sum()
        self.take(")")
        return value

    def at_angle(self, at: int, word: str) -> Cyclotomic:
        """exp, cos or sin of a rational multiple of pi (times i), the word being read:
        the bracket is read with pi = 0, 1 and 2, where a multiple is 0, q and 2 q."""
        if self.pi is not None:
            self.fail(at, f"{word} within an angle")
        start, values = self.position, []
        for stand_in in (0, 1, 2):
            self.position, self.pi = start, stand_in
            values.append(self.bracket())
        self.pi = None
        once = values[1] / Cyclotomic.root(4) if word == "exp" else values[1]
        if values[0] or values[2] != values[1] + values[1] or not once.is_rational:
            self.fail(at, f"{word} of something else than a rational multiple of pi{'*i' if word == 'exp' else ''}")
        share = once.as_fraction() / 2
        self.field(at, share.denominator)
        value = ANGLES[word](Fraction(share))
        self.spend(_bits(value), degree(value.order))
        return value


def _plain(text: str) -> str:
    """The text in ASCII, ** as ^, Python's and SymPy's ways as those of the grammar."""
    signs = re.sub("[\ue000-\ue002]", lambda found: _WORDS[found.group()], text.translate(_SIGNS))
    return re.sub(r"\be\s*\^\s*\(", "exp(", signs.replace("**", "^"))


def _bits(number: Cyclotomic) -> int:
    return max(number.denominator.bit_length(), *(c.bit_length() for c in number.numerators))


def parse(text: str) -> Cyclotomic:
    """Read an exact number.

    The grammar, white space free between tokens::

        sum    = term {("+" | "-") term}
        term   = factor {("*" | "/") factor}
        factor = ("+" | "-") factor | atom ["^" integer]
        atom   = integer | "i" | "zeta(" integer ")" | "sqrt(" sum ")" | "(" sum ")"
                 | ("exp" | "cos" | "sin") "(" multiple of pi ")"

    so that ``1/2``, ``-i``, ``zeta(8)^3``, ``(1 - zeta(3))/3``, ``sqrt(3)/2`` and
    ``exp(2*pi*i/3)`` are numbers, ``sqrt(sqrt(2)/4 + 1/2)`` is cos(pi/8), and decimals
    and implicit products are not. GAP's ``E(3)`` is read as ``zeta(3)``, SymPy's ``I``
    as ``i``, ``**`` as ``^``.

    >>> parse("sqrt(3)/2") == parse("sin(pi/3)")
    True

    Raises:
        ExactNumberError: with the character at which the text leaves the grammar.
    """
    if not isinstance(text, str):
        raise ExactNumberError(f"Expected a text such as '1/2' or 'zeta(8)^3', got {type(text).__name__}.")
    if len(text) > MAX_TEXT:
        raise ExactNumberError(f"Expected a number of at most {MAX_TEXT} characters, got {len(text)}.")
    reader = _Parser(text)
    value = reader.sum()
    if reader.position != len(reader.tokens):
        reader.fail(reader.where(), f"unexpected {reader.peek()!r}")
    return value.in_least_field
