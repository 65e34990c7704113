"""Cases that plant a tree by Sarkar's construction: the edge length by how far zeta is
above the threshold, the largest degree, the tree."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.hyperbolic import LARGEST, Parents, prufer_trees, recursive_trees

EXCESSES = (Fraction(1, 10**9), Fraction(1, 10**4), Fraction(1, 10), Fraction(1), Fraction(10), Fraction(1000))
WEIGHTS = (Fraction(1, 2), Fraction(3, 4), Fraction(1), Fraction(5, 4), Fraction(2))


def caterpillar(degree: int, edges: int) -> Parents:
    """A spine of so many edges whose inner vertices have this degree; the next vertex
    of the spine is the first child."""
    parents, at, inner = [0], 0, []
    for k in range(edges):
        parents.append(at)
        at = len(parents) - 1
        if k < edges - 1:
            inner.append(at)
    for vertex in inner:
        parents += [vertex] * (degree - 2)
    return tuple(parents)


def largest_degree(parents: Parents) -> int:
    """Of the tree, at least 3: below that trees are paths."""
    degrees = [0] * len(parents)
    for child in range(1, len(parents)):
        degrees[child] += 1
        degrees[parents[child]] += 1
    return max(3, *degrees)


def planted_trees(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(Delta, N, excess, tree)``: edges of the length at which zeta = 1 + excess
    for the tree's largest degree."""
    size = LARGEST[profile.name]
    trees = st.one_of(recursive_trees(2, size), prufer_trees(2, size))
    return st.tuples(trees, st.sampled_from(EXCESSES)).map(
        lambda drawn: Case(Delta=largest_degree(drawn[0]), N=len(drawn[0]), excess=drawn[1], tree=drawn[0])
    )


def weighted_trees(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(N, Delta, factor, weights, tree)``: the shortest edge is the factor times
    the threshold of the tree's largest degree."""
    size = LARGEST[profile.name]
    trees = st.one_of(recursive_trees(2, size), prufer_trees(2, size))
    factors = st.sampled_from([Fraction(21, 20), Fraction(3, 2), Fraction(3), Fraction(10)])

    def weighed(drawn: tuple[Parents, Fraction]) -> st.SearchStrategy[Case]:
        tree, factor = drawn
        weights = st.lists(st.sampled_from(WEIGHTS), min_size=len(tree), max_size=len(tree))
        return weights.map(lambda found: weighted_case(tree, factor, tuple(found)))

    return st.tuples(trees, factors).flatmap(weighed)


def weighted_case(tree: Parents, factor: Fraction, weights: tuple[Fraction, ...]) -> Case:
    """The case with these weights of the edges above each vertex (the first is
    ignored)."""
    return Case(N=len(tree), Delta=largest_degree(tree), factor=factor, weights=weights, tree=tree)


def judged_embeddings(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(N, n, radius, scale, tree)``: random points of the n-ball within the
    radius for the vertices of a tree, and a stated scale."""
    size = LARGEST[profile.name]
    trees = st.one_of(recursive_trees(2, size), prufer_trees(2, size))
    return st.tuples(trees, st.integers(1, 8), st.integers(1, 8), st.integers(1, 16)).map(
        lambda drawn: Case(
            N=len(drawn[0]), n=drawn[1], radius=Fraction(drawn[2]), scale=Fraction(drawn[3], 4), tree=drawn[0]
        )
    )


def euclidean_stars(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(k, h, n)``: the balanced tree with k children at each of h levels, in n
    dimensions; at most 40 vertices."""
    del profile
    shapes = st.one_of(
        st.tuples(st.integers(2, 12), st.just(1)), st.sampled_from([(2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (5, 2)])
    )
    return st.tuples(shapes, st.integers(1, 11)).map(lambda drawn: Case(k=drawn[0][0], h=drawn[0][1], n=drawn[1]))


def measured_metrics(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(radius, cycle, N, tree)``: a radius of the plane, a cycle's edges, and a
    tree on at least four vertices."""
    trees = prufer_trees(4, LARGEST[profile.name])
    return st.tuples(st.integers(1, 6), st.integers(4, 13), trees).map(
        lambda drawn: Case(radius=Fraction(drawn[0]), cycle=drawn[1], N=len(drawn[2]), tree=drawn[2])
    )
