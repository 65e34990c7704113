"""Cases for claims about latent-variable models: reflections without a zero entry, skew
matrices, product priors and orthogonal matrices of a named kind."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.common import SEEDS, sample_size

FAMILIES = ("logistic", "laplace", "cauchy", "gumbel", "exponential", "uniform", "triangular", "normal")
ROTATIONS = ("reflection", "random")
HADAMARD_ORDERS = (2, 4, 8, 12, 16, 20, 24, 28, 32, 64)
SMOOTH = ("logistic", "gumbel", "normal")
"""Families whose quantile function is analytic in normal coordinates."""


def rationals(bound: int = 9) -> st.SearchStrategy[Fraction]:
    """Nonzero fractions with numerator and denominator up to ``bound``."""
    numerators = st.integers(1, bound) | st.integers(-bound, -1)
    return st.builds(Fraction, numerators, st.integers(1, bound))


def reflection_vectors(low: int = 2, high: int = 6) -> st.SearchStrategy[tuple[Fraction, ...]]:
    """Vectors v of ``low`` to ``high`` entries, nonzero and with v_i^2 != |v|^2 / 2:
    reflections without a zero entry."""
    vectors = st.lists(rationals(), min_size=low, max_size=high).map(tuple)
    return vectors.filter(lambda v: all(2 * x * x != sum(y * y for y in v) for x in v))


def skew_matrices(low: int = 2, high: int = 5) -> st.SearchStrategy[tuple[tuple[Fraction, ...], ...]]:
    """Skew-symmetric matrices as tuples of rows, size ``low`` to ``high``, entries
    small fractions."""

    def fill(size: int, above: list[Fraction]) -> tuple[tuple[Fraction, ...], ...]:
        table = [[Fraction(0)] * size for _ in range(size)]
        pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
        for (i, j), value in zip(pairs, above, strict=True):
            table[i][j], table[j][i] = value, -value
        return tuple(map(tuple, table))

    def of_size(size: int) -> st.SearchStrategy[tuple[tuple[Fraction, ...], ...]]:
        count = size * (size - 1) // 2
        return st.lists(rationals() | st.just(Fraction(0)), min_size=count, max_size=count).map(
            lambda above: fill(size, above)
        )

    return st.integers(low, high).flatmap(of_size)


def spikes(D: int) -> st.SearchStrategy[Fraction]:
    """Parameters t for which the reflection of (t, 1, ..., 1) in dimension ``D`` has no
    zero entry."""
    return rationals().filter(lambda t: t * t not in (D - 1, 3 - D))


def _entangling_cases(D: int, size: int, **more: str) -> st.SearchStrategy[Case]:
    return st.builds(
        lambda families, rotation, t, seed: Case(D=D, families=tuple(families), rotation=rotation, t=t, seed=seed, size=size, **more),
        st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=min(D, 4), unique=True), st.sampled_from(ROTATIONS), spikes(D), SEEDS,
    )  # fmt: skip


def entangling_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, families, rotation, t, seed, size, nonzero)``: a product of the
    ``families`` and an orthogonal matrix without zeros, D = 2..512.

    All families have positive densities on intervals, so that derivatives are nonzero
    everywhere.
    """
    size = {"quick": 256, "full": 512}.get(profile.name, 2048)
    dimensions = st.sampled_from((2, 3, 4, 5, 8, 16, 32, 64)) | st.integers(2, 64)
    if profile.name != "quick":
        dimensions |= st.integers(65, 512)
    return dimensions.flatmap(lambda D: _entangling_cases(D, size, nonzero="everywhere"))


def pushed_entangling_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, families, rotation, t, seed, size)``: ``profile.samples`` points in 2
    to 8 dimensions, the fewer the more points there are."""
    largest = {"quick": 4, "full": 8}.get(profile.name, 3)
    return st.integers(2, largest).flatmap(lambda D: _entangling_cases(D, profile.samples))


def _twin_cases(
    D: int, rotations: tuple[str, ...], outputs: int, size: int, families: tuple[str, ...] = FAMILIES
) -> st.SearchStrategy[Case]:
    return st.builds(
        lambda families, rotation, m, seed: Case(D=D, families=tuple(families), rotation=rotation, outputs=m, seed=seed, size=size),
        st.lists(st.sampled_from(families), min_size=1, max_size=min(D, 3), unique=True), st.sampled_from(rotations),
        st.integers(1, outputs), SEEDS,
    )  # fmt: skip


def twin_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, families, rotation, outputs, seed, size)``: D = 2..64; ``rotation``
    "equal" (all |A_ij| equal, Hadamard orders), "random" or "near" a permutation."""
    size = {"quick": 160, "full": 512}.get(profile.name, 1024)
    equal = st.sampled_from(HADAMARD_ORDERS).flatmap(lambda D: _twin_cases(D, ("equal",), 4, max(size, 4 * D)))
    others = st.sampled_from((2, 3, 5, 7, 10, 16)).flatmap(lambda D: _twin_cases(D, ("random", "near"), 4, size))
    plane = _twin_cases(2, ("equal", "random"), 2, size, SMOOTH)
    return equal | others | plane


def sampled_twin_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """The same with a share of ``profile.samples`` points, D = 2, 3, 4 (and 8 in the
    full profile)."""
    size = sample_size(profile)
    dimensions = (2, 4) if profile.name == "quick" else (2, 4, 8)
    equal = st.sampled_from(dimensions).flatmap(lambda D: _twin_cases(D, ("equal",), 3, size))
    others = st.sampled_from((2, 3)).flatmap(lambda D: _twin_cases(D, ("random", "near"), 3, size))
    return equal | others


def wave_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """Codes of two or three cyclic factors: sizes, for each factor one or two
    frequencies, the dimension of the code and how much of it there is room for."""

    def of_sizes(sizes: tuple[int, ...]) -> st.SearchStrategy[Case]:
        frequencies = [st.lists(st.integers(1, n // 2), min_size=1, max_size=2, unique=True).map(tuple) for n in sizes]
        return st.builds(
            lambda waves, d, room, seed: Case(k=len(sizes), d=d, sizes=sizes, frequencies=waves, room=min(room, d), seed=seed),
            st.tuples(*frequencies), st.integers(1, 12), st.integers(1, 12), SEEDS,
        )  # fmt: skip

    return st.lists(st.integers(2, 9), min_size=2, max_size=3).map(tuple).flatmap(of_sizes)


def radial_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, size, seed)`` for maps along rays."""
    return st.builds(lambda D, seed: Case(D=D, size=8, seed=seed), st.integers(1, 128), SEEDS)
