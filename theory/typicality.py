r"""Typical sets and typicality, exactly: moments of sums, Chebyshev, volumes, the exponential-power family, and maps.

With :math:`H = -\mathrm E \log p` the *typicality* of a point is :math:`T = H + \log p(x)`, whose mean is zero. Laws of every dimension are
built coordinate by coordinate: what a coordinate adds to T is all that has to be known about it.

The exponential-power law :math:`p(z) \propto e^{-|z/s|^{1/a}}` has :math:`T = a - u` with :math:`u = |z/s|^{1/a}` of gamma law a. It is the normal law for
a = 1/2, Laplace's for a = 1; one half of it is the exponential law; the uniform law is its limit for a -> 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy as sp

from theory.densities import Fibre

Moments = Callable[[int], sp.Expr]  # k -> E z^k, with E z^0 = 1


def expectation(polynomial: sp.Expr, moments: Mapping[sp.Symbol, Moments]) -> sp.Expr:
    r"""E of a polynomial in independent variables: monomial by monomial, :math:`\mathrm E\, z^j w^k = \mathrm E z^j\, \mathrm E w^k`.

    Args:
        polynomial: In the keys of ``moments``; other symbols are constants.
        moments: For each variable its moments.

    >>> z, m = sp.Symbol("z"), sp.Symbol("m")
    >>> expectation((z - m) ** 2, {z: lambda k: [1, m, 5 + m**2][k]})
    5
    """
    variables = list(moments)
    total = sp.S.Zero
    for powers, coefficient in sp.Poly(sp.expand(polynomial), *variables).terms():
        total += coefficient * sp.Mul(*(moments[z](k) for z, k in zip(variables, powers, strict=True)))
    return sp.expand(total)


def centred(variance: sp.Expr) -> Moments:
    """The first moments of a variable of mean zero."""
    return lambda k: (sp.S.One, sp.S.Zero, variance)[k]


def variance_of_sum(*variances: sp.Expr) -> sp.Expr:
    """E (z_1 + .. + z_n)^2 of independent variables of mean zero, from the expanded square."""
    variables = [sp.Dummy(f"z{k}") for k in range(len(variances))]
    return expectation(sp.Add(*variables) ** 2, {z: centred(v) for z, v in zip(variables, variances, strict=True)})


def chebyshev_excess(width: sp.Expr, beyond: sp.Expr) -> sp.Expr:
    r""":math:`y^2/\epsilon^2 - 1` at a point :math:`|y| = \epsilon + u` outside the interval: what Chebyshev's inequality gives away there."""
    return sp.expand(((width + beyond) ** 2 - width**2) / width**2)


def likelihood(typicality: sp.Expr, entropy: sp.Expr, length: sp.Expr) -> sp.Expr:
    r""":math:`p(x_1) \cdots p(x_N) = e^{N(T - H)}`, for T the typicality of the sequence."""
    return sp.exp(length * (typicality - entropy))


# -- the exponential-power family -----------------------------------------------------------------------------------------


def gamma_moments(shape: sp.Expr) -> Moments:
    r"""E u^k of the gamma law, :math:`a(a+1)\cdots(a+k-1)`, by the recurrence that :func:`gamma_recurrence` states."""

    def moment(k: int) -> sp.Expr:
        return sp.Mul(*(shape + j for j in range(k)))

    return moment


