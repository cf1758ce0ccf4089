"""`zoo republish`: the same model and the same nats, in the schema of today."""

import json
import shutil

import numpy as np
import pytest
import spoiling

import zoo
from zoo.command_line import main
from zoo.errors import ArtifactError, ExportError
from zoo.export.republishing import republish
from zoo.runtime import replay, verify


def to_schema_1(folder):
    """Makes an artifact what it was in schema 1: inputs beside answers, weights in the graphs."""
    endpoints = zoo.load(folder).endpoints
    for name, endpoint in endpoints.items():
        given, wanted = replay.read(folder, endpoint)
        arrays = {f"input.{key}": value for key, value in given.items()}
        arrays |= {f"output.{key}": value for key, value in wanted.items()}
        np.savez_compressed(folder / "test_data" / f"{name}.npz", **arrays)
    (folder / "test_data" / "inputs.npz").unlink()
    spoiling.restate(folder)
    spoiling.change_manifest(folder, _old_manifest)
    card = (folder / "README.md").read_text(encoding="utf-8")
    faulty = card.replace("--seed 5\n```", "--seed 5 --doubly-reparameterized False\n```")
    (folder / "README.md").write_text(faulty, encoding="utf-8")
    spoiling.restate(folder)


def _old_manifest(manifest):
    manifest["schema_version"] = 1
    manifest["parity"] = manifest.pop("comparisons")
    manifest["data"]["range"] = [0.0, 1.0]
    manifest["recipe"].pop("command")
    for name in ("schema", "float16", "proof", "warnings"):
        manifest.pop(name)


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def old(artifact, tmp_path_factory):
    """An artifact of schema 1."""
    folder = tmp_path_factory.mktemp("old") / artifact.name
    shutil.copytree(artifact, folder)
    to_schema_1(folder)
    return folder


@pytest.fixture(scope="module")
def new(old, tmp_path_factory):
    """What `republish` made of it."""
    out = tmp_path_factory.mktemp("new")
    done = republish(old, out)
    assert done.folder == out / old.name
    assert all(row.ok for row in done.rows)
    return done.folder


@pytest.mark.slow
def test_it_is_a_whole_artifact_of_this_schema(new, artifact):
    assert verify.audit(new, verify.RUNTIMES, None, _signatures).findings == []
    assert manifest_of(new)["schema_version"] == 2
    assert {path.relative_to(new) for path in new.rglob("*")} == {
        path.relative_to(artifact) for path in artifact.rglob("*")
    }


def _signatures(path):
    from zoo.export.signatures import Signatures

    return Signatures(path)


def test_metrics_provenance_figures_and_model_are_kept(old, new):
    before, after = manifest_of(old), manifest_of(new)
    for key in ("name", "model", "created", "licence", "metrics", "protocol", "latent"):
        assert after[key] == before[key], key
    assert after["training"] == before["training"] | {"versions": before["versions"]}
    assert after["recipe"]["config"] == before["recipe"]["config"]
    kept = ["model.keras", "history.csv", *(f"figures/{p.name}" for p in old.glob("figures/*"))]
    assert len(kept) == 7
    for name in kept:
        assert (new / name).read_bytes() == (old / name).read_bytes(), name


def test_test_data_is_the_same_and_the_graphs_are_those_of_the_first_export(new, artifact):
    for name, endpoint in zoo.load(artifact).endpoints.items():
        for mine, theirs in zip(
            replay.read(new, endpoint), replay.read(artifact, endpoint), strict=True
        ):
            for key, value in theirs.items():
                np.testing.assert_array_equal(mine[key], value, err_msg=f"{name} {key}")
    for path in (artifact / "onnx").iterdir():
        assert (new / "onnx" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_schema_is_what_schema_1_knew_of_the_examples(new):
    schema = manifest_of(new)["schema"]
    assert (schema["kind"], schema["shape"]) == ("image", [8, 8, 1])
    assert (schema["low"], schema["high"], schema["uint8"]) == (0.0, 1.0, True)


def test_the_cards_command_is_one_that_the_command_line_takes(new):
    card = (new / "README.md").read_text(encoding="utf-8")
    assert "--seed 5 --no-doubly-reparameterized\n```" in card and "False" not in card
    assert "written anew from `model.keras`" in card


@pytest.mark.slow
def test_it_takes_the_place_of_the_earlier_one_only_when_asked(artifact, old, tmp_path, capsys):
    mine = shutil.copytree(old, tmp_path / "exports" / old.name)
    before = contents(mine)
    assert main(["republish", str(mine)]) == 2
    assert "exists already. Pass --replace" in capsys.readouterr().err
    assert contents(mine) == before
    assert main(["republish", str(mine), "--replace", "--no-float16"]) == 0
    printed = capsys.readouterr().out
    assert "decode, reconstruct, generate, score: float16 graphs were not wanted." in printed
    assert "DIFFERS" not in printed and str(mine) in printed
    assert verify.audit(mine).findings == []
    assert not list(mine.glob("onnx/*.fp16*")) and list(mine.parent.iterdir()) == [mine]


def test_a_model_that_answers_otherwise_than_the_trained_one_did_is_refused(old, trained, tmp_path):
    mine = shutil.copytree(old, tmp_path / "exports" / old.name)
    other = trained.model.bare()
    bias = other.decoder.get_layer("output").bias
    bias.assign(np.asarray(bias) + np.float32([1e-3, 0, 0, 0]))
    other.save(mine / "model.keras")
    spoiling.restate(mine)
    said = r"does not answer as the artifact's test data says:\n(.|\n)*decode(.|\n)*DIFFERS"
    with pytest.raises(ExportError, match=said):
        republish(mine, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda f: (f / "history.csv").write_text("none"),
            r"history\.csv has 4 bytes, the manifest states",
        ),
        (lambda f: (f / "model.keras").unlink(), r"model\.keras is missing"),
        (lambda f: (f / "manifest.json").write_text("{}"), r"states no schema_version"),
        (lambda f: (f / "manifest.json").write_text("[" * 9999), r"manifest\.json cannot be read"),
        (
            lambda f: spoiling.change_manifest(f, lambda m: m.update(seed=1), restate=False),
            "it is not as it was exported",
        ),
        (lambda f: spoiling.change_manifest(f, lambda m: m.pop("metrics")), "states no metrics"),
        (
            lambda f: spoiling.change_manifest(f, lambda m: m.update(schema_version=3)),
            "has schema version 3.*install a newer",
        ),
        (
            lambda f: spoiling.change_manifest(
                f, lambda m: m["files"].update({"../a": {"sha256": "", "bytes": 0}})
            ),
            "outside the folder",
        ),
        (
            lambda f: spoiling.change_manifest(f, lambda m: m.update(name="../a")),
            "its name is '../a'",
        ),
        (
            lambda f: spoiling.change_manifest(f, lambda m: m.update(files=[])),
            "its files are no object",
        ),
    ],
)
def test_an_artifact_that_is_not_what_was_exported_is_refused(old, tmp_path, spoil, said):
    mine = shutil.copytree(old, tmp_path / "exports" / old.name)
    spoil(mine)
    with pytest.raises(ArtifactError, match=said):
        republish(mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()
