"""The process that makes and proves an export: what it is asked, and every way in which it ends."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from forked import Forked
from keras import layers, ops
from processes import alive, children, until

import zoo
from zoo.errors import ExportError
from zoo.export import processes
from zoo.models.vae import VAE
from zoo.networks import conv

HERE = "ZOO_TESTS_RUN_IN"


def elsewhere():
    """Whether this is not the process of the tests, but the one that makes an export."""
    return os.environ.get(HERE, str(os.getpid())) != str(os.getpid())


@pytest.fixture
def target(tmp_path, monkeypatch):
    """Where nothing may lie after a refusal."""
    monkeypatch.setenv(HERE, str(os.getpid()))
    target = tmp_path / "exports" / "conv_vae-digits"
    yield target
    assert list(target.parent.iterdir()) == []


@keras.saving.register_keras_serializable(package="tests.making")
class Ends(layers.Layer):
    """Ends any other process that builds it, by a signal or by an exception that nobody expects."""

    def __init__(self, how, **kwargs):
        super().__init__(**kwargs)
        self.how = how
        if elsewhere() and how != "raise":
            os.kill(os.getpid(), getattr(signal, how))

    def call(self, z):
        if elsewhere() and tf.executing_eagerly():
            raise RuntimeError("nobody expects this")
        return z

    def get_config(self):
        return {**super().get_config(), "how": self.how}


@keras.saving.register_keras_serializable(package="tests.making")
class Forgets(layers.Layer):
    """Multiplies by a factor that its config does not hold."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, z):
        return z * self.factor

    def get_config(self):
        config = super().get_config()
        return {name: value for name, value in config.items() if name != "factor"}


@keras.saving.register_keras_serializable(package="tests.making")
class Rounds(layers.Layer):
    """Keeps its weight in a file of its own format: half as many digits."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(3,), initializer="random_normal", name="scale")

    def call(self, z):
        return z + self.scale

    def save_own_variables(self, store):
        store["0"] = np.float16(ops.convert_to_numpy(self.scale))


def vae(layer):
    """A tiny model whose decoder begins with a layer."""
    z = keras.Input((3,), name="z")
    h = layers.Reshape((8, 8, 1))(layers.Dense(64)(layer(z)))
    encoder = conv.encoder((8, 8, 1), 3, filters=(4,), dense=8)
    return VAE(encoder, keras.Model(z, h, name="decoder"), name="conv_vae")


@pytest.fixture
def no_fork_server(monkeypatch):
    """Every export has a process of its own, as it has for who calls `publish` alone."""
    monkeypatch.setattr(processes, "_start", processes._process)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("SIGABRT", r"was ended by SIGABRT"),
        ("SIGKILL", r"was ended by SIGKILL, which the system sends where memory ran out"),
        ("raise", r"ended with exit code 1:\n(.|\n)*RuntimeError(.|\n)*nobody expects this"),
    ],
)
def test_a_process_that_dies_is_a_sentence_and_leaves_nothing(trained, target, how, said):
    with pytest.raises(ExportError, match=f"makes and proves the export {said}"):
        trained.publish(target, model=vae(Ends(how)))


@pytest.mark.slow
def test_so_is_a_process_that_was_started_for_one_export(trained, target, no_fork_server):
    with pytest.raises(ExportError, match="makes and proves the export was ended by SIGABRT"):
        trained.publish(target, model=vae(Ends("SIGABRT")))


@pytest.mark.slow
def test_a_layer_whose_config_forgets_an_argument_is_found_by_the_trained_models_answers(
    trained, target
):
    model = vae(Forgets(factor=0.5))
    said = r"trained model does not answer as its Keras file does(.|\n)*decode(.|\n)*get_config"
    with pytest.raises(ExportError, match=said):
        trained.publish(target, model=model)


@pytest.mark.slow
def test_weights_that_a_file_does_not_hold_to_the_last_bit_are_found(trained, target):
    """By 0.0002 of the smallest weight: within every tolerance of the answers."""
    model = vae(Rounds())
    with pytest.raises(ExportError, match=r"does not hold the trained weights.*scale"):
        trained.publish(target, model=model)


# --- processes that are really ended ------------------------------------------------------------

PUBLISH = """
import pickle, sys
import keras, zoo, zoo.catalog
model, given, target = sys.argv[1:]
with open(given, "rb") as file:
    given = pickle.load(file)
model = keras.saving.load_model(model)
zoo.export.publish(model, **given, target=target, recipe={}, command="none")
"""

IN_MAIN = """
import keras
@keras.saving.register_keras_serializable(package="main")
class Mine(keras.layers.Layer):
    def call(self, z):
        return z
"""


@pytest.fixture
def start(artifact, trained, tmp_path):
    """Starts a script with a model and all else that `publish` takes."""
    import pickle

    given = {name: getattr(trained, name) for name in ("data", "run", "report", "figures")}
    (tmp_path / "given.pickle").write_bytes(pickle.dumps(given))

    def start(code, target):
        arguments = [artifact / "model.keras", tmp_path / "given.pickle", target]
        return Forked(code, *arguments, cwd=tmp_path)

    return start


def makers(process):
    """Numbers of a process's children that make an export."""
    return [each for each in children(process) if b"zoo.export.making" in command(each)]


def command(process):
    """The command line of a process; nothing of one that has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_sees_no_gpu_and_ends_with_who_asked_however_that_ends(start, tmp_path, how):
    target = tmp_path / "exports" / "conv_vae-digits"
    with start(PUBLISH, target) as running:
        (maker,) = until(lambda: makers(running.pid))
        seen = Path(f"/proc/{maker}/environ").read_bytes().split(b"\0")
        assert b"CUDA_VISIBLE_DEVICES=" in seen and b"KERAS_BACKEND=tensorflow" in seen
        until(lambda: list(target.parent.glob(".*.partial-*/test_data/decode.npz")))
        running.send_signal(how)
        running.communicate(timeout=120)
    assert running.returncode != 0
    until(lambda: not alive(maker), 20)
    zoo.export.require_writable(target)  # tidies up what a killed one left
    assert list(target.parent.iterdir()) == []


@pytest.mark.slow
def test_classes_of_the_script_that_runs_are_refused_with_what_to_do(start, tmp_path):
    target = tmp_path / "exports" / "conv_vae-digits"
    change = """
z = keras.Input((3,), name="z")
decoder = keras.Model(z, model.decoder(Mine()(z)), name="decoder")
model = type(model)(model.encoder, decoder, model.latents, name="conv_vae")
"""
    load, _, publish = PUBLISH.rpartition("zoo.export.publish(")
    with start(IN_MAIN + load + change + "zoo.export.publish(" + publish, target) as running:
        _, written = running.communicate(timeout=240)
    assert "ExportError: model.keras cannot be read back" in written, written
    assert "Mine: defined in the script that runs" in written
    assert list(target.parent.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", [False, True])
def test_a_request_that_cannot_be_sent_is_the_processs_end_in_words(monkeypatch, server):
    monkeypatch.setattr(processes, "_start", processes._process)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    said = "makes and proves the export ended with exit code 1; it wrote nothing"
    with (
        processes.fork_server() if server else contextlib.nullcontext(),
        pytest.raises(ExportError, match=said),
        processes.maker() as make,
    ):
        time.sleep(1)  # it has ended by now, and nobody reads what it is asked
        make(stage="/nowhere", contract=None)
