"""HTTP as uvicorn and httptools read it, with bounds on what comes before a request is one."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zoo.serve.bodies import CROWDED, WHOLE
from zoo.serve.quick import LARGEST, Asked, Quick
from zoo.serve.settings import Limits

_PATIENCE = 0.05  # seconds that the short way waits for a body; clients send it after the headers

_TOO_MANY = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: 46\r\nconnection: close\r\n\r\n"
    b'{"error":"The headers are too long, or slow."}'
)


def bounded(limits: Limits, quick: Quick | None = None) -> type[HttpToolsProtocol]:
    """The protocol of one connection.

    Args:
        limits: of what a client sends.
        quick: answers what needs no application.
    """

    class Bounded(HttpToolsProtocol):
        """Closes connections whose headers are long, or late, those that go on sending a body that
        was answered already, and those that do not take their answers."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._header_bytes = 0
            self._unread = 0
            self._in_headers = True  # or before them
            self._asked: Asked | None = None  # of a request whose body is awaited, the short way
            self._patience: asyncio.TimerHandle | None = None  # for that body
            self._late: asyncio.TimerHandle | None = None
            self._between: asyncio.TimerHandle | None = None
            self._untaken: asyncio.TimerHandle | None = None
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._arrived()
            self._asked_no_more()
            for timer in (self._between, self._untaken):
                if timer is not None:
                    timer.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            answered = self.cycle is not None and self.cycle.response_complete
            if answered and self.cycle.more_body:
                self._unread += len(data)
            super().data_received(data)
            if self._asked is not None and self._patience is None:
                self._patience = self.loop.call_later(_PATIENCE, self._go_the_long_way)
            if self._in_headers:
                self._header_bytes += len(data)
                if self._late is None and not self.transport.is_closing():
                    self._wait()
            too_much = self._unread > limits.body_bytes
            if (self._header_bytes > limits.header_bytes or too_much) and self.transport:
                self._refuse()
            elif self.timeout_keep_alive_task is None and self._late is None and self._rests():
                self._require_more()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._between is not None:
                self._between.cancel()
                self._between = None
            self._unread = self._header_bytes = 0
            self._in_headers = True

        def on_headers_complete(self) -> None:
            self._arrived()
            if len(self.connections) > limits.connections:
                self.scope[CROWDED] = True  # type: ignore[literal-required]
            if quick is not None and self._is_alone() and self.parser.get_method() == b"POST":
                self._asked = quick.asked(self.url, self.headers)
                self._body = b""
            if self._asked is None:
                super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if self._asked is None:
                super().on_body(body)
                return
            self._body = self._body + body if self._body else body
            if len(self._body) > LARGEST:
                self._go_the_long_way()

        def on_message_complete(self) -> None:
            self.scope[WHOLE] = True  # type: ignore[literal-required]
            if self._asked is not None and quick is not None:
                shared = self.server_state.default_headers
                answer = quick.answer(self._asked, self._body, self.client, shared)
                if answer is not None:
                    self._asked_no_more()
                    self.transport.write(answer)
                    self.on_response_complete()
                    return
                self._go_the_long_way()
            super().on_message_complete()

        def _rests(self) -> bool:
            """Whether no request is under way."""
            answered = self.cycle is None or self.cycle.response_complete
            return answered and self._asked is None and not self.pipeline

        def _is_alone(self) -> bool:
            """Whether nothing is under way on a connection that stays, and there is room."""
            return (
                self._rests()
                and not self.flow.write_paused
                and not self.transport.is_closing()
                and len(self.connections) <= limits.connections
                and self.parser.get_http_version() == "1.1"
                and self.parser.should_keep_alive()
            )

        def _go_the_long_way(self) -> None:
            self._asked_no_more()
            if self.transport.is_closing():
                return
            super().on_headers_complete()
            if self._body:
                super().on_body(self._body)

        def _asked_no_more(self) -> None:
            self._asked = None
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.transport.is_closing():
                self._watch_answer()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._watch_answer()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch_answer()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._untaken is not None and not self.transport.is_closing():
                self._untaken.cancel()
                self._untaken = None

        def shutdown(self) -> None:
            """At the end: a connection that is new has its request on the way, maybe."""
            if self.cycle is None or self._asked is not None:
                self.loop.call_later(limits.drain_seconds, super().shutdown)
            else:
                super().shutdown()

        def _watch_answer(self) -> None:
            """Lets go a client that takes nothing of what is written to it."""
            left = self.transport.get_write_buffer_size()
            if left and self._untaken is None:
                self._untaken = self.loop.call_later(limits.read_seconds, self._look, left)

        def _look(self, left: int) -> None:
            self._untaken = None
            if self.transport.get_write_buffer_size() >= left:
                self.transport.abort()
            else:
                self._watch_answer()

        def _require_more(self) -> None:
            """What came after an answer and begins no request does not keep the connection."""
            if self._between is None:
                self._between = self.loop.call_later(limits.header_seconds, self.transport.close)

        def _wait(self) -> None:
            self._late = self.loop.call_later(limits.header_seconds, self._refuse)

        def _arrived(self) -> None:
            self._in_headers = False
            self._header_bytes = 0
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _refuse(self) -> None:
            if not self.transport.is_closing():
                if self.cycle is None or self.cycle.response_complete:
                    self.transport.write(_TOO_MANY)
                self.transport.close()

    return Bounded
