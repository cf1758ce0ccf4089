import numpy as np
import pytest

from zoo import datasets
from zoo.datasets import laws
from zoo.datasets.base import HoldOut, Rows
from zoo.errors import DatasetError
from zoo.recipe import choices


def poisson(*shape, mean=3.0):
    return np.random.default_rng(0).poisson(mean, shape)


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.int64, np.float32, np.float64])
def test_whole_numbers_are_counts(tmp_path, dtype):
    x = poisson(40, 3).astype(dtype)
    data = datasets.load(saved(tmp_path, x=x, y=np.arange(40), features=["a", "b", "c"]))
    assert (data.schema.kind, data.schema.range, data.schema.spacing) == ("vector", (0, np.inf), 1)
    assert data.schema.features == ("a", "b", "c") and "--kind vector" in data.notes[0]
    np.testing.assert_array_equal(data.train.batch(range(32)), x[data.train.labels])
    assert choices.likelihood("auto", data).value == "library_negative_binomial"
    assert choices.binarization("auto", data, "library_negative_binomial").value == "none"


def test_bytes_zeros_and_ones_and_fractions_are_no_counts_unless_told(tmp_path):
    eight_bits = poisson(40, 3).astype(np.uint8)
    data = datasets.load(saved(tmp_path, x=eight_bits))
    assert data.schema.is_eight_bits
    data = datasets.load(saved(tmp_path, x=eight_bits), kind="counts")
    assert data.schema.spacing == 1.0 and data.train.batch(range(32)).max() == eight_bits.max()
    assert datasets.load(saved(tmp_path, x=(poisson(40, 3) > 3).astype(float))).schema.is_binary
    assert datasets.load(saved(tmp_path, x=poisson(40, 3) + 0.5)).schema.spacing is None
    whole = saved(tmp_path, x=poisson(40, 3).astype(float))
    assert datasets.load(whole, kind="vector").schema.center


def test_counts_on_disk_stay_there(tmp_path):
    np.save(tmp_path / "x.npy", poisson(40, 3))
    data = datasets.load(tmp_path / "x.npy", memory_share=1e-9, test_split="last")
    assert isinstance(data.train.images, Rows)
    np.testing.assert_array_equal(data.train.batch([0, 31]), poisson(40, 3)[[0, 31]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-2, r"has -2 at index \[7, 1\]\. Counts are 0 or more"),
        (0.5, r"has 0.5 at index \[7, 1\]\. Counts are whole numbers"),
        (np.nan, r"has nan at index \[7, 1\]"),
        (2**24, r"Counts are below 16,777,216"),
    ],
)
def test_what_is_no_count_is_named_with_its_place(tmp_path, value, said):
    x = poisson(40, 3).astype(np.float64)
    x[7, 1] = value
    with pytest.raises(DatasetError, match=said):
        datasets.load(saved(tmp_path, x=x), kind="counts")


def test_negative_whole_numbers_are_refused_unasked(tmp_path):
    with pytest.raises(DatasetError, match="not differences or centred values"):
        datasets.load(saved(tmp_path, x=poisson(40, 3) - 1))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": poisson(40, 3, 2)}, r"shape \[40, 3, 2\].*wanted are counts"),
        ({"x": poisson(40, 3), "features": ["a"]}, r"wanted: text \[3\], a name for each"),
        ({"x_train": poisson(20, 3), "x_test": poisson(20, 4)}, "they must be the same"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, said):
    with pytest.raises(DatasetError, match=said):
        datasets.load(saved(tmp_path, **arrays), kind="counts")


