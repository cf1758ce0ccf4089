"""How answers are compared: the runtime's own replay, so that `zoo verify` asks what the proof did.

The one file of this room that imports the runtime.
"""

from zoo.runtime.replay import Row, compare, read, replay, table

__all__ = ["Row", "compare", "read", "replay", "table"]
