"""`publish`: the whole road from a trained model to an artifact in place."""

import shutil
from pathlib import Path

from zoo.export import card, graphs, manifest, test_data
from zoo.export.staging import staged


def publish(model, data, run, report, figures, recipe, target, command, replace=False):
    """Exports a trained model, proves the export and puts the artifact in place.

    Nothing appears at `target` unless every format answers as the model did.

    Args:
        model: the trained model.
        data: what `zoo.datasets.binarize` gives; its test split gives the inputs of the proof.
        run: what `training.fit` returned.
        report: what `evaluation.report` returned.
        figures: a folder of PNGs, as `evaluation.draw` fills it.
        recipe: {"script", "config", "seed"}, kept in the manifest.
        target: the artifact's folder, named <model>-<dataset>.
        command: the command line that repeats this, for the card.
        replace: whether an artifact that is there may be replaced.

    Returns:
        The rows of the parity table.

    Raises:
        ExportError: if the target is taken or cannot be written, if a conversion fails or
            reports an error, or if an export is not equal to the model.
    """
    target = Path(target)
    with staged(target, replace) as stage:
        endpoints = model.endpoints()
        test_data.write_test_data(model, endpoints, data, stage / "test_data")
        _without_optimizer(model).save(stage / "model.keras")
        rows = graphs.write_and_prove(stage, endpoints)
        shutil.copytree(figures, stage / "figures")
        shutil.copyfile(run.folder / "history.csv", stage / "history.csv")
        facts = manifest.build(target.name, model, data, run, report, recipe, endpoints, rows)
        card.write(stage, facts, command, rows)
        manifest.write(stage, facts)
    return rows


def _without_optimizer(model):
    """The same model, uncompiled: an artifact carries no optimizer."""
    bare = type(model).from_config(model.get_config())
    for mine, theirs in zip(bare.weights, model.weights, strict=True):
        mine.assign(theirs)
    return bare
