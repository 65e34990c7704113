r"""Linear decoders, exactly: x against b + W z with squared error, z standard normal: Z
in closed form by completing a square.

:math:`-\log Z = \tfrac12\log\det(I + \beta W^T W) + \tfrac\beta2 r^T (I + \beta W
W^T)^{-1} r`, r = x - b. The posterior's precision is
:math:`I + \beta W^T W`. Matrices are blocks of any size where a statement allows it,
and rational ones of small sizes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from theory.proof.blocks import BlockIdentity, Blocks, block_identities
from theory.proof.relative_entropy import N, sum_recursion
from theory.proof.statements import Enumeration, Equation, Family, Induction

Inner = Callable[[sp.Matrix], sp.Matrix]

BETA = sp.Symbol("beta", positive=True)


def codes_first(W: sp.Matrix) -> sp.Matrix:
    """``W^T W``, on the codes."""
    return W.T * W


def pixels_first(W: sp.Matrix) -> sp.Matrix:
    """``W W^T``, on the pixels."""
    return W * W.T


def symbolic_decoder(pixels: int, codes: int) -> sp.Matrix:
    """A decoder whose entries are symbols."""
    return sp.Matrix(pixels, codes, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))


def completed_square(pixels: int, codes: int, inner: Inner = codes_first) -> list[Equation]:
    """|z|^2 + beta |r - W z|^2 = (z - m)^T P (z - m) + beta r^T (I + beta W W^T)^{-1} r
    with P = I + beta W^T W and P m = beta W^T r; determinants agree."""
    W = symbolic_decoder(pixels, codes)
    z, r = sp.Matrix(sp.symbols(f"z:{codes}", real=True)), sp.Matrix(sp.symbols(f"r:{pixels}", real=True))
    precision = sp.eye(codes) + BETA * inner(W)
    covariance = sp.eye(pixels) + BETA * W * W.T
    mean = precision.adjugate() * (BETA * W.T * r) / precision.det(method="berkowitz")
    left = (z.T * z)[0] + BETA * ((r - W * z).T * (r - W * z))[0]
    rest = (r.T * covariance.adjugate() * r)[0] / covariance.det(method="berkowitz")
    name = f"{pixels} pixels, {codes} codes"
    return [
        Equation(f"the square completed, {name}", left, ((z - mean).T * precision * (z - mean))[0] + BETA * rest),
        Equation(f"determinants on codes and pixels, {name}", sp.Determinant(precision), sp.Determinant(covariance)),
    ]


# -- blocks of any size: codes are the first kind of rows, pixels the second; sqrt(beta) is part of W and of r ------------------------


def _symbols(bench: Any) -> tuple[Any, ...]:
    """W, its transpose B, z with its transpose, and s with its transpose; m = B s and r
    = s + W m."""
    shapes = {"W": (1, 0), "B": (0, 1), "z": (0, 0), "zt": (0, 0), "s": (1, 0), "st": (0, 1)}
    return tuple(bench.symbol(name, *shape) for name, shape in shapes.items())


def _alone(bench: Any, block: Any) -> Blocks:
    """A block with zeros about it."""
    return [[block, bench.zero(0, 1)], [bench.zero(1, 0), bench.zero(1, 1)]]


def _sum(bench: Any, *terms: Any) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = bench.plus(total, term)
    return total


def _times(bench: Any, *factors: Any) -> Any:
    product_ = factors[0]
    for factor in factors[1:]:
        product_ = bench.times(product_, factor)
    return product_


def _precise(bench: Any, v: Any) -> Any:
    """(I + B W) v."""
    W, B = _symbols(bench)[:2]
    return _sum(bench, v, _times(bench, B, W, v))


def _mean_solves(bench: Any) -> tuple[Blocks, Blocks]:
    """(I + B W) m and B r, for m = B s and r = (I + W B) s."""
    W, B, _, _, s, _ = _symbols(bench)
    m = _times(bench, B, s)
    r = _sum(bench, s, _times(bench, W, m))
    return _alone(bench, _precise(bench, m)), _alone(bench, _times(bench, B, r))


def _square(bench: Any) -> tuple[Blocks, Blocks]:
    """z'z + (r - W z)'(r - W z), and (z - m)'(I + B W)(z - m) + r's."""
    W, B, z, zt, s, st = _symbols(bench)
    m, mt = _times(bench, B, s), _times(bench, st, W)
    r, rt = _sum(bench, s, _times(bench, W, m)), _sum(bench, st, _times(bench, mt, B))
    miss = _sum(bench, r, bench.minus(_times(bench, W, z)))
    miss_t = _sum(bench, rt, bench.minus(_times(bench, zt, B)))
    off, off_t = _sum(bench, z, bench.minus(m)), _sum(bench, zt, bench.minus(mt))
    left = _sum(bench, _times(bench, zt, z), _times(bench, miss_t, miss))
    right = _sum(bench, _times(bench, off_t, _precise(bench, off)), _times(bench, rt, s))
    return _alone(bench, left), _alone(bench, right)


def _joint(bench: Any) -> Blocks:
    W, B = _symbols(bench)[:2]
    return [[bench.unit(0), bench.minus(B)], [W, bench.unit(1)]]


def _codes_eliminated(bench: Any) -> Blocks:
    """[[1, 0], [W, 1]] [[1, -B], [0, 1 + W B]], multiplied block by block."""
    W, B = _symbols(bench)[:2]
    schur = _sum(bench, bench.unit(1), _times(bench, W, B))
    return [[bench.unit(0), bench.minus(B)], [W, _sum(bench, bench.minus(_times(bench, W, B)), schur)]]


def _pixels_eliminated(bench: Any) -> Blocks:
    """[[1, -B], [0, 1]] [[1 + B W, 0], [W, 1]], multiplied block by block."""
    W, B = _symbols(bench)[:2]
    schur = _sum(bench, bench.unit(0), _times(bench, B, W))
    return [[_sum(bench, schur, bench.minus(_times(bench, B, W))), bench.minus(B)], [W, bench.unit(1)]]


IDENTITIES = (
    BlockIdentity(
        "the posterior's mean solves its equation", lambda k: _mean_solves(k)[0], lambda k: _mean_solves(k)[1]
    ),
    BlockIdentity("the square completed", lambda k: _square(k)[0], lambda k: _square(k)[1]),
    BlockIdentity("codes eliminated from the joint system", _joint, _codes_eliminated),
    BlockIdentity("pixels eliminated from the joint system", _joint, _pixels_eliminated),
)


def every_size() -> Enumeration:
    """For decoders of every size: the posterior's mean, the completed square, and both
    triangular factorisations, whose determinants are those of codes and pixels."""
    return block_identities(IDENTITIES, 4, "linear decoders of every size")


def gaussian_integral() -> Equation:
    """The mass of a standard normal density times sqrt(2 pi): one for each code, whose
    scale is a pivot of the precision."""
    y = sp.Symbol("y", real=True)
    return Equation("mass of a Gaussian", sp.Integral(sp.exp(-(y**2) / 2), (y, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi))


def second_moments() -> Induction:
    """n residuals of two pixels: the sum of r^T A r is made of three sums of squares
    and products, so that data enter by their second moments alone."""
    first, second = sp.Function("r", real=True), sp.Function("s", real=True)
    A = sp.symbols("a b c", real=True)  # of a symmetric matrix
    value, squares, mixed, others = (sp.Function(name, real=True) for name in ("V", "X", "M", "Y"))
    objects = (
        sum_recursion(value(N), lambda i: (sp.Matrix([[first(i), second(i)]]) * sp.Matrix([[A[0], A[1]], [A[1], A[2]]]) * sp.Matrix([first(i), second(i)]))[0]),
        sum_recursion(squares(N), lambda i: first(i) ** 2),
        sum_recursion(mixed(N), lambda i: first(i) * second(i)),
        sum_recursion(others(N), lambda i: second(i) ** 2),
    )  # fmt: skip
    claim = Equation("sum of r^T A r", value(N), A[0] * squares(N) + 2 * A[1] * mixed(N) + A[2] * others(N))
    return Induction("data enter by second moments", N, (claim,), objects)


# -- small ones, entry by entry --------------------------------------------------------------------------------------------------------


def small_decoders(codes: int = 2) -> Enumeration:
    """Decoders with entries -1, 0, 2 and beta = 1/2, 3: Woodbury's identity and the
    determinants, in fractions, and by elimination of the joint system."""
    entries = (-1, 0, 2)
    betas = (Fraction(1, 2), Fraction(3))
    members: Callable[[], Iterator[Any]] = lambda: product(product(entries, repeat=3 * codes), betas)  # noqa: E731
    family = Family(
        f"decoders of 3 pixels and {codes} codes with entries -1, 0, 2 at two slopes", members, len(entries) ** (3 * codes) * len(betas)
    )  # fmt: skip
    return Enumeration("Woodbury's identity for small decoders", family, _by_matrices, _by_elimination)


def _by_matrices(member: Any) -> bool:
    flat, beta = member
    W = sp.Matrix(3, len(flat) // 3, flat)
    b = sp.Rational(beta.numerator, beta.denominator)
    codes, pixels = sp.eye(W.cols) + b * W.T * W, sp.eye(3) + b * W * W.T
    return pixels * (sp.eye(3) - b * W * codes.inv() * W.T) == sp.eye(3) and codes.det() == pixels.det()


def _by_elimination(member: Any) -> bool:
    """Pivots of the joint matrix of (z, r), codes eliminated first and pixels first:
    their products are the two determinants, signs included."""
    flat, beta = member
    codes = len(flat) // 3
    W = [[Fraction(flat[i * codes + j]) for j in range(codes)] for i in range(3)]
    joint = [[Fraction(int(i == j)) for j in range(codes)] + [-beta * W[k][i] for k in range(3)] for i in range(codes)]
    joint += [[W[k][j] for j in range(codes)] + [Fraction(int(k == i)) for i in range(3)] for k in range(3)]
    last_first = [row[::-1] for row in joint[::-1]]
    return _pivots(joint) == _pivots(last_first) > 0


def _pivots(rows: list[list[Fraction]]) -> Fraction:
    rows, value = [list(row) for row in rows], Fraction(1)
    for k in range(len(rows)):
        value *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return value
