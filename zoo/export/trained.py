"""The trained model itself, where it was trained, must answer as the file that was made of it does.

The formats are proven against model.keras, in another process, perhaps on another backend. A layer
whose `get_config` forgets an argument, or which keeps something that is no weight, makes a file of
another model: only the one that was trained can tell.
"""

import functools

from zoo.errors import ExportError
from zoo.export import precision
from zoo.export.comparison import differing, read, table
from zoo.export.keras import answers


def require_same_answers(model, contract, stage):
    """Raises an `ExportError` unless a model answers as the stage's test data says.

    One that computes in mixed precision is asked in float32, as which it is exported.
    """
    asked = model.bare() if precision.is_mixed(model) else model
    rows, run = [], functools.partial(answers, asked)
    with precision.without_tf32():
        for endpoint in contract.values():
            given, wanted = read(stage, endpoint)
            rows += differing("trained model", run, endpoint, given, wanted)
    if rows:
        raise ExportError(
            "The trained model does not answer as its Keras file does:\n"
            f"{table(rows)}\nSomething of it is not in the file: look at the get_config of "
            "its layers, and at what they keep besides weights."
        )
