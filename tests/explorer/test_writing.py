"""What `zoo explorer` writes, what it refuses, and that nothing is left then."""

import json
import shutil

import pages
import pytest
from serve import handmade

import zoo
from zoo import explorer
from zoo.artifact import checksums
from zoo.command_line import main
from zoo.errors import ArtifactError, InputError, MissingDependency
from zoo.explorer import writing

from .conftest import EXPORTS, MODELS

CONV, MOLECULES = EXPORTS / "conv_vae-mnist", EXPORTS / "molecule_vae-qm9"
MOST = 15_000_000  # bytes of page and runtimes


@pytest.fixture
def small_page(tmp_path, monkeypatch):
    """`pages.small` in the place of the built page."""
    page = pages.small(tmp_path / "page")
    monkeypatch.setattr(writing, "PAGE", page)
    return page


def statement(folder, name):
    """What a constant of a written service worker holds."""
    lines = (folder / "service-worker.js").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"const {name} = "))
    return json.loads(line.partition(" = ")[2].rstrip(";"))


def test_it_holds_the_page_and_of_each_artifact_what_the_page_reads(small_page, tmp_path):
    out = tmp_path / "out"
    assert explorer.write([CONV, MOLECULES], out) == ["conv_vae-mnist", "molecule_vae-qm9"]
    manifest = json.loads((CONV / "manifest.json").read_text(encoding="utf-8"))
    told = json.loads((out / "explorer.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in told["artifacts"]] == ["conv_vae-mnist", "molecule_vae-qm9"]
    written = out / told["artifacts"][0]["address"]
    assert json.loads((written / "manifest.json").read_text(encoding="utf-8")) == manifest
    files = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}
    wanted = {f"onnx/{name}.onnx" for name in manifest["endpoints"]}
    wanted |= {f"test_data/{name}.npz" for name in [*manifest["endpoints"], "inputs"]}
    assert files == wanted | {"manifest.json", "onnx/weights.bin"}
    for name in files - {"manifest.json"}:
        assert (written / name).read_bytes() == (CONV / name).read_bytes()
    assert not (out / "removed-worker.js").exists()


def address(folder):
    """Where a written explorer's only artifact lies."""
    (told,) = json.loads((folder / "explorer.json").read_text(encoding="utf-8"))["artifacts"]
    return told["name"], told["address"]


def test_a_loaded_artifact_is_written_by_the_name_that_is_given(small_page, tmp_path):
    loaded = zoo.load(CONV)
    assert explorer.write({"mine": loaded}, tmp_path / "a") == ["mine"]
    assert explorer.write(loaded, tmp_path / "b") == ["conv_vae-mnist"]
    name, place = address(tmp_path / "a")
    assert name == "mine" and place.startswith("artifacts/mine/")
    assert (tmp_path / "a" / place / "onnx" / "decode.onnx").is_file()
    with pytest.raises(InputError, match="served model's name"):
        explorer.write({"../mine": loaded}, tmp_path / "c")


def test_an_address_is_of_one_version_alone(small_page, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(CONV, copy)
    places = []
    for name in "abc":
        if name == "c":
            manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
            manifest["metrics"]["nll"] = 1.0
            manifest[checksums.MANIFEST_KEY] = checksums.of_manifest(manifest)
            (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        explorer.write(copy, tmp_path / name)
        places.append(address(tmp_path / name)[1])
    assert places[0] == places[1] != places[2]


def test_what_browsers_are_not_to_keep_has_a_worker_that_removes_itself(small_page, tmp_path):
    explorer.write(CONV, tmp_path / "out", offline=False, docs="docs")
    worker = (tmp_path / "out" / "service-worker.js").read_text(encoding="utf-8")
    assert worker == (small_page / "removed-worker.js").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "out" / "explorer.json").read_text(encoding="utf-8"))
    assert told["offline"] is False and told["docs"] == "docs"


def test_what_the_page_cannot_show_is_refused_by_what_it_lacks(small_page, tmp_path):
    handmade.marked(tmp_path / "marked", 1.0)
    loaded = zoo.load(tmp_path / "marked")
    wanted = ["encode", "reconstruct", "test_data/inputs.npz", "test_data/decode.npz"]
    assert explorer.lacks(loaded) == wanted and explorer.lacks(zoo.load(CONV)) == []
    with pytest.raises(ArtifactError, match=r"has no encode, reconstruct, test_data/inputs\.npz"):
        explorer.write(loaded, tmp_path / "out")


def test_the_service_worker_keeps_all_that_there_is_but_what_only_a_gpu_needs(small_page, tmp_path):
    out = tmp_path / "out"
    explorer.write(CONV, out)
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    files -= {"index.html", "service-worker.js", writing.RUNTIMES["webgpu"]}
    assert {*statement(out, "FILES")} == files | {"./"}


def test_its_version_is_that_of_what_it_holds(small_page, tmp_path):
    versions = []
    for name, artifact in (("a", CONV), ("b", CONV), ("c", MOLECULES)):
        explorer.write(artifact, tmp_path / name)
        versions.append(statement(tmp_path / name, "VERSION"))
    assert versions[0] == versions[1] != versions[2]


def test_molecules_are_drawn_where_there_are_any(small_page, tmp_path):
    explorer.write(CONV, tmp_path / "pictures")
    explorer.write(MOLECULES, tmp_path / "molecules")
    rdkit = writing.RUNTIMES["rdkit"]
    assert not (tmp_path / "pictures" / rdkit).exists()
    assert (tmp_path / "molecules" / rdkit).exists()


def test_an_existing_folder_is_refused_and_left_alone(small_page, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        explorer.write(CONV, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("given, match", [([], "No artifact"), ([CONV, CONV], "the name")])
def test_none_and_two_of_one_name_are_refused(small_page, tmp_path, given, match):
    with pytest.raises(InputError, match=match):
        explorer.write(given, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("file", ["onnx/weights.bin", "test_data/score.npz", "onnx/decode.onnx"])
def test_a_changed_artifact_is_refused_and_nothing_is_left(small_page, tmp_path, file):
    copy = tmp_path / "copy"
    shutil.copytree(CONV, copy)
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    with pytest.raises(ArtifactError, match="sha256 differs"):
        explorer.write(copy, tmp_path / "out")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "page"]


def test_what_is_no_artifact_is_refused(small_page, tmp_path):
    with pytest.raises(ArtifactError, match="There is no artifact"):
        explorer.write(tmp_path / "nothing", tmp_path / "out")


def test_a_clone_whose_page_is_not_built_says_how_to_build_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(writing, "PAGE", tmp_path / "page")
    assert not explorer.is_built()
    with pytest.raises(MissingDependency, match="npm run build"):
        explorer.write(CONV, tmp_path / "out")
    assert main(["explorer", str(CONV), "--out", str(tmp_path / "out")]) == 2
    assert "error: The explorer's page is not built" in capsys.readouterr().err


def test_the_command_says_what_it_wrote_and_how_to_look_at_it(small_page, tmp_path, capsys):
    out = tmp_path / "my explorer"
    assert main(["explorer", str(CONV), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Written to {out}: conv_vae-mnist; ")
    assert f"--directory '{out}'" in said


@pytest.mark.slow
def test_page_and_runtimes_are_small(page, site):
    """Of an explorer of pictures, strings and molecules, artifacts left out: 15 MB at most."""
    artifacts = site / "artifacts"
    sizes = [
        path.stat().st_size
        for path in site.rglob("*")
        if path.is_file() and not path.is_relative_to(artifacts)
    ]
    assert len(list(artifacts.iterdir())) == len(MODELS) and sum(sizes) <= MOST
