"""Inference of one network with one set of weights: ONNX Runtime, PyTorch and TensorFlow.

Run:       python benchmarks/inference.py
           python benchmarks/inference.py --artifact exports/conv_vae-mnist
           python benchmarks/inference.py --image 56 --batches 32
           python benchmarks/inference.py --latent 200 --batches 32
Needs:     pip install -c constraints.txt -e ".[bench]", and a C++ compiler for torch.compile
Prints:    a markdown table a batch size, command and machine; benchmarks/inference.md keeps them

Without --artifact, a network of `catalog.conv_vae`'s default size, or over other images or latents,
is trained for ten steps and published through the real export. What the weights are changes no
latency, once no bias is 0: the converter leaves out a zero bias.

Every way is first checked equal to the artifact's test data within the contract's tolerances. Then
they take turns (benchmarks/paired.py) in one process with as many threads each. Each gets its
inputs as its own tensors, made before, and PyTorch the faster of its two memory formats; TensorFlow
runs the SavedModel's signature, `zoo.load` the call an app makes, input checks included.
"""

import argparse
import contextlib
import os
import shlex
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnxruntime
import paired
import tensorflow as tf
import torch
import torch._dynamo.config
import torch._inductor.config
import torch_port

import zoo
import zoo.catalog  # registers the classes that a .keras file names
from zoo.datasets import binarize
from zoo.runtime import replay, replay_in_words

ENDPOINTS = ("encode", "decode", "reconstruct")
FORMATS = {"contiguous": False, "channels last": True}
PEERS = ("PyTorch eager", "PyTorch compiled")


def untrained(folder, image, latent):
    """An artifact of `catalog.conv_vae` over digits enlarged to image x image, trained ten steps.

    Args:
        image: height and width; a multiple of 4, as two convolutions halve it.
        latent: size of the latent vector.
    """
    digits = np.concatenate([s.batch(slice(None)) for s in _splits(zoo.datasets.load("digits"))])
    nearest = np.arange(image) * digits.shape[1] // image
    np.save(folder / "enlarged.npy", digits[:, nearest][:, :, nearest])
    data = binarize(zoo.datasets.load(folder / "enlarged.npy"), "dynamic")
    model = zoo.catalog.conv_vae(data.event_shape, latent=latent)
    settings = zoo.training.Settings(epochs=1, steps_per_epoch=10)
    run = zoo.training.fit(model, data, settings, folder / "run")
    report = zoo.evaluation.report(model, data, samples=2)
    figures = zoo.evaluation.draw(model, data, run.history, report.means, folder / "figures")
    recipe = {"script": "benchmarks/inference.py", "config": {}, "seed": 0}
    target = folder / "conv_vae-enlarged"
    zoo.export.publish(
        model, data, run, report, figures, recipe, target, "python benchmarks/inference.py"
    )
    return target


def _splits(data):
    return data.train, data.test


