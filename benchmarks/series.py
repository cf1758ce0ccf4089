"""VAEs over windows of series beside an independent normal for each value and a linear model.

Run:       python benchmarks/series.py FOLDER ItalyPowerDemand JapaneseVowels_eq BasicMotions
Prints:    a markdown table a data set; they are kept in benchmarks/series.md

FOLDER holds NAME_TRAIN.ts and NAME_TEST.ts in folders of its own, as `aeon/datasets/data` in the
wheel of PyPI's `aeon` does. Both files are taken together, and a fifth of the series is held out at
random (seed 0): most of the archive's training sets are too small to learn a density from. Series
of more than `--window` steps are cut into windows, those of a held out series are held out.

Nats are of densities in the data's units; bits are per value, so that they may be negative. The
normal has a mean and a variance for each step and feature. Probabilistic PCA (Tipping & Bishop
1999) of standardised values has the VAEs' number of latents, its likelihood is exact. A VAE's is
importance-sampled (K=100), a bound. Milliseconds are of training steps that take turns.
"""

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
import paired
from sklearn.decomposition import PCA

import zoo
from zoo.datasets import binarize

MODELS = ("series_vae", "rnn_vae", "dense_vae")
STEPS = 1500
LATENT = 16
BATCH = 64
SAMPLES = 100


def read(folder, name):
    """[n, steps, features] of both files of a data set of the archive."""
    found = []
    for part in ("TRAIN", "TEST"):
        (file,) = folder.glob(f"*/{name}_{part}.ts")
        lines = file.read_text(encoding="utf-8").splitlines()
        start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data") + 1
        for line in filter(str.strip, lines[start:]):
            *features, _ = line.split(":")  # the class comes last
            found.append(np.array([each.split(",") for each in features], np.float64).T)
    return np.stack(found).astype(np.float32)


def load(folder, name, window):
    """A `Dataset` of its windows."""
    x = read(folder, name)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{name}.npz"
        np.savez(file, series=x)
        longer = x.shape[1] > window
        return zoo.datasets.load(file, window=window if longer else None)


def normal_nats(train, test):
    """-log p of an independent normal for each value, [n]."""
    mean, var = train.mean(axis=0), train.var(axis=0) + 1e-12
    return 0.5 * (np.log(2 * np.pi * var) + (test - mean) ** 2 / var).sum(axis=(1, 2))


def linear_nats(train, test, schema, latent):
    """-log p of probabilistic PCA of standardised values, [n]."""
    u, v = ((each - schema.center) / np.array(schema.scale) for each in (train, test))
    u, v = u.reshape(len(u), -1), v.reshape(len(v), -1)
    pca = PCA(min(latent, u.shape[1] - 1)).fit(u)
    return -pca.score_samples(v) + train.shape[1] * np.log(schema.scale).sum()


def trained(name, data, folder, epochs):
    """(the model, its `Report`, seconds an epoch)."""
    zoo.training.seed_everything(0)
    likelihood = zoo.likelihoods.of_schema("normal", data.schema)
    model = zoo.catalog.build(name, data.event_shape, latent=LATENT, likelihood=likelihood)
    settings = zoo.training.Settings(epochs=epochs, batch_size=BATCH)
    run = zoo.training.fit(model, data, settings, folder / f"{data.name}-{name}.run")
    report = zoo.evaluation.report(model, data, samples=SAMPLES)
    zoo.evaluation.draw(model, data, run.history, report.means, folder / f"{data.name}-{name}")
    return model, report, run.seconds / len(run.history)


def step_times(models, data, rounds):
    """{name: Timing} of training steps."""
    x = data.train.examples(np.arange(BATCH) % len(data.train))
    return paired.measure(
        {name: (lambda model=model: model.train_on_batch(x, x)) for name, model in models.items()},
        rounds,
    )


def rows_of(data, folder, rounds, steps):
    """The table's rows."""
    train, test = (part.batch(slice(None)) for part in (data.train.split, data.test.split))
    values = math.prod(data.event_shape)
    epochs = max(5, steps * BATCH // len(train))
    for name, nats in (
        ("a normal for each value", normal_nats(train, test)),
        (f"probabilistic PCA of {LATENT}", linear_nats(train, test, data.schema, LATENT)),
    ):
        yield name, _shown(nats.mean(), values), "-", "-", "-", "-"
    models, reports, seconds = {}, {}, {}
    for name in MODELS:
        models[name], reports[name], seconds[name] = trained(name, data, folder, epochs)
    times = step_times(models, data, rounds)
    for name in MODELS:
        m = reports[name].metrics
        yield (
            f"`{name}`",
            _shown(m["nll"], values),
            f"{m['elbo']:.1f}",
            f"{m['active_units']} of {LATENT}",
            f"{seconds[name]:.2f}",
            times[name].against(times["rnn_vae"], 1),
        )


def _shown(nats, values):
    return f"{nats:.1f} ({nats / values / math.log(2):.2f} bits)"


def main():
    """Loads, trains, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--steps", type=int, default=STEPS, help="of training")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--figures", type=Path, default=None, help="folder that figures are kept in"
    )
    given = parser.parse_args()
    head = ("model", "-log p(x), nats", "ELBO", "active", "s an epoch", "ms a step (over rnn_vae)")
    for name in given.names:
        loaded = load(given.folder, name, given.window)
        data = binarize(loaded, "none")
        with tempfile.TemporaryDirectory() as folder:
            rows = [*rows_of(data, given.figures or Path(folder), given.rounds, given.steps)]
        print(
            f"\n{name}: {len(data.train):,} training and {len(data.test):,} test windows of "
            f"{list(data.event_shape)}. {loaded.test_split}\n"
        )
        print(paired.table(head, rows), flush=True)
    print()
    print(paired.machine("tensorflow", "keras", "numpy"))


if __name__ == "__main__":
    main()
