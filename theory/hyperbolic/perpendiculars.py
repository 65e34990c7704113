r"""Nested perpendiculars: a lower bound for the distance of the ends of a broken line
in hyperbolic space, in every dimension.

Letters: N is a spacelike unit vector, its hyperplane is :math:`\{x : \langle x,
N\rangle = 0\}`, and :math:`\sigma_N(x) = \operatorname{arsinh}\langle x, N\rangle` is
the signed distance to it. At a vertex v the unit vectors w and u point back and on
along the two edges, :math:`\langle w, u\rangle = \cos\theta`; the edges are cut at
distance a before and b after the vertex, and N_1, N_2 are the unit tangents at the
cuts, both pointing forward.

Vectors enter through their Gram matrices alone, so that every identity holds in every
dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import sympy as sp
from sympy import Derivative, Expr, Function, Matrix, asinh, cos, cosh, exp, sin, sinh, sqrt, symbols

from theory.proof.lagrange import lagrange
from theory.proof.statements import Enumeration, Equation, Family, Induction
from theory.proof.telescoping import differences

__all__ = [
    "Cut", "chain_bounds", "cosh_of_mean_halves", "cosh_of_the_joint", "forward_cuts", "joint", "joint_grows", "joint_without_overflow", "nested_bound", "nesting", "rational_chains", "signed_distance", "telescoping_sum",
]  # fmt: skip

CoshOfJoint = Callable[[Any, Any, Any, Any, Any], Any]  # of sinh a, cosh a, sinh b, cosh b, cos theta


def cosh_of_the_joint(sa: Any, ca: Any, sb: Any, cb: Any, cos_theta: Any) -> Any:
    r""":math:`\cosh D = \sinh a \sinh b - \cosh a \cosh b \cos\theta`: the distance D
    of the two perpendiculars at a joint, where it is >= 1."""
    return sa * sb - ca * cb * cos_theta


# --- statements ------------------------------------------------------------------------------------------------------------


def _at_the_vertex() -> tuple[Expr, Expr, Expr, Matrix]:
    """a, b, theta and the Gram matrix of v, w, u."""
    a, b = symbols("a b", nonnegative=True)
    theta = sp.Symbol("theta", positive=True)
    return a, b, theta, Matrix([[-1, 0, 0], [0, 1, cos(theta)], [0, cos(theta), 1]])


def joint(of: CoshOfJoint = cosh_of_the_joint) -> list[Equation]:
    """The two forward tangents at the cuts beside a vertex: unit vectors, their
    product, and on which side the vertex lies."""
    a, b, theta, gram = _at_the_vertex()
    before = Matrix(
        [[Derivative(cosh(a), a), Derivative(sinh(a), a), 0]]
    )  # of the point at distance a from v on the edge back
    after = Matrix([[Derivative(cosh(b), b), 0, Derivative(sinh(b), b)]])
    first, second = Matrix([[-sinh(a), -cosh(a), 0]]), Matrix([[sinh(b), 0, cosh(b)]])
    g = of(sinh(a), cosh(a), sinh(b), cosh(b), cos(theta))
    rows = Matrix.vstack(first, second, Matrix([[1, 0, 0]]))
    half_sin, half_cos = sin(theta / 2) ** 2, cos(theta / 2) ** 2
    return [
        Equation("joint: tangent before", first, -before),
        Equation("joint: tangent after", second, after),
        Equation("joint: Gram matrix of N_1, N_2, v", rows * gram * rows.T, Matrix([[1, g, sinh(a)], [g, 1, -sinh(b)], [sinh(a), -sinh(b), -1]])),
        Equation("joint: sinh^2(D/2)", (g - 1) / 2, half_sin * sinh((a + b) / 2) ** 2 - half_cos * cosh((a - b) / 2) ** 2),
        Equation("joint: cosh^2(D/2)", (g + 1) / 2, half_sin * cosh((a + b) / 2) ** 2 - half_cos * sinh((a - b) / 2) ** 2),
        Equation("joint: D <= a + b", cosh(a + b) - g, cosh(a) * cosh(b) * (1 + cos(theta))),
        Equation("joint: D grows with the angle", Derivative(g, theta), cosh(a) * cosh(b) * sin(theta)),
    ]  # fmt: skip


def joint_grows() -> list[Equation]:
    """Longer half-edges: dD/da >= 1 where cosh D >= 1, so the defect a + b - D falls
    and the two shortest half-edges are the worst joint."""
    a, b, theta, _ = _at_the_vertex()
    g = cosh_of_the_joint(sinh(a), cosh(a), sinh(b), cosh(b), cos(theta))
    slope = cosh(a) * sinh(b) - sinh(a) * cosh(b) * cos(theta)
    return [
        Equation("growth: slope in a", Derivative(g, a), slope),
        Equation("growth: its square exceeds sinh^2 D by a square", slope**2 - (g**2 - 1), (cosh(b) * sin(theta)) ** 2),
        # for cos theta > 0 and g >= 1 the slope is positive: tanh a tanh b > cos theta there, so tanh b > cos theta tanh a
        Equation("growth: sign of the slope", cosh(a) * slope, sinh(a) * g + sinh(b)),
    ]


def joint_without_overflow() -> Equation:
    r"""D = a + b + log((G + sqrt(G^2 - 4E))/2) from bounded quantities: what floating
    point and balls evaluate."""
    a, b = symbols("a b", positive=True)
    theta = sp.Symbol("theta", positive=True)
    E = exp(-2 * (a + b))
    G = sin(theta / 2) ** 2 * (1 + E) - cos(theta / 2) ** 2 * (exp(-2 * a) + exp(-2 * b))
    g = cosh_of_the_joint(sinh(a), cosh(a), sinh(b), cosh(b), cos(theta))
    return Equation("joint without overflow", G, 2 * g * exp(-(a + b)))


def signed_distance() -> list[Equation]:
    r"""Along a geodesic the signed distance to a hyperplane changes by at most the
    length: :math:`1 - (d\sigma/dt)^2` is a square over a square."""
    s, t = symbols("s t", real=True)
    psi = sp.Symbol("psi", real=True)
    spread = cos(psi) * sqrt(1 + s**2)  # q = <g', N>: 1 = <N, N> = -s^2 + q^2 + |rest|^2 leaves |q| <= sqrt(1 + s^2)
    along = s * cosh(t) + spread * sinh(t)
    N = Matrix([[-s, spread, sin(psi) * sqrt(1 + s**2)]])  # in the frame of g, g' and a unit vector across
    return [
        Equation("signed distance: N in the frame of the geodesic", (N * sp.diag(-1, 1, 1) * N.T)[0], 1),
        Equation("signed distance: slope at most 1", 1 - Derivative(asinh(along), t) ** 2, (1 + s**2) * sin(psi) ** 2 / (1 + along**2)),
    ]  # fmt: skip


def nesting() -> list[Equation | Induction]:
    r"""Two hyperplanes with :math:`\langle N_1, N_2\rangle = \cosh D`: their signed
    distances differ by at least D at every point of the space.

    With :math:`M_i = N_i + \langle x, N_i\rangle x`, orthogonal to x and hence in a
    Euclidean space, Cauchy and Schwarz give
    :math:`\cosh D + \sinh\sigma_1\sinh\sigma_2 = \langle M_1, M_2\rangle \le |M_1||M_2|
    = \cosh\sigma_1\cosh\sigma_2`. The sign of the difference cannot change on the
    connected space: for D > 0 it has no zero, for D = 0 it is the sign of the product
    with a null vector, which has none.
    """
    one, two, D = symbols("sigma_1 sigma_2 D", real=True)
    gram = Matrix([[-1, sinh(one), sinh(two)], [sinh(one), 1, cosh(D)], [sinh(two), cosh(D), 1]])  # of x, N_1, N_2
    rows = Matrix([[1, 0, 0], [sinh(one), 1, 0], [sinh(two), 0, 1]])  # x, M_1, M_2
    mixed = cosh(D) + sinh(one) * sinh(two)
    X, p, W = sp.Symbol("X", nonnegative=True), sp.Symbol("p", real=True), sp.Symbol("W", real=True)
    m, k = (Function(name, real=True) for name in ("m", "k"))
    return [
        Equation("nesting: Gram matrix of x, M_1, M_2", rows * gram * rows.T, Matrix([[-1, 0, 0], [0, cosh(one) ** 2, mixed], [0, mixed, cosh(two) ** 2]])),
        lagrange("nesting: Cauchy and Schwarz", m, k),
        Equation("nesting: cosh(sigma_1 - sigma_2) - cosh D", cosh(one - two) - cosh(D), cosh(one) * cosh(two) - mixed),
        # p_0 = |p'| = p, x_0^2 = 1 + X, W = <x', p'>: no zero, since X p^2 >= W^2 by the lines before
        Equation("nesting: a null vector", (sqrt(1 + X) * p - W) * (sqrt(1 + X) * p + W), p**2 + (X * p**2 - W**2)),
    ]  # fmt: skip


def telescoping_sum() -> Induction:
    """sigma_1(p) - sigma_k(p) is the sum of its steps, each of which is at least D_i:
    for every number of edges."""
    sigma = Function("sigma", real=True)
    return differences("steps of the signed distance", lambda i: -sigma(i))


# --- rational chains, one by one -------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """An edge of a chain in two parts: ``exp`` of the part at its start and of the part
    at its end, rational, at least 1."""

    start: Fraction
    end: Fraction


class Chain(NamedTuple):
    """Edges, and at each inner vertex the turn to the left as a rational (cos, sin)."""

    cuts: tuple[Cut, ...]
    turns: tuple[tuple[Fraction, Fraction], ...]


def cosh_of_mean_halves(sa: Any, ca: Any, sb: Any, cb: Any, cos_theta: Any) -> Any:
    """cosh D of the joint whose two half-edges are replaced by their mean: larger than
    the joint's own unless they are equal."""
    return (1 - cos_theta) / 2 * (ca * cb + sa * sb) - (1 + cos_theta) / 2


