r"""Charts of hyperbolic n-space, exactly: the metric and the volume element in each,
the way there and back, and normal coordinates.

Every identity enters through scalars (:mod:`theory.hyperbolic.models`): for a curve
x(s) in a chart these are :math:`|x|^2` as a function of s, whose derivative is
:math:`2\langle x, x'\rangle`, and :math:`|x'|^2`. So each holds in every dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import sympy as sp
from sympy import Derivative, Expr, Function, Symbol, cosh, sinh, sqrt, symbols

from theory.hyperbolic.exponential_map import volume_element
from theory.hyperbolic.models import Gram, ball_cosh, ball_gram, lorentz_cosh, pair
from theory.proof.statements import Equation

__all__ = [
    "Reading", "area_of_the_triangle", "ball_metric", "charts_agree", "distances_by_balls", "klein_half_angle", "metrics_agree", "normal_coordinates_agree",
    "there_and_back",
    "volume_elements_agree",
]  # fmt: skip

Reading = Callable[[Gram], Expr]
Metric = Callable[[Expr, Expr, Expr], Expr]  # (|x|^2, <x, x'>, |x'|^2) -> squared length of the velocity

S = Symbol("s", real=True)
SQUARE = Symbol("V", positive=True)  # |x'|^2
U = Function("U", positive=True)(S)  # |x|^2


# --- metrics ---------------------------------------------------------------------------------------------------------------


def ball_metric(square: Expr, along: Expr, speed: Expr) -> Expr:
    r""":math:`4|x'|^2/(1-|x|^2)^2`."""
    del along
    return 4 * speed / (1 - square) ** 2


def klein_metric(square: Expr, along: Expr, speed: Expr) -> Expr:
    r""":math:`|k'|^2/(1-|k|^2) + \langle k,k'\rangle^2/(1-|k|^2)^2`."""
    return speed / (1 - square) + along**2 / (1 - square) ** 2


def _lorentz_speed(factor: Expr, time: Expr) -> Expr:
    """-t'^2 + |xi'|^2 of xi = factor(|x|^2) x, by bilinearity."""
    change, along = Derivative(factor, S), Derivative(U, S) / 2
    return change**2 * U + 2 * factor * change * along + factor**2 * SQUARE - Derivative(time, S) ** 2


def metrics_agree(ball: Metric = ball_metric) -> list[Equation]:
    """The metrics of both balls and of the half-space are the hyperboloid's, along
    every curve."""
    along = Derivative(U, S) / 2
    height, rest = (Function(name, positive=True)(S) for name in ("h", "W"))  # u_n and |u_perp|^2
    velocity = Symbol("P", positive=True)  # |u_perp'|^2
    time = (1 + rest + height**2) / (2 * height)
    vertical = (1 - rest - height**2) / (2 * height)
    change = Derivative(1 / height, S)
    across = change**2 * rest + change / height * Derivative(rest, S) + velocity / height**2
    return [
        Equation("ball metric", _lorentz_speed(2 / (1 - U), (1 + U) / (1 - U)), ball(U, along, SQUARE)),
        Equation("Klein metric", _lorentz_speed(1 / sqrt(1 - U), 1 / sqrt(1 - U)), klein_metric(U, along, SQUARE), (U < 1,)),
        Equation("half-space metric", across + Derivative(vertical, S) ** 2 - Derivative(time, S) ** 2, (velocity + Derivative(height, S) ** 2) / height**2),
    ]  # fmt: skip


def volume_elements_agree() -> list[Equation]:
    r"""Volume elements from the metrics, each of the form :math:`aI + b\,uu^T`, for
    every n.

    On the sheet, per unit of :math:`\xi`: the metric is :math:`I - \xi\xi^T/t^2`. In
    the ball b = 0, in the Klein ball :math:`a = 1/(1-|k|^2)`, b its square.
    """
    n = Symbol("n", integer=True, positive=True)
    v, room = symbols("v w", positive=True)  # |xi|^2; 1 - |x|^2 of a point of either ball
    return [
        Equation("volume per unit of xi is 1/t", volume_element(n, sp.Integer(1), -1 / (1 + v), v), 1 / sqrt(1 + v)),
        Equation("volume in the ball", volume_element(n, 4 / room**2, sp.Integer(0), 1 - room), (2 / room) ** n),
        Equation("volume in the Klein ball", volume_element(n, 1 / room, 1 / room**2, 1 - room), room ** (-(n + 1) / 2)),
    ]  # fmt: skip


# --- distances and coordinates ---------------------------------------------------------------------------------------------


def charts_agree(reading: Reading = ball_cosh) -> Equation:
    """The Poincaré ball's distance is the hyperboloid's, in every dimension;
    ``reading`` is the ball's formula."""
    t, s, g = pair()
    return Equation("ball = -<X,Y>_L", reading(ball_gram(t, s, g)), lorentz_cosh(t, s, g))


