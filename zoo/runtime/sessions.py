"""ONNX Runtime sessions, one a graph, made when first wanted."""

import contextlib
import numbers
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import onnxruntime

from zoo.artifact import external_data, layout
from zoo.artifact.reading import Reader
from zoo.errors import ArtifactError, InputError

DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(int32)": "int32"}
"""ONNX Runtime's names of the dtypes that the contract has."""

OPTIONS = {"CUDAExecutionProvider": {"use_tf32": "0"}}
"""Of providers, unless the caller gives others. TF32 keeps 10 of a float32's 23 bits: too few for
the contract's tolerance."""

Providers: TypeAlias = str | Iterable[str | tuple[str, dict[str, Any]]] | None
Array: TypeAlias = np.ndarray[Any, Any]
Interface: TypeAlias = list[tuple[str, str, tuple[Any, ...]]]

_DEVICES = {"CUDAExecutionProvider": "cuda", "TensorrtExecutionProvider": "cuda"}
"""Where a provider's tensors lie; those of any other are exchanged in the machine's memory."""

_WEIGHTS = {name.rpartition("/")[2]: name for name in layout.WEIGHTS.values()}
"""{a file of weights, as a graph names it: the same, as the manifest does}."""

_LARGEST_GRAPH = 2**31 - 1  # bytes of a protobuf


