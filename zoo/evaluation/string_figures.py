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
LONGEST = 44
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
    chosen = np.unique(np.linspace(0, len(data.test) - 1, ROWS).astype(int))
    x, *conditions = data.test.inputs(chosen, model.conditions)
    rebuilt = compiled_method(model, "reconstruct")(x, *conditions)[MODE]
    given, made = (_texts(known, rows) for rows in (x, rebuilt))
    same = sum(one == other for one, other in zip(given, made, strict=True))
    title = f"left: test strings; right: reconstructions, {same} of {len(given)} the same"
    _write([given, made], title, folder / "reconstructions.png")


def interpolation(model, data, known, folder):
    """Straight lines in latent space between the posterior means of pairs of test strings."""
    x, *conditions = data.test.inputs(np.arange(2 * PATHS), model.conditions)
    means = compiled_method(model, "represent")(x, *conditions)
    steps = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[None, :, None]
    line = means[0::2, None] * (1.0 - steps) + means[1::2, None] * steps
    decoded = compiled_method(model, "decode")(line.reshape(-1, model.latent))[MODE]
    columns = [_texts(known, rows) for rows in np.split(decoded, PATHS)]
    title = "latent interpolation between test strings, from top to bottom"
    _write(columns, title, folder / "interpolation.png")


def samples(model, known, seed, folder):
    """Strings drawn from the prior."""
    seeds = noise.split_seed(np.arange(seed * SAMPLES, (seed + 1) * SAMPLES))
    drawn = compiled_method(model, "generate_from_split_seed")(*seeds)[TOKENS]
    halves = [_texts(known, rows) for rows in np.split(drawn, 2)]
    _write(halves, "samples from the prior", folder / "samples.png")


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
