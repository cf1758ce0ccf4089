"""Training: determinism, resumption after kill -9, early stop, divergence, what is written."""

import csv
import dataclasses
import gc
import inspect
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from forked import Forked

from zoo import catalog, datasets, objectives, schedules, training
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import InputError, TrainingError
from zoo.training import checkpoint, identity
from zoo.training.callbacks import Journal, StopOnDivergence
from zoo.training.loop import compile_model

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = training.Settings(epochs=4, batch_size=128, learning_rate=3e-3, seed=0)


def model(**options):
    training.seed_everything(0)
    return catalog.conv_vae((8, 8, 1), **{"latent": 2, "filters": (4,), "dense": 8} | options)


@pytest.fixture(scope="module")
def data():
    return datasets.binarize(datasets.load("digits"), "dynamic")


def weights(vae):
    return [keras.ops.convert_to_numpy(w) for w in vae.weights]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    vae = model()
    run = training.fit(vae, data, SETTINGS, tmp_path_factory.mktemp("run"))
    return run, weights(vae)


@pytest.mark.slow
def test_equal_seeds_end_with_equal_weights(data, uninterrupted, tmp_path):
    again = model()
    training.fit(again, data, SETTINGS, tmp_path)
    assert_same(weights(again), uninterrupted[1])


@pytest.mark.slow
def test_another_seed_ends_with_other_weights(data, uninterrupted, tmp_path):
    other = model()
    training.fit(other, data, dataclasses.replace(SETTINGS, seed=1), tmp_path)
    pairs = zip(weights(other), uninterrupted[1], strict=True)
    assert any((a != b).any() for a, b in pairs)


KILLED = """
import sys
from pathlib import Path
import keras
from zoo import catalog, datasets, training
from zoo.training import loop
loop.CHECKPOINT_SECONDS = 0.0  # after every step
loop.CHECKPOINT_SHARE = float("inf")

class Slow(keras.callbacks.Callback):  # leaves time to be killed in the middle of an epoch
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() > 25:
            print("third epoch", flush=True)
            import time; time.sleep(0.5)

training.seed_everything(0)
vae = catalog.conv_vae((8, 8, 1), latent=2, filters=(4,), dense=8)
original = vae.fit
vae.fit = lambda *a, callbacks, **k: original(*a, callbacks=[*callbacks, Slow()], **k)
data = datasets.binarize(datasets.load("digits"), "dynamic")
settings = training.Settings(epochs=4, batch_size=128, learning_rate=3e-3, seed=0)
training.fit(vae, data, settings, sys.argv[1])
"""


def python(code, folder):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.slow
def test_a_run_killed_in_mid_epoch_resumes_to_the_same_weights(
    data, uninterrupted, tmp_path, capsys
):
    """By SIGKILL, which no process hears; signals that it hears are sent to this one, below."""
    process = Forked(KILLED, tmp_path, cwd=ROOT)
    for line in process.stdout:
        if "third epoch" in line:
            break
    else:
        pytest.fail("the run ended before it could be killed")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    progress = checkpoint.progress_of(tmp_path)
    assert progress.epoch == 2 and 1 <= progress.step < STEPS  # of 4: the third was cut off
    capsys.readouterr()
    vae = model()
    training.fit(vae, data, SETTINGS, tmp_path, resume=True)
    assert f"Resuming after {progress.step} steps of epoch 3 of 4" in capsys.readouterr().out
    assert_ends_alike(vae, tmp_path, uninterrupted)


def assert_ends_alike(vae, folder, uninterrupted):
    """Asserts weights, history and whole state of a run that was never interrupted."""
    assert_same(weights(vae), uninterrupted[1])
    progress, _, arrays = checkpoint.load(folder)
    wanted_progress, _, wanted = checkpoint.load(uninterrupted[0].folder)
    assert without_seconds(progress.history) == without_seconds(wanted_progress.history)
    assert progress.best_epoch == wanted_progress.best_epoch
    assert set(arrays) == set(wanted)
    for name, value in wanted.items():  # the last weights, the optimizer's state, the generators'
        np.testing.assert_array_equal(arrays[name], value, err_msg=name)


