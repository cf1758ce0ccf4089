"""Weights outside of an ONNX graph, without the onnx package. Standard library only.

A tensor of ONNX may keep its bytes in a file beside the graph: it states the file's name
(`location`), an offset and a length. Here such tensors are found in a graph's bytes and given their
weights back, by a walk over the few messages of ONNX's protobuf that can hold a tensor; every other
byte stays as it is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from zoo.errors import ArtifactError

_Bytes: TypeAlias = bytes | memoryview

# ONNX's messages that a tensor may lie in: {field's number: message}.
_MODEL = {7: "graph", 20: "training", 25: "function"}
_MESSAGES: dict[str, dict[int, str]] = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_RAW, _OUTSIDE, _PLACE = 9, 13, 14  # of a tensor: raw_data, external_data, data_location
_DEEPEST = 100  # messages within one another, as protobuf has it

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class _Malformed(Exception):
    """Bytes that are no protobuf."""


def locations(graph: bytes) -> set[str]:
    """Names of the files that a graph keeps weights in.

    Raises:
        ArtifactError: if the bytes are no ONNX graph.
    """
    found = set()

    def note(place: tuple[str, int, int], outer: bool) -> None:
        found.add(place[0])

    _walk(graph, note)
    return found


def embedded(graph: bytes, files: Mapping[str, bytes], inner_only: bool = False) -> bytes:
    """A graph with its weights inside.

    Args:
        graph: an ONNX graph's bytes.
        files: {location: bytes} of what it keeps weights in.
        inner_only: whether to leave those of the graph itself where they are, and take in those of
            its loops and branches alone.

    Raises:
        ArtifactError: if the bytes are no ONNX graph, or it wants other files or bytes than there
            are.
    """

    def content(place: tuple[str, int, int], outer: bool) -> memoryview | None:
        location, offset, length = place
        if outer and inner_only:
            return None
        if location not in files:
            raise ArtifactError(
                f"The graph keeps weights in {location!r}, wanted is one of {', '.join(files)}."
            )
        stored = memoryview(files[location])
        length = len(stored) - offset if length < 0 else length
        if not 0 <= offset <= offset + length <= len(stored):
            raise ArtifactError(
                f"The graph wants bytes {offset:,} to {offset + length:,} of {location}, which has "
                f"{len(stored):,}."
            )
        return stored[offset : offset + length]

    return bytes(_walk(graph, content))


_Visit: TypeAlias = Callable[[tuple[str, int, int], bool], _Bytes | None]


def _walk(graph: bytes, visit: _Visit) -> _Bytes:
    """The graph, each tensor outside of it in turn replaced by what `visit` gives of its place.

    `visit` is given (location, offset, length; -1 where none is stated) and whether the tensor is
    one of the graph itself; None leaves the tensor as it is.
    """
    try:
        return _rewritten(memoryview(graph), "model", visit, 0)
    except (_Malformed, UnicodeDecodeError) as error:
        raise ArtifactError(f"its bytes are no ONNX graph ({error}).") from error


def _rewritten(message: memoryview, kind: str, visit: _Visit, depth: int) -> _Bytes:
    if depth > _DEEPEST:
        raise _Malformed(f"messages lie {_DEEPEST} deep in one another")
    if kind == "tensor":  # of a graph that is the model's: 0 is the model, 1 its graph, 2 this
        return _tensor(message, lambda place: visit(place, depth == 2))
    inner, kept, changed = _MESSAGES[kind], [], False
    for number, wire, start, value, end in _fields(message):
        # Of hundreds of nodes hardly any holds a tensor outside: bytes are searched faster.
        if number in inner and wire == _LENGTH and b"location" in bytes(value):
            new = _rewritten(value, inner[number], visit, depth + 1)
            if new is not value:
                kept += [_key(number, _LENGTH), _varint(len(new)), new]
                changed = True
                continue
        kept.append(message[start:end])
    return b"".join(kept) if changed else message


def _tensor(message: memoryview, visit: Callable[[tuple[str, int, int]], _Bytes | None]) -> _Bytes:
    stated, rest, outside = {}, [], False
    for number, wire, start, value, end in _fields(message):
        if number == _OUTSIDE and wire == _LENGTH:
            pair = {n: bytes(v).decode() for n, w, _, v, _ in _fields(value) if w == _LENGTH}
            stated[pair.get(1, "")] = pair.get(2, "")
        elif number == _PLACE and wire == _VARINT:
            outside = _number(value) == 1
        elif number != _RAW:
            rest.append(message[start:end])
    if not outside:
        return message
    try:
        place = stated["location"], int(stated.get("offset", 0)), int(stated.get("length", -1))
    except (KeyError, ValueError) as error:
        raise _Malformed(f"a tensor's place is {stated}") from error
    content = visit(place)
    if content is None:
        return message
    return b"".join([*rest, _key(_RAW, _LENGTH), _varint(len(content)), content])


def _fields(message: memoryview) -> Iterator[tuple[int, int, int, memoryview, int]]:
    """(number, wire type, start, value, end) of each field of a message."""
    at, size = 0, len(message)
    while at < size:
        start = at
        key, at = _read_varint(message, at)
        wire = key & 7
        if wire == _VARINT:
            first = at
            _, at = _read_varint(message, at)
        elif wire == _LENGTH:
            length, first = _read_varint(message, at)
            at = first + length
        elif wire in (_FIXED64, _FIXED32):
            first, at = at, at + (8 if wire == _FIXED64 else 4)
        else:
            raise _Malformed(f"a field has the type {wire}")
        if at > size:
            raise _Malformed("a field ends beyond its message")
        yield key >> 3, wire, start, message[first:at], at


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """(number, where the next byte is)."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise _Malformed("a number has no end")
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _number(value: memoryview) -> int:
    return _read_varint(value, 0)[0]


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)
