"""An artifact appears whole or not at all: written beside, checked, then renamed into place."""

import contextlib
import os
import tempfile
from pathlib import Path

from zoo.atomic_write import make_folders, tidy, whole_folder
from zoo.errors import ExportError


def require_writable(target, replace=False):
    """Raises before any work is done if an artifact could not be put at `target` afterwards."""
    target = Path(target)
    try:
        tidy(target)
        if os.path.lexists(target) and not replace:
            raise ExportError(
                f"{target} exists already. Pass --replace (from Python replace=True) to replace it "
                "once the new artifact is proven, or --out FOLDER (another folder) to put the new "
                "one elsewhere."
            )
        make_folders(target.parent)
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
        with whole_folder(target, replace) as stage:
            yield stage
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(target) and not replace:
            raise ExportError(
                f"{target} appeared meanwhile; pass --replace to replace it."
            ) from error
        untouched = "; the artifact before it is untouched" if target.exists() else ""
        raise ExportError(
            f"The artifact could not be written to {target.parent} ({error.strerror or error}). "
            f"Nothing was left there{untouched}. Make room or pass --out FOLDER, then run again "
            "with --resume: training is not repeated."
        ) from error
