"""`load`: an artifact folder in, an object with its endpoints out."""

import collections
from pathlib import Path

import numpy as np

from zoo.endpoints import BATCH
from zoo.errors import ArtifactError, InputError
from zoo.runtime import manifest as manifests
from zoo.runtime import places
from zoo.runtime.sessions import Sessions


def load(path, providers=None, threads=None):
    """Loads an artifact for ONNX Runtime; needs numpy and onnxruntime only.

    The result has a method for each endpoint of the manifest, and no other::

        vae = zoo.load("exports/conv_vae-digits")
        images = vae.decode(z).x_mean

    Args:
        path: the artifact's folder, or its name, looked for in the folders of the environment
            variable VAE_ZOO_EXPORTS (separated as in PATH) and in ./exports.
        providers: ONNX Runtime execution providers; one that is not available is an error,
            never a silent CPU. None runs on the CPU.
        threads: threads of one operator; None leaves it to ONNX Runtime.

    Raises:
        ArtifactError: if it is missing, incomplete, changed, or newer than this package.
        InputError: if a provider is not available.
    """
    folder = places.find(path)
    return Artifact(folder, manifests.read(folder), providers, threads)


class Artifact:
    """An artifact's endpoints as methods: arrays in, a named tuple of arrays out. Thread-safe."""

    def __init__(self, folder, manifest, providers=None, threads=None):
        self.folder = Path(folder)
        self.manifest = manifest
        self.endpoints = manifests.endpoints(manifest)
        self._sessions = Sessions(self.folder / "onnx", providers, threads, self._checked)
        for name in self.endpoints:
            if not (self.folder / "onnx" / f"{name}.onnx").is_file():
                raise ArtifactError(
                    f"{self.folder / 'onnx' / name}.onnx is missing. Fetch the artifact anew."
                )

    def __getattr__(self, name):
        endpoints = self.__dict__.get("endpoints", {})
        if name in endpoints:
            call = Call(endpoints[name], self._sessions)
            self.__dict__[name] = call
            return call
        raise AttributeError(
            f"{self.__dict__.get('folder')} has no endpoint {name!r}; it has "
            f"{', '.join(endpoints)}."
        )

    def __dir__(self):
        return [*super().__dir__(), *self.endpoints]

    def __repr__(self):
        return f"<zoo artifact {self.manifest.get('name')}: {', '.join(self.endpoints)}>"

    def _checked(self, name):
        return manifests.checked_file(self.folder, self.manifest, f"onnx/{name}.onnx")


class Call:
    """One endpoint: checks its inputs, runs its graph, names its outputs."""

    def __init__(self, endpoint, sessions):
        self.endpoint = endpoint
        self._sessions = sessions
        self._result = collections.namedtuple(
            endpoint.name.title(), [tensor.name for tensor in endpoint.outputs]
        )
        inputs = ", ".join(f"{t.name}: {t.dtype} {_words(t.shape)}" for t in endpoint.inputs)
        outputs = ", ".join(f"{t.name}: {t.dtype} {_words(t.shape)}" for t in endpoint.outputs)
        self.__doc__ = f"{endpoint.name}({inputs}) -> ({outputs})"

    def __repr__(self):
        return f"<endpoint {self.__doc__}>"

    def __call__(self, *args, **kwargs):
        given = self._bind(args, kwargs)
        checked = {
            t.name: _check(self.endpoint.name, t, given[t.name]) for t in self.endpoint.inputs
        }
        lengths = {name: len(value) for name, value in checked.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"{self.endpoint.name}: the inputs' batches differ: {lengths}.")
        return self._result(**self._sessions.run(self.endpoint.name, checked))

    def _bind(self, args, kwargs):
        names = [t.name for t in self.endpoint.inputs]
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or given.keys() & kwargs.keys() or {*given, *kwargs} != {*names}:
            raise InputError(
                f"{self.endpoint.name} takes {', '.join(names)}; it was given {len(args)} by "
                f"position and {', '.join(kwargs) or 'none'} by name."
            )
        return given | kwargs


def _check(endpoint, tensor, value):
    """The value as an array that fits the tensor, or an error saying what does not."""
    what, wanted = f"{endpoint}({tensor.name})", f"{tensor.dtype} {_words(tensor.shape)}"
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{what}: not an array ({error}); wanted {wanted}.") from error
    if array.dtype != tensor.dtype:
        # Python numbers carry no dtype of their own; an array's dtype is the caller's word.
        if isinstance(value, np.ndarray) or not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
            raise InputError(
                f"{what}: given {array.dtype}, wanted {wanted}. Convert it with "
                f".astype({tensor.dtype!r})."
            )
        with np.errstate(over="ignore"):  # what does not fit is infinite, and refused below
            array = array.astype(tensor.dtype)
    fits = array.ndim == len(tensor.shape) and all(
        size in (BATCH, given) for size, given in zip(tensor.shape, array.shape, strict=True)
    )
    if not fits:
        raise InputError(f"{what}: given shape {list(array.shape)}, wanted {wanted}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{what}: {array[bad]} at {list(bad)}; every value must be finite.")
    if tensor.below is not None and array.size:
        low, high = array.min(), array.max()
        if low < 0 or high >= tensor.below:
            raise InputError(
                f"{what}: given {low if low < 0 else high}, wanted are whole numbers from 0 to "
                f"{tensor.below - 1}."
            )
    return np.ascontiguousarray(array)


def _words(shape):
    return "[" + ", ".join(str(n) for n in shape) + "]"