def without_seconds(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


STEPS = 10  # of an epoch


class Signals(keras.callbacks.Callback):
    """Sends this process a signal at a step, or in the validation of an epoch."""

    def __init__(self, step=None, validation_of=None, number=signal.SIGINT, times=1):
        super().__init__()
        self.step, self.validation_of, self.number, self.times = step, validation_of, number, times
        self.steps = self.epochs = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.steps += 1
        if self.steps == self.step:
            self.send()

    def on_test_begin(self, logs=None):
        self.epochs += 1
        if self.epochs == self.validation_of:
            self.send()

    def send(self):
        for _ in range(self.times):
            os.kill(os.getpid(), self.number)


@pytest.fixture
def hears(monkeypatch):
    """This process hears signals as one that was started by hand; what it does is put back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in numbers[1:]:
        signal.signal(number, signal.SIG_DFL)  # `nohup` has SIGHUP ignored
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupted(vae, data, folder, settings=SETTINGS, resume=False, **options):
    """Trains until a signal of `Signals(**options)`; what was raised."""
    original = vae.fit
    sender = Signals(**options)
    vae.fit = lambda *a, callbacks, **k: original(*a, callbacks=[sender, *callbacks], **k)
    with pytest.raises(training.Interrupted) as raised:
        training.fit(vae, data, settings, folder, resume=resume)
    return raised.value


def assert_kept(error, folder, options, epoch, step):
    """Asserts what an interruption by `Signals(**options)` says and leaves."""
    assert error.number == options.get("number", signal.SIGINT)
    assert isinstance(error, KeyboardInterrupt)
    progress = checkpoint.progress_of(folder)
    assert (progress.epoch, progress.step) == (epoch, step)
    stands = f"after {step} steps of epoch {epoch + 1}" if step else f"after epoch {epoch}"
    assert str(error) == f"Training is kept as it stood {stands}; go on with --resume."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "epoch", "step"),
    [
        ({"step": 4, "number": signal.SIGTERM}, 0, 4),
        ({"validation_of": 2}, 2, 0),
        ({"step": 4 * STEPS}, 4, 0),
    ],
)
def test_a_signal_keeps_every_step_that_was_done(
    data, uninterrupted, tmp_path, hears, options, epoch, step
):
    assert_kept(interrupted(model(), data, tmp_path, **options), tmp_path, options, epoch, step)
    vae = model()
    training.fit(vae, data, SETTINGS, tmp_path, resume=True)
    assert_ends_alike(vae, tmp_path, uninterrupted)


@pytest.mark.slow
def test_a_run_interrupted_again_and_again_ends_as_an_uninterrupted_one(
    data, uninterrupted, tmp_path, hears
):
    """At its first step, its epoch's last but one and last, and in the middle of a later epoch."""
    for resume, options, epoch, step in (
        (False, {"step": 1}, 0, 1),
        (True, {"step": STEPS - 2}, 0, STEPS - 1),
        (True, {"step": 1, "number": signal.SIGHUP}, 1, 0),
        (True, {"step": 2 * STEPS + 5}, 3, 5),
    ):
        error = interrupted(model(), data, tmp_path, resume=resume, **options)
        assert_kept(error, tmp_path, options, epoch, step)
    vae = model()
    training.fit(vae, data, SETTINGS, tmp_path, resume=True)
    assert_ends_alike(vae, tmp_path, uninterrupted)


@pytest.mark.slow
def test_a_run_that_augments_is_resumed_to_the_same_weights(data, uninterrupted, tmp_path, hears):
    settings = dataclasses.replace(SETTINGS, augment=("flip", "shift"))
    whole = model()
    run = training.fit(whole, data, settings, tmp_path / "whole")
    wanted = weights(whole)
    assert any((a != b).any() for a, b in zip(wanted, uninterrupted[1], strict=True))
    interrupted(model(), data, tmp_path / "cut", settings, step=STEPS + 5)
    vae = model()
    training.fit(vae, data, settings, tmp_path / "cut", resume=True)
    assert_ends_alike(vae, tmp_path / "cut", (run, wanted))
    with pytest.raises(TrainingError, match=r"augment: \['flip', 'shift'\] then, \[\] now"):
        training.fit(model(), data, SETTINGS, tmp_path / "cut", resume=True)


@pytest.mark.slow
def test_a_run_that_clips_every_gradient_is_resumed_to_the_same_weights(
    data, uninterrupted, tmp_path, hears
):
    settings = dataclasses.replace(SETTINGS, clip_norm=0.5)
    whole = model()
    run = training.fit(whole, data, settings, tmp_path / "whole")
    wanted = weights(whole)
    assert any((a != b).any() for a, b in zip(wanted, uninterrupted[1], strict=True))
    interrupted(model(), data, tmp_path / "cut", settings, step=STEPS + 5)
    vae = model()
    training.fit(vae, data, settings, tmp_path / "cut", resume=True)
    assert_ends_alike(vae, tmp_path / "cut", (run, wanted))
    with pytest.raises(TrainingError, match=r"clip_norm: 0.5 then, 1000.0 now"):
        training.fit(model(), data, SETTINGS, tmp_path / "cut", resume=True)


@pytest.mark.slow
def test_the_default_norm_clips_no_gradient_of_healthy_training(data, uninterrupted, tmp_path):
    vae = model()
    training.fit(vae, data, dataclasses.replace(SETTINGS, clip_norm=0.0), tmp_path)
    assert_same(weights(vae), uninterrupted[1])


def test_training_asks_its_batches_alone_to_augment(data, tmp_path, monkeypatch):
    asked, original = [], type(data.train).training_batches

    def batches(split, *given):
        arguments = inspect.signature(original).bind(split, *given).arguments
        asked.append((len(split), arguments["augment"]))
        raise InputError("far enough")

    monkeypatch.setattr(type(data.train), "training_batches", batches)
    with pytest.raises(InputError, match="far enough"):
        settings = dataclasses.replace(SETTINGS, augment=("shift",))
        training.fit(model(), data, settings, tmp_path)
    assert asked == [(1366, ("shift",))]  # 1,438 less the 5 % held out


def test_a_second_signal_interrupts_at_once_and_nothing_is_promised(data, tmp_path, hears, capfd):
    error = interrupted(model(), data, tmp_path, step=1, times=2)
    assert "twice" in str(error) and checkpoint.load(tmp_path) is None
    assert "Once more stops at once" in capfd.readouterr().err
    assert training.kept(tmp_path) == (
        "Nothing was trained yet, so nothing is kept: run the same command again."
    )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_a_signal_that_is_ignored_stays_ignored(data, uninterrupted, tmp_path, hears):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    vae = model()
    original, sender = vae.fit, Signals(step=2, number=signal.SIGHUP)
    vae.fit = lambda *a, callbacks, **k: original(*a, callbacks=[sender, *callbacks], **k)
    training.fit(vae, data, SETTINGS, tmp_path)
    assert_same(weights(vae), uninterrupted[1])


def iterators():
    """Those of tf.data that live, unless Python frees them by itself."""
    return {id(o) for o in gc.get_objects() if type(o).__name__ == "OwnedIterator"}


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="no other one reads ahead")
@pytest.mark.parametrize("error", [KeyboardInterrupt, TrainingError])
def test_nothing_reads_ahead_after_training_has_failed(data, tmp_path, monkeypatch, error):
    def fails(callback, batch, logs=None):
        while_training.update(iterators() - before)
        raise error

    before, while_training = iterators(), set()
    monkeypatch.setattr(StopOnDivergence, "on_train_batch_end", fails)
    with pytest.raises(error):
        training.fit(model(), data, SETTINGS, tmp_path)
    assert while_training and not while_training & iterators()


