"""Small networks along rays: slopes against NumPy, and rays on which all units fall silent."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from theory.likelihoods.rays import every_small_network, grows, slope_by_pieces, value, without_biases

sign, bias = st.sampled_from((-1, 1)), st.integers(-1, 1)
networks = st.tuples(st.tuples(sign, sign), st.tuples(bias, bias), st.tuples(sign, sign), bias, sign, bias, sign)


@given(networks, st.integers(-50, 50))
def test_a_value_is_that_of_matrix_products(network, t):
    w, b, W, B, v, c, u = network
    first = np.maximum(np.array(w) * u * t + np.array(b), 0)
    assert value(network, t) == v * max(int(np.dot(W, first)) + B, 0) + c


@given(networks)
def test_the_slope_far_out_is_that_of_the_network_without_biases(network):
    assert value(network, 1001) - value(network, 1000) == slope_by_pieces(network) == without_biases(network)
    assert grows(network) == (abs(value(network, 10**6)) > 10**5)


def test_a_ray_of_a_relu_is_silent():
    silent = ((-1, -1), (1, 1), (1, 1), 0, 1, 0, 1)
    assert not grows(silent)
    assert value(silent, 10**9) == 0
    assert len(list(every_small_network().of)) == len(every_small_network().of)
