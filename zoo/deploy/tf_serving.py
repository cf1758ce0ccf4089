"""TensorFlow Serving: the SavedModel in its version folder, and models.config."""

from pathlib import PurePosixPath

from zoo import runtime
from zoo.deploy import layout, requests
from zoo.errors import ArtifactError

MOUNT = "/models"
START = (
    f'docker run --rm -p 8500:8500 -p 8501:8501 -v "$PWD:{MOUNT}:ro" tensorflow/serving '
    f"--model_config_file={MOUNT}/models.config"
)
"""Starts the server, in the folder that is written."""


def tf_serving(artifact, out, name=None):
    """Writes <name>/1/ with the SavedModel, and models.config, for TensorFlow Serving.

    Args:
        artifact: the artifact's folder or name, as `zoo.load` takes it.
        out: the folder to write; must not exist. It is meant to be mounted at /models.
        name: the served model's name; None takes the artifact's.

    Returns:
        The served model's name.

    Raises:
        InputError: if `out` exists, or the name does not fit.
        ArtifactError: if the artifact is missing, incomplete or changed.
        ExportError: if `out` cannot be written.
    """
    layout.require_free(out)
    loaded = runtime.load(artifact)
    model = layout.served_name(loaded, name)
    stated = loaded.manifest.get("files")
    names = stated if isinstance(stated, dict) else {}
    files = [file for file in names if PurePosixPath(file).parts[:1] == ("saved_model",)]
    if not any(PurePosixPath(file).name == "saved_model.pb" for file in files):
        raise ArtifactError(f"{loaded.folder}: manifest.json lists no SavedModel to serve.")
    with layout.written_whole(out) as stage:
        for file in files:
            layout.copy(
                loaded, file, stage / model / PurePosixPath(file).relative_to("saved_model")
            )
        (stage / "models.config").write_text(config(model), encoding="utf-8")
        (stage / "README.md").write_text(_readme(loaded, model), encoding="utf-8")
    return model


def config(model):
    """models.config: a `ModelServerConfig` message in protobuf's text format."""
    return f"""\
model_config_list {{
  config {{
    name: "{model}"
    base_path: "{MOUNT}/{model}"
    model_platform: "tensorflow"
  }}
}}
"""


def _readme(artifact, model):
    key = requests.smallest(artifact.endpoints)
    address = f"localhost:8501/v1/models/{model}:predict"
    return f"""\
# {layout.title(artifact)} on TensorFlow Serving

The SavedModel in its version folder. Its signatures are the endpoints:
{", ".join(artifact.endpoints)}.

Start it, in this folder:

    {START}

Ask it:

    {requests.predict_command(artifact.endpoints[key], address)}

REST carries JSON alone, which is slow for images: use gRPC (port 8500), whose `PredictRequest` and
answer hold tensors as bytes (`tensor_content`). KServe's protocol with its binary extension is
spoken by Triton, not by TensorFlow Serving.

Without a container: `tensorflow_model_server --port=8500 --rest_api_port=8501
--model_config_file=models.config`, once `base_path` in `models.config` is this machine's.
"""
