"""Session fixtures: one tiny model, trained for real, and its artifact, published for real."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared with other workers
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import atexit
import gc
import shutil
import tempfile
from pathlib import Path

import isolated
import numpy as np
import pytest
from publishing import SEED, Trained, train

import zoo
from zoo.datasets import binarize
from zoo.runtime.replay import read

if "VAE_ZOO_CACHE" not in os.environ:  # one for all workers, which inherit it
    os.environ["VAE_ZOO_CACHE"] = tempfile.mkdtemp(prefix="vae-zoo-tests-")
    atexit.register(shutil.rmtree, os.environ["VAE_ZOO_CACHE"], ignore_errors=True)

COMMAND = "python recipes/conv_vae.py --dataset digits --epochs 2 --seed 5"
RECIPE = {
    "script": "recipes/conv_vae.py",
    "config": {"dataset": "digits", "filters": [4, 8], "dense": 16, "latent": 3, "epochs": 2},
    "seed": SEED,
}


def pytest_collection_finish(session):
    """What the test modules imported stays: see the fixture below.

    A graph is tens of thousands of objects; Python looks through them more rarely while it is
    traced.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def pytest_collection_modifyitems(items):
    """Files that have slow tests come first: where the last are quick, workers end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests of a file go to one worker, those of each model of the catalog in it by themselves.

    So that what is trained once a session or a module is not trained by every worker. They go in
    the order of the collection.
    """
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False

    class ByFileAndModel(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            named = set(test.partition("[")[2].rstrip("]").split("-"))
            return " ".join([file, *named.intersection(zoo.catalog.names())])

    return ByFileAndModel(config, log)


@pytest.fixture(scope="session", autouse=True)
def exports_start_at_once():
    """TensorFlow is loaded once for all the exports of a session; each has a fork of that."""
    with zoo.export.fork_server():
        yield


class Conv(Trained):
    """The tiny convolutional VAE, which knows its recipe."""

    def publish(self, target, **changes):
        """As `Trained.publish`."""
        return super().publish(target, **{"recipe": RECIPE, "command": COMMAND} | changes)


@pytest.fixture(scope="module", autouse=True)
def garbage_is_looked_for_among_what_is_new():
    """What TensorFlow imported and what it keeps of every graph is looked through once only."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def digits():
    """The embedded 8x8 digits."""
    return zoo.datasets.load("digits")


@pytest.fixture(scope="session")
def trained(digits, tmp_path_factory):
    """A `Conv`; two epochs on the digits, evaluated with K=20."""
    folder = tmp_path_factory.mktemp("training")
    zoo.training.seed_everything(SEED)
    model = zoo.catalog.conv_vae(digits.event_shape, latent=3, filters=(4, 8), dense=16, seed=SEED)
    data = binarize(digits, "dynamic", SEED)
    done = train(model, data, folder, samples=20, epochs=2, batch_size=32)
    return Conv(**vars(done))


@pytest.fixture(scope="session")
def artifact(trained, tmp_path_factory) -> Path:
    """The folder of a published artifact. Read-only: tests that change it take a copy."""
    target = tmp_path_factory.mktemp("exports") / "conv_vae-digits"
    trained.publish(target)
    return target


@pytest.fixture
def copied_artifact(artifact, tmp_path) -> Path:
    """A copy of the artifact, to be spoilt."""
    return Path(shutil.copytree(artifact, tmp_path / "copies" / artifact.name))


@pytest.fixture(scope="session")
def onnxruntime_python(tmp_path_factory):
    """A Python that can import numpy and onnxruntime, and no more."""
    return isolated.python(tmp_path_factory.mktemp("onnxruntime"), ["numpy", "onnxruntime"])


@pytest.fixture(scope="session")
def app_python(tmp_path_factory):
    """A Python as an app has it: numpy, onnxruntime and zoo, no training stack."""
    folder = tmp_path_factory.mktemp("app")
    return isolated.python(folder, ["numpy", "onnxruntime"], zoo=True)


@pytest.fixture(scope="session")
def tensorflow_python(tmp_path_factory):
    """A Python that can import tensorflow and what it requires, and not zoo."""
    return isolated.python(tmp_path_factory.mktemp("tensorflow"), ["tensorflow"])


@pytest.fixture(scope="session")
def assert_answers_as_the_model(artifact):
    """A check of an endpoint's answers at one batch size against the artifact's test data."""

    def check(endpoint, batch, answers):
        _, wanted = read(artifact, zoo.load(artifact).endpoints[endpoint])
        assert sorted(answers) == sorted(wanted)
        for name, values in wanted.items():
            assert answers[name].dtype == values.dtype and answers[name].shape[0] == batch
            tolerance = {"rtol": 0, "atol": 1e-5} if name == "x_mean" else {"rtol": 1e-4}
            np.testing.assert_allclose(
                answers[name], values[:batch], **{"atol": 1e-6} | tolerance, err_msg=name
            )

    return check