def test_resuming_a_finished_run_trains_no_more(data, uninterrupted, tmp_path, capsys):
    run, wanted = uninterrupted
    vae = model()
    began = (run.folder / checkpoint.FILE).stat().st_mtime_ns
    again = training.fit(vae, data, SETTINGS, run.folder, resume=True)
    assert_same(weights(vae), wanted)
    assert again.history == run.history
    assert (run.folder / checkpoint.FILE).stat().st_mtime_ns == began


def test_resuming_under_another_configuration_names_what_differs(data, uninterrupted):
    run, _ = uninterrupted
    other = dataclasses.replace(SETTINGS, learning_rate=1e-3, epochs=9)
    with pytest.raises(TrainingError, match=r"epochs: 4 then, 9 now") as raised:
        training.fit(model(), data, other, run.folder, resume=True)
    assert "learning_rate: 0.003 then, 0.001 now" in str(raised.value)
    assert "batch_size" not in str(raised.value)


def test_a_run_is_not_overwritten_unasked(data, uninterrupted, tmp_path):
    shutil.copy(uninterrupted[0].folder / checkpoint.FILE, tmp_path)
    before = (tmp_path / checkpoint.FILE).read_bytes()
    with pytest.raises(TrainingError, match=r"after epoch 4 of 4.*--resume.*--restart"):
        training.fit(model(), data, SETTINGS, tmp_path)
    assert (tmp_path / checkpoint.FILE).read_bytes() == before


