"""Decoders of strings in every format: what feeds itself back is one loop, and equal."""

import keras
import numpy as np
import onnx
import pytest
from publishing import make_here, rows_of

from export.test_recurrent import assert_equal_at_every_batch, nodes, recurrences
from zoo import catalog, likelihoods
from zoo.datasets.binarization import binarize
from zoo.datasets.strings.loading import of_list

DECODERS = {
    "recurrent": {"units": 6, "context": 4},
    "convolutional": {"decoder": "convolutional", "width": 6, "blocks": 2},
}


@pytest.fixture(scope="module", params=list(DECODERS))
def proven(request, tmp_path_factory):
    """(decoder, {endpoint: recurrences}, rows of the proof, operators of loops) of a tiny model."""
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcd"), random.integers(0, 7))) for _ in range(200)]
    data = binarize(of_list(words), "none")
    keras.utils.set_random_seed(1)
    model = catalog.molecule_vae(
        data.event_shape,
        latent=3,
        encoder_units=5,
        prior="standard",  # a flow of such weights would tell apart what float32 does not
        likelihood=likelihoods.of_schema("tokens", data.schema),
        **DECODERS[request.param],
    )
    for weight in model.trainable_weights:
        weight.assign(random.normal(0.0, 0.5, weight.shape))
    stage = tmp_path_factory.mktemp("stage")
    rows = rows_of(make_here(model, data, stage))
    loaded = {name: onnx.load(stage / "onnx" / f"{name}.onnx") for name in model.endpoints()}
    found = {name: recurrences(each.graph) for name, each in loaded.items()}
    loops = [node for each in loaded.values() for node in each.graph.node if node.op_type == "Loop"]
    return request.param, found, rows, [nodes(loop.attribute[0].g) for loop in loops]


@pytest.mark.slow
def test_what_feeds_itself_back_is_one_loop_and_equal(proven):
    decoder, found, rows, _ = proven
    teaching = {"GRU": 3} if decoder == "recurrent" else {"GRU": 2}
    assert found == {
        "encode": {"GRU": 2},
        "decode": {"Loop": 1},
        "reconstruct": {"GRU": 2, "Loop": 1},
        "generate": {"Loop": 1},
        "score": teaching,
        "decode_step": {},
    }
    assert_equal_at_every_batch(rows)


@pytest.mark.slow
def test_rows_that_have_ended_leave_the_loop_and_tokens_are_looked_up(proven):
    _, _, _, loops = proven
    assert len(loops) == 3  # of decode, reconstruct and generate
    for found in loops:
        assert found["Compress"] and found["ScatterND"] and found["Gather"]
        assert not {"Abs", "And", "MatMul"} & set(found)
