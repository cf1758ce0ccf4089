"""The Open Inference Protocol's tensors: a request's body read, an answer's body written.

Binary tensors follow the JSON, little-endian, in the order in which it names them; text is four
bytes of length and UTF-8, element after element.
"""

import json
import math
import struct
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from zoo.artifact.endpoints import Tensor
from zoo.runtime.inputs import sizes
from zoo.runtime.sessions import Array
from zoo.serve.models import DATATYPES, STRINGS, Model, shape_outside
from zoo.serve.refused import Refused, short

Part: TypeAlias = bytes | memoryview
"""Of an answer's body: text, or the numbers of a tensor as they lie in memory."""

BYTES = "BYTES"
_LITTLE = {"float32": "<f4", "int32": "<i4", "int64": "<i8"}
_MOST_AXES = 8
_LARGEST_AXIS = 2**31 - 1
_SHORT = 2048  # bytes of JSON up to which what it asks is remembered
_REMEMBERED = 64  # of a model

_PIECE = 2048  # numbers of an answer that become JSON at a time, about two milliseconds

_encoded = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(slots=True)
class Request:
    """What a client asks of a model.

    Args:
        given: {input: array or list of text}, in the shapes of the contract.
        rows: of each.
        outputs: ((name, whether as bytes), ...), in the order of the answer.
        id: of the request, given back; None where it has none.
        binary: whether every output is wanted as bytes.
    """

    given: dict[str, Any]
    rows: int
    outputs: tuple[tuple[str, bool], ...]
    id: str | None
    binary: bool


class _Plan:
    """What one text of JSON asks, where every tensor lies behind it in the body.

    Clients ask again and again by the same text; what it means is worked out once.
    """

    def __init__(self, places: list[tuple[str, Array, int]], size: int, request: Request) -> None:
        self._places = [(name, a.dtype, at, at + a.nbytes, a.shape) for name, a, at in places]
        self._outputs, self._binary = request.outputs, request.binary
        self.size, self.rows = size, request.rows

    def request(self, body: bytes) -> Request:
        """The request that a body of `size` bytes makes, which begins by this text."""
        given = {
            name: np.frombuffer(body[start:stop], dtype).reshape(shape)  # a copy, aligned
            for name, dtype, start, stop, shape in self._places
        }
        return Request(given, self.rows, self._outputs, None, self._binary)


def read(model: Model, body: bytes, json_length: int | None, most_rows: int) -> Request:
    """A request's body as what the model takes.

    Args:
        model: that is asked.
        body: unpacked.
        json_length: bytes of JSON at its beginning; None: all of it is JSON.
        most_rows: that are taken.

    Raises:
        Refused: for whatever is no request of this model.
    """
    length = len(body) if json_length is None else json_length
    plan = model.plans.get(body[:length]) if length <= _SHORT else None
    if plan is not None and plan.size == len(body) and plan.rows <= most_rows:
        return plan.request(body)
    if length > len(body):
        raise Refused(
            400,
            f"Inference-Header-Content-Length is {length}, and the body has {len(body)} bytes. "
            "Give the length of the JSON at the body's beginning.",
        )
    asked = read_json(body[:length])
    _require(asked, dict, "The request", "an object with a list of inputs")
    inputs = asked.get("inputs")
    _require(inputs, list, "inputs", "a list of tensors")
    known = {tensor.name: tensor for tensor in model.endpoint.inputs}
    given: dict[str, Any] = {}
    places: list[tuple[str, Array, int]] = []
    at = length
    for entry in inputs:
        _require(entry, dict, "An input", "an object with name, shape, datatype and data")
        name = entry.get("name")
        tensor = known.get(name) if isinstance(name, str) else None
        if tensor is None or name in given:
            twice = "is given twice" if tensor else "is none of this model"
            raise Refused(
                400,
                f"The input {short(name)} {twice}. {model.name} takes {', '.join(known)}, each "
                "once.",
            )
        size = _binary_size(name, entry, json_length is not None)
        if size is not None and at + size > len(body):
            raise Refused(
                400,
                f"{name}: binary_data_size is {size}, and {len(body) - at} bytes are left of the "
                "body. Send every byte of the tensor behind the JSON.",
            )
        data = None if size is None else body[at : at + size]
        given[name] = _tensor(model, tensor, entry, data, most_rows)
        if size is not None and isinstance(given[name], np.ndarray):
            places.append((name, given[name], at))
        at += size or 0
    _require_all(model, known, given, len(body) - at)
    rows = {name: len(value) for name, value in given.items()}
    if len({*rows.values()}) > 1:
        raise Refused(400, f"The inputs' batches differ: {rows}. Give as many rows in each.")
    wanted_id = asked.get("id")
    if wanted_id is not None and not isinstance(wanted_id, str):
        raise Refused(400, f"id: given {short(wanted_id)}, wanted text. Leave it out otherwise.")
    outputs = _outputs(model, asked)
    binary = all(as_bytes for _, as_bytes in outputs)
    request = Request(given, next(iter(rows.values())), outputs, wanted_id, binary)
    if length <= _SHORT and wanted_id is None and len(places) == len(given) and request.rows:
        _remember(model.plans, body[:length], _Plan(places, len(body), request))
    return request


