"""What a recipe's options say of the run: its settings, and what it has in common with itself."""

import dataclasses
from pathlib import Path

from zoo.errors import InputError

# `dataset`, `columns` and `tuned_from` are names or paths: what is there is compared instead.
NOT_PART_OF_THE_RUN = {
    "dataset",
    "columns",
    "memory_share",
    "devices",
    "steps_per_execution",
    "samples",
    "evaluated",
    "float16",
    "tuned_from",
    "sample_quality",
    "inception",
}

# Options that are None until the data is known: a manifest states what they came to.
SETTLED = ("epochs", "batch_size", "warmup_steps", "validation_share", "patience")


def settings_of(config):
    """The training settings among a recipe's options; refuses numbers that cannot be."""
    from zoo.training import Settings

    if config.samples < 1:
        raise InputError(f"samples={config.samples}: importance sampling needs 1 or more.")
    if config.evaluated is not None and config.evaluated < 1:
        raise InputError(
            f"evaluated={config.evaluated}: give the test examples to evaluate, 1 or more."
        )
    names = {field.name for field in dataclasses.fields(Settings)}
    return Settings(**{name: value for name, value in vars(config).items() if name in names})


def identity(config, data, origin):
    """What a resumed run must have in common with its beginning, besides what `fit` compares."""
    tuned = {} if origin is None else {"tuned_from": origin}
    kept = tuned | {k: v for k, v in plain(config).items() if k not in NOT_PART_OF_THE_RUN}
    return kept | {"test_data_digest": data.test.fingerprint()}


def plain(config):
    """The options as JSON-able values, less those that only say where and whether to write."""
    plain = {}
    for name, value in vars(config).items():
        if name in ("dry_run", "out", "replace", "restart", "resume", "tensorboard"):
            continue
        value = list(value) if isinstance(value, tuple) else value
        plain[name] = str(value) if isinstance(value, Path) else value
    return plain
