"""What a table's columns look like, and what a model makes of them: one PNG."""

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np

from zoo import noise
from zoo.artifact.columns import COUNT, DATE, numbers_first
from zoo.evaluation import chunks, log_axis
from zoo.evaluation.compilation import compiled_method

ROWS = 10_000
"""Rows that are generated."""
PANELS = 16
"""Columns that are drawn, the first of the table's own."""
BINS = 30
"""Of a histogram; fewer of few rows."""
DATA, MODEL = "0.75", "tab:blue"
_SIDE_BY_SIDE = 30  # characters of all words below a panel


def draw(model, data, save, path, seed=0):
    """Histograms of numbers and shares of words: of the data, and of rows that are generated.

    Args:
        save: writes (figure, path).
    """
    schema = data.schema
    drawn = generated(model, seed)
    known = np.concatenate(
        [part.examples(np.arange(min(ROWS, len(part)))) for part in (data.train, data.test)]
    )
    order = numbers_first(schema.columns)
    count = min(PANELS, len(schema.columns))
    across = min(4, count)
    figure, axes = plt.subplots(
        -(-count // across),
        across,
        figsize=(3.0 * across, 2.2 * -(-count // across) + 0.4),
        squeeze=False,
        layout="constrained",
    )
    for place, panel in enumerate(axes.flat):
        if place >= count:
            panel.axis("off")
            continue
        column, at = schema.columns[place], order.index(place)
        _panel(panel, column, known[:, at], drawn[:, at])
    more = len(schema.columns) - count
    figure.suptitle(
        f"{len(drawn):,} generated rows (blue) beside the data (grey)"
        + (f"; {more} more columns are not shown" if more else ""),
        fontsize=10,
    )
    save(figure, path)


def generated(model, seed, rows=ROWS):
    """float32 [rows, columns] of the seeds from `seed * rows` on, laid out as x is."""
    generate, parts = compiled_method(model, "generate_from_split_seed"), []
    for part in chunks.of(rows, chunks.decoded(model)):
        # Split seeds: inside a compiled call JAX has no int64.
        answer = generate(*noise.split_seed(seed * rows + part))
        tensors = model.likelihood.drawn_tensors(model.event_shape)
        parts.append(np.concatenate([np.asarray(answer[t.name]) for t in tensors], axis=1))
    return np.concatenate(parts)


def _panel(panel, column, known, drawn):
    """One column; text is text, whatever `$` is in it."""
    known = known[np.isfinite(known)].astype(np.float64)
    drawn = drawn.astype(np.float64)
    (_numbers if column.is_number else _words)(panel, column, known, drawn)
    panel.set_title(_short(column.name), fontsize=9, parse_math=False)
    panel.set_yticks([])
    panel.tick_params(labelsize=7)
    if column.is_number and column.unit and column.kind != DATE:
        panel.set_xlabel(_short(column.unit), fontsize=8, parse_math=False)


def _numbers(panel, column, known, drawn):
    known, drawn = known + column.origin, drawn + column.origin
    low, high = np.quantile(known, (0.002, 0.998)) if len(known) else (0.0, 1.0)
    high = high if high > low else low + 1.0
    bins = int(np.clip(1.5 * np.sqrt(len(known)), 8, BINS))
    if column.kind == COUNT and high - low < 2 * BINS:
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0)
    elif column.kind == COUNT:  # as many whole numbers in each, or it would seem to have waves
        edges = np.arange(np.floor(low) - 0.5, high + 1.0, np.ceil((high - low) / bins))
    elif column.log:
        edges = np.geomspace(low, high, bins + 1)
        panel.set_xscale("log")
        log_axis.set_ticks(panel.xaxis, low, high)
    else:
        edges = np.linspace(low, high, bins + 1)
    for values, style in (
        (known, {"color": DATA, "fill": True}),
        (drawn, {"color": MODEL, "fill": False, "linewidth": 1.2}),
    ):
        counts, _ = np.histogram(values, edges)
        panel.stairs(counts / max(1, len(values)), edges, **style)
    if column.kind == DATE:
        locator = matplotlib.dates.AutoDateLocator(minticks=2, maxticks=6)
        panel.xaxis.set_major_locator(locator)
        panel.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))


def _words(panel, column, known, drawn, most=8):
    count = len(column.words)
    shares = [
        np.bincount(values.astype(int), minlength=count) / max(1, len(values))
        for values in (known, drawn)
    ]
    shown = np.sort(np.argsort(-shares[0], kind="stable")[:most])
    places = np.arange(len(shown))
    panel.bar(places, shares[0][shown], width=0.8, color=DATA)
    panel.bar(places, shares[1][shown], width=0.8, fill=False, edgecolor=MODEL, linewidth=1.2)
    panel.set_xticks(places)
    labels = [_short(column.words[code], 12) for code in shown]
    turned = {"rotation": 30, "ha": "right"} if sum(map(len, labels)) > _SIDE_BY_SIDE else {}
    panel.set_xticklabels(labels, fontsize=7, parse_math=False, **turned)


def _short(text, most=24):
    return text if len(text) <= most else f"{text[: most - 1]}…"