def write(model: Model, request: Request, answer: Any) -> tuple[list[Part], int | None]:
    """(an answer's body in parts, bytes of JSON at its beginning; None where all of it is JSON)."""
    if request.id is not None or not request.binary:
        return _written(model, request, answer)
    key = request.outputs, tuple([value.shape for value in answer])
    text = model.heads.get(key)
    if text is None:
        parts, length = _written(model, request, answer)
        if length is not None and all(name != STRINGS for name, _ in request.outputs):
            _remember(model.heads, key, parts[0])  # it tells of shapes alone
        return parts, length
    tail = [_in_bytes(getattr(answer, name)) for name, _ in request.outputs]
    return [text, *tail], len(text)


def _written(model: Model, request: Request, answer: Any) -> tuple[list[Part], int | None]:
    entries: list[str] = []
    tail: list[Part] = []
    known = {tensor.name: tensor for tensor in model.endpoint.outputs}
    for name, binary in request.outputs:
        tensor = known.get(name)
        value = getattr(answer, name)
        if tensor is None:  # the strings
            entry: dict[str, Any] = {"name": name, "datatype": BYTES, "shape": [len(value), 1]}
            data: Part = b"" if not binary else _packed(value)
            plain = "" if binary else _encoded(value)
        else:
            shape = list(value.shape) if value.ndim > 1 else [len(value), 1]
            entry = {"name": name, "datatype": DATATYPES[tensor.dtype], "shape": shape}
            data = b"" if not binary else _in_bytes(value)
            plain = "" if binary else in_json(value.reshape(-1))
        if binary:
            entry["parameters"] = {"binary_data_size": size(data)}
            tail.append(data)
            entries.append(_encoded(entry))
        else:
            entries.append(f'{_encoded(entry)[:-1]},"data":{plain}}}')
    head: dict[str, Any] = {"model_name": model.name, "model_version": model.version}
    if request.id is not None:
        head["id"] = request.id
    text = f'{_encoded(head)[:-1]},"outputs":[{",".join(entries)}]}}'.encode("ascii")
    return [text, *tail], len(text) if tail else None


def read_json(content: bytes) -> Any:
    """The value of some JSON; NaN and Infinity are let through to who can name their places.

    Raises:
        Refused: if it is none.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        why = "lists within lists too deep" if isinstance(error, RecursionError) else error
        raise Refused(
            400, f"The body is not JSON ({why!s:.200}). Send one JSON object in UTF-8."
        ) from None


def write_json(value: Any) -> bytes:
    """JSON in ASCII; what is no number of JSON was made null before."""
    return _encoded(value).encode("ascii")


def in_json(values: Array) -> str:
    """An array's JSON, made a piece at a time: between two of them other threads go on."""
    if values.size <= _PIECE:
        return _encoded(finite(values))
    if values.ndim > 1:
        return f"[{','.join([in_json(row) for row in values])}]"
    starts = range(0, len(values), _PIECE)
    pieces = [_encoded(finite(values[start : start + _PIECE])) for start in starts]
    return f"[{','.join([each[1:-1] for each in pieces])}]"


def finite(values: Array) -> list[Any]:
    """An array as lists; None, null in JSON, where a number is NaN or infinite."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        nothing = np.where(np.isfinite(values), values, np.float64(0)).astype(object)
        nothing[~np.isfinite(values)] = None
        return list(nothing.tolist())
    return list(values.tolist())


def _in_bytes(value: Array) -> Part:
    """What `bytes.join` takes for a tensor's numbers, little-endian."""
    little = value if sys.byteorder == "little" else value.byteswap()
    return np.ascontiguousarray(little).data


def size(part: Part) -> int:
    """Bytes of a part."""
    return len(part) if isinstance(part, bytes) else part.nbytes


