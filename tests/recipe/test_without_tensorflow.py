"""A machine with JAX and no TensorFlow: a recipe leaves its run there, and it is exported here."""

import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import isolated
import pytest
from processes import ON_JAX, run_here

TRAINING = [
    "keras", "jax", "scikit-learn", "scipy", "matplotlib", "pillow", "requests", "tqdm", "pyarrow",
    "pyyaml", "tyro", "tensorboardX", "numpy", "onnxruntime",
]  # fmt: skip
TINY = ["--latent", "2", "--units", "8", "--epochs", "2", "--samples", "5", "--no-float16"]

CODE = f"""
import os, sys
os.environ |= {ON_JAX}
from zoo.command_line import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def jax_python(tmp_path_factory):
    """A Python as `pip install "vae-zoo[jax]"` makes it: the training stack less TensorFlow."""
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    python = isolated.python(tmp_path_factory.mktemp("jax"), TRAINING, zoo=True)
    assert not any((python.packages / name).exists() for name in ("tensorflow", "tf2onnx", "onnx"))
    return python


@pytest.fixture(scope="module")
def left(jax_python):
    """A run that is trained and evaluated, and its process."""
    done = jax_python.run(CODE, "train", "dense_vae", *TINY, check=False, timeout=300)
    return jax_python.work / "exports", done


@pytest.mark.slow
def test_a_run_is_trained_evaluated_and_left_with_the_command_that_exports_it(left):
    exports, done = left
    assert done.returncode == 3 and "Traceback" not in done.stderr, done.stderr
    assert "Without tensorflow, tf2onnx, onnx the run is trained" in done.stdout
    assert "  nll  " in done.stdout and "frechet_distance" in done.stdout
    assert f"\n    zoo train dense_vae {' '.join(TINY[4:6])}" in done.stdout
    assert done.stdout.rstrip().endswith("Nothing is trained or evaluated anew.")
    assert [path.name for path in exports.iterdir()] == ["dense_vae-digits.run"]
    kept = {path.name for path in (exports / "dense_vae-digits.run").iterdir()}
    files = {"checkpoint.npz", "history.csv", "log_likelihood.npz", "report.npz"}
    assert kept == files | {"figures"}
    assert len(list((exports / "dense_vae-digits.run" / "figures").glob("*.png"))) == 5


@pytest.mark.slow
def test_the_same_command_with_resume_exports_it_where_tensorflow_is(left, tmp_path):
    exports, done = left
    shutil.copytree(exports, tmp_path / "exports")
    here = run_here("recipes/dense_vae.py", *TINY, "--resume", cwd=tmp_path)
    assert here.returncode == 0, here.stderr
    assert "Epoch" not in here.stdout.partition("Resuming after epoch 2 of 2.")[2]
    measured = [line for line in done.stdout.splitlines() if line.startswith("  nll")]
    assert measured == [line for line in here.stdout.splitlines() if line.startswith("  nll")]
    assert "DIFFERS" not in here.stdout and here.stdout.count("  equal\n") >= 15
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["dense_vae-digits"]
    folder = tmp_path / "exports" / "dense_vae-digits"
    manifest = json.loads((folder / "manifest.json").read_text())
    training = manifest["training"]
    assert training["backend"] == "jax" and training["epochs"] == 2
    assert "tensorflow" in manifest["versions"] and "tensorflow" not in training["versions"]
    assert manifest["recipe"]["command"].startswith("KERAS_BACKEND=jax python recipes/dense_vae.py")
    assert "Keras backend jax" in (folder / "README.md").read_text()


@pytest.mark.slow
def test_of_two_processes_the_first_alone_says_and_leaves_anything(jax_python, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

    def run(number):
        code = CODE.replace(
            "from zoo",
            f"names = 'JOB_ADDRESSES', 'NUM_PROCESSES', 'PROCESS_ID'\n"
            f"for name, value in zip(names, ({address!r}, '2', '{number}')):\n"
            "    os.environ['KERAS_DISTRIBUTION_' + name] = value\nfrom zoo",
        )
        options = [*TINY, "--no-sample-quality", "--devices", 2, "--out", tmp_path]
        return jax_python.run(code, "train", "dense_vae", *options, check=False, timeout=300)

    with ThreadPoolExecutor(2) as both:
        first, second = both.map(run, range(2))
    assert first.returncode == 3, first.stderr
    assert "2 devices of cpu" in first.stdout and "Nothing is trained or" in first.stdout
    assert second.returncode == 0, second.stderr
    said = second.stdout.splitlines()
    assert all(line.startswith("[Gloo]") for line in said)  # of the native library
    names = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert names == ["dense_vae-digits.run"]


@pytest.mark.slow
def test_publishing_from_python_is_refused_before_anything_is_computed(jax_python):
    code = f"""
import os
os.environ |= {ON_JAX}
import numpy as np, zoo
from zoo.errors import MissingDependency
model = zoo.catalog.dense_vae((4, 4, 1), units=(4,), latent=2)
try:
    zoo.publish(model, np.zeros((40, 4, 4, 1), np.float32), "exports/mine")
except MissingDependency as error:
    print(error, os.path.exists("exports/mine"))
"""
    said = jax_python.run(code).stdout
    assert said.startswith("An artifact is made by tensorflow, tf2onnx, onnx, not installed here.")
    assert "resume=True" in said and said.endswith("False\n")


@pytest.mark.slow
def test_data_of_tfds_that_has_no_library_names_what_is_there(jax_python):
    done = jax_python.run(CODE, "train", "dense_vae", "--dataset", "mnist", *TINY, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "tensorflow-datasets" in done.stderr and "read without TensorFlow" in done.stderr
