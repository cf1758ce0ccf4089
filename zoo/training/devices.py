"""Several devices, of one process or of several: each has a part of every batch.

By `keras.distribution.DataParallel`, on JAX. What a step computes is that of the whole batch, in
one program: the order of the data, the noise, the loss, its gradient and whatever else is a mean or
a sum over the batch are those of one device, up to rounding. Process 0 alone writes.
"""

import contextlib
import os
import pickle
import sys

import keras
import numpy as np

from zoo.errors import InputError, TrainingError, ZooError

ENVIRONMENT = (
    "KERAS_DISTRIBUTION_JOB_ADDRESSES",
    "KERAS_DISTRIBUTION_NUM_PROCESSES",
    "KERAS_DISTRIBUTION_PROCESS_ID",
)
"""What `join` reads: host:port of process 0, how many processes there are, which one this is."""


_left = False  # whether this process has left the others


def join():
    """Joins the processes that the environment names, if it does, before anything is computed.

    Raises:
        InputError: if the environment is incomplete, or the backend is not JAX.
        TrainingError: if the processes do not find each other.
    """
    address, count, number = (os.environ.get(name) for name in ENVIRONMENT)
    if not (count or "").strip() or count == "1":
        return
    if not (count.isdigit() and (number or "").isdigit() and address):
        raise InputError(
            f"{', '.join(f'{name}={os.environ.get(name)!r}' for name in ENVIRONMENT)}: of several "
            "processes each is told the host:port of process 0, how many there are, and from 0 on "
            "which one it is."
        )
    _require_jax(f"{count} processes")
    keras.utils.set_random_seed(0)  # else Keras has every device agree on one
    try:
        keras.distribution.initialize()
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"Process {number} of {count} did not find the others at {address}: {error}. Start all "
            "of them, with the same address, which process 0 must be reached by."
        ) from error


def leave():
    """Leaves the other processes, all at the same time: what follows is this one's alone."""
    global _left
    if processes() > 1:
        import jax

        jax.distributed.shutdown()
        _left = True


def end(code):
    """Ends this process: where others train along at once, for JAX would wait for them to end."""
    if processes() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def processes():
    """How many processes train together."""
    if keras.backend.backend() != "jax" or _left:
        return 1
    import jax

    return jax.process_count()


def process():
    """Which of them this one is, or was before it left; 0 is the one that writes."""
    if keras.backend.backend() != "jax":
        return 0
    import jax

    return jax.process_index()


def require(count):
    """Refuses what cannot be: more devices than there are, or several without JAX.

    Args:
        count: of devices, over all processes.

    Raises:
        InputError: with what is wanted.
    """
    if count > 1:
        _require_jax(f"devices={count}")
        import jax

        there = jax.device_count()
        if count > there:
            raise InputError(
                f"devices={count}: here {'is 1' if there == 1 else f'are {there}'}, "
                f"{_named(jax.devices())}. Give devices={there} or fewer. (To try more on a CPU: "
                f"NPROC=16 XLA_FLAGS=--xla_force_host_platform_device_count={count}.)"
            )
    if count % processes():
        raise InputError(
            f"devices={count}: {processes()} processes train together, and each has as many "
            f"devices. Give the number of all, a multiple of {processes()}."
        )
    if count > 1:
        least = min(len(each) for each in _devices_by_process())
        if count > least * processes():
            raise InputError(
                f"devices={count}: a process has {least} of them. Give {least * processes()} or "
                "fewer."
            )


def require_parts(batch_size, count):
    """Refuses a batch that has no equal parts."""
    if batch_size % count:
        below, above = batch_size // count * count, -(-batch_size // count) * count
        raise InputError(
            f"batch_size={batch_size} has no {count} equal parts, one for each of devices={count}. "
            f"Give batch_size={' or '.join(str(each) for each in (below, above) if each)}, or "
            "another number of devices."
        )


def from_first(make):
    """What a function gives in process 0, or the error of the zoo that it raises: in every process.

    The others do not call it.
    """
    if processes() == 1:
        return make()
    outcome = b""
    if process() == 0:
        try:
            outcome = pickle.dumps((make(), None))
        except ZooError as error:
            outcome = pickle.dumps((None, error))
    size = int(_broadcast(np.array(len(outcome), np.int32)))
    padded = np.zeros(size, np.uint8)
    padded[: len(outcome)] = np.frombuffer(outcome, np.uint8)
    value, error = pickle.loads(_broadcast(padded).tobytes())
    if error is not None:
        raise error
    return value


