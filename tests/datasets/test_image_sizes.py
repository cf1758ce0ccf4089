import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import image_sizes, pixels
from zoo.datasets.pixels import Header

Image = pytest.importorskip("PIL.Image")


def photos(folder, sizes, mode="L"):
    """A picture of each (width, height)."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, size in enumerate(sizes):
        Image.new(mode, size).save(folder / f"{mode}{i:02}.png")
    return folder


def read(tmp_path, image, name="a.png", **options):
    """The header of one image."""
    image.save(tmp_path / name, **options)
    with (tmp_path / name).open("rb") as stream:
        return pixels.header(stream)


def test_grey_files_of_one_size_keep_it_and_one_channel(tmp_path):
    data = datasets.load(photos(tmp_path / "a", [(32, 24)] * 12))
    assert data.event_shape == data.train.images.shape[1:] == (24, 32, 1)
    said = "Images are 32x24 pixels (width x height), one channel: as all 12 files are."
    assert data.notes == (said,)


def test_one_file_in_colour_makes_three_channels_and_is_counted(tmp_path):
    photos(tmp_path, [(8, 8)] * 11)
    data = datasets.load(photos(tmp_path, [(8, 8)], "RGB"))  # and all of its pixels are black
    assert data.event_shape == (8, 8, 3)
    assert (
        "1 of 12 files are in colour; --image-shape 8 8 1 makes all of them grey" in data.notes[0]
    )


def test_files_of_many_sizes_become_squares_of_their_median_shorter_side(tmp_path):
    sizes = [(60, 80)] * 4 + [(67, 90), (90, 67), (67, 75)] + [(1200, 900)] * 4
    data = datasets.load(photos(tmp_path / "a", sizes, "RGB"))
    assert data.event_shape == (64, 64, 3)
    assert data.notes[0] == (
        "Images are 64x64 pixels (width x height), three channels: the median shorter side of "
        "files from 60x80 to 1200x900 is 67; --image-shape chooses another."
    )


@pytest.mark.parametrize(
    ("sides", "chosen"),
    [
        ([(256, 200)] * 3, (200, 256)),
        ([(256, 257)] * 3, (128, 128)),  # one size, but a large one
        ([(3, 5), (4, 4), (7, 9)], (8, 8)),
        ([(100, 50), (40, 90), (31, 30)], (40, 40)),
        ([(3000, 2000), (4000, 3000)], (128, 128)),
    ],
)
def test_a_chosen_side_is_a_multiple_of_8_from_8_to_128(sides, chosen):
    headers = [Header(height, width, grey=True) for width, height in sides]
    (height, width, channels), sentence = image_sizes.choose(headers, None)
    assert (height, width, channels) == (*chosen, 1)
    assert ("and at most 128 is chosen" in sentence) == (chosen == (128, 128))


def test_two_numbers_are_the_size_and_the_channels_are_those_of_the_files(tmp_path):
    for mode, channels in (("L", 1), ("RGB", 3)):
        folder = photos(tmp_path / mode, [(32, 24), (9, 9)] * 6, mode)
        data = datasets.load(folder, image_shape=(16, 20))
        assert data.event_shape == (16, 20, channels)
        assert "20x16 pixels" in data.notes[0] and "the size as given" in data.notes[0]
    assert datasets.load(folder, image_shape=(16, 20, 3)).notes == ()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_is_a_matter_of_the_mode(tmp_path, mode, suffix):
    grey = mode not in ("RGB", "RGBA")
    assert read(tmp_path, Image.new(mode, (7, 5)), f"a.{suffix}") == Header(5, 7, grey)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif", "pcx", "tga"])
def test_a_palette_is_grey_if_all_of_its_colours_are(tmp_path, suffix):
    greys = np.repeat(np.arange(256, dtype=np.uint8)[::-1, None], 3, axis=1)
    for colours, grey in ((greys, True), (np.roll(greys, 1, axis=0) ^ np.uint8([4, 0, 0]), False)):
        image = Image.fromarray(np.arange(30, dtype=np.uint8).reshape(5, 6))
        image = image.convert("P")
        image.putpalette(colours.tobytes())
        assert read(tmp_path, image, f"a.{suffix}").grey == grey


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_a_size_is_that_of_the_upright_image(tmp_path, name):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        found = read(tmp_path, Image.new("RGB", (32, 24)), name, exif=exif)
        assert (found.width, found.height) == ((32, 24) if orientation < 5 else (24, 32))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.gif", "a.bmp", "a.pgm"])
def test_no_pixel_is_decoded_for_a_header(tmp_path, name, monkeypatch):
    from PIL import ImageFile

    image = Image.new("L", (32, 24))
    image.save(tmp_path / name)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    with (tmp_path / name).open("rb") as stream:
        assert pixels.header(stream) == Header(24, 32, grey=True)
