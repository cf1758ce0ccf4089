"""The SavedModel and the ONNX graphs, run where nothing of the zoo can be imported."""

import json

import numpy as np
import onnx
import pytest

BATCHES = (1, 3, 64)

SAVED_MODEL = """
import json
try:
    import zoo
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("zoo can be imported here")
import numpy as np
import tensorflow as tf

def described(specs):
    return {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in specs.items()}

folder, facts = sys.argv[1], {}
loaded = tf.saved_model.load(folder + "/saved_model/1")
for name, function in loaded.signatures.items():
    facts[name] = [
        described(function.structured_input_signature[1]),
        described(function.structured_outputs),
    ]
    source = "reconstruct" if name == "serving_default" else name
    inputs = np.load(f"{folder}/test_data/inputs.npz")
    rows = np.load(f"{folder}/test_data/{source}.npz")["rows"]
    for batch in (1, 3, 64):
        names = function.structured_input_signature[1]
        given = {k: tf.constant(inputs[k][rows[:batch]]) for k in names}
        answer = function(**given)
        np.savez(f"{name}-{batch}.npz", **{k: v.numpy() for k, v in answer.items()})
print(json.dumps(facts))
"""

ONNX = """
import importlib, json
from pathlib import Path
for name in ("tensorflow", "keras", "zoo", "onnx", "tf2onnx"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(name + " can be imported here")
import numpy as np
import onnxruntime

folder, facts = Path(sys.argv[1]), {}
for path in (folder / "onnx").glob("*.onnx"):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    facts[path.stem] = [
        [[v.name, v.type, v.shape] for v in values]
        for values in (session.get_inputs(), session.get_outputs())
    ]
    endpoint = path.stem.split(".")[0]  # decode.fp16 is a variant of decode
    inputs = np.load(folder / "test_data" / "inputs.npz")
    rows = np.load(folder / "test_data" / f"{endpoint}.npz")["rows"]
    names = [v.name for v in session.get_outputs()]
    for batch in (1, 3, 64):
        given = {v.name: inputs[v.name][rows[:batch]] for v in session.get_inputs()}
        np.savez(f"{path.stem}-{batch}.npz", **dict(zip(names, session.run(None, given))))
print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def endpoints(artifact):
    return json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["endpoints"]


@pytest.fixture(scope="module")
def signatures(artifact, tensorflow_python):
    """{signature: [inputs, outputs]} as TensorFlow alone reads them; answers lie in its work."""
    return json.loads(tensorflow_python.run(SAVED_MODEL, artifact).stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def graphs(artifact, onnxruntime_python):
    """{graph: [inputs, outputs]} as ONNX Runtime alone reads them; answers lie in its work."""
    return json.loads(onnxruntime_python.run(ONNX, artifact).stdout)


@pytest.mark.slow
def test_signatures_are_the_endpoints_and_serving_default(signatures, endpoints):
    assert signatures.keys() == endpoints.keys() | {"serving_default"}
    assert signatures["serving_default"] == signatures["reconstruct"]


@pytest.mark.slow
def test_signatures_have_the_contracts_names_dtypes_and_free_batch(signatures):
    image, latent = ["float32", [None, 8, 8, 1]], ["float32", [None, 3]]
    assert signatures["encode"] == [{"x": image}, {"mean": latent, "log_var": latent}]
    assert signatures["decode"] == [{"z": latent}, {"x_mean": image}]
    assert signatures["reconstruct"] == [{"x": image}, {"x_mean": image}]


@pytest.mark.slow
@pytest.mark.parametrize("batch", BATCHES)
def test_the_saved_model_answers_as_the_model(
    signatures, batch, tensorflow_python, assert_answers_as_the_model
):
    for name in signatures:
        endpoint = "reconstruct" if name == "serving_default" else name
        with np.load(tensorflow_python.work / f"{name}-{batch}.npz") as answers:
            assert_answers_as_the_model(endpoint, batch, dict(answers))


def test_graphs_have_the_contracts_names_order_dtypes_and_axes(graphs, endpoints):
    assert graphs.keys() == {*endpoints, *(f"{name}.fp16" for name in endpoints)}
    for name in endpoints:  # float16 is inside; what comes in and goes out is the same
        assert graphs[f"{name}.fp16"] == graphs[name]
    image, latent = ["tensor(float)", ["batch", 8, 8, 1]], ["tensor(float)", ["batch", 3]]
    assert graphs["encode"] == [[["x", *image]], [["mean", *latent], ["log_var", *latent]]]
    assert graphs["decode"] == [[["z", *latent]], [["x_mean", *image]]]
    assert graphs["reconstruct"] == [[["x", *image]], [["x_mean", *image]]]


@pytest.mark.parametrize("batch", BATCHES)
def test_onnxruntime_answers_as_the_model(
    graphs, endpoints, batch, onnxruntime_python, assert_answers_as_the_model
):
    for name in endpoints:
        with np.load(onnxruntime_python.work / f"{name}-{batch}.npz") as answers:
            assert_answers_as_the_model(name, batch, dict(answers))


def test_graphs_are_valid_and_old_runtimes_can_read_them(artifact):
    for path in (artifact / "onnx").glob("*.onnx"):
        onnx.checker.check_model(str(path), full_check=True)  # with what lies beside it
        graph = onnx.load(path)
        assert [(o.domain, o.version) for o in graph.opset_import if not o.domain] == [("", 18)]
        assert graph.ir_version == 8


def test_graphs_hold_no_loop_no_branch_and_nothing_random(artifact, endpoints):
    for name in endpoints:
        graph = onnx.load(artifact / "onnx" / f"{name}.onnx").graph
        operators = {(node.domain, node.op_type) for node in graph.node}
        assert {domain for domain, _ in operators} == {""}
        kinds = {kind for _, kind in operators}
        assert not kinds & {"Loop", "If", "Scan", "Multinomial", "Bernoulli", "Dropout"}
        assert not [kind for kind in kinds if kind.startswith("Random")]
