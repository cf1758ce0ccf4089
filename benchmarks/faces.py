"""Trains on the Frey faces and draws what docs/faces.md shows: decoded faces, never a photograph.

Run:       python benchmarks/faces.py frey_faces.npz --out faces
Kept in:   docs/faces.md, docs/figures/faces_*.png

A dense VAE of 2 latents is drawn as a manifold (Kingma & Welling 2014, figure 4): what the latent
plane decodes to at the quantiles of the prior. A convolutional VAE is drawn as samples of the
prior, and as straight lines between the codes of test frames. Frames of a film are alike: the last
fifth is the test set.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
from scipy.stats import norm

import zoo
import zoo.catalog
from zoo.evaluation import figures, latent
from zoo.evaluation.png import save
from zoo.evaluation.report import bits_per_dimension

SIDE = 15  # faces along a side of the manifold


def models(likelihood="continuous_bernoulli", prior="vampprior"):
    """{name: (likelihood, prior, other options)} of what is trained.

    Means of a continuous Bernoulli lie within (0, 1), and it spends few nats: codes fill the plane.
    The other likelihood is that of 8-bit values, and a VampPrior learns where the codes are.
    """
    wide = {"latent": 32, "filters": (16, 32), "dense": 256}
    return {
        "dense_vae": (likelihood, "standard", {"latent": 2, "units": (256, 256)}),
        "conv_vae": ("discretized_logistic", prior, wide),
    }


def plane(side):
    """Codes [side * side, 2], rows from the top, at evenly spaced quantiles of N(0, I)."""
    quantiles = norm.ppf((np.arange(side) + 0.5) / side).astype(np.float32)
    x, y = np.meshgrid(quantiles, quantiles[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def manifold(model, schema, path, side=SIDE):
    """Draws what the `plane` decodes to, for a model of 2 latents, side by side."""
    import matplotlib.pyplot as plt

    faces = figures.light(latent.decoded(model, plane(side)), schema)
    whole = faces.reshape(side, side, *faces.shape[1:3]).swapaxes(1, 2)
    height, width = side * faces.shape[1], side * faces.shape[2]
    figure = plt.figure(figsize=(width / 55, height / 55))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(whole.reshape(height, width), cmap="gray", vmin=0, vmax=1)
    axes.axis("off")
    save(figure, path)


def trained(name, law, data, epochs, seed=0, **options):
    """(model, epochs it took, seconds) of a catalog entry with a likelihood by name."""
    zoo.training.seed_everything(seed)
    likelihood = zoo.likelihoods.of_schema(law, data.schema)
    model = zoo.catalog.build(name, data.event_shape, likelihood=likelihood, **options)
    began = time.monotonic()
    run = zoo.fit(model, data, epochs=epochs, seed=seed, verbose=0)
    return model, len(run.history), time.monotonic() - began


def interpolations(model, loaded, folder, seed=0):
    """Draws lines between codes of test frames that do not follow one another."""
    order = np.random.default_rng(seed).permutation(len(loaded.test))
    apart = dataclasses.replace(loaded, test=loaded.test.subset(order[:10]))
    figures.interpolation(model, zoo.datasets.binarize(apart, "none"), folder)


def draw(model, loaded, folder):
    """Draws what is decoded: a manifold of 2 latents, else samples and interpolations."""
    if model.latent == 2:
        manifold(model, loaded.schema, folder / "manifold.png")
        return
    figures.prior_samples(model, loaded.schema, 0, folder)
    interpolations(model, loaded, folder)


def main():
    """Trains both, writes the figures, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an .npz with x uint8 [n, 28, 20, 1]")
    parser.add_argument("--out", type=Path, default=Path("faces"))
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--samples", type=int, default=100, help="K of the importance sampling")
    parser.add_argument("--likelihood", default="continuous_bernoulli", help="of the manifold")
    parser.add_argument("--prior", default="vampprior", help="of the samples")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    data = zoo.datasets.load(given.file, test_split="last")
    print(f"{len(data.train):,} training and {len(data.test):,} test frames, K={given.samples}\n")
    print(
        "| model | likelihood | prior | latents | active | KL | bits | bits (ELBO) | epochs | s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, (law, prior, options) in models(given.likelihood, given.prior).items():
        model, epochs, seconds = trained(name, law, data, given.epochs, prior=prior, **options)
        found = zoo.evaluate(model, data, samples=given.samples).metrics
        bits, bound = "-", "-"  # of a density there are none
        if "bits_per_dimension" in found:
            bits = f"{found['bits_per_dimension']:.3f}"
            bound = f"{bits_per_dimension(-found['elbo'], data.event_shape):.3f}"
        print(
            f"| {name} | {law} | {prior} | {model.latent} "
            f"| {found['active_units']} | {found['kl']:.1f} | {bits} | {bound} | {epochs} "
            f"| {seconds:.0f} |",
            flush=True,
        )
        draw(model, data, given.out)


if __name__ == "__main__":
    main()
