"""How well a model's property head predicts test examples' properties from z."""

import numpy as np
from keras import ops

from zoo.evaluation import chunks

ERROR, SHARE = "mae", "r2"


def can_be_measured(model, data):
    """Whether the model predicts properties, and those of the data are known."""
    return bool(model.properties) and data.properties == model.properties


def property_metrics(model, data, means):
    """{name: value} for each property, predicted from the posterior's mean.

    `<property>_mae` is the mean absolute error in the property's unit, and `<property>_r2` the
    share of its variance that is predicted; of those test examples of which it is known.

    Args:
        data: what `zoo.datasets.binarize` gives, with properties.
        means: z of each test example, [n, latent].
    """
    parts = [
        model.predict_properties(ops.convert_to_tensor(means[rows], "float32"))
        for rows in chunks.of(len(means), 4096)
    ]
    found = {}
    for place, name in enumerate(model.properties):
        predicted = np.concatenate([ops.convert_to_numpy(each[name]) for each in parts])
        wanted = data.test.split.properties[:, place].astype(np.float64)
        known = np.isfinite(wanted)
        if not known.any():
            continue
        off = predicted[known] - wanted[known]
        found[f"{name}_{ERROR}"] = np.mean(np.abs(off))
        if variance := np.var(wanted[known]):
            found[f"{name}_{SHARE}"] = 1.0 - np.mean(off**2) / variance
    return found
