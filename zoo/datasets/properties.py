"""Numbers that are known of examples besides, which a model can be taught to predict from z."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.datasets.base import Dataset
from zoo.errors import DatasetError


def with_properties(data: Dataset, train: Mapping[str, Any], test: Mapping[str, Any]) -> Dataset:
    """The dataset with numbers of its examples: {name: [n]} of each split, NaN where unknown.

    A name becomes an identifier: what is no letter, digit or underscore becomes an underscore.

    Raises:
        DatasetError: for other names in the two, or numbers that are not one an example.
    """
    if not train or list(train) != list(test):
        raise DatasetError(
            f"The training set has the properties {', '.join(train) or 'none'}, the test set "
            f"{', '.join(test) or 'none'}: give both the same, one or more."
        )
    first = replace(data.train, properties=_table("train", train, len(data.train)))
    second = replace(data.test, properties=_table("test", test, len(data.test)))
    names = tuple(identifier(name) for name in train)
    if len({*names}) < len(names):
        raise DatasetError(f"Two of the properties {', '.join(train)} have the same name.")
    return replace(data, train=first, test=second, properties=names)


def identifier(name: str) -> str:
    """A property's name as models and endpoints have it: `boiling point/K` -> `boiling_point_K`."""
    plain = re.sub(r"\W+", "_", name).strip("_") or "property"
    return f"_{plain}" if plain[0].isdigit() else plain


def _table(part: str, values: Mapping[str, Any], count: int) -> np.ndarray:
    columns = []
    for name, each in values.items():
        try:
            column = np.asarray(each, np.float32)
        except (TypeError, ValueError) as error:
            raise DatasetError(f"The property {name} of the {part} set: {error}.") from error
        if column.shape != (count,):
            raise DatasetError(
                f"The property {name} has the shape {list(column.shape)} in the {part} set, which "
                f"has {count:,} examples: give one number each, NaN where unknown."
            )
        if np.isinf(column).any():
            raise DatasetError(f"The property {name} is infinite somewhere in the {part} set.")
        columns.append(column)
    return np.stack(columns, axis=1)
