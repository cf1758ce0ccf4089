"""How answers are compared: the runtime's own replay, so that `zoo verify` asks what the proof did.

The one file of this room that imports the runtime.
"""

from zoo.runtime.replay import Row, compare, read, replay
from zoo.runtime.replay_in_words import summary, table

__all__ = ["Row", "compare", "differing", "read", "replay", "summary", "table"]


def differing(runtime, run, endpoint, given, wanted):
    """The `Row`s of an endpoint's whole test data, asked at once, that are not equal."""
    rows = compare(runtime, run, endpoint, given, wanted, [len(next(iter(given.values())))])
    return [row for row in rows if not row.ok]
