"""`load`: an artifact folder in, an object with its endpoints out."""

import importlib
import os
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime

from zoo.artifact import layout, manifest_rules, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.endpoints import HALF, Endpoint
from zoo.artifact.reading import Reader, listed
from zoo.artifact.search_path import StrPath
from zoo.errors import ArtifactError, InputError
from zoo.runtime.calls import Call, rows_within
from zoo.runtime.inputs import as_real, is_masked, require_finite
from zoo.runtime.sessions import Providers, Sessions, require_count
from zoo.runtime.windows import Windows, windows

ENDINGS = {layout.FLOAT32: "", layout.FLOAT16: HALF}
"""What follows an endpoint's name in its graph's, by the precision that it computes in."""

BATCH_BYTES = 2**21
"""Of inputs and answers that go through a graph at a time, 2 MiB: 334 rows of MNIST, 5 of
128x128x3. The memory of a call is then bounded, and more rows at once are not faster
(docs/artifact.md, "Large batches")."""

BatchLimit = int | None | Literal["auto"]

_TRIES = 8  # to read one artifact and not two, while it is replaced
_PAUSE = 0.02  # seconds


def load(
    path: StrPath,
    providers: Providers = None,
    threads: int | None = None,
    precision: str = layout.FLOAT32,
    batch_limit: BatchLimit = "auto",
) -> "Artifact":
    """Loads an artifact for ONNX Runtime; needs numpy and onnxruntime only.

    The result has a method for each endpoint of the manifest, and no other::

        vae = zoo.load("exports/conv_vae-digits")
        images = vae.decode(z).x_mean

    A `label` is a number, or the name of its class where `schema.classes` has names; one name is
    for all rows, a list of names has one a row::

        images = vae.generate([1, 2], label="cat").x_mean  # of a model conditional on labels
        images = vae.generate([1, 2], label=["cat", "dog"]).x_mean

    Where the schema is a table, rows are given by the names and words of its columns, as a dict or
    a frame, and answers that hold rows give them so::

        nats = vae.score({"age": [41, 17], "city": ["Oslo", "Bergen"]}).elbo
        rows = vae.generate([1, 2]).table

    With `to_device` and each method's `on_device`, tensors stay on the provider's device::

        z = vae.generate.on_device(seeds).z
        images = vae.decode.on_device(z).x_mean.numpy()

    Everything is read here, and checked as it is read: what happens to the folder afterwards, or to
    the working directory, changes no answer. While the folder is replaced by another, either is
    loaded, never a mixture.

    Args:
        path: the artifact's folder, or its name, looked for in the folders of the environment
            variable VAE_ZOO_EXPORTS (separated as in PATH), in ./exports, and in the clone's
            exports where this package runs from a clone.
        providers: ONNX Runtime execution providers, each a name or (name, options); one that is
            not available is an error, never a silent CPU. None runs on the CPU. CUDA computes
            without TF32, to the contract's tolerance, unless its options say otherwise.
        threads: threads of one operator; None leaves it to ONNX Runtime.
        precision: "float32", or "float16" for the graphs of half precision: inputs and outputs are
            float32 all the same, and an endpoint that has no such graph is not offered.
        batch_limit: rows that go through a graph at a time; a larger batch is split, and its answer
            put together. "auto" takes as many as `BATCH_BYTES` hold, None sends every batch whole.

    Raises:
        ArtifactError: if it is missing, incomplete, changed, or of another schema version than this
            package reads.
        InputError: if a provider is not available, the artifact has no graph of the precision, or
            an argument cannot be.
    """
    folder = search_path.find(path)
    for left in reversed(range(_TRIES)):
        before = _identity(folder)
        try:
            manifest = manifests.read(folder)
            artifact = Artifact(folder, manifest, providers, threads, precision, batch_limit)
            if not (artifact._spoilt and left and _replaced(folder, before)):
                return artifact
        except ArtifactError:
            if not (left and _replaced(folder, before)):
                raise
    raise AssertionError("the last try returns or raises")


def _replaced(folder: Path, before: tuple[int, ...]) -> bool:
    """Whether another folder took the place of the one that was read."""
    if not os.path.lexists(folder / layout.MANIFEST):  # between two renamings there is none
        time.sleep(_PAUSE)
    return _identity(folder) != before


def _identity(folder: Path) -> tuple[int, ...]:
    """What tells a folder from another that lies in its place; () where there is none."""
    try:
        found = os.stat(folder)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_ctime_ns


