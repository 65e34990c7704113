r"""Triangular, affine and polynomial maps, exactly: the mass of images of boxes for
every D by induction, elimination, inverses, fluxes.

The mass of a density inside the image of a box is found from the image's boundary (the
divergence theorem), so that no determinant enters it. A *rule* takes (log p, log of the
volume factor) to the log density that is claimed of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

LogRule = Callable[[sp.Expr, sp.Expr], sp.Expr]
MapOfSize = Callable[
    [int], tuple[sp.Matrix, tuple[sp.Symbol, ...]]
]  # from k to k expressions and the k variables in which they are written

DIMENSION = sp.Symbol("D", integer=True, positive=True)
MINORS = sp.Function("m", real=True)  # m(j): the minor of entry (D + 1, j), an unknown number for each j


def bordered_determinant(corner: sp.Expr, dim: sp.Symbol = DIMENSION) -> sp.Expr:
    r"""Laplace's expansion along the last row or column of a (D+1) x (D+1) block
    triangular matrix.

    .. math:: \sum_{j=1}^{D+1} (-1)^{D+1+j}\, \text{corner}\,\delta_{j,D+1}\, m(j)

    The row holds ``corner`` in its last place and zeros elsewhere; the minors m(j) are
    unknown, and m(D+1) is the determinant of the D x D block.
    """
    j = sp.Dummy("j", integer=True)
    return sp.Sum((-1) ** (dim + 1 + j) * corner * sp.KroneckerDelta(j, dim + 1) * MINORS(j), (j, 1, dim + 1))


def coordinates(dim: int, letter: str = "x") -> tuple[sp.Symbol, ...]:
    """x1..xD, real."""
    return tuple(sp.Symbol(f"{letter}{k}", real=True) for k in range(1, dim + 1))


@dataclass(frozen=True)
class Elimination:
    r"""One step of Gaussian elimination on a (D+1) x (D+1) matrix [[a, r], [c, M]],
    with indices left symbolic.

    .. math:: \begin{pmatrix} a & r \\ c & M \end{pmatrix} =
        \begin{pmatrix} 1 & 0 \\ c/a & I \end{pmatrix} \begin{pmatrix} a & 0 \\ 0 & S \end{pmatrix}
        \begin{pmatrix} 1 & r/a \\ 0 & I \end{pmatrix}, \qquad S = M - c\,r/a

    The outer factors are shears (translations of fibres), the middle one a scaling of
    one coordinate beside a map of size D.
    """

    pivot: sp.Expr

    def blocks(self) -> tuple[sp.Matrix, sp.Matrix]:
        """Generic entries (1,1), (1,j), (i,1), (i,j) of the product of the three
        factors, and of the matrix."""
        i, j = sp.symbols("i j", integer=True, positive=True)
        row, column, rest = (
            sp.Function("r", real=True)(j),
            sp.Function("c", real=True)(i),
            sp.Function("M", real=True)(i, j),
        )
        schur = rest - column * row / self.pivot
        lower, upper = column / self.pivot, row / self.pivot
        left_out = sp.Mul(lower, self.pivot, upper, evaluate=False)
        product = sp.Matrix([[self.pivot, self.pivot * upper], [lower * self.pivot, left_out + schur]])
        return product, sp.Matrix([[self.pivot, row], [column, rest]])

    @staticmethod
    def small(dim: int) -> tuple[sp.Expr, sp.Expr]:
        """det A of a generic matrix of size ``dim`` + 1, and pivot times the
        determinant of the Schur complement."""
        entries = sp.Matrix(
            dim + 1, dim + 1, lambda i, j: sp.Symbol(f"a{i}{j}", real=True, nonzero=True if i == j == 0 else None)
        )
        pivot = entries[0, 0]
        schur = entries[1:, 1:] - entries[1:, :1] * entries[:1, 1:] / pivot
        return sp.Determinant(entries), pivot * sp.Determinant(schur)


@dataclass(frozen=True)
class Automorphism:
    """A polynomial bijection of R^D with a polynomial inverse, as a composition of
    shears and a scaling.

    ``forward`` and ``inverse`` are columns in ``variables``; ``volume`` is the exact
    value of |det|.
    """

    variables: tuple[sp.Symbol, ...]
    forward: sp.Matrix
    inverse: sp.Matrix
    volume: sp.Expr

    @property
    def jacobian(self) -> sp.Matrix:
        """df/dx."""
        return self.forward.jacobian(sp.Matrix(self.variables))

    def round_trip(self) -> sp.Matrix:
        """inverse(forward(x)), not expanded; the same point if the map is a bijection
        onto its image."""
        return self._after(self.inverse, self.forward)

    def trip_round(self) -> sp.Matrix:
        """forward(inverse(y)), not expanded; the same point if the map is onto."""
        return self._after(self.forward, self.inverse)

    def _after(self, outer: sp.Matrix, inner: sp.Matrix) -> sp.Matrix:
        return outer.subs(dict(zip(self.variables, inner, strict=True)), simultaneous=True)


Shear = tuple[int, Callable[..., sp.Expr]]


def automorphism(dim: int, shears: Sequence[Shear], scales: Sequence[sp.Expr]) -> Automorphism:
    """Scale every coordinate, then add to coordinate i, for each (i, h) in turn, the
    polynomial h of the others.

    Raises:
        ValueError: a shear that uses the coordinate that it moves, or a number of
            scales other than ``dim``.
    """
    xs = coordinates(dim)
    if len(scales) != dim:
        raise ValueError(f"Expected {dim} scales, one for each coordinate, got {len(scales)}.")
    forward, inverse = [scale * x for scale, x in zip(scales, xs, strict=True)], list(xs)
    for index, polynomial in shears:
        if polynomial(*xs).has(xs[index]):
            raise ValueError(f"A shear of coordinate {index + 1} may not use that coordinate, got {polynomial(*xs)}.")
        forward[index] = sp.expand(forward[index] + polynomial(*forward))
    for index, polynomial in reversed(shears):
        inverse[index] = inverse[index] - polynomial(*inverse)
    # The inverse is built from the last shear to the first, in the image's coordinates, then unscaled.
    inverse = [sp.expand(value / scale) for value, scale in zip(inverse, scales, strict=True)]
    return Automorphism(xs, sp.Matrix(forward), sp.Matrix(inverse), sp.Mul(*scales))


def flux_divergence(image: sp.Matrix, variables: Sequence[sp.Symbol], rate: sp.Expr) -> sp.Expr:
    r"""Divergence in x of the flux, through the image of a box's faces, of a field (G,
    0, .., 0) with :math:`\partial G/\partial y_1 = q`.

    .. math:: \sum_i \frac{\partial}{\partial x_i}\bigl[G(f(x))\, C_{1i}(x)\bigr], \qquad C = \text{cofactors of } df/dx

    Integrated over a box it is the mass of q inside the image of the box, found from
    the image's boundary alone (Lax 1999). The value of G and its other derivatives at
    f(x) are unknown symbols; they must drop out.

    Args:
        image: f, a column in ``variables``. rate: q(f(x)), an expression.
    """
    jacobian = image.jacobian(sp.Matrix(list(variables)))
    cofactors = [jacobian.cofactor(0, i) for i in range(len(variables))]
    value = sp.Symbol("G", real=True)
    partials = [rate, *(sp.Symbol(f"G{k}", real=True) for k in range(2, len(variables) + 1))]
    total = sp.S.Zero
    for i, x in enumerate(variables):
        along = sum((partials[k] * jacobian[k, i] for k in range(len(variables))), sp.S.Zero)
        total += along * cofactors[i] + value * sp.diff(cofactors[i], x)
    return total


# -- what is claimed of the mass of images of boxes -----------------------------------------------------------------------

SLOPE = sp.Function(
    "h", real=True, nonzero=True
)  # h(k): the k-th derivative along the diagonal, or the k-th pivot, of either sign
PRODUCT = sp.Function("pi", real=True, nonzero=True)  # pi(k) = h(1) .. h(k)
DENSITY = sp.Function("p", positive=True)  # p(k): the density of the first k coordinates at the point


def triangular_jet(dim: int) -> tuple[sp.Matrix, tuple[sp.Symbol, ...]]:
    """Any twice differentiable triangular map at the origin, up to second order: slopes
    h(k), all other coefficients free."""
    xs, column = coordinates(dim), []
    for j in range(1, dim + 1):
        linear = sum((sp.Symbol(f"a{j}{i}", real=True) * xs[i - 1] for i in range(1, j)), SLOPE(j) * xs[j - 1])
        pairs = [(i, k) for i in range(1, j + 1) for k in range(i, j + 1)]
        column.append(sum((sp.Symbol(f"b{j}{i}{k}", real=True) * xs[i - 1] * xs[k - 1] for i, k in pairs), linear))
    return sp.Matrix(column), xs


def exchanged_affine(dim: int) -> tuple[sp.Matrix, tuple[sp.Symbol, ...]]:
    """x -> P L U x: U with pivots h(k) on its diagonal, L unit lower triangular, P the
    exchange of all rows in reverse."""
    xs = coordinates(dim)
    lower = sp.Matrix(dim, dim, lambda i, j: int(i == j) if i <= j else sp.Symbol(f"l{i}{j}", real=True))
    upper = sp.Matrix(
        dim, dim, lambda i, j: SLOPE(i + 1) if i == j else sp.Symbol(f"u{i}{j}", real=True) if i < j else 0
    )
    reverse = sp.Matrix(dim, dim, lambda i, j: int(i + j == dim - 1))
    return reverse * lower * upper * sp.Matrix(xs), xs


def squared_mass_rate(rule: LogRule, image: sp.Matrix, variables: Sequence[sp.Symbol], log_p: sp.Expr) -> sp.Expr:
    """Square of the rate, at the origin, at which the mass of the image of a box grows
    under the density that ``rule`` claims.

    The rate comes from the image's boundary, the claimed density from the determinant;
    both may be negative orientations, hence the square.
    """
    origin = dict.fromkeys(variables, sp.S.Zero)
    determinant = sp.Determinant(image.jacobian(sp.Matrix(list(variables))).subs(origin))
    here = sp.Symbol("q_here", real=True)
    rate = sp.expand(flux_divergence(image, variables, here).subs(origin))
    claimed = sp.exp(2 * rule(log_p, sp.log(determinant**2) / 2))
    return sp.expand(rate**2).subs(here, sp.sqrt(claimed))


def masses_of_boxes(rule: LogRule, maps: MapOfSize, name: str) -> Induction:
    """In every D: under the claimed density the mass of the image of a box grows as the
    mass of the box (squared, for slopes of either sign).

    By Fubini a coordinate more multiplies both: the one by its share along the fibre,
    the other by the conditional density.
    """
    n, mass = DIMENSION, sp.Function("M", positive=True)

    def along_the_fibre(k: sp.Expr, conditional: sp.Expr) -> sp.Expr:
        return sp.exp(2 * rule(sp.log(conditional), sp.log(SLOPE(k) ** 2) / 2)) * SLOPE(k) ** 2

    one_more = Recursion(
        of=mass(n),
        first=(along_the_fibre(sp.S.One, DENSITY(1)),),
        then=mass(n) * along_the_fibre(n + 1, DENSITY(n + 1) / DENSITY(n)),
        explicit=lambda k: squared_mass_rate(rule, *maps(k), sp.log(DENSITY(k))),
    )
    return Induction(name, n, (Equation("mass of boxes", mass(n), DENSITY(n) ** 2),), (one_more,))


def triangular_determinants() -> list[Equation | Induction]:
    """In every D the determinant of a triangular Jacobian is the product of its
    diagonal: Laplace's expansion, and what it recurs to.

    ``PRODUCT(k)`` is the product of the first k entries of the diagonal, which are then
    its quotients: any nonzero entries are.
    """
    n, corner, determinant = DIMENSION, sp.Symbol("d", real=True), sp.Function("Delta", real=True)
    below = sp.Function("a", real=True)

    def entry(k: sp.Expr) -> sp.Expr:
        return PRODUCT(k) / PRODUCT(k - 1)

    def jacobian(k: int) -> sp.Matrix:
        diagonal = [PRODUCT(1), *(entry(sp.Integer(i)) for i in range(2, k + 1))]
        return sp.Matrix(k, k, lambda i, j: diagonal[i] if i == j else below(i, j) if i > j else 0)

    one_more = Recursion(
        determinant(n), (PRODUCT(1),), entry(n + 1) * determinant(n), lambda k: sp.Determinant(jacobian(k))
    )
    return [
        Equation("expansion along a row with one entry", bordered_determinant(corner), corner * MINORS(n + 1)),
        Induction("triangular determinants", n, (Equation("", determinant(n), PRODUCT(n)),), (one_more,)),
    ]


def compositions(rule: LogRule) -> Induction:
    """The density after n elementary linear maps in turn is that of their product: the
    rule, applied n times, against the rule of one determinant.

    Each map exchanges two coordinates, shears and scales by h(k) of either sign; in
    every D each invertible matrix is a product of such maps, by :class:`Elimination`.
    Densities are squared, so that no absolute value is needed.
    """
    n = sp.Symbol("n", integer=True, positive=True)
    squared, determinant = sp.Function("q", positive=True), sp.Function("Delta", real=True, nonzero=True)
    start, shear = sp.Symbol("p", positive=True), sp.Function("s", real=True)

    def after(density: sp.Expr, factor: sp.Expr) -> sp.Expr:
        return sp.exp(2 * rule(sp.log(density) / 2, sp.log(factor**2) / 2))

    def step(k: int) -> sp.Matrix:
        return sp.Matrix([[0, 1], [1, 0]]) * sp.Matrix([[1, shear(k)], [0, 1]]) * sp.diag(SLOPE(k), 1)

    def whole(k: int) -> sp.Expr:
        product = sp.eye(2)
        for i in range(1, k + 1):
            product = step(i) * product
        return sp.Determinant(product)

    def in_turn(k: int) -> sp.Expr:
        density = start**2
        for i in range(1, k + 1):
            density = after(density, sp.Determinant(step(i)))
        return density

    return Induction(
        "compositions of linear maps", n, (Equation("", squared(n), after(start**2, determinant(n))),),
        (
            Recursion(squared(n), (after(start**2, SLOPE(1)),), after(squared(n), SLOPE(n + 1)), in_turn),
            Recursion(determinant(n), (-SLOPE(1),), -SLOPE(n + 1) * determinant(n), whole),
        ),
    )  # fmt: skip


def exchanges(largest: int) -> Enumeration:
    """Permutations of up to ``largest`` coordinates have determinant 1 or -1, and send
    the unit cube to itself."""
    family = Family(
        f"permutations of n <= {largest} coordinates",
        lambda: (order for n in range(1, largest + 1) for order in permutations(range(n))),
        sum(factorial(n) for n in range(1, largest + 1)),
    )
    return Enumeration("permutations keep volumes", family, has_unit_determinant, has_permuted_unit_vectors)


def permutation_matrix(order: Sequence[int]) -> sp.Matrix:
    """The matrix with entry 1 in row k and column ``order[k]``."""
    return sp.Matrix(len(order), len(order), lambda i, j: int(order[i] == j))


def has_unit_determinant(order: Sequence[int]) -> bool:
    """Whether the permutation matrix has determinant 1 or -1, by elimination."""
    return permutation_matrix(order).det(method="bareiss") in {1, -1}


def has_permuted_unit_vectors(order: Sequence[int]) -> bool:
    """Whether the unit vectors go to the unit vectors, each reached once, so that the
    unit cube goes to itself."""
    return {order.index(k) for k in range(len(order))} == set(range(len(order)))


def eliminations() -> list[Equation]:
    """One step of Gaussian elimination for matrices of any size, with a pivot of either
    sign, and its determinant at small sizes."""
    elimination = Elimination(sp.Symbol("a", real=True, nonzero=True))
    blocks = Equation("a matrix is shear x (pivot + Schur complement) x shear", *elimination.blocks())
    return [
        blocks,
        *(
            Equation(f"det = pivot x det of the Schur complement, D = {size + 1}", *elimination.small(size))
            for size in (1, 2, 3)
        ),
    ]


def mass_under_any_matrix(rule: LogRule) -> Equation:
    """Mass of boxes under *every* invertible matrix in D = 2, exchanges and reflections
    too, by the flux through the image of the boundary."""
    xs = coordinates(2)
    a, b, c, d = sp.symbols("a b c d", real=True)
    log_p = sp.Symbol("lambda", real=True)
    rate = squared_mass_rate(rule, sp.Matrix([[a, b], [c, d]]) * sp.Matrix(xs), xs, log_p)
    return Equation(
        "mass of boxes under any invertible matrix, D = 2", rate, sp.exp(2 * log_p), (sp.Ne(a * d - b * c, 0),)
    )


def polynomial_automorphisms(rule: LogRule, dim: int) -> list[Equation]:
    """A family of polynomial bijections with free coefficients: inverse, constant
    determinant, and mass of boxes by flux; ``dim`` is 2, 3 or 4."""
    a, b, c = sp.symbols("a b c", real=True)
    shears: dict[int, list[Shear]] = {
        2: [(0, lambda u, v: a * v**2 + b * v), (1, lambda u, v: c * u**2)],
        3: [(0, lambda u, v, s: a * v * s), (1, lambda u, v, s: b * u**2), (2, lambda u, v, s: c * u * v)],
        4: [(0, lambda u, v, s, r: a * v * r), (2, lambda u, v, s, r: b * u**2), (3, lambda u, v, s, r: c * u * s)],
    }
    scale, log_p = sp.Symbol("sigma", positive=True), sp.Function("lambda", real=True)
    whole = automorphism(dim, shears[dim], [scale, *[sp.S.One] * (dim - 1)])
    rate = sp.exp(rule(log_p(*whole.variables), sp.log(whole.volume)))
    point = sp.Matrix(whole.variables)
    return [
        Equation(f"polynomial inverse, D = {dim}", whole.round_trip(), point),
        Equation(f"polynomial inverse on the other side, D = {dim}", whole.trip_round(), point),
        Equation(f"constant determinant, D = {dim}", sp.Determinant(whole.jacobian), whole.volume),
        Equation(f"mass of boxes by flux, D = {dim}", flux_divergence(whole.forward, whole.variables, rate), sp.exp(log_p(*whole.variables))),
    ]  # fmt: skip
