"""Cases for claims about densities and anomalies: a dimension, the names of a
distribution, a map or a set, a seed and a number of points."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.common import SEEDS, dimensions, sample_size

DISTRIBUTIONS = ("mixture", "logistic", "student")
SCORES = ("flat", "wide", "inverse", "square", "logistic", "bumps")
BIJECTIONS = ("splines", "triangular", "rotations", "deep")
OUTLIERS = ("shifted", "wider", "foreign")
ATOMLESS = ("mixture", "student", "logistic", "cantor", "cross")
MARGINALS = ("normal", "logistic", "laplace", "gumbel", "triangular", "uniform", "exponential", "split")
SET_DISTRIBUTIONS = ("mixture", "student", "logistic")
TYPICAL_FAMILIES = ("normal", "laplace", "exponential", "uniform", "logistic", "gumbel")  # all have finite Var(log p)
IMAGES = (
    "affine",
    "exp",
    "sinh",
    "logit",
    "minus-log",
    "gumbel",
    "normal-cdf",
    "exponential-cdf",
)  # of distributions whose densities are known on both sides
MAPPED_SCORES = ("inverse", "flat", "bumps", "wide")
PLANE_BIJECTIONS = ("splines", "triangular", "deep")
WIDTHS = st.fractions(
    Fraction(3, 2), 4, max_denominator=4
)  # of the typical set, in standard deviations of the mean log density
QUADRATURE = ("mixture", "correlated", "logistic")


def score_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, s, seed, size)``: a random distribution of R^D and a score to
    realise on it, for ``D`` up to 64."""
    size = 256 if profile.name == "quick" else 1024
    return st.builds(
        lambda D, p, s, seed: Case(D=D, p=p, s=s, seed=seed, size=size),
        dimensions(), st.sampled_from(DISTRIBUTIONS), st.sampled_from(SCORES), SEEDS,
    )  # fmt: skip


def pushed_score_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, s, seed, size)`` in D = 1 or 2, where masses of cells can be
    integrated; in D = 2 the map is onto (s = p^2)."""
    line = st.builds(
        lambda p, s, seed: Case(D=1, p=p, s=s, seed=seed, size=sample_size(profile)),
        st.sampled_from(DISTRIBUTIONS),
        st.sampled_from(("flat", "wide", "logistic")),
        SEEDS,
    )
    plane = st.builds(
        lambda p, seed: Case(D=2, p=p, s="square", seed=seed, size=sample_size(profile)),
        st.sampled_from(DISTRIBUTIONS),
        SEEDS,
    )
    return line | plane


def bijection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: a random bijection of R^D of the named kind, for
    ``D`` up to 64."""
    size = 16 if profile.name == "quick" else 128
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=size), dimensions(), st.sampled_from(BIJECTIONS), SEEDS
    )


def pushed_bijection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, f, seed, size)`` in D = 1 or 2: samples of p are pushed through f
    and counted."""
    return st.builds(
        lambda D, p, f, seed: Case(D=D, p=p, f=f, seed=seed, size=5 * sample_size(profile)),
        st.integers(1, 2), st.sampled_from(("mixture", "logistic")), st.sampled_from(BIJECTIONS), SEEDS,
    )  # fmt: skip


def detection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, outliers, seed, size)``: ``size`` inliers from a random distribution
    of R^D for ``D`` up to 64, and as many outliers."""
    size = 48 if profile.name == "quick" else 512
    return st.builds(
        lambda D, p, outliers, seed: Case(D=D, p=p, outliers=outliers, seed=seed, size=size),
        dimensions(), st.sampled_from(DISTRIBUTIONS), st.sampled_from(OUTLIERS), SEEDS,
    )  # fmt: skip


def shares(least: Fraction, most: Fraction) -> st.SearchStrategy[Fraction]:
    """Fractions in [least, most] with denominators up to 24."""
    return st.fractions(least, most, max_denominator=24)


def pushed_pair_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: two random mixtures of R^D, D up to 8, and a
    bijection through which samples of both are pushed."""
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=sample_size(profile)),
        dimensions(1, 8), st.sampled_from(BIJECTIONS), SEEDS,
    )  # fmt: skip


def family_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, distribution, alpha, seed, size)``: an atomless distribution of R^D, D
    up to 64, and the share alpha of outliers, between 1/16 and 15/16."""
    return st.builds(
        lambda D, distribution, alpha, seed: Case(D=D, distribution=distribution, alpha=alpha, seed=seed, size=sample_size(profile)),
        dimensions(), st.sampled_from(ATOMLESS), shares(Fraction(1, 16), Fraction(15, 16)), SEEDS,
    )  # fmt: skip


