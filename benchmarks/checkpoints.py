"""How long training waits for a checkpoint: written between two steps, and written aside.

Run:       python benchmarks/checkpoints.py
           KERAS_BACKEND=jax python benchmarks/checkpoints.py --model dense_vae
Prints:    a markdown table; docs/training.md keeps it

A checkpoint of a model with Adam's moments and averages of its weights, in rounds that alternate
between the two ways. "Aside" is the copying of what is to be written, which is all that training
waits for; no step runs meanwhile, which would make both longer. Reported: medians over the rounds.
"""

import argparse
import functools
import statistics
import tempfile
import time
from pathlib import Path

from zoo import catalog
from zoo.training import Settings, checkpoint
from zoo.training.aside import Aside
from zoo.training.loop import compile_model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="hierarchical_vae")
    parser.add_argument("--image", type=int, default=28, help="height and width")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    model = catalog.build(given.model, (given.image, given.image, 1))
    compile_model(model, Settings(epochs=1, ema=0.999), 2)
    state = checkpoint.Progress(), checkpoint.snapshot(model.weights), {}
    between, aside = [], []
    with tempfile.TemporaryDirectory() as folder, Aside() as writer:
        for _ in range(given.rounds):
            began = time.perf_counter()
            checkpoint.write(folder, checkpoint.taken(model, *state))
            between.append(time.perf_counter() - began)
            began = time.perf_counter()
            write = functools.partial(checkpoint.write, folder, checkpoint.taken(model, *state))
            writer.put(checkpoint.FILE, write)
            aside.append(time.perf_counter() - began)
            writer.finish()
        size = (Path(folder) / checkpoint.FILE).stat().st_size
    print("| model | MB | ms between steps | ms aside |\n|---|---|---|---|")
    waits = " | ".join(f"{1e3 * statistics.median(each):.1f}" for each in (between, aside))
    print(f"| {given.model} | {size / 1e6:.1f} | {waits} |")


if __name__ == "__main__":
    main()
