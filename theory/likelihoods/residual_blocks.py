r"""Residual blocks ``x + g(x)``: the power series of the log-determinant, its tail,
what roulette does to it, and when the block is one-to-one.

Letters: ``J`` the Jacobian of g, ``L`` a Lipschitz constant of g below 1, ``t`` the
terms of a series, ``S(k)`` the probability that the k-th term is reached, ``C`` the sum
of t/S up to where roulette stops, ``q`` the probability of going on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import Any

from sympy import Derivative, Expr, Function, Integer, Rational, Symbol, log, tanh

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "divergence_beyond", "eigenvalues", "every_small_matrix", "every_stopping_rule", "expectation", "geometric_tail", "missing_terms_cancel",
    "missing_terms_vanish", "monotone", "second_moment", "series_of_the_logarithm", "tail", "two_norms",
]  # fmt: skip

Terms = tuple[tuple[int, ...], tuple[Fraction, ...]]  # terms, and the probability of reaching each
Criterion = Callable[[Terms], bool]
ORDER = 6


def _summed(of: Any, n: Any, term: Callable[[Any], Expr]) -> Recursion:
    return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


# -- the series -----------------------------------------------------------------------------------------------------------


def series_of_the_logarithm() -> Induction:
    """The slope of ``sum_(k <= n) (-1)^(k+1) x^k / k`` is that of log(1 + x) less
    ``(-x)^n / (1 + x)``, for every n: the remainder's slope."""
    n, x = Symbol("n", integer=True, positive=True), Symbol("x", real=True)
    S = Function("S")(n, x)

    def explicit(k: int) -> Expr:
        return Derivative(sum((-1) ** (i + 1) * x**i / i for i in range(1, k + 1)), x).doit()

    objects = (Recursion(S, (Integer(1),), S + (-1) ** n * x**n, explicit),)
    claim = Equation("slope of a partial sum", S, 1 / (1 + x) - (-1) ** n * x**n / (1 + x))
    return Induction("series of the logarithm", n, (claim,), objects, assuming=(x > -1,))


def geometric_tail(L: Any, n: Any) -> Any:
    """``L^(n+1) / ((n+1)(1-L))``: a bound on what n terms leave, for one dimension."""
    return L ** (n + 1) / ((n + 1) * (1 - L))


def tail(bound: Callable[[Any, Any], Any] = geometric_tail) -> list[Any]:
    """``sum_(j <= m) L^(n+j)/(n+j)`` is at most ``sum L^(n+j)/(n+1)``, which is the
    ``bound`` less ``L^(n+m+1)/((n+1)(1-L))``, for every m."""
    m, n = Symbol("m", integer=True, positive=True), Symbol("n", integer=True, nonnegative=True)
    j, h = Symbol("j", nonnegative=True), Symbol("h", positive=True)
    L, U = 1 / (1 + h), Function("U", real=True)
    left = L ** (n + m + 1) / ((n + 1) * (1 - L))
    claim = Equation("what lies between n and n + m terms", U(m), bound(L, n) - left)
    smaller = j / ((n + 1) * (n + 1 + j))
    return [
        Induction("tail of the series", m, (claim,), (_summed(U(m), m, lambda i: L ** (n + i) / (n + 1)),)),
        Equation("a later term is smaller", 1 / (n + 1) - 1 / (n + 1 + j), smaller),
        Sign("a later term is smaller", smaller * (n + 1) * (n + 1 + j)),
    ]


def eigenvalues() -> Induction:
    """``sum log(1 + lambda_i) = log prod (1 + lambda_i)`` for every dimension: the
    determinant of a triangular I + J, whose diagonal is v."""
    n, v = Symbol("n", integer=True, positive=True), Function("v", positive=True)
    S, P = Function("S", real=True), Function("P", positive=True)
    objects = (
        _summed(S(n), n, lambda i: log(v(i))),
        Recursion(P(n), (v(1),), P(n) * v(n + 1), lambda k: prod(v(i) for i in range(1, k + 1))),
    )
    return Induction("log-determinant of D eigenvalues", n, (Equation("sum of logarithms", S(n), log(P(n))),), objects)


Matrix = tuple[tuple[int, ...], ...]


