"""`fit`: a model, its data and a few settings in; a trained model and its history out."""

import contextlib
import gc
import json
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from zoo import provenance
from zoo.atomic_write import locked, make_folders, tidy
from zoo.errors import Interrupted, TrainingError
from zoo.training import (
    averages,
    callbacks,
    checkpoint,
    devices,
    execution,
    identity,
    interruption,
    skipping,
)
from zoo.training.adam import Adam
from zoo.training.described import require_described
from zoo.training.plan import plan, warmup_steps
from zoo.training.settings import Settings
from zoo.training.tensorboard import TensorBoard

EVALUATION_BATCH = 256
EXAMPLES_LOOKED_AT = 65_536
CHECKPOINT_SECONDS = 15.0  # the least time between checkpoints
CHECKPOINT_SHARE = 0.05  # of the time that training may wait for them
LOCK = "lock"


@dataclass(frozen=True)
class Run:
    """What `fit` did. `seconds` counts training and validation, over all resumed parts.

    `place` is the `zoo.provenance.here()` of where it was trained last. Of a training elsewhere
    `folder`, `best_epoch`, `seconds`, `settings` and `place` are None: not known.
    """

    folder: Path | None
    history: list
    best_epoch: int | None
    seconds: float | None
    train_examples: int
    validation_examples: int
    settings: Settings | None = None
    place: dict | None = None

    @property
    def skipped(self):
        """Steps that were not taken, because of `Settings.skip_norm`."""
        return sum(row.get("skipped", 0) for row in self.history)

    def write_history(self, path):
        """Writes the history as CSV, a row an epoch."""
        callbacks.write_history(path, self.history)


def seed_everything(seed):
    """Seeds Python, numpy and the Keras backend; call before the model is built."""
    keras.utils.set_random_seed(seed)


def fit(
    model,
    data,
    settings,
    folder,
    resume=False,
    restart=False,
    configuration=None,
    tensorboard=None,
    verbose=None,
):
    """Trains a model on `data.train`, keeps the weights that are best by the model's `monitor`.

    Writes `checkpoint.npz` and `history.csv` into `folder`. Everything random is a function of
    the seed and the step, and all other state is in the checkpoint: a run that was killed and
    resumed, at whatever step, ends with the weights and the history of an uninterrupted one, on the
    same machine's CPU. One that has ended is resumed under any Keras backend: it gives the weights
    and the history. Ctrl-C, SIGTERM and SIGHUP write a checkpoint after the step that runs.

    Args:
        model: a `LatentModel` such as `zoo.models.vae.VAE`, not yet compiled.
        data: what `zoo.datasets.binarize` gives; its test split is never touched.
        settings: a `Settings`.
        folder: of this run; holds one run.
        resume: go on from the folder's checkpoint, if there is one.
        restart: discard the folder's checkpoint, if there is one.
        configuration: what must be equal for a run to be resumed, as a JSON-able dict, besides
            settings, data and model.
        tensorboard: a folder for TensorBoard logs, or None.
        verbose: as in Keras's `fit`, 0 is silent; None is by where the output goes.

    Raises:
        TrainingError: on a loss that is not finite or explodes, a run in the folder without
            `resume` or `restart`, a checkpoint of another configuration, or another process in the
            folder; if another process that trains along was lost.
        InputError: on devices that there are not, or that a batch has no equal parts for; on data
            that the model's likelihood does not describe, or conditions out of range.
        DatasetError: if the model is conditional on what the data does not have, or `augment` asks
            for what the data cannot have.
        Interrupted: a `KeyboardInterrupt`, when asked to stop; its text says what is kept.
    """
    folder = Path(folder)
    require_described(model, data)
    lost = devices.others_may_be_lost(lambda: callbacks.kept(folder))
    with contextlib.ExitStack() as held, lost:
        devices.from_first(lambda: held.enter_context(_alone(folder)))
        verbose = verbosity() if verbose is None else verbose
        verbose = 0 if devices.process() else verbose
        options = configuration, tensorboard, verbose
        return _fit(model, data, settings, folder, resume, restart, *options)


