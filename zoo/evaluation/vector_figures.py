"""Vectors in two pictures: rows beside their reconstructions, and each feature's distribution."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from zoo import noise
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.marginals import DATA, MODEL
from zoo.evaluation.png import save

ROWS = 30
"""Examples of the heat maps."""
MOST_FEATURES = 60
"""Columns of the heat maps, of as many features."""
PANELS = 16
"""Features whose distributions are drawn."""
SAMPLES = 2000
BINS = 30
_NAMED = 30  # columns below which there is room for names
_FAR = 3.0  # spreads from the middle, where colours end
_STREAM = 1  # of noise, apart from that of z


def draw(model, data, folder, seed=0):
    """Draws `reconstructions.png`, and `samples.png` where there is a prior, into the folder.

    Args:
        data: what `zoo.datasets.binarize` gives, of events [features], none of them a condition's.
        seed: of the prior's samples.
    """
    reconstructions(model, data, folder)
    if model.generates:
        samples(model, data, seed, folder)


def reconstructions(model, data, folder):
    """Test vectors, a row each, beside what they are reconstructed to, in colours by feature."""
    chosen = np.unique(np.linspace(0, len(data.test) - 1, ROWS).astype(int))
    inputs = data.test.inputs(chosen, model.conditions)
    rebuilt = compiled_method(model, "reconstruct")(*inputs)["x_mean"]
    seen = _seen(data)
    middle, spread = seen.mean(axis=0), seen.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    count = min(inputs[0].shape[1], MOST_FEATURES)
    figure, panels = plt.subplots(1, 2, figsize=(8.6, 4.4), sharey=True, layout="constrained")
    for axes, values, title in zip(
        panels, (inputs[0], rebuilt), ("test vectors", "reconstructions"), strict=True
    ):
        image = axes.imshow(
            ((values - middle) / spread)[:, :count],
            cmap="RdBu_r",
            vmin=-_FAR,
            vmax=_FAR,
            aspect="auto",
            interpolation="nearest",
            extent=(0.5, count + 0.5, len(values), 0),  # features are counted from 1
        )
        axes.set_title(title, fontsize=10)
        axes.set_yticks([])
        axes.set_xlabel("feature" + _more(inputs[0].shape[1], count), fontsize=8)
        axes.tick_params(labelsize=7)
        if count <= _NAMED and data.schema.features:
            names = [_name(place, data.schema, 14) for place in range(count)]
            axes.set_xticks(range(1, count + 1), names, rotation=90, parse_math=False)
    bar = figure.colorbar(image, ax=panels, shrink=0.8)
    bar.set_label("standard deviations from the feature's mean", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    save(figure, folder / "reconstructions.png")


def samples(model, data, seed, folder):
    """Histograms of each feature: of the data, and of vectors that are drawn from the model."""
    known, made = _seen(data), drawn(model, seed)
    count = min(PANELS, known.shape[1])
    across = min(4, count)
    down = -(-count // across)
    figure, axes = plt.subplots(
        down,
        across,
        figsize=(2.6 * across, 1.9 * down + 0.4),
        squeeze=False,
        layout="constrained",
    )
    for place, panel in enumerate(axes.flat):
        if place >= count:
            panel.axis("off")
            continue
        edges = _edges(known[:, place], data.schema.spacing)
        for values, style in (
            (known, {"color": DATA, "fill": True}),
            (made, {"color": MODEL, "fill": False, "linewidth": 1.2}),
        ):
            heights, _ = np.histogram(values[:, place], edges)
            panel.stairs(heights / len(values), edges, **style)
        panel.set_title(_name(place, data.schema), fontsize=9, parse_math=False)
        panel.set_yticks([])
        panel.tick_params(labelsize=7)
    title = f"{len(made):,} vectors drawn from the model (blue) beside the data (grey)"
    figure.suptitle(title + _more(known.shape[1], count), fontsize=10)
    save(figure, folder / "samples.png")


def drawn(model, seed, count=SAMPLES):
    """[count, features]: draws from p(x|z) of draws of the prior, by seeds from `seed * count`."""
    # Split seeds: inside a compiled call JAX has no int64.
    seeds = noise.split_seed(np.arange(seed * count, (seed + 1) * count))
    z = compiled_method(model, "generate_from_split_seed")(*seeds)["z"]
    raw = model.raw(model.state(ops.convert_to_tensor(z)), (), None)
    given = model.likelihood.noise(seeds, model.event_shape, _STREAM)
    return ops.convert_to_numpy(model.likelihood.sample(raw, given))


def _seen(data):
    """Some test vectors, and training vectors besides where these are few: [n, features]."""
    parts = [data.test] if len(data.test) >= SAMPLES else [data.test, data.train]
    rows = [part.examples(np.arange(min(SAMPLES, len(part)))) for part in parts]
    return np.concatenate(rows).astype(np.float64)


def _edges(values, spacing):
    low, high = np.quantile(values, (0.002, 0.998))
    high = high if high > low else low + 1.0
    if spacing == 1.0:  # as many whole numbers in each, or it would seem to have waves
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0, np.ceil((high - low) / BINS))
    return np.linspace(low, high, int(np.clip(1.5 * np.sqrt(len(values)), 8, BINS)) + 1)


def _more(features, count):
    return f"; the first {count} of {features:,} features" if features > count else ""


def _name(place, schema, most=24):
    name = schema.features[place] if schema.features else f"feature {place + 1}"
    return name if len(name) <= most else f"{name[: most - 1]}…"
