"""The symmetries of a square, described in words and built four ways: corners,
matrices, cosets, completed rewriting.

Element k + 4 j is r^k s^j, with r a quarter turn and s the reflection that fixes corner
0. Corners are numbered counterclockwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from theory.arithmetic.matrices import ExactArray, stack
from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.presentations import coset_table
from theory.proof.words import NotCompleted, complete_presentation, irreducible_words, reduce_word

if TYPE_CHECKING:
    import networkx

NAMES = ("e", "r", "r2", "r3", "s", "rs", "r2s", "r3s")
CORNERS = ((1, 1), (-1, 1), (-1, -1), (1, -1))
LETTERS = {"r": 1, "s": 4}
Table = tuple[tuple[int, ...], ...]
Edge = tuple[int, int, str]
_MAX_COSETS = 500

_PRINTED = """
e   r   r2  r3  s   rs  r2s r3s
r   r2  r3  e   rs  r2s r3s s
r2  r3  e   r   r2s r3s s   rs
r3  e   r   r2  r3s s   rs  r2s
s   r3s r2s rs  e   r3  r2  r
rs  s   r3s r2s r   e   r3  r2
r2s rs  s   r3s r2  r   e   r3
r3s r2s rs  s   r3  r2  r   e
"""


def elements(text: str) -> frozenset[int]:
    """``"e r2"`` as a set of elements."""
    return frozenset(NAMES.index(name) for name in text.split())


@dataclass(frozen=True)
class Description:
    """What is claimed of the group.

    Args:
        table: The product of elements x (row) and y (column).
        relators: Words in r, s and their inverses R, S that are trivial and imply all
            other relations.
        subgroups, classes, centre: Sets of elements.
        edges: (x, y, letter) of the Cayley graph: y = x r or y = x s.
    """

    table: Table
    relators: tuple[str, ...]
    subgroups: frozenset[frozenset[int]]
    classes: frozenset[frozenset[int]]
    centre: frozenset[int]
    edges: frozenset[Edge]

    @property
    def conjugate_pairs(self) -> list[list[bool]]:
        """Row x, column y: whether some class holds both."""
        return [[any(x in c and y in c for c in self.classes) for y in range(8)] for x in range(8)]

    @property
    def central(self) -> list[bool]:
        """For each element whether it is said to be central."""
        return [x in self.centre for x in range(8)]

    @property
    def closed_subsets(self) -> list[bool]:
        """For each of the subsets in the order of :func:`nonempty_subsets` whether it
        is said to be a subgroup."""
        return [subset in self.subgroups for subset in nonempty_subsets()]

    def adjacency(self, letter: str) -> list[list[bool]]:
        """Row x, column y: whether an edge of that letter leads from x to y."""
        return [[(x, y, letter) in self.edges for y in range(8)] for x in range(8)]


def cayley_edges(table: Table, letters: Mapping[str, int]) -> frozenset[Edge]:
    """x -> x g for every letter g."""
    return frozenset((x, table[x][g], letter) for letter, g in letters.items() for x in range(len(table)))


_TABLE: Table = tuple(tuple(NAMES.index(name) for name in row.split()) for row in _PRINTED.strip().splitlines())
SQUARE = Description(
    table=_TABLE,
    relators=("rrrr", "ss", "srsr"),
    subgroups=frozenset(map(elements, [
        "e", "e r2", "e s", "e rs", "e r2s", "e r3s", "e r r2 r3", "e r2 s r2s", "e r2 rs r3s", "e r r2 r3 s rs r2s r3s",
    ])),
    classes=frozenset(map(elements, ["e", "r2", "r r3", "s r2s", "rs r3s"])),
    centre=elements("e r2"),
    edges=frozenset(
        [(k, (k + 1) % 4, "r") for k in range(4)] + [(4 + (k + 1) % 4, 4 + k, "r") for k in range(4)] + [(k, k + 4, "s") for k in range(4)] + [(k + 4, k, "s") for k in range(4)]
    ),
)  # fmt: skip

# -- four constructions ------------------------------------------------------------------------------------------------


@cache
def corner_permutations() -> tuple[tuple[int, ...], ...]:
    """r^k s^j as permutations of the corners, in the order of :data:`NAMES`; (a b)(x) =
    a(b(x))."""
    turn, flip = (1, 2, 3, 0), (0, 3, 2, 1)
    found: list[tuple[int, ...]] = [(0, 1, 2, 3)]
    for _ in range(3):
        found.append(compose(found[-1], turn))
    return (*found, *(compose(power, flip) for power in found))


def compose(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    """x -> a(b(x))."""
    return tuple(a[b[x]] for x in range(len(b)))


@cache
def matrices() -> ExactArray:
    """r^k s^j as integer matrices that permute the points :data:`CORNERS`, shape ``(8,
    2, 2)``."""
    turn, flip = ExactArray.of([[0, -1], [1, 0]]), ExactArray.of([[0, 1], [1, 0]])
    found = [ExactArray.of([[1, 0], [0, 1]])]
    for _ in range(3):
        found.append(found[-1] @ turn)
    return stack([*found, *(power @ flip for power in found)])


@cache
def table_by_corners() -> Table:
    """The multiplication table of the corner permutations."""
    permutations = corner_permutations()
    return tuple(tuple(permutations.index(compose(a, b)) for b in permutations) for a in permutations)


@cache
def table_by_matrices() -> Table:
    """The multiplication table of the matrices."""
    everything = matrices()
    rows = []
    for g in range(8):
        products = everything[g][None] @ everything
        rows.append(tuple(next(k for k in range(8) if everything[k] == products[h]) for h in range(8)))
    return tuple(rows)


def table_by_cosets(relators: Iterable[str]) -> Table | None:
    """The table of the presented group on the words r^k s^j, by Todd and Coxeter; None
    if these are not its elements, once each."""
    words = [tuple({"r": 1, "s": 2, "R": -1, "S": -2}[letter] for letter in word) for word in relators]
    try:
        edges = coset_table(2, words, _MAX_COSETS)
    except GroupTooLarge:
        return None
    place = [_walked(edges, 0, k % 4, k // 4) for k in range(8)]
    if len(edges) != 8 or len(set(place)) != 8:
        return None
    return tuple(tuple(place.index(_walked(edges, place[g], h % 4, h // 4)) for h in range(8)) for g in range(8))


def _walked(edges: np.ndarray, start: int, turns: int, flips: int) -> int:
    for letter in [0] * turns + [1] * flips:
        start = int(edges[start, letter])
    return start


def table_by_completion(relators: Iterable[str]) -> Table | None:
    """The same by completed rewriting: normal forms are words, products are reduced;
    None if r^k s^j are not the elements, once each."""
    try:
        rules = complete_presentation(relators)
        everything = irreducible_words("rRsS", rules, limit=_MAX_COSETS)
    except NotCompleted:
        return None
    forms = [reduce_word("r" * (k % 4) + "s" * (k // 4), rules) for k in range(8)]
    if len(set(forms)) != 8 or set(forms) != set(everything):
        return None
    return tuple(tuple(forms.index(reduce_word(a + b, rules)) for b in forms) for a in forms)


# -- subsets, classes, centre, graph -----------------------------------------------------------------------------------


def nonempty_subsets() -> list[frozenset[int]]:
    """All 255 of them."""
    return [frozenset(chosen) for size in range(1, 9) for chosen in combinations(range(8), size)]


def closed_under_products(table: Table, subset: frozenset[int]) -> bool:
    """Whether products of members are members; for a nonempty finite set that makes a
    subgroup."""
    return all(table[a][b] in subset for a in subset for b in subset)


def subset_members() -> list[list[bool]]:
    """For each nonempty subset which elements it holds."""
    return [[x in subset for x in range(8)] for subset in nonempty_subsets()]


def generated_subsets(table: Table) -> set[frozenset[int]]:
    """What up to three elements generate: all subgroups, since a group of order 8 has a
    chain of at most three steps below it."""
    return {_generated(table, chosen) for count in (1, 2, 3) for chosen in combinations(range(8), count)}


def _generated(table: Table, chosen: Iterable[int]) -> frozenset[int]:
    found, queue = {0}, [0]
    chosen = tuple(chosen)
    for x in queue:  # grows while it is walked
        for g in chosen:
            if table[x][g] not in found:
                found.add(table[x][g])
                queue.append(table[x][g])
    return frozenset(found)


def conjugates_by_generators(table: Table, generators: Iterable[int]) -> list[set[int]]:
    """For each x what x -> g x g^-1 reaches in steps of the generators g."""
    steps = [(g, table[g].index(0)) for g in generators]
    found = []
    for x in range(len(table)):
        reached, queue = {x}, [x]
        for y in queue:  # grows while it is walked
            for g, inverse in steps:
                z = table[table[g][y]][inverse]
                if z not in reached:
                    reached.add(z)
                    queue.append(z)
        found.append(reached)
    return found


def conjugate(table: Table, x: int, y: int) -> bool:
    """Whether g x = y g for some g."""
    return any(table[g][x] == table[y][g] for g in range(len(table)))


def graph_of_edges(edges: Iterable[Edge]) -> networkx.DiGraph:
    """The Cayley graph with names as nodes; each edge has its letters as the attribute
    ``letters``."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(NAMES)
    letters: dict[tuple[str, str], set[str]] = {}
    for x, y, letter in edges:
        letters.setdefault((NAMES[x], NAMES[y]), set()).add(letter)
    graph.add_edges_from((x, y, {"letters": frozenset(found)}) for (x, y), found in sorted(letters.items()))
    return graph