@pytest.mark.slow
def test_restart_discards_a_run_of_another_configuration(data, uninterrupted, tmp_path):
    vae = model()
    training.fit(vae, data, dataclasses.replace(SETTINGS, epochs=1, seed=9), tmp_path)
    vae = model()
    training.fit(vae, data, SETTINGS, tmp_path, restart=True)
    assert_same(weights(vae), uninterrupted[1])
    training.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_two_processes_do_not_train_in_one_folder(data, tmp_path):
    held = python(
        "import fcntl, sys\nfile = open(sys.argv[1] + '/lock', 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\nfile.write('process 17 on elsewhere')\n"
        "file.flush()\nprint('held', flush=True)\nsys.stdin.read()",
        tmp_path,
    )
    assert held.stdout.readline() == "held\n"
    with pytest.raises(
        TrainingError, match=r"Another run \(process 17 on elsewhere\) is training in"
    ):
        training.fit(model(), data, SETTINGS, tmp_path)
    held.kill()
    held.wait()
    held.stdout.close()
    held.stdin.close()
    training.fit(model(), data, dataclasses.replace(SETTINGS, epochs=1), tmp_path)


def test_data_that_the_likelihood_does_not_describe_is_refused(tmp_path):
    split = Split(np.zeros((20, 8, 8, 1), np.float32))
    wide = Dataset(
        "wide", split, split, Schema("image", (8, 8, 1), -1.0, 1.0), "made", "none", "all"
    )
    with pytest.raises(InputError, match=r"wide has values in \[-1.0, 1.0\]; the bernoulli"):
        training.fit(model(), datasets.binarize(wide, "none"), SETTINGS, tmp_path)


