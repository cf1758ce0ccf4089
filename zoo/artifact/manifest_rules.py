"""What a manifest must hold, and where it may not contradict itself. Standard library only.

Its digest tells that it is the one that was exported. This tells that the one that was exported
makes sense; its endpoints are checked against the graphs besides.
"""

import keyword
import math
from collections.abc import Iterator
from typing import Any, TypeGuard

from zoo.artifact import layout
from zoo.artifact import manifest as manifests
from zoo.artifact.endpoints import (
    BATCH,
    ONNX,
    ONNX_HALF,
    PROOF_BATCHES,
    TOLERANCES,
    Endpoint,
    Tensor,
    tolerance_in_words,
    tolerances_of,
)
from zoo.artifact.reading import entry
from zoo.errors import ArtifactError

REQUIRED: dict[str, type] = {
    "name": str,
    "model": str,
    "event_shape": list,
    "schema": dict,
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
RUNTIMES = ("keras", "saved_model", ONNX, ONNX_HALF)
DTYPES = ("float32", "int64", "int32")
"""Of the contract's tensors."""

LARGEST_ROW = 2**31
"""Values of one example in a tensor."""

# Of an artifact's object, which has a method an endpoint.
_RESERVED = {"folder", "manifest", "precision", "batch_limit", "schema", "endpoints"}
_RESERVED |= {"to_device", "provider", "reader"}
_KINDS = {str: "text", list: "a list", int: "a whole number", dict: "an object"}


def problems(manifest: dict[str, Any]) -> Iterator[str]:
    """A sentence for everything in the manifest that cannot be."""
    for key, kind in REQUIRED.items():
        if key not in manifest:
            yield f"it states no {key}"
        elif not isinstance(manifest[key], kind) or isinstance(manifest[key], bool):
            yield f"its {key} is {manifest[key]!r:.40}, wanted is {_KINDS[kind]}"
    yield from _files(manifest)
    yield from _schema(manifest)
    try:
        endpoints = manifests.endpoints(manifest)
    except ArtifactError as error:
        yield str(error).removeprefix("manifest.json: ")
        return
    if not endpoints:
        yield "it states no endpoint"
    for name, endpoint in endpoints.items():
        yield from _malformed(name, endpoint)
        for tensor in (*endpoint.inputs, *endpoint.outputs):
            yield from (f"{name}.{tensor.name}: {words}" for words in _elsewhere(tensor, manifest))
    yield from _proof(manifest)
    yield from _float16(manifest, endpoints)
    yield from _recorded_comparisons(manifest, endpoints)


def malformed(name: str, endpoint: Endpoint) -> str | None:
    """Why an endpoint of the manifest is none that can be run or compared; None if it is one."""
    return next(_malformed(name, endpoint), None)


def batches(manifest: dict[str, Any], endpoint: str) -> tuple[int, ...]:
    """How many rows at a time an endpoint was proven with."""
    proof = manifest.get("proof")
    stated = proof.get("batches") if isinstance(proof, dict) else None
    found = stated.get(endpoint) if isinstance(stated, dict) else None
    return tuple(found) if isinstance(found, list) and _possible(found) else PROOF_BATCHES


def rows(manifest: dict[str, Any]) -> int:
    """How many rows of test data there are; `PROOF_BATCHES`' largest where it is not stated."""
    proof = manifest.get("proof")
    stated = proof.get("rows") if isinstance(proof, dict) else None
    return stated if _is_rows(stated) else PROOF_BATCHES[-1]


def left_out(manifest: dict[str, Any], endpoint: str) -> bool:
    """Whether the manifest gives a reason why an endpoint has no float16 graph."""
    reasons = manifest.get("float16")
    return isinstance(reasons, dict) and isinstance(reasons.get(endpoint), str)


def _is_rows(stated: Any) -> TypeGuard[int]:
    whole = isinstance(stated, int) and not isinstance(stated, bool)
    return whole and 1 <= stated <= PROOF_BATCHES[-1]


def _possible(found: list[Any]) -> bool:
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in found)
    return whole and bool(found) and found == sorted({min(n, found[-1]) for n in PROOF_BATCHES})


def _files(manifest: dict[str, Any]) -> Iterator[str]:
    listed = manifest.get("files")
    for name, stated in listed.items() if isinstance(listed, dict) else ():
        if entry(listed, name) is None:
            yield f"its entry for the file {name!r:.80} is {stated!r:.80}"


def _schema(manifest: dict[str, Any]) -> Iterator[str]:
    if not isinstance(manifest.get("schema"), dict):
        return
    try:
        schema = manifests.schema(manifest)
    except ArtifactError as error:
        yield str(error).removeprefix("manifest.json: ")
        return
    if list(schema.shape) != manifest.get("event_shape"):
        yield f"its schema's shape is {list(schema.shape)}, its event_shape {_event(manifest)}"


