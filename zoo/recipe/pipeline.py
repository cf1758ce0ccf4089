"""What all recipes share: the road from data to artifact.

A recipe brings a `Config` of its own, derived from one of `zoo.recipe.options`, and names its
model.
"""

import contextlib
import dataclasses
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from zoo.atomic_write import locked
from zoo.errors import InputError, Interrupted, MissingDependency, TrainingError, ZooError
from zoo.recipe import choices, command, options

FIGURES = "figures"
# `dataset` is a name or a path: the data itself is compared instead.
_NOT_PART_OF_THE_RUN = {"dataset", "memory_share", "samples", "float16"}


def main(config_class, model, script, facts=lambda config, data: {}):
    """A recipe's entry point: reads the command line, runs, and reports errors as sentences.

    Args:
        config_class: the recipe's `Config`.
        model: its name in `zoo.catalog`, whose builder takes what `options.of_model` gives.
        script: the recipe's `__file__`; its docstring heads `--help`.
        facts: (config, data) -> {name: value}, what the builder takes besides.
    """
    import tyro

    def build(config, data, likelihood):
        import zoo

        made = zoo.likelihoods.of_schema(likelihood, data.schema)
        given = options.of_model(config) | {"likelihood": made} | facts(config, data)
        return zoo.catalog.build(model, data.event_shape, **given)

    module = sys.modules["__main__"]
    config = tyro.cli(
        config_class, description=module.__doc__, prog=f"python {command.shown(script)}"
    )
    try:
        run(config, build, script)
    except ZooError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(128 + error.number)
    except KeyboardInterrupt:
        print("\nInterrupted before training began: nothing was written.", file=sys.stderr)
        sys.exit(130)


def run(config, build, script):
    """Load, build, train, evaluate, export, prove; returns the artifact's folder.

    Args:
        config: of the recipe.
        build: (config, data, likelihood) -> model.
        script: the recipe's path, for the card.

    Raises:
        ZooError: among them a `TrainingError` for a model that has diverged, of which there is no
            artifact then.
        Interrupted: if it was asked to stop; its text says what is kept.
    """
    began = time.monotonic()
    _start_backend()
    import zoo
    from zoo.datasets import augmentation

    settings = settings_of(config)  # refuses bad numbers before anything is loaded
    loaded = zoo.datasets.load(
        config.dataset,
        seed=config.seed,
        image_shape=config.image_shape,
        test_share=config.test_share,
        test_split=config.test_split,
        memory_share=config.memory_share,
        skip_corrupt=config.skip_corrupt,
        steps=config.steps,
    )
    augmentation.require(config.augment, loaded.schema)
    zoo.training.seed_everything(config.seed)
    likelihood = choices.likelihood(config.likelihood, loaded)
    binarization = choices.binarization(config.binarization, loaded, likelihood.value)
    model = build(config, loaded, likelihood.value)
    data = zoo.datasets.binarize(loaded, binarization.value, config.seed)
    settings = zoo.training.plan(settings, data.train)
    target = config.out / f"{model.name}-{data.name}"
    _describe(model, data, settings, target)
    print(*_table([likelihood, binarization]), *_indented(loaded.notes), sep="\n", flush=True)
    if config.dry_run:
        model.encoder.summary()
        model.decoder.summary()
        return target
    zoo.export.require_writable(target, config.replace)
    folder = target.with_name(target.name + ".run")
    with _alone(target), _said_what_is_kept(folder):
        zoo.export.require_writable(target, config.replace)  # or another run has ended meanwhile
        warnings = _make(config, model, data, settings, folder, target, script)
        _remove(folder)
    _done(target, time.monotonic() - began)
    for sentence in warnings:
        print(f"Warning: {sentence}")
    return target


def _make(config, model, data, settings, folder, target, script):
    """Trains, evaluates and publishes; gives the warnings about the model."""
    import zoo

    _start_pseudo_inputs(model, data, settings)
    trained = zoo.training.fit(
        model,
        data,
        settings,
        folder,
        resume=config.resume,
        restart=config.restart,
        configuration=_identity(config, data),
        tensorboard=config.tensorboard,
    )
    print(
        f"Trained {len(trained.history)} epochs in {trained.seconds:.0f} s; evaluating.", flush=True
    )
    report = zoo.evaluation.report(model, data, config.seed, config.samples, folder=folder)
    warnings = zoo.evaluation.warnings(report.metrics, zoo.evaluation.constant_log_p(model, data))
    figures = zoo.evaluation.draw(
        model, data, trained.history, report.means, folder / FIGURES, config.seed
    )
    print("\n".join(report.lines()), *warnings, sep="\n", flush=True)
    if not zoo.evaluation.is_finite(report.metrics):
        raise TrainingError(" ".join([*warnings, "Nothing was exported."]))
    print("Exporting and proving.", flush=True)
    published = zoo.export.publish(
        model,
        data,
        trained,
        report,
        figures,
        {"script": command.shown(script), "config": _plain(config), "seed": config.seed},
        target,
        command.line(script, config),
        replace=config.replace,
        float16=config.float16,
        warnings=warnings,
    )
    print(*published.lines(), sep="\n")
    return warnings


