"""Averages of the weights: their equation, and that they are what is validated and kept."""

import dataclasses

import keras
import numpy as np
import pytest

from zoo import catalog, datasets, training
from zoo.errors import TrainingError
from zoo.training import averages, checkpoint, loop
from zoo.training.adam import Adam

DECAY = 0.8
SETTINGS = training.Settings(epochs=2, batch_size=128, ema=DECAY, skip_norm=6.3, patience=0)
STEPS = 10  # of an epoch


class Recorder(keras.callbacks.Callback):
    """Keeps the weights and their averages after each step."""

    def on_train_begin(self, logs=None):
        self.weights = [checkpoint.snapshot(self.model.trainable_variables)]
        self.averages = [checkpoint.snapshot(self.model.optimizer.averages)]

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(checkpoint.snapshot(self.model.trainable_variables))
        self.averages.append(checkpoint.snapshot(self.model.optimizer.averages))


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_an_average_follows_its_equation(decay, xla):
    """That of `tf.train.ExponentialMovingAverage`, whose decay warms up, in float64."""
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(Adam(0.05, ema=decay), "mse", jit_compile=xla or "auto")
    model.optimizer.build(model.trainable_variables)
    recorder = Recorder()
    x, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 2))
    model.fit(x, y, batch_size=4, shuffle=False, callbacks=[recorder], verbose=0)
    wanted = [value.astype(np.float64) for value in recorder.weights[0]]
    for step in range(20):
        d = min(decay, (1 + step) / (10 + step))
        after = recorder.weights[step + 1]
        wanted = [d * w + (1 - d) * value for w, value in zip(wanted, after, strict=True)]
        for average, value in zip(recorder.averages[step + 1], wanted, strict=True):
            np.testing.assert_allclose(average, value, rtol=1e-5, atol=1e-6)
    assert all((a != w).any() for a, w in zip(recorder.averages[-1], after, strict=True))


def model():
    training.seed_everything(0)
    return catalog.conv_vae((8, 8, 1), latent=2, filters=(4,), dense=8)


@pytest.fixture(scope="module")
def data():
    return datasets.binarize(datasets.load("digits"), "dynamic")


def fitted(vae, data, folder, *mine, resume=False, settings=SETTINGS):
    """The run of a training with callbacks of the test's own."""
    original = vae.fit
    vae.fit = lambda *a, callbacks, **k: original(*a, callbacks=[*callbacks, *mine], **k)
    return training.fit(vae, data, settings, folder, resume=resume)


class Looks(keras.callbacks.Callback):
    """Keeps what is validated, and raw weights and averages at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.validated, self.raw, self.kept = [], [], []

    def on_test_batch_begin(self, batch, logs=None):
        if batch == 0:
            self.validated.append(checkpoint.snapshot(self.model.weights))

    def on_epoch_end(self, epoch, logs=None):
        self.raw.append(checkpoint.snapshot(self.model.weights))
        self.kept.append(averages.kept(self.model))


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    vae, looks = model(), Looks()
    run = fitted(vae, data, tmp_path_factory.mktemp("run"), looks)
    return run, checkpoint.snapshot(vae.weights), looks


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_averages_are_validated_and_kept_and_training_goes_on_with_the_weights(uninterrupted):
    run, ends, looks = uninterrupted
    for validated, kept, raw in zip(looks.validated, looks.kept, looks.raw, strict=True):
        assert_same(validated, kept)
        assert any((a != b).any() for a, b in zip(kept, raw, strict=True))
    assert_same(ends, looks.kept[run.best_epoch - 1])
    _, _, arrays = checkpoint.load(run.folder)
    own = model()
    loop.compile_model(own, training.plan(SETTINGS, range(1438)), STEPS)
    last = {id(v): arrays[f"state/{i}"] for i, v in enumerate(checkpoint.variables(own))}
    assert_same([last[id(weight)] for weight in own.weights], looks.raw[-1])


@pytest.mark.slow
def test_averages_take_no_part_in_training(data, uninterrupted, tmp_path):
    run, _, looks = uninterrupted
    without = Looks()
    settings = dataclasses.replace(SETTINGS, ema=0.0)
    other = fitted(model(), data, tmp_path, without, settings=settings)
    assert_same(without.raw[-1], looks.raw[-1])
    assert_same(without.kept[-1], without.raw[-1])
    for mine, its in zip(other.history, run.history, strict=True):
        assert mine["loss"] == its["loss"] and mine["val_loss"] != its["val_loss"]


class Dies(keras.callbacks.Callback):
    """Raises in a step of training, or in the validation of an epoch."""

    def __init__(self, step=None, validation_of=None):
        super().__init__()
        self.step, self.validation_of = step, validation_of
        self.steps = self.epochs = 0

    def on_train_batch_end(self, batch, logs=None):
        self.raw = checkpoint.snapshot(self.model.weights)
        self.steps += 1
        if self.steps == self.step:
            raise KeyboardInterrupt

    def on_test_batch_begin(self, batch, logs=None):
        self.epochs += 1
        if self.epochs == self.validation_of:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("dies", [{"step": STEPS + 4}, {"validation_of": 1}])
def test_what_a_killed_run_leaves_resumes_to_the_same_weights(
    data, uninterrupted, tmp_path, monkeypatch, dies
):
    """An error that nothing handles writes nothing, as SIGKILL: the last step's checkpoint is left.

    In memory, the weights are no averages afterwards.
    """
    run, ends, _ = uninterrupted
    with monkeypatch.context() as patched:
        patched.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        patched.setattr(loop, "CHECKPOINT_SHARE", float("inf"))
        vae, dies = model(), Dies(**dies)
        with pytest.raises(KeyboardInterrupt):
            fitted(vae, data, tmp_path, dies)
    assert_same(checkpoint.snapshot(vae.weights), dies.raw)
    assert checkpoint.progress_of(tmp_path).step > 0
    vae = model()
    again = fitted(vae, data, tmp_path, resume=True)
    assert_same(checkpoint.snapshot(vae.weights), ends)
    assert 0 < run.skipped < 2 * STEPS and again.skipped == run.skipped
    _, _, wanted = checkpoint.load(run.folder)
    _, _, arrays = checkpoint.load(tmp_path)
    assert set(arrays) == set(wanted)
    for name, value in wanted.items():  # weights, moments, averages, counts, generators
        np.testing.assert_array_equal(arrays[name], value, err_msg=name)
    for mine, its in zip(again.history, run.history, strict=True):
        assert mine | {"seconds": 0} == its | {"seconds": 0}


@pytest.mark.slow
def test_resuming_with_another_decay_or_norm_is_refused(data, uninterrupted):
    other = dataclasses.replace(SETTINGS, ema=0.9, skip_norm=0.0)
    with pytest.raises(TrainingError, match=r"ema: 0.8 then, 0.9 now") as raised:
        training.fit(model(), data, other, uninterrupted[0].folder, resume=True)
    assert "skip_norm: 6.3 then, 0.0 now" in str(raised.value)
