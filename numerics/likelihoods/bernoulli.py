"""Bernoulli likelihoods of networks with shared parameters, measured: values, gradients
by autograd, images by threshold.

A *model* is a module of :mod:`numerics.likelihoods.networks`, or any other whose
``forward()`` returns ``(pixel_logits, label_logit)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from numerics.likelihoods.networks import SharedNetwork, check_logits, evaluate
from numerics.streams import Stream

JACOBIAN_ENTRIES = 2**25  # 256 MiB in float64; beyond it the caller is told, not swapped to disk


def check_images(images: Tensor, logits: Tensor) -> None:
    """Refuse images that are not bits of the logits' dtype and last dimension.

    Args:
        images: Shape ``(*, D)``. logits: Shape ``(*, D)``; the leading dimensions may
            differ.
    Raises:
        TypeError: an integer or boolean tensor, or another dtype than the logits'.
        ValueError: no pixel at all, another number of pixels, or a value other than 0
            and 1.

    >>> check_images(torch.tensor([0.5]), torch.zeros(1))
    Traceback (most recent call last):
        ...
    ValueError: Expected binary pixels, 0 or 1. ...
    """
    if images.dtype != logits.dtype:
        raise TypeError(
            f"Expected images in the logits' dtype {logits.dtype}, got {images.dtype}. Convert them with .to({logits.dtype})."
        )
    if images.shape[-1:] != logits.shape[-1:] or images.shape[-1] == 0:
        raise ValueError(f"Expected images of D = {logits.shape[-1]} >= 1 pixels, got shape {tuple(images.shape)}.")
    if not ((images == 0) | (images == 1)).all():
        raise ValueError(
            "Expected binary pixels, 0 or 1. Grey values are no bits: binarise them, or use a density on [0, 1]."
        )


def pixel_log_masses(logits: Tensor, images: Tensor) -> Tensor:
    """``log Bern(x | sigmoid(a))`` in nats, elementwise, broadcasting ``logits`` and
    ``images``.

    Args:
        logits: a, floating, any shape. images: x, zeros and ones in the logits' dtype,
            broadcastable with them.
    Accuracy: relative error at most 4 eps at logit zero (an exponential, a log1p and an
        addition, each within an ulp).

    >>> pixel_log_masses(torch.zeros(2), torch.tensor([0.0, 1.0])).exp()
    tensor([0.5000, 0.5000])
    """
    return torch.distributions.Bernoulli(logits=logits, validate_args=False).log_prob(images)


def pairwise_sum(values: Tensor) -> Tensor:
    """Sum over the last dimension by halving: relative error at most ``ceil(log2 n)``
    unit roundoffs of ``sum |values|``.

    Args:
        values: Shape ``(*, n)``.
    Returns:
        Shape ``(*,)``.
    Source: Higham, Accuracy and Stability of Numerical Algorithms, section 4.2.

    >>> pairwise_sum(torch.tensor([1.0, 2.0, 4.0]))
    tensor(7.)
    """
    if values.shape[-1] == 0:
        raise ValueError("Expected at least one value to sum, got none.")
    while (n := values.shape[-1]) > 1:
        half = n // 2
        folded = values[..., :half] + values[..., half : 2 * half]
        values = torch.cat([folded, values[..., 2 * half :]], dim=-1) if n % 2 else folded
    return values[..., 0]


def bernoulli_log_likelihood(logits: Tensor, images: Tensor) -> Tensor:
    """Log likelihood in nats of binary images with independent pixels.

    .. math:: \\log p(x) = \\sum_{i=1}^D x_i \\log \\sigma(a_i) + (1 - x_i) \\log(1 - \\sigma(a_i))

    Args:
        logits: Shape ``(*, D)``, finite, floating, ``D >= 1``.
        images: Shape ``(*, D)``, zeros and ones in the logits' dtype.
    Returns:
        Shape ``(*,)``.
    Raises:
        TypeError, ValueError: as in :func:`check_images`, or logits that are integer,
            NaN or infinite.
    Accuracy:
        ``(4 + log2 D) eps sum_i |log p(x_i)|`` at logits zero.

    >>> round(float(bernoulli_log_likelihood(torch.zeros(3).double(), torch.tensor([0.0, 1.0, 1.0]).double())) / -math.log(2), 12)
    3.0
    """
    check_logits(logits, "pixel logits")
    check_images(images, logits)
    return pairwise_sum(pixel_log_masses(logits, images))


def continuous_bernoulli_log_likelihood(logits: Tensor, images: Tensor) -> Tensor:
    """The same sum for torch's continuous Bernoulli, a density on [0, 1]: zero at
    logits zero, whatever the image.

    Args:
        logits: Shape ``(*, D)``. images: Shape ``(*, D)``, values in [0, 1].
    Returns:
        Nats, shape ``(*,)``.

    >>> bool(continuous_bernoulli_log_likelihood(torch.zeros(3).double(), torch.tensor([0.0, 1.0, 1.0]).double()).abs() < 1e-6)
    True
    """
    return torch.distributions.ContinuousBernoulli(logits=logits, validate_args=False).log_prob(images).sum(-1)


def label_parameters(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that the label's logit depends on: the two gradients are taken and
    compared in these.

    Raises:
        TypeError, ValueError: as in :func:`~numerics.likelihoods.networks.evaluate`; or
            there is no such parameter, so that the label's gradient, the ratio's
            denominator, does not exist.

    >>> from numerics.likelihoods.networks import patch_network
    >>> [tuple(value.shape) for value in label_parameters(patch_network(8, 2, Stream(1)))]
    [(4, 1), (4,)]
    """
    return _opened(model)[0]


