"""Export: from a trained model to one artifact folder, proven equal to it, whole or not at all.

Receives a model and knows no family.
"""

from zoo.export.parity import table
from zoo.export.publish import publish
from zoo.export.staging import require_writable

__all__ = ["publish", "require_writable", "table"]
