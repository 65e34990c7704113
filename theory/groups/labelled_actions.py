"""Simply transitive actions of Z_a x Z_b on ab states, and what observations leave open.

An action is a pair of commuting permutations (A, B), the steps of the two factors. Each
comes from a labelling of the states by the cells of a grid, and labellings that differ
by a translation give one action: (ab - 1)! of them. A single observation of a state
says nothing of the action, since the distribution of states is uniform under each; a
transition (state, factor, next state) does. Source: Caselles-Dupre et al. 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from math import factorial, gcd, lcm

from theory.proof.statements import Enumeration, Family

Images = tuple[int, ...]
Action = tuple[Images, Images]
Transition = tuple[int, int, int]  # state, factor 0 or 1, next state
Partition = frozenset[frozenset[int]]
Count = Callable[[int, int], int]

LARGEST = 8  # states up to which pairs of permutations are searched
SIZES = tuple((a, b) for a in range(2, LARGEST) for b in range(a, LARGEST) if a * b <= LARGEST)

# -- the actions, listed twice -------------------------------------------------------------------------------------------


def of_cycle_length(n: int, length: int) -> Iterator[Images]:
    """All permutations of n points whose cycles all have this length.

    >>> len(list(of_cycle_length(6, 3)))
    40
    """

    def extend(free: frozenset[int], images: dict[int, int]) -> Iterator[Images]:
        if not free:
            yield tuple(images[x] for x in range(n))
            return
        least = min(free)
        for others in permutations(sorted(free - {least}), length - 1):
            cycle = (least, *others)
            steps = {cycle[i]: cycle[(i + 1) % length] for i in range(length)}
            yield from extend(free - set(cycle), images | steps)

    yield from extend(frozenset(range(n)), {})


@cache
def by_search(a: int, b: int) -> tuple[Action, ...]:
    """All pairs of commuting permutations, with cycles of lengths a and b, that reach
    every state from every other."""
    seconds = list(of_cycle_length(a * b, b))
    return tuple(
        (A, B)
        for A in of_cycle_length(a * b, a)
        for B in seconds
        if all(A[y] == B[A[x]] for x, y in enumerate(B)) and len(orbit((A, B))) == a * b
    )


def orbit(action: Action, start: int = 0) -> set[int]:
    """The states reached from one by both steps."""
    seen, pending = {start}, [start]
    while pending:
        x = pending.pop()
        for y in (action[0][x], action[1][x]):
            if y not in seen:
                seen.add(y)
                pending.append(y)
    return seen


@cache
def by_labelling(a: int, b: int) -> tuple[Action, ...]:
    """The actions of all grids of states with state 0 in the first cell."""
    cells = list(product(range(a), range(b)))
    found = []
    for order in permutations(range(1, a * b)):
        at = dict(zip(cells, (0, *order), strict=True))
        A, B = [0] * (a * b), [0] * (a * b)
        for i, j in cells:
            A[at[i, j]], B[at[i, j]] = at[(i + 1) % a, j], at[i, (j + 1) % b]
        found.append((tuple(A), tuple(B)))
    return tuple(found)


def power(images: Images, k: int) -> Images:
    """The k-th power of a permutation, k >= 1."""
    out = images
    for _ in range(k - 1):
        out = tuple(images[x] for x in out)
    return out


def units(n: int) -> list[int]:
    """The residues prime to n: the automorphisms of Z_n."""
    return [u for u in range(1, n + 1) if gcd(u, n) == 1]


def least_relabelling(action: Action) -> Action:
    """One action for all that differ by automorphisms inside the factors: the least."""
    a, b = (cycle_length(images) for images in action)
    return min((power(action[0], u), power(action[1], v)) for u in units(a) for v in units(b))


def cycle_length(images: Images) -> int:
    """After how many steps state 0 returns."""
    x, k = images[0], 1
    while x:
        x, k = images[x], k + 1
    return k


def cycles(images: Images) -> Partition:
    """The orbits of one step, as a partition of the states."""
    return frozenset(frozenset(orbit((images, images), x)) for x in range(len(images)))


def partitions(action: Action) -> tuple[Partition, Partition]:
    """The orbits of each factor: all that a set-valued disentangled representation
    tells of the action."""
    return cycles(action[0]), cycles(action[1])


# -- counts ----------------------------------------------------------------------------------------------------------------


def labelled_count(a: int, b: int) -> int:
    """(ab - 1)!: (ab)! labellings by ab translations."""
    return factorial(a * b - 1)


def relabelled_count(a: int, b: int) -> int:
    """(ab)!/(ab phi(a) phi(b)): automorphisms of the factors act without fixed
    actions."""
    return factorial(a * b) // (a * b * len(units(a)) * len(units(b)))


def partitions_count(a: int, b: int) -> int:
    """(ab)!/(a! b!): labellings up to the order of rows and of columns."""
    return factorial(a * b) // (factorial(a) * factorial(b))


def holomorph_count(a: int, b: int) -> int:
    """(ab)!/|Hol(Z_a x Z_b)|, the number of subgroups: it forgets the factors, and is
    too small where a and b are not coprime."""
    from theory.groups.families import cyclic, direct_product

    return factorial(a * b) // (a * b * len(direct_product(cyclic(a), cyclic(b)).automorphisms))


def one(a: int, b: int) -> int:
    """1: the falsehood that nothing is left open."""
    return 1


def sizes() -> Family:
    """The pairs 2 <= a <= b with ab <= 8."""
    size = sum(max(0, LARGEST // a - a + 1) for a in range(2, LARGEST))
    return Family(f"pairs 2 <= a <= b, ab <= {LARGEST}", lambda: iter(SIZES), size)


def coprime_sizes() -> Family:
    """Those among them that are coprime, told by gcd and counted by lcm."""
    size = sum(lcm(a, b) == a * b for a, b in SIZES)
    return Family(f"coprime pairs 2 <= a < b, ab <= {LARGEST}", lambda: (x for x in SIZES if gcd(*x) == 1), size)


def count_comparison(
    name: str, of: Callable[[Sequence[Action]], int], claimed: Count, family: Callable[[], Family] = sizes
) -> Enumeration:
    """What ``of`` counts among all actions is ``claimed``: for actions found by search,
    and for those made from labellings."""
    return Enumeration(
        name,
        family(),
        lambda pair: of(by_search(*pair)) == claimed(*pair),
        lambda pair: of(by_labelling(*pair)) == claimed(*pair),
    )


def counts(
    labelled: Count = labelled_count, up_to_relabelling: Count = relabelled_count, pairs: Count = partitions_count
) -> list[Enumeration]:
    """Labelled actions, those up to automorphisms inside the factors, and pairs of
    partitions."""
    return [
        count_comparison("labelled actions", lambda actions: len(set(actions)), labelled),
        count_comparison("actions up to relabelling inside the factors", lambda actions: len({least_relabelling(x) for x in actions}), up_to_relabelling),
        count_comparison("pairs of partitions", lambda actions: len({partitions(x) for x in actions}), pairs),
    ]  # fmt: skip


def coprime_counts() -> Enumeration:
    """For coprime factors the holomorph counts right: every automorphism is one of the
    factors."""
    return count_comparison(
        "actions of coprime factors, by the holomorph", lambda actions: len({least_relabelling(x) for x in actions}), holomorph_count, coprime_sizes
    )  # fmt: skip


# -- observations ----------------------------------------------------------------------------------------------------------


def distribution_of_states(action: Action, start: int = 0) -> dict[int, Fraction]:
    """Of A^i B^j start for uniform i, j."""
    A, B = action
    a, b = cycle_length(A), cycle_length(B)
    found: dict[int, Fraction] = {}
    row = start
    for _ in range(a):
        x = row
        for _ in range(b):
            found[x] = found.get(x, Fraction(0)) + Fraction(1, a * b)
            x = B[x]
        row = A[row]
    return found


def left_by_states(actions: Sequence[Action]) -> int:
    """The most actions under which single states have one distribution: what the
    distribution of observations leaves open."""
    classes: dict[frozenset[tuple[int, Fraction]], int] = {}
    for action in dict.fromkeys(actions):
        key = frozenset(distribution_of_states(action).items())
        classes[key] = classes.get(key, 0) + 1
    return max(classes.values())


def fits(action: Action, seen: Sequence[Transition]) -> bool:
    """Whether an action makes all these transitions."""
    return all(action[factor][x] == y for x, factor, y in seen)


def left_by_one_step_each(actions: Sequence[Action]) -> int:
    """The most actions that agree on one step of each factor from state 0."""
    classes: dict[tuple[int, int], int] = {}
    for A, B in dict.fromkeys(actions):
        classes[A[0], B[0]] = classes.get((A[0], B[0]), 0) + 1
    return max(classes.values())


def left_by_one_step_count(a: int, b: int) -> int:
    """(ab - 3)!: the two states that were reached leave the others to be labelled."""
    return factorial(a * b - 3)


def left_open(by_states: Count = labelled_count, by_one_step: Count = left_by_one_step_count) -> list[Enumeration]:
    """What the distribution of states, and one transition of each factor at one state,
    leave open."""
    return [
        count_comparison("actions left by the distribution of states", left_by_states, by_states),
        count_comparison("actions left by one transition of each factor", left_by_one_step_each, by_one_step),
    ]


def static_learners(success: Callable[[], Fraction] | None = None) -> Enumeration:
    """Every learner that is shown a state of a uniformly chosen action of Z_2 x Z_2 is
    right with probability 1/6, one over the count.

    Listed are all functions from the state seen to an action; random ones are mixtures
    of these.
    """
    actions = by_labelling(2, 2)
    claimed = Fraction(1, labelled_count(2, 2)) if success is None else success()
    laws = [distribution_of_states(action) for action in actions]

    def by_expectation(learner: Images) -> bool:
        right = sum((laws[k].get(x, Fraction(0)) for x, k in enumerate(learner)), Fraction(0))
        return right / len(actions) == claimed

    def by_counting(learner: Images) -> bool:
        """Runs (action, i, j) in which the learner names the action from A^i B^j 0."""
        right = 0
        for k, (A, B) in enumerate(actions):
            for i, j in product(range(2), range(2)):
                x = A[0] if i else 0
                x = B[x] if j else x
                right += learner[x] == k
        return Fraction(right, 4 * len(actions)) == claimed

    family = Family(
        "learners from one state to an action of Z_2 x Z_2", lambda: product(range(6), repeat=4), len(actions) ** 4
    )
    return Enumeration("static learners", family, by_expectation, by_counting)
