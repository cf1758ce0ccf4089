"""What a program hands over as data, made into what a model trains on: one way for all of it."""

import os

import numpy as np

from zoo.datasets import Dataset, binarize, from_arrays, from_frame, load
from zoo.datasets.binarization import BinarizedDataset
from zoo.errors import InputError
from zoo.recipe import choices, kinds
from zoo.training import require_described

WANTED = (
    "an array x [n, ...], (x, labels), ((x, labels), (x_test, labels_test)), a "
    "zoo.datasets.Dataset, or what zoo.datasets.load takes: a name, a path"
)


_NO_FRAMES = (Dataset, str, os.PathLike, tuple, list, np.ndarray)


def prepared(model, data, binarization="auto"):
    """What `zoo.datasets.binarize` gives, of data that this model takes.

    Args:
        model: a `LatentModel`.
        data: an array x; (x, labels); ((x, labels), (x_test, labels_test)); a `Dataset`; a name or
            a path; what `from_frame` takes, where the model is of a table; or what `binarize` gave,
            which is taken as it is. Of what has no test set the same fifth is held out at every
            call.
        binarization: "dynamic", "static", "none"; "auto" is by the data and the model's likelihood.

    Raises:
        InputError: if it is none of these, of another kind or shape than the model takes, or holds
            what its likelihood does not describe.
        DatasetError: if its values do not fit.
    """
    if isinstance(data, BinarizedDataset):
        if binarization not in ("auto", data.binarization):
            raise InputError(
                f"binarization={binarization!r}, and the data is binarized already: "
                f"{data.binarization}. Leave it out, or give the data as it was loaded."
            )
        found = data
    else:
        frame = bool(model.likelihood.columns) and not isinstance(data, _NO_FRAMES)
        loaded = from_frame(data) if frame else dataset(data)
        likelihood = model.likelihood.family.replace(" ", "_")
        chosen = choices.binarization(binarization, loaded, likelihood).value
        found = binarize(loaded, chosen)
    kinds.require_schema(model.name, found.schema, found.name)
    if found.event_shape != model.event_shape:
        raise InputError(
            f"{found.name} has examples of shape {list(found.event_shape)}; {model.name} takes "
            f"{list(model.event_shape)}. Build the model for the data's event_shape, or reshape x."
        )
    require_described(model, found)
    return found


def dataset(data):
    """A `zoo.datasets.Dataset` of whatever `prepared` takes, before binarization."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | os.PathLike):
        return load(data)
    if isinstance(data, tuple) and len(data) == 2:
        first, second = data
        if isinstance(first, tuple) and isinstance(second, tuple):
            if len(first) != 2 or len(second) != 2:
                raise InputError(f"Of {len(first)} and {len(second)} arrays; wanted is {WANTED}.")
            return from_arrays(*first, x_test=second[0], y_test=second[1])
        return from_arrays(first, second)
    if isinstance(data, list | np.ndarray) or callable(getattr(data, "__array__", None)):
        return from_arrays(data)
    raise InputError(f"Data is a {type(data).__name__}; wanted is {WANTED}.")
