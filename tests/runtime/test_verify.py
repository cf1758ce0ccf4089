"""The audit finds whatever differs and names it. Artifacts are spoilt, never the audit."""

import functools
import json
import shutil

import numpy as np
import onnx
import pytest
import spoiling
from onnx import numpy_helper
from spoiling import add_to_one_weight, change_manifest, edit_graph, rename_output, restate

from zoo.errors import ArtifactError, InputError
from zoo.export import saved_model
from zoo.export.signatures import Signatures
from zoo.runtime import folder_files
from zoo.runtime import verify as module

audit = functools.partial(module.audit, open_saved_model=Signatures)

KINDS = [
    "README.md",
    "figures/samples.png",
    "history.csv",
    "model.keras",
    "onnx/decode.fp16.onnx",
    "onnx/decode.onnx",
    "onnx/weights.bin",
    "onnx/weights.fp16.bin",
    "saved_model/1/fingerprint.pb",
    "saved_model/1/saved_model.pb",
    "saved_model/1/variables/variables.data-00000-of-00001",
    "saved_model/1/variables/variables.index",
    "test_data/encode.npz",
    "test_data/inputs.npz",
]
"""One file of every kind that an artifact holds."""


def places(folder, **options):
    """Where the audit found something."""
    return [finding.where for finding in audit(folder, **options).findings]


def endpoints_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["endpoints"]


@pytest.mark.slow
def test_an_untouched_artifact_passes_in_both_runtimes_with_a_row_for_every_output(artifact):
    result = audit(artifact, runtimes=("onnx", "saved_model"))
    assert result.ok and result.findings == []
    assert {(r.runtime, r.endpoint, r.output, r.batch) for r in result.rows if r.ok} == {
        (runtime, name, tensor["name"], batch)
        for runtime in ("onnx", "onnx float16", "saved_model")
        for name, endpoint in endpoints_of(artifact).items()
        for tensor in endpoint["outputs"]
        for batch in (1, 3, 64)
    }
    assert result.providers["onnx"] == "CPUExecutionProvider"


# --- files -----------------------------------------------------------------------------------


def test_every_kind_of_file_is_tried_below(artifact):
    def kind(name):
        return name.rpartition("/")[0], name.rpartition("/")[2].split(".", 1)[-1]

    listed = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert {kind(name) for name in listed} <= {kind(name) for name in KINDS}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_bit_of_one_byte_of_any_file_is_found(copied_artifact, name, where):
    content = bytearray((copied_artifact / name).read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    (copied_artifact / name).write_bytes(content)
    result = audit(copied_artifact)
    first = result.findings[0]
    assert not result.ok and first.where == name and "sha256 differs" in first.what


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_truncated_file_is_found(copied_artifact, name):
    content = (copied_artifact / name).read_bytes()
    (copied_artifact / name).write_bytes(content[:-1])
    first = audit(copied_artifact).findings[0]
    assert first.where == name and f"has {len(content) - 1:,} bytes" in first.what


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_missing_file_is_found(copied_artifact, name):
    (copied_artifact / name).unlink()
    first = audit(copied_artifact).findings[0]
    assert (first.where, first.what) == (name, "is missing")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["notes.txt", "onnx/extra.onnx", "onnx/extra.onnx.data", ".hidden", "a/b/c", "dangling"]
)
def test_a_surplus_file_is_found(copied_artifact, name):
    path = copied_artifact / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nowhere") if name == "dangling" else path.write_bytes(b"")
    result = audit(copied_artifact)
    assert [f.where for f in result.findings] == [name]
    assert "manifest.json does not list it" in result.findings[0].what


@pytest.mark.parametrize("folder, kind", [("onnx", "onnx"), ("test_data", "npz")])
def test_two_swapped_files_are_both_found(copied_artifact, folder, kind):
    spoiling.swap(copied_artifact, f"{folder}/decode.{kind}", f"{folder}/reconstruct.{kind}")
    found = places(copied_artifact)
    assert {f"{folder}/decode.{kind}", f"{folder}/reconstruct.{kind}"} <= set(found)


