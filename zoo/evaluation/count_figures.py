"""Counts in two pictures: what they are reconstructed to, and what is generated, by feature."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from zoo import noise
from zoo.evaluation import log_axis
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.png import save

EXAMPLES = 200
MOST_POINTS = 20_000


def draw(model, data, folder, seed=0):
    """Draws `reconstructions.png`, and `samples.png` where there is a prior, into the folder.

    Args:
        data: what `zoo.datasets.binarize` gives, of counts with a library.
        seed: of the prior's samples.
    """
    reconstructions(model, data, folder)
    if model.generates:
        samples(model, data, seed, folder)


def reconstructions(model, data, folder):
    """Test counts against the means that they are reconstructed to."""
    inputs = data.test.inputs(np.arange(min(EXAMPLES, len(data.test))), model.conditions)
    x, mean = inputs[0].ravel(), compiled_method(model, "reconstruct")(*inputs)["x_mean"].ravel()
    some = np.random.default_rng(0).permutation(len(x))[:MOST_POINTS]
    figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
    spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(some))  # counts lie on one another
    axes.scatter(np.maximum(x[some] + spread, 0.0), mean[some], s=4, alpha=0.25, linewidths=0)
    end = max(float(x.max()), float(mean.max()), 1.0)
    axes.plot([0, end], [0, end], color="0.4", linewidth=0.8)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set(xlabel="test count", ylabel="mean of its reconstruction")
    axes.set_title("test counts and their reconstructions", fontsize=10)
    save(figure, folder / "reconstructions.png")


def samples(model, data, seed, folder):
    """By feature: share of the library, its mean and its spread, in test and in generated means."""
    x = data.test.examples(np.arange(min(EXAMPLES, len(data.test))))
    library = x.sum(axis=1)
    x, library = x[library > 0], library[library > 0]
    count = EXAMPLES
    # Split seeds: inside a compiled call JAX has no int64.
    seeds = noise.split_seed(np.arange(seed * count, (seed + 1) * count))
    conditions = [np.arange(count, dtype=np.int32) % n for n in model.conditions.values()]
    generate = compiled_method(model, "generate_from_split_seed")
    drawn = generate(*seeds, *conditions, np.ones(count, np.float32))["x_mean"]
    seen = x / library[:, None]
    figure, panels = plt.subplots(1, 2, figsize=(8.2, 4.0), layout="constrained")
    for axes, of, what in zip(
        panels, (np.mean, np.std), ("mean", "standard deviation"), strict=True
    ):
        pair = np.maximum(of(seen, axis=0), 1e-6), np.maximum(of(drawn, axis=0), 1e-6)
        axes.scatter(*pair, s=8, alpha=0.6, linewidths=0)
        ends = [min(map(np.min, pair)), max(map(np.max, pair))]
        axes.plot(ends, ends, color="0.4", linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlabel="test set", ylabel="generated")
        for axis in (axes.xaxis, axes.yaxis):
            log_axis.set_ticks(axis, *ends)
        axes.set_title(f"share of the library by feature: {what}", fontsize=9)
    figure.suptitle("means generated from the prior, which have no counting noise", fontsize=10)
    save(figure, folder / "samples.png")
