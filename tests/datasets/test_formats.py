import sys
import types

import pytest

from zoo import datasets
from zoo.datasets import formats, pixels
from zoo.errors import DatasetError, MissingDependency

Image = pytest.importorskip("PIL.Image")


def photos(folder, suffix=".png", n=12):
    """n pictures, whose content is that of a .png."""
    folder.mkdir()
    for i in range(n):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"{i:02}{suffix}", "png")
    return folder


def test_pictures_are_what_pillow_opens_by_itself():
    known = formats.suffixes()
    assert known >= {".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".tif", ".tiff", ".webp", ".jp2"}
    for suffix in (".pdf", ".eps", ".ps", ".wmf", ".mpg", ".h5", ".grib", ".fits", ".iim", ".txt"):
        assert suffix not in known
    opened = {
        suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN
    }
    assert known < opened


def test_a_page_under_the_name_of_a_picture_is_not_handed_to_another_program(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    with Image.open(tmp_path / "a.eps") as page:
        assert page.format == "EPS"  # what Pillow would make of it, and render with Ghostscript
    with (tmp_path / "a.eps").open("rb") as stream:
        with pytest.raises(DatasetError, match="no image that Pillow can read"):
            pixels.decode(stream, (8, 8, 3))


@pytest.fixture
def registry(monkeypatch):
    """Pillow's formats, without HEIF, and as they were when the test is over."""
    Image.init()
    for name in ("EXTENSION", "OPEN"):
        monkeypatch.setattr(Image, name, dict(getattr(Image, name)))
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    for suffix in (".heic", ".heif", ".hif"):
        Image.EXTENSION.pop(suffix, None)
    for package in ("pillow_heif", "pi_heif"):
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize("suffix", [".heic", ".HEIC", ".heif"])
def test_photos_of_an_iphone_name_the_package_that_reads_them(tmp_path, registry, suffix):
    folder = photos(tmp_path / "photos")
    (folder / f"a{suffix}").write_bytes(b"")
    with pytest.raises(MissingDependency, match=rf"1 pictures .* a{suffix}\. pip install pillow-h"):
        datasets.load(folder)


@pytest.mark.parametrize("package", ["pillow_heif", "pi_heif"])
def test_photos_of_an_iphone_are_read_with_the_package(tmp_path, registry, monkeypatch, package):
    def register_heif_opener():
        Image.register_open("HEIF", Image.OPEN["PNG"][0])
        Image.register_extension("HEIF", ".heic")

    module = types.SimpleNamespace(register_heif_opener=register_heif_opener)
    monkeypatch.setitem(sys.modules, package, module)
    data = datasets.load(photos(tmp_path / "photos", ".heic"))
    assert len(data.train) + len(data.test) == 12
