"""What is served: artifacts by name, a model for each endpoint, and newer versions of them.

A model is named as `zoo deploy triton` names it, `<artifact>-<endpoint>`, so that one client asks
this server, Triton and KServe alike. Versions count the folders that were picked up, from "1" on;
the newest is served.
"""

import functools
import math
import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo import runtime
from zoo.artifact import checksums, layout, search_path
from zoo.artifact.endpoints import Endpoint, Tensor
from zoo.artifact.schema import Schema
from zoo.artifact.search_path import StrPath
from zoo.artifact.tokens import MODE, TOKENS
from zoo.errors import ArtifactError, InputError
from zoo.runtime import inputs
from zoo.runtime.calls import Call
from zoo.runtime.labels import LABEL
from zoo.runtime.sessions import Providers
from zoo.serve.refused import Refused, short

AGAIN = 60.0
"""Seconds after which a folder that could not be loaded is looked at again."""

STRINGS = "strings"
"""The output that spells an answer's tokens; given where it is asked for by name."""

DATATYPES = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}
"""The protocol's names of the dtypes that the contract has."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")  # as zoo.deploy has it


class Pace:
    """Seconds that a row of some work took lately; None before the first."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def expected(self, rows: int) -> float | None:
        """Seconds of work of so many rows; None where nothing is known yet."""
        return None if self._seconds is None else self._seconds * rows

    def took(self, seconds: float, rows: int) -> None:
        """Learns what work of so many rows took."""
        a_row = seconds / max(1, rows)
        self._seconds = a_row if self._seconds is None else 0.8 * self._seconds + 0.2 * a_row


@dataclass(frozen=True)
class Model:
    """One endpoint of one version of an artifact.

    Args:
        name: by which it is served.
        artifact_name: by which its artifact is served.
        version: "1" of the first folder that was picked up, and so on.
        call: what answers.
        schema: of an example.
    """

    name: str
    artifact_name: str
    version: str
    call: Call
    schema: Schema
    paces: Mapping[bool, Pace] = field(default_factory=lambda: {False: Pace(), True: Pace()})
    """Of answers as JSON (False) and as bytes (True)."""
    plans: dict[bytes, Any] = field(default_factory=dict, repr=False, compare=False)
    heads: dict[Any, bytes] = field(default_factory=dict, repr=False, compare=False)
    """What `zoo.serve.tensors` remembers of requests and of answers: texts of JSON."""

    @functools.cached_property
    def path(self) -> str:
        """Where it is asked by tensors."""
        return f"/v2/models/{self.name}/infer"

    @property
    def endpoint(self) -> Endpoint:
        """Its inputs and outputs."""
        return self.call.endpoint

    @functools.cached_property
    def answer_bytes(self) -> int:
        """Of a row's outputs, as tensors."""
        return sum(
            np.dtype(t.dtype).itemsize * math.prod(inputs.sizes(t)) for t in self.endpoint.outputs
        )

    @property
    def spells(self) -> bool:
        """Whether its answers are strings, too."""
        names = {tensor.name for tensor in self.endpoint.outputs}
        return self.schema.vocabulary is not None and bool(names & {TOKENS, MODE})

    def takes_text(self, tensor: Tensor) -> bool:
        """Whether an input may be text: strings, or names of classes."""
        if tensor.name == TOKENS:
            return self.schema.vocabulary is not None
        return tensor.name == LABEL and bool(self.schema.classes)

    def metadata(self) -> dict[str, Any]:
        """As the protocol describes a model."""
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": "onnxruntime_onnx",
            "inputs": [_described(each) for each in self.endpoint.inputs],
            "outputs": [_described(each) for each in self.endpoint.outputs],
        }


@dataclass(frozen=True)
class Served:
    """One version of an artifact, loaded, every graph of it opened.

    Args:
        name: by which it is served.
        folder: where it lies, or lay when it was loaded.
        version: "1", "2" ...
        digest: sha256 of its manifest.
        models: {endpoint: Model}.
        artifact: what was loaded.
    """

    name: str
    folder: Path
    version: str
    digest: str
    models: Mapping[str, Model]
    artifact: runtime.Artifact

    @property
    def title(self) -> str:
        """The manifest's name of it."""
        return str(self.artifact.manifest.get("name"))


