"""`load`: an artifact folder in, an object with its endpoints out."""

from pathlib import Path

import numpy as np

from zoo.artifact import layout, search_path
from zoo.artifact import manifest as manifests
from zoo.artifact.layout import GRAPHS
from zoo.errors import ArtifactError, InputError
from zoo.runtime.calls import Call, require_finite
from zoo.runtime.sessions import Sessions, require_count

BATCH_LIMIT = 256
"""Rows at a time: the memory of a call is then bounded, and more rows at once are not faster
(docs/artifact.md, "Large batches")."""


def load(path, providers=None, threads=None, precision="float32", batch_limit=BATCH_LIMIT):
    """Loads an artifact for ONNX Runtime; needs numpy and onnxruntime only.

    The result has a method for each endpoint of the manifest, and no other::

        vae = zoo.load("exports/conv_vae-digits")
        images = vae.decode(z).x_mean

    With `to_device` and each method's `on_device`, tensors stay on the provider's device::

        z = vae.generate.on_device(seeds).z
        images = vae.decode.on_device(z).x_mean.numpy()

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
            put together. None sends every batch whole.

    Raises:
        ArtifactError: if it is missing, incomplete, changed, or newer than this package.
        InputError: if a provider is not available, the artifact has no graph of the precision, or
            an argument cannot be.
    """
    folder = search_path.find(path)
    return Artifact(folder, manifests.read(folder), providers, threads, precision, batch_limit)


class Artifact:
    """An artifact's endpoints as methods: arrays in, a named tuple of arrays out. Thread-safe."""

    def __init__(
        self,
        folder,
        manifest,
        providers=None,
        threads=None,
        precision="float32",
        batch_limit=BATCH_LIMIT,
    ):
        self.folder = Path(folder)
        self.manifest = manifest
        self.precision = precision
        self.batch_limit = require_count("batch_limit", batch_limit)
        self.endpoints = _of_precision(self.folder, manifest, precision)
        self._sessions = Sessions(self.folder / "onnx", providers, threads, self._checked)
        for name in self.endpoints:
            path = self.folder / self._graph(name)
            if not path.is_file():
                raise ArtifactError(f"{path} is missing. Fetch the artifact anew.")

    def to_device(self, array):
        """A copy of an array on the provider's device, to call several endpoints' `on_device` with.

        Raises:
            InputError: if no endpoint takes its dtype, or a number in it is not finite.
        """
        array = np.ascontiguousarray(array)
        dtypes = sorted({t.dtype for each in self.endpoints.values() for t in each.inputs})
        if array.dtype not in dtypes:
            raise InputError(
                f"to_device: given {array.dtype}, wanted {' or '.join(dtypes)}. Convert it with "
                ".astype."
            )
        require_finite("to_device", array)
        return self._sessions.to_device(array)

    def __getattr__(self, name):
        endpoints = self.__dict__.get("endpoints", {})
        if name in endpoints:
            call = Call(endpoints[name], self._sessions, self.batch_limit)
            self.__dict__[name] = call
            return call
        kind = "" if self.__dict__.get("precision") == "float32" else "float16 "
        raise AttributeError(
            f"{self.__dict__.get('folder')} has no {kind}endpoint {name!r}; it has "
            f"{', '.join(endpoints)}."
        )

    def __dir__(self):
        return [*super().__dir__(), *self.endpoints]

    def __repr__(self):
        return f"<zoo artifact {self.manifest.get('name')}: {', '.join(self.endpoints)}>"

    def _graph(self, name):
        return layout.graph(name, self.precision)

    def _checked(self, name):
        for weights in layout.WEIGHTS.values():
            if weights in self.manifest.get("files", ()):
                manifests.checked_file(self.folder, self.manifest, weights)
        return manifests.checked_file(self.folder, self.manifest, self._graph(name))


def _of_precision(folder, manifest, precision):
    """{name: Endpoint} of those that have a graph of this precision."""
    if precision not in GRAPHS:
        raise InputError(f"precision: given {precision!r}, wanted one of {', '.join(GRAPHS)}.")
    endpoints = manifests.endpoints(manifest)
    if precision == "float32":  # whose absence is an error
        return endpoints
    graphs = sorted(name for name in manifest.get("files", ()) if name.endswith(".onnx"))
    found = {k: v for k, v in endpoints.items() if GRAPHS[precision].format(k) in graphs}
    if not found:
        raise InputError(
            f"{folder} has no {precision} graph; it has {', '.join(graphs) or 'none at all'}. "
            "Load it with precision='float32'."
        )
    return found
