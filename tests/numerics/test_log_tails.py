"""The tail of the normal distribution and its inverse, in log space, against 60-digit arithmetic."""

from __future__ import annotations

import mpmath
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.latents import entangling
from numerics.log_tails import Tail, normal_quantile, normal_tail

UNIT = 2.0**-53


def _log_phi(v: float) -> mpmath.mpf:
    return mpmath.log(mpmath.erfc(-mpmath.mpf(v) / mpmath.sqrt(2)) / 2)


@given(st.floats(-40.0, 40.0), st.booleans())
def test_the_normal_tail_is_accurate_to_a_few_units_on_both_sides(v, branch_free):
    tail = normal_tail(torch.tensor(v, dtype=torch.float64), branch_free=branch_free)
    with mpmath.workdps(60):
        exact = _log_phi(-abs(v))
        assert abs((tail.log_p.item() - exact) / exact) <= entangling.ULPS * UNIT
    assert tail.side == (1 if v < 0 else -1)


@given(st.floats(-1e6, -0.7), st.sampled_from((1.0, -1.0)))
def test_the_normal_quantile_solves_its_equation_however_far_out(log_p, side):
    v = normal_quantile(Tail(torch.tensor(log_p, dtype=torch.float64), torch.tensor(side, dtype=torch.float64))).item()
    assert v * side <= 0
    with mpmath.workdps(60):
        low = mpmath.mpf(-abs(v))
        tail = mpmath.erfc(-low / mpmath.sqrt(2)) / 2
        step = (mpmath.log(tail) - log_p) * tail / mpmath.npdf(low)  # Newton's step is the error, to second order
        assert abs(step) <= entangling.ULPS * UNIT * (1 + abs(low))


def test_the_two_branches_of_the_quantile_meet():
    apart = 2.0**-30
    log_p = torch.tensor([-600.0 - apart, -600.0 + apart], dtype=torch.float64)
    below, above = normal_quantile(Tail(log_p, torch.ones_like(log_p))).tolist()
    size = abs(below)  # dv = dlog p / h, and the hazard h lies between |v| and |v| + 1/|v| (Mills)
    rounding = 2 * entangling.ULPS * UNIT * (1 + size)
    assert 2 * apart / (size + 1 / size) - rounding <= above - below <= 2 * apart / abs(above) + rounding
    both = normal_quantile(Tail(log_p, torch.ones_like(log_p)), branch_free=True)
    assert both.tolist() == [below, above]
