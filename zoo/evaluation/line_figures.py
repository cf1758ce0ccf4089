"""Series and other sequences as lines over their steps: a row of panels a feature."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from zoo import noise
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.png import save

COLUMNS = 4
MOST_FEATURES = 8
"""Rows that are drawn, of as many features."""


def draw(model, data, folder, seed=0):
    """Draws `reconstructions.png`, and `samples.png` where there is a prior, into the folder.

    Args:
        data: what `zoo.datasets.binarize` gives, of events [steps, features].
        seed: of the prior's samples.
    """
    reconstructions(model, data, folder)
    if model.generates:
        samples(model, data, seed, folder)


def reconstructions(model, data, folder):
    """Test windows, and what they are reconstructed to from the posterior mean, up to their end."""
    chosen = np.unique(np.linspace(0, len(data.test) - 1, COLUMNS).astype(int))
    inputs = data.test.inputs(chosen, model.conditions)
    rebuilt = compiled_method(model, "reconstruct")(*inputs)["x_mean"]
    x, rebuilt = (_up_to_end(each, model, data.test, chosen) for each in (inputs[0], rebuilt))
    word = _word(data.schema)
    _panels(
        {f"test {word}": (x, {"color": "0.6"}), "reconstruction": (rebuilt, {})},
        data.schema,
        folder / "reconstructions.png",
        f"test {word}s and their reconstructions",
    )


def samples(model, data, seed, folder):
    """Means generated from the prior, on the scale of as many test windows."""
    # Split seeds: inside a compiled call JAX has no int64.
    seeds = noise.split_seed(np.arange(seed * COLUMNS, (seed + 1) * COLUMNS))
    conditions = [
        np.full(COLUMNS, count - 1 if name == "length" else 0, np.int32)
        for name, count in model.conditions.items()
    ]
    generate = compiled_method(model, "generate_from_split_seed")
    drawn = generate(*seeds, *conditions)["x_mean"]
    some = np.arange(min(100, len(data.test)))
    seen = _up_to_end(data.test.examples(some), model, data.test, some)
    low, high = np.nanmin(seen, axis=(0, 1)), np.nanmax(seen, axis=(0, 1))
    _panels(
        {"sample": (drawn, {})},
        data.schema,
        folder / "samples.png",
        f"decoded samples from the prior, within the range of test {_word(data.schema)}s (dotted)",
        (low, high),
    )


def _panels(lines, schema, path, title, limits=None):
    """`lines` is {label: ([columns, steps, features], style)}; `limits` (low, high) a feature."""
    count, _, features = next(iter(lines.values()))[0].shape
    rows = min(features, MOST_FEATURES)
    figure, panels = plt.subplots(
        rows,
        count,
        figsize=(2.4 * count, 1.3 * rows + 0.7),
        squeeze=False,
        sharex=True,
        sharey="row",
        layout="constrained",
    )
    more = f"; the first {rows} of {features} features" if features > rows else ""
    figure.suptitle(title + more, fontsize=10)
    for feature, row in enumerate(panels):
        for column, axes in enumerate(row):
            for label, (values, style) in lines.items():
                axes.plot(values[column, :, feature], label=label, linewidth=1.2, **style)
            for bound in limits or ():
                axes.axhline(bound[feature], color="0.6", linestyle=":", linewidth=0.8)
            axes.tick_params(labelsize=7)
        row[0].set_ylabel(_name(feature, schema), fontsize=8, parse_math=False)
    for axes in panels[-1]:
        axes.set_xlabel("step", fontsize=8)
    if len(lines) > 1:
        panels[0][-1].legend(fontsize=7)
    save(figure, path)


def _up_to_end(x, model, split, rows):
    """x [rows, steps, features] with NaN past the end of each of these sequences of a split."""
    if "length" not in model.conditions:
        return x
    inside = np.arange(x.shape[1])[None] < split.condition("length")[rows][:, None]
    return np.where(inside[..., None], x, np.float32(np.nan))


def _word(schema):
    return "window" if schema.kind == "series" else "sequence"


def _name(feature, schema, most=24):
    name = schema.features[feature] if schema.features else f"feature {feature + 1}"
    name = name if len(name) <= most else f"{name[: most - 1]}…"
    return f"{name} ({schema.unit})" if schema.unit else name