def _traces(J: Matrix) -> list[int]:
    """Traces of J, J^2, .., J^ORDER."""
    power, traces = J, []
    for _ in range(ORDER):
        traces.append(sum(power[i][i] for i in range(len(J))))
        power = tuple(
            tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*J, strict=True))
            for row in power
        )
    return traces


def _determinant(J: Matrix) -> list[Fraction]:
    """Coefficients of ``det(I + t J)`` up to ``t^ORDER``, by Leibniz' formula."""
    size = len(J)
    total = [Fraction(0)] * (ORDER + 1)
    for image in permutations(range(size)):
        inversions = sum(image[i] > image[k] for i in range(size) for k in range(i + 1, size))
        factor = [1]
        for i, k in enumerate(image):
            unit, slope = int(i == k), J[i][k]
            factor = [
                unit * (factor[d] if d < len(factor) else 0) + slope * (factor[d - 1] if d else 0)
                for d in range(len(factor) + 1)
            ]
        for degree, value in enumerate(factor[: ORDER + 1]):
            total[degree] += (-1) ** inversions * value
    return total


def by_derivative(J: Matrix, sign: int) -> bool:
    """``t P' = P sum_k sign^(k+1) tr(J^k) t^k`` for ``P = det(I + t J)``, coefficient
    by coefficient: in whole numbers."""
    P, traces = _determinant(J), _traces(J)
    for degree in range(1, ORDER + 1):
        right = sum(P[degree - k] * sign ** (k + 1) * traces[k - 1] for k in range(1, degree + 1))
        if degree * P[degree] != right:
            return False
    return True


def by_exponential(J: Matrix, sign: int) -> bool:
    """``exp(sum_k sign^(k+1) tr(J^k) t^k / k)`` multiplied out, against principal
    minors."""
    traces, size = _traces(J), len(J)
    series = [Fraction(0)] + [Fraction(sign ** (k + 1) * traces[k - 1], k) for k in range(1, ORDER + 1)]
    result, power, factorial = (
        [Fraction(int(d == 0)) for d in range(ORDER + 1)],
        [Fraction(int(d == 0)) for d in range(ORDER + 1)],
        1,
    )
    for order in range(1, ORDER + 1):
        power = [sum(power[i] * series[d - i] for i in range(d + 1)) for d in range(ORDER + 1)]
        factorial *= order
        result = [r + p / factorial for r, p in zip(result, power, strict=True)]
    minors = [Fraction(0)] * (ORDER + 1)
    for chosen in product((0, 1), repeat=size):
        rows = [i for i in range(size) if chosen[i]]
        minors[len(rows)] += _minor(J, rows)
    return result == minors


def _minor(J: Matrix, rows: list[int]) -> int:
    """A principal minor, by expansion along its first row."""
    if not rows:
        return 1

    def expand(left: list[int], columns: list[int]) -> int:
        if not left:
            return 1
        return sum(
            (-1) ** i * J[left[0]][column] * expand(left[1:], columns[:i] + columns[i + 1 :])
            for i, column in enumerate(columns)
        )

    return expand(rows, rows)


def every_small_matrix(sign: int = -1) -> Enumeration:
    """``log det(I + t J) = sum_k (-1)^(k+1) tr(J^k) t^k / k`` up to t^6, as formal
    power series, for every small matrix of whole numbers."""

    def members() -> Iterator[Matrix]:
        for a, b, c, d in product((-2, -1, 0, 1), repeat=4):
            yield (a, b), (c, d)
        for a, b, c, d, e, f in product((0, 1), repeat=6):
            yield (1, a, b), (c, -1, d), (e, f, 0)

    text = "matrices, 2 x 2 with entries -2..1 and 3 x 3 with diagonal 1, -1, 0 and entries 0, 1 beside it"
    family = Family(text, members, 4**4 + 2**6)
    return Enumeration(
        "every small matrix: log-determinant as a power series", family,
        lambda J: by_derivative(J, sign), lambda J: by_exponential(J, sign),
    )  # fmt: skip


