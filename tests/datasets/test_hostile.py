"""What a disk may hold: pipes, bombs, damage, names that a terminal obeys; always DatasetError."""

import contextlib
import io
import os
import random
import socket
import subprocess
import sys
import threading
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import decoding, fingerprint, pixels, reading, storage
from zoo.errors import DatasetError

Image = pytest.importorskip("PIL.Image")

HOSTILE = os.fsdecode(b"a\nb\x1b[31m\xff\xe2\x80\xae")  # newline, colour, no UTF-8, right to left
SIZES = {"image_shape": (8, 8, 3)}


def refusal(name, **options):
    """The sentence with which a dataset is refused, within 20 seconds; fit for any terminal."""
    said = []

    def load():
        try:
            datasets.load(name, **options)
            said.append(None)
        except DatasetError as error:
            said.append(str(error))
        except BaseException as error:
            said.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert said, "it hangs"
    assert isinstance(said[0], str), said[0]
    assert said[0].isprintable(), said[0]
    return said[0]


def images(folder, n=12):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"image{i:03}.png")
    return folder


def pipe(path):
    os.mkfifo(path)


def unix_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def endless_device(path):
    path.symlink_to("/dev/zero")


def nothing(path):
    path.symlink_to("/nowhere/at/all")


KINDS = {
    pipe: "named pipe",
    unix_socket: "socket",
    endless_device: "device",
    nothing: "not to be reached",
}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("share", [0.25, 1e-12], ids=["memory", "disk"])
@pytest.mark.parametrize("sizes", [SIZES, {}], ids=["size given", "size chosen"])
def test_what_is_no_regular_file_among_images_is_named(tmp_path, make, share, sizes):
    folder = images(tmp_path / "photos")
    make(folder / "odd.png")
    said = refusal(folder, **sizes, memory_share=share, cache_dir=tmp_path / "cache")
    assert "odd.png" in said and KINDS[make] in said


@pytest.mark.parametrize("make", [pipe, unix_socket, endless_device])
@pytest.mark.parametrize("name", ["odd.npz", "odd.npy"])
def test_what_is_no_regular_file_is_no_array(tmp_path, make, name):
    make(tmp_path / name)
    assert KINDS[make] in refusal(tmp_path / name)


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "not_regular", lambda path: None)  # it was a file when asked
    pipe(tmp_path / "x.npz")
    assert "named pipe" in refusal(tmp_path / "x.npz")


def test_a_pipe_that_takes_the_place_of_an_image_is_not_waited_for(tmp_path, monkeypatch):
    folder = images(tmp_path / "photos")
    pipe(folder / "odd.png")
    monkeypatch.setattr(reading, "not_regular", lambda path: None)  # it was a file when asked
    for sizes in (SIZES, {}):
        said = refusal(folder, **sizes, skip_corrupt=True)
        assert "1 of 13 images" in said and "odd.png is a named pipe" in said


def test_an_image_that_is_written_to_while_it_is_read_is_refused(tmp_path, monkeypatch):
    folder = images(tmp_path / "photos")
    real = pixels.decode

    def meanwhile(stream, image_shape):
        made = real(stream, image_shape)
        if os.path.samestat(os.fstat(stream.fileno()), edited.stat()):
            with edited.open("ab") as other:
                other.write(b"more")
        return made

    edited = folder / "image007.png"
    monkeypatch.setattr(decoding, "decode", meanwhile)
    said = refusal(folder, **SIZES)
    assert "1 of 12 images" in said and "image007.png (it changed while it was read)" in said


def test_an_image_that_changed_after_its_digest_is_not_kept_under_that(tmp_path, monkeypatch):
    folder = images(tmp_path / "photos")
    real = fingerprint.of_files

    def then_edited(root, files, description):
        digests = real(root, files, description)
        Image.new("RGB", (8, 8), (0, 99, 0)).save(folder / "image007.png")
        return digests

    monkeypatch.setattr(fingerprint, "of_files", then_edited)
    said = refusal(folder, **SIZES, memory_share=1e-12, cache_dir=tmp_path / "cache")
    assert "image007.png (it changed while it was read)" in said
    assert list((tmp_path / "cache").iterdir()) == []


def test_names_in_errors_are_escaped(tmp_path):
    folder = images(tmp_path / HOSTILE)
    (folder / f"{HOSTILE}.png").write_bytes(b"no image")
    said = refusal(folder, **SIZES)
    assert r"a\nb\x1b[31m\udcff\u202e.png (no image" in said
    (folder / f"{HOSTILE}.txt").write_text("no image")
    (folder / f"{HOSTILE}.png").unlink()
    (note,) = datasets.load(folder, **SIZES).notes
    assert r"1 (a\nb\x1b[31m\udcff\u202e.txt)" in note and note.isprintable()
    for suffix in (".npz", ".npy"):
        assert "Path not found" in refusal(tmp_path / f"absent {HOSTILE}{suffix}")
        (tmp_path / f"{HOSTILE}{suffix}").write_bytes(b"no array")
        assert "cannot be read as NumPy" in refusal(tmp_path / f"{HOSTILE}{suffix}")
    np.savez(tmp_path / "keys.npz", **{"a\nb\x1b[31m": np.zeros((3, 2)), "b": np.zeros(3)})
    assert r"has the keys a\nb\x1b[31m" in refusal(tmp_path / "keys.npz")
    assert "Unknown dataset" in (said := refusal(HOSTILE)) and "no such file or folder" in said


