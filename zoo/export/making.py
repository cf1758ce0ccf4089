"""From model.keras to proven formats, in a process of its own, on TensorFlow and on the CPU.

`python -m zoo.export.making ANSWER` reads one line of JSON from standard input, what `make` takes,
and writes what it gives to the file ANSWER. No GPU is visible to it: whether an export equals its
model is not for the rounding of some device to say. It ends when its input does, so that it never
outlives who asked.
"""

import gc
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from zoo.artifact import layout
from zoo.artifact.endpoints import Endpoint
from zoo.errors import ZooError
from zoo.export import earlier as earlier_artifact
from zoo.export import fingerprints, manifest, proof, test_data
from zoo.export.keras import load
from zoo.export.onnx import OnnxFloat16
from zoo.export.source import Source

UNWANTED = "float16 graphs were not wanted"


def make(stage, trained=None, contract=None, earlier=None, float16=True):
    """Writes test_data/ and every format from the stage's model.keras, and proves them.

    Args:
        stage: a folder with model.keras, and in test_data/inputs.npz `x` and the conditions of some
            examples.
        trained: the fingerprint of the trained model, which the file's weights must have; None
            where the file is all there is.
        contract: {name: Endpoint}, those to export; None takes all that the model states.
        earlier: an artifact's folder, whose test data the model must answer as it did.
        float16: whether graphs in float16 are wanted.

    Returns:
        A dict of plain values: the `endpoints`, the model's `facts`, the `comparisons`, for each
        endpoint why it has no `float16` graph, and the `proof`'s rows, batch sizes and memory.

    Raises:
        ExportError: if something cannot be written, or is not equal to the trained model.
    """
    stage = Path(stage)
    model = load(stage / layout.KERAS)
    contract = model.endpoints() if contract is None else contract
    if trained is not None:
        fingerprints.require_equal(trained, model)
    if earlier is not None:
        earlier_artifact.require_same_answers(Path(earlier), model, contract)
    facts = manifest.facts(model)
    rows = test_data.write(model, contract, test_data.read_inputs(stage), stage)
    draws = {"score": model.score_rows}  # the one endpoint that decodes more than once
    sizes = {name: proof.batches(each, draws.get(name, 1)) for name, each in contract.items()}
    formats = [each for each in proof.FORMATS if float16 or each.name != OnnxFloat16.name]
    proven = proof.make_and_prove(Source(model, contract, stage), sizes, formats)
    why = proven.left_out.get(OnnxFloat16.name, dict.fromkeys(contract, UNWANTED))
    return {
        "endpoints": {name: each.to_json() for name, each in contract.items()},
        "facts": facts,
        "comparisons": [asdict(row) for row in proven.rows],
        "float16": {name: why.get(name) for name in contract},
        "proof": {
            "rows": rows,
            "batches": {name: list(each) for name, each in sizes.items()},
            "memory": proof.MEMORY,
        },
    }


def main():
    """Answers one request; see the module's docstring."""
    answer(json.loads(sys.stdin.buffer.readline() or sys.exit(1)), Path(sys.argv[1]))


def answer(request, path):
    """Writes to a file what `make` gives for a request, or the error that it raises.

    The process ends in the midst of it when standard input ends.
    """
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    gc.freeze()  # what was imported stays; looking through it after every graph took a third
    contract = request.pop("contract")
    try:
        if contract is not None:
            contract = {name: Endpoint.from_json(value) for name, value in contract.items()}
        found = {"made": make(**request, contract=contract)}
    except ZooError as error:
        found = {"error": str(error)}
    except OSError as error:
        found = {"os_error": [error.errno, error.strerror or str(error), error.filename]}
    path.write_text(json.dumps(found), encoding="utf-8")


def _end_with_the_input():
    while os.read(0, 1):  # not sys.stdin, whose lock an ending interpreter wants
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
