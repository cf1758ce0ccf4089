"""What no layout is written for, and that nothing is left then."""

import os

import pytest
from spoiling import change_manifest

from zoo import deploy
from zoo.errors import ArtifactError, ExportError, InputError, ZooError

WRITERS = {
    "triton": deploy.triton,
    "tf_serving": deploy.tf_serving,
    "kserve": lambda artifact, out, **given: deploy.kserve(
        artifact, out, **{"storage_uri": "s3://models/vae", "runtime_version": "24.10-py3"} | given
    ),
}
every_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@every_writer
def test_an_existing_folder_file_or_link_is_refused_and_left_alone(write, artifact, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("folder", "file", "link"):
        with pytest.raises(InputError, match="exists already"):
            write(artifact, tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder", "link"]
    assert not list((tmp_path / "folder").iterdir())
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("writer", ["triton", "kserve"])
@pytest.mark.parametrize(
    "given",
    [
        {"max_batch_size": 0},
        {"max_batch_size": -1},
        {"max_batch_size": 2**31},
        {"max_batch_size": 8.0},
        {"max_batch_size": True},
        {"max_queue_delay_microseconds": -1},
        {"max_queue_delay_microseconds": 0.5},
    ],
)
def test_wrong_numbers_are_refused_by_name(writer, given, artifact, tmp_path):
    with pytest.raises(InputError, match=next(iter(given))):
        WRITERS[writer](artifact, tmp_path / "out", **given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "given",
    [
        {"storage_uri": ""},
        {"storage_uri": "bucket/vae"},
        {"storage_uri": "s3://bucket/my vae"},
        {"storage_uri": 's3://bucket\n  evil: "yes"'},
        {"storage_uri": None},
        {"runtime_version": ""},
        {"runtime_version": "24.10 py3"},
        {"runtime_version": 24.1},
        {"gpus": -1},
        {"gpus": "1"},
    ],
)
def test_wrong_addresses_versions_and_gpus_are_refused_by_name(given, artifact, tmp_path):
    with pytest.raises(InputError, match=next(iter(given))):
        WRITERS["kserve"](artifact, tmp_path / "out", **given)
    assert not list(tmp_path.iterdir())


@every_writer
@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "a:b", "-a", 'a"b', 7])
def test_a_name_that_a_server_could_misread_is_refused(write, name, artifact, tmp_path):
    with pytest.raises(InputError, match="cannot be a served model's name"):
        write(artifact, tmp_path / "out", name=name)
    assert not list(tmp_path.iterdir())


@every_writer
def test_a_changed_missing_or_unlisted_file_is_refused_and_named(write, copied_artifact, tmp_path):
    out = tmp_path / "layouts" / "out"
    name = "saved_model/1/saved_model.pb" if write is deploy.tf_serving else "onnx/encode.onnx"
    path = copied_artifact / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=path.name):
        write(copied_artifact, out)
    path.unlink()
    with pytest.raises(ArtifactError, match=path.name):
        write(copied_artifact, out)
    change_manifest(copied_artifact, lambda manifest: manifest["files"].pop(name))
    with pytest.raises(ArtifactError, match=r"encode|SavedModel"):
        write(copied_artifact, out)
    assert not out.exists() and not list(tmp_path.glob("layouts/*"))


@every_writer
def test_what_is_no_artifact_is_refused(write, tmp_path):
    with pytest.raises(ArtifactError, match="no artifact"):
        write(tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_points_outside_its_folder_is_refused(copied_artifact, tmp_path):
    (copied_artifact.parent / "secret").write_text("mine")
    change_manifest(
        copied_artifact,
        lambda manifest: manifest["files"].update({"saved_model/../../secret": {"bytes": 4}}),
    )
    with pytest.raises(ArtifactError, match="outside"):
        deploy.tf_serving(copied_artifact, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@every_writer
@pytest.mark.parametrize("files", [None, [], [1], "onnx", {"saved_model/1/saved_model.pb": 1}])
def test_a_manifest_whose_files_are_none_is_refused(write, files, copied_artifact, tmp_path):
    change_manifest(copied_artifact, lambda manifest: manifest.update(files=files))
    with pytest.raises(ArtifactError):
        write(copied_artifact, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@every_writer
def test_a_name_of_other_characters_does_not_write_lines_of_a_readme(
    write, copied_artifact, tmp_path
):
    change_manifest(copied_artifact, lambda m: m.update(name="a\n\n    rm -rf /\x1b[2J"))
    write(copied_artifact, tmp_path / "out", name="served")
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("# a??    rm -rf /?[2J on ")


@pytest.mark.parametrize(
    ("change", "match"), [({"dtype": "float64"}, "float64"), ({"shape": [3]}, "first axis")]
)
def test_a_tensor_that_triton_could_not_batch_is_refused(change, match, copied_artifact, tmp_path):
    change_manifest(copied_artifact, lambda m: m["endpoints"]["decode"]["inputs"][0].update(change))
    with pytest.raises(ArtifactError, match=match):
        deploy.triton(copied_artifact, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@every_writer
def test_a_full_disk_leaves_nothing(write, artifact, tmp_path, monkeypatch):
    def full(path, text, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(ExportError, match="No space left"):
        write(artifact, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@every_writer
def test_a_parent_that_is_a_file_is_refused(write, artifact, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ZooError, match="could not be written"):
        write(artifact, tmp_path / "file" / "out")


@every_writer
def test_an_interrupt_leaves_nothing(write, artifact, tmp_path, monkeypatch):
    def interrupted(path, text, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(artifact, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@every_writer
def test_others_can_read_a_layout_as_far_as_the_umask_lets_them(write, artifact, tmp_path):
    before = os.umask(0o022)
    try:
        write(artifact, tmp_path / "out")
    finally:
        os.umask(before)
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
