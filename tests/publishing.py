"""Trains a tiny model for real and publishes it for real: what session fixtures are made of."""

from dataclasses import dataclass, fields
from pathlib import Path

import keras

import zoo

SEED = 5


@dataclass(frozen=True)
class Trained:
    """A tiny model, trained, with everything that `publish` takes."""

    model: keras.Model
    data: zoo.datasets.Dataset
    run: zoo.training.Run
    report: zoo.evaluation.Report
    figures: Path

    def publish(self, target, recipe, command, **changes):
        """`zoo.export.publish` of this model, with some arguments changed."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        given |= {"recipe": recipe, "target": target, "command": command}
        return zoo.export.publish(**given | changes)


def make_here(model, data, stage, names=None):
    """Proves a model as it is, in this process; what `zoo.export.making.make` gives.

    Args:
        data: what `zoo.datasets.binarize` gives.
        stage: the folder to fill.
        names: of the endpoints to export; None takes all.
    """
    from zoo.export import fingerprints, making, test_data  # TensorFlow and all its converters

    whole = model.endpoints()
    contract = {name: whole[name] for name in names or whole}
    examples = test_data.examples(model, data, test_data.rows(contract))
    test_data.write_inputs(stage, examples)
    model.save(stage / "model.keras")
    return making.make(stage, fingerprints.of(model), contract)


def rows_of(made):
    """The `Row`s of what `make_here` gave."""
    from zoo.export.comparison import Row

    return [Row(**row) for row in made["comparisons"]]


def train(model, data, folder, samples, **settings):
    """A `Trained` of an untrained model.

    Args:
        data: what `zoo.datasets.binarize` gives.
        folder: gets the run and the figures.
        samples: K of the importance sampling.
        settings: of `zoo.training.Settings`.
    """
    settings = zoo.training.Settings(**{"learning_rate": 1e-2, "seed": SEED} | settings)
    run = zoo.training.fit(model, data, settings, folder / "run")
    report = zoo.evaluation.report(model, data, SEED, samples=samples)
    figures = zoo.evaluation.draw(model, data, run.history, report.means, folder / "figures", SEED)
    return Trained(model, data, run, report, figures)