class Sessions:
    """The graphs of an artifact, by name: `decode`, `decode.fp16`. Thread-safe.

    A file is read once, by `reader`, and what was read is what runs: ONNX Runtime opens no file.

    Args:
        reader: gives the artifact's files.
        providers: ONNX Runtime's names, or (name, options), all of which must be available; None
            takes the CPU.
        threads: of one operator; None leaves it to ONNX Runtime.
    """

    def __init__(
        self, reader: Reader, providers: Providers = None, threads: int | None = None
    ) -> None:
        self.providers = with_options(providers)
        self.device = _device(self.providers[0])
        self.threads = require_count("threads", threads)
        self._reader = reader
        self._graphs: dict[str, bytes | ArtifactError] = {}  # read, and not opened yet
        self._weights: dict[str, bytes] = {}  # of these graphs; all graphs take them from here
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._outputs: dict[str, list[str]] = {}  # of these sessions
        self._lock = threading.Lock()
        available = onnxruntime.get_available_providers()
        missing = [name for name, _ in self.providers if name not in available]
        if missing:
            raise InputError(
                f"ONNX Runtime has no {', '.join(missing)} here; it has {', '.join(available)}. "
                "For CUDA, install onnxruntime-gpu instead of onnxruntime."
            )

    def read(self, names: Iterable[str]) -> dict[str, ArtifactError]:
        """Reads graphs and their weights now, so that files changed later change nothing.

        Returns:
            {name: why its graph is not what was exported}; `get` raises the same.

        Raises:
            ArtifactError: if a file of weights is not what was exported.
        """
        with self._lock:
            for name in names:
                if name not in self._sessions:
                    self._graphs[name] = self._read(name)
        return {
            name: graph for name, graph in self._graphs.items() if isinstance(graph, ArtifactError)
        }

    def get(self, name: str) -> onnxruntime.InferenceSession:
        """The session of one graph.

        Raises:
            ArtifactError: if a file is not what was exported, or ONNX Runtime cannot load it.
        """
        with self._lock:
            if name not in self._sessions:
                session = self._open(name)
                self._outputs[name] = [value.name for value in session.get_outputs()]
                self._sessions[name] = session
                self._graphs.pop(name, None)
                if not self._graphs and self._weights:  # ONNX Runtime has copied what it needs
                    self._weights.clear()
                    _give_back_memory()
            return self._sessions[name]

    def run(self, name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """{input: array} -> {output: array}, in the graph's order."""
        session = self.get(name)
        names = self._outputs[name]
        try:
            return dict(zip(names, session.run(names, inputs), strict=True))
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise _failure(name, error) from error

    def run_on_device(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """{input: array or OrtValue} -> {output: OrtValue on the first provider's device}."""
        session = self.get(name)
        names = self._outputs[name]
        try:
            binding = session.io_binding()
            for key, value in inputs.items():
                value = self.to_device(value) if isinstance(value, np.ndarray) else value
                binding.bind_ortvalue_input(key, value)
            for key in names:
                binding.bind_output(key, *self.device)
            binding.synchronize_inputs()
            session.run_with_iobinding(binding)
            binding.synchronize_outputs()
            return dict(zip(names, binding.get_outputs(), strict=True))
        except Exception as error:
            raise _failure(name, error) from error

    def to_device(self, array: Array) -> onnxruntime.OrtValue:
        """A copy of an array as an OrtValue on the first provider's device."""
        # On the CPU, ONNX Runtime would share the caller's memory.
        return onnxruntime.OrtValue.ortvalue_from_numpy(np.array(array), *self.device)

    def provider(self, name: str) -> str:
        """The first execution provider of a graph's session; what it cannot run, the CPU does."""
        return str(self.get(name).get_providers()[0])

    def interface(self, name: str) -> tuple[Interface, Interface]:
        """(inputs, outputs) of a graph, each [(name, dtype, shape)] in the graph's order."""
        session = self.get(name)
        inputs, outputs = (
            [(v.name, DTYPES.get(v.type, v.type), tuple(v.shape)) for v in values]
            for values in (session.get_inputs(), session.get_outputs())
        )
        return inputs, outputs

    def _read(self, name: str) -> bytes | ArtifactError:
        """A graph, and besides what it keeps outside of itself."""
        try:
            graph = self._reader.read(layout.graph(name), _LARGEST_GRAPH)
        except ArtifactError as error:
            return error
        for location, file in _WEIGHTS.items():
            # A search, not a walk over the graph's messages: that takes longer than all reading.
            if location.encode() in graph and location not in self._weights:
                self._weights[location] = self._reader.read(file)
        return graph

    def _open(self, name: str) -> onnxruntime.InferenceSession:
        graph = self._graphs.get(name) or self._read(name)
        path = self._reader.folder / layout.graph(name)
        if isinstance(graph, ArtifactError):
            raise ArtifactError(*graph.args)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if self.threads:
            options.intra_op_num_threads = self.threads
        if self._weights:
            sizes = [len(each) for each in self._weights.values()]
            options.add_external_initializers_from_files_in_memory(
                list(self._weights), list(self._weights.values()), sizes
            )
        try:
            # ONNX Runtime takes from memory what the graph itself keeps outside, and would look for
            # what its loops and branches do in the working directory.
            graph = external_data.embedded(graph, self._weights, inner_only=True)
            session = onnxruntime.InferenceSession(graph, options, self.providers)
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ArtifactError(f"ONNX Runtime cannot load {path}: {error}") from error
        missing = {provider for provider, _ in self.providers} - set(session.get_providers())
        if missing:
            raise InputError(
                f"ONNX Runtime silently left out {', '.join(sorted(missing))} for {path.name}: "
                "its libraries (CUDA, cuDNN) could not be loaded."
            )
        return session


def with_options(providers: Providers) -> list[tuple[str, dict[str, Any]]]:
    """[(name, options)] of what a caller gives as providers: a name, a list of names or of pairs.

    Raises:
        InputError: if it is none of these.
    """
    given: Any = [providers] if isinstance(providers, str) else providers
    given = ["CPUExecutionProvider"] if given is None else given
    try:
        pairs = [(each, {}) if isinstance(each, str) else tuple(each) for each in given]
        pairs = [(str(name), OPTIONS.get(name, {}) | options) for name, options in pairs]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"providers: given {providers!r}, wanted names of ONNX Runtime's execution providers, "
            "or pairs of a name and a dict of options."
        ) from error
    if not pairs:
        raise InputError("providers: given none. Leave it out to run on the CPU.")
    return pairs


def require_count(name: str, value: Any) -> int | None:
    """The value, if it is None or a whole number of 1 or more; otherwise raises an `InputError`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if value is not None and not (whole and 1 <= value < 2**31):
        raise InputError(f"{name}: given {value!r}, wanted a whole number of 1 or more, or None.")
    return None if value is None else int(value)


def _device(provider: tuple[str, dict[str, Any]]) -> tuple[str, int]:
    """(type, number) of the device on which a provider, (name, options), keeps its tensors."""
    name, options = provider
    number = str(options.get("device_id", 0))
    if not number.isdecimal():
        raise InputError(f"{name}: its device_id is {number!r}, wanted a whole number.")
    return _DEVICES.get(name, "cpu"), int(number)


def _give_back_memory() -> None:
    """Gives freed memory back to the system, where the C library keeps it: some MB of weights.

    glibc keeps what was freed between blocks that are in use, as those of graphs being opened.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)


def _failure(name: str, error: Exception) -> ArtifactError:
    """What ONNX Runtime raises while it runs a graph, as a sentence."""
    return ArtifactError(
        f"ONNX Runtime fails to run {name}: {error}. If memory ran out, use a smaller batch, "
        "or a smaller batch_limit."
    )
