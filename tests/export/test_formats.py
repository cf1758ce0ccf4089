"""A format is one file: written, opened and proven as any other. These are of the tests."""

import json

import numpy as np
import pytest

from zoo.artifact.endpoints import TOLERANCES, Endpoint, Tensor
from zoo.errors import ExportError
from zoo.export import fingerprints, making, proof, test_data
from zoo.export.formats import Format, Opened
from zoo.export.keras import answers
from zoo.export.source import Source
from zoo.runtime import replay

SIZES = (1, 3)


class Notes(Format):
    """Writes which endpoints there are, and answers by the model; wrongly where it is told to.

    Args:
        wrong: {endpoint: what is added to its answers, or a sentence that it fails with}.
        impossible: {endpoint: why it cannot be written}.
    """

    name = "notes"

    def __init__(self, wrong=None, impossible=None, required=False, tolerances=TOLERANCES):
        self.wrong = wrong or {}
        self.impossible = impossible or {}
        self.required = required
        self.tolerances = tolerances
        self.written = []

    def write(self, source, endpoints):
        self.model = source.model
        there = [name for name in endpoints if name not in self.impossible]
        (source.stage / "notes.json").write_text(json.dumps(there))
        self.written.append(there)
        return {name: why for name, why in self.impossible.items() if name in endpoints}

    def open(self, stage):
        return OpenedNotes(self, json.loads((stage / "notes.json").read_text()))


class OpenedNotes(Opened):
    def __init__(self, notes, endpoints):
        self.notes = notes
        self.endpoints = endpoints

    def require(self, endpoint):
        assert endpoint.name in self.endpoints

    def run(self, name, inputs):
        answer, wrong = answers(self.notes.model, name, inputs), self.notes.wrong.get(name, 0.0)
        if isinstance(wrong, str):
            raise ExportError(wrong)
        return {key: value + np.float32(wrong) for key, value in answer.items()}


@pytest.fixture
def prove(trained, tmp_path):
    """Writes and proves a format of the tiny trained model."""
    contract = trained.model.endpoints()
    test_data.write(
        trained.model, contract, test_data.examples(trained.model, trained.data, 4), tmp_path
    )
    source = Source(trained.model, contract, tmp_path)
    sizes = dict.fromkeys(contract, SIZES)
    return lambda form: proof.make_and_prove(source, sizes, [form])


def test_a_right_one_is_proven_in_every_endpoint_output_and_batch(prove, trained):
    found = prove(Notes())
    assert all(row.ok and row.runtime == "notes" for row in found.rows)
    assert {(row.endpoint, row.output, row.batch) for row in found.rows} == {
        (endpoint.name, tensor.name, batch)
        for endpoint in trained.model.endpoints().values()
        for tensor in endpoint.outputs
        for batch in SIZES
    }
    assert found.left_out == {"notes": {}}


def test_one_that_is_required_is_an_error_that_names_what_differs(prove):
    with pytest.raises(ExportError) as error:
        prove(Notes({"decode": 1e-3, "encode": 1.0}, required=True))
    lines = str(error.value).splitlines()[2:]
    assert {line.split()[1] for line in lines} == {"decode", "encode"}
    with pytest.raises(ExportError, match="no such operator"):
        prove(Notes({"score": "no such operator"}, required=True))


def test_one_that_is_not_required_leaves_out_what_differs_fails_or_cannot_be_written(prove):
    form = Notes({"decode": 1e-3, "score": "no such operator"}, {"encode": "too large"})
    found = prove(form)
    assert found.left_out["notes"] == {
        "encode": "too large",
        "decode": "`x_mean` differs by 1.0e-03 at batch 1; allowed is 1e-05 absolute",
        "score": "no such operator",
    }
    assert {row.endpoint for row in found.rows} == {"reconstruct", "generate"}
    assert all(row.ok for row in found.rows)
    # Written anew without them, and proven as it then lies there.
    assert form.written[-1] == ["reconstruct", "generate"] and len(form.written) == 2


def test_one_that_can_do_nothing_is_left_out_whole(prove, trained):
    endpoints = list(trained.model.endpoints())
    found = prove(Notes(impossible=dict.fromkeys(endpoints, "too large")))
    assert found.rows == [] and list(found.left_out["notes"]) == endpoints
    found = prove(Notes(dict.fromkeys(endpoints, np.nan)))
    assert found.rows == [] and list(found.left_out["notes"]) == endpoints


def test_a_format_states_what_it_is_allowed_to_differ_by(prove):
    loose = {kind: 0.5 for kind in TOLERANCES}
    found = prove(Notes({"decode": 1e-3}, tolerances=loose))
    assert found.left_out == {"notes": {}}
    assert {row.tolerance.split()[0] for row in found.rows} == {"5e-01"}


# --- batches and rows are bounded ---------------------------------------------------------------


def score_of(side, channels):
    """`score` of pictures."""
    x = Tensor("x", "float32", ("batch", side, side, channels))
    return Endpoint("score", (x,), (Tensor("elbo", "float32", ("batch",)),))


@pytest.mark.parametrize(
    ("side", "channels", "draws", "wanted"),
    [
        (28, 1, 16, (1, 3, 64)),  # MNIST
        (64, 3, 1, (1, 3, 64)),
        (64, 3, 16, (1, 3, 21)),  # 2**30 / (64 * 64 * 3 * 4 bytes * 64 features * 16 draws)
        (128, 3, 16, (1, 3, 5)),
        (256, 3, 16, (1,)),
        (256, 3, 1, (1, 3, 21)),
        (4096, 3, 16, (1,)),
    ],
)
def test_batches_are_fewer_where_64_would_not_fit_the_memory(side, channels, draws, wanted):
    assert proof.batches(score_of(side, channels), draws) == wanted


@pytest.mark.parametrize(
    ("side", "channels", "rows"),
    [(28, 1, 64), (64, 3, 42), (128, 3, 10), (512, 3, 1), (4096, 3, 1)],
)
def test_test_data_is_bounded_in_bytes_and_has_a_row_always(side, channels, rows):
    contract = {"score": score_of(side, channels)}
    assert test_data.rows(contract) == rows
    each = 4 * side * side * channels + 4
    assert rows == 1 or rows * each <= 2 * 2**20
    assert rows == 64 or (rows + 1) * each > 2 * 2**20


@pytest.mark.slow
def test_few_rows_are_repeated_in_every_batch(trained, tmp_path):
    model = trained.model
    contract = {name: model.endpoints()[name] for name in ("reconstruct", "generate")}
    test_data.write_inputs(tmp_path, test_data.examples(trained.model, trained.data, 2))
    model.bare().save(tmp_path / "model.keras")
    made = making.make(tmp_path, fingerprints.of(model), contract, float16=False)
    assert made["proof"]["rows"] == 2
    assert made["proof"]["batches"] == {name: [1, 3, 64] for name in contract}
    given, wanted = replay.read(tmp_path, contract["generate"])
    assert given["seed"].tolist() == [7, -(2**63)] and len(wanted["z"]) == 2
    assert {row["batch"] for row in made["comparisons"]} == {1, 3, 64}
    assert {row["ok"] for row in made["comparisons"]} == {True}
