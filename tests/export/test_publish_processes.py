"""`publish` in processes of their own: interrupted, on a full disk."""

import os
import pickle
import signal
import time
from dataclasses import fields

import pytest
from forked import Forked

import zoo

pytestmark = pytest.mark.slow

PUBLISH = """
import os, pickle, resource, sys
import keras, zoo, zoo.catalog
from zoo.errors import ExportError
model, given, target = sys.argv[1:]
with open(given, "rb") as file:
    given = pickle.load(file)
given |= {"target": target, "recipe": {}, "command": "none"}
given["model"] = keras.saving.load_model(model)
"""


@pytest.fixture
def start(artifact, trained, tmp_path):
    """Starts a process that has all that `publish` takes in `given`, and then runs code."""
    given = {f.name: getattr(trained, f.name) for f in fields(trained) if f.name != "model"}
    (tmp_path / "given.pickle").write_bytes(pickle.dumps(given))

    def start(code, target, **environment):
        arguments = [artifact / "model.keras", tmp_path / "given.pickle", target]
        return Forked(PUBLISH + code, *arguments, cwd=tmp_path, **environment)

    return start


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_interrupt_in_the_middle_leaves_the_old_artifact_and_nothing_else(
    start, copied_artifact
):
    for _ in range(3):
        before = contents(copied_artifact.parent)
        code, written = interrupted(start, copied_artifact)
        assert os.listdir(copied_artifact.parent) == [copied_artifact.name]
        if code:
            break
        # Python drops an interrupt that arrives in a callback of its garbage collector; then the
        # publishing ended, and there is a whole artifact.
        assert zoo.load(copied_artifact)
    # Usually -SIGINT; TensorFlow may hand an interrupt on as an error of its own.
    assert code != 0, written
    assert contents(copied_artifact.parent) == before


def interrupted(start, target):
    """Interrupts a replacement of the artifact; the process's exit code and standard error."""
    pattern = f".{target.name}.partial-*/saved_model/1/saved_model.pb"
    with start("zoo.export.publish(**given, replace=True)", target) as running:
        until = time.monotonic() + 240
        while not list(target.parent.glob(pattern)):
            assert running.poll() is None, running.stderr.read()
            assert time.monotonic() < until, "nothing was written"
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, written = running.communicate(timeout=240)
    return running.returncode, written


def test_a_full_disk_is_an_error_that_leaves_the_old_artifact_and_nothing_else(
    start, copied_artifact
):
    """Keras, TensorFlow and Python each meet the limit in their own way."""
    code = """
for limit in map(int, os.environ["LIMITS"].split()):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        zoo.export.publish(**given, replace=True)
    except ExportError as error:
        print(error, flush=True)
    else:
        print("published", flush=True)
"""
    sizes = [
        (copied_artifact / name).stat().st_size
        for name in ("test_data/inputs.npz", "model.keras", "saved_model/1/saved_model.pb")
    ]
    # A tenth less: TensorFlow's names, and so its file, grow with what a process traced before.
    limits = [size - size // 10 for size in sizes]
    assert all(size < limit for size, limit in zip(sizes, limits[1:], strict=False)), (
        "each limit must let the files before it pass"
    )
    before = contents(copied_artifact.parent)
    with start(code, copied_artifact, LIMITS=" ".join(map(str, limits))) as running:
        printed, written = running.communicate(timeout=240)
    assert running.returncode == 0, written
    assert printed.count("could not be written") == 3, printed
    assert printed.count("File too large") == 3 and "saved_model.pb" in printed
    assert printed.count("the artifact before it is untouched") == 3
    assert contents(copied_artifact.parent) == before
    assert os.listdir(copied_artifact.parent) == [copied_artifact.name]
