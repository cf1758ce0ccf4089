import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo import atomic_write, datasets
from zoo.datasets.pixels import fit
from zoo.errors import DatasetError

Image = pytest.importorskip("PIL.Image")

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(size=16):
    """Red green / blue white."""
    pixels = np.zeros((size, size, 3), np.uint8)
    half = size // 2
    pixels[:half, :half], pixels[:half, half:] = RED, GREEN
    pixels[half:, :half], pixels[half:, half:] = BLUE, WHITE
    return Image.fromarray(pixels)


def fill(folder, n=10, size=(8, 8), start=0):
    """n plain images; the red value is the index."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(start, start + n):
        Image.new("RGB", size, (i, 0, 0)).save(folder / f"image{i:03}.png")
    return folder


def one(folder, image, name, image_shape=(8, 8, 3), **options):
    """What the loader makes of one image, among nine others in their own test folder."""
    fill(folder / "test", 9)
    (folder / "train").mkdir()
    image.save(folder / "train" / name, **options)
    return datasets.load(folder, image_shape=image_shape).train.images[0]


def corners(pixels):
    return [tuple(pixels[y, x].tolist()) for y, x in ((1, 1), (1, -2), (-2, 1), (-2, -2))]


def near(pixels, expected, tolerance=12):
    found = np.array(corners(pixels), dtype=int)
    assert np.abs(found - np.array(expected)).max() <= tolerance, found


@pytest.mark.parametrize(
    "name",
    [f"a.{suffix}" for suffix in "png bmp gif webp tif jpg JPEG jfif ppm jp2 avif tga pcx".split()],
)
def test_every_format_comes_out_in_its_colours(tmp_path, name):
    Image.init()
    if Image.EXTENSION.get(name[1:].lower()) not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {name[1:]}")
    options = {"lossless": True} if name == "a.webp" else {}
    pixels = one(tmp_path, quarters(), name, **options)
    assert pixels.shape == (8, 8, 3) and pixels.dtype == np.uint8
    near(pixels, [RED, GREEN, BLUE, WHITE])


def test_an_image_that_has_the_shape_keeps_its_pixels(tmp_path):
    exact = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(one(tmp_path, Image.fromarray(exact), "a.png"), exact)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_image_rotated_by_exif_comes_out_upright(tmp_path, orientation):
    turn = {
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = quarters(64).transpose(turn[orientation])
    pixels = one(tmp_path, stored, "a.jpg", exif=exif, quality=95)
    near(pixels, [RED, GREEN, BLUE, WHITE])


def test_transparency_becomes_white(tmp_path):
    image = quarters()
    image.putalpha(Image.fromarray(np.repeat(np.uint8([255, 0]), 8)[:, None].repeat(16, 1)))
    near(one(tmp_path, image, "a.png"), [RED, GREEN, WHITE, WHITE])


def test_a_transparent_palette_becomes_white(tmp_path):
    image = quarters().quantize(4)
    transparent = image.getpixel((0, 0))
    pixels = one(tmp_path, image, "a.png", transparency=transparent)
    near(pixels, [WHITE, GREEN, BLUE, WHITE])


def test_print_colours_become_screen_colours(tmp_path):
    pixels = one(tmp_path, quarters().convert("CMYK"), "a.jpg", quality=95)
    near(pixels, [RED, GREEN, BLUE, WHITE], tolerance=30)


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    grey = np.full((8, 8), 128 * 257, np.uint16)
    grey[:, 4:] = 65535
    pixels = one(tmp_path, Image.fromarray(grey), "a.png", (8, 8, 1))
    assert set(pixels[:, 0, 0]) == {128} and set(pixels[:, -1, 0]) == {255}


def test_grey_and_one_bit_images_and_one_channel(tmp_path):
    assert set(one(tmp_path / "l", Image.new("L", (9, 9), 77), "a.png").ravel()) == {77}
    assert set(one(tmp_path / "1", Image.new("1", (9, 9), 1), "a.png").ravel()) == {255}
    red = one(tmp_path / "rgb", Image.new("RGB", (9, 9), RED), "a.png", (4, 6, 1))
    assert red.shape == (4, 6, 1) and set(red.ravel()) == {76}  # ITU-R 601 luma of red


def test_grey_and_a_palette_with_alpha_become_white_where_they_are_transparent(tmp_path):
    alpha = Image.fromarray(np.repeat(np.uint8([255, 0]), 8)[:, None].repeat(16, 1))
    grey = Image.merge("LA", (Image.new("L", (16, 16), 77), alpha))
    pixels = one(tmp_path / "la", grey, "a.png", (8, 8, 1))
    assert set(pixels[:2].ravel()) == {77} and set(pixels[-2:].ravel()) == {255}
    palette = quarters().quantize(4).convert("PA")
    palette.putalpha(alpha)
    near(fit(palette, (8, 8, 3)), [RED, GREEN, WHITE, WHITE])


def test_cielab_becomes_screen_colours(tmp_path):
    lab = [(138, 209, 198), (224, 49, 209), (75, 196, 16), (255, 128, 128)]  # of RED, GREEN ...
    image = Image.new("LAB", (16, 16))
    for at, colour in zip(((0, 0), (8, 0), (0, 8), (8, 8)), lab, strict=True):
        image.paste(colour, (*at, at[0] + 8, at[1] + 8))
    near(one(tmp_path, image, "a.tif"), [RED, GREEN, BLUE, WHITE], tolerance=30)


def test_a_wide_image_is_cropped_at_its_centre(tmp_path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 200
    assert set(one(tmp_path, Image.fromarray(pixels), "a.png").ravel()) <= set(range(150, 256))


def test_fine_stripes_become_grey_and_not_stripes(tmp_path):
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, ::2] = 255
    found = one(tmp_path, Image.fromarray(pixels), "a.png")
    assert np.abs(found[2:-2, 2:-2].astype(int) - 127).max() <= 4


def test_a_test_set_is_held_out_by_seed_and_hidden_files_are_ignored(tmp_path):
    folder = fill(tmp_path / "My Photos", 20)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"x")
    data = datasets.load(folder, image_shape=(8, 8, 3))
    train, test = (set(part.images[:, 0, 0, 0].tolist()) for part in (data.train, data.test))
    assert data.name == "my_photos" and data.train.labels is None
    assert len(test) == 4 and not train & test and train | test == set(range(20))
    assert datasets.load(f"{folder}/").event_shape == (8, 8, 3)


def test_a_path_object_is_a_path_also_without_a_slash(tmp_path, monkeypatch):
    fill(tmp_path / "mnist", 10)
    monkeypatch.chdir(tmp_path)
    assert datasets.load(Path("mnist")).source.startswith("the user's own folder mnist")


def test_class_folders_are_labels_in_sorted_order(tmp_path):
    fill(tmp_path / "dog", 6, start=100)
    fill(tmp_path / "cat", 6)
    data = datasets.load(tmp_path, image_shape=(8, 8, 3))
    for split in (data.train, data.test):
        np.testing.assert_array_equal(split.labels, split.images[:, 0, 0, 0] >= 100)


def test_train_and_test_folders_are_the_split_and_share_their_classes(tmp_path):
    fill(tmp_path / "Train" / "a", 5)
    fill(tmp_path / "Train" / "b", 5, start=100)
    fill(tmp_path / "test" / "b", 3, start=200)
    fill(tmp_path / "val", 2)
    data = datasets.load(tmp_path, image_shape=(8, 8, 3))
    assert data.train.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]
    assert data.train.labels.tolist() == [0] * 5 + [1] * 5 and data.test.labels.tolist() == [1] * 3
    assert "Train/ and test/, n=3" in data.test_split and "2 images" in data.test_split


def test_an_empty_folder_and_too_few_images_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"has 0 images; at least 10 are wanted"):
        datasets.load(tmp_path)
    with pytest.raises(DatasetError, match=r"has 9 images"):
        datasets.load(fill(tmp_path / "few", 9))


def test_files_that_are_not_images_are_left_out_counted_and_named(tmp_path):
    fill(tmp_path)
    for name in (".DS_Store", "README", "Thumbs.db", "a.pdf", "labels.csv", "x.h5", ".git/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    data = datasets.load(tmp_path)
    assert len(data.train) + len(data.test) == 10
    said = "7 (README; a.pdf; labels.csv; x.h5; .DS_Store; and 2 more)."
    assert data.notes[-1] == f"Left out, being of no image format or hidden: {said}"


def test_a_folder_without_any_image_says_what_lies_there(tmp_path):
    for name in ("README", "labels.csv", ".DS_Store"):
        (tmp_path / name).write_text("no image")
    with pytest.raises(DatasetError, match=r"has 0 images.*README; labels.csv; .DS_Store\. Add"):
        datasets.load(tmp_path)


def test_truncated_and_false_images_are_named_with_their_reason(tmp_path):
    fill(tmp_path, 12)
    whole = tmp_path / "image000.jpg"
    Image.effect_noise((64, 64), 50).save(whole)
    (tmp_path / "broken.jpg").write_bytes(whole.read_bytes()[:1500])
    (tmp_path / "false.png").write_text("I am a text")
    with pytest.raises(DatasetError, match=r"2 of 15 images") as raised:
        datasets.load(tmp_path)
    assert "broken.jpg (OSError" in str(raised.value) and "truncated" in str(raised.value)
    assert "false.png" in str(raised.value) and "image000" not in str(raised.value)


def test_beyond_the_memory_share_the_same_values_come_from_files_that_are_reused(tmp_path):
    folder, cache = fill(tmp_path / "photos", 20), tmp_path / "cache"
    options = {"image_shape": (8, 8, 3), "cache_dir": cache}
    in_memory = datasets.load(folder, **options)
    assert not cache.exists()
    on_disk = datasets.load(folder, memory_share=1e-12, **options)
    (file,) = cache.glob("*/images.npy")
    assert list(cache.iterdir()) == [file.parent]
    kept = [file, checksums_of(file), file.with_name("whole.npy")]
    assert sorted(file.parent.iterdir()) == kept
    assert isinstance(on_disk.train.images.array, np.memmap)
    for part in ("train", "test"):
        np.testing.assert_array_equal(
            getattr(on_disk, part).batch(slice(None)), getattr(in_memory, part).batch(slice(None))
        )
    written = file.stat().st_mtime_ns
    datasets.load(folder, seed=5, memory_share=1e-12, **options)
    os.utime(folder / "image000.png", (1, 1))  # the content counts, not the time
    datasets.load(folder, memory_share=1e-12, **options)
    assert [(f, f.stat().st_mtime_ns) for f in cache.glob("*/images.npy")] == [(file, written)]


def checksums_of(file):
    return file.with_name("sha256.json")


def test_an_image_edited_without_changing_its_size_or_time_is_decoded_anew(tmp_path):
    folder, cache = tmp_path / "photos", tmp_path / "cache"
    for i in range(12):
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(folder / f"image{i:03}.bmp")
    options = {"image_shape": (8, 8, 3), "cache_dir": cache, "memory_share": 1e-12}
    datasets.load(folder, **options)
    edited = folder / "image003.bmp"
    before = edited.stat()
    Image.fromarray(np.full((8, 8, 3), 77, np.uint8)).save(edited)
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = edited.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    data = datasets.load(folder, **options)
    both = [split.images[:, 0, 0, 0].tolist() for split in (data.train, data.test)]
    assert sorted(both[0] + both[1]) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 77]


def test_a_failure_while_decoding_leaves_no_file(tmp_path):
    folder, cache = fill(tmp_path / "photos", 12), tmp_path / "cache"
    (folder / "false.png").write_text("I am a text")
    with pytest.raises(DatasetError, match=r"false.png"):
        datasets.load(folder, memory_share=1e-12, cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    folder, cache = fill(tmp_path / "photos", 12), tmp_path / "cache"
    datasets.load(folder, memory_share=1e-12, cache_dir=cache)
    (kept,) = cache.iterdir()
    abandoned = cache / f".{kept.name}.partial-00ff"
    kept.rename(abandoned)
    with atomic_write.whole_folder(kept) as fresh:  # another process
        (fresh / "images.npy").write_bytes(b"half of it")
        datasets.load(folder, memory_share=1e-12, cache_dir=cache)
        assert kept in cache.iterdir() and abandoned not in cache.iterdir()
        assert (fresh / "images.npy").read_bytes() == b"half of it"
        shutil.rmtree(kept)
    assert list(cache.iterdir()) == [kept]


KILLED = """
import os, signal, sys
from zoo.datasets import decoding, pixels
count = iter(range(10**6))
def decode(stream, image_shape, real=pixels.decode):
    if next(count) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(stream, image_shape)