def _fit(model, data, settings, folder, resume, restart, configuration, tensorboard, verbose):
    settings = plan(settings, data.train, data.schema.picture)
    training, validation = data.train.cut(settings.validation_share, settings.seed)
    conditions = tuple(model.conditions)
    batches = training.training_batches(
        settings.batch_size,
        settings.seed,
        settings.steps_per_epoch,
        model.trained_with,
        settings.augment,
        _steps_needed(model, training) if settings.steps_per_epoch != 1 else None,
    )
    whole = (configuration or {}) | asdict(settings)
    for name in ("devices", "steps_per_execution"):  # they change no more than rounding
        whole.pop(name)
    whole = json.loads(json.dumps(identity.of_run(model, data, whole)))
    if not resume:
        _require_devices(settings, batches)
    found = devices.from_first(lambda: _found(folder, whole, resume, restart))
    count = settings.devices
    if found and found[0].finished(settings.epochs):
        count = 1
    elif resume:
        _require_devices(settings, batches)

    def logs():
        if not tensorboard or devices.process():
            return []
        shown = validation.inputs(_few(validation), conditions)
        return [TensorBoard(tensorboard, shown, images=devices.processes() == 1)]

    held_out = validation.evaluation_batches(EVALUATION_BATCH, model.trained_with)
    with devices.spread(model, count) as spread:
        compile_model(model, settings, len(batches))
        state = _state(found, model, whole)
        with interruption.deferred() as request, _nothing_left_reading():
            pace = CHECKPOINT_SECONDS, CHECKPOINT_SHARE
            mine = (folder, request) if devices.process() == 0 else (None, interruption.Request())
            journal = callbacks.Journal(
                mine[0], len(batches), state, whole, settings.patience, mine[1], *pace
            )
            held_out = spread.validation(held_out, len(validation), EVALUATION_BATCH)
            if not state.progress.finished(settings.epochs):
                with journal, fed(model, batches, settings) as at_once:
                    options = settings.epochs, at_once, journal, logs, verbose, spread
                    _train(model, batches, held_out, *options)
            if mine[1].number is not None:
                raise Interrupted(callbacks.kept(folder), request.number)
    for variable, value in zip(model.weights, state.best_weights, strict=True):
        variable.assign(value)
    progress = state.progress
    return Run(
        folder,
        progress.history,
        progress.best_epoch,
        progress.seconds,
        len(training),
        len(validation),
        settings,
        progress.place or None,
    )


def _steps_needed(model, split):
    """Of each example, int64 [n], where the model can be given batches by length; else None."""
    if not model.takes_fewer_steps:
        return None
    parts = (slice(i, i + EXAMPLES_LOOKED_AT) for i in range(0, len(split), EXAMPLES_LOOKED_AT))
    needed = [model.likelihood.steps_needed(split.examples(part)) for part in parts]
    return None if needed[0] is None else np.concatenate(needed)


def _require_devices(settings, batches):
    devices.require(settings.devices)
    devices.require_parts(batches.batch_size, settings.devices)
    execution.require(settings, batches)


def _train(model, batches, held_out, epochs, at_once, journal, logs, verbose, spread):
    """The steps that are left of an epoch that was interrupted, then all other epochs."""
    progress = journal.state.progress
    if not progress.finished(epochs):
        progress.place = provenance.here()
    while not progress.finished(epochs):
        first = progress.step
        executions = execution.Executions(batches, at_once, first)
        with averages.InValidation() as averaged:
            called = [
                averaged,
                callbacks.EpochOrder(batches),
                callbacks.StopOnDivergence(len(batches), progress, first),
                *([skipping.StopOnSkipping()] if model.optimizer.skip_norm else []),
                journal,
                *([callbacks.OneEpoch()] if first else []),
                *spread.callbacks(),
                *logs(),
            ]
            if at_once > 1:
                options = {"model": model, "epochs": epochs, "verbose": verbose}
                called = execution.Callbacks(called, executions, **options)
            model.fit(
                spread.training(executions),
                epochs=epochs,
                initial_epoch=progress.epoch,
                validation_data=held_out,
                shuffle=False,
                callbacks=called,
                verbose=verbose,
            )


@contextlib.contextmanager
def fed(model, batches, settings):
    """Within the block, examples that fit lie on the device, and the model makes batches of them.

    Yields how many steps are one program, see `zoo.training.execution`. What was compiled with them
    ends with the block.
    """
    model.feed, model.train_function = batches.stay_on_device(), None
    try:
        at_once = execution.steps_at_once(settings, batches, model)
        model.step_of_many = execution.scanned if at_once > 1 else None
        yield at_once
    finally:
        model.feed = batches.feed = model.train_function = model.step_of_many = None


