"""An artifact appears whole or not at all: written beside, checked, then renamed into place."""

import contextlib
import functools
import os
import shutil
import tempfile
from pathlib import Path

from zoo.atomic_write import beside, whole_folder
from zoo.errors import ExportError


def require_writable(target, replace=False):
    """Raises before any work is done if an artifact could not be put at `target` afterwards."""
    target = Path(target)
    try:
        _recover(target)
        if target.exists() and not replace:
            raise ExportError(
                f"{target} exists already. Pass --replace to replace it once the new artifact is "
                "proven, or --out FOLDER to put the new one elsewhere."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ExportError(
            f"Nothing can be written to {target.parent} ({error.strerror}), where the artifact "
            "would go. Pass --out FOLDER with a folder that can be written to."
        ) from error


@contextlib.contextmanager
def staged(target, replace=False):
    """Yields an empty folder that becomes `target` if the block ends without an exception.

    Otherwise it is removed and an artifact that was there before is untouched.
    """
    target = Path(target)
    require_writable(target, replace)
    try:
        with whole_folder(target, functools.partial(_into_place, replace=replace)) as stage:
            yield stage
    except OSError as error:
        untouched = "; the artifact before it is untouched" if target.exists() else ""
        raise ExportError(
            f"The artifact could not be written to {target.parent} ({error.strerror or error}). "
            f"Nothing was left there{untouched}. Make room or pass --out FOLDER, then run again "
            "with --resume: training is not repeated."
        ) from error


def _into_place(stage, target, replace):
    if target.exists() and not replace:
        raise ExportError(f"{target} appeared meanwhile; pass --replace to replace it.")
    old = beside(target, "replaced")
    try:
        if target.exists():
            os.rename(target, old)
        os.rename(stage, target)
    except BaseException:
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(target):
    """Tidies up after a process that was killed: restores what it had set aside, drops the rest."""
    for old in target.parent.glob(f".{target.name}.replaced-*"):
        if not target.exists():
            os.rename(old, target)
        elif not _alive(old):
            shutil.rmtree(old, ignore_errors=True)
    for partial in target.parent.glob(f".{target.name}.partial-*"):
        if not _alive(partial):
            shutil.rmtree(partial, ignore_errors=True)


def _alive(path):
    """Whether another process made this sibling and still runs.

    A container gives every run the same number, so that a sibling with this process's own number
    is one that a killed run left.
    """
    try:
        process = int(path.name.rsplit("-", 1)[1])
        if process == os.getpid():
            return False
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        pass
    return True
