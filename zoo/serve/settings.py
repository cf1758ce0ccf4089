"""What a server takes, and how much of it: every limit is a number with a name."""

import math
from dataclasses import dataclass, fields
from typing import Any

from zoo.errors import InputError


@dataclass(frozen=True)
class Limits:
    """How much one server takes; what is beyond is refused by a sentence, and harms nobody else.

    Args:
        body_bytes: of one request's body, unpacked.
        json_bytes: of the JSON in it. JSON is read in one piece while other requests wait, up to a
            tenth of a second a MiB: large tensors come by the binary extension.
        rows: of one request.
        answer_bytes: of one request's answer, as tensors.
        json_answer_bytes: the same, of an answer as JSON, which is some five times as long.
        queue: requests that are computed or wait for it; more are answered with 503.
        workers: threads that compute what takes long.
        seconds: that a request may take, waiting included.
        body_seconds: until a request's body is there.
        header_seconds: until a request's headers are there.
        header_bytes: of a request's headers.
        read_seconds: in which a client takes some of an answer that waits for it; it is cut off
            otherwise.
        connections: open at a time.
        drain_seconds: after SIGTERM, while requests are still answered and connections told to
            close, before new connections are refused.
    """

    body_bytes: int = 2**26
    json_bytes: int = 2**21
    rows: int = 1024
    answer_bytes: int = 2**28
    json_answer_bytes: int = 2**24
    queue: int = 64
    workers: int = 2
    seconds: float = 30.0
    body_seconds: float = 10.0
    header_seconds: float = 10.0
    header_bytes: int = 2**16
    read_seconds: float = 60.0
    connections: int = 1000
    drain_seconds: float = 1.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value: Any = getattr(self, each.name)
            whole = each.type is int
            kinds = (int,) if whole else (int, float)
            fits = type(value) in kinds and (1 if whole else 0) <= value < math.inf
            if not fits:
                what = "a whole number of 1 or more" if whole else "a number of seconds, 0 or more"
                raise InputError(f"{each.name}: given {value!r}, wanted {what}.")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        tokens: one of which a request must carry, `Authorization: Bearer TOKEN`; () asks for none.
        origins: web pages whose scripts may read answers (CORS), such as https://lab.example; "*"
            stands for every one; () for none.
    """

    tokens: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for token in self.tokens:
            if not token or not token.isascii() or not token.isprintable() or " " in token:
                raise InputError(
                    "A token has printable ASCII characters without spaces; one that was given has "
                    "others, or none."
                )
        for origin in self.origins:
            if not origin.isascii() or not origin.isprintable() or " " in origin or not origin:
                raise InputError(
                    f"origin: given {origin!r:.80}, wanted such as https://lab.example, or *."
                )
