"""A TensorFlow Serving folder, read by TensorFlow Serving's own message and by TensorFlow."""

import hashlib

import pytest

import zoo
from zoo import deploy
from zoo.runtime.replay import read


@pytest.fixture(scope="module")
def folder(artifact, tmp_path_factory):
    out = tmp_path_factory.mktemp("tf_serving") / "serving"
    assert deploy.tf_serving(artifact, out) == artifact.name
    return out


def test_models_config_names_the_model_and_its_folder(artifact, folder):
    message = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2",
        reason="tensorflow-serving-api brings the ModelServerConfig message",
    )
    text_format = pytest.importorskip("google.protobuf.text_format")
    text = (folder / "models.config").read_text("utf-8")
    (config,) = text_format.Parse(text, message.ModelServerConfig()).model_config_list.config
    assert (config.name, config.model_platform) == (artifact.name, "tensorflow")
    assert config.base_path == f"/models/{artifact.name}"
    assert '-v "$PWD:/models:ro"' in (folder / "README.md").read_text("utf-8")


def test_the_version_folder_holds_the_saved_model_of_the_manifest(artifact, manifest, folder):
    version = folder / artifact.name / "1"
    found = {
        path.relative_to(version).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in version.rglob("*")
        if path.is_file()
    }
    prefix = "saved_model/1/"
    assert found == {
        name.removeprefix(prefix): stated["sha256"]
        for name, stated in manifest["files"].items()
        if name.startswith(prefix)
    }
    assert "saved_model.pb" in found


def test_the_copied_signatures_answer_as_the_model(artifact, folder, assert_answers_as_the_model):
    tf = pytest.importorskip("tensorflow")
    loaded = tf.saved_model.load(str(folder / artifact.name / "1"))
    for name, endpoint in zoo.load(artifact).endpoints.items():
        given, _ = read(artifact, endpoint)
        tensors = {key: tf.constant(value[:3]) for key, value in given.items()}
        answers = loaded.signatures[name](**tensors)
        answers = {key: value.numpy() for key, value in answers.items()}
        assert_answers_as_the_model(name, 3, answers)


def test_the_readmes_request_is_one_that_the_signature_answers(artifact, folder, asked):
    tf = pytest.importorskip("tensorflow")
    address, body = asked(folder)
    assert address == f"localhost:8501/v1/models/{artifact.name}:predict"
    assert body == {"signature_name": "generate", "inputs": {"seed": [7, 8]}}
    loaded = tf.saved_model.load(str(folder / artifact.name / "1"))
    answers = loaded.signatures["generate"](seed=tf.constant(body["inputs"]["seed"], tf.int64))
    assert answers["x_mean"].shape == (2, 8, 8, 1)


def test_another_name_is_served_by_that_name(artifact, tmp_path):
    assert deploy.tf_serving(artifact, tmp_path / "out", name="digits") == "digits"
    assert (tmp_path / "out" / "digits" / "1" / "saved_model.pb").is_file()
    assert '"/models/digits"' in (tmp_path / "out" / "models.config").read_text("utf-8")
