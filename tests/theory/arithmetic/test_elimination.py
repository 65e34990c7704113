"""Echelon forms modulo a prime against those of FLINT."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.arithmetic.elimination import echelon_mod


@given(st.integers(0, 10**6), st.sampled_from([2, 7, 65537, 2**29 - 3]), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=25)
def test_echelon_forms_with_late_remainders_are_those_of_flint(seed, p, rows, columns):
    from flint import nmod_mat

    matrix = np.random.default_rng(seed).integers(0, p, (rows, columns))
    matrix[rows // 2 :] = matrix[rows // 2 :] * (seed % 2)  # ranks that are not full, too
    found, pivots = echelon_mod(matrix, p)
    expected, rank = nmod_mat(rows, columns, matrix.ravel().tolist(), p).rref()
    assert len(pivots) == rank
    assert found.ravel().tolist() == [int(c) for c in expected.entries()]
