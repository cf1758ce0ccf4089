"""Files of an artifact that are something else, or become it while they are read."""

import hashlib
import os
import socket
import threading

import pytest

from zoo.artifact import reading
from zoo.artifact.reading import Reader
from zoo.errors import ArtifactError

CONTENT = b"weights" * 1000


def stated(content=CONTENT):
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def reader(folder):
    return Reader(folder, {"files": {"file": stated()}})


def test_the_bytes_that_the_manifest_states_are_read_copied_and_passed(reader, folder):
    assert reader.read("file") == CONTENT and reader.problem("file") is None
    reader.copy("file", folder / "elsewhere" / "copy")
    assert (folder / "elsewhere" / "copy").read_bytes() == CONTENT


def test_a_link_is_followed_to_what_must_have_the_same_bytes(reader, folder, tmp_path_factory):
    """Hubs keep files in a store of their own, and an artifact as links into it."""
    store = tmp_path_factory.mktemp("store") / "blob"
    (folder / "file").rename(store)
    (folder / "file").symlink_to(store)
    assert reader.read("file") == CONTENT
    store.write_bytes(CONTENT[::-1])
    assert "sha256 differs" in reader.problem("file")


def put_a_pipe(path):
    os.mkfifo(path)


def put_a_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        before = os.getcwd()
        os.chdir(path.parent)  # a socket's path may be no longer than 107 characters
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


@pytest.mark.parametrize(
    "put, why",
    [
        (put_a_pipe, "is a pipe and no regular file"),
        (put_a_socket, "is a socket and no regular file"),
        (lambda path: path.mkdir(), "is a folder and no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device and no regular file"),
        (lambda path: path.symlink_to("/dev/stdin"), "regular file"),
        (lambda path: path.symlink_to(path), "cannot be read"),
        (lambda path: path.symlink_to("nowhere"), "is missing"),
        (lambda path: None, "is missing"),
        (lambda path: path.write_bytes(CONTENT + b"!"), "has 7,001 bytes, the manifest states 7,0"),
        (lambda path: path.write_bytes(CONTENT[:-1] + b"!"), "sha256 differs"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_such_file_is_refused_at_once(reader, folder, put, why):
    (folder / "file").unlink()
    put(folder / "file")
    for function in (reader.read, lambda name: reader.copy(name, folder / "copy")):
        with pytest.raises(ArtifactError, match=f"file .*{why}"):
            function("file")
    assert why in reader.problem("file") and not (folder / "copy").exists()


def test_a_pipe_put_in_a_files_place_after_it_was_looked_at_does_not_hang(
    reader, folder, monkeypatch
):
    looked = os.stat

    def swap(path, *arguments, **options):
        found = looked(path, *arguments, **options)
        if str(path).endswith("file"):
            os.unlink(path)
            os.mkfifo(path)
        return found

    monkeypatch.setattr("os.stat", swap)
    with pytest.raises(ArtifactError, match="is a pipe and no regular file"):
        reader.read("file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(reader, folder):
    (folder / "file").chmod(0)
    with pytest.raises(ArtifactError, match=r"file cannot be read \(Permission denied"):
        reader.read("file")


@pytest.mark.parametrize(
    "name",
    ["a\0b", "a" * 5000, "\ud800", "file/file", "/dev/zero", "../file", "a//b", "a\\b", "", "."],
)
def test_a_name_that_cannot_be_is_refused(folder, name):
    reader = Reader(folder, {"files": {name: stated()}})
    with pytest.raises(ArtifactError):
        reader.read(name)
    assert reader.problem(name)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"sha256": "0" * 64},
        stated() | {"bytes": "7000"},
        stated() | {"bytes": True},
        stated() | {"bytes": -1},
        stated() | {"bytes": 7000.0},
        stated() | {"sha256": "0" * 63},
        stated() | {"sha256": "X" * 64},
        stated() | {"sha256": None},
    ],
)
def test_a_file_that_the_manifest_does_not_list_properly_is_not_read(folder, entry):
    reader = Reader(folder, {"files": {"file": entry}})
    with pytest.raises(ArtifactError, match="is not listed in manifest"):
        reader.read("file")


def test_a_file_is_never_read_beyond_its_limit(folder):
    huge = 2**40
    os.truncate(folder / "file", huge)  # takes no space
    reader = Reader(folder, {"files": {"file": stated() | {"bytes": huge}}})
    with pytest.raises(ArtifactError, match="at most 17,179,869,184 are read"):
        reader.read("file")
    with pytest.raises(ArtifactError, match="at most 100 are read"):
        Reader(folder).read("file", limit=100)


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read_is_refused(folder, monkeypatch, change):
    size = 2 * reading._CHUNK * 64
    os.truncate(folder / "file", size)
    content = bytes(size)
    reader = Reader(folder, {"files": {"file": stated(content)}})
    with reading.regular(folder / "file") as file:
        chunks = reading._chunks(file, size)
        next(chunks)
        os.truncate(folder / "file", size + 1 if change == "grows" else size // 2)
        with pytest.raises(reading.Problem, match=r"grew|was cut off"):
            list(chunks)
    with pytest.raises(ArtifactError, match="the manifest states"):
        reader.read("file")


def test_bytes_that_are_read_while_others_write_are_of_one_version_or_none(folder):
    """The bytes that were hashed are those that are given."""
    versions = [bytes([digit]) * 2**20 for digit in range(8)]
    reader = Reader(folder, {"files": {"file": stated(versions[3])}})
    done = threading.Event()

    def write():
        while not done.is_set():
            for version in versions:
                with open(folder / "file", "r+b") as file:
                    file.write(version)

    (folder / "file").write_bytes(versions[0])
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            try:
                assert reader.read("file") == versions[3]
            except ArtifactError as error:
                assert "sha256 differs" in str(error)
    finally:
        done.set()
        writer.join()