def _start_backend():
    """Imports Keras and starts what computes for it."""
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX-512, where they are faster too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _native_messages_kept_back():
        try:
            import keras
        except ModuleNotFoundError as error:
            backend = os.environ.get("KERAS_BACKEND", "tensorflow")
            raise MissingDependency(
                f"KERAS_BACKEND={backend} needs {error.name}, which is not installed. Install it "
                f"(python -m pip install {backend}), or unset KERAS_BACKEND for TensorFlow."
            ) from error
        keras.ops.zeros(1)  # starts the backend
    # A handful of functions are compiled for a handful of shapes; that is meant.
    logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())


@contextlib.contextmanager
def _alone(target):
    """Holds the target's lock: until its artifact is in place no other run makes the same."""
    lock = target.with_name(f".{target.name}.lock")
    try:
        with locked(lock):
            yield
    except BlockingIOError as error:
        if error.filename != str(lock):
            raise
        raise TrainingError(
            f"Another run ({error.strerror}) is making {target}. Wait for it, or pass --out FOLDER."
        ) from error


@contextlib.contextmanager
def _said_what_is_kept(folder):
    """Errors of the system and interruptions say what of the run is kept, and how to go on."""
    from zoo import training

    try:
        with training.interruption.raised():
            yield
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, Interrupted) else signal.SIGINT
        raise Interrupted(f"Interrupted. {training.kept(folder)}", number) from error
    except OSError as error:
        raise TrainingError(f"{error}. Nothing is half written. {training.kept(folder)}") from error


def _remove(folder):
    """Removes a finished run's folder, unless somebody put something of their own there."""
    import zoo

    zoo.training.clear(folder)
    zoo.evaluation.clear(folder)
    shutil.rmtree(folder / FIGURES, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextlib.contextmanager
def _native_messages_kept_back():
    """Holds standard error of C++ code; shows it only if the block fails.

    TensorFlow's libraries write half a dozen lines about CPU instructions and absent GPUs before
    any log level can reach them, and a newcomer takes them for errors.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def settings_of(config):
    """The training settings among a recipe's options; refuses numbers that cannot be."""
    from zoo.training import Settings

    if config.samples < 1:
        raise InputError(f"samples={config.samples}: importance sampling needs 1 or more.")
    names = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{name: value for name, value in vars(config).items() if name in names})


def _start_pseudo_inputs(model, data, settings):
    """Lets a prior that learns pseudo-inputs begin at examples that the model is trained on."""
    import numpy as np

    if not model.pseudo_input_count:
        return
    training, _ = data.train.cut(settings.validation_share, settings.seed)
    order = np.random.default_rng(settings.seed).permutation(len(training))
    chosen = np.sort(order[: model.pseudo_input_count])
    model.start_pseudo_inputs(training.examples(chosen))


def _identity(config, data):
    """What a resumed run must have in common with its beginning, besides what `fit` compares."""
    kept = {k: v for k, v in _plain(config).items() if k not in _NOT_PART_OF_THE_RUN}
    return kept | {"test_data_digest": data.test.fingerprint()}


def _plain(config):
    """The options as JSON-able values, less those that only say where and whether to write."""
    plain = {}
    for name, value in vars(config).items():
        if name in ("dry_run", "out", "replace", "restart", "resume", "tensorboard"):
            continue
        value = list(value) if isinstance(value, tuple) else value
        plain[name] = str(value) if isinstance(value, Path) else value
    return plain


def _describe(model, data, settings, target):
    def rows(network):
        return f"{network.count_params():,} parameters in {len(network.layers)} layers"

    import keras

    device = keras.distribution.list_devices()[0]
    patience = settings.patience
    stop = f"early stop after {patience} epochs without gain" if patience else "no early stop"
    print(
        f"{model.name}: {model.count_params():,} parameters, {model.latent} latents, "
        f"{model.likelihood.family} likelihood{_objective(model)}\n"
        f"  encoder {rows(model.encoder)}\n"
        f"  decoder {rows(model.decoder)}\n"
        f"data: {data.name}, {len(data.train):,} training and {len(data.test):,} test examples of "
        f"shape {list(data.event_shape)}, binarization {data.binarization}"
        f"{_augmentation(settings)}\n"
        f"plan: {settings.epochs} epochs of batches of {settings.batch_size}, Adam at up to "
        f"{settings.learning_rate:g}, {stop}, seed {settings.seed}, Keras on "
        f"{keras.backend.backend()} ({device}); artifact {target}",
        flush=True,
    )


def _table(chosen):
    """Lines of what was decided and why, in columns."""
    widths = [max(len(getattr(each, part)) for each in chosen) for part in ("what", "value")]
    for each in chosen:
        yield f"  {each.what:<{widths[0]}}  {each.value:<{widths[1]}}  {each.why}"


def _indented(sentences):
    return (f"  {sentence}" for sentence in sentences)


def _augmentation(settings):
    return f", augmented by {' and '.join(settings.augment)}" if settings.augment else ""


def _objective(model):
    return "" if model.objective_shown == "-" else f", objective {model.objective_shown}"


def _done(target, seconds):
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(
        f"Every format answers as the trained model does. {seconds:.0f} s in all.\n"
        f"Artifact: {target} ({size / 2**20:.1f} MiB); its card is {target / 'README.md'}.\n"
        f"Load it:  import zoo; vae = zoo.load({str(target)!r})"
    )
