"""U(1), SU(2) and SO(3) in floating point: matrix coefficients by exponentials of spin
matrices, product quadrature, random elements.

No closed form of a matrix coefficient is used anywhere. ``l`` is the degree in the
entries of the defining matrices (U(1): frequencies -l..l; SU(2): spins j with 2j <= l;
SO(3): whole spins up to l); angles are radians. Coefficients are numbered frequency by
frequency on U(1), elsewhere dimension by dimension and row by row.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.rounding import gamma
from numerics.streams import Stream, tiles

TAYLOR = 14  # degree; with norms at most 1/2 the remainder is below 3e-17
GROUPS = ("U(1)", "SU(2)", "SO(3)")
DERIVATION = (
    "coefficients from exponentials by Taylor and squaring, each within e: products move by 2 e + e^2; "
    "weights within what their enclosures leave; Q products summed within gamma_Q"
)


@dataclass(frozen=True)
class Approximate:
    """Matrices and a bound on their error in the operator norm, one for the whole
    batch."""

    matrices: Tensor
    error: float


@dataclass(frozen=True)
class Gram:
    """Means of c_a conj(c_b) over a rule or a sample: shape ``(k, k)``, and a bound on
    the rounding error of each entry, term by term."""

    means: Tensor
    terms: dict[str, float]
    points: int

    @property
    def bound(self) -> Bound:
        """The terms with their derivation."""
        return Bound(self.terms, DERIVATION)


def dimensions(group: str, l: int) -> tuple[int, ...]:
    """Dimensions of the irreps of degree at most l.

    Raises:
        ValueError: an unknown group, or a negative degree.

    >>> dimensions("SO(3)", 2)
    (1, 3, 5)
    """
    if l < 0 or group not in GROUPS:
        raise ValueError(f"Expected one of {', '.join(GROUPS)} and a degree of at least 0, got {group!r} and {l}.")
    return {"U(1)": (1,) * (2 * l + 1), "SU(2)": tuple(range(1, l + 2)), "SO(3)": tuple(range(1, 2 * l + 2, 2))}[group]


def schur(group: str, l: int, like: Tensor) -> Tensor:
    """What the means have to be: a diagonal with 1/d, d^2 times for each irrep; shape
    ``(k, k)``, dtype and device of ``like`` (any shape).

    >>> schur("SU(2)", 1, torch.zeros(1)).diagonal()
    tensor([1.0000, 0.5000, 0.5000, 0.5000, 0.5000])
    """
    return torch.diag(torch.cat([like.new_full((d * d,), 1.0 / d) for d in dimensions(group, l)]))


def spin_matrices(d: int, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float64) -> Tensor:
    """J_x, J_y, J_z in dimension d, complex, shape ``(3, d, d)``, weights descending.

    Every entry is within two units of roundoff of the true one.

    >>> spin_matrices(2).shape
    torch.Size([3, 2, 2])
    """
    j = (d - 1) / 2
    m = torch.arange(d, dtype=dtype, device=device).neg() + j
    raising = torch.diag(((j - m[1:]) * (j + m[1:] + 1)).sqrt(), 1)
    jx, jy = (raising + raising.T) / 2, (raising - raising.T) / 2
    return torch.stack([torch.complex(jx, 0 * jx), torch.complex(0 * jy, -jy), torch.complex(torch.diag(m), 0 * jx)])


def exponential(generators: Tensor, norm: float, input_error: float) -> Approximate:
    """exp(A) of skew-Hermitian matrices, by scaling, Taylor's series and squaring.

    Args:
        generators: A, complex, shape ``(*, d, d)``.
        norm: A bound on the operator norm of A.
        input_error: A bound on how far A is from the matrix meant, which carries over
            unamplified: exponentials of skew-Hermitian matrices are as far apart, at
            most, as the matrices.
    Accuracy:
        Horner's steps each add gamma_(d+4) |A|_F |T|_F <= gamma_(d+4) e d / 2 and are
        damped by the factors that follow; a squaring doubles the error and adds gamma_d
        |X|_F^2 (Higham 2008, section 10.3, with unitary X).

    >>> round(exponential(torch.tensor([[1j * math.pi]]), math.pi, 0.0).matrices.real.item(), 5)  # Euler
    -1.0
    """
    d = generators.shape[-1]
    squarings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0 else 0
    scaled = generators / 2.0**squarings
    eye = torch.eye(d, dtype=generators.dtype, device=generators.device)
    sums = eye.expand_as(scaled)
    for k in range(TAYLOR, 0, -1):
        sums = eye + scaled @ sums / k
    error = math.e**2 * gamma(d + 4, generators) * d + 2 * math.sqrt(d) * 0.5 ** (TAYLOR + 1) / math.factorial(
        TAYLOR + 1
    )
    for _ in range(squarings):
        sums = sums @ sums
        error = 2 * error + error**2 + gamma(d, generators) * (math.sqrt(d) + error) ** 2
    return Approximate(sums, error + input_error)


def rotations_about_y(d: int, beta: Tensor, beta_error: float) -> Approximate:
    """exp(-i beta J_y), shape ``(*, d, d)``; ``beta_error`` bounds the error of the
    angles, in radians.

    Args:
        beta: Radians, shape ``(*,)``.

    >>> rotations_about_y(2, torch.tensor([math.pi], dtype=torch.float64), 0.0).matrices.real.round(decimals=12).abs()
    tensor([[[0., 1.],
             [1., 0.]]], dtype=torch.float64)
    """
    J = spin_matrices(d, device=beta.device, dtype=beta.dtype)[1]
    j, largest = (d - 1) / 2, float(beta.abs().max()) if beta.numel() else 0.0
    u = torch.finfo(beta.dtype).eps / 2
    return exponential(-1j * beta[..., None, None] * J, j * largest, j * (4 * math.sqrt(d) * u * largest + beta_error))


def rotations_of_quaternions(d: int, quaternions: Tensor) -> Approximate:
    """exp(-i phi n.J) of the unit quaternions cos(phi/2) + sin(phi/2) n, shape ``(N, d,
    d)``.

    The quaternions are taken as they are: an error there moves the random element, not
    the function at it.

    Args:
        quaternions: Shape ``(N, 4)``.

    >>> rotations_of_quaternions(2, torch.tensor([[-1.0, 0.0, 0.0, 0.0]]).double()).matrices.real.round(decimals=12).abs()
    tensor([[[1., 0.],
             [0., 1.]]], dtype=torch.float64)
    """
    J = spin_matrices(d, device=quaternions.device, dtype=quaternions.dtype)
    size = torch.linalg.vector_norm(quaternions[:, 1:], dim=1)
    phi = 2 * torch.atan2(size, quaternions[:, 0])
    axis = quaternions[:, 1:] / size.clamp_min(torch.finfo(size.dtype).tiny)[:, None]
    generators = torch.einsum("na,aij->nij", (-1j * phi[:, None] * axis).to(J.dtype), J)
    u = torch.finfo(quaternions.dtype).eps / 2
    j = (d - 1) / 2
    return exponential(generators, 1.001 * 2 * math.pi * j, 24 * u * 2 * math.pi * j * math.sqrt(3 * d))


# -- quadrature --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GaussLegendre:
    """Nodes in (-1, 1), weights that sum to 2, and how far each may be from the true
    one."""

    nodes: tuple[float, ...]
    weights: tuple[float, ...]
    node_errors: tuple[float, ...]
    weight_errors: tuple[float, ...]


@functools.cache
def gauss_legendre(n: int) -> GaussLegendre:
    """The n-point rule from LAPACK's eigenvalues, its errors bounded in rational
    arithmetic.

    P_n is evaluated exactly on both sides of each node: a change of sign encloses the
    root. The weight 2 (1-x^2)/(n P_(n-1))^2 at the node is exact too; along the
    enclosure its logarithm has slope -2 (n+1) x/(1-x^2), and twice that is allowed.

    Raises:
        ArithmeticError: no change of sign within 1e-12, so that the nodes are wrong.

    >>> [round(weight, 12) for weight in gauss_legendre(2).weights]
    [1.0, 1.0]
    """
    nodes, weights = np.polynomial.legendre.leggauss(n)
    radii, errors = [], []
    for x, w in zip(nodes.tolist(), weights.tolist(), strict=True):
        radius = Fraction(1, 2**52)
        while _legendre(n, Fraction(x) - radius)[0] * _legendre(n, Fraction(x) + radius)[0] > 0:
            radius *= 2
            if radius > Fraction(1, 10**12):
                raise ArithmeticError(f"The node {x} of the {n}-point rule is no root of P_{n} within 1e-12.")
        exact = 2 * (1 - Fraction(x) ** 2) / (n * _legendre(n, Fraction(x))[1]) ** 2
        slope = 2 * (n + 1) * abs(Fraction(x)) / (1 - Fraction(x) ** 2)
        radii.append(float(radius))
        errors.append(float(abs(Fraction(w) - exact) + 2 * slope * radius * exact) * (1 + 2.0**-50))
    return GaussLegendre(tuple(nodes.tolist()), tuple(weights.tolist()), tuple(radii), tuple(errors))


def _legendre(n: int, x: Fraction) -> tuple[Fraction, Fraction]:
    """P_n(x) and P_(n-1)(x)."""
    before, here = Fraction(0), Fraction(1)
    for k in range(n):
        before, here = here, ((2 * k + 1) * x * here - k * before) / (k + 1)
    return here, before


Rule = Callable[[str, int], tuple[int, int]]  # (group, l) -> (equally spaced angles, Gauss-Legendre nodes)


def product_rule(group: str, l: int) -> tuple[int, int]:
    """Sizes exact on products of two coefficients of degree l: 2l + 1 angles (over 4 pi
    for SU(2)), nodes exact to their degree in cos beta.

    >>> product_rule("SO(3)", 2)
    (5, 3)
    """
    return 2 * l + 1, {"U(1)": 1, "SU(2)": l // 2 + 1, "SO(3)": l + 1}[group]


def product_means(group: str, l: int, angles: int, nodes: int, stream: Stream) -> Gram:
    """Means of c_a conj(c_b) by the product rule; ``stream`` gives device and dtype
    alone.

    Accuracy: an error e in each coefficient (all at most 1 in size) moves a mean by 2 e
    + e^2, errors of the weights by their sum, and summing Q products by gamma_Q.

    >>> means = product_means("U(1)", 1, 3, 1, Stream(1)).means
    >>> bool((means - torch.eye(3)).abs().max() < 1e-14)
    True
    """
    if group == "U(1)":
        return _circle_means(l, angles, stream)
    rule = gauss_legendre(nodes)
    x = torch.tensor(rule.nodes, dtype=stream.dtype, device=stream.device)
    w = torch.tensor(rule.weights, dtype=stream.dtype, device=stream.device) / (2 * angles**2)
    u = torch.finfo(stream.dtype).eps / 2
    beta_error = (
        max(r / math.sqrt(1 - y * y) for y, r in zip(rule.nodes, rule.node_errors, strict=True)) * 2 + 8 * math.pi * u
    )
    period = 4 * math.pi if group == "SU(2)" else 2 * math.pi
    angle = torch.arange(angles, dtype=stream.dtype, device=stream.device) * (period / angles)
    blocks, worst = [], 0.0
    for d in dimensions(group, l):
        rotated = rotations_about_y(d, x.arccos(), beta_error)
        m = (d - 1) / 2 - torch.arange(d, dtype=stream.dtype, device=stream.device)
        phases = torch.polar(
            torch.ones((), dtype=stream.dtype, device=stream.device), -angle[:, None] * m
        )  # (angles, d)
        full = torch.einsum("am,bmn,cn->abcmn", phases, rotated.matrices, phases)
        worst = max(worst, rotated.error + 2 * (d * period * 3 + 4) * u + 8 * u)
        blocks.append(full.reshape(-1, d * d))
    values = torch.cat(blocks, 1)
    weights = w.repeat(angles).repeat_interleave(angles)[:, None]
    means = values.T @ (weights * values.conj())
    terms = {
        "coefficients": 2 * worst + worst**2,
        "weights": sum(rule.weight_errors) / 2 + 4 * u,
        "summation": gamma(len(values), means) * (1 + worst) ** 2,
    }
    return Gram(means, terms, len(values))


def orthogonality(group: str, l: int, stream: Stream, *, rule: Rule = product_rule, mass: float = 1.0) -> Measurement:
    """All means of products of two coefficients under a rule, times ``mass``, against
    Schur's orthogonality: ``(k, k)`` residuals.

    >>> bool((orthogonality("SU(2)", 2, Stream(1)).residual < 1e-13).all())
    True
    """
    found = product_means(group, l, *rule(group, l), stream)
    residual = (mass * found.means - schur(group, l, found.means.real)).abs()
    return Measurement(residual, found.bound, found.points)


def _circle_means(l: int, angles: int, stream: Stream) -> Gram:
    angle = torch.arange(angles, dtype=stream.dtype, device=stream.device) * (2 * math.pi / angles)
    values, error = _waves(l, angle)
    means = values.T @ values.conj() / angles
    return Gram(means, {"coefficients": 2 * error + error**2, "summation": gamma(angles + 1, means)}, angles)


def _waves(l: int, angle: Tensor) -> tuple[Tensor, float]:
    """exp(-i n theta) for n = -l..l, and the error that rounding of angles up to 2 pi
    and of the functions leaves."""
    n = torch.arange(-l, l + 1, dtype=angle.dtype, device=angle.device)
    values = torch.polar(torch.ones((), dtype=angle.dtype, device=angle.device), -angle[:, None] * n)
    return values, (l * 2 * math.pi * 4 + 4) * torch.finfo(angle.dtype).eps / 2


# -- random elements ---------------------------------------------------------------------------------------------------

Sampler = Callable[[int, Stream], Tensor]


def haar_quaternions(n: int, stream: Stream) -> Tensor:
    """Unit quaternions of the invariant distribution of SU(2), shape ``(n, 4)``:
    directions of normal vectors in R^4.

    >>> bool(((haar_quaternions(3, Stream(1)).norm(dim=1) - 1).abs() < 1e-15).all())
    True
    """
    draws = stream.normal(n, 4)
    return draws / torch.linalg.vector_norm(draws, dim=1, keepdim=True)


def random_means(
    group: str, l: int, size: int, stream: Stream, *, sampler: Sampler = haar_quaternions, tile: int = 8192
) -> Gram:
    """Sample means of c_a conj(c_b) over ``size`` random elements, in tiles.

    Args:
        group: U(1) takes the angle about the first axis of the sampled element of SU(2)
            (uniform for the invariant distribution).
        l: Degree.
        size: How many elements.
        stream: Randomness, device and dtype.
        sampler: (n, stream) -> unit quaternions, shape ``(n, 4)``.
        tile: Elements at a time.

    >>> means = random_means("SU(2)", 1, 4000, Stream(1)).means
    >>> bool((means - schur("SU(2)", 1, means.real)).abs().max() < 0.1)
    True
    """
    total: Tensor | None = None
    worst = 0.0
    for n in tiles(size, tile):
        quaternions = sampler(n, stream)
        if group == "U(1)":
            values, worst = _waves(l, torch.atan2(quaternions[:, 1], quaternions[:, 0]))
        else:
            blocks = []
            for d in dimensions(group, l):
                turned = rotations_of_quaternions(d, quaternions)
                worst = max(worst, turned.error)
                blocks.append(turned.matrices.reshape(n, d * d))
            values = torch.cat(blocks, 1)
        part = values.T @ values.conj()
        total = part if total is None else total + part
    assert total is not None
    means = total / size
    return Gram(
        means,
        {"coefficients": 2 * worst + worst**2, "summation": gamma(tile + size // tile + 2, means) * (1 + worst) ** 2},
        size,
    )


@dataclass(frozen=True)
class SampledOrthogonality:
    """The worst deviation of sample means from Schur's orthogonality.

    Attributes:
        worst: Over real and imaginary parts of all means.
        size: Number of elements sampled.
        tests: Number of real means compared, each of a variable in an interval of
            length 2.
        slack: What rounding adds.
    """

    worst: float
    size: int
    tests: int
    slack: Bound


def sampled_orthogonality(
    group: str, l: int, size: int, stream: Stream, *, sampler: Sampler = haar_quaternions, mass: float = 1.0
) -> SampledOrthogonality:
    """The means of :func:`random_means`, times ``mass``, against Schur's orthogonality;
    products lie in the unit disc.

    >>> sampled_orthogonality("U(1)", 1, 4000, Stream(1)).worst < 0.1
    True
    """
    found = random_means(group, l, size, stream, sampler=sampler)
    deviation = mass * found.means - schur(group, l, found.means.real)
    worst = max(float(deviation.real.abs().max()), float(deviation.imag.abs().max()))
    return SampledOrthogonality(worst, size, len(found.means) * (len(found.means) + 1), found.bound)


# -- falsehoods to try checks on -----------------------------------------------------------------------------------------


def half_the_circle(n: int, stream: Stream) -> Tensor:
    """Unit quaternions of angles uniform in [0, pi) about the first axis, shape ``(n,
    4)``: odd frequencies have imaginary means."""
    angle = torch.pi * stream.uniform(n)
    return torch.stack([angle.cos(), angle.sin(), 0 * angle, 0 * angle], 1)


def uniform_euler_angles(n: int, stream: Stream) -> Tensor:
    """Unit quaternions of three Euler angles, each uniform, shape ``(n, 4)``: without
    the density sin beta."""
    top = torch.tensor([4 * torch.pi, torch.pi, 4 * torch.pi], dtype=stream.dtype, device=stream.device)
    a, b, c = (stream.uniform(n, 3) * top).T
    up, down = (b / 2).cos(), (b / 2).sin()
    half = ((a + c) / 2, (c - a) / 2)
    return torch.stack([up * half[0].cos(), down * half[1].sin(), down * half[1].cos(), up * half[0].sin()], 1)


def fewer_nodes(group: str, l: int) -> tuple[int, int]:
    """One Gauss-Legendre node less than the degree asks for."""
    angles, nodes = product_rule(group, l)
    return angles, max(1, nodes - 1)


def fewer_angles(group: str, l: int) -> tuple[int, int]:
    """One angle less than 2l + 1 on U(1), two less elsewhere: the frequencies -l and l,
    or their neighbours, look alike."""
    angles, nodes = product_rule(group, l)
    return max(1, angles - (1 if group == "U(1)" else 2)), nodes


def fewer_on_the_circle(group: str, l: int) -> tuple[int, int]:
    """The same on U(1) alone: elsewhere what aliases may be no polynomial in cos beta,
    which exact sums cannot take."""
    return fewer_angles(group, l) if group == "U(1)" else product_rule(group, l)
