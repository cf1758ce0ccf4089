"""Milliseconds of a training step: how the zoo compiles it against the other ways Keras offers.

Run:       python benchmarks/training_step.py
           python benchmarks/training_step.py --network dense
Prints:    a markdown table; `auto` of `--compiler` rests on it, that recipes turn oneDNN on, and
           `zoo.training.adam`

Each way runs in processes of its own, in rounds that alternate between the ways, so that a machine
which slows down slows all of them. Reported: the median over rounds of the milliseconds of a step,
and its ratio to the fastest way. A step is measured as `training.py` measures the zoo's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from training import of_the_zoo

WAYS = {
    "TensorFlow, graph": ("tensorflow", "graph", "1", True),
    "TensorFlow, graph, Keras's Adam": ("tensorflow", "graph", "1", False),
    "TensorFlow, graph without oneDNN": ("tensorflow", "graph", "0", True),
    "TensorFlow, XLA": ("tensorflow", "xla", "1", True),
    "JAX": ("jax", "auto", "0", True),
}


def measure(fused, **options):
    """Milliseconds of a step in this process."""
    import keras

    from zoo.training.adam import Adam

    if not fused:
        Adam.update_step = keras.optimizers.Adam.update_step
    _, seconds = of_the_zoo(**options)
    return 1e3 * min(seconds[1:]) / options["steps"]


def in_a_process(backend, compiler, onednn, fused, options):
    """`measure` in a fresh process on a backend; None where the backend is not installed."""
    options = options | {"compiler": compiler, "fused": fused}
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps(options)],
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
    parser.add_argument("--latent", type=int, default=32)
    parser.add_argument("--image", type=int, default=28, help="height and width, a multiple of 4")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(measure(**json.loads(given.one)))
        return
    names = ("network", "batch", "latent", "image", "steps")
    options = {name: getattr(given, name) for name in names}
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