def test_everything_is_found_and_not_only_the_first(copied_artifact):
    (copied_artifact / "README.md").unlink()
    (copied_artifact / "surplus").write_text("")
    (copied_artifact / "onnx" / "encode.onnx").write_bytes(b"no graph")
    change_manifest(copied_artifact, lambda manifest: manifest.pop("metrics"))
    result = audit(copied_artifact)
    assert {f.where for f in result.findings} == {
        "manifest.json",
        "README.md",
        "surplus",
        "onnx/encode.onnx",
        "onnx encode",
    }
    assert {(row.runtime, row.endpoint) for row in result.rows} == {
        (runtime, name) for runtime in ("onnx", "onnx float16") for name in result.endpoints
    } - {("onnx", "encode")}


def test_a_spoilt_graph_is_not_run_and_that_is_said(copied_artifact):
    (copied_artifact / "onnx" / "decode.onnx").write_bytes(b"no graph")
    result = audit(copied_artifact)
    assert str(result.findings[-1]) == "onnx decode: not replayed, because of onnx/decode.onnx"
    assert ("onnx", "decode") not in {(row.runtime, row.endpoint) for row in result.rows}


# --- graphs whose digests agree --------------------------------------------------------------


def rename_input(graph):
    for node in graph.node:
        node.input[:] = ["latent" if name == "z" else name for name in node.input]
    graph.input[0].name = "latent"


def name_the_batch_otherwise(graph):
    graph.output[0].type.tensor_type.shape.dim[0].dim_param = "n"


def fix_the_batch(graph):
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, side",
    [
        (rename_output, "outputs"),
        (rename_input, "inputs"),
        (name_the_batch_otherwise, "outputs"),
        (fix_the_batch, "inputs"),
    ],
)
def test_another_name_or_axis_of_a_graph_is_found_by_its_interface(copied_artifact, change, side):
    edit_graph(copied_artifact, "decode", change)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "onnx/decode.onnx" and f"decode: its {side} are" in finding.what


def test_swapped_outputs_of_a_graph_are_found_by_its_interface(copied_artifact):
    def swap(graph):
        copies = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in graph.output]
        del graph.output[:]
        graph.output.extend(reversed(copies))

    edit_graph(copied_artifact, "encode", swap)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "onnx/encode.onnx" and "encode: its outputs are" in finding.what


def test_one_changed_weight_is_found_by_the_replay_alone(copied_artifact, trained):
    add_to_one_weight(copied_artifact, trained, 0.01)
    result = audit(copied_artifact)
    (finding,) = result.findings
    assert finding.where == "onnx decode.x_mean" and "at batch 1, 3, 64" in finding.what
    assert {(r.endpoint, r.output) for r in result.rows if not r.ok} == {("decode", "x_mean")}


def test_graphs_swapped_together_with_their_digests_are_found(copied_artifact):
    spoiling.swap(copied_artifact, "onnx/encode.onnx", "onnx/score.onnx")
    restate(copied_artifact)
    assert set(places(copied_artifact)) == {"onnx/encode.onnx", "onnx/score.onnx"}


def test_a_float16_graph_that_answers_otherwise_is_found_by_the_replay_alone(copied_artifact):
    def change(graph):
        output = next(node for node in reversed(graph.node) if node.op_type == "Conv")
        (bias,) = [each for each in graph.initializer if each.name == output.input[2]]
        values = numpy_helper.to_array(bias) + np.float16(0.1)
        bias.CopyFrom(numpy_helper.from_array(values, bias.name))

    edit_graph(copied_artifact, "decode.fp16", change)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "onnx float16 decode.x_mean" and "5e-03 absolute" in finding.what


def test_float16_graphs_swapped_together_with_their_digests_are_found(copied_artifact):
    encode, score = (copied_artifact / "onnx" / f"{name}.fp16.onnx" for name in ("encode", "score"))
    contents = encode.read_bytes(), score.read_bytes()
    encode.write_bytes(contents[1])
    score.write_bytes(contents[0])
    restate(copied_artifact)
    assert set(places(copied_artifact)) == {"onnx/encode.fp16.onnx", "onnx/score.fp16.onnx"}


def test_a_file_that_is_no_graph_is_found_whatever_its_digest(copied_artifact):
    (copied_artifact / "onnx" / "decode.onnx").write_bytes(b"no graph")
    restate(copied_artifact)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "onnx/decode.onnx" and "its bytes are no ONNX graph" in finding.what


