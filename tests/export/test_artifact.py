"""What lies in a published artifact, read with other tools than those that wrote it."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.artifact.manifest import metric_in_words

ROOT = Path(zoo.__file__).parents[1]
ENDPOINTS = ("encode", "decode", "reconstruct")
FIGURES = ("samples", "reconstructions", "interpolation", "latent", "history")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def strict(text):
    """JSON as the standard has it: no NaN or Infinity, no name twice in one object."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    def once(pairs):
        assert len({name for name, _ in pairs}) == len(pairs), "a name twice"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


@pytest.fixture(scope="module")
def manifest(artifact):
    return strict((artifact / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def card(artifact):
    return (artifact / "README.md").read_text(encoding="utf-8")


def test_the_folder_has_the_layout_of_the_design_and_nothing_else(artifact, manifest):
    saved = "saved_model/1/"
    names = list(manifest["endpoints"])
    assert set(ENDPOINTS) <= set(names)
    assert {name for name in files(artifact) if not name.startswith(saved)} == {
        "README.md",
        "manifest.json",
        "model.keras",
        "history.csv",
        *(f"onnx/{name}.onnx" for name in names),
        *(f"onnx/{name}.fp16.onnx" for name in names),
        "onnx/weights.bin",
        "onnx/weights.fp16.bin",
        *(f"test_data/{name}.npz" for name in names),
        "test_data/inputs.npz",
        *(f"figures/{name}.png" for name in FIGURES),
    }
    assert {name for name in files(artifact) if name.startswith(saved)} == {
        saved + "fingerprint.pb",
        saved + "saved_model.pb",
        saved + "variables/variables.index",
        saved + "variables/variables.data-00000-of-00001",
    }


def test_nothing_lies_beside_the_published_artifact(artifact):
    assert os.listdir(artifact.parent) == [artifact.name]


def test_the_manifest_states_sha256_and_bytes_of_every_other_file(artifact, manifest):
    assert manifest["files"].keys() == files(artifact) - {"manifest.json"}
    for name, stated in manifest["files"].items():
        content = (artifact / name).read_bytes()
        assert stated == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_the_manifest_states_what_the_design_wants(manifest, trained):
    assert manifest["schema_version"] == 2
    assert manifest["name"] == "conv_vae-digits" and manifest["model"] == "conv_vae"
    assert manifest["event_shape"] == [8, 8, 1] and manifest["likelihood"] == "bernoulli"
    assert manifest["latent"] == {
        "size": 3,
        "posterior": "normal",
        "prior": "standard normal",
        "exact_bits": True,
        "groups": {"z": [3]},
    }
    assert manifest["recipe"]["script"] == "recipes/conv_vae.py"
    assert manifest["recipe"]["config"]["filters"] == [4, 8] and manifest["recipe"]["seed"] == 5
    assert manifest["metrics"] == trained.report.metrics
    assert (manifest["protocol"]["K"], manifest["protocol"]["n"]) == (20, 359)
    assert manifest["training"]["epochs"] == 2 and manifest["training"]["seconds"] > 0
    assert manifest["training"]["hardware"] and manifest["training"]["backend"] == "tensorflow"
    for library in ("python", "keras", "tensorflow", "onnx", "tf2onnx", "onnxruntime", "numpy"):
        assert re.match(r"\d+\.\d+", manifest["versions"][library])
    data = manifest["data"]
    assert data["train"] + data["validation"] == 1438 and data["test"] == 359
    assert manifest["schema"] == trained.data.schema.to_json()
    assert manifest["float16"] == dict.fromkeys(manifest["endpoints"])
    batches = {name: [1, 3, 64] for name in manifest["endpoints"]}
    assert manifest["proof"] == {"rows": 64, "batches": batches, "memory": 2**30}
    assert data["source"] and data["licence"] and manifest["licence"] == "Apache-2.0"


def test_the_manifest_states_each_endpoints_signature(manifest):
    def side(endpoint, which):
        tensors = manifest["endpoints"][endpoint][which]
        return [(tensor["name"], tensor["dtype"], tensor["shape"]) for tensor in tensors]

    x, z = ("x", "float32", ["batch", 8, 8, 1]), ("z", "float32", ["batch", 3])
    x_mean = ("x_mean", "float32", ["batch", 8, 8, 1])
    posterior = [("mean", "float32", ["batch", 3]), ("log_var", "float32", ["batch", 3])]
    assert (side("encode", "inputs"), side("encode", "outputs")) == ([x], posterior)
    assert (side("decode", "inputs"), side("decode", "outputs")) == ([z], [x_mean])
    assert (side("reconstruct", "inputs"), side("reconstruct", "outputs")) == ([x], [x_mean])


def test_the_parameters_stated_are_those_of_the_layers_by_hand(manifest):
    convolutions = 3 * 3 * 1 * 4 + 4 + 3 * 3 * 4 * 8 + 8  # 8x8x1 -> 4x4x4 -> 2x2x8
    heads = 2 * 2 * 8 * 16 + 16 + 2 * (16 * 3 + 3)
    decoder = 3 * 16 + 16 + 16 * 32 + 32 + 3 * 3 * 8 * 4 + 4 + 3 * 3 * 4 * 4 + 4
    assert manifest["parameters"] == convolutions + heads + decoder


def test_test_data_holds_test_examples_and_answers_for_64_rows(artifact, trained):
    with np.load(artifact / "test_data" / "inputs.npz", allow_pickle=False) as file:
        assert set(file) == {"x", "z", "seed"}
        x, seed = file["x"], file["seed"]
        assert file["z"].shape == (64, 3)
    with np.load(artifact / "test_data" / "reconstruct.npz", allow_pickle=False) as file:
        assert set(file) == {"rows", "x_mean"}
        np.testing.assert_array_equal(file["rows"], np.arange(64))
        x_mean = file["x_mean"]
    assert {-(2**63), 2**63 - 1, 0, -1, 7} <= set(seed.tolist())
    np.testing.assert_array_equal(x, trained.data.test.examples(range(64)))
    assert set(np.unique(x)) == {0.0, 1.0}  # dynamic binarization
    assert x_mean.shape == (64, 8, 8, 1) and 0 < x_mean.min() < x_mean.max() < 1
    differences = np.abs(x_mean[:, None] - x_mean[None]).max(axis=(2, 3, 4))
    assert np.median(differences) > 1e-3, "rows so alike would prove nothing"


def test_history_has_a_row_an_epoch(artifact):
    with open(artifact / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 and {"elbo", "kl", "reconstruction", "val_elbo"} <= rows[0].keys()
    assert all(float(row["val_elbo"]) < 0 for row in rows)


def test_the_card_states_the_protocol_and_every_metric(card, trained):
    assert "K=20" in card and "n=359" in card and "binarization drawn once with seed 5" in card
    for name, value in trained.report.metrics.items():
        assert f"| {name} | {metric_in_words(name, value)} |" in card
    assert "python recipes/conv_vae.py --dataset digits --epochs 2 --seed 5" in card
    assert trained.data.source in card and trained.data.licence in card


def test_the_card_shows_exactly_the_figures_that_exist(artifact, card):
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", card)
    assert sorted(shown) == sorted(f"figures/{path.name}" for path in artifact.glob("figures/*"))
    for name in shown:
        assert (artifact / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.slow
def test_a_card_without_figures_links_none(trained, tmp_path):
    (tmp_path / "none").mkdir()
    trained.publish(tmp_path / "exports" / "bare", figures=tmp_path / "none", float16=False)
    assert "![" not in (tmp_path / "exports" / "bare" / "README.md").read_text(encoding="utf-8")


def test_no_file_names_a_path_of_the_machine_that_made_it(artifact):
    with zipfile.ZipFile(artifact / "model.keras") as file:
        contents = {f"model.keras/{name}": file.read(name) for name in file.namelist()}
    contents |= {name: (artifact / name).read_bytes() for name in files(artifact)}
    for name, content in contents.items():
        for path in (ROOT, artifact.parent, Path(sys.prefix)):
            assert os.fsencode(path) not in content, f"{name} names {path}"


def test_the_keras_file_is_the_trained_model_without_its_optimizer(artifact, trained):
    model = keras.saving.load_model(artifact / "model.keras", safe_mode=True)
    assert not model.compiled and type(model) is type(trained.model)
    assert json.dumps(model.get_config()) == json.dumps(trained.model.get_config())
    for mine, theirs in zip(model.weights, trained.model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs), err_msg=mine.path)


def code_of(card, heading):
    """The Python block below a line of the card's section on loading."""
    return re.search(rf"^{heading}.*?```python\n(.*?)```", card, re.DOTALL | re.MULTILINE)[1]


def linked(work, artifact):
    """Makes the artifact `exports/<name>` of a working directory, as the card has it."""
    if not (work / "exports").exists():
        (work / "exports").symlink_to(artifact.parent, target_is_directory=True)


def test_the_cards_code_for_the_zoo_runs_on_numpy_and_onnxruntime(artifact, card, app_python):
    linked(app_python.work, artifact)
    code = code_of(card, "ONNX Runtime, through the zoo")
    app_python.run(code + "assert images.shape == (3, 8, 8, 1) and 0 < images.min()")


def test_the_cards_code_for_onnxruntime_runs_without_zoo(artifact, card, onnxruntime_python):
    linked(onnxruntime_python.work, artifact)
    code = code_of(card, "ONNX Runtime alone")
    onnxruntime_python.run(code + "assert x_mean.shape == (1, 8, 8, 1) and 0 < x_mean.min()")


@pytest.mark.slow
def test_the_cards_code_for_tensorflow_runs_without_zoo(artifact, card, tensorflow_python):
    linked(tensorflow_python.work, artifact)
    code = code_of(card, "SavedModel")
    tensorflow_python.run(code + "assert x_mean.shape == (1, 8, 8, 1) and 'zoo' not in sys.modules")


@pytest.mark.slow
def test_the_cards_code_for_keras_loads_the_model_in_a_fresh_process(
    artifact, card, tmp_path, assert_answers_as_the_model
):
    linked(tmp_path, artifact)
    code = code_of(card, "Keras") + (
        "import numpy as np\n"
        f"given = np.load('exports/{artifact.name}/test_data/inputs.npz')\n"
        "for name, endpoint in vae.endpoints().items():\n"
        "    answer = getattr(vae, name)(*(given[t.name] for t in endpoint.inputs))\n"
        "    np.savez(f'{name}.npz', **{k: np.asarray(v) for k, v in answer.items()})\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    for name in ENDPOINTS:
        with np.load(tmp_path / f"{name}.npz") as answers:
            assert_answers_as_the_model(name, 64, dict(answers))
