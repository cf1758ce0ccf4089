"""Arrays that a program holds, as a dataset: by the rules of .npz files."""

from typing import Any, Literal

import numpy as np

from zoo.datasets import arrays
from zoo.datasets.base import Dataset, HoldOut, Origin, slug
from zoo.errors import DatasetError


def from_arrays(
    x: Any,
    y: Any = None,
    *,
    length: Any = None,
    x_test: Any = None,
    y_test: Any = None,
    length_test: Any = None,
    name: str = "arrays",
    test_share: float = 0.2,
    test_split: Literal["random", "last"] = "random",
    seed: int = 0,
) -> Dataset:
    """A dataset of arrays; what an example is follows from their rank, dtype and values.

    Args:
        x: [n, height, width], [n, height, width, 1 or 3] or [n, features], with `length` also
            [n, steps, features]: uint8 in 0..255, bool, or floats in [0, 1]. It is not copied.
        y: integers [n], a label an example, or None.
        length: integers [n], the steps of each sequence, or None.
        x_test, y_test, length_test: the test set, alike; None: a part of x is held out.
        name: of the data, in manifests.
        test_share, test_split, seed: which part that is, as in `zoo.datasets.load`.

    Raises:
        DatasetError: for arrays that do not fit, with what is wanted.
    """
    given = {"x": x, "y": y, "length": length}
    tests = {"x": x_test, "y": y_test, "length": length_test}
    if x_test is not None:
        given = {f"{key}_train": value for key, value in given.items()}
        given |= {f"{key}_test": value for key, value in tests.items()}
    for key, value in tests.items():
        whole = given.get(f"{key}_train") if x_test is not None else None
        if (value is None) != (whole is None):
            raise DatasetError(
                f"{key}_test is {_absent(value)} and {key} of the training set {_absent(whole)}, "
                f"x_test is {_absent(x_test)}; wanted: what the training set has, in the test set, "
                "too; or no test set, of which a part is then made."
            )
    stored = {key: _array(key, value) for key, value in given.items() if value is not None}
    return arrays.made(
        stored,
        HoldOut(test_share, seed, last=test_split == "last"),
        origin=Origin("what was given", slug(name), "arrays that were given in Python"),
    )


def _absent(value: Any) -> str:
    return "not given" if value is None else "given"


def _array(key: str, value: Any) -> np.ndarray:
    if isinstance(value, np.ma.MaskedArray):
        raise DatasetError(
            f"{key} is a masked array, whose masked values would be taken for numbers; wanted: "
            "values everywhere, as x.filled(0) gives."
        )
    if isinstance(value, np.memmap):  # stays on disk
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"{key} is no array of one shape ({error}); wanted: numbers [n, ...]."
        ) from error
