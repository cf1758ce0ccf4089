"""The short way of the commonest request: small tensors as bytes in, tensors as bytes out.

What ASGI does for every request (a scope, a task, events, messages) takes longer than a small
graph. A request whose body arrives with its headers, that asks by a text of JSON which was asked
before, and has nothing that wants more thought, is answered here between two events, by the same
functions. Everything else, and whatever is refused, goes the long way of `Application`.
"""

import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from zoo.serve import tensors
from zoo.serve.application import BINARY, JSON_LENGTH, Application
from zoo.serve.bodies import wanted_encoding
from zoo.serve.models import Model
from zoo.serve.record import Answered
from zoo.serve.work import AT_ONCE

LARGEST = 2**16
"""Bytes of a body that is answered here."""

_ACCEPTED = b"accept-encoding"
_PLAIN = frozenset(
    (
        b"host",
        b"content-length",
        b"content-type",
        b"user-agent",
        b"accept",
        b"connection",
        _ACCEPTED,
        JSON_LENGTH,
    )
)
"""Headers of which nothing but the JSON's length changes an answer, as they are taken here."""


Asked: TypeAlias = tuple[Model, int]
"""A model that is asked, and how many bytes of JSON a request's body begins with."""


class Quick:
    """Answers requests at once, or leaves them to the application.

    Args:
        application: whose models, limits, metrics and log these are.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._open = not application.access.tokens and not application.access.origins
        self._served: Mapping[str, Any] = {}
        self._models: dict[bytes, Model] = {}

    def asked(self, url: bytes, headers: list[tuple[bytes, bytes]]) -> Asked | None:
        """What a POST with these headers asks; None where it goes the long way."""
        application = self._application
        if application.shelf.models is not self._served:
            self._served = application.shelf.models
            self._models = {
                model.path.encode("ascii"): model for model in application.shelf.models.values()
            }
        model = self._models.get(url)
        if model is None or not self._open or application.draining:
            return None
        given = dict(headers)
        fits = len(given) == len(headers) and given.keys() <= _PLAIN and JSON_LENGTH in given
        if not fits or wanted_encoding(given.get(_ACCEPTED, b"").decode("latin-1")):
            return None
        length = given[JSON_LENGTH]
        return (model, int(length)) if length.isdigit() and len(length) < 6 else None

    def answer(
        self,
        asked: Asked,
        body: bytes,
        client: tuple[str, int] | None,
        shared: list[tuple[bytes, bytes]],
    ) -> bytes | None:
        """An answer with its head, to be written as it is; None where it goes the long way.

        Args:
            asked: of `asked`.
            body: of the request, whole.
            client: for the log.
            shared: headers of every answer.
        """
        began = time.perf_counter()
        application = self._application
        model, length = asked
        plan, limits = model.plans.get(body[:length]), application.limits
        if plan is None or plan.size != len(body) or plan.rows > limits.rows:
            return None
        if plan.rows * model.answer_bytes > limits.answer_bytes:
            return None
        given = plan.request(body)
        pace = model.paces[True]
        expected = pace.expected(given.rows)
        if not given.binary or expected is None or expected >= AT_ONCE:
            return None
        try:
            parts, length_of_json = tensors.write(model, given, model.call(**given.given))
        except Exception:  # by the long way it is told what is wrong, or logged
            return None
        if length_of_json is None:
            return None
        size = sum([tensors.size(each) for each in parts])
        head = b"".join([b"%s: %s\r\n" % each for each in shared])
        made = b"".join(
            [
                b"HTTP/1.1 200 OK\r\n%scontent-type: %s\r\ncontent-length: %d\r\n%s: %d\r\n\r\n"
                % (head, BINARY, size, JSON_LENGTH, length_of_json),
                *parts,
            ]
        )
        seconds = time.perf_counter() - began
        pace.took(seconds, given.rows)
        sizes = len(body), size
        answered = Answered(
            time.time(), client, "POST", model.path, 200, seconds, *sizes, model.name, given.rows
        )
        application.metrics.answered(answered)
        application.log.request(answered)
        return made
