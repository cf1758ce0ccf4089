"""The process that makes and proves an export: what it is asked, and every way in which it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from processes import interruptible

import zoo
from zoo.errors import ExportError
from zoo.export import processes
from zoo.models.vae import VAE
from zoo.networks import conv

ROOT = Path(zoo.__file__).parents[1]
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
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=interruptible,
        )

    return start


def children(process):
    """Numbers of a process's children."""
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(each) for each in found.read_text().split()]


def makers(process):
    """Numbers of those that make an export."""
    return [each for each in children(process) if b"zoo.export.making" in command(each)]


def command(process):
    """The command line of a process; nothing of one that has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def until(condition, seconds=120):
    """Waits for a condition; what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def alive(process):
    """Whether a process runs; one that has ended and is nobody's child any more does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


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


# --- a server of forks ----------------------------------------------------------------------------

linux = pytest.mark.skipif(sys.platform != "linux", reason="the fork server is for Linux alone")

LOOK = """
import os, sys
from pathlib import Path
from zoo.export import forking, making

def make(stage, contract):
    loaded = "tensorflow" in sys.modules
    if stage == "wait":
        Path("begun").touch()
        import time; time.sleep(60)
    if stage == "die":
        os.kill(os.getpid(), 9)
    if stage == "fail":
        raise OSError(28, "full", "there")
    before, making.left = getattr(making, "left", None), stage
    print("said to the log")
    return {"before": before, "loaded": loaded, "pid": os.getpid(), "parent": os.getppid(),
            "cwd": os.getcwd(), "variable": os.environ.get("ZOO_TEST"), "path": sys.path[0]}

making.make = make
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A fork server whose exports are looked at instead of made; gives what asks it."""
    (tmp_path / "looked_at.py").write_text(LOOK + "forking.main()\n")
    monkeypatch.setattr(processes, "_start", processes._process)
    popen = processes._popen
    monkeypatch.setattr(
        processes, "_popen", lambda module, **streams: popen("looked_at", **streams)
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def ask(stage):
        with processes.maker() as make:
            return make(stage=stage, contract=None)

    with processes.fork_server():
        yield ask


@linux
@pytest.mark.slow
def test_every_export_has_a_fork_in_which_there_is_nothing_of_an_earlier_one(
    server, tmp_path, monkeypatch
):
    first = server("first")
    monkeypatch.setenv("ZOO_TEST", "set since")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend("/added since")
    second = server("second")
    assert first["loaded"] and second["loaded"]
    assert first["before"] is None and second["before"] is None
    assert first["parent"] == second["parent"] != os.getpid() and first["pid"] != second["pid"]
    assert (first["variable"], second["variable"]) == (None, "set since")
    assert second["cwd"] == str(tmp_path / "elsewhere") and second["path"] == "/added since"

    with pytest.raises(OSError, match="full") as full:
        server("fail")
    assert full.value.errno == 28 and full.value.filename == "there"
    with pytest.raises(ExportError, match="was ended by SIGKILL"):
        server("die")
    assert server("third")["parent"] == first["parent"]  # a fork that dies harms no other


@linux
@pytest.mark.slow
def test_an_interrupt_ends_the_fork_and_the_next_export_has_a_new_server(server, tmp_path):
    parent = server("first")["parent"]
    forks = []

    def interrupt():
        until((tmp_path / "begun").exists)
        forks.extend(children(parent))
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            server("wait")
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(forks) == 1 and not alive(forks[0]) and not alive(parent)
    assert server("second")["parent"] != parent


@linux
@pytest.mark.slow
def test_a_server_that_was_killed_is_started_again(server):
    parent = server("first")["parent"]
    os.kill(parent, signal.SIGKILL)
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    until(lambda: os.waitid(os.P_PID, parent, ended))  # with all its threads
    assert server("second")["parent"] != parent


@linux
@pytest.mark.slow
def test_a_server_ends_with_its_block(server):
    with processes.fork_server():  # within another: the same
        parent = server("first")["parent"]
    assert alive(parent)
