r"""Two latent-variable models with one law of the data, exactly; and rotations whose entries are all of one size.

A model is a law p of the latent and a decoder; its twin has the same p and decodes after :math:`f^{-1}`, f a bijection that preserves p.
On finite alphabets everything is enumerated (:func:`finite_models`); on :math:`\mathbb R^d` the integrand of one model is carried to that
of the other by the Jacobian of f (:func:`integrand_is_carried`), whatever the decoder; the step from d to d + 1 is
:func:`theory.entangling.law_step`, for the decoder's factor is the same on both sides.

An orthogonal matrix with all :math:`|A_{ij}| = d^{-1/2}` is a Hadamard matrix over the root of d. Beyond d = 2 that takes a multiple of 4
(:data:`SIGN_TRIPLES`), and doubling gives every power of 2 (:func:`doubling`).

Source: Locatello et al. 2019, theorem 1; Hadamard 1893; Sylvester 1867; Paley 1933.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations, permutations, product

import sympy
from sympy import Expr, Matrix, Symbol

from theory.entangling import DIMENSION, Claimed, law_is_preserved
from theory.isometries import householder

__all__ = [
    "SIGN_TRIPLES", "Model", "concentration_of_equal_shares", "cumulant_after_rotation", "doubling", "finite_models",
    "integrand_is_carried", "inverse_step", "inverse_undoes", "is_preserved", "law_of_pair", "law_of_twin", "normal_pair_reflected",
    "same_sets", "sign_matrix", "signs_carry", "vote_accuracy",
]  # fmt: skip


# -- finite alphabets ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Latents 0..n-1 with integer ``weights`` (over their sum), a decoder z -> x as a tuple, and a bijection z -> f(z)."""

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
"""One law for each way in which weights can coincide; distinct ones are powers of 2, so that no two subsets of them weigh the same."""


def is_preserved(weights: tuple[int, ...], bijection: tuple[int, ...]) -> bool:
    """Whether f(Z) has the law of Z."""
    return all(weights[image] == weight for weight, image in zip(weights, bijection, strict=True))


def finite_models(keep: Callable[[tuple[int, ...], tuple[int, ...]], bool] = is_preserved) -> Iterator[Model]:
    """Every decoder onto 3 (n = 4: 2) symbols and every bijection that ``keep`` admits, for n = 2, 3, 4 latents.

    Noisy decoders are mixtures of these, and the law of x is linear in the decoder.
    """
    for n, patterns in _PATTERNS.items():
        for weights in patterns:
            for bijection in permutations(range(n)):
                if keep(weights, bijection):
                    for decoder in product(range(3 if n < 4 else 2), repeat=n):
                        yield Model(weights, decoder, bijection)


def law_of_twin(model: Model) -> bool:
    """Whether x has one law under both models, by summing p(z) over latents."""
    own, twin = {}, {}
    for z, weight in enumerate(model.weights):
        own[model.decoder[z]] = own.get(model.decoder[z], 0) + weight
        x = model.decoder[model.inverse[z]]
        twin[x] = twin.get(x, 0) + weight
    return own == twin


def same_sets(model: Model) -> bool:
    r"""The same by sets: for every B, :math:`\{z' : g(f^{-1}(z')) \in B\} = f(g^{-1}(B))`, and that has the mass of :math:`g^{-1}(B)`."""
    symbols = sorted(set(model.decoder))
    for B in chain.from_iterable(combinations(symbols, k) for k in range(len(symbols) + 1)):
        preimage = frozenset(z for z, x in enumerate(model.decoder) if x in B)
        carried = frozenset(model.bijection[z] for z in preimage)
        twin = frozenset(z for z in range(len(model.decoder)) if model.decoder[model.inverse[z]] in B)
        if carried != twin or model.mass(carried) != model.mass(preimage):
            return False
    return True


def law_of_pair(model: Model) -> tuple[bool, bool]:
    """Whether the *pair* (z, x) has one law under both models: by comparing tables, and by asking whether the decoders agree."""
    own = {(z, x): w for z, (x, w) in enumerate(zip(model.decoder, model.weights, strict=True))}
    twin = {(z, model.decoder[model.inverse[z]]): w for z, w in enumerate(model.weights)}
    agree = all(model.decoder[model.bijection[z]] == x for z, x in enumerate(model.decoder))
    return own == twin, agree


# -- continuous latents, every dimension --------------------------------------------------------------------------------


def integrand_is_carried(d: int, rotation: Matrix) -> Claimed:
    r""":math:`p(f(z))\,|\det J(z)|\,K(x \mid f^{-1}(f(z))) = p(z)\,K(x \mid z)` in d explicit dimensions, K(x | z) any number.

    p(f(z)) is one over the product of the quantile functions' slopes, which stand on the right-hand side instead.
    """
    preserved = law_is_preserved(d, rotation)
    decoder = Symbol("K", positive=True)  # the value K(x | z); that f^-1(f(z)) = z is inverse_undoes
    return Claimed(
        f"integrand of the twin, d = {d}", preserved.left * decoder, preserved.right * decoder, preserved.assuming
    )