@pytest.mark.parametrize("rows", [0, 1, 63])
def test_test_data_of_too_few_rows_proves_nothing(copied_artifact, rows):
    path = copied_artifact / "test_data" / "decode.npz"
    with np.load(path) as file:
        arrays = {key: value[:rows] for key, value in file.items()}
    np.savez(path, **arrays)
    restate(copied_artifact)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "test_data/decode.npz" and f"has {rows} rows" in finding.what


def test_test_data_without_an_output_is_found(copied_artifact):
    path = copied_artifact / "test_data" / "decode.npz"
    with np.load(path) as file:
        arrays = {"rows": file["rows"]}
    np.savez(path, **arrays)
    restate(copied_artifact)
    assert places(copied_artifact) == ["test_data/decode.npz"]


# --- SavedModel ------------------------------------------------------------------------------


def rewrite_saved_model(folder, model, endpoints):
    shutil.rmtree(folder / "saved_model" / "1")
    saved_model.write(model, endpoints, folder / "saved_model" / "1")
    restate(folder)


@pytest.mark.slow
def test_a_weight_changed_in_the_saved_model_is_found_there_alone(copied_artifact, trained):
    other = type(trained.model).from_config(trained.model.get_config())
    for mine, theirs in zip(other.weights, trained.model.weights, strict=True):
        mine.assign(theirs)
    bias = other.decoder.get_layer("output").bias
    bias.assign(np.asarray(bias) + np.float32([0.01, 0, 0, 0]))
    endpoints = {k: v for k, v in other.endpoints().items() if k != "encode"}
    rewrite_saved_model(copied_artifact, other, endpoints)
    result = audit(copied_artifact, runtimes=("onnx", "saved_model"))
    assert all(row.ok for row in result.rows if row.runtime == "onnx")
    found = [finding.where for finding in result.findings]
    assert found[0] == "saved_model/1"  # the signature that it lacks
    assert {"saved_model decode.x_mean", "saved_model reconstruct.x_mean"} <= set(found)


def test_a_spoilt_saved_model_is_not_loaded(copied_artifact):
    name = "saved_model/1/variables/variables.index"
    (copied_artifact / name).unlink()
    assert places(copied_artifact, runtimes=("saved_model",)) == [name, "saved_model"]


def test_a_saved_model_that_cannot_be_loaded_is_found_whatever_its_digest(copied_artifact):
    (copied_artifact / "saved_model" / "1" / "saved_model.pb").write_bytes(b"no model")
    restate(copied_artifact)
    assert places(copied_artifact, runtimes=("saved_model",)) == ["saved_model/1"]


def test_tensorflow_opens_copies_of_the_listed_files_and_of_nothing_else(copied_artifact):
    opened = {}

    def look(path):
        assert copied_artifact not in path.parents
        for file in path.rglob("*"):
            if file.is_file():
                opened[f"saved_model/1/{file.relative_to(path).as_posix()}"] = file.read_bytes()
        return Signatures(path)

    result = module.audit(copied_artifact, ("saved_model",), open_saved_model=look)
    listed = [name for name in result.manifest["files"] if name.startswith("saved_model/")]
    assert result.ok and sorted(opened) == sorted(listed)
    assert all(opened[name] == (copied_artifact / name).read_bytes() for name in listed)


@pytest.mark.parametrize(
    "file", ["saved_model.pb", "variables/variables.data-00000-of-00001", "fingerprint.pb"]
)
def test_a_saved_model_that_changes_after_it_was_checked_is_not_run(
    copied_artifact, monkeypatch, file
):
    """Between the look at every file and the replay there is time to put another in its place."""
    look = folder_files._present

    def meanwhile(folder):
        spoiling.flip_one_bit(folder / "saved_model" / "1" / file)
        return look(folder)

    def never(path):
        raise AssertionError("it was opened")

    monkeypatch.setattr(folder_files, "_present", meanwhile)
    result = module.audit(copied_artifact, ("saved_model",), open_saved_model=never)
    (finding,) = result.findings
    assert finding.where == "saved_model/1" and "sha256 differs" in finding.what
    assert not result.rows


def test_a_saved_model_with_a_file_besides_is_not_run(copied_artifact):
    (copied_artifact / "saved_model" / "1" / "assets.extra").mkdir()
    (copied_artifact / "saved_model" / "1" / "assets.extra" / "more").write_text("")
    found = places(copied_artifact, runtimes=("saved_model",))
    assert found == ["saved_model/1/assets.extra/more", "saved_model"]