def quantile_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(distribution, alpha, size)``: a distribution of the line with a density,
    the share alpha, and how many members of the family are integrated."""
    return st.builds(
        lambda distribution, alpha: Case(
            distribution=distribution, alpha=alpha, size=33 if profile.name == "quick" else 257
        ),
        st.sampled_from(MARGINALS),
        shares(Fraction(1, 16), Fraction(15, 16)),
    )


def grid_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, share, seed, size)``: a distribution on a grid of about ``size``
    cells of R^D, D up to 6, and the mass of its level set."""
    size = 1 << (14 if profile.name == "quick" else 18)
    return st.builds(
        lambda D, p, share, seed: Case(D=D, p=p, share=share, seed=seed, size=size),
        st.integers(1, 6), st.sampled_from(SET_DISTRIBUTIONS), shares(Fraction(1, 20), Fraction(19, 20)), SEEDS,
    )  # fmt: skip


def level_set_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, share, seed, size)``: a distribution of R^D, D up to 4, and the mass
    of its level set, for volumes by uniform points."""
    return st.builds(
        lambda D, p, share, seed: Case(D=D, p=p, share=share, seed=seed, size=sample_size(profile)),
        st.integers(1, 4), st.sampled_from(SET_DISTRIBUTIONS), shares(Fraction(1, 10), Fraction(9, 10)), SEEDS,
    )  # fmt: skip


def typical_set_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, N, p, k, seed)``: N up to a million points of R^D, a family, and the
    set's half width in standard deviations."""
    return st.builds(
        lambda D, N, p, k, seed: Case(D=D, N=N, p=p, k=k, seed=seed, size=64),
        dimensions(), st.integers(0, 20).map(lambda e: 2**e), st.sampled_from(TYPICAL_FAMILIES), WIDTHS, SEEDS,
    )  # fmt: skip


def drawn_sequence_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, N, p, k, seed, size)``: ``size`` sequences of N points of R^D, N D <=
    64, the profile's samples shared by their coordinates."""

    def build(shape: tuple[int, int], p: str, k: Fraction, seed: int) -> Case:
        dim, length = shape
        return Case(D=dim, N=length, p=p, k=k, seed=seed, size=max(20_000, sample_size(profile) // (dim * length)))

    shapes = st.sampled_from([(1, 1), (1, 4), (1, 64), (2, 8), (3, 5), (8, 8), (16, 1), (64, 1)])
    return st.builds(build, shapes, st.sampled_from(TYPICAL_FAMILIES), WIDTHS, SEEDS)


def mapped_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: a product distribution under coordinatewise maps of
    one kind, or a mixture under the map that realises a score."""
    size = 256 if profile.name == "quick" else 4096
    kinds = st.sampled_from(IMAGES) | st.sampled_from([f"score:{name}" for name in MAPPED_SCORES])
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=size if ":" not in f else size // 2),
        dimensions(),
        kinds,
        SEEDS,
    )


def mapped_sample_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)`` in D = 1 or 2, where the entropy of the image is
    integrated: a mixture under a random bijection."""
    line = st.builds(
        lambda f, seed: Case(D=1, f=f, seed=seed, size=2 * sample_size(profile)),
        st.sampled_from(("splines", "deep")),
        SEEDS,
    )
    plane = st.builds(
        lambda f, seed: Case(D=2, f=f, seed=seed, size=2 * sample_size(profile)),
        st.sampled_from(PLANE_BIJECTIONS),
        SEEDS,
    )
    return line | plane


def rosenblatt_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, distribution, by, seed, size)``: mixtures with any covariances in
    closed form up to D = 64 (24 in the quick profile), and distributions known by
    values alone up to D = 3 (2 in the quick profile)."""
    quick = profile.name == "quick"
    largest = 2 if quick else 3
    closed = st.builds(
        lambda D, seed: Case(D=D, distribution="mixture", by="closed form", seed=seed, size=16 if D > 8 else 64),
        dimensions(1, 24 if quick else 64), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, distribution, seed: Case(D=D, distribution=distribution, by="quadrature", seed=seed, size=64 if D < 3 else 8),
        st.integers(1, largest), st.sampled_from(QUADRATURE), SEEDS,
    )  # fmt: skip
    return closed | closed | values if quick else closed | values


def uniformity_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, distribution, by, seed, size)`` for samples: closed forms up to D = 16,
    quadrature up to D = 2."""
    quick = profile.name == "quick"
    closed = st.builds(
        lambda D, distribution, seed: Case(D=D, distribution=distribution, by="closed form", seed=seed, size=12_000 if quick else sample_size(profile)),
        dimensions(1, 16), st.sampled_from(("mixture", "split")), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, distribution, seed: Case(D=D, distribution=distribution, by="quadrature", seed=seed, size=8_000 if quick else 20_000),
        st.integers(1, 2), st.sampled_from(("mixture", "logistic")), SEEDS,
    )  # fmt: skip
    return closed | values
