"""The vector-quantized VAE: latents are codes of a learned book, their prior is autoregressive.

Source: van den Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning".
"""

import keras
import numpy as np
from keras import ops

from zoo import noise
from zoo.distributions.events import sum_event
from zoo.errors import InputError
from zoo.models.latent_model import LatentModel


@keras.saving.register_keras_serializable(package="zoo.models")
class VQVAE(LatentModel):
    """Encoder -> nearest vectors of a codebook -> decoder, and a prior over grids of codes.

    Final. The posterior puts all its mass on the codes c that x is encoded to, so that
    KL(q || p) = -log p(c), and elbo = log p(x|c) + log p(c) is exact, and a lower bound on
    log p(x) = log sum_c p(x|c) p(c).

    Trained as `LatentModel` says. Through `add_loss` enter -log p(c), which trains the prior alone,
    and `commitment` times the squared distance of encodings and their vectors, summed over the grid
    (van den Oord et al. 2017, equation 3; the codebook learns by moving averages). The progress bar
    shows `elbo`, `reconstruction`, `kl` and `perplexity`: the exponential of the entropy of the
    codes' frequencies, from 1, one code for everything, to as many as there are.

    Args:
        encoder: [batch, *event] -> {"vectors"}, [batch, rows, columns, dimension].
        decoder: such a grid of the codebook's vectors -> the likelihood's raw output.
        codebook: a `zoo.latents.codebook.Codebook`.
        prior: a `zoo.latents.priors.autoregressive.AutoregressiveCodes`.
        likelihood: as in `LatentModel`.
        commitment: weight of the distance, >= 0.

    Raises:
        InputError: for parts that do not fit each other.
    """

    parts = ("encoder", "decoder", "codebook", "prior", "likelihood")
    nats = ("elbo", "reconstruction", "kl")
    monitor = "elbo"

    def __init__(
        self, encoder, decoder, codebook, prior, likelihood="bernoulli", commitment=0.25, **kwargs
    ):
        super().__init__(encoder, decoder, likelihood, **kwargs)
        if not commitment >= 0.0:
            raise InputError(f"commitment={commitment!r}: a weight must be 0 or more.")
        self.codebook = codebook
        self.prior = prior
        self.commitment = commitment
        self.codes = codebook.codes
        self.grid = tuple(decoder.inputs[0].shape[1:-1])
        self._check_grids()
        self.latent = int(np.prod(self.grid))
        self.elbo_tracker = keras.metrics.Mean(name="elbo")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self.perplexity_tracker = Perplexity(self.codes, name="perplexity")
        self._kl = self._chosen = None
        self.build()

    @property
    def outputs_of_encoder(self):
        """{name: width} of what the encoder gives at each place of the grid."""
        return {"vectors": self.decoder.inputs[0].shape[-1]}

    @property
    def latent_facts(self):
        """What a manifest says of the latents."""
        return {
            "size": self.latent,
            "posterior": "vector-quantized",
            "prior": self.prior.family,
            "exact_bits": self.prior.exact_bits,
            "codes": self.codes,
            "dimension": self.codebook.dimension,
            "grid": list(self.grid),
        }

    def _check_grids(self):
        given = tuple(self.encoder.output["vectors"].shape[1:])
        taken = tuple(self.decoder.inputs[0].shape[1:])
        if not given == taken == (*self.grid[:2], self.codebook.dimension):
            raise InputError(
                f"The encoder gives a grid of shape {given}, the decoder takes one of {taken}, the "
                f"codebook has vectors of {self.codebook.dimension} values: a grid is (rows, "
                "columns, dimension), the same for all three."
            )
        if (self.prior.codes, self.prior.grid) != (self.codes, self.grid):
            raise InputError(
                f"The codebook has {self.codes} codes in a grid of {self.grid}, the prior is over "
                f"{self.prior.codes} in one of {self.prior.grid}: both must be the same."
            )

    def build(self, input_shape=None):
        """Builds what is not yet built; the networks arrive built."""
        for part in (self.codebook, self.prior):
            if not part.built:
                part.build((None, self.latent))
        super().build(input_shape)

    def call(self, inputs, training=None):
        """[batch, *event] -> the likelihood's raw output."""
        x, _ = self.split(inputs)
        encoded = self.encoder(x, training=training)["vectors"]
        vectors, codes = self.codebook(encoded, training=bool(training))
        self._chosen = self._rows(codes)
        self._kl = -self.prior.log_prob(self._chosen)
        distance = sum_event(ops.square(encoded - ops.stop_gradient(vectors)))
        self.add_loss(ops.mean(self._kl + self.commitment * distance))
        return self.raw(vectors, (), x, training=training)

    # --- the endpoints of the artifact contract ----------------------------------------------

    def encode(self, x):
        """[batch, *event] -> {"codes"}, int32 [batch, latent]: the grid row by row."""
        return {"codes": self._rows(self.codebook.nearest(self._encoded(x)))}

    def decode(self, codes):
        """int32 [batch, latent] -> {"x_mean"}: the likelihood's mean, [batch, *event]."""
        return {"x_mean": self.mean(self.raw(self._vectors(codes), (), None), ())}

    def reconstruct(self, x):
        """[batch, *event] -> {"x_mean"}: what the codes of x decode to."""
        return self.decode(self.encode(x)["codes"])

    def generate(self, seed):
        """int64 [batch] -> {"x_mean", "codes"}: one sample of the prior a seed, decoded.

        Row i depends on seed[i] alone. The noise is the same to the last bit in every runtime, and
        the codes are the same unless it lies between two runtimes' probabilities: see `margin`.
        """
        codes = self.prior.sample(self._noise(seed))
        return {**self.decode(codes), "codes": codes}

    def generate_from_words(self, low, high):
        """`generate` of seeds in two words each, see `noise.words`: JAX has no int64 by default."""
        return self.generate((low, high))

    def score(self, x):
        """[batch, *event] -> {"elbo", "reconstruction", "kl"}, each [batch], nats; exact."""
        codes = self.encode(x)["codes"]
        log_p = self.likelihood.log_prob(x, self.raw(self._vectors(codes), (), x))
        kl = -self.prior.log_prob(codes)
        return {"elbo": log_p - kl, "reconstruction": -log_p, "kl": kl}

    # --- for evaluation and export -----------------------------------------------------------

    def represent(self, x):
        """[batch, *event] -> [batch, latent * dimension]: the vectors that stand for x."""
        vectors = self._vectors(self.encode(x)["codes"])
        return ops.reshape(vectors, (-1, self.latent * self.codebook.dimension))

    def margin(self, inputs, answer):
        """How little must change for an endpoint's codes to be others: [batch], or None.

        Of a probability, where codes are drawn; of an encoding over its length, where they are the
        nearest. None of `decode`, which is given codes.
        """
        if "seed" in inputs:
            return self.prior.margin(answer["codes"], self._noise(inputs["seed"]))
        if "x" in inputs:
            return self.codebook.margin(self._encoded(inputs["x"])).min(axis=(1, 2))
        return None

    # --- parts -------------------------------------------------------------------------------

    def _encoded(self, x):
        return self.encoder(x, training=False)["vectors"]

    def _rows(self, codes):
        """int32 [batch, rows, columns] -> [batch, latent]."""
        return ops.reshape(codes, (-1, self.latent))

    def _vectors(self, codes):
        """int32 [batch, latent] -> [batch, rows, columns, dimension]."""
        return self.codebook.look_up(ops.reshape(codes, (-1, *self.grid)))

    def _noise(self, seed):
        return noise.draw(self.prior.noise(self.latent), seed)

    # --- training ----------------------------------------------------------------------------

    def track(self, loss, reconstruction, examples):
        """Updates the metrics with the means over a batch, nats."""
        super().track(loss, reconstruction, examples)
        # `call` ran in the same trace, just before: its codes and their KL are still at hand.
        (kl, chosen), self._kl, self._chosen = (ops.mean(self._kl), self._chosen), None, None
        self.elbo_tracker.update_state(-(reconstruction + kl), sample_weight=examples)
        self.kl_tracker.update_state(kl, sample_weight=examples)
        self.perplexity_tracker.update_state(chosen)

    def get_config(self):
        config = {**super().get_config(), "commitment": self.commitment}
        del config["conditions"]
        return config


class Perplexity(keras.metrics.Metric):
    """exp of the entropy of the frequencies of codes, int32 of any shape, seen since the reset."""

    def __init__(self, codes, name="perplexity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.codes = codes
        self.counts = self.add_variable((codes,), "zeros", name="counts")

    def update_state(self, codes):
        chose = ops.one_hot(ops.reshape(codes, (-1,)), self.codes, dtype="float32")
        self.counts.assign_add(ops.sum(chose, axis=0))

    def result(self):
        share = self.counts / ops.maximum(ops.sum(self.counts), 1.0)
        return ops.exp(-ops.sum(share * ops.log(ops.maximum(share, 1e-30))))
