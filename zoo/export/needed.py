"""What an export needs besides what training needs: TensorFlow, and what makes ONNX graphs of it.

Standard library only: a machine that trains on JAX asks it, too.
"""

import importlib.util

from zoo.errors import MissingDependency

LIBRARIES = ("tensorflow", "tf2onnx", "onnx", "onnxruntime")


def missing():
    """Those of `LIBRARIES` that are not installed, in words: "tensorflow, tf2onnx"; "" for none."""
    return ", ".join(name for name in LIBRARIES if importlib.util.find_spec(name) is None)


def require_possible():
    """Raises a `MissingDependency` where nothing can be exported, with what is possible."""
    if names := missing():
        raise MissingDependency(
            f"An artifact is made by {names}, not installed here. Install the training stack "
            '(pip install "vae-zoo[train]"), or publish on a machine that has it: `zoo.fit(..., '
            "folder, resume=True)` of a training that has ended gives its weights there, whatever "
            "the backend."
        )
