"""Triton Inference Server: a model repository with one model an endpoint."""

import json
from dataclasses import dataclass

from zoo import runtime
from zoo.artifact.endpoints import BATCH
from zoo.deploy import layout, requests
from zoo.errors import ArtifactError

_DTYPES = {"float32": "TYPE_FP32", "int64": "TYPE_INT64", "int32": "TYPE_INT32"}

START = 'tritonserver --model-repository="$PWD"'
"""Starts the server, in the repository's folder."""

# One seed gives one sample and nats are nats on every runtime: these are not computed in float16.
FLOAT32_ENDPOINTS = ("generate", "score")


def triton(
    artifact,
    out,
    max_batch_size=64,
    max_queue_delay_microseconds=0,
    tensorrt=False,
    name=None,
):
    """Writes a Triton model repository: <name>-<endpoint>/config.pbtxt and 1/model.onnx for each.

    A graph has its weights inside, see `layout.write_graph`.

    Args:
        artifact: the artifact's folder or name, as `zoo.load` takes it.
        out: the repository's folder; must not exist.
        max_batch_size: the largest batch that Triton forms or accepts, 1 or more.
        max_queue_delay_microseconds: how long a request may wait for others to form a batch with;
            0 batches what is waiting already and delays nothing.
        tensorrt: whether GPUs run the graphs by TensorRT in float16, all but `generate` and
            `score`, whose answers are the same on every runtime.
        name: what the models' names begin with; None takes the artifact's name.

    Returns:
        {endpoint: served model's name}.

    Raises:
        InputError: if `out` exists, or an argument does not fit.
        ArtifactError: if the artifact is missing, incomplete or changed.
        ExportError: if `out` cannot be written.
    """
    settings = Settings(max_batch_size, max_queue_delay_microseconds, tensorrt)
    layout.require_free(out)
    loaded = runtime.load(artifact)
    with layout.written_whole(out) as stage:
        models = write_repository(loaded, stage, settings, name)
        (stage / "README.md").write_text(_readme(loaded, models, settings), encoding="utf-8")
    return models


@dataclass(frozen=True)
class Settings:
    """Checked knobs of a repository; see `triton`."""

    max_batch_size: int = 64
    max_queue_delay_microseconds: int = 0
    tensorrt: bool = False

    def __post_init__(self):
        layout.require_whole_number("max_batch_size", self.max_batch_size, 1, 2**31 - 1)
        layout.require_whole_number(
            "max_queue_delay_microseconds", self.max_queue_delay_microseconds, 0, 2**63 - 1
        )

    def statement(self):
        """What the README says of the knobs."""
        precision = (
            "On a GPU, TensorRT runs the graphs in float16, all but `generate` and `score`: there "
            "one seed\ngives one sample, and nats are nats, on every runtime. The first requests "
            "of each shape wait while\nTensorRT builds its engine."
        )
        return f"""\
Knobs in each `config.pbtxt`: `max_batch_size`, now {self.max_batch_size}, and in `dynamic_batching`
`max_queue_delay_microseconds`, now {self.max_queue_delay_microseconds}: how long a request may wait
for others to share a batch with.
{precision if self.tensorrt else "Every graph runs in float32."}"""


def write_repository(artifact, folder, settings, name=None):
    """Fills a folder with a model for each endpoint; {endpoint: served model's name}."""
    prefix = layout.served_name(artifact, name)
    models = {key: f"{prefix}-{key}" for key in artifact.endpoints}
    for key, model in models.items():
        layout.write_graph(artifact, key, folder / model / "1" / "model.onnx")
        text = config(artifact.endpoints[key], model, settings)
        (folder / model / "config.pbtxt").write_text(text, encoding="utf-8")
    return models


def config(endpoint, model, settings):
    """config.pbtxt of an endpoint: a `ModelConfig` message in protobuf's text format."""
    blocks = [
        f'name: "{model}"',
        'platform: "onnxruntime_onnx"',
        f"max_batch_size: {settings.max_batch_size}",
        *(f"input {_tensor(endpoint, tensor)}" for tensor in endpoint.inputs),
        *(f"output {_tensor(endpoint, tensor)}" for tensor in endpoint.outputs),
        "instance_group {\n  count: 1\n  kind: KIND_AUTO\n}",
        "dynamic_batching {\n"
        f"  max_queue_delay_microseconds: {settings.max_queue_delay_microseconds}\n}}",
    ]
    if settings.tensorrt and endpoint.name not in FLOAT32_ENDPOINTS:
        blocks.append(_TENSORRT)
    return "\n".join(blocks) + "\n"


_TENSORRT = """\
optimization {
  execution_accelerators {
    gpu_execution_accelerator {
      name: "tensorrt"
      parameters { key: "precision_mode" value: "FP16" }
      parameters { key: "max_workspace_size_bytes" value: "1073741824" }
    }
  }
}"""


def _tensor(endpoint, tensor):
    """One `input` or `output` block; the batch axis is implied by max_batch_size."""
    where = f"{endpoint.name}({tensor.name})"
    if tensor.dtype not in _DTYPES:
        raise ArtifactError(
            f"{where}: {tensor.dtype} is no data type of these graphs; wanted one of "
            f"{', '.join(_DTYPES)}."
        )
    if not tensor.shape or tensor.shape[0] != BATCH or BATCH in tensor.shape[1:]:
        raise ArtifactError(f"{where}: its first axis, and no other, must be {BATCH!r}.")
    dims = [size if isinstance(size, int) else -1 for size in tensor.shape[1:]]
    lines = [
        f"  name: {json.dumps(tensor.name)}",
        f"  data_type: {_DTYPES[tensor.dtype]}",
        f"  dims: [ {', '.join(map(str, dims or [1]))} ]",
    ]
    if not dims:  # Triton wants an axis besides the batch: [batch, 1] outside, [batch] in the graph
        lines.append("  reshape { shape: [ ] }")
    return "\n".join(["{", *lines, "}"])


def _readme(artifact, models, settings):
    key = requests.smallest(artifact.endpoints)
    address = f"localhost:8000/v2/models/{models[key]}/infer"
    return f"""\
# {layout.title(artifact)} on Triton Inference Server

A model repository: one model for each endpoint, from the artifact's float32 ONNX graphs.

Start it, in this folder, inside NVIDIA's Triton container (24.10 or newer) or wherever else
`tritonserver` has the ONNX Runtime backend; it takes a GPU where there is one:

    {START}

Ask it:

    {requests.infer_command(artifact.endpoints[key], address)}

{requests.BINARY}
{models_table(artifact, models)}
{settings.statement()}
"""


def models_table(artifact, models):
    """Markdown: each served model with its tensors, in the shapes that a client sends and gets."""
    lines = ["| model | inputs | outputs |", "|---|---|---|"]
    for key, model in models.items():
        sides = (artifact.endpoints[key].inputs, artifact.endpoints[key].outputs)
        cells = ["; ".join(map(requests.describe, tensors)) for tensors in sides]
        lines.append(f"| `{model}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"
