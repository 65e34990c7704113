"""Cases about concrete symmetries: placed squares, pairs of conjugate representations, subspaces that a group leaves invariant."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.groups import Images, named_permutation_groups, permutation_generators, shears

SEEDS = st.integers(0, 2**16)
SMALLEST, LARGEST = Fraction(1, 1000), Fraction(1000)
MAX_DEGREE = 8  # of a pair in a quick run; the equations for intertwiners have its square as unknowns
_LARGER_DEGREE = 12


def placed_square_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(scale, shift, seed)``: a square of half side ``scale`` about (shift, shift / 3), turned by a random angle."""
    sizes = st.fractions(SMALLEST, LARGEST, max_denominator=1000)
    return st.builds(
        lambda scale, shift, seed: Case(scale=scale, shift=shift, seed=seed),
        sizes,
        st.fractions(-1000, 1000, max_denominator=1000),
        SEEDS,
    )


def permutation_actions(max_degree: int = _LARGER_DEGREE) -> st.SearchStrategy[Images]:
    """Generators of permutation groups on at most ``max_degree`` points, of order at most 24."""
    return st.one_of(named_permutation_groups(), permutation_generators()).filter(lambda g: len(g[0]) <= max_degree)


def conjugate_pair_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, generators, seed)``: the permutation representation of degree d, at most 8 in a quick run and 12 in others."""
    actions = permutation_actions(MAX_DEGREE if profile.name == "quick" else _LARGER_DEGREE)
    return st.builds(lambda g, k, seed: Case(d=len(g[0]), shears=k, generators=g, seed=seed), actions, shears(), SEEDS)


def invariant_subspace_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(d, shears, kind, generators, seed)``: W the constants ("line"), or {(v, 2 v)} in two copies ("doubled"), degree d = 2..24."""
    line = st.builds(
        lambda g, k, seed: Case(d=len(g[0]), shears=k, kind="line", generators=g, seed=seed),
        permutation_actions().filter(lambda g: len(g[0]) > 1),
        shears(),
        SEEDS,
    )
    doubled = st.builds(
        lambda g, k, seed: Case(d=2 * len(g[0]), shears=k, kind="doubled", generators=g, seed=seed),
        permutation_actions(),
        shears(),
        SEEDS,
    )
    return st.one_of(line, doubled)