def there_and_back() -> list[Equation]:
    """From each chart to the hyperboloid and back, as scalar factors of the
    coordinates."""
    square, room = symbols("u v", positive=True)  # |x|^2 in the Poincaré ball; 1 - |k|^2 in the Klein ball
    w, h = symbols("W h", positive=True)
    time = (1 + square) / (1 - square)
    sheet = (1 + w + h**2) / (2 * h)
    vertical = (1 - w - h**2) / (2 * h)
    return [
        Equation("ball, there and back", 2 / (1 - square) / (1 + time), sp.Integer(1)),
        Equation("the ball's lift lies on the sheet", time**2, 1 + (2 / (1 - square)) ** 2 * square),
        Equation("Klein: the lift k/sqrt(1 - |k|^2) lies on the sheet", 1 / room, 1 + (1 - room) / room),
        Equation("the half-space's lift lies on the sheet", sheet**2, 1 + w / h**2 + vertical**2),
        Equation("half-space, there and back", 1 / (sheet + vertical), h),
    ]


def klein_half_angle() -> Equation:
    """The form without cancellation in which the Klein ball's distance is computed:
    sinh^2 d = cosh^2 d - 1."""
    xx, yy = symbols("xx yy", positive=True)
    xy = Symbol("xy", real=True)
    room = (1 - xx) * (1 - yy)
    across = (xx - 2 * xy + yy) * (1 - xx) + (xx - xy) ** 2
    return Equation("Klein: sinh^2 d = cosh^2 d - 1", across / room, (1 - xy) ** 2 / room - 1)


# --- normal coordinates ----------------------------------------------------------------------------------------------------


class _Triangle:
    r"""The triangle (o, x, y) with sides a, b at o and the angle :math:`\gamma`
    between, as rational functions of three symbols.

    ``A`` is tanh(a/2), ``B`` tanh(b/2) and ``G`` tan(gamma/2): :math:`\sinh a =
    2A/(1-A^2)`, :math:`\sinh^2\frac{a-b}2 = (A-B)^2/((1-A^2)(1-B^2))`, and so on.
    """

    def __init__(self) -> None:
        A, B = symbols("A B", positive=True)
        G = Symbol("G", real=True)
        self.A, self.B, self.G = A, B, G
        self.sinh_a, self.cosh_a = 2 * A / (1 - A**2), (1 + A**2) / (1 - A**2)
        self.sinh_b, self.cosh_b = 2 * B / (1 - B**2), (1 + B**2) / (1 - B**2)
        self.sin, self.cos = 2 * G / (1 + G**2), (1 - G**2) / (1 + G**2)
        self.half_square = G**2 / (1 + G**2)  # sin^2(gamma/2)
        self.half_gap = (A - B) ** 2 / ((1 - A**2) * (1 - B**2))  # sinh^2((a-b)/2)
        self.gap = 2 * (A - B) * (1 - A * B) / ((1 - A**2) * (1 - B**2))  # sinh(a-b)

    @property
    def cosh_d(self) -> Expr:
        """From the Lorentz product: spatial parts sinh a, sinh b times directions with
        inner product cos gamma."""
        return lorentz_cosh(self.cosh_a, self.cosh_b, self.sinh_a * self.sinh_b * self.cos)


