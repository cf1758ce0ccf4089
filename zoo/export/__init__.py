"""Export: from a trained model to one artifact folder, proven equal to it, whole or not at all.

Receives a model and knows no family. Names are loaded when first used, so that one part can be used
without what the others need.
"""

import importlib

_HOMES = {
    "fork_server": "processes",
    "missing": "needed",
    "publish": "publishing",
    "republish": "republishing",
    "require_possible": "needed",
    "require_writable": "staging",
}

__all__ = ["fork_server", "missing", "publish", "republish", "require_possible", "require_writable"]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo.export' has no attribute {name!r}")
    return getattr(importlib.import_module(f"zoo.export.{_HOMES[name]}"), name)
