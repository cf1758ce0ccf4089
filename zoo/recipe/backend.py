"""Keras and what computes for it: started, and used, without messages that mislead a newcomer."""

import contextlib
import logging
import os
import sys
import tempfile

from zoo.errors import MissingDependency


def start():
    """Imports Keras and starts what computes for it; its libraries' own messages are kept back.

    Where the environment names several processes (`zoo.training.devices`), this one joins them.

    Raises:
        InputError, TrainingError: as `zoo.training.devices.join`.
        MissingDependency: where the backend that KERAS_BACKEND names is not installed.
    """
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX-512, where they are faster too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with native_messages_kept_back():
        try:
            import keras
        except ModuleNotFoundError as error:
            backend = os.environ.get("KERAS_BACKEND", "tensorflow")
            raise MissingDependency(
                f"KERAS_BACKEND={backend} needs {error.name}, which is not installed. Install it "
                f"(python -m pip install {backend}), or unset KERAS_BACKEND for TensorFlow."
            ) from error
        from zoo.training import devices

        devices.join()
        keras.ops.zeros(1)  # starts the backend


@contextlib.contextmanager
def several_traces():
    """Keeps TensorFlow's warnings of retracing back while the block or the function runs.

    A handful of functions are compiled for a handful of shapes; that is meant. Warnings of what is
    done elsewhere stay.
    """
    log = logging.getLogger("tensorflow")
    mine = _NoRetracing()
    log.addFilter(mine)
    try:
        yield
    finally:
        log.removeFilter(mine)


class _NoRetracing(logging.Filter):
    """Of its own for each block: a block within another, or in another thread, ends for itself."""

    def filter(self, record):
        return "retracing" not in record.getMessage()


@contextlib.contextmanager
def native_messages_kept_back():
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