@contextlib.contextmanager
def spread(model, count):
    """While it lasts, a model's variables lie on `count` devices each, and its steps use them all.

    Yields a `Spread`. What is created meanwhile, such as an optimizer, lies there, too; afterwards
    everything lies on one device again.
    """
    if count == 1:
        yield Spread(None)
        return
    chosen = [each for mine in _devices_by_process() for each in mine[: count // processes()]]
    distribution = _DataParallel([f"{each.platform}:{each.id}" for each in chosen])
    variables = _variables(model)
    values = from_first(lambda: [np.array(each) for each in map(_numpy, variables)])
    with distribution.scope():
        for variable, value in zip(variables, values, strict=True):
            variable._layout = distribution.get_variable_layout(variable)  # as if created here
            variable.assign(value)
        try:
            yield Spread(distribution)
        except BaseException:
            with contextlib.suppress(RuntimeError):  # of a step that failed they may be gone
                _gather(model)
            raise
        _gather(model)


class Spread:
    """How batches come to the devices.

    Args:
        distribution: None where there is one device.
    """

    def __init__(self, distribution):
        self.distribution = distribution

    def training(self, batches):
        """The batches as this process hands them over."""
        return batches if processes() == 1 else _Part(batches)

    def validation(self, batches, size, batch_size):
        """The same of a validation split of so many examples, in batches of so many.

        Every device computes all of it where there is a batch without equal parts: its mean must
        not depend on the devices.
        """
        if self.distribution is None:
            return batches
        count = self.distribution.num_model_replicas
        self.distribution.parts_in_validation = not (size % count or batch_size % count)
        return self.training(batches) if self.distribution.parts_in_validation else batches

    def callbacks(self):
        """Keras callbacks that it needs."""
        return [] if self.distribution is None else [_Validating(self.distribution)]


@contextlib.contextmanager
def others_may_be_lost(kept):
    """An error of a computation that another process has left is one that says how to go on.

    Args:
        kept: () -> a sentence about what the run has kept.
    """
    try:
        yield
    except RuntimeError as error:
        of_jax = type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError")
        if processes() == 1 or not of_jax or "RESOURCE_EXHAUSTED" in str(error):
            raise
        where = f" {kept()}" if process() == 0 else ""
        raise TrainingError(
            f"Process {process()} of {processes()} has lost another one, which was stopped or "
            f"killed, or cannot be reached ({str(error).splitlines()[0]:.200}).{where} Start all "
            "of them again, with --resume."
        ) from error


class _DataParallel(keras.distribution.DataParallel):
    """Keras's own, which lays whole validation batches out where they have no equal parts."""

    def __init__(self, devices):
        super().__init__(devices=devices, auto_shard_dataset=False)
        self.parts_in_validation = True
        self.validating = False

    def get_data_layout(self, data_shape):
        if self.validating and not self.parts_in_validation:
            return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)
        return super().get_data_layout(data_shape)


class _Validating(keras.callbacks.Callback):
    """Tells the distribution when batches of the validation split come."""

    def __init__(self, distribution):
        super().__init__()
        self.distribution = distribution

    def on_test_begin(self, logs=None):
        self.distribution.validating = True

    def on_test_end(self, logs=None):
        self.distribution.validating = False


class _Part(keras.utils.PyDataset):
    """This process's rows of each batch, which every process draws alike."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, step):
        return keras.tree.map_structure(_rows, self.batches[step])


def _rows(array):
    size = len(array) // processes()
    return array[process() * size : (process() + 1) * size]


def _variables(model):
    """All that a step reads or writes, each once."""
    optimizer = model.optimizer.variables if model.compiled else []
    every = [*model.variables, *model.metrics_variables, *optimizer]
    return list({id(each): each for each in every}.values())


def _gather(model):
    """Puts a model's variables back onto one device."""
    for variable in _variables(model):
        value = _numpy(variable)
        variable._layout = None
        variable.assign(value)
    model.train_function = model.test_function = model.predict_function = None


def _numpy(variable):
    return keras.ops.convert_to_numpy(variable)


def _devices_by_process():
    """[[device]] of each process, in their order."""
    import jax

    every = jax.devices()
    return [[each for each in every if each.process_index == i] for i in range(processes())]


def _broadcast(array):
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.broadcast_one_to_all(array))


def _named(devices):
    names = [f"{each.platform}:{each.id}" for each in devices]
    return ", ".join(names[:4] + ["..."] * (len(names) > 4))


def _require_jax(what):
    backend = keras.backend.backend()
    if backend != "jax":
        raise InputError(
            f"{what}: on {backend} a training has one device, for Keras distributes none there. "
            "Train on JAX: KERAS_BACKEND=jax."
        )