@pytest.mark.parametrize("file", ["onnx/decode.onnx", "onnx/weights.bin", "test_data/inputs.npz"])
def test_a_file_that_changes_after_it_was_checked_is_not_used(copied_artifact, monkeypatch, file):
    look = folder_files._present

    def meanwhile(folder):
        spoiling.flip_one_bit(folder / file)
        return look(folder)

    monkeypatch.setattr(folder_files, "_present", meanwhile)
    result = module.audit(copied_artifact)
    assert result.findings and all("sha256 differs" in each.what for each in result.findings)
    used = {(row.runtime, row.endpoint) for row in result.rows}
    assert ("onnx", "decode") not in used


def test_a_folder_of_more_files_than_anybody_looks_at_is_a_finding(copied_artifact, monkeypatch):
    monkeypatch.setattr(folder_files, "MOST_FILES", 100)
    for number in range(101):
        (copied_artifact / f"surplus-{number}").write_text("")
    assert any("more than 100 files" in each.what for each in audit(copied_artifact).findings)


# --- the manifest ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["metrics"].update(nll=m["metrics"]["nll"] - 1.0),
        lambda m: m["protocol"].update(K=1000),
        lambda m: m["data"].update(licence="CC0"),
        lambda m: m["versions"].pop("numpy"),
        lambda m: m["training"].update(seconds=m["training"]["seconds"] + 0.1),
        lambda m: m.update(colour="blue"),
        lambda m: m.update(manifest_sha256="0" * 64),
    ],
)
def test_whatever_else_the_manifest_says_is_found_by_its_own_digest(copied_artifact, change):
    change_manifest(copied_artifact, change, restate=False)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "manifest.json" and "another sha256" in finding.what


def test_the_manifests_digest_is_that_of_its_canonical_json(artifact):
    manifest = json.loads((artifact / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["manifest_sha256"] == spoiling.digest(manifest)


def test_a_manifest_without_a_digest_is_found(copied_artifact):
    change_manifest(copied_artifact, lambda m: m.pop("manifest_sha256"), restate=False)
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "manifest.json" and "states no manifest_sha256" in finding.what


def test_a_manifest_in_another_order_and_without_spaces_says_the_same(copied_artifact):
    path = copied_artifact / "manifest.json"
    stated = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(stated.items())), separators=(",", ":")))
    assert audit(copied_artifact).ok


def test_a_manifest_that_is_no_json_is_found(copied_artifact):
    path = copied_artifact / "manifest.json"
    path.write_bytes(path.read_bytes()[:-3])
    (finding,) = audit(copied_artifact).findings
    assert finding.where == "manifest.json" and "cannot be read" in finding.what


