"""Weights that depend on the step: by hand, in training, and across every kind of interruption."""

import keras
import linear_gaussian
import numpy as np
import pytest

from zoo import catalog, datasets, training
from zoo.errors import InputError
from zoo.objectives import ELBO
from zoo.schedules import Cyclical, Linear, at
from zoo.training import checkpoint


@pytest.mark.parametrize(
    "schedule, by_step",
    [
        (Linear(0.0, 1.0, 4), {0: 0.0, 1: 0.25, 2: 0.5, 4: 1.0, 1000: 1.0}),
        (Linear(10.0, 2.0, 8), {0: 10.0, 1: 9.0, 8: 2.0, 9: 2.0}),
        # Periods of 10, the first half rises: 0, 0.4, ..., 1.6, then 2 to the period's end.
        (
            Cyclical(10, cycles=2, rise=0.5, top=2.0),
            {0: 0.0, 1: 0.4, 4: 1.6, 5: 2.0, 9: 2.0, 10: 0.0, 11: 0.4, 19: 2.0, 20: 2.0, 21: 2.0},
        ),
        (Cyclical(4, cycles=3, rise=1.0), {0: 0.0, 1: 0.25, 3: 0.75, 4: 0.0, 12: 1.0, 13: 1.0}),
    ],
)
def test_a_schedule_gives_what_the_formula_gives_by_hand(schedule, by_step):
    for step, wanted in by_step.items():
        assert float(schedule(np.int32(step))) == pytest.approx(wanted, abs=1e-6), step


def test_a_cycle_begins_at_zero_however_many_there_were():
    cyclical = Cyclical(7, cycles=10**6)
    for n in (3, 1001, 123_457):
        assert float(cyclical(np.int32(7 * n))) == 0.0


@pytest.mark.parametrize("schedule", [Linear(0.0, 1.0, 4), Cyclical(10, 2, 0.3, 2.0)], ids=repr)
def test_a_schedule_comes_back_from_its_config(schedule):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert type(copy) is type(schedule) and vars(copy) == vars(schedule)
    assert copy.get_config() == vars(schedule)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Linear(0.0, 1.0, 0), "steps=0"),
        (lambda: Linear(0.0, float("nan"), 5), "end=nan"),
        (lambda: Cyclical(0), "period=0"),
        (lambda: Cyclical(2.5), "period=2.5"),
        (lambda: Cyclical(10, cycles=0), "cycles=0"),
        (lambda: Cyclical(10, rise=0.0), "rise=0.0"),
        (lambda: Cyclical(10, rise=1.5), "rise=1.5"),
        (lambda: Cyclical(10, top=-1.0), "top=-1.0"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_a_number_is_a_schedule_that_never_changes():
    assert at(0.5, step=None) == 0.5


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)


def annealed(steps=4):
    vae = linear_gaussian.model(objective=ELBO(Linear(0.0, 1.0, steps)))
    vae.compile(keras.optimizers.SGD(0.0), jit_compile=False)  # the weights stay, so does the KL
    return vae


def weight(logs):
    """The KL's weight in a loss."""
    return (logs["loss"] - logs["reconstruction"]) / logs["kl"]


def test_the_first_batch_has_the_weight_of_step_0_and_each_step_the_next(x):
    vae = annealed()
    seen = [weight(vae.train_on_batch(x, x, return_dict=True)) for _ in range(6)]
    assert seen == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0], abs=1e-4)


def test_evaluation_and_inference_count_no_step(x):
    vae = annealed()
    vae.train_on_batch(x, x)
    for _ in range(3):
        assert weight(vae.test_on_batch(x, x, return_dict=True)) == pytest.approx(0.25, abs=1e-4)
        vae(x)
        vae.reconstruct(x)
    assert int(vae.step) == 1


def test_the_step_is_kept_in_the_keras_file_and_is_no_parameter(x, tmp_path):
    vae = annealed()
    for _ in range(3):
        vae.train_on_batch(x, x)
    vae.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert int(copy.step) == 3
    assert weight(copy.train_on_batch(x, x, return_dict=True)) == pytest.approx(0.75, abs=1e-4)
    by_hand = 2 * (3 * 2 + 2) + (2 * 3 + 3) + 1  # mean and log_var, decoder, the likelihood's scale
    assert copy.count_params() == linear_gaussian.model().count_params() == by_hand


@pytest.mark.slow
def test_a_resumed_run_goes_on_at_the_step_where_it_stood(tmp_path, monkeypatch):
    data = datasets.binarize(datasets.load("digits"), "dynamic")
    settings = training.Settings(epochs=3, batch_size=256)

    def model():
        training.seed_everything(0)
        return catalog.dense_vae(
            data.event_shape, latent=2, units=(8,), objective=ELBO(Linear(0.0, 1.0, 12))
        )

    whole = model()
    training.fit(whole, data, settings, tmp_path / "whole")
    _fail_after(monkeypatch, 1)
    with pytest.raises(RuntimeError, match="as a callback may"):
        training.fit(model(), data, settings, tmp_path / "parts")
    monkeypatch.undo()
    progress, _, _ = checkpoint.load(tmp_path / "parts")
    assert progress.epoch == 1
    resumed = model()
    training.fit(resumed, data, settings, tmp_path / "parts", resume=True)
    # 1,438 training examples less 72 held out: 5 batches an epoch.
    _, _, ends = checkpoint.load(tmp_path / "parts")
    _, _, wanted = checkpoint.load(tmp_path / "whole")
    state = [value for name, value in ends.items() if name.startswith("state/")]
    assert [int(v) for v in state if v.dtype == np.int32 and v.shape == ()].count(15) == 1
    for name, value in wanted.items():
        np.testing.assert_array_equal(ends[name], value, err_msg=name)


def _fail_after(monkeypatch, epochs):
    """An error before the first step after some epochs; checkpoints come after every one."""
    from zoo.training import callbacks, loop

    began = callbacks.EpochOrder.on_epoch_begin

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == epochs:
            raise RuntimeError("as a callback may")
        began(self, epoch, logs)

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e6)  # of the time: on a busy disk, too
    monkeypatch.setattr(callbacks.EpochOrder, "on_epoch_begin", on_epoch_begin)
