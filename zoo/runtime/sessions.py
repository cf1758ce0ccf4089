"""ONNX Runtime sessions, one a graph, made when first wanted."""

import contextlib
import numbers
import threading
from pathlib import Path

import numpy as np
import onnxruntime

from zoo.errors import ArtifactError, InputError

DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(int32)": "int32"}
"""ONNX Runtime's names of the dtypes that the contract has."""

OPTIONS = {"CUDAExecutionProvider": {"use_tf32": "0"}}
"""Of providers, unless the caller gives others. TF32 keeps 10 of a float32's 23 bits: too few for
the contract's tolerance."""

_DEVICES = {"CUDAExecutionProvider": "cuda", "TensorrtExecutionProvider": "cuda"}
"""Where a provider's tensors lie; those of any other are exchanged in the machine's memory."""


class Sessions:
    """The graphs of a folder, by name. Thread-safe.

    Args:
        folder: holds <endpoint>.onnx.
        providers: ONNX Runtime's names, or (name, options), all of which must be available; None
            takes the CPU.
        threads: of one operator; None leaves it to ONNX Runtime.
        check: called with a name before its file is read; returns the path.
    """

    def __init__(self, folder, providers=None, threads=None, check=None):
        self.providers = with_options(providers)
        self.device = _device(self.providers[0])
        self.threads = require_count("threads", threads)
        self._check = check or (lambda name: Path(folder) / f"{name}.onnx")
        self._sessions = {}
        self._lock = threading.Lock()
        available = onnxruntime.get_available_providers()
        missing = [name for name, _ in self.providers if name not in available]
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
        with _failures(name):
            return dict(zip(names, session.run(names, inputs), strict=True))

    def run_on_device(self, name, inputs):
        """{input: array or OrtValue} -> {output: OrtValue on the first provider's device}."""
        session = self.get(name)
        names = [value.name for value in session.get_outputs()]
        with _failures(name):
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

    def to_device(self, array):
        """A copy of an array as an OrtValue on the first provider's device."""
        # On the CPU, ONNX Runtime would share the caller's memory.
        return onnxruntime.OrtValue.ortvalue_from_numpy(np.array(array), *self.device)

    def provider(self, name):
        """The first execution provider of a graph's session; what it cannot run, the CPU does."""
        return self.get(name).get_providers()[0]

    def interface(self, name):
        """(inputs, outputs) of a graph, each [(name, dtype, shape)] in the graph's order."""
        session = self.get(name)
        return tuple(
            [(v.name, DTYPES.get(v.type, v.type), tuple(v.shape)) for v in values]
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
        missing = {provider for provider, _ in self.providers} - set(session.get_providers())
        if missing:
            raise InputError(
                f"ONNX Runtime silently left out {', '.join(sorted(missing))} for {path.name}: "
                "its libraries (CUDA, cuDNN) could not be loaded."
            )
        return session


def with_options(providers):
    """[(name, options)] of what a caller gives as providers: a name, a list of names or of pairs.

    Raises:
        InputError: if it is none of these.
    """
    given = [providers] if isinstance(providers, str) else providers
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


def require_count(name, value):
    """The value, if it is None or a whole number of 1 or more; otherwise raises an `InputError`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InputError(f"{name}: given {value!r}, wanted a whole number of 1 or more, or None.")
    return None if value is None else int(value)


def _device(provider):
    """(type, number) of the device on which a provider, (name, options), keeps its tensors."""
    name, options = provider
    number = str(options.get("device_id", 0))
    if not number.isdecimal():
        raise InputError(f"{name}: its device_id is {number!r}, wanted a whole number.")
    return _DEVICES.get(name, "cpu"), int(number)


@contextlib.contextmanager
def _failures(name):
    """Turns whatever ONNX Runtime raises while it runs a graph into a sentence."""
    try:
        yield
    except Exception as error:  # onnxruntime's exceptions share no base of their own
        raise ArtifactError(
            f"ONNX Runtime fails to run {name}: {error}. If memory ran out, use a smaller batch, "
            "or a smaller batch_limit."
        ) from error
