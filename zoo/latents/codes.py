"""Latents that are codes: numbers of the vectors of a learned book, with a prior over grids.

Source: van den Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning".
"""

import math

import keras
from keras import ops

from zoo.distributions.events import sum_event
from zoo.errors import InputError
from zoo.latents.base import Draw, Latents


@keras.saving.register_keras_serializable(package="zoo.latents")
class Codes(Latents):
    """A grid of codes: at each place the number of the codebook's vector nearest to the encoding.

    The posterior puts all its mass on the codes c that x is encoded to, so that
    KL(q || p) = -log p(c), and elbo = log p(x|c) + log p(c) is exact, and a lower bound on
    log p(x) = log sum_c p(x|c) p(c). The KL trains the prior alone; besides it, training adds
    `commitment` times the squared distance of encodings and their vectors, summed over the grid
    (van den Oord et al. 2017, equation 3; the codebook learns by moving averages).

    The features are {"vectors": [batch, rows, columns, dimension]}, the state is such a grid of the
    codebook's vectors, z is int32 [batch, rows * columns], row by row.

    Args:
        codebook: a `zoo.latents.codebook.Codebook`.
        prior: a `zoo.latents.priors.autoregressive.AutoregressiveCodes`.
        commitment: weight of the distance, >= 0.

    Raises:
        InputError: for a codebook and a prior that do not belong together.
    """

    family = "vector-quantized"
    exact_kl = True  # one grid of codes has all the posterior's mass

    def __init__(self, codebook, prior, commitment=0.25, **kwargs):
        super().__init__(**kwargs)
        if not commitment >= 0.0:
            raise InputError(f"commitment={commitment!r}: a weight must be 0 or more.")
        if prior.codes != codebook.codes:
            raise InputError(
                f"The codebook has {codebook.codes} codes, the prior is over {prior.codes}: both "
                "must be the same."
            )
        self.codebook = codebook
        self.prior = prior
        self.commitment = commitment
        self.build()

    def build(self, input_shape=None):
        for part in (self.codebook, self.prior):
            if not part.built:
                part.build((None, self.size))
        self.built = True

    @property
    def grid(self):
        """(rows, columns)."""
        return self.prior.grid

    @property
    def groups(self):
        return {"codes": (math.prod(self.grid),)}

    @property
    def feature_shapes(self):
        return {"vectors": (*self.grid, self.codebook.dimension)}

    @property
    def state_shape(self):
        return (*self.grid, self.codebook.dimension)

    @property
    def widest(self):
        return self.size * self.codebook.codes  # the distances to all of them

    @property
    def encoded(self):
        return {"codes": self.size}

    @property
    def prior_family(self):
        """The prior's."""
        return self.prior.family

    @property
    def exact_bits(self):
        return self.prior.exact_bits

    @property
    def classes(self):
        return self.codebook.codes

    def noise_kinds(self):
        return ()

    def prior_noise_kinds(self):
        return self.prior.noise_kinds(self.size)

    def infer(self, features, noise=None, draws=1, training=False, step=None, pseudo=None):
        encoded = features["vectors"]
        vectors, codes = self.codebook(encoded, training=training)
        codes = self._in_a_row(codes)
        log_p = self.prior.log_prob(codes)
        distance = sum_event(ops.square(encoded - ops.stop_gradient(vectors)))
        return Draw(
            z=codes,
            state=vectors,
            parameters={},
            kl={"codes": -log_p},
            log_ratio=ops.expand_dims(log_p, 1),
            penalty=self.commitment * distance,
            measured={"perplexity": codes},
        )

    def encode(self, features):
        return {"codes": self.point(features)}

    def point(self, features):
        return self._in_a_row(self.codebook.nearest(features["vectors"]))

    def generate(self, noise, pseudo=None):
        codes = self.prior.sample(noise)
        return codes, self.place(codes)

    def place(self, z):
        return self.codebook.look_up(ops.reshape(z, (-1, *self.grid)))

    def embedding(self, z):
        """The codes' vectors: [rows, size * dimension]."""
        return ops.reshape(self.place(z), (-1, self.size * self.codebook.dimension))

    def new_metrics(self):
        return {"perplexity": Perplexity(self.classes, name="perplexity")}

    def margin(self, features=None, noise=None, z=None):
        """Of a probability, where codes are drawn; of an encoding over its length elsewhere."""
        if noise is not None:
            return self.prior.margin(z, noise)
        return self.codebook.margin(features["vectors"]).min(axis=(1, 2))

    def _in_a_row(self, codes):
        """int32 [batch, rows, columns] -> [batch, size]."""
        return ops.reshape(codes, (-1, self.size))

    def facts(self):
        return super().facts() | {
            "codes": self.classes,
            "dimension": self.codebook.dimension,
            "grid": list(self.grid),
        }

    def get_config(self):
        return {
            **super().get_config(),
            "codebook": keras.saving.serialize_keras_object(self.codebook),
            "prior": keras.saving.serialize_keras_object(self.prior),
            "commitment": self.commitment,
        }

    @classmethod
    def from_config(cls, config):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("codebook", "prior")
        }
        return cls(**config | parts)


class Perplexity(keras.metrics.Metric):
    """exp of the entropy of the frequencies of codes, int32 of any shape, seen since the reset.

    From 1, one code for everything, to as many as there are.
    """

    def __init__(self, codes, name="perplexity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.codes = codes
        self.counts = self.add_variable((codes,), "zeros", name="counts")

    def update_state(self, codes, sample_weight=None):
        chose = ops.one_hot(ops.reshape(codes, (-1,)), self.codes, dtype="float32")
        self.counts.assign_add(ops.sum(chose, axis=0))

    def result(self):
        share = self.counts / ops.maximum(ops.sum(self.counts), 1.0)
        return ops.exp(-ops.sum(share * ops.log(ops.maximum(share, 1e-30))))
