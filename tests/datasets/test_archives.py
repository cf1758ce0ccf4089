"""A .zip or .tar of images is read as the folder is; what is wrong with it is one sentence."""

import io
import os
import random
import tarfile
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import archives, decoding, storage
from zoo.errors import DatasetError

Image = pytest.importorskip("PIL.Image")

TARS = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.xz": "w:xz", ".tar.bz2": "w:bz2"}
ENDINGS = [".zip", *TARS]


def png(red=0, size=(8, 8)):
    """The content of a picture."""
    stream = io.BytesIO()
    Image.new("RGB", size, (red, 0, 0)).save(stream, "png")
    return stream.getvalue()


def reds(split):
    return np.rint(split.batch(slice(None))[:, 0, 0, 0] * 255).astype(int).tolist()


def pack(path, contents):
    """An archive of {name: content}, the kind of which is told by the path."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return path
    mode = next(mode for ending, mode in TARS.items() if path.name.endswith(ending))
    with tarfile.open(path, mode) as archive:
        for name, content in contents.items():
            add(archive, name, content)
    return path


def add(archive, name, content=b"", kind=tarfile.REGTYPE, **fields):
    """A member of a .tar."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(content))


def twelve(folder=""):
    return {f"{folder}{i:02}.png": png(i) for i in range(12)}


def refusal(path, **options):
    with pytest.raises(DatasetError) as raised:
        datasets.load(path, **options)
    assert str(raised.value).isprintable()
    return str(raised.value)


def classes():
    """Pictures of two classes in two parts, with what others leave in an archive."""
    contents = {}
    for part, start in (("train", 0), ("test", 100)):
        for i in range(6):
            contents[f"My Photos/{part}/dog/{i}.png"] = png(start + 50 + i)
            contents[f"My Photos/{part}/cat/{i}.png"] = png(start + i)
    strangers = ("My Photos/README", "__MACOSX/My Photos/._0.png", "My Photos/.git/a.png")
    return contents | dict.fromkeys(strangers, b"x")


@pytest.mark.parametrize("share", [0.25, 1e-12], ids=["memory", "disk"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_is_read_as_the_folder_is(tmp_path, ending, share):
    path = pack(tmp_path / f"My Photos{ending}", classes())
    before = sorted(tmp_path.iterdir())
    data = datasets.load(path, memory_share=share, cache_dir=tmp_path / "cache")
    assert reds(data.train) == [0, 1, 2, 3, 4, 5, 50, 51, 52, 53, 54, 55]
    assert reds(data.test) == [red + 100 for red in reds(data.train)]
    assert data.train.labels.tolist() == data.test.labels.tolist() == [0] * 6 + [1] * 6
    assert data.name == "my_photos" and data.schema.classes == ("cat", "dog")
    assert data.source.startswith(f"the user's own archive My Photos{ending}, 24 images")
    assert data.test_split == "The archive's own train/ and test/, n=12."
    assert "3 (My Photos/README; My Photos/.git/; __MACOSX/)" in data.notes[-1]
    assert [file for file in sorted(tmp_path.iterdir()) if file.name != "cache"] == before


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_sizes_and_channels_are_those_of_the_files(tmp_path, ending):
    contents = {f"{i}.png": png(i, (40, 30)) for i in range(12)}
    path = pack(tmp_path / f"a{ending}", contents)
    assert datasets.load(path).event_shape == (30, 40, 3)
    assert datasets.load(path, image_shape=(8, 16, 1)).event_shape == (8, 16, 1)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_decoded_images_are_kept_by_the_content_of_the_archive(tmp_path, ending):
    options = {"memory_share": 1e-12, "cache_dir": tmp_path / "cache"}
    path = pack(tmp_path / f"a{ending}", twelve())
    datasets.load(path, **options)
    (kept,) = (tmp_path / "cache").glob("*/images.npy")
    written = kept.stat().st_mtime_ns
    os.utime(path, (1, 1))
    datasets.load(path, **options)
    assert kept.stat().st_mtime_ns == written
    pack(path, twelve() | {"03.png": png(77)})
    data = datasets.load(path, **options)
    assert sorted(reds(data.train) + reds(data.test)) == [0, 1, 2, *range(4, 12), 77]


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_corrupt_image_is_named_and_left_out_if_asked(tmp_path, ending):
    path = pack(tmp_path / f"a{ending}", twelve() | {"03.png": b"no image"})
    assert "03.png (no image that Pillow can read). Remove" in refusal(path)
    data = datasets.load(path, skip_corrupt=True)
    assert sorted(reds(data.train) + reds(data.test)) == [0, 1, 2, *range(4, 12)]
    assert data.notes[-1] == "1 of 12 images cannot be decoded and are left out: 03.png."


def test_a_member_of_a_zip_that_does_not_unpack_is_a_corrupt_image(tmp_path):
    path = pack(tmp_path / "a.zip", twelve())
    content = bytearray(path.read_bytes())
    content[content.index(b"00.png") + 20] ^= 0xFF
    path.write_bytes(content)
    assert "00.png (it cannot be unpacked: " in refusal(path)
    assert len(datasets.load(path, skip_corrupt=True).train) == 9


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_names_are_never_paths(tmp_path, ending):
    names = ["/00.png", "../../01.png", "./02.png", "a/../../03.png", "..\\..\\04.png"]
    contents = {name: png(i) for i, name in enumerate(names)}
    contents |= {f"{i:02}.png": png(i) for i in range(5, 12)}
    (tmp_path / "inner").mkdir()
    data = datasets.load(pack(tmp_path / "inner" / f"a{ending}", contents))
    assert sorted(reds(data.train) + reds(data.test)) == list(range(12))
    assert os.listdir(tmp_path) == ["inner"] and os.listdir(tmp_path / "inner") == [f"a{ending}"]


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_two_members_of_one_name_are_refused(tmp_path, ending):
    path = pack(tmp_path / f"a{ending}", twelve() | {"./03.png": png(99)})
    assert "two members of the name 03.png" in refusal(path)


def test_an_archive_without_images_says_what_lies_there(tmp_path):
    for ending in ENDINGS:
        path = pack(tmp_path / f"a{ending}", {"notes.txt": b"x", ".DS_Store": b"x"})
        said = refusal(path)
        assert "has 0 images" in said and "notes.txt; .DS_Store." in said


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.CHRTYPE, "a device"),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, word):
    path = pack(tmp_path / "a.tar", twelve())
    for name in ("odd.png", "folder"):  # what a link to a folder holds would be missing
        with tarfile.open(path, "w") as archive:
            for other, content in twelve().items():
                add(archive, other, content)
            add(archive, name, kind=kind, linkname="/etc/passwd")
        assert f"{name} is {word}. Pack it anew" in refusal(path)


