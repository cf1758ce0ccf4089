"""What lies between an encoder and a decoder: latent processes, and what they are made of."""

from zoo.latents import posteriors, priors
from zoo.latents.base import Draw, Latents
from zoo.latents.codebook import Codebook
from zoo.latents.codes import Codes
from zoo.latents.flat import Flat
from zoo.latents.top_down import TopDown

__all__ = ["Codebook", "Codes", "Draw", "Flat", "Latents", "TopDown", "posteriors", "priors"]