def inverse_undoes(d: int) -> Claimed:
    """A^T (A u) = u for the reflection of a symbolic v of length d: in normal coordinates the twin's decoder undoes f."""
    v, u = Matrix(sympy.symbols(f"v1:{d + 1}", positive=True)), Matrix(sympy.symbols(f"u1:{d + 1}", real=True))
    A = householder(v)
    return Claimed(f"the inverse undoes f, d = {d}", A.T * (A * u), u)


def inverse_step() -> list[Claimed]:
    r"""The step from d to d + 1, with T and M the sums of :math:`v_k^2` and :math:`u_k v_k` up to d, s and m all of them.

    :math:`\langle v, Au\rangle` up to d is :math:`M - 2mT/s`, one coordinate adds :math:`w(x - 2wm/s)`; with all terms in it is -m, and
    reflecting once more returns every coordinate.
    """
    T, M = (sympy.Function(name, real=True)(DIMENSION) for name in ("T", "M"))
    w = sympy.Function("v", positive=True)(DIMENSION + 1)
    x = sympy.Function("u", real=True)(DIMENSION + 1)
    s, m = Symbol("s", positive=True), Symbol("m", real=True)

    def partial(mixed: Expr, squares: Expr) -> Expr:
        return mixed - 2 * m * squares / s

    once = x - 2 * w * m / s
    return [
        Claimed("one term more of <v, Au>", partial(M + x * w, T + w**2), partial(M, T) + w * once),
        Claimed("a coordinate reflected twice", once - 2 * w * partial(m, s) / s, x),
    ]


# -- scores -------------------------------------------------------------------------------------------------------------


def normal_pair_reflected() -> Claimed:
    r"""The density of a normal pair at (u, -v) with correlation :math:`-\rho` is that at (u, v) with :math:`\rho`.

    So a table of cells that is symmetric under v -> -v has masses that depend on :math:`|\rho|` up to order, and information that depends on
    :math:`|\rho|` alone.
    """
    u, v, t = (Symbol(name, real=True) for name in ("u", "v", "t"))
    rho = t / sympy.sqrt(1 + t**2)  # every number in (-1, 1)

    def density(first: Expr, second: Expr, r: Expr) -> Expr:
        return sympy.exp(-(first**2 - 2 * r * first * second + second**2) / (2 * (1 - r**2))) / (
            2 * sympy.pi * sympy.sqrt(1 - r**2)
        )

    return Claimed("a normal pair reflected", density(u, -v, -rho), density(u, v, rho))


def concentration_of_equal_shares() -> Claimed:
    r""":math:`1 + \tfrac{1}{\log d}\sum_{j\le d}\tfrac1d\log\tfrac1d = 0`: equal importances are neither disentangled nor complete, in every d >= 2."""
    e = Symbol("e", integer=True, nonnegative=True)
    d = e + 2
    return Claimed("equal importances", 1 + d * (1 / d) * sympy.log(1 / d) / sympy.log(d), sympy.S.Zero)


def signs_carry(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether the flips D = diag(first_i second_i) carry one column of signs to the other, and D^2 = I.

    Flips leave standard normal codes standard normal, and leave every variance alone. If all |A_ij| are equal, some flip carries the law
    of the codes given factor j to that given factor k: which code varies least does not depend on the factor that is fixed.
    """
    flips = [x * y for x, y in zip(first, second, strict=True)]
    return all(flip * x == y and flip * flip == 1 for flip, x, y in zip(flips, first, second, strict=True))


def vote_accuracy(called: tuple[int, ...], shares: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    """What a classifier code -> factor gets right when factors are uniform and codes win with these shares whatever the factor.

    Cell by cell, and by factor; 1/d both times.
    """
    d = len(called)
    by_cells = sum((shares[i] / d for i in range(d) for j in range(d) if called[i] == j), Fraction(0))
    by_factor = sum(
        (Fraction(1, d) * sum(s for s, c in zip(shares, called, strict=True) if c == j) for j in range(d)), Fraction(0)
    )
    return by_cells, by_factor


def cumulant_after_rotation(rows: Matrix, cumulant: Expr) -> Matrix:
    r"""Fourth cumulants of :math:`Aw` for independent w with one fourth cumulant: :math:`\kappa\sum_j A_{ij}^4`, a column."""
    return Matrix([cumulant * sum(entry**4 for entry in rows.row(i)) for i in range(rows.rows)])


# -- entries of one size ------------------------------------------------------------------------------------------------

SIGN_TRIPLES = tuple(product((-1, 1), repeat=3))
"""A column of three rows of signs. (x + y)(x + z) is 0 or 4 for each, and its sum over the columns of three orthogonal rows is d."""


def doubling() -> list[Claimed]:
    r"""The step from :math:`H^TH = 2^k` to the matrix of blocks H, H, H, -H: diagonal blocks :math:`2^{k+1}`, the others zero."""
    k = Symbol("k", integer=True, nonnegative=True)
    gram = sympy.Function("g", real=True)(k)  # an entry of H^T H
    return [
        Claimed("diagonal block", (gram + gram).subs(gram, 2**k), 2 ** (k + 1)),
        Claimed("other block", gram - gram, sympy.S.Zero),
    ]


def sign_matrix(d: int) -> Matrix:
    """Signs with orthogonal rows: by doubling for powers of 2, from the squares modulo 11 for d = 12.

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
