"""What `Settings` leave open, settled for the data: by how many examples, and how large a picture.

The figures behind the rules are in benchmarks/photographs.md and docs/training.md.
"""

import dataclasses
import math

from zoo.errors import InputError

EPOCHS = 70
STEPS = 1000  # at least, where 70 epochs make fewer
VALUES_A_STEP = 4  # of a picture: one of so many times `STEPS` values has more steps than that
MOST_STEPS = 2000
BATCH = 128
SMALLEST_BATCH = 32
STEPS_AN_EPOCH = 10  # of pictures: batches are halved for so many
VALIDATION_SHARE = 0.05
VALIDATION_PICTURES = 32  # at least; of a dozen, the best epoch is the luckiest
MOST_VALIDATION = 0.2
WARMUP_STEPS = 500
WARMUP_SHARE = 0.1  # of all steps, at most
PATIENT_STEPS = 100  # without gain, before training may stop


def plan(settings, split, picture=()):
    """Settings with what was left open settled for this training split.

    `VALIDATION_SHARE` is held out, of pictures as by `validation_share`. Batches of `BATCH`, of
    pictures as by `batch_size`. `EPOCHS` epochs, or as many as make
    `least_steps` where the data is small; patience of a fifth, and of `PATIENT_STEPS` at least;
    warm-up as by `warmup_steps`.

    Args:
        settings: a `Settings`.
        split: of training, validation examples among it.
        picture: (height, width, channels) where examples are pictures.
    """
    share = settings.validation_share
    if share is None:
        share = validation_share(len(split)) if picture else VALIDATION_SHARE
    count = max(1, round(len(split) * (1.0 - share)))
    batch = settings.batch_size or (batch_size(count) if picture else BATCH)
    steps = settings.steps_per_epoch or max(1, count // batch)
    epochs = settings.epochs or max(EPOCHS, math.ceil(least_steps(picture) / steps))
    patience = settings.patience
    if patience is None:
        patience = max(10, epochs // 5, math.ceil(PATIENT_STEPS / steps))
    return dataclasses.replace(
        settings,
        validation_share=share,
        epochs=epochs,
        batch_size=batch,
        patience=patience,
        warmup_steps=warmup_steps(settings, epochs * steps),
    )


def validation_share(examples):
    """Of so many pictures: `VALIDATION_SHARE`, or what makes `VALIDATION_PICTURES` of few.

    `MOST_VALIDATION` at most.
    """
    return max(VALIDATION_SHARE, min(MOST_VALIDATION, VALIDATION_PICTURES / max(1, examples)))


def batch_size(count):
    """Of so many pictures: `BATCH`, halved while an epoch has fewer than `STEPS_AN_EPOCH` steps.

    `SMALLEST_BATCH` at least: of fewer, gradients are noise.
    """
    batch = BATCH
    while batch > SMALLEST_BATCH and count // batch < STEPS_AN_EPOCH:
        batch //= 2
    return batch


def least_steps(picture=()):
    """Steps of a training, at least: `STEPS`, and one for `VALUES_A_STEP` values of a picture.

    `MOST_STEPS` at most: 1,000 for 28x28 and for 32x32 in colour, 2,000 for 64x64 in colour.
    """
    values = math.prod(picture) if picture else 0
    return max(STEPS, min(values // VALUES_A_STEP, MOST_STEPS))


def warmup_steps(settings, total):
    """Steps of warm-up of a training of so many steps in all.

    `WARMUP_STEPS` unless given, but no more than `WARMUP_SHARE` of all.

    Raises:
        InputError: if as many were asked for as there are steps, or more.
    """
    asked = settings.warmup_steps
    if asked is None:
        return max(1, min(WARMUP_STEPS, round(WARMUP_SHARE * total)))
    if asked >= max(2, total):
        raise InputError(
            f"warmup_steps={asked}: training has {total:,} steps in all. Give fewer, or more "
            "epochs."
        )
    return asked
