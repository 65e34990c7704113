"""Codes of a discrete source, exactly: Kraft's sum, Gibbs' inequality for lengths,
Huffman's code, blocks, and codes that are not prefix-free.

Lengths are in bits. Rational sources are counts a_1, .., a_m that add up to n: entropy
and lengths are then compared as whole numbers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import sympy as sp

from theory.proof.relative_entropy import N, nonnegative, sum_recursion
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

Counts = tuple[int, ...]
Claim = Callable[[int, int], bool]  # of the signs of L - H and of H + 1 - L

MOST = 5  # symbols of the enumerated sources
DENOMINATOR = 12  # of their masses


# -- lengths against entropy ----------------------------------------------------------------------------------------------------


def mean_length() -> list[Equation | Induction | Sign]:
    r"""m words: mean length less entropy is KL(p||2^-l) in bits; with r = 2^-l and
    Kraft's sum K it is at least -log K >= 0, for every m by induction."""
    p, length = sp.Function("p", positive=True), sp.Function("l", real=True)
    mean, negative, divergence = (sp.Function(name, real=True) for name in ("L", "E", "G"))
    objects = (
        sum_recursion(mean(N), lambda i: p(i) * length(i) * sp.log(2)),
        sum_recursion(negative(N), lambda i: p(i) * sp.log(p(i))),
        sum_recursion(divergence(N), lambda i: p(i) * sp.log(p(i) / 2 ** (-length(i)))),
    )
    claim = Equation("mean length less entropy", divergence(N), mean(N) + negative(N))
    return [Induction("mean length of m words", N, (claim,), objects), *nonnegative("p", "r")]


def shannon_lengths() -> list[Equation | Induction | Sign]:
    """Lengths -log_2 p + u, 0 <= u < 1: Kraft's sum is a mean of 2^-u <= 1, and the
    mean length exceeds the entropy by the mean of u, below one bit."""
    p, extra = sp.Function("p", positive=True), sp.Function("u", nonnegative=True)
    kraft, lost, mass = (sp.Function(name, real=True) for name in ("K", "S", "P"))
    objects = (
        sum_recursion(kraft(N), lambda i: 2 ** (sp.log(p(i)) / sp.log(2) - extra(i))),
        sum_recursion(lost(N), lambda i: p(i) * (1 - 2 ** (-extra(i)))),
        sum_recursion(mass(N), p),
    )
    claim = Equation("Kraft's sum of rounded lengths", kraft(N), mass(N) - lost(N))
    mean, negative, added = (sp.Function(name, real=True) for name in ("L", "E", "U"))
    lengths = (
        sum_recursion(mean(N), lambda i: p(i) * (-sp.log(p(i)) / sp.log(2) + extra(i))),
        sum_recursion(negative(N), lambda i: p(i) * sp.log(p(i))),
        sum_recursion(added(N), lambda i: p(i) * extra(i)),
    )
    excess = Equation("mean of rounded lengths", mean(N), added(N) - negative(N) / sp.log(2))
    t = sp.Symbol("t", nonnegative=True)  # 2^u = 1 + t
    return [
        Induction("rounded lengths of m words", N, (claim,), objects),
        Induction("what rounding adds to m words", N, (excess,), lengths),
        Equation("what rounding takes from Kraft's sum", 1 - 1 / (1 + t), t / (1 + t)),
        Sign("its numerator", t, ">= 0"),
    ]


