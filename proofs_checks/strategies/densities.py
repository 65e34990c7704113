"""Cases for claims about densities: a dimension, the names of a law and of a score, a seed and a number of points."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

LAWS = ("mixture", "logistic", "student")
SCORES = ("flat", "wide", "inverse", "square", "logistic", "bumps")
BIJECTIONS = ("splines", "triangular", "rotations", "deep")
SEEDS = st.integers(0, 2**32 - 1)


def sample_size(profile: Profile) -> int:
    """Draws a case: the profile's samples are shared by the cases of a route, with at least 20,000 each."""
    return max(20_000, profile.samples // profile.statistical_cases)


def dimensions(low: int = 1, high: int = 64) -> st.SearchStrategy[int]:
    """Dimensions in ``[low, high]``, small ones as often as large ones.

    Raises:
        ValueError: not ``1 <= low <= high``.
    """
    if not 1 <= low <= high:
        raise ValueError(f"Expected 1 <= low <= high, got {low} and {high}.")
    ladder = sorted({low, high, *(k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if low <= k <= high)})
    return st.sampled_from(ladder) | st.integers(low, high)


def score_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, s, seed, size)``: a random law of R^D and a score to realise on it, for ``D`` up to 64."""
    size = 256 if profile.name == "quick" else 1024
    return st.builds(
        lambda D, p, s, seed: Case(D=D, p=p, s=s, seed=seed, size=size),
        dimensions(), st.sampled_from(LAWS), st.sampled_from(SCORES), SEEDS,
    )  # fmt: skip


def pushed_score_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, s, seed, size)`` in D = 1 or 2, where masses of cells can be integrated; in D = 2 the map is onto (s = p^2)."""
    line = st.builds(
        lambda p, s, seed: Case(D=1, p=p, s=s, seed=seed, size=sample_size(profile)),
        st.sampled_from(LAWS),
        st.sampled_from(("flat", "wide", "logistic")),
        SEEDS,
    )
    plane = st.builds(
        lambda p, seed: Case(D=2, p=p, s="square", seed=seed, size=sample_size(profile)), st.sampled_from(LAWS), SEEDS
    )
    return line | plane


def bijection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: a random bijection of R^D of the named kind, for ``D`` up to 64."""
    size = 16 if profile.name == "quick" else 128
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=size), dimensions(), st.sampled_from(BIJECTIONS), SEEDS
    )


def pushed_bijection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, f, seed, size)`` in D = 1 or 2: samples of p are pushed through f and counted."""
    return st.builds(
        lambda D, p, f, seed: Case(D=D, p=p, f=f, seed=seed, size=5 * sample_size(profile)),
        st.integers(1, 2), st.sampled_from(("mixture", "logistic")), st.sampled_from(BIJECTIONS), SEEDS,
    )  # fmt: skip
