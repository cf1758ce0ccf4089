"""Keys of an .npz that are not read: named, with the name under which they would be."""

import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import numpy_files
from zoo.errors import DatasetError

X = np.random.default_rng(0).random((20, 5, 5))


def notes(tmp_path, **stored):
    np.savez(tmp_path / "My Data.npz", **stored)
    return datasets.load(tmp_path / "My Data.npz").notes


def test_what_is_left_out_is_named_with_its_shape_and_what_was_read(tmp_path):
    assert notes(tmp_path, x=X, y=np.arange(20)) == ()
    (note,) = notes(tmp_path, x=X, counts=np.arange(20), labels=np.arange(20))
    assert note == (
        "Left out of My Data.npz: counts [20], labels [20]; read are x. To have labels read, call "
        "it y."
    )
    (note,) = notes(tmp_path, x=X, y=np.arange(20), labels=np.arange(20), seed=np.array(3))
    assert note == "Left out of My Data.npz: labels [20], seed []; read are x, y."


def test_parts_and_other_kinds_say_so_too(tmp_path):
    (note,) = notes(tmp_path, x_train=X[:12], x_test=X[12:], train_labels=np.arange(12))
    assert note.endswith("read are x_train, x_test. To have train_labels read, call it y_train.")
    many = {f"k{i}": np.arange(3) for i in range(13)}
    assert notes(tmp_path, series=X, **many)[-1].count("[3]") == 10
    assert "and 3 more; read are series." in notes(tmp_path, series=X, **many)[-1]
    table = {"x": X[:, 0], "columns": np.array(list("abcde"))}
    assert notes(tmp_path, **table, target=np.arange(20))[0].startswith(
        "Left out of My Data.npz: target [20]; read are x, columns."
    )


@pytest.mark.parametrize(
    ("key", "name"),
    [("labels", "y"), ("Labels_Train", "y_train"), ("test_images", "x_test"), ("counts", "")],
)
def test_names_that_are_often_given_are_known(key, name):
    assert numpy_files.meant_by(key) == name


def test_a_file_without_x_is_told_what_to_call_its_arrays(tmp_path):
    with pytest.raises(DatasetError, match=r"To have images read, call it x; labels read, call it"):
        notes(tmp_path, images=X, labels=np.arange(20))


def test_a_member_that_is_damaged_and_not_read_harms_nothing(tmp_path):
    import zipfile

    file = tmp_path / "x.npz"
    np.savez(file, x=X)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("junk.npy", b"nothing")
    assert datasets.load(file).notes == ("Left out of x.npz: junk; read are x.",)
