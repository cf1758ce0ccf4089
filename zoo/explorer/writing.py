"""Writes an explorer: the built page, and of each artifact what the page reads."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from zoo import runtime
from zoo.artifact import checksums
from zoo.artifact import layout as names
from zoo.artifact.endpoints import TOLERANCES
from zoo.deploy import layout
from zoo.errors import ArtifactError, InputError, MissingDependency

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

_NEEDED = {"encode", "decode", "reconstruct"}  # endpoints that the page always asks

_WORKER = "service-worker.js"
_REMOVED = "removed-worker.js"  # takes the worker's place where nothing is to be kept
_MARKS = "const FILES = [];", 'const VERSION = "";'


def is_built():
    """Whether the page is there: it is in a release's wheel, in a clone once it was built."""
    return (PAGE / "index.html").is_file()


def write(artifacts, out, offline=True, docs=None):
    """Writes a folder that any static host serves: the page, and artifacts whose graphs it runs.

    It works from any address, and asks no other host.

    Args:
        artifacts: an artifact's folder, its name, or what `zoo.load` made of it, or a list of
            them; the page offers a choice of several, the first at first. Or {name: artifact}, by
            which the page is to know them in place of their own names.
        out: the folder to write; must not exist.
        offline: whether browsers keep the page, so that it works offline once it was loaded (over
            https or from this machine, as they want it). Else a page that they kept of another
            explorer at the same address is forgotten.
        docs: an address that the page links to, where it is said what else is there.

    Returns:
        The artifacts' names, by which the page knows them (`?model=NAME`).

    Raises:
        InputError: if `out` exists, none is given, or two have one name.
        ArtifactError: if one is missing, incomplete, changed, or not to be shown (`lacks`).
        ExportError: if `out` cannot be written.
        MissingDependency: if the page was not built.
    """
    _require_built()
    layout.require_free(out)
    named = _named(artifacts)
    with layout.written_whole(out) as stage:
        drawn = any(artifact.schema.tokenizer == "smiles" for artifact in named.values())
        runtimes = {name: file for name, file in RUNTIMES.items() if drawn or name != "rdkit"}
        _copy_page(stage, runtimes)
        addresses = {name: _copy_artifact(name, each, stage) for name, each in named.items()}
        told = {
            "artifacts": [{"name": name, "address": each} for name, each in addresses.items()],
            "runtimes": runtimes,
            "tolerances": TOLERANCES,
            "offline": offline,
            "docs": docs,
        }
        (stage / "explorer.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
        if offline:
            (stage / _REMOVED).unlink()
            _write_worker(stage)
        else:
            (stage / _REMOVED).replace(stage / _WORKER)
    return list(named)


def lacks(artifact):
    """What a loaded artifact has not, and the page asks for: endpoints and files; [] of most."""
    missing = sorted(_NEEDED - set(artifact.manifest["endpoints"]))
    return missing + [file for file in _files(artifact) if not artifact.reader.lists(file)]


def _require_built():
    if not is_built():
        raise MissingDependency(
            "The explorer's page is not built in this clone (a release's wheel holds it). With "
            f"Node.js 20 or newer: make page, or cd {PAGE.parent / 'web'} && {BUILD}"
        )


def _named(artifacts):
    """{name: loaded artifact}."""
    if isinstance(artifacts, Mapping):
        given = {name: _loaded(each) for name, each in artifacts.items()}
        given = [(layout.served_name(each, name), each) for name, each in given.items()]
    else:
        alone = isinstance(artifacts, (str, os.PathLike, runtime.Artifact))
        loaded = [_loaded(each) for each in ([artifacts] if alone else artifacts)]
        given = [(layout.served_name(each), each) for each in loaded]
    if not given:
        raise InputError("No artifact was given: give a folder that a recipe wrote, or its name.")
    found = [name for name, _ in given]
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Two artifacts have the name {twice!r}: a page shows one of them.")
    for _, artifact in given:
        if missing := lacks(artifact):
            raise ArtifactError(
                f"{artifact.folder} has no {', '.join(missing)}, which the page asks for: give an "
                "artifact that a recipe or zoo.publish wrote."
            )
    return dict(given)


def _loaded(artifact):
    return artifact if isinstance(artifact, runtime.Artifact) else runtime.load(artifact)


def _copy_page(stage, runtimes):
    left_out = {Path(file).name for file in RUNTIMES.values()} - {
        Path(file).name for file in runtimes.values()
    }
    shutil.copytree(
        PAGE,
        stage,
        dirs_exist_ok=True,
        ignore=lambda _, found: left_out.intersection(found),
        copy_function=shutil.copyfile,  # and no times: older ones would be "not modified"
    )


def _copy_artifact(name, artifact, stage):
    """Copies what the page reads of an artifact; gives its address.

    The address is of one version alone: what a browser has kept of another is none of its files.
    """
    text = json.dumps(artifact.manifest, ensure_ascii=False).encode("utf-8")
    address = f"artifacts/{name}/{hashlib.sha256(text).hexdigest()[:12]}/"
    for file in _files(artifact):
        layout.copy(artifact, file, stage / address / file)
    (stage / address / names.MANIFEST).write_bytes(text)
    return address


def _files(artifact):
    """The float32 graphs and their weights, and the test data."""
    endpoints = artifact.manifest["endpoints"]
    files = [names.INPUTS, *map(names.graph, endpoints), *map(names.answers, endpoints)]
    weights = names.WEIGHTS[names.FLOAT32]
    return [*files, weights] if artifact.reader.lists(weights) else files


def _write_worker(stage):
    """States in the service worker what it keeps, and a digest of all that it may keep."""
    files = sorted(each for each in stage.rglob("*") if each.is_file() and each.name != _WORKER)
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(stage).as_posix()
        digest.update(f"{name}\0{checksums.of_file(file)}\n".encode())
    kept = [file.relative_to(stage).as_posix() for file in files]
    kept = ["./", *(name for name in kept if name not in ("index.html", RUNTIMES["webgpu"]))]
    worker = stage / _WORKER
    text = worker.read_text(encoding="utf-8")
    stated = f"const FILES = {json.dumps(kept)};", f'const VERSION = "{digest.hexdigest()[:16]}";'
    for mark, statement in zip(_MARKS, stated, strict=True):
        text = text.replace(mark, statement)
    worker.write_text(text, encoding="utf-8")
