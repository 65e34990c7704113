"""Cases for claims about divergences: numbers of cells, separations, dimensions,
bandwidths and seeds."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.common import SEEDS, dimensions, sample_size

CELLS = (2, 3, 5, 16, 257, 4096)


def alphabet_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, seed)``: distributions on n cells, 2 to 4096."""
    return st.builds(lambda n, seed: Case(n=n, seed=seed), st.sampled_from(CELLS) | st.integers(2, 64), SEEDS)


def missing_mode_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, share, digits, seed)``: p(A) = share, q(A) = 10^-digits."""
    shares = st.sampled_from([Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
    return st.builds(
        lambda n, share, digits, seed: Case(n=n, share=share, digits=digits, seed=seed),
        st.sampled_from(CELLS), shares, st.integers(1, 300), SEEDS,
    )  # fmt: skip


def mixture_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, components, size, seed)``: points of a mixture, whose fit is sought."""
    return st.builds(
        lambda D, components, seed: Case(D=D, components=components, size=300, seed=seed),
        dimensions(1, 64), st.integers(1, 5), SEEDS,
    )  # fmt: skip


def noise_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, weight, seed)``: a mixture with noise, D from 1 to 1000."""
    weights = st.sampled_from([Fraction(1, 1000), Fraction(1, 100), Fraction(1, 2)])
    return st.builds(lambda D, w, seed: Case(D=D, weight=w, seed=seed), dimensions(1, 1000), weights, SEEDS)


def kernel_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, h, apart, seed, size)``: two Gaussians, their means ``apart`` standard
    deviations of one coordinate, and a bandwidth a coordinate."""
    return st.builds(
        lambda D, h, apart, seed: Case(D=D, h=h, apart=apart, seed=seed, size=min(2048, sample_size(profile))),
        dimensions(1, 64), st.sampled_from([Fraction(1, 2), Fraction(2), Fraction(8)]),
        st.sampled_from([Fraction(0), Fraction(1), Fraction(4)]), SEEDS,
    )  # fmt: skip


def field_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, seed, size)``: a bounded field on a product of logistic
    distributions."""
    return st.builds(lambda D, seed: Case(D=D, seed=seed, size=sample_size(profile)), dimensions(1, 64), SEEDS)


def box_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, degree, seed)``: polynomial fields and densities on a box of up to
    three dimensions."""
    return st.builds(
        lambda D, degree, seed: Case(D=D, degree=degree, seed=seed), st.integers(1, 3), st.integers(1, 4), SEEDS
    )


def path_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(components, seed)``: mixtures on the line whose path to noise is
    followed."""
    return st.builds(lambda k, seed: Case(components=k, seed=seed), st.integers(1, 4), SEEDS)
