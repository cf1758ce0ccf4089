"""Cold start: from a new process to the first answer of `decode`, for an app that has one artifact.

Run:       python benchmarks/cold_start.py exports/dense_vae-mnist
Needs:     pip install -c constraints.txt -e ".[bench]"
Prints:    a markdown table; benchmarks/cold_start.md keeps it

Each way is a process of its own that imports, loads the same weights and decodes one row; its
answer is first compared with the artifact's test data. The ways take turns, round after round, on
files that the system has in its cache. `import`, `load` and `first answer` are by the process's own
clock, `whole process` is the time from its start to its end, with Python's own; medians over
rounds. The ratio is that of import + load + first answer, the median over rounds of the ratio
within a round.

PyTorch loads what `torch.jit.save` wrote of the traced decoder: no code of the model is needed
then, as with the others. TensorFlow loads the SavedModel.
"""

import argparse
import itertools
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = {
    "zoo.load": """
import numpy as np, zoo
lap()
model = zoo.load(sys.argv[1])
lap()
answer = model.decode(np.asarray(z, np.float32)).x_mean
lap()
""",
    "ONNX Runtime alone": """
import numpy as np, onnxruntime
lap()
model = onnxruntime.InferenceSession(sys.argv[1] + "/onnx/decode.onnx")
lap()
answer, = model.run(["x_mean"], {"z": np.asarray(z, np.float32)})
lap()
""",
    "TensorFlow": """
import tensorflow as tf
lap()
model = tf.saved_model.load(sys.argv[1] + "/saved_model/1").signatures["decode"]
lap()
answer = model(z=tf.constant(z, tf.float32))["x_mean"].numpy()
lap()
""",
    "PyTorch": """
import torch
lap()
model = torch.jit.load(sys.argv[2])
lap()
with torch.inference_mode():
    answer = model(torch.tensor(z)).numpy()
lap()
""",
}
BEFORE = """
import json, sys, time
times = [time.perf_counter()]
def lap():
    times.append(time.perf_counter())
z = json.loads(sys.argv[3])
"""
AFTER = """
(line,) = (each for each in open("/proc/self/status") if each.startswith("VmHWM"))
peak = int(line.split()[1]) / 1024  # Linux only; `getrusage` would count its parent's memory
print(json.dumps({"times": times, "peak": peak, "answer": answer.ravel().tolist()}))
"""
LAPS = ("import", "load", "first answer")


def traced(artifact, path):
    """Writes the artifact's decoder as TorchScript, the same weights."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import torch
    import torch_port

    import zoo.catalog  # noqa: F401  registers the classes that a .keras file names

    model = keras.saving.load_model(artifact / "model.keras")

    class Decode(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.endpoints = torch_port.Endpoints(model, channels_last=False)

        def forward(self, z):
            return self.endpoints.decode(z)["x_mean"]

    with torch.inference_mode():
        script = torch.jit.trace(Decode().eval(), torch.zeros(1, model.latent))
        torch.jit.freeze(script).save(str(path))


def start(way, artifact, script, z, expected):
    """Seconds of the three laps and of the process, and its peak MiB; refuses another answer."""
    arguments = [str(artifact), str(script), json.dumps(z)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + WAYS[way] + AFTER, *arguments],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"},
        capture_output=True,
        text=True,
    )
    whole = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{way}:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    worst = max(abs(a - b) for a, b in zip(said["answer"], expected, strict=True))
    if worst > 1e-5:
        raise RuntimeError(f"{way} differs from the artifact's test data by {worst:.1e}.")
    marks = said["times"]
    laps = [after - before for before, after in itertools.pairwise(marks)]
    return {**dict(zip(LAPS, laps, strict=True)), "whole": whole, "peak": said["peak"]}


def main():
    """Takes turns between the ways and prints the table."""
    import paired

    import zoo
    from zoo.runtime import replay

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    asked, answers = replay.read(given.artifact, zoo.load(given.artifact).endpoints["decode"])
    z = asked["z"][:1].tolist()
    expected = answers["x_mean"][:1].ravel().tolist()
    found = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "decode.pt"
        traced(given.artifact, script)
        for way in WAYS:
            start(way, given.artifact, script, z, expected)  # files into the cache
        for round_ in range(given.rounds):
            turn = round_ % len(WAYS)
            for way in [*WAYS][turn:] + [*WAYS][:turn]:
                found[way].append(start(way, given.artifact, script, z, expected))
            print(f"round {round_ + 1} of {given.rounds}", file=sys.stderr)
    print(f"`{shlex.join(['python', 'benchmarks/cold_start.py', *sys.argv[1:]])}`\n")
    about = paired.machine("onnxruntime", "torch", "tensorflow", "numpy")
    print(f"{about} Seconds, medians of {given.rounds} rounds.\n")
    totals = {way: [sum(each[lap] for lap in LAPS) for each in runs] for way, runs in found.items()}
    rows = []
    for way, runs in found.items():
        median = {key: statistics.median(each[key] for each in runs) for key in runs[0]}
        ratio = statistics.median(
            mine / theirs for mine, theirs in zip(totals[way], totals["PyTorch"], strict=True)
        )
        rows.append(
            [
                way,
                *(f"{median[lap]:.3f}" for lap in LAPS),
                f"{statistics.median(totals[way]):.3f}",
                f"{ratio:.2f}",
                f"{median['whole']:.3f}",
                f"{median['peak']:.0f}",
            ]
        )
    head = ["way", *LAPS, "the three", "against PyTorch", "whole process", "peak MiB"]
    print(paired.table(head, rows))


if __name__ == "__main__":
    main()
