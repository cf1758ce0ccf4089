"""Runs a SavedModel with plain TensorFlow, as an app would.

TensorFlow is imported when a SavedModel is opened and not before, so that the command line may name
this file. Keras is not needed; TensorFlow imports it of its own accord where it is installed.
"""

import os

from zoo.artifact.endpoints import BATCH
from zoo.errors import ArtifactError, MissingDependency

DEFAULT = "serving_default"


class Signatures:
    """The endpoints of a SavedModel.

    Args:
        path: the folder that holds saved_model.pb.

    Raises:
        MissingDependency: without TensorFlow.
        ArtifactError: if TensorFlow cannot load it.
    """

    def __init__(self, path):
        self._tensorflow = _tensorflow()
        try:
            self._loaded = self._tensorflow.saved_model.load(str(path))
        except Exception as error:  # OpError, OSError, ValueError, protobuf's own and more
            raise ArtifactError(f"TensorFlow cannot load {path}: {error}") from error

    def names(self):
        """The signatures' names, `serving_default` left out."""
        return sorted(set(self._loaded.signatures) - {DEFAULT})

    def run(self, name, inputs):
        """{input: array} -> {output: array}."""
        tensors = {key: self._tensorflow.constant(value) for key, value in inputs.items()}
        answer = self._loaded.signatures[name](**tensors)
        return {key: value.numpy() for key, value in answer.items()}

    def interface(self, name):
        """(inputs, outputs) of a signature, each [(name, dtype, shape)], sorted by name.

        A signature's tensors have names and no order.
        """
        signature = self._loaded.signatures[name]
        _, inputs = signature.structured_input_signature
        return tuple(
            sorted((key, spec.dtype.name, _axes(spec.shape)) for key, spec in side.items())
            for side in (inputs, signature.structured_outputs)
        )


def _axes(shape):
    """A TensorFlow shape as the contract writes it."""
    if shape.rank is None:
        return ("unknown",)
    sizes = shape.as_list()
    return tuple(
        BATCH if i == 0 and size is None else "unknown" if size is None else size
        for i, size in enumerate(sizes)
    )


def _tensorflow():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"A SavedModel runs on TensorFlow, which needs {error.name}, and that is not "
            "installed: python -m pip install tensorflow. The ONNX graphs run without it."
        ) from error
    return tensorflow
