"""What networks see of a row of a table: numbers, which of them are known, cycles, codes.

Side by side: the numbers, about standardised, beyond 3 logarithmically; 1 for each that is known;
sine and cosine of the cycles of dates; 1 + the code of each word. All that is said of a column is
0 where it is missing. `zoo.networks.table` takes it apart again.
"""

import math

from keras import ops

from zoo.artifact.columns import CYCLES

LINEAR = 3.0
"""Scales from the center up to which a number is shown as it is."""


def width(numbers, words):
    """How many inputs there are of these columns."""
    return 2 * len(numbers) + 2 * sum(len(each.cycles) for each in numbers) + len(words)


def inputs(numbers, standardised, filled, known):
    """float32 [batch, width]; the arguments but the first are laid out as x, [batch, columns].

    Args:
        numbers: the columns that are numbers.
        standardised: numbers less their center, over their scale; codes.
        filled: x with a value that can be where one is missing.
        known: 1 where a value is known, else 0.
    """
    count = len(numbers)
    shown = [known[:, :count] * _within_reason(standardised[:, :count]), known[:, :count]]
    shown = shown if count else []
    for place, column in enumerate(numbers):
        here = slice(place, place + 1)
        for cycle in column.cycles:
            begun = math.fmod(column.origin / CYCLES[cycle], 1.0)
            turns = filled[:, here] / CYCLES[cycle] + begun
            angle = 2.0 * math.pi * (turns - ops.floor(turns))
            shown += [known[:, here] * wave(angle) for wave in (ops.sin, ops.cos)]
    if standardised.shape[-1] > count:
        shown.append(known[:, count:] * (standardised[:, count:] + 1.0))
    return ops.concatenate(shown, axis=-1)


def _within_reason(u):
    """u itself near 0; beyond it grows by its logarithm, without a bend."""
    size = ops.abs(u)
    far = ops.log(ops.maximum(size, LINEAR) - (LINEAR - 1.0))
    return ops.sign(u) * (ops.minimum(size, LINEAR) + far)
