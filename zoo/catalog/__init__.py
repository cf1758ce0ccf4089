"""The named models of the zoo: builders with every number visible.

Every builder takes an event shape and returns a model. What a VAE's builder takes besides, `parts`,
are `posterior` and `prior` of its latents ("normal" and "standard" unless given; any name or value
of `zoo.latents.posteriors` and `zoo.latents.priors`), and the arguments of `zoo.models.VAE` of the
same names: `likelihood` ("bernoulli"), `objective` (the ELBO), `seed` (0), `prior_share` (0),
`mean_share` (0) and `property_head` (None), which the function of that name makes of the data's
properties.
"""

from zoo.catalog.dense import (
    beta_vae,
    count_vae,
    dense_ae,
    dense_vae,
    flow_vae,
    gumbel_vae,
    hyperspherical_vae,
    iwae,
    laplace_vae,
    vampprior_vae,
)
from zoo.catalog.entries import ENTRIES, PARTS, Entry, build, entry, names, table
from zoo.catalog.pictures import conditional_vae, conv_vae, hierarchical_vae, residual_vae, vq_vae
from zoo.catalog.sequences import molecule_vae, rnn_vae, series_vae, stroke_vae
from zoo.catalog.tables import table_vae
from zoo.models.property_head import head as property_head

__all__ = [
    "ENTRIES",
    "PARTS",
    "Entry",
    "beta_vae",
    "build",
    "conditional_vae",
    "conv_vae",
    "count_vae",
    "dense_ae",
    "dense_vae",
    "entry",
    "flow_vae",
    "gumbel_vae",
    "hierarchical_vae",
    "hyperspherical_vae",
    "iwae",
    "laplace_vae",
    "molecule_vae",
    "names",
    "property_head",
    "residual_vae",
    "rnn_vae",
    "series_vae",
    "stroke_vae",
    "table",
    "table_vae",
    "vampprior_vae",
    "vq_vae",
]
