import os

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import decoding
from zoo.errors import DatasetError

Image = pytest.importorskip("PIL.Image")


def photos(folder, n=10, start=0):
    """n pictures whose red value is their number."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(start, start + n):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(folder / f"{i:03}.png")
    return folder


def spoil(*files):
    """The header of each file is left, and no pixel."""
    for file in files:
        file.write_bytes(file.read_bytes()[:41])


def reds(split):
    return np.rint(split.batch(slice(None))[:, 0, 0, 0] * 255).astype(int).tolist()


@pytest.mark.parametrize("share", [0.25, 1e-12], ids=["memory", "disk"])
def test_corrupt_images_are_refused_with_the_option_that_leaves_them_out(tmp_path, share):
    folder, options = photos(tmp_path / "a", 12), {"cache_dir": tmp_path / "c"}
    spoil(folder / "003.png", folder / "007.png")
    said = r"2 of 12 images in .* 003.png \(.*; 007.png \(.* --skip-corrupt \(skip_corrupt=True\)"
    with pytest.raises(DatasetError, match=said):
        datasets.load(folder, memory_share=share, **options)
    datasets.load(folder, memory_share=share, skip_corrupt=True, **options)
    with pytest.raises(DatasetError, match=said):  # also where the others have been kept
        datasets.load(folder, memory_share=share, **options)


@pytest.mark.parametrize("share", [0.25, 1e-12], ids=["memory", "disk"])
def test_skipped_images_are_named_and_the_others_keep_their_part_and_label(tmp_path, share):
    for part, start in (("train", 0), ("test", 100)):
        photos(tmp_path / "a" / part / "cat", 6, start)
        photos(tmp_path / "a" / part / "dog", 6, start + 50)
    spoil(*(tmp_path / "a" / "train" / "cat" / f"{i:03}.png" for i in (0, 5)))
    spoil(*(tmp_path / "a" / "test" / "dog" / f"{i:03}.png" for i in (150, 151, 152, 153)))
    options = {"skip_corrupt": True, "memory_share": share, "cache_dir": tmp_path / "c"}
    for _ in range(2):  # decoded, and from what was kept
        data = datasets.load(tmp_path / "a", **options)
        assert reds(data.train) == [1, 2, 3, 4, 50, 51, 52, 53, 54, 55]
        assert data.train.labels.tolist() == [0] * 4 + [1] * 6
        assert reds(data.test) == [100, 101, 102, 103, 104, 105, 154, 155]
        assert data.test.labels.tolist() == [0] * 6 + [1] * 2
        assert "n=8" in data.test_split and "18 images" in data.source
        assert data.notes[-1].startswith("6 of 24 images cannot be decoded and are left out: train")
        assert data.notes[-1].endswith("test/dog/152.png; and 1 more.")


def test_a_repaired_image_is_no_longer_left_out(tmp_path):
    folder = photos(tmp_path / "a", 12)
    options = {"skip_corrupt": True, "memory_share": 1e-12, "cache_dir": tmp_path / "c"}
    whole = (folder / "003.png").read_bytes()
    spoil(folder / "003.png")
    assert len(datasets.load(folder, **options).train.images) == 9
    (folder / "003.png").write_bytes(whole)
    data = datasets.load(folder, **options)
    assert sorted(reds(data.train) + reds(data.test)) == list(range(12)) and len(data.notes) == 1


def test_a_class_whose_images_are_all_corrupt_is_none(tmp_path):
    for i, name in enumerate(("ant", "bee", "cat")):
        photos(tmp_path / name, 6, 10 * i)
    spoil(*(tmp_path / "bee").iterdir())
    data = datasets.load(tmp_path, skip_corrupt=True)
    assert data.schema.classes == ("ant", "cat")
    assert (data.train.labels == (np.array(reds(data.train)) >= 20)).all()


def test_more_than_half_corrupt_is_refused_in_any_case(tmp_path):
    folder = photos(tmp_path / "a", 20)
    spoil(*(folder / f"{i:03}.png" for i in range(10)))
    assert len(datasets.load(folder, skip_corrupt=True).train) == 8
    spoil(folder / "010.png")
    with pytest.raises(DatasetError, match=r"11 of 20 images .* more than half"):
        datasets.load(folder, skip_corrupt=True)


def test_a_part_without_a_whole_image_is_named(tmp_path):
    photos(tmp_path / "train", 12)
    spoil(*photos(tmp_path / "val", 2).iterdir())
    with pytest.raises(DatasetError, match=r"No image of val/ in .* can be decoded"):
        datasets.load(tmp_path, skip_corrupt=True)


def test_what_the_disk_does_not_give_is_never_taken_for_corrupt(tmp_path, monkeypatch):
    folder, real = photos(tmp_path / "a", 12), decoding.decode

    def on_a_bad_disk(stream, image_shape):
        if os.path.samestat(os.fstat(stream.fileno()), (folder / "007.png").stat()):
            raise OSError(5, "Input/output error")
        return real(stream, image_shape)

    monkeypatch.setattr(decoding, "decode", on_a_bad_disk)
    for skip in (False, True):
        said = r"1 of 12 .*007.png \(Input/output error\)"
        with pytest.raises(DatasetError, match=said) as raised:
            datasets.load(folder, image_shape=(8, 8, 3), skip_corrupt=skip)
        assert "skip" not in str(raised.value)
