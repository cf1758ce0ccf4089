"""VAEs over counts beside an independent negative binomial for each feature.

Run:       python benchmarks/counts.py cell_counts cells.h5ad
Prints:    a markdown table a data set; they are kept in benchmarks/counts.md

Nats are of probability masses, each example's library (the sum of its counts) given, as in scVI.
Three models have no latents, and are fitted to the training counts by gradient: a negative binomial
for each feature, a mean and a dispersion, which knows nothing of the library; the same around one
share of the library for all; and that with zero inflation. The VAEs' are importance-sampled
(K=100), a bound.

Of `cell_counts` the law is known, and what a VAE has found of it is told: the dispersion of each
gene; the error of a cell's shares, as the mean distance of their logarithms from the true ones over
genes of a share above 0.1 %, beside that of one share for all and of the counts themselves (with a
count of one half where there is none); and the law's own -log p, its gradient integrated by 41
points of Gauss-Hermite's and its three types summed over.

A file that ends in `scanpy...whl` stands for the 700 cells of `10x_pbmc68k_reduced.h5ad` within:
its `raw` are log(1 + c n), the smallest value of a cell other than 0 is of a count of one, and so
the counts are had back. They are kept in pbmc_counts.npz beside the wheel.
"""

import argparse
import math
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import paired

import zoo
from zoo.datasets import Split, binarize, laws
from zoo.datasets.base import HoldOut
from zoo.distributions import negative_binomial

SAMPLES = 100
STEPS = 2000
BATCH = 64
MEMBER = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
POINTS = 41  # of a quadrature over the gradient
RARE = 1e-3  # a share up to which an error is not looked at
MODELS = {
    "`count_vae`": {},
    "`count_vae`, zero-inflated": {"zero_inflated": True},
}


def counts_of(wheel):
    """The path of the counts of the cells in a wheel of scanpy."""
    import anndata

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            cells = anndata.read_h5ad(archive.extract(MEMBER, folder))
    logs = cells.raw.X.toarray()
    scaled = np.expm1(logs.astype(np.float64))
    unit = np.where(scaled > 0, scaled, np.inf).min(axis=1, keepdims=True)
    counts = np.rint(scaled / unit)
    off = np.abs(scaled / unit - counts).max()
    print(f"The cells' counts lie within {off:.2f} of whole numbers, {counts.max():.0f} at most.")
    target = wheel.parent / "pbmc_counts.npz"
    np.savez_compressed(
        target, x=counts.astype(np.int32), features=np.array([*map(str, cells.raw.var_names)])
    )
    return target


def without_library(data):
    """-log p of a negative binomial for each feature, its mean and dispersion fitted, nats."""
    x = data.train.split.batch(slice(None))
    mean = np.maximum(x.mean(axis=0), 1e-4)
    spread = np.maximum(x.var(axis=0) - mean, 1e-4)
    start = np.stack([np.log(mean), np.clip(np.log(mean**2 / spread), -5, 8)])
    parameters = keras.Variable(start.astype(np.float32))
    return fitted(Fitted(parameters, lambda x, p: negative_binomial.log_prob(x, p[0], p[1])), data)


def of_library(data, options):
    """-log p of the likelihood around one share of the library for all, fitted, nats."""
    x = data.train.split.batch(slice(None))
    likelihood = zoo.likelihoods.LibraryNegativeBinomial(**options)
    likelihood.build((None, *data.event_shape))
    start = [np.log(x.sum(axis=0) + 0.5)]
    start += [np.full_like(start[0], -3.0)] * options.get("zero_inflated", False)
    parameters = keras.Variable(np.stack(start, axis=-1).reshape(1, -1).astype(np.float32))

    def log_p(x, p):
        return likelihood.log_prob(x, keras.ops.repeat(p, keras.ops.shape(x)[0], axis=0))

    return fitted(Fitted(parameters, log_p, likelihood), data)


def fitted(model, data):
    """Its -log p of the test examples, fitted to the training examples, nats."""
    x, test = data.train.split.batch(slice(None)), data.test.split.batch(slice(None))
    schedule = keras.optimizers.schedules.CosineDecay(0.05, 600)
    model.compile(keras.optimizers.Adam(schedule), loss=lambda _, log_p: -log_p)
    model.fit(x, np.zeros(len(x)), batch_size=len(x), epochs=600, verbose=0)
    return -float(np.mean(model.predict(test, verbose=0)))


