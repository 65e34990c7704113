"""Cases for the kernel's own tests: how many draws, and at what level an alarm is
raised."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

LEVELS = (Fraction(1, 20), Fraction(1, 100), Fraction(1, 1000))


def calibration_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(kind, n, m, level, size)``: samples of n (and m) draws, an alarm at the
    level, and how many samples are drawn in all."""
    kinds = st.sampled_from(("dkw", "dkw_two_sample", "hoeffding", "clopper_pearson", "e_values"))
    sizes = st.integers(10, 60)
    return st.builds(
        Case, kind=kinds, n=sizes, m=sizes, level=st.sampled_from(LEVELS), size=st.just(max(4000, profile.samples // 100))
    )  # fmt: skip
