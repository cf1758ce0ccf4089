"""Where each file of an artifact lies, relative to its folder. Standard library only.

Exporters write by these names; runtimes, servers and deployers read by them.
"""

MANIFEST = "manifest.json"
CARD = "README.md"
KERAS = "model.keras"
SAVED_MODEL = "saved_model/1"
"""A folder: TensorFlow Serving counts versions, and an artifact holds its first."""

HISTORY = "history.csv"
FIGURES = "figures"
ONNX = "onnx"
TEST_DATA = "test_data"

FLOAT32, FLOAT16 = "float32", "float16"
GRAPHS = {FLOAT32: f"{ONNX}/{{}}.onnx", FLOAT16: f"{ONNX}/{{}}.fp16.onnx"}
"""An endpoint's graph by the precision that it computes in; float32 goes in and out of both."""

WEIGHTS = {FLOAT32: f"{ONNX}/weights.bin", FLOAT16: f"{ONNX}/weights.fp16.bin"}
"""What the graphs of a precision keep outside of themselves: float weights of `OUTSIDE` bytes or
more, each once for all graphs. A float16 graph reads what it keeps in float32 from the first file
where the bytes are there. A file that would be empty is not written."""

OUTSIDE = 1024
"""Bytes from which a weight lies in a file of weights; a smaller one stays inside the graph."""

ALIGNMENT = 64
"""Bytes of which every weight's offset is a multiple: what vector instructions read at once."""

INPUTS = f"{TEST_DATA}/inputs.npz"
"""An array an input tensor, by its name: the rows that endpoints are asked."""

ROWS = "rows"
"""In an endpoint's answers, beside its outputs: which rows of the inputs it was asked, int64."""


def graph(endpoint: str, precision: str = FLOAT32) -> str:
    """The file of an endpoint's ONNX graph."""
    return GRAPHS[precision].format(endpoint)


def answers(endpoint: str) -> str:
    """The file of what the trained model answered, an array an output, and `ROWS`."""
    return f"{TEST_DATA}/{endpoint}.npz"
