"""Everything that can be checked of an artifact where it is used: what `zoo verify` does.

Manifest, then files, then each graph's interface, then its answers. Nothing stops at the first
finding, and nothing runs whose bytes are not those that were exported: a file is hashed again as it
is opened, and TensorFlow, which opens files by itself, is given copies that were hashed as they
were made, in a folder that holds nothing else.
"""

import functools
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from zoo.artifact import layout, manifest_rules, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.endpoints import HALF, ONNX, ONNX_HALF, Endpoint
from zoo.artifact.reading import Reader, listed
from zoo.artifact.search_path import StrPath
from zoo.errors import ArtifactError, ExportError
from zoo.runtime import folder_files, replay, test_data
from zoo.runtime.findings import Audit
from zoo.runtime.sessions import Array, Interface, Sessions

RUNTIMES = ("onnx", "saved_model")
MANIFEST = layout.MANIFEST


class OpenedSavedModel(Protocol):
    """What `zoo.export.signatures.Signatures` is."""

    def names(self) -> list[str]:
        """The signatures' names."""

    def run(self, name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """{input: array} -> {output: array}."""

    def interface(self, name: str) -> tuple[Interface, Interface]:
        """(inputs, outputs), each [(name, dtype, shape)], sorted by name."""


def audit(
    path: StrPath,
    runtimes: Iterable[str] = ("onnx",),
    provider: str | None = None,
    open_saved_model: Callable[[Path], OpenedSavedModel] | None = None,
) -> Audit:
    """An `Audit` of an artifact.

    Args:
        path: its folder or its name, as `zoo.load` takes it.
        runtimes: of `RUNTIMES`, what test_data is replayed in.
        provider: ONNX Runtime's execution provider; None is the CPU.
        open_saved_model: opens a SavedModel, as `zoo.export.signatures.Signatures` does; wanted
            for the runtime "saved_model", since this room knows no TensorFlow.

    Raises:
        ArtifactError: if there is no artifact, or one of another schema version. One that differs
            is no exception but a finding.
        InputError: if the provider is not available.
        MissingDependency: if the SavedModel is wanted and TensorFlow is not installed.
    """
    folder = search_path.find(path)
    result = Audit(folder)
    Sessions(Reader(folder), provider)  # refuses a provider that is not there
    if not os.path.lexists(folder / MANIFEST):
        manifests.parse(folder)  # raises: this is no artifact
    try:
        result.manifest = manifests.parse(folder)
    except ArtifactError as error:
        result.find(MANIFEST, str(error))
        return result
    changed = manifests.digest_problem(result.manifest)
    if changed:
        result.find(MANIFEST, changed)
    for problem in manifest_rules.problems(result.manifest):
        result.find(MANIFEST, problem)
    try:
        endpoints = manifests.endpoints(result.manifest)
    except ArtifactError:  # found above
        endpoints = {}
    reader = Reader(folder, result.manifest)
    spoilt = folder_files.check(result, reader, endpoints)
    result.endpoints = list(endpoints)
    sound = {k: each for k, each in endpoints.items() if not manifest_rules.malformed(k, each)}
    if "onnx" in runtimes:
        _check_onnx(result, reader, sound, spoilt, provider)
    if "saved_model" in runtimes and open_saved_model is not None:
        _check_saved_model(result, reader, sound, spoilt, open_saved_model)
    return result


def _check_onnx(
    result: Audit,
    reader: Reader,
    endpoints: Mapping[str, Endpoint],
    spoilt: set[str],
    provider: str | None,
) -> None:
    variants = ((ONNX, ""), (ONNX_HALF, HALF))
    sessions = Sessions(reader, provider)
    usable = []
    for (name, endpoint), (runtime, ending) in itertools.product(endpoints.items(), variants):
        if ending and manifest_rules.left_out(result.manifest, name):
            continue
        weights = [each for each in layout.WEIGHTS.values() if reader.lists(each)]
        needed = [layout.graph(name + ending), *weights, layout.INPUTS, layout.answers(name)]
        if _usable(result, reader, runtime, name, needed, spoilt):
            usable.append((runtime, ending, endpoint))
    try:
        sessions.read(endpoint.name + ending for _, ending, endpoint in usable)
    except ArtifactError as error:  # changed since it was looked at
        result.find(layout.ONNX, str(error))
        return
    for runtime, ending, endpoint in usable:
        variant = endpoint.name + ending
        try:
            result.providers["onnx"] = sessions.provider(variant)
            replay.require_same_interface(endpoint, *sessions.interface(variant))
        except (ArtifactError, ExportError) as error:
            result.find(layout.graph(variant), str(error))
            continue
        _replay(result, reader, runtime, functools.partial(_variant, sessions, ending), endpoint)


def _variant(
    sessions: Sessions, ending: str, name: str, inputs: Mapping[str, Array]
) -> dict[str, Array]:
    return sessions.run(name + ending, inputs)


def _check_saved_model(
    result: Audit,
    reader: Reader,
    endpoints: Mapping[str, Endpoint],
    spoilt: set[str],
    open_saved_model: Callable[[Path], OpenedSavedModel],
) -> None:
    root = layout.SAVED_MODEL
    names = [name for name in listed(result.manifest) if name.startswith(f"{root}/")]
    broken = sorted(name for name in spoilt if name.partition("/")[0] == root.partition("/")[0])
    if broken:
        result.find("saved_model", f"not replayed, because of {', '.join(broken)}")
        return
    if f"{root}/saved_model.pb" not in names:
        result.find(root, f"{MANIFEST} lists no saved_model.pb")
        return
    try:
        with tempfile.TemporaryDirectory(prefix="zoo-verify-") as copies:
            try:
                for name in names:
                    reader.copy(name, Path(copies, name))
                signatures = open_saved_model(Path(copies, root))
            except ArtifactError as error:
                result.find(root, str(error).replace(f"{copies}{os.sep}", ""))
                return
            _replay_signatures(result, reader, endpoints, spoilt, signatures)
    except OSError as error:
        raise ArtifactError(
            f"The SavedModel is replayed from a copy, which could not be written to "
            f"{tempfile.gettempdir()} ({error.strerror or error}). Free space there, or set TMPDIR "
            "to another folder."
        ) from error


def _replay_signatures(
    result: Audit,
    reader: Reader,
    endpoints: Mapping[str, Endpoint],
    spoilt: set[str],
    signatures: OpenedSavedModel,
) -> None:
    result.providers["saved_model"] = "TensorFlow"
    if signatures.names() != sorted(endpoints):
        result.find(
            layout.SAVED_MODEL,
            f"its signatures are {signatures.names()}, the endpoints {sorted(endpoints)}",
        )
    for name in [name for name in endpoints if name in signatures.names()]:
        needed = [layout.INPUTS, layout.answers(name)]
        if not _usable(result, reader, "saved_model", name, needed, spoilt):
            continue
        endpoint = endpoints[name]
        inputs, outputs = (
            sorted((t.name, t.dtype, t.shape) for t in side)
            for side in (endpoint.inputs, endpoint.outputs)
        )
        found = signatures.interface(name)
        if found != (inputs, outputs):
            contract = (inputs, outputs)
            result.find(
                layout.SAVED_MODEL,
                f"{name}: its tensors are {found}, the contract wants {contract}",
            )
            continue
        _replay(result, reader, "saved_model", signatures.run, endpoint)


def _usable(
    result: Audit,
    reader: Reader,
    runtime: str,
    endpoint: str,
    files: Iterable[str],
    spoilt: set[str],
) -> bool:
    """Whether an endpoint's files are those that were exported; a finding where not."""
    reasons = [name for name in files if name in spoilt or not reader.lists(name)]
    if reasons:
        unlisted = [name for name in reasons if not reader.lists(name)]
        because = f"not replayed, because of {', '.join(reasons)}"
        because += f" (not listed in {MANIFEST}: {', '.join(unlisted)})" if unlisted else ""
        result.find(f"{runtime} {endpoint}", because)
    return not reasons


def _replay(
    result: Audit, reader: Reader, runtime: str, run: replay.Run, endpoint: Endpoint
) -> None:
    """Rows of one endpoint, and a finding for every output that differs."""

    def careful(name: str, inputs: dict[str, Array]) -> replay.Arrays:
        try:
            return run(name, inputs)
        except Exception as error:  # neither runtime's exceptions share a base of their own
            raise ExportError(f"{runtime} {name} fails on its test data: {error}") from error

    batches = manifest_rules.batches(result.manifest, endpoint.name)
    try:
        given, wanted = test_data.read(reader, endpoint)
    except ArtifactError as error:
        result.find(layout.answers(endpoint.name), str(error))
        return
    count = len(next(iter(given.values())))
    if count != manifest_rules.rows(result.manifest):
        result.find(
            layout.answers(endpoint.name),
            f"it has {count} rows, the proof was made of {manifest_rules.rows(result.manifest)}",
        )
    try:
        rows = replay.compare(runtime, careful, endpoint, given, wanted, batches)
    except ExportError as error:
        result.find(f"{runtime} {endpoint.name}", str(error))
        return
    result.rows += rows
    for tensor in endpoint.outputs:
        bad = [row for row in rows if row.output == tensor.name and not row.ok]
        if bad:
            batches_of = ", ".join(str(row.batch) for row in bad)
            result.find(
                f"{runtime} {endpoint.name}.{tensor.name}",
                f"differs from the trained model's answers at batch {batches_of}: max abs "
                f"{max(row.max_abs for row in bad):.1e}, max rel "
                f"{max(row.max_rel for row in bad):.1e}, tolerance {bad[0].tolerance}",
            )
