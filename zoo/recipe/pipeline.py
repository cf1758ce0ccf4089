"""What all recipes share: the road from data to artifact.

A recipe brings a `Config` of its own, derived from one of `zoo.recipe.options`, and names its
model.
"""

import contextlib
import dataclasses
import logging
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path

from zoo.errors import InputError, MissingDependency, ZooError
from zoo.recipe import options

# `dataset` is a name or a path: the data itself is compared instead.
_NOT_PART_OF_THE_RUN = {"dataset", "memory_share", "samples"}


def main(config_class, model, script, facts=lambda config, data: {}):
    """A recipe's entry point: reads the command line, runs, and reports errors as sentences.

    Args:
        config_class: the recipe's `Config`.
        model: its name in `zoo.catalog`, whose builder takes what `options.of_model` gives.
        script: the recipe's `__file__`; its docstring heads `--help`.
        facts: (config, data) -> {name: value}, what the builder takes besides.
    """
    import tyro

    def build(config, data):
        import zoo

        given = options.of_model(config) | facts(config, data)
        return zoo.catalog.build(model, data.event_shape, **given)

    module = sys.modules["__main__"]
    config = tyro.cli(config_class, description=module.__doc__, prog=f"python {_shown(script)}")
    try:
        run(config, build, script)
    except ZooError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(
            f"\nerror: {error}. Nothing is half written; once this is mended, go on with --resume.",
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half written; go on with --resume.", file=sys.stderr)
        sys.exit(130)


def run(config, build, script):
    """Load, build, train, evaluate, export, prove; returns the artifact's folder.

    Args:
        build: (config, data) -> model.
    """
    began = time.monotonic()
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
    import zoo

    settings = settings_of(config)  # refuses bad numbers before anything is loaded
    loaded = zoo.datasets.load(
        config.dataset,
        seed=config.seed,
        image_shape=config.image_shape,
        test_share=config.test_share,
        memory_share=config.memory_share,
    )
    zoo.training.seed_everything(config.seed)
    model = build(config, loaded)
    data = zoo.datasets.binarize(loaded, _binarization(config, loaded, model), config.seed)
    settings = zoo.training.plan(settings, data.train)
    target = config.out / f"{model.name}-{data.name}"
    _describe(model, data, settings, target)
    if config.dry_run:
        model.encoder.summary()
        model.decoder.summary()
        return target
    zoo.export.require_writable(target, config.replace)
    _start_pseudo_inputs(model, data, settings)
    folder = target.with_name(target.name + ".run")
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
    figures = zoo.evaluation.draw(
        model, data, trained.history, report.means, folder / "figures", config.seed
    )
    print("\n".join(report.lines()), "Exporting and proving.", sep="\n", flush=True)
    published = zoo.export.publish(
        model,
        data,
        trained,
        report,
        figures,
        {"script": _shown(script), "config": _plain(config), "seed": config.seed},
        target,
        _command(script, config),
        replace=config.replace,
    )
    zoo.training.clear(folder)
    zoo.evaluation.clear(folder)
    print(*published.lines(), sep="\n")
    _done(target, time.monotonic() - began)
    return target


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


def _binarization(config, data, model):
    if config.binarization != "auto":
        return config.binarization
    grey = data.event_shape[-1] == 1 or len(data.event_shape) == 1
    binary = model.likelihood.family in ("bernoulli", "categorical")
    return "dynamic" if binary and grey else "none"


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
    """What a resumed run must have in common with its beginning."""
    import keras

    kept = {k: v for k, v in _plain(config).items() if k not in _NOT_PART_OF_THE_RUN}
    return kept | {
        "schema": data.schema.to_json(),
        "training_data": data.train.fingerprint(),
        "test_data": data.test.fingerprint(),
        "backend": keras.backend.backend(),
    }


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
        f"shape {list(data.event_shape)}, binarization {data.binarization}\n"
        f"plan: {settings.epochs} epochs of batches of {settings.batch_size}, Adam at up to "
        f"{settings.learning_rate:g}, {stop}, seed {settings.seed}, Keras on "
        f"{keras.backend.backend()} ({device}); artifact {target}",
        flush=True,
    )


def _objective(model):
    return "" if model.objective_shown == "-" else f", objective {model.objective_shown}"


def _command(script, config):
    """The command line that repeats this run: every option that is not the default."""
    parts = ["python", _shown(script)]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if value == field.default or field.name in (
            "memory_share",
            "out",
            "replace",
            "restart",
            "resume",
            "tensorboard",
        ):
            continue
        values = value if isinstance(value, tuple) else (value,)
        option = f"--{field.name.replace('_', '-')}"
        parts += [option, *map(str, values)] if value is not True else [option]
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    prefix = "" if backend == "tensorflow" else f"KERAS_BACKEND={backend} "
    return prefix + shlex.join(parts)


def _shown(script):
    """recipes/name.py, wherever the clone lies."""
    return "/".join(Path(script).parts[-2:])


def _done(target, seconds):
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(
        f"Every format answers as the trained model does. {seconds:.0f} s in all.\n"
        f"Artifact: {target} ({size / 2**20:.1f} MiB); its card is {target / 'README.md'}.\n"
        f"Load it:  import zoo; vae = zoo.load({str(target)!r})"
    )
