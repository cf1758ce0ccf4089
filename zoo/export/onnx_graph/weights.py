"""Weights outside of the graphs: each once in a file that all graphs of a precision read.

ONNX calls it external data: the graph states a file beside it, an offset and a length. Any ONNX
Runtime opens such a graph by its path and finds the rest.
"""

import hashlib
from pathlib import Path

import onnx
from onnx import TensorProto, numpy_helper
from onnx.external_data_helper import ExternalDataInfo, set_external_data, uses_external_data

from zoo.artifact.layout import ALIGNMENT, OUTSIDE

_FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}


class WeightsFile:
    """A file of weights, each once; it is made when the first one comes.

    Args:
        path: where it goes.
        kinds: of ONNX's data types, those of the weights that are looked for in it.
    """

    def __init__(self, path, kinds=_FLOATS):
        self.path = Path(path)
        self._kinds = kinds
        self._places = {}

    @classmethod
    def written(cls, path, graphs, kinds=_FLOATS):
        """A file that is there already, by what the graphs at these paths keep in it."""
        found = cls(path, kinds)
        for each in graphs:
            model = onnx.load(each, load_external_data=False)
            outside = [tensor for tensor in _tensors(model.graph) if uses_external_data(tensor)]
            for tensor in outside:
                info = ExternalDataInfo(tensor)
                place = int(info.offset), int(info.length)
                if info.location == found.path.name and place not in found._places.values():
                    found._places[_digest(found._read(*place))] = place
        return found

    def has(self, tensor, content):
        """Whether a weight's bytes are there."""
        return tensor.data_type in self._kinds and _digest(content) in self._places

    def place(self, content):
        """(offset, length) of bytes, which are written unless they are there."""
        digest = _digest(content)
        if digest not in self._places:
            with open(self.path, "ab") as file:
                file.write(bytes(-file.tell() % ALIGNMENT))
                self._places[digest] = file.tell(), len(content)
                file.write(content)
        return self._places[digest]

    def _read(self, offset, length):
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(length)


def move_out(model, files):
    """Moves a graph's large float weights into files beside it; changed in place.

    Args:
        model: the graph.
        files: `WeightsFile`s. A weight is read from the first that has it, or put into the last.
    """
    for tensor in _tensors(model.graph):
        if tensor.data_type not in _FLOATS:
            continue
        array = numpy_helper.to_array(tensor)
        if array.nbytes < OUTSIDE:
            continue
        content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        file = next((each for each in files if each.has(tensor, content)), files[-1])
        offset, length = file.place(content)
        tensor.raw_data = b""  # what is moved out must have been raw
        tensor.ClearField("float_data")
        tensor.ClearField("double_data")
        tensor.ClearField("int32_data")
        set_external_data(tensor, file.path.name, offset, length)
        tensor.ClearField("raw_data")


def _tensors(graph):
    """The constants of a graph, and of its branches and loops."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _digest(content):
    return hashlib.sha256(content).digest()
