"""Several devices: the weights of one device, on virtual devices and in processes on the loopback.

Each compiles on JAX, in processes of its own.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from processes import ON_JAX

from zoo import catalog, datasets, training
from zoo.errors import InputError
from zoo.training import devices

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """
import os, sys
sys.modules["tensorflow"] = None  # seconds of import, and JAX trains without it
import keras, numpy as np, pytest
from zoo.training import devices
devices.join()
from zoo import catalog, datasets, training
from zoo.errors import InputError, Interrupted, TrainingError
from zoo.training import loop

MODELS = {
    "dense_vae": {"units": (16,), "latent": 3},
    "conv_vae": {"filters": (4, 8), "dense": 16, "latent": 3},
    "vq_vae": {"filters": (4,), "codes": 8, "dimension": 4},  # its codebook is moving averages
}
data = datasets.binarize(datasets.load("digits"), "dynamic")

def train(name, folder, count, **options):
    training.seed_everything(0)
    model = catalog.build(name, (8, 8, 1), **MODELS[name])
    settings = training.Settings(epochs=5, batch_size=128, devices=count)  # 50 steps
    run = training.fit(model, data, settings, folder, verbose=0, **options)
    assert len(run.history) == 5
    return model, [np.array(keras.ops.convert_to_numpy(each)) for each in model.weights], run

def compare(one, other):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
"""

VIRTUAL = f"""{BEGIN}
import jax
assert jax.device_count() == 4
name, folder = sys.argv[1:]
_, wanted, first = train(name, folder + "/one", 1)
model, found, run = train(name, folder + "/four", 4)
compare(found, wanted)
for row, other in zip(run.history, first.history, strict=True):
    for key in set(row) - {{"seconds"}}:
        assert row[key] == pytest.approx(other[key], rel=1e-4), key
assert len(model.weights[0].value.devices()) == 1  # again
assert np.isfinite(model.evaluate(data.test.inputs(np.arange(64), ())[0], verbose=0)).all()
"""

INTERRUPTED = f"""{BEGIN}
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background ignores
name, folder = sys.argv[1:]
_, wanted, _ = train(name, folder + "/one", 1)
for count, said in ((5, "here are 4, cpu:0"), (3, "Give batch_size=126 or 129")):
    with pytest.raises(InputError, match=said):
        train(name, folder + "/one", count, restart=True)
assert os.path.exists(folder + "/one/checkpoint.npz")  # what is refused discards nothing

from zoo.training import callbacks
ended = callbacks.Journal.on_train_batch_end
def interrupt(self, batch, logs=None):
    if self.state.progress.epoch == 2 and batch == 3:
        os.kill(os.getpid(), signal.SIGINT)
    ended(self, batch, logs)
callbacks.Journal.on_train_batch_end = interrupt
with pytest.raises(Interrupted):
    train(name, folder + "/four", 4)
callbacks.Journal.on_train_batch_end = ended
_, found, _ = train(name, folder + "/four", 2, resume=True)  # on other devices
compare(found, wanted)
_, again, _ = train(name, folder + "/four", 8, resume=True)  # has ended: on none
np.testing.assert_array_equal(again[0], found[0])
"""

PROCESS = f"""{BEGIN}
import time
folder, how = sys.argv[1:3]
mine = f"{{folder}}/{{devices.process()}}"
if how == "killed":
    loop.CHECKPOINT_SECONDS, loop.CHECKPOINT_SHARE = 0.0, float("inf")  # after every step
    from zoo.training import callbacks
    ended = callbacks.Journal.on_train_batch_end
    def slowly(self, batch, logs=None):
        ended(self, batch, logs)
        if self.state.progress.epoch == 2:
            print("third epoch", flush=True)
            time.sleep(1.0)
    callbacks.Journal.on_train_batch_end = slowly
try:
    _, found, run = train("dense_vae", mine, 2, resume=how == "resumed")
except TrainingError as error:
    print(error, file=sys.stderr)
    devices.end(2)
devices.leave()
if devices.process() == 0:  # alone from here on
    compare(found, train("dense_vae", folder + "/alone", 1)[1])
