"""The command line that repeats a run: what its parser makes of it is the same `Config` again."""

import dataclasses
import os
import shlex
from pathlib import Path

# They say where and whether to write, or belong to one machine.
NOT_OF_THE_RUN = (
    "memory_share",
    "devices",
    "steps_per_execution",
    "out",
    "replace",
    "restart",
    "resume",
    "tensorboard",
    "dry_run",
)


def line(script, config, started=None, backend=None):
    """The command, as a shell takes it, with every option that is not the default.

    Args:
        script: the recipe's path.
        config: its options.
        started: the words before them; None: python and the script.
        backend: Keras's, that it was trained on; None: that of this process.
    """
    backend = backend or os.environ.get("KERAS_BACKEND", "tensorflow")
    prefix = "" if backend == "tensorflow" else f"KERAS_BACKEND={backend} "
    words = started or ("python", shown(script))
    return prefix + shlex.join([*words, *arguments(config, NOT_OF_THE_RUN)])


def resumed(script, config, started=None):
    """The command that exports a run where it was trained and not exported."""
    words = started or ("python", shown(script))
    leave_out = {*NOT_OF_THE_RUN} - {"out", "replace"}
    return shlex.join([*words, *arguments(config, leave_out), "--resume"])


def arguments(config, leave_out=()):
    """The options of a `Config` that are not the default, as their parser, tyro, takes them."""
    given = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name not in leave_out and value != field.default:
            given += _argument(option(field.name), value)
    return given


def option(name):
    """What a field of a `Config` is called on the command line, less the dashes."""
    return "from" if name == "tuned_from" else name.replace("_", "-")  # `from` is Python's own


def _argument(name, value):
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple):
        return [f"--{name}", *map(str, value)]
    if isinstance(value, str | Path) and str(value).startswith("-"):
        return [f"--{name}={value}"]  # else it would be taken for an option
    return [f"--{name}", str(value)]


def shown(script):
    """recipes/name.py, wherever the clone lies, or the wheel's `_recipes`."""
    return "/".join(Path(script).parts[-2:]).removeprefix("_")