def monotone(slope: Any = None) -> list[Equation | Sign]:
    """``x - c tanh x`` rises everywhere for c < 1 (c = 1/(1+e)): its slope is ``1 - c +
    c tanh^2 x``; for c = 3/2 it falls at 0.

    In any dimension ``|x + g(x) - x' - g(x')| >= (1 - L) |x - x'|``, by the triangle
    inequality.
    """
    x, e, h = Symbol("x", real=True), Symbol("e", positive=True), Symbol("h", nonnegative=True)
    c = 1 / (1 + e) if slope is None else slope
    over = 1 + e if slope is None else Rational(2)
    return [
        Equation("slope of a residual block", Derivative(x - c * tanh(x), x), 1 - c + c * tanh(x) ** 2),
        Sign("a residual block rises everywhere", (over * (1 - c + c * h**2)).expand().simplify().expand(), "> 0"),
    ]


# -- roulette -------------------------------------------------------------------------------------------------------------


def expectation() -> Induction:
    """``sum_(j <= n) (S_j - S_(j+1)) C_j = sum_(k <= n) t_k - S_(n+1) C_n`` for every
    n: roulette is unbiased up to a remainder.

    Where sum |t_k| is finite and every S_k positive, the expectation of |terms| is that
    sum, and the remainder vanishes.
    """
    n, t, S = Symbol("n", integer=True, positive=True), Function("t", real=True), Function("S", positive=True)
    E, C, T = (Function(name, real=True) for name in "ECT")
    objects = (
        Recursion(
            E(n), ((S(1) - S(2)) * t(1) / S(1),), E(n) + (S(n + 1) - S(n + 2)) * (C(n) + t(n + 1) / S(n + 1)),
            lambda k: sum((S(j) - S(j + 1)) * sum(t(i) / S(i) for i in range(1, j + 1)) for j in range(1, k + 1)),
        ),
        _summed(C(n), n, lambda k: t(k) / S(k)),
        _summed(T(n), n, t),
    )  # fmt: skip
    claim = Equation("expectation of n terms", E(n), T(n) - S(n + 1) * C(n))
    return Induction("expectation of roulette", n, (claim,), objects, small=2)


def second_moment() -> Induction:
    """``sum_(j <= n) (S_j - S_(j+1)) C_j^2 = sum_j t_j (2 C_j - t_j/S_j) - S_(n+1)
    C_n^2`` for every n: the second moment in closed form."""
    n, t, S = Symbol("n", integer=True, positive=True), Function("t", real=True), Function("S", positive=True)
    M, C, Q = (Function(name, real=True) for name in "MCQ")

    def partial(k: int) -> Expr:
        return sum(t(i) / S(i) for i in range(1, k + 1))

    objects = (
        Recursion(
            M(n), ((S(1) - S(2)) * (t(1) / S(1)) ** 2,), M(n) + (S(n + 1) - S(n + 2)) * (C(n) + t(n + 1) / S(n + 1)) ** 2,
            lambda k: sum((S(j) - S(j + 1)) * partial(j) ** 2 for j in range(1, k + 1)),
        ),
        Recursion(C(n), (t(1) / S(1),), C(n) + t(n + 1) / S(n + 1), partial),
        Recursion(
            Q(n), (t(1) ** 2 / S(1),), Q(n) + t(n + 1) * (2 * C(n) + t(n + 1) / S(n + 1)),
            lambda k: sum(t(j) * (2 * partial(j) - t(j) / S(j)) for j in range(1, k + 1)),
        ),
    )  # fmt: skip
    claim = Equation("second moment of n terms", M(n), Q(n) - S(n + 1) * C(n) ** 2)
    return Induction("second moment of roulette", n, (claim,), objects, small=2)


def two_norms() -> list[Equation | Sign]:
    """Geometric S, r = sqrt(q): ``(1-r)^2 sum q^k C_k^2 <= sum q^k (C_k - C_(k-1))^2 <=
    (1+r)^2 sum q^k C_k^2``, and the middle is sum t_k^2/q^(k-2).

    So the second moment is finite exactly if ``sum t_k^2 / q^k`` is. Below: the two
    inequalities for one k, as squares.
    """
    a, b, r = Symbol("a", real=True), Symbol("b", real=True), Symbol("r", positive=True)
    low, high = r * (a - b / r) ** 2, r * (a + b / r) ** 2
    k, q, t = Symbol("k", integer=True, positive=True), Symbol("q", positive=True), Symbol("t", real=True)
    return [
        Equation("roulette from below", (a - b) ** 2 - ((1 - r) * a**2 + (1 - 1 / r) * b**2), low),
        Equation("roulette from above", (1 + r) * a**2 + (1 + 1 / r) * b**2 - (a - b) ** 2, high),
        Sign("roulette from below", low, ">= 0", ((r, a - b / r),)),
        Sign("roulette from above", high, ">= 0", ((r, a + b / r),)),
        Equation("a step of roulette", q**k * (t / q ** (k - 1)) ** 2, t**2 / q ** (k - 2)),
    ]


