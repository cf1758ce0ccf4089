"""What a model was made on: the Keras backend, the machine, the versions of the libraries."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

import keras

LIBRARIES = ("keras", "tensorflow", "jax", "onnx", "tf2onnx", "onnxruntime", "numpy")


def here():
    """{"backend", "hardware", "versions"} of this process, plain values."""
    return {
        "backend": keras.backend.backend(),
        "hardware": hardware(),
        "versions": versions(),
    }


def hardware():
    """The machine in words: processor, cores this process may use, accelerators."""
    processor = platform.processor() or platform.machine()
    if sys.platform == "linux":
        names = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
        ]
        processor = names[0].split(":", 1)[1].strip() if names else processor
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        devices = keras.distribution.list_devices("gpu")
    except RuntimeError:  # JAX without a GPU
        devices = []
    return f"{processor}, {cores} cores" + (f", {len(devices)} GPU" if devices else "")


def versions():
    """{library: version} of Python and of those that are installed."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