def hyperbolic_pair(e: Fraction) -> tuple[Fraction, Fraction]:
    """(sinh, cosh) of log e."""
    return (e - 1 / e) / 2, (e + 1 / e) / 2


def rational_chains(halves: Sequence[Fraction], turns: Sequence[tuple[Fraction, Fraction]], edges: int) -> Family:
    """All plane chains of so many edges whose half-edges and turns come from the
    lists."""
    size = len(halves) ** (2 * edges) * len(turns) ** (edges - 1)

    def members() -> Iterator[Chain]:
        for parts in product(halves, repeat=2 * edges):
            cuts = tuple(Cut(*parts[2 * i : 2 * i + 2]) for i in range(edges))
            for way in product(turns, repeat=edges - 1):
                yield Chain(cuts, way)

    return Family(f"plane chains of {edges} edges, {len(halves)} half-edges and {len(turns)} turns", members, size)


Bounded = Callable[
    [Chain], "Fraction | None"
]  # exp of a lower bound of the distance of the ends, or None where it claims none


def nested_bound(
    chain: Chain, of: CoshOfJoint = cosh_of_the_joint, bits: int = 48, *, absolute: bool = False, clamped: bool = False
) -> Fraction | None:
    """exp of :math:`x_1 + \\sum D_i + y_k`, each D_i rounded down; None where
    perpendiculars cross.

    Args:
        chain: Edges and turns.
        of: cosh D of a joint.
        bits: Of the rounding of each exp D_i.
        absolute: Take ``|<N_1, N_2>| >= 1`` for nesting (false: the two sides are then
            the wrong ones).
        clamped: Count perpendiculars that cross as if they touched, D = 0 (false).
    """
    found = chain.cuts[0].start * chain.cuts[-1].end
    for before, after, (cosine, _) in zip(chain.cuts, chain.cuts[1:], chain.turns, strict=False):
        g = of(*hyperbolic_pair(before.end), *hyperbolic_pair(after.start), -cosine)  # interior angle = pi - turn
        g = abs(g) if absolute else max(g, Fraction(1)) if clamped else g
        if g < 1:
            return None
        found *= exp_of_arcosh_below(g, bits)
    return found


