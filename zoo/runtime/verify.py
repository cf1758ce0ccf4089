"""Everything that can be checked of an artifact where it is used: what `zoo verify` does.

Manifest, then files, then each graph's interface, then its answers. Nothing stops at the first
finding, and nothing runs whose bytes are not those that were exported.
"""

import functools
import itertools
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from zoo.artifact import layout, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.endpoints import HALF, PROOF_BATCHES
from zoo.errors import ArtifactError, ExportError
from zoo.runtime import replay, schema
from zoo.runtime.sessions import Sessions

RUNTIMES = ("onnx", "saved_model")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Finding:
    """Something that differs: the file or endpoint, and what about it."""

    where: str
    what: str

    def __str__(self):
        return f"{self.where}: {self.what}"


@dataclass
class Audit:
    """What was checked and what was found; `ok` when nothing differs."""

    folder: Path
    manifest: dict = field(default_factory=dict)
    providers: dict = field(default_factory=dict)
    endpoints: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    findings: list = field(default_factory=list)

    @property
    def ok(self):
        return not self.findings

    @property
    def files(self):
        """How many files the manifest lists."""
        return len(_listed(self.manifest))

    def to_json(self):
        """Plain values; an error that is not a finite number is None."""
        return {
            "artifact": str(self.folder),
            "name": self.manifest.get("name"),
            "ok": self.ok,
            "runtimes": self.providers,
            "endpoints": self.endpoints,
            "files": self.files,
            "findings": [asdict(finding) for finding in self.findings],
            "rows": [{key: _plain(value) for key, value in asdict(r).items()} for r in self.rows],
        }

    def find(self, where, what):
        finding = Finding(where, what)
        if finding not in self.findings:  # several runtimes replay the same test data
            self.findings.append(finding)


def audit(path, runtimes=("onnx",), provider=None, open_saved_model=None):
    """An `Audit` of an artifact.

    Args:
        path: its folder or its name, as `zoo.load` takes it.
        runtimes: of `RUNTIMES`, what test_data is replayed in.
        provider: ONNX Runtime's execution provider; None is the CPU.
        open_saved_model: opens a SavedModel, as `zoo.export.signatures.Signatures` does; wanted
            for the runtime "saved_model", since this room knows no TensorFlow.

    Raises:
        ArtifactError: if there is no artifact. One that differs is no exception but a finding.
        InputError: if the provider is not available.
        MissingDependency: if the SavedModel is wanted and TensorFlow is not installed.
    """
    folder = search_path.find(path)
    result = Audit(folder)
    sessions = Sessions(folder / "onnx", provider)  # refuses a provider that is not there
    if not (folder / MANIFEST).is_file():
        manifests.parse(folder)  # raises: this is no artifact
    try:
        result.manifest = manifests.parse(folder)
    except ArtifactError as error:
        result.find(MANIFEST, str(error))
        return result
    changed = manifests.digest_problem(result.manifest)
    if changed:
        result.find(MANIFEST, changed)
    for problem in schema.problems(result.manifest):
        result.find(MANIFEST, problem)
    try:
        endpoints = manifests.endpoints(result.manifest)
    except ArtifactError:  # found above
        endpoints = {}
    spoilt = _check_files(result, endpoints)
    result.endpoints = list(endpoints)
    sound = {name: each for name, each in endpoints.items() if schema.sound(name, each)}
    if "onnx" in runtimes:
        _check_onnx(result, sound, spoilt, sessions)
    if "saved_model" in runtimes:
        _check_saved_model(result, sound, spoilt, open_saved_model)
    return result


def _check_files(result, endpoints):
    """Findings on every file; returns the names of those that are not as exported."""
    folder, listed = result.folder, _listed(result.manifest)
    spoilt = {}
    for name in listed:
        try:
            problem = manifests.file_problem(folder, result.manifest, name)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        if problem:
            spoilt[name] = problem
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    for name in sorted(present - set(listed) - {MANIFEST}):
        spoilt[name] = "is there, and manifest.json does not list it"
    for name, problem in sorted(spoilt.items()):
        result.find(name, problem)
    for name in listed:
        place, _, file = name.rpartition("/")
        shared = name in (*layout.WEIGHTS.values(), layout.INPUTS)
        owned = place in (layout.ONNX, layout.TEST_DATA) and not shared
        if owned and file.split(".")[0] not in endpoints:
            result.find(name, f"belongs to no endpoint that {MANIFEST} states")
    return set(spoilt)


