r"""Broken lines of equal edges that turn by at most an angle: the sharp lower bound for
the distance of their ends, in every dimension.

Letters: k edges of length tau; interior angles at least theta, turns at most
    :math:`\varphi = \pi - \theta`; :math:`s = \sin\frac\theta2, c = \cos\frac\theta2`,
:math:`\zeta = s\cosh\frac\tau2`; T and U are Chebyshev's polynomials of the first and
second kind. The bound is

.. math:: \sinh\tfrac{d_k}2 \ge \sinh\tfrac\tau2\; U_{k-1}(\zeta) \quad\text{while } U_0(\zeta), \dots, U_{k-2}(\zeta) \ge 0

with equality exactly for the plane chain that always turns by phi to the same side. Its
proof compares states: for a hyperplane N and a unit tangent u at p let
:math:`S = \langle p, N\rangle`, :math:`Q = \langle u, N\rangle`, :math:`K =
Q/\sqrt{1+S^2} = \cos\psi`. Edges and joints keep the order "larger S and larger K"
(:func:`order_is_kept`); the constant-turn chain, started in the middle, is the orbit
that runs along the lower edge of both (:func:`orbit`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy import (  # fmt: skip
    Derivative,
    Expr,
    Function,
    Matrix,
    Symbol,
    acosh,
    asinh,
    chebyshevt,
    chebyshevu,
    cos,
    cosh,
    exp,
    log,
    sin,
    sinh,
    sqrt,
    symbols,
    tan,
)

from theory.proof.statements import Equation, Induction, Recursion, Sign

__all__ = [
    "chebyshev_signs", "constant_turn", "ends_of_the_chain", "longest_ratio", "orbit", "order_is_kept", "rules_for_tau", "threshold",
]  # fmt: skip

TAU = Symbol("tau", positive=True)
THETA = Symbol("theta", positive=True)


# --- equality: the constant-turn chain ------------------------------------------------------------------------------------


HalfChord = Callable[[Any, Any], Any]  # from sinh(tau/2) and U_{k-1}(zeta) to sinh(d_k/2)
Ends = Callable[[Any], tuple[Any, Any]]  # from k to how many ell and how many tau a bound is made of


def times(sinh_half: Any, u: Any) -> Any:
    """Their product."""
    return sinh_half * u


def one_tau(k: Any) -> tuple[Any, Any]:
    """(k - 1) ell + tau."""
    return k - 1, 1


def constant_turn(half_chord: HalfChord = times) -> list[Induction | Equation]:
    r"""sinh(d_k/2) of the chain that always turns by phi to the same side, for every k,
    from products of k matrices of U(1,1).

    With :math:`r = e^{\tau/2}` and :math:`e = e^{i\varphi/2}` one turn and one edge are
    the matrix M of determinant 1 and trace 2 zeta, so that
    :math:`M^k = U_{k-1}(\zeta) M - U_{k-2}(\zeta)`; the entry off the diagonal is
    sinh(d_k/2) up to a phase.

    Args:
        half_chord: sinh(d_k/2) from sinh(tau/2) and U_{k-1}(zeta).
    """
    r, e = Symbol("r", positive=True), Symbol("e", nonzero=True)
    k = Symbol("k", integer=True, positive=True)
    ch, sh = (r + 1 / r) / 2, (r - 1 / r) / 2
    zeta = ch * (e + 1 / e) / 2
    step = Matrix([[e * ch, e * sh], [sh / e, ch / e]])
    A, B, U, V = (Function(name)(k) for name in "ABUV")

    def entry(row: int) -> Callable[[int], Expr]:
        return lambda number: (step**number)[row, 0]

    objects = (
        Recursion(A, (step[0, 0],), step[0, 0] * A + step[0, 1] * B, entry(0)),
        Recursion(B, (step[1, 0],), step[1, 0] * A + step[1, 1] * B, entry(1)),
        Recursion(U, (sp.S.One,), 2 * zeta * U - V, lambda number: chebyshevu(number - 1, zeta)),
        Recursion(V, (sp.S.Zero,), U, lambda number: chebyshevu(number - 2, zeta) if number > 1 else sp.S.Zero),
    )
    claim = (
        Equation("diagonal of M^k", A, e * ch * U - V),
        Equation("sinh(d_k/2) up to its phase", B, half_chord(sh, U) / e),
    )
    return [Induction("constant turn", k, claim, objects), *_meaning_of_the_matrices()]


def _meaning_of_the_matrices() -> list[Equation]:
    """Trace and determinant of M, and its ends: |beta| = sinh(d/2) where M moves the
    centre of the disk by d."""
    phi = sp.pi - THETA
    zeta = cosh(TAU / 2) * sin(THETA / 2)
    turn = sp.diag(exp(sp.I * phi / 2), exp(-sp.I * phi / 2))
    edge = Matrix([[cosh(TAU / 2), sinh(TAU / 2)], [sinh(TAU / 2), cosh(TAU / 2)]])
    moved = sp.tanh(TAU / 2)  # the image of the centre
    return [
        Equation("constant turn: half the trace is zeta", (turn * edge).trace() / 2, zeta),
        Equation("constant turn: the edge moves the centre by tau", 1 + 2 * moved**2 / (1 - moved**2), cosh(TAU)),
    ]


# --- the order of states -----------------------------------------------------------------------------------------------------


def order_is_kept() -> list[Equation | Sign]:
    r"""Edges and joints keep the order of states (S, K): each derivative, and why it is
    not negative.

    Along an edge of length x: :math:`S' = S\cosh x + Q\sinh x`, :math:`Q' = S\sinh x +
    Q\cosh x`, and :math:`R = \sqrt{1+S^2-Q^2}` stays. With
    :math:`t = S/\sqrt{1+S^2}` in (-1, 1): :math:`\cot\psi' = (t\sinh x + K\cosh
    x)/\sqrt{1-K^2}`. At a joint of turn at most phi, psi grows by at most phi.
    """
    S, t, x, K = Symbol("S", real=True), Symbol("t", real=True), Symbol("x", positive=True), Symbol("K", real=True)
    phi, psi = symbols("phi psi", positive=True)
    Q = K * sqrt(1 + S**2)
    along, ahead = S * cosh(x) + Q * sinh(x), S * sinh(x) + Q * cosh(x)
    cot = (t * sinh(x) + K * cosh(x)) / sqrt(1 - K**2)
    inside = (K < 1, K > -1)
    less, more = symbols("l m", positive=True)  # 1 - K t and 1 + K t
    e = Symbol("e", positive=True)  # exp x
    spread = S / sqrt(1 + S**2)
    return [
        Equation("edge: R stays", along**2 - ahead**2, S**2 - Q**2),
        Equation("edge: Q' and R^2 by t and K, so cot psi'", Matrix([ahead, 1 + S**2 - Q**2]), Matrix([sqrt(1 + S**2) * (spread * sinh(x) + K * cosh(x)), (1 + S**2) * (1 - K**2)])),
        Equation("edge: S' grows with S", Derivative(along, S), cosh(x) + spread * K * sinh(x)),
        Equation("edge: S' grows with K", Derivative(along, K), sqrt(1 + S**2) * sinh(x)),
        Equation("edge: cot psi' grows with t", Derivative(cot, t), sinh(x) / sqrt(1 - K**2), inside),
        Equation("edge: cot psi' grows with K", Derivative(cot, K) * (1 - K**2) ** sp.Rational(3, 2), cosh(x) + K * t * sinh(x), inside),
        Equation("edge: cosh x + K t sinh x from 1 - K t and 1 + K t", cosh(x) + K * t * sinh(x), ((1 + K * t) * exp(x) + (1 - K * t) * exp(-x)) / 2),
        Sign("edge: that is positive", (more * e**2 + less) / 2, "> 0"),
        Equation("joint: cos(psi + phi) falls as psi grows", -Derivative(cos(psi) * cos(phi) - sin(psi) * sin(phi), psi), sin(psi + phi)),
    ]  # fmt: skip


def orbit(parity: int) -> Induction:
    r"""The states of the constant-turn chain at its vertices, counted from the middle:
    an induction from vertex m to vertex m + 2, m = 2 j + parity.

    .. math:: S_m = \sinh\tfrac\tau2\,U_{m-1}, \quad Q_m = s\,T_m - c^2\cosh\tfrac\tau2\,U_{m-1}, \quad R_m = c\,U_m \quad\text{(after the joint)}

    Odd k: the middle is the midpoint of an edge, N its tangent, and m = 1 is half an
    edge away. Even k: the middle is a vertex, N the bisector. R_m >= 0 is the condition
    that psi + phi stays below pi. With S in units of sinh(tau/2) and R in units of c
    all is polynomial in s and cosh(tau/2).

    Args:
        parity: 0 or 1.
    """
    s, ch = symbols("s h", positive=True)  # sin(theta/2), cosh(tau/2)
    j = Symbol("j", integer=True, nonnegative=True)
    zeta, cc, tall = s * ch, 1 - s**2, 2 * ch**2 - 1  # c^2, cosh tau
    straight = s**2 - cc  # cos phi; sin phi = 2 s c
    S, Q, R, T, U = (Function(name)(j) for name in "SQRTU")  # S in units of sinh(tau/2), R in units of c

    def stepped(a: Any, b: Any, d: Any) -> tuple[Any, Any, Any]:
        ahead = 2 * ch * (ch**2 - 1) * a + tall * b
        return tall * a + 2 * ch * b, straight * ahead - 2 * s * cc * d, 2 * s * ahead + straight * d

    first = (sp.S.Zero, s, sp.S.One) if parity == 0 else (sp.S.One, straight * ch, 2 * s * ch)

    def walked(number: int) -> tuple[Any, Any, Any]:
        """The definition: the row <p, N>, <u, N>, <v, N> of point, tangent and normal,
        times a matrix for each edge and each corner."""
        edge = Matrix([[tall, 2 * ch * (ch**2 - 1), 0], [2 * ch, tall, 0], [0, 0, 1]])
        corner = Matrix([[1, 0, 0], [0, straight, 2 * s], [0, -2 * s * cc, straight]])
        row = Matrix([[1, ch, 0]]) * corner if parity else Matrix([[0, s, 1]])
        for _ in range(number):
            row = row * edge * corner
        return row[0], row[1], row[2]

    following = stepped(S, Q, R)
    start = (sp.S.One, sp.S.Zero) if parity == 0 else (zeta, sp.S.One)
    objects = (
        *(Recursion(of, (first[i],), following[i], lambda k, i=i: walked(k)[i]) for i, of in enumerate((S, Q, R))),
        Recursion(T, (start[0],), (2 * zeta**2 - 1) * T + 2 * zeta * (zeta**2 - 1) * U, lambda k: chebyshevt(2 * k + parity, zeta)),
        Recursion(U, (start[1],), 2 * zeta * T + (2 * zeta**2 - 1) * U, lambda k: chebyshevu(2 * k + parity - 1, zeta) if k or parity else sp.S.Zero),
    )  # fmt: skip
    claim = (
        Equation("distance from the middle's hyperplane", S, U),
        Equation("direction", Q, s * T - cc * ch * U),
        Equation("R = c U_m", R, T + zeta * U),
    )
    return Induction(f"orbit of the constant turn, {'odd' if parity else 'even'} vertices", j, claim, objects, start=0)


def chebyshev_signs() -> list[Induction]:
    """U_{k-1}(cosh y) sinh y = sinh ky (positive), and U_{k-1}(cos a) sin a = sin ka
    (positive until k a = pi)."""
    found = []
    for name, outer, inner in (("cosh y, positive for every k", cosh, sinh), ("cos y, until k y = pi", cos, sin)):
        k, y = Symbol("k", integer=True, positive=True), Symbol("y", positive=True)
        U = Function("U")(k, y)
        objects = (
            Recursion(U, (sp.S.One, 2 * outer(y)), 2 * outer(y) * U - Function("U")(k - 1, y), lambda n, outer=outer, y=y: chebyshevu(n - 1, outer(y))),
        )  # fmt: skip
        claim = Equation("", U, inner(k * y) / inner(y))
        found.append(Induction(f"Chebyshev at {name}", k, (claim,), objects))
    return found


# --- what follows -----------------------------------------------------------------------------------------------------------


def ends_of_the_chain(ends: Ends = one_tau) -> list[Equation]:
    r"""d_k > (k-1) ell + tau for k >= 2: with x = tau/2 > y = ell/2 the difference of
    the two sides' sinh, times sinh y, is positive.

    Args:
        ends: From k to how many ell and how many tau the bound is made of; (k - 1, 1)
            unless a falsehood is put in its place.
    """
    x, y, k = symbols("x y k", real=True)
    ells, taus = ends(k)
    left = sinh(x) * sinh(k * y) - sinh(y) * sinh(taus * x + ells * y)
    return [
        Equation("ends: sinh x sinh ky - sinh y sinh(x + (k-1) y)", left, (cosh(x + (k - 2) * y) - cosh(x - k * y)) / 2),
        # sinh(x - y) > 0 and sinh((k - 1) y) > 0 for x > y > 0, k >= 2
        Equation("ends: as a product", cosh(x + (k - 2) * y) - cosh(x - k * y), 2 * sinh(x - y) * sinh((k - 1) * y)),
    ]  # fmt: skip


def longest_ratio() -> list[Equation | Sign]:
    r"""f(k) = 2 asinh(C sinh ky) with C = sinh(tau/2)/sinh(ell/2) >= 1 is concave with
    f(0) = 0, so k tau / f(k) grows in k, to tau/ell.

    The squared slope is :math:`4 y^2 C^2 (1+w)/(1+C^2 w)` with :math:`w = \sinh^2 ky`,
    and falls in w; below the threshold w is a squared sine.
    """
    y, t = symbols("y t", positive=True)
    more = Symbol("b", nonnegative=True)  # C^2 - 1
    w = Symbol("w", nonnegative=True)
    C = sqrt(1 + more)
    slope = Derivative(2 * asinh(C * sinh(t)), t) ** 2 / 4
    below = Derivative(2 * asinh(C * sin(t)), t) ** 2 / 4
    square = C**2 * (1 + w) / (1 + C**2 * w)
    falling = C**2 * (1 - w) / (1 + C**2 * w)
    rate = C**2 * more
    return [
        Equation("ratio: squared slope", slope, square.subs(w, sinh(t) ** 2)),
        Equation("ratio: it falls in w", Derivative(square, w) * (1 + C**2 * w) ** 2, -rate),
        Equation("ratio: squared slope below the threshold", below, falling.subs(w, sin(t) ** 2)),
        Equation("ratio: it falls in w too", Derivative(falling, w) * (1 + C**2 * w) ** 2, -(C**2) * (1 + C**2)),
        Sign("ratio: C^2 (C^2 - 1)", sp.expand(rate), ">= 0"),
        Equation("ratio: sinh(f(k)/2) e^{-ky} tends to C/2, so f(k)/k to ell", C * sinh(t * y) * exp(-t * y), C / 2 * (1 - exp(-2 * t * y))),
    ]  # fmt: skip


def threshold(angle: Callable[[Any], Any] = lambda delta: sp.pi / delta) -> list[Equation]:
    r"""zeta = 1 at :math:`\tau_c = 2\operatorname{arcosh}(1/\sin\frac\pi\Delta) =
    -2\log\tan\frac{\pi}{2\Delta}`; log 3 for Delta = 3, 2 log(1 + sqrt 2) for 4.

    Args:
        angle: Half the angle between neighbouring edges of a vertex of degree Delta.
    """
    half = Symbol("beta", positive=True)  # pi/Delta, at most pi/3
    acute = (half < sp.pi / 2,)
    critical = -2 * log(tan(half / 2))
    three, four = (angle(sp.Integer(delta)) for delta in (3, 4))
    return [
        Equation("threshold: cosh(tau_c/2) sin(pi/Delta) = 1", (exp(critical / 2) + exp(-critical / 2)) / 2 * sin(half), 1, acute),
        Equation("threshold: Delta = 3 and 4", Matrix([tan(three / 2) ** (-2), tan(four / 2) ** (-2)]), Matrix([3, (1 + sqrt(2)) ** 2])),
    ]  # fmt: skip


def rules_for_tau() -> list[Equation]:
    r"""The additive defect delta = tau - ell falls in tau, to
    :math:`-2\log\sin\frac\theta2`; so tau/ell falls from infinity to 1."""
    x = Symbol("x", positive=True)  # tau/2
    s = sin(THETA / 2)
    half = acosh(s * cosh(x))
    return [
        Equation("defect: squared slope of ell/2", Derivative(half, x) ** 2, (s * sinh(x)) ** 2 / ((s * cosh(x)) ** 2 - 1), (s * cosh(x) > 1, sp.pi > THETA)),
        # (s sinh x)^2 >= s^2 cosh^2 x - 1: the slope is not positive
        Equation("defect: and its sign", (s * sinh(x)) ** 2 - (s**2 * cosh(x) ** 2 - 1), cos(THETA / 2) ** 2),
        Equation("defect: 2 cosh(ell/2) e^{-tau/2} tends to s", 2 * s * cosh(x) * exp(-x), s * (1 + exp(-2 * x))),
    ]  # fmt: skip