def divergence_beyond() -> list[Equation | Sign]:
    """Terms ``t_k = lambda^k / k``: at lambda^2 = q the sum of t_k^2/q^k is that of
    1/k^2, below 2; at ``lambda^2 = q (1 + 1/g)`` its terms grow from k = 3 g + 1 on. So
    the second moment of one eigenvalue's series is finite exactly if lambda^2 <= q.
    """
    k, q, g, u = (Symbol(name, positive=True) for name in ("k", "q", "g", "u"))
    lam = Symbol("lambda", positive=True)
    at = 3 * g + 1 + u

    def term(i: Expr) -> Expr:
        return (lam**i / i) ** 2 / q**i

    ratio = (1 + 1 / g) * (k / (k + 1)) ** 2
    over = 1 / (k * (k + 1) ** 2)

    def rise(i: Expr) -> Expr:
        return (g + 1) * i**2 - g * (i + 1) ** 2

    return [
        Equation("ratio of consecutive terms", term(k + 1) / term(k), lam**2 / q * (k / (k + 1)) ** 2),
        Equation("1/k^2 lies below a telescoping sum", 1 / k - 1 / (k + 1) - 1 / (k + 1) ** 2, over),
        Sign("1/k^2 lies below a telescoping sum", over * k**2 * (k + 1) ** 2),
        Equation(
            "beyond lambda^2 = q: terms grow where this is positive",
            ratio - 1,
            rise(k) / (g * (k + 1) ** 2),
        ),
        Sign("beyond lambda^2 = q: terms grow", rise(at).expand(), "> 0"),
    ]


def missing_terms_cancel(item: Terms) -> bool:
    """Whether the terms that are never reached add up to 0: the sharp condition for a
    finite series."""
    terms, survival = item
    return sum(t for t, s in zip(terms, survival, strict=True) if s == 0) == 0


def missing_terms_vanish(item: Terms) -> bool:
    """Whether every term that is never reached is 0: sufficient, and necessary only for
    series whose terms have one sign."""
    terms, survival = item
    return all(t == 0 for t, s in zip(terms, survival, strict=True) if s == 0)


def by_outcomes(item: Terms, criterion: Criterion) -> bool:
    """Whether the mean over all stopping times is the whole sum exactly as
    ``criterion`` says, stopping time by stopping time."""
    terms, survival = item
    after = (*survival[1:], Fraction(0))
    mean, reached = Fraction(0), Fraction(0)
    for t, s, later in zip(terms, survival, after, strict=True):
        if s == 0:
            break
        reached += t / s
        mean += (s - later) * reached
    return (mean == sum(terms)) == criterion(item)


def by_terms(item: Terms, criterion: Criterion) -> bool:
    """The same term by term: a term enters with weight 1/S_k when it is reached, which
    happens with probability S_k."""
    terms, survival = item
    kept = sum(Fraction(t) / s * s for t, s in zip(terms, survival, strict=True) if s)
    return (kept == sum(terms)) == criterion(item)


def every_stopping_rule(criterion: Criterion = missing_terms_cancel) -> Enumeration:
    """Series of four terms -1, 0, 1 and survival probabilities 1 >= S_2 >= S_3 >= S_4
    in 0, 1/3, 2/3, 1: when roulette is unbiased."""
    levels = tuple(Fraction(k, 3) for k in range(4))

    def members() -> Iterator[Terms]:
        rules = [(Fraction(1), *s) for s in product(levels, repeat=3) if s[0] >= s[1] >= s[2]]
        return product(product((-1, 0, 1), repeat=4), rules)

    family = Family("series of four terms with a stopping rule", members, 3**4 * 20)
    return Enumeration(
        "every stopping rule: when roulette is unbiased", family,
        lambda item: by_outcomes(item, criterion), lambda item: by_terms(item, criterion),
    )  # fmt: skip