@pytest.mark.parametrize(
    ("likelihood", "value", "wanted"),
    [
        ("categorical", 0.5, "made has the value 0.5; the categorical likelihood .* whole numbers"),
        ("negative_binomial", 0.25, "0.25; the negative binomial likelihood .* whole numbers"),
        ("discretized_logistic", 0.5, "0.5; the discretized logistic .* multiples of 1/255"),
    ],
)
def test_values_between_those_of_a_discrete_likelihood_are_refused(
    likelihood, value, wanted, tmp_path
):
    x = np.zeros((300, 8, 8, 1), np.float32)
    x[-1, 3, 2] = value
    split = Split(x)
    made = Dataset("made", split, split, Schema("image", (8, 8, 1)), "made", "none", "all")
    with pytest.raises(InputError, match=wanted + ".*Binarize or round"):
        training.fit(
            model(likelihood=likelihood), datasets.binarize(made, "none"), SETTINGS, tmp_path
        )


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["categorical", "discretized_logistic"])
def test_values_of_a_discrete_likelihood_are_taken(likelihood, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
    pixels[...] = pixels if likelihood == "discretized_logistic" else 255 * (pixels > 127)
    split = Split(pixels)
    made = Dataset("made", split, split, Schema("image", (8, 8, 1)), "made", "none", "all")
    settings = dataclasses.replace(SETTINGS, epochs=1, batch_size=20)
    run = training.fit(
        model(likelihood=likelihood), datasets.binarize(made, "none"), settings, tmp_path
    )
    assert np.isfinite(run.history[-1]["elbo"])


def test_a_damaged_checkpoint_is_named(data, uninterrupted, tmp_path):
    whole = (uninterrupted[0].folder / checkpoint.FILE).read_bytes()
    (tmp_path / checkpoint.FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match=r"checkpoint\.npz is not a checkpoint"):
        training.fit(model(), data, SETTINGS, tmp_path, resume=True)


@pytest.mark.parametrize("options", [{"dense": 9}, {"activation": "tanh"}, {"beta": 2.0}])
def test_a_checkpoint_of_another_model_is_refused(data, uninterrupted, options):
    """Also where the shapes of all variables are the same."""
    run, _ = uninterrupted
    if "beta" in options:
        options = {"objective": objectives.ELBO(options["beta"])}
    with pytest.raises(TrainingError, match=r"model_digest: .* then, .* now"):
        training.fit(model(**options), data, SETTINGS, run.folder, resume=True)


def test_variables_that_do_not_fit_are_never_restored(uninterrupted):
    _, _, arrays = checkpoint.load(uninterrupted[0].folder)
    vae = model(dense=9)
    vae.compile()
    with pytest.raises(TrainingError, match="do not fit this model"):
        checkpoint.restore(vae, arrays)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        name
        if name in ("conv_vae", "vq_vae", "rnn_vae")
        else pytest.param(name, marks=pytest.mark.slow)
        for name in catalog.names()
    ],
)
def test_models_built_alike_have_one_digest(name):
    shape = {"series_vae": (8, 2), "count_vae": (6,), "molecule_vae": (8,)}.get(name, (8, 8, 1))
    options = {"classes": 3} if name == "conditional_vae" else {}
    one, other = (catalog.build(name, shape, **options) for _ in range(2))
    assert identity.of_model(one) == identity.of_model(other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        "a label",
        pytest.param("an example", marks=pytest.mark.slow),
        pytest.param("a length", marks=pytest.mark.slow),
        pytest.param("their order", marks=pytest.mark.slow),
    ],
)
def test_a_run_on_other_data_is_refused(tmp_path, changed):
    """What differs is one example of two hundred, in one value."""
    rng = np.random.default_rng(0)
    arrays = {
        "x": rng.random((200, 8, 8, 1)).astype(np.float32),
        "labels": rng.integers(0, 3, 200),
        "lengths": rng.integers(1, 8, 200),
    }

    def made():
        split = Split(arrays["x"], arrays["labels"], arrays["lengths"])
        whole = Dataset("made", split, split, Schema("image", (8, 8, 1)), "made", "none", "all")
        return datasets.binarize(whole, "none")

    settings = dataclasses.replace(SETTINGS, epochs=1, batch_size=50)
    training.fit(model(), made(), settings, tmp_path)
    if changed == "an example":
        arrays["x"][101, 3, 3, 0] += 1e-3
    elif changed == "a label":
        arrays["labels"][101] = 3 - arrays["labels"][101]
    elif changed == "a length":
        arrays["lengths"][101] = 9 - arrays["lengths"][101]
    else:
        arrays = {name: value[::-1].copy() for name, value in arrays.items()}
    with pytest.raises(TrainingError, match=r"training_data_digest: .* then, .* now"):
        training.fit(model(), made(), settings, tmp_path, resume=True)


@pytest.mark.slow
def test_resume_without_a_checkpoint_begins_at_the_beginning(data, uninterrupted, tmp_path, capsys):
    vae = model()
    training.fit(vae, data, SETTINGS, tmp_path / "new", resume=True)
    assert "starting at the first epoch" in capsys.readouterr().out
    assert_same(weights(vae), uninterrupted[1])


def test_the_checkpoint_holds_the_random_generators_state(uninterrupted):
    _, _, arrays = checkpoint.load(uninterrupted[0].folder)
    vae = model()
    compile_model(vae, training.plan(SETTINGS, range(1438)), 10)
    names = [v.path for v in checkpoint.variables(vae)]
    position = next(i for i, name in enumerate(names) if "seed_generator" in name)
    fresh = keras.ops.convert_to_numpy(checkpoint.variables(vae)[position])
    assert (arrays[f"state/{position}"] != fresh).any()
    assert any("iteration" in name for name in names)


