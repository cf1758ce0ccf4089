"""`--from`: training on from an artifact's model, and what is refused."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from forked import Forked
from processes import run_here

import zoo
import zoo.command_line
from zoo.datasets import Dataset, Schema, Split
from zoo.errors import ArtifactError, InputError
from zoo.recipe import shipped, tuning

ROOT = Path(zoo.__file__).parents[1]
SHORT = ["--epochs", "2", "--samples", "3", "--no-float16", "--no-sample-quality"]
SHORT += ["--dataset", "more.npz", "--batch-size", "16"]
SHORT += ["--objective", "importance_weighted", "--draws", "2"]


@pytest.fixture(scope="module")
def earlier(artifact):
    return tuning.open_artifact(artifact)


@pytest.fixture(scope="module")
def config():
    """The options of recipes/conv_vae.py, none given."""
    return shipped.load("conv_vae").Config()


@pytest.fixture
def folder(tmp_path, digits):
    """A working directory with data of the artifact's shape."""
    return with_data(tmp_path, digits)


def with_data(folder, digits):
    np.savez(folder / "more.npz", x=digits.train.images[:200])
    return folder


@pytest.fixture(scope="module")
def tuned(artifact, digits, tmp_path_factory):
    """The artifact of one that was trained on from, without an interruption."""
    folder = with_data(tmp_path_factory.mktemp("tuned"), digits)
    done = run_here("recipes/conv_vae.py", *SHORT, "--from", artifact, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "exports" / "conv_vae-more"


def data(shape=(8, 8, 1), classes=(), **values):
    split = Split(np.zeros((20, *shape), np.float32))
    schema = Schema("image", shape, classes=classes, **values)
    return Dataset("made", split, split, schema, "made", "none", "all")


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_the_model_is_the_artifacts_and_its_digests_are_those_of_the_manifest(earlier, artifact):
    stated = manifest_of(artifact)
    x = zoo.datasets.load("digits").test.batch(slice(0, 3))
    wanted = zoo.load(artifact).encode(x).mean
    np.testing.assert_allclose(earlier.model.encode(x)["mean"], wanted, rtol=1e-4, atol=1e-5)
    assert earlier.origin == tuning.origin(artifact)
    assert earlier.origin["manifest_sha256"] == stated["manifest_sha256"]
    assert earlier.origin["model_sha256"] == stated["files"]["model.keras"]["sha256"]


def test_a_model_that_was_changed_is_not_trained_on(copied_artifact):
    with open(copied_artifact / "model.keras", "ab") as file:
        file.write(b"!")
    with pytest.raises(ArtifactError, match=r"model\.keras has .* bytes"):
        tuning.open_artifact(copied_artifact)


def test_options_that_the_artifact_has_settled_are_refused(earlier, config):
    tuning.require_options(earlier, "conv_vae", config)
    tuning.require_options(earlier, "conv_vae", dataclasses.replace(config, epochs=3, seed=2))
    same = dataclasses.replace(config, likelihood="bernoulli")
    tuning.require_options(earlier, "conv_vae", same)
    for changed in ({"latent": 3}, {"likelihood": "normal"}, {"prior": "flow"}):
        name = "--" + next(iter(changed)).replace("_", "-")
        with pytest.raises(InputError, match=f"{name}: of the model"):
            tuning.require_options(earlier, "conv_vae", dataclasses.replace(config, **changed))
    with pytest.raises(InputError, match="holds a conv_vae, and this recipe trains a dense_vae"):
        tuning.require_options(earlier, "dense_vae", config)


def test_what_the_artifact_states_of_its_options_goes_into_the_new_manifest(earlier, config):
    assert earlier.options(config) == {"filters": [4, 8], "dense": 16, "latent": 3}


def test_the_objective_is_the_artifacts_unless_one_of_its_options_is_given(earlier, config):
    assert tuning.with_objective(earlier, config, data()) is earlier
    given = {"objective": "importance_weighted", "draws": 3}
    found = tuning.with_objective(earlier, dataclasses.replace(config, **given), data())
    assert found.model.draws == 3 and earlier.model.draws == 1
    assert found.model.name == earlier.model.name
    x = zoo.datasets.load("digits").test.batch(slice(0, 3))
    both = [each.model.encode(x)["mean"] for each in (earlier, found)]
    np.testing.assert_array_equal(*both)
    assert found.origin == earlier.origin  # of the artifact, whatever it is trained with
    assert "draws" not in found.options(config) and found.options(config)["latent"] == 3


def test_shares_that_are_given_are_changed_and_nothing_else(earlier, config):
    other = dataclasses.replace(config, mean_share=0.25)
    found = tuning.with_objective(earlier, other, data())
    assert found.model.mean_share == 0.25 and earlier.model.mean_share == 0.0
    assert found.model.objective is earlier.model.objective
    assert "mean_share" not in found.options(other) and found.options(other)["latent"] == 3


def test_a_schedule_of_the_new_objective_begins_at_its_first_step(earlier, config):
    rising = dataclasses.replace(config, anneal="linear", anneal_steps=10)
    found = tuning.with_objective(earlier, rising, data()).model
    assert int(found.step) == 0 and found.objective.scheduled
    assert found.count_params() == earlier.model.count_params()


def test_an_objective_that_the_options_do_not_make_is_refused(earlier, config):
    for given in ({"draws": 3}, {"capacity": 2.0}):  # of the ELBO, which has neither
        with pytest.raises(InputError, match="is an option of the objective"):
            tuning.with_objective(earlier, dataclasses.replace(config, **given), data())


def test_free_nats_of_groups_are_changed_as_any_objective():
    model = zoo.catalog.hierarchical_vae((8, 8, 1), filters=(4,), groups=(1, 1), top=2, dense=4)
    options = shipped.load("hierarchical_vae").Config(free_bits=(0.25,))
    found = tuning.with_objective(tuning.Earlier({}, model), options, data()).model
    assert "nats=0.25" in found.objective_shown
    too_many = dataclasses.replace(options, free_bits=(1.0, 2.0, 3.0))
    with pytest.raises(InputError, match="was given 3 numbers, one a group"):
        tuning.with_objective(tuning.Earlier({}, model), too_many, data())


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"shape": (9, 8, 1)}, r"shape \[9, 8, 1\].*--image-shape 8 8 1"),
        ({"low": -1.0}, r"values in \[-1.0, 1.0\].*Rescale"),
    ],
)
def test_data_that_the_model_does_not_take_is_refused(earlier, given, part):
    tuning.require_data(earlier, data())
    with pytest.raises(InputError, match=part):
        tuning.require_data(earlier, data(**given))