def exp_of_arcosh_below(g: Fraction, bits: int = 48) -> Fraction:
    """A rational E <= exp(arcosh g), exact where ``sqrt(g^2 - 1)`` is rational: E + 1/E
    <= 2 g.

    >>> exp_of_arcosh_below(Fraction(5, 4))
    Fraction(2, 1)
    """
    root = _root_below(g * g - 1, bits)
    return g + root


def _root_below(x: Fraction, bits: int) -> Fraction:
    """A rational square root, rounded down to so many bits after the point unless it is
    exact."""
    from math import isqrt

    top, bottom = isqrt(x.numerator), isqrt(x.denominator)
    if top * top == x.numerator and bottom * bottom == x.denominator:
        return Fraction(top, bottom)
    return Fraction(isqrt((x.numerator << (2 * bits)) // x.denominator), 1 << bits)


def cosh_of_the_ends_by_points(chain: Chain) -> Fraction:
    """cosh of the distance of the ends, from points and tangents on the hyperboloid, in
    fractions."""
    point, ahead = (Fraction(1), Fraction(0), Fraction(0)), (Fraction(0), Fraction(1), Fraction(0))
    left = (Fraction(0), Fraction(0), Fraction(1))
    for cut, turn in zip(chain.cuts, (*chain.turns, None), strict=True):
        s, c = hyperbolic_pair(cut.start * cut.end)
        point, ahead = tuple(c * p + s * a for p, a in zip(point, ahead, strict=True)), tuple(s * p + c * a for p, a in zip(point, ahead, strict=True))  # fmt: skip
        if turn is not None:
            x, y = turn
            ahead, left = tuple(x * a + y * b for a, b in zip(ahead, left, strict=True)), tuple(x * b - y * a for a, b in zip(ahead, left, strict=True))  # fmt: skip
    return point[0]  # the chain starts at the apex


def cosh_of_the_ends_by_matrices(chain: Chain) -> Fraction:
    r"""The same by products in U(1,1): edges :math:`\begin{pmatrix} \cosh\frac x2 &
    \sinh\frac x2\\ \sinh\frac x2 & \cosh\frac x2\end{pmatrix}`, turns
    :math:`\operatorname{diag}(e^{i\varphi}, 1)`; the first row (alpha, beta) has
    :math:`|\alpha|^2 + |\beta|^2 = \cosh d`.

    cosh and sinh of half an edge are taken times :math:`2 \sqrt{e^x}`, which is
    rational.
    """
    row, scale = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(0))), Fraction(1)  # (re, im) of alpha, of beta
    for cut, turn in zip(chain.cuts, (*chain.turns, None), strict=True):
        e = cut.start * cut.end
        (a, b), (c, d) = row
        row = ((a * (e + 1) + c * (e - 1), b * (e + 1) + d * (e - 1)), (a * (e - 1) + c * (e + 1), b * (e - 1) + d * (e + 1)))  # fmt: skip
        scale *= 4 * e
        if turn is not None:
            x, y = turn
            (a, b), beta = row
            row = ((a * x - b * y, a * y + b * x), beta)
    return sum((part * part for pair in row for part in pair), Fraction(0)) / scale


