"""Trees as plain data, and cases that embed one in hyperbolic space, move it, and read
it in a model.

A tree is the tuple of its vertices' parents, vertex 0 the root (its own entry is 0):
what
:func:`numerics.hyperbolic.sarkar_trees.tree_from_parents` reads. Every tree shrinks towards a
star on few vertices.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

MODELS = ("ball", "half-space", "hyperboloid", "klein")
LARGEST = {"quick": 24, "full": 60, "deep": 200}
RADIUS = {
    "ball": 9,
    "half-space": 9,
    "hyperboloid": 9,
    "klein": 5,
}  # what float64 carries with digits to spare; Klein half

Parents = tuple[int, ...]


def recursive_trees(smallest: int = 2, largest: int = 60) -> st.SearchStrategy[Parents]:
    """Each vertex hangs from an earlier one of Hypothesis' choice: shallow and bushy,
    hubs included.

    Raises:
        ValueError: not ``2 <= smallest <= largest``.
    """
    _sizes(smallest, largest)
    sizes = st.integers(smallest, largest)
    choices = sizes.flatmap(lambda size: st.lists(st.integers(0, largest), min_size=size - 1, max_size=size - 1))
    return choices.map(lambda drawn: (0, *(choice % (vertex + 1) for vertex, choice in enumerate(drawn))))


def prufer_trees(smallest: int = 2, largest: int = 60) -> st.SearchStrategy[Parents]:
    """Trees decoded from Prüfer sequences and hung from a centre: every labelled tree
    can come, the typical one is deep and thin.

    Raises:
        ValueError: not ``2 <= smallest <= largest``.
    """
    _sizes(smallest, largest)
    codes = st.integers(smallest, largest).flatmap(
        lambda size: st.lists(st.integers(0, size - 1), min_size=size - 2, max_size=size - 2)
    )
    return codes.map(from_prufer)


def balanced_tree(branching: int, depth: int) -> Parents:
    """The rooted tree in which every vertex above the last level has ``branching``
    children."""
    parents, first = [0], 0
    for _ in range(depth):
        last = len(parents)
        parents += [parent for parent in range(first, last) for _ in range(branching)]
        first = last
    return tuple(parents)


def from_prufer(code: list[int]) -> Parents:
    """The tree of a Prüfer sequence over 0..len(code)+1, hung from one of its centres,
    vertices renumbered breadth first."""
    size = len(code) + 2
    missing = [1] * size
    for v in code:
        missing[v] += 1
    near: list[list[int]] = [[] for _ in range(size)]
    for v in [*code, None]:
        leaves = [u for u in range(size) if missing[u] == 1]
        other = leaves[1] if v is None else v
        near[leaves[0]].append(other)
        near[other].append(leaves[0])
        missing[leaves[0]] -= 1
        missing[other] -= 1
    return _hung_from(_centre(near), near)


def depth_of(parents: Parents) -> int:
    """The number of edges on the longest way down from the root."""
    depths = [0] * len(parents)
    for child in range(1, len(parents)):
        depths[child] = depths[parents[child]] + 1
    return max(depths)


def embedded_trees(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, N, model, tau, rapidity, tree)``: a tree on N vertices with edges of
    length tau in hyperbolic n-space, an isometry that moves the centre by the rapidity,
    and the model in which the moved tree is read.

    The radius (depth times tau, plus the rapidity) stays within what the model's
    float64 coordinates carry.
    """
    largest = LARGEST[profile.name]
    trees = st.one_of(recursive_trees(2, largest), prufer_trees(2, largest))
    return st.tuples(trees, st.sampled_from(MODELS), st.integers(2, 64), st.integers(1, 16), st.integers(1, 48)).map(
        _embedded
    )


def _embedded(drawn: tuple[Parents, str, int, int, int]) -> Case:
    tree, model, n, eighths_of_rapidity, sixteenths_of_edge = drawn
    rapidity = Fraction(eighths_of_rapidity, 8)
    most = (RADIUS[model] - rapidity) / depth_of(tree)
    tau = min(Fraction(sixteenths_of_edge, 16), Fraction(int(16 * most), 16) or Fraction(int(256 * most), 256))
    return Case(n=n, N=len(tree), model=model, tau=tau, rapidity=rapidity, tree=tree)


def _sizes(smallest: int, largest: int) -> None:
    if not 2 <= smallest <= largest:
        raise ValueError(f"Expected 2 <= smallest <= largest, got {smallest} and {largest}.")


def _centre(near: list[list[int]]) -> int:
    """The middle of a longest path."""
    far = _walk(0, near)[-1][0]
    walk = _walk(far, near)
    before = dict(walk)
    path = [walk[-1][0]]
    while path[-1] != far:
        path.append(before[path[-1]])
    return path[len(path) // 2]


def _walk(start: int, near: list[list[int]]) -> list[tuple[int, int]]:
    """(vertex, where it was reached from), breadth first."""
    found, seen = [(start, start)], {start}
    for vertex, _ in found:
        for other in near[vertex]:
            if other not in seen:
                seen.add(other)
                found.append((other, vertex))
    return found


def _hung_from(root: int, near: list[list[int]]) -> Parents:
    walk = _walk(root, near)
    number = {vertex: k for k, (vertex, _) in enumerate(walk)}
    return tuple(number[before] for _, before in walk)
