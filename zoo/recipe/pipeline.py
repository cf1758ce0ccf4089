"""What all recipes share: the road from data to artifact.

A recipe brings a `Config` of its own, derived from one of `zoo.recipe.options`, and names its
model.
"""

import contextlib
import dataclasses
import io
import sys
import time

from zoo.errors import NotExported
from zoo.recipe import (
    backend,
    choices,
    command,
    configuration,
    in_words,
    measuring,
    run_folder,
)


@backend.several_traces()
def run(config, build, script, started=None, name=None, settle=lambda config, data: (config, ())):
    """Load, build, train, evaluate, export, prove; returns the artifact's folder.

    Of several processes that train together the first alone says, evaluates and writes anything.

    Args:
        config: of the recipe.
        build: (config, data, likelihood) -> model.
        script: the recipe's path, for the manifest.
        started: as in `zoo.recipe.main`, for the card.
        name: of the model that is built; None takes an artifact of any to train on from.
        settle: as in `zoo.recipe.main`.

    Raises:
        NotExported: where TensorFlow is not installed: the run is kept, for `--resume` elsewhere.
        ZooError: among them a `TrainingError` for a model that has diverged, of which there is no
            artifact then.
        Interrupted: if it was asked to stop; its text says what is kept.
    """
    backend.start()
    import zoo

    with contextlib.ExitStack() as silent:
        if zoo.training.devices.process():
            silent.enter_context(contextlib.redirect_stdout(io.StringIO()))
        return _run(config, build, script, started, name, settle)


def _run(config, build, script, started, name, settle):
    began = time.monotonic()
    import zoo
    from zoo.datasets import augmentation
    from zoo.recipe import kinds, precision, properties, tuning
    from zoo.training import devices, execution

    settings = configuration.settings_of(config)  # refuses bad numbers before anything is loaded
    precision.require(config.precision, config.tuned_from)
    if not config.resume:  # what has ended needs none of them
        devices.require(config.devices)
    earlier = tuning.open_artifact(config.tuned_from) if config.tuned_from else None
    model_name = name or (earlier.model.name if earlier else None)
    if earlier:
        tuning.require_options(earlier, model_name, config)
    kinds.require(model_name, kinds.foreseen(config), config)
    loaded = zoo.datasets.load(
        config.dataset,
        seed=config.seed,
        image_shape=config.image_shape,
        test_share=config.test_share,
        test_split=config.test_split,
        memory_share=config.memory_share,
        skip_corrupt=config.skip_corrupt,
        columns=config.columns,
        label=config.label,
        unseen=config.unseen,
        kind=config.kind,
        time=config.time,
        entity=config.entity,
        window=config.window,
        stride=config.stride,
        steps=config.steps,
        tokenizer=config.tokenizer,
        column=config.column,
    )
    kinds.require(model_name, kinds.of(loaded.schema), config)
    loaded, of_properties = properties.attached(config, loaded)
    augmentation.require(config.augment or (), loaded.schema)
    augmented, augment = choices.augmentation(config.augment, loaded)
    settings = dataclasses.replace(settings, augment=augment)
    asked, reasons = config, ()
    zoo.training.seed_everything(config.seed)
    if earlier:
        tuning.require_data(earlier, loaded)
        earlier = tuning.with_objective(earlier, config, loaded)
        model = earlier.model
        likelihood, binarization = tuning.choices(earlier, config, loaded)
    else:
        likelihood = choices.likelihood(config.likelihood, loaded)
        binarization = choices.binarization(config.binarization, loaded, likelihood.value)
        config, reasons = settle(config, loaded)
        with precision.of_networks(config.precision):
            model = build(config, loaded, likelihood.value)
    data = zoo.datasets.binarize(loaded, binarization.value, config.seed)
    zoo.training.require_described(model, data)  # --dry-run refuses what a run would
    settings = zoo.training.plan(settings, data.train, data.schema.picture)
    if not config.resume:
        devices.require_parts(settings.batch_size, config.devices)
        execution.require(settings)
    target = config.out / f"{model.name}-{data.name}"
    print(in_words.described(model, data, settings, target, config.precision))
    chosen = likelihood, binarization, augmented, *of_properties, *reasons
    print(*in_words.reasons(chosen, loaded), sep="\n", flush=True)
    inception = measuring.inception_of(config, model, data)
    if missing := zoo.export.missing():
        print(f"  Without {missing} the run is trained and evaluated, and exported elsewhere.")
    if config.dry_run:
        _summary(model.encoder)
        _summary(model.decoder)
        return target
    folder = target.with_name(target.name + ".run")

    def hold(held):
        zoo.export.require_writable(target, config.replace)
        held.enter_context(run_folder.alone(target))
        zoo.export.require_writable(target, config.replace)  # or another run has ended meanwhile

    with contextlib.ExitStack() as held, run_folder.said_what_is_kept(folder):
        devices.from_first(lambda: hold(held))
        place = folder, target, script, asked, started
        warnings = _make(config, model, data, settings, *place, earlier, inception)
        if devices.process():
            return target
        run_folder.remove(folder)
    print(in_words.done(target, time.monotonic() - began))
    if warnings:
        print("The files are as the model is; of the model itself:")
    for sentence in warnings:
        print(f"Warning: {sentence}")
    return target


