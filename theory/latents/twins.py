r"""Two latent-variable models with one distribution of the data, exactly; and rotations
whose entries are all of one size.

A model is a distribution p of the latent and a decoder; its twin has the same p and
decodes after :math:`f^{-1}`, f a bijection that preserves p. On finite alphabets
everything is enumerated (:func:`preserving_models`); on :math:`\mathbb R^d` the
integrand of one model is carried to that of the other by the Jacobian of f
(:func:`twin_integrand`), whatever the decoder.

An orthogonal matrix with all :math:`|A_{ij}| = d^{-1/2}` is a Hadamard matrix over the
root of d. Beyond d = 2 that takes a multiple of 4 (:func:`four_divides_d`), and
doubling gives every power of 2 (:func:`doubling`).

Source: Locatello et al. 2019, theorem 1; Hadamard 1893; Sylvester 1867; Paley 1933.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations, permutations, product
from math import factorial, prod
from typing import Any

import sympy
from sympy import Expr, Matrix, Symbol
from sympy.utilities.iterables import partitions

from theory.arithmetic.isometries import householder
from theory.latents.entangling import N, normal_density, sum_object
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

__all__ = [
    "Model",
    "all_models",
    "cumulant_after_rotation",
    "doubling",
    "entries_of_one_size",
    "equal_importances",
    "flips_carry_columns",
    "four_divides_d",
    "fourth_cumulants",
    "inverse_is_recovered",
    "inverse_undoes",
    "is_preserved",
    "joint_distribution",
    "normal_pair_reflected",
    "orthogonal_sign_matrices",
    "preserving_models",
    "same_distribution",
    "same_joint_distribution",
    "same_sets",
    "same_sums",
    "sign_matrix",
    "signs_carry",
    "twin_integrand",
    "vote_accuracy",
    "votes_by_chance",
]  # fmt: skip


# -- finite alphabets ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Latents 0..n-1 with integer ``weights`` (over their sum), a decoder z -> x as a
    tuple, and a bijection z -> f(z)."""

    weights: tuple[int, ...]
    decoder: tuple[int, ...]
    bijection: tuple[int, ...]

    @property
    def inverse(self) -> tuple[int, ...]:
        """f^-1 as a tuple."""
        return tuple(sorted(range(len(self.bijection)), key=self.bijection.__getitem__))

    def mass(self, latents: frozenset[int]) -> Fraction:
        """P(Z in latents)."""
        return Fraction(sum(self.weights[z] for z in latents), sum(self.weights))


_PATTERNS = {
    2: [(1, 1), (1, 2)],
    3: [(1, 1, 1), (1, 1, 2), (1, 2, 4)],
    4: [(1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 2), (1, 1, 2, 4), (1, 2, 4, 8)],
}
"""One distribution for each way in which weights can coincide; distinct ones are powers of 2, so that no two subsets of them weigh the same."""


def is_preserved(weights: tuple[int, ...], bijection: tuple[int, ...]) -> bool:
    """Whether f(Z) has the distribution of Z."""
    return all(weights[image] == weight for weight, image in zip(weights, bijection, strict=True))


def _symbols(n: int) -> int:
    """How many symbols a decoder of n latents writes: enough for every way in which
    latents can be confused, up to three."""
    return 3 if n < 4 else 2


def _models(keep: Callable[[tuple[int, ...], tuple[int, ...]], bool]) -> Iterator[Model]:
    for n, patterns in _PATTERNS.items():
        for weights in patterns:
            for bijection in permutations(range(n)):
                if keep(weights, bijection):
                    for decoder in product(range(_symbols(n)), repeat=n):
                        yield Model(weights, decoder, bijection)


def _described(bijections: str) -> str:
    sizes = ", ".join(f"{n} latents onto {_symbols(n)} symbols" for n in _PATTERNS)
    return f"decoders ({sizes}), every way in which weights can coincide, every bijection {bijections}"


def preserving_models() -> Family:
    """Every decoder and every bijection that preserves the weights; weights that occur
    m times can be permuted in m! ways.

    The ways in which n weights can coincide are the partitions of n: they, and not the
    weights that are listed, give the size. Noisy decoders are mixtures of these, and
    the distribution of x is linear in the decoder.
    """
    size = sum(
        prod(factorial(m) ** times for m, times in classes.items()) * _symbols(n) ** n
        for n in _PATTERNS
        for classes in partitions(n)
    )
    return Family(_described("that preserves them"), lambda: _models(is_preserved), size)