def onnxruntime_ways(folder, threads):
    """{way: run} of the two ways to call ONNX Runtime; run: (endpoint, inputs) -> outputs."""
    artifact = zoo.load(folder, threads=threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    sessions = {
        name: onnxruntime.InferenceSession(
            folder / "onnx" / f"{name}.onnx", options, providers=["CPUExecutionProvider"]
        )
        for name in ENDPOINTS
    }

    def session(name, inputs):
        names = [value.name for value in sessions[name].get_outputs()]
        return dict(zip(names, sessions[name].run(names, inputs), strict=True))

    return {
        "zoo.load": lambda name, inputs: getattr(artifact, name)(**inputs)._asdict(),
        "bare session": session,
    }


def torch_ways(model):
    """{way: run} of PyTorch, eager and compiled, in both memory formats.

    Compiled for one batch size: a graph of its own each time, so that no other graph's guards
    are tried before its own.
    """
    ways = {}
    for memory, channels_last in FORMATS.items():
        module = torch_port.Endpoints(model, channels_last).eval()
        eager = {name: torch_port.traced(module, name) for name in ENDPOINTS}
        compiled = {
            name: torch.compile(torch_port.traced(module, name), dynamic=False)
            for name in ENDPOINTS
        }
        for peer, calls in zip(PEERS, (eager, compiled), strict=True):
            ways[f"{peer}, {memory}"] = lambda name, inputs, calls=calls: calls[name](
                *inputs.values()
            )
    return ways


def tensorflow_way(folder):
    """The signatures of the SavedModel."""
    loaded = tf.saved_model.load(str(folder / "saved_model" / "1"))
    return {"TensorFlow": lambda name, inputs: loaded.signatures[name](**inputs)}


def own_tensors(way, inputs):
    """numpy arrays as the tensors of a way's library."""
    if way.startswith("PyTorch"):
        return {key: torch.from_numpy(value) for key, value in inputs.items()}
    if way == "TensorFlow":
        return {key: tf.constant(value) for key, value in inputs.items()}
    return inputs


def require_equal(ways, folder, endpoints):
    """Raises unless every way answers as the trained model did, within the contract."""
    for way, run in ways.items():

        def answer(name, inputs, way=way, run=run):
            found = run(name, own_tensors(way, inputs))
            return {key: np.asarray(value) for key, value in found.items()}

        for name in ENDPOINTS:
            rows = replay.replay(way, answer, endpoints[name], folder)
            if not all(row.ok for row in rows):
                raise SystemExit("not the same network:\n" + replay_in_words.table(rows))
        print(f"{way}: equal to the trained model", file=sys.stderr)


def inputs_of(folder, name, endpoint, batch):
    """The artifact's test inputs, repeated to fill a batch."""
    given, _ = replay.read(folder, endpoint)
    return {
        key: np.ascontiguousarray(np.resize(value, (batch, *value.shape[1:])))
        for key, value in given.items()
    }


def best_formats(found):
    """PyTorch's ways, each in the memory format whose median is lower."""
    best = {way: timing for way, timing in found.items() if not way.startswith("PyTorch")}
    for peer in PEERS:
        both = {way: timing for way, timing in found.items() if way.startswith(peer)}
        way = min(both, key=lambda w: both[w].median)
        best[peer] = both[way]
    return best


def table(ways, folder, endpoints, batch, rounds):
    """One batch size: a line an endpoint, milliseconds, and as many times the bare session's."""
    rows, head = [], None
    for name in ENDPOINTS:
        inputs = inputs_of(folder, name, endpoints[name], batch)
        calls = {}
        for way, run in ways.items():
            tensors = own_tensors(way, inputs)
            calls[way] = lambda run=run, name=name, tensors=tensors: run(name, tensors)
        found = paired.measure(calls, rounds)
        for way, timing in found.items():
            print(f"{name} {batch} {way}: {timing.median:.3f} ms", file=sys.stderr)
        best = best_formats(found)
        base = best["bare session"]
        rows.append([name, *(timing.against(base) for timing in best.values())])
        head = [f"batch {batch}", *best]
    return paired.table(head, rows)


def main():
    """Prepares every way, proves them equal, times them, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--artifact", type=Path, help="a convolutional VAE; default: one is made")
    parser.add_argument("--image", type=int, default=28, help="size of the one that is made")
    parser.add_argument("--latent", type=int, default=32, help="latents of the one that is made")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(given.threads)
    torch.set_num_threads(given.threads)
    torch._inductor.config.freezing = True  # weights packed once: what PyTorch offers for inference
    torch._dynamo.config.recompile_limit = 64  # the proof alone takes three batch sizes
    with tempfile.TemporaryDirectory() as temporary, torch.inference_mode():
        folder = given.artifact
        if folder is None:
            with contextlib.redirect_stdout(sys.stderr):
                folder = untrained(Path(temporary), given.image, given.latent)
        endpoints = zoo.load(folder).endpoints
        model = keras.saving.load_model(folder / "model.keras")
        ways = onnxruntime_ways(folder, given.threads)
        ways |= torch_ways(model) | tensorflow_way(folder)
        require_equal(ways, folder, endpoints)
        print(f"`{shlex.join(['python', 'benchmarks/inference.py', *sys.argv[1:]])}`\n")
        print(
            f"{paired.machine('onnxruntime', 'torch', 'tensorflow', 'keras')} {given.threads} "
            f"threads each. Milliseconds: the fastest call of a round, median of {given.rounds} "
            "rounds; in brackets as many times the bare session's, within rounds."
        )
        for batch in given.batches:
            ways |= torch_ways(model)
            print("\n" + table(ways, folder, endpoints, batch, given.rounds), flush=True)


if __name__ == "__main__":
    main()
