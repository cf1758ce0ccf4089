"""The part of an export that needs TensorFlow: from model.keras to proven graphs.

A model trained on another Keras backend is exported by this module in a process of its own, with
`python -m zoo.export.graphs FOLDER`, the contract as JSON on standard input.
"""

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import keras

from zoo.artifact.endpoints import Endpoint
from zoo.errors import ExportError
from zoo.export.proof import Row


def write_and_prove(stage, contract):
    """Writes saved_model/1 and onnx/ from `stage`/model.keras, proves them against test_data.

    Args:
        stage: the artifact's folder so far.
        contract: {name: Endpoint}.

    Returns:
        The rows of the parity table.
    """
    if keras.backend.backend() == "tensorflow":
        return _write_and_prove(stage, contract)
    return _in_another_process(stage, contract)


def _write_and_prove(stage, contract):
    from zoo.export import onnx, proof, saved_model

    _register(stage / "model.keras")
    model = keras.saving.load_model(stage / "model.keras", safe_mode=True)
    traced = saved_model.functions(model, contract)
    saved_model.write(model, contract, stage / "saved_model" / "1", traced)
    onnx.write(model, contract, stage / "onnx", traced)
    return proof.prove(stage, contract, model)


def _register(path):
    """Imports the modules whose classes a .keras file names: another process knows none of them."""
    with zipfile.ZipFile(path) as file:
        named = re.findall(r'"module": "([\w.]+)"', file.read("config.json").decode())
    for module in sorted(set(named)):
        with contextlib.suppress(ImportError):  # reading the file will say what is missing
            importlib.import_module(module)


def _in_another_process(stage, contract):
    print("Exporting on TensorFlow, in a process of its own.", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "zoo.export.graphs", str(stage)],
        input=json.dumps({name: endpoint.to_json() for name, endpoint in contract.items()}),
        env=os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):  # it ended before it could answer
        answer = {"error": f"The export on TensorFlow failed:\n{done.stderr}"}
    if "rows" not in answer:
        raise ExportError(answer["error"])
    return [Row(**row) for row in answer["rows"]]


def main():
    """Reads the contract from standard input, prints the parity rows or an error as JSON."""
    contract = {
        name: Endpoint.from_json(value) for name, value in json.loads(sys.stdin.read()).items()
    }
    try:
        rows = _write_and_prove(Path(sys.argv[1]), contract)
    except (ExportError, OSError) as error:
        print(json.dumps({"error": str(error)}))
        sys.exit(1)
    print(json.dumps({"rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
