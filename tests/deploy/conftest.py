"""What the tests of every layout ask of it."""

import json
import shlex

import numpy as np
import onnxruntime
import pytest

import zoo
from zoo.runtime.replay import read

DTYPES = {"FP32": "float32", "INT64": "int64", "INT32": "int32"}


@pytest.fixture
def manifest(artifact):
    """manifest.json of the published artifact."""
    return json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture
def asked():
    """(address, body) of the one curl command in a README."""

    def read(folder):
        lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
        (command,) = (line.strip() for line in lines if line.strip().startswith("curl "))
        words = shlex.split(command)
        return words[words.index("POST") + 1], json.loads(words[words.index("-d") + 1])

    return read


@pytest.fixture
def run_graph():
    """Answers of a graph file to a body of KServe's protocol, as Triton would form its inputs."""

    def run(path, body):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        ranks = {value.name: len(value.shape) for value in session.get_inputs()}
        given = {}
        for tensor in body["inputs"]:
            array = np.array(tensor["data"], DTYPES[tensor["datatype"]]).reshape(tensor["shape"])
            # `reshape { shape: [ ] }`: [batch, 1] outside is [batch] in the graph
            given[tensor["name"]] = array[:, 0] if ranks[tensor["name"]] == 1 else array
        names = [value.name for value in session.get_outputs()]
        return dict(zip(names, session.run(names, given), strict=True))

    return run


@pytest.fixture
def assert_graphs_answer(artifact, manifest, assert_answers_as_the_model):
    """A check that a repository's graphs load and answer as the artifact's test data."""

    def check(repository):
        for endpoint in manifest["endpoints"]:
            path = repository / f"{artifact.name}-{endpoint}" / "1" / "model.onnx"
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            given, _ = read(artifact, zoo.load(artifact).endpoints[endpoint])
            names = [value.name for value in session.get_outputs()]
            for batch in (1, 3, 64):
                answers = session.run(names, {k: v[:batch] for k, v in given.items()})
                assert_answers_as_the_model(endpoint, batch, dict(zip(names, answers, strict=True)))

    return check
