"""What a person would rather look at than read. Each function writes one PNG."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from zoo import noise
from zoo.evaluation import (
    count_figures,
    drawings,
    evaluated_examples,
    line_figures,
    marginals,
    molecule_figures,
    string_figures,
    vector_figures,
)
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.molecules import reading
from zoo.evaluation.png import save as _save

COLUMNS = 10


def draw(model, data, history, means, folder, seed=0):
    """Draws every figure that fits the model and its data into `folder`, and returns it.

    Args:
        data: what `zoo.datasets.binarize` gives.
        history: a row an epoch; [] where none is known, of which nothing is drawn.
        means: posterior means of the test examples that were evaluated, [n, latent]; these are
            drawn.
        seed: of the prior's samples.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = evaluated_examples.evaluated(data, len(means))
    if history:
        loss_curves(history, folder)
    latent_scatter(means, data, folder)
    if data.schema.columns and model.generates:
        marginals.draw(model, data, _save, folder / "columns.png", seed)
    if len(data.event_shape) == 3 or data.schema.is_strokes:
        reconstructions(model, data, folder)
        if model.generates:
            prior_samples(model, data.schema, seed, folder)
        if len(data.test) > 1 and model.code_count is None:  # between codes lies nothing
            interpolation(model, data, folder)
    elif data.schema.kind in ("series", "sequence") and len(data.event_shape) == 2:
        line_figures.draw(model, data, folder, seed)
    elif reading.are_read(data.schema):
        molecule_figures.draw(model, data, folder, seed)
    elif data.schema.tokens:
        string_figures.draw(model, data, folder, seed)
    elif "library" in model.likelihood.covariates:
        count_figures.draw(model, data, folder, seed)
    elif data.schema.kind == "vector" and not model.conditions:
        vector_figures.draw(model, data, folder, seed)
    return folder


def reconstructions(model, data, folder):
    """Test images above what they are reconstructed to from the posterior mean."""
    inputs = data.test.inputs(np.arange(min(COLUMNS, len(data.test))), model.conditions)
    x, rebuilt = inputs[0], compiled_method(model, "reconstruct")(*inputs)[_shown(data.schema)]
    _grid(
        np.stack([x, rebuilt]),
        data.schema,
        folder / "reconstructions.png",
        f"above: test {_word(data.schema)}; below: reconstructions",
    )


def prior_samples(model, schema, seed, folder):
    """Means, or drawings, generated from the prior; one label a column of a conditional model."""
    columns = ", one label a column" if "label" in model.conditions else ""
    title = f"decoded samples from the prior{columns}"
    _grid(prior_grid(model, seed, name=_shown(schema)), schema, folder / "samples.png", title)


def prior_grid(model, seed, rows=6, name="x_mean"):
    """[rows, COLUMNS, *event]: the output `name` of the seeds from `seed * rows * COLUMNS` on.

    Column c has the label c, or c modulo the labels there are; sequences are of full length.
    """
    count = rows * COLUMNS
    # Split seeds: inside a compiled call JAX has no int64.
    seeds = noise.split_seed(np.arange(seed * count, (seed + 1) * count))
    conditions = [
        np.full(count, values - 1) if name == "length" else np.arange(count) % COLUMNS % values
        for name, values in model.conditions.items()
    ]
    generate = compiled_method(model, "generate_from_split_seed")
    images = generate(*seeds, *(c.astype(np.int32) for c in conditions))[name]
    return images.reshape(rows, COLUMNS, *images.shape[1:])


