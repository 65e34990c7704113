r"""Residual blocks ``x + g(x)``, measured: Lipschitz bounds of g, the power series of
its log-determinant, roulette, inverses by fixed points.

The power series never forms a determinant; what it is compared with is LU (``slogdet``)
of the Jacobian that autograd gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from numerics.bounds import Bound, Measurement
from numerics.errors import HypothesisError
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

ONE_LIPSCHITZ = (nn.Tanh, nn.ReLU, nn.Sigmoid, nn.ELU, nn.Softplus, nn.LeakyReLU, nn.Identity)
SERIES = (
    "What n terms leave is at most sqrt(D) |J^(n+1)|_F/((n+1)(1-L)), L a certified bound on |J|_op, for tr(J^(n+1) J^k) is at most |J^(n+1)|_F sqrt(D) L^k; "
    "and so at most D L^(n+1)/((n+1)(1-L)). A matrix power of norm at most 1 errs by gamma_D sqrt(D) for "
    "each factor, its trace by D times that; LU of I + J, whose condition is at most (1+L)/(1-L), by 8 D^2 eps times that (Higham, chapter 9, growth at most "
    "2 in practice and D^(1/2) assumed)."
)
FIXED_POINT = (
    "The map x -> y - g(x) contracts by L, so that the distance to the solution is at most L/(1-L) times the last step, which is at most L^(n-1) times "
    "the first; each step adds rounding r, summed to r/(1-L)."
)

Block = Callable[[Tensor], Tensor]


def operator_norm_ceiling(matrix: Tensor, *, squarings: int = 6) -> float:
    """A certified upper bound on the largest singular value: ``(tr (W^T
    W)^p)^(1/(2p))`` with p = 2^squarings.

    Power iteration gives a *lower* bound; this is an upper one, too large by a factor
    of at most ``min(m, n)^(1/(2p))``.

    Args:
        matrix: Shape ``(m, n)``, floating.
    Returns:
        A float, rounded up by what the products may have lost.
    Raises:
        ValueError: NaN or infinite entries, or no entry.
    Accuracy:
        Above the norm by at most 4% for ``squarings = 6`` and ``min(m, n) = 100``.

    >>> 3.0 <= operator_norm_ceiling(torch.diag(torch.tensor([3.0, 1.0]).double())) < 3.0001
    True
    """
    if matrix.numel() == 0 or not torch.isfinite(matrix).all():
        raise ValueError(f"Expected a matrix of finite entries, got shape {tuple(matrix.shape)} with NaN, inf or none.")
    work = matrix.detach().double()
    work = work if work.shape[0] >= work.shape[1] else work.mT
    scale = frobenius(work[None])
    if scale == 0:
        return 0.0
    gram = (work / scale).mT @ (work / scale)
    log_scale, error = 0.0, 2 * gamma(work.shape[0] + 4, work)  # relative to |gram|_F, which is at most 1
    for _ in range(squarings):
        size = float(gram.norm())
        gram, error = gram / size, error / size
        log_scale += math.log(size)
        error = 2 * error + error**2 + 2 * gamma(gram.shape[0] + 4, gram)
        gram, log_scale = gram @ gram, 2 * log_scale
    trace = float(gram.trace()) + error * gram.shape[0]
    return scale * math.exp((math.log(trace) + log_scale) / 2 ** (squarings + 1)) * (1 + 1e-13)


def operator_norm_floor(matrix: Tensor, stream: Stream, *, steps: int = 50) -> float:
    """A lower bound on the largest singular value by power iteration, as spectral
    normalisation in training uses: never a certificate.

    >>> operator_norm_floor(torch.diag(torch.tensor([3.0, 1.0]).double()), Stream(1)) <= 3.0000001
    True
    """
    work = matrix.detach().double()
    v = stream.fork("start").normal(work.shape[1]).to(work)
    for _ in range(steps):
        v = work.mT @ (work @ v)
        v = v / v.norm()
    return float((work @ v).norm() / v.norm()) * (1 - 2 * gamma(sum(work.shape) + 8, work))


def lipschitz_ceiling(network: nn.Sequential) -> float:
    """A certified Lipschitz constant of a chain of linear layers and 1-Lipschitz
    activations: the product of the layers' norms.

    Raises:
        HypothesisError: a layer of another kind, whose Lipschitz constant is not known
            here; or a leaky ReLU steeper than 1.

    >>> lipschitz_ceiling(nn.Sequential(nn.Linear(2, 2), nn.Tanh())) > 0
    True
    """
    product = 1.0
    for index, layer in enumerate(network):
        if isinstance(layer, nn.Linear):
            product *= operator_norm_ceiling(layer.weight)
        elif not isinstance(layer, ONE_LIPSCHITZ) or (isinstance(layer, nn.ELU) and layer.alpha > 1):
            raise HypothesisError(
                f"layers that are linear or 1-Lipschitz activations: layer {index} is a {type(layer).__name__}, of which no constant is known"
            )
        elif isinstance(layer, nn.LeakyReLU) and abs(layer.negative_slope) > 1:
            raise HypothesisError(f"1-Lipschitz activations: layer {index} has slope {layer.negative_slope}")
    return product


def random_block(D: int, lipschitz: float, stream: Stream, *, width: int = 32) -> nn.Sequential:
    """``g = W_2 tanh(W_1 x + b)`` scaled so that its certified Lipschitz constant is
    ``lipschitz``.

    Raises:
        ValueError: ``D < 1`` or a constant that is not positive.
    """
    if D < 1 or not lipschitz > 0:
        raise ValueError(f"Expected D >= 1 and a positive constant, got {D} and {lipschitz}.")
    first, second = nn.Linear(D, width, dtype=stream.dtype), nn.Linear(width, D, bias=False, dtype=stream.dtype)
    with torch.no_grad():
        for layer, name in ((first, "first"), (second, "second")):
            weight = stream.fork(name).normal(*layer.weight.shape).cpu()
            layer.weight.copy_(weight * (math.sqrt(lipschitz) / operator_norm_ceiling(weight)))
        first.bias.copy_(0.3 * stream.fork("bias").normal(width).cpu())
    return nn.Sequential(first, nn.Tanh(), second).to(stream.device)


def even_block(D: int, lipschitz: float, stream: Stream) -> nn.Sequential:
    """``g = W^T tanh(W x)`` with W a multiple of an orthogonal matrix: near the origin
    J is about ``lipschitz`` times the identity."""
    rotation = torch.linalg.qr(stream.fork("rotation").normal(D, D))[0] * (math.sqrt(lipschitz) * (1 - 1e-9))
    first, second = nn.Linear(D, D, bias=False, dtype=stream.dtype), nn.Linear(D, D, bias=False, dtype=stream.dtype)
    with torch.no_grad():
        first.weight.copy_(rotation)
        second.weight.copy_(rotation.mT)
    return nn.Sequential(first, nn.Tanh(), second).to(stream.device)


def jacobians(block: Block, x: Tensor) -> Tensor:
    """Jacobians of ``block`` at each of the points ``(N, D)``, shape ``(N, D, D)``, by
    autograd."""
    return torch.func.vmap(torch.func.jacrev(block))(x).detach()


def log_det_series(J: Tensor, terms: int) -> Tensor:
    """``sum_(k <= terms) (-1)^(k+1) tr(J^k)/k``, shape ``(N,)``, of Jacobians ``(N, D,
    D)``.

    >>> round(float(log_det_series(torch.full((1, 1, 1), 0.5).double(), 50)), 12) == round(math.log(1.5), 12)
    True
    """
    power, total = J, J.diagonal(dim1=-2, dim2=-1).sum(-1)
    for k in range(2, terms + 1):
        power = power @ J
        total = total + (-1) ** (k + 1) * power.diagonal(dim1=-2, dim2=-1).sum(-1) / k
    return total


def same_sign_series(J: Tensor, terms: int) -> Tensor:
    """The same without its alternating signs: the series of ``-log det(I - J)``. J is
    ``(N, D, D)``, the result ``(N,)``."""
    return -log_det_series(-J, terms)


def tail_bound(D: int, lipschitz: float, terms: int) -> float:
    """``D L^(n+1) / ((n+1)(1-L))``: at most so much lies beyond n terms.

    Raises:
        HypothesisError: L >= 1: the series need not converge.
    """
    if not 0 <= lipschitz < 1:
        raise HypothesisError(f"a Lipschitz constant below 1, got {lipschitz:.4g}: the power series need not converge")
    return D * lipschitz ** (terms + 1) / ((terms + 1) * (1 - lipschitz))


def tail_of_powers(J: Tensor, lipschitz: float, terms: int) -> Tensor:
    """``sqrt(D) |J^(n+1)|_F / ((n+1)(1-L))``, shape ``(N,)``: what lies beyond n terms
    for these very Jacobians ``(N, D, D)``, never more than :func:`tail_bound`.

    Raises:
        HypothesisError: L >= 1.
    """
    D, general = J.shape[-1], tail_bound(J.shape[-1], lipschitz, terms)
    size = torch.linalg.matrix_norm(torch.linalg.matrix_power(J, terms + 1))
    rounded = size * (1 + 2 * (terms + 1) * gamma(D + 2, J) * D**0.5) + torch.finfo(J.dtype).tiny
    return (D**0.5 * rounded / ((terms + 1) * (1 - lipschitz))).clamp(max=general)


def series_rounding(D: int, lipschitz: float, terms: int, eps: float) -> float:
    """What rounding may do to series and LU: see :data:`SERIES`."""
    return 8 * D**2 * eps * ((1 + lipschitz) / (1 - lipschitz)) + 2 * D**1.5 * (D + 4) * eps * sum(
        lipschitz**k for k in range(1, terms + 1)
    )


def log_determinant(
    block: nn.Sequential, x: Tensor, terms: int, series: Callable[[Tensor, int], Tensor] = log_det_series
) -> Measurement:
    """The power series of ``terms`` terms against ``slogdet(I + J)``, J by autograd,
    within the tail that the certified constant leaves. x is ``(N, D)``."""
    J, lipschitz, D = jacobians(block, x), lipschitz_ceiling(block), x.shape[1]
    exact = torch.linalg.slogdet(torch.eye(D, dtype=x.dtype, device=x.device) + J).logabsdet
    bound = Bound(
        {
            "tail": tail_of_powers(J, lipschitz, terms),
            "rounding": series_rounding(D, lipschitz, terms, torch.finfo(x.dtype).eps),
        },
        SERIES,
    )
    return Measurement((series(J, terms) - exact).abs(), bound, len(x))


def invert(block: Block, y: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """``x`` with ``x + g(x) = y`` after ``steps`` fixed-point iterations from y, and
    the length of the last step, shapes ``(N, D)`` and ``(N,)``."""
    x, last = y, torch.zeros(len(y), dtype=y.dtype, device=y.device)
    for _ in range(steps):
        new = y - block(x)
        x, last = new, (new - x).norm(dim=1)
    return x, last


def round_trip(block: Block, x: Tensor, lipschitz: float, *, steps: int = 200) -> Measurement:
    """``|x - inverse(x + g(x))|`` within what a contraction by ``lipschitz`` leaves
    after ``steps`` steps, and rounding. x is ``(N, D)``."""
    if not 0 <= lipschitz < 1:
        raise HypothesisError(f"a Lipschitz constant below 1, got {lipschitz:.4g}: the block need not be one-to-one")
    with torch.no_grad():
        y = x + block(x)
        back, last = invert(block, y, steps)
    eps, D = torch.finfo(x.dtype).eps, x.shape[1]
    rounding = (64 * D + 256) * eps * (1 + x.norm(dim=1) + y.norm(dim=1)) / (1 - lipschitz)
    bound = Bound({"contraction": lipschitz / (1 - lipschitz) * last, "rounding": rounding}, FIXED_POINT)
    return Measurement((back - x).norm(dim=1), bound, len(x))


def folding_block(x: Tensor) -> Tensor:
    """``g(x) = -1.5 tanh x``: with it ``x + g(x)`` folds the line over 0. Any shape."""
    return -1.5 * torch.tanh(x)


def norm_bracket(block: nn.Sequential, stream: Stream) -> Measurement:
    """By how much power iteration's lower bound on a layer's norm exceeds the certified
    upper one, which it never should."""
    layers = [layer.weight for layer in block if isinstance(layer, nn.Linear)]
    excess = [
        max(0.0, operator_norm_floor(weight, stream.fork(i)) - operator_norm_ceiling(weight))
        for i, weight in enumerate(layers)
    ]
    gap = [operator_norm_ceiling(weight) * torch.finfo(weight.dtype).eps for weight in layers]
    return Measurement(
        torch.tensor(excess),
        Bound({"rounding": torch.tensor(gap)}, "Both bounds hold rigorously; one ulp for their product."),
        len(layers),
    )


# -- roulette -------------------------------------------------------------------------------------------------------------

Estimator = Callable[[Tensor, int, float, Stream], Tensor]


def roulette(J: Tensor, n: int, going_on: float, stream: Stream) -> Tensor:
    """``n`` independent unbiased estimates of ``log det(I + J)``: Hutchinson's traces,
    and a geometric number of terms.

    Term k is ``(-1)^(k+1) v^T J^k v / (k q^(k-1))`` with v a sign vector; it is reached
    with probability ``q^(k-1)``.

    Args:
        J: Shape ``(D, D)``. n: How many. going_on: q, strictly between 0 and 1.
    Returns:
        Shape ``(n,)``.
    Source: Chen et al. 2019, theorem 1.
    """
    return _played(J, n, going_on, stream, weighted=True)


def _played(J: Tensor, n: int, going_on: float, stream: Stream, *, weighted: bool) -> Tensor:
    """Roulette on those estimates that are still going on; ``weighted``: terms over the
    probability of reaching them."""
    v = stream.fork("signs").signs(n, J.shape[0]).to(J)
    stops, w, k, alive = stream.fork("stops"), v, 0, torch.arange(n, device=J.device)
    total = torch.zeros(n, dtype=J.dtype, device=J.device)
    while len(alive):
        k += 1
        w = w @ J.mT
        reached = going_on ** (k - 1) if weighted else 1.0
        total[alive] += (-1) ** (k + 1) * (v * w).sum(1) / (k * reached)
        stays = stops.uniform(len(alive)).to(J.device) < going_on
        alive, v, w = alive[stays], v[stays], w[stays]
    return total


def fixed_truncation(J: Tensor, n: int, going_on: float, stream: Stream) -> Tensor:
    """``n`` estimates from one term each, whatever ``going_on``: Hutchinson's trace
    without roulette, which is biased. J is ``(D, D)``, the result ``(n,)``."""
    v = stream.fork("signs").signs(n, J.shape[0]).to(J)
    return (v * (v @ J.mT)).sum(1)


def unweighted_roulette(J: Tensor, n: int, going_on: float, stream: Stream) -> Tensor:
    """Roulette whose terms are not divided by the probability of reaching them. J is
    ``(D, D)``, the result ``(n,)``."""
    return _played(J, n, going_on, stream, weighted=False)


def roulette_range(D: int, lipschitz: float, going_on: float) -> float:
    """Length of an interval that holds every estimate where J is symmetric and not
    negative: ``D q (-log(1 - L/q))``, finite for L < q.

    Then ``0 <= v^T J^k v <= D L^k``: terms of odd k lie above 0, those of even k below.

    Raises:
        HypothesisError: L >= q.

    >>> round(roulette_range(1, 0.5, 1.0), 6)
    0.693147
    """
    if not lipschitz < going_on:
        raise HypothesisError(f"L < q, for estimates that are bounded, got L = {lipschitz:.4g} and q = {going_on:.4g}")
    return -D * going_on * math.log1p(-lipschitz / going_on)


def range_by_terms(
    D: int, lipschitz: float, going_on: float, width: Callable[[int, float, float], float] = roulette_range
) -> Measurement:
    """The length of the interval in closed form against the sum of the largest sizes
    that terms can have, ``D L^k/(k q^(k-1))``, term by term; relatively."""
    ratio, terms = lipschitz / going_on, 0
    sizes = []
    while ratio**terms > 1e-18:
        terms += 1
        sizes.append(D * lipschitz**terms / (terms * going_on ** (terms - 1)))
    total = math.fsum(sizes)
    left = ratio ** (terms + 1) / (1 - ratio)
    bound = Bound({"terms left out": left, "rounding": (2.0 * terms + 16) * 2.0**-52}, "A geometric tail; powers of k factors, k units of roundoff each.")  # fmt: skip
    return Measurement(torch.tensor(abs(width(D, lipschitz, going_on) / total - 1), dtype=torch.float64), bound, terms)


def mean_of_roulette(
    block: nn.Sequential, x: Tensor, n: int, going_on: float, *, estimator: Estimator = roulette, stream: Stream
) -> tuple[float, float, Bound]:
    """``|mean of n estimates - slogdet(I + J)|`` at one point, the length of the
    interval of an estimate, and rounding.

    Args:
        block: g, with a symmetric Jacobian that is not negative, as that of
            :func:`even_block`. x: One point, shape ``(D,)``. n: Estimates. going_on: q.
            estimator: From (J, n, q, stream) to n estimates.
    """
    J, lipschitz, D = jacobians(block, x[None])[0], lipschitz_ceiling(block), len(x)
    exact = float(torch.linalg.slogdet(torch.eye(D, dtype=x.dtype, device=x.device) + J).logabsdet)
    estimates = estimator(J, n, going_on, stream)
    width = roulette_range(D, lipschitz, going_on)
    eps = torch.finfo(x.dtype).eps
    rounding = Bound(
        {
            "rounding": 64 * D**2 * eps * (1 + lipschitz) / (1 - lipschitz) + 64 * (D + n**0.5) * eps * width,
            "granularity": 2.0**-52 * width * 64,
        },
        "LU and products of D x D matrices; a mean of n bounded numbers; uniform draws are multiples of 2^-53.",
    )
    return abs(float(estimates.mean()) - exact), width, rounding


# -- information ----------------------------------------------------------------------------------------------------------


def information(table: Tensor) -> Tensor:
    """I(x; y) in nats of a joint distribution, shape ``(M, K)``.

    >>> round(float(information(torch.eye(2).double() / 2)), 12) == round(math.log(2), 12)
    True
    """
    entropies = [torch.special.entr(part).sum() for part in (table.sum(1), table.sum(0), table)]
    return entropies[0] + entropies[1] - entropies[2]


def information_of_features(table: Tensor, features: Sequence[int] | Tensor) -> Measurement:
    """``|I(f(x); y) - I(x; y)|`` for a map of the images, given as the feature of each
    of them. The table is ``(images, labels)``."""
    index = torch.as_tensor(features, device=table.device)
    pushed = torch.zeros_like(table).index_add(0, index, table)
    size = math.log(table.numel()) + 3
    bound = Bound(
        {"rounding": (4 * table.numel() + 64) * torch.finfo(table.dtype).eps * size},
        "Three entropies of at most log(M K) nats, sums of M K terms in any order, each within 3 ulps; masses below 1 add up to 1.",
    )
    return Measurement((information(pushed) - information(table)).abs(), bound, table.numel())
