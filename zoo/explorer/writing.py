"""Writes an explorer: the built page, and of each artifact what the page reads."""

import hashlib
import json
import os
import shutil
from pathlib import Path

from zoo import runtime
from zoo.artifact import layout as names
from zoo.artifact.endpoints import TOLERANCES
from zoo.deploy import layout
from zoo.errors import InputError, MissingDependency

PAGE = Path(__file__).resolve().parent / "page"
"""What vite builds."""

BUILD = "npm install && npm run build"
"""Builds it, in zoo/explorer/web."""

RUNTIMES = {
    "wasm": "runtime/onnxruntime.wasm.gz",
    "webgpu": "runtime/onnxruntime-webgpu.wasm.gz",
    "rdkit": "runtime/rdkit.wasm.gz",
}
"""WebAssembly of the page, compressed: RDKit's is copied where molecules are drawn."""

_WORKER = "service-worker.js"
_MARKS = "const FILES = [];", 'const VERSION = "";'


def is_built():
    """Whether the page is there: it is in a release's wheel, in a clone once it was built."""
    return (PAGE / "index.html").is_file()


def write(artifacts, out):
    """Writes a folder that any static host serves: the page, and artifacts whose graphs it runs.

    It works from any address, asks no other host, and offline once it was loaded (over https or
    from this machine, as browsers want it of service workers).

    Args:
        artifacts: an artifact's folder or its name, as `zoo.load` takes it, or a list of them; the
            page offers a choice of several, the first at first.
        out: the folder to write; must not exist.

    Returns:
        The artifacts' names, by which the page knows them (`?model=NAME`).

    Raises:
        InputError: if `out` exists, none is given, or two have one name.
        ArtifactError: if one is missing, incomplete or changed.
        ExportError: if `out` cannot be written.
        MissingDependency: if the page was not built.
    """
    _require_built()
    layout.require_free(out)
    paths = [artifacts] if isinstance(artifacts, (str, os.PathLike)) else list(artifacts)
    loaded = [runtime.load(path) for path in paths]
    named = _named(loaded)
    with layout.written_whole(out) as stage:
        drawn = any(artifact.schema.tokenizer == "smiles" for artifact in loaded)
        runtimes = {name: file for name, file in RUNTIMES.items() if drawn or name != "rdkit"}
        _copy_page(stage, runtimes)
        for name, artifact in named.items():
            _copy_artifact(artifact, stage / "artifacts" / name)
        (stage / "explorer.json").write_text(_contents(named, runtimes), encoding="utf-8")
        _write_worker(stage)
    return list(named)


def _require_built():
    if not is_built():
        raise MissingDependency(
            "The explorer's page is not built in this clone (a release's wheel holds it). With "
            f"Node.js 20 or newer: make page, or cd {PAGE.parent / 'web'} && {BUILD}"
        )


def _named(loaded):
    """{served name: artifact}."""
    if not loaded:
        raise InputError("No artifact was given: give a folder that a recipe wrote, or its name.")
    found = [layout.served_name(artifact) for artifact in loaded]
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Two artifacts have the name {twice!r}: a page shows one of them.")
    return dict(zip(found, loaded, strict=True))


def _copy_page(stage, runtimes):
    left_out = {Path(file).name for file in RUNTIMES.values()} - {
        Path(file).name for file in runtimes.values()
    }
    shutil.copytree(
        PAGE, stage, dirs_exist_ok=True, ignore=lambda _, found: left_out.intersection(found)
    )


def _copy_artifact(artifact, target):
    """The manifest, the float32 graphs and their weights, and the test data."""
    endpoints = artifact.endpoints
    files = [names.INPUTS, *map(names.graph, endpoints), *map(names.answers, endpoints)]
    weights = names.WEIGHTS[names.FLOAT32]
    files += [weights] if artifact.reader.lists(weights) else []
    for file in files:
        layout.copy(artifact, file, target / file)
    text = json.dumps(artifact.manifest, ensure_ascii=False)
    (target / names.MANIFEST).write_text(text, encoding="utf-8")


def _contents(named, runtimes):
    """explorer.json: what the page is told."""
    told = {
        "artifacts": [{"name": name, "address": f"artifacts/{name}/"} for name in named],
        "runtimes": runtimes,
        "tolerances": TOLERANCES,
    }
    return json.dumps(told, indent=2)


def _write_worker(stage):
    """States in the service worker what it keeps, and a digest of all that it may keep."""
    files = sorted(each for each in stage.rglob("*") if each.is_file() and each.name != _WORKER)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(stage).as_posix().encode() + b"\0" + file.read_bytes())
    kept = [file.relative_to(stage).as_posix() for file in files]
    kept = ["./", *(name for name in kept if name not in ("index.html", RUNTIMES["webgpu"]))]
    worker = stage / _WORKER
    text = worker.read_text(encoding="utf-8")
    stated = f"const FILES = {json.dumps(kept)};", f'const VERSION = "{digest.hexdigest()[:16]}";'
    for mark, statement in zip(_MARKS, stated, strict=True):
        text = text.replace(mark, statement)
    worker.write_text(text, encoding="utf-8")