def test_a_csv_of_counts_may_name_its_rows(tmp_path):
    lines = [f"cell {i},{i},{2 * i}" for i in range(20)]
    (tmp_path / "x.csv").write_text("cell,apples,pears\n" + "\n".join(lines))
    data = datasets.load(tmp_path / "x.csv", kind="counts", test_split="last")
    assert data.schema.features == ("apples", "pears")
    np.testing.assert_array_equal(data.train.batch([5]), [[5, 10]])
    assert "taken as the rows' names" in data.notes[0]
    lines[3] = "cell 3,-1,0"
    (tmp_path / "x.csv").write_text("cell,apples,pears\n" + "\n".join(lines))
    with pytest.raises(DatasetError, match="has -1 in line 5, column apples"):
        datasets.load(tmp_path / "x.csv", kind="counts")


def test_counts_may_be_thousands_of_columns_in_any_dialect(tmp_path):
    x = poisson(30, 1500)
    names = [f"gene {i}" for i in range(1500)]
    lines = [";".join(["", *names]), *(";".join(map(str, [i, *x[i]])) for i in range(30))]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-16")
    data = datasets.load(tmp_path / "x.csv", kind="counts", test_split="last")
    assert data.schema.features == tuple(names) and "numbers the rows" in data.notes[0]
    np.testing.assert_array_equal(data.train.batch(range(24)), x[:24])
    lines[7] = ";".join(["6", "many", *map(str, x[6, 1:])])
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-16")
    with pytest.raises(DatasetError, match="line 8, column gene 0: 'many' is no number"):
        datasets.load(tmp_path / "x.csv", kind="counts")


def test_an_h5ad_is_read_sparse_and_its_counts_are_found(tmp_path):
    anndata = pytest.importorskip("anndata", reason="a .h5ad is read by anndata")
    from scipy import sparse

    x = poisson(40, 3, mean=0.5)
    cells = anndata.AnnData(sparse.csr_matrix(x.astype(np.float32)))
    cells.var_names = ["CD3", "CD8", "MS4A1"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    data = datasets.load(tmp_path / "cells.h5ad", test_split="last")
    assert data.schema.features == ("CD3", "CD8", "MS4A1")
    np.testing.assert_array_equal(data.test.batch([0, 7]), x[[32, 39]])
    cells.layers["counts"] = cells.X.copy()
    cells.X = np.log1p(x)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    data = datasets.load(tmp_path / "cells.h5ad")
    assert "its layer counts" in data.notes[0]
    del cells.layers["counts"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(DatasetError, match="not normalised or logarithms"):
        datasets.load(tmp_path / "cells.h5ad")


def test_an_h5ad_that_cannot_be_read_is_refused(tmp_path):
    pytest.importorskip("anndata", reason="a .h5ad is read by anndata")
    (tmp_path / "x.h5ad").write_bytes(b"no HDF5")
    with pytest.raises(DatasetError, match="cannot be read as AnnData"):
        datasets.load(tmp_path / "x.h5ad")
    with pytest.raises(DatasetError, match="leave --kind series out"):
        datasets.load(tmp_path / "x.h5ad", kind="series")


def test_the_cells_follow_their_law():
    data = laws.cell_counts(HoldOut(0.2))
    x = data.train.batch(range(len(data.train)))
    assert data.schema.classes == ("type 1", "type 2", "type 3")
    assert np.median(x.sum(axis=1)) == pytest.approx(1000, rel=0.08)
    whole = np.concatenate([x, data.test.batch(range(len(data.test)))])
    mean, kinds, _ = laws.cell_means(len(whole))
    for kind in range(laws.CELL_TYPES):  # the split took them in another order
        labels = np.concatenate([data.train.labels, data.test.labels])
        np.testing.assert_allclose(
            whole[labels == kind].mean(axis=0), mean[kinds == kind].mean(axis=0), rtol=0.2, atol=0.2
        )
    again = laws.cell_counts(HoldOut(0.5, last=True))
    x = np.concatenate([part.batch(range(len(part))) for part in (again.train, again.test)])
    # The variance is mean + mean**2 / dispersion.
    ratio = (x - mean) ** 2 / (mean + mean**2 / laws.DISPERSION)
    assert ratio.mean() == pytest.approx(1.0, abs=0.05)