def all_models() -> Family:
    """The same with every bijection, whether it preserves the weights or not: n! for n
    latents."""
    size = sum(len(list(partitions(n))) * factorial(n) * _symbols(n) ** n for n in _PATTERNS)
    return Family(_described("whatever"), lambda: _models(lambda weights, bijection: True), size)


def same_distribution(models: Family) -> Enumeration:
    """x has one distribution under both models of each pair: by sums over latents, and
    by sets."""
    return Enumeration("distribution of x", models, same_sums, same_sets)


def same_joint_distribution(models: Family) -> Enumeration:
    """(z, x) has one distribution under both: false where the twin decodes
    differently."""
    return Enumeration(
        "distribution of (z, x)",
        models,
        lambda model: joint_distribution(model)[0],
        lambda model: joint_distribution(model)[1],
    )


def same_sums(model: Model) -> bool:
    """Whether x has one distribution under both models, by summing p(z) over
    latents."""
    own, twin = {}, {}
    for z, weight in enumerate(model.weights):
        own[model.decoder[z]] = own.get(model.decoder[z], 0) + weight
        x = model.decoder[model.inverse[z]]
        twin[x] = twin.get(x, 0) + weight
    return own == twin


def same_sets(model: Model) -> bool:
    r"""The same by sets: for every B, :math:`\{z' : g(f^{-1}(z')) \in B\} =
    f(g^{-1}(B))`, and that has the mass of :math:`g^{-1}(B)`."""
    symbols = sorted(set(model.decoder))
    for B in chain.from_iterable(combinations(symbols, k) for k in range(len(symbols) + 1)):
        preimage = frozenset(z for z, x in enumerate(model.decoder) if x in B)
        carried = frozenset(model.bijection[z] for z in preimage)
        twin = frozenset(z for z in range(len(model.decoder)) if model.decoder[model.inverse[z]] in B)
        if carried != twin or model.mass(carried) != model.mass(preimage):
            return False
    return True


def joint_distribution(model: Model) -> tuple[bool, bool]:
    """Whether the *pair* (z, x) has one distribution under both models: by comparing
    tables, and by asking whether the decoders agree."""
    own = {(z, x): w for z, (x, w) in enumerate(zip(model.decoder, model.weights, strict=True))}
    twin = {(z, model.decoder[model.inverse[z]]): w for z, w in enumerate(model.weights)}
    agree = all(model.decoder[model.bijection[z]] == x for z, x in enumerate(model.decoder))
    return own == twin, agree


# -- continuous latents, every dimension --------------------------------------------------------------------------------


def twin_integrand(d: int, rotation: Matrix) -> Equation:
    r"""The integrand of the twin at z' = f(z), times |det J|, is that of the model at
    z; d explicit dimensions, all of it from definitions.

    Everything is written at normal coordinates u: :math:`z_k = W_k(u_k)` with undefined
    increasing :math:`W_k = F_k^{-1}\circ\Phi`, so that the prior's density at
    :math:`W(u)` is :math:`\prod\varphi(u_k)/W_k'(u_k)` and f sends :math:`W(u)` to
    :math:`W(Au)`. K(x | z) is an undefined function of z; the twin evaluates it at
    :math:`f^{-1}(W(v)) = W(A^Tv)`, v = Au.
    """
    u = Matrix(sympy.symbols(f"u1:{d + 1}", real=True))
    W = [sympy.Function(f"W{k + 1}", real=True) for k in range(d)]
    K = sympy.Function("K", real=True)
    v = rotation * u

    def prior(at: Matrix) -> Expr:
        slopes = [_slope(W[k], at[k]) for k in range(d)]
        return sympy.Mul(*(normal_density(at[k]) / slope for k, slope in enumerate(slopes)))

    back = (rotation.T * v).applyfunc(sympy.cancel)  # f^-1(f(z)) in normal coordinates
    image = Matrix([W[k](v[k]) for k in range(d)])
    volume = image.jacobian(u).det(method="berkowitz") / sympy.Mul(*(_slope(W[k], u[k]) for k in range(d)))
    twin = prior(v) * rotation.det() * volume * K(*(W[k](back[k]) for k in range(d)))
    own = prior(u) * K(*(W[k](u[k]) for k in range(d)))
    increasing = tuple(W[k](u[k]).diff(u[k]) > 0 for k in range(d))
    return Equation(f"integrand of the twin, d = {d}", twin, own, increasing)