def blocks() -> list[Induction]:
    """n independent symbols: the entropy of a block is n H, so that a bit lost a block
    is 1/n a symbol.

    A word with one symbol more, and all words of a block with one symbol more, for
    alphabets of any size; and blocks of n bits from all their 2^n words, for every n.
    """
    p, b = sp.Function("p", positive=True), sp.Function("b", positive=True)
    word, M, E = sp.Symbol("w", positive=True), sp.Symbol("M", positive=True), sp.Symbol("E", real=True)
    longer, mass, own = (sp.Function(name, real=True) for name in ("X", "P", "S"))
    one_word = (
        sum_recursion(longer(N), lambda a: word * p(a) * sp.log(word * p(a))),
        sum_recursion(mass(N), p),
        sum_recursion(own(N), lambda a: p(a) * sp.log(p(a))),
    )
    split = Equation("a word and n symbols", longer(N), mass(N) * word * sp.log(word) + word * own(N))
    whole, words, theirs = (sp.Function(name, real=True) for name in ("Y", "W", "T"))
    all_words = (
        sum_recursion(whole(N), lambda i: M * b(i) * sp.log(b(i)) + b(i) * E),
        sum_recursion(words(N), b),
        sum_recursion(theirs(N), lambda i: b(i) * sp.log(b(i))),
    )
    added = Equation("n words and a symbol", whole(N), M * theirs(N) + words(N) * E)
    return [
        Induction("a symbol after a word", N, (split,), one_word),
        Induction("a symbol after a block", N, (added,), all_words),
        blocks_of_bits(),
    ]


def blocks_of_bits() -> Induction:
    """The sum of p log p over all 2^n words of n independent bits is n times that of
    one, and their masses add up to one."""
    t = sp.Symbol("t", positive=True)  # odds
    masses = (1 / (1 + t), t / (1 + t))
    own = sum(m * sp.log(m) for m in masses)
    total, mass = sp.Function("B", real=True), sp.Function("Q", real=True)

    def over_words(term: Callable[[Any], Any]) -> Callable[[int], Any]:
        return lambda n: sum(term(sp.Mul(*word)) for word in product(masses, repeat=n))

    objects = (
        Recursion(total(N), (own,), total(N) + mass(N) * own, over_words(lambda m: m * sp.log(m))),
        Recursion(mass(N), (sp.S.One,), mass(N) * sum(masses), over_words(lambda m: m)),
    )
    claim = (
        Equation("sum of p log p over words", total(N), N * own),
        Equation("mass of all words", mass(N), sp.S.One),
    )
    return Induction("entropy of blocks of bits", N, claim, objects)


# -- Huffman ----------------------------------------------------------------------------------------------------------------------