def _make(
    config, model, data, settings, folder, target, script, asked, started, earlier, inception
):
    """Trains, evaluates and publishes; gives the warnings about the model."""
    import zoo
    from zoo.recipe import precision, road
    from zoo.training import devices

    if not earlier:
        _start_pseudo_inputs(model, data, settings)
    settled = {name: getattr(settings, name) for name in configuration.SETTLED}
    settled["augment"] = list(settings.augment)
    facts = configuration.plain(config) | settled | (earlier.options(config) if earlier else {})
    origin = earlier.origin if earlier else None
    trained = road.fit(
        model,
        data,
        settings,
        folder,
        resume=config.resume,
        restart=config.restart,
        configuration=configuration.identity(config, data, origin),
        tensorboard=config.tensorboard,
    )
    devices.leave()
    if devices.process():
        return ()
    print(
        f"Trained {len(trained.history)} epochs in {trained.seconds:.0f} s; evaluating.", flush=True
    )
    if trained.skipped:
        print(f"Steps skipped, their gradients above --skip-norm or no number: {trained.skipped:,}")
    model = precision.as_published(model, config.precision)
    report = measuring.report_of(config, model, data, folder, inception)
    warnings = zoo.evaluation.warnings(report.metrics, report.protocol)
    figures = zoo.evaluation.draw(
        model, data, trained.history, report.means, folder / run_folder.FIGURES, config.seed
    )
    print(*report.lines(), sep="\n", flush=True)
    if zoo.evaluation.is_finite(report.metrics):  # else publishing says what it is
        if zoo.export.missing():
            print(*(f"Warning: {each}" for each in warnings), sep="\n")
            raise NotExported(
                in_words.not_exported(folder, command.resumed(script, asked, started))
            )
        print("Exporting and proving.", flush=True)
    published = road.publish(
        model,
        data,
        target,
        trained=trained,
        report=report,
        figures=figures,
        recipe={"script": command.shown(script), "config": facts, "seed": config.seed},
        command=command.line(script, asked, started, (trained.place or {}).get("backend")),
        warnings=warnings,
        replace=config.replace,
        float16=config.float16,
        tuned_from=origin,
    )
    print(*published.lines(), sep="\n")
    return warnings


def _summary(network):
    """Prints the layers of a network.

    Rich, which Keras prints them with, ends the process where nobody reads on: what goes to no
    terminal is printed here.
    """
    if sys.stdout.isatty():
        network.summary()
        return
    with contextlib.redirect_stdout(io.StringIO()) as drawn:
        network.summary()
    print(drawn.getvalue())


def _start_pseudo_inputs(model, data, settings):
    """Lets a prior that learns pseudo-inputs begin at examples that the model is trained on."""
    import numpy as np

    if not model.pseudo_input_count:
        return
    training, _ = data.train.cut(settings.validation_share, settings.seed)
    order = np.random.default_rng(settings.seed).permutation(len(training))
    chosen = np.sort(order[: model.pseudo_input_count])
    model.start_pseudo_inputs(training.examples(chosen))
