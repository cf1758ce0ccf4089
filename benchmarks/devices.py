"""Training on several devices: milliseconds a step and peak memory on 1, 2 and 4, on JAX.

Run:       python benchmarks/devices.py
Needs:     pip install -c constraints.txt -e ".[train,jax]"
Prints:    a markdown table a network; benchmarks/training.md keeps them

As `benchmarks/training.py`, with its networks, images and rounds: each number of devices trains in
processes of its own that alternate, one epoch to warm up, then three that are timed within one
`fit`, of which the fastest counts. The devices are virtual ones of the CPU, which share its cores
and a pool of `THREADS` threads: on one of two threads they waited for one another for ever.
"""

import argparse
import itertools
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

import paired
from training import EPOCHS, NETWORKS, images

COUNTS = (1, 2, 4)
THREADS = "16"


def one(network, batch, latent, image, steps, devices):
    """Milliseconds a step, peak MiB and parameters on so many devices, in this process."""
    import keras

    from zoo import catalog, training
    from zoo.training.devices import spread
    from zoo.training.loop import compile_model

    x = images(batch * steps, image)
    ends = [time.perf_counter()]
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
    )
    model = getattr(catalog, NETWORKS[network])(x.shape[1:], latent=latent)
    with spread(model, devices):
        compile_model(model, training.Settings(epochs=100), steps)
        fixed = {"batch_size": batch, "epochs": 1 + EPOCHS, "shuffle": False, "verbose": 0}
        model.fit(x, x, callbacks=[clock], **fixed)
    seconds = [end - begin for begin, end in itertools.pairwise(ends)]
    milliseconds = 1e3 * min(seconds[1:]) / steps
    return {"ms": milliseconds, "peak": paired.peak(), "parameters": model.count_params()}


def in_a_process(options):
    """`one` in a fresh process that has as many virtual devices of the CPU."""
    flags = f"--xla_force_host_platform_device_count={options['devices']}"
    done = subprocess.run(
        [sys.executable, __file__, "--one", json.dumps(options)],
        env=os.environ
        | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "NPROC": THREADS},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{options}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def rows(found):
    """Rows of a table: milliseconds, memory, and the ratio of each to one device's."""
    first = found[COUNTS[0]]
    for count, runs in found.items():
        pairs = zip(runs, first, strict=True)
        ratio = statistics.median(mine["ms"] / theirs["ms"] for mine, theirs in pairs)
        peak, least = (max(each["peak"] for each in which) for which in (runs, first))
        times = f"{statistics.median(each['ms'] for each in runs):.1f}", f"{ratio:.2f}"
        yield [str(count), *times, f"{peak:,.0f}", f"{peak / least:.2f}"]


def main():
    """Compares the numbers of devices on each network and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--latent", type=int, default=50)
    parser.add_argument("--image", type=int, default=28, help="height and width, a multiple of 4")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(**json.loads(given.one))))
        return
    print(f"`{shlex.join(['python', 'benchmarks/devices.py', *sys.argv[1:]])}`\n")
    print(paired.machine("jax", "keras"))
    print(f"Medians of {given.rounds} rounds." if given.rounds > 1 else "One round.")
    fixed = {name: getattr(given, name) for name in ("batch", "latent", "image", "steps")}
    for network in given.networks:
        found = {count: [] for count in COUNTS}
        for turn in range(given.rounds):
            order = COUNTS[turn % len(COUNTS) :] + COUNTS[: turn % len(COUNTS)]
            for count in order:
                found[count].append(in_a_process({**fixed, "network": network, "devices": count}))
        said = ", ".join(f"{name} {fixed[name]}" for name in ("batch", "latent", "image"))
        parameters = found[1][0]["parameters"]
        head = [f"devices ({network}, {said})", "ms a step", "ratio", "peak MiB", "ratio"]
        print(f"\n{parameters:,} parameters\n\n{paired.table(head, rows(found))}", flush=True)


if __name__ == "__main__":
    main()
