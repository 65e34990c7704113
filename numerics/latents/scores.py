r"""Scores of a representation against known factors, on plain arrays: MIG, DCI and
FactorVAE.

``codes`` has shape ``(n, c)``, one column a coordinate of the representation,
``factors`` has shape ``(n, k)``; rows belong together. Each score is published in
several variants; what is computed here:

- **MIG** (Chen et al. 2018) on codes sorted into bins, as Locatello et al. 2019 do (20
  bins): mutual information is that of the empirical joint distribution of two labels.
  Chen et al. integrate over the encoder's noise instead.
- **DCI** (Eastwood & Williams 2018) with linear regression, by default of least
  squares: their Lasso with its penalty left to the caller. :func:`dci_of_importance`
  takes the importances of any other regressor (trees, say).
- **FactorVAE** (Kim & Mnih 2018): the accuracy of a majority vote on *fresh* votes.

:func:`normal_scores` makes a score of the last two invariant under increasing maps of
single coordinates; equal-mass bins do so for MIG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.streams import Stream, tiles

__all__ = [
    "BINS", "Dci", "FactorVae", "Mig", "bins_of_equal_mass", "bins_of_equal_width", "classes", "dci", "dci_of_importance",
    "factor_vae", "factor_vae_by_simulation", "factor_vae_of_votes", "lasso_weights", "mig", "mig_of_information",
    "mutual_information", "normal_scores", "pairs_by_simulation",
]  # fmt: skip

BINS = 20  # of Locatello et al. 2019
_TILE = 1 << 20  # numbers held at a time


# -- labels -------------------------------------------------------------------------------------------------------------


def bins_of_equal_mass(values: Tensor, bins: int = BINS) -> Tensor:
    """Labels 0..bins-1 of every column by its own empirical quantiles; equal values
    share a label.

    Invariant under increasing maps of each column. Shape of ``values``, int64.

    Raises:
        ValueError: fewer than two bins, fewer rows than bins, or values that are not
            finite.

    >>> bins_of_equal_mass(torch.tensor([[0.1], [5.0], [0.2], [9.0]]), 2)
    tensor([[0],
            [1],
            [0],
            [1]])
    """
    table = _table(values, "the values")
    if not 2 <= bins <= len(table):
        raise ValueError(f"Expected between 2 and n = {len(table)} bins, got {bins}.")
    ordered = torch.sort(table, dim=0).values
    places = (torch.arange(1, bins, device=table.device) * len(table)) // bins
    return torch.searchsorted(ordered[places].T.contiguous(), table.T.contiguous(), right=True).T


def bins_of_equal_width(values: Tensor, bins: int = BINS) -> Tensor:
    """Labels by ``bins`` cells of equal width between a column's least and largest
    value, as a histogram has them.

    Not invariant under increasing maps; this is what Locatello et al. 2019 do. Raises
    as :func:`bins_of_equal_mass`.

    Args:
        values: Shape ``(n, c)``.
    Returns:
        int64, shape ``(n, c)``.

    >>> bins_of_equal_width(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), 3).T
    tensor([[0, 0, 0, 2]])
    """
    table = _table(values, "the values")
    if bins < 2:
        raise ValueError(f"Expected at least 2 bins, got {bins}.")
    low, high = table.amin(0), table.amax(0)
    width = torch.where(high > low, high - low, torch.ones_like(high)) / bins
    return ((table - low) / width).to(torch.int64).clamp_(0, bins - 1)


def classes(factors: Tensor, bins: int = BINS, *, sort: Callable[[Tensor, int], Tensor] = bins_of_equal_mass) -> Tensor:
    """Labels of factors: a column with at most ``bins`` distinct values keeps them as
    its classes, others are sorted into bins.

    Args:
        factors: Shape ``(n, k)``.
    Returns:
        int64, shape ``(n, k)``.

    >>> classes(torch.tensor([[0.5], [7.0], [0.5]])).T
    tensor([[0, 1, 0]])
    """
    table = _table(factors, "the factors")
    columns = []
    for column in table.T:
        distinct, label = torch.unique(column, return_inverse=True)
        columns.append(label if distinct.numel() <= bins else sort(column[:, None], bins)[:, 0])
    return torch.stack(columns, dim=1)


def normal_scores(values: Tensor) -> Tensor:
    r"""Every column replaced by :math:`\Phi^{-1}\bigl((r - \tfrac12)/n\bigr)`, r the
    rank, of equal values their mean rank. float64.

    A constant column becomes 0; a column without ties becomes the n quantiles of the
    normal distribution at the middles of n equal masses.

    Args:
        values: Shape ``(n, c)``, n at least 1.
    Returns:
        Shape ``(n, c)``.

    >>> normal_scores(torch.tensor([[3.0], [7.0]]))
    tensor([[-0.6745],
            [ 0.6745]], dtype=torch.float64)
    """
    table = _table(values, "the values")
    columns = []
    for column in table.T:
        _, place, count = torch.unique(column, return_inverse=True, return_counts=True)
        middle = torch.cumsum(count, 0).to(torch.float64) - 0.5 * count  # the mean of r - 1/2
        columns.append(middle[place] / len(table))
    return torch.special.ndtri(torch.stack(columns, dim=1))


# -- MIG ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mig:
    """``score`` in [0, 1]; ``gaps`` (k,); ``information`` (c, k) and ``entropy`` (k,)
    in nats."""

    score: float
    gaps: Tensor
    information: Tensor
    entropy: Tensor


def mutual_information(first: Tensor, second: Tensor) -> Tensor:
    r"""Mutual information of labels, every column of ``first`` with every one of
    ``second``, of their empirical joint distribution.

    .. math:: \hat I = \hat H(A) + \hat H(B) - \hat H(A, B), \qquad \hat H = -\sum_a \tfrac{n_a}{n}\log\tfrac{n_a}{n}

    Args:
        first: Nonnegative integers, shape ``(n, c)``. second: Likewise, ``(n, k)``.
    Returns:
        Nats, shape ``(c, k)``, float64.
    Accuracy: rounding of a sum of as many terms as there are pairs of labels.

    >>> labels = torch.tensor([[0], [1], [0], [1]])
    >>> round(float(mutual_information(labels, labels).exp()), 12)
    2.0
    """
    n = len(first)
    own, other = (torch.stack([_entropy(torch.bincount(column), n) for column in table.T]) for table in (first, second))
    return (own[:, None] + other - joint_entropy(first, second)).clamp_min_(0.0)


def joint_entropy(first: Tensor, second: Tensor) -> Tensor:
    """Entropy of the empirical joint distribution of labels, every column of ``first``
    (``(n, c)``) with every one of ``second`` (``(n, k)``); nats, ``(c, k)``, float64.

    >>> labels = torch.tensor([[0], [1]])
    >>> joint_entropy(labels, labels)  # log 2
    tensor([[0.6931]], dtype=torch.float64)
    """
    n, wide = len(first), int(second.max()) + 1
    found = torch.empty(first.shape[1], second.shape[1], dtype=torch.float64, device=first.device)
    shift = torch.arange(second.shape[1], device=second.device)
    for i, column in enumerate(first.T):
        high = int(column.max()) + 1
        cells = (shift * high + column[:, None]) * wide + second
        counts = torch.bincount(cells.reshape(-1), minlength=second.shape[1] * high * wide)
        found[i] = torch.stack([_entropy(part, n) for part in counts.view(second.shape[1], -1)])
    return found


def _entropy(counts: Tensor, n: int) -> Tensor:
    share = counts.to(torch.float64) / n
    return -torch.xlogy(share, share).sum()


def mig(
    codes: Tensor, factors: Tensor, *, bins: int = BINS, sort: Callable[[Tensor, int], Tensor] = bins_of_equal_mass
) -> Mig:
    r"""Mutual information gap.

    .. math:: \mathrm{MIG} = \frac1k \sum_j \frac{\hat I(c_{(1)}; v_j) - \hat I(c_{(2)}; v_j)}{\hat H(v_j)}

    where (1) and (2) are the two codes that say most about factor j. Codes are sorted
    into ``bins``; factors with more than ``bins`` distinct values likewise. The
    estimate is never negative, and so lies above a true gap of zero by about ``bins^2 /
    n``.

    Args:
        codes: Shape ``(n, c)``, c >= 2. factors: Shape ``(n, k)``. sort:
            :func:`bins_of_equal_mass`, or :func:`bins_of_equal_width` for the histogram
            of Locatello et al. 2019.
    Raises:
        ValueError: fewer than two codes, a constant factor, rows that do not match,
            values that are not finite.
    Source: Chen, Li, Grosse, Duvenaud 2018, section 4; the bins of Locatello et al.
        2019, appendix C.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> mig(factors, factors, bins=4).score
    1.0
    """
    codes, factors = _require_matching(codes, factors)
    labels = classes(factors, bins, sort=sort)
    entropy = torch.stack([_entropy(torch.bincount(column), len(labels)) for column in labels.T])
    if bool((entropy <= 0).any()):
        raise ValueError(f"Factor {int((entropy <= 0).nonzero()[0])} is constant: it has no information to share out.")
    return mig_of_information(mutual_information(sort(codes, bins), labels), entropy)


def mig_of_information(information: Tensor, entropy: Tensor) -> Mig:
    """The gap from mutual informations ``(c, k)`` and entropies ``(k,)``, however they
    were found.

    >>> mig_of_information(torch.tensor([[1.0], [0.25]]), torch.tensor([1.0])).score
    0.75
    """
    if information.shape[0] < 2:
        raise ValueError(
            f"A gap needs at least two codes, got {information.shape[0]}: hypothesis 'd >= 2' failed for the representation."
        )
    first, second = information.topk(2, dim=0).values
    gaps = (first - second) / entropy
    return Mig(float(gaps.mean()), gaps, information, entropy)


# -- DCI ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dci:
    """``disentanglement`` and ``completeness`` in [0, 1]; ``error`` the root mean
    square error over the factors' standard deviation, on rows that were not fitted,
    averaged over factors (informativeness is its absence); ``importance`` (c, k)."""

    disentanglement: float
    completeness: float
    error: float
    importance: Tensor


def dci(codes: Tensor, factors: Tensor, *, penalty: float = 0.0) -> Dci:
    r"""Disentanglement, completeness and informativeness with linear regression.

    Codes and factors are standardised; the weights minimise :math:`\tfrac1{2m}|V -
    CW|^2 + \lambda |W|_1` over the first half of the rows, the importance of code i for
    factor j is :math:`|W_{ij}|`, and the error is taken on the second half. With
    :math:`\lambda` = ``penalty`` = 0 this is least squares, and for normal factors v =
    Az with orthogonal A the importance is |A^T|.

    Args:
        codes: Shape ``(n, c)``. factors: Shape ``(n, k)``.
    Raises:
        ValueError: fewer than two codes or factors, a constant factor, fewer than 2 c +
            4 rows, a negative penalty. A constant code has no importance.
    Source: Eastwood & Williams 2018, section 2; their first regressor is the Lasso.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> round(dci(factors, factors).disentanglement, 6)
    1.0
    """
    codes, factors = _require_matching(codes, factors)
    n, c = codes.shape
    if n < 2 * c + 4:
        raise ValueError(f"Expected at least {2 * c + 4} rows for {c} codes, half of them to fit, got {n}.")
    X, Y = _standardise(codes), _standardise(factors)
    if not bool(Y.any(0).all()):
        raise ValueError(f"Factor {int((~Y.any(0)).nonzero()[0])} is constant: there is nothing to predict.")
    half = n // 2
    weights = lasso_weights(X[:half], Y[:half], penalty)
    disentanglement, completeness = dci_of_importance(weights.abs())
    rest = Y[half:] - X[half:] @ weights
    return Dci(disentanglement, completeness, float((rest**2).mean(0).sqrt().mean()), weights.abs())


def dci_of_importance(importance: Tensor) -> tuple[float, float]:
    r"""Disentanglement and completeness of an importance matrix R, shape ``(c, k)``,
    entries >= 0.

    .. math:: D = \sum_i \rho_i \Bigl(1 + \tfrac{1}{\log k}\sum_j P_{ij}\log P_{ij}\Bigr),\quad P_{ij} = \frac{R_{ij}}{\sum_l R_{il}},
              \quad \rho_i = \frac{\sum_j R_{ij}}{\sum R}

    and completeness likewise over columns, with log c and weights by columns. Codes of
    no importance have no weight; if nothing is important, both are 0.

    Raises:
        ValueError: fewer than two codes or factors (the logarithm's base would be 1),
            negative or infinite entries.
    Source: Eastwood & Williams 2018, section 2; the weights of completeness as in
        Locatello et al. 2019.

    >>> dci_of_importance(torch.eye(2)), dci_of_importance(torch.ones(2, 2))
    ((1.0, 1.0), (0.0, 0.0))
    """
    if importance.ndim != 2 or min(importance.shape) < 2:
        raise ValueError(
            f"Expected at least two codes and two factors, got importances of shape {tuple(importance.shape)}."
        )
    R = importance.to(torch.float64)
    if not bool((torch.isfinite(R) & (R >= 0)).all()):
        raise ValueError("Expected finite importances of at least 0. Take absolute values of weights first.")
    if not bool((R > 0).any()):
        return 0.0, 0.0
    return _concentration(R), _concentration(R.T)


def _concentration(R: Tensor) -> float:
    """The mean over rows, weighted by their sums, of one minus the rows' entropy in
    units of the largest possible."""
    rows = R.sum(1)
    share = R / torch.where(rows > 0, rows, torch.ones_like(rows))[:, None]
    kept = 1.0 + torch.xlogy(share, share).sum(1) / math.log(R.shape[1])
    return float((rows / rows.sum() * kept).sum().clamp(0.0, 1.0))


def lasso_weights(X: Tensor, Y: Tensor, penalty: float = 0.0) -> Tensor:
    r"""The W that minimises :math:`\tfrac1{2n}|Y - XW|^2 + \lambda|W|_1`, shape ``(c,
    k)``.

    For :math:`\lambda = 0` by a factorisation (the shortest W where several do).
    Otherwise by coordinate descent until the optimality conditions :math:`|X_i^T(Y -
    XW)/n| \le \lambda`, with equality and sign where :math:`W_i \ne 0`, hold to 64 c
    units of roundoff of their terms.

    Args:
        X: Shape ``(n, c)``. Y: Shape ``(n, k)``.
    Raises:
        ValueError: a penalty below 0 or not finite, or no convergence in 100,000 sweeps
            (nearly dependent columns).

    >>> lasso_weights(torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]]), penalty=1.0)  # 3 - 1
    tensor([[2.]])
    """
    if not (math.isfinite(penalty) and penalty >= 0):
        raise ValueError(f"Expected a finite penalty of at least 0, got {penalty}.")
    if penalty == 0:
        return torch.linalg.pinv(X) @ Y
    n, c = X.shape
    gram, cross = X.T @ X / n, X.T @ Y / n
    W = torch.zeros_like(cross)
    size = 64.0 * c * torch.finfo(X.dtype).eps * (1.0 + float(cross.abs().max()) + penalty)
    for _ in range(100_000):
        for i in gram.diagonal().nonzero()[:, 0].tolist():
            pull = cross[i] - gram[i] @ W + gram[i, i] * W[i]
            W[i] = torch.sign(pull) * (pull.abs() - penalty).clamp_min(0.0) / gram[i, i]
        slope = cross - gram @ W
        violated = torch.where(W != 0, (slope - penalty * torch.sign(W)).abs(), (slope.abs() - penalty).clamp_min(0.0))
        if float(violated.max()) <= size * (1.0 + float(W.abs().sum(0).max())):
            return W
    raise ValueError(
        "The Lasso did not converge in 100,000 sweeps: codes are nearly dependent. Use a larger penalty, or none."
    )


# -- FactorVAE ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FactorVae:
    """``score``: how many of ``total`` fresh votes the majority of the training votes
    calls right (``right``); ``votes``, the training table of shape (k, c): how often a
    batch with factor k fixed varied least in code c."""

    score: float
    right: int
    total: int
    votes: Tensor


def factor_vae(
    codes: Tensor, factors: Tensor, stream: Stream, *, bins: int = BINS, batch: int = 64, votes: int = 800, variance: Tensor | None = None
) -> FactorVae:  # fmt: skip
    """The FactorVAE score from rows that are already there.

    A vote: a factor at random, its class in a random row, ``batch`` rows of that class
    drawn with replacement, and the code that varies least among them, relative to its
    variance over all rows. Factors with more than ``bins`` values are fixed up to a bin
    of equal mass. Half of ``votes`` trains the majority vote, half measures it.

    Args:
        codes: Shape ``(n, c)``. factors: Shape ``(n, k)``. stream: Source of the votes.
        variance: Of each code, shape ``(c,)``; that over the rows when omitted.
    Raises:
        ValueError: rows that do not match, all codes constant, a batch below 2, fewer
            than 2 votes.
    Source: Kim & Mnih 2018, section 5, who draw each batch from a simulator:
        :func:`factor_vae_by_simulation`.

    >>> factors = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    >>> factor_vae(factors, factors, Stream(1)).score
    1.0
    """
    codes, factors = _require_matching(codes, factors)
    _check_votes(batch, votes)
    labels = classes(factors, bins)
    spread = _spread(codes) if variance is None else variance
    order = torch.argsort(labels, dim=0, stable=True)
    sizes = [torch.bincount(column) for column in labels.T]

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for count in tiles(votes, max(1, _TILE // (batch * codes.shape[1]))):
            fixed = stream.integers(0, factors.shape[1], count).to(labels.device)
            value = labels[stream.integers(0, len(codes), count).to(labels.device), fixed]
            starts = torch.stack([torch.cumsum(size, 0)[v] - size[v] for size, v in _each(sizes, fixed, value)])
            many = torch.stack([size[v] for size, v in _each(sizes, fixed, value)])
            picked = (stream.uniform(count, batch).to(codes.device) * many[:, None]).to(torch.int64)
            rows = order[starts[:, None] + picked, fixed[:, None]]
            yield fixed, _steadiest(codes[rows], spread)

    return _score_votes(pairs(), factors.shape[1], codes.shape[1])


def _each(sizes: list[Tensor], fixed: Tensor, value: Tensor) -> Iterator[tuple[Tensor, int]]:
    for j, v in zip(fixed.tolist(), value.tolist(), strict=True):
        yield sizes[j], v


def factor_vae_by_simulation(
    represent: Callable[[Tensor], Tensor], sample: Callable[[int], Tensor], stream: Stream, *, batch: int = 64, votes: int = 800,
    pilot: int = 4096,
) -> FactorVae:  # fmt: skip
    """The FactorVAE score where factors can be set: as published.

    A vote: ``batch`` rows of ``sample``, one factor at random set to its value in the
    first row throughout, and the code of ``represent(factors)`` that varies least,
    relative to its variance over ``pilot`` rows. Half of ``votes`` trains, half
    measures.

    Args:
        represent: From factors ``(m, k)`` to codes ``(m, c)``. sample: From m to
            factors ``(m, k)``.
    Source: Kim & Mnih 2018, section 5 (they train on 500 to 800 votes of batches of
        64).

    >>> draws = Stream(1)
    >>> factor_vae_by_simulation(lambda z: z.flip(1), lambda m: draws.normal(m, 2), Stream(2), votes=40).score
    1.0
    """
    pairs, k, c = pairs_by_simulation(represent, sample, stream, batch=batch, votes=votes, pilot=pilot)
    return _score_votes(pairs, k, c)


def pairs_by_simulation(
    represent: Callable[[Tensor], Tensor], sample: Callable[[int], Tensor], stream: Stream, *, batch: int, votes: int, pilot: int = 4096
) -> tuple[Iterator[tuple[Tensor, Tensor]], int, int]:  # fmt: skip
    """Votes as tiles of (fixed factor, steadiest code), with the numbers of factors and
    of codes.

    Args:
        represent: From factors ``(m, k)`` to codes ``(m, c)``. sample: From m to
            factors ``(m, k)``.

    >>> draws = Stream(1)
    >>> pairs, k, c = pairs_by_simulation(
    ...     lambda z: z.flip(1), lambda m: draws.normal(m, 2), Stream(2), batch=8, votes=40
    ... )
    >>> all(bool((steady == 1 - fixed).all()) for fixed, steady in pairs), k, c
    (True, 2, 2)
    """
    _check_votes(batch, votes)
    first = sample(pilot)
    spread = _spread(_table(represent(first), "the codes"))
    k, c = first.shape[1], spread.numel()

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for count in tiles(votes, max(1, _TILE // (batch * max(k, c)))):
            factors = sample(count * batch).view(count, batch, k)
            fixed = stream.integers(0, k, count).to(factors.device)
            held = fixed[:, None, None].expand(count, batch, 1)
            factors = factors.scatter(2, held, factors[:, :1].gather(2, held[:, :1]).expand(count, batch, 1))
            yield fixed, _steadiest(represent(factors.reshape(-1, k)).view(count, batch, c), spread)

    return pairs(), k, c


def factor_vae_of_votes(train: Tensor, test: Tensor) -> FactorVae:
    """The score from two tables of votes, shape ``(k, c)``: each code calls the factor
    that most of its training votes name.

    >>> factor_vae_of_votes(torch.tensor([[9, 1], [1, 9]]), torch.tensor([[3, 1], [1, 3]])).score
    0.75
    """
    called = train.argmax(0)
    right = int(test.gather(0, called[None]).sum())
    total = int(test.sum())
    return FactorVae(right / total, right, total, train)


def _score_votes(pairs: Iterator[tuple[Tensor, Tensor]], k: int, c: int) -> FactorVae:
    fixed, steady = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    half = len(fixed) // 2
    tables = [
        torch.bincount(f * c + s, minlength=k * c).view(k, c)
        for f, s in ((fixed[:half], steady[:half]), (fixed[half:], steady[half:]))
    ]
    return factor_vae_of_votes(*tables)


def _steadiest(batches: Tensor, spread: Tensor) -> Tensor:
    """The code of least relative variance in each batch ``(votes, batch, c)``; constant
    codes take no part."""
    ratio = batches.var(dim=1) / spread
    return torch.where(spread > 0, ratio, math.inf).argmin(-1)


def _spread(codes: Tensor) -> Tensor:
    variance = codes.var(dim=0)
    if not bool((variance > 0).any()):
        raise ValueError("Every code is constant: no code can vary least.")
    return variance


def _check_votes(batch: int, votes: int) -> None:
    if batch < 2 or votes < 2:
        raise ValueError(
            f"Expected batches of at least 2 rows and at least 2 votes, got batch = {batch}, votes = {votes}."
        )


# -- arrays -------------------------------------------------------------------------------------------------------------


def _table(values: Tensor, what: str) -> Tensor:
    if not isinstance(values, Tensor):
        raise TypeError(
            f"Expected {what} as a torch tensor, got {type(values).__name__}. torch.as_tensor(...) makes one."
        )
    table = values[:, None] if values.ndim == 1 else values
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"Expected {what} of shape (n, columns) with n >= 1, got {tuple(values.shape)}.")
    if table.is_floating_point() and not bool(torch.isfinite(table).all()):
        raise ValueError(f"Expected finite numbers in {what}, got NaN or an infinity.")
    return table


def _require_matching(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    codes, factors = _table(codes, "the codes"), _table(factors, "the factors")
    if len(codes) != len(factors):
        raise ValueError(
            f"Expected one row of factors a row of codes, got {len(codes)} codes and {len(factors)} factors."
        )
    if codes.device != factors.device:
        raise ValueError(f"Expected codes and factors on one device, got {codes.device} and {factors.device}.")
    return codes, factors


def _standardise(table: Tensor) -> Tensor:
    """Columns of mean 0 and mean square 1; constant ones become 0."""
    numbers = table.to(torch.float64)
    varies = (numbers != numbers[0]).any(0)
    centred = torch.where(varies, numbers - numbers.mean(0), torch.zeros_like(numbers))
    size = centred.square().mean(0).sqrt()
    return centred / torch.where(varies, size, torch.ones_like(size))