class Artifact:
    """An artifact's endpoints as methods: arrays in, a named tuple of arrays out. Thread-safe."""

    def __init__(
        self,
        folder: StrPath,
        manifest: dict[str, Any],
        providers: Providers = None,
        threads: int | None = None,
        precision: str = layout.FLOAT32,
        batch_limit: BatchLimit = "auto",
    ) -> None:
        self.folder = Path(folder)
        self.manifest = manifest
        self.precision = precision
        self.batch_limit = batch_limit if batch_limit == "auto" else _count(batch_limit)
        self.schema = manifests.schema(manifest)
        self.endpoints = _of_precision(self.folder, manifest, precision)
        self.reader = Reader(self.folder, manifest)
        self._sessions = Sessions(self.reader, providers, threads)
        for name in self.endpoints:
            path = self.folder / layout.graph(name, precision)
            if not os.path.lexists(path):
                raise ArtifactError(f"{path} is missing. Fetch the artifact anew.")
        self._spoilt = self._sessions.read(map(self._graph, self.endpoints))

    def to_device(self, array: Any) -> onnxruntime.OrtValue:
        """A copy of an array on the provider's device, to call several endpoints' `on_device` with.

        Floating-point numbers of any width are copied as float32; whole numbers as they are, since
        they may be meant for inputs of several dtypes.

        Raises:
            InputError: if no endpoint takes its dtype, or a number in it is infinite, or NaN where
                no endpoint takes what is missing.
        """
        if is_masked(array):
            raise InputError("to_device: given a masked array. Fill it with .filled(value).")
        array = np.ascontiguousarray(array)
        taken = [tensor for each in self.endpoints.values() for tensor in each.inputs]
        dtypes = sorted({tensor.dtype for tensor in taken})
        if array.dtype.kind == "f" and "float32" in dtypes:
            array = as_real("to_device", "float32", array)
        if array.dtype not in dtypes:
            raise InputError(
                f"to_device: given {array.dtype}, wanted {' or '.join(dtypes)}. Convert it with "
                ".astype."
            )
        missing = array.dtype.kind == "f" and any(tensor.missing for tensor in taken)
        require_finite("to_device", np.where(np.isnan(array), 0.0, array) if missing else array)
        return self._sessions.to_device(array)

    def windows(self, series: Any, stride: int | None = None) -> Windows:
        """The windows of one long series, as `zoo.runtime.windows.windows` cuts it::

        long = vae.windows(series, stride=16)  # [steps, features]
        nats = vae.score(long.x).elbo  # of the windows that begin at long.starts
        surprise = -long.by_step(nats)  # of each step
        """
        return windows(series, self.schema, stride)

    def explore(self, height: int = 720) -> Any:
        """The explorer of this artifact: in a notebook a frame, at a prompt its address::

        vae.explore()  # a page on which one walks through the latent space

        It is served to this machine alone, until the process ends; its graphs run in the browser.

        Args:
            height: of the frame, in pixels.

        Raises:
            MissingDependency: if the page was not built, as in a clone without Node.js.
        """
        # An upper room, which only this method needs: it is loaded when it is called.
        return importlib.import_module("zoo.explorer").show(self, height)

    def provider(self, name: str) -> str:
        """The execution provider that runs an endpoint; what it cannot run, the CPU does."""
        return self._sessions.provider(self._graph(name))

    def __getattr__(self, name: str) -> Call:
        endpoints = self.__dict__.get("endpoints", {})
        if name in endpoints:
            call = self._call(endpoints[name])
            self.__dict__[name] = call
            return call
        kind = "" if self.__dict__.get("precision") == layout.FLOAT32 else "float16 "
        raise AttributeError(
            f"{self.__dict__.get('folder')} has no {kind}endpoint {name!r}; it has "
            f"{', '.join(endpoints)}."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.endpoints]

    def __repr__(self) -> str:
        return f"<zoo artifact {self.manifest.get('name')}: {', '.join(self.endpoints)}>"

    def _call(self, endpoint: Endpoint) -> Call:
        limit = self.batch_limit
        rows = rows_within(endpoint, BATCH_BYTES) if limit == "auto" else limit
        return Call(endpoint, self._sessions, rows, self.schema, self._graph(endpoint.name))

    def _graph(self, name: str) -> str:
        return name + ENDINGS[self.precision]


def _count(batch_limit: Any) -> int | None:
    try:
        return require_count("batch_limit", batch_limit)
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')}, or 'auto'.") from None


def _of_precision(folder: Path, manifest: dict[str, Any], precision: str) -> dict[str, Endpoint]:
    """{name: Endpoint} of those that have a graph of this precision."""
    if precision not in list(ENDINGS):
        raise InputError(f"precision: given {precision!r}, wanted one of {', '.join(ENDINGS)}.")
    endpoints = manifests.endpoints(manifest)
    for name, endpoint in endpoints.items():
        problem = manifest_rules.malformed(name, endpoint)
        if problem:
            raise ArtifactError(f"{folder / layout.MANIFEST}: {problem}. Fetch the artifact anew.")
    if precision == layout.FLOAT32:  # whose absence is an error
        return endpoints
    graphs = sorted(name for name in listed(manifest) if name.endswith(".onnx"))
    found = {k: v for k, v in endpoints.items() if layout.graph(k, precision) in graphs}
    if not found:
        raise InputError(
            f"{folder} has no {precision} graph; it has {', '.join(graphs) or 'none at all'}. "
            "Load it with precision='float32'."
        )
    return found
