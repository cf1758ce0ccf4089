"""Steps that are skipped: they leave everything as it was, are counted, and end training."""

import keras
import numpy as np
import pytest

from zoo.errors import TrainingError
from zoo.training import checkpoint, skipping
from zoo.training.adam import Adam

X = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(24, 2)).astype(np.float32)


def model(xla="auto", **options):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    adam = Adam(0.05, ema=0.9, weight_decay=0.01, **options)
    made.compile(adam, "mse", jit_compile=xla)
    adam.build(made.trainable_variables)
    return made


class States(keras.callbacks.Callback):
    """Keeps weights, moments and averages after each step, and how many steps were skipped."""

    def on_train_begin(self, logs=None):
        self.states, self.skipped = [], []

    def on_train_batch_end(self, batch, logs=None):
        adam = self.model.optimizer
        moments = [v for v in adam.variables if "moment" in v.path or "velocity" in v.path]
        assert len(moments) == 4 and len(adam.averages) == 2
        everything = [*self.model.weights, *moments, *adam.averages]
        self.states.append(checkpoint.snapshot(everything))
        if adam.skip_norm:
            self.skipped.append((int(adam.skipped), int(adam.skipped_in_a_row)))


def states(x, **options):
    """(state after each step, counts after each step) of steps of four examples each."""
    callback, made = States(), model(**options)
    y = np.resize(Y, (len(x), 2))
    made.fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=[callback])
    return callback, made


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("xla", ["auto", True])
@pytest.mark.parametrize("options", [{}, {"global_clipnorm": 0.5}], ids=["", "clipped"])
def test_a_skipped_step_leaves_everything_as_it_was(xla, options):
    """Six steps, of which the third is far too long and the fourth and fifth are no numbers."""
    x = X.copy()
    x[8:12] *= 1e3
    x[12:16] = np.nan
    x[16:20] *= 1e30  # the squares of the gradients are infinite
    with_them, made = states(x, xla=xla, skip_norm=50.0, **options)
    assert with_them.skipped == [(0, 0), (0, 0), (1, 1), (2, 2), (3, 3), (3, 0)]
    for step in (2, 3, 4):
        assert_same(with_them.states[step], with_them.states[1])
    x, y = (np.concatenate([each[:8], each[20:]]) for each in (X, Y))
    taken, other = States(), model(xla=xla, **options)
    other.fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=[taken])
    for step, mine in ((0, 0), (1, 1), (2, 5)):
        for a, b in zip(taken.states[step], with_them.states[mine], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
    assert int(made.optimizer.iterations) == 3 and int(other.optimizer.iterations) == 3


def test_the_learning_rate_goes_on_while_steps_are_skipped():
    rate = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    made.compile(Adam(rate, skip_norm=1e-9), "mse", jit_compile=False)
    made.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    assert int(made.optimizer.skipped) == 6 and int(made.optimizer.iterations) == 0
    assert float(made.optimizer.learning_rate) == pytest.approx(0.4)


def test_training_that_skips_every_step_stops_and_says_why():
    made = model(skip_norm=1e-9)
    x, y = np.resize(X, (130, 3)), np.resize(Y, (130, 2))
    with pytest.raises(
        TrainingError, match=r"last 100 steps were skipped: .* skip_norm=1e-09 .*--skip-norm"
    ):
        made.fit(x, y, batch_size=1, verbose=0, callbacks=[skipping.StopOnSkipping()])
    assert int(made.optimizer.skipped) == 100


def test_the_norm_is_that_of_all_gradients_together():
    gradients = [keras.ops.array([3.0, 4.0]), None, keras.ops.array([[12.0]])]
    assert float(skipping.norm(gradients)) == 13.0


def test_an_optimizers_options_are_in_its_configuration():
    again = Adam.from_config(Adam(0.1, ema=0.99, skip_norm=7.0, beta_1=0.5).get_config())
    assert (again.ema, again.skip_norm, again.beta_1) == (0.99, 7.0, 0.5)
