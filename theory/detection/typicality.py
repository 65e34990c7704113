r"""Typicality under bijections, exactly: entropies of images, the rule by which T
moves, and where T or its size survive.

With :math:`H = -\mathrm E \log p` the typicality of a point is :math:`T = H + \log
p(x)`; under a bijection f of log volume factor log|J| the image has
:math:`\log p_f = \log p - \log|J|` and :math:`H_f = H + \mathrm E\log|J|`. Expectations
are those of distributions on three values, which determine any identity that is linear
in p.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import sympy as sp

from theory.distributions.pushforward import Fibre, saturate
from theory.proof.statements import Equation, Induction, Recursion

__all__ = [
    "CAUCHY_TAILS", "SOUND_TAILS", "affine", "entropy_balance", "entropy_of_the_image", "integrability", "special_maps", "survival", "survival_of_a_chart", "the_rule",
]  # fmt: skip

Rule = Callable[[Any, Any, Any], Any]  # from (T, log|J|, E log|J|) to T_f
Survivors = Callable[
    [Any], tuple[Any, ...]
]  # from T to the values of log|J| - E log|J| at which |T| is said to survive

X, Y, W = (sp.Symbol(name, real=True) for name in "xyw")
H, M = sp.symbols("H m", real=True)
T, R, SLOPE, SHIFT = (
    sp.Symbol("t", real=True),
    sp.Symbol("R", positive=True),
    sp.Symbol("a", positive=True),
    sp.Symbol("b", real=True),
)
LOG_P, LOG_S, LOG_SLOPE = (sp.Function(name, real=True) for name in ("lambda", "sigma", "rho"))
BLOCK = sp.Function("Delta", positive=True)  # |det| of the smaller block
D = sp.Symbol("D", integer=True, positive=True)


# -- the rule -------------------------------------------------------------------------------------------------------------


def _three() -> tuple[list[sp.Expr], list[sp.Symbol], list[sp.Symbol]]:
    """Masses of three values, with log p and log|J| at each."""
    weights = sp.symbols("omega_1:4", positive=True)
    masses = [w / sum(weights) for w in weights]
    return masses, list(sp.symbols("lambda_1:4", real=True)), list(sp.symbols("j_1:4", real=True))


def _mean(masses: Sequence[sp.Expr], values: Sequence[sp.Expr]) -> sp.Expr:
    return sp.Add(*(m * v for m, v in zip(masses, values, strict=True)))


def the_rule(rule: Rule) -> list[Equation]:
    """T_f from the entropy and the density of the image, against the rule; and how far
    it moves in the mean square: Var(log|J|)."""
    masses, log_p, change = _three()
    image = [p - j for p, j in zip(log_p, change, strict=True)]
    before, after = ([-_mean(masses, logs) + log for log in logs] for logs in (log_p, image))
    moved = _mean(masses, [(a - b) ** 2 for a, b in zip(after, before, strict=True)])
    variance = _mean(masses, [j**2 for j in change]) - _mean(masses, change) ** 2
    return [
        Equation("T_f = T - (log|J| - E log|J|)", after[0], rule(before[0], change[0], _mean(masses, change))),
        Equation("E (T_f - T)^2 = Var(log|J|)", moved, variance),
        Equation(
            "T - T_f is log|J| less its mean, 0 exactly where that is",
            before[0] - after[0],
            change[0] - _mean(masses, change),
        ),
    ]


def survival(survivors: Survivors) -> list[Equation]:
    """T_f^2 - T^2 as a product over the survivors: |T| survives there and nowhere
    else."""
    masses, log_p, change = _three()
    before = log_p[0] - _mean(masses, log_p)
    after = before - (change[0] - _mean(masses, change))
    excess = change[0] - _mean(masses, change)
    claimed = sp.Mul(*(excess - value for value in survivors(before)))
    return [Equation("|T_f| = |T| at x iff log|J| - E log|J| is 0 or 2T there", after**2 - before**2, claimed)]


def affine(at: sp.Expr) -> sp.Expr:
    """a x + b."""
    return SLOPE * at + SHIFT


def survival_of_a_chart(rule: Rule, chart: Callable[[sp.Expr], sp.Expr]) -> Equation:
    """T_f - T is the same at any two points, as it must be to vanish at both: the mean
    of log|J| drops out."""

    def change(at: sp.Symbol) -> sp.Expr:
        return rule(H + LOG_P(at), sp.log(sp.Derivative(chart(at), at)), M) - (H + LOG_P(at))

    return Equation("T survives the chart", change(X), change(Y))


def special_maps(rule: Rule) -> list[Equation]:
    """Score reversal, any score, and Knothe-Rosenblatt: volume factors from the maps'
    own construction, undefined p and s."""
    typical, log_p, log_s = H + LOG_P(X, W), LOG_P(X, W), LOG_S(X, W)
    base, mean_score = sp.Function("c", real=True)(W), sp.Symbol("e", real=True)  # E log s

    def slope(log_score: sp.Expr) -> sp.Expr:
        """log of the derivative of int_c^x p/s, the first coordinate of the map that
        realises a score."""
        first = sp.Integral(sp.exp((log_p - log_score).subs(X, T)), (T, base, X))
        return sp.log(sp.Derivative(first, X))

    conditional = sp.Integral(sp.exp(LOG_S(W, T)), (T, base, X))  # its slope is a conditional density
    joint = sp.log(BLOCK(D) * sp.exp(LOG_S(W, X)))  # p of D + 1 coordinates is that of D times the conditional
    volume = sp.log(BLOCK(D)) + sp.log(sp.Derivative(conditional, X))
    return [
        Equation("reversal has log|J| = 2 log p, so that its mean is -2H", slope(-log_p), 2 * log_p),
        Equation("under reversal T_f = -T", rule(typical, slope(-log_p), -2 * H), -typical),
        Equation(
            "under the map of a score s, T_f = log s - E log s",
            rule(typical, slope(log_s), -H - mean_score),
            log_s - mean_score,
        ),
        Equation("under Knothe-Rosenblatt T_f = 0", rule(H + joint, volume, -H), 0),
    ]


# -- integrability --------------------------------------------------------------------------------------------------------

Tails = tuple[tuple[str, sp.Expr, sp.Expr, sp.Expr, sp.Expr], ...]
# log|J| has a finite mean where what it gathers beyond R tends to 0: p log|J| for large t, an antiderivative, and an interval
SOUND_TAILS: Tails = (
    ("Laplace under sinh, log cosh t = t - log 2 + ..", T * sp.exp(-T) / 2, -(T + 1) * sp.exp(-T) / 2, R, 2 * R),
)
CAUCHY_TAILS: Tails = (("Cauchy under sinh", T / (sp.pi * (1 + T**2)), sp.log(1 + T**2) / (2 * sp.pi), R, 2 * R),)


def integrability(tails: Tails) -> list[Equation]:
    """The mean of log|J| over an interval that runs to infinity tends to 0; otherwise E
    log|J| is infinite."""
    found = []
    for name, integrand, antiderivative, low, high in tails:
        gathered = antiderivative.subs(T, high) - antiderivative.subs(T, low)
        found += [
            Equation(f"antiderivative: {name}", sp.Derivative(antiderivative, T), integrand),
            Equation(f"log|J| is integrable: {name}", sp.Limit(saturate(gathered), R, sp.oo), 0),
        ]
    return found


# -- entropies ------------------------------------------------------------------------------------------------------------


def entropy_balance(
    log_density: sp.Expr, fibre: Fibre, log_volume: sp.Expr, *, others: sp.Expr = sp.S.One
) -> tuple[sp.Expr, sp.Expr]:
    r"""Rates at which the entropy of an image and the mean of :math:`\log|J| - \log p`
    grow with an interval's upper end.

    .. math:: \frac{d}{dt}\Bigl[-\text{others}\int_{f(c)}^{f(t)} q \log q\,dy\Bigr] \quad\text{and}\quad
        \frac{d}{dt}\int_c^t p\,(\log|J| - \log p)\,d\tau

    The density q of the image enters through its mass balance, :math:`q(f(t)) = p(t) /
    (\text{others}\cdot|f'(t)|)`, alone. Equal rates at every t say that the entropy of
    the image is that of the distribution plus the mean of log|J|, over every interval.

    Args:
        log_density: log p as an expression in ``fibre.at``. fibre: The map and the
            point.
        log_volume: log|J| at the point, as the claim has it. others: Volume factor of
            the other coordinates.
    """
    t, start, y, q = fibre.at, sp.Dummy("c", real=True), sp.Dummy("y", real=True), sp.Function("q", positive=True)
    ends = (fibre.image.subs(t, start), fibre.image)
    low, high = ends if fibre.orientation == 1 else ends[::-1]
    here = sp.Symbol("q_here", positive=True)
    grown = sp.diff(-others * sp.Integral(q(y) * sp.log(q(y)), (y, low, high)), t).subs(q(fibre.image), here)
    density = sp.exp(log_density).subs(t, fibre.point)
    left = sp.expand(grown).subs(t, fibre.point).subs(here, density / (others * fibre.slope))
    return left, density * (log_volume - log_density.subs(t, fibre.point))


ENTROPY, IMAGE_ENTROPY, MEAN_VOLUME = sp.Function("H"), sp.Function("K"), sp.Function("L")
SPACING, STRETCH = sp.Function("kappa", real=True), sp.Function("eta", real=True)


THETA = sp.Symbol("theta", positive=True)


def _chain_rule() -> Induction:
    r"""H_f = H + E log|J| in every D: the chain rule of entropy, coordinate by
    coordinate of a triangular map.

    Given the earlier ones, coordinate j is uniform on each of two cells, of masses
    theta and 1 - theta and densities
    :math:`e^{-\kappa(j, i)}`, and the map has the slope :math:`e^{\eta(j, i)}` on them.
    In small dimensions the entropy of the image is that of a density on :math:`2^D`
    boxes, written out.
    """
    masses = {1: THETA, 2: 1 - THETA}

    def mean(value: Callable[[sp.Expr, int], sp.Expr], j: sp.Expr) -> sp.Expr:
        return sp.Add(*(mass * value(j, i) for i, mass in masses.items()))

    def of(value: Callable[[sp.Expr, int], sp.Expr], head: sp.Expr) -> Recursion:
        def explicit(k: int) -> sp.Expr:
            """-E log of the density e^-(value), box by box."""
            total = sp.S.Zero
            for box in product(masses, repeat=k):
                log_density = sp.log(sp.exp(-sp.Add(*(value(sp.Integer(j), i) for j, i in enumerate(box, start=1)))))
                total -= sp.Mul(*(masses[i] for i in box)) * log_density
            return total

        return Recursion(head(D), (mean(value, sp.S.One),), head(D) + mean(value, D + 1), explicit)

    objects = (
        of(lambda j, i: SPACING(j, i) + STRETCH(j, i), IMAGE_ENTROPY), of(SPACING, ENTROPY), of(STRETCH, MEAN_VOLUME),
    )  # fmt: skip
    claim = Equation("H_f = H + E log|J|", IMAGE_ENTROPY(D), ENTROPY(D) + MEAN_VOLUME(D))
    return Induction("entropy of the image", D, (claim,), objects)


def entropy_of_the_image() -> list[Equation | Induction]:
    """On a line, for an increasing and a decreasing map; for a coordinate added to a
    map of volume factor Delta; and in every D."""
    rising = sp.Integral(sp.exp(LOG_SLOPE(T)), (T, 0, X))  # any increasing differentiable function, up to a constant
    fibre_map = sp.Integral(sp.exp(LOG_SLOPE(W, T)), (T, 0, X))
    found: list[Equation | Induction] = []
    for sign, word in ((1, "increasing"), (-1, "decreasing")):
        fibre = Fibre(sign * rising, X, X, sign)
        found.append(Equation(f"entropy of intervals, {word} f", *entropy_balance(LOG_P(X), fibre, LOG_SLOPE(X))))
    fibre = Fibre(fibre_map, X, X)
    sides = entropy_balance(LOG_P(W, X), fibre, sp.log(BLOCK(D)) + LOG_SLOPE(W, X), others=BLOCK(D))
    return [*found, Equation("entropy along a fibre, beside a block of volume factor Delta", *sides), _chain_rule()]
