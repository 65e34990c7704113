"""A variational autoencoder of scikit-learn's digits, and its entangled twin: the same images from a latent that is mixed evenly.

    python examples/digits_decoder.py                     trains (under a minute on two cores) and prints three audits
    preality audit entangle examples/digits_decoder.py    the second of them, through the command line

What is known of the digits? There are no generating factors beside the latents themselves. So the first audit scores the representation
z' = f(z) against the factors z: perfect before, chance after, with the same images. The second one scores the encoder's codes of decoded
images against the latents that made them: good before, nothing after. The third one scores the codes of the real images against three things that can be read off an image: its digit (for DCI, a linear regression, a number like any other), its ink and
its slant. These are no generating factors and the autoencoder was never asked to separate them, so its scores are low to begin with; entangling
moves them a little, one up and another down, and no image shows it.
"""

from __future__ import annotations

from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch import distributions as td
from torch.nn import functional

from proofs_checks.audits.entangle import EntangleReport, audit_entangle

LATENTS, HIDDEN, EPOCHS, BATCH = 8, 128, 80, 64
PIXELS, SHADES = 64, 16.0

prior = td.Normal(torch.zeros(LATENTS, dtype=torch.float64), 1.0)
subject = "the digits' autoencoder, on its own images"


class Autoencoder(nn.Module):
    """A Gaussian encoder and a decoder to the mean of every pixel, in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 2 * LATENTS))
        self.outer = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, PIXELS), nn.Sigmoid())

    def loss(self, images: Tensor, noise: Tensor) -> Tensor:
        """The negative evidence bound with a normal likelihood of standard deviation 0.2, in nats an image."""
        mean, log_variance = self.inner(images).chunk(2, dim=-1)
        decoded = self.outer(mean + torch.exp(0.5 * log_variance) * noise)
        error = functional.mse_loss(decoded, images, reduction="none").sum(-1) / (2.0 * 0.2**2)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(-1)
        return (error + divergence).mean()


@cache
def digits() -> tuple[Tensor, Tensor]:
    """The images ``(1797, 64)`` with shades in [0, 1], and their digits."""
    found = load_digits()
    return torch.tensor(found.data / SHADES, dtype=torch.float64), torch.tensor(found.target)


@cache
def trained(seed: int = 0, epochs: int = EPOCHS) -> Autoencoder:
    """The autoencoder after training, in float64 and eval mode; a function of the seed on one machine."""
    images = digits()[0].float()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # initial weights come from torch's global generator, which is put back
        model = Autoencoder()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    with torch.enable_grad():  # an audit calls the decoder, and so this, without gradients
        for _ in range(epochs):
            for rows in torch.randperm(len(images), generator=generator).split(BATCH):
                noise = torch.randn(len(rows), LATENTS, generator=generator)
                optimiser.zero_grad()
                model.loss(images[rows], noise).backward()
                optimiser.step()
    return model.double().eval()


def decoder(z: Tensor) -> Tensor:
    """Mean images ``(n, 64)`` of latents ``(n, 8)``."""
    return trained().outer(z)


def encoder(images: Tensor) -> Tensor:
    """Mean codes ``(n, 8)`` of images ``(n, 64)``."""
    return trained().inner(images)[:, :LATENTS]


def seen_factors(images: Tensor, labels: Tensor) -> Tensor:
    """Digit, ink (the sum of shades) and slant (how far rows shift sideways, ink-weighted) of every image, shape ``(n, 3)``."""
    picture = images.view(-1, 8, 8)
    ink = picture.sum((1, 2))
    place = torch.arange(8, dtype=images.dtype)
    down, across = ((picture.sum(axis) * place).sum(-1) / ink for axis in (2, 1))
    rows, columns = place[:, None] - down[:, None, None], place - across[:, None, None]
    slant = (picture * rows * columns).sum((1, 2)) / (picture * rows.square()).sum((1, 2))
    return torch.stack([labels.to(images.dtype), ink, slant], dim=-1)


def audits(samples: int = 10_000) -> list[EntangleReport]:
    """The latent against itself, codes of decoded images against it, and codes of real images against what can be seen on them."""
    images, labels = digits()
    seen = seen_factors(images, labels)
    return [
        audit_entangle(decoder, prior, samples=samples, subject="the digits' decoder"),
        audit_entangle(decoder, prior, encoder=encoder, samples=samples, subject=subject),
        audit_entangle(
            decoder,
            prior,
            encoder=encoder,
            data=images,
            factors=seen,
            samples=samples,
            subject="the digits' autoencoder, on real images",
        ),
    ]


def main() -> None:
    """Train and print."""
    images, _ = digits()
    with torch.no_grad():
        error = (trained().outer(encoder(images)) - images).square().mean().sqrt()
    print(f"Autoencoder of {len(images)} images, {LATENTS} latents; root mean square error of a pixel {error:.3f}\n")
    for report in audits():
        print(report.text(), end="\n\n")


if __name__ == "__main__":
    main()
