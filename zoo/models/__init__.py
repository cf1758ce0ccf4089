"""Models: a VAE and a plain autoencoder, made of the parts that they are given."""

from zoo import likelihoods
from zoo.models.autoencoder import Autoencoder
from zoo.models.property_head import PropertyHead
from zoo.models.vae import VAE

__all__ = ["VAE", "Autoencoder", "PropertyHead"]

likelihoods.load_all()