def normal_coordinates_agree(half: Callable[[Expr], Expr] = lambda half_square: half_square) -> list[Equation]:
    r"""Normal coordinates: side, angle and area of the triangle (o, x, y).

    The angle at x is that between the velocities towards o and towards y; the area is
    the angle by which transport round the triangle turns.

    Args:
        half: From :math:`\sin^2(\gamma/2)` to what stands in its place in the law of
            cosines.
    """
    tri = _Triangle()
    A, B, d_cosh = tri.A, tri.B, tri.cosh_d
    along = tri.gap + 2 * tri.cosh_a * tri.sinh_b * tri.half_square  # sinh d times the cosine of the angle at x
    side = tri.sinh_b * tri.sin  # sinh d times its sine
    # the velocity at X towards Y is (Y - cosh d X)/sinh d, towards o it is (-sinh a, -cosh a e)
    toward = tri.sinh_a * (tri.cosh_b - d_cosh * tri.cosh_a) - tri.cosh_a * (tri.sinh_b * tri.cos - d_cosh * tri.sinh_a)
    rest = (1 - A * B) + 2 * A * B * tri.half_square
    return [
        Equation("law of cosines by half angles", 1 + 2 * (tri.half_gap + tri.sinh_a * tri.sinh_b * half(tri.half_square)), d_cosh),
        Equation("angle at x, cosine", toward, along),
        Equation("angle at x: cosine and sine have length sinh d", along**2 + side**2, d_cosh**2 - 1),
        area_of_the_triangle(),
        Equation("1 - T cos gamma without subtraction", 1 - A * B * tri.cos, rest),
    ]  # fmt: skip


def area_of_the_triangle() -> Equation:
    r"""Half the area has the tangent :math:`T\sin\gamma/(1 - T\cos\gamma)`, :math:`T =
    \tanh\frac a2\tanh\frac b2`: the area is :math:`\pi` minus the angles.

    Sines and cosines of the angles at x and y times sinh d, as in
    :func:`normal_coordinates_agree`, denominators
    :math:`(1-A^2)(1-B^2)(1+G^2)` multiplied out; with area :math:`\Delta`,
    :math:`\cos\Delta = -\cos(\alpha+\beta+\gamma)` is compared.
    """
    A, B = symbols("A B", positive=True)
    G = Symbol("G", real=True)
    gap = 2 * (A - B) * (1 - A * B) * (1 + G**2)
    at_x, at_y = gap + 4 * B * (1 + A**2) * G**2, 4 * A * (1 + B**2) * G**2 - gap  # cosines
    side, other = 4 * B * (1 - A**2) * G, 4 * A * (1 - B**2) * G  # sines
    above, below = 2 * A * B * G, 1 + G**2 - A * B * (1 - G**2)  # T sin gamma and 1 - T cos gamma
    cosine = (1 - G**2) * (at_x * at_y - side * other) - 2 * G * (side * at_y + at_x * other)
    square = (at_x**2 + side**2) * (1 + G**2)
    return Equation("half the area by its tangent", -cosine * (below**2 + above**2), (below**2 - above**2) * square)


def distances_by_balls(pairs: Sequence[tuple[Sequence[Fraction], Sequence[Fraction]]], radius: Fraction) -> list[float]:
    r"""Distances in normal coordinates by :math:`\cosh d = \cosh a\cosh b - \sinh
    a\sinh b\cos\gamma` in balls, to 17 digits.

    Args:
        pairs: Points with exact coordinates, none of them the origin; bits enough to
            carry their radius are taken.
        radius: R.
    """
    from theory.proof import balls

    found = []
    for x, y in pairs:
        aa, bb, inner = (_inner(*part) / radius**2 for part in ((x, x), (y, y), (x, y)))
        bits = 256 + int(6 * float(max(aa, bb)) ** 0.5)
        a, b = (sp.sqrt(_rational(part)) for part in (aa, bb))
        expression = sp.acosh(cosh(a) * cosh(b) - sinh(a) / a * (sinh(b) / b) * _rational(inner))
        ball = balls.enclose(_rational(radius) * expression, balls.Instantiation({}, {}), bits=bits, cap=4 * bits)
        found.append(float(ball.real.mid()))
    return found


def _inner(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((e * f for e, f in zip(x, y, strict=True)), Fraction(0))


def _rational(value: Fraction) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)