def test_a_hostile_name_is_a_class_like_any_other(tmp_path):
    for share in (0.25, 1e-12):
        folder = tmp_path / HOSTILE
        images(folder / HOSTILE)
        images(folder / "dog")
        data = datasets.load(folder, **SIZES, memory_share=share, cache_dir=tmp_path / "cache")
        assert data.schema.classes == (r"a\nb\x1b[31m\udcff\u202e", "dog")
        for text in (data.name, data.source, data.test_split, *data.schema.classes):
            assert text.isprintable()


@pytest.mark.parametrize(
    "name", ["", None, 3, b"digits", ["digits"], "~nobody_of_this_name/photos"]
)
def test_a_name_that_cannot_be_one_is_refused(name):
    assert "Wanted" in refusal(name) or "in full" in refusal(name)


@pytest.mark.parametrize("name", ["a" * 5000, "/" + "a" * 5000, "a\0b", "/a\0b.npz", "a/" * 3000])
def test_a_name_that_no_file_can_have_is_not_found(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert "not found" in refusal(name) or "Unknown dataset" in refusal(name)


AS_NOBODY = """
import os, sys
import PIL.Image, tqdm
from zoo import datasets
from zoo.datasets import arrays, folder  # while the libraries may be read
from zoo.errors import DatasetError
PIL.Image.init()
os.setgroups([]), os.setgid(65534), os.setuid(65534)
for name in sys.argv[1:]:
    try:
        datasets.load(name, image_shape=(8, 8, 3))
        print("loaded")
    except DatasetError as error:
        print(error)
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be nobody"
)
def test_what_may_not_be_read_is_named_and_never_left_out(tmp_path):
    for part in (tmp_path, *tmp_path.parents):  # pytest's own folders are root's alone
        if part.stat().st_mode & 0o055 != 0o055:
            part.chmod(0o755)
    photo, inner, array = tmp_path / "photo", tmp_path / "inner", tmp_path / "x.npy"
    images(photo), images(inner), images(inner / "closed"), np.save(array, np.zeros((12, 3)))
    (photo / "image003.png").chmod(0), (inner / "closed").chmod(0), array.chmod(0)
    locked = images(tmp_path / "locked" / "photos").parent
    locked.chmod(0)
    paths = [photo, inner, array, locked / "photos", locked]
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *map(str, paths)], capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(paths) and not done.stderr, done.stderr
    assert "1 of 12 images" in lines[0] and "image003.png" in lines[0]
    assert all("Permission denied" in line for line in lines), lines
    assert "closed" in lines[1] and "would be missing" in lines[1]


def peak_bytes(name, **options):
    tracemalloc.start()
    try:
        return refusal(name, **options), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def npy(shape, content=b"", dtype="|u1"):
    """A .npy whose header states a shape."""
    stream = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + content


@pytest.mark.parametrize("shape", [(100, 10**9), (2**62, 4), (2**40, 2**40), (12, 10**30)])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_a_header_that_states_more_than_there_is_takes_no_memory(tmp_path, shape, suffix):
    file, content = tmp_path / f"x{suffix}", npy(shape, b"\0" * 100)
    if suffix == ".npz":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("x.npy", content)
    else:
        file.write_bytes(content)
    said, peak = peak_bytes(file)
    assert "cannot be read as NumPy arrays" in said and peak < 2**22


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**28)
    file, unpacked = tmp_path / "bomb.npz", 2**28
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy((2**18, 2**10)) + bytes(unpacked))
    assert file.stat().st_size < unpacked / 500
    said, peak = peak_bytes(file)
    assert "unpacks to 268,435,584 bytes" in said and ".npy" in said and peak < 2**22


def test_an_endless_list_of_members_is_not_read(tmp_path):
    file = tmp_path / "many.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", npy((12, 3), bytes(36)))
        for i in range(20_000):
            archive.writestr(f"{i:0500}", b"")
    said, peak = peak_bytes(file)
    assert "its list of members is longer" in said and peak < 2**22


def test_an_image_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    folder = images(tmp_path)
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    for sizes in (SIZES, {}):
        said = refusal(folder, **sizes)
        assert "bomb.png (DecompressionBombError" in said and "1 of 13" in said
    Image.new("1", (5_000, 5_000)).save(folder / "bomb.png")
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**28)  # a small container
    assert "5000x5000 pixels" in refusal(folder, **SIZES)


ENDLESS = {
    "a.gif": b"GIF89a\x08\0\x08\0\xf7\0\0",  # and then blocks of no kind, one a byte
    "a.jpg": b"\xff\xd8\xff\xe1\xff\xff",
    "a.webp": b"RIFF\xfe\xff\xff\xffWEBPVP8 ",  # read whole
    "a.png": b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR",  # a header of 2 GiB
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_header_without_end_is_not_read_for_ever(tmp_path, monkeypatch, name):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**27)
    monkeypatch.setattr(pixels, "_MOST_READS", 2**14)
    with (tmp_path / name).open("wb+") as stream:
        stream.write(ENDLESS[name])
        stream.truncate(2**36)  # of zeros, which take no room on the disk
        for work in (pixels.header, lambda stream: pixels.decode(stream, (8, 8, 3))):
            stream.seek(0)
            tracemalloc.start()
            try:
                with pytest.raises(DatasetError):
                    work(stream)
                assert tracemalloc.get_traced_memory()[1] < 2**26
            finally:
                tracemalloc.stop()
    assert pixels._ONE_LARGE_AT_A_TIME.acquire(blocking=False)
    pixels._ONE_LARGE_AT_A_TIME.release()


def test_large_files_are_read_one_at_a_time_and_small_ones_are_not(monkeypatch):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**16)
    with pixels._Bounded(io.BytesIO(bytes(1025))) as large:
        for size in (1000, 23):
            assert len(large.read(size)) == size and not large.alone
        assert len(large.read()) == 2 and large.alone
    with pixels._Bounded(io.BytesIO(bytes(1023))) as small:
        assert len(small.read()) == 1023 and not small.alone and not large.alone
    with pixels._Bounded(io.BytesIO(bytes(2**13))) as most:
        assert len(most.read()) == 2**13
    with pixels._Bounded(io.BytesIO(bytes(2**13 + 1))) as more, pytest.raises(DatasetError):
        more.read()


def test_large_images_are_decoded_one_at_a_time(monkeypatch):
    monkeypatch.setattr(storage, "physical_memory", lambda: 2**30)
    large = Image.new("1", (5000, 5000))
    inside, most = [], []

    def work():
        with pixels._memory_for(large):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_an_encrypted_member_is_named(tmp_path):
    file = tmp_path / "secret.npz"
    np.savez(file, x=np.zeros((12, 3), np.float32))
    content = bytearray(file.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    file.write_bytes(content)
    assert "x.npy is encrypted" in refusal(file)


def test_a_member_that_is_no_array_or_pickled_is_refused(tmp_path):
    for content in (b"plain text, no array", npy((12,), dtype="|O"), b""):
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            archive.writestr("x.npy", content)
        assert "cannot be read as NumPy arrays" in refusal(tmp_path / "x.npz")


def spoiled(content, rng):
    """The bytes with some changed, cut, doubled or left out."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(content))
        what = rng.randrange(5)
        if what == 0:
            content[at] = rng.randrange(256)
        elif what == 1:
            content[at : at + 4] = rng.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
            )
        elif what == 2 and len(content) > 40:
            del content[at : at + rng.randint(1, 30)]
        elif what == 3:
            content[at:at] = content[max(0, at - 20) : at]
        elif len(content) > 40:
            del content[max(1, len(content) - rng.randint(1, 200)) :]
    return bytes(content)


