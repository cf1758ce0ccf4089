"""HTTP as uvicorn and httptools read it, with bounds on what comes before a request is one."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zoo.serve.settings import Limits

_TOO_MANY = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: 46\r\nconnection: close\r\n\r\n"
    b'{"error":"The headers are too long, or slow."}'
)


def bounded(limits: Limits) -> type[HttpToolsProtocol]:
    """The protocol of one connection, of these limits."""

    class Bounded(HttpToolsProtocol):
        """Closes connections whose headers are long, or late, and those that go on sending a body
        that was answered already."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._header_bytes = 0
            self._unread = 0
            self._late: asyncio.TimerHandle | None = None
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._arrived()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            answered = self.cycle is not None and self.cycle.response_complete
            if answered and self.cycle.more_body:
                self._unread += len(data)
            super().data_received(data)
            if self._late is not None:
                self._header_bytes += len(data)
            too_much = self._unread > limits.body_bytes
            if (self._header_bytes > limits.header_bytes or too_much) and self.transport:
                self._refuse()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._unread = self._header_bytes = 0
            if self._late is None:
                self._wait()

        def on_headers_complete(self) -> None:
            self._arrived()
            super().on_headers_complete()

        def _wait(self) -> None:
            self._late = self.loop.call_later(limits.header_seconds, self._refuse)

        def _arrived(self) -> None:
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