def _remember(where: dict[Any, Any], key: Any, what: Any) -> None:
    """Keeps something by a key, and no more than fits: clients may give ever other keys."""
    if len(where) >= _REMEMBERED:
        where.clear()
    where[key] = what


def _binary_size(name: str, entry: dict[str, Any], has_tail: bool) -> int | None:
    """Bytes of a tensor behind the JSON; None where it is in it."""
    parameters = entry.get("parameters", {})
    _require(parameters, dict, f"{name}: parameters", "an object")
    if "shared_memory_region" in parameters:
        raise Refused(
            400, f"{name}: shared memory is not offered here. Send the tensor in the body."
        )
    size = parameters.get("binary_data_size")
    if size is None:
        return None
    if not _is_count(size):
        raise Refused(400, f"{name}: binary_data_size is {short(size)}, wanted a number of bytes.")
    if not has_tail:
        raise Refused(
            400,
            f"{name}: binary_data_size is given, and the header Inference-Header-Content-Length is "
            "not: it says where the JSON ends.",
        )
    if "data" in entry:
        raise Refused(400, f"{name}: data and binary_data_size are given. Send one of them.")
    return int(size)


def _tensor(
    model: Model, tensor: Tensor, entry: dict[str, Any], data: bytes | None, most_rows: int
) -> Any:
    name = tensor.name
    datatype = entry.get("datatype")
    text = datatype == BYTES and model.takes_text(tensor)
    if datatype != DATATYPES[tensor.dtype] and not text:
        other = ", or BYTES" if model.takes_text(tensor) else ""
        raise Refused(
            400,
            f"{name}: given the datatype {short(datatype)}, wanted {DATATYPES[tensor.dtype]}"
            f"{other}.",
        )
    rows = _rows(tensor, entry.get("shape"), text, most_rows)
    shape = [rows] if text else [rows, *sizes(tensor)]
    if data is None and "data" not in entry:
        raise Refused(
            400, f"{name}: it has neither data nor binary_data_size. Send the tensor's values."
        )
    if text:
        return _text(name, entry.get("data"), data, rows)
    if data is not None:
        return _from_bytes(name, tensor, data, shape)
    return _from_list(name, tensor, entry["data"], shape)


def _rows(tensor: Tensor, shape: Any, text: bool, most_rows: int) -> int:
    """Rows of a shape that fits: [batch, ...] as the contract has it, or [batch, 1] for [batch]."""
    known = isinstance(shape, list) and 0 < len(shape) <= _MOST_AXES and all(map(_is_count, shape))
    outside = ["batch", 1] if text else shape_outside(tensor)
    if known:
        row = shape[1:]
        fits = row == outside[1:] or (not row and outside[1:] == [1])
        if fits and shape[0] <= most_rows:
            return int(shape[0])
        if fits:
            raise Refused(
                400,
                f"{tensor.name}: given {shape[0]} rows, wanted are at most {most_rows} a request. "
                "Split the batch.",
            )
    wanted = ", ".join(map(str, outside))
    raise Refused(400, f"{tensor.name}: given the shape {short(shape)}, wanted [{wanted}].")


def _from_bytes(name: str, tensor: Tensor, data: bytes, shape: list[int]) -> Array:
    dtype = np.dtype(_LITTLE[tensor.dtype])
    wanted = math.prod(shape) * dtype.itemsize
    if len(data) != wanted:
        raise Refused(
            400,
            f"{name}: given {len(data)} bytes, wanted {wanted}: {tensor.dtype} {shape}, "
            f"{dtype.itemsize} bytes each. Send the shape that the data has.",
        )
    return np.frombuffer(data, dtype).reshape(shape)


def _from_list(name: str, tensor: Tensor, data: Any, shape: list[int]) -> Array:
    _require(data, list, f"{name}: data", "a list of numbers")
    whole = tensor.dtype.startswith("int")
    array = numbers(name, data, whole)
    if array.size != math.prod(shape):
        raise Refused(
            400,
            f"{name}: given {array.size} numbers, wanted {math.prod(shape)} for the shape {shape}. "
            "Send the shape that the data has.",
        )
    return array.reshape(shape)