@contextlib.contextmanager
def _nothing_left_reading():
    """Ends TensorFlow's reading ahead when the block fails or is interrupted.

    A thread of tf.data calls Python for the next batches for as long as the iterator lives, and the
    failed frames keep it alive; where Python ends in the midst of a call, it hangs or crashes.
    """
    try:
        yield
    except BaseException as error:
        innermost = list(traceback.walk_tb(error.__traceback__))[-1][0]
        for frame, _ in traceback.walk_stack(innermost):  # Keras leaves its own out of a traceback
            with contextlib.suppress(RuntimeError):  # is running, so not of what failed
                frame.clear()
        gc.collect()  # Keras's iterator is in a cycle
        raise


def compile_model(model, settings, steps_per_epoch):
    """Adam (Kingma & Ba 2015; AdamW where weights decay), warm-up from 0, then cosine decay to 0.

    A training of one step has no warm-up: it would learn nothing.

    Gradients are clipped by their global norm (Pascanu et al. 2013, algorithm 1); for skipped steps
    and averages see `zoo.training.adam`.
    """
    total = settings.epochs * steps_per_epoch
    warmup = warmup_steps(settings, total)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if total > 1 else settings.learning_rate,
        decay_steps=max(1, total - warmup),
        warmup_target=settings.learning_rate if total > 1 else None,
        warmup_steps=warmup if total > 1 else 0,
    )
    adam = Adam(
        schedule,
        weight_decay=settings.weight_decay or None,
        global_clipnorm=settings.clip_norm or None,
        ema=settings.ema,
        skip_norm=settings.skip_norm,
    )
    model.compile(adam, jit_compile=use_xla(settings.compiler))
    model.optimizer.build(model.trainable_variables)


def use_xla(compiler="auto"):
    """Whether to compile by XLA. JAX always does; on TensorFlow "auto" means: only on a GPU.

    On two CPU cores XLA made the convolutional step slower, not faster: see the table that
    `python benchmarks/training_step.py` prints.
    """
    if keras.backend.backend() == "jax":
        return True
    if compiler == "auto":
        return bool(keras.distribution.list_devices("gpu"))
    return compiler == "xla"


def verbosity():
    """A progress bar on a terminal, a line an epoch in a log."""
    return 1 if sys.stdout.isatty() else 2


def clear(folder):
    """Removes what a run keeps, once what it was kept for is done."""
    for name in (checkpoint.FILE, callbacks.HISTORY):
        tidy(Path(folder) / name)
        (Path(folder) / name).unlink(missing_ok=True)


def _found(folder, whole, resume, restart):
    """What `checkpoint.load` finds to go on from; None: nothing."""
    if restart:
        clear(folder)
    found = checkpoint.load(folder)
    if found and not resume:
        raise TrainingError(
            f"An unfinished run ({callbacks.shown(found[0])} of {found[1].get('epochs')}) lies in "
            f"{folder}. Go on with --resume, or discard it with --restart."
        )
    if found is None:
        if resume:
            print(f"No checkpoint in {folder} yet: starting at the first epoch.")
        return None
    progress, stored, _ = found
    checkpoint.require_same(whole, stored, progress, folder)
    print(f"Resuming {callbacks.shown(progress)} of {stored['epochs']}.")
    return found


def _state(found, model, whole):
    """The `State` to begin with: as it was found, or afresh."""
    if found is None:
        return checkpoint.State(checkpoint.Progress(), checkpoint.snapshot(model.weights))
    progress, stored, arrays = found
    if whole["backend"] != stored["backend"]:
        return checkpoint.State(progress, checkpoint.restore_best(model, arrays))
    return checkpoint.State(progress, *checkpoint.restore(model, arrays))


def _few(split, most=16):
    return np.arange(min(most, len(split)))


@contextlib.contextmanager
def _alone(folder):
    """Holds the folder's lock, which the system releases however this process ends."""
    make_folders(folder)
    try:
        with locked(folder / LOCK):
            yield
    except BlockingIOError as error:
        if error.filename != str(folder / LOCK):
            raise
        raise TrainingError(
            f"Another run ({error.strerror}) is training in {folder}. Wait for it, or pass "
            "--out FOLDER."
        ) from error
