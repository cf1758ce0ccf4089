"""A model of drawings answers alike in every format, drawing by drawing."""

import keras
import numpy as np
import pytest
from publishing import make_here, rows_of

from zoo import catalog, likelihoods
from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.datasets import binarize, of_arrays

STEPS = 6


@pytest.fixture(scope="module")
def data():
    """Drawings of 1 to 6 steps."""
    random = np.random.default_rng(0)
    rows = [
        np.column_stack([random.normal(0, 9, (n, 2)), random.integers(0, 2, n)])
        for n in 1 + np.arange(80) % STEPS
    ]
    return binarize(of_arrays(rows, rows, features=("dx", "dy", "pen")), "none")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "endpoints"),
    [("lstm", None), ("gru", ("reconstruct", "generate"))],
    ids=["lstm", "gru"],
)
def test_drawings_come_out_the_same_in_every_format(data, tmp_path, cell, endpoints):
    keras.utils.set_random_seed(1)
    likelihood = likelihoods.of_schema("strokes", data.schema)
    model = catalog.stroke_vae(data.event_shape, 3, units=7, cell=cell, likelihood=likelihood)
    random = np.random.default_rng(1)
    for network in (model.encoder, model.decoder):  # a flow of such weights would tell apart what
        for weight in network.trainable_weights:  # float32 does not: z of the same noise
            weight.assign(random.normal(0.0, 0.5, weight.shape))
    drawn = keras.ops.convert_to_numpy(model.generate(np.arange(64))["strokes"])
    ends = (drawn[..., 2] == 2).argmax(axis=1)
    assert len({*ends}) > 3  # drawings of several lengths are compared
    rows = rows_of(make_here(model, data, tmp_path, endpoints))
    assert all(row.ok for row in rows)
    compared = {(row.runtime, row.batch) for row in rows if row.output == "strokes"}
    runtimes = ("keras", "saved_model", "onnx", "onnx float16")
    assert compared == {(runtime, batch) for runtime in runtimes for batch in PROOF_BATCHES}