def huffman(counts: Sequence[int]) -> tuple[int, ...]:
    """Lengths of Huffman's words, symbol by symbol; a single symbol has the empty word.

    Raises:
        ValueError: no symbol, or one of mass zero or less.

    >>> huffman((1, 1, 2))
    (2, 2, 1)
    """
    if not counts or min(counts) <= 0:
        raise ValueError(f"Expected positive counts, got {tuple(counts)}; leave symbols of mass zero out.")
    heap = [(count, k, (k,)) for k, count in enumerate(counts)]
    heapq.heapify(heap)
    lengths, fresh = [0] * len(counts), len(counts)
    while len(heap) > 1:
        (first, _, left), (second, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for k in left + right:
            lengths[k] += 1
        heapq.heappush(heap, (first + second, fresh, left + right))
        fresh += 1
    return tuple(lengths)


def best_by_search(counts: Sequence[int]) -> int:
    """n times the least mean length of any prefix code, by trying every list of lengths
    that meets Kraft's inequality.

    >>> best_by_search((1, 1, 2))
    6
    """
    if len(counts) == 1:
        return 0
    m = len(counts)
    lengths = (choice for choice in product(range(1, m), repeat=m) if sum(Fraction(1, 2**k) for k in choice) <= 1)
    return min(sum(a * k for a, k in zip(counts, choice, strict=True)) for choice in lengths)


def signs(counts: Sequence[int], total: int) -> tuple[int, int]:
    """Signs of n (L - H) and n (H + 1 - L), n L = total: whole numbers 2^(n L) prod a^a
    and n^n, and the same with 2^(n L - n)."""
    n = sum(counts)
    weight = 1
    for a in counts:
        weight *= a**a
    first = 2**total * weight - n**n
    second = 2**n * n**n - 2**total * weight
    return (first > 0) - (first < 0), (second > 0) - (second < 0)


def signs_in_balls(counts: Sequence[int], total: int) -> tuple[int, int]:
    """The same signs by the entropy as a ball of 200 bits; where it touches the length
    they are equal, a dyadic source."""
    import flint

    n = sum(counts)
    with flint.ctx.workprec(200):
        entropy = -sum(flint.arb(a) / n * (flint.arb(a) / n).log() for a in counts) / flint.arb(2).log()
        over, under = flint.arb(total) / n - entropy, entropy + 1 - flint.arb(total) / n
        return _sign(over), _sign(under)


def _sign(ball: Any) -> int:
    return 1 if ball > 0 else -1 if ball < 0 else 0


def within_a_bit(over: int, under: int) -> bool:
    """H <= L < H + 1."""
    return over >= 0 and under > 0


def equal_to_the_entropy(over: int, under: int) -> bool:
    """L = H."""
    return over == 0


def _compositions(m: int, n: int) -> Iterator[Counts]:
    if m == 1:
        yield (n,)
        return
    for first in range(1, n - m + 2):
        yield from ((first, *rest) for rest in _compositions(m - 1, n - first))


def small_sources(claim: Claim = within_a_bit) -> Enumeration:
    """Every source of up to five symbols whose masses are positive multiples of 1/12:
    its best mean length lies within a bit of its entropy.

    Decided by Huffman's lengths and whole numbers, and by a search over all lengths and
    balls.
    """
    family = Family(
        f"sources of 1 to {MOST} symbols whose masses are positive multiples of 1/{DENOMINATOR}",
        lambda: (counts for m in range(1, MOST + 1) for counts in _compositions(m, DENOMINATOR)),
        sum(comb(DENOMINATOR - 1, m - 1) for m in range(1, MOST + 1)),
    )

    def by_huffman(counts: Counts) -> bool:
        lengths = huffman(counts)
        kraft = sum(Fraction(1, 2**k) for k in lengths)
        total = sum(a * k for a, k in zip(counts, lengths, strict=True))
        return kraft == 1 and claim(*signs(counts, total))

    def by_search(counts: Counts) -> bool:
        return claim(*signs_in_balls(counts, _best_of_sorted(tuple(sorted(counts)))))

    return Enumeration("best mean length of small sources", family, by_huffman, by_search)


def best_by_splitting(counts: Counts) -> int:
    """n times the least mean length of any binary tree, by trying every split of the
    symbols into two subtrees.

    >>> best_by_splitting((1, 1, 2))
    6
    """
    if len(counts) == 1:
        return 0
    sides = range(1, 2 ** (len(counts) - 1))  # the last symbol stays on the other side
    parts = (
        ([a for k, a in enumerate(counts) if s >> k & 1], [a for k, a in enumerate(counts) if not s >> k & 1])
        for s in sides
    )
    return sum(counts) + min(best_by_splitting(tuple(one)) + best_by_splitting(tuple(two)) for one, two in parts)


def merged_total(counts: Counts) -> int:
    """The sum of all masses that Huffman's algorithm merges, over a sorted list: n
    times its mean length."""
    rest, total = sorted(counts), 0
    while len(rest) > 1:
        merged = rest[0] + rest[1]
        rest, total = sorted([*rest[2:], merged]), total + merged
    return total


def huffman_is_best() -> Enumeration:
    """Sorted sources of up to five symbols with masses in twelfths: Huffman's lengths
    against a search, and his merged masses against all trees."""

    def members() -> Iterator[Counts]:
        return (
            counts
            for m in range(1, MOST + 1)
            for counts in _compositions(m, DENOMINATOR)
            if counts == tuple(sorted(counts))
        )

    def by_lengths(counts: Counts) -> bool:
        return sum(a * k for a, k in zip(counts, huffman(counts), strict=True)) == _best_of_sorted(counts)

    family = Family(
        f"partitions of {DENOMINATOR} into 1 to {MOST} masses", members,
        sum(_partitions(DENOMINATOR, m) for m in range(1, MOST + 1)),
    )  # fmt: skip
    return Enumeration(
        "Huffman's code is best", family, by_lengths, lambda counts: merged_total(counts) == best_by_splitting(counts)
    )


def _partitions(n: int, m: int) -> int:
    """How many partitions of n have m parts: p(n - 1, m - 1) + p(n - m, m)."""
    if n < m or m == 0:
        return int(n == m == 0)
    return _partitions(n - 1, m - 1) + _partitions(n - m, m)


def _best_of_sorted(counts: Counts, known: dict[Counts, int] = {}) -> int:  # noqa: B006  a cache of this process
    if counts not in known:
        known[counts] = best_by_search(counts)
    return known[counts]


# -- blocks of (9/10, 1/10), and words that are not prefix-free ----------------------------------------------------------------------


def block_length(n: int) -> Fraction:
    """Mean length of Huffman's code for blocks of n draws of (9/10, 1/10), bits a
    draw."""
    counts = [9 ** (n - ones) for ones in range(n + 1) for _ in range(comb(n, ones))]
    lengths = huffman(counts)
    return Fraction(sum(a * k for a, k in zip(counts, lengths, strict=True)), 10**n * n)


def block_length_by_merging(n: int) -> Fraction:
    """The same as the sum of all merged masses, over a sorted list."""
    rest = sorted(9 ** (n - ones) for ones in range(n + 1) for _ in range(comb(n, ones)))
    total = 0
    while len(rest) > 1:
        merged = rest[0] + rest[1]
        total += merged
        rest = sorted([*rest[2:], merged])
    return Fraction(total, 10**n * n)


def rises_at_seven(before: Fraction, after: Fraction) -> bool:
    """The rate of blocks of seven is above that of blocks of six."""
    return after > before


def never_rises(before: Fraction, after: Fraction) -> bool:
    """The rate falls from six to seven."""
    return after <= before


def blocks_of_six_and_seven(claim: Callable[[Fraction, Fraction], bool] = rises_at_seven) -> Enumeration:
    """Huffman's rates for blocks of (9/10, 1/10): L_7/7 > L_6/6, so that block rates
    need not decrease."""
    family = Family("blocks of six and seven draws of (9/10, 1/10)", lambda: iter([(6, 7)]), 1)
    return Enumeration(
        "block rates of (9/10, 1/10)", family, lambda pair: claim(*map(block_length, pair)),
        lambda pair: claim(*map(block_length_by_merging, pair)),
    )  # fmt: skip


def shorter_than_the_entropy(entropy: Any, mean: Any) -> Any:
    """By how much the entropy exceeds the mean length."""
    return entropy - mean


def longer_than_the_entropy(entropy: Any, mean: Any) -> Any:
    """By how much the mean length exceeds the entropy."""
    return mean - entropy


def one_to_one_code(excess: Callable[[Any, Any], Any] = shorter_than_the_entropy) -> list[Equation | Sign]:
    """Two fair symbols with the words "" and "0": mean length 1/2 below an entropy of
    one bit; Kraft's sum is 3/2, so no prefix code."""
    half = sp.Rational(1, 2)
    words = ("", "0")
    mean = sum(half * len(word) for word in words)
    kraft = sum(half ** len(word) for word in words)
    entropy = -sum(half * sp.log(half) for _ in words) / sp.log(2)
    return [
        Equation("entropy of a fair bit, in bits", entropy, 1),
        Sign("entropy above the mean length", excess(sp.Integer(1), mean), "> 0"),
        Sign("Kraft's sum above one", kraft - 1, "> 0"),
    ]