def _opened(model: nn.Module) -> tuple[list[nn.Parameter], Tensor, Tensor]:
    """``(label's parameters, pixel logits, label logit)`` from one forward pass."""
    pixels, label = evaluate(model)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    found = [
        parameter for parameter, value in zip(trainable, _grads(label, trainable), strict=True) if value is not None
    ]
    if not found:
        raise ValueError(
            "Expected a label logit that depends on a parameter, got none. Was it detached, or requires_grad switched off?"
        )
    return found, pixels, label


def shares_parameters(model: nn.Module) -> bool:
    """Whether any of the label's parameters reaches a pixel logit as well.

    >>> from numerics.likelihoods.networks import patch_network
    >>> shares_parameters(patch_network(8, 2, Stream(1)))
    True
    """
    parameters, pixels, _ = _opened(model)
    return any(value is not None for value in _grads(pixels.sum(), parameters))


def _grads(output: Tensor, parameters: Sequence[Tensor]) -> Sequence[Tensor | None]:
    if not parameters or not output.requires_grad:
        return [None] * len(parameters)
    return torch.autograd.grad(output, tuple(parameters), allow_unused=True, retain_graph=True)


def _norm(pieces: Sequence[Tensor | None]) -> Tensor:
    squares = [pairwise_sum(piece.detach().reshape(-1) ** 2) for piece in pieces if piece is not None]
    return torch.stack(squares).sum().sqrt() if squares else torch.zeros((), dtype=torch.float64)


@dataclass(frozen=True)
class Imbalance:
    """What one image and one label do to the label's parameters: log likelihoods in
    nats, and gradient norms.

    >>> Imbalance(-8.0, -1.0, 4.0, 2.0).gradient_ratio
    2.0
    """

    log_image: float
    log_label: float
    image_gradient: float
    label_gradient: float

    @property
    def value_ratio(self) -> float:
        """``log p(x) / log p(y)``."""
        return self.log_image / self.log_label

    @property
    def gradient_ratio(self) -> float:
        """``|grad log p(x)| / |grad log p(y)|``."""
        return self.image_gradient / self.label_gradient


