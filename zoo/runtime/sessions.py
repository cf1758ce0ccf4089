"""ONNX Runtime sessions, one a graph, made when first wanted."""

import threading
from pathlib import Path

import onnxruntime

from zoo.errors import ArtifactError, InputError

_DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(int32)": "int32"}


class Sessions:
    """The graphs of a folder, by name. Thread-safe.

    Args:
        folder: holds <endpoint>.onnx.
        providers: ONNX Runtime's names, all of which must be available; None takes the CPU.
        threads: of one operator; None leaves it to ONNX Runtime.
        check: called with a name before its file is read; returns the path.
    """

    def __init__(self, folder, providers=None, threads=None, check=None):
        providers = [providers] if isinstance(providers, str) else providers
        self.providers = list(providers or ["CPUExecutionProvider"])
        self.threads = threads
        self._check = check or (lambda name: Path(folder) / f"{name}.onnx")
        self._sessions = {}
        self._lock = threading.Lock()
        available = onnxruntime.get_available_providers()
        missing = [p for p in map(_provider_name, self.providers) if p not in available]
        if missing:
            raise InputError(
                f"ONNX Runtime has no {', '.join(missing)} here; it has {', '.join(available)}. "
                "For CUDA, install onnxruntime-gpu instead of onnxruntime."
            )

    def get(self, name):
        """The session of one endpoint."""
        with self._lock:
            if name not in self._sessions:
                self._sessions[name] = self._open(name)
            return self._sessions[name]

    def run(self, name, inputs):
        """{input: array} -> {output: array}, in the graph's order."""
        session = self.get(name)
        names = [value.name for value in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs), strict=True))

    def provider(self, name):
        """The first execution provider of a graph's session; what it cannot run, the CPU does."""
        return self.get(name).get_providers()[0]

    def interface(self, name):
        """(inputs, outputs) of a graph, each [(name, dtype, shape)] in the graph's order."""
        session = self.get(name)
        return tuple(
            [(v.name, _DTYPES.get(v.type, v.type), tuple(v.shape)) for v in values]
            for values in (session.get_inputs(), session.get_outputs())
        )

    def _open(self, name):
        path = self._check(name)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if self.threads:
            options.intra_op_num_threads = self.threads
        try:
            session = onnxruntime.InferenceSession(str(path), options, self.providers)
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ArtifactError(f"ONNX Runtime cannot load {path}: {error}") from error
        missing = {_provider_name(p) for p in self.providers} - set(session.get_providers())
        if missing:
            raise InputError(
                f"ONNX Runtime silently left out {', '.join(sorted(missing))} for {path.name}: "
                "its libraries (CUDA, cuDNN) could not be loaded."
            )
        return session


def _provider_name(provider):
    """A provider's name; ONNX Runtime also takes (name, options)."""
    return provider if isinstance(provider, str) else provider[0]