class Fitted(keras.Model):
    """log p(x) by parameters that are fitted: [batch, features] -> [batch], nats."""

    def __init__(self, parameters, log_p, likelihood=None):
        super().__init__()
        self.parameters = parameters
        self.likelihood = likelihood
        self.log_p = log_p
        self.built = True

    def call(self, x):
        return self.log_p(x, self.parameters)


def trained(data, options, folder, epochs):
    """(the model, its `Report`, seconds an epoch)."""
    zoo.training.seed_everything(0)
    model = zoo.catalog.build("count_vae", data.event_shape, **options)
    settings = zoo.training.Settings(epochs=epochs, batch_size=BATCH)
    run = zoo.training.fit(model, data, settings, folder)
    return (
        model,
        zoo.evaluation.report(model, data, samples=SAMPLES),
        run.seconds / len(run.history),
    )


def law_nll(x):
    """-log p of counts by the law of `cell_counts`, given each cell's sum, nats."""
    base, slope, _ = laws.cell_types()
    points, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    found = []
    for place, weight in zip(points, weights / weights.sum(), strict=True):
        for logits in base + place * slope:
            share = np.exp(logits) / np.exp(logits).sum()
            log_mean = np.log(share) + np.log(x.sum(axis=1, keepdims=True))
            log_dispersion = np.full(x.shape, math.log(laws.DISPERSION), np.float32)
            log_p = negative_binomial.log_prob(x, log_mean.astype(np.float32), log_dispersion)
            found.append(np.asarray(log_p, np.float64) + math.log(weight / len(base)))
    return -float(np.mean(np.logaddexp.reduce(found, axis=0)))


def recovered(model, data):
    """What a VAE has found of the law of `cell_counts`, in words."""
    means, kind, _ = laws.cell_means(len(data.train) + len(data.test))
    _, test, _ = HoldOut(len(data.test) / len(means)).parts(Split(means, kind))
    true = test.images / test.images.sum(axis=1, keepdims=True)
    x, common = data.test.split.batch(slice(None)), data.train.split.batch(slice(None)).sum(axis=0)
    answer = model.ask("reconstruct", {"x": x})
    shares = {
        "its": np.asarray(answer["x_mean"]),
        "one share's for all": np.broadcast_to(common, x.shape),
        "the counts'": np.maximum(x, 0.5),
    }

    def error(values):
        logs = np.log(values / values.sum(axis=1, keepdims=True)) - np.log(true)
        return float(np.abs(logs)[true > RARE].mean())

    low, middle, high = np.quantile(np.asarray(answer["dispersion"])[0], [0.05, 0.5, 0.95])
    errors = ", ".join(f"{name} {error(values):.3f}" for name, values in shares.items())
    return (
        f"dispersions {middle:.2f} at the median, 90 % of them {low:.2f} to {high:.2f}, where the "
        f"law has {laws.DISPERSION:.2f}; error of shares: {errors}."
    )


def rows_of(data):
    """The table's rows."""
    yield "negative binomial, without the library", f"{without_library(data):.1f}", "-", "-", "-"
    found, epochs = [], max(5, STEPS * BATCH // len(data.train))
    for name, options in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            model, report, seconds = trained(data, options, Path(folder), epochs)
        kind = name.partition(", ")[2]
        constant = f"{kind} negative binomial" if kind else "negative binomial"
        yield f"{constant}, shares of the library", f"{of_library(data, options):.1f}", *"---"
        m, latent = report.metrics, model.latent
        shown = (f"{m['nll']:.1f}", f"{m['elbo']:.1f}", f"{m['active_units']} of {latent}")
        found.append((name, *shown, f"{seconds:.2f}"))
        if data.name == "cell_counts":
            print(f"\n{name}: {recovered(model, data)}", flush=True)
    yield from found
    if data.name == "cell_counts":
        yield "the law itself", f"{law_nll(data.test.split.batch(slice(None))):.1f}", *"---"


def main():
    """Loads, trains, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", nargs="+")
    given = parser.parse_args()
    head = ("model", "-log p(x), nats", "ELBO", "active", "s an epoch")
    for name in given.datasets:
        path = counts_of(Path(name)) if name.endswith(".whl") else name
        loaded = zoo.datasets.load(path)
        data = binarize(loaded, "none")
        rows = [*rows_of(data)]
        print(
            f"\n{data.name}: {len(data.train):,} training and {len(data.test):,} test examples of "
            f"{data.event_shape[0]:,} features. {loaded.test_split}\n"
        )
        print(paired.table(head, rows), flush=True)
    print()
    print(paired.machine("tensorflow", "keras", "numpy"))


if __name__ == "__main__":
    main()