print("trained", devices.process(), len(run.history), flush=True)
"""


@pytest.fixture(autouse=True, scope="module")
def jax():
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")


def virtual(count):
    flags = f"{ON_JAX['XLA_FLAGS']} --xla_force_host_platform_device_count={count}"
    # Of a pool of two threads they can wait for one another for ever: see docs/training.md.
    return os.environ | ON_JAX | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "NPROC": "16"}


def python(code, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=virtual(1) | environment,
    )


@contextlib.contextmanager
def processes(*arguments):
    """Two of them, that train together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    both = [
        python(
            PROCESS, *arguments, **dict(zip(devices.ENVIRONMENT, (address, "2", i), strict=True))
        )
        for i in ("0", "1")
    ]
    try:
        yield both
    finally:
        for each in both:
            each.kill()
            each.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense_vae", "conv_vae", "vq_vae"])
def test_four_devices_end_with_the_weights_of_one(name, tmp_path):
    process = python(VIRTUAL, name, tmp_path, **virtual(4))
    out, error = process.communicate(timeout=600)
    assert process.returncode == 0, out + error


@pytest.mark.slow
def test_what_cannot_be_is_refused_and_a_run_goes_on_with_another_number_of_devices(tmp_path):
    process = python(INTERRUPTED, "dense_vae", tmp_path, **virtual(4))
    out, error = process.communicate(timeout=600)
    assert process.returncode == 0, out + error


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one_and_the_first_alone_writes(tmp_path):
    with processes(tmp_path, "whole") as both:
        for number, process in enumerate(both):
            out, error = process.communicate(timeout=600)
            assert process.returncode == 0, error
            assert f"trained {number} 5" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "alone"]
    assert (tmp_path / "0" / "checkpoint.npz").exists()


@pytest.mark.slow
def test_a_run_of_which_a_process_was_killed_is_resumed_to_the_same_weights(tmp_path):
    with processes(tmp_path, "killed") as (first, second):
        assert any("third epoch" in line for line in first.stdout), first.stderr.read()
        second.send_signal(signal.SIGKILL)
        _, error = first.communicate(timeout=300)
        assert first.returncode == 2, error
        assert "Process 0 of 2 has lost another one" in error and "--resume" in error
        assert "Training is kept as it stood after" in error and "steps of epoch 3" in error
    with processes(tmp_path, "resumed") as both:
        for process in both:
            _, error = process.communicate(timeout=600)
            assert process.returncode == 0, error


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="says what TensorFlow lacks")
def test_tensorflow_trains_on_one_device_and_says_so_before_anything_is_discarded(tmp_path):
    (tmp_path / "checkpoint.npz").write_bytes(b"of an earlier run")
    training.seed_everything(0)
    model = catalog.dense_vae((8, 8, 1), units=(4,), latent=2)
    data = datasets.binarize(datasets.load("digits"), "dynamic")
    settings = training.Settings(epochs=1, devices=2)
    with pytest.raises(InputError, match=r"devices=2: on tensorflow .* KERAS_BACKEND=jax"):
        training.fit(model, data, settings, tmp_path, restart=True)
    assert (tmp_path / "checkpoint.npz").read_bytes() == b"of an earlier run"


@pytest.mark.parametrize("missing", range(3))
def test_an_environment_that_names_processes_by_halves_is_refused(monkeypatch, missing):
    for i, (name, value) in enumerate(zip(devices.ENVIRONMENT, ("a:1", "2", "0"), strict=True)):
        monkeypatch.setenv(name, "two" if i == missing == 1 else value)
        if i == missing != 1:
            monkeypatch.delenv(name)
    with pytest.raises(InputError, match="each is told the host:port of process 0"):
        devices.join()


def test_a_batch_without_equal_parts_is_refused_with_the_sizes_that_have_them():
    devices.require_parts(128, 4)
    with pytest.raises(InputError, match=r"Give batch_size=126 or 129"):
        devices.require_parts(128, 3)
    with pytest.raises(InputError, match=r"Give batch_size=8, or another"):
        devices.require_parts(4, 8)


def test_rows_of_a_batch_are_cut_among_the_processes_in_their_order(monkeypatch):
    batch = np.arange(8), (np.arange(8) * 10,)
    parts = []
    for number in range(2):
        monkeypatch.setattr(devices, "processes", lambda: 2)
        monkeypatch.setattr(devices, "process", lambda number=number: number)
        parts.append(devices._Part([batch])[0])
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), batch[0])
    np.testing.assert_array_equal(np.concatenate([part[1][0] for part in parts]), batch[1][0])
