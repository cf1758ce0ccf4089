"""The folder of a run under way: one run makes a target at a time, and says what it keeps."""

import contextlib
import shutil
import signal

from zoo.atomic_write import locked
from zoo.errors import Interrupted, TrainingError

FIGURES = "figures"


@contextlib.contextmanager
def alone(target):
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
def said_what_is_kept(folder):
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


def remove(folder):
    """Removes a finished run's folder, unless somebody put something of their own there."""
    import zoo
    from zoo.recipe import evaluated

    zoo.training.clear(folder)
    evaluated.clear(folder)
    zoo.evaluation.clear(folder)
    shutil.rmtree(folder / FIGURES, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
