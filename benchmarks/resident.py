"""What it costs a training step that its examples lie on the device: against the host's batches.

Run:       python benchmarks/resident.py
           KERAS_BACKEND=jax python benchmarks/resident.py --model dense_vae
Prints:    a markdown table; docs/training.md keeps it

One process trains a model both ways, on grey 28x28 pictures that are binarized anew at each visit,
in rounds that alternate between the ways, so that a machine which slows down slows both. A round is
an epoch of one `fit` whose first step is not counted. Reported: medians over the rounds of the
milliseconds of a step by the clock and of the processor (all threads), which says more where a
machine has other work.
"""

import argparse
import statistics
import time

import keras
import numpy as np

from zoo import catalog, datasets
from zoo.training import Settings
from zoo.training.loop import compile_model


class Clock(keras.callbacks.Callback):
    """When the first step was done, by the clock and by the processor."""

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # or the step may not yet be done
        if batch == 0:
            self.began = time.perf_counter(), time.process_time()


def pictures(count):
    """uint8 [count, 28, 28, 1], about as dark as digits."""
    generator = np.random.default_rng(0)
    ink = generator.random((count, 28, 28, 1)) < 0.2
    return (ink * generator.integers(0, 256, ink.shape)).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="conv_vae")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    data = datasets.binarize(datasets.from_arrays(pictures(50 * given.batch)), "dynamic").train
    ways, times = {}, {"host": [], "device": []}
    for way in times:
        batches = data.training_batches(given.batch, 0, given.steps)
        model = catalog.build(given.model, (28, 28, 1))
        compile_model(model, Settings(epochs=100), given.steps)
        if way == "device":
            model.feed = batches.stay_on_device()
        ways[way] = model, batches
    for round_ in range(1 + given.rounds):  # the first compiles
        for way, (model, batches) in ways.items():
            clock = Clock()
            model.fit(batches, callbacks=[clock], shuffle=False, verbose=0)
            ended = time.perf_counter(), time.process_time()
            if round_:
                passed = zip(ended, clock.began, strict=True)
                times[way].append([1e3 * (a - b) / (given.steps - 1) for a, b in passed])
    print("| model | examples | ms a step | processor ms a step |\n|---|---|---|---|")
    for way, rounds in times.items():
        clock, processor = (statistics.median(each) for each in zip(*rounds, strict=True))
        print(f"| {given.model} | {way} | {clock:.1f} | {processor:.1f} |")


if __name__ == "__main__":
    main()