def rotation_of_the_plane() -> Matrix:
    """The rotation by a symbolic angle theta, 2 x 2: every orthogonal matrix of
    determinant 1."""
    angle = Symbol("theta", real=True)
    return Matrix([[sympy.cos(angle), -sympy.sin(angle)], [sympy.sin(angle), sympy.cos(angle)]])


def _slope(function: sympy.Function, at: Expr) -> Expr:
    y = sympy.Dummy("y", real=True)
    return function(at).diff(at) if at.is_Symbol else sympy.Subs(function(y).diff(y), y, at)


def inverse_undoes(d: int) -> Equation:
    """A^T (A u) = u for the reflection of a symbolic v of length d: in normal
    coordinates the twin's decoder undoes f."""
    v, u = Matrix(sympy.symbols(f"v1:{d + 1}", positive=True)), Matrix(sympy.symbols(f"u1:{d + 1}", real=True))
    A = householder(v)
    return Equation(f"the inverse undoes f, d = {d}", A.T * (A * u), u)


def inverse_is_recovered() -> Induction:
    r""":math:`\sum_{k\le n} v_k (Au)_k = \sum u_kv_k - 2\tfrac ms\sum v_k^2` for the
    reflection :math:`Au = u - 2v\,m/s`, every n.

    With all coordinates in it is m - 2m = -m, and reflecting :math:`(Au)_k` once more
    adds :math:`2v_k\,m/s`: it returns :math:`u_k`.
    """
    v, u = sympy.Function("v", real=True), sympy.Function("u", real=True)
    s, m = Symbol("s", positive=True), Symbol("m", real=True)
    A, T, M = (sympy.Function(name, real=True)(N) for name in ("A", "T", "M"))
    objects = (
        sum_object(A, lambda k: v(k) * (u(k) - 2 * v(k) * m / s)),
        sum_object(M, lambda k: u(k) * v(k)),
        sum_object(T, lambda k: v(k) ** 2),
    )
    return Induction("the inverse undoes f", N, (Equation("<v, Au> up to n", A, M - 2 * m * T / s),), objects)


# -- scores -------------------------------------------------------------------------------------------------------------

Entries = Callable[[int], Matrix]


def normal_pair_reflected() -> Equation:
    r"""The density of a normal pair at (u, -v) with correlation :math:`-\rho` is that
    at (u, v) with :math:`\rho`, in its matrix form.

    So a table of cells that is symmetric under v -> -v has masses that depend on
    :math:`|\rho|` up to order, and information that depends on
    :math:`|\rho|` alone.
    """
    u, v, t = (Symbol(name, real=True) for name in ("u", "v", "t"))
    rho = t / sympy.sqrt(1 + t**2)  # every number in (-1, 1)

    def by_coordinates(first: Expr, second: Expr, r: Expr) -> Expr:
        rest = sympy.cancel(1 - r**2)  # 1/(1 + t^2)
        square = (first**2 - 2 * r * first * second + second**2) / rest
        return sympy.exp(-square / 2) / (2 * sympy.pi * sympy.sqrt(rest))

    def by_conditioning(first: Expr, second: Expr, r: Expr) -> Expr:
        spread = sympy.sqrt(sympy.cancel(1 - r**2))
        return normal_density(first) * normal_density((second - r * first) / spread) / spread

    return Equation("a normal pair reflected", by_conditioning(u, -v, -rho), by_coordinates(u, v, rho))


def equal_importances() -> Equation:
    r""":math:`1 + \tfrac{1}{\log d}\sum_{j\le d}\tfrac1d\log\tfrac1d = 0`: equal
    importances are neither disentangled nor complete, in every d >= 2."""
    e, j = Symbol("e", integer=True, nonnegative=True), Symbol("j", integer=True)
    d = e + 2
    total = sympy.Sum(sympy.log(1 / d) / d, (j, 1, d))
    return Equation("equal importances", 1 + total / sympy.log(d), 0)