decoding.decode = decode
from zoo import datasets
datasets.load(sys.argv[1], memory_share=1e-12, cache_dir=sys.argv[2], image_shape=(8, 8, 3))
"""


def test_a_process_killed_while_it_decodes_leaves_nothing_that_is_taken_for_whole(tmp_path):
    folder, cache = fill(tmp_path / "photos", 12), tmp_path / "cache"
    command = [sys.executable, "-c", KILLED, str(folder), str(cache), "7"]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert all(path.name.startswith(".") for path in cache.iterdir())
    (folder / "image003.png").unlink()  # so that another key is looked for
    options = {"memory_share": 1e-12, "cache_dir": cache, "image_shape": (8, 8, 3)}
    data = datasets.load(folder, **options)
    reds = [split.images[:, 0, 0, 0].tolist() for split in (data.train, data.test)]
    assert sorted(reds[0] + reds[1]) == [0, 1, 2, *range(4, 12)]
    assert len(list(cache.iterdir())) == 1  # what was killed is cleared away


def cut_short(file):
    file.write_bytes(file.read_bytes()[:500])


def one_bit_flipped(file):
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def another_shape(file):
    np.save(file, np.load(file)[1:])


def a_pipe(file):
    file.unlink()
    os.mkfifo(file)


def other_checksums(file):
    checksums_of(file).write_text('{"images": "00"}')


def no_checksums_at_all(file):
    checksums_of(file).write_bytes(b"[" * 60_000)


def endless_checksums(file):
    checksums_of(file).unlink()
    checksums_of(file).symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "damage",
    [
        cut_short,
        one_bit_flipped,
        another_shape,
        a_pipe,
        other_checksums,
        no_checksums_at_all,
        endless_checksums,
    ],
)
def test_a_damaged_file_in_the_cache_is_decoded_again_with_a_word(tmp_path, capsys, damage):
    folder, cache = fill(tmp_path / "photos", 12), tmp_path / "cache"
    first = datasets.load(folder, memory_share=1e-12, cache_dir=cache).train.batch(slice(None))
    first = first.copy()
    assert "damaged" not in capsys.readouterr().err
    (file,) = cache.glob("*/images.npy")
    damage(file)
    again = datasets.load(folder, memory_share=1e-12, cache_dir=cache).train.batch(slice(None))
    np.testing.assert_array_equal(first, again)
    assert f"kept in {file.parent} is damaged" in capsys.readouterr().err
    datasets.load(folder, memory_share=1e-12, cache_dir=cache)
    assert capsys.readouterr().err == ""


def test_a_disk_without_room_is_an_error_with_the_folder_and_the_bytes(tmp_path):
    pytest.importorskip("resource")
    folder, cache = fill(tmp_path / "photos", 10), tmp_path / "cache"
    code = f"""
import resource, signal
from zoo import datasets
from zoo.errors import DatasetError
import PIL.Image
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    datasets.load({str(folder)!r}, memory_share=1e-12, cache_dir={str(cache)!r})
except DatasetError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert str(cache) in result.stdout and f"{10 * (8 * 8 * 3 + 1):,} bytes" in result.stdout, (
        result.stderr
    )
    assert list(cache.iterdir()) == []
    shutil.rmtree(cache)