def test_history_is_a_csv_with_a_row_an_epoch(uninterrupted):
    run, _ = uninterrupted
    with open(run.folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    for row in rows:
        assert float(row["loss"]) == pytest.approx(-float(row["elbo"]), rel=1e-5)
        assert {"val_elbo", "val_kl", "val_reconstruction", "kl", "seconds"} <= set(row)
    assert float(rows[-1]["elbo"]) > float(rows[0]["elbo"]) + 2
    assert run.best_epoch == 1 + int(np.argmax([float(row["val_elbo"]) for row in rows]))


@pytest.mark.slow
def test_the_best_weights_are_kept_and_training_stops_when_nothing_improves(data, tmp_path):
    # A learning rate that ruins the model: the best epoch is early and patience runs out.
    settings = dataclasses.replace(
        SETTINGS, epochs=30, learning_rate=0.7, warmup_steps=75, patience=3, batch_size=256
    )
    vae = model(likelihood="normal")
    run = training.fit(vae, data, settings, tmp_path)
    assert len(run.history) == run.best_epoch + 3 < 30
    values = [row["val_elbo"] for row in run.history]
    assert values[run.best_epoch - 1] == max(values)
    _, _, arrays = checkpoint.load(tmp_path)
    assert_same(weights(vae), [arrays[f"best/{i}"] for i in range(len(vae.weights))])
    latest = {v.path: arrays[f"state/{i}"] for i, v in enumerate(checkpoint.variables(vae))}
    assert any((latest[w.path] != keras.ops.convert_to_numpy(w)).any() for w in vae.weights)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_at_its_step_and_says_what_to_try(tmp_path):
    images = np.random.default_rng(0).random((640, 8, 8, 1)).astype(np.float32)
    images[:] *= 1e38  # squares overflow float32
    whole = Dataset(
        "huge", Split(images), Split(images), Schema("image", (8, 8, 1)), "made", "none", "all"
    )
    settings = dataclasses.replace(SETTINGS, batch_size=64)
    with pytest.raises(TrainingError, match=r"at step 1 \(epoch 1, step 1 of 9\)") as raised:
        training.fit(
            model(likelihood="normal"), datasets.binarize(whole, "none"), settings, tmp_path
        )
    assert "--learning-rate" in str(raised.value)


@pytest.mark.slow
def test_a_loss_that_explodes_stops_and_says_what_to_try(data, tmp_path):
    settings = dataclasses.replace(SETTINGS, epochs=8, batch_size=64, learning_rate=100.0)
    settings = dataclasses.replace(settings, warmup_steps=20, clip_norm=0.0)
    with pytest.raises(
        TrainingError, match=r"which began at 44\..* for 100 steps .*--learning-rate"
    ):
        training.fit(model(), data, settings, tmp_path)


def losses(callback, values, first=0):
    """Hands a callback an epoch's running means, as Keras does."""
    callback.on_epoch_begin(0)
    for batch, loss in enumerate(np.cumsum(values) / np.arange(1, len(values) + 1)):
        if batch >= first:
            callback.on_train_batch_end(batch - first, {"loss": loss})
    callback.on_epoch_end(0)


BOUND = -8.0 + 10 * 64  # of a loss that begins at -8 nats, of 64 values


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([-8.0, *[BOUND + 1.0] * 99, -8.0, *[BOUND + 1.0] * 99], False),
        ([-8.0, *[BOUND - 1.0] * 300], False),
        ([-8.0, 1e9, *[-9.0] * 300], False),  # though their running mean stays above
        ([-8.0, *[BOUND + 1.0] * 100], True),
    ],
)
def test_a_loss_has_exploded_when_a_hundred_steps_in_a_row_are_far_above_the_first(values, stops):
    progress = checkpoint.Progress()
    callback = StopOnDivergence(len(values), progress)
    callback.set_model(model())
    if stops:
        with pytest.raises(TrainingError, match=r"began at -8 nats, has been above 632 for 100"):
            losses(callback, values)
    else:
        losses(callback, values)
    assert progress.first_loss == -8.0


