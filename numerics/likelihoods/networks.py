"""Networks that answer for an image and for a label at once, with parameters that both
answers share.

A *model* is a ``torch.nn.Module`` whose ``forward()`` takes nothing and returns
``(pixel_logits, label_logit)``, shapes ``(D,)`` and ``()``. :class:`FromLogits` makes
one of a function of one parameter vector; :class:`Centred` moves any model to
probability one half without touching its Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from numerics.streams import Stream

FAMILIES = ("agreeing", "generic", "orthogonal", "unshared")


def check_logits(logits: Tensor, what: str) -> None:
    """Refuse what is no tensor, not floating, NaN or infinite; ``what`` names it in the
    message.

    Args:
        logits: Any shape.
    Raises:
        TypeError, ValueError: as said.

    >>> check_logits(torch.tensor([0.0, torch.inf]), "logits")
    Traceback (most recent call last):
        ...
    ValueError: Expected finite logits, got 1 of 2 NaN or infinite. ...
    """
    if not isinstance(logits, Tensor):
        raise TypeError(f"Expected {what} as a torch.Tensor, got {type(logits).__name__}.")
    if not logits.is_floating_point():
        raise TypeError(
            f"Expected {what} in a floating dtype, got {logits.dtype}. Convert the model with .to(torch.float64)."
        )
    if not torch.isfinite(logits).all():
        bad = int((~torch.isfinite(logits)).sum())
        raise ValueError(
            f"Expected finite {what}, got {bad} of {logits.numel()} NaN or infinite. Look for an overflow or a bad checkpoint."
        )


class Agreeing(nn.Module):
    """Pixel head with logits ``a_i = t_i (v . h)``: one shared brightness, seen through
    the signs ``t``.

    Args:
        signs: t, shape ``(D,)``. direction: v, shape ``(m,)``.

    >>> Agreeing(torch.tensor([1.0, -1.0]), torch.tensor([1.0, 0.0]))(torch.tensor([3.0, 5.0]))
    tensor([ 3., -3.])
    """

    signs: Tensor
    direction: Tensor

    def __init__(self, signs: Tensor, direction: Tensor) -> None:
        super().__init__()
        self.register_buffer("signs", signs)
        self.register_buffer("direction", direction)

    def forward(self, h: Tensor) -> Tensor:
        """Logits, shape ``(*, D)``, of features ``h``, shape ``(*, m)``."""
        return self.signs * (h * self.direction).sum(-1, keepdim=True)


class Reflection(nn.Module):
    """Pixel head ``a = h - 2 v (v . h) / |v|^2``: every pixel depends on all D
    features, and the rows are orthonormal.

    Args:
        normal: v, shape ``(D,)``, not zero.

    >>> Reflection(torch.tensor([1.0, 0.0]))(torch.tensor([3.0, 5.0]))
    tensor([-3.,  5.])
    """

    normal: Tensor

    def __init__(self, normal: Tensor) -> None:
        super().__init__()
        self.register_buffer("normal", normal)

    def forward(self, h: Tensor) -> Tensor:
        """Logits, shape ``(*, D)``, of features ``h``, shape ``(*, D)``."""
        scale = 2 / (self.normal * self.normal).sum()
        return h - self.normal * (scale * (h * self.normal).sum(-1, keepdim=True))


class Patches(nn.Module):
    """Pixel head that paints each feature on ``K`` neighbouring pixels
    (nearest-neighbour upsampling).

    >>> Patches(2)(torch.tensor([3.0, 5.0]))
    tensor([3., 3., 5., 5.])
    """

    def __init__(self, K: int) -> None:
        super().__init__()
        self.K = K

    def forward(self, h: Tensor) -> Tensor:
        """Logits, shape ``(*, m K)``, of features ``h``, shape ``(*, m)``."""
        return h[..., None].expand(*h.shape, self.K).reshape(*h.shape[:-1], -1)


class Dense(nn.Module):
    """Pixel head ``a = V h`` with a fixed matrix ``V``, shape ``(D, m)``.

    >>> Dense(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))(torch.tensor([3.0, 5.0]))
    tensor([ 8., 10.])
    """

    rows: Tensor

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows)

    def forward(self, h: Tensor) -> Tensor:
        """Logits, shape ``(*, D)``, of features ``h``, shape ``(*, m)``."""
        return h @ self.rows.mT


class SharedNetwork(nn.Module):
    """A trunk ``h = tanh(W z + b)`` with trainable ``W, b``, read by a pixel head and
    by a label head ``u . h``.

    ``W = b = 0`` at the start, so that every logit is exactly 0 and every derivative of
    tanh exactly 1; the Jacobian's rows are then those of the heads, each tensored with
    ``(z, 1)``. With ``own_trunk`` the pixels read a second trunk: nothing is shared.
    """

    latent: Tensor
    label: Tensor

    def __init__(self, pixels: nn.Module, label: Tensor, latent: Tensor, *, own_trunk: bool = False) -> None:
        super().__init__()
        self.pixels = pixels
        self.register_buffer("label", label)
        self.register_buffer("latent", latent)
        self.trunk = self._zero_trunk()
        self.pixel_trunk = self._zero_trunk() if own_trunk else None

    def _zero_trunk(self) -> nn.Linear:
        trunk = nn.Linear(self.latent.numel(), self.label.numel(), dtype=self.latent.dtype, device=self.latent.device)
        nn.init.zeros_(trunk.weight)
        nn.init.zeros_(trunk.bias)
        return trunk

    def forward(self) -> tuple[Tensor, Tensor]:
        """The logits at the module's own parameters."""
        return self.read(self.trunk.weight, self.trunk.bias)

    def read(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """The logits under trunk parameters with any leading dimensions: one network a
        copy of the parameters.

        Args:
            weight: W, shape ``(*, m, k)`` for a latent z of shape ``(k,)``. bias: b,
                shape ``(*, m)``.
        Returns:
            Pixel logits ``(*, D)`` and label logits ``(*,)``.
        """
        h = torch.tanh(weight @ self.latent + bias)
        seen = h if self.pixel_trunk is None else torch.tanh(self.pixel_trunk(self.latent)).expand_as(h)
        return self.pixels(seen), (h * self.label).sum(-1)


class FromLogits(nn.Module):
    """A model from ``logits(gamma) -> (pixel_logits, label_logit)`` and the point
    ``gamma`` at which to measure it."""

    def __init__(self, logits: Callable[[Tensor], tuple[Tensor, Tensor]], gamma: Tensor) -> None:
        super().__init__()
        check_logits(gamma, "parameters gamma")
        self.logits = logits
        self.gamma = nn.Parameter(gamma.detach().clone())

    def forward(self) -> tuple[Tensor, Tensor]:
        """The logits at ``gamma``."""
        return self.logits(self.gamma)


class Centred(nn.Module):
    """``model`` with its logits' present values subtracted: probability one half
    everywhere, and the same Jacobian.

    >>> model = FromLogits(lambda gamma: (gamma, gamma.sum()), torch.ones(2))
    >>> Centred(model)()[0].tolist()
    [0.0, 0.0]
    """

    pixel_offset: Tensor
    label_offset: Tensor

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        pixels, label = evaluate(model)
        self.register_buffer("pixel_offset", pixels.detach().clone())
        self.register_buffer("label_offset", label.detach().clone())

    def forward(self) -> tuple[Tensor, Tensor]:
        """The model's logits less their values at construction."""
        pixels, label = self.model()
        return pixels - self.pixel_offset, label.reshape(()) - self.label_offset


def evaluate(model: nn.Module) -> tuple[Tensor, Tensor]:
    """The model's ``(pixel_logits, label_logit)``, shapes ``(D,)`` and ``()``, refused
    unless they are what a model returns.

    Raises:
        TypeError: not a module, not a pair, or integer logits.
        ValueError: D = 0, more than one dimension, several labels, NaN or infinite
            logits.

    >>> pixels, label = evaluate(FromLogits(lambda gamma: (gamma, gamma.sum()), torch.ones(2)))
    >>> pixels.tolist(), label.item()
    ([1.0, 1.0], 2.0)
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"Expected a torch.nn.Module whose forward() returns (pixel_logits, label_logit), got {type(model).__name__}. "
            "Wrap a function of the parameters as numerics.likelihoods.networks.FromLogits(logits, gamma)."
        )
    out = model()
    if not isinstance(out, tuple) or len(out) != 2:
        raise TypeError(f"Expected the model to return the pair (pixel_logits, label_logit), got {type(out).__name__}.")
    pixels, label = out
    check_logits(pixels, "pixel logits")
    check_logits(label, "the label's logit")
    if pixels.ndim != 1 or pixels.numel() == 0:
        raise ValueError(
            f"Expected pixel logits of shape (D,) with D >= 1, got {tuple(pixels.shape)}. Flatten one image, no batch."
        )
    if label.numel() != 1:
        raise ValueError(f"Expected one label logit, got shape {tuple(label.shape)}. Measure one label at a time.")
    return pixels, label.reshape(())


def shared_network(family: str, D: int, stream: Stream, *, width: int = 8) -> tuple[SharedNetwork, Tensor]:
    """A network whose pixel rows all have the label row's norm, and the image that its
    family speaks of.

    ``agreeing``: the rows agree up to signs, and the image is the one with those signs.
    ``generic``: random directions of length one in ``width`` features. ``orthogonal``:
    a reflection of D features. ``unshared``: pixels with a trunk of their own. For the
    last three the image is random.

    Raises:
        ValueError: an unknown family, or ``D < 1``.

    >>> network, image = shared_network("agreeing", 3, Stream(1))
    >>> evaluate(network)[0].detach().abs(), image.shape
    (tensor([0., 0., 0.], dtype=torch.float64), torch.Size([3]))
    """
    if family not in FAMILIES or D < 1:
        raise ValueError(f"Expected a family among {', '.join(FAMILIES)} and D >= 1, got {family!r} and D = {D}.")
    latent, signs = stream.fork("latent").normal(1), stream.fork("signs").signs(D)
    image = (signs + 1) / 2
    if family == "orthogonal":
        normal = signs * (1 + stream.fork("normal").integers(0, 2, D))  # entries +-1, +-2: products with it are exact
        label = torch.zeros_like(normal)
        label[-1] = 1
        return SharedNetwork(Reflection(normal), label, latent), (stream.fork("image").signs(D) + 1) / 2
    directions = stream.fork("directions").normal(D if family == "generic" else 1, width)
    directions = directions / directions.square().sum(-1, keepdim=True).sqrt()
    label = -directions[0].flip(
        0
    )  # the same entries in another order and sign: the same length, to the last bit of the definition
    pixels = Dense(directions) if family == "generic" else Agreeing(signs, directions[0])
    return SharedNetwork(pixels, label, latent, own_trunk=family == "unshared"), image


def patch_network(D: int, K: int, stream: Stream) -> SharedNetwork:
    """``D / K`` features, each painted on ``K`` pixels; the label reads one feature.
    All rows have one norm.

    Raises:
        ValueError: ``K`` does not divide ``D``.

    >>> evaluate(patch_network(4, 2, Stream(1)))[0].detach()
    tensor([0., 0., 0., 0.], dtype=torch.float64)
    """
    if K < 1 or D < 1 or D % K:
        raise ValueError(f"Expected a patch size K that divides D, got K = {K} and D = {D}.")
    label = torch.zeros(D // K, dtype=stream.dtype, device=stream.device)
    label[0] = 1
    return SharedNetwork(Patches(K), label, stream.fork("latent").normal(1))
