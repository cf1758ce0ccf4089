"""Bodies of requests: read within bounds of bytes and time, packed and unpacked."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from zoo.serve.refused import HungUp, Refused
from zoo.serve.settings import Limits

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_WINDOWS = {"gzip": 31, "deflate": 15}  # zlib's names of their headers
WORTH_PACKING = 1024
"""Bytes from which an answer is packed where the client takes it so."""

_MOST_TIMES = 1040  # longer than it was, what deflate unpacks to at most
_PIECE = 2**20  # bytes that are unpacked at a time

WHOLE = "zoo.whole"
"""A key of the scope of a request whose body is there when the application is asked."""

CROWDED = "zoo.crowded"
"""A key of the scope of a request on a connection beyond those that are taken."""

_HELD = 4
"""Times the limit of one body, what bodies that are still being read may hold together."""


class Bodies:
    """Reads bodies of requests.

    Args:
        limits: of bytes and seconds.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    async def read(self, receive: Receive, stated: bytes | None, whole: bool = False) -> bytes:
        """A body as it was sent.

        Args:
            receive: ASGI's.
            stated: the header Content-Length, where there is one.
            whole: whether the body is known to be there, so that nothing needs a time limit.

        Raises:
            Refused: where it is too large (413), too slow (408), or bodies hold too much (503).
            HungUp: if the client went away.
        """
        if stated is not None and stated.isdigit() and int(stated[:20]) > self._limits.body_bytes:
            raise self._too_large()
        message = await (receive() if whole else self._first(receive))
        if not message.get("more_body"):
            return self._checked(message)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    part = self._checked(message)
                    parts.append(part)
                    size += len(part)
                    self._held += len(part)
                    self._require_room(size)
                    if not message.get("more_body"):
                        return b"".join(parts)
                    message = await receive()
        except TimeoutError:
            raise self._too_slow() from None
        finally:
            self._held -= size

    async def _first(self, receive: Receive) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await receive()
        except TimeoutError:
            raise self._too_slow() from None

    def _checked(self, message: MutableMapping[str, Any]) -> bytes:
        if message["type"] == "http.disconnect":
            raise HungUp
        body: bytes = message.get("body", b"")
        if len(body) > self._limits.body_bytes:
            raise self._too_large()
        return body

    def _require_room(self, size: int) -> None:
        if size > self._limits.body_bytes:
            raise self._too_large()
        if self._held > _HELD * self._limits.body_bytes:
            raise Refused(
                503,
                "Too many large requests arrive at once. Ask again in a second.",
                ((b"retry-after", b"1"),),
            )

    def _too_large(self) -> Refused:
        return too_large(self._limits.body_bytes)

    def _too_slow(self) -> Refused:
        return Refused(
            408,
            f"The body was not there within {self._limits.body_seconds:g} seconds. Send it at "
            "once.",
            ((b"connection", b"close"),),
        )


def too_large(most: int) -> Refused:
    """The refusal of a body of more bytes than these."""
    return Refused(
        413, f"The body has more than {most:,} bytes, unpacked. Send fewer rows a request."
    )


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """A body whose Content-Encoding is `encoding`, of `most` bytes at most.

    Raises:
        Refused: for another encoding (415), a body that is not so encoded (400) or unpacks to more
            bytes (413): no more than these are ever unpacked.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOWS:
        raise Refused(
            415, f"Content-Encoding: given {encoding[:40]!r}, wanted is gzip, deflate or none."
        )
    try:
        if len(body) * _MOST_TIMES > _PIECE and _unpacked_size(body, encoding, most) > most:
            raise too_large(most)
        unpacker = zlib.decompressobj(_WINDOWS[encoding])
        made = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise Refused(400, f"The body is not {encoding} ({error}).") from None
    if len(made) > most:
        raise too_large(most)
    if not unpacker.eof or unpacker.unused_data:
        raise Refused(400, f"The body is not {encoding}: it ends early, or something follows it.")
    return made


def _unpacked_size(body: bytes, encoding: str, most: int) -> int:
    """Bytes that a body unpacks to, or more than `most`; none are kept, whatever it claims."""
    unpacker = zlib.decompressobj(_WINDOWS[encoding])
    size = 0
    for start in range(0, len(body), _PIECE // 16):
        rest = body[start : start + _PIECE // 16]
        while rest and not unpacker.eof and size <= most:
            size += len(unpacker.decompress(rest, _PIECE))
            rest = unpacker.unconsumed_tail
    return size


def packed(body: bytes, encoding: str) -> bytes:
    """An answer in an encoding of `wanted_encoding`."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _WINDOWS[encoding])
    return packer.compress(body) + packer.flush()


def wanted_encoding(accepted: str) -> str:
    """The encoding to answer in, of a header Accept-Encoding: "gzip", "deflate" or ""."""
    if not accepted:
        return ""
    taken = set()
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return next((name for name in _WINDOWS if name in taken), "")