def entries_of_one_size(entries: Entries, sizes: tuple[int, ...] = (2, 4, 8, 12)) -> Enumeration:
    """|A_ij|^2 = 1/d: correlations of codes and factors, and with them all informations
    and importances, are of one size."""
    matrices = {d: entries(d) for d in sizes}

    def of_the_size(place: tuple[int, int, int]) -> bool:
        d, i, j = place
        return matrices[d][i, j] ** 2 * d == matrices[d].row(i).dot(matrices[d].row(i))

    def as_its_neighbours(place: tuple[int, int, int]) -> bool:
        d, i, j = place
        return all(abs(matrices[d][i, k]) == abs(matrices[d][i, j]) for k in range(d))

    text = f"entries of matrices with d = {', '.join(map(str, sizes))}"
    family = Family(
        text, lambda: ((d, i, j) for d in sizes for i in range(d) for j in range(d)), sum(d * d for d in sizes)
    )
    return Enumeration("entries of one size", family, of_the_size, as_its_neighbours)


def signs_carry(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Whether some flips, a diagonal of signs, carry one column to the other: tried one
    after the other."""
    flips = product((-1, 1), repeat=len(first))
    return any(all(f * x == y for f, x, y in zip(flip, first, second, strict=True)) for flip in flips)


def flips_carry_columns(entries: Entries, sizes: tuple[int, ...] = (2, 4, 8)) -> Enumeration:
    """Flips of codes carry each column of A to each other one; by search, and because
    entries agree in size.

    Flips leave standard normal codes standard normal, and leave every variance alone.
    So the distribution of the codes given factor j is carried to that given factor k:
    which code varies least does not depend on the factor that is fixed.
    """
    matrices = {d: entries(d) for d in sizes}

    def columns(place: tuple[int, int, int]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        d, i, j = place
        return tuple(matrices[d].col(i)), tuple(matrices[d].col(j))

    def agree_in_size(place: tuple[int, int, int]) -> bool:
        first, second = columns(place)
        return all(x**2 == y**2 for x, y in zip(first, second, strict=True))

    text = f"pairs of columns of matrices with d = {', '.join(map(str, sizes))}"
    family = Family(
        text, lambda: ((d, i, j) for d in sizes for i in range(d) for j in range(d)), sum(d * d for d in sizes)
    )
    return Enumeration(
        "flips carry any column to any other", family, lambda place: signs_carry(*columns(place)), agree_in_size
    )


def vote_accuracy(called: tuple[int, ...], shares: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    """What a classifier code -> factor gets right when factors are uniform and codes
    win with these shares whatever the factor.

    Cell by cell, and by factor; 1/d both times.
    """
    d = len(called)
    by_cells = sum((shares[i] / d for i in range(d) for j in range(d) if called[i] == j), Fraction(0))
    by_factor = sum(
        (Fraction(1, d) * sum(s for s, c in zip(shares, called, strict=True) if c == j) for j in range(d)), Fraction(0)
    )
    return by_cells, by_factor


def votes_by_chance(largest: int = 4) -> Enumeration:
    """Votes that do not depend on the factor are right in 1/d of all cases, whatever
    each code is taken to call."""

    def members() -> Iterator[tuple[tuple[int, ...], tuple[Fraction, ...]]]:
        sizes = range(2, largest + 1)
        return ((called, shares) for d in sizes for called in product(range(d), repeat=d) for shares in _shares(d))

    size = sum(len(_shares(d)) * d**d for d in range(2, largest + 1))
    return Enumeration(
        "votes that do not depend on the factor are right by chance", Family(f"majority votes over 2 to {largest} codes", members, size),
        lambda vote: vote_accuracy(*vote)[0] == Fraction(1, len(vote[0])), lambda vote: vote_accuracy(*vote)[1] * len(vote[0]) == 1,
    )  # fmt: skip


def _shares(d: int) -> list[tuple[Fraction, ...]]:
    """Equal shares, rising ones, and all for one code."""
    rising = [Fraction(2 * (i + 1), d * (d + 1)) for i in range(d)]
    return [(Fraction(1, d),) * d, tuple(rising), (Fraction(1), *(Fraction(0),) * (d - 1))]


def cumulant_after_rotation(rows: Matrix, cumulant: Expr) -> Matrix:
    r"""Fourth cumulants of :math:`Aw` for independent w with one fourth cumulant:
    :math:`\kappa\sum_j A_{ij}^4`, a column."""
    return Matrix([cumulant * sum(entry**4 for entry in rows.row(i)) for i in range(rows.rows)])


def fourth_cumulants(entries: Entries, cumulant: Expr) -> Equation:
    """A rotation keeps the fourth cumulants of what it rotates: true of normal
    coordinates, where they vanish."""
    d = 4
    rotated = cumulant_after_rotation(entries(d) / 2, sympy.sympify(cumulant))
    return Equation("fourth cumulants after rotation", rotated, Matrix([sympy.sympify(cumulant)] * d))


# -- entries of one size ------------------------------------------------------------------------------------------------


def four_divides_d() -> Enumeration:
    """Of three rows of signs a column (x, y, z) has (x + y)(x + z) = 0 or 4; for
    orthogonal rows the sum over columns is d, so 4 | d."""
    triples = Family("columns of three rows of signs", lambda: product((-1, 1), repeat=3), 2**3)
    return Enumeration(
        "equal entries need 4 | d beyond d = 2", triples, lambda s: (s[0] + s[1]) * (s[0] + s[2]) in (0, 4),
        lambda s: (s[0] == s[1] == s[2]) == (1 + s[0] * s[2] + s[1] * s[0] + s[1] * s[2] == 4) and (s[0] in s[1:] or s[1] == s[2]),
    )  # fmt: skip


def doubling(entries: Entries) -> Induction:
    r"""A column of the matrix of size 2^k has square 2^k: blocks H, H, H, -H add the
    square of a column of H twice, for every k."""
    k = Symbol("k", integer=True, nonnegative=True)
    gram = sympy.Function("g", real=True)(k)
    objects = (Recursion(gram, (sympy.S.One,), gram + gram, lambda size: _square_of_a_column(entries(2**size))),)
    return Induction(
        "columns of signs by doubling", k, (Equation("a diagonal entry of H^T H", gram, 2**k),), objects, start=0
    )


def _square_of_a_column(matrix: Matrix) -> Expr:
    return sum((x**2 for x in matrix.col(matrix.cols - 1)), sympy.S.Zero)


def orthogonal_sign_matrices(entries: Entries, sizes: tuple[int, ...] = (2, 4, 8, 12)) -> Enumeration:
    """Different rows are orthogonal: by inner products, and because they agree in
    exactly half of their places."""
    matrices = {d: entries(d) for d in sizes}
    places = [(d, i, j) for d in sizes for i, j in combinations(range(d), 2)]
    text = f"pairs of rows of matrices with d = {', '.join(map(str, sizes))}"

    def half_agree(place: tuple[int, int, int]) -> bool:
        d, i, j = place
        pairs = list(zip(matrices[d].row(i), matrices[d].row(j), strict=True))
        return 2 * sum(x == y for x, y in pairs) == 2 * sum(x == -y for x, y in pairs) == d

    return Enumeration(
        "rows of signs are orthogonal", Family(text, lambda: places, sum(d * (d - 1) // 2 for d in sizes)),
        lambda place: matrices[place[0]].row(place[1]).dot(matrices[place[0]].row(place[2])) == 0, half_agree,
    )  # fmt: skip


def sign_matrix(d: int) -> Matrix:
    """Signs with orthogonal rows: by doubling for powers of 2, from the squares modulo
    11 for d = 12.

    Raises:
        ValueError: another size.
    """
    if d == 12:
        squares = {x * x % 11 for x in range(1, 11)}

        def entry(i: int, j: int) -> int:
            if i == 0 or j == 0:
                return 1 if i == 0 or j != 0 else -1
            return 1 if i == j or (j - i) % 11 in squares else -1

        return Matrix(12, 12, entry)
    if d < 1 or d & (d - 1):
        raise ValueError(f"Expected a power of 2 or 12, got {d}.")
    H = Matrix([[1]])
    while H.rows < d:
        H = Matrix(sympy.BlockMatrix([[H, H], [H, -H]]))
    return H
