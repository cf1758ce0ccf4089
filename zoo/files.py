"""Files that are written whole or not at all. Standard library only."""

import contextlib
import os
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
