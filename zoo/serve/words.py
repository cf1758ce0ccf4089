"""Requests by the words of the schema: plain JSON in and out, as `zoo.load` takes and gives it.

Pictures and numbers are nested lists, a table's rows a dict of columns, strings text, labels the
names of their classes.
"""

from typing import Any

import numpy as np

from zoo.artifact.endpoints import Tensor
from zoo.artifact.tokens import TOKENS
from zoo.runtime.labels import LABEL
from zoo.runtime.ragged import LENGTH
from zoo.runtime.tables import CATEGORIES, CONTRIBUTION, MEANS, MODES, NUMBERS, columns_of
from zoo.serve.models import STRINGS, Model
from zoo.serve.refused import Refused, short
from zoo.serve.tensors import finite, in_json, numbers, read_json, write_json

TABLE = "table"
"""The input that a table's rows come by, and the answer that holds them: {column: [values]}."""


def inputs_of(model: Model) -> dict[str, Tensor | None]:
    """{name: Tensor} of what a request may hold; None stands for a table or for strings."""
    tensors = model.endpoint.inputs
    found: dict[str, Tensor | None] = {}
    if columns_of(model.schema, tensors):
        found[TABLE] = None
        tensors = tuple(t for t in tensors if t.name not in (NUMBERS, CATEGORIES))
    for tensor in tensors:
        spelled = tensor.name == TOKENS and model.schema.vocabulary is not None
        found |= {STRINGS: None} if spelled else {tensor.name: tensor}
    return found


def may_lack(model: Model) -> set[str]:
    """Inputs that follow from the others: lengths of sequences that come as long as they are."""
    return {LENGTH} & {*inputs_of(model)} if "x" in inputs_of(model) else set()


def read(model: Model, body: bytes, most_rows: int) -> tuple[dict[str, Any], int]:
    """({argument: value} of the endpoint's call, rows), of a request's JSON.

    Raises:
        Refused: for what is no request of this endpoint.
    """
    asked = read_json(body)
    known = inputs_of(model)
    if not isinstance(asked, dict) or not {*known} - may_lack(model) <= {*asked} <= {*known}:
        keys = list(asked) if isinstance(asked, dict) else asked
        raise Refused(
            400,
            f"Given {short(keys)}, wanted is a JSON object of {', '.join(known)}. /docs shows an "
            "example.",
        )
    rows = max([1, *(_rows(value) for value in asked.values())])
    if rows > most_rows:
        raise Refused(
            400, f"Given {rows} rows, wanted are at most {most_rows} a request. Split the batch."
        )
    ragged = model.schema.is_strokes or (LENGTH in known and LENGTH not in asked)
    given: dict[str, Any] = {}
    for name, value in asked.items():
        if name == TABLE:
            given[TABLE] = _table(value)
        elif name == STRINGS:
            given[TOKENS] = _strings(value)
        elif name == LABEL:
            given[name] = _label(value)
        else:
            given[name] = _array(model, name, known[name], value, ragged and name == "x")
    return given, rows


def call(model: Model, given: dict[str, Any]) -> Any:
    """The endpoint's answer to what `read` gave."""
    rest = dict(given)
    rows = [rest.pop(TABLE)] if TABLE in rest else []
    return model.call(*rows, **rest)


def write(model: Model, answer: Any) -> bytes:
    """An answer as JSON: an object of its outputs, and `table` or `strings` where it has them."""
    found = [f'"{name}":{in_json(value)}' for name, value in answer._asdict().items()]
    more: dict[str, Any] = {}
    if has_table(model):
        more[TABLE] = {name: _plain(values) for name, values in answer.table.items()}
    if model.spells:
        more[STRINGS] = answer.strings
    found += [write_json(more).decode("ascii")[1:-1]] if more else []
    return f"{{{','.join(found)}}}".encode("ascii")


def has_table(model: Model) -> bool:
    """Whether its answers have rows, or terms, by the names of a table's columns."""
    outputs = model.endpoint.outputs
    by_column = any(
        columns_of(model.schema, outputs, names)
        for names in ((NUMBERS, CATEGORIES), (MEANS, MODES))
    )
    scored = any(tensor.name == CONTRIBUTION for tensor in outputs)
    return by_column or (bool(model.schema.columns) and scored)


def _table(value: Any) -> dict[str, Any]:
    """Columns by name, as lists of numbers, text, true and false, and null."""
    fits = isinstance(value, dict) and all(
        isinstance(each, list) and all(_is_plain(item) for item in each) for each in value.values()
    )
    if not fits or not value:
        raise Refused(
            400,
            f"{TABLE}: given {short(value)}, wanted is an object of columns, each a list of "
            'numbers, text, true, false or null: {"age": [41, 17]}.',
        )
    lengths = {name: len(each) for name, each in value.items()}
    if len({*lengths.values()}) > 1:
        raise Refused(400, f"{TABLE}: the columns' lengths differ: {short(lengths)}.")
    return dict(value)


def _strings(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refused(400, f"{STRINGS}: given {short(value)}, wanted is a list of text.")
    return value


def _label(value: Any) -> Any:
    """One name for all rows, or a list of names, or of numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    if isinstance(value, list) and all(type(each) is int for each in value):
        return numbers(LABEL, value, whole=True)
    raise Refused(
        400,
        f"{LABEL}: given {short(value)}, wanted is the name of a class, or a list of names or of "
        "whole numbers, one a row.",
    )


def _array(model: Model, name: str, tensor: Tensor | None, value: Any, ragged: bool) -> Any:
    if isinstance(value, dict) and name == "x" and model.schema.features:
        return _table(value)  # features by their names
    if not isinstance(value, list):
        raise Refused(400, f"{name}: given {short(value)}, wanted is a list of rows.")
    whole = tensor is not None and tensor.dtype.startswith("int")
    if not value:
        return []
    if ragged:
        return [
            numbers(f"{name}[{row}]", _list(name, each), whole) for row, each in enumerate(value)
        ]
    return numbers(name, value, whole)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(400, f"{name}: given {short(value)} for a row, wanted is a list.")
    return value


def _rows(value: Any) -> int:
    if isinstance(value, dict):
        return max([0, *(len(each) for each in value.values() if isinstance(each, list))])
    return len(value) if isinstance(value, list) else 1


def _plain(values: Any) -> list[Any]:
    """A column as JSON has it: dates as ISO 8601, what is missing as null."""
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return [None if each == "NaT" else str(each) for each in array.astype(str).tolist()]
    return finite(array)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