def test_a_step_asks_no_callback_for_the_model(monkeypatch, tmp_path):
    """On JAX Keras then hands over every variable, and takes them back for the next step."""
    divergence = StopOnDivergence(4, checkpoint.Progress())
    state, request = checkpoint.State(checkpoint.Progress(), []), training.interruption.Request()
    journal = Journal(tmp_path, 4, state, {}, 0, request, seconds=1e9, share=0.05)
    for callback in (divergence, journal):
        callback.set_model(model())
        callback.on_epoch_begin(0)
    asked = []
    monkeypatch.setattr(keras.callbacks.Callback, "model", property(lambda self: asked.append(1)))
    for callback in (divergence, journal):
        for batch in range(3):
            callback.on_train_batch_end(batch, {"loss": -8.0})
    assert not asked and divergence.progress.first_loss == -8.0


def test_a_loss_that_explodes_after_an_interruption_is_compared_with_the_first_of_all():
    progress = checkpoint.Progress(first_loss=-8.0)
    values = [-8.0] * 5 + [BOUND + 1.0] * 101
    callback = StopOnDivergence(len(values), progress, first=5)
    callback.set_model(model())
    with pytest.raises(TrainingError, match=r"step 106 of 106"):  # the sum is known from step 6 on
        losses(callback, values, first=5)


