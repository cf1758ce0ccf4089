"""What a manifest must hold, and where it may not contradict itself.

Its digest tells that it is the one that was exported. This tells that the one that was exported
makes sense; its endpoints are checked against the graphs besides.
"""

from zoo.artifact import manifest as manifests
from zoo.artifact.endpoints import BATCH, TOLERANCES
from zoo.errors import ArtifactError
from zoo.runtime import replay

REQUIRED = {
    "name": str,
    "model": str,
    "event_shape": list,
    "parameters": int,
    "endpoints": dict,
    "data": dict,
    "recipe": dict,
    "metrics": dict,
    "protocol": dict,
    "training": dict,
    "comparisons": list,
    "float16": dict,
    "proof": dict,
    "versions": dict,
    "files": dict,
}
RUNTIMES = ("keras", "saved_model", replay.ONNX, replay.ONNX_HALF)
_KINDS = {str: "text", list: "a list", int: "a whole number", dict: "an object"}


def problems(manifest):
    """A sentence for everything in the manifest that cannot be."""
    for key, kind in REQUIRED.items():
        if key not in manifest:
            yield f"it states no {key}"
        elif not isinstance(manifest[key], kind):
            yield f"its {key} is {manifest[key]!r:.40}, wanted is {_KINDS[kind]}"
    yield from _files(manifest)
    try:
        endpoints = manifests.endpoints(manifest)
    except ArtifactError as error:
        yield str(error).removeprefix("manifest.json: ")
        return
    if not endpoints:
        yield "it states no endpoint"
    for name, endpoint in endpoints.items():
        if name != endpoint.name:
            yield f"its endpoint {name!r} calls itself {endpoint.name!r}"
        for tensor in (*endpoint.inputs, *endpoint.outputs):
            yield from (f"{name}.{tensor.name}: {words}" for words in _tensor(tensor, manifest))
    yield from _recorded_comparisons(manifest, endpoints)


def sound(name, endpoint):
    """Whether an endpoint of the manifest is one that can be compared with a graph."""
    tensors = (*endpoint.inputs, *endpoint.outputs)
    return name == endpoint.name and not any(True for t in tensors for _ in _malformed(t))


def _files(manifest):
    listed = manifest.get("files")
    for name, stated in listed.items() if isinstance(listed, dict) else ():
        if manifests.entry(manifest, name) is None:
            yield f"its entry for the file {name!r} is {stated!r:.80}"


def _malformed(tensor):
    if not isinstance(tensor.name, str) or not isinstance(tensor.dtype, str):
        yield f"its name and dtype are {tensor.name!r} and {tensor.dtype!r}, wanted is text"
    if tensor.kind not in list(TOLERANCES):
        yield f"its kind is {tensor.kind!r}, wanted is one of {', '.join(TOLERANCES)}"
    if tensor.shape[:1] != (BATCH,) or not all(isinstance(n, (int, str)) for n in tensor.shape):
        yield f"its shape is {list(tensor.shape)}, wanted is [{BATCH}, ...]"
    if not (tensor.below is None or (isinstance(tensor.below, int) and tensor.below > 0)):
        yield f"its values are below {tensor.below!r}, wanted is a whole number or null"


def _tensor(tensor, manifest):
    """What is wrong with a tensor of an endpoint, or with what the manifest says elsewhere."""
    yield from _malformed(tensor)
    sizes, event = list(tensor.shape[1:]), manifest.get("event_shape")
    if tensor.name == "x" and sizes != event:
        yield f"its shape is {list(tensor.shape)}, the manifest's event_shape {event}"
    latent = manifest.get("latent")
    latent = latent.get("size") if isinstance(latent, dict) else None
    if tensor.name in ("z", "codes") and latent is not None and sizes != [latent]:
        yield f"its shape is {list(tensor.shape)}, the manifest's latent size {latent}"


def _recorded_comparisons(manifest, endpoints):
    """The comparisons of the export must be of these endpoints, to these tolerances."""
    outputs = {(str(e.name), str(t.name)): t for e in endpoints.values() for t in e.outputs}
    recorded = set()
    rows = manifest.get("comparisons")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("runtime") not in RUNTIMES:
            continue  # formats of a later version
        key = str(row.get("endpoint")), str(row.get("output"))
        recorded.add(key)
        where = f"its comparison {row.get('runtime')} {key[0]}.{key[1]} at batch {row.get('batch')}"
        if key not in outputs:
            yield f"{where} is of no endpoint that it states"
        elif outputs[key].kind in list(TOLERANCES):
            wanted = replay.tolerance(outputs[key].kind, row["runtime"])
            if row.get("tolerance") != wanted:
                yield f"{where} has the tolerance {row.get('tolerance')}, wanted is {wanted}"
        if row.get("ok") is not True:
            yield f"{where} says that the export differed"
    for endpoint, output in sorted(set(outputs) - recorded):
        yield f"its comparisons have no row of {endpoint}.{output}"
