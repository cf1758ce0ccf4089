"""What averages of the weights and the skipping of steps cost: milliseconds of a training step.

Run:       python benchmarks/averages.py
           KERAS_BACKEND=jax python benchmarks/averages.py --model dense_vae
Prints:    a markdown table; docs/training.md keeps it

One process trains a model a way, in rounds that alternate between the ways, so that a machine which
slows down slows all of them. A round is an epoch of one `fit` whose first step is not counted.
Reported: the median over rounds, and the median over rounds of the ratio to the first way.
"""

import argparse
import itertools
import math
import statistics
import time

import keras
from training import images

from zoo import catalog
from zoo.training import Settings
from zoo.training.loop import compile_model

WAYS = {
    "neither": {},
    "averages": {"ema": 0.999},
    "skipping": {"skip_norm": 1e9},
    "both": {"ema": 0.999, "skip_norm": 1e9},
}


class Clock(keras.callbacks.Callback):
    """When each step was done."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # or the step may not yet be done
        self.ends.append(time.perf_counter())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="hierarchical_vae")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    x = images(given.batch * (1 + given.steps), 28)
    models, times = {}, {way: [] for way in WAYS}
    for way, settings in WAYS.items():
        models[way] = catalog.build(given.model, x.shape[1:])
        compile_model(models[way], Settings(epochs=100, **settings), 1 + given.steps)
    for round_ in range(1 + given.rounds):  # the first compiles
        for way, model in models.items():
            clock = Clock()
            options = {"batch_size": given.batch, "shuffle": False, "verbose": 0}
            model.fit(x, x, callbacks=[clock], **options)
            if round_:
                steps = [after - before for before, after in itertools.pairwise(clock.ends)]
                times[way].append(1e3 * statistics.median(steps))
    sizes = [math.prod(weight.shape) for weight in models["neither"].trainable_weights]
    backend = keras.backend.backend()
    print(f"{given.model}, {backend}: {sum(sizes):,} weights in {len(sizes)} tensors\n")
    print("| way | ms a step | against neither | rounds |\n|---|---|---|---|")
    for way, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times["neither"], strict=True))
        rounds = ", ".join(f"{value:.1f}" for value in values)
        print(f"| {way} | {statistics.median(values):.1f} | {ratio:.3f} | {rounds} |")


if __name__ == "__main__":
    main()