def _malformed(name: str, endpoint: Endpoint) -> Iterator[str]:
    if name != endpoint.name:
        yield f"its endpoint {name!r:.80} calls itself {endpoint.name!r:.80}"
    if not _is_name(name) or name in _RESERVED:
        yield f"its endpoint {name!r:.80} cannot be called: that is no name for it"
    for what, tensors in (("inputs", endpoint.inputs), ("outputs", endpoint.outputs)):
        names = [tensor.name for tensor in tensors]
        if not names:
            yield f"its endpoint {name!r:.80} has no {what}"
        if any(names.count(each) > 1 for each in names):
            yield f"{name}: two of its {what} have one name"
        for tensor in tensors:
            yield from (f"{name}.{tensor.name}: {words}" for words in _tensor(tensor))


def _tensor(tensor: Tensor) -> Iterator[str]:
    if not _is_name(tensor.name):
        yield f"its name is {tensor.name!r:.80}, wanted is a name that Python can call it by"
    if tensor.dtype not in DTYPES:
        yield f"its dtype is {tensor.dtype!r:.40}, wanted is one of {', '.join(DTYPES)}"
    if tensor.kind not in list(TOLERANCES):
        yield f"its kind is {tensor.kind!r:.40}, wanted is one of {', '.join(TOLERANCES)}"
    sizes = tensor.shape[1:]
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes)
    if tensor.shape[:1] != (BATCH,) or not whole:
        yield f"its shape is {list(tensor.shape)!r:.80}, wanted is [{BATCH!r}, ...]: its first axis"
    elif math.prod(int(n) for n in sizes) > LARGEST_ROW:
        yield f"its shape is {list(tensor.shape)!r:.80}, more than {LARGEST_ROW:,} values a row"
    below = tensor.below
    if below is not None and (not isinstance(below, int) or isinstance(below, bool) or below < 1):
        yield f"its values are below {below!r:.40}, wanted is a whole number or null"


def _is_name(name: Any) -> bool:
    plain = isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= 64
    return plain and not name.startswith("_") and not keyword.iskeyword(name)


def _elsewhere(tensor: Tensor, manifest: dict[str, Any]) -> Iterator[str]:
    """Where a tensor of an endpoint contradicts what the manifest says elsewhere."""
    sizes = list(tensor.shape[1:])
    if tensor.name == "x" and sizes != manifest.get("event_shape"):
        yield f"its shape is {list(tensor.shape)!r:.80}, the event_shape {_event(manifest)}"
    latent = manifest.get("latent")
    latent = latent.get("size") if isinstance(latent, dict) else None
    if tensor.name in ("z", "codes") and latent is not None and sizes != [latent]:
        yield f"its shape is {list(tensor.shape)!r:.80}, the manifest's latent size {latent!r:.40}"


def _event(manifest: dict[str, Any]) -> str:
    return f"{manifest.get('event_shape')!r:.80}"


def _proof(manifest: dict[str, Any]) -> Iterator[str]:
    proof = manifest.get("proof")
    if isinstance(proof, dict) and not _is_rows(proof.get("rows")):
        yield f"its proof has {proof.get('rows')!r:.40} rows, wanted are 1 to {PROOF_BATCHES[-1]}"
    stated = proof.get("batches") if isinstance(proof, dict) else None
    for name, found in stated.items() if isinstance(stated, dict) else ():
        if not (isinstance(found, list) and _possible(found)):
            yield f"its proof of {name!r:.80} was made with batches of {found!r:.40}"


def _float16(manifest: dict[str, Any], endpoints: dict[str, Endpoint]) -> Iterator[str]:
    """An endpoint has a float16 graph, or a reason why it has none, and not both."""
    reasons, files = manifest.get("float16"), manifest.get("files")
    if not isinstance(reasons, dict) or not isinstance(files, dict):
        return
    for name in endpoints:
        graph = layout.graph(name, layout.FLOAT16)
        if isinstance(reasons.get(name), str) == (graph in files):
            yield (
                f"it lists {graph} and says why there is none"
                if graph in files
                else (f"it lists no {graph} and does not say why")
            )


def _recorded_comparisons(
    manifest: dict[str, Any], endpoints: dict[str, Endpoint]
) -> Iterator[str]:
    """The comparisons of the export must be of these endpoints, to these tolerances."""
    outputs = {(str(e.name), str(t.name)): t for e in endpoints.values() for t in e.outputs}
    recorded = set()
    rows = manifest.get("comparisons")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("runtime") not in RUNTIMES:
            continue  # formats of a later version
        key = f"{row.get('endpoint')!s:.80}", f"{row.get('output')!s:.80}"
        recorded.add(key)
        where = (
            f"its comparison {row['runtime']} {key[0]}.{key[1]} at batch {row.get('batch')!r:.40}"
        )
        if key not in outputs:
            yield f"{where} is of no endpoint that it states"
        elif outputs[key].kind in list(TOLERANCES):
            wanted = tolerance_in_words(outputs[key].kind, tolerances_of(row["runtime"]))
            if row.get("tolerance") != wanted:
                yield f"{where} has the tolerance {row.get('tolerance')!r:.40}, wanted is {wanted}"
        if row.get("ok") is not True:
            yield f"{where} says that the export differed"
    for endpoint, output in sorted(set(outputs) - recorded):
        yield f"its comparisons have no row of {endpoint}.{output}"
