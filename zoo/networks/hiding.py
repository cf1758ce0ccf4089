"""Values that training hides from an encoder, so that it learns to do without."""

import keras
from keras import ops

from zoo.errors import InputError

MOST_HIDDEN = 0.25  # of all values, where half of the examples stay whole


@keras.saving.register_keras_serializable(package="zoo.networks")
class HideColumns(keras.layers.Layer):
    """Zeros for all that is said of some columns, drawn anew for each example while it trains.

    Half of the examples stay whole; of any other, a share of the values is hidden that is evenly
    distributed from 0 to 4 `share`, at most 1: of a row columns, of a window the columns of each of
    its steps. [batch, inputs] or [batch, steps, inputs] -> the same shape.

    Args:
        owners: of each input, the number of the column that it is said of.
        share: of all values, on average; up to 1/4.
        seed: of what is drawn.
    """

    def __init__(self, owners, share, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.owners = tuple(int(owner) for owner in owners)
        self.share = share
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        if not training:
            return x
        rows, *steps = ops.shape(x)[:-1]
        of_example = (rows, *[1] * (len(steps) + 1))
        level = keras.random.uniform(of_example, -1.0, 1.0, seed=self.seed_generator)
        columns = max(self.owners) + 1
        drawn = keras.random.uniform((rows, *steps, columns), seed=self.seed_generator)
        kept = ops.cast(drawn >= 4.0 * self.share * level, x.dtype)
        return x * ops.take(kept, ops.convert_to_tensor(self.owners, "int32"), axis=-1)

    def get_config(self):
        own = {"owners": list(self.owners), "share": self.share, "seed": self.seed}
        return {**super().get_config(), **own}


def require_share(hidden):
    """Raises an InputError for a share of hidden values that is none."""
    if not 0.0 <= hidden <= MOST_HIDDEN:
        raise InputError(f"hidden={hidden}: give a share from 0 to {MOST_HIDDEN}.")
