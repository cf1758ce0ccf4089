"""The recipe as a person meets it: the command line, bad input, and the whole road."""

import functools
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import interruptible, run_here

import zoo
from zoo.datasets import Dataset, Schema, Split, binarize

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--latent", "2", "--filters", "4", "--dense", "8", "--epochs", "2", "--samples", "5"]


@pytest.fixture
def here(tmp_path):
    """Runs recipes/conv_vae.py in this process, in `tmp_path`."""
    return functools.partial(run_here, "recipes/conv_vae.py", cwd=tmp_path)


def recipe(*arguments, cwd, **environment):
    """Runs recipes/conv_vae.py from another folder, as a user may."""
    return subprocess.run(
        [sys.executable, str(ROOT / "recipes" / "conv_vae.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
    )


def refused(done, *parts):
    """Asserts an error as a sentence, with no traceback."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_help_shows_every_option_with_its_meaning(tmp_path):
    done = recipe("--help", cwd=tmp_path)
    assert done.returncode == 0
    for part in ("--dataset", "--latent", "--resume", "Size of the latent vector", "default: 32"):
        assert part in done.stdout
    assert "Run:" in done.stdout  # the docstring


def test_a_misspelt_option_is_refused_with_the_nearest_name(tmp_path, here):
    done = here("--learning-rat", "1e-3")
    assert done.returncode == 2
    assert "--learning-rate" in done.stderr + done.stdout


def test_pseudo_inputs_begin_at_different_examples_that_are_trained_on():
    images = np.random.default_rng(0).random((40, 4, 3)).astype(np.float32)
    split = Split(images)
    data = binarize(
        Dataset("made", split, split, Schema("sequence", (4, 3)), "made", "none", "all"), "none"
    )
    model = zoo.catalog.vampprior_vae((4, 3), latent=2, units=(4,), components=25)
    settings = zoo.training.Settings(validation_share=0.5, seed=3)
    zoo.recipe.pipeline._start_pseudo_inputs(model, data, settings)
    begun = np.asarray(model.latents.prior.pseudo_inputs())
    near = np.abs(begun[:, None] - np.clip(images, 0.05, 0.95)).max(axis=(2, 3)) < 1e-5
    training, _ = data.train.cut(0.5, 3)
    trained_on = np.isin(images, training.examples(slice(0, 20))).all(axis=(1, 2))
    assert (near.sum(axis=0) == trained_on).all()  # each of the 20 once, no other
    assert not near[20:].any()  # the rest is random


@pytest.mark.slow
def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path, here):
    done = here("--dry-run", *TINY)
    assert done.returncode == 0, done.stderr
    for part in ("parameters", "2 latents", "1,438 training", "2 epochs", "conv_vae-digits"):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--dataset", "minst"], ["minst", "mnist", "digits"]),
        (["--latent", "0"], ["latent=0"]),
        (["--batch-size", "0"], ["batch_size=0"]),
        (["--filters", "2", "2", "2", "2"], ["8x8", "too small", "16x16"]),
        (["--samples", "0"], ["samples=0"]),
        (["--dataset", "nowhere/photos.npz"], ["nowhere/photos.npz", "not found"]),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path, here, arguments, parts):
    refused(here(*arguments), *parts)
    assert not (tmp_path / "exports").exists()


@pytest.mark.slow
def test_an_existing_artifact_is_refused_before_training(tmp_path, here):
    (tmp_path / "exports" / "conv_vae-digits").mkdir(parents=True)
    done = here(*TINY)
    refused(done, "conv_vae-digits", "--replace", "--out")
    assert "Epoch" not in done.stdout


@pytest.mark.slow
def test_nan_in_the_data_is_refused_naming_the_place(tmp_path, here):
    values = np.random.default_rng(0).random((50, 8, 8)).astype(np.float32)
    values[17, 2, 3] = np.nan
    np.save(tmp_path / "data.npy", values)
    refused(here("--dataset", "data.npy", *TINY), "17", "nan")


def test_without_the_training_stack_one_command_is_named(app_python):
    """A Python that has numpy and onnxruntime only."""
    code = f"""
import runpy, sys
sys.argv = ["conv_vae.py"]
sys.path.insert(0, {str(ROOT / "recipes")!r})
runpy.run_path({str(ROOT / "recipes" / "conv_vae.py")!r}, run_name="__main__")
"""
    done = app_python.run(code, check=False)
    assert done.returncode == 1
    assert 'pip install -c constraints.txt -e ".[train]"' in done.stderr
    assert "keras" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_whole_road_from_command_to_loaded_artifact(tmp_path, here):
    done = recipe(*TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("equal") >= 36 and "DIFFERS" not in done.stdout
    assert "zoo.load('exports/conv_vae-digits')" in done.stdout.splitlines()[-1]
    folder = tmp_path / "exports" / "conv_vae-digits"
    images = zoo.load(folder).decode(np.zeros((2, 2), np.float32)).x_mean
    assert images.shape == (2, 8, 8, 1)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["recipe"]["config"]["latent"] == 2
    assert manifest["protocol"]["K"] == 5 and manifest["protocol"]["n"] == 359
    assert "--latent 2 --filters 4 --dense 8" in (folder / "README.md").read_text()
    # Again: refused. How --replace replaces it is the next test's.
    first = (folder / "manifest.json").read_bytes()
    refused(here(*TINY), "--replace")
    assert (folder / "manifest.json").read_bytes() == first


def photos(folder, count=200):
    """Colour JPEGs of mixed sizes: two kinds of scene, so that there is something to learn."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        height, width = rng.integers(40, 120, size=2)
        ramp = np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 3))
        picture = ramp * rng.random(3) if i % 2 else 1 - ramp * rng.random(3)
        picture = np.clip(picture + rng.normal(0, 0.02, picture.shape), 0, 1)
        Image.fromarray((picture * 255).astype(np.uint8)).save(folder / f"{i:03}.jpg")
    return folder