def test_links_in_a_zip_are_refused(tmp_path):
    path = pack(tmp_path / "a.zip", twelve())
    info = zipfile.ZipInfo("odd.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "odd.png is a symbolic link. Pack it anew" in refusal(path)


def test_an_encrypted_zip_is_named(tmp_path):
    path = pack(tmp_path / "a.zip", twelve())
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    assert "a.zip is encrypted (00.png). Unpack it" in refusal(path)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, ending, monkeypatch):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**28)
    path = pack(tmp_path / f"a{ending}", twelve() | {"odd.png": bytes(2**24)})
    monkeypatch.setattr(decoding, "decode", lambda *_, **__: pytest.fail("it was unpacked"))
    assert f"unpacks odd.png to {2**24:,} bytes, of which at most {2**23:,}" in refusal(path)


@pytest.mark.parametrize(
    ("packed", "most"), [(zipfile.ZIP_DEFLATED, 2**24), (zipfile.ZIP_LZMA, 2**27)]
)
def test_a_member_that_unpacks_to_more_than_it_states_takes_no_memory(tmp_path, packed, most):
    path = pack(tmp_path / "a.zip", twelve())
    with zipfile.ZipFile(path, "a", packed) as archive:
        archive.writestr("odd.png", bytes(2**26))
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        size = content.rindex(signature) + at
        content[size : size + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert "1 of 13 images" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_an_endless_list_of_members_is_not_read(tmp_path, ending, monkeypatch):
    path = pack(tmp_path / f"a{ending}", {f"{i}.txt": b"" for i in range(5000)})
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**24)
    said = refusal(path)
    assert "its list of members is longer" in said or "more than 1,024 members" in said


def header(size, kind=b"0", name="odd.png"):
    """A header of a .tar with a size field of any bytes."""
    info = tarfile.TarInfo(name)
    info.type = kind
    made = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    made[124:136], made[148:156] = size, b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


HUGE = b"\x80" + (2**60).to_bytes(11, "big")
NEGATIVE = b"\xff" + (2**88 - 2048).to_bytes(11, "big")


