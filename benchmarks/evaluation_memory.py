"""Peak memory of evaluating a model of pictures: of all that `zoo.evaluate` does, or of one call.

Run:       python benchmarks/evaluation_memory.py conv_vae 128 128 3 --examples 100
           python benchmarks/evaluation_memory.py conv_vae 128 128 3 --call log_weight --values 5e7
Kept in:   docs/training.md, "Memory of an evaluation"

The model is untrained, pictures are noise: neither matters. Memory is what the process holds at
most, less what it held before; each command is a process of its own, since what has been freed
stays with it. A call is also stated in tensors of the largest size that the model makes of a draw
(`zoo.evaluation.chunks.ALIVE`) and of the size of its raw output (`chunks.DENSITY`). Linux.
"""

import argparse
import math
import re
import time
from pathlib import Path

import keras
import numpy as np

import zoo
import zoo.catalog
from zoo.evaluation import nats
from zoo.evaluation.compilation import compiled_method

WHOLE = ("evaluate", "scores")


def held(what):
    """MiB that this process holds: now, VmRSS, or held at most, VmHWM."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024


def peak(run):
    """(MiB that a run took at most, seconds)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, began = held("VmRSS"), time.monotonic()
    run()
    return held("VmHWM") - before, time.monotonic() - began


def made(shape, count, seed=0):
    """`count` test examples, and as many for training, of noise in 8 bits."""
    x = np.random.default_rng(seed).integers(0, 256, (2 * count, *shape)).astype(np.uint8)
    schema = zoo.datasets.Schema("image", shape, spacing=1 / 255, uint8=True)
    splits = (zoo.datasets.Split(x[:count]), zoo.datasets.Split(x[count:]))
    return zoo.datasets.binarize(
        zoo.datasets.Dataset("noise", *splits, schema, "made", "none", "half"), "none"
    )


def of_call(model, method, values):
    """A line of one compiled call, on so many values of the model's largest tensor."""
    draws = max(3, int(values / model.widest_decoding))
    x = np.zeros((1, *model.event_shape), np.float32)
    call = compiled_method(model, method)

    def given(draws):
        if method != "log_weight":
            return (np.repeat(x, draws, axis=0),)
        return x, nats.noise(0, 0, 0, 1, draws, nats.kinds(model))

    for few in (1, 2):
        call(*given(few))  # what compiling takes is not counted
    many = given(draws)
    mib, _ = peak(lambda: call(*many))
    raw = math.prod(model.likelihood.raw_shape(model.event_shape))
    times = [mib * 2**20 / 4 / draws / size for size in (model.widest_decoding, raw)]
    return f"{draws:,} rows, {mib:.0f} MiB, {times[0]:.1f} largest, {times[1]:.1f} raw outputs"


def of_whole(model, what, given):
    """A line of an evaluation."""
    data = made(model.event_shape, given.examples)
    run = {
        "evaluate": lambda: zoo.evaluate(model, data, samples=given.samples),
        "scores": lambda: nats.scores(model, data.test),
    }[what]
    mib, seconds = peak(run)
    return f"{what} of {given.examples} examples, {mib:.0f} MiB, {seconds:.0f} s"


def main():
    """Prints one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="of zoo.catalog")
    parser.add_argument("shape", type=int, nargs=3)
    parser.add_argument("--call", default="evaluate", help=f"{', '.join(WHOLE)}, or a method")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--samples", type=int, default=200, help="K")
    parser.add_argument("--values", type=float, default=5e7)
    parser.add_argument("--likelihood", default="discretized_logistic")
    given = parser.parse_args()
    shape = tuple(given.shape)
    model = zoo.catalog.build(given.model, shape, likelihood=given.likelihood)
    print(f"{model.name} of {shape}, Keras on {keras.backend.backend()}", end=": ")
    if given.call in WHOLE:
        print(of_whole(model, given.call, given))
    else:
        print(of_call(model, given.call, given.values))


if __name__ == "__main__":
    main()