@pytest.mark.slow
def test_a_folder_of_colour_photos_replaces_an_older_artifact(tmp_path, here, artifact):
    photos(tmp_path / "photos")
    folder = tmp_path / "exports" / "conv_vae-photos"
    shutil.copytree(artifact, folder)
    done = here("--dataset", "./photos", *TINY, "--epochs", "30", "--replace")
    assert done.returncode == 0, done.stderr
    vae = zoo.load(folder)
    assert vae.manifest["event_shape"] == [32, 32, 3]
    assert vae.manifest["protocol"]["binarization"] == "none"
    assert "density" in vae.manifest["protocol"]["statement"]
    rows = (tmp_path / "exports" / "conv_vae-photos.run" / "history.csv").read_text().splitlines()
    assert len(rows) == 31


@pytest.mark.slow
def test_a_folder_with_something_else_in_it_is_refused_naming_the_file(tmp_path, here):
    photos(tmp_path / "photos", 12)
    (tmp_path / "photos" / "notes.txt").write_text("not an image")
    refused(here("--dataset", "./photos", *TINY), "notes.txt")


OFTEN_SAVED = """
import runpy, sys, time
from zoo.datasets import batches
from zoo.training import loop
loop.CHECKPOINT_SECONDS = 0.0  # after every epoch, where 15 seconds would pass
at = batches.TrainingBatches.at
def slowly(batches, step):  # so that the interrupt comes while something is being read
    time.sleep(0.05)
    return at(batches, step)
batches.TrainingBatches.at = slowly
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_no_artifact(tmp_path, here):
    arguments = [*TINY, "--epochs", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", OFTEN_SAVED, ROOT / "recipes" / "conv_vae.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        preexec_fn=interruptible,
    )
    for _ in process.stdout:
        if (tmp_path / "exports" / "conv_vae-digits.run" / "checkpoint.npz").exists():
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    names = [path.name for path in (tmp_path / "exports").iterdir()]
    assert names == ["conv_vae-digits.run"]
    # Neither a plain repetition nor another configuration overwrites what there is.
    for options, parts in (
        ([], ["--resume", "--restart"]),
        (["--resume", "--beta", "2"], ["beta: 1.0 then, 2.0 now"]),
    ):
        refused(here(*arguments, *options), *parts)


@pytest.mark.slow
def test_a_keras_backend_that_is_not_installed_is_named(tmp_path):
    if importlib.util.find_spec("torch"):
        pytest.skip("torch is installed here")
    refused(recipe(*TINY, cwd=tmp_path, KERAS_BACKEND="torch"), "torch", "pip install")


@pytest.mark.slow
def test_jax_trains_the_same_recipe_and_tensorflow_exports_it(tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    done = recipe(*TINY, cwd=tmp_path, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr
    assert "DIFFERS" not in done.stdout and done.stdout.count("equal") >= 36
    manifest = json.loads((tmp_path / "exports/conv_vae-digits/manifest.json").read_text())
    assert manifest["training"]["backend"] == "jax"
    proven = {row["runtime"] for row in manifest["comparisons"]}
    assert proven == {"keras", "saved_model", "onnx", "onnx float16"}


@pytest.mark.slow
def test_data_that_tfds_has_not_prepared_is_refused_within_seconds_without_network(tmp_path):
    from zoo.datasets import network

    if network.reachable([network.REFERENCE_URL]):
        pytest.skip("this machine has a network: TFDS would download")
    began = time.monotonic()
    done = recipe(
        "--dataset", "fashion_mnist", *TINY, cwd=tmp_path, TFDS_DATA_DIR=str(tmp_path / "none")
    )
    refused(done, "fashion_mnist", str(tmp_path / "none"), "digits")
    assert time.monotonic() - began < 60  # a hang of TFDS's retries would be 205 s