def interpolation(model, data, folder, rows=5):
    """Straight lines in latent space between the posterior means of pairs of test images."""
    count = min(2 * rows, len(data.test)) // 2 * 2
    x, *conditions = data.test.inputs(np.arange(count), model.conditions)
    means = compiled_method(model, "represent")(x, *conditions)
    steps = np.linspace(0.0, 1.0, COLUMNS, dtype=np.float32)[None, :, None]
    line = means[0::2, None] * (1.0 - steps) + means[1::2, None] * steps
    held = [np.repeat(values[0::2], COLUMNS) for values in conditions]  # those of the left end
    images = compiled_method(model, "decode")(line.reshape(-1, model.latent), *held)
    images = images[_shown(data.schema)]
    grid = images.reshape(count // 2, COLUMNS, *images.shape[1:])
    title = f"latent interpolation between test {_word(data.schema)}"
    _grid(grid, data.schema, folder / "interpolation.png", title)


def latent_scatter(means, data, folder, most=5000):
    """Posterior means in two dimensions, by label; their two first principal components if > 2.

    The legend names up to 20 labels by the schema's classes, by number where it has none.
    """
    points, how = means[:most], "posterior means"
    if points.shape[1] > 2 and len(points) > 2:
        pca = PCA(2, random_state=0).fit(means)
        points = pca.transform(points)
        share = pca.explained_variance_ratio_.sum()
        how += f", first two principal components ({share:.0%} of variance)"
    if points.shape[1] == 1:
        points = np.concatenate([points, np.zeros_like(points)], axis=1)
    points = points[:, :2]
    figure, axes = plt.subplots(figsize=(6.5, 5.5), layout="constrained")
    style = {"s": 6 if len(points) > 1000 else 16, "alpha": 0.7, "linewidths": 0}
    labels = data.test.labels
    if labels is None:
        axes.scatter(*points.T, **style)
    else:
        present = np.unique(labels[: len(points)])
        colours = plt.get_cmap("tab10" if len(present) <= 10 else "viridis")
        scatter = axes.scatter(*points.T, c=labels[: len(points)], cmap=colours, **style)
        if len(present) <= 20:
            legend = axes.legend(
                *scatter.legend_elements(num=None),
                title="label",
                loc="center left",
                bbox_to_anchor=(1, 0.5),
            )
            for text, label in zip(legend.get_texts(), present, strict=True):
                text.set_parse_math(False)  # a $ in a name is a $
                text.set_text(class_name(label, data.schema))
    axes.set(title=f"Test set: {how}", aspect="equal")
    axes.title.set_fontsize(10)
    _save(figure, folder / "latent.png")


def class_name(label, schema, most=24):
    """A label in at most `most` characters: its class's name, or its number where it has none."""
    named = 0 <= label < len(schema.classes)
    name = schema.classes[label] if named else str(label)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def loss_curves(history, folder):
    """-ELBO of training and validation by epoch, and the KL; -log p(x|z) where there is no KL."""
    epochs, bounded = [row["epoch"] for row in history], "elbo" in history[0]
    figure, panels = plt.subplots(
        1, 1 + bounded, figsize=(4.5 * (1 + bounded), 3.4), squeeze=False, layout="constrained"
    )
    left, *others = panels[0]
    shown = []
    for prefix, label in (("", "training"), ("val_", "validation")):
        if not all(f"{prefix}reconstruction" in row for row in history):
            continue  # trained without a validation split
        values = [
            -row[f"{prefix}elbo"] if bounded else row[f"{prefix}reconstruction"] for row in history
        ]
        left.plot(epochs, values, label=label)
        for right in others:
            right.plot(epochs, [row[f"{prefix}kl"] for row in history], label=label)
        shown += values
    # Up to the 95th percentile: the first epochs would flatten all that follows.
    bottom, top = min(shown), np.quantile(shown, 0.95)
    margin = 0.05 * (top - bottom) + 1e-3
    left.set_ylim(bottom - margin, top + margin)
    left.set(xlabel="epoch", ylabel="-ELBO (nats)" if bounded else "-log p(x|z) (nats)")
    for right in others:
        right.set(xlabel="epoch", ylabel="KL (nats)")
    left.legend()
    _save(figure, folder / "history.png")


def light(values, schema):
    """Values of a schema as light, 0 black and 1 white: as the picture that they are of looks."""
    low, high = schema.range
    shown = np.clip((values - low) / (high - low), 0.0, 1.0)
    return 1.0 - shown if schema.ink else shown


def _shown(schema):
    """The output that is drawn."""
    return "strokes" if schema.is_strokes else "x_mean"


def _word(schema):
    return "drawings" if schema.is_strokes else "images"


def _grid(images, schema, path, title):
    """Images [rows, columns, height, width, channels], or drawings, as one picture."""
    if schema.is_strokes:
        _save(drawings.grid(images, title), path)
        return
    rows, columns, height, width, _ = images.shape
    figure, axes = plt.subplots(
        figsize=(columns * 0.9, rows * 0.9 * height / width + 0.35), layout="constrained"
    )
    figure.suptitle(title, fontsize=10)
    # One picture of all of them: axes of their own took most of the time that evaluation takes.
    axes.imshow(mosaic(light(images, schema)), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")
    _save(figure, path)


def mosaic(images):
    """[rows, columns, height, width, channels] -> [height, width] or [height, width, 3] of all.

    Side by side, an eighth of their height or at least a pixel of white between them.
    """
    rows, columns, height, width, channels = images.shape
    gap = max(1, height // 8)
    room = ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0))
    padded = np.pad(images, room, constant_values=1.0).swapaxes(1, 2)
    whole = padded.reshape(rows * (height + gap), columns * (width + gap), channels)
    whole = whole[:-gap, :-gap]
    return whole[..., 0] if channels == 1 else whole