def stored_arrays():
    rng = np.random.default_rng(0)
    x = rng.random((12, 4, 3)).astype(np.float32)
    whole = {"x": x, "y": np.arange(12) % 3, "length": np.full(12, 2)}
    for save, suffix in ((np.savez, ".npz"), (np.savez_compressed, ".npz")):
        stream = io.BytesIO()
        save(stream, **whole)
        yield stream.getvalue(), suffix
    for array in (x, (x > 0.5), (255 * x).astype(np.uint8), x.astype(">f8")):
        stream = io.BytesIO()
        np.save(stream, array)
        yield stream.getvalue(), ".npy"


def test_spoiled_arrays_load_or_are_refused_with_a_sentence(tmp_path):
    rng, outcomes = random.Random(0), {True: 0, False: 0}
    for content, suffix in stored_arrays():
        file = tmp_path / f"x{suffix}"
        for _ in range(250):
            file.unlink(missing_ok=True)  # or a mapping of the one before would change
            file.write_bytes(spoiled(content, rng))
            try:
                data = datasets.load(file, memory_share=rng.choice([0.25, 1e-12]))
                x = data.train.batch(slice(None))
                assert np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1
                outcomes[True] += 1
            except DatasetError as error:
                assert str(error).isprintable()
                outcomes[False] += 1
    assert min(outcomes.values()) > 50, outcomes


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "tiff", "bmp"])
def test_spoiled_images_are_decoded_or_refused_with_a_sentence(kind):
    rng, outcomes = random.Random(1), {True: 0, False: 0}
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(250):
            content = spoiled(stream.getvalue(), rng)
            with contextlib.suppress(DatasetError):
                assert min(vars(pixels.header(io.BytesIO(content))).values()) >= 0
            try:
                made = pixels.decode(io.BytesIO(content), (8, 8, 3))
                assert made.shape == (8, 8, 3) and made.dtype == np.uint8
                outcomes[True] += 1
            except DatasetError as error:
                assert str(error).isprintable()
                outcomes[False] += 1
    assert min(outcomes.values()) > 0, outcomes
