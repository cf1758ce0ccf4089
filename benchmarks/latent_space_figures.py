"""The pictures of `latent_space.py`. Each function writes one PNG."""

import io

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from zoo.evaluation import completeness

REFUSED, BETWEEN = "#d1495b", "#edae49"
SIDE = 15  # images along a side of the decoded plane
FINE = 45  # points along a side of the judged plane


def files(latent):
    """Names of the figures that `draw` writes for a size of latent space."""
    return ["latent.png", "plane.png", "holes.png"] if latent == 2 else ["samples.png"]


def draw(spaces, names, test, judge, latent, folder, seed):
    """The figures that fit a size of latent space: the plane if 2, else samples."""
    if latent == 2:
        scatter(spaces, names, test.labels, folder / "latent.png")
        decodable = {kind: space for kind, space in spaces.items() if space.decode}
        plane(decodable, names, folder / "plane.png")
        holes(decodable, names, judge, test.labels, folder / "holes.png")
    else:
        samples(spaces, names, judge, folder / "samples.png", seed)


def scatter(spaces, names, labels, path):
    """Codes of the test images by label, a panel a method."""
    figure, panels = plt.subplots(
        1, len(spaces), figsize=(3.6 * len(spaces), 3.9), layout="constrained"
    )
    for axes, (kind, space) in zip(panels, spaces.items(), strict=True):
        drawn = axes.scatter(*space.codes.T, c=labels, cmap="tab10", s=3, linewidths=0, alpha=0.8)
        axes.set_title(names[kind])
        axes.tick_params(labelsize=7)
    figure.legend(
        *drawn.legend_elements(num=None),
        loc="outside right center",
        title="label",
        frameon=False,
        fontsize=8,
    )
    _save(figure, path)


def plane(spaces, names, path):
    """What a rectangle of each latent plane that holds nearly all codes decodes to."""
    figure, panels = plt.subplots(
        1, len(spaces), figsize=(4.4 * len(spaces), 4.7), layout="constrained"
    )
    for axes, (kind, space) in zip(panels, spaces.items(), strict=True):
        points, extent = _rectangle(space.codes, SIDE)
        images = space.decode(points)[..., 0]
        height, width = images.shape[1:]
        mosaic = images.reshape(SIDE, SIDE, height, width).swapaxes(1, 2)
        axes.imshow(
            mosaic.reshape(SIDE * height, SIDE * width),
            cmap="gray_r",
            vmin=0,
            vmax=1,
            extent=extent,
            aspect="auto",
            interpolation="antialiased",
        )
        axes.set_title(names[kind])
        axes.tick_params(labelsize=7)
    _save(figure, path)


def holes(spaces, names, judge, labels, path):
    """Where on each latent plane the judge accepts what is decoded, and the codes upon it."""
    figure, panels = plt.subplots(
        1, len(spaces), figsize=(4.4 * len(spaces), 4.9), layout="constrained"
    )
    for axes, (kind, space) in zip(panels, spaces.items(), strict=True):
        points, extent = _rectangle(space.codes, FINE)
        verdict = judge.judge(space.decode(points))
        state = np.where(verdict.accepted, 2, np.where(verdict.far, 0, 1))
        axes.imshow(
            state.reshape(FINE, FINE),
            cmap=matplotlib.colors.ListedColormap([REFUSED, BETWEEN, "white"]),
            vmin=0,
            vmax=2,
            alpha=0.5,
            extent=extent,
            aspect="auto",
            interpolation="nearest",
        )
        shown = slice(0, 1000)
        axes.scatter(
            *space.codes[shown].T, c=labels[shown], cmap="tab10", s=5, linewidths=0, zorder=2
        )
        axes.set(xlim=extent[:2], ylim=extent[2:])
        share = f"{verdict.accepted.mean():.0%} accepted, {verdict.far.mean():.0%} far"
        axes.set_title(f"{names[kind]}: {share}")
        axes.tick_params(labelsize=7)
    meanings = {REFUSED: "far from all digits", BETWEEN: "between digits", "white": "accepted"}
    patches = [
        matplotlib.patches.Patch(facecolor=colour, alpha=0.5, edgecolor="grey", label=meaning)
        for colour, meaning in meanings.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=3, frameon=False)
    _save(figure, path)


def samples(spaces, names, judge, path, seed, columns=20):
    """Decoded samples a method and a source; what the judge refuses is framed:

    red what is far from all digits, yellow what lies between them.
    """
    rows = []
    for kind, space in spaces.items():
        if space.decode is None:
            continue
        size = space.codes.shape[1]
        sources = {
            "N(0, I)": completeness.standard_normal(columns, size, seed),
            "fitted normal": completeness.fitted_normal(columns, space.train_codes, seed),
            "midpoints": completeness.midpoints(columns, space.codes, seed),
        }
        rows += [(f"{names[kind]}\n{source}", space.decode(z)) for source, z in sources.items()]
    figure, grid = plt.subplots(
        len(rows), columns, figsize=(0.55 * columns + 1.3, 0.6 * len(rows)), layout="constrained"
    )
    for axes, (title, images) in zip(grid, rows, strict=True):
        verdict = judge.judge(images)
        for axis, image, good, far in zip(axes, images, *verdict[:2], strict=True):
            frame = "#dddddd" if good else REFUSED if far else BETWEEN
            axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set(color=frame, linewidth=0.5 if good else 1.6)
        axes[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=8)
    _save(figure, path)


def memorisation(values, capacities, names, folder):
    """Train and test error by width of the networks, of autoencoder and VAE."""
    figure, axes = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    for kind, colour in (("ae", REFUSED), ("vae", "#2e6f95")):
        for part, style in (("train", "--"), ("test", "-")):
            errors = [values[f"memorise-{kind}-{units}"][f"error_{part}"] for units in capacities]
            axes.plot(
                capacities,
                errors,
                style,
                color=colour,
                marker="o",
                ms=3,
                label=f"{names[kind]}, {part}",
            )
    axes.set_xscale("log", base=2)
    axes.set_xticks(capacities, map(str, capacities))
    axes.set(xlabel="units of each layer", ylabel="error (nats)", ylim=(0, None))
    axes.legend(frameon=False)
    _save(figure, folder / "memorisation.png")


def _rectangle(codes, side):
    """Points [side * side, 2], rows from the top, that cover all but 1 % of the codes an end."""
    (left, bottom), (right, top) = np.quantile(codes, [0.01, 0.99], axis=0)
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(top, bottom, side))
    return np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32), (left, right, bottom, top)


def _save(figure, path):
    """Writes it in 128 colours, which takes a third of the bytes."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    plt.close(figure)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