def tensor(manifest, endpoint, side, index):
    return manifest["endpoints"][endpoint][side][index]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(schema_version=99),
        lambda m: m.pop("recipe"),
        lambda m: m.update(parameters="many"),
        lambda m: m.update(endpoints={}),
        lambda m: m.update(endpoints=["decode"]),
        lambda m: m["endpoints"].pop("score"),
        lambda m: m["endpoints"].update(copy=m["endpoints"]["decode"]),
        lambda m: m["endpoints"]["decode"].pop("inputs"),
        lambda m: m["endpoints"]["decode"].update(name="decoed"),
        lambda m: m["endpoints"]["encode"]["outputs"].reverse(),
        lambda m: m["endpoints"]["encode"]["outputs"].pop(),
        lambda m: tensor(m, "decode", "inputs", 0).update(name="w"),
        lambda m: tensor(m, "decode", "inputs", 0).update(name=5),
        lambda m: tensor(m, "decode", "inputs", 0).update(dtype="float16"),
        lambda m: tensor(m, "decode", "inputs", 0).update(dtype=None),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape=["batch", 4]),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape=[]),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape=["batch", None]),
        lambda m: tensor(m, "decode", "outputs", 0).update(kind="real"),  # a looser tolerance
        lambda m: tensor(m, "decode", "outputs", 0).update(kind="any"),
        lambda m: tensor(m, "decode", "outputs", 0).update(kind=["real"]),
        lambda m: tensor(m, "decode", "inputs", 0).update(below="ten"),
        lambda m: m.update(event_shape=[8, 8, 3]),
        lambda m: m["latent"].update(size=4),
        lambda m: m["comparisons"][0].update(ok=False),
        lambda m: m["comparisons"][0].update(tolerance="1e+00 relative"),
        lambda m: m.update(comparisons=[]),
        lambda m: m.update(comparisons=None),
        lambda m: m.update(files=[]),
        lambda m: m["files"].update({"../elsewhere": m["files"]["README.md"]}),
        lambda m: m["files"].update({"README.md": None}),
        lambda m: m["files"]["README.md"].update(bytes="1"),
        lambda m: m["files"]["README.md"].update(sha256="0" * 64),
        lambda m: m["files"].pop("onnx/decode.onnx"),
        lambda m: m["files"].pop("onnx/decode.fp16.onnx"),
        lambda m: m["comparisons"][-1].update(tolerance="1e+00 relative"),  # a float16 row
        lambda m: m["files"].pop("test_data/decode.npz"),
        lambda m: m["files"].pop("test_data/inputs.npz"),
        lambda m: m["files"].pop("onnx/weights.bin"),
        lambda m: m.pop("schema"),
        lambda m: m["schema"].update(kind="picture"),
        lambda m: m["schema"].update(shape=[8, 8, 3]),
        lambda m: m["schema"].update(high=0.0),
        lambda m: m["schema"].update(low="0"),
        lambda m: m["schema"].update(spacing=-1),
        lambda m: m["schema"].update(uint8=1),
        lambda m: m["schema"].update(classes=[1]),
        lambda m: m["schema"].pop("shape"),
        lambda m: m.update(parameters=True),
        lambda m: m.update(float16={"decode": "it is worse"}),
        lambda m: m.update(float16={"decode": None}) or m["files"].pop("onnx/decode.fp16.onnx"),
        lambda m: m["proof"].update(rows=65),
        lambda m: m["proof"].update(rows=3),
        lambda m: m["proof"]["batches"].update(decode=[1, 3, 10**12]),
        lambda m: m["proof"]["batches"].update(decode=[64]),
        lambda m: m["proof"]["batches"].update(decode=["1"]),
        lambda m: m["endpoints"]["decode"].update(outputs=[]),
        lambda m: m["endpoints"].update({"folder": m["endpoints"]["decode"] | {"name": "folder"}}),
        lambda m: m["endpoints"].update({"a b": m["endpoints"]["decode"] | {"name": "a b"}}),
        lambda m: tensor(m, "decode", "inputs", 0).update(name="class"),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape=["batch", 2**40]),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape=["batch", -3]),
        lambda m: tensor(m, "decode", "inputs", 0).update(shape="batch"),
        lambda m: tensor(m, "decode", "inputs", 0).update(below=True),
        lambda m: tensor(m, "generate", "inputs", 0).update(name="x"),
    ],
)
def test_a_changed_manifest_is_found_without_a_crash(copied_artifact, change):
    change_manifest(copied_artifact, change)
    result = audit(copied_artifact)
    assert not result.ok and json.dumps(result.to_json(), allow_nan=False)


def test_what_a_later_manifest_of_this_version_adds_does_no_harm(copied_artifact):
    change_manifest(copied_artifact, lambda manifest: manifest.update(colour="blue"))
    assert audit(copied_artifact).ok


# --- what is no finding but an error ---------------------------------------------------------


def test_a_folder_without_a_manifest_is_no_artifact(tmp_path):
    with pytest.raises(ArtifactError, match="is not an artifact"):
        audit(tmp_path)


def test_a_provider_that_is_not_there_is_an_error(artifact):
    with pytest.raises(InputError, match="has no NoSuchExecutionProvider here"):
        audit(artifact, provider="NoSuchExecutionProvider")


def test_errors_that_are_not_finite_are_null_in_json(copied_artifact):
    path = copied_artifact / "test_data" / "decode.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["x_mean"][:] = 0.0
    np.savez(path, **arrays)
    restate(copied_artifact)
    facts = json.loads(json.dumps(audit(copied_artifact).to_json(), allow_nan=False))
    row = next(row for row in facts["rows"] if row["endpoint"] == "decode")
    assert row["max_rel"] is None and row["ok"] is False