def automorphisms_by_search(edges: Iterable[Edge]) -> set[tuple[int, ...]]:
    """Permutations of the elements that keep every edge and its letter: networkx's
    matching of the graph with itself."""
    from networkx.algorithms.isomorphism import DiGraphMatcher

    graph = graph_of_edges(edges)
    matcher = DiGraphMatcher(graph, graph, edge_match=lambda a, b: a["letters"] == b["letters"])
    return {tuple(NAMES.index(found[name]) for name in NAMES) for found in matcher.isomorphisms_iter()}


def automorphisms_by_propagation(edges: frozenset[Edge]) -> set[tuple[int, ...]]:
    """The same: the image of e, chosen freely, forces the images along the edges; kept
    if every edge goes to an edge.

    Raises:
        ValueError: a letter does not lead from each element to exactly one, or not
            everything is reached from e.
    """
    step = {(x, letter): y for x, y, letter in edges}
    letters = sorted({letter for _, _, letter in edges})
    if len(step) != len(edges) or len(step) != len(NAMES) * len(letters):
        raise ValueError("Expected one edge of each letter from each element.")
    found = set()
    for start in range(len(NAMES)):
        image, queue = {0: start}, [0]
        for x in queue:  # grows while it is walked
            for letter in letters:
                y = step[x, letter]
                if y not in image:
                    image[y] = step[image[x], letter]
                    queue.append(y)
        if len(image) < len(NAMES):
            raise ValueError("Not every element is reached from e.")
        candidate = tuple(image[x] for x in range(len(NAMES)))
        if len(set(candidate)) == len(NAMES) and all(
            (candidate[x], candidate[y], letter) in edges for x, y, letter in edges
        ):
            found.add(candidate)
    return found
