"""Cases for claims about typical sets and about typicality under maps."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import SEEDS, dimensions, sample_size

FAMILIES = ("normal", "laplace", "exponential", "uniform", "logistic", "gumbel")  # all have finite Var(log p)
IMAGES = (
    "affine",
    "exp",
    "sinh",
    "logit",
    "minus-log",
    "gumbel",
    "normal-cdf",
    "exponential-cdf",
)  # of laws whose densities are known on both sides
SCORES = ("inverse", "flat", "bumps", "wide")
BIJECTIONS = ("splines", "triangular", "deep")
WIDTHS = st.fractions(
    Fraction(3, 2), 4, max_denominator=4
)  # of the typical set, in standard deviations of the mean log density


def typical_set_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, N, p, k, seed)``: N up to a million points of R^D, a family, and the set's half width in standard deviations."""
    return st.builds(
        lambda D, N, p, k, seed: Case(D=D, N=N, p=p, k=k, seed=seed, size=64),
        dimensions(), st.integers(0, 20).map(lambda e: 2**e), st.sampled_from(FAMILIES), WIDTHS, SEEDS,
    )  # fmt: skip


def drawn_sequence_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, N, p, k, seed, size)``: ``size`` sequences of N points of R^D, N D <= 64, the profile's samples shared by their coordinates."""

    def build(shape: tuple[int, int], p: str, k: Fraction, seed: int) -> Case:
        dim, length = shape
        return Case(D=dim, N=length, p=p, k=k, seed=seed, size=max(20_000, sample_size(profile) // (dim * length)))

    shapes = st.sampled_from([(1, 1), (1, 4), (1, 64), (2, 8), (3, 5), (8, 8), (16, 1), (64, 1)])
    return st.builds(build, shapes, st.sampled_from(FAMILIES), WIDTHS, SEEDS)


def mapped_law_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: a product law under coordinatewise maps of one kind, or a mixture under the map that realises a score."""
    size = 256 if profile.name == "quick" else 4096
    kinds = st.sampled_from(IMAGES) | st.sampled_from([f"score:{name}" for name in SCORES])
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=size if ":" not in f else size // 2),
        dimensions(),
        kinds,
        SEEDS,
    )


def mapped_sample_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)`` in D = 1 or 2, where the entropy of the image is integrated: a mixture under a random bijection."""
    line = st.builds(
        lambda f, seed: Case(D=1, f=f, seed=seed, size=2 * sample_size(profile)),
        st.sampled_from(("splines", "deep")),
        SEEDS,
    )
    plane = st.builds(
        lambda f, seed: Case(D=2, f=f, seed=seed, size=2 * sample_size(profile)), st.sampled_from(BIJECTIONS), SEEDS
    )
    return line | plane