def numbers(name: str, data: list[Any], whole: bool) -> Array:
    """A list of numbers, nested or not, as an array; null is NaN among real ones.

    Raises:
        Refused: for whatever else there is among them.
    """
    wanted = "whole numbers" if whole else "numbers"
    try:
        array = np.asarray(data)
        if array.dtype.kind == "O" and not whole:
            if not all(each is None or type(each) in (int, float) for each in array.flat):
                raise ValueError
            array = array.astype(np.float64)
    except (ValueError, OverflowError, RecursionError):
        raise Refused(
            400,
            f"{name}: its data are not {wanted} alone, or not as many in each list. Send "
            f"{wanted}, in lists of one length.",
        ) from None
    if not data:
        return np.empty(0, np.int64 if whole else np.float64)
    if array.dtype.kind not in ("iu" if whole else "iuf"):
        kind = {"U": "text", "b": "true and false", "f": "fractions"}.get(
            array.dtype.kind, "something else, or too large numbers"
        )
        raise Refused(400, f"{name}: its data hold {kind}; wanted are {wanted} alone.")
    return array


def _text(name: str, data: Any, packed: bytes | None, rows: int) -> list[str]:
    if packed is None:
        _require(data, list, f"{name}: data", "a list of text")
        while len(data) == 1 and isinstance(data[0], list):
            data = data[0]
        data = [
            each[0] if isinstance(each, list) and len(each) == 1 else each for each in data
        ]  # [batch, 1]
    else:
        data = _unpacked(name, packed)
    if len(data) != rows or not all(isinstance(each, str) for each in data):
        raise Refused(
            400,
            f"{name}: given {len(data)} elements, wanted is text alone, {rows} as the shape says.",
        )
    return data


def _unpacked(name: str, packed: bytes) -> list[str]:
    """Text that lies in bytes, each element after four bytes that say how long it is."""
    found, at = [], 0
    while at < len(packed):
        if at + 4 > len(packed):
            at = len(packed) + 1
            break
        (size,) = struct.unpack_from("<I", packed, at)
        try:
            found.append(packed[at + 4 : at + 4 + size].decode("utf-8"))
        except UnicodeDecodeError:
            raise Refused(400, f"{name}: element {len(found)} is not UTF-8.") from None
        at += 4 + size
    if at != len(packed):
        raise Refused(
            400,
            f"{name}: its bytes end within element {len(found)}. Each is four bytes, little-endian,"
            " that say how many bytes of UTF-8 follow.",
        )
    return found


def _packed(texts: list[str]) -> bytes:
    encoded = [each.encode("utf-8") for each in texts]
    return b"".join(struct.pack("<I", len(each)) + each for each in encoded)


def _outputs(model: Model, asked: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """((name, whether as bytes), ...) that a request asks for; all of the contract's if none is."""
    parameters = asked.get("parameters", {})
    _require(parameters, dict, "parameters", "an object")
    every = parameters.get("binary_data_output", False)
    _require(every, bool, "binary_data_output", "true or false")
    names = [tensor.name for tensor in model.endpoint.outputs]
    wanted = asked.get("outputs")
    if wanted is None or wanted == []:
        return tuple((name, every) for name in names)
    _require(wanted, list, "outputs", "a list of objects with a name")
    names += [STRINGS] if model.spells else []
    found: dict[str, bool] = {}
    for entry in wanted:
        _require(entry, dict, "An output", "an object with a name")
        name, more = entry.get("name"), entry.get("parameters", {})
        _require(more, dict, f"{short(name)}: parameters", "an object")
        if not isinstance(name, str) or name not in names or name in found:
            raise Refused(
                400,
                f"The output {short(name)} is none of this model, or asked for twice. {model.name} "
                f"gives {', '.join(names)}.",
            )
        if more.get("classification") or "shared_memory_region" in more:
            raise Refused(400, f"{name}: neither classification nor shared memory is offered here.")
        binary = more.get("binary_data", every)
        _require(binary, bool, f"{name}: binary_data", "true or false")
        found[name] = binary
    return tuple(found.items())


def _require_all(model: Model, known: dict[str, Tensor], given: dict[str, Any], left: int) -> None:
    missing = [name for name in known if name not in given]
    if missing:
        raise Refused(
            400,
            f"{model.name} takes {', '.join(known)}; {', '.join(missing)} is missing. Give each of "
            "them.",
        )
    if left:
        raise Refused(
            400,
            f"{left} bytes follow the last tensor. Send the bytes that binary_data_size states, "
            "and no others.",
        )


def _require(value: Any, kind: type, what: str, wanted: str) -> None:
    if not isinstance(value, kind):
        raise Refused(400, f"{what}: given {short(value)}, wanted {wanted}.")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_AXIS
