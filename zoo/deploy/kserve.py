"""KServe: an InferenceService for its Triton runtime, and the model repository to upload."""

import json
import re

from zoo import runtime
from zoo.deploy import layout, requests
from zoo.deploy.triton import Settings, models_table, write_repository
from zoo.errors import InputError

START = "kubectl apply -f inference_service.yaml"
"""Starts the service, in the folder that is written, once models/ is uploaded."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!-~]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")  # of a container image

# KServe names a Service <name>-predictor, and Kubernetes allows that 63 characters.
_LONGEST = 63 - len("-predictor")


def kserve(
    artifact,
    out,
    storage_uri,
    runtime_version,
    gpus=1,
    max_batch_size=64,
    max_queue_delay_microseconds=0,
    tensorrt=False,
    name=None,
):
    """Writes inference_service.yaml, and models/, which is to be uploaded to `storage_uri`.

    Args:
        artifact: the artifact's folder or name, as `zoo.load` takes it.
        out: the folder to write; must not exist.
        storage_uri: where the cluster will find what models/ holds, such as s3://bucket/vae.
        runtime_version: the tag of the Triton image, such as 24.10-py3. It is never left open: a
            server that changes by itself is not the one that was tried.
        gpus: of each replica; 0 asks for none.
        max_batch_size: see `zoo.deploy.triton`.
        max_queue_delay_microseconds: see `zoo.deploy.triton`.
        tensorrt: see `zoo.deploy.triton`.
        name: the service's and the models' name; None takes the artifact's. The service's is put
            into lower case, with hyphens, as Kubernetes wants it.

    Returns:
        The InferenceService's name.

    Raises:
        InputError: if `out` exists, or an argument does not fit.
        ArtifactError: if the artifact is missing, incomplete or changed.
        ExportError: if `out` cannot be written.
    """
    settings = Settings(max_batch_size, max_queue_delay_microseconds, tensorrt)
    layout.require_whole_number("gpus", gpus, 0, 2**31 - 1)
    _require(
        "storage_uri", storage_uri, _URI, "the address of the uploaded models, s3://bucket/vae"
    )
    _require("runtime_version", runtime_version, _TAG, "a tag of the Triton image, 24.10-py3")
    layout.require_free(out)
    loaded = runtime.load(artifact)
    service = service_name(layout.served_name(loaded, name))
    with layout.written_whole(out) as stage:
        models = write_repository(loaded, stage / "models", settings, name)
        text = inference_service(service, storage_uri, runtime_version, gpus)
        (stage / "inference_service.yaml").write_text(text, encoding="utf-8")
        text = _readme(loaded, models, settings, service, storage_uri)
        (stage / "README.md").write_text(text, encoding="utf-8")
    return service


def service_name(name):
    """A served model's name as an InferenceService may be called: [a-z]([-a-z0-9]*[a-z0-9])?"""
    service = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not service[:1].isalpha() or len(service) > _LONGEST:
        raise InputError(
            f"{name!r} gives no InferenceService's name ({service!r}): wanted are a letter first "
            f"and at most {_LONGEST} characters. Give another with name= (--name)."
        )
    return service


def inference_service(service, storage_uri, runtime_version, gpus):
    """The InferenceService as YAML text; a JSON string is a YAML string."""
    limits = f"""\
      resources:
        limits:
          nvidia.com/gpu: "{gpus}"
"""
    return f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {json.dumps(service)}
spec:
  predictor:
    model:
      modelFormat:
        name: triton
      protocolVersion: v2
      runtimeVersion: {json.dumps(runtime_version)}
      storageUri: {json.dumps(storage_uri)}
{limits if gpus else ""}"""


def _require(what, value, pattern, wanted):
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InputError(f"{what}: given {value!r}, wanted {wanted} for example.")


def _readme(artifact, models, settings, service, storage_uri):
    key = requests.smallest(artifact.endpoints)
    url = f"kubectl get inferenceservice {service} -o jsonpath='{{.status.url}}'"
    address = f'"$({url})/v2/models/{models[key]}/infer"'
    return f"""\
# {layout.title(artifact)} on KServe

An InferenceService for KServe's Triton runtime. Upload what `models/` holds, one folder for each
endpoint, to `{storage_uri}` first: KServe takes it from there.

Start it, in this folder:

    {START}

Ask it, from where the service's address resolves:

    {requests.infer_command(artifact.endpoints[key], address)}

{requests.BINARY}
{models_table(artifact, models)}
KServe's Triton runtime sets limits of CPU and memory of its own: raise them under `resources` where
they are too small. {settings.statement()}
"""
