"""Four ways to grow an image in a decoder: nats, latency in ONNX Runtime, cost of a training step.

Run:       python benchmarks/decoders.py --dataset mnist --epochs 6
Cost:      with the embedded digits, the default, about two minutes; MNIST, see decoders.md
Prints:    a markdown table and the protocol; progress goes to standard error

Encoder, dense layers, filters, seed, order and binarization of the data are the same for all. What
is trained and evaluated is kept under --out, a variant as it comes, and not repeated; a training
run that was interrupted goes on. The timings are made anew at every call: rounds alternate between
the variants, in ONNX Runtime through `decode` as the real export writes it.
"""

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx
import onnxruntime
import paired
from decoder_variants import LATENT, VARIANTS, build, draw_biases

import zoo
from zoo.evaluation import nats
from zoo.export import onnx as graphs

BATCHES = (1, 32, 256)


def evaluate(name, given, seed):
    """Trains one variant and evaluates it: {"elbo", "reconstruction", "kl", "nll"}, nats."""
    loaded = zoo.datasets.load(given.dataset)
    model = build(name, loaded.event_shape, seed)
    few = dataclasses.replace(loaded, test=loaded.test.take(given.examples))
    data = zoo.datasets.binarize(few, "dynamic", 0)
    settings = zoo.training.Settings(epochs=given.epochs, patience=0, seed=seed)
    folder = given.out / f"{name.replace(' ', '_').replace(',', '')}-{given.epochs}-{seed}"
    zoo.training.fit(model, data, settings, folder, resume=True)
    found = dict(nats.elbo(model, data.test, seed=0))
    found["nll"] = -np.mean(nats.log_likelihood(model, data.test, 0, given.samples))
    return {key: float(value) for key, value in found.items()} | {"n": len(data.test)}


def all_nats(given):
    """{(variant, seed): nats}; what another call of this script did is read, not repeated."""
    path = given.out / "nats.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    wanted = {}
    for seed in given.seeds:
        for name in VARIANTS:
            key = f"{name}|epochs {given.epochs}|seed {seed}|K {given.samples}|n {given.examples}"
            if key not in kept:
                kept[key] = evaluate(name, given, seed)
                path.write_text(json.dumps(kept, indent=1) + "\n")
                print(f"{key}: {kept[key]}", file=sys.stderr, flush=True)
            wanted[name, seed] = kept[key]
    return wanted


def exported(name, event_shape, folder):
    """The path of decode.onnx, as the real export writes it; weights drawn, biases too."""
    model = build(name, event_shape, 0)
    draw_biases(model)
    endpoints = model.endpoints()
    target = Path(folder) / str(list(VARIANTS).index(name))
    target.mkdir()
    graphs.write(model, {"decode": endpoints["decode"]}, target)
    return target / "onnx" / "decode.onnx"


def latencies(paths, given):
    """{batch: {variant: Timing}} of decode in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = given.threads
    sessions = {
        name: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for name, path in paths.items()
    }
    found = {}
    for batch in BATCHES:
        z = np.random.default_rng(0).standard_normal((batch, LATENT)).astype(np.float32)
        ways = {name: lambda s=s, z=z: s.run(None, {"z": z}) for name, s in sessions.items()}
        found[batch] = paired.measure(ways, given.rounds)
    return found


def training_steps(event_shape, given, batch=128):
    """{variant: Timing} of `train_on_batch`, graph-compiled."""
    x = np.random.default_rng(0).integers(0, 2, size=(batch, *event_shape)).astype(np.float32)
    ways = {}
    for name in VARIANTS:
        model = build(name, event_shape, 0)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
        ways[name] = lambda model=model: model.train_on_batch(x, x)
    return paired.measure(ways, steps_rounds(given))


def steps_rounds(given):
    """Rounds of training steps: a third of the others, for they take long."""
    return max(3, given.rounds // 3)


def row(name, path, measured, event_shape, seeds):
    """One line of the table."""
    nats_found, latency, steps = measured
    mean = {
        key: statistics.mean(nats_found[name, seed][key] for seed in seeds)
        for key in ("elbo", "nll")
    }
    each = ", ".join(f"{nats_found[name, seed]['nll']:.2f}" for seed in seeds)
    base = list(VARIANTS)[-1]
    return [
        name,
        f"{build(name, event_shape, 0).decoder.count_params():,}",
        str(len(onnx.load(path).graph.node)),
        *(latency[batch][name].against(latency[batch][base]) for batch in BATCHES),
        steps[name].against(steps[base], digits=1),
        f"{mean['elbo']:.2f}",
        f"{mean['nll']:.2f}" + (f" ({each})" if len(seeds) > 1 else ""),
    ]


def main():
    """Trains what is not yet trained, times everything, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--samples", type=int, default=100, help="K of the importance sampling")
    parser.add_argument("--examples", type=int, default=2000, help="n: the first test images")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="default: exports/decoders-<dataset>.run")
    parser.add_argument("--nats-only", action="store_true", help="do not time anything")
    given = parser.parse_args()
    given.out = (
        given.out or Path("exports") / f"decoders-{zoo.datasets.load(given.dataset).name}.run"
    )
    given.out.mkdir(parents=True, exist_ok=True)
    event_shape = zoo.datasets.load(given.dataset).event_shape
    found = all_nats(given)
    if given.nats_only:
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: exported(name, event_shape, folder) for name in VARIANTS}
        measured = found, latencies(paths, given), training_steps(event_shape, given)
        rows = [row(name, path, measured, event_shape, given.seeds) for name, path in paths.items()]
    head = ["decoder", "parameters", "nodes", *(f"ms, batch {batch}" for batch in BATCHES)]
    print(paired.table([*head, "ms a step", "ELBO", "NLL"], rows))
    print(protocol(given, found, event_shape))


def protocol(given, found, event_shape):
    """What the table's figures are of."""
    n = next(iter(found.values()))["n"]
    return (
        f"\n{given.dataset}, {list(event_shape)}; {given.epochs} epochs, batch 128, seeds "
        f"{', '.join(map(str, given.seeds))}; NLL: K={given.samples}, n={n:,} test images (the "
        "first ones), dynamic binarization drawn once with seed 0, noise of seed 0; nats. "
        f"Latency: ONNX Runtime, {given.threads} threads, `decode`; a training step: TensorFlow "
        f"graph, batch 128. Both are the fastest call of a round, median of {given.rounds} and "
        f"{steps_rounds(given)} rounds; in brackets as many times the last line's, within rounds.\n"
        + paired.machine("onnxruntime", "tensorflow", "keras", "tf2onnx")
    )


if __name__ == "__main__":
    main()