def _check_onnx(result, endpoints, spoilt, sessions):
    variants = ((replay.ONNX, ""), (replay.ONNX_HALF, HALF))
    for (name, endpoint), (runtime, ending) in itertools.product(endpoints.items(), variants):
        variant = name + ending
        graph = f"onnx/{variant}.onnx"
        if ending and _left_out(result.manifest, name):
            continue
        weights = [each for each in layout.WEIGHTS.values() if each in _listed(result.manifest)]
        files = [graph, *weights, layout.INPUTS, layout.answers(name)]
        if not _usable(result, runtime, name, files, spoilt):
            continue
        try:
            result.providers["onnx"] = sessions.provider(variant)
            replay.require_same_interface(endpoint, *sessions.interface(variant))
        except (ArtifactError, ExportError) as error:
            result.find(graph, str(error))
            continue
        run = functools.partial(_run_variant, sessions, ending)
        _replay(result, runtime, run, endpoint)


def _left_out(manifest, endpoint):
    """Whether the manifest gives a reason why an endpoint has no float16 graph."""
    reasons = manifest.get("float16")
    return isinstance(reasons, dict) and isinstance(reasons.get(endpoint), str)


def _batches(manifest, endpoint):
    """How many rows at a time the endpoint was proven with."""
    proof = manifest.get("proof")
    stated = proof.get("batches") if isinstance(proof, dict) else None
    return tuple(stated.get(endpoint, ())) if isinstance(stated, dict) else ()


def _run_variant(sessions, ending, name, inputs):
    return sessions.run(name + ending, inputs)


def _check_saved_model(result, endpoints, spoilt, open_saved_model):
    folder = "saved_model/1"
    broken = sorted(name for name in spoilt if name.startswith("saved_model/"))
    if broken:
        result.find("saved_model", f"not replayed, because of {', '.join(broken)}")
        return
    try:
        signatures = open_saved_model(result.folder / folder)
    except ArtifactError as error:
        result.find(folder, str(error))
        return
    result.providers["saved_model"] = "TensorFlow"
    if signatures.names() != sorted(endpoints):
        result.find(
            folder, f"its signatures are {signatures.names()}, the endpoints {sorted(endpoints)}"
        )
    for name in [name for name in endpoints if name in signatures.names()]:
        if not _usable(result, "saved_model", name, [layout.INPUTS, layout.answers(name)], spoilt):
            continue
        endpoint = endpoints[name]
        contract = tuple(
            sorted((t.name, t.dtype, t.shape) for t in side)
            for side in (endpoint.inputs, endpoint.outputs)
        )
        if signatures.interface(name) != contract:
            found = signatures.interface(name)
            result.find(folder, f"{name}: its tensors are {found}, the contract wants {contract}")
            continue
        _replay(result, "saved_model", signatures.run, endpoint)


def _listed(manifest):
    """Names of the files that the manifest lists properly."""
    files = manifest.get("files")
    return [n for n in files if manifests.entry(manifest, n)] if isinstance(files, dict) else []


def _usable(result, runtime, endpoint, files, spoilt):
    """Whether an endpoint's files are those that were exported; a finding where not."""
    listed = _listed(result.manifest)
    reasons = [name for name in files if name in spoilt or name not in listed]
    if reasons:
        unlisted = [name for name in reasons if name not in listed]
        because = f"not replayed, because of {', '.join(reasons)}"
        because += f" (not listed in {MANIFEST}: {', '.join(unlisted)})" if unlisted else ""
        result.find(f"{runtime} {endpoint}", because)
    return not reasons


def _replay(result, runtime, run, endpoint):
    """Rows of one endpoint, and a finding for every output that differs."""

    def careful(name, inputs):
        try:
            return run(name, inputs)
        except Exception as error:  # neither runtime's exceptions share a base of their own
            raise ExportError(f"{runtime} {name} fails on its test data: {error}") from error

    try:
        rows = replay.replay(
            runtime,
            careful,
            endpoint,
            result.folder,
            _batches(result.manifest, endpoint.name) or PROOF_BATCHES,
        )
    except ArtifactError as error:
        result.find(layout.answers(endpoint.name), str(error))
        return
    except ExportError as error:
        result.find(f"{runtime} {endpoint.name}", str(error))
        return
    result.rows += rows
    for tensor in endpoint.outputs:
        mine = [row for row in rows if row.output == tensor.name]
        bad = [row for row in mine if not row.ok]
        if bad:
            batches = ", ".join(str(row.batch) for row in bad)
            result.find(
                f"{runtime} {endpoint.name}.{tensor.name}",
                f"differs from the trained model's answers at batch {batches}: max abs "
                f"{max(row.max_abs for row in bad):.1e}, max rel "
                f"{max(row.max_rel for row in bad):.1e}, tolerance {bad[0].tolerance}",
            )


def _plain(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value