def test_labels_of_other_classes_are_refused_where_the_model_takes_them(earlier):
    names = tuple("0123456789")
    conditional = tuning.Earlier(
        earlier.manifest, zoo.catalog.conditional_vae((8, 8, 1), latent=2, filters=(4,), dense=4)
    )
    tuning.require_data(conditional, data(classes=names))
    tuning.require_data(earlier, data(classes=("a", "b")))  # it takes no labels
    with pytest.raises(InputError, match="has the classes a, b; conv_vae-digits knows 0, 1"):
        tuning.require_data(conditional, data(classes=("a", "b")))


def test_likelihood_and_binarization_are_the_artifacts_unless_asked_otherwise(earlier, config):
    def found(config, given):
        return [each.value for each in tuning.choices(earlier, config, given)]

    assert found(config, data()) == ["bernoulli", "dynamic"]
    assert found(config, data(spacing=1.0)) == ["bernoulli", "none"]
    static = dataclasses.replace(config, binarization="static")
    assert found(static, data()) == ["bernoulli", "static"]


@pytest.mark.slow
def test_an_artifact_is_trained_on_and_the_new_one_says_from_what(tuned, artifact, tmp_path):
    manifest, card = manifest_of(tuned), (tuned / "README.md").read_text()
    before = manifest_of(artifact)
    assert manifest["training"]["tuned_from"] == tuning.origin(artifact)
    assert before["manifest_sha256"] in card and "conv_vae-digits`, trained on" in card
    assert "what the model saw before" in card and f"--from {artifact}" in card
    assert manifest["recipe"]["config"]["latent"] == 3
    assert manifest["recipe"]["config"]["draws"] == 2
    assert manifest["data"]["name"] == "more" and manifest["latent"] == before["latent"]
    begun, after = (keras.saving.load_model(each / "model.keras") for each in (artifact, tuned))
    moved = [
        float(np.abs(a.numpy() - b.numpy()).max())
        for a, b in zip(begun.weights, after.weights, strict=True)
    ]
    assert after.draws == 2
    assert 0 < max(moved) < 0.1  # twenty steps from where it was, and no new model
    again = zoo.export.republish(tuned, tmp_path / "again", float16=False)
    assert manifest_of(again.folder)["training"]["tuned_from"] == tuning.origin(artifact)


STOPS = """
import runpy, signal, sys, os
from zoo.datasets import batches
rows, count = batches.TrainingBatches.rows, [0]
def counted(batches, step):
    count[0] += 1
    if count[0] == int(os.environ["STOP_AT"]):
        signal.raise_signal(signal.SIGINT)
    return rows(batches, step)
batches.TrainingBatches.rows = counted
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_a_tuning_that_was_interrupted_resumes_to_the_weights_of_one_that_was_not(
    folder, tuned, artifact, copied_artifact
):
    script = str(ROOT / "recipes" / "conv_vae.py")
    stopped = Forked(STOPS, script, *SHORT, "--from", artifact, cwd=folder, STOP_AT="12")
    _, said = stopped.communicate(timeout=240)
    assert stopped.returncode == 130, said
    assert "--resume" in said

    def resumed(*others):
        return run_here("recipes/conv_vae.py", *SHORT, "--resume", *others, cwd=folder)

    new = resumed()
    assert new.returncode == 2 and "another configuration" in new.stderr  # of a new model
    done = resumed("--from", copied_artifact)  # wherever it lies
    assert done.returncode == 0, done.stderr
    assert "Resuming after" in done.stdout
    weights = [
        keras.saving.load_model(each / "model.keras").get_weights()
        for each in (tuned, folder / "exports" / "conv_vae-more")
    ]
    for mine, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_a_model_that_python_has_read_is_trained_on_and_says_from_what(folder, artifact):
    model = keras.saving.load_model(artifact / "model.keras")
    run = zoo.fit(model, folder / "more.npz", epochs=1, binarization="static")
    target = folder / "mine-more"
    zoo.publish(
        model,
        folder / "more.npz",
        target,
        trained=run,
        tuned_from=artifact,
        binarization="static",
        samples=3,
        float16=False,
    )
    assert manifest_of(target)["training"]["tuned_from"] == tuning.origin(artifact)
    assert zoo.command_line.main(["info", str(target)]) == 0
