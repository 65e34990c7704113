"""Separate parameters on data sets of four points: both algorithms, and what sharing a parameter changes."""

from __future__ import annotations

import math

import pytest

from theory.likelihoods.separate_parameters import (
    by_frequencies,
    dependence,
    dependent,
    every_data_set,
    jointly,
    tables,
)


@pytest.mark.parametrize("counts", list(tables())[::5])
def test_the_joint_maximum_is_a_pair_and_lies_at_the_frequencies(counts):
    assert jointly(counts, shared=False)
    assert by_frequencies(counts, shared=False)


def test_a_shared_parameter_moves_the_maximum_where_the_frequencies_differ():
    counts = (0, 2, 1, 1)  # half of the images are white, and half of the white ones' labels: sharing costs nothing
    assert jointly(counts, shared=True) == by_frequencies(counts, shared=True)
    counts = (3, 0, 0, 1)
    assert not jointly(counts, shared=True)
    assert not by_frequencies(counts, shared=True)


def test_information_is_positive_where_a_sum_of_logarithms_says_so():
    for counts in dependence().of:
        n = sum(counts)
        rows, columns = (counts[0] + counts[1], counts[2] + counts[3]), (counts[0] + counts[2], counts[1] + counts[3])
        terms = [c / n * math.log(c * n / (rows[i // 2] * columns[i % 2])) for i, c in enumerate(counts) if c]
        assert dependent(counts) == (sum(terms) > 2.0**-40)
    assert len(list(every_data_set().of)) == 35
