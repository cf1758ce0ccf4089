"""Likelihoods of 8-bit pictures side by side: bits per dimension, speed, quality of samples.

Run:       python benchmarks/pictures.py faces.npz --epochs 60 --out pictures
Prints:    a markdown table; benchmarks/pictures.md keeps it

The convolutional VAE of the catalog, its data, order, noise and settings are the same; only the
likelihood differs. A density is stated as bits per dimension as if it were constant over the bin of
a level (times 1/255), which flatters it where its scale is below a level. `ms a step` is the time
of the whole training, its validations and checkpoints included, by the number of steps.

Samples are measured as `zoo.evaluation.sample_quality` does: the means that the model generates
against as many test images, in features of a network trained on all training images. The last row
has as many training images in the place of samples.

Each row is kept in `--out` with its figures, and taken over when the same command runs again.
"""

import argparse
import json
import math
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import paired

import zoo
from zoo import likelihoods
from zoo.evaluation import figures

LIKELIHOODS = {
    "discretized logistic": lambda: likelihoods.DiscretizedLogistic(),
    "discretized logistic, a scale for each value": lambda: likelihoods.DiscretizedLogistic(
        shared_scale=False
    ),
    "discretized logistic, 5 components": lambda: likelihoods.DiscretizedLogistic(components=5),
    "normal, one scale for all": lambda: likelihoods.Normal(),
    "laplace, one scale for all": lambda: likelihoods.Laplace(),
    "continuous bernoulli": lambda: likelihoods.ContinuousBernoulli(),
}


def bits(model, nats_of_event):
    """Nats of a picture -> bits of each value, of a density those of its bins."""
    size = math.prod(model.event_shape)
    if model.likelihood.levels is None:
        nats_of_event = nats_of_event + size * math.log(255.0)
    return nats_of_event / size / math.log(2.0)


HEAD = ["parameters", "bits (K={samples})", "bits (ELBO)", "KL, nats", "active", "ms a step"]
QUALITY = {"frechet_distance": "Fréchet distance", "precision": "precision", "recall": "recall"}


def row(name, data, given, network, folder):
    """Trains one model; its row of the table, and the quality of real images, {name: value}."""
    zoo.training.seed_everything(given.seed)
    model = zoo.catalog.build(
        given.model, data.event_shape, latent=given.latent, likelihood=LIKELIHOODS[name]()
    )
    settings = zoo.training.Settings(epochs=given.epochs, patience=0, seed=given.seed)
    settings = zoo.training.plan(settings, data.train, data.schema.picture)
    began = time.perf_counter()
    run = zoo.training.fit(model, data, settings, folder / "run", restart=True)
    steps = len(run.history) * math.ceil(len(data.train) * 0.95 / settings.batch_size)
    milliseconds = 1e3 * (time.perf_counter() - began) / steps
    report = zoo.evaluation.report(
        model, data, given.seed, samples=given.samples, networks=[network]
    )
    figures.draw(model, data, run.history, report.means, folder / "figures", given.seed)
    found = report.metrics
    cells = [
        name,
        f"{model.count_params():,}",
        f"{bits(model, found['nll']):.3f}",
        f"{bits(model, -found['elbo']):.3f}",
        f"{found['kl']:.1f}",
        f"{found['active_units']:.0f} of {model.latent}",
        f"{milliseconds:.1f}",
        *quality(found),
    ]
    return cells, report.protocol["sample_quality"][0]


def quality(found):
    """The cells of sample quality."""
    return [f"{found[name]:.2f}" for name in QUALITY]


def kept(name, data, given, network):
    """`row`, or what an earlier run of the same command kept of it."""
    folder = given.out / name.replace(",", "").replace(" ", "_")
    file, command = folder / "row.json", {k: str(v) for k, v in vars(given).items() if k != "only"}
    if file.exists() and (found := json.loads(file.read_text()))["command"] == command:
        return found["cells"], found["how"]
    with tempfile.TemporaryDirectory() as scratch:
        cells, how = row(name, data, given, network, Path(scratch))
        shutil.copytree(Path(scratch) / "figures", folder, dirs_exist_ok=True)
    file.write_text(json.dumps({"command": command, "cells": cells, "how": how}, indent=1))
    return cells, how


def main():
    """Trains a model with each likelihood, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="as recipes take it")
    parser.add_argument("--model", default="conv_vae")
    parser.add_argument("--latent", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--samples", type=int, default=20, help="K of the log-likelihood")
    parser.add_argument("--train", type=int, help="training examples, unless all")
    parser.add_argument("--test", type=int, default=500, help="test examples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(LIKELIHOODS), default=list(LIKELIHOODS))
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="gets the figures")
    given = parser.parse_args()
    data = zoo.datasets.binarize(zoo.datasets.load(given.dataset, seed=given.seed), "none")
    network = zoo.evaluation.feature_network(data)
    rest = {
        "train": data.train.subset(np.arange(min(given.train or len(data.train), len(data.train))))
    }
    rest["test"] = data.test.subset(np.arange(min(given.test, len(data.test))))
    data = type(data)(**vars(data) | rest)
    rows = []
    for name in given.only:
        cells, how = kept(name, data, given, network)
        rows.append(cells)
        print(cells, file=sys.stderr, flush=True)
    rows.append(["training images", *[""] * len(HEAD), *quality(how["real"])])
    print(f"`{shlex.join(['python', 'benchmarks/pictures.py', *sys.argv[1:]])}`\n")
    print(
        f"{data.name}, {len(data.train):,} training and {len(data.test):,} test examples of "
        f"{list(data.event_shape)}. {paired.machine('tensorflow', 'keras', 'numpy')}\n"
    )
    head = [name.format(samples=given.samples) for name in HEAD]
    print(paired.table(["likelihood", *head, *QUALITY.values()], rows))
    print(f"\n{how['statement']}.")


if __name__ == "__main__":
    main()
