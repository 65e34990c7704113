"""Cases of the claims about hyperbolic geometry: dimension, radius of curvature, how
far from the origin, which chart."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.common import dimensions, sample_size
from proofs_checks.strategies.hyperbolic import depth_of, prufer_trees, recursive_trees

CHARTS = ("hyperboloid", "ball", "klein", "half-space")
RADII = tuple(Fraction(*pair) for pair in ((1, 4), (1, 2), (1, 1), (3, 2), (2, 1), (5, 1)))  # of curvature
REACH = {"hyperboloid": 8, "ball": 8, "half-space": 8, "klein": 4}  # what float64 carries with digits to spare
SIZE = 32  # pairs of points a case


def chart_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, R, chart, far)``: points within ``far`` curvature radii of the origin,
    read in the chart."""
    del profile
    radii, tenths = st.sampled_from(RADII), st.integers(1, 10)
    return st.tuples(dimensions(1, 64), radii, st.sampled_from(CHARTS), tenths).map(
        lambda drawn: Case(n=drawn[0], R=drawn[1], chart=drawn[2], far=Fraction(REACH[drawn[2]] * drawn[3], 10))
    )


def wrapped_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, R, chart, sigma, offset)``: a wrapped normal of spread sigma with its
    mean ``offset`` away from the origin, both in curvature radii."""
    del profile
    eighths = st.integers(1, 8).map(lambda k: Fraction(k, 8))
    return st.tuples(dimensions(1, 16), st.sampled_from(RADII), st.sampled_from(CHARTS), eighths, eighths).map(
        lambda drawn: Case(n=drawn[0], R=drawn[1], chart=drawn[2], sigma=drawn[3] / 2, offset=drawn[4])
    )


def drawn_wrapped_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """The same in dimension 2, with the number of draws."""
    return wrapped_cases(profile).map(lambda case: Case(**{**case, "n": 2, "size": min(400_000, sample_size(profile))}))


def density_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(which, n, R, chart)``: a pattern wrapped on a space, read in a chart; the
    wrapped Gaussian has a claim of its own."""
    del profile
    which = st.sampled_from(("checkerboard", "checkerboard", "spirals"))
    return st.tuples(which, dimensions(2, 16), st.sampled_from(RADII[1:]), st.sampled_from(("ball", "hyperboloid", "half-space"))).map(
        lambda drawn: Case(which=drawn[0], n=drawn[1], R=drawn[2], chart=drawn[3])
    )  # fmt: skip


def drawn_density_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(which, n, R, size)`` in two dimensions; the spirals, whose density is
    dear, only beyond the quick profile."""
    size = min(400_000, sample_size(profile))
    which = ("wrapped", "checkerboard") if profile.name == "quick" else ("wrapped", "checkerboard", "spirals")
    return st.tuples(st.sampled_from(which), st.sampled_from(RADII[1:])).map(
        lambda drawn: Case(which=drawn[0], n=2, R=drawn[1], size=size)
    )


def mass_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, R, sigma)`` for n up to 10, sigma in curvature radii; in the quick
    profile one plane alone, for balls are dear."""
    if profile.name == "quick":
        return st.just(Case(n=2, R=Fraction(1, 2), sigma=Fraction(1)))
    return st.tuples(st.integers(1, 10), st.sampled_from(RADII), st.integers(2, 4)).map(
        lambda drawn: Case(n=drawn[0], R=drawn[1], sigma=Fraction(drawn[2], 4))
    )


def scaled_tree_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(tree, tau, R, n)``: a tree of up to 24 vertices by Sarkar's construction
    with edges of length tau, and another curvature."""
    del profile
    trees = st.one_of(recursive_trees(2, 24), prufer_trees(2, 24))
    return st.tuples(trees, st.sampled_from(RADII), st.integers(2, 16), st.integers(1, 32)).map(
        lambda drawn: Case(tree=drawn[0], tau=min(Fraction(drawn[3], 16), Fraction(int(64 * 6 / depth_of(drawn[0])), 64)), R=drawn[1], n=drawn[2])
    )  # fmt: skip
