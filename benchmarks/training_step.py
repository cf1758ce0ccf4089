"""Milliseconds of a training step: how the zoo compiles it against the other ways Keras offers.

Run:       python benchmarks/training_step.py
Prints:    a markdown table; `auto` of `--compiler` rests on it, and that recipes turn oneDNN on

Each way runs in processes of its own, in rounds that alternate between the ways, so that a machine
which slows down slows all of them. Reported: the median over rounds of each round's median step,
and its ratio to the fastest way. The step is `train_on_batch` on one fixed batch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

WAYS = {
    "TensorFlow, graph": ("tensorflow", False, "1"),
    "TensorFlow, graph without oneDNN": ("tensorflow", False, "0"),
    "TensorFlow, XLA": ("tensorflow", True, "1"),
    "JAX": ("jax", True, "0"),
}


def measure(network, shape, batch, steps, xla):
    """Median milliseconds of a step in this process, after five steps to warm up."""
    import time

    import keras
    import numpy as np

    from zoo import catalog

    keras.utils.set_random_seed(0)
    model = catalog.build(f"{network}_vae", shape, latent=32)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=xla)
    x = np.random.default_rng(0).integers(0, 2, size=(batch, *shape)).astype(np.float32)
    times = []
    for _ in range(steps + 5):
        began = time.perf_counter()
        model.train_on_batch(x, x)
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times[5:])


def in_a_process(backend, xla, onednn, options):
    """`measure` in a fresh process on a backend; None where the backend is not installed."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps({"xla": xla, **options})],
        env=os.environ
        | {
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": onednn,
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        if "No module named 'jax'" in done.stderr:
            return None
        raise RuntimeError(done.stderr)
    return float(done.stdout.splitlines()[-1])


def main():
    """Alternates between the ways and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=("conv", "dense"), default="conv")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--shape", type=int, nargs=3, default=(28, 28, 1))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(measure(**json.loads(given.one)))
        return
    options = {
        "network": given.network,
        "shape": list(given.shape),
        "batch": given.batch,
        "steps": given.steps,
    }
    times = {name: [] for name in WAYS}
    for round_ in range(given.rounds):
        for name, way in WAYS.items():
            value = in_a_process(*way, options)
            if value is not None:
                times[name].append(value)
        print(f"round {round_ + 1} of {given.rounds}", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in times.items() if values}
    fastest = min(medians.values())
    print("| way | ms a step | against the fastest | rounds |\n|---|---|---|---|")
    for name, value in medians.items():
        rounds = ", ".join(f"{t:.1f}" for t in times[name])
        print(f"| {name} | {value:.1f} | {value / fastest:.2f} | {rounds} |")


if __name__ == "__main__":
    main()
