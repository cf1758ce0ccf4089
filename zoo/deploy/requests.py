"""Example requests for the READMEs, in the two protocols that the servers speak."""

import json
import math
import shlex

ROWS = 2

BINARY = """\
The protocol's binary extension is much faster than JSON for images: give the output the parameter
`"binary_data": true` (`"outputs": [{"name": "x_mean", "parameters": {"binary_data": true}}]`); the
tensor's little-endian bytes then follow the JSON, whose length the header
`Inference-Header-Content-Length` states. `tritonclient.http` does so by default, and gRPC always.
"""


def smallest(endpoints):
    """The name of the endpoint that takes the fewest numbers a row: the shortest example."""
    return min(endpoints, key=lambda name: sum(map(_size, endpoints[name].inputs)))


def infer_command(endpoint, address):
    """curl for KServe's open inference protocol, version 2."""
    body = {
        "inputs": [
            {
                "name": tensor.name,
                "datatype": datatype(tensor),
                "shape": [ROWS, *_row(tensor)],
                "data": _values(tensor),
            }
            for tensor in endpoint.inputs
        ]
    }
    return f"curl -X POST {address} -d {shlex.quote(json.dumps(body))}"


def predict_command(endpoint, address):
    """curl for TensorFlow Serving's REST interface, columns of rows."""
    columns = {
        tensor.name: _nested(_values(tensor), tensor.shape[1:]) for tensor in endpoint.inputs
    }
    body = {"signature_name": endpoint.name, "inputs": columns}
    return f"curl -X POST {address} -d {shlex.quote(json.dumps(body))}"


def datatype(tensor):
    """The protocol's name of a tensor's dtype: FP32, INT64, INT32."""
    return tensor.dtype.upper().replace("FLOAT", "FP")


def describe(tensor):
    """A tensor in words, in the shape that a client of KServe's protocol sends or gets."""
    shape = ", ".join(map(str, (tensor.shape[0], *(tensor.shape[1:] or (1,)))))
    return f"`{tensor.name}` {datatype(tensor)} [{shape}]"


def _row(tensor):
    """Sizes of a row's axes; a row without any has one of size 1 in the protocol."""
    return [size if isinstance(size, int) else 1 for size in tensor.shape[1:]] or [1]


def _size(tensor):
    return math.prod(_row(tensor))


def _values(tensor):
    """Numbers for `ROWS` rows: seeds 7 and 8, zeros for anything else."""
    if tensor.name == "seed":
        return [7 + i for i in range(ROWS * _size(tensor))]
    return [0] * (ROWS * _size(tensor))


def _nested(values, shape):
    """A flat list as rows of nested lists of a row's shape."""
    for size in reversed([size if isinstance(size, int) else 1 for size in shape]):
        values = [values[i : i + size] for i in range(0, len(values), size)]
    return values