def imbalance(model: nn.Module, image: Tensor, label: float = 1.0) -> Imbalance:
    """Measure :class:`Imbalance` by autograd: one backward pass for the image, one for
    the label.

    Args:
        image: Shape ``(D,)``, zeros and ones in the logits' dtype.
        label: 0 or 1.
    Raises:
        TypeError, ValueError: as in :func:`evaluate`, :func:`check_images` and
            :func:`label_parameters`; or a label whose gradient vanishes, which leaves
            the ratio undefined.

    >>> from numerics.likelihoods.networks import FromLogits
    >>> model = FromLogits(lambda gamma: (gamma.expand(4), gamma[0]), torch.zeros(1).double())
    >>> imbalance(model, torch.ones(4).double()).gradient_ratio  # four pixels that agree
    4.0
    """
    parameters, pixels, label_logit = _opened(model)
    check_images(image, pixels)
    log_image = pixel_log_masses(pixels, image)
    log_label = pixel_log_masses(label_logit, torch.full_like(label_logit, label))
    # A plain sum under autograd: its backward hands every pixel exactly 1.
    image_norm, label_norm = _norm(_grads(log_image.sum(), parameters)), _norm(_grads(log_label, parameters))
    if label_norm == 0:
        raise ValueError(
            "Expected a label whose gradient is not zero, got 0: the ratio is undefined (a saturated or dead head)."
        )
    return Imbalance(
        float(pairwise_sum(log_image.detach())), float(log_label.detach()), float(image_norm), float(label_norm)
    )


def image_gradients(model: nn.Module, images: Tensor) -> Tensor:
    """``grad log p(x)`` in the label's parameters for each image.

    One backward pass an image; for a :class:`SharedNetwork`, one backward pass in all,
    through a copy of the parameters for each image.

    Args:
        images: Shape ``(n, D)``.
    Returns:
        Shape ``(n, m)``, the parameters flattened in their order.

    >>> from numerics.likelihoods.networks import FromLogits
    >>> model = FromLogits(lambda gamma: (gamma.expand(4), gamma[0]), torch.zeros(1).double())
    >>> image_gradients(model, torch.ones(1, 4).double())  # 4 (1 - 1/2)
    tensor([[2.]], dtype=torch.float64)
    """
    parameters, pixels, _ = _opened(model)
    check_images(images, pixels)
    if isinstance(model, SharedNetwork):
        copies = [value.detach().expand(images.shape[0], *value.shape).clone().requires_grad_() for value in parameters]
        logits, _ = model.read(*copies)
        return _flat(_grads(pixel_log_masses(logits, images).sum(), copies), copies, images.shape[0])
    rows = [_flat(_grads(pixel_log_masses(pixels, image).sum(), parameters), parameters, 1) for image in images]
    return torch.cat(rows)


def _flat(pieces: Sequence[Tensor | None], like: Sequence[Tensor], n: int) -> Tensor:
    """Derivatives as rows of one matrix; a parameter that was not reached has
    derivative zero."""
    filled = [torch.zeros_like(value) if piece is None else piece for piece, value in zip(pieces, like, strict=True)]
    return torch.cat([piece.detach().reshape(n, -1) for piece in filled], dim=1)


def logit_jacobian(model: nn.Module) -> Tensor:
    """``J``, shape ``(D + 1, m)``: derivatives of the pixel logits, then of the
    label's, in the label's parameters.

    One backward pass a logit: no likelihood and no residual enters.

    Raises:
        ValueError: the matrix would hold more than ``JACOBIAN_ENTRIES`` numbers.

    >>> from numerics.likelihoods.networks import FromLogits
    >>> logit_jacobian(FromLogits(lambda gamma: (2 * gamma, gamma.sum()), torch.zeros(2)))
    tensor([[2., 0.],
            [0., 2.],
            [1., 1.]])
    """
    parameters, pixels, label = _opened(model)
    count, D = sum(value.numel() for value in parameters), pixels.numel()
    if count * (D + 1) > JACOBIAN_ENTRIES:
        raise ValueError(
            f"Expected a Jacobian of at most {JACOBIAN_ENTRIES} numbers, got {D + 1} logits times {count} parameters. "
            "Freeze parameters (requires_grad_(False)) or measure a smaller image."
        )
    return torch.cat([_flat(_grads(logit, parameters), parameters, 1) for logit in (*pixels, label)])


