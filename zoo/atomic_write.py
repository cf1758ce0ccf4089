"""Files and folders that are written whole or not at all. Standard library only."""

import contextlib
import os
import shutil
from pathlib import Path


@contextlib.contextmanager
def whole(path, mode="wb", **options):
    """Opens a file that takes the place of `path` when the block ends without an exception.

    The bytes are on disk before the name changes, so that a process killed at any moment leaves
    either the old file or the new one.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def whole_folder(path, move=os.rename):
    """Yields an empty folder that becomes `path` when the block ends without an exception.

    Otherwise it is removed. It lies beside `path`, so that one renaming puts it in place.

    Args:
        path: where it goes.
        move: (folder, path) puts it there.
    """
    path = Path(path)
    stage = beside(path, "partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(stage, ignore_errors=True)  # of a killed process that had the same number
        stage.mkdir()
        yield stage
        move(stage, path)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def beside(path, what):
    """A hidden name beside `path` that says what it is and which process made it."""
    return path.parent / f".{path.name}.{what}-{os.getpid()}"
