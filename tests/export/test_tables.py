"""Rows of a table in every runtime: what is missing, and what no value is."""

import numpy as np
import pytest
import tables
from publishing import SEED, make_here, rows_of

import zoo
from zoo.artifact.endpoints import PROOF_BATCHES
from zoo.datasets import binarize
from zoo.export.onnx import OpenedOnnx
from zoo.export.signatures import Signatures

pytestmark = pytest.mark.slow
NAMES = ("encode", "reconstruct", "generate", "score")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(what `make_here` gave, its folder, the data) of an untrained model."""
    zoo.training.seed_everything(SEED)
    data = binarize(tables.data(), "none")
    likelihood = zoo.likelihoods.of_schema("auto", data.schema)
    model = zoo.catalog.build("table_vae", (8,), latent=2, units=(4,), likelihood=likelihood)
    stage = tmp_path_factory.mktemp("table")
    return make_here(model, data, stage, NAMES), stage, data


def test_every_endpoint_is_equal_in_every_format_float16_among_them(made):
    rows = rows_of(made[0])
    assert all(row.ok for row in rows) and {row.batch for row in rows} == set(PROOF_BATCHES)
    told = {(row.runtime, row.endpoint) for row in rows}
    assert told >= {("onnx float16", name) for name in NAMES}


def test_the_test_data_has_values_missing(made):
    with np.load(made[1] / "test_data" / "inputs.npz") as given:
        assert np.isnan(given["numbers"]).any() and (given["categories"] == -1).any()
        assert not np.isnan(given["numbers"]).all(axis=0).any()


@pytest.mark.parametrize("runtime", ["onnx", "float16", "saved_model"])
def test_an_impossible_row_is_answered_by_nan_and_minus_1_and_harms_no_other(made, runtime):
    _, stage, data = made
    run = {
        "onnx": lambda: OpenedOnnx(stage, "float32").run,
        "float16": lambda: OpenedOnnx(stage, "float16").run,
        "saved_model": lambda: Signatures(stage / "saved_model" / "1").run,
    }[runtime]()
    x = data.test.examples(np.arange(6))
    given = {
        "numbers": x[:, :5],
        "categories": np.nan_to_num(x[:, 5:], nan=-1.0).astype(np.int32),
    }
    for name, place, value in (
        ("categories", 0, 4),
        ("categories", 2, -2),
        ("categories", 1, 2**31 - 1),
        ("numbers", 1, 0.0),
        ("numbers", 2, -3.0),
    ):
        bad = {key: array.copy() for key, array in given.items()}
        bad[name][3, place] = value
        for endpoint in ("encode", "reconstruct", "score"):
            sound, answer = run(endpoint, given), run(endpoint, bad)
            for key, values in answer.items():
                marked = values[3] == -1 if values.dtype == np.int32 else np.isnan(values[3])
                assert np.all(marked), (endpoint, key, value)
                others = np.delete(values, 3, axis=0)
                np.testing.assert_allclose(others, np.delete(sound[key], 3, axis=0), rtol=1e-5)