def logits_along(model: nn.Module, direction: Tensor) -> Tensor:
    """``J w`` for the pixel logits, shape ``(D,)``; ``direction`` is ``w``, flattened
    as in :func:`image_gradients`.

    The transpose of the transpose: ``J^T c`` is differentiated in ``c``.

    >>> from numerics.likelihoods.networks import FromLogits
    >>> model = FromLogits(lambda gamma: (2 * gamma, gamma.sum()), torch.zeros(2))
    >>> logits_along(model, torch.tensor([1.0, 0.5]))
    tensor([2., 1.])
    """
    parameters, pixels, _ = _opened(model)
    cotangent = torch.zeros_like(pixels, requires_grad=True)
    pulled = torch.autograd.grad(pixels, parameters, cotangent, create_graph=True, allow_unused=True)
    pieces = direction.split([parameter.numel() for parameter in parameters])
    inner = [(row.reshape(-1) * piece).sum() for row, piece in zip(pulled, pieces, strict=True) if row is not None]
    return torch.autograd.grad(torch.stack(inner).sum(), cotangent)[0] if inner else torch.zeros_like(pixels)


def uncorrelated_signs(D: int, like: Tensor) -> Tensor:
    """Sign patterns with the first and second moments of independent fair signs,
    exactly: shape ``(n, D)``.

    All ``2^D`` patterns for ``D <= 8``; else columns ``1..D`` of Sylvester's Hadamard
    matrix of order ``n = 2^ceil(log2(D+1))``, whose columns sum to zero and are
    orthogonal. A mean of any quadratic in the signs over these rows is its expectation.
    Dtype and device are those of ``like``.

    >>> uncorrelated_signs(2, torch.zeros(1))
    tensor([[ 1.,  1.],
            [-1.,  1.],
            [ 1., -1.],
            [-1., -1.]])
    """
    if D < 1:
        raise ValueError(f"Expected at least one pixel, got D = {D}.")
    masks = 2 ** torch.arange(D) if D <= 8 else torch.arange(1, D + 1)
    patterns = torch.arange(2 ** (D if D <= 8 else math.ceil(math.log2(D + 1))))
    overlap = patterns[:, None] & masks
    for shift in (16, 8, 4, 2, 1):
        overlap = overlap ^ (overlap >> shift)
    return (1 - 2 * (overlap & 1)).to(like)


def threshold_images(logits: Tensor, n: int, stream: Stream) -> Tensor:
    """``n`` images drawn from the model: a pixel is 1 where its logit plus standard
    logistic noise is positive.

    Returns:
        Shape ``(n, D)``, zeros and ones. Neither a mass nor a logarithm of one enters.

    >>> threshold_images(torch.tensor([-50.0, 50.0]).double(), 2, Stream(1))
    tensor([[0., 1.],
            [0., 1.]], dtype=torch.float64)
    """
    noise = torch.special.logit(stream.uniform(n, logits.shape[-1]))
    return (logits + noise > 0).to(logits.dtype)


def one_colour_images(logits: Tensor, n: int, stream: Stream) -> Tensor:
    """``n`` images that are all white or all black with equal chance: every pixel fair,
    and no two of them independent.

    Args:
        logits: Shape ``(D,)``; only the first is read.
    Returns:
        Shape ``(n, D)``, zeros and ones.

    >>> images = one_colour_images(torch.zeros(3).double(), 100, Stream(1))
    >>> images.sum(1).unique()
    tensor([0., 3.], dtype=torch.float64)
    """
    return threshold_images(logits[..., :1], n, stream).expand(n, logits.shape[-1])