def gamma_recurrence(shape: sp.Expr, power: sp.Expr, at: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    r"""Both sides of :math:`\frac{d}{du}\bigl[u^{a+k} e^{-u}\bigr] = (a+k)\,u^{a+k-1}e^{-u} - u^{a+k}e^{-u}`.

    Integrated over (0, oo), where the bracket vanishes at both ends, it says :math:`M_{k+1} = (a+k) M_k` for the moments of :math:`u^{a-1}e^{-u}`.
    """
    bracket = at ** (shape + power) * sp.exp(-at)
    parts = (shape + power) * at ** (shape + power - 1) * sp.exp(-at) - at ** (shape + power) * sp.exp(-at)
    return sp.diff(bracket, at), parts


def radial_density(shape: sp.Expr, scale: sp.Expr, at: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    r"""The exponential-power law in u: :math:`e^{-(z/s)^{1/a}}\,dz` at :math:`z = s\,u^a`, and :math:`s\,a\,u^{a-1}e^{-u}\,du`."""
    place = scale * at**shape
    exponent = sp.powdenest((place / scale) ** (1 / shape), force=True)
    return sp.exp(-exponent) * sp.diff(place, at), scale * shape * at ** (shape - 1) * sp.exp(-at)


def log_power_density(z: sp.Expr, shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    r""":math:`-\,(z/s)^{1/a} - \log\bigl(2 s\,\Gamma(1+a)\bigr)` for z >= 0: the exponential-power law."""
    return -((z / scale) ** (1 / shape)) - sp.log(2 * scale * sp.gamma(1 + shape))


def power_entropy(shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    r"""Its differential entropy, :math:`a + \log\bigl(2 s\,\Gamma(1+a)\bigr)` nats."""
    return shape + sp.log(2 * scale * sp.gamma(1 + shape))


def log_normal_density(x: sp.Expr, mean: sp.Expr, deviation: sp.Expr) -> sp.Expr:
    """The normal law's log density."""
    return -(((x - mean) / deviation) ** 2) / 2 - sp.log(deviation) - sp.log(2 * sp.pi) / 2


def normal_entropy(deviation: sp.Expr) -> sp.Expr:
    r""":math:`\tfrac12 \log(2\pi e\,\sigma^2)` nats; negative for :math:`\sigma < (2\pi e)^{-1/2}`."""
    return sp.log(2 * sp.pi * sp.E) / 2 + sp.log(deviation)


# -- under maps ------------------------------------------------------------------------------------------------------------


def entropy_balance(
    log_density: sp.Expr, fibre: Fibre, log_volume: sp.Expr, *, others: sp.Expr = sp.S.One
) -> tuple[sp.Expr, sp.Expr]:
    r"""Rates at which the entropy of an image and the mean of :math:`\log|J| - \log p` grow with an interval's upper end.

    .. math:: \frac{d}{dt}\Bigl[-\text{others}\int_{f(c)}^{f(t)} q \log q\,dy\Bigr] \quad\text{and}\quad
        \frac{d}{dt}\int_c^t p\,(\log|J| - \log p)\,d\tau

    The density q of the image enters through its mass balance, :math:`q(f(t)) = p(t) / (\text{others}\cdot|f'(t)|)`, alone. Equal rates at every t say that the
    entropy of the image is that of the law plus the mean of log|J|, over every interval.

    Args:
        log_density: log p as an expression in ``fibre.at``. fibre: The map and the point.
        log_volume: log|J| at the point, as the claim has it.
        others: Volume factor of the other coordinates.
    """
    t, start, y, q = fibre.at, sp.Dummy("c", real=True), sp.Dummy("y", real=True), sp.Function("q", positive=True)
    ends = (fibre.image.subs(t, start), fibre.image)
    low, high = ends if fibre.orientation == 1 else ends[::-1]
    here = sp.Symbol("q_here", positive=True)
    grown = sp.diff(-others * sp.Integral(q(y) * sp.log(q(y)), (y, low, high)), t).subs(q(fibre.image), here)
    density = sp.exp(log_density).subs(t, fibre.point)
    left = sp.expand(grown).subs(t, fibre.point).subs(here, density / (others * fibre.slope))
    left = sp.expand_log(left, force=True)  # p, the slope and the others' volume factor are positive
    right = density * (log_volume - log_density.subs(t, fibre.point))
    return left, right


def moved(entropy: sp.Expr, mean_log_volume: sp.Expr, log_density: sp.Expr, log_volume: sp.Expr) -> sp.Expr:
    """H_f + log p_f(f(x)), with H_f = H + E log|J| and log p_f = log p - log|J|."""
    return (entropy + mean_log_volume) + (log_density - log_volume)


def survivor_product(change: sp.Expr, survivors: Sequence[sp.Expr]) -> sp.Expr:
    """The product of (change - s) over the values s of log|J| - E log|J| at which a statistic is said to survive: zero there and nowhere else."""
    return sp.Mul(*(change - value for value in survivors))


def truncated_mean(antiderivative: sp.Expr, at: sp.Symbol, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """The mean of log|J| gathered between two points, from an antiderivative of p log|J|."""
    return antiderivative.subs(at, high) - antiderivative.subs(at, low)
