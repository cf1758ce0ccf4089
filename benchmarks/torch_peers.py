"""The zoo's dense and convolutional VAE in plain PyTorch, and in pythae: peers of a benchmark."""

import torch
from torch import nn
from torch.nn import functional

UNITS = 512
FILTERS = (16, 32)


def networks(network, latent, image):
    """(features of an image, their width, decoder to logits [batch, 1, image, image])."""
    return {"dense": _dense, "conv": _convolutional}[network](latent, image)


def vae(network, latent, image):
    """A module whose forward is the loss: -ELBO in nats, averaged over the batch."""
    return VAE(*networks(network, latent, image), latent)


def pythae_vae(network, latent, image):
    """The same networks in pythae's VAE; forward is its loss."""
    from pythae import models
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    features, width, logits = networks(network, latent, image)

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.features = features
            self.mean, self.log_var = nn.Linear(width, latent), nn.Linear(width, latent)

        def forward(self, x):
            h = self.features(x)
            return ModelOutput(embedding=self.mean(h), log_covariance=self.log_var(h))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.logits = logits

        def forward(self, z):
            return ModelOutput(reconstruction=torch.sigmoid(self.logits(z)))

    class Loss(models.VAE):
        def forward(self, x):
            return super().forward({"data": x}).loss

    config = models.VAEConfig(
        input_dim=(1, image, image), latent_dim=latent, reconstruction_loss="bce"
    )
    return Loss(config, Encoder(), Decoder())


class VAE(nn.Module):
    """A normal posterior, a standard normal prior and a Bernoulli likelihood."""

    def __init__(self, features, width, logits, latent):
        super().__init__()
        self.features = features
        self.log_var, self.mean = nn.Linear(width, latent), nn.Linear(width, latent)
        self.logits = logits
        self.noise_shapes = [(latent,)]

    def terms(self, x, noise):
        """(-log p(x|z), KL), each summed over the batch, nats."""
        h = self.features(x)
        mean, log_var = self.mean(h), self.log_var(h).clamp(-30.0, 20.0)
        z = mean + torch.exp(0.5 * log_var) * noise[0]
        nats = functional.binary_cross_entropy_with_logits(self.logits(z), x, reduction="sum")
        return nats, 0.5 * torch.sum(mean.square() + log_var.exp() - log_var - 1.0)

    def forward(self, x):
        noise = torch.randn(len(x), *self.noise_shapes[0], device=x.device)
        return sum(self.terms(x, [noise])) / len(x)


def _dense(latent, image):
    pixels = image * image
    encoder = nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, UNITS), nn.SiLU(), nn.Linear(UNITS, UNITS), nn.SiLU()
    )
    decoder = nn.Sequential(
        nn.Linear(latent, UNITS),
        nn.SiLU(),
        nn.Linear(UNITS, UNITS),
        nn.SiLU(),
        nn.Linear(UNITS, pixels),
        nn.Unflatten(1, (1, image, image)),
    )
    return encoder, UNITS, decoder


def _convolutional(latent, image):
    first, second = FILTERS
    side = image // 4
    encoder = nn.Sequential(
        nn.Conv2d(1, first, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.Conv2d(first, second, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(second * side * side, UNITS),
        nn.SiLU(),
    )
    decoder = nn.Sequential(
        nn.Linear(latent, UNITS),
        nn.SiLU(),
        nn.Linear(UNITS, second * side * side),
        nn.SiLU(),
        nn.Unflatten(1, (second, side, side)),
        nn.ConvTranspose2d(second, first, 3, stride=2, padding=1, output_padding=1),
        nn.SiLU(),
        nn.Conv2d(first, 4, 3, padding=1),
        nn.PixelShuffle(2),
    )
    return encoder, UNITS, decoder
