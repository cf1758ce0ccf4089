"""What a network of features should learn where there are no labels: tasks side by side.

Run:       python benchmarks/feature_tasks.py --dataset mnist exports/*_vae-mnist
Prints:    a markdown table; benchmarks/feature_tasks.md keeps it

One network, `zoo.evaluation.feature_network.build`, learns one task after another on the training
images, and none at all. In the features of each, images known to be worse and worse, and samples of
artifacts, are measured against as many test images. The last rows are how alike a task orders all
rows, and the artifacts alone, to the task that needs labels (Spearman's rank correlation of the
Fréchet distances).
"""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np
import paired
import samples
from scipy import ndimage, stats

import zoo
from zoo.evaluation import feature_tasks
from zoo.evaluation.feature_network import (
    FeatureNetwork,
    accuracy_of,
    brightness,
    build,
    scale_of,
    train,
)
from zoo.evaluation.frechet import frechet_distance


class Distortions:
    """What was done to a picture: nothing, blurred, noise added, mixed with another, cut apart."""

    count = 5
    words = "five distortions"

    def batch(self, split, rows, generator):
        """As a task of `zoo.evaluation.feature_tasks`."""
        x = split.batch(rows)
        how = generator.integers(0, self.count, len(x))
        noise = 0.2 * x.std() * generator.normal(size=x.shape)
        made = [x, blurred(x, 0.7), x + noise, (x + generator.permutation(x)) / 2, cut(x)]
        return np.stack(made, dtype=np.float32)[how, np.arange(len(x))], how


def blurred(x, deviation):
    """Images smoothed by a normal of so many pixels."""
    return ndimage.gaussian_filter(x, (0, deviation, deviation, 0), mode="nearest")


def cut(x):
    """Images whose quarters have changed places."""
    return np.roll(x, (x.shape[1] // 2, x.shape[2] // 2), axis=(1, 2))


def judged(data, artifacts, count, generator):
    """{name: images}: real ones, worse and worse ones, and samples of artifacts."""
    test = data.test.split.batch(np.arange(count))
    labels = data.train.labels
    chosen = np.sort(generator.permutation(len(data.train)))
    half = chosen[np.isin(labels[chosen], np.unique(labels)[::2])]
    images = {
        "training images": data.train.split.batch(np.sort(chosen[:count])),
        "blurred by 0.5 pixels": blurred(test, 0.5),
        "blurred by 1 pixel": blurred(test, 1.0),
        "noise of a tenth added": np.clip(test + 0.1 * generator.normal(size=test.shape), 0, 1),
        "means of two": (test + generator.permutation(test)) / 2,
        "quarters changed": cut(test),
        "noise": generator.random(test.shape),
        "every second class": data.train.split.batch(half[:count]),
    }
    for artifact in artifacts:
        images[f"`{artifact.name}`"] = samples.samples(artifact, count)
    return {name: each.astype(np.float32) for name, each in images.items()}


def learned(task, data):
    """The network that has learned a task, and the cell that heads its column."""
    count = task.count if task else 1
    features, logits = build(data.event_shape, count, *brightness(data.train.split))
    right = "untrained"
    if task:
        train(logits, task, data.train.split)
        right = f"{task.words}, {accuracy_of(logits, task, data.test.split):.1%}"
    scale = scale_of(features, data.train.split)
    return FeatureNetwork(features, scale, "", 0.0, 0.0), right


def main():
    """Trains a network a task, measures all images in its features, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", nargs="+", type=Path)
    parser.add_argument("--dataset", default="mnist", help="with labels")
    parser.add_argument("--count", type=int, default=2000, help="images of each kind")
    given = parser.parse_args()
    data = zoo.datasets.binarize(zoo.datasets.load(given.dataset), "none")
    count = min(given.count, len(data.test), len(data.train))
    images = judged(data, given.artifacts, count, np.random.default_rng(0))
    tasks = [feature_tasks.Classes(data.train.labels), feature_tasks.Mirrorings()]
    head, columns = ["images"], []
    for task in (*tasks, Distortions(), None):
        network, right = learned(task, data)
        real = network.features(data.test.split.batch(np.arange(count)))
        columns.append([frechet_distance(real, network.features(x)) for x in images.values()])
        head.append(right)
        print(right, file=sys.stderr, flush=True)
    rows = [
        [name, *(f"{column[place]:.1f}" for column in columns)] for place, name in enumerate(images)
    ]
    for what, first in (("all of these", 0), ("the artifacts", -len(given.artifacts))):
        chosen = [column[first:] for column in columns]
        alike = [stats.spearmanr(chosen[0], each).statistic for each in chosen]
        rows.append([f"order of {what}, as by classes", *(f"{each:.2f}" for each in alike)])
    print(f"`{shlex.join(['python', 'benchmarks/feature_tasks.py', *sys.argv[1:]])}`\n")
    print(
        f"{data.name}, {count:,} images of each kind; Fréchet distances. "
        f"{paired.machine('tensorflow', 'keras', 'numpy')}\n"
    )
    print(paired.table(head, rows))


if __name__ == "__main__":
    main()
