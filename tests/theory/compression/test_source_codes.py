"""Codes of rational sources: two algorithms for the best lengths, signs against the entropy, and blocks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from theory.compression import source_codes as codes

sources = st.lists(st.integers(1, 12), min_size=1, max_size=5).map(tuple)


def total(counts, lengths):
    return sum(a * k for a, k in zip(counts, lengths, strict=True))


@given(sources)
@settings(max_examples=50)
def test_huffman_s_code_is_as_short_as_any_and_fills_kraft_s_sum(counts):
    lengths = codes.huffman(counts)
    assert sum(Fraction(1, 2**k) for k in lengths) == 1
    assert total(counts, lengths) == codes.best_by_search(counts)


def test_a_code_that_pairs_the_heaviest_first_breaks_that_law():
    assert total((1, 1, 2), (1, 2, 2)) > codes.best_by_search((1, 1, 2))


@given(sources, st.integers(0, 60))
@settings(max_examples=100)
def test_signs_in_whole_numbers_are_those_of_balls_and_of_scipy(counts, length):
    masses = np.array(counts) / sum(counts)
    over = length / sum(counts) - entropy(masses, base=2)
    found = codes.signs(counts, length)
    assert found == codes.signs_in_balls(counts, length)
    if abs(over) > 2**-40 and abs(1 - over) > 2**-40:  # within 60 roundoffs of six bits
        assert found == (np.sign(over), np.sign(1 - over))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7])
def test_block_lengths_by_a_heap_and_by_merging_agree_and_stay_within_their_bounds(n):
    length = codes.block_length(n)
    assert length == codes.block_length_by_merging(n)
    assert entropy([0.9, 0.1], base=2) <= length < entropy([0.9, 0.1], base=2) + 1 / n


@pytest.mark.parametrize("counts", [(), (1, 0), (-1, 2)])
def test_symbols_without_mass_are_refused(counts):
    with pytest.raises(ValueError, match="positive counts"):
        codes.huffman(counts)


def test_blocks_are_proved_from_their_words():
    from proofs_checks.kernel import Status, judge

    assert judge(codes.blocks(), route="exact").status is Status.HOLDS


@given(st.floats(0.01, 0.99), st.integers(1, 5))
@settings(max_examples=20)
def test_words_of_independent_bits_have_n_times_the_entropy_of_one(p, n):
    masses = np.array([1.0])
    for _ in range(n):
        masses = np.concatenate([p * masses, (1 - p) * masses])
    assert entropy(masses) == pytest.approx(n * entropy([p, 1 - p]), rel=1e-9)
