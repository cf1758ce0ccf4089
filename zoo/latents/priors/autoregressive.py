"""A prior over grids of codes that gives each code from those before it.

van den Oord et al. 2017, section 3.3, learn one after the model, a PixelCNN; this one is recurrent,
and learns beside it.
"""

import math

import keras
from keras import layers, ops

from zoo import recurrent_cells
from zoo.distributions import categorical
from zoo.errors import InputError
from zoo.latents.priors.base import Prior


@keras.saving.register_keras_serializable(package="zoo.priors")
class AutoregressiveCodes(Prior):
    """p(codes) = prod_i p(code_i | those before it), row by row, by a GRU.

    Codes are int32 [rows, latent], with latent = height * width of the grid. Each is given the one
    before it, the one above it, zeros where there is none, and the place that it is at; of the
    others the GRU's state knows.

    Args:
        codes: how many values each may take, 2 or more.
        grid: its height and width.
        units: width of the GRU.
        embedding: values that stand for a code, and for a place.
    """

    family = "autoregressive"
    support = "codes"

    def __init__(self, codes, grid, units=64, embedding=16, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(codes, int) or codes < 2:
            raise InputError(f"codes={codes!r}: a code has 2 values or more to choose from.")
        if len(grid) != 2 or min(grid) < 1:
            raise InputError(f"grid={tuple(grid)}: give a height and a width, each 1 or more.")
        for name, value in (("units", units), ("embedding", embedding)):
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name}={value!r}: give a whole number, 1 or more.")
        self.codes = codes
        self.grid = tuple(grid)
        self.units = units
        self.embedding = embedding
        self.table = layers.Embedding(codes, embedding, dtype="float32", name="table")
        # cuDNN's operators would run neither in ONNX nor in a SavedModel on a CPU.
        self.recurrent = layers.GRU(
            units, return_sequences=True, use_cudnn=False, dtype="float32", name="recurrent"
        )
        self.head = layers.Dense(codes, dtype="float32", name="head")

    def build(self, input_shape=None):
        count, width = math.prod(self.grid), self.embedding
        self.places = self.add_weight((count, width), "random_normal", name="places")
        self.table.build((None, count))
        self.recurrent.build((None, count, 3 * width))
        self.head.build((None, count, self.units))
        self.built = True

    def noise_kinds(self, latent):
        return (("uniform", latent),)

    def logits(self, codes):
        """Of every code given those before it: int32 [rows, latent] -> [rows, latent, codes]."""
        known = self.table(codes)
        given = [_later(known, 1), _later(known, self.grid[1]), self._places(codes)]
        return self.head(self.recurrent(ops.concatenate(given, axis=-1)))

    def log_prob(self, z, pseudo=None):
        """log p(codes): int32 [rows, latent] -> [rows], nats."""
        return categorical.log_prob(ops.cast(z, "float32"), self.logits(z))

    def sample(self, noise, pseudo=None):
        """Codes int32 [rows, latent] of noise uniform on [0, 1), each drawn from those before."""
        sequence = ops.concatenate([noise[..., None], self._places(noise)], axis=-1)
        drawn = layers.RNN(_Drawn(self), return_sequences=True)(sequence)
        return ops.cast(drawn[..., 0], "int32")

    def margin(self, codes, noise):
        """How little a probability must change for another of the codes drawn: -> [rows]."""
        return ops.min(categorical.gap(self.logits(codes), noise), axis=-1)

    def _places(self, rows):
        """[rows, latent, embedding] for any [rows, latent]."""
        return ops.broadcast_to(self.places[None], (ops.shape(rows)[0], *self.places.shape))

    def get_config(self):
        names = ("codes", "grid", "units", "embedding")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _Drawn:
    """A cell for `keras.layers.RNN` over noise and places: it draws a code and remembers it.

    Its states are a row's worth of codes drawn last, embedded, and that of the cell within; they
    are computed as `zoo.recurrent_cells` says.
    """

    output_size = 1

    def __init__(self, prior):
        self.compute_dtype = recurrent_cells.precision()
        self.prior = prior
        self.cell = recurrent_cells.step(prior.recurrent.cell)
        self.head = recurrent_cells.dense(prior.head)
        self.state_size = [prior.grid[1] * prior.embedding, prior.units]

    def __call__(self, inputs, states):
        prior, (before, inner) = self.prior, states
        width = prior.embedding
        inputs = ops.cast(inputs, self.compute_dtype)
        given = ops.concatenate([before[:, -width:], before[:, :width], inputs[:, 1:]], axis=-1)
        (h,) = self.cell(given, inner)
        code = categorical.sample(self.head(h), inputs[:, 0])
        known = ops.cast(prior.table(ops.cast(code, "int32")), self.compute_dtype)
        before = ops.concatenate([before[:, width:], known], axis=-1)
        return code[:, None], [before, h]

    call = __call__


def _later(rows, steps):
    """[batch, count, width] -> the same so many steps later: zeros first, the last ones gone."""
    steps = min(steps, rows.shape[1])
    return ops.pad(rows[:, : rows.shape[1] - steps], ((0, 0), (steps, 0), (0, 0)))