def gradient_ratios(
    model: nn.Module, images: Callable[[Tensor, int, Stream], Tensor], n: int, stream: Stream, *, tile: int = 2**20
) -> Iterator[Tensor]:
    """Ratios ``|grad log p(x)| / |grad log p(y)|`` for ``n`` drawn images, in tiles of
    about ``tile`` pixels.

    Yields tensors of ratios; constant memory in ``n``.

    Args:
        images: Draws images: from pixel logits ``(D,)``, a number n and a stream to
            ``(n, D)``.
    Returns:
        An iterator over tensors of shape ``(rows,)``.

    >>> from numerics.likelihoods.networks import FromLogits
    >>> model = FromLogits(lambda gamma: (gamma, gamma[0]), torch.zeros(1).double())
    >>> list(gradient_ratios(model, threshold_images, 2, Stream(1)))  # one pixel, one label
    [tensor([1., 1.], dtype=torch.float64)]
    """
    parameters, pixels, label = _opened(model)
    label_norm = _norm(_grads(pixel_log_masses(label, torch.ones_like(label)), parameters))
    rows = max(1, tile // pixels.numel())
    for start in range(0, n, rows):
        drawn = images(pixels.detach(), min(rows, n - start), stream.fork(start))
        yield image_gradients(model, drawn).square().sum(-1).sqrt() / label_norm


def fit_exponent(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """Least-squares slope of ``log values`` against ``log sizes``, and its gain.

    The slope is linear in the logarithms, so that relative errors of at most ``r`` move
    it by at most ``gain * -log(1 - r)``, with ``gain`` the sum of the coefficients'
    sizes.

    Raises:
        ValueError: fewer than two different sizes, or a value that is not positive.

    >>> slope, gain = fit_exponent([1, 10, 100], [3.0, 30.0, 300.0])
    >>> round(slope, 12)
    1.0
    """
    x = torch.tensor(sizes, dtype=torch.float64).log()
    y = torch.tensor(values, dtype=torch.float64)
    if len(set(sizes)) < 2 or not (y > 0).all():
        raise ValueError(f"Expected positive values at two sizes or more, got {list(values)} at {list(sizes)}.")
    centred = x - x.mean()
    coefficients = centred / centred.square().sum()
    return float((coefficients * y.log()).sum()), float(coefficients.abs().sum())


def ladder(D: int, step: int = 4) -> list[int]:
    """``D, D // step, D // step^2, ...`` and always 1, increasing.

    >>> ladder(64)
    [1, 4, 16, 64]
    """
    sizes = [1]
    while D > 1:
        sizes.append(D)
        D //= step
    return sorted(sizes)


def pattern_counts(images: Tensor) -> Tensor:
    """How often each of the ``2^D`` images occurs, shape ``(2^D,)``; image ``x`` has
    index ``sum_i x_i 2^i``. ``D <= 24``.

    >>> pattern_counts(torch.tensor([[0, 0], [1, 0], [1, 0]]))
    tensor([1, 2, 0, 0])
    """
    D = images.shape[-1]
    if not 1 <= D <= 24:
        raise ValueError(f"Expected 1 to 24 pixels to tabulate all images, got {D}.")
    codes = images.to(torch.int64) @ (2 ** torch.arange(D, device=images.device))
    return torch.bincount(codes, minlength=2**D)


def all_images(D: int, like: Tensor) -> Tensor:
    """All ``2^D`` binary images, shape ``(2^D, D)``, in the order of
    :func:`pattern_counts`; dtype and device of ``like``.

    >>> all_images(2, torch.zeros(1))
    tensor([[0., 0.],
            [1., 0.],
            [0., 1.],
            [1., 1.]])
    """
    return (torch.arange(2**D)[:, None] >> torch.arange(D) & 1).to(like)


def entropy_bits(masses: Tensor) -> Tensor:
    """``-sum p log2 p`` over the last dimension, with ``0 log 0 = 0``. Masses are
    nonnegative and sum to one.

    Args:
        masses: Shape ``(*, n)``.
    Returns:
        Bits, shape ``(*,)``.

    >>> round(float(entropy_bits(torch.full((4,), 0.25).double())), 12)
    2.0
    """
    return -pairwise_sum(torch.special.xlogy(masses, masses)) / math.log(2)
