"""What a person would rather look at than read. Each function writes one PNG."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from zoo.datasets.batches import observations
from zoo.evaluation.compiled import compiled

COLUMNS = 10


def draw(model, data, run, report, binarization, seed, folder):
    """Draws every figure that fits the model and its data into `folder`; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [loss_curves(run.history, folder), latent_scatter(report.means, data, folder)]
    if len(data.event_shape) == 3:
        drawn += [
            reconstructions(model, data, binarization, seed, folder),
            prior_samples(model, seed, folder),
            interpolation(model, data, binarization, seed, folder),
        ]
    return drawn


def reconstructions(model, data, binarization, seed, folder):
    """Test images above what they are reconstructed to from the posterior mean."""
    x = observations(data.test, np.arange(min(COLUMNS, len(data.test))), binarization, seed)
    rebuilt = compiled(model, "reconstruct")(x)["x_mean"]
    return _grid(
        np.stack([x, rebuilt]),
        folder / "reconstructions.png",
        "above: test images; below: reconstructions",
    )


def prior_samples(model, seed, folder, rows=6):
    """Means decoded from the prior."""
    noise = np.random.default_rng([seed, 20]).standard_normal((rows * COLUMNS, model.latent))
    z = np.asarray(model.prior.sample(noise.astype(np.float32)))
    images = compiled(model, "decode")(z)["x_mean"]
    grid = images.reshape(rows, COLUMNS, *images.shape[1:])
    return _grid(grid, folder / "samples.png", "decoded samples from the prior")


def interpolation(model, data, binarization, seed, folder, rows=5):
    """Straight lines in latent space between the posterior means of pairs of test images."""
    count = min(2 * rows, len(data.test)) // 2 * 2
    x = observations(data.test, np.arange(count), binarization, seed)
    means = compiled(model, "encode")(x)["mean"]
    steps = np.linspace(0.0, 1.0, COLUMNS, dtype=np.float32)[None, :, None]
    line = means[0::2, None] * (1.0 - steps) + means[1::2, None] * steps
    images = compiled(model, "decode")(line.reshape(-1, model.latent))["x_mean"]
    grid = images.reshape(count // 2, COLUMNS, *images.shape[1:])
    return _grid(grid, folder / "interpolation.png", "latent interpolation between test images")


def latent_scatter(means, data, folder, most=5000):
    """Posterior means in two dimensions, by label; their two first principal components if > 2."""
    points, how = means[:most], "posterior means"
    if points.shape[1] > 2:
        pca = PCA(2, random_state=0).fit(means)
        points = pca.transform(points)
        how += f", first two principal components ({pca.explained_variance_ratio_.sum():.0%} of variance)"
    if points.shape[1] == 1:
        points = np.concatenate([points, np.zeros_like(points)], axis=1)
    figure, axes = plt.subplots(figsize=(6.5, 5.5), layout="constrained")
    labels = data.test.labels
    if labels is None:
        axes.scatter(*points.T, s=6, alpha=0.6, linewidths=0)
    else:
        present = np.unique(labels[: len(points)])
        colours = plt.get_cmap("tab10" if len(present) <= 10 else "viridis")
        scatter = axes.scatter(
            *points.T, c=labels[: len(points)], s=6, alpha=0.7, linewidths=0, cmap=colours
        )
        if len(present) <= 20:
            axes.legend(
                *scatter.legend_elements(num=None),
                title="label",
                loc="center left",
                bbox_to_anchor=(1, 0.5),
            )
    axes.set(title=f"Test set: {how}", aspect="equal")
    axes.title.set_fontsize(10)
    return _save(figure, folder / "latent.png")


def loss_curves(history, folder):
    """-ELBO of training and validation, and the KL, by epoch."""
    epochs = [row["epoch"] for row in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for prefix, label in (("", "training"), ("val_", "validation")):
        if f"{prefix}elbo" in history[0]:
            values = [-row[f"{prefix}elbo"] for row in history]
            left.plot(epochs, values, label=label)
            right.plot(epochs, [row[f"{prefix}kl"] for row in history], label=label)
            # The first epochs would flatten all that follows.
            left.set_ylim(top=np.quantile(values, 0.95) + 0.05 * np.ptp(values))
    left.set(xlabel="epoch", ylabel="-ELBO (nats)")
    right.set(xlabel="epoch", ylabel="KL (nats)")
    left.legend()
    return _save(figure, folder / "history.png")


def _grid(images, path, title):
    """Images [rows, columns, height, width, channels] as one picture, values clipped to [0, 1]."""
    rows, columns = images.shape[:2]
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(columns * 0.9, rows * 0.9 + 0.35),
        squeeze=False,
        layout="constrained",
    )
    figure.suptitle(title, fontsize=10)
    for axis, image in zip(axes.flat, images.reshape(-1, *images.shape[2:]), strict=True):
        axis.imshow(
            np.clip(image, 0, 1).squeeze(), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest"
        )
        axis.axis("off")
    return _save(figure, path)


def _save(figure, path):
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path.name