class Shelf:
    """The artifacts that are served. What is looked up is one whole version; swaps are atomic.

    Args:
        artifacts: folders or names, as `zoo.load` takes them; "mine=exports/conv_vae-mnist" serves
            it by another name.
        providers: of ONNX Runtime, see `zoo.load`.
        threads: of one operator, see `zoo.load`.

    Raises:
        InputError: for none, two of one name, a name that no URL has, or an absent provider.
        ArtifactError: for one that is missing, incomplete or changed.
    """

    def __init__(
        self, artifacts: Sequence[StrPath], providers: Providers = None, threads: int | None = None
    ) -> None:
        if not artifacts:
            raise InputError("No artifact was given. Give one at least: a folder or a name.")
        self._providers, self._threads = providers, threads
        self._lock = threading.Lock()
        self._served: dict[str, Served] = {}
        self._seen: dict[str, tuple[int, ...]] = {}
        self._refused: dict[str, tuple[str, float]] = {}  # why, and when to look again
        self._models: dict[str, Model] = {}
        for each in artifacts:
            name, path = _named(each)
            folder = search_path.find(path)
            seen = _identity(folder)
            served = self._load(name, folder, "1")
            if served.name in self._served:
                raise InputError(
                    f"Two artifacts would be served as {served.name!r}. Give one another name: "
                    f"another={path}."
                )
            self._seen[served.name] = seen
            self._put(served)

    @property
    def served(self) -> Mapping[str, Served]:
        """{name: what is served by it now}."""
        return self._served

    @property
    def models(self) -> Mapping[str, Model]:
        """{name: Model}, of all artifacts."""
        return self._models

    def model(self, name: str, version: str | None = None) -> Model:
        """A model by its name.

        Raises:
            Refused: with 404, where there is none of this name or version.
        """
        found = self._models.get(name)
        if found is None:
            raise Refused(
                404, f"There is no model {short(name)}. GET /v2/models lists those there are."
            )
        if version is not None and version != found.version:
            raise Refused(
                404,
                f"The model {name!r} has no version {short(version)}: {found.version!r} is served. "
                "Leave the version out to ask the newest.",
            )
        return found

    def endpoint(self, artifact: str, endpoint: str) -> Model:
        """An endpoint of an artifact.

        Raises:
            Refused: with 404, where there is none of this name.
        """
        found = self.artifact(artifact).models
        if endpoint not in found:
            raise Refused(
                404, f"{artifact} has no endpoint {short(endpoint)}; it has {', '.join(found)}."
            )
        return found[endpoint]

    def artifact(self, name: str) -> Served:
        """An artifact by the name it is served by.

        Raises:
            Refused: with 404, where there is none of this name.
        """
        found = self._served.get(name)
        if found is None:
            raise Refused(
                404,
                f"There is no artifact {short(name)}; there are {', '.join(self._served):.400}.",
            )
        return found

    def look_again(self) -> list[tuple[str, str]]:
        """Loads what lies in the place of a served artifact now, and serves it once it is whole.

        Returns:
            [(name, what happened, a sentence)] of artifacts whose folders changed. One that cannot
            be loaded is looked at again when it changes again, and every minute, for some causes
            pass: files come after their manifest, or too many were open. It is told once; the
            version before stays.
        """
        happened = []
        with self._lock:
            for name, old in list(self._served.items()):
                seen = _identity(old.folder)
                why, again = self._refused.get(name, ("", math.inf))
                if (seen == self._seen[name] and time.monotonic() < again) or not seen:
                    continue  # between two renamings there is none
                fresh, self._seen[name] = seen != self._seen[name], seen
                try:
                    new = self._load(name, old.folder, str(int(old.version) + 1))
                except (ArtifactError, InputError) as error:
                    if fresh or str(error) != why:
                        said = f"not picked up, version {old.version} stays: {error}"
                        happened.append((name, said))
                    self._refused[name] = str(error), time.monotonic() + AGAIN
                else:
                    self._refused.pop(name, None)
                    if new.digest != old.digest:
                        self._put(new)
                        happened.append((name, f"version {new.version} is served"))
        return happened

    def _load(self, name: str | None, folder: Path, version: str) -> Served:
        """An artifact whose bytes were checked, and each of whose graphs has been opened."""
        artifact = runtime.load(folder, self._providers, self._threads)
        stated = artifact.manifest.get("name")
        name = stated if name is None else name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError(
                f"{short(name)} cannot be a served artifact's name: wanted are letters, digits, "
                f"'_', '-' and '.'. Give another: another={folder}."
            )
        models = {}
        for key in artifact.endpoints:
            if not _NAME.fullmatch(key):
                raise ArtifactError(f"{folder}: {key!r:.80} cannot be an endpoint's name.")
            call: Call = getattr(artifact, key)
            nothing = {t.name: _nothing(t) for t in call.endpoint.inputs}
            call(**nothing)  # opens the graph, and compares it with the manifest
            models[key] = Model(f"{name}-{key}", name, version, call, artifact.schema)
        digest = str(artifact.manifest.get(checksums.MANIFEST_KEY))
        return Served(name, folder, version, digest, models, artifact)

    def _put(self, served: Served) -> None:
        """Serves a version in the place of the one before: what is looked up is either."""
        every = self._served | {served.name: served}
        models = {model.name: model for each in every.values() for model in each.models.values()}
        if len(models) < sum(len(each.models) for each in every.values()):
            raise InputError(
                f"Endpoints of {served.name!r} and of another artifact would have one name. Give "
                f"it another: another={served.folder}."
            )
        self._models = models
        self._served = every


def shape_outside(tensor: Tensor) -> list[int | str]:
    """A tensor's shape as clients send and get it: [batch, 1] where the contract says [batch].

    Triton knows no shape without an axis besides the batch's, and clients are the same.
    """
    return list(tensor.shape) if len(tensor.shape) > 1 else [*tensor.shape, 1]


def _described(tensor: Tensor) -> dict[str, Any]:
    shape = [size if isinstance(size, int) else -1 for size in shape_outside(tensor)]
    return {"name": tensor.name, "datatype": DATATYPES[tensor.dtype], "shape": shape}


def _nothing(tensor: Tensor) -> Any:
    return np.empty((0, *inputs.sizes(tensor)), tensor.dtype)


def _named(given: StrPath) -> tuple[str | None, StrPath]:
    """(name to serve it by, or None; path) of what was given."""
    if isinstance(given, str) and not os.path.isdir(given):
        name, equals, path = given.partition("=")
        if equals and _NAME.fullmatch(name):
            return name, path
    return None, given


def _identity(folder: Path) -> tuple[int, ...]:
    """What tells a manifest from another in its place; () where there is none."""
    try:
        found = os.stat(folder / layout.MANIFEST)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
