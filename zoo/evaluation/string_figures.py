"""Strings in pictures: samples, reconstructions and paths through the latent space, as text."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from zoo import noise
from zoo.artifact.tokens import MODE, TOKENS
from zoo.evaluation.compilation import compiled_method
from zoo.evaluation.png import save

SAMPLES = 40
ROWS = 20
PATHS, STEPS = 2, 10
LONGEST = 60
"""Characters that are shown of a string."""


def draw(model, data, folder, seed=0):
    """Draws `reconstructions.png`, `interpolation.png` and `samples.png` into the folder.

    Args:
        data: what `zoo.datasets.binarize` gives, of strings.
        seed: of the prior's samples.
    """
    known = data.schema.vocabulary
    reconstructions(model, data, known, folder)
    if len(data.test) >= 2 * PATHS:
        interpolation(model, data, known, folder)
    if model.generates:
        samples(model, known, seed, folder)


def reconstructions(model, data, known, folder):
    """Test strings beside the likeliest of what their posterior means decode to."""
    given, made = reconstructed(model, data, known, ROWS)
    same = sum(one == other for one, other in zip(given, made, strict=True))
    title = f"left: test strings; right: reconstructions, {same} of {len(given)} the same"
    _write([given, made], title, folder / "reconstructions.png")


def reconstructed(model, data, known, most):
    """(evenly spaced test strings, what the posterior means decode to): `most` at most."""
    chosen = np.unique(np.linspace(0, len(data.test) - 1, most).astype(int))
    x, *conditions = data.test.inputs(chosen, model.conditions)
    rebuilt = compiled_method(model, "reconstruct")(x, *conditions)[MODE]
    return _texts(known, x), _texts(known, rebuilt)


def interpolation(model, data, known, folder):
    """Straight lines in latent space between the posterior means of pairs of test strings."""
    columns = [made for _, made, _ in interpolated(model, data, known, PATHS, STEPS)]
    title = "latent interpolation between test strings, from top to bottom"
    _write(columns, title, folder / "interpolation.png")


def interpolated(model, data, known, paths, steps):
    """Of each path (its first test string, what is decoded along it, its last test string)."""
    x, *conditions = data.test.inputs(np.arange(2 * paths), model.conditions)
    means = compiled_method(model, "represent")(x, *conditions)
    along = np.linspace(0.0, 1.0, steps, dtype=np.float32)[None, :, None]
    line = means[0::2, None] * (1.0 - along) + means[1::2, None] * along
    held = [np.repeat(values[0::2], steps) for values in conditions]  # those of the first
    decoded = compiled_method(model, "decode")(line.reshape(-1, model.latent), *held)[MODE]
    texts = [_texts(known, rows) for rows in np.split(decoded, paths)]
    ends = _texts(known, x)
    return list(zip(ends[0::2], texts, ends[1::2], strict=True))


def samples(model, known, seed, folder):
    """Strings drawn from the prior."""
    halves = np.split(np.array(sampled(model, known, seed, SAMPLES), object), 2)
    _write(halves, "samples from the prior", folder / "samples.png")


def sampled(model, known, seed, count):
    """What `generate` draws of `count` seeds from `seed * count` on."""
    seeds = noise.split_seed(np.arange(seed * count, (seed + 1) * count))
    return _texts(known, compiled_method(model, "generate_from_split_seed")(*seeds)[TOKENS])


def _texts(known, rows):
    return [known.text(row) for row in np.rint(np.asarray(rows)).astype(int).tolist()]


def _write(columns, title, path):
    """Columns of strings, a line each."""
    lines = max(map(len, columns))
    figure, axes = plt.subplots(figsize=(8.6, 0.45 + 0.19 * lines), layout="constrained")
    figure.suptitle(title, fontsize=10)
    for place, texts in enumerate(columns):
        for row, text in enumerate(texts):
            axes.text(
                place / len(columns),
                1.0 - (row + 0.5) / lines,
                _shown(text),
                family="monospace",
                fontsize=8,
                va="center",
                parse_math=False,
            )
    axes.axis("off")
    save(figure, path)


def _shown(text):
    shown = "".join(each if each.isprintable() else "?" for each in text) or "(empty)"
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
