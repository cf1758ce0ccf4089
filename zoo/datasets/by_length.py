"""Training batches of examples of about the same length, which are no wider than they need to be.

Of strings, half of what a batch of all lengths holds may be padding, of which a recurrent network
computes every step.
"""

from dataclasses import dataclass

import numpy as np

MOST_WIDTHS = 4
"""Each is a program of its own to compile."""
FEWEST_BATCHES = 8
"""Of a pass, for each width: of fewer the compiler takes longer than they save."""


@dataclass(frozen=True)
class Pass:
    """The batches of one pass, in order.

    Args:
        rows: int64 [batches, batch], which examples each holds, ascending.
        widths: int64 [batches], steps that each is cut to.
    """

    rows: np.ndarray
    widths: np.ndarray


class ByLength:
    """Which examples make a batch, and how many steps it has, given what each example needs.

    What is left over of the examples of one width is put among those of the next: a pass has as
    many batches as one without widths, and leaves as few examples out.

    Args:
        needed: int64 [n], steps that each example needs.
        batch_size: examples of a batch, n or fewer.
    """

    def __init__(self, needed: np.ndarray, batch_size: int):
        self.batch_size = batch_size
        count = len(needed) // batch_size // FEWEST_BATCHES
        self.widths = best_widths(needed, max(1, min(MOST_WIDTHS, count)))
        self.kind = np.searchsorted(self.widths, needed)

    def batches(self, order: np.ndarray, generator: np.random.Generator) -> Pass:
        """A pass over the examples in an order [n]; the generator shuffles its batches."""
        kinds, left, rows, widths = self.kind[order], order[:0], [], []
        for number, width in enumerate(self.widths):
            those = np.concatenate([left, order[kinds == number]])
            count = len(those) // self.batch_size
            cut = count * self.batch_size
            rows.append(those[:cut].reshape(count, self.batch_size))
            widths.append(np.full(count, width))
            left = those[cut:]
        shuffled = generator.permutation(sum(map(len, rows)))
        return Pass(
            np.sort(np.concatenate(rows)[shuffled], axis=1), np.concatenate(widths)[shuffled]
        )


def best_widths(needed: np.ndarray, most: int) -> np.ndarray:
    """The `most` widths, or fewer, of which the steps of all examples together are fewest.

    Exact, by dynamic programming over the different lengths. Ascending; the last is the longest.
    """
    lengths, counts = np.unique(needed, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)])
    # cost[j]: steps of the examples of the first j lengths, within the widths so far.
    cost = np.concatenate([[0.0], lengths * below[1:]])
    choices = []
    for _ in range(min(most, len(lengths)) - 1):
        # [j, i]: the last width is the j-th length, the one before it the i-th.
        both = cost[None] + np.concatenate([[0], lengths])[:, None] * (below[:, None] - below[None])
        both = np.where(np.tri(len(cost), dtype=bool), both, np.inf)
        choices.append(np.argmin(both, axis=1))
        cost = np.min(both, axis=1)
    place, found = len(lengths), []
    for chosen in [*reversed(choices), np.zeros(len(cost), int)]:
        found.append(lengths[place - 1])
        place = int(chosen[place])
        if place == 0:
            break
    return np.array(found[::-1])