def chain_bounds(name: str, chains: Family, bound: Bounded = nested_bound) -> Enumeration:
    """cosh d >= cosh of the bound for every chain at which the bound says anything, by
    two ways to reach the end of the chain."""

    def by(cosh_of: Callable[[Chain], Fraction]) -> Callable[[Chain], bool]:
        def holds(chain: Chain) -> bool:
            least = bound(chain)
            return least is None or 2 * cosh_of(chain) >= least + 1 / least

        return holds

    return Enumeration(name, chains, by(cosh_of_the_ends_by_points), by(cosh_of_the_ends_by_matrices))


def forward_cuts(*, absolute: bool = False) -> Enumeration:
    r"""Nesting looked at: :math:`\sinh\sigma_1 \ge \sinh(\sigma_2 + D)` at rational
    points, for joints of rational half-edges and angles.

    ``absolute`` accepts :math:`|\langle N_1, N_2\rangle| \ge 1` too. The first
    algorithm compares squares of sines, the second the logarithms' rationals.
    """
    halves = [Fraction(3, 2), Fraction(2), Fraction(4), Fraction(7)]
    angles = [(Fraction(4, 5), Fraction(3, 5)), (Fraction(0), Fraction(1)), (Fraction(-4, 5), Fraction(3, 5)), (Fraction(-1), Fraction(0)), (Fraction(24, 25), Fraction(7, 25))]  # fmt: skip
    points = [(far, way) for far in (Fraction(1), Fraction(3), Fraction(200)) for way in [*angles, (Fraction(3, 5), Fraction(-4, 5))]]  # fmt: skip
    size = len(halves) ** 2 * len(angles) * len(points)

    def members() -> Iterator[tuple[Any, ...]]:
        return product(halves, halves, angles, points)

    def sines(member: tuple[Any, ...]) -> tuple[Fraction, Fraction, Fraction]:
        """g, and <x, N_1>, <x, N_2> at the point that lies as far from the vertex as
        the member says, in its direction."""
        e, f, (cosine, sine), (far, way) = member
        (sa, ca), (sb, cb), (sr, cr) = map(hyperbolic_pair, (e, f, far))
        x = (cr, sr * way[0], sr * way[1])  # v is the apex, w = (0, 1, 0)
        first = (-sa, -ca, Fraction(0))
        second = (sb, cb * cosine, cb * sine)
        return cosh_of_the_joint(sa, ca, sb, cb, cosine), _lorentz(x, first), _lorentz(x, second)

    def silent(g: Fraction) -> bool:
        return (abs(g) if absolute else g) < 1

    def holds(member: tuple[Any, ...]) -> bool:
        """y_1 - g y_2 >= sqrt(g^2 - 1) sqrt(1 + y_2^2), by its sign and its square."""
        g, y1, y2 = sines(member)
        if silent(g):
            return True
        g = abs(g)
        return y1 - g * y2 >= 0 and (y1 - g * y2) ** 2 >= (g * g - 1) * (1 + y2 * y2)

    def second(member: tuple[Any, ...]) -> bool:
        """e^{sigma_1} >= e^{sigma_2} e^D, each side enclosed to 2^-80."""
        g, y1, y2 = sines(member)
        if silent(g):
            return True
        g = abs(g)
        bits = 96
        low = [y + _root_below(1 + y * y, bits) for y in (y1, y2)]
        gap = low[0] - low[1] * (g + _root_below(g * g - 1, bits))
        return gap >= -Fraction(1, 1 << 60)

    family = Family("joints and points of the plane", members, size)
    return Enumeration("sigma_1 >= sigma_2 + D at rational points", family, holds, second)


def _lorentz(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return -x[0] * y[0] + sum((a * b for a, b in zip(x[1:], y[1:], strict=True)), Fraction(0))
