"""The recipe as a person meets it: the command line, bad input, and the whole road."""

import dataclasses
import functools
import importlib.util
import io
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
from forked import Forked
from PIL import Image
from processes import ON_JAX, run_here

import zoo
from zoo.datasets import Dataset, Schema, Split, binarize
from zoo.recipe import pipeline

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--latent", "2", "--filters", "4", "--dense", "8", "--epochs", "2", "--samples", "5"]
QUICK = ["--no-float16", "--no-sample-quality"]


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
    done = recipe("--help-all", cwd=tmp_path)
    assert done.returncode == 0
    for part in ("--dataset", "--latent", "--resume", "Size of the latent vector", "0.003"):
        assert part in done.stdout
    for head in ("Run:", "Cost:", "Expected:"):  # the docstring's, each on a line of its own
        assert f"\n{head}" in done.stdout


def test_a_misspelt_option_is_refused_with_the_nearest_name(tmp_path, here):
    done = here("--learning-rat", "1e-3")
    assert done.returncode == 2
    assert "--learning-rate" in done.stderr + done.stdout
    assert done.stderr.endswith("Every option: python recipes/conv_vae.py --help-all\n")
    assert "--help " not in done.stderr  # which shows a part of them


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
        (["--augment", "mirror"], ["mirror", "flip", "shift"]),
        (["--inception", "--test-share", "0.01"], ["18 test images", "Leave --inception out"]),
        (["--dataset", "nowhere/photos.npz"], ["nowhere/photos.npz", "not found"]),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path, here, arguments, parts):
    refused(here(*arguments), *parts)
    assert not (tmp_path / "exports").exists()


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["--dry-run", "--help", "--help-all"])
def test_what_is_read_no_more_ends_a_run_without_a_traceback(tmp_path, asked):
    """As in `python recipes/conv_vae.py | head -0`."""
    command = [sys.executable, ROOT / "recipes" / "conv_vae.py", asked, *TINY]
    with subprocess.Popen(
        [*map(str, command)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()  # before it can have printed anything
        said = process.stderr.read()
    assert process.returncode == 141, said
    assert "what it prints is read no more" in said and "Traceback" not in said


def test_layers_that_are_read_no_more_are_no_end_of_rich(monkeypatch):
    """Rich would exit with 1 and no word, whoever catches the error of the pipe."""

    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    model = zoo.catalog.build("dense_vae", (4, 4, 1), latent=2, units=(4,))
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        pipeline._summary(model.encoder)


@pytest.mark.slow
def test_a_dry_run_says_what_is_augmented_and_refuses_what_cannot_be(tmp_path):
    dense = functools.partial(run_here, "recipes/dense_vae.py", cwd=tmp_path)
    done = dense("--augment", "flip", "shift", "--dry-run")
    assert "binarization dynamic, augmented by flip and shift" in done.stdout
    np.save(tmp_path / "spectra.npy", np.zeros((20, 12), np.float32))
    done = dense("--dataset", "spectra.npy", "--augment", "flip", "--dry-run")
    refused(done, "augment=('flip',) is of images", "a vector of shape [12]")


@pytest.mark.slow
def test_fid_without_its_weights_is_refused_before_training(tmp_path):
    away = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    away |= {"NO_PROXY": "", "no_proxy": "", "KERAS_HOME": str(tmp_path / "keras")}
    done = recipe("--inception", *TINY, cwd=tmp_path, **away)
    refused(done, "InceptionV3", str(tmp_path / "keras"), "no network", "--inception")
    assert "Epoch" not in done.stdout and not (tmp_path / "exports").exists()


@pytest.mark.slow
def test_a_dry_run_refuses_a_likelihood_that_a_run_would(here):
    grey = ("--binarization", "none", "--likelihood", "categorical")
    for given in (grey, (*grey, "--dry-run")):
        done = here(*TINY, *given)
        assert done.returncode == 2 and "parameters" not in done.stdout
        assert "the categorical likelihood describes whole numbers" in done.stderr


def test_a_dry_run_says_what_the_columns_of_a_table_are_and_why(tmp_path):
    rows = [f"{row * 0.5},{('Oslo', 'Moss')[row % 2]},x" for row in range(40)]
    (tmp_path / "sales.csv").write_text("\n".join(["age,city,one", *rows]))
    (tmp_path / "columns.yaml").write_text("columns: {age: {unit: years}}")
    table = functools.partial(run_here, "recipes/table_vae.py", cwd=tmp_path)
    done = table("--dataset", "sales.csv", "--columns", "columns.yaml", "--dry-run")
    assert done.returncode == 0, done.stderr
    for part in (
        "column age    real         numbers from 0",
        "column city   categorical  2 different words",
        "Left out: 'one': every training row has one value, 'x'.",
    ):
        assert part in done.stdout
    refused(table("--dataset", "digits", "--columns", "columns.yaml"), "is an option of tables")


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


def _warned(done):
    return done.stdout.count("\nWarning: ")


@pytest.mark.slow
def test_the_whole_road_from_command_to_loaded_artifact(tmp_path, here):
    done = recipe(*TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("  equal\n") >= 15 and "DIFFERS" not in done.stdout
    how_to_load, of_the_model, *warnings = done.stdout.splitlines()[-2 - _warned(done) :]
    assert "zoo.load('exports/conv_vae-digits')" in how_to_load
    assert of_the_model == "The files are as the model is; of the model itself:"
    assert warnings[0].startswith("Warning: The nll of ")  # two epochs of a tiny network
    assert "does not beat the independent baseline" in done.stdout
    assert "components (PCA fitted to 1,438 training examples)" in done.stdout
    folder = tmp_path / "exports" / "conv_vae-digits"
    images = zoo.load(folder).decode(np.zeros((2, 2), np.float32)).x_mean
    assert images.shape == (2, 8, 8, 1)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["recipe"]["config"]["latent"] == 2
    assert manifest["protocol"]["K"] == 5 and manifest["protocol"]["n"] == 359
    card = (folder / "README.md").read_text()
    assert "--latent 2 --filters 4 --dense 8" in card
    (quality,) = manifest["protocol"]["sample_quality"]
    assert quality["n"] == 359 and quality["real"]["frechet_distance"] > 0
    assert manifest["metrics"]["frechet_distance"] > quality["real"]["frechet_distance"]
    assert f"\n\n{quality['statement']}." in card and quality["statement"] in done.stdout
    # Again: refused. How --replace replaces it is the next test's.
    first = (folder / "manifest.json").read_bytes()
    refused(here(*TINY), "--replace")
    assert (folder / "manifest.json").read_bytes() == first


def photos(folder, count=200, sides=(40, 120)):
    """Colour JPEGs of mixed sizes: two kinds of scene, so that there is something to learn."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        height, width = rng.integers(*sides, size=2)
        ramp = np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 3))
        picture = ramp * rng.random(3) if i % 2 else 1 - ramp * rng.random(3)
        picture = np.clip(picture + rng.normal(0, 0.02, picture.shape), 0, 1)
        Image.fromarray((picture * 255).astype(np.uint8)).save(folder / f"{i:03}.jpg")
    return folder


@pytest.mark.slow
def test_a_folder_of_colour_photos_replaces_an_older_artifact(tmp_path, here, artifact):
    photos(tmp_path / "photos", sides=(20, 60))
    folder = tmp_path / "exports" / "conv_vae-photos"
    shutil.copytree(artifact, folder)
    options = ["--epochs", "3", "--replace", *QUICK]
    done = here("--dataset", "./photos", *TINY, *options)
    assert done.returncode == 0, done.stderr
    vae = zoo.load(folder)
    assert vae.manifest["event_shape"] == [24, 24, 3]  # by the sizes of the photos
    assert any("24x24" in said for said in vae.manifest["data"]["notes"])
    assert vae.manifest["protocol"]["binarization"] == "none"
    assert "256 levels" in vae.manifest["protocol"]["statement"]
    assert vae.manifest["protocol"]["sample_quality"] == []
    assert "frechet_distance" not in vae.manifest["metrics"]
    rows = (folder / "history.csv").read_text().splitlines()
    assert len(rows) == 4
    assert [path.name for path in folder.parent.iterdir()] == ["conv_vae-photos"]  # no leftovers


@pytest.mark.slow
def test_few_large_photographs_go_the_whole_road_and_the_manifest_says_what_was_settled(
    tmp_path, here
):
    photos(tmp_path / "photos", 60)
    options = ["--filters", "4", "4", "4", "--epochs", "2", "--samples", "5"]
    done = here("--dataset", "./photos", *options, "--no-sample-quality", "--no-float16")
    assert done.returncode == 0, done.stderr
    assert "7x7 places" in done.stdout and "48 pictures in colour are few" in done.stdout
    vae = zoo.load(tmp_path / "exports" / "conv_vae-photos")
    settled = vae.manifest["recipe"]["config"]
    assert (settled["latent"], settled["dense"], settled["prior"]) == (196, 0, "vampprior")
    assert settled["augment"] == ["flip", "shift"]
    assert (settled["batch_size"], settled["validation_share"]) == (32, 0.2)
    card = (tmp_path / "exports" / "conv_vae-photos" / "README.md").read_text()
    (command,) = [line for line in card.splitlines() if line.startswith("python recipes/")]
    assert "--filters 4 4 4" in command and "--latent" not in command  # as it was typed
    assert vae.generate([1, 2]).z.shape == (2, 196)


@pytest.mark.slow
def test_the_plan_says_what_the_data_decided_and_what_was_left_out(tmp_path, here):
    photos(tmp_path / "photos", 12)
    (tmp_path / "photos" / "notes.txt").write_text("not an image")
    done = here("--dataset", "./photos", *TINY, "--dry-run")
    assert done.returncode == 0, done.stderr
    for part in ("discretized_logistic", "8-bit values", "binarization none", "notes.txt"):
        assert part in done.stdout
    assert "--image-shape chooses another" in done.stdout or "as all 12 files are" in done.stdout


@pytest.mark.slow
def test_a_folder_with_a_damaged_image_is_refused_naming_the_file(tmp_path, here):
    photos(tmp_path / "photos", 12)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no image")
    refused(here("--dataset", "./photos", *TINY), "broken.png", "--skip-corrupt")


SLOWLY = """
import runpy, sys, time
from zoo.datasets import batches
rows = batches.TrainingBatches.rows
def slowly(batches, step):  # so that the interrupt comes while something is being read
    time.sleep(0.05)
    print("reading", flush=True)
    return rows(batches, step)
batches.TrainingBatches.rows = slowly
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def started(code, arguments, cwd):
    return Forked(code, ROOT / "recipes" / "conv_vae.py", *arguments, cwd=cwd)


def wait_for(process, line, times=1):
    """Reads what a process prints until it has printed a line so often."""
    for printed in process.stdout:
        times -= line in printed
        if times == 0:
            return
    pytest.fail(f"it ended without {line!r}: {process.stderr.read()}")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_first_epoch_keeps_its_steps_and_says_how_to_go_on(
    tmp_path, here, number, code
):
    """Long before 15 seconds, when the first checkpoint would be written without it."""
    arguments = [*TINY, "--epochs", "100000"]
    process = started(SLOWLY, arguments, tmp_path)
    wait_for(process, "reading", 6)
    process.send_signal(number)
    # Another run of the same target is refused while this one lives, or finds what it kept.
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Training is kept as it stood after" in said and "steps of epoch 1" in said
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
def test_ctrl_c_before_training_promises_nothing(tmp_path):
    code = SLOWLY.replace("import runpy", "import signal, os, runpy").replace(
        "del sys.argv[0]",
        "import zoo.recipe.pipeline as p\n"
        "p._start_pseudo_inputs = lambda *a: os.kill(os.getpid(), signal.SIGINT)\ndel sys.argv[0]",
    )
    process = started(code, TINY, tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Nothing was trained yet" in said and "--resume" not in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_second_run_of_the_same_target_is_refused_until_the_artifact_is_in_place(tmp_path, here):
    """Else the one's artifact would get the other's history."""
    code = SLOWLY.replace(
        "import runpy", "import zoo.evaluation, zoo.export, zoo.training, runpy"
    ).replace(
        "del sys.argv[0]",
        """
def waiting(room, name, moment):
    original = getattr(room, name)
    def waits(*a, **k):
        print("now: " + moment, flush=True)
        sys.stdin.readline()
        return original(*a, **k)
    setattr(room, name, waits)
waiting(zoo.training, "fit", "training")
waiting(zoo.evaluation, "report", "evaluation")
waiting(zoo.export, "publish", "export")
del sys.argv[0]""",
    )
    process = started(code, [*TINY, *QUICK], tmp_path)
    for moment in ("training", "evaluation", "export"):
        wait_for(process, f"now: {moment}")
        for options in ([], ["--resume"], ["--restart", "--replace"]):
            began = here(*TINY, *options)
            refused(began, f"Another run (process {process.pid} on ", "--out FOLDER")
            assert "Epoch" not in began.stdout
        process.stdin.write("\n")
        process.stdin.flush()
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["conv_vae-digits"]


@pytest.mark.slow
def test_a_dead_model_is_said_to_be_one_in_the_last_lines_and_on_the_card(tmp_path, here):
    done = here(*TINY, "--beta", "1000", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "\nWarning: No latent is active" in done.stdout[done.stdout.index("Load it:") :]
    folder = tmp_path / "exports" / "conv_vae-digits"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert any("No latent is active" in each for each in manifest["warnings"])
    card = (folder / "README.md").read_text()
    assert "No latent is active" in card
    assert "--beta 1000.0" in card and "--no-float16" in card
    assert not list(folder.rglob("*.fp16.onnx"))


@pytest.mark.slow
def test_a_model_that_has_diverged_ends_with_an_error(tmp_path, here, monkeypatch):
    """What diverges here is the estimate of log p(x)."""
    report = zoo.evaluation.report

    def diverged(*arguments, **options):
        made = report(*arguments, **options)
        return dataclasses.replace(made, metrics=made.metrics | {"nll": float("nan")})

    monkeypatch.setattr(zoo.evaluation, "report", diverged)
    done = here(*TINY, *QUICK)
    refused(done, "The model has diverged: nll is nan", "--restart", "Nothing was exported")
    names = [path.name for path in (tmp_path / "exports").iterdir()]
    assert names == ["conv_vae-digits.run"]


@pytest.mark.slow
def test_a_keras_backend_that_is_not_installed_is_named(tmp_path):
    if importlib.util.find_spec("torch"):
        pytest.skip("torch is installed here")
    refused(recipe(*TINY, cwd=tmp_path, KERAS_BACKEND="torch"), "torch", "pip install")


@pytest.mark.slow
def test_jax_trains_the_same_recipe_and_tensorflow_exports_it(tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: pip install -e '.[jax]'")
    done = recipe(*TINY, cwd=tmp_path, **ON_JAX)
    assert done.returncode == 0, done.stderr
    assert "DIFFERS" not in done.stdout and done.stdout.count("  equal\n") >= 15
    manifest = json.loads((tmp_path / "exports/conv_vae-digits/manifest.json").read_text())
    assert manifest["training"]["backend"] == "jax"
    proven = {row["runtime"] for row in manifest["comparisons"]}
    assert proven == {"keras", "saved_model", "onnx", "onnx float16"}


@pytest.mark.slow
def test_data_that_tfds_has_not_prepared_is_refused_within_seconds_without_network(
    tmp_path, here, monkeypatch
):
    from zoo.datasets import network

    if network.reachable([network.REFERENCE_URL]):
        pytest.skip("this machine has a network: TFDS would download")
    began = time.monotonic()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))
    done = here("--dataset", "fashion_mnist", *TINY)
    refused(done, "fashion_mnist", str(tmp_path / "none"), "digits")
    assert time.monotonic() - began < 60  # a hang of TFDS's retries would be 205 s
