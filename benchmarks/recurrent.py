"""Milliseconds in ONNX Runtime of recurrent layers: the zoo's graphs against tf2onnx's own.

Run:       python benchmarks/recurrent.py
Prints:    a markdown table; it is kept in benchmarks/recurrent.md

The same untrained model is converted twice: by `zoo.export`, where recurrent layers become ONNX's
LSTM and GRU, and by tf2onnx left to itself, through the same optimisation. The two take turns call
by call, so that a machine which slows down slows both. Reported: the median call of each, and the
median over rounds of their ratio. One thread an operator unless asked: on a machine that others
use, threads wait for each other longer than they compute.
"""

import argparse
import collections
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import onnxruntime
import tf2onnx

from zoo import catalog
from zoo.export import onnx as exporter
from zoo.export.onnx_graph.conversion import OPSET
from zoo.export.onnx_graph.optimize import optimized
from zoo.export.saved_model import functions

ENDPOINTS = ("encode", "decode")
VARIANTS = ((), ("lengths",), ("bidirectional",), ("lengths", "bidirectional"))


def graphs(model, folder):
    """{endpoint: (path of the zoo's graph, path of tf2onnx's)}."""
    endpoints = model.endpoints()
    endpoints = {name: endpoints[name] for name in ENDPOINTS}
    exporter.write(model, endpoints, folder)
    found = {}
    for name, (function, specs) in functions(model, endpoints).items():
        graph, _ = tf2onnx.convert.from_function(function, specs, opset=OPSET)
        path = folder / f"{name}.onnx"
        onnx.save(optimized(graph), str(path))
        found[name] = folder / "zoo" / f"{name}.onnx", path
    return found


def nodes(path):
    """How many operators a graph holds, those within loops included, and its recurrent ones."""
    waiting, found = [onnx.load(path).graph], collections.Counter()
    while waiting:
        for node in waiting.pop().node:
            found[node.op_type] += 1
            waiting += [each.g for each in node.attribute if each.HasField("g")]
    kinds = [f"{n} {kind}" for kind, n in found.items() if kind in ("LSTM", "GRU", "Loop")]
    return f"{sum(found.values())} ({', '.join(kinds)})"


def measure(paths, feeds, rounds, provider, threads):
    """Milliseconds of each graph's calls, in turns, and how much they differ at most."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    sessions = [
        onnxruntime.InferenceSession(str(path), options, providers=[provider]) for path in paths
    ]
    feeds = {each.name: feeds[each.name] for each in sessions[0].get_inputs()}
    names = [value.name for value in sessions[0].get_outputs()]
    answers = [session.run(names, feeds) for session in sessions]  # and once more, to warm up
    times = [[], []]
    for _ in range(rounds):
        for session, taken in zip(sessions, times, strict=True):
            began = time.perf_counter()
            session.run(names, feeds)
            taken.append(1e3 * (time.perf_counter() - began))
    return times, max(np.abs(a - b).max() for a, b in zip(*answers, strict=True))


def main():
    """Builds, converts, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--shape", type=int, nargs=3, default=(28, 28, 1))
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 32, 256))
    parser.add_argument("--threads", type=int, default=1, help="of an operator; 0: ONNX Runtime's")
    parser.add_argument("--provider", default="CPUExecutionProvider")
    given = parser.parse_args()
    print(
        "| cell | endpoint | operators, tf2onnx | operators, zoo | batch | tf2onnx, ms | zoo, ms | "
        "times faster | largest difference |\n|---|---|---|---|---|---|---|---|---|"
    )
    random = np.random.default_rng(0)
    for cell, kinds in itertools.product(("gru", "lstm"), VARIANTS):
        keras.utils.set_random_seed(0)
        options = {"units": given.units, "cell": cell} | dict.fromkeys(kinds, True)
        model = catalog.rnn_vae(tuple(given.shape), **options)
        with tempfile.TemporaryDirectory() as folder:
            for endpoint, paths in graphs(model, Path(folder)).items():
                for batch in given.batches:
                    feeds = {
                        "x": random.random((batch, *given.shape), dtype=np.float32),
                        "z": random.standard_normal((batch, model.latent), dtype=np.float32),
                        "length": random.integers(1, given.shape[0] + 1, batch, dtype=np.int32),
                    }
                    (ours, theirs), off = measure(
                        paths, feeds, given.rounds, given.provider, given.threads
                    )
                    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
                    print(
                        f"| {', '.join((cell, *kinds))} | {endpoint} | {nodes(paths[1])} | "
                        f"{nodes(paths[0])} | {batch} | {statistics.median(theirs):.2f} | "
                        f"{statistics.median(ours):.2f} | {ratio:.1f} | {off:.0e} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