@pytest.mark.slow
def test_a_validation_elbo_that_is_not_finite_stops_too(data, tmp_path):
    """Training data that is fine and validation data that is not."""
    images = np.random.default_rng(0).random((640, 8, 8, 1)).astype(np.float32)
    whole = Dataset(
        "half", Split(images), Split(images), Schema("image", (8, 8, 1)), "made", "none", "all"
    )
    data = datasets.binarize(whole, "none")
    _, validation = data.train.cut(0.05, 0)
    rows = np.isin(images.reshape(640, -1)[:, 0], validation.split.images.reshape(32, -1)[:, 0])
    images[rows] *= 1e38
    with pytest.raises(
        TrainingError, match=r"elbo of the validation split is (nan|-inf) after epoch 1.*--restart"
    ):
        training.fit(model(likelihood="normal"), data, SETTINGS, tmp_path)
    assert checkpoint.load(tmp_path) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 2**32}, "seed=4294967296"),
        ({"warmup_steps": 0}, "warmup_steps=0"),
        ({"clip_norm": -1.0}, r"clip_norm=-1.0: give a norm > 0 .* or 0, which shortens none"),
        ({"clip_norm": float("nan")}, "clip_norm=nan"),
        ({"clip_norm": float("inf")}, "clip_norm=inf"),
        ({"skip_norm": -1.0}, r"skip_norm=-1.0: give a norm > 0, .* or 0, which skips none"),
        ({"skip_norm": float("inf")}, "skip_norm=inf"),
        ({"ema": 1.0}, r"ema=1.0: give the decay .* below 1, or 0, which averages none"),
        ({"ema": float("nan")}, "ema=nan"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"validation_share": 1.0}, "validation_share=1.0"),
        ({"patience": -1}, "patience=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
        ({"compiler": "jit"}, "compiler='jit'"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        training.Settings(**options)


def test_the_learning_rate_warms_up_and_decays_to_zero():
    vae = model()
    settings = training.Settings(epochs=10, learning_rate=0.1, warmup_steps=10)
    compile_model(vae, settings, 10)
    rate = [float(vae.optimizer._learning_rate(step)) for step in (0, 5, 10, 55, 100)]
    np.testing.assert_allclose(rate, [0.0, 0.05, 0.1, 0.05, 0.0], atol=1e-6)


@pytest.mark.slow
def test_tensorboard_logs_hold_scalars_and_images(data, tmp_path):
    from tensorboardX.proto import event_pb2

    settings = dataclasses.replace(SETTINGS, epochs=2)
    training.fit(model(), data, settings, tmp_path / "run", tensorboard=tmp_path / "logs")
    (file,) = (tmp_path / "logs").glob("events*")
    content, scalars, images, place = file.read_bytes(), {}, {}, 0
    while place < len(content):  # TFRecord: length, its checksum, data, its checksum
        length = int.from_bytes(content[place : place + 8], "little")
        event = event_pb2.Event.FromString(content[place + 12 : place + 12 + length])
        place += length + 16
        for value in event.summary.value:
            if value.HasField("image"):
                images[value.tag] = value.image.encoded_image_string
            else:
                scalars.setdefault(value.tag, []).append((event.step, value.simple_value))
    assert [step for step, _ in scalars["elbo/validation"]] == [1, 2]
    assert {"elbo/train", "kl/train", "reconstruction/validation"} <= set(scalars)
    assert set(images) == {"reconstructions", "prior_samples"}
    assert all(png.startswith(b"\x89PNG") for png in images.values())


@pytest.fixture
def full_disk():
    """No file may grow beyond 4 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_an_interrupted_write_leaves_the_checkpoint_before_it(uninterrupted, tmp_path, full_disk):
    source = uninterrupted[0].folder / checkpoint.FILE
    (tmp_path / checkpoint.FILE).symlink_to(source)
    vae = model()
    vae.compile()
    arrays = checkpoint.taken(vae, checkpoint.Progress(), [], {})
    with pytest.raises(TrainingError, match="untouched"):
        checkpoint.write(tmp_path, arrays)
    assert (tmp_path / checkpoint.FILE).samefile(source)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


@pytest.mark.slow
def test_training_ends_when_a_checkpoint_cannot_be_written(data, tmp_path, monkeypatch, full_disk):
    monkeypatch.setattr(training.loop, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(TrainingError, match=r"could not be written .*make room") as raised:
        training.fit(model(), data, SETTINGS, tmp_path)
    assert any("np.savez" in note for note in raised.value.__notes__)
    assert checkpoint.load(tmp_path) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "settled", "best"),
    [
        # A capacity that grows: its loss is smallest at the first epoch, where it wants no KL.
        (lambda: objectives.Capacity(schedules.Linear(0.0, 5.0, 25), gamma=100.0), 25, (3, 4)),
        (lambda: objectives.Capacity(schedules.Linear(0.0, 5.0, 1000)), 1000, (4,)),
        pytest.param(
            lambda: objectives.Capacity(schedules.Linear(0.0, 5.0, 4 * STEPS)),
            40,
            (4,),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            lambda: objectives.ELBO(schedules.Linear(0.0, 8.0, 3 * STEPS)),
            30,
            (3, 4),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_best_epoch_is_one_after_the_schedules_have_settled(
    data, tmp_path, objective, settled, best
):
    vae = model(objective=objective())
    assert vae.settled_step == settled and vae.monitor == "loss"
    run = training.fit(vae, data, dataclasses.replace(SETTINGS, patience=1), tmp_path)
    assert run.best_epoch in best
    assert len(run.history) == 4  # patience counts from there too
    losses = {row["epoch"]: row["val_loss"] for row in run.history if row["epoch"] in best}
    assert losses[run.best_epoch] == min(losses.values())


@pytest.mark.slow
def test_without_schedules_every_epoch_may_be_the_best(data, tmp_path):
    vae = model(objective=objectives.Capacity(5.0))
    assert vae.settled_step == 0
    run = training.fit(vae, data, SETTINGS, tmp_path)
    losses = [row["val_loss"] for row in run.history]
    assert run.best_epoch == 1 + int(np.argmin(losses))


@pytest.mark.parametrize(
    ("part", "least"), [("taken", 6.0 / 0.05), ("write", 15.0)], ids=["copying", "writing"]
)
def test_training_waits_a_small_share_of_the_time_for_checkpoints(
    data, tmp_path, monkeypatch, part, least
):
    """Where copying a large model costs seconds, the pauses are longer; writing it costs none."""
    clock = [0.0]
    monkeypatch.setattr("zoo.training.callbacks.time.monotonic", lambda: clock[0])
    saved = []

    def slow(*_):
        clock[0] += 6.0
        return {}

    def put(_, write):
        saved.append(clock[0])

    monkeypatch.setattr(checkpoint, "taken", lambda *_: {})
    monkeypatch.setattr(checkpoint, part, slow)
    state = checkpoint.State(checkpoint.Progress(), [])
    request = training.interruption.Request()
    journal = Journal(tmp_path, 10_000, state, {}, 0, request, seconds=15.0, share=0.05)
    monkeypatch.setattr(journal.aside, "put", put)
    journal.on_epoch_begin(0)
    for step in range(600):
        clock[0] += 1.0
        journal.on_train_batch_end(step)
    pauses = np.diff(saved)
    assert (pauses >= least).all() and pauses.min() < least + 7.0 and len(saved) >= 4
