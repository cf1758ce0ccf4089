"""`fit`, `evaluate` and `publish`: from data to a proven artifact, with defaults for the rest.

Recipes take this road, and so does a program of one's own: `zoo.fit`, `zoo.evaluate` and
`zoo.publish`. Each takes data as `zoo.recipe.given.prepared` does.
"""

import contextlib
import dataclasses
import difflib
import tempfile
from pathlib import Path

from zoo import evaluation, export, training
from zoo.errors import InputError, Interrupted, TrainingError
from zoo.recipe import tuning
from zoo.recipe.backend import several_traces
from zoo.recipe.given import prepared

FIGURES = "figures"


@several_traces()
def fit(
    model,
    data,
    settings=None,
    folder=None,
    *,
    binarization="auto",
    resume=False,
    restart=False,
    configuration=None,
    tensorboard=None,
    verbose=None,
    **changes,
):
    """Trains a model and keeps the weights of the epoch that is best on held-out examples.

    run = zoo.fit(model, x, epochs=30)

    Args:
        model: a `zoo.VAE` or `zoo.Autoencoder`; one that was trained before is trained on.
        data: see `zoo.recipe.given.prepared`; its test examples are never seen.
        settings: a `zoo.Settings`; None takes its defaults.
        folder: where the run is kept, so that `resume` goes on where it was interrupted; None keeps
            it until the run ends.
        binarization: see `prepared`.
        resume, restart, configuration, tensorboard, verbose: as in `zoo.training.fit`.
        changes: settings by their names, as `epochs=30`.

    Returns:
        A `zoo.training.Run`.

    Raises:
        InputError, DatasetError, TrainingError, Interrupted: as `zoo.training.fit`.
    """
    settings = _changed(settings or training.Settings(), changes)
    data = prepared(model, data, binarization)
    options = {"configuration": configuration, "tensorboard": tensorboard, "verbose": verbose}
    if folder is not None:
        return training.fit(model, data, settings, folder, resume, restart, **options)
    if resume or restart:
        raise InputError("resume and restart are of a run that was kept: give its folder.")
    with tempfile.TemporaryDirectory(prefix="zoo-fit-") as kept:
        try:
            run = training.fit(model, data, settings, kept, **options)
        except Interrupted as error:
            raise Interrupted(
                "Interrupted. The model has the weights of its last step, and nothing is kept "
                "besides: give `folder` to go on another time.",
                error.number,
            ) from error
    return dataclasses.replace(run, folder=None)


@several_traces()
def evaluate(
    model,
    data,
    *,
    binarization="auto",
    seed=0,
    samples=1000,
    elbo_samples=16,
    folder=None,
    networks=(),
    evaluated=None,
):
    """A `zoo.evaluation.Report` of a model on the test examples of some data: `print` it.

    Args:
        data, binarization: see `zoo.recipe.given.prepared`.
        seed, samples, elbo_samples, folder, networks, evaluated: as in `zoo.evaluation.report`.
    """
    data = prepared(model, data, binarization)
    return evaluation.report(model, data, seed, samples, elbo_samples, folder, networks, evaluated)


@several_traces()
def publish(
    model,
    data,
    folder,
    *,
    trained=None,
    report=None,
    figures=None,
    recipe=None,
    command=None,
    binarization="auto",
    warnings=None,
    replace=False,
    float16=True,
    tuned_from=None,
    **how,
):
    """Exports a trained model as an artifact, proven equal to it; evaluates it unless it was.

    zoo.publish(model, x, "exports/mine-digits")

    Args:
        model: trained by `zoo.fit`, by Keras's own `model.fit`, or read from a file.
        data: see `zoo.recipe.given.prepared`; the data that it was trained on.
        folder: the artifact's, whose name is the artifact's.
        trained: the `Run` that `zoo.fit` gave; None states what Keras knows of `model.fit`, and
            that it is for the model's maker to say which examples it has seen.
        report: what `evaluate` gave; None evaluates now.
        figures: a folder of PNGs; None draws them.
        recipe: {"script", "config", "seed"}; None states the run's settings.
        command: the command line that repeats this; None: there is none.
        binarization: see `prepared`.
        warnings: sentences that the model's users must know; None finds them.
        replace, float16: as in `zoo.export.publish`.
        tuned_from: the artifact that the model was read from and trained on, a folder or a name, or
            its `zoo.recipe.tuning.Earlier.origin`; the new one states its digests.
        how: `seed`, `samples`, `elbo_samples` and `evaluated` of `evaluate`, where there is no
            report.

    Returns:
        A `zoo.export.published.Published`.

    Raises:
        MissingDependency: where TensorFlow or what makes ONNX graphs is not installed.
        TrainingError: if a metric of the model is no number.
        ExportError: as `zoo.export.publish`.
    """
    if report is None:
        export.require_possible()  # before it is evaluated
    export.require_writable(folder, replace)
    if tuned_from is not None and not isinstance(tuned_from, dict):
        tuned_from = tuning.origin(tuned_from)
    data = prepared(model, data, binarization)
    if report is not None and how:
        raise InputError(f"{', '.join(how)}: of an evaluation, and a report is given.")
    trained = trained or training.elsewhere.run(model, data)
    report = report or evaluate(model, data, **how)
    if warnings is None:
        warnings = evaluation.warnings(report.metrics, report.protocol)
    if not evaluation.is_finite(report.metrics):
        raise TrainingError(" ".join([*warnings, "Nothing was exported."]))
    with _drawn(model, data, trained, report, figures) as drawn:
        return export.publish(
            model,
            data,
            trained,
            report,
            drawn,
            recipe or _facts(trained),
            folder,
            command,
            replace=replace,
            float16=float16,
            warnings=warnings,
            tuned_from=tuned_from,
        )


@contextlib.contextmanager
def _drawn(model, data, trained, report, figures):
    """The folder of figures: the one given, or one that is drawn and lives as long as the block."""
    if figures is not None:
        yield figures
        return
    with tempfile.TemporaryDirectory(prefix="zoo-figures-") as folder:
        seed = report.protocol["seed"]
        yield evaluation.draw(
            model, data, trained.history, report.means, Path(folder) / FIGURES, seed
        )


def _facts(trained):
    """What a manifest says of the recipe where there is none: the settings, as far as known."""
    settings = {} if trained.settings is None else dataclasses.asdict(trained.settings)
    return {"script": None, "config": settings, "seed": settings.get("seed")}


def _changed(settings, changes):
    names = [field.name for field in dataclasses.fields(settings)]
    for name in changes:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Do you mean {near[0]}?" if near else ""
            raise InputError(f"{name} is no setting.{hint} There are {', '.join(names)}.")
    return dataclasses.replace(settings, **changes)