@pytest.mark.parametrize(
    "spoilt",
    [
        header(NEGATIVE, name="odd.txt"),  # the next header would be the one before, for ever
        header(HUGE, name="odd.txt"),
        header(HUGE, b"x"),  # a pax header that would be read whole
        header(HUGE, b"L"),
        header(b"0" * 11 + b"\0", b"L") * 3000,  # names of names of names
        header(b"0" * 11 + b"\0").replace(b"odd", b"ood"),  # a wrong checksum
    ],
    ids=["backwards", "huge", "pax", "long-name", "recursion", "checksum"],
)
def test_a_hostile_header_is_refused_and_never_the_end(tmp_path, spoilt):
    whole = pack(tmp_path / "a.tar", twelve()).read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    (tmp_path / "a.tar").write_bytes(whole[:end] + spoilt + bytes(10240))
    assert "cannot be read as an archive (" in refusal(tmp_path / "a.tar")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_cut_short_at_any_place_is_refused(tmp_path, ending):
    path = pack(tmp_path / f"a{ending}", twelve())
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0"))  # behind it a .tar has blocks of zeros
    for at in [0, 1, 100, 512, 1024, *range(end // 2, end - 1, end // 7)]:
        path.write_bytes(whole[: min(at, end - 1)])
        assert "cannot be read" in refusal(path)


def test_a_changed_bit_of_a_compressed_tar_is_noticed(tmp_path):
    path = pack(tmp_path / "a.tar.gz", twelve())
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # of the checksum
    path.write_bytes(content)
    assert "CRC check failed" in refusal(path)


def test_what_is_no_archive_but_is_named_like_one_is_refused(tmp_path):
    for ending in ENDINGS:
        (tmp_path / f"a{ending}").write_bytes(b"plain text" * 100)
        assert "cannot be read as an archive (" in refusal(tmp_path / f"a{ending}")
        os.mkfifo(tmp_path / f"pipe{ending}")
        assert "named pipe" in refusal(tmp_path / f"pipe{ending}")
        assert "not found" in refusal(f"nowhere{ending}")


def test_a_folder_may_be_named_like_an_archive(tmp_path):
    folder = tmp_path / "photos.zip"
    folder.mkdir()
    for name, content in twelve().items():
        (folder / name).write_bytes(content)
    assert len(datasets.load(folder).train) == 10


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_an_archive_that_is_written_to_while_it_is_read_is_refused(tmp_path, ending, monkeypatch):
    path, real = pack(tmp_path / f"a{ending}", twelve()), decoding.decode

    def meanwhile(stream, image_shape):
        with path.open("ab") as other:
            other.write(b"more")
        return real(stream, image_shape)

    monkeypatch.setattr(decoding, "decode", meanwhile)
    assert "it changed while it was read" in refusal(path)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_a_tar_is_read_forwards_with_few_members_in_memory(tmp_path, ending, monkeypatch):
    path = pack(tmp_path / f"a{ending}", dict(reversed(twelve().items())))
    seen, real = [], decoding.decode
    monkeypatch.setattr(archives.storage, "physical_memory", lambda: 2**30)

    def watched(stream, image_shape):
        made = real(stream, image_shape)
        seen.append(int(made[0, 0, 0]))
        return made

    monkeypatch.setattr("zoo.datasets.containers.workers", lambda: 1)
    monkeypatch.setattr(decoding, "decode", watched)
    data = datasets.load(path)
    assert seen == list(range(11, -1, -1))
    assert sorted(reds(data.train) + reds(data.test)) == list(range(12))


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.xz"])
def test_spoiled_archives_load_or_are_refused_with_a_sentence(tmp_path, ending):
    rng = random.Random(3)
    path = pack(tmp_path / f"a{ending}", twelve("a/") | {"README": b"x" * 99})
    whole, outcomes = path.read_bytes(), {True: 0, False: 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(40):
            content = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                content[rng.randrange(len(content))] = rng.randrange(256)
            path.write_bytes(content)
            try:
                datasets.load(path, skip_corrupt=True)
                outcomes[True] += 1
            except DatasetError as error:
                assert str(error).isprintable()
                outcomes[False] += 1
    assert sum(outcomes.values()) == 40 and outcomes[False] > 0, outcomes


def test_a_hostile_name_is_escaped(tmp_path):
    hostile = "a\nb\x1b[31m\u202e"
    for ending in (".zip", ".tar"):
        path = pack(tmp_path / f"a{ending}", twelve() | {f"{hostile}.png": b"x", hostile: b"x"})
        assert r"a\nb\x1b[31m\u202e.png (no image" in refusal(path)
        for note in datasets.load(path, skip_corrupt=True).notes:
            assert note.isprintable()
