"""Models: a VAE and a plain autoencoder, made of the parts that they are given."""
